"""Lines of an explanation: a label, a formula, and the formula with numbers.

A line is consistent: a reader who computes the formula with the displayed numbers gets the displayed result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.expressions import (
    DIGITS,
    Expression,
    InexactError,
    Number,
    Piece,
    Sum,
    number_text,
    read,
    rounded,
)
from nnviz.core.losses import Loss, Penalty
from nnviz.core.network import Network, Trace
from nnviz.core.numbers import EXACT, INFINITE, MINUS, NOISE
from nnviz.core.results import Computed
from nnviz.core.slopes import Slopes
from nnviz.core.state import State

FEW_TERMS = 6
"""Number of largest terms that a shortened sum lists one by one."""
MOST_DIGITS = 17
"""Number of significant digits that identifies every float64 uniquely."""


def _fraction(text: str) -> Fraction:
    return Fraction(Decimal(text.replace(MINUS, "-")))


@dataclass(frozen=True)
class Arithmetic:
    """A formula with numbers and its result as text, `3·2 + 5·4 = 26` or `1/3 ≈ 0.333333`.

    `value` is the result at full precision.
    """

    pieces: tuple[Piece, ...]
    value: float

    @property
    def text(self) -> str:
        """The formula and the result as plain text."""
        return "".join(piece.text for piece in self.pieces)


def write(expression: Expression, result: Number | float) -> Arithmetic:
    """Return an Arithmetic: `expression`, written out with its numbers, and the result.

    The operands get as many digits as a reader needs to compute the displayed result from them. If the terms
    cancel out beyond float64 precision, the sum of the written terms replaces the value of `result`. The
    written result gets the address of `result`.
    """
    number = result if isinstance(result, Number) else Number(result)
    value = number.value
    digits = _closing_digits(expression, value)
    if digits is None:
        value = expression.computed()
        digits = _closing_digits(expression, value) or MOST_DIGITS
    text = number_text(value, DIGITS)
    written = expression.pieces(digits)
    exact = _is_exact(expression, digits, text)
    if exact:  # 0.1 + 0.2 is written as 0.3, although float64 has a little more
        text = number_text(read(text), DIGITS)
    end = Piece(text, number.address, number.slope)
    if isinstance(expression, Number):
        return Arithmetic((*written,) if exact else (Piece("≈ "), *written), value)
    if "".join(piece.text for piece in written) == text:  # a sum of one number is written once
        return Arithmetic((end,) if exact else (Piece("≈ "), end), value)
    return Arithmetic((*written, Piece(" = " if exact else " ≈ "), end), value)


def _closing_digits(expression: Expression, value: float) -> int | None:
    """Return how many digits the operands need, or None if no number of digits is enough."""
    text = number_text(value, DIGITS)
    for digits in range(DIGITS, MOST_DIGITS + 1):
        reached = _evaluate_rounded(expression, digits)
        if read(text) in (read(rounded(reached, EXACT)), read(rounded(reached, DIGITS))):
            return digits
    return None


def _evaluate_rounded(expression: Expression, digits: int) -> float:
    return expression.evaluate(lambda number: read(number_text(number.value, digits)))


def _is_exact(expression: Expression, digits: int, result: str) -> bool:
    """Return whether the written line is exact in every digit.

    Operands may be rounded only if that changes nothing: relu of any negative number is 0.
    """
    texts = [(number.value, number_text(number.value, digits)) for number in expression.numbers()]
    if not math.isfinite(read(result)) or not all(math.isfinite(value) for value, _ in texts):
        return False
    unrounded = all(abs(read(text) - value) <= NOISE * abs(value) for value, text in texts)
    try:
        exact = expression.evaluate(lambda n: _fraction(number_text(n.value, digits)))
        return exact == _fraction(result) and (
            unrounded or expression.evaluate(lambda n: Fraction(n.value)) == exact
        )
    except (InexactError, ZeroDivisionError):
        return False


def shortened_sum(terms: Sequence[Expression]) -> Expression:
    """Return the sum of `terms`, shortened if `terms` has more than FEW_TERMS + 1 terms.

    A shortened sum has the FEW_TERMS largest terms, and one number that is the sum of all other terms.
    """
    if len(terms) <= FEW_TERMS + 1:
        return Sum(*terms)
    sizes = np.array([term.computed() for term in terms])
    order = np.argsort(-np.abs(sizes), kind="stable")
    rest = float(np.sum(sizes[order[FEW_TERMS:]]))
    note = f"{len(terms) - FEW_TERMS} more"
    return Sum(*(terms[i] for i in order[:FEW_TERMS]), Number(rest, note=note))


_ASCII = str.maketrans(
    {MINUS: "-", INFINITE: "inf", "·": "*", "²": "^2", "≈": "~=", "√": "sqrt", "′": "'", "→": "->", "–": "-"}
    | {"Φ": "Phi"}
)


def ascii_text(text: str) -> str:
    """Return `text` for copying, with ASCII signs such as `*` and `-` in formulas. Names do not change."""
    text = re.sub("∂(.+?)/∂", r"d\1/d", text.translate(_ASCII))
    return text.replace("Σ ", "sum of ").replace("Σ", "sum of ")


@dataclass(frozen=True)
class Line:
    """A line of an explanation: a label, a formula, and the formula with the current numbers.

    `check_agrees` says whether a measured slope agrees with the computed slope. In other lines,
    `check_agrees` is None.
    """

    label: str
    formula: str
    written: Arithmetic
    check_agrees: bool | None = None

    @property
    def arithmetic(self) -> str:
        """The formula with numbers as plain text."""
        return self.written.text

    @property
    def text(self) -> str:
        """The label, the formula and the formula with numbers as plain text."""
        formula = f" = {self.formula}" if self.formula else ""
        sign = "" if self.arithmetic.startswith("≈") else "= "
        return f"{self.label}{formula} {sign}{self.arithmetic}"

    @property
    def value(self) -> float:
        """The result of the formula, at full precision."""
        return self.written.value


@dataclass(frozen=True)
class Note:
    """A sentence in an explanation, with a label, which may be ""."""

    label: str
    text: str


@dataclass(frozen=True)
class LineSection:
    """A part of an explanation: lines under a heading. The heading says which rows of the data are meant."""

    heading: str
    rows: tuple[Line | Note, ...]


@dataclass(frozen=True)
class Explanation:
    """The explanation of a node, a weight, a bias, an input or the loss."""

    title: str
    sections: tuple[LineSection, ...]

    def text(self) -> str:
        """Return the explanation as text for copying, with ASCII signs in formulas."""
        lines = [self.title]
        for section in self.sections:
            lines += ["", section.heading] if section.heading else [""]
            lines += [_row_text(row) for row in section.rows]
        return ascii_text("\n".join(lines)) + "\n"


def _row_text(row: Line | Note) -> str:
    if isinstance(row, Note):
        return f"{row.label}: {row.text}" if row.label else row.text
    tick = {True: " (agrees)", False: " (differs)", None: ""}[row.check_agrees]
    return row.text + tick


@dataclass(frozen=True)
class Scene:
    """A network and its values on one row, from which the lines of an explanation are written.

    `slopes` is None if the row has no targets. The slopes of weights contain the slope of `penalty`. As the
    argument of a method, layer −1 means the inputs.
    """

    network: Network
    measure: Loss
    trace: Trace
    slopes: Slopes | None
    targets: Array | None
    penalty: Penalty

    @classmethod
    def of(cls, state: State, computed: Computed) -> Scene | None:
        """Return the Scene of the selected row, or None if there are no rows."""
        if computed.trace is None:
            return None
        targets = None if computed.is_what_if else state.data.targets
        row = None if targets is None else targets[computed.row]
        return cls(state.network, state.measure, computed.trace, computed.slopes, row, state.training.penalty)

    def slope_symbol(self, variable: str) -> str:
        """Return the symbol of the slope of the loss with respect to `variable`, for example ∂MSE/∂z."""
        return f"∂{self.measure.symbol}/∂{variable}"

    def name(self, layer: int, node: int) -> str:
        """Return the name of a node."""
        return self.network.names(layer + 1)[node]

    def values(self, layer: int) -> Array:
        """Return the outputs of a layer, shape (nodes,)."""
        row: Array = self.trace.feeding(layer + 1)[0]
        return row

    def a(self, layer: int, node: int) -> Number:
        """Return the value a of a node: the output of the node."""
        return Number(float(self.values(layer)[node]), Address("node", layer, node))

    def z(self, layer: int, node: int) -> Number:
        """Return the value z of a node: the weighted sum before the activation."""
        return Number(float(self.trace.z[layer][0, node]), Address("node", layer, node))

    def w(self, layer: int, node: int, source: int) -> Number:
        """Return the weight from node `source` of the previous layer to `node` of `layer`."""
        value = float(self.network.layers[layer].weights[node, source])
        return Number(value, Address("weight", layer, node, source))

    def b(self, layer: int, node: int) -> Number | None:
        """Return the bias of a node, or None if the layer has no biases."""
        biases = self.network.layers[layer].biases
        return None if biases is None else Number(float(biases[node]), Address("bias", layer, node))

    @property
    def terms(self) -> Array:
        """The terms of the row's loss, shape (outputs,)."""
        assert self.targets is not None
        terms: Array = self.measure.terms(self.trace.z[-1], self.trace.prediction, self.targets[None])[0]
        return terms

    def prediction(self, output: int) -> Number:
        """Return the value a of an output."""
        return self.a(len(self.network.layers) - 1, output)

    def y(self, output: int) -> Number:
        """Return the target of an output."""
        assert self.targets is not None
        return Number(float(self.targets[output]))

    def error(self, output: int) -> Number:
        """Return the error of an output, prediction − target."""
        prediction = self.prediction(output)
        return replace(prediction, value=prediction.value - self.y(output).value)

    def slope_a(self, layer: int, node: int) -> Number:
        """Return ∂L/∂a, the slope of the row's loss with respect to a node's a, or to an input."""
        assert self.slopes is not None
        slopes = self.slopes.inputs if layer < 0 else self.slopes.layers[layer].outputs
        return Number(float(slopes[0, node]), Address("node", layer, node), slope=True)

    def slope_z(self, layer: int, node: int) -> Number:
        """Return ∂L/∂z, the slope of the row's loss with respect to a node's z."""
        assert self.slopes is not None
        slope = float(self.slopes.layers[layer].inputs[0, node])
        return Number(slope, Address("node", layer, node), slope=True)

    def activation_slope(self, layer: int, node: int) -> Number:
        """Return f′(z), the slope of a node's activation, which must be elementwise."""
        with np.errstate(all="ignore"):
            slope = self.network.layers[layer].function.slope(self.trace.z[layer])
        return Number(float(slope[0, node]), Address("node", layer, node))
