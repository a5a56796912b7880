"""The code style `course`: dictionaries, loops and functions, as in courses for beginners."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TypeAlias

from nnviz.core.address import Address, default_nodes
from nnviz.core.metrics import classifies
from nnviz.core.network import Layer
from nnviz.core.numbers import full
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.files.code import frame
from nnviz.files.code.frame import back, function_name
from nnviz.files.code.lines import (
    CodeLine,
    Deed,
    Numbers,
    array,
    definition,
    heading,
    of_nodes,
    of_outputs,
    of_row,
    python,
    rows_heading,
    weights_of,
)


class FormNames:
    """Names in a program for the values of a network's layers, and its code for the slope of the loss.

    ============== =======================================================================
    `single`       whether the prediction is a number instead of an array
    `prediction`   the name of the variable with the prediction
    `dictionaries` the names of the dictionaries: "weights", and "biases" if there are any
    `parameters`   the same names as parameters of a function: "weights, biases"
    `linear`       whether the last layer is linear
    ============== =======================================================================
    """

    def __init__(self, state: State, *, single: bool = False) -> None:
        network = self.network = state.network
        self.single = single
        self.prediction = "model_output" if single else "model_outputs"
        self.loss = state.measure
        self.loss_slope = frame.slope(state) if state.trainable else ""
        self.biased = any(layer.biases is not None for layer in network.layers)
        self.dictionaries = ("weights", "biases") if self.biased else ("weights",)
        self.parameters = ", ".join(self.dictionaries)
        self.last, self.linear = len(network.layers) - 1, network.layers[-1].function.linear
        self.outputs = of_outputs(network)
        self.all_nodes = of_nodes(network)

    def layers_with(self, parameters: str) -> list[tuple[int, Layer]]:
        """Return the index and the layer of each layer that has "weights" or that has "biases"."""
        layers = enumerate(self.network.layers)
        return [(k, own) for k, own in layers if parameters == "weights" or own.biases is not None]

    def hidden(self, k: int) -> str:
        """Return the name of hidden layer `k` in code: hidden_layer, or hidden_0, … if there are several."""
        return "hidden_layer" if self.last == 1 else f"hidden_{k}"

    def values(self, k: int) -> str:
        """Return the name of the variable with the values of layer `k`; layer −1 means the inputs."""
        if k < 0:
            return "input_data"
        return self.prediction if k == self.last else f"{self.hidden(k)}_outputs"

    def inputs(self, k: int) -> str:
        """Return the name of the variable with the array of all z of layer `k`."""
        return self.values(k).replace("outputs", "inputs")

    @property
    def final_inputs(self) -> str:
        """The name of the variable with the last layer's z, set by the code of `forward` or `gathered`."""
        return self.values(self.last) if self.linear else self.inputs(self.last)

    def starts_at_z(self, k: int) -> bool:
        """Return whether the program computes ∂L/∂z of layer `k` directly from the loss, without ∂L/∂a."""
        return k == self.last and self.loss.short is not None

    def losses_slope(self, index: str = "") -> str:
        """Return code for the slopes that begin the backward pass; an `index` "[1]" selects one output."""
        own = {"prediction": self.prediction, "y": "target", "error": f"error{index}"}
        text = frame.with_names(self.loss_slope, **own)
        if index and frame.uses(self.loss_slope, "y"):
            text = f"({text}){index}"
        return frame.divided(text, "error.size") if self.loss.averaged and not self.single else text


BREAK = "\n"
"""Character at which a long sum is broken into lines of code; names do not contain this character."""
TAKEN = "model"
"""Variables are not named after a node called `model`: `model_output` is already the prediction."""


