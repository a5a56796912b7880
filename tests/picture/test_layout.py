"""Whatever the network, the room and the zoom: texts stand clear, in their place, and are true."""

import itertools
from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.picture.parts import View
from nnviz.picture.text import text_width
from tests.picture.diagrams import COURSE, amounts, covers, drawn, faults, on_edges, overlaps, shown, state

ROOMS = [View(606, 263), View(606, 347), View(886, 412), View(1526, 690), View(2166, 1050)]
"""The diagram in windows of 1000 by 650, 1280 by 800 in two ways, 1920 by 1080 and 2560 by 1440 pixels."""
ZOOMED = [View(886, 420, 1.6, -100, -120), View(1522, 700, 2.5, -900, -400)]


@pytest.mark.crossed(
    sizes=(
        *((2, 2, 1), (3, 1), (4, 8, 3), (2, 8, 8, 8, 1), (2, 12, 2)),
        *((1, 20, 1), (2, 30, 20, 3), (9, 100, 100, 1), (64, 32, 16, 10), (784, 128, 64, 10)),
    ),
    view=(ROOMS[0], *ROOMS[2:], *ZOOMED, View(1500, 800, 20, -4000, -8000)),
    slopes=(False, True),
    pictures=(False, True),
    biases=(False, True),
    activation=("relu", "tanh"),
    spread=(0, 5),
    output=("identity", "sigmoid", "softmax"),
)
def test_texts_stand_clear_and_are_true(sizes, view, slopes, pictures, biases, activation, spread, output):
    own = state(sizes, biases=biases, activation=activation, spread=spread, output=output)
    assert faults(drawn(own, view._replace(pictures=pictures), with_slopes=slopes)) == {}


@given(
    sizes=st.lists(st.integers(1, 14), min_size=2, max_size=6)
    | st.tuples(st.sampled_from([1, 2, 64]), st.integers(1, 60), st.integers(1, 14)),
    width=st.integers(320, 1900),
    height=st.integers(100, 1000),
    zoom=st.sampled_from([0.5, 1.0, 1.0, 1.0, 1.4, 2.0, 5.0]),
    shift=st.tuples(st.integers(-900, 300), st.integers(-900, 300)),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    activation=st.sampled_from(["relu", "tanh", "identity"]),
    output=st.sampled_from(["identity", "sigmoid", "softmax"]),
    badge=st.sampled_from(["", "dead on all rows", "saturated on all rows"]),
    fate=st.sampled_from(["", "vanish", "explode", "are 0"]),
)
@hypothesis.example(
    [13, 2, 2], 426, 362, 1.0, (0, 0), (0, 0, 0), "tanh", "identity", "", ""
)  # an error in a gap
@hypothesis.example((2, 3, 2), 320, 100, 1.0, (0, 0), (1, 0, 1), "relu", "identity", "", "")
@hypothesis.example(
    (2, 3, 2), 320, 180, 1.0, (0, 0), (0, 0, 0), "tanh", "softmax", "", ""
)  # no room for a value
def test_so_they_do_in_any_room(sizes, width, height, zoom, shift, flags, activation, output, badge, fate):
    biases, with_slopes, pictures = map(bool, flags)
    view = View(width, height, zoom, *shift) if zoom != 1.0 else View(width, height)
    hidden = [(k, node) for k, nodes in enumerate(sizes[1:-1]) for node in range(nodes)] if badge else []
    words = {"badges": dict.fromkeys(hidden, badge), "fates": (fate,) * (len(sizes) - 2) + ("",)}
    own = state(tuple(sizes), biases=biases, activation=activation, output=output)
    assert faults(drawn(own, view._replace(pictures=pictures), with_slopes=with_slopes, **words)) == {}


# --- the examples, in windows of every size

NAMES = [each.name for each in examples()]
STAYS = {"name", "input", "z", "value", "share", "badge", "target", "error"}


def node_size(picture):
    column = picture.layout.columns[0]
    return min(column.width, column.height)


