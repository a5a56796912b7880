"""The network, its rows and its settings as a complete program; each style is one module.

The only file that this package writes is the program with the numbers that it loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.code import course, frame, keras, numpy, pytorch
from nnviz.files.code.lines import CodeLine, Numbers, Program


class Style(NamedTuple):
    """A style of programs: its title, and the function that yields the lines or raises ValueError."""

    title: str
    lines: Callable[[State, Numbers], Iterator[CodeLine]]


STYLES = {
    "course": Style("Course", course.lines),
    "numpy": Style("NumPy", numpy.lines),
    "keras": Style("Keras", keras.lines),
    "pytorch": Style("PyTorch", pytorch.lines),
}
"""All styles by name."""


def program(state: State, style: str = "numpy", *, beside: bool = True) -> Program:
    """Return a program that predicts the rows of `state` and trains on them from the present weights.

    The program loads weights and rows that are longer than a screenful from an `.npz` file with its name,
    unless `beside` is False. Raises ValueError for an unknown style or an optimizer that the style lacks.
    """
    if style not in STYLES:
        raise ValueError(f"no style is called {quoted(style)}; the styles are {', '.join(STYLES)}")
    numbers = Numbers(state, beside)
    lines = (*frame.head(state), *STYLES[style].lines(state, numbers))
    return Program(lines, numbers.beside)


def code(state: State, style: str = "numpy") -> str:
    """Return the text of a program that needs no other file; `style` is one of `STYLES`.

    The program predicts the rows of `state` and trains on them as nnviz does, from the present weights.
    Raises ValueError for an unknown style or an optimizer that the style lacks.
    """
    return program(state, style, beside=False).text
