"""A notebook shows networks, trainings and weights as SVG and HTML of a bounded size."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import nnviz
from nnviz.core.history import History
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.picture.palette import PALETTES, rgb
from tests.picture import diagrams
from tests.picture.diagrams import state

SVG = "{http://www.w3.org/2000/svg}"
COURSE = State(diagrams.COURSE.network, Dataset([[3, 5]], [[60]]))
HOSTILE = ("<script>alert(1)</script>", "$\\href{javascript:alert(1)}{x}$", '"><img src=x onerror=alert(1)>')


def parsed(shown):
    """Return the SVG that a notebook shows, and its texts."""
    root = ElementTree.fromstring(shown._repr_svg_())
    return root, [element.text for element in root.iter(f"{SVG}text")]


def points_of(line):
    """Return the points of a polyline, shape (points, 2)."""
    return np.array([pair.split(",") for pair in line.get("points").split()], float)


def curve(root):
    """Return the points of the first curve."""
    return points_of(root.find(f"{SVG}polyline"))


class Cells(HTMLParser):
    """The tables of an HTML text: each its caption and its rows of cells; other tags are counted."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.tags, self.titles = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "table":
            self.tables.append(["", []])
        elif tag == "tr":
            self.tables[-1][1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][1][-1].append("")
        self.titles += [value for name, value in attrs if name == "title"]

    def handle_data(self, data):
        if not data.strip():
            return
        if self.tags[-1] == "caption":
            self.tables[-1][0] += data
        elif self.tags[-1] in ("td", "th"):
            self.tables[-1][1][-1][-1] += data
        else:
            self.tables.append(data)


def test_a_network_shows_its_diagram_and_a_state_its_first_row_on_a_ground_of_its_own():
    network, first_row = set(parsed(COURSE.network)[1]), set(parsed(COURSE)[1])
    assert {"accounts", "children", "output", "−5"} <= network
    assert {"26", "52"} & network == set()
    assert {"26", "52", "target 60"} <= first_row
    for shown in (COURSE.network, COURSE, nnviz.train(COURSE)):
        root, _ = parsed(shown)
        ground = root.find(f"{SVG}rect")  # for a dark notebook
        assert ground.get("fill") == PALETTES["light"].canvas
        assert (ground.get("width"), ground.get("height")) == (root.get("width"), root.get("height"))


def test_a_large_network_is_drawn_in_few_edges(approved):
    told = {}
    for sizes in ((1000, 1000, 10), (784, 128, 64, 10), (25, 25, 1)):
        root, texts = parsed(state(sizes))
        most = 1500 // (len(sizes) - 1)
        lines = sum(min(most, a * b) for a, b in itertools.pairwise(sizes))
        assert len(root.findall(f".//{SVG}line")) == lines
        assert len(state(sizes)._repr_svg_()) < 250_000
        (told[str(sizes)],) = [text for text in texts if "strongest" in text]
    approved("large networks", told)


def test_hostile_names_are_text_in_a_picture_and_in_a_table():
    network = Network(HOSTILE, (Layer(("</svg>",), "identity", [[1, 2, 3]]),))
    root, _ = parsed(State(network, Dataset([[1, 2, 3]]), name="</title><script>"))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "rect", "g", "line", "text"}
    assert root.find(f"{SVG}title").text == "</title><script>"
    network = Network(HOSTILE, (Layer(("x" * 200,), "identity", [[1, 2, 3]]),))
    text = network.layers._repr_html_()
    shown = Cells(text)
    assert set(shown.tags) == {"div", "table", "caption", "tr", "th", "td"}
    assert shown.tables[0][1][0][1:] == list(HOSTILE)
    assert len(shown.tables[0][1][1][0]) == 60
    assert text.startswith('<div class="tex2jax_ignore mathjax_ignore">')  # a formula in dollars stays text


# --- a training


def with_history(result, points):
    """Return the result of a training with another loss curve."""
    run = replace(result.end.run, history=History().extended(points))
    return replace(result, end=replace(result.end, run=run))


def test_a_training_shows_its_curve(approved):
    result = nnviz.train(replace(COURSE, training=Training(0.0002, 20)))
    root, texts = parsed(result)
    assert texts[0] == result.in_words
    approved("texts of a training's curve", "\n".join(texts))
    points = curve(root)
    assert len(points) == 21
    right, bottom = points[-1]
    heights = (bottom - points[:, 1]) / (bottom - points[0, 1])
    assert heights == pytest.approx(result.history[:, 1] / 64, abs=1e-3)
    assert np.ptp(np.diff(points[:, 0])) <= 0.11
    assert root.find(f"{SVG}circle").get("cx") == f"{right:.1f}"
    root, texts = parsed(with_history(result, result.history * [1, -1]))
    heights = curve(root)[:, 1]
    assert (heights[0], heights.min()) == (274, 52)  # a curve below 0 stays within its picture
    assert "−60" in texts
    losses = np.linspace(1, 2, 50_001)
    losses[31_234] = 6
    points = curve(parsed(with_history(result, np.column_stack([np.arange(50_001), losses])))[0])
    assert len(points) <= 4 * 640  # a long training has few points, and its extremes
    assert points[:, 1].min() == 52


