"""The hands of a person for the tests: they find a number on the picture, click it and type."""

import PySide6
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QListWidget, QPushButton, QTabBar

from nnviz.core.address import Address
from tests.ui.sees import entry, offered, panel_entry, place, written

CORNER = QPoint(2, 2)


def address_named(window, name, source=None):
    """Return the address that a person would point at: "output", or the weight from "node_0" to "output"."""
    network = window.document.state.network
    for column in range(len(network.sizes)):
        if name in network.names(column):
            node = network.names(column).index(name)
            if source is None:
                return Address("node", column - 1, node)
            return Address("weight", column - 1, node, network.names(column - 1).index(source))
    raise AssertionError(f"no node is called {name}")


def point(window, address):
    """Return the middle of the number or node at `address`, in the diagram's pixels."""
    stands = place(window, address)
    assert stands is not None, f"{address} is not in sight"
    return QPoint(*(round(value) for value in stands.center))


def click(window, address, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, modifier, point(window, address))


def drag(widget, start, dx, modifier=Qt.KeyboardModifier.NoModifier):
    """Press at `start`, drag by `dx` pixels to the right, and let go."""
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(widget, left, modifier, start)
    for x in range(0, dx + (1 if dx > 0 else -1), 6 if dx > 0 else -6):
        QTest.mouseMove(widget, start + QPoint(x, 0))
    QTest.mouseRelease(widget, left, modifier, start + QPoint(dx, 0))


def hover(widget, *places):
    """Move the mouse to places, with no button pressed; QTest would press the last pressed button."""
    none = Qt.MouseButton.NoButton
    for at in map(QPointF, places):
        no_keys = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(QEvent.Type.MouseMove, at, widget.mapToGlobal(at), none, none, no_keys)
        QApplication.sendEvent(widget, event)


def rest(widget, at):
    """Rest the mouse on a place until a tooltip would come."""
    at = QPointF(at).toPoint()
    hover(widget, at)
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))


def write(widget, text):
    """Type `text`; QTest.keyClicks ends the process at letters that are not Latin-1."""
    for letter in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, letter)
            QApplication.sendEvent(widget, event)


def editor_of(window):
    """Return the open field of the diagram."""
    editor = window.diagram.session.editor
    assert editor.isVisible(), "no field is open"
    return editor


def set_number(window, address, text, key=Qt.Key.Key_Return):
    """Click the number or name at `address` where it stands, type, press `key`."""
    click(window, address)
    if address.kind == "name" and not window.diagram.session.open:  # the first click selected the node
        click(window, address)
    editor = editor_of(window)
    write(editor, text)
    if key is not None:
        QTest.keyClick(editor, key)


def press(window, text):
    """Press the button, or the tab, that says `text`."""
    buttons = [
        (button, button.rect().center())
        for button in window.main_window.findChildren(QPushButton)
        if button.text() == text and button.isVisible()
    ]
    tabs = [
        (bar, bar.tabRect(k).center())
        for bar in window.main_window.findChildren(QTabBar)
        for k in range(bar.count())
        if bar.tabText(k) == text and bar.isVisible()
    ]
    assert len(buttons + tabs) == 1, f"{len(buttons + tabs)} buttons say {text!r}"
    widget, at = (buttons + tabs)[0]
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=at)


def bring(window, name):
    """Bring the panel `name` into sight by the View menu, if it is not; return it."""
    dock = window.board.docks[name]
    if not dock.is_in_view:
        panel_entry(window, name).trigger()
    return dock.card


def unfold(panel):
    """Show the settings under More on the panel Training."""
    if not panel.fold.button.isChecked():
        panel.fold.button.click()


def choose_entry(window, title):
    """Choose the entry of the menus that says `title`."""
    offered(window, title).trigger()


def shown(window, kind, name):
    """Return the text of a node's "value", "z", "error" or "target" on the diagram."""
    return written(window, address_named(window, name)._replace(kind=kind))


def pick(choice, text):
    """Go to an entry of a closed list with the arrow keys."""
    choice.setFocus()
    wanted = choice.findText(text)
    assert wanted >= 0, f"the list has no {text!r}"
    while choice.currentIndex() != wanted:
        QTest.keyClick(choice, Qt.Key.Key_Down if choice.currentIndex() < wanted else Qt.Key.Key_Up)


def choose_in_table_menu(window, text):
    """Choose what says `text` in the menu of the table's current cell, by the keyboard."""
    table = window.data.table
    table.customContextMenuRequested.emit(table.visualRect(table.currentIndex()).center())
    menu = QApplication.activePopupWidget()
    action = entry(menu, text)
    assert action.isEnabled()
    menu.setActiveAction(action)
    QTest.keyClick(menu, Qt.Key.Key_Return)


