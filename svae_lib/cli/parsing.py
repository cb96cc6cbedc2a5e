"""Parsing, shared by all commands: errors of one line and flags from fields."""

import argparse
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import Field

from svae_lib.errors import InputError, InputWarning, printable
from svae_lib.experiment.config import FLAGS, RUNTIME
from svae_lib.experiment.flags import flag_names, read, value_type
from svae_lib.experiment.run_folder import is_rank_zero


class Parser(argparse.ArgumentParser):
    """A parser without abbreviations, whose errors are InputErrors."""

    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str):
        raise InputError(f"{message} ({self.prog} --help lists what there is)")


def add_flag(group, spec: Field, help: str | None = None) -> None:
    """Add a field's flag to a parser or one of its groups, with its own help or another."""
    metadata, kind = spec.metadata, value_type(spec)
    if kind is bool:
        options, text = {"action": "store_true"}, metadata["help"]
    else:
        metavar = {tuple: "N,N", int: "N", float: "X", str: "TEXT"}[kind]
        options = {"metavar": "{" + ",".join(metadata["choices"]) + "}" if "choices" in metadata else metavar}
        default = ",".join(map(str, spec.default)) if kind is tuple else spec.default
        text = metadata["help"] + ("" if default is None else f"; default: {default}")
    text = help or text
    options |= {"dest": spec.name, "default": argparse.SUPPRESS}
    group.add_argument(*flag_names(spec), help=text, **options)
    if "_" in spec.name:  # as the papers' code writes its flags
        group.add_argument(f"--{spec.name}", help=argparse.SUPPRESS, **options)


def add_runtime_flags(parser: argparse.ArgumentParser) -> None:
    """Add --data-dir, --device and --threads, which do not change what a run is."""
    for spec in FLAGS:
        if spec.name in RUNTIME:
            add_flag(parser, spec)


def given(arguments: argparse.Namespace, specs: Iterable[Field] = FLAGS) -> dict:
    """The flags that were given on the command line, by field, read from their texts. Raises: InputError."""
    texts = {spec: getattr(arguments, spec.name) for spec in specs if hasattr(arguments, spec.name)}
    return {spec.name: text if text is True else read(spec, text) for spec, text in texts.items()}


def complain(reason: object, status: int) -> int:
    """Print in one line what went wrong, whatever rank it went wrong in, and return the exit status.

    Args:
        reason: What went wrong; control characters in it, of a file's name or content, are shown as escapes.
        status: The exit status.
    """
    rank = os.environ.get("RANK", "0")
    text = " ".join((f"rank {rank}: " * (rank.isdigit() and rank != "0") + str(reason)).split())
    print("svae:", printable(text), file=sys.stderr)
    return status


def say(text: str) -> None:
    """Print text, without the control characters that a file's name or content may bring."""
    print(printable(text))


def warn(text: str) -> None:
    """Print a warning of one line."""
    if is_rank_zero():
        print("svae: warning:", text, file=sys.stderr)


@contextmanager
def warnings_in_one_line() -> Iterator[None]:
    """Print an InputWarning of the library as `warn` does."""
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def show(message, category, *where) -> None:
            if issubclass(category, InputWarning):
                warn(printable(message))
            else:
                shown(message, category, *where)

        warnings.simplefilter("default", InputWarning)
        warnings.showwarning = show
        yield
