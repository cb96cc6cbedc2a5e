"""What all commands share: a parser that says in one line what is wrong, flags from fields, and who may speak."""

import argparse
import sys
from collections.abc import Iterable
from dataclasses import Field

from svae_lib.errors import InputError
from svae_lib.experiment.choosing import RUNTIME, SPECS
from svae_lib.experiment.flags import kind, read
from svae_lib.experiment.run_folder import is_rank_zero


class Parser(argparse.ArgumentParser):
    def __init__(self, **options):
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str):
        raise InputError(f"{message} ({self.prog} --help lists what there is)")


def add_flag(group, spec: Field) -> None:
    about = spec.metadata
    if kind(spec) is bool:
        group.add_argument(
            *about["names"], dest=spec.name, action="store_true", default=argparse.SUPPRESS, help=about["help"]
        )
        return
    metavar = {tuple: "N,N", int: "N", float: "X", str: "TEXT"}[kind(spec)]
    if "choices" in about:
        metavar = "{" + ",".join(about["choices"]) + "}"
    default = ",".join(map(str, spec.default)) if kind(spec) is tuple else spec.default
    text = about["help"] + ("" if default is None else f"; default: {default}")
    group.add_argument(*about["names"], dest=spec.name, metavar=metavar, default=argparse.SUPPRESS, help=text)


def add_runtime_flags(parser: argparse.ArgumentParser) -> None:
    """--data-dir, --device and --threads, which do not change what a run is."""
    for spec in SPECS:
        if spec.name in RUNTIME:
            add_flag(parser, spec)


def given(arguments: argparse.Namespace, specs: Iterable[Field] = SPECS) -> dict:
    """By field, the flags that were given on the command line, read from their texts. Errors: InputError."""
    texts = {spec: getattr(arguments, spec.name) for spec in specs if hasattr(arguments, spec.name)}
    return {spec.name: text if text is True else read(spec, text) for spec, text in texts.items()}


def complain(reason: object, status: int) -> int:
    """Say in one line what went wrong, and return the exit status."""
    if is_rank_zero():
        print("svae:", " ".join(str(reason).split()), file=sys.stderr)
    return status


def warn(text: str) -> None:
    if is_rank_zero():
        print("svae: warning:", text, file=sys.stderr)
