"""Combo boxes with a quiet arrow in the theme's colour, which a style sheet alone cannot draw."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyledItemDelegate, QStyleOptionComboBox, QToolTip

from nnviz.ui.widgets.elided import shorten_to_width
from nnviz.ui.widgets.number_field import NumberField
from nnviz.ui.widgets.theme import colours, px

MOST_SEEN = 20
"""A longer list scrolls."""
ROUNDING_PX = 2
"""By which a text may be wider than Qt reckons."""


class Choice(QComboBox):
    """One of several; the arrow stands at the right, and the list is as wide as its items.

    A text without room is shortened so that it can be told from the others; the tooltip has all of it.
    `chosen` tells that an item was chosen in the open list; the keys that step through a closed one emit
    `activated` alone.
    """

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._steps = False
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)  # also those that come later
        self.activated.connect(self._tell_chosen)
        self.setItemDelegate(QStyledItemDelegate(self))  # Qt's own for combo boxes knows no style sheet
        self.setMaxVisibleItems(MOST_SEEN)

    def _tell_chosen(self) -> None:
        if not self._steps:
            self.chosen.emit()

    def sizeHint(self) -> QSize:
        """Ask for a little more: of a wide font, or drawn larger, Qt reckons with too little for the text."""
        return super().sizeHint() + QSize(px(ROUNDING_PX), 0)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return super().minimumSizeHint() + QSize(px(ROUNDING_PX), 0)

    def showPopup(self) -> None:  # noqa: D102
        view = self.view()
        bar = view.verticalScrollBar().sizeHint().width()  # which a small screen needs for a short list, too
        padding = view.width() - view.viewport().width()
        view.setMinimumWidth(view.sizeHintForColumn(0) + padding + bar)
        super().showPopup()

    @property
    def shown_text(self) -> str:
        """What of the text of the chosen one has room."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        box, field = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(box, option, field, self).width()
        text = self.currentText() or self.placeholderText()
        if self.fontMetrics().horizontalAdvance(text) <= room:
            return text
        names = dict.fromkeys((text, *map(self.itemText, range(self.count()))))
        return shorten_to_width(list(names), self.font(), room)[0]

    def event(self, event: QEvent) -> bool:
        """Tell all of a shortened text in the tooltip, over what the box is for."""
        cut = event.type() == QEvent.Type.ToolTip and self.shown_text != self.currentText()
        if cut and isinstance(event, QHelpEvent):
            told = filter(None, (self.currentText(), self.toolTip()))
            QToolTip.showText(event.globalPos(), "\n".join(told), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box, its text as far as it has room, and the arrow."""
        option, style = QStyleOptionComboBox(), self.style()
        self.initStyleOption(option)
        option.currentText = self.shown_text
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

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through the items, or open the list."""
        self._steps = True
        super().keyPressEvent(event)
        self._steps = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Choose the next, but leave the wheel to who scrolls past."""
        if self.hasFocus():
            self._steps = True
            super().wheelEvent(event)
            self._steps = False
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

    def minimumSizeHint(self) -> QSize:
        """Return what the field needs as well, whatever the font."""
        option, hint = QStyleOptionComboBox(), super().minimumSizeHint()
        self.initStyleOption(option)
        option.rect = QRect(QPoint(), hint)
        box, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        around = hint.width() - self.style().subControlRect(box, option, part, self).width()
        return hint.expandedTo(QSize(around + self._field.minimumSizeHint().width(), 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        opens = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not opens:
            self._field.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        self._field.wheelEvent(event)
