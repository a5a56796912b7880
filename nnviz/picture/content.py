"""Numbers of a diagram for one row of a State, with descriptions of these numbers in full precision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter, is_

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind, column_title
from nnviz.core.function import NodeFunctions
from nnviz.core.metrics import (
    NO_CLASS,
    chosen_outputs,
    is_one_of_many,
    large_error_reason,
    large_errors,
    means_classes,
)
from nnviz.core.network import Network, OtherNetwork, Trace
from nnviz.core.numbers import MINUS, counted, full_text
from nnviz.core.results import FATE_SENTENCES, HIDDEN, NOTHING_HIDDEN, Fate, Hiding, zero_reason
from nnviz.core.slopes import MeanSlopes, Slopes
from nnviz.core.state import State

_LARGE = attrgetter("state", "trace", "slopes", "functions", "other", "differences")
"""Returns the parts of a Content that are compared by identity, since comparing arrays is slow."""
_SMALL = attrgetter("row", "slopes_of", "badges", "fates", "is_what_if", "hiding")
GIVEN = frozenset[Kind](("name", "input", "target", "weight", "bias", "heading", "subheading", "badge"))
"""Kinds of labels that show no result. Every other label of a node or an edge can be hidden."""


@dataclass(frozen=True)
class Content:
    """The numbers of a diagram.

    In all methods, the parameter `node` is the address of a node or of any text of the node.
    """

    state: State
    row: int
    trace: Trace | None
    """The forward pass of the row, or None if there is no row."""
    slopes: MeanSlopes | None = None
    """The slopes (gradients) that the diagram shows, or None."""
    slopes_of: str = ""
    """The heading that says which rows the slopes belong to."""
    badges: Mapping[tuple[int, int], str] = field(default_factory=dict)
    """Short texts on unusual nodes, such as "dead on all rows". The keys are (layer, node)."""
    fates: tuple[Fate, ...] = ()
    """What is unusual about each layer's slopes on all rows: "vanish", "explode", "are 0", or "" for nothing.

    The tuple is empty if nnviz has not computed the slopes.
    """
    is_what_if: bool = False
    """Whether the row is a what-if row: inputs that the user tries out and that are not in the data."""
    hiding: Hiding = NOTHING_HIDDEN
    """Which results are hidden. The places are the addresses of labels."""
    other: OtherNetwork | None = None
    """Another network of the same shapes, for descriptions, or None."""
    differences: Network | None = None
    """The network with the differences to the other one, if the diagram shows them, else None."""
    functions: NodeFunctions | None = None
    """Each node's output as a function of the one or two inputs, for thumbnails. None without thumbnails."""

    @property
    def network(self) -> Network:
        """The network of the state."""
        return self.state.network

    @property
    def shown(self) -> Network:
        """The network whose weights and biases the diagram shows."""
        return self.differences or self.network

    def is_same(self, other: Content) -> bool:
        """Return whether two contents show the same State, row and results."""
        return all(map(is_, _LARGE(self), _LARGE(other))) and _SMALL(self) == _SMALL(other)

    def name(self, node: Address) -> str:
        """Return a node's name."""
        return self.network.names(node.column)[node.node]

    def output(self, node: Address) -> float | None:
        """Return an input's value or a node's output a, or None if there is no row."""
        return None if self.trace is None else float(self.trace.feeding(node.column)[0, node.node])

    def z(self, node: Address) -> float | None:
        """Return a node's z, or None if there is no row."""
        return None if self.trace is None else float(self.trace.z[node.layer][0, node.node])

    @property
    def _targets(self) -> Array | None:
        data = self.state.data
        known = not self.is_what_if and 0 <= self.row < len(data)
        return data.targets[self.row] if known and data.targets is not None else None

    def target(self, node: Address) -> float | None:
        """Return an output's target, or None if the row has no target."""
        targets = self._targets
        return None if targets is None else float(targets[node.node])

    def error(self, node: Address) -> float | None:
        """Return an output's error, prediction − target, or None if there is no target."""
        target, prediction = self.target(node), self.output(node)
        return None if target is None or prediction is None else prediction - target

    @property
    def one_of_many(self) -> bool:
        """Whether the outputs exclude each other, so that only the largest is predicted."""
        return is_one_of_many(self.network)

    def predicted(self, node: Address) -> int | None:
        """Return whether an output predicts its class (1) or not (0), or None if it means no class."""
        return None if self._predicted is None else self._predicted[node.node]

    @cached_property
    def _predicted(self) -> list[int | None] | None:
        if self.trace is None or not means_classes(self.state):
            return None
        predicted = chosen_outputs(self.network, self.trace.prediction, self.state.measure.threshold)[0]
        return [None if each == NO_CLASS else int(each) for each in predicted]

    def has_large_error(self, node: Address) -> bool | None:
        """Return whether an output's error is large, or None if there is no target."""
        return None if self._large_errors is None else self._large_errors[node.node]

    @cached_property
    def _large_errors(self) -> list[bool] | None:
        if self._targets is None or self.trace is None:
            return None
        return [*map(bool, large_errors(self.state, self.trace.prediction, self._targets[None])[0])]

    def share(self, node: Address) -> float | None:
        """Return the probability of an output's class, or None if the output is no such probability."""
        has_shares = self.network.layers[-1].function.answers != "how much"
        return self.output(node) if has_shares and self.predicted(node) is not None else None

    def hides(self, address: Address) -> bool:
        """Return whether the result that the label at `address` shows is hidden."""
        return address.kind not in GIVEN and address.layer >= 0 and self.hiding.hides(address)

    def full(self, address: Address, value: float) -> str:
        """Return the number `value` of the label at `address` in full precision, or "hidden"."""
        return HIDDEN if self.hides(address) else full_text(value)

    def fate(self, layer: int) -> Fate:
        """Return what is unusual about a layer's slopes: "vanish", "explode", "are 0", or "" for nothing."""
        return self.fates[layer] if 0 <= layer < len(self.fates) else ""

    def fate_sentence(self, layer: int) -> str:
        """Return a sentence on vanishing, exploding or zero slopes of a layer, or "" for usual slopes."""
        return FATE_SENTENCES.get(self.fate(layer), "")

    def dead(self, node: Address) -> bool:
        """Return whether a node's output is 0 and stays 0 if z changes slightly, as for relu with z < 0."""
        z = self.z(node) if node.layer >= 0 else None
        is_hidden = self.hides(node._replace(kind="value"))
        if z is None or is_hidden or self.output(node) != 0.0:
            return False
        return any(low <= z <= high for low, high in self.network.layers[node.layer].function.flat)


