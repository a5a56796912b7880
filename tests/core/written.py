"""An evaluator of written arithmetic that shares nothing with the code that writes it."""

import math
import re

from tests.core.oracle import SCALAR

NAMES = {
    "Φ": lambda z: math.erfc(-z / math.sqrt(2)) / 2,
    "abs": abs,
    "sign": lambda w: (w > 0) - (w < 0),
    "max": max,
    "min": min,
    "exp": math.exp,
    "ln": math.log,
    "sqrt": math.sqrt,
    "floor": math.floor,
    "cos": math.cos,
    "π": math.pi,
    "__builtins__": {},
}


def evaluated(text):
    """Return the value before the sign, the sign, and the written result."""
    text = re.sub(r" \[[^]]*\]", "", text)
    text = re.sub(r"\b(\w+)\(([^()]*)\)\(", r"(lambda *z: \1(*z, \2))(", text)
    for sign, plain in {"−": "-", "·": "*", "²": "**2", "√": "sqrt", "e^": "exp", "^": "**"}.items():
        text = text.replace(sign, plain)
    names = {**SCALAR, **NAMES}
    match = re.fullmatch(r"(.*?) ?([=≈]) (.*)", text)
    if match is None:
        return eval(text, names), "=", float(text)
    before, sign, result = match.groups()
    return eval(before or result, names), sign, float(result)


def closes(text):
    """Return whether the arithmetic gives its result, to the six digits that are written of it."""
    value, sign, result = evaluated(text)
    if sign == "=":
        return math.isclose(value, result, rel_tol=1e-12, abs_tol=1e-300)
    unit = 10.0 ** (math.floor(math.log10(abs(result))) - 5) if result else 1e-300
    return abs(value - result) <= 0.500001 * unit
