"""The MSE over one weight or two equals the MSE with those weights set, whatever the network."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.address import Address, all_weights
from nnviz.core.cost import finished
from nnviz.core.edits import set_value
from nnviz.core.loss.line import loss_line
from nnviz.core.loss.moved_weights import along, at_present, over_weights, refined
from nnviz.core.loss.span import landing, span
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from tests.core import oracle

SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "softmax")


@st.composite
def states_with_weights(draw, count, **kind):
    state = draw(oracle.states(**kind))
    return state, [draw(st.sampled_from(all_weights(state.network))) for _ in range(count)]


def mse_with(state, *settings):
    for weight, value in settings:
        state = set_value(state, weight, value)
    return oracle.mse(state.network, state.data.inputs, state.data.targets)


def one_weight(inputs=(2.0,), targets=(6.0,), w=1.0, **training):
    """prediction = w·x: the MSE is (2w − 6)² for the one row."""
    network = Network(("x",), (Layer(("output",), "identity", [[w]]),))
    return State(network, Dataset(np.array([inputs]).T, np.array([targets]).T), Training(**training))


@settings(max_examples=150)
@given(states_with_weights(1))
def test_along_a_weight_stands_the_mse_with_that_weight_set(case):
    state, [weight] = case
    values = [weight.value(state.network), -3.5, 0.0, 0.25, 8.0]
    found = finished(along(state, weight, values))
    assert found == pytest.approx([mse_with(state, (weight, v)) for v in values], rel=1e-9, abs=1e-12)
    assert found[0] == pytest.approx(state.loss(), rel=1e-12)


@settings(max_examples=150)
@given(states_with_weights(2))
def test_over_two_weights_stands_the_mse_with_both_set(case):
    state, [first, second] = case
    if first == second:
        return
    values1, values2 = [first.value(state.network), -2.0, 1.5], [second.value(state.network), 0.5]
    found = finished(over_weights(state, first, second, values1, values2))
    expected = [[mse_with(state, (first, v), (second, w)) for w in values2] for v in values1]
    assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


@settings(max_examples=60)
@given(states_with_weights(1))
def test_the_slope_at_the_present_point_is_that_of_backpropagation(case):
    state, [weight] = case
    found = finished(at_present(state, weight))
    layer = slopes(state.network, state.data.inputs, state.data.targets).layers[weight.layer]
    own = layer.nodes[weight.node] if weight.kind == "bias" else layer.weights[weight.node, weight.source]
    assert found.slope == pytest.approx(own, rel=1e-12, abs=1e-15)
    assert found.loss == pytest.approx(state.loss(), rel=1e-12)


@settings(max_examples=60)
@given(states_with_weights(1, activations=SMOOTH))
def test_the_curve_has_that_slope_at_the_present_point(case):
    state, [weight] = case
    w, h = weight.value(state.network), 1e-5
    below, above = finished(along(state, weight, [w - h, w + h]))
    assert (above - below) / (2 * h) == pytest.approx(finished(at_present(state, weight)).slope, abs=1e-4)


def test_many_rows_are_computed_in_blocks_that_add_up_to_the_same():
    network = oracle.make_network((3, 4, 2), ("tanh", "softmax"), (True, True))
    state = oracle.make_state(network, 20_000)
    weight, values = Address("weight", 0, 1, 2), np.linspace(-1, 1, 5)
    work = along(state, weight, values)
    units = 0
    while True:
        try:
            next(work)
        except StopIteration as stop:
            found = stop.value
            break
        units += 1
    assert units >= 3
    assert found == pytest.approx([set_value(state, weight, v).loss() for v in values], rel=1e-9)
    point = finished(at_present(state, weight))
    whole = slopes(network, state.data.inputs, state.data.targets)
    assert point == pytest.approx((whole.loss, whole.layers[0].weights[1, 2]), rel=1e-9)


def test_a_grid_becomes_finer_and_keeps_what_is_known():
    state = oracle.make_state(oracle.make_network((2, 3, 1), ("tanh", "identity"), (True, False)), 4)
    first, second = Address("weight", 1, 0, 1), Address("bias", 0, 2)
    grids = [grid for grid in refined(state, first, second, (-1, 2), (0, 4)) if grid is not None]
    sizes = [len(grid.values1) for grid in grids]
    assert sizes == sorted(sizes)
    assert len(sizes) > 3
    for grid in grids:
        assert grid.values1[[0, -1]].tolist() == [-1, 2]
        assert grid.values2[[0, -1]].tolist() == [0, 4]
        exact = finished(over_weights(state, first, second, grid.values1, grid.values2))
        assert grid.loss == pytest.approx(exact, rel=1e-12)


def test_a_coarse_grid_of_a_small_network_comes_with_few_units_of_work():
    state = oracle.make_state(oracle.make_network((2, 2, 1), ("relu", "identity"), (False, False)), 4)
    grids = refined(state, Address("weight", 0, 0, 0), Address("weight", 1, 0, 0), (-1, 1), (-1, 1))
    units = 0
    while next(grids) is None:
        units += 1
    assert units < 20


def test_what_is_too_large_for_a_number_is_no_warning_and_not_finite():
    state = one_weight()
    found = finished(along(state, Address("weight", 0, 0, 0), [1.0, 1e200, 1e308]))
    assert found[0] == 16.0
    assert not np.isfinite(found[1:]).any()


def test_the_span_shows_the_present_point_the_minimum_and_the_landing():
    state = one_weight(learning_rate=0.2)  # minimum at 3; slope −16: the step lands at 4.2
    weight = Address("weight", 0, 0, 0)
    low, high = finished(span(state, weight, finished(at_present(state, weight))))
    assert landing(state, weight, -16.0) == pytest.approx(4.2)
    assert low < 1.0
    assert high > 4.2
    assert high - low < 20


@pytest.mark.parametrize("x", [0.001, 1.0, 1000.0, 1e6])
def test_the_span_is_narrow_enough_to_see_present_point_and_minimum_apart(x):
    state = one_weight(inputs=(x,), targets=(3.0,), learning_rate=1e-15)
    weight, minimum = Address("weight", 0, 0, 0), 3.0 / x
    low, high = finished(span(state, weight, finished(at_present(state, weight))))
    assert low < 1.0 < high
    if x < 1.0:  # the minimum is far away, at 3000
        return
    assert low < minimum < high
    assert high - low < 10 * abs(minimum - 1.0)


def test_a_cross_entropy_below_0_is_seen_whole():
    network = Network(("x",), [Layer(("y",), "sigmoid", [[0.5]])])
    state = State(network, Dataset([[1.0], [2.0]], [[5.0], [3.0]]), Training(loss="cross_entropy"))
    line = [found for found in loss_line(state, Address("weight", 0, 0, 0), None) if found][-1]
    low, high = line.heights()
    assert low < line.loss.min() < line.point.loss < high


def test_a_step_that_lands_far_away_is_left_out_of_the_span():
    state = one_weight(learning_rate=1000.0)
    weight = Address("weight", 0, 0, 0)
    low, high = finished(span(state, weight, finished(at_present(state, weight))))
    assert low < 1.0 < 3.0 < high < 50


@settings(max_examples=60)
@given(states_with_weights(1))
def test_every_span_holds_the_present_point_inside(case):
    state, [weight] = case
    low, high = finished(span(state, weight, finished(at_present(state, weight))))
    assert low < weight.value(state.network) < high
    assert math.isfinite(high - low)


def test_a_span_of_weights_that_are_all_0_is_still_a_stretch():
    state = one_weight(w=0.0, targets=(0.0,))
    low, high = finished(
        span(state, Address("weight", 0, 0, 0), finished(at_present(state, Address("weight", 0, 0, 0))))
    )
    assert low < 0.0 < high
