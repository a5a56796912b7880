"""The numbers of a program: in its text or, where they are longer than a screenful, in a file beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Layer
from nnviz.core.state import State
from nnviz.files.code.program import Line
from nnviz.files.code.words import WIDTH, comment, filled, of_nodes, of_row, weights_of

SCREENFUL = 40
"""Lines of weights, or of rows, that stand in a program."""
A_LINE = 5
"""Numbers of all digits that a line takes."""


class Notation(NamedTuple):
    """How a style writes an array: `make` of nested lists, `load` of what `stored` holds under a name."""

    make: str = "np.array"
    load: str = 'stored["{}"]'


class Numbers:
    """Which numbers stand in the text, and which `beside` it, by name: W0, b0, …, inputs and targets."""

    def __init__(self, state: State, may_be_beside: bool) -> None:
        self.state, self.beside = state, dict[str, Array]()
        layers, data = state.network.layers, state.data
        lines = sum(len(layer) * -(-layer.weights.shape[1] // A_LINE) for layer in layers)
        self.weights_beside = may_be_beside and lines > SCREENFUL
        self.rows_beside = may_be_beside and data.numbers > SCREENFUL * A_LINE
        if self.weights_beside:
            for k, layer in enumerate(layers):
                self.beside[f"W{k}"] = layer.weights
                if layer.biases is not None:
                    self.beside[f"b{k}"] = layer.biases
        if self.rows_beside:
            self.beside["inputs"] = data.inputs
            if data.targets is not None:
                self.beside["targets"] = data.targets

    def imports(self) -> Iterator[Line]:
        """Write what loading takes besides NumPy."""
        if self.beside:
            yield Line("from pathlib import Path")
            yield Line()

    def stored(self) -> Iterator[Line]:
        """Open the file beside the program, where there is one."""
        if self.beside:
            what = " and ".join(["weights"] * self.weights_beside + ["rows"] * self.rows_beside)
            yield Line(f"# The {what} are in the file beside this one that has its name and ends in .npz")
            yield Line('stored = np.load(Path(__file__).with_suffix(".npz"), allow_pickle=False)')
            yield Line()

    def weights(self, notation: Notation) -> Iterator[Line]:
        """Write W and b of every layer."""
        yield Line("# The network: row j of a layer's W holds the weights that feed its node j")
        for k, layer in enumerate(self.state.network.layers):
            if self.weights_beside:
                nodes = of_nodes(self.state.network, k)
                yield Line(f"W{k} = {notation.load.format(f'W{k}')}", None, nodes)
                if layer.biases is not None:
                    yield Line(f"b{k} = {notation.load.format(f'b{k}')}", None, nodes)
            else:
                yield from _weights(k, layer, notation)
        yield Line()

    def rows(self, notation: Notation) -> Iterator[Line]:
        """Write the inputs and the targets, where there are any."""
        network, data = self.state.network, self.state.data
        if not len(data):
            return
        yield Line(rows_heading(self.state))
        of_inputs, of_targets = of_row(network)
        parts = [("inputs", data.inputs, of_inputs), ("targets", data.targets, of_targets)]
        for name, values, addresses in parts:
            if values is None:
                continue
            if self.rows_beside:
                yield Line(f"{name} = {notation.load.format(name)}", None, addresses)
            else:
                yield from array(f"{name} = {notation.make}([", map(_row, values.tolist()), "])", addresses)
        yield Line()


def are_raw(state: State) -> bool:
    """Tell whether the rows of the table are other than those that the network takes."""
    return not all(column.is_plain for column in state.columns.of_inputs)


def rows_heading(state: State) -> str:
    """Return what stands above the rows."""
    return (
        "# The rows as the network takes them, not as the table has them" if are_raw(state) else "# The rows"
    )


def _weights(k: int, layer: Layer, notation: Notation) -> Iterator[Line]:
    yield Line(f"W{k} = {notation.make}([")
    for j, (name, row) in enumerate(zip(layer.nodes, layer.weights.tolist(), strict=True)):
        *before, last = array("    [", map(repr, row), "],", weights_of(k, j, len(row)))
        yield from before
        yield replace(last, text=f"{last.text}  # {comment(name)}")
    yield Line("])")
    if layer.biases is not None:
        biases = tuple(Address("bias", k, j) for j in range(len(layer)))
        yield from array(f"b{k} = {notation.make}([", map(repr, layer.biases.tolist()), "])", biases)


def array(start: str, items: Iterable[str], end: str, addresses: tuple[Address, ...]) -> Iterator[Line]:
    """Write items between `start` and `end`, as many on a line as there is room for."""
    items = list(items)
    one = f"{start}{', '.join(items)}{end}"
    indent = " " * (len(start) - len(start.lstrip()))
    texts = [one] if len(one) <= WIDTH else [start, *filled(items, indent + "    "), indent + end]
    for text in texts:
        yield Line(text, None, addresses)


def _row(values: list[float]) -> str:
    return f"[{', '.join(map(repr, values))}]"
