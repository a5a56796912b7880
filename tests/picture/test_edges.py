"""Weights as edges and as the cells of an image, and the contrast of every colour."""

import re
from dataclasses import replace

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.picture import matrix
from nnviz.picture.edges import Gap, edge_colour, edge_width, strongest
from nnviz.picture.matrix import Cell, MatrixImage, ink_on, matrix_colours, weight_colours
from nnviz.picture.palette import PALETTES, rgb
from nnviz.picture.parts import Rect
from nnviz.system import resources
from tests.picture.diagrams import distances

LIGHT = PALETTES["light"]
ROOM = Rect(10, 20, 300, 200)


def gap_of(sources, nodes, seed=0):
    rng = np.random.default_rng(seed)
    return Gap(0, 100.0, 350.0, np.sort(rng.uniform(0, 500, sources)), np.sort(rng.uniform(0, 500, nodes)))


# --- edges


@given(
    sources=st.integers(1, 40),
    nodes=st.integers(1, 40),
    x=st.floats(100.0, 350.0),
    y=st.floats(-50.0, 550.0),
    seed=st.integers(0, 5),
)
@hypothesis.example(sources=3, nodes=4, x=100.0, y=200.0, seed=0)  # where the edges begin
def test_the_nearest_edge_is_the_one_that_a_look_at_every_edge_finds(sources, nodes, x, y, seed):
    gap = gap_of(sources, nodes, seed)
    node, source, distance = gap.nearest(x, y)
    every = distances(gap, x, y)
    assert distance == pytest.approx(every.min(), abs=1e-7)
    assert every[node, source] == pytest.approx(every.min(), abs=1e-7)
    assert gap.nearest(99.0, y) is gap.nearest(380.0, y) is None


