"""Present: the diagram alone on the whole screen, by keys, and everything as it was afterwards."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QToolBar, QToolButton

from nnviz.core.address import Address
from tests.ui.hands import address_named, bring, choose, choose_entry, click, editor_of, set_number
from tests.ui.sees import offered, place, walking, written

KEY = Qt.Key


@pytest.fixture
def window(open_window):
    opened = open_window("relu")
    opened.diagram.setFocus()
    QApplication.processEvents()
    return opened


def press(window, key):
    """Press a key for the widget with the focus, shortcuts included."""
    QTest.keyClick(QApplication.focusWidget() or window.diagram, key)
    QApplication.processEvents()


def around(window):
    """Return what is to be seen beside the diagram."""
    main = window.main_window
    parts = {"menus": main.menuBar(), "status": main.statusBar(), "toolbar": main.findChild(QToolBar)}
    seen = {name for name, part in parts.items() if part.isVisible()}
    return seen | {name for name, dock in window.board.docks.items() if dock.in_sight}


def chip(window):
    """Return the key that is shown, or None."""
    labels = window.diagram.findChildren(QLabel, "key")
    return next((label.text() for label in labels if label.isVisible()), None)


@pytest.mark.parametrize("key", [KEY.Key_F11, KEY.Key_Escape])
def test_f11_shows_the_diagram_alone_and_f11_or_escape_all_as_it_was(window, key):
    bring(window, "Matrix")
    window.board.docks["Data"].setFloating(True)
    choose_entry(window, "Explain")
    choose_entry(window, "Explain")
    window.diagram.setFocus()
    QApplication.processEvents()
    before, size = around(window), window.diagram.size()
    places = {name: dock.geometry() for name, dock in window.board.docks.items() if dock.in_sight}
    press(window, KEY.Key_F11)
    assert around(window) == set()
    assert window.main_window.isFullScreen()
    assert window.diagram.size() == window.main_window.size()
    assert offered(window, "Present").isChecked()
    press(window, key)
    assert around(window) == before
    assert not window.main_window.isFullScreen()
    assert not offered(window, "Present").isChecked()
    assert window.diagram.size() == size
    assert places == {name: dock.geometry() for name, dock in window.board.docks.items() if dock.in_sight}
    assert window.diagram.hasFocus()


def test_the_keys_of_the_walk_are_live_and_the_walk_goes_on_after_it(window):
    press(window, KEY.Key_F11)
    press(window, KEY.Key_Period)
    press(window, KEY.Key_Period)
    assert walking(window)
    goal = window.player.progress.goal
    press(window, KEY.Key_Escape)
    assert walking(window)
    assert window.player.progress.goal == goal
    press(window, KEY.Key_Escape)
    assert not walking(window)


def test_escape_is_for_the_number_that_is_open_first(window):
    press(window, KEY.Key_F11)
    click(window, address_named(window, "output", "node_0"))
    QTest.keyClick(editor_of(window), KEY.Key_Escape)
    QApplication.processEvents()
    assert window.main_window.isFullScreen()
    press(window, KEY.Key_Escape)
    assert not window.main_window.isFullScreen()


def test_the_diagram_grows_beyond_what_it_may_in_the_window(window):
    main = window.main_window
    main.resize(2400, 1600)
    for name in ("Training", "Notes", "Data", "MSE"):
        choose_entry(window, name)
    QApplication.processEvents()
    before = place(window, Address("node", 0, 0)).height
    press(window, KEY.Key_F11)
    main.resize(2400, 1600)  # the screen of these tests is small
    QApplication.processEvents()
    assert place(window, Address("node", 0, 0)).height > 1.2 * before
    press(window, KEY.Key_F11)
    main.resize(2400, 1600)
    QApplication.processEvents()
    assert place(window, Address("node", 0, 0)).height <= before


def test_the_pressed_key_is_shown_where_that_is_wanted_and_that_is_remembered(window, open_window, qtbot):
    press(window, KEY.Key_F11)
    press(window, KEY.Key_Period)
    assert chip(window) is None
    press(window, KEY.Key_F11)
    choose_entry(window, "Show pressed keys while presenting")
    press(window, KEY.Key_Period)
    assert chip(window) is None
    press(window, KEY.Key_F11)
    press(window, KEY.Key_Space)
    assert chip(window) == "Space"
    press(window, KEY.Key_Right)
    assert chip(window) == "Right"
    QTest.keyClick(window.diagram, KEY.Key_Down, Qt.KeyboardModifier.ControlModifier)
    assert chip(window) == "Ctrl+Down"
    window.player.pause()
    qtbot.waitUntil(lambda: chip(window) is None)
    press(window, KEY.Key_F11)
    assert offered(open_window("relu"), "Show pressed keys while presenting").isChecked()


def test_a_window_that_is_closed_while_presenting_opens_with_its_panels(window, open_window):
    before = around(window)
    press(window, KEY.Key_F11)
    window.main_window.close()
    after = open_window("relu")
    QApplication.processEvents()
    assert around(after) == before
    assert not after.main_window.isFullScreen()


def test_who_cancels_the_question_at_closing_goes_on_presenting(window, answer, open_window):
    before = around(window)
    press(window, KEY.Key_F11)
    set_number(window, address_named(window, "output", "node_0"), "3")
    answer(QMessageBox, choose("Cancel"))
    window.main_window.close()
    assert window.main_window.isVisible()
    assert window.main_window.isFullScreen()
    assert around(window) == set()
    answer(QMessageBox, choose("Discard"))
    window.main_window.close()
    assert not window.main_window.isVisible()
    assert around(open_window("relu")) == before


def test_the_diagram_is_alone_without_its_buttons_and_its_numbers_are_edited_all_the_same(window):
    def buttons():
        return [own for own in window.diagram.findChildren(QToolButton) if own.isVisible()]

    before = len(buttons())
    assert before
    press(window, KEY.Key_F11)
    assert buttons() == []
    weight = address_named(window, "output", "node_0")
    set_number(window, weight, "7")
    assert written(window, weight) == "7"
    assert buttons() == []
    press(window, KEY.Key_F11)
    assert len(buttons()) == before
