"""The pad of the function panel: a person draws the inputs of a network whose inputs are pixels."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QTransform,
)
from PySide6.QtWidgets import QVBoxLayout, QWidget

from nnviz.core.activations import Array
from nnviz.core.drawing import PixelStyle, pixel_style
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, percent_text, shorten_names
from nnviz.document.moment import Moment, is_new
from nnviz.picture.scales import class_colour
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import announce, fill_box, has_ctrl, named
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.panels.function_plane import DIGITS
from nnviz.ui.plot.plot import faint
from nnviz.ui.plot.points import ARROWS

DRAW_TIP = "Draw with the mouse, erase with its right button"
KEEP_TIP = "A key 0–9 or a click on a bar adds the drawing to the data as this class; Delete clears the pad"
PAD_TIP = f"{DRAW_TIP}. Arrow keys move a cell, Space fills or empties it.\n{KEEP_TIP}, Escape leaves the pad"
MOST_BARS, BAR_OPACITY = 10, 0.45
"""Largest number of bars: for the largest outputs. BAR_OPACITY: opacity of a bar, under its texts."""
STEP, PEN, ERASER, LEAST_SIZE = 0.01, 0.07, 0.06, 0.15
"""Shares of the pad's side. STEP: distance of two points of a line. PEN: width of a shown line.

