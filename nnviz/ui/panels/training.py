"""The training panel: settings, buttons, figures, timeline and messages."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QStackedLayout,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.activations import activation
from nnviz.core.edits import SCALES_DIFFER
from nnviz.core.losses import fitting_outputs, forms_of, loss_of, usual_loss
from nnviz.core.metrics import SORTED_BY_CLASS, rows_are_sorted
from nnviz.core.numbers import as_text, counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.document.job import duration_text, missing_for_training
from nnviz.document.moment import Moment, is_new
from nnviz.ui.kit.card import Panel, push_button, small_button
from nnviz.ui.kit.controls import Stack, fill_box, named, set_lock_reason, wrapped_label
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.dialogs import BUTTON, ROLE, ask, show_text
from nnviz.ui.kit.theme import apply_style, px
from nnviz.ui.panels.training_parts import ALL_ROWS, SCRIPT_TIP, SpeedSlider, TrainingFields, TrainingFigures

IGNORE_CLICKS_MS = 500
"""Milliseconds for which buttons ignore clicks after they reappear in the place of another button."""


class TrainingButtons(QWidget):
    """The row of buttons that train the network. The button `random` stands under More instead.

    The panel connects the buttons `run` and `step`, since it first accepts the texts of the setting fields.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._document, self._runner = desk.document, desk.runner
        self._run_key = self._step_key = ""
        self.run = RunButton()
        self.step = push_button("One update", "")
        self.back = push_button("One back", "Go back one update")
        self.restart = push_button("Restart", "Return to the weights at the start of this run")
        self.random = small_button("New random weights")
        row = QWidget()
        fill_box(QHBoxLayout(row), 4, self.run, self.step, self.back, self.restart)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(row)
        self.back.clicked.connect(self._runner.back)
        self.restart.clicked.connect(self._runner.restart)
        self.random.clicked.connect(lambda: self._runner.new_random_weights())

    def name_keys(self, run: str, step: str, back: str) -> None:
        """Add the keyboard shortcuts to the tooltips of Run, One update and One back."""
        self._run_key, self._step_key = f" ({run})", f" ({step})"
        self.back.setToolTip(f"{self.back.toolTip()} ({back})")
        self._name_run()

    def replace_by(self, other: QPushButton) -> None:
        """Show another button instead of these buttons, until `restore` is called."""
        self._pages.setCurrentIndex(self._pages.addWidget(other))

    def restore(self) -> None:
        """Show these buttons again instead of the other button.

        If the mouse is over these buttons, they ignore clicks for a moment: a click may be meant for the
        other button.
        """
        self._pages.setCurrentIndex(0)
        if self.underMouse():
            self.setEnabled(False)
            QTimer.singleShot(IGNORE_CLICKS_MS, self, lambda: self.setEnabled(True))

    def show_moment(self, _old: Moment | None, new: Moment) -> None:
        """Update texts, tooltips and enabled states."""
        self._name_run()
        for button in (self.back, self.restart):
            button.setEnabled(self._runner.running or new.state.iteration > 0)
        tip = f"Start from new random weights (seed {new.state.training.next_seed})"
        set_lock_reason(self.random, new.lock_reason, tip)

    def _name_run(self) -> None:
        training, left = self._document.state.training, self._runner.updates_left
        updates = counted(left or training.updates, "update")
        tip = f"Make the remaining {updates} of the paused run" if left else f"Make {updates}"
        self.run.setText("Pause" if self._runner.running else "Run")
        self.run.setToolTip(f"{'Pause the run' if self._runner.running else tip}{self._run_key}")
        self.step.setToolTip(f"Make one update{self._step_key}: {OPTIMIZERS[training.optimizer].formula}")


class RunButton(QPushButton):
    """The button Run or Pause; its width fits both texts."""

    def __init__(self) -> None:
        super().__init__("Run")
        self.setObjectName("primary")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def sizeHint(self) -> QSize:  # noqa: D102
        width = self.fontMetrics().horizontalAdvance
        return super().sizeHint() + QSize(width("Pause") - width(self.text()), 0)


HANDLE_PX = 16
POSITIONS = 2**30
"""Largest number of positions of the slider. In a longer run, each position stands for several iterations."""

TIMELINE_TIP = "Drag the handle to another iteration of the run; Left and Right move it by one iteration"


