"""The field for a value that a person types, nudges or scrubs, wherever it stands. Knows nothing of networks.

Accepts with Enter and elsewhere, refuses with a sentence. Up, Down and the wheel nudge.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from nnviz.core.numbers import LARGEST, nudged, nudged_digit, parsed, written
from nnviz.ui.kit.theme import px

Modifiers: TypeAlias = Qt.KeyboardModifier
Nudge: TypeAlias = Callable[[Any, int, Modifiers], Any]
"""(value, steps, modifiers) → the value so many key presses or wheel notches up, or down where negative."""

PIXELS_A_STEP = 6.0
"""Scrubbing: so many pixels sideways are one nudge."""
BESIDE_PX, EDGE_PX = 24, 2
"""Beside a text, left and right together, and at the edge of what a field stands in when it has grown."""
NOTCH_ANGLE = 120
"""What Qt says of a wheel that is turned by one notch, in eighths of a degree."""


def nudge_size(modifiers: Modifiers) -> str:
    """Return by how much a key press or a wheel notch nudges: 0.1, with Shift 1, with Alt 0.01."""
    if modifiers & Modifiers.ShiftModifier:
        return "1"
    return "0.01" if modifiers & Modifiers.AltModifier else "0.1"


def nudge_number(value: float, steps: int, modifiers: Modifiers) -> float:
    """Nudge any number, in decimal: 0.2 by 0.1 is 0.3."""
    return nudged(value, steps, nudge_size(modifiers))


def nudge_whole(value: int, steps: int, modifiers: Modifiers, least: int = 0) -> int:
    """Nudge a whole number by 1, with Shift by 10, down to `least`."""
    step = 10 if modifiers & Modifiers.ShiftModifier else 1
    return min(max(value + steps * step, least), LARGEST)


def nudge_rate(value: float, steps: int, modifiers: Modifiers) -> float:
    """Nudge a number above 0 by 1 in its first digit, with Alt in its second; with Shift tenfold."""
    if modifiers & Modifiers.ShiftModifier:
        return nudged_digit(value, steps, 0)
    return nudged_digit(value, steps, 2 if modifiers & Modifiers.AltModifier else 1)


def scrubbed(value: Any, pixels: float, modifiers: Modifiers, nudge: Nudge = nudge_number) -> Any:
    """Return what a number becomes that is dragged so many pixels to the right."""
    return nudge(value, round(pixels / PIXELS_A_STEP), modifiers)


class NumberField(QLineEdit):
    """Shows a value and reads another; a text that is refused stays, framed in red, until it is mended.

    ============ ================================================================
    `accepted`   the value that was typed or nudged to, where it is another one
    `nudged`     the value that a nudge has written into the field: not yet accepted
    `refused`    one sentence that says why; "" where nothing is refused any more
    `confirmed`  Enter was pressed, and what stands in the field holds
    ============ ================================================================

    `read` turns text into a value and raises ValueError with a sentence; `write` turns it back. `empty` is
    asked where no text is left: None is the value then, unless it raises ValueError; without it `read` is.
    """

    accepted = Signal(object)
    nudged = Signal(object)
    refused = Signal(str)
    confirmed = Signal()

    def __init__(
        self,
        read: Callable[[str], Any] = parsed,
        write: Callable[[Any], str] = written,
        nudge: Nudge | None = nudge_number,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAcceptDrops(False)
        self._value: Any = None
        self.empty: Callable[[], object] | None = None
        self._over: QRect | None = None
        self._refusal = ""
        self._select_on_release = self._scrubs = False
        self._pressed_x = 0.0
        self._turned = 0
        self.set_notation(read, write, nudge)
        self.textEdited.connect(self._clear_refusal)
        self.textChanged.connect(self._fit)

    def set_notation(
        self, read: Callable[[str], Any], write: Callable[[Any], str], nudge: Nudge | None
    ) -> None:
        """Say how values are read, written and nudged; without `nudge` they are not."""
        self._read, self._write, self._nudge = read, write, nudge

    def stand_over(self, rect: QRect) -> None:
        """Stand over `rect`, wider where what is typed needs it, within the parent if there is as much.

        It grows to both sides, or to the left where its text stands at the right.
        """
        self._over = rect
        self._fit()

    def _fit(self) -> None:
        rect, parent = self._over, self.parentWidget()
        if rect is None or parent is None:  # a layout has it
            return
        most = parent.width() - 2 * EDGE_PX
        needed = self.fontMetrics().horizontalAdvance(self.text()) + px(BESIDE_PX)
        place = QRect(rect)
        place.setWidth(min(max(rect.width(), needed), most))
        if self.alignment() & Qt.AlignmentFlag.AlignRight:
            place.moveRight(rect.right())
        else:
            place.moveCenter(rect.center())
        place.moveLeft(min(max(place.left(), EDGE_PX), EDGE_PX + most - place.width()))
        self.setGeometry(place)

    @property
    def value(self) -> Any:
        """The value that holds, whatever stands in the field."""
        return self._value

    @property
    def touched(self) -> bool:
        """Whether something else stands in the field than the value that holds."""
        return self.text() != self._write(self._value)

    def show_value(self, value: Any) -> None:
        """Show another value; what was typed is gone, and undo and redo in the field do not bring it back."""
        self._value = value
        text = self._write(value)
        if text != self.text() or self.isUndoAvailable() or self.isRedoAvailable():
            self.setText(text)
        self._clear_refusal()

    def commit(self) -> bool:
        """Accept what stands in the field, or refuse it; tell whether it holds now."""
        if not self.touched:
            self.show_value(self._value)
            return True
        try:
            if self.empty and not self.text().strip():
                self.empty()
                value = None
            else:
                value = self._read(self.text())
        except ValueError as error:
            self._refuse(str(error))
            return False
        changed = value != self._value
        self.show_value(value)
        if changed:
            self.accepted.emit(value)
        return True

    def nudge(self, steps: int, modifiers: Modifiers) -> None:
        """Write what stands in the field so many steps up or down, if it can be read."""
        assert self._nudge is not None
        try:
            value = self._nudge(self._read(self.text()), steps, modifiers)
        except ValueError as error:
            self._refuse(str(error))
            return
        self._write_nudged(value)

    def _write_nudged(self, value: Any) -> None:
        self.selectAll()
        self.insert(self._write(value))  # which the field's own undo takes back
        self.nudged.emit(value)
        self.selectAll()

    def _refuse(self, why: str) -> None:
        self._refusal = why
        self.setProperty("refused", bool(why))
        self.style().unpolish(self)
        self.style().polish(self)
        self.refused.emit(why)

    def _clear_refusal(self) -> None:
        if self._refusal:
            self._refuse("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter accepts, Up and Down nudge; Escape restores, or is somebody else's: it closes a dialog."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            holds = self.commit()
            self.selectAll()
            if holds:
                self.confirmed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.touched:
            self.show_value(self._value)
            self.selectAll()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._nudge:
            self.nudge(1 if event.key() == Qt.Key.Key_Up else -1, event.modifiers())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nudge; a field that is not being edited leaves the wheel to who scrolls past."""
        turned = event.angleDelta().y() or event.angleDelta().x()  # with Alt, Qt turns the wheel sideways
        if not (self.hasFocus() and self._nudge):
            event.ignore()
            return
        event.accept()
        self._turned += turned
        notches = int(self._turned / NOTCH_ANGLE)  # a touchpad turns by less at once
        if notches:
            self._turned -= notches * NOTCH_ANGLE
            self.nudge(notches, event.modifiers())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self._turned = 0
        self._select_on_release = event.reason() == Qt.FocusReason.MouseFocusReason

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mousePressEvent(event)
        self._pressed_x = event.position().x()
        self._select_on_release &= event.button() == Qt.MouseButton.LeftButton

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, where the press has opened the field; in an open one a drag selects text."""
        way = event.position().x() - self._pressed_x
        self._scrubs = self._scrubs or (self._select_on_release and abs(way) >= PIXELS_A_STEP)
        if not (self._scrubs and self._nudge):
            super().mouseMoveEvent(event)
            return
        with suppress(ValueError):  # as far as it goes
            self._write_nudged(scrubbed(self._value, way, event.modifiers(), self._nudge))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Take what was scrubbed to; after a click all is selected."""
        super().mouseReleaseEvent(event)
        if self._scrubs:
            self.commit()
        if self._scrubs or (self._select_on_release and not self.hasSelectedText()):
            self.selectAll()
        self._select_on_release = self._scrubs = False

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.leave()

    def leave(self) -> None:
        """Do what is due when a person has gone elsewhere: accept, or refuse."""
        self.commit()
