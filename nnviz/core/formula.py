"""Formulas over named numbers, such as `x_0*x_1` or `sqrt(x_0**2 + x_1**2)`.

A formula has numbers, names, + − * / **, parentheses and the functions in `FUNCTIONS`, with the precedence of
Python. Names that are no identifiers stand in backticks. nnviz parses the text itself and computes with
NumPy: no text is ever run as a program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.numbers import Limit, list_text, one_line, quoted, shortened

Operation: TypeAlias = float | str | np.ufunc
"""A step of a computation with a stack: push a number, push the number of a name, or apply a function."""
FUNCTIONS: dict[str, np.ufunc] = {
    name: getattr(np, name) for name in ("sin", "cos", "tanh", "exp", "log", "abs", "sqrt")
}
PAIRWISE: dict[str, np.ufunc] = {"min": np.minimum, "max": np.maximum}
"""Functions of two or more arguments."""
ADDING = {"+": np.add, "-": np.subtract}
SIGNS = {"+": np.positive, "-": np.negative}
MULTIPLYING = {"*": np.multiply, "/": np.divide}
LETTERS = Limit("letters", 500)
"""Largest length of a formula."""
DEPTH = Limit("nested parentheses, signs and powers", 50)
MOST_LISTED = 8
"""Largest number of names that an error message lists."""

_TYPED = {"−": "-", "·": "*", "×": "*"}
"""Characters that a person may type or paste instead of Python's."""
_TOKEN = re.compile(
    r"""[ ]*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<name>[^\W\d²³][^\W²³]*)
    |`(?P<quoted>[^`]+)`|(?P<power>[²³])|(?P<sign>\*\*|[-+*/(),−·×]))""",
    re.VERBOSE,
)
_HINTS = {
    "^": "for a power, write **",
    "`": "the backtick needs a second one after the name",
    ".": "a point stands only in a number, such as 0.5",
    "=": "write only the right side of the equation",
    "'": "names need no quotation marks, and other names than x_0 stand in backticks: `petal length`",
    "%": "there is no remainder",
}
_HINTS['"'] = _HINTS["'"]


class _Token(NamedTuple):
    """A part of a formula: `kind` is "number", "name", "end", or the sign; it is `text[start:end]`."""

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
    return name if found and found["name"] == name and name not in (*FUNCTIONS, *PAIRWISE) else f"`{name}`"


class Formula:
    """A formula, ready to compute. `text` is the text as typed, `names` the names in it.

    Raises ValueError for a text that is no formula, or without any name. The message names the character,
    counted from 1.
    """

    def __init__(self, text: str) -> None:
        LETTERS.check(len(text), "formula")
        self.text = text
        self._tokens = _tokens(text)
        self._program = _Parser(self._tokens).program()
        self.names = tuple(dict.fromkeys(name for name in self._program if isinstance(name, str)))
        if not self.names:
            raise ValueError("the formula needs the name of at least one column, such as x_0")

    def __call__(self, values: Mapping[str, ArrayLike]) -> Array:
        """Compute the formula; `values` maps each name to numbers of one shape, or shapes that broadcast.

        On overflow or outside the domain of a function, numbers are infinite or NaN.
        """
        stack: list[Array] = []
        with np.errstate(all="ignore"):
            for step in self._program:
                if isinstance(step, np.ufunc):
                    arguments = stack[-step.nin :]
                    del stack[-step.nin :]
                    stack.append(step(*arguments))
                else:
                    stack.append(np.asarray(values[step] if isinstance(step, str) else step, np.float64))
        return stack[0]

    def check_names(self, known: Collection[str]) -> None:
        """Raise ValueError, with the place, for the first name that is not in `known`."""
        for token in self._tokens:
            if token.kind == "name" and token.value in self.names and token.value not in known:
                columns = list_text([*known], MOST_LISTED) if known else "there is none"
                raise ValueError(
                    f"character {token.start + 1}: no column of raw numbers is called {quoted(token.value)}; "
                    f"the columns are {columns}"
                )

    def renamed(self, names: Mapping[str, str]) -> str:
        """Return the text with other names: `names` maps old names to new ones; other text stays as it is."""
        return self._rewritten(lambda name: quoted_name(names.get(name, name)))

    def code(self, name: Callable[[str], str], function: Callable[[str], str]) -> str:
        """Return the formula as a Python expression. The arguments turn names and functions into code."""
        return self._rewritten(name, function, lambda token: token.value)

    def _rewritten(
        self,
        name: Callable[[str], str],
        function: Callable[[str], str] = str,
        other: Callable[[_Token], str] | None = None,
    ) -> str:
        text, at = "", 0
        for token, following in pairwise(self._tokens):
            part = self.text[token.start : token.end] if other is None else other(token)
            if token.kind == "name":
                part = (function if _is_call(token, following) else name)(token.value)
            text += self.text[at : token.start] + part
            at = token.end
        return text.strip()


