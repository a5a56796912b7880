"""Open, save, and what makes a document anew: the sentences that say what happened and what did not.

Files are opened, dropped, come late and are other people's: what they lack is asked once.
"""

import json
import os
import shutil
import sys
import types
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import PySide6
import pytest
from PySide6.QtCore import QItemSelectionModel, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QMessageBox,
    QProgressDialog,
    QTabBar,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.edits import add_biases
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import NODES, NOTES, ROWS, SEGMENTS
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files import registry
from nnviz.files.errors import FileError
from nnviz.files.examples import example, examples
from nnviz.files.registry import load, openable_suffixes, savable_suffixes
from nnviz.files.source import Codec
from nnviz.ui.dialogs.make_rows import MakeRows
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.dialogs.questions import AskActivations
from nnviz.ui.dialogs.table import OpenTable
from nnviz.ui.kit.controls import ComboBox
from nnviz.ui.window.session import begin
from nnviz.ui.window.window import MainWindow
from tests.ui import hands
from tests.ui.hands import (
    choose,
    choose_entry,
    drag_away,
    drag_over,
    press,
    press_button,
    set_number,
    type_name,
)
from tests.ui.sees import offered, status, written
from tests.ui.stories import WEIGHT, Stories, first_weight

DICTIONARY = "weights = {'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]}"
XOR = example("xor").path
RELU = load(example("relu").path)


def enter(dialog):
    QTest.keyClick(dialog, Qt.Key.Key_Return)


def escape(dialog):
    QTest.keyClick(dialog, Qt.Key.Key_Escape)


@pytest.fixture
def window(open_window):
    return open_window("relu")


@pytest.fixture
def save_as(window, answer):
    """Return a function that saves under another name and presses a button of each question that comes."""

    def save(path, *buttons, told=None):
        answer(QFileDialog, type_name(path))
        for button in buttons:
            answer(QMessageBox, choose(button, told))
        choose_entry(window, "Save as…")

    return save


def weights_of(path):
    """Return the weights of the first layer of a file."""
    return load(path).network.layers[0].weights.tolist()


def anew(window):
    """Open an example in the place of the present network, changed or not."""
    window.document.start(RELU)
    window.files.open_example("relu")


@pytest.fixture
def stories(window, answer, qtbot, tmp_path):
    """Stories in a window."""
    return Stories(window, answer, qtbot, tmp_path)


# --- saved


LOSES = """
example xor, mine 9, undo, save as: new.json
save as: w.py + Cancel, save as: w.py + Save elsewhere… + all.json, save as: w.py + Save as nnviz JSON
occupy taken.json, save as: taken.py + Save as nnviz JSON
mine 9, save as: w.py + Save anyway, example xor: Cancel, mine 8, example xor: Cancel
save as: w.npz + Save anyway, save as: w.safetensors + Save anyway
"""


def test_a_save_that_would_lose_something_asks(stories, approved):
    for story in LOSES.strip().splitlines():
        approved(f"saved | {story}", stories.told(story))


def test_weights_alone_lose_nothing_and_a_run_that_is_too_large_is_left_out(
    window, save_as, tmp_path, approved
):
    network = replace(RELU.network, inputs=("input_0", "input_1"))
    window.document.start(State(network, Dataset.empty(network)))
    save_as(tmp_path / "weights.py")
    assert status(window) == "Saved weights.py"
    assert load(tmp_path / "weights.py").network == network

    window.document.start(RELU)
    state = train(replace(RELU, training=Training(1e-6)), updates=1).state
    (segment,) = state.run.segments
    many = tuple(segment._replace(after=k) for k in range(SEGMENTS.limit + 1))
    window.document.push(replace(state, run=replace(state.run, segments=many, iteration=len(many))), "Run")
    told = []
    save_as(tmp_path / "mine.json", "Save", told=told)
    approved("a run that is too large for a file", "\n".join([*told, status(window)]))
    assert load(tmp_path / "mine.json").run is None
    assert not window.main_window.isWindowModified()


