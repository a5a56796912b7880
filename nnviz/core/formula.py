"""Formulas over named numbers, such as `x_0*x_1` or `sqrt(x_0**2 + x_1**2)`.

A formula has numbers, names, + − * / **, parentheses and the functions in `FUNCTIONS`, with the precedence of
Python. Names that are no identifiers stand in backticks. nnviz parses the text itself and computes with
NumPy: no text is ever run as a program. Messages of errors begin with the place, "formula, character 7".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import combinations, pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.numbers import Limit, as_text, list_text, one_line, quoted, shortened

FUNCTIONS: dict[str, np.ufunc] = {
    **{name: getattr(np, name) for name in ("sin", "cos", "tanh", "exp", "log", "abs", "sqrt")},
    "min": np.minimum,
    "max": np.maximum,
}
"""Functions by name; `min` and `max` take two or more arguments, the others one."""
SIGNS = {"+": np.positive, "-": np.negative}
OPERATORS: dict[str, tuple[int, int, np.ufunc | None]] = {
    "end": (0, 0, None),
    ")": (0, 0, None),
    ",": (1, 1, None),
    "+": (2, 2, np.add),
    "-": (2, 2, np.subtract),
    "*": (3, 3, np.multiply),
    "/": (3, 3, np.divide),
    "**": (5, 6, np.power),
}
"""For each operator: its level, the least level of operators before it that go first, and its function."""
OPEN_LEVEL, SIGN_LEVEL = -1, 4
"""Levels of an open parenthesis, and of a sign: −x**2 is −(x**2), and −x*y is (−x)*y."""
LETTERS, DEPTH = Limit("letters", 500), Limit("nested parentheses, signs and powers", 50)
MOST_LISTED, MOST_PROPOSED = 8, 6
"""Largest number of names in an error message, and of names for which formulas are proposed."""

_TYPED = {"−": "-", "·": "*", "×": "*"}
_TOKEN = re.compile(
    rf" *(?:(?P<function>(?:{'|'.join(FUNCTIONS)})(?= *\())|(?P<name>[^\W\d²³][^\W²³]*)|`(?P<quoted>[^`]+)`"
    r"|(?P<number>(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<power>[²³])"
    r"|(?P<sign>\*\*|[-+*/(),−·×]))"
)
_HINTS = {
    "^": "for a power, write **",
    "`": "a name needs a backtick at both ends",
    ".": "a point stands only in a number, such as 0.5",
    "=": "write only the right side of the equation",
}
_GRAMMAR = "a formula has numbers, names, + - * / **, parentheses and functions"


_Step: TypeAlias = float | str | np.ufunc


class _Token(NamedTuple):
    """A part `text[start:end]` of a formula; `kind` is "number", "name", "function", "end", or the sign."""

    kind: str
    value: str
    start: int
    end: int

    def error(self, sentence: str) -> ValueError:
        """Return the error of a formula that is wrong at this token."""
        return ValueError(f"formula, character {self.start + 1}: {sentence}")


def quoted_name(name: str) -> str:
    """Return `name` as a formula contains it: in backticks unless it is an identifier.

    Raises ValueError if no formula can contain the name.
    """
    if "`" in name:
        raise ValueError(f"{quoted(name)} has a backtick (`), so no formula can use it")
    found = _TOKEN.fullmatch(name)
    return name if found and found["name"] == name and name not in FUNCTIONS else f"`{name}`"


def proposals(names: Sequence[str]) -> list[str]:
    """Return formulas to propose for columns with these names: powers, products and functions."""
    short = [quoted_name(name) for name in names if "`" not in name][:MOST_PROPOSED]
    pairs = [*combinations(short, 2)]
    found = [f"{name}**2" for name in short] + [f"{one}*{other}" for one, other in pairs]
    found += [f"{one}**2 + {other}**2" for one, other in pairs[:1]] + [f"{name}**3" for name in short]
    return found + [f"{function}({name})" for function in [*FUNCTIONS][:-2] for name in short]


def readable(text: str) -> str:
    """Return a formula in a short form to read, without backticks: "x_0²", "x_0·x_1", "x_0^4"."""
    text = re.sub(r"\*\* *([23])(?![\d.eE*])", lambda power: "⁰¹²³"[int(power[1])], text)
    for typed, shown in {"**": "^", "*": "·", "`": "", "-": "−"}.items():
        text = text.replace(typed, shown)
    return text.strip()


class CellError(ValueError):
    """Raised if a cell does not fit its column or gives no number. `row` is the index of the cell's row."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


