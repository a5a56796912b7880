"""Every format saves, reads back, is found by suffix and content, and refuses attacks in one sentence."""

import base64
import io
import json
import os
import pickle
import re
import struct
import sys
import warnings
import zipfile
import zlib
from dataclasses import replace
from functools import cache
from importlib import metadata
from itertools import product
from pathlib import Path
from shlex import split
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest

import nnviz
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import Dataset, State
from nnviz.files import registry
from nnviz.files.code import program
from nnviz.files.errors import MissingActivationsError, install_command
from nnviz.files.examples import example
from nnviz.files.models import npz, safetensors
from nnviz.files.models.npz import MOST_ENTRIES, Archive
from nnviz.files.registry import is_saved, load, losses_on_overwrite, losses_on_save, savable_suffixes, save
from nnviz.files.source import Codec, Source
from nnviz.files.version1 import json_schema
from nnviz.system import resources
from tests.core.oracle import make_network
from tests.files.helpers import names, refusals, refused
from tests.formats import HERE, SAVED, layers_models

STATE = State(Network.from_weights({"node_0": [2, 4], "output": [2]}), Dataset([[3, 5]]))


@pytest.mark.parametrize("own", SAVED, ids=lambda own: own.name)
def test_every_format_saves_and_is_found_by_suffix_and_by_content(own, tmp_path, monkeypatch):
    data = own.write(STATE)
    assert own.read(Source(data)).network == STATE.network
    assert [other.name for other in HERE if other.codec.sniff(data)] == [own.name]
    strange = {*savable_suffixes()} - {*own.suffixes} | {".data"}
    for suffix in strange:
        assert registry.read(Source(data, tmp_path / f"file{suffix}")).network == STATE.network, suffix
    for suffix in own.saved:
        for path in (tmp_path / f"a{suffix}", tmp_path / f"b{suffix.upper()}"):
            save(STATE, path)
            assert load(path).network == STATE.network
        before = path.read_bytes()
        with monkeypatch.context() as patch:
            patch.setattr(registry, "LARGEST_BYTES", 10)
            refused(save, STATE, path)
        assert path.read_bytes() == before


@pytest.mark.parametrize("biased", [False, True])
def test_a_network_is_converted_between_all_formats_exactly_in_their_precision(biased):
    functions = ["leaky_relu(0.2)", "softmax"] if biased else ["relu", "identity"]
    network = make_network([3, 4, 2], functions, [biased, biased], 11)
    rounded = [
        replace(own, weights=own.weights.astype("f4"), biases=own.biases.astype("f4") if biased else None)
        for own in network.layers
    ]
    state = State(network, Dataset.empty(network))
    formats = [own for own in SAVED if not biased or own.home != "models.course:COURSE"]
    read = cache(lambda own, data: own.read(Source(data)))  # to read HDF5 takes long
    for here, there in product(formats, formats):
        start = read(here, here.write(state))
        moved = read(there, there.write(start))
        assert read(here, here.write(moved)) == moved
        single = any("digits" in part for own in (here, there) for part in own.codec.left_out(state))
        assert moved.network == (replace(network, layers=rounded) if single else network)


@pytest.mark.parametrize("own", SAVED[:1] + SAVED[2:4], ids=lambda own: own.name)
def test_every_activation_is_saved_and_opened_with_floats_of_every_size(own):
    for name in [*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)", "elu(1e-05)"]:
        hidden = Layer(("node_0", "node_1"), name, [[0.1, 1 / 3], [-7, 2]], [1e-300, -0.0])
        layers = (hidden, Layer(("output",), "identity", [[5e-324, 1e308]]))
        network = Network(("input_0", "input_1"), layers)
        assert own.read(Source(own.write(State(network, Dataset.empty(network))))).network == network


def test_an_unknown_suffix_is_refused_and_an_unreadable_file_counts_as_lost(tmp_path, approved):
    assert savable_suffixes()[:3] == (".json", ".py", ".txt")
    path = tmp_path / "w.safetensors"
    told = {
        "unknown": refused(save, STATE, tmp_path / "a.docx"),
        "no file": refused(losses_on_overwrite, path),
    }
    assert names(tmp_path) == []
    path.write_bytes(b"somebody's")
    approved("what a save replaces", told | {"another file": losses_on_overwrite(path)})


