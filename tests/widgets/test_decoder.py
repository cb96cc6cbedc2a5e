"""Decoders for the browser, in Python: what int8 rows and tables cost is measured, stated and small."""

import numpy as np
import pytest
import torch

from svae_lib import build_vae
from svae_lib.errors import InputError
from svae_lib.plotting.decoding import decode_images
from svae_lib.widgets.decoder import quantized, tabulated


def waves(at):
    """Images (n, 2, 3) of coordinates (n, 2), smooth in the first, unrelated at each integer of the second."""
    phase = at[:, :1] + np.array([0, 1.7, 4.0])[at[:, 1].round().astype(int), None]
    return 0.5 + 0.5 * np.sin(phase[:, None] + np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "categorical"])
def test_a_fully_connected_decoder_states_its_error(likelihood):
    model = build_vae((6, 4), "s2", hidden=(16, 8), likelihood=likelihood)
    network, weights = quantized(model)
    outputs = 24 * model.likelihood.parameter_count
    assert network["sizes"] == [3, 8, 16, outputs] and network["shape"] == [6, 4]
    assert len(weights) == 8 * (8 + 16 + outputs) + 3 * 8 + 8 * 16 + 16 * outputs
    assert 0 < network["mean_error"] <= network["error"] < 0.02


def test_the_random_numbers_of_the_user_go_on_unchanged():
    model = build_vae((6, 4), "s2", hidden=(16,))
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    quantized(model)
    tabulated(waves, [(0, 6, 40), (0, 2, 3)])
    assert torch.equal(torch.rand(3), expected)


def test_a_row_of_zeros_stays_one():
    model = build_vae((6, 4), "s2", hidden=(16,))
    with torch.no_grad():
        model.decoder.net[-1].weight[3] = 0
    assert np.isfinite(quantized(model).network["error"])


@pytest.mark.parametrize(
    "model",
    [
        build_vae((8, 8), "s2", hidden=(16,), network="cnn"),
        build_vae((64, 64), "s2", hidden=(257,)),  # more weights than a page should hold
    ],
)
def test_other_networks_get_no_rows(model):
    assert quantized(model) is None


def test_a_network_that_int8_changes_too_much_gets_no_rows():
    model = build_vae((6, 4), "s2", hidden=(16,))
    with torch.no_grad():
        for weights in model.decoder.parameters():
            weights.mul_(1_000)
    assert quantized(model) is None


def test_a_table_states_its_error_and_reads_whole_axes_at_integers():
    network, weights = tabulated(waves, [(0, 6, 40), (0, 2, 3)])
    assert network["shape"] == [2, 3] and network["likelihood"] == "gaussian"
    assert network["mean_error"] <= network["error"] < 0.02
    assert len(weights) == 8 * 6 + 6 * network["sizes"][0] + 120 * network["sizes"][0]


def test_a_coarse_table_states_a_large_error():
    assert tabulated(waves, [(0, 6, 4), (0, 2, 3)]).network["error"] > 0.1


@pytest.mark.parametrize(
    "make", [quantized, lambda model: tabulated(lambda at: decode_images(model, at), [(0, 1, 2)] * 3)]
)
def test_a_model_that_decodes_to_nan_is_refused_in_one_line(make):
    model = build_vae((6, 4), "s2", hidden=(16,))
    with torch.no_grad():
        model.decoder.net[-1].bias[0] = float("nan")
    with pytest.raises(InputError, match="the model decodes to NaN") as error:
        make(model)
    assert "\n" not in str(error.value)


def test_images_of_one_gray_make_a_table_too():
    network, _ = tabulated(lambda at: np.full((len(at), 2, 2), 0.25), [(0, 1, 5)])
    assert network["error"] < 1e-6
