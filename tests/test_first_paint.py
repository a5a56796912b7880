"""The window is there before NumPy and the controls are imported, and the diagram before the plot library."""

import os

import pytest

from tests.processes import COMMAND, python

CODE = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from nnviz.ui.kit.theme import application
from nnviz.ui.window.app import open_window

LATER = ("numpy", "nnviz.ui.kit.controls", "pyqtgraph", "pygments")

class Watch(QObject):
    painted = []

    def eventFilter(self, watched, event):
        name = type(watched).__name__
        first = name in ("MainWindow", "Diagram") and name not in self.painted
        if first and event.type() == QEvent.Type.Paint:
            self.painted.append(name)
            print(name, *(own for own in LATER if own in sys.modules), flush=True)
        return False

def close_when_loaded():
    if "Diagram" in watch.painted and "pyqtgraph" in sys.modules:
        print("loaded", *(own for own in LATER if own in sys.modules), flush=True)
        timer.stop()
        app.closeAllWindows()

app, watch, timer = application(), Watch(), QTimer(interval=5)
app.installEventFilter(watch)
timer.timeout.connect(close_when_loaded)
timer.start()
open_window(None)
"""
PAINTED = "MainWindow\nDiagram numpy nnviz.ui.kit.controls\nloaded numpy nnviz.ui.kit.controls pyqtgraph\n"


def started(code, folder, platform="offscreen"):
    """Run `code` as somebody who has never started nnviz, with these settings; return what it printed."""
    places = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME")}
    return python(code, env={**os.environ, **places, "QT_QPA_PLATFORM": platform})


@pytest.mark.window
def test_in_a_real_window_what_is_needed_later_is_imported_after_the_first_paint(tmp_path):
    assert started(CODE, tmp_path, "xcb")[:2] == (0, PAINTED)


def test_window_and_diagram_are_painted_before_the_libraries_that_they_need_later(tmp_path):
    code, printed, err = started(CODE, tmp_path)
    assert (code, printed) == (0, PAINTED), err


def test_a_file_that_cannot_be_read_closes_the_window_with_one_sentence(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"output": [1, "two"]}', encoding="utf-8")
    code, printed, err = started(f"import sys; sys.argv = ['nnviz', {str(bad)!r}]; {COMMAND}", tmp_path)
    assert (code, printed) == (1, "")
    assert "output[1]: expected a number" in err
    assert "Traceback" not in err
