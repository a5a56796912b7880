"""The window is there before NumPy is imported, and the diagram before the plot library."""

import os
import subprocess
import sys

import pytest

CODE = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from nnviz.ui.widgets.theme import application
from nnviz.ui.window.app import open_window

LATER = ("numpy", "pyqtgraph", "pygments")

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
PAINTED = "MainWindow\nDiagram numpy\nloaded numpy pyqtgraph\n"


def started(code, platform, tmp_path):
    """Run `code` as somebody who has never started nnviz; return what it printed, and its exit code."""
    places = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME")}
    environment = {**os.environ, **places, "QT_QPA_PLATFORM": platform}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("platform", ["offscreen", pytest.param("xcb", marks=pytest.mark.window)])
def test_window_and_diagram_are_painted_before_the_libraries_that_they_need_later(platform, tmp_path):
    done = started(CODE, platform, tmp_path)
    assert (done.stdout, done.returncode) == (PAINTED, 0), done.stderr


def a_large_file(path):
    with path.open("wb") as file:
        file.truncate(12 * 2**30)  # sparse: it takes no room


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere settings are not in such a file")
@pytest.mark.parametrize("make", [os.mkfifo, a_large_file])
def test_the_window_starts_where_its_settings_are_no_file_of_a_sane_size(make, tmp_path):
    (tmp_path / "nnviz").mkdir()
    make(tmp_path / "nnviz" / "nnviz.conf")
    done = started(CODE, "offscreen", tmp_path)
    assert (done.stdout, done.returncode) == (PAINTED, 0), done.stderr


def test_a_file_that_cannot_be_read_closes_the_window_with_one_sentence(tmp_path):
    bad = tmp_path / "bad.json"
    bad.write_text('{"output": [1, "two"]}', encoding="utf-8")
    done = started(
        f"import sys, nnviz.cli.main; sys.exit(nnviz.cli.main.main([{str(bad)!r}]))", "offscreen", tmp_path
    )
    assert done.returncode == 1
    assert "output[1]: expected a number" in done.stderr
    assert "Traceback" not in done.stderr
