"""Loss and share for validation as a person chooses them, and what is offered where a loss does not fit."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox

from nnviz.core import edits
from nnviz.core.address import all_weights
from nnviz.core.state import Dataset
from nnviz.core.structure import add_node
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.clipped import clipped
from tests.ui.hands import bring, choose, choose_entry, write
from tests.ui.sees import figure, status

NEEDS = "Cross-entropy needs softmax or sigmoid on the output, which "


def xor(output="identity", loss="mse"):
    return edits.set_loss(load(example("xor").path), loss, output)


def several(state):
    """Return it with three outputs."""
    return add_node(add_node(state, len(state.network.layers)), len(state.network.layers))


def choose_loss(window, title):
    """Go to a loss with the arrow keys."""
    box = window.training.fields.loss
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down if box.findText(title) > box.currentIndex() else Qt.Key.Key_Up)
    QApplication.processEvents()


def click_loss(window, title):
    """Open the list of losses with the mouse, and click one."""
    box = window.training.fields.loss
    QTest.mouseClick(box, Qt.MouseButton.LeftButton)
    at = box.view().visualRect(box.model().index(box.findText(title), 0)).center()
    QTest.mouseMove(box.view().viewport(), at)
    QTest.mouseClick(box.view().viewport(), Qt.MouseButton.LeftButton, pos=at)
    QApplication.processEvents()


def output(window):
    return window.document.state.network.layers[-1].activation


def loss(window):
    return window.document.state.training.loss


def set_activation(window, name):
    """Choose the output's activation in the menu Network."""
    menu = next(own.menu() for own in window.main_window.menuBar().actions() if "Network" in own.text())
    menu.aboutToShow.emit()
    formula = next(text for text in texts(menu) if text.startswith(f"{name}:  "))
    found = [own for own in entries(menu, "Prediction") if own.text().replace("&", "") == formula]
    found[-1].trigger()


def entries(menu, title):
    for action in menu.actions():
        if action.menu():
            yield from entries(action.menu(), title)
        else:
            yield action


def texts(menu):
    return [own.text().replace("&", "") for own in entries(menu, "")]


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
def test_a_loss_that_fits_is_chosen_undone_and_shown_wherever_it_counts(open_window, size):
    window = open_window(xor("sigmoid"), size=size)
    before = window.document.state.loss()
    choose_loss(window, "Cross-entropy")
    assert (loss(window), output(window)) == ("cross_entropy", "sigmoid")
    assert figure(window, "Cross-entropy").text != str(before)
    assert clipped(window.main_window) == []
    assert window.document.undo_text() == "Change loss"
    window.undo()
    assert loss(window) == "mse"
    assert window.training.fields.loss.currentText() == "MSE"
    assert figure(window, "MSE").text


@pytest.mark.parametrize(("state", "first"), [(xor(), "sigmoid"), (several(xor()), "softmax")])
def test_one_that_does_not_fit_is_refused_and_the_output_s_activation_offered(
    open_window, answer, state, first
):
    window = open_window(state)
    told = []
    answer(QMessageBox, choose("Cancel", told))
    choose_loss(window, "Cross-entropy")
    assert told[0].startswith(f"{NEEDS}has identity.")
    assert window.document.state is state
    assert window.training.fields.loss.currentText() == "MSE"

    def press_enter(box):
        assert box.defaultButton().text().replace("&", "") == f"Use {first}"
        QTest.keyClick(box, Qt.Key.Key_Return)

    answer(QMessageBox, press_enter)
    choose_loss(window, "Cross-entropy")
    assert (loss(window), output(window)) == ("cross_entropy", first)
    assert window.document.undo_text() == f"Loss cross-entropy with {first}"
    window.undo()
    assert window.document.state is state


def test_of_one_output_no_softmax_is_offered_and_of_several_both_by_mouse_and_letter(open_window, answer):
    window = open_window(several(xor()))
    answer(QMessageBox, choose("Use sigmoid"))
    click_loss(window, "Cross-entropy")
    assert output(window) == "sigmoid"
    window.undo()
    answer(QMessageBox, lambda box: QTest.keyClick(box, Qt.Key.Key_O, Qt.KeyboardModifier.AltModifier))
    choose_loss(window, "Cross-entropy")
    assert output(window) == "softmax"
    window = open_window(xor())
    buttons = []

    def look(box):
        buttons.extend(own.text().replace("&", "") for own in box.buttons())
        QTest.keyClick(box, Qt.Key.Key_Escape)

    answer(QMessageBox, look)
    choose_loss(window, "Cross-entropy")
    assert sorted(buttons) == ["Cancel", "Use sigmoid"]


def test_an_output_that_does_not_go_with_cross_entropy_comes_with_mse_or_not_at_all(open_window, answer):
    state = xor("sigmoid", "cross_entropy")
    window = open_window(state)
    told = []
    answer(QMessageBox, choose("Cancel", told))
    set_activation(window, "tanh")
    assert told[0].startswith(f"{NEEDS}would have tanh.")
    assert window.document.state is state
    answer(QMessageBox, choose("Use MSE"))
    set_activation(window, "tanh")
    assert (loss(window), output(window)) == ("mse", "tanh")
    assert "loss: MSE" in status(window)
    window.undo()
    assert window.document.state is state
    set_activation(window, "softmax")  # which goes with it, without a question
    assert (loss(window), output(window)) == ("cross_entropy", "softmax")


