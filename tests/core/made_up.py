"""An activation, a loss and an optimizer that nnviz does not have, as an author would add them."""

import math
from fractions import Fraction
from math import inf

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Activation, ActivationNotation, Z
from nnviz.core.entries import Named
from nnviz.core.expressions import EXP, LN, Choice, Symbol
from nnviz.core.losses import ERROR, LOSSES, Loss, LossNotation
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS, RATE, SLOPE, Optimizer, W
from nnviz.core.state import Dataset, State, Training
from tests.core import oracle


def _forward(z, a):
    np.maximum(z, -1.0, out=a)


def _backward(z, a, slope_a, slope_z):
    np.multiply(slope_a, z > -1.0, out=slope_z)


HINGE = Activation(
    "hinge",
    _forward,
    _backward,
    "max(−1, z)",
    ActivationNotation(
        "np.maximum(z, -1)",
        "slope_a * (z > -1)",
        torch=Named("Threshold", constants={"threshold": -1, "value": -1}),
    ),
    Choice(Z > -1, 1, 0),
    kinks=(-1.0,),
    flat=((-inf, -1.0),),
    exact=lambda z: max(z, Fraction(-1)),
)


def _log_cosh(_z, a, y):
    return np.log(np.cosh(a - y))


LOG_COSH = Loss(
    "log_cosh",
    "log-cosh",
    "L",
    averaged=False,
    terms=_log_cosh,
    slopes=lambda _z, a, y, out: np.tanh(a - y, out=out),
    slopes_a=lambda _z, a, y: np.tanh(a - y),
    total=lambda z, a, y, _: float(_log_cosh(z, a, y).sum()),
    term=LN((EXP(ERROR) + EXP(-ERROR)) / 2),
    slope_rule=(EXP(ERROR) - EXP(-ERROR)) / (EXP(ERROR) + EXP(-ERROR)),
    notation=LossNotation("np.log(np.cosh(prediction - y))", "np.tanh(error)"),
)

B = Symbol("b̄")


class Calm(Optimizer):
    """It goes against the slope and half of what it remembers of earlier ones."""

    name = "calm"
    formula = "b̄ ← 0.75·b̄ + 0.25·slope,  w − learning_rate · (slope + 0.5·b̄)"
    memories = ("b̄",)
    rule = (("b̄", 0.75 * B + 0.25 * SLOPE), ("w", W - RATE * (SLOPE + 0.5 * B)))

    def __init__(self, parameters, slopes, memory, learning_rate):
        self.parameters, self.slopes, self.memory = parameters, slopes, memory[0]
        self.learning_rate = learning_rate

    def update(self, iteration):  # noqa: ARG002
        self.memory[:] = 0.75 * self.memory + 0.25 * self.slopes
        self.parameters -= self.learning_rate * (self.slopes + 0.5 * self.memory)


def _calm(w, g, rate, memory, _t):
    memory["b"] = 0.75 * memory["b"] + 0.25 * g
    return w - rate * (g + 0.5 * memory["b"])


def register(monkeypatch):
    """Add them to the registries, and to what the tests know by themselves, for one test."""
    monkeypatch.setitem(ACTIVATIONS, "hinge", HINGE)
    monkeypatch.setitem(LOSSES, "log_cosh", (LOG_COSH,))
    monkeypatch.setitem(OPTIMIZERS, "calm", Calm)
    monkeypatch.setitem(oracle.SCALAR, "hinge", lambda z: max(z, -1.0))
    monkeypatch.setitem(oracle.LOSSES, "log_cosh", lambda a, t: math.log(math.cosh(a - t)))
    monkeypatch.setitem(oracle.SUMMED, "log_cosh", True)
    monkeypatch.setitem(oracle.OPTIMIZERS, "calm", _calm)


def state(hidden="hinge", **training):
    """2-3-1 nodes and 3 rows, on all of which node_2 is on the flat part, and node_1 on none."""
    weights, biases = [[0.5, -1.0], [0.25, 0.5], [-2.0, -1.0]], [0.1, 0.0, -0.5]
    layers = (
        Layer(("node_0", "node_1", "node_2"), hidden, weights, biases),
        Layer(("output",), "identity", [[1.5, -0.5, 2.0]]),
    )
    data = Dataset([[1.0, 2.0], [3.0, 0.5], [2.0, 1.0]], [[1.0], [0.0], [-2.0]])
    return State(Network(("a", "b"), layers), data, Training(learning_rate=0.05, **training))
