"""Lines about the means over many rows and the update that takes them: the MSE, a slope, a new weight."""

from __future__ import annotations

import numpy as np

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Line, Note, Written, write
from nnviz.core.expressions import Expression, Number, Square, Sum
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import FEW_ROWS, Means
from nnviz.core.rules import Symbol
from nnviz.core.slopes import Slopes
from nnviz.core.state import State
from nnviz.core.training.passes import place


def update_heading(state: State, means: Means) -> str:
    """Return a heading that says which rows the next update takes, and after a script's that it is ours."""
    count = len(state.data)
    whose = "nnviz's own next update" if state.is_watched else "Next update"
    if means.rows is None:
        return whose if count == 1 else f"{whose} · mean over {rows_of(means, count)}"
    return f"{whose} · {rows_of(means, count).removeprefix('the ')}"


def rows_of(means: Means, count: int) -> str:
    """Return which of `count` rows the means are over: "all 4 rows", "the batch of rows 3, 1"."""
    if means.rows is None:
        return f"all {count:,} rows" if count > 1 else "the one row"
    if means.count <= FEW_ROWS:
        rows = ", ".join(str(row + 1) for row in means.rows)
        return f"the batch of row{'s' if means.count > 1 else ''} {rows}"
    return f"a batch of {means.count:,} rows"


def averaged_slopes_line(means: Means, address: Address, count: int) -> Line:
    """Return the mean slope of a weight or bias from the rows' own slopes, `(48 − 16 + 0 + 40)/4 = 18`."""
    slope = Number(means.slopes.of(address), address, slope=True)
    label = "mean slope"
    if not means.single:
        return Line(f"{label} over {rows_of(means, count)}", "", write(slope, slope.value))
    rows = [Number(own.of(address), slope=True) for own in means.single]
    return Line(label, "Σ rows' slopes / rows", _mean_of(rows, slope))


def averaged_errors_line(state: State, mse: float, means: Means | None) -> Line:
    """Return the MSE over all rows from the rows' own, `(64 + 169 + 0 + 64)/4 = 74.25`; of many its value."""
    told, count = Number(mse), len(state.data)
    if means is None or not means.single:
        return Line(f"MSE, mean over all {count:,} rows", "", write(told, mse))
    return Line("MSE", "Σ rows' MSE / rows", _mean_of([Number(own.mse) for own in means.single], told))


def _mean_of(rows: list[Number], mean: Number) -> Written:
    top = Sum(*rows)
    return write(top / len(rows) if len(rows) > 1 else top, mean.value, result=mean)


def mean_line(means: Means | None, address: Address) -> Line | Note:
    """Return the mean slope of a weight or bias, or of a node; a note until it is known."""
    label = "∂MSE/∂z" if address.kind == "node" else "mean slope"
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


def mse_line(state: State, means: Means | None) -> Line | Note:
    """Return the MSE over all rows; a note until it is known."""
    outputs = len(state.network.outputs)
    formula = "Σ error² / rows" if outputs == 1 else "Σ rows' MSE / rows"
    if means is None:
        return Note("MSE", "computing …")
    count = len(state.data)
    if not means.single or means.rows is not None:
        top: Expression = Number(means.slopes.mse * count, note=f"sum over {count:,} rows")
    elif outputs == 1:
        assert state.data.targets is not None
        errors = [
            float(row.trace.prediction[0, 0] - y[0])
            for row, y in zip(means.single, state.data.targets, strict=True)
        ]
        top = Sum(*(Square(Number(error)) for error in errors))
    else:
        top = Sum(*(Number(row.mse) for row in means.single))
    return Line("MSE", formula, write(top / count if count > 1 else top, means.slopes.mse))


def update_lines(state: State, address: Address, slope: float) -> list[Line]:
    """Return the lines that lead to the new value; `slope` is the mean over the update's rows."""
    update = Number(float(state.iteration + 1))
    values = {
        "w": Number(address.value(state.network), address),
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