class Nodes(FormNames):
    """Notation with variables for each node: `node_0_input`, `node_0_output` and `node_0_slope`."""

    def __init__(self, state: State) -> None:
        layers = state.network.layers
        super().__init__(state, single=len(layers[-1]) == 1 and layers[-1].function.elementwise)
        self.names = [layer.nodes for layer in layers]
        if not all(_fits(name) for nodes in self.names for name in nodes):
            self.names = [default_nodes(k, len(layers), len(layer)) for k, layer in enumerate(layers)]

    def nodes(self, k: int) -> str:
        """Return code for the list of a layer's node names."""
        return repr(list(self.network.layers[k].nodes))

    def forward(self) -> Iterator[CodeLine]:
        """Yield lines of code that compute the prediction."""
        for k, layer in enumerate(self.network.layers):
            function = layer.function
            for j, name in enumerate(layer.nodes):
                here, z, a = (Address("node", k, j),), self._z(k, j), self._a(k, j)
                bias = "" if layer.biases is None else f" + biases[{name!r}]"
                summed = f"({self.values(k - 1)} * weights[{name!r}]).sum(){bias}"
                yield CodeLine(f"    {a if function.linear else z} = {summed}", "forward", here)
                if function.elementwise and not function.linear:
                    yield CodeLine(f"    {a} = {function_name(function)}({z})", "forward", here)
            if not (self.single and k == self.last):
                yield from self._array_of_values(k)

    def _array_of_values(self, k: int) -> Iterator[CodeLine]:
        """Yield lines of code that join the values of a layer into an array."""
        function, nodes = self.network.layers[k].function, of_nodes(self.network, k)
        each = [(self._a if function.elementwise else self._z)(k, j) for j in range(len(nodes))]
        values = f"np.array([{', '.join(each)}])"
        if not function.elementwise:
            yield CodeLine(f"    {self.inputs(k)} = {values}", "forward", nodes)
            values = f"{function_name(function)}({self.inputs(k)})"
        yield CodeLine(f"    {self.values(k)} = {values}", "forward", nodes)

    @property
    def final_inputs(self) -> str:
        """The name of the variable with the last layer's z: a number for one node, else an array."""
        return self._z(self.last, 0) if self.single and not self.linear else super().final_inputs

    def gathered(self) -> Iterator[CodeLine]:
        """Yield code that joins the last layer's z into an array, unless the code of `forward` does this."""
        if self.network.layers[-1].function.elementwise and not self.single and not self.linear:
            each = ", ".join(self._z(self.last, j) for j in range(len(self.outputs)))
            yield CodeLine(f"    {self.final_inputs} = np.array([{each}])", "loss", self.outputs)

    def backward(self) -> Iterator[CodeLine]:
        """Yield lines of code that compute the nodes' slopes."""
        for k in reversed(range(self.last + 1)):
            function, nodes = self.network.layers[k].function, range(len(self.network.layers[k]))
            is_of_z = self.starts_at_z(k)
            if not function.elementwise and not is_of_z:
                yield from self._backward_of_layer(k)
                continue
            for j in nodes:
                text = self._slope_a(k, j)
                if not function.linear and not is_of_z:
                    text = back(function, {"z": self._z(k, j), "a": self._a(k, j), "slope_a": text})
                for part in f"    {self._slope(k, j)} = {text}".split(BREAK):
                    yield CodeLine(part, "backward", (Address("node", k, j),))

    def _backward_of_layer(self, k: int) -> Iterator[CodeLine]:
        """Yield lines of code that compute all slopes of a layer at once."""
        function, nodes = self.network.layers[k].function, of_nodes(self.network, k)
        slopes = ", ".join(self._slope_a(k, j) for j in range(len(nodes)))
        names = {"z": self.inputs(k), "a": self.values(k), "slope_a": f"np.array([{slopes}])"}
        ends = ", ".join(self._slope(k, j) for j in range(len(nodes))) + "," * (len(nodes) == 1)
        for part in f"    {ends} = {back(function, names)}".split(BREAK):
            yield CodeLine(part, "backward", nodes)

    def slopes(self) -> Iterator[CodeLine]:
        """Yield lines of code that return the slopes."""
        for parameters in self.dictionaries:
            yield CodeLine("    return {" if parameters == "weights" else "    }, {", "slopes")
            for k, layer in self.layers_with(parameters):
                factor = f"{self.values(k - 1)} * " if parameters == "weights" else ""
                for j, name in enumerate(layer.nodes):
                    text = f"        {name!r}: {factor}{self._slope(k, j)},"
                    yield CodeLine(text, "slopes", (Address("node", k, j),))
        yield CodeLine("    }", "slopes")

    def _slope_a(self, k: int, j: int) -> str:
        """Return the slope with respect to a node's a; for the last layer, `losses_slope`."""
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
    """Return whether variables can begin with a node's name; Python reads ﬁ and fi as the same name."""
    is_unique = name.isprintable() and unicodedata.normalize("NFKC", name) == name  # as Python normalises it
    return is_unique and f"{name}_".isidentifier() and name != TAKEN


