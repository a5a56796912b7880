"""The panel Training: settings, buttons, figures, messages, and the loss wherever the window names it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QTabBar,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.edits import add_node
from nnviz.core.losses import LOSSES
from nnviz.core.metrics import measure_all
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, full_text, parse_number, percent_text
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import SCHEDULES
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.panels.training import TrainingPanel
from nnviz.ui.plot.plot import Plot
from tests.core.oracle import set_weight
from tests.ui.bare import Seen
from tests.ui.clipped import clipped, walk_panels
from tests.ui.hands import choose, turn, unfold, write
from tests.ui.runs import classes, exercise
from tests.ui.sees import menus, status, untrue

WIDTH = 364
LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, ALT = (
    getattr(Qt.KeyboardModifier, name) for name in ("NoModifier", "ShiftModifier", "AltModifier")
)
UP, DOWN, ENTER, ESCAPE = (getattr(Qt.Key, f"Key_{name}") for name in ("Up", "Down", "Return", "Escape"))


@pytest.fixture
def panel(bare):
    """Return the panel of the exercise in sight, with its document and desk."""
    own = bare(exercise())
    panel = own.show(TrainingPanel(own.desk), (WIDTH, 440))
    unfold(panel)
    panel.document, panel.desk = own.document, own.desk
    own.desk.frames.add(panel)
    return Seen(panel)


@pytest.fixture
def document(panel):
    return panel.document


def press(button):
    QTest.mouseClick(button, LEFT)


def line(field):
    """Return where a setting is typed."""
    return field.lineEdit() if isinstance(field, QComboBox) else field


def type_in(field, text, key=ENTER):
    field = line(field)
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    write(field, text)
    if key is not None:
        QTest.keyClick(field, key)


def run_to_end(qtbot, panel):
    panel.speed.setValue(100)
    with qtbot.waitSignal(panel.runner.run_ended) as ended:
        press(panel.run_buttons.run)
    return ended.args[0]


def figures(panel):
    own = panel.figures
    return own.loss.text, own.iteration.text


def message(panel):
    return panel.message.label.text()


def test_step_back_restart_and_run_do_the_ninth_and_tenth_exercise(qtbot, panel, approved):
    verbs = panel.run_buttons
    assert (figures(panel), verbs.back.isEnabled()) == (("49", "0"), False)
    assert not verbs.restart.isEnabled()
    press(verbs.step)
    assert figures(panel) == ("25.4016", "1")
    press(verbs.step)
    press(verbs.back)
    assert panel.figures.iteration.text == "1"
    press(verbs.restart)
    assert (figures(panel), verbs.restart.isEnabled()) == (("49", "0"), False)
    approved("the end of a run", run_to_end(qtbot, panel))
    assert panel.figures.iteration.text == "20"
    assert panel.figures.loss.text.startswith("9.627")
    in_full = panel.figures.loss.toolTip().partition("In full: ")[2]
    assert parse_number(in_full) == pytest.approx(49 * 0.72**40, rel=1e-9)


def test_run_turns_into_pause_in_its_place_and_takes_settings_meanwhile(qtbot, panel, document):
    def run_and_places():
        verbs = panel.run_buttons
        places = [button.geometry() for button in (verbs.run, verbs.step, verbs.restart)]
        return verbs.run.text(), places

    verbs, fields, before = panel.run_buttons, panel.fields, run_and_places()
    press(verbs.run)
    type_in(fields.updates, "12", key=None)
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    assert run_and_places() == ("Pause", before[1])
    panel.runner.set_training(replace(document.state.training, learning_rate=0.005))
    assert (panel.fields.learning_rate.text(), fields.updates.text()) == ("0.005", "12")
    QTest.keyClick(fields.updates, ESCAPE)
    type_in(fields.learning_rate, "0,02")
    assert panel.runner.running
    assert document.state.training.learning_rate == 0.02
    press(verbs.run)
    assert run_and_places() == before
    assert f"remaining {20 - document.state.iteration} updates" in verbs.run.toolTip()
    run_to_end(qtbot, panel)
    assert panel.figures.iteration.text == "20"


def test_random_weights_are_new_and_follow_from_the_seed(panel, document):
    press(panel.run_buttons.random)
    assert panel.fields.seed.text() == "1"
    first = document.state.network
    assert first == edits.randomise(document.state, 1).network
    type_in(panel.fields.seed, "9223372036854775807")
    assert panel.run_buttons.random.toolTip().endswith("(seed 0)")
    press(panel.run_buttons.random)
    assert document.state.training.seed == 0
    assert document.state.network != first


def test_no_button_takes_the_focus_and_the_panel_names_keys_and_the_time_of_a_run(panel):
    for button in filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton)):
        assert button.focusPolicy() == Qt.FocusPolicy.TabFocus, button.text()
        assert button.toolTip(), button.text()
    panel.run_buttons.name_keys("F5", "F10", "Shift+F10")
    assert "F5" in panel.run_buttons.run.toolTip()
    (label,) = (own for own in panel.findChildren(QLabel) if own.buddy() is panel.speed)
    for value, text in ((0, "Run takes 20 s"), (50, "Run takes 3 s"), (100, "Run at full speed")):
        panel.speed.setValue(value)
        assert label.text() == text


TYPED = {
    "learning_rate": ("0,05", "0.05", "1/8", " 2e-3 ", "3e-06", "0.000003"),
    "seed": ("9007199254740993",),  # a float64 would make it …992
    "batch_size": ("1", "16", "all rows"),
    "validation": ("0.25", "1/4", "0,5", "0"),
    "l1": ("0.001", "1/8"),
    "l2": ("0,01", "1e-4", "2"),
}
NAMED = {"l1": "L1", "l2": "L2"}
REFUSED = {
    "learning_rate": ("abc", "1,000", "0", "−0.1", ""),
    "updates": ("0", "2.5", "−3", "1e400", "1e9999"),
    "seed": ("9223372036854775808",),
    "batch_size": ("0",),
    "validation": ("1", "-0.1", "nan", "120 %", ""),
    "l1": ("-0.001", "inf", ""),
    "l2": ("−1", "abc"),
}


def field_of(panel, setting):
    return getattr(panel.fields, setting.removesuffix("_size"))


def test_settings_are_typed_as_people_write_them(panel, document, approved):
    document.start(edits.set_training(exercise(), Training(0.01, 20, batch_size=7, validation=0.75)))
    told = []
    for setting, texts in TYPED.items():
        field = field_of(panel, setting)
        untouched = line(field).text()
        for typed in texts:
            type_in(field, typed)
            value = getattr(document.state.training, setting)
            told.append(f"{setting} {typed!r}: {value}, shown as {line(field).text()}")
            assert document.undo_text() == f"Change {NAMED.get(setting, setting.replace('_', ' '))}"
            document.undo()
            assert line(field_of(panel, setting)).text() == untouched
    approved("settings that are typed", "\n".join(told))


def test_a_setting_is_refused_with_a_sentence_until_escape(panel, document, approved):
    training, hint, told = document.state.training, message(panel), []
    for setting, texts in REFUSED.items():
        field = field_of(panel, setting)
        untouched = line(field).text()
        for typed in texts:
            type_in(field, typed)
            told.append(f"{setting} {typed!r}: {message(panel)}")
            assert panel.message.label.objectName() == "error"
            assert document.state.training is training
            QTest.keyClick(line(field), ESCAPE)
            assert (line(field).text(), message(panel)) == (untouched, hint)
            assert panel.message.label.objectName() == "muted"
    approved("settings that are refused", "\n".join(told))


def test_a_refused_field_blocks_run_and_step(panel, document):
    type_in(panel.fields.learning_rate, "abc", key=None)
    press(panel.run_buttons.step)
    press(panel.run_buttons.run)
    assert document.state.iteration == 0
    assert "'abc'" in message(panel)
    type_in(panel.fields.learning_rate, "0.02", key=None)
    press(panel.run_buttons.step)
    assert (document.state.training.learning_rate, document.state.iteration) == (0.02, 1)


@pytest.mark.window
def test_leaving_a_field_accepts_it(qtbot, panel, document):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    type_in(panel.fields.updates, "300", key=Qt.Key.Key_Tab)
    assert document.state.training.updates == 300


def test_batch_and_optimizer_are_chosen_from_their_lists(panel, document):
    batch, optimizer = panel.fields.batch, panel.fields.optimizer
    batch.setFocus()
    QTest.keyClick(batch, DOWN, ALT)
    QTest.keyClick(batch.view(), DOWN)
    QTest.keyClick(batch.view(), ENTER)
    assert document.state.training.batch_size == 1
    assert optimizer.count() == len(OPTIMIZERS)
    for one in list(OPTIMIZERS.values())[1:]:
        QTest.keyClick(optimizer, DOWN)
        assert document.state.training.optimizer == one.name
        panel.desk.frames.show_pending()
        assert panel.run_buttons.step.toolTip().endswith(one.formula)
    document.undo()
    assert panel.fields.optimizer.currentData() == document.state.training.optimizer


NUDGED = [
    ("learning_rate", "0.09", [(UP, NONE), (UP, NONE)], 0.2),
    ("learning_rate", "0.02", [(DOWN, NONE), (DOWN, NONE)], 0.009),
    ("learning_rate", "0,015", [(UP, ALT)], 0.016),
    ("learning_rate", "1/4", [(DOWN, SHIFT), (UP, NONE)], 0.035),
    ("updates", "5", [(UP, NONE), (UP, SHIFT)], 16),
    ("updates", "5", [(DOWN, SHIFT)], 1),
    ("seed", "1", [(DOWN, NONE), (DOWN, NONE)], 0),
    ("batch_size", "7", [(UP, NONE)], 8),
    ("batch_size", "all rows", [(UP, SHIFT), (DOWN, NONE)], 9),
    ("batch_size", "2", [(DOWN, NONE)] * 3, None),
    ("validation", "0", [(DOWN, NONE), (UP, NONE)], 0.1),
    ("validation", "0", [(UP, NONE)] * 14, 0.99),
    ("l1", "0", [(UP, NONE)] * 3, 0.0003),
    ("l1", "0", [(UP, NONE), (DOWN, NONE)], 0.0),
    ("l2", "0", [(DOWN, NONE), (DOWN, SHIFT), (UP, NONE), (UP, SHIFT)], 0.001),
    ("l2", "0.00003", [(UP, NONE)], 0.00004),
    ("l2", "0.25", [(DOWN, ALT)], 0.24),
]


def test_up_and_down_nudge_a_setting_and_enter_accepts_it(panel, document):
    wrong = []
    for setting, typed, presses, value in NUDGED:
        document.start(exercise())
        field = field_of(panel, setting)
        field.setFocus()
        type_in(field, typed, None)
        for key, modifier in presses:
            QTest.keyClick(field, key, modifier)
        assert document.undo_text() == ""
        QTest.keyClick(field, ENTER)
        seen = getattr(document.state.training, setting)
        if seen != value:
            wrong.append((setting, typed, seen, value))
    assert wrong == []


def test_the_wheel_nudges_the_field_that_is_being_edited_and_no_other(panel, document):
    own = panel.fields
    for field in (own.learning_rate, own.updates, own.seed, own.batch, own.optimizer):
        own.updates.setFocus()
        own.updates.clearFocus()
        under_the_mouse = field.lineEdit() if field is own.batch else field
        assert not turn(under_the_mouse, -1), "the wheel is left to who scrolls"
    assert [
        line(own_field).text() for own_field in (own.learning_rate, own.updates, own.seed, own.batch)
    ] == [*("0.01", "20", "0", "all rows")]
    assert document.undo_text() == ""
    for field, text in ((own.learning_rate, "0.02"), (own.updates, "21"), (own.batch, "1")):
        field.setFocus()
        assert turn(line(field), 1)
        assert line(field).text() == text


def test_the_click_that_enters_a_field_selects_its_text_and_the_next_one_does_not(panel):
    field = panel.fields.updates
    panel.run_buttons.run.setFocus()
    for selected in ("20", ""):
        press(field)
        assert (field.selectedText(), field.text()) == (selected, "20")
        field.deselect()


def test_divergence_is_told_until_the_next_run(qtbot, panel, document, approved):
    press(panel.run_buttons.step)
    one, hint = document.state, message(panel)
    type_in(panel.fields.updates, "2000")
    type_in(panel.fields.learning_rate, "0.7")
    run_to_end(qtbot, panel)
    approved("divergence after an update", message(panel))
    assert panel.message.label.objectName() == "error"
    press(panel.run_buttons.restart)
    assert (document.state.network, message(panel)) == (one.network, hint)
    type_in(panel.fields.learning_rate, "1e200")
    run_to_end(qtbot, panel)
    approved("divergence at the first update", message(panel))
    assert panel.message.label.objectName() == "error", "it is told until the next run"
    type_in(panel.fields.learning_rate, "0.01")
    press(panel.run_buttons.step)
    assert message(panel) == hint


def captions(panel):
    own = panel.figures
    every = (own.loss, own.validation, own.iteration, own.penalty, own.accuracy)
    return [each.accessibleName() for each in every if each.isVisible()]


def test_figures_without_classes_show_the_loss_and_the_iteration(panel, document):
    document.start(State(Network.from_weights({"output": [1.0]}), Dataset([[2.0], [3.0]], [[2.0], [5.0]])))
    assert figures(panel) == ("2", "0")
    assert captions(panel) == ["MSE", "Iteration"]
    document.start(exercise())
    document.push(set_weight(document.state, 0, 0, 0, 1e200), "Edit")
    assert panel.figures.loss.text == "∞"
    document.start(replace(exercise(), data=Dataset([[1.0, 2.0, 3.0]])))
    assert panel.figures.loss.text == "–"
    document.start(replace(load(example("relu").path), run=None))
    document.edit("sigmoid", edits.set_activation, 1, "sigmoid")
    assert captions(panel) == ["MSE", "Iteration"], "a target of 60 is no class"


def test_a_penalty_is_a_figure_of_its_own_and_stands_in_the_folded_line(qtbot, panel, document, approved):
    assert panel.fields.l2.accessibleName() == "L2"
    type_in(panel.fields.l2, "0.1")
    assert (figures(panel), panel.figures.penalty.text) == (("49", "0"), "0.5")
    assert captions(panel) == ["MSE", "Iteration", "Penalty"]
    type_in(panel.fields.l1, "1")
    assert panel.figures.penalty.text == "3.5"
    press(panel.fold.button)
    assert "L1 1 · L2 0.1 · seed 0" in panel.fold.button.toolTip()
    tips = [part.toolTip() for part in (panel.fields.l1, panel.fields.l2, panel.figures.penalty)]
    approved("tooltips of a penalty", "\n---\n".join(tips))
    said = run_to_end(qtbot, panel)
    start, end = document.state.run.start, document.state.network
    penalties = [sum(abs(w) + 0.1 * w * w for w in each.layers[0].weights[0]) for each in (start, end)]
    assert f"penalty 3.5 → {as_text(penalties[1])}" in said
    assert said.startswith(f"20 updates: MSE 49 → {as_text(document.state.run.history.last[1])}, ")
    assert panel.figures.penalty.text == as_text(penalties[1])
    for _ in range(3):
        document.undo()
    assert not panel.figures.penalty.isVisible()


def test_a_loss_that_rises_while_the_penalty_falls_is_no_warning(qtbot, panel, document):
    fitted = replace(exercise(), data=Dataset([[1.0, 2.0, 3.0]], [[7.0]]))  # the MSE is 0
    document.start(edits.set_training(fitted, replace(fitted.training, l2=0.5)))
    said = run_to_end(qtbot, panel)
    assert document.state.run.history.last[1] > 0
    assert "rose" not in said
    assert message(panel) == ""
    type_in(panel.fields.learning_rate, "0.1")
    said = run_to_end(qtbot, panel)
    assert "the MSE + penalty rose" in said
    assert message(panel) == said


def test_a_classifier_shows_validation_loss_and_accuracy(panel, document):
    state = classes()
    document.start(state)
    own = panel.figures
    told, outputs = measure_all(state), state.network.predict(state.data.inputs)
    every = ["Cross-entropy", "Validation", "Iteration", "Accuracy"]
    assert captions(panel) == every
    assert own.loss.text == as_text(told.loss)
    assert own.validation.text == as_text(told.validation)
    right = (outputs.argmax(1) == state.data.targets.argmax(1)).tolist()
    hits, aside = sum(right[:30]), sum(right[30:])
    assert 0 < hits < 30
    assert own.accuracy.text == f"Training {percent_text(hits / 30)} · validation {percent_text(aside / 10)}"
    exact = [f"{hits} of 30 training rows = {full_text(100 * hits / 30)} %"]
    exact += [f"{aside} of 10 validation rows = {full_text(10 * aside)} %"]
    assert own.accuracy.toolTip().splitlines()[1:] == exact
    document.edit("a target", edits.set_value, Address("target", 0, 0), 0.5, 0)
    assert captions(panel) == every[:-1], "one target is no class"
    document.undo()
    assert captions(panel) == every


def test_figures_come_and_go_with_what_is_measured_and_long_ones_fit(panel, document):
    document.start(classes(validation=0.0))
    own = panel.figures
    assert own.accuracy.text == percent_text(measure_all(document.state).accuracy)
    assert not own.validation.isVisible()
    document.start(replace(document.state, data=Dataset.empty(document.state.network)))
    assert captions(panel) == ["Cross-entropy", "Iteration"]
    document.start(state := classes(rows=1600, validation=0.2))
    own, share = panel.figures, 100 * measure_all(state).accuracy
    assert len(as_text(share)) > 7
    assert own.accuracy.text.startswith(f"Training {share:.2f} % · validation ")
    assert own.accuracy.fitting(own.accuracy.text) >= own.accuracy.pixels > 10
    assert f"{round(12.8 * share):,} of 1,280 training rows" in own.accuracy.toolTip()


def cut_off(widget):
    """Return the texts that are cut off, except two that wide letters cut by 3 pixels."""
    return [said for said in clipped(widget) if not said.startswith(("'all rows'", "'biases'"))]


def test_nothing_is_cut_off_at_the_width_of_the_side(panel, document):
    document.edit("a weight", set_weight, 0, 0, 0, -1.23456789e-7)
    panel.runner.set_training(replace(document.state.training, updates=1_000_000, learning_rate=1e-15))
    QApplication.processEvents()
    width = max(WIDTH, panel.minimumSizeHint().width())
    assert width <= 1.1 * WIDTH, "wide letters take a tenth more at most"
    panel.resize(width, 440)
    QApplication.processEvents()
    assert cut_off(panel) == []
    assert panel.figures.loss.text.rstrip("0") == "49.", "a number that is rounded has all its digits"


def test_only_the_left_button_moves_the_timeline(afresh):
    window = afresh("relu")
    timeline = window.training.timeline
    for _ in range(5):
        window.runner.step()
    window.desk.frames.show_pending()
    start = QPoint(3, timeline.height() // 2)
    QTest.mouseClick(timeline, Qt.MouseButton.RightButton, pos=start)
    assert window.document.state.iteration == 5
    QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=start)
    assert window.document.state.iteration == 0


def test_in_a_small_window_the_panel_is_compact(qtbot, afresh):
    window = afresh("relu")
    panel = window.training
    assert not panel.timeline.isVisible()
    before = panel.minimumSizeHint().height()
    press(panel.run_buttons.step)
    assert panel.timeline.isVisible()
    assert panel.minimumSizeHint().height() == before <= panel.height()
    window.main_window.resize(1000, 650)
    window.document.start(xor())
    window.runner.set_training(Training(0.01, 1_000_000, optimizer="adam"))
    qtbot.waitUntil(lambda: cut_off(panel) == [])
    assert window.main_window.size().toTuple() == (1000, 650)


def test_the_figures_of_a_classifier_are_true_and_fit(qtbot, afresh):
    window = afresh(train(load(example("iris").path), updates=300).state, (1000, 650))
    window.runner.scrub_to(150)
    qtbot.waitUntil(lambda: "Iteration of 300" in captions(window.training))
    assert (untrue(window), captions(window.training)[-1]) == ([], "Accuracy")
    area = window.board.docks["Training"].findChild(QScrollArea)
    for size in ((1000, 650), (1280, 800)):
        window.main_window.resize(*size)
        for _ in range(4):  # a scroll bar comes an event after what makes it
            QApplication.processEvents()
        wide_letters = window.training.minimumSizeHint().width() > WIDTH
        bars = area.verticalScrollBar().maximum(), area.horizontalScrollBar().maximum()
        assert max(bars) <= (WIDTH / 10 if wide_letters else 0)


def xor(output="identity", loss="mse"):
    return edits.set_loss(load(example("xor").path), loss, output)


def several(state):
    """Return the state with three outputs."""
    return add_node(add_node(state, len(state.network.layers)), len(state.network.layers))


def choose_loss(panel, title):
    """Go to a loss with the arrow keys."""
    box = panel.fields.loss
    box.setFocus()
    QTest.keyClick(box, DOWN if box.findText(title) > box.currentIndex() else UP)
    QApplication.processEvents()


def chosen(document):
    """Return loss and output activation."""
    return document.state.training.loss, document.state.network.layers[-1].activation


def test_a_loss_that_does_not_fit_is_refused_and_an_activation_offered(panel, document, answer, approved):
    for state, first in ((xor(), "sigmoid"), (several(xor()), "softmax")):
        document.start(state)
        told, buttons = [], []
        answer(QMessageBox, choose("Cancel", told))
        choose_loss(panel, "Cross-entropy")
        assert document.state is state
        assert panel.fields.loss.currentText() == "MSE"

        def press_enter(box, buttons=buttons, first=first):
            buttons.extend(own.text().replace("&", "") for own in box.buttons())
            assert box.defaultButton().text().replace("&", "") == f"Use {first}"
            QTest.keyClick(box, ENTER)

        answer(QMessageBox, press_enter)
        choose_loss(panel, "Cross-entropy")
        assert chosen(document) == ("cross_entropy", first)
        approved(f"cross-entropy | {len(state.network.outputs)} outputs", told[0])
        softmax = ["Use softmax"] if first == "softmax" else []
        assert sorted(buttons) == ["Cancel", "Use sigmoid", *softmax]
        assert document.undo_text() == f"Change loss to cross-entropy and output to {first}"
        document.undo()
        assert document.state is state


def test_a_loss_is_chosen_by_keys_mouse_and_letter_and_undone(panel, document, answer):
    document.start(xor("sigmoid"))
    before = panel.figures.loss.text
    choose_loss(panel, "Cross-entropy")
    assert chosen(document) == ("cross_entropy", "sigmoid")
    assert captions(panel)[0] == "Cross-entropy"
    assert panel.figures.loss.text != before
    assert document.undo_text() == "Change loss"
    document.undo()
    assert chosen(document) == ("mse", "sigmoid")
    assert panel.fields.loss.currentText() == "MSE"
    assert (captions(panel)[0], panel.figures.loss.text) == ("MSE", before)
    document.start(several(xor()))
    for letter, output in ((Qt.Key.Key_I, "sigmoid"), (Qt.Key.Key_O, "softmax")):
        answer(QMessageBox, lambda box, letter=letter: QTest.keyClick(box, letter, ALT))
        choose_loss(panel, "Cross-entropy")
        assert chosen(document) == ("cross_entropy", output)
        document.undo()
    box = panel.fields.loss
    answer(QMessageBox, choose("Use sigmoid"))
    QTest.mouseClick(box, LEFT)
    at = box.view().visualRect(box.model().index(box.findText("Cross-entropy"), 0)).center()
    QTest.mouseMove(box.view().viewport(), at)
    QTest.mouseClick(box.view().viewport(), LEFT, pos=at)
    QApplication.processEvents()
    assert chosen(document) == ("cross_entropy", "sigmoid")


def choose_from_list(box, text):
    """Open the list of a combo box and click the item that says `text`."""
    QTest.mouseClick(box, LEFT)
    at = box.view().visualRect(box.model().index(box.findText(text), 0)).center()
    QTest.mouseMove(box.view().viewport(), at)
    QTest.mouseClick(box.view().viewport(), LEFT, pos=at)
    QApplication.processEvents()


def typed_into(dialog, *texts):
    """Type one text after the other into the field of a dialog, each with Enter."""
    for text in texts:
        dialog.findChild(QLineEdit).selectAll()
        write(dialog.findChild(QLineEdit), text)
        QTest.keyClick(dialog.findChild(QLineEdit), ENTER)


def test_every_entry_can_be_chosen_and_the_parameters_of_one_are_asked_for(panel, document, answer):
    fields = panel.fields
    offered = {box: [box.itemData(k) for k in range(box.count())] for box in (fields.optimizer, fields.loss)}
    assert offered[fields.optimizer] == [*OPTIMIZERS]
    assert offered[fields.loss][: len(LOSSES)] == [*LOSSES]
    for name, (form, *_) in LOSSES.items():
        assert bool(form.parameter) == (f"{name}(" in offered[fields.loss])
    answer(QDialog, lambda dialog: typed_into(dialog, "0", "0.5"))
    choose_from_list(fields.loss, "Huber loss …")
    assert document.state.training.loss == "huber(0.5)"
    assert (fields.loss.currentText(), captions(panel)[0]) == ("Huber loss (0.5)", "Huber loss (0.5)")
    choose_from_list(fields.loss, "Huber loss")
    assert document.state.training.loss == "huber"
    document.undo()
    assert panel.fields.loss.currentText() == "Huber loss (0.5)"
    parents = []

    def cancel(dialog):
        parents.append(dialog.parentWidget())
        QTest.keyClick(dialog, ESCAPE)

    answer(QDialog, cancel)
    choose_from_list(fields.loss, "Huber loss …")
    assert document.state.training.loss == "huber(0.5)"
    assert parents == [fields.window()], "the question is over its window, which need not be active"


def test_a_schedule_is_chosen_under_more_and_kept_by_a_run(panel, document, answer, qtbot):
    box = panel.fields.schedule
    assert box.currentText() == "constant"
    for kind, own in SCHEDULES.items():
        proposal = ", ".join(f"{number:g}" for number in own.example)
        answer(QDialog, lambda dialog: QTest.keyClick(dialog.findChild(QLineEdit), ENTER))
        choose_from_list(box, f"{kind} …")
        assert document.state.training.schedule.name == f"{kind}({proposal})"
        assert box.currentText().startswith(kind)
    assert document.undo_text() == "Change schedule"
    answer(QDialog, lambda dialog: typed_into(dialog, "2", "2, 0.5"))
    choose_from_list(box, "step …")
    panel.step()
    panel.step()
    assert document.state.learning_rate == 0.5 * document.state.training.learning_rate
    choose_from_list(box, "constant")
    assert document.state.training.schedule is None
    assert panel.fields.schedule.currentText() == "constant"
    box.setFocus()
    QTest.keyClick(box, DOWN)  # a key that steps through the list asks nothing
    assert document.state.training.schedule is None


def test_advice_on_loss_and_rows_is_shown_until_it_is_followed(panel, document, approved):
    hint = message(panel)

    def told(title):
        assert message(panel) != hint
        approved(title, message(panel))

    document.start(edits.set_value(xor("sigmoid", "cross_entropy"), Address("target", 0, 0), 5.0, 0))
    told("targets that are no shares")
    choose_loss(panel, "MSE")
    assert "targets" not in message(panel)
    targets = np.eye(3)[np.repeat([0, 1], 10)]
    state = replace(several(xor()), data=Dataset(np.linspace(0, 1, 40).reshape(20, 2), targets))
    document.start(edits.set_loss(state, "cross_entropy", "softmax"))
    rule = message(panel)
    panel.runner.set_training(replace(document.state.training, validation=0.25))
    told("rows for validation of the last classes alone")
    document.edit("Shuffle", edits.shuffle_rows)
    assert message(panel) == rule
    document.start(exercise())
    type_in(panel.fields.validation, "0.5")
    told("all rows for validation")
    panel.runner.run()
    assert not panel.runner.running


def set_output(window, name):
    """Choose the output's activation in the menu Network."""
    network = next(own.menu() for own in window.main_window.menuBar().actions() if "Network" in own.text())
    entries = [action for menu in menus(network) for action in menu.actions()]
    wanted = [own for own in entries if own.text().replace("&", "").startswith(f"{name}:  ")]
    wanted[-1].trigger()


