"""What the tests of commands share: their environment, and what they look for in it."""

import os
import time
from pathlib import Path

import svae_lib

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(svae_lib.__file__).parents[1]), "OMP_NUM_THREADS": "1"}


def one_line(capsys) -> str:
    """The one line on standard error that says what is wrong; nothing else was printed."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("svae: ")
    assert err.count("\n") == 1, err
    return err


def wait_for(condition, process, seconds=300):
    """Wait until the condition holds, while the process lives."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "too slow"
        time.sleep(0.02)


def meet(name: str, other: str, seconds: float = 200) -> dict:
    """A worker's job: make one file and wait for another."""
    Path(name).touch()
    deadline = time.monotonic() + seconds
    while not (met := Path(other).exists()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return {"met": met}
