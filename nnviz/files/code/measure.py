"""The loss in use, and the accuracy, as programs of NumPy have them, from their entries."""

from __future__ import annotations

import re

import numpy as np

from nnviz.core.accuracy import THRESHOLD, is_one_of_many
from nnviz.core.losses import Loss
from nnviz.core.network import Network
from nnviz.core.state import State

NEAR = 1e-12
"""So near to 1 the targets of a row are shares of it."""
_TERM = re.compile(r"\([^()]*\)")


def uses(expression: str, name: str) -> bool:
    """Tell whether an expression takes what is called so."""
    return re.search(rf"\b{name}\b", expression) is not None


def put(expression: str, **names: str) -> str:
    """Return an expression with other words in the place of `z`, `prediction`, `y` and `error`."""
    return re.sub(r"\w+", lambda word: names.get(word[0], word[0]), expression)


def mean(loss: Loss, targets: str = "y") -> str:
    """Return the loss over rows, an expression of `z`, `prediction` and the `targets`."""
    terms = put(loss.elsewhere.numpy, y=targets)
    return f"np.mean({terms})" if loss.averaged else f"np.sum({terms}) / len({targets})"


def of_row(loss: Loss, single: bool) -> str:
    """Return the loss of one row in the same way; of a `single` output it is that of numbers."""
    terms = loss.elsewhere.numpy
    if single:
        return terms
    return f"np.{'mean' if loss.averaged else 'sum'}({terms})"


def slope(state: State) -> str:
    """Return the slope of what each output adds, an expression of `error`, `prediction` and `y`."""
    own = state.measure.elsewhere
    targets = state.data.targets
    assert targets is not None
    shares = bool((np.abs(targets.sum(axis=1) - 1.0) < NEAR).all())
    return own.of_shares if own.of_shares and shares else own.slope


def divided(expression: str, divisor: str) -> str:
    """Return an expression over a divisor, in parentheses where it is a sum."""
    bare = expression
    while (shorter := _TERM.sub("", bare)) != bare:
        bare = shorter
    is_sum = " - " in bare or " + " in bare
    return f"{f'({expression})' if is_sum else expression} / {divisor}"


def right(network: Network, *, single: bool = False) -> str:
    """Return which rows are right, an expression of `prediction` and `y`; of numbers if `single`."""
    if is_one_of_many(network):
        return "prediction.argmax(axis=1) == y.argmax(axis=1)"
    sides = f"(prediction >= {THRESHOLD}) == (y >= {THRESHOLD})"
    return sides if single or len(network.outputs) == 1 else f"({sides}).all(axis=1)"
