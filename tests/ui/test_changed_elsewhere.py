"""What others do to the open file: nnviz says so, and offers a choice in which nothing is lost."""

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from nnviz.core import edits
from nnviz.document.presence import Presence
from nnviz.files.examples import example
from nnviz.files.registry import load, read, save
from nnviz.ui.window import file_commands
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import Kept, begin
from tests.ui.hands import address_named, choose, choose_entry, editor_of, point, set_number, type_name
from tests.ui.sees import at_work, status

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def path(tmp_path):
    """A file that holds the network of `relu`."""
    save(load(example("relu").path), tmp_path / "a.json")
    return tmp_path / "a.json"


@pytest.fixture
def window(open_window, path, tmp_path):
    """A window that has opened the file."""
    window = open_window("relu")
    kept = Kept(window, tmp_path / "data")
    window.files.open(path)
    yield window
    kept.close()


def anew(window, path):
    """Open a file as it was at first; what was done to it is forgotten."""
    before = load(example("relu").path)
    window.document.start(before)
    save(before, path)
    window.files.open(path)


def first_weight(what):
    state = what.document.state if hasattr(what, "document") else load(what)
    return state.network.layers[0].weights[0, 0]


def save_theirs(path, weight=7.0):
    """Save another first weight, as another program does."""
    save(edits.set_weight(load(path), 0, 0, 0, weight), path)


def kept(path):
    """Return a name by which the version before can be loaded."""
    return path.with_name(f"{path.name}~").rename(path.with_name(f"theirs{path.suffix}"))


def edit(window, weight=9.0):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, weight), "a weight")


def come_back(window):
    """Give the window the focus, as somebody does who comes from another one."""
    QApplication.sendEvent(window.main_window, QEvent(QEvent.Type.WindowActivate))
    QApplication.processEvents()
    QTest.qWait(0)


def press_save(window):
    choose_entry(window, "Save")


def test_the_wait_for_the_end_of_a_click_ends_with_its_window(settings, path):
    main_window = MainWindow(settings)
    window = begin(main_window, settings, path)
    kept = Kept(window, path.parent / "data")
    main_window.show()
    QTest.mousePress(main_window.windowHandle(), LEFT)
    come_back(window)
    QTest.mouseRelease(main_window.windowHandle(), LEFT)
    kept.close()
    main_window.close()
    shiboken6.delete(main_window)
    assert at_work() == []


def test_a_change_while_the_file_is_read_at_the_start_is_noticed(settings, answer, path, monkeypatch):
    def read_meanwhile(source):
        save_theirs(path)
        return read(source)

    monkeypatch.setattr("nnviz.document.document.read", read_meanwhile)
    main_window = MainWindow(settings)
    window = begin(main_window, settings, path)
    edit(window)
    told = []
    answer(QMessageBox, choose("Cancel", told))
    press_save(window)
    assert told[0].startswith("a.json was changed by another program or window")
    assert first_weight(path) == 7.0
    window.files.asks = False
    main_window.close()
    main_window.deleteLater()


def test_a_save_over_somebody_elses_version_asks_and_keeps_both(window, answer, path, approved, monkeypatch):
    edit(window)
    save_theirs(path)
    told = []
    answer(QMessageBox, choose("Keep mine", told))
    press_save(window)
    approved("a save over somebody else's version", told[0])
    assert (first_weight(path), first_weight(kept(path))) == (9.0, 7.0)
    assert status(window) == "Saved a.json"
    assert not window.main_window.isWindowModified()

    anew(window, path)
    edit(window)
    save_theirs(path)
    answer(QMessageBox, choose("Take theirs"))
    press_save(window)
    assert first_weight(window) == first_weight(path) == 7.0
    assert not window.main_window.isWindowModified()
    approved("theirs is taken", status(window))
    choose_entry(window, "Undo")
    assert first_weight(window) == 9.0
    assert window.main_window.isWindowModified()
    press_save(window)  # nobody has changed it since
    assert first_weight(path) == 9.0

    anew(window, path)
    edit(window)
    save_theirs(path)
    answer(QMessageBox, choose("Save as…"))
    answer(QFileDialog, type_name(path.with_name("b.json")))
    press_save(window)
    assert (first_weight(path.with_name("b.json")), first_weight(path)) == (9.0, 7.0)

    anew(window, path)
    edit(window)
    save_theirs(path)
    for _ in range(2):
        answer(QMessageBox, choose("Cancel"))
        press_save(window)
    assert first_weight(path) == 7.0
    assert window.main_window.isWindowModified()
    monkeypatch.setattr(file_commands, "ask_whose", lambda *_: told.append("again"))
    come_back(window)
    assert len(told) == 1, "who has cancelled a save is not asked once more"


