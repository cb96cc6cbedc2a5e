"""Many experiments: errors are reported before anything starts; one that stops, dies or fails costs no other."""

import ctypes
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

import svae_lib
from svae_lib import cli
from svae_lib.errors import InputError
from svae_lib.experiment import Experiment, run_experiment, sweep
from svae_lib.experiment.config import PAPERS
from svae_lib.experiment.run import load_run
from svae_lib.experiment.run_folder import RunFolder
from svae_lib.experiment.stacks import run_stack
from svae_lib.experiment.sweep_file import read_sweep
from svae_lib.experiment.workers import run_here
from svae_lib.locks import file_lock
from svae_lib.training.checkpoints import load_checkpoint
from svae_lib.training.stacked_trainer import StackedTrainer
from tests.commands import ENVIRONMENT, meet, one_line, wait_for

ROOT = Path(svae_lib.__file__).parents[1]
WITH_DASK = {**ENVIRONMENT, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
SMALL = 'dataset = "mine.npz"\nhidden = [16]\nnum_importance_samples = 5\nsave_every = 3\nthreads = 1\n'


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """An empty folder to work in, with no data set at hand but forty small images."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SVAE_DATA", str(tmp_path / "nowhere"))
    levels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=levels, labels=np.arange(40) % 2)
    return tmp_path


def write(fixed: str = "", rest: str = "[grid]\nseed = [0, 1]\n", name: str = "few.toml") -> str:
    Path(name).write_text(f"[fixed]\n{SMALL}{fixed}\n{rest}")
    return name


# The file


def test_the_courses_sweep_is_the_runs_it_is_said_to_be():
    experiments = read_sweep(ROOT / "run_files" / "mnist_spaces.toml")
    spaces = ["e2", "e3", "e5", "e10", "s2", "s3", "s5", "s10", "2xs1", "5xs2", "s5,s5", "s4,s3,s3"]
    assert list(experiments) == [f"mnist-{space.replace(',', '_')}-{seed}" for space in spaces for seed in range(3)]
    assert experiments["mnist-s4_s3_s3-2"] == Experiment(
        dataset="mnist", latent="s4,s3,s3", seed=2, epochs=80, kl_warmup=20, num_importance_samples=500, threads=1,
        radius=1.0, concentration_head="softplus",
    )  # fmt: skip


def test_names_tell_what_varies_and_flags_have_their_long_names_too(desk):
    rest = '[grid]\nh_dims = ["16,8", [4]]\nrs = [3]\n[[case]]\nz = 3\nlearn-radius = true\n[[case]]\nname = "normal"\n'
    Path("few.toml").write_text(f"[fixed]\nlr = 1\n{rest}")
    experiments = read_sweep("few.toml", device="cpu")
    assert list(experiments) == [
        "mnist_5k-s3-hidden=16_8-learn_radius=True-3", "mnist_5k-s3-hidden=4-learn_radius=True-3",
        "mnist_5k-e2-hidden=16_8-learn_radius=False-3", "mnist_5k-e2-hidden=4-learn_radius=False-3"]  # fmt: skip
    assert list(experiments.values())[0] == Experiment(
        latent="s3", learn_radius=True, hidden=(16, 8), seed=3, learning_rate=1.0, device="cpu"
    )


def test_the_papers_settings_in_a_file(desk):
    Path("few.toml").write_text(
        "[fixed]\npapers = true\nz_dims = '4,4'\nname = 'productspace'\n[grid]\nbatch_size = [64, 100]\n"
    )
    first, second = read_sweep("few.toml").items()
    assert first == ("mnist_5k-s4_s4-batch_size=64-0", Experiment(latent="s4,s4", **PAPERS))
    assert second == ("mnist_5k-s4_s4-batch_size=100-0", Experiment(latent="s4,s4", **PAPERS | {"batch_size": 100}))
    Path("few.toml").write_text("[[case]]\npapers = true\nlatent = 's3'\n[[case]]\nlatent = 's3'\n")
    expected = {"mnist_5k-s3-papers=True-0": Experiment(latent="s3", **PAPERS)}
    assert read_sweep("few.toml") == expected | {"mnist_5k-s3-papers=False-0": Experiment(latent="s3")}


def test_every_file_of_the_page_can_be_read(desk):
    page = (ROOT / "run_files" / "SWEEPS.md").read_text()
    counts = []
    for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        Path("page.toml").write_text(text)
        counts.append(len(names := read_sweep("page.toml")))
        if len(counts) == 1:
            assert "mnist_5k-s4_s3_s3-hidden=256_128-0" in names
    assert counts == [18, 6]


# Bad input

GRID = "[grid]\nseed = [0]\n"
WRONG = {
    "": "a sweep has a [grid]",
    "[fixed]\nepochs = 3": "a sweep has a [grid]",
    "epochs = 3": "a sweep has a [grid]",
    "[girds]\nseed = [0]": "a sweep has a [grid]",
    "fixed = 3\n" + GRID: "a sweep has a [grid]",
    "[case]\nseed = 0": "a sweep has a [grid]",
    "case = [1]": "a sweep has a [grid]",
    "[grid\nseed = [0]": "bad.toml is not TOML",
    "[grid]\nseed = [0]\nseed = [1]": "bad.toml is not TOML",
    "[grid]\nseeds = [0]": "[grid] has an unknown flag 'seeds': choose from ",
    "[fixed]\nepoch = 3\n" + GRID: "[fixed] has an unknown flag 'epoch'",
    "[[case]]\nexp_name = 'x'": "[[case]] has an unknown flag 'exp_name'",
    "[grid]\nseed = []": "[grid] seed is []",
    "[grid]\nseed = 3": "[grid] seed is 3: give a list",
    "[grid]\nseed = [0]\nrs = [1]": "[grid] gives rs a second time",
    "[fixed]\nlatent = 's2'\n[grid]\nlatent = ['s3']": "[grid] gives latent a second time",
    "[fixed]\nepochs = 3\n" + GRID + "[[case]]\nepochs = 4": "[[case]] gives epochs a second time",
    "[grid]\nseed = [0, 1, 0]": "two experiments are called mnist_5k-s2-0",
    "[grid]\nlatent = ['s2', 's2']": "two experiments are called mnist_5k-s2-0",
    "[grid]\ndataset = ['a/x.npz', 'b/X.npz']": "two experiments are called X-s2-0",
    "[grid]\nseed = [-1]": ">= 0",
    "[grid]\nseed = ['zero']": "an integer",
    "[grid]\nseed = [1979-05-27]": "an integer",
    "[grid]\nseed = [true]": "an integer",
    "[grid]\nlr = [nan]": "> 0",
    "[grid]\nbinarize = ['false']": "yes or no",
    "[fixed]\npapers = 'yes'\n" + GRID: "--papers 'yes': must be yes or no",
    "[grid]\nh_dims = [256, 128]": "integers separated by commas",
    "[grid]\nh_dims = ['256,x']": "'256,x'",
    "[grid]\nencode_type = ['rnn']": "choose from mlp, cnn",
    "[grid]\nlikelihood = ['l1']": "choose from bernoulli, gaussian, categorical",
    "[grid]\nlatent = ['q2']": "cannot read 'q2'",
    "[grid]\nlatent = ['s2']\nz = [2]": "replaces -n",
    "[grid]\nsigma = [0.1]": "sigma",
    "[grid]\ndataset = ['nonsense']": "choose from mnist_5k",
    "[grid]\ndataset = ['mnist']": "nowhere",
    "[grid]\ndevice = ['tpu9']": "--device 'tpu9'",
    f"[grid]\nseed = {list(range(101))}\nepochs = {list(range(1, 101))}": "10,100 experiments are more",
    f"[grid]\ndataset = ['{'x' * 200}.npz']": "more than 200 bytes",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:40])
def test_a_wrong_file_is_one_line_status_2_and_no_trace(desk, capsys, text):
    Path("bad.toml").write_text(text)
    assert cli.main(["sweep", "bad.toml"]) == 2
    assert WRONG[text] in one_line(capsys)
    assert {path.name for path in desk.iterdir()} == {"bad.toml", "mine.npz"}


@pytest.mark.parametrize(
    "line, message",
    [
        ("sweep", "FILE.toml"),
        ("sweep missing.toml", "cannot read missing.toml"),
        ("sweep .", "cannot read ."),
        ("sweep mine.npz", "mine.npz is not TOML"),
        ("sweep few.toml --workers 0", "--workers '0'"),
        ("sweep few.toml --workers two", "--workers 'two'"),
        ("sweep few.toml --workers 2 --scheduler tcp://127.0.0.1:1", "leave one"),
        ("sweep few.toml --threads 0", ">= 1"),
        ("sweep few.toml --epochs 3", "--epochs"),
        ("sweep few.toml --scheduler tcp://127.0.0.1:1", "--scheduler 'tcp://127.0.0.1:1' does not answer"),
        ("sweep few.toml --scheduler 127.0.0.1", "--scheduler '127.0.0.1' does not answer"),
        ("sweep few.toml --scheduler foo://127.0.0.1:1", "--scheduler 'foo://127.0.0.1:1' does not answer"),
        ("sweep few.toml --scheduler tcp://no.such.host.invalid:1", "does not answer"),
        ("sweep few.toml -ld few.toml", "cannot"),
    ],
)
def test_a_wrong_line_is_one_line_status_2_and_no_trace(desk, capsys, line, message):
    write()
    assert cli.main(line.split()) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert {path.name for path in desk.iterdir()} == {"few.toml", "mine.npz"}


def test_a_port_that_is_silent_is_given_up_within_ten_seconds(desk, capsys):
    write()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        assert cli.main(["sweep", "few.toml", "--scheduler", f"tcp://127.0.0.1:{silent.getsockname()[1]}"]) == 2
    assert time.monotonic() - start < 10
    assert "does not answer" in capsys.readouterr().err


def test_the_extra_that_is_missing_is_named(desk, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["sweep", write(), "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "pip install 'svae_lib[cluster]'" in one_line(capsys)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"zdim": 3}, "unknown key 'zdim'"),
        ({"epochs": 99}, "was started with --epochs 99, not 60"),
        ({"learning_rate": "fast"}, "--lr 'fast'"),
        (None, "is not the JSON of an experiment"),
    ],
)
def test_a_folder_from_another_version_or_sweep_is_refused_before_anything_starts(desk, capsys, change, message):
    file = write()
    [(name, experiment), *_] = read_sweep(file).items()
    stored = Path("runs", "few", name, "experiment.json")
    stored.parent.mkdir(parents=True)
    stored.write_text("x" if change is None else json.dumps(json.loads(experiment.to_json()) | change))
    assert cli.main(["sweep", file]) == 2
    assert message in one_line(capsys)
    assert [path.name for path in Path("runs", "few").iterdir()] == [name]


def test_a_sweep_does_not_go_into_a_run(desk, capsys):
    Path("runs", "few").mkdir(parents=True)
    Path("runs", "few", "experiment.json").write_text(Experiment().to_json())
    assert cli.main(["sweep", write()]) == 2
    assert "is a run's folder" in one_line(capsys)


def test_a_dry_run_lists_the_experiments_and_writes_nothing(desk, capsys):
    assert cli.main(["sweep", write(), "--dry-run", "-ld", "elsewhere"]) == 0
    assert capsys.readouterr().out == "elsewhere/few/mine-s2-0\nelsewhere/few/mine-s2-1\n"
    assert {path.name for path in desk.iterdir()} == {"few.toml", "mine.npz"}


# One at a time


def test_what_another_process_holds_is_waited_for_and_then_reported(desk, monkeypatch):
    monkeypatch.setattr(sweep, "_PATIENCE", 0.3)
    experiment = Experiment(dataset="mine.npz", epochs=1, hidden=(4,), num_importance_samples=1)
    with file_lock(desk / ".run.lock"), pytest.raises(InputError, match="another process is at work"):
        sweep._work(experiment.to_json(), str(desk / "run"), quiet=True)
    assert not (desk / "run").exists()
    assert sweep._work(experiment.to_json(), str(desk / "run"), quiet=True)["epochs"] == 1
    assert not (desk / ".run.lock").exists()


def test_a_lock_outlives_neither_its_process_nor_its_file(desk):
    hold = "import sys, time; from svae_lib.locks import file_lock\n"
    hold += "with file_lock(sys.argv[1]): print(flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", hold, "lock"], env=ENVIRONMENT, stdout=subprocess.PIPE)
    other.stdout.readline()
    with pytest.raises(InputError, match="another process"), file_lock(Path("lock")):
        pass
    other.kill()
    other.communicate()
    with file_lock(Path("lock")):
        pass
    assert not Path("lock").exists()


def test_a_second_sweep_on_the_folder_is_refused(desk, capsys, monkeypatch):
    with file_lock(desk / "runs" / "few" / ".sweep.lock"):
        assert cli.main(["sweep", write()]) == 2
    assert "another process is at work in" in capsys.readouterr().err
    assert not (desk / "runs").exists()


# Whole sweeps, as a user starts them. Warnings are errors there too.


@contextmanager
def started(line: str):
    """A command of its own process group, all of which has ended when the block ends."""
    words = shlex.split(line)
    words[:1] = [sys.executable, "-W", "error", "-m", "svae_lib"] if words[0] == "svae" else words[:1]
    heard = subprocess.DEVNULL if words[0] == "dask" else subprocess.PIPE
    process = subprocess.Popen(words, env=WITH_DASK, stdout=heard, stderr=heard, text=True, start_new_session=True)
    try:
        yield process
    finally:
        family = [psutil.Process(process.pid), *children(process.pid)] if process.poll() is None else []
        for member in family:
            member.kill()
        process.communicate()


def children(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def end(process, seconds=400) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def rows(run: Path) -> list[dict]:
    path = run / "metrics.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def metrics(run: Path) -> dict:
    return json.loads((run / "metrics.json").read_text()) | {"seconds_per_epoch": 0, "peak_memory_megabytes": 0}


def uninterrupted(file: str, name: str) -> dict:
    """What an experiment of a sweep ends with where nothing disturbs it."""
    run_experiment(replace(read_sweep(file)[name], print_every=1000), Path("alone", name))
    return metrics(Path("alone", name))


def test_one_that_fails_stops_no_other_and_what_is_finished_is_skipped(desk, capsys, monkeypatch):
    fails = "[[case]]\nlatent = 's2'\n[[case]]\nlatent = 's3'\nlr = 1e30\n"
    file = write("epochs = 3\nmax_restarts = 1", "[grid]\nseed = [0, 1]\n" + fails)
    with started(f"svae sweep {file}") as process:
        status, out, err = end(process)
    names = ["mine-s2-learning_rate=0.001-0", "mine-s2-learning_rate=0.001-1"]
    assert status == 1, err
    assert out.count(": log-likelihood -") == 2 and out.count(": failed") == 2
    lines = err.splitlines()
    assert [line.split()[1] for line in sorted(lines)] == [
        "mine-s3-learning_rate=1e+30-0",
        "mine-s3-learning_rate=1e+30-1",
    ]
    assert all(
        "failed: TrainingFailed: the loss is not finite" in line and "after 1 restarts" in line for line in lines
    )
    folder = desk / "runs" / "few"
    assert (folder / "sweep.toml").read_text() == Path(file).read_text()
    assert [name for name in sorted(os.listdir(folder)) if (folder / name / "metrics.json").exists()] == names
    assert metrics(folder / names[1]) == uninterrupted(file, names[1])

    (desk / "less").mkdir()
    write("epochs = 3\nmax_restarts = 1\nlr = 0.001", "[grid]\nseed = [0, 1]\n", "less/few.toml")
    for name in names:
        (folder / name).rename(folder / name.replace("-learning_rate=0.001", ""))
    before = {path: path.stat().st_mtime_ns for path in folder.glob("mine-s2-?/*")}
    monkeypatch.setattr(sweep, "run_here", None)  # nothing is left to run
    assert cli.main(["sweep", "less/few.toml"]) == 0
    assert "2 experiments, 2 of them finished already" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert (folder / "sweep.toml").read_text() == Path("less/few.toml").read_text()


def test_a_sweep_of_stacks_makes_the_same_folders(desk, capsys):
    """Two stacks, of spheres and of Gaussians; one was stopped in its third epoch, and goes on from there."""
    file = write("epochs = 5", "[grid]\nlatent = ['s2', 'e2']\nseed = [0, 1, 2]\n")
    folder = desk / "runs" / "few"
    spheres = {str(folder / name): each for name, each in read_sweep(file).items() if "s2" in name}
    train_epoch = StackedTrainer.train_epoch

    def stopping(trainer, epoch, bar):
        if epoch == 3:
            raise KeyboardInterrupt
        return train_epoch(trainer, epoch, bar)

    with pytest.raises(KeyboardInterrupt), pytest.MonkeyPatch.context() as patch:
        patch.setattr(StackedTrainer, "train_epoch", stopping)
        run_stack(spheres)
    assert [load_checkpoint(Path(path, "checkpoint.pt"))["epoch"] for path in spheres] == [2, 2, 2]
    with started(f"svae sweep {file} --stacked --workers 2") as process:
        status, out, err = end(process)
    assert status == 0, err
    assert out.count(": log-likelihood -") == 6
    for run in RunFolder.all_in(folder):
        assert run.metrics["stack_size"] == 3 and run.metrics["epochs"] == len(run.rows) == 5
        assert load_run(run.path).model.latent_space.manifold_dim == 2
    assert cli.main(["sweep", file, "--stacked"]) == 0
    assert "6 experiments, 6 of them finished already" in capsys.readouterr().out


def test_a_sweep_says_nothing_more_than_its_results(desk):
    """Its workers end by themselves: one that was killed left a semaphore, and Python a warning of two lines."""
    write("epochs = 1", "[grid]\nseed = [0]\n")
    words = [sys.executable, "-m", "svae_lib", "sweep", "few.toml"]
    found = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=400)
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize("line", ["learn_radius = true", "clip = 1.0", "binarize_once = true", "validate_every = 2"])
def test_what_a_stack_does_not_know_is_refused_before_anything_starts(desk, capsys, line):
    assert cli.main(["sweep", write(line), "--stacked"]) == 2
    flag = "--" + line.split()[0].replace("_", "-")
    assert f"--stacked does not know {flag}" in one_line(capsys)
    assert not (desk / "runs").exists()


def interrupted(file: str) -> list[dict]:
    """Ctrl-C in a terminal while a sweep of one experiment is at work; its first rows."""
    run = Path("runs", "few", "mine-s2-1")
    with started(f"svae sweep {file} --workers 1") as process:
        wait_for(lambda: len(rows(run)) > 5, process)
        family = children(process.pid)
        sockets = [place for each in (psutil.Process(process.pid), *family) for place in each.net_connections()]
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of the group
        status, _, err = end(process)
    assert status == 130, err
    assert err == f"svae: stopped; what is done is saved; resume with: svae sweep {file} --workers 1\n"
    deadline = time.monotonic() + 30  # each got the signal itself; on a loaded machine the last ends a moment later
    while any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family):
        assert time.monotonic() < deadline, "a worker outlives its sweep"
        time.sleep(0.1)
    assert sockets == []  # nothing that another user of the machine could speak to
    assert load_checkpoint(run / "checkpoint.pt")["epoch"] == len(rows(run))  # the last epoch, not that of save_every
    assert not (run / "metrics.json").exists()
    return rows(run)[:3]


def test_ctrl_c_ends_the_workers_and_leaves_whole_checkpoints(desk):
    assert len(interrupted(write("epochs = 100000\nlook_ahead = 100000", "[grid]\nseed = [1]\n"))) == 3


@pytest.mark.slow
def test_the_command_that_was_interrupted_goes_on_to_the_same_figures(desk):
    file = write("epochs = 1500\nlook_ahead = 1500", "[grid]\nseed = [1]\n")
    kept = interrupted(file)
    with started(f"svae sweep {file} --workers 1") as process:
        status, _, err = end(process)
    assert (status, err) == (0, "")
    assert rows(Path("runs/few/mine-s2-1"))[:3] == kept  # times and all: these epochs were not trained again
    assert metrics(Path("runs/few/mine-s2-1")) == uninterrupted(file, "mine-s2-1")


# A cluster by hand


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """The cluster of run_files/SWEEPS.md, on a free port; its commands are the page's own."""
    page = (ROOT / "run_files" / "SWEEPS.md").read_text().partition("## Your own cluster")[2]
    commands = re.search(r"```sh\n(.*?)```", page, re.DOTALL)[1].splitlines()
    assert [line.split()[:2] for line in commands] == [
        ["dask", "scheduler"], ["dask", "worker"], ["dask", "worker"], ["svae", "sweep"]]  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    scheduler, *workers, command = (line.replace("8786", port) for line in commands)
    with started(scheduler), started(workers[0]), started(workers[1]):
        yield command.split()[-1]


@contextmanager
def client_of(address):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=300)
        yield client


