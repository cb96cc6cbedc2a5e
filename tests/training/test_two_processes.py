"""Two processes train one model: with no noise in it, they end where one process ends."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

import svae_lib
from svae_lib.reading import load_weights
from svae_lib.training.checkpoints import load_checkpoint
from tests.commands import wait_for

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(svae_lib.__file__).parents[1]), "OMP_NUM_THREADS": "1"}
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]

SCRIPT = """
import sys
import torch
from svae_lib.datasets import ImageDataset, Split
from svae_lib.models import ELBO, VAE, build_vae
from svae_lib.training import Schedule, fit
from torch.distributions import kl_divergence

images = torch.randint(256, (35, 8, 8), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
data = ImageDataset("noise", Split(images), Split(images[:9]), Split(images[:9]))

class Still(VAE):
    def elbo(self, x, noise=None):  # the posterior's mode in place of a sample: nothing is drawn
        posterior = self.encode(x)
        reconstruction = self.likelihood.log_prob(self.decode(posterior.mode), x)
        kl = kl_divergence(posterior, self.latent_space.prior())
        return ELBO(reconstruction - kl, reconstruction, kl)

torch.manual_seed(2)
parts = build_vae((8, 8), "s2", hidden=(16,), likelihood="gaussian")
model = Still(parts.encoder, parts.decoder, parts.latent_space, parts.likelihood)
history = fit(model, data, epochs=4, batch_size=8, learning_rate=0.01, schedule=Schedule(warmup=3), clip=5.0,
              checkpoint=sys.argv[1], progress=False, on_epoch=lambda h: print("epoch", h.epoch, flush=True))
fit(model, data, epochs=1, progress=False)  # a second training in the same processes
"""


@pytest.fixture(scope="module", autouse=True)
def _fabric():
    pytest.importorskip("lightning_fabric")


def run(*line, cwd):
    done = subprocess.run([*line], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_processes_end_where_one_does(tmp_path):
    """35 images in steps of 8: in the last step, one process has two images and the other one."""
    (tmp_path / "script.py").write_text(SCRIPT)
    one = run(sys.executable, "script.py", "one.pt", cwd=tmp_path)
    two = run(*TORCHRUN, "script.py", "two.pt", cwd=tmp_path)
    assert one == two == "".join(f"epoch {number}\n" for number in (1, 2, 3, 4))  # the first process alone speaks
    single, double = load_checkpoint(tmp_path / "one.pt"), load_checkpoint(tmp_path / "two.pt")
    for name, tensor in single["model"].items():  # float32 sums in another order, through twenty steps of Adam
        assert torch.allclose(tensor, double["model"][name], rtol=1e-3, atol=1e-5), name
    for mine, theirs in zip(single["history"]["rows"], double["history"]["rows"], strict=True):
        for key in ("train_loss", "train_kl", "validation_elbo"):
            assert mine[key] == pytest.approx(theirs[key], rel=1e-4)


@pytest.mark.slow
def test_torchrun_of_the_command_line_leaves_one_run(tmp_path):
    arguments = ["train", "-e", "3", "-en", "two", "-lls", "5", "--threads", "1"]
    out = run(*TORCHRUN, "-m", "svae_lib", *arguments, cwd=tmp_path)
    assert out.count("log-likelihood") == 1
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["two"]
    assert load_weights(tmp_path / "runs" / "two" / "best.safetensors")
    again = run(*TORCHRUN, "-m", "svae_lib", *arguments, "--resume", cwd=tmp_path)
    assert "finished already" in again


@pytest.mark.slow
def test_processes_whose_launcher_is_killed_save_and_end(tmp_path):
    """They trained on as orphans."""
    images = torch.randint(256, (40, 8, 8), dtype=torch.uint8).numpy()
    np.savez(tmp_path / "mine.npz", images=images)
    arguments = [
        "-m",
        "svae_lib",
        "train",
        "-d",
        "mine.npz",
        "-hd",
        "8",
        "-e",
        "100000",
        "-la",
        "100000",
        "-sf",
        "100000",
        "--threads",
        "1",
        "-en",
        "x",
    ]
    launcher = subprocess.Popen(
        [*TORCHRUN, *arguments], cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    rows = tmp_path / "runs" / "x" / "metrics.jsonl"
    wait_for(lambda: rows.exists() and rows.read_text().count("\n") > 2, launcher)
    orphans = psutil.Process(launcher.pid).children()
    launcher.kill()
    launcher.wait()
    assert psutil.wait_procs(orphans, timeout=120)[1] == [] and len(orphans) == 2
    assert load_checkpoint(rows.parent / "checkpoint.pt")["epoch"] >= rows.read_text().count("\n") > 2


@pytest.mark.slow
def test_each_rank_says_why_it_failed(tmp_path):
    done = subprocess.run(
        [*TORCHRUN, "-m", "svae_lib", "train", "-d", "none.npz"], cwd=tmp_path, env=ENVIRONMENT,
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "none.npz" in line and "svae: " in line]
    assert done.returncode != 0 and said  # torchrun ends the other rank, which may not have come so far