@pytest.mark.parametrize("name", NAMES)
def test_examples_stand_clear_with_all_their_numbers_in_every_window(name, amount, approved):
    opened, failed = load(example(name).path), []
    size = node_size(drawn(opened, ROOMS[2]))
    least = {ROOMS[3]: 1.5 * size, ROOMS[4]: 1.99 * size}
    step = amount(quick=3, ci=1, night=1)
    for view in [*ROOMS, *ZOOMED][NAMES.index(name) % step :: step]:
        forward = drawn(opened, view)
        both = [forward, drawn(opened, view, with_slopes=True)] if opened.trainable else [forward]
        failed += [(view, faults(picture)) for picture in both if faults(picture)]
        if view not in ZOOMED:
            title = f"shown | {name} in {view.width:.0f} by {view.height:.0f}"
            approved(title, "\n".join(map(amounts, both)))
        stays = [label for label in forward.labels if label.address.kind in STAYS]
        if forward.nodes != both[-1].nodes or any(both[-1].label(each.address) != each for each in stays):
            failed.append((view, "slopes move nodes, or what stands in them and under them"))
        if node_size(forward) < least.get(view, 0):
            failed.append((view, "nodes have not grown"))
    assert failed == []


@pytest.mark.parametrize("name", ["xor", "forward", "two-hidden-layers"])
def test_numbers_keep_their_place_on_their_edges_while_all_grows(name):
    def parts(view):
        """Return at which part of its edge every number stands."""
        picture, found = drawn(opened, view), {}
        for label in on_edges(picture):
            gap = picture.layout.gaps[label.address.layer]
            found[label.address] = (label.rect.center[0] - gap.x0) / (gap.x1 - gap.x0)
        return found

    opened = load(example(name).path)
    zoomed = [View(886, 420, zoom, 443 * (1 - zoom), 210 * (1 - zoom)) for zoom in (1.0, 1.1, 1.3)]
    for first, *others in (zoomed, [View(1300 + 80 * k, 590 + 36 * k) for k in range(4)]):
        for other in others:
            assert parts(other) == pytest.approx(parts(first), abs=0.02)
    if name == "forward":  # side by side, near the start of their edges
        for layer in (0, 1):
            (part,) = {round(part, 6) for address, part in parts(ROOMS[2]).items() if address.layer == layer}
            assert 0 < part < 0.4


# --- how much is shown, and how large


def test_small_networks_show_all_numbers_and_crowded_gaps_many_or_the_strongest(approved):
    found, nets = (
        {},
        ((2, 2, 1), (3, 1), (2, 3, 1), (1, 8, 1), (2, 4, 4, 1), (8, 8, 1), (12, 12, 1), (9, 100, 1)),
    )
    for sizes, biases, slopes in itertools.product(nets, (False, True), (False, True)):
        own = state(sizes, biases=biases, activation="tanh", spread=1)
        name = f"{sizes} {'with' if biases else 'without'} biases{', slopes' * slopes}"
        found[name] = amounts(drawn(own, with_slopes=slopes))
    for value, slopes in ((-PI, False), (-0.01 * PI, False), (-1e-5 * PI, False), (-PI, True)):
        for sizes in ((2, 3, 1), (1, 8, 1)):
            picture = drawn(constant(sizes, value), with_slopes=slopes)
            found[f"{sizes}, all {value}{', slopes' * slopes}"] = amounts(picture)
    approved("how much is shown", found)
    for slopes, view in itertools.product((False, True), (View(900, 500), View(560, 400))):
        picture = drawn(constant((2, 3, 1), -PI), view, with_slopes=slopes)
        assert [picture.text(Address("bias", layer, 0)) for layer in (0, 1)] == ["b −0.3142"] * 2


PI = 0.314159265359


def constant(sizes, value):
    """Return a State whose weights and biases are all `value`."""
    layers = [
        Layer(tuple(f"node_{k}_{j}" for j in range(b)), "tanh", [[value] * a] * b, [value] * b)
        for k, (a, b) in enumerate(itertools.pairwise(sizes))
    ]
    inputs = tuple(f"x_{j}" for j in range(sizes[0]))
    return State(Network(inputs, tuple(layers)), Dataset([[0.5] * sizes[0]], [[0.25] * sizes[-1]]))


