"""The panels around the diagram: hidden, tabbed, floated, remembered, in front, and gone while presenting."""

import gc
from dataclasses import replace
from itertools import product

import pytest
from PySide6.QtCore import QByteArray, QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QTabBar, QToolBar, QToolButton

from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from nnviz.ui.window.app import Opened
from nnviz.ui.window.window import ARRANGEMENT, MainWindow
from nnviz.ui.window.workspace import PANELS
from tests.ui.hands import (
    address_named,
    bring,
    choose,
    choose_entry,
    click,
    double_click,
    drag_edge,
    editor_of,
    point,
    press,
    set_number,
    write,
)
from tests.ui.sees import offered, panel_entry, status, walking, written

FIRST = {"Training", "Notes", "Data", "Loss"}
"""The panels in sight at the first start on an example with notes."""
LARGE, SMALL = (2560, 1400), (1366, 740)
RGB = QImage.Format.Format_RGB32
KEY = Qt.Key
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def settled():
    for _ in range(4):
        QApplication.processEvents()


def press_key(key, modifier=NONE):
    """Press a key for the widget with the focus, shortcuts included."""
    QTest.keyClick(QApplication.focusWidget(), key, modifier)
    QApplication.processEvents()


def in_sight(window):
    return {dock.windowTitle() for dock in window.board.docks.values() if dock.is_in_view}


def dock(window, name):
    return window.board.docks[name]


def place(window, name):
    """Return where a panel stands in the window."""
    own = dock(window, name)
    return own.geometry().translated(own.parentWidget().mapTo(window.main_window, QPoint()))


def sizes(window):
    return {name: place(window, name) for name in FIRST}


# --- in the window


@pytest.mark.fonts
def test_what_is_read_stands_in_a_tall_column_and_what_is_wide_below_the_diagram(qtbot, open_window):
    window = open_window("relu")
    settled()

    def all_are_filled():
        made = {name for name, own in window.board.docks.items() if own.card and own.card.isVisible()}
        return made == in_sight(window) == FIRST

    assert in_sight(window) == FIRST
    assert dock(window, "Loss surface").card is None  # not made before it is shown
    diagram, board = window.board.centralWidget().geometry(), window.board.rect()
    training, notes, data, mse = (
        dock(window, name).geometry() for name in ("Training", "Notes", "Data", "Loss")
    )
    assert training.width() == notes.width() == max(364, dock(window, "Training").least.width())
    assert board.right() - training.right() == board.bottom() - notes.bottom() == 10
    assert training.left() - diagram.right() - 1 == 10
    assert training.bottom() < notes.top()
    assert diagram.bottom() < data.top() < notes.bottom()
    assert data.left() == diagram.left()
    assert data.right() < mse.left()
    assert 0.8 * mse.width() < data.width() <= mse.width()
    assert mse.right() == diagram.right()
    table = window.data.table
    assert table.viewport().height() >= 5 * table.rowHeight(0)
    assert window.history.width() > 1.5 * window.history.height()
    # no panel is blank after the window has shrunk or was the diagram alone
    for _ in range(2):
        window.main_window.resize(1918, 1000)
        qtbot.waitUntil(lambda: in_sight(window) == FIRST)
        window.main_window.resize(1280, 800)
        qtbot.waitUntil(all_are_filled)
    for _ in range(2):
        QTest.keyClick(window.diagram, KEY.Key_F11)
    qtbot.waitUntil(all_are_filled)
    own, before = dock(window, "Training"), notes.height()
    qtbot.waitUntil(lambda: own.height() == own.least.height())
    assert dock(window, "Notes").height() == before
    window.main_window.resize(1400, 1000)
    qtbot.waitUntil(lambda: own.height() == own.least.height())
    assert dock(window, "Notes").height() == before + 200  # the panels below have what Training does not need
    drag_edge(window.board, own, 0, 50)
    assert own.height() == own.least.height(), "a panel is never higher than its content"


def test_every_panel_comes_by_the_view_menu_shows_that_it_has_the_keyboard_and_goes(open_window):
    window = open_window("relu")
    settled()
    width, column = window.diagram.width(), dock(window, "Training").width()

    def choose_panel(name, comes):
        panel_entry(window, name).trigger()
        settled()
        assert (name in in_sight(window), panel_entry(window, name).isChecked()) == (comes, comes)

    for name in (panel.name for panel in PANELS):
        if name in in_sight(window):
            choose_panel(name, comes=False)
        choose_panel(name, comes=True)
        assert dock(window, name).has_focus
        with_it = window.board.grab().toImage()
        window.diagram.setFocus()
        QApplication.processEvents()
        assert window.board.grab().toImage() != with_it, name
        dock(window, name).bring_to_front(take_focus=True)
        choose_panel(name, comes=False)
        assert window.diagram.hasFocus()
        if name == [each.name for each in PANELS if each.place.startswith("right")][-1]:
            assert window.diagram.width() == width + column + 10  # the diagram has their room at once
    assert window.diagram.size() == window.board.size().shrunkBy(window.board.contentsMargins())


