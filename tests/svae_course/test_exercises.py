"""Every solution in the notebooks passes its check; typical wrong answers do not, and hear which mistake they made."""

import ast
import math
import re
from functools import reduce
from importlib import import_module
from itertools import combinations
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch.distributions import Beta, kl_divergence
from torch.nn.functional import normalize

from svae_course import checking, stored_runs
from svae_course.chapter_01.exercises import moments
from svae_course.chapter_02.figures import naive_kl
from svae_course.chapter_06 import seeds
from svae_course.chapter_07.estimators import fraction as arriving
from svae_course.chapter_10.decisions import student, welch
from svae_course.chapter_10.gallery import load_gallery
from svae_lib import HypersphericalUniform, SphericalCauchy, VonMisesFisher
from svae_lib.distributions.fitting import concentration_at_ratio
from svae_lib.ops import bessel_ratio, log_ive
from svae_lib.ops.sphere import log_surface_area

SCRIPTS = sorted((Path(__file__).parents[2] / "notebooks" / "scripts").glob("*.py"))
CHAPTERS = [import_module(f"svae_course.chapter_{script.stem.partition('_')[0]}.exercises") for script in SCRIPTS]
READINGS = {
    "ex0_3",
    "ex1_4",
    "ex2_4",
    "ex3_4",
    "ex4_4",
    "ex5_4",
    "ex9_3",
    "ex9_4",
    "ex10_1",
    "ex10_2",
    "ex7_3",
    "exA_2",
}  # a number read off a panel, and a case that the reader makes, depend on no input
CHECKS = {
    name: check for chapter in CHAPTERS for name, check in vars(chapter).items() if re.match(r"ex[0-9A-Z]+_", name)
}


def solutions() -> dict[str, tuple[str, str]]:
    """By check, the reader's function, and the chapter's imports with the solution, from the cell after the call."""
    found = {}
    for script in SCRIPTS:
        cells = jupytext.read(script).cells
        code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
        imports = [ast.unparse(line) for line in ast.parse(code).body if isinstance(line, ast.Import | ast.ImportFrom)]
        for cell, after in zip(cells, cells[1:], strict=False):
            for name, function in re.findall(r"check\.(ex[0-9A-Z]+_\d+)\((\w+)\)", cell.source):
                solution = re.search(r"<summary>Solution</summary>.*?```python\n(.*?)```", after.source, re.DOTALL)[1]
                found[name] = function, "\n".join([*imports, solution])
    return found