def test_the_shipped_schema_matches_the_types_and_registries():
    shipped = json.loads((resources() / "schema" / "nnviz-1.schema.json").read_text("utf-8"))
    anew = "write it anew: python -m nnviz.files.version1 > resources/schema/nnviz-1.schema.json"
    assert shipped == json.loads(json.dumps(json_schema())), anew
    own_names, brackets = shipped["$defs"]["LayerPart"]["properties"]["activation"]["anyOf"]
    assert own_names["enum"] == list(ACTIVATIONS)
    assert shipped["$defs"]["TrainingPart"]["properties"]["optimizer"]["enum"] == list(OPTIMIZERS)
    taken = [name for name in ACTIVATIONS if re.search(brackets["pattern"], f"{name}(0.5)")]
    assert taken == [name for name, own in ACTIVATIONS.items() if own.parameter] != []


NEEDS = """numpy>=1.26
h5py>=3.10; extra == 'models'
onnx>=1.16; python_version < '4' and extra == 'models'
safe-tensors; extra == "models"
torch>=2.2; extra == 'models-test'
pillow>=10.3; extra == 'motion'"""
"""A distribution's metadata list its requirements in this way."""


def test_a_missing_library_is_named_with_the_line_that_installs_it(tmp_path, monkeypatch, approved):
    monkeypatch.setattr(sys, "executable", "/a/python")
    monkeypatch.setattr(metadata, "requires", lambda _name: NEEDS.splitlines())
    missing = Mock(side_effect=ModuleNotFoundError("No module named 'h5py'", name="h5py"))
    module = SimpleNamespace(OWN=Codec(lambda _data: True, missing, missing))
    monkeypatch.setitem(sys.modules, "nnviz.files.lacking", module)
    lacking = registry.Format("Keras model, HDF5", (".keras",), "lacking:OWN", extra="models")
    monkeypatch.setattr(registry, "FORMATS", (lacking,))
    (tmp_path / "a.keras").write_bytes(b"x")
    told = {"open": refused(load, tmp_path / "a.keras"), "save": refused(save, STATE, tmp_path / "b.keras")}
    approved("a missing library", told)
    assert names(tmp_path) == ["a.keras"]
    monkeypatch.setattr(sys, "executable", "/my own/python")
    quote = '"' if os.name == "nt" else "'"
    assert install_command("motion") == f"{quote}/my own/python{quote} -m pip install pillow"
    unknown = [["numpy>=1.26"], None, metadata.PackageNotFoundError("nnviz-desktop")]
    monkeypatch.setattr(metadata, "requires", Mock(side_effect=unknown))
    for _ in unknown:  # metadata that do not say what the extra needs
        assert split(install_command("models"))[1:] == ["-m", "pip", "install", "nnviz-desktop[models]"]


# What stands beside a file, and what is never read.


def test_only_a_file_in_the_same_folder_is_read_with_another_file(tmp_path, approved):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "weights.bin").write_bytes(b"abc")
    source = Source(b"", folder / "model.json")
    assert source.read_sibling("weights.bin") == b"abc"
    if os.name != "nt":
        (folder / "same.bin").symlink_to("weights.bin")
        (folder / "link").symlink_to(tmp_path / "secret")
        assert source.read_sibling("same.bin") == b"abc"
        approved("a link out of the folder", refused(source.read_sibling, "link"))
    plain = ("../secret", "/secret", "", ".", "..", "a/b", "a\\b", "C:a", "a\0", "other.bin")
    told = refusals({ascii(name): name for name in plain}, source.read_sibling)
    assert "is not the name of a file" in refused(source.read_sibling, str(tmp_path / "secret"))
    alone = [refused(own.read_sibling, "a.bin") for own in (Source(b""), Source(b"", Path("/dev/stdin")))]
    approved("files beside a file", "\n".join((told, *alone)))


def torch_zip():
    return packed(("model/data.pkl", b"\x80\x02}q\x00."), how=zipfile.ZIP_STORED)


