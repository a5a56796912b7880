"""How a new row of a table becomes inputs, and is predicted: columns standardised, texts as 1 and 0."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nnviz.core.columns import Cell, Column
from nnviz.core.numbers import counted, parsed
from nnviz.core.state import State
from nnviz.files.code.numbers import are_raw, array
from nnviz.files.code.program import Line
from nnviz.files.code.words import comment

WRITTEN_OUT = 8
"""Inputs of a row that are written one by one."""
A_LINE_EACH = 40
"""Inputs that have a line each, with the column's name; of more the means and deviations are lists."""


def to_try(state: State, call: str) -> Iterator[Line]:
    """Write how a row is predicted, where there are none or they are raw; `{}` in the call is its inputs."""
    raw = are_raw(state)
    if raw:
        yield from _as_inputs(state)
    if raw or not len(state.data):
        row = _an_example(state)
        what = "cell" if raw else "input"
        count = len(state.columns.of_inputs)
        yield Line()
        yield Line(f"# The prediction of a row: put its {counted(count, what)} in, and take the # away")
        yield Line(f"# print({call.format(f'as_inputs({row})' if raw else row)})")


def _an_example(state: State) -> str:
    columns = state.columns.of_inputs
    if len(columns) > WRITTEN_OUT and not any(column.values for column in columns):
        return f"[0.0] * {len(columns)}"
    return f"[{', '.join(repr(_cell(state, column)) for column in columns)}]"


def _cell(state: State, column: Column) -> Cell:
    """Return the cell of a column in the first row; without rows, or where no text does, one that may be."""
    usual = column.values[0] if column.values else 0.0
    if not len(state.data):
        return usual
    places = [state.network.inputs.index(node) for node in column.nodes]
    return column.decoded(state.data.inputs[:1, places])[0] or usual


def _as_inputs(state: State) -> Iterator[Line]:
    columns = state.columns.of_inputs
    in_lists = len(state.network.inputs) > A_LINE_EACH and not any(column.values for column in columns)
    yield Line()
    yield Line("# What the network takes of a row of the table; the rows above stand so already")
    if in_lists:
        yield from array("mean = [", (repr(column.mean) for column in columns), "]", ())
        yield from array("deviation = [", (repr(column.deviation) for column in columns), "]", ())
    yield Line()
    yield Line()
    yield Line("def as_inputs(row):")
    if in_lists:
        yield Line("    return [(cell - m) / d for cell, m, d in zip(row, mean, deviation)]")
    else:
        yield from _check_texts(columns)
        made = {node: text for i, column in enumerate(columns) for node, text in _made(i, column)}
        yield Line("    return [")
        yield from (Line(f"        {made[node]}") for node in state.network.inputs)
        yield Line("    ]")
    yield Line()


def _check_texts(columns: Sequence[Column]) -> Iterator[Line]:
    """Write what refuses a text that its column does not know, by place in the row and name."""
    if not any(column.values for column in columns):
        return
    yield Line("    texts = {")
    for i, column in enumerate(columns):
        if column.values:
            yield from array(f"        ({i}, {column.name!r}): [", map(repr, column.values), "],", ())
    yield Line("    }")
    yield Line("    for (i, name), known in texts.items():")
    yield Line("        if str(row[i]) not in known:")
    yield Line("            told = ', '.join(map(repr, known))")
    told = "column {name}: {str(row[i])!r} is not known; known are {told}"
    yield Line(f'            raise ValueError(f"{told}")')


def _made(i: int, column: Column) -> Iterator[tuple[str, str]]:
    """Yield each node of the column at place `i` of a row, and what makes its value."""
    cell, name = f"row[{i}]", comment(column.name)
    if not column.values:
        sign = "+" if column.mean < 0 else "-"
        number = cell if column.is_plain else f"({cell} {sign} {abs(column.mean)!r}) / {column.deviation!r}"
        yield column.nodes[0], f"{number},  # {name}"
        return
    text = f"str({cell})" if any(map(_is_number, column.values)) else cell
    for node, value in zip(column.nodes, column.values, strict=True):
        yield node, f"float({text} == {value!r}),  # {name}"


def _is_number(text: str) -> bool:
    try:
        parsed(text)
    except ValueError:
        return False
    return True
