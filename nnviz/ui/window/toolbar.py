"""The toolbar, and the keys that play the walk: the animation of one update, step by step."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QToolBar,
    QToolButton,
    QWidget,
)
from shiboken6 import isValid

from nnviz.document.moment import Moment, is_new
from nnviz.document.walk import PHASES, WalkProgress
from nnviz.ui.diagram.edit import PlaceEditor
from nnviz.ui.kit.card import push_button
from nnviz.ui.kit.controls import fill_box, has_ctrl, named, styled_label
from nnviz.ui.kit.desk import EVERY_FRAME_MS, Desk
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.menus import MenuEntry, Table
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import application, colours, styled
from nnviz.ui.panels.training_parts import SpeedSlider

STANDARD = QKeySequence.StandardKey


class WalkKeys(QObject):
    """Decides for each key whether the focused widget or a shortcut of the window gets the key.

    ========= =====================================================================================
    letters   go to a text field. Qt ensures this itself, but not for the following keys.
    Escape    goes to a field with typed text or a field opened for one edit, and cancels the edit.
    undo      goes to a field with typed text and undoes the typing; redo does likewise.
    Space     goes to a button or combo box reached with Tab, or to a field with a typed number.
    own_keys  go to a focused plot or pad that has this attribute, a tuple of keys.
    ========= =====================================================================================

    The data table itself takes digits, which begin a number.
    If a field has the focus, a click on a widget that accepts no focus moves the focus to the diagram.
    """

    def __init__(self, window: QMainWindow, diagram: QWidget) -> None:
        super().__init__(window)
        self._window, self._diagram = window, diagram
        self._field_window: QWidget | None = None
        """The window of the focused field. A click that no widget accepts goes to this window."""
        application().focusChanged.connect(self._follow)
        self._follow(None, QApplication.focusWidget())

    def _follow(self, before: QWidget | None, now: QWidget | None) -> None:
        """Filter only the events of the focused widget, since filtering all events would be slow."""
        if before is not None:
            before.removeEventFilter(self)
        if self._field_window is not None and isValid(self._field_window):
            self._field_window.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._field_window = None
        if now is None:
            return
        now.installEventFilter(self)
        if now is self._window:
            self._diagram.setFocus()
        elif isinstance(now, QLineEdit | QComboBox) and isinstance(now.window(), QMainWindow | QDockWidget):
            self._field_window = now.window()
            self._field_window.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Decide whether the focused widget gets a key, before Qt treats the key as a shortcut."""
        is_override = event.type() == QEvent.Type.ShortcutOverride
        if not (is_override and isinstance(event, QKeyEvent) and isinstance(watched, QWidget)):
            return False
        needed = not has_ctrl(event) and needs(watched, Qt.Key(event.key()))
        left = leaves(watched, event)
        event.setAccepted(needed)
        return needed or left


def needs(focused: QWidget, key: Qt.Key) -> bool:
    """Return whether the focused widget itself uses `key`, such as Escape or Space."""
    if key in getattr(focused, "own_keys", ()):
        return True
    if key == Qt.Key.Key_Escape:
        return _typing(focused)
    if key == Qt.Key.Key_Space and isinstance(_field(focused), QAbstractButton | QComboBox):
        return focused.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return False


def leaves(focused: QWidget, event: QKeyEvent) -> bool:
    """Return whether the window gets Space, undo or redo, because nothing is typed in the focused field."""
    field = _field(focused)
    if isinstance(field, NumberField) and event.key() == Qt.Key.Key_Space:
        return not _typing(field)
    if not isinstance(field, QLineEdit):
        return False
    undoes, redoes = event.matches(STANDARD.Undo), event.matches(STANDARD.Redo)
    return (undoes and not field.isUndoAvailable()) or (redoes and not field.isRedoAvailable())


def _field(focused: QWidget) -> QWidget:
    """Return the text field of `focused` if it is an editable combo box, else `focused` itself."""
    return (isinstance(focused, QComboBox) and focused.lineEdit()) or focused


def _typing(focused: QWidget) -> bool:
    field = _field(focused)
    if isinstance(field, NumberField) and not isinstance(field, PlaceEditor):
        return field.is_edited or field.objectName() == "cell"
    return isinstance(field, QLineEdit | QPlainTextEdit) and not field.isReadOnly()


WALK = "&Walk"
"""Title of the menu Walk, which plays the animation of one update.

The toolbar has the controls of this menu: phases, play buttons, pace and row.
"""
END_WALK = "end walk"
"""Name of the menu entry "End the walk", which is enabled only during the animation of an update."""


