"""Checks of the exercises of chapter 08, other distributions on the sphere."""

import math

import numpy as np
import torch

from svae_course.chapter_08.families import concentration_at_kl
from svae_course.checking import against_truth, exercise, judge
from svae_lib.distributions import PowerSpherical
from svae_lib.distributions.spherical_cauchy_expectations import kl_to_uniform

DRAWS = 20_000
SAMPLERS = ((2.0, 5), (5.0, 4), (30.0, 11), (8.0, 41))  # (kappa, m)
SPREAD = (2.0, 3)  # where (m - 3)/2 is not a parameter of a beta distribution
READ = ((3, 8.0), (101, 0.5))  # (m, nats)


@exercise
def ex8_1(attempt):
    """Check of a sampler of w from one beta variable, by the means of w for some concentrations.

    Args:
        attempt: draw(kappa, m, n) -> (n,).
    """
    torch.manual_seed(0)
    means, exact, errors = [], [], []
    for kappa, m in SAMPLERS:
        w = attempt(kappa, m, DRAWS, shape=(DRAWS,)).double()
        d = PowerSpherical(torch.eye(m, dtype=torch.float64)[0], kappa)
        means.append(w.mean())
        exact.append(d.mean[0])
        errors.append((d.variance[0] / DRAWS).sqrt())
    value, truth, error = (torch.stack(list_) for list_ in (means, exact, errors))
    kappas, dims = (torch.tensor(column, dtype=torch.float64) for column in zip(*SAMPLERS, strict=True))
    mistakes = {
        "a and b are exchanged: this points away from mu": -truth,
        "a beta variable lies in [0, 1], and w in [-1, 1]: stretch it": 0.5 * (1 + truth),
        "the exponents of a beta density are a - 1 and b - 1; you took them for a and b": kappas / (kappas + dims - 3),
        "this is the density of z: multiply it by the area, (1 - w^2)^((m-3)/2)": kappas / (kappas + 2),
        "b is (m - 1)/2, half the dimension of the sphere, not m/2": kappas / (kappas + dims),
        "the density is (1 + w)^kappa times (1 - w^2)^((m-3)/2), and so 1 + w has a share of both": (
            (kappas + 1 - 0.5 * (dims - 1)) / (kappas + 1 + 0.5 * (dims - 1))
        ),
    }
    picture = against_truth(dims, value, truth, "Means of w", "ambient dimension m", "mean of w")
    if not value.isfinite().all():
        return "not yet: some values are not a number, or infinite", picture
    if ((value - truth).abs() <= 5 * error).all():
        return _spread(attempt), picture
    for hint, wrong in mistakes.items():
        if ((value - wrong).abs() <= 5 * error).all():
            return f"not yet: {hint}", picture
    return "not yet: compare your means with the truth in the picture", picture


def _spread(attempt) -> str:
    """A verdict on the variance of w, where the means are right."""
    kappa, m = SPREAD
    ratio = attempt(kappa, m, DRAWS, shape=(DRAWS,)).double().var() / PowerSpherical(torch.eye(m)[0], kappa).variance[0]
    return (
        "correct" if abs(ratio - 1) < 0.06 else "not yet: the means are right, but not the spread: one draw per sample"
    )


@exercise
def ex8_2(attempt):
    """Check of the Moebius map of the ball on points of spheres.

    Args:
        attempt: move(u: (n, m), mu: (m,), rho) -> (n, m).
    """
    generator = torch.Generator().manual_seed(0)
    values, truths, wrong = [], [], {}
    for m, rho in ((2, 0.5), (3, 0.8), (6, 0.3)):
        u, mu = torch.randn(8, m, generator=generator).double(), torch.randn(m, generator=generator).double()
        u, mu = u / u.norm(dim=-1, keepdim=True), mu / mu.norm()
        given = u.clone(), mu.clone()
        value = attempt(*given, rho, shape=(8, m)).double()
        shifted, back = u + rho * mu, u - rho * mu
        square, backwards = (x.square().sum(-1, keepdim=True) for x in (shifted, back))
        truth = (1 - rho**2) * shifted / square + rho * mu
        values.append(value.flatten())
        truths.append(truth.flatten())
        for hint, mistake in {
            "this is the map back: it moves points away from mu": (1 - rho**2) * back / backwards - rho * mu,
            "divide by the square of the length; so the points leave the sphere": (1 - rho**2) * shifted / square.sqrt()
            + rho * mu,
            "the last term, rho mu, is missing": (1 - rho**2) * shifted / square,
            "the factor is 1 - rho^2, not (1 - rho)^2": (1 - rho) ** 2 * shifted / square + rho * mu,
            "this only pushes u along mu and scales it to length 1": shifted / square.sqrt(),
            "nothing has moved": u,
        }.items():
            wrong.setdefault(hint, []).append(mistake.flatten())
    value, truth = torch.cat(values), torch.cat(truths)
    verdict = judge(value, truth, {hint: torch.cat(mistakes) for hint, mistakes in wrong.items()})
    lengths = torch.cat([each.view(8, -1).norm(dim=-1) for each in values])
    if verdict.endswith("in the picture") and (lengths - 1).abs().max() > 1e-3:
        verdict = f"not yet: a point left the sphere: its length is {lengths[(lengths - 1).abs().argmax()]:.2f}"
    labels = "Coordinates of the moved points", "number of the coordinate", "coordinate"
    return verdict, against_truth(torch.arange(len(value)), value, truth, *labels)


