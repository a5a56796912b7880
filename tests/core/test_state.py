"""The State: its data, settings and weight sets."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, Weights, WeightSet
from tests.core import oracle


def network(seed=0):
    return oracle.make_network([2, 3, 1], ["relu", "identity"], [True, False], seed)


def test_data_is_read_only_and_its_own():
    inputs = np.ones((2, 2))
    data = Dataset(inputs, [[1], [2]])
    inputs[0, 0] = 5
    assert data.inputs[0, 0] == 1
    assert len(data) == 2
    with pytest.raises(ValueError, match="read-only"):
        data.targets[0, 0] = 3


def test_values_are_equal_by_what_they_hold():
    assert Dataset([[1, 2]], [[3]]) == Dataset([[1, 2]], [[3]])
    assert Dataset([[1, 2]], [[3]]) != Dataset([[1, 2]])
    assert Dataset([[1, 2]]) != Dataset([[1, 3]])
    assert Weights([[1]], [2]) == Weights([[1]], [2])
    assert Weights([[1]], [2]) != Weights([[1]])
    assert State(network(), Dataset([[1, 2]])) == State(network(), Dataset([[1, 2]]))
    assert State(network(), Dataset([[1, 2]])) != State(network(1), Dataset([[1, 2]]))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (Dataset([[1, 2, 3]]), "data.inputs: expected 2 numbers a row, one for each input, found 3"),
        (
            Dataset([[1, 2], [3, 4]], [[1]]),
            "data.targets: expected 2 rows, one for each row of inputs, found 1",
        ),
        (Dataset([[1, 2]], [[1, 2]]), "data.targets: expected 1 number a row, one for each output, found 2"),
    ],
)
def test_rows_that_do_not_fit_the_network_are_refused_and_never_stretched(data, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        State(network(), data)


def test_a_weight_set_gives_its_weights_back_into_the_network():
    kept = WeightSet.of("weights_0", network(1))
    assert kept.into(network(2)) == network(1)
    with pytest.raises(ValueError, match="expected 4 rows, one for each node"):
        kept.into(oracle.make_network([2, 4, 1], ["relu", "identity"], [True, False]))


def test_there_is_no_mse_without_rows_or_targets():
    state = State(network(), Dataset([[1, 2]]))
    assert state.loss() is None
    assert not state.trainable
    assert State(network(), Dataset.empty(network())).loss() is None
    assert replace(state, data=Dataset([[1, 2]], [[0]])).trainable


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({"learning_rate": 0.0}, "learning_rate: "),
        ({"learning_rate": float("nan")}, "learning_rate: "),
        ({"learning_rate": float("inf")}, "learning_rate: "),
        ({"updates": 0}, "updates: "),
        ({"batch_size": 0}, "batch_size: "),
        ({"optimizer": "sgd"}, "optimizer: no optimizer is called 'sgd'"),
        ({"seed": -1}, "seed: "),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(settings, place):
    with pytest.raises(ValueError, match=f"^{place}"):
        Training(**settings)


def test_a_mse_too_large_for_a_number_warns_of_nothing():
    state = State(oracle.make_network([1, 1], ["identity"], [False]), Dataset([[1e200]], [[0.0]]))
    assert state.loss() == float("inf")
