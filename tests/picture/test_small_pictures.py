"""The small pictures in the nodes show what is computed, pixel by pixel, and leave the texts alone."""

import base64
import re
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import pixels
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.picture.picture import row_picture
from nnviz.picture.small import pictured, why_none
from nnviz.picture.small_look import small_pixels, small_values
from nnviz.picture.svg import svg
from tests.picture.diagrams import overlaps, state

LIGHT = PALETTES["light"]


def decoded(uri):
    """Return a PNG without filters as an array, shape (rows, columns, 4)."""
    data = base64.b64decode(uri.partition(",")[2])
    columns, rows = struct.unpack(">II", data[16:24])
    start = data.index(b"IDAT")
    size = struct.unpack(">I", data[start - 4 : start])[0]
    lines = np.frombuffer(zlib.decompress(data[start + 4 : start + 4 + size]), dtype=np.uint8)
    return lines.reshape(rows, 1 + 4 * columns)[:, 1:].reshape(rows, columns, 4)


def images(text):
    return [decoded(uri) for uri in re.findall(r'<image [^>]*href="([^"]+)"', text)]


def colours(shares):
    """Return the colours of values from −1 to 1 as RGB."""
    packed = pixels(np.append(shares.ravel(), 1.0)[None], LIGHT)[0, :-1].reshape(shares.shape)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1)


def spread(low, high, count):
    """Return the middles of the parts that a span with a tenth of room on either side is cut into."""
    room = 0.1 * (high - low)
    return low - room + (np.arange(count) + 0.5) / count * (high - low + 2 * room)


@pytest.mark.parametrize("activation", ["relu", "tanh", "softmax"])
def test_each_pixel_over_two_inputs_is_what_the_network_computes_there(activation):
    opened = state((2, 5, 3), activation=activation, spread=0)
    drawn = images(svg(opened, pictures=True))
    assert len(drawn) == 2 + 5 + 3
    side = len(drawn[0])
    x0, x1 = (spread(*(f(opened.data.inputs[:, k]) for f in (np.min, np.max)), side) for k in (0, 1))
    rows = np.array([(across, up) for up in x1[::-1] for across in x0])  # read from the top left
    trace = opened.network.forward(rows)
    a = np.column_stack([rows, *trace.a])
    for node, seen in enumerate(drawn):
        share = a[:, node] / (np.abs(a[:, node]).max() or 1.0)
        wanted = colours(share.reshape(side, side))
        assert np.abs(seen[..., :3].astype(int) - wanted.astype(int)).max() <= 2  # a step of rounding
        assert (seen[..., 3] == 255).all()


@pytest.mark.parametrize("activation", ["identity", "sigmoid"])
def test_an_output_that_decides_between_two_classes_is_pale_at_a_half(activation):
    opened = load(example("xor").path)
    *first, last = opened.network.layers
    layers = (*first, replace(last, activation=activation))
    sure = replace(opened, network=replace(opened.network, layers=layers))
    seen = images(svg(sure, pictures=True))[-1]
    side = len(seen)
    x0, x1 = (spread(*(f(sure.data.inputs[:, k]) for f in (np.min, np.max)), side) for k in (0, 1))
    a = sure.network.predict([(across, up) for up in x1[::-1] for across in x0])[:, -1]
    decided = np.clip(2 * a - 1, -1, 1).reshape(side, side)
    assert np.abs(seen[..., :3].astype(int) - colours(decided).astype(int)).max() <= 2


