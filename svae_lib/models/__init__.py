"""Variational auto-encoders with any latent space."""

from svae_lib.models.likelihoods import Bernoulli, Categorical256, Gaussian, Likelihood
from svae_lib.models.vae import ELBO, VAE, ProductSpaceVAE, build_vae

__all__ = ["ELBO", "VAE", "Bernoulli", "Categorical256", "Gaussian", "Likelihood", "ProductSpaceVAE", "build_vae"]
