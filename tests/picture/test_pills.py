"""A number stands where the eye finds its edge: on it, nearest to it, in the order of the edges."""

import itertools

import numpy as np
import pytest

from nnviz import load
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example, examples
from nnviz.picture.parts import View
from tests.picture.diagrams import drawn, overlaps, state

CARDS = [View(600, 260), View(606, 347), View(886, 412), View(1526, 690), View(2166, 1050)]
"""The diagram in windows of 1000 by 650, 1280 by 800, 1920 by 1080 and 2560 by 1440 pixels."""
ZOOMED = [View(886, 420, 1.6, -100, -120), View(1522, 700, 2.5, -900, -400)]
NETWORKS = [(4, 8, 3), (3, 5, 2), (2, 3, 1), (8, 8), (1, 8, 1), (2, 2, 2, 1), (2, 12, 2)]
EXAMPLES = [each.name for each in examples()]


def on_edges(picture):
    return [label for label in picture.labels if label.address.kind in {"weight", "slope"}]


def distances(gap, x, y):
    """Return the distance from a point to every edge of a gap, by the definition, shape (nodes, sources)."""
    across, down = gap.x1 - gap.x0, gap.y1[:, None] - gap.y0
    part = np.clip(((x - gap.x0) * across + (y - gap.y0) * down) / (across**2 + down**2), 0.0, 1.0)
    return np.hypot(gap.x0 + part * across - x, gap.y0 + part * down - y)


def astray(picture):
    """Return the numbers whose own edge is not the one nearest to their middle, or to their leader's end."""
    found = []
    for label in on_edges(picture):
        gap = picture.layout.gaps[label.address.layer]
        x, y = label.rect.center
        own = label.address.node, label.address.source
        far = distances(gap, x, y)
        if label.leader is not None:
            end = distances(gap, x, label.leader)
            if end[own] > 1e-6 or abs(label.leader - y) > 1.65 * label.rect.height:
                found.append(label)
        elif far[own] > 1e-6:
            found.append(label)
        far[own] += 1e-6
        if far.argmin() != own[0] * far.shape[1] + own[1]:
            found.append(label)
    return found


def out_of_order(picture):
    """Return the pairs of numbers that stand above each other in another order than their edges there."""
    found = []
    for one, two in itertools.combinations(on_edges(picture), 2):
        layer = one.address.layer
        if two.address.layer != layer or one.rect.right < two.rect.x or two.rect.right < one.rect.x:
            continue
        gap = picture.layout.gaps[layer]
        (x0, y0), (x1, y1) = one.rect.center, two.rect.center
        part = ((x0 + x1) / 2 - gap.x0) / (gap.x1 - gap.x0)
        heights = [
            gap.y0[each.address.source] * (1 - part) + gap.y1[each.address.node] * part for each in (one, two)
        ]
        if (y1 - y0) * (heights[1] - heights[0]) < -1e-6:
            found.append((one.text, two.text))
    return found


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("view", [*CARDS, *ZOOMED], ids=str)
@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_every_number_is_nearest_to_its_own_edge_and_in_the_order_of_the_edges(sizes, view, with_slopes):
    picture = drawn(state(sizes, spread=0), view, with_slopes=with_slopes)
    assert overlaps(picture) == astray(picture) == out_of_order(picture) == []


@pytest.mark.parametrize("view", [*CARDS, *ZOOMED], ids=str)
@pytest.mark.parametrize("name", EXAMPLES)
def test_so_it_is_in_the_examples(name, view):
    opened = load(example(name).path)
    for with_slopes in (False, True) if opened.trainable else (False,):
        picture = drawn(opened, view, with_slopes=with_slopes)
        assert overlaps(picture) == astray(picture) == out_of_order(picture) == []


@pytest.mark.parametrize("view", CARDS, ids=str)
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("name", ["xor", "forward", "calculating-slopes", "one-update", "curve"])
def test_a_small_example_shows_every_weight(name, view, with_slopes):
    opened = load(example(name).path)
    picture = drawn(opened, view, with_slopes=with_slopes)
    shown = sum(label.address.kind == "weight" for label in picture.labels)
    hidden = 2 if name == "curve" and view == CARDS[0] else 0
    assert shown == sum(weights.size for weights in picture.weights) - hidden


