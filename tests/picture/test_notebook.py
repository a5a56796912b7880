"""What a notebook shows of networks, trainings and weights, as SVG and HTML of a bounded size."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

import nnviz
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.picture.palette import PALETTES, rgb
from tests.picture import diagrams
from tests.picture.diagrams import state

SVG = "{http://www.w3.org/2000/svg}"
COURSE = State(diagrams.COURSE.network, Dataset([[3, 5]], [[60]]))
HOSTILE = ("<script>alert(1)</script>", "$\\href{javascript:alert(1)}{x}$", '"><img src=x onerror=alert(1)>')


def parsed(shown):
    return ElementTree.fromstring(shown._repr_svg_())


def texts(root):
    return [element.text for element in root.iter(f"{SVG}text")]


def curve(root):
    """Return the points of the first curve, shape (points, 2)."""
    pairs = root.find(f"{SVG}polyline").get("points").split()
    return np.array([pair.split(",") for pair in pairs], float)


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
    network, first_row = set(texts(parsed(COURSE.network))), set(texts(parsed(COURSE)))
    assert {"accounts", "children", "output", "−5"} <= network
    assert {"26", "52"} & network == set()
    assert {"26", "52", "target 60"} <= first_row
    for shown in (COURSE.network, COURSE, nnviz.train(COURSE)):
        root = parsed(shown)
        ground = root.find(f"{SVG}rect")  # for a dark notebook
        assert ground.get("fill") == PALETTES["light"].canvas
        assert (ground.get("width"), ground.get("height")) == (root.get("width"), root.get("height"))


def test_a_large_network_is_drawn_in_few_edges_or_says_why_not(monkeypatch, approved):
    said = []
    for sizes in ((1000, 1000, 10), (784, 128, 64, 10), (25, 25, 1)):
        drawing = state(sizes)._repr_svg_()
        root = ElementTree.fromstring(drawing)
        each = 1500 // (len(sizes) - 1)
        lines = sum(min(each, a * b) for a, b in itertools.pairwise(sizes))
        assert len(list(root.iter(f"{SVG}line"))) == lines
        assert len(drawing) < 250_000
        (sentence,) = [text for text in texts(root) if "strongest" in text]
        said.append(f"{sizes}: {sentence}")
    monkeypatch.setattr("nnviz.picture.notebook.LARGEST", 60_000)
    drawing = state((20,) * 40)._repr_svg_()
    said += texts(ElementTree.fromstring(drawing))
    approved("large networks", "\n".join(said))


def test_hostile_names_are_text_in_a_picture_and_in_a_table():
    network = Network(HOSTILE, (Layer(("</svg>",), "identity", [[1, 2, 3]]),))
    root = parsed(State(network, Dataset([[1, 2, 3]]), name="</title><script>"))
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


def test_a_training_shows_its_curve(approved):
    result = nnviz.train(replace(COURSE, training=Training(0.0002, 20)))
    root = parsed(result)
    assert texts(root)[0] == result.in_words
    approved("texts of a training's curve", "\n".join(texts(root)))
    points = curve(root)
    assert len(points) == 21
    right, bottom = points[-1]
    heights = (bottom - points[:, 1]) / (bottom - points[0, 1])
    assert heights == pytest.approx(result.history[:, 1] / 64, abs=1e-3)
    assert np.ptp(np.diff(points[:, 0])) <= 0.11
    assert root.find(f"{SVG}circle").get("cx") == f"{right:.1f}"
    root = parsed(replace(result, history=result.history * [1, -1]))
    heights = curve(root)[:, 1]
    assert (heights[0], heights.min()) == (274, 52)  # a curve below 0 stays within its picture
    assert "−60" in texts(root)


def test_a_long_training_shows_its_extremes_in_few_points():
    losses = np.linspace(1, 2, 50_001)
    losses[31_234] = 6
    result = nnviz.train(state((1, 1)), updates=1)
    points = curve(parsed(replace(result, history=np.column_stack([np.arange(50_001), losses]))))
    assert len(points) <= 4 * 640
    assert points[:, 1].min() == 52


def test_a_training_that_diverges_says_so(approved):
    line = State(Network.from_weights({"output": [0, 2, 1]}), Dataset([[1, 2, 3]], [[0]]))
    result = nnviz.train(line, learning_rate=1e4, updates=1000)
    assert result.diverged
    root = parsed(result)
    assert f"after {result.state.iteration} updates" in texts(root)[0]
    assert {"0", "50", "100"} <= set(texts(root))  # up to three times the start, 49
    (line,) = root.iter(f"{SVG}path")
    heights = [float(pair.split(",")[1]) for pair in re.split("[ML]", line.get("d")) if pair]
    assert (heights[0], min(heights)) == (pytest.approx(200, abs=0.1), 52)
    (arrow,) = root.iter(f"{SVG}polygon")
    assert arrow.get("points").split()[0].endswith(",52.0")
    flat = State(Network.from_weights({"output": [0]}), Dataset([[1]], [[0]]))
    sentences = texts(root)[0], texts(parsed(nnviz.train(flat, updates=1)))[0]
    approved("a training that diverges, and one at rest", "\n".join(sentences))


def test_only_a_curve_that_leaves_its_picture_has_an_arrow():
    result = nnviz.train(state((1, 1)), updates=4)
    root = parsed(replace(result, history=np.array([[0, 3e-22], [1, 0], [2, 0.1], [3, 0.01], [4, 1e-28]])))
    assert "0.1" in texts(root)
    assert list(root.iter(f"{SVG}polygon")) == []
    root = parsed(replace(result, history=np.array([[0, 1.5e307], [1, 1.4e307]])))
    (arrow,) = root.iter(f"{SVG}polygon")
    (line,) = root.iter(f"{SVG}path")
    assert arrow.get("points").split()[0].endswith(",52.0")
    assert line.get("d") == ""


def test_a_training_with_validation_shows_both_curves_and_which_is_which():
    data = Dataset([[1, 0], [0, 1], [1, 1], [-1, 1]], [[1], [0], [1], [0]])
    network = Network.from_weights({"output": [0.5, 0.5]}, output="sigmoid")
    result = nnviz.train(State(network, data, Training(0.5, 20, loss="cross_entropy", validation=0.25)))
    root = parsed(result)
    assert texts(root)[0] == result.in_words
    assert result.in_words.startswith("Cross-entropy 0.")
    assert {"Cross-entropy", "training", "validation"} <= set(texts(root))
    assert "MSE" not in " ".join(texts(root))
    curves = root.findall(f"{SVG}polyline")
    highest = result.history[:, 1:].max()
    for line, losses in zip(curves, result.history[:, 1:].T, strict=True):
        y = np.array([pair.split(",")[1] for pair in line.get("points").split()], float)
        assert (y[0] - y) / (274 - 52) * highest == pytest.approx(losses - losses[0], abs=1e-3)
    assert curves[0].get("stroke") != curves[1].get("stroke")


# --- weights as tables


def test_layers_show_their_weights_by_name_and_rounded_numbers_in_full():
    hidden, output = Cells(COURSE.network.layers._repr_html_()).tables
    assert hidden == [
        "Hidden layer, relu",
        [["", "accounts", "children"], ["node_0", "2", "4"], ["node_1", "4", "−5"]],
    ]
    assert output == ["Prediction, identity", [["", "node_0", "node_1"], ["output", "2", "7"]]]
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
    captions = [*(caption for caption, _ in tables), Cells(deep).tables[-1]]
    approved("captions of large tables", "\n".join(captions))


def test_what_is_printed_is_short():
    assert repr(COURSE) == "<State: <Network 2 inputs, 2 relu, 1 identity>, 1 row>"
    named = replace(COURSE, name="Bank")
    assert repr(named) == "<State 'Bank': <Network 2 inputs, 2 relu, 1 identity>, 1 row>"
    assert repr(nnviz.train(COURSE, learning_rate=0.0002)).startswith("<Result: MSE 64 → ")
