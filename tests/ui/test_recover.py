"""After a crash the window offers the unsaved work that was left behind."""

import os
from datetime import date, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QTableWidget

from nnviz.core import edits
from nnviz.document.leftovers import claimed
from nnviz.document.recovery import holds
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.snapshot import About, parts, sealed
from nnviz.ui.window.recover import RecoverDialog
from nnviz.ui.window.session import Kept
from tests.ui.hands import choose, press_button
from tests.ui.sees import status


@pytest.fixture
def data(tmp_path):
    """The folder for what nnviz keeps."""
    (tmp_path / "recovery").mkdir()
    return tmp_path


@pytest.fixture
def crashed(data):
    """Return a function that leaves the copy of a program that no longer runs: a weight of `relu` was 9."""

    def leave(name="mine", path=None):
        state = edits.set_weight(load(example("relu").path), 0, 0, 0, 9.0)
        about = About(state.name, holds(state), path, b"")
        copy = data / "recovery" / f"{name}.copy"
        copy.write_bytes(b"".join(sealed(parts(state, about))))
        return copy

    return leave


@pytest.fixture
def begin(open_window, data):
    """Return a function that opens a window on `relu` which keeps its work in `data`."""
    begun = []

    def open_it():
        window = open_window("relu")
        begun.append(Kept(window, data))
        return window

    yield open_it
    for kept in begun:
        kept.close()


def left(data):
    """Return how many copies another window would be offered."""
    found, _ = claimed(data / "recovery")
    for leftover in found:
        leftover.release()
    return len(found)


def listed(dialog):
    """Return what the dialog's list says of each: its time, its name, what it holds."""
    entries = dialog.findChild(QTableWidget)
    return [[entries.item(row, k).text() for k in range(3)] for row in range(entries.rowCount())]


def test_recovered_work_opens_as_unsaved_changes_to_its_file(begin, answer, crashed, tmp_path, qtbot):
    crashed(path=tmp_path / "mine.json")
    answer(RecoverDialog, press_button("Recover"))
    window = begin()
    qtbot.waitUntil(lambda: status(window) == "Recovered mine.json: 2-2-1 network, 1 row")
    assert window.document.state.network.layers[0].weights[0, 0] == 9.0
    assert window.document.path == tmp_path / "mine.json"
    assert window.main_window.isWindowModified()


def test_each_is_listed_with_its_name_its_time_and_what_it_holds(
    begin, answer, crashed, tmp_path, qtbot, data
):
    crashed("a", path=tmp_path / "mine.json")
    crashed("b")
    told = []

    def look(dialog):
        told.extend(listed(dialog))
        told.extend(label.text() for label in dialog.findChildren(QLabel))
        press_button("Later")(dialog)

    answer(RecoverDialog, look)
    window = begin()
    qtbot.waitUntil(lambda: len(told) == 4)
    names = {name for _, name, _ in told[:2]}
    assert names == {f"{window.document.state.name}, never saved", "mine.json"}
    assert all(holds == "2-2-1 network, 1 row" for _, _, holds in told[:2])
    assert told[3].endswith("The others are offered again at the next start.")
    qtbot.waitUntil(lambda: left(data) == 2)


def test_a_network_without_a_file_is_recovered_as_one(begin, answer, crashed, qtbot):
    crashed()
    answer(RecoverDialog, press_button("Recover"))
    window = begin()
    qtbot.waitUntil(lambda: status(window).endswith(", never saved: 2-2-1 network, 1 row"))
    assert window.document.path is None


def test_discarded_work_is_not_offered_again_and_the_others_wait(begin, answer, crashed, qtbot, data):
    crashed("a")
    crashed("b")
    counts, told = [], []

    def discard_one(dialog):
        press_button("Discard")(dialog)  # answered with Cancel
        counts.append(len(listed(dialog)))
        press_button("Discard")(dialog)
        counts.append(len(listed(dialog)))
        press_button("Later")(dialog)

    answer(RecoverDialog, discard_one)
    answer(QMessageBox, choose("Cancel", told))
    answer(QMessageBox, choose("Discard", told))
    window = begin()
    qtbot.waitUntil(lambda: counts == [2, 1])
    name, kept = told[0].removeprefix("Discard ").split(", never saved, kept at ")
    assert name == window.document.title
    assert kept.endswith("?Nothing brings it back.")
    qtbot.waitUntil(lambda: left(data) == 1)
    assert not window.document.modified


