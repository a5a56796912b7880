"""Entries of a registry, found by name; the name may have a parameter in brackets: `leaky_relu(0.2)`."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Generic, NamedTuple, TypeVar

from nnviz.core.numbers import full, parse_number, quoted

E = TypeVar("E")


class Parameter(NamedTuple, Generic[E]):
    """The parameter of an entry, a number in brackets after the entry's name.

    `meaning` describes the parameter in words. `make` returns the entry for a given number.
    """

    meaning: str
    example: float
    valid_range: str
    """The range of valid numbers as text: "above 0"."""
    is_valid: Callable[[float], bool]
    make: Callable[[float], E]


class Named(NamedTuple):
    """The name of an entry in another library, and the keyword and value of the parameter.

    `name` is "" if the library does not have the entry. `parameter` is the keyword, or "" if the entry has
    no parameter. `constants` are other keywords of the library and their only values.
    """

    name: str = ""
    parameter: str = ""
    value: float = 0.0
    constants: Mapping[str, float] = MappingProxyType({})

    @property
    def settings(self) -> dict[str, float]:
        """The value of each keyword."""
        return {**({self.parameter: self.value} if self.parameter else {}), **self.constants}

    @property
    def call(self) -> str:
        """Code that creates an object of the class: "ReLU()", "ELU(alpha=0.5)"."""
        return f"{self.name}({', '.join(f'{key}={full(value)}' for key, value in self.settings.items())})"


class Rule(NamedTuple):
    """The rule that computes an entry in compiled loops: its number in `kernel`, and two numbers in it."""

    number: int
    p: float = 0.0
    q: float = 0.0


def with_parameter(name: str, value: float, default: float) -> str:
    """Return the name of an entry with its parameter in brackets, or only `name` for the default value."""
    return name if value == default else f"{name}({full(value)})"


def find(
    registry: Mapping[str, E], name: str, kind: str, parameter_of: Callable[[E], Parameter[E] | None]
) -> E:
    """Return the entry with this name, which may have a parameter in brackets.

    `kind` is a noun for messages, such as "loss". Raises ValueError for an unknown name or an invalid
    parameter.
    """
    if not isinstance(name, str):
        raise ValueError(f"expected a name, found {quoted(name)}")
    base, bracket, rest = name.partition("(")
    check_known(base, registry, kind)
    usual = registry[base]
    if not bracket:
        return usual
    parameter = parameter_of(usual)
    if parameter is None:
        raise ValueError(f"{base} takes no parameter in brackets")
    made: E = _made(parameter, base, rest)
    return made


@lru_cache(maxsize=256)
def _made(parameter: Parameter[E], name: str, rest: str) -> E:
    try:
        value = parse_number(rest.removesuffix(")")) if rest.endswith(")") else math.nan
    except ValueError:
        value = math.nan
    if not parameter.is_valid(value):
        what, valid, example = parameter.meaning, parameter.valid_range, f"{name}({full(parameter.example)})"
        raise ValueError(f"{name} needs the {what} in brackets, a number {valid}, such as {example}")
    return parameter.make(value)


def check_known(name: str, registry: Collection[str], kind: str) -> None:
    """Raise ValueError unless `name` is in the registry; `kind` is a noun, such as "optimizer"."""
    if name not in registry:
        names = f"the {kind}{'es' if kind.endswith('s') else 's'} are {', '.join(registry)}"
        raise ValueError(f"no {kind} is called {quoted(name)}; {names}")
