"""The price of one training step, in calls of torch and in time, on one thread: idle, and beside two busy loops."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import median

import pytest
from torch.profiler import ProfilerActivity, profile

from benchmarks.bench_threads import busy_loops
from benchmarks.bench_training import GAUSSIAN, bare_network, epoch
from benchmarks.timing import ROWS, Row

STEPS = 32  # in a run: the noise of that many is drawn at once
ROUNDS = 30
BARE = "the bare network"
# the most a step may cost: its time over the Gaussian's (the Gaussian's over the bare network's), its further calls
AIMS = {
    GAUSSIAN: (1.15, None),
    "s2": (1.15, 150),
    "s10": (1.15, 150),
    "s40": (1.15, 150),
    "10xs4": (1.25, 250),
    "20xs2": (1.25, 250),
    "40xs1": (1.4, 250),
    "2xs2,e2": (1.25, 250),
}


def calls(run: Callable[[], object]) -> float:
    """Calls of torch's operations (aten) per step, those inside of others included."""
    with profile(activities=[ProfilerActivity.CPU]) as found:
        run()
    return sum(event.count for event in found.key_averages() if event.key.startswith("aten::")) / STEPS


def step_times(runs: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Wall seconds per step, sorted, over rounds in which all take turns."""
    times = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) / STEPS)
    return {name: sorted(values) for name, values in times.items()}


@pytest.mark.parametrize("load", [0, 2], ids=["idle", "beside two busy loops"])
def test_steps(threads, load):
    """MLP 256-128, batches of 100; ratios of the medians and of the fastest rounds, which a busy machine moves less."""
    count = 100 * STEPS
    runs = {BARE: bare_network(count)} | {space: epoch(space, count=count) for space in AIMS}
    for run in runs.values():
        run()
    made = {name: calls(run) for name, run in runs.items()}
    with busy_loops(load) if load else nullcontext():
        times = step_times(runs)
    suffix = ", beside two busy loops" if load else ""
    for space, (most, most_calls) in AIMS.items():
        peer = BARE if space == GAUSSIAN else GAUSSIAN
        against = BARE if space == GAUSSIAN else "Gaussian"
        for name, pick in (("median", median), ("fastest", min)):
            ours, theirs = pick(times[space]), pick(times[peer])
            shown = f"{1e3 * ours:.2f} ms", against, f"{1e3 * theirs:.2f} ms", ours / theirs
            ROWS.append(Row(f"a step, {space}, {name} of {ROUNDS}{suffix}", *shown, f"<= {most}"))
        if not load:
            more = f"<= {most_calls} more" if most_calls else ""
            shown = f"{made[space]:.0f}", against, f"{made[peer]:.0f}", made[space] / made[peer]
            ROWS.append(Row(f"calls of a step, {space}", *shown, more))
