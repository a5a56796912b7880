"""Memory of the window, against a bare window with the same libraries: `python -m tests.bench.memory`.

Each is a process of its own; measured is its resident memory once it has come to rest.
"""

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.bench import report

BARE = "a bare PySide6 and pyqtgraph window"
FIRST = "nnviz with the first example"
LARGE = "nnviz with 784-128-64-10 and 100 rows"
CASES = (BARE, FIRST, LARGE)
NUMBERS = ("memory", LARGE)
ROUNDS = 5


def megabytes():
    """Return this process's resident memory, of Linux."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def bare():
    """Show a window with a plot for a second, without anything of nnviz; return its memory."""
    import pyqtgraph as pg
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QMainWindow

    app, window = pg.mkQApp(), QMainWindow()
    window.setCentralWidget(pg.PlotWidget())
    window.resize(1280, 800)
    window.show()
    QTimer.singleShot(1000, app.quit)
    app.exec()
    return megabytes()


def nnviz(case):
    """Show nnviz's window for a second; return its memory."""
    from nnviz.ui.kit.theme import application

    application()  # as at every start, before the panels are imported
    from nnviz.files.examples import paths
    from nnviz.files.registry import load
    from tests.bench import windows

    windows.app()
    state = windows.state(*windows.LARGE, rows=100) if case == LARGE else load(paths()[0])
    window = windows.open_window(state)
    windows.settle(1.0)
    found = megabytes()
    window.main_window.close()
    return found


def measured(case):
    """Return the megabytes of a case, in a new process."""
    run = [sys.executable, "-m", "tests.bench.memory", "--case", case]
    return float(subprocess.run(run, capture_output=True, text=True, check=True, cwd=report.ROOT).stdout)


def measure(rounds=ROUNDS, wanted=NUMBERS):
    """Return the memory of the first example against that of the bare window, and the megabytes of each."""
    cases = CASES if wanted == NUMBERS else (BARE, FIRST)
    found = report.in_turns(rounds, {case: lambda case=case: measured(case) for case in cases})
    megabytes = {case: statistics.median(own) for case, own in found.items()}
    return {"memory": report.ratio(found, FIRST, BARE), **megabytes}


def main():
    report.in_one_thread()
    parser = report.parser(__doc__, ROUNDS)
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        print(bare() if options.case == BARE else nnviz(options.case))
        return
    ratio, plain, first, large = measure(options.rounds).values()
    report.head("", "MB", "", "aim")
    report.row(BARE, f"{plain:.0f}", 1, "")
    report.row(FIRST, f"{first:.0f}", f"{ratio:.2f} ×", report.AIMS["memory"])
    report.row(LARGE, f"{large:.0f}", f"{large - first:+.0f} MB", "≤ +60 MB")
    print(f"\n{report.ran_on()};")
    print(f"median of {options.rounds} processes each, resident memory, offscreen.")


if __name__ == "__main__":
    main()