def test_a_worker_killed_on_a_cluster_by_hand_loses_nothing(desk, address):
    file = write("epochs = 200\nlook_ahead = 200", "[grid]\nseed = [0, 1, 2]\n")
    folder = desk / "runs" / "few"
    with client_of(address) as client, started(f"svae sweep {file} --scheduler {address}") as process:
        pids = client.run(os.getpid)
        wait_for(lambda: len(rows(folder / "mine-s2-0")) > 5, process)
        [victim] = [worker for worker, keys in client.processing().items() if str(folder / "mine-s2-0") in keys]
        os.kill(pids[victim], signal.SIGKILL)
        kept = rows(folder / "mine-s2-0")[:3]
        status, out, err = end(process)
        assert pids[victim] not in client.run(os.getpid).values()
    assert (status, err) == (0, "")
    assert out.count(": log-likelihood -") == 3
    assert rows(folder / "mine-s2-0")[:3] == kept
    assert metrics(folder / "mine-s2-0") == uninterrupted(file, "mine-s2-0")
    assert len(rows(folder / "mine-s2-0")) == 200


def test_ctrl_c_gives_the_workers_of_a_cluster_back(desk, address):
    file = write("epochs = 100000\nlook_ahead = 100000", "[grid]\nseed = [0, 1, 2]\n")
    run = desk / "runs" / "few" / "mine-s2-0"
    with client_of(address) as client:
        with started(f"svae sweep {file} --scheduler {address}") as process:
            wait_for(lambda: len(rows(run)) > 3, process)
            process.send_signal(signal.SIGINT)
            status, _, err = end(process)
        assert status == 130 and err.count("\n") == 1
        count = len(rows(run))
        client.wait_for_workers(2, timeout=300)
        assert not any(client.processing().values())
        assert client.submit(os.getpid, pure=False).result(timeout=300)
    assert len(rows(run)) == count and load_checkpoint(run / "checkpoint.pt")["epoch"] >= 3


