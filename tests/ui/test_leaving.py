"""Leaving a network: it is asked where work would be lost, and a run is kept without a question."""

import os
import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton

from nnviz.core import edits, structure
from nnviz.core.run import Training
from nnviz.document.presence import key_of
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.ui.window.session import Kept
from tests.ui.hands import (
    address_named,
    choose,
    choose_entry,
    drag_over,
    let_go,
    press,
    set_number,
    type_name,
    write,
)
from tests.ui.sees import offered, status


@pytest.fixture
def begin(open_window, tmp_path):
    """Return a function that opens a window on `relu` which keeps runs in a folder, as nnviz does."""
    begun = []

    def open_it():
        window = open_window("relu")
        begun.append(Kept(window, tmp_path / "data"))
        return window

    yield open_it
    for kept in begun:
        kept.close()


@pytest.fixture
def mine(tmp_path):
    """A file of the user's own."""
    path = tmp_path / "mine.json"
    save(load(example("twenty-updates").path), path)
    return path


def run(window, qtbot):
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")


def edit_a_weight(window):
    name = window.document.state.network.outputs[0]
    source = window.document.state.network.names(len(window.document.state.network.layers) - 1)[0]
    set_number(window, address_named(window, name, source), "9")


def no_question(window):
    """Tell that nothing was asked: a question would still stand there."""
    return QApplication.activeModalWidget() is None


def test_an_example_is_left_without_a_question_after_a_run(begin, qtbot):
    window = begin()
    window.files.open_example("twenty-updates")
    run(window, qtbot)
    assert window.main_window.isWindowModified()
    window.files.open_example("xor")
    assert no_question(window)
    assert window.document.state == load(example("xor").path)


def test_an_example_of_another_structure_that_was_trained_is_asked_about(begin, answer, qtbot):
    window = begin()
    window.document.edit("add a node", structure.add_node, 1)
    run(window, qtbot)
    trained = window.document.state
    answer(QMessageBox, choose("Cancel"))
    window.files.open_example("xor")
    assert window.document.state is trained


@pytest.mark.parametrize("after_a_run", [False, True])
def test_an_example_that_was_edited_by_hand_is_asked_about(begin, answer, qtbot, after_a_run):
    window, told = begin(), []
    window.files.open_example("twenty-updates")
    if after_a_run:
        run(window, qtbot)
    edit_a_weight(window)
    edited = window.document.state
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    done = "Set input_0 → output"
    assert told == [f"Save the changes to Twenty updates?Done last: {done}. What is not saved is lost."]
    assert window.document.state is edited


@pytest.mark.parametrize("after_a_run", [False, True])
def test_settings_of_an_example_that_were_changed_are_asked_about_as_those_of_a_file(
    begin, answer, qtbot, after_a_run
):
    window, told = begin(), []
    window.files.open_example("twenty-updates")
    field = window.training.fields.learning_rate
    field.setFocus()
    field.selectAll()
    write(field, "0.02")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert window.main_window.isWindowModified()
    if after_a_run:
        run(window, qtbot)
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    done = "Run of 20 updates" if after_a_run else "Change learning rate"
    assert told == [f"Save the changes to Twenty updates?Done last: {done}. What is not saved is lost."]
    assert window.document.state.training.learning_rate == 0.02
    choose_entry(window, "Undo")
    if after_a_run:
        choose_entry(window, "Undo")
    window.files.open_example("xor")
    assert no_question(window)


def test_a_run_of_an_example_by_other_settings_is_asked_about_also_where_these_are_as_before_again(
    begin, answer, qtbot
):
    window, told = begin(), []
    window.files.open_example("twenty-updates")
    training = window.document.state.training
    window.runner.set_training(replace(training, learning_rate=0.02))
    run(window, qtbot)
    window.runner.set_training(training)
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    assert len(told) == 1
    press(window, "Restart")
    run(window, qtbot)
    window.files.open_example("xor")
    assert no_question(window)


