from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QStyle,
    QStyleOptionFrame,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.network import Network
from nnviz.core.numbers import parsed
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.training.panel import TrainingPanel
from nnviz.ui.widgets.theme import apply_theme, colours
from tests.ui.hands import drag, turn

WIDTH = 364


def slopes_exercise():
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return State(network, data, Training(learning_rate=0.01, updates=20))


@pytest.fixture
def document():
    return Document(slopes_exercise())


@pytest.fixture
def panel(qtbot, document):
    selection = Selection(document)
    panel = TrainingPanel(document, Runner(document), selection, Derived(document, selection))
    panel.resize(WIDTH, 320)
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.runner.pause()
    panel.hide()


@pytest.fixture
def click(qtbot):
    return lambda button: qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def type_in(qtbot):
    def type_in(field, text, key=Qt.Key.Key_Return):
        field.setFocus()
        field.selectAll()
        for character in text:
            if character.isascii():
                qtbot.keyClicks(field, character)
            else:  # keyClicks knows ASCII only
                press = QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier, character)
                QApplication.sendEvent(field, press)
        if key is not None:
            qtbot.keyClick(field, key)

    return type_in


def test_the_ninth_exercise_by_pressing_step(panel, click):
    figures = panel.figures
    assert (figures.loss.text, figures.iteration.text, figures.row_error.text) == ("49", "0", "7")
    click(panel.verbs.step)
    assert (figures.loss.text, figures.iteration.text, figures.row_error.text) == ("25.4016", "1", "5.04")


def test_the_tenth_exercise_by_pressing_run(qtbot, panel, click):
    panel.speed.setValue(100)
    with qtbot.waitSignal(panel.runner.run_ended) as ended:
        click(panel.verbs.run)
    assert panel.figures.iteration.text == "20"
    assert panel.figures.loss.text.startswith("9.627")
    in_full = panel.figures.loss.toolTip().partition("In full: ")[2]
    assert parsed(in_full) == pytest.approx(49 * 0.72**40, rel=1e-9)
    assert ended.args == ["20 updates: MSE 49 → 9.627e−5"]


def test_run_turns_into_pause_while_it_runs(qtbot, panel, click, document):
    assert panel.verbs.run.text() == "Run"
    click(panel.verbs.run)
    assert panel.verbs.run.text() == "Pause"
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    click(panel.verbs.run)
    assert panel.verbs.run.text() == "Run"
    left = 20 - document.state.iteration
    assert f"{left} updates that are left" in panel.verbs.run.toolTip()


def test_no_button_moves_when_run_turns_into_pause(qtbot, panel, click):
    def places():
        return [button.geometry() for button in (panel.verbs.run, panel.verbs.step, panel.verbs.restart)]

    before = places()
    click(panel.verbs.run)
    qtbot.waitUntil(lambda: panel.runner.running and panel.figures.iteration.text != "0")
    assert panel.verbs.run.text() == "Pause"
    assert places() == before


def test_back_and_restart_wait_until_there_is_something_to_take_back(panel, click):
    assert not panel.verbs.back.isEnabled()
    assert not panel.verbs.restart.isEnabled()
    click(panel.verbs.step)
    click(panel.verbs.step)
    click(panel.verbs.back)
    assert panel.figures.iteration.text == "1"
    click(panel.verbs.restart)
    assert (panel.figures.loss.text, panel.figures.iteration.text) == ("49", "0")
    assert not panel.verbs.restart.isEnabled()


@pytest.mark.parametrize(
    ("typed", "learning_rate"), [("0,05", 0.05), ("0.05", 0.05), ("1/8", 0.125), (" 2e-3 ", 0.002)]
)
def test_a_learning_rate_is_typed_as_people_write_it(panel, type_in, document, typed, learning_rate):
    type_in(panel.fields.learning_rate, typed)
    assert document.state.training.learning_rate == learning_rate
    assert document.undo_text() == "Change learning rate"
    document.undo()
    assert panel.fields.learning_rate.text() == "0.01"


