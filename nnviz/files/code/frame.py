"""Parts of programs that several code styles share."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Activation
from nnviz.core.address import Address
from nnviz.core.columns import Column
from nnviz.core.formula import formula
from nnviz.core.losses import Loss
from nnviz.core.metrics import THRESHOLD, classifies, is_one_of_many
from nnviz.core.numbers import counted, full
from nnviz.core.optimizers import OPTIMIZERS, OptimizerNotation
from nnviz.core.state import State, Training
from nnviz.files.code.lines import (
    CodeLine,
    Notation,
    Numbers,
    are_raw,
    array,
    comment,
    definition,
    heading,
    of_nodes,
    of_outputs,
    python,
)


def function_name(entry: Activation | Loss) -> str:
    """Return the name of a function in a program: `leaky_relu_0_2` for the activation `leaky_relu(0.2)`."""
    return re.sub(r"\W+", "_", entry.name).rstrip("_")


def imports(state: State, numbers: Numbers) -> Iterator[CodeLine]:
    """Yield the import statements of a program."""
    if any("math." in line.text for line in defined(state)) or state.training.schedule:
        yield CodeLine("import math")
    yield from numbers.imports()
    yield CodeLine("import numpy as np")
    yield CodeLine()


def defined(state: State) -> Iterator[CodeLine]:
    """Yield code that defines each activation function and, if training needs it, its backward pass."""
    network = state.network
    # If the loss starts at the last z, the backward pass leaves out the last activation.
    passed_back = len(network.layers) - bool(state.measure.short) if state.trainable else 0
    for function in {layer.activation: layer.function for layer in network.layers}.values():
        if function.linear:
            continue
        using = [k for k, layer in enumerate(network.layers) if layer.activation == function.name]
        nodes, name = of_nodes(network, *using), function_name(function)
        result = CodeLine(f"    return {function.notation.numpy}", "forward", nodes)
        yield from definition(f"{name}(z)", [result], "forward", nodes)
        if using[0] < passed_back:
            result = CodeLine(f"    return {function.notation.numpy_slope}", "backward", nodes)
            head = f"{name}_back({', '.join(_arguments(function))})"
            yield from definition(head, [result], "backward", nodes)


def back(function: Activation, values: Mapping[str, str]) -> str:
    """Return code that calls an activation's backward pass; `values` maps z, a and slope_a to expressions."""
    return f"{function_name(function)}_back({', '.join(values[name] for name in _arguments(function))})"


def _arguments(function: Activation) -> list[str]:
    """Return the arguments of an activation's backward pass, out of z, a and slope_a."""
    names = set(re.findall(r"\w+", function.notation.numpy_slope))
    return [name for name in ("z", "a", "slope_a") if name in names]


NEAR = 1e-12
"""If the sum of a row's targets differs from 1 by less than this, the sum counts as 1."""
_TERM = re.compile(r"\([^()]*\)")


def uses(expression: str, name: str) -> bool:
    """Return whether a code expression contains the variable `name`."""
    return re.search(rf"\b{name}\b", expression) is not None


def with_names(expression: str, **names: str) -> str:
    """Return a code expression with renamed variables; keyword arguments give the names: old="new"."""
    # The marks that Python allows in names, such as that of b̄, are no word characters of regular expressions.
    return re.sub(r"[^\W\d][\w\u0300-\u036f]*", lambda word: names.get(word[0], word[0]), expression)


def mean(loss: Loss, targets: str = "y") -> str:
    """Return code for the mean loss over rows; `targets` is the name of the variable with the targets."""
    terms = with_names(loss.notation.numpy, y=targets)
    return f"np.mean({terms})" if loss.averaged else f"np.sum({terms}) / len({targets})"


def of_row(loss: Loss, single: bool) -> str:
    """Return code for one row's loss.

    The code uses the variables `z`, `prediction` and `y`: numbers if `single` is true, else arrays.
    """
    terms = loss.notation.numpy
    return terms if single else f"np.{'mean' if loss.averaged else 'sum'}({terms})"


def slope(state: State) -> str:
    """Return code for the slope (gradient) of each term of the loss.

    The code uses the variables `error` (prediction − y), `prediction` and `y`.
    """
    own = state.measure.notation
    targets = state.data.targets
    assert targets is not None
    shares = bool((np.abs(targets.sum(axis=1) - 1.0) < NEAR).all())
    return own.of_shares if own.of_shares and shares else own.slope


