"""What a part of a diagram is, as a sentence at full precision: for tooltips and screen readers."""

from __future__ import annotations

from nnviz.core.address import Where
from nnviz.core.numbers import MINUS, shown_in_full
from nnviz.core.oddities import zero_reason
from nnviz.picture.numbers import Numbers
from nnviz.picture.picture import Part


def described(part: Part, numbers: Numbers) -> str:
    """Return the sentence for a part that is a node, an edge or a number of one; else nothing."""
    if part.kind in {"weight", "slope"}:
        return _edge(part, numbers)
    if part.kind in {"heading", "subheading"}:
        return ""
    name = numbers.network.names(part.column)[part.node]
    if part.kind == "bias":
        return _bias(part, name, numbers)
    if part.kind in {"target", "error"}:
        return _outcome(part, name, numbers)
    return _node(part, name, numbers)


def _edge(part: Part, numbers: Numbers) -> str:
    network = numbers.network
    source = network.names(part.column - 1)[part.source]
    node = network.names(part.column)[part.node]
    weight = float(network.layers[part.layer].weights[part.node, part.source])
    sentence = f"weight from {source} to {node}: {shown_in_full(weight)}"
    if numbers.slopes is not None:
        slope = float(numbers.slopes.layers[part.layer].weights[part.node, part.source])
        sentence += f", slope {shown_in_full(slope)}"
        if slope == 0.0 and len(numbers.slopes.layers[part.layer].inputs):
            reason = zero_reason(network, numbers.slopes, Where("weight", part.layer, part.node, part.source))
            sentence += f" because {reason}" if reason else ""
    return sentence


def _bias(part: Part, name: str, numbers: Numbers) -> str:
    biases = numbers.network.layers[part.layer].biases
    if biases is None:
        return f"{name} has no bias"
    sentence = f"bias of {name}: {shown_in_full(float(biases[part.node]))}"
    return sentence + _node_slope(part, numbers)


def _node_slope(part: Part, numbers: Numbers) -> str:
    if numbers.slopes is None:
        return ""
    return f", slope {shown_in_full(float(numbers.slopes.layers[part.layer].nodes[part.node]))}"


def _outcome(part: Part, name: str, numbers: Numbers) -> str:
    target, prediction = numbers.target(part.node), numbers.output(part.column, part.node)
    if target is None or prediction is None:
        return f"{name} has no target"
    if part.kind == "target":
        return f"target of {name}: {shown_in_full(target)}"
    a, y, error = map(shown_in_full, (prediction, target, prediction - target))
    return f"error of {name}: {a} {MINUS} {y} = {error}"


def _node(part: Part, name: str, numbers: Numbers) -> str:
    output = numbers.output(part.column, part.node)
    if output is None:
        return f"{name}: there is no row of data"
    if part.column == 0:
        return f"{name} = {shown_in_full(output)}"
    z = numbers.z(part.column, part.node)
    assert z is not None
    activation = numbers.network.layers[part.layer].activation
    sentence = f"{name}: z = {shown_in_full(z)}, a = {activation}(z) = {shown_in_full(output)}"
    biases = numbers.network.layers[part.layer].biases
    if biases is not None:
        sentence += f", bias {shown_in_full(float(biases[part.node]))}"
    if numbers.dead(part.column, part.node):
        sentence += ", relu passes 0"
    if (part.layer, part.node) in numbers.badges:
        sentence += f", {numbers.badges[part.layer, part.node]}"
    return sentence + _node_slope(part, numbers)
