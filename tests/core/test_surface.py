"""The loss over one weight or two equals the loss with them set; the function equals the prediction."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core import function
from nnviz.core import slopes as cost
from nnviz.core.address import Address
from nnviz.core.edits import freeze, set_value
from nnviz.core.function import Section, activations, section, span_of
from nnviz.core.landscape import (
    line_is_valid,
    loss_along,
    loss_line,
    loss_over_weights,
    present_point,
    refined_grids,
    span,
    weight_after_step,
)
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import run_work, slopes
from nnviz.core.state import Dataset, State, Training
from tests.core import oracle

FIRST = Address("weight", 0, 0, 0)


def mse_with(state, *settings):
    for weight, value in settings:
        state = set_value(state, weight, value)
    return oracle.loss(state.network, state.data.inputs, state.data.targets)


def one_weight(inputs=(2.0,), targets=(6.0,), w=1.0, **training):
    """prediction = w·x: the MSE is (2w − 6)² for the one row."""
    network = Network(("x",), (Layer(("output",), "identity", [[w]]),))
    return State(network, Dataset(np.array([inputs]).T, np.array([targets]).T), Training(**training))


def span_at_present(state, weight=FIRST):
    return run_work(span(state, weight, run_work(present_point(state, weight))))


@given(oracle.states(max_hidden=3, max_rows=3), st.data())
def test_the_loss_along_weights_is_that_with_them_set(state, data):
    first, second = (data.draw(st.sampled_from(state.network.all_weights())) for _ in range(2))
    values = [state.network.value_of(first), -3.5, 0.0, 8.0]
    found = run_work(loss_along(state, first, values))
    assert found == pytest.approx([mse_with(state, (first, v)) for v in values], rel=1e-9, abs=1e-12)
    point = run_work(present_point(state, first))
    own = slopes(state.network, state.data.inputs, state.data.targets)
    assert point.slope == pytest.approx(own.slope(first), rel=1e-12, abs=1e-15)
    assert [found[0], point.loss] == pytest.approx([state.loss()] * 2, rel=1e-12)
    low, high = span_at_present(state, first)
    assert -math.inf < low < values[0] < high < math.inf
    if first != second:
        values2 = [state.network.value_of(second), 0.5]
        found = run_work(loss_over_weights(state, first, second, values[:3], values2))
        expected = [[mse_with(state, (first, v), (second, w)) for w in values2] for v in values[:3]]
        assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


def penalised_with(state, *settings):
    for weight, value in settings:
        state = set_value(state, weight, value)
    own, data = state.training, state.data
    loss = oracle.loss(state.network, data.inputs, data.targets, own.loss)
    return loss + oracle.penalty(state.network, own.l1, own.l2)


FACTORS = [(0.0, 0.5), (0.25, 0.0), (0.1, 0.01)]


@given(st.data())
def test_the_loss_along_weights_contains_the_penalty(data):
    of_mse = oracle.states(max_hidden=4, max_rows=3)
    of_classes = st.sampled_from(["softmax", "sigmoid"]).map(oracle.classes)
    state = data.draw(of_mse | of_classes)
    l1, l2 = data.draw(st.sampled_from(FACTORS))
    state = replace(state, training=replace(state.training, l1=l1, l2=l2, learning_rate=0.01))
    first, second = (data.draw(st.sampled_from(state.network.all_weights())) for _ in range(2))
    values = [state.network.value_of(first), -1.5, 0.0, 2.0]
    found = run_work(loss_along(state, first, values))
    assert found == pytest.approx([penalised_with(state, (first, v)) for v in values], rel=1e-9)
    point = run_work(present_point(state, first))
    assert point.loss == pytest.approx(penalised_with(state), rel=1e-12)
    assert point.of_data == pytest.approx(state.loss(), rel=1e-12)
    own = slopes(state.network, state.data.inputs, state.data.targets, state.training.loss, l1=l1, l2=l2)
    assert point.slope == pytest.approx(own.slope(first), rel=1e-12, abs=1e-15)
    line = [found for found in loss_line(state, first, None) if found][-1]
    end, landed = line.landing
    assert end == pytest.approx(values[0] - 0.01 * own.slope(first))
    assert landed == pytest.approx(penalised_with(state, (first, end)), rel=1e-9)
    if line.of_data is not None:
        near = [set_value(state, first, float(v)).loss() for v in line.values[::32]]
        assert line.of_data[::32] == pytest.approx(near, rel=1e-7, abs=1e-9)
        assert line.heights()[0] <= min(line.of_data.min(), line.loss.min())
    if first != second:
        values2 = [state.network.value_of(second), 0.5]
        found = run_work(loss_over_weights(state, first, second, values[:3], values2))
        expected = [[penalised_with(state, (first, v), (second, w)) for w in values2] for v in values[:3]]
        assert found == pytest.approx(np.array(expected), rel=1e-9)


def test_a_frozen_weight_stays_in_the_next_step():
    state, weight = oracle.small_state(), Address("weight", 1, 0, 2)
    *_, line = loss_line(state, weight, None)
    assert line.landing
    frozen = freeze(state, Address("node", 1, 0))
    assert line_is_valid(line, replace(state))
    assert not line_is_valid(line, frozen)
    *_, line = loss_line(frozen, weight, line)
    assert line.landing == (state.network.value_of(weight), line.point.loss)


def test_the_tangent_has_the_slope_of_the_penalised_curve():
    for l1, l2 in FACTORS:
        state = oracle.classes("sigmoid", 2, l1=l1, l2=l2)
        for weight in state.network.all_weights()[::3]:
            w = state.network.value_of(weight)
            below, above = run_work(loss_along(state, weight, [w - 1e-6, w + 1e-6]))
            slope = run_work(present_point(state, weight)).slope
            assert slope == pytest.approx((above - below) / 2e-6, rel=1e-6, abs=1e-8)


def test_the_curve_of_the_data_is_left_out_if_it_is_far_below():
    def line_of(**training):
        return [found for found in loss_line(one_weight(**training), FIRST, None) if found][-1]

    assert line_of().of_data is None
    near = line_of(l2=0.5)
    assert near.of_data == pytest.approx((2 * near.values - 6) ** 2)
    assert near.loss == pytest.approx(near.of_data + 0.5 * near.values**2)
    hidden = Layer(("node_0", "zero"), "identity", [[1.0], [0.0]])
    network = Network(("x",), (hidden, Layer(("output",), "identity", [[1.0, 1000.0]])))
    state = State(network, Dataset([[2.0]], [[6.0]]), Training(l2=1.0))
    line = [found for found in loss_line(state, FIRST, None) if found][-1]
    assert line.of_data is None
    assert line.heights()[0] > 1e5


def test_many_rows_are_computed_in_blocks_that_add_up_to_the_same():
    network = oracle.make_network((3, 4, 2), ("tanh", "softmax"), (True, True))
    state = oracle.make_state(network, 20_000)
    weight, values = Address("weight", 0, 1, 2), np.linspace(-1, 1, 5)
    assert len(list(loss_along(state, weight, values))) >= 3
    found = run_work(loss_along(state, weight, values))
    assert found == pytest.approx([set_value(state, weight, v).loss() for v in values], rel=1e-9)
    point = run_work(present_point(state, weight))
    whole = slopes(network, state.data.inputs, state.data.targets)
    assert point == pytest.approx((whole.loss, 0.0, whole.layers[0].weights[1, 2]), rel=1e-9)


def test_a_grid_becomes_finer_and_keeps_what_is_known():
    state = oracle.make_state(oracle.make_network((2, 3, 1), ("tanh", "identity"), (True, False)), 4)
    first, second = Address("weight", 1, 0, 1), Address("bias", 0, 2)
    steps = list(refined_grids(state, first, second, ((-1, 2), (0, 4))))
    grids = [grid for grid in steps if grid is not None]
    assert steps.index(grids[0]) < 20  # the first comes soon
    sizes = [len(grid.values1) for grid in grids]
    assert sizes == sorted(sizes)
    assert len(sizes) > 3
    for grid in grids:
        assert [*grid.values1[[0, -1]], *grid.values2[[0, -1]]] == [-1, 2, 0, 4]
        exact = run_work(loss_over_weights(state, first, second, grid.values1, grid.values2))
        assert grid.loss == pytest.approx(exact, rel=1e-12)


def test_the_span_shows_the_present_point_the_minimum_and_a_landing_that_is_near():
    state = one_weight(learning_rate=0.2)  # minimum at 3; slope −16: the step lands at 4.2
    low, high = span_at_present(state)
    assert weight_after_step(state, FIRST, -16.0) == pytest.approx(4.2)
    assert low < 1.0 < 4.2 < high < low + 20
    low, high = span_at_present(one_weight(learning_rate=1000.0))
    assert low < 1.0 < 3.0 < high < 50
    low, high = span_at_present(one_weight(w=0.0, targets=(0.0,)))
    assert low < 0.0 < high
    for x in (0.001, 1.0, 1000.0, 1e6):
        low, high = span_at_present(one_weight(inputs=(x,), targets=(3.0,), learning_rate=1e-15))
        assert low < 1.0 < high
        if x >= 1.0:  # else the minimum is far away, at 3000
            assert low < 3.0 / x < high
            assert high - low < 10 * abs(3.0 / x - 1.0)


def test_a_cross_entropy_below_0_is_seen_whole():
    network = Network(("x",), [Layer(("y",), "sigmoid", [[0.5]])])
    state = State(network, Dataset([[1.0], [2.0]], [[5.0], [3.0]]), Training(loss="cross_entropy"))
    line = [found for found in loss_line(state, FIRST, None) if found][-1]
    low, high = line.heights()
    assert low < line.loss.min() < line.point.loss < high


def rows_of(where, values):
    """Return the rows at all points of a picture, written out by hand, shape (…, inputs)."""
    rows = np.tile(where.inputs, (*(len(each) for each in reversed(values)), 1))
    for index in np.ndindex(rows.shape[:-1]):
        for place, each, at in zip(where.along, values, reversed(index), strict=True):
            rows[index][place] = each[at]
    return rows


def predictions(network, where, values):
    (found,) = yield from activations(network, where, values, first=-1)
    return found


@given(st.data())
def test_each_point_of_a_plane_has_the_prediction_for_that_row(data):
    network = data.draw(oracle.networks())
    count = min(2, len(network.inputs))
    along_inputs = tuple(data.draw(st.permutations(range(len(network.inputs))))[:count])
    held = np.random.default_rng(0).normal(size=len(network.inputs))
    where = Section(along_inputs, ((-2.0, 3.0), (-1.5, 0.5))[:count], held)
    values = where.middles(*(4, 3)[:count])
    found, rows = run_work(predictions(network, where, values)), rows_of(where, values)
    assert found.shape == (*rows.shape[:-1], len(network.outputs))
    expected = [oracle.predict(network, row) for row in rows.reshape(-1, rows.shape[-1])]
    assert found.reshape(len(expected), -1) == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


def test_every_nodes_values_are_those_of_a_pass_forward_in_many_units_too():
    """Of 784 inputs two vary, and the others are held."""
    for sizes, output, along_inputs, points in (
        ((3, 5, 4, 2), "sigmoid", (2, 0), (6, 4)),
        ((3, 300, 200, 2), "sigmoid", (2, 0), (150, 12)),
        ((784, 12, 3), "softmax", (100, 37), (7, 5)),
    ):
        layers, scale = len(sizes) - 1, 1 / np.sqrt(max(sizes))
        activated = [*["tanh"] * (layers - 1), output]
        network = oracle.make_network(sizes, activated, [True] * layers, 3, scale)
        held = np.random.default_rng(0).normal(size=sizes[0])
        where = Section(along_inputs, ((-1.0, 1.0), (-3.0, 3.0)), held)
        values = where.middles(*points)
        rows = rows_of(where, values).reshape(-1, sizes[0])
        expected = network.forward(rows).a
        for mine, theirs in zip(run_work(activations(network, where, values)), expected, strict=True):
            np.testing.assert_allclose(mine.reshape(len(rows), -1), theirs, rtol=1e-10, atol=1e-14)
        found = run_work(predictions(network, where, values))
        assert found.reshape(len(rows), -1) == pytest.approx(expected[-1], rel=1e-11)
        in_units = len(list(predictions(network, where, values)))
        assert (in_units > 5) == (len(rows) > 1000)
    assert found[..., 0].std() > 1e-4
    assert function.point_ns(network) < 0.1 * cost.forward_ns(network)


def test_a_picture_becomes_finer_up_to_a_point_for_each_pixel():
    network = oracle.make_network((2, 8, 1), ("tanh", "sigmoid"), (True, True))
    where = Section((0, 1), ((-1.0, 1.0), (-1.0, 1.0)), np.zeros(2))
    found, at_once = (
        [step for step in function.refined_pictures(network, where, (301, 120), first_ns) if step is not None]
        for first_ns in (1e5, 1e12)
    )
    widths = [len(picture.values[0]) for picture in found]
    assert widths == sorted(widths)
    assert len(widths) > 1
    assert found[0].prediction.size * function.point_ns(network) < 2e5
    assert found[-1].prediction.shape == (120, 301, 1)
    for last in (found[-1], at_once[0]):
        assert [len(each) for each in last.values] == [301, 120]
    assert Section((0,), ((2.0, 4.0),), np.zeros(1)).middles(4)[0].tolist() == [2.25, 2.75, 3.25, 3.75]


def test_a_span_of_inputs_shows_all_rows_and_some_room():
    for column, expected in (
        ([0.0, 10.0, 4.0], (-1.0, 11.0)),
        ([5.0, 5.0], (0.0, 10.0)),
        ([0.0], (-1.0, 1.0)),
        ([], (-1.0, 1.0)),
        ([-1.7e308, 1.7e308], (-1e300, 1e300)),
    ):
        data = Dataset(np.array(column).reshape(-1, 1))
        assert span_of(data, 0) == pytest.approx(expected)
        state = State(Network(("x",), (Layer(("output",), "identity", [[1.0]]),)), data)
        assert section(state, (0,), np.zeros(1)).spans[0] == pytest.approx(expected)


def test_what_is_too_large_for_a_number_is_not_finite():
    found = run_work(loss_along(one_weight(), FIRST, [1.0, 1e200, 1e308]))
    assert found[0] == 16.0
    assert not np.isfinite(found[1:]).any()
    network = Network(("x", "y"), (Layer(("output",), "identity", [[1e200, -1e200]]),))
    where = Section((0, 1), ((-1e300, 1e300), (-1e300, 1e300)), np.zeros(2))
    found = run_work(predictions(network, where, where.middles(3, 3)))
    assert not np.isfinite(found[0, 0, 0])
