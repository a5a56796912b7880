"""The style `course`: the course's own names and words, a node and a row at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnviz.core.accuracy import classifies
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import full
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.files.code import frame, functions, measure, raw_rows
from nnviz.files.code.course_form import Form
from nnviz.files.code.course_loops import Loops
from nnviz.files.code.course_nodes import Nodes
from nnviz.files.code.numbers import Numbers, array, rows_heading
from nnviz.files.code.program import Deed, Line
from nnviz.files.code.words import of_nodes, of_row, python, weights_of

NAMES = frame.Names("input_data", "target_actuals", "n_updates")
MOST_NODES = 8
"""Nodes that are written out one by one; in a larger network a layer's nodes are a loop."""


def lines(state: State, numbers: Numbers) -> Iterator[Line]:
    """Write the program."""
    network = state.network
    few = not numbers.weights_beside and sum(map(len, network.layers)) <= MOST_NODES
    form: Form = Nodes(state) if few else Loops(state)
    yield from functions.imports(state, numbers)
    yield from form.layers()
    yield from _weights(network, form, numbers)
    yield from _biases(network, form, numbers)
    yield from _rows(state, form, numbers)
    if state.trainable:
        yield from frame.settings(state, _names(state))
    yield from functions.defined(state)
    yield from _predict(form)
    if state.trainable:
        yield from _loss(form)
        yield from _accuracy(state, form)
        yield from _slopes(form)
    if len(state.data):
        yield Line()
        yield Line("# The prediction of every row")
        yield Line(f"for input_data_row in {NAMES.inputs}:", "forward")
        prediction = f"predict_with_network(input_data_row, {form.parameters})"
        yield Line(f"    print({'' if form.single else '*'}{prediction})", "forward", form.outputs)
    yield from raw_rows.to_try(state, f"predict_with_network(np.array({{}}), {form.parameters})")
    if state.trainable:
        yield from _training(state, form)


def _names(state: State) -> frame.Names:
    """Return the names, with the history called as the loss: mse_hist."""
    return NAMES._replace(history=f"{state.measure.name}_hist")


def _plain(value: float) -> str:
    """Return a number as the course writes it: 2, and not 2.0."""
    return "-0.0" if repr(value) == "-0.0" else full(value)


def _weights(network: Network, form: Form, numbers: Numbers) -> Iterator[Line]:
    yield Line("# The weights that feed each node")
    yield Line("weights = {")
    for k, layer in enumerate(network.layers):
        if numbers.weights_beside:
            yield Line(f'    **dict(zip({form.nodes(k)}, stored["W{k}"])),', None, of_nodes(network, k))
            continue
        for j, (name, row) in enumerate(zip(layer.nodes, layer.weights.tolist(), strict=True)):
            start, addresses = f"    {name!r}: np.array([", weights_of(k, j, len(row))
            yield from array(start, map(_plain, row), "]),", addresses)
    yield Line("}")


def _biases(network: Network, form: Form, numbers: Numbers) -> Iterator[Line]:
    if not form.biased:
        yield Line()
        return
    yield Line("biases = {")
    for k, layer in enumerate(network.layers):
        if layer.biases is None:
            continue
        if numbers.weights_beside:
            yield Line(f'    **dict(zip({form.nodes(k)}, stored["b{k}"])),', None, of_nodes(network, k))
            continue
        for j, (name, value) in enumerate(zip(layer.nodes, layer.biases.tolist(), strict=True)):
            yield Line(f"    {name!r}: {_plain(value)},", None, (Address("bias", k, j),))
    yield Line("}")
    yield Line()


