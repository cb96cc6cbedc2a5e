"""Downloads of data sets: complete and checked in a separate folder first, then moved into place."""

import hashlib
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

from svae_lib.datasets.base import DatasetSpec, Download
from svae_lib.datasets.files import locate
from svae_lib.errors import InputError

_PAGE = b"<!doctype html", b"<html"
UNKNOWN_MEGABYTES = 200  # of a set whose size is not known: an endless answer ends at twice that
PATIENCE = 9.0  # seconds without a byte before an address is given up: two mirrors take less than 20


class _Refused(Exception):
    """An answer that is not the file, in words."""


def download(spec: DatasetSpec, folder: Path, progress: bool = True) -> list[Path]:
    """Fetch the files of `spec` that are not yet in the folder; return the new files.

    They are downloaded into a temporary folder beside their place, compared with their checksums where those are
    known, read as the data set they should be, and only then moved: an interrupted fetch leaves only that
    temporary folder, and the next one starts over.

    Args:
        spec: The data set.
        folder: The data folder.
        progress: Whether to show a bar.

    Returns:
        The new files' paths.

    Raises:
        InputError: In one line; nothing is kept.
    """
    ours = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(".fetch-*"):  # by a fetch that was killed; a day old, so no fetch that still runs
            if time.time() - left.stat().st_mtime > 86_400:
                shutil.rmtree(left, ignore_errors=True)
        with TemporaryDirectory(prefix=".fetch-", dir=folder, ignore_cleanup_errors=True) as work:
            return _download(spec, folder, Path(work), progress)
    except OSError as error:
        raise InputError(f"cannot write in {folder}: {error.strerror or error}") from None
    finally:
        if ours:
            with suppress(OSError):
                folder.rmdir()  # only an empty folder goes


def _download(spec, folder, work, progress):
    missing = [item for item in spec.downloads() if locate(folder, item.file.removesuffix(".gz")) is None]
    for item in missing:
        _fetch(item, work, folder, int(2e6 * (spec.megabytes or UNKNOWN_MEGABYTES)), progress)
    try:
        spec.load([locate(work, Path(file).name) or locate(folder, file) for file in spec.files])
    except InputError as error:
        raise InputError(
            f"the download is not {spec.name}: {str(error).replace(f'{work}{os.sep}', '')}; nothing was kept"
        ) from None
    for item in missing:
        (folder / item.file).parent.mkdir(parents=True, exist_ok=True)
        (work / Path(item.file).name).replace(folder / item.file)
    return [folder / item.file for item in missing]


def _fetch(item: Download, work: Path, folder: Path, limit: int, progress: bool) -> None:
    """Get one file from the first of its addresses that delivers it complete."""
    from requests import HTTPError, RequestException
    from requests.exceptions import ChunkedEncodingError, TooManyRedirects

    path = work / Path(item.file).name
    problems = []
    for url in item.urls:
        try:
            _retrieve(url, path, limit, progress)
            if item.checksum is None:
                return
            kind, expected = item.checksum.split(":")
            with path.open("rb") as file:
                found = hashlib.file_digest(file, kind).hexdigest()
            if found == expected:
                return
            problems.append(f"{url}: its {kind} is {found}, expected {expected}")
        except HTTPError as error:
            problems.append(f"{url}: answered {error.response.status_code} {error.response.reason}")
        except TimeoutError:
            problems.append(f"{url}: nothing came for {PATIENCE:g} s")
        except ChunkedEncodingError:
            problems.append(f"{url}: broke off before its end")
        except _Refused as error:
            problems.append(f"{url}: {error}")
        except TooManyRedirects:
            problems.append(f"{url}: leads from one address to the next without an end")
        except RequestException as error:
            problems.append(f"{url}: cannot be reached ({type(error).__name__})")
        path.unlink(missing_ok=True)  # a thread left behind may still hold it open: the next try gets a new file
    raise InputError(
        f"could not fetch {item.file} ({'; '.join(problems)}); try again later, or put the file into "
        f"{folder / Path(item.file).parent} by hand"
    )


def _retrieve(url: str, path: Path, limit: int, progress: bool) -> None:
    """Download in a thread that is abandoned when nothing comes.

    A socket's own time-out bounds neither a dead name server nor a name with many dead addresses.

    Raises:
        TimeoutError: Nothing came for PATIENCE seconds.
        _Refused: What came is a web page or more than `limit` bytes, or requests could make nothing of it.
        RequestException: As requests.
    """
    from tqdm.auto import tqdm

    failure, got, abandoned = [], [0], Event()

    def work():
        try:
            with path.open("wb") as file, _ask(url) as response:
                response.raise_for_status()
                size = response.headers.get("Content-Length", "")
                bar.total = int(size) if size.isdecimal() and len(size) < 16 else None
                too_long = _Refused(f"more than {limit:,} bytes, twice what was expected")
                if (bar.total or 0) > limit:
                    raise too_long
                for chunk in response.iter_content(1 << 13):
                    if not got[0] and chunk.lstrip()[:14].lower().startswith(_PAGE):
                        raise _Refused("answered with a web page (the login page of a network?)")
                    got[0] += len(chunk)
                    if got[0] > limit:
                        raise too_long
                    if abandoned.is_set():
                        return
                    file.write(chunk)
                    bar.update(len(chunk))
        except Exception as error:  # handed to the caller's thread
            failure.append(error)

    # a delay above 0 hides the bar until the first bytes, so that an address that fails leaves one line, the error's
    with tqdm(desc=path.name, unit="B", unit_scale=True, delay=0.001, disable=not progress) as bar:
        thread = Thread(target=work, daemon=True)
        thread.start()
        seen, since = 0, time.monotonic()
        while thread.is_alive():
            thread.join(0.1)
            if got[0] != seen:
                seen, since = got[0], time.monotonic()
            elif time.monotonic() - since > PATIENCE:
                abandoned.set()
                raise TimeoutError
    if failure:
        raise failure[0]


def _ask(url: str):
    """The answer of an address, its body not read yet."""
    import requests

    as_stored = {"Accept-Encoding": "identity"}  # else a .gz may arrive unzipped, and its checksum differs
    try:
        return requests.get(url, stream=True, timeout=20, headers=as_stored)
    except requests.RequestException:
        raise
    except OSError as error:  # a certificate file that does not exist, which REQUESTS_CA_BUNDLE names
        raise _Refused(f"{error} (see REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE)") from None
    except Exception as error:  # a redirect to no address, headers that are no text: from several libraries
        raise _Refused(f"its answer cannot be understood ({type(error).__name__}: {error})") from None
