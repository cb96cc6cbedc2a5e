import numpy as np
import pytest
import torch

from svae_course.chapter_01 import figures
from svae_course.vmf import marginal_density
from svae_lib.ops import rotate_pole_to


def uniform(kappa, m, n):
    """Proposals at uniform heights of S^2, each accepted with exp(kappa (w - 1))."""
    w = 2 * torch.rand(n) - 1
    return w, kappa * (w - 1)


@pytest.mark.parametrize("kappa", [0.1, 1.0, 10.0, 200.0])
def test_the_acceptance_rate_of_uniform_proposals_on_s2_is_known(kappa):
    assert figures.uniform_acceptance(kappa, 3) == pytest.approx(-np.expm1(-2 * kappa) / (2 * kappa), rel=1e-9)


def test_proposals_under_the_density_are_accepted_and_those_above_are_not():
    figure = figures.rejection(5, 3, *uniform(5.0, 3, 300))
    _, density, accepted, rejected = figure.axes[0].lines
    for line, below in ((accepted, True), (rejected, False)):
        w, height = line.get_data()
        assert len(w) > 10
        assert ((height < marginal_density(5, 3, w)) == below).all()
    assert f"{len(accepted.get_xdata())} accepted" in figure.get_suptitle()


def test_the_envelope_is_the_proposals_density_times_a_constant():
    """Uniform heights have a flat density, so their envelope is flat, as high as the density at w = 1."""
    envelope = figures.rejection(5, 3, *uniform(5.0, 3, 300)).axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(envelope, 5 / -np.expm1(-10), rtol=1e-5)  # float32 proposals


def test_the_rates_shown_are_the_means_of_the_probabilities_to_accept():
    figure = figures.acceptance_rates(uniform, dims=(3,))
    solid, dashed = figure.axes[0].lines
    kappa, rate = solid.get_data()
    few = kappa < 30  # beyond, 4,000 proposals accept too few to compare
    np.testing.assert_allclose(rate[few], dashed.get_ydata()[few], rtol=0.15)


def test_tilt_times_volume_factor_is_the_density():
    for axes, m in zip(figures.tilt_and_volume(10, (3, 11)).axes, (3, 11), strict=True):
        tilt, volume = (line.get_ydata() for line in axes.lines)
        w = axes.lines[0].get_xdata()
        ratio = tilt * volume / marginal_density(10, m, w)
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)


def test_the_mirror_drawn_stands_halfway_between_every_draw_and_its_image():
    mu = torch.tensor([-0.6, 0.8])
    x = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    z = rotate_pole_to(mu, x)
    image = x - 2 * (x @ (u := torch.tensor([1.6, -0.8]) / 3.2**0.5))[:, None] * u
    figure = figures.reflection(mu, x, image)
    glass = next(line for line in figure.axes[0].lines if line.get_linestyle() == "--")
    through = np.array(glass.get_xy2()) / np.linalg.norm(glass.get_xy2())
    middle = (x + image).numpy() / 2
    np.testing.assert_allclose(middle - (middle @ through)[:, None] * through, 0, atol=1e-6)
    assert torch.allclose(z[0], image[0], atol=1e-6)


def test_histograms_and_means_show_each_sampler_against_the_truth():
    figure = figures.cosine_histograms(0, 3, {"one": 2 * torch.rand(4000) - 1, "two": torch.rand(50)})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), 0.5)
    figure = figures.mean_cosine(3, torch.tensor([1.0, 10.0]), {"mine": torch.tensor([0.2, 0.3])})
    truth, mine = figure.axes[0].lines[:2]
    assert truth.get_ydata()[-1] == pytest.approx(0.9)  # coth(10) - 1/10
    np.testing.assert_allclose(mine.get_ydata(), [0.2, 0.3])
