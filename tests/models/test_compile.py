"""torch.compile without a graph break, and torch.export: the numbers of plain eager code, for any batch size.

Most tests take a backend that runs the captured graph as it is: what can go wrong is the capture. Inductor needs C++.
"""

import io
import shutil

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter, CompileCounterWithBackend
from torch.distributions import Distribution, kl_divergence

from svae_lib import build_vae
from tests.distributions.registry import FROM_PARAMETERS, direction

SPACES = ["s2", "s10", "10xs4", "2xs2,e2", "s2,s4", "2xc2,e2"]
needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None,
    reason="Inductor needs a C++ compiler, g++ or clang++",
)
# torch's own code on the way to Inductor warns where it is imported first
imports_inductor = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")


@pytest.fixture(autouse=True)
def _fresh_compiler():
    """torch turns the validation of distributions off where it first compiles, for good."""
    validates = Distribution._validate_args
    torch._dynamo.reset()
    torch.manual_seed(0)
    yield
    torch._dynamo.reset()
    Distribution.set_default_validate_args(validates)


@pytest.mark.parametrize("name", FROM_PARAMETERS)
def test_a_distribution_compiles_whole(name):
    """For one m and then another in one process, which never ended when tables were traced."""
    build, build_prior = FROM_PARAMETERS[name]
    for m in (3, 6):
        counter = CompileCounter()

        def quantities(u, k, z, m=m):
            d, prior = build(m, u, k), build_prior(m, u, k)
            return d.log_prob(z), d.entropy(), kl_divergence(d, prior), d.mean

        compiled = torch.compile(quantities, fullgraph=True, dynamic=True, backend=counter)
        sample = torch.compile(
            lambda u, k, m=m: build(m, u, k).rsample(), fullgraph=True, dynamic=True, backend=counter
        )
        for rows in (4, 7, 5):
            u, k = direction(rows, m).requires_grad_(), torch.linspace(1, 50, rows).double().requires_grad_()
            z = build(m, u, k).sample().requires_grad_()
            pairs = zip(compiled(u, k, z), quantities(u, k, z), strict=True)
            for found, expected in pairs:
                torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
            gradients = [
                torch.autograd.grad(f(u, k, z)[0].sum(), (u, k, z), allow_unused=True) for f in (compiled, quantities)
            ]
            torch.testing.assert_close(*gradients)
            assert build(m, u, k).support.check(sample(u, k)).all()
        assert counter.frame_count == 2


def _seeded(model, *inputs):
    """From one seed: a Euclidean factor has no noise to be given, and draws where it is called."""
    torch.manual_seed(1)
    return model(*inputs)


def check_elbo(space: str, backend: str, first: int = 20) -> None:
    """With the same noise, on batches of four sizes: values and gradients; and without noise, which is then drawn."""
    model = build_vae((6, 5), space, hidden=(16,))
    counter = CompileCounterWithBackend(backend)
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend=counter)
    for rows in (first, 7, 33, 12):
        x, (noise,) = torch.rand(rows, 6, 5).round(), model.latent_space.noise(1, rows)
        found, expected = (_seeded(f, x, noise) for f in (compiled, model))
        torch.testing.assert_close(tuple(found), tuple(expected), rtol=1e-5, atol=1e-4)
        weights = list(model.parameters())
        gradients = [torch.autograd.grad(elbo.total.mean(), weights) for elbo in (found, expected)]
        torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)
    assert counter.frame_count <= 2  # one more where the number of proposals, first 8 as in the reserve, changes too
    x = torch.rand(1, 6, 5).round().expand(2000, 6, 5)
    with torch.no_grad():
        found, expected = compiled(x), model(x)
    torch.testing.assert_close(found.kl, expected.kl)
    error = (found.total.var() + expected.total.var()).div(2000).sqrt()
    assert (found.total.mean() - expected.total.mean()).abs() < 5 * error


@pytest.mark.parametrize("space", SPACES)
def test_elbo_compiles_whole(space):
    check_elbo(space, "eager")


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES)
@needs_compiler
@imports_inductor
def test_elbo_compiled_by_inductor(space):
    with torch._inductor.config.patch(fallback_random=True):  # else a seed gives it other draws than eager code
        check_elbo(space, "inductor", first=19)  # 20 is the number of nodes, which README excepts


@needs_compiler
@imports_inductor
def test_kl_and_sample_compiled_by_inductor():
    """The cheapest case of all that Inductor does here: a table, a loop of draws and their derivatives."""

    def both(u, k):
        d, prior = (build(4, u, k) for build in FROM_PARAMETERS["von_mises_fisher"])
        return kl_divergence(d, prior), d.rsample()

    u, k = direction(9, 4).requires_grad_(), torch.linspace(1, 50, 9).double().requires_grad_()
    kl, z = torch.compile(both, fullgraph=True)(u, k)
    torch.testing.assert_close(kl, both(u, k)[0])
    torch.testing.assert_close(z.norm(dim=-1), torch.full((9,), 1.5).double())
    (slope,) = torch.autograd.grad(kl.sum(), k, retain_graph=True)
    torch.testing.assert_close(slope, *torch.autograd.grad(both(u, k)[0].sum(), k))
    (tangent,) = torch.autograd.grad(z.sum(), k)
    assert (tangent != 0).all()


class Method(nn.Module):
    """A model of which torch.export takes one method."""

    def __init__(self, model: nn.Module, name: str):
        super().__init__()
        self.model, self.name = model, name

    def forward(self, *inputs):
        result = getattr(self.model, self.name)(*inputs)
        return tuple(result) if isinstance(result, tuple) else result


@pytest.mark.parametrize("name", ["embed", "reconstruct", "decode", "elbo"])
@pytest.mark.parametrize("space", ["s2,s4", "2xs2,e2"])
def test_an_exported_program_gives_the_same_numbers(space, name):
    """Saved, loaded and called with another batch size; elbo from the same seed and draws in the same order."""
    model = build_vae((6, 5), space, hidden=(16,)).eval()
    shape = (model.latent_space.event_size,) if name == "decode" else (6, 5)
    batch = torch.export.Dim("batch", min=2, max=1000)
    program = torch.export.export(Method(model, name), (torch.rand(3, *shape),), dynamic_shapes=(({0: batch},),))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    loaded, x = torch.export.load(file).module(), torch.rand(11, *shape)
    torch.manual_seed(1)
    found = loaded(x)
    if name != "elbo":
        torch.testing.assert_close(found, getattr(model, name)(x))
        return
    total, reconstruction, kl = found
    torch.testing.assert_close(total, reconstruction - kl)
    torch.testing.assert_close(kl, model.elbo(x).kl)
    draws = [torch.stack([run(x)[1] for _ in range(400)]) for run in (loaded, model.elbo)]
    error = (draws[0].var(0) + draws[1].var(0)).div(400).sqrt()
    assert ((draws[0].mean(0) - draws[1].mean(0)).abs() < 5 * error).all()