def test_the_strongest_edges_are_the_largest_without_sign_weakest_first():
    few = np.array([[1.0, -9.0, 2.0], [0.5, 3.0, -4.0]])
    many = np.random.default_rng(3).normal(size=(500, 700))
    for weights, k in ((few, 3), (many, 1), (many, 300), (many, 200_000)):
        nodes, sources = strongest(weights, k)
        expected = np.argsort(np.abs(weights).ravel())[-k:]
        assert (nodes * weights.shape[1] + sources).tolist() == expected.tolist()
    for equal in (np.ones((500, 700)), np.zeros((200, 100)), np.full((200, 100), 1e-310)):
        assert len(strongest(equal, 1500)[0]) == 1500
    assert sorted(zip(*strongest(np.ones((2, 2)), 1500), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    weights = np.ones((128, 256))
    weights.ravel()[::4] = 10.0  # a sample of every fourth misleads
    weights[7, 5] = -2.0
    nodes, sources = strongest(weights, 9000)
    found = np.abs(weights[nodes, sources])
    assert len(np.unique(nodes * 256 + sources)) == 9000
    counts = [np.count_nonzero(found == size) for size in (10.0, 2.0)]
    assert counts == [np.count_nonzero(weights == 10.0), 1]


def test_edges_run_from_source_to_node_fade_to_grey_and_are_wide_by_their_weight():
    gap = Gap(0, 10.0, 20.0, np.array([1.0, 2.0]), np.array([5.0, 6.0, 7.0]))
    lines = gap.segments(np.array([2, 0]), np.array([0, 1]))
    assert lines.tolist() == [[10.0, 1.0, 20.0, 7.0], [10.0, 2.0, 20.0, 5.0]]
    shares = {1.0: LIGHT.positive, -1.0: LIGHT.negative, 0.0: LIGHT.zero, -0.25: "#daa976"}  # √0.25 = ½
    assert [edge_colour(share, LIGHT) for share in shares] == [colour.lower() for colour in shares.values()]
    assert [edge_width(share) for share in (0.0, -1.0, 0.5)] == pytest.approx([1.2, 6.0, 3.6])
    assert [edge_width(share, crowded=True) for share in (1.0, 0.1)] == pytest.approx([3.0, 1.2])


# --- cells


def hex_colour(pixel):
    return f"#{int(pixel) & 0xFFFFFF:06X}"


def test_a_cell_has_the_colour_of_its_edge_and_zero_that_of_the_canvas():
    for palette in PALETTES.values():
        found = weight_colours(np.array([[2.0, 0.0, -2.0]]), palette)
        assert [hex_colour(each) for each in found[0]] == [palette.positive, palette.canvas, palette.negative]
        assert (found >> 24 == 0xFF).all()
        assert hex_colour(weight_colours(np.zeros((2, 2)), palette)[1, 1]) == palette.canvas
    canvas, shares = replace(LIGHT, zero=LIGHT.canvas), np.linspace(-1, 1, 9)
    for share, pixel in zip(shares, weight_colours(shares[None], LIGHT)[0], strict=True):
        apart = np.abs(np.subtract(rgb(hex_colour(pixel)), rgb(edge_colour(share, canvas))))
        assert apart.max() <= 2  # 127 shades a sign


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_a_pixel_for_several_weights_shows_the_strongest(nodes, sources, data):
    rows, columns = data.draw(st.integers(1, nodes)), data.draw(st.integers(1, sources))
    weights = np.random.default_rng(0).normal(size=(nodes, sources))
    found = matrix.strongest(weights, rows, columns)
    assert found.shape == (rows, columns)
    assert np.isin(found, weights).all()
    assert np.abs(found).max() == np.abs(weights).max()
    weights = np.array([[1.0, -3.0, 0.5, 0.25, 0.0], [2.0, 0.0, -0.5, 0.0, -0.125]])
    assert matrix.strongest(weights, 1, 2).tolist() == [[-3, 0.5]]
    assert matrix.strongest(weights, 2, 5) is weights


@pytest.mark.parametrize("shape", [(2, 2), (1, 3), (32, 64), (150, 250)])
def test_every_weight_of_a_sheet_is_found_at_the_middle_of_its_cell(shape):
    sheet, weights = MatrixImage.fit(ROOM, shape), np.zeros(shape)
    for cell in (Cell(0, 0), Cell(shape[0] - 1, shape[1] - 1), Cell(shape[0] // 2, shape[1] // 3)):
        middle = sheet.cell(cell).center
        assert ROOM.contains(*middle)
        assert sheet.weight_at(*middle, weights) == cell
        assert sheet.row(cell.row).contains(*middle)
        assert sheet.column(cell.column).contains(*middle)
    assert sheet.weight_at(ROOM.x - 1, ROOM.y, weights) is None


def test_a_point_of_a_crowded_sheet_has_the_weight_whose_colour_it_shows():
    weights = np.random.default_rng(1).normal(size=(500, 900))
    sheet, fine = MatrixImage.fit(ROOM, weights.shape), MatrixImage.fit(ROOM, weights.shape, ratio=2.0)
    assert (sheet.rows, sheet.columns, fine.rows, fine.columns) == (200, 300, 400, 600)
    seen = matrix.strongest(weights, sheet.rows, sheet.columns)
    for row, column in ((0, 0), (57, 123), (199, 299)):
        cell = sheet.weight_at(ROOM.x + column + 0.5, ROOM.y + row + 0.5, weights)
        assert weights[cell] == seen[row, column]


# --- contrast

PAIRS = {
    "ink": "window surface canvas selection input_node hidden_node walked",
    "muted": "surface canvas selection walked",
    "slope": "surface canvas",
    "error": "surface canvas",
    **dict.fromkeys(["keyword", "string", "number"], "surface selection walked"),
    "on_output": "output_node",
    "on_accent": "accent",
    "on_slope": "slope",
}
"""Each text and the grounds on which it stands."""


def luminance(colour):
    """Return a colour's relative luminance as WCAG 2 defines it, from 0 to 1."""
    channels = [value / 255 for value in rgb(colour)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
def test_every_text_icon_and_number_stands_out_from_its_ground(theme):
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
    of = vars(PALETTES[theme])
    pairs = [(4.5, of[text], of[ground]) for text, grounds in PAIRS.items() for ground in grounds.split()]
    pairs += [(4.5, ink_on(pixel), hex_colour(pixel)) for pixel in matrix_colours(PALETTES[theme]).tolist()]
    for name in ("tick", "submenu"):  # of one colour in every theme
        (colour,) = re.findall(r"#\w{6}", (resources() / "icons" / f"{name}.svg").read_text("utf-8"))
        pairs += [(3, colour, of[ground]) for ground in ("surface", "canvas", "selection")]
    assert [(text, ground) for least, text, ground in pairs if contrast(text, ground) < least] == []
