"""The optimizers, as PyTorch defines them: one class and one registry entry each.

An entry holds its rule twice: as computation, which updates one flat parameter vector in place, and as text,
which Explain fills with numbers. What it remembers between updates lies in `memory`, rows of the same length
that start as zeros; the number of updates done is told to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Protocol

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.expressions import ROOT, Expression, Power, Square, Symbol

W, RATE, SLOPE, T = Symbol("w"), Symbol("learning_rate"), Symbol("slope"), Symbol("t")
"""What a rule may speak of: the weight or bias, its slope, and how many updates there are with this one."""
M, V, M_HAT, V_HAT = Symbol("m"), Symbol("v"), Symbol("m_hat"), Symbol("v_hat")


class OptimizerNotation(NamedTuple):
    """The optimizer in other people's notation, with `learning_rate`; code is written by it.

    ============= ==========================================================================
    `keras`       how one is made of `optimizers`, which Keras has
    `torch`       how one is made of `torch.optim` for the parameters of a `model`
    `keras_class` code that changes Keras's class, where that computes something else
    `keras_file`  the class in a Keras file, and its settings there besides the rate
    ============= ==========================================================================
    """

    keras: str
    torch: str
    keras_class: str = ""
    keras_file: tuple[str, Mapping[str, float]] = ("", {})


class Optimizer(Protocol):
    """The update rule of one flat parameter vector."""

    name: ClassVar[str]
    formula: ClassVar[str]
    """The rule in a line, as a person writes it."""
    memories: ClassVar[tuple[str, ...]]
    """The names of what it remembers of each parameter: so many rows of memory it needs."""
    rule: ClassVar[tuple[tuple[str, Expression], ...]]
    """The same as Explain writes it, line by line: what is called so becomes this; the last is `w`."""
    rate_in_slopes: ClassVar[bool]
    """Whether its slopes must come multiplied by the learning rate.

    Backpropagation is linear, so where a step is nothing but learning_rate · slope the errors can carry the
    rate from the start, which spares a pass over all parameters.
    """
    any_slope_moves: ClassVar[bool]
    """Whether it divides by the slopes' own size, so that its steps are long however small they are."""

    elsewhere: ClassVar[OptimizerNotation | None] = None
    """How Keras and PyTorch have it, if they do."""

    def __init__(self, parameters: Array, slopes: Array, memory: Array, learning_rate: Array) -> None:
        """Bind to the vectors (all of shape (parameters,); `memory` has a row for each of `memories`).

        `learning_rate` is an array of no dimension, read at every update.
        """

    def update(self, iteration: int) -> None:
        """Change the parameters in place by one update; `iteration` counts from 1."""


_KERAS_ADAM = '''\
class Adam(optimizers.Adam):
    """Adam as its paper has it: epsilon is added to √v_hat, where Keras adds it to √v."""

    def update_step(self, gradient, variable, learning_rate):
        t = ops.cast(self.iterations + 1, variable.dtype)
        self.epsilon = 1e-8 * ops.sqrt(1 - 0.999**t)
        super().update_step(gradient, variable, learning_rate)'''


class GradientDescent(Optimizer):
    """w ← w − learning_rate · slope."""

    name = "gradient_descent"
    formula = "w ← w − learning_rate · slope"
    memories = ()
    rule = (("w", W - RATE * SLOPE),)
    rate_in_slopes = True
    any_slope_moves = False
    elsewhere = OptimizerNotation(
        "optimizers.SGD(learning_rate)",
        "SGD(model.parameters(), lr=learning_rate)",
        keras_file=("SGD", {"momentum": 0.0, "nesterov": False}),
    )

    def __init__(self, parameters: Array, slopes: Array, memory: Array, learning_rate: Array) -> None:  # noqa: ARG002
        self.parameters, self.slopes = parameters, slopes

    def update(self, iteration: int) -> None:  # noqa: ARG002
        """Change the parameters by one update."""
        np.subtract(self.parameters, self.slopes, self.parameters)


