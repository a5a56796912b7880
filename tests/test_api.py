"""What `import nnviz` gives, from a script's side."""

import json
import os
import sys
import tempfile
import threading
from dataclasses import replace
from functools import partial
from itertools import product
from types import ModuleType

import numpy as np
import pytest

import nnviz
from nnviz import system
from nnviz.files.models import keras_chain
from nnviz.system import NETWORK, TRAINING
from nnviz.watching import window as watching_window
from tests.processes import PATIENCE_S, python

WEIGHTS = {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}


def test_every_name_that_is_promised_is_there():
    assert set(nnviz.__all__) <= set(dir(nnviz))
    assert [name for name in nnviz.__all__ if getattr(nnviz, name) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = nnviz.nothing


def test_a_script_can_load_predict_train_and_save(tmp_path):
    (tmp_path / "w.json").write_text(json.dumps(WEIGHTS))
    network = nnviz.load(tmp_path / "w.json").network
    assert network == nnviz.Network.from_weights(WEIGHTS, hidden="relu", output="identity")
    assert network.predict([[3, 5]]).tolist() == [[52.0]]
    assert [a.tolist() for a in network.forward([3, 5]).a] == [[[26.0, 0.0]], [[52.0]]]
    assert nnviz.slopes(network, [[3, 5]], [[60]]).layers[1].weights.tolist() == [[2 * 26 * -8, 0]]
    document = nnviz.State(network, nnviz.Dataset([[3, 5]], [[60]]), nnviz.Training(0.0002))
    result = nnviz.train(document, updates=20)
    assert result.history[:, 0].tolist() == list(range(21))
    assert result.history[-1, 1] < 0.001
    nnviz.save(result.state, str(tmp_path / "out.json"))
    assert nnviz.load(tmp_path / "out.json").network == result.state.network


def test_a_save_warns_of_what_the_kind_of_file_does_not_keep_and_then_saves(tmp_path):
    network = nnviz.Network.from_weights(WEIGHTS, hidden="relu", output="identity")
    document = nnviz.State(network, nnviz.Dataset([[3, 5]], [[60]]))
    lost = "^w.safetensors leaves out the rows; a file that ends in .json keeps them$"
    with pytest.warns(UserWarning, match=lost) as told:
        nnviz.save(document, tmp_path / "w.safetensors")
    assert [each.filename for each in told] == [__file__]
    assert nnviz.load(tmp_path / "w.safetensors").network.sizes == network.sizes
    nnviz.save(document, tmp_path / "w.json")  # of which nothing is lost: a warning would be an error here


def test_the_history_of_a_long_training_has_every_iteration():
    network = nnviz.Network.from_weights({"output": [1]})
    history = nnviz.train(nnviz.State(network, nnviz.Dataset([[1]], [[0]])), updates=40_000).history
    assert np.array_equal(history[:, 0], np.arange(40_001))


def test_training_goes_on_with_the_run_of_a_file_and_begins_anew_without_it(tmp_path):
    network = nnviz.Network.from_weights({"output": [2, 7]})
    start = nnviz.State(network, nnviz.Dataset([[3, 5]], [[60]]), nnviz.Training(0.001, 5))
    nnviz.save(nnviz.train(start).state, tmp_path / "trained.json")
    doc = nnviz.load(tmp_path / "trained.json")
    assert nnviz.train(doc).history.tolist() == nnviz.train(start, updates=10).history.tolist()
    assert nnviz.train(replace(doc, run=None)).history[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    other = nnviz.Network.from_weights(WEIGHTS)
    assert nnviz.train(replace(doc, network=other, run=None)).history[0].tolist() == [0, 64]
    with pytest.raises(
        ValueError, match="run: the run and the network have different shapes; set run to None"
    ):
        replace(doc, network=other)


def test_an_unknown_setting_of_train_is_named_beside_those_that_there_are():
    start = nnviz.State(nnviz.Network.from_weights(WEIGHTS), nnviz.Dataset([[3, 5]], [[60]]))
    with pytest.raises(TypeError, match=r"^unknown setting 'lr': use updates, learning_rate, batch_size, "):
        nnviz.train(start, lr=0.1)


def test_bad_input_raises_a_file_error(tmp_path):
    with pytest.raises(nnviz.FileError, match=r"^there is no file .*gone\.json$"):
        nnviz.load(tmp_path / "gone.json")


@pytest.fixture
def shown(monkeypatch, tmp_path):
    """Stand in for the process that shows a window; return the data that it would get."""
    commands, given = [], tmp_path / "given.json"

    class Process:
        def __init__(self, command, **_settings):
            commands.append(command)
            self.stdin = given.open("wb")

        def wait(self):
            return 0

    monkeypatch.setattr(watching_window.subprocess, "Popen", Process)

    def opened():
        command = commands.pop()
        assert not commands
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        assert "-" in command
        return nnviz.load(given)

    return opened


TWO = nnviz.Network.from_weights({"output_0": [1, 2], "output_1": [3, 4]})
CLASSES = nnviz.Network.from_weights({"output_0": [1, 2], "output_1": [3, 4]}, output="softmax")
NETWORK_2_2_1 = nnviz.Network.from_weights(WEIGHTS)
MINE = nnviz.State(NETWORK_2_2_1, nnviz.Dataset([[3, 5]]), name="Mine")


def test_show_opens_a_network_a_state_or_a_dictionary_with_rows_and_targets(shown):
    """The targets of one row, of each row, or the class of each."""
    two, hot = [[3, 5], [1, -1]], [[0, 1], [1, 0]]
    for given, network, inputs, targets in (
        ((NETWORK_2_2_1, two, [60, 50]), NETWORK_2_2_1, two, [[60], [50]]),
        ((TWO, [3, 5], [60, 50]), TWO, [[3, 5]], [[60, 50]]),
        ((CLASSES, two, [1, 0]), CLASSES, two, hot),
        ((WEIGHTS, [3, 5], 60), NETWORK_2_2_1, [[3, 5]], [[60]]),
    ):
        nnviz.show(*given)
        opened = shown()
        assert (opened.network, opened.data) == (network, nnviz.Dataset(inputs, targets))
    nnviz.show(NETWORK_2_2_1)
    assert len(shown().data) == 0
    nnviz.show(MINE)
    assert shown() == MINE


def test_show_says_what_it_takes_and_which_rows_do_not_fit(monkeypatch, tmp_path, approved):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = ([[[1, 2, 3]]], [[1, 2, 3, 4]], [[[1, 2]], [1, 2]], [[[1, np.nan]]])
    things = (None, "bank.json", np.zeros((2, 2)), [WEIGHTS])
    cases = [(nnviz.FileError, partial(nnviz.show, NETWORK_2_2_1, *given)) for given in rows]
    cases += [(TypeError, partial(nnviz.show, thing)) for thing in things]
    cases += [(TypeError, partial(nnviz.show, WEIGHTS, activations=["relu", "identity"]))]
    told = []
    for error, show in cases:
        with pytest.raises(error) as caught:
            show()
        told.append(str(caught.value))
    approved("what show refuses", "\n".join(told))


def test_show_says_where_no_window_can_be_shown(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(system, "_can_load", lambda _library: True)
    with pytest.raises(system.DisplayError, match="there is no display:"):
        nnviz.show(nnviz.Network.from_weights(WEIGHTS))


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    """A folder in which every module of Python, and some that nnviz can use, notes that it was imported."""
    folder, noted = tmp_path / "foreign", tmp_path / "noted"
    folder.mkdir()
    others = {"h5py", "onnx", "PIL", "sitecustomize", "usercustomize"}
    for name in {*sys.stdlib_module_names, *others} - {"encodings"}:  # or Python would not start
        note = f"open({str(noted)!r}, 'a').write({name!r} + ' '); raise ImportError('foreign')"
        (folder / f"{name}.py").write_text(note)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    yield folder
    assert not noted.exists(), noted.read_text()


def check_that_a_window_starts(what, foreign, monkeypatch):
    """Check that a window starts, and refuses the data that it gets."""
    monkeypatch.setattr(sys, "path", ["", str(foreign), ".", *sys.path])
    window = watching_window.window_process(what)
    window.communicate(b"?", timeout=PATIENCE_S)
    assert window.returncode == 1


def test_a_window_imports_nothing_of_the_current_folder(foreign, monkeypatch, amount):
    monkeypatch.chdir(foreign)
    cases = [*product((".", None, os.pathsep, ""), (NETWORK, TRAINING))]
    for python_path, what in cases[: amount(quick=1, ci=8, night=8)]:
        monkeypatch.delenv("PYTHONPATH", raising=False)
        if python_path is not None:
            monkeypatch.setenv("PYTHONPATH", python_path)
        check_that_a_window_starts(what, foreign, monkeypatch)


def test_a_window_imports_nothing_of_the_folder_of_the_script(foreign, monkeypatch, amount):
    main = ModuleType("__main__")
    main.__file__ = str(foreign / "script.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    for what in (TRAINING, NETWORK)[: amount(quick=1, ci=2, night=2)]:
        check_that_a_window_starts(what, foreign, monkeypatch)


def test_the_process_that_reads_hdf5_imports_nothing_of_the_current_folder(foreign, monkeypatch):
    monkeypatch.chdir(foreign)
    monkeypatch.setattr(sys, "path", [str(foreign), *sys.path])
    # the file is damaged for h5py itself, and h5py is missing where it is not installed
    with pytest.raises((nnviz.FileError, ModuleNotFoundError), match=r"is damaged|No module named 'h5py'"):
        keras_chain.read_hdf5(b"\x89HDF\r\n\x1a\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_show_returns_while_the_window_stays_open(tmp_path):
    """The window's process is a stand-in that stays until the test lets it go."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    code = """
import subprocess, sys
import nnviz
from nnviz.watching import window
real = subprocess.Popen
window.subprocess.Popen = lambda command, **settings: real(
    [sys.executable, "-c", "import sys; open(sys.argv[1]).read()", sys.argv[1]], **settings
)
nnviz.show(nnviz.Network.from_weights({"output": [1, 2]}))
print("at once")
"""
    done = python(code, gate, env={**os.environ, "TMPDIR": str(tmp_path)})
    assert done == (0, "at once\n", "")
    with open(gate, "w") as still_open:  # blocks unless the stand-in is there to read
        assert still_open.writable()