def divided(expression: str, divisor: str) -> str:
    """Return the code `expression / divisor`, with parentheses around `expression` if it is a sum."""
    bare = expression
    while (shorter := _TERM.sub("", bare)) != bare:
        bare = shorter
    is_sum = " - " in bare or " + " in bare
    return f"{f'({expression})' if is_sum else expression} / {divisor}"


def right_rows(state: State, *, single: bool = False) -> str:
    """Return code for a mask of the rows that the network predicts correctly.

    With `single=True`, the array `prediction` has the shape (rows,).
    """
    network = state.network
    if is_one_of_many(network):
        return "prediction.argmax(axis=1) == y.argmax(axis=1)"
    sides = f"(prediction >= {full(state.measure.threshold)}) == (y >= {THRESHOLD})"
    return sides if single or len(network.outputs) == 1 else f"({sides}).all(axis=1)"


WRITTEN_OUT = 8
"""Largest number of inputs that the example row of a program lists one by one."""


def example_call(state: State, call: str) -> Iterator[CodeLine]:
    """Yield lines that show how to predict a new row, if the data is encoded or has no rows.

    `call` is code that predicts a row, with {} in place of the inputs.
    """
    raw = are_raw(state)
    if raw:
        what = "Return the network's inputs for a row of the table; the rows above are already encoded"
        yield from heading(what)
        yield CodeLine()
        yield from definition("as_inputs(row)", _as_inputs(state))
    if raw or not len(state.data):
        columns = state.columns.of_inputs
        cells = counted(len(columns), "cell" if raw else "input")
        row = str([column.values[0] if column.values else 0.0 for column in columns])
        if len(columns) > WRITTEN_OUT and not any(column.values for column in columns):
            row = f"[0.0] * {len(columns)}"
        yield from heading(f"To predict a row, fill in its {cells} and remove the # of the next line")
        yield CodeLine(f"# print({call.format(f'as_inputs({row})' if raw else row)})")


def _as_inputs(state: State) -> Iterator[CodeLine]:
    columns = state.columns.of_inputs
    for i, column in enumerate(columns):
        if column.values:  # an unknown text is a ValueError that names the text
            known = map(repr, column.values)
            yield from array(f"    value_{i} = [", known, f"].index(str(row[{i}]))", ())
    computed = state.columns.computed.values()
    cells = [(column, f"row[{i}]", i) for i, column in enumerate(columns)]
    cells += [(each, _formula_code(each, columns), 0) for each in computed]
    texts = {node: text for cell in cells for node, text in _node_values(*cell)}
    values = [texts[node] for node in state.network.inputs]
    indent = "    "
    if computed:  # as nnviz, NumPy goes on with infinite numbers
        yield CodeLine("    row = [cell if isinstance(cell, str) else np.float64(cell) for cell in row]")
        for name in ("min", "max"):
            if any(f"{name}(" in value for value in values):
                yield CodeLine(f"    {name} = lambda *numbers: np.float64(np.{name}(numbers))")
        yield CodeLine('    with np.errstate(all="ignore"):')
        indent = "        "
    yield CodeLine(f"{indent}inputs = [")
    yield from (CodeLine(f"{indent}    {value}") for value in values)
    yield CodeLine(f"{indent}]")
    if computed:
        yield CodeLine("    if not np.isfinite(inputs).all():")
        yield CodeLine('        raise ValueError("a formula has no finite value for this row")')
    yield CodeLine("    return [float(value) for value in inputs]")


def _formula_code(column: Column, columns: Sequence[Column]) -> str:
    """Return code that computes a column from the variable `row` with a cell for each of `columns`."""
    cells = {each.name: f"row[{i}]" for i, each in enumerate(columns)}
    own, text = {"min": "min", "max": "max", "abs": "np.fabs"}, formula(column.formula)
    return text.rewritten(cells.__getitem__, lambda name: own.get(name, f"np.{name}"))


def _node_values(column: Column, cell: str, i: int) -> Iterator[tuple[str, str]]:
    """Yield each node of a column with an expression for its value.

    `cell` is code for the raw number. `i` is the index of a column of texts in a row.
    """
    name = comment(column.name)
    if not column.values:
        sign = "+" if column.mean < 0 else "-"
        number = f"({cell} {sign} {abs(column.mean)!r}) / {column.deviation!r}" if column.is_scaled else cell
        yield column.nodes[0], f"{number},  # {name}"
    for k, node in enumerate(column.nodes if column.values else ()):
        yield node, f"float(value_{i} == {k}),  # {name}"


