"""Files that are dropped, that come late and that are other people's: what they lack is asked once."""

import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import PySide6
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMessageBox,
    QProgressDialog,
    QTabBar,
    QWidget,
)

from nnviz.core.address import Address
from nnviz.files import registry
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load, openable, suffixes
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.window.ask_activations import AskActivations
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ui.hands import (
    choose,
    choose_entry,
    drag_away,
    drag_over,
    let_go,
    press,
    press_cancel,
    set_number,
    shown,
    type_name,
)
from tests.ui.sees import figure, status, written

XOR = example("xor").path
ENTER, ESCAPE = (
    lambda dialog, key=key: QTest.keyClick(dialog, key) for key in (Qt.Key.Key_Return, Qt.Key.Key_Escape)
)


@pytest.fixture
def window(open_window):
    return open_window("relu")


def anew(window):
    """Open an example in the place of what is open, whatever has become of it."""
    window.document.start(load(example("relu").path))
    window.files.open_example("relu")


def mime(*addresses, text=None):
    """Return what is dragged: files by their paths, other addresses, or a text."""
    data = QMimeData()
    if text is None:
        urls = [QUrl.fromLocalFile(str(own)) if isinstance(own, Path) else QUrl(own) for own in addresses]
        data.setUrls(urls)
    else:
        data.setText(text)
    return data


def drop(widget, data):
    drag_over(widget, data)
    let_go(widget, data)


def is_taken(widget, data):
    """Tell whether it, or what it stands in, would take what is dragged over a widget, and drag it away."""
    drag_away(widget)  # a drag that it never took
    taken = drag_over(widget, data)
    drag_away(widget)
    return taken


def test_a_file_opens_wherever_it_is_dropped_and_anything_else_is_refused(
    window, answer, qtbot, tmp_path, qtlog
):
    weights = "{'node_0': np.array([2, 4]), 'output': np.array([2])}"
    code = f"input_data = np.array([3, 5])\nweights = {weights}\nprint(input_data)\n"
    (tmp_path / "notes.py").write_text(code)
    drop(window.main_window, mime(tmp_path / "notes.py"))
    qtbot.waitUntil(lambda: status(window).startswith("Opened notes.py"))
    assert "identity" in status(window)  # the code has no relu
    assert shown(window, "value", "output") == "52"
    drop(window.main_window, mime(XOR, *(tmp_path / str(k) for k in range(1000))))
    qtbot.waitUntil(lambda: window.document.state == load(XOR))

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
        assert status(window) == told[0]
        assert window.document.state is before

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
    field = window.notes.field.viewport()
    for text in ("3", "x" * 10**6):
        assert {own for own in widgets if is_taken(own, mime(text=text))} == {field}
    for data in (mime("https://example.org/x.json"), mime(""), QMimeData(), mime()):
        assert not any(is_taken(own, data) for own in widgets), data.urls()
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


has_named_pipes = pytest.mark.skipif(not os.path.isdir("/dev/fd"), reason="a pipe has no name here")


@pytest.fixture
def pipe():
    """Return a function that makes a pipe: where it ends, as a path, and what writes to it and closes it."""
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
def test_a_file_that_comes_late_is_waited_for_until_it_is_given_up(
    window, answer, pipe, tmp_path, monkeypatch
):
    monkeypatch.setattr("nnviz.ui.widgets.waiting.WAIT_S", 0.05)
    before, told, (path, _) = window.document.state, [], pipe()
    answer(QProgressDialog, press_cancel(told))
    window.main_window.dropped.emit(path)
    assert told == [f"Reading {path.name}"]
    assert status(window) == f"{path.name} was not opened; all is as it was"
    assert (window.document.state, window.document.path) == (before, None)

    path, write = pipe()
    answer(QProgressDialog, lambda _dialog: write(XOR.read_bytes()))
    window.main_window.dropped.emit(path)
    assert window.document.title == json.loads(XOR.read_text("utf-8"))["name"]
    assert status(window).startswith("Opened ")

    if not os.path.isdir("/proc/self/root"):
        return  # a pipe has no long name
    path = tmp_path / f"{'W' * 245}.csv"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)  # so that it is open for writing too

    def look(dialog):
        told.append(dialog.width())
        press_cancel()(dialog)

    answer(QProgressDialog, look)
    window.files.tables.load(Path(f"/proc/self/fd/../root{path}"))
    os.close(end)
    assert told[1] < window.main_window.width(), "Cancel is on the screen"
    assert status(window).endswith("W.csv was not loaded; the rows are what they were")
    assert len(status(window)) < 120


@has_named_pipes
def test_a_network_on_standard_input_is_waited_for_in_a_window_that_lives(
    qtbot, answer, pipe, settings, monkeypatch
):
    told, (path, write) = [], pipe()
    monkeypatch.setattr("nnviz.ui.widgets.waiting.WAIT_S", 0.05)

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
    assert workspace.document.kept == "not saved"
    assert len(workspace.document.state.data) == 4
    qtbot.waitUntil(lambda: workspace.history.curve is not None)


