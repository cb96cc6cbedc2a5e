"""Variational auto-encoders with any latent space."""

from svae_lib.models.vae import ELBO, VAE, ProductSpaceVAE, build_vae

__all__ = ["ELBO", "VAE", "ProductSpaceVAE", "build_vae"]
