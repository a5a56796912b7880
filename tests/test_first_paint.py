"""The window is on the screen before the plot library is imported, which takes longer than the window."""

import os
import subprocess
import sys

import pytest

CODE = """
import sys
from PySide6.QtCore import QEvent, QObject, QTimer
from nnviz.ui.app import application, open_window

class Watch(QObject):
    painted = False

    def eventFilter(self, watched, event):
        if not self.painted and event.type() == QEvent.Type.Paint and type(watched).__name__ == "Diagram":
            self.painted = True
            print("painted", "pyqtgraph" in sys.modules, flush=True)
        return False

def close_when_loaded():
    if watch.painted and "pyqtgraph" in sys.modules:
        print("loaded", flush=True)
        timer.stop()
        app.closeAllWindows()

app, watch, timer = application(), Watch(), QTimer(interval=5)
app.installEventFilter(watch)
timer.timeout.connect(close_when_loaded)
timer.start()
open_window(None)
"""


@pytest.mark.parametrize("platform", ["offscreen", pytest.param("xcb", marks=pytest.mark.window)])
def test_the_diagram_is_painted_before_the_plot_library_is_imported(platform, tmp_path):
    places = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME")}
    environment = {**os.environ, **places, "QT_QPA_PLATFORM": platform}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("painted False\nloaded\n", 0), done.stderr
