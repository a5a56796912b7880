"""The network, its rows and its settings as a program that runs as it stands: one module a style.

Knows nothing of files but the one that a program loads its numbers from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.code import course, frame, keras, numpy, pytorch
from nnviz.files.code.lines import CodeLine, Numbers, Program


class Style(NamedTuple):
    """What a window calls a style, and what writes a program in it, or raises ValueError where it cannot."""

    title: str
    lines: Callable[[State, Numbers], Iterator[CodeLine]]


STYLES = {
    "course": Style("Course", course.lines),
    "numpy": Style("NumPy", numpy.lines),
    "keras": Style("Keras", keras.lines),
    "pytorch": Style("PyTorch", pytorch.lines),
}
"""Every style by name."""


def program(state: State, style: str = "numpy", *, beside: bool = True) -> Program:
    """Return `state` as a program: it predicts its rows and trains on them from the present weights.

    Weights and rows that are longer than a screenful are loaded from an `.npz` of the program's name, unless
    `beside` is False. Raises ValueError for a style that there is not, or that has no such optimizer.
    """
    if style not in STYLES:
        raise ValueError(f"no style is called {quoted(style)}; known are {', '.join(STYLES)}")
    numbers = Numbers(state, beside)
    lines = (*frame.head(state), *STYLES[style].lines(state, numbers))
    return Program(lines, numbers.beside)


def code(state: State, style: str = "numpy") -> str:
    """Return `state` as the text of a program that needs no other file; `style` is one of `STYLES`.

    It predicts the rows and trains on them as nnviz does, from the present weights. Raises ValueError for a
    style that there is not, or that has no such optimizer.
    """
    return program(state, style, beside=False).text
