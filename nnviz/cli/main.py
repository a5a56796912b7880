"""The command `nnviz`: told to end, it does so quietly from its first moment on. Imports next to nothing."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType


def main(arguments: Sequence[str] | None = None) -> int:
    """Run nnviz and return its exit code: 0, 1 for bad input, 2 for bad use.

    Without `arguments` they are the process's, and the process is nnviz's own.
    """
    for name in ("SIGINT", "SIGTERM", "SIGHUP") if arguments is None else ():
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number and signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _stop)
    from nnviz.cli.line import run

    return run(list(sys.argv[1:] if arguments is None else arguments))


def _stop(number: int, _frame: FrameType | None) -> None:
    """End at once: an exception would come out of the middle of an import, and Qt's does not survive it."""
    if abandon := getattr(sys.modules.get("nnviz.files.atomic"), "abandon", None):
        abandon()
    os.write(2, b"stopped\n")
    os._exit(128 + number)
