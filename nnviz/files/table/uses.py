"""All that can be made of a table beside a network that is open, or why it cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.table.building import Built, built
from nnviz.files.table.findings import Choices, Finding
from nnviz.files.table.table import Table

What: TypeAlias = Literal["rows", "network", "ends"]


@dataclass
class Uses:
    """What comes of a table: its rows in the open network, a network for it, the open one with new ends.

    ========== ==========================================================
    `built`    the rows and columns, and what was done
    `states`   what can be made, the first proposed
    `why_not`  a sentence for each that cannot be
    ========== ==========================================================
    """

    built: Built
    states: dict[What, State] = field(default_factory=dict)
    why_not: dict[What, str] = field(default_factory=dict)

    def attempt(self, what: What, make: Callable[[], State]) -> None:
        """Make something, or keep why it cannot be made."""
        try:
            self.states[what] = make()
        except (FileError, ValueError) as error:
            self.why_not[what] = sentence(error)

    @property
    def wrong(self) -> str:
        """Why nothing can be made, or ""."""
        if self.states:
            return ""
        if not self.built.targets:
            return "No column is a target: choose one, or as many inputs as the network has."
        return self.why_not["network"]

    @property
    def keeps_standardised(self) -> bool:
        """Whether rows for the open network are standardised as its own."""
        columns = self.states["rows"].columns if "rows" in self.states else ()
        return not all(column.values or column.is_plain for column in columns)


def uses(table: Table, found: Sequence[Finding], choices: Choices, state: State) -> Uses:
    """Return what can be made of a table by a person's choices. Raises FileError where no rows can be."""
    made = Uses(built(table, found, choices))
    made.attempt("rows", lambda: _rows(table, found, choices, state, made.built))
    if made.built.targets:
        made.attempt("network", made.built.network)
        made.attempt("ends", lambda: made.built.rebuilt(state))
    else:
        made.why_not |= dict.fromkeys(("network", "ends"), "A column has to be the target")
    return made


def _rows(table: Table, found: Sequence[Finding], choices: Choices, state: State, made: Built) -> State:
    """Return the network with the rows, by its own columns where it has some. Raises FileError."""
    if state.columns:
        made = built(table, found, choices, state)
    if not made.fits(state):
        inputs, *_, outputs = state.network.sizes
        raise FileError(f"it takes {counted(inputs, 'input')} and {counted(outputs, 'target')}")
    return made.into(state)


def sentence(error: Exception) -> str:
    """Return what is wrong as a sentence begins."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}"
