"""Memory is foreseen: what a process may still take is read from the kernel's files, and what cannot fit is refused."""

import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from svae_lib import memory
from svae_lib.cli import main
from svae_lib.errors import InputError
from svae_lib.experiment.build import check_memory
from svae_lib.experiment.config import Experiment
from svae_lib.memory import available_memory, peak_memory, require_memory, size_in_words
from svae_lib.reading import read_json_lines
from tests.commands import one_line

GIB = 2**30


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """machine(files): the memory that a machine with these files leaves; by default 8 GiB are free."""
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def left(files):
        for name, text in {"proc/meminfo": f"MemFree: 1 kB\nMemAvailable:  {8 * GIB // 1024} kB\n", **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return available_memory(tmp_path / "proc", tmp_path / "cgroup")

    return left


def v2(folder, limit, used, cached=0):
    """A cgroup of version 2."""
    return {
        f"cgroup/{folder}/memory.max": f"{limit}\n",
        f"cgroup/{folder}/memory.current": f"{used}\n",
        f"cgroup/{folder}/memory.stat": f"anon {used}\nactive_file 7\ninactive_file {cached}\n",
    }


def v1(folder, limit, used, cached=0):
    """A cgroup of version 1: its own inactive_file leaves out those below it."""
    return {
        f"cgroup/memory/{folder}/memory.limit_in_bytes": f"{limit}\n",
        f"cgroup/memory/{folder}/memory.usage_in_bytes": f"{used}\n",
        f"cgroup/memory/{folder}/memory.stat": f"inactive_file 5\ntotal_inactive_file {cached}\n",
    }


V2 = {"proc/self/cgroup": "0::/user.slice/box\n"}
V1 = {"proc/self/cgroup": "11:cpu,cpuacct:/else\n7:memory:/docker/box\n1:name=systemd:/else\n"}
NO_LIMIT = 9_223_372_036_854_771_712  # as version 1 writes it
LEFT = {
    "no cgroup": ({}, 8 * GIB),
    "v2": (V2 | v2("user.slice/box", 4 * GIB, GIB), 3 * GIB),
    "v2, cached files are given back": (V2 | v2("user.slice/box", 4 * GIB, 3 * GIB, 2 * GIB), 3 * GIB),
    "v2, no limit": (V2 | v2("user.slice/box", "max", GIB), 8 * GIB),
    "v2, a limit above it": (V2 | v2("user.slice/box", "max", GIB) | v2("user.slice", 2 * GIB, GIB), GIB),
    "v2, a container's root": ({"proc/self/cgroup": "0::/\n"} | v2(".", 2 * GIB, GIB), GIB),
    "v2, larger than the machine": (V2 | v2("user.slice/box", 64 * GIB, GIB), 8 * GIB),
    "v2, more used than it may be": (V2 | v2("user.slice/box", GIB, 2 * GIB), 0),
    "v2, another's": (V2 | v2("user.slice/other", GIB, 0), 8 * GIB),
    "v2, damaged": (V2 | v2("user.slice/box", "much", "little"), 8 * GIB),
    "v1": (V1 | v1("docker/box", 4 * GIB, GIB), 3 * GIB),
    "v1, cached files are given back": (V1 | v1("docker/box", 4 * GIB, 3 * GIB, 2 * GIB), 3 * GIB),
    "v1, no limit": (V1 | v1("docker/box", NO_LIMIT, GIB), 8 * GIB),
    "v1, the container sees its own as the root": (V1 | v1(".", 2 * GIB, GIB), GIB),
    "both, the memory in v1": (
        {"proc/self/cgroup": "4:memory:/box\n0::/box\n", "cgroup/unified/box/pids.max": "9"} | v1("box", 3 * GIB, GIB),
        2 * GIB,
    ),
    "both, the memory in v2": (
        {"proc/self/cgroup": "4:cpu:/box\n0::/box\n"} | v2("unified/box", 3 * GIB, GIB),
        2 * GIB,
    ),
}


@pytest.mark.parametrize(("files", "expected"), LEFT.values(), ids=LEFT)
def test_the_least_of_the_machine_and_its_cgroups_is_left(machine, files, expected):
    assert machine(files) == expected


def test_the_limit_of_the_shell_counts(machine, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2 * GIB, resource.RLIM_INFINITY))
    used = GIB // resource.getpagesize()
    assert machine({"proc/self/statm": f"{used} 3 2 1 0 2 0\n"}) == GIB


