"""The field that opens over a number or a name of the diagram. Knows nothing of networks."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QLineEdit, QToolTip, QWidget

from nnviz.core.numbers import full, nudged, parsed
from nnviz.ui.widgets.number_field import nudge_size
from nnviz.ui.widgets.theme import ui_font


class PlaceEditor(QLineEdit):
    """Edits one text where it stands. Opened with its text selected.

    ============== ==========================================================================
    `accepted`     (text) Enter, Tab or a click elsewhere took it; it has been read without error
    `moved_on`     (steps) Tab or Shift+Tab took it: the next number should open
    `nudged`       (value) Up, Down or the wheel changed the number
    `restored`     Esc
    ============== ==========================================================================
    """

    accepted = Signal(str)
    moved_on = Signal(int)
    nudged = Signal(float)
    restored = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._surface = parent
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAccessibleName("Value")
        self.hide()
        self._is_number = True
        self._opened_with = ""

    def open(self, rect: QRectF, text: str, size: float, *, number: bool = True) -> None:
        """Open over `rect` with `text` selected; `number`: it must read as a number."""
        self._is_number = number
        self._opened_with = text
        self.setFont(ui_font(max(size, 12.0)))
        self.setText(text)
        wide = self.fontMetrics().horizontalAdvance(text + "00") + 24
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
        text = self.text().strip()
        try:
            if self._is_number:
                parsed(text)
            elif not text:
                raise ValueError("a name needs at least one character")
        except ValueError as error:
            self.refuse(str(error))
            return False
        if text != self._opened_with:
            self.accepted.emit(text)
        self.hide()
        return True

    def refuse(self, why: str) -> None:
        """Stay open and say why."""
        self.refused.emit(why)
        QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), why, self)

    def event(self, event: QEvent) -> bool:
        """Take Tab before it moves the focus."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Tab and self.commit():
                self.moved_on.emit(1)
                return True
            if event.key() == Qt.Key.Key_Backtab and self.commit():
                self.moved_on.emit(-1)
                return True
            if event.key() in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter accepts, Esc restores, Up and Down nudge."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.commit():
                self._surface.setFocus()  # where a hidden widget's focus goes is the next field's
        elif key == Qt.Key.Key_Escape:
            self.hide()
            self.restored.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._is_number:
            self._nudge(1 if key == Qt.Key.Key_Up else -1, event.modifiers())
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Nudge the number. With Alt held, Qt turns the wheel sideways."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned and self._is_number:
            self._nudge(1 if turned > 0 else -1, event.modifiers())
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Accept after a click elsewhere; what cannot be read is dropped, since the person has left."""
        super().focusOutEvent(event)
        if not self.isHidden() and self.isVisible() and not self.commit():
            self.hide()
            self.restored.emit()

    def _nudge(self, steps: int, modifiers: Qt.KeyboardModifier) -> None:
        try:
            value = nudged(parsed(self.text()), steps, nudge_size(modifiers))
        except ValueError as error:
            self.refuse(str(error))
            return
        self._opened_with = full(value)
        self.setText(self._opened_with)
        self.selectAll()
        self.nudged.emit(value)
