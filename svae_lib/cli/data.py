"""svae data list and svae data fetch."""

import argparse

from svae_lib.cli.parsing import say


def add(commands) -> None:
    """Add the commands to the parser."""
    data = commands.add_parser("data", help="list the data sets, or fetch one").add_subparsers(
        metavar="list | fetch", required=True
    )
    commands_of_data = (
        ("list", show_list, "list the data sets, and where they are stored"),
        ("fetch", fetch, "download a data set"),
    )
    for name, command, text in commands_of_data:
        parser = data.add_parser(name, help=text, description=text)
        parser.add_argument("--data-dir", help="where data sets are; default: SVAE_DATA, then a cache")
        parser.set_defaults(command=command)
        if name == "fetch":
            parser.add_argument("name", metavar="NAME", help="a name from `svae data list`")


def show_list(arguments: argparse.Namespace) -> int:
    """Print a table of the data sets; return the exit status."""
    from svae_lib.datasets import data_table

    rows = data_table(arguments.data_dir)
    widths = {column: max(len(row[column]) for row in rows) for column in rows[0]}
    for row in ({column: column for column in rows[0]}, *rows):
        say("  ".join(text.ljust(widths[column]) for column, text in row.items()).rstrip())
    return 0


def fetch(arguments: argparse.Namespace) -> int:
    """Download a data set; return the exit status."""
    from svae_lib import datasets

    new = datasets.fetch(arguments.name, arguments.data_dir)
    say("\n".join(f"wrote {path}" for path in new) or f"{arguments.name} is here already")
    return 0
