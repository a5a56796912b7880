"""What only a real window has: focus, shortcuts, drag and drop, closing.

Keys and clicks go through the window to whatever has the focus, as a person's do. To run them:
`QT_QPA_PLATFORM=xcb pytest -m window`.
"""

import shutil
import subprocess
from functools import partial

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QCursor, QDrag
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QTabBar,
    QTableView,
)

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from tests.ui.hands import address_named, point, type_name
from tests.ui.sees import walking

pytestmark = pytest.mark.window

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def window(open_window, qtbot):
    """The window on the example `relu`, active."""
    opened = open_window("relu")
    opened.main_window.activateWindow()
    qtbot.waitUntil(opened.main_window.isActiveWindow)
    return opened


def press(key, modifier=Qt.KeyboardModifier.NoModifier):
    """Press a key for the window that is active."""
    QTest.keyClick(QApplication.focusWindow(), key, modifier)


def type_text(text):
    for letter in text:
        press(ord(letter.upper()))


def click(widget, where=None):
    """Click on a widget's middle, or where it is told, through its window."""
    inside = where or widget.rect().center()
    window = widget.window()
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, pos=widget.mapTo(window, inside))


def covers(window, widget):
    """Whether a window lies over a widget of another one."""
    return window.frameGeometry().intersects(widget.rect().translated(widget.mapToGlobal(QPoint())))


def weight(window):
    return window.document.state.network.layers[0].weights[0, 0]


def click_named(window, *names):
    """Click a node of the diagram, or the weight to it from another one."""
    click(window.diagram, point(window, address_named(window, *names)))


def set_weight(window, text):
    """Click the weight from the first input to node_0, type, press Enter."""
    click_named(window, "node_0", "accounts")
    type_text(text)
    press(KEY.Key_Return)


def click_cell(window):
    view = window.data.findChild(QTableView)
    click(view.viewport(), view.visualRect(view.model().index(0, 0)).center())


ELSEWHERE = {
    "table": click_cell,
    "field": lambda window: click(window.training.fields.learning_rate),
    "button": lambda window: window.training.run_buttons.step.setFocus(Qt.FocusReason.TabFocusReason),
}


def test_the_diagram_has_the_keyboard_from_the_start_and_its_keys_walk(window):
    assert window.diagram.hasFocus()
    click_named(window, "node_0")
    press(KEY.Key_Period)
    first = window.player.progress.goal
    press(KEY.Key_Period)
    assert window.player.progress.goal > first > 0
    press(KEY.Key_Comma)
    assert window.player.progress.goal == first
    for playing in (True, False):
        press(KEY.Key_Space)
        assert window.player.progress.playing == playing
    press(KEY.Key_Escape)
    press(KEY.Key_Tab)
    assert not window.diagram.hasFocus()
    press(KEY.Key_Period)  # the walk's keys act there too
    assert walking(window)
    press(KEY.Key_Escape)
    assert not walking(window)


def test_undo_run_and_save_have_their_keys_everywhere_and_those_of_the_diagram_not(window, answer, tmp_path):
    mine = tmp_path / "mine.json"
    answer(QFileDialog, type_name(mine))
    for number, go in enumerate((None, *ELSEWHERE.values()), 3):
        set_weight(window, str(number))
        selected, before = window.document.now.address, window.document.state
        if go:
            go(window)
            assert not window.diagram.hasFocus()
            for key in (KEY.Key_Plus, KEY.Key_Minus, KEY.Key_Home, KEY.Key_Escape):
                press(key)
        assert window.document.now.address == selected
        assert window.document.state is before
        assert not walking(window)
        press(KEY.Key_Z, CTRL)
        assert weight(window) == (number - 1 if number > 3 else 2)
        press(KEY.Key_Z, CTRL | SHIFT)
        for running in (True, False):
            press(KEY.Key_F5)
            assert window.runner.running == running
        while window.document.state.iteration:
            window.undo()
        press(KEY.Key_S, CTRL)
        assert load(mine).network.layers[0].weights[0, 0] == number
        assert not window.main_window.isWindowModified()
        window.main_window.activateWindow()


# Closing


