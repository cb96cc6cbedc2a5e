"""The command line: it parses and checks before it imports torch, and reports an error in one line.

Each module here holds the commands that its docstring names, and `add`, which adds them to the parser.
"""

from svae_lib.cli import data, runs, sweep, train
from svae_lib.cli.parsing import Parser, complain, warnings_in_one_line
from svae_lib.errors import InputError
from svae_lib.process import exit_status, output_failure


def main(argv: list[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Its words; None takes those of the process.

    Returns:
        The exit status: 0, 1 for a training that failed, 2 for bad input and for an output that cannot be written, 130
        for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP, 141 where who reads the output has gone. A training and a sweep
        outlive their output: what they make is in their folder.
    """
    try:
        arguments = _parser().parse_args(argv)
        with warnings_in_one_line():
            status = arguments.command(arguments)
    except InputError as error:
        return complain(error, 2)
    except KeyboardInterrupt as stop:
        return complain("stopped", exit_status(stop))
    failure = None if arguments.command in (train.train, sweep.sweep) else output_failure()
    if isinstance(failure, BrokenPipeError):
        return 141
    return status if failure is None else complain(f"cannot write the output: {failure.strerror}", 2)


def _parser() -> Parser:
    parser = Parser(prog="svae", description="Train, evaluate and look at hyperspherical variational auto-encoders.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (train, runs, sweep, data):
        module.add(commands)
    return parser
