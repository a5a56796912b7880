"""Stories of a file: one line of text names the deeds, and a report shows the window after each."""

import shutil
from typing import ClassVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox

from nnviz.core.address import Address
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from tests.core.oracle import set_weight
from tests.ui.hands import choose, choose_entry, press, set_number, type_name, write
from tests.ui.sees import status

WEIGHT = Address("weight", 0, 0, 0)


def facts(window):
    """Return the end of the status line, which says whether everything is saved."""
    (text,) = (own.text() for own in window.status.findChildren(QLabel) if "float64" in own.text())
    return text


def come_back(window):
    """Give the window the focus, as a person does who comes from another one."""
    QApplication.sendEvent(window.main_window, QEvent(QEvent.Type.WindowActivate))
    QApplication.processEvents()
    QTest.qWait(0)


def first_weight(what):
    """Return the first weight of a file, or of a window's network."""
    state = what.document.state if hasattr(what, "document") else load(what)
    return state.network.layers[0].weights[0, 0]


class Stories:
    """Carries out stories, and reports the window after each deed.

    "mine 9, save as: w.py + Cancel" is two deeds: a person types 9 as the first weight; then chooses
    Save as…, types w.py into the file dialog, and presses Cancel in the box that comes. The report has for
    each deed the texts of its boxes and a line: what the status line says | whether everything is saved |
    the first weight in the window (with a * if something is unsaved) and in each file of the folder.
    """

    dialogs: ClassVar = {}
    """For a deed, the class of the dialog that it opens first, and the function that answers it."""

    def __init__(self, window, answer, qtbot, folder):
        self.window, self._folder = window, folder
        self._answer, self._qtbot, self._count = answer, qtbot, 0

    def told(self, story, files=None):
        """Open the first of these files, do the deeds of a story; return the report of each."""
        self.window.document.start(load(example("relu").path))
        self.window.status.show_message("")
        self._count += 1
        self.folder = self._folder / str(self._count)
        self.folder.mkdir()
        for name, content in (files or {}).items():
            file = self.folder / name
            file.write_text(content) if isinstance(content, str) else save(content, file)
        if files:
            self.file = self.folder / next(iter(files))
            self.open()
        lines = []
        for deed in story.split(", "):
            (verb, _, answers), asked, arguments = deed.partition(": "), [], []
            if verb in self.dialogs:
                self._answer(*self.dialogs[verb])
            for text in filter(None, answers.split(" + ")):
                if "." in text:
                    self._answer(QFileDialog, type_name(self.folder / text))
                else:
                    self._answer(QMessageBox, choose(text, asked))
            if not hasattr(self, verb.replace(" ", "_")):
                verb, *arguments = verb.rsplit(" ", 1)
            getattr(self, verb.replace(" ", "_"))(*arguments)
            lines.append("\n    ".join([f"  {deed}", *asked, self._seen()]))
        return "\n".join(lines)

    def _seen(self):
        """Return the status line, the first weight of window and files, and the iteration."""
        state, star = self.window.document.state, "*" * self.window.main_window.isWindowModified()
        weights = {"window" + star: f"{first_weight(self.window):g}"}
        for file in sorted(self.folder.iterdir()):
            weights[file.name] = self._weight_of(file)
        seen = [f"{name} {weight}" for name, weight in weights.items()]
        if state.run:
            seen.append(f"iteration {state.iteration}, runs before: {len(state.runs)}")
        return f"{status(self.window)} | {facts(self.window)} | {', '.join(seen)}"

    def _weight_of(self, file):
        copy = self._folder / file.name.removesuffix("~")
        shutil.copy(file, copy)
        try:
            return f"{first_weight(copy):g}"
        except FileError:
            return repr(file.read_text("utf-8", "replace")[:20])
        finally:
            copy.unlink()

    # --- deeds

    def mine(self, weight):
        set_number(self.window, WEIGHT, weight)
        QApplication.processEvents()  # what it says of a run that it ends comes a moment later

    def theirs(self, weight):
        """Save another first weight, as another program does."""
        save(set_weight(load(self.file), 0, 0, 0, float(weight)), self.file)

    def damage(self):
        self.file.write_text("{")

    def row(self):
        press(self.window, "Add")

    def node(self):
        self.window.structure.add_node(1)

    def occupy(self, name):
        """Write another person's file under a name."""
        (self.folder / name).write_text("precious")

    def open(self):
        self.window.files.open(self.file)

    def example(self, name):
        self.window.files.open_example(name)

    def save(self):
        choose_entry(self.window, "Save")

    def save_as(self):
        choose_entry(self.window, "Save as…")

    def undo(self):
        choose_entry(self.window, "Undo")

    def undo_all(self):
        while self.window.document.undo_text():
            self.undo()

    def redo(self):
        choose_entry(self.window, "Redo")

    def recover(self):
        """Open the network as if it had been recovered."""
        self.window.document.recover(self.window.document.state, self.file, b"")

    def come_back(self):
        come_back(self.window)

    def close(self):
        assert not self.window.main_window.close()

    def touch(self):
        self.file.touch()

    def remove(self):
        self.file.unlink()
        self.window.files.check_file()

    def run(self):
        """Train to the end of a run."""
        self.window.runner.speed = 1.0
        with self._qtbot.waitSignal(self.window.runner.run_ended):
            press(self.window, "Run")

    def update(self):
        press(self.window, "One update")

    def restart(self):
        press(self.window, "Restart")

    def rate(self, rate):
        field = self.window.training.fields.learning_rate
        field.setFocus()
        field.selectAll()
        write(field, rate)
        QTest.keyClick(field, Qt.Key.Key_Return)
