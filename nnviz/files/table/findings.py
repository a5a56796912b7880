"""What the columns of a table hold, and which role each may have: input, target, or none.

All of it is a proposal; `Choices` says what a person makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.table.cells import is_like_a_number
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


def findings(table: Table, state: State | None = None) -> list[Finding]:
    """Return what each column of a table holds and is proposed for, first by a network's own names."""
    found = [_holds(table, column) for column in range(table.width)]
    if state is not None and (known := _by_name(found, table, state)):
        return known
    return _with_target([_with_role(each, table, place) for place, each in enumerate(found)])


def proposed(found: Sequence[Finding]) -> Choices:
    """Return the choices that the findings propose."""
    return Choices(tuple(each.role for each in found), tuple(each.classes for each in found))


def _holds(table: Table, column: int) -> Finding:
    numbers, missing = table.numbers(column), table.missing(column)
    strange = np.isnan(numbers) & ~missing
    count, first = int(strange.sum()), int(strange.argmax())
    there = numbers[~np.isnan(numbers)]
    is_number, distinct = not count or len(there) > count, len(np.unique(there))
    if is_number and count > len(table) * MIXED and (texts := table.texts(column)):
        is_number = len({texts[row] for row in np.flatnonzero(strange).tolist()}) < MIXED_KINDS
    if not is_number and (texts := table.texts(column)):
        distinct = len({text for text, gone in zip(texts, missing.tolist(), strict=True) if not gone})
        is_number = is_like_a_number(texts[first], table.layout.decimal or ".")
    return Finding(
        name=table.names[column] if table.names else "",
        is_number=is_number,
        distinct=distinct,
        missing=int(missing.sum()),
        first_missing=table.place(int(missing.argmax()), column) if missing.any() else "",
        fault=table.fault(first, column) if is_number and count else None,
        counts=len(numbers) > 1 and float(numbers[0]) in (0.0, 1.0) and _count_up(numbers),
        is_whole=is_number and bool((there == np.floor(there)).all()),
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
    if found.counts and (is_id or (place == 0 and rows >= MANY_ROWS and table.width > 2)):
        return replace(found, role="left out", why="it counts the rows")
    if is_id and rows >= MANY_ROWS and found.distinct == rows:
        return replace(found, role="left out", why="every row has one of its own")
    if not found.is_number and rows >= MANY_ROWS / 2 and found.distinct > rows / 2:
        return replace(found, role="left out", why="nearly every row has a text of its own")
    if not found.is_number and found.is_constant:
        return replace(found, role="left out", why="it is the same in every row")
    return found


def _with_target(found: list[Finding]) -> list[Finding]:
    """Propose the target: a column that is called so, or the last one; none where that is of one class."""
    names = [each.name.casefold() for each in found]
    if targets := [i for i, name in enumerate(names) if name.startswith("target ")] or [
        i for i, name in enumerate(names) if name == "target"
    ]:
        for i, name in enumerate(names):
            if name.partition(" ")[0] in WRITTEN:
                found[i] = replace(found[i], role="left out", why="nnviz has computed it")
    else:
        open_ = [i for i, each in enumerate(found) if each.role == "input"]
        named = sorted((i for i in open_ if names[i] in TARGETS), key=lambda i: TARGETS.index(names[i]))
        one_class = [i for i, each in enumerate(found) if names[i] in TARGETS and each.is_constant]
        targets = named[:1] or ([] if one_class else open_[1:][-1:])
    for i in targets:
        found[i] = replace(found[i], role="target", why="", classes=_are_classes(found[i], names[i]))
    return found


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
    kind = "numbers" if found.is_number else "texts"
    parts = [f"{kind}, {counted(found.distinct, 'different value')}"]
    if found.is_constant:
        parts = [f"{kind}, the same in every row" if found.distinct else "nothing"]
    if found.missing:
        parts.append(f"{found.missing:,} missing, the first in {found.first_missing}")
    if found.fault:
        parts.append(str(found.fault))
    return "; ".join(parts)
