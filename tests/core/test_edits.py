"""Every edit changes what it names and nothing else."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.run import Training
from nnviz.core.training import train
from tests.core import oracle


def same_but(state, other, *changed):
    """Whether two States agree in every field that is not named."""
    fields = {"network", "data", "training", "weight_sets", "name", "notes"} - set(changed)
    return all(getattr(state, name) == getattr(other, name) for name in fields)


def test_setting_a_weight_changes_that_weight_alone():
    state = oracle.small_state()
    after = edits.set_weight(state, 1, 0, 2, 9.5)
    expected = state.network.layers[1].weights.copy()
    expected[0, 2] = 9.5
    assert after.network.layers[1].weights.tolist() == expected.tolist()
    assert after.network.layers[0] is state.network.layers[0]
    assert after.network.layers[2] is state.network.layers[2]
    assert same_but(state, after, "network")
    assert after.data is state.data


def test_targets_are_emptied_together_or_not_at_all():
    state = oracle.small_state()
    every = list(range(len(state.data)))
    bare = edits.clear_targets(state, every)
    assert bare.data.targets is None
    assert same_but(state, bare, "data")
    assert bare.data.inputs.tolist() == state.data.inputs.tolist()
    assert edits.clear_targets(bare, [0]) is bare
    with pytest.raises(ValueError, match="rows have all their targets or none"):
        edits.clear_targets(state, every[1:])
    one = edits.remove_rows(state, every[1:])
    assert edits.set_value(one, Address("target", 2, 0), None, 0).data.targets is None


def test_setting_a_bias_changes_that_bias_alone():
    state = oracle.small_state()
    after = edits.set_bias(state, 0, 1, -2.0)
    biases = state.network.layers[0].biases.tolist()
    assert after.network.layers[0].biases.tolist() == [biases[0], -2.0, biases[2]]
    assert after.network.layers[0].weights.tolist() == state.network.layers[0].weights.tolist()
    assert same_but(state, after, "network")
    with pytest.raises(ValueError, match=r"layers\[1\].biases: the layer has none"):
        edits.set_bias(state, 1, 0, 1.0)


def test_every_number_is_set_by_its_address():
    state = oracle.small_state()
    assert edits.set_value(state, Address("weight", 1, 0, 2), 9.5) == edits.set_weight(state, 1, 0, 2, 9.5)
    assert edits.set_value(state, Address("bias", 0, 1), -2.0) == edits.set_bias(state, 0, 1, -2.0)
    assert edits.set_value(state, Address("input", -1, 1), 8.0, 2) == edits.set_input(state, 2, 1, 8.0)
    assert edits.set_value(state, Address("target", 2, 0), 7.0, 3) == edits.set_target(state, 3, 0, 7.0)
    assert edits.set_value(state, Address("input", -1, 1), state.data.inputs[2, 1], 2) is state


def test_the_first_number_that_is_set_makes_the_first_row():
    emptied = edits.remove_rows(oracle.small_state(), [0, 1, 2, 3])
    assert edits.value_at(emptied, Address("input", -1, 1)) is None
    assert edits.set_value(emptied, Address("input", -1, 1), 8.0).data.inputs.tolist() == [[0, 8]]


def test_setting_an_input_or_target_changes_that_number_alone():
    state = oracle.small_state()
    after = edits.set_target(edits.set_input(state, 2, 1, 8.0), 3, 0, 7.0)
    inputs, targets = state.data.inputs.copy(), state.data.targets.copy()
    inputs[2, 1], targets[3, 0] = 8.0, 7.0
    assert after.data.inputs.tolist() == inputs.tolist()
    assert after.data.targets.tolist() == targets.tolist()
    assert after.network is state.network
    assert same_but(state, after, "data")


def test_a_first_target_makes_the_others_zero():
    state = oracle.small_state()
    bare = replace(state, data=replace(state.data, targets=None))
    assert edits.set_target(bare, 1, 0, 5.0).data.targets.tolist() == [[0], [5], [0], [0]]


def test_rows_are_added_behind_and_removed():
    state = oracle.small_state()
    after = edits.add_row(state, after=1)
    assert after.data.inputs[2].tolist() == [0, 0]
    assert after.data.targets[2].tolist() == [0]
    assert edits.remove_rows(after, [2]).data == state.data
    assert len(edits.add_row(state).data) == 5
    emptied = edits.remove_rows(state, [0, 1, 2, 3])
    assert len(emptied.data) == 0
    assert edits.add_row(emptied).data.inputs.tolist() == [[0, 0]]


def test_a_first_row_has_no_target_that_nobody_gave():
    emptied = edits.remove_rows(oracle.small_state(), [0, 1, 2, 3])
    bare = replace(emptied, data=replace(emptied.data, targets=None))
    for state in (emptied, bare):
        assert edits.add_row(state).data.targets is None
        assert edits.set_value(state, Address("input", -1, 0), 3.0).data.targets is None
        assert edits.put_cells(state, 0, [0], np.array([[3.0]])).data.targets is None
        assert edits.set_value(state, Address("target", 1, 0), 3.0).data.targets.tolist() == [[3]]
        assert edits.put_cells(state, 0, [2], np.array([[3.0]])).data.targets.tolist() == [[3]]


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
    ],
)
def test_an_edit_ends_the_run(edit):
    state = train(oracle.small_state(), updates=3).state
    assert state.iteration == 3
    assert edit(state).run is None
    assert state.iteration == 3


def test_settings_and_names_do_not_end_the_run():
    state = train(oracle.small_state(), updates=3).state
    assert edits.set_training(state, Training(0.5)).run is state.run
    assert edits.rename(state, 1, 0, "first").run is state.run


def test_random_weights_come_from_the_seed_which_is_kept():
    after = edits.randomise(oracle.small_state(), 77)
    assert after.network == oracle.small_state().network.randomised(77)
    assert after.training.seed == 77
    assert after.weight_sets == oracle.small_state().weight_sets


def test_renaming_changes_the_name_alone():
    state = oracle.small_state()
    after = edits.rename(edits.rename(state, 0, 1, " age "), 2, 0, "middle")
    assert after.network.inputs == ("input_0", "age")
    assert after.network.layers[1].nodes == ("middle", "node_1_1")
    assert oracle.predictions(after).tolist() == oracle.predictions(state).tolist()
    assert edits.rename(state, 0, 0, "input_0") is state
    for bad, reason in (("", "at least one character"), ("output", "the name 'output' is taken")):
        with pytest.raises(ValueError, match=reason):
            edits.rename(state, 0, 0, bad)


def test_an_activation_is_chosen_for_one_layer():
    after = edits.set_activation(oracle.small_state(), 1, "sigmoid")
    assert [layer.activation for layer in after.network.layers] == ["relu", "sigmoid", "identity"]
    assert after.network.layers[1].weights.tolist() == oracle.small_state().network.layers[1].weights.tolist()
