"""Checks of the exercises of chapter 01: an inverse CDF, an acceptance rate, a sampler to repair."""

import torch
from torch import Tensor

from svae_course.checking import Wrong, against_truth, close, exercise, judge
from svae_course.checking import progress as progress
from svae_lib.distributions import VonMisesFisher


@exercise
def ex1_1(attempt):
    """Check of the w on S^2 below which lies a fraction v of the vMF distribution.

    Args:
        attempt: inverse_cdf(v: (n,), kappa) -> (n,).
    """
    v, kappas = torch.linspace(0.05, 0.95, 10).repeat(3), torch.tensor([1.0, 10.0, 200.0]).repeat_interleave(10)
    rows = [attempt(v, k[0].item(), shape=(10,)) for v, k in zip(v.view(3, 10), kappas.view(3, 10), strict=True)]
    value = torch.cat(rows)
    logarithm = torch.log(v + (1 - v) * torch.exp(-2 * kappas))
    truth = 1 + logarithm / kappas
    mistakes = {
        "it falls as v grows. It samples the right distribution, but a CDF grows, and so does its inverse":
            1 + torch.log(1 - v + v * torch.exp(-2 * kappas)) / kappas,
        "this is the angle; w is its cosine": truth.arccos(),
        "on the sphere w begins at -1, not at minus infinity": 1 + v.log() / kappas,
        "this is the inverse CDF of the uniform distribution: kappa is missing": 2 * v - 1,
        "divide the logarithm by kappa": 1 + logarithm,
        "w begins at -1, not at 0": torch.log1p(v * torch.expm1(kappas)) / kappas,
        "this is the distribution function itself, at w = v; return its inverse":
            torch.exp(kappas * (v - 1)) * torch.expm1(-kappas * (v + 1)) / torch.expm1(-2 * kappas),
    }  # fmt: skip
    title = "The inverse CDF of w on S²: κ = 1 below, 10 between, 200 on top"
    picture = against_truth(v, value, truth, title, "fraction v of the samples", "w (cosine)")
    if value[:20].isfinite().all() and not value.isfinite().all():  # judge what did not overflow
        if close(value[:20], truth[:20]):
            raise Wrong("exp(200) overflows in float32: take exp(kappa) out of the logarithm on paper")
        return judge(value[:20], truth[:20], {hint: wrong[:20] for hint, wrong in mistakes.items()}), picture
    return judge(value, truth, mistakes), picture


@exercise
def ex1_2(attempt):
    """Check of the acceptance rate of uniform proposals on S^2, each accepted with exp(kappa (w - 1)).

    Args:
        attempt: acceptance_rate(kappa: (k,)) -> (k,).
    """
    kappa = torch.tensor([0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0])
    value, truth = attempt(kappa, shape=(9,)), -torch.expm1(-2 * kappa) / (2 * kappa)
    if close(value[:6], (torch.sinh(kappa) / kappa)[:6]):
        raise Wrong("a rate above 1? Accept with exp(kappa w) over its largest value, exp(kappa)")
    if value[:6].isfinite().all() and not value.isfinite().all():
        raise Wrong("exp(200) overflows in float32: divide by exp(kappa) on paper, and exp(-2 kappa) is left")
    mistakes = {
        "w of a uniform point of S^2 has the density 1/2 on [-1, 1]: you forgot the 1/2": 2 * truth,
        "this is the probability at the mean, w = 0; the mean of exp is not exp of the mean": (-kappa).exp(),
        "that holds for large kappa: the other end of the integral, w = -1, counts too": 1 / (2 * kappa),
        "this is the fraction that is rejected": 1 - truth,
        "this is the number of proposals per accepted one": 1 / truth,
        "the integral over w begins at -1, not at 0": -torch.expm1(-kappa) / kappa,
    }
    if not close(value, truth) and torch.allclose(value.double(), truth.double(), rtol=0.05, atol=0.003):
        raise Wrong("near, but not to four digits: integrate on paper instead of sampling")
    title, xlabel = "Uniform proposals on S²: the fraction accepted", "log10 of the concentration κ"
    return judge(value, truth, mistakes), against_truth(kappa.log10(), value, truth, title, xlabel, "fraction accepted")


