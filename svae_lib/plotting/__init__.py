"""Pictures: pure functions that return a matplotlib Figure, drawn in one style, without pyplot's global state.

Every function that takes a model asks of it what svae_lib.VAE offers, and no more.
"""

from svae_lib.plotting.comparison import by_dimension, ranges_overlap, seed_comparison
from svae_lib.plotting.compass import compass_codes, prior_rows
from svae_lib.plotting.curves import training_curves
from svae_lib.plotting.dialing import dials_triptych
from svae_lib.plotting.factors import bell_shapes, factor_concentrations, kappa_by_factor
from svae_lib.plotting.globe import digit_globe, digit_places, globe_triptych
from svae_lib.plotting.great_circle import great_circle_triptych, typical_codes
from svae_lib.plotting.images import image_grid, reconstructions
from svae_lib.plotting.kappa import concentrations, kappa_by_digit
from svae_lib.plotting.kl import concentration_floor, floor_cost, kl_collapse, kl_curves, polar_densities, surface_areas
from svae_lib.plotting.latent import embedding_scatter, latent
from svae_lib.plotting.partition_panel import partition_triptych
from svae_lib.plotting.partitions import ledger, partition, partition_scores, seed_ranges
from svae_lib.plotting.shell import angle_histograms, becoming_a_shell, tug_of_war
from svae_lib.plotting.torus import torus_of_digits
from svae_lib.plotting.underflow import kl_triptych, where_naive_dies
from svae_lib.plotting.walks import dials, great_circle, swap_factors, two_ways

__all__ = [
    "angle_histograms",
    "becoming_a_shell",
    "bell_shapes",
    "by_dimension",
    "compass_codes",
    "concentration_floor",
    "concentrations",
    "dials",
    "dials_triptych",
    "digit_globe",
    "digit_places",
    "embedding_scatter",
    "factor_concentrations",
    "globe_triptych",
    "floor_cost",
    "great_circle",
    "great_circle_triptych",
    "image_grid",
    "kappa_by_digit",
    "kappa_by_factor",
    "kl_collapse",
    "kl_curves",
    "kl_triptych",
    "latent",
    "ledger",
    "partition",
    "partition_scores",
    "partition_triptych",
    "polar_densities",
    "prior_rows",
    "ranges_overlap",
    "reconstructions",
    "seed_comparison",
    "seed_ranges",
    "surface_areas",
    "swap_factors",
    "torus_of_digits",
    "training_curves",
    "tug_of_war",
    "two_ways",
    "typical_codes",
    "where_naive_dies",
]