class ProgramNames(NamedTuple):
    """Names of a program's variables: inputs and targets of all rows, number of updates, and history."""

    inputs: str = "inputs"
    targets: str = "targets"
    updates: str = "updates"
    history: str = "history"

    def part(self, which: str) -> tuple[str, str]:
        """Return two names of variables for a part of the rows: "train" gives train_inputs, train_targets."""
        return f"{which}_{self.inputs.split('_')[-1]}", f"{which}_{self.targets.split('_')[-1]}"

    def trained(self, state: State) -> tuple[str, str]:
        """Return the names of the two variables with the inputs and the targets of the training rows."""
        return self.part("train") if state.validated else (self.inputs, self.targets)

    def measured(self, state: State) -> list[tuple[str, str]]:
        """Return the variable names (inputs, targets) for the training rows, then for any validation rows."""
        return [self.trained(state)] + [self.part("validation")] * state.validated


NAMES = ProgramNames()
RATE_NOW = "rate"
"""Name of the variable with the learning rate of an update, if the learning rate changes."""
ACCURACY = "accuracy({}, {})"
"""Code that computes the accuracy, with {} in place of inputs and targets."""


def head(state: State) -> Iterator[CodeLine]:
    """Yield comments about the program.

    The title is in line 3, since Python looks for an encoding in the comments of lines 1 and 2.
    """
    sizes = "-".join(map(str, state.network.sizes))
    does = ["predicts its rows"] * (len(state.data) > 0)
    does += [f"trains on them from these weights, printing the {state.measure.phrase}"] * state.trainable
    yield CodeLine(f"# A network of {sizes} nodes as nnviz shows it.")
    yield CodeLine(f"# The program {' and '.join(does) or 'has no rows yet'}.")
    if state.name:
        yield CodeLine(f"# {comment(state.name)}")
    if state.iteration:
        updates = counted(state.iteration, "update")
        yield CodeLine(f"# The weights are the result of {updates}; this program starts a new training.")
        yield CodeLine("# For a program that repeats the updates, press Restart in nnviz before you save.")
    yield CodeLine()


def predictions(state: State, rows: str, call: str) -> Iterator[CodeLine]:
    """Yield lines that print the prediction of each row, then lines with an example call.

    `rows` is code for all predictions. `call` is code that predicts a row, with {} in place of the inputs.
    """
    outputs = of_outputs(state.network)
    if len(state.data):
        yield from heading("The prediction of every row")
        yield CodeLine(f"for row in {rows}:", "forward", outputs)
        yield CodeLine("    print(*row)", "forward", outputs)
    yield from example_call(state, call)


def mini_batches(state: State) -> bool:
    """Return whether an update uses only a part of the training rows."""
    return (state.training.batch_size or state.trained_rows) < state.trained_rows


def settings(state: State, names: ProgramNames = NAMES) -> Iterator[CodeLine]:
    """Yield the lines of a program that define the settings of the training."""
    training = state.training
    yield CodeLine("# The settings")
    yield CodeLine(f"learning_rate = {training.learning_rate!r}", "update")
    yield CodeLine(f"{names.updates} = {training.updates}")
    for term in penalty_terms(state, "l1·Σ|w|", "l2·Σw²"):
        value, added = getattr(training, term[:2]), f"the penalty {term} for large weights to the loss"
        yield CodeLine(f"{term[:2]} = {value!r}  # training adds {added}", "slopes")
    if mini_batches(state):
        yield CodeLine(f"batch_size = {training.batch_size}")
        yield CodeLine(f"seed = {training.seed}")
    if state.validated:
        yield CodeLine(f"validation = {training.validation!r}  # share of the last rows for validation")
    if training.until:
        yield CodeLine(f"until = {training.until!r}  # training stops when the loss is at most this", "loss")
    if training.patience:
        what = f"epochs without a smaller {state.monitored_title}"
        yield CodeLine(f"patience = {training.patience}  # training stops after this many {what}", "loss")
    if training.keep:
        best = f"those with the smallest {state.monitored_title}"
        yield CodeLine(f"# The program ends with the last weights; nnviz returns to {best}")
    yield CodeLine()