@exercise
def ex8_3(attempt):
    """Check of two ratios read off the panel: Power Spherical's kappa over the von Mises-Fisher's, at equal KL.

    Args:
        attempt: ratio(m, nats) -> (), for each of READ.
    """
    value = torch.stack([attempt(m, nats, shape=()) for m, nats in READ]).double()
    kappas = [[concentration_at_kl(f, m, nats) for f in ("von Mises-Fisher", "Power Spherical")] for m, nats in READ]
    truth = torch.tensor([power / vmf for vmf, power in kappas], dtype=torch.float64)
    pairs = zip(READ, kappas, strict=True)
    cauchy = [concentration_at_kl("spherical Cauchy", m, nats) / vmf for (m, nats), (vmf, _) in pairs]
    picture = against_truth(torch.arange(2), value, truth, "κ over κ at equal KL", "setting", "ratio")
    picture.axes[0].set_xticks([0, 1], [f"m = {m}, {nats:g} nats" for m, nats in READ])
    if torch.allclose(value, truth, rtol=0.02):
        return "correct", picture
    for hint, wrong in {
        "the other way around: Power Spherical's over the von Mises-Fisher's": 1 / truth,
        "this is Power Spherical's concentration; divide it by the von Mises-Fisher's": torch.tensor(kappas)[:, 1],
        "these are the spherical Cauchy's": torch.tensor(cauchy),
        "the rule of thumb is not for every sphere: read the second one too": torch.tensor([2.0, 2.0]),
        "at equal KL the two κ are not equal everywhere: read the first one too": torch.tensor([1.0, 1.0]),
        "these are the right two, in each other's place": truth.flip(0),
        "this is the difference of the two: divide them": torch.tensor([power - vmf for vmf, power in kappas]),
    }.items():
        if torch.allclose(value, wrong.double(), rtol=0.02):
            return f"not yet: {hint}", picture
    return "not yet: compare your values with the truth in the picture", picture


@exercise
def ex8_4(attempt):
    """Check of the KL from a spherical Cauchy to the uniform distribution, over m and rho up to 0.999.

    Args:
        attempt: kl(m, rho) -> ().
    """
    settings = [(m, rho) for m in (3, 5, 11, 41, 401) for rho in (0.01, 0.5, 0.999)]
    value = torch.stack([attempt(m, rho, shape=()) for m, rho in settings]).double()
    truth = torch.stack([_cauchy_kl(m, rho) for m, rho in settings])
    dims, rhos = (np.array(column, dtype=float) for column in zip(*settings, strict=True))
    factor, log_term = torch.from_numpy(dims - 1), torch.from_numpy(np.log1p(-(rhos**2)))
    flat = torch.stack([_cauchy_kl(3, rho) / 2 for rho in rhos])
    mean_log = truth / factor + log_term
    unnormalized = torch.exp(0.5 * math.log(math.pi) + torch.lgamma(factor / 2) - torch.lgamma((factor + 1) / 2))
    lower = torch.stack([_cauchy_kl(m - 1, rho) / (m - 2) for m, rho in settings])
    verdict = judge(
        value,
        truth,
        {
            "this is one dimension's worth: m - 1 stands in front": truth / factor,
            "t is not uniform in [-1, 1] but for m = 3: weigh it by (1 - t^2)^((m-3)/2)": factor * flat,
            "the sign of log(1 - rho^2): it is negative, and the KL is not": factor * (log_term + mean_log),
            "the mean of log(1 + rho^2 + 2 rho t) is missing": -factor * log_term,
            "m - 1 stands in front, not m": truth / factor * (factor + 1),
            "divide by the integral of (1 - t^2)^((m-3)/2): a mean has weights with the sum 1": truth * unnormalized,
            "over a grid of angles the weight is sin(theta)^(m-2), for dt = -sin(theta) dtheta": factor * lower,
        },
    )
    near = torch.isclose(value, truth, rtol=0.05, atol=1e-6)
    if verdict.endswith("in the picture") and near.sum() >= 8:
        m, rho = settings[int((~torch.isclose(value, truth, rtol=1e-4, atol=1e-6)).nonzero()[0])]
        verdict = f"not yet: right for most, but not at m = {m}, rho = {rho}: is the grid too coarse?"
    picture = against_truth(torch.arange(len(value)), value, truth, "KL for 5 m and 3 ρ", "setting", "KL (nats)")
    picture.axes[0].set(yscale="log")
    return verdict, picture


def _cauchy_kl(m: int, rho: float) -> torch.Tensor:
    return kl_to_uniform(torch.tensor(2 * (m - 1) * rho / (1 - rho) ** 2, dtype=torch.float64), m)