def test_pickles_and_other_unsupported_files_are_refused_with_advice(tmp_path, approved):
    legacy = pickle.dumps({"a": [1]})
    files = {
        **{name: torch_zip() for name in ("a.pt", "a.bin", "a.npz")},
        **dict.fromkeys(("a.pth", "a.pkl", "a.joblib", "a", "a.json"), legacy),
        "a.onnx": b"",
        "a.h5": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n",
        "a.keras": b"\n<!DOCTYPE html>\n<html>",
        "a.npy": b"\x93NUMPY\x01\x00v\x00{'descr': '|O', ",
        "a.tflite": b"\x1c\x00\x00\x00TFL3\x14\x00",
        "saved_model.pb": b"\x08\x01\x12",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    approved("strangers", refusals({name: tmp_path / name for name in files}, load))


KERNEL = "weightsManifest", 0, "weights", 0
LAYERS = "modelTopology", "config", "layers"
DAMAGED = {
    "an activation of its own": ((*LAYERS, 0, "config", "activation"), "wave"),
    "an activation of 1": ((*LAYERS, 0, "config", "activation"), 1),
    "a class of its own": (("modelTopology", "class_name"), "Mine"),
    "a functional model": (("modelTopology",), {"class_name": "Functional", "config": {"layers": 3}}),
    "a number for layers": (LAYERS, 3),
    "a name twice": ((*KERNEL, "name"), "dense_1/bias"),
    "another name": ((*KERNEL, "name"), "dense_7/kernel"),
    "a large shape": ((*KERNEL, "shape"), [20, 30]),
    "a very large shape": ((*KERNEL, "shape"), [10**6, 10**6]),
    "a shape below 0": ((*KERNEL, "shape"), [-1, -1]),
    "a shape of True": ((*KERNEL, "shape"), [True, 3]),
    "many dimensions": ((*KERNEL, "shape"), [1] * 40),
    "a number for a shape": ((*KERNEL, "shape"), 3),
    "texts": ((*KERNEL, "dtype"), "string"),
    "whole numbers": ((*KERNEL, "dtype"), "int32"),
    "packed complex numbers": ((*KERNEL, "quantization"), {"dtype": "complex64"}),
    "a text for a scale": ((*KERNEL, "quantization"), {"dtype": "uint8", "min": 0, "scale": "1"}),
    "a very large scale": ((*KERNEL, "quantization"), {"dtype": "uint8", "min": 0, "scale": 10**300}),
    "packed by a list": ((*KERNEL, "quantization"), [1]),
    "many weights": (("weightsManifest", 0, "weights"), [{}] * 4_001),
    "a graph of operations": (("format",), "graph-model"),
    "no manifest": (("weightsManifest",), None),
    "an object for a manifest": (("weightsManifest",), {}),
    "a list in a manifest": (("weightsManifest",), [[]]),
    "a path for paths": (("weightsManifest", 0, "paths"), "x"),
    "a number for a path": (("weightsManifest", 0, "paths", 0), 1),
}
"""By what is damaged, the way to a part of a layers model, and what stands there."""


def test_a_damaged_layers_model_is_refused_with_its_place(tmp_path, approved):
    (tmp_path / "weights.bin").write_bytes(bytes(52))

    def load_with(damage):
        (*way, key), value = damage
        part = model = json.loads(layers_models()[0])
        for step in way:
            part = part[step]
        part[key] = value
        (tmp_path / "model.json").write_text(json.dumps(model))
        return load(tmp_path / "model.json")

    assert load_with((("format",), "layers-model")).network.sizes == (2, 3, 1)
    approved("damaged layers models", refusals(DAMAGED, load_with))
    assert names(tmp_path) == ["model.json", "weights.bin"]


def test_activations_can_be_given_only_if_the_file_lacks_them(tmp_path, approved):
    np.savez(tmp_path / "a.npz", W0=[[1.0]], W1=[[2.0]])
    state = load(tmp_path / "a.npz", activations=["leaky_relu(0.20)", "sigmoid"])
    assert activations_of(state.network) == ["leaky_relu(0.2)", "sigmoid"]
    nnviz.save(state, tmp_path / "a.json")
    assert nnviz.load(tmp_path / "a.json", activations=["leaky_relu(0.2)", "sigmoid"]) == state
    cases = {
        "other activations": ("a.json", ["relu", "sigmoid"]),
        "none of that name": ("a.npz", ["cube", "relu"]),
        "one too few": ("a.npz", ["tanh"]),
        "one text": ("a.npz", "relu,identity"),
        "none": ("a.npz", None),
    }
    told = refusals(cases, lambda case: load(tmp_path / case[0], activations=case[1]))
    approved("given activations", told)
    for form, data in (
        (npz, (tmp_path / "a.npz").read_bytes()),
        (safetensors, saved_tensors({"0.weight": ones(1, 1), "2.weight": ones(1, 1)})),
    ):
        with pytest.raises(MissingActivationsError) as caught:
            form.read(Source(data))
        assert (caught.value.sizes, caught.value.proposal) == ((1, 1, 1), ("relu", "identity"))


# Archives.


def packed(*entries, how=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands twice
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def changed(data, where, at, new):
    """Return an archive with bytes changed in its last list entry ("PK12") or local header ("PK34")."""
    start = data.rindex(b"PK\x01\x02" if where == "list" else b"PK\x03\x04")
    return data[: start + at] + new + data[start + at + len(new) :]


def link():
    info = zipfile.ZipInfo("a")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return packed((info, "/etc/passwd"))


def sharing():
    """Return an archive whose list names the same packed bytes twice."""
    data = packed(("a", bytes(range(250)) * 4), how=zipfile.ZIP_STORED)
    first, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    again = data[first:end][:46] + b"b"
    counts = struct.pack("<2HL", 2, 2, 2 * len(again))
    return data[:end] + again + data[end : end + 8] + counts + data[end + 16 :]


def number(value):
    return struct.pack("<L", value)


ONE = packed(("a", b"abc" * 100))
STORED = packed(("a", b"abc"), how=zipfile.ZIP_STORED)


def unpacked(data):
    archive = Archive(data)
    return [archive.read(name) for name in archive.names]


def test_an_archive_that_is_an_attack_is_refused(approved, monkeypatch):
    assert npz.LARGEST_BYTES == 128 * 2**20
    monkeypatch.setattr(npz, "LARGEST_BYTES", 2**20)
    cases = {
        "no archive": b"PK\x03\x04" + bytes(100),
        "a name twice": packed(("a", "1"), ("a", "2")),
        "the same bytes under two names": sharing(),
        **{f"a name {name}": packed((name, "1")) for name in ("../a", "/a", "b/../../a", "C:a", "b\\a")},
        "a link": link(),
        "encrypted": changed(ONE, "list", 8, b"\x01"),
        "packed by LZMA": packed(("a", "1"), how=zipfile.ZIP_LZMA),
        "many entries": packed(*((f"{i}", "") for i in range(MOST_ENTRIES + 1))),
        "a bomb": packed(*((f"{i}", bytes(2**18)) for i in range(5))),
        "a very large size": changed(ONE, "list", 24, number(2**32 - 1)),
        "a size that is too small": changed(packed(("a", bytes(10**6))), "list", 24, number(100)),
        "a size above the stored one": changed(STORED, "list", 24, number(4)),
        "packed bytes that go on": changed(ONE, "list", 24, number(299)),
        "another checksum": changed(STORED, "list", 16, number(1)),
        "other bytes": changed(ONE, "local", 31, b"\xff\xff\xff"),
        "another place": changed(ONE, "list", 42, number(5)),
        "another name": changed(ONE, "local", 30, b"b"),
    }
    approved("attacks by archives", refusals(cases, unpacked))


def test_other_bytes_around_an_archive_change_nothing():
    assert unpacked(b"junk" + ONE) == unpacked(ONE + b"junk") == unpacked(ONE)


class Pipe(io.BytesIO):
    """A stream that goes forward alone."""

    def seek(self, *_):
        raise io.UnsupportedOperation


def test_the_entries_of_an_honest_archive_are_read_in_their_order(approved):
    data = packed(("z/a", b"abc" * 100), ("b", b""), ("é", bytes(100_000)))
    archive = Archive(data)
    assert archive.names == ["z/a", "b", "é"]
    assert unpacked(data) == [b"abc" * 100, b"", bytes(100_000)]
    approved("no such entry", refused(archive.read, "c"))
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"abc" * 100)
        with archive.open("b", "w", force_zip64=True) as entry:
            entry.write(b"x" * 1000)
    assert unpacked(pipe.getvalue()) == [b"abc" * 100, b"x" * 1000]


def test_a_dictionary_in_json_is_not_saved_in_its_format():
    data = b"{'node_0': [2, 4], 'output': [3]}"
    assert not is_saved(Source(data, Path("w.json")))
    assert is_saved(Source(data, Path("w.py")))
    assert is_saved(Source(data, Path("w.txt")))


# Arrays of NumPy.

W0, W1 = np.array([[2.0, 4.0], [4.0, -5.0]]), np.array([[2.0, 7.0]])
NAMES = np.array(["relu", "identity"])


def saved(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def arrays(data, activations=None):
    return npz.read(Source(data, activations=activations)).network


def activations_of(network):
    return [layer.activation for layer in network.layers]


def test_arrays_that_numpy_saves_open_as_a_network():
    opened = arrays(saved(W0=W0, b0=[1.0, 2.0], W1=W1, b1=[0.5], activations=["tanh", "sigmoid"]))
    assert opened.inputs == ("input_0", "input_1")
    assert [layer.nodes for layer in opened.layers] == [("node_0", "node_1"), ("output",)]
    assert activations_of(opened) == ["tanh", "sigmoid"]
    assert opened.layers[0].weights.tolist() == W0.tolist()
    assert [layer.biases.tolist() for layer in opened.layers] == [[1.0, 2.0], [0.5]]
    assert opened.predict([3, 5])[0, 0] == pytest.approx(1 / (1 + np.exp(4.5)))
    for kind in ("<U8", ">U8", "S8"):
        opened = arrays(saved(W0=W0, W1=W1, b1=[0.5], activations=NAMES.astype(kind)))
        assert activations_of(opened) == ["relu", "identity"]
        assert [layer.biases is None for layer in opened.layers] == [True, False]
    for kind in ("<f8", ">f8", "<f4", "<f2", "<i4", ">i2", "u1"):
        weights = np.asfortranarray(np.abs(W0).astype(kind))
        opened = arrays(saved(W0=weights, W1=np.abs(W1).astype(kind), activations=NAMES))
        assert opened.layers[0].weights.tolist() == np.abs(W0).tolist()


def test_rows_beside_a_program_are_read_with_its_numbers():
    before = load(example("digits").path)
    names = tuple(activations_of(before.network))
    after = npz.read(Source(program(before, "numpy").npz, activations=names))
    assert after.data == before.data
    assert np.array_equal(
        after.network.predict(after.data.inputs), before.network.predict(before.data.inputs)
    )


def test_numpy_loads_the_arrays_that_nnviz_saves(approved):
    before = Network(("a", "b"), (Layer(("output",), "leaky_relu(0.2)", [[2.0, 5e-324]], [1e308]),))
    with np.load(io.BytesIO(npz.write(State(before, Dataset.empty(before))))) as written:
        assert written["activations"].tolist() == ["leaky_relu(0.2)"]
        assert (written["W0"].tolist(), written["b0"].tolist()) == ([[2.0, 5e-324]], [1e308])
    state = State(before, Dataset([[1, 2]]), name="Mine", notes="Of mine.")
    approved("what arrays leave out", losses_on_save(state, "a.npz"))


QUINE = zlib.decompress(
    base64.b64decode(
        "eNoL8GZmEWFgYOAAYkWGXX8N/jIxMjAUADEbUCTcQC+voJJBk+Ha/wBiFSpFKTowMLAy/EJiQQgRhtdYxZw6FI8wEM1iYPj/H0L4"
        "MWzEKrZ4XSZDgDcjkwgDbgejAojzA7xZwVKMQGgCpNUYQTzqmgYAx0pRSg=="
    )
)
"""An archive whose one entry, W0.npy, unpacks to the archive itself."""


def of_header(header, body=b""):
    """Return an archive with a given header of W0."""
    text = header.encode()
    return packed(("W0.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body))


def of_shape(shape, body=b""):
    return of_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape}), }}", body)


