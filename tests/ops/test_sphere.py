"""Laws of the sphere's geometry."""

import math

import pytest
import torch

from svae_lib.ops import (
    exp_map,
    fibonacci_sphere,
    geodesic_distance,
    log_map,
    log_surface_area,
    slerp,
    unit_vector,
)
from tests.distributions.registry import direction


@pytest.mark.parametrize(("ambient_dim", "area"), [(2, 2 * math.pi), (3, 4 * math.pi), (4, 2 * math.pi**2)])
def test_surface_area_is_the_known_one_and_grows_with_the_radius(ambient_dim, area):
    assert math.exp(log_surface_area(ambient_dim)) == pytest.approx(area)
    radius = torch.tensor([0.5, 2.0], dtype=torch.float64)
    torch.testing.assert_close(log_surface_area(ambient_dim, radius).exp(), area * radius ** (ambient_dim - 1))


def test_a_unit_vector_has_two_derivatives_and_zero_has_no_direction():
    x = 3 * direction(5, 4).requires_grad_()
    assert torch.autograd.gradcheck(unit_vector, x)
    assert torch.autograd.gradgradcheck(unit_vector, x)
    torch.testing.assert_close(unit_vector(x).norm(dim=-1), torch.ones(5, dtype=torch.float64))
    assert unit_vector(torch.zeros(3)).isnan().all()


def test_exp_undoes_log_and_walks_as_far_as_the_angle():
    a, b = direction(50, 5), direction(50, 5, seed=1)
    tangent = log_map(a, b)
    torch.testing.assert_close(exp_map(a, tangent), b)
    torch.testing.assert_close(tangent.norm(dim=-1), geodesic_distance(a, b))
    torch.testing.assert_close((tangent * a).sum(-1), torch.zeros(50, dtype=torch.float64), rtol=0, atol=1e-14)


def test_geodesic_distance_keeps_digits_for_near_and_antipodal_points():
    a = torch.tensor([1.0, 0.0], dtype=torch.float64)
    b = torch.tensor([math.cos(1e-9), math.sin(1e-9)], dtype=torch.float64)
    assert geodesic_distance(a, b).item() == pytest.approx(1e-9, rel=1e-12)
    assert geodesic_distance(a, -a).item() == pytest.approx(math.pi)


def test_slerp_starts_and_ends_at_its_points_and_moves_at_one_speed():
    a, b = direction(6, 4), direction(6, 4, seed=1)
    path = slerp(a, b, torch.linspace(0, 1, 11, dtype=torch.float64))
    assert path.shape == (11, 6, 4)
    torch.testing.assert_close(path[0], a, rtol=0, atol=1e-15)
    torch.testing.assert_close(path[-1], b)
    steps = geodesic_distance(path[1:], path[:-1])
    torch.testing.assert_close(steps, steps[:1].expand_as(steps))
    torch.testing.assert_close(slerp(a, a, 0.3), a)


def test_slerp_refuses_antipodal_points():
    a = direction(3)
    with pytest.raises(ValueError, match="antipodal"):
        slerp(a, -a, 0.5)


def test_fibonacci_points_are_spread_evenly():
    """The distance to the nearest neighbor stays between 0.7 and 1.1 of a hexagonal grid's of the same density."""
    points = fibonacci_sphere(1000).double()
    torch.testing.assert_close(points.mean(0), torch.zeros(3, dtype=torch.float64), rtol=0, atol=2e-3)
    distance = torch.cdist(points, points).fill_diagonal_(9.0).min(1).values
    ideal = math.sqrt(4 * math.pi / 1000 * 2 / math.sqrt(3))
    assert 0.7 * ideal < distance.min() and distance.max() < 1.1 * ideal