def _rows(state: State, form: Form, numbers: Numbers) -> Iterator[Line]:
    """Write the rows as floats: a product of whole numbers could be too large for one."""
    data, (of_inputs, of_targets) = state.data, of_row(state.network)
    if not len(data):
        return
    yield Line(rows_heading(state))
    if numbers.rows_beside:
        yield Line(f'{NAMES.inputs} = stored["inputs"]', None, of_inputs)
        column = "[:, 0]" if form.single else ""
        targets = iter([Line(f'target_actuals = stored["targets"]{column}', None, form.outputs)])
    else:
        rows = (_row(row) for row in data.inputs.tolist())
        yield from array(f"{NAMES.inputs} = np.array([", rows, "], dtype=float)", of_inputs)
        given = [] if data.targets is None else data.targets.tolist()
        rows = (_plain(row[0]) if form.single else _row(row) for row in given)
        targets = array("target_actuals = np.array([", rows, "])", of_targets)
    if data.targets is not None:
        yield from targets
    yield Line()


def _row(values: list[float]) -> str:
    return f"[{', '.join(map(_plain, values))}]"


def _predict(form: Form) -> Iterator[Line]:
    yield Line()
    yield Line(f"def predict_with_network(input_data, {form.parameters}):", "forward")
    yield Line('    """Return the prediction of one row, whose inputs are input_data."""', "forward")
    yield from form.forward()
    yield Line(f"    return {form.prediction}", "forward", form.outputs)
    yield Line()


def _loss(form: Form) -> Iterator[Line]:
    """Write the loss over rows: of their predictions or, where it is of z, which these hide, row by row."""
    loss, outputs = form.loss, form.outputs
    of_z = measure.uses(loss.elsewhere.numpy, "z")
    if of_z:
        yield from _row_loss(form)
    yield Line()
    yield Line(f"def get_{loss.name}({NAMES.inputs}, {NAMES.targets}, {form.parameters}):", "loss")
    if of_z:
        each = f"get_row_{loss.name}(row, target, {form.parameters})"
        yield Line(f"    rows = zip({NAMES.inputs}, {NAMES.targets})", "loss", outputs)
        yield Line(f"    return np.mean([{each} for row, target in rows])", "loss", outputs)
    else:
        yield _predictions(form, "loss")
        text = measure.put(measure.mean(loss, NAMES.targets), prediction="predictions")
        yield Line(f"    return {text}", "loss", outputs)
    yield Line()


def _row_loss(form: Form) -> Iterator[Line]:
    loss, outputs = form.loss, form.outputs
    yield Line()
    yield Line(f"def get_row_{loss.name}(input_data, target, {form.parameters}):", "loss")
    yield Line(f'    """Return the {loss.word} of one row."""', "loss")
    yield Line("    # Forward, as above", "forward")
    yield from form.forward()
    yield from form.gathered()
    if loss.elsewhere.comment:
        yield Line(f"    # {loss.elsewhere.comment}", "loss", outputs)
    text = measure.of_row(loss, form.single)
    text = measure.put(text, z=form.final_inputs, y="target", prediction=form.prediction)
    yield Line(f"    return {text}", "loss", outputs)
    yield Line()


def _predictions(form: Form, deed: Deed | None) -> Line:
    predicted = f"predict_with_network(row, {form.parameters})"
    text = f"    predictions = np.array([{predicted} for row in {NAMES.inputs}])"
    return Line(text, deed, form.outputs if deed else ())


def _accuracy(state: State, form: Form) -> Iterator[Line]:
    if classifies(state.network, state.data):
        yield Line()
        yield Line(f"def get_accuracy({NAMES.inputs}, {NAMES.targets}, {form.parameters}):")
        yield _predictions(form, None)
        right = measure.right(state.network, single=form.single)
        yield Line(f"    return np.mean({measure.put(right, prediction='predictions', y=NAMES.targets)})")
        yield Line()


