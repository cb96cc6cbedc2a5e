"""What the seeds of experiments say together."""

from collections.abc import Mapping, Sequence

import numpy as np

from svae_lib.plotting.style import Picture, new_figure, styled


@styled
def seed_scores(rows: Sequence, quantities: Mapping[str, str]) -> Picture:
    """Every seed a dot, the mean over them a line across, with a bar of one standard error to either side.

    rows: as svae_lib.experiment.table.read_rows gives them: .about["dataset"], .scores[quantity] by seed,
    .mean(quantity), .error(quantity), and str(row) for the label. quantities: each one's title.
    One line of panels for each data set.
    """
    sets = {}
    for row in rows:
        sets.setdefault(row.about["dataset"], []).append(row)
    heights = [len(group) + 2 for group in sets.values()]
    figure = new_figure(12, 0.8 + 0.32 * sum(heights), "Test images: every seed, the mean and its standard error")
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
                if row.error(quantity) is not None:
                    axes.errorbar(row.mean(quantity), place, xerr=row.error(quantity), color="C1", capsize=3)
    return figure
