"""Entry point of `python -m nnviz`."""

import sys

from nnviz.cli.main import main

if __name__ == "__main__":  # the processes of a sweep import this module, too
    sys.exit(main())
