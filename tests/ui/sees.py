"""The eyes of a person for the tests: figures, texts on the diagram, the status line, menus."""

import re

import numpy as np
import shiboken6
from PySide6.QtCore import QAbstractAnimation, QTimer
from PySide6.QtWidgets import QLabel, QTextBrowser

from nnviz.core.address import Address
from nnviz.core.numbers import as_text, full_text, parse_number
from nnviz.core.results import BLANK
from nnviz.ui.dialogs.help import HelpWindow
from nnviz.ui.panels.training_parts import Figure

OF_THE_MACHINE = ("This plugin does not support", "OpenType support missing for", "Broken filename passed to")
"""What Qt says of a platform without a display, of fonts that are not installed, and of a NUL character that
is pasted into its own file dialog."""


def figure(window, caption):
    """Return the large number under `caption`: "MSE", "Iteration"."""
    figures = window.main_window.findChildren(Figure)
    return next(own for own in figures if own.accessibleName().startswith(caption))


def written(window, address):
    """Return the text that stands at `address` on the diagram; "" where there is none."""
    return window.diagram.picture.text(address)


def place(window, address):
    """Return where on the diagram `address` stands; None where it is not in sight."""
    return window.diagram.picture.place(address)


def status(window):
    """Return the text of the status line."""
    return window.status.text


def labels(widget):
    """Return the texts of the labels in sight."""
    return [own.text() for own in widget.findChildren(QLabel) if own.isVisible() and own.text()]


def explained(window):
    """Return the explanation without the signs that only say where its lines may break."""
    window.desk.frames.show_pending()
    text = window.board.docks["Explain"].card.findChild(QTextBrowser).toPlainText()
    return text.replace("\u200b", "").replace("\u2060", "").replace("\u00a0", " ")


def help_page(window, title):
    """Choose a page of the help in its menu, and return its text."""
    offered(window, title).trigger()
    return help_text(window)


def help_text(window):
    """Return the text of the open page of the help."""
    return window.main_window.findChild(HelpWindow).findChild(QTextBrowser).toPlainText()


def walking(window):
    """Return whether a walk is on the diagram."""
    return window.player.progress.active


def offered(window, title):
    """Return the entry of the menus that says `title`; undo and redo go on with what they take back."""
    found = entry(window.main_window.menuBar(), title)
    assert found is not None, f"no menu offers {title!r}"
    return found


def panel_entry(window, name):
    """Return the entry of the menu View, Panels that shows or hides the panel `name`."""
    return entry(offered(window, "Panels").menu(), name)


def entry(menu, text):
    """Return the entry of a menu, or of the menus within, that says `text`; None without one."""
    for action in menu.actions():
        said = action.text().replace("&", "")
        if said == text or (text in ("Undo", "Redo") and said.startswith(text)):
            return action
        if action.menu():
            action.menu().aboutToShow.emit()  # fills the menu
            if found := entry(action.menu(), text):
                return found
    return None


def menus(menu):
    """Yield a menu, filled, and the menus below it."""
    menu.aboutToShow.emit()
    yield menu
    for action in menu.actions():
        if action.menu():
            yield from menus(action.menu())


def untrue(window):
    """Return the wrong numbers in the window: weights, MSE, and a prediction and an input of the row."""
    state, row = window.document.state, window.document.now.row
    layers = state.network.layers
    false = [
        label
        for label in window.diagram.picture.labels
        if label.address.kind == "weight" and label.value != state.network.value_of(label.address)
    ]
    blank = BLANK if window.document.now.hiding.on else ""
    if window.board.docks["Training"].is_in_view:  # a hidden panel may show another document
        told = figure(window, state.measure.title)
        false += _false_mse(told, state.loss()) if told.text != blank else []
    if len(state.data):
        inputs = state.data.inputs
        for address, number in (
            (Address("value", len(layers) - 1, 0), state.network.predict(inputs)[row, 0]),
            (Address("input", -1, 0), inputs[row, 0]),
        ):
            if written(window, address) not in ("", blank, as_text(number)):
                false.append((address, written(window, address), number))
    return false


def _false_mse(told, mse):
    """Return the figure of the MSE if it is not `mse`; sums over blocks differ in the last digit."""
    text = "–" if mse is None else as_text(mse)
    exact = re.search(r"In full: (\S+)", told.toolTip())
    if mse is None or exact is None:
        right = mse is None and exact is None
    else:
        right = exact[1] == full_text(mse) or np.isclose(parse_number(exact[1]), mse, rtol=1e-12, atol=0)
    return [] if told.text == text and right else [(told.text, told.toolTip(), mse)]


def at_work():
    """Return the timers that are active and the animations that run."""
    things = shiboken6.getAllValidWrappers()
    timers = [thing for thing in things if issubclass(type(thing), QTimer)]  # isinstance takes thrice as long
    animations = [thing for thing in things if issubclass(type(thing), QAbstractAnimation)]
    runs = QAbstractAnimation.State.Running
    return [own for own in timers if own.isActive()] + [own for own in animations if own.state() == runs]