def test_loss_and_output_change_together_in_the_window(qtbot, afresh, answer, approved):
    state, told = xor("sigmoid", "cross_entropy"), []
    window = afresh(state)
    document = window.document
    answer(QMessageBox, choose("Cancel", told))
    set_output(window, "tanh")
    approved("tanh with cross-entropy", told[0])
    assert document.state is state
    answer(QMessageBox, choose("Use MSE"))
    set_output(window, "tanh")
    assert chosen(document) == ("mse", "tanh")
    approved("tanh with MSE", status(window))
    window.undo()
    assert document.state is state
    set_output(window, "softmax")  # which goes with it, without a question
    assert chosen(document) == ("cross_entropy", "softmax")

    document.start(several(xor()))
    set_output(window, "softmax")
    assert chosen(document) == ("mse", "softmax")
    approved("softmax with MSE", f"{status(window)}\n{message(window.training)}")
    choose_loss(window.training, "Cross-entropy")
    assert chosen(document) == ("cross_entropy", "softmax")
    assert "Softmax" not in message(window.training)

    document.start(xor("sigmoid"))
    window.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    choose_loss(window.training, "Cross-entropy")
    assert not window.runner.running
    assert (document.state.iteration, chosen(document)[0]) == (0, "cross_entropy")
    window.runner.step()
    assert status(window).startswith("Iteration 1: Cross-entropy")
    for _ in range(2):
        window.undo()
    assert (document.state.iteration >= 2, chosen(document)[0]) == (True, "mse")

    document.start(exercise())
    type_in(window.training.fields.validation, "0.5")
    window.runner.run()
    assert status(window) == message(window.training) != ""


