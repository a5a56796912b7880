"""nnviz's own ONNX files: the checker takes them, onnxruntime predicts the same, and nothing gets lost."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError
from nnviz.files.registry import left_out, load, save
from nnviz.files.source import Source
from tests.models.onnx_files import ONNX, checked, numbers, run

NAMES = (*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)")


def network_of(sizes, names, biased=lambda _k: True):
    layers = [
        Layer(
            tuple(f"n{k}_{j}" for j in range(own)),
            name,
            numbers(own, before, seed=k).astype("f8"),
            numbers(own, seed=k).astype("f8") if biased(k) else None,
        )
        for k, ((before, own), name) in enumerate(zip(itertools.pairwise(sizes), names, strict=False))
    ]
    return Network(tuple(f"x{i}" for i in range(sizes[0])), tuple(layers))


def state_of(network, **more):
    return State(network, Dataset.empty(network), **more)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.lists(st.sampled_from(NAMES), min_size=4, max_size=4),
    st.integers(1, 15),
)
def test_onnxruntime_predicts_what_nnviz_does(sizes, names, biased):
    network = network_of(sizes, names, lambda k: biased >> k & 1)
    data = ONNX.write(state_of(network))
    checked(data)
    x = numbers(5, sizes[0])
    np.testing.assert_allclose(run(data, x), network.predict(x), atol=1e-6, rtol=1e-6)
    again = ONNX.read(Source(data))
    assert again == state_of(network, training=again.training)


@pytest.mark.parametrize("name", NAMES)
def test_every_activation_comes_back_by_its_name(name):
    network = network_of((2, 3, 2), (name, name))
    again = ONNX.read(Source(ONNX.write(state_of(network)))).network
    assert [layer.activation for layer in again.layers] == [name, name]


def test_names_title_and_notes_come_back_and_nothing_else_is_said_to_be_left_out(tmp_path):
    network = network_of((2, 3, 1), ("relu", "identity"))
    state = state_of(network, name="Bänk “1”", notes="# Notes\n\n- of two lines")
    assert left_out(state, tmp_path / "bank.onnx") == ""
    save(state, tmp_path / "bank.onnx")
    assert load(tmp_path / "bank.onnx") == state


def test_rows_settings_and_digits_are_said_to_be_left_out(tmp_path):
    network = Network(("x",), (Layer(("y",), "identity", [[0.1]]),))
    state = State(network, Dataset([[1.0]], [[2.0]]), Training(learning_rate=0.5))
    said = left_out(state, tmp_path / "bank.onnx")
    assert said.startswith(
        "bank.onnx leaves out the rows, the training settings and digits of the weights beyond the seventh"
    )


def test_there_and_back_again_is_exact_in_floats_of_32_bits():
    network = Network(("x", "y"), (Layer(("z",), "elu(0.3)", [[0.1, 1 / 3]], [1e-30]),))
    data = ONNX.write(state_of(network))
    again = ONNX.read(Source(data))
    assert np.array_equal(again.network.layers[0].weights, np.float32([[0.1, 1 / 3]]))
    assert ONNX.write(again) == data


def test_a_number_beyond_floats_of_32_bits_is_refused_with_its_place():
    network = Network(("x",), (Layer(("y",), "identity", [[1e39]]),))
    with pytest.raises(FileError, match=r"^layers\[0\]\.weights: a number is too large"):
        ONNX.write(state_of(network))


def test_names_that_somebody_has_changed_to_what_are_none_are_passed_over():
    network = network_of((2, 3, 1), ("relu", "identity"))
    for text in ("{", "[]", '{"inputs": [1], "nodes": []}', '{"inputs": ["a", "a"], "nodes": [["b"]]}'):
        model = checked(ONNX.write(state_of(network)))
        model.metadata_props[0].value = text
        assert ONNX.read(Source(model.SerializeToString())).network.inputs == ("input_0", "input_1")


def test_a_million_weights_open_in_two_seconds(tmp_path):
    network = network_of((1000, 900, 110, 10), ("relu", "relu", "softmax"))
    save(state_of(network), tmp_path / "large.onnx")
    began = time.process_time()
    assert load(tmp_path / "large.onnx").network.parameters > 10**6
    assert time.process_time() - began < 2
