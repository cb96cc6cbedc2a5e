"""The command line: it parses and checks before it imports torch, and reports an error in one line.

Each module here holds the commands that its docstring names, and `add`, which adds them to the parser.
"""

from svae_lib.cli import data, runs, sweep, train
from svae_lib.cli.parsing import Parser, complain
from svae_lib.errors import InputError


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Its words; None takes those of the process.

    Returns:
        The exit status: 0, 1 for a training that failed, 2 for bad input, 130 for Ctrl-C.
    """
    try:
        arguments = _parser().parse_args(argv)
        return arguments.command(arguments)
    except InputError as error:
        return complain(error, 2)
    except KeyboardInterrupt:
        return complain("stopped", 130)


def _parser() -> Parser:
    parser = Parser(prog="svae", description="Train, evaluate and look at hyperspherical variational auto-encoders.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (train, runs, sweep, data):
        module.add(commands)
    return parser
