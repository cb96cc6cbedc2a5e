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


@styled
def rate_distortion(scores: dict[str, object]) -> Picture:
    """What each model pays: KL (rate) against minus the reconstruction (distortion); their sum is minus the ELBO.

    scores: by name, anything with .kl and .reconstruction in nats per image, as svae_lib.evaluate returns it. Lines of
    equal ELBO fall to the right; a model is better the further it lies below and to the left of them.
    """
    rates = {name: score.kl for name, score in scores.items()}
    costs = {name: -score.reconstruction for name, score in scores.items()}
    figure = new_figure(6, 4.5, "Rate and distortion of each model")
    axes = figure.add_subplot()
    for name, rate in rates.items():
        axes.plot(rate, costs[name], "o", markersize=9)
        label = f"{name}: ELBO {-rate - costs[name]:.1f}"
        axes.annotate(label, (rate, costs[name]), (9, 0), textcoords="offset points", va="center")
    low, high = min(rates.values()) - 1, max(rates.values()) + 2.5
    sums = [rate + costs[name] for name, rate in rates.items()]
    for total in range(int(min(sums)) - 2, int(max(sums)) + 4):
        axes.axline((low, total - low), slope=-1, color="#94a4a2", linewidth=0.7, zorder=0)
    axes.set(xlim=(low, high), ylim=(min(costs.values()) - 2, max(costs.values()) + 2))
    axes.set(xlabel="rate: KL (nats per image)", ylabel="distortion: −E log p(x|z) (nats per image)")
    axes.text(0.98, 0.98, "gray: equal ELBO, 1 nat apart", transform=axes.transAxes, ha="right", va="top", fontsize=9)
    return figure
