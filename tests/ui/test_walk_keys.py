"""Keys belong to the window, except in fields for text and at a button reached with Tab."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QMenu,
    QPushButton,
    QTableView,
    QToolBar,
    QToolButton,
    QWidget,
)
from shiboken6 import delete

from nnviz.core.address import Address
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.document.player import NO_TARGETS
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.dialogs.help import HelpWindow, sheet
from nnviz.ui.window.commands import table
from nnviz.ui.window.toolbar import WalkKeys
from tests.ui.hands import choose_entry, click, editor_of, offered, press, set_number, shown, turn, unfold
from tests.ui.sees import status, walking, written

CTRL, LEFT = Qt.KeyboardModifier.ControlModifier, Qt.MouseButton.LeftButton
WEIGHT = Address("weight", 0, 0, 0)
ELSEWHERE = {
    "button": lambda window: touch(window.training.run_buttons.step),
    "panel": lambda window: touch(window.training, QPoint(3, 3)),
    "status line": lambda window: touch(window.status),
    "toolbar": lambda window: touch(window.main_window.findChild(QToolBar), QPoint(1, 1)),
    "menu bar": lambda window: touch(window.main_window.menuBar(), QPoint(1100, 5)),
    "diagram": lambda window: touch(window.diagram, QPoint(4, 4)),
}


def key(window, which, modifier=Qt.KeyboardModifier.NoModifier):
    """Press a key in the focused widget; return that widget."""
    focused = QApplication.focusWidget() or window.main_window
    QTest.keyClick(focused, getattr(Qt.Key, f"Key_{which}"), modifier)
    return focused


def undo(window):
    key(window, "Z", CTRL)


def redo(window):
    key(window, "Z", CTRL | Qt.KeyboardModifier.ShiftModifier)


def type_keys(window, letters):
    for letter in letters:
        QTest.keyClick(QApplication.focusWidget(), letter)


def touch(widget, at=None):
    """Click through the window, as a mouse does: the widget there may take the focus."""
    screen = widget.window()
    QTest.mouseClick(screen.windowHandle(), LEFT, pos=widget.mapTo(screen, at or widget.rect().center()))


def rate(window):
    return window.document.state.training.learning_rate


def named(window, name, kind=QLineEdit):
    return next(own for own in window.main_window.findChildren(kind) if own.accessibleName() == name)


def typed_cell(window):
    """Return the field that is open in the data table; None without one."""
    cell = window.data.findChild(QLineEdit, "cell")
    return cell if cell and cell.isVisible() else None


def type_rate(window, letters="0.5"):
    """Click the field of the learning rate and type; return the field."""
    own = named(window, "Learning rate")
    touch(own)
    type_keys(window, letters)
    return own


def select_cell(window, row=0, column=0):
    """Click a cell of the data table."""
    view = window.data.findChild(QTableView)
    at = view.visualRect(view.model().index(row, column)).center()
    QTest.mouseClick(view.viewport(), LEFT, pos=at)
    return view


def end_button(window):
    """Return the toolbar's button that ends the walk, where it can be pressed."""
    bar, action = window.main_window.findChild(QToolBar), offered(window, "End the walk")
    buttons = (own for own in bar.findChildren(QToolButton) if own.defaultAction() is action)
    return next((own for own in buttons if own.isVisible() and own.isEnabled()), None)


def plays(window):
    """Press Space; tell whether that plays, and pause again."""
    key(window, "Space")
    played = window.player.progress.playing
    window.player.stop()
    return played


@pytest.fixture
def window(afresh):
    return afresh("relu")


@pytest.fixture
def again(window):
    """Return a function that opens `relu` anew, with a change that can be undone: a weight of 2 is 9."""

    def open_it():
        window.player.stop()
        window.diagram.session.close()
        window.document.start(load(example("relu").path))
        window.training.fields.restore()
        window.diagram.setFocus()
        set_number(window, WEIGHT, "9")
        return window

    return open_it


# --- the walk's buttons and keys


def test_the_button_of_a_phase_is_checked_while_the_diagram_shows_the_phase(window):
    def checked():
        buttons = window.main_window.findChildren(QPushButton, "segment")
        return [button.accessibleName() for button in buttons if button.isChecked()]

    for phase in ("Backward", "Forward", "Forward", "Update"):
        touch(named(window, f"Phase {phase.lower()}", QPushButton))
        assert checked() == [f"Phase {phase.lower()}"]
    state = window.document.state
    window.document.start(replace(state, data=replace(state.data, targets=None)))
    touch(named(window, "Phase backward", QPushButton))
    assert (checked(), status(window)) == ([], NO_TARGETS)


