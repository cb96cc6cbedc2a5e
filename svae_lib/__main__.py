"""python -m svae_lib, and the console script svae."""

import sys

from svae_lib.process import run_command


def run() -> int:
    """Run the command line; return the exit status."""

    def main() -> int:
        from svae_lib.cli import main  # within run_command: importing takes a while, in which Ctrl-C may come

        return main()

    return run_command(main)


if __name__ == "__main__":
    sys.exit(run())
