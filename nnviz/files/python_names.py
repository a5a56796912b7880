"""What the names of a Python text hold: literals, and what is put into a place in them. No code is run.

Where a name is assigned anew by what is not a literal, it holds what it held before, and the line is known.
Whatever else changes a literal is a fault of the name, so that nobody takes it for what the text comes to.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from nnviz.core.names import SHOWN, shortened
from nnviz.files.errors import FileError
from nnviz.files.python_text import ArrayList, Statement, is_literal, plain, value_of

_CHANGING = {"append", "clear", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize"}
_CHANGING |= {"reverse", "setdefault", "sort", "update"}
"""The methods of dictionaries, lists and arrays that change them."""
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


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
    calls = [node for each in body for node in ast.walk(each.statement) if isinstance(node, ast.Call)]
    for each in body:
        names.take_functions(each, calls)
    return names.assigned


class _Place(NamedTuple):
    """A literal, that of a name of which it is a part, and the array that it is or is in."""

    whole: ast.expr
    node: ast.expr
    array: ArrayList | None


class _Change(NamedTuple):
    """A part of the text that changes what `name` holds, or assigns the name itself."""

    name: str
    node: ast.expr
    is_name: bool


class _Names:
    """What the names hold, statement by statement."""

    def __init__(self) -> None:
        self.assigned: dict[str, Assigned] = {}
        self._places: dict[str, _Place] = {}

    def take(self, each: Statement) -> None:
        """Take in what a statement assigns and changes, functions left out."""
        targets, value = _assignment(each.statement)
        if value is None:
            taken: set[ast.expr] = set(targets)
        else:
            place, value = self._place(value), plain(value)
            taken = {target for target in targets if self._is_taken(target, value, each)}
        for change in _changes([each.statement]):
            if change.node not in taken:
                self._change(change, each)
        for target in targets:
            if value and place and isinstance(target, ast.Name):  # another name of the same
                self._places[target.id] = place

    def take_functions(self, each: Statement, calls: list[ast.Call]) -> None:
        """Take in what functions change, but for what is their own.

        A parameter is, unless one of `calls` gives the function what is called so.
        """
        for function in ast.walk(each.statement):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                own = _own(function, calls)
                for change in _changes(function.body):
                    if change.name not in own:
                        self._change(change, each)

    def _is_taken(self, target: ast.expr, value: ast.expr, each: Statement) -> bool:
        """Take in the assignment of `value` where that is plain; tell whether it is."""
        if isinstance(target, ast.Subscript):
            return is_literal(value) and self._is_put(target, value)
        if not isinstance(target, ast.Name):
            return False
        if is_literal(value):
            self._places[target.id] = _Place(value, value, _array(value))
        elif target.id in self.assigned:
            return False
        self.assigned[target.id] = Assigned(target.id, value, each)
        return True

    def _is_put(self, target: ast.Subscript, value: ast.expr) -> bool:
        """Put `value` into the place of an item; tell whether it is certain what comes of that."""
        place = self._place(target.value)
        if place is None or not is_literal(target.slice):
            return False
        node, index = place.node, value_of(target.slice)
        if isinstance(node, ast.Dict) and isinstance(index, str):
            at = _keys(node).index(index) if index in _keys(node) else len(node.keys)
            node.keys[at : at + 1], node.values[at : at + 1] = [target.slice], [value]
            return True
        item = self._place(target)
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
            place = _item(place, value_of(key)) if place and is_literal(key) else None
        return place

    def _change(self, change: _Change, each: Statement) -> None:
        """Take note of a change that code makes which is not run."""
        line = each.line_of(change.node)
        if change.is_name:
            self._places.pop(change.name, None)
            if change.name in self.assigned:
                own = self.assigned[change.name]
                own.anew = own.anew or line
        elif place := self._places.get(change.name):
            for own in self.assigned.values():
                if own.node is place.whole and not own.fault:
                    what = f"this changes {shortened(own.name, SHOWN)} and cannot be taken"
                    own.fault = FileError(f"{what}: code is read, not run", line)


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


def _keys(node: ast.Dict) -> list[Any]:
    return [key.value if isinstance(key, ast.Constant) else None for key in node.keys]


def _array(node: ast.expr) -> ArrayList | None:
    return node if isinstance(node, ArrayList) else None


def _item(whole: _Place, index: Any) -> _Place | None:
    """Return the place of an item, or None where there is none."""
    node, found = whole.node, None
    if isinstance(node, ast.Dict) and isinstance(index, str):
        found = dict(zip(_keys(node), node.values, strict=True)).get(index)
    elif isinstance(node, ast.List) and type(index) is int and -len(node.elts) <= index < len(node.elts):
        found = node.elts[index]
    return found and _Place(whole.whole, found, whole.array or _array(found))


def _fits(value: ast.expr, item: _Place) -> bool:
    """Tell whether an item becomes just that `value`: an array turns it into numbers of its own kind."""
    if item.array is None:
        return True
    old, new = value_of(item.node), value_of(value)
    if not (isinstance(old, int | float) and isinstance(new, int | float)):
        return False
    kinds = {type(part.value) for part in ast.walk(item.array) if isinstance(part, ast.Constant)}
    return float in kinds or isinstance(new, int)


def _own(function: ast.FunctionDef | ast.AsyncFunctionDef, calls: list[ast.Call]) -> set[str]:
    """Return the names that are a function's own: parameters, but those given alike, and variables."""
    of_it = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == function.name)
    given = {arg.id for call in of_it for arg in call.args if isinstance(arg, ast.Name)}
    parameters = {arg.arg for arg in (*function.args.posonlyargs, *function.args.args)}
    shared = {name for node in ast.walk(function) if isinstance(node, ast.Global) for name in node.names}
    variables = {change.name for change in _changes(function.body) if change.is_name}
    return (parameters - given) | (variables - shared)


def _changes(body: list[ast.stmt]) -> Iterator[_Change]:
    """Yield what statements change, in their order, the functions and classes in them left out."""
    waiting: list[ast.AST] = [*reversed(body)]
    passing: set[ast.AST] = set()  # the names that a comprehension has for itself
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            continue
        for part in ast.iter_child_nodes(node):
            if isinstance(part, ast.comprehension):
                passing.update(ast.walk(part.target))
        waiting += list(ast.iter_child_nodes(node))[::-1]
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node not in passing:
            yield _Change(node.id, node, is_name=True)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield _Change(_root(node), node, is_name=False)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr not in _CHANGING:
                continue
            yield _Change(_root(node.func), node, is_name=False)


def _root(node: ast.expr) -> str:
    """Return the name of what a part is of: `weights` of `weights['output'][0]`, or ""."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