def test_a_run_of_ones_own_file_is_kept_without_a_question_and_redo_takes_it_up(begin, mine, qtbot):
    window = begin()
    window.files.open(mine)
    before = mine.read_bytes()
    run(window, qtbot)
    trained = window.document.state
    window.files.open_example("xor")
    assert no_question(window)
    assert mine.read_bytes() == before

    window.files.open(mine)
    assert status(window) == "Opened mine.json; a run of 20 updates from before is kept, and Redo takes it up"
    assert not window.main_window.isWindowModified()
    assert window.document.state == load(mine)
    choose_entry(window, "Redo")
    assert status(window) == "Done again: Run of 20 updates"
    assert window.document.state == trained
    assert window.document.state.run.history.points.tolist() == trained.run.history.points.tolist()
    assert window.training.timeline.maximum() == 20
    window.files.open_example("xor")  # it is as easily left again
    assert no_question(window)
    window.files.open(mine)
    assert "a run of 20 updates" in status(window)


def test_a_long_run_is_counted_alike_wherever_it_is_told(begin, mine, qtbot):
    window = begin()
    save(edits.set_training(load(mine), Training(1e-4, updates=1234)), mine)
    window.files.open(mine)
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    assert any(tip.startswith("Make 1,234 updates") for tip in tips)
    run(window, qtbot)
    assert status(window).startswith("1,234 updates: MSE")
    assert window.document.undo_text() == "Run of 1,234 updates"
    window.files.open_example("xor")
    window.files.open(mine)
    assert "; a run of 1,234 updates from before is kept" in status(window)
    choose_entry(window, "Redo")
    edit_a_weight(window)
    qtbot.waitUntil(lambda: "the run of 1,234 updates ended" in status(window))


def test_the_runs_before_are_kept_with_it(begin, mine, qtbot):
    window = begin()
    window.files.open(mine)
    run(window, qtbot)
    press(window, "Restart")
    window.runner.set_training(Training(learning_rate=0.02))
    run(window, qtbot)
    runs = window.document.state.runs
    assert len(runs) == 1
    window.files.open_example("xor")
    assert no_question(window)
    window.files.open(mine)
    assert window.document.state.runs == ()
    choose_entry(window, "Redo")
    assert window.document.state.runs == runs


def test_the_next_session_offers_it_too(begin, mine, qtbot, open_window):
    window = begin()
    window.files.open(mine)
    run(window, qtbot)
    trained = window.document.state
    window.main_window.close()
    assert no_question(window)
    later = begin()
    later.files.open(mine)
    choose_entry(later, "Redo")
    assert later.document.state == trained


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_what_is_no_kept_run_is_not_waited_for(begin, mine, tmp_path):
    (tmp_path / "data" / "runs").mkdir(parents=True)
    os.mkfifo(tmp_path / "data" / "runs" / f"{key_of(mine)}.run")
    window = begin()
    window.files.open(mine)
    assert window.document.path == mine
    assert not offered(window, "Redo").isEnabled()


def test_a_run_goes_on_from_the_one_that_was_saved(begin, mine, answer, qtbot):
    window = begin()
    window.files.open(mine)
    run(window, qtbot)
    assert window.files.save()
    run(window, qtbot)
    trained = window.document.state
    window.files.open_example("xor")
    window.files.open(mine)
    assert window.document.state.iteration == 20
    assert "a run of 20 updates" in status(window)
    choose_entry(window, "Redo")
    assert window.document.state == trained
    assert window.document.state.iteration == 40


@pytest.mark.parametrize(("rate", "kept"), [(None, "20 updates"), (0.0001, "1 update")])
def test_a_run_that_is_begun_again_does_not_replace_the_longer_one_that_goes_the_same_way(
    begin, mine, qtbot, rate, kept
):
    window = begin()
    window.files.open(mine)
    run(window, qtbot)
    window.files.open_example("xor")
    window.files.open(mine)
    if rate:
        window.runner.set_training(Training(rate))
    press(window, "One update")
    window.files.open_example("xor")
    assert no_question(window)
    window.files.open(mine)
    assert status(window) == f"Opened mine.json; a run of {kept} from before is kept, and Redo takes it up"


