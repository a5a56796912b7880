"""The history of a loss as CSV. Knows nothing of networks."""

from __future__ import annotations

import math

from nnviz.core.activations import Array


def history(points: Array, measure: str = "mse") -> bytes:
    """Return a history, shape (points, 2 or 3), as CSV: iteration, mse or what it measures, validation."""
    return "\n".join([*map(",".join, rows(points, measure)), ""]).encode()


def rows(points: Array, measure: str) -> list[tuple[str, ...]]:
    """Return its rows, what the columns are called first. What is not known, NaN, is empty."""
    called = ("iteration", measure, "validation")[: points.shape[1]]
    return [called, *((str(int(at)), *map(_told, losses)) for at, *losses in points.tolist())]


def _told(loss: float) -> str:
    return "" if math.isnan(loss) else repr(loss)
