"""A field for one value that a person types: accepts with Enter and elsewhere, refuses with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from nnviz.core.numbers import full, parsed


def nudge_size(modifiers: Qt.KeyboardModifier) -> str:
    """Return by how much a key press or a wheel notch nudges: 0.1, with Shift 1, with Alt 0.01."""
    if modifiers & Qt.KeyboardModifier.ShiftModifier:
        return "1"
    return "0.01" if modifiers & Qt.KeyboardModifier.AltModifier else "0.1"


class NumberField(QLineEdit):
    """Shows a value and reads another; a text that is refused stays, framed in red, until it is mended.

    ============ ================================================================
    `accepted`   the value that was typed, where it is another one
    `refused`    one sentence that says why; "" where nothing is refused any more
    ============ ================================================================

    `read` turns text into a value and raises ValueError with a sentence; `write` turns it back.
    """

    accepted = Signal(object)
    refused = Signal(str)

    def __init__(
        self,
        read: Callable[[str], Any] = parsed,
        write: Callable[[Any], str] = full,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._read, self._write = read, write
        self._value: Any = None
        self._refusal = ""
        self._select_on_release = False
        self.textEdited.connect(self._clear_refusal)

    @property
    def value(self) -> Any:
        """The value that holds, whatever stands in the field."""
        return self._value

    def show_value(self, value: Any) -> None:
        """Show another value; what was typed and not accepted is gone."""
        self._value = value
        text = self._write(value)
        if text != self.text():
            self.setText(text)
        self._clear_refusal()

    def commit(self) -> bool:
        """Accept what stands in the field, or refuse it; tell whether it holds now."""
        if self.text() == self._write(self._value):
            self._clear_refusal()
            return True
        try:
            value = self._read(self.text())
        except ValueError as error:
            self._refuse(str(error))
            return False
        changed = value != self._value
        self.show_value(value)
        if changed:
            self.accepted.emit(value)
        return True

    def _refuse(self, why: str) -> None:
        self._refusal = why
        self._frame()
        self.refused.emit(why)

    def _clear_refusal(self) -> None:
        if self._refusal:
            self._refusal = ""
            self._frame()
            self.refused.emit("")

    def _frame(self) -> None:
        self.setProperty("refused", bool(self._refusal))
        self.style().unpolish(self)
        self.style().polish(self)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.commit()
            self.selectAll()
        elif event.key() == Qt.Key.Key_Escape:
            self.show_value(self._value)
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self._select_on_release = event.reason() == Qt.FocusReason.MouseFocusReason

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseReleaseEvent(event)
        if self._select_on_release and not self.hasSelectedText():
            self.selectAll()
        self._select_on_release = False

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.commit()
