"""Outputs that mean classes: their shares, the predicted class, and which errors are large."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.address import Address
from nnviz.core.metrics import large_error_reason, large_errors
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import percent_text
from nnviz.core.state import Dataset, State, Training
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.picture.picture import row_picture
from nnviz.picture.style import Box, node_shapes, text_colour
from nnviz.picture.svg import svg
from tests.picture.diagrams import drawn, faults

LIGHT = PALETTES["light"]
THREE_TO_ONE = math.log(3.0)
"""sigmoid(ln 3) = 3/4, since e^(ln 3) = 3 and 3/(3 + 1) = 3/4."""


def network(activation, weights):
    """Return a network of one input without a hidden layer; each output's z is its weight · input."""
    names = tuple(f"o{k}" for k in range(len(weights)))
    return Network(("x",), (Layer(names, activation, [[weight] for weight in weights]),))


def yes_or_no(*rows):
    """Return a State with one sigmoid output, which is 3/4 for the input 1; rows are (input, target)."""
    inputs, targets = zip(*rows, strict=True)
    made = network("sigmoid", [THREE_TO_ONE])
    return State(made, Dataset([[x] for x in inputs], [[y] for y in targets]))


def one_of(weights, target=None, **more):
    """Return a State with softmax outputs; the weights are the logarithms of the outputs, up to a factor."""
    made = network("softmax", [math.log(weight) for weight in weights])
    one_hot = None if target is None else [[float(k == target) for k in range(len(weights))]]
    return State(made, Dataset([[1.0]], one_hot), **more)


def texts(picture, kind="share"):
    return [label.text for label in picture.labels if label.address.kind == kind]


def styles(picture, kind):
    return [label.style for label in picture.labels if label.address.kind == kind]


def bars(picture, palette=LIGHT):
    """Return (colour, share of the node's width) of each box below the outputs."""
    column = picture.layout.columns[-1]
    boxes = [each for each in node_shapes(picture, palette) if isinstance(each, Box)]
    below = [each for each in boxes if each.rect.x == column.x and each.rect.y > column.rect(0).bottom]
    return [(each.fill, round(each.rect.width / column.width, 4)) for each in below]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (6.884e-10, "≈ 0 %"),
        (0.000049, "≈ 0 %"),
        (0.00005, "0.01 %"),
        (0.0002182, "0.02 %"),
        (0.07, "7 %"),
        (0.29999, "30.00 %"),
        (0.51875, "51.88 %"),
        (0.975, "97.5 %"),
        (0.9987, "99.87 %"),
        (0.99996, "≈ 100 %"),
        (1.0, "100 %"),
    ],
)
def test_a_share_is_written_with_two_decimals_at_most(share, text):
    assert percent_text(share) == text


def test_a_sigmoid_output_says_its_class_and_whether_it_is_right():
    data = yes_or_no((1, 1), (1, 0), (-1, 0), (-1, 1))
    found = [drawn(data, row=row) for row in range(4)]
    assert [texts(each) for each in found] == [
        ["class 1 · 75 % ✓"],
        ["class 1 · 75 % ✗"],
        ["class 0 · 75 % ✓"],
        ["class 0 · 75 % ✗"],
    ]
    assert [texts(each, "target") + texts(each, "error") for each in found] == [
        ["target 1", "error −0.25"],
        ["target 0", "error 0.75"],
        ["target 0", "error 0.25"],
        ["target 1", "error −0.75"],
    ]
    wrong = [False, True, False, True]
    assert [styles(each, "error") == ["error"] for each in found] == wrong
    assert [styles(each, "share") == ["error"] for each in found] == wrong
    of_error = [each.label(Address("error", 0)) for each in found]
    colours = [text_colour(label, LIGHT) for label in of_error]
    assert colours == [LIGHT.error if each else LIGHT.muted for each in wrong]


def test_the_bar_of_a_sigmoid_is_its_share_and_the_rest_has_the_colour_of_class_0():
    data = yes_or_no((1, 1), (-1, 0))
    assert bars(drawn(data)) == [(LIGHT.negative, 1.0), (LIGHT.positive, 0.75)]
    assert bars(drawn(data, row=1)) == [(LIGHT.negative, 1.0), (LIGHT.positive, 0.25)]
    hidden = drawn(data, shows=lambda address: address.kind not in ("value", "share"))
    assert bars(hidden) == [(LIGHT.line, 1.0)]
    assert texts(hidden) == []


def test_of_softmax_the_largest_is_predicted_and_errors_are_large_where_the_class_is_wrong():
    right, wrong = (drawn(one_of([6, 3, 1], target)) for target in (0, 1))
    assert texts(right) == ["predicted · 60 % ✓", "30 %", "10 %"]
    assert texts(wrong) == ["predicted · 60 % ✗", "30 %", "10 %"]
    assert styles(right, "error") == ["note"] * 3
    assert styles(wrong, "error") == ["error", "error", "note"]
    assert styles(right, "share") == ["mark", "note", "note"]
    filled = [part for colour, part in bars(right) if colour == LIGHT.positive]
    assert filled == [0.6, 0.3, 0.1]
    described = [wrong.describe(Address("node", 0, k)) for k in range(3)]
    ends = [", predicted, wrong", ", not predicted, but the target", ", not predicted"]
    assert [text.endswith(end) for text, end in zip(described, ends, strict=True)] == [True] * 3


def test_a_tiny_share_is_about_0_and_its_description_has_all_digits():
    picture = drawn(one_of([1e9, 1], 0))
    assert texts(picture) == ["predicted · ≈ 100 % ✓", "≈ 0 %"]
    assert "= 9.9999999" in picture.describe(Address("share", 0, 1)), "1/(10⁹ + 1)"
    assert picture.label(Address("share", 0, 1)).value == pytest.approx(1 / (1e9 + 1))


