"""The panel Training: settings, buttons, figures, messages, and the loss wherever the window names it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMessageBox,
    QScrollArea,
    QStyle,
    QStyleOptionFrame,
    QTabBar,
    QTextBrowser,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.address import all_weights
from nnviz.core.measured import measured
from nnviz.core.network import Network
from nnviz.core.numbers import parsed, shown
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.structure import add_node
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.training.panel import TrainingPanel
from nnviz.ui.widgets.theme import apply_theme, colours
from tests.ui.clipped import clipped, walk_panels
from tests.ui.hands import address_named, bring, choose, click, drag, turn, write
from tests.ui.runs import classes, colours_of, exercise
from tests.ui.sees import figure, status, untrue

WIDTH = 364
LEFT = Qt.MouseButton.LeftButton
NONE, SHIFT, ALT = (
    getattr(Qt.KeyboardModifier, name) for name in ("NoModifier", "ShiftModifier", "AltModifier")
)
UP, DOWN, ENTER, ESCAPE = (getattr(Qt.Key, f"Key_{name}") for name in ("Up", "Down", "Return", "Escape"))


@pytest.fixture
def document():
    return Document(exercise())


@pytest.fixture
def panel(qtbot, document):
    selection = Selection(document)
    panel = TrainingPanel(document, Runner(document), selection, Derived(document, selection))
    panel.selection = selection
    panel.resize(WIDTH, 320)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.runner.pause()
    panel.hide()


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
        press(panel.verbs.run)
    return ended.args[0]


def figures(panel):
    own = panel.figures
    return own.loss.text, own.iteration.text, own.row_error.text


def message(panel):
    return panel.message.label.text()


def test_the_ninth_and_tenth_exercise_by_step_back_restart_and_run(qtbot, panel, approved):
    verbs = panel.verbs
    assert (figures(panel), verbs.back.isEnabled()) == (("49", "0", "7"), False)
    assert not verbs.restart.isEnabled()
    press(verbs.step)
    assert figures(panel) == ("25.4016", "1", "5.04")
    press(verbs.step)
    press(verbs.back)
    assert panel.figures.iteration.text == "1"
    press(verbs.restart)
    assert (figures(panel), verbs.restart.isEnabled()) == (("49", "0", "7"), False)
    approved("the end of a run", run_to_end(qtbot, panel))
    assert panel.figures.iteration.text == "20"
    assert panel.figures.loss.text.startswith("9.627")
    in_full = panel.figures.loss.toolTip().partition("In full: ")[2]
    assert parsed(in_full) == pytest.approx(49 * 0.72**40, rel=1e-9)


def test_run_turns_into_pause_in_its_place_and_takes_settings_meanwhile(qtbot, panel, document):
    verbs, fields = panel.verbs, panel.fields

    def places():
        return [button.geometry() for button in (verbs.run, verbs.step, verbs.restart)]

    before = verbs.run.text(), places()
    press(verbs.run)
    type_in(fields.updates, "12", key=None)
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    assert (verbs.run.text(), places()) == ("Pause", before[1])
    panel.runner.set_training(replace(document.state.training, learning_rate=0.005))
    assert (fields.learning_rate.text(), fields.updates.text()) == ("0.005", "12")
    QTest.keyClick(fields.updates, ESCAPE)
    type_in(fields.learning_rate, "0,02")
    assert panel.runner.running
    assert document.state.training.learning_rate == 0.02
    press(verbs.run)
    assert (verbs.run.text(), places()) == before
    assert f"{20 - document.state.iteration} updates that are left" in verbs.run.toolTip()
    run_to_end(qtbot, panel)
    assert panel.figures.iteration.text == "20"


def test_random_weights_are_new_or_the_same_again(panel, document):
    press(panel.verbs.random)
    assert panel.fields.seed.text() == "1"
    first = document.state.network
    document.push(edits.set_weight(document.state, 0, 0, 0, 5.0), "Edit")
    assert panel.verbs.same_weights.text() == "Random weights of seed 1 again"
    panel.verbs.same_weights.trigger()
    assert document.state.network == first
    type_in(panel.fields.seed, "9223372036854775807")
    assert panel.verbs.random.toolTip().endswith("seed 0")
    press(panel.verbs.random)
    assert document.state.training.seed == 0
    assert document.state.network != first


def test_every_control_has_a_name_and_a_tooltip_and_no_button_takes_the_focus(panel):
    buttons = [*filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton))]
    own = panel.fields
    fields = own.learning_rate, own.updates, own.batch, own.optimizer, own.seed
    for control in (*buttons, *fields, panel.timeline, panel.speed):
        assert control.toolTip(), control
        assert control.accessibleName() or control.text(), control
    for button in buttons:
        assert button.focusPolicy() == Qt.FocusPolicy.TabFocus, button.text()
    panel.verbs.name_keys("F5", "F10", "Shift+F10")
    assert "F5" in panel.verbs.run.toolTip()
    (label,) = (own for own in panel.findChildren(QLabel) if own.buddy() is panel.speed)
    for value, text in ((0, "Run takes 20 s"), (50, "Run takes 3 s"), (100, "Run at full speed")):
        panel.speed.setValue(value)
        assert label.text() == text


TYPED = [
    ("learning_rate", "0,05", 0.05, "0.05"),
    ("learning_rate", "0.05", 0.05, "0.05"),
    ("learning_rate", "1/8", 0.125, "0.125"),
    ("learning_rate", " 2e-3 ", 0.002, "0.002"),
    ("learning_rate", "3e-06", 3e-6, "3e-6"),
    ("learning_rate", "0.000003", 3e-6, "3e-6"),
    ("seed", "9007199254740993", 9007199254740993, "9007199254740993"),  # a float64 would make it …992
    ("batch_size", "1", 1, "1"),
    ("batch_size", "16", 16, "16"),
    ("batch_size", "all rows", None, "all rows"),
    ("validation", "0.25", 0.25, "0.25"),
    ("validation", "1/4", 0.25, "0.25"),
    ("validation", "0,5", 0.5, "0.5"),
    ("validation", "0", 0.0, "0"),
]


def field_of(panel, setting):
    return getattr(panel.fields, setting.removesuffix("_size"))


def test_settings_are_typed_as_people_write_them(panel, document):
    before = Training(0.01, 20, batch_size=7, validation=0.75)
    document.start(edits.set_training(exercise(), before))
    wrong = []
    for setting, typed, value, text in TYPED:
        field = field_of(panel, setting)
        untouched = line(field).text()
        type_in(field, typed)
        seen = getattr(document.state.training, setting), line(field).text(), document.undo_text()
        document.undo()
        name = setting.replace("_", " ").removesuffix(" size")
        if seen != (value, text, f"Change {name}") or line(field).text() != untouched:
            wrong.append((setting, typed, seen, line(field).text()))
    assert wrong == []


REFUSED = {
    "learning_rate": ("abc", "1,000", "0", "−0.1", ""),
    "updates": ("0", "2.5", "−3", "1e400", "1e9999"),
    "seed": ("9223372036854775808",),
    "batch_size": ("0",),
    "validation": ("1", "-0.1", "nan", "120 %", ""),
}


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


def test_a_refused_field_holds_run_and_step_up(panel, document):
    type_in(panel.fields.learning_rate, "abc", key=None)
    press(panel.verbs.step)
    press(panel.verbs.run)
    assert document.state.iteration == 0
    assert "'abc'" in message(panel)
    type_in(panel.fields.learning_rate, "0.02", key=None)
    press(panel.verbs.step)
    assert document.state.training.learning_rate == 0.02
    assert document.state.iteration == 1


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
        assert message(panel) == f"One update: {one.formula}"
    document.undo()
    assert optimizer.currentData() == document.state.training.optimizer


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
]


def test_up_and_down_nudge_a_setting_and_enter_takes_it(panel, document):
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


def test_dragging_a_setting_sideways_scrubs_it_as_one_undo_entry(panel, document):
    for name, dx, value in (("learning_rate", 30, 0.06), ("updates", -30, 15), ("seed", 12, 2)):
        field = getattr(panel.fields, name)
        before = field.text()
        panel.verbs.run.setFocus()
        drag(field, field.rect().center(), dx)
        assert getattr(document.state.training, name) == float(field.text()) == value
        document.undo()
        assert (field.text(), document.undo_text()) == (before, "")
    drag(field, field.rect().center(), 0)
    drag(field, field.rect().center(), -60)  # in a field that is open it selects text
    assert (field.text(), document.undo_text()) == (before, "")


def test_after_divergence_one_click_goes_back_to_a_tenth_of_the_learning_rate(
    qtbot, panel, document, approved
):
    press(panel.verbs.step)
    one, hint, cure = document.state, message(panel), panel.message.cure
    type_in(panel.fields.updates, "2000")
    type_in(panel.fields.learning_rate, "0.7")
    run_to_end(qtbot, panel)
    diverged = document.state
    approved("divergence after an update", f"{message(panel)}\n{cure.text()}")
    assert panel.message.label.objectName() == "error"
    press(cure)
    assert document.state.network == one.network
    assert document.state.training.learning_rate == 0.07
    assert panel.fields.learning_rate.text() == "0.07"
    assert (cure.isVisible(), message(panel)) == (False, hint)
    document.undo()
    assert document.state is diverged
    press(panel.verbs.restart)
    type_in(panel.fields.learning_rate, "1e200")
    run_to_end(qtbot, panel)
    approved("divergence at the first update", f"{message(panel)}\n{cure.text()}")
    press(cure)
    assert (document.state.training.learning_rate, document.state.iteration) == (1e199, 0)
    run_to_end(qtbot, panel)
    assert panel.message.label.objectName() == "error", "it is told until the next run"
    type_in(panel.fields.learning_rate, "0.01")
    press(panel.verbs.step)
    assert message(panel) == hint


def captions(panel):
    own = panel.figures
    every = (own.loss, own.iteration, own.row_error, own.validation, own.accuracy)
    return [each.accessibleName() for each in every if each.isVisible()]


def test_the_figures_of_a_row_without_classes(panel, document):
    document.start(State(Network.from_weights({"output": [1.0]}), Dataset([[2.0], [3.0]], [[2.0], [5.0]])))
    error, red = panel.figures.row_error, QColor(colours().error).name().upper()
    assert (error.text, red in colours_of(error)) == ("0", False)
    panel.selection.row = 1
    assert (error.text, red in colours_of(error)) == ("−2", True)
    assert captions(panel) == ["MSE", "Iteration", "Row's error"]
    two = Network.from_weights({"output_0": [1.0], "output_1": [2.0]})
    document.start(State(two, Dataset([[1.0]], [[0.0, 0.0]])))
    assert error.text == "2.5"
    assert "Row's loss" in [label.text() for label in panel.findChildren(QLabel)]
    document.start(exercise())
    document.push(edits.set_weight(document.state, 0, 0, 0, 1e200), "Edit")
    assert panel.figures.loss.text == "∞"
    document.start(replace(exercise(), data=Dataset([[1.0, 2.0, 3.0]])))
    assert (panel.figures.loss.text, error.text) == ("–", "–")
    document.start(replace(load(example("relu").path), run=None))
    document.edit("sigmoid", edits.set_activation, 1, "sigmoid")
    assert captions(panel) == ["MSE", "Iteration", "Row's error"], "a target of 60 is no class"


def test_of_classes_validation_and_accuracy_stand_beside_the_loss(panel, document):
    state, own = classes(), panel.figures
    document.start(state)
    told, outputs = measured(state), state.network.predict(state.data.inputs)
    every = ["Cross-entropy", "Iteration", "Row's loss", "Validation", "Accuracy"]
    assert captions(panel) == every
    assert own.loss.text == shown(told.loss)
    assert own.validation.text == shown(told.validation)
    right = (outputs.argmax(1) == state.data.targets.argmax(1)).tolist()
    hits, aside = sum(right[:30]), sum(right[30:])
    assert 0 < hits < 30
    assert own.accuracy.text == f"{shown(100 * hits / 30)} % · {shown(100 * aside / 10)} %"
    tip = own.accuracy.toolTip()
    assert f"\n{hits} of 30 rows that are trained on\n{aside} of 10 rows for validation" in tip
    panel.selection.row = 35
    assert own.row_error.text == shown(-np.log(outputs[35][state.data.targets[35].argmax()]))
    document.edit("a target", edits.set_target, 0, 0, 0.5)
    assert captions(panel) == every[:-1], "one target is no class"
    document.undo()
    assert captions(panel) == every


def test_figures_fit_and_come_and_go_with_what_is_measured(panel, document):
    own = panel.figures
    for validation, of in ((0.0, 1), (0.25, 2)):
        document.start(classes(validation=validation))
        QApplication.processEvents()
        assert own.accuracy.text.count("%") == of
        assert own.validation.isVisible() == (of == 2)
        for each in (own.validation, own.accuracy):
            assert each.isHidden() or each.fitting(each.pixels, each.text) == each.pixels >= 11
    document.start(replace(document.state, data=Dataset.empty(document.state.network)))
    assert captions(panel)[:2] == ["Cross-entropy", "Iteration"]
    assert len(captions(panel)) == 3
    document.start(state := classes(rows=1600, validation=0.2))
    share = 100 * measured(state).accuracy
    assert len(shown(share)) > 7
    assert own.accuracy.text.startswith(f"{share:.4g} % · ")
    assert own.accuracy.fitting(own.accuracy.pixels, own.accuracy.text) == own.accuracy.pixels > 10
    assert f"{round(12.8 * share):,} of 1,280 rows" in own.accuracy.toolTip()


def test_nothing_is_cut_off_at_the_width_of_the_side(panel, qapp, document, amount):
    themes = amount(quick=(), ci=("dark",), night=("dark",))
    try:
        for theme in (*themes, "light"):
            apply_theme(qapp, theme)
            document.start(exercise())
            document.push(edits.set_weight(document.state, 0, 0, 0, -1.23456789e-7), "Edit")
            QApplication.processEvents()
            width = max(WIDTH, panel.minimumSizeHint().width())
            assert width <= 1.1 * WIDTH, "wide letters take a tenth more at most"
            panel.resize(width, 320)
            QApplication.processEvents()
            for button in filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton)):
                assert button.width() >= button.sizeHint().width(), button.text()
                assert button.mapTo(panel, button.rect().bottomRight()).x() < width
            panel.runner.set_training(
                replace(document.state.training, updates=1_000_000, learning_rate=1e-15)
            )
            for field in panel.findChildren(QLineEdit):
                style = QStyleOptionFrame()
                field.initStyleOption(style)
                room = field.style().subElementRect(QStyle.SubElement.SE_LineEditContents, style, field)
                assert room.width() >= field.fontMetrics().horizontalAdvance(field.text()), field.text()
            for own, nearly in ((panel.figures.loss, "49"), (panel.figures.row_error, "7")):
                assert own.text.partition(".")[0] == nearly
                assert set(own.text.partition(".")[2]) == {"0"}
    finally:
        apply_theme(qapp, "light")


def test_in_a_small_window_the_panel_is_compact_and_the_longest_messages_crush_nothing(qtbot, afresh):
    window = afresh("relu")
    panel, label = window.training, window.training.message.label
    assert not panel.timeline.isVisible()
    before = panel.minimumSizeHint().height()
    press(panel.verbs.step)
    assert panel.timeline.isVisible()
    beside = panel.timeline.sizeHint().height() + 12
    qtbot.waitUntil(lambda: before < panel.minimumSizeHint().height() <= before + beside)
    qtbot.waitUntil(lambda: panel.height() >= panel.minimumSizeHint().height())
    window.main_window.resize(1000, 650)
    window.document.start(load(example("xor").path))

    def nothing_is_crushed():
        controls = [*panel.findChildren(QLineEdit), *panel.findChildren(QAbstractButton)]
        for control in filter(QWidget.isVisible, controls):
            hint = control.sizeHint().height() if control.parent() is not panel.fields.batch else 0
            assert control.height() >= hint, control
        assert label.height() >= label.heightForWidth(label.width())
        assert label.mapTo(panel, label.rect().bottomLeft()).y() < panel.height()

    window.runner.speed = 1.0
    for settings in (Training(100.0, 500), Training(0.01, 1_000_000, optimizer="adam")):
        window.runner.set_training(settings)
        if settings.optimizer != "adam":
            with qtbot.waitSignal(window.runner.run_ended):
                window.runner.run()
            assert panel.message.cure.isVisible()
        qtbot.waitUntil(nothing_is_crushed)
        assert (window.main_window.width(), window.main_window.height()) == (1000, 650)


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


def cut_off(window):
    """Return what is cut off, except two texts that wide letters cut by 3 pixels, whatever the loss is."""
    return [own for own in clipped(window.main_window) if not own.startswith(("'all rows'", "'biases'"))]


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
        assert document.undo_text() == f"Loss cross-entropy with {first}"
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
    box = panel.fields.loss
    answer(QMessageBox, choose("Use sigmoid"))
    QTest.mouseClick(box, LEFT)
    at = box.view().visualRect(box.model().index(box.findText("Cross-entropy"), 0)).center()
    QTest.mouseMove(box.view().viewport(), at)
    QTest.mouseClick(box.view().viewport(), LEFT, pos=at)
    QApplication.processEvents()
    assert chosen(document) == ("cross_entropy", "sigmoid")
    document.undo()
    answer(QMessageBox, lambda box: QTest.keyClick(box, Qt.Key.Key_O, ALT))
    choose_loss(panel, "Cross-entropy")
    assert chosen(document) == ("cross_entropy", "softmax")


def test_what_is_unusual_of_loss_and_rows_is_told_until_it_is_mended(panel, document, approved):
    hint = message(panel)

    def told(title):
        assert message(panel) != hint
        approved(title, message(panel))

    document.start(edits.set_target(xor("sigmoid", "cross_entropy"), 0, 0, 5.0))
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
    menu = next(own.menu() for own in window.main_window.menuBar().actions() if "Network" in own.text())
    menu.aboutToShow.emit()

    def entries(menu):
        for action in menu.actions():
            yield from entries(action.menu()) if action.menu() else [action]

    wanted = [own for own in entries(menu) if own.text().replace("&", "").startswith(f"{name}:  ")]
    wanted[-1].trigger()


def test_loss_and_output_change_together_in_the_window(qtbot, afresh, answer, approved):
    state, told = xor("sigmoid", "cross_entropy"), []
    window = afresh(state)
    document, label = window.document, window.training.message.label
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
    approved("softmax with MSE", f"{status(window)}\n{label.text()}")
    qtbot.waitUntil(lambda: cut_off(window) == [])
    choose_loss(window.training, "Cross-entropy")
    assert chosen(document) == ("cross_entropy", "softmax")
    assert "Softmax" not in label.text()

    document.start(xor("sigmoid"))
    window.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    choose_loss(window.training, "Cross-entropy")
    assert not window.runner.running
    assert (document.state.iteration, chosen(document)[0]) == (0, "cross_entropy")
    window.runner.step()
    assert status(window).startswith("Iteration 1: Cross-entropy")
    window.undo()
    window.undo()
    assert (document.state.iteration >= 2, chosen(document)[0]) == (True, "mse")

    document.start(exercise())
    type_in(window.training.fields.validation, "0.5")
    window.runner.run()
    assert status(window) == label.text() != ""


def test_the_loss_over_weights_and_the_table_follow_the_loss(qtbot, afresh):
    window = afresh(xor("sigmoid"))
    window.selection.select(*all_weights(window.document.state.network)[:2])
    header = window.data.table.model()
    last = header.columnCount() - 1

    def loss_of_row():
        shown = header.headerData(last, Qt.Orientation.Horizontal)
        return shown, float(header.data(header.index(1, last), Qt.ItemDataRole.ToolTipRole).replace("−", "-"))

    prediction = window.document.state.network.predict(window.document.state.data.inputs)[1, 0]
    assert loss_of_row() == ("error²", pytest.approx((prediction - 1) ** 2, rel=1e-12))
    panels = [bring(window, name) for name in ("1 weight", "2 weights")]

    def they_say(title, other):
        for panel in panels:
            bring(window, panel.view.title)
            QApplication.processEvents()
            qtbot.waitUntil(lambda told=panel.caption: title in told.text())
            assert panel.plane.accessibleName().startswith(f"{title} ")
            assert other not in panel.caption.text() + panel.plane.accessibleDescription()

    they_say("MSE", "ross-entropy")
    choose_loss(window.training, "Cross-entropy")
    they_say("Cross-entropy", "MSE")
    assert loss_of_row() == ("cross-entropy", pytest.approx(-np.log(prediction), rel=1e-12))


def said(window):
    """Return everything that a window says: texts, tooltips, what a screen reader is told, axes, entries."""
    texts = [label.text for label in window.diagram.picture.labels]
    for widget in filter(QWidget.isVisible, window.main_window.findChildren(QWidget)):
        names = widget.accessibleName(), widget.accessibleDescription()
        texts += [widget.toolTip(), widget.statusTip(), *names]
        if isinstance(widget, QComboBox):
            texts.append(widget.currentText())
        elif isinstance(widget, QTabBar):
            texts += [
                text for k in range(widget.count()) for text in (widget.tabText(k), widget.tabToolTip(k))
            ]
        elif isinstance(widget, QHeaderView):
            ways = Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole
            model, way = widget.model(), widget.orientation()
            texts += [str(model.headerData(k, way, role)) for k in range(widget.count()) for role in ways]
        elif isinstance(widget, QTextBrowser):
            texts.append(widget.toPlainText())
        elif hasattr(widget, "text") and callable(widget.text):
            texts.append(widget.text())
        if hasattr(widget, "plotItem"):
            texts += [widget.plotItem.getAxis(side).labelText for side in ("left", "bottom")]
    for action in window.main_window.findChildren(QAction):
        texts += [action.text(), action.toolTip(), action.statusTip()]
    return texts


def test_with_cross_entropy_nothing_says_mse_or_is_cut_off(qtbot, open_window, amount):
    every, small, found = [("sigmoid", "xor"), ("softmax", "spiral")], (1000, 650), {}
    for output, name in amount(quick=every[:1], ci=every, night=every):
        state = replace(load(example(name).path), notes="", run=None)
        state = edits.set_loss(state, "cross_entropy", output)
        window = open_window(edits.set_training(state, replace(state.training, updates=50)), small)
        window.selection.show_slopes(True)
        click(window, address_named(window, window.document.state.network.outputs[0]))
        window.runner.speed = 1.0
        for size in (small, (1280, 800)):
            if size != small:  # the plots say other things after a run
                window.main_window.resize(*size)
                with qtbot.waitSignal(window.runner.run_ended):
                    window.runner.run()
            if amount(quick=size == small, ci=False, night=False):
                continue
            for tab in walk_panels(window):
                found |= {text: (name, tab) for text in said(window) if "MSE" in text}
                qtbot.waitUntil(lambda window=window: cut_off(window) == [])
                assert (window.main_window.width(), window.main_window.height()) == size, (name, tab)
    assert found == {}


def test_of_a_run_of_classes_all_figures_are_true_and_need_no_scroll_bar(qtbot, afresh):
    window = afresh(train(load(example("iris").path), updates=300).state, (1000, 650))
    window.runner.scrub_to(150)
    qtbot.waitUntil(lambda: captions(window.training)[1] == "Iteration of 300")
    assert untrue(window) == []
    assert figure(window, "Accuracy").text
    area = window.board.docks["Training"].findChild(QScrollArea)
    for size in ((1000, 650), (1280, 800)):
        window.main_window.resize(*size)
        for _ in range(4):  # a scroll bar comes an event after what makes it
            QApplication.processEvents()
        wide_letters = window.training.minimumSizeHint().width() > WIDTH
        bars = area.verticalScrollBar().maximum(), area.horizontalScrollBar().maximum()
        assert max(bars) <= (WIDTH / 10 if wide_letters else 0)
