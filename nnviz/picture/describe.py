"""What a part of a diagram is, as a sentence at full precision: for tooltips and screen readers."""

from __future__ import annotations

from nnviz.core.address import Address
from nnviz.core.numbers import MINUS, shown_in_full
from nnviz.core.oddities import zero_reason
from nnviz.core.slopes import Slopes
from nnviz.picture.numbers import Numbers


def described(address: Address, numbers: Numbers) -> str:
    """Return the sentence for a part that is a node, an edge or a number of one; else nothing."""
    if address.kind in {"weight", "slope"}:
        return _edge(address, numbers)
    if address.kind in {"heading", "subheading"}:
        return ""
    name = numbers.network.names(address.column)[address.node]
    if address.kind == "bias":
        return _bias(address, name, numbers)
    if address.kind in {"target", "error"}:
        return _outcome(address, name, numbers)
    return _node(address, name, numbers)


def _edge(address: Address, numbers: Numbers) -> str:
    network = numbers.network
    source = network.names(address.column - 1)[address.source]
    node = network.names(address.column)[address.node]
    weight = float(network.layers[address.layer].weights[address.node, address.source])
    sentence = f"weight from {source} to {node}: {shown_in_full(weight)}"
    if numbers.slopes is not None:
        slope = float(numbers.slopes.layers[address.layer].weights[address.node, address.source])
        sentence += f", slope {shown_in_full(slope)}"
        if slope == 0.0 and isinstance(numbers.slopes, Slopes):
            reason = zero_reason(
                network, numbers.slopes, Address("weight", address.layer, address.node, address.source)
            )
            sentence += f" because {reason}" if reason else ""
    return sentence


def _bias(address: Address, name: str, numbers: Numbers) -> str:
    biases = numbers.network.layers[address.layer].biases
    if biases is None:
        return f"{name} has no bias"
    sentence = f"bias of {name}: {shown_in_full(float(biases[address.node]))}"
    return sentence + _node_slope(address, numbers)


def _node_slope(address: Address, numbers: Numbers) -> str:
    if numbers.slopes is None:
        return ""
    return f", slope {shown_in_full(float(numbers.slopes.layers[address.layer].nodes[address.node]))}"


def _outcome(address: Address, name: str, numbers: Numbers) -> str:
    target, prediction = numbers.target(address.node), numbers.output(address.column, address.node)
    if target is None or prediction is None:
        return f"{name} has no target"
    if address.kind == "target":
        return f"target of {name}: {shown_in_full(target)}"
    a, y, error = map(shown_in_full, (prediction, target, prediction - target))
    return f"error of {name}: {a} {MINUS} {y} = {error}"


def _node(address: Address, name: str, numbers: Numbers) -> str:
    output = numbers.output(address.column, address.node)
    if output is None:
        return f"{name}: there is no row of data"
    if address.column == 0:
        return f"{name} = {shown_in_full(output)}"
    z = numbers.z(address.column, address.node)
    assert z is not None
    layer = numbers.network.layers[address.layer]
    sentence = f"{name}: z = {shown_in_full(z)}, a = {layer.function.call} = {shown_in_full(output)}"
    biases = layer.biases
    if biases is not None:
        sentence += f", bias {shown_in_full(float(biases[address.node]))}"
    if numbers.dead(address.column, address.node):
        sentence += f", {layer.activation} passes 0"
    if (address.layer, address.node) in numbers.badges:
        sentence += f", {numbers.badges[address.layer, address.node]}"
    return sentence + _node_slope(address, numbers)
