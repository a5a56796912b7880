"""Which arrays of a script are whose weights and biases: found once, then looked up again and again."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.files.errors import FileError
from nnviz.files.foreign import Chain, as_array

UNFIT = (
    "the arrays make no network: expected each layer's weights, of shape (nodes, inputs) or all of them "
    "(inputs, nodes), with its biases behind them or without"
)


class Pair(NamedTuple):
    """Where in a script's list or dictionary a layer's weights are, and its biases where it has some."""

    weights: Hashable
    biases: Hashable | None


@dataclass(frozen=True)
class Places:
    """Where the arrays of each layer are; `turned` where their weights have shape (inputs, nodes)."""

    pairs: tuple[Pair, ...]
    turned: bool

    def look(self, held: Any) -> Chain:
        """Return weights of shape (nodes, inputs) and biases of shape (nodes,), as they are now."""
        return [
            (
                _weights(as_array(held[pair.weights]), turned=self.turned),
                None if pair.biases is None else as_array(held[pair.biases]).reshape(-1),
            )
            for pair in self.pairs
        ]


def find(held: Sequence[Any] | Mapping[Any, Any], inputs: int | None) -> Places:
    """Find the layers among arrays, in their order, such that have so many inputs where there are any.

    Weights are taken as nnviz has them where both ways fit. Raises FileError where none does.
    """
    keys = list(held) if isinstance(held, Mapping) else list(range(len(held)))
    shapes = {key: np.shape(held[key]) for key in keys}
    found: dict[int | None, Places] = {}  # by how many inputs there would be
    for pairs in _ways(keys, shapes):
        for turned in (False, True):
            places = Places(pairs, turned)
            if _fits(layers := places.look(held)):
                found.setdefault(layers[0][0].shape[1], places)
    if not found:
        raise FileError(UNFIT)
    return found.get(inputs, next(iter(found.values())))


def _weights(array: Array, *, turned: bool) -> Array:
    """Return an array as weights; one without columns feeds a single node."""
    return array.reshape(1, -1) if array.ndim < 2 else array.T if turned else array


def _ways(keys: list[Any], shapes: dict[Any, tuple[int, ...]]) -> list[tuple[Pair, ...]]:
    """Return the ways in which arrays may be weights and biases, the likeliest first."""
    matrices = [key for key in keys if len(shapes[key]) == 2]
    others = [key for key in keys if len(shapes[key]) < 2]
    ways = []
    if len(matrices) == len(others):  # one after the other, or the biases behind all weights
        ways.append(tuple(map(Pair, matrices, others)))
    if not others:
        ways.append(tuple(Pair(key, None) for key in keys))
    if len(keys) % 2 == 0:  # biases that are one row or one column, or the weights of a single node
        ways.append(tuple(map(Pair, keys[::2], keys[1::2])))
    if len(keys) == 1:
        ways.append((Pair(keys[0], None),))
    return ways if all(len(shape) <= 2 for shape in shapes.values()) else []


def _fits(layers: Chain) -> bool:
    widths = [weights.shape for weights, _ in layers]
    chained = all(later[1] == before[0] for before, later in itertools.pairwise(widths))
    biased = all(biases is None or len(biases) == len(weights) for weights, biases in layers)
    return bool(layers) and chained and biased