@lru_cache(maxsize=256)
def formula(text: str) -> Formula:
    """Return the Formula with this text. Raises ValueError for a text that is no formula."""
    return Formula(text)


def _is_call(token: _Token, following: _Token) -> bool:
    return following.kind == "(" and token.value in (*FUNCTIONS, *PAIRWISE)


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while text[at:].strip(" "):
        found = _TOKEN.match(text, at)
        if found is None:
            at += len(text[at:]) - len(text[at:].lstrip(" "))
            hint = _HINTS.get(text[at], "a formula has numbers, names, + - * / **, parentheses and functions")
            raise ValueError(f"character {at + 1}: {one_line(text[at])} has no meaning in a formula; {hint}")
        kind, value = str(found.lastgroup), found[str(found.lastgroup)]
        start, at = found.end() - len(found[0].lstrip()), found.end()
        if kind == "power":
            tokens.append(_Token("**", "**", start, start))
            kind, value = "number", str("⁰¹²³".index(value))
        kind = {"quoted": "name", "sign": _TYPED.get(value, value)}.get(kind, kind)
        tokens.append(_Token(kind, _TYPED.get(value, value), start, at))
    return [*tokens, _Token("end", "", len(text), len(text))]


class _Parser:
    """Turns tokens into the steps of a computation with a stack."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0
        self._steps: list[Operation] = []

    def program(self) -> list[Operation]:
        """Return the steps. Raises ValueError, with the place, if the tokens are no formula."""
        if len(self._tokens) == 1:
            raise ValueError("the formula is empty: type one such as x_0**2")
        self._sum()
        if self._next.kind != "end":
            raise self._error(self._excess())
        return self._steps

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self, *kinds: str) -> _Token | None:
        """Go on to the next token and return this one if it is of one of these kinds, else return None."""
        token = self._next
        if token.kind not in kinds:
            return None
        self._at += 1
        return token

    def _error(self, sentence: str) -> ValueError:
        return ValueError(f"character {self._next.start + 1}: {sentence}")

    @property
    def _found(self) -> str:
        token = self._next
        return "the end" if token.kind == "end" else shortened(token.value)

    def _excess(self) -> str:
        """Return why the formula cannot go on with the next token."""
        kind, before = self._next.kind, self._tokens[self._at - 1]
        if kind == ")":
            return "this parenthesis was never opened"
        if kind == ",":
            return "a comma only separates the arguments of min and max; write 0.5, not 0,5"
        if before.kind == "name" and kind == "(":
            functions = ", ".join((*FUNCTIONS, *PAIRWISE))
            return f"there is no function {shortened(before.value)}; the functions are {functions}"
        if before.kind == "name" and before.value in (*FUNCTIONS, *PAIRWISE):
            return f"a function needs parentheses: {before.value}({self._found})"
        return f"expected an operator, found {self._found}; for a product, write {before.value}*{self._found}"

    def _sum(self) -> None:
        self._chain(ADDING, lambda: self._chain(MULTIPLYING, self._signed))

    def _chain(self, operators: Mapping[str, np.ufunc], part: Callable[[], None]) -> None:
        part()
        while operator := self._take(*operators):
            part()
            self._steps.append(operators[operator.kind])

    def _signed(self) -> None:
        """Parse a power, with any signs before it: as in Python, −x**2 is −(x**2)."""
        self._depth += 1
        DEPTH.check(self._depth, f"character {self._next.start + 1}")
        if sign := self._take(*SIGNS):
            self._signed()
            self._steps.append(SIGNS[sign.kind])
        else:
            self._operand()
            if self._take("**"):
                self._signed()
                self._steps.append(np.power)
        self._depth -= 1

    def _operand(self) -> None:
        if self._next.kind == "name" and _is_call(self._next, self._tokens[self._at + 1]):
            self._call()
        elif token := self._take("name"):
            self._steps.append(token.value)
        elif self._next.kind == "number":
            number = float(self._next.value)
            if number == np.inf:
                raise self._error(f"the number {self._found} is too large")
            self._steps.append(number)
            self._at += 1
        elif self._take("("):
            self._sum()
            self._close()
        else:
            raise self._error(f"expected a number, a name or a parenthesis, found {self._found}")

    def _call(self) -> None:
        name = self._next
        self._at += 2
        count = 0
        while not count or self._take(","):
            self._sum()
            count += 1
            if count > 1 and name.value in PAIRWISE:
                self._steps.append(PAIRWISE[name.value])
        expected = "at least two arguments" if name.value in PAIRWISE else "one argument"
        if (count > 1) != (name.value in PAIRWISE):
            raise ValueError(f"character {name.start + 1}: {name.value} needs {expected}, found {count}")
        self._close()
        if name.value in FUNCTIONS:
            self._steps.append(FUNCTIONS[name.value])

    def _close(self) -> None:
        if not self._take(")"):
            end = self._next.kind == "end"
            raise self._error("a parenthesis is not closed" if end else self._excess())