@pytest.mark.parametrize("typed", ["3e-06", "3e-6", "0.000003"])
def test_a_small_learning_rate_has_the_notation_of_all_other_numbers(panel, type_in, document, typed):
    type_in(panel.fields.learning_rate, typed)
    assert document.state.training.learning_rate == 3e-6
    assert panel.fields.learning_rate.text() == "3e-6"
    assert not panel.fields.learning_rate.touched


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("abc", "Learning rate: 'abc' is not a number"),
        ("1,000", "Learning rate: 1,000 can be read in two ways"),
        ("0", "Learning rate: expected a number above 0"),
        ("−0.1", "Learning rate: expected a number above 0"),
        ("", "Learning rate: type a number"),
    ],
)
def test_a_learning_rate_is_refused_with_a_sentence_until_esc(qtbot, panel, type_in, document, typed, why):
    field = panel.fields.learning_rate
    hint = panel.message.label.text()
    field.setFocus()
    field.selectAll()
    qtbot.keyClick(field, Qt.Key.Key_Backspace)
    type_in(field, typed)
    assert panel.message.label.text().startswith(why)
    assert panel.message.label.objectName() == "error"
    assert document.state.training.learning_rate == 0.01
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "0.01"
    assert panel.message.label.text() == hint
    assert panel.message.label.objectName() == "muted"


def test_a_refused_field_holds_run_and_step_up(panel, type_in, click, document):
    type_in(panel.fields.learning_rate, "abc", key=None)
    click(panel.verbs.step)
    click(panel.verbs.run)
    assert document.state.iteration == 0
    assert "'abc' is not a number" in panel.message.label.text()
    type_in(panel.fields.learning_rate, "0.02", key=None)
    click(panel.verbs.step)
    assert document.state.training.learning_rate == 0.02
    assert document.state.iteration == 1


@pytest.mark.window
def test_leaving_a_field_accepts_it(qtbot, panel, type_in, document):
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    type_in(panel.fields.updates, "300", key=Qt.Key.Key_Tab)
    assert document.state.training.updates == 300


@pytest.mark.parametrize("typed", ["0", "2.5", "−3", "1e400", "1e9999"])
def test_updates_are_a_whole_number_from_1_on(panel, type_in, document, typed):
    type_in(panel.fields.updates, typed)
    assert panel.message.label.text().startswith("Updates: ")
    assert document.state.training.updates == 20


def test_a_seed_is_read_to_its_last_digit(panel, type_in, document):
    type_in(panel.fields.seed, "9007199254740993")  # a float64 would make it …992
    assert document.state.training.seed == 9007199254740993
    assert panel.fields.seed.text() == "9007199254740993"
    type_in(panel.fields.seed, "9223372036854775808")
    assert panel.message.label.text() == "Seed: expected a whole number up to 9223372036854775807"


def test_after_the_largest_seed_comes_0(panel, click, type_in, document):
    type_in(panel.fields.seed, "9223372036854775807")
    assert panel.verbs.random.toolTip().endswith("seed 0")
    click(panel.verbs.random)
    assert document.state.training.seed == 0


@pytest.mark.parametrize(
    ("typed", "batch", "shown"), [("1", 1, "1"), ("all rows", None, "all rows"), ("16", 16, "16")]
)
def test_a_batch_is_all_rows_or_a_number(panel, type_in, document, typed, batch, shown):
    type_in(panel.fields.batch.lineEdit(), typed)
    assert document.state.training.batch_size == batch
    assert panel.fields.batch.currentText() == shown


def test_a_batch_of_nothing_is_refused(panel, type_in):
    type_in(panel.fields.batch.lineEdit(), "0")
    assert panel.message.label.text() == "Batch: expected a whole number from 1 on, or “all rows”"


