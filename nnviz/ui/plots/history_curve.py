"""The curve of a history as mouse and keys use it: read out, zoomed, and gone along by its ring.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent

from nnviz.core.run import EarlierRun
from nnviz.picture.palette import Palette
from nnviz.ui.plots.earlier_curves import distance
from nnviz.ui.plots.history_canvas import HistoryCanvas
from nnviz.ui.widgets.theme import colours

GRAB = 10.0
"""So many pixels around its middle the ring is taken."""


class HistoryCurve(HistoryCanvas):
    """Reads points out under the mouse or by keys, zooms and pans; the ring can be dragged along the curve.

    ================ ======================================================
    `menu_requested` where on the screen it was clicked with the right button
    `ring_taken`     the mouse was pressed on the ring
    `wanted`         the iteration that the ring was dragged to
    `ring_dropped`   the mouse has let it go
    `mark_clicked`   the mouse was pressed on the mark
    ================ ======================================================
    """

    menu_requested = Signal(QPoint)
    ring_taken = Signal()
    wanted = Signal(object)
    ring_dropped = Signal()
    mark_clicked = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._dragged = False
        self.plotItem.vb.sigRangeChangedManually.connect(self._look_closer)
        self.scene().sigMouseClicked.connect(self._click)

    def _look_closer(self) -> None:
        self.show_view(self.view())
        self._follow_view()

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms
            self.menu_requested.emit(event.screenPos().toPoint())

    def _iteration_at(self, position: QPointF) -> float:
        return float(self.plotItem.vb.mapSceneToView(self.mapToScene(position.toPoint())).x())

    def _is_on_ring(self, position: QPointF) -> bool:
        if not self._ring.isVisible():
            return False
        return _near(position, self.present())

    def _is_on_mark(self, position: QPointF) -> bool:
        mark = self.marked()
        return mark is not None and _near(position, mark)

    def _hover(self, position: QPointF) -> None:
        scene = self.mapToScene(position.toPoint())
        if not self.plotItem.vb.sceneBoundingRect().contains(scene):
            self.read_at(None)
            return
        leaves = self._line.leaves
        if leaves and _near(position, self.place_of(leaves[1], self.view()[1][1])):
            self._read_near(leaves[0], None)
        else:
            self._read_near(self._iteration_at(position), self._run_at(scene))

    def _run_at(self, scene: QPointF) -> EarlierRun | None:
        """Return the earlier run that the mouse is on; None where the history is nearer, or nothing near."""
        at = self.plotItem.vb.mapSceneToView(scene)
        own = min((distance(each, at, self.pixel()) for each in (self.curve(), self.beyond())), default=GRAB)
        return self._earlier.near(at, self.pixel(), within=min(own, GRAB))

    def _read_near(self, iteration: float, run: EarlierRun | None) -> None:
        """Read out the point of the history, or of an earlier run, that is nearest to an iteration."""
        iterations = (self._history.points if run is None else run.history)[:, 0]
        after = int(np.searchsorted(iterations, iteration))
        near = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(near, key=lambda k: abs(float(iterations[k]) - iteration), default=None), run)

    def _read_or_present(self) -> int:
        """Return the point that is read out, or the last one that is not beyond the ring."""
        if self._read is not None:
            return self._read
        return int(self._history.points[:, 0].searchsorted(self._present[0], side="right")) - 1

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last, at = len(self._points_read()) - 1, self._read_or_present()
        steps = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps and last >= 0:
            self.read_at(min(max(steps[Qt.Key(event.key())], 0), last), self._read_run)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._earlier.runs:
            self._read_other_run(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() == Qt.Key.Key_Escape and self._read is not None:
            self.read_at(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def _read_other_run(self, step: int) -> None:
        """Read out the next run at the same iteration: after the present one the earlier, latest first."""
        runs = [*([None] if len(self._history) else []), *reversed(self._earlier.runs)]
        here = self._read_run if self._read is not None else None
        place = runs.index(here) + step if here in runs else 0
        iteration = self._points_read()[self._read, 0] if self._read is not None else self._present[0]
        self._read_near(float(iteration), runs[place % len(runs)])

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self._colour_ring(colours())

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self._colour_ring(colours())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton and self._is_on_ring(event.position()):
            self._dragged = True
            self.ring_taken.emit()
        elif event.button() == Qt.MouseButton.LeftButton and self._is_on_mark(event.position()):
            self.mark_clicked.emit()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if not event.buttons():
            self._let_go()  # a box may have taken the release
        if self._dragged:
            self.wanted.emit(max(round(self._iteration_at(event.position())), 0))
        else:
            super().mouseMoveEvent(event)
            self.viewport().setCursor(self._cursor_at(event.position()))
        self._hover(event.position())

    def _cursor_at(self, position: QPointF) -> Qt.CursorShape:
        if self._is_on_ring(position):
            return Qt.CursorShape.SizeHorCursor
        on_mark = self._is_on_mark(position)
        return Qt.CursorShape.PointingHandCursor if on_mark else Qt.CursorShape.ArrowCursor

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


def _near(one: QPointF, other: QPointF) -> bool:
    away = one - other
    return bool(np.hypot(away.x(), away.y()) <= GRAB)
