"""Columns of a table: what they contain, how they can be used, and the rows made of them.

Everything is a suggestion; `Choices` holds what a person decides.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core import edits as networks
from nnviz.core.activations import Array
from nnviz.core.edits import spread
from nnviz.core.numbers import NAME, SHOWN, counted, full, listed, numbered, quoted, shortened
from nnviz.core.state import CellError, Column, Dataset, State, in_order
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.table.reading import Table, is_date, is_like_a_number

Role: TypeAlias = Literal["input", "target", "left out"]
Missing: TypeAlias = Literal["leave out", "fill"]

TARGETS = ("target", "label", "survived", "species", "y", "outcome", "diagnosis", "variety", "class")
"""What a column of targets is often called; of two the one that stands first here is taken."""
CLASSES = ("target", "label", "class", "species", "y", "digit", "category", "variety")
"""What a column is called whose whole numbers are names of classes."""
MOST_CLASSES = 20
"""Whole numbers of more kinds are rather numbers."""
MIXED, MIXED_KINDS = 0.1, 3
"""Numbers are texts, as those of tickets are, where more than this share are texts of so many kinds."""
COUNTERS = ("", "id", "index", "no", "nr", "row", "unnamed: 0")
WRITTEN = ("prediction", "predicted", "error")
"""What nnviz calls columns that it writes beside the targets."""
MANY_ROWS = 20
"""Of so few a column that counts the rows may well be one of their numbers."""


@dataclass(frozen=True)
class Finding:
    """What a column holds.

    ================== ====================================================================
    `name`             what the file calls it, or ""
    `is_number`        whether its cells are numbers, but for missing and a few strange ones (MIXED), or
                       would be one by one as they should be written
    `distinct`         how many different values it has, missing ones aside
    `missing`          how many cells are missing, and `first_missing`, where the first is
    `fault`            what is wrong with the first strange cell among numbers, or None
    `counts`           whether it counts the rows: 0, 1, 2, …
    `is_whole`         whether its numbers are whole
    `is_date`          whether its cells are dates or times, but for missing ones
    `role`, `why`      what it is proposed for, and the reason, where it has one
    `classes`          whether its values are proposed to be classes (or categories), one node each
    ================== ====================================================================
    """

    name: str
    is_number: bool
    distinct: int
    missing: int
    first_missing: str
    fault: FileError | None
    counts: bool
    is_whole: bool
    is_date: bool
    role: Role = "input"
    why: str = ""
    classes: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every row."""
        return self.distinct < 2


@dataclass(frozen=True)
class Choices:
    """What is made of a table: the role of each column, and which are classes or categories.

    Rows with missing cells are left out, or the cells filled: numbers with the mean of their column, texts
    with the most frequent one.
    """

    roles: tuple[Role, ...]
    classes: tuple[bool, ...]
    missing: Missing = "leave out"


def findings(table: Table, state: State | None = None, targets: Sequence[str] = ()) -> list[Finding]:
    """Return what each column of a table holds and is proposed for, first by a network's own names.

    `targets` are the names of the chosen target columns. Raises FileError if there is no such column.
    """
    found = [_holds(table, column) for column in range(table.width)]
    if state is not None and (known := _by_name(found, table, state)):
        return known
    chosen = _chosen(table, targets)
    return _with_target([_with_role(each, table, place) for place, each in enumerate(found)], chosen)


def proposed(found: Sequence[Finding]) -> Choices:
    """Return the choices that the findings propose."""
    return Choices(tuple(each.role for each in found), tuple(each.classes for each in found))


def _holds(table: Table, column: int) -> Finding:
    numbers, missing = table.numbers(column), table.missing(column)
    strange = np.isnan(numbers) & ~missing
    count, first = int(strange.sum()), int(strange.argmax())
    there = numbers[~np.isnan(numbers)]
    is_number, distinct, is_dates = not count or len(there) > count, len(np.unique(there)), False
    if is_number and count > len(table) * MIXED and (texts := table.texts(column)):
        is_number = len({texts[row] for row in np.flatnonzero(strange).tolist()}) < MIXED_KINDS
    if not is_number and (texts := table.texts(column)):
        kinds = {text for text, gone in zip(texts, missing.tolist(), strict=True) if not gone}
        distinct, is_dates = len(kinds), all(map(is_date, kinds))
        is_number = is_like_a_number(texts[first], table.layout.decimal)
    return Finding(
        name=table.names[column] if table.names else "",
        is_number=is_number,
        distinct=distinct,
        missing=int(missing.sum()),
        first_missing=table.place(int(missing.argmax()), column) if missing.any() else "",
        fault=table.fault(first, column) if is_number and count else None,
        counts=len(numbers) > 1 and float(numbers[0]) in (0.0, 1.0) and _count_up(numbers),
        is_whole=is_number and bool((there == np.floor(there)).all()),
        is_date=is_dates,
        classes=not is_number,
    )


