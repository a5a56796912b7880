"""The course's own form: every node of a small network by its name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from nnviz.core.address import Address, default_nodes
from nnviz.core.state import State
from nnviz.files.code.course_form import Form
from nnviz.files.code.functions import back, called
from nnviz.files.code.program import Line
from nnviz.files.code.words import of_nodes

BREAK = "\n"
"""What no name holds, and so parts the lines of a long sum."""
TAKEN = "model"
"""A node of this name would be called as the prediction is."""


class Nodes(Form):
    """`node_0_input`, `node_0_output` and `node_0_slope`, for each node."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        layers = self.network.layers
        self.single = len(layers[-1]) == 1 and layers[-1].function.elementwise
        names = [layer.nodes for layer in layers]
        if not all(_fits(name) for nodes in names for name in nodes):
            names = [default_nodes(k, len(layers), len(layer)) for k, layer in enumerate(layers)]
        self.names = names

    def nodes(self, k: int) -> str:
        """Return the list of a layer's names."""
        return repr(list(self.network.layers[k].nodes))

    def layers(self) -> Iterator[Line]:
        """Write nothing."""
        return iter(())

    def forward(self) -> Iterator[Line]:
        """Write what computes the prediction."""
        for k, layer in enumerate(self.network.layers):
            function = layer.function
            for j, name in enumerate(layer.nodes):
                here = (Address("node", k, j),)
                bias = "" if layer.biases is None else f" + biases[{name!r}]"
                summed = f"({self.values(k - 1)} * weights[{name!r}]).sum(){bias}"
                yield Line(
                    f"    {self._a(k, j) if function.linear else self._z(k, j)} = {summed}", "forward", here
                )
                if function.elementwise and not function.linear:
                    yield Line(f"    {self._a(k, j)} = {called(function)}({self._z(k, j)})", "forward", here)
            if not (self.single and k == self.last):
                yield from self._together(k)

    def _together(self, k: int) -> Iterator[Line]:
        """Put the values of a layer into an array."""
        function, nodes = self.network.layers[k].function, of_nodes(self.network, k)
        each = [(self._a if function.elementwise else self._z)(k, j) for j in range(len(nodes))]
        values = f"np.array([{', '.join(each)}])"
        if not function.elementwise:
            yield Line(f"    {self.inputs(k)} = {values}", "forward", nodes)
            values = f"{called(function)}({self.inputs(k)})"
        yield Line(f"    {self.values(k)} = {values}", "forward", nodes)

    @property
    def final_inputs(self) -> str:
        """What the inputs of the last layer's nodes are called: of a single one, its name."""
        return self._z(self.last, 0) if self.single and not self._linear else super().final_inputs

    @property
    def _linear(self) -> bool:
        return self.network.layers[-1].function.linear

    def gathered(self) -> Iterator[Line]:
        """Put the inputs of the last layer's nodes together, where `forward` has them one by one."""
        if self.network.layers[-1].function.elementwise and not self.single and not self._linear:
            each = ", ".join(self._z(self.last, j) for j in range(len(self.outputs)))
            yield Line(f"    {self.final_inputs} = np.array([{each}])", "loss", self.outputs)

    def backward(self) -> Iterator[Line]:
        """Write what computes the nodes' slopes."""
        for k in reversed(range(self.last + 1)):
            function, nodes = self.network.layers[k].function, range(len(self.network.layers[k]))
            begun = self.slope_from(k)
            if not function.elementwise and not begun:
                yield from self._back_together(k)
                continue
            for j in nodes:
                text = self._slope_a(k, j)
                if not function.linear and not begun:
                    text = back(function, {"z": self._z(k, j), "a": self._a(k, j), "slope_a": text})
                for part in f"    {self._slope(k, j)} = {text}".split(BREAK):
                    yield Line(part, "backward", (Address("node", k, j),))

    def _back_together(self, k: int) -> Iterator[Line]:
        """Take the slopes of a layer back at once."""
        function, nodes = self.network.layers[k].function, of_nodes(self.network, k)
        slopes = ", ".join(self._slope_a(k, j) for j in range(len(nodes)))
        names = {"z": self.inputs(k), "a": self.values(k), "slope_a": f"np.array([{slopes}])"}
        ends = ", ".join(self._slope(k, j) for j in range(len(nodes))) + "," * (len(nodes) == 1)
        for part in f"    {ends} = {back(function, names)}".split(BREAK):
            yield Line(part, "backward", nodes)

    def slopes(self) -> Iterator[Line]:
        """Write what returns the slopes."""
        yield Line("    return {", "slopes")
        for k, layer in enumerate(self.network.layers):
            for j, name in enumerate(layer.nodes):
                slope = f"{self.values(k - 1)} * {self._slope(k, j)}"
                yield Line(f"        {name!r}: {slope},", "slopes", (Address("node", k, j),))
        if self.biased:
            yield Line("    }, {", "slopes")
            for k, layer in enumerate(self.network.layers):
                for j, name in enumerate(layer.nodes if layer.biases is not None else ()):
                    yield Line(f"        {name!r}: {self._slope(k, j)},", "slopes", (Address("node", k, j),))
        yield Line("    }", "slopes")

    def _slope_a(self, k: int, j: int) -> str:
        """Return the slope with respect to a node's output; of the last, to where the loss begins."""
        if k == self.last:
            return self.losses_slope("" if self.single else f"[{j}]")
        after = self.network.layers[k + 1].nodes
        terms = [f"{self._slope(k + 1, n)} * weights[{name!r}][{j}]" for n, name in enumerate(after)]
        if len(terms) == 1:
            return terms[0]
        return f"({BREAK}        {f'{BREAK}        + '.join(terms)}{BREAK}    )"

    def _z(self, k: int, j: int) -> str:
        return "input_to_final_layer" if self.single and k == self.last else f"{self.names[k][j]}_input"

    def _a(self, k: int, j: int) -> str:
        if self.single and k == self.last:
            return self.prediction
        return f"{self.names[k][j]}_{'value' if self.network.layers[k].function.linear else 'output'}"

    def _slope(self, k: int, j: int) -> str:
        return f"{self.names[k][j]}_slope"


def _fits(name: str) -> bool:
    """Tell whether variables can begin with a node's name; Python takes ﬁ and fi for the same."""
    seen = name.isprintable() and unicodedata.normalize("NFKC", name) == name  # as Python itself reads it
    return seen and f"{name}_".isidentifier() and name != TAKEN
