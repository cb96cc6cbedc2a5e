"""Downloads against a server of our own that sends real bytes, wrong bytes, half a file, a 404, or nothing."""

import gzip
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from svae_lib import datasets
from svae_lib.datasets import fetch, fetching, load_dataset
from svae_lib.datasets._torchvision import torchvision_datasets
from svae_lib.datasets.base import Download
from svae_lib.errors import InputError

FREY = "FreyFaces/frey_rawface.mat"


LOCATIONS = {
    "to-file": b"file:///etc/hostname",
    "to-nowhere": b"http://" + b"x" * 70 + b".invalid./",
    "to-bytes": b"http://127.0.0.1/\xff\xfe",
    "to-brackets": b"http://[::1",
}


class Handler(BaseHTTPRequestHandler):
    """/HOW/NAME: the server's files[NAME], sent as HOW says."""

    def do_GET(self):
        _, how, name = self.path.split("/")
        content = self.server.files[name]
        self.server.asked.append(self.path)
        if how == "silent":
            self.server.over.wait(30)
            return
        if how == "gone":
            self.send_error(404)
            return
        if how == "wrong":
            content = b"this page has moved"
        if how == "portal":
            content = b"\n <!DOCTYPE html><title>log in</title>"
        if how in LOCATIONS:
            self.wfile.write(b"HTTP/1.0 302 Found\r\nLocation: " + LOCATIONS[how] + b"\r\n\r\n")
            return
        if how == "round":
            self.send_response(302)
            self.send_header("Location", self.path)
            return self.end_headers()
        self.send_response(200)
        sizes = {
            "unsized": None,
            "endless": None,
            "letters": "abc",
            "minus": "-5",
            "huge": "9" * 5000,
            "vast": "9" * 12,
        }
        if (size := sizes.get(how, str(len(content)))) is not None:
            self.send_header("Content-Length", size)
        if how == "bytes":
            self.wfile.write(b"HTTP/1.0 200 \xff\xfe\r\nX-\xff: \xfe\x1b[2J\r\nContent-Length: \xb2\r\n\r\n")
            self._headers_buffer = []
        else:
            self.end_headers()
        with suppress(ConnectionError):
            while how == "endless":
                self.wfile.write(bytes(1 << 16))
        if how == "endless":
            return
        half = len(content) // 2
        self.wfile.write(content[:half])
        if how == "slow":
            time.sleep(0.3)
        if how in ("whole", "wrong", "slow", "portal", "letters", "minus", "bytes"):
            self.wfile.write(content[half:])
        self.wfile.flush()
        if how == "stalled":
            self.server.over.wait(30)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(small_sets, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files = {path.name: path.read_bytes() for path in small_sets.rglob("*") if path.is_file()}
        server.asked, server.over = [], threading.Event()
        server.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def offer(server, monkeypatch):
    """offer("frey_faces", "gone", "whole"): the set's files at two addresses, of which the first answers 404."""

    def set_addresses(name, *hows, checksum=None):
        spec = datasets.DATASETS[name]
        items = [
            Download(file, tuple(f"{server.address}/{how}/{Path(file).name}" for how in hows), checksum)
            for file in spec.files
        ]
        monkeypatch.setitem(datasets.DATASETS, name, replace(spec, downloads=lambda: items))

    return set_addresses


def remains(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) if folder.exists() else None


@pytest.mark.parametrize("name", [n for n in datasets.dataset_names() if datasets.DATASETS[n].files])
def test_a_fetched_set_is_the_set(name, offer, small_sets, tmp_path, capfd):
    offer(name, "whole")
    new = fetch(name, tmp_path / "new", progress=False)
    files = datasets.DATASETS[name].files
    assert new == [tmp_path / "new" / file for file in files]
    assert [path.read_bytes() for path in new] == [(small_sets / file).read_bytes() for file in files]
    assert not [path for path in remains(tmp_path / "new") if path.startswith(".")]
    assert fetch(name, tmp_path / "new") == []  # read through, not fetched again
    assert capfd.readouterr() == ("", "")


def test_mnist_comes_from_torchvisions_addresses_with_its_checksums(server, small_sets, tmp_path, monkeypatch):
    known = torchvision_datasets().MNIST
    sums = []
    for file in datasets.DATASETS["mnist"].files:
        name = Path(file).name + ".gz"
        server.files[name] = gzip.compress((small_sets / file).read_bytes())
        sums.append((name, hashlib.md5(server.files[name]).hexdigest()))
    monkeypatch.setattr(known, "mirrors", [f"{server.address}/gone/", f"{server.address}/whole/"])
    monkeypatch.setattr(known, "resources", [(name, "0" * 32) for name, _ in sums])
    with pytest.raises(InputError, match=f"its md5 is {sums[0][1]}, expected {'0' * 32}"):
        fetch("mnist", tmp_path / "new", progress=False)
    assert server.asked == [f"/gone/{sums[0][0]}", f"/whole/{sums[0][0]}"] and remains(tmp_path / "new") is None
    monkeypatch.setattr(known, "resources", sums)
    assert fetch("mnist", tmp_path / "new", progress=False) == [
        tmp_path / "new" / f"{file}.gz" for file in datasets.DATASETS["mnist"].files
    ]
    assert load_dataset("mnist", tmp_path / "new").test.images.equal(load_dataset("mnist", small_sets).test.images)


def test_a_progress_bar_is_shown(offer, tmp_path, capfd):
    offer("static_mnist", "slow")
    fetch("static_mnist", tmp_path / "new")
    assert "binarized_mnist_train.amat: 100%" in capfd.readouterr().err


FAULTS = {
    "gone": ({}, "/gone/frey_rawface.mat: answered 404 Not Found"),
    "half": ({}, "/half/frey_rawface.mat: broke off before its end"),
    "unsized": ({}, "the download is not frey_faces: frey_rawface.mat: not a complete MATLAB file"),
    "wrong": ({}, "the download is not frey_faces: frey_rawface.mat: not a complete MATLAB file"),
    "whole": ({"checksum": "sha256:" + "0" * 64}, "its sha256 is [0-9a-f]{64}, expected 0{64}"),
    "silent": ({}, "/silent/frey_rawface.mat: nothing came for 0.5 s"),
    "portal": ({}, "/portal/frey_rawface.mat: answered with a web page"),
    "endless": ({}, "/endless/frey_rawface.mat: more than 2,200,000 bytes"),
    "vast": ({}, "/vast/frey_rawface.mat: more than 2,200,000 bytes"),
    "huge": ({}, "frey_rawface.mat: "),
    "round": ({}, "/round/frey_rawface.mat: leads from one address to the next"),
    **{how: ({}, f"/{how}/frey_rawface.mat: ") for how in LOCATIONS},
    "stalled": ({}, "/stalled/frey_rawface.mat: nothing came for 0.5 s"),
}


SILENT = "gone", "silent", "round", *LOCATIONS  # no byte of a file comes, so the bar stays hidden


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # requests leaves a socket to the GC
@pytest.mark.parametrize("how", FAULTS)
@pytest.mark.parametrize("exists", [False, True])
def test_a_bad_download_is_reported_in_one_line_and_leaves_nothing(how, exists, offer, tmp_path, monkeypatch, capfd):
    nothing_comes = how in ("silent", "stalled")
    monkeypatch.setattr(fetching, "PATIENCE", 0.5 if nothing_comes else 60)  # a loaded machine is slow, not silent
    options, words = FAULTS[how]
    offer("frey_faces", how, **options)
    if exists:
        (tmp_path / "new").mkdir()
    started = time.monotonic()
    with pytest.raises(InputError, match=words) as refusal:
        fetch("frey_faces", tmp_path / "new", progress=how in SILENT)
    assert not nothing_comes or time.monotonic() - started < 5
    assert capfd.readouterr() == ("", "")  # a bar that never moved has no place above an error
    assert "\n" not in str(refusal.value) and ".fetch-" not in str(refusal.value)
    assert remains(tmp_path / "new") == ([] if exists else None)
    offer("frey_faces", "whole")
    monkeypatch.setattr(fetching, "PATIENCE", 60)
    assert len(fetch("frey_faces", tmp_path / "new", progress=False)) == 1  # and the next try starts afresh


@pytest.mark.parametrize("how", ["letters", "minus", "bytes"])
def test_odd_headers_do_not_keep_the_file_away(how, offer, server, tmp_path):
    offer("frey_faces", how)
    assert fetch("frey_faces", tmp_path / "new", progress=False)[0].read_bytes() == server.files["frey_rawface.mat"]


def test_a_certificate_file_that_does_not_exist_is_named_as_such(tmp_path, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such.pem")
    item = Download(FREY, ("https://127.0.0.1:9/frey_rawface.mat",))
    monkeypatch.setitem(
        datasets.DATASETS, "frey_faces", replace(datasets.DATASETS["frey_faces"], downloads=lambda: [item])
    )
    with pytest.raises(InputError, match=r"certificate bundle.*/no/such\.pem .*REQUESTS_CA_BUNDLE"):
        fetch("frey_faces", tmp_path / "new", progress=False)


def test_waiting_for_all_addresses_takes_less_than_20_s():
    known = torchvision_datasets()
    assert fetching.PATIENCE * max(len(known.MNIST.mirrors), len(known.FashionMNIST.mirrors)) < 20
    for spec in datasets.DATASETS.values():
        assert all(len(item.urls) <= 2 for item in spec.downloads())


@pytest.mark.parametrize("first", ["gone", "half", "stalled", "wrong"])
def test_the_next_address_is_tried(first, offer, server, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", 0.5)
    whole = hashlib.md5(server.files["frey_rawface.mat"]).hexdigest()
    offer("frey_faces", first, "whole", checksum=f"md5:{whole}")
    assert fetch("frey_faces", tmp_path / "new", progress=False)[0].read_bytes() == server.files["frey_rawface.mat"]


def test_no_network(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    item = Download(FREY, ("http://127.0.0.1:9/frey_rawface.mat",))  # the discard port, where nobody listens
    monkeypatch.setitem(
        datasets.DATASETS, "frey_faces", replace(datasets.DATASETS["frey_faces"], downloads=lambda: [item])
    )
    with pytest.raises(InputError, match="could not fetch .*: cannot be reached.* into .*FreyFaces by hand"):
        fetch("frey_faces", tmp_path / "new", progress=False)
    assert remains(tmp_path / "new") is None


def test_only_the_missing_files_are_fetched(offer, server, small_sets, tmp_path):
    offer("static_mnist", "whole")
    fetch("static_mnist", tmp_path / "new", progress=False)
    lost = tmp_path / "new" / "MNIST_static" / "binarized_mnist_valid.amat"
    lost.unlink()
    server.asked.clear()
    assert fetch("static_mnist", tmp_path / "new", progress=False) == [lost]
    assert server.asked == ["/whole/binarized_mnist_valid.amat"]


def test_a_damaged_file_that_is_there_is_left_to_its_owner(offer, small_sets):
    offer("frey_faces", "whole")
    (small_sets / FREY).write_bytes(b"damaged")
    with pytest.raises(InputError, match="remove it and run: svae data fetch frey_faces"):
        fetch("frey_faces", small_sets)
    assert (small_sets / FREY).read_bytes() == b"damaged"


def test_load_downloads_into_the_cache_only(offer, server, tmp_path, monkeypatch):
    offer("frey_faces", "whole")
    with pytest.raises(InputError, match="is not in"):
        load_dataset("frey_faces", tmp_path)
    monkeypatch.setenv("SVAE_DATA", str(tmp_path))
    with pytest.raises(InputError, match="is not in"):
        load_dataset("frey_faces")
    assert not server.asked and remains(tmp_path / "cache") is None
    monkeypatch.delenv("SVAE_DATA")
    monkeypatch.setattr("pooch.os_cache", lambda project: tmp_path / "cache")
    first = load_dataset("frey_faces")
    assert (tmp_path / "cache" / FREY).exists() and len(server.asked) == 1
    assert first.train.images.equal(load_dataset("frey_faces").train.images) and len(server.asked) == 1


def test_a_folder_that_cannot_be_written(offer, tmp_path):
    offer("frey_faces", "whole")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write in .*file"):
        fetch("frey_faces", tmp_path / "file" / "below", progress=False)


def test_a_full_disk(offer, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    offer("frey_faces", "whole")
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(InputError, match="cannot write in .*: No space left on device"):
        fetch("frey_faces", tmp_path / "new", progress=False)
    assert not [path for path in (tmp_path / "new").rglob("*") if path.is_file()]


def test_nothing_to_fetch_and_nothing_known():
    assert fetch("mnist_5k") == []
    with pytest.raises(InputError, match="unknown data set 'mnits': choose from"):
        fetch("mnits")


def test_a_killed_fetch_leaves_no_file_and_the_next_one_starts_afresh(offer, server, tmp_path):
    folder, file = tmp_path / "new", datasets.DATASETS["static_mnist"].files[0]
    code = f"""
from dataclasses import replace
from svae_lib import datasets
from svae_lib.datasets.base import Download
item = Download({file!r}, ("{server.address}/stalled/{Path(file).name}",))
datasets.DATASETS["static_mnist"] = replace(datasets.DATASETS["static_mnist"], downloads=lambda: [item])
datasets.fetch("static_mnist", {str(folder)!r}, progress=False)
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    while process.poll() is None and not any(path.stat().st_size for path in folder.glob(".fetch-*/*")):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait(20) == -signal.SIGKILL  # it was killed in the middle of its first file
    (left,) = folder.iterdir()
    assert left.name.startswith(".fetch-")
    offer("static_mnist", "whole")
    first = fetch("static_mnist", folder, progress=False)
    assert len(first) == 3 and left.exists()  # young: it could belong to another fetch
    first[0].unlink()
    os.utime(left, (0, 0))
    assert fetch("static_mnist", folder, progress=False) == first[:1] and not left.exists()