def _count_up(numbers: Array) -> bool:
    return bool(np.array_equal(numbers, numbers[0] + np.arange(len(numbers))))


def _with_role(found: Finding, table: Table, place: int) -> Finding:
    """Leave out what no network learns from."""
    name, rows = found.name.casefold().replace("_", " "), len(table)
    is_id = (
        (name in COUNTERS and table.names is not None) or name.endswith(" id") or found.name.endswith("Id")
    )
    if found.missing > rows / 2:
        return replace(found, role="left out", why=f"{found.missing:,} of {rows:,} cells are missing")
    if found.is_date:
        return replace(found, role="left out", why="it holds dates or times")
    if found.counts and (is_id or (place == 0 and rows >= MANY_ROWS and table.width > 2)):
        return replace(found, role="left out", why="it counts the rows")
    if is_id and rows >= MANY_ROWS and found.distinct == rows:
        return replace(found, role="left out", why="every row has one of its own")
    if not found.is_number and rows >= MANY_ROWS / 2 and found.distinct > rows / 2:
        return replace(found, role="left out", why="nearly every row has a text of its own")
    if not found.is_number and found.is_constant:
        return replace(found, role="left out", why="it is the same in every row")
    return found


def _with_target(found: list[Finding], chosen: list[int]) -> list[Finding]:
    """Propose the target: the `chosen` columns, else one with a target's name, the only texts, or the last.

    There is none if a column with a target's name has only one class.
    """
    names = [each.name.casefold() for each in found]
    called = {i: name for i, name in enumerate(names) if not found[i].is_date}
    own = [i for i, name in called.items() if name.startswith("target ")]
    own = own or [i for i, name in called.items() if name == "target"]
    if own:
        for i, name in enumerate(names):
            if name.partition(" ")[0] in WRITTEN:
                found[i] = replace(found[i], role="left out", why="nnviz has computed it")
    for i in chosen or own or _likely_targets(found, names):
        found[i] = replace(found[i], role="target", why="", classes=_are_classes(found[i], names[i]))
    return found


def _likely_targets(found: list[Finding], names: list[str]) -> list[int]:
    open_ = [i for i, each in enumerate(found) if each.role == "input"]
    named = sorted((i for i in open_ if names[i] in TARGETS), key=lambda i: TARGETS.index(names[i]))
    if named:
        return named[:1]
    if len(open_) < 2 or any(names[i] in TARGETS and each.is_constant for i, each in enumerate(found)):
        return []
    texts = [i for i in open_ if not found[i].is_number]
    return texts if len(texts) == 1 else open_[-1:]


def _chosen(table: Table, targets: Sequence[str]) -> list[int]:
    """Return the places of the columns with these names; without names, with these numbers from 1 on.

    Raises FileError, which suggests similar names, if there is no such column.
    """
    if table.names is None and targets:
        numbers = [str(i + 1) for i in range(table.width)]
        for name in targets:
            if name not in numbers:
                wish = f"give its number, from 1 to {table.width}"
                raise FileError(f"no line names the columns, and so none is called {quoted(name)}: {wish}")
        return [numbers.index(name) for name in dict.fromkeys(targets)]
    places: list[int] = []
    for name in targets:
        found = table.places([name])
        if found is None:
            names = [*map(str.strip, table.names or ())]
            close = difflib.get_close_matches(name, names, n=3)
            told = (
                "perhaps " + listed([*map(quoted, close)])
                if close
                else "the columns are " + listed(names, 10)
            )
            raise FileError(f"no column is called {quoted(name)}: {told}")
        places += found
    return [*dict.fromkeys(places)]


def _are_classes(found: Finding, name: str) -> bool:
    if not found.is_number:
        return True
    few = 3 <= found.distinct <= MOST_CLASSES
    return found.is_whole and few and name in CLASSES


