"""Which colour every weight has in the image of a layer, and where its cell is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.picture.edges import edge_colour
from nnviz.picture.matrix import GAP, Cell, Sheet, Tiles, ink_on, pixels, shades, side_of, strongest
from nnviz.picture.palette import PALETTES
from nnviz.picture.parts import Rect
from tests.picture.test_palette import contrast

ROOM = Rect(10, 20, 300, 200)


def hex_colour(pixel):
    return f"#{int(pixel) & 0xFFFFFF:06X}"


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_the_largest_weight_has_its_signs_colour_and_zero_the_canvas(palette):
    found = pixels(np.array([[2.0, 0.0, -2.0]]), palette)
    assert [hex_colour(pixel) for pixel in found[0]] == [palette.positive, palette.canvas, palette.negative]
    assert (found >> 24 == 0xFF).all()


def test_a_weight_is_as_strong_as_its_edge_in_the_diagram():
    palette = PALETTES["light"]
    shares = np.linspace(-1, 1, 9)
    drawn = [hex_colour(pixel) for pixel in pixels(shares[None], palette)[0]]
    canvas = palette.__class__(**{**palette.__dict__, "zero": palette.canvas})
    for share, colour in zip(shares, drawn, strict=True):
        edge = edge_colour(share, canvas)
        apart = [abs(int(colour[k : k + 2], 16) - int(edge[k : k + 2], 16)) for k in (1, 3, 5)]
        assert max(apart) <= 2  # 127 shades a sign


def test_weights_that_are_all_zero_are_canvas():
    assert hex_colour(pixels(np.zeros((2, 2)), PALETTES["dark"])[1, 1]) == PALETTES["dark"].canvas


def test_where_a_pixel_stands_for_several_weights_it_shows_the_strongest():
    weights = np.array([[1.0, -3.0, 0.5, 0.25, 0.0], [2.0, 0.0, -0.5, 0.0, -0.125]])
    assert strongest(weights, 1, 2).tolist() == [[-3, 0.5]]
    assert strongest(weights, 2, 5) is weights


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_strongest_of_every_block_is_kept(nodes, sources, data):
    rows, columns = data.draw(st.integers(1, nodes)), data.draw(st.integers(1, sources))
    weights = np.random.default_rng(0).normal(size=(nodes, sources))
    found = strongest(weights, rows, columns)
    assert found.shape == (rows, columns)
    assert np.isin(found, weights).all()
    assert np.abs(found).max() == np.abs(weights).max()


@pytest.mark.parametrize("shape", [(2, 2), (1, 3), (32, 64), (150, 250)])
def test_every_weight_of_a_sheet_is_found_at_the_middle_of_its_cell(shape):
    sheet = Sheet.over(ROOM, shape)
    weights = np.zeros(shape)
    for cell in (Cell(0, 0), Cell(shape[0] - 1, shape[1] - 1), Cell(shape[0] // 2, shape[1] // 3)):
        place = sheet.cell(cell)
        assert ROOM.contains(*place.center)
        assert sheet.at(*place.center, weights) == cell
        assert sheet.row(cell.node).contains(*place.center)
        assert sheet.column(cell.source).contains(*place.center)
    assert sheet.at(ROOM.x - 1, ROOM.y, weights) is None


def test_a_point_of_a_crowded_sheet_tells_of_the_weight_whose_colour_it_has():
    weights = np.random.default_rng(1).normal(size=(500, 900))
    sheet = Sheet.over(ROOM, weights.shape)
    assert (sheet.rows, sheet.columns) == (200, 300)
    seen = strongest(weights, sheet.rows, sheet.columns)
    for row, column in ((0, 0), (57, 123), (199, 299)):
        cell = sheet.at(ROOM.x + column + 0.5, ROOM.y + row + 0.5, weights)
        assert weights[cell] == seen[row, column]


def test_a_fine_screen_shows_more_of_a_crowded_sheet():
    sheet = Sheet.over(ROOM, (500, 900), ratio=2.0)
    assert (sheet.rows, sheet.columns) == (400, 600)


def test_sources_that_make_a_square_make_a_picture():
    assert [side_of(sources) for sources in (1, 2, 4, 16, 63, 64, 784)] == [None, None, 2, 4, None, 8, 28]


@given(st.integers(1, 400), st.integers(2, 28))
def test_tiles_lie_in_the_room_side_by_side(nodes, side):
    tiles = Tiles.over(ROOM, nodes, side)
    for node in (0, nodes // 2, nodes - 1):
        place = tiles.row(node)
        assert place.x >= ROOM.x - 1e-9
        assert place.y >= ROOM.y - 1e-9
        assert place.right <= ROOM.right + 1e-9
        assert place.bottom <= ROOM.bottom + 1e-9
        cell = Cell(node, side * side - 1)
        assert tiles.at(*tiles.cell(cell).center) == cell
    if nodes > 1:
        first, second = tiles.row(0), tiles.row(1)
        assert max(second.x - first.right, second.y - first.bottom) == pytest.approx(GAP)


def test_a_picture_reads_from_left_to_right_and_then_down():
    tiles = Tiles.over(ROOM, 3, 8)
    one, two, below = (tiles.cell(Cell(1, source)) for source in (0, 1, 8))
    assert (two.y, below.x) == (one.y, one.x)
    assert two.x == pytest.approx(one.right)
    assert below.y == pytest.approx(one.bottom)


def test_nothing_is_between_the_tiles_and_after_the_last():
    tiles = Tiles.over(Rect(0, 0, 104, 104), 3, 2)
    assert (tiles.across, tiles.size) == (2, 50)
    assert tiles.at(52, 20) is None
    assert tiles.at(80, 80) is None
    assert tiles.at(-1, 20) is None


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_a_number_can_be_read_on_every_shade(palette):
    for pixel in shades(palette).tolist():
        assert contrast(ink_on(pixel), hex_colour(pixel)) >= 4.5
