"""Formulas over named numbers, such as `x_0*x_1` or `sqrt(x_0**2 + x_1**2)`.

A formula has numbers, names, + − * / **, parentheses and the functions in `FUNCTIONS`, with the precedence of
Python. Names that are no identifiers stand in backticks. nnviz parses the text itself and computes with
NumPy: no text is ever run as a program. Messages of errors begin with the place, "formula, character 7".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

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
OPERATORS = {
    "+": (1, 2, np.add),
    "-": (1, 2, np.subtract),
    "*": (2, 3, np.multiply),
    "/": (2, 3, np.divide),
    "**": (4, 3, np.power),
}
"""For each operator: its level, the least level of an operator in its right operand, and its function."""
SIGN_LEVEL = 3
"""Least level of an operator in the operand of a sign: −x**2 is −(x**2), and −x*y is (−x)*y."""
LETTERS, DEPTH = Limit("letters", 500), Limit("nested parentheses, signs and powers", 50)
MOST_LISTED, MOST_PROPOSED = 8, 6
"""Largest number of names in an error message, and of names for which formulas are proposed."""

_TYPED = {"−": "-", "·": "*", "×": "*"}
_TOKEN = re.compile(
    rf" *(?:(?P<function>(?:{'|'.join(FUNCTIONS)})(?= *\())|(?P<name>[^\W\d²³][^\W²³]*)|`(?P<quoted>[^`]+)`"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<power>[²³])"
    r"|(?P<sign>\*\*|[-+*/(),−·×]))"
)
_HINTS = {
    "^": "for a power, write **",
    "`": "a name needs a backtick at both ends",
    ".": "a point stands only in a number, such as 0.5",
    "=": "write only the right side of the equation",
}
_GRAMMAR = "a formula has numbers, names, + - * / **, parentheses and functions"


class _Token(NamedTuple):
    """A part `text[start:end]` of a formula; `kind` is "number", "name", "function", "end", or the sign."""

    kind: str
    value: str
    start: int
    end: int


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
    """Return a formula in a short form to read, without backticks: "x_0²", "x_0·x_1"."""
    for typed, shown in {"**2": "²", "**3": "³", "*": "·", "`": "", "-": "−"}.items():
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
        self._program = _FormulaParser(self._tokens).program()
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
                reason = (
                    f"no column of raw numbers is called {quoted(token.value)}; the columns are {columns}"
                )
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


class _FormulaParser:
    """Turns tokens into a program: numbers and names to push on a stack, and functions to apply to it."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._steps: list[float | str | np.ufunc] = []

    def program(self) -> list[float | str | np.ufunc]:
        """Return the steps. Raises ValueError if the tokens are no formula."""
        self._expression()
        if self._next.kind != "end":
            raise self._error(self._excess())
        return self._steps

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> _Token | None:
        """Go on to the next token and return this one if it is of one of these kinds, else return None."""
        token = self._next
        self._at += token.kind in kinds
        return token if token.kind in kinds else None

    def _error(self, sentence: str) -> ValueError:
        return ValueError(f"formula, character {self._next.start + 1}: {sentence}")

    def _excess(self) -> str:
        """Return why the formula cannot go on with the next token."""
        (kind, found, *_), before = self._next, self._tokens[self._at - 1]
        if kind in ("end", ")"):
            return "a parenthesis is not closed" if kind == "end" else "this parenthesis was never opened"
        if kind == ",":
            return "a comma only separates the arguments of min and max; write 0.5, not 0,5"
        product = f"{shortened(before.value)}*{shortened(found)}"
        return f"expected an operator, found {shortened(found)}; for a product, write {product}"

    def _expression(self, least: int = 0) -> None:
        """Parse operands and operators of the level `least` or higher."""
        self._depth += 1
        DEPTH.check(self._depth, f"formula, character {self._next.start + 1}")
        if sign := self._take(*SIGNS):
            self._expression(SIGN_LEVEL)
            self._steps.append(SIGNS[sign.kind])
        else:
            self._operand()
        while self._next.kind in OPERATORS and OPERATORS[self._next.kind][0] >= least:
            _, right, function = OPERATORS[self._next.kind]
            self._at += 1
            self._expression(right)
            self._steps.append(function)
        self._depth -= 1

    def _operand(self) -> None:
        token = self._next
        if token.kind not in ("name", "number", "function", "("):
            raise self._error(f"expected a number, a name or a parenthesis, found {token.value}")
        if token.kind == "name" and self._tokens[self._at + 1].kind == "(":
            functions = ", ".join(FUNCTIONS)
            raise self._error(f"there is no function {shortened(token.value)}; the functions are {functions}")
        if token.kind == "number" and float(token.value) == np.inf:
            raise self._error(f"the number {shortened(token.value)} is too large")
        self._at += 1
        if token.kind == "function":
            self._call(token)
        elif token.kind == "(":
            self._expression()
            self._close()
        else:
            self._steps.append(token.value if token.kind == "name" else float(token.value))

    def _call(self, name: _Token) -> None:
        function, count = FUNCTIONS[name.value], 0
        while self._take("," if count else "("):
            self._expression()
            count += 1
            if count > 1 or function.nin == 1:
                self._steps.append(function)
        if (count > 1) != (function.nin > 1):
            expected = ("one argument", "at least two arguments")[function.nin - 1]
            raise ValueError(
                f"formula, character {name.start + 1}: {name.value} needs {expected}, found {count}"
            )
        self._close()

    def _close(self) -> None:
        if not self._take(")"):
            raise self._error(self._excess())
