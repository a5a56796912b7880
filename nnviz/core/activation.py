"""What an entry of `activations` holds: all that nnviz knows of an activation. Knows nothing of networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.expressions import Expression, Number
from nnviz.core.kernels import Array, Backward, Forward
from nnviz.core.rules import Function, Symbol

Interval: TypeAlias = tuple[float, float]
"""From one z to another, both included."""

Total: TypeAlias = Callable[[Sequence[Expression]], Expression]


class Joint(NamedTuple):
    """How an activation is written whose outputs depend on every z of their layer.

    ========= ==========================================================================
    `value`   `value(z, node, total)` returns the formula of a and what stands there
    `slope`   `slope(a, slopes_a, node, total)` the same of ∂L/∂z
    ========= ==========================================================================

    `z`, `a` and `slopes_a` are those of the layer; `total` sums terms up, and may write a long sum short.
    """

    value: Callable[[Sequence[Number], int, Total], tuple[str, Expression]]
    slope: Callable[[Sequence[Number], Sequence[Number], int, Total], tuple[str, Expression]]


class Parameter(NamedTuple):
    """The number that may stand in brackets behind a name: what it is, which are taken, what it makes."""

    what: str
    example: float
    taken: str
    """Which numbers are taken, in words: "above 0"."""
    takes: Callable[[float], bool]
    make: Callable[[float], Activation]


class Named(NamedTuple):
    """What another library calls an activation; with the keyword and the value of its parameter, if any."""

    name: str
    parameter: str = ""
    value: float = 0.0


class Elsewhere(NamedTuple):
    """The activation in other people's notation: code and files are written, and files read, by it.

    ============= ==========================================================================
    `numpy`       an expression of `z`, an array of shape (rows, nodes)
    `numpy_slope` one of `z`, `a` and `slope_a`, ∂L/∂a, that gives ∂L/∂z
    `keras`       a name of `keras.activations`; with a parameter, a class of `keras.layers`
    `torch`       a class of `torch.nn`
    `onnx`        an operator
    ============= ==========================================================================
    """

    numpy: str
    numpy_slope: str
    keras: Named
    torch: Named
    onnx: Named


@dataclass(frozen=True, eq=False)
class Activation:
    """`a = f(z)`, how a slope comes back through it, and how both are written.

    ============= ==========================================================================
    `forward`     binds f(z) to arrays: see `kernels`
    `backward`    binds its vector-Jacobian product to arrays
    `formula`     f(z) as a person writes it
    `elsewhere`   how NumPy, Keras, PyTorch and ONNX have it
    `slope_rule`  f′(z), in `Z` and `A`; None where `joint` says how the slope is written
    `start`       random start that suits it: "he" (normal) or "glorot" (uniform)
    `kinks`       the z at which its slope jumps; the slope there is that of the left side
    `flat`        where its slope is exactly 0: a node that stays at 0 there is dead
    `saturated`   where it hardly moves
    `exact`       f(z) of a fraction; None where that is none
    `scalar`      f(z) of a number, where it can be told more precisely than `forward` does
    `linear`      a is z itself: nothing is computed, and no line is written
    `joint`       where its outputs depend on every z of the layer
    `parameter`   what may stand in brackets behind its name
    ============= ==========================================================================
    """

    name: str
    forward: Forward
    backward: Backward
    formula: str
    elsewhere: Elsewhere
    slope_rule: Expression | None = None
    start: Literal["he", "glorot"] = "glorot"
    kinks: tuple[float, ...] = ()
    flat: tuple[Interval, ...] = ()
    saturated: tuple[Interval, ...] = ()
    exact: Callable[[Fraction], Fraction | None] = lambda _: None
    scalar: Callable[[float], float] | None = None
    linear: bool = False
    joint: Joint | None = None
    parameter: Parameter | None = None

    def __call__(self, z: Array) -> Array:
        """Return f(z) as a new array of the same shape."""
        a = np.empty_like(z)
        self.forward(z, a)()
        return a

    @property
    def base(self) -> str:
        """The name without brackets: what it is called in the registry."""
        return self.name.partition("(")[0]

    @property
    def elementwise(self) -> bool:
        """Whether an output depends on the z of its own node alone."""
        return self.joint is None

    def slope(self, z: Array) -> Array:
        """Return f'(z), elementwise.

        Raises TypeError where outputs depend on every z of the layer.
        """
        if not self.elementwise:
            raise TypeError(f"{self.name} has no elementwise slope")
        a = self(z)
        out = np.empty_like(z)
        self.backward(z, a, np.ones_like(z), out)()
        return out

    @cached_property
    def written(self) -> Function:
        """The function as it stands in arithmetic: relu(z), leaky_relu(0.2)(z)."""
        return Function(self.name, self.scalar or self._of_one, self.exact)

    @property
    def call(self) -> str:
        """What `written` is of z, as text: "relu(z)"."""
        return self.written(Symbol("z")).text

    def _of_one(self, z: float) -> float:
        with np.errstate(all="ignore"):
            return float(self(np.array([[z]]))[0, 0])
