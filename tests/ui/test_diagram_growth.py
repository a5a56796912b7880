"""The diagram grows with its window, at once, and says by hover what it has no room for."""

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QToolTip

from nnviz.core.address import Address
from tests.picture.diagrams import state
from tests.ui.hands import point
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