@pytest.fixture
def xdotool():
    """Return a function that moves the mouse and presses keys, for the X server; it is waited for."""
    program = shutil.which("xdotool")
    if program is None:
        pytest.skip("xdotool is what moves the mouse and presses keys")
    running = []
    yield lambda *words: running.append(subprocess.Popen([program, *map(str, words)]))
    for process in running:
        assert process.wait(120) == 0


def is_in_front(window):
    """Return whether the window manager holds `window` for the active one: it answers later than Qt."""
    answer = subprocess.run(["xdotool", "getactivewindow"], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == str(int(window.winId()))


def says(button, texts):
    def read_and_press(box):
        texts.append(box.text())
        click(box.button(button))

    return read_and_press


def test_closing_asks_about_unsaved_changes_also_by_the_window_manager(
    window, answer, qtbot, xdotool, tmp_path
):
    texts, box = [], QMessageBox.StandardButton
    set_weight(window, "9")
    for close in (partial(press, KEY.Key_Q, CTRL), partial(xdotool, "key", "alt+F4")):
        texts.clear()
        answer(QMessageBox, says(box.Cancel, texts))
        close()
        qtbot.waitUntil(lambda: texts == [f"Save the changes to {window.document.title}?"])
        assert window.main_window.isVisible()
        window.main_window.activateWindow()
        qtbot.waitUntil(window.main_window.isActiveWindow)
    answer(QMessageBox, says(box.Save, []))
    answer(QFileDialog, type_name(tmp_path / "mine.json"))
    press(KEY.Key_Q, CTRL)
    assert not window.main_window.isVisible()
    assert load(tmp_path / "mine.json").network.layers[0].weights[0, 0] == 9


# Drag and drop


class Icon(QLabel):
    """A file's icon in another program's window."""

    def __init__(self, path):
        super().__init__(path.name)
        self.path = path

    def mousePressEvent(self, _event):  # noqa: N802
        drag, data = QDrag(self), QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self.path))])
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


@pytest.fixture
def icon(qtbot, tmp_path):
    """The icon of a file with the network of `xor`, beside the window."""
    save(load(example("xor").path), tmp_path / "other.json")
    made = Icon(tmp_path / "other.json")
    made.setGeometry(1400, 100, 150, 100)
    made.show()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()


@pytest.fixture
def drag(xdotool, qtbot):
    """Return a function that drags from the middle of a widget to the middle of another, with the mouse."""

    def from_to(source, target):
        (x, y), (to_x, to_y) = middle(source), middle(target)
        xdotool("mousemove", x, y)
        qtbot.waitUntil(source.underMouse)
        words = ["mousedown", 1]
        for k in range(1, 11):
            at = x + (to_x - x) * k // 10, y + (to_y - y) * k // 10
            words += ["sleep", 0.03, "mousemove", *at]
        xdotool(*words, "sleep", 0.2, "mouseup", 1)

    return from_to


def middle(widget):
    place = widget.mapToGlobal(widget.rect().center())
    return place.x(), place.y()


def test_a_file_that_is_dropped_opens_and_unsaved_changes_are_asked_about_first(
    window, icon, qtbot, answer, drag
):
    window.document.push(edits.set_value(window.document.state, Address("weight", 0, 0, 0), 9.0), "Edit")
    texts = []
    answer(QMessageBox, says(QMessageBox.StandardButton.Cancel, texts))
    drag(icon, window.data)
    qtbot.waitUntil(lambda: len(texts) == 1)
    assert window.document.path is None
    assert weight(window) == 9
    window.undo()
    drag(icon, window.diagram)
    qtbot.waitUntil(lambda: window.document.path == icon.path)
    assert window.document.state == load(icon.path)


# Menus on the diagram


BUTTONS = ("Menu: Hidden layer", "Activation of the hidden layer: relu", "Menu: MSE")


def test_a_button_is_lit_no_longer_when_its_menu_closes_with_the_mouse_elsewhere(window, xdotool, qtbot):
    window.main_window.grab()
    for name in BUTTONS:
        (button,) = [
            own for own in window.main_window.findChildren(QAbstractButton) if own.accessibleName() == name
        ]
        (menu,) = button.findChildren(QMenu) or button.parent().findChildren(QMenu) or [window.history.menu]
        closed = []
        menu.aboutToHide.connect(partial(closed.append, 1))
        x, y = middle(button)
        aside = ("mousemove", x - 60, y + 300, "sleep", 0.3, "key", "Escape")
        xdotool("mousemove", x, y, "sleep", 0.3, "click", 1, "sleep", 0.5, *aside)
        qtbot.waitUntil(partial(bool, closed))
        qtbot.waitUntil(lambda button=button: not button.underMouse())
        assert not button.isDown()


