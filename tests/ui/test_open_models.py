"""Files of other people's: what they lack is asked once, what they cannot keep is told before it is saved."""

import json
import sys
import types

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox

from nnviz.core.address import Address
from nnviz.files import registry
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import load, openable, suffixes
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.window.ask_activations import AskActivations
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import begin
from tests.ui.hands import choose, choose_entry, set_number, type_name
from tests.ui.sees import figure, status, written


@pytest.fixture
def window(open_window):
    return open_window("relu")


@pytest.fixture
def file(tmp_path):
    """Return a file of three layers without activations."""
    path = tmp_path / "a.npz"
    np.savez(path, W0=np.ones((4, 3)), W1=np.ones((5, 4)), W2=np.ones((1, 5)))
    return path


def activations(window):
    return [layer.activation for layer in window.document.state.network.layers]


def press(key):
    return lambda dialog: QTest.keyClick(dialog, key)


def choices(dialog):
    return {choice.accessibleName(): choice for choice in dialog.findChildren(Choice)}


def test_activations_that_are_missing_are_asked_and_enter_takes_the_proposal(window, answer, file):
    seen = {}

    def look(dialog):
        seen.update({name: choice.currentText() for name, choice in choices(dialog).items()})
        press(Qt.Key.Key_Return)(dialog)

    answer(AskActivations, look)
    window.files.open(file)
    assert seen == {
        "": "relu",
        "Hidden layer 1, 4 nodes": "relu",
        "Hidden layer 2, 5 nodes": "relu",
        "Prediction, 1 node": "identity",
    }
    assert status(window) == "Opened a.npz"
    assert activations(window) == ["relu", "relu", "identity"]
    assert not window.main_window.isWindowModified()


def test_another_activation_is_chosen_for_a_layer_or_for_all_hidden_ones(window, answer, file):
    def choose_others(dialog):
        every, *_, last = dialog.findChildren(Choice)
        every.setFocus()
        QTest.keyClicks(every, "tanh")
        last.setFocus()
        QTest.keyClicks(last, "sigmoid")
        press(Qt.Key.Key_Return)(dialog)

    answer(AskActivations, choose_others)
    window.files.open(file)
    assert activations(window) == ["tanh", "tanh", "sigmoid"]


def test_the_loss_that_an_answered_softmax_brings_is_said(window, answer, file):
    def choose_softmax(dialog):
        dialog.findChildren(Choice)[-1].setCurrentText("softmax")
        press(Qt.Key.Key_Return)(dialog)

    answer(AskActivations, choose_softmax)
    window.files.open(file)
    assert window.document.state.training.loss == "cross_entropy"
    said = "the file says no loss: cross-entropy is taken, the usual loss with softmax on the output"
    assert status(window) == f"Opened a.npz; {said}"


def test_escape_leaves_all_as_it_was(window, answer, file):
    before = window.document.state
    answer(AskActivations, press(Qt.Key.Key_Escape))
    window.files.open(file)
    assert window.document.state is before
    assert status(window) == "a.npz was not opened; all is as it was"


def test_what_was_answered_is_not_asked_again_unless_the_layers_are_others(window, answer, file):
    answer(AskActivations, press(Qt.Key.Key_Return))
    window.files.open(file)
    window.files.open_example("xor")
    window.files.open(file)
    assert window.document.path == file
    np.savez(file, W0=np.ones((1, 3)))
    window.files.open_example("xor")
    answer(AskActivations, press(Qt.Key.Key_Return))
    window.files.open(file)
    assert activations(window) == ["identity"]


def test_what_another_program_has_saved_is_taken_with_the_same_answer(window, answer, file):
    answer(AskActivations, press(Qt.Key.Key_Return))
    window.files.open(file)
    np.savez(file, W0=np.zeros((4, 3)), W1=np.zeros((5, 4)), W2=np.zeros((1, 5)))
    answer(QMessageBox, choose("Take theirs"))
    window.files.look()
    assert window.document.state.network.layers[0].weights[0, 0] == 0


def test_a_start_asks_too_and_takes_what_is_given(settings, answer, file, qtbot):
    answer(AskActivations, press(Qt.Key.Key_Escape))
    with pytest.raises(FileError):
        begin(MainWindow(settings), settings, file)
    with pytest.raises(FileError, match=r"activations=\['relu', 'relu', 'identity'\]"):
        begin(MainWindow(settings), settings, file, asks=False)
    window = begin(MainWindow(settings), settings, file, ("tanh", "tanh", "sigmoid"))
    assert activations(window) == ["tanh", "tanh", "sigmoid"]
    window.main_window.close()
    again = begin(MainWindow(settings), settings, None)
    assert activations(again) == ["tanh", "tanh", "sigmoid"]


