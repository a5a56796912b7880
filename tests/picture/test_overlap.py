"""No two texts of a diagram overlap, and none covers a node, whatever the network and the view."""

import hypothesis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz import load
from nnviz.files.examples import example, examples
from nnviz.picture.parts import View
from nnviz.picture.text import text_width
from tests.picture.diagrams import drawn, overlaps, state

BOLD = {"pill", "slope", "node_slope", "value", "dead", "heading", "error", "mark"}
SIZES = [
    (2, 2, 1),
    (1, 8, 1),
    (2, 4, 4, 1),
    (2, 8, 8, 8, 1),
    (9, 100, 100, 1),
    (3, 1),
    (784, 128, 64, 10),
    (64, 32, 16, 10),
    (5, 6, 4, 3),
]
VIEWS = [
    View(900, 500),
    View(1500, 800),
    View(900, 500, 1.3, -120, -80),
    View(900, 500, 3, -900, -600),
    View(1500, 800, 20, -4000, -8000),
]


def misplaced(picture):
    """Return the edge labels whose middle or leader's end is not on their edge, or that leave the body."""
    body = picture.layout.body
    found = []
    for label in picture.labels:
        if label.address.kind in {"weight", "slope"}:
            gap = picture.layout.gaps[label.address.layer]
            x, y = label.rect.center
            address = (x - gap.x0) / (gap.x1 - gap.x0)
            at = gap.y0[label.address.source] * (1 - address) + gap.y1[label.address.node] * address
            inside = body.y - 1e-6 <= label.rect.y and label.rect.bottom <= body.bottom + 1e-6
            if abs(at - (y if label.leader is None else label.leader)) > 1e-6 or not inside:
                found.append(label)
    return found


def too_wide(picture):
    return [
        label
        for label in picture.labels
        if text_width(label.text, label.size, label.style in BOLD) > label.rect.width + 1e-6
    ]


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("biases", [False, True], ids=["plain", "biases"])
def test_texts_keep_clear_of_each_other_and_of_nodes(sizes, view, with_slopes, biases):
    picture = drawn(state(sizes, biases=biases), view, with_slopes=with_slopes)
    assert overlaps(picture) == []
    assert misplaced(picture) == []
    assert too_wide(picture) == []


@settings(max_examples=80, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 14), min_size=2, max_size=6),
    width=st.integers(320, 1900),
    height=st.integers(220, 1000),
    zoom=st.sampled_from([0.5, 1.0, 1.0, 1.0, 1.4, 2.0, 5.0]),
    dx=st.integers(-900, 300),
    dy=st.integers(-900, 300),
    biases=st.booleans(),
    with_slopes=st.booleans(),
    activation=st.sampled_from(["relu", "tanh", "identity"]),
    badge=st.sampled_from(["", "dead on all rows", "saturated on all rows", "nearly saturated"]),
    fate=st.sampled_from(["", "vanish", "explode", "are 0"]),
)
@hypothesis.example(  # the error reached from under its node into the gap
    sizes=[13, 2, 2],
    width=426,
    height=362,
    zoom=1.0,
    dx=0,
    dy=0,
    biases=False,
    with_slopes=False,
    activation="tanh",
    badge="",
    fate="",
)
def test_texts_keep_clear_in_any_network(
    sizes, width, height, zoom, dx, dy, biases, with_slopes, activation, badge, fate
):
    view = View(width, height, zoom, dx, dy) if zoom != 1.0 else View(width, height)
    hidden = [(k, node) for k, size in enumerate(sizes[1:-1]) for node in range(size)]
    odd = {"badges": dict.fromkeys(hidden, badge), "fates": (fate,) * (len(sizes) - 2) + ("",)}
    own = state(sizes, biases=biases, activation=activation)
    picture = drawn(own, view, with_slopes=with_slopes, **odd)
    assert overlaps(picture) == []
    assert misplaced(picture) == []
    assert too_wide(picture) == []


