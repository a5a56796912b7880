"""The number field that opens over a number or a name of the diagram. Knows nothing of networks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolTip, QWidget

from nnviz.core.numbers import parsed, written
from nnviz.ui.widgets.number_field import NumberField, nudge_number
from nnviz.ui.widgets.theme import ui_font


class PlaceEditor(NumberField):
    """Edits one number or name where it stands. Opened with its text selected, hidden once it is accepted.

    ============== ============================================================
    `moved_on`     (steps) Tab or Shift+Tab took it: the next number should open
    `restored`     it was left without being accepted
    ============== ============================================================
    """

    moved_on = Signal(int)
    restored = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._surface = parent
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("Value")
        self.refused.connect(self._tell)
        self.hide()

    def open(self, rect: QRectF, value: float | str | None, size: float) -> None:
        """Open over `rect` with a name or a number, or with nothing, ready for a number."""
        if isinstance(value, str):
            self.set_notation(_read_name, str, None)
        else:
            self.set_notation(parsed, written, nudge_number)
        self.setFont(ui_font(max(size, 12.0)))
        self.show_value(value)
        wide = self.fontMetrics().horizontalAdvance(self.text() + "00") + 24
        box = QRectF(0, 0, max(rect.width() + 12, wide, 64.0), max(rect.height() + 8, 30.0))
        box.moveCenter(rect.center())
        box.moveLeft(min(max(box.left(), 2.0), self._surface.width() - box.width() - 2.0))
        self.setGeometry(box.toRect())
        self.show()
        self.raise_()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def commit(self) -> bool:
        """Accept what is typed; False where it cannot be read, and then it stays open and says why."""
        if self.isHidden():
            return True
        if not super().commit():
            return False
        self.hide()
        return True

    def leave(self) -> None:
        """Accept after a click elsewhere; what cannot be read is dropped, since the person has left."""
        if self.isVisible() and not self.commit():
            self.hide()
            self.restored.emit()

    def _tell(self, why: str) -> None:
        if why:
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), why, self)

    def event(self, event: QEvent) -> bool:
        """Take Tab before it moves the focus."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}.get(Qt.Key(event.key()))
            if steps is not None:
                if self.commit():
                    self.moved_on.emit(steps)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter accepts and Escape restores, and both give the keyboard back to the diagram."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.commit():
                self._surface.setFocus()  # where a hidden widget's focus goes is the next field's
        elif event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.restored.emit()
        else:
            super().keyPressEvent(event)


def _read_name(text: str) -> str:
    if not text.strip():
        raise ValueError("a name needs at least one character")
    return text.strip()
