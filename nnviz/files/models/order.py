"""In which order layers follow one another where a file does not say it: by their names and their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from nnviz.core.names import quoted
from nnviz.files.errors import FileError
from nnviz.files.models.dense import Dense, sizes_of

_NUMBERS = re.compile(r"(\d{1,9})", re.ASCII)
_STEPS = 200_000
"""Of the search, before it is given up: layers of one size follow one another in any order."""


def in_order(layers: Sequence[Dense]) -> list[Dense]:
    """Return layers in the one order in which each has as many inputs as the one before has nodes.

    Names that differ in their numbers alone, such as fc1 and fc2, follow one another as those count.
    Raises FileError where there is no such order, and where there are several.
    """
    by_name = sorted(layers, key=lambda layer: _natural(layer.place))
    queues: dict[str, list[Dense]] = {}
    for layer in by_name:
        queues.setdefault(_NUMBERS.sub("#", layer.place), []).append(layer)
    found = list(islice(_orders(list(queues.values())), 2))
    if len(found) == 1:
        return found[0]
    if not found:
        sizes_of(by_name)  # which raises, unless the search was given up
        found = [by_name, by_name[::-1]]
    one, other = next((one, other) for one, other in zip(*found, strict=True) if one is not other)
    raise FileError(
        f"which of {quoted(one.place)} and {quoted(other.place)} comes first cannot be told from names and "
        "shapes: number the layers, such as 0.weight and 2.weight"
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what a name is sorted by: its numbers as numbers, so that fc10 comes behind fc9."""
    parts = _NUMBERS.split(name)
    return [(int(part), "") if k % 2 else (-1, part) for k, part in enumerate(parts)]


def _orders(queues: list[list[Dense]]) -> Iterator[list[Dense]]:
    """Yield the orders that fit, in which each queue keeps its own: a depth-first search of so many steps."""
    count = sum(map(len, queues))
    path: list[tuple[int, Dense]] = []
    taken = [0] * len(queues)
    choices = [iter(range(len(queues)))]
    for _ in range(_STEPS):
        k = next(choices[-1], None)
        if k is None:
            choices.pop()
            if not path:
                return
            taken[path.pop()[0]] -= 1
        elif taken[k] < len(queues[k]) and _fits(path, layer := queues[k][taken[k]]):
            path.append((k, layer))
            taken[k] += 1
            choices.append(iter(range(len(queues))))
            if len(path) == count:
                yield [layer for _, layer in path]


def _fits(path: list[tuple[int, Dense]], layer: Dense) -> bool:
    return not path or len(path[-1][1].weights) == layer.weights.shape[1]
