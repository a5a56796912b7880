"""The optimizers, as PyTorch defines them: one class and one registry entry each.

An optimizer updates one flat parameter vector in place. What it remembers between updates lies in `memory`,
rows of the same length that start as zeros; the number of updates done is told to it.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np

from nnviz.core.activations import Array


class Optimizer(Protocol):
    """The update rule of one flat parameter vector."""

    name: ClassVar[str]
    formula: ClassVar[str]
    memories: ClassVar[int]
    """How many rows of memory it needs."""

    def __init__(self, parameters: Array, slopes: Array, memory: Array) -> None:
        """Bind to the vectors (all of shape (parameters,); `memory` of shape (memories, parameters))."""

    def update(self, learning_rate: float, iteration: int) -> None:
        """Change the parameters in place by one update; `iteration` counts from 1."""


class GradientDescent:
    """w ← w − learning_rate · slope."""

    name = "gradient_descent"
    formula = "w − learning_rate · slope"
    memories = 0

    def __init__(self, parameters: Array, slopes: Array, memory: Array) -> None:  # noqa: ARG002
        self.parameters, self.slopes = parameters, slopes
        self.step = np.empty_like(parameters)

    def update(self, learning_rate: float, iteration: int) -> None:  # noqa: ARG002
        """Change the parameters by one update."""
        np.multiply(self.slopes, learning_rate, out=self.step)
        np.subtract(self.parameters, self.step, out=self.parameters)


class Momentum:
    """v ← 0.9·v + slope, w ← w − learning_rate · v (torch.optim.SGD with momentum=0.9)."""

    name = "momentum"
    formula = "v ← 0.9·v + slope,  w − learning_rate · v"
    memories = 1
    decay = 0.9

    def __init__(self, parameters: Array, slopes: Array, memory: Array) -> None:
        self.parameters, self.slopes, self.velocity = parameters, slopes, memory[0]
        self.step = np.empty_like(parameters)

    def update(self, learning_rate: float, iteration: int) -> None:  # noqa: ARG002
        """Change the parameters by one update."""
        np.multiply(self.velocity, self.decay, out=self.velocity)
        np.add(self.velocity, self.slopes, out=self.velocity)
        np.multiply(self.velocity, learning_rate, out=self.step)
        np.subtract(self.parameters, self.step, out=self.parameters)


class Adam:
    """Kingma and Ba (2015) with β₁ 0.9, β₂ 0.999, ε 1e-8 (torch.optim.Adam)."""

    name = "adam"
    formula = "m ← 0.9·m + 0.1·slope,  v ← 0.999·v + 0.001·slope²,  w − learning_rate · m̂ / (√v̂ + 1e-8)"
    memories = 2
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8

    def __init__(self, parameters: Array, slopes: Array, memory: Array) -> None:
        self.parameters, self.slopes = parameters, slopes
        self.mean, self.square = memory
        self.step, self.scale = np.empty_like(parameters), np.empty_like(parameters)

    def update(self, learning_rate: float, iteration: int) -> None:
        """Change the parameters by one update."""
        self.mean *= self.beta1
        np.multiply(self.slopes, 1.0 - self.beta1, out=self.step)
        self.mean += self.step
        self.square *= self.beta2
        np.multiply(self.slopes, self.slopes, out=self.step)
        self.step *= 1.0 - self.beta2
        self.square += self.step
        np.divide(self.square, 1.0 - self.beta2**iteration, out=self.scale)
        np.sqrt(self.scale, out=self.scale)
        self.scale += self.epsilon
        np.divide(self.mean, self.scale, out=self.step)
        self.step *= learning_rate / (1.0 - self.beta1**iteration)
        self.parameters -= self.step


OPTIMIZERS: dict[str, type[Optimizer]] = {
    optimizer.name: optimizer for optimizer in (GradientDescent, Momentum, Adam)
}
"""Every optimizer by name: what combo boxes offer and files may name."""
