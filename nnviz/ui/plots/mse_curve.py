"""The curve of the MSE as mouse and keys use it: read out, zoomed, and gone along by its ring.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent

from nnviz.picture.palette import Palette
from nnviz.ui.plots.mse_canvas import MseCanvas

GRAB = 10.0
"""So many pixels around its middle the ring is taken."""


class MseCurve(MseCanvas):
    """Reads points out under the mouse or by keys, zooms and pans; the ring can be dragged along the curve.

    ================ ======================================================
    `menu_requested` where on the screen it was clicked with the right button
    `ring_taken`     the mouse was pressed on the ring
    `wanted`         the iteration that the ring was dragged to
    `ring_dropped`   the mouse has let it go
    ================ ======================================================
    """

    menu_requested = Signal(QPoint)
    ring_taken = Signal()
    wanted = Signal(object)
    ring_dropped = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._dragged = False
        self.plotItem.vb.sigRangeChangedManually.connect(self._look_closer)
        self.scene().sigMouseClicked.connect(self._click)

    def _look_closer(self) -> None:
        self._following = False
        self.look(*self.view())
        self._follow_view()

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms
            self.menu_requested.emit(event.screenPos().toPoint())

    def _iteration_at(self, position: QPointF) -> float:
        return float(self.plotItem.vb.mapSceneToView(self.mapToScene(position.toPoint())).x())

    def _is_on_ring(self, position: QPointF) -> bool:
        if not self._ring.isVisible():
            return False
        away = position - self.present()
        return bool(np.hypot(away.x(), away.y()) <= GRAB)

    def _hover(self, position: QPointF) -> None:
        scene = self.mapToScene(position.toPoint())
        if len(self._history) == 0 or not self.plotItem.vb.sceneBoundingRect().contains(scene):
            self.read_at(None)
            return
        x = self._iteration_at(position)
        iterations = self._history.points[:, 0]
        after = int(np.searchsorted(iterations, x))
        near = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(near, key=lambda k: abs(float(iterations[k]) - x)))

    def _read_or_present(self) -> int:
        """Return the point that is read out, or the last one that is not beyond the ring."""
        if self._read is not None:
            return self._read
        return int(self._history.points[:, 0].searchsorted(self._present[0], side="right")) - 1

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last, at = len(self._history) - 1, self._read_or_present()
        steps = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps and last >= 0:
            self.read_at(min(max(steps[Qt.Key(event.key())], 0), last))
        elif event.key() == Qt.Key.Key_Escape and self._read is not None:
            self.read_at(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton and self._is_on_ring(event.position()):
            self._dragged = True
            self.ring_taken.emit()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if not event.buttons():
            self._let_go()  # a box may have taken the release
        if self._dragged:
            self.wanted.emit(max(round(self._iteration_at(event.position())), 0))
        else:
            super().mouseMoveEvent(event)
            on_ring = self._is_on_ring(event.position())
            self.viewport().setCursor(Qt.CursorShape.SizeHorCursor if on_ring else Qt.CursorShape.ArrowCursor)
        self._hover(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self._let_go()
        else:
            super().mouseReleaseEvent(event)

    def _let_go(self) -> None:
        if self._dragged:
            self._dragged = False
            self.ring_dropped.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.view_all()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Leave the card's menu to a click: a right drag zooms."""
        event.setAccepted(event.reason() == QContextMenuEvent.Reason.Mouse)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self.read_at(None)