class Momentum(Optimizer):
    """v ← 0.9·v + slope, w ← w − learning_rate · v (torch.optim.SGD with momentum=0.9)."""

    name = "momentum"
    formula = "v ← 0.9·v + slope,  w ← w − learning_rate · v"
    memories = ("v",)
    rule = (("v", 0.9 * V + SLOPE), ("w", W - RATE * V))
    rate_in_slopes = False
    any_slope_moves = False
    elsewhere = OptimizerNotation(
        "optimizers.SGD(learning_rate, momentum=0.9)",
        "SGD(model.parameters(), lr=learning_rate, momentum=0.9)",
        keras_file=("SGD", {"momentum": 0.9, "nesterov": False}),
    )
    decay = np.array(0.9)

    def __init__(self, parameters: Array, slopes: Array, memory: Array, learning_rate: Array) -> None:
        self.parameters, self.slopes, self.velocity = parameters, slopes, memory[0]
        self.learning_rate = learning_rate
        self.step = np.empty_like(parameters)

    def update(self, iteration: int) -> None:  # noqa: ARG002
        """Change the parameters by one update."""
        np.multiply(self.velocity, self.decay, self.velocity)
        np.add(self.velocity, self.slopes, self.velocity)
        np.multiply(self.velocity, self.learning_rate, self.step)
        np.subtract(self.parameters, self.step, self.parameters)


class Adam(Optimizer):
    """Kingma and Ba (2015) with β₁ 0.9, β₂ 0.999, ε 1e-8 (torch.optim.Adam)."""

    name = "adam"
    formula = (
        "m ← 0.9·m + 0.1·slope,  v ← 0.999·v + 0.001·slope²,  w ← w − learning_rate · m_hat / (√v_hat + 1e-8)"
    )
    memories = ("m", "v")
    rule = (
        ("m", 0.9 * M + 0.1 * SLOPE),
        ("v", 0.999 * V + 0.001 * Square(SLOPE)),
        ("m_hat", M / (1 - Power(0.9, T))),
        ("v_hat", V / (1 - Power(0.999, T))),
        ("w", W - RATE * M_HAT / (ROOT(V_HAT) + 1e-8)),
    )
    rate_in_slopes = False
    any_slope_moves = True
    elsewhere = OptimizerNotation(
        "Adam(learning_rate)",
        "Adam(model.parameters(), lr=learning_rate)",
        _KERAS_ADAM,
        ("Adam", {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "amsgrad": False}),
    )
    beta1, beta2, epsilon = np.array(0.9), np.array(0.999), np.array(1e-8)
    fresh1, fresh2 = np.array(1.0 - 0.9), np.array(1.0 - 0.999)

    def __init__(self, parameters: Array, slopes: Array, memory: Array, learning_rate: Array) -> None:
        self.parameters, self.slopes, self.learning_rate = parameters, slopes, learning_rate
        self.mean, self.square = memory
        self.step, self.scale = np.empty_like(parameters), np.empty_like(parameters)

    def update(self, iteration: int) -> None:
        """Change the parameters by one update."""
        step, scale = self.step, self.scale
        np.multiply(self.mean, self.beta1, self.mean)
        np.multiply(self.slopes, self.fresh1, step)
        np.add(self.mean, step, self.mean)
        np.multiply(self.square, self.beta2, self.square)
        np.multiply(self.slopes, self.slopes, step)
        np.multiply(step, self.fresh2, step)
        np.add(self.square, step, self.square)
        np.divide(self.square, 1.0 - 0.999**iteration, scale)
        np.sqrt(scale, scale)
        np.add(scale, self.epsilon, scale)
        np.divide(self.mean, scale, step)
        np.multiply(step, self.learning_rate / (1.0 - 0.9**iteration), step)
        np.subtract(self.parameters, step, self.parameters)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.name: optimizer for optimizer in (GradientDescent, Momentum, Adam)
}
"""Every optimizer by name: what combo boxes offer and files may name."""
