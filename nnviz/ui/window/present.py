"""Presentation mode: the diagram alone on the full screen, with the loss and the curve of the run below."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, QRectF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QToolBar, QWidget

from nnviz.core.results import BLANK, HIDDEN
from nnviz.document.moment import Moment
from nnviz.picture.parts import MOST_GROWTH
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.kit.card import PLOT_MS, STYLE_EVENTS
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours, pixel_font, size_factor, ui_font
from nnviz.ui.panels.history_readout import measure_title, run_texts
from nnviz.ui.window.window import VERSION, MainWindow

if TYPE_CHECKING:
    from nnviz.ui.panels.history_canvas import RunPainter

LARGEST_ZOOM = 8.0
"""Largest zoom factor of the diagram in presentation mode."""
STRIP, FIGURE, NOTE, CURVE = 0.2, 1 / 21, 1 / 36, 0.4
"""Shares of the diagram's height: the strip, the largest font of the figures, and the font of a note.

CURVE: width of the curve in the strip's width.
"""
EDGE_PX, SCALE_PX = 12, 150.0
"""Pixels. EDGE_PX: space around the strip. SCALE_PX: height of a card whose curve has scale 1 at 100 %."""
LINES = (0.7, 0.3)
"""Vertical middles of the iteration and of the loss, as shares of the strip's height."""
COMMANDS = {"run": "trains", "play": "plays the walk", "hide": "hides results", "present": "leaves"}
"""Commands that have no button while presenting, and what their keys do."""
HINT_PX = 11.5
"""Font size of the hint, in pixels at 100 %: the hint is for the person at the computer."""
PLACE = "run"
"""Name of the strip among the hidden results."""


