"""Which format a file is opened and saved in."""

import json
import os
import re
import sys
import types
from dataclasses import replace
from functools import cache
from importlib import metadata
from itertools import product
from shlex import split

import numpy as np
import pytest

from nnviz._resources import resources
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Dataset, State
from nnviz.files import registry
from nnviz.files.errors import FileError, install_line
from nnviz.files.registry import load, replaced, save, suffixes
from nnviz.files.source import Source
from nnviz.files.version1 import json_schema
from tests.formats import HERE, SAVED

STATE = State(Network.from_weights({"node_0": [2, 4], "output": [2]}), Dataset([[3, 5]]))
NEEDS = [
    "numpy>=1.26",
    "h5py>=3.10; extra == 'models'",
    "onnx>=1.16; python_version < '4' and extra == 'models'",
    'safe-tensors; extra == "models"',
    "torch>=2.2; extra == 'models-test'",
    "pillow>=10.3; extra == 'motion'",
]
"""As a distribution's metadata list what it needs."""


@pytest.mark.parametrize("own", SAVED, ids=lambda own: own.name)
def test_every_format_reads_and_recognises_what_it_writes(own):
    data = own.write(STATE)
    assert own.read(Source(data)).network == STATE.network
    assert [other.name for other in HERE if other.sniff(data)] == [own.name]


@pytest.mark.parametrize("suffix", [suffix for own in SAVED for suffix in own.saved])
def test_every_suffix_can_be_saved_and_opened_in_any_case(tmp_path, suffix):
    for name in (f"a{suffix}", f"b{suffix.upper()}"):
        save(STATE, tmp_path / name)
        assert load(tmp_path / name).network == STATE.network


@pytest.mark.parametrize("own", SAVED, ids=lambda own: own.name)
def test_a_file_without_a_known_suffix_is_known_by_its_content(tmp_path, own):
    (tmp_path / "file.data").write_bytes(own.write(STATE))
    assert load(tmp_path / "file.data").network == STATE.network


@pytest.mark.parametrize("own", SAVED, ids=lambda own: own.name)
def test_a_file_with_the_suffix_of_another_format_is_known_by_its_content(tmp_path, own):
    for suffix in {*suffixes()} - {*own.suffixes}:
        (tmp_path / f"file{suffix}").write_bytes(own.write(STATE))
        assert load(tmp_path / f"file{suffix}").network == STATE.network


def test_an_unknown_suffix_is_not_saved(tmp_path):
    with pytest.raises(FileError) as caught:
        save(STATE, tmp_path / "a.docx")
    assert str(caught.value) == (
        f"{tmp_path / 'a.docx'} was not saved: its name needs to end in {' or '.join(suffixes())}"
    )
    assert suffixes()[:3] == (".json", ".py", ".txt")
    assert list(tmp_path.iterdir()) == []


def test_the_schema_that_ships_is_the_one_of_the_types():
    shipped = resources() / "schema" / "nnviz-1.schema.json"
    anew = "write it anew: python -m nnviz.files.version1 > resources/schema/nnviz-1.schema.json"
    assert json.loads(shipped.read_text(encoding="utf-8")) == json.loads(json.dumps(json_schema())), anew


def test_the_lists_of_the_schema_are_the_registries():
    shipped = json.loads((resources() / "schema" / "nnviz-1.schema.json").read_text(encoding="utf-8"))
    names, brackets = shipped["$defs"]["LayerPart"]["properties"]["activation"]["anyOf"]
    assert names["enum"] == list(ACTIVATIONS)
    assert shipped["$defs"]["TrainingPart"]["properties"]["optimizer"]["enum"] == list(OPTIMIZERS)
    taken = [name for name in ACTIVATIONS if re.search(brackets["pattern"], f"{name}(0.5)")]
    assert taken == [name for name, own in ACTIVATIONS.items() if own.parameter] != []


