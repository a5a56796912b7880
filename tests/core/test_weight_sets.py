"""Weight sets: put in, kept, dropped, as States."""

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.edits import keep_set, loss_with_set, new_set_name, remove_set, set_in_use, use_set
from nnviz.core.training import train
from nnviz.files.examples import example
from nnviz.files.registry import load


@pytest.fixture
def state():
    return load(example("two-weight-sets").path)


def names(state):
    return [own.name for own in state.weight_sets]


def test_a_set_in_use_gives_its_mse_and_leaves_all_else(state):
    other = use_set(state, 1)
    assert other.network.layers[0].weights.tolist() == [[2, 1], [1, 1.5]]
    assert [loss_with_set(state, k) for k in (0, 1)] == [37.5, 49.890625]
    assert other.loss() == 49.890625
    assert (other.data, other.weight_sets, other.notes) == (state.data, state.weight_sets, state.notes)
    assert [set_in_use(state, 0), set_in_use(state, 1), set_in_use(other, 1)] == [True, False, True]


def test_putting_a_set_in_ends_the_run_and_keeping_one_does_not(state):
    trained = train(state, updates=3).state
    assert keep_set(trained, "trained").run is trained.run
    assert remove_set(trained, 0).run is trained.run
    assert use_set(trained, 0).run is None
    assert use_set(trained, 0).network == state.network


def test_weights_in_use_are_kept_under_a_name_and_come_back(state):
    changed = edits.set_weight(state, 0, 0, 0, 9.0)
    kept = keep_set(changed, " mine ")
    assert names(kept) == ["weights_0", "weights_1", "mine"]
    assert use_set(use_set(kept, 0), 2).network == changed.network


def test_a_name_that_is_taken_or_empty_is_refused(state):
    assert new_set_name(state) == "weights_2"
    with pytest.raises(ValueError, match="called 'weights_1' already"):
        keep_set(state, "weights_1")
    with pytest.raises(ValueError, match="at least one character"):
        keep_set(state, "  ")


def test_a_set_that_is_dropped_leaves_the_weights_in_use(state):
    assert names(remove_set(state, 0)) == ["weights_1"]
    assert remove_set(state, 0).network is state.network


def test_the_mse_of_a_set_without_targets_is_none(state):
    assert loss_with_set(edits.remove_rows(state, list(range(len(state.data)))), 0) is None
    assert np.isfinite(loss_with_set(state, 0))
