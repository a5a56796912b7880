"""Reader of Python text that finds the literals assigned to names, without running any code.

Only assignments of literals at the top level count, to names or to items such as `weights['output']`. If
other code at the top level changes the value of a name, the name keeps its literal, and the reader reports
the line. The reader does not see changes inside functions or through a second name of the same value.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from nnviz.core.numbers import DIGITS, LITERAL, shortened
from nnviz.files.errors import FileError

_TOO_LONG = re.compile(rf"(?<![\w.])\d{{{DIGITS.limit + 1},}}(?![\w.])")
_TOO_DEEP = FileError("the brackets are nested too deeply")


def statements(text: str) -> list[ast.stmt]:
    """Return the statements of a text except imports. Raises FileError if there are none."""
    if len(text) > LITERAL.limit:
        limit = f"{LITERAL.limit:,} {LITERAL.things}"
        raise FileError(f"expected at most {limit} of Python, found {len(text):,}; a JSON file can be longer")
    blank_lines = text.count("\n", 0, len(text) - len(text.lstrip()))
    try:
        with warnings.catch_warnings(action="ignore"):  # about unknown escapes in strings
            body = ast.parse("\n" * blank_lines + text.strip()).body
    except SyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else ""  # a NUL has no line
        if _TOO_LONG.search(text):
            raise FileError(f"a whole number has more than {DIGITS.limit} digits", place) from None
        raise FileError("the text is neither JSON nor Python", place) from None
    except ValueError:  # Python 3.11 raises this for a NUL
        raise FileError("the text is neither JSON nor Python") from None
    except (RecursionError, MemoryError):
        raise _TOO_DEEP from None
    if found := [each for each in body if not isinstance(each, ast.Import | ast.ImportFrom)]:
        return found
    raise FileError("the file contains no numbers")


def line_of(node: ast.expr | ast.stmt) -> str:
    """Return the line where a part of the text begins, such as "line 7"."""
    return f"line {node.lineno}"


_MODULES = ("", "np.", "numpy.")
_FLOATS = {"float", *(f"{module}float64" for module in _MODULES)}
_NUMPY_CALLS = {f"{module}{name}" for module in _MODULES for name in ("array", "float64")}


def value_of(node: ast.expr) -> Any:
    """Return the value of a literal. Tuples and NumPy arrays such as `np.array([1, 2])` count as lists.

    Raises ValueError or TypeError for any other expression, and FileError if brackets are nested too deeply.
    """
    try:
        match node:
            case ast.Constant():
                return node.value
            case ast.Dict():
                keys = [None if key is None else value_of(key) for key in node.keys]
                return dict(zip(keys, map(value_of, node.values), strict=True))
            case ast.List() | ast.Tuple():
                return [value_of(item) for item in node.elts]
            case ast.Call() if _is_number_or_array(node):
                return value_of(node.args[0])
        return ast.literal_eval(node)
    except (RecursionError, MemoryError):
        raise _TOO_DEEP from None


def _is_number_or_array(node: ast.Call) -> bool:
    """Return whether a call is `np.array(…)`, also with `dtype=float`, or `np.float64(…)`."""
    is_float = all(key.arg == "dtype" and ast.unparse(key.value) in _FLOATS for key in node.keywords)
    return is_float and len(node.args) == 1 and ast.unparse(node.func) in _NUMPY_CALLS


def not_a_literal(name: str, line: str) -> FileError:
    """Return the error for a name whose value is not a literal."""
    return FileError(f"{shortened(name)} must be written as numbers: nnviz does not run code", line)


@dataclass
class Variable:
    """A name and the expression `node` that the statement in `line` ("line 3") assigns to the name.

    `changed` is the first line of code that changes the value later, such as "line 7", or "" if none does.
    """

    name: str
    node: ast.expr
    line: str
    changed: str = ""

    def is_constant(self) -> bool:
        """Return whether the value is a literal that no other line changes."""
        return not self.changed and _is_literal(self.node)

    def value(self) -> Any:
        """Return the value. Raises FileError if it is not a literal."""
        try:
            return value_of(self.node)
        except (ValueError, TypeError):
            raise not_a_literal(self.name, self.line) from None


def variables(body: list[ast.stmt]) -> dict[str, Variable]:
    """Return a dictionary from name to Variable, for all assignments at the top level of a text.

    The last literal that is assigned to a name counts or, if there is no literal, the first expression.
    """
    found: dict[str, Variable] = {}
    positions: _Positions = {}
    for statement in body:
        names, value = _assignment(statement)
        is_literal = value is not None and _is_literal(value)
        is_read = is_literal and (names or _replace_item(statement, found, positions))
        for name, line in () if is_read else _changes(statement):
            if name in found:
                found[name].changed = found[name].changed or line
        for name in names:
            if value is not None and (is_literal or name not in found):
                found[name] = Variable(name, value, line_of(statement))
    return found


_Positions: TypeAlias = dict[ast.Dict, dict[Any, int]]
"""Map from each dictionary with replaced items to the positions of its keys."""


def _replace_item(statement: ast.stmt, found: dict[str, Variable], positions: _Positions) -> bool:
    """Replace an item by a literal, as in `weights['output'] = [3, 1]`. Return False if the item is unknown.

    An item of an array is replaced only by a whole number: an array of whole numbers would round others.
    """
    if not (isinstance(statement, ast.Assign) and len(statement.targets) == 1):
        return False
    keys, target, value = list[Any](), statement.targets[0], statement.value
    while isinstance(target, ast.Subscript) and _is_literal(target.slice):
        keys.append(value_of(target.slice))
        target = target.value
    variable = found.get(target.id) if isinstance(target, ast.Name) else None
    if not keys or variable is None or variable.changed:
        return False
    items, at = [variable.node], 0
    for key in reversed(keys):
        node = items[at]
        if isinstance(node, ast.Call) and type(value_of(value)) is int and _is_number_or_array(node):
            node = node.args[0]
        if isinstance(node, ast.Dict) and isinstance(key, str):
            items, at = node.values, _position(node, key, positions)
            if at == len(items):
                node.keys.append(ast.copy_location(ast.Constant(key), statement))
                items.append(value)
        elif isinstance(node, ast.List) and type(key) is int and -len(node.elts) <= key < len(node.elts):
            items, at = node.elts, key
        else:
            return False
    items[at] = value
    return True


def _position(node: ast.Dict, key: str, positions: _Positions) -> int:
    """Return the position of a key in a dictionary, or the number of keys if the key is new."""
    if node not in positions:
        keys = enumerate(node.keys)
        positions[node] = {each.value: at for at, each in keys if isinstance(each, ast.Constant)}
    return positions[node].setdefault(key, len(node.keys))


def _is_literal(node: ast.expr) -> bool:
    try:
        value_of(node)
    except (ValueError, TypeError, FileError):
        return False
    return True


def _assignment(statement: ast.stmt) -> tuple[list[str], ast.expr | None]:
    """Return the names that a statement assigns a value to, and the value; [] for targets such as `a[0]`.

    A dictionary without a name becomes "the dictionary".
    """
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Dict):
        return ["the dictionary"], statement.value
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return [], None
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return names if len(names) == len(targets) else [], statement.value


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_SCOPES = _FUNCTIONS | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
"""Syntax nodes whose names are local to them."""
_TARGETS = ast.Name | ast.Subscript | ast.Attribute
_MUTATORS = {"append", "clear", "extend", "fill", "insert", "pop", "popitem", "put", "remove", "resize"}
_MUTATORS |= {"reverse", "setdefault", "sort", "update"}
"""Methods that change a dictionary, a list or an array."""


def _changes(statement: ast.stmt) -> Iterator[tuple[str, str]]:
    """Yield each name that a statement assigns or changes, and the line. Skip local names."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        is_annotation = isinstance(node, ast.AnnAssign) and node.value is None
        if is_annotation or isinstance(node, _SCOPES):
            continue
        waiting += reversed(list(ast.iter_child_nodes(node)))
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
                yield _root_name(node.func), line_of(node)
        elif isinstance(node, _TARGETS) and not isinstance(node.ctx, ast.Load):
            yield _root_name(node), line_of(node)


def _root_name(node: ast.expr) -> str:
    """Return the name at the start of an expression, "weights" for `weights['output'][0]`, or "" if none."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
