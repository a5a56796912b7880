"""Exercises 1 to 10 of the course, with its numbers."""

import numpy as np
import pytest

from nnviz.core.losses import MSE
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train

SEED = {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}
WEIGHTS_0 = {"node_0": [2, 1], "node_1": [1, 2], "output": [1, 1]}
WEIGHTS_1 = {"node_0": [2, 1], "node_1": [1, 1.5], "output": [1, 1.5]}


def test_1_forward_without_activation():
    trace = Network.from_weights(SEED, hidden="identity").forward([3, 5])
    assert trace.a[0].tolist() == [[26, -13]]
    assert trace.prediction.tolist() == [[-39]]


def test_2_forward_with_relu():
    trace = Network.from_weights(SEED).forward([3, 5])
    assert trace.z[0].tolist() == [[26, -13]]
    assert trace.a[0].tolist() == [[26, 0]]
    assert trace.prediction.tolist() == [[52]]


def test_3_many_rows():
    network = Network.from_weights(SEED, output="relu")
    assert network.predict([[3, 5], [1, -1], [0, 0], [8, 4]]).tolist() == [[52], [63], [0], [148]]


def test_4_two_hidden_layers():
    weights = {
        "node_0_0": [2, 4],
        "node_0_1": [4, -5],
        "node_1_0": [-1, 2],
        "node_1_1": [1, 2],
        "output": [2, 7],
    }
    trace = Network.from_weights(weights, output="relu").forward([3, 5])
    assert [a.tolist() for a in trace.a] == [[[26, 0]], [[0, 26]], [[182]]]


def test_5_tuning_by_hand():
    before = Network.from_weights(WEIGHTS_0, output="relu").predict([0, 3])
    after = Network.from_weights({"node_0": [0, 1], "node_1": [0, 0], "output": [1, 0]}, output="relu")
    assert before[0, 0] - 3 == 6
    assert after.predict([0, 3])[0, 0] - 3 == 0


@pytest.mark.parametrize(("weights", "expected"), [(WEIGHTS_0, 37.5), (WEIGHTS_1, 49.890625)])
def test_6_two_weight_sets_over_many_rows(weights, expected):
    network = Network.from_weights(weights, output="relu")
    x, y = [[0, 3], [1, 2], [-1, -2], [4, 0]], [[1], [3], [5], [7]]
    trace = network.forward(x)
    assert MSE.over(trace.z[-1], trace.prediction, np.reshape(y, trace.prediction.shape)) == expected


def no_hidden_layer(updates=20):
    return State(
        Network.from_weights({"output": [0, 2, 1]}),
        Dataset([[1, 2, 3]], [[0]]),
        Training(learning_rate=0.01, updates=updates),
    )


def test_8_slopes():
    state = no_hidden_layer()
    found = slopes(state.network, state.data.inputs, state.data.targets)
    assert found.trace.prediction[0, 0] == 7
    assert found.layers[0].weights.tolist() == [[14, 28, 42]]


def test_9_one_update():
    after = train(no_hidden_layer(), updates=1).state
    assert after.network.layers[0].weights == pytest.approx(np.array([[-0.14, 1.72, 0.58]]), rel=1e-15)
    assert after.network.predict([1, 2, 3])[0, 0] == pytest.approx(5.04, rel=1e-14)


def test_10_the_history_is_the_closed_form():
    result = train(no_hidden_layer())
    k = np.arange(21)
    assert result.history[:, 0].tolist() == k.tolist()
    assert result.history[:, 1] == pytest.approx(49 * 0.72 ** (2 * k), rel=1e-12, abs=0)
    assert result.history[-1, 1] == pytest.approx(9.62711e-05, rel=1e-6)
    assert not result.diverged
