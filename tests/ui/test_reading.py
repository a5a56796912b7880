"""A long reading shows that it goes on, leaves the window alive, and can be stopped."""

import json
import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QProgressDialog

from nnviz.files.examples import example
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ui.hands import press_cancel
from tests.ui.sees import status

pytestmark = pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="a pipe has no name here")


@pytest.fixture
def pipe():
    """Return where a pipe ends, as a path, and a function that writes to it, and closes it."""
    end, start = os.pipe()
    open_ends = {end, start}

    def write(data):
        os.write(start, data)
        os.close(start)
        open_ends.remove(start)

    yield Path(f"/dev/fd/{end}"), write
    for each in open_ends:
        os.close(each)


@pytest.fixture
def window(open_window):
    return open_window("relu")


def test_a_file_that_does_not_come_can_be_given_up(window, answer, pipe):
    before, said = window.document.state, []
    answer(QProgressDialog, press_cancel(said))
    window.main_window.dropped.emit(pipe[0])
    assert said == [f"Reading {pipe[0].name}"]
    assert status(window) == f"{pipe[0].name} was not opened; all is as it was"
    assert window.document.state is before
    assert window.document.path is None


def test_a_file_that_comes_late_is_opened(window, answer, pipe):
    answer(QProgressDialog, lambda _dialog: pipe[1](example("xor").path.read_bytes()))
    window.main_window.dropped.emit(pipe[0])
    assert window.document.title == json.loads(example("xor").path.read_text("utf-8"))["name"]
    assert status(window).startswith("Opened ")


@pytest.mark.skipif(not os.path.isdir("/proc/self/root"), reason="a pipe has no long name here")
def test_a_long_name_leaves_cancel_on_the_screen(window, answer, tmp_path):
    path, found = tmp_path / f"{'W' * 245}.csv", []
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)  # so that it is open for writing too

    def look(dialog):
        found.append(dialog.width())
        press_cancel()(dialog)

    answer(QProgressDialog, look)
    window.files.tables.load(Path(f"/proc/self/fd/../root{path}"))
    os.close(end)
    assert found[0] < window.main_window.width()
    assert status(window).endswith("W.csv was not loaded; the rows are what they were")
    assert len(status(window)) < 120


def test_a_network_on_standard_input_is_waited_for_in_a_window_that_lives(
    qtbot, answer, pipe, settings, monkeypatch
):
    said = []

    def late(dialog):
        said.append(dialog.findChild(QLabel).text())
        pipe[1](example("xor").path.read_bytes())

    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.show()
    with pipe[0].open("rb") as reader:
        monkeypatch.setattr("sys.stdin", reader)
        answer(QProgressDialog, late)
        workspace = begin(window, settings, "-")
    assert said == ["Waiting for a network on standard input"]
    assert workspace.document.kept == "not saved"
    assert len(workspace.document.state.data) == 4
    qtbot.waitUntil(lambda: workspace.history.curve is not None)
