"""Whose a key is that both the walk and the widget with the focus know: the one place that decides it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from nnviz.ui.diagram.edit_session import PlaceEditor
from nnviz.ui.widgets.number_field import NumberField
from nnviz.ui.widgets.theme import application

DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)


class WalkKeys(QObject):
    """Leaves the walk's keys to the widget with the focus where that needs them; else they are the walk's.

    ========= ======================================================================================
    typed     every key, in a field of text: Qt's fields see to that but for Escape
    Escape    a field's in which something was typed, or that opened for one edit: it takes that back
    1 to 4    a cell's that is selected in a table of numbers: they begin its number
    Space     a button's or a choice's that was reached with Tab: it presses it
    ========= ======================================================================================
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        application().focusChanged.connect(self._follow)
        self._follow(None, QApplication.focusWidget())

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        """Listen to the widget with the focus alone: to hear all of the window's events would cost time."""
        if before is not None:
            before.removeEventFilter(self)
        if now is not None:
            now.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key from the walk before it is one of its shortcuts."""
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if isinstance(watched, QWidget) and needs(watched, Qt.Key(event.key())):
            event.accept()
            return True
        return False


def needs(focused: QWidget, key: Qt.Key) -> bool:
    """Tell whether the widget with the focus needs one of the walk's keys itself."""
    if key == Qt.Key.Key_Escape:
        return _typing(focused)
    if key in DIGITS:
        return isinstance(focused, QAbstractItemView) and _opens_by_typing(focused)
    if key == Qt.Key.Key_Space and isinstance(focused, QAbstractButton | QComboBox):
        return focused.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return False


def _typing(field: QWidget) -> bool:
    if isinstance(field, NumberField) and not isinstance(field, PlaceEditor):
        return field.touched or field.objectName() == "cell"
    if isinstance(field, QLineEdit | QTextEdit | QPlainTextEdit):
        return not field.isReadOnly()
    return isinstance(field, QAbstractSpinBox)


def _opens_by_typing(view: QAbstractItemView) -> bool:
    editable = bool(view.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable)
    return editable and bool(view.editTriggers() & QAbstractItemView.EditTrigger.AnyKeyPressed)