def test_after_a_menu_the_help_and_in_the_table_the_walks_keys_walk(window, qtbot):
    bar = window.main_window.menuBar()
    QTest.mouseClick(bar, LEFT, pos=bar.actionGeometry(bar.actions()[0]).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    assert plays(window)
    key(window, "F1")
    QTest.keyClick(window.main_window.findChild(HelpWindow), Qt.Key.Key_Escape)
    window.main_window.activateWindow()  # as a window manager does when the sheet has closed
    qtbot.waitUntil(window.main_window.isActiveWindow)
    for playing in (True, False):
        key(window, "Space")
        assert window.player.progress.playing == playing
    at = window.player.progress.position
    key(window, "Comma")
    assert window.player.progress.position == at - 1
    select_cell(window)
    assert isinstance(key(window, "Space"), QTableView)
    assert window.player.progress.playing
    assert typed_cell(window) is None
    key(window, "Space")
    key(window, "Period")
    assert window.player.progress.moving
    assert "type a number" not in status(window)
    key(window, "Escape")
    assert not walking(window)
    assert shown(window, "value", "output") == "52"


def test_fields_get_what_is_typed_and_escape_takes_it_back_before_it_ends_the_walk(window):
    key(window, "Period")
    view = select_cell(window)
    key(window, "4")
    assert typed_cell(window).text() == "4"
    key(window, "Escape")
    assert typed_cell(window) is None
    assert view.model().index(0, 0).data() == "3"
    own = named(window, "Learning rate")
    before = own.text()
    own.setFocus()
    own.selectAll()
    type_keys(window, ".14 ")
    assert own.text() == ".14 "
    key(window, "Escape")
    assert (own.text(), walking(window)) == (before, True)
    key(window, "Escape")
    assert not walking(window)
    click(window, WEIGHT)
    editor = editor_of(window)
    type_keys(window, "1.3")
    assert editor.text() == "1.3"
    key(window, "Escape")
    assert (editor.isVisible(), written(window, WEIGHT), walking(window)) == (False, "2", False)


def test_space_presses_a_button_that_was_reached_with_tab_and_plays_after_a_click(window):
    press(window, "2  Loss")
    buttons = [own for own in window.main_window.findChildren(QPushButton) if own.isVisible()]
    pressed, presses = [], [own for own in buttons if own.isEnabled() and not own.isCheckable()]
    presses[0].setFocus(Qt.FocusReason.MouseFocusReason)
    QTest.mouseClick(window.main_window.statusBar(), LEFT)
    key(window, "Space")
    assert window.player.progress.playing
    key(window, "Space")
    for own in presses:
        own.pressed.connect(lambda: pressed.append(1))
    window.diagram.setFocus()
    while QApplication.focusWidget() not in presses:
        key(window, "Tab")
    key(window, "Space")
    assert pressed == [1]
    assert not window.player.progress.playing


def test_the_phases_and_the_walks_controls_have_keys_and_names_of_their_own(window, settings, approved):
    def titles():
        bar = window.main_window.findChild(QToolBar)
        return "; ".join(own.text().replace("&", "") for own in bar.actions() if own.text())

    window.diagram.setFocus()
    for number, phase in enumerate(("forward", "loss", "backward", "update"), 1):
        key(window, number)
        assert (window.player.progress.phase, status(window) != "") == (phase, True)
    key(window, "Escape")
    assert status(window) == "", "which keys go on is said no longer"
    at_rest = titles()
    key(window, "Space")
    approved("the toolbar, and while a walk plays", f"{at_rest}\n{titles()}")
    window.player.stop()
    everywhere = dict(dict(sheet(table(window)))["Everywhere"])
    keys = [f"{own}: {everywhere[own]}" for own in ("Space", ".", ",", "1", "2", "3", "4", "Esc")]
    approved("the walk's keys on the sheet of keys", "\n".join(keys))


def test_a_button_ends_the_walk_and_nothing_on_the_toolbar_moves_with_it(afresh, qtbot):
    for size in ((1400, 650), (1280, 800)):
        window = afresh("many-rows", size)
        bar = window.main_window.findChild(QToolBar)
        controls = [own for own in bar.findChildren(QWidget) if own.parent() is bar and own.isVisible()]
        assert end_button(window) is None
        before = [(own.geometry(), own.isVisible()) for own in controls]
        key(window, "Period")
        qtbot.waitUntil(lambda window=window: end_button(window) is not None)
        assert end_button(window).toolTip() == "End the walk (Esc)"
        assert [(own.geometry(), own.isVisible()) for own in controls] == before
        if size == (1280, 800):
            widgets = [bar.widgetForAction(action) for action in bar.actions() if action.isVisible()]
            assert all(widget.isVisible() for widget in widgets if widget is not None)
        QTest.mouseClick(end_button(window), LEFT)
        assert not walking(window)
        qtbot.waitUntil(lambda window=window: end_button(window) is None)


# --- fields that are typed in, and those that only have the focus


def test_enter_or_a_click_elsewhere_accepts_a_field_and_the_keyboard_is_the_diagrams(again):
    window = again()
    own = type_rate(window)
    key(window, "Return")
    assert window.diagram.hasFocus()
    press(window, "One update")
    assert window.document.state.iteration == 1
    undo(window)
    assert window.document.state.iteration == 0
    assert plays(window)
    assert (rate(window), own.text()) == (0.5, "0.5")
    for where, go in ELSEWHERE.items():
        window = again()
        own = type_rate(window)
        go(window)
        done = window.diagram.hasFocus(), rate(window), window.document.state.iteration
        assert (where, *done) == (where, True, 0.5, int(where == "button"))
        assert plays(window)
        assert own.text() == "0.5"
    own = type_rate(again(), "5X")
    key(window, "Return")
    assert own.hasFocus(), "what is refused keeps the keyboard"
    touch(window.training.run_buttons.step)
    assert window.document.state.iteration == 0
    assert own.text() == "5X"


def test_a_field_that_tab_reached_leaves_space_and_undo_to_the_window(again):
    for name in ("Learning rate", "Updates", "Batch", "Seed", "Validation"):
        window = again()
        unfold(window.training)
        window.diagram.setFocus()
        while name != QApplication.focusWidget().accessibleName():
            key(window, "Tab")
        focused = QApplication.focusWidget()
        own = focused.lineEdit() if isinstance(focused, QComboBox) else focused
        before = own.text()
        undo(window)
        assert written(window, WEIGHT) == "2"
        redo(window)
        assert written(window, WEIGHT) == "9"
        assert plays(window)
        assert (own.text(), QApplication.focusWidget()) == (before, focused)


def test_tab_accepts_a_field_and_f10_updates_after_what_is_typed(again):
    for accept, updates in (("Tab", 0), ("F10", 1)):
        window = again()
        type_rate(window)
        key(window, accept)
        assert (window.document.state.iteration, rate(window)) == (updates, 0.5)
        assert named(window, "Updates").hasFocus() == (accept == "Tab")
        for _ in range(updates):
            undo(window)
            assert window.document.state.iteration == 0, "undo is the document's"
        undo(window)
        assert rate(window) != 0.5


def test_undo_takes_back_what_is_typed_in_a_field_and_redo_types_it_again(again):
    for name in ("Learning rate", "Batch"):
        window = again()
        unfold(window.training)
        own = next(each for each in window.training.findChildren(QWidget) if each.accessibleName() == name)
        QApplication.processEvents()  # the settings are laid out
        touch(own, QPoint(12, own.height() // 2))
        text = own.currentText if isinstance(own, QComboBox) else own.text
        before = text()
        type_keys(window, "8")
        typed = text()
        for does, then in ((undo, before), (redo, typed), (lambda window: key(window, "Escape"), before)):
            assert (text() != then, written(window, WEIGHT)) == (True, "9")
            does(window)
            assert text() == then
        undo(window)
        assert written(window, WEIGHT) == "2"
    window = again()
    own = named(window, "Updates")
    touch(own)
    before = own.text()
    assert turn(own, 3)
    assert own.text() == str(int(before) + 3)
    undo(window)
    assert (own.text(), written(window, WEIGHT)) == (before, "9")
    window = again()  # another document: what was typed before is gone
    touch(own)
    undo(window)
    redo(window)
    assert (own.text(), written(window, WEIGHT)) == (before, "9")


def test_after_a_choice_from_a_list_the_keyboard_is_the_diagrams(again):
    for name in ("Optimizer", "Loss", "Batch"):
        window = again()
        own = named(window, name, QComboBox)
        own.setFocus(Qt.FocusReason.MouseFocusReason)
        own.showPopup()
        own.view().setCurrentIndex(own.model().index(0, 0))
        QTest.keyClick(own.view(), Qt.Key.Key_Return)
        assert window.diagram.hasFocus(), name
    own = named(again(), "Optimizer", QComboBox)
    own.setFocus(Qt.FocusReason.TabFocusReason)
    before = list(OPTIMIZERS).index(window.document.state.training.optimizer)
    key(window, "Down")
    key(window, "Down")
    assert window.document.state.training.optimizer == list(OPTIMIZERS)[before + 2]
    assert own.hasFocus(), "keys that step through a closed list keep the keyboard there"


def test_a_field_in_a_panel_that_floats_gives_the_keyboard_away_too(again, qtbot):
    window = again()
    panel = window.board.docks["Training"]
    panel.toggle_floating()
    qtbot.waitUntil(panel.isActiveWindow)
    type_rate(window)
    touch(window.training, QPoint(3, 3))
    assert rate(window) == 0.5
    assert plays(window)
    type_rate(window, "0.25")
    key(window, "Return")
    assert rate(window) == 0.25
    qtbot.waitUntil(window.diagram.hasFocus)


def test_enter_in_a_field_of_a_dialog_leaves_the_keyboard_there(window, answer):
    def enter(dialog):
        own = next(each for each in dialog.findChildren(QLineEdit) if each.isVisible())
        own.setFocus()
        own.selectAll()
        QTest.keyClick(own, Qt.Key.Key_7)
        QTest.keyClick(own, Qt.Key.Key_Return)
        assert dialog.focusWidget() is own
        dialog.reject()

    answer(QDialog, enter)
    choose_entry(window, "Make rows…")


def test_a_number_that_is_open_on_the_diagram_is_closed_accepted_or_left(again):
    window = again()
    click(window, WEIGHT)
    editor = editor_of(window)
    undo(window)
    assert (written(window, WEIGHT), editor.isVisible()) == ("2", False)
    assert window.diagram.hasFocus()
    for accept, what in ((key, "F10"), (press, "One update")):
        window = again()
        click(window, WEIGHT)
        type_keys(window, "3")
        accept(window, what)
        assert (window.document.state.iteration, window.diagram.hasFocus()) == (1, True)
        choose_entry(window, "Undo")
        assert written(window, WEIGHT) == "3"
    for text, weight in (("X", "9"), ("4", "4")):
        window = again()
        click(window, WEIGHT)
        type_keys(window, text)
        touch(named(window, "Updates"))
        assert named(window, "Updates").hasFocus()
        assert written(window, WEIGHT) == weight


def test_undo_in_an_untouched_cell_or_in_find_is_the_documents_until_something_is_typed(again):
    for go in (lambda own: (select_cell(own), key(own, "F2")), lambda own: choose_entry(own, "Find…")):
        window = again()
        go(window)
        assert typed_cell(window) or window.finder.isVisible()
        undo(window)
        assert written(window, WEIGHT) == "2"
    redo(window)
    said = status(window)
    window.redo()
    assert status(window) == said, "there is nothing more to do again"
    type_keys(window, "NO")
    undo(window)
    assert (window.finder.field.text(), written(window, WEIGHT)) == ("", "9")
    touch(window.training, QPoint(3, 3))
    assert window.diagram.hasFocus()


def test_a_floating_panel_can_end_while_a_field_in_it_has_the_focus(qtbot):
    window, dock = QMainWindow(), QDockWidget("Training")
    diagram, inside, outside = QWidget(), QLineEdit(), QLineEdit()
    qtbot.addWidget(window)
    window.setCentralWidget(outside)
    dock.setWidget(inside)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
    dock.setFloating(True)
    WalkKeys(window, diagram)
    window.show()
    dock.activateWindow()
    inside.setFocus()
    qtbot.waitUntil(inside.hasFocus)
    assert dock.focusPolicy() == Qt.FocusPolicy.ClickFocus
    delete(dock)
    window.activateWindow()
    outside.setFocus()
    qtbot.waitUntil(outside.hasFocus)
    assert window.focusPolicy() == Qt.FocusPolicy.ClickFocus
