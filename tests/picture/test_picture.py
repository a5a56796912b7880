"""What a picture says: its texts, what is hit, and every part in words."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.picture.parts import View
from tests.picture.diagrams import COURSE, drawn, state

WEIGHT = Address("weight", 0, 0, 1)
LINE = State(Network.from_weights({"output": [0, 2]}), Dataset([[3, 4]], [[1]]))
"""No hidden layer, one row: the slope is 2·x·error, here 2·(3, 4)·7."""
BIASED = replace(
    COURSE,
    network=COURSE.network.with_layer(0, replace(COURSE.network.layers[0], biases=[0.5, -1])),
)


def texts(picture):
    """Return the texts of a picture, a line for a kind and a layer; · where other nodes have one."""
    found = {(label.address[:2], label.address[2:]): label.text for label in picture.labels}
    lines = []
    for kind, layer in dict.fromkeys(place for place, _ in found):
        sources = sorted({source for place, (_, source) in found if place == (kind, layer)})
        nodes = range(2 if "heading" not in kind and layer < 1 else 1)
        row = [found.get(((kind, layer), (node, source)), "·") for node in nodes for source in sources]
        lines.append(f"{kind} {layer}: {', '.join(row)}")
    return "\n".join(lines)


def test_the_course_network_says_what_the_course_computes(approved):
    approved("the course's network", texts(drawn(COURSE)))
    approved("its second row with slopes", texts(drawn(COURSE, row=1, with_slopes=True)))
    approved("without rows", texts(drawn(replace(COURSE, data=Dataset.empty(COURSE.network)))))
    approved("with biases", texts(drawn(BIASED)))


def test_numbers_are_those_of_the_state_at_full_precision():
    third = COURSE.network.with_layer(0, replace(COURSE.network.layers[0], weights=[[1 / 3, 4], [4, -5]]))
    label = drawn(replace(COURSE, network=third)).label(Address("weight", 0, 0, 0))
    assert (label.text, label.value) == ("0.3333", 1 / 3)
    assert drawn(replace(COURSE, data=Dataset.empty(third))).label(Address("value", 1, 0)).value is None
    picture = drawn(LINE, with_slopes=True)
    assert picture.label(Address("slope", 0, 0, 0)).value == 42
    assert picture.label(Address("slope", 0, 0, 1)).value == 56
    assert picture.label(Address("node_slope", 0, 0)).value == 14
    weight, slope = (picture.label(Address(kind, 0, 0, 0)).rect for kind in ("weight", "slope"))
    assert weight.right < slope.x


def test_every_part_is_described_in_full(approved):
    kinds = ("node", "value", "bias", "input", "target", "error", "heading")
    addresses = [Address("weight", 0, 0, 0), *(Address(kind, 0, 0) for kind in kinds[:3])]
    addresses += [
        Address("value", 0, 1),
        Address("input", -1, 0),
        *(Address(each, 1, 0) for each in kinds[4:]),
    ]
    described = [drawn(BIASED).describe(address) for address in addresses]
    described.append(drawn(COURSE).describe(Address("value", 0, 1)))
    described.append(drawn(LINE, with_slopes=True).describe(Address("weight", 0, 0, 0)))
    approved("descriptions", "\n".join(described))


def test_the_heading_says_whose_slopes_are_shown_once_the_first_is_in_sight_or_why_none(approved):
    mean = slopes(COURSE.network, COURSE.data.inputs, COURSE.data.targets)
    headings = []
    for words in (
        {"slopes": mean, "slopes_of": "slopes: mean of all rows"},
        {"slopes": None, "slopes_of": "no targets: no slopes"},
        {"shows": lambda address: "slope" not in address.kind},
        {"shows": lambda address: "slope" not in address.kind or address.kind == "node_slope"},
    ):
        picture = drawn(COURSE, with_slopes=True, **words)
        headings.append(picture.text(Address("subheading", 1)))
    approved("headings over slopes", "\n".join(headings))


def test_names_that_do_not_fit_are_told_apart_and_keep_their_number():
    names = [f"measured length of the {part} in cm" for part in ("sepal", "petal")]
    layer = Layer(("output",), "identity", np.ones((1, 2)))
    picture = drawn(State(Network(names, (layer,)), Dataset(np.ones((1, 2)))), View(300, 340))
    first, second = (label.text for label in picture.labels if label.address[:2] == ("name", -1))
    assert "sep" in first
    assert "pet" in second
    names = tuple(f"long_measurement_{k}" for k in range(12))
    network = Network(names, (Layer(("output",), "identity", np.ones((1, 12))),))
    assert drawn(State(network, Dataset.empty(network))).text(Address("name", -1, 11)).endswith("…_11")


def test_a_node_whose_relu_passes_nothing_is_greyed_and_says_so():
    picture = drawn(COURSE)
    assert picture.label(Address("value", 0, 1)).style == "dead"
    assert picture.label(Address("value", 0, 0)).style == "value"
    assert picture.label(Address("badge", 0, 0)) is None


@pytest.mark.parametrize("height", [400, 240], ids=["two lines", "one line"])
def test_what_is_odd_about_a_low_node_or_an_output_stands_beside_its_name(height):
    odd = {(0, 1): "dead on all rows"}
    picture = drawn(state((4, 8, 3), spread=0), View(900, height), badges=odd)
    name, mark = (picture.place(Address(kind, 0, 1)) for kind in ("name", "badge"))
    assert picture.text(Address("badge", 0, 1)) in {"dead on all rows", "dead"}
    assert picture.place(Address("node", 0, 1)).covers(mark)
    assert abs(mark.center[1] - name.center[1]) < 3
    assert picture.label(Address("badge", 0, 2)) is None
    relu = COURSE.network.with_layer(1, replace(COURSE.network.layers[1], activation="relu"))
    picture = drawn(replace(COURSE, network=relu), badges={(1, 0): "dead on all rows"})
    mark = picture.label(Address("badge", 1, 0))
    assert mark.text.startswith("dead")
    assert mark.role == "output"  # so that it is seen on the box
    assert picture.place(Address("node", 1, 0)).covers(mark.rect)


def test_a_node_is_hit_beside_its_texts_and_an_edge_beside_its_pill():
    picture = drawn(COURSE)
    box = picture.place(Address("node", 0, 1))
    assert picture.at(box.x + 3, box.bottom - 3) == Address("node", 0, 1)
    x, y = picture.layout.gaps[0].point(0, 1, 0.7)
    assert picture.at(x, y + 3) == WEIGHT
    assert picture.at(x, y + 40) is None
    picture, hidden = drawn(state((20, 20, 1))), Address("weight", 0, 7, 3)
    assert picture.label(hidden) is None
    x, y = picture.place(hidden).center
    assert picture.layout.gaps[0].nearest(x, y)[2] == pytest.approx(0.0, abs=1e-9)


def test_texts_and_the_largest_weight_can_be_held():
    picture = drawn(COURSE, shows=lambda address: address.kind != "value")
    assert picture.label(Address("value", 0, 0)) is None
    assert picture.text(Address("z", 0, 0)) == "z 26"
    assert (drawn(COURSE).scale, drawn(COURSE, largest=20.0).scale) == (7.0, 20.0)


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
