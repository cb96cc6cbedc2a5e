"""Files of a run under kills, strangers' links and a second process: whole, nowhere else, one at a time."""

import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, RunFolder, run_experiment
from svae_lib.files import GrowingLines, atomic_write
from svae_lib.locks import Taken, file_lock
from svae_lib.reading import read_json_lines
from svae_lib.training import Schedule
from svae_lib.training.checkpoints import load_checkpoint
from svae_lib.training.trainer import Trainer, TrainerConfig
from tests.commands import ENVIRONMENT


@pytest.fixture
def experiment(tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=levels, labels=np.arange(40) % 2)
    return Experiment(
        dataset=str(tmp_path / "mine.npz"), epochs=3, hidden=(8,), num_importance_samples=2, threads=1, device="cpu"
    )


def test_nothing_is_written_through_a_link(tmp_path):
    """Whoever can write into a run's folder cannot make its owner overwrite other files."""
    precious, run = tmp_path / "precious", tmp_path / "run"
    precious.write_text("dear")
    run.mkdir()
    for name in ("checkpoint.pt", "checkpoint.pt.tmp", ".checkpoint.pt.tmp", "rows.jsonl", ".run.lock"):
        (run / name).symlink_to(precious)
    atomic_write(run / "checkpoint.pt", b"new")
    assert (run / "checkpoint.pt").read_bytes() == b"new" and not (run / "checkpoint.pt").is_symlink()
    with pytest.raises(InputError, match="cannot lock"), file_lock(run / ".run.lock"):
        pass
    rows = GrowingLines(run / "rows.jsonl")
    rows.write([{"epoch": 1}])  # replaces the link
    (run / "rows.jsonl").unlink()
    (run / "rows.jsonl").symlink_to(precious)
    with pytest.raises(InputError, match="cannot write"):
        rows.write([{"epoch": 1}, {"epoch": 2}])
    assert precious.read_text() == "dear"


def test_a_signal_between_an_epoch_and_its_row_loses_no_row(experiment, tmp_path, monkeypatch):
    """The checkpoint has the epoch that ended before the signal, and so have the rows."""

    def write(self, rows, whole=False, plain=GrowingLines.write):
        if len(rows) == 2 and not whole:
            raise KeyboardInterrupt
        plain(self, rows, whole)

    monkeypatch.setattr(GrowingLines, "write", write)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(experiment, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    assert load_checkpoint(run.checkpoint)["epoch"] == 2
    assert [row["epoch"] for row in run.rows] == [1, 2]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["fifo", "folder"])
def test_a_lock_that_is_no_file_is_refused_and_does_not_hang(tmp_path, make):
    make(tmp_path / "lock")
    with pytest.raises(InputError, match="cannot lock"), file_lock(tmp_path / "lock"):
        pass


def test_temporary_names_are_new_and_cannot_be_foretold(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(os, "fsync", lambda _: names.append({path.name for path in tmp_path.iterdir()} - {"x"}))
    for _ in range(2):
        atomic_write(tmp_path / "x", b"content")
    assert len(names[0]) == len(names[1]) == 1 and names[0] != names[1]


def test_rows_are_appended_not_written_again(tmp_path):
    file = GrowingLines(tmp_path / "rows.jsonl")
    file.write([{"epoch": 1}])
    identity = file.path.stat().st_ino
    file.write([{"epoch": 1}, {"epoch": 2}])
    assert file.path.stat().st_ino == identity
    file.path.write_bytes(file.path.read_bytes()[:-4])  # a kill in the middle of a line
    file.write([{"epoch": 1}, {"epoch": 2}], whole=True)
    assert read_json_lines(file.path) == [{"epoch": 1}, {"epoch": 2}]


def test_a_state_takes_no_longer_after_thousands_of_epochs(make_trainer):
    """It copied each row, and took 200 ms of an epoch at 4,000."""

    def seconds(count: int) -> float:
        make_trainer.history.rows = [{"epoch": number, "train_elbo": 1.0} for number in range(count)]
        times = []
        for _ in range(30):
            start = time.thread_time()
            make_trainer.state()
            times.append(time.thread_time() - start)
        return min(times)

    assert seconds(20_000) < 10 * seconds(1) + 2e-3  # 20,000 pointers are copied in a tenth of a millisecond


@pytest.fixture
def make_trainer():
    import torch

    from svae_lib import build_vae
    from svae_lib.datasets import ImageDataset, Split

    split = Split(torch.zeros(4, 8, 8, dtype=torch.uint8))
    config = TrainerConfig(
        batch_size=2, learning_rate=1e-3, min_improvement=0, max_restarts=0, schedule=Schedule(), seed=0
    )
    return Trainer(build_vae((8, 8), "s2", hidden=(4,)), ImageDataset("zeros", split, split, split), config)


def test_the_last_line_survives_a_kill_and_what_was_unfinished_goes(experiment, tmp_path, monkeypatch):
    run = RunFolder(tmp_path / "run")
    plain = GrowingLines.write

    def killed(self, rows, whole=False):
        if len(rows) == 3:
            raise SystemError("killed after the checkpoint, before the line")
        plain(self, rows, whole)

    with monkeypatch.context() as patch, pytest.raises(SystemError):
        patch.setattr(GrowingLines, "write", killed)
        run_experiment(replace(experiment, save_every=1), run.path)
    (run.path / ".svae-0123456789abcdef.tmp").write_text("part")
    assert run.num_epochs == 2
    run_experiment(experiment, run.path, resume=True)
    assert [row["epoch"] for row in run.rows] == [1, 2, 3]
    assert not list(run.path.glob(".*")) and os.listdir(tmp_path / "run").count("metrics.json") == 1


def test_a_folder_that_was_killed_while_it_was_made_is_started_by_resume(experiment, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".svae-0123456789abcdef.tmp").write_text("part")
    assert run_experiment(experiment, tmp_path / "run", resume=True)["epochs"] == 3


@pytest.mark.parametrize("resume", [False, True])
def test_one_process_is_at_work_on_a_run(experiment, tmp_path, resume):
    """A resume took no lock: of two, one died of a file that the other had renamed."""
    run = RunFolder(tmp_path / "run")
    if resume:
        run.create(experiment)
    hold = "import sys, time; from svae_lib.experiment import RunFolder\n"
    hold += "with RunFolder(sys.argv[1]).lock(): print(flush=True); time.sleep(600)"
    other = subprocess.Popen([sys.executable, "-c", hold, str(run.path)], env=ENVIRONMENT, stdout=subprocess.PIPE)
    other.stdout.readline()
    try:
        with pytest.raises(Taken, match="another process is at work in .*run"):
            run_experiment(experiment, run.path, resume=resume)
    finally:
        other.kill()
        other.communicate()
    assert run_experiment(experiment, run.path, resume=resume)["epochs"] == 3
    assert not (tmp_path / ".run.lock").exists()