def test_a_batch_is_chosen_from_the_list(qtbot, panel, document):
    batch = panel.fields.batch
    batch.setFocus()
    qtbot.keyClick(batch, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    qtbot.keyClick(batch.view(), Qt.Key.Key_Down)
    qtbot.keyClick(batch.view(), Qt.Key.Key_Return)
    assert document.state.training.batch_size == 1


NONE, SHIFT, ALT = (
    getattr(Qt.KeyboardModifier, name) for name in ("NoModifier", "ShiftModifier", "AltModifier")
)
UP, DOWN = Qt.Key.Key_Up, Qt.Key.Key_Down


@pytest.mark.parametrize(
    ("setting", "typed", "presses", "value"),
    [
        ("learning_rate", "0.09", [(UP, NONE), (UP, NONE)], 0.2),
        ("learning_rate", "0.02", [(DOWN, NONE), (DOWN, NONE)], 0.009),
        ("learning_rate", "0,015", [(UP, ALT)], 0.016),
        ("learning_rate", "1/4", [(DOWN, SHIFT), (UP, NONE)], 0.035),
        ("updates", "5", [(UP, NONE), (UP, SHIFT)], 16),
        ("updates", "5", [(DOWN, SHIFT)], 1),
        ("seed", "1", [(DOWN, NONE), (DOWN, NONE)], 0),
        ("batch", "7", [(UP, NONE)], 8),
        ("batch", "all rows", [(UP, SHIFT), (DOWN, NONE)], 9),
        ("batch", "2", [(DOWN, NONE), (DOWN, NONE), (DOWN, NONE)], None),
    ],
)
def test_up_and_down_nudge_a_setting_and_enter_takes_it(
    qtbot, panel, type_in, document, setting, typed, presses, value
):
    field = getattr(panel.fields, setting)
    field.setFocus()
    type_in(field.lineEdit() if setting == "batch" else field, typed, None)
    for key, modifier in presses:
        qtbot.keyClick(field, key, modifier)
    assert document.undo_text() == ""
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert getattr(document.state.training, "batch_size" if setting == "batch" else setting) == value


@pytest.mark.parametrize("name", ["learning_rate", "updates", "seed", "batch", "optimizer"])
def test_a_wheel_over_a_field_that_is_not_being_edited_changes_nothing(panel, document, name):
    field = getattr(panel.fields, name)
    panel.fields.updates.setFocus()
    panel.fields.updates.clearFocus()
    under_the_mouse = field.lineEdit() if name == "batch" else field
    before = (panel.fields.learning_rate.text(), panel.fields.updates.text(), panel.fields.seed.text())
    assert not turn(under_the_mouse, -1), "the wheel is left to who scrolls"
    texts = (panel.fields.learning_rate.text(), panel.fields.updates.text(), panel.fields.seed.text())
    assert texts == before
    assert panel.fields.batch.currentText() == "all rows"
    assert document.undo_text() == ""


def test_the_wheel_nudges_the_field_that_is_being_edited(panel):
    for name, text in (("learning_rate", "0.02"), ("updates", "21"), ("batch", "1")):
        field = getattr(panel.fields, name)
        field.setFocus()
        line = field.lineEdit() if name == "batch" else field
        assert turn(line, 1)
        assert line.text() == text


@pytest.mark.parametrize(
    ("name", "dx", "value"), [("learning_rate", 30, 0.06), ("updates", -30, 15), ("seed", 12, 2)]
)
def test_dragging_a_setting_sideways_scrubs_it_as_one_undo_entry(panel, document, name, dx, value):
    field = getattr(panel.fields, name)
    before = field.text()
    panel.verbs.run.setFocus()
    drag(field, field.rect().center(), dx)
    assert getattr(document.state.training, name) == value
    assert float(field.text()) == value
    document.undo()
    assert (field.text(), document.undo_text()) == (before, "")


def test_a_drag_in_a_setting_that_is_open_selects_text(panel, document):
    field = panel.fields.updates
    drag(field, field.rect().center(), 0)
    drag(field, field.rect().center(), -60)
    assert (field.text(), document.undo_text()) == ("20", "")


def test_every_optimizer_can_be_chosen_and_says_its_rule(qtbot, panel, document):
    combo = panel.fields.optimizer
    assert combo.count() == len(OPTIMIZERS)
    for optimizer in list(OPTIMIZERS.values())[1:]:
        qtbot.keyClick(combo, Qt.Key.Key_Down)
        assert document.state.training.optimizer == optimizer.name
        assert panel.message.label.text() == f"One update: {optimizer.formula}"
    document.undo()
    assert combo.currentData() == document.state.training.optimizer


def test_a_learning_rate_typed_during_a_run_lets_it_go_on(qtbot, panel, type_in, click, document):
    click(panel.verbs.run)
    qtbot.waitUntil(lambda: document.state.iteration >= 2)
    type_in(panel.fields.learning_rate, "0,02")
    assert panel.runner.running
    assert document.state.training.learning_rate == 0.02
    with qtbot.waitSignal(panel.runner.run_ended):
        panel.speed.setValue(100)
    assert panel.figures.iteration.text == "20"


def test_what_is_being_typed_survives_the_frames_of_a_run(qtbot, panel, type_in, click, document):
    click(panel.verbs.run)
    type_in(panel.fields.updates, "12", key=None)
    seen = document.state.iteration
    qtbot.waitUntil(lambda: document.state.iteration > seen + 1)
    panel.runner.set_training(replace(document.state.training, learning_rate=0.005))
    assert panel.fields.learning_rate.text() == "0.005"
    assert panel.fields.updates.text() == "12"


def diverge(qtbot, panel, click, type_in, learning_rate):
    type_in(panel.fields.learning_rate, learning_rate)
    panel.speed.setValue(100)
    with qtbot.waitSignal(panel.runner.run_ended):
        click(panel.verbs.run)


def test_after_divergence_one_click_goes_back_to_a_tenth_of_the_learning_rate(
    qtbot, panel, type_in, click, document
):
    click(panel.verbs.step)
    one = document.state
    type_in(panel.fields.updates, "2000")
    diverge(qtbot, panel, click, type_in, "0.7")
    diverged = document.state
    assert "with learning rate 0.7 the steps overshoot" in panel.message.label.text()
    assert panel.message.label.text().endswith("Try a tenth, 0.07.")
    assert panel.message.cure.text() == "Back to iteration 1, learning rate 0.07"
    click(panel.message.cure)
    assert document.state.network == one.network
    assert document.state.training.learning_rate == 0.07
    assert panel.fields.learning_rate.text() == "0.07"
    assert not panel.message.cure.isVisible()
    assert panel.message.label.text().startswith("One update")
    document.undo()
    assert document.state is diverged


def test_after_divergence_at_the_first_update_one_click_takes_a_tenth(qtbot, panel, type_in, click, document):
    diverge(qtbot, panel, click, type_in, "1e200")
    assert panel.message.cure.text() == "Learning rate 1e199"
    click(panel.message.cure)
    assert document.state.training.learning_rate == 1e199
    assert document.state.iteration == 0


def test_a_click_on_a_button_leaves_the_keyboard_where_it_is(panel):
    for button in filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton)):
        assert button.focusPolicy() == Qt.FocusPolicy.TabFocus, button.text()


