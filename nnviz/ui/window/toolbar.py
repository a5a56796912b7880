"""The toolbar: what the table puts there, and the walk's phases, steps, pace and row."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QFont, QFontMetrics
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSlider,
    QToolBar,
    QToolButton,
)

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.walk.player import Player
from nnviz.document.walk.walk import PHASES
from nnviz.ui.widgets.images import icon
from nnviz.ui.widgets.theme import colours
from nnviz.ui.window.menus import Menu, Table

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
