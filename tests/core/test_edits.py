"""Every edit changes what it names and nothing else."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnviz.core import edits
from nnviz.core.address import Where
from nnviz.core.state import Training, WeightSet
from nnviz.core.training.trainer import train
from tests.core import oracle

UNSEEN = ("identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus")


def small(**training):
    network = oracle.make_network([2, 3, 2, 1], ["relu", "tanh", "identity"], [True, False, True], 3)
    state = oracle.make_state(network, 4, **training)
    return replace(
        state, weight_sets=(WeightSet.of("weights_0", network.randomised(1)),), name="n", notes="t"
    )


def predictions(state):
    return state.network.predict(state.data.inputs)


def same_but(state, other, *changed):
    """Whether two States agree in every field that is not named."""
    fields = {"network", "data", "training", "weight_sets", "name", "notes"} - set(changed)
    return all(getattr(state, name) == getattr(other, name) for name in fields)


def test_setting_a_weight_changes_that_weight_alone():
    state = small()
    after = edits.set_weight(state, 1, 0, 2, 9.5)
    expected = state.network.layers[1].weights.copy()
    expected[0, 2] = 9.5
    assert after.network.layers[1].weights.tolist() == expected.tolist()
    assert after.network.layers[0] is state.network.layers[0]
    assert after.network.layers[2] is state.network.layers[2]
    assert same_but(state, after, "network")
    assert after.data is state.data


def test_setting_a_bias_changes_that_bias_alone():
    state = small()
    after = edits.set_bias(state, 0, 1, -2.0)
    biases = state.network.layers[0].biases.tolist()
    assert after.network.layers[0].biases.tolist() == [biases[0], -2.0, biases[2]]
    assert after.network.layers[0].weights.tolist() == state.network.layers[0].weights.tolist()
    assert same_but(state, after, "network")
    with pytest.raises(ValueError, match=r"layers\[1\].biases: the layer has none"):
        edits.set_bias(state, 1, 0, 1.0)


def test_a_weight_or_a_bias_is_set_by_its_address():
    state = small()
    assert edits.set_value(state, Where("weight", 1, 0, 2), 9.5) == edits.set_weight(state, 1, 0, 2, 9.5)
    assert edits.set_value(state, Where("bias", 0, 1), -2.0) == edits.set_bias(state, 0, 1, -2.0)


def test_setting_an_input_or_target_changes_that_number_alone():
    state = small()
    after = edits.set_target(edits.set_input(state, 2, 1, 8.0), 3, 0, 7.0)
    inputs, targets = state.data.inputs.copy(), state.data.targets.copy()
    inputs[2, 1], targets[3, 0] = 8.0, 7.0
    assert after.data.inputs.tolist() == inputs.tolist()
    assert after.data.targets.tolist() == targets.tolist()
    assert after.network is state.network
    assert same_but(state, after, "data")


def test_a_first_target_makes_the_others_zero():
    state = small()
    bare = replace(state, data=replace(state.data, targets=None))
    assert edits.set_target(bare, 1, 0, 5.0).data.targets.tolist() == [[0], [5], [0], [0]]


def test_rows_are_added_behind_and_removed():
    state = small()
    after = edits.add_row(state, after=1)
    assert after.data.inputs[2].tolist() == [0, 0]
    assert after.data.targets[2].tolist() == [0]
    assert edits.remove_rows(after, [2]).data == state.data
    assert len(edits.add_row(state).data) == 5
    emptied = edits.remove_rows(state, [0, 1, 2, 3])
    assert len(emptied.data) == 0
    assert edits.add_row(emptied).data.inputs.tolist() == [[0, 0]]
    assert edits.add_row(emptied).trainable


@pytest.mark.parametrize(
    "edit",
    [
        lambda s: edits.set_weight(s, 0, 0, 0, 1.0),
        lambda s: edits.set_bias(s, 0, 0, 1.0),
        lambda s: edits.set_input(s, 0, 0, 1.0),
        lambda s: edits.set_target(s, 0, 0, 1.0),
        edits.add_row,
        lambda s: edits.remove_rows(s, [0]),
        lambda s: edits.randomise(s, 3),
        lambda s: edits.set_activation(s, 0, "tanh"),
        lambda s: edits.add_biases(s, 1),
        lambda s: edits.remove_biases(s, 0),
        lambda s: edits.add_node(s, 1),
        lambda s: edits.remove_node(s, 1, 0),
        lambda s: edits.add_layer(s, 1),
        lambda s: edits.remove_layer(s, 0),
    ],
)
def test_an_edit_ends_the_run(edit):
    state = train(small(), updates=3).state
    assert state.iteration == 3
    assert edit(state).run is None
    assert state.iteration == 3


def test_settings_and_names_do_not_end_the_run():
    state = train(small(), updates=3).state
    assert edits.set_training(state, Training(0.5)).run is state.run
    assert edits.rename(state, 1, 0, "first").run is state.run


def test_random_weights_come_from_the_seed_which_is_kept():
    after = edits.randomise(small(), 77)
    assert after.network == small().network.randomised(77)
    assert after.training.seed == 77
    assert after.weight_sets == small().weight_sets


def test_renaming_changes_the_name_alone():
    state = small()
    after = edits.rename(edits.rename(state, 0, 1, " age "), 2, 0, "middle")
    assert after.network.inputs == ("input_0", "age")
    assert after.network.layers[1].nodes == ("middle", "node_1_1")
    assert predictions(after).tolist() == predictions(state).tolist()
    assert edits.rename(state, 0, 0, "input_0") is state
    for bad, reason in (("", "at least one character"), ("output", "the name 'output' is taken")):
        with pytest.raises(ValueError, match=reason):
            edits.rename(state, 0, 0, bad)


def test_an_activation_is_chosen_for_one_layer():
    after = edits.set_activation(small(), 1, "sigmoid")
    assert [layer.activation for layer in after.network.layers] == ["relu", "sigmoid", "identity"]
    assert after.network.layers[1].weights.tolist() == small().network.layers[1].weights.tolist()


def test_biases_come_as_zeros_in_every_weight_set_and_go():
    state = small()
    after = edits.add_biases(state, 1)
    assert after.network.layers[1].biases.tolist() == [0, 0]
    assert after.weight_sets[0].layers[1].biases.tolist() == [0, 0]
    assert predictions(after).tolist() == predictions(state).tolist()
    back = edits.remove_biases(after, 1)
    assert back.network == state.network
    assert back.weight_sets == state.weight_sets


@pytest.mark.parametrize("after", [None, 0, 1])
@pytest.mark.parametrize("column", range(4))
def test_a_node_that_is_added_and_removed_leaves_no_trace(column, after):
    state = small()
    if after == 1 and column == 3:
        after = 0
    grown = edits.add_node(state, column, after)
    at = state.network.sizes[column] if after is None else after + 1
    assert grown.network.sizes[column] == state.network.sizes[column] + 1
    assert set(grown.network.all_names()) > set(state.network.all_names())
    shrunk = edits.remove_node(grown, column, at)
    assert shrunk == state


@settings(max_examples=60)
@given(oracle.states(max_hidden=3, activations=UNSEEN), st.data())
def test_an_added_node_changes_no_prediction(state, data):
    column = data.draw(st.integers(0, len(state.network.layers)))
    after = data.draw(st.none() | st.integers(-1, state.network.sizes[column] - 1))
    grown = edits.add_node(state, column, after)
    at = state.network.sizes[column] if after is None else after + 1
    found = predictions(grown)
    if column == len(state.network.layers):
        found = np.delete(found, at, axis=1)
    assert found == pytest.approx(predictions(state), rel=1e-12, abs=1e-12)
    assert grown.data.inputs.shape[1] == grown.network.sizes[0]
    assert grown.data.targets.shape[1] == grown.network.sizes[-1]


def test_an_added_input_brings_a_column_of_zeros_and_an_added_output_a_target():
    state = small()
    wider = edits.add_node(state, 0, after=0)
    assert wider.data.inputs[:, 1].tolist() == [0] * 4
    assert np.delete(wider.data.inputs, 1, axis=1).tolist() == state.data.inputs.tolist()
    assert wider.network.inputs == ("input_0", "input_2", "input_1")
    two = edits.add_node(state, 3)
    assert two.data.targets.tolist() == [[*row, 0] for row in state.data.targets.tolist()]
    assert two.network.outputs == ("output", "output_1")


def test_removing_an_input_or_output_takes_its_data_column():
    state = edits.add_node(small(), 3)
    assert edits.remove_node(state, 0, 0).data.inputs.tolist() == state.data.inputs[:, 1:].tolist()
    assert edits.remove_node(state, 3, 0).data.targets.tolist() == state.data.targets[:, 1:].tolist()
    assert edits.remove_node(state, 1, 1).data == state.data


@pytest.mark.parametrize("column", range(4))
def test_nodes_are_added_and_removed_where_there_are_no_targets(column):
    state = replace(small(), data=replace(small().data, targets=None))
    grown = edits.add_node(state, column)
    assert grown.data.targets is None
    assert edits.remove_node(grown, column, state.network.sizes[column]) == state


def test_the_last_node_of_a_column_stays():
    with pytest.raises(ValueError, match="at least one node"):
        edits.remove_node(small(), 3, 0)


def test_removing_a_node_keeps_the_others_and_every_weight_set():
    state = small()
    after = edits.remove_node(state, 1, 1)
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
    grown = edits.add_layer(state, before)
    assert predictions(grown) == pytest.approx(predictions(state), rel=1e-12, abs=1e-12)
    assert grown.network.sizes == (*state.network.sizes[: before + 1], *state.network.sizes[before:])
    assert grown.network.layers[before].activation == state.network.layers[before - 1].activation
    assert grown.data is state.data
    names = list(grown.network.all_names())
    assert len(names) == len(set(names))
    assert set(names) > set(state.network.all_names())


@pytest.mark.parametrize("before", range(3))
def test_a_layer_that_is_added_and_removed_leaves_no_trace(before):
    state = small()
    grown = edits.add_layer(state, before)
    assert len(grown.weight_sets[0].layers) == 4
    back = edits.remove_layer(grown, before)
    assert back == state


def test_a_removed_linear_layer_changes_no_prediction():
    network = oracle.make_network([2, 3, 2, 1], ["identity"] * 3, [True, True, True], 3)
    state = oracle.make_state(network, 4)
    assert predictions(edits.remove_layer(state, 1)) == pytest.approx(predictions(state), rel=1e-12)
    with pytest.raises(ValueError, match="the output layer cannot be removed"):
        edits.remove_layer(state, 2)