def description(address: Address, content: Content) -> str:
    """Return the description of a node, an edge or one of their numbers, for tooltips and screen readers.

    For a layer's heading, describe unusual slopes of the layer, or return "" if the slopes are usual.
    """
    return _DESCRIPTIONS.get(address.kind, _node)(address, content)


def _layer(address: Address, content: Content) -> str:
    network, sentence = content.network, content.fate_sentence(address.layer)
    title = column_title(address.column, len(network.layers))
    facts = _frozen(address._replace(kind="layer"), content)
    if address.kind == "layer":
        layer = network.layers[address.layer]
        facts = [f"{title}: {counted(len(layer), 'node')} with {layer.activation}", *facts]
    elif facts or sentence:
        facts = [title, *facts]
    return ". ".join(filter(None, (", ".join(facts), sentence)))


def _frozen(part: Address, content: Content) -> list[str]:
    """Return the fact that training does not change a layer, node, weight or bias, or [] if it does."""
    return ["frozen"] if content.state.freezing(part) else []


def _values(number: Address, content: Content) -> list[str]:
    """Return the value of a weight or bias and, with another network, that there and the difference."""
    here, other = content.network.value_of(number), content.other
    facts = [full_text(here)]
    if other is not None:
        there = other.network.value_of(number)
        facts += [f"in {other.name} {full_text(there)}", f"here − there = {full_text(here - there)}"]
    return facts


