"""What the columns of a table hold, and which role each may have: input, target, or none.

All of it is a proposal; `Choices` says what a person makes of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.names import listed, quoted
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.table.cells import is_date, is_like_a_number
from nnviz.files.table.placing import placed
from nnviz.files.table.table import Table

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
