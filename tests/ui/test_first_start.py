"""What a beginner sees at the first start, and the room of the panels in windows of many sizes."""

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QTableView,
    QWidget,
)

from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.window.window import ARRANGEMENTS
from tests.ui.hands import address_named, bring, choose_entry, click, press, unfold
from tests.ui.sees import panel_entry, walking

CONTROLS = QAbstractButton, QAbstractSlider, QComboBox, QLineEdit, QTabBar
MOST_CONTROLS, MOST_PANELS = 40, 6


def controls(window):
    """Return the names of all controls in sight: buttons, fields, lists, sliders and tabs; no table cells."""
    names = []
    for own in window.main_window.findChildren(QWidget):
        is_part = isinstance(own, QScrollBar) or isinstance(own.parent(), QComboBox | QTableView)
        if not isinstance(own, CONTROLS) or is_part or own.visibleRegion().isEmpty():
            continue
        if isinstance(own, QTabBar):
            names += [own.tabText(k) for k in range(own.count())]
        else:
            names.append(own.accessibleName() or own.text())
    return names


def in_sight(window):
    return {name for name, dock in window.board.docks.items() if dock.is_in_view}


def settled():
    for _ in range(6):
        QApplication.processEvents()


def test_the_first_start_shows_few_controls_and_panels(open_window):
    window = open_window("forward")
    seen = controls(window)
    assert {"Run", "Learning rate", "Panels"} < set(seen)
    assert len(seen) <= MOST_CONTROLS, seen
    assert in_sight(window) == {"Training", "Notes", "Data", "Loss"}
    assert len(in_sight(window)) + 1 <= MOST_PANELS


def test_the_controls_of_a_walk_are_on_the_toolbar_while_it_lasts(qtbot, open_window):
    window = open_window("relu")
    of_walk = {"Speed of the walk", "Finish the phase", "End the walk"}
    assert not of_walk & set(controls(window))
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: of_walk <= set(controls(window)))
    assert walking(window)
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not of_walk & set(controls(window)))


# --- the room of the panels


SIZES = (1280, 800), (1366, 768), (1920, 1080), (2560, 1440)


@pytest.mark.fonts
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_plot_in_front_has_a_quarter_of_the_height_and_a_third_of_the_width(open_window, amount, size):
    window = open_window("circles", size)
    for percent in amount(quick=(0,), ci=(0, 100, 150), night=(0, 100, 150)):
        window.set_size(percent)
        settled()
        window.main_window.resize(*size)  # the screen of these tests is smaller
        settled()
        assert window.main_window.size().toTuple() == size
        check_room(window, *size, column_share=0.24 if percent != 150 or size[0] > 1920 else 0.0)


def check_room(window, width, height, column_share):
    """Check the room of the right column, of Function in front, folded and unfolded, and of the loss."""
    column = window.board.docks["Training"]
    assert column.width() >= int(column_share * width)
    function = bring(window, "Function")
    settled()
    for _ in range(2):
        plot = function.plot
        assert plot.height() >= height / 4
        assert plot.width() >= 0.88 * column.width()
        window.training.fold.button.click()
        settled()
    press(window, "One update")
    settled()
    loss = window.history.plot
    assert loss.height() >= height / 4
    assert loss.width() >= width / 3


@pytest.mark.parametrize("name", [each.name for each in ARRANGEMENTS])
def test_an_arrangement_shows_its_panels_and_one_key_brings_it_back(open_window, name):
    window = open_window("circles")
    arrangement = next(each for each in ARRANGEMENTS if each.name == name)
    for other in ("Code", "Loss surface"):
        bring(window, other)
    settled()
    choose_entry(window, f"Arrange for {name}")
    settled()
    assert in_sight(window) == set(arrangement.panels)
    panels = {own: window.board.docks[own].geometry() for own in arrangement.panels}
    window.main_window.resize(1700, 1000)
    settled()
    window.main_window.resize(1280, 800)
    settled()
    assert {own: window.board.docks[own].geometry() for own in arrangement.panels} == panels
    assert window.diagram.width() > 500
    assert window.diagram.height() > 300


def test_training_is_never_higher_than_its_content(open_window):
    window = open_window("relu")
    training = window.board.docks["Training"]
    for size in ((1280, 800), (1400, 1100), (900, 600), (1280, 800)):
        window.main_window.resize(*size)
        settled()
        assert training.height() <= training.least.height()
    for panel in ("Notes", "Data", "Loss"):
        window.board.docks[panel].hide()
    settled()
    assert training.height() <= training.least.height()
    below = training.mapTo(window.board, QPoint(0, training.height()))
    assert window.board.height() - below.y() > 100


