"""Programs that compute and train a network in Python; each style is one module.

The package writes the programs, and the files of numbers that the programs load.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from nnviz.core.numbers import quoted
from nnviz.core.state import State
from nnviz.files.code import course, frame, keras, numpy, pytorch
from nnviz.files.code.lines import CodeLine, Numbers, Program


class Style(NamedTuple):
    """A style of programs: its title, a function that yields the lines of a program, and packages to import.

    The function raises ValueError for an activation, loss or optimizer that the style lacks.
    """

    title: str
    lines: Callable[[State, Numbers], Iterator[CodeLine]]
    needs: tuple[str, ...] = ()


STYLES = {
    "course": Style("Course", course.lines),
    "numpy": Style("NumPy", numpy.lines),
    "keras": Style("Keras", keras.lines, ("keras",)),
    "pytorch": Style("PyTorch", pytorch.lines, ("torch",)),
}
"""Map from the name of a style to the Style."""


def program(state: State, style: str = "numpy", *, beside: bool = True) -> Program:
    """Return a program that predicts the rows of `state` and trains on these rows from the present weights.

    If `beside` is true, weights or rows that would need more than 40 lines of code are in an additional
    `.npz` file. Raises ValueError for an unknown style, or for an entry that the style lacks.
    """
    if style not in STYLES:
        raise ValueError(f"no code style is called {quoted(style)}; the styles are {', '.join(STYLES)}")
    numbers = Numbers(state, beside)
    lines = (*frame.head(state), *STYLES[style].lines(state, numbers))
    return Program(lines, numbers.separate_arrays)


def code(state: State, style: str = "numpy") -> str:
    """Return the text of a program that needs no other file; `style` is one of `STYLES`.

    The program predicts the rows of `state` and trains on them as nnviz does, from the present weights.
    Raises ValueError for an unknown style, or for an entry that the style lacks.
    """
    return program(state, style, beside=False).text
