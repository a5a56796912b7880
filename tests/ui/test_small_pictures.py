"""The small pictures in the nodes, as a person switches them on, sees them follow, and points at pixels."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from nnviz.core.address import Address
from nnviz.core.numbers import shown_in_full
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import pixels
from nnviz.picture.palette import PALETTES, rgb
from nnviz.ui.window.view_menu import PICTURES
from tests.ui.hands import choose_entry, editor_of, hover, press, rest, set_number, write
from tests.ui.sees import offered, status

LIGHT = PALETTES["light"]
TITLE = "Small pictures in the nodes"
CTRL = Qt.KeyboardModifier.ControlModifier


def switch(window):
    QTest.keyClick(window.diagram, Qt.Key.Key_I, CTRL)


def colour_at(window, x, y):
    """Return what is seen at a point of the diagram, as red, green and blue."""
    seen = window.diagram.grab().toImage().pixelColor(round(x), round(y))
    return np.array([seen.red(), seen.green(), seen.blue()])


def place_of(window, column, node):
    return window.diagram.picture.layout.columns[column].picture_of(node)


def span(values):
    room = 0.1 * (values.max() - values.min())
    return values.min() - room, values.max() + room


def wanted(window, across, up):
    """Return the colour of how far an output is above or below 0.5 at a share of both inputs' spans."""
    state = window.document.state
    (low0, high0), (low1, high1) = (span(state.data.inputs[:, k]) for k in (0, 1))
    at = [[low0 + across * (high0 - low0), low1 + up * (high1 - low1)]]
    share = np.clip(2 * state.network.predict(at)[0, 0] - 1, -1, 1)
    packed = int(pixels(np.array([[share, 1.0]]), LIGHT)[0, 0])
    return np.array([packed >> 16 & 255, packed >> 8 & 255, packed & 255])


def follows(window):
    """Tell whether the output's picture is of what is computed now, at points all over it."""
    place = place_of(window, 2, 0)
    for across, up in ((0.2, 0.3), (0.5, 0.5), (0.8, 0.3), (0.3, 0.8), (0.75, 0.75)):
        x, y = place.x + across * place.width, place.bottom - up * place.height
        if np.abs(colour_at(window, x, y) - wanted(window, across, up)).max() > 26:  # blended there
            return False
    return True


def test_the_switch_shows_them_by_key_and_by_menu_and_is_remembered(open_window, settings):
    window = open_window("xor")
    before = window.diagram.grab().toImage()
    assert not offered(window, TITLE).isChecked()
    switch(window)
    assert offered(window, TITLE).isChecked()
    assert settings.flag(PICTURES, first=False)
    assert follows(window)
    choose_entry(window, TITLE)
    assert not settings.flag(PICTURES)
    assert window.diagram.grab().toImage() == before
    choose_entry(window, TITLE)
    again = open_window("xor")
    assert offered(again, TITLE).isChecked()
    assert follows(again)


def test_they_follow_edits_undo_and_training(open_window, qtbot):
    window = open_window("xor")
    switch(window)
    place = place_of(window, 2, 0)
    before = colour_at(window, *place.center)
    set_number(window, Address("weight", 1, 0, 1), "-3")
    assert (colour_at(window, *place.center) != before).any()
    assert follows(window)
    window.undo()
    assert (colour_at(window, *place.center) == before).all()
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration > 20)
    window.runner.pause()
    qtbot.waitUntil(lambda: not window.document.in_motion)
    assert follows(window)


def test_where_there_can_be_none_the_status_line_says_why(open_window):
    window = open_window("large")
    switch(window)
    assert "one or two inputs" in status(window)
    assert all(column.picture == 0.0 for column in window.diagram.picture.layout.columns)


def test_pixels_are_the_digit_of_the_selected_row(open_window):
    window = open_window("digits")
    column = window.diagram.picture.layout.columns[0]
    for row in (0, 7):
        window.selection.row = row
        image = window.diagram.grab().toImage()
        values = window.document.state.data.inputs[row]
        for pixel, share in enumerate(values / values.max()):
            seen = image.pixelColor(*(round(v) for v in column.rect(pixel).center))
            blend = (1 - share) * np.array(rgb(LIGHT.input_node)) + share * np.array(rgb(LIGHT.positive))
            assert np.abs(blend - [seen.red(), seen.green(), seen.blue()]).max() < 4


def test_a_pixel_says_which_input_it_is_and_can_be_changed_where_it_is(open_window):
    window = open_window("digits")
    column = window.diagram.picture.layout.columns[0]
    at = QPoint(*(round(v) for v in column.rect(11).center))
    rest(window.diagram, at)
    assert QToolTip.text() == f"pixel_1_3 = {window.document.state.data.inputs[0, 11]}"
    QTest.mouseDClick(window.diagram, Qt.MouseButton.LeftButton, pos=at)
    write(editor_of(window), "0.25")
    QTest.keyClick(editor_of(window), Qt.Key.Key_Return)
    assert window.document.state.data.inputs[0, 11] == 0.25


def test_a_pixel_of_a_node_is_a_weight_that_a_click_selects(open_window):
    window = open_window("digits")
    switch(window)
    weights = window.document.state.network.layers[0].weights
    tile = place_of(window, 1, 5)
    at = QPoint(round(tile.x + 3.5 * tile.width / 8), round(tile.y + 2.5 * tile.height / 8))
    largest = np.abs(weights).max()
    packed = int(pixels(np.array([[weights[5, 19], largest]]), LIGHT)[0, 0])
    seen = colour_at(window, at.x(), at.y())
    assert np.abs(seen - [packed >> 16 & 255, packed >> 8 & 255, packed & 255]).max() < 3
    digit = window.diagram.picture.layout.columns[0].rect(19)
    corner = digit.x - 1, digit.y - 1
    before = colour_at(window, *corner)
    rest(window.diagram, at)
    assert colour_at(window, *corner).sum() < before.sum()  # its pixel of the digit is outlined
    assert QToolTip.text() == f"weight from pixel_2_3 to node_0_5: {shown_in_full(weights[5, 19])}"
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, pos=at)
    assert window.selection.address == Address("weight", 0, 5, 19)
    bar = window.diagram.picture.layout.columns[1].bar_of(5)
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, pos=QPoint(*(round(v) for v in bar.center)))
    assert window.selection.address == Address("node", 0, 5)
    hover(window.diagram, QPoint(1, 1))


def test_the_selected_row_is_a_dot(open_window):
    window = open_window("xor")
    switch(window)
    place = place_of(window, 2, 0)
    for row, (across, up) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        window.selection.row = row
        x = place.x + (across + 0.1) / 1.2 * place.width
        y = place.bottom - (up + 0.1) / 1.2 * place.height
        assert QColor(*colour_at(window, x, y).tolist()).lightness() < 60


@pytest.mark.parametrize("name", ["xor", "curve", "digits"])
def test_pictures_are_in_the_copy(open_window, name):
    from nnviz.picture.legend import sheet
    from nnviz.picture.svg import sheet_svg

    window = open_window(name)
    switch(window)
    text = sheet_svg(sheet(window.diagram.picture, 900, 500), LIGHT)
    assert text.count("<image") + text.count("<polygon") > load(example(name).path).network.sizes[1]
