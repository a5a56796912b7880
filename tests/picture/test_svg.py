"""The diagram as SVG."""

import itertools
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.picture.legend import legend, sheet
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import View
from nnviz.picture.style import label_box
from nnviz.picture.svg import svg
from tests.picture.diagrams import COURSE, drawn, state

SVG = "{http://www.w3.org/2000/svg}"


def parsed(*args, **more):
    return ElementTree.fromstring(svg(*args, **more))


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


@pytest.mark.parametrize("sizes", [(2, 2, 1), (1, 8, 1), (2, 8, 8, 8, 1), (3, 1)], ids=str)
def test_every_text_of_the_picture_is_written(sizes):
    own = state(sizes)
    written = texts(parsed(own, (900, 500)))
    picture = sheet(drawn(own, View(900, 500)), 900, 500).picture
    legend = ["+", "weight > 0", "−", "weight < 0"]
    assert written == [label.text for label in picture.labels] + legend


def test_slopes_of_the_first_row_are_written_in_purple_and_explained():
    line = State(Network.from_weights({"output": [0, 2]}), Dataset([[3, 4], [0, 0]], [[1], [0]]))
    root = parsed(line, view="slopes")
    purple = [e.text for e in root.iter(f"{SVG}text") if e.get("fill") == PALETTES["light"].slope]
    assert purple == ["42", "56", "±"]
    assert {"slope of the loss", "slopes of row 1 · identity"} <= set(texts(root))


def test_slopes_need_targets():
    without = replace(COURSE, data=Dataset(COURSE.data.inputs))
    with pytest.raises(ValueError, match="targets"):
        svg(without, view="slopes")


@pytest.mark.parametrize("theme", PALETTES)
def test_themes_colour_edges_by_sign(theme):
    palette = PALETTES[theme]
    root = parsed(COURSE, theme=theme)
    strokes = {line.get("stroke") for line in root.iter(f"{SVG}line")}
    assert palette.positive.lower() in strokes  # the largest weight, 7, in full colour
    assert root.find(f"{SVG}rect").get("fill") == palette.canvas
    assert len(list(root.iter(f"{SVG}line"))) == 6


def test_names_from_a_file_cannot_break_it():
    names = ("<b>&", 'quote"]]>', "\u202eright to left")
    network = Network(names, (Layer(("\ufffe",), "identity", [[1, 2, 3]]),))
    root = parsed(State(network, Dataset([[1, 2, 3]]), name="a < b"))
    assert "<b>&" in texts(root)


def test_large_networks_are_written_as_haze_strongest_edges_and_strips_of_values():
    document = svg(state((784, 128, 64, 10)))
    root = ElementTree.fromstring(document)
    assert len(list(root.iter(f"{SVG}line"))) == 1500 + 1500 + 640
    images = [image.get("href") for image in root.iter(f"{SVG}image")]
    assert len(images) == 2 + 2
    assert all(image.startswith("data:image/png;base64,iVBORw0KGgo") for image in images)
    assert len(document) < 600_000


def test_nodes_too_small_for_a_text_are_tinted_by_their_values():
    own = state((4, 30, 1), activation="tanh")
    tints = [rect for rect in parsed(own).iter(f"{SVG}rect") if rect.get("fill-opacity")]
    values = own.network.forward(own.data.inputs[0]).a[0][0]
    light = PALETTES["light"]
    assert [tint.get("fill") == light.positive for tint in tints] == (values > 0).tolist()
    shares = [float(tint.get("fill-opacity")) for tint in tints]
    assert shares == pytest.approx(abs(values) / abs(values).max(), abs=1e-3)


def test_it_has_the_size_that_was_asked_for():
    root = parsed(COURSE, (640, 360))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("640", "360", "0 0 640 360")


def test_a_transparent_one_has_no_ground():
    for root, ground in ((parsed(COURSE), True), (parsed(COURSE, transparent=True), False)):
        whole = [rect for rect in root.iter(f"{SVG}rect") if rect.get("width") == "900"]
        assert bool(whole) == ground


def test_the_legend_shows_each_number_in_its_own_shape():
    samples = legend(800, 20)
    assert [sample.words.text for sample in samples] == ["weight > 0", "weight < 0", "slope of the loss"]
    weights, slope = samples[:2], samples[2]
    for theme in PALETTES.values():
        boxes = [label_box(sample.box, theme) for sample in weights]
        assert [box.line for box in boxes] == [theme.positive, theme.negative]
        assert all(label_box(slope.box, theme).radius < box.radius for box in boxes)
    assert all(sample.edge is not None for sample in weights)
    assert slope.edge is None
    rects = [rect for sample in samples for rect in (sample.edge or sample.box.rect, sample.words.rect)]
    assert all(left.right < right.x for left, right in itertools.pairwise(rects))
    assert rects[-1].right == 800


def test_a_number_that_left_its_edge_is_joined_to_it_by_a_line_in_the_colour_of_its_box():
    own, palette = state((2, 5, 1)), PALETTES["light"]
    root = parsed(own, (606, 354), view="slopes")
    leading = [
        label for label in drawn(own, View(606, 318), with_slopes=True).labels if label.leader is not None
    ]
    assert leading
    drawn_lines = [
        (float(line.get("x1")), float(line.get("y1")), float(line.get("y2")), line.get("stroke"))
        for line in root.iter(f"{SVG}line")
        if line.get("x1") == line.get("x2")
    ]
    for label in leading:
        x, _ = label.rect.center
        border = label.rect.bottom if label.leader > label.rect.bottom else label.rect.y
        sign = palette.positive if label.value > 0 else palette.negative
        colour = palette.slope if label.style == "slope" else sign
        ends = [pytest.approx(each, abs=0.06) for each in (x, border, label.leader)]
        assert (*ends, colour) in drawn_lines
