"""A busy or divided machine: five epochs of training idle, beside two busy loops, under a quota of one core, and with
eight threads forced; the wall and the CPU time of each."""

import os
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from benchmarks.timing import record

TRAINING = """
import torch, resource, time
from svae_lib import build_vae, fit, load_dataset
data = load_dataset("mnist_5k")
torch.manual_seed(0)
model = build_vae(data.image_shape, "s2")
fit(model, data, epochs=1, batch_size=50, progress=False)
start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
fit(model, data, epochs=5, batch_size=50, progress=False)
now = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - start, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
"""
GROUP = Path("/sys/fs/cgroup/cpu/svae_lib_bench")  # version 1; writable for root


@contextmanager
def busy_loops(count: int):
    """Other processes at work: so many loops that never sleep."""
    with ExitStack() as stack:
        for _ in range(count):
            loop = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(loop.kill)
        yield


@contextmanager
def quota_of_one_core():
    """A command's prefix that runs it in a cgroup with the time of one core, seen as a container sees it."""
    try:
        GROUP.mkdir(exist_ok=True)
        (GROUP / "cpu.cfs_quota_us").write_text("100000")
    except OSError as error:
        pytest.skip(f"no cgroup of version 1 that this process may write ({error.strerror})")
    enter = f"echo $$ > {GROUP}/cgroup.procs; exec unshare -C -m sh -c "
    inside = "umount /sys/fs/cgroup/cpu; mount -t cgroup -o cpu none /sys/fs/cgroup/cpu; exec "
    yield lambda command: ["sh", "-c", f'{enter} \'{inside} "$0" "$@"\' "$0" "$@"', *command]
    GROUP.rmdir()


def train(wrap=lambda command: command, **variables: str) -> tuple[float, float]:
    """Wall and CPU seconds of five epochs on S^2, batch 50, in a process of its own."""
    done = subprocess.run(
        wrap([sys.executable, "-c", TRAINING]), env=os.environ | variables, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    wall, cpu = map(float, done.stdout.split())
    return wall, cpu


def test_a_busy_machine():
    idle = train()
    with busy_loops(2):
        busy = train()
    with quota_of_one_core() as wrap:
        quota = train(wrap)
    eight = train(OMP_NUM_THREADS="8")
    for name, (wall, cpu), aims in (
        ("idle", idle, ("", "")),
        ("beside two busy loops", busy, ("<= 2.5", "<= 1.2")),
        ("a quota of one core", quota, ("", "")),
        ("eight threads forced", eight, ("", "")),
    ):
        record(f"five epochs, s2, batch 50, {name}: wall", wall, idle[0], aims[0], "s", "idle")
        record(f"five epochs, s2, batch 50, {name}: CPU", cpu, idle[1], aims[1], "s", "idle")
