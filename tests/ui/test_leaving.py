"""Leaving a network: nnviz asks where work would be lost, and keeps a run without a question."""

import os
import sys
from dataclasses import replace

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QPushButton

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.run import Training
from nnviz.document.presence import key_of
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.ui.window.session import Kept
from tests.ui import hands
from tests.ui.hands import address_named, choose, choose_entry, press, set_number, type_name, write
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
    """Return a function that makes a file of the user's own."""

    def make(name="mine", training=None):
        state = load(example("twenty-updates").path)
        save(edits.set_training(state, training) if training else state, tmp_path / f"{name}.json")
        return tmp_path / f"{name}.json"

    return make


@pytest.fixture
def run(qtbot):
    """Return a function that trains to the end of a run."""

    def train(window):
        window.runner.speed = 1.0
        with qtbot.waitSignal(window.runner.run_ended):
            press(window, "Run")

    return train


def edit_a_weight(window):
    name = window.document.state.network.outputs[0]
    source = window.document.state.network.names(len(window.document.state.network.layers) - 1)[0]
    set_number(window, address_named(window, name, source), "9")


def type_rate(window, rate="0.02"):
    field = window.training.fields.learning_rate
    field.setFocus()
    field.selectAll()
    write(field, rate)
    QTest.keyClick(field, Qt.Key.Key_Return)


def add_a_node(window):
    window.document.edit("add a node", structure.add_node, 1)


def another_and_back(window, path):
    """Open an example, which asks nothing, and then the file again."""
    window.files.open_example("xor")
    assert window.document.state == load(example("xor").path)
    window.files.open(path)


def test_a_trained_example_is_left_without_a_question_and_a_changed_one_is_not(begin, answer, run, approved):
    window, told = begin(), []

    def usual_rate(window):
        window.runner.set_training(load(example("twenty-updates").path).training)

    def restart(window):
        press(window, "Restart")

    silent = [run], [type_rate, run, usual_rate, restart, run]
    for deeds in (
        *silent,
        [edit_a_weight],
        [run, edit_a_weight],
        [type_rate],
        [type_rate, run],
        [type_rate, run, usual_rate],
        [add_a_node, run],
    ):
        window.files.open_example("twenty-updates")
        for deed in deeds:
            deed(window)
        assert window.main_window.isWindowModified()
        changed = window.document.state
        if deeds not in silent:
            answer(QMessageBox, choose("Cancel", told))
            window.files.open_example("xor")
            assert window.document.state is changed
            while window.document.undo_text():
                choose_entry(window, "Undo")
        window.files.open_example("xor")
        assert window.document.state == load(example("xor").path)
    approved("an example is left after changes and runs", "\n".join(told))


def test_a_run_of_ones_own_file_is_kept_redo_takes_it_up_and_its_updates_are_told(
    begin, mine, run, approved, qtbot
):
    window, path = begin(), mine()
    window.files.open(path)
    before = path.read_bytes()
    run(window)
    trained = window.document.state
    another_and_back(window, path)
    assert path.read_bytes() == before
    approved("a file opens of which a run is kept", status(window))
    for _ in range(2):
        assert not window.main_window.isWindowModified()
        assert window.document.state == load(path)
        choose_entry(window, "Redo")
        assert status(window) == "Done again: Run of 20 updates"
        assert window.document.state == trained
        history = window.document.state.run.history.points
        assert history.tolist() == trained.run.history.points.tolist()
        assert window.training.timeline.maximum() == 20
        another_and_back(window, path)  # it is as easily left again
        assert "a run of 20 updates" in status(window)
    window.main_window.close()
    later = begin()
    later.files.open(path)
    choose_entry(later, "Redo")
    assert later.document.state == trained

    window, path = later, mine("long", Training(1e-4, updates=1234))
    window.files.open(path)
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    assert any(tip.startswith("Make 1,234 updates") for tip in tips)
    run(window)
    assert status(window).startswith("1,234 updates: MSE")
    assert window.document.undo_text() == "Run of 1,234 updates"
    another_and_back(window, path)
    assert "; a run of 1,234 updates from before is kept" in status(window)
    choose_entry(window, "Redo")
    edit_a_weight(window)
    qtbot.waitUntil(lambda: "the run of 1,234 updates ended" in status(window))


