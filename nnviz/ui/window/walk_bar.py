"""The controls of the walk: phases, step and play, speed, what repeats; and the row on the diagram."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QButtonGroup,
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
from nnviz.document.walk.player import Player, Repeat
from nnviz.document.walk.walk import PHASES, Phase
from nnviz.ui.widgets.theme import colours
from nnviz.ui.window.commands import Commands

PHASE_TIPS = {
    "forward": "Values run forward: every node adds up its terms and applies its activation",
    "loss": "The prediction is compared with the target: error, squared error, MSE",
    "backward": "Slopes come back, layer by layer from the output",
    "update": "Every weight takes a step against its slope",
}
REPEATS: tuple[tuple[Repeat, str], ...] = (
    ("phase", "Stop after each phase"),
    ("rows", "Forward pass of every row, again and again"),
    ("rounds", "All four phases, again and again"),
)


class WalkBar:
    """Puts the walk's controls into a toolbar."""

    def __init__(
        self, bar: QToolBar, commands: Commands, document: Document, selection: Selection, player: Player
    ) -> None:
        self._document, self._selection, self._player = document, selection, player
        self._commands = commands
        self._phases: dict[str, QPushButton] = {}
        bar.addWidget(self._phase_switch())
        self.to_start = commands.add("To the start of the phase", player.to_start, icon_name="to-start")
        self.back = commands.add("Step back", player.back, icon_name="step-back", tip="Step back (,)")
        self.play = commands.add("Play", player.toggle)
        self.step = commands.add("Step", player.step, icon_name="step", tip="Step (.)")
        self.to_end = commands.add("Finish the phase", player.to_end, icon_name="to-end")
        bar.addActions([self.to_start, self.back])
        bar.addAction(self.play)
        button = bar.widgetForAction(self.play)
        assert isinstance(button, QToolButton)
        button.setObjectName("primary")
        button.setMenu(self._repeat_menu())
        button.setPopupMode(QToolButton.ToolButtonPopupMode.DelayedPopup)
        bar.addActions([self.step, self.to_end])
        bar.addWidget(self._speed())
        bar.addSeparator()
        self._rows(bar)
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
        self._commands.set_icon(self.play, name, colours().on_accent)
        self.play.setToolTip(
            f"{name.capitalize()} the walk (Space, with the diagram focused); hold for more ways to play"
        )
        rows = len(self._document.state.data)
        self._row.setText(f"{self._selection.row + 1} of {rows}" if rows else "no rows")
        self._previous.setEnabled(self._selection.row > 0)
        self._next.setEnabled(self._selection.row < rows - 1)

    def menu(self) -> QMenu:
        """Return the same commands as a menu."""
        menu = QMenu("&Walk")
        menu.addActions([self.play, self.step, self.back, self.to_start, self.to_end])
        menu.addSeparator()
        for phase in PHASES:
            menu.addAction(phase.capitalize(), partial(self._player.show_phase, phase))
        menu.addSeparator()
        menu.addActions(self.repeats.actions())
        menu.addSeparator()
        menu.addAction(self.by_layer)
        return menu

    def _phase_switch(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("segments")
        row = QHBoxLayout(frame)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        group = QButtonGroup(frame)
        group.setExclusive(False)
        for number, phase in enumerate(PHASES, 1):
            button = QPushButton(f"{number}  {phase.capitalize()}")
            button.setObjectName("segment")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # so that Space plays after a click
            button.setToolTip(PHASE_TIPS[phase])
            button.setAccessibleName(f"Phase {phase}")
            button.clicked.connect(lambda _=False, phase=phase: self._show(phase))
            row.addWidget(button)
            self._phases[phase] = button
        return frame

    def _show(self, phase: Phase) -> None:
        self._player.show_phase(phase)
        self.refresh()

    def _repeat_menu(self) -> QMenu:
        menu = QMenu()
        self.repeats = QActionGroup(menu)
        for repeat, text in REPEATS:
            action = QAction(text, menu, checkable=True)
            action.setChecked(self._player.repeat == repeat)
            action.triggered.connect(lambda _=False, repeat=repeat: self._set_repeat(repeat))
            self.repeats.addAction(action)
        menu.addActions(self.repeats.actions())
        menu.addSeparator()
        self.by_layer = QAction("Whole layers at a time", menu, checkable=True)
        self.by_layer.setToolTip("Step and play layer by layer instead of node by node")
        self.by_layer.toggled.connect(self._set_by_layer)
        menu.addAction(self.by_layer)
        self._menu = menu
        return menu

    def _set_repeat(self, repeat: Repeat) -> None:
        self._player.repeat = repeat

    def _set_by_layer(self, wanted: bool) -> None:
        self._player.progress.by_layer = wanted

    def _speed(self) -> QFrame:
        frame = QFrame()
        frame.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(frame)
        row.setContentsMargins(8, 0, 4, 0)
        row.setSpacing(8)
        label = QLabel("Speed")
        label.setObjectName("muted")
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, 100)
        slider.setValue(round(100 * self._player.speed))
        slider.setFixedWidth(84)
        slider.setToolTip("How fast the walk plays")
        slider.setAccessibleName("Speed of the walk")
        slider.valueChanged.connect(self._set_speed)
        row.addWidget(label)
        row.addWidget(slider)
        return frame

    def _set_speed(self, value: int) -> None:
        self._player.speed = value / 100

    def _rows(self, bar: QToolBar) -> None:
        label = QLabel("Row")
        label.setObjectName("muted")
        label.setContentsMargins(4, 0, 4, 0)
        bar.addWidget(label)
        self._previous = self._commands.add(
            "Previous row", lambda: self._go(-1), icon_name="left", keys="Ctrl+Up"
        )
        self._next = self._commands.add("Next row", lambda: self._go(1), icon_name="right", keys="Ctrl+Down")
        self._row = QLabel()
        self._row.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._row.setMinimumWidth(64)
        bar.addAction(self._previous)
        bar.addWidget(self._row)
        bar.addAction(self._next)
        bar.setIconSize(QSize(20, 20))

    def _go(self, rows: int) -> None:
        self._selection.row += rows
