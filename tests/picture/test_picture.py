"""What a picture says: which text stands where, what is hit, what it is in words."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.picture.layout import lay_out
from nnviz.picture.parts import View
from nnviz.picture.picture import make_picture
from tests.picture.diagrams import COURSE, content_of, drawn, state

WEIGHT = Address("weight", 0, 0, 1)


def test_names_that_begin_and_end_alike_are_told_apart():
    names = [f"measured length of the {part} in cm" for part in ("sepal", "petal")]
    layer = Layer(("output",), "identity", np.ones((1, 2)))
    picture = drawn(State(Network(names, (layer,)), Dataset(np.ones((1, 2)))), View(300, 340))
    first, second = (label.text for label in picture.labels if label.address[:2] == ("name", -1))
    assert "sep" in first
    assert "pet" in second


def test_the_course_network_says_what_the_course_computes():
    picture = drawn(COURSE)
    texts = {label.address: label.text for label in picture.labels}
    assert texts == {
        Address("heading", -1): "INPUTS",
        Address("heading", 0): "HIDDEN LAYER",
        Address("heading", 1): "PREDICTION",
        Address("subheading", -1): "row 1 of 2",
        Address("subheading", 0): "relu",
        Address("subheading", 1): "identity",
        Address("name", -1, 0): "accounts",
        Address("input", -1, 0): "3",
        Address("name", -1, 1): "children",
        Address("input", -1, 1): "5",
        Address("name", 0, 0): "node_0",
        Address("z", 0, 0): "z 26",
        Address("value", 0, 0): "26",
        Address("name", 0, 1): "node_1",
        Address("z", 0, 1): "z −13",
        Address("value", 0, 1): "0",
        Address("badge", 0, 1): "relu passes 0",
        Address("name", 1, 0): "output",
        Address("value", 1, 0): "52",
        Address("target", 1, 0): "target 60",
        Address("error", 1, 0): "error −8",
        Address("weight", 0, 0, 0): "2",
        Address("weight", 0, 0, 1): "4",
        Address("weight", 0, 1, 0): "4",
        Address("weight", 0, 1, 1): "−5",
        Address("weight", 1, 0, 0): "2",
        Address("weight", 1, 0, 1): "7",
    }


def test_labels_carry_their_number_at_full_precision():
    third = COURSE.network.with_layer(0, replace(COURSE.network.layers[0], weights=[[1 / 3, 4], [4, -5]]))
    picture = drawn(replace(COURSE, network=third))
    label = picture.label(Address("weight", 0, 0, 0))
    assert label.text == "0.3333"
    assert label.value == 1 / 3


def test_the_row_decides_what_is_shown():
    picture = drawn(COURSE, row=1)
    assert picture.text(Address("input", -1, 1)) == "−1"
    assert picture.text(Address("value", 1, 0)) == "63"
    assert picture.text(Address("error", 1, 0)) == "error 13"
    assert picture.text(Address("subheading", -1)) == "row 2 of 2"


def test_without_rows_there_is_nothing_to_compute():
    picture = drawn(replace(COURSE, data=Dataset.empty(COURSE.network)))
    label = picture.label(Address("value", 1, 0))
    assert label.text == "–"
    assert label.value is None
    assert picture.text(Address("subheading", -1)) == "no rows: type an input"
    assert picture.label(Address("target", 1, 0)) is None
    assert picture.text(WEIGHT) == "4"


def test_a_node_whose_relu_passes_nothing_is_greyed_and_says_so():
    picture = drawn(COURSE)
    assert picture.label(Address("value", 0, 1)).style == "dead"
    assert picture.label(Address("value", 0, 0)).style == "value"
    assert picture.label(Address("badge", 0, 0)) is None


@pytest.mark.parametrize("height", [400, 240], ids=["two lines", "one line"])
def test_what_is_odd_about_a_low_node_stands_beside_its_name(height):
    odd = {(0, 1): "dead on all rows"}
    picture = drawn(state((4, 8, 3), spread=0), View(900, height), badges=odd)
    name, mark = (picture.place(Address(kind, 0, 1)) for kind in ("name", "badge"))
    assert picture.text(Address("badge", 0, 1)) in {"dead on all rows", "dead"}
    assert picture.place(Address("node", 0, 1)).covers(mark)
    assert abs(mark.center[1] - name.center[1]) < 3
    assert picture.label(Address("badge", 0, 2)) is None


def test_what_is_odd_about_an_output_stands_beside_its_name():
    relu = replace(COURSE.network.layers[1], activation="relu")
    picture = drawn(
        replace(COURSE, network=COURSE.network.with_layer(1, relu)), badges={(1, 0): "dead on all rows"}
    )
    mark = picture.label(Address("badge", 1, 0))
    assert mark.text.startswith("dead")
    assert mark.role == "output"  # so that it is seen on the box
    assert picture.place(Address("node", 1, 0)).covers(mark.rect)


@pytest.mark.parametrize("with_slopes", [False, True])
@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 8, 8, 1), (9, 30, 1)])
def test_every_text_is_hit_where_it_stands(sizes, with_slopes):
    picture = drawn(state(sizes), with_slopes=with_slopes)
    for label in picture.labels:
        assert picture.place(label.address) == label.rect
        assert picture.at(*label.rect.center) == label.address


def test_a_node_is_hit_beside_its_texts_and_an_edge_beside_its_pill():
    picture = drawn(COURSE)
    box = picture.place(Address("node", 0, 1))
    assert picture.at(box.x + 3, box.bottom - 3) == Address("node", 0, 1)
    gap = picture.layout.gaps[0]
    x, y = gap.point(0, 1, 0.7)
    assert picture.at(x, y + 3) == WEIGHT
    assert picture.at(x, y + 40) is None


def test_a_weight_without_a_text_still_has_a_place_on_its_edge():
    picture = drawn(state((20, 20, 1)))
    assert picture.label(Address("weight", 0, 7, 3)) is None
    x, y = picture.place(Address("weight", 0, 7, 3)).center
    assert picture.layout.gaps[0].nearest(x, y)[2] == pytest.approx(0.0, abs=1e-9)


def test_texts_can_be_held_back():
    picture = drawn(COURSE, shows=lambda address: address.kind != "value")
    assert picture.label(Address("value", 0, 0)) is None
    assert picture.text(Address("z", 0, 0)) == "z 26"


def test_the_widest_edge_is_the_largest_weight_unless_it_is_held():
    assert drawn(COURSE).scale == 7.0
    assert drawn(COURSE, largest=20.0).scale == 20.0


def test_parts_are_told_in_full():
    picture = drawn(COURSE)
    assert picture.describe(Address("weight", 0, 0, 0)) == "weight from accounts to node_0: 2"
    assert picture.describe(Address("node", 0, 0)) == "node_0: z = 26, a = relu(z) = 26"
    assert picture.describe(Address("value", 0, 1)) == "node_1: z = −13, a = relu(z) = 0, relu passes 0"
    assert picture.describe(Address("input", -1, 0)) == "accounts = 3"
    assert picture.describe(Address("target", 1, 0)) == "target of output: 60"
    assert picture.describe(Address("error", 1, 0)) == "error of output: 52 − 60 = −8"
    assert picture.describe(Address("heading", 1)) == "PREDICTION"


def test_slopes_are_written_at_the_ends_of_edges_and_told():
    # No hidden layer, one row: the slope is 2·x·error, here 2·(3, 4)·7.
    line = State(Network.from_weights({"output": [0, 2]}), Dataset([[3, 4]], [[1]]))
    picture = drawn(line, with_slopes=True)
    assert picture.text(Address("slope", 0, 0, 0)) == "42"
    assert picture.text(Address("slope", 0, 0, 1)) == "56"
    assert picture.text(Address("node_slope", 0, 0)) == "14"
    assert picture.describe(Address("weight", 0, 0, 0)) == "weight from input_0 to output: 0, slope 42"
    assert picture.text(Address("subheading", 0)) == "slopes of row 1 · identity"
    weight, slope = (picture.label(Address(kind, 0, 0, 0)).rect for kind in ("weight", "slope"))
    assert weight.right < slope.x


def test_the_heading_says_whose_slopes_are_shown():
    found = slopes(COURSE.network, COURSE.data.inputs, COURSE.data.targets)
    layout = lay_out(COURSE.network, View(900, 500), slopes=True)
    content = content_of(COURSE, slopes=found, slopes_of="slopes: mean of all rows")
    picture = make_picture(content, layout)
    assert picture.text(Address("subheading", 1)) == "slopes: mean of all rows · identity"


def test_the_heading_speaks_of_slopes_when_the_first_is_in_sight():
    found = slopes(COURSE.network, COURSE.data.inputs, COURSE.data.targets)
    layout = lay_out(COURSE.network, View(900, 500), slopes=True)
    for seen, heading in ((set(), "identity"), ({"node_slope"}, "slopes of row 1 · identity")):
        picture = make_picture(
            content_of(COURSE, slopes=found, slopes_of="slopes of row 1"),
            layout,
            shows=lambda address, seen=seen: "slope" not in address.kind or address.kind in seen,
        )
        assert picture.text(Address("subheading", 1)) == heading


def test_the_heading_says_why_there_are_no_slopes():
    layout = lay_out(COURSE.network, View(900, 500), slopes=True)
    picture = make_picture(content_of(COURSE, slopes_of="no targets: no slopes"), layout)
    assert picture.text(Address("subheading", 1)) == "no targets: no slopes · identity"


def test_biases_are_pills_in_their_nodes_and_in_the_heading():
    biased = COURSE.network.with_layer(0, replace(COURSE.network.layers[0], biases=[0.5, -1]))
    picture = drawn(replace(COURSE, network=biased))
    label, box = picture.label(Address("bias", 0, 1)), picture.place(Address("node", 0, 1))
    assert label.text == "b −1"
    assert box.covers(label.rect)
    assert picture.text(Address("subheading", 0)) == "relu · biases"
    assert picture.describe(Address("bias", 0, 0)) == "bias of node_0: 0.5"


def test_large_layers_are_blocks_that_say_how_many_nodes_they_have():
    picture = drawn(state((784, 128, 64, 10)))
    assert [column.block for column in picture.layout.columns] == [True, True, False, False]
    assert {node.address.column for node in picture.nodes} == {2, 3}
    assert picture.text(Address("subheading", -1)) == "784 inputs · row 1 of 3"
    assert picture.text(Address("subheading", 0)) == "128 nodes · relu · biases"
    box = picture.layout.columns[1].box
    x, y = box.center
    assert picture.at(x, y) in {Address("node", 0, 63), Address("node", 0, 64)}


def test_zoomed_in_only_the_nodes_in_sight_are_drawn():
    large = state((784, 128, 64, 10))
    x, y = drawn(large).layout.columns[1].rect(60).center
    picture = drawn(large, View(900, 500, 40.0, 450.0 - 40.0 * x, 280.0 - 40.0 * y))
    seen = [node for node in picture.nodes if node.address.column == 1]
    assert 0 < len(seen) < 12
    assert all(node.rect.bottom >= 0 and node.rect.y <= 500 for node in picture.nodes)


def test_zoom_and_shift_move_everything_alike():
    fit = drawn(COURSE).layout
    zoomed = drawn(COURSE, View(900, 500, 2.0, -30.0, 40.0)).layout
    for own, other in zip(fit.columns, zoomed.columns, strict=True):
        assert other.x == pytest.approx(2 * own.x - 30)
        assert other.tops == pytest.approx(2 * own.tops + 40)
        assert (other.width, other.height) == pytest.approx((2 * own.width, 2 * own.height))


def test_a_network_without_hidden_layers_is_not_torn_apart_on_a_wide_screen():
    layout = drawn(state((3, 1)), View(1900, 900)).layout
    columns = layout.columns
    assert columns[1].x - (columns[0].x + columns[0].width) <= 420 * layout.scale
    assert (columns[0].x + columns[1].x + columns[1].width) / 2 == pytest.approx(950)


def test_names_that_do_not_fit_keep_their_number():
    names = tuple(f"long_measurement_{k}" for k in range(12))
    network = Network(names, (Layer(("output",), "identity", np.ones((1, 12))),))
    picture = drawn(State(network, Dataset.empty(network)))
    assert picture.text(Address("name", -1, 11)).endswith("…_11")


@pytest.mark.parametrize("view", [View(600, 260), View(886, 412)], ids=str)
def test_what_an_edge_hides_is_its_weight_and_its_slope_above_each_other(view):
    own = state((4, 8, 3))
    picture = drawn(own, view, with_slopes=True)
    layers = slopes(own.network, own.data.inputs[:1], own.data.targets[:1]).layers
    hidden = 0
    for layer, weights in enumerate(picture.weights):
        for node, source in np.ndindex(weights.shape):
            edge = Address("weight", layer, node, source)
            found = {label.address: label for label in picture.hidden_numbers(edge)}
            for address, values in ((edge, weights), (edge._replace(kind="slope"), layers[layer].weights)):
                assert (address in found) == (picture.label(address) is None)
                if address in found:
                    hidden += 1
                    assert found[address].value == values[node, source]
                    assert picture.layout.body.covers(found[address].rect)
            rects = [label.rect for label in found.values()]
            rects += [label.rect for label in picture.labels if label.address[1:] == edge[1:]]
            assert len(rects) == 2
            assert not rects[0].meets(rects[1])
    assert hidden > 32
    assert list(picture.hidden_numbers(Address("node", 0, 0))) == list(picture.hidden_numbers(None)) == []
    forward = drawn(own, view)
    assert all(label.style == "pill" for label in forward.hidden_numbers(Address("slope", 0, 0, 0)))
