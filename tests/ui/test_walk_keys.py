"""Whose a key is: the window's, but where text is typed and at a button reached with Tab."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QTableView,
    QToolBar,
    QWidget,
)

from nnviz.core.address import Address
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.window.actions import table
from nnviz.ui.window.help import sheet
from tests.ui.hands import choose_entry, click, editor_of, offered, press, set_number, shown, turn
from tests.ui.sees import status, walking, written

CTRL = Qt.KeyboardModifier.ControlModifier
WEIGHT = Address("weight", 0, 0, 0)
ELSEWHERE = {
    "button": lambda window: touch(window.training.verbs.step),
    "panel": lambda window: touch(window.training, QPoint(3, 3)),
    "status line": lambda window: touch(window.status),
    "toolbar": lambda window: touch(window.main_window.findChild(QToolBar), QPoint(1, 1)),
    "menu bar": lambda window: touch(window.main_window.menuBar(), QPoint(1100, 5)),
    "diagram": lambda window: touch(window.diagram, QPoint(4, 4)),
}


def key(window, which, modifier=Qt.KeyboardModifier.NoModifier):
    """Press a key, whatever has the focus; say what had it."""
    focused = QApplication.focusWidget() or window.main_window
    QTest.keyClick(focused, which, modifier)
    return focused


def undo(window):
    key(window, Qt.Key.Key_Z, CTRL)


def redo(window):
    key(window, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)


def type_keys(window, letters):
    for letter in letters:
        key(window, ord(letter))


def touch(widget, at=None):
    """Click through the window, as a mouse does: what is clicked may take the focus."""
    screen = widget.window()
    at = widget.mapTo(screen, at or widget.rect().center())
    QTest.mouseClick(screen.windowHandle(), Qt.MouseButton.LeftButton, pos=at)


def rate(window):
    return window.document.state.training.learning_rate


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


# --- fields that are typed in, and those that only have the focus


@pytest.fixture
def relu(open_window):
    """The window on `relu`, with one change that can be undone: a weight that was 2 is 9."""
    window = open_window("relu")
    set_number(window, WEIGHT, "9")
    return window


def test_after_enter_in_a_training_field_the_keyboard_is_the_diagrams(relu):
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.5")
    key(relu, Qt.Key.Key_Return)
    assert relu.diagram.hasFocus()
    press(relu, "One update")
    assert relu.document.state.iteration == 1
    undo(relu)
    assert relu.document.state.iteration == 0
    key(relu, Qt.Key.Key_Space)
    assert relu.player.playing
    assert (rate(relu), field(relu, "Learning rate").text()) == (0.5, "0.5")


@pytest.mark.parametrize("where", ELSEWHERE)
def test_a_click_elsewhere_accepts_a_training_field_and_the_keyboard_is_the_diagrams(relu, where):
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.5")
    ELSEWHERE[where](relu)
    assert relu.diagram.hasFocus()
    assert rate(relu) == 0.5
    assert relu.document.state.iteration == (where == "button")
    key(relu, Qt.Key.Key_Space)
    assert relu.player.playing
    assert field(relu, "Learning rate").text() == "0.5"


def test_a_refused_text_keeps_the_keyboard_at_enter_and_stays_after_a_click(relu):
    touch(field(relu, "Learning rate"))
    type_keys(relu, "5X")
    key(relu, Qt.Key.Key_Return)
    assert field(relu, "Learning rate").hasFocus()
    touch(relu.training.verbs.step)
    assert relu.document.state.iteration == 0
    assert field(relu, "Learning rate").text() == "5X"


@pytest.mark.parametrize("name", ["Learning rate", "Updates", "Batch", "Seed", "Validation"])
def test_a_field_that_tab_reached_leaves_space_and_undo_to_the_window(relu, name):
    relu.diagram.setFocus()
    while name != QApplication.focusWidget().accessibleName():
        key(relu, Qt.Key.Key_Tab)
    focused = QApplication.focusWidget()
    own = focused.lineEdit() if isinstance(focused, QComboBox) else focused
    before = own.text()
    undo(relu)
    assert written(relu, WEIGHT) == "2"
    redo(relu)
    assert written(relu, WEIGHT) == "9"
    key(relu, Qt.Key.Key_Space)
    assert relu.player.playing
    assert (own.text(), QApplication.focusWidget()) == (before, focused)


def test_tab_accepts_a_training_field_and_goes_on_to_the_next(relu):
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.5")
    key(relu, Qt.Key.Key_Tab)
    assert rate(relu) == 0.5
    assert field(relu, "Updates").hasFocus()
    undo(relu)
    assert rate(relu) != 0.5


@pytest.mark.parametrize("name", ["Learning rate", "Batch"])
def test_undo_takes_back_what_is_typed_in_a_field_and_redo_types_it_again(relu, name):
    own = next(each for each in relu.training.findChildren(QWidget) if each.accessibleName() == name)
    touch(own, QPoint(12, own.height() // 2))
    text = own.currentText if isinstance(own, QComboBox) else own.text
    before = text()
    type_keys(relu, "8")
    assert text() != before
    typed = text()
    undo(relu)
    assert text() == before
    redo(relu)
    assert text() == typed
    assert written(relu, WEIGHT) == "9"
    key(relu, Qt.Key.Key_Escape)
    assert text() == before
    undo(relu)
    assert written(relu, WEIGHT) == "2"


def test_undo_takes_back_what_the_wheel_wrote_into_a_field(relu):
    own = field(relu, "Updates")
    touch(own)
    before = own.text()
    assert turn(own, 3)
    assert own.text() == str(int(before) + 3)
    undo(relu)
    assert own.text() == before
    assert written(relu, WEIGHT) == "9"


def test_undo_after_f5_in_a_typed_field_is_the_documents(relu):
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.5")
    key(relu, Qt.Key.Key_F10)
    assert (relu.document.state.iteration, rate(relu)) == (1, 0.5)
    undo(relu)
    assert relu.document.state.iteration == 0
    undo(relu)
    assert rate(relu) != 0.5


@pytest.mark.parametrize("name", ["Optimizer", "Loss", "Batch"])
def test_after_a_choice_from_a_list_the_keyboard_is_the_diagrams(relu, name):
    own = next(each for each in relu.training.findChildren(QComboBox) if each.accessibleName() == name)
    own.setFocus(Qt.FocusReason.MouseFocusReason)
    own.showPopup()
    own.view().setCurrentIndex(own.model().index(0, 0))
    QTest.keyClick(own.view(), Qt.Key.Key_Return)
    assert relu.diagram.hasFocus()


def test_keys_that_step_through_a_closed_list_keep_the_keyboard_there(relu):
    own = next(each for each in relu.training.findChildren(QComboBox) if each.accessibleName() == "Optimizer")
    own.setFocus(Qt.FocusReason.TabFocusReason)
    key(relu, Qt.Key.Key_Down)
    key(relu, Qt.Key.Key_Down)
    assert relu.document.state.training.optimizer == "adam"
    assert own.hasFocus()


def test_a_field_in_a_panel_that_floats_gives_the_keyboard_away_too(relu, qtbot):
    panel = relu.board.docks["Training"]
    panel.turn_loose()
    qtbot.waitUntil(panel.isActiveWindow)
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.5")
    touch(relu.training, QPoint(3, 3))
    assert rate(relu) == 0.5
    key(relu, Qt.Key.Key_Space)
    assert relu.player.playing
    touch(field(relu, "Learning rate"))
    type_keys(relu, "0.25")
    key(relu, Qt.Key.Key_Return)
    assert rate(relu) == 0.25
    qtbot.waitUntil(relu.diagram.hasFocus)


def test_enter_in_a_field_of_a_dialog_leaves_the_keyboard_there(relu, answer):
    def enter(dialog):
        own = next(each for each in dialog.findChildren(QLineEdit) if each.isVisible())
        own.setFocus()
        own.selectAll()
        QTest.keyClick(own, Qt.Key.Key_7)
        QTest.keyClick(own, Qt.Key.Key_Return)
        assert dialog.focusWidget() is own
        dialog.reject()

    answer(QDialog, enter)
    choose_entry(relu, "Make rows…")


def test_undo_while_an_untouched_number_is_open_closes_it_and_is_the_documents(relu):
    click(relu, WEIGHT)
    editor = editor_of(relu)
    undo(relu)
    assert written(relu, WEIGHT) == "2"
    assert not editor.isVisible()
    assert relu.diagram.hasFocus()


def test_a_number_that_f10_accepts_leaves_the_keyboard_to_the_diagram(relu):
    click(relu, WEIGHT)
    type_keys(relu, "3")
    key(relu, Qt.Key.Key_F10)
    assert relu.document.state.iteration == 1
    assert relu.diagram.hasFocus()


def test_a_click_from_an_unreadable_number_into_a_field_gives_it_the_keyboard(relu):
    click(relu, WEIGHT)
    type_keys(relu, "X")
    touch(field(relu, "Updates"))
    assert field(relu, "Updates").hasFocus()
    assert written(relu, WEIGHT) == "9"


def test_undo_in_an_untouched_data_cell_is_the_documents(relu):
    select_cell(relu)
    key(relu, Qt.Key.Key_F2)
    assert typed_cell(relu).isVisible()
    undo(relu)
    assert written(relu, WEIGHT) == "2"


def test_undo_in_find_is_the_documents_until_something_is_typed(relu):
    choose_entry(relu, "Find…")
    undo(relu)
    assert written(relu, WEIGHT) == "2"
    redo(relu)
    type_keys(relu, "NO")
    undo(relu)
    assert (relu.finder.field.text(), written(relu, WEIGHT)) == ("", "9")
    touch(relu.training, QPoint(3, 3))
    assert relu.diagram.hasFocus()