def type_in_full(path):
    """Return a function that types a path into a file dialog; Qt has selected its folder on the way."""

    def type_it(dialog):
        name, files = dialog.findChild(QLineEdit, "fileNameEdit"), dialog.findChild(QListView, "listView")
        name.setText(str(path))
        rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        files.selectionModel().select(files.rootIndex(), rows)
        enter(name)

    return type_it


def test_a_name_is_typed_in_full_or_without_its_end_and_the_title_says_it(window, answer, tmp_path):
    for name in ("half.json", "f.json"):
        shutil.copy(XOR, tmp_path / name)
    window.files.open(tmp_path / "f.json")  # so that the dialog shows its folder
    answer(QFileDialog, type_in_full(tmp_path / "half.json"))
    choose_entry(window, "Open…")
    assert window.document.path == tmp_path / "half.json"
    name = window.document.state.name
    assert window.main_window.windowTitle() == f"{name} — half.json[*] — nnviz"
    answer(QFileDialog, type_in_full(tmp_path / "new.json"))
    choose_entry(window, "Save as…")
    assert window.document.path == tmp_path / "new.json"
    assert load(tmp_path / "new.json") == window.document.state
    told = []
    (tmp_path / "own.json").write_text("precious")
    answer(QFileDialog, type_name(tmp_path / "own"))
    answer(QMessageBox, choose("No", told))
    answer(QFileDialog, QFileDialog.reject)
    choose_entry(window, "Save as…")
    assert "own.json already exists" in told[0]
    assert (tmp_path / "own.json").read_text() == "precious"
    (tmp_path / "plain.py").write_text(DICTIONARY)
    window.files.open(tmp_path / "plain.py")
    assert window.main_window.windowTitle() == "plain[*] — nnviz"


COURSE = """# Chapter 3
import numpy as np

input_data = np.array([3, 5])
weights_0 = {'node_0': np.array([2, 1]), 'node_1': [1, 2], 'output': [1, 1]}
weights_1 = {'node_0': np.array([2, 1]), 'node_1': [1, 1], 'output': [1, 2]}
print(predict_with_network(input_data, weights_0))
"""


SAVES = "mine 9, save: Cancel, save: Save anyway, undo, redo, mine 8, save"


def test_a_save_over_code_asks_and_says_what_is_lost_unless_nothing_has_changed(stories, approved):
    for name, story, text in (
        ("the code of the course", f"{SAVES}: Save anyway, remove, example xor: Cancel", COURSE),
        ("a comment", SAVES, f"# mine\n{DICTIONARY}"),
        ("an import", SAVES, f"import numpy\n{DICTIONARY[10:]}"),
        ("a dictionary that is as it was", "save, remove, save", DICTIONARY),
        ("the code of the course that is as it was", "save, remove, save: Cancel", COURSE),
        (
            "code that is as it was",
            "save, remove, save: Cancel",
            COURSE.replace("predict_with_network", "max"),
        ),
    ):
        approved(f"saved over | {name}", stories.told(story, {"w.py": text}))


UNFIT = {
    "tanh": lambda state: edits.set_activation(state, 0, "tanh"),
    "biases": lambda state: add_biases(state, 0),
    "a name": lambda state: edits.rename(state, 1, 1, "first"),
}


def test_what_a_dictionary_cannot_hold_is_saved_as_json_beside_it(window, answer, tmp_path, approved):
    told = []
    for name, edit in UNFIT.items():
        path = tmp_path / f"{name}.py"
        path.write_text(DICTIONARY)
        window.files.open(path)
        window.document.edit("Edit", edit)
        answer(QMessageBox, lambda box: (told.append(box.text()), enter(box)))
        choose_entry(window, "Save")
        assert load(tmp_path / f"{name}.json") == window.document.state
        assert path.read_text() == DICTIONARY
        assert (status(window), window.main_window.isWindowModified()) == (f"Saved {name}.json", False)
    approved("networks that a dictionary cannot hold", "\n".join(told))