def test_every_check_has_its_solution_in_a_notebook():
    assert sorted(solutions()) == sorted(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_the_solution_passes(name, capsys):
    room, (function, solution) = {}, solutions()[name]
    exec(solution, room)
    picture = CHECKS[name](room[function])
    assert capsys.readouterr().out == f"Exercise {name[2:].replace('_', '.')}: correct\n"
    assert isinstance(picture, Figure)


@pytest.mark.parametrize("name", CHECKS)
def test_a_stub_is_not_attempted_yet(name, capsys):
    assert CHECKS[name](lambda *_: None) is None
    assert capsys.readouterr().out.endswith(": not attempted yet\n")


@pytest.mark.parametrize("name", CHECKS)
def test_what_raises_or_has_the_wrong_shape_or_kind_gets_a_line_and_the_notebook_goes_on(name, capsys):
    def raises(*_):
        raise ZeroDivisionError("oh")

    for answer, said in (
        (raises, "raised ZeroDivisionError: oh"),
        (lambda *_: torch.zeros(2, 7), "has shape (2, 7)"),
        (lambda *_: "four", "raised TypeError"),
        (lambda: 0, "not yet: " if name in READINGS else "raised TypeError"),
    ):
        CHECKS[name](answer)
        printed = capsys.readouterr().out
        assert "not yet: " in printed and said in printed
        assert printed.count("\n") == 1


def bisect(kl, nats, steps=60, high=1000.0):
    low = 0.0
    for _ in range(steps):
        middle = (low + high) / 2
        low, high = (middle, high) if kl(middle) < nats else (low, middle)
    return high


def sine_density(theta, power):
    """sin(theta)^power with an integral of one: a wrong power for exercise 0.2."""
    return math.exp(log_surface_area(power + 1) - log_surface_area(power + 2)) * theta.sin() ** power


def uniform_height(n, m=41):
    return 2 * Beta((m - 1) / 2, (m - 1) / 2).sample((n,)) - 1


def wood(b):
    """Exercise 1.3's sampler with a b of one's own, b(kappa, m, root)."""

    def draw(kappa, m, n):
        root = (4 * kappa**2 + (m - 1) ** 2) ** 0.5
        at, a = b(kappa, m, root), (m - 1 + 2 * kappa + root) / 4
        d = 4 * a * at / (1 + at) - (m - 1) * math.log(m - 1)
        y = (1 + uniform_height(2 * n)) / 2
        t = 2 * a * at / (1 - (1 - at) * y)
        w = (1 - (1 + at) * y) / (1 - (1 - at) * y)
        return w[torch.rand(2 * n).log() < (m - 1) * torch.log(t) - t + d][:n]

    return draw


def published_b(kappa, m, root):
    blend = min(max(kappa - 10, 0), 1)
    return (1 - blend) * (root - 2 * kappa) / (m - 1) + blend * (m - 1) / (4 * kappa)


def counts(dims, **mistakes):
    """The four counts of exercise 4.2, some of them wrong."""
    right = {"coordinates": sum(dims) + len(dims), "dimensions": sum(dims), "kappas": len(dims)}
    return torch.tensor(list((right | {"given": sum(dims) + 2 * len(dims)} | mistakes).values()))


def exchanged(a, b, k, sizes):
    """Exercise 4.3's answer, for any k."""
    start = sum(sizes[: k % 4])
    place = slice(start, start + sizes[k])
    return torch.cat([a[: place.start], b[place], a[place.stop :]])


def steps(codes):
    """From each angle of a closed path to the next, exercise 0.4's first step."""
    angle = torch.atan2(codes[:, 1], codes[:, 0])
    return angle.roll(-1) - angle


def wrapped(step):
    return torch.remainder(step + math.pi, 2 * math.pi) - math.pi


def turns_around(codes):
    return wrapped(steps(codes)).sum() / (2 * math.pi)


def logs_on_radius(of_q, of_p):
    """Exercise 2.3's two logarithms; r changes them by these multiples of (m - 1) log r."""

    def logs(m, kappa, A, log_C, log_area, r):
        stretch = (m - 1) * math.log(r)
        return torch.tensor([kappa * A + log_C + of_q * stretch, -log_area + of_p * stretch])

    return logs


def log_series(m, kappa):
    """log F of exercise 2.5."""
    order = m / 2 - 1
    return log_ive(order, kappa) + kappa - order * (kappa / 2).log() + math.lgamma(order + 1)


def kl_by_series(m, kappa, sign):
    """kappa A and `sign` times log F."""
    return kappa * bessel_ratio(m / 2 - 1, kappa) + sign * log_series(m, kappa)


def kl_of_terms(m, kappa, wrong, count=100):
    """Exercise 2.5's sum of so many terms, with kappa A times a wrong factor."""

    def series(v):
        k = torch.arange(1, count, dtype=torch.float64)[:, None]
        return 1 + (kappa**2 / 4 / (k * (v + k))).cumprod(0).sum(0)

    v = m / 2 - 1
    return wrong * kappa**2 / m * series(v + 1) / series(v) - series(v).log()


def great_circle(a, b, t, eps=0.0):
    """The formula of chapter 03, taken literally."""
    theta = torch.arccos((a @ b).clamp(-1, 1))
    return (torch.sin((1 - t) * theta) * a + torch.sin(t * theta) * b) / (torch.sin(theta) + eps)


def on_budget(shape, nats, kl):
    """The multiple of these concentrations that costs so many nats."""
    return bisect(lambda scale: kl(scale * shape).sum(), nats) * shape


def shares(costs, nats, kl):
    """Concentrations whose nats are proportional to the costs."""
    return torch.stack([on_budget(torch.ones(1).double(), share, kl)[0] for share in nats * costs / costs.sum()])


def deal(scores, others, extreme=lambda distances: (distances >= distances[0] - 1e-9).double().mean(), sign=torch.abs):
    """Exercise 6.1's answer, with a count or a distance of one's own."""
    pooled = torch.cat([scores, others])
    sums = torch.stack([torch.stack(few).sum() for few in combinations(pooled, len(scores))])
    return extreme(sign(sums - pooled.sum() / 2))


def simulated_power(n, difference, spread, size=torch.abs, margin=-1e-5):
    """Exercise 6.5's answer, with a distance or a margin of one's own."""
    chosen = torch.tensor(list(combinations(range(2 * n), n)))
    signs = -torch.ones(len(chosen), 2 * n).scatter(1, chosen, -torch.ones(chosen.shape))
    scores = spread * torch.randn(2000, 2 * n)
    scores[:, :n] += difference
    far = size(scores @ signs.T / n)
    return ((far >= far[:, :1] + margin).double().mean(1) < 0.05 + 1e-9).double().mean()


def welch_power(n, difference, spread):
    """Exercise 6.5's answer with Welch's test."""
    scores = (spread * torch.randn(2000, 2, n) + torch.tensor([[difference], [0.0]])).numpy()
    return (welch(scores[:, 0], scores[:, 1]) < 0.05).mean()


def sign_flips(differences):
    """Exercise 6.1's answer for seeds that are paired."""
    signs = torch.cartesian_prod(*[torch.tensor([1.0, -1.0]).double()] * len(differences))
    sums = (signs @ differences).abs()
    return (sums >= sums[0] - 1e-9).double().mean()


def adjusted(p, maximum=True, cut=True, back=True):
    """Exercise 6.2's answer without one of its steps."""
    order = p.argsort()
    steps = p[order] * torch.arange(len(p), 0, -1)
    steps = steps.cummax(0).values if maximum else steps
    steps = steps.clamp(max=1) if cut else steps
    return torch.empty_like(p).index_copy(0, order, steps) if back else steps


def passing(codes, value):
    """1 for each step of a closed path on a line that passes the value upward, -1 downward, else 0: exercise 5.2."""
    above = (codes > value).long()
    return above.roll(-1) - above


def near(points, k, first=1):
    """Indices of k points from the first-th nearest on; the nearest of all is the point itself: exercise 5.3."""
    return torch.cdist(points, points).argsort(1)[:, first : first + k]


def shared(one, other):
    """How many indices each row of two tables has in common."""
    return (one[:, :, None] == other[:, None, :]).any(2).double().sum(1)


def read_off(space, noise="quiet"):
    """Nats below the truth as chapter 05's panel says them, by part of the circle: exercise 5.4."""
    rows = stored_runs("results/05_shapes.json") + stored_runs("results/05_arcs.json")
    chosen = {row["dataset"]: row for row in rows if row["latent_space"] == space and row["seed"] == 0}
    found = [chosen[f"{part}_{noise}"] for part in ("arc50", "arc75", "circle")]
    return [round(row["true_log_likelihood"] - row["test_log_likelihood"], 1) for row in found]


def beta_height(a, b, n):
    """n draws of 2 t - 1 for a beta variable t."""
    return 2 * Beta(a, b).sample((n,)) - 1


def angle_integral(w, kappa, m, A, volume=True, nodes=2000):
    """Exercise 7.1's answer in the angle, d theta/d kappa times -1."""
    theta = torch.arccos(w)
    p = theta[:, None] * (torch.arange(nodes) + 0.5) / nodes
    f = lambda angle: torch.exp(kappa * angle.cos()) * angle.sin() ** (m - 2 if volume else 0)  # noqa: E731
    return theta * ((p.cos() - A) * f(p)).mean(-1) / f(theta)


def velocity(w, kappa, m, A, **options):
    """Exercise 7.1's answer, with options of angle_integral."""
    return (1 - w**2).sqrt() * angle_integral(w, kappa, m, A, **options)


def proposal_velocity(w, kappa, m, *_):
    return (1 - w**2) / math.hypot(2 * kappa, m - 1)


def vmf_cosine(kappa, m, n):
    """Samples of w and their mean, without a gradient."""
    vmf = VonMisesFisher(torch.eye(m, dtype=torch.float64)[0], kappa.detach())
    return vmf.sample((n,))[:, 0], vmf.mean[0]


def moved(speed):
    """Exercise 7.4's answer with a velocity of one's own, speed(w, kappa, m, A)."""

    def samples(kappa, m, n):
        w, A = vmf_cosine(kappa, m, n)
        return w + speed(w, kappa.item(), m, A.item()) * (kappa - kappa.detach())

    return samples


def rescaled(w, kappa, m, A):
    """A velocity whose mean is right for E[w] alone: the proposal's, over the fraction that arrives."""
    return proposal_velocity(w, kappa, m) / arriving(kappa, m)


def unit(x):
    return x / x.norm(dim=-1, keepdim=True)


def moebius(u, mu, rho):
    shifted = u + rho * mu
    return (1 - rho**2) * shifted / shifted.square().sum(-1, keepdim=True) + rho * mu


def fraction(order, x, steps=200, sign=1, first=1, two=2):
    """Exercise A.1's answer, with a mistake."""
    value = torch.zeros_like(x)
    for k in range(steps, 0, -1):
        value = 1 / (two * (order + first - 1 + k) / x + sign * value)
    return value


def miller(order, x, above=200, twice=2, once=1):
    """Exercise A.3's answer, with a mistake."""
    ratio, logs = torch.zeros_like(x), []
    for k in range(order + above, 0, -1):
        ratio = x / (2 * k + x * ratio)
        logs.append(ratio.log())
    over = torch.stack(logs[::-1]).cumsum(0)
    return (over[order - 1] if order else 0) - torch.log(once + twice * over.exp().sum(0))


def cauchy_kl(m, rho):
    d = SphericalCauchy(torch.eye(m, dtype=torch.float64)[0], 2 * (m - 1) * rho / (1 - rho) ** 2)
    return kl_divergence(d, HypersphericalUniform(m)).item()


def mean_length(z, r, total):
    return (r @ z).norm() / total


def kappa_at(R):
    """The concentration on S^2 with this mean length: exercise 9.1."""
    return concentration_at_ratio(3, R, 1 - R)


def log_joint(z, share, mu, kappa, with_share=True, with_constant=True):
    """Logarithm of share times density on S^2, (n, K), maybe without a part: exercise 9.2."""
    constant = kappa.log() - kappa - torch.log(2 * math.pi * -torch.expm1(-2 * kappa))
    return with_share * share.log() + with_constant * constant + kappa * (z @ mu.T)


def naive_responsibilities(z, share, mu, kappa):
    joint = share * kappa / (4 * math.pi * kappa.sinh()) * (kappa * (z @ mu.T)).exp()
    return joint / joint.sum(1, keepdim=True)


def cloud(mu, spread, n):
    return unit(torch.tensor(mu) + spread * torch.randn(n, 3))


def two_groups() -> dict[str, torch.Tensor]:
    """Points of two groups, (400, 3), for exercise 9.4: by whom they fool."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {
            "k-means": torch.cat([cloud([1.0, 0, 0], 0.03, 200), cloud([1.0, 0.5, 0], 1.0, 200)]),
            "mixture": torch.cat(
                [cloud([1.0, 0, 0], 0.01, 120), cloud([1.0, 0, 0], 0.3, 80), cloud([0.27, 0.96, 0], 0.3, 200)]
            ),
            "nobody": torch.cat([cloud([1.0, 0, 0], 0.1, 200), cloud([0, 1.0, 0], 0.1, 200)]),
            "both": cloud([1.0, 0, 0], 0.3, 400),
            "nearly": torch.cat(
                [cloud([1.0, 0, 0], 0.01, 160), cloud([1.0, 0, 0], 0.3, 40), cloud([0, 1.0, 0], 0.3, 200)]
            ),
        }


def fools(first, second):
    """Exercise 9.4's answer."""
    return torch.stack([two_groups()[first], two_groups()[second]])


def deviations(test, train):
    """Distance of each test image to each training image, per number: exercise 10.3."""
    return torch.cdist(test, train) / train.shape[1] ** 0.5


def neighbor_ratios(points, nearest=1):
    """Distance to a next neighbor over that to the one before it: exercise 10.4."""
    ordered = torch.cdist(points, points).sort(1).values
    return ordered[:, nearest + 1] / ordered[:, nearest]


def run_scores():
    """Test log-likelihoods of the runs in chapter 10's gallery, and run 4's on fresh patches: exercise 10.2."""
    records, _ = load_gallery()
    return [record["test_log_likelihood"] for record in records], records[3]["fresh_log_likelihood"]


def nats_of_no_merit(**wrong):
    """Exercise 10.2's three numbers, some of them wrong."""
    own, fresh = run_scores()
    unit = 192 * math.log(8)
    return list(({"leak": own[3] - fresh, "above": own[4] - own[2], "unit": unit} | wrong).values())


def decided(v, t, some=slice(4), rest=slice(4, None), by=None, choose=None, first=1, lead=None, p=None):
    """The row, its lead and its p of exercise 10.5, chosen by some seeds and reported by the rest, in one wrong way."""
    chosen = (v if by is None else by)[:, some]
    merit = choose(chosen) if choose else (chosen - chosen[0]).nanmean(1)
    row = 1 + int(merit[1:].argmax())
    own, flat = t[row, rest].numpy(), t[0, rest].numpy()
    mean, right = student(own - flat)
    if lead is not None:
        mean = lead(torch.from_numpy(own), torch.from_numpy(flat))
    return row - 1 + first, mean, right if p is None else p(own, flat, right)


def smallest_p(v):
    return torch.from_numpy(np.append(0, -student((v[1:] - v[0]).numpy())[1]))


def normal_p(own, flat, right):
    difference = own - flat
    difference = difference[~np.isnan(difference)]
    return math.erfc(abs(difference.mean()) / difference.std(ddof=1) * (len(difference) / 2) ** 0.5)


def only_where_separated(row, lead, p):
    return row, lead if p < 0.05 else 0.0, p


MISTAKES = {
    "ex0_1": [
        (lambda m: math.exp(log_surface_area(m)), "return its logarithm"),
        (lambda m: log_surface_area(m + 1), "the sphere in R^(m+1)"),
        (
            lambda m: math.log(2 if m % 2 else 2 * math.pi) + sum(math.log(2 * math.pi / k) for k in range(m, 2, -2)),
            "it divides by m - 2",
        ),
        (lambda m: log_surface_area(m) - math.log(m), "the volume of the ball"),
        (lambda m: log_surface_area(m) / math.log(10), "to base 10"),
        (lambda m: torch.tensor(log_surface_area(m), dtype=torch.float64).exp().log(), "add up logarithms"),
        (lambda m: math.log(2 * math.pi ** (m / 2) / math.gamma(m / 2)), "add up logarithms"),
        (lambda m: float("nan"), "not a number"),
        (lambda m: m, "compare your values"),
    ],
    "ex0_2": [
        (lambda theta, m: theta.sin() ** (m - 2), "is not 1"),
        (
            lambda theta, m: math.exp(log_surface_area(m) - log_surface_area(m - 1)) * theta.sin() ** (m - 2),
            "the ratio is upside down",
        ),
        (
            lambda theta, m: math.exp(log_surface_area(m - 1)) * theta.sin() ** (m - 2),
            "divide by the area of the whole",
        ),
        (lambda theta, m: normalize(theta.sin() ** (m - 2), p=1, dim=0), "whatever angles are asked for"),
        (
            lambda theta, m: theta.sin() ** (m - 2) / torch.trapezoid(theta.sin() ** (m - 2), theta),
            "divide by an exact area",
        ),
        (lambda theta, m: (m / math.tau) ** 0.5 * torch.exp(-m / 2 * (theta - math.pi / 2) ** 2), "for large m"),
        (lambda theta, m: math.pi / 180 * sine_density(theta, m - 2), "per degree"),
        (lambda theta, m: sine_density(theta, m - 1), "form a sphere in R^(m-1)"),
        (lambda theta, m: theta.sin() ** (m - 1), "and the integral must be 1"),
        (lambda theta, m: sine_density(theta, m - 3), "the density of w"),
        (lambda theta, m: theta.sin() ** (m - 3), "the density of w = cos(theta)"),
        (lambda theta, m: torch.ones_like(theta) / math.pi, "compare your values"),
    ],
    "ex0_3": [
        (lambda: 100, "the status line says 9.96"),
        (lambda: 102, "the means of |z| at m = 101 and 102 are 10.01 and 10.06"),
        (lambda: 10.5, "a whole number"),
    ],
    "ex0_4": [
        (lambda codes: -turns_around(codes), "torch.atan2 takes y first"),
        (lambda codes: turns_around(codes).abs(), "clockwise turns count -1, not 1"),
        (lambda codes: steps(codes).sum(), "the angle jumps"),
        (lambda codes: wrapped(steps(codes))[:-1].sum() / (2 * math.pi), "the path is closed"),
        (lambda codes: wrapped(steps(codes)).sum(), "divide by 2 pi"),
        (lambda codes: wrapped(steps(codes)).sum().rad2deg(), "divide by 360"),
        (lambda codes: wrapped(steps(codes)).abs().sum() / (2 * math.pi), "add signed steps"),
        (lambda codes: 1, "compare your values"),
    ],
    "ex1_1": [
        (lambda v, k: 1 + torch.log(1 - v + v * math.exp(-2 * k)) / k, "it falls as v grows"),
        (lambda v, k: torch.arccos(1 + torch.log(v + (1 - v) * math.exp(-2 * k)) / k), "this is the angle"),
        (lambda v, k: 1 + v.log() / k, "w begins at -1"),
        (lambda v, k: 2 * v - 1, "kappa is missing"),
        (lambda v, k: torch.log1p(v * torch.tensor(k).expm1()) / k, "not at 0"),
        (lambda v, k: (torch.exp(k * v) - math.exp(-k)) / (math.exp(k) - math.exp(-k)), "return its inverse"),
        (lambda v, k: 1 + torch.log(v + (1 - v) * math.exp(-2 * k)), "divide the logarithm by kappa"),
        (lambda v, k: torch.log(v * torch.tensor(k).exp() + (1 - v) * math.exp(-k)) / k, "exp(200) overflows"),
        (lambda v, k: v * float("nan"), "not a number"),
        (lambda v, k: v, "compare your values"),
    ],
    "ex1_2": [
        (lambda k: (1 - torch.exp(-2 * k)) / k, "you forgot the 1/2"),
        (lambda k: torch.sinh(k) / k, "a rate above 1?"),
        (lambda k: torch.exp(-k) * torch.sinh(k) / k, "exp(200) overflows"),
        (lambda k: torch.exp(-k), "the mean of exp is not exp of the mean"),
        (lambda k: 1 / (2 * k), "the other end of the integral"),
        (lambda k: 1 - (1 - torch.exp(-2 * k)) / (2 * k), "the fraction that is rejected"),
        (lambda k: 2 * k / (1 - torch.exp(-2 * k)), "the number of proposals"),
        (lambda k: (1 - torch.exp(-k)) / k, "begins at -1"),
        (lambda k: 1.01 * (1 - torch.exp(-2 * k)) / (2 * k), "on paper instead of sampling"),
        (lambda k: 1 / (1 + k), "compare your values"),
    ],
    "ex1_3": [
        (wood(published_b), "right up to kappa = 10, but at kappa = 11 E[w] is 0.05 instead of 0.25"),
        (wood(lambda kappa, m, root: (root - 2 * kappa) / (m - 1)), "in float32 root - 2 kappa has no digits left"),
        (
            lambda kappa, m, n: wood(lambda k, m, root: (root - 2 * k) / (m - 1))(kappa.double(), m, n),
            "in float64 too root - 2 kappa loses its digits",
        ),
        (wood(lambda kappa, m, root: (m - 1) / (4 * kappa)), "compare your means"),
        (lambda kappa, m, n: uniform_height(n), "compare your means"),
        (lambda kappa, m, n: uniform_height(n) * 0 + moments(kappa, m)[0], "compare your means"),
        (lambda kappa, m, n: uniform_height(2 * n), "has shape (8000,), it should be (4000,)"),
    ],
    "ex1_4": [
        (lambda: 15, "at m = 15 the mean of w is 0.508, and one step before 0.530"),
        (lambda: 0.5, "a whole number"),
    ],
    "ex2_1": [
        (lambda m, kappa, A: 1 - A**2 - (m - 1) / kappa * A, "has a factor more"),
        (lambda m, kappa, A: A + kappa * (1 - A**2) - (m - 1) * A, "log C has a slope too"),
        (lambda m, kappa, A: kappa * (1 - A**2) - m * A, "not m A / kappa"),
        (lambda m, kappa, A: kappa * (1 - A**2), "the last term of A' is missing"),
        (lambda m, kappa, A: A, "this is A, the mean of w"),
        (lambda m, kappa, A: (m - 1) * A - kappa * (1 - A**2), "the other sign"),
        (lambda m, kappa, A: kappa * A, "compare your values"),
        (lambda m, kappa, A: (kappa * (1 - A**2) - (m - 1) * A).sum(), "has shape (), it should be (20,)"),
    ],
    "ex2_2": [
        (lambda kl, nats: nats, "return the kappa that has it"),
        (lambda kl, nats: 1e4, "the same for every sphere"),
        (lambda kl, nats: bisect(kl, nats, steps=10), "take more steps"),
        (lambda kl, nats: bisect(lambda kappa: -kl(kappa), -nats), "the same for every sphere"),
        (lambda kl, nats: float("nan"), "not a number"),
        (lambda kl, nats: 2 * bisect(kl, nats), "nats, not 2"),
    ],
    "ex2_3": [
        (logs_on_radius(0, 0), "each of them changes with r"),
        (logs_on_radius(-1, 0), "and so is the uniform one"),
        (logs_on_radius(0, -1), "and so is the vMF density"),
        (logs_on_radius(1, 1), "a density falls"),
        (lambda m, k, A, C, area, r: logs_on_radius(-1, -1)(m + 1, k, A, C, area, r), "has m - 1 dimensions"),
        (lambda m, k, A, C, area, r: logs_on_radius(-1, -1)(m, k, r * A, C, area, r), "depends on the direction"),
        (
            lambda m, *given: logs_on_radius(-1, -1)(m, *given) * torch.tensor([1.0, -1.0]),
            "log p is minus the logarithm of the area",
        ),
        (lambda m, *given: logs_on_radius(-1, -1)(m, *given).flip(0), "first the mean of log q"),
        (lambda m, k, A, C, area, r: k * A + C + area, "has shape (), it should be (2,)"),
        (lambda m, *given: torch.zeros(2), "compare your values"),
    ],
    "ex2_4": [
        (lambda: 66, "where it fails at kappa = 1 in float32"),
        (lambda: 482, "where it fails at kappa = 10 in float64"),
        (lambda: 123, "it still returns a number, a wrong one"),
        (lambda: 120, "compare with the picture"),
    ],
    "ex2_5": [
        (lambda m, kappa: kl_by_series(m, kappa, +1), "the sign of log F"),
        (lambda m, kappa: log_series(m, kappa), "this is log F"),
        (lambda m, kappa: kl_by_series(m, kappa, 0), "log F is missing"),
        (lambda m, kappa: kl_by_series(m, kappa, 0) - log_series(m, kappa).exp(), "not F"),
        (lambda m, kappa: kl_by_series(m + 2, kappa, -1), "v is m / 2 - 1"),
        (lambda m, kappa: kl_of_terms(m, kappa, m / kappa), "both of its parts are missing"),
        (lambda m, kappa: kl_of_terms(m, kappa, 2 / kappa), "kappa / 2 is missing"),
        (lambda m, kappa: kl_of_terms(m, kappa, m / 2), "1 / (v + 1) is missing"),
        (lambda m, kappa: kl_of_terms(m, kappa, 1, count=20), "add up more of them"),
        (lambda m, kappa: torch.from_numpy(naive_kl(m, kappa.numpy())), "not a number where m is large"),
        (lambda m, kappa: kappa, "compare your values"),
    ],
    "ex3_1": [
        (lambda p, kl: p.sum((1, 2)) + kl, "the KL is a cost"),
        (lambda p, kl: kl - p.sum((1, 2)), "this is the loss"),
        (lambda p, kl: p.mean((1, 2)) - kl, "a mean makes the KL 784 times as heavy"),
        (lambda p, kl: p.mean((1, 2)) + kl, "is the sum over pixels"),
        (lambda p, kl: p.sum((1, 2)), "the KL is missing"),
        (lambda p, kl: (p.sum((1, 2)) - kl).mean(), "has shape (), it should be (8,)"),
        (lambda p, kl: p.sum((1, 2)) - 2 * kl, "compare your values"),
    ],
    "ex3_2": [
        (lambda p, kl: (p.sum((1, 2)) - kl).argmax(), "wins where the pixels are summed"),
        (lambda p, kl: p.sum((1, 2)).argmax(), "the best reconstruction at any KL"),
        (lambda p, kl: p.mean((1, 2)).argmax(), "the best reconstruction at any KL"),
        (lambda p, kl: (p.mean((1, 2)) + kl).argmax(), "the KL is subtracted"),
        (lambda p, kl: (p.mean((1, 2)) - kl).argmin(), "this is the worst code"),
        (lambda p, kl: p.mean((1, 2)) - kl, "has shape (7,), it should be ()"),
        (lambda p, kl: (p.mean((1, 2)) - kl).max(), "the number of a code, from 0 to 6"),
        (lambda p, kl: 3, "compare your values"),
    ],
    "ex3_3": [
        (lambda w: w.exp().mean().log(), "underflows in float32"),
        (lambda w: w.mean(), "the logarithm comes after the mean"),
        (lambda w: w.logsumexp(0), "Subtract log K"),
        (lambda w: w.max(), "compare your values"),
    ],
    "ex3_4": [
        (lambda: (60, 0.87, 2), "an angle between 90 and 180 degrees"),
        (lambda: (154, 0.3, 2), "the line comes nearer than that"),
        (lambda: (120, 0.1, 2), "no straight line comes that near"),
        (lambda: (154, 0.23, 1), "at 90 degrees this would be 0; the panel says 0.71"),
        (lambda: (154, 0.23, 3), "this would be 0.5"),
        (lambda: (154, 0.23, 4), "half the length of the line"),
        (lambda: (154, 0.23, 9), "a law, from 1 to 4"),
    ],
    "ex3_5": [
        (lambda a, b, t: a + t * (b - a), "the straight line leaves the sphere"),
        (lambda a, b, t: torch.nn.functional.normalize(a + t * (b - a), dim=0), "not at constant speed"),
        (lambda a, b, t: great_circle(b, a, t), "this walks from b to a"),
        (great_circle, "where a and b are equal the formula is 0/0"),
        (lambda a, b, t: great_circle(a, b, t, eps=1e-8), "a small number added to it is no cure"),
        (lambda a, b, t: a if a @ b >= 1 else great_circle(a, b, t), "near 180 degrees"),
        (lambda a, b, t: b, "compare your values"),
    ],
    "ex4_1": [
        (lambda q, p: sum(map(kl_divergence, q, p)) / 3, "a mean over the factors"),
        (lambda q, p: math.prod(map(kl_divergence, q, p)), "densities multiply"),
        (lambda q, p: kl_divergence(q[0], p[0]), "the first factor alone"),
        (lambda q, p: kl_divergence(q[-1], p[-1]), "the last factor alone"),
        (lambda q, p: torch.stack(list(map(kl_divergence, q, p))).amax(0), "the factor of largest KL alone"),
        (lambda q, p: -sum(map(kl_divergence, q, p)), "is not negative"),
        (lambda q, p: sum(map(kl_divergence, q, p)).sum(), "you added up the images too"),
        (lambda q, p: sum(map(kl_divergence, q, p)).mean(), "has shape (), it should be (8,)"),
        (lambda q, p: torch.stack(list(map(kl_divergence, q, p))), "has shape (3, 8), it should be (8,)"),
        (lambda q, p: sum(map(kl_divergence, p, q)), "the posterior comes first"),
        (lambda q, p: sum(each.concentration for each in q), "compare your values"),
    ],
    "ex4_2": [
        (lambda dims: counts(dims, coordinates=sum(dims)), "coordinates: S^d has d + 1"),
        (lambda dims: counts(dims, coordinates=sum(dims) + 1), "coordinates: every factor adds a coordinate"),
        (lambda dims: counts(dims, dimensions=sum(dims) + len(dims)), "dimensions: a direction on S^d has d"),
        (lambda dims: counts(dims, kappas=1), "concentrations: one concentration per factor, not one for all"),
        (lambda dims: counts(dims, kappas=sum(dims)), "the vMF is round"),
        (lambda dims: counts(dims, given=sum(dims) + len(dims)), "encoder outputs: a factor needs d + 1"),
        (lambda dims: counts(dims, given=sum(dims) + len(dims) + 1), "not the product as a whole"),
        (lambda dims: counts(dims, given=2 * sum(dims)), "encoder outputs: compare your values"),
        (lambda dims: torch.tensor(dims).sum(), "has shape (), it should be (4,)"),
    ],
    "ex4_3": [
        (lambda a, b, k, sizes: exchanged(b, a, k, sizes), "it should be a with the factor of b"),
        (lambda a, b, k, sizes: torch.where(torch.arange(16) == k, b, a), "exchanges one coordinate"),
        (lambda a, b, k, sizes: exchanged(a, b, k - 1, sizes), "this is the factor before"),
        (lambda a, b, k, sizes: exchanged(a, b, (k + 1) % 4, sizes), "this is the factor after"),
        (lambda a, b, k, sizes: torch.where(torch.arange(16) // sizes[k] == k, b, a), "the factors differ in size"),
        (lambda a, b, k, sizes: a, "nothing is exchanged"),
        (lambda a, b, k, sizes: b, "everything is exchanged"),
        (lambda a, b, k, sizes: a.copy_(exchanged(a, b, k, sizes)), "you changed a code that you were given"),
        (lambda a, b, k, sizes: b[sum(sizes[:k]) :][: sizes[k]], "has shape (5,), it should be (16,)"),
        (lambda a, b, k, sizes: (a + b) / 2, "compare your values"),
    ],
    "ex4_4": [
        (lambda: (17, 64, 2), "here the four others pay ten nats alone"),
        (lambda: (10, 64, 2), "here all five have the same kappa"),
        (lambda: (5, 64, 2), "at 5 the line says 9.5 nats; go one step further"),
        (lambda: (100, 64, 2), "each of the others may pay 1.4"),
        (lambda: (6, 50, 2), "at 50 its KL is 8.8 nats; is the choice above the sliders s10?"),
        (lambda: (6, 64, 1), "neither is cheaper"),
        (lambda: (6, 64, 3), "S^10 has 11 coordinates, the product 15"),
        (lambda: (6, 64, 4), "round at every kappa"),
        (lambda: (6, 64, 7), "a sentence, from 1 to 4"),
        (lambda: 6, "has shape (), it should be (3,)"),
    ],
    "ex4_5": [
        (lambda costs, nats, kl: on_budget(torch.ones_like(costs), nats, kl), "the same kappa for all"),
        (lambda costs, nats, kl: costs, "this ignores the budget"),
        (lambda costs, nats, kl: on_budget(1 / costs, nats, kl), "upside down"),
        (lambda costs, nats, kl: on_budget(costs.sqrt(), nats, kl), "not with its root"),
        (lambda costs, nats, kl: shares(costs, nats, kl), "here the nats are proportional to the costs"),
        (lambda costs, nats, kl: 2 * costs, "where the budget is 10"),
        (lambda costs, nats, kl: costs * float("nan"), "not a number"),
        (lambda costs, nats, kl: on_budget(costs**2, nats, kl), "compare your values"),
    ],
    "ex6_1": [
        (lambda a, b: deal(a, b, sign=lambda distance: distance), "this is one-sided"),
        (lambda a, b: deal(a, b, lambda d: (d > d[0] + 1e-9).double().mean()), "the observed split is one of"),
        (
            lambda a, b: deal(a, b, lambda d: ((d >= d[0] - 1e-9).sum() + 1) / (len(d) + 1)),
            "the + 1 is for splits drawn",
        ),
        (lambda a, b: sign_flips(a - b), "seeds are not paired"),
        (lambda a, b: 0.5, "compare your values"),
    ],
    "ex6_2": [
        (lambda p: (p * len(p)).clamp(max=1), "this is Bonferroni's"),
        (lambda p: adjusted(p, maximum=False), "take the running maximum"),
        (lambda p: adjusted(p, cut=False), "at most 1"),
        (lambda p: adjusted(p, back=False), "in the order in which they came"),
        (lambda p: adjusted(p, back=False)[p.argsort()], "sorts once more"),
    ],
    "ex6_3": [
        (lambda difference, spread: 5, "still says 5.7 %"),
        (lambda difference, spread: 17, "the other curve"),
        (lambda difference, spread: 9, "move the seeds"),
    ],
    "ex6_4": [
        (lambda claims: [4, 1, 2, 5, 4], "claim A: three seeds on each side"),
        (lambda claims: [3, 3, 2, 5, 4], "claim B: how many runs"),
        (lambda claims: [3, 1, 3, 5, 4], "claim C: how many partitions"),
        (lambda claims: [3, 1, 2, 3, 4], "claim D: look at K"),
        (lambda claims: [3, 1, 2, 5, 3], "claim E: five seeds"),
        (lambda claims: [0, 1, 2, 5, 3], "from 1 to 5"),
    ],
    "ex6_5": [
        (lambda n, d, s: 1 - simulated_power(n, d, s), "misses the difference"),
        (lambda n, d, s: simulated_power(n, d, s, size=lambda distance: distance), "this is a one-sided test"),
        (lambda n, d, s: simulated_power(n, d, s, margin=1e-5), "the observed split counts"),
        (lambda n, d, s: seeds.power(d, s, n), "this is no t test"),
        (welch_power, "this is Welch's test"),
        (lambda n, d, s: simulated_power(n, d, s) + 0.5 * (n == 3), "allow for rounding"),
        (lambda n, d, s: 0.5, "compare your values"),
    ],
    "ex9_1": [
        (lambda z, r: kappa_at(mean_length(z, r, len(r))), "divide by the sum of the responsibilities"),
        (lambda z, r: kappa_at(z.mean(0).norm()), "the responsibilities are missing"),
        (lambda z, r: (R := mean_length(z, r, r.sum())) * (3 - R**2) / (1 - R**2), "the approximation of the text"),
        (lambda z, r: 1 / (1 - mean_length(z, r, r.sum())), "holds for large kappa alone"),
        (lambda z, r: mean_length(z, r, r.sum()), "return the kappa with A(kappa) = R"),
        (lambda z, r: min(kappa_at(mean_length(z, r, r.sum())), torch.tensor(100.0).double()), "end too early"),
        (lambda z, r: float("nan"), "1/tanh does not"),
        (lambda z, r: 3.0, "compare your values"),
    ],
    "ex9_2": [
        (lambda z, *mix: log_joint(z, *mix, with_share=False).softmax(1), "the shares are missing"),
        (lambda z, *mix: log_joint(z, *mix, with_constant=False).softmax(1), "it differs from cluster to cluster"),
        (lambda z, *mix: log_joint(z, *mix).softmax(0), "you summed over the points"),
        (
            lambda z, *mix: torch.nn.functional.one_hot(log_joint(z, *mix).argmax(1), 3).double(),
            "all or nothing: k-means",
        ),
        (lambda z, *mix: log_joint(z, *mix).exp(), "divide by the sum over the clusters"),
        (lambda z, *mix: log_joint(z, *mix).log_softmax(1), "these are logarithms"),
        (naive_responsibilities, "stay with logarithms"),
        (lambda z, s, mu, k: (s.log() + (k / k.sinh()).log() + k * (z @ mu.T)).softmax(1), "sinh(kappa) is infinite"),
        (lambda z, s, *mix: (log_joint(z, s, *mix) - s.log() + s).softmax(1), "add its logarithm"),
        (lambda z, s, mu, k: (log_joint(z, s, mu, k) + (1 - k) * (z @ mu.T)).softmax(1), "kappa times the cosine"),
        (lambda z, *mix: torch.full((len(z), 3), 1 / 3), "compare your values"),
    ],
    "ex9_3": [
        (lambda: (4, 2), "at 4 the two kinds are far apart"),
        (lambda: (6, 2), "one more"),
        (lambda: (9, 2), "read the score"),
        (lambda: (7, 1), "does not reward numbers"),
        (lambda: (7, 3), "the best of several starts is kept"),
        (lambda: (7, 8), "the last number is 1, 2 or 3"),
        (lambda: 7, "has shape (), it should be (2,)"),
    ],
    "ex9_4": [
        (lambda: 2 * fools("k-means", "mixture"), "a point is not on the sphere: its length is 2.00"),
        (lambda: fools("nobody", "mixture"), "first case: k-means finds the groups too"),
        (lambda: fools("both", "mixture"), "first case: the mixture does not find the groups either"),
        (lambda: fools("k-means", "nobody"), "second case: the mixture finds the groups too"),
        (lambda: fools("k-means", "nobody"), "nats less likely: n points gain n log κ"),
        (lambda: fools("k-means", "nearly"), "where 60 should be; its κ are"),
        (lambda: fools("k-means", "both"), "second case: k-means does not find the groups either"),
        (lambda: fools("mixture", "k-means"), "the two cases are exchanged"),
    ],
    "ex8_1": [
        (lambda k, m, n: beta_height((m - 1) / 2, (m - 1) / 2 + k, n), "a and b are exchanged"),
        (lambda k, m, n: (1 + beta_height((m - 1) / 2 + k, (m - 1) / 2, n)) / 2, "w in [-1, 1]: stretch it"),
        (lambda k, m, n: beta_height((m - 3) / 2 + k, (m - 3) / 2, n), "you took them for"),
        (lambda k, m, n: beta_height(k + 1, 1.0, n), "multiply it by the area"),
        (lambda k, m, n: beta_height(m / 2 + k, m / 2, n), "half the dimension of the sphere, not m/2"),
        (lambda k, m, n: beta_height(k + 1, (m - 1) / 2, n), "has a share of both"),
        (lambda k, m, n: beta_height((m - 1) / 2 + k, (m - 1) / 2, n).mean().expand(n), "but not the spread"),
        (lambda k, m, n: torch.full((n,), math.nan), "not a number"),
        (lambda k, m, n: torch.rand(n), "compare your means"),
    ],
    "ex8_2": [
        (lambda u, mu, r: moebius(u, mu, -r), "this is the map back"),
        (lambda u, mu, r: (1 - r**2) * unit(u + r * mu) + r * mu, "divide by the square of the length"),
        (lambda u, mu, r: moebius(u, mu, r) - r * mu, "the last term, rho mu, is missing"),
        (lambda u, mu, r: (1 - r) / (1 + r) * (moebius(u, mu, r) - r * mu) + r * mu, "the factor is 1 - rho^2"),
        (lambda u, mu, r: unit(u + r * mu), "only pushes u along mu"),
        (lambda u, mu, r: u, "nothing has moved"),
        (lambda u, mu, r: u + r * mu, "a point left the sphere"),
        (lambda u, mu, r: moebius(u, mu, r / 2), "compare your values"),
    ],
    "ex8_3": [
        (lambda m, nats: 0.5 if m == 3 else 10.1 / 11.0, "the other way around"),
        (lambda m, nats: 8101.0 if m == 3 else 11.0, "divide it by the von Mises-Fisher's"),
        (lambda m, nats: 22005 / 4052 if m == 3 else 11.14 / 10.12, "these are the spherical Cauchy's"),
        (lambda m, nats: 2.0, "read the second one too"),
        (lambda m, nats: 1.0, "read the first one too"),
        (lambda m, nats: 1.0864 if m == 3 else 1.9995, "in each other's place"),
        (lambda m, nats: 8101.0 - 4051.5 if m == 3 else 11.0 - 10.125, "divide them"),
        (lambda m, nats: 3.0, "compare your values"),
    ],
    "ex8_4": [
        (lambda m, r: cauchy_kl(m, r) / (m - 1), "m - 1 stands in front"),
        (lambda m, r: (m - 1) * cauchy_kl(3, r) / 2, "weigh it by"),
        (lambda m, r: cauchy_kl(m, r) + 2 * (m - 1) * math.log(1 - r**2), "the sign of log(1 - rho^2)"),
        (lambda m, r: -(m - 1) * math.log(1 - r**2), "is missing"),
        (lambda m, r: cauchy_kl(m, r) * m / (m - 1), "m - 1 stands in front, not m"),
        (lambda m, r: cauchy_kl(m, r) * (1.001 if r > 0.9 else 1), "is the grid too coarse"),
        (
            lambda m, r: cauchy_kl(m, r) * math.exp(log_surface_area(m) - log_surface_area(m - 1)),
            "weights with the sum 1",
        ),
        (lambda m, r: cauchy_kl(m - 1, r) * (m - 1) / (m - 2), "over a grid of angles"),
        (lambda m, r: float("nan"), "not a number"),
        (lambda m, r: m * r, "compare your values"),
    ],
    "ex7_1": [
        (lambda w, k, m, A: -velocity(w, k, m, A), "the sign: a larger kappa"),
        (proposal_velocity, "the velocity of an accepted proposal"),
        (lambda w, k, m, A: -angle_integral(w, k, m, A), "d theta/d kappa is not dw/d kappa"),
        (lambda w, k, m, A: velocity(w, k, m, 0.0), "subtract A from cos(p)"),
        (lambda w, k, m, A: velocity(w, k, m, A, volume=False), "the volume factor is missing"),
        (lambda w, k, m, A: velocity(w, k, m, A) / torch.arccos(w), "the step of the integral"),
        (lambda w, k, m, A: 1.01 * velocity(w, k, m, A), "nearly right"),
        (lambda w, k, m, A: w * float("nan"), "not a number"),
        (lambda w, k, m, A: w, "compare your values"),
    ],
    "ex7_2": [
        (lambda f, s: f.mean(), "the mean of f is close"),
        (lambda f, s: torch.zeros(()), "0 is not the best one"),
        (lambda f, s: (f * s).mean() / (s**2).mean(), "f stands with the square of the score"),
        (lambda f, s: ((f - f.mean()) * s).mean() / s.var(), "this is the slope of f on the score"),
        (lambda f, s: (f * s**2).mean(), "divide by the mean of the squared score"),
        (lambda f, s: -(f * s**2).mean() / (s**2).mean(), "the sign"),
        (lambda f, s: f.mean() * float("nan"), "not a number"),
        (lambda f, s: 7 * f.std(), "compare your values"),
    ],
    "ex7_3": [
        (lambda: 0.506, "in percent"),
        (lambda: 1.7, "this is the κ"),
        (lambda: 49.4, "this is what is missing"),
        (lambda: 92.5, "this is the worst at m = 11"),
        (lambda: 51.5, "there is a κ with less"),
        (lambda: 30, "no setting of the panel says so"),
    ],
    "ex7_4": [
        (moved(proposal_velocity), "only 51 % of the gradient arrives"),
        (lambda k, m, n: vmf_cosine(k, m, n)[0], "something detached it"),
        (moved(rescaled), "right for E[w], but not for E[w^2]"),
        (lambda k, m, n: 0 * k + uniform_height(n), "the samples themselves are wrong"),
        (moved(lambda w, *_: w * float("nan")), "not a number"),
        (moved(lambda w, *_: w), "compare your gradients"),
    ],
    "ex5_1": [
        (lambda spaces: [2, 0, 0, 0, 1], "give a 1 or a 0 for each space"),
        (lambda spaces: [1, 1, 1, 1, 1], "not all are alike"),
        (lambda spaces: [0, 1, 0, 0, 1], "it has one dimension"),
        (lambda spaces: [0, 0, 0, 1, 1], "it has to cut the torus open"),
        (lambda spaces: [1, 1, 1, 1, 0], "nats below the highest: it has one dimension"),
    ],
    "ex5_2": [
        (lambda codes, value: ((codes > value).diff()).sum(), "the step from the last code to the first is missing"),
        (lambda codes, value: passing(codes, value).clamp_min(0).sum(), "on its way down too"),
        (lambda codes, value: passing(codes, value).sum(), "ups and downs cancel"),
        (lambda codes, value: (codes == value).sum(), "no code equals the value"),
        (lambda codes, value: (codes > value).sum(), "the codes above"),
        (lambda codes, value: (codes < value).sum(), "the codes below"),
        (lambda codes, value: (passing(codes, value) == 0).sum(), "do not pass it"),
        (lambda codes, value: passing(codes, value).abs().double().mean(), "the share of the steps"),
        (lambda codes, value: codes.sum(), "compare your values"),
        (lambda codes, value: passing(codes, value), "has shape (60,), it should be ()"),
    ],
    "ex5_3": [
        (lambda p, c, k: shared(near(p, k, 0), near(c, k, 0)).mean() / k, "a point is no neighbor of itself"),
        (lambda p, c, k: shared(near(p, k), near(c, k, 0)).mean() / k, "out of one set and not of the other"),
        (lambda p, c, k: shared(near(p, k, 200 - k), near(c, k, 200 - k)).mean() / k, "these are the farthest"),
        (lambda p, c, k: (near(p, k) == near(c, k)).double().mean(), "compare them as sets"),
        (lambda p, c, k: (shared(near(p, k), near(c, k)) == k).double().mean(), "count the neighbors one by one"),
        (lambda p, c, k: shared(near(p, k), near(c, k)).mean(), "divide by k"),
        (lambda p, c, k: shared(near(p, k), near(c, k)).sum() / k, "take the mean over the points"),
        (lambda p, c, k: 1 - shared(near(p, k), near(c, k)).mean() / k, "the share that is lost"),
        (lambda p, c, k: 100 * shared(near(p, k), near(c, k)).mean() / k, "in percent"),
        (lambda p, c, k: shared(near(p, k + 1, 0), near(c, k + 1, 0)).mean() / (k + 1), "one of k + 1"),
        (lambda p, c, k: torch.cdist(p, c).mean(), "compare your values"),
    ],
    "ex5_4": [
        (lambda: [*read_off("s1"), 2], "these are the circle's"),
        (lambda: [*read_off("e2"), 2], "these are the plane's"),
        (lambda: [*read_off("e1", "noisy"), 2], "with noise 0.12"),
        (lambda: [*read_off("e1")[::-1], 2], "begin with half a circle"),
        (lambda: [*read_off("e1"), 1], "a longer way is as long for the circle"),
        (lambda: [*read_off("e1"), 3], "the interval is uniform too"),
        (lambda: [*read_off("e1"), 4], "the last number is 1, 2 or 3"),
        (lambda: [1, 2, 3, 2], "compare your values"),
    ],
    "ex10_1": [
        (lambda: [8, 3, 1, 5, 4, 6, 2, 7], "6 of 8 are right; run 2: look at where the KL goes"),
        (lambda: [7, 2, 1, 5, 4, 6, 3, 8], "run 1: look at where the two curves end"),
        (lambda: [8, 2, 6, 5, 4, 1, 3, 7], "run 3: no picture of it shows anything wrong"),
        (lambda: [8, 2, 1, 1, 4, 6, 3, 7], "run 4: look at how far test images are"),
        (lambda: [8, 2, 1, 5, 1, 6, 3, 7], "run 5: look at the images"),
        (lambda: [8, 2, 1, 5, 4, 1, 3, 7], "run 6: look at the last picture"),
        (lambda: [8, 2, 1, 5, 4, 6, 2, 7], "run 7: look at each sphere's κ"),
        (lambda: [0] * 8, "each diagnosis is a number from 1 to 8"),
    ],
    "ex10_2": [
        (lambda: nats_of_no_merit(leak=run_scores()[1] - run_scores()[0][3]), "the leak flatters"),
        (lambda: nats_of_no_merit(leak=run_scores()[0][3]), "this is run 4's own score"),
        (lambda: nats_of_no_merit(above=run_scores()[0][4]), "subtract run 3's score"),
        (lambda: nats_of_no_merit(unit=run_scores()[0][4] - 192 * math.log(8)), "the same score in two units"),
        (lambda: nats_of_no_merit(unit=64 * math.log(8)), "not for each of the 64 pixels"),
        (lambda: nats_of_no_merit(unit=math.log(8)), "192 times log 8"),
        (lambda: [nats_of_no_merit()[k] for k in (0, 2, 1)], "in each other's place"),
        (lambda: [1, 2, 3], "compare your values"),
    ],
    "ex10_3": [
        (lambda train, test: (deviations(test, train) == 0).any(1), "no two images are equal"),
        (lambda train, test: torch.cdist(test, train).amin(1) < 0.04, "no two images are equal"),
        (lambda train, test: torch.cdist(test, train).amin(1) < 100, "take the deviation per number"),
        (lambda train, test: deviations(test, test).amin(1) < 0.04, "take the deviation per number"),
        (lambda train, test: deviations(test, train).amin(1) > 0.04, "those that are no copies"),
        (lambda train, test: deviations(test, train).amin(0) < 0.04, "has shape (300,)"),
        (lambda train, test: deviations(test, train).amin(1) < 0.02, "half of the copies differ by more"),
        (lambda train, test: deviations(test, train).amin(1), "compare your values"),
    ],
    "ex10_4": [
        (lambda points: neighbor_ratios(points).log().mean(), "the dimension is its inverse"),
        (lambda points: -1 / neighbor_ratios(points).log().mean(), "the ratio is upside down"),
        (lambda points: 1 / neighbor_ratios(points).log10().mean(), "the logarithm to base e"),
        (lambda points: 1 / neighbor_ratios(points).log().sum(), "the mean over the points, not the sum"),
        (lambda points: points.shape[1], "the number of coordinates"),
        (lambda points: 1 / neighbor_ratios(points).mean().log(), "take the logarithm first"),
        (lambda points: (1 / neighbor_ratios(points).log()).mean(), "not the mean of one over"),
        (lambda points: 1 / neighbor_ratios(points).log().median(), "the mean, not the median"),
        (lambda points: 1 / neighbor_ratios(points, 2).log().mean(), "the second and third neighbors"),
        (lambda points: 1 / neighbor_ratios(points, 0).log().mean(), "its own nearest neighbor"),
        (lambda points: 7, "compare your values"),
    ],
    "ex10_5": [
        (lambda v, t: decided(v, t, some=slice(None), rest=slice(None), by=t), "the winner's curse"),
        (lambda v, t: decided(v, t, some=slice(None), rest=slice(None)), "chosen on validation, but a lucky training"),
        (lambda v, t: decided(v, t, rest=slice(None)), "seeds that choose the row must not report"),
        (lambda v, t: decided(v, t, slice(None), slice(None), t, smallest_p), "the smallest p of seven"),
        (lambda v, t: decided(v, t, choose=lambda v: v.nanmean(1)), "you choose by means over different splits"),
        (lambda v, t: decided(v, t, choose=lambda v: v.nan_to_num().amax(1)), "the best run of each space"),
        (lambda v, t: decided(v, t, lead=lambda own, flat: (own - flat).mean()), "is NaN"),
        (lambda v, t: decided(v, t, choose=lambda v: -v[:, 0].nan_to_num()), "of the winners"),
        (lambda v, t: decided(v, t, choose=lambda v: torch.eye(8)[3]), "you always propose row 3"),
        (lambda v, t: decided(v, t, choose=lambda v: (v - v[0]).mean(1)), "argmax takes a NaN for the largest"),
        (lambda v, t: decided(v, t, choose=lambda v: (v - v[0]).nan_to_num(-1e9).mean(1)), "not the row"),
        (lambda v, t: decided(v, t, slice(7), slice(7, None)), "let more of them report"),
        (lambda v, t: (1, 0.0, 0.5), "you always propose row 1"),
        (lambda v, t: decided(v, t, first=0), "counts from 0"),
        (lambda v, t: decided(v, t, lead=lambda own, flat: -(own - flat).nanmean()), "the sign of the lead"),
        (lambda v, t: decided(v, v), "this is the lead in validation scores"),
        (lambda v, t: decided(v, t, lead=lambda own, flat: own.nan_to_num().max() - flat.max()), "the best seed"),
        (lambda v, t: decided(v, t, lead=lambda own, flat: own.nanmean() - flat.mean()), "two means over different"),
        (lambda v, t: decided(v, t, lead=lambda own, flat: (own.nan_to_num() - flat).mean()), "not the score 0"),
        (
            lambda v, t: decided(v, t, p=lambda own, flat, right: welch(own[None], flat[None])[0]),
            "move both rows alike",
        ),
        (lambda v, t: decided(v, t, p=lambda own, flat, right: min(1, 7 * right)), "pays for seven tests"),
        (lambda v, t: decided(v, t, p=lambda own, flat, right: 7 * right), "p is from 0 to 1"),
        (lambda v, t: decided(v, t, p=normal_p), "takes the spread as known"),
        (lambda v, t: only_where_separated(*decided(v, t)), "report the lead whatever p is"),
    ],
    "exA_1": [
        (lambda v, x: 1 / fraction(v, x), "this is the inverse"),
        (lambda v, x: fraction(v, x, first=0), "this is I_v / I_(v-1)"),
        (lambda v, x: fraction(v, x, first=2), "this is I_(v+2) / I_(v+1)"),
        (lambda v, x: fraction(v, x, two=1), "the 2 is missing"),
        (lambda v, x: fraction(v, x, sign=-1), "to the Bessel function J"),
        (lambda v, x: reduce(lambda r, k: 1 / (2 * (v + k) / x + r), range(1, 300), 0 * x), "begin inside"),
        (lambda v, x: fraction(v, x, steps=30), "wrong from x = 56.2 on"),
        (lambda v, x: fraction(v, x.float()), "right to a few digits"),
        (lambda v, x: x / (v + 1 + x), "compare your values"),
        (lambda v, x: torch.zeros_like(x) / 0, "not a number"),
    ],
    "exA_2": [
        (lambda: [49, 97, 86, 268, 485], "the power series comes first"),
        (lambda: [268, 86, 97, 49, 485], "x = 100 comes first"),
        (lambda: [86, 268, 48, 97, 485], "the continued fraction at v = 0, x = 100"),
        (lambda: [86, 260, 49, 97, 485], "the power series at v = 0, x = 400"),
        (lambda: [86, 268, 49, 97, 6700], "not of the series"),
        (lambda: [86, 268, 49, 97, 2425], "have not grown four times"),
        (lambda: [86, 268, 49, 97, 1000], "it is 25 times"),
    ],
    "exA_3": [
        (lambda v, x: miller(v, x).exp(), "this is e^-x I_v(x) itself: return its logarithm"),
        (lambda v, x: miller(v, x) + x, "this is log I_v(x)"),
        (lambda v, x: miller(v, x) - miller(0, x), "this is log(I_v / I_0)"),
        (lambda v, x: miller(v, x, twice=1), "count twice in the sum"),
        (lambda v, x: miller(v, x, once=2), "I_0 counts once"),
        (lambda v, x: miller(v + 1, x), "this is the order above"),
        (lambda v, x: miller(v, x).exp().log(), "before its logarithm was taken"),
        (lambda v, x: miller(v, x, above=20), "begin farther above"),
        (lambda v, x: -x, "compare your values"),
    ],
}


@pytest.mark.parametrize(("name", "answer", "hint"), [(n, *case) for n, cases in MISTAKES.items() for case in cases])
def test_a_typical_mistake_is_named(name, answer, hint, capsys):
    CHECKS[name](answer)
    printed = capsys.readouterr().out
    assert "correct" not in printed
    assert hint in printed


def test_every_check_knows_typical_mistakes():
    assert sorted(MISTAKES) == sorted(CHECKS)


def test_what_is_solved_is_remembered_beside_the_notebooks_and_drawn(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CHECKS["ex1_4"](lambda: 16)
    assert checking.solved() == set() and not list(tmp_path.iterdir())  # no notebook runs here
    ipython = pytest.importorskip("IPython")
    monkeypatch.setattr(ipython, "get_ipython", lambda: "a notebook's")
    CHECKS["ex1_4"](lambda: 15)
    assert checking.solved() == set()
    CHECKS["ex1_4"](lambda: 16)
    assert checking.solved() == {"1.4"}
    figure = checking.progress()
    assert figure.get_suptitle() == f"1 of {len(CHECKS)} exercises solved"
    filled = [line for line in figure.axes[0].lines if line.get_markerfacecolor() != "white"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in filled] == [(1, 3)]


@pytest.mark.parametrize("damage", ["", "{", '{"a": 1}', "[1, null]", "[[]]"])
def test_a_damaged_record_counts_as_none(damage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checking.SOLVED.write_text(damage)
    assert checking.solved() == set()
