"""A plot of the MSE over weights, with the present point in it. Knows nothing of the document.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

from nnviz.core.names import shortened
from nnviz.core.numbers import shown
from nnviz.ui.plots.point_plot import PointPlot

SHORT = 22
"""Letters of a name in the read-out."""


class LossPlane(PointPlot):
    """A plot over weights; its axes are named by them."""

    def in_words(self, weights: tuple[float, ...], loss: float) -> str:
        """Return weights and MSE for a read-out, each on a line."""
        names = (shortened(name, SHORT) for name in self._names)
        lines = [f"{name} = {shown(value)}" for name, value in zip(names, weights, strict=False)]
        return "\n".join((*lines, f"MSE {shown(loss) if math.isfinite(loss) else 'too large'}"))
