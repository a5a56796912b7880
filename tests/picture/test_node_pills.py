"""A node's bias and its slope share its last line, and nodes stand still when slopes come."""

import numpy as np
import pytest

from nnviz import load
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.picture.parts import View
from tests.picture.diagrams import drawn, overlaps, state
from tests.picture.test_fit import untrue

DIAGRAMS = [View(606, 263), View(606, 318), View(886, 413), View(1526, 693)]
"""The diagram in windows of 1000×650, 1280×800 and 1920×1080 pixels."""
EXAMPLES = ["xor", "curve", "calculating-slopes", "two-hidden-layers"]


def shown(picture, kind):
    return sum(label.address.kind == kind for label in picture.labels)


@pytest.mark.parametrize("view", DIAGRAMS[2:], ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_every_node_shows_its_bias_and_its_slope(view, seed):
    picture = drawn(state((2, 3, 1), activation="tanh", seed=seed, spread=0), view, with_slopes=True)
    assert shown(picture, "bias") == shown(picture, "node_slope") == 4
    assert overlaps(picture) == untrue(picture) == []


@pytest.mark.parametrize("view", DIAGRAMS, ids=str)
def test_a_short_bias_leaves_its_room_to_a_long_slope(view):
    layers = (
        Layer(("node_0",), "tanh", [[1.0]], [0.0]),
        Layer(("output",), "identity", [[-1.2345e-91]], [0.0]),
    )
    biased = State(Network(("x",), layers), Dataset([[0.5]], [[0.25]]))
    picture = drawn(biased, view, with_slopes=True)
    assert picture.text(Address("bias", 0, 0)) == "b 0"
    assert "e−" in picture.text(Address("node_slope", 0, 0))


@pytest.mark.parametrize("view", DIAGRAMS, ids=str)
def test_huge_numbers_of_the_output_are_shown_beside_each_other(view):
    layers = (Layer(("output",), "identity", [[1.0]], [-5.6e152]),)
    picture = drawn(State(Network(("x",), layers), Dataset([[1.0]], [[0.0]])), view, with_slopes=True)
    assert picture.text(Address("bias", 0, 0)) == "b −5.6e152"
    assert picture.text(Address("node_slope", 0, 0)) == "−1.12e153"
    assert overlaps(picture) == untrue(picture) == []


def test_where_only_one_fits_the_bias_stays():
    value = -1.2345e-250
    layers = (Layer(("output",), "identity", [[1.0]], [value]),)
    picture = drawn(
        State(Network(("x",), layers), Dataset([[value]], [[0.0]])), View(606, 318), with_slopes=True
    )
    assert picture.text(Address("bias", 0, 0)).startswith("b −1.23")
    assert picture.label(Address("node_slope", 0, 0)) is None


@pytest.mark.parametrize("view", DIAGRAMS, ids=str)
@pytest.mark.parametrize("name", EXAMPLES)
def test_nodes_and_what_stands_in_and_under_them_stay_when_slopes_come(name, view):
    opened = load(example(name).path)
    without, slopes = (drawn(opened, view, with_slopes=wanted) for wanted in (False, True))
    assert without.nodes == slopes.nodes
    for label in without.labels:
        if label.address.kind in {"name", "input", "z", "value", "badge", "target", "error"}:
            assert slopes.label(label.address) == label
    assert overlaps(without) == overlaps(slopes) == []


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("view", [*DIAGRAMS, View(886, 424, 2.0, -300, -200)], ids=str)
@pytest.mark.parametrize("sizes", [(2, 3, 1), (4, 8, 3), (2, 2, 2, 1), (1, 20, 2)], ids=str)
def test_what_belongs_into_a_node_is_in_it_and_the_rest_under_it(sizes, view, with_slopes):
    picture = drawn(state(sizes, activation="tanh", spread=0), view, with_slopes=with_slopes)
    for label in picture.labels:
        kind, column = label.address.kind, picture.layout.column(label.address.layer)
        if kind in {"name", "input", "z", "value", "bias", "node_slope"}:
            assert column.rect(label.address.node).covers(label.rect)
        elif kind in {"badge", "target", "error"}:
            box = column.rect(label.address.node)
            assert label.rect.y >= box.bottom
            assert label.rect.center[0] == pytest.approx(box.center[0])


@pytest.mark.parametrize("view", DIAGRAMS, ids=str)
@pytest.mark.parametrize("value", [-0.123456789, -49.890625, -1.23456789e-5, -1.2345e-50], ids=str)
def test_a_long_number_is_written_smaller_in_its_node_and_on_its_edge(view, value):
    layer = Layer(("output",), "identity", [[value, value]], [value])
    picture = drawn(State(Network(("a", "b"), (layer,)), Dataset([[value, 1.0]], [[0.0]])), view)
    for address in (Address("input", -1, 0), Address("value", 0, 0), Address("bias", 0, 0)):
        assert picture.label(address) is not None
    assert shown(picture, "weight") == 2


@pytest.mark.parametrize("view", DIAGRAMS, ids=str)
@pytest.mark.parametrize("name", ["forward", "relu", "calculating-slopes"])
def test_every_node_of_a_small_example_shows_its_name_and_its_value(name, view):
    picture = drawn(load(example(name).path), view, with_slopes=True)
    assert shown(picture, "name") == sum(picture.content.network.sizes)
    assert shown(picture, "value") == shown(picture, "node_slope") == sum(picture.content.network.sizes[1:])


@pytest.mark.parametrize("view", [View(606, 263), View(886, 413)], ids=str)
def test_eight_nodes_above_each_other_show_their_values(view):
    picture = drawn(state((4, 8, 3), spread=0), view)
    assert shown(picture, "input") == 4
    assert shown(picture, "value") == 8 + 3


def test_a_tiny_prediction_is_shown_beside_a_long_name():
    network = Network(
        tuple("abcd"),
        (
            Layer(tuple(f"node_{k}" for k in range(8)), "relu", np.zeros((8, 4)), np.zeros(8)),
            Layer(
                ("iris setosa", "iris versicolor", "iris virginica"), "softmax", np.zeros((3, 8)), [20, 9, -3]
            ),
        ),
    )
    picture = drawn(State(network, Dataset([[1, 2, 3, 4]], [[1, 0, 0]])), View(886, 391))
    names = [picture.text(Address("name", 1, node)) for node in range(3)]
    values = [picture.text(Address("value", 1, node)) for node in range(3)]
    assert values == ["1.000", "1.670e−5", "1.026e−10"]
    assert names[0] == "iris setosa"


def test_ten_inputs_that_a_text_becomes_show_their_names():
    inputs = tuple(f"Embarked={k}" for k in "ABCDEFGHIJ")
    hidden = Layer(tuple(f"node_{k}" for k in range(8)), "relu", np.zeros((8, 10)))
    network = Network(inputs, (hidden, Layer(("y",), "sigmoid", np.zeros((1, 8)))))
    picture = drawn(State(network, Dataset(np.eye(10)[:1])), View(886, 391))
    assert [picture.text(Address("name", -1, node)) for node in range(10)] == list(inputs)


@pytest.mark.parametrize("view", [View(606, 347), View(886, 413)], ids=str)
def test_eight_nodes_above_each_other_show_their_names_too(view):
    picture = drawn(load(example("curve").path), view)
    names = [label.text for label in picture.labels if label.address.kind == "name"]
    assert names == ["x", *(f"node_{k}" for k in range(8)), "output"]
    assert shown(picture, "value") == 8 + 1


@pytest.mark.parametrize("view", [View(606, 347), View(886, 413)], ids=str)
def test_every_output_for_a_digit_shows_its_value(view):
    assert shown(drawn(load(example("digits").path), view), "value") >= 10