@pytest.mark.parametrize(
    ("sizes", "least"), [((2, 2, 1), 6), ((2, 3, 1), 9), ((1, 8, 1), 16), ((3, 1), 3), ((2, 4, 4, 1), 24)]
)
@pytest.mark.parametrize("biases", [False, True], ids=["plain", "biases"])
def test_small_networks_show_every_weight_and_others_most(sizes, least, biases):
    picture = drawn(state(sizes, biases=biases, spread=1))
    assert sum(label.address.kind == "weight" for label in picture.labels) >= least


@pytest.mark.parametrize("sizes", [(2, 2, 1), (2, 3, 1), (3, 1)], ids=str)
def test_small_networks_show_every_slope_beside_every_weight(sizes):
    picture = drawn(state(sizes, spread=1), with_slopes=True)
    for kind in ("weight", "slope"):
        shown = sum(label.address.kind == kind for label in picture.labels)
        assert shown == sum(weights.size for weights in picture.weights)


def test_pills_stay_where_they_are_while_weights_change():
    middles = [
        {
            label.address: label.rect.center
            for label in drawn(state((2, 8, 8, 1), seed=seed, spread=0)).labels
            if label.address.kind == "weight"
        }
        for seed in (1, 2)
    ]
    both = middles[0].keys() & middles[1].keys()
    assert len(both) >= len(middles[0]) - 1  # a number too long for its pill is hidden
    assert all(middles[0][address] == pytest.approx(middles[1][address]) for address in both)


def test_a_crowded_gap_shows_many_weights_or_none():
    for sizes in [(8, 8, 1), (12, 12, 1), (20, 20, 1), (9, 100, 1)]:
        picture = drawn(state(sizes))
        shown = sum(label.address.kind == "weight" and label.address.layer == 0 for label in picture.labels)
        assert shown == 0 or shown >= sizes[0] * sizes[1] / 3


def test_zooming_in_shows_numbers_that_did_not_fit():
    large = state((30, 30, 2))
    far = drawn(large)
    x, y = far.layout.columns[1].rect(15).center
    near = drawn(large, View(900, 500, 24.0, 600.0 - 24.0 * x, 280.0 - 24.0 * y))
    kinds = [{label.address.kind for label in own.labels if label.address.column == 1} for own in (far, near)]
    assert kinds[0] == {"heading", "subheading"}
    assert kinds[1] >= {"weight", "value", "name"}


CARDS = [View(600, 260), View(606, 318), View(886, 412), View(1526, 690), View(2166, 1050)]
"""The diagram in windows of 1000 by 650, 1280 by 800, 1920 by 1080 and 2560 by 1440 pixels."""


def outside(picture):
    """Return what reaches out of the room under the headings."""
    places = [(node.address, node.rect) for node in picture.nodes]
    places += [(None, column.box) for column in picture.layout.columns]
    for label in picture.labels:
        if label.address.kind not in {"heading", "subheading"}:
            places.append((label.address, label.reach))
    return [place for place in places if not picture.layout.body.covers(place[1])]


@pytest.mark.parametrize("view", CARDS, ids=str)
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize(
    "sizes", [(4, 8, 3), (8, 8), (2, 8, 1), (1, 20, 1), (3, 3, 3), (8, 4), (2, 1), (3, 12, 6)], ids=str
)
def test_nothing_reaches_under_the_headings_or_out_of_the_card(sizes, view, with_slopes):
    assert outside(drawn(state(sizes, spread=0), view, with_slopes=with_slopes)) == []


@pytest.mark.parametrize("view", CARDS, ids=str)
@pytest.mark.parametrize("name", [each.name for each in examples()])
def test_so_it_is_in_every_example(name, view):
    opened = load(example(name).path)
    for with_slopes in (False, True) if opened.trainable else (False,):
        assert outside(drawn(opened, view, with_slopes=with_slopes)) == []
