"""What stands on the axes of the picture of the function. Knows nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.accuracy import is_one_of_many
from nnviz.core.state import State

MOST_TOGETHER = 10
"""So many outputs are drawn at once, at most."""
LOOKED_AT = 1000
"""Of so many rows it is looked at whether an input differs."""
TARGET, PREDICTION = "target", "prediction"
"""What is called so on an axis."""


@dataclass(frozen=True)
class Axes:
    """What is drawn over what.

    ======== ================================================================================
    `across` an input, by its place; None: the targets
    `up`     an input, and the prediction is in colours; None: the prediction
    `output` which one of several; None: all of them, or of classes the largest
    ======== ================================================================================
    """

    across: int | None
    up: int | None
    output: int | None = None

    @property
    def along(self) -> tuple[int, ...]:
        """The inputs that vary."""
        return tuple(place for place in (self.across, self.up) if place is not None)

    @classmethod
    def first(cls, state: State) -> Axes:
        """Return those that show most at first: the first inputs of which the rows differ."""
        inputs = state.data.inputs[:LOOKED_AT]
        varied = np.flatnonzero((inputs != inputs[:1]).any(axis=0)).tolist()
        places = [*varied, *(place for place in range(len(state.network.inputs)) if place not in varied)]
        return cls(places[0], places[1] if len(places) > 1 else None).fitted(state)

    def fitted(self, state: State) -> Axes:
        """Return these as far as the network has them."""
        count, outputs = len(state.network.inputs), len(state.network.outputs)
        across, up = self.across, self.up
        if across is None and not has_pairs(state):
            across = 0
        if across is not None and across >= count:
            across = 0
        if across is None or up == across or (up is not None and up >= count):
            up = None
        output = self.output if self.output is not None and self.output < outputs else None
        curves = across is not None and up is None
        together = outputs <= MOST_TOGETHER if curves else is_one_of_many(state.network)
        if outputs == 1 or (output is None and not together):
            output = 0
        return replace(self, across=across, up=up, output=output)


def has_pairs(state: State) -> bool:
    """Tell whether predictions can be drawn against targets: there are some, and they are no classes."""
    has_targets = state.data.targets is not None and len(state.data) > 0
    return has_targets and not is_one_of_many(state.network)
