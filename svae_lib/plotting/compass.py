"""What latent spaces make of a needle that turns: its codes, marked by where it points, and needles from the prior.

The pictures of a turning needle go once round in equal steps, clockwise, from the north.
"""

import numpy as np

from svae_lib.plotting.decoding import embed_images, is_sphere
from svae_lib.plotting.images import image_rows
from svae_lib.plotting.style import Picture, new_figure, styled, to_numpy

PATH, PRIOR = "#94a4a2", "#3f90da"
POINTS = {0: "N", 90: "E", 180: "S", 270: "W"}  # other directions are marked by their degrees


@styled
def compass_codes(models: dict[str, object], needles) -> Picture:
    """Where each model puts the pictures (N, H, W) of one turn of a needle, marked by its direction every 30 degrees.

    The latent spaces are of one coordinate, which is drawn over the direction, or of two: planes and circles.
    """
    figure = new_figure(3.6 * len(models), 4, "One turn of the needle, as codes")
    for axes, (name, model) in zip(np.ravel(figure.subplots(1, len(models))), models.items(), strict=True):
        codes = embed_images(model, needles)
        draw = _line if codes.shape[1] == 1 else _circle if is_sphere(model.latent_space, 1) else _plane
        draw(axes, codes)
        axes.set_title(name)
    return figure


@styled
def prior_rows(models: dict[str, object], needles) -> Picture:
    """Real needles (N, H, W) and, a row a model, as many pictures decoded from codes of its prior."""
    needles = to_numpy(needles)
    rows = {"data": needles} | {name: to_numpy(model.sample(len(needles))) for name, model in models.items()}
    return image_rows(rows, "Pictures drawn from random codes of the prior")


def _mark(axes, x, y) -> None:
    """The path of codes (N,) and (N,), with the direction of the needle written on it every 30 degrees."""
    axes.plot(x, y, color=PATH)
    for degrees in range(0, 360, 30):
        at = degrees * (len(x) - 1) // 360
        axes.annotate(
            POINTS.get(degrees, str(degrees)), (x[at], y[at]), ha="center", va="center", zorder=4,
            size=12 if degrees in POINTS else 8, weight="bold" if degrees in POINTS else "normal",
            bbox={"boxstyle": "circle,pad=0.12", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
        )  # fmt: skip


def _closed(codes: np.ndarray) -> np.ndarray:
    return np.concatenate([codes, codes[:1]])


def _line(axes, codes) -> None:
    _mark(axes, np.linspace(0, 360, len(codes) + 1), _closed(codes)[:, 0])
    axes.set(xlabel="direction of the needle (degrees)", ylabel="z (deviations of the prior)", xticks=range(0, 361, 90))


def _plane(axes, codes) -> None:
    reach = max(2.5, 1.15 * np.abs(codes).max())
    grid = np.linspace(-reach, reach, 121)
    prior = np.exp(-(grid[:, None] ** 2 + grid**2) / 2)
    axes.contourf(grid, grid, prior, np.linspace(0.05, 1, 8), cmap="Blues", alpha=0.5)
    _mark(axes, *_closed(codes).T)
    axes.set(aspect="equal", xlim=(-reach, reach), ylim=(-reach, reach))
    axes.set(xlabel="$z_1$ (blue: density of the prior)", ylabel="$z_2$ (deviations of the prior)")


def _circle(axes, codes) -> None:
    turn = np.linspace(0, 2 * np.pi, 181)
    axes.plot(np.cos(turn), np.sin(turn), color=PRIOR, alpha=0.35, linewidth=8)
    _mark(axes, *_closed(codes).T)
    axes.set(aspect="equal", xlim=(-1.25, 1.25), ylim=(-1.25, 1.25))
    axes.set(xlabel="$z_1$ (blue: the uniform prior)", ylabel="$z_2$")
