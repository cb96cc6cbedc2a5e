"""Memory: how much this process may still take, how much it took, and a refusal in one line of what cannot fit."""

import ctypes
import gc
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from svae_lib.errors import InputError

_V2 = "memory.max", "memory.current", "inactive_file"
_V1 = "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"


def available_memory(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int | None:
    """The bytes that this process may still take: what is free, and what its cgroups (v1, v2) and ulimit -v leave.

    Args:
        proc: Where the kernel describes the machine and this process.
        cgroups: Where it describes cgroups.

    Returns:
        The least of these; None where the system says nothing.

    Example:
        >>> available_memory(Path("/nowhere"), Path("/nowhere")) is None or available_memory() > 0
        True
    """
    limits = [*_free(proc), *_left_by_cgroups(proc, cgroups)]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        with suppress(OSError):
            limits.append(soft - int((proc / "self" / "statm").read_text().split()[0]) * resource.getpagesize())
    return max(0, min(limits)) if limits else None


def release_memory() -> None:
    """Give back to the system what Python and glibc keep of freed memory: a worker grew with each experiment."""
    gc.collect()
    with suppress(OSError, AttributeError):  # another system's C library
        ctypes.CDLL(None).malloc_trim(0)


def peak_memory() -> int:
    """The most bytes of memory that this process has held at once."""
    with suppress(OSError):  # ru_maxrss may be that of the process this one was forked from
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def require_memory(needed: int, what: str, cure: str) -> None:
    """Refuse what the machine has not the memory for, before it is begun.

    Args:
        needed: Bytes.
        what: What needs them, for the message.
        cure: What to change.

    Raises:
        InputError: So many are not free; says how many are.
    """
    free = available_memory()
    if free is not None and needed > free:
        needs = f"needs about {size_in_words(needed)} of memory, and {size_in_words(free)} are free"
        raise InputError(f"{what}: {needs}; {cure}")


def size_in_words(count: int) -> str:
    """A number of bytes in words.

    Example:
        >>> size_in_words(24_100_000_000), size_in_words(1_500_000)
        ('24.1 GB', '1.5 MB')
    """
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def _free(proc: Path) -> Iterator[int]:
    with suppress(OSError):
        for line in (proc / "meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                yield int(line.split()[1]) * 1024


def _left_by_cgroups(proc: Path, cgroups: Path) -> Iterator[int]:
    """What each cgroup above this process leaves; pages that only cache files are given back when they are needed."""
    with suppress(OSError):
        for line in (proc / "self" / "cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(","):
                roots, (limit, used, cache) = [cgroups / "memory"], _V1
            elif controllers == "":
                roots, (limit, used, cache) = [cgroups, cgroups / "unified"], _V2
            else:
                continue
            inner = Path(path.lstrip("/"))
            for folder in (root / part for root in roots for part in (inner, *inner.parents)):
                with suppress(OSError, ValueError):  # no such folder, or "max"
                    statistics = dict(row.split() for row in (folder / "memory.stat").read_text().splitlines())
                    cached = int(statistics.get(cache, 0))
                    yield int((folder / limit).read_text()) - int((folder / used).read_text()) + cached
