"""The MSE history as CSV. Knows nothing of networks."""

from __future__ import annotations

from nnviz.core.activations import Array


def history(points: Array, measure: str = "mse") -> bytes:
    """Return a history, shape (points, 2), as CSV with the columns iteration and mse, or what it measures."""
    lines = [f"{int(iteration)},{mse!r}" for iteration, mse in points.tolist()]
    return "\n".join([f"iteration,{measure}", *lines, ""]).encode()
