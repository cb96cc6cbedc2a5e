"""The reader's own images: what is taken, how it is split, and what is refused."""

import os
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from svae_lib.datasets import load_dataset
from svae_lib.errors import InputError


def gray(count=30, height=12, width=8):
    return np.random.default_rng(0).integers(0, 256, (count, height, width), dtype=np.uint8)


def colors(count=30, height=12, width=8):
    return np.random.default_rng(1).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def everything(data):
    return {image.tobytes() for split in (data.train, data.validation, data.test) for image in split.images.numpy()}


def test_a_folder_of_pictures(tmp_path):
    images = gray()
    (tmp_path / "deeper").mkdir()
    for i, (image, kind) in enumerate(zip(images, ["L", "RGB", "LA", "RGBA", "P"] * 6, strict=True)):
        Image.fromarray(image).convert(kind).save(tmp_path / ("deeper" if i % 2 else ".") / f"{i:02}.png")
    (tmp_path / "notes.txt").write_text("not a picture")
    data = load_dataset(tmp_path)
    assert (len(data.train), len(data.validation), len(data.test)) == (24, 3, 3)
    assert data.image_shape == (12, 8) and data.name == tmp_path.name and data.train.labels is None
    assert everything(data) == {image.tobytes() for image in images}
    assert torch.equal(load_dataset(str(tmp_path)).train.images, data.train.images)


def test_a_folder_of_color_pictures(tmp_path):
    """Saved in color, they stay in color, and one that happens to show only gray is one of them."""
    images = colors(5)
    images[3] = images[3, ..., :1]
    for i, (image, kind) in enumerate(zip(images, ["RGB", "RGBA", "RGB", "RGB", "RGBA"], strict=True)):
        Image.fromarray(image).convert(kind).save(tmp_path / f"{i}.png")
    data = load_dataset(tmp_path)
    assert data.image_shape == (3, 12, 8)
    assert everything(data) == {image.transpose(2, 0, 1).tobytes() for image in images}


def test_a_palette_may_be_of_colors_or_of_grays(tmp_path):
    for i in range(3):
        Image.fromarray(colors(3)[i]).quantize(8).save(tmp_path / f"{i}.gif")
    assert load_dataset(tmp_path).image_shape == (3, 12, 8)


def test_black_and_white_pictures(tmp_path):
    for i, image in enumerate(gray(5)):
        Image.fromarray(image > 127).save(tmp_path / f"{i}.png")
    assert load_dataset(tmp_path).train.images.unique().tolist() == [0, 255]


@pytest.mark.parametrize("images", [gray(), gray().astype(np.int64), gray() / 255, (gray() / 255).astype(np.float32)])
def test_an_array_of_any_number_type(images, tmp_path):
    np.save(tmp_path / "mine.npy", images)
    data = load_dataset(tmp_path / "mine.npy")
    assert everything(data) == {image.tobytes() for image in gray()} and data.name == "mine"


@pytest.mark.parametrize("kind", [np.uint8, np.int32, np.float64])
@pytest.mark.parametrize("channels", [1, -1])
def test_an_array_of_colors(kind, channels, tmp_path):
    images = np.moveaxis(colors(), -1, channels)
    np.save(tmp_path / "mine.npy", images / 255 if kind == np.float64 else images.astype(kind))
    data = load_dataset(tmp_path / "mine.npy")
    assert data.image_shape == (3, 12, 8)
    assert everything(data) == {image.transpose(2, 0, 1).tobytes() for image in colors()}


def test_where_two_dimensions_are_three_the_last_one_is_the_channels(tmp_path):
    images = colors(height=3)
    np.save(tmp_path / "low.npy", images)
    assert everything(load_dataset(tmp_path / "low.npy")) == {image.transpose(2, 0, 1).tobytes() for image in images}


@pytest.mark.parametrize("channels", [1, -1])
@pytest.mark.parametrize("height", [12, 3, 1])
def test_one_channel_is_gray(channels, height, tmp_path):
    images = gray(height=height)
    np.save(tmp_path / "mine.npy", np.expand_dims(images, channels))
    assert everything(load_dataset(tmp_path / "mine.npy")) == {image.tobytes() for image in images}


def test_three_dimensions_are_gray_whatever_the_last(tmp_path):
    np.save(tmp_path / "narrow.npy", gray(width=3))
    assert load_dataset(tmp_path / "narrow.npy").image_shape == (12, 3)


def test_an_npz_of_colors_with_labels(tmp_path):
    np.savez(tmp_path / "mine.npz", images=colors(), labels=np.arange(30))
    data = load_dataset(tmp_path / "mine.npz")
    for split in (data.train, data.validation, data.test):
        assert np.array_equal(split.images.permute(0, 2, 3, 1).numpy(), colors()[split.labels.numpy()])


@pytest.mark.parametrize("kind", [bool, np.uint8, np.float64])
def test_zeros_and_ones_are_black_and_white(kind, tmp_path):
    np.save(tmp_path / "binary.npy", (gray() > 127).astype(kind))
    assert load_dataset(tmp_path / "binary.npy").train.images.unique().tolist() == [0, 255]


def test_an_npz_with_labels(tmp_path):
    images = gray()
    np.savez(tmp_path / "mine.npz", images=images, labels=np.arange(30, dtype=np.int32))
    data = load_dataset(tmp_path / "mine.npz")
    for split in (data.train, data.validation, data.test):
        assert split.labels.dtype == torch.int64
        assert np.array_equal(split.images.numpy(), images[split.labels.numpy()])


