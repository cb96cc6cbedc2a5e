"""What the chapter says of airports, cases and documents, and that every figure is drawn."""

import numpy as np
import pytest
import torch

from svae_course.chapter_09 import cases, documents, figures
from svae_course.chapter_09.airports import directions, half_mass_angle, mixture, split, stored_fits
from svae_lib.distributions import VonMisesFisher


def test_stored_mixtures_are_those_of_the_airports_that_are_installed():
    """Another release of the list moves the score by less than 0.02 nats; a wrong order or unit by far more."""
    n = len(directions())
    for key in (("free", 2), ("free", 6), ("tied", 6)):
        fit = stored_fits()[key]
        parameters = 3 * fit["count"] - 1 + len(set(fit["concentration"]))
        score = (parameters * np.log(n) - fit["bic"]) / (2 * n)
        assert mixture(fit).score(directions()) == pytest.approx(score, abs=0.02)
        assert fit["held_out"] == pytest.approx(score, abs=0.05)


def test_what_the_text_says_of_the_airports():
    fits = stored_fits()
    broad, narrow = fits["free", 2]["concentration"]
    assert broad < 1.2 and narrow > 40
    free = [fits["free", count]["bic"] for count in range(1, 11)]
    assert free == sorted(free, reverse=True)  # no end


def test_half_of_the_samples_lie_within_the_circle():
    """4,000 samples: 0.5 within four standard errors."""
    torch.manual_seed(0)
    for kappa in (0.1, 5.0, 300.0):
        z = VonMisesFisher(torch.tensor([0.0, 0.0, 1.0]).double(), torch.tensor(kappa).double()).sample((4000,))
        inside = (torch.arccos(z[:, 2]) < half_mass_angle(torch.tensor(kappa).double())).double().mean()
        assert float(inside) == pytest.approx(0.5, abs=0.032)


def test_halves_are_all_of_it_once():
    halves = split(np.arange(11))
    assert sorted(np.concatenate(halves).tolist()) == list(range(11)) and len(halves[0]) == 6


def test_samples_of_a_case_leave_the_global_random_state_alone():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    cases.draw("few and alike", 0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_free_concentration_finds_the_narrow_group_and_k_means_does_not():
    points, groups = cases.draw("narrow beside broad", 3)
    found = {m: cases.clusters(m, 2).fit_predict(points) for m in cases.METHODS}
    right = {m: max((each == groups).mean(), (each != groups).mean()) for m, each in found.items()}
    assert right["mixture, free κ"] > 0.9 > 0.8 > right["k-means"]


def test_documents_are_directions():
    texts = ["samples of a normal distribution", "the gradient of a loss", "normal loss", "a distribution"]
    rows, words = documents.directions(texts)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1)
    assert rows.shape == (4, len(words)) and "the" not in words
    found = np.array([0, 1, 1, 0])
    picture = figures.contents(np.array([0, 1, 1, 2]), found, rows, words)
    assert len(picture.axes[0].get_xticklabels()) == 2


def test_maps_are_drawn():
    picture = figures.maps((("free", 6), ("tied", 2)), "two maps", every=50)
    assert [axes.get_title(loc="left")[:6] for axes in picture.axes] == ["free: ", "tied: "]