@pytest.fixture
def read_alone(monkeypatch, tmp_path):
    """Return a file of a format that shares its suffix with nnviz's own, and that nothing saves."""
    module = types.ModuleType("read_alone")
    module.OWN = Codec(lambda data: data.startswith(b"read alone"), lambda _source: RELU)
    monkeypatch.setitem(sys.modules, "nnviz.files.read_alone", module)
    form = registry.Format("read alone", (".json",), "read_alone:OWN", saves=())
    monkeypatch.setattr(registry, "FORMATS", (form, *registry.FORMATS))
    (tmp_path / "model.json").write_bytes(b"read alone")
    return tmp_path / "model.json"


def test_a_kind_that_is_not_saved_is_left_alone_and_a_model_is_saved_where_it_was(
    window, save_as, answer, read_alone, tmp_path
):
    seen = []

    def look(dialog):
        seen.extend([dialog.selectedNameFilter(), *dialog.selectedFiles()])
        escape(dialog)

    window.files.open(read_alone)
    set_number(window, WEIGHT, "7")
    answer(QFileDialog, look)
    choose_entry(window, "Save")
    assert seen[1:] == [str(read_alone.with_name("model-2.json"))]
    assert read_alone.read_bytes() == b"read alone"
    assert window.main_window.isWindowModified()

    anew(window)
    path = tmp_path / "a.npz"
    np.savez(path, W0=[[2.0, 4.0]], activations=["identity"])
    window.files.open(path)
    set_number(window, Address("input", -1, 1), "5")
    assert window.document.state.data.inputs.tolist() == [[0.0, 5.0]]
    assert written(window, Address("value", 0)) == "20"
    anew(window)
    window.files.open(path)
    answer(QFileDialog, look)
    choose_entry(window, "Save as…")
    assert seen[2:] == ["NumPy arrays (*.npz)", str(path)]
    save_as(tmp_path / "b")
    assert status(window) == "Saved b.npz"
    set_number(window, WEIGHT, "7")
    choose_entry(window, "Save")
    assert status(window).startswith("Saved b.npz")
    assert weights_of(tmp_path / "b.npz") == [[7.0, 4.0]]
    assert not window.main_window.isWindowModified()


def test_what_a_model_s_file_does_not_keep_is_told_before_it_is_saved(
    window, save_as, answer, tmp_path, approved
):
    offers, told = [], []

    def note(dialog):
        offers.append(" ".join(dialog.nameFilters()))
        escape(dialog)

    for entry, kinds in (("Save as…", savable_suffixes), ("Open…", openable_suffixes)):
        answer(QFileDialog, note)
        choose_entry(window, entry)
        assert [suffix for suffix in kinds() if f"*{suffix}" not in offers[-1]] == []

    window.document.start(load(example("wages").path))
    raw = window.document.state.data.inputs
    choose_entry(window, "Standardise inputs")
    save_as(tmp_path / "s.npz", "Save anyway", told=told)
    told.append(status(window))
    state, saved = window.document.state, load(tmp_path / "s.npz").network
    np.testing.assert_allclose(saved.predict(raw), state.predict(raw), rtol=1e-9)
    save_as(tmp_path / "s.py", "Cancel", told=told)
    assert not (tmp_path / "s.py").exists()
    approved("standardised inputs are saved as a model, and as a dictionary", "\n".join(told))

    anew(window)
    path = tmp_path / "a.safetensors"
    told.clear()
    head = {"fc1.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}
    text = json.dumps(head).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + np.array([2, 4], "<f4").tobytes())
    np.savez(tmp_path / "mine.npz", W0=[[2.0, 4.0]], activations=["identity"])
    window.files.open(tmp_path / "mine.npz")
    before = path.read_bytes()
    answer(QFileDialog, type_name(path))
    answer(QMessageBox, choose("Yes"))
    answer(QMessageBox, choose("Cancel", told))
    choose_entry(window, "Save as…")
    assert path.read_bytes() == before

    answer(AskActivations, enter)
    window.files.open(path)
    set_number(window, WEIGHT, "7")
    answer(QMessageBox, choose("Save anyway", told))
    choose_entry(window, "Save")
    assert (weights_of(path), window.main_window.isWindowModified()) == ([[7.0, 4.0]], False)
    told.append(status(window))
    set_number(window, WEIGHT, "8")
    choose_entry(window, "Save")
    assert weights_of(path) == [[8.0, 4.0]]
    approved("a state dict is saved over from elsewhere and where it was opened", "\n".join(told))


