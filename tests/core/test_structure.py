"""A change of structure changes what it names, in every weight set, and adding changes no prediction."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnviz.core import edits, structure
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from tests.core import oracle

UNSEEN = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus")


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: structure.add_biases(s, 1),
        lambda s: structure.remove_biases(s, 0),
        lambda s: structure.add_node(s, 1),
        lambda s: structure.remove_node(s, 1, 0),
        lambda s: structure.add_layer(s, 1),
        lambda s: structure.remove_layer(s, 0),
    ],
)
def test_a_change_of_structure_ends_the_run(edit):
    state = train(oracle.small_state(), updates=3).state
    assert state.iteration == 3
    assert edit(state).run is None
    assert state.iteration == 3


def test_biases_come_as_zeros_in_every_weight_set_and_go():
    state = oracle.small_state()
    after = structure.add_biases(state, 1)
    assert after.network.layers[1].biases.tolist() == [0, 0]
    assert after.weight_sets[0].layers[1].biases.tolist() == [0, 0]
    assert oracle.predictions(after).tolist() == oracle.predictions(state).tolist()
    back = structure.remove_biases(after, 1)
    assert back.network == state.network
    assert back.weight_sets == state.weight_sets


@pytest.mark.parametrize("after", [None, 0, 1])
@pytest.mark.parametrize("column", range(4))
def test_a_node_that_is_added_and_removed_leaves_no_trace(column, after):
    state = oracle.small_state()
    if after == 1 and column == 3:
        after = 0
    grown = structure.add_node(state, column, after)
    at = state.network.sizes[column] if after is None else after + 1
    assert grown.network.sizes[column] == state.network.sizes[column] + 1
    assert set(grown.network.all_names()) > set(state.network.all_names())
    shrunk = structure.remove_node(grown, column, at)
    assert shrunk == state


@settings(max_examples=60)
@given(oracle.states(max_hidden=3, activations=UNSEEN), st.data())
def test_an_added_node_changes_no_prediction(state, data):
    column = data.draw(st.integers(0, len(state.network.layers)))
    after = data.draw(st.none() | st.integers(-1, state.network.sizes[column] - 1))
    grown = structure.add_node(state, column, after)
    at = state.network.sizes[column] if after is None else after + 1
    found = oracle.predictions(grown)
    if column == len(state.network.layers):
        found = np.delete(found, at, axis=1)
    assert found == pytest.approx(oracle.predictions(state), rel=1e-12, abs=1e-12)
    assert grown.data.inputs.shape[1] == grown.network.sizes[0]
    assert grown.data.targets.shape[1] == grown.network.sizes[-1]


def test_an_added_input_brings_a_column_of_zeros_and_an_added_output_a_target():
    state = oracle.small_state()
    wider = structure.add_node(state, 0, after=0)
    assert wider.data.inputs[:, 1].tolist() == [0] * 4
    assert np.delete(wider.data.inputs, 1, axis=1).tolist() == state.data.inputs.tolist()
    assert wider.network.inputs == ("input_0", "input_2", "input_1")
    two = structure.add_node(state, 3)
    assert two.data.targets.tolist() == [[*row, 0] for row in state.data.targets.tolist()]
    assert two.network.outputs == ("output", "output_1")


def test_removing_an_input_or_output_takes_its_data_column():
    state = structure.add_node(oracle.small_state(), 3)
    assert structure.remove_node(state, 0, 0).data.inputs.tolist() == state.data.inputs[:, 1:].tolist()
    assert structure.remove_node(state, 3, 0).data.targets.tolist() == state.data.targets[:, 1:].tolist()
    assert structure.remove_node(state, 1, 1).data == state.data


@pytest.mark.parametrize("column", range(4))
def test_nodes_are_added_and_removed_where_there_are_no_targets(column):
    state = replace(oracle.small_state(), data=replace(oracle.small_state().data, targets=None))
    grown = structure.add_node(state, column)
    assert grown.data.targets is None
    assert structure.remove_node(grown, column, state.network.sizes[column]) == state


def test_the_last_node_of_a_column_stays():
    with pytest.raises(ValueError, match="at least one node"):
        structure.remove_node(oracle.small_state(), 3, 0)


def test_removing_a_node_keeps_the_others_and_every_weight_set():
    state = oracle.small_state()
    after = structure.remove_node(state, 1, 1)
    assert after.network.layers[0].nodes == ("node_0_0", "node_0_2")
    for old, new in (
        (state.network.layers, after.network.layers),
        (state.weight_sets[0].layers, after.weight_sets[0].layers),
    ):
        assert new[0].weights.tolist() == np.delete(old[0].weights, 1, axis=0).tolist()
        assert new[0].biases.tolist() == np.delete(old[0].biases, 1).tolist()
        assert new[1].weights.tolist() == np.delete(old[1].weights, 1, axis=1).tolist()
        assert new[2].weights.tolist() == old[2].weights.tolist()


@settings(max_examples=60)
@given(oracle.states(max_hidden=3, activations=("identity", "relu")), st.data())
def test_an_added_layer_passes_on_what_it_receives(state, data):
    before = data.draw(st.integers(0, len(state.network.layers) - 1))
    assume(before > 0)
    grown = structure.add_layer(state, before)
    assert oracle.predictions(grown) == pytest.approx(oracle.predictions(state), rel=1e-12, abs=1e-12)
    assert grown.network.sizes == (*state.network.sizes[: before + 1], *state.network.sizes[before:])
    assert grown.network.layers[before].activation == state.network.layers[before - 1].activation
    assert grown.data is state.data
    names = list(grown.network.all_names())
    assert len(names) == len(set(names))
    assert set(names) > set(state.network.all_names())


def test_what_an_edit_makes_of_the_predictions_is_said_with_the_numbers():
    network = Network.from_weights({"node_0": [1.0], "output": [1.0]}, hidden="relu", output="identity")
    state = State(network, Dataset([[3.0], [-2.0]], [[0.0], [0.0]]))
    deeper = structure.add_layer(state, 1)
    assert structure.outcome(state, deeper, 0) == "the prediction is what it was"
    linear = edits.set_activation(state, 0, "identity")
    assert structure.outcome(state, linear, 1) == "prediction of row 2: 0 → −2"
    assert structure.outcome(state, linear, 0) == "prediction of row 2: 0 → −2"
    two = structure.add_node(linear, 2)
    assert structure.outcome(linear, two, 0) == "the prediction is what it was"
    assert structure.outcome(two, structure.add_layer(two, 0), 1) == "output of row 2: −2 → 0"
    assert structure.outcome(state, linear, 2) == ""


@settings(max_examples=60)
@given(oracle.states(max_hidden=3), st.data())
def test_no_prediction_is_said_to_stay_that_changes(state, data):
    before = data.draw(st.integers(0, len(state.network.layers) - 1))
    grown = structure.add_layer(state, before)
    same = np.allclose(oracle.predictions(grown), oracle.predictions(state), rtol=1e-9, atol=1e-9)
    assert (structure.outcome(state, grown, 0) == "the prediction is what it was") <= same


@pytest.mark.parametrize("before", range(3))
def test_a_layer_that_is_added_and_removed_leaves_no_trace(before):
    state = oracle.small_state()
    grown = structure.add_layer(state, before)
    assert len(grown.weight_sets[0].layers) == 4
    back = structure.remove_layer(grown, before)
    assert back == state


def test_a_removed_linear_layer_changes_no_prediction():
    network = oracle.make_network([2, 3, 2, 1], ["identity"] * 3, [True, True, True], 3)
    state = oracle.make_state(network, 4)
    assert oracle.predictions(structure.remove_layer(state, 1)) == pytest.approx(
        oracle.predictions(state), rel=1e-12
    )
    with pytest.raises(ValueError, match="the output layer cannot be removed"):
        structure.remove_layer(state, 2)
