"""The numerical check of a slope: `(loss(w + h) − loss(w − h)) / 2h`, measured a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import BLOCK_NS, forward_ns, row_blocks
from nnviz.core.loss.moved_weights import moved
from nnviz.core.losses import Loss
from nnviz.core.network import Network, Trace
from nnviz.core.numbers import shown
from nnviz.core.state import State

TOLERANCE = 1e-4
"""How far the measured slope may be from the computed one, relative to it."""
MEASURED = 3
"""Passes forward that a row takes: at w − h, w + h and w."""


@dataclass(frozen=True)
class Check:
    """A slope as it is measured.

    ============ ================================================================================
    `measured`   (loss(w + h) − loss(w − h)) / 2h
    `step`       h = 1e-5·max(1, |w|)
    `noise`      how far float64 rounding may move `measured`: both losses are rounded, and their
                 difference is divided by 2h
    `kink`       where some z passes a kink within ± h, which node and row; else ""
    ============ ================================================================================
    """

    measured: float
    step: float
    noise: float
    kink: str

    def agrees(self, slope: float) -> bool:
        """Tell whether it is `slope`, within 1e-4 relative and the rounding noise."""
        largest = max(abs(slope), abs(self.measured))
        return abs(self.measured - slope) <= TOLERANCE * largest + self.noise

    def reason(self, slope: float) -> str:
        """Return why it differs from `slope`, or "" where it agrees."""
        if self.agrees(slope):
            return ""
        return self.kink or "the loss bends too much within w ± h to be measured so"


def checking(
    state: State,
    address: Address,
    row: int | None,
    block_ns: float = BLOCK_NS,
    known: Trace | None = None,
) -> Iterator[Check | None]:
    """Measure the slope of a weight or bias, of one row's loss or (None) of that over all rows.

    `known` is what the one row computed, where that is known. Yields None after each block of rows, and the
    Check at last.
    """
    assert state.data.targets is not None
    first, count = (0, state.trained_rows) if row is None else (row, 1)
    measure, parts = state.measure, state.measure.parts(len(state.network.outputs))
    x = state.data.inputs[first : first + count]
    y = state.data.targets[first : first + count]
    w = address.value(state.network)
    step = 1e-5 * max(1.0, abs(w))
    totals, noise, kink = np.zeros(2), 0.0, ""
    for block in row_blocks(count, MEASURED * forward_ns(state.network), block_ns):
        trace, targets = known or state.network.forward(x[block]), y[block]
        both = [moved(state.network, trace, address, offset) for offset in ((w - step) - w, (w + step) - w)]
        with np.errstate(all="ignore"):
            totals += [measure.of_rows(each.z[-1], each.prediction, targets).sum() for each in both]
            noise += float(_sizes(measure, both[0], targets).sum()) / parts
        kink = kink or _kink(state.network, trace, both, first + block.start)
        yield None
    below, above = (float(total) / count for total in totals)
    rounding = 4 * float(np.finfo(float).eps) * noise / count / step
    yield Check((above - below) / (2 * step), step, rounding, kink)


def _sizes(measure: Loss, trace: Trace, targets: Array) -> Array:
    """Return how large what adds up to each term is, of which rounding moves the loss by a share."""
    z, a = trace.z[-1], trace.prediction
    slopes = np.empty_like(a)
    measure.slopes(z, a, targets, slopes)()
    moved_by = np.abs(slopes) * measure.factor
    sizes = (moved_by + np.abs(targets)) * np.abs(z) if measure.short else moved_by * (abs(a) + abs(targets))
    return np.asarray(np.abs(measure.terms(z, a, targets)) + sizes)


def _kink(network: Network, here: Trace, both: list[Trace], first_row: int) -> str:
    """Name a node whose z passes a kink of its activation on either side, and the row, or return ""."""
    for k, layer in enumerate(network.layers):
        for kink in layer.function.kinks:
            passed = np.any([(each.z[k] > kink) != (here.z[k] > kink) for each in both], axis=0)
            if passed.any():
                row, node = np.argwhere(passed)[0]
                how = f"passes {shown(kink)}" if kink else "changes its sign"
                return (
                    f"the z of {layer.nodes[node]} {how} within w ± h in row {first_row + row + 1}, "
                    f"where {layer.activation} has a kink"
                )
    return ""
