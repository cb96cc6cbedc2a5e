"""Pictures of runs: the curves of one and the health of its latent space, the scores of many with several seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from svae_lib.plotting.kappa import kappa_axis
from svae_lib.plotting.style import BASELINE, MARK, OUTLINE, SAMPLES, Picture, new_figure, styled

_QUANTITIES = {"elbo": "ELBO", "reconstruction": "reconstruction", "kl": "KL"}


@styled
def training_curves(rows: list[dict]) -> Picture:
    """ELBO and its two parts over the epochs, on training and validation images.

    Args:
        rows: one dict per epoch, as History.rows and metrics.jsonl hold them: "epoch" and, where it was measured,
            "train_elbo", "validation_elbo", and the same for "reconstruction" and "kl".

    Returns:
        A figure with three axes: ELBO, reconstruction, KL.

    Example:
        >>> len(training_curves([{"epoch": 1, "train_elbo": -200.0, "train_kl": 3.0}]).axes)
        3
    """
    figure = new_figure(8.6, 3, "Training: ELBO = reconstruction − KL")
    for axes, (key, name) in zip(figure.subplots(1, 3), _QUANTITIES.items(), strict=True):
        ends = {}
        for split, line_style in (("train", "-"), ("validation", "--")):
            points = [(row["epoch"], row[f"{split}_{key}"]) for row in rows if f"{split}_{key}" in row]
            if points:
                axes.plot(*np.array(points).T, line_style, marker="." if len(points) == 1 else None)
                ends[split] = points[-1]
        top = max(ends, key=lambda split: ends[split][1], default="")
        for split, end in ends.items():  # each line's name at its end, the higher one above, so that they do not meet
            side = "bottom" if split == top else "top"
            axes.annotate(split, end, (4, 0), textcoords="offset points", ha="left", va=side, fontsize=9)
        axes.set(title=name, xlabel="epoch", ylabel="nats per image")
    return figure


@styled
def seed_scores(rows: Sequence, quantities: Mapping[str, str]) -> Picture:
    """Test scores of a sweep: one dot per seed, the mean as a line across, a bar for its 95 % interval.

    Args:
        rows: as svae_lib.experiment.table.read_rows gives them: .settings["dataset"], .scores[quantity] by seed,
            .mean(quantity), .half_width(quantity), and str(row) for the label.
        quantities: the title of each quantity.

    Returns:
        A figure with one row of axes per data set and one column per quantity.
    """
    sets = {}
    for row in rows:
        sets.setdefault(row.settings["dataset"], []).append(row)
    heights = [len(group) + 2 for group in sets.values()]
    figure = new_figure(12, 0.8 + 0.32 * sum(heights), "Test images: every seed, the mean and its 95 % interval")
    panels = figure.subplots(len(sets), len(quantities), squeeze=False, sharey="row", height_ratios=heights)
    for line, (dataset, group) in zip(panels, sets.items(), strict=True):
        line[0].set_yticks(range(len(group)), [str(row) for row in group])
        line[0].set(ylim=(len(group) - 0.4, -0.6), ylabel=dataset)
        for axes, (quantity, title) in zip(line, quantities.items(), strict=True):
            axes.set(title=title, xlabel="nats per image")
            axes.margins(x=0.1)
            for place, row in enumerate(group):
                values = np.array(list(row.scores[quantity].values()))
                axes.plot(values, np.full(len(values), place), "o", color="C0", alpha=0.6, markersize=5)
                axes.plot([row.mean(quantity)] * 2, [place - 0.3, place + 0.3], color="C1")
                if (half := row.half_width(quantity)) is not None:
                    axes.errorbar(row.mean(quantity), place, xerr=half, color="C1", capsize=3)
    return figure


@styled
def diagnosis(result) -> Picture:
    """Health of a latent space: where its KL goes, which factors are active, concentrations, uniformity and alignment.

    Args:
        result: as svae_lib.evaluation.diagnose gives it: .kl, .mutual_information, .max_mutual_information,
            .marginal_kl, .collapsed, .num_active and .factors, each with .name, .spread, .active, and for a sphere
            .concentration (quantiles at 5, 25, 50, 75 and 95 %), .floor, .uniformity, .uniform and .alignment.

    Returns:
        A figure with two axes, and two more where a factor is a sphere; the lines at the edge are the bounds.

    Example:
        >>> from svae_lib import build_vae
        >>> from svae_lib.evaluation import diagnose
        >>> import torch
        >>> len(diagnosis(diagnose(build_vae((8, 8), "e2"), torch.rand(5, 8, 8))).axes)
        2
    """
    spheres = [factor for factor in result.factors if factor.concentration is not None]
    title = f"Latent space: {result.num_active} of {len(result.factors)} factors active, "
    columns = 4 if spheres else 2
    figure = new_figure(3.4 * columns, 3.4, title + f"{result.collapsed:.0%} of the images collapsed")
    axes = figure.subplots(1, columns)
    parts = result.mutual_information, result.marginal_kl, result.kl
    axes[0].bar(["I(x; z)", "KL(q(z) ‖ p)", "mean KL"], parts, color=[SAMPLES, BASELINE, OUTLINE])
    axes[0].axhline(result.max_mutual_information, color=MARK, linestyle="--")
    axes[0].set(title="where the KL goes (red: log N)", ylabel="nats per image")
    colors = [SAMPLES if factor.active else OUTLINE for factor in result.factors]
    axes[1].bar(range(1, len(colors) + 1), [factor.spread for factor in result.factors], color=colors)
    axes[1].axhline(0.01, color=MARK, linestyle="--")
    axes[1].set(title="active factors (above red)", xlabel="factor, in order", ylabel="variance of E[z|x] / prior's")
    if spheres:
        _draw_spheres(axes[2], axes[3], spheres)
    for ax in axes[1:]:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    return figure


def _draw_spheres(concentrations, codes, spheres: list) -> None:
    """Quantiles of each sphere's concentration over its floor; uniformity and alignment beside the uniform's."""
    places = range(1, len(spheres) + 1)
    quantiles = np.array([sphere.concentration for sphere in spheres])
    names = "whislo", "q1", "med", "q3", "whishi"
    boxes = [dict(zip(names, row, strict=True)) for row in quantiles]
    concentrations.bxp(boxes, list(places), showfliers=False, medianprops={"color": MARK}, manage_ticks=False)
    concentrations.plot(places, [sphere.floor or np.nan for sphere in spheres], "_", color=OUTLINE, markersize=18)
    concentrations.set_title("concentration")
    if np.isfinite(quantiles).any():
        kappa_axis(concentrations)
    codes.plot(places, [sphere.uniformity for sphere in spheres], "o", color=SAMPLES)
    codes.plot(places, [sphere.uniform for sphere in spheres], "_", color=OUTLINE, markersize=18)
    codes.plot(places, [sphere.alignment for sphere in spheres], "^", color=BASELINE)
    codes.set_title("uniformity ●, alignment ▲")
    for ax, gray in ((concentrations, "its floor"), (codes, "uniform codes")):
        ax.set(xlabel=f"sphere, in order (gray: {gray})", xlim=(0.4, len(spheres) + 0.6))