def test_arrays_that_are_not_a_network_are_refused(approved):
    one, two = NAMES[1:], NAMES
    cases = {
        "another name": saved(data=W0),
        "an archive that unpacks to itself": QUINE,
        "no W0": saved(W1=W1, activations=two),
        "biases without weights": saved(W0=W0, b1=W1, activations=one),
        "no layer": saved(activations=NAMES[:0]),
        "another number of inputs": saved(W0=W0, W1=[[1, 2, 3]], activations=two),
        "another number of biases": saved(W0=W0, b0=[1], W1=W1, activations=two),
        "columns of nodes": saved(W0=W0, b0=[1, 2], W1=W1.T, b1=[1], activations=two),
        "a row": saved(W0=W0[0], activations=one),
        "no nodes": saved(W0=W0[:0], activations=one),
        "NaN": saved(W0=[[1, np.nan]], activations=one),
        "texts": saved(W0=[["a"]], activations=one),
        "complex numbers": saved(W0=W0 * 1j, activations=one),
        "objects": saved(W0=np.array([[None]]), activations=one),
        "another number of activations": saved(W0=W0, W1=W1, activations=one),
        "another activation": saved(W0=W0, activations=["cube"]),
        "more than there is": of_shape("10000000, 10000000", bytes(8)),
        "much more than there is": of_shape("999999999999999, " * 2),
        "an empty array of a huge shape": of_shape(f"{10**30}, 0"),
        "a shape of no number": of_shape("True,", bytes(8)),
        "many dimensions": of_shape("1," * 40),
        "a key twice": of_header("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False}"),
        "another number of columns": saved(W0=W0, activations=one, inputs=[[1.0, 2.0, 3.0]]),
        "another number of rows": saved(W0=W0, activations=one, inputs=[[1.0, 2.0]], targets=np.eye(2)),
        "a number as rows": saved(W0=W0, activations=one, inputs=1.0),
        "no inputs": saved(W0=W0, activations=one, targets=[[1.0, 2.0]]),
        "no text": saved(W0=W0, activations=np.array([2**31], "<u4").view("<U1")),
        "a long header": of_shape("1, " * 2000),
        "a deep header": of_header("[" * 900),
    }
    approved("bad arrays", refusals(cases, arrays))
    assert zipfile.ZipFile(io.BytesIO(QUINE)).read("W0.npy") == QUINE