SAYING = "text", "toolTip", "statusTip", "accessibleName", "accessibleDescription", "currentText", "plainText"


def said(window):
    """Return all words of a window: texts, tooltips, names for a screen reader, axes, entries."""
    main = window.main_window
    widgets = [own for own in main.findChildren(QWidget) if own.isVisible()]
    texts = [str(own.property(name)) for own in (*widgets, *main.findChildren(QAction)) for name in SAYING]
    texts += [label.text for label in window.diagram.picture.labels]
    for own in widgets:
        if isinstance(own, QTabBar):
            texts += [text for k in range(own.count()) for text in (own.tabText(k), own.tabToolTip(k))]
        elif isinstance(own, QHeaderView):
            roles = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole
            ways = [(own.orientation(), role) for role in roles]
            texts += [str(own.model().headerData(k, *way)) for k in range(own.count()) for way in ways]
        elif isinstance(own, Plot):
            texts += [axis.labelText for axis in (own.left, own.bottom)]
    return texts


def test_with_cross_entropy_nothing_says_mse_or_is_cut_off(qtbot, afresh, amount):
    every, found = [("sigmoid", "xor"), ("softmax", "spiral")], {}
    for output, name in amount(quick=every[:1], ci=every, night=every):
        state = replace(load(example(name).path), notes="", run=None)
        state = edits.set_loss(state, "mse", output)
        window = afresh(edits.set_training(state, replace(state.training, updates=50)))
        window.document.show_slopes(True)
        window.document.select(*state.network.all_weights()[:2])
        choose_loss(window.training, "Cross-entropy")
        table = window.data.table.model()
        loss = table.data(table.index(1, table.columnCount() - 1), Qt.ItemDataRole.ToolTipRole)
        row = Dataset(state.data.inputs[1:2], state.data.targets[1:2])
        own = window.document.state
        alone = replace(own, data=row, training=replace(own.training, validation=0.0))
        assert parse_number(loss) == pytest.approx(alone.loss(), rel=1e-12)
        window.runner.speed = 1.0
        for size in ((1000, 650), (1280, 800)):  # the plots say other things after a run
            window.main_window.resize(*size)
            for tab in walk_panels(window):
                found |= {text: (name, tab) for text in said(window) if "MSE" in text}
                qtbot.waitUntil(lambda window=window: cut_off(window.main_window) == [])
                assert window.main_window.size().toTuple() == size, (name, tab)
            with qtbot.waitSignal(window.runner.run_ended):
                window.runner.run()
    assert found == {}
