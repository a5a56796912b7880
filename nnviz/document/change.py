"""One change of what is open, as undo takes it back. Knows nothing of files and signals."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from nnviz.core.activations import Array
from nnviz.core.network import Layer
from nnviz.core.state import State, Weights


@dataclass
class Change:
    """The one undo command: replace the State by another.

    Not a QUndoCommand: a QUndoStack can be bounded by a count alone, and what undo holds has to be bounded by
    its size: a thousand States of a network of a million weights are 8 GB.
    """

    old: State
    new: State
    text: str
    merge: Hashable | None
    bytes_held: int = 0

    def __post_init__(self) -> None:
        self.weigh()

    def weigh(self) -> None:
        """Take the size of what only going back from `new` to `old` would need."""
        shared = {id(array) for array in _arrays(self.new)}
        self.bytes_held = sum(array.nbytes for array in _arrays(self.old) if id(array) not in shared)


def affordable(changes: list[Change], most: int, most_bytes: float) -> int:
    """Return how many of the latest changes may be kept, at most; the very last always is."""
    held = 0
    for count, change in enumerate(reversed(changes[-most:])):
        held += change.bytes_held
        if count and held > most_bytes:
            return count
    return min(len(changes), most)


def _arrays(state: State) -> Iterator[Array]:
    """Yield every array of `state`."""
    layers: list[Layer | Weights] = [*state.network.layers]
    layers += (weights for kept in state.weight_sets for weights in kept.layers)
    if state.run is not None:
        layers += state.run.start.layers
        yield state.run.memory
        for history in (state.run.history, *(curve.history for curve in state.run.beside)):
            yield from history.stores
    yield from (earlier.history for earlier in state.runs)
    for layer in layers:
        yield layer.weights
        if layer.biases is not None:
            yield layer.biases
    yield state.data.inputs
    if state.data.targets is not None:
        yield state.data.targets