class Formula:
    """A formula, ready to compute. `text` is the text as typed, `names` the names in it.

    Raises ValueError for a text that is no formula, or without any name.
    """

    def __init__(self, text: str) -> None:
        LETTERS.check(len(text), "formula")
        self.text, self._tokens = text, _tokens(text)
        self._program = _program(self._tokens)
        self.names = tuple(dict.fromkeys(step for step in self._program if isinstance(step, str)))
        if not self.names:
            raise ValueError("formula: expected the name of at least one column, such as x_0")

    def __call__(self, values: Mapping[str, ArrayLike]) -> Array:
        """Compute the formula; `values` maps each name to numbers of one shape, or shapes that broadcast.

        On overflow or outside the domain of a function, numbers are infinite or NaN.
        """
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for step in self._program:
                if isinstance(step, np.ufunc):
                    stack[-step.nin :] = [step(*stack[-step.nin :])]
                else:
                    stack.append(np.asarray(values[step] if isinstance(step, str) else step, np.float64))
        return stack[0]

    def finite(self, values: Mapping[str, Array]) -> Array:
        """Compute the formula for rows, shape (rows,). Raises CellError for a row without a finite value."""
        computed = self(values)
        if not np.isfinite(computed).all():
            row = int(np.isfinite(computed).argmin())
            at = list_text([f"{name} = {as_text(float(values[name][row]))}" for name in self.names])
            raise CellError(f"the formula {self.text.strip()} has no finite value for {at}", row)
        return computed

    def check_names(self, known: Collection[str], place: str = "formula") -> None:
        """Raise ValueError for the first name that is not in `known`. The message starts with `place`."""
        for token in self._tokens:
            if token.kind == "name" and token.value not in known:
                columns = list_text([*known], MOST_LISTED) if known else "there is none"
                name = quoted(token.value)
                reason = f"no column of raw numbers is called {name}; the columns are {columns}"
                raise ValueError(f"{place}, character {token.start + 1}: {reason}")

    def rewritten(self, name: Callable[[str], str], function: Callable[[str], str] = str) -> str:
        """Return the formula with the characters of Python, and with other names and functions."""
        text, at = "", 0
        for token in self._tokens[:-1]:
            write = {"name": name, "function": function}.get(token.kind, str)
            text += self.text[at : token.start] + write(token.value)
            at = token.end
        return text.strip()


formula = lru_cache(maxsize=256)(Formula)
"""`formula(text)` returns the Formula with this text. Raises ValueError for a text that is no formula."""


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip(" "):
        found = _TOKEN.match(text, at)
        if found is None:
            at = len(text) - len(text[at:].lstrip(" "))
            hint = _HINTS.get(text[at], _GRAMMAR)
            raise ValueError(f"formula, character {at + 1}: {one_line(text[at])} has no meaning; {hint}")
        kind, value = str(found.lastgroup), found[str(found.lastgroup)]
        start, at = found.end() - len(found[0].lstrip(" ")), found.end()
        if kind == "power":
            tokens.append(_Token("**", "**", start, start))
            kind, value = "number", str("⁰¹²³".index(value))
        value = _TYPED.get(value, value)
        tokens.append(_Token({"quoted": "name", "sign": value}.get(kind, kind), value, start, at))
    return [*tokens, _Token("end", "the end", len(text), len(text))]


def _check(before: _Token, token: _Token) -> None:
    """Raise ValueError if `token` cannot follow the token `before`."""
    is_start = token.kind in ("number", "name", "function", "(")
    if not _ends_operand(before):
        if not is_start and token.kind not in SIGNS:
            raise token.error(f"expected a number, a name or a parenthesis, found {token.value}")
        if token.kind == "number" and float(token.value) == np.inf:
            raise token.error(f"the number {shortened(token.value)} is too large")
    elif before.kind == "name" and token.kind == "(":
        functions = ", ".join(FUNCTIONS)
        raise before.error(f"there is no function {shortened(before.value)}; the functions are {functions}")
    elif is_start:
        found, product = shortened(token.value), f"{shortened(before.value)}*{shortened(token.value)}"
        raise token.error(f"expected an operator, found {found}; for a product, write {product}")


def _ends_operand(token: _Token) -> bool:
    return token.kind in ("number", "name", ")")


def _program(tokens: list[_Token]) -> list[_Step]:
    """Return numbers and names to push on a stack, and functions to apply to it (shunting-yard algorithm).

    A comma is an operator: max(x, y, z) is the maximum of z and of the maximum of x and y. Raises ValueError
    if the tokens are no formula.
    """
    steps: list[_Step] = []
    waiting: list[tuple[int, np.ufunc | None]] = []
    for before, token in pairwise([_Token("start", "", 0, 0), *tokens]):
        _check(before, token)
        if token.kind in ("number", "name"):
            steps.append(token.value if token.kind == "name" else float(token.value))
        elif token.kind == "(":
            waiting.append((OPEN_LEVEL, FUNCTIONS[before.value] if before.kind == "function" else None))
        elif token.kind in SIGNS and not _ends_operand(before):
            waiting.append((SIGN_LEVEL, SIGNS[token.kind]))
        elif token.kind in OPERATORS:
            _apply(token, steps, waiting)
        DEPTH.check(len(waiting), f"formula, character {token.start + 1}")
    return steps


def _apply(token: _Token, steps: list[_Step], waiting: list[tuple[int, np.ufunc | None]]) -> None:
    """Move the waiting functions that go before the operator `token` to the steps; let `token` wait."""
    level, least, function = OPERATORS[token.kind]
    applied: list[np.ufunc | None] = []
    while waiting and waiting[-1][0] >= least:
        applied.append(waiting.pop()[1])
    steps += filter(None, applied)
    of_call = waiting[-1][1] if waiting else None
    if token.kind == "," and (of_call is None or of_call.nin == 1):
        raise token.error("a comma only separates the arguments of min and max; write 0.5, not 0,5")
    if token.kind == "end" and waiting:
        raise token.error("a parenthesis is not closed")
    if token.kind == ")":
        if not waiting:
            raise token.error("this parenthesis was never opened")
        if of_call and of_call.nin > 1 and of_call not in applied:
            raise token.error("min and max need at least two arguments")
        waiting.pop()
        steps += [of_call] if of_call and of_call.nin == 1 else []
    elif token.kind != "end":
        waiting.append((level, function or of_call))
