"""How a training went."""

import numpy as np

from svae_lib.plotting.style import Picture, new_figure, styled

_QUANTITIES = {"elbo": "ELBO", "reconstruction": "reconstruction", "kl": "KL"}


@styled
def training_curves(rows: list[dict]) -> Picture:
    """The ELBO and its two parts over the epochs, on training and validation images.

    rows: one dict an epoch, as History.rows and metrics.jsonl hold them: "epoch" and, where it was measured,
    "train_elbo", "validation_elbo", and the same for "reconstruction" and "kl".

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
