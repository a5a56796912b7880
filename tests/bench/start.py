"""From the start of the process to the window, against an empty QMainWindow: `python -m tests.bench.start`.

Both are started in turns, with byte code and files warm, without settings, on the platform "offscreen" unless
another is asked for; what is told is the median of the rounds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.bench import report

EMPTY = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

class Window(QMainWindow):
    def paintEvent(self, event):
        QTimer.singleShot(0, done)

def done():
    print("frame", time.monotonic())
    app.quit()

app = QApplication([])
window = Window()
window.resize(1280, 800)
window.show()
app.exec()
"""

NNVIZ = """
import sys, time
from nnviz.cli.main import main
import nnviz.ui.window.app
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

told = set()

def tell(word, at):
    if word not in told:
        told.add(word)
        print(word, at)

class Watch(QObject):
    # Watches single widgets: a Python filter of the whole application makes PySide create every class of Qt.
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, self.look)  # the children of a window are painted before a timer can end
        return False

    def look(self):
        at = time.monotonic()
        tell("frame", at)
        if "nnviz.ui.window.workspace" not in sys.modules:
            return
        shown = {type(each).__name__: each for each in window.findChildren(QWidget) if each.isVisible()}
        if "Diagram" in shown:
            tell("diagram", at)
        if {"Figure", "HistoryPlot", "DataPanel"} <= shown.keys():
            tell("usable", at)
            plot = shown["HistoryPlot"]
            plot.installEventFilter(self)
            if plot.curve is not None:
                tell("plots", at)
                app.closeAllWindows()

def start():
    global window
    window, = app.topLevelWidgets()
    window.installEventFilter(watch)

app, watch = nnviz.ui.window.app.application(), Watch()
QTimer.singleShot(0, start)
main([])
"""

STAGES = {
    "first_frame": ("frame", "first painted frame"),
    "diagram": ("diagram", "the diagram is painted"),
    "all_panels": ("usable", "all panels are painted and answer"),
    "plots": ("plots", "the plot library is loaded, too"),
}
"""By number, the word that the process tells at a stage, and what the stage is."""
ROUNDS = 15


def started(code, environment):
    """Return the seconds from the start of a process to each stage that it tells."""
    before = time.monotonic()
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, cwd=report.ROOT, capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        sys.exit(done.stderr)
    return {word: float(at) - before for word, at in (line.split() for line in done.stdout.splitlines())}


def environment_in(folder, platform):
    """Return an environment without settings that keeps its byte code in `folder`."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    places = dict.fromkeys(("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), folder)
    return own | places | {"PYTHONPYCACHEPREFIX": f"{folder}/bytecode", "QT_QPA_PLATFORM": platform}


def measure(rounds=ROUNDS, wanted=(), platform="offscreen"):
    """Return the time to each of STAGES against that of an empty window, and in ms; all are measured."""
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_in(folder, platform)
        turns = {code: lambda code=code: started(code, environment) for code in (EMPTY, NNVIZ)}
        report.in_turns(1, turns)  # warms files and byte code
        empty, nnviz = report.in_turns(rounds, turns).values()
    found = {"empty": [own["frame"] for own in empty]}
    found |= {key: [own[stage] for own in nnviz] for key, (stage, _) in STAGES.items()}
    ratios = {key: report.ratio(found, key, "empty") for key in STAGES}
    return ratios | {f"{key} ms": 1e3 * statistics.median(times) for key, times in found.items()}


def main():
    parser = report.parser(__doc__, ROUNDS)
    parser.add_argument("--platform", default="offscreen", help='Qt platform, e.g. xcb (default "offscreen")')
    options = parser.parse_args()
    numbers = measure(options.rounds, platform=options.platform)
    report.head("from the start of the process to", "ms", "× an empty window", "aim")
    report.row("an empty QMainWindow, painted", f"{numbers['empty ms']:.0f}", 1, "")
    for key, (_, words) in STAGES.items():
        milliseconds = f"{numbers[f'{key} ms']:.0f}"
        report.row(f"nnviz: {words}", milliseconds, f"{numbers[key]:.2f}", report.AIMS.get(key, ""))
    print(f"\n{report.ran_on()};\nmedian of {options.rounds} rounds in turns, platform {options.platform}.")


if __name__ == "__main__":
    main()
