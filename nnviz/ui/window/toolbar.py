"""The toolbar, and the keys of the walk."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QAction, QFont, QFontMetrics, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
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
    QSlider,
    QTextEdit,
    QToolBar,
    QToolButton,
    QWidget,
)

from nnviz.core.state import State
from nnviz.document.derived import Selection
from nnviz.document.document import Document
from nnviz.document.player import Player
from nnviz.document.walk import PHASES
from nnviz.ui.diagram.edit import PlaceEditor
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.menus import Menu, Table
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import application, colours

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


WALK = "&Walk"
"""The menu in whose place the controls of the walk stand."""
REPEAT = "repeat"
"""The group of the entries that say what playing repeats."""
END_WALK = "end walk"
"""The entry for while a walk is on."""


class _PhaseButton(QPushButton):
    """A button that has room for its text in bold, as which it stands when it is checked."""

    def sizeHint(self) -> QSize:
        bold = QFont(self.font())
        bold.setWeight(QFont.Weight.DemiBold)
        wide = QFontMetrics(bold).horizontalAdvance(self.text())
        more = wide - self.fontMetrics().horizontalAdvance(self.text())
        return super().sizeHint() + QSize(more, 0)


class Toolbar(QToolBar):
    """Shows the actions of a table that stand on the toolbar, and where the walk is."""

    def __init__(
        self,
        table: Table,
        actions: dict[str, QAction],
        document: Document,
        selection: Selection,
        player: Player,
    ) -> None:
        super().__init__("Toolbar")
        self._made = actions
        self._document, self._selection, self._player = document, selection, player
        self._phases: dict[str, QPushButton] = {}
        entries = [entry for menu in table for entry in menu.entries()]
        self._icons = {entry.name: entry.icon for entry in entries if entry.icon}
        self._repeats = [entry.name for entry in entries if entry.group == REPEAT]
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setIconSize(QSize(20, 20))
        self._row = QLabel()
        for menu in table:
            if menu.title == WALK:
                self._add_walk()
                self._add_rows()
            self._add_entries(menu)
        further = self.findChild(QToolButton, "qt_toolbar_ext_button")  # Qt's own, in a narrow window
        assert isinstance(further, QToolButton)
        self._further = further
        self._further.setToolTip("What has no room here")
        self._colour()
        player.changed.connect(self.refresh)
        selection.row_changed.connect(self.refresh)
        document.state_changed.connect(self._follow)
        self.refresh()

    def _follow(self, old: State, new: State) -> None:
        if old.data is not new.data:
            self.refresh()

    def refresh(self) -> None:
        """Show where the walk stands."""
        progress = self._player.progress
        for phase, button in self._phases.items():
            button.setChecked(progress.active and phase == progress.phase)
        name = "pause" if self._player.playing else "play"
        play, keys = self._made["play"], self._made["play"].shortcut().toString()
        play.setText(f"&{name.capitalize()} the walk")
        play.setIcon(icon(name, colours().accent))
        play.setToolTip(f"{name.capitalize()} the walk ({keys}); hold for more ways to play")
        self._made[END_WALK].setEnabled(progress.active)
        rows = len(self._document.state.data)
        free = self._selection.free is not None
        row = f"{self._selection.row + 1} of {rows:,}" if rows else "no rows"
        self._row.setText("free row" if free else row)
        self._made["previous row"].setEnabled(self._selection.row > 0)
        self._made["next row"].setEnabled(self._selection.row < rows - 1)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons in another theme's ink."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()
            self.refresh()

    def _colour(self) -> None:
        for name, picture in self._icons.items():
            self._made[name].setIcon(icon(picture))
        self._further.setIcon(icon("further"))

    def _add_entries(self, menu: Menu) -> None:
        if added := [self._made[entry.name] for entry in menu.entries() if entry.toolbar]:
            self._begin_group()
            self.addActions(added)

    def _begin_group(self) -> None:
        if self.actions():
            self.addSeparator()

    def _add_walk(self) -> None:
        self._begin_group()
        self.addWidget(self._phase_switch())
        for name in ("to start", "step back", "play", "step", "to end", END_WALK):
            self.addAction(self._made[name])
        button = self.widgetForAction(self._made["play"])
        assert isinstance(button, QToolButton)
        button.setMenu(self._ways_to_play())
        button.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        self.addWidget(self._pace())

    def _ways_to_play(self) -> QMenu:
        menu = QMenu(self)
        menu.addActions([self._made[name] for name in self._repeats])
        menu.addSeparator()
        menu.addAction(self._made["by layer"])
        return menu

    def _add_rows(self) -> None:
        self._begin_group()
        label = QLabel("Row")
        label.setObjectName("muted")
        label.setContentsMargins(4, 0, 0, 0)
        self._row.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._row.setMinimumWidth(48)
        self.addWidget(label)
        self.addAction(self._made["previous row"])
        self.addWidget(self._row)
        self.addAction(self._made["next row"])

    def _phase_switch(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("segments")
        row = QHBoxLayout(frame)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for number, phase in enumerate(PHASES, 1):
            button = _PhaseButton(f"{number}  {phase.capitalize()}")
            button.setObjectName("segment")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # so that Space plays after a click
            button.setToolTip(self._made[phase].toolTip())
            button.setAccessibleName(f"Phase {phase}")
            button.clicked.connect(self._made[phase].trigger)  # the player then says what is shown
            row.addWidget(button)
            self._phases[phase] = button
        return frame

    def _pace(self) -> QFrame:
        frame = QFrame()
        frame.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(frame)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(8)
        label = QLabel("Pace")
        label.setObjectName("muted")
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(100 * self._player.speed))
        slider.setFixedSize(56, 18)
        slider.setToolTip("How fast the walk plays")
        slider.setAccessibleName("Pace of the walk")
        slider.valueChanged.connect(self._set_pace)
        row.addWidget(label)
        row.addWidget(slider)
        return frame

    def _set_pace(self, value: int) -> None:
        self._player.speed = value / 100
