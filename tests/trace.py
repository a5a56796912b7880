"""Counts what of nnviz a person's deed passes, until the window shows it: `python -m tests.trace`.

Counted are the files with a function that is called, the classes with such a method, and the calls. A method
counts for the class that defines it. Imports, comprehensions and the process that reads HDF5 are left out.
`--files "One update"` lists the files and classes of a case.
"""

import argparse
import inspect
import sys
import tempfile
import threading
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from nnviz.files.registry import save
from nnviz.system import resources
from nnviz.ui.dialogs.table import OpenTable
from tests import house
from tests.bench import editing, report, windows
from tests.ui import hands

TABLE = "iris.csv"


class Passed(NamedTuple):
    """The calls by file, and by (file, class)."""

    files: Counter
    classes: Counter


def edit(window, _folder):
    """Return what presses Enter on a weight."""
    return editing.typed(window, "1.5")


def update(window, _folder):
    """Return what presses the button for one update."""
    return lambda: hands.press(window, "One update")


def keras(window, folder):
    """Return what opens a Keras file."""
    path = Path(folder) / "small.keras"
    save(window.document.state, path)
    return lambda: window.main_window.dropped.emit(path)


def table(window, _folder):
    """Return what opens a table and answers the dialog, which makes a network of it."""
    look = QTimer(interval=20)

    def answer():
        dialog = QApplication.activeModalWidget()
        if isinstance(dialog, OpenTable):
            look.stop()
            dialog.uses["network"].click()
            hands.press_button("Use this table")(dialog)

    def take():
        look.start()
        window.main_window.dropped.emit(resources() / "data" / TABLE)

    look.timeout.connect(answer)
    return take


CASES = {
    "Enter on a weight": edit,
    "One update": update,
    "open a .keras file": keras,
    f"{TABLE} to a new network": table,
}
"""What a person does in a window on the example 2-3-1: the functions make ready and return the deed."""


def passed(ready):
    """Return what a case passes in a new window, until all panels in sight are painted."""
    calls = Counter()

    def note(frame, event, _argument):
        if event == "call":
            calls[frame.f_code] += 1

    window, repaints = editing.opened()
    with tempfile.TemporaryDirectory() as folder:
        does = ready(window, folder)
        windows.settle()
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            windows.painted(repaints, does)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    window.runner.pause()
    window.main_window.hide()
    return of_nnviz(calls)


def of_nnviz(calls):
    """Return the calls of nnviz's functions by file and class."""
    classes = {str(file.path): file.classes for file in house.files()}
    found = Passed(Counter(), Counter())
    for code, times in calls.items():
        is_function = code.co_flags & inspect.CO_NEWLOCALS  # unlike the body of a module or class
        if code.co_filename not in classes or not is_function or code.co_name.endswith(("comp>", "expr>")):
            continue
        name = Path(code.co_filename).relative_to(house.ROOT).as_posix()
        found.files[name] += times
        owner = code.co_qualname.partition(".")[0]
        if owner in classes[code.co_filename]:
            found.classes[name, owner] += times
    return found


def main():
    report.in_one_thread()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--files", choices=CASES, metavar="CASE", help=f"list a case: {', '.join(CASES)}")
    options = parser.parse_args()
    windows.app()
    if options.files:
        found = passed(CASES[options.files])
        report.head("file", "calls", "classes")
        for name, times in sorted(found.files.items()):
            classes = sorted(own for file, own in found.classes if file == name)
            report.row(name, f"{times:,}", ", ".join(classes))
        return
    cases = dict(CASES)
    if not find_spec("h5py"):
        cases = {name: ready for name, ready in cases.items() if ready is not keras}
        print("The .keras file is left out: h5py is not installed (extra models).")
    report.head("case", "files", "classes", "calls")
    for name, ready in cases.items():
        found = passed(ready)
        report.row(name, len(found.files), len(found.classes), f"{found.files.total():,}")


if __name__ == "__main__":
    main()