@pytest.mark.parametrize("view", CARDS, ids=str)
def test_weights_stand_left_of_their_slopes(view):
    for sizes in NETWORKS:
        picture = drawn(state(sizes, spread=0), view, with_slopes=True)
        for label in on_edges(picture):
            weight = picture.label(label.address._replace(kind="weight"))
            if weight is not None:
                assert weight.rect.center[0] <= label.rect.center[0]


def test_the_weights_of_the_course_network_stand_side_by_side_near_the_start_of_their_edges():
    picture = drawn(load(example("forward").path), View(886, 412))
    for gap in picture.layout.gaps:
        middles = {
            round(label.rect.center[0]) for label in on_edges(picture) if label.address.layer == gap.layer
        }
        assert len(middles) == 1
        assert gap.x0 < middles.pop() < gap.x0 + 0.4 * (gap.x1 - gap.x0)


def parts(picture):
    """Return at which part of its edge every number stands."""
    gaps = picture.layout.gaps
    return {
        label.address: (label.rect.center[0] - gaps[label.address.layer].x0)
        / (gaps[label.address.layer].x1 - gaps[label.address.layer].x0)
        for label in on_edges(picture)
    }


@pytest.mark.parametrize("name", ["xor", "forward", "two-hidden-layers"])
@pytest.mark.parametrize(
    "views",
    [
        [View(886, 420, zoom, 443 * (1 - zoom), 210 * (1 - zoom)) for zoom in (1.0, 1.1, 1.2, 1.3)],
        [View(1300 + 60 * k, 590 + 27 * k) for k in range(5)],
    ],
    ids=["zoom", "resize"],
)
def test_numbers_keep_their_place_on_their_edges_while_all_grows(name, views):
    opened = load(example(name).path)
    first, *others = (parts(drawn(opened, view)) for view in views)
    for other in others:
        assert other == pytest.approx(first, abs=0.02)


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("view", CARDS[2:], ids=str)
@pytest.mark.parametrize("name", ["two-hidden-layers", "xor", "relu", "curve"])
def test_the_numbers_of_all_gaps_are_of_one_size(name, view, with_slopes):
    picture = drawn(load(example(name).path), view, with_slopes=with_slopes)
    sizes = {label.size for label in on_edges(picture)}
    assert len(sizes) == 1
    if name != "curve":
        assert min(sizes) >= 11.4 * picture.layout.scale


@pytest.mark.parametrize("view", CARDS[2:], ids=str)
def test_a_long_number_is_as_large_as_those_beside_it_where_there_is_room(view):
    found = [[-0.006859], [0.01199], [-0.0003114]]
    layers = (
        Layer(("node_0", "node_1", "node_2"), "identity", found),
        Layer(("output",), "identity", [[-0.001234, 0.5, 0.25]]),
    )
    network = Network(("x",), layers)
    prediction = network.predict([[1.0]])
    picture = drawn(State(network, Dataset([[1.0]], prediction - 0.5)), view, with_slopes=True)
    for kind, texts in (("weight", ["−0.001234", "0.5", "0.25"]), ("slope", ["−0.006859", "0.01199"])):
        labels = [picture.label(Address(kind, 1, 0, source)) for source in range(3)]
        assert [label.text for label in labels][: len(texts)] == texts
        assert len({label.size for label in labels[: len(texts)]}) == 1
    assert overlaps(picture) == []


@pytest.mark.parametrize("view", [View(606, 263), View(621, 332), View(700, 300), *CARDS], ids=str)
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_gap_shows_most_of_its_slopes_or_none(name, view):
    opened = load(example(name).path)
    if not opened.trainable:
        return
    picture = drawn(opened, view, with_slopes=True)
    for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
        slopes = [label for label in on_edges(picture) if label.address[:2] == ("slope", gap.layer)]
        assert not 0 < len(slopes) < 0.6 * weights.size


@pytest.mark.parametrize("view", [View(606, 263), *CARDS[1:]], ids=str)
@pytest.mark.parametrize(
    "name",
    [
        "forward",
        "relu",
        "tuning-by-hand",
        "calculating-slopes",
        "xor",
        "two-hidden-layers",
        "curve",
        "mazur",
    ],
)
def test_a_small_example_shows_every_slope(name, view):
    if view.height < {"xor": 300, "two-hidden-layers": 300, "curve": 400, "mazur": 400}.get(name, 0):
        return  # hover tells them there
    picture = drawn(load(example(name).path), view, with_slopes=True)
    shown = sum(label.address.kind == "slope" for label in picture.labels)
    assert shown == sum(weights.size for weights in picture.weights)