# --- what the status line says, and where dialogs begin


def large(hidden=1, rows=1):
    names = tuple(f"h{k}" for k in range(hidden))
    layers = Layer(names, "relu", np.ones((hidden, 1))), Layer(("out",), "identity", np.ones((1, hidden)))
    return State(Network(("x",), layers), Dataset(np.zeros((rows, 1))))


def test_the_status_line_says_what_was_opened_or_refused(window, answer, tmp_path, approved, amount):
    press(window, "Edit")
    window.notes.field.setPlainText("x" * (NOTES.limit + 1))
    press(window, "Done")
    told = [status(window)]
    assert window.notes.field.isVisible()
    assert len(window.notes.field.toPlainText()) == NOTES.limit + 1
    window.notes.field.setPlainText("short")
    press(window, "Done")
    assert window.document.state.notes == "short"
    for state, adds in (
        (large(rows=ROWS.limit), lambda: press(window, "Add")),
        (large(hidden=NODES.limit - 2), lambda: window.structure.add_node(1)),
    ):
        window.document.start(state)
        adds()
        told.append(status(window))
        assert window.document.state is state
    approved("a letter, a row and a node too many", "\n".join(told))

    told.clear()
    window.document.start(RELU)
    (tmp_path / "bad.json").write_text('{"output": [1, "x"]}')
    answer(QMessageBox, choose("OK", told))
    assert not window.files.open(tmp_path / "bad.json")
    assert status(window) == told[0]
    (tmp_path / "weights.json").write_text('{"node_0": [2, 4], "output": [7]}', "utf-8")
    window.files.open(tmp_path / "weights.json")
    approved("a bad file and a dictionary are opened", "\n".join([*told, status(window)]))
    for own in [*examples()][:: amount(quick=8, ci=1, night=1)]:
        window.files.open_example(own.name)
        assert status(window).startswith(own.title)
        assert status(window).count(own.title) == 1


def test_dialogs_begin_in_the_folder_that_was_used_last_also_after_a_restart(
    window, save_as, open_window, answer, tmp_path
):
    folders = {name: tmp_path / name for name in ("opened", "saved", "rows")}
    for folder in folders.values():
        folder.mkdir()
    (folders["opened"] / "w.py").write_text(DICTIONARY)
    (folders["rows"] / "rows.csv").write_text("1,2\n3,4\n")

    def seen(*asks):
        """Return the folder that each of some file dialogs shows."""
        found = set()

        def look(dialog):
            found.add(Path(dialog.directory().absolutePath()))
            dialog.reject()

        for opens in asks:
            answer(QFileDialog, look)
            opens()
        return found

    window.files.open(folders["opened"] / "w.py")
    window.files.open_example("relu")
    window.runner.step()
    asks = [partial(choose_entry, window, name) for name in ("Open…", "Save as…", "Load rows from CSV…")]
    assert seen(*asks, window.history.ask_csv.trigger) == {folders["opened"]}
    save_as(folders["saved"] / "mine.json")
    window.files.open_example("relu")
    again = open_window("xor")
    ask_open = partial(choose_entry, again, "Open…")
    assert seen(ask_open) == {folders["saved"]}
    again.files.load_table(folders["rows"] / "rows.csv")
    assert seen(ask_open) == {folders["rows"]}
    shutil.rmtree(folders["rows"])
    assert all(folder.is_dir() for folder in seen(ask_open))


# --- a network made anew

TABLE = "height,weight,kind\n" + "".join(f"{k},{2 * k},{'ab'[k % 2]}\n" for k in range(12))


def rows_of(kind, network):
    """Return a function that makes rows by the dialog, for a network that suits them or for mine."""

    def make(dialog):
        kinds = dialog.findChild(QListWidget)
        kinds.setCurrentItem(kinds.findItems(kind, Qt.MatchFlag.MatchExactly)[0])
        getattr(dialog, network).click()
        press_button("Make rows")(dialog)

    return make


def take_table(dialog):
    dialog.uses["network"].click()
    press_button("Use this table")(dialog)


