"""The Bessel operations against an oracle of 70 digits, on a grid and off it."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from svae_lib.ops import bessel_expansions, bessel_ratio, bessel_table, ive, log_ive
from svae_lib.ops.bessel import vmf_quantities
from tests.ops.bessel_oracle import exact

ORDERS = [0, 2.7e-7, 0.05, 0.5, 1.5, 9.5, 23.5, 24.0, 31, 511.5, 1e5]
ARGUMENTS = [1e-8, 1e-3, 0.7, 6.0, 23.99, 24.01, 90.0, 180.0, 1e3, 3e4, 1e6, 1e8]
# The figures promised in the docstrings: relative errors, the derivative's against max(|derivative|, 1 - A).
BOUNDS = {
    torch.float64: dict(
        log_ive=5e-15, log_derivative=5e-15, ratio=5e-15, one_minus_ratio=5e-15, ratio_derivative=1e-14, kl=5e-14
    ),
    torch.float32: dict(
        log_ive=5e-7, log_derivative=5e-7, ratio=5e-7, one_minus_ratio=5e-7, ratio_derivative=2e-6, kl=1e-5
    ),
}


def errors(order: float, x: torch.Tensor) -> dict[str, float]:
    """Relative error of every quantity at one point, through the public functions where there is one."""
    x = x.detach().requires_grad_()
    value = log_ive(order, x)
    (derivative,) = torch.autograd.grad(value, x)
    quantities = vmf_quantities(float(order), x.detach())
    found = {"log_ive": value, "log_derivative": derivative, "ratio": bessel_ratio(order, x.detach())}
    found |= {
        "one_minus_ratio": quantities.one_minus_ratio,
        "ratio_derivative": quantities.ratio_derivative,
        "kl": quantities.kl,
    }
    truth = exact(order, x.item())._asdict()
    scale = {name: abs(value) for name, value in truth.items()}
    scale["log_derivative"] = max(scale["log_derivative"], truth["one_minus_ratio"])
    return {name: float(abs(found[name].item() - truth[name]) / scale[name]) for name in found}


def assert_within(order: float, x: torch.Tensor) -> None:
    for name, error in errors(order, x).items():
        assert error <= BOUNDS[x.dtype][name], f"{name} at order {order}, x {x.item()}: {error:.1e}"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("order", ORDERS)
def test_every_quantity_keeps_its_digits_on_the_grid(order, dtype):
    for x in ARGUMENTS:
        assert_within(order, torch.tensor(x, dtype=dtype))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(order=st.floats(0, 5).map(lambda e: 10**e - 1), exponent=st.floats(-8, 8))
def test_every_quantity_keeps_its_digits_off_the_grid(order, exponent):
    assert_within(order, torch.tensor(10**exponent, dtype=torch.float64))


@pytest.mark.parametrize("order", ORDERS)
def test_the_float32_path_of_devices_without_float64_is_sound(order):
    """On MPS table and expansions run in float32 throughout: a few rounding errors of 6e-8, up to 3e-6 in log ive."""
    x = torch.tensor(ARGUMENTS, dtype=torch.float32)
    quantities, log_value = bessel_table.quantities(order, x), bessel_expansions.log_ive(order, x)
    for i, point in enumerate(x.tolist()):
        truth = exact(order, point)
        for name, value in {"log_ive": log_value, **quantities._asdict()}.items():
            error = float(abs(value[i].item() - getattr(truth, name)) / abs(getattr(truth, name)))
            assert error < 5e-6, f"{name} at order {order}, x {point}: {error:.1e}"


def test_zero_gives_the_true_limits():
    zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    assert log_ive(0, zero).item() == 0.0
    assert log_ive(0.5, zero).item() == log_ive(30, zero).item() == -math.inf
    assert ive(0, zero).item() == 1.0
    assert ive(3, zero).item() == bessel_ratio(3, zero).item() == bessel_ratio(300, zero).item() == 0.0
    assert torch.autograd.grad(log_ive(0, zero), zero)[0].item() == -1.0
    assert torch.autograd.grad(bessel_ratio(1.5, zero), zero)[0].item() == pytest.approx(1 / 5)  # A ~ x/m


def test_a_thousand_points_agree_with_scipy():
    """A wide sweep by a third route; SciPy's own error is near 1e-13 here."""
    x = torch.logspace(-3, 4, 1000, dtype=torch.float64)
    for order in (0, 0.5, 3, 19.5):
        torch.testing.assert_close(
            ive(order, x), torch.from_numpy(special.ive(order, x.numpy())), rtol=1e-12, atol=1e-300
        )