def test_when_the_last_one_is_discarded_nothing_is_asked_any_more(begin, answer, crashed, qtbot, data):
    crashed()
    answer(RecoverDialog, press_button("Discard"))
    answer(QMessageBox, choose("Discard"))
    begin()
    qtbot.waitUntil(lambda: not list((data / "recovery").iterdir()))


def test_the_one_that_is_selected_is_recovered_and_the_other_waits(
    begin, answer, crashed, tmp_path, qtbot, data
):
    crashed("a", path=tmp_path / "a.json")
    crashed("b", path=tmp_path / "b.json")
    chosen = []

    def second(dialog):
        entries = dialog.findChild(QTableWidget)
        entries.setFocus()
        QTest.keySequence(entries, "Down")
        chosen.append(listed(dialog)[1][1])
        press_button("Recover")(dialog)

    answer(RecoverDialog, second)
    window = begin()
    qtbot.waitUntil(lambda: bool(chosen) and status(window).startswith(f"Recovered {chosen[0]}"))
    assert window.document.path.name == chosen[0]
    assert left(data) == 1


def test_a_damaged_copy_is_said_and_an_older_good_one_is_offered(begin, answer, crashed, qtbot, data):
    crashed("good")
    crashed("bad").write_bytes(b"half a co")
    answer(RecoverDialog, press_button("Later"))
    window = begin()
    kept = data / "recovery" / "bad.damaged"
    qtbot.waitUntil(lambda: status(window).endswith(f"it is kept as {kept.name} in {kept.parent}"))
    assert kept.read_bytes() == b"half a co"
    assert left(data) == 1


def test_while_one_window_asks_no_other_one_does(begin, answer, crashed, qtbot, data):
    crashed()
    offered_elsewhere = []

    def meanwhile(dialog):
        offered_elsewhere.append(left(data))
        press_button("Later")(dialog)

    answer(RecoverDialog, meanwhile)
    begin()
    qtbot.waitUntil(lambda: offered_elsewhere == [0])
    qtbot.waitUntil(lambda: left(data) == 1)


@pytest.mark.parametrize(
    ("kept", "said"),
    [((3, 4, 5, 6, 7), "05:06:07 on 4 March"), ((11, 30, 14, 32), "14:32:00 on 30 November")],
)
def test_the_time_says_the_year_where_it_is_not_this_one(begin, answer, crashed, qtbot, kept, said):
    this, told = date.today().year, []
    for name, year in (("new", this), ("old", this - 1)):
        written = datetime(year, *kept).timestamp()
        os.utime(crashed(name), (written, written))

    def look(dialog):
        told.extend(time for time, _, _ in listed(dialog))
        press_button("Later")(dialog)

    answer(RecoverDialog, look)
    begin()
    qtbot.waitUntil(lambda: bool(told))
    assert sorted(told) == [said, f"{said} {this - 1}"]


def test_the_list_is_as_high_as_what_it_lists_and_never_scrolls_sideways(
    begin, answer, crashed, qtbot, tmp_path
):
    crashed(path=tmp_path / f"{'W' * 240}.json")
    seen = []

    def look(dialog):
        entries = dialog.findChild(QTableWidget)
        seen.append(entries.viewport().height() - entries.rowHeight(0))
        seen.append(entries.horizontalHeader().length() - entries.viewport().width())
        seen.append([own.text() for own in dialog.findChildren(QPushButton) if own.isDefault()])
        QTest.keyClick(entries, Qt.Key.Key_Return)

    answer(RecoverDialog, look)
    window = begin()
    qtbot.waitUntil(lambda: status(window).startswith("Recovered WWW"))
    assert seen == [0, 0, ["&Recover"]]


def test_nothing_is_asked_where_nothing_was_left(begin):
    window = begin()
    QApplication.processEvents()  # among them the look for what was left
    assert QApplication.activeModalWidget() is None
    assert not window.document.modified