def test_divergence_is_told_in_the_panel_until_the_next_run(qtbot, panel, type_in, click):
    type_in(panel.fields.learning_rate, "1e200")
    panel.speed.setValue(100)
    with qtbot.waitSignal(panel.runner.run_ended):
        click(panel.verbs.run)
    assert panel.message.label.text().startswith("Diverged")
    assert panel.message.label.objectName() == "error"
    type_in(panel.fields.learning_rate, "0.01")
    click(panel.verbs.step)
    assert panel.message.label.text().startswith("One update")


def test_random_weights_new_ones_and_the_same_again(panel, click, document):
    click(panel.verbs.random)
    assert panel.fields.seed.text() == "1"
    first = document.state.network
    click(panel.verbs.random)
    assert panel.fields.seed.text() == "2"
    assert document.state.network != first
    document.undo()
    document.push(edits.set_weight(document.state, 0, 0, 0, 5.0), "Edit")
    assert panel.verbs.same_weights.text() == "Random weights of seed 1 again"
    panel.verbs.same_weights.trigger()
    assert document.state.network == first


def is_red(figure):
    """Tell whether something on a figure has the colour of errors."""
    image, red = figure.grab().toImage(), QColor(colours().error)
    return any(image.pixelColor(x, y) == red for x in range(image.width()) for y in range(image.height()))


