"""Whose the walk's keys are: its own, but where text is typed and at a button reached with Tab."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu, QPushButton, QTableView, QToolBar, QWidget

from nnviz.core.address import Address
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.window.actions import table
from nnviz.ui.window.help import sheet
from tests.ui.hands import click, editor_of, offered, press, shown
from tests.ui.sees import status, walking, written


def key(window, which):
    """Press a key, whatever has the focus; say what had it."""
    focused = QApplication.focusWidget() or window.main_window
    QTest.keyClick(focused, which)
    return focused


def field(window, name):
    return next(own for own in window.main_window.findChildren(QLineEdit) if own.accessibleName() == name)


def select_cell(window, row=0, column=0):
    """Click a cell of the data table."""
    view = window.data.findChild(QTableView)
    at = view.visualRect(view.model().index(row, column)).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    return view


def typed_cell(window):
    """Return the field that is open in the data table; None without one."""
    return window.data.findChild(QLineEdit, "cell")


def end_button(window):
    """Return the toolbar's button that ends the walk, where it can be pressed."""
    bar = window.main_window.findChild(QToolBar)
    button = bar.widgetForAction(offered(window, "End the walk"))
    assert button.isVisible()
    return button if button.isEnabled() else None


def toolbar_places(window):
    """Return where everything on the toolbar stands."""
    bar = window.main_window.findChild(QToolBar)
    return [own.geometry() for own in bar.findChildren(QWidget) if own.parent() is bar and own.isVisible()]


def test_after_a_menu_and_the_help_space_plays(open_window, qtbot):
    window = open_window("relu")
    bar = window.main_window.menuBar()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.actionGeometry(bar.actions()[0]).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    key(window, Qt.Key.Key_Space)
    assert window.player.playing
    key(window, Qt.Key.Key_Space)
    assert not window.player.playing
    key(window, Qt.Key.Key_F1)
    QTest.keyClick(window.main_window.findChild(HelpWindow), Qt.Key.Key_Escape)
    window.main_window.activateWindow()  # as a window manager does when the sheet has closed
    qtbot.waitUntil(window.main_window.isActiveWindow)
    key(window, Qt.Key.Key_Space)
    assert window.player.playing
    key(window, Qt.Key.Key_Space)
    at = window.player.progress.position
    key(window, Qt.Key.Key_Comma)
    assert window.player.progress.position == at - 1


def test_with_a_data_cell_selected_the_walks_keys_walk(open_window):
    window = open_window("relu")
    select_cell(window)
    assert isinstance(key(window, Qt.Key.Key_Space), QTableView)
    assert window.player.playing
    assert typed_cell(window) is None
    key(window, Qt.Key.Key_Space)
    key(window, Qt.Key.Key_Period)
    assert window.player.progress.moving
    assert "type a number" not in status(window)


def test_a_digit_opens_a_data_cell(open_window):
    window = open_window("relu")
    select_cell(window)
    key(window, Qt.Key.Key_4)
    assert typed_cell(window).text() == "4"
    assert not walking(window)


def test_escape_in_the_table_ends_the_walk(open_window):
    window = open_window("relu")
    key(window, Qt.Key.Key_Period)
    select_cell(window)
    key(window, Qt.Key.Key_Escape)
    assert not walking(window)
    assert shown(window, "value", "output") == "52"


def test_escape_in_an_open_cell_restores_it_and_the_walk_goes_on(open_window):
    window = open_window("relu")
    key(window, Qt.Key.Key_Period)
    view = select_cell(window)
    key(window, Qt.Key.Key_4)
    key(window, Qt.Key.Key_Escape)
    assert typed_cell(window) is None or not typed_cell(window).isVisible()
    assert view.model().index(0, 0).data() == "3"
    assert walking(window)


def test_escape_takes_back_what_is_typed_and_then_ends_the_walk(open_window):
    window = open_window("relu")
    key(window, Qt.Key.Key_Period)
    rate = field(window, "Learning rate")
    before = rate.text()
    rate.setFocus()
    rate.selectAll()
    key(window, Qt.Key.Key_2)
    assert rate.text() == "2"
    key(window, Qt.Key.Key_Escape)
    assert (rate.text(), walking(window)) == (before, True)
    key(window, Qt.Key.Key_Escape)
    assert not walking(window)


