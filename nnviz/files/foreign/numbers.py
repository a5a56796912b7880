"""Numbers as a program holds them, in an array, a table or a tensor, and those of the layers of a model."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from nnviz.core.activations import Array

Chain: TypeAlias = list[tuple[Array, Array | None]]
"""Weights of shape (nodes, inputs of the layer) and biases of shape (nodes,) or None, layer by layer."""


def as_array(values: Any) -> Array:
    """Return numbers of any kind, a tensor's among them, as float64. Raises ValueError for what is none."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)