def test_pills_stay_where_they_are_while_weights_change():
    """Layer 1 has room for its strongest weights only, which are others in another network."""
    first, second = (
        {label.address: label.rect.center for label in on_edges(drawn(own)) if label.address.layer != 1}
        for own in (state((2, 8, 8, 1), seed=seed, spread=0) for seed in (1, 2))
    )
    both = first.keys() & second.keys()
    assert (
        len(both) >= len(first) - 1
    )  # layer 1 shows its strongest weights; a number too long for its pill is hidden
    assert all(first[address] == pytest.approx(second[address]) for address in both)


@pytest.mark.parametrize("sizes", [(2, 3, 1), (3, 4, 2), (2, 8, 1)], ids=str)
@pytest.mark.parametrize("view", ROOMS[1:], ids=str)
def test_numbers_of_a_small_network_have_the_same_places_whatever_they_are(sizes, view):
    first, second = (drawn(state(sizes, seed=seed, spread=0), view, with_slopes=True) for seed in (1, 2))
    assert first.places == second.places
    assert all(first.places)


def test_zooming_in_shows_numbers_that_did_not_fit():
    large = state((30, 30, 2))
    far = drawn(large)
    x, y = far.layout.columns[1].rect(15).center
    near = drawn(large, View(900, 500, 24.0, 600.0 - 24.0 * x, 280.0 - 24.0 * y))
    kinds = [{label.address.kind for label in own.labels if label.address.column == 1} for own in (far, near)]
    assert kinds[0] == {"heading", "subheading"}
    assert kinds[1] >= {"weight", "value", "name"}


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
def test_all_grows_from_its_size_in_a_small_room_to_twice_that_or_what_is_allowed(with_slopes):
    small, large = (drawn(COURSE, view, with_slopes=with_slopes) for view in (ROOMS[2], ROOMS[4]))
    assert drawn(COURSE, ROOMS[1]).layout.scale == small.layout.scale == 1.0
    for label in small.labels:
        assert large.label(label.address).size >= 1.999 * label.size
    assert drawn(COURSE, View(5000, 3000)).layout.scale == 2.0
    view = View(5000, 3000, most_growth=4.0)
    assert drawn(COURSE, view).layout.scale == 4.0
    for other in (view.zoomed(10, 10, 2.0), view.moved(5, 5), view.resized(4000, 2500)):
        assert other.most_growth == 4.0
    sizes = [node_size(drawn(COURSE, View(1522, height))) for height in range(500, 700, 40)]
    assert sizes == sorted(set(sizes))
    few, many = (drawn(state((2, count, 1)), ROOMS[4]).layout.columns[1].height for count in (3, 30))
    assert many < few / 4


def test_figures_can_be_read_from_the_back_row():
    for width, height in ((1280, 800), (1366, 768), (1920, 1080), (2560, 1440)):
        for sizes in ((2, 2, 1), (2, 3, 1), (3, 2, 2, 2)):
            picture = drawn(state(sizes), View(width, height, most_growth=4.0))
            values = [label.size for label in picture.labels if label.style in {"value", "dead"}]
            assert min(values) >= height / 30
            assert overlaps(picture) == []


@pytest.mark.parametrize("view", [View(640, 240), View(640, 380), View(960, 365)], ids=str)
def test_without_controls_under_the_headings_the_nodes_have_their_room(view):
    with_controls, bare = (drawn(state((3, 4, 2, 1)), own) for own in (view, view._replace(bare=True)))
    assert with_controls.layout.columns[1].height < bare.layout.columns[1].height
    assert faults(bare) == {}
    assert [own.size for own in bare.headings] == [own.size for own in with_controls.headings]
    assert all(0.0 <= own.rect.y < own.rect.bottom <= bare.layout.body.y for own in bare.headings)


# --- numbers that are long


def of_output(weights, bias, inputs, target=0.0):
    """Return a State of one output without hidden layers."""
    network = Network.from_weights({"output": weights})
    network = network.with_layer(0, replace(network.layers[0], biases=[bias]))
    return State(network, Dataset([inputs], [[target]]))


