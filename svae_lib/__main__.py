"""python -m svae_lib."""

import sys

from svae_lib.cli import main

if __name__ == "__main__":
    sys.exit(main())
