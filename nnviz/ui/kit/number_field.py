"""The field for a number that a person types or changes in steps (nudges).

Enter or leaving the field accepts the value; a bad value is rejected with a message. Up, Down and the wheel
nudge the value.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from nnviz.core.numbers import LARGEST, field_text, moved_by_steps, nudge_digit, parse_number, parse_whole
from nnviz.ui.kit.theme import apply_style, px

Modifiers: TypeAlias = Qt.KeyboardModifier
Nudge: TypeAlias = Callable[[Any, int, Modifiers], Any]
"""Function (value, steps, modifiers) → new value.

`steps` is the number of key presses or wheel notches, positive for up.
"""

PIXELS_A_STEP = 6.0
"""Distance that the mouse drags sideways for one step, in pixels."""
ROUNDING_PX = 2
"""Largest difference between the width of a text and the sum of its letters' widths, in pixels."""
PADDING_PX, EDGE_PX = 24, 2
"""In pixels. PADDING_PX: both margins of a text together. EDGE_PX: least distance to the parent's edge."""
NOTCH_ANGLE = 120
"""Qt's angle for one notch of a wheel, in eighths of a degree."""


def nudge_size(modifiers: Modifiers) -> str:
    """Return the step of a key press or a wheel notch: "0.1", or "1" with Shift, or "0.01" with Alt."""
    if modifiers & Modifiers.ShiftModifier:
        return "1"
    return "0.01" if modifiers & Modifiers.AltModifier else "0.1"


def nudge_number(value: float, steps: int, modifiers: Modifiers) -> float:
    """Return a number changed by steps of 0.1 (Shift: 1, Alt: 0.01). 0.2 changed by 0.1 is exactly 0.3."""
    return moved_by_steps(value, steps, nudge_size(modifiers))


def nudge_whole(value: int, steps: int, modifiers: Modifiers, least: int = 0) -> int:
    """Return a whole number changed by steps of 1, or of 10 with Shift. The result is at least `least`."""
    step = 10 if modifiers & Modifiers.ShiftModifier else 1
    return min(max(value + steps * step, least), LARGEST)


def nudge_rate(value: float, steps: int, modifiers: Modifiers) -> float:
    """Return a positive number changed by steps of 1 in its first digit.

    With Alt, steps change the second digit; with Shift, each step is a factor of 10.
    """
    if modifiers & Modifiers.ShiftModifier:
        return nudge_digit(value, steps, 0)
    return nudge_digit(value, steps, 2 if modifiers & Modifiers.AltModifier else 1)


def scrub(value: float, pixels: float, modifiers: Modifiers) -> float:
    """Return a number after a drag of the mouse by `pixels` to the right."""
    return nudge_number(value, round(pixels / PIXELS_A_STEP), modifiers)


Notation: TypeAlias = tuple[Callable[[str], Any], Callable[[Any], str], Nudge | None]
"""Functions that read, write and nudge a value; without the last one, keys do not change the value.

The first function turns a text into a value, and raises ValueError with a message for other texts. The second
one turns a value into its text.
"""
DECIMAL: Notation = parse_number, field_text, nudge_number
"""The notation of any number."""


def whole_number(least: int, most: int = LARGEST) -> Notation:
    """Return the notation of a whole number from `least` to `most`."""
    return partial(parse_whole, least=least, most=most), str, partial(nudge_whole, least=least)