def test_over_one_input_each_node_is_a_curve():
    opened = load(example("curve").path)
    text = svg(opened, pictures=True)
    assert images(text) == []
    layout = row_picture(opened, View(900, 464, pictures=True)).layout
    shapes = re.findall(r'<polygon points="([^"]+)" fill="([^"]+)"', text)
    found = [
        (np.array([point.split(",") for point in points.split()], dtype=float), fill)
        for points, fill in shapes
    ]
    place = layout.columns[0].picture_of(0)
    (above, blue), (below, orange) = found[:2]  # of the input: a straight line through 0
    assert (blue, orange) == (LIGHT.positive, LIGHT.negative)
    assert above[:-2, 0] == pytest.approx(below[:-2, 0])
    zero = above[-1, 1]
    x = opened.data.inputs[:, 0]
    at = spread(x.min(), x.max(), len(above) - 2)[1:-1]
    up = zero - np.minimum(above[1:-3, 1], below[1:-3, 1])
    down = np.maximum(above[1:-3, 1], below[1:-3, 1]) - zero
    drawn = np.where(at > 0, up, -down)
    assert drawn / drawn.max() == pytest.approx(at / at.max(), abs=0.01)
    assert all(place.x - 0.1 <= px <= place.right + 0.1 for px in above[:, 0])


def test_inputs_that_are_pixels_are_the_image_of_the_row():
    opened = load(example("digits").path)
    shown = next(own for own in images(svg(opened)) if own.shape == (8, 8, 4))
    row = opened.data.inputs[0].reshape(8, 8)
    assert shown[..., 3] == pytest.approx(255 * row / row.max(), abs=1)


def test_nodes_that_pixels_feed_show_their_weights():
    opened = load(example("digits").path)
    weights = opened.network.layers[0].weights
    tiles = [own for own in images(svg(opened, pictures=True)) if own.shape == (8, 8, 4)][1:]
    assert len(tiles) == 32
    largest = np.abs(weights).max()
    for of_node, tile in zip(weights, tiles, strict=True):
        assert np.array_equal(tile[..., :3], colours(of_node.reshape(8, 8) / largest))
    node, source = np.unravel_index(np.abs(weights).argmax(), weights.shape)
    full = LIGHT.positive if weights[node, source] > 0 else LIGHT.negative
    assert "#{:02X}{:02X}{:02X}".format(*tiles[node][source // 8, source % 8, :3]) == full


def test_only_squares_of_64_and_more_are_pixels():
    assert [bool(row_picture(state((n, 3, 2)), View(900, 500)).layout.columns[0].across > 1)
            for n in (49, 63, 64, 65, 256, 784)] == [False, False, True, False, True, True]  # fmt: skip


def test_without_the_switch_there_are_none():
    assert images(svg(load(example("xor").path))) == []


@pytest.mark.parametrize(
    ("sizes", "said"), [((3, 4, 1), "one or two inputs"), ((2, 400, 400, 1), "too long")]
)
def test_where_there_can_be_none_all_is_as_without_and_a_sentence_says_why(sizes, said):
    opened = state(sizes, spread=0)
    assert said in why_none(opened.network)
    assert not pictured(opened.network)
    with_, without = (
        row_picture(opened, View(900, 500, pictures=own)).layout.columns for own in (True, False)
    )
    for one, other in zip(with_, without, strict=True):
        assert (one.box, one.picture) == (other.box, other.picture)


def test_numbers_beyond_all_bounds_are_drawn():
    layer = Layer(["a", "b"], "identity", [[1e308, 1e308], [0.0, 0.0]])
    network = Network(["x", "y"], [layer])
    opened = State(network, Dataset([[-3.0, -3.0], [3.0, 3.0]]))
    picture = row_picture(opened, View(900, 500, pictures=True))
    shown = small_pixels(small_values(picture, picture.layout.columns[1]), LIGHT)
    assert "#{:02X}{:02X}{:02X}".format(*shown[0, 0, -1, :3]) == LIGHT.positive
    assert "#{:02X}{:02X}{:02X}".format(*shown[0, -1, 0, :3]) == LIGHT.negative
    assert (shown[1] == shown[1, 0, 0]).all()


SIZES = [(2, 3, 1), (2, 8, 1), (1, 8, 1), (2, 4, 4, 1), (2, 2), (2, 6, 5, 4, 3), (2, 30, 20, 3), (64, 8, 10)]
VIEWS = [
    View(606, 263),
    View(886, 412),
    View(1526, 690),
    View(886, 412, 2.5, -500, -300),
    View(886, 412, 6.0, -1900, -1000),
    View(886, 412, 6.0, -200, -1000),
]


@pytest.mark.parametrize("sizes", [*SIZES, (64, 32, 16, 10), (784, 128, 64, 10)], ids=str)
@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
def test_no_text_touches_another_or_a_picture(sizes, view, with_slopes):
    picture = row_picture(state(sizes), view._replace(pictures=True), with_slopes=with_slopes)
    assert overlaps(picture) == []
    for column in picture.layout.columns:
        for node in range(len(column.tops)):
            place = column.picture_of(node) if column.picture else None
            assert place is None or column.rect(node).covers(place)
            for label in picture.labels:
                own = label.address[1:3] == (column.layer, node)
                if place and own and label.address.kind in {"name", "z", "value", "input"}:
                    assert not label.rect.meets(place), label


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.sampled_from([1, 2, 64]), st.integers(1, 60), st.integers(1, 14)),
    width=st.integers(320, 1900),
    height=st.integers(100, 1000),
    with_slopes=st.booleans(),
)
@case(sizes=(2, 3, 2), width=320, height=100, with_slopes=False)
def test_so_it_is_in_any_network_and_room(sizes, width, height, with_slopes):
    picture = row_picture(state(sizes), View(width, height, pictures=True), with_slopes=with_slopes)
    assert overlaps(picture) == []
    for column in picture.layout.columns:
        for node in range(len(column.tops)):
            assert not column.picture or column.rect(node).covers(column.picture_of(node))


