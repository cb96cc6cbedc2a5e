"""Directions of the world's airports, and mixtures that were fitted to them and stored.

python -m svae_course.chapter_09.airports       fits them anew, in minutes, into notebooks/results/09_airports.json
"""

import json
from functools import cache

import airportsdata
import numpy as np
import torch
from torch import Tensor
from torch.distributions import Categorical

from svae_course.stored_files import NOTEBOOKS, read_stored
from svae_lib.distributions import VonMisesFisher, VonMisesFisherMixture
from svae_lib.files import atomic_write
from svae_lib.plotting.projections import lonlat_to_point, point_to_lonlat

STORED = "results/09_airports.json"
COUNTS = (*range(1, 11), 12, 16, 24)
KINDS = {"free": False, "tied": True}  # is the concentration tied?
FIELDS = {"count", "kind", "share", "longitude", "latitude", "concentration", "bic", "held_out"}


@cache
def directions() -> np.ndarray:
    """Unit vectors of all airports, in the order of their codes.

    Returns:
        (n, 3), float64, in R^3 with the north pole as its third axis.

    Example:
        >>> points = directions()
        >>> len(points) > 28_000, bool(np.allclose(np.linalg.norm(points, axis=1), 1))
        (True, True)
    """
    found = [airport for _, airport in sorted(airportsdata.load("ICAO").items())]
    degrees = np.array([(airport["lon"], airport["lat"]) for airport in found])
    return lonlat_to_point(*np.radians(degrees.T))


def split(points: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves of the rows.

    Args:
        points: (n, m).
        seed: of the order.

    Returns:
        One to fit and one to hold out.
    """
    order = np.random.default_rng(seed).permutation(len(points))
    return points[order[::2]], points[order[1::2]]


def stored_fits() -> dict[tuple[str, int], dict]:
    """Stored mixtures of all airports, by ("free" or "tied", number of clusters).

    Returns:
        For each: share, longitude, latitude and concentration of its clusters, largest share first; its BIC; and the
        mean log density of one half under a mixture that was fitted to the other, in nats.

    Raises:
        InputError: the file is missing or damaged.

    Example:
        >>> stored_fits()["free", 2]["concentration"][0] < 2  # half of all airports: the world but North America
        True
    """
    rows = read_stored(STORED, lambda rows: isinstance(rows, list) and rows and all(set(row) >= FIELDS for row in rows))
    return {(row["kind"], row["count"]): row for row in rows}


def mixture(fit: dict) -> VonMisesFisherMixture:
    """The mixture of a stored fit.

    Args:
        fit: one of `stored_fits`.

    Returns:
        Of the unit sphere S^2, float64.
    """
    degrees = np.radians([fit["longitude"], fit["latitude"]])
    concentration = torch.tensor(fit["concentration"], dtype=torch.float64)
    vmf = VonMisesFisher(torch.from_numpy(lonlat_to_point(*degrees)), concentration)
    return VonMisesFisherMixture(Categorical(torch.tensor(fit["share"], dtype=torch.float64)), vmf)


def half_mass_angle(concentration: Tensor) -> Tensor:
    """Angle from the mean direction within which half of a vMF distribution on S^2 lies, radians.

    1 - w = -log((1 + exp(-2 k)) / 2) / k at the median of w, the cosine of the angle.

    Args:
        concentration: k > 0, (...).

    Returns:
        (...).

    Example:
        >>> round(float(half_mass_angle(torch.tensor(1e-9)).rad2deg()))
        90
    """
    versine = -torch.log1p(0.5 * torch.expm1(-2 * concentration)) / concentration
    return 2 * torch.asin((0.5 * versine).sqrt())


def fit_all() -> list[dict]:
    """Mixtures of COUNTS clusters of both kinds, as `stored_fits` returns them."""
    points, rows = directions(), []
    fitted, held_out = split(points)
    for kind, tied in KINDS.items():
        for count in COUNTS:
            found = VonMisesFisherMixture.fit(points, count, tied=tied, n_init=8 if count <= 10 else 3)
            half = VonMisesFisherMixture.fit(fitted, count, tied=tied, n_init=5)
            order = found.mixture_distribution.probs.argsort(descending=True)
            vmf = found.component_distribution
            longitude, latitude = np.degrees(point_to_lonlat(vmf.loc[order]))
            rows.append(
                {
                    "count": count,
                    "kind": kind,
                    "share": [round(p, 5) for p in found.mixture_distribution.probs[order].tolist()],
                    "longitude": [round(float(at), 3) for at in longitude],
                    "latitude": [round(float(at), 3) for at in latitude],
                    "concentration": [float(f"{k:.4g}") for k in vmf.concentration[order].tolist()],
                    "bic": round(found.bic(points), 1),
                    "held_out": round(half.score(held_out), 4),
                }
            )
    return rows


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(row) for row in fit_all())
    atomic_write(NOTEBOOKS / STORED, f"[\n{lines}\n]\n".encode())
