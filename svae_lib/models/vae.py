"""The variational auto-encoder: a network each way, a latent space between them, and a likelihood at the end."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.distributions import Distribution

from svae_lib.errors import InputError, is_integer
from svae_lib.latent_spaces import Euclidean, LatentSpace, ProductSpace, Sphere, parse_latent_space
from svae_lib.models.image_shape import check_image_shape
from svae_lib.models.likelihoods import Likelihood, build_likelihood
from svae_lib.models.networks import NETWORKS
from svae_lib.threads import suitable_threads

# Decoder outputs that log_likelihood holds at once; a few tensors of this size are alive, in float32 4 bytes each.
MAX_CHUNK = 2**24
MAX_CHUNK_CPU = 2**20  # more leave the cache, and take half as long again
MIN_ROWS_CPU = 64  # fewer spend their time on reading the weights: 256 levels of 28 x 28 take four times as long


class ELBO(NamedTuple):
    """The evidence lower bound and its parts, each (B,), in nats per image: total = reconstruction - kl.

    Attributes:
        total: The bound on log p(x).
        reconstruction: log p(x | z) of one sample z from q(z | x).
        kl: KL(q(z | x) || p(z)).
    """

    total: Tensor
    reconstruction: Tensor
    kl: Tensor


class VAE(nn.Module):
    r"""A variational auto-encoder: q(z | x) by an encoder, p(x | z) by a decoder, p(z) by the latent space.

        \log p(x) >= E_q \log p(x | z) - KL(q(z | x) || p(z))

    `build_vae` puts the usual parts together. Samples come from torch's global generator. In every method, x are images
    (B, *image_shape) in [0, 1], as the likelihood observes them; gray ones may be (B, 1, H, W).

    Args:
        encoder: Maps x to features (B, encoder.feature_size); the model adds the linear map `head` from there to the
            latent space's parameters.
        decoder: Maps points (..., event_size) to pixel parameters (..., *image_shape), or, where the likelihood has
            more than one per pixel, (..., *image_shape, parameter_count); has an image_shape, (H, W) or (C, H, W).
        latent_space: Gives q(z | x) and p(z).
        likelihood: Gives p(x | z); see svae_lib.models.likelihoods.

    References:
        Kingma and Welling, arXiv 1312.6114; Davidson et al., arXiv 1804.00891.

    Example:
        >>> model = build_vae((28, 28), "s2")
        >>> x = torch.rand(5, 28, 28).round()
        >>> model.elbo(x).total.shape, model.log_likelihood(x, 10).shape, model.sample(3).shape, model.embed(x).shape
        (torch.Size([5]), torch.Size([5]), torch.Size([3, 28, 28]), torch.Size([5, 3]))
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_space: LatentSpace, likelihood: Likelihood):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        self.latent_space, self.likelihood = latent_space, likelihood
        self.head = nn.Linear(encoder.feature_size, latent_space.parameter_size)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W), or (C, H, W) for color."""
        return self.decoder.image_shape

    def encode(self, x: Tensor) -> Distribution:
        """The posterior q(z | x): batch_shape (B,), event_shape (event_size,)."""
        return self.latent_space.posterior(self._encoder_outputs(x))

    def decode(self, z: Tensor) -> Tensor:
        """Pixel parameters (..., *image_shape[, parameter_count]) of points (..., event_size): logits, means."""
        return self.decoder(z)

    def elbo(self, x: Tensor, noise: object = None) -> ELBO:
        """The bound on log p(x) with one sample per image, as in the papers, and the exact KL; also model(x).

        Training weighs the KL by its Schedule.

        Args:
            x: Observed images, (B, *image_shape).
            noise: One step of `latent_space.noise` for as many images, which the sample is made of; None draws it.
        """
        z, kl = self.latent_space.sample_and_kl(self._encoder_outputs(x), noise)
        reconstruction = self.likelihood.log_prob(self.decode(z), x)
        return ELBO(reconstruction - kl, reconstruction, kl)

    def forward(self, x: Tensor, noise: object = None) -> ELBO:
        return self.elbo(x, noise)

    def _encoder_outputs(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x)).to(self.head.weight.dtype)  # mixed precision ends here

    @torch.no_grad()
    def log_likelihood(self, x: Tensor, num_samples: int) -> Tensor:
        r"""The importance-weighted bound on \log p(x), which rises to it with the number of samples K.

            \log 1/K \sum_k p(x | z_k) p(z_k) / q(z_k | x),  z_k from q

        Images and samples go through the decoder in chunks of at most MAX_CHUNK (on a CPU MAX_CHUNK_CPU, or as many as
        MIN_ROWS_CPU samples have, which are at most MAX_CHUNK) pixel parameters, or one sample of one image.

        Args:
            x: Images (B, *image_shape).
            num_samples: K.

        Returns:
            (B,), in nats.

        Raises:
            InputError: For less than one sample.

        References:
            Burda, Grosse and Salakhutdinov, arXiv 1509.00519.
        """
        if num_samples < 1:
            raise InputError(f"{num_samples} importance samples: take at least 1")
        elements = math.prod(self.image_shape) * self.likelihood.parameter_count
        rows = max(1, MAX_CHUNK // elements)
        if x.device.type == "cpu":
            rows = max(1, min(rows, MIN_ROWS_CPU), MAX_CHUNK_CPU // elements)
        pieces = x.split(max(1, rows // num_samples))
        with suitable_threads(self, rows):
            return torch.cat([self._log_likelihood(images, num_samples, rows) for images in pieces])

    def _log_likelihood(self, x: Tensor, num_samples: int, rows: int) -> Tensor:
        """The same for few images: all their samples are one chunk, or one image's are several of `rows`."""
        posterior, prior = self.encode(x), self.latent_space.prior()
        log_weights = []
        for start in range(0, num_samples, rows):
            z = posterior.rsample((min(rows, num_samples - start),))  # of a NaN posterior too, which sample() refuses
            log_ratio = prior.log_prob(z) - posterior.log_prob(z)
            log_weights.append(self.likelihood.log_prob(self.decode(z), x) + log_ratio)
        return torch.cat(log_weights).logsumexp(0) - math.log(num_samples)

    @torch.no_grad()
    def sample(self, num_images: int) -> Tensor:
        """Mean images (num_images, *image_shape) of points from the prior."""
        return self.likelihood.mean(self.decode(self.latent_space.prior().sample((num_images,))))

    @torch.no_grad()
    def embed(self, x: Tensor) -> Tensor:
        """The mode of the posterior (B, event_size): on a sphere the mean direction, times the radius."""
        return self.encode(x).mode

    @torch.no_grad()
    def reconstruct(self, x: Tensor) -> Tensor:
        """Mean images (B, *image_shape) of the posterior's modes."""
        return self.likelihood.mean(self.decode(self.encode(x).mode))  # torch.export refuses a nested no_grad


