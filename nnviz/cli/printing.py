"""What commands print, and that it could not be printed. Knows no command."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class OutputError(Exception):
    """Standard output takes nothing; the message is one sentence."""


def print_text(text: str) -> None:
    """Print a text as it is. Raises OutputError."""
    if sys.stdout is None:
        raise OutputError("the output cannot be written: standard output is closed")
    with _told():
        sys.stdout.write(text)


def flush() -> None:
    """Let out what was printed. Raises OutputError."""
    if sys.stdout is not None:
        with _told():
            sys.stdout.flush()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines. Raises OutputError."""
    for line in lines:
        print_text(f"{line}\n")


def print_json(value: Any) -> None:
    """Print what JSON has. Raises OutputError."""
    print_lines([json.dumps(value, allow_nan=False)])


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells in columns. Raises OutputError."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0  # nothing comes after
    print_lines("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def weights_json(layer: Any) -> dict[str, Any]:
    """Return the numbers of a layer, weights or slopes, as JSON has them."""
    return {
        "weights": layer.weights.tolist(),
        "biases": None if layer.biases is None else layer.biases.tolist(),
    }


def complain(sentence: object) -> None:
    """Print a sentence on standard error, where there is one that takes it."""
    with contextlib.suppress(OSError):
        if sys.stderr is not None:
            print(sentence, file=sys.stderr, flush=True)


def end() -> None:
    """Let out what is left; keep Python from trying that again when it ends, with a traceback."""
    try:
        flush()
    except (OutputError, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def fill_closed_streams() -> None:
    """Open the null device for each standard stream that is closed.

    A file that is opened would get its number, and what a library says to that stream would go into the file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:  # who read it wants no more
        raise
    except OSError as error:
        raise OutputError(f"the output cannot be written: {(error.strerror or str(error)).lower()}") from None