class Toolbar(QToolBar):
    """The toolbar: controls of the walk (the animation of one update) and of the rows.

    Menu entries marked `toolbar` also have buttons here. The toolbar enables the actions on walk and rows.
    """

    moving_ms = EVERY_FRAME_MS  # a key does nothing while its action is disabled

    def __init__(self, table: Table, actions: dict[str, QAction], desk: Desk) -> None:
        super().__init__("Toolbar", movable=False, iconSize=QSize(20, 20))
        self._actions, self._desk = actions, desk
        self._phases: dict[str, QPushButton] = {}
        entries = [entry for menu in table for entry in menu.entries()]
        self._icons = {each.name: each.icon or each.name for each in entries if each.icon or each.toolbar}
        self.setObjectName("toolbar")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self._row = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        action = self._actions.__getitem__
        for menu in table:
            if menu.title == WALK:
                label = styled_label("Row")
                label.setContentsMargins(4, 0, 0, 0)
                self._add_group(self._phase_switch(), *map(action, ("step back", "play", "step")))
                self._add_group(label, action("previous row"), self._row, action("next row"))
            self._add_group(*(action(entry.name) for entry in menu.entries() if entry.toolbar))
        self._panels = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self._add_panels(table)
        self._during_walk = self.addWidget(self._walk_tools())
        extension = self.findChild(QToolButton, "qt_toolbar_ext_button")  # Qt shows it in a narrow window
        self._extension = named(cast("QToolButton", extension), tip="More commands")

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Update the controls of the walk and the number of the row; if `old` is None, also the icons."""
        if old is None:
            for name, picture in self._icons.items():
                self._actions[name].setIcon(icon(picture))
            self._extension.setIcon(icon("further"))
            self._panels.setIcon(icon("panels"))
        if is_new(old, new, "walk"):
            self._show_walk(new.walk)
        if is_new(old, new, "row", "what_if_row", "state.data"):
            self._show_row(new)

    def _show_walk(self, progress: WalkProgress) -> None:
        for phase, button in self._phases.items():
            button.setChecked(progress.active and phase == progress.phase)
        name = "pause" if progress.playing else "play"
        play, keys = self._actions["play"], self._actions["play"].shortcut().toString()
        play.setText(f"&{name.capitalize()} the walk")
        play.setIcon(icon(name, colours().accent))
        play.setToolTip(f"{name.capitalize()} the animated update ({keys})")
        self._actions[END_WALK].setEnabled(progress.active)
        self._during_walk.setVisible(progress.active)

    def _show_row(self, new: Moment) -> None:
        rows, is_free = len(new.state.data), new.what_if_row is not None
        row = f"{new.row + 1} of {rows:,}" if rows else "no rows"
        self._row.setText("what-if row" if is_free else row)
        self._actions["previous row"].setEnabled(new.row > 0)
        self._actions["next row"].setEnabled(new.row < rows - 1)
        for name in ("keep row", "leave row"):
            self._actions[name].setEnabled(is_free)

    def changeEvent(self, event: QEvent) -> None:
        """Redraw the icons in the colours of the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._desk.frames.show_again(self)

    def _add_group(self, *parts: QAction | QWidget) -> None:
        """Add buttons of actions and other widgets, after a line that separates them from earlier ones."""
        if parts and self.actions():
            self.addSeparator()
        for part in parts:
            if isinstance(part, QAction):
                self.addAction(part)
            else:
                self.addWidget(part)

    def _phase_switch(self) -> QFrame:
        frame = styled(QFrame(), "segments")
        row = QHBoxLayout(frame)
        fill_box(row, 2, margins=(3, 3, 3, 3))
        for number, phase in enumerate(PHASES, 1):
            action = self._actions[phase]
            # after a click, Space still plays the walk
            button = push_button(f"{number}  {phase.capitalize()}", action.toolTip())
            button.setAccessibleName(f"Phase {phase}")
            button.setObjectName("segment")
            button.setCheckable(True)
            button.clicked.connect(action.trigger)  # show_moment() then checks the buttons
            row.addWidget(button)
            self._phases[phase] = button
        return frame

    def _add_panels(self, table: Table) -> None:
        """Add a button that opens a menu of the panels and their arrangements."""
        menu = QMenu(self)
        for each in (item for menu in table for item in menu.submenus() if item.toolbar):
            menu.addSeparator()
            entries = (item for item in each.sections[0] if isinstance(item, MenuEntry))
            menu.addActions([self._actions[entry.name] for entry in entries])
        self._panels.setText("Panels")
        named(self._panels, "Panels", "Show or hide panels, or arrange all panels for a task")
        self._panels.setMenu(menu)
        self.addWidget(self._panels)

    def _walk_tools(self) -> QFrame:
        """Return the controls that are visible only during a walk."""
        frame = QFrame()
        frame.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        tip = "Choose how fast the animated update plays"
        slider = SpeedSlider(self._desk.player, "Speed of the walk", tip)
        slider.setFixedSize(56, 18)
        row = QHBoxLayout(frame)
        fill_box(row, 4, margins=(8, 0, 4, 0))
        for name in ("to start", "to end", END_WALK):
            button = QToolButton()
            button.setDefaultAction(self._actions[name])
            button.setIconSize(self.iconSize())
            row.addWidget(button)
        row.addWidget(styled_label("Pace"))
        row.addWidget(slider)
        return frame
