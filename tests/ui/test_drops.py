"""What is dropped: a file opens wherever it is, anything else is refused, and Qt has nothing to warn of."""

import os

import PySide6
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QApplication, QMessageBox, QTabBar, QWidget

from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import choose, drag_away, drag_over, let_go, press, shown
from tests.ui.sees import status


@pytest.fixture
def window(open_window, qtbot):
    """A window whose every panel has been shown, with the finder and the notes' field open."""
    window = open_window("relu")
    for bar in window.main_window.findChildren(QTabBar):
        for k in reversed(range(bar.count())):
            bar.setCurrentIndex(k)
            QApplication.processEvents()
    press(window, "Notes")
    press(window, "Edit")
    window.finder.open()
    return window


def files(*paths):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return data


def text(what):
    data = QMimeData()
    data.setText(what)
    return data


def links(*addresses):
    data = QMimeData()
    data.setUrls([QUrl(address) for address in addresses])
    return data


def all_in(window):
    """Return every widget that the mouse can be over."""
    return [
        own
        for own in window.main_window.findChildren(QWidget)
        if own.isVisible() and own.window() is window.main_window
    ]


def is_taken(widget, data):
    """Tell whether it, or what it stands in, would take what is dragged over a widget, and drag it away."""
    drag_away(widget)  # a drag that it never took
    taken = drag_over(widget, data)
    drag_away(widget)
    return taken


def drop(widget, data):
    drag_over(widget, data)
    let_go(widget, data)


def test_a_file_opens_wherever_it_is_dropped(window, qtbot):
    dropped, widgets = [], all_in(window)
    window.main_window.dropped.disconnect()
    window.main_window.dropped.connect(dropped.append)
    for widget in widgets:
        drop(widget, files(example("xor").path))
    qtbot.waitUntil(lambda: len(dropped) == len(widgets))


def test_a_file_that_could_be_moved_is_taken_as_a_copy(window, tmp_path):
    actions, place = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, window.main_window.rect().center()
    at = QPointF(place) if PySide6.__version_info__ >= (6, 12) else place
    data, no_keys = files(tmp_path / "rows.csv"), Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(at, actions, data, Qt.MouseButton.LeftButton, no_keys)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(window.main_window, event)
    assert event.isAccepted()
    assert event.dropAction() == Qt.DropAction.CopyAction
    drag_away(window.main_window)


def test_a_courses_code_opens_where_it_is_dropped(window, qtbot, tmp_path):
    weights = "{'node_0': np.array([2, 4]), 'output': np.array([2])}"
    code = f"input_data = np.array([3, 5])\nweights = {weights}\nprint(input_data)\n"
    (tmp_path / "notes.py").write_text(code)
    drop(window.main_window, files(tmp_path / "notes.py"))
    qtbot.waitUntil(lambda: status(window).startswith("Opened notes.py"))
    assert "identity" in status(window)  # the code has no relu
    assert shown(window, "value", "output") == "52"


def test_the_first_of_many_files_opens(window, qtbot, tmp_path):
    drop(window.main_window, files(example("xor").path, *(tmp_path / str(k) for k in range(1000))))
    qtbot.waitUntil(lambda: window.document.state == load(example("xor").path))


def test_anything_else_is_refused_but_text_for_the_notes(window, qtlog):
    field = window.notes.field
    for data in (text("3"), text("x" * 10**6)):
        assert {widget for widget in all_in(window) if is_taken(widget, data)} == {field.viewport()}
    for data in (links("https://example.org/x.json"), links(""), QMimeData(), files()):
        assert not any(is_taken(widget, data) for widget in all_in(window)), data.urls()
    assert [each.message for each in qtlog.records if "drag" in each.message] == []


@pytest.mark.parametrize("kind", ["a folder", "nothing", "rubbish", "a fifo"])
def test_what_cannot_be_opened_is_told(window, answer, qtbot, tmp_path, kind):
    path, told = tmp_path / "x.json", []
    if kind == "a folder":
        path.mkdir()
    elif kind == "rubbish":
        path.write_bytes(bytes(range(256)))
    elif kind == "a fifo":
        os.mkfifo(path)
    before = window.document.state
    answer(QMessageBox, choose("OK", told))
    drop(window.main_window, files(path))
    qtbot.waitUntil(lambda: bool(told) and QApplication.activeModalWidget() is None)
    assert told[0].startswith("x.json was not opened: ")
    assert status(window) == told[0]
    assert window.document.state is before