@pytest.mark.parametrize("view", VIEWS[:3], ids=str)
def test_nodes_side_by_side_are_found_where_they_are_drawn_with_their_edges_in_their_rows(view):
    picture = row_picture(state((64, 32, 16, 10)), view._replace(pictures=True))
    for column in picture.layout.columns[:2]:
        assert column.across > 1
        assert picture.layout.body.covers(column.box)
        for node in range(len(column.tops)):
            rect = column.rect(node)
            assert column.at(*rect.center) == node
            assert rect.y <= column.middles[node] <= rect.bottom


def test_zoomed_in_on_a_pixel_is_its_value_and_under_a_picture_name_and_value():
    opened = load(example("digits").path)
    picture = row_picture(opened, View(886, 412, 6.0, -200.0, -1000.0, pictures=True))
    pixels_ = [label for label in picture.labels if label.address.kind == "input"]
    assert pixels_
    for label in pixels_:
        assert label.value == opened.data.inputs[0, label.address.node]
        assert picture.layout.columns[0].rect(label.address.node).covers(label.rect)
    picture = row_picture(opened, View(886, 412, 6.0, -1900.0, -1000.0, pictures=True))
    column = picture.layout.columns[1]
    values = opened.network.forward(opened.data.inputs[:1]).a[0][0]
    in_sight = [node for node in range(32) if picture.layout.body.covers(column.bar_of(node))]
    assert len(in_sight) > 1
    for node in in_sight:
        value, name = (picture.label(Address(kind, 0, node)) for kind in ("value", "name"))
        assert value.value == values[node]
        assert name.text == f"node_0_{node}"
        assert column.bar_of(node).covers(value.rect)
        assert column.bar_of(node).covers(name.rect)


def test_a_row_is_where_its_inputs_are():
    opened = load(example("xor").path)
    opened = replace(opened, data=Dataset([[0.25, 0.75], [0.0, 0.0], [1.0, 1.0]]))
    text = svg(opened, pictures=True)
    x, y = map(float, re.search(r'<circle cx="([^"]+)" cy="([^"]+)"', text).groups())
    left, top, width, height = map(
        float, re.search(r'<image x="([^"]+)" y="([^"]+)" width="([^"]+)" height="([^"]+)"', text).groups()
    )
    assert (x - left) / width == pytest.approx((0.25 + 0.1) / 1.2, abs=0.01)
    assert (y - top) / height == pytest.approx(1 - (0.75 + 0.1) / 1.2, abs=0.01)
