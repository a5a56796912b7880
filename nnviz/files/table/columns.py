"""Columns of a table: contents, proposed roles, and the rows that nnviz makes from the columns.

All roles are proposals; `Choices` holds a person's decisions.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core import edits as networks
from nnviz.core.activations import Array
from nnviz.core.columns import Column, in_order
from nnviz.core.edits import mean_and_deviation
from nnviz.core.formula import CellError
from nnviz.core.numbers import NAME, SHORT_LETTERS, counted, free_name, full, list_text, quoted, shortened
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.table.reading import Table, is_date, is_like_a_number

Role: TypeAlias = Literal["input", "target", "left out"]
Missing: TypeAlias = Literal["leave out", "fill"]

TARGETS = ("target", "label", "survived", "species", "y", "outcome", "diagnosis", "variety", "class")
"""Frequent names of target columns. nnviz proposes the first of these names that the table contains."""
CLASSES = ("target", "label", "class", "species", "y", "digit", "category", "variety")
"""Names of target columns whose whole numbers are class labels."""
MOST_CLASSES = 20
"""nnviz proposes the whole numbers of a target column as classes if at most this many are different."""
MIXED, MIXED_KINDS = 0.1, 3
"""A column counts as texts if over MIXED of its cells are texts, with at least MIXED_KINDS different ones."""
COUNTERS = ("", "id", "index", "no", "nr", "row", "unnamed: 0")
WRITTEN = ("prediction", "predicted", "error")
"""First words in the names of computed columns; nnviz adds these columns when it saves rows."""
MANY_ROWS = 20
"""With fewer rows than this, a column of data can by chance look like a column of row numbers."""


@dataclass(frozen=True)
class Finding:
    """The contents and the proposed role of a column.

    ================== ====================================================================
    `name`             name of the column in the file, or ""
    `is_number`        whether the cells are numbers, except missing cells and a few texts
    `distinct`         number of different values, without missing cells
    `missing`          number of missing cells; `first_missing` is the place of the first missing cell
    `fault`            the error of the first text among numbers, or None
    `counts`           whether the numbers count the rows: 0, 1, 2, …
    `is_whole`         whether the numbers are whole
    `is_date`          whether all cells are dates or times, except missing cells
    `role`, `reason`   the proposed role, and the reason or ""
    `classes`          whether the values are proposed as classes (or categories), one node each
    ================== ====================================================================

    `is_number` is also true if the first text is a number in a wrong notation.
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
    reason: str = ""
    classes: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether the value is the same in every row."""
        return self.distinct < 2


@dataclass(frozen=True)
class Choices:
    """A person's choices for a table: the role of each column, and whether its values are classes.

    `missing` says whether to leave out rows with missing cells or to fill these cells. nnviz fills a column
    of numbers with their mean, and a column of texts with the most frequent text.
    """

    roles: tuple[Role, ...]
    classes: tuple[bool, ...]
    missing: Missing = "leave out"


def findings(table: Table, state: State | None = None, targets: Sequence[str] = ()) -> list[Finding]:
    """Return a Finding for each column. A table with the column names of `state` gets the roles in `state`.

    `targets` are the names of the chosen target columns. Raises FileError if a name is unknown.
    """
    columns = [_contents(table, column) for column in range(table.width)]
    if state is not None and (known := _by_name(columns, table, state)):
        return known
    chosen = _chosen_places(table, targets)
    return _with_target([_with_role(each, table, place) for place, each in enumerate(columns)], chosen)


def proposed_choices(columns: Sequence[Finding]) -> Choices:
    """Return the choices that the findings propose."""
    return Choices(tuple(each.role for each in columns), tuple(each.classes for each in columns))


def _contents(table: Table, column: int) -> Finding:
    numbers, missing = table.numbers(column), table.missing(column)
    is_text = np.isnan(numbers) & ~missing
    count, first = int(is_text.sum()), int(is_text.argmax())
    values = numbers[~np.isnan(numbers)]
    is_number, distinct, is_dates = not count or len(values) > count, len(np.unique(values)), False
    if is_number and count > len(table) * MIXED and (texts := table.texts(column)):
        is_number = len({texts[row] for row in np.flatnonzero(is_text).tolist()}) < MIXED_KINDS
    if not is_number and (texts := table.texts(column)):
        kinds = {text for text, is_missing in zip(texts, missing.tolist(), strict=True) if not is_missing}
        distinct, is_dates = len(kinds), all(map(is_date, kinds))
        is_number = is_like_a_number(texts[first], table.layout.decimal)
    starts_low = len(numbers) > 1 and float(numbers[0]) in (0.0, 1.0)
    return Finding(
        name=table.names[column] if table.names else "",
        is_number=is_number,
        distinct=distinct,
        missing=int(missing.sum()),
        first_missing=table.place(int(missing.argmax()), column) if missing.any() else "",
        fault=table.fault(first, column) if is_number and count else None,
        counts=starts_low and np.array_equal(numbers, numbers[0] + np.arange(len(numbers))),
        is_whole=is_number and bool((values == np.floor(values)).all()),
        is_date=is_dates,
        classes=not is_number,
    )


def _with_role(finding: Finding, table: Table, place: int) -> Finding:
    """Return the finding with the role "left out" if a network cannot learn from the column."""
    name, rows = finding.name.casefold().replace("_", " "), len(table)
    is_id = bool(table.names and name in COUNTERS) or name.endswith(" id") or finding.name.endswith("Id")
    is_first = place == 0 and rows >= MANY_ROWS and table.width > 2
    is_text = not finding.is_number
    reasons = {
        f"{finding.missing:,} of {rows:,} cells are missing": finding.missing > rows / 2,
        "the column has dates or times": finding.is_date,
        "the column only numbers the rows": finding.counts and (is_id or is_first),
        "every row has a different value": is_id and rows >= MANY_ROWS and finding.distinct == rows,
        "nearly every row has a different text": is_text and finding.distinct > rows / 2 >= MANY_ROWS / 4,
        "every row has the same value": is_text and finding.is_constant,
    }
    reason = next((text for text, applies in reasons.items() if applies), "")
    return replace(finding, role="left out", reason=reason) if reason else finding


def _with_target(columns: list[Finding], chosen: list[int]) -> list[Finding]:
    """Propose the targets: the `chosen` columns, else one by its name, the only column of texts, or the last.

    If a column with a target's name has the same value in every row, no column is proposed.
    """
    names = [each.name.casefold() for each in columns]
    usable = {i: name for i, name in enumerate(names) if not columns[i].is_date}
    own = [i for i, name in usable.items() if name.startswith("target ")]
    own = own or [i for i, name in usable.items() if name == "target"]
    if own:
        for i, name in enumerate(names):
            if name.partition(" ")[0] in WRITTEN:
                columns[i] = replace(columns[i], role="left out", reason="nnviz computed the column")
    for i in chosen or own or _likely_targets(columns, names):
        few = columns[i].is_whole and 3 <= columns[i].distinct <= MOST_CLASSES
        classes = not columns[i].is_number or (few and names[i] in CLASSES)
        columns[i] = replace(columns[i], role="target", reason="", classes=classes)
    return columns


def _likely_targets(columns: list[Finding], names: list[str]) -> list[int]:
    inputs = [i for i, each in enumerate(columns) if each.role == "input"]
    by_name = sorted((i for i in inputs if names[i] in TARGETS), key=lambda i: TARGETS.index(names[i]))
    if by_name:
        return by_name[:1]
    if len(inputs) < 2 or any(names[i] in TARGETS and each.is_constant for i, each in enumerate(columns)):
        return []
    texts = [i for i in inputs if not columns[i].is_number]
    return texts if len(texts) == 1 else inputs[-1:]


def _chosen_places(table: Table, targets: Sequence[str]) -> list[int]:
    """Return the indices of the columns with these names or, in a table without names, these numbers.

    Numbers count from 1. Raises FileError, which lists the names, for an unknown name.
    """
    numbers = tuple(str(i + 1) for i in range(table.width))
    named = replace(table, names=numbers) if table.names is None else table
    places: list[int] = []
    for name in targets:
        indices = named.places([name])
        if indices is None and table.names is None:
            advice = f"give the number of a column, from 1 to {table.width}, not {quoted(name)}"
            raise FileError(f"the table does not name its columns: {advice}")
        if indices is None:
            names = [*map(str.strip, table.names or ())]
            raise FileError(f"no column is called {quoted(name)}; the columns are {list_text(names, 10)}")
        places += indices
    return [*dict.fromkeys(places)]


def _by_name(columns: list[Finding], table: Table, state: State) -> list[Finding]:
    """Return roles by the names of the network's columns, or an empty list if the table has other names."""
    try:
        where = place_columns(table, state)
    except FileError:
        return []
    if where.foreign or table.names is None:
        return []
    known = [replace(each, role="left out", reason="no input or output has this name") for each in columns]
    for place, own in zip(where.inputs, state.columns.of_inputs, strict=True):
        known[place] = replace(columns[place], role="input", classes=bool(own.values))
    for place, own in zip(where.targets, state.columns.of_targets, strict=False):
        known[place] = replace(columns[place], role="target", classes=bool(own.values))
    return known


