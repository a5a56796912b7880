"""Networks: what they compute, refuse, and how they start."""

import numpy as np
import pytest
from hypothesis import given

from nnviz.core.network import Layer, Network
from tests.core import oracle


@given(oracle.states())
def test_forward_computes_what_the_course_computes_node_by_node(state):
    found = state.network.predict(state.data.inputs)
    expected = [oracle.predict(state.network, row) for row in state.data.inputs]
    assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


@given(oracle.states())
def test_a_trace_holds_z_and_a_of_every_layer(state):
    trace = state.network.forward(state.data.inputs)
    for k, layer in enumerate(state.network.layers):
        z = trace.feeding(k) @ layer.weights.T + (0 if layer.biases is None else layer.biases)
        assert trace.z[k] == pytest.approx(z)
        assert trace.a[k].tolist() == layer.function(trace.z[k]).tolist()
    assert trace.prediction is trace.a[-1]


def test_one_row_may_be_given_flat():
    network = oracle.make_network([2, 1], ["identity"], [True])
    assert network.predict([1, 2]).tolist() == network.predict([[1, 2]]).tolist()


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "softplus"])
def test_the_relu_family_starts_normal_after_he(activation):
    network = oracle.make_network([300, 200], [activation], [True]).randomised(5)
    (layer,) = network.layers
    expected = np.random.default_rng([5, 0]).normal(0, np.sqrt(2 / 300), (200, 300))
    assert layer.weights.tolist() == expected.tolist()
    assert layer.weights.std() == pytest.approx(np.sqrt(2 / 300), rel=0.02)
    assert layer.biases.tolist() == [0] * 200


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "softmax"])
def test_the_others_start_uniform_after_glorot(activation):
    (layer,) = oracle.make_network([300, 200], [activation], [False]).randomised(6).layers
    limit = np.sqrt(6 / 500)
    expected = np.random.default_rng([6, 0]).uniform(-limit, limit, (200, 300))
    assert layer.weights.tolist() == expected.tolist()
    assert abs(layer.weights).max() == pytest.approx(limit, rel=0.01)
    assert layer.weights.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert layer.biases is None


def test_layers_draw_in_order_from_one_generator():
    network = oracle.make_network([3, 4, 2], ["relu", "identity"], [False, True]).randomised(9)
    rng = np.random.default_rng([9, 0])
    first = rng.normal(0, np.sqrt(2 / 3), (4, 3))
    limit = np.sqrt(6 / 6)
    assert network.layers[0].weights.tolist() == first.tolist()
    assert network.layers[1].weights.tolist() == rng.uniform(-limit, limit, (2, 4)).tolist()


def test_a_networks_arrays_cannot_be_written_and_belong_to_it():
    weights = np.ones((1, 2))
    layer = Layer(("output",), "identity", weights)
    weights[0, 0] = 9
    assert layer.weights.tolist() == [[1, 1]]
    with pytest.raises(ValueError, match="read-only"):
        layer.weights[0, 0] = 2


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_network_is_made_of_lists_tuples_or_arrays(kind):
    hidden = Layer(kind(["a", "b"]), "relu", kind([kind([2, 4]), kind([4, -5])]), kind([0, 1]))
    output = Layer(nodes=kind(["output"]), activation="identity", weights=kind([kind([2, 7])]))
    network = Network(inputs=kind(["x", "y"]), layers=[hidden, output])
    assert network.predict([[3, 5]]).tolist() == [[52]]
    assert network == Network(("x", "y"), (hidden, output))
    assert (network.inputs, hidden.nodes, output.biases) == (("x", "y"), ("a", "b"), None)
    assert {type(name) for name in network.all_names()} == {str}


def test_networks_are_equal_by_value():
    one, other = (oracle.make_network([2, 2, 1], ["relu", "identity"], [True, False]) for _ in range(2))
    assert one == other
    assert one != one.randomised(1)
    assert one.with_layer(0, Layer(one.layers[0].nodes, "tanh", one.layers[0].weights)) != one


