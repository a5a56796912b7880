"""A selected weight's edge is seen as such: it does not fade, and its mark is no weight's width."""

from PySide6.QtCore import QPoint

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.ui.diagram.edge_lines import edge_line
from nnviz.ui.widgets.theme import colours
from tests.ui import hands

FIRST, SECOND, OTHER = Address("weight", 0, 0, 0), Address("weight", 1, 0, 1), Address("weight", 0, 0, 1)


def on_edge(window, address, beside=0):
    """Return the colour of an edge near its end, or so many pixels below it."""
    at = edge_line(window.diagram.picture.layout.gaps[address.layer], address.node, address.source).pointAt(
        0.7
    )
    shot = window.diagram.grab().toImage()
    return shot.pixelColor((at.toPoint() + QPoint(0, beside)) * shot.devicePixelRatio())


def test_under_the_mouse_other_edges_fade_but_not_the_selected_ones(open_window):
    window = open_window("many-rows")
    window.selection.select(FIRST, SECOND)
    weights = (FIRST, SECOND, Address("weight", 0, 1, 1))
    before = [on_edge(window, weight) for weight in weights]
    hands.hover(window.diagram, hands.point(window, OTHER))
    first, second, faded = (on_edge(window, weight) for weight in weights)
    assert [first, second] == before[:2]
    assert faded != before[2]


def test_around_a_selected_weight_of_0_nothing_is_as_strong_as_a_weight(open_window):
    window = open_window("many-rows")
    window.document.push(edits.set_value(window.document.state, FIRST, 0.0), "Set")
    window.selection.select(FIRST)
    ground = colours().canvas
    for beside in (2, 3, 4):
        seen = on_edge(window, FIRST, beside)
        assert abs(seen.lightness() - type(seen)(ground).lightness()) < 25
