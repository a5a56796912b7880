"""The command `nnviz`: told to end, it does so quietly from its first moment on. Imports next to nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from nnviz.cli.stopping import end_at_once_on_signals


def main(arguments: Sequence[str] | None = None) -> int:
    """Run nnviz and return its exit code: 0, 1 for bad input, 2 for bad use, 128 and a signal's number.

    Without `arguments` they are the process's, and the process is nnviz's own.
    """
    if arguments is None:
        end_at_once_on_signals()
    from nnviz.cli.line import run

    return run(list(sys.argv[1:] if arguments is None else arguments))
