"""What the commands print: lines, tables and JSON, every number in full. Knows nothing of files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nnviz.core.activations import Array

LINES = 50
"""Longest MSE history that is printed whole."""


def weights_json(layer: Any) -> dict[str, Any]:
    """Return what has `weights` and `biases` as JSON has it."""
    return {
        "weights": layer.weights.tolist(),
        "biases": None if layer.biases is None else layer.biases.tolist(),
    }


def print_json(value: Any) -> None:
    """Print JSON on one line."""
    print(json.dumps(value, allow_nan=False))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines in one go."""
    print("\n".join(lines))


def print_table(rows: list[tuple[str, ...]]) -> None:
    """Print rows of text in columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    print_lines("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def history_rows(points: Array) -> list[tuple[str, ...]]:
    """Return all points as text, or about twenty of many, the first and the last among them."""
    import numpy as np

    if len(points) > LINES:
        points = points[np.unique(np.linspace(0, len(points) - 1, 21).round().astype(int))]
    return [(str(int(iteration)), repr(mse)) for iteration, mse in points.tolist()]