@pytest.mark.slow
def test_a_scheduler_that_ends_is_reported_and_nothing_hangs(desk):
    file = write("epochs = 100000\nlook_ahead = 100000", "[grid]\nseed = [0, 1, 2]\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with started(f"dask scheduler --host 127.0.0.1 --port {port} --no-dashboard") as scheduler:
        line = f"tcp://127.0.0.1:{port} --host 127.0.0.1"
        worker = f"dask worker {line} --nthreads 1 --memory-limit 0 --no-dashboard"
        with started(worker), started(f"svae sweep {file} --scheduler tcp://127.0.0.1:{port}") as process:
            wait_for(lambda: len(rows(desk / "runs" / "few" / "mine-s2-0")) > 3, process)
            scheduler.kill()
            status, _, err = end(process)
    assert status == 1, err
    assert err.count("failed: the connection to the scheduler is lost") == 3


@pytest.mark.slow
def test_an_experiment_that_kills_its_workers_is_given_up_and_a_killed_sweep_leaves_none(desk):
    file = write("epochs = 100000\nlook_ahead = 100000", "[grid]\nseed = [0]\n")
    run = desk / "runs" / "few" / "mine-s2-0"
    with started(f"svae sweep {file}") as process:
        seen = 0
        while process.poll() is None and seen < 10:
            wait_for(lambda: len(rows(run)) > 3 or process.poll() is not None, process)
            workers = [each for each in children(process.pid) if "--multiprocessing-fork" in each.cmdline()]
            (run / "metrics.jsonl").unlink()
            seen += 1
            for worker in workers:
                worker.kill()
            limit = time.monotonic() + 60
            while process.poll() is None and len(rows(run)) <= 3 and time.monotonic() < limit:
                time.sleep(0.05)
        status, _, err = end(process)
    assert seen == 4 and status == 1
    assert "each worker that took it up died" in err
    shutil.rmtree(run)
    with started(f"svae sweep {file}") as process:
        wait_for(lambda: len(rows(run)) > 3, process)
        family = children(process.pid)
        process.kill()
        process.communicate()
        psutil.wait_procs(family, timeout=20)
        assert not any(each.is_running() for each in family)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc's")
def test_a_worker_gives_back_what_an_experiment_has_freed():
    """glibc keeps freed memory below a block that is still used; a worker grew by 100 MB over 200 experiments."""
    code = "import psutil; from svae_lib.memory import release_memory; own = psutil.Process().memory_info\n"
    code += "start = own().rss; kept = [bytes(4000) for _ in range(20_000)]; last = bytes(4000); del kept\n"
    code += "before = own().rss; release_memory(); print(before - start, own().rss - start)"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 5e7 and after < 2e7  # of 80 MB


def test_two_workers_are_at_work_at_the_same_time(tmp_path):
    """Each waits for the other's file: one worker alone would never see it."""
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    ends = [end for end in run_here({"a": (meet, (first, second)), "b": (meet, (second, first))}, 2) if end]
    assert sorted(ends) == [("a", {"met": True}, None), ("b", {"met": True}, None)]


def test_a_sweep_takes_as_many_workers_as_cores_may_be_kept_busy(monkeypatch, desk):
    asked = []
    monkeypatch.setattr(sweep, "available_cores", lambda: 5)
    monkeypatch.setattr(sweep, "run_here", lambda jobs, processes: asked.append(processes) or iter(()))
    monkeypatch.setattr(sweep, "_follow", lambda *_: {})
    file = write(rest="[grid]\nseed = [0, 1, 2, 3, 4, 5, 6]\n")
    sweep.run_sweep(file, "runs/few")
    sweep.run_sweep(file, "runs/few", workers=3)
    sweep.run_sweep(file, "runs/few", threads=2)
    assert asked == [5, 3, 2]
