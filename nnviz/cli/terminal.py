"""The terminal of a command: its output streams, and the signals that stop the command."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from types import FrameType
from typing import Any


class OutputError(Exception):
    """Writing to standard output failed. The message is one sentence."""


def print_text(text: str) -> None:
    """Print a text to standard output, without adding a line end. Raises OutputError."""
    if sys.stdout is None:
        raise OutputError("the output cannot be written: standard output is closed")
    with _output_errors():
        sys.stdout.write(text)


def flush() -> None:
    """Flush standard output. Raises OutputError."""
    if sys.stdout is not None:
        with _output_errors():
            sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print each line to standard output. Raises OutputError."""
    for line in lines:
        print_text(f"{line}\n")


def print_json(value: Any) -> None:
    """Print a value as one line of JSON to standard output. Raises OutputError."""
    import json  # imported late, since the window must appear fast

    print_lines([json.dumps(value, allow_nan=False)])


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells in aligned columns to standard output. Raises OutputError."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0  # no padding after the last column
    print_lines("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def weights_json(layer: Any) -> dict[str, Any]:
    """Return the weights and biases of a layer, or their slopes, as a dictionary of lists for JSON."""
    biases = None if layer.biases is None else layer.biases.tolist()
    return {"weights": layer.weights.tolist(), "biases": biases}


def print_remark(sentence: object) -> None:
    """Print a sentence to standard error, and ignore errors while writing."""
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(sentence, file=sys.stderr, flush=True)


def end() -> None:
    """Flush standard output. If this fails, close the stream, so that Python prints no traceback at exit."""
    try:
        flush()
    except (OutputError, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fill_closed_streams() -> None:
    """Open the null device in place of each closed standard stream.

    Otherwise, the next file that is opened would get the descriptor of the closed stream. Libraries would
    then write their messages into this file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number


@contextlib.contextmanager
def _output_errors() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # the reader has closed the pipe
        raise
    except OSError as error:
        raise OutputError(f"the output cannot be written: {(error.strerror or str(error)).lower()}") from None


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

    `exit_code` is 128 plus the number of the first signal, or 0 before any signal. If `interrupts` is true,
    the first signal also raises KeyboardInterrupt.
    """

    def __init__(self, *, interrupts: bool = False) -> None:
        self.exit_code, self._interrupts = 0, interrupts
        self._asked_s = 0.0
        self._numbers = [number for number in SIGNALS if signal.getsignal(number) is _end_at_once]

    def __enter__(self) -> StopRequest:
        for number in self._numbers:
            signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers:
            signal.signal(number, _end_at_once)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.exit_code:
            self.exit_code, self._asked_s = 128 + number, now
            if self._interrupts:
                raise KeyboardInterrupt
        elif now - self._asked_s > DOUBLED_S:
            _end_at_once(number, frame)


def _end_at_once(number: int, _frame: FrameType | None) -> None:
    """End the process at once: an exception could interrupt an import, which Qt does not survive."""
    if delete := getattr(sys.modules.get("nnviz.files.atomic"), "delete_unfinished", None):
        delete()
    os.write(2, b"stopped\n")
    os._exit(128 + number)
