"""The training panel: buttons, timeline, plot, and settings."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QProxyStyle,
    QPushButton,
    QSlider,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.edits import DIFFER
from nnviz.core.losses import LOSSES, fitting, loss_of, usual
from nnviz.core.metrics import UNSHUFFLED, are_unshuffled
from nnviz.core.numbers import counted, shown
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.job import in_words, missing
from nnviz.document.training import Runner
from nnviz.picture.matrix import pixel_side
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import Stack, follow, hold, open_below
from nnviz.ui.kit.dialogs import lettered, message_box, primary
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.theme import ui_font
from nnviz.ui.panels.training_parts import TrainingFields, TrainingFigures

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


HANDLE_PX = 16
POSITIONS = 2**30
"""Positions that Qt can count; where there are more iterations, a position stands for several."""

TIP = "The iterations of the run: drag to see one again, left and right go by one"


class _GoesToTheMouse(QProxyStyle):
    """Lets a click on a slider go to where the mouse is, where Qt would go a page."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        data: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_Slider_AbsoluteSetButtons:
            return Qt.MouseButton.LeftButton.value
        return super().styleHint(hint, option, widget, data)


class Timeline(QSlider):
    """Shows which iteration of a run is shown; hidden while there is but one.

    =========== ===================================================================
    `wanted`    the iteration that was dragged or clicked to, or reached by a key
    `entered`   the keyboard has come to it
    =========== ===================================================================
    """

    wanted = Signal(object)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._end, self._unit = 0, 1
        self._handle_at = 0
        self._style = _GoesToTheMouse("Fusion")
        self.setStyle(self._style)
        self.setAccessibleName("Iteration of the run")
        self.setToolTip(TIP)
        self.setFixedHeight(HANDLE_PX)
        self.hide()
        self.valueChanged.connect(self._want)

    def show_iteration(self, iteration: int, end: int) -> None:
        """Show where one is in a run that goes to `end`."""
        with QSignalBlocker(self):  # what is shown is not wanted
            if end != self._end:
                self._end, self._unit = end, 1 + end // POSITIONS
                self.setRange(0, end // self._unit)
                self.setPageStep(max(1, end // self._unit // 10))
            self.setValue(iteration // self._unit)
        self.setAccessibleDescription(f"{iteration} of {end}")
        self.setVisible(end > 0)

    def _want(self, position: int) -> None:
        self.wanted.emit(self._end if position == self.maximum() else position * self._unit)

    def sliderChange(self, change: QSlider.SliderChange) -> None:
        """Paint anew only where the handle moves by a pixel: a long run has many updates to one."""
        room = self.width() - HANDLE_PX
        at = QStyle.sliderPositionFromValue(0, self.maximum(), self.sliderPosition(), room)
        if change != QSlider.SliderChange.SliderValueChange or at != self._handle_at:
            self._handle_at = at
            super().sliderChange(change)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self.entered.emit()
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to who scrolls past."""
        event.ignore()


class ScalesOffer(QWidget):
    """In sight where it is worth it; `wished` when the button is pressed."""

    wished = Signal()

    def __init__(self, document: Document, derived: Derived) -> None:
        super().__init__()
        self._document, self._derived = document, derived
        told = QLabel(f"{DIFFER[0].upper()}{DIFFER[1:]}.")
        told.setObjectName("muted")
        told.setWordWrap(True)
        self.button = QPushButton("Standardise inputs")
        self.button.setObjectName("small")
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.button.clicked.connect(self.wished)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for part, stretch in ((told, 1), (self.button, 0)):
            part.setFont(ui_font(11.5))
            line.addWidget(part, stretch)
        document.state_changed.connect(lambda *_: self.follow())
        document.motion_changed.connect(self.follow)
        derived.computed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Offer it where the scales differ; not to a script, and not for pixels, which have one scale."""
        state = self._document.state
        can = state.trainable and not self._document.held and not state.is_watched
        offer = self._derived.scales if can and not pixel_side(state.network) else ""
        if offer != self.button.accessibleDescription():
            self.button.setAccessibleDescription(offer)
            self.button.setToolTip(f"{offer[:1].upper()}{offer[1:]}")
        self.setVisible(bool(offer))


BOTH = "The loss and the output’s activation change together; Undo takes both back."


def misfit(loss: str, output: str) -> str:
    """Return the sentence that says why a loss does not go with an output's activation; "" where it does."""
    try:
        loss_of(loss, output)
    except ValueError as error:
        return f"{str(error)[0].upper()}{str(error)[1:]}."
    return ""


def advice(loss: str, output: str) -> str:
    """Return what to choose for a softmax that is to be trained with another loss than is usual; else ""."""
    if output != "softmax" or loss == usual(output):
        return ""
    return f"Softmax is usually trained with {LOSSES[usual(output)][0].word}: choose it as Loss"


def ask_output(state: State, loss: str) -> str | None:
    """Ask which activation the output is to have, so that `loss` goes with it; None where it is to stay.

    What fits best comes first. For one output that is sigmoid alone: softmax would make it 1 on every row.
    """
    layer = state.network.layers[-1]
    offered = [name for name in fitting(loss) if len(layer) > 1 or name != "softmax"]
    buttons = {f"Use {name[0]}&{name[1:]}": name for name in offered}  # both begin with the same letter
    return _asked(misfit(loss, layer.function.base), buttons)


def ask_loss(state: State, output: str) -> str | None:
    """Ask whether the usual loss is to be taken, so that the output can have the activation `output`."""
    why = misfit(state.training.loss, output).replace("has", "would have")
    fitting_loss = usual(output)
    return _asked(why, {f"Use &{LOSSES[fitting_loss][0].title}": fitting_loss})


def _asked(why: str, buttons: dict[str, str]) -> str | None:
    """Say why, and ask; the first button is the primary one. Return what the pressed one stands for."""
    box = message_box(QApplication.activeWindow(), why, BOTH)
    accept = QMessageBox.ButtonRole.AcceptRole
    given = {box.addButton(text, accept): answer for text, answer in buttons.items()}
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setDefaultButton(primary(next(iter(given))))
    box.exec()
    return given.get(cast(QPushButton, box.clickedButton()))


FASTEST, LONGEST = "Run at full speed", "Run takes 99 min"
NOT_YET = "The script trains by settings of its own\nThese are nnviz's, for when that has ended"


class SpeedLabel(QLabel):
    """Says how long a run takes; has room for the longest text, so that the fields stay where they are."""

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        needed = max(map(self.fontMetrics().horizontalAdvance, (FASTEST, LONGEST))) + 1  # QLabel rounds up
        return super().minimumSizeHint().expandedTo(QSize(needed, 0))


class TrainingPanel(Card):
    """Settings as fields, the verbs as buttons, what came of them as figures, and a timeline."""

    more_down = 0.035

    def __init__(self, document: Document, runner: Runner, selection: Selection, derived: Derived) -> None:
        super().__init__("Training")
        self._document, self.runner = document, runner
        self._make_fields()
        self.verbs = TrainingButtons(document, runner)
        self.buttons.addWidget(self.verbs.random)
        self.figures = TrainingFigures(document, runner, selection, derived)
        self.timeline = Timeline()
        self.message, self.scales = Message(), ScalesOffer(document, derived)
        parts = self.fields, self.verbs, self.figures, self.timeline, self.message, self.scales
        self.body.addWidget(Stack(*parts))
        self._connect()
        self._show_settings()
        self._show_place()

    def _make_fields(self) -> None:
        self.fields = TrainingFields(self._document.state.training)
        self.speed = QSlider(Qt.Orientation.Horizontal)
        self.speed.setRange(0, 100)
        self.speed.setPageStep(10)
        self.speed.setValue(round(self.runner.speed * 100))
        self.speed.setAccessibleName("How long a run takes")
        self._speed_label = SpeedLabel()
        self.fields.add_beside(self.speed, self._speed_label)

    def _connect(self) -> None:
        runner = self.runner
        self.fields.accepted.connect(runner.set_training)
        self.fields.loss_wanted.connect(self.choose_loss)
        self.fields.refused.connect(self.message.show_refusal)
        self.speed.valueChanged.connect(self._set_speed)
        self.verbs.run_requested.connect(self.toggle_run)
        self.verbs.step_requested.connect(self.step)
        runner.run_started.connect(self.message.show_warning)
        runner.run_ended.connect(self._show_place)
        runner.run_ended.connect(self.figures.follow)
        runner.progressed.connect(self._show_progress)
        runner.travel.rested.connect(self._show_place)
        self.timeline.entered.connect(runner.begin_scrub)
        self.timeline.sliderPressed.connect(runner.hold)
        self.timeline.wanted.connect(runner.scrub_to)
        self.timeline.sliderReleased.connect(runner.let_go)
        self.timeline.sliderReleased.connect(self._show_place)
        runner.warned.connect(self.message.show_warning)
        runner.diverged.connect(self._offer_cure)
        self.message.cure_wanted.connect(runner.try_again)
        self._document.state_changed.connect(self._follow)
        self._document.motion_changed.connect(self._follow_hold)

    def toggle_run(self) -> None:
        """Run or pause; a run waits for a field whose text is refused."""
        if self.runner.running or self.fields.commit():
            self.runner.toggle()

    def step(self) -> None:
        """Make one update, unless a field's text is refused."""
        if self.fields.commit():
            self.runner.step()

    def choose_loss(self, loss: str) -> None:
        """Train by another loss; where the output has another activation than it needs, offer one."""
        state = self._document.state
        output = state.network.layers[-1].function.base
        if not misfit(loss, output):
            self.runner.set_training(replace(state.training, loss=loss))
        elif self._document.may_change() and (fitting := ask_output(state, loss)):
            self.runner.pause()
            text = f"Loss {LOSSES[loss][0].word} with {fitting}"
            self._document.edit(text, edits.set_loss, loss, fitting)

    def _set_speed(self, value: int) -> None:
        self.runner.speed = value / 100
        self._show_speed()

    def _show_progress(self, done: int, of: int) -> None:
        iteration = self._document.state.iteration
        self.timeline.show_iteration(iteration, iteration - done + of)

    def _show_place(self) -> None:
        """Show where in the run one is; what the mouse drags stays under it."""
        if not self.timeline.isSliderDown():
            self.timeline.show_iteration(self._document.state.iteration, self.runner.travel.end)

    def _follow(self, old: State, new: State) -> None:
        if not (self._document.undo_text() or self._document.redo_text()):  # another document is open
            self.fields.restore()
        if new.training is not old.training:
            self._show_settings()
        elif _rule(new) != _rule(old):
            self._show_rule()
        if not self.runner.running:
            self._show_place()
            self.message.show_warning()

    def _show_settings(self) -> None:
        self.fields.show_training(self._document.state.training)
        self._show_speed()
        self._show_rule()

    def _follow_hold(self) -> None:
        """Take no settings while a script trains by its own."""
        self.fields.hold(NOT_YET if self._document.held else "")
        hold(self.timeline, self._document.held, TIP)
        self._show_speed()
        self._show_rule()

    def _show_rule(self) -> None:
        """Show how an update is made, or why there can be none."""
        self.message.show_rule(self._document.held or _rule(self._document.state))

    def _show_speed(self) -> None:
        words = in_words(self._document.state.training.updates, self.runner.speed)
        goes = "as fast as it can" if words == "fastest" else f"over about {words}"
        self._speed_label.setText(FASTEST if words == "fastest" else f"Run takes {words}")
        self.speed.setToolTip(NOT_YET if self._document.held else f"A run goes {goes}")

    def _offer_cure(self, iteration: int, learning_rate: float) -> None:
        text = f"Learning rate {shown(learning_rate)}"
        if iteration < self._document.state.iteration:
            text = f"Back to iteration {iteration}, l{text[1:]}"
        self.message.offer_cure(text, iteration, learning_rate)


def _rule(state: State) -> str:
    """Return how an update is made, or why there can be none; and what is unusual of loss and rows."""
    if lacks := missing(state):
        return lacks
    rule = f"One update: {OPTIMIZERS[state.training.optimizer].formula}"
    if state.is_watched:
        return f"nnviz goes on by its own settings, not the script's. {rule}"
    told = [rule, advice(state.training.loss, state.network.layers[-1].function.base)]
    told.append(f"{state.unbounded[:1].upper()}{state.unbounded[1:]}")
    if state.training.validation and are_unshuffled(state.network, state.data):
        told.append(f"{UNSHUFFLED[0].upper()}{UNSHUFFLED[1:]}: Edit, Shuffle rows")
    return "\n".join(filter(None, told))


class Message(QWidget):
    """One text at a time: a refused field's reason, or else a run's warning, or else the rule.

    ============== =====================================================================
    `cure`         the button under a warning, where one click can mend it
    `cure_wanted`  it was pressed: the iteration to return to, and a learning rate
    ============== =====================================================================
    """

    cure_wanted = Signal(object, float)

    def __init__(self) -> None:
        super().__init__()
        self._rule = self._warning = self._refusal = ""
        self._cure = 0, 0.0
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setFont(ui_font(11.5))
        self.cure = QPushButton()
        self.cure.clicked.connect(lambda: self.cure_wanted.emit(*self._cure))
        self.cure.hide()
        self.cure.setObjectName("small")
        self.cure.setFont(ui_font(11.5))
        self.cure.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.label)
        column.addWidget(self.cure, alignment=Qt.AlignmentFlag.AlignLeft)

    def show_rule(self, rule: str) -> None:
        """Show how an update is made, where nothing is wrong."""
        self._rule = rule
        self._show()

    def show_refusal(self, why: str) -> None:
        """Show why a field's text is refused; "" where none is."""
        self._refusal = why
        self._show()

    def show_warning(self, sentence: str = "") -> None:
        """Show what went wrong, "" where nothing is; what would mend it has to be offered anew."""
        self._warning = sentence
        self.cure.hide()
        self._show()

    def offer_cure(self, text: str, iteration: int, learning_rate: float) -> None:
        """Offer under the warning, as `text`, to return to an iteration with another learning rate."""
        self._cure = iteration, learning_rate
        self.cure.setText(text)
        self.cure.setToolTip(
            f"Return to where the run began, to go on with learning rate {shown(learning_rate)}"
        )
        self.cure.show()

    def _show(self) -> None:
        trouble = self._refusal or self._warning
        self.label.setText(trouble or self._rule)
        name = "error" if trouble else "muted"
        if name != self.label.objectName():
            self.label.setObjectName(name)
            self.label.style().unpolish(self.label)
            self.label.style().polish(self.label)