# Tensors of PyTorch.

KINDS = {"<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<u2": "BF16"}


def framed(head, body=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + body


def saved_tensors(tensors, **metadata):
    head, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, values in tensors.items():
        array = np.asarray(values, getattr(values, "dtype", "<f4"))
        offsets = [len(body), len(body) + array.nbytes]
        head[name] = {"dtype": KINDS[array.dtype.str], "shape": array.shape, "data_offsets": offsets}
        body += array.tobytes()
    return framed(head, body)


def tensors(data, activations=None):
    return safetensors.read(Source(data, activations=activations)).network


def ones(nodes, inputs):
    return np.ones((nodes, inputs), "<f4")


def test_a_state_dict_opens_with_the_given_activations():
    weights = {"fc1.bias": [1, 2], "fc1.weight": [[2, 4], [4, -5]], "fc2.weight": [[2, 7]]}
    opened = tensors(saved_tensors(weights, format="pt", anything="else"), ("tanh", "sigmoid"))
    first, second = opened.layers
    assert (opened.inputs, activations_of(opened)) == (("input_0", "input_1"), ["tanh", "sigmoid"])
    assert (first.weights.tolist(), first.biases.tolist()) == ([[2, 4], [4, -5]], [1, 2])
    assert second.biases is None
    halves = (np.array([[1.5, -3.0]], "<f4").view("<u4") >> 16).astype("<u2")  # bfloat16
    numbers = {kind: np.array([[0.1, -3]], kind) for kind in ("<f8", "<f4", "<f2")}
    for stored, read in [*((own, own.tolist()) for own in numbers.values()), (halves, [[1.5, -3.0]])]:
        assert tensors(saved_tensors({"weight": stored}), ("relu",)).layers[0].weights.tolist() == read


def test_layers_stand_in_the_order_of_their_numbers_and_shapes():
    for layers, sizes in (  # as they stand in a file, each with its nodes and inputs
        ("weight 1 2", [2, 1]),
        ("net.10.weight 1 3, net.2.weight 3 4, net.0.weight 4 2", [2, 4, 3, 1]),
        ("module.fc2.weight 1 3, module.fc1.weight 3 2", [2, 3, 1]),
        ("decoder.weight 2 3, encoder.weight 3 4, head.weight 1 2", [4, 3, 2, 1]),
        ("fc1.weight 5 2, fc2.weight 5 5, fc3.weight 5 5, out.weight 1 5", [2, 5, 5, 5, 1]),
        ("²1.weight 1 3, ²0.weight 3 2", [2, 3, 1]),
        ("blocks.1.b.weight 5 5, blocks.1.a.weight 5 4, blocks.0.a.weight 4 3", [3, 4, 5, 5]),
    ):
        shapes = [layer.split(" ") for layer in layers.split(", ")]
        data = saved_tensors({name: ones(int(nodes), int(inputs)) for name, nodes, inputs in shapes})
        assert list(tensors(data, ("relu",) * len(shapes)).sizes) == sizes
    numbered = {f"fc{k}.weight": np.full((2, 2), k, "<f4") for k in (10, 9, 1)}
    opened = tensors(saved_tensors(numbered), ("relu",) * 3)
    assert [layer.weights[0, 0] for layer in opened.layers] == [1, 9, 10]


def test_two_layers_may_share_a_tensor_as_pytorch_saves_them():
    shared = {"0.weight": [[1, 2], [3, 4]], "0.bias": [5, 6], "2.bias": [7, 8]}
    first, second = tensors(saved_tensors(shared, **{"2.weight": "0.weight"}), ("relu", "relu")).layers
    assert second.weights.tolist() == first.weights.tolist() == [[1, 2], [3, 4]]
    assert second.biases.tolist() == [7, 8]


def head(**changes):
    return {"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4], **changes}}


def test_tensors_that_are_not_a_network_are_refused(approved):
    relu = {"nnviz.activations": "relu"}
    batch = {"0.weight": ones(1, 1), "1.weight": [1.0], "1.num_batches_tracked": np.array(1, "<i8")}
    same = {"dtype": "BF16", "shape": [1000, 1000], "data_offsets": [0, 2_000_000]}
    shared = {f"{k}.weight": same for k in range(5)}
    cases = {
        "a very long header": b"\xff" * 8 + b"{",
        "a long header": framed(b" " * 1_048_577),
        "half a header": struct.pack("<Q", 500) + b"{",
        "broken JSON": framed(b"{{}"),
        "a byte": framed(b'{"\xff":1}'),
        "deep JSON": framed(b'{"a":' * 50_000),
        "a key twice": framed(b'{"weight": 1, "weight": 2}'),
        "a list": framed(b"[1, 2]"),
        "no tensor": framed({}),
        "another key": framed(head(more=1)),
        "half a shape": framed(head(shape=[1.5, 1])),
        "half a tensor": framed(head(shape=[1, 2], data_offsets=[0, 8]), bytes(4)),
        "bytes before the first": framed(head(data_offsets=[-4, 0]), bytes(4)),
        "many tensors on the same bytes": framed(shared, bytes(2 * 1000 * 1000)),
        "a very large shape": framed(head(shape=[10**8, 10**8]), bytes(4)),
        "many dimensions": framed(head(shape=[9] * 100_000), bytes(4)),
        "a shape below 0": framed(head(shape=[-1, -1]), bytes(4)),
        "a normalisation": saved_tensors(batch),
        "whole numbers": saved_tensors({"fc.weight": np.eye(2, dtype="<i8")}),
        "a number": saved_tensors({"foo": np.array(1, "<f4")}),
        "a step": saved_tensors({"step": np.array([1], "<i8")}),
        "a mean": saved_tensors({"bn.mean": [1, 2]}),
        "a convolution": saved_tensors({"conv.weight": np.ones((1, 1, 3, 3), "<f4")}),
        "a bias alone": saved_tensors({"fc.bias": [1]}),
        "another number of inputs": saved_tensors({"fc1.weight": ones(3, 2), "fc2.weight": ones(1, 4)}),
        "no order": saved_tensors({"a.weight": ones(2, 2), "b.weight": ones(2, 2)}),
        "NaN": saved_tensors({"fc.weight": [[1, np.nan]]}, **relu),
        "another NaN": saved_tensors({"fc.weight": np.array([[0x7F800001]], "<u4").view("<f4")}, **relu),
        "many activations": saved_tensors({"fc.weight": [[1]]}, **{"nnviz.activations": "relu,relu"}),
        "another activation": saved_tensors({"fc.weight": [[1]]}, **{"nnviz.activations": "cube"}),
        "many layers": saved_tensors({f"{k}.weight": ones(1, 1) for k in range(501)}),
    }
    approved("bad tensors", refusals(cases, tensors))


@pytest.mark.parametrize("length", [640, 896, 1152, 1408])
def test_a_length_that_begins_like_a_pickle_is_accepted(length):
    data = framed(json.dumps(head()).encode().ljust(length), bytes(4))
    source = Source(data, Path("a.safetensors"), activations=("relu",))
    assert registry.read(source).network.sizes == (1, 1)
