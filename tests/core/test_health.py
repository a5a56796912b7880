"""Where nodes are stuck and slopes fade away on all rows: counts and sizes as they are found by hand."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from nnviz.core.address import Address
from nnviz.core.edits import randomise, set_activation
from nnviz.core.network import Layer, Network
from nnviz.core.results import fates, health, health_in_blocks
from nnviz.core.slopes import run_work, slopes
from nnviz.core.state import Dataset, State
from nnviz.explain.explain import explain
from tests.core.oracle import make_network, states
from tests.core.test_explain import computed, written


def one_layer(activation, weights, biases, rows):
    """Return a network with the input x and one hidden layer, on `rows` rows."""
    names = tuple(f"node_{j}" for j in range(len(weights)))
    hidden = Layer(names, activation, [[w] for w in weights], biases)
    output = Layer(("output",), "identity", [[1.0] * len(weights)])
    return State(Network(("x",), (hidden, output)), Dataset([[x] for x in rows], [[1.0]] * len(rows)))


def of(state):
    return health(state.network, state.network.forward(state.data.inputs), state.measure)


def told(state, address=None, heading="On all "):
    """Return the sections whose heading begins with a text."""
    found = explain(state, address, replace(computed(state, 0), health=of(state)))
    sections = tuple(section for section in found.sections if section.heading.startswith(heading))
    return written(replace(found, sections=sections))


def slopes_of(state, **factors):
    return slopes(state.network, state.data.inputs, state.data.targets, **factors)


def test_rows_with_z_not_above_0_are_counted():
    state = one_layer("relu", [1.0, -1.0, 0.0, 2.0], [0.0, 2.0, 0.0, 9.0], [-2.0, -1.0, 0.0, 1.0, 2.0])
    found = of(state)
    assert found.layers[0].zero.tolist() == [3, 1, 5, 0]  # z = 0 counts: the slope there is 0
    assert found.layers[0].still.tolist() == [0, 0, 0, 0]
    assert found.badges() == {(0, 2): "dead on all rows"}


@pytest.mark.parametrize(("activation", "end"), [("sigmoid", 4.58), ("tanh", 2.64)])
def test_rows_on_which_a_node_hardly_moves_are_counted_on_both_sides(activation, end):
    rows = [-end - 0.01, -end, 0.0, end, end + 0.01]
    counts = of(one_layer(activation, [1.0, 100.0], [0.0, 1.0], rows)).layers[0]
    assert (counts.still.tolist(), counts.zero.tolist()) == ([2, 4], [0, 0])
    still = of(one_layer(activation, [1.0, 0.0], [end + 1, 0.0], [0.0, 0.0]))
    assert still.badges() == {(0, 0): "saturated on all rows"}


def test_a_node_is_dead_if_all_of_several_rows_say_so():
    rows = ([1.0] * alive + [-1.0] * (100 - alive) for alive in (0, 1))
    badges = [of(one_layer("relu", [1.0], [0.0], each)).badges().get((0, 0)) for each in rows]
    assert badges == ["dead on all rows", None]
    assert of(one_layer("relu", [1.0], [0.0], [-1.0])).badges() == {}
    network = one_layer("relu", [1.0], [0.0], [1.0]).network
    empty = health(network, network.forward(np.empty((0, 1))))
    assert empty.badges() == {}


@given(states())
def test_counts_in_blocks_are_the_same(state):
    found = run_work(health_in_blocks(state, 1.0))
    for one, other in zip(found.layers, of(state).layers, strict=True):
        assert (one.zero.tolist(), one.still.tolist()) == (other.zero.tolist(), other.still.tolist())
    assert found.rows == len(state.data)


def test_a_sure_output_is_stuck_for_the_mse_and_not_for_cross_entropy(approved):
    """The slope of cross-entropy is at z."""
    output = Layer(("output",), "sigmoid", [[9.0]])
    state = State(Network(("x",), (output,)), Dataset([[1.0], [-1.0]], [[0.0], [1.0]]))
    surely = replace(state, training=replace(state.training, loss="cross_entropy"))
    assert of(state).badges() == {(0, 0): "saturated on all rows"}
    assert of(surely).badges() == {}
    approved("a sure output | MSE", told(state, Address("node", 0, 0)))
    approved("a sure output | cross-entropy", told(surely, Address("node", 0, 0)))


def deep(activation="sigmoid", seed=0, rows=20):
    """Return 2-4-4-4-4-1 with a suitable random start, on rows with the target x·y > 0."""
    network = make_network([2, 4, 4, 4, 4, 1], [*[activation] * 4, "identity"], [True] * 5)
    x = np.random.default_rng(seed).normal(size=(rows, 2))
    y = (x[:, :1] * x[:, 1:] > 0).astype(float)
    return randomise(State(network, Dataset(x, y)), seed)


def chain(*weights):
    """One identity node after the other, on x = 1 and x = 2 with targets of 0."""
    layers = [Layer((f"n{k}",), "identity", [[w]]) for k, w in enumerate(weights)]
    return State(Network(("x",), tuple(layers)), Dataset([[1.0], [2.0]], [[0.0], [0.0]]))


def test_the_size_of_slopes_is_the_root_of_the_mean_of_their_squares():
    state = one_layer("identity", [3.0, 4.0], None, [1.0, 1.0])
    state = State(state.network, Dataset([[1.0], [2.0]], [[7.0], [12.0]]))  # errors 0 and 2, so 2·error = 4
    first, last = (layer.sizes for layer in slopes_of(state).layers)
    assert last[1] == 2.0  # the mean of 0 and 4
    assert last[0] == pytest.approx(math.sqrt((12.0**2 + 16.0**2) / 2))  # 4·6/2 and 4·8/2
    assert first == pytest.approx((4.0, 2.0))  # 4·2/2 for each weight


def test_slopes_vanish_in_a_deep_sigmoid_network_and_not_in_one_of_relu_or_tanh():
    for seed in range(5):
        found = fates(slopes_of(deep("sigmoid", seed)))
        assert (found[0], found[3:]) == ("vanish", ("", ""))
        assert fates(slopes_of(deep("sigmoid", seed), l2=0.5))[0] == "vanish"
        assert {*fates(slopes_of(deep("relu", seed))), *fates(slopes_of(deep("tanh", seed)))} == {""}
    small_inputs = slopes_of(one_layer("tanh", [0.5, -0.5], None, [1e-6, -2e-6]))
    sizes = [layer.sizes for layer in small_inputs.layers]
    assert sizes[0][0] < 1e-5 * sizes[1][1]
    assert fates(small_inputs) == ("", "")


def test_slopes_explode_where_those_of_w_and_at_z_are_both_100_times_as_large():
    """Slopes are 0 before dead nodes, and no slope has a fate if every error is 0."""
    assert fates(slopes_of(chain(0.25, 30.0, 30.0))) == ("explode", "", "")  # w: 30/0.25 = 120, z: 30·30
    assert fates(slopes_of(chain(0.5, 30.0, 30.0))) == ("", "", "")  # w: 30/0.5 = 60
    assert fates(slopes_of(chain(0.03, 5.0, 5.0))) == ("", "", "")  # w: 5/0.03 = 167, z: 5·5 = 25
    assert fates(slopes_of(one_layer("relu", [-1.0], None, [1.0, 2.0]))) == ("are 0", "")
    assert fates(slopes_of(one_layer("relu", [-1.0], None, [1.0, 2.0]), l1=0.1)) == ("are 0", "")
    assert fates(slopes_of(one_layer("identity", [1.0], None, [1.0, 1.0]))) == ("", "")


def test_explain_says_on_how_many_rows_a_node_is_stuck_and_what_to_try(approved):
    relu = one_layer("relu", [1.0, -1.0], [-0.5, 0.0], [0.0, 1.0, 2.0])
    tanh = one_layer("tanh", [9.0, 0.1], None, [1.0, -2.0, 0.1])
    for title, state, node in (
        ("a relu that passes 0 on one row", relu, 0),
        ("a dead relu", relu, 1),
        ("a leaky_relu", set_activation(relu, 0, "leaky_relu"), 1),
        ("a tanh that is saturated on two rows", tanh, 0),
        ("a tanh that moves", tanh, 1),
        ("a saturated tanh", one_layer("tanh", [4.0], None, [1.0, -2.0, 0.9]), 0),
    ):
        approved(title, told(state, Address("node", 0, node)))


def test_the_overview_has_the_sizes_of_all_slopes_and_names_dead_nodes(approved):
    state = deep()
    sizes = told(state, None, "Size")
    shown = re.findall(r"^(?:Hidden layer \d|Prediction), [wz] [≈=] (.*)$", sizes, re.MULTILINE)
    expected = [size for layer in slopes_of(state).layers for size in layer.sizes]
    assert [float(each.replace("−", "-")) for each in shown] == pytest.approx(expected, rel=1e-5)
    approved("the sizes of slopes that vanish", sizes)
    dead = one_layer("relu", [-1.0, 1.0, -1.0], None, [1.0, 2.0])
    approved("dead nodes", told(dead, None, "Dead or saturated on all rows"))
    approved("a node of a layer whose slopes vanish", told(state, Address("node", 0, 0)))
    kept = replace(state, training=replace(state.training, validation=0.25))
    assert "\n[Size of the mean slopes over the 15 training rows]\n" in told(kept, None, "Size")
    assert "on 0 of 20 rows" in told(kept, Address("node", 3, 0))
