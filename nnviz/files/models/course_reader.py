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
from dataclasses import dataclass, field, replace
from typing import Any

from nnviz.core.numbers import DIGITS, LITERAL, quoted, shortened
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
    except (SyntaxError, ValueError) as error:  # Python 3.11 raises ValueError for a NUL, which has no line
        line, why = getattr(error, "lineno", None), "the text is neither JSON nor Python"
        if _TOO_LONG.search(text):
            why = f"a whole number has more than {DIGITS.limit} digits"
        raise FileError(why, f"line {line}" if line else "") from None
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
    """Return the value of a literal. Tuples and NumPy arrays such as `np.array([1, 2])` become lists.

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


@dataclass
class Variable:
    """A name and the value that the statement in `line` ("line 3") assigns to the name.

    `key_lines` are the lines of a dictionary's keys. `fault` is the error if the value is not a literal, else
    None; a dictionary then has None in place of values that are not literals. `changed` is the first line of
    code that changes the value later, such as "line 7", or "" if no code does.
    """

    name: str
    value: Any
    line: str
    key_lines: dict[str, str] = field(default_factory=dict)
    fault: FileError | None = None
    changed: str = ""

    def is_constant(self) -> bool:
        """Return whether the value is a literal that no other line changes."""
        return not self.changed and self.fault is None

    def literal(self) -> Any:
        """Return the value. Raises FileError if it is not a literal."""
        if self.fault:
            raise self.fault
        return self.value


def variables(body: list[ast.stmt]) -> dict[str, Variable]:
    """Return a dictionary from name to Variable, for all assignments at the top level of a text.

    The last literal that is assigned to a name counts or, if there is no literal, the first expression.
    """
    found: dict[str, Variable] = {}
    for statement in body:
        names, node = _assignment(statement)
        new = _variable(names[0] if names else "", node, line_of(statement)) if node else None
        if new is None or new.fault or not (names or _replace_item(statement, new, found)):
            for name, line in _changes(statement):
                if name in found:
                    found[name].changed = found[name].changed or line
        for name in names:
            if new and (new.fault is None or name not in found):
                found[name] = replace(new, name=name)
    return found


def _variable(name: str, node: ast.expr, line: str) -> Variable:
    """Return the Variable for an expression that is assigned to a name."""
    new = Variable(name, None, line)
    if not isinstance(node, ast.Dict):
        new.value, new.fault = _value_or_fault(name, node, line)
        return new
    new.value = {}
    for key, item in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            new.fault = new.fault or FileError("expected the name of a node in quotes", line_of(item))
            continue
        name, line = key.value, line_of(key)
        if name in new.value:
            new.fault = new.fault or FileError(f"the node {quoted(name)} appears twice", line)
        new.value[name], fault = _value_or_fault(name, item, line)
        new.key_lines[name], new.fault = line, new.fault or fault
    return new


def _value_or_fault(name: str, node: ast.expr, line: str) -> tuple[Any, FileError | None]:
    """Return the value of a literal and None, or None and the error for any other expression."""
    try:
        return value_of(node), None
    except FileError as error:
        return None, error
    except (ValueError, TypeError):
        not_a_literal = f"{shortened(name)} must be written as numbers: nnviz does not run code"
        return None, FileError(not_a_literal, line)


def _replace_item(statement: ast.stmt, new: Variable, found: dict[str, Variable]) -> bool:
    """Replace an item of a dictionary by a literal, as in `weights['output'] = [3, 1]`, if possible."""
    match statement:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str(key)))]):
            variable = found.get(name)
            if variable and variable.is_constant() and isinstance(variable.value, dict):
                variable.value[key], variable.key_lines[key] = new.value, new.line
                return True
    return False


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
