"""Reader of Python text that finds the literals assigned to names, without running any code.

If code later assigns another expression to a name, the name keeps its literal, and the reader reports the
line. Any other change of a literal is an error for that name. The reader does not see changes inside a
library function, such as `np.copyto`, or in methods of classes that the text defines.
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

from nnviz.core.numbers import DIGITS, LITERAL, shortened
from nnviz.files.errors import FileError

_TOO_LONG = re.compile(rf"(?<![\w.])\d{{{DIGITS.limit + 1},}}(?![\w.])")
_NUMPY = ("", "np.", "numpy.")
_ARRAYS = {f"{place}array" for place in _NUMPY}
_FLOATS = {f"{place}float64" for place in _NUMPY}
LEAVES = ast.Name | ast.Constant | ast.expr_context
"""Classes of syntax nodes whose children `walk` skips; most nodes of a program belong to these classes."""
_TOO_DEEP = FileError("the brackets are nested too deeply")


class Statement(NamedTuple):
    """A statement of a Python text; `lines_before` is the number of blank lines at the start of the text."""

    statement: ast.stmt
    lines_before: int

    def line_of(self, node: ast.expr | ast.stmt) -> str:
        """Return the line where a part of the statement begins, such as "line 7"."""
        return f"line {self.lines_before + node.lineno}"


def statements(text: str) -> list[Statement]:
    """Return the statements of a text except imports. Raises FileError if there are none."""
    if len(text) > LITERAL.limit:
        limit = f"{LITERAL.limit:,} {LITERAL.things}"
        raise FileError(f"expected at most {limit} of Python, found {len(text):,}; a JSON file can be longer")
    blank = len(text) - len(text.lstrip())
    lines_before = text.count("\n", 0, blank)
    try:
        with warnings.catch_warnings(action="ignore"):  # about unknown escapes in strings
            body = ast.parse(text.strip()).body
    except SyntaxError as error:
        place = f"line {lines_before + error.lineno}" if error.lineno else ""  # a NUL has no line
        if _TOO_LONG.search(text):
            raise FileError(f"a whole number has more than {DIGITS.limit} digits", place) from None
        raise FileError("the text is neither JSON nor Python", place) from None
    except ValueError:  # Python 3.11 raises this for a NUL
        raise FileError("the text is neither JSON nor Python") from None
    except (RecursionError, MemoryError):
        raise _TOO_DEEP from None
    imports = ast.Import | ast.ImportFrom
    if found := [Statement(each, lines_before) for each in body if not isinstance(each, imports)]:
        return found
    raise FileError("the file contains no numbers")


def has_comment(text: str) -> bool:
    """Return whether a text that Python can parse contains a comment."""
    if "#" not in text:
        return False
    tokens = tokenize.generate_tokens(io.StringIO(text.strip()).readline)
    return any(token.type == tokenize.COMMENT for token in tokens)


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield `node` and all nodes below it, except the children of LEAVES; this is faster than `ast.walk`."""
    waiting = deque([node])
    while waiting:
        node = waiting.popleft()
        yield node
        if not isinstance(node, LEAVES):
            waiting.extend(ast.iter_child_nodes(node))


class ArrayList(ast.List):
    """List that the reader puts in place of `np.array(…)`; `is_whole` says if all numbers are integers."""

    is_whole = True


def replace_arrays(node: ast.expr) -> ast.expr:
    """Replace NumPy arrays of literals in an expression with lists, in place. Return the expression."""
    if isinstance(node, ast.Constant | ast.Name):  # the usual case
        return node
    try:
        found: ast.expr = _Plain().visit(node)
    except (RecursionError, MemoryError):
        return node
    return found


def is_literal(node: ast.expr) -> bool:
    """Return whether an expression that `replace_arrays` has returned is a literal."""
    try:
        value_of(node)
    except (ValueError, TypeError, FileError):
        return False
    return True


def value_of(node: ast.expr) -> Any:
    """Return the value of a literal.

    Raises ValueError or TypeError for any other expression, and FileError if brackets are nested too deeply.
    """
    try:
        return ast.literal_eval(node)
    except (RecursionError, MemoryError):
        raise _TOO_DEEP from None


def not_a_literal(name: str, line: str) -> FileError:
    """Return the error for a name whose value is not a literal."""
    return FileError(f"{shortened(name)} must be written as numbers: nnviz does not run code", line)


