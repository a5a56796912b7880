"""The course's words for a larger network: a layer's nodes are a loop over their names."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.address import default_nodes
from nnviz.files.code.course_form import Form
from nnviz.files.code.functions import back, called
from nnviz.files.code.numbers import array
from nnviz.files.code.program import Line
from nnviz.files.code.words import of_nodes


class Loops(Form):
    """`hidden_layer` lists the nodes of a layer; their values and slopes are arrays."""

    def nodes(self, k: int) -> str:
        """Return the list of a layer's names."""
        return "output_layer" if k == self.last else self.hidden(k)

    def layers(self) -> Iterator[Line]:
        """Write the lists of names."""
        yield Line("# The nodes of each layer")
        for k, layer in enumerate(self.network.layers):
            nodes = of_nodes(self.network, k)
            usual = default_nodes(k, self.last + 1, len(layer))
            if len(layer) > 1 and layer.nodes == usual:
                stem = usual[0].removesuffix("0")
                text = f"[f'{stem}{{j}}' for j in range({len(layer)})]"
                yield Line(f"{self.nodes(k)} = {text}", None, nodes)
            else:
                yield from array(f"{self.nodes(k)} = [", map(repr, layer.nodes), "]", nodes)
        yield Line()

    def forward(self) -> Iterator[Line]:
        """Write what computes the prediction."""
        for k, layer in enumerate(self.network.layers):
            nodes, function = of_nodes(self.network, k), layer.function
            bias = "" if layer.biases is None else " + biases[node]"
            summed = f"({self.values(k - 1)} * weights[node]).sum(){bias}"
            name = self.values(k) if function.linear else self.inputs(k)
            yield Line(f"    {name} = np.array([{summed} for node in {self.nodes(k)}])", "forward", nodes)
            if not function.linear:
                yield Line(f"    {self.values(k)} = {called(function)}({self.inputs(k)})", "forward", nodes)

    def backward(self) -> Iterator[Line]:
        """Write what computes the nodes' slopes."""
        slope_a = self.losses_slope()
        for k in reversed(range(self.last + 1)):
            nodes, function = of_nodes(self.network, k), self.network.layers[k].function
            if k < self.last:
                after = f"zip({self.nodes(k + 1)}, {self._slopes(k + 1)})"
                slope_a = f"sum(slope * weights[node] for node, slope in {after})"
            if not function.linear and not self.slope_from(k):
                through = self.values(k).replace("outputs", "output_slopes")
                yield Line(f"    {through} = {slope_a}", "backward", nodes)
                names = {"z": self.inputs(k), "a": self.values(k), "slope_a": through}
                slope_a = back(function, names)
            yield Line(f"    {self._slopes(k)} = {slope_a}", "backward", nodes)

    def slopes(self) -> Iterator[Line]:
        """Write what returns the slopes."""
        yield Line("    slopes = {}", "slopes")
        if self.biased:
            yield Line("    bias_slopes = {}", "slopes")
        for k, layer in enumerate(self.network.layers):
            nodes = of_nodes(self.network, k)
            yield Line(f"    for node, slope in zip({self.nodes(k)}, {self._slopes(k)}):", "slopes", nodes)
            yield Line(f"        slopes[node] = {self.values(k - 1)} * slope", "slopes", nodes)
            if layer.biases is not None:
                yield Line("        bias_slopes[node] = slope", "slopes", nodes)
        yield Line(f"    return slopes{', bias_slopes' if self.biased else ''}", "slopes")

    def _slopes(self, k: int) -> str:
        return self.values(k).replace("outputs", "slopes")
