"""The partition panel: what it shows in Python and in the browser, its stored samples, its traits."""

import numpy as np
import pytest
import torch
from torch.distributions import kl_divergence

from svae_course.chapter_04.figures import TEN, partition
from svae_course.chapter_04.panel import PRESETS, PartitionPanel, factor_shapes, stored_samples
from svae_course.vmf import floor_kl
from svae_lib import parse_latent_space
from svae_lib.errors import InputError
from svae_lib.files import save_weights
from tests.tree import ROOT


@pytest.mark.parametrize("space", TEN)
def test_the_kls_add_up_to_that_of_the_product_distribution(space):
    built, row = parse_latent_space(space), partition(space)
    posterior = built.posterior(torch.randn(1, row.parameters, dtype=torch.float64))
    kappas = [factor.concentration.item() for factor in getattr(posterior, "factors", (posterior,))]
    view = factor_shapes(row.dims, kappas)
    expected = kl_divergence(posterior, built.double().prior()).item()
    assert view.kl.sum() == pytest.approx(expected, rel=1e-6)  # the space gives its prior in float32
    assert view.spread.shape == (10,)
    assert factor_shapes(row.dims, [1.0] * row.concentrations).kl.sum() == pytest.approx(floor_kl(space))


def test_a_vmf_is_as_wide_in_every_dimension_of_its_sphere_and_in_no_other():
    spread = factor_shapes((5, 5), (88.0, 5.0)).spread
    np.testing.assert_allclose(spread[:5], spread[0])
    np.testing.assert_allclose(spread[5:], spread[5])
    assert spread[5] > 3 * spread[0]
    assert factor_shapes((2, 4), (1e-9, 1e-9)).spread == pytest.approx([1] * 6)  # as wide as the prior


def test_stored_samples_are_found_and_what_is_missing_is_said(tmp_path):
    path = tmp_path / "samples.safetensors"
    save_weights(path, {"s5,s5": torch.full((24, 28, 28), 255, dtype=torch.uint8)})
    found = stored_samples(path, ("2xs5", "s10"))
    assert found["2xs5"].shape == (24, 28, 28) and found["2xs5"].max() == 1
    assert found["s10"] == "no stored samples of this partition"
    path.write_bytes(path.read_bytes()[:100])
    assert "not a complete safetensors file" in stored_samples(path, ("s10",))["s10"]
    assert "there are no weights" in stored_samples(tmp_path / "none", ("s10",))["s10"]


SPACES = ("s10", "s5,s5", "s4,s3,s3", "5xs2")
MODULE = ROOT / "svae_course/chapter_04/panel.js"


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    path = tmp_path_factory.mktemp("samples") / "samples.safetensors"
    save_weights(path, {space: torch.randint(0, 256, (24, 28, 28), dtype=torch.uint8) for space in SPACES})
    return path


def test_sliders_presets_and_the_choice_are_traits(samples):
    panel = PartitionPanel(samples)
    assert panel.values == {"first": 50, "others": 5} and panel.partition == "5xs2"
    for name, at in panel.presets:
        panel.set(**at)
        assert panel.values == at == PRESETS[name]
    panel.partition = "s10"
    panel.reset()
    assert panel.values == {"first": 50, "others": 5} and panel.partition == "s10"  # reset leaves the choice as it is
    with pytest.raises(InputError, match="partition takes one of 's10', 's5,s5', 's4,s3,s3', '5xs2', not 's9'"):
        panel.partition = "s9"


def test_without_stored_samples_it_says_what_is_missing(tmp_path):
    panel = PartitionPanel(tmp_path / "missing.safetensors")
    assert panel.images == b""
    assert all("there are no weights" in row["message"] for row in panel.rows)
    assert panel.fallback.startswith(b"\x89PNG")


def test_it_has_a_still_picture_for_where_no_javascript_runs(samples):
    bundle, _ = PartitionPanel(samples)._repr_mimebundle_()
    assert bundle["text/plain"].startswith("PartitionPanel: Ten dimensions on one sphere or on several")
    assert "image/png" in bundle


def test_kl_and_spread_in_the_browser_are_those_of_python_to_the_ends_of_the_sliders(evaluate):
    kappas = [1, 2, 3, 5, 10, 31, 50, 99, 200]
    cases = [(partition(space).dims, (a, *[b] * (partition(space).concentrations - 1)))
             for space in (*SPACES, "2xs1") for a in kappas for b in kappas]  # fmt: skip
    found = evaluate(MODULE, "it.map(([dims, kappas]) => m.factorShapes(dims, kappas))", cases)
    for (dims, at), view in zip(cases, found, strict=True):
        expected = factor_shapes(dims, at)
        np.testing.assert_allclose(view["kl"], expected.kl, rtol=1e-9)
        np.testing.assert_allclose(view["spread"], expected.spread, rtol=1e-9)


def test_images_arrive_in_the_browser_as_they_are_stored(evaluate, samples):
    panel = PartitionPanel(samples)
    expected = np.concatenate([images.ravel() for images in stored_samples(samples, SPACES).values()])
    found = evaluate(MODULE, "[...m.unpacked(Uint8Array.from(it))]", list(panel.images))
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_the_line_under_the_sliders_says_what_is_shown(evaluate, samples):
    """Five spheres, one of them at kappa = 50 and the others at 5, as chapter 04 says."""
    panel = PartitionPanel(samples)
    shown = """(async () => {
        const { default: partition } = await import("/svae_course/chapter_04/panel.js");
        m.mount(document.body, partition, it);
        return [document.querySelector(".say").textContent, document.querySelector(".picture").ariaLabel];
    })()"""
    said, label = evaluate(ROOT / "svae_lib/widgets/shim.js", shown, panel.page())
    assert said == "5×2: κ = 50, the others 5: KL = 8.8 nats; m = 15 coordinates, the encoder gives 20 numbers"
    assert label == f"{panel.label}. {said}"
