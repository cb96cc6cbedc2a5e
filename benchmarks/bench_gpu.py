"""On a GPU: operations against bare noise and SciPy, steps against the bare network's, a stack against one model.

python -m pytest -o python_files=bench_gpu.py benchmarks
"""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn
from tqdm import tqdm

from benchmarks.bare_network import bare_steps
from benchmarks.timing import medians, record
from svae_lib import build_vae
from svae_lib.datasets import ImageDataset, Split, binarize
from svae_lib.distributions import VonMisesFisher
from svae_lib.ops import log_ive
from svae_lib.training.history import Schedule
from svae_lib.training.stack import Stack
from svae_lib.training.stacked_trainer import StackedTrainer
from svae_lib.training.trainer import Trainer, TrainerConfig

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
DEVICE = torch.device("cuda")
STEPS, BATCH, DRAWS, ROUNDS, STACK = 128, 64, 100_000, 7, 10


def waiting(run: Callable[[], object]) -> Callable[[], None]:
    """The run until the GPU has finished it."""

    def finished() -> None:
        run()
        torch.cuda.synchronize()

    return finished


def compare(what: str, ours: Callable, peer: Callable, aim: str, against: str, calls: int = 1) -> None:
    found = medians({"peer": waiting(peer), "ours": waiting(ours)}, ROUNDS)
    record(what, found["ours"] / calls, found["peer"] / calls, aim, against=against)


def few_images() -> ImageDataset:
    images = Split(torch.randint(256, (STEPS * BATCH, 28, 28), dtype=torch.uint8))
    return ImageDataset("noise", images, images, images)


def epoch(space: str) -> Callable[[], object]:
    """STEPS steps of one model, as `fit` makes them."""
    torch.manual_seed(0)
    config = TrainerConfig(batch_size=BATCH, learning_rate=1e-3, min_improvement=0.01, max_restarts=0)
    trainer, bar = Trainer(build_vae((28, 28), space).to(DEVICE), few_images(), config), tqdm(disable=True)
    return lambda: trainer.train_epoch(1, bar)


def stacked_epoch(space: str) -> Callable[[], object]:
    """STEPS steps of ten models, as `fit_stacked` makes them."""
    models = [build_vae((28, 28), space) for _ in range(STACK)]
    trainer = StackedTrainer(Stack(models, DEVICE), few_images(), range(STACK), BATCH, 1e-3, Schedule())
    return lambda: trainer.train_epoch(1, tqdm(disable=True))


@pytest.mark.parametrize("ambient_dim", [3, 11, 41, 100])
def test_rsample(ambient_dim):
    loc = nn.functional.normalize(torch.randn(DRAWS, ambient_dim, device=DEVICE), dim=-1).requires_grad_()
    concentration = torch.linspace(1.0, 100.0, DRAWS, device=DEVICE).requires_grad_()

    def noise() -> torch.Tensor:
        normal = torch.randn(DRAWS, ambient_dim, device=DEVICE)
        return normal / normal.norm(dim=-1, keepdim=True)

    def sample() -> torch.Tensor:
        return VonMisesFisher(loc, concentration, validate_args=False).rsample()

    compare(f"rsample, m = {ambient_dim}, 10^5 draws, on a GPU", sample, noise, "", "randn / norm")
    compare(f"rsample and backward, m = {ambient_dim}, 10^5 draws, on a GPU",
            lambda: sample().sum().backward(), sample, "", "its forward")  # fmt: skip


@pytest.mark.parametrize("ambient_dim", [20, 41, 100])
def test_log_ive(ambient_dim):
    x = np.geomspace(1e-2, 1e3, 1_000_000)
    ours, order = torch.from_numpy(x).to(DEVICE), ambient_dim / 2 - 1
    compare(f"log ive, m = {ambient_dim}, 10^6 points, on a GPU", lambda: log_ive(order, ours),
            lambda: special.ive(order, x), "", "scipy.special.ive, on the CPU")  # fmt: skip


def test_steps():
    """Batches of 64, layers of 256 and 128 units."""
    spaces = "e10", "s2", "s10", "s40", "10xs4"
    runs = {"bare": bare_steps(binarize(few_images().train.images.to(DEVICE)).split(BATCH))} | {
        space: epoch(space) for space in spaces
    }
    runs |= {f"ten {space}": stacked_epoch(space) for space in ("e10", "s10", "10xs4")}
    times = {name: each / STEPS for name, each in medians({k: waiting(v) for k, v in runs.items()}, ROUNDS).items()}
    for space in spaces:
        peer, against = ("bare", "the bare network") if space == "e10" else ("e10", "Gaussian")
        record(f"a step, {space}, on a GPU", times[space], times[peer], "", against=against)
    for space in ("e10", "s10", "10xs4"):
        ours, one = times[f"ten {space}"], times[space]
        record(f"a step of a stack of ten, {space}, on a GPU", ours, one, "", against="of one")


def test_log_likelihood():
    """500 samples for each of 1,000 images."""
    x = (torch.rand(1000, 28, 28, device=DEVICE) < 0.2).float()
    sphere, flat = (build_vae((28, 28), space).to(DEVICE) for space in ("s10", "e10"))
    compare("log-likelihood, s10, on a GPU", lambda: sphere.log_likelihood(x, 500),
            lambda: flat.log_likelihood(x, 500), "", "Gaussian")  # fmt: skip
