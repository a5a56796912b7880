"""The page of formulas: how every number comes about; activations and optimizers as their entries say."""

from __future__ import annotations

from nnviz.core.activation import Activation
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.expressions import Number
from nnviz.core.optimizers import OPTIMIZERS, Optimizer
from nnviz.ui.help.page import Section

FORWARD: Section = (
    "Forward: from the inputs to the MSE",
    (
        (
            "z of a node",
            "z = W·a + b: the sum of weight · value over all that feeds it, and its bias, if its layer has "
            "them. Row j of W holds the weights that feed node j; a are the values of the layer before.",
        ),
        ("value of a node", "a = f(z), with the activation function f of its layer"),
        ("prediction", "the value of an output node"),
        ("error", "prediction − target"),
        ("MSE", "the mean of error² over all rows and outputs"),
    ),
)
BACKWARD: Section = (
    "Backward: slopes",
    (
        ("slope of a weight", "∂MSE/∂w = value at its start · slope at its end"),
        ("slope of a node", "∂MSE/∂z: the slope at the end of every edge that leads to it, and of its bias"),
        (
            "at an output",
            "∂MSE/∂z = 2 · error · f′(z) of a row, divided by the number of outputs",
        ),
        ("at a hidden node", "∂MSE/∂z = f′(z) · the sum of weight · slope at its end over all that it feeds"),
        ("without hidden layers", "one row, one output, no activation: ∂MSE/∂w = 2 · x · error"),
        (
            "a row's slope",
            "the slope of its own MSE; the mean over all rows is the slope of the MSE",
        ),
        ("relu at z = 0", "its slope there is 0; of every kink that of its left side counts"),
    ),
)
UPDATES: Section = (
    "Update: steps against the slope",
    (
        ("update, iteration", "one step of all weights and biases at once; a run counts them from 1"),
        ("epoch", "one pass over all rows; with a batch of fewer rows it takes several updates"),
    ),
)
STARTS = {
    "he": "normal with deviation √(2 / inputs of the layer)",
    "glorot": "uniform within ±√(6 / (inputs + nodes of the layer))",
}


def formulas() -> tuple[Section, ...]:
    """Return the sections of the page."""
    name, rows = UPDATES
    steps = tuple((optimizer.name, _rule(optimizer)) for optimizer in OPTIMIZERS.values())
    functions = tuple((each.name, _function(each)) for each in ACTIVATIONS.values())
    return FORWARD, BACKWARD, (name, (*rows, *steps)), ("Activation functions", functions)


def _rule(optimizer: type[Optimizer]) -> str:
    *remembered, (_, last) = optimizer.rule
    lines = [f"{memory} ← {rule.text}" for memory, rule in remembered]
    return ";  ".join([*lines, f"w ← {last.text}"])


def _function(activation: Activation) -> str:
    """Return what an entry says of itself, in sentences."""
    said = [f"f(z) = {activation.formula}"]
    if activation.slope_rule is not None:
        said.append(f"f′(z) = {activation.slope_rule.text}")
    if activation.joint is not None:
        nothing = [Number(0.0)]
        formula, _ = activation.joint.slope(nothing, nothing, 0, lambda terms: terms[0])
        said.append(f"∂MSE/∂z = {formula}")
    if takes := activation.parameter:
        said.append(f"{activation.name}({takes.example:g}) has another {takes.what}, {takes.taken}")
    said.append(f"random weights: {STARTS[activation.start]}")
    return ".  ".join(said)
