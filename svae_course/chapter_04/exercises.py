"""Checks of the exercises of chapter 04, product-space latents."""

import torch
from torch.distributions import kl_divergence

from svae_course.checking import Wrong, against_truth, close, exercise, judge
from svae_course.checking import progress as progress
from svae_course.vmf import kl_to_uniform
from svae_lib.distributions import HypersphericalUniform, VonMisesFisher
from svae_lib.latent_spaces import parse_latent_space

PARTITIONS = ((10,), (5, 5), (4, 3, 3), (2, 2, 2, 2, 2), (1, 1))
COUNTS = "coordinates", "dimensions", "concentrations", "encoder outputs"


@exercise
def ex4_1(attempt):
    """Check of the KL of a product, from its factors, each of batch shape (B,).

    Args:
        attempt: kl(posteriors: list, priors: list) -> (B,).
    """
    generator = torch.Generator().manual_seed(41)
    posteriors, priors = [], []
    for m in (3, 5, 2):
        concentration = 1 + 40 * torch.rand(8, generator=generator, dtype=torch.float64)
        posteriors.append(VonMisesFisher(torch.eye(m, dtype=torch.float64)[0].expand(8, m), concentration))
        priors.append(HypersphericalUniform(m))
    parts = torch.stack([kl_divergence(q, p) for q, p in zip(posteriors, priors, strict=True)])
    truth = parts.sum(0)
    value = _one_per_image(attempt, posteriors, priors, truth.sum())
    reverse = sum(kl_divergence(p, q) for q, p in zip(posteriors, priors, strict=True))
    mistakes = {
        "this is KL(prior || posterior), the other way around: the posterior comes first": reverse,
        "a mean over the factors makes every KL smaller; nats of independent factors add up": parts.mean(0),
        "densities multiply, but their logarithms, and so the KLs, add up": parts.prod(0),
        "this is the first factor alone": parts[0],
        "this is the last factor alone": parts[-1],
        "this is the factor of largest KL alone": parts.amax(0),
        "the ELBO subtracts the KL, but the KL itself is not negative": -truth,
    }
    picture = against_truth(torch.arange(8), value, truth, "The KL of eight images", "image", "KL (nats)")
    return judge(value, truth, mistakes), picture


def _one_per_image(attempt, posteriors, priors, total: torch.Tensor) -> torch.Tensor:
    """The reader's (8,); a hint of its own for images added up too."""
    try:
        return attempt(posteriors, priors, shape=(8,))
    except Wrong as shape:
        try:
            added_up = close(attempt(posteriors, priors, shape=()), total)
        except Wrong:
            raise shape from None
        hint = Wrong("you added up the images too: keep one number per image, shape (8,)")
        raise (hint if added_up else shape) from None


@exercise
def ex4_2(attempt):
    """Check of the coordinates, dimensions, concentrations and encoder outputs of a partition.

    Args:
        attempt: count(dims: list) -> (4,).
    """
    value = torch.stack([attempt(list(dims), shape=(4,)) for dims in PARTITIONS]).double()
    spaces = [parse_latent_space(",".join(f"s{d}" for d in dims)) for dims in PARTITIONS]
    counts = [(space.event_size, space.parameter_size) for space in spaces]
    rows = [(m, sum(dims), len(dims), given) for (m, given), dims in zip(counts, PARTITIONS, strict=True)]
    truth = torch.tensor(rows, dtype=torch.float64)
    dimensions, factors = truth[:, 1], truth[:, 2]
    wrong = {
        (0, "S^d has d + 1 coordinates, and every factor has one more than its dimensions"): dimensions,
        (0, "every factor adds a coordinate to its dimensions, not the product as a whole"): dimensions + 1,
        (1, "a direction on S^d has d degrees of freedom: its d + 1 coordinates have length one"): truth[:, 0],
        (2, "one concentration per factor, not one for all"): torch.ones_like(factors),
        (2, "one concentration per factor: the vMF is round on its own sphere"): dimensions,
        (3, "a factor needs d + 1 numbers for its direction, and one more for its concentration"): truth[:, 0],
        (3, "every factor needs a number for its concentration, not the product as a whole"): truth[:, 0] + 1,
        (3, "the encoder gives all d + 1 coordinates of a direction, and divides by their length"): truth[:, 1] + 1,
    }
    picture = against_truth(torch.arange(4), value[3], truth[3], "2+2+2+2+2", "0 to 3: the four counts", "count")
    for column, name in enumerate(COUNTS):
        if not close(value[:, column], truth[:, column]):
            hints = {hint: mistake for (where, hint), mistake in wrong.items() if where == column}
            return judge(value[:, column], truth[:, column], hints).replace("not yet: ", f"not yet: {name}: "), picture
    return "correct", picture


