"""The Training panel: settings, Run and its like, what came of it, and what there is to say of it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from nnviz.core import edits
from nnviz.core.accuracy import UNSHUFFLED, are_unshuffled
from nnviz.core.losses import LOSSES
from nnviz.core.numbers import shown
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.outcome import in_words, missing
from nnviz.document.training.runner import Runner
from nnviz.ui.training.buttons import TrainingButtons
from nnviz.ui.training.fields import TrainingFields
from nnviz.ui.training.figures import TrainingFigures
from nnviz.ui.training.fit import advice, ask_output, misfit
from nnviz.ui.training.scales import ScalesOffer
from nnviz.ui.training.timeline import TIP, Timeline
from nnviz.ui.widgets.card import Card
from nnviz.ui.widgets.hold import hold
from nnviz.ui.widgets.stack import Stack
from nnviz.ui.widgets.theme import ui_font

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