def test_the_rows_error_follows_the_selected_row_and_is_in_ink_where_it_is_0(qtbot, document):
    network = Network.from_weights({"output": [1.0]})
    data = Dataset(np.array([[2.0], [3.0]]), np.array([[2.0], [5.0]]))
    document.start(State(network, data))
    selection = Selection(document)
    panel = TrainingPanel(document, Runner(document), selection, Derived(document, selection))
    qtbot.addWidget(panel)
    panel.show()
    assert (panel.figures.row_error.text, is_red(panel.figures.row_error)) == ("0", False)
    selection.row = 1
    assert (panel.figures.row_error.text, is_red(panel.figures.row_error)) == ("−2", True)


def test_several_outputs_show_the_rows_loss(panel, document):
    network = Network.from_weights({"output_0": [1.0], "output_1": [2.0]})
    document.start(State(network, Dataset(np.array([[1.0]]), np.array([[0.0, 0.0]]))))
    assert panel.figures.row_error.text == "2.5"
    assert "Row's loss" in [label.text() for label in panel.findChildren(QLabel)]


def test_without_targets_there_is_no_mse(panel, document):
    document.start(replace(document.state, data=Dataset(np.array([[1.0, 2.0, 3.0]]))))
    assert panel.figures.loss.text == "–"
    assert panel.figures.row_error.text == "–"


def test_an_mse_too_large_for_a_number_is_shown_as_that(panel, document):
    document.push(edits.set_weight(document.state, 0, 0, 0, 1e200), "Edit")
    assert panel.figures.loss.text == "∞"


def test_the_slider_says_how_long_a_run_takes(panel):
    def label():
        return next(own.text() for own in panel.findChildren(QLabel) if own.buddy() is panel.speed)

    assert label() == "Run takes 3 s"
    panel.speed.setValue(0)
    assert label() == "Run takes 20 s"
    panel.speed.setValue(100)
    assert label() == "Run at full speed"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_cut_off_at_the_width_of_the_side(panel, qapp, theme, document):
    apply_theme(qapp, theme)
    try:
        document.push(edits.set_weight(document.state, 0, 0, 0, -1.23456789e-7), "Edit")
        QApplication.processEvents()
        assert panel.minimumSizeHint().width() <= WIDTH
        for button in filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton)):
            assert button.width() >= button.sizeHint().width(), button.text()
            assert button.mapTo(panel, button.rect().bottomRight()).x() < WIDTH
        panel.runner.set_training(replace(document.state.training, updates=1_000_000, learning_rate=1e-15))
        for field in panel.findChildren(QLineEdit):
            text = field.fontMetrics().horizontalAdvance(field.text())
            style = QStyleOptionFrame()
            field.initStyleOption(style)
            room = field.style().subElementRect(QStyle.SubElement.SE_LineEditContents, style, field)
            assert room.width() >= text, field.text()
        for figure, nearly in ((panel.figures.loss, "49"), (panel.figures.row_error, "7")):
            assert figure.text.partition(".")[0] == nearly
            assert set(figure.text.partition(".")[2]) == {"0"}
    finally:
        apply_theme(qapp, "light")


def test_in_a_small_window_the_longest_messages_crush_nothing_and_the_window_keeps_its_size(
    qtbot, open_window
):
    window = open_window("xor", size=(1000, 650))
    panel, label = window.training, window.training.message.label

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


def test_the_panel_is_compact_and_keeps_no_line_empty(qtbot, open_window):
    window = open_window("relu")
    panel = window.training
    assert not panel.timeline.isVisible()
    before = panel.minimumSizeHint().height()
    assert before + panel.head.height() <= 280
    qtbot.mouseClick(panel.verbs.step, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert panel.timeline.isVisible()
    qtbot.waitUntil(lambda: before < panel.minimumSizeHint().height() <= 275)
    assert panel.height() >= panel.minimumSizeHint().height()


def test_every_control_says_what_it_is(panel):
    controls = [
        *filter(QAbstractButton.isVisible, panel.findChildren(QAbstractButton)),
        panel.timeline,
        panel.fields.learning_rate,
        panel.fields.updates,
        panel.fields.batch,
        panel.fields.optimizer,
        panel.fields.seed,
        panel.speed,
    ]
    for control in controls:
        assert control.toolTip(), control
        assert control.accessibleName() or control.text(), control
    panel.verbs.name_keys("F5", "F10", "Shift+F10")
    assert "F5" in panel.verbs.run.toolTip()