@pytest.mark.parametrize("order", [0, 0.5, 1.5, 9.0, 30.0, 511.5])
@pytest.mark.parametrize("function", [log_ive, ive, bessel_ratio])
def test_two_derivatives(order, function):
    x = torch.tensor([0.3, 5.0, 23.0, 30.0, 200.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: function(order, x), x, rtol=1e-6, atol=1e-9)
    assert torch.autograd.gradgradcheck(lambda x: function(order, x), x, rtol=1e-6, atol=1e-9)


def test_a_third_derivative_is_refused_not_wrong():
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    first = torch.autograd.grad(bessel_ratio(1.5, x), x, create_graph=True)[0]
    second = torch.autograd.grad(first, x, create_graph=True)[0]
    with pytest.raises(NotImplementedError, match="twice"):
        torch.autograd.grad(second, x)


@given(shape=st.lists(st.integers(0, 3), max_size=3).map(tuple))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_shape_and_dtype_are_those_of_x(shape):
    for dtype in (torch.float32, torch.float64):
        x = torch.full(shape, 3.0, dtype=dtype)
        for order in (1.5, 40):
            for function in (log_ive, ive, bessel_ratio):
                result = function(order, x)
                assert (result.shape, result.dtype) == (x.shape, dtype)


def test_one_element_is_computed_as_it_is_among_many():
    """Pieces and the split between the two expansions leave no seam."""
    x = torch.rand(100_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 60
    for function in (log_ive, bessel_ratio):
        whole = function(4.5, x)
        torch.testing.assert_close(
            whole[::9999], torch.stack([function(4.5, one) for one in x[::9999]]), rtol=1e-15, atol=0
        )


def test_fault_log_of_ive_underflows():
    """log(ive) of the public code is -inf from m = 66 on in float32 and m = 299 in float64, at x = 1."""
    for ambient_dim in (66, 299, 1024):
        for dtype in (torch.float32, torch.float64):
            assert log_ive(ambient_dim / 2 - 1, torch.tensor(1.0, dtype=dtype)).isfinite()


@pytest.mark.parametrize(
    ("order", "x", "error", "words"),
    [
        (-1, torch.ones(1), ValueError, "order must be a finite number >= 0, found -1"),
        (math.nan, torch.ones(1), ValueError, "order must be a finite number >= 0, found nan"),
        (1, torch.tensor([1.0, -2.0]), ValueError, "x must be finite and >= 0, found -2.0"),
        (1, torch.tensor([1.0, math.nan]), ValueError, "found nan"),
        (1, torch.tensor([math.inf]), ValueError, "found inf"),
        (1, torch.tensor([1]), TypeError, "found torch.int64: convert it"),
        (1, 2.0, TypeError, "x must be a floating-point tensor, found float"),
    ],
)
def test_bad_input_is_named(order, x, error, words):
    for function in (log_ive, ive, bessel_ratio):
        with pytest.raises(error, match=words):
            function(order, x)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(order=st.floats(0, 5).map(lambda e: 10**e - 1))
def test_the_table_holds_what_the_expansions_say(order):
    """Everywhere, at 0, between the nodes, and where rho rounds to 1; 1e-9 is what the table's docstring promises."""
    x = torch.cat((torch.zeros(1), torch.logspace(-8, 30, 3000))).double()
    table, exact_terms = bessel_table.quantities(order, x), bessel_expansions.quantities(order, x)
    for name, value in table._asdict().items():
        torch.testing.assert_close(value, getattr(exact_terms, name), rtol=1e-9, atol=1e-300, msg=name)


def test_the_table_passes_what_is_not_a_number_on():
    x = torch.tensor([math.nan, 1.0, math.inf])
    for value in bessel_table.quantities(1.5, x):
        assert value.isnan().tolist() == [True, False, True]
