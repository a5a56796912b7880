"""A picture: its texts, its parts under the mouse and in words, and the widths of texts without a font."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import as_text, shorten_distinctly
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State, Training
from nnviz.picture.parts import View
from nnviz.picture.picture import row_picture
from nnviz.picture.svg import svg
from nnviz.picture.text import elide, fit_number, font_sizes, one_line, text_width
from tests.picture.diagrams import COURSE, covers, drawn, is_exact, is_true, number, state

WEIGHT = Address("weight", 0, 0, 1)
LINE = State(Network.from_weights({"output": [0, 2]}), Dataset([[3, 4]], [[1]]))
"""No hidden layer, one row: the slope is 2·x·error, here 2·(3, 4)·7."""
BIASED = replace(
    COURSE, network=COURSE.network.with_layer(0, replace(COURSE.network.layers[0], biases=[0.5, -1]))
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
    styles = [drawn(COURSE).label(Address("value", 0, node)).style for node in (0, 1)]
    assert styles == ["value", "dead"]  # relu passes nothing of the second node
    assert drawn(COURSE).label(Address("badge", 0, 0)) is None
    picture = drawn(LINE, with_slopes=True)
    addresses = Address("slope", 0, 0, 0), Address("slope", 0, 0, 1), Address("node_slope", 0, 0)
    assert [picture.label(address).value for address in addresses] == [42, 56, 14]
    weight, slope = (picture.label(Address(kind, 0, 0, 0)).rect for kind in ("weight", "slope"))
    assert weight.right < slope.x


def test_every_part_is_described_in_full(approved):
    addresses = [Address("weight", 0, 0, 0), *(Address(kind, 0, 0) for kind in ("node", "value", "bias"))]
    addresses += [Address("value", 0, 1), Address("input", -1, 0)]
    addresses += [Address(kind, 1, 0) for kind in ("target", "error", "heading")]
    described = [drawn(BIASED).describe(address) for address in addresses]
    described.append(drawn(COURSE).describe(Address("value", 0, 1)))
    described.append(drawn(LINE, with_slopes=True).describe(Address("weight", 0, 0, 0)))
    approved("descriptions", "\n".join(described))


def test_the_heading_says_whose_slopes_are_shown_once_the_first_is_in_sight_or_why_none(approved):
    mean, found = slopes(COURSE.network, COURSE.data.inputs, COURSE.data.targets), {}
    for name, words in {
        "slopes of all rows": {"slopes": mean, "slopes_of": "slopes: mean of all rows"},
        "no targets": {"slopes": None, "slopes_of": "no targets: no slopes"},
        "no slope in sight": {"shows": lambda address: "slope" not in address.kind},
        "the first in sight": {"shows": lambda address: address.kind != "slope"},
    }.items():
        found[name] = drawn(COURSE, with_slopes=True, **words).text(Address("subheading", 1))
    approved("headings over slopes", found)


def test_names_that_do_not_fit_are_told_apart_and_keep_their_number():
    def texts(names, view=None):
        network = Network(names, (Layer(("output",), "identity", np.ones((1, len(names)))),))
        picture = drawn(State(network, Dataset.empty(network)), view)
        return [picture.text(Address("name", -1, node)) for node in range(len(names))]

    first, second = texts(
        [f"measured length of the {part} in cm" for part in ("sepal", "petal")], View(300, 340)
    )
    assert "sep" in first
    assert "pet" in second
    assert texts([f"long_measurement_{k}" for k in range(12)])[-1].endswith("…_11")


@pytest.mark.parametrize("height", [400, 240], ids=["two lines", "one line"])
def test_what_is_odd_about_a_low_node_or_an_output_stands_beside_its_name(height):
    odd = {(0, 1): "dead on all rows"}
    picture = drawn(state((4, 8, 3), spread=0), View(900, height), badges=odd)
    name, mark = (picture.place(Address(kind, 0, 1)) for kind in ("name", "badge"))
    assert picture.text(Address("badge", 0, 1)) in {"dead on all rows", "dead"}
    assert covers(picture.place(Address("node", 0, 1)), mark)
    assert abs(mark.center[1] - name.center[1]) < 3
    assert picture.label(Address("badge", 0, 2)) is None
    relu = COURSE.network.with_layer(1, replace(COURSE.network.layers[1], activation="relu"))
    picture = drawn(replace(COURSE, network=relu), badges={(1, 0): "dead on all rows"})
    mark = picture.label(Address("badge", 1, 0))
    assert mark.text.startswith("dead")
    assert mark.role == "output"  # so that it is seen on the box
    assert covers(picture.place(Address("node", 1, 0)), mark.rect)


def test_the_slopes_of_a_picture_are_those_of_the_loss_in_use_with_its_penalty():
    training = Training(loss="cross_entropy", l1=0.1, l2=0.2)
    own = replace(state((3, 4, 3), spread=0, output="softmax"), training=training)
    x, y = own.data.inputs[:1], own.data.targets[:1]
    found = slopes(own.network, x, y, "cross_entropy", l1=0.1, l2=0.2).layers[0].weights[1, 2]
    picture = row_picture(own, View(900, 500, all_weights=True), with_slopes=True)
    assert picture.content.slopes.layers[0].weights[1, 2] == found
    assert found != slopes(own.network, x, y).layers[0].weights[1, 2]


def test_a_frozen_part_has_a_padlock_where_it_stands_and_only_while_it_is_in_sight():
    parts = Address("layer", 0), Address("node", 1, 0), Address("weight", 1, 0, 1)
    network = state((2, 3, 2), spread=0)
    names = tuple(map(network.network.part_name, parts))
    frozen = replace(network, training=Training(frozen=names))
    picture = drawn(frozen)
    assert {*picture.locks} == {*parts}
    heading, node, weight = (picture.locks[part] for part in parts)
    text = picture.place(Address("heading", 0))
    assert heading.x > text.right
    assert heading.center[1] == text.center[1]
    box, pill = picture.place(parts[1]), picture.place(parts[2])
    assert [node.center, weight.center] == [(box.right, box.y), (pill.right, pill.y)]
    assert node.width > weight.width > 8
    assert drawn(network).locks == {}
    assert {*drawn(frozen, View(900, 500, zoom=3.0, dx=-1800, dy=-1000)).locks} < {*parts}
    shapes = svg(frozen).count("<rect") - svg(network).count("<rect")
    assert shapes == 3 * len(parts)


def test_a_node_is_hit_beside_its_texts_and_an_edge_beside_its_pill():
    picture = drawn(COURSE)
    box = picture.place(Address("node", 0, 1))
    assert picture.address_at(box.x + 3, box.bottom - 3) == Address("node", 0, 1)
    x, y = picture.layout.gaps[0].point(0, 1, 0.7)
    assert picture.address_at(x, y + 3) == WEIGHT
    assert picture.address_at(x, y + 40) is None
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
                    assert covers(picture.layout.body, found[address].rect)
            rects = [label.rect for label in found.values()]
            rects += [label.rect for label in picture.labels if label.address[1:] == edge[1:]]
            assert len(rects) == 2
            assert not rects[0].meets(rects[1])
    assert hidden > 32
    assert list(picture.hidden_numbers(Address("node", 0, 0))) == list(picture.hidden_numbers(None)) == []
    forward = drawn(own, view)
    assert all(label.style == "pill" for label in forward.hidden_numbers(Address("slope", 0, 0, 0)))


TEXTS = (
    *("−0.1234", "z −12.35", "b 0.5", "HIDDEN LAYER 1", "relu passes 0"),
    *("error −8", "node_0_1", "tanh · biases", "7e−3"),
)


@pytest.mark.parametrize("family", ["Inter", "DejaVu Sans"])
@pytest.mark.usefixtures("qapp")
def test_no_font_needs_more(family):
    from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

    if family not in QFontDatabase.families():
        pytest.skip(f"{family} is not installed")
    font = QFont(family)
    font.setPixelSize(100)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for bold in (False, True):
        font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
        for text in TEXTS:
            needed = QFontMetricsF(font).horizontalAdvance(text)
            assert needed <= text_width(text, 100, bold) <= 1.35 * needed


def test_texts_are_shortened_to_their_room_and_keep_a_number_at_their_end():
    assert text_width("漢字", 10) >= 20
    assert text_width("e\u0301", 10) == text_width("e", 10)
    short = elide("a rather long name", 12, 60)
    assert short.endswith("…")
    assert "a rather long name".startswith(short[:-1])
    assert text_width(short, 12) <= 60
    assert elide("measurement_12", 10, 60).endswith("…_12")
    assert [elide("node_0", 10, room) for room in (100, 5)] == ["node_0", ""]
    assert [one_line(text) for text in ("a\nb\x00c\u2028d", "größe 漢")] == ["a b c d", "größe 漢"]
    distinct = shorten_distinctly(["abc", "abd"], lambda text: text == "…", lambda _name: "…")
    assert distinct == ["…", "…"]  # no letter has room


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 20) | st.integers(-(10**7), 10**7)


@given(NUMBERS, st.sampled_from([11.5, 13.5]), st.floats(10, 110), st.booleans(), st.sampled_from(["", "b "]))
def test_a_written_number_is_true_and_fits(value, size, width, bold, prefix):
    value = float(value)
    assert is_true(as_text(value), value)
    assert is_exact(as_text(value), value) or number(as_text(value))[1] >= 4
    found = fit_number(value, (size, 0.85 * size), width, bold=bold, prefix=prefix)
    if found is not None:
        text, own, needed = found
        assert text.startswith(prefix)
        assert is_true(text.removeprefix(prefix), value)
        assert needed == text_width(text, own, bold) <= width
        assert own in (size, 0.85 * size)


def test_less_room_writes_a_number_shorter_then_smaller_and_then_hides_it():
    texts = {2.0: "2", -0.1: "−0.1", -0.10004: "−0.10004", -0.1000456789: "−0.1000", 12.3456: "12.3456"}
    texts |= {
        -0.00123456789: "−0.001235",
        -123456.0: "−123456",
        999_999.5678: "1.000e6",
        1e-5: "1e−5",
        0.0: "0",
    }
    for value, text in texts.items():
        found = [fit_number(value, (10.0,), width, bold=True) for width in range(100, 0, -1)]
        hidden = found.index(None)
        assert {own[0] for own in found[:hidden]} == {text}
        assert not any(found[hidden:])
    large, sizes = text_width("−0.1234", 13.5, bold=True), font_sizes(13.5, 0.7)
    for share, size in zip((1, 0.9, 0.8), sizes, strict=True):
        assert fit_number(-0.1234, sizes, share * large, bold=True)[:2] == ("−0.1234", size)
    assert fit_number(-0.1234, sizes, 0.6 * large, bold=True) is None
