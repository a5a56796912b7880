"""The Training panel: settings, Run and its like, and what came of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSlider,
)

from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.ui.card import Card
from nnviz.ui.figures import Figure
from nnviz.ui.icons import icon
from nnviz.ui.pace import in_words
from nnviz.ui.present_mse import PresentMse
from nnviz.ui.runner import Runner
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours, ui_font
from nnviz.ui.training_fields import TrainingFields

MSE_TIP = "Mean of error² over all rows and outputs at the current weights"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"
ROW_MSE = "Row's MSE"
ROW_MSE_TIP = "Mean of error² over the outputs of the selected row"


class TrainingPanel(Card):
    """Settings as fields, the verbs as buttons, MSE, iteration and the selected row's error as figures."""

    def __init__(self, document: Document, runner: Runner, selection: Selection) -> None:
        super().__init__("Training")
        self._document, self.runner, self._selection = document, runner, selection
        self._refusal = self._warning = ""
        self._present_mse = PresentMse()
        self._make_fields()
        self._make_buttons()
        self._make_figures()
        self._connect()
        self._show_all()

    def _make_fields(self) -> None:
        self.fields = TrainingFields(self._document.state.training)
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(0, 100)
        self.speed.setPageStep(10)
        self.speed.setValue(round(self.runner.speed * 100))
        self.speed.setFixedHeight(30)
        self.speed.setAccessibleName("Speed of a run")
        self._speed_label = QLabel()
        self._speed_label.setBuddy(self.speed)
        self.fields.add_beside(self.speed, self._speed_label)
        self.body.addWidget(self.fields)

    def _make_buttons(self) -> None:
        self.run_button = QPushButton("Pause")
        self.run_button.setObjectName("primary")
        self.run_button.setIconSize(QSize(14, 14))
        self.step_button = _button("Step", "Make one update")
        self.back_button = _button("Back", "Take the last Step or Run back")
        self.restart_button = _button("Restart", "Return to the weights at the start of this run")
        self.random_button = _button("New random weights", "")
        self.random_button.setObjectName("quiet")
        self.more_button = _button("", "Random weights, new ones or the same again")
        self.more_button.setAccessibleName("More")
        self.more_menu = QMenu(self)
        self.new_weights = self.more_menu.addAction("", lambda: self.runner.new_random_weights())
        self.same_weights = self.more_menu.addAction("", self._same_random_weights)
        self.more_button.clicked.connect(self._open_menu)
        self.buttons.addWidget(self.random_button)
        row = QHBoxLayout()
        row.setSpacing(6)
        for button in self._row_of_buttons():
            button.setMinimumWidth(button.sizeHint().width())
            row.addWidget(button)
        row.addWidget(self.more_button)
        row.addStretch(1)
        self.body.addSpacing(2)
        self.body.addLayout(row)

    def _row_of_buttons(self) -> tuple[QPushButton, ...]:
        return self.run_button, self.step_button, self.back_button, self.restart_button

    def _make_figures(self) -> None:
        self.mse = Figure("MSE", MSE_TIP)
        self.iteration = Figure("Iteration", "Updates made since the present run began")
        self.row_error = Figure(ROW_ERROR, ROW_ERROR_TIP)
        row = QHBoxLayout()
        row.setSpacing(12)
        for figure, stretch in ((self.mse, 13), (self.iteration, 9), (self.row_error, 13)):
            row.addWidget(figure, stretch)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedHeight(4)
        self.progress.setAccessibleName("Progress of the run")
        keeps = self.progress.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(keeps)
        self.progress.hide()
        self.message = QLabel()
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setWordWrap(True)
        self.message.setFont(ui_font(11.5))
        self.message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.body.addLayout(row)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.message)

    def _connect(self) -> None:
        runner = self.runner
        self.fields.accepted.connect(runner.set_training)
        self.fields.refused.connect(self._show_refusal)
        self.speed.valueChanged.connect(self._set_speed)
        self.run_button.clicked.connect(self._toggle_run)
        self.step_button.clicked.connect(self._step)
        self.back_button.clicked.connect(runner.back)
        self.restart_button.clicked.connect(runner.restart)
        self.random_button.clicked.connect(lambda: runner.new_random_weights())
        runner.run_started.connect(self._begin)
        runner.progressed.connect(self._show_progress)
        runner.run_ended.connect(self._finish)
        runner.warned.connect(self._show_warning)
        self._document.state_changed.connect(self._follow)
        self._document.undo_changed.connect(self._show_buttons)
        self._selection.row_changed.connect(self._show_row_error)

    def _toggle_run(self) -> None:
        if self.runner.running or self.fields.commit():
            self.runner.toggle()

    def _step(self) -> None:
        if self.fields.commit():
            self.runner.step()

    def _same_random_weights(self) -> None:
        self.runner.new_random_weights(self._document.state.training.seed)

    def _open_menu(self) -> None:
        self.more_menu.popup(self.more_button.mapToGlobal(self.more_button.rect().bottomLeft()))

    def _set_speed(self, value: int) -> None:
        self.runner.speed = value / 100
        self._show_speed()

    def _begin(self) -> None:
        self._warning = ""
        self._show_message()
        self._show_buttons()

    def _finish(self) -> None:
        self._show_buttons()
        self._show_figures()

    def _follow(self, old: State, new: State) -> None:
        if new.training is not old.training:
            self._show_settings()
        self._show_figures()
        if not self.runner.running:
            self._warning = ""
            self._show_message()

    def _show_all(self) -> None:
        self._colour_icons()
        self._show_settings()
        self._show_figures()
        self._show_buttons()
        self._show_message()

    def _show_settings(self) -> None:
        training = self._document.state.training
        self.fields.show_training(training)
        seed = training.seed
        self.new_weights.setText(f"New random weights (seed {seed + 1})")
        self.same_weights.setText(f"Random weights of seed {seed} again")
        self.random_button.setToolTip(f"Start from new random weights, those of seed {seed + 1}")
        self._show_speed()
        self._show_message()

    def _show_speed(self) -> None:
        words = in_words(self._document.state.training.updates, self.runner.speed)
        self._speed_label.setText(f"Speed: {words}")
        self.speed.setToolTip(f"How fast a run goes: {words}")

    def _show_buttons(self) -> None:
        runner, state = self.runner, self._document.state
        running = runner.running
        self.run_button.setText("Pause" if running else "Run")
        if running:
            tip = "Pause the run"
        elif runner.left:
            tip = f"Make the {runner.left} updates that are left of the paused run"
        else:
            tip = f"Make {state.training.updates} updates"
        self.run_button.setToolTip(f"{tip} (F5)")
        self.back_button.setEnabled(running or runner.can_go_back)
        self.restart_button.setEnabled(state.run is not None)
        self.progress.setVisible(running)
        self._colour_icons()

    def _show_progress(self, done: int, of: int) -> None:
        self.progress.setRange(0, of)
        self.progress.setValue(done)

    def _show_figures(self) -> None:
        state = self._document.state
        mse, iteration = self._present_mse.of(state, self.runner.running)
        self.mse.set_caption("MSE" if iteration == state.iteration else f"MSE at {iteration}", MSE_TIP)
        self.mse.show_number(mse)
        self.iteration.show_number(state.iteration)
        self._show_row_error()

    def _show_row_error(self) -> None:
        state = self._document.state
        if not state.trainable:
            self.row_error.show_number(None)
            return
        row = self._selection.row
        assert state.data.targets is not None
        error = state.network.predict(state.data.inputs[row])[0] - state.data.targets[row]
        if len(error) == 1:
            self.row_error.set_caption(ROW_ERROR, ROW_ERROR_TIP)
            value = float(error[0])
        else:
            self.row_error.set_caption(ROW_MSE, ROW_MSE_TIP)
            with np.errstate(over="ignore", invalid="ignore"):
                value = float(np.mean(error * error))
        self.row_error.show_number(value, error=value != 0.0)

    def _show_refusal(self, why: str) -> None:
        self._refusal = why
        self._show_message()

    def _show_warning(self, sentence: str) -> None:
        self._warning = sentence
        self._show_message()

    def _show_message(self) -> None:
        trouble = self._refusal or self._warning
        formula = OPTIMIZERS[self._document.state.training.optimizer].formula
        self.message.setText(trouble or f"One update: {formula}")
        name = "error" if trouble else "muted"
        if name != self.message.objectName():
            self.message.setObjectName(name)
            self.message.style().unpolish(self.message)
            self.message.style().polish(self.message)

    def _colour_icons(self) -> None:
        name = "pause" if self.runner.running else "play"
        self.run_button.setIcon(icon(name, colours().on_accent, 14))
        self.more_button.setIcon(icon("more", None, 16))

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "message"):
            self._colour_icons()


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    return button
