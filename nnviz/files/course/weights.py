"""A dictionary from node names to the weights that feed them, as it was read: to a network."""

from __future__ import annotations

import sys
from typing import Any

from nnviz.core.network import Network
from nnviz.files.errors import FileError, told_by_core


def network_of(raw: Any) -> Network:
    """Return the network of a dictionary by name: relu hidden nodes, an identity output. Raises FileError."""
    if not isinstance(raw, dict):
        raise FileError("expected a dictionary from node names to lists of weights")
    for name, weights in raw.items():
        _check_weights(name, weights)
    with told_by_core():
        return Network.from_weights(raw)


def _check_weights(name: str, weights: Any) -> None:
    if not isinstance(weights, list | tuple):
        raise FileError("expected a list of numbers", name)
    if not weights:
        raise FileError("expected at least one number", name)
    for i, weight in enumerate(weights):
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise FileError("expected a number", f"{name}[{i}]")
        if not abs(weight) <= sys.float_info.max:  # NaN too
            raise FileError("expected a finite number", f"{name}[{i}]")
