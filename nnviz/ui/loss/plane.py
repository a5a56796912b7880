"""A plot of the loss over weights, with the present point in it. Knows nothing of the document.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

from nnviz.core.names import shorten_names
from nnviz.core.numbers import shown
from nnviz.ui.plots.point_plot import PointPlot

SHORT = 22
"""Letters of a name in the read-out."""


class LossPlane(PointPlot):
    """A plot over weights; its axes are named by them, and `over` says in words what it is over."""

    over: str
    _measure = ""

    def show_measure(self, title: str) -> None:
        """Say of which loss it is from now on."""
        if title != self._measure:
            self._measure = title
            self.setAccessibleName(f"{title} {self.over}")

    def in_words(self, weights: tuple[float, ...], loss: float) -> str:
        """Return weights and loss for a read-out, each on a line."""
        names = shorten_names(self._names, SHORT)
        lines = [f"{name} = {shown(value)}" for name, value in zip(names, weights, strict=False)]
        return "\n".join((*lines, f"{self._measure} {shown(loss) if math.isfinite(loss) else 'too large'}"))
