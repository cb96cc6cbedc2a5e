"""Pictures of trainings: the curves of one run, and the scores of many runs with several seeds."""

from collections.abc import Mapping, Sequence

import numpy as np

from svae_lib.plotting.style import Picture, new_figure, styled

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