class Loops(FormNames):
    """Notation with loops: `hidden_layer` lists a layer's nodes; arrays hold the nodes' values and slopes."""

    def nodes(self, k: int) -> str:
        """Return the name of the variable with a layer's node names."""
        return "output_layer" if k == self.last else self.hidden(k)

    def layers(self) -> Iterator[CodeLine]:
        """Yield lines of code that define the lists of node names."""
        yield CodeLine("# The nodes of each layer")
        for k, layer in enumerate(self.network.layers):
            nodes = of_nodes(self.network, k)
            usual = default_nodes(k, self.last + 1, len(layer))
            if len(layer) > 1 and layer.nodes == usual:
                stem = usual[0].removesuffix("0")
                text = f"[f'{stem}{{j}}' for j in range({len(layer)})]"
                yield CodeLine(f"{self.nodes(k)} = {text}", None, nodes)
            else:
                yield from array(f"{self.nodes(k)} = [", map(repr, layer.nodes), "]", nodes)
        yield CodeLine()

    def forward(self) -> Iterator[CodeLine]:
        """Yield lines of code that compute the prediction."""
        for k, layer in enumerate(self.network.layers):
            nodes, function = of_nodes(self.network, k), layer.function
            bias = "" if layer.biases is None else " + biases[node]"
            summed = f"({self.values(k - 1)} * weights[node]).sum(){bias}"
            name = self.values(k) if function.linear else self.inputs(k)
            yield CodeLine(f"    {name} = np.array([{summed} for node in {self.nodes(k)}])", "forward", nodes)
            if not function.linear:
                value = f"{function_name(function)}({self.inputs(k)})"
                yield CodeLine(f"    {self.values(k)} = {value}", "forward", nodes)

    def backward(self) -> Iterator[CodeLine]:
        """Yield lines of code that compute the nodes' slopes."""
        slope_a = self.losses_slope()
        for k in reversed(range(self.last + 1)):
            nodes, function = of_nodes(self.network, k), self.network.layers[k].function
            if k < self.last:
                after = f"zip({self.nodes(k + 1)}, {self._slopes(k + 1)})"
                slope_a = f"sum(slope * weights[node] for node, slope in {after})"
            if not function.linear and not self.starts_at_z(k):
                through = self.values(k).replace("outputs", "output_slopes")
                yield CodeLine(f"    {through} = {slope_a}", "backward", nodes)
                names = {"z": self.inputs(k), "a": self.values(k), "slope_a": through}
                slope_a = back(function, names)
            yield CodeLine(f"    {self._slopes(k)} = {slope_a}", "backward", nodes)

    def slopes(self) -> Iterator[CodeLine]:
        """Yield lines of code that return the slopes."""
        yield CodeLine("    slopes = {}", "slopes")
        if self.biased:
            yield CodeLine("    bias_slopes = {}", "slopes")
        for k, layer in enumerate(self.network.layers):
            nodes = of_nodes(self.network, k)
            pairs = f"zip({self.nodes(k)}, {self._slopes(k)})"
            yield CodeLine(f"    for node, slope in {pairs}:", "slopes", nodes)
            yield CodeLine(f"        slopes[node] = {self.values(k - 1)} * slope", "slopes", nodes)
            if layer.biases is not None:
                yield CodeLine("        bias_slopes[node] = slope", "slopes", nodes)
        yield CodeLine(f"    return slopes{', bias_slopes' if self.biased else ''}", "slopes")

    def _slopes(self, k: int) -> str:
        return self.values(k).replace("outputs", "slopes")


Form: TypeAlias = Nodes | Loops
"""Notation in which a program writes the values and slopes of a network's nodes."""