def test_targets_that_are_no_shares_are_told_where_the_loss_is_cross_entropy(open_window):
    window = open_window(edits.set_target(xor("sigmoid", "cross_entropy"), 0, 0, 5.0))
    label = window.training.message.label
    assert "Cross-entropy is for targets from 0 to 1: by others it falls without end" in label.text()
    choose_loss(window, "MSE")
    assert "targets" not in label.text()


def test_a_softmax_by_mse_is_told_what_is_usual_and_no_more(qtbot, open_window):
    window = open_window(several(xor()))
    set_activation(window, "softmax")
    usual = "Softmax is usually trained with cross-entropy: choose it as Loss"
    assert (loss(window), output(window)) == ("mse", "softmax")
    assert usual in status(window)
    assert usual in window.training.message.label.text()
    qtbot.waitUntil(lambda: clipped(window.main_window) == [])
    choose_loss(window, "Cross-entropy")
    assert loss(window) == "cross_entropy"
    assert usual not in window.training.message.label.text()


def test_rows_for_validation_that_are_of_the_last_classes_alone_are_told_until_they_are_shuffled(
    qtbot, open_window
):
    state = several(xor())
    targets = np.eye(len(state.network.outputs))[np.repeat([0, 1], 10)]
    state = replace(state, data=Dataset(np.linspace(0, 1, 40).reshape(20, 2), targets))
    window = open_window(edits.set_loss(state, "cross_entropy", "softmax"))
    told = "The rows stand class by class: shuffle them, or validation has the last classes alone"
    assert told not in window.training.message.label.text()
    window.runner.set_training(replace(window.document.state.training, validation=0.25))
    assert told in window.training.message.label.text()
    qtbot.waitUntil(lambda: clipped(window.main_window) == [])
    choose_entry(window, "Shuffle rows")
    assert told not in window.training.message.label.text()


def test_a_loss_that_is_chosen_pauses_a_run_and_begins_another(qtbot, open_window):
    window = open_window(xor("sigmoid"))
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration >= 2)
    choose_loss(window, "Cross-entropy")
    assert not window.runner.running
    assert (window.document.state.iteration, loss(window)) == (0, "cross_entropy")
    window.runner.step()
    assert status(window).startswith("Iteration 1: Cross-entropy")
    window.undo()
    window.undo()
    assert (window.document.state.iteration >= 2, loss(window)) == (True, "mse")


@pytest.mark.parametrize(("typed", "share"), [("0.25", 0.25), ("1/4", 0.25), ("0,5", 0.5), ("0", 0.0)])
def test_a_share_for_validation_is_typed_as_people_write_it(open_window, typed, share):
    window = open_window(edits.set_training(xor(), replace(xor().training, validation=0.75)))
    field = window.training.fields.validation
    type_in(field, typed)
    assert window.document.state.training.validation == share
    assert window.document.undo_text() == "Change validation"
    window.undo()
    assert field.text() == "0.75"


@pytest.mark.parametrize("typed", ["1", "-0.1", "nan", "120 %", ""])
def test_what_is_no_share_is_refused_with_a_sentence(open_window, typed):
    window = open_window(xor())
    type_in(window.training.fields.validation, typed)
    assert window.document.state.training.validation == 0.0
    said = window.training.message.label.text()
    assert said.startswith("Validation: ")
    QTest.keyClick(window.training.fields.validation, Qt.Key.Key_Escape)
    assert window.training.fields.validation.text() == "0"
    assert "Validation: " not in window.training.message.label.text()


def test_keys_nudge_the_share_between_none_and_nearly_all(open_window):
    window = open_window(xor())
    field = window.training.fields.validation
    field.setFocus()
    for key, share in ((Qt.Key.Key_Down, "0"), (Qt.Key.Key_Up, "0.1"), *[(Qt.Key.Key_Up, None)] * 12):
        QTest.keyClick(field, key)
        assert share is None or field.text() == share
    assert field.text() == "0.99"


def test_where_no_row_is_left_to_train_on_it_says_so_and_run_does_nothing(open_window):
    window = open_window("relu")
    assert len(window.document.state.data) == 1
    type_in(window.training.fields.validation, "0.5")
    told = "All rows are kept for validation: make its share smaller, or add rows."
    assert window.training.message.label.text() == told
    window.runner.run()
    assert not window.runner.running
    assert status(window) == told


def test_the_loss_over_weights_and_the_table_follow_the_loss(qtbot, open_window):
    window = open_window(xor("sigmoid"))
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
    choose_loss(window, "Cross-entropy")
    they_say("Cross-entropy", "MSE")
    assert loss_of_row() == ("cross-entropy", pytest.approx(-np.log(prediction), rel=1e-12))


def type_in(field, text):
    field.setFocus()
    field.selectAll()
    QTest.keyClick(field, Qt.Key.Key_Delete)
    write(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)
