"""Small widgets: combo boxes, elided labels, buttons with menus, and drop targets."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QElapsedTimer, QEvent, QMimeData, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QAction,
    QColor,
    QCursor,
    QDropEvent,
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
    QComboBox,
    QLabel,
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
from nnviz.ui.kit.theme import colours, px, ui_font

SPACING_PX = 6


class Stack(QWidget):
    """Asks for the height that its parts need at its width; Qt asks for too little where a text wraps."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        least = super().minimumSizeHint()
        wrapped = self.heightForWidth(max(self.width(), least.width()))  # -1 where no text wraps
        return QSize(least.width(), max(wrapped, least.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask anew: at another width a text wraps otherwise."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()


def shorten_to_width(names: Sequence[str], font: QFont, room: float) -> tuple[str, ...]:
    """Return names of at most `room` pixels in a font, shortened so that no two of them look alike."""
    return _shorten(tuple(names), font, room)


@lru_cache(maxsize=32)  # every painting asks for the same, and 100 long names take 7 ms
def _shorten(names: tuple[str, ...], font: QFont, room: float) -> tuple[str, ...]:
    metrics, middle = QFontMetricsF(font), Qt.TextElideMode.ElideMiddle
    return tuple(
        shorten_distinctly(
            names,
            lambda text: metrics.horizontalAdvance(text) <= room,
            lambda name: metrics.elidedText(name, middle, room),
        )
    )


class Elided(QLabel):
    """Takes the width that is there; a longer text ends in "…", and the tooltip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def is_whole(self) -> bool:
        """Whether all of the text is in sight."""
        return self.fontMetrics().horizontalAdvance(self.text()) <= self.contentsRect().width()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        with QPainter(self) as painter:
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            self.style().drawItemText(
                painter, room, side, self.palette(), self.isEnabled(), text, self.foregroundRole()
            )

    def event(self, event: QEvent) -> bool:
        """Tell the whole text in a tooltip, if there is no other."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.is_whole:
            QToolTip.showText(event.globalPos(), self.text(), self)
            return True
        return super().event(event)


def muted_line() -> Elided:
    """Return one for a panel's quiet words."""
    line = Elided()
    line.setObjectName("muted")
    line.setFont(ui_font(12))
    return line


def hold(what: QWidget | QAction, why: str, tip: str, *, can: bool = True) -> None:
    """Let a widget or an action take nothing, and its tooltip say `why`; "" lets it say what it does.

    Even then it takes nothing unless it `can` do something.
    """
    what.setEnabled(can and not why)
    what.setToolTip(why or tip)


def announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say `text` on behalf of `widget`, after what it is saying; "" is silence."""
    if text:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


def dropped_file(data: QMimeData) -> Path | None:
    """Return the first file of this machine that is dragged, or None."""
    local = (url.toLocalFile() for url in data.urls() if url.isLocalFile())
    return next((Path(file) for file in local if file), None)


def take_file(event: QDropEvent) -> Path | None:
    """Take the file that is dragged, or dropped, and return it: a copy, for its own place keeps it."""
    path = dropped_file(event.mimeData())
    if path and event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return path
    return None


def leave_drops(area: QAbstractScrollArea) -> None:
    """Leave what is dropped on a scroll area to the window behind it."""
    area.setAcceptDrops(False)
    area.viewport().setAcceptDrops(False)


class TextField(QPlainTextEdit):
    """Takes text that is dropped or pasted; files, whose names are a text too, it leaves to the window."""

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: D102
        return not source.hasUrls() and super().canInsertFromMimeData(source)


def open_below(button: QAbstractButton, menu: QMenu) -> None:
    """Open a menu below a button."""
    menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def follow(button: QAbstractButton, menu: QMenu) -> None:
    """Have a button see, when its menu closes, whether the mouse has left: nobody said so meanwhile."""

    def look() -> None:
        if not button.rect().contains(button.mapFromGlobal(QCursor.pos())):
            button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
            QApplication.sendEvent(button, QEvent(QEvent.Type.Leave))

    menu.aboutToHide.connect(look)


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


WITH_LETTERS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
"""What may be held while a name is typed."""


class ListMenu(QMenu):
    """Goes to the entry that begins with what is typed; Enter alone chooses, where Qt's menu would at once.

    One letter again and again goes through the entries that begin with it.
    """

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._typed = ""
        self._last = QElapsedTimer()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take what is typed; a space belongs to a name once that has begun."""
        text = event.text()
        goes_on = self._last.isValid() and self._last.elapsed() < QApplication.keyboardInputInterval()
        typed = (self._typed if goes_on else "") + text
        if not text or not text.isprintable() or not typed.strip() or event.modifiers() & ~WITH_LETTERS:
            super().keyPressEvent(event)
            return
        self._typed = typed
        self._last.start()
        self._go_to(typed.casefold())

    def _go_to(self, typed: str) -> None:
        """Go to the next entry that begins so; the present one stays while it still does."""
        again = len(set(typed)) == 1
        wanted = typed[0] if again else typed
        actions = [action for action in self.actions() if action.isEnabled() and action.isVisible()]
        at = actions.index(self.activeAction()) + again if self.activeAction() in actions else 0
        found = (action for action in actions[at:] + actions[:at] if _name(action).startswith(wanted))
        if action := next(found, None):
            self.setActiveAction(action)


def _name(action: QAction) -> str:
    return action.text().replace("&&", "&").casefold()
