"""Figures of chapter 10: images and what they vary in, scores over seeds, runs of the gallery."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.ticker import MaxNLocator

from svae_course.chapter_10.gallery import KINDS, NAMES, nearest_pairs
from svae_lib.plotting.images import image_rows
from svae_lib.plotting.kappa import kappa_axis
from svae_lib.plotting.style import BASELINE, MARK, OUTLINE, SAMPLES, Picture, new_figure, styled, tile, to_pixels


@styled
def components(images, spectrum: Sequence[float], directions) -> Picture:
    """How much of the variance each principal component holds, and the images of the first ones.

    Args:
        images: (N, ...), in [0, 1], whose mean is shown first.
        spectrum: (k,), shares of the variance, in falling order.
        directions: (k, ...), of an image's shape each.

    Returns:
        A figure with one axes of shares and six of images.
    """
    figure = new_figure(10, 3.2, "What the images vary in: principal components")
    axes = figure.subplot_mosaic("SSABC;SSDEF")
    count = min(len(spectrum), 30)
    axes["S"].plot(range(1, count + 1), 100 * np.cumsum(spectrum)[:count], "o-", markersize=4)
    axes["S"].set(xlabel="principal components", ylabel="variance (percent)", ylim=(None, 101))
    shown = [torch.as_tensor(images).float().mean(0), *directions[:5]]
    for number, (place, image) in enumerate(zip("ABCDEF", shown, strict=True)):
        image = torch.as_tensor(image)
        if number:
            image = 0.5 + 0.5 * image / image.abs().max()
        axes[place].imshow(to_pixels(image[None])[0], cmap="gray", vmin=0, vmax=1)
        axes[place].set_title(f"component {number}" if number else "mean", fontsize=10)
        axes[place].set(xticks=[], yticks=[])
        axes[place].grid(False)
    return figure


@styled
def seeds(scores: dict[str, list[float]]) -> Picture:
    """Test log-likelihood of every seed, a row per latent space, with the mean.

    Args:
        scores: by latent space.

    Returns:
        A figure with one axes.
    """
    figure = new_figure(7.5, 0.45 * len(scores) + 1.4, "Every seed of the sweep")
    axes = figure.add_subplot()
    for row, (space, values) in enumerate(scores.items()):
        color = SAMPLES if space.startswith(("s", "p", "c")) else BASELINE
        axes.plot(values, [row] * len(values), "o", color=color, alpha=0.7)
        axes.plot(np.mean(values), row, "|", color="black", markersize=18, markeredgewidth=2)
    axes.set(yticks=range(len(scores)), yticklabels=[NAMES.get(space, space) for space in scores])
    axes.set(ylim=(len(scores) - 0.5, -0.5), xlabel="test log-likelihood (nats per image)", ylabel="latent space")
    return figure


@styled
def longer(short: dict[str, list[float]], long: dict[str, list[float]]) -> Picture:
    """Test log-likelihoods of the same spaces after a short and after a long training.

    Args:
        short: by latent space, after 50 epochs.
        long: by latent space, after 200.

    Returns:
        A figure with one axes: the epochs across, a line through the means of each space.
    """
    figure = new_figure(6, 3.4, "The same spaces, trained four times as long")
    axes = figure.add_subplot()
    for space, shift in zip(long, np.linspace(-2, 2, len(long)), strict=True):
        color, marker = (SAMPLES, "o") if space.startswith(("s", "p", "c")) else (BASELINE, "s")
        for epochs, values in ((50, short[space]), (200, long[space])):
            axes.plot([epochs + shift] * len(values), values, marker, color=color, alpha=0.6)
        axes.plot([50, 200], [np.mean(short[space]), np.mean(long[space])], color=color, label=NAMES.get(space, space))
    axes.set(xlabel="epochs", xticks=(50, 200), ylabel="test log-likelihood (nats)", xlim=(30, 220))
    axes.legend(loc="lower right")
    return figure


def pairs(test, train, title: str = "Test images, and the training image nearest to each") -> Picture:
    """The test images with the highest contrast above the training images nearest to them.

    Args:
        test: (N, ...), in [0, 1].
        train: (M, ...), in [0, 1].
        title: of the figure.

    Returns:
        A figure with one axes.
    """
    shown = nearest_pairs(test, train, count=12)
    rows = dict(zip(("test", "nearest in training"), map(to_pixels, shown), strict=True))
    return styled(image_rows)(rows, title)


@styled
def gallery_rows(records: list[dict], images: np.ndarray, shown: Sequence[int], title: str) -> Picture:
    """Runs of the gallery as the panel shows them: images, curves, concentrations, nearest training images.

    Args:
        records: stored ones.
        images: (8, 4, 8, 3, 8, 8), uint8: by run, kind and number.
        shown: numbers of the runs, from 1.
        title: of the figure.

    Returns:
        A figure with four axes per run.
    """
    figure = new_figure(12, 2.6 * len(shown), title)
    for row, number in zip(figure.subplots(len(shown), 4, squeeze=False), shown, strict=True):
        record = records[number - 1]
        tiles = tile(to_pixels(images[number - 1].reshape(-1, *images.shape[3:])), columns=images.shape[2], gap=1)
        row[0].imshow(tiles)
        row[0].set_title(f"run {number}")
        for place, kind in enumerate(KINDS):
            row[0].text(-1, 9 * place + 4, kind, ha="right", va="center", fontsize=8)
        row[0].set_axis_off()
        row[1].plot(record["epochs"], record["train"], label="training")
        row[1].plot(record["epochs"], record["validation"], "--", color=BASELINE, label="validation")
        late = np.concatenate([record[key][len(record["epochs"]) // 8 :] for key in ("train", "validation")])
        row[1].set(xlabel="epoch", ylabel="ELBO (nats)", ylim=(late.min() - 5, late.max() + 5))
        row[1].legend(fontsize=8)
        draw_boxes(row[2], record["concentration"], vertical=True)
        row[2].axhline(record["floor"], color=OUTLINE, linewidth=3, alpha=0.6)
        row[2].set(xlabel="sphere, in order", title="κ (gray: its floor)")
        row[2].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        kappa_axis(row[2])
        draw_boxes(row[3], [record["nearest"]], vertical=False)
        row[3].set(xlabel="distance / contrast", title="nearest training image", xlim=(0, None), yticks=[])
    return figure


def draw_boxes(axes, quantiles: Sequence[Sequence[float]], vertical: bool) -> None:
    """A box with whiskers for each five quantiles, at 1, 2, ...

    Args:
        axes: where to draw.
        quantiles: (n, 5), at 5, 25, 50, 75 and 95 %.
        vertical: whether the values go upward.
    """
    names = "whislo", "q1", "med", "q3", "whishi"
    boxes = [dict(zip(names, row, strict=True)) for row in quantiles]
    orientation = "vertical" if vertical else "horizontal"
    style = {"showfliers": False, "manage_ticks": False, "medianprops": {"color": MARK}, "widths": 0.6}
    axes.bxp(boxes, list(range(1, len(boxes) + 1)), orientation=orientation, **style)
