"""CPU threads: how many a computation gets on a machine that may be small, shared or busy.

torch starts a thread for every core it sees. They wait for each other after every operation, and where a core is taken
away (two programs on two cores, a container with a quota of half a core) all wait for the one that does not run: five
epochs that take seconds take minutes. So a computation gets several threads only if each has work worth the wait, never
more than the process may keep busy, and threads that wait do so without spinning.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:  # torch takes a second to import, and OpenMP's policy must be set before
    from torch import nn

_WORK_PER_THREAD = 1e8  # multiply-adds between two waits, some 2 ms of a core: from twice that on a second thread pays
_VARIABLES = "OMP_NUM_THREADS", "MKL_NUM_THREADS"
_chosen: int | None = None
_counted: WeakKeyDictionary = WeakKeyDictionary()  # multiply-adds by model: a long evaluation asks for each batch


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


def choose_threads(count: int) -> None:
    """Use so many threads from here on, as torch.set_num_threads does; `suitable_threads` leaves it so.

    Args:
        count: At least 1.
    """
    global _chosen
    import torch

    torch.set_num_threads(count)
    _chosen = count


@contextmanager
def suitable_threads(model: "nn.Module", batch_size: int) -> Iterator[None]:
    """Compute inside with as many threads as pay for a model and a batch size, outside with as many as before.

    There are never more than torch's own number, so that torch.set_num_threads(1) holds. A number that torch does not
    start with, one in OMP_NUM_THREADS or MKL_NUM_THREADS, and one of `choose_threads` are the user's and stay.

    On one thread, a seed gives the same figures to the last bit whatever the number of cores; several threads add
    numbers up in another order, which changes the last digits.

    Args:
        model: A VAE; one image goes through its networks, in eval mode, to count their work.
        batch_size: Images that go through it at once.
    """
    import torch

    before = torch.get_num_threads()
    on_cpu = next(model.parameters()).device.type == "cpu"
    if before > 1 and on_cpu and not _is_users_choice(before):
        threads = int(batch_size * _multiply_adds(model) / _WORK_PER_THREAD)
        torch.set_num_threads(max(1, min(before, available_cores(), threads)))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_users_choice(count: int) -> bool:
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    initial = count in (affinity, affinity // 2)  # torch starts one for each physical core
    return not initial or count == _chosen or any(os.environ.get(name, "").isdigit() for name in _VARIABLES)


def _multiply_adds(model: "nn.Module") -> float:
    """The multiply-adds of one image through encoder and decoder; the model's mode stays as it was."""
    if model in _counted:
        return _counted[model]
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    was_training, weight = model.training, next(model.parameters())
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model.encoder(weight.new_zeros(1, *model.image_shape))
            model.decoder(weight.new_zeros(1, model.latent_space.event_size))
    finally:
        model.train(was_training)
    _counted[model] = counter.get_total_flops() / 2
    return _counted[model]
