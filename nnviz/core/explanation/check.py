"""The numerical check of a slope: `(MSE(w + h) − MSE(w − h)) / 2h`, measured a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import BLOCK_NS, forward_ns, row_blocks
from nnviz.core.network import Network
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
    `measured`   (MSE(w + h) − MSE(w − h)) / 2h
    `step`       h = 1e-5·max(1, |w|)
    `noise`      how far float64 rounding may move `measured`: both MSEs are rounded, and their
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
        return self.kink or "the MSE bends too much within w ± h to be measured so"


def checking(
    state: State, address: Address, row: int | None, block_ns: float = BLOCK_NS
) -> Iterator[Check | None]:
    """Measure the slope of a weight or bias, of one row's MSE or (None) of that over all rows.

    Yields None after each block of rows, and the Check at last.
    """
    assert state.data.targets is not None
    first, count = (0, len(state.data)) if row is None else (row, 1)
    x = state.data.inputs[first : first + count]
    y = state.data.targets[first : first + count]
    w = address.value(state.network)
    step = 1e-5 * max(1.0, abs(w))
    squares, noise, kink = np.zeros(2), 0.0, ""
    for block in row_blocks(count, MEASURED * forward_ns(state.network), block_ns):
        found = _Measured(state.network, address, x[block], (w - step) - w, (w + step) - w)
        with np.errstate(all="ignore"):
            errors = [prediction - y[block] for prediction in found.predictions]
            squares += [float(np.sum(error * error)) for error in errors]
            size = np.abs(errors[0]) + 2 * (np.abs(found.predictions[0]) + np.abs(y[block]))
            noise += float(np.sum(np.abs(errors[0]) * size))
        kink = kink or found.kink(first + block.start)
        yield None
    below, above = squares / y.size
    rounding = 4 * np.finfo(float).eps * noise / y.size / step
    yield Check(float((above - below) / (2 * step)), step, float(rounding), kink)


class _Measured:
    """What a block of rows computes at w − h, w and w + h, from the layer of w on."""

    def __init__(self, network: Network, address: Address, x: Array, below: float, above: float) -> None:
        self._network, self._where = network, address
        self.predictions: list[Array] = []
        self._z: list[list[Array]] = []
        with np.errstate(all="ignore"):
            a = x
            for layer in network.layers[: address.layer]:
                a = layer.function(layer.z(a))
            start = a[:, address.source] if address.kind == "weight" else 1.0
            z = network.layers[address.layer].z(a)
            for moved in (below, above, 0.0):
                moved_z = z.copy()
                moved_z[:, address.node] += moved * start
                self._onward(moved_z)
        self.predictions.pop()

    def _onward(self, z: Array) -> None:
        zs = [z]
        a = self._network.layers[self._where.layer].function(z)
        for layer in self._network.layers[self._where.layer + 1 :]:
            zs.append(layer.z(a))
            a = layer.function(zs[-1])
        self._z.append(zs)
        self.predictions.append(a)

    def kink(self, first_row: int) -> str:
        """Name a node whose z passes a kink of its activation, and the row, or return ""."""
        for k, (below, above, here) in enumerate(zip(*self._z, strict=True), start=self._where.layer):
            layer = self._network.layers[k]
            for kink in layer.function.kinks:
                passed = ((below > kink) != (here > kink)) | ((above > kink) != (here > kink))
                if passed.any():
                    row, node = np.argwhere(passed)[0]
                    how = f"passes {shown(kink)}" if kink else "changes its sign"
                    return (
                        f"the z of {layer.nodes[node]} {how} within w ± h in row {first_row + row + 1}, "
                        f"where {layer.activation} has a kink"
                    )
        return ""
