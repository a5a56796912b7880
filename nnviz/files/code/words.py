"""What every style writes with: texts from outside as comments, formulas as Python, addresses of nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from nnviz.core.address import Address
from nnviz.core.expressions import Expression
from nnviz.core.names import SHOWN, shortened
from nnviz.core.network import Network
from nnviz.core.numbers import MINUS

WIDTH = 100
"""Letters of a line of numbers."""

_PYTHON = {"·": " * ", "/": " / ", "²": " ** 2", "e^(": "np.exp(", "^": " ** ", "√(": "np.sqrt(", MINUS: "-"}
_SIGN = re.compile("|".join(map(re.escape, _PYTHON)))


def comment(text: str) -> str:
    """Return a text from outside as it stands behind a #: on one line, and what hides itself written out."""
    return "".join(
        letter if letter.isprintable() else ascii(letter)[1:-1] for letter in shortened(text, SHOWN)
    )


def filled(items: Iterable[str], indent: str) -> Iterator[str]:
    """Yield lines of items with a comma behind each, as many as there is room for."""
    line = ""
    for item in items:
        if line and len(line) + len(item) + 2 > WIDTH:
            yield line
            line = ""
        line += f" {item}," if line else f"{indent}{item},"
    if line:
        yield line


def python(expression: Expression) -> str:
    """Return a rule as Python writes it: `0.9·v + slope²` is `0.9 * v + slope ** 2`."""
    text = "".join(piece.text for piece in expression.pieces(digits=17))
    return _SIGN.sub(lambda sign: _PYTHON[sign[0]], text)


def parameters(network: Network) -> list[str]:
    """Return W0, b0, W1, …, as many as there are."""
    names = []
    for k, layer in enumerate(network.layers):
        names += [f"W{k}"] if layer.biases is None else [f"W{k}", f"b{k}"]
    return names


def of_nodes(network: Network, *layers: int) -> tuple[Address, ...]:
    """Return the nodes of some layers."""
    return _nodes(tuple((k, len(network.layers[k])) for k in layers))


@lru_cache
def _nodes(counts: tuple[tuple[int, int], ...]) -> tuple[Address, ...]:
    """Return so many nodes of each layer: the same as last time, for many lines are about the same."""
    return tuple(Address("node", k, j) for k, count in counts for j in range(count))


def of_inputs(network: Network) -> tuple[Address, ...]:
    """Return the nodes of the inputs."""
    return tuple(Address("node", -1, i) for i in range(len(network.inputs)))


def of_outputs(network: Network) -> tuple[Address, ...]:
    """Return the nodes of the last layer."""
    return of_nodes(network, len(network.layers) - 1)


def of_row(network: Network) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Return the numbers of a row: its inputs, and its targets."""
    inputs, outputs = of_inputs(network), of_outputs(network)
    given = tuple(own._replace(kind="input") for own in inputs)
    return given, tuple(own._replace(kind="target") for own in outputs)


def weights_of(layer: int, node: int, count: int) -> tuple[Address, ...]:
    """Return the weights that feed a node."""
    return tuple(Address("weight", layer, node, i) for i in range(count))