def type_name(path):
    """Return what to do with a file dialog: type `path` and press Enter."""

    def into(dialog):
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        name.setText(str(path))
        QTest.keyClick(name, Qt.Key.Key_Return)

    return into


def choose(text, told=None):
    """Return what to do with a message box: press the button that says `text`; `told` gets its sentences."""

    def press_it(box):
        if told is not None:
            told.append(f"{box.text()} {box.informativeText()}".strip())
        letters = [own.text().partition("&")[2][:1].upper() for own in box.buttons() if "&" in own.text()]
        assert len(set(letters)) == len(letters), "Alt and a letter press one button alone"
        press_button(text)(box)

    return press_it


def press_button(text):
    """Return what to do with a dialog: press its button that says `text`."""

    def press_it(dialog):
        shown = [own for own in dialog.findChildren(QPushButton) if own.isVisible()]
        buttons = [own for own in shown if own.text().replace("&", "") == text]
        assert len(buttons) == 1, f"{len(buttons)} buttons say {text!r}"
        QTest.mouseClick(buttons[0], Qt.MouseButton.LeftButton)

    return press_it


def drag_over(widget, data, at=CORNER):
    """Drag `data` to a place on a widget; return whether it, or a parent, would take the data."""
    place = QPointF(at) if PySide6.__version_info__ >= (6, 12) else at
    enter, move = (kind(place, *_dragged(data)) for kind in (QDragEnterEvent, QDragMoveEvent))
    QApplication.sendEvent(widget, enter)
    QApplication.sendEvent(widget, move)
    return enter.isAccepted()


def let_go(widget, data, at=CORNER):
    """Drop the dragged data."""
    QApplication.sendEvent(widget, QDropEvent(QPointF(at), *_dragged(data)))


def _dragged(data):
    return Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def drag_away(widget):
    """Drag data away from a widget."""
    QApplication.sendEvent(widget, QDragLeaveEvent())


def turn(widget, notches, modifier=Qt.KeyboardModifier.NoModifier):
    """Turn the wheel over a widget, upwards; return whether the widget took it, or left it to a parent."""
    at, angle = QPointF(widget.rect().center()), QPoint(0, round(120 * notches))
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, widget.mapToGlobal(at), QPoint(), angle, none, modifier, phase, False)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def press_cancel(told=None):
    """Return a function that presses Cancel in the dialog of a long reading; `told` gets its text."""

    def press_it(dialog):
        if told is not None:
            told.append(dialog.labelText())
        (button,) = dialog.findChildren(QPushButton)
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    return press_it


def drag_edge(board, dock, across, down):
    """Drag the edge between a dock and the next one by `across` pixels to the right, or by `down` pixels."""
    place, by = dock.geometry(), QPoint(across, down)
    if across:
        at_right = place.center().x() > board.width() / 2
        edge = QPoint(place.left() - 5 if at_right else place.right() + 5, place.center().y())
    else:
        is_low = place.bottom() > board.height() - 20
        edge = QPoint(place.center().x(), place.top() - 5 if is_low else place.bottom() + 5)
    QTest.mousePress(board, Qt.MouseButton.LeftButton, pos=edge)
    QTest.mouseMove(board, edge + by)
    for _ in range(3):  # Qt moves what is dragged a little later
        QApplication.processEvents()
    QTest.mouseRelease(board, Qt.MouseButton.LeftButton, pos=edge + by)


def double_click(widget, at):
    """Click twice at once. A single QTest.mouseDClick leaves the button pressed for tests that come later."""
    QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseRelease(widget, Qt.MouseButton.LeftButton, pos=at)


def field(dialog, name):
    return next(own for own in dialog.findChildren(QLineEdit) if own.accessibleName() == name)


def type_into(name, text, key=None):
    """Return what to do with a dialog: type a text over that of a field."""

    def type_it(dialog):
        QTest.mouseClick(field(dialog, name), Qt.MouseButton.LeftButton)
        field(dialog, name).selectAll()
        QTest.keyClick(field(dialog, name), Qt.Key.Key_Delete)
        write(field(dialog, name), text)
        if key is not None:
            QTest.keyClick(field(dialog, name), key)

    return type_it


def click_in_list(title):
    """Return what to do with a dialog: click what says `title` in its list."""

    def click_it(dialog):
        own = dialog.findChild(QListWidget)
        (item,) = own.findItems(title, Qt.MatchFlag.MatchExactly)
        own.scrollToItem(item)
        QTest.mouseClick(own.viewport(), Qt.MouseButton.LeftButton, pos=own.visualItemRect(item).center())

    return click_it