def penalty_terms(state: State, l1: str, l2: str) -> list[str]:
    """Return the code of the penalty's terms, `l1` and `l2`, whose factors are above 0.

    The list is empty if the program does not train.
    """
    terms = (state.training.l1, l1), (state.training.l2, l2)
    return [code for factor, code in terms if factor and state.trainable]


def penalty_slope(state: State, weights: str) -> str:
    """Return code that adds the penalty's slope to a slope, with the name of the weights; "" without any."""
    terms = penalty_terms(state, f"l1 * np.sign({weights})", f"2 * l2 * {weights}")
    return "".join(f" + {term}" for term in terms)


FROZEN = "# Frozen parts keep their values"
"""Comment above the lines that give the frozen weights and biases back their values after an update."""


def frozen_parts(state: State, skip: Container[int] = ()) -> list[Address]:
    """Return the frozen parts, except those in the layers with the indices `skip`.

    The list is empty if the program does not train.
    """
    parts = sorted(state.frozen, key=lambda part: (part.layer, part))
    return [part for part in parts if state.trainable and part.layer not in skip]


def frozen_arrays(state: State) -> Iterator[tuple[str, str, tuple[Address, ...]]]:
    """Yield (array, index, addresses) in code for each of the `frozen_parts`: ("W0", "[1, 0]", …)."""
    network, names = state.network, state.network.named_arrays
    for part in frozen_parts(state):
        indices = {"layer": "[:]", "weight": f"[{part.node}, {part.source}]"}
        addresses = of_nodes(network, part.layer) if part.kind == "layer" else (part,)
        for kind in {"weight": "W", "bias": "b"}.get(part.kind, "Wb"):
            if (name := f"{kind}{part.layer}") in names:
                yield name, indices.get(part.kind, f"[{part.node}]"), addresses


def numbers_and_settings(state: State, numbers: Numbers, notation: Notation) -> Iterator[CodeLine]:
    """Yield the lines that define a program's weights, rows and, if it trains, settings."""
    yield from numbers.stored()
    yield from numbers.weights(notation)
    yield from numbers.rows(notation)
    if state.trainable:
        yield from settings(state)


def split(state: State, names: ProgramNames = NAMES) -> Iterator[CodeLine]:
    """Yield lines that split off a program's validation rows, if the State has validation rows."""
    if state.validated:
        yield CodeLine("# The last rows are for validation")
        yield CodeLine(f"count = int(len({names.inputs}) * (1 - validation))")
        parts = zip(names.part("train"), names.part("validation"), (names.inputs, names.targets), strict=True)
        for first, last, rows in parts:
            yield CodeLine(f"{first}, {last} = {rows}[:count], {rows}[count:]")


def training_loop(
    state: State, body: Iterable[CodeLine], loss: str, accuracy: str = ACCURACY, names: ProgramNames = NAMES
) -> Iterator[CodeLine]:
    """Yield the training loop, with the lines `body` for one update, and what the program prints after it.

    `loss` and `accuracy` are code that computes them, with {0} and {1} in place of inputs and targets. The
    history has the loss after each epoch. Each epoch has a random order of mini-batches.
    """
    rows, in_batches = f"len({names.trained(state)[0]})", mini_batches(state)
    schedule, body = state.training.schedule, [*body]
    yield from split(state, names)
    if in_batches:
        yield CodeLine(f"batches = -(-{rows} // batch_size)  # in an epoch; the last may be smaller")
    yield from _point(state, loss, names, "0", f"{names.history} = [", "]")
    yield CodeLine(f"for t in range(1, {names.updates} + 1):")
    if in_batches:
        yield CodeLine("    epoch, batch = divmod(t - 1, batches)")
        yield CodeLine(f"    order = np.random.default_rng([seed, 1, epoch]).permutation({rows})")
        yield CodeLine("    rows = order[batch * batch_size : (batch + 1) * batch_size]")
    if schedule and any(uses(line.text, RATE_NOW) for line in body):
        rate = with_names(python(schedule.rule), k="(t - 1)")
        yield CodeLine(f"    {RATE_NOW} = {rate}  # the learning rate of this update", "update")
    yield from body
    if in_batches:
        yield CodeLine(f"    if t % batches == 0 or t == {names.updates}:", "loss")
    indent = "        " if in_batches else "    "
    yield from _point(state, loss, names, "t", f"{indent}{names.history}.append(", ")")
    yield from (CodeLine(f"{indent}{line}", "loss") for line in _stop_lines(state.training, names))
    yield from results(state, accuracy, names)


