"""A table, by a person's choices, as rows and the columns that they came from. What was done is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnviz.core import network_for as networks
from nnviz.core.activations import Array
from nnviz.core.columns import CellError, Column
from nnviz.core.limits import NAME
from nnviz.core.names import listed, numbered, quoted, shortened
from nnviz.core.numbers import counted, full
from nnviz.core.standardise import spread
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.table.findings import Choices, Finding
from nnviz.files.table.table import Table

MOST_TEXTS = 1000
"""Texts of one column that become nodes."""
MOST_TOLD = 6
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class Built:
    """Rows, the columns that they came from, and what was done, in sentences."""

    data: Dataset
    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    said: tuple[str, ...]

    def network(self, seed: int = 0) -> State:
        """Return a new network for these columns, its random weights by a seed. Raises FileError."""
        self._check_targets()
        with told_by_core():
            return networks.network_for(self.inputs, self.targets, self.data, seed)

    def _check_targets(self) -> None:
        if not self.targets:
            raise FileError(f"no column is left for a target: {self.said[0]}")

    def fits(self, state: State) -> bool:
        """Tell whether a network has as many inputs and outputs as there are."""
        return networks.fits(state, self.inputs, self.targets)

    def into(self, state: State) -> State:
        """Put the rows into a network that they fit. Raises FileError."""
        with told_by_core():
            return networks.with_rows(state, self.inputs, self.targets, self.data)

    def rebuilt(self, state: State) -> State:
        """Return a network with its first and last layer rebuilt for these columns. Raises FileError."""
        self._check_targets()
        with told_by_core():
            return networks.rebuilt(state, self.inputs, self.targets, self.data)


def built(table: Table, found: Sequence[Finding], choices: Choices, state: State | None = None) -> Built:
    """Return the rows that a table makes by a person's choices.

    A column that `state` knows by its name becomes what it is there: standardised as that, with its texts;
    numbers of other names are standardised as the rest of its columns, in their order.
    Raises FileError, which begins with line and column where there is one, for a cell that is no number where
    one is wanted, too many texts, and where no column or no row is left.
    """
    places = {role: [i for i, own in enumerate(choices.roles) if own == role] for role in ("input", "target")}
    used = [*places["input"], *places["target"]]
    if not places["input"]:
        raise FileError(f"no column is left for an input; the table has {counted(table.width, 'column')}")
    whole = _Maker(table, found, choices, state)
    for place in used:
        whole.check(place)
    table = table.first(networks.most_rows(*(whole.nodes(own) for own in places.values())))
    maker = _Maker(table, found, choices, state)
    gone = np.any([table.missing(place) for place in used], axis=0)
    rows = ~gone if choices.missing == "leave out" else np.ones(len(table), dtype=np.bool_)
    said = [f"{table.size} are taken, as many as nnviz opens"] if len(table) < table.of else []
    if gone.any():
        said.append(maker.said_of_missing(used, int(gone.sum())))
    if not rows.any():
        raise FileError(f"no row is left: {said[-1]}")
    inputs = [maker.column(place, rows, "input") for place in places["input"]]
    targets = [maker.column(place, rows, "target") for place in places["target"]]
    if len(targets) > 1 and any(column.values for column, _ in targets):
        raise FileError("targets are numbers, or one column of classes: choose one")
    with told_by_core():
        data = Dataset(_joined(inputs), _joined(targets) if targets else None)
    ins, outs = (tuple(column for column, _ in each) for each in (inputs, targets))
    return Built(data, ins, outs, (maker.said_of(len(data), ins, outs), *said))


def _joined(parts: list[tuple[Column, Array]]) -> Array:
    return np.hstack([values for _, values in parts])


class _Maker:
    """Makes the columns of one table."""

    def __init__(self, table: Table, found: Sequence[Finding], choices: Choices, state: State | None) -> None:
        self._table, self._found, self._choices = table, found, choices
        places = (i for i, role in enumerate(choices.roles) if role == "input")
        self._place_of_input = {place: k for k, place in enumerate(places)}
        self._names: dict[str, int] = {}  # of columns
        self._nodes: dict[str, int] = {}
        self._known: dict[int, Column] = {}
        self._alike: dict[int, Column] = {}
        """What else the network has, where as many columns of the table bear none of its names."""
        if state is not None:
            for role, own in (("input", state.columns.of_inputs), ("target", state.columns.of_targets)):
                at = [place for place, each in enumerate(choices.roles) if each == role]
                self._know(own, {place: self.name(place, role) for place in at})

    def _know(self, own: Sequence[Column], names: Mapping[int, str]) -> None:
        """Find a network's own columns among those of these names, capitals aside."""
        called = {column.name.casefold(): column for column in own}
        called |= {column.name: column for column in own}
        found = {place: called.get(name) or called.get(name.casefold()) for place, name in names.items()}
        self._known |= {place: column for place, column in found.items() if column}
        taken = {column.nodes for column in found.values() if column}
        others = [column for column in own if column.nodes not in taken]
        strange = [place for place, column in found.items() if not column]
        if len(others) == len(strange):
            self._alike |= dict(zip(strange, others, strict=True))

    def name(self, place: int, role: str = "") -> str:
        """Return what a column is called, or what it can be called."""
        name = _NO_NAME.sub(" ", self._found[place].name).strip()
        if name:
            return shortened(name, NAME.most)
        if role == "input":
            return f"input_{self._place_of_input[place]}"
        return "output" if role == "target" else f"column {place + 1}"

    def nodes(self, places: Sequence[int]) -> int:
        """Return how many nodes columns become, at most."""
        return sum(self._found[i].distinct if self._choices.classes[i] else 1 for i in places)

    def check(self, place: int) -> None:
        """Raise FileError where a column cannot be what it is chosen for."""
        found, classes = self._found[place], self._choices.classes[place]
        if not found.distinct:
            raise FileError(
                f"{quoted(self.name(place))} holds nothing: leave the column out", found.first_missing
            )
        if classes and found.distinct > MOST_TEXTS:
            wish = f"expected at most {MOST_TEXTS:,} different values in {quoted(self.name(place))}"
            raise FileError(f"{wish}, one node each, found {found.distinct:,}: leave the column out")
        if classes:
            return
        if found.fault:
            raise found.fault
        if not found.is_number:
            wrong = np.isnan(self._table.numbers(place)) & ~self._table.missing(place)
            raise self._table.fault(int(wrong.argmax()), place)

    def column(self, place: int, rows: NDArray[np.bool_], role: str) -> tuple[Column, Array]:
        """Return a column and what its rows become; its names are taken then."""
        name, table, classes = self.name(place, role), self._table, self._choices.classes[place]
        known = self._known.get(place)
        if known and (bool(known.values) != classes or self._nodes.keys() & {*known.nodes}):
            known = None
        if known:
            self._nodes.update(dict.fromkeys(known.nodes, 1))
        else:
            name = _unique(name, self._names)
        gone = table.missing(place)[rows]
        if gone.all():
            raise FileError(f"{quoted(name)} holds nothing in {table.size}: leave the column out")
        if not classes:
            numbers = table.numbers(place)[rows]
            if gone.any():
                mean = spread(numbers[~gone][None])[0]
                numbers = np.where(gone, mean, numbers)
            column = known or self._numbers_like(place, Column(name, (_unique(name, self._nodes),)))
            return column, column.standardised(numbers)[:, None]
        cells = self._filled(self._cells(place, rows), gone)
        if known:
            try:
                return known, known.encoded(cells)
            except CellError as error:
                row = int(np.flatnonzero(rows)[error.row])
                raise FileError(str(error), table.place(row, place)) from None
        values = sorted(set(cells), key=_order)
        if len(longest := max(values, key=len)) > NAME.most:
            row = int(np.flatnonzero(rows)[cells.index(longest)])
            wish = f"expected at most {NAME.most} letters, found {len(longest)}"
            raise FileError(wish, table.place(row, place))
        nodes = [_unique(value if role == "target" else f"{name}={value}", self._nodes) for value in values]
        with told_by_core():
            column = Column(name, tuple(nodes), tuple(values))
        return column, column.encoded(cells)

    def _numbers_like(self, place: int, column: Column) -> Column:
        alike = self._alike.get(place)
        return replace(column, mean=alike.mean, deviation=alike.deviation) if alike else column

    def _filled(self, cells: list[str], gone: NDArray[np.bool_]) -> list[str]:
        """Return cells with the most frequent one in the place of those that are missing."""
        if not gone.any():
            return cells
        kinds = Counter(cell for cell, is_gone in zip(cells, gone.tolist(), strict=True) if not is_gone)
        most = min(kinds, key=lambda cell: (-kinds[cell], cell))
        return [most if is_gone else cell for cell, is_gone in zip(cells, gone.tolist(), strict=True)]

    def _cells(self, place: int, rows: NDArray[np.bool_]) -> list[str]:
        texts, wanted = self._table.texts(place), rows.tolist()
        if texts is None:
            return [full(number) for number in self._table.numbers(place)[rows].tolist()]
        return [text for text, is_wanted in zip(texts, wanted, strict=True) if is_wanted]

    def said_of_missing(self, used: list[int], rows: int) -> str:
        """Return what becomes of missing cells, with the place of the first."""
        missing = {place: self._table.missing(place) for place in used}
        holes = [place for place, own in missing.items() if own.any()]
        first = min((int(missing[place].argmax()), place) for place in holes)
        where = f"the first in {self._table.place(*first)}"
        if self._choices.missing == "leave out":
            verb = "is" if rows == 1 else "are"
            return f"{counted(rows, 'row')} with missing cells {verb} left out, {where}"
        cells = sum(int(missing[place].sum()) for place in holes)
        told = listed([self.name(place) for place in holes])
        ways = {self._choices.classes[place] for place in holes}
        how = [text for way, text in ((False, "mean"), (True, "most frequent value")) if way in ways]
        return (
            f"{counted(cells, 'missing cell')} of {told} filled with the column's {' or '.join(how)}, {where}"
        )

    def said_of(self, rows: int, inputs: Sequence[Column], targets: Sequence[Column]) -> str:
        """Return which columns are taken for what."""
        parts = [counted(rows, "row"), f"inputs {listed([_told(each) for each in inputs], MOST_TOLD)}"]
        if targets:
            parts.append(f"target {listed([_told(each) for each in targets])}")
        left = [i for i, role in enumerate(self._choices.roles) if role == "left out"]
        if left:
            why = (
                f"{self.name(i)} ({self._found[i].why})" if self._found[i].why else self.name(i) for i in left
            )
            parts.append(f"left out {listed([*why])}")
        return "; ".join(parts)


def _told(column: Column) -> str:
    """Return "species (3 classes: setosa, versicolor and virginica)"."""
    if not column.values:
        return column.name
    return f"{shortened(column.name, 40)} ({len(column.values)}: {listed(column.values)})"


def _order(text: str) -> tuple[float, str]:
    """Sort numbers by their size, and texts behind them by their letters."""
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _unique(wanted: str, taken: dict[str, int]) -> str:
    """Return a name for what is wanted, shortened where it is too long, numbered where it is taken."""
    return numbered(shortened(_NO_NAME.sub(" ", wanted).strip() or "column", NAME.most), taken)