def _by_name(found: list[Finding], table: Table, state: State) -> list[Finding]:
    """Return the roles that the network's own names say, or nothing where the table has them not."""
    try:
        where = placed(table, state)
    except FileError:
        return []
    if where.foreign or table.names is None:
        return []
    inputs, targets = state.columns.of_inputs, state.columns.of_targets
    roles: dict[int, tuple[Role, bool]] = {
        **{place: ("input", bool(own.values)) for place, own in zip(where.inputs, inputs, strict=True)},
        **{place: ("target", bool(own.values)) for place, own in zip(where.targets, targets, strict=False)},
    }
    return [
        replace(each, role=roles[i][0], classes=roles[i][1])
        if i in roles
        else replace(each, role="left out", why="no input and no output is called so")
        for i, each in enumerate(found)
    ]


def described(found: Finding) -> str:
    """Return what a column holds, in words: "number, 23 different values, 2 missing, the first in line 3"."""
    kind = "numbers" if found.is_number else "dates or times" if found.is_date else "texts"
    parts = [f"{kind}, {counted(found.distinct, 'different value')}"]
    if found.is_constant:
        parts = [f"{kind}, the same in every row" if found.distinct else "nothing"]
    if found.missing:
        parts.append(f"{found.missing:,} missing, the first in {found.first_missing}")
    if found.fault:
        parts.append(str(found.fault))
    return "; ".join(parts)


HALF = SHOWN // 2 - 2
"""Letters of either name where one is said to be taken as another."""


class Placed(NamedTuple):
    """Where in a table the columns of inputs and targets stand; no targets where there are none.

    `foreign` are the names of columns that are taken as they stand because none bears a name of the network:
    of an input by its number, of an output by its number behind those.
    """

    inputs: list[int]
    targets: list[int]
    foreign: dict[int, str]


def placed(table: Table, state: State) -> Placed:
    """Find the columns of raw rows by their names, and an output also as target; else as they stand.

    They stand as inputs, and then targets or none. Raises FileError for a table with others, and where some
    of the names are there and some are not.
    """
    network = state.network
    of_inputs, of_targets = _names(state.columns.of_inputs), _names(state.columns.of_targets)
    headers = ("target",) if len(network.outputs) == 1 else tuple(f"target {name}" for name in of_targets)
    known = (table.places(names) for names in (of_targets, headers))
    targets = next((places for places in known if places is not None), [])
    inputs = table.places(of_inputs)
    if inputs is not None:
        return Placed(inputs, targets, {})
    rest = [place for place in range(table.width) if place not in targets]
    width = len(of_inputs)
    if len(rest) not in ((width,) if targets else (width, width + len(of_targets))):
        found = f"or {width + len(of_targets)} with the targets, found {len(rest)}"
        if targets:
            found = f"found {len(rest)} beside the targets"
        raise FileError(f"expected {counted(width, 'column')}, one for each input, {found}", "line 1")
    names = {} if table.names is None else {i: table.names[place] for i, place in enumerate(rest)}
    return Placed(rest[:width], targets or rest[width:], names)


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def inputs_of(table: Table, where: Placed, state: State) -> Array:
    """Return the rows of a table as inputs, shape (rows, inputs). Raises FileError, with line and column."""
    return _nodes(table, where.inputs, state.columns.of_inputs, state.network.inputs)


def complete(table: Table, where: Placed, state: State) -> NDArray[np.bool_]:
    """Return which rows of a table have all inputs, shape (rows,); a known text such as "-" is there."""
    gone = np.zeros(len(table), dtype=np.bool_)
    for place, column in zip(where.inputs, state.columns.of_inputs, strict=True):
        gone |= table.missing(place, column.values)
    return ~gone


def targets_of(table: Table, where: Placed, state: State) -> Array | None:
    """Return the rows of a table as targets, shape (rows, outputs), or None. Raises FileError."""
    if not where.targets:
        return None
    return _nodes(table, where.targets, state.columns.of_targets, state.network.outputs)


def _nodes(table: Table, places: list[int], columns: Sequence[Column], nodes: tuple[str, ...]) -> Array:
    table.at([place for place, column in zip(places, columns, strict=True) if not column.values])
    parts = [table.encoded(column, place) for place, column in zip(places, columns, strict=True)]
    return in_order(columns, nodes, parts)


def in_their_order(foreign: Mapping[int, str], state: State) -> str:
    """Return a sentence that says as what the columns of foreign names are taken."""
    own = [*_names(state.columns.of_inputs), *_names(state.columns.of_targets)]
    pairs = [f"{shortened(name, HALF)} as {shortened(own[i], HALF)}" for i, name in foreign.items()]
    return f"the columns are taken in their order: {listed(pairs)}"


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