def test_without_room_below_the_share_stands_in_the_node_in_place_of_the_value():
    def low(target, **more):
        return drawn(one_of([30, 20, *[1] * 8], target), View(900, 400), **more)

    assert texts(low(0))[:3] == ["51.72 % ✓", "34.48 %", "1.72 %"], "30/58, 20/58, 1/58"
    assert texts(low(1))[:3] == ["51.72 % ✗", "target 34.48 %", "1.72 %"]
    assert styles(low(1), "share")[:3] == ["value", "note", "note"]
    assert texts(low(0), "value") == []
    assert len([part for colour, part in bars(low(0)) if colour == LIGHT.line]) == 10


def test_without_targets_there_is_a_class_but_no_verdict():
    assert texts(drawn(one_of([6, 3, 1]))) == ["predicted · 60 %", "30 %", "10 %"]
    what_if = drawn(one_of([6, 3, 1], 1), is_what_if=True)
    assert texts(what_if) == ["predicted · 60 %", "30 %", "10 %"]
    assert texts(what_if, "target") + texts(what_if, "error") == ["target –"] * 3 + ["error –"] * 3
    empty = one_of([6, 3, 1], 1)
    assert texts(drawn(replace(empty, data=Dataset.empty(empty.network)))) == []


def test_several_sigmoids_decide_each_for_itself():
    made = network("sigmoid", [THREE_TO_ONE, -THREE_TO_ONE, THREE_TO_ONE])
    picture = drawn(State(made, Dataset([[1.0]], [[1, 1, 0]])))
    assert texts(picture) == ["class 1 · 75 % ✓", "class 0 · 75 % ✗", "class 1 · 75 % ✗"]
    assert styles(picture, "error") == ["note", "error", "error"]
    assert picture.describe(Address("node", 0, 1)).endswith("class 0, wrong")


def test_other_targets_than_classes_show_the_plain_value():
    picture = drawn(yes_or_no((1, 0.99), (-1, 0.01)))
    assert (texts(picture), texts(picture, "target")) == ([], ["target 0.99"])
    assert bars(picture) == []
    linear = replace(yes_or_no((1, 1), (2, 0)), network=network("identity", [0.4]))
    assert texts(drawn(linear)) == [], "an output of 0.4 is no probability"
    assert styles(drawn(linear), "error") == ["error"]


def test_the_scores_of_a_hinge_loss_have_a_class_but_no_share():
    data = State(
        network("identity", [2.0]),
        Dataset([[1.0], [-1.0]], [[1], [1]]),
        training=Training(loss="binary_hinge"),
    )
    assert [texts(drawn(data, row=row)) for row in range(2)] == [["class 1 ✓"], ["class 0 ✗"]]
    assert bars(drawn(data)) == []


def test_an_error_is_large_above_a_tenth_of_the_range_of_the_targets():
    def large(predictions, targets):
        made = State(network("identity", [1.0]), Dataset([[0.0]] * len(targets), targets))
        return large_errors(made, np.array(predictions), np.array(targets, float))[:, 0].tolist(), made

    found, made = large([[-1.0], [51.01], [30.0]], [[0], [50], [40]])  # a tenth of 50 is 5
    assert found == [False, False, True]
    assert large_error_reason(made, 0) == "more than a tenth of the range of the targets"
    found, made = large([[66.0]], [[60]])  # a tenth of 60 is 6
    assert found == [False]
    assert large_error_reason(made, 0) == "more than a tenth of the target"
    assert large([[66.1], [54.0]], [[60], [60]])[0] == [True, False]
    found, made = large([[1e-9], [0.11]], [[0], [0]])
    assert found == [False, True]
    assert large_error_reason(made, 0) == "more than 0.1"
    assert large([[math.nan], [math.inf]], [[0], [1]])[0] == [True, True]
    assert large([[0.0], [0.0]], [[-1e308], [1e308]])[0] == [False, False]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_svg_has_the_bars_and_the_class(theme):
    document, palette = svg(yes_or_no((1, 1), (-1, 0)), theme=theme), PALETTES[theme]
    assert "class 1 · 75 % ✓" in document
    picture = row_picture(yes_or_no((1, 1), (-1, 0)), View(900, 464))
    assert bars(picture, palette) == [(palette.negative, 1.0), (palette.positive, 0.75)]
    assert document.count(f'fill="{palette.negative}"') == 1


def test_below_a_narrow_output_stand_its_class_and_its_target():
    weights = [np.full((8, 1), 0.1), np.full((8, 8), 0.1), np.full((1, 8), 1.0)]
    names = ("x",), tuple("abcdefgh"), tuple("ijklmnop"), ("output",)
    layers = [Layer(names[k + 1], "sigmoid" if k == 2 else "tanh", each) for k, each in enumerate(weights)]
    state = State(Network(names[0], tuple(layers)), Dataset([[1.0], [0.0]], [[1], [0]]))
    wide, narrow = (drawn(state, View(width, 412)) for width in (1400, 800))
    assert [texts(each, "target") for each in (wide, narrow)] == [["target 1"]] * 2
    assert [len(texts(each, "error")) for each in (wide, narrow)] == [1, 0]
    assert all("✓" in texts(each)[0] for each in (wide, narrow))


def test_a_badge_of_a_low_output_stands_between_its_name_and_its_class():
    made = State(network("sigmoid", [THREE_TO_ONE] * 12), Dataset([[1.0]], [[1] * 12]))
    badges = {(0, k): "saturated on all rows" for k in range(12)}
    for width in (500, 900, 1500):
        picture = drawn(made, View(width, 400), badges=badges)
        assert len(texts(picture)) == 12
        assert faults(picture) == {}