@pytest.mark.parametrize("view", ROOMS[:4], ids=str)
def test_long_numbers_have_room_in_nodes_and_on_edges(view):
    for value in (-0.123456789, -49.890625, -1.23456789e-5, -1.2345e-50):
        picture = drawn(of_output([value, value], value, [value, 1.0]), view)
        assert [shown(picture, kind) for kind in ("input", "weight", "value", "bias")] == [2, 2, 1, 1]
    picture = drawn(of_output([1.0], -5.6e152, [1.0]), view, with_slopes=True)
    texts = [picture.text(Address(kind, 0, 0)) for kind in ("bias", "node_slope")]
    assert texts == ["b −5.6e152", "−1.12e153"]
    assert faults(picture) == {}
    layers = (
        Layer(("node_0",), "tanh", [[1.0]], [0.0]),
        Layer(("output",), "identity", [[-1.2345e-91]], [0.0]),
    )
    picture = drawn(State(Network(("x",), layers), Dataset([[0.5]], [[0.25]])), view, with_slopes=True)
    assert picture.text(Address("bias", 0, 0)) == "b 0"
    assert "e−" in picture.text(Address("node_slope", 0, 0))


def test_a_bias_and_a_slope_on_one_line_are_no_wider_than_their_boxes():
    sizes = (2, *[4] * 9, 1)
    for bias in (0.5, 12.0, -0.25):
        network = constant(sizes, 0.0).network
        for k in range(len(network.layers)):
            network = network.with_value(Address("bias", k, 0), bias)
        own = State(network, Dataset([[-1.0, -2.0]], [[1.0]]))
        for view in (View(1500, 900, 2.2), View(1100, 800, 1.7), View(1500, 900)):
            labels = [each for each in drawn(own, view, with_slopes=True).labels if each.address]
            pills = [each for each in labels if each.address.kind in ("bias", "node_slope")]
            assert pills
            for each in pills:
                assert text_width(each.text, each.size, True) < each.rect.width, (bias, view, each)


def test_where_only_one_fits_the_bias_stays():
    value = -1.2345e-250
    picture = drawn(of_output([1.0], value, [value]), ROOMS[1], with_slopes=True)
    assert picture.text(Address("bias", 0, 0)).startswith("b −1.23")
    assert picture.label(Address("node_slope", 0, 0)) is None
    picture = drawn(constant((2, 20, 1), -1.23456e-250), with_slopes=True)
    assert picture.label(Address("bias", 0, 0)) is None
    assert "bias −1.23456e−250" in picture.describe(Address("node", 0, 0))


@pytest.mark.parametrize("view", ROOMS[2:], ids=str)
def test_a_long_number_is_as_large_as_those_beside_it_where_there_is_room(view):
    layers = (
        Layer(("node_0", "node_1", "node_2"), "identity", [[-0.006859], [0.01199], [-0.0003114]]),
        Layer(("output",), "identity", [[-0.001234, 0.5, 0.25]]),
    )
    network = Network(("x",), layers)
    picture = drawn(State(network, Dataset([[1.0]], network.predict([[1.0]]) - 0.5)), view, with_slopes=True)
    for kind, texts in (("weight", ["−0.001234", "0.5", "0.25"]), ("slope", ["−0.006859", "0.01199"])):
        labels = [picture.label(Address(kind, 1, 0, source)) for source in range(len(texts))]
        assert [label.text for label in labels] == texts
        assert len({label.size for label in labels}) == 1
    assert overlaps(picture) == []


def test_nodes_above_each_other_show_their_values_and_names():
    for view in (ROOMS[0], ROOMS[2]):
        picture = drawn(state((4, 8, 3), spread=0), view)
        assert (shown(picture, "input"), shown(picture, "value")) == (4, 8 + 3)
    hidden = Layer(tuple(f"node_{k}" for k in range(8)), "relu", np.zeros((8, 4)), np.zeros(8))
    classes = ("iris setosa", "iris versicolor", "iris virginica")
    layers = (hidden, Layer(classes, "softmax", np.zeros((3, 8)), [20, 9, -3]))
    picture = drawn(
        State(Network(tuple("abcd"), layers), Dataset([[1, 2, 3, 4]], [[1, 0, 0]])), View(886, 391)
    )
    values = [picture.text(Address("value", 1, node)) for node in range(3)]
    assert values == ["1.000", "1.670e−5", "1.026e−10"]
    assert picture.text(Address("name", 1, 0)) == "iris setosa"
    inputs = tuple(f"Embarked={k}" for k in "ABCDEFGHIJ")
    layers = (replace(hidden, weights=np.zeros((8, 10))), Layer(("y",), "sigmoid", np.zeros((1, 8))))
    picture = drawn(State(Network(inputs, layers), Dataset(np.eye(10)[:1])), View(886, 391))
    assert [picture.text(Address("name", -1, node)) for node in range(10)] == list(inputs)


