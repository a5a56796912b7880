"""Networks and States: what they compute and hold, how they start, and what they refuse by its place."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training, Weights, WeightSet
from tests.core import oracle
from tests.core.oracle import set_bias, set_weight
from tests.core.refusals import refusals

INF, NAN = float("inf"), float("nan")


@given(oracle.states())
def test_forward_computes_what_the_course_computes_node_by_node(state):
    trace = state.network.forward(state.data.inputs)
    expected = [oracle.predict(state.network, row) for row in state.data.inputs]
    assert trace.prediction == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)
    assert trace.prediction is trace.a[-1]
    one = state.data.inputs[0]
    assert state.network.predict(one).tolist() == state.network.predict([one]).tolist()
    for k, layer in enumerate(state.network.layers):
        z = trace.feeding(k) @ layer.weights.T + (0 if layer.biases is None else layer.biases)
        assert trace.z[k] == pytest.approx(z)
        assert trace.a[k].tolist() == layer.function(trace.z[k]).tolist()


def test_layers_draw_in_order_from_one_generator():
    network = oracle.make_network([3, 4, 2], ["relu", "identity"], [False, True]).randomised(9)
    rng = np.random.default_rng([9, 0])
    assert network.layers[0].weights.tolist() == rng.normal(0, np.sqrt(2 / 3), (4, 3)).tolist()
    assert network.layers[1].weights.tolist() == rng.uniform(-1, 1, (2, 4)).tolist()


def test_arrays_of_networks_and_rows_are_read_only_and_their_own():
    given_array = np.ones((1, 2))
    layer, data = Layer(("output",), "identity", given_array), Dataset(given_array, [[1]])
    given_array[0, 0] = 9
    assert layer.weights.tolist() == data.inputs.tolist() == [[1, 1]]
    assert len(data) == 1
    for own in (layer.weights, data.targets):
        with pytest.raises(ValueError, match="read-only"):
            own[0, 0] = 2


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_network_is_made_of_lists_tuples_or_arrays(kind):
    hidden = Layer(kind(["a", "b"]), "relu", kind([kind([2, 4]), kind([4, -5])]), kind([0, 1]))
    output = Layer(nodes=kind(["output"]), activation="identity", weights=kind([kind([2, 7])]))
    network = Network(inputs=kind(["x", "y"]), layers=[hidden, output])
    assert network.predict([[3, 5]]).tolist() == [[52]]
    assert network == Network(("x", "y"), (hidden, output))
    assert (network.inputs, hidden.nodes, output.biases) == (("x", "y"), ("a", "b"), None)
    assert {type(name) for name in network.all_names()} == {str}


def test_values_are_equal_by_what_they_hold():
    one, other = (oracle.make_network([2, 2, 1], ["relu", "identity"], [True, False]) for _ in range(2))
    assert one == other
    assert one != one.randomised(1)
    assert one.with_layer(0, replace(one.layers[0], activation="tanh")) != one
    assert one.with_layer(0, one.layers[0]).layers[1] is one.layers[1]
    assert Dataset([[1, 2]], [[3]]) == Dataset([[1, 2]], [[3]])
    assert Dataset([[1, 2]], [[3]]) != Dataset([[1, 2]]) != Dataset([[1, 3]])
    assert Weights([[1]], [2]) == Weights([[1]], [2]) != Weights([[1]])
    assert State(one, Dataset([[1, 2]])) == State(other, Dataset([[1, 2]]))
    assert State(one, Dataset([[1, 2]])) != State(one.randomised(1), Dataset([[1, 2]]))


def test_a_dictionary_of_weights_is_sorted_by_number():
    weights = {f"node_{j}": [j] for j in (10, 2, 0, 1, 9, 3, 4, 5, 6, 7, 8)}
    network = Network.from_weights({"output": range(11), **weights})
    assert network.layers[0].nodes == tuple(f"node_{j}" for j in range(11))
    assert network.layers[0].weights.ravel().tolist() == list(range(11))
    two = Network.from_weights({"output_1": [3, 4], "output_0": [1, 2]}, inputs=["age", "income"])
    assert (two.inputs, two.outputs) == (("age", "income"), ("output_0", "output_1"))
    assert two.predict([1, 1]).tolist() == [[3, 7]]


def test_there_is_no_loss_without_rows_or_targets():
    network = oracle.make_network([2, 1], ["identity"], [False])
    states = [State(network, data) for data in (Dataset([[1, 2]]), Dataset.empty(network))]
    assert [(state.loss(), state.trainable) for state in states] == [(None, False)] * 2
    assert replace(states[0], data=Dataset([[1, 2]], [[0]])).trainable
    assert replace(states[0], data=Dataset([[1e200, 0]], [[0.0]])).loss() == INF


LAYER = Layer(("a",), "relu", [[1]])
TWO = oracle.make_network([2, 3, 1], ["relu", "identity"], [True, False])
NO_NETWORK = {
    "a row too many": lambda: Layer(("a",), "relu", [[1], [2]]),
    "weights in a line": lambda: Layer(("a", "b"), "relu", [1, 2]),
    "no weights": lambda: Layer(("a",), "relu", None),
    "rows of two lengths": lambda: Layer(("a",), "relu", [[1], [1, 2]]),
    "a text for a weight": lambda: Layer(("a",), "relu", [["1"]]),
    "a complex weight": lambda: Layer(("a",), "relu", np.array([[1j]])),
    "two biases": lambda: Layer(("a",), "relu", [[1]], [1, 2]),
    "a number for biases": lambda: Layer(("a",), "relu", [[1]], 1),
    "a text for nodes": lambda: Layer("output", "relu", [[1]]),
    "a number for a name": lambda: Layer([7], "relu", [[1]]),
    "no nodes": lambda: Layer([], "relu", np.empty((0, 1))),
    "no activation": lambda: Layer(("a",), None, [[1]]),
    "no layers": lambda: Network(("x",), ()),
    "a text for inputs": lambda: Network("x", (LAYER,)),
    "no inputs": lambda: Network((), (Layer(("a",), "relu", np.empty((1, 0))),)),
    "a layer for layers": lambda: Network(("x",), LAYER),
    "a list for a layer": lambda: Network(("x",), [[[1]]]),
    "an input twice": lambda: Network(("x", "x"), (Layer(("a",), "relu", [[1, 2]]),)),
    "an input as a node": lambda: Network(("x",), (Layer(("x",), "relu", [[1]]),)),
    "a weight too many": lambda: Network(("x",), (Layer(("a",), "relu", [[1, 2]]),)),
    "unequal weights": lambda: Network.from_weights({"node_0": [1, 2], "node_1": [1], "output": [1, 1]}),
    "an output's weight too many": lambda: Network.from_weights({"node_0": [1, 2], "output": [1, 1]}),
    "no output": lambda: Network.from_weights({"node_0": [1, 2]}),
    "an unknown name": lambda: Network.from_weights({"hidden": [1], "output": [1]}),
    "a row of three inputs": lambda: State(TWO, Dataset([[1, 2, 3]])),
    "a row without targets": lambda: State(TWO, Dataset([[1, 2], [3, 4]], [[1]])),
    "a row of two targets": lambda: State(TWO, Dataset([[1, 2]], [[1, 2]])),
    "a weight set of another network": lambda: WeightSet.of("w", TWO).into(edits.add_node(BARE, 1).network),
}
BARE = State(TWO, Dataset([[1, 2]]))


def test_what_is_no_network_or_state_is_refused(approved):
    approved("refused as network or state", refusals(NO_NETWORK))
    kept = WeightSet.of("weights_0", TWO.randomised(1))
    assert kept.into(TWO.randomised(2)) == TWO.randomised(1)


def test_settings_that_cannot_be_are_refused(approved):
    settings = {"learning_rate": (0.0, NAN, INF, "fast"), "updates": (0, 2**63, 1.5, "10", None)}
    settings |= {
        "batch_size": (0, 10**300, 1.5),
        "optimizer": ("sgd",),
        "loss": ("hinge",),
        "seed": (-1, 0.5),
    }
    settings |= {"validation": (-0.1, 1.0, NAN)}
    pairs = [(name, value) for name, values in settings.items() for value in values]
    cases = {f"{name} {str(value)[:20]}": partial(Training, **{name: value}) for name, value in pairs}
    approved("settings that cannot be", refusals(cases))


def test_what_cannot_be_a_name_is_refused(approved):
    names = "", " \u3000", "a\x00b", "a\nb", "a\u2028b", "a\udfff", 7
    two = Layer(("n",), "relu", [[1, 2]])
    cases = {f"{own!r}, input": partial(Network, ("a", own), (two,)) for own in names}
    cases |= {f"{own!r}, weight set": partial(WeightSet, own, ()) for own in names}
    approved("what cannot be a name", refusals(cases))


def layer(count, width, prefix="n"):
    return Layer(tuple(f"{prefix}_{j}" for j in range(count)), "relu", np.zeros((count, width)))


def filled(inputs=1, rows=1):
    network = Network(tuple(f"x_{i}" for i in range(inputs)), (layer(1, inputs),))
    return State(network, Dataset(np.zeros((rows, inputs))))


ONE = filled()
TOO_MUCH = {
    "501 layers": lambda: Network(("x",), tuple(layer(1, 1, f"n{k}") for k in range(501))),
    "10,002 nodes": lambda: filled(10_001),
    "500,001 rows": lambda: Dataset(np.zeros((500_001, 1))),
    "10,000,000 inputs": lambda: Dataset(np.zeros((500_000, 20))),
    "4,000,100 inputs and targets": lambda: Dataset(np.zeros((100, 20_000)), np.zeros((100, 20_001))),
    "20,000,000 weights": lambda: layer(4000, 5000),
    "5,000,000 weights in two layers": lambda: Network(
        tuple(f"x_{i}" for i in range(1000)), (layer(2500, 1000), layer(1000, 2500, "out"))
    ),
    "4,002,000 numbers": lambda: filled(2000, 2000),
    "one axis": lambda: Dataset(np.zeros(3)),
    "three axes": lambda: Dataset(np.zeros((1, 1)), np.zeros((1, 1, 1))),
    "101 weight sets": lambda: replace(ONE, weight_sets=(WeightSet.of("w", ONE.network),) * 101),
    "201 letters of a title": lambda: replace(ONE, name="x" * 201),
    "100,001 letters of notes": lambda: replace(ONE, notes="x" * 100_001),
    "half a surrogate pair in notes": lambda: replace(ONE, notes="a\udfff"),
    "201 letters of a node": lambda: Layer(("x" * 201,), "relu", [[1.0]]),
}


def test_more_than_may_be_is_refused(approved):
    approved("more than may be", refusals(TOO_MUCH))


def huge(value=1e308):
    """Return a State of 2-2-1 nodes whose weights and biases are all ± `value`."""
    hidden = Layer(("a", "b"), "identity", [[value, -value], [-value, value]], [value, value])
    network = Network(("x", "y"), (hidden, Layer(("out",), "identity", [[value, -value]], [value])))
    return State(network, Dataset([[1.0, 2.0]], [[0.0]]), weight_sets=(WeightSet.of("huge", network),))


NOT_FINITE = {
    "a weight": lambda number: Layer(("out",), "relu", [[1.0, number]]),
    "a bias": lambda number: Layer(("out",), "relu", [[1.0]], [number]),
    "a kept weight": lambda number: Weights([[number]]),
    "an input": lambda number: Dataset([[number, 1.0]]),
    "a target": lambda number: Dataset([[1.0]], [[number]]),
    "an edited weight": partial(set_weight, huge(), 0, 0, 0),
    "an edited bias": partial(set_bias, huge(), 0, 0),
    "an edited input": partial(edits.set_value, huge(), Address("input", -1, 0)),
    "an edited target": partial(edits.set_value, huge(), Address("target", 0, 0)),
    "a pasted input": lambda number: edits.put_cells(huge(), 0, [0], np.array([[number]])),
}


def test_no_number_that_is_not_finite_is_taken(approved):
    pairs = [(name, number) for name in NOT_FINITE for number in (INF, -INF, NAN)]
    cases = {f"{name}: {number}": partial(NOT_FINITE[name], number) for name, number in pairs}
    cases["a weight of 400 digits"] = lambda: Layer(("out",), "relu", [[10**400]])
    approved("numbers that are not finite", refusals(cases))


def test_a_hidden_layer_whose_product_is_too_large_stays(approved):
    only_biases = replace(huge(1.0), weight_sets=())
    for k in (0, 1):
        only_biases = set_bias(only_biases, k, 0, 1.7976931348623157e308)
    states = {"weights": huge(), "biases": only_biases}
    cases = {name: lambda own=own: edits.remove_layer(own, 0) for name, own in states.items()}
    approved("a product that is too large", refusals(cases))