NAMES = frame.ProgramNames("input_data", "target_actuals", "n_updates")
MOST_NODES = 8
"""Largest number of nodes for a program with variables for each node; other programs use loops."""


def lines(state: State, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the lines of a program that predicts and trains. `numbers` turns weights and rows into code."""
    network = state.network
    few = not numbers.weights_beside and sum(map(len, network.layers)) <= MOST_NODES
    form: Form = Nodes(state) if few else Loops(state)
    yield from frame.imports(state, numbers)
    yield from numbers.stored()
    if isinstance(form, Loops):
        yield from form.layers()
    yield from _dictionaries(form, numbers)
    yield from _rows(state, form, numbers)
    if state.trainable:
        yield from frame.settings(state, _names(state))
    yield from frame.defined(state)
    predict = f"predict_with_network(input_data, {form.parameters})"
    yield from definition(predict, _predict(form), "forward")
    if state.trainable:
        yield from _loss(form)
        yield from _accuracy(state, form)
        slopes = f"get_slopes(input_data, target, {form.parameters})"
        yield from definition(slopes, _slopes(form), "backward")
    if len(state.data):
        yield from heading("The prediction of every row")
        yield CodeLine(f"for input_data_row in {NAMES.inputs}:", "forward")
        prediction = f"predict_with_network(input_data_row, {form.parameters})"
        yield CodeLine(f"    print({'' if form.single else '*'}{prediction})", "forward", form.outputs)
    yield from frame.example_call(state, f"predict_with_network(np.array({{}}), {form.parameters})")
    if state.trainable:
        yield from _training(state, form)


def _names(state: State) -> frame.ProgramNames:
    """Return the program's variables, with the loss in the history's name: mse_hist."""
    return NAMES._replace(history=f"{function_name(state.measure)}_hist")


def _plain(value: float) -> str:
    """Return a number as in the course: 2 instead of 2.0."""
    return "-0.0" if repr(value) == "-0.0" else full(value)


def _dictionaries(form: Form, numbers: Numbers) -> Iterator[CodeLine]:
    yield CodeLine("# The weights that feed each node")
    for name in form.dictionaries:
        yield CodeLine(f"{name} = {{")
        for k, layer in form.layers_with(name):
            yield from _entries(name, k, layer, form, numbers)
        yield CodeLine("}")
    yield CodeLine()


def _entries(name: str, k: int, layer: Layer, form: Form, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the entries of layer `k` in the dictionary of weights or of biases."""
    if numbers.weights_beside:
        array_name = f"W{k}" if name == "weights" else f"b{k}"
        entries = f'    **dict(zip({form.nodes(k)}, stored["{array_name}"])),'
        yield CodeLine(entries, None, of_nodes(form.network, k))
    elif name == "weights":
        for j, (node, row) in enumerate(zip(layer.nodes, layer.weights.tolist(), strict=True)):
            start, addresses = f"    {node!r}: np.array([", weights_of(k, j, len(row))
            yield from array(start, map(_plain, row), "]),", addresses)
    elif layer.biases is not None:
        for j, (node, value) in enumerate(zip(layer.nodes, layer.biases.tolist(), strict=True)):
            yield CodeLine(f"    {node!r}: {_plain(value)},", None, (Address("bias", k, j),))


def _rows(state: State, form: Form, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the rows as floats, since a product of whole numbers could overflow."""
    data, (of_inputs, of_targets) = state.data, of_row(state.network)
    if not len(data):
        return
    yield CodeLine(rows_heading(state))
    if numbers.rows_beside:
        yield CodeLine(f'{NAMES.inputs} = stored["inputs"]', None, of_inputs)
    else:
        rows = (_row(row) for row in data.inputs.tolist())
        yield from array(f"{NAMES.inputs} = np.array([", rows, "], dtype=float)", of_inputs)
    if data.targets is not None and numbers.rows_beside:
        column = "[:, 0]" if form.single else ""
        yield CodeLine(f'{NAMES.targets} = stored["targets"]{column}', None, form.outputs)
    elif data.targets is not None:
        rows = (_plain(row[0]) if form.single else _row(row) for row in data.targets.tolist())
        yield from array(f"{NAMES.targets} = np.array([", rows, "])", of_targets)
    yield CodeLine()


def _row(values: list[float]) -> str:
    return f"[{', '.join(map(_plain, values))}]"


def _predict(form: Form) -> Iterator[CodeLine]:
    yield CodeLine('    """Return the prediction of one row, whose inputs are input_data."""', "forward")
    yield from form.forward()
    yield CodeLine(f"    return {form.prediction}", "forward", form.outputs)


def _loss(form: Form) -> Iterator[CodeLine]:
    """Yield the function for the mean loss: from all predictions, or row by row if the loss needs z."""
    loss, outputs = form.loss, form.outputs
    if frame.uses(loss.notation.numpy, "z"):
        row_loss = f"get_row_{function_name(loss)}"
        yield from definition(f"{row_loss}(input_data, target, {form.parameters})", _row_loss(form), "loss")
        each = f"{row_loss}(row, target, {form.parameters})"
        body = [
            CodeLine(f"    rows = zip({NAMES.inputs}, {NAMES.targets})", "loss", outputs),
            CodeLine(f"    return np.mean([{each} for row, target in rows])", "loss", outputs),
        ]
    else:
        text = frame.with_names(frame.mean(loss, NAMES.targets), prediction="predictions")
        body = [_predictions(form, "loss"), CodeLine(f"    return {text}", "loss", outputs)]
    arguments = f"{NAMES.inputs}, {NAMES.targets}, {form.parameters}"
    yield from definition(f"get_{function_name(loss)}({arguments})", body, "loss")


def _row_loss(form: Form) -> Iterator[CodeLine]:
    loss, outputs = form.loss, form.outputs
    yield CodeLine(f'    """Return the {loss.phrase} of one row."""', "loss")
    yield CodeLine("    # Forward, as above", "forward")
    yield from form.forward()
    if isinstance(form, Nodes):
        yield from form.gathered()
    if loss.notation.comment:
        yield CodeLine(f"    # {loss.notation.comment}", "loss", outputs)
    text = frame.of_row(loss, form.single)
    text = frame.with_names(text, z=form.final_inputs, y="target", prediction=form.prediction)
    yield CodeLine(f"    return {text}", "loss", outputs)


def _predictions(form: Form, deed: Deed | None) -> CodeLine:
    predicted = f"predict_with_network(row, {form.parameters})"
    text = f"    predictions = np.array([{predicted} for row in {NAMES.inputs}])"
    return CodeLine(text, deed, form.outputs if deed else ())


def _accuracy(state: State, form: Form) -> Iterator[CodeLine]:
    if classifies(state):
        right = frame.right_rows(state, single=form.single)
        right = frame.with_names(right, prediction="predictions", y=NAMES.targets)
        body = [_predictions(form, None), CodeLine(f"    return np.mean({right})")]
        yield from definition(f"get_accuracy({NAMES.inputs}, {NAMES.targets}, {form.parameters})", body)


def _slopes(form: Form) -> Iterator[CodeLine]:
    yield CodeLine(f'    """Return the slopes of one row\'s {form.loss.phrase}."""', "backward")
    yield CodeLine("    # Forward, as above", "forward")
    yield from form.forward()
    yield CodeLine("    # Loss", "loss")
    yield CodeLine(f"    error = {form.prediction} - target", "loss", form.outputs)
    what = "the slope with respect to each node's input, from the last layer to the first"
    yield CodeLine(f"    # Backward: {what}", "backward")
    if form.loss.short:
        yield CodeLine(f"    # {form.loss.short.reason}", "backward", form.outputs)
    yield from form.backward()
    yield CodeLine("    # The slope of a weight: the value at its start times the slope at its end", "slopes")
    yield from form.slopes()


def _training(state: State, form: Form) -> Iterator[CodeLine]:
    memories, names = OPTIMIZERS[state.training.optimizer].memories, _names(state)
    updated = _updated(form.parameters)
    loss = f"get_{function_name(state.measure)}({{}}, {{}}, {updated})"
    yield from heading("Training; the numbers above stay unchanged")
    for parameters in form.dictionaries:
        yield CodeLine(f"{_updated(parameters)} = dict({parameters})")
    for parameters in form.dictionaries:
        for memory in memories:
            yield CodeLine(f"{_prefix(parameters)}{memory} = dict.fromkeys({parameters}, 0)")
    update = _update(state, form, names)
    accuracy = f"get_accuracy({{}}, {{}}, {updated})"
    yield from frame.training_loop(state, update, loss, accuracy, names)


def _update(state: State, form: Form, own: frame.ProgramNames) -> Iterator[CodeLine]:
    """Yield the lines of one update: the mean of the rows' slopes, then the optimizer's rule."""
    inputs, targets = frame.rows_of_an_update(state, own)
    rows = "rows" if frame.mini_batches(state) else inputs
    names = {parameters: f"{_prefix(parameters)}slopes" for parameters in form.dictionaries}
    yield CodeLine("    # The mean of the rows' slopes", "mean")
    for parameters, slopes in names.items():
        yield CodeLine(f"    {slopes} = dict.fromkeys({parameters}, 0)", "mean")
    yield CodeLine(f"    for input_data_row, target in zip({inputs}, {targets}):", "mean")
    of_row = ", ".join(f"row_{slopes}" for slopes in names.values())
    call = f"get_slopes(input_data_row, target, {_updated(form.parameters)})"
    yield CodeLine(f"        {of_row} = {call}", "mean")
    for parameters, slopes in names.items():
        yield CodeLine(f"        for node in {parameters}:", "mean")
        summed = f"{slopes}[node] + row_{slopes}[node] / len({rows})"
        yield CodeLine(f"            {slopes}[node] = {summed}", "mean", form.all_nodes)
    if penalty := frame.penalty_slope(state, "weights_updated[node]"):
        yield CodeLine("    # The slope of the penalty", "mean")
        yield CodeLine("    for node in weights:", "mean")
        yield CodeLine(f"        slopes[node] = slopes[node]{penalty}", "mean", form.all_nodes)
    yield CodeLine("    # Update", "update")
    for parameters in form.dictionaries:
        yield from _rule(state, form, parameters)
    if state.frozen:
        yield CodeLine(f"    {frame.FROZEN}", "update")
    for part in frame.frozen_parts(state):
        yield from _restored(form, part)


def _rule(state: State, form: Form, parameters: str) -> Iterator[CodeLine]:
    """Yield the optimizer's rule for all weights, or all biases."""
    optimizer, prefix = OPTIMIZERS[state.training.optimizer], _prefix(parameters)
    names = {"w": f"{_updated(parameters)}[node]", "slope": f"{prefix}slopes[node]"}
    names |= {memory: f"{prefix}{memory}[node]" for memory in optimizer.memories} | frame.rate_names(state)
    yield CodeLine(f"    for node in {parameters}:", "update")
    for name, expression in optimizer.rule:
        text = frame.with_names(python(expression), **names)
        yield CodeLine(f"        {names.get(name, name)} = {text}", "update", form.all_nodes)


def _restored(form: Form, part: Address) -> Iterator[CodeLine]:
    """Yield lines that give a frozen part its values from before the training."""
    layer, is_layer = form.network.layers[part.layer], part.kind == "layer"
    node, indent = ("node", "        ") if is_layer else (repr(layer.nodes[part.node]), "    ")
    addresses = of_nodes(form.network, part.layer) if is_layer else (part,)
    if is_layer:
        yield CodeLine(f"    for node in {form.nodes(part.layer)}:", "update", addresses)
    if part.kind != "bias":
        place = f"[{node}][{part.source}]" if part.kind == "weight" else f"[{node}]"
        yield CodeLine(f"{indent}weights_updated{place} = weights{place}", "update", addresses)
    if part.kind != "weight" and layer.biases is not None:
        yield CodeLine(f"{indent}biases_updated[{node}] = biases[{node}]", "update", addresses)


def _prefix(parameters: str) -> str:
    return "bias_" if parameters == "biases" else ""


def _updated(parameters: str) -> str:
    """Return the names of the weights and biases during training."""
    return re.sub(r"(\w+)", r"\1_updated", parameters)