# --- zoom, and nodes side by side


def test_zoom_and_shift_move_everything_alike_and_a_wide_screen_tears_nothing_apart():
    fit, zoomed = drawn(COURSE).layout, drawn(COURSE, View(900, 500, 2.0, -30.0, 40.0)).layout
    for own, other in zip(fit.columns, zoomed.columns, strict=True):
        assert other.x == pytest.approx(2 * own.x - 30)
        assert other.tops == pytest.approx(2 * own.tops + 40)
        assert (other.width, other.height) == pytest.approx((2 * own.width, 2 * own.height))
    layout = drawn(state((3, 1)), View(1900, 900)).layout
    first, last = layout.columns
    assert last.x - (first.x + first.width) <= 420 * layout.scale
    assert (first.x + last.x + last.width) / 2 == pytest.approx(950)


def test_large_layers_are_blocks_that_say_how_many_nodes_they_have():
    large = state((784, 128, 64, 10))
    picture = drawn(large)
    assert [column.block for column in picture.layout.columns] == [True, True, False, False]
    assert {address.column for address in picture.nodes} == {2, 3}
    assert picture.text(Address("subheading", -1)) == "784 inputs · row 1 of 3"
    assert picture.text(Address("subheading", 0)) == "128 nodes · relu · biases"
    x, y = picture.layout.columns[1].box.center
    assert picture.address_at(x, y) in {Address("node", 0, 63), Address("node", 0, 64)}
    x, y = picture.layout.columns[1].rect(60).center
    near = drawn(large, View(900, 500, 40.0, 450.0 - 40.0 * x, 280.0 - 40.0 * y))
    assert 0 < sum(address.column == 1 for address in near.nodes) < 12  # those in sight alone
    assert all(rect.bottom >= 0 and rect.y <= 500 for rect in near.nodes.values())
    inputs = {n: drawn(state((n, 3, 2))).layout.columns[0] for n in (49, 63, 64, 65, 256, 784)}
    assert [n for n, column in inputs.items() if column.per_row > 1] == [64, 256, 784]


@pytest.mark.parametrize("view", [ROOMS[0], *ROOMS[2:4]], ids=str)
def test_nodes_side_by_side_are_found_where_they_are_drawn_with_their_edges_in_their_rows(view):
    picture = drawn(state((64, 32, 16, 10)), view._replace(pictures=True))
    for column in picture.layout.columns[:2]:
        assert column.per_row > 1
        assert covers(picture.layout.body, column.box)
        for node in range(len(column.tops)):
            rect = column.rect(node)
            assert column.node_at(*rect.center) == node
            assert rect.y <= column.middles[node] <= rect.bottom


def test_zoomed_in_a_pixel_shows_its_value_and_a_small_picture_has_name_and_value_below():
    opened = load(example("digits").path)
    picture = drawn(opened, View(886, 412, 6.0, -200.0, -1000.0, pictures=True))
    pixels = [label for label in picture.labels if label.address.kind == "input"]
    assert pixels
    for label in pixels:
        assert label.value == opened.data.inputs[0, label.address.node]
        assert covers(picture.layout.columns[0].rect(label.address.node), label.rect)
    picture = drawn(opened, View(886, 412, 6.0, -1900.0, -1000.0, pictures=True))
    column = picture.layout.columns[1]
    values = opened.network.forward(opened.data.inputs[:1]).a[0][0]
    in_sight = [node for node in range(32) if covers(picture.layout.body, column.bar_of(node))]
    assert len(in_sight) > 1
    for node in in_sight:
        value, name = (picture.label(Address(kind, 0, node)) for kind in ("value", "name"))
        assert (value.value, name.text) == (values[node], f"node_0_{node}")
        assert covers(column.bar_of(node), value.rect)
        assert covers(column.bar_of(node), name.rect)
