"""Data of chapter 10: patches of the two photographs that come with scikit-learn, and three files with a fault.

    python -m svae_course.chapter_10.patches DIR

writes them to DIR, as files that `svae train -d` reads. The photographs, china.jpg and flower.jpg, are by Mark Hess and
dany13 on Flickr, under CC BY 2.0 (https://creativecommons.org/licenses/by/2.0/).
"""

import argparse
import io
from pathlib import Path

import numpy as np

from svae_lib.files import atomic_write

SIDE = 8  # pixels of a patch, after halving the photographs
EVERY = 12  # of the patches, one in so many is in the augmented file
FRESH = (7, 8)  # places after such a one that its shifts do not reach
SHIFTS = ((0, 0), (0, 1), (1, 0), (1, 1))  # pixels down and to the right: the versions in the augmented file
DARKER = 8  # how much darker the dark file is
FEW = 160  # images in the small file


def photographs() -> list[np.ndarray]:
    """The two photographs at half their size, each (213, 320, 3), in [0, 255]."""
    from sklearn.datasets import load_sample_images

    whole = [photo[: photo.shape[0] // 2 * 2].astype(float) for photo in load_sample_images().images]
    return [photo.reshape(len(photo) // 2, 2, -1, 2, 3).mean((1, 3)) for photo in whole]


def patches(shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """Patches side by side, row by row, the first photograph before the second.

    Args:
        shift: pixels down and to the right by which all are moved; the last column stays where it is.

    Returns:
        (2080, 8, 8, 3), uint8.

    Example:
        >>> patches().shape, bool((patches((0, 1))[:, :, :-1] == patches()[:, :, 1:]).all())
        ((2080, 8, 8, 3), False)
    """
    found = []
    for photo in photographs():
        height, width = photo.shape[:2]
        for top in range(0, height - SIDE + 1, SIDE):
            for left in range(0, width - SIDE + 1, SIDE):
                down, right = min(top + shift[0], height - SIDE), min(left + shift[1], width - SIDE)
                found.append(photo[down : down + SIDE, right : right + SIDE])
    return np.rint(np.stack(found)).astype(np.uint8)


def augmented() -> np.ndarray:
    """Every twelfth patch in four versions, shifted by a pixel: whoever splits these by chance has a leak."""
    return np.concatenate([patches(shift)[::EVERY] for shift in SHIFTS])


def fresh() -> np.ndarray:
    """Patches that share no pixel with an augmented one, in any version: (346, 8, 8, 3), uint8."""
    whole = patches()
    return whole[np.isin(np.arange(len(whole)) % EVERY, FRESH)]


def files() -> dict[str, np.ndarray]:
    """Images of each data set, by the name of its file."""
    whole = patches()
    some = np.random.default_rng(0).permutation(len(whole))[:FEW]
    return {"photographs": whole, "augmented": augmented(), "dark": whole // DARKER, "few": whole[some]}


def write(folder: Path, name: str) -> Path:
    """Write one data set as NAME.npz.

    Args:
        folder: where to; made where it is not.
        name: one of `files`.

    Returns:
        The file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(content := io.BytesIO(), images=files()[name])
    atomic_write(folder / f"{name}.npz", content.getvalue())
    return folder / f"{name}.npz"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the data sets of chapter 10.", allow_abbrev=False)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    folder = parser.parse_args().folder
    for each in files():
        print(write(folder, each))