def _stop_lines(training: Training, names: ProgramNames) -> Iterator[str]:
    """Yield lines that end the training loop early. The first point, before the updates, does not count."""
    if training.until:
        yield f"if {names.history}[-1][1] <= until:"
        yield "    break"
    if training.patience:
        yield f"losses = [point[-1] for point in {names.history}[1:]]"
        yield "if len(losses) - losses.index(min(losses)) > patience:"
        yield "    break"


def rate_names(state: State) -> dict[str, str]:
    """Return a dictionary that renames the learning rate in an optimizer's rule if the rate changes."""
    return {"learning_rate": RATE_NOW} if state.training.schedule else {}


def rows_of_an_update(state: State, names: ProgramNames = NAMES) -> tuple[str, str]:
    """Return two code expressions for the rows of one update: their inputs and their targets."""
    part = "[rows]" if mini_batches(state) else ""
    inputs, targets = names.trained(state)
    return f"{inputs}{part}", f"{targets}{part}"


def _point(state: State, loss: str, names: ProgramNames, t: str, start: str, end: str) -> Iterator[CodeLine]:
    """Yield a point of the history, with a line for each loss if there are two."""
    losses = [loss.format(*part) for part in names.measured(state)]
    if len(losses) == 1:
        yield CodeLine(f"{start}({t}, {losses[0]}){end}", "loss")
        return
    indent = " " * (len(start) - len(start.lstrip()))
    point = [f"        {each}," for each in (t, *losses)]
    for text in (start.lstrip(), "    (", *point, "    )", end):
        yield CodeLine(f"{indent}{text}", "loss")


def results(state: State, accuracy: str = ACCURACY, names: ProgramNames = NAMES) -> Iterator[CodeLine]:
    """Yield lines that print the loss history and a classifier's accuracy.

    `accuracy` is code that computes the accuracy, with {0} and {1} in place of inputs and targets.
    """
    more = ", validation_value" if state.validated else ""
    of_both = ": of the training rows, then of the validation rows" if more else ""
    yield from heading(f"The number of updates and the {state.measure.phrase} after them{of_both}")
    yield CodeLine(f"for t, value{more} in {names.history}:", "loss")
    yield CodeLine(f"    print(t, value{more})", "loss")
    if classifies(state):
        of_both = ": first of the training rows, then of the validation rows" if more else ""
        yield from heading(f"The accuracy, the share of correct rows{of_both}")
        for part in names.measured(state):
            yield CodeLine(f"print({accuracy.format(*part)})")


def accuracy_function(
    state: State, prediction: str, mean: str = "np.mean({})", axis: str = "axis"
) -> Iterator[CodeLine]:
    """Yield code that defines the function `accuracy(x, y)`, if the network is a classifier.

    `prediction` is code for the prediction. `mean` is code for a mean, with {} in place of the array.
    `axis` is the library's name for NumPy's parameter `axis`.
    """
    if classifies(state):
        right = right_rows(state).replace("axis", axis)
        body = (f"    prediction = {prediction}", f"    return {mean.format(right)}")
        yield from definition("accuracy(x, y)", map(CodeLine, body))


def library_notation(state: State, library: str) -> OptimizerNotation | None:
    """Return the notation of the optimizer of `state` in a library, or None if `state` is not trainable.

    The library is Keras or PyTorch. Raises ValueError if the library lacks the loss or the optimizer.
    """
    if not state.trainable:
        return None
    loss, optimizer = state.measure, OPTIMIZERS[state.training.optimizer]
    of_loss = loss.notation.keras.name if library == "Keras" else loss.notation.torch
    check_has(library, "loss", loss.name, of_loss)
    check_has(library, "optimizer", optimizer.name, optimizer.notation)
    return optimizer.notation


def check_has(library: str, kind: str, name: str, notation: object) -> None:
    """Raise ValueError if a library has no `notation` of an entry; `kind` is a noun, such as "loss"."""
    if not notation:
        raise ValueError(f"{library} has no {kind} {name}; use the code style course or numpy")