@pytest.fixture
def file(tmp_path):
    """Return a file of three layers without activations."""
    path = tmp_path / "a.npz"
    np.savez(path, W0=np.ones((4, 3)), W1=np.ones((5, 4)), W2=np.ones((1, 5)))
    return path


def activations(window):
    return [layer.activation for layer in window.document.state.network.layers]


def first_layer(what):
    network = load(what).network if isinstance(what, Path) else what.document.state.network
    return network.layers[0].weights.tolist()


def choose_activations(hidden, last):
    """Return what to do with the question: type an activation for all hidden layers, and for the last."""

    def type_them(dialog):
        choices = dialog.findChildren(Choice)
        for choice, name in ((choices[0], hidden), (choices[-1], last)):
            choice.setFocus()
            QTest.keyClicks(choice, name)
        ENTER(dialog)

    return type_them


def test_activations_that_are_missing_are_asked_once_and_enter_takes_the_proposal(
    window, answer, file, approved, tmp_path
):
    before, told = window.document.state, []
    answer(AskActivations, ESCAPE)
    window.files.open(file)
    assert window.document.state is before
    told.append(status(window))

    def look(dialog):
        choices = dialog.findChildren(Choice)
        told.extend(f"{choice.accessibleName()}: {choice.currentText()}" for choice in choices)
        ENTER(dialog)

    answer(AskActivations, look)
    window.files.open(file)
    assert status(window) == "Opened a.npz"
    assert activations(window) == ["relu", "relu", "identity"]
    assert not window.main_window.isWindowModified()
    window.files.open_example("xor")
    window.files.open(file)  # which asks nothing
    assert window.document.path == file
    np.savez(file, W0=np.zeros((4, 3)), W1=np.zeros((5, 4)), W2=np.zeros((1, 5)))
    answer(QMessageBox, choose("Take theirs"))
    window.files.look()  # what another program has saved is taken with the same answer
    assert first_layer(window)[0][0] == 0
    np.savez(file, W0=np.ones((1, 3)))
    window.files.open_example("xor")
    answer(AskActivations, ENTER)
    window.files.open(file)  # whose layers are others
    assert activations(window) == ["identity"]

    for name, layers, chosen, loss in (
        ("two", [np.ones((4, 3)), np.ones((5, 4)), np.ones((1, 5))], ("tanh", "sigmoid"), "cross_entropy"),
        ("soft", [np.ones((4, 3)), np.ones((2, 4))], ("relu", "softmax"), "cross_entropy"),
        ("deep", [[[1.0]]] * 40, ("tanh", "identity"), "mse"),  # whose hidden layers are asked about together
    ):
        np.savez(tmp_path / f"{name}.npz", **{f"W{k}": layer for k, layer in enumerate(layers)})
        anew(window)
        answer(AskActivations, choose_activations(*chosen))
        window.files.open(tmp_path / f"{name}.npz")
        assert activations(window) == [chosen[0]] * (len(layers) - 1) + [chosen[1]]
        assert window.document.state.training.loss == loss
        told.append(status(window))
    np.savez(tmp_path / "known.npz", W0=[[2.0, 4.0]], activations=["sigmoid"])
    window.files.open(tmp_path / "known.npz")
    assert window.document.state.training.loss == "cross_entropy"
    told.append(status(window))
    approved("activations are asked, chosen and known", "\n".join(told))


def test_a_start_asks_too_and_takes_what_is_given(settings, answer, file):
    answer(AskActivations, ESCAPE)
    with pytest.raises(FileError):
        begin(MainWindow(settings), settings, file)
    with pytest.raises(FileError, match=r"activations=\['relu', 'relu', 'identity'\]"):
        begin(MainWindow(settings), settings, file, asks=False)
    window = begin(MainWindow(settings), settings, file, ("tanh", "tanh", "sigmoid"))
    assert activations(window) == ["tanh", "tanh", "sigmoid"]
    window.main_window.close()
    again = begin(MainWindow(settings), settings, None)
    assert activations(again) == ["tanh", "tanh", "sigmoid"]


@pytest.fixture
def read_alone(monkeypatch, tmp_path):
    """Return a file of a format that shares its suffix with nnviz's own, and that nothing saves."""
    module = types.ModuleType("read_alone")
    module.sniff = lambda data: data.startswith(b"read alone")
    module.read = lambda _source: load(example("relu").path)
    monkeypatch.setitem(sys.modules, "nnviz.files.read_alone", module)
    form = registry.Format("read alone", (".json",), "read_alone", saves=())
    monkeypatch.setattr(registry, "FORMATS", (form, *registry.FORMATS))
    (tmp_path / "model.json").write_bytes(b"read alone")
    return tmp_path / "model.json"


