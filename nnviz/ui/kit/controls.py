"""Small widgets: combo boxes, elided labels, buttons with menus, drop targets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias, TypeVar

from PySide6.QtCore import QEvent, QMimeData, QPointF, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAction,
    QColor,
    QCursor,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QBoxLayout,
    QComboBox,
    QLabel,
    QLayout,
    QMenu,
    QPlainTextEdit,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionComboBox,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.numbers import shorten_distinctly
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import AnyWidget, colours, px, styled

AnyBox = TypeVar("AnyBox", bound=QBoxLayout)

SPACING_PX = 5
"""Space between the widgets of a Stack, which is a column of widgets, in pixels."""


class Stack(QWidget):
    """A column of widgets that is high enough for wrapped texts. Qt's own layouts give too little height."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        fill_box(QVBoxLayout(self), SPACING_PX, *parts).addStretch(1)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        least = super().minimumSizeHint()
        wrapped = self.heightForWidth(max(self.width(), least.width()))  # -1 if no text wraps
        return QSize(least.width(), max(wrapped, least.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Update the height, because texts wrap differently at another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


def has_ctrl(event: QKeyEvent) -> bool:
    """Return whether Ctrl is held while a key is pressed."""
    return bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)


@lru_cache(maxsize=32)  # every paint event repeats the call, and 100 long names take 7 ms
def shorten_to_width(names: tuple[str, ...], font: QFont, room: float) -> tuple[str, ...]:
    """Return the names shortened to at most `room` pixels in `font`, so that all stay different."""
    metrics, middle = QFontMetricsF(font), Qt.TextElideMode.ElideMiddle
    return tuple(
        shorten_distinctly(
            names,
            lambda text: metrics.horizontalAdvance(text) <= room,
            lambda name: metrics.elidedText(name, middle, room),
        )
    )


class ElidedLabel(QLabel):
    """A label of any width. A text that is too long has "…" at `elided`; the tooltip shows it in full."""

    elided = Qt.TextElideMode.ElideRight

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def fits(self) -> bool:
        """Whether the label shows its text in full."""
        return self.fontMetrics().horizontalAdvance(self.text()) <= self.contentsRect().width()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self.elided, room.width())
        with QPainter(self) as painter:
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            palette, role = self.palette(), self.foregroundRole()
            self.style().drawItemText(painter, room, side, palette, self.isEnabled(), text, role)

    def event(self, event: QEvent) -> bool:
        """Show the full text in a tooltip if the label shortens it."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.fits:
            QToolTip.showText(event.globalPos(), self.text(), self)
            return True
        return super().event(event)


def named(widget: AnyWidget, name: str = "", tip: str = "") -> AnyWidget:
    """Set the name of a new widget for screen readers, and its tooltip. Return the widget."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip)
    return widget


def styled_label(text: str, name: str = "muted") -> QLabel:
    """Return a label. `name` is "muted" or "error", from the style sheet, or ""."""
    return styled(QLabel(text), name)


def muted_label() -> ElidedLabel:
    """Return an elided label for muted text in a panel."""
    return styled(ElidedLabel(), "muted", 12)


def wrapped_label(text: str = "", name: str = "muted", pixels: float | None = None) -> QLabel:
    """Return a label that wraps its text. `name` is its name in the style sheet, `pixels` its font size."""
    return styled(QLabel(text, wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop), name, pixels)


Margins: TypeAlias = tuple[int, int, int, int]
"""The margins at the left, at the top, at the right and at the bottom, in pixels."""


def fill_box(box: AnyBox, spacing: int, *parts: QWidget | QLayout, margins: Margins = (0,) * 4) -> AnyBox:
    """Add parts to a layout, `spacing` pixels apart. Return the layout."""
    box.setContentsMargins(*margins)
    box.setSpacing(spacing)
    for part in parts:
        if isinstance(part, QWidget):
            box.addWidget(part)
        else:
            box.addLayout(part)
    return box


