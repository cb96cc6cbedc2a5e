"""Threads: what the machine gives, what pays, and that the user's own choice wins."""

import os
import subprocess
import sys

import pytest
import torch
import yaml

from svae_lib import build_vae, threads
from tests.commands import ENVIRONMENT
from tests.tree import ROOT


@pytest.fixture
def machine(monkeypatch):
    """Make a machine of so many cores, of which this process may keep some busy; torch's count comes back after."""

    def make(cores: int, available: int, current: int):
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        monkeypatch.setattr(threads, "available_cores", lambda: available)
        monkeypatch.setattr(threads, "_chosen", None)
        torch.set_num_threads(current)

    before = torch.get_num_threads()
    yield make
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def models():
    return {network: build_vae((28, 28), "s2", network=network) for network in ("mlp", "cnn")}


def threads_inside(model, batch_size) -> int:
    before = torch.get_num_threads()
    with threads.suitable_threads(model, batch_size):
        inside = torch.get_num_threads()
    assert torch.get_num_threads() == before
    return inside


def test_several_threads_only_where_each_has_work(machine, models):
    machine(cores=4, available=4, current=4)
    assert threads_inside(models["mlp"], 100) == 1
    assert threads_inside(models["mlp"], 5000) == 4
    assert threads_inside(models["cnn"], 100) == 4


def test_a_quota_limits_them(machine, models):
    machine(cores=64, available=2, current=64)
    assert threads_inside(models["cnn"], 5000) == 2


@pytest.mark.parametrize("current", [1, 3, 16])
@pytest.mark.parametrize("batch_size", [1, 10_000])
def test_what_the_user_set_wins(machine, models, current, batch_size):
    machine(cores=8, available=2, current=current)
    assert threads_inside(models["mlp"], batch_size) == current


def test_a_number_in_the_environment_wins(machine, models, monkeypatch):
    machine(cores=8, available=8, current=8)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert threads_inside(models["mlp"], 1) == 8


def test_a_chosen_number_wins_though_torch_starts_with_it(machine, models):
    machine(cores=8, available=2, current=8)
    threads.choose_threads(8)
    assert threads_inside(models["mlp"], 1) == 8


def test_counting_the_work_leaves_no_trace(machine, models):
    machine(cores=4, available=4, current=4)
    model = models["mlp"].train()
    state = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), threads.suitable_threads(model, 10):
        1 / 0  # noqa: B018
    assert model.training and torch.equal(torch.get_rng_state(), state) and torch.get_num_threads() == 4


def test_the_cores_are_those_of_the_affinity():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); from svae_lib import threads; "
    done = subprocess.run(
        [sys.executable, "-c", code + "print(threads.available_cores())"], env=ENVIRONMENT, capture_output=True
    )
    assert done.stdout == b"1\n", done.stderr


@pytest.mark.parametrize("variables, policy", [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_waiting_threads_do_not_spin(variables, policy):
    code = "import svae_lib, os, sys; assert 'torch' not in sys.modules; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "OMP_WAIT_POLICY"} | variables
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == policy, done.stderr


@pytest.mark.parametrize("value", ["abc", "0", "-3", ""])
def test_a_nonsense_number_in_the_environment_is_ignored(value):
    code = "import torch, svae_lib; svae_lib.build_vae((4, 4), 's2').log_likelihood(torch.ones(1, 4, 4), 2)"
    done = subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT | {"OMP_NUM_THREADS": value})
    assert done.returncode == 0


def test_kernels_of_make_and_of_binder_do_not_spin_either():
    """A notebook that imports torch before svae_lib gets the policy from where its kernel was started."""
    assert "\nexport OMP_WAIT_POLICY ?= PASSIVE\n" in (ROOT / "Makefile").read_text()
    assert yaml.safe_load((ROOT / "environment.yml").read_text())["variables"] == {"OMP_WAIT_POLICY": "PASSIVE"}
