"""Learning-rate schedules: how the learning rate changes in a run. One class and one registry entry each.

A schedule defines its rule twice: as a computation, and as a formula for Explain and for programs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, ClassVar

from nnviz.core import entries
from nnviz.core.expressions import COS, FLOOR, PI, Choice, Expression, Number, Power, Symbol
from nnviz.core.numbers import LARGEST, full, parse_number
from nnviz.core.optimizers import RATE

K = Symbol("k")
"""The number of updates before an update, from 0."""


@dataclass(frozen=True)
class Schedule(ABC):
    """A learning-rate schedule. The fields of a subclass are its parameters: whole numbers or floats.

    Raises ValueError for an invalid parameter. The message starts with the name of the parameter.
    """

    kind: ClassVar[str]
    meaning: ClassVar[str]
    """The parameters in words."""
    example: ClassVar[tuple[float, ...]]
    """Parameters to propose."""
    keras: ClassVar[tuple[str, dict[str, str], dict[str, Any]]]
    """The class in Keras, the name of each parameter in Keras, and other settings of the class."""

    @abstractmethod
    def rate(self, first: float, k: int) -> float:
        """Return the learning rate after `k` updates; `first` is the learning rate of the first update."""

    @property
    @abstractmethod
    def factor_rule(self) -> Expression:
        """The formula of the factor by which `rate` multiplies the first learning rate, in the symbol k."""

    @property
    def rule(self) -> Expression:
        """The formula of `rate`, in the symbols learning_rate (the first one) and k."""
        return RATE * self.factor_rule

    @property
    def name(self) -> str:
        """The kind and the parameters as text: "step(100, 0.5)"."""
        return f"{self.kind}({', '.join(map(full, astuple(self)))})"

    @property
    def keras_config(self) -> dict[str, Any]:
        """The settings of the Keras class, except the first learning rate."""
        _, names, others = self.keras
        return {name: getattr(self, own) for own, name in names.items()} | others


def _check_whole(name: str, value: float) -> None:
    if not 1 <= value <= LARGEST or value % 1:
        raise ValueError(f"{name}: expected a whole number from 1 to {LARGEST}")


@dataclass(frozen=True)
class Step(Schedule):
    """Multiply the learning rate by `factor` after every `every` updates."""

    every: int
    factor: float

    kind = "step"
    meaning = "updates between two steps, and the factor of a step"
    example = (100, 0.5)
    keras = "ExponentialDecay", {"every": "decay_steps", "factor": "decay_rate"}, {"staircase": True}

    def __post_init__(self) -> None:
        _check_whole("every", self.every)
        if not 0.0 < self.factor <= 1.0:
            raise ValueError("factor: expected a number above 0, at most 1")

    def rate(self, first: float, k: int) -> float:
        """Return first · factor^(k // every)."""
        return first * self.factor ** (k // self.every)

    @property
    def factor_rule(self) -> Expression:
        """The formula factor^floor(k/every)."""
        return Power(Number(self.factor), FLOOR(K / self.every))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Lower the learning rate to 0 within `updates` updates, along half a wave of a cosine."""

    updates: int

    kind = "cosine"
    meaning = "number of updates until the learning rate is 0"
    example = (500,)
    keras = "CosineDecay", {"updates": "decay_steps"}, {}

    def __post_init__(self) -> None:
        _check_whole("updates", self.updates)

    def rate(self, first: float, k: int) -> float:
        """Return first · (1 + cos(π · k / updates)) / 2, and 0 for k > updates."""
        return first * (1.0 + math.cos(math.pi * k / self.updates)) / 2.0 if k <= self.updates else 0.0

    @property
    def factor_rule(self) -> Expression:
        """The formula (1 + cos(π·k/updates))/2, and 0 for k > updates."""
        return Choice(self.updates >= K, (1 + COS(PI * K / self.updates)) / 2, 0)


SCHEDULES: dict[str, type[Schedule]] = {each.kind: each for each in (Step, Cosine)}
"""Every schedule by kind. Combo boxes, files and commands use these names."""
CONSTANT = "constant"
"""Name of no schedule: the learning rate does not change."""


def schedule(text: str) -> Schedule | None:
    """Return the schedule with this name and parameters: "step(100, 0.5)". "constant" gives None.

    Raises ValueError for an unknown name or invalid parameters.
    """
    if text == CONSTANT:
        return None
    kind, _, rest = text.partition("(")
    entries.check_known(kind, [CONSTANT, *SCHEDULES], "schedule")
    own = SCHEDULES[kind]
    try:
        if not rest.endswith(")"):
            raise ValueError
        return of_numbers(own, [parse_number(part) for part in rest[:-1].split(",")])
    except ValueError as error:
        example = f"{kind}({', '.join(map(full, own.example))})"
        reason = f"{error}; write" if str(error) else f"{kind} needs the {own.meaning} in brackets, such as"
        raise ValueError(f"{reason} {example}") from None


def of_numbers(kind: type[Schedule], numbers: Sequence[float]) -> Schedule:
    """Return a schedule with these parameters. Raises ValueError for invalid ones."""
    if len(numbers) != len(fields(kind)):
        raise ValueError
    make: Callable[..., Schedule] = kind
    return make(*(value if value % 1 else int(value) for value in numbers))
