"""Maps between the sphere S^2 and the page: longitude and latitude, Hammer's map, the globe seen from far away.

Angles are in radians. East is to the right and north is up, as a globe is seen from outside: nothing is mirrored.
"""

import numpy as np


def lonlat_to_point(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Point of the unit sphere: (cos lat cos lon, cos lat sin lon, sin lat).

    Args:
        longitude: (...), radians.
        latitude: (...), radians.

    Returns:
        (..., 3).

    Example:
        >>> lonlat_to_point(0.0, 0.0)
        array([1., 0., 0.])
    """
    longitude, latitude = np.broadcast_arrays(longitude, latitude)
    return np.stack([np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1)


def point_to_lonlat(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of points.

    Args:
        points: (..., 3), of any length.

    Returns:
        Longitude in [-pi, pi] and latitude in [-pi/2, pi/2], each (...).
    """
    x, y, z = np.moveaxis(np.asarray(points), -1, 0)
    return np.arctan2(y, x), np.arctan2(z, np.hypot(x, y))


def hammer(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hammer's equal-area map, twice as wide as high.

    x = 2 sqrt 2 cos(lat) sin(lon/2) / s,  y = sqrt 2 sin(lat) / s,  s = sqrt(1 + cos(lat) cos(lon/2)).

    Args:
        longitude: (...), radians.
        latitude: (...), radians.

    Returns:
        x in [-2 sqrt 2, 2 sqrt 2] and y in [-sqrt 2, sqrt 2], each (...).

    References:
        J. P. Snyder, Map Projections: A Working Manual, U.S. Geological Survey 1395 (1987).
    """
    scale = np.sqrt(2) / np.sqrt(1 + np.cos(latitude) * np.cos(longitude / 2))
    return 2 * scale * np.cos(latitude) * np.sin(longitude / 2), scale * np.sin(latitude)


def hammer_inverse(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Place on the sphere of a point of Hammer's map.

    Args:
        x: (...).
        y: (...).

    Returns:
        Longitude and latitude, each (...); NaN outside of the map's ellipse.
    """
    inside = x**2 / 8 + y**2 / 2 <= 1
    z = np.sqrt(np.where(inside, 1 - x**2 / 16 - y**2 / 4, np.nan))
    return 2 * np.arctan2(z * x, 2 * (2 * z**2 - 1)), np.arcsin(np.clip(z * y, -1, 1))


def facing(longitude: np.ndarray, latitude: np.ndarray) -> np.ndarray:
    """Rotation whose rows are east, north and outwards at the place that faces the reader.

    Args:
        longitude: (...), radians.
        latitude: (...), radians.

    Returns:
        (..., 3, 3).
    """
    longitude, latitude = np.broadcast_arrays(longitude, latitude)
    east = np.stack([-np.sin(longitude), np.cos(longitude), np.zeros(longitude.shape)], -1)
    outwards = lonlat_to_point(longitude, latitude)
    return np.stack([east, np.cross(outwards, east), outwards], -2)


def orthographic_inverse(x: np.ndarray, y: np.ndarray, longitude: float, latitude: float) -> np.ndarray:
    """Points that stand at (x, y) on a unit globe seen from far away.

    Args:
        x: (...), to the right.
        y: (...), upwards.
        longitude: of the place that faces the reader, radians.
        latitude: of that place, radians.

    Returns:
        (..., 3); NaN off the globe's disc.
    """
    x, y = np.broadcast_arrays(x, y)
    depth = np.sqrt(np.where(x**2 + y**2 <= 1, 1 - x**2 - y**2, np.nan))
    return np.stack([x, y, depth], -1) @ facing(longitude, latitude)
