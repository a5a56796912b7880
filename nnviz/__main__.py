"""Entry point of `python -m nnviz`."""

import sys

from nnviz.cli.main import main

sys.exit(main())