def test_earlier_runs_are_kept_with_a_run_that_is_begun_again(begin, mine, qtbot):
    window = begin()
    window.files.open(mine)
    usual = window.document.state.training
    run(window, qtbot)
    window.files.open_example("xor")
    window.files.open(mine)
    window.runner.set_training(replace(usual, learning_rate=0.0001))
    press(window, "One update")
    press(window, "Restart")
    window.runner.set_training(usual)
    press(window, "One update")
    (earlier,) = window.document.state.runs
    window.files.open_example("xor")
    assert no_question(window)
    window.files.open(mine)
    choose_entry(window, "Redo")
    assert window.document.state.runs == (earlier,)


def test_once_the_file_is_another_one_the_run_is_not_offered(begin, mine, qtbot):
    window = begin()
    window.files.open(mine)
    run(window, qtbot)
    window.files.open_example("xor")
    save(edits.set_weight(load(mine), 0, 0, 0, 7.0), mine)
    window.files.open(mine)
    assert status(window) == "Opened mine.json"
    assert not offered(window, "Redo").isEnabled() or not window.document.redo_text()


def test_what_was_edited_by_hand_in_ones_own_file_is_asked_about(begin, mine, answer, qtbot):
    window, told = begin(), []
    window.files.open(mine)
    run(window, qtbot)
    edit_a_weight(window)

    def discard(box):
        told.append(box.text() + box.informativeText())
        QTest.keyClick(box, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)

    answer(QMessageBox, discard)
    window.files.open_example("xor")
    done = "Set input_0 → output"
    assert told == [f"Save the changes to Twenty updates?Done last: {done}. What is not saved is lost."]


def test_settings_of_ones_own_file_are_asked_about_unless_they_are_kept_with_a_run(
    begin, mine, answer, qtbot
):
    window, told = begin(), []
    window.files.open(mine)
    window.runner.set_training(Training(0.02))
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    assert len(told) == 1
    run(window, qtbot)
    window.files.open_example("xor")
    window.files.open(mine)
    choose_entry(window, "Redo")
    assert window.document.state.training.learning_rate == 0.02


def test_where_the_run_cannot_be_kept_it_is_asked_about(begin, mine, answer, qtbot, tmp_path):
    window, told = begin(), []
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "runs").write_text("no folder")
    window.files.open(mine)
    run(window, qtbot)
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    assert len(told) == 1


def test_a_file_that_cannot_be_opened_is_told_before_anything_is_asked(begin, answer, qtbot, tmp_path):
    window, told = begin(), []
    edit_a_weight(window)
    (tmp_path / "x.xyz").write_bytes(b"rubbish")
    answer(QMessageBox, choose("OK", told))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "x.xyz"))])
    drag_over(window.main_window, data)
    let_go(window.main_window, data)
    qtbot.waitUntil(lambda: bool(told) and no_question(window))
    assert told[0].startswith("x.xyz was not opened: ")
    answer(QFileDialog, type_name(tmp_path / "x.xyz"))
    answer(QMessageBox, choose("OK", told))
    choose_entry(window, "Open…")
    assert len(told) == 2


def test_an_undo_beyond_what_was_saved_and_work_that_was_recovered_are_told_as_what_they_are(
    begin, mine, answer
):
    window, told = begin(), []
    window.files.open(mine)
    press(window, "Add row")
    choose_entry(window, "Save")
    choose_entry(window, "Undo")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    window.document.recover(window.document.state, mine, b"")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    asked = "Save the changes to Twenty updates?"
    lost = "What is not saved is lost."
    assert told == [f"{asked}Undone last: Add a row. {lost}", f"{asked}{lost}"]