def test_a_node_is_lit_no_longer_when_its_menu_closes_with_the_mouse_elsewhere(window, xdotool, qtbot):
    away = window.diagram.mapToGlobal(window.diagram.rect().bottomLeft()) + QPoint(20, -10)
    xdotool("mousemove", away.x(), away.y())
    qtbot.waitUntil(lambda: QCursor.pos() == away)
    plain = window.diagram.grab().toImage()
    at = window.diagram.mapToGlobal(point(window, address_named(window, "node_0")))
    xdotool("mousemove", at.x(), at.y())
    qtbot.waitUntil(lambda: window.diagram.grab().toImage() != plain)
    xdotool("click", 3)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    xdotool("mousemove", away.x(), away.y(), "key", "Escape")
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None)
    qtbot.waitUntil(lambda: window.diagram.grab().toImage() == plain)


def test_after_a_menu_and_the_help_the_walks_keys_are_live(window, xdotool, qtbot):
    bar = window.main_window.menuBar()
    click(bar, bar.actionGeometry(bar.actions()[0]).center())
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    QTest.keyClick(QApplication.activePopupWidget(), KEY.Key_Escape)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is None and is_in_front(window.main_window))
    xdotool("key", "F1")
    qtbot.waitUntil(lambda: QApplication.activeWindow() not in (None, window.main_window))
    qtbot.waitUntil(lambda: is_in_front(QApplication.activeWindow()))
    xdotool("key", "Escape")
    qtbot.waitUntil(window.main_window.isActiveWindow)
    for key in (KEY.Key_Space, KEY.Key_Space, KEY.Key_Comma, KEY.Key_Period, KEY.Key_3):
        press(key)
        assert walking(window)
    assert window.player.progress.phase == "backward"
    press(KEY.Key_Escape)
    assert not walking(window)


def test_a_panel_floats_by_the_keyboard_alone_and_is_put_back(window, xdotool, qtbot):
    data = window.board.docks["Data"]
    xdotool("key", "shift+F6", "sleep", 0.2, "key", "shift+F6")
    qtbot.waitUntil(lambda: data.has_focus)
    xdotool("key", "ctrl+shift+f")
    qtbot.waitUntil(lambda: data.isFloating() and data.isActiveWindow() and data.has_focus)
    xdotool("key", "ctrl+shift+f")
    qtbot.waitUntil(lambda: not data.isFloating())
    qtbot.waitUntil(window.main_window.isActiveWindow)
    xdotool("key", "F6", "sleep", 0.2, "key", "F6")
    qtbot.waitUntil(window.diagram.hasFocus)


def test_a_panel_floats_by_a_double_click_with_a_bar_at_once_and_hides_no_tabs(window, xdotool, qtbot):
    for name in ("Training", "Data"):
        own = window.board.docks[name]
        at = own.mapToGlobal(QPoint(130, 14))
        xdotool("mousemove", at.x(), at.y(), "click", "--repeat", 2, "--delay", 60, 1)
        qtbot.waitUntil(lambda own=own: own.isFloating() and own.isVisible())
        put_back = own.findChild(QAbstractButton, "qt_dockwidget_floatbutton")
        assert put_back.isVisible()
        assert "TRAINING" not in {label.text() for label in own.findChildren(QLabel) if label.isVisible()}
        bars = [bar for bar in window.board.findChildren(QTabBar) if bar.isVisible()]
        assert len(bars) == 2
        qtbot.waitUntil(lambda own=own, bars=bars: not any(covers(own, bar) for bar in bars))  # bars move up
        assert own.screen().availableGeometry().contains(own.frameGeometry())
        click(put_back)
        qtbot.waitUntil(lambda own=own: not own.isFloating())


def test_no_interface_size_makes_the_window_larger_than_its_screen(window, qtbot):
    own = window.main_window
    for percent in (200, 100):  # within a screen of 1080 rows
        window.set_size(percent)
        room = own.screen().availableGeometry()
        qtbot.waitUntil(lambda room=room: room.contains(own.frameGeometry()))
