"""Pure functions of tensors: Bessel functions and the geometry of the sphere."""

from svae_lib.ops.bessel import bessel_ratio, ive, log_ive
from svae_lib.ops.rotation import place_at_angle, rotate_pole_to
from svae_lib.ops.sphere import (
    exp_map,
    fibonacci_sphere,
    geodesic_distance,
    log_map,
    log_surface_area,
    slerp,
    unit_vector,
)

__all__ = [
    "bessel_ratio",
    "exp_map",
    "fibonacci_sphere",
    "geodesic_distance",
    "ive",
    "log_ive",
    "log_map",
    "log_surface_area",
    "place_at_angle",
    "rotate_pole_to",
    "slerp",
    "unit_vector",
]