def test_a_training_that_diverges_says_so(approved):
    line = State(Network.from_weights({"output": [0, 2, 1]}), Dataset([[1, 2, 3]], [[0]]))
    result = nnviz.train(line, learning_rate=1e4, updates=1000)
    assert result.diverged
    root, texts = parsed(result)
    assert f"after {result.state.iteration} updates" in texts[0]
    assert {"0", "50", "100"} <= set(texts)  # up to three times the start, 49
    heights = curve(root)[:, 1]
    assert heights[0] == pytest.approx(200, abs=0.1)
    assert heights[-1] == -170  # above the picture, whose top is 0
    flat = nnviz.train(State(Network.from_weights({"output": [0]}), Dataset([[1]], [[0]])), updates=1)
    approved("a training that diverges, and one at rest", f"{texts[0]}\n{parsed(flat)[1][0]}")


def test_only_a_curve_above_three_times_its_start_leaves_its_picture():
    result = nnviz.train(state((1, 1)), updates=4)
    root, texts = parsed(with_history(result, np.array([*enumerate([3e-22, 0, 0.1, 0.01, 1e-28])])))
    assert "0.1" in texts
    assert curve(root)[:, 1].min() == 52
    root, _ = parsed(with_history(result, np.array([[0, 1.5e307], [1, 1.4e307]])))
    assert np.isfinite(curve(root)).all()


def test_a_training_with_validation_shows_both_curves_and_which_is_which():
    data = Dataset([[1, 0], [0, 1], [1, 1], [-1, 1]], [[1], [0], [1], [0]])
    network = Network.from_weights({"output": [0.5, 0.5]}, output="sigmoid")
    result = nnviz.train(State(network, data, Training(0.5, 20, loss="cross_entropy", validation=0.25)))
    root, texts = parsed(result)
    assert texts[0] == result.in_words
    assert result.in_words.startswith("Cross-entropy 0.")
    assert {"Cross-entropy", "training", "validation"} <= set(texts)
    assert "MSE" not in " ".join(texts)
    curves, highest = root.findall(f"{SVG}polyline"), result.history[:, 1:].max()
    for line, losses in zip(curves, result.history[:, 1:].T, strict=True):
        y = points_of(line)[:, 1]
        assert (y[0] - y) / (274 - 52) * highest == pytest.approx(losses - losses[0], abs=1e-3)
    assert curves[0].get("stroke") != curves[1].get("stroke")


# --- weights as tables


def test_layers_show_their_weights_by_name_and_rounded_numbers_in_full():
    assert Cells(COURSE.network.layers._repr_html_()).tables == [
        ["Hidden layer, relu", [["", "accounts", "children"], ["node_0", "2", "4"], ["node_1", "4", "−5"]]],
        ["Prediction, identity", [["", "node_0", "node_1"], ["output", "2", "7"]]],
    ]
    shown = Cells(Layer(("a",), "tanh", [[1 / 3, -2]], [0.5])._repr_html_())
    assert shown.tables == [["tanh", [["", "0", "1", "bias"], ["a", "0.3333", "−2", "0.5"]]]]
    assert shown.titles == ["0.3333333333333333"]


def test_a_cell_has_the_colour_of_its_sign_and_a_slope_is_purple():
    light = PALETTES["light"]
    text = Layer(("a",), "relu", [[4, -2, 0]])._repr_html_()
    cells = re.findall(r"rgba\((\d+), (\d+), (\d+), ([\d.]+)\)", text)
    colours = [tuple(map(int, cell[:3])) for cell in cells]
    assert colours[:2] == [rgb(light.positive), rgb(light.negative)]
    assert [float(cell[3]) for cell in cells] == [0.35, 0.17, 0]
    found = nnviz.slopes(COURSE.network, [[3, 5]], [[60]])
    text = found._repr_html_()
    assert Cells(text).tables[1] == ["Prediction, slopes of the MSE", [["", "0", "1"], ["0", "−416", "0"]]]
    purple = ", ".join(map(str, rgb(light.slope)))
    assert set(re.findall(r"rgba\((.+?), [\d.]+\)", text)) == {purple}
    assert repr(found) == "<Slopes of MSE 64 over 1 row, 2 layers>"
    too_large = nnviz.slopes(Network.from_weights({"output": [1e200]}), [[1e200]], [[0]])
    assert Cells(too_large._repr_html_()).tables[0][1][1] == ["0", "∞"]


def test_large_tables_are_cut_off_and_say_so(approved):
    tables = Cells(state((784, 128, 64, 10)).network.layers._repr_html_()).tables
    assert [(len(rows), len(rows[0])) for _, rows in tables] == [(21, 14), (21, 14), (11, 14)]
    deep = state((60,) * 60).network.layers._repr_html_()
    assert len(deep) < 250_000
    captions = [caption for caption, _ in tables]
    approved("captions of large tables", "\n".join([*captions, Cells(deep).tables[-1]]))


def test_reprs_are_short():
    assert repr(COURSE) == "<State: <Network 2 inputs, 2 relu, 1 identity>, 1 row>"
    named = replace(COURSE, name="Bank")
    assert repr(named) == "<State 'Bank': <Network 2 inputs, 2 relu, 1 identity>, 1 row>"
    assert repr(nnviz.train(COURSE, learning_rate=0.0002)).startswith("<Result: MSE 64 → ")
