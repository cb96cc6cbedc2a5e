"""Checks of the exercises of chapter 02, KL across dimensions."""

import torch

from svae_course.checking import against_truth, exercise, judge
from svae_lib.ops.bessel import vmf_quantities
from svae_lib.ops.sphere import log_surface_area
from svae_lib.plotting.style import OUTLINE


def _quantities(m: int, kappa) -> tuple:
    return vmf_quantities(m / 2 - 1, torch.as_tensor(kappa, dtype=torch.float64))


@exercise
def ex2_1(attempt):
    """Check of the derivative of the KL with respect to kappa, from A = A_m(kappa).

    Args:
        attempt: slope(m, kappa: (K,), A: (K,)) -> (K,).
    """
    kappa = torch.linspace(1, 60, 20, dtype=torch.float64)
    values, wrong = [], {}
    for m in (3, 41):
        _, ratio, _, ratio_derivative = _quantities(m, kappa)
        slope = kappa * ratio_derivative
        values.append((attempt(m, kappa, ratio, shape=(20,)), slope))
        for hint, mistake in {
            "this is A'; the slope of the KL has a factor more": ratio_derivative,
            "log C has a slope too: it is -A, and takes the A of the product rule away": ratio
            + kappa * ratio_derivative,
            "A' holds (m - 1) A / kappa, not m A / kappa": slope - ratio,
            "the last term of A' is missing": kappa * (1 - ratio**2),
            "this is A, the mean of w": ratio,
            "a higher concentration has a larger KL: the slope has the other sign": -slope,
        }.items():
            wrong.setdefault(hint, []).append(mistake)
    value, truth = (torch.stack([torch.as_tensor(pair[side]) for pair in values]) for side in (0, 1))
    title, label = "The slope of the KL for m = 41", "dKL / dκ (nats per unit of κ)"
    picture = against_truth(kappa, value[1], truth[1], title, "concentration κ", label)
    return judge(value, truth, {hint: torch.stack(mistakes) for hint, mistakes in wrong.items()}), picture


@exercise
def ex2_2(attempt):
    """Check of the kappa at which kl(kappa), which grows from 0, is nats.

    Args:
        attempt: concentration(kl, nats) -> ().
    """
    dims, nats = torch.tensor([2, 3, 5, 11, 21, 41, 71, 101]), 2.0
    values = [attempt(lambda kappa, m=m: _quantities(m, float(kappa))[0].item(), nats, shape=()) for m in dims.tolist()]
    value = torch.stack(values).double()
    truth = torch.stack([_concentration(m, nats) for m in dims.tolist()])
    mistakes = {
        "this is the KL; return the kappa that has it": torch.full_like(value, nats),
        "the same for every sphere: did the search run to an end of its interval? KL grows with kappa": value[:1],
    }
    verdict = judge(value, truth, mistakes)
    if verdict.endswith("in the picture") and torch.allclose(value, truth, rtol=0.2):
        verdict = "not yet: near, but not to four digits: take more steps, and take the KL itself, not a limit of it"
    labels = "The concentration for 2 nats", "ambient dimension m", "κ"
    return verdict, against_truth(dims, value, truth, *labels)


def _concentration(m: int, nats: float) -> torch.Tensor:
    """The inverse of the KL by Newton's steps on its logarithm, which is all but straight in log kappa."""
    kappa = torch.tensor(float(m), dtype=torch.float64)
    for _ in range(50):
        kl, _, _, ratio_derivative = _quantities(m, kappa)
        kappa = kappa * ((nats / kl).log() * kl / (kappa * kappa * ratio_derivative)).exp()
    return kappa


@exercise
def ex2_3(attempt):
    """Check of the KL on the sphere of radius r.

    Args:
        attempt: kl(m, kappa, A, log_C, log_area, r) -> (); log_C and log_area are for r = 1.
    """
    m, kappa = 5, 10.0
    unit, ratio, _, _ = _quantities(m, kappa)
    log_area = log_surface_area(m)
    log_c = (unit - kappa * ratio - log_area).item()
    radii = torch.tensor([0.25, 0.5, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    values = [attempt(m, kappa, ratio.item(), log_c, log_area, r, shape=()) for r in radii.tolist()]
    value, truth = torch.stack(values).double(), unit.expand(len(radii))
    mistakes = {
        "the vMF density is r^-(m-1) times what it was, and so is the uniform one": truth - (m - 1) * radii.log(),
        "the uniform density is r^-(m-1) times what it was, and so is the vMF density": truth + (m - 1) * radii.log(),
        "the vMF depends on the direction z / r, so the mean of w is A on every radius": truth
        + (radii - 1) * kappa * ratio,
        "log p is minus the logarithm of the area: subtracting it adds it": truth - 2 * log_area,
    }
    picture = against_truth(radii, value, truth, "κ = 10 on a sphere in R⁵", "radius r", "KL (nats)")
    picture.axes[0].axhline(0, color=OUTLINE, linewidth=1)  # else the axis would enlarge rounding errors
    return judge(value, truth, mistakes), picture