# --- the settings under More


def test_texts_leave_room_for_all_training_settings_and_the_timeline_but_a_plot_keeps_its_own(open_window):
    window = open_window("iris", size=(1366, 768))
    unfold(window.training)
    press(window, "One update")
    room = window.board.docks["Training"].widget()
    for name in ("Notes", "Function", "Explain", "Function", "Confusion", "Notes"):
        panel = bring(window, name)
        settled()
        has_plot = name in ("Function", "Confusion")
        assert room.verticalScrollBar().isVisible() == has_plot
        assert (room.maximumHeight() == room.height()) == (not has_plot)
        assert not has_plot or panel.plot.height() >= 768 / 4


def test_the_plot_of_explain_can_be_read_in_a_low_panel(open_window):
    window = open_window("iris", size=(1366, 768))
    press(window, "One update")
    click(window, address_named(window, "node_0", "sepal_length"))
    settled()
    explain = bring(window, "Explain")
    settled()
    assert explain.plot.height() >= 100


def test_settings_under_more_are_folded_for_a_usual_file_and_named_in_one_line(open_window):
    window = open_window("relu")
    fields, fold = window.training.fields, window.training.fold.button
    assert not fields.optimizer.isVisible()
    assert fold.text() == "▸ More: gradient descent · all rows · MSE · seed 0"
    press_button(fold)
    assert fields.optimizer.isVisible()
    assert window.training.run_buttons.random.isVisible()
    fields.batch.lineEdit().setText("8")
    QTest.keyClick(fields.batch.lineEdit(), Qt.Key.Key_Return)
    press_button(fold)
    window.desk.frames.show_pending()
    assert not fields.optimizer.isVisible()
    assert "batch 8" in fold.text()
    assert "batch 8" in fold.toolTip()


def test_settings_under_more_stay_as_the_person_left_them(open_window, settings):
    window = open_window("circles")
    fold = window.training.fold.button
    assert not fold.isChecked()
    press_button(fold)
    for name in ("iris", "relu"):
        window.files.open_example(name)
        assert fold.isChecked(), "as it was left"
    press_button(fold)
    assert not open_window("iris").training.fold.button.isChecked()


def press_button(button):
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


# --- the panel in front


def test_a_file_remembers_the_panel_in_front(open_window, tmp_path):
    window, path = open_window("xor"), tmp_path / "relu.json"
    save(load(example("relu").path), path)
    window.files.open(path)
    for name, saved in (("Notes", None), ("Code", {"panel": "Code"})):
        if name not in in_sight(window):
            panel_entry(window, name).trigger()
        settled()
        choose_entry(window, "Save")
        assert json.loads(path.read_text(encoding="utf-8")).get("view") == saved
    for opened, panel in (("xor", "Code"), (path, "Code"), ("xor", "Notes")):  # of xor, the person chose Code
        window.files.open_example(opened) if opened == "xor" else window.files.open(opened)
        settled()
        assert panel in in_sight(window)


def test_circles_opens_with_its_function_in_sight(open_window):
    assert "Function" in in_sight(open_window("circles"))


def test_a_click_opens_explain_unless_the_person_has_closed_it(open_window):
    window = open_window("relu")
    assert window.board.docks["Explain"].isHidden()
    click(window, address_named(window, "node_0"))
    settled()
    assert "Explain" in in_sight(window)
    choose_entry(window, "Explain")  # which closes the panel in front
    settled()
    click(window, address_named(window, "node_1"))
    settled()
    assert window.board.docks["Explain"].isHidden()


def test_a_new_network_keeps_the_loss_unless_its_output_is_softmax(qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    for output, loss in (("sigmoid", "mse"), ("softmax", "cross_entropy"), ("sigmoid", "cross_entropy")):
        dialog.output.setCurrentText(output)
        assert (output, dialog.loss.currentData()) == (output, loss)
    dialog.output.setCurrentText("tanh")
    assert dialog.loss.currentData() == "mse", "cross-entropy does not fit"
    dialog.output.setCurrentText("sigmoid")
    assert dialog.state().training.loss == "mse"


def test_a_field_shows_the_first_digits_of_a_long_number(open_window):
    window = open_window("one-update")
    field = window.training.fields.learning_rate
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1/28")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text().startswith("0.0357142857")
    assert field.cursorPosition() == 0
