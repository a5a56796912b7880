"""Functions that print to standard output and standard error, used by all commands."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
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
    print_lines([json.dumps(value, allow_nan=False)])


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of cells in aligned columns to standard output. Raises OutputError."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0  # no padding after the last column
    print_lines("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def weights_json(layer: Any) -> dict[str, Any]:
    """Return the weights and biases of a layer, or their slopes, as a dictionary of lists for JSON."""
    return {
        "weights": layer.weights.tolist(),
        "biases": None if layer.biases is None else layer.biases.tolist(),
    }


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