def _edge(number: Address, content: Content) -> str:
    network, slopes, weight = content.network, content.slopes, number._replace(kind="weight")
    source, node = network.names(weight.layer)[weight.source], content.name(weight)
    facts = [*_values(weight, content), *_frozen(weight, content)]
    sentence = f"weight from {source} to {node}: {', '.join(facts)}"
    if slopes is None:
        return sentence
    slope = float(slopes.layers[weight.layer].weights[weight.node, weight.source])
    at = weight._replace(kind="slope")
    sentence = f"{sentence}, slope {content.full(at, slope)}"
    if content.hides(at):
        return sentence
    reason = zero_reason(network, slopes, weight) if slope == 0.0 and isinstance(slopes, Slopes) else ""
    return f"{sentence}. {reason}" if reason else sentence


def _bias(bias: Address, content: Content) -> str:
    name = content.name(bias)
    if not content.network.has(bias):
        return f"{name} has no bias"
    sentence = f"bias of {name}: {', '.join(_values(bias, content))}"
    return ", ".join([sentence, *_frozen(bias, content), *_slope(bias, content)])


def _class(node: Address, content: Content) -> list[str]:
    """Return the fact about an output's class, or [] if the node means no class."""
    predicted = content.predicted(node) if node.column == len(content.network.layers) else None
    if predicted is None or content.hides(node._replace(kind="share")):
        return []
    if content.one_of_many and not predicted:
        return ["not predicted, but the target" if content.target(node) else "not predicted"]
    verdict = {None: "", False: ", right", True: ", wrong"}[content.has_large_error(node)]
    return [("predicted" if content.one_of_many else f"class {predicted}") + verdict]


def _slope(node: Address, content: Content) -> list[str]:
    if content.slopes is None:
        return []
    slope = float(content.slopes.layers[node.layer].nodes[node.node])
    return [f"slope {content.full(node._replace(kind='node_slope'), slope)}"]


def _outcome(address: Address, content: Content) -> str:
    name, target, prediction = content.name(address), content.target(address), content.output(address)
    if target is None or prediction is None:
        return f"{name} has no target" + (": what-if rows have none" if content.is_what_if else "")
    if address.kind == "target":
        return f"target of {name}: {full_text(target)}"
    a = content.full(address._replace(kind="value"), prediction)
    error = content.full(address, prediction - target)
    is_large = content.has_large_error(address) and not content.hides(address)
    reason = f", large: {large_error_reason(content.state, address.node)}" if is_large else ""
    return f"error of {name}: {a} {MINUS} {full_text(target)} = {error}{reason}"


def _node(node: Address, content: Content) -> str:
    name, output = content.name(node), content.output(node)
    if output is None:
        return f"{name} has no value, because the data has no rows"
    if node.layer < 0:
        column = content.state.columns.computed.get(node.node)
        standardised = ", standardised" if column and column.is_scaled else ""
        return f"{name} = {column.formula + standardised + ' = ' if column else ''}{full_text(output)}"
    z, layer = content.z(node), content.network.layers[node.layer]
    assert z is not None
    z_text, a = content.full(node._replace(kind="z"), z), content.full(node._replace(kind="value"), output)
    facts = [f"z = {z_text}", f"a = {layer.function.call} = {a}"]
    if layer.biases is not None:
        facts.append(f"bias {full_text(float(layer.biases[node.node]))}")
    facts += _class(node, content)
    if content.dead(node):
        facts.append(f"{layer.activation} passes 0")
    facts += _frozen(node._replace(kind="node"), content)
    if (node.layer, node.node) in content.badges:
        facts.append(content.badges[node.layer, node.node])
    return f"{name}: {', '.join(facts + _slope(node, content))}"


_DESCRIPTIONS: dict[Kind, Callable[[Address, Content], str]] = {
    **dict.fromkeys(("weight", "slope"), _edge),
    **dict.fromkeys(("layer", "heading", "subheading"), _layer),
    "bias": _bias,
    **dict.fromkeys(("target", "error"), _outcome),
}
"""The function that describes each kind of address; all other kinds belong to a node."""
