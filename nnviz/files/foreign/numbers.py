"""Numbers as a program holds them, in an array, a table or a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnviz.core.activations import Array


def as_array(values: Any) -> Array:
    """Return numbers of any kind, a tensor's among them, as float64. Raises ValueError for what is none."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)
