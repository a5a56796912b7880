"""Where nodes are stuck and slopes fade away on all rows: counts and sizes as they are found by hand."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from nnviz.core.address import Address
from nnviz.core.edits import randomise, set_activation, set_value
from nnviz.core.explanation.arithmetic import Line
from nnviz.core.explanation.explain import explain
from nnviz.core.explanation.health import percent
from nnviz.core.health import fates, health, health_in_blocks, slope_sizes
from nnviz.core.network import Layer, Network
from nnviz.core.results import Computed, means_from
from nnviz.core.slopes import slopes, slopes_from
from nnviz.core.state import Dataset, State
from tests.core.oracle import states


def one_layer(activation, weights, biases, rows):
    """A network whose hidden nodes take the one input x, on `rows` rows."""
    names = tuple(f"node_{j}" for j in range(len(weights)))
    hidden = Layer(names, activation, [[w] for w in weights], biases)
    output = Layer(("output",), "identity", [[1.0] * len(weights)])
    return State(Network(("x",), (hidden, output)), Dataset([[x] for x in rows], [[1.0]] * len(rows)))


def of(state):
    return health(state.network, state.network.forward(state.data.inputs))


def computed(state, row=0):
    network, data = state.network, state.data
    trace = network.forward(data.inputs)
    whole = means_from(state, trace.rows(slice(state.trained_rows)), None)
    own = slopes_from(network, trace.rows(slice(row, row + 1)), data.targets[row : row + 1], state.measure)
    return Computed(row, own.trace, own, whole, whole, health(network, trace, state.measure))


def told(state, address=None, heading="On all "):
    """What the sections whose heading begins so say."""
    return " ".join(
        row.text
        for section in explain(state, address, computed(state)).sections
        for row in section.rows
        if section.heading.startswith(heading)
    )


def test_rows_with_z_not_above_0_are_counted():
    state = one_layer("relu", [1.0, -1.0, 0.0, 2.0], [0.0, 2.0, 0.0, 9.0], [-2.0, -1.0, 0.0, 1.0, 2.0])
    assert of(state).layers[0].zero.tolist() == [3, 1, 5, 0]  # z = 0 counts: the slope there is 0
    assert of(state).layers[0].still.tolist() == [0, 0, 0, 0]
    assert of(state).badges() == {(0, 2): "dead on all rows"}


@pytest.mark.parametrize(("activation", "end"), [("sigmoid", 4.58), ("tanh", 2.64)])
def test_rows_on_which_a_node_hardly_moves_are_counted_on_both_sides(activation, end):
    rows = [-end - 0.01, -end, 0.0, end, end + 0.01]
    state = one_layer(activation, [1.0, 100.0], [0.0, 1.0], rows)
    slope = state.network.layers[0].function.slope(np.array([end + 0.01]))[0]
    assert slope < (0.01 if activation == "sigmoid" else 0.02)
    assert of(state).layers[0].still.tolist() == [2, 4]
    assert of(state).layers[0].zero.tolist() == [0, 0]
    assert of(one_layer(activation, [1.0, 0.0], [end + 1, 0.0], [0.0, 0.0])).badges() == {
        (0, 0): "saturated on all rows"
    }


@pytest.mark.parametrize(("alive", "badge"), [(0, "dead on all rows"), (5, "nearly dead"), (6, None)])
def test_nearly_is_from_95_of_100_rows_on(alive, badge):
    state = one_layer("relu", [1.0], [0.0], [1.0] * alive + [-1.0] * (100 - alive))
    assert of(state).badges().get((0, 0)) == badge


def test_of_one_row_and_of_no_row_nothing_is_odd():
    assert of(one_layer("relu", [1.0], [0.0], [-1.0])).badges() == {}
    network = one_layer("relu", [1.0], [0.0], [1.0]).network
    assert health(network, network.forward(np.empty((0, 1)))).badges() == {}


@given(states())
@settings(max_examples=30, deadline=None)
def test_in_blocks_it_is_the_same(state):
    steps = health_in_blocks(state.network, state.data.inputs, state.measure, 1.0)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        found = end.value
    for one, other in zip(found.layers, of(state).layers, strict=True):
        assert (one.zero.tolist(), one.still.tolist()) == (other.zero.tolist(), other.still.tolist())
    assert found.rows == len(state.data)


def test_a_sure_output_is_stuck_for_the_mse_and_not_for_cross_entropy_whose_slope_is_at_z():
    output = Layer(("output",), "sigmoid", [[9.0]])
    state = State(Network(("x",), (output,)), Dataset([[1.0], [-1.0]], [[0.0], [1.0]]))
    surely = replace(state, training=replace(state.training, loss="cross_entropy"))
    node = Address("node", 0, 0)
    trace = state.network.forward(state.data.inputs)
    assert health(state.network, trace, state.measure).badges() == {(0, 0): "saturated on all rows"}
    assert health(state.network, trace, surely.measure).badges() == {}
    assert "on 2 of 2 rows" in told(state, node)
    assert told(surely, node) == ""


# --- layers


def deep(activation="sigmoid", seed=0, rows=20):
    """2-4-4-4-4-1 with the random start that suits it, on rows whose target is whether x·y > 0."""
    sizes = [2, 4, 4, 4, 4, 1]
    layers = tuple(
        Layer(
            tuple(f"node_{k}_{j}" for j in range(after)) if k < 4 else ("output",),
            activation if k < 4 else "identity",
            np.zeros((after, before)),
            np.zeros(after),
        )
        for k, (before, after) in enumerate(pairwise(sizes))
    )
    x = np.random.default_rng(seed).normal(size=(rows, 2))
    y = (x[:, :1] * x[:, 1:] > 0).astype(float)
    state = State(Network(("x", "y"), layers), Dataset(x, y))
    return randomise(state, seed)


def fates_of(state):
    return fates(slopes(state.network, state.data.inputs, state.data.targets))


def test_the_size_of_slopes_is_the_root_of_the_mean_of_their_squares():
    state = one_layer("identity", [3.0, 4.0], None, [1.0, 1.0])
    state = State(state.network, Dataset([[1.0], [2.0]], [[7.0], [12.0]]))  # errors 0 and 2, so 2·error = 4
    first, last = slope_sizes(slopes(state.network, state.data.inputs, state.data.targets))
    assert last.nodes == 2.0  # the mean of 0 and 4
    assert last.weights == pytest.approx(math.sqrt((12.0**2 + 16.0**2) / 2))  # 4·6/2 and 4·8/2
    assert first == pytest.approx((4.0, 2.0))  # 4·2/2 for each weight


@pytest.mark.parametrize("seed", range(5))
def test_slopes_vanish_in_a_deep_sigmoid_network_and_not_in_one_of_relu_or_tanh(seed):
    found = fates_of(deep("sigmoid", seed))
    assert found[0] == "vanish"
    assert found[3:] == ("", "")
    assert set(fates_of(deep("relu", seed))) | set(fates_of(deep("tanh", seed))) == {""}


def test_small_inputs_alone_are_no_vanishing_slopes():
    state = one_layer("tanh", [0.5, -0.5], None, [1e-6, -2e-6])
    sizes = slope_sizes(slopes(state.network, state.data.inputs, state.data.targets))
    assert sizes[0].weights < 1e-5 * sizes[1].nodes
    assert fates_of(state) == ("", "")


def chain(*weights):
    """One identity node after the other, on x = 1 and x = 2 with targets of 0."""
    layers = [Layer((f"n{k}",), "identity", [[w]]) for k, w in enumerate(weights)]
    return State(Network(("x",), tuple(layers)), Dataset([[1.0], [2.0]], [[0.0], [0.0]]))


def test_slopes_explode_where_those_of_w_and_at_z_are_both_100_times_as_large():
    assert fates_of(chain(0.25, 30.0, 30.0)) == ("explode", "", "")  # w: 30/0.25 = 120, z: 30·30 = 900
    assert fates_of(chain(0.5, 30.0, 30.0)) == ("", "", "")  # w: 30/0.5 = 60
    assert fates_of(chain(0.03, 5.0, 5.0)) == ("", "", "")  # w: 5/0.03 = 167, z: 5·5 = 25


def test_slopes_are_0_before_dead_nodes_and_nothing_is_told_where_every_error_is_0():
    assert fates_of(one_layer("relu", [-1.0], None, [1.0, 2.0])) == ("are 0", "")
    assert fates_of(one_layer("identity", [1.0], None, [1.0, 1.0])) == ("", "")


# --- what Explain says


def test_a_node_says_on_how_many_rows_it_passes_0_and_what_to_try_where_it_is_dead():
    state = one_layer("relu", [1.0, -1.0], [-0.5, 0.0], [0.0, 1.0, 2.0])
    first, second = (told(state, Address("node", 0, j)) for j in (0, 1))
    assert first == "z ≤ 0 on 1 of 3 rows (33 %): there relu passes 0, and no slope comes back through it."
    assert second.startswith("z ≤ 0 on 3 of 3 rows (100 %)")
    assert "It is dead on all rows, and so its weights learn nothing." in second
    assert "leaky_relu" in second
    other = set_activation(state, 0, "leaky_relu")
    assert told(other, Address("node", 0, 1)) == ""


def test_a_saturated_node_says_where_and_what_to_try():
    state = one_layer("tanh", [9.0, 0.1], None, [1.0, -2.0, 0.1])
    first, second = (told(state, Address("node", 0, j)) for j in (0, 1))
    there = "there tanh hardly moves, and hardly any slope comes back through it"
    assert first == f"z ≤ −2.647 or z ≥ 2.647 on 2 of 3 rows (67 %): {there}."
    assert second == f"z ≤ −2.647 or z ≥ 2.647 on 0 of 3 rows (0 %): {there}."
    assert "standardised" in told(set_value(state, Address("weight", 0, 0, 0), 99.0), Address("node", 0, 0))


def test_the_overview_has_the_sizes_of_all_slopes_and_names_dead_nodes():
    state = deep()
    sections = explain(state, None, computed(state)).sections
    rows = next(own.rows for own in sections if own.heading.startswith("Size of the slopes"))
    lines = {row.label: row.value for row in rows if isinstance(row, Line)}
    found = slope_sizes(slopes(state.network, *pair(state)))
    assert lines["Hidden layer 1, w"] == found[0].weights
    assert lines["Prediction, z"] == found[-1].nodes
    assert len(lines) == 10
    assert "They vanish, less than 1/100 of the last layer's. Try relu" in told(state, None, "Size")
    dead = one_layer("relu", [-1.0, 1.0, -1.0], None, [1.0, 2.0])
    assert told(dead, None, "Nodes on all rows") == "node_0 and node_2"
    assert told(deep(), Address("node", 0, 0)).count("The slopes of its layer vanish") == 1


def test_slopes_are_over_the_rows_that_are_trained_on_and_counts_over_all():
    state = deep()
    kept = replace(state, training=replace(state.training, validation=0.25))
    headings = [own.heading for own in explain(kept, None, computed(kept)).sections]
    assert "Size of the slopes over the 15 rows trained on" in headings
    assert "on 0 of 20 rows" in told(kept, Address("node", 3, 0))


def test_per_cent_are_whole_and_none_and_all_are_said_of_nothing_else():
    assert [percent(n, 50) for n in (0, 37, 50)] == ["0 %", "74 %", "100 %"]
    assert [percent(n, 1000) for n in (1, 999)] == ["under 1 %", "over 99 %"]


def pair(state):
    return state.data.inputs, state.data.targets
