"""One network's numbers on one row, each as a Number that knows where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import elided
from nnviz.core.expressions import Expression, Number, Sum
from nnviz.core.losses import Loss
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import Slopes

FEW_TERMS = 6
"""Of a longer sum so many terms are written out."""


@dataclass(frozen=True)
class Scene:
    """A network and what it computed on one row. `unfolded` names the lines that are written out in full.

    `slopes` is None without targets. Layer −1 holds the inputs.
    """

    network: Network
    measure: Loss
    trace: Trace
    slopes: Slopes | None
    targets: Array | None
    unfolded: frozenset[str] = frozenset()

    def to(self, what: str) -> str:
        """Return how the slope with respect to `what` is written: ∂MSE/∂z, say."""
        return f"∂{self.measure.symbol}/∂{what}"

    @property
    def row_loss(self) -> str:
        """What the loss of the one row is called."""
        return f"row's {self.measure.word}"

    def name(self, layer: int, node: int) -> str:
        """Return the name of a node."""
        return self.network.names(layer + 1)[node]

    def values(self, layer: int) -> Array:
        """Return the outputs of a layer, shape (nodes,)."""
        row: Array = self.trace.feeding(layer + 1)[0]
        return row

    def a(self, layer: int, node: int) -> Number:
        """Return the output of a node."""
        return Number(float(self.values(layer)[node]), Address("node", layer, node))

    def z(self, layer: int, node: int) -> Number:
        """Return the input of a node."""
        return Number(float(self.trace.z[layer][0, node]), Address("node", layer, node))

    def w(self, layer: int, node: int, source: int) -> Number:
        """Return a weight."""
        value = float(self.network.layers[layer].weights[node, source])
        return Number(value, Address("weight", layer, node, source))

    def b(self, layer: int, node: int) -> Number | None:
        """Return a bias, or None where the layer has none."""
        biases = self.network.layers[layer].biases
        return None if biases is None else Number(float(biases[node]), Address("bias", layer, node))

    @property
    def terms(self) -> Array:
        """What each output adds to the row's loss, shape (outputs,)."""
        assert self.targets is not None
        terms = self.measure.terms(self.trace.z[-1], self.trace.prediction, self.targets[None])
        row: Array = terms[0]
        return row

    def error(self, output: int) -> Number:
        """Return prediction − target."""
        assert self.targets is not None
        last = len(self.network.layers) - 1
        error = float(self.trace.prediction[0, output] - self.targets[output])
        return Number(error, Address("node", last, output))

    def slope_a(self, layer: int, node: int) -> Number:
        """Return ∂L/∂a of a node."""
        assert self.slopes is not None
        return Number(
            float(self.slopes.layers[layer].outputs[0, node]), Address("node", layer, node), slope=True
        )

    def slope_z(self, layer: int, node: int) -> Number:
        """Return ∂L/∂z of a node."""
        assert self.slopes is not None
        return Number(
            float(self.slopes.layers[layer].inputs[0, node]), Address("node", layer, node), slope=True
        )

    def passes(self, layer: int, node: int) -> Number:
        """Return f′(z) of a node; its layer's activation is elementwise."""
        with np.errstate(all="ignore"):
            slope = self.network.layers[layer].function.slope(self.trace.z[layer])
        return Number(float(slope[0, node]), Address("node", layer, node))

    def sum(self, terms: Sequence[Expression], line: str) -> Expression:
        """Return the sum of `terms`; a long one is shortened unless `line` is unfolded."""
        return Sum(*terms) if line in self.unfolded else elided(terms, FEW_TERMS, line)

    def folds(self, line: str, terms: int) -> str:
        """Return `line` where its sum is long enough to be shortened, else ""."""
        return line if terms > FEW_TERMS + 1 else ""
