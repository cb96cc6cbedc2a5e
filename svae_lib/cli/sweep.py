"""svae sweep and svae table."""

import argparse
import shlex
import sys
from pathlib import Path

from svae_lib.cli.parsing import add_runtime_flags, complain, given, say
from svae_lib.errors import InputError
from svae_lib.process import exit_status


def add(commands) -> None:
    """Add the commands to the parser."""
    text = "run the experiments that a file names, on every core or on a cluster; finished ones are skipped"
    parser = commands.add_parser("sweep", help=text, description=f"{text}. run_files/SWEEPS.md shows such a file.")
    parser.add_argument("file", metavar="FILE.toml", type=Path, help="a [grid] of flags, with [fixed] and [[case]]")
    parser.add_argument(
        "-ld", "--log-dir", "--log_dir", default="runs", type=Path, help="runs go to LOG_DIR/FILE; default: runs"
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="of a Dask cluster that you trust with your account: it can run code here; default: this machine's cores",
    )
    parser.add_argument("--workers", metavar="N", help="processes on this machine; default: one a core")
    text = "train what differs only in the seed as one stack of models: for a GPU, where that takes little longer"
    parser.add_argument("--stacked", action="store_true", help=text)
    parser.add_argument("--dry-run", action="store_true", help="check all, list the experiments, and do nothing")
    add_runtime_flags(parser)
    parser.set_defaults(command=sweep)
    text = "means over the seeds of a sweep with 95 % intervals, and tests, as Markdown, CSV, LaTeX and a picture"
    parser = commands.add_parser("table", help=text.replace("%", "%%"), description=text)
    parser.add_argument("folder", metavar="SWEEP", type=Path, help="a sweep's folder, or any folder of runs")
    text = "the row to compare with, by its name or a part of it: e10, e, 'beta 4.0'; default: the highest mean"
    parser.add_argument("--against", metavar="ROW", help=text)
    text = "compare only rows that share these too: dimension, or columns of the table"
    parser.add_argument("--within", metavar="NAME,NAME", default=(), type=lambda names: names.split(","), help=text)
    parser.set_defaults(command=table)


def sweep(arguments: argparse.Namespace) -> int:
    """Run what is not finished of a sweep; return the exit status, 1 where an experiment failed."""
    from svae_lib.experiment.sweep import place, run_sweep, stacks_of, unfinished
    from svae_lib.experiment.sweep_file import read_sweep

    file, folder, runtime = arguments.file, arguments.log_dir / arguments.file.stem, given(arguments)
    workers = _whole(arguments.workers)
    if workers is not None and arguments.scheduler is not None:
        raise InputError("--workers is for this machine, --scheduler for a cluster that has its own: leave one")
    if arguments.stacked and arguments.scheduler is not None:
        raise InputError("--stacked is for this machine's GPU, --scheduler for a cluster: leave one")
    if arguments.dry_run:
        experiments = place(read_sweep(file, **runtime), folder)
        left = unfinished(experiments, folder, elsewhere=arguments.scheduler is not None)
        if arguments.stacked:
            stacks_of(left, folder)
        say("\n".join(f"{folder / name}{'' if name in left else '  finished'}" for name in experiments))
        return 0
    try:
        failed = run_sweep(file, folder, scheduler=arguments.scheduler, workers=workers, stacked=arguments.stacked,
                           progress=sys.stderr.isatty(), **runtime)  # fmt: skip
    except KeyboardInterrupt as stop:
        again = shlex.join(["svae", *sys.argv[1:]])
        return complain(f"stopped; what is done is saved; resume with: {again}", exit_status(stop))
    for name, reason in failed.items():
        complain(f"{name} failed: {reason}", 1)
    say(f"{folder}: svae table {folder} sums it up")
    return 1 if failed else 0


def _whole(text: str | None) -> int | None:
    if text is not None and not (text.isascii() and text.isdigit() and 0 < int(text) < 10_000):
        raise InputError(f"--workers {text!r}: must be an integer from 1 to 9,999")
    return text and int(text)


def table(arguments: argparse.Namespace) -> int:
    """Write and print a sweep's table; return the exit status."""
    from svae_lib.experiment.table import write_table

    say(write_table(arguments.folder, arguments.against, arguments.within))
    return 0
