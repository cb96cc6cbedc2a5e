"""Checks of the exercises of chapter 00, why a latent space would be round."""

import math

import torch

from svae_course.chapter_00.panel import shell
from svae_course.checking import Wrong, against_truth, exercise, judge
from svae_course.checking import progress as progress
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

    small = [attempt(m, shape=()).double() for m in sizes[:20]]
    out_of_range = (
        "for m = 600 the area is too small for a number of 64 bits (and Gamma(300) too large); add up logarithms"
    )
    try:
        value = torch.stack([*small, attempt(600, shape=()).double()])
    except (ArithmeticError, ValueError):  # math.log(0.0), math.gamma(300)
        raise Wrong(out_of_range) from None
    truth = table(log_surface_area)
    mistakes = {
        "this is the area; return its logarithm": truth.exp(),
        "m counts the coordinates: this is the sphere in R^(m+1)": table(lambda m: log_surface_area(m + 1)),
        "the step to m starts from m - 2, so it divides by m - 2": table(divided_by_m),
        "this is the volume of the ball; the area is m times as large": truth - table(math.log),
        "this is the logarithm to base 10; nats need the natural one": truth / math.log(10),
    }
    if value[:20].isfinite().all() and not value[20].isfinite():
        raise Wrong(out_of_range)
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
    whole = "the integral over all angles from 0 to pi is one, whatever angles are asked for"
    areas = torch.tensor([log_surface_area(m - 1) for m in sizes], dtype=torch.float64).exp()

    def over_these(total: torch.Tensor) -> torch.Tensor:
        return sine(2) / total.repeat_interleave(len(theta))

    ring = "the points at an angle theta form a sphere in R^(m-1), whose area goes with sin(theta)^(m-2)"
    cosine = "sin^(m-3) belongs to the density of w = cos(theta); that of theta has one factor sin(theta) more"
    mistakes = {
        "the shape is right, but the integral from 0 to pi is not 1": sine(2),
        "this is the area of the smaller sphere; divide by the area of the whole one":
            sine(2) * areas.repeat_interleave(len(theta)),
        whole: over_these(torch.stack([part.sum() for part in sine(2).split(len(theta))])),
        f"{whole}; the trapezoidal rule over these is near, but divide by an exact area":
            over_these(torch.stack([torch.trapezoid(part, theta) for part in sine(2).split(len(theta))])),
        "this is the normal density that it becomes for large m":
            torch.cat([(m / (2 * math.pi)) ** 0.5 * torch.exp(-m / 2 * (theta - math.pi / 2) ** 2) for m in sizes]),
        "the ratio is upside down: divide by the area of the whole sphere": sine(2) ** 2 / truth,
        "this is per degree; theta is in radians": truth * math.pi / 180,
        ring: scaled(1),
        f"{ring}; and the integral must be 1": sine(1),
        cosine: scaled(3),
        f"{cosine}; and the integral must be 1": sine(3),
    }  # fmt: skip
    first = slice(len(theta))  # where right and wrong look most different
    title, per = f"The angle between two random points, m = {sizes[0]}", "density (per radian)"
    picture = against_truth(torch.rad2deg(theta), value[first], truth[first], title, "angle (degrees)", per)
    return judge(value, truth, mistakes), picture


@exercise
def ex0_3(attempt):
    """Check of a number read off the panel: the first m at which the mean of |z| is above 10.

    Args:
        attempt: reading() -> ().
    """
    sizes = torch.arange(90, 112)
    means = torch.tensor([shell(m).lengths.mean() for m in sizes.tolist()])
    answer, truth = attempt(shape=()).double(), int(sizes[means > 10][0])
    picture = against_truth(sizes, torch.full(sizes.shape, 10.0), means, "Where the mean passes 10", "m", "mean of |z|")
    if answer == truth:
        return "correct", picture
    if answer == 100:
        raise Wrong("the mean of |z| is a little below sqrt(m): the status line says 9.96 at m = 100")
    if answer == int(answer) and 2 <= answer <= 200:
        at, before = (shell(int(m)).lengths.mean() for m in (answer, max(answer - 1, 2)))
        raise Wrong(f"the means of |z| at m = {int(answer) - 1} and {int(answer)} are {before:.2f} and {at:.2f}")
    raise Wrong("return the m at which the slider stands, a whole number from 2 to 200")


@exercise
def ex0_4(attempt):
    """Check of how often a closed path of codes goes around the origin.

    Args:
        attempt: winding(codes: (n, 2)) -> ().
    """
    turns = torch.tensor([1, -1, 0, 2, 1, -3, 0, 1], dtype=torch.float64)
    starts = torch.tensor([0.0, 1.0, 2.0, 3.0, 3.1, 0.5, -3.0, -2.0], dtype=torch.float64)
    t = 2 * torch.pi * torch.arange(200, dtype=torch.float64) / 200
    wobble = 0.6 * torch.sin(5 * t)  # turns back on its way
    angles = [turn * t + wobble + start for turn, start in zip(turns, starts, strict=True)]
    paths = [(1 + 0.3 * torch.cos(3 * t))[:, None] * torch.stack([a.cos(), a.sin()], -1) for a in angles]
    value = torch.stack([attempt(path, shape=()).double() for path in paths])
    open_ended = torch.stack([a[-1] - a[0] for a in angles]) / (2 * torch.pi)
    mistakes = {
        "clockwise turns count -1: torch.atan2 takes y first, then x": -turns,
        "clockwise turns count -1, not 1": turns.abs(),
        "the angle jumps by 2 pi somewhere: bring each change back to between -pi and pi": torch.zeros(8),
        "the path is closed: the step from the last code to the first counts too": open_ended,
        "this is an angle in radians; divide by 2 pi": 2 * torch.pi * turns,
        "this is an angle in degrees; divide by 360": 360 * turns,
        "a way back has to be subtracted: add signed steps, not their sizes": torch.stack(
            [
                (torch.cat([a, a[:1] + 2 * torch.pi * turn]).diff()).abs().sum()
                for a, turn in zip(angles, turns, strict=True)
            ]
        )
        / (2 * torch.pi),
    }
    picture = against_truth(torch.arange(8), value, turns, "Eight closed paths", "path", "turns around the origin")
    return judge(value, turns, mistakes), picture