def test_replacing_a_layer_shares_the_others():
    network = oracle.make_network([2, 2, 1], ["relu", "identity"], [True, False])
    changed = network.with_layer(0, Layer(("a", "b"), "tanh", [[1, 2], [3, 4]]))
    assert changed.layers[1] is network.layers[1]
    assert changed.all_names() is not None
    assert list(changed.all_names()) == ["input_0", "input_1", "a", "b", "output"]
    assert changed.sizes == (2, 2, 1)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Layer(("a",), "relu", [[1], [2]]), "weights: expected 1 row, one for each node, found 2"),
        (lambda: Layer(("a", "b"), "relu", [1, 2]), "weights: expected rows of numbers, one for each node"),
        (lambda: Layer(("a",), "relu", None), "weights: expected rows of numbers"),
        (lambda: Layer(("a",), "relu", [[1], [1, 2]]), "weights: expected numbers, in rows of one length"),
        (lambda: Layer(("a",), "relu", [["1"]]), "weights: expected numbers"),
        (lambda: Layer(("a",), "relu", np.array([[1j]])), "weights: expected numbers"),
        (
            lambda: Layer(("a",), "relu", [[1, np.nan]]),
            r"weights\[0\]\[1\]: expected a finite number, found NaN",
        ),
        (lambda: Layer(("a",), "relu", [[1]], [1, 2]), "biases: expected 1 number, one for each node"),
        (lambda: Layer(("a",), "relu", [[1]], 1), "biases: expected 1 number, one for each node"),
        (lambda: Layer("output", "relu", [[1]]), "nodes: expected a list of names, found 'output'"),
        (lambda: Layer([7], "relu", [[1]]), r"nodes\[0\]: expected a text, found 7"),
        (lambda: Layer([], "relu", np.empty((0, 1))), "nodes: a layer needs at least one"),
        (lambda: Layer(("a",), None, [[1]]), "activation: expected a name, found None"),
        (lambda: Layer(("a",), "swish", [[1]]), "no activation is called 'swish'"),
        (lambda: Network(("x",), ()), "a network needs at least an output layer"),
        (
            lambda: Network("x", (Layer(("a",), "relu", [[1]]),)),
            "inputs: expected a list of names, found 'x'",
        ),
        (
            lambda: Network((), (Layer(("a",), "relu", np.empty((1, 0))),)),
            "inputs: a network needs at least one",
        ),
        (
            lambda: Network(("x",), Layer(("a",), "relu", [[1]])),
            "layers: expected a list of Layers, found a Layer",
        ),
        (lambda: Network(("x",), [[[1]]]), r"layers\[0\]: expected a Layer, found a list"),
        (lambda: Network(("x", "x"), (Layer(("a",), "relu", [[1, 2]]),)), "a name stands twice"),
        (lambda: Network(("x",), (Layer(("x",), "relu", [[1]]),)), "the name 'x' stands twice"),
        (
            lambda: Network(("x",), (Layer(("a",), "relu", [[1, 2]]),)),
            r"layers\[0\].weights: expected 1 a row, found 2",
        ),
        (lambda: Network.from_weights({"node_0": [1, 2], "node_1": [1], "output": [1, 1]}), "equally many"),
        (lambda: Network.from_weights({"node_0": [1, 2], "output": [1, 1]}), "output: expected 1 weight,"),
        (lambda: Network.from_weights({"node_0": [1, 2]}), "output node are missing"),
        (lambda: Network.from_weights({"hidden": [1], "output": [1]}), "hidden: expected a name such as"),
    ],
)
def test_what_is_no_network_is_refused_by_place(build, sentence):
    with pytest.raises(ValueError, match=sentence):
        build()


def test_the_dictionarys_order_does_not_matter_and_names_sort_as_numbers():
    weights = {f"node_{j}": [j] for j in (10, 2, 0, 1, 9, 3, 4, 5, 6, 7, 8)}
    network = Network.from_weights({"output": range(11), **weights})
    assert network.layers[0].nodes == tuple(f"node_{j}" for j in range(11))
    assert network.layers[0].weights.ravel().tolist() == list(range(11))


def test_several_outputs_come_from_the_dictionary():
    network = Network.from_weights({"output_1": [3, 4], "output_0": [1, 2]}, inputs=["age", "income"])
    assert network.inputs == ("age", "income")
    assert network.outputs == ("output_0", "output_1")
    assert network.predict([1, 1]).tolist() == [[3, 7]]