def _slopes(form: Form) -> Iterator[Line]:
    yield Line()
    yield Line(f"def get_slopes(input_data, target, {form.parameters}):", "backward")
    yield Line(f'    """Return the slopes of one row\'s {form.loss.word}."""', "backward")
    yield Line("    # Forward, as above", "forward")
    yield from form.forward()
    yield Line("    # Loss", "loss")
    yield Line(f"    error = {form.prediction} - target", "loss", form.outputs)
    yield Line(
        "    # Backward: the slope with respect to each node's input, from the last layer to the first",
        "backward",
    )
    if form.loss.short:
        yield Line(f"    # {form.loss.short.reason}", "backward", form.outputs)
    yield from form.backward()
    yield Line("    # The slope of a weight: the value at its start times the slope at its end", "slopes")
    yield from form.slopes()
    yield Line()


def _training(state: State, form: Form) -> Iterator[Line]:
    memories, names = OPTIMIZERS[state.training.optimizer].memories, _names(state)
    updated = _updated(form.parameters)
    loss = f"get_{state.measure.name}({{}}, {{}}, {updated})".format
    yield Line()
    yield Line("# Training, which leaves the numbers above as they are")
    for parameters in form.dictionaries:
        yield Line(f"{_updated(parameters)} = dict({parameters})")
    for parameters in form.dictionaries:
        for memory in memories:
            yield Line(f"{_prefix(parameters)}{memory} = dict.fromkeys({parameters}, 0)")
    yield from frame.split(state, names)
    yield from frame.batches(state, names)
    yield from frame.begun(state, loss, names)
    yield Line(f"for t in range(1, {names.updates} + 1):")
    yield from frame.rows_of_update(state, names)
    yield from _mean_slopes(state, form, names)
    yield Line("    # Update", "update")
    for parameters in form.dictionaries:
        yield from _update(state, form, parameters)
    yield from frame.measured(state, loss, names)
    yield from frame.printed(state, names)
    yield from frame.accuracy(state, f"get_accuracy({{}}, {{}}, {updated})".format, names)


def _mean_slopes(state: State, form: Form, own: frame.Names) -> Iterator[Line]:
    inputs, targets = frame.of_update(state, own)
    rows = "rows" if frame.mini_batches(state) else inputs
    names = {parameters: f"{_prefix(parameters)}slopes" for parameters in form.dictionaries}
    yield Line("    # The mean of the rows' slopes", "mean")
    for parameters, slopes in names.items():
        yield Line(f"    {slopes} = dict.fromkeys({parameters}, 0)", "mean")
    yield Line(f"    for input_data_row, target in zip({inputs}, {targets}):", "mean")
    of_row = ", ".join(f"row_{slopes}" for slopes in names.values())
    found = f"get_slopes(input_data_row, target, {_updated(form.parameters)})"
    yield Line(f"        {of_row} = {found}", "mean")
    for parameters, slopes in names.items():
        yield Line(f"        for node in {parameters}:", "mean")
        summed = f"{slopes}[node] + row_{slopes}[node] / len({rows})"
        yield Line(f"            {slopes}[node] = {summed}", "mean", form.all_nodes)


def _update(state: State, form: Form, parameters: str) -> Iterator[Line]:
    """Write the optimizer's rule for all weights, or all biases."""
    optimizer, prefix = OPTIMIZERS[state.training.optimizer], _prefix(parameters)
    names = {"w": f"{_updated(parameters)}[node]", "slope": f"{prefix}slopes[node]"}
    names |= {memory: f"{prefix}{memory}[node]" for memory in optimizer.memories}
    yield Line(f"    for node in {parameters}:", "update")
    for name, expression in optimizer.rule:
        text = re.sub(
            r"[^\W\d][\w\u0300-\u036f]*", lambda word: names.get(word[0], word[0]), python(expression)
        )
        yield Line(f"        {names.get(name, name)} = {text}", "update", form.all_nodes)


def _prefix(parameters: str) -> str:
    return "bias_" if parameters == "biases" else ""


def _updated(parameters: str) -> str:
    """Return what the weights and biases are called that change."""
    return re.sub(r"(\w+)", r"\1_updated", parameters)
