"""What a diagram shows of a State: the numbers of one row, and each as a sentence at full precision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nnviz.core.address import Address, column_title
from nnviz.core.function import NodeFunctions
from nnviz.core.network import Network, Trace
from nnviz.core.numbers import MINUS, shown_in_full
from nnviz.core.results import FATES, Fate, zero_reason
from nnviz.core.slopes import MeanSlopes, Slopes
from nnviz.core.state import State


@dataclass(frozen=True, slots=True)
class Content:
    """The numbers of a diagram; a node's are asked for by its address, whatever its kind."""

    state: State
    row: int
    trace: Trace | None
    """The row's; None where there is no row."""
    slopes: MeanSlopes | None = None
    """What is written in purple, if wanted."""
    slopes_of: str = ""
    """Of which rows the slopes are."""
    badges: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """What is odd about a node on all rows, by (layer, node)."""
    fates: tuple[Fate, ...] = ()
    """What becomes of the slopes of the layers on all rows; () where that is not known."""
    free: bool = False
    """Whether the row is tried out, and not in the data."""
    functions: NodeFunctions | None = None
    """What the nodes compute over the one or two inputs, if small pictures of it are wanted."""

    @property
    def network(self) -> Network:
        """The network that is shown."""
        return self.state.network

    def holds(self, state: State, row: int) -> bool:
        """Tell whether it is of this State and row."""
        return self.state is state and self.row == row

    def name(self, node: Address) -> str:
        """Return a node's name."""
        return self.network.names(node.column)[node.node]

    def output(self, node: Address) -> float | None:
        """Return an input, or a of a node; None without a row."""
        return None if self.trace is None else float(self.trace.feeding(node.column)[0, node.node])

    def z(self, node: Address) -> float | None:
        """Return z of a node; None without a row."""
        return None if self.trace is None else float(self.trace.z[node.layer][0, node.node])

    def target(self, node: Address) -> float | None:
        """Return an output's target; None where there is none."""
        data = self.state.data
        if data.targets is None or not 0 <= self.row < len(data):
            return None
        return float(data.targets[self.row, node.node])

    def error(self, node: Address) -> float | None:
        """Return how far an output is above its target; None where there is none."""
        target, prediction = self.target(node), self.output(node)
        return None if target is None or prediction is None else prediction - target

    def fate(self, layer: int) -> Fate:
        """Return what becomes of the slopes of a layer; "" where nothing is to be said."""
        return self.fates[layer] if 0 <= layer < len(self.fates) else ""

    def fate_told(self, layer: int) -> str:
        """Return the same in words: "its slopes vanish, less than …"."""
        fate = self.fate(layer)
        return f"its slopes {fate}, {FATES[fate]}" if fate else ""

    def dead(self, node: Address) -> bool:
        """Tell whether a node passes 0 on, as relu does, whatever little z changes."""
        z = self.z(node) if node.layer >= 0 else None
        if z is None or self.output(node) != 0.0:
            return False
        return any(low <= z <= high for low, high in self.network.layers[node.layer].function.flat)


def described(address: Address, content: Content) -> str:
    """Return a sentence for a node, an edge or a number of one, as tooltips and screen readers want it.

    Of a layer, what is odd about its slopes; nothing for what is none of these.
    """
    if address.kind in {"weight", "slope"}:
        return _edge(address._replace(kind="weight"), content)
    if address.kind in {"heading", "subheading"}:
        return _layer(address, content)
    if address.kind == "bias":
        return _bias(address, content)
    if address.kind in {"target", "error"}:
        return _outcome(address, content)
    return _node(address, content)


def _layer(heading: Address, content: Content) -> str:
    told = content.fate_told(heading.layer)
    return f"{column_title(heading.column, len(content.network.layers))}: {told}" if told else ""


def _edge(weight: Address, content: Content) -> str:
    network, slopes = content.network, content.slopes
    source = network.names(weight.layer)[weight.source]
    sentence = f"weight from {source} to {content.name(weight)}: {shown_in_full(network.value_of(weight))}"
    if slopes is not None:
        of_layer = slopes.layers[weight.layer]
        slope = float(of_layer.weights[weight.node, weight.source])
        sentence += f", slope {shown_in_full(slope)}"
        if slope == 0.0 and isinstance(slopes, Slopes):
            reason = zero_reason(network, slopes, weight)
            sentence += f" because {reason}" if reason else ""
    return sentence


def _bias(bias: Address, content: Content) -> str:
    name = content.name(bias)
    if not content.network.has(bias):
        return f"{name} has no bias"
    return f"bias of {name}: {shown_in_full(content.network.value_of(bias))}" + _node_slope(bias, content)


def _node_slope(node: Address, content: Content) -> str:
    if content.slopes is None:
        return ""
    return f", slope {shown_in_full(float(content.slopes.layers[node.layer].nodes[node.node]))}"


def _outcome(address: Address, content: Content) -> str:
    name, target, prediction = content.name(address), content.target(address), content.output(address)
    if target is None or prediction is None:
        return f"{name} has no target{': this is a free row' if content.free else ''}"
    if address.kind == "target":
        return f"target of {name}: {shown_in_full(target)}"
    a, y, error = map(shown_in_full, (prediction, target, prediction - target))
    return f"error of {name}: {a} {MINUS} {y} = {error}"


def _node(node: Address, content: Content) -> str:
    name, output = content.name(node), content.output(node)
    if output is None:
        return f"{name}: there is no row of data"
    if node.layer < 0:
        return f"{name} = {shown_in_full(output)}"
    z, layer = content.z(node), content.network.layers[node.layer]
    assert z is not None
    sentence = f"{name}: z = {shown_in_full(z)}, a = {layer.function.call} = {shown_in_full(output)}"
    if layer.biases is not None:
        sentence += f", bias {shown_in_full(float(layer.biases[node.node]))}"
    if content.dead(node):
        sentence += f", {layer.activation} passes 0"
    if (node.layer, node.node) in content.badges:
        sentence += f", {content.badges[node.layer, node.node]}"
    return sentence + _node_slope(node, content)
