"""Lines of an explanation for means over all training rows or a batch, and for the next update."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.expressions import Expression, Number, Sum, Symbol
from nnviz.core.losses import Loss
from nnviz.core.numbers import as_text, counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import parameter_index
from nnviz.core.results import FEW_ROWS, Means
from nnviz.core.slopes import Slopes
from nnviz.core.state import State
from nnviz.explain.lines import FEW_TERMS, Arithmetic, Line, Note, write

CANCELLED = "Slopes of opposite signs cancel out in a mean; the mean |slope| says how much the input matters."


def update_heading(state: State, means: Means) -> str:
    """Return a heading that names the rows of the next update.

    If a script has trained the network, the heading also says that nnviz makes the update.
    """
    title = "Next update by nnviz" if state.is_watched else "Next update"
    if means.rows is None:
        return title if len(state.data) == 1 else f"{title} · mean over {rows_phrase(state, means)}"
    return f"{title} · {rows_phrase(state, means).removeprefix('the ')}"


def all_rows_phrase(state: State) -> str:
    """Return a phrase for the training rows: "all 4 rows" or "the 3 training rows"."""
    count = state.trained_rows
    if count < len(state.data):
        return f"the {counted(count, 'training row')}"
    return f"all {count:,} rows" if count > 1 else "the one row"


def rows_phrase(state: State, means: Means) -> str:
    """Return a phrase for the rows of `means`: "all 4 rows" or "the batch of rows 3, 1"."""
    if means.rows is None:
        return all_rows_phrase(state)
    if means.count <= FEW_ROWS:
        rows = ", ".join(str(row + 1) for row in means.rows)
        return f"the batch of rows {rows}" if means.count > 1 else f"the batch of row {rows}"
    return f"a batch of {means.count:,} rows"


def _mean_of(terms: Sequence[Expression], mean: Number, rows: int) -> Arithmetic:
    """Return the arithmetic of a mean over rows, with the term of each row if `terms` holds the terms."""
    total = Number(mean.value * rows, slope=mean.slope, note=f"sum over {counted(rows, 'row')}")
    top = Sum(*terms) if terms else total
    return write(top / rows if rows > 1 else top, mean)


def mean_line(state: State, means: Means | None, address: Address) -> Line | Note:
    """Return a line of text that computes the mean slope of a weight, bias or node over rows.

    If the rows are few, the slope of each row is a term. If `means` is None, return a note that the
    slope is being computed.
    """
    label = f"∂{state.measure.symbol}/∂z" if address.kind == "node" else "mean slope"
    if means is None:
        return Note(label, "computing …")
    slope = Number(means.slopes.slope(address), address, slope=True)
    terms = [Number(row.slope(address), slope=True) for row in means.single]
    return Line(label, "Σ slopes / rows", _mean_of(terms, slope, means.count))


def input_mean_lines(state: State, means: Array, slopes: Mapping[int, Line]) -> Iterator[Line | Note]:
    """Yield the lines of the mean slopes by an input and of the mean |slope|.

    `means` is the result of `input_in_blocks`. `slopes` maps columns of `means` to lines of a row's slopes.
    """
    cancel_out = False
    for column, line in slopes.items():
        mean, size, *single = (Number(each, slope=True) for each in means[:, column].tolist())
        yield Line(f"mean {line.label}", "", _mean_of(single, mean, state.trained_rows))
        sizes = [Number(abs(each.value), slope=True) for each in single]
        yield Line(f"mean |{line.label}|", "", _mean_of(sizes, size, state.trained_rows))
        cancel_out = cancel_out or size.value > abs(mean.value)
    if cancel_out:
        yield Note("", CANCELLED)


def loss_lines_over_rows(state: State, means: Means | None) -> Iterator[Line | Note]:
    """Yield a line of text that computes the mean loss over all training rows.

    With a penalty, a line for the penalty follows, and one for the sum, which training makes small.
    """
    yield _loss_line(state, means)
    if not state.training.penalty or means is None:
        return
    weights = np.concatenate([layer.weights.ravel() for layer in state.network.layers])
    formulas, parts = list[str](), list[Expression]()
    for factor, formula, total in state.training.penalty.sums(weights):
        formulas.append(f"{as_text(factor)}·Σ {formula.text}")
        each = [formula.at({"w": Number(float(w))}) for w in weights[: FEW_TERMS + 1]]
        few = Sum(*each) if len(each) > 1 else each[0]
        many = Number(total, note=f"sum over {counted(len(weights), 'weight')}")
        parts.append(factor * (few if len(each) == len(weights) else many))
    penalty = Number(state.penalty)
    yield Line("Penalty", " + ".join(formulas), write(Sum(*parts), penalty.value))
    both = Sum(Number(means.slopes.loss), penalty)
    yield Line("Training loss", state.trained_title, write(both, means.slopes.loss + penalty.value))


def _loss_line(state: State, means: Means | None) -> Line | Note:
    """Return a line of text that computes the mean loss over all training rows.

    If the rows are few, the loss of each row is a term. If `means` is None, return a note that the
    loss is being computed.
    """
    measure = state.measure
    by_terms = len(state.network.outputs) == 1 and measure.short is None
    formula = f"Σ {measure.term.text} / rows" if by_terms else "Σ losses / rows"
    if means is None:
        return Note(measure.title, "computing …")
    single, targets = () if means.rows is not None else means.single, state.data.targets
    terms: list[Expression] = [Number(row.loss) for row in single]
    if by_terms and targets is not None:
        terms = [_term(measure, *each) for each in zip(single, targets, strict=False)]
    return Line(measure.title, formula, _mean_of(terms, Number(means.slopes.loss), means.count))


def _term(measure: Loss, row: Slopes, targets: Array) -> Expression:
    """Return the term of the only output for one row."""
    a, y = float(row.trace.prediction[0, 0]), float(targets[0])
    return measure.term.at({"a": Number(a), "y": Number(y), "error": Number(a - y)})


def update_lines(state: State, address: Address, slope: float) -> list[Line]:
    """Return a line of text for each formula of the optimizer's rule. The last line gives the new value.

    `address` is the address of the weight or bias, which keeps its value if it is frozen. `slope` is the mean
    slope over the rows of the update.
    """
    if state.freezing(address):
        kept = Number(state.network.value_of(address), address)
        return [Line(f"new {address.symbol}", "", write(kept, kept.value))]
    update = Number(float(state.iteration + 1))
    rate, schedule = Number(state.training.learning_rate), state.training.schedule
    lines: list[Line] = []
    if schedule:
        rule = schedule.rule.at({"learning_rate": rate, "k": Number(float(state.iteration))})
        rate = Number(state.learning_rate)
        lines.append(Line("learning_rate", schedule.rule.text, write(rule, rate.value)))
    values = {
        "w": Number(state.network.value_of(address), address),
        "learning_rate": rate,
        "slope": Number(slope, address, slope=True),
        "t": update,
        **_memory(state, address),
    }
    in_words = {"w": Symbol(address.symbol), "t": update}
    optimizer = OPTIMIZERS[state.training.optimizer]
    for name, rule in optimizer.rule:
        expression = rule.at(values)
        values[name] = Number(expression.computed())
        symbol = address.symbol if name == "w" else name
        label = f"new {symbol}" if name in ("w", *optimizer.memories) else symbol
        lines.append(Line(label, rule.at(in_words).text, write(expression, values[name].value)))
    return lines


def _memory(state: State, address: Address) -> dict[str, Number]:
    """Return the optimizer's memories of a weight or bias by name: zeros before the first update."""
    name, run = state.training.optimizer, state.run
    names = OPTIMIZERS[name].memories
    if run is None or run.optimizer != name or run.memory.size == 0:
        return {each: Number(0.0) for each in names}
    at = parameter_index(state.network, address)
    return {each: Number(float(row[at])) for each, row in zip(names, run.memory, strict=True)}
