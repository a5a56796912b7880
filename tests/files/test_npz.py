"""Networks as arrays in an archive: what is read, what is written, and every attack refused in a sentence."""

import base64
import io
import struct
import zipfile
import zlib

import numpy as np
import pytest

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.code import program
from nnviz.files.errors import FileError, UnansweredError
from nnviz.files.examples import example
from nnviz.files.models import npz
from nnviz.files.registry import left_out, load, save
from nnviz.files.source import Source

W0, W1 = np.array([[2.0, 4.0], [4.0, -5.0]]), np.array([[2.0, 7.0]])
NAMES = np.array(["relu", "identity"])


def saved(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def network(data, activations=None):
    return npz.read(Source(data, activations=activations)).network


def refused(data, activations=None):
    with pytest.raises(FileError) as caught:
        network(data, activations)
    return str(caught.value)


def test_arrays_that_numpy_saves_open_as_a_network():
    opened = network(saved(W0=W0, b0=[1.0, 2.0], W1=W1, b1=[0.5], activations=["tanh", "sigmoid"]))
    assert opened.inputs == ("input_0", "input_1")
    assert [layer.nodes for layer in opened.layers] == [("node_0", "node_1"), ("output",)]
    assert [layer.activation for layer in opened.layers] == ["tanh", "sigmoid"]
    assert opened.layers[0].weights.tolist() == W0.tolist()
    assert [layer.biases.tolist() for layer in opened.layers] == [[1.0, 2.0], [0.5]]
    assert opened.predict([3, 5])[0, 0] == pytest.approx(1 / (1 + np.exp(4.5)))


def test_a_layer_may_have_no_biases_and_the_network_has_no_rows():
    state = npz.read(Source(saved(W0=W0, W1=W1, b1=[0.5], activations=NAMES)))
    assert [layer.biases is None for layer in state.network.layers] == [True, False]
    assert len(state.data) == 0


def test_rows_beside_a_program_are_read_with_its_numbers(tmp_path):
    before = load(example("digits").path)
    (tmp_path / "mine.npz").write_bytes(program(before, "numpy").npz)
    after = load(tmp_path / "mine.npz", activations=[layer.activation for layer in before.network.layers])
    assert after.data == before.data
    assert (
        after.network.predict(before.data.inputs).tolist()
        == before.network.predict(before.data.inputs).tolist()
    )


@pytest.mark.parametrize("kind", ["<U8", ">U8", "S8"])
def test_texts_of_every_type_and_order_open(kind):
    opened = network(saved(W0=W0, W1=W1, activations=NAMES.astype(kind)))
    assert [layer.activation for layer in opened.layers] == ["relu", "identity"]


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", "<f2", "<i4", ">i2", "u1"])
def test_real_numbers_of_every_type_and_order_open(kind):
    weights = np.asfortranarray(np.abs(W0).astype(kind))
    opened = network(saved(W0=weights, W1=np.abs(W1).astype(kind), activations=NAMES))
    assert opened.layers[0].weights.tolist() == np.abs(W0).tolist()


def test_activations_that_are_missing_are_asked_for_with_a_proposal():
    with pytest.raises(UnansweredError) as caught:
        network(saved(W0=W0, W1=W1))
    assert (caught.value.sizes, caught.value.proposal) == ((2, 2, 1), ("relu", "identity"))
    assert str(caught.value) == (
        "the file does not say which activations its layers have; "
        "give one for each layer, such as activations=['relu', 'identity']"
    )
    opened = network(saved(W0=W0, W1=W1), ("tanh", "softplus"))
    assert [layer.activation for layer in opened.layers] == ["tanh", "softplus"]
    assert refused(saved(W0=W0, W1=W1), ("tanh",)) == "expected 2 activations, one for each layer, found 1"


def test_numpy_loads_what_is_written(tmp_path):
    layer = Layer(("output",), "leaky_relu(0.2)", [[2.0, 5e-324]], [1e308])
    before = Network(("input_0", "input_1"), (layer,))
    save(State(before, Dataset.empty(before)), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as arrays:
        assert arrays["activations"].tolist() == ["leaky_relu(0.2)"]
        assert (arrays["W0"].tolist(), arrays["b0"].tolist()) == ([[2.0, 5e-324]], [1e308])


def test_one_text_is_no_list_of_activations(tmp_path):
    (tmp_path / "a.npz").write_bytes(saved(W0=W0, W1=W1))
    with pytest.raises(FileError, match=r"^activations: expected a list of names, found 'relu,identity'$"):
        load(tmp_path / "a.npz", activations="relu,identity")


def test_what_is_not_kept_is_told():
    before = Network(("a", "b"), (Layer(("output",), "identity", [[1.0, 2.0]]),))
    state = State(before, Dataset([[1, 2]]), name="Mine", notes="Of mine.")
    assert left_out(state, "a.npz") == (
        "a.npz leaves out the rows, the names of the inputs, the title and the notes; "
        "a file that ends in .json keeps them"
    )


QUINE = zlib.decompress(
    base64.b64decode(
        "eNoL8GZmEWFgYOAAYkWGXX8N/jIxMjAUADEbUCTcQC+voJJBk+Ha/wBiFSpFKTowMLAy/EJiQQgRhtdYxZw6FI8wEM1iYPj/H0L4"
        "MWzEKrZ4XSZDgDcjkwgDbgejAojzA7xZwVKMQGgCpNUYQTzqmgYAx0pRSg=="
    )
)
"""An archive whose one entry, W0.npy, unpacks to the archive itself."""


def of_header(header, body=b""):
    """Return an archive whose W0 has a header of one's own."""
    text = header.encode()
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("W0.npy", array)
    return file.getvalue()


SHAPE = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }"

REFUSED = {
    "expected the arrays W0, b0, W1, b1, … and activations, found 'data.npy'": saved(data=W0),
    "W0.npy: this is not an array of NumPy's": QUINE,
    "the array W0 is missing": saved(W1=W1, activations=NAMES),
    "there is no W for b1, or one between is missing": saved(W0=W0, b1=W1, activations=NAMES[:1]),
    "the file holds no dense layer": saved(b=1)[:0] or saved(activations=NAMES[:0]),
    "layers[1]: expected 2 inputs, one for each node of the layer before, found 3": saved(
        W0=W0, W1=[[1, 2, 3]], activations=NAMES
    ),
    "layers[0]: expected 2 numbers, one for each node, found those of shape (1,)": saved(
        W0=W0, b0=[1], W1=W1, activations=NAMES
    ),
    "W1: expected a row for each node, found a column for each: save W1.T": saved(
        W0=W0, b0=[1, 2], W1=W1.T, b1=[1], activations=NAMES
    ),
    "layers[0]: expected weights of shape (nodes, inputs), found (2,)": saved(
        W0=W0[0], activations=NAMES[:1]
    ),
    "layers[0]: expected weights of shape (nodes, inputs), found (0, 2)": saved(
        W0=W0[:0], activations=NAMES[:1]
    ),
    "layers[0].weights[0][1]: expected a finite number, found NaN": saved(
        W0=[[1, np.nan]], activations=NAMES[1:]
    ),
    "layers[0]: expected real numbers, found <U1": saved(W0=[["a"]], activations=NAMES[1:]),
    "W0.npy: expected an array of real numbers, of up to 64 bits each": saved(
        W0=W0 * 1j, activations=NAMES[1:]
    ),
    "W0.npy: it holds Python objects, which are never loaded: save numbers, or dtype=str": saved(
        W0=np.array([[None]]), activations=NAMES[1:]
    ),
    "activations: expected 2 texts, one for each layer, found <U8 of shape (1,)": saved(
        W0=W0, W1=W1, activations=NAMES[1:]
    ),
    "layers[0].activation: no activation is called 'cube'": saved(W0=W0, activations=["cube"]),
    "W0.npy: its shape (10000000, 10000000) takes 800,000,000,000,000 bytes, found 8": of_header(
        SHAPE % "10000000, 10000000", bytes(8)
    ),
    "W0.npy: its shape (999999999999999,": of_header(SHAPE % ("999999999999999, " * 2)),
    "W0.npy: expected a matrix or a row, found an array of 40 dimensions": of_header(SHAPE % ("1," * 40)),
    "W0.npy: expected an array": of_header("{'descr': '<f8', 'descr': '<f8', 'fortran_order': False}"),
    "data.inputs: expected 2 numbers a row, one for each input, found 3": saved(
        W0=W0, activations=NAMES[:1], inputs=[[1.0, 2.0, 3.0]]
    ),
    "data.targets: expected 1 row, one for each row of inputs, found 2": saved(
        W0=W0, activations=NAMES[:1], inputs=[[1.0, 2.0]], targets=np.eye(2)
    ),
    "inputs: expected rows of numbers": saved(W0=W0, activations=NAMES[:1], inputs=1.0),
    "there are no inputs to the targets": saved(W0=W0, activations=NAMES[:1], targets=[[1.0, 2.0]]),
    "activations: expected texts": saved(W0=W0, activations=np.array([2**31], "<u4").view("<U1")),
    "W0.npy: its header is longer than that of an array of numbers": of_header(SHAPE % ("1, " * 2000)),
    "W0.npy: expected an array of real numbers": of_header("[" * 900),
}


def test_an_archive_that_unpacks_to_itself_is_one():
    assert zipfile.ZipFile(io.BytesIO(QUINE)).read("W0.npy") == QUINE


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_network_or_an_attack_is_refused(sentence):
    assert refused(REFUSED[sentence]).startswith(sentence)
