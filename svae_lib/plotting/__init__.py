"""Pictures: pure functions that return a matplotlib Figure, drawn in one style, without pyplot's global state.

Every function that takes a model asks of it what svae_lib.VAE offers, and no more.
"""

from svae_lib.plotting.compass import compass_codes, prior_rows
from svae_lib.plotting.curves import rate_distortion, training_curves
from svae_lib.plotting.globe import digit_globe, digit_places, globe_triptych
from svae_lib.plotting.images import image_grid, reconstructions
from svae_lib.plotting.kl import concentration_floor, kl_collapse, kl_curves, polar_densities, surface_areas
from svae_lib.plotting.latent import embedding_scatter, latent
from svae_lib.plotting.shell import angle_histograms, becoming_a_shell, tug_of_war
from svae_lib.plotting.underflow import kl_triptych, where_naive_dies
from svae_lib.plotting.walks import dials, great_circle, swap_factors

__all__ = [
    "angle_histograms",
    "becoming_a_shell",
    "compass_codes",
    "concentration_floor",
    "dials",
    "digit_globe",
    "digit_places",
    "embedding_scatter",
    "globe_triptych",
    "great_circle",
    "image_grid",
    "kl_collapse",
    "kl_curves",
    "kl_triptych",
    "latent",
    "polar_densities",
    "prior_rows",
    "rate_distortion",
    "reconstructions",
    "surface_areas",
    "swap_factors",
    "training_curves",
    "tug_of_war",
    "where_naive_dies",
]