class ProductSpaceVAE(VAE):
    """A VAE whose latent space is a product with one factor for each of `z_dims`, in the order given.

    Args:
        z_dims: The manifold dimension of each factor.
        distribution: "vmf", "power_spherical" or "spherical_cauchy" for spheres, "normal" for Euclidean factors.
        image_shape: (H, W), or (C, H, W) for color.
        **options: As build_vae's.

    Raises:
        InputError: For an unknown distribution, and as build_vae.

    References:
        Davidson, Tomczak and Gavves, arXiv 1910.02912.

    Example:
        >>> str(ProductSpaceVAE([4, 4, 2]).latent_space)
        '2xs4,s2'
    """

    def __init__(
        self, z_dims: Sequence[int], distribution: str = "vmf", *, image_shape: Sequence[int] = (28, 28), **options
    ):
        if distribution not in (families := (*Sphere._FAMILIES, "normal")):
            raise InputError(f"distribution {distribution!r}: choose from {', '.join(families)}")
        space = ProductSpace(Euclidean(d) if distribution == "normal" else Sphere(d, distribution) for d in z_dims)
        model = build_vae(image_shape, space, **options)
        super().__init__(model.encoder, model.decoder, space, model.likelihood)


def build_vae(
    image_shape: Sequence[int],
    space: LatentSpace | str,
    hidden: Sequence[int] = (256, 128),
    network: str | tuple[str, str] = "mlp",
    likelihood: str = "bernoulli",
    sigma: float | None = None,
) -> VAE:
    """Build a VAE from names: a latent space ("s2", "10xs4"), a network ("mlp", "cnn") and a likelihood.

    Args:
        image_shape: (H, W), or (C, H, W) for color, of any size.
        space: The latent space, or its name.
        hidden: Sizes of the dense layers from the image inwards (after the convolutions, for "cnn").
        network: For both, or the encoder's and the decoder's: ("cnn", "mlp").
        likelihood: "bernoulli", for gray alone; "gaussian" or "categorical" (256 levels), for color too.
        sigma: The Gaussian's standard deviation, fixed; learned where it is None.

    Returns:
        The model, with untrained weights from torch's global generator.

    Raises:
        InputError: For an unknown name, with the choices, and for a size that is not possible.

    Example:
        >>> build_vae((28, 20), "s2,e2", network="cnn", likelihood="categorical").decode(torch.randn(5, 5)).shape
        torch.Size([5, 28, 20, 256])
        >>> build_vae((3, 32, 32), "s2", likelihood="gaussian").sample(4).shape
        torch.Size([4, 3, 32, 32])
    """
    networks = (network, network) if isinstance(network, str) else network
    for name in networks:
        if name not in NETWORKS:
            raise InputError(f"network {name!r}: choose from {', '.join(NETWORKS)}")
    image_shape = check_image_shape(image_shape)
    if not all(is_integer(size, at_least=1) for size in hidden):
        raise InputError(f"hidden {tuple(hidden)}: they must be integers >= 1")
    space = parse_latent_space(space) if isinstance(space, str) else space
    pixels = build_likelihood(likelihood, sigma, image_shape)
    encoder, decoder = NETWORKS[networks[0]][0], NETWORKS[networks[1]][1]
    return VAE(
        encoder(image_shape, hidden),
        decoder(space.event_size, image_shape, pixels.parameter_count, hidden),
        space,
        pixels,
    )