@exercise
def ex4_3(attempt):
    """Check of the code a with its factor k, counted from 0, from b.

    Args:
        attempt: swap(a: (m,), b: (m,), k: int, sizes: list) -> (m,).
    """
    sizes = [5, 4, 4, 3]  # coordinates per factor
    ends = torch.tensor(sizes).cumsum(0).tolist()
    places = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
    a, b = torch.arange(1.0, 17.0), -torch.arange(1.0, 17.0)
    values = []
    for k in range(4):
        first, second = a.clone(), b.clone()
        values.append(attempt(first, second, k, list(sizes), shape=(16,)).clone())
        if not (torch.equal(first, a) and torch.equal(second, b)):
            raise Wrong("you changed a code that you were given: change a copy of it, a.clone()")

    def exchanged(chosen, a=a, b=b) -> torch.Tensor:
        codes = a.repeat(4, 1)
        for code, place in zip(codes, chosen, strict=True):
            code[place] = b[place]
        return codes

    value, truth = torch.stack(values), exchanged(places)
    mistakes = {
        "this is b with the factor of a; it should be a with the factor of b": exchanged(places, b, a),
        "this exchanges one coordinate; a factor of S^d has d + 1 of them": exchanged([[k] for k in range(4)]),
        "this is the factor before: k counts from 0": exchanged([*places[-1:], *places[:-1]]),
        "this is the factor after: k counts from 0": exchanged([*places[1:], *places[:1]]),
        "the factors differ in size: factor k begins where those before it end": exchanged(
            [slice(k * size, (k + 1) * size) for k, size in enumerate(sizes)]
        ),
        "nothing is exchanged": a.repeat(4, 1),
        "everything is exchanged": b.repeat(4, 1),
    }
    title = "Factor 1 of 4+3+3+2, exchanged"
    picture = against_truth(torch.arange(16), value[1], truth[1], title, "coordinate", "value (a: above 0, b: below)")
    return judge(value, truth, mistakes), picture


@exercise
def ex4_4(attempt):
    """Check of three readings of the partition panel: kappa of the others on 5xs2, kappa on s10, the reason.

    Args:
        attempt: reading() -> (3,).
    """
    others, sphere, reason = attempt(shape=(3,)).double().tolist()
    first = kl_to_uniform(3, 100.0)
    price = f"the first factor pays {first:.1f} of the ten nats, so each of the others may pay {(10 - first) / 4:.1f}"
    hints = {
        17: "here the four others pay ten nats alone; with the first factor at 100 they need not",
        10: "here all five have the same kappa; set the first factor to 100",
        5: f"at 5 the line says {first + 4 * kl_to_uniform(3, 5.0):.1f} nats; go one step further",
    }
    if others != 6:
        return f"not yet: kappa of the others: {hints.get(round(others), price)}", None
    if sphere not in (64, 65):
        cost = kl_to_uniform(11, max(sphere, 0.0))
        return (
            f"not yet: kappa of s10: at {sphere:g} its KL is {cost:.1f} nats; is the choice above the sliders s10?",
            None,
        )
    reasons = {
        1: "both cost ten nats: neither is cheaper",
        3: "S^10 has 11 coordinates, the product 15; but a vMF is round on any sphere, whatever their number",
        4: "a larger kappa makes a vMF narrower; it is round at every kappa",
    }
    if reason != 2:
        return f"not yet: {reasons.get(int(reason), 'the third number is that of a sentence, from 1 to 4')}", None
    dimensions, spreads = torch.arange(1, 11), []
    for kappas, d in (([100.0, *[others] * 4], 2), ([sphere], 10)):
        each = [VonMisesFisher(torch.eye(d + 1, dtype=torch.float64)[0], kappa) for kappa in kappas]
        spreads.append(torch.cat([((d + 1) * vmf.variance[1:]).sqrt() for vmf in each]))
    title = "Ten nats: crosses 5xs2, circles s10"
    return "correct", against_truth(dimensions, *spreads, title, "dimension", "spread relative to the prior")


@exercise
def ex4_5(attempt):
    """Check of the concentrations that make the expected error smallest under a budget of nats.

    Args:
        attempt: allocate(costs: (K,), nats: float, kl: function of (K,)) -> (K,).
    """

    def kl(kappa: torch.Tensor) -> torch.Tensor:
        return torch.as_tensor(kl_to_uniform(3, kappa), dtype=torch.float64)

    def scaled(shape: torch.Tensor, nats: float) -> torch.Tensor:
        """Multiple of these concentrations that costs so many nats."""
        low, high = torch.tensor([-20.0, 20.0], dtype=torch.float64)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (low, middle) if kl(middle.exp() * shape).sum() > nats else (middle, high)
        return low.exp() * shape

    cases = [([1, 2, 4, 8, 16], 10.0), ([3, 3, 3], 4.0), ([0.5, 60, 5], 6.0)]
    cases = [(torch.tensor(costs, dtype=torch.float64), nats) for costs, nats in cases]
    given = [attempt(costs.clone(), nats, kl, shape=costs.shape).double() for costs, nats in cases]
    ways = {
        "the same kappa for all spends as much where an error costs little": lambda c, n: scaled(torch.ones_like(c), n),
        "this ignores the budget: it is what the ELBO would choose": lambda c, n: c,
        "upside down: be most certain where an error costs most": lambda c, n: scaled(1 / c, n),
        "kappa grows with the cost itself, not with its root": lambda c, n: scaled(c.sqrt(), n),
        "here the nats are proportional to the costs; it is kappa that should be": lambda c, n: torch.cat(
            [scaled(torch.ones(1).double(), float(share)) for share in n * c / c.sum()]
        ),
    }
    mistakes = {hint: torch.cat([way(*case) for case in cases]) for hint, way in ways.items()}
    value, truth = torch.cat(given), torch.cat([scaled(*case) for case in cases])
    if value.isfinite().all() and not any(close(value, wrong) for wrong in mistakes.values()):
        for kappa, (_, nats) in zip(given, cases, strict=True):
            if not close(spent := kl(kappa.clamp_min(0)).sum(), torch.tensor(nats)):
                return f"not yet: your KLs add up to {spent:.3f} nats where the budget is {nats:g}", None
    title = "Ten nats for five factors"
    picture = against_truth(cases[0][0], given[0], truth[:5], title, "cost of an error $c_k$", "concentration κ")
    return judge(value, truth, mistakes), picture