def test_a_system_that_says_nothing_refuses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert available_memory(tmp_path, tmp_path) is None
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    require_memory(10**30, "all of it", "take less")


def test_what_is_just_enough_is_not_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 10**9)
    require_memory(10**9, "the data", "take less")
    with pytest.raises(InputError, match=r"^the data: needs about 1\.0 GB of memory, and 1\.0 GB are free; take less$"):
        require_memory(10**9 + 1, "the data", "take less")


def test_the_peak_is_at_least_what_is_held():
    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("the system does not say what a process holds")
    held = np.ones(5_000_000)
    assert peak_memory() >= int(statm.read_text().split()[1]) * resource.getpagesize() - 10**6 > held.nbytes


def test_a_small_file_of_lines_takes_little_however_large_it_may_be(tmp_path):
    """Its buffer once had the 537 MB of the largest that is read."""
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"epoch": 1}\n{"epoch": 2}\n')
    tracemalloc.start()
    rows = read_json_lines(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["epoch"] for row in rows] == [1, 2] and peak < 10**6


# --- a training that is too large


@pytest.fixture
def free(monkeypatch):
    """free(count): from here on so many bytes are free, as all who ask are told."""

    def set_free(count):
        for module in ("svae_lib.memory", "svae_lib.experiment.build"):
            monkeypatch.setattr(f"{module}.available_memory", lambda: count)

    return set_free


CNN = {"encoder_network": "cnn", "decoder_network": "cnn"}
FIELDS = {
    "-hd": ("hidden", lambda text: tuple(map(int, text.split(",")))),
    "-bs": ("batch_size", int),
    "--encode_type": ("encoder_network", str),
    "--decode_type": ("decoder_network", str),
}
NEEDED = "training on images of {}: needs about {} of memory, and {} are free; {}"
LARGE = {  # size of the images, configuration, gigabytes that are free, what is needed, what to change
    "weights": (1000, {}, 8, "27.3 GB", "-hd 64,32, or -hd 16,8, or resize the images"),
    "weights, less free": (1000, {}, 4, "27.3 GB", "-hd 16,8, or resize the images"),
    "a batch": (200, {"batch_size": 9_000, "hidden": (8,)}, 2, "8.9 GB", "-bs 900, or -bs 1, or resize the images"),
    "a batch, less free": (200, {"batch_size": 9_000, "hidden": (8,)}, 0.9, "8.9 GB", "-bs 1, or resize the images"),
    "convolutions": (
        256, {"hidden": (256,), "batch_size": 1, **CNN}, 2, "3.6 GB",
        "-hd 64, or -hd 16, or --encode_type mlp --decode_type mlp, or resize the images",
    ),
    "all of it": (
        1000, {}, 1, "27.3 GB", "resize the images, take fewer hidden units (-hd) and smaller batches (-bs)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("side", "values", "gigabytes", "needed", "cure"), LARGE.values(), ids=LARGE)
def test_a_training_larger_than_the_memory_names_the_flags_that_help(free, side, values, gigabytes, needed, cure):
    counts = (40_000, 500, 500) if values.get("batch_size", 1) > 1 else (24, 3, 3)
    free(int(gigabytes * 1e9))
    with pytest.raises(InputError) as refusal:
        check_memory(Experiment(**values), (side, side), counts)
    line = str(refusal.value)
    assert line == NEEDED.format(f"{side} x {side}", needed, size_in_words(int(gigabytes * 1e9)), cure)
    for words in (part.split() for part in line.split("; ")[1].split(", or ") if part.startswith("-")):
        smaller = {FIELDS[flag][0]: FIELDS[flag][1](value) for flag, value in zip(words[::2], words[1::2], strict=True)}
        check_memory(Experiment(**(values | smaller)), (side, side), counts)  # it helps


@pytest.mark.parametrize("also", [[], ["--dry-run"]])
def test_the_command_refuses_it_before_anything_is_built_or_written(also, free, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("large.npy", np.random.default_rng(0).integers(0, 256, (3, 1000, 1000), dtype=np.uint8))
    free(8 * 10**9)
    assert main(["train", "-d", "large.npy", *also]) == 2
    assert NEEDED.format("1000 x 1000", "26.7 GB", "8.0 GB", "-hd 64,32, or") in one_line(capsys)
    assert [path.name for path in tmp_path.iterdir()] == ["large.npy"]
