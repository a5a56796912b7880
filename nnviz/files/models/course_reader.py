"""What the names of a Python text hold: literals, and what is put into a place in them. No code is run.

Where a name is assigned anew by what is not a literal, it holds what it held before, and the line is known.
Whatever else changes a literal is a fault of the name, so that nobody takes it for what the text comes to.
"""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from nnviz.core.names import SHOWN, shortened
from nnviz.files.course import python_changes
from nnviz.files.course.python_changes import Change
from nnviz.files.course.python_text import ArrayList, Statement, is_literal, plain, value_of, walk
from nnviz.files.errors import FileError

_SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr
"""The statements that have no others in them."""
_FIXED = ast.Constant | ast.Tuple | ast.Set | ast.UnaryOp | ast.BinOp
"""Of a literal, or of a part of one, numbers and texts, or what is too long to be looked at again."""


@dataclass
class Assigned:
    """What a name is assigned: the expression, and its statement.

    `anew` is the line of code, which is not run, that assigns it something else, or ""; `fault` says what
    else changes it.
    """

    name: str
    node: ast.expr
    within: Statement
    anew: str = ""
    fault: FileError | None = None

    @property
    def line(self) -> str:
        """Where it is assigned: "line 7"."""
        return self.within.line_of(self.within.statement)

    def stands_there(self) -> bool:
        """Tell whether the value stands in the text, and nothing else becomes of it."""
        return not self.anew and self.fault is None and is_literal(self.node)

    def value(self) -> Any:
        """Return the value. Raises FileError where it does not stand in the text."""
        if self.fault:
            raise self.fault
        try:
            return value_of(self.node)
        except (ValueError, TypeError):
            what = "has to stand there as numbers: nothing is computed"
            raise FileError(f"{shortened(self.name, SHOWN)} {what}", self.line) from None


def assigned(body: list[Statement]) -> dict[str, Assigned]:
    """Return what the names hold that statements assign at the top level of a text, by name."""
    names = _Names()
    for each in body:
        names.take(each)
    names.take_functions(body)
    for own in names.assigned.values():
        if line := names.changed.get(own.node):
            what = f"this changes {shortened(own.name, SHOWN)} and cannot be taken"
            own.fault = FileError(f"{what}: code is read, not run", line)
    return names.assigned


class _Place(NamedTuple):
    """A literal, that of a name of which it is a part, and the array that it is or is in."""

    whole: ast.expr
    node: ast.expr
    array: ArrayList | None

    @property
    def can_change(self) -> bool:
        """Whether it is no number or text."""
        if isinstance(self.node, _FIXED):
            return False
        return isinstance(self.node, ast.Dict | ast.List) or not is_literal(self.node)