class MadeAnew(Stories):
    """Stories of networks that are made anew."""

    dialogs: ClassVar = {
        "new": (NewNetwork, press_button("Create")),
        "spiral": (MakeRows, rows_of("Spiral", "for_new_network")),
        "moons": (MakeRows, rows_of("Two moons", "for_open_network")),
        "drop a table": (OpenTable, take_table),
        "paste a table": (OpenTable, take_table),
    }

    def new(self):
        choose_entry(self.window, "New…")

    def spiral(self):
        choose_entry(self.window, "Make rows…")

    moons = spiral

    def drop_a_table(self):
        path = self.folder.with_name("rows.csv")
        path.write_text(TABLE)
        self.window.main_window.dropped.emit(path)

    def paste_a_table(self):
        QGuiApplication.clipboard().setText(TABLE)
        hands.choose_in_table_menu(self.window, "Paste as a table…")

    def wine(self):
        choose_entry(self.window, "Wine")


def test_a_network_made_anew_is_a_new_document_and_asks_about_unsaved_work(
    window, answer, qtbot, tmp_path, approved, amount
):
    stories, files = MadeAnew(window, answer, qtbot, tmp_path), {"mine.json": RELU}
    ways = ("new", "spiral", "paste a table", "drop a table", "wine")
    for way in ways[: amount(quick=3, ci=5, night=5)]:
        story = f"mine 9, {way}: Cancel, {way}: Save, save: other.json"
        approved(f"made anew | {way}", stories.told(story, files))
        assert not offered(window, "Undo").isEnabled()
        assert load(stories.folder / "other.json") == window.document.state
    approved("made anew | rows that fit are an edit", stories.told("moons, undo", files))
    before = window.document.state
    answer(NewNetwork, press_button("Cancel"))
    choose_entry(window, "New…")
    assert window.document.state is before


# --- dropped


def mime(*addresses, text=None):
    """Return data to drag: files by their paths, other addresses, or a text."""
    data = QMimeData()
    if text is None:
        urls = [QUrl.fromLocalFile(str(own)) if isinstance(own, Path) else QUrl(own) for own in addresses]
        data.setUrls(urls)
    else:
        data.setText(text)
    return data


def drop(widget, data):
    drag_over(widget, data)
    hands.let_go(widget, data)


def test_a_dropped_file_opens_or_says_why_not_before_anything_is_asked(window, answer, qtbot, tmp_path):
    weights = "{'node_0': np.array([2, 4]), 'output': np.array([2])}"
    code = f"input_data = np.array([3, 5])\nweights = {weights}\nprint(input_data)\n"
    (tmp_path / "notes.py").write_text(code)
    drop(window.main_window, mime(tmp_path / "notes.py"))
    qtbot.waitUntil(lambda: status(window).startswith("Opened notes.py"))
    assert "identity" in status(window)  # the code has no relu
    assert hands.shown(window, "value", "output") == "52"
    drop(window.main_window, mime(XOR, *(tmp_path / str(k) for k in range(1000))))
    qtbot.waitUntil(lambda: window.document.state == load(XOR))

    set_number(window, WEIGHT, "9")
    before = window.document.state
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "rubbish.json").write_bytes(bytes(range(256)))
    kinds = ["folder", "rubbish", "nothing"]
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "fifo.json")
        kinds.append("fifo")
    for kind in kinds:
        told = []
        answer(QMessageBox, choose("OK", told))
        drop(window.main_window, mime(tmp_path / f"{kind}.json"))
        qtbot.waitUntil(lambda told=told: bool(told) and QApplication.activeModalWidget() is None)
        assert told[0].startswith(f"{kind}.json was not opened: ")
        assert (status(window), window.document.state) == (told[0], before)
    answer(QFileDialog, type_name(tmp_path / "rubbish.json"))
    answer(QMessageBox, choose("OK"))
    choose_entry(window, "Open…")
    assert window.document.state is before


