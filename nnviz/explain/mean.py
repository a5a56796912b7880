"""Explanations of means over all rows of a batch."""

from __future__ import annotations

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.expressions import Expression, Number, Sum, Symbol
from nnviz.core.losses import Loss
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import FEW_ROWS, Means
from nnviz.core.slopes import Slopes
from nnviz.core.state import State
from nnviz.core.trainer import place
from nnviz.explain.lines import Line, Note, Written, write


def update_heading(state: State, means: Means) -> str:
    """Return a heading that says which rows the next update takes, and after a script's that it is ours."""
    whose = "nnviz's own next update" if state.is_watched else "Next update"
    if means.rows is None:
        return whose if len(state.data) == 1 else f"{whose} · mean over {rows_of(state, means)}"
    return f"{whose} · {rows_of(state, means).removeprefix('the ')}"


def all_rows(state: State) -> str:
    """Return what the loss is over: "all 4 rows", "the 3 rows trained on"."""
    count = state.trained_rows
    if count < len(state.data):
        return f"the {counted(count, 'row')} trained on"
    return f"all {count:,} rows" if count > 1 else "the one row"


def rows_of(state: State, means: Means) -> str:
    """Return which rows the means are over: "all 4 rows", "the batch of rows 3, 1"."""
    if means.rows is None:
        return all_rows(state)
    if means.count <= FEW_ROWS:
        rows = ", ".join(str(row + 1) for row in means.rows)
        return f"the batch of row{'s' if means.count > 1 else ''} {rows}"
    return f"a batch of {means.count:,} rows"


def averaged_slopes_line(state: State, means: Means, address: Address) -> Line:
    """Return the mean slope of a weight or bias from the rows' own slopes, `(48 − 16 + 0 + 40)/4 = 18`."""
    slope = Number(means.slopes.of(address), address, slope=True)
    label = "mean slope"
    if not means.single:
        return Line(f"{label} over {rows_of(state, means)}", "", write(slope, slope.value))
    rows = [Number(own.of(address), slope=True) for own in means.single]
    return Line(label, "Σ rows' slopes / rows", _mean_of(rows, slope))


def averaged_losses_line(state: State, loss: float, means: Means | None) -> Line:
    """Return the loss from the rows' own, `(64 + 169 + 0 + 64)/4 = 74.25`; of many rows its value."""
    told, title, word = Number(loss), state.measure.title, state.measure.word
    if means is None or not means.single:
        return Line(f"{title}, mean over {all_rows(state)}", "", write(told, loss))
    return Line(title, f"Σ rows' {word} / rows", _mean_of([Number(own.loss) for own in means.single], told))


def _mean_of(rows: list[Number], mean: Number) -> Written:
    top = Sum(*rows)
    return write(top / len(rows) if len(rows) > 1 else top, mean.value, result=mean)


def mean_line(state: State, means: Means | None, address: Address) -> Line | Note:
    """Return the mean slope of a weight or bias, or of a node; a note until it is known."""
    label = f"∂{state.measure.symbol}/∂z" if address.kind == "node" else "mean slope"
    if means is None:
        return Note(label, "computing …")
    slope = Number(means.slopes.of(address), address, slope=True)
    formula = "Σ rows' slopes / rows"
    if means.single:
        top: Expression = Sum(*(_row_term(means, address, i) for i in range(means.count)))
    else:
        top = Number(slope.value * means.count, slope=True, note=f"sum of {means.count:,} rows")
    expression = top / means.count if means.count > 1 else top
    return Line(label, formula, write(expression, slope.value, result=slope))


ROUNDING = 4 * float(np.finfo(float).eps)
"""A float64's own error and those of the two or three steps that lead to a term, relative to it."""


def is_noise(means: Means | None, address: Address) -> bool:
    """Tell whether a mean slope is no more than what float64 may have left of terms that cancel.

    A sum of n terms is within n · `ROUNDING` · Σ |terms| of the true one, in whatever order it is taken.
    """
    if means is None or not isinstance(means.slopes, Slopes):
        return False
    terms = means.slopes.layers[address.layer].inputs[:, address.node]
    if address.kind == "weight":
        terms = terms * means.slopes.trace.feeding(address.layer)[:, address.source]
    bound = means.count * ROUNDING * float(np.abs(terms).sum())
    return means.count > 1 and 0.0 < abs(means.slopes.of(address)) <= bound


def noise_note(state: State) -> Note:
    """Return what there is to say of a mean slope that is noise."""
    optimizer = state.training.optimizer
    more = f", and {optimizer} makes a step even of it" if OPTIMIZERS[optimizer].any_slope_moves else ""
    return Note("", f"The rows' slopes cancel out: what is left is rounding, not a slope{more}.")


def _row_term(means: Means, address: Address, i: int) -> Expression:
    row = means.single[i]
    end = Number(float(row.layers[address.layer].inputs[0, address.node]), slope=True)
    if address.kind != "weight":
        return end
    return float(row.trace.feeding(address.layer)[0, address.source]) * end


def loss_line(state: State, means: Means | None) -> Line | Note:
    """Return the loss over all rows that are trained on; a note until it is known."""
    measure = state.measure
    by_terms = len(state.network.outputs) == 1 and measure.short is None
    formula = f"Σ {measure.term.text} / rows" if by_terms else f"Σ rows' {measure.word} / rows"
    if means is None:
        return Note(measure.title, "computing …")
    count = means.count
    if not means.single or means.rows is not None:
        top: Expression = Number(means.slopes.loss * count, note=f"sum over {count:,} rows")
    elif by_terms:
        assert state.data.targets is not None
        top = Sum(*(_term(measure, *each) for each in zip(means.single, state.data.targets, strict=False)))
    else:
        top = Sum(*(Number(row.loss) for row in means.single))
    return Line(measure.title, formula, write(top / count if count > 1 else top, means.slopes.loss))


def _term(measure: Loss, row: Slopes, targets: Array) -> Expression:
    """Return what the one output adds on a row, as it is written."""
    a, y = float(row.trace.prediction[0, 0]), float(targets[0])
    return measure.term.at({"a": Number(a), "y": Number(y), "error": Number(a - y)})


def update_lines(state: State, address: Address, slope: float) -> list[Line]:
    """Return the lines that lead to the new value; `slope` is the mean over the update's rows."""
    update = Number(float(state.iteration + 1))
    values = {
        "w": Number(state.network.value_of(address), address),
        "learning_rate": Number(state.training.learning_rate),
        "slope": Number(slope, address, slope=True),
        "t": update,
        **_memory(state, address),
    }
    in_words = {"w": Symbol(address.symbol), "t": update}
    lines, optimizer = [], OPTIMIZERS[state.training.optimizer]
    for name, rule in optimizer.rule:
        expression = rule.at(values)
        values[name] = Number(expression.computed())
        own = address.symbol if name == "w" else name
        label = f"new {own}" if name in ("w", *optimizer.memories) else own
        lines.append(Line(label, rule.at(in_words).text, write(expression, values[name].value)))
    return lines


def _memory(state: State, address: Address) -> dict[str, Number]:
    """Return what the optimizer remembers of a weight or bias, by name: zeros before its first update."""
    name, run = state.training.optimizer, state.run
    names = OPTIMIZERS[name].memories
    if run is None or run.optimizer != name or run.memory.size == 0:
        return {each: Number(0.0) for each in names}
    at = place(state.network, address)
    return {each: Number(float(row[at])) for each, row in zip(names, run.memory, strict=True)}
