"""The page of formulas: how every number comes about; activations and optimizers as their entries say."""

from __future__ import annotations

from nnviz.core.activation import Activation
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.expressions import Number
from nnviz.core.losses import LOSSES, Loss
from nnviz.core.optimizers import OPTIMIZERS, Optimizer
from nnviz.ui.help.page import Section

FORWARD: Section = (
    "Forward: from the inputs to the loss",
    (
        (
            "z of a node",
            "z = W·a + b: the sum of weight · value over all that feeds it, and its bias, if its layer has "
            "them. Row j of W holds the weights that feed node j; a are the values of the layer before.",
        ),
        ("value of a node", "a = f(z), with the activation function f of its layer"),
        ("prediction", "the value a of an output node; y is its target"),
        ("error", "prediction − target"),
    ),
)
MEASURES = (
    (
        "accuracy",
        "the share of rows that are right: with softmax the largest output is that of the largest target; "
        "else every output is on the side of 0.5 on which its target is. "
        "There is none where a target is neither 0 nor 1",
    ),
    (
        "validation",
        "the same over the last rows, which are not trained on: those from int(rows · (1 − share)) on",
    ),
)
BACKWARD: Section = (
    "Backward: slopes",
    (
        ("slope of a weight", "∂L/∂w = value at its start · slope at its end; L is the loss"),
        ("slope of a node", "∂L/∂z: the slope at the end of every edge that leads to it, and of its bias"),
        ("at a hidden node", "∂L/∂z = f′(z) · the sum of weight · slope at its end over all that it feeds"),
        ("without hidden layers", "one row, one output, no activation, MSE: ∂L/∂w = 2 · x · error"),
        ("a row's slope", "the slope of its own loss; the mean over all rows is the slope of the loss"),
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
    losses = [form for forms in LOSSES.values() for form in forms]
    (forward, values), (backward, (weight, node, *others)) = FORWARD, BACKWARD
    measured = *((_called(form), _loss(form)) for form in losses), *MEASURES
    at_outputs = ((f"at an output, {_called(form)}", _slope(form)) for form in losses)
    return (
        (forward, (*values, *measured)),
        (backward, (weight, node, *at_outputs, *others)),
        (name, (*rows, *steps)),
        ("Activation functions", functions),
    )


def _called(loss: Loss) -> str:
    return f"{loss.word} with {' or '.join(loss.outputs)}" if loss.outputs else loss.word


def _loss(loss: Loss) -> str:
    if loss.averaged:
        return f"the mean of {loss.term.text} over all rows and outputs"
    return f"the sum of {loss.term.text} over the outputs of a row, and of that the mean over all rows"


def _slope(loss: Loss) -> str:
    """Return what a row's slope at an output is."""
    rule = loss.short.rule(1.0).text if loss.short else f"{loss.slope_rule.text} · f′(z)"
    where = "of a row, where its targets sum to 1" if not loss.averaged else "of a row"
    return f"∂L/∂z = {rule} {where}{', divided by the number of outputs' if loss.averaged else ''}"


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
        said.append(f"∂L/∂z = {formula}")
    if takes := activation.parameter:
        said.append(f"{activation.name}({takes.example:g}) has another {takes.what}, {takes.taken}")
    said.append(f"random weights: {STARTS[activation.start]}")
    return ".  ".join(said)