def test_a_run_is_kept_with_those_before_it_until_another_way_or_another_file(begin, mine, run, tmp_path):
    window, path = begin(), mine()
    window.files.open(path)
    run(window)
    press(window, "Restart")
    window.runner.set_training(Training(learning_rate=0.02))
    run(window)
    runs = window.document.state.runs
    assert len(runs) == 1
    another_and_back(window, path)
    assert window.document.state.runs == ()
    choose_entry(window, "Redo")
    assert window.document.state.runs == runs

    window.files.open_example("xor")
    window.files.open(path := mine("saved"))
    run(window)
    assert window.files.save()
    run(window)
    trained = window.document.state
    another_and_back(window, path)
    assert window.document.state.iteration == 20
    assert "a run of 20 updates" in status(window)
    choose_entry(window, "Redo")
    assert (window.document.state, window.document.state.iteration) == (trained, 40)

    window.files.open_example("xor")
    usual = load(mine()).training
    for rate, kept in ((None, "20 updates"), (0.0001, "1 update")):
        window.files.open(path := mine(kept))
        run(window)
        another_and_back(window, path)
        if rate:
            window.runner.set_training(Training(rate))
        press(window, "One update")
        another_and_back(window, path)
        assert f"; a run of {kept} from before is kept" in status(window)
    window.files.open_example("xor")
    window.files.open(path := mine("another"))
    run(window)
    another_and_back(window, path)
    window.runner.set_training(replace(usual, learning_rate=0.0001))
    press(window, "One update")
    press(window, "Restart")
    window.runner.set_training(usual)
    press(window, "One update")
    (earlier,) = window.document.state.runs
    another_and_back(window, path)
    choose_entry(window, "Redo")
    assert window.document.state.runs == (earlier,)

    window.files.open_example("xor")
    path = mine()
    window.files.open(path)
    run(window)
    window.files.open_example("xor")
    save(edits.set_weight(load(path), 0, 0, 0, 7.0), path)
    window.files.open(path)
    assert status(window) == "Opened mine.json"
    assert not window.document.redo_text()
    other = mine("piped")
    if sys.platform == "win32":
        return  # which has no named pipes of this kind
    os.mkfifo(tmp_path / "data" / "runs" / f"{key_of(other)}.run")
    window.files.open(other)
    assert window.document.path == other
    assert not offered(window, "Redo").isEnabled()


def test_changes_of_ones_own_file_are_asked_about_unless_a_kept_run_holds_them(
    begin, mine, answer, run, approved, tmp_path
):
    window, path, told = begin(), mine(), []
    window.files.open(path)
    run(window)
    edit_a_weight(window)

    def discard(box):
        told.append(f"edited by hand: {box.text()}{box.informativeText()}")
        QTest.keyClick(box, Qt.Key.Key_D, Qt.KeyboardModifier.AltModifier)

    answer(QMessageBox, discard)
    window.files.open_example("xor")
    window.files.open(path := mine("settings"))
    window.runner.set_training(Training(0.02))
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    run(window)
    another_and_back(window, path)
    choose_entry(window, "Redo")
    assert window.document.state.training.learning_rate == 0.02
    window.files.open_example("xor")

    window.files.open(mine("undone"))
    press(window, "Add row")
    choose_entry(window, "Save")
    choose_entry(window, "Undo")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    window.document.recover(window.document.state, path, b"")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")

    answer(QMessageBox, choose("Discard"))
    window.files.open_example("xor")
    for kept in (tmp_path / "data" / "runs").iterdir():
        kept.unlink()
    (tmp_path / "data" / "runs").rmdir()
    (tmp_path / "data" / "runs").write_text("no folder")
    window.files.open(mine("unkept"))
    run(window)
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    approved(
        "edits, settings, undo beyond a save, recovered work and a run that cannot be kept", "\n".join(told)
    )


def test_a_file_that_cannot_be_opened_is_told_before_anything_is_asked(begin, answer, qtbot, tmp_path):
    window, told = begin(), []
    edit_a_weight(window)
    (tmp_path / "x.xyz").write_bytes(b"rubbish")
    answer(QMessageBox, choose("OK", told))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "x.xyz"))])
    hands.drag_over(window.main_window, data)
    hands.let_go(window.main_window, data)
    qtbot.waitUntil(lambda: bool(told) and QApplication.activeModalWidget() is None)
    answer(QFileDialog, type_name(tmp_path / "x.xyz"))
    answer(QMessageBox, choose("OK", told))
    choose_entry(window, "Open…")
    assert [text[:22] for text in told] == ["x.xyz was not opened: "] * 2


ENDED = "; the run of 20 updates ended; Ctrl+Z brings it back"


def test_an_edit_that_ends_a_run_says_so_until_the_next_one(qtbot, open_window, run):
    window, weight = open_window("twenty-updates"), Address("weight", 0, 0, 0)
    run(window)
    set_number(window, weight, "1")
    qtbot.waitUntil(lambda: status(window).endswith(ENDED))
    assert status(window).startswith("input_0 → output")
    choose_entry(window, "Undo")
    assert window.document.state.iteration == 20
    assert ENDED not in status(window)
    hands.drag(window.diagram, hands.point(window, weight), 60)
    qtbot.waitUntil(lambda: status(window).endswith(ENDED))
    assert status(window).removesuffix(ENDED).endswith(hands.written(window, weight))
    set_number(window, weight, "7")
    qtbot.waitUntil(lambda: "ended" not in status(window))
    choose_entry(window, "Undo")
    choose_entry(window, "Undo")

    window.library.load()
    card = hands.bring(window, "1 weight")
    window.selection.select(weight)
    qtbot.waitUntil(lambda: not card.work.busy and card.plot is not None)
    middle = card.plane.viewport().rect().center()
    for way, ended in ((QPoint(60, -20), ENDED), (QPoint(-40, -20), "")):  # then one Ctrl+Z more is needed
        QTest.mouseClick(card.plane.viewport(), Qt.MouseButton.LeftButton, pos=middle + way)
        qtbot.waitUntil(lambda ended=ended: status(window) == f"Set input_0 → output{ended}")
        qtbot.waitUntil(lambda: not card.work.busy)
    for _ in range(3):  # the run too
        choose_entry(window, "Undo")
    QApplication.processEvents()  # what an edit says comes a moment later
    assert status(window).startswith("Undone: ")
    assert "ended" not in status(window)