def test_three_images_are_enough_and_two_are_not(tmp_path):
    np.save(tmp_path / "three.npy", gray(3))
    data = load_dataset(tmp_path / "three.npy")
    assert (len(data.train), len(data.validation), len(data.test)) == (1, 1, 1)
    np.save(tmp_path / "two.npy", gray(2))
    with pytest.raises(InputError, match="two.npy: 2 images, expected at least 3"):
        load_dataset(tmp_path / "two.npy")


class Bomb:
    """Unpickling it would run code."""

    def __reduce__(self):
        return os.mkdir, ("exploded",)


def truncated_npz(path):
    np.savez(path, images=gray())
    path.write_bytes(path.read_bytes()[:500])


ARRAY_FAULTS = {
    "two channels": ("a.npy", lambda p: np.save(p, np.zeros((9, 8, 8, 2))), "shape (9, 8, 8, 2), expected (N, H, W)"),
    "four channels": ("a.npy", lambda p: np.save(p, np.zeros((9, 4, 8, 8))), "(N, H, W, 3) or (N, 3, H, W) for color"),
    "five dimensions": ("a.npy", lambda p: np.save(p, np.zeros((9, 3, 8, 8, 8))), "shape (9, 3, 8, 8, 8), expected"),
    "one number": ("a.npy", lambda p: np.save(p, np.zeros(())), "shape (), expected (N, H, W)"),
    "flat": ("a.npy", lambda p: np.save(p, np.zeros((9, 784))), "shape (9, 784), expected (N, H, W)"),
    "too high": ("a.npy", lambda p: np.save(p, gray() * 1.0), "expected 0 to 1 for float64"),
    "negative": ("a.npy", lambda p: np.save(p, gray().astype(int) - 9), "expected 0 to 255 for int64"),
    "infinite": ("a.npy", lambda p: np.save(p, np.full((5, 4, 4), np.inf)), "values from inf to inf"),
    "complex": ("a.npy", lambda p: np.save(p, np.zeros((5, 4, 4), complex)), "numbers of type complex128"),
    "empty array": ("a.npy", lambda p: np.save(p, np.zeros((5, 0, 4))), "found no images"),
    "objects": ("a.npy", lambda p: np.save(p, np.array([[[Bomb()]]], object)), "not a complete NumPy file"),
    "a pickle": ("a.npy", lambda p: p.write_bytes(pickle.dumps(Bomb())), "not a complete NumPy file"),
    "empty file": ("a.npy", lambda p: p.touch(), "not a complete NumPy file"),
    "half an .npz": ("a.npz", truncated_npz, "not a complete NumPy file"),
    "two arrays": ("a.npz", lambda p: np.savez(p, x=gray(), y=gray()), "found arrays x, y, expected one called images"),
    "labels too few": ("a.npz", lambda p: np.savez(p, images=gray(), labels=np.arange(3)), "labels are int64 (3,)"),
    "float labels": ("a.npz", lambda p: np.savez(p, images=gray(), labels=np.zeros(30)), "labels are float64 (30,)"),
    "another kind": ("a.csv", lambda p: p.write_text("0,1"), "expected a folder of images, a .npy or a .npz file"),
    "no file": ("a.npy", lambda p: None, "no such file or folder"),
}


@pytest.mark.parametrize(("name", "write", "words"), ARRAY_FAULTS.values(), ids=ARRAY_FAULTS)
def test_an_array_that_is_no_gray_images_is_refused(name, write, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    write(path)
    with pytest.raises(InputError) as refusal:
        load_dataset(path)
    assert str(path) in str(refusal.value) and words in str(refusal.value) and "\n" not in str(refusal.value)
    assert not (tmp_path / "exploded").exists()


def save(folder, name, image):
    Image.fromarray(image).save(folder / name)


def broken_png(folder):
    (folder / "1.png").write_bytes((folder / "0.png").read_bytes()[:60])


PICTURE_FAULTS = {
    "two sizes": (lambda f: save(f, "1.png", gray(1, 9, 9)[0]), "1.png: 9 x 9 pixels, but 0.png is 8 x 12"),
    "two sizes in color": (
        lambda f: save(f, "1.png", np.eye(3, dtype=np.uint8)[:, None] * 255),
        "1.png: 1 x 3 pixels, but 0.png is 8 x 12",
    ),
    "gray and color": (
        lambda f: save(f, "1.png", colors(1)[0]),
        "0.png: gray (mode L), but 1.png is color (mode RGB): save all images in color, or all in gray",
    ),
    "transparent colors": (
        lambda f: save(f, "1.png", np.dstack([colors(1)[0], gray(1)[0]])),
        "1.png: a color image with transparent pixels",
    ),
    "inks": (
        lambda f: Image.fromarray(colors(1)[0]).convert("CMYK").save(f / "1.jpg"),
        "mode CMYK, expected 8-bit gray or color",
    ),
    "16 bits": (lambda f: save(f, "1.png", np.full((12, 8), 9_000, np.uint16)), "mode I;16, expected 8-bit gray"),
    "half a picture": (broken_png, "1.png: not a complete image"),
    "not a picture": (lambda f: (f / "1.png").write_text("hello"), "1.png: not a complete image"),
    "no pictures": (lambda f: (f / "0.png").rename(f / "0.txt"), "no images in it"),
}


@pytest.mark.parametrize(("write", "words"), PICTURE_FAULTS.values(), ids=PICTURE_FAULTS)
def test_a_folder_that_is_no_gray_images_is_refused(write, words, tmp_path):
    save(tmp_path, "0.png", gray(1)[0])
    write(tmp_path)
    with pytest.raises(InputError) as refusal:
        load_dataset(tmp_path)
    assert str(tmp_path) in str(refusal.value) and words in str(refusal.value) and "\n" not in str(refusal.value)
