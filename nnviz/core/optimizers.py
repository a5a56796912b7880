"""The optimizers, as PyTorch defines them: one class and one registry entry each.

A class defines its update rule twice: as a computation that updates one flat parameter vector in place, and
as formulas that Explain fills with numbers. The array `memory` holds the numbers that an optimizer stores
between updates, such as the velocity of momentum. A row of `memory` is as long as the parameter vector, and
starts with zeros.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.expressions import ROOT, Expression, Number, Power, Square, Symbol

W, RATE, SLOPE, T = Symbol("w"), Symbol("learning_rate"), Symbol("slope"), Symbol("t")
"""Symbols in rules. W: weight or bias. RATE: learning rate. SLOPE: slope. T: number of the update, from 1."""
M, V, M_HAT, V_HAT = Symbol("m"), Symbol("v"), Symbol("m_hat"), Symbol("v_hat")


class OptimizerNotation(NamedTuple):
    """An optimizer in Keras and PyTorch, to write programs and Keras files.

    ================ ==========================================================================
    `name`           the name of the class in both libraries
    `keras_settings` all settings in a Keras file except the learning rate
    `arguments`      the arguments after the learning rate in code: ", momentum=0.9"
    `keras_class`    code of a Keras subclass that computes nnviz's numbers; "" if not needed
    ================ ==========================================================================
    """

    name: str
    keras_settings: Mapping[str, float]
    arguments: str = ""
    keras_class: str = ""

    @property
    def keras(self) -> str:
        """Code that creates the Keras optimizer from the variable `learning_rate`."""
        module = "" if self.keras_class else "optimizers."
        return f"{module}{self.name}(learning_rate{self.arguments})"

    @property
    def torch(self) -> str:
        """Code that creates the PyTorch optimizer from `learning_rate` and `model`."""
        return f"{self.name}(model.parameters(), lr=learning_rate{self.arguments})"


class Optimizer(ABC):
    """An optimizer: the rule by which an update changes the flat vector of all weights and biases."""

    name: ClassVar[str]
    formula: ClassVar[str]
    """The update rule as one line of text."""
    memories: ClassVar[tuple[str, ...]]
    """The names of the numbers that the optimizer stores for each parameter, such as "v"."""
    rule: ClassVar[tuple[tuple[str, Expression], ...]]
    """The update rule for the Explain panel: (name, formula) of each line. The last name is "w"."""
    follows_slope: ClassVar[bool] = False
    """Whether an update subtracts learning_rate · slope, as gradient descent does.

    Then `slopes` are already multiplied by the learning rate: backpropagation starts with errors that are
    multiplied by the learning rate, so that the update need not multiply every slope.
    """

    notation: ClassVar[OptimizerNotation | None] = None
    """The optimizer's code in Keras and PyTorch, or None if these libraries do not have the optimizer."""
    compiled: ClassVar[int]
    """The number of the rule in `kernel`. A class without a number of its own is computed by NumPy."""

    def __init__(self, parameters: Array, slopes: Array, memory: Array, learning_rate: Array) -> None:
        """Store the arrays: `parameters` and `slopes`, shape (parameters,), `memory`, (memories, parameters).

        `learning_rate` is a 0-dimensional array. Every update reads the learning rate from this array.
        """
        self.parameters, self.slopes, self.memory = parameters, slopes, memory
        self.learning_rate = learning_rate

    @abstractmethod
    def update(self, iteration: int) -> None:
        """Update the parameters in place. `iteration` is the number of the update, from 1."""


_KERAS_ADAM = '''\
class {0}(optimizers.{0}):
    """{0} as in its paper: epsilon is added to √v_hat, while Keras adds it to √v."""

    def update_step(self, gradient, variable, learning_rate):
        t = ops.cast(self.iterations + 1, variable.dtype)
        self.epsilon = 1e-8 * ops.sqrt(1 - 0.999**t)
        super().update_step(gradient, variable, learning_rate)'''
_ADAM_SETTINGS = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8, "amsgrad": False}
_KERAS_RMSPROP = '''\
class RMSprop(optimizers.RMSprop):
    """RMSprop as in PyTorch: epsilon is added to √v, while Keras adds it to v."""

    def update_step(self, gradient, variable, learning_rate):
        v = self._velocities[self._get_variable_index(variable)]
        self.assign(v, 0.99 * v + 0.01 * gradient**2)
        self.assign_sub(variable, learning_rate * gradient / (ops.sqrt(v) + 1e-8))'''