def test_the_view_menu_ticks_a_panel_behind_a_tab_which_the_key_tab_does_not_reach(open_window):
    window = open_window("relu")
    entry = offered(window, "Loss surface")
    assert (entry.isChecked(), "Loss surface" in in_sight(window)) == (False, False)
    for name in ("Explain", "Function", "Confusion", "Code"):
        bring(window, name)
    for choose_it, seen in ((entry.trigger, True), (lambda: press(window, "Loss"), False)):
        choose_it()
        QApplication.processEvents()
        assert (entry.isChecked(), "Loss surface" in in_sight(window)) == (True, seen)
    window.diagram.setFocus()
    reached = []
    while (widget := QApplication.focusWidget()) not in reached:
        reached.append(widget)
        QTest.keyClick(widget, KEY.Key_Tab)
    assert len(reached) > 10
    assert not [own.accessibleName() for own in reached if dock(window, "Loss surface").isAncestorOf(own)]
    hidden = {"Loss surface", "Loss", "Data", "Runs"}
    for name in hidden:
        bring(window, name)
        panel_entry(window, name).trigger()
    for _ in range(2):
        assert {panel.name for panel in PANELS if not panel_entry(window, panel.name).isChecked()} == hidden
        for _ in range(2):
            QTest.keyClick(window.diagram, KEY.Key_F11)
        QApplication.processEvents()


def test_f6_goes_through_the_panels_and_a_key_floats_the_one_with_the_keyboard(open_window):
    window = open_window("relu")
    settled()

    def go(modifier=NONE):
        press_key(KEY.Key_F6, modifier)
        return next((name for name, own in window.board.docks.items() if own.has_focus), "diagram")

    assert window.diagram.hasFocus()
    assert [go() for _ in range(5)] == ["Training", "Notes", "Data", "Loss", "diagram"]
    assert window.diagram.hasFocus()
    assert [go(SHIFT) for _ in range(5)] == ["Loss", "Data", "Notes", "Training", "diagram"]
    floats = Qt.KeyboardModifier.ControlModifier | SHIFT
    press_key(KEY.Key_F, floats)
    assert "F6" in status(window)
    dock(window, "Data").bring_to_front(take_focus=True)
    press_key(KEY.Key_F, floats)
    assert dock(window, "Data").isFloating()
    assert dock(window, "Data").has_focus
    press_key(KEY.Key_F, floats)
    assert not dock(window, "Data").isFloating()


@pytest.mark.fonts
def test_the_tools_of_a_panel_stand_on_the_row_of_its_tabs(open_window):
    window = open_window("relu")
    for name in ("Loss surface", "Loss", "Function", "Explain"):
        panel = bring(window, name)
        if name == "Loss":
            press(window, "Loss")
        settled()
        bar = next(
            bar
            for bar in window.board.findChildren(QTabBar)
            if bar.isVisible() and bar.tabText(bar.currentIndex()) == name
        )
        if dock(window, name).titleBarWidget() is panel.head:  # with wide letters, there is no room
            assert (
                bar.tabRect(bar.count() - 1).right() + panel.head.minimumSizeHint().width() > bar.width() - 20
            )
            continue
        assert bar.geometry().contains(panel.head.geometry())
        assert panel.head.x() > bar.x() + bar.tabRect(bar.count() - 1).right()
        assert bar.geometry().bottom() < dock(window, name).geometry().top()
        for button in panel.head.findChildren(QPushButton):
            assert button.isHidden() or button.width() >= button.minimumSizeHint().width()
    alone = dock(window, "Data").card.head
    buttons = alone.findChildren(QPushButton)
    assert alone.height() > max(own.height() for own in buttons if own.isVisible())
    bring(window, "Function")
    settled()
    for name in ("Loss surface", "Explain"):
        (at,) = (
            bar.mapTo(window.main_window, bar.tabRect(k).center())
            for bar in window.main_window.findChildren(QTabBar)
            for k in range(bar.count())
            if bar.tabText(k) == name
        )
        screen = window.main_window.windowHandle()
        QTest.mousePress(screen, Qt.MouseButton.LeftButton, pos=at)
        settled()  # the panel is made while the button is down
        QTest.mouseRelease(screen, Qt.MouseButton.LeftButton, pos=at)
        window.document.select(Address("weight", 0, 0, 0), Address("weight", 0, 1, 0))
        settled()
        panel = dock(window, name)
        assert panel.card.isVisible()
        assert not panel.card.heading.isVisible()


