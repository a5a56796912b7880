"""Addresses of the parts of a network (node, weight, bias, label), and default names of nodes.

As in courses for beginners, a node is called `node_0` or, with several hidden layers, `node_0_1`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple, TypeAlias

from nnviz.core.numbers import shortened

Part: TypeAlias = Literal["node", "weight", "bias", "layer"]
"""A part of a network. A layer stands for all its nodes, with the weights and biases into these nodes."""
Result: TypeAlias = Literal["z", "value", "share", "slope", "node_slope", "error", "badge"]
"""A label with a computed result."""
Label: TypeAlias = Result | Literal["name", "input", "target", "heading", "subheading"]
"""A label of a part.

"input" is the value of an input in the row, "value" is a of a node, and "slope" is the slope of a weight.
"share" is the class that an output predicts, with the probability of the class.
"badge" is a label at a node with a problem: "relu passes 0". "heading" is the title of a layer.
"""
Kind: TypeAlias = Part | Label


class Address(NamedTuple):
    """The address of a part of the network: the index of a node in a layer. Layer −1 holds the inputs.

    `kind` is the kind of the part. In the address of a weight or its slope, `node` is where the weight ends,
    and `source` is the node of the previous layer where the weight starts. Formulas, selection, search
    and the diagram use addresses.
    """

    kind: Kind
    layer: int
    node: int = 0
    source: int = -1

    @property
    def column(self) -> int:
        """The index of the part's column. Column 0 holds the inputs, as in `Network.names`."""
        return self.layer + 1

    @property
    def is_number(self) -> bool:
        """Whether the part is a weight or a bias, which training changes."""
        return self.kind in ("weight", "bias")

    @property
    def around(self) -> tuple[Address, ...]:
        """The addresses of the layer and of the node that contain the part, then the address itself."""
        layer, node = Address("layer", self.layer), Address("node", self.layer, self.node)
        return (self,) if self.kind == "layer" else tuple(dict.fromkeys((layer, node, self)))

    @property
    def symbol(self) -> str:
        """The letter of a weight, a bias or an input in formulas: w, b or x."""
        return "x" if self.layer < 0 else self.kind[0]


def column_title(column: int, layers: int) -> str:
    """Return the title of a column: "Inputs", "Hidden layer", "Prediction".

    Several hidden layers are numbered: "Hidden layer 2". `layers` is the number of layers, including
    the output layer.
    """
    if column == 0:
        return "Inputs"
    if column == layers:
        return "Prediction"
    return "Hidden layer" if layers == 2 else f"Hidden layer {column}"


def default_inputs(count: int) -> tuple[str, ...]:
    """Return the names `input_0`, `input_1` and so on."""
    return tuple(f"input_{i}" for i in range(count))


def default_nodes(layer: int, layers: int, count: int) -> tuple[str, ...]:
    """Return the default names of the nodes of a layer.

    The names are `output`, `node_0`, or `node_0_1` if the network has several hidden layers. `layers` is the
    number of layers, including the output layer.
    """
    is_output = layer == layers - 1
    if is_output and count == 1:
        return ("output",)
    stem = "output" if is_output else "node" if layers == 2 else f"node_{layer}"
    return tuple(f"{stem}_{j}" for j in range(count))


def fresh_name(stem: str, taken: Collection[str], start: int = 0) -> str:
    """Return `stem_N`, with the smallest N ≥ `start` for which this name is not in `taken`."""
    names = (f"{stem}_{number}" for number in itertools.count(start))
    return next(name for name in names if name not in taken)


def layers_by_name(names: Iterable[str]) -> list[list[str]]:
    """Group the names of a weights dictionary by layer, from the first hidden layer to the output layer.

    Raises ValueError for a name of another form than `node_0`, `node_0_1` or `output`, for two names that
    mean the same node, or for a missing output.
    """
    hidden: dict[int, dict[int, str]] = {}
    outputs: dict[int, str] = {}
    for name in names:
        if match := re.fullmatch(r"output(?:_(\d{1,9}))?", name, re.ASCII):
            group, number = outputs, int(match[1] or 0)
        elif match := re.fullmatch(r"node_(?:(\d{1,9})_)?(\d{1,9})", name, re.ASCII):
            group, number = hidden.setdefault(int(match[1] or 0), {}), int(match[2])
        else:
            raise ValueError(f"{shortened(name)}: expected a name such as node_0, node_0_1 or output")
        if number in group:
            raise ValueError(f"{name}: the names {group[number]} and {name} mean the same node")
        group[number] = name
    if not outputs:
        raise ValueError("output: the weights of the output node are missing")
    groups = [*(group for _, group in sorted(hidden.items())), outputs]
    return [[group[j] for j in sorted(group)] for group in groups]
