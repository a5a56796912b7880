"""The buttons that run, step, take back and start anew."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QWidget

from nnviz.document.document import Document
from nnviz.document.training.outcome import counted
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.images import icon
from nnviz.ui.widgets.theme import colours


class TrainingButtons(QWidget):
    """A row of buttons; `random` stands elsewhere. Run and Step are wishes: the fields are read first."""

    run_requested = Signal()
    step_requested = Signal()

    def __init__(self, document: Document, runner: Runner) -> None:
        super().__init__()
        self._document, self._runner = document, runner
        self._run_key = ""
        self.run = _button("Pause", "")  # the longer of its two texts, for its width
        self.run.setObjectName("primary")
        self.run.setIconSize(QSize(14, 14))
        self.step = _button("Step", "Make one update")
        self.back = _button("Back", "Go back by one update")
        self.restart = _button("Restart", "Return to the weights at the start of this run")
        self.more = _button("", "Random weights, new ones or the same again")
        self.more.setAccessibleName("More")
        self.random = _button("New random weights", "")
        self.random.setObjectName("quiet")
        self._menu = QMenu(self)
        self.new_weights = self._menu.addAction("", lambda: runner.new_random_weights())
        self.same_weights = self._menu.addAction("", self._same_random_weights)
        self._lay_out()
        self._connect()
        self._colour()
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button in (self.run, self.step, self.back, self.restart, self.more):
            row.addWidget(button)
        row.addStretch(1)

    def _connect(self) -> None:
        runner = self._runner
        self.run.clicked.connect(self.run_requested)
        self.step.clicked.connect(self.step_requested)
        self.back.clicked.connect(runner.back)
        self.restart.clicked.connect(runner.restart)
        self.random.clicked.connect(self.new_weights.trigger)
        self.more.clicked.connect(self._open_menu)
        runner.run_started.connect(self.refresh)
        runner.run_ended.connect(lambda _: self.refresh())
        self._document.undo_changed.connect(self._follow_undo)

    def name_keys(self, run: str, step: str, back: str) -> None:
        """Say in the tooltips which shortcuts do the same."""
        self._run_key = f" ({run})"
        for button, key in ((self.step, step), (self.back, back)):
            button.setToolTip(f"{button.toolTip()} ({key})")
        self.refresh()

    def refresh(self) -> None:
        """Show what can be done now."""
        runner, training = self._runner, self._document.state.training
        running = runner.running
        self.run.setText("Pause" if running else "Run")
        self.run.setToolTip(self._run_tip() + self._run_key)
        for button in (self.back, self.restart):
            button.setEnabled(running or self._document.state.iteration > 0)
        self.new_weights.setText(f"New random weights (seed {training.next_seed})")
        self.same_weights.setText(f"Random weights of seed {training.seed} again")
        self.random.setToolTip(f"Start from new random weights, those of seed {training.next_seed}")
        self._show_icon()

    def _run_tip(self) -> str:
        if self._runner.running:
            return "Pause the run"
        left = self._runner.left
        if left:
            return f"Make the {counted(left)} that are left of the paused run"
        return f"Make {counted(self._document.state.training.updates)}"

    def _show_icon(self) -> None:
        wanted = icon("pause" if self._runner.running else "play", colours().on_accent, 14)
        if (
            wanted.cacheKey() != self.run.icon().cacheKey()
        ):  # the same one again would lay the window out anew
            self.run.setIcon(wanted)

    def _follow_undo(self) -> None:
        if not self._runner.running:  # a run pushes once a frame
            self.refresh()

    def _same_random_weights(self) -> None:
        self._runner.new_random_weights(self._document.state.training.seed)

    def _open_menu(self) -> None:
        self._menu.popup(self.more.mapToGlobal(self.more.rect().bottomLeft()))

    def _colour(self) -> None:
        self._show_icon()
        self.more.setIcon(icon("more", None, 16))
        self.run.setMinimumWidth(max(self.run.sizeHint().width(), self.run.minimumWidth()))

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "random"):
            self._colour()


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
    button.setToolTip(tip)
    return button