def test_a_model_without_rows_opens_ready_for_them(window, tmp_path, qtbot):
    np.savez(tmp_path / "a.npz", W0=[[2.0, 4.0]], b0=[1.0], activations=["identity"])
    window.files.open(tmp_path / "a.npz")
    assert len(window.document.state.data) == 0
    assert figure(window, "MSE").text == "–"
    assert written(window, Address("subheading", -1)) == "no rows: type an input"
    assert written(window, Address("value", 0)) == "–"
    set_number(window, Address("input", -1, 1), "5")
    assert window.document.state.data.inputs.tolist() == [[0.0, 5.0]]
    assert written(window, Address("value", 0)) == "21"


def test_rows_are_loaded_into_a_model_that_has_none(window, tmp_path):
    np.savez(tmp_path / "a.npz", W0=[[2.0, 4.0]], activations=["identity"])
    (tmp_path / "rows.csv").write_text("3,5,60\n1,1,6\n")
    window.files.open(tmp_path / "a.npz")
    window.files.tables.load(tmp_path / "rows.csv")
    assert window.document.state.data.inputs.tolist() == [[3.0, 5.0], [1.0, 1.0]]
    assert written(window, Address("value", 0)) == "26"
    assert figure(window, "MSE").text == "578"


@pytest.mark.parametrize(("keys", "kinds"), [("Ctrl+Shift+S", suffixes), ("Ctrl+O", openable)])
def test_every_kind_that_is_saved_or_opened_is_offered(window, answer, keys, kinds):
    offered = []

    def look(dialog):
        offered.append(" ".join(dialog.nameFilters()))
        press(Qt.Key.Key_Escape)(dialog)

    answer(QFileDialog, look)
    QTest.keySequence(window.main_window, keys)
    assert all(f"*{suffix}" in offered[0] for suffix in kinds())


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_what_is_not_kept_is_told_before_it_is_saved(window, answer, tmp_path, suffix):
    told = []
    answer(QFileDialog, type_name(tmp_path / f"w{suffix}"))
    answer(QMessageBox, choose("Write it anyway", told))
    QTest.keySequence(window.main_window, "Ctrl+Shift+S")
    assert told[0].startswith(f"w{suffix} leaves out the rows, the names of the inputs, the title, the notes")
    assert load(tmp_path / f"w{suffix}").network.layers == window.document.state.network.layers


def test_an_opened_model_that_is_changed_is_saved_where_it_was(window, tmp_path):
    np.savez(tmp_path / "a.npz", W0=[[2.0, 4.0]], activations=["identity"])
    window.files.open(tmp_path / "a.npz")
    set_number(window, Address("weight", 0, 0, 1), "7")
    QTest.keySequence(window.main_window, "Ctrl+S")
    assert status(window).startswith("Saved a.npz")
    assert load(tmp_path / "a.npz").network.layers[0].weights.tolist() == [[2.0, 7.0]]
    assert not window.main_window.isWindowModified()


def test_save_as_begins_with_the_kind_of_file_and_the_name_that_is_open(window, answer, tmp_path):
    seen = []

    def look(dialog):
        seen.extend([dialog.selectedNameFilter(), *dialog.selectedFiles()])
        press(Qt.Key.Key_Escape)(dialog)

    np.savez(tmp_path / "a.npz", W0=[[2.0, 4.0]], activations=["identity"])
    window.files.open(tmp_path / "a.npz")
    answer(QFileDialog, look)
    choose_entry(window, "Save as…")
    assert seen == ["NumPy arrays (*.npz)", str(tmp_path / "a.npz")]
    answer(QFileDialog, type_name(tmp_path / "b"))
    choose_entry(window, "Save as…")
    assert status(window) == "Saved b.npz"


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


def test_a_file_of_a_kind_that_is_not_saved_is_left_alone_and_asked_about(window, answer, read_alone):
    window.files.open(read_alone)
    set_number(window, Address("weight", 0, 0, 1), "7")
    suggested = []

    def look(dialog):
        suggested.extend(dialog.selectedFiles())
        press(Qt.Key.Key_Escape)(dialog)

    answer(QFileDialog, look)
    QTest.keySequence(window.main_window, "Ctrl+S")
    assert suggested == [str(read_alone.with_name("model-2.json"))]
    assert read_alone.read_bytes() == b"read alone"
    assert window.main_window.isWindowModified()


