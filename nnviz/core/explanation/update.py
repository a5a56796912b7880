"""How the next update changes one weight or bias: the optimizer's own rule, filled with numbers."""

from __future__ import annotations

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import write
from nnviz.core.explanation.lines import Line
from nnviz.core.expressions import Number
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.rules import Symbol
from nnviz.core.state import State
from nnviz.core.training.parameters import place


def update_lines(state: State, address: Address, slope: float) -> list[Line]:
    """Return the lines that lead to the new value; `slope` is the mean over the update's rows."""
    update = Number(float(state.iteration + 1))
    values = {
        "w": Number(address.value(state.network), address),
        "learning_rate": Number(state.training.learning_rate),
        "slope": Number(slope, address, slope=True),
        "t": update,
        **memory(state, address),
    }
    in_words = {"w": Symbol(address.symbol), "t": update}
    lines = []
    for name, rule in OPTIMIZERS[state.training.optimizer].rule:
        found = rule.at(values)
        values[name] = Number(found.computed())
        label = f"new {address.symbol}" if name == "w" else name
        lines.append(Line(label, rule.at(in_words).text, write(found, values[name].value)))
    return lines


def memory(state: State, address: Address) -> dict[str, Number]:
    """Return what the optimizer remembers of a weight or bias, by name: zeros before its first update."""
    name, run = state.training.optimizer, state.run
    names = OPTIMIZERS[name].memories
    if run is None or run.optimizer != name or run.memory.size == 0:
        return {each: Number(0.0) for each in names}
    at = place(state.network, address)
    return {each: Number(float(row[at])) for each, row in zip(names, run.memory, strict=True)}