class _Plain(ast.NodeTransformer):
    """Replaces `np.array([…])` by the list, and `np.float64(…)` by the number."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        called = _dotted(node.func)
        has_known_keywords = all(
            called in _ARRAYS and key.arg == "dtype" and _dotted(key.value) in {"float", *_FLOATS}
            for key in node.keywords
        )
        is_known = called in _ARRAYS or called in _FLOATS
        if not (is_known and has_known_keywords and len(node.args) == 1):
            return node
        (argument,) = node.args
        if isinstance(argument, ast.List) and not node.keywords:
            array = ast.copy_location(ArrayList(argument.elts, argument.ctx), argument)
            constants = (part.value for part in ast.walk(argument) if isinstance(part, ast.Constant))
            array.is_whole = not any(isinstance(value, float) for value in constants)
            return array
        return argument


def _dotted(node: ast.expr) -> str:
    """Return a name, or a dotted name such as `np.array`, as text; "" for any other expression."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


_MUTATORS = {"append", "clear", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize"}
_MUTATORS |= {"reverse", "setdefault", "sort", "update"}
"""Methods that change a dictionary, a list or an array."""
Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Assignment(NamedTuple):
    """A place in the code that assigns the variable `name` or changes its value.

    `is_name` is true if the target is the name itself, not a part such as `name[0]`. `in_place` is true for
    `+=`. After an assignment, `name` may refer to the same object as `source`. If `loops` is true, the code
    iterates over `source`, and `name` may refer to an item of `source`.
    """

    name: str
    node: ast.expr
    is_name: bool
    in_place: bool = False
    source: ast.expr | None = None
    loops: bool = False

    @property
    def depth(self) -> int:
        """Number of indices and attributes between the name and the changed value: 2 for `w['a'][0] = 1`."""
        steps, node = 0, self.node.func if isinstance(self.node, ast.Call) else self.node
        while isinstance(node, ast.Subscript | ast.Attribute):
            steps, node = steps + 1, node.value
        return steps + self.in_place


def call_arguments(body: list[Statement]) -> Iterator[tuple[str, int | str, ast.expr]]:
    """Yield (function, position or keyword, value) for each argument of the function calls in `body`."""
    for each in body:
        for node in walk(each.statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield from ((node.func.id, place, value) for place, value in enumerate(node.args))
                yield from ((node.func.id, each.arg, each.value) for each in node.keywords if each.arg)


def parameters(function: Function) -> list[str]:
    """Return the names of a function's parameters, in their order."""
    every = function.args
    return [arg.arg for arg in (*every.posonlyargs, *every.args, *every.kwonlyargs)]


def local_names(function: Function) -> set[str]:
    """Return the names of a function's local variables."""
    global_names = {name for node in walk(function) if isinstance(node, ast.Global) for name in node.names}
    return {change.name for change in changes(function.body) if change.is_name} - global_names


def changes(body: list[ast.stmt]) -> Iterator[Assignment]:
    """Yield the assignments and changes in `body`, in order; skip the bodies of functions and classes."""
    waiting: list[ast.AST] = [*reversed(body)]
    skipped: set[ast.AST] = set()  # names local to a comprehension, and targets that were yielded
    sources: dict[ast.AST, ast.expr] = {}
    loops: dict[ast.AST, ast.expr] = {}
    while waiting:
        node = waiting.pop()
        if isinstance(node, _SCOPES):
            continue
        parts = [] if isinstance(node, LEAVES) else list(ast.iter_child_nodes(node))
        for part in parts:
            if isinstance(part, ast.comprehension):
                skipped.update(ast.walk(part.target))
        waiting += reversed(parts)
        if isinstance(node, ast.Assign):
            sources.update(dict.fromkeys(node.targets, node.value))
        elif isinstance(node, ast.For):
            loops.update(dict.fromkeys(ast.walk(node.target), node.iter))
        if isinstance(node, ast.AugAssign):
            skipped.add(node.target)
            yield Assignment(
                root_name(node.target), node.target, isinstance(node.target, ast.Name), in_place=True
            )
        elif node in skipped:
            continue
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            source = sources.get(node) or loops.get(node)
            yield Assignment(node.id, node, is_name=True, source=source, loops=node in loops)
        elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
            yield Assignment(root_name(node), node, is_name=False)
        elif isinstance(node, ast.Call) and _is_changing(node.func):
            yield Assignment(root_name(node.func), node, is_name=False)


def _is_changing(called: ast.expr) -> bool:
    return isinstance(called, ast.Attribute) and called.attr in _MUTATORS


def root_name(node: ast.expr) -> str:
    """Return the name at the start of an expression, "weights" for `weights['output'][0]`, or "" if none."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def copied_value(call: ast.Call) -> ast.expr | None:
    """Return the expression that a call such as `weights.copy()` or `dict(weights)` copies, or None."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "copy":
        return call.args[0] if call.args else call.func.value
    copies = isinstance(call.func, ast.Name) and call.func.id in {"dict", "list"}
    return call.args[0] if copies and call.args else None


def loop_source(node: ast.expr) -> ast.expr:
    """Return the expression that a loop iterates over, such as `weights` for `weights.items()`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return node.func.value if node.func.attr in {"items", "values"} else node
    return node


_SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr
"""Statements that contain no other statements."""
_CONSTANTS = ast.Constant | ast.Tuple | ast.Set | ast.UnaryOp | ast.BinOp
"""Literals that cannot change, such as numbers and texts."""


@dataclass
class Variable:
    """A name, with the expression `node` that a statement assigns to the name.

    If code later assigns another expression to the name, `reassigned` names that line ("line 7").
    `fault` is the error if code changes the value in any other way, else None.
    """

    name: str
    node: ast.expr
    statement: Statement
    reassigned: str = ""
    fault: FileError | None = None

    @property
    def line(self) -> str:
        """Line of the assignment, such as "line 7"."""
        return self.statement.line_of(self.statement.statement)

    def is_constant(self) -> bool:
        """Return whether the value is a literal that no other line changes."""
        return not self.reassigned and self.fault is None and is_literal(self.node)

    def value(self) -> Any:
        """Return the value. Raises FileError if it is not a literal, or if code changes it."""
        if self.fault:
            raise self.fault
        try:
            return value_of(self.node)
        except (ValueError, TypeError):
            raise not_a_literal(self.name, self.line) from None


def variables(body: list[Statement]) -> dict[str, Variable]:
    """Return a dictionary from name to Variable, for all assignments at the top level of a text."""
    names = _NameReader()
    for statement in body:
        names.read(statement)
    names.read_functions(body)
    for each in names.assigned.values():
        if line := names.changed.get(each.node):
            name = shortened(each.name)
            each.fault = FileError(f"this line changes {name}, but nnviz does not run code", line)
    return names.assigned


class _Place(NamedTuple):
    """A literal `node`, the `root` literal that contains it, and the array that it is or is in, if any."""

    root: ast.expr
    node: ast.expr
    array: ArrayList | None

    @property
    def can_change(self) -> bool:
        """Whether code can change the value in place: the value is neither a number nor a text."""
        if isinstance(self.node, _CONSTANTS):
            return False
        return isinstance(self.node, ast.Dict | ast.List) or not is_literal(self.node)


class _NameReader:
    """Reader that follows the values of names, statement by statement."""

    def __init__(self) -> None:
        self.assigned: dict[str, Variable] = {}
        self.changed: dict[ast.expr, str] = {}
        """The first line that changes a literal in a way that the reader cannot follow."""
        self._places: MutableMapping[str, _Place | None] = {}
        self._shared: set[ast.expr] = set()  # literals with several names from one statement
        self._keys: dict[ast.Dict, dict[Any, int]] = {}
        """The position of each key, for dictionaries that were searched."""

    def read(self, each: Statement) -> None:
        """Read which names a statement assigns or changes. Bodies of functions are skipped."""
        targets, value = _assignment(each.statement)
        literal = False
        if value is None:
            followed: set[ast.expr] = set(targets)
        else:
            place, value = self._place(value) or self._view(value), replace_arrays(value)
            literal = is_literal(value)
            self._shared.update([value] if len(targets) > 1 else [])
            names = [target for target in targets if isinstance(target, ast.Name)]
            followed = {name for name in names if self._assign(name.id, value, each, literal=literal)}
            if literal and len(targets) == 1 and isinstance(targets[0], ast.Subscript):
                followed.update(targets if self._replace_item(targets[0], value) else [])
        is_done = literal and isinstance(each.statement, ast.Assign) and followed.issuperset(targets)
        for change in () if is_done else changes([each.statement]):
            if change.node not in followed:
                self._change(change, each)
        for target in targets:
            if value and place and place.can_change and isinstance(target, ast.Name):  # a second name
                self._places[target.id] = place

    def read_functions(self, body: list[Statement]) -> None:
        """Read which global variables and which arguments the functions in `body` change."""
        changed: dict[tuple[str, int | str], str] = {}  # line of the change, by function and parameter
        for each in body:
            for function in () if isinstance(each.statement, _SIMPLE) else walk(each.statement):
                if isinstance(function, Function):
                    for place, (name, node) in enumerate(self._read_function(function, each).items()):
                        if line := self.changed.get(node):
                            changed.setdefault((function.name, place), line)
                            changed.setdefault((function.name, name), line)
        for called, parameter, value in call_arguments(body) if changed else ():
            if line := changed.get((called, parameter)):
                argument = self._place(value) or self._view(value)
                if argument and argument.can_change and not isinstance(argument.node, ast.Call):  # a copy
                    self.changed.setdefault(argument.root, line)

    def _read_function(self, function: Function, each: Statement) -> dict[str, ast.expr]:
        """Read the changes in a function; return a placeholder for each of its parameters, by name."""
        arguments: dict[str, ast.expr] = {name: ast.Name(name) for name in parameters(function)}
        local, outer_places = local_names(function), self._places
        places = {name: _Place(node, node, None) for name, node in arguments.items()}
        self._places = ChainMap({**dict.fromkeys(local), **places}, outer_places)
        for change in changes(function.body):
            self._change(change, each, is_local=change.name in arguments or change.name in local)
        self._places = outer_places
        return arguments

    def _assign(self, name: str, value: ast.expr, each: Statement, *, literal: bool) -> bool:
        """Assign a value to a name if it is a literal or the name's first value; return whether it was."""
        if literal:
            self._places[name] = _Place(value, value, _array(value))
        elif name in self.assigned:
            return False
        self.assigned[name] = Variable(name, value, each)
        return True

    def _replace_item(self, target: ast.Subscript, value: ast.expr) -> bool:
        """Replace an item by a literal; return False if the result is uncertain."""
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
        """Return the place of the literal that `weights['output'][0]` or the like means, or None."""
        keys = []
        while isinstance(node, ast.Subscript):
            keys.append(node.slice)
            node = node.value
        place = self._places.get(node.id) if isinstance(node, ast.Name) else None
        for key in reversed(keys):
            place = self._item(place, value_of(key)) if place and is_literal(key) else None
        return place

    def _view(self, node: ast.expr) -> _Place | None:
        """Return a place for `weights['output'][:]` or the like, which can change `weights`, or None."""
        copied = isinstance(node, ast.Call) and copied_value(node)
        place = self._places.get(root_name(copied or node))
        return None if place is None or (copied and place.array) else _Place(place.root, node, None)

    def _item(self, place: _Place, index: Any) -> _Place | None:
        """Return the place of an item, or None if it does not exist."""
        node, found = place.node, None
        if isinstance(node, ast.Dict) and isinstance(index, str):
            at = self._places_in(node).get(index)
            found = None if at is None else node.values[at]
        elif isinstance(node, ast.List) and type(index) is int and -len(node.elts) <= index < len(node.elts):
            found = node.elts[index]
        return None if found is None else _Place(place.root, found, place.array or _array(found))

    def _places_in(self, node: ast.Dict) -> dict[Any, int]:
        if node not in self._keys:
            keys = enumerate(node.keys)
            self._keys[node] = {key.value: at for at, key in keys if isinstance(key, ast.Constant)}
        return self._keys[node]

    def _change(self, change: Assignment, each: Statement, *, is_local: bool = False) -> None:
        """Record a change by code that nnviz does not run; a local name is not one of the file."""
        line, assigned = each.line_of(change.node), None if is_local else self.assigned.get(change.name)
        place = self._places.get(change.name)
        if place and not (isinstance(place.node, ast.Call) and change.depth < 2):  # a copy has the same lists
            is_shared = assigned is None or assigned.node is not place.root or place.root in self._shared
            if not change.is_name or (change.in_place and is_shared):
                self.changed.setdefault(place.root, line)
        if change.is_name:
            self._places[change.name] = self._source(change)
            if assigned:
                assigned.reassigned = assigned.reassigned or line

    def _source(self, change: Assignment) -> _Place | None:
        """Return the place of the value that code assigns to a name without being run, or None."""
        node = change.source
        if node is None:
            return None
        if change.loops:
            iterable = loop_source(node)
            place = self._place(iterable)
            has_keys = iterable is node and place is not None and isinstance(place.node, ast.Dict)
            return None if has_keys else _some_item(place, change)
        place = self._place(node)
        if place is None and isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Slice):
            container = self._place(node.value)
            return _some_item(container, change) if container else self._view(node)
        place = place or self._view(node)
        return place if place and place.can_change else None


def _some_item(place: _Place | None, change: Assignment) -> _Place | None:
    """Return a place for an item with an unknown index, or None if the items are numbers."""
    items: list[ast.expr] = []
    if place and isinstance(place.node, ast.Dict | ast.List):
        items = place.node.elts if isinstance(place.node, ast.List) else place.node.values
    can_change = place and items and _Place(place.root, items[0], None).can_change
    return _Place(place.root, change.node, None) if place and can_change else None


def _assignment(statement: ast.stmt) -> tuple[list[ast.expr], ast.expr | None]:
    """Return the targets of an assignment and its value, or None for a type annotation without a value.

    A dictionary without a name becomes "the dictionary".
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
    """Return whether an item can become exactly `value`; an integer array would round a float."""
    if item.array is None:
        return True
    old, new = value_of(item.node), value_of(value)
    if not (isinstance(old, int | float) and isinstance(new, int | float)):
        return False
    return isinstance(new, int) or not item.array.is_whole
