"""Pictures of trained models and of runs: pure functions that return a matplotlib Figure, drawn in one style.

They use no global state of pyplot. A function that takes a model uses only what svae_lib.VAE offers.
"""

from svae_lib.plotting.globe import digit_globe, digit_places
from svae_lib.plotting.great_circle import two_ways, typical_codes
from svae_lib.plotting.images import image_grid, reconstructions, swap_factors
from svae_lib.plotting.kappa import concentrations, factor_concentrations, kappa_by_digit, kappa_by_factor
from svae_lib.plotting.latent import latent_scatter
from svae_lib.plotting.runs import diagnosis, seed_scores, training_curves
from svae_lib.plotting.torus import torus_of_digits

__all__ = [
    "concentrations",
    "diagnosis",
    "digit_globe",
    "digit_places",
    "factor_concentrations",
    "image_grid",
    "kappa_by_digit",
    "kappa_by_factor",
    "latent_scatter",
    "reconstructions",
    "seed_scores",
    "swap_factors",
    "torus_of_digits",
    "training_curves",
    "two_ways",
    "typical_codes",
]
