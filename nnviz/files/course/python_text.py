"""Python text, of which only the numbers that stand in it are read: no code is run."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections import deque
from collections.abc import Iterator
from typing import Any, NamedTuple

from nnviz.core.limits import DIGITS, LITERAL
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
