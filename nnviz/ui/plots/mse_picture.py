"""The curve of the MSE as a picture on white, to be exported or copied.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from nnviz.core.history import History
from nnviz.picture.palette import PALETTES
from nnviz.ui.plots.mse_canvas import MseCanvas

SIZE, DENSITY = (900, 560), 2
"""Size of the picture, and how many times as many pixels it has each way."""
MARGIN = 18
"""Pixels around the plot."""


def picture_of(history: History, present: tuple[int, float] | None, like: MseCanvas) -> QImage:
    """Return `history` with its axes, looked at as `like` looks at it."""
    plot = MseCanvas(PALETTES["light"])
    plot.density = DENSITY
    plot.resize(*SIZE)
    plot.set_log(like.log)
    plot.show_history(history, present)
    plot.show_view(like.view())
    plot.grab()  # lays it out
    whole = QRectF(0, 0, *SIZE)
    image = QImage(DENSITY * SIZE[0], DENSITY * SIZE[1], QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(DENSITY)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    plot.scene().render(painter, whole.adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), whole)
    painter.end()
    plot.close()
    return image