def test_who_comes_back_is_asked_once_also_where_a_file_keeps_a_part_of_mine(window, answer, path, approved):
    save_theirs(path)
    answer(QMessageBox, choose("Keep mine"))
    come_back(window)
    approved("mine is kept on coming back", status(window))
    assert window.main_window.isWindowModified()
    come_back(window)
    press_save(window)
    assert status(window) == "Saved a.json"
    assert first_weight(kept(path)) == 7.0
    come_back(window)  # what nnviz wrote itself is no news
    path.touch()
    come_back(window)
    assert status(window) == "Saved a.json"

    anew(window, path)
    save_theirs(path)
    answer(QMessageBox, choose("Take theirs"))
    come_back(window)
    assert first_weight(window) == 7.0
    assert not window.main_window.isWindowModified()
    come_back(window)

    anew(window, path)
    edit(window)
    save_theirs(path)
    answer(QMessageBox, choose("Save"))
    answer(QMessageBox, choose("Take theirs"))
    assert not window.main_window.close()
    assert first_weight(window) == 7.0

    anew(window, path)
    weights = path.with_name("w.py")
    weights.write_text('{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}')
    window.files.open(weights)
    edit(window)
    window.document.push(edits.add_row(window.document.state, None), "a row")
    weights.write_text('{"node_0": [7, 4], "node_1": [4, -5], "output": [2, 7]}')
    told = []
    answer(QMessageBox, choose("Write it anyway"))
    answer(QMessageBox, choose("Cancel", told))
    press_save(window)
    assert told[0].startswith("w.py was changed by another program or window")
    assert first_weight(weights) == 7.0
    answer(QMessageBox, choose("Write it anyway"))
    answer(QMessageBox, choose("Keep mine"))
    press_save(window)
    assert (first_weight(weights), first_weight(kept(weights))) == (9.0, 7.0)
    said = status(window)
    assert said.startswith("Written: w.py leaves out the rows")
    assert window.main_window.isWindowModified()
    come_back(window)  # what nnviz wrote itself is no news
    assert status(window) == said


def test_nothing_is_asked_during_a_click_a_menu_or_a_run_or_of_a_second_window(
    window, answer, path, qtbot, tmp_path
):
    found = []

    def look(box):
        found.append((QApplication.mouseButtons(), window.runner.running))
        choose("Cancel")(box)

    def is_answered():
        return bool(found) and QApplication.activeModalWidget() is None

    save_theirs(path)
    number = address_named(window, "node_0", window.document.state.network.inputs[0])
    handle = window.main_window.windowHandle()
    at = window.diagram.mapTo(window.main_window, point(window, number))
    answer(QMessageBox, look)
    QTest.mousePress(handle, LEFT, pos=at)
    come_back(window)
    QTest.mouseRelease(handle, LEFT, pos=at)
    qtbot.waitUntil(is_answered)
    assert editor_of(window).text() == "2"
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)

    anew(window, path)
    save_theirs(path, 6.0)
    answer(QMessageBox, look)
    menu = window.main_window.menuBar().actions()[0].menu()
    menu.popup(window.main_window.mapToGlobal(QPoint(0, 0)))
    come_back(window)
    assert (menu.isVisible(), len(found)) == (True, 1)
    menu.close()
    qtbot.waitUntil(lambda: len(found) == 2 and QApplication.activeModalWidget() is None)

    anew(window, path)
    window.runner.speed = 0.2
    window.runner.run()
    save_theirs(path)
    answer(QMessageBox, look)
    come_back(window)
    assert found == [(Qt.MouseButton.NoButton, False)] * 3

    anew(window, path)
    set_number(window, number, "8", key=None)
    save_theirs(path)
    answer(QMessageBox, choose("Take theirs"))
    come_back(window)
    assert not window.diagram.session.open, "what was typed over mine is not typed over theirs"
    assert first_weight(window) == 7.0

    anew(window, path)
    other = Presence(tmp_path / "data" / "open")
    other.move_to(path)
    assert other.others() == 1  # what the second one says at opening
    come_back(window)
    assert status(window) == "a.json is open in another window of nnviz too"
    window.status.say("")
    come_back(window)
    assert status(window) == ""
    window.files.open(path)
    qtbot.waitUntil(lambda: status(window) == "a.json is open in another window of nnviz too")
    other.leave()


@pytest.mark.fonts
def test_a_file_that_has_gone_cannot_be_read_or_has_an_odd_name_is_said(window, answer, path, approved):
    path.write_text("{")
    told = []
    answer(QMessageBox, choose("Take theirs"))
    answer(QMessageBox, choose("OK", told))
    before = window.document.state
    come_back(window)
    assert told[0].startswith("a.json was not taken: ")
    assert window.document.state is before
    assert window.main_window.isWindowModified()

    anew(window, path)
    path.unlink()
    come_back(window)
    approved("the file has gone", status(window))
    assert window.main_window.isWindowModified()
    press_save(window)
    assert status(window) == "Saved a.json"
    assert load(path) == window.document.state

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
    assert question.startswith("first\\nsecondWW")
    assert "WWend.json was changed by another program" in question
    assert "WWend.json~. Take theirs" in how
    assert width < window.main_window.width()
    assert status(window).endswith("WWend.json~")
