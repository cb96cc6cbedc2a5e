"""The process around a command: signals end it in one line and after a save, and a closed output does not end it."""

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from svae_lib.errors import InputError

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_AT_ONCE = 10  # so many signals end a process that has not answered the first
_GRACE = 20  # seconds for a last save, once the process that started this one is gone
_received: list[int] = []
_silent = False
_protected = 0  # how many blocks of `one_interruption` the main thread is in


class Terminated(KeyboardInterrupt):
    """SIGTERM (batch systems) or SIGHUP (closed terminals): what Ctrl-C raises, with the signal's number.

    Args:
        number: The signal's.
    """

    def __init__(self, number: int):
        super().__init__(number)
        self.number = number


def exit_status(stop: KeyboardInterrupt) -> int:
    """The status that shells give a program ended by a signal: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + getattr(stop, "number", signal.SIGINT)


@contextmanager
def one_interruption() -> Iterator[None]:
    """Let the first signal inside raise KeyboardInterrupt as ever, and no other: the save that answers it is finished.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """
    global _protected
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    first = []

    def handle(number, frame):
        if not first:
            first.append(number)
            before[number](number, frame)

    before = {number: handler for number in SIGNALS if callable(handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, handle)
    _protected += 1
    try:
        yield
    finally:
        _protected -= 1
        for number, handler in before.items():
            signal.signal(number, handler)


def raise_on_signals(silent: bool = False) -> None:
    """From here on the first signal raises KeyboardInterrupt or Terminated, and later ones wait for its end.

    A signal that is ignored (nohup) stays so. One that comes in the middle of an import outside `one_interruption`
    ends the process at once: libraries turn exceptions from there into others.

    Args:
        silent: For a process whose parent speaks: outside `one_interruption` it ends at once, without a word.
    """
    global _silent
    _silent = silent
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _handle)
    sys.unraisablehook = _unraisable


def run_command(command: Callable[[], int]) -> int:
    """Run a command as a whole process does: no signal and no closed output leaves a traceback.

    Args:
        command: Gives the exit status.

    Returns:
        The exit status; from here on signals are ignored, as Python's own end would answer them with a traceback.
    """
    raise_on_signals()
    keep_outputs()
    try:
        return command()
    except BaseException:
        if not _received:
            raise
        _say_stopped()
        return 128 + _received[0]
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)


def keep_outputs() -> None:
    """Make standard output and error outlive their readers: what cannot be written is dropped, and the work goes on.

    A closed pipe or terminal, a full disk, an output closed from the start (2>&-) and characters that the locale lacks.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # else the next file that is opened takes this number, and messages go into it
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    for number, name in ((1, "stdout"), (2, "stderr")):
        old, raw = getattr(sys, name), _Output(number, "w", closefd=False)
        if old is None:
            raw.failure = OSError(9, os.strerror(9))
        encoding = getattr(old, "encoding", None) or "utf-8"
        stream = io.TextIOWrapper(io.BufferedWriter(raw), encoding, errors="backslashreplace", line_buffering=True)
        setattr(sys, name, stream)


def output_failure() -> OSError | None:
    """Why standard output, as `keep_outputs` left it, has not taken all that was written; None where it has."""
    sys.stdout.flush()
    return getattr(getattr(getattr(sys.stdout, "buffer", None), "raw", None), "failure", None)


def environment_integer(name: str, default: int) -> int:
    """An integer >= 0 from the environment, as torchrun sets RANK and WORLD_SIZE.

    Args:
        name: The variable's.
        default: Stands for one that is not set.

    Raises:
        InputError: It is something else.
    """
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"the environment variable {name} is {text!r}: it must be an integer >= 0; torchrun sets it")
    return int(text)


def end_with_parent() -> None:
    """End this process, by SIGTERM and so with a save, when the one that started it is gone, however that ended."""

    def watch(parent: int):
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_GRACE)
        os._exit(128 + signal.SIGTERM)

    threading.Thread(target=watch, args=(os.getppid(),), daemon=True).start()


class _Output(io.FileIO):
    """A file whose writes never fail; the first failure is kept, and nothing is written after it."""

    failure: OSError | None = None

    def write(self, data) -> int:
        if self.failure is None:
            try:
                written = super().write(data)
                return len(data) if written is None else written  # None: it would have to wait for its reader
            except OSError as error:
                self.failure = error
        return len(data)


def _handle(number: int, frame) -> None:
    _received.append(number)
    if len(_received) == _AT_ONCE or (not _protected and (_silent or _importing(frame))):
        _say_stopped()
        os._exit(128 + number)
    if len(_received) == 1:
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _importing(frame) -> bool:
    while frame is not None and frame.f_code.co_filename != "<frozen importlib._bootstrap>":
        frame = frame.f_back
    return frame is not None


def _say_stopped() -> None:
    if not _silent:
        with suppress(OSError):
            os.write(2, b"svae: stopped\n")


def _unraisable(unraisable) -> None:
    """Python drops what a finalizer raises: a signal that came within one is sent again."""
    if not isinstance(unraisable.exc_value, KeyboardInterrupt):
        return sys.__unraisablehook__(unraisable)
    number = _received.pop()
    threading.Timer(0.01, os.kill, (os.getpid(), number)).start()
