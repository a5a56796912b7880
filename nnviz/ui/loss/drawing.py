"""What a panel of the MSE over weights draws. Knows no widgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from nnviz.core.address import Where
from nnviz.core.state import State
from nnviz.ui.loss.plane import LossPlane


class Drawing(Protocol):
    """What a LossCard draws: over which weights, how it is found, how it is shown."""

    heading: str
    tip: str
    wanted: int
    """How many weights it is over."""
    weights: tuple[Where, ...]
    """Those of them that are chosen."""
    lines: int
    """Lines of the caption, so that the plot keeps its height."""

    @property
    def plane(self) -> LossPlane:
        """The plot."""
        ...

    def hint(self, state: State) -> str:
        """Return how to choose the weights that are missing."""
        ...

    def begin(self, weights: tuple[Where, ...]) -> None:
        """Be over these weights; nothing is known of them yet."""
        ...

    def find(self, state: State) -> Iterator[None]:
        """Find what is to be drawn, a unit of work at a time."""
        ...

    def show(self, state: State) -> tuple[bool, str]:
        """Draw what is known. Return whether it is of `state`, and a caption as rich text."""
        ...
