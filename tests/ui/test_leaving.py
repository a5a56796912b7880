"""Leaving a network, and what others do to its file: nnviz asks where work would be lost, and loses none."""

import pytest
import shiboken6
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QToolButton

from nnviz.core import edits
from nnviz.core.state import Training
from nnviz.files.examples import example
from nnviz.files.registry import load, read, save
from nnviz.ui.window.session import begin, protect_work
from nnviz.ui.window.window import MainWindow
from tests.core.oracle import set_weight
from tests.ui import hands
from tests.ui.hands import address_named, choose, choose_entry, press, set_number
from tests.ui.sees import at_work, status
from tests.ui.stories import WEIGHT, Stories, come_back, facts, first_weight

LEFT = Qt.MouseButton.LeftButton
TWENTY = load(example("twenty-updates").path)


@pytest.fixture
def start(open_window, tmp_path):
    """Return a function that opens a window on `relu` with copies of its work in a folder, as nnviz does."""
    begun = []

    def open_it():
        window = open_window("relu")
        begun.append(protect_work(window, tmp_path / "data"))
        return window

    yield open_it
    for kept in begun:
        kept.close()


@pytest.fixture
def stories(start, answer, qtbot, tmp_path):
    """Stories in a window with copies of its work in a folder."""
    return Stories(start(), answer, qtbot, tmp_path)


SILENT = "run", "rate 0.02, run, rate 0.01, restart, run"
CHANGED = "mine 9", "run, mine 9", "rate 0.02", "rate 0.02, run", "rate 0.02, run, rate 0.01", "node, run"


def test_a_trained_example_is_left_without_a_question_and_a_changed_one_is_not(stories, approved):
    for deeds in SILENT:
        approved(f"left | {deeds}", stories.told(f"example twenty-updates, {deeds}, example xor"))
    for deeds in CHANGED:
        leaves = "example xor: Cancel, undo all, example xor"
        approved(f"left | {deeds}", stories.told(f"example twenty-updates, {deeds}, {leaves}"))


def test_a_long_run_is_counted_alike_everywhere(stories, approved):
    files = {"long.json": edits.set_training(TWENTY, Training(1e-4, updates=1234))}
    approved("a long run", stories.told("run, mine 9, undo", files))
    window = stories.window
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    assert any(tip.startswith("Make 1,234 updates") for tip in tips)
    assert window.document.undo_text() == "Run of 1,234 updates"


OWN = """
run, example xor: Cancel, save, example xor
run, mine 9, example xor: Discard
rate 0.02, example xor: Cancel, run, example xor: Save
row, save, undo, example xor: Cancel
recover, example xor: Cancel
mine 9, theirs 7, open: Cancel
"""


def test_changes_and_runs_of_ones_own_file_are_asked_about(stories, approved):
    files = {"mine.json": TWENTY}
    for story in OWN.strip().splitlines():
        approved(f"changed | {story}", stories.told(story, files))


def restores_a_run(window):
    """Return whether the status bar says that Undo restores a run."""
    return facts(window).endswith(" · Undo restores the run")


def test_an_edit_that_ends_a_run_says_so_until_the_next_one(qtbot, open_window):
    window = open_window("twenty-updates")
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    assert not restores_a_run(window)
    set_number(window, WEIGHT, "1")
    assert restores_a_run(window)
    choose_entry(window, "Undo")
    assert window.document.state.iteration == 20
    assert not restores_a_run(window)
    hands.drag(window.diagram, hands.point(window, WEIGHT), 60)
    assert restores_a_run(window)
    set_number(window, WEIGHT, "7")
    assert not restores_a_run(window)
    choose_entry(window, "Undo")
    choose_entry(window, "Undo")
    (add,) = [b for b in window.diagram.findChildren(QToolButton) if b.accessibleName() == "Add an input"]
    QTest.mouseClick(add, LEFT)
    assert restores_a_run(window)
    choose_entry(window, "Undo")

    window.history.load()
    card = hands.bring(window, "Explain")
    window.document.select(WEIGHT)
    window.desk.frames.show_pending()
    qtbot.waitUntil(lambda: not card.view.work.busy and card.plot is not None)
    middle = card.view.plane.viewport().rect().center()
    for way, restores in (
        (QPoint(60, -20), True),
        (QPoint(-40, -20), False),
    ):  # then one Ctrl+Z more is needed
        QTest.mouseClick(card.view.plane.viewport(), LEFT, pos=middle + way)
        assert restores_a_run(window) == restores
        qtbot.waitUntil(lambda: not card.view.work.busy)
    for _ in range(3):  # the run too
        choose_entry(window, "Undo")
    assert status(window).startswith("Undone: ")
    assert not restores_a_run(window)


# --- what others do to the open file


@pytest.fixture
def path(tmp_path):
    """A file that holds the network of `relu`."""
    save(load(example("relu").path), tmp_path / "a.json")
    return tmp_path / "a.json"


@pytest.fixture
def window(start, path):
    """A window that has opened the file."""
    window = start()
    window.files.open(path)
    return window


def anew(window, path, theirs=7.0):
    """Open a file as it was at first, and save another first weight as theirs."""
    before = load(example("relu").path)
    window.document.start(before)
    save(before, path)
    window.files.open(path)
    save_theirs(path, theirs)


