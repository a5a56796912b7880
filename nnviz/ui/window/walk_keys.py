"""Whose a key is that both the window and the widget with the focus know: the one place that decides it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

from nnviz.ui.diagram.edit_session import PlaceEditor
from nnviz.ui.widgets.number_field import NumberField
from nnviz.ui.widgets.theme import application

STANDARD = QKeySequence.StandardKey
DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)


class WalkKeys(QObject):
    """Leaves the window's keys to the widget with the focus where that needs them; else they are shortcuts.

    ========= ======================================================================================
    typed     every key, in a field of text: Qt's fields see to that but for the following
    Escape    a field's in which something was typed, or that opened for one edit: it takes that back
    undo      a field's in which something was typed: it takes that back, and redo types it again
    1 to 4    a cell's that is selected in a table of numbers: they begin its number
    Space     a button's or a choice's that was reached with Tab: it presses it; a number's that is typed
    ========= ======================================================================================

    A click on what takes no keyboard gives it to the diagram where a field had it.
    """

    def __init__(self, window: QMainWindow, diagram: QWidget) -> None:
        super().__init__(window)
        self._window, self._diagram = window, diagram
        self._around: QWidget | None = None
        """The window around the field that has the focus; it takes the clicks that nothing in it takes."""
        application().focusChanged.connect(self._follow)
        self._follow(None, QApplication.focusWidget())

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        """Listen to the widget with the focus alone: to hear all of the window's events would cost time."""
        if before is not None:
            before.removeEventFilter(self)
        if self._around is not None:
            self._around.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._around = None
        if now is None:
            return
        now.installEventFilter(self)
        if now is self._window:
            self._diagram.setFocus()
        elif isinstance(now, QLineEdit | QComboBox) and isinstance(now.window(), QMainWindow | QDockWidget):
            self._around = now.window()
            self._around.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Decide whose a key is before it is a shortcut."""
        if event.type() != QEvent.Type.ShortcutOverride or not isinstance(event, QKeyEvent):
            return False
        if not isinstance(watched, QWidget):
            return False
        needed, left = needs(watched, Qt.Key(event.key())), leaves(watched, event)
        event.setAccepted(needed)
        return needed or left


def needs(focused: QWidget, key: Qt.Key) -> bool:
    """Tell whether the widget with the focus needs one of the walk's keys itself."""
    if key == Qt.Key.Key_Escape:
        return _typing(focused)
    if key in DIGITS:
        return isinstance(focused, QAbstractItemView) and _opens_by_typing(focused)
    if key == Qt.Key.Key_Space and isinstance(_field(focused), QAbstractButton | QComboBox):
        return focused.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return False


def leaves(focused: QWidget, event: QKeyEvent) -> bool:
    """Tell whether a field, which would take the key, has no use for it: nothing is typed in it."""
    field = _field(focused)
    if isinstance(field, NumberField) and event.key() == Qt.Key.Key_Space:
        return not _typing(field)
    if not isinstance(field, QLineEdit):
        return False
    undoes, redoes = event.matches(STANDARD.Undo), event.matches(STANDARD.Redo)
    return (undoes and not field.isUndoAvailable()) or (redoes and not field.isRedoAvailable())


def _field(focused: QWidget) -> QWidget:
    """Return the field of a choice in which one can type; else the widget itself."""
    return (isinstance(focused, QComboBox) and focused.lineEdit()) or focused


def _typing(focused: QWidget) -> bool:
    field = _field(focused)
    if isinstance(field, NumberField) and not isinstance(field, PlaceEditor):
        return field.touched or field.objectName() == "cell"
    if isinstance(field, QLineEdit | QTextEdit | QPlainTextEdit):
        return not field.isReadOnly()
    return isinstance(field, QAbstractSpinBox)


def _opens_by_typing(view: QAbstractItemView) -> bool:
    editable = bool(view.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable)
    return editable and bool(view.editTriggers() & QAbstractItemView.EditTrigger.AnyKeyPressed)
