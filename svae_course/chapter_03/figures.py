"""Figures of chapter 03, Gaussian against von Mises-Fisher latents: stored runs over seeds, and a story of scale."""

import re
from collections.abc import Iterable

import numpy as np

from svae_course.score_tables import compare_pairs, mean_of
from svae_course.stored_files import sphere_settings
from svae_lib.plotting.style import BASELINE, EXPECTED, OUTLINE, SAMPLES, SECOND, TRACK, Picture, new_figure, styled

GAUSSIAN, PAPERS, BEST = "Gaussian", "sphere, as in the papers", "sphere, radius √m, new head"
LEARNED, SCALED = "sphere, radius learned, new head", "Gaussian, scale learned"
ARMS = {  # with their looks
    GAUSSIAN: {"color": BASELINE, "marker": "s"},
    SCALED: {"color": EXPECTED, "marker": "^"},
    PAPERS: {"color": OUTLINE, "marker": "v"},
    BEST: {"color": SAMPLES, "marker": "o"},
    LEARNED: {"color": SECOND, "marker": "D"},
}
QUANTITIES = {
    "test_kl": ("rate: lower is better", 1),
    "test_reconstruction": ("distortion: lower is better", -1),
    "test_log_likelihood": ("log-likelihood: higher is better", 1),
}


def arm(run: dict) -> str | None:
    """Which of ARMS a stored run belongs to.

    Args:
        run: with "latent_space", for a sphere its "radius" and "concentration_head", and "command".

    Returns:
        A key of ARMS; None for a product, and for other settings of a sphere.

    Example:
        >>> arm({"latent_space": "e10"}), arm({"latent_space": "s10", "radius": 1.0, "concentration_head": "softplus"})
        ('Gaussian', 'sphere, as in the papers')
    """
    if not (space := re.fullmatch(r"([es])\d+", run["latent_space"])):
        return None
    settings = sphere_settings(run)
    if space[1] == "e":
        return GAUSSIAN if settings == (None, None) else SCALED
    new = "inverse_variance"
    arms = {(1.0, "softplus"): PAPERS, ("sqrt_m", new): BEST, ("learned from sqrt_m", new): LEARNED}
    return arms.get(settings)


def by_dimension(runs: Iterable[dict], quantity: str) -> dict[int, dict[str, list[float]]]:
    """Values of a quantity by manifold dimension d and by arm, in the order of the runs.

    Left out are other spaces, and a d without Gaussian runs or with nothing else: there is nothing to compare.

    Args:
        runs: dicts with "latent_space" and the quantity, as metrics.json holds them, and what `arm` reads.
        quantity: a key of theirs.

    Returns:
        The values by d, in order, and by those of ARMS that have any.

    Example:
        >>> papers = {"radius": 1.0, "concentration_head": "softplus"}
        >>> runs = [{"latent_space": "e2", "test_kl": 7.0}, {"latent_space": "s2", "test_kl": 7.1} | papers]
        >>> by_dimension(runs, "test_kl")
        {2: {'Gaussian': [7.0], 'sphere, as in the papers': [7.1]}}
    """
    found: dict[int, dict[str, list[float]]] = {}
    for run in runs:
        if (name := arm(run)) is not None:
            arms = found.setdefault(int(run["latent_space"][1:]), {name: [] for name in ARMS})
            arms[name].append(run[quantity])
    found = {d: {name: values for name, values in found[d].items() if values} for d in sorted(found)}
    return {d: arms for d, arms in found.items() if GAUSSIAN in arms and len(arms) > 1}


