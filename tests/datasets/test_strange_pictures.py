"""Strange files among the reader's images: refused or left out in one line that says so, or read as they are meant."""

import gzip
import io
import os
import re
import tracemalloc
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from PIL import Image

from svae_lib.datasets import arrays, files, load_dataset, pictures
from svae_lib.datasets.arrays import read_arrays
from svae_lib.datasets.pictures import read_pictures
from svae_lib.errors import InputError, InputWarning

HEIGHT, WIDTH = 12, 8
UPRIGHT = np.add.outer(8 * np.arange(HEIGHT), 16 * np.arange(WIDTH)).astype(np.uint8)  # no two corners are equal


def gray(count=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, HEIGHT, WIDTH), dtype=np.uint8)


def color():
    return np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def save(folder, images, name="{}.png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / name.format(index))


def refusal_of(path):
    """The one line that refuses a file or folder, with nothing said before it."""
    with warnings.catch_warnings(), pytest.raises(InputError) as refusal:
        warnings.simplefilter("error")
        load_dataset(path)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def warnings_of(folder):
    with pytest.warns(InputWarning) as caught:
        data = load_dataset(folder)
    return [str(each.message) for each in caught], data


def everything(data):
    return sorted(image.tobytes() for part in (data.train, data.validation, data.test) for image in part.images.numpy())


def traced_peak(call):
    """The most bytes that Python and NumPy held at once during a call, beyond those before it."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- pictures that are refused: each is saved as odd.png, .gif or .tif beside two that are not strange


def transparent_color(path):
    Image.fromarray(np.dstack([color(), UPRIGHT])).save(path.with_suffix(".png"))


def transparent_gray(path):
    Image.fromarray(np.dstack([UPRIGHT, UPRIGHT])).save(path.with_suffix(".png"))


def ink_in_alpha(path):
    """Black everywhere, drawn by what is opaque: it was read as a black picture."""
    ink = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    ink[3:6, :, 3] = 255
    Image.fromarray(ink).save(path.with_suffix(".png"))


def transparent_palette(path):
    Image.fromarray(color()).quantize(8).save(path.with_suffix(".png"), transparency=2)


def half_transparent_palette(path):
    """A palette may have an alpha value for each of its colors."""
    Image.fromarray(color()).quantize(8).save(path.with_suffix(".png"), transparency=bytes([255, 90, 255, 0]))


def transparent_gif(path):
    Image.fromarray(color()).quantize(8).save(path.with_suffix(".gif"), transparency=2)


def transparent_value(path):
    """A gray PNG may name one value as transparent."""
    Image.fromarray(UPRIGHT).save(path.with_suffix(".png"), transparency=int(UPRIGHT[3, 3]))


def frames(suffix, **options):
    def write(path):
        first, *rest = (Image.fromarray(image) for image in gray(3, seed=5))
        first.save(path.with_suffix(suffix), save_all=True, append_images=rest, **options)

    return write


def chunk(kind, data):
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def deep_png(color_type, channels):
    """Pillow cannot write 16 bits in color: rows of big-endian numbers, each after a filter byte of 0."""

    def write(path):
        numbers = np.random.default_rng(2).integers(0, 65_536, (HEIGHT, WIDTH * channels)).astype(">u2")
        rows = b"".join(b"\0" + row.tobytes() for row in numbers)
        size = WIDTH.to_bytes(4, "big") + HEIGHT.to_bytes(4, "big")
        header = chunk(b"IHDR", size + bytes([16, color_type, 0, 0, 0]))
        png = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
        path.with_suffix(".png").write_bytes(png)

    return write


def deep_tiff(path):
    Image.fromarray(np.full((HEIGHT, WIDTH), 9_000, np.uint16)).save(path.with_suffix(".tif"))


def deep_pgm(path):
    numbers = np.full((HEIGHT, WIDTH), 9_000, ">u2").tobytes()
    path.with_suffix(".pgm").write_bytes(f"P5 {WIDTH} {HEIGHT} 65535\n".encode() + numbers)


BACKGROUND = "with transparent pixels: put it on a background first"
FRAMES = "3 frames or pages, expected one image: save each as a file of its own"
BITS = "expected 8-bit gray or color: save it as such first"
REFUSED = {
    "RGBA": (transparent_color, f"a color image {BACKGROUND}"),
    "LA": (transparent_gray, f"a gray image {BACKGROUND}"),
    "ink in alpha": (ink_in_alpha, f"a gray image {BACKGROUND}"),
    "palette": (transparent_palette, f"a color image {BACKGROUND}"),
    "palette of alphas": (half_transparent_palette, f"a color image {BACKGROUND}"),
    "transparent GIF": (transparent_gif, f"a color image {BACKGROUND}"),
    "one gray value": (transparent_value, f"a gray image {BACKGROUND}"),
    "animated GIF": (frames(".gif"), FRAMES),
    "APNG": (frames(".png"), FRAMES),
    "animated WebP": (frames(".webp", lossless=True), FRAMES),
    "pages of a TIFF": (frames(".tif"), FRAMES),
    "16-bit color PNG": (deep_png(2, 3), f"16 bits a channel, in mode RGB, {BITS}"),
    "16-bit RGBA PNG": (deep_png(6, 4), f"16 bits a channel, in mode RGBA, {BITS}"),
    "16-bit gray PNG": (deep_png(0, 1), f"16 bits a channel, in mode I;16, {BITS}"),
    "16-bit gray and alpha PNG": (deep_png(4, 2), f"16 bits a channel, in mode RGBA, {BITS}"),
    "16-bit gray TIFF": (deep_tiff, f"16 bits a channel, in mode I;16, {BITS}"),
    "16-bit PGM": (deep_pgm, f"16 bits a channel, in mode I, {BITS}"),
}


@pytest.mark.parametrize(("write", "words"), REFUSED.values(), ids=REFUSED)
def test_a_picture_that_would_lose_something_is_refused(write, words, tmp_path):
    save(tmp_path, gray(3))
    write(tmp_path / "odd")
    line = refusal_of(tmp_path)
    assert re.match(rf"{re.escape(str(tmp_path))}/odd\.(png|gif|webp|tif|pgm): ", line) and line.endswith(words)


def huge_png(path):
    """Forty bytes that promise ten thousand million pixels."""
    header = chunk(b"IHDR", 2 * (100_000).to_bytes(4, "big") + bytes([8, 0, 0, 0, 0]))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b""))


NO_PICTURE = {
    "pipe": (os.mkfifo, "it is a pipe or a device, not a file"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is a pipe or a device, not a file"),
    "folder": (lambda path: path.symlink_to(path.parent), "no images in it (1 links to folders left out)"),
    "huge": (huge_png, "10000000000 pixels"),
}


@pytest.mark.parametrize(("make", "words"), NO_PICTURE.values(), ids=NO_PICTURE)
def test_what_only_has_the_name_of_a_picture_is_refused_before_it_is_read(make, words, tmp_path):
    make(tmp_path / "0.png")
    lines = []
    assert traced_peak(lambda: lines.append(refusal_of(tmp_path))) < 2_000_000
    assert str(tmp_path) in lines[0] and words in lines[0]


def test_a_photograph_with_previews_is_one_picture(tmp_path):
    """Telephones save several pictures in a JPEG (MPO): what follows the first are previews and depths."""
    for index in range(3):
        first, second = (Image.fromarray(image) for image in gray(2, seed=index))
        first.save(tmp_path / f"{index}.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    images, _ = read_pictures(tmp_path)
    assert images.shape == (3, HEIGHT, WIDTH)


# --- EXIF

STORED = {  # the picture as a camera stores it, for each orientation of the EXIF standard (tag 274)
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("first", [1, 6])
def test_a_photograph_is_turned_as_its_camera_says(first, tmp_path):
    """All eight orientations in one folder, the first one upright or lying, are one picture."""
    for place, (orientation, pixels) in enumerate(sorted(STORED.items(), key=lambda each: each[0] != first)):
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(np.ascontiguousarray(pixels)).save(tmp_path / f"{place}.jpg", quality=95, exif=exif)
    with pytest.warns(InputWarning, match="copies of others"):
        images, _ = read_pictures(tmp_path)
    assert images.shape == (8, HEIGHT, WIDTH)
    # JPEG's loss at this quality is 3 gray values at most here; the best wrong turn differs by 14 x 8
    assert np.abs(images.numpy().astype(int) - UPRIGHT).max() <= 6


# --- what else lies in a folder


def test_what_is_left_out_of_a_folder_is_counted_by_kind(tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    save(folder / "inside", gray(5))
    save(tmp_path / "elsewhere", gray(4, seed=1))
    save(folder / "locked", gray(2, seed=2))
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "inside" / "round").symlink_to(folder)
    for name in ("gone.png", "loop.jpg", "inside/gone folder"):
        (folder / name).symlink_to(tmp_path / "gone")
    scan = os.scandir

    def refuse(path):
        if os.fspath(path) == str(folder / "locked"):  # the tests may run as root, who may read everything
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    lines, data = warnings_of(folder)
    assert lines == [f"{folder}: left out 3 broken links, 1 folders that cannot be read, 2 links to folders"]
    assert everything(data) == sorted(image.tobytes() for image in gray(5))


def test_a_folder_with_nothing_but_links_says_what_it_left_out(tmp_path):
    (tmp_path / "0.png").symlink_to(tmp_path / "gone")
    assert "no images in it (1 broken links left out)" in refusal_of(tmp_path)


def test_a_link_to_a_picture_is_the_picture(tmp_path):
    save(tmp_path / "elsewhere", gray(3))
    (tmp_path / "mine").mkdir()
    for path in (tmp_path / "elsewhere").iterdir():
        (tmp_path / "mine" / path.name).symlink_to(path)
    assert everything(load_dataset(tmp_path / "mine")) == sorted(image.tobytes() for image in gray(3))


@pytest.mark.parametrize("name", [".ipynb_checkpoints", "__MACOSX", ".hidden", "inside/.thumbnails"])
def test_a_hidden_folder_is_not_looked_into(name, tmp_path):
    save(tmp_path, gray(4))
    save(tmp_path / name, gray(3, seed=1))
    save(tmp_path, gray(1, seed=2), "._0{}.png")
    assert everything(load_dataset(tmp_path)) == sorted(image.tobytes() for image in gray(4))


def splits(data):
    return [{image.tobytes() for image in part.images.numpy()} for part in (data.train, data.validation, data.test)]


@pytest.mark.parametrize("copies", [[0, 0, 3], [*range(12)], [*range(12)] * 4, [7] * 30])
def test_copies_stay_in_one_split_and_are_counted(copies, tmp_path):
    save(tmp_path, gray(12))
    save(tmp_path, gray(12)[copies], "{} copy.png")
    lines, data = warnings_of(tmp_path)
    count = f"{len(copies)} images are copies of others, to the last pixel"
    assert lines == [f"{tmp_path}: {count}: kept in one split with them"]
    train, validation, test = splits(data)
    assert len(train) + len(validation) + len(test) == 12 and len(train | validation | test) == 12
    assert everything(data) == sorted(image.tobytes() for image in [*gray(12), *gray(12)[copies]])
    held_out = max(1, (12 + len(copies)) // 10)
    assert len(data.validation) <= held_out + 4 and len(data.test) <= held_out + 4  # a group has at most five, but one


def test_the_same_pixels_in_another_file_are_a_copy(tmp_path):
    save(tmp_path, gray(4))
    Image.fromarray(gray(4)[2]).convert("RGB").save(tmp_path / "2.bmp")
    lines, _ = warnings_of(tmp_path)
    assert lines[0].startswith(f"{tmp_path}: 1 images are copies of others")


def test_two_pictures_and_their_copies_are_not_enough(tmp_path):
    save(tmp_path, gray(2)[[0, 1, 0, 1, 1]])
    with pytest.warns(InputWarning), pytest.raises(InputError, match="5 images, of which 2 differ, expected at least"):
        load_dataset(tmp_path)


# --- arrays that lie, or are larger than what is needed of them


def head(shape, dtype="|u1"):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": dtype, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


def test_an_array_that_is_not_needed_is_not_read(tmp_path):
    path = tmp_path / "mine.npz"
    np.savez_compressed(path, images=gray(), labels=np.arange(6), noise=np.zeros(20_000_000, np.uint8))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("promises.npy", head((10**9, 10**9), "<f8"))  # reading it would fail
    load_dataset(path)  # imports
    assert traced_peak(lambda: load_dataset(path)) < 1_000_000
    data = load_dataset(path)
    assert everything(data) == sorted(image.tobytes() for image in gray())
    assert np.array_equal(data.train.images, gray()[data.train.labels])


@pytest.mark.parametrize("shape", [(10**12, 28, 28), (7, HEIGHT, WIDTH), (5, HEIGHT, WIDTH), (-6, HEIGHT, -WIDTH)])
@pytest.mark.parametrize("packed", [False, True])
def test_a_head_that_promises_another_array_is_refused_before_it_is_read(shape, packed, tmp_path):
    path = tmp_path / ("mine.npz" if packed else "mine.npy")
    content = head(shape) + gray().tobytes()
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("images.npy", content)
    else:
        path.write_bytes(content)
    lines = []
    assert traced_peak(lambda: lines.append(refusal_of(path))) < 1_000_000
    assert f"{path}: not a complete NumPy file (an array of shape" in lines[0]


def test_an_array_that_unpacks_to_much_more_than_its_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(arrays, "_BOMB", (10**6, 200))
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, images=np.zeros((2_000, 32, 32), np.uint8))
    lines = []
    assert traced_peak(lambda: lines.append(refusal_of(path))) < 1_000_000
    assert re.search(r"[\d,]+ bytes that unpack to 2,048,128: save the images without packing them", lines[0])


def test_a_gzip_bomb_in_place_of_a_picture_is_refused_at_its_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(files.read_bytes, "__defaults__", (100_000,))
    save(tmp_path, gray(3))
    (tmp_path / "0.png").write_bytes(gzip.compress(bytes(20_000_000)))
    lines = []
    assert traced_peak(lambda: lines.append(refusal_of(tmp_path))) < 2_000_000
    assert lines[0].startswith(f"{tmp_path / '0.png'}: it unpacks to more than 100,000 bytes")


def test_an_array_is_read_piece_by_piece(tmp_path, monkeypatch):
    """A file of 300 MB once took ten times its size."""
    monkeypatch.setattr(arrays, "_PIECE", 2**16)
    path = tmp_path / "mine.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (2_000, 32, 32), dtype=np.uint8))
    assert traced_peak(lambda: read_arrays(path)) < 1.3 * path.stat().st_size


def test_images_larger_than_the_memory_are_refused_before_they_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr("svae_lib.memory.available_memory", lambda: 1_000)
    save(tmp_path / "mine", gray(40))
    np.save(tmp_path / "mine.npy", gray(40))
    words = "needs about 0.0 MB of memory, and 0.0 MB are free; resize the images, or take fewer"
    for path in (tmp_path / "mine", tmp_path / "mine.npy"):
        assert refusal_of(path) == f"{path}: {words}"


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 3)])
def test_what_a_folder_is_said_to_need_is_what_it_takes(shape, tmp_path, monkeypatch):
    """The estimate for pictures in color was half of it, and each file was given a buffer of 268 MB."""
    said = []
    monkeypatch.setattr(pictures, "require_memory", lambda needed, *_: said.append(needed))
    save(tmp_path, np.random.default_rng(0).integers(0, 256, (40, *shape), dtype=np.uint8))
    load_dataset(tmp_path)  # imports
    peak = traced_peak(lambda: read_pictures(tmp_path))
    assert len(said) == 2 and peak <= said[1] <= 1.5 * peak