def test_a_kind_that_is_not_saved_is_left_alone_and_a_model_is_saved_where_it_was(
    window, answer, read_alone, tmp_path
):
    window.files.open(read_alone)
    set_number(window, Address("weight", 0, 0, 1), "7")
    suggested = []

    def look(dialog):
        suggested.extend(dialog.selectedFiles())
        ESCAPE(dialog)

    answer(QFileDialog, look)
    choose_entry(window, "Save")
    assert suggested == [str(read_alone.with_name("model-2.json"))]
    assert read_alone.read_bytes() == b"read alone"
    assert window.main_window.isWindowModified()

    anew(window)
    path, seen = tmp_path / "a.npz", []
    np.savez(path, W0=[[2.0, 4.0]], b0=[1.0], activations=["identity"])
    window.files.open(path)
    assert len(window.document.state.data) == 0
    assert figure(window, "MSE").text == "–"
    assert written(window, Address("subheading", -1)) == "no rows: type an input"
    assert written(window, Address("value", 0)) == "–"
    set_number(window, Address("input", -1, 1), "5")
    assert window.document.state.data.inputs.tolist() == [[0.0, 5.0]]
    assert written(window, Address("value", 0)) == "21"

    np.savez(path, W0=[[2.0, 4.0]], activations=["identity"])
    anew(window)
    window.files.open(path)

    def look(dialog):
        seen.extend([dialog.selectedNameFilter(), *dialog.selectedFiles()])
        ESCAPE(dialog)

    answer(QFileDialog, look)
    choose_entry(window, "Save as…")
    assert seen == ["NumPy arrays (*.npz)", str(path)]
    answer(QFileDialog, type_name(tmp_path / "b"))
    choose_entry(window, "Save as…")
    assert status(window) == "Saved b.npz"
    set_number(window, Address("weight", 0, 0, 1), "7")
    choose_entry(window, "Save")
    assert status(window).startswith("Saved b.npz")
    assert first_layer(tmp_path / "b.npz") == [[2.0, 7.0]]
    assert not window.main_window.isWindowModified()

    window.files.open(path)
    (tmp_path / "rows.csv").write_text("3,5,60\n1,1,6\n")
    window.files.tables.load(tmp_path / "rows.csv")
    assert window.document.state.data.inputs.tolist() == [[3.0, 5.0], [1.0, 1.0]]
    assert written(window, Address("value", 0)) == "26"
    assert figure(window, "MSE").text == "578"


def test_what_a_model_s_file_does_not_keep_is_told_before_it_is_saved(window, answer, tmp_path, approved):
    offered = []

    def note(dialog):
        offered.append(" ".join(dialog.nameFilters()))
        ESCAPE(dialog)

    for entry, kinds in (("Save as…", suffixes), ("Open…", openable)):
        answer(QFileDialog, note)
        choose_entry(window, entry)
        assert [suffix for suffix in kinds() if f"*{suffix}" not in offered[-1]] == []

    told = []
    for suffix in ("npz", "safetensors"):
        path = tmp_path / f"w.{suffix}"
        answer(QFileDialog, type_name(path))
        answer(QMessageBox, choose("Write it anyway", told))
        choose_entry(window, "Save as…")
        assert load(path).network.layers == window.document.state.network.layers
    window.document.start(load(example("wages").path))
    raw = window.document.state.data.inputs
    choose_entry(window, "Standardise inputs")
    answer(QFileDialog, type_name(tmp_path / "s.npz"))
    answer(QMessageBox, choose("Write it anyway", told))
    choose_entry(window, "Save as…")
    told.append(status(window))
    state = window.document.state
    saved = load(tmp_path / "s.npz").network
    np.testing.assert_allclose(saved.predict(raw), state.predict(raw), rtol=1e-9)
    answer(QFileDialog, type_name(tmp_path / "s.py"))
    answer(QMessageBox, choose("Cancel", told))
    choose_entry(window, "Save as…")
    assert not (tmp_path / "s.py").exists()
    approved("two kinds of models, standardised inputs, also as a dictionary", "\n".join(told))

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

    answer(AskActivations, ENTER)
    window.files.open(path)
    set_number(window, Address("weight", 0, 0, 1), "7")
    answer(QMessageBox, choose("Write it anyway", told))
    choose_entry(window, "Save")
    assert first_layer(path) == [[2.0, 7.0]]
    assert not window.main_window.isWindowModified()
    told.append(status(window))
    set_number(window, Address("weight", 0, 0, 1), "8")
    choose_entry(window, "Save")
    assert first_layer(path) == [[2.0, 8.0]]
    approved("a state dict is saved over from elsewhere and where it was opened", "\n".join(told))
