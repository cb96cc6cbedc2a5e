"""Dials: what is held, what is turned, and that a code is found again where its dials stand."""

import numpy as np
import pytest

from svae_lib import build_vae, parse_latent_space
from svae_lib.errors import InputError
from svae_lib.plotting.dials import (
    AHEAD,
    RING,
    dial_frames,
    dial_names,
    dial_view,
    digit_turns,
    ring,
    static_preview,
    turned,
)
from svae_lib.plotting.style import png

SPACES = ["s1", "s2", "2xs1", "s1,s4,s2", "5xs2"]


def a_code(space) -> np.ndarray:
    return space.prior().sample().numpy()


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("radius", [2.0, "sqrt_m"])
def test_a_turn_stays_on_every_sphere_and_a_whole_turn_comes_back(name, radius):
    space = parse_latent_space(name, radius=radius)
    frames = dial_frames(space, a_code(space))
    degrees = np.random.default_rng(0).uniform(-180, 180, (20, len(frames)))
    code = turned(frames, degrees)
    assert code.shape == (20, space.event_size)
    sizes = [frame.shape[-1] for frame in frames]
    for size, piece in zip(sizes, np.split(code, np.cumsum(sizes)[:-1], axis=-1), strict=True):
        length = np.sqrt(size) if radius == "sqrt_m" else radius
        np.testing.assert_allclose(np.linalg.norm(piece, axis=-1), length, rtol=1e-6)
    np.testing.assert_allclose(turned(frames, degrees + 360), code, atol=1e-12)


def test_on_a_circle_the_dial_is_the_angle_and_on_a_sphere_it_leads_through_the_code():
    space = parse_latent_space("s1,s3", radius=1.0)
    code = a_code(space)
    frames = dial_frames(space, code)
    angle = np.degrees(np.arctan2(code[1], code[0]))
    np.testing.assert_allclose(turned(frames, [angle, 0]), code, atol=1e-6)
    half = turned(frames, [angle, 180])
    np.testing.assert_allclose(half[2:], -code[2:], atol=1e-6)
    np.testing.assert_allclose(half[:2], code[:2], atol=1e-6)


@pytest.mark.parametrize("axis", range(3))
def test_a_dial_turns_even_where_the_code_is_an_axis(axis):
    (frame,) = dial_frames(parse_latent_space("s2", radius=1.0), np.eye(3)[axis])
    np.testing.assert_allclose(frame @ frame.T, np.eye(2), atol=1e-12)


@pytest.mark.parametrize("radius", [1.0, 1.75])
def test_the_dials_stand_at_the_code_of_a_start_digit(glass, radius):
    model = glass("s1,s2", radius)
    code = radius * np.array([0.6, -0.8, 0.0, 0.6, 0.8])
    frames, turns = digit_turns(model, {"it": model.image(*code)})["it"]
    assert turns == [-53, 0]  # whole degrees: half a degree off at most
    assert np.linalg.norm(turned(frames, turns) - code) < radius * np.radians(0.5)


def test_a_ring_shows_what_turning_its_own_dial_leads_to(glass):
    model = glass("s1,s2")
    frames = dial_frames(model.latent_space)
    image, ahead = dial_view(model, frames, [30, 60])
    np.testing.assert_allclose(model.embed(image), turned(frames, [30, 60]), atol=1e-5)
    for number, own in enumerate(ahead):
        for step, seen in enumerate(own):
            at = [30, 60]
            at[number] = 360 * step / AHEAD
            np.testing.assert_allclose(model.embed(seen), turned(frames, at), atol=1e-5)


def test_a_ring_of_digits_begins_at_the_right_and_runs_counterclockwise():
    images = np.zeros((AHEAD, 28, 28))
    for step, image in enumerate(images):
        image[:] = step + 1
    seen = ring(images)
    middle = RING // 2
    assert (seen[middle, -1], seen[0, middle], seen[middle, 0], seen[-1, middle]) == (1, 4, 7, 10)


def test_a_flat_factor_has_no_dial():
    with pytest.raises(InputError, match="factor 2 of s1,e2 is e2"):
        dial_frames(parse_latent_space("s1,e2"))


@pytest.mark.parametrize("name", SPACES)
def test_every_product_of_spheres_can_be_drawn(name):
    model = build_vae((28, 28), name, hidden=(8,))
    count = len(dial_names(model.latent_space))
    frames = [png(static_preview(model, [[0] * count, [angle] * count])) for angle in (0, 45, 0)]
    assert frames[0].startswith(b"\x89PNG")
    assert frames[0] == frames[2] != frames[1]
    assert len(static_preview(model, [[0] * count, [90] * count]).axes) == 2 * (count + 1)