def test_a_field_gets_what_is_typed(open_window):
    window = open_window("relu")
    rate = field(window, "Learning rate")
    rate.setFocus()
    rate.selectAll()
    for which in (Qt.Key.Key_Period, Qt.Key.Key_1, Qt.Key.Key_4, Qt.Key.Key_Space):
        key(window, which)
    assert rate.text() == ".14 "
    assert not walking(window)


def test_a_field_on_the_diagram_gets_what_is_typed(open_window):
    window = open_window("relu")
    click(window, Address("weight", 0, 0, 0))
    editor = editor_of(window)
    for which in (Qt.Key.Key_1, Qt.Key.Key_Period, Qt.Key.Key_3):
        key(window, which)
    assert editor.text() == "1.3"
    key(window, Qt.Key.Key_Escape)
    assert not editor.isVisible()
    assert written(window, Address("weight", 0, 0, 0)) == "2"


def test_space_presses_a_button_that_was_reached_with_tab_and_plays_after_a_click(open_window):
    window = open_window("relu")
    press(window, "2  Loss")
    buttons = [own for own in window.main_window.findChildren(QPushButton) if own.isVisible()]
    pressed, plays = [], [own for own in buttons if own.isEnabled() and not own.isCheckable()]
    button = plays[0]
    button.setFocus(Qt.FocusReason.MouseFocusReason)
    QTest.mouseClick(window.main_window.statusBar(), Qt.MouseButton.LeftButton)
    key(window, Qt.Key.Key_Space)
    assert window.player.playing
    key(window, Qt.Key.Key_Space)
    for own in plays:
        own.pressed.connect(lambda: pressed.append(1))
    window.diagram.setFocus()
    while QApplication.focusWidget() not in plays:
        key(window, Qt.Key.Key_Tab)
    key(window, Qt.Key.Key_Space)
    assert pressed == [1]
    assert not window.player.playing


@pytest.mark.parametrize(
    ("which", "phase"),
    [
        (Qt.Key.Key_1, "forward"),
        (Qt.Key.Key_2, "loss"),
        (Qt.Key.Key_3, "backward"),
        (Qt.Key.Key_4, "update"),
    ],
)
def test_a_phase_has_its_number_as_key(open_window, which, phase):
    window = open_window("relu")
    key(window, which)
    assert walking(window)
    assert window.player.progress.phase == phase


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
def test_a_button_ends_the_walk_and_nothing_on_the_toolbar_moves_with_it(open_window, qtbot, size):
    window = open_window("relu", size)
    assert end_button(window) is None
    before = toolbar_places(window)
    key(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: end_button(window) is not None)
    button = end_button(window)
    assert button.toolTip() == "End the walk (Esc)"
    assert toolbar_places(window) == before
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not walking(window)
    qtbot.waitUntil(lambda: end_button(window) is None)


def test_the_walks_controls_have_names_of_their_own(open_window):
    window = open_window("relu")
    bar = window.main_window.findChild(QToolBar)
    titles = [action.text().replace("&", "") for action in bar.actions()]
    assert {"Play the walk", "Next step", "Previous step"} <= set(titles)
    key(window, Qt.Key.Key_Space)
    assert "Pause the walk" in [action.text().replace("&", "") for action in bar.actions()]


def test_the_sheet_of_keys_says_that_the_walks_keys_act_everywhere(open_window, settings):
    everywhere = dict(dict(sheet(table(open_window("relu"), settings)))["Everywhere"])
    assert {"Space", ".", ",", "1", "2", "3", "4", "Esc"} <= set(everywhere)
    assert everywhere["Esc"] == "end the walk"


def test_at_1280_the_toolbar_has_room_for_all_of_it_while_a_walk_is_on(open_window, qtbot):
    window = open_window("many-rows", (1280, 800))
    key(window, Qt.Key.Key_Period)
    qtbot.waitUntil(lambda: end_button(window) is not None)
    bar = window.main_window.findChild(QToolBar)
    widgets = [bar.widgetForAction(action) for action in bar.actions() if action.isVisible()]
    assert all(widget.isVisible() for widget in widgets if widget is not None)


def test_which_keys_go_on_is_said_no_longer_once_the_walk_has_ended(open_window):
    window = open_window("relu")
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_1)
    assert status(window) == "Forward: press Space to play, or . (full stop) for one step"
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)
    assert status(window) == ""