def save_theirs(path, weight=7.0):
    """Save another first weight, as another program does."""
    save(set_weight(load(path), 0, 0, 0, weight), path)


def test_the_wait_for_the_end_of_a_click_ends_with_its_window(settings, path):
    main_window = MainWindow(settings)
    window = begin(main_window, settings, path)
    kept = protect_work(window, path.parent / "data")
    main_window.show()
    QTest.mousePress(main_window.windowHandle(), LEFT)
    come_back(window)
    QTest.mouseRelease(main_window.windowHandle(), LEFT)
    kept.close()
    main_window.close()
    shiboken6.delete(main_window)
    assert at_work() == []


def test_a_closed_window_asks_nothing_about_its_file(window, answer, path):
    save_theirs(path)
    told = []
    answer(QMessageBox, choose("Cancel", told))
    window.main_window.close()
    come_back(window)
    assert told == []
    window.main_window.show()
    come_back(window)
    assert len(told) == 1


def test_a_change_while_the_file_is_read_at_the_start_is_noticed(settings, answer, path, monkeypatch):
    def read_meanwhile(source):
        save_theirs(path)
        return read(source)

    monkeypatch.setattr("nnviz.document.document.read", read_meanwhile)
    main_window = MainWindow(settings)
    window = begin(main_window, settings, path)
    window.document.edit("a weight", set_weight, 0, 0, 0, 9.0)
    told = []
    answer(QMessageBox, choose("Cancel", told))
    choose_entry(window, "Save")
    assert told[0].startswith("Another program or window changed a.json")
    assert first_weight(path) == 7.0
    window.files.asks = False
    main_window.close()
    main_window.deleteLater()


THEIRS = """
mine 9, theirs 7, save: Keep mine
mine 9, theirs 7, save: Take theirs, undo, save
mine 9, theirs 7, save: Save as… + b.json
mine 9, theirs 7, save: Cancel, save: Cancel, come back
theirs 7, come back: Keep mine, come back, save, come back, touch, come back
theirs 7, come back: Take theirs, come back
mine 9, theirs 7, close: Save + Take theirs
damage, come back: Take theirs + OK
remove, save
"""
IN_PART = "row, mine 9, theirs 7, save: Save anyway + Cancel, save: Save anyway + Keep mine, come back"


def test_where_somebody_else_has_saved_a_person_is_asked_once_and_both_are_kept(stories, approved):
    state = load(example("relu").path)
    for story in THEIRS.strip().splitlines():
        approved(f"theirs | {story}", stories.told(story, {"a.json": state}))
    dictionary = '{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}'
    approved("theirs | a file that keeps a part of mine", stories.told(IN_PART, {"w.py": dictionary}))


def test_nothing_is_asked_during_a_click_a_menu_or_a_run(window, answer, path, qtbot):
    found = []

    def look(box):
        found.append((QApplication.mouseButtons(), window.runner.running))
        choose("Cancel")(box)

    def is_answered(times):
        return len(found) == times and QApplication.activeModalWidget() is None

    save_theirs(path)
    number = address_named(window, "node_0", window.document.state.network.inputs[0])
    handle = window.main_window.windowHandle()
    at = window.diagram.mapTo(window.main_window, hands.point(window, number))
    answer(QMessageBox, look)
    QTest.mousePress(handle, LEFT, pos=at)
    come_back(window)
    QTest.mouseRelease(handle, LEFT, pos=at)
    qtbot.waitUntil(lambda: is_answered(1))
    assert hands.editor_of(window).text() == "2"
    QTest.keyClick(hands.editor_of(window), Qt.Key.Key_Escape)

    anew(window, path, theirs=6.0)
    answer(QMessageBox, look)
    menu = window.main_window.menuBar().actions()[0].menu()
    menu.popup(window.main_window.mapToGlobal(QPoint(0, 0)))
    come_back(window)
    assert (menu.isVisible(), len(found)) == (True, 1)
    menu.close()
    qtbot.waitUntil(lambda: is_answered(2))

    anew(window, path)
    window.runner.speed = 0.2
    window.runner.run()
    answer(QMessageBox, look)
    come_back(window)
    assert found == [(Qt.MouseButton.NoButton, False)] * 3

    anew(window, path)
    set_number(window, number, "8", key=None)
    answer(QMessageBox, choose("Take theirs"))
    come_back(window)
    assert not window.diagram.session.open, "what was typed over mine is not typed over theirs"
    assert first_weight(window) == 7.0


@pytest.mark.fonts
def test_an_odd_name_is_told_in_one_line_in_a_box_that_is_no_wider_than_the_window(window, answer, path):
    odd = path.with_name(f"first\nsecond{'W' * 200}end.json")
    save(load(path), odd)
    window.files.open(odd)
    assert "\n" not in status(window) + window.main_window.windowTitle()
    save_theirs(odd)
    told = []

    def look(box):
        told.append((box.text(), box.informativeText(), box.width()))
        choose("Keep mine")(box)

    answer(QMessageBox, look)
    come_back(window)
    ((question, how, width),) = told
    assert question.startswith("Another program or window changed first\\nsecondWW")
    assert "WWend.json after this window opened or saved it." in question
    assert "WWend.json~ keeps a copy of their version." in how
    assert width < window.main_window.width()
    assert status(window).endswith("WWend.json~")
