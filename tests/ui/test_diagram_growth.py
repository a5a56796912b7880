"""The diagram grows with its window, at once, and says by hover what it has no room for."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, QPoint
from PySide6.QtGui import QColor, QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from nnviz import load
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.ui.diagram.heads import BEFORE_PX, BEHIND_PX, HEIGHT_PX, ActivationButton
from nnviz.ui.widgets.theme import colours
from tests.picture.diagrams import state
from tests.ui.hands import hover, point
from tests.ui.sees import place


def sizes(window):
    picture = window.diagram.picture
    node = picture.place(Address("node", 0, 0))
    numbers = (Address("weight", 0, 0, 0), Address("value", 0, 0))
    return (node.width, node.height, *(picture.label(address).size for address in numbers))


@pytest.mark.parametrize("name", ["xor", "forward", "calculating-slopes"])
def test_nodes_and_numbers_are_half_as_large_again_in_a_window_of_1920_by_1080(open_window, qtbot, name):
    window = open_window(name)
    small = sizes(window)
    window.main_window.resize(1920, 1080)
    qtbot.waitUntil(lambda: window.diagram.width() > 1400)
    assert all(large >= 1.5 * before for large, before in zip(sizes(window), small, strict=True))
    window.main_window.resize(1280, 800)
    qtbot.waitUntil(lambda: window.diagram.width() < 1000)
    assert sizes(window) == small


def test_hover_tells_the_bias_that_has_no_room_in_its_node(open_window):
    window = open_window(state((2, 16, 1)))
    bias, node = Address("bias", 0, 3), Address("node", 0, 3)
    assert window.diagram.picture.label(bias) is None
    at = point(window, node)
    assert place(window, node).contains(at.x(), at.y())
    QApplication.sendEvent(
        window.diagram, QHelpEvent(QEvent.Type.ToolTip, at, window.diagram.mapToGlobal(at))
    )
    value = float(window.document.state.network.layers[0].biases[3])
    assert f"bias {value!r}".replace("-", "−") in QToolTip.text()
    QToolTip.hideText()


def long_activation():
    layers = load(example("two-hidden-layers").path).network.layers
    named = Network(
        ("accounts", "children"),
        tuple(
            replace(layer, activation="leaky_relu(0.0123456)", biases=[0.5] * len(layer)) for layer in layers
        ),
    )
    return State(named, Dataset([[3, 5], [1, 2]], [[200], [100]]))


SMALL = (1000, 650)
OPENED = {
    "xor": load(example("xor").path),
    "4-8-3": state((4, 8, 3), activation="sigmoid"),
    "long": long_activation(),
}


@pytest.mark.parametrize(
    ("name", "size", "percent"),
    [
        *((name, SMALL, percent) for name in OPENED for percent in (100, 200)),
        ("xor", (1280, 800), 100),
        ("4-8-3", (1280, 800), 150),
        ("long", (1920, 1080), 200),
    ],
    ids=str,
)
def test_the_control_of_every_activation_stands_whole_under_its_heading(
    qtbot, open_window, name, size, percent
):
    window = open_window(OPENED[name], size)
    window.set_size(percent)
    window.selection.show_slopes(True)
    all_of_them = window.diagram.findChildren(ActivationButton)
    # beside long names the last line says whose slopes are shown
    qtbot.waitUntil(lambda: sum(own.isVisible() for own in all_of_them) >= 2)
    controls = [own for own in all_of_them if own.isVisible()]
    room = window.diagram.rect().adjusted(4, 0, -4, 0)
    for control in controls:
        assert room.contains(control.geometry())
        scale = control.height() / HEIGHT_PX
        text = control.fontMetrics().horizontalAdvance(control.text().replace("&&", "&"))
        assert text + (BEFORE_PX + BEHIND_PX - 3) * scale <= control.width()  # before the chevron
    places = [own.geometry() for own in controls]
    assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])


def test_an_edge_under_the_mouse_shows_its_slope_where_there_is_no_room_for_it(open_window):
    window = open_window(state((4, 8, 3), spread=0), (1280, 800))
    window.selection.show_slopes(True)
    QApplication.processEvents()
    diagram, edge = window.diagram, Address("weight", 0, 3, 1)
    assert diagram.picture.label(edge._replace(kind="slope")) is None
    x, y = diagram.picture.layout.gaps[0].point(3, 1, 0.9)
    assert diagram.picture.at(x, y) == edge
    before = diagram.grab().toImage()
    hover(diagram, QPoint(round(x), round(y)))
    slope = next(label for label in diagram.picture.hidden_numbers(edge) if label.address.kind == "slope")
    after = diagram.grab().toImage()
    purple = QColor(colours().slope)
    inside = slope.rect.middle(slope.rect.width - 6, slope.rect.height - 6)
    pixels = [
        (x, y)
        for x in range(round(inside.x), round(inside.right))
        for y in range(round(inside.y), round(inside.bottom))
    ]
    drawn, was = (sum(_near(image.pixelColor(*at), purple) for at in pixels) for image in (after, before))
    assert drawn > was + 40
    hover(diagram, QPoint(3, 200))
    assert diagram.grab().toImage() == before


def _near(one, other):
    return sum(abs(a - b) for a, b in zip(one.getRgb(), other.getRgb(), strict=True)) < 120
