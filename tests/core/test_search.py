"""What a person types finds the nodes, edges and biases that are meant."""

import numpy as np
import pytest

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.search import find
from nnviz.core.state import Dataset, State

FIRST = [[1.0, -3.0, 0.5], [-1.0, -1.0, -1.0]]
SECOND = [[2.0, -0.25], [-4.0, 0.0]]


@pytest.fixture
def state():
    """Inputs a, b and "time to close"; two relu nodes, of which the second is dead; two tanh outputs."""
    network = Network(
        ("a", "b", "time to close"),
        (
            Layer(("node_0_1", "node_0_10"), "relu", FIRST, [0.5, -0.5]),
            Layer(("yes", "no"), "tanh", SECOND),
        ),
    )
    return State(network, Dataset([[1, 0, 0], [4, 0, 2]], [[0, 0], [0, 0]]))


def titles(state, text, **more):
    return [match.title for match in find(state, text, **more)]


def test_a_node_is_found_by_its_name_its_beginning_or_a_part_of_it(state):
    assert titles(state, "yes") == ["yes"]
    assert titles(state, "node_0_1") == ["node_0_1"]
    assert titles(state, "Node 0 1") == ["node_0_1"]
    assert titles(state, "node") == ["node_0_1", "node_0_10"]
    assert titles(state, "0_10") == ["node_0_10"]
    assert titles(state, "closing") == []
    assert titles(state, "  ") == []


def test_a_node_comes_with_its_address_and_its_output_on_the_row(state):
    address, _, value, note = find(state, "node_0_1", row=1)[0]
    assert address == Address("node", 0, 0)
    assert value == 4 + 0.5 * 2 + 0.5
    assert note == "relu"
    assert find(state, "time", row=1)[0][0::2] == (Address("node", -1, 2), 2.0)


def test_without_rows_a_node_has_no_value(state):
    bare = State(state.network, Dataset.empty(state.network))
    assert [match.value for match in find(bare, "node")] == [None, None]
    assert find(bare, "dead") == []


@pytest.mark.parametrize(
    "text",
    ["b -> node_0_1", "b→node_0_1", "b to node 0 1", "from b to node_0_1", "weight from b to node_0_1"],
)
def test_an_edge_is_found_by_its_two_ends(state, text):
    assert find(state, text) == [(Address("weight", 0, 0, 1), "b → node_0_1", -3.0, "")]


def test_an_edge_can_be_written_from_its_end(state):
    assert titles(state, "node_0_1 <- b") == titles(state, "node_0_1 ← b") == ["b → node_0_1"]


def test_a_name_that_holds_the_word_to_is_still_found_at_either_end(state):
    assert titles(state, "time to close") == ["time to close"]
    assert titles(state, "time to close to node_0_1") == ["time to close → node_0_1"]


def test_a_side_that_is_empty_is_every_node_and_the_strongest_edge_comes_first(state):
    assert titles(state, "node_0_1 ->") == ["node_0_1 → no", "node_0_1 → yes"]
    assert titles(state, "-> node_0_1") == ["b → node_0_1", "a → node_0_1", "time to close → node_0_1"]


def test_no_edge_is_found_between_nodes_that_none_joins(state):
    assert titles(state, "a -> yes") == []


def test_a_bias_is_found_by_its_node_where_the_layer_has_biases(state):
    assert find(state, "bias of node_0_1") == [(Address("bias", 0, 0), "bias of node_0_1", 0.5, "")]
    assert titles(state, "bias") == ["bias of node_0_1", "bias of node_0_10"]
    assert titles(state, "bias of yes") == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("largest weight", [2, 1, 0.5, 0, -0.25, -1, -1, -1, -3, -4]),
        ("the 3 largest weights", [2, 1, 0.5]),
        ("2 smallest weights", [-4, -3]),
        ("3 strongest", [-4, -3, 2]),
        ("2 weakest", [0, -0.25]),
        ("largest of node_0_1", [1, 0.5, -3]),
        ("1 smallest weight into yes", [-0.25]),
        ("largest biases", [0.5, -0.5]),
        ("1 smallest bias", [-0.5]),
        ("0 largest weights", []),
    ],
)
def test_the_largest_and_smallest_are_found_over_all_layers(state, text, values):
    assert [match.value for match in find(state, text)] == values


def test_the_limit_holds_whatever_is_asked_for(state):
    assert [match.value for match in find(state, "9 largest weights", limit=2)] == [2, 1]
    assert len(find(state, "o", limit=3)) == 3
    assert len(find(state, "->", limit=4)) == 4


def test_the_words_may_be_unfinished(state):
    assert titles(state, "2 larg") == titles(state, "2 largest weights of")
    assert titles(state, "dea") == ["node_0_10"]


def test_dead_and_saturated_nodes_are_found(state):
    assert find(state, "dead") == [(Address("node", 0, 1), "node_0_10", 0.0, "relu, 0 on every row")]
    # no is tanh(−4·node_0_1) with node_0_1 = 1.5 and 5.5; yes is tanh of twice it: 0.995 and 1.
    assert titles(state, "saturated nodes") == ["yes", "no"]


def test_where_not_every_row_can_be_looked_at_it_says_which_were(state):
    assert find(state, "dead", look_ns=10.0)[0].note == "relu, 0 on rows 1 to 1 of 2"


def test_the_first_of_many_weights_agree_with_sorting_them_all():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(40, 30))
    names = tuple(f"n{j}" for j in range(40))
    network = Network(tuple(f"x{j}" for j in range(30)), (Layer(names, "identity", weights),))
    state = State(network, Dataset.empty(network))
    assert [match.value for match in find(state, "20 smallest")] == np.sort(weights, axis=None)[:20].tolist()
    strongest = np.sort(np.abs(weights), axis=None)[:-21:-1]
    assert [abs(match.value) for match in find(state, "strongest")] == strongest.tolist()
