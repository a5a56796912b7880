"""The panels around the diagram: hidden, tabbed, floated, remembered, and put back as they were at first."""

import gc

import pytest
from PySide6.QtCore import QByteArray, QPoint, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QTabBar, QWidget

from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.ui.window.app import Opened
from nnviz.ui.window.board import ARRANGEMENT
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.panels import PANELS
from tests.ui.hands import address_named, bring, choose_entry, click, make_higher, press
from tests.ui.sees import offered, status

FIRST = {"Training", "Notes", "Data", "MSE"}
"""What is in sight at the first start on an example with notes."""


RGB = QImage.Format.Format_RGB32


def in_sight(window):
    return {dock.windowTitle() for dock in window.board.docks.values() if dock.in_sight}


def dock(window, name):
    return window.board.docks[name]


def place(window, name):
    """Return where a panel stands in the window."""
    own = dock(window, name)
    return own.geometry().translated(own.parentWidget().mapTo(window.main_window, QPoint()))


def sizes(window):
    return {name: place(window, name) for name in FIRST}


def again(window, open_window):
    """Close a window and open the next one, as a restart does."""
    window.main_window.close()
    return open_window("relu")


def test_what_is_read_stands_in_a_tall_column_at_the_right_what_is_wide_below_the_diagram(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    assert in_sight(window) == FIRST
    diagram, board = window.board.centralWidget().geometry(), window.board.rect()
    training, notes, data, mse = (
        dock(window, name).geometry() for name in ("Training", "Notes", "Data", "MSE")
    )
    assert training.width() == notes.width() == 364
    assert board.right() - training.right() == board.bottom() - notes.bottom() == 10
    assert training.left() - diagram.right() - 1 == 10
    assert training.bottom() < notes.top()
    assert diagram.bottom() < data.top() < notes.bottom()
    assert data.left() == diagram.left()
    assert data.right() < mse.left()
    assert abs(data.width() - mse.width()) <= 2
    assert mse.right() == diagram.right()


def test_where_the_window_grows_training_has_what_it_needs_and_the_panels_below_the_rest(qtbot, open_window):
    window = open_window("relu")
    training, notes = dock(window, "Training"), dock(window, "Notes")
    assert training.height() == training.least.height()
    before = notes.height()
    window.main_window.resize(1400, 1000)
    qtbot.waitUntil(lambda: training.height() == training.least.height())
    assert notes.height() == before + 200
    make_higher(window.board, training, 50)  # a person gives it more
    wished = training.height()
    window.main_window.resize(1400, 960)
    QApplication.processEvents()
    assert training.height() > training.least.height()
    assert wished > training.least.height() + 30


@pytest.mark.parametrize("panel", PANELS, ids=[panel.name for panel in PANELS])
def test_every_panel_comes_into_sight_by_the_view_menu_with_the_keyboard_and_goes_again(open_window, panel):
    window = open_window("relu")
    QApplication.processEvents()
    entry = offered(window, panel.name)
    if panel.name in in_sight(window):
        entry.trigger()
        QApplication.processEvents()
        assert panel.name not in in_sight(window)
        assert not entry.isChecked()
    entry.trigger()
    QApplication.processEvents()
    assert panel.name in in_sight(window)
    assert entry.isChecked()
    assert dock(window, panel.name).has_focus
    entry.trigger()
    QApplication.processEvents()
    assert panel.name not in in_sight(window)
    assert not entry.isChecked()
    assert window.diagram.hasFocus()


def test_the_view_menu_ticks_a_panel_behind_a_tab_and_brings_it_to_the_front(open_window):
    window = open_window("relu")
    entry = offered(window, "Matrix")
    assert entry.isChecked()
    assert "Matrix" not in in_sight(window)
    entry.trigger()
    QApplication.processEvents()
    assert "Matrix" in in_sight(window)
    assert entry.isChecked()
    press(window, "MSE")
    QApplication.processEvents()
    assert "Matrix" not in in_sight(window)
    assert entry.isChecked()
    for name in ("Matrix", "MSE"):
        bring(window, name)
        choose_entry(window, name)
    QApplication.processEvents()
    assert [offered(window, name).isChecked() for name in ("MSE", "1 weight", "2 weights", "Matrix")] == [
        False,
        True,
        True,
        False,
    ]


def test_a_title_row_under_tabs_is_no_higher_than_what_stands_in_it(open_window):
    window = open_window("xor")
    for name in ("MSE", "Matrix", "Explain"):
        head = bring(window, name).head
        QApplication.processEvents()
        assert head.height() == max(own.height() for own in head.findChildren(QWidget) if own.isVisible())
    alone = dock(window, "Data").card.head
    assert alone.height() > max(own.height() for own in alone.findChildren(QPushButton))


@pytest.mark.parametrize("name", ["1 weight", "2 weights"])
def test_no_heading_repeats_the_tab_that_was_clicked_for_it(open_window, name):
    window = open_window("relu")
    at = next(
        bar.mapTo(window.main_window, bar.tabRect(k).center())
        for bar in window.main_window.findChildren(QTabBar)
        for k in range(bar.count())
        if bar.tabText(k) == name
    )
    screen = window.main_window.windowHandle()
    QTest.mousePress(screen, Qt.MouseButton.LeftButton, pos=at)
    for _ in range(4):  # the panel is made while the button is down
        QApplication.processEvents()
    QTest.mouseRelease(screen, Qt.MouseButton.LeftButton, pos=at)
    window.selection.select(Address("weight", 0, 0, 0), Address("weight", 0, 1, 0))
    for _ in range(4):
        QApplication.processEvents()
    panel = window.board.docks[name]
    assert panel.card.isVisible()
    assert not panel.card.heading.isVisible()
    assert panel.titleBarWidget() is panel.card.head  # by which it is taken hold of


def test_panels_are_ticked_as_before_after_the_diagram_was_alone(open_window):
    window = open_window("relu")
    bring(window, "Data")
    choose_entry(window, "Data")
    for _ in range(2):
        QTest.keyClick(window.diagram, Qt.Key.Key_F11)
    QApplication.processEvents()
    assert [panel.name for panel in PANELS if not offered(window, panel.name).isChecked()] == ["Data"]


def test_hiding_panels_gives_their_room_to_the_diagram_at_once(open_window):
    window = open_window("relu")
    before = window.diagram.size()
    for name in [panel.name for panel in PANELS if panel.place.startswith("right")]:
        bring(window, name)
        choose_entry(window, name)
    QApplication.processEvents()
    assert window.diagram.width() == before.width() + 364 + 10
    for name in [panel.name for panel in PANELS if panel.place.startswith("below")]:
        bring(window, name)
        choose_entry(window, name)
    QApplication.processEvents()
    assert window.diagram.size() == window.board.size().shrunkBy(window.board.contentsMargins())


def test_a_panel_behind_a_tab_does_no_work_and_is_right_when_it_comes(open_window):
    window = open_window("relu")
    press(window, "Explain")
    QApplication.processEvents()
    assert in_sight(window) == FIRST - {"Notes"} | {"Explain"}
    assert window.explain.isVisible()
    assert not window.notes.isVisible()
    press(window, "Notes")
    QApplication.processEvents()
    assert window.notes.isVisible()
    assert not window.explain.isVisible()


def test_tab_reaches_nothing_that_stands_behind_another_tab(open_window):
    window = open_window("two-hidden-layers")
    press(window, "Matrix")
    bring(window, "Matrix")
    press(window, "MSE")
    QApplication.processEvents()
    assert "Matrix" not in in_sight(window)
    window.diagram.setFocus()
    reached = []
    while (widget := QApplication.focusWidget()) not in reached:
        reached.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
    assert len(reached) > 10
    assert not [own.accessibleName() for own in reached if dock(window, "Matrix").isAncestorOf(own)]


def test_the_loss_panels_are_not_made_before_they_are_shown(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    assert dock(window, "1 weight").card is None
    press(window, "1 weight")
    QApplication.processEvents()
    assert dock(window, "1 weight").card.isVisible()


def test_the_arrangement_is_there_again_after_a_restart(open_window):
    window = open_window("relu")
    bring(window, "1 weight")
    window.board.splitDockWidget(dock(window, "Training"), dock(window, "1 weight"), Qt.Orientation.Vertical)
    bring(window, "Matrix")
    choose_entry(window, "Data")
    QApplication.processEvents()
    seen = in_sight(window)
    assert seen == FIRST - {"Data", "MSE"} | {"Matrix", "1 weight"}
    after = again(window, open_window)
    QApplication.processEvents()
    assert in_sight(after) == seen
    assert dock(after, "1 weight").geometry() == dock(window, "1 weight").geometry()
    assert not offered(after, "Data").isChecked()


@pytest.mark.parametrize("kept", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("noise", [b"", b"\x00\xff\x17"])
def test_an_arrangement_that_cannot_be_read_is_the_first_one(open_window, settings, kept, noise):
    window = open_window("relu")
    QApplication.processEvents()
    first = sizes(window)
    bring(window, "Matrix")
    choose_entry(window, "Data")
    window.main_window.close()
    state = settings.bytes(ARRANGEMENT).data()
    damaged = noise + state[: int(kept * len(state)) - len(noise) - 1]
    settings.remember(ARRANGEMENT, QByteArray(damaged))
    after = open_window("relu")
    QApplication.processEvents()
    assert in_sight(after) == FIRST
    assert sizes(after) == first


def test_reset_brings_the_first_arrangement_back_whatever_was_done(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    first = sizes(window)
    dock(window, "Data").setFloating(True)
    bring(window, "Matrix")
    choose_entry(window, "Training")
    window.board.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock(window, "MSE"))
    window.board.tabifyDockWidget(dock(window, "Notes"), dock(window, "1 weight"))
    QApplication.processEvents()
    choose_entry(window, "Reset arrangement")
    QApplication.processEvents()
    assert in_sight(window) == FIRST - {"Notes"} | {"Explain"}
    bring(window, "Notes")
    QApplication.processEvents()
    assert sizes(window) == first


def test_the_arrangement_stays_from_start_to_start_of_the_program(qtbot, settings, tmp_path):
    """The window stands before it is filled, which must not share the room anew."""
    seen = []
    for _ in range(3):
        program = Opened(settings, example("relu").path, tmp_path)
        qtbot.waitUntil(lambda program=program: program.workspace is not None)
        program.workspace.main_window.resize(1280, 800)  # the screen of these tests is smaller
        QApplication.processEvents()
        now = sizes(program.workspace)
        seen.append(
            (now["Data"].height(), now["MSE"].width(), now["Training"].width(), now["Notes"].bottom())
        )
        assert program.workspace.diagram.hasFocus()
        program.workspace.main_window.close()
        program.close()
    gc.unfreeze()
    assert seen[1] == pytest.approx(seen[2], abs=4)  # the small screen is shared in whole pixels
    assert seen[0][0] == 246


def test_a_panel_that_stood_behind_another_all_the_time_ends_with_its_window(qtbot, settings, tmp_path):
    before = QApplication.topLevelWidgets()
    program = Opened(settings, example("relu").path, tmp_path)
    qtbot.waitUntil(lambda own=program: own.workspace is not None and own.workspace.history.curve is not None)
    assert "Explain" not in in_sight(program.workspace)
    program.workspace.main_window.close()
    program.close()
    del program
    gc.unfreeze()
    gc.collect()
    assert [own.accessibleName() for own in QApplication.topLevelWidgets() if own not in before] == []


def test_a_window_that_is_closed_before_it_is_filled_forgets_no_arrangement(qtbot, settings):
    kept = QByteArray(b"as it was left")
    settings.remember(ARRANGEMENT, kept)
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.show()
    window.close()
    assert settings.bytes(ARRANGEMENT) == kept


def floating(window, name):
    """Float a panel by a double click on its title row."""
    left, at = Qt.MouseButton.LeftButton, QPoint(150, 14)
    QTest.mouseDClick(dock(window, name), left, pos=at)
    QTest.mouseRelease(dock(window, name), left)  # which has become a window meanwhile
    QApplication.processEvents()
    return dock(window, name)


def test_a_panel_floats_by_a_double_click_with_a_frame_of_the_system_and_all_its_buttons(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    own = floating(window, "Data")
    assert own.isFloating()
    assert own.isWindow()
    assert own.titleBarWidget() is None
    assert own.windowTitle() == "Data"
    before = len(window.document.state.data)
    press_in(own, "Add row")
    assert len(window.document.state.data) == before + 1
    own.resize(own.width() + 100, own.height() + 100)
    QApplication.processEvents()
    assert own.widget().width() >= 500
    own.close()
    QApplication.processEvents()
    assert not offered(window, "Data").isChecked()
    choose_entry(window, "Data")
    QApplication.processEvents()
    assert own.isFloating()
    choose_in_menu(own, "Put back")
    assert not own.isFloating()
    press_in(own, "Add row")
    assert len(window.document.state.data) == before + 2


def test_a_panel_that_floats_is_painted_after_a_restart(open_window, qtbot):
    window = open_window("relu")
    QApplication.processEvents()
    floating(window, "Data")
    own = dock(again(window, open_window), "Data")
    assert own.isFloating()
    qtbot.waitUntil(lambda: on_screen(own) == own.grab().toImage().convertToFormat(RGB))


def on_screen(widget):
    return QApplication.primaryScreen().grabWindow(widget.winId()).toImage().convertToFormat(RGB)


def press_in(widget, text):
    button = next(own for own in widget.findChildren(QPushButton) if own.text() == text)
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose_in_menu(widget, text):
    """Open the menu of a dock and choose what says `text`."""
    at = QPoint(20, 12)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    menu = widget.findChild(QMenu)
    next(own for own in menu.actions() if own.text().replace("&", "") == text).trigger()
    menu.close()
    QApplication.processEvents()


def test_a_click_on_a_node_does_not_bring_back_an_explanation_that_was_hidden(open_window):
    window = open_window("relu")
    bring(window, "Explain")
    choose_entry(window, "Explain")
    QApplication.processEvents()
    click(window, address_named(window, "node_0"))
    QApplication.processEvents()
    assert "Explain" not in in_sight(window)


def test_notes_and_plot_of_a_floating_panel_stay_where_they_are_when_another_file_opens(open_window):
    window = open_window("relu")
    dock(window, "Notes").setFloating(True)
    QApplication.processEvents()
    press(window, "Explain")
    click(window, address_named(window, "node_0"))
    QApplication.processEvents()
    assert {"Notes", "Explain"} <= in_sight(window)


def test_no_panel_is_blank_after_the_window_has_shrunk_or_was_the_diagram_alone(open_window, qtbot):
    window = open_window("relu")
    for _ in range(3):
        window.main_window.resize(1918, 1000)
        qtbot.waitUntil(lambda: in_sight(window) == FIRST)
        window.main_window.resize(1280, 800)
        qtbot.waitUntil(lambda: filled(window) == in_sight(window) == FIRST)
    for _ in range(2):
        QTest.keyClick(window.diagram, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: filled(window) == in_sight(window) == FIRST)


def filled(window):
    """Return which panels show what they hold."""
    return {name for name, own in window.board.docks.items() if own.card and own.card.isVisible()}


def test_f6_goes_through_the_panels_and_the_diagram_and_shift_f6_back(open_window):
    window = open_window("relu")
    QApplication.processEvents()

    def at():
        return next((name for name, own in window.board.docks.items() if own.has_focus), "diagram")

    def go(modifier=Qt.KeyboardModifier.NoModifier):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F6, modifier)
        QApplication.processEvents()
        return at()

    assert at() == "diagram"
    assert [go() for _ in range(5)] == ["Training", "Notes", "Data", "MSE", "diagram"]
    assert window.diagram.hasFocus()
    shift = Qt.KeyboardModifier.ShiftModifier
    assert [go(shift) for _ in range(5)] == ["MSE", "Data", "Notes", "Training", "diagram"]


@pytest.mark.parametrize("name", [panel.name for panel in PANELS])
def test_a_panel_shows_that_it_has_the_keyboard(open_window, name):
    window = open_window("relu")
    bring(window, name)
    window.diagram.setFocus()
    QApplication.processEvents()
    own = dock(window, name)
    before = own.grab().toImage()
    own.come(take_focus=True)
    QApplication.processEvents()
    assert own.has_focus
    assert own.grab().toImage() != before


def test_the_panel_with_the_keyboard_floats_by_a_key_and_is_put_back(open_window):
    window = open_window("relu")
    QApplication.processEvents()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier

    def press_key():
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_F, keys)
        QApplication.processEvents()

    press_key()
    assert "F6" in status(window)
    window.board.docks["Data"].come(take_focus=True)
    press_key()
    assert dock(window, "Data").isFloating()
    assert dock(window, "Data").has_focus
    press_key()
    assert not dock(window, "Data").isFloating()


LARGE, SMALL = (2560, 1400), (1366, 740)


def shares(window):
    """Return the share of the window that the column at the right has, and that of what stands below."""
    own = window.main_window.size()
    return dock(window, "Training").width() / own.width(), dock(window, "Data").height() / own.height()


def start_at(open_window, size, window=None):
    """Close a window and open the next one, on a screen where it has this size."""
    if window:
        window.main_window.close()
    opened = open_window("relu", size)
    opened.main_window.resize(*size)
    for _ in range(4):
        QApplication.processEvents()
    return opened


def arrange(window, across, down):
    """Give the column at the right, and what stands below, so many pixels."""
    window.board.resizeDocks([dock(window, "Training")], [across], Qt.Orientation.Horizontal)
    window.board.resizeDocks([dock(window, "Data")], [down], Qt.Orientation.Vertical)
    QApplication.processEvents()


@pytest.mark.parametrize(
    ("size", "sizes_then", "other"), [(LARGE, (760, 500), SMALL), (SMALL, (400, 300), LARGE)]
)
def test_panels_have_the_same_share_of_another_screen_and_as_before_on_return(
    open_window, size, sizes_then, other
):
    window = start_at(open_window, size)
    arrange(window, *sizes_then)
    before = shares(window)
    elsewhere = start_at(open_window, other, window)
    assert shares(elsewhere) == pytest.approx(before, abs=0.02)
    assert in_sight(elsewhere) == FIRST
    for name in FIRST:
        assert elsewhere.main_window.rect().contains(place(elsewhere, name))
    training = dock(elsewhere, "Training")
    assert training.height() == training.least.height()
    assert shares(start_at(open_window, size, elsewhere)) == pytest.approx(before, abs=0.02)


def test_the_first_arrangement_of_a_large_screen_stays_so_on_a_small_one(open_window):
    first = sizes(start_at(open_window, SMALL))
    window = start_at(open_window, SMALL, start_at(open_window, LARGE))
    assert {name: rect.size() for name, rect in sizes(window).items()} == {
        name: rect.size() for name, rect in first.items()
    }


@pytest.mark.parametrize("odd", [QSize(0, 0), QSize(0, 700), QSize(2**30, 2**30), QSize(-5, 3), "600"])
def test_odd_sizes_that_were_remembered_leave_every_panel_in_sight(open_window, settings, odd):
    window = start_at(open_window, SMALL)
    window.main_window.close()
    for name in (*FIRST, "window"):
        settings.remember(f"sizes/{name}", odd)
    after = start_at(open_window, SMALL)
    assert in_sight(after) == FIRST
    for name in FIRST:
        assert after.main_window.rect().contains(place(after, name))


def test_a_window_that_was_maximised_is_so_again_on_a_screen_of_another_width(qtbot, settings):
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.showMaximized()
    window.close()
    settings.remember("geometry", QByteArray(b"of a screen that Qt takes for too different"))
    after = MainWindow(settings)
    qtbot.addWidget(after)
    after.show()
    assert after.isMaximized()
    after.showNormal()
    after.close()
    assert not MainWindow(settings).isMaximized()
