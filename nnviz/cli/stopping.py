"""Handlers for the signals that stop a command, at once or after the command has saved its work."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals that ask a program to end; Windows has no SIGHUP."""
DOUBLED_S = 0.5
"""For this many seconds after the first signal, ignore more signals: the parent process may send two."""


def end_at_once_on_signals() -> None:
    """Make each signal in SIGNALS end the process, unless the process was started with the signal ignored."""
    for number in SIGNALS:
        if signal.getsignal(number) in (signal.default_int_handler, signal.SIG_DFL):
            signal.signal(number, _end_at_once)


class StopRequest:
    """A context manager: the first signal requests a stop, and the next signal ends the process at once.

    `exit_code` is 128 plus the number of the first signal, or 0 before any signal.
    """

    def __init__(self) -> None:
        self.exit_code = 0
        self._asked_s = 0.0
        self._numbers = [number for number in SIGNALS if signal.getsignal(number) is _end_at_once]

    def __enter__(self) -> StopRequest:
        for number in self._numbers:
            signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            signal.signal(number, _end_at_once)

    def is_asked(self) -> bool:
        """Return whether a signal has requested that the command stop."""
        return self.exit_code != 0

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.exit_code:
            self.exit_code, self._asked_s = 128 + number, now
        elif now - self._asked_s > DOUBLED_S:
            _end_at_once(number, frame)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    """End the process at once: an exception could interrupt an import, which Qt does not survive."""
    if delete := getattr(sys.modules.get("nnviz.files.atomic"), "delete_unfinished", None):
        delete()
    os.write(2, b"stopped\n")
    os._exit(128 + number)
