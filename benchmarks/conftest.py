"""Speed as ratios: in every round the peer runs first, then ours, so that a machine that slows down slows both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch

_ROWS: list[tuple[str, float, float, str]] = []


@dataclass
class Race:
    """Time a peer and ours in turn, and keep the ratio of their medians for the table at the end."""

    benchmark: Callable
    rounds: int = 30

    def __call__(self, line: str, ours: Callable[[], object], peer: Callable[[], object], wanted: str) -> None:
        peer_times = []

        def time_the_peer() -> None:
            start = time.perf_counter()
            peer()
            peer_times.append(time.perf_counter() - start)

        self.benchmark.pedantic(ours, setup=time_the_peer, rounds=self.rounds, warmup_rounds=3)
        mine, other = self.benchmark.stats.stats.median, statistics.median(peer_times[3:])
        self.benchmark.extra_info["peer_median"] = other
        _ROWS.append((line, mine, other, wanted))


@pytest.fixture
def race(benchmark):
    """One thread: what is compared is work, not how well it is shared out."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Race(benchmark)
    torch.set_num_threads(threads)


def pytest_terminal_summary(terminalreporter):
    if _ROWS:
        terminalreporter.section("ratios of medians, interleaved")
        width = max(len(row[0]) for row in _ROWS)
        for line, mine, other, wanted in _ROWS:
            terminalreporter.write_line(
                f"{line:<{width}}  ours {mine * 1e3:8.2f} ms  peer {other * 1e3:8.2f} ms  "
                f"ours/peer {mine / other:5.2f}  peer/ours {other / mine:5.2f}  (wanted: {wanted})"
            )
