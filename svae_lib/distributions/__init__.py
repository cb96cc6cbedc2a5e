"""Distributions on spheres and their products, each with the whole contract of torch.distributions."""

from torch.distributions import kl

from svae_lib.distributions.hyperspherical_uniform import HypersphericalUniform
from svae_lib.distributions.power_spherical import PowerSpherical
from svae_lib.distributions.product import ProductDistribution
from svae_lib.distributions.spherical_cauchy import SphericalCauchy
from svae_lib.distributions.von_mises_fisher import VonMisesFisher
from svae_lib.distributions.von_mises_fisher_mixture import VonMisesFisherMixture

__all__ = [
    "HypersphericalUniform",
    "PowerSpherical",
    "ProductDistribution",
    "SphericalCauchy",
    "VonMisesFisher",
    "VonMisesFisherMixture",
]

# The compiler reads torch's memo of pairs, but cannot follow the search that fills it at the first call
kl._KL_MEMOIZE.update(kl._KL_REGISTRY)