def score_table(runs: Iterable[dict]) -> list[str]:
    """Lines of a table: the mean log-likelihood of each arm at each d, and its comparison with the Gaussian.

    The interval of a mean is Student's over the seeds; p is Welch's, after Holm's correction over all lines.

    Args:
        runs: see `by_dimension`.

    Returns:
        One line for each d and arm.
    """
    table = by_dimension(runs, "test_log_likelihood")
    rows = [(d, name, scores) for d, arms in table.items() for name, scores in arms.items()]
    tests = iter(compare_pairs((scores, table[d][GAUSSIAN]) for d, name, scores in rows if name != GAUSSIAN))
    lines = []
    for d, name, scores in rows:
        line = f"{d:2}  {name:32}  {len(scores):4}  {mean_of(scores):16}"
        if name != GAUSSIAN:
            difference, test = next(tests)
            line += f"  {difference:+6.2f}  {test}"
        lines.append(line.rstrip())
    return lines


@styled
def seed_comparison(runs: Iterable[dict]) -> Picture:
    """Rate, distortion and log-likelihood of every run, by d, as nats above the mean of the Gaussian runs of that d.

    Every seed is a mark, each arm's seeds are joined from the lowest to the highest.

    Args:
        runs: see `by_dimension`.

    Returns:
        A figure with three axes.
    """
    runs = list(runs)
    figure = new_figure(9.6, 3.5, "Every seed, as nats above the mean of the Gaussian runs")
    for axes, (quantity, (title, sign)) in zip(figure.subplots(1, 3), QUANTITIES.items(), strict=True):
        compared = by_dimension(runs, quantity)
        for side, (name, look) in zip((-0.32, -0.16, 0, 0.16, 0.32), ARMS.items(), strict=True):
            for place, arms in enumerate(compared.values()):
                above = sign * (np.array(arms.get(name, [])) - np.mean(arms[GAUSSIAN]))
                axes.plot(np.full(len(above), place + side), above, **look, linewidth=1.5, alpha=0.8)
            axes.plot([], [], **look, linewidth=1.5, label=name)
        axes.axhline(0, color=TRACK, linewidth=1, linestyle="--", zorder=0)
        axes.set(xlim=(-0.6, len(compared) - 0.4), xticks=range(len(compared)), xticklabels=compared)
        axes.set(xlabel="dimension d", ylabel="nats per image")
        axes.set_title(title, fontsize=10)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@styled
def scale_story(records: dict[str, dict]) -> Picture:
    """Three pictures of four trainings: gradients before the first step, widths of posteriors, the bound.

    Args:
        records: by setting, what svae_course.chapter_03.scale writes.

    Returns:
        A figure with three axes.
    """
    looks = dict(zip(records, (OUTLINE, SECOND, SAMPLES, BASELINE), strict=False))
    figure = new_figure(10, 4, "Ten dimensions, four settings: where training starts, and where it goes")
    start, widths, bound = figure.subplots(1, 3)
    for number, (name, record) in enumerate(records.items()):
        start.bar(np.arange(2) + 0.2 * (number - 1.5), [record["start"][part] for part in ("where", "width")],
                  width=0.18, color=looks[name], label=name)  # fmt: skip
        widths.plot(record["width"], color=looks[name], linewidth=2)
        bound.plot(range(1, len(record["validation_elbo"]) + 1), record["validation_elbo"], color=looks[name],
                   linewidth=2)  # fmt: skip
    start.set(yscale="log", xticks=range(2), xticklabels=["for where (μ)", "for how wide (κ, σ)"])
    start.set(xlabel="encoder outputs", ylabel="gradient (root mean square)")
    start.set_title("gradients before the first step", fontsize=10)
    widths.set(yscale="log", xlabel="epoch", ylabel="posterior's width / prior's width", yticks=[0.1, 0.2, 0.5, 1])
    widths.set(yticklabels=["0.1", "0.2", "0.5", "1"])
    widths.minorticks_off()
    widths.set_title("how narrow posteriors become", fontsize=10)
    floor = min(record["validation_elbo"][4] for record in records.values())
    bound.set(xlabel="epoch", ylabel="validation ELBO (nats)", ylim=(floor, None))
    bound.set_title("what that is worth", fontsize=10)
    figure.legend(*start.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