def describe(finding: Finding) -> str:
    """Return a description of a column: "numbers, 23 different values; 2 missing cells, the first in …"."""
    kind = "numbers" if finding.is_number else "dates or times" if finding.is_date else "texts"
    parts = [f"{kind}, {counted(finding.distinct, 'different value')}"]
    if finding.is_constant:
        parts = [f"{kind}, the same value in every row" if finding.distinct else "no values"]
    if finding.missing:
        parts.append(f"{counted(finding.missing, 'missing cell')}, the first in {finding.first_missing}")
    if finding.fault:
        parts.append(str(finding.fault))
    return "; ".join(parts)


HALF = SHORT_LETTERS // 2 - 2
"""Largest number of letters of each name in a message that pairs two names, as in "a as b"."""


class Placed(NamedTuple):
    """Indices of a table's columns for the network's inputs and targets.

    `targets` is empty if the table has no targets. `foreign` is empty if the table has the network's names.
    Otherwise, columns are matched by their order. `foreign` then maps an index among the network's columns
    (inputs before targets) to the matching column's name in the table.
    """

    inputs: list[int]
    targets: list[int]
    foreign: dict[int, str]


def place_columns(table: Table, state: State) -> Placed:
    """Find the columns of the network's inputs and targets in a table, by name or else by order.

    The only target column may also have the name "target". If the network has several outputs, the names of
    all target columns may begin with "target ". By order, inputs come first, then all targets or none.
    Raises FileError if the number of columns does not fit, or if the table has only some of the names.
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
        inputs_only, both = counted(width, "column"), width + len(of_targets)
        text = f"expected {inputs_only} of inputs, or {both} with the targets, found {table.width}"
        raise FileError(text, "line 1")
    names = {} if table.names is None else {i: table.names[place] for i, place in enumerate(rest)}
    return Placed(rest[:width], targets or rest[width:], names)


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def inputs_of(table: Table, where: Placed, state: State) -> Array:
    """Return the inputs of a table, shape (rows, inputs). Raises FileError, with line and column."""
    parts = _parts(table, where.inputs, state.columns.of_inputs)
    try:
        return state.columns.join(parts)
    except CellError as error:
        raise FileError(str(error), f"line {table.lines[error.row]}") from None


def complete_rows(table: Table, where: Placed, state: State) -> NDArray[np.bool_]:
    """Return a mask of the rows without missing inputs, shape (rows,). A class named "-" is not missing."""
    is_missing = np.zeros(len(table), dtype=np.bool_)
    for place, column in zip(where.inputs, state.columns.of_inputs, strict=True):
        is_missing |= table.missing(place, column.values)
    return ~is_missing


def targets_of(table: Table, where: Placed, state: State) -> Array | None:
    """Return the targets, shape (rows, outputs), or None if the table has no targets. Raises FileError."""
    if not where.targets:
        return None
    columns = state.columns.of_targets
    return in_order(columns, state.network.outputs, _parts(table, where.targets, columns))


def _parts(table: Table, places: list[int], columns: Sequence[Column]) -> list[Array]:
    table.columns_at([place for place, column in zip(places, columns, strict=True) if not column.values])
    return [table.encoded(column, place) for place, column in zip(places, columns, strict=True)]


def order_note(foreign: Mapping[int, str], state: State) -> str:
    """Return a sentence that pairs the table's columns with the network's columns, by their order."""
    own = [*_names(state.columns.of_inputs), *_names(state.columns.of_targets)]
    pairs = [f"{shortened(name, HALF)} as {shortened(own[i], HALF)}" for i, name in foreign.items()]
    return f"the columns are matched by their order, not by name: {list_text(pairs)}"


MOST_TEXTS = 1000
"""Largest number of different texts in a column of classes; each text becomes a node."""
MOST_LISTED = 6
_NO_NAME = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


@dataclass(frozen=True)
class Built:
    """Rows made from a table, the columns of these rows, and `notes` on how nnviz made the rows."""

    data: Dataset
    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    notes: tuple[str, ...]

    def network(self, seed: int = 0) -> State:
        """Return a State with a new network for these columns. Raises FileError.

        `seed` is the seed of the random weights.
        """
        if not self.targets:
            raise FileError(f"no column is left for the target; nnviz read {self.notes[0]}")
        with as_file_errors():
            return networks.network_for(self.inputs, self.targets, self.data, seed)

    def into(self, state: State) -> State:
        """Return `state` with these rows. Raises FileError unless they fit the network of `state`."""
        with as_file_errors():
            inputs, data = networks.with_computed(state, self.inputs, self.data)
        if not networks.fits(state, inputs, self.targets):
            needed = counted(len(state.columns.entered), "input")
            raise FileError(f"the network needs {needed} and {counted(state.network.sizes[-1], 'target')}")
        with as_file_errors():
            return networks.with_rows(state, inputs, self.targets, data)

    def rebuilt(self, state: State) -> State:
        """Return `state` with the first and last layers rebuilt for these columns. Raises FileError.

        There must be targets.
        """
        with as_file_errors():
            return networks.rebuild_ends(state, self.inputs, self.targets, self.data)


def build(table: Table, columns: Sequence[Finding], choices: Choices, state: State | None = None) -> Built:
    """Return the rows that a person's choices make from a table.

    A column that has the name of a column in `state` gets the scaling of that column, or the nodes of that
    column's texts. The other columns are paired by order if `state` has equally many. In a pair, a column of
    numbers gets the scaling of the column in `state`.
    Raises FileError for a text in a column of numbers, for too many texts, and if no column or row is left.
    An error about a cell names its line and column.
    """
    maker = _Maker(table, columns, choices, state)
    places, used = maker.places, [place for own in maker.places.values() for place in own]
    if not places["input"]:
        raise FileError(f"no column is left for the inputs; the table has {counted(table.width, 'column')}")
    for place in used:
        maker.check(place)
    table = maker.table = table.first(networks.most_rows(*(maker.nodes(own) for own in places.values())))
    is_missing = np.any([table.missing(place) for place in used], axis=0)
    notes = [f"nnviz uses only {table.size}"] if len(table) < table.rows_in_file else []
    if is_missing.any():
        notes.append(maker.note_on_missing(used, int(is_missing.sum())))
        if choices.missing == "leave out":
            maker.table = table.select(~is_missing)
    if not len(maker.table):
        raise FileError(f"no row is left: {notes[-1]}")
    made = [[maker.column(place, role) for place in own] for role, own in places.items()]
    inputs, targets = (tuple(column for column, _ in own) for own in made)
    if len(targets) > 1 and any(column.values for column in targets):
        raise FileError("choose one target column of classes, or only target columns of numbers")
    numbers = [np.hstack([values for _, values in own]) for own in made if own]
    with as_file_errors():
        data = Dataset(*numbers)
    return Built(data, inputs, targets, (maker.summary(len(data), inputs, targets), *notes))


class _Maker:
    """Maker of the columns and rows from one table."""

    def __init__(
        self, table: Table, columns: Sequence[Finding], choices: Choices, state: State | None
    ) -> None:
        self.table, self._columns, self._choices = table, columns, choices
        roles = ("input", "target")
        self.places = {role: [i for i, own in enumerate(choices.roles) if own == role] for role in roles}
        self._place_of_input = {place: k for k, place in enumerate(self.places["input"])}
        self._names: dict[str, int] = {}  # of columns
        self._nodes: dict[str, int] = {}
        self._known: dict[int, Column] = {}
        self._alike: dict[int, Column] = {}
        """The network's columns that match by order, not by name, by index of the table's column."""
        if state is not None:
            for role, own in (("input", state.columns.of_inputs), ("target", state.columns.of_targets)):
                self._match(own, {place: self.name(place, role) for place in self.places[role]})

    def _match(self, own: Sequence[Column], names: Mapping[int, str]) -> None:
        """Match a network's columns with the table's by name, ignoring case, and other columns by order."""
        by_name = {column.name.casefold(): column for column in own}
        by_name |= {column.name: column for column in own}
        matches = {place: by_name.get(name) or by_name.get(name.casefold()) for place, name in names.items()}
        self._known |= {place: column for place, column in matches.items() if column}
        taken = {column.nodes for column in matches.values() if column}
        others = [column for column in own if column.nodes not in taken]
        unknown = [place for place, column in matches.items() if not column]
        if len(others) == len(unknown):
            self._alike |= dict(zip(unknown, others, strict=True))

    def name(self, place: int, role: str = "") -> str:
        """Return the name of a column, or a default name for a column without a name."""
        name = _NO_NAME.sub(" ", self._columns[place].name).strip()
        if name:
            return shortened(name, NAME.limit)
        if role == "input":
            return f"input_{self._place_of_input[place]}"
        return "output" if role == "target" else f"column {place + 1}"

    def nodes(self, places: Sequence[int]) -> int:
        """Return the largest number of nodes that the columns with these indices can become."""
        return sum(self._columns[i].distinct if self._choices.classes[i] else 1 for i in places)

    def check(self, place: int) -> None:
        """Raise FileError if a column does not fit its chosen role."""
        finding, classes, name = self._columns[place], self._choices.classes[place], quoted(self.name(place))
        if not finding.distinct:
            raise FileError(f"the column {name} is empty: leave it out", finding.first_missing)
        if classes and finding.distinct > MOST_TEXTS:
            values = f"{finding.distinct:,} different values, but at most {MOST_TEXTS:,} can become nodes"
            raise FileError(f"{name} has {values}: leave the column out")
        if classes:
            return
        if finding.fault:
            raise finding.fault
        if not finding.is_number:
            is_text = np.isnan(self.table.numbers(place)) & ~self.table.missing(place)
            raise self.table.fault(int(is_text.argmax()), place)

    def column(self, place: int, role: str) -> tuple[Column, Array]:
        """Return a column and its values, shape (rows, nodes); reserve names for the column and its nodes."""
        name, table, classes = self.name(place, role), self.table, self._choices.classes[place]
        known = self._known.get(place)
        if known and (bool(known.values) != classes or self._nodes.keys() & {*known.nodes}):
            known = None
        if known:
            self._nodes.update(dict.fromkeys(known.nodes, 1))
        else:
            name = _unique(name, self._names)
        missing = table.missing(place)
        if missing.all():
            raise FileError(f"the column {quoted(name)} is empty in {table.size}: leave it out")
        if not classes:
            numbers = table.numbers(place)
            if missing.any():
                mean = mean_and_deviation(numbers[~missing][None])[0]
                numbers = np.where(missing, mean, numbers)
            model = self._alike.get(place)
            scaling = (model.mean, model.deviation) if model else ()
            column = known or Column(name, (_unique(name, self._nodes),), (), *scaling)
            return column, column.standardised(numbers)[:, None]
        cells = self._cells(place, missing)
        if known:
            try:
                return known, known.encoded(cells)
            except CellError as error:
                raise FileError(str(error), table.place(error.row, place)) from None
        values = sorted(set(cells), key=_order)
        if len(longest := max(values, key=len)) > NAME.limit:
            text = f"expected at most {NAME.limit} letters, found {len(longest)}"
            raise FileError(text, table.place(cells.index(longest), place))
        nodes = [_unique(value if role == "target" else f"{name}={value}", self._nodes) for value in values]
        with as_file_errors():
            column = Column(name, tuple(nodes), tuple(values))
        return column, column.encoded(cells)

    def _cells(self, place: int, missing: NDArray[np.bool_]) -> list[str]:
        """Return the cells of a column, with the most frequent cell in place of missing ones."""
        cells = self.table.texts(place) or [*map(full, self.table.numbers(place).tolist())]
        if not missing.any():
            return cells
        kinds = Counter(compress(cells, ~missing))
        most = min(kinds, key=lambda cell: (-kinds[cell], cell))
        return [most if is_missing else cell for cell, is_missing in zip(cells, missing, strict=True)]

    def note_on_missing(self, used: list[int], rows: int) -> str:
        """Return a sentence on how missing cells were treated, with the place of the first missing cell.

        `used` holds the indices of the columns in use. `rows` is the number of rows with missing cells.
        """
        missing = {place: self.table.missing(place) for place in used}
        holes = [place for place, own in missing.items() if own.any()]
        first = self.table.place(*min((int(missing[place].argmax()), place) for place in holes))
        if self._choices.missing == "leave out":
            return f"nnviz left out {counted(rows, 'row')} with missing cells, the first in {first}"
        cells = counted(sum(int(missing[place].sum()) for place in holes), "missing cell")
        names = list_text([self.name(place) for place in holes])
        how = "with the column's mean (numbers) or most frequent value (classes)"
        return f"nnviz filled {cells} of {names} {how}; the first was in {first}"

    def summary(self, rows: int, inputs: Sequence[Column], targets: Sequence[Column]) -> str:
        """Return the number of rows and the columns of each role, in words."""
        names = list_text([_in_words(each) for each in inputs], MOST_LISTED)
        parts = [counted(rows, "row"), f"inputs {names}"]
        if targets:
            parts.append(f"target {list_text([_in_words(each) for each in targets])}")
        left = [i for i, role in enumerate(self._choices.roles) if role == "left out"]
        if left:
            pairs = [(self.name(i), self._columns[i].reason) for i in left]
            parts.append(f"left out {list_text([f'{name} ({why})' if why else name for name, why in pairs])}")
        return "; ".join(parts)


def _in_words(column: Column) -> str:
    """Return "species (3: setosa, versicolor and virginica)", or the name of a column of numbers."""
    if not column.values:
        return column.name
    return f"{shortened(column.name, 40)} ({len(column.values)}: {list_text(column.values)})"


def _order(text: str) -> tuple[float, str]:
    """Return a sort key: numbers by size, then texts in alphabetical order."""
    try:
        return float(text), text
    except ValueError:
        return float("inf"), text


def _unique(wanted: str, taken: dict[str, int]) -> str:
    """Return and reserve the `wanted` name, shortened if too long, with a number if the name is taken."""
    return free_name(shortened(_NO_NAME.sub(" ", wanted).strip() or "column", NAME.limit), taken)


What: TypeAlias = Literal["rows", "network", "ends"]


@dataclass
class Uses:
    """Ways to use a table: in the open network, with its first and last layers replaced, or in a new network.

    ========== ==========================================================
    `built`    the rows, the columns, and notes on both
    `states`   the State of each possible way; the first way is proposed
    `reasons`  for each impossible way, a sentence with the reason
    ========== ==========================================================
    """

    built: Built
    states: dict[What, State] = field(default_factory=dict)
    reasons: dict[What, str] = field(default_factory=dict)

    def attempt(self, what: What, make: Callable[[], State]) -> None:
        """Add the State that `make` returns for the way `what`, or the reason why `make` fails."""
        try:
            self.states[what] = make()
        except (FileError, ValueError) as error:
            self.reasons[what] = capitalised(error)

    @property
    def problem(self) -> str:
        """Sentence that says why the table cannot be used at all, or ""."""
        if self.states:
            return ""
        if not self.built.targets:
            return "No column is a target. Choose a target, or as many inputs as the network has."
        return self.reasons["network"]

    @property
    def keeps_standardised(self) -> bool:
        """Whether the rows are standardised with the means and standard deviations of the open network."""
        columns = self.states["rows"].columns if "rows" in self.states else ()
        return not all(column.values or column.is_plain for column in columns)


def table_uses(table: Table, columns: Sequence[Finding], choices: Choices, state: State) -> Uses:
    """Return the ways to use a table with a person's choices. Raises FileError if no row can be made."""
    ways = Uses(build(table, columns, choices))

    def rows() -> State:
        built = build(table, columns, choices, state) if state.columns else ways.built
        return built.into(state)

    ways.attempt("rows", rows)
    if ways.built.targets:
        ways.attempt("network", ways.built.network)
        ways.attempt("ends", lambda: ways.built.rebuilt(state))
    else:
        ways.reasons |= dict.fromkeys(("network", "ends"), "Choose a target column first")
    return ways


def capitalised(error: Exception) -> str:
    """Return the message of an error, beginning with a capital letter."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}"
