"""The Training panel: settings, Run and its like, and what came of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider

from nnviz.core.numbers import shown
from nnviz.core.state import State
from nnviz.core.training.optimizers import OPTIMIZERS
from nnviz.document.document import Document
from nnviz.ui.seldom import Seldom
from nnviz.ui.selection import Selection
from nnviz.ui.training.buttons import TrainingButtons
from nnviz.ui.training.fields import TrainingFields
from nnviz.ui.training.message import Message
from nnviz.ui.training.pace import in_words
from nnviz.ui.training.present_mse import PresentMse, is_light
from nnviz.ui.training.runner import Runner
from nnviz.ui.training.timeline import Timeline
from nnviz.ui.widgets.card import Card
from nnviz.ui.widgets.figure import Figure

MSE_TIP = "Mean of error² over all rows and outputs at the current weights"
ITERATION_TIP = "Updates made since the present run began"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"
ROW_MSE = "Row's MSE"
ROW_MSE_TIP = "Mean of error² over the outputs of the selected row"


class TrainingPanel(Card):
    """Settings as fields, the verbs as buttons, MSE, iteration and the selected row's error as figures."""

    def __init__(self, document: Document, runner: Runner, selection: Selection) -> None:
        super().__init__("Training")
        self._document, self.runner, self._selection = document, runner, selection
        self._present_mse = PresentMse()
        self._figures = Seldom(document, self._follow_figures, phase=2 / 3, parent=self)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._show_figures)
        self.body.setSpacing(6)
        self._make_fields()
        self.verbs = TrainingButtons(document, runner)
        self.buttons.addWidget(self.verbs.random)
        self.body.addWidget(self.verbs)
        self._make_figures()
        self.message = Message()
        self.body.addWidget(self.message)
        self._connect()
        self._show_settings()
        self._show_place()
        self._show_figures()

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

    def _make_figures(self) -> None:
        self.mse = Figure("MSE", MSE_TIP)
        self.iteration = Figure("Iteration", ITERATION_TIP)
        self.row_error = Figure(ROW_ERROR, ROW_ERROR_TIP)
        row = QHBoxLayout()
        row.setSpacing(12)
        for figure, stretch in ((self.mse, 13), (self.iteration, 9), (self.row_error, 13)):
            row.addWidget(figure, stretch)
        self.timeline = Timeline()
        self.body.addLayout(row)
        self.body.addWidget(self.timeline)

    def _connect(self) -> None:
        runner = self.runner
        self.fields.accepted.connect(runner.set_training)
        self.fields.refused.connect(self.message.show_refusal)
        self.speed.valueChanged.connect(self._set_speed)
        self.verbs.run_requested.connect(self.toggle_run)
        self.verbs.step_requested.connect(self.step)
        runner.run_started.connect(self.message.clear_warning)
        runner.run_ended.connect(self._finish)
        runner.progressed.connect(self._show_progress)
        runner.travel.rested.connect(self._show_place)
        self.timeline.wanted.connect(self._go_to)
        self.timeline.sliderPressed.connect(self._begin_scrub)
        self.timeline.sliderReleased.connect(self._end_scrub)
        runner.warned.connect(self.message.show_warning)
        runner.diverged.connect(self._offer_cure)
        self.message.cure_wanted.connect(runner.try_again)
        self._document.state_changed.connect(self._follow)
        self._selection.row_changed.connect(self._show_row_error)

    def toggle_run(self) -> None:
        """Run or pause; a run waits for a field whose text is refused."""
        if self.runner.running or self.fields.commit():
            self.runner.toggle()

    def step(self) -> None:
        """Make one update, unless a field's text is refused."""
        if self.fields.commit():
            self.runner.step()

    def _set_speed(self, value: int) -> None:
        self.runner.speed = value / 100
        self._show_speed()

    def _finish(self) -> None:
        self._show_place()
        self._follow_figures()

    def _show_progress(self, done: int, of: int) -> None:
        iteration = self._document.state.iteration
        self.timeline.show_iteration(iteration, iteration - done + of)

    def _show_place(self) -> None:
        """Show where in the run one is; what a hand is dragging at stays under it."""
        if not self.timeline.isSliderDown():
            self.timeline.show_iteration(self._document.state.iteration, self.runner.travel.end)

    def _go_to(self, iteration: int) -> None:
        self.runner.go_to(iteration, ("scrub", self.timeline.scrub))

    def _begin_scrub(self) -> None:
        self.runner.pause()
        self._document.set_in_motion(True)

    def _end_scrub(self) -> None:
        self._document.set_in_motion(False)
        self._show_place()

    def _follow(self, old: State, new: State) -> None:
        if new.training is not old.training:
            self._show_settings()
        self._figures.changed()
        if not self.runner.running:
            self._show_place()
            self.message.clear_warning()

    def _show_settings(self) -> None:
        self.fields.show_training(self._document.state.training)
        self._show_speed()
        self.message.show_formula(OPTIMIZERS[self._document.state.training.optimizer].formula)

    def _show_speed(self) -> None:
        words = in_words(self._document.state.training.updates, self.runner.speed)
        self._speed_label.setText(f"Speed: {words}")
        goes = "as fast as it can" if words == "fastest" else f"over about {words}"
        self.speed.setToolTip(f"A run goes {goes}")

    def _follow_figures(self) -> None:
        """Show the figures, but those that take long once everybody else has been answered."""
        if is_light(self._document.state):
            self._show_figures()
        else:
            self._soon.start()

    def _show_figures(self) -> None:
        state = self._document.state
        mse, iteration = self._present_mse.of(state, self.runner.running)
        self.mse.set_caption("MSE" if iteration == state.iteration else f"MSE at {iteration}", MSE_TIP)
        self.mse.show_number(mse)
        end = self.runner.travel.end
        caption = "Iteration" if state.iteration == end else f"Iteration of {end}"
        self.iteration.set_caption(caption, ITERATION_TIP)
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

    def _offer_cure(self, iteration: int, learning_rate: float) -> None:
        text = f"Learning rate {shown(learning_rate)}"
        if iteration < self._document.state.iteration:
            text = f"Back to iteration {iteration}, l{text[1:]}"
        self.message.offer_cure(text, iteration, learning_rate)
