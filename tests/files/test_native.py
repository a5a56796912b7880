"""Saving then loading is the identity, and what is saved is pleasant to read."""

import itertools
import json
import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, Weights, WeightSet
from nnviz.files import native
from nnviz.files.errors import FileError
from nnviz.files.registry import load, save
from nnviz.files.source import Source

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
letters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
names = st.text(letters, min_size=1, max_size=8).filter(str.strip)
titles = st.text(letters, max_size=30)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def one_weight(value):
    network = Network(("x",), (Layer(("y",), "identity", [[value]]),))
    return State(network, Dataset([[1.0]]))


def bits(value):
    return struct.pack("<d", value)


@st.composite
def states(draw):
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    taken = iter(draw(st.lists(names, min_size=sum(sizes), max_size=sum(sizes), unique=True)))
    rows = draw(st.integers(0, 3))

    def matrix(height, width):
        return np.array([[draw(floats) for _ in range(width)] for _ in range(height)]).reshape(height, width)

    inputs = tuple(next(taken) for _ in range(sizes[0]))
    layers = []
    for before, count in itertools.pairwise(sizes):
        biases = draw(st.one_of(st.none(), st.lists(floats, min_size=count, max_size=count)))
        activation = draw(st.sampled_from(["identity", "relu", "tanh", "softmax"]))
        layers.append(
            Layer(tuple(next(taken) for _ in range(count)), activation, matrix(count, before), biases)
        )
    network = Network(inputs, tuple(layers))
    targets = matrix(rows, sizes[-1]) if draw(st.booleans()) else None
    training = Training(
        draw(st.floats(min_value=5e-324, max_value=1e300)),
        draw(st.integers(1, 10**12)),
        draw(st.one_of(st.none(), st.integers(1, 1000))),
        draw(st.sampled_from(["gradient_descent", "momentum", "adam"])),
        draw(st.integers(0, 2**63 - 1)),
    )
    sets = tuple(
        WeightSet(name, tuple(Weights(-layer.weights, layer.biases) for layer in layers))
        for name in draw(st.lists(names, max_size=2))
    )
    data = Dataset(matrix(rows, sizes[0]), targets)
    return State(network, data, training, sets, draw(titles), draw(texts))


@given(states())
def test_saving_then_loading_gives_back_the_state(state):
    assert native.read(Source(native.write(state))) == state


@given(floats)
def test_every_float_comes_back_bit_for_bit(value):
    back = native.read(Source(native.write(one_weight(value)))).network.layers[0].weights[0, 0]
    assert bits(back) == bits(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-0.0, "-0.0"),
        (0.0, "0"),
        (2.0, "2"),
        (-13.0, "-13"),
        (0.1, "0.1"),
        (5e-324, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (2.0**53 + 2, "9007199254740994.0"),
        (1e22, "1e+22"),
    ],
)
def test_a_number_is_written_as_shortly_as_it_can_be_read(value, written):
    text = native.write(one_weight(value)).decode()
    assert f'"weights": [\n          [{written}]\n        ]' in text
    assert bits(native.read(Source(text.encode())).network.layers[0].weights[0, 0]) == bits(value)


def test_a_saved_file_reads_like_this():
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    state = State(network, Dataset([[3, 5]], [[60]]), Training(), (), "Bank · 1", "Two\nlines")
    assert native.write(state).decode() == (
        """{
  "format": "nnviz",
  "version": 1,
  "name": "Bank · 1",
  "notes": "Two\\nlines",
  "network": {
    "inputs": ["input_0", "input_1"],
    "layers": [
      {
        "nodes": ["node_0", "node_1"],
        "activation": "relu",
        "weights": [
          [2, 4],
          [4, -5]
        ],
        "biases": null
      },
      {
        "nodes": ["output"],
        "activation": "identity",
        "weights": [
          [2, 7]
        ],
        "biases": null
      }
    ]
  },
  "data": {
    "inputs": [
      [3, 5]
    ],
    "targets": [
      [60]
    ]
  },
  "training": {
    "learning_rate": 0.01,
    "updates": 20,
    "batch_size": null,
    "optimizer": "gradient_descent",
    "seed": 0,
    "loss": "mse",
    "validation": 0
  }
}
"""
    )


def test_one_changed_weight_changes_one_line():
    state = State(
        Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}), Dataset([[3, 5]])
    )
    other = State(
        Network.from_weights({"node_0": [2, 4], "node_1": [4, 1], "output": [2, 7]}), Dataset([[3, 5]])
    )
    one, two = native.write(state).decode().split("\n"), native.write(other).decode().split("\n")
    assert [(a, b) for a, b in zip(one, two, strict=True) if a != b] == [
        ("          [4, -5]", "          [4, 1]")
    ]


def test_what_may_be_left_out_gets_its_default():
    raw = {
        "format": "nnviz",
        "version": 1,
        "network": {
            "inputs": ["a"],
            "layers": [
                {"activation": "relu", "weights": [[1], [2]]},
                {"activation": "relu", "weights": [[1, 2]]},
                {"activation": "identity", "weights": [[1]]},
            ],
        },
    }
    state = native.read(Source(json.dumps(raw).encode()))
    assert [layer.nodes for layer in state.network.layers] == [
        ("node_0_0", "node_0_1"),
        ("node_1_0",),
        ("output",),
    ]
    assert all(layer.biases is None for layer in state.network.layers)
    assert (state.name, state.notes, state.training, state.weight_sets) == ("", "", Training(), ())
    assert state.data.inputs.shape == (0, 1)
    assert state.data.targets is None


def test_a_file_may_start_with_a_byte_order_mark():
    data = native.write(one_weight(1.0))
    assert native.read(Source(b"\xef\xbb\xbf" + data)) == native.read(Source(data))


def test_a_saved_key_order_does_not_matter(tmp_path):
    raw = json.loads(native.write(one_weight(3.0)))
    (tmp_path / "a.json").write_text(json.dumps(dict(reversed(raw.items()))))
    assert load(tmp_path / "a.json") == one_weight(3.0)


def test_what_could_not_be_read_back_is_not_saved(tmp_path):
    file = tmp_path / "old.json"
    save(one_weight(7.0), file)
    other = Network.from_weights({"output": [1, 2]})
    with pytest.raises(FileError) as caught:
        save(replace(one_weight(1.0), weight_sets=(WeightSet.of("other", other),)), file)
    sentence = (
        "weight_sets[0].layers[0].weights[0]: expected 1 number, one for each weight of the node, found 2"
    )
    assert str(caught.value) == f"{file} was not saved: {sentence}"
    assert load(file) == one_weight(7.0)
