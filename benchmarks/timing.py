"""Medians of runs in turn, so that a machine that slows down slows all that is compared; and the table's lines."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: what was measured, beside what, and what is aimed at."""

    what: str
    ours: str
    against: str
    theirs: str
    ratio: float | None
    aim: str


ROWS: list[Row] = []


def medians(runners: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median seconds of each runner over rounds in which all of them run in turn, after one that does not count."""
    times = {name: [] for name in runners}
    for turn in range(rounds + 1):
        for name, runner in runners.items():
            start = time.perf_counter()
            runner()
            if turn:
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def record(what: str, ours: float, peer: float | None, aim: str, unit: str = "ms", against: str = "") -> None:
    """Keep a line for the table at the end; times in seconds, shown in `unit`."""
    scale, digits = {"ms": (1e3, 2), "s": (1, 2), "MB": (1, 0)}[unit]
    shown = [f"{scale * value:.{digits}f} {unit}" if value is not None else "" for value in (ours, peer)]
    ROWS.append(Row(what, shown[0], against, shown[1], ours / peer if peer else None, aim))


@dataclass
class Race:
    """Ours against one peer."""

    rounds: int = 30

    def __call__(self, what: str, ours: Callable, peer: Callable, aim: str, against: str) -> None:
        found = medians({"peer": peer, "ours": ours}, self.rounds)
        record(what, found["ours"], found["peer"], aim, against=against)