def test_files_are_taken_everywhere_a_text_in_notes_alone_and_nothing_else(window, qtbot, tmp_path, qtlog):
    main_window = window.main_window
    for bar in main_window.findChildren(QTabBar):
        for k in reversed(range(bar.count())):
            bar.setCurrentIndex(k)
            QApplication.processEvents()
    press(window, "Notes")
    press(window, "Edit")
    window.finder.open()
    widgets = [own for own in main_window.findChildren(QWidget) if own.isVisible()]
    widgets = [own for own in widgets if own.window() is main_window]

    def taking(data):
        """Return the widgets that take the dragged data, or whose parent does."""
        found = set()
        for widget in widgets:
            drag_away(widget)  # a drag that it never took
            if drag_over(widget, data):
                found.add(widget)
            drag_away(widget)
        return found

    for text in ("3", "x" * 10**6):
        assert taking(mime(text=text)) == {window.notes.field.viewport()}
    for data in (mime("https://example.org/x.json"), mime(""), QMimeData(), mime()):
        assert taking(data) == set(), data.urls()
    assert [each.message for each in qtlog.records if "drag" in each.message] == []

    actions, place = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction, main_window.rect().center()
    at = QPointF(place) if PySide6.__version_info__ >= (6, 12) else place
    data, no_keys = mime(tmp_path / "rows.csv"), Qt.KeyboardModifier.NoModifier
    event = QDragEnterEvent(at, actions, data, Qt.MouseButton.LeftButton, no_keys)
    event.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(main_window, event)
    assert (event.isAccepted(), event.dropAction()) == (True, Qt.DropAction.CopyAction)
    drag_away(main_window)

    dropped = []
    main_window.dropped.disconnect()
    main_window.dropped.connect(dropped.append)
    for widget in widgets:
        drop(widget, mime(XOR))
    qtbot.waitUntil(lambda: len(dropped) == len(widgets))


# --- waited for

has_named_pipes = pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="a pipe has no name here")


@pytest.fixture
def pipe(monkeypatch):
    """Return a function that makes a pipe: where it ends, as a path, and what writes to it and closes it."""
    monkeypatch.setattr("nnviz.ui.kit.dialogs.WAIT_S", 0.05)
    open_ends = set()

    def make():
        end, start = os.pipe()
        open_ends.update((end, start))

        def write(data):
            os.write(start, data)
            os.close(start)
            open_ends.remove(start)

        return Path(f"/dev/fd/{end}"), write

    yield make
    for each in open_ends:
        os.close(each)


@has_named_pipes
@pytest.mark.fonts
def test_a_file_that_comes_late_is_waited_for_until_it_is_given_up(window, answer, pipe, tmp_path):
    before, told, (path, _) = window.document.state, [], pipe()
    answer(QProgressDialog, hands.press_cancel(told))
    window.main_window.dropped.emit(path)
    assert told == [f"Reading {path.name}"]
    assert status(window) == f"{path.name} was not opened: the open network is unchanged"
    assert (window.document.state, window.document.path) == (before, None)

    path, write = pipe()
    answer(QProgressDialog, lambda _dialog: write(XOR.read_bytes()))
    window.main_window.dropped.emit(path)
    assert window.document.title == load(XOR).name
    assert status(window).startswith("Opened ")

    if not os.path.isdir("/proc/self/root"):
        return  # a pipe has no long name
    path = tmp_path / f"{'W' * 245}.csv"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)  # so that it is open for writing too

    def look(dialog):
        told.append(dialog.width())
        hands.press_cancel()(dialog)

    answer(QProgressDialog, look)
    window.files.load_table(Path(f"/proc/self/fd/../root{path}"))
    os.close(end)
    assert told[1] < window.main_window.width(), "Cancel is on the screen"
    assert status(window).endswith("W.csv was not loaded: the rows are unchanged")
    assert len(status(window)) < 120


@has_named_pipes
def test_a_network_on_standard_input_is_waited_for_in_a_window_that_lives(
    qtbot, answer, pipe, settings, monkeypatch
):
    told, (path, write) = [], pipe()

    def late(dialog):
        told.append(dialog.findChild(QLabel).text())
        write(XOR.read_bytes())

    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.show()
    with path.open("rb") as reader:
        monkeypatch.setattr("sys.stdin", reader)
        answer(QProgressDialog, late)
        workspace = begin(window, settings, "-")
    assert told == ["Waiting for a network on standard input"]
    assert workspace.document.save_status == "not saved"
    assert len(workspace.document.state.data) == 4
    qtbot.waitUntil(lambda: workspace.history.curve is not None)


