"""The history of a loss as CSV. Knows nothing of networks."""

from __future__ import annotations

import math

from nnviz.core.activations import Array


def history(points: Array, measure: str = "mse") -> bytes:
    """Return a history, shape (points, 2 or 3), as CSV: iteration, mse or what it measures, validation.

    Where the last is not known, NaN, the cell is empty.
    """
    lines = [
        ",".join([str(int(iteration)), *("" if math.isnan(loss) else repr(loss) for loss in losses)])
        for iteration, *losses in points.tolist()
    ]
    return "\n".join([",".join(columns(points, measure)), *lines, ""]).encode()


def columns(points: Array, measure: str) -> tuple[str, ...]:
    """Return what the columns of a history are called; the third is there where rows are kept for it."""
    return ("iteration", measure, "validation")[: points.shape[1]]