class Timeline(QSlider):
    """A slider over the iterations of a run. The slider is hidden until the run has an update.

    =========== =====================================================================
    `wanted`    carries the iteration to which the user moves the handle, by mouse or key
    `entered`   the slider has received the keyboard focus
    =========== =====================================================================
    """

    wanted = Signal(object)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._end, self._unit = 0, 1
        self._handle_at = 0
        named(self, "Iteration of the run", TIMELINE_TIP)
        self.setFixedHeight(HANDLE_PX)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that the panels below do not move when a run begins
        self.setSizePolicy(policy)
        self.hide()
        self.valueChanged.connect(self._emit_wanted)

    def show_iteration(self, iteration: int, end: int) -> None:
        """Show `iteration` of a run whose last iteration is `end`."""
        with QSignalBlocker(self):  # only the user emits `wanted`
            if end != self._end:
                self._end, self._unit = end, 1 + end // POSITIONS
                self.setRange(0, end // self._unit)
                self.setPageStep(max(1, end // self._unit // 10))
            self.setValue(iteration // self._unit)
        self.setAccessibleDescription(f"{iteration} of {end}")
        self.setVisible(end > 0)

    def _emit_wanted(self, position: int) -> None:
        self.wanted.emit(self._end if position == self.maximum() else position * self._unit)

    def sliderChange(self, change: QSlider.SliderChange) -> None:
        """Repaint only if the handle moves by a pixel or more: in a long run, a pixel is many updates."""
        room = self.width() - HANDLE_PX
        at = QStyle.sliderPositionFromValue(0, self.maximum(), self.sliderPosition(), room)
        if change != QSlider.SliderChange.SliderValueChange or at != self._handle_at:
            self._handle_at = at
            super().sliderChange(change)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Move the handle to the mouse, as Qt does for the middle button."""
        if event.buttons() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.setSliderDown(True)  # before Qt moves the handle, so that the drag begins before the first jump
        button, at = Qt.MouseButton.MiddleButton, event.globalPosition()
        press = QMouseEvent(event.type(), event.position(), at, button, button, event.modifiers())
        super().mousePressEvent(press)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self.entered.emit()
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ignore the wheel, so that it scrolls the panel."""
        event.ignore()


BOTH_CHANGE = "The loss and the output’s activation change together. Undo reverts both."


def loss_mismatch(loss: str, output: str) -> str:
    """Return why a loss cannot be used with an output activation, as one sentence; "" if both fit."""
    try:
        loss_of(loss, output)
    except ValueError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return ""


def loss_advice(loss: str, output: str) -> str:
    """Return the advice to use the usual loss of softmax; "" for other outputs or if `loss` is that loss."""
    if activation(output).answers != "which one" or loss == usual_loss(output):
        return ""
    usual = forms_of(usual_loss(output))[0].phrase
    return f"{output.capitalize()} is usually trained with {usual}: choose this under Loss"


def ask_output(state: State, loss: str) -> str | None:
    """Ask for an output activation that fits `loss`. Return the activation's name, or None for Cancel.

    The best activation comes first. For a single output, softmax is left out: it would always give 1.
    """
    layer = state.network.layers[-1]
    fitting = fitting_outputs(loss)
    offered = [name for name in fitting if len(layer) > 1 or activation(name).answers != "which one"]
    buttons = {f"Use {name[0]}&{name[1:]}": name for name in offered}  # sigmoid and softmax both begin with s
    return _ask(loss_mismatch(loss, layer.function.base), buttons)


def ask_loss(state: State, output: str) -> str | None:
    """Ask whether to use the usual loss of the activation `output`. Return the loss, or None for Cancel."""
    loss, fitting_loss = forms_of(state.training.loss)[0].title, usual_loss(output)
    reason = f"{loss} cannot be used with the output activation {output}."
    return _ask(reason, {f"Use &{forms_of(fitting_loss)[0].title}": fitting_loss})


def _ask(reason: str, buttons: dict[str, str]) -> str | None:
    """Ask with one button for each text; the first is the default. Return the answer, None for Cancel."""
    answers = [(text, ROLE.AcceptRole) for text in buttons]
    answer = ask(QApplication.activeWindow(), reason, BOTH_CHANGE, [*answers, BUTTON.Cancel])
    return buttons[answer[0]] if isinstance(answer, tuple) else None


FASTEST, LONGEST = "Run at full speed", "Run takes 99 min"


class SpeedLabel(QLabel):
    """A label with the duration of a run. It is wide enough for every text, so the fields do not move."""

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        needed = max(map(self.fontMetrics().horizontalAdvance, (FASTEST, LONGEST))) + 1  # QLabel rounds up
        return super().minimumSizeHint().expandedTo(QSize(needed, 0))


class TrainingPanel(Panel):
    """The panel that trains the network: fields, buttons, figures, timeline and message."""

    moving_ms = TEXT_MS
    height_is_fixed = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Training")
        self.runner = desk.runner
        self.speed = SpeedSlider(self.runner, "Duration of a run")
        self._speed_label = SpeedLabel()
        self._speed_label.setObjectName("muted")
        self.fields = TrainingFields(self._document, self.speed, self._speed_label)
        self.run_buttons = TrainingButtons(desk)
        self.figures = TrainingFigures(desk)
        self.timeline = Timeline()
        self.message = Message()
        self.fold = Fold(self.fields.more, self.run_buttons.random)
        parts = self.fields, self.run_buttons, self.figures, self.timeline, self.fold, self.fields.more
        self.body.addWidget(Stack(*parts, self.message))
        runner, remember = desk.runner, desk.settings.remember
        self.fold.button.clicked.connect(lambda on: remember(FOLD, "open" if on else "folded"))
        self.fields.accepted.connect(runner.set_training)
        self.fields.loss.wanted.connect(self.choose_loss)
        self.fields.refused.connect(lambda reason: self.message.show_texts(refusal=reason))
        self.speed.valueChanged.connect(self._show_speed)
        self.run_buttons.run.clicked.connect(self.toggle_run)
        self.run_buttons.step.clicked.connect(self.step)
        runner.progressed.connect(self._show_progress)
        runner.travel.rested.connect(self._show_iteration)
        self.timeline.entered.connect(runner.begin_scrub)
        self.timeline.sliderPressed.connect(runner.begin_drag)
        self.timeline.wanted.connect(runner.scrub_to)
        self.timeline.sliderReleased.connect(runner.end_drag)
        runner.warned.connect(lambda sentence: self.message.show_warning(sentence, self._document.state))
        self.begin_document()
        self.show_moment(None, desk.document.now)  # a dock measures the panel before showing it

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show settings, figures, iteration and message of a Moment; enable the buttons that work."""
        for part in (self.fields, self.run_buttons, self.figures):
            part.show_moment(old, new)
        if is_new(old, new, "state", "lock_reason", "is_moving"):
            self.fold.show_values(settings_text(new.state))
            self.message.show_texts(advice=new.lock_reason or _advice(new))
            self._show_speed()
        tells_loss = new.hiding.on and not (new.state.run and new.state.run.diverged)
        if self.runner.running or tells_loss or new.state is not self.message.warned_state:
            self.message.show_warning("")
        if is_new(old, new, "lock_reason"):
            set_lock_reason(self.timeline, new.lock_reason, TIMELINE_TIP)
        if is_new(old, new, "state", "is_moving") and not self.runner.running:
            self._show_iteration()

    def begin_document(self) -> None:
        """Show the settings of a newly opened document, unfolded if the person left them so."""
        self.fields.restore()
        self.fold.button.setChecked(self._desk.settings.get(FOLD, "") == "open")

    def toggle_run(self) -> None:
        """Start or pause the run. A run does not start while the text of a field is invalid."""
        if self.runner.running or self.fields.commit():
            self.runner.toggle()

    def step(self) -> None:
        """Make one update, unless the text of a field is invalid."""
        if self.fields.commit():
            self.runner.step()

    def choose_loss(self, loss: str) -> None:
        """Train with another loss. If this loss needs another output activation, ask which one to use."""
        state = self._document.state
        if not loss_mismatch(loss, state.network.layers[-1].function.base):
            self.runner.set_training(replace(state.training, loss=loss))
        elif self._document.may_change() and (fitting := ask_output(state, loss)):
            self.runner.pause()
            text = f"Change loss to {forms_of(loss)[0].phrase} and output to {fitting}"
            self._document.edit(text, edits.set_loss, loss, fitting)

    def _show_progress(self, done: int, of: int) -> None:
        iteration = self._document.state.iteration
        self.timeline.show_iteration(iteration, iteration - done + of)

    def _show_iteration(self) -> None:
        """Show the iteration on the timeline, unless the mouse drags its handle."""
        if not self.timeline.isSliderDown():
            self.timeline.show_iteration(self._document.state.iteration, self.runner.travel.end)

    def _show_speed(self) -> None:
        time = duration_text(self._document.state.training.updates, self.runner.speed)
        tip = "A run now goes at full speed" if time == "fastest" else f"A run now takes about {time}"
        self._speed_label.setText(FASTEST if time == "fastest" else f"Run takes {time}")
        set_lock_reason(self.speed, self._document.now.lock_reason and SCRIPT_TIP, tip)


FOLD = "training settings"
"""Settings key: whether the person left the settings under More "open" or "folded"."""

PADDING_PX = 12
"""Space beside the text of the button More, in pixels at interface size 100 %."""


def settings_text(state: State) -> str:
    """Return the values of the settings under More: "adam · all rows · MSE · validation 20 % · seed 0"."""
    training = state.training
    values = [
        training.optimizer.replace("_", " "),
        f"batch {training.batch_size}" if training.batch_size else ALL_ROWS,
        forms_of(training.loss)[0].phrase,
        *training.penalty.texts,
        training.frozen and f"{counted(len(training.frozen), 'part')} frozen",
        training.validation and f"validation {as_text(100 * training.validation)} %",
        training.schedule and training.schedule_name,
        training.until and f"until {as_text(training.until)}",
        training.patience and f"patience {training.patience}",
        training.keep and f"{training.keep} weights",
        f"seed {training.seed}",
    ]
    return " · ".join(value for value in values if value)


class Fold(QWidget):
    """A row with a button that shows or hides settings. While they are hidden, the button says their values.

    A text that is too long for the button is shortened; the tooltip says all values. The button `other`
    stands beside the first one while the settings are visible.
    """

    def __init__(self, settings: QWidget, other: QPushButton) -> None:
        super().__init__()
        self._values = ""
        self.button = named(push_button("", ""), "More settings")
        self.button.setCheckable(True)
        self.button.setObjectName("fold")
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        fill_box(self._row, 8, self.button, other)
        self._row.setStretch(0, 1)
        for part in (settings, other):
            part.hide()
            self.button.toggled.connect(part.setVisible)
        self.button.toggled.connect(self._show)

    def show_values(self, values: str) -> None:
        """Show the values of the settings."""
        if values != self._values:  # in a run, the same values come with every Moment
            self._values = values
            self._show()

    def _show(self) -> None:
        is_open, button = self.button.isChecked(), self.button
        button.setAccessibleDescription(self._values)
        button.setToolTip(f"{'Hide' if is_open else 'Show'} more settings: {self._values}")
        text, room = "▾ More" if is_open else f"▸ More: {self._values}", button.width() - px(PADDING_PX)
        button.setText(button.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._row.activate()  # gives the button its width
        self._show()


def _advice(now: Moment) -> str:
    """Return advice on loss, rows and inputs, or why nnviz cannot train; "" if there is nothing to say."""
    state = now.state
    if reason := missing_for_training(state):
        return reason
    if state.is_watched:
        return "nnviz continues with its own settings, not the script's."
    output = state.network.layers[-1].function.base
    advice = [loss_advice(state.training.loss, output), state.unsuited_targets]
    if state.training.validation and rows_are_sorted(state):
        advice.append(f"{SORTED_BY_CLASS} (Edit → Shuffle rows)")
    if now.scales:
        advice.append(f"{SCALES_DIFFER} (Edit → Standardise inputs)")
    return "\n".join(f"{text[0].upper()}{text[1:]}" for text in advice if text)


class Message(QWidget):
    """Shows one text: an error in a field, or else the warning of a run, or else advice.

    `warned_state` is the State that the warning is about, or None without a warning.
    """

    def __init__(self) -> None:
        super().__init__()
        self._texts = dict.fromkeys(("refusal", "warning", "advice"), "")
        self.warned_state: State | None = None
        self.label = wrapped_label(pixels=11.5)
        fill_box(QVBoxLayout(self), 2, self.label)

    def show_warning(self, sentence: str, state: State | None = None) -> None:
        """Show a warning about `state`; "" removes the warning."""
        self.warned_state = state
        self.show_texts(warning=sentence)

    def show_texts(self, **texts: str) -> None:
        """Replace a `refusal`, which says why a field is invalid, a `warning` or an `advice`; "" removes it.

        The advice may also say why nnviz cannot train.
        """
        self._texts |= texts
        problem = self._texts["refusal"] or self._texts["warning"]
        show_text(self.label, problem or self._texts["advice"])
        name = "error" if problem else "muted"
        if name != self.label.objectName():
            self.label.setObjectName(name)
            apply_style(self.label)