# --- from start to start


def start_at(open_window, size, window=None):
    """Close a window and open the next one, on a screen where it has this size."""
    if window:
        window.main_window.close()
    opened = open_window("relu", size)
    opened.main_window.resize(*size)
    settled()
    return opened


def on_screen(widget):
    return QApplication.primaryScreen().grabWindow(widget.winId()).toImage().convertToFormat(RGB)


@pytest.mark.fonts
def test_the_arrangement_is_there_again_after_a_restart_and_editing_undoes_it(open_window):
    window = start_at(open_window, (1280, 800))
    first = sizes(window)
    bring(window, "Function")
    settled()
    window.board.splitDockWidget(dock(window, "Training"), dock(window, "Function"), Qt.Orientation.Vertical)
    settled()
    bring(window, "Notes")
    bring(window, "Loss surface")
    choose_entry(window, "Data")
    settled()
    seen = in_sight(window)
    assert seen == FIRST - {"Data", "Loss"} | {"Loss surface", "Function"}
    after = start_at(open_window, (1280, 800), window)
    assert in_sight(after) == seen
    assert dock(after, "Function").geometry() == dock(window, "Function").geometry()
    assert not offered(after, "Data").isChecked()
    dock(after, "Data").setFloating(True)
    choose_entry(after, "Training")
    after.board.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock(after, "Loss"))
    after.board.tabifyDockWidget(dock(after, "Notes"), dock(after, "Loss"))
    QApplication.processEvents()
    choose_entry(after, "Arrange for editing")
    settled()
    assert in_sight(after) == FIRST
    assert sizes(after) == first


@pytest.mark.fonts
def test_what_cannot_be_read_of_an_arrangement_leaves_every_panel_in_its_first_place(
    open_window, settings, amount
):
    window = start_at(open_window, SMALL)
    first = sizes(window)
    bring(window, "Loss surface")
    choose_entry(window, "Data")
    window.main_window.close()
    state = settings.get(ARRANGEMENT, QByteArray()).data()
    damages = [(0.5, b"\x00\xff\x17"), (1.0, b""), *product([0.5, 0.9, 1.0], [b"", b"\x00\xff\x17"])]
    for kept, noise in damages[: amount(quick=1, ci=8, night=8)]:
        damaged = noise + state[: int(kept * len(state)) - len(noise) - 1]
        settings.remember(ARRANGEMENT, QByteArray(damaged))
        after = start_at(open_window, SMALL)
        assert (in_sight(after), sizes(after)) == (FIRST, first)
        after.main_window.hide()


def test_the_arrangement_stays_from_start_to_start_of_the_program(qtbot, settings, tmp_path):
    """The window stands before it is filled, which must not share the room anew; it ends with its panels."""
    seen, before = [], QApplication.topLevelWidgets()
    for _ in range(3):
        program = Opened(settings, example("relu").path, tmp_path)
        qtbot.waitUntil(lambda own=program: bool(own.workspace and own.workspace.history.curve))
        program.workspace.main_window.resize(1280, 800)  # the screen of these tests is smaller
        QApplication.processEvents()
        now = sizes(program.workspace)
        assert "Explain" not in in_sight(program.workspace)
        seen.append(
            (now["Data"].height(), now["Loss"].width(), now["Training"].width(), now["Notes"].bottom())
        )
        assert program.workspace.diagram.hasFocus()
        program.workspace.main_window.close()
        program.close()
    del program
    gc.unfreeze()
    gc.collect()
    assert seen[1] == pytest.approx(seen[2], abs=4)  # the small screen is shared in whole pixels
    assert seen[0][0] >= 800 / 4
    assert [own.accessibleName() for own in QApplication.topLevelWidgets() if own not in before] == []


def test_a_window_remembers_that_it_was_maximised_and_forgets_nothing_unfilled(qtbot, settings):
    kept = QByteArray(b"as it was left")
    settings.remember(ARRANGEMENT, kept)
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.showMaximized()
    window.close()
    assert settings.get(ARRANGEMENT, QByteArray()) == kept
    after = MainWindow(settings)
    qtbot.addWidget(after)
    after.show()
    assert after.isMaximized()
    after.showNormal()
    after.close()
    assert not MainWindow(settings).isMaximized()