class RunStrip(QWidget):
    """The loss, the iteration and the curve of the run below the diagram. A click shows hidden results.

    The scale of the curve is logarithmic if `log`, the button of the panel Loss, is checked. `hint` names the
    keys of COMMANDS, one a line; a narrow or low strip does not show the hint.
    """

    moving_ms = PLOT_MS

    def __init__(self, diagram: Diagram, desk: Desk, log: QAbstractButton) -> None:
        super().__init__(diagram, accessibleName="Training run")
        self._diagram, self._document, self._travel = diagram, desk.document, desk.runner.travel
        self._log, self.hint = log, ""
        self._texts, self._widest, self._note = ("", ""), "", ""
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # or Qt would paint the diagram, too
        self.hide()

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the run of a Moment. Hide the strip if the network cannot be trained and has no run."""
        run = self._travel.run
        self.take_room(new.state.trainable or run is not None)
        if self.isHidden():
            return
        end, (measured, iteration) = self._document.past.end, new.last_measured
        point = self._travel.present if new.state.is_watched else (iteration, measured.loss)
        iteration = point[0] if point else iteration
        later = end.iteration if end.iteration > iteration else None
        self._texts = run_texts(end.curve_title, point, iteration, later)
        title = measure_title(end.curve_title)
        self._widest = f"{title} 0.0001234"  # so that the texts stay in place during a run
        self._note = "" if run else f"Press {self.hint.partition(' ')[0]} to train"  # the first key trains
        if new.hiding.hides(PLACE):
            self._note, self._texts = BLANK, (self._texts[0], f"{title} {BLANK}")
        self.setAccessibleDescription(", ".join(filter(None, self._texts)).replace(BLANK, HIDDEN))
        curve, has_moved = self._painter.curve, old is None or self._painter.card != self._card
        if has_moved:
            scale = self.height() / (SCALE_PX * size_factor())  # the curve's texts have the interface size
            self._painter.use(self._card, scale, self.devicePixelRatioF())
        if run is not None:
            curve.set_measure(end.curve_title)
            for axis in (curve.bottom, curve.left):
                axis.showLabel(False)  # the figures beside the curve name loss and iteration
            curve.set_log(self._log.isChecked())
            curve.show_history(run.history, self._travel.present, run.curve("validation"))
        if has_moved:
            curve.settle()
        self.update()

    def take_room(self, on: bool) -> None:
        """Show the strip in room that the diagram leaves free, or hide the strip and return the room."""
        height = round(STRIP * self._diagram.height()) if on else 0
        self._diagram.leave_free(height)
        room = self._diagram.rect().adjusted(EDGE_PX, self._diagram.height() - height, -EDGE_PX, -EDGE_PX)
        self.setGeometry(room)
        self.setVisible(on)

    @property
    def _card(self) -> QRectF:
        """The place of the curve."""
        width = CURVE * self.width()
        return QRectF(self.width() - width, 0.0, width, self.height()).adjusted(0.5, 0.5, -0.5, -0.5)

    @cached_property
    def _painter(self) -> RunPainter:
        from nnviz.ui.panels.history_canvas import RunPainter  # imported late, since pyqtgraph is slow

        return RunPainter()

    @property
    def _font(self) -> QFont:
        """The font of the figures, smaller in a narrow window."""
        font = pixel_font(FIGURE * self._diagram.height(), QFont.Weight.Bold)
        widest = max(map(QFontMetricsF(font).horizontalAdvance, (*self._texts, self._widest)))
        font.setPointSizeF(font.pointSizeF() * min((self._card.left() - 2 * EDGE_PX) / widest, 1.0))
        return font

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show hidden results; the diagram gets any other click."""
        if self._note == BLANK:
            self._document.reveal(PLACE)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the loss above the iteration, and the curve beside them."""
        palette, card = colours(), self._card
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(event.rect(), QColor(palette.canvas))
            painter.setFont(self._font)
            metrics, texts = painter.fontMetrics(), (*self._texts, self._widest)
            left = card.left() - 2 * EDGE_PX - max(map(metrics.horizontalAdvance, texts))
            for text, colour, middle in zip(self._texts, (palette.muted, palette.ink), LINES, strict=True):
                painter.setPen(QColor(colour))
                place = QRectF(left, 0.0, card.left() - left, 2 * middle * self.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            painter.setFont(ui_font(HINT_PX))
            painter.setPen(QColor(palette.muted))
            needed = painter.boundingRect(QRectF(), 0, self.hint)
            if needed.width() + EDGE_PX < left and needed.height() <= self.height():
                painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, self.hint)
            painter.setFont(pixel_font(NOTE * self._diagram.height()))
            self._painter.paint(painter, palette, self._note)


class Present(QObject):
    """Presentation mode of a window: shows only the diagram, and later restores the window.

    The signal `changed` carries whether the mode is on. If the diagram has the keyboard focus, Escape ends
    the mode; otherwise the focused widget gets Escape.
    """

    changed = Signal(bool)

    def __init__(self, window: MainWindow, diagram: Diagram, desk: Desk, log: QAbstractButton) -> None:
        super().__init__(window)
        self._window, self._diagram, self._frames = window, diagram, desk.frames
        self.strip = RunStrip(diagram, desk, log)
        self._hidden_parts: list[QWidget] = []
        """The parts of the window that are hidden while presenting, except the panels."""
        self._state = Qt.WindowState.WindowNoState
        self._arrangement: QByteArray | None = None
        diagram.installEventFilter(self)

    @property
    def is_on(self) -> bool:
        """Whether presentation mode is on."""
        return self._arrangement is not None

    def turn(self, on: bool) -> None:
        """Turn presentation mode on, which shows only the diagram, on the full screen, or turn it off."""
        if not on:
            self.leave()
        if not on or self.is_on:
            return
        window, board = self._window, self._window.board
        self._state, self._arrangement = window.windowState(), board.saveState(VERSION)
        parts = (window.menuBar(), window.statusBar(), *window.findChildren(QToolBar))
        self._hidden_parts = [part for part in parts if part.isVisibleTo(window)]
        for part in (*self._hidden_parts, *board.docks.values()):
            part.hide()
        board.keep_margin(False)
        keys = {each.objectName(): each.shortcut().toString() for each in window.findChildren(QAction)}
        self.strip.hint = "\n".join(f"{keys[name]} {does}" for name, does in COMMANDS.items())
        self._diagram.set_presenting(True, LARGEST_ZOOM)
        self._frames.add(self.strip)
        window.setWindowState(self._state | Qt.WindowState.WindowFullScreen)
        self._diagram.setFocus()
        announce(self._diagram, self.strip.hint)
        self.changed.emit(True)

    def leave(self) -> None:
        """Turn presentation mode off: restore the window as it was."""
        if self._arrangement is None:
            return
        self._window.setWindowState(self._state)
        for part in self._hidden_parts:
            part.show()
        self._window.board.keep_margin(True)
        self._window.board.restore(self._arrangement)
        self._arrangement = None
        self._frames.remove(self.strip)
        self.strip.take_room(False)
        self._diagram.set_presenting(False, MOST_GROWTH)
        self._window.activateWindow()  # a floating panel was activated last
        self._diagram.setFocus()
        self.changed.emit(False)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """On Escape, end presentation mode; an animation of an update continues."""
        if event.type() in (QEvent.Type.Resize, *STYLE_EVENTS):
            self._frames.show_again(self.strip)
        if not self.is_on or not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Escape:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            self.leave()
        return True