class GradientDescent(Optimizer):
    """Gradient descent: w ← w − learning_rate · slope."""

    name = "gradient_descent"
    compiled = 0
    formula = "w ← w − learning_rate · slope"
    memories = ()
    rule = (("w", W - RATE * SLOPE),)
    follows_slope = True
    notation = OptimizerNotation("SGD", {"momentum": 0.0, "nesterov": False})

    def update(self, iteration: int) -> None:  # noqa: ARG002
        """Update the parameters in place."""
        self.parameters -= self.slopes


class Momentum(Optimizer):
    """Momentum: v ← 0.9·v + slope, w ← w − learning_rate · v (torch.optim.SGD with momentum=0.9)."""

    name = "momentum"
    compiled = 1
    formula = "v ← 0.9·v + slope,  w ← w − learning_rate · v"
    memories = ("v",)
    rule = (("v", 0.9 * V + SLOPE), ("w", W - RATE * V))
    notation = OptimizerNotation("SGD", {"momentum": 0.9, "nesterov": False}, ", momentum=0.9")

    def update(self, iteration: int) -> None:  # noqa: ARG002
        """Update the parameters in place."""
        (velocity,) = self.memory
        velocity *= 0.9
        velocity += self.slopes
        self.parameters -= self.learning_rate * velocity


class Adam(Optimizer):
    """Adam by Kingma and Ba (2015) with β₁ 0.9, β₂ 0.999, ε 1e-8 (torch.optim.Adam)."""

    name = "adam"
    compiled = 3
    formula = (
        "m ← 0.9·m + 0.1·slope,  v ← 0.999·v + 0.001·slope²,  w ← w − learning_rate · m_hat / (√v_hat + 1e-8)"
    )
    memories = ("m", "v")
    rule = (
        ("m", 0.9 * M + 0.1 * SLOPE),
        ("v", 0.999 * V + 0.001 * Square(SLOPE)),
        ("m_hat", M / (1 - Power(Number(0.9), T))),
        ("v_hat", V / (1 - Power(Number(0.999), T))),
        ("w", W - RATE * M_HAT / (ROOT(V_HAT) + 1e-8)),
    )
    notation = OptimizerNotation("Adam", _ADAM_SETTINGS, keras_class=_KERAS_ADAM.format("Adam"))

    def update(self, iteration: int) -> None:
        """Update the parameters in place."""
        mean, square = self.memory
        mean *= 0.9
        mean += (1.0 - 0.9) * self.slopes
        square *= 0.999
        square += (1.0 - 0.999) * (self.slopes * self.slopes)
        step = mean / (np.sqrt(square / (1.0 - 0.999**iteration)) + 1e-8)
        self.parameters -= step * (self.learning_rate / (1.0 - 0.9**iteration))


class RMSprop(Optimizer):
    """RMSprop by Hinton (2012) with α 0.99, ε 1e-8 (torch.optim.RMSprop)."""

    name = "rmsprop"
    compiled = 2
    formula = "v ← 0.99·v + 0.01·slope²,  w ← w − learning_rate · slope / (√v + 1e-8)"
    memories = ("v",)
    rule = (("v", 0.99 * V + 0.01 * Square(SLOPE)), ("w", W - RATE * SLOPE / (ROOT(V) + 1e-8)))
    notation = OptimizerNotation(
        "RMSprop",
        {"rho": 0.99, "momentum": 0.0, "epsilon": 1e-16, "centered": False},
        keras_class=_KERAS_RMSPROP,
    )

    def update(self, iteration: int) -> None:  # noqa: ARG002
        """Update the parameters in place."""
        (square,) = self.memory
        square *= 0.99
        square += (1.0 - 0.99) * (self.slopes * self.slopes)
        self.parameters -= self.learning_rate * (self.slopes / (np.sqrt(square) + 1e-8))


class AdamW(Adam):
    """AdamW by Loshchilov and Hutter (2019): Adam with weight decay 0.01 (torch.optim.AdamW)."""

    name = "adamw"
    compiled = 4
    formula = f"w ← w − learning_rate · 0.01·w,  then adam: {Adam.formula}"
    rule = (*Adam.rule[:-1], ("w", W - RATE * 0.01 * W - RATE * M_HAT / (ROOT(V_HAT) + 1e-8)))
    notation = OptimizerNotation(
        "AdamW", {"weight_decay": 0.01, **_ADAM_SETTINGS}, ", weight_decay=0.01", _KERAS_ADAM.format("AdamW")
    )

    def update(self, iteration: int) -> None:
        """Update the parameters in place."""
        self.parameters -= self.learning_rate * 0.01 * self.parameters
        super().update(iteration)


OPTIMIZERS: dict[str, type[Optimizer]] = {
    each.name: each for each in (GradientDescent, Momentum, Adam, AdamW, RMSprop)
}
"""Every optimizer by name. Combo boxes and files use these names."""
