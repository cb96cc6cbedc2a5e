"""Checks of the exercises of chapter 00, why a latent space would be round."""

import math

import torch

from svae_course.checking import against_truth, exercise, judge
from svae_lib.ops.sphere import log_surface_area


@exercise
def ex0_1(attempt):
    """Check of the logarithm of the area of the unit sphere in R^m, by the recurrence.

    Args:
        attempt: log_area(m: int) -> ().
    """
    sizes = [*range(1, 21), 600]

    def table(area) -> torch.Tensor:
        return torch.tensor([area(m) for m in sizes], dtype=torch.float64)

    def divided_by_m(m: int) -> float:
        start = math.log(2 if m % 2 else 2 * math.pi)
        return start + sum(math.log(2 * math.pi / k) for k in range(m, 2, -2))

    value = torch.stack([attempt(m, shape=()).double() for m in sizes])
    truth = table(log_surface_area)
    mistakes = {
        "this is the area; return its logarithm": truth.exp(),
        "m counts the coordinates: this is the sphere in R^(m+1)": table(lambda m: log_surface_area(m + 1)),
        "the step to m starts from m - 2, so it divides by m - 2": table(divided_by_m),
        "this is the volume of the ball; the area is m times as large": truth - table(math.log),
        "this is the logarithm to base 10; nats need the natural one": truth / math.log(10),
    }
    if value[:20].isfinite().all() and not value[20].isfinite():
        return "not yet: for m = 600 the area is too small for a number of 64 bits; add up logarithms", None
    picture = against_truth(
        torch.arange(1, 21), value[:20], truth[:20], "The unit sphere in $R^m$", "m", "logarithm of the area, $S_m$"
    )
    return judge(value, truth, mistakes), picture


@exercise
def ex0_2(attempt):
    """Check of the density of the angle between two random points of the unit sphere in R^m.

    Args:
        attempt: density(theta: (n,), m: int) -> (n,).
    """
    theta = torch.linspace(0, math.pi, 61, dtype=torch.float64)[1:-1]
    sizes = (3, 10, 20)

    def sine(less: int) -> torch.Tensor:
        return torch.cat([theta.sin() ** (m - less) for m in sizes])

    def scaled(less: int) -> torch.Tensor:
        """sine(less) with an integral of one: that of sin^p over (0, pi) is S_{p+2} / S_{p+1}."""
        logs = [log_surface_area(m - less + 1) - log_surface_area(m - less + 2) for m in sizes]
        return sine(less) * torch.tensor(logs, dtype=torch.float64).exp().repeat_interleave(len(theta))

    value = torch.cat([attempt(theta, m, shape=theta.shape).double() for m in sizes])
    truth = scaled(2)
    ring = "the points at an angle theta form a sphere in R^(m-1), whose area goes with sin(theta)^(m-2)"
    cosine = "sin^(m-3) belongs to the density of w = cos(theta); that of theta has one factor sin(theta) more"
    mistakes = {
        "the shape is right, but the integral from 0 to pi is not 1": sine(2),
        "the ratio is upside down: divide by the area of the whole sphere": sine(2) ** 2 / truth,
        "this is per degree; theta is in radians": truth * math.pi / 180,
        ring: scaled(1),
        f"{ring}; and the integral must be 1": sine(1),
        cosine: scaled(3),
        f"{cosine}; and the integral must be 1": sine(3),
    }
    last = slice(-len(theta), None)
    title, per = f"The angle between two random points, m = {sizes[-1]}", "density (per radian)"
    picture = against_truth(torch.rad2deg(theta), value[last], truth[last], title, "angle (degrees)", per)
    return judge(value, truth, mistakes), picture
