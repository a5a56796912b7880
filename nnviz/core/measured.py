"""How well a network does on its rows: the loss and the accuracy, of those trained on and of the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnviz.core.accuracy import classifies, right
from nnviz.core.cost import BLOCK_NS, Work, finished, forward_ns, row_blocks
from nnviz.core.network import Trace
from nnviz.core.state import State


class Measured(NamedTuple):
    """The loss over the rows trained on and over those for validation, and the shares that are right.

    None where there are no such rows, and where the network tells no classes.
    """

    loss: float | None
    validation: float | None
    accuracy: float | None
    validation_accuracy: float | None


def measured(state: State) -> Measured:
    """Measure `state` at once."""
    return finished(measuring(state))


def measuring(state: State, block_ns: float = BLOCK_NS, known: Trace | None = None) -> Work[Measured]:
    """Measure `state`, and yield after each block of rows; `known` is what all of them computed, if it is."""
    told = classifies(state.network, state.data)
    parts = slice(0, state.trained_rows), slice(state.trained_rows, len(state.data))
    losses: list[float | None] = []
    shares: list[float | None] = []
    for part in parts:
        count = part.stop - part.start if state.data.targets is not None else 0
        if not count:
            losses.append(None)
            shares.append(None)
            continue
        total, hits = yield from _over(state, part, block_ns, known)
        losses.append(total / count)
        shares.append(hits / count if told else None)
    return Measured(losses[0], losses[1], shares[0], shares[1])


def _over(state: State, part: slice, block_ns: float, known: Trace | None) -> Work[tuple[float, int]]:
    """Return the sum of the losses of some rows, and how many of them are right."""
    network, targets = state.network, state.data.targets
    assert targets is not None
    count = part.stop - part.start
    blocks = [slice(0, count)] if known else list(row_blocks(count, forward_ns(network), block_ns))
    total, hits = 0.0, 0
    for block in blocks:
        rows = slice(part.start + block.start, part.start + block.stop)
        trace = known.rows(rows) if known else network.forward(state.data.inputs[rows])
        losses = state.measure.of_rows(trace.z[-1], trace.prediction, targets[rows])
        with np.errstate(all="ignore"):
            total += float(losses.sum())
        hits += int(right(network, trace.prediction, targets[rows]).sum())
        yield
    return total, hits