class _Names:
    """What the names hold, statement by statement."""

    def __init__(self) -> None:
        self.assigned: dict[str, Assigned] = {}
        self.changed: dict[ast.expr, str] = {}
        """Where a literal is changed first by what cannot be taken."""
        self._places: MutableMapping[str, _Place | None] = {}
        self._shared: set[ast.expr] = set()  # literals that got several names at once
        self._keys: dict[ast.Dict, dict[Any, int]] = {}
        """Of the dictionaries that were looked into, where the values of the keys are."""

    def take(self, each: Statement) -> None:
        """Take in what a statement assigns and changes, functions left out."""
        targets, value = _assignment(each.statement)
        literal = False
        if value is None:
            taken: set[ast.expr] = set(targets)
        else:
            place, value = self._place(value) or self._view(value), plain(value)
            literal = is_literal(value)
            self._shared.update([value] if len(targets) > 1 else [])
            names = [target for target in targets if isinstance(target, ast.Name)]
            taken = {name for name in names if self._is_assigned(name.id, value, each, literal=literal)}
            if literal and len(targets) == 1 and isinstance(targets[0], ast.Subscript):
                taken.update(targets if self._is_put(targets[0], value) else [])
        whole = literal and isinstance(each.statement, ast.Assign) and taken.issuperset(targets)
        for change in () if whole else python_changes.changes([each.statement]):
            if change.node not in taken:
                self._change(change, each)
        for target in targets:
            if value and place and place.can_change and isinstance(target, ast.Name):  # another name of it
                self._places[target.id] = place

    def take_functions(self, body: list[Statement]) -> None:
        """Take in what functions change of what is not their own, or is given to them."""
        changed: dict[tuple[str, int | str], str] = {}  # the line, by function and parameter
        for each in body:
            for function in () if isinstance(each.statement, _SIMPLE) else walk(each.statement):
                if isinstance(function, python_changes.Function):
                    for place, (name, node) in enumerate(self._take_function(function, each).items()):
                        if line := self.changed.get(node):
                            changed.setdefault((function.name, place), line)
                            changed.setdefault((function.name, name), line)
        for called, parameter, value in python_changes.given(body) if changed else ():
            if line := changed.get((called, parameter)):
                given = self._place(value) or self._view(value)
                if given and given.can_change and not isinstance(given.node, ast.Call):  # a copy
                    self.changed.setdefault(given.whole, line)

    def _take_function(self, function: python_changes.Function, each: Statement) -> dict[str, ast.expr]:
        """Take in what a function changes; return what stands for the values that it is given, by name."""
        given: dict[str, ast.expr] = {name: ast.Name(name) for name in python_changes.parameters(function)}
        variables, around = python_changes.variables(function), self._places
        own = {name: _Place(node, node, None) for name, node in given.items()}
        self._places = ChainMap({**dict.fromkeys(variables), **own}, around)
        for change in python_changes.changes(function.body):
            self._change(change, each, is_own=change.name in given or change.name in variables)
        self._places = around
        return given

    def _is_assigned(self, name: str, value: ast.expr, each: Statement, *, literal: bool) -> bool:
        """Let a name hold a value, if that is a literal, or its first; tell whether it does."""
        if literal:
            self._places[name] = _Place(value, value, _array(value))
        elif name in self.assigned:
            return False
        self.assigned[name] = Assigned(name, value, each)
        return True

    def _is_put(self, target: ast.Subscript, value: ast.expr) -> bool:
        """Put a literal into the place of an item; tell whether it is certain what comes of that."""
        place = self._place(target.value)
        if place is None or not is_literal(target.slice):
            return False
        node, index = place.node, value_of(target.slice)
        if isinstance(node, ast.Dict) and isinstance(index, str):
            at = self._places_in(node).setdefault(index, len(node.keys))
            node.keys[at : at + 1], node.values[at : at + 1] = [target.slice], [value]
            return True
        item = self._item(place, index)
        if item is None or not isinstance(node, ast.List) or not _fits(value, item):
            return False
        node.elts[index] = value
        return True

    def _place(self, node: ast.expr) -> _Place | None:
        """Return the place of a literal that `weights['output'][0]` or the like stands for, or None."""
        keys = []
        while isinstance(node, ast.Subscript):
            keys.append(node.slice)
            node = node.value
        place = self._places.get(node.id) if isinstance(node, ast.Name) else None
        for key in reversed(keys):
            place = self._item(place, value_of(key)) if place and is_literal(key) else None
        return place

    def _view(self, node: ast.expr) -> _Place | None:
        """Return as what `weights['output'][:]` and the like are known, by which the whole may be changed."""
        copied = isinstance(node, ast.Call) and python_changes.copied(node)
        root = self._places.get(python_changes.root(copied or node))
        return None if root is None or (copied and root.array) else _Place(root.whole, node, None)

    def _item(self, whole: _Place, index: Any) -> _Place | None:
        """Return the place of an item, or None where there is none."""
        node, found = whole.node, None
        if isinstance(node, ast.Dict) and isinstance(index, str):
            at = self._places_in(node).get(index)
            found = None if at is None else node.values[at]
        elif isinstance(node, ast.List) and type(index) is int and -len(node.elts) <= index < len(node.elts):
            found = node.elts[index]
        return None if found is None else _Place(whole.whole, found, whole.array or _array(found))

    def _places_in(self, node: ast.Dict) -> dict[Any, int]:
        if node not in self._keys:
            keys = enumerate(node.keys)
            self._keys[node] = {key.value: at for at, key in keys if isinstance(key, ast.Constant)}
        return self._keys[node]

    def _change(self, change: Change, each: Statement, *, is_own: bool = False) -> None:
        """Take note of a change that code makes which is not run; a function's own names are no others."""
        line, own = each.line_of(change.node), None if is_own else self.assigned.get(change.name)
        place = self._places.get(change.name)
        if place and not (isinstance(place.node, ast.Call) and change.depth < 2):  # a copy has the same lists
            elsewhere = own is None or own.node is not place.whole or place.whole in self._shared
            if not change.is_name or (change.in_place and elsewhere):
                self.changed.setdefault(place.whole, line)
        if change.is_name:
            self._places[change.name] = self._source(change)
            if own:
                own.anew = own.anew or line

    def _source(self, change: Change) -> _Place | None:
        """Return the place that a name stands for which code assigns that is not run, or None."""
        node = change.source
        if node is None:
            return None
        if change.loops:
            over = python_changes.looped(node)
            place = self._place(over)
            keys = over is node and place is not None and isinstance(place.node, ast.Dict)
            return None if keys else _some_item(place, change)
        place = self._place(node)
        if place is None and isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            whole = self._place(node.value)
            return _some_item(whole, change) if whole else self._view(node)
        place = place or self._view(node)
        return place if place and place.can_change else None


def _some_item(whole: _Place | None, change: Change) -> _Place | None:
    """Return as what an item is known of which nobody can tell the place; None where items are numbers."""
    items: list[ast.expr] = []
    if whole and isinstance(whole.node, ast.Dict | ast.List):
        items = whole.node.elts if isinstance(whole.node, ast.List) else whole.node.values
    can_change = whole and items and _Place(whole.whole, items[0], None).can_change
    return _Place(whole.whole, change.node, None) if whole and can_change else None


def _assignment(statement: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    """Return what a statement assigns to, and the value; None for one that says a type alone.

    A dictionary by itself gets a name too.
    """
    if isinstance(statement, ast.Assign):
        return statement.targets, statement.value
    if isinstance(statement, ast.AnnAssign):
        return [statement.target], statement.value
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Dict):
        return [ast.Name("the dictionary", ast.Store())], statement.value
    return [], None


def _array(node: ast.expr) -> ArrayList | None:
    return node if isinstance(node, ArrayList) else None


def _fits(value: ast.expr, item: _Place) -> bool:
    """Tell whether an item becomes just that `value`: an array turns it into numbers of its own kind."""
    if item.array is None:
        return True
    old, new = value_of(item.node), value_of(value)
    if not (isinstance(old, int | float) and isinstance(new, int | float)):
        return False
    return isinstance(new, int) or not item.array.whole
