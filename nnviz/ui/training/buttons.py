"""The buttons that run, step, take back and start anew."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStyle, QStyleOptionButton, QWidget

from nnviz.core.numbers import counted
from nnviz.document.document import Document
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.button_menu import follow, open_below
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.hold import hold
from nnviz.ui.widgets.images import icon

LATE_MS = 500
"""For so long a click under the mouse may still be meant for what stood there before."""


class TrainingButtons(QWidget):
    """A row of buttons; `random` stands elsewhere. Run and One update are wishes: fields come first."""

    run_requested = Signal()
    step_requested = Signal()

    def __init__(self, document: Document, runner: Runner) -> None:
        super().__init__()
        self._document, self._runner = document, runner
        self._run_key = ""
        self._late = QTimer(self, singleShot=True, interval=LATE_MS)
        self._late.timeout.connect(self._take_clicks)
        self.run = RunButton()
        self.step = _button("One update", "Make one update")
        self.back = _button("One back", "Go back by one update")
        self.restart = _button("Restart", "Return to the weights at the start of this run")
        self.more = _button("", "The same random weights again")
        self.more.setAccessibleName("More of the run")
        self.random = quiet_button("New random weights", "", "New random weights")
        self._own = (self.run, self.step, self.back, self.restart, self.more)
        self._menu = QMenu(self)
        self.same_weights = self._menu.addAction("", self._same_random_weights)
        self._lay_out()
        self._connect()
        self._colour()
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for button in self._own:
            row.addWidget(button)

    def _connect(self) -> None:
        runner = self._runner
        self.run.clicked.connect(self.run_requested)
        self.step.clicked.connect(self.step_requested)
        self.back.clicked.connect(runner.back)
        self.restart.clicked.connect(runner.restart)
        self.random.clicked.connect(lambda: runner.new_random_weights())
        self.more.clicked.connect(lambda: open_below(self.more, self._menu))
        follow(self.more, self._menu)
        runner.run_started.connect(self.refresh)
        runner.run_ended.connect(lambda _: self.refresh())
        self._document.undo_changed.connect(self._follow_undo)

    def name_keys(self, run: str, step: str, back: str) -> None:
        """Say in the tooltips which shortcuts do the same."""
        self._run_key = f" ({run})"
        for button, key in ((self.step, step), (self.back, back)):
            button.setToolTip(f"{button.toolTip()} ({key})")
        self.refresh()

    def give_way(self, other: QPushButton) -> None:
        """Have another button in the place of those that run, until they `come_back` to its."""
        self._other = other
        self._show_own(False)
        cast(QHBoxLayout, self.layout()).addWidget(other)

    def come_back(self) -> None:
        """Stand where another button stood; with the mouse there, a click may be late and meant for that."""
        self._other.hide()
        self._show_own(True)
        if self.underMouse():
            self.setEnabled(False)
            self._late.start()

    def _take_clicks(self) -> None:
        self.setEnabled(True)

    def _show_own(self, shown: bool) -> None:
        for button in self._own:
            button.setVisible(shown)

    def refresh(self) -> None:
        """Show what can be done now."""
        runner, training = self._runner, self._document.state.training
        running = runner.running
        self.run.setText("Pause" if running else "Run")
        self.run.setToolTip(self._run_tip() + self._run_key)
        for button in (self.back, self.restart):
            button.setEnabled(running or self._document.state.iteration > 0)
        self.same_weights.setText(f"Random weights of seed {training.seed} again")
        tip = f"Start from new random weights, those of seed {training.next_seed}"
        hold(self.random, self._document.held, tip)

    def _run_tip(self) -> str:
        if self._runner.running:
            return "Pause the run"
        left = self._runner.left
        if left:
            return f"Make the {counted(left, 'update')} that are left of the paused run"
        return f"Make {counted(self._document.state.training.updates, 'update')}"

    def _follow_undo(self) -> None:
        if not self._runner.running:  # a run pushes once a frame
            self.refresh()

    def _same_random_weights(self) -> None:
        self._runner.new_random_weights(self._document.state.training.seed)

    def _colour(self) -> None:
        self.more.setIcon(icon("more", None, 16))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self._take_clicks()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "random"):
            self._colour()


class RunButton(QPushButton):
    """Says "Run" or "Pause", and has room for both."""

    def __init__(self) -> None:
        super().__init__("Run")
        self.setObjectName("primary")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:  # noqa: D102
        option = QStyleOptionButton()
        self.initStyleOption(option)
        metrics, contents = self.fontMetrics(), QStyle.ContentsType.CT_PushButton
        texts = [metrics.size(Qt.TextFlag.TextShowMnemonic, word) for word in ("Run", "Pause")]
        return self.style().sizeFromContents(contents, option, texts[0].expandedTo(texts[1]), self)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
    button.setToolTip(tip)
    return button
