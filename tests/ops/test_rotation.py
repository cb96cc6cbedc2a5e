"""Laws of the rotation that places a sample."""

import pytest
import torch

from svae_lib.ops import place_at_angle, rotate_pole_to
from tests.distributions.registry import direction


@pytest.mark.parametrize("ambient_dim", [2, 3, 41])
def test_rotation_takes_the_pole_to_loc_and_keeps_every_length_and_angle(ambient_dim):
    pole = torch.eye(ambient_dim, dtype=torch.float64)[0]
    near_equator = torch.nn.functional.normalize(
        torch.cat((torch.tensor([1e-9]), torch.ones(ambient_dim - 1))).double(), dim=0
    )
    loc = torch.cat((direction(20, ambient_dim), torch.stack((pole, -pole, near_equator))))
    x = direction(7, len(loc), ambient_dim, seed=1)
    moved = rotate_pole_to(loc, x)
    torch.testing.assert_close(rotate_pole_to(loc, pole.expand_as(loc)), loc, rtol=0, atol=1e-15)
    torch.testing.assert_close(moved.norm(dim=-1), torch.ones(7, len(loc), dtype=torch.float64), rtol=0, atol=2e-15)
    torch.testing.assert_close((moved * loc).sum(-1), x[..., 0], rtol=0, atol=2e-15)
    torch.testing.assert_close((moved[0] * moved[1]).sum(-1), (x[0] * x[1]).sum(-1), rtol=0, atol=2e-15)


def test_rotation_has_two_derivatives():
    loc, x = direction(3, 4).requires_grad_(), direction(2, 3, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(rotate_pole_to, (loc, x))
    assert torch.autograd.gradgradcheck(rotate_pole_to, (loc, x))


@pytest.mark.parametrize("ambient_dim", [2, 3, 41])
def test_a_point_at_an_angle_is_the_rotated_one_with_its_two_derivatives(ambient_dim):
    pole = torch.eye(ambient_dim, dtype=torch.float64)[0]
    loc = torch.cat((direction(5, ambient_dim), torch.stack((pole, -pole)))).requires_grad_()
    angle = torch.linspace(0.1, 3.1, 7, dtype=torch.float64).requires_grad_()
    radius = torch.linspace(0.5, 4.0, 7, dtype=torch.float64).requires_grad_()
    noise = torch.randn(7, ambient_dim, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    def place(loc, angle, radius):
        return place_at_angle(loc, 1 - angle.cos(), angle.sin(), radius, noise.clone())

    tangent = noise[:, 1:] / noise[:, 1:].norm(dim=-1, keepdim=True)
    x = torch.cat((angle.cos()[:, None], angle.sin()[:, None] * tangent), -1)
    expected = radius[:, None] * rotate_pole_to(loc, x)
    torch.testing.assert_close(place(loc, angle, radius), expected, rtol=0, atol=1e-14)
    assert torch.autograd.gradcheck(place, (loc, angle, radius))
    assert torch.autograd.gradgradcheck(place, (loc, angle, radius))