@exercise
def ex1_3(attempt):
    """Check of a repaired sampler of w, exact for every kappa in float32.

    Args:
        attempt: repaired_w(kappa: (), m, n) -> (n,).
    """
    m, n, kappas = 41, 4000, torch.arange(2.0, 41.0, 3.0)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(13)
        samples = torch.stack([attempt(kappa, m, n, shape=(n,)) for kappa in kappas])
        large = torch.tensor(1e5)
        try:
            far = attempt(large, m, n, shape=(n,))
        except Wrong:  # with b = 0 nothing is accepted
            far = torch.full((n,), torch.nan)
    truth, means = moments(kappas, m)[0], samples.mean(-1)
    picture = against_truth(kappas, means, truth, f"The mean of w at m = {m}", "concentration κ", "E[w] (cosine)")
    if agrees(samples, kappas, m) and not agrees(far[None], large[None], m):
        raise Wrong(
            "right up to kappa = 38, but not at kappa = 1e5: in float32 root - 2 kappa has no digits left there. "
            "Multiply it by root + 2 kappa, and divide by that too"
        )
    if agrees(samples, kappas, m):
        try:
            attempt(torch.tensor(1e10), m, n, shape=(n,))
        except Wrong:  # b is 0 in float64 too
            raise Wrong(
                "right up to kappa = 1e5, but at 1e10 nothing is accepted: in float64 too root - 2 kappa loses its "
                "digits, only later. Multiply it by root + 2 kappa, and divide by that too (if you took `propose` "
                "instead: there it is 1 - c**2 that loses them)"
            ) from None
        return "correct", picture
    if agrees(samples[kappas <= 10], kappas[kappas <= 10], m):
        at = int((kappas == 11).nonzero())
        said = f"E[w] is {means[at]:.2f} instead of {truth[at]:.2f}"
        return f"not yet: right up to kappa = 10, but at kappa = 11 {said}. Which line knows the number 10?", picture
    return "not yet: compare your means with the truth in the picture", picture


@exercise
def ex1_4(attempt):
    """Check of a number read off the panel: the first m at which E[w] is below 0.5, at kappa = 10.

    Args:
        attempt: reading() -> ().
    """
    sizes = torch.arange(2, 31)
    means = torch.stack([moments(torch.tensor(10.0), m)[0] for m in sizes.tolist()])
    answer, truth = attempt(shape=()).double(), int(sizes[means < 0.5][0])
    title = "The mean of w at κ = 10, and one half"
    picture = against_truth(sizes, torch.full(sizes.shape, 0.5), means, title, "ambient dimension m", "E[w] (cosine)")
    if answer == truth:
        return "correct", picture
    if answer == int(answer) and 2 <= answer <= 200:
        at, before = (moments(torch.tensor(10.0), max(int(m), 2))[0] for m in (answer, answer - 1))
        raise Wrong(f"at m = {int(answer)} the mean of w is {at:.3f}, and one step before {before:.3f}")
    raise Wrong("return the m at which the slider stands, a whole number from 2 to 200")


def moments(kappa: Tensor, m: int) -> tuple[Tensor, Tensor]:
    """Mean and variance of w."""
    vmf = VonMisesFisher(torch.eye(m, dtype=torch.float64)[0], kappa.double())
    return vmf.mean[..., 0], vmf.variance[..., 0]


def agrees(samples: Tensor, kappa: Tensor, m: int) -> bool:
    """Mean and variance of w as theory has them, within five standard errors of this many samples (k, n)."""
    mean, variance = moments(kappa, m)
    n = samples.shape[-1]
    near = (samples.double().mean(-1) - mean).abs() < 5 * (variance / n).sqrt()
    as_wide = (samples.double().var(-1) / variance - 1).abs() < 5 * (3 / n) ** 0.5
    return bool((near & as_wide).all())