@pytest.mark.parametrize("suffix", [".json", ".npz", ".safetensors"])
@pytest.mark.parametrize("name", [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)", "elu(1e-05)"])
def test_every_activation_is_saved_and_opened_with_floats_of_every_size(tmp_path, name, suffix):
    hidden = Layer(("node_0", "node_1"), name, [[0.1, 1 / 3], [-7, 2]], [1e-300, -0.0])
    network = Network(("input_0", "input_1"), (hidden, Layer(("output",), "identity", [[5e-324, 1e308]])))
    save(State(network, Dataset.empty(network)), tmp_path / f"a{suffix}")
    assert load(tmp_path / f"a{suffix}").network == network


def test_an_activation_is_written_by_its_name(tmp_path):
    save(State(Network.from_weights({"output": [2]}, output="elu(0.5)"), Dataset([[3]])), tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text())["network"]["layers"][0]["activation"] == "elu(0.5)"


def test_what_is_not_installed_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/a/python")
    monkeypatch.setattr(metadata, "requires", lambda _name: NEEDS)

    def read(_source):
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")

    module = types.ModuleType("lacking")
    module.sniff, module.read, module.write = lambda _data: True, read, read
    monkeypatch.setitem(sys.modules, "nnviz.files.lacking", module)
    monkeypatch.setattr(
        registry, "FORMATS", (registry.Format("Keras model, HDF5", (".keras",), "lacking", extra="models"),)
    )
    (tmp_path / "a.keras").write_bytes(b"x")
    line = "/a/python -m pip install h5py onnx safe-tensors"
    sentence = f"A Keras model needs h5py, which is not installed: {line}"
    with pytest.raises(FileError) as caught:
        load(tmp_path / "a.keras")
    assert str(caught.value) == sentence
    with pytest.raises(FileError, match=re.escape(sentence)):
        save(STATE, tmp_path / "b.keras")
    assert [path.name for path in tmp_path.iterdir()] == ["a.keras"]


def test_a_file_that_nnviz_cannot_open_is_lost_as_a_whole_where_another_takes_its_place(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(FileError, match="there is no file"):
        replaced(path)
    path.write_bytes(b"somebody's")
    assert replaced(path) == "w.safetensors loses what it holds, which nnviz cannot open"


@pytest.mark.parametrize("listed", [["numpy>=1.26"], None, metadata.PackageNotFoundError("nnviz-desktop")])
def test_where_the_metadata_does_not_say_what_an_extra_needs_the_line_names_the_extra(listed, monkeypatch):
    def requires(_name):
        if isinstance(listed, Exception):
            raise listed
        return listed

    monkeypatch.setattr(metadata, "requires", requires)
    assert split(install_line("models")) == [sys.executable, "-m", "pip", "install", "nnviz-desktop[models]"]


def test_a_python_in_a_folder_with_a_space_is_quoted(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda _name: NEEDS)
    monkeypatch.setattr(sys, "executable", "/my own/python")
    quote = '"' if os.name == "nt" else "'"
    assert install_line("motion") == f"{quote}/my own/python{quote} -m pip install pillow"


def with_all_digits(hidden, output, biased):
    rng = np.random.default_rng(11)
    sizes, names = (3, 4, 2), (["node_0", "node_1", "node_2", "node_3"], ["output_0", "output_1"])
    layers = [
        Layer(nodes, function, rng.normal(size=(after, before)), rng.normal(size=after) if biased else None)
        for nodes, function, before, after in zip(names, (hidden, output), sizes, sizes[1:], strict=False)
    ]
    network = Network(["input_0", "input_1", "input_2"], layers)
    return State(network, Dataset.empty(network))


def in_32_bits(network):
    layers = [
        replace(
            layer,
            weights=layer.weights.astype("f4"),
            biases=None if layer.biases is None else layer.biases.astype("f4"),
        )
        for layer in network.layers
    ]
    return replace(network, layers=layers)


@pytest.mark.parametrize(
    ("state", "formats"),
    [
        (with_all_digits("relu", "identity", biased=False), SAVED),
        (
            with_all_digits("leaky_relu(0.2)", "softmax", biased=True),
            [own for own in SAVED if own.home != "course.dictionary"],
        ),
    ],
    ids=["relu", "biases and a parameter"],
)
def test_between_all_formats_a_network_is_converted_there_and_back_exactly_in_their_precision(state, formats):
    read = cache(lambda own, data: own.read(Source(data)))  # to read HDF5 takes long
    for here, there in product(formats, formats):
        start = read(here, here.write(state))
        moved = read(there, there.write(start))
        assert read(here, here.write(moved)) == moved
        single = any("digits" in part for own in (here, there) for part in own.left_out(state))
        assert moved.network == (in_32_bits(state.network) if single else state.network)
