"""CPU threads: how many a computation gets on a machine that may be small, shared or busy.

torch starts as many threads as it sees cores. They wait for each other after every operation, and where a core is taken
away (two programs on two cores, a container with half a core's quota) all wait for the one that does not run: five
epochs that take seconds take minutes. So a computation gets several threads only where each has work worth waiting for,
never more than the process may keep busy, and threads that wait do so without spinning.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_WORK_PER_THREAD = 1e8  # multiply-adds between two waits, some 2 ms of a core: from twice that on a second pays


def wait_without_spinning() -> None:
    """Tell OpenMP, before torch loads it, that a waiting thread gives its core away. A policy that is set stays."""
    if "torch" not in sys.modules and not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


@cache
def available_cores() -> int:
    """The number of cores that this process can keep busy: by its affinity and its cgroup's quota, at least 1.

    Example:
        >>> 1 <= available_cores() <= os.cpu_count()
        True
    """
    import joblib  # comes with scikit-learn; reads quotas of cgroups v1 and v2

    return joblib.cpu_count()


def suitable_threads(multiply_adds: float) -> int:
    """The number of threads for steps of so many multiply-adds each.

    It is never above torch's own number, so that torch.set_num_threads(1) holds. A number that torch does not start
    with, or one of OMP_NUM_THREADS or MKL_NUM_THREADS, is the user's choice and stays as it is.

    Args:
        multiply_adds: of one step, between whose parts the threads wait for each other.

    Example:
        >>> import torch
        >>> suitable_threads(1e3) <= suitable_threads(1e12) <= torch.get_num_threads()
        True
    """
    import torch

    current = torch.get_num_threads()
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    initial = current in (affinity, affinity // 2)  # torch starts with one for each physical core
    if not initial or any(os.environ.get(name, "").isdigit() for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")):
        return current
    return max(1, min(current, available_cores(), int(multiply_adds / _WORK_PER_THREAD)))


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Compute with so many threads inside, and with as many as before outside."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