@pytest.mark.fonts
def test_panels_keep_their_shares_of_a_larger_or_smaller_screen(open_window):
    def shares(window):
        column, data, loss = (dock(window, name) for name in ("Training", "Data", "Loss"))
        board = window.board.size()
        return column.width() / board.width(), data.height() / board.height(), loss.width() / board.width()

    window = start_at(open_window, (1600, 900))
    board = window.board
    for name, across, down in (("Notes", -100, 0), ("Data", 0, -60), ("Data", -50, 0)):
        drag_edge(board, dock(window, name), across, down)
    settled()
    given = shares(window)
    assert dock(window, "Training").width() == 384 + 100
    for size in ((1900, 1000), (1280, 800), (1600, 900)):
        window.main_window.resize(*size)
        settled()
        assert shares(window) == pytest.approx(given, abs=0.02)
    for size in (LARGE, SMALL):
        window = start_at(open_window, size, window)
        assert shares(window) == pytest.approx(given, abs=0.02)
        assert in_sight(window) == FIRST
        for rect in sizes(window).values():
            assert window.main_window.rect().contains(rect)


# --- floating


@pytest.mark.fonts
def test_a_panel_floats_by_a_double_click_with_a_frame_and_is_painted_after_a_restart(open_window, qtbot):
    window = open_window("relu")
    settled()
    own = dock(window, "Data")
    double_click(own, QPoint(150, 14))
    QApplication.processEvents()
    assert own.isFloating()
    assert own.isWindow()
    assert own.titleBarWidget() is None
    assert own.windowTitle() == "Data"
    own.resize(own.width() + 100, own.height() + 100)
    QApplication.processEvents()
    assert own.widget().width() >= 500
    own.close()
    QApplication.processEvents()
    assert not offered(window, "Data").isChecked()
    choose_entry(window, "Data")
    QApplication.processEvents()
    assert own.isFloating()
    size = own.size()
    window.main_window.close()
    again = open_window("relu", (1400, 900))
    own, rows = dock(again, "Data"), len(again.document.state.data)
    assert own.size() == size, "what floats takes no share of a larger window"
    qtbot.waitUntil(lambda: on_screen(own) == own.grab().toImage().convertToFormat(RGB))
    for count, floating in ((rows + 1, True), (rows + 2, False)):
        assert own.isFloating() == floating
        press(again, "Add")
        assert len(again.document.state.data) == count
        if floating:
            own.toggle_floating()
            QApplication.processEvents()


# --- which of explanation and notes is in front


def in_front(window):
    return "Notes" if window.notes.isVisible() else "Explain"


def test_a_click_or_an_arrow_explains_what_it_selects_and_an_edit_leaves_the_notes(open_window):
    window = open_window("relu")
    bring(window, "Explain")
    settled()
    # arrows go from tab to tab, and a click on one leaves the keyboard
    bar = next(bar for bar in window.board.findChildren(QTabBar) if bar.tabText(0) == "Explain")
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    for key, seen in ((KEY.Key_Right, "Notes"), (KEY.Key_Left, "Explain")):
        QTest.keyClick(bar, key)
        assert in_front(window) == seen
        assert bar.hasFocus()
    for seen in ("Explain", "Notes"):
        window.diagram.setFocus()
        press(window, seen)
        assert in_front(window) == seen
        assert window.diagram.hasFocus()
    weight = address_named(window, "output", "node_0")
    set_number(window, weight, "2")
    assert window.document.now.address == weight
    assert (in_front(window), in_sight(window)) == ("Notes", FIRST)
    x, picture = point(window, weight).x() + 60, window.diagram.picture  # where no number stands
    y = next(y for y in range(window.diagram.height()) if picture.address_at(x, y) == weight)
    for does in (
        lambda: QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, pos=QPoint(x, y)),
        lambda: click(window, address_named(window, "node_0")),
        lambda: QTest.keyClick(window.diagram, KEY.Key_Right),
    ):
        press(window, "Notes")
        assert (in_front(window), in_sight(window)) == ("Notes", FIRST)
        window.diagram.setFocus()
        does()
        assert (in_front(window), in_sight(window)) == ("Explain", FIRST - {"Notes"} | {"Explain"})
    # notes that are being written stay in front, and those that float in sight
    press(window, "Notes")
    press(window, "Edit")
    write(window.notes.field, "node_0 is ")
    click(window, address_named(window, "node_0"))
    assert in_front(window) == "Notes"
    dock(window, "Notes").setFloating(True)
    QApplication.processEvents()
    press(window, "Explain")
    click(window, address_named(window, "output"))
    QApplication.processEvents()
    assert {"Notes", "Explain"} <= in_sight(window)
    choose_entry(window, "Explain")  # which hides it
    click(window, address_named(window, "node_0"))
    QApplication.processEvents()
    assert "Explain" not in in_sight(window)


