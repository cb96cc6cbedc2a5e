"""However a command ends: closed outputs, signals and dead parents leave whole files, the same figures and one line."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from svae_lib import cli
from svae_lib.errors import InputError
from svae_lib.experiment.run_folder import is_rank_zero
from svae_lib.process import Terminated, environment_integer, one_interruption
from svae_lib.training.checkpoints import load_checkpoint
from tests.commands import ENVIRONMENT, wait_for

COMMAND = [sys.executable, "-W", "error", "-m", "svae_lib"]
SMALL = ["-d", "mine.npz", "-e", "4", "-hd", "8", "-lls", "2", "-sf", "1000", "--threads", "1"]


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder to work in, with forty small images."""
    monkeypatch.chdir(tmp_path)
    levels = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "mine.npz", images=levels, labels=np.arange(40) % 2)
    return tmp_path


def gone_reader() -> int:
    """A pipe whose other end is closed."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def gone_terminal() -> int:
    """A terminal that was closed: writing to it is EIO."""
    master, terminal = os.openpty()
    os.close(master)
    return terminal


OUTPUTS = {"pipe": gone_reader, "terminal": gone_terminal, "full disk": lambda: os.open("/dev/full", os.O_WRONLY)}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_training_outlives_its_output(desk, kind):
    output = OUTPUTS[kind]()
    done = subprocess.run([*COMMAND, "train", *SMALL, "-en", "x"], env=ENVIRONMENT, stdout=output, stderr=output)
    os.close(output)
    assert done.returncode == 0
    assert json.loads((desk / "runs" / "x" / "metrics.json").read_text())["epochs"] == 4


def test_a_training_outlives_closed_streams_and_a_locale_without_letters(desk):
    """Its files must not take the numbers of the closed streams, and a name of its folder is not ASCII."""
    ascii_only = ENVIRONMENT | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    line = [*COMMAND, "train", *SMALL, "-en"]
    closed = subprocess.run(["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh", *line, "x"], env=ENVIRONMENT)
    plain = subprocess.run([*line, "\N{GREEK SMALL LETTER KAPPA}"], env=ascii_only, capture_output=True)
    assert (closed.returncode, plain.returncode, plain.stderr) == (0, 0, b"")
    assert sorted(path.parent.name for path in desk.glob("runs/*/metrics.json")) == ["x", "κ"]


def test_a_result_that_cannot_be_written_is_no_success(desk):
    line = [*COMMAND, "data", "list"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(line, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (2, "svae: cannot write the output: No space left on device\n")
    output = gone_reader()
    done = subprocess.run(line, env=ENVIRONMENT, stdout=output, stderr=subprocess.PIPE, text=True)
    os.close(output)
    assert (done.returncode, done.stderr) == (141, "")


INTERRUPTED = """
import os, runpy, signal, sys
number, count = int(sys.argv.pop(1)), 0
def hook(event, arguments):
    global count
    count += event == "import" and "svae_lib.__main__" in running
    if count == number:
        count += 1
        os.kill(os.getpid(), signal.SIGINT)
running = []
sys.addaudithook(hook)
import svae_lib.__main__
running.append("svae_lib.__main__")
sys.exit(svae_lib.__main__.run())
"""


@pytest.mark.parametrize("number", [2, 40, 150, 400, 900])
def test_ctrl_c_in_the_middle_of_an_import_is_one_line(desk, number):
    """Libraries turn an exception from there into others, or drop it."""
    line = [sys.executable, "-c", INTERRUPTED, str(number), "train", *SMALL, "-en", "x"]
    done = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "svae: stopped\n")


@pytest.mark.parametrize("name, status", [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_batch_systems_signal_saves_the_last_epoch(desk, name, status):
    line = [*COMMAND, "train", *SMALL, "-e", "100000", "-la", "100000", "-en", "x"]
    process = subprocess.Popen(line, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    rows = desk / "runs" / "x" / "metrics.jsonl"
    wait_for(lambda: rows.exists() and rows.read_text().count("\n") > 2, process)
    process.send_signal(getattr(signal, name))
    process.send_signal(signal.SIGINT)  # a second one does not disturb the save
    _, err = process.communicate(timeout=300)
    assert process.returncode in (status, 130)  # two that are pending at once come in the order of their numbers
    assert err == "svae: stopped; what is done is saved; resume with: svae train --resume -ld runs -en x\n"
    assert load_checkpoint(rows.parent / "checkpoint.pt")["epoch"] in (count := rows.read_text().count("\n"), count + 1)
    assert not [path for path in rows.parent.iterdir() if path.suffix == ".tmp"] and os.listdir("runs") == ["x"]


def test_the_first_signal_raises_and_later_ones_wait_for_the_save():
    """What `fit` does around its save, with SIGTERM's handler as the command line sets it."""

    def terminate(number, frame):
        raise Terminated(number)

    before, saved = signal.signal(signal.SIGTERM, terminate), []
    try:
        with pytest.raises(Terminated), one_interruption():
            try:
                signal.raise_signal(signal.SIGTERM)
            except KeyboardInterrupt:
                signal.raise_signal(signal.SIGTERM)
                signal.raise_signal(signal.SIGINT)
                saved.append(True)
                raise
        assert saved == [True] and signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_process_ends_when_the_one_that_started_it_is_killed(tmp_path):
    """torchrun's workers would train on as orphans."""
    child = "import sys, time; from svae_lib.process import end_with_parent; end_with_parent(); "
    child += "open(sys.argv[1], 'w').close(); time.sleep(600)"
    parent = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {child!r}, sys.argv[1]])"
    parent += "; time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", parent, str(tmp_path / "up")], env=ENVIRONMENT)
    wait_for((tmp_path / "up").exists, process)
    import psutil

    (orphan,) = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    orphan.wait(timeout=60)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1.5", "9" * 5000])
def test_a_rank_that_is_no_number_is_one_line(monkeypatch, capsys, text):
    monkeypatch.setenv("RANK", text)
    with pytest.raises(InputError, match="environment variable RANK is"):
        is_rank_zero()
    assert cli.main(["train", "-e", "1"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert environment_integer("WORLD_SIZE", 1) == 2


def test_every_rank_may_say_why_it_failed(monkeypatch, capsys):
    monkeypatch.setenv("RANK", "1")
    assert cli.main(["train", "-e", "0"]) == 2
    assert capsys.readouterr().err.startswith("svae: rank 1: -e/--epochs")


def test_trainings_of_one_second_get_names_of_their_own(desk, monkeypatch):
    monkeypatch.setattr(time, "strftime", lambda *_: "20260101-000000")
    for _ in range(3):
        assert cli.main(["train", *SMALL]) == 0
    base = "mine-s2-0-20260101-000000"
    assert sorted(os.listdir("runs")) == [base, f"{base}-2", f"{base}-3"]