def paint_chevron(painter: QPainter, x: float, y: float, scale: float, *, enabled: bool) -> None:
    """Paint the mark of a list that opens, with its middle at (x, y); the mark is paler if not `enabled`."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor(colours().muted if enabled else colours().zero)
    painter.setPen(QPen(colour, 1.6 * scale, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    across, down = 3.5 * scale, 1.75 * scale
    painter.drawPolyline([QPointF(x - across, y - down), QPointF(x, y + down), QPointF(x + across, y - down)])


def set_direction(box: QBoxLayout, is_wide: bool) -> None:
    """Lay out widgets from left to right if there is room (`is_wide`), else from top to bottom."""
    directions = QBoxLayout.Direction
    box.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)


def set_lock_reason(what: QWidget | QAction, why: str, tip: str, *, can: bool = True) -> None:
    """Disable a widget or action if `why` is not "", and show this reason as its tooltip.

    If `why` is "", show the tooltip `tip`, and enable the widget or action if `can` is True.
    """
    what.setEnabled(can and not why)
    what.setToolTip(why or tip)


def announce(widget: QWidget, text: str) -> None:
    """Ask a screen reader to say `text` for `widget` after its current speech; "" is ignored."""
    if text:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def ignore_drops(area: QAbstractScrollArea) -> None:
    """Let the window behind a scroll area receive what is dropped on the area."""
    area.setAcceptDrops(False)
    area.viewport().setAcceptDrops(False)


class TextField(QPlainTextEdit):
    """A text field that accepts dropped or pasted text, but leaves dropped files to the window."""

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: D102
        return not source.hasUrls() and super().canInsertFromMimeData(source)


def open_below(button: QAbstractButton, menu: QMenu) -> None:
    """Open a menu below a button."""
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def clear_hover_on_close(button: QAbstractButton, menu: QMenu) -> None:
    """Remove the hover highlight of a button when its menu closes and the mouse is elsewhere.

    Qt does not report that the mouse has left the button.
    """

    def update_hover() -> None:
        if not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
            button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
            QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))

    menu.aboutToHide.connect(update_hover)


MOST_SEEN = 20
"""Largest number of visible items in a list; a longer list scrolls."""
ROUNDING_PX = 2
"""A text may be wider than the width that Qt computes, by up to this number of pixels."""


class ComboBox(QComboBox):
    """A combo box with its arrow at the right and a list as wide as its items.

    A text too long for the box is shortened so that it stays unique; the tooltip shows the full text.
    `texts` are the items at first; the item `chosen` is selected, or the first one.
    `chosen` is emitted for an item from the open list. Keys that step through the closed list emit only
    `activated`. `name` is the box's name for screen readers.
    """

    chosen = Signal()

    def __init__(self, texts: Iterable[str] = (), chosen: str = "", *, name: str = "", tip: str = "") -> None:
        super().__init__(maxVisibleItems=MOST_SEEN)
        named(self, name, tip)
        self._steps = False
        self.addItems(list(texts))
        self.setCurrentText(chosen)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)  # including later items
        self.activated.connect(self._emit_chosen)
        self.setItemDelegate(QStyledItemDelegate(self))  # Qt's default one ignores style sheets

    def show_items(self, texts: Sequence[str], index: int) -> None:
        """List `texts` and select the item with this index, without a signal."""
        with QSignalBlocker(self):
            if list(texts) != [self.itemText(k) for k in range(self.count())]:
                self.clear()
                self.addItems(texts)
            self.setCurrentIndex(index)

    def _emit_chosen(self) -> None:
        if not self._steps:
            self.chosen.emit()

    def sizeHint(self) -> QSize:
        """Return Qt's size, slightly widened: Qt's width is too small for wide fonts and large sizes."""
        return super().sizeHint() + QSize(px(ROUNDING_PX), 0)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return super().minimumSizeHint() + QSize(px(ROUNDING_PX), 0)

    def showPopup(self) -> None:  # noqa: D102
        view = self.view()
        bar = view.verticalScrollBar().sizeHint().width()  # on a small screen, a short list scrolls too
        padding = view.width() - view.viewport().width()
        view.setMinimumWidth(view.sizeHintForColumn(0) + padding + bar)
        super().showPopup()

    @property
    def visible_text(self) -> str:
        """The text of the chosen item, shortened to the room in the box."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        box, field = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(box, option, field, self).width()
        text = self.currentText() or self.placeholderText()
        if self.fontMetrics().horizontalAdvance(text) <= room:
            return text
        names = dict.fromkeys((text, *map(self.itemText, range(self.count()))))
        return shorten_to_width((*names,), self.font(), room)[0]

    def event(self, event: QEvent) -> bool:
        """Show a shortened text in full in the tooltip, above the box's own tooltip."""
        shortened = event.type() == QEvent.Type.ToolTip and self.visible_text != self.currentText()
        if shortened and isinstance(event, QHelpEvent):
            lines = filter(None, (self.currentText(), self.toolTip()))
            QToolTip.showText(event.globalPos(), "\n".join(lines), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the box, its shortened text, and the arrow."""
        option, style = QStyleOptionComboBox(), self.style()
        self.initStyleOption(option)
        option.currentText = self.visible_text
        with QPainter(self) as painter:
            style.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option, painter, self)
            style.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option, painter, self)
            scale, enabled = px(100) / 100, self.isEnabled()
            paint_chevron(painter, self.width() - 14.0 * scale, self.height() / 2, scale, enabled=enabled)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step through the items, or open the list."""
        self._steps = True
        super().keyPressEvent(event)
        self._steps = False

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Choose the next or previous item. Without keyboard focus, let the wheel scroll the page instead."""
        if self.hasFocus():
            self._steps = True
            super().wheelEvent(event)
            self._steps = False
        else:
            event.ignore()


class NumberChoice(ComboBox):
    """A number field with a list of values.

    Up, Down and the wheel change the number by a step; Alt+Down opens the list. The box takes over the name
    and the tooltip of the field.
    """

    def __init__(self, field: NumberField, suggestions: list[str]) -> None:
        super().__init__(name=field.accessibleName(), tip=field.toolTip())
        self._field = named(field)
        self.setEditable(True)
        self.setLineEdit(field)
        self.setInsertPolicy(ComboBox.InsertPolicy.NoInsert)
        self.setCompleter(None)  # type: ignore[arg-type]  # None removes the completer
        self.addItems(suggestions)
        self.textActivated.connect(lambda _: field.commit())

    def minimumSizeHint(self) -> QSize:
        """Return the size in which each value fits."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        opens = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not opens:
            self._field.keyPressEvent(event)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: D102
        self._field.wheelEvent(event)
