"""Combo boxes with a quiet arrow in the theme's colour, which a style sheet alone cannot draw."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionComboBox

from nnviz.ui.widgets.number_field import NumberField
from nnviz.ui.widgets.theme import colours, px

MOST_SEEN = 20
"""A longer list scrolls."""


class Choice(QComboBox):
    """One of several; the arrow stands at the right, and the list is as wide as its items."""

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(QStyledItemDelegate(self))  # Qt's own for combo boxes knows no style sheet
        self.setMaxVisibleItems(MOST_SEEN)

    def sizeHint(self) -> QSize:
        """Ask for a pixel more: where everything is drawn larger Qt reckons with too little for the text."""
        return super().sizeHint() + QSize(1, 0)

    def showPopup(self) -> None:  # noqa: D102
        view = self.view()
        bar = view.verticalScrollBar().sizeHint().width()  # which a small screen needs for a short list, too
        padding = view.width() - view.viewport().width()
        view.setMinimumWidth(view.sizeHintForColumn(0) + padding + bar)
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box, its text shortened in the middle where it has no room, and the arrow."""
        option, style = QStyleOptionComboBox(), self.style()
        self.initStyleOption(option)
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = style.subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        text = self.currentText() or self.placeholderText()
        option.currentText = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room)
        with QPainter(self) as painter:
            style.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option, painter, self)
            style.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option, painter, self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            scale = px(100) / 100
            pen = QPen(QColor(colours().muted if self.isEnabled() else colours().zero), 1.6 * scale)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            x, y, across, down = self.width() - 14.0 * scale, self.height() / 2, 3.5 * scale, 1.75 * scale
            painter.drawPolyline(
                [QPointF(x - across, y - down), QPointF(x, y + down), QPointF(x + across, y - down)]
            )

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Choose the next, but leave the wheel to who scrolls past."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class NumberChoice(Choice):
    """A number field that offers some values: Up, Down and the wheel nudge, Alt and Down opens the list."""

    def __init__(self, field: NumberField, offered: list[str]) -> None:
        super().__init__()
        self._field = field
        self.setEditable(True)
        self.setLineEdit(field)
        self.setInsertPolicy(Choice.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # Qt's own way to have none
        self.addItems(offered)
        self.textActivated.connect(lambda _: field.commit())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        opens = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not opens:
            self._field.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        self._field.wheelEvent(event)
