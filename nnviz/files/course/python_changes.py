"""What the statements of a Python text change, of what they do not assign plainly. No code is run.

What a library's function changes, such as `np.copyto`, or a method of a class of one's own, is not seen.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from nnviz.files.course.python_text import LEAVES, Statement, walk

_CHANGING = {"append", "clear", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize"}
_CHANGING |= {"reverse", "setdefault", "sort", "update"}
"""The methods of dictionaries, lists and arrays that change them."""
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Change(NamedTuple):
    """A part of the text that changes what `name` holds, or assigns the name itself, `in_place` by `+=`.

    A name that is assigned plainly may be another name of its `source`, that of a loop of an item of it.
    """

    name: str
    node: ast.expr
    is_name: bool
    in_place: bool = False
    source: ast.expr | None = None
    loops: bool = False

    @property
    def depth(self) -> int:
        """How many steps it is from the name into what is changed."""
        steps, node = 0, self.node.func if isinstance(self.node, ast.Call) else self.node
        while isinstance(node, ast.Subscript | ast.Attribute):
            steps, node = steps + 1, node.value
        return steps + self.in_place


def given(body: list[Statement]) -> Iterator[tuple[str, int | str, ast.expr]]:
    """Yield what functions are given: a function's name, the place or name of a parameter, and the value."""
    for each in body:
        for node in walk(each.statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield from ((node.func.id, place, value) for place, value in enumerate(node.args))
                yield from ((node.func.id, own.arg, own.value) for own in node.keywords if own.arg)


def parameters(function: Function) -> list[str]:
    """Return the names of what a function is given, in their order."""
    given = function.args
    return [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def variables(function: Function) -> set[str]:
    """Return the names that are assigned within a function alone."""
    shared = {name for node in walk(function) if isinstance(node, ast.Global) for name in node.names}
    return {change.name for change in changes(function.body) if change.is_name} - shared


def changes(body: list[ast.stmt]) -> Iterator[Change]:
    """Yield what statements change, in their order, the functions and classes in them left out."""
    waiting: list[ast.AST] = [*reversed(body)]
    passing: set[ast.AST] = set()  # the names that a comprehension has for itself, and what was told of
    sources: dict[ast.AST, ast.expr] = {}
    loops: dict[ast.AST, ast.expr] = {}
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            continue
        parts = [] if isinstance(node, LEAVES) else list(ast.iter_child_nodes(node))
        for part in parts:
            if isinstance(part, ast.comprehension):
                passing.update(ast.walk(part.target))
        waiting += reversed(parts)
        if isinstance(node, ast.Assign):
            sources.update(dict.fromkeys(node.targets, node.value))
        elif isinstance(node, ast.For):
            loops.update(dict.fromkeys(ast.walk(node.target), node.iter))
        if isinstance(node, ast.AugAssign):
            passing.add(node.target)
            yield Change(root(node.target), node.target, isinstance(node.target, ast.Name), in_place=True)
        elif node in passing:
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            source = sources.get(node) or loops.get(node)
            yield Change(node.id, node, is_name=True, source=source, loops=node in loops)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield Change(root(node), node, is_name=False)
        elif isinstance(node, ast.Call) and _is_changing(node.func):
            yield Change(root(node.func), node, is_name=False)


def _is_changing(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in _CHANGING


def root(node: ast.expr) -> str:
    """Return the name of what a part is of: `weights` of `weights['output'][0]`, or ""."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def copied(call: ast.Call) -> ast.expr | None:
    """Return of what a call such as `weights.copy()` or `dict(weights)` makes a copy, or None."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "copy":
        return call.args[0] if call.args else call.func.value
    makes = isinstance(call.func, ast.Name) and call.func.id in {"dict", "list"}
    return call.args[0] if makes and call.args else None


def looped(node: ast.expr) -> ast.expr:
    """Return what a loop goes over: `weights` of `weights.items()` too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr in {"items", "values"} else node
    return node