ERASER: distance from the mouse up to which lines are erased. LEAST_SIZE: smaller drawings stay small.
"""
SHORT_NAME = 12
"""Longer names of outputs beside the pad are shortened to this number of characters."""
PAD_SHARE, GAP_PX, LEAST_PX = 0.6, 12, 140
"""PAD_SHARE: largest share of the width for the pad. GAP_PX: gap beside the pad. LEAST_PX: least height."""
ADD, CLEAR = (Qt.Key.Key_Return, Qt.Key.Key_Enter), (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
ALIGN = Qt.AlignmentFlag


def path_of(ink: Array) -> QPainterPath:
    """Return the lines through the points of `ink`, shape (points, 3).

    The columns are x, y, and whether a line joins the point to the point before.
    """
    path = QPainterPath()
    for x, y, joined in ink.tolist():
        if not joined:
            path.moveTo(x, y)
        path.lineTo(x + (0.0 if joined else 1e-4), y)  # Qt paints no line of length 0
    return path


def inputs_of(ink: Array, style: PixelStyle) -> Array:
    """Return the inputs that a drawing means, shape (inputs,), placed like the shapes in the rows.

    `ink` has shape (points, 3), as for `path_of`, with at least one point.
    """
    scale, (x, y) = style.placed(ink[:, :2], LEAST_SIZE)
    image = QImage(style.side, style.side, QImage.Format.Format_Grayscale8)
    image.fill(0)
    with QPainter(image) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lines = QTransform(scale, 0.0, 0.0, scale, float(x), float(y)).map(path_of(ink))
        painter.strokePath(lines, _pen("white", style.pen))
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(style.side, -1)
    shares = rows[:, : style.side].ravel() / 255.0
    return style.empty * (1.0 - shares) + style.full * shares  # their difference may overflow


def erased(ink: Array, at: Array, distance: float) -> Array:
    """Return `ink` without the points up to a distance from `at`, shape (2,): x, y."""
    stays = np.hypot(*(ink[:, :2] - at).T) > distance
    joined = ink[:, 2] * np.append(False, stays[:-1])
    return np.compress(stays, np.column_stack([ink[:, :2], joined]), axis=0)


def _pen(colour: str, width: float) -> QPen:
    round_cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    return QPen(QColor(colour), width, Qt.PenStyle.SolidLine, round_cap, join)


class Pad(QWidget):
    """A pad to draw on, and beside it a bar for each output.

    ========== ====================================================================================
    `own_keys` keys that the pad uses in place of the window
    `drawn`    emitted after a change with the inputs that the drawing means, or None for an empty pad
    `kept`     emitted when the person adds the drawing to the data, with the index of its class or None
    `left`     emitted when the person leaves the pad
    `ink`      points of the lines in shares of the pad, shape (points, 3), as for `path_of`
    ========== ====================================================================================
    """

    own_keys = (*ARROWS, *ADD, *DIGITS, *CLEAR, Qt.Key.Key_Space, Qt.Key.Key_Escape)
    drawn = Signal(object)
    kept = Signal(object)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        named(self, "Pad to draw on", PAD_TIP)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setMinimumHeight(LEAST_PX)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)  # the right button erases
        self.ink = np.empty((0, 3))
        self._cell, self._last = np.zeros(2, dtype=int), np.zeros(0)
        self._bars: list[tuple[int, str, float, str]] = []
        self.clear_button = quiet_button("Clear", "Clear the pad")
        self.clear_button.clicked.connect(lambda: self._change(self.ink[:0]))
        fill_box(box := QVBoxLayout(self), 0)
        box.addWidget(self.clear_button, 0, ALIGN.AlignRight | ALIGN.AlignBottom)

    def show_moment(self, old: Moment | None, now: Moment) -> None:
        """Show the outputs for the row on the diagram. Without a what-if row, the pad is empty."""
        if is_new(old, now, "state.data"):
            self._style = pixel_style(now.state)
        if now.what_if_row is None:
            self.ink = self.ink[:0]
        self._bars = [] if now.trace is None else bars(now.state.network, now.trace.prediction[0])
        self.setAccessibleDescription(", ".join(f"{name} {text}" for _, name, _, text in self._bars))
        self.update()

    @property
    def room(self) -> QRectF:
        """The square to draw on, in pixels of this widget."""
        side = min(self.height() - 2.0, PAD_SHARE * self.width())
        return QRectF(1.0, 1.0, side, side)

    def _change(self, ink: Array) -> None:
        """Replace the lines, and emit the inputs that they mean."""
        self.ink = ink
        self.drawn.emit(inputs_of(ink, self._style) if len(ink) else None)

    def _draw_to(self, at: Array) -> None:
        """Draw a line from the last point to `at`, shape (2,), or begin a line there."""
        joined = len(self._last) > 0
        last = self._last if joined else at
        count = max(1, math.ceil(math.hypot(*(at - last)) / STEP))
        points = last + np.arange(1, count + 1)[:, None] / count * (at - last)
        self._last = at
        self._change(np.vstack([self.ink, np.column_stack([points, np.full(count, joined)])]))

    def _without_cell(self) -> Array:
        """Return the lines without those in the cell that the keys move."""
        side = self._style.side
        return erased(self.ink, (self._cell + 0.5) / side, 0.5 / side)

    # --- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a line with the left button, erase with the right button, or keep the class of a bar."""
        self._last, at = np.zeros(0), event.position()
        place = int(at.y() / self._bar_height)
        if at.x() <= self.room.right():
            self.mouseMoveEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton and len(self.ink) and place < len(self._bars):
            self.kept.emit(self._bars[place][0])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Continue the line, or erase what is under the mouse."""
        at = np.array((event.position() - self.room.topLeft()).toTuple()) / self.room.width()
        if event.buttons() & Qt.MouseButton.RightButton:
            self._change(erased(self.ink, at, ERASER))
        elif event.buttons() & Qt.MouseButton.LeftButton and (len(self._last) or at.max() <= 1.0):
            self._draw_to(at.clip(0.0, 1.0))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Read the outputs out to a screen reader."""
        announce(self, self.accessibleDescription())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cell, fill or empty it, clear the pad, keep the drawing, or leave the pad."""
        key, side = Qt.Key(event.key()), self._style.side
        if has_ctrl(event) or key not in self.own_keys:
            event.ignore()
            return
        if key in ARROWS:
            across, up = ARROWS[key]
            self._cell = np.clip(self._cell + np.array([across, -up]), 0, side - 1)
        elif key == Qt.Key.Key_Space:
            self._last, rest = np.zeros(0), self._without_cell()
            if len(rest) < len(self.ink):
                self._change(rest)
            else:
                self._draw_to((self._cell + 0.5) / side)
        elif key in CLEAR:
            self._change(self.ink[:0])
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            self.kept.emit(DIGITS.index(key) if key in DIGITS else None)
        if key in ARROWS or key == Qt.Key.Key_Space:
            row, column = self._cell[::-1] + 1
            is_filled = len(self._without_cell()) < len(self.ink)
            announce(self, f"row {row}, column {column}: {'filled' if is_filled else 'empty'}")
        self.update()

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the lines, the cell that the keys move, and the bars."""
        room, palette = self.room, colours()
        side = room.width()
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(palette.accent if self.hasFocus() else palette.node_border), 1.5))
            painter.setBrush(QColor(palette.canvas))
            painter.drawRect(room)
            painter.setFont(ui_font(12))
            self._paint_bars(painter, room.right() + px(GAP_PX))
            painter.setClipRect(room)
            if not len(self.ink):
                painter.setPen(QColor(palette.muted))
                painter.drawText(room, ALIGN.AlignCenter, "Draw here")
            if self.hasFocus():
                cell = side / self._style.side
                x, y = (cell * self._cell + 1.0).tolist()
                painter.setPen(QPen(QColor(palette.accent), 1.0, Qt.PenStyle.DotLine))
                painter.drawRect(QRectF(x, y, cell, cell))
            lines = QTransform(side, 0.0, 0.0, side, room.x(), room.y()).map(path_of(self.ink))
            painter.strokePath(lines, _pen(palette.ink, PEN * side))

    @property
    def _bar_height(self) -> float:
        return (self.height() - self.clear_button.height()) / MOST_BARS

    def _paint_bars(self, painter: QPainter, left: float) -> None:
        """Paint the name, the bar and the text of each output, from the pixel `left` to the right edge."""
        height = self._bar_height
        for place, (k, name, share, text) in enumerate(self._bars):
            line = QRectF(left, place * height, self.width() - left, height)
            bar = QRectF(left, line.y() + 1.0, share * line.width(), height - 2.0)
            painter.fillRect(bar, faint(class_colour(colours(), k), BAR_OPACITY))
            painter.setPen(QColor(colours().ink))
            painter.drawText(line.adjusted(3.0, 0.0, 0.0, 0.0), ALIGN.AlignVCenter | ALIGN.AlignLeft, name)
            painter.drawText(line.adjusted(0.0, 0.0, -3.0, 0.0), ALIGN.AlignVCenter | ALIGN.AlignRight, text)


def bars(network: Network, prediction: Array) -> list[tuple[int, str, float, str]]:
    """Return (index, name, length of its bar from 0 to 1, text) of each output, or of the largest outputs."""
    names = shorten_names(network.outputs, SHORT_NAME)
    is_share = network.layers[-1].function.answers != "how much"
    lengths = np.nan_to_num(prediction).clip(0.0, float(is_share)).tolist()
    write = percent_text if is_share else as_text
    largest = sorted(np.argsort(-prediction, kind="stable")[:MOST_BARS].tolist())
    return [(k, names[k], lengths[k], write(float(prediction[k]))) for k in largest]
