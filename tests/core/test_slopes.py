"""The slopes against central differences, the course's formula and the rows' mean."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Network
from nnviz.core.slopes import slopes
from tests.core import oracle


@settings(max_examples=60)
@given(oracle.states())
def test_slopes_agree_with_central_differences(state):
    x, y = state.data.inputs, state.data.targets
    assume(oracle.nearest_kink(state.network, x) > 1e-3)
    expected = oracle.central_differences(state.network, x, y)
    found = oracle.flat_slopes(state.network, x, y)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6 * max(1.0, abs(expected).max()))


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("hidden", range(5))
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_slopes_agree_for_every_activation_depth_and_bias(activation, hidden, biases):
    layers = hidden + 1
    for seed in range(100):
        network = oracle.make_network([3] * layers + [2], [activation] * layers, [biases] * layers, seed)
        state = oracle.make_state(network, 3, seed)
        x, y = state.data.inputs, state.data.targets
        if oracle.nearest_kink(network, x) > 1e-3:
            break
    expected = oracle.central_differences(network, x, y)
    assert np.any(expected) or activation == "relu"
    assert oracle.flat_slopes(network, x, y) == pytest.approx(expected, rel=1e-6, abs=1e-8)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=6),
    st.integers(-50, 50),
)
def test_one_row_one_output_no_hidden_layer_is_exactly_two_x_error(pairs, target):
    weights, x = zip(*pairs, strict=True)
    error = sum(w * v for w, v in pairs) - target
    found = slopes(Network.from_weights({"output": weights}), [x], [[target]])
    assert found.layers[0].weights.tolist() == [[2 * v * error for v in x]]
    assert found.mse == error**2


@given(oracle.states(max_hidden=2))
def test_the_mean_of_the_rows_slopes_is_the_slope(state):
    x, y = state.data.inputs, state.data.targets
    rows = [oracle.flat_slopes(state.network, x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    assert oracle.flat_slopes(state.network, x, y) == pytest.approx(np.mean(rows, axis=0), abs=1e-12)


@given(oracle.states(max_hidden=2))
def test_the_mse_is_the_mean_over_rows_and_outputs(state):
    x, y = state.data.inputs, state.data.targets
    expected = oracle.mse(state.network, x, y)
    assert slopes(state.network, x, y).mse == pytest.approx(expected, rel=1e-12)
    assert state.loss() == pytest.approx(expected, rel=1e-12)


def test_a_relu_at_exactly_zero_passes_no_slope():
    network = Network.from_weights({"node_0": [1], "output": [1]})
    assert slopes(network, [[0.0]], [[1.0]]).layers[0].nodes.tolist() == [0.0]


def test_node_slopes_are_their_biases_slopes_and_biases_without_a_bias_are_none():
    network = oracle.make_network([2, 3, 1], ["tanh", "identity"], [True, False])
    first, last = slopes(network, [[1, 2], [3, 4]], [[0], [1]]).layers
    assert first.biases.tolist() == first.nodes.tolist()
    assert last.biases is None
    assert last.nodes == pytest.approx(last.inputs.sum(axis=0))


def test_slopes_name_a_row_of_the_wrong_width():
    with pytest.raises(ValueError, match="expected 2 values a row, found 3"):
        slopes(oracle.make_network([2, 1], ["identity"], [False]), [[1, 2, 3]], [[1]])


def test_slopes_take_targets_that_fit_the_rows_and_never_rearrange_others():
    two = oracle.make_network([1, 2], ["identity"], [False])
    x = [[1], [2], [3]]
    with pytest.raises(ValueError, match=r"y: expected shape \(3, 2\), rows by outputs, found \(2, 3\)"):
        slopes(two, x, [[1, 2, 3], [4, 5, 6]])
    with pytest.raises(ValueError, match=r"found \(6,\)"):
        slopes(two, x, [1, 2, 3, 4, 5, 6])
    assert slopes(two, [1], [5, 6]).mse == slopes(two, [[1]], [[5, 6]]).mse
    one = oracle.make_network([1, 1], ["identity"], [False])
    assert slopes(one, x, [4, 5, 6]).mse == slopes(one, x, [[4], [5], [6]]).mse
    assert slopes(one, 1, 4).mse == slopes(one, [[1]], [[4]]).mse


def test_slopes_too_large_for_a_number_warn_of_nothing():
    found = slopes(Network.from_weights({"output": [1e200]}), [[1e200]], [[0.0]])
    assert not np.isfinite(found.layers[0].weights).any()
    assert found.mse == float("inf")
