"""Reader of Python text: the literals that names hold, found without running any code.

A name that is assigned something other than a literal keeps its earlier value, and the line is reported. Any
other change of a literal is an error of that name. Changes made inside a library function, such as
`np.copyto`, or by methods of the file's own classes are not seen.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import ChainMap, deque
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from nnviz.core.numbers import DIGITS, LITERAL, SHOWN, shortened
from nnviz.files.errors import FileError

_TOO_LONG = re.compile(rf"(?<![\w.])\d{{{DIGITS.most + 1},}}(?![\w.])")
_NUMPY = ("", "np.", "numpy.")
_ARRAYS = {f"{place}array" for place in _NUMPY}
_FLOATS = {f"{place}float64" for place in _NUMPY}
LEAVES = ast.Name | ast.Constant | ast.expr_context
"""The nodes that have no others in them, but for whether a name is read or assigned; most nodes are such."""
_DEEP = FileError("the brackets are nested too deeply")


class Statement(NamedTuple):
    """A statement of a text, and the line before its first; lines count from 1."""

    statement: ast.stmt
    before: int

    def line_of(self, node: ast.expr | ast.stmt) -> str:
        """Return "line 7", where a part of the statement begins."""
        return f"line {self.before + node.lineno}"


def statements(text: str) -> list[Statement]:
    """Return the statements of a text but its imports; at least one. Raises FileError."""
    if len(text) > LITERAL.most:
        longest = f"expected at most {LITERAL.most:,} {LITERAL.things} of Python, found {len(text):,}"
        raise FileError(f"{longest}; as JSON it can be longer")
    blank = len(text) - len(text.lstrip())
    before = text.count("\n", 0, blank)
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd escapes in texts
            body = ast.parse(text.strip()).body
    except SyntaxError as error:
        place = f"line {before + error.lineno}" if error.lineno else ""  # none of a text with a NUL
        if _TOO_LONG.search(text):
            raise FileError(f"a whole number has more than {DIGITS.most} digits", place) from None
        raise FileError("this is neither JSON nor Python", place) from None
    except ValueError:  # of Python 3.11, for a NUL
        raise FileError("this is neither JSON nor Python") from None
    except (RecursionError, MemoryError):
        raise _DEEP from None
    found = [Statement(each, before) for each in body if not isinstance(each, ast.Import | ast.ImportFrom)]
    if not found:
        raise FileError("there are no numbers in it")
    return found


def has_comment(text: str) -> bool:
    """Tell whether there is a comment in a text of which the statements can be read."""
    if "#" not in text:
        return False
    tokens = tokenize.generate_tokens(io.StringIO(text.strip()).readline)
    return any(token.type == tokenize.COMMENT for token in tokens)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all in it, as `ast.walk` does, but nothing of what is in LEAVES: it is quicker."""
    waiting = deque([node])
    while waiting:
        node = waiting.popleft()
        yield node
        if not isinstance(node, LEAVES):
            waiting.extend(ast.iter_child_nodes(node))


class ArrayList(ast.List):
    """The list in the place of an array, whose numbers are of one kind: `whole` ones, or not."""

    whole = True


def plain(node: ast.expr) -> ast.expr:
    """Return an expression in which NumPy's arrays of literals are lists; it is changed itself."""
    if isinstance(node, ast.Constant | ast.Name):  # as most are
        return node
    try:
        found: ast.expr = _Plain().visit(node)
    except (RecursionError, MemoryError):
        return node
    return found


def is_literal(node: ast.expr) -> bool:
    """Tell whether a plain expression is a literal."""
    try:
        value_of(node)
    except (ValueError, TypeError, FileError):
        return False
    return True


def value_of(node: ast.expr) -> Any:
    """Return the value of a literal.

    Raises ValueError or TypeError for any other expression, and FileError for one that is too deep.
    """
    try:
        return ast.literal_eval(node)
    except (RecursionError, MemoryError):
        raise _DEEP from None