# --- activations that a file lacks


def three_layers(path, number=1.0):
    """Make a file of three layers without activations, whose weights are all one number."""
    np.savez(path, **{f"W{k}": np.full(shape, number) for k, shape in enumerate(((4, 3), (5, 4), (1, 5)))})
    return path


def activations(window):
    return [layer.activation for layer in window.document.state.network.layers]


def choose_activations(hidden, last):
    """Return a function that types an activation for all hidden layers, and for the last, in the dialog."""

    def type_them(dialog):
        choices = dialog.findChildren(ComboBox)
        for choice, name in ((choices[0], hidden), (choices[-1], last)):
            choice.setFocus()
            QTest.keyClicks(choice, name)
        enter(dialog)

    return type_them


def test_activations_that_are_missing_are_asked_once_and_enter_takes_the_proposal(
    window, answer, approved, tmp_path
):
    before, told, file = window.document.state, [], three_layers(tmp_path / "a.npz")
    answer(AskActivations, escape)
    window.files.open(file)
    assert window.document.state is before
    told.append(status(window))

    def look(dialog):
        choices = dialog.findChildren(ComboBox)
        told.extend(f"{choice.accessibleName()}: {choice.currentText()}" for choice in choices)
        enter(dialog)

    answer(AskActivations, look)
    window.files.open(file)
    assert status(window) == "Opened a.npz"
    assert activations(window) == ["relu", "relu", "identity"]
    assert not window.main_window.isWindowModified()
    window.files.open_example("xor")
    window.files.open(file)  # which asks nothing
    assert window.document.path == file
    three_layers(file, 0.0)
    answer(QMessageBox, choose("Take theirs"))
    window.files.check_file()  # what another program has saved is taken with the same answer
    assert first_weight(window) == 0
    np.savez(file, W0=np.ones((1, 3)))
    window.files.open_example("xor")
    answer(AskActivations, enter)
    window.files.open(file)  # whose layers are others
    assert activations(window) == ["identity"]

    two, soft = three_layers(tmp_path / "two.npz"), tmp_path / "soft.npz"
    np.savez(soft, W0=np.ones((4, 3)), W1=np.ones((2, 4)))
    deep = tmp_path / "deep.npz"
    np.savez(deep, **{f"W{k}": [[1.0]] for k in range(40)})
    for path, chosen, loss in (
        (two, ("tanh", "sigmoid"), "cross_entropy"),
        (soft, ("relu", "softmax"), "cross_entropy"),
        (deep, ("tanh", "identity"), "mse"),
    ):
        anew(window)
        answer(AskActivations, choose_activations(*chosen))
        window.files.open(path)
        *hidden, last = activations(window)
        assert ({*hidden}, last, window.document.state.training.loss) == ({chosen[0]}, chosen[1], loss)
        told.append(status(window))
    np.savez(tmp_path / "known.npz", W0=[[2.0, 4.0]], activations=["sigmoid"])
    window.files.open(tmp_path / "known.npz")
    assert window.document.state.training.loss == "cross_entropy"
    told.append(status(window))
    approved("activations are asked, chosen and known", "\n".join(told))


def test_a_start_asks_too_and_takes_what_is_given(settings, answer, tmp_path):
    file = three_layers(tmp_path / "a.npz")
    answer(AskActivations, escape)
    with pytest.raises(FileError):
        begin(MainWindow(settings), settings, file)
    with pytest.raises(FileError, match=r"activations=\['relu', 'relu', 'identity'\]"):
        begin(MainWindow(settings), settings, file, asks=False)
    window = begin(MainWindow(settings), settings, file, ("tanh", "tanh", "sigmoid"))
    assert activations(window) == ["tanh", "tanh", "sigmoid"]
    window.main_window.close()
    again = begin(MainWindow(settings), settings, None)
    assert activations(again) == ["tanh", "tanh", "sigmoid"]