class NumberField(QLineEdit):
    """A field that shows a value and reads a new value. A rejected text stays, framed in red.

    ============ ========================================================================
    `accepted`   emitted with a new value that was typed or changed in steps
    `nudged`     emitted with a value that a key or the wheel has written, not accepted yet
    `refused`    emitted with the reason why the text is rejected, or "" when the error is gone
    `confirmed`  emitted when Enter is pressed and the text in the field is valid
    ============ ========================================================================

    If the attribute `empty` is None, the notation also reads a blank text. Otherwise a blank text means the
    value None, unless `empty()` raises ValueError. `room` is the longest usual text: in a layout, the field
    is wide enough for this text in any font.
    """

    accepted = Signal(object)
    nudged = Signal(object)
    refused = Signal(str)
    confirmed = Signal()

    def __init__(self, notation: Notation = DECIMAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(False)
        self.value: Any = None
        """The accepted value, which does not depend on unaccepted text in the field."""
        self.empty: Callable[[], object] | None = None
        self.room = ""
        self._over: QRect | None = None
        self._select_on_release = False
        self._turned = 0
        self.set_notation(notation)
        self.textEdited.connect(self._clear_refusal)
        self.textChanged.connect(self._fit)

    def set_notation(self, notation: Notation) -> None:
        """Set the functions that read, write and nudge a value."""
        self._read, self._write, self._nudge = notation

    def place_over(self, rect: QRect) -> None:
        """Place the field over `rect`, within the parent; widen the field if its text needs more room.

        The field grows to both sides, or to the left if its text is aligned right.
        """
        self._over = rect
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        hint, metrics = super().minimumSizeHint(), self.fontMetrics()
        more = metrics.horizontalAdvance(self.room) - metrics.maxWidth()
        return QSize(hint.width() + max(more, 0) + ROUNDING_PX, self.sizeHint().height())

    def _fit(self) -> None:
        rect, parent = self._over, self.parentWidget()
        if rect is None or parent is None:  # a layout places it
            return
        most = parent.width() - 2 * EDGE_PX
        needed = self.fontMetrics().horizontalAdvance(self.text()) + px(PADDING_PX)
        place = QRect(rect)
        place.setWidth(min(max(rect.width(), needed), most))
        if self.alignment() & Qt.AlignmentFlag.AlignRight:
            place.moveRight(rect.right())
        else:
            place.moveCenter(rect.center())
        place.moveLeft(min(max(place.left(), EDGE_PX), EDGE_PX + most - place.width()))
        self.setGeometry(place)

    @property
    def is_edited(self) -> bool:
        """Whether the text in the field differs from the accepted value."""
        return self.text() != self._write(self.value)

    def show_value(self, value: Any) -> None:
        """Show a new value, and discard the previous text and the field's own undo history."""
        self.value = value
        text = self._write(value)
        if text != self.text() or self.isUndoAvailable() or self.isRedoAvailable():
            self.setText(text)
            self.setCursorPosition(0)  # or a long number shows only its last digits
        self._clear_refusal()

    def commit(self) -> bool:
        """Accept the text in the field, or reject it; return whether the text is valid."""
        if not self.is_edited:
            self.show_value(self.value)
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
        changed = value != self.value
        self.show_value(value)
        if changed:
            self.accepted.emit(value)
        return True

    def nudge(self, steps: int, modifiers: Modifiers) -> None:
        """Change the number in the field by `steps`, if the text is a valid number."""
        assert self._nudge is not None
        try:
            value = self._nudge(self._read(self.text()), steps, modifiers)
        except ValueError as error:
            self._refuse(str(error))
            return
        self.selectAll()
        self.insert(self._write(value))  # the field's own undo can revert it
        self.nudged.emit(value)
        self.selectAll()

    def _refuse(self, why: str) -> None:
        self.setProperty("refused", bool(why))
        apply_style(self)
        self.refused.emit(why)

    def _clear_refusal(self) -> None:
        if self.property("refused"):
            self._refuse("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Accept the text on Enter, change the value on Up and Down, restore the value on Escape.

        The parent handles Escape if nothing was edited.
        """
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            holds = self.commit()
            self.selectAll()
            if holds:
                self.confirmed.emit()
        elif event.key() == Qt.Key.Key_Escape and self.is_edited:
            self.show_value(self.value)
            self.selectAll()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._nudge:
            self.nudge(1 if event.key() == Qt.Key.Key_Up else -1, event.modifiers())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change the value in steps. Without the keyboard focus, let the wheel scroll the page instead."""
        turned = event.angleDelta().y() or event.angleDelta().x()  # with Alt, Qt turns the wheel sideways
        if not (self.hasFocus() and self._nudge):
            event.ignore()
            return
        event.accept()
        self._turned += turned
        if notches := int(self._turned / NOTCH_ANGLE):  # a touchpad sends smaller angles
            self._turned -= notches * NOTCH_ANGLE
            self.nudge(notches, event.modifiers())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self._turned = 0
        self._select_on_release = event.reason() == Qt.FocusReason.MouseFocusReason

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the whole text after the click that gave the field the focus."""
        super().mouseReleaseEvent(event)
        if self._select_on_release and not self.hasSelectedText():
            self.selectAll()
        self._select_on_release = False

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.leave()
            self.setCursorPosition(0)

    def leave(self) -> None:
        """Accept or reject the text when the person leaves the field."""
        self.commit()