class _Plain(ast.NodeTransformer):
    """Puts the list in the place of `np.array([…])`, and the number in the place of `np.float64(…)`."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = _dotted(node.func)
        exact = all(
            called in _ARRAYS and key.arg == "dtype" and _dotted(key.value) in {"float", *_FLOATS}
            for key in node.keywords
        )
        known = called in _ARRAYS or called in _FLOATS
        if not (known and exact and len(node.args) == 1):
            return node
        (given,) = node.args
        if isinstance(given, ast.List) and not node.keywords:
            array = ast.copy_location(ArrayList(given.elts, given.ctx), given)
            constants = (part.value for part in ast.walk(given) if isinstance(part, ast.Constant))
            array.whole = not any(isinstance(value, float) for value in constants)
            return array
        return given


def _dotted(node: ast.expr) -> str:
    """Return the text of a name, or of a name of a name such as `np.array`, else ""."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_CHANGING = {"append", "clear", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize"}
_CHANGING |= {"reverse", "setdefault", "sort", "update"}
"""The methods of dictionaries, lists and arrays that change them."""
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Assignment(NamedTuple):
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


def given_arguments(body: list[Statement]) -> Iterator[tuple[str, int | str, ast.expr]]:
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


def local_names(function: Function) -> set[str]:
    """Return the names that are assigned within a function alone."""
    shared = {name for node in walk(function) if isinstance(node, ast.Global) for name in node.names}
    return {change.name for change in changes(function.body) if change.is_name} - shared


def changes(body: list[ast.stmt]) -> Iterator[Assignment]:
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
            yield Assignment(
                root_name(node.target), node.target, isinstance(node.target, ast.Name), in_place=True
            )
        elif node in passing:
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            source = sources.get(node) or loops.get(node)
            yield Assignment(node.id, node, is_name=True, source=source, loops=node in loops)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield Assignment(root_name(node), node, is_name=False)
        elif isinstance(node, ast.Call) and _is_changing(node.func):
            yield Assignment(root_name(node.func), node, is_name=False)


def _is_changing(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in _CHANGING


def root_name(node: ast.expr) -> str:
    """Return the name of what a part is of: `weights` of `weights['output'][0]`, or ""."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def copied_value(call: ast.Call) -> ast.expr | None:
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
    names = _NameReader()
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


class _NameReader:
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
        for change in () if whole else changes([each.statement]):
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
                if isinstance(function, Function):
                    for place, (name, node) in enumerate(self._take_function(function, each).items()):
                        if line := self.changed.get(node):
                            changed.setdefault((function.name, place), line)
                            changed.setdefault((function.name, name), line)
        for called, parameter, value in given_arguments(body) if changed else ():
            if line := changed.get((called, parameter)):
                given = self._place(value) or self._view(value)
                if given and given.can_change and not isinstance(given.node, ast.Call):  # a copy
                    self.changed.setdefault(given.whole, line)

    def _take_function(self, function: Function, each: Statement) -> dict[str, ast.expr]:
        """Take in what a function changes; return what stands for the values that it is given, by name."""
        given: dict[str, ast.expr] = {name: ast.Name(name) for name in parameters(function)}
        variables, around = local_names(function), self._places
        own = {name: _Place(node, node, None) for name, node in given.items()}
        self._places = ChainMap({**dict.fromkeys(variables), **own}, around)
        for change in changes(function.body):
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
        copied = isinstance(node, ast.Call) and copied_value(node)
        root = self._places.get(root_name(copied or node))
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

    def _change(self, change: Assignment, each: Statement, *, is_own: bool = False) -> None:
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

    def _source(self, change: Assignment) -> _Place | None:
        """Return the place that a name stands for which code assigns that is not run, or None."""
        node = change.source
        if node is None:
            return None
        if change.loops:
            over = looped(node)
            place = self._place(over)
            keys = over is node and place is not None and isinstance(place.node, ast.Dict)
            return None if keys else _some_item(place, change)
        place = self._place(node)
        if place is None and isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            whole = self._place(node.value)
            return _some_item(whole, change) if whole else self._view(node)
        place = place or self._view(node)
        return place if place and place.can_change else None


def _some_item(whole: _Place | None, change: Assignment) -> _Place | None:
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
