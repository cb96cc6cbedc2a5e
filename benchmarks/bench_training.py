"""The whole job: an epoch, an evaluation, the start of the program; against a Gaussian, the bare network and peers."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace

import power_spherical
import pytest
import torch
from pythae.models import SVAE, SVAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from torch import nn
from tqdm import tqdm

from benchmarks.bare_network import bare_steps
from benchmarks.timing import medians, record
from svae_lib import build_vae, load_dataset
from svae_lib.datasets import ImageDataset, binarize
from svae_lib.training.trainer import Trainer, TrainerConfig

IMAGES, BATCH = 50_000, 100  # an epoch of MNIST
GAUSSIAN = "e10"
AIMS = {"s2": 1.25, "s10": 1.25, "s40": 1.25, "10xs4": 1.4, "20xs2": 1.4, "40xs1": 1.6}
two_threads = pytest.mark.parametrize("threads", [2], indirect=True, ids=["2 threads"])


def mnist_many_times(count: int = IMAGES) -> ImageDataset:
    """The small set, repeated to MNIST's size: as many bytes to pick batches from, without a download."""
    data = load_dataset("mnist_5k")
    images = data.train.images.repeat(-(-count // len(data.train)), 1, 1)[:count]
    return replace(data, train=replace(data.train, images=images, labels=None))


def epoch(space: str, network: str = "mlp", count: int = IMAGES) -> Callable[[], object]:
    """One pass of svae_lib's training over the images."""
    torch.manual_seed(0)
    config = TrainerConfig(batch_size=BATCH, learning_rate=1e-3, min_improvement=0.01, max_restarts=0)
    trainer = Trainer(build_vae((28, 28), space, network=network), mnist_many_times(count), config)
    bar = tqdm(disable=True)
    return lambda: trainer.train_epoch(1, bar)


def bare_network(count: int = IMAGES) -> Callable[[], object]:
    """The floor: the network alone on batches that lie ready."""
    return bare_steps(binarize(mnist_many_times(count).train.images).split(BATCH))


class PythaeEncoder(BaseEncoder):
    def __init__(self, encoder: nn.Module):
        super().__init__()
        self.encoder, self.loc, self.spread = encoder, nn.Linear(128, 11), nn.Linear(128, 1)

    def forward(self, x):
        features = self.encoder(x)
        return ModelOutput(embedding=self.loc(features), log_concentration=self.spread(features))


class PythaeDecoder(BaseDecoder):
    def __init__(self, decoder: nn.Module):
        super().__init__()
        self.decoder = decoder

    def forward(self, z):
        return ModelOutput(reconstruction=self.decoder(z).sigmoid())


def peer_epoch(step_loss: Callable[[torch.Tensor], torch.Tensor], parameters) -> Callable[[], object]:
    """A peer's model on the same batches, with the same optimizer, with pixels binarized at each step as ours are."""
    optimizer, images = torch.optim.Adam(parameters, 1e-3, fused=True), mnist_many_times().train.images

    def run() -> None:
        for batch in torch.randperm(IMAGES).split(BATCH):
            loss = step_loss(binarize(images[batch]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run


def pythae_s10() -> Callable[[], object]:
    """pythae's SVAE on S^10 around the same layers."""
    ours = build_vae((28, 28), "s10")
    config = SVAEConfig(input_dim=(28, 28), latent_dim=11, reconstruction_loss="bce")
    model = SVAE(config, PythaeEncoder(ours.encoder), PythaeDecoder(ours.decoder))
    return peer_epoch(lambda x: model({"data": x}).loss, model.parameters())


def power_spherical_s10() -> Callable[[], object]:
    """power_spherical's distribution on S^10 in the same network."""
    model, prior = build_vae((28, 28), "s10"), power_spherical.HypersphericalUniform(11)

    def loss(x: torch.Tensor) -> torch.Tensor:
        direction, spread = model.head(model.encoder(x)).split([11, 1], -1)
        loc, scale = nn.functional.normalize(direction, dim=-1), 1 + nn.functional.softplus(spread.squeeze(-1))
        posterior = power_spherical.PowerSpherical(loc, scale, validate_args=False)
        reconstruction = model.likelihood.log_prob(model.decode(posterior.rsample()), x)
        return (torch.distributions.kl_divergence(posterior, prior) - reconstruction).mean()

    return peer_epoch(loss, model.parameters())


@two_threads
@pytest.mark.filterwarnings("ignore:To copy construct:UserWarning")  # pythae's
def test_epochs(threads):
    """MLP 256-128, batches of 100, 50,000 images, two threads."""
    spaces = [GAUSSIAN, *AIMS, "5xs8"]
    runners = {space: epoch(space) for space in spaces} | {"floor": bare_network()}
    runners |= {"pythae": pythae_s10(), "power_spherical": power_spherical_s10()}
    found = medians(runners, rounds=5)
    gaussian = found[GAUSSIAN]
    record("epoch, Gaussian d = 10", gaussian, found["floor"], "<= 1.15", "s", "the bare network")
    for space, aim in AIMS.items():
        record(f"epoch, {space}", found[space], gaussian, f"<= {aim}", "s", "Gaussian")
    for finer, coarser in (("10xs4", "5xs8"), ("20xs2", "10xs4"), ("40xs1", "20xs2")):
        record(f"epoch, {finer}", found[finer], found[coarser], "<= 1.15", "s", coarser)
    record("epoch, s10", found["s10"], found["pythae"], "", "s", "pythae's SVAE")
    record("epoch, s10", found["s10"], found["power_spherical"], "", "s", "power_spherical")


@two_threads
def test_convolutional_epochs(threads):
    """A tenth of an epoch, because the network takes ten times as long; the table shows a whole one."""
    found = medians({space: epoch(space, "cnn", IMAGES // 10) for space in (GAUSSIAN, "s10")}, rounds=3)
    record("epoch, s10, convolutions", 10 * found["s10"], 10 * found[GAUSSIAN], "", "s", "Gaussian")


EVALUATION = """
import json, re, time, torch
from pathlib import Path
from svae_lib import build_vae
torch.set_num_threads(2)
torch.manual_seed(0)
model, images = build_vae((28, 28), "{space}"), (torch.rand(10_000, 28, 28) < 0.13).float()
start = time.perf_counter()
for x in images.split(100):
    model.log_likelihood(x, 500)
seconds = time.perf_counter() - start
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())  # ru_maxrss would be its parent's
print(json.dumps([seconds, int(peak[1]) / 1e3]))
"""


def test_evaluation():
    """Log-likelihood of 10,000 images with 500 samples each, in a process of its own: time and peak memory."""
    found = {}
    for space in (GAUSSIAN, "s10"):
        command = [sys.executable, "-c", EVALUATION.format(space=space)]
        found[space] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    (gaussian, other), (sphere, memory) = found[GAUSSIAN], found["s10"]
    record("log-likelihood, 10^4 images, 500 samples, s10", sphere, gaussian, "<= 1.5", "s", "Gaussian")
    record("its peak memory", memory, other, "< 1000 MB", "MB", "Gaussian")


@pytest.mark.parametrize(
    ("what", "arguments", "aim"),
    [("import svae_lib", ["-c", "import svae_lib"], ""), ("svae --help", ["-m", "svae_lib", "--help"], "< 0.5 s")],
)
def test_start(what, arguments, aim):
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    record(what, statistics.median(times), None, aim, "s")