@pytest.fixture
def state_dict(tmp_path):
    """Return a file of somebody's that holds one layer."""
    file = tmp_path / "a.safetensors"
    head = {"fc1.weight": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}
    text = json.dumps(head).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + np.array([2, 4], "<f4").tobytes())
    return file


def test_save_as_over_somebody_s_file_says_what_that_loses_too(window, answer, tmp_path, state_dict):
    np.savez(tmp_path / "mine.npz", W0=[[2.0, 4.0]], activations=["identity"])
    window.files.open(tmp_path / "mine.npz")
    told, before = [], state_dict.read_bytes()
    answer(QFileDialog, type_name(state_dict))
    answer(QMessageBox, choose("Yes"))
    answer(QMessageBox, choose("Cancel", told))
    choose_entry(window, "Save as…")
    assert told == [
        "a.safetensors loses the names of its tensors; the version before stays as a.safetensors~."
        "nnviz JSON keeps everything: a.json, in the same folder; a.safetensors stays as it is."
    ]
    assert state_dict.read_bytes() == before


def test_a_save_in_the_place_of_a_state_dict_asks_once_for_its_names_are_lost(window, answer, state_dict):
    file = state_dict
    answer(AskActivations, press(Qt.Key.Key_Return))
    window.files.open(file)
    set_number(window, Address("weight", 0, 0, 1), "7")
    told = []
    answer(QMessageBox, choose("Write it anyway", told))
    choose_entry(window, "Save")
    assert told[0].startswith(
        "a.safetensors loses the names of its tensors; the version before stays as a.safetensors~."
    )
    assert status(window) == "Saved a.safetensors"
    assert load(file).network.layers[0].weights.tolist() == [[2.0, 7.0]]
    assert not window.main_window.isWindowModified()
    set_number(window, Address("weight", 0, 0, 1), "8")
    choose_entry(window, "Save")
    assert load(file).network.layers[0].weights.tolist() == [[2.0, 8.0]]


def test_of_very_many_layers_the_hidden_ones_are_asked_about_together(window, answer, tmp_path):
    np.savez(tmp_path / "deep.npz", **{f"W{k}": [[1.0]] for k in range(500)})

    def choose_tanh(dialog):
        every, last = dialog.findChildren(Choice)
        every.setFocus()
        QTest.keyClicks(every, "tanh")
        assert last.currentText() == "identity"
        press(Qt.Key.Key_Return)(dialog)

    answer(AskActivations, choose_tanh)
    window.files.open(tmp_path / "deep.npz")
    assert activations(window) == ["tanh"] * 499 + ["identity"]


def test_a_model_of_standardised_inputs_is_said_to_take_raw_rows_and_takes_them(
    open_window, answer, tmp_path
):
    window, told = open_window("wages"), []
    raw = window.document.state.data.inputs
    choose_entry(window, "Standardise inputs")
    answer(QFileDialog, type_name(tmp_path / "w.npz"))
    answer(QMessageBox, choose("Write it anyway", told))
    QTest.keySequence(window.main_window, "Ctrl+Shift+S")
    scaled = "w.npz standardises raw numbers itself, by the weights and biases of its first layer"
    assert f"; {scaled}." in told[0]
    assert status(window).endswith(f"; {scaled}")
    state = window.document.state
    np.testing.assert_allclose(load(tmp_path / "w.npz").network.predict(raw), state.predict(raw), rtol=1e-9)


def test_a_weights_dictionary_of_standardised_inputs_is_refused_with_the_reason(
    open_window, answer, tmp_path
):
    window, told = open_window("wages"), []
    choose_entry(window, "Standardise inputs")
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Cancel", told))
    QTest.keySequence(window.main_window, "Ctrl+Shift+S")
    assert "its inputs are standardised, for which a weights dictionary has no place" in told[0]
    assert not (tmp_path / "w.py").exists()


def test_the_usual_loss_is_said_where_a_file_says_none(window, tmp_path):
    np.savez(tmp_path / "a.npz", W0=[[2.0, 4.0]], activations=["sigmoid"])
    window.files.open(tmp_path / "a.npz")
    assert window.document.state.training.loss == "cross_entropy"
    assert status(window) == (
        "Opened a.npz; "
        "the file says no loss: cross-entropy is taken, the usual loss with sigmoid on the output"
    )
