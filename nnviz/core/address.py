"""The address of what stands in a network (a node, a weight, a bias, what is written there), and names.

The course says `node_0`, and `node_0_1` of several hidden layers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal, NamedTuple, TypeAlias

from nnviz.core.numbers import SHOWN, shortened

Kind: TypeAlias = Literal[
    "node",  # a node itself
    "weight",
    "bias",
    # what else is written there
    "name",
    "input",  # an input's value in the row
    "z",
    "value",  # a node's a
    "slope",  # of a weight
    "node_slope",
    "target",
    "error",
    "badge",  # what is odd about a node: "relu passes 0"
    "heading",  # of a layer
    "subheading",
]


class Address(NamedTuple):
    """Where something stands: `node` of `layer`, which is −1 for the inputs.

    A weight and its slope are named by the node that they feed and by `source`, the node of the layer before
    that they lead from. Formulas, selection, search, the diagram and its texts all use it.
    """

    kind: Kind
    layer: int
    node: int = 0
    source: int = -1

    @property
    def column(self) -> int:
        """The column of the diagram: 0 holds the inputs, and so does 0 in `Network.names` and `sizes`."""
        return self.layer + 1

    @property
    def is_number(self) -> bool:
        """Whether it is a weight or a bias: a number that is given and trained."""
        return self.kind in ("weight", "bias")

    @property
    def symbol(self) -> str:
        """The letter of a weight or a bias in formulas: w or b."""
        return self.kind[0]


def column_title(column: int, layers: int) -> str:
    """Return "Inputs", "Hidden layer", "Hidden layer 2" of several, or "Prediction", the last of `layers`."""
    if column == 0:
        return "Inputs"
    if column == layers:
        return "Prediction"
    return "Hidden layer" if layers == 2 else f"Hidden layer {column}"


def default_inputs(count: int) -> tuple[str, ...]:
    """Return `input_0`, `input_1` and so on."""
    return tuple(f"input_{i}" for i in range(count))


def default_nodes(layer: int, layers: int, count: int) -> tuple[str, ...]:
    """Return the course's names for layer `layer` of a network of `layers` layers, the output included."""
    if layer == layers - 1:
        return ("output",) if count == 1 else tuple(f"output_{j}" for j in range(count))
    if layers == 2:
        return tuple(f"node_{j}" for j in range(count))
    return tuple(f"node_{layer}_{j}" for j in range(count))


def fresh_name(stem: str, taken: Collection[str], start: int = 0) -> str:
    """Return the first of `stem_start`, `stem_start+1`, … that is not taken."""
    number = start
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def layers_by_name(names: Iterable[str]) -> list[list[str]]:
    """Group the names of a weights dictionary into layers, first hidden layer first.

    Raises ValueError for a name that is not the course's, two names for one node, or a missing output.
    """
    hidden: dict[int, dict[int, str]] = {}
    outputs: dict[int, str] = {}
    for name in names:
        if match := re.fullmatch(r"output(?:_(\d{1,9}))?", name, re.ASCII):
            group, number = outputs, int(match[1] or 0)
        elif match := re.fullmatch(r"node_(?:(\d{1,9})_)?(\d{1,9})", name, re.ASCII):
            group, number = hidden.setdefault(int(match[1] or 0), {}), int(match[2])
        else:
            raise ValueError(f"{shortened(name, SHOWN)}: expected a name such as node_0, node_0_1 or output")
        if number in group:
            raise ValueError(f"{name}: {group[number]} names the same node")
        group[number] = name
    if not outputs:
        raise ValueError("output: the weights of the output node are missing")
    return [[group[j] for j in sorted(group)] for _, group in sorted(hidden.items())] + [
        [outputs[j] for j in sorted(outputs)]
    ]