def test_what_is_opened_begins_with_what_says_something_of_it(open_window, tmp_path):
    plain = replace(load(example("relu").path), notes="")
    window = open_window(plain)
    assert in_front(window) == "Explain"
    window.files.open_example("xor")
    assert in_front(window) == "Notes"
    save(plain, tmp_path / "plain.json")
    window.files.open(tmp_path / "plain.json")
    assert in_front(window) == "Explain"
    code = bring(window, "Code")  # which a person puts in front
    window.files.open_example("xor")
    assert code.isVisible()
    assert not window.notes.isVisible()


# --- the diagram alone on the whole screen


def around(window):
    """Return the widgets in sight beside the diagram."""
    main = window.main_window
    parts = {"menus": main.menuBar(), "status": main.statusBar(), "toolbar": main.findChild(QToolBar)}
    parts["buttons"] = window.diagram.findChild(QToolButton)
    return {name for name, part in parts.items() if part.isVisible()} | in_sight(window)


def test_f11_shows_the_diagram_alone_and_f11_or_escape_all_as_it_was(open_window):
    window = open_window("relu")
    bring(window, "Loss surface")
    dock(window, "Data").setFloating(True)
    for _ in range(2):
        choose_entry(window, "Explain")
    window.diagram.setFocus()
    QApplication.processEvents()

    def seen():
        places = {name: own.geometry() for name, own in window.board.docks.items() if own.is_in_view}
        buttons = [own.isVisible() for own in window.diagram.findChildren(QToolButton)]
        return around(window), places, window.diagram.size(), sum(buttons)

    before = seen()
    assert before[3] > 0
    weight = address_named(window, "output", "node_0")
    for key, number in ((KEY.Key_F11, "7"), (KEY.Key_Escape, "8")):
        press_key(KEY.Key_F11)
        assert window.main_window.isFullScreen()
        assert offered(window, "Present").isChecked()
        for _ in range(2):
            assert seen() == (set(), {}, window.main_window.size(), 0)
            set_number(window, weight, number)
            assert written(window, weight) == number
        press_key(key)
        assert seen() == before
        assert not window.main_window.isFullScreen()
        assert not offered(window, "Present").isChecked()
        assert window.diagram.hasFocus()


def test_while_presenting_escape_ends_an_open_number_then_presenting_then_the_walk(open_window):
    window = open_window("relu")
    window.diagram.setFocus()
    press_key(KEY.Key_F11)
    press_key(KEY.Key_Period)
    goal = window.player.progress.goal
    press_key(KEY.Key_Escape)
    assert not window.main_window.isFullScreen()
    assert (walking(window), window.player.progress.goal) == (True, goal)
    press_key(KEY.Key_Escape)
    assert not walking(window)
    press_key(KEY.Key_F11)
    click(window, address_named(window, "output", "node_0"))
    QTest.keyClick(editor_of(window), KEY.Key_Escape)
    QApplication.processEvents()
    for presenting in (True, False):
        assert window.main_window.isFullScreen() == presenting
        press_key(KEY.Key_Escape)


def test_a_window_that_is_closed_while_presenting_opens_with_its_panels(open_window, answer):
    window = open_window("relu")
    settled()
    before = around(window)
    window.diagram.setFocus()
    press_key(KEY.Key_F11)
    set_number(window, address_named(window, "output", "node_0"), "3")
    for button, stays in (("Cancel", True), ("Discard", False)):
        answer(QMessageBox, choose(button))
        window.main_window.close()
        assert window.main_window.isVisible() == stays
        assert not stays or (window.main_window.isFullScreen(), around(window)) == (True, set())
    after = open_window("relu")
    QApplication.processEvents()
    assert around(after) == before
    assert not after.main_window.isFullScreen()


def test_a_heading_on_the_row_of_tabs_has_room_for_buttons_that_appear(qtbot, open_window):
    window = open_window("iris")
    card = bring(window, "Explain")
    settled()
    window.document.select(Address("weight", 0, 0, 0))

    def shown_buttons():
        return [button for button in card.head.findChildren(QPushButton) if button.isVisible()]

    qtbot.waitUntil(lambda: len(shown_buttons()) > 1)  # they come with the plot
    settled()
    shown = shown_buttons()
    assert [button.visibleRegion().boundingRect().size() for button in shown] == [
        button.sizeHint() for button in shown
    ]
