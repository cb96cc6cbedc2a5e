"""Threads: what the machine gives, what pays, and that the user's own choice wins."""

import os
import subprocess
import sys

import pytest
import torch

from svae_lib import threads
from tests.commands import ENVIRONMENT


@pytest.fixture
def machine(monkeypatch):
    """Make a machine of so many cores, of which this process may keep some busy; torch's count comes back after."""

    def make(cores: int, available: int, current: int):
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        monkeypatch.setattr(threads, "available_cores", lambda: available)
        torch.set_num_threads(current)

    before = torch.get_num_threads()
    yield make
    torch.set_num_threads(before)


@pytest.mark.parametrize("work, count", [(1e6, 1), (1e12, 8)])
def test_several_threads_only_where_each_has_work(machine, work, count):
    machine(cores=8, available=8, current=8)
    assert threads.suitable_threads(work) == count


def test_a_quota_limits_them(machine):
    machine(cores=64, available=2, current=64)
    assert threads.suitable_threads(1e12) == 2


@pytest.mark.parametrize("current", [1, 3, 16])
@pytest.mark.parametrize("work", [1e3, 1e12])
def test_what_the_user_set_wins(machine, current, work):
    machine(cores=8, available=2, current=current)
    assert threads.suitable_threads(work) == current


def test_a_number_in_the_environment_wins(machine, monkeypatch):
    machine(cores=8, available=8, current=8)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert threads.suitable_threads(1e3) == 8


def test_the_count_comes_back(machine):
    machine(cores=8, available=8, current=5)
    with pytest.raises(ZeroDivisionError), threads.use_threads(2):
        assert torch.get_num_threads() == 2
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == 5


@pytest.mark.parametrize("variables, policy", [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_waiting_threads_do_not_spin(variables, policy):
    code = "import svae_lib, os, sys; assert 'torch' not in sys.modules; print(os.environ['OMP_WAIT_POLICY'])"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT | variables, capture_output=True, text=True)
    assert done.stdout.strip() == policy, done.stderr


@pytest.mark.parametrize("value", ["abc", "0", "-3", ""])
def test_a_nonsense_number_in_the_environment_is_ignored(value):
    code = "from svae_lib.threads import suitable_threads; assert suitable_threads(1e3) >= 1"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT | {"OMP_NUM_THREADS": value})
    assert done.returncode == 0
