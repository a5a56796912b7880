"""One table holds what can be asked of the window: menus, toolbar and the sheet of keys follow it."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton, QToolBar

from nnviz.cli.main import main
from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.widgets.theme import apply_theme, colours
from nnviz.ui.window.actions import offer_actions, table
from nnviz.ui.window.help import sheet
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.menus import Entry
from nnviz.ui.window.workspace import Workspace
from tests.ui.hands import press
from tests.ui.sees import help_page, offered, status


@pytest.fixture
def workspace(qtbot, settings):
    """What shows a document, in a window that has no menus yet."""
    workspace = Workspace(MainWindow(settings), Document(load(example("relu").path)), settings)
    yield workspace
    workspace.main_window.hide()
    workspace.main_window.deleteLater()


def entries(table):
    return [entry for menu in table for entry in menu.entries()]


def test_a_new_action_is_one_entry(qtbot, workspace, settings):
    done = []
    made_up = Entry(
        "shuffle",
        "Shu&ffle…",
        lambda: done.append("shuffled"),
        keys="Ctrl+J",
        tip="Shuffle the rows",
        icon="fit",
        toolbar=True,
    )
    known = table(workspace, settings)
    edit = next(menu for menu in known if menu.title == "&Edit")
    longer = replace(edit, sections=(*edit.sections, (made_up,)))
    with_it = tuple(longer if menu is edit else menu for menu in known)
    offer_actions(workspace, with_it)
    workspace.main_window.show()
    qtbot.waitUntil(lambda: workspace.history.curve is not None)
    action = offered(workspace, "Shuffle…")
    assert action.toolTip() == "Shuffle the rows (Ctrl+J)"
    button = workspace.main_window.findChild(QToolBar).widgetForAction(action)
    assert not button.icon().isNull()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.keyClick(workspace.diagram, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert done == ["shuffled", "shuffled"]
    assert ("Ctrl+J", "shuffle the rows") in dict(sheet(with_it))["Everywhere"]


def test_no_shortcut_stands_for_two_things(open_window, settings):
    known = entries(table(open_window("relu"), settings))
    shortcuts = Counter(keys.toString() for entry in known for keys in entry.shortcuts)
    assert {keys for keys, count in shortcuts.items() if count > 1} == set()


def menus(menu):
    """Return a menu, filled as when it opens, and all within it."""
    if isinstance(menu, QMenu):
        menu.aboutToShow.emit()
    within = (action.menu() for action in menu.actions() if action.menu())
    return [menu, *(own for each in within for own in menus(each))]


def test_no_letter_stands_for_two_entries_of_a_menu(open_window):
    window = open_window("relu")
    bar, twice = window.main_window.menuBar(), set()
    for menu in {*menus(bar), *window.main_window.findChildren(QMenu)}:
        title = "" if menu is bar else menu.title()
        if ":" in title:
            continue  # activations, gone along by their first letter
        letters = Counter(
            QKeySequence.mnemonic(action.text()).toString()
            for action in menu.actions()
            if action.isVisible() and not action.isSeparator()
        )
        twice |= {(title, letter) for letter, count in letters.items() if letter and count > 1}
    assert twice == set()


def test_the_sheet_of_keys_names_no_key_that_keyboards_lack(open_window, settings):
    told = dict(row for _, rows in sheet(table(open_window("relu"), settings)) for row in rows)
    assert {"Ctrl+N", "Ctrl+O", "Ctrl+S", "Ctrl+F", "Ctrl+C", "Ctrl+Shift+Z, Ctrl+Y"} <= set(told)


@pytest.mark.parametrize("key", [Qt.Key.Key_Y, Qt.Key.Key_Z])
def test_ctrl_y_redoes_as_ctrl_shift_z_does(open_window, key):
    window = open_window("relu")
    window.structure.add_node(1)
    added = window.document.state
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window.diagram, Qt.Key.Key_Z, control)
    assert window.document.state is not added
    QTest.keyClick(window.diagram, key, control | shift if key == Qt.Key.Key_Z else control)
    assert window.document.state is added


def test_the_sheet_of_keys_names_every_shortcut_and_what_it_does(open_window, settings):
    window = open_window("relu")
    known = table(window, settings)
    text = help_page(window, "Keys and mouse")
    for entry in entries(known):
        for keys in entry.keys_told:
            assert keys in text
            assert entry.words[1:] in text
    assert "Home" in dict(dict(sheet(known))["On the diagram, with the keyboard"])


def test_a_button_that_names_a_shortcut_names_that_of_an_action(open_window, settings):
    window = open_window("xor")
    known = {own.toString() for entry in entries(table(window, settings)) for own in entry.shortcuts}
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    named = {keys for tip in tips for keys in re.findall(r"\(((?:Shift\+|Ctrl\+)?F\d+)\)", tip)}
    assert {"F5", "F10", "Shift+F10"} <= named <= known


def test_undo_and_redo_say_what_they_did(open_window):
    window = open_window("relu")
    assert not offered(window, "Undo").isEnabled()
    window.structure.add_node(1)
    taken_back = window.document.undo_text()
    offered(window, "Undo").trigger()
    assert status(window) == f"Undone: {taken_back}"
    offered(window, "Redo").trigger()
    assert status(window) == f"Done again: {taken_back}"


def test_a_theme_is_one_palette(qapp, open_window, settings, monkeypatch):
    monkeypatch.setitem(PALETTES, "night", replace(PALETTES["dark"], surface="#101418"))
    window = open_window("relu")
    try:
        offered(window, "Night").trigger()
        assert colours().surface == "#101418"
        assert settings.theme == "night"
        assert window.data.grab().toImage().pixelColor(window.data.width() // 2, 6).name() == "#101418"
    finally:
        apply_theme(qapp, "light")


def test_a_theme_of_the_window_is_one_of_the_command_line(tmp_path, monkeypatch):
    monkeypatch.setitem(PALETTES, "night", replace(PALETTES["dark"], canvas="#101418"))
    assert main(["render", "relu", "-o", str(tmp_path / "night.svg"), "--theme", "night"]) == 0
    assert "#101418" in (tmp_path / "night.svg").read_text(encoding="utf-8")


def files_read(monkeypatch):
    """Return a list that gets the path of every text that is read from now on."""
    read, read_text = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **how: read.append(self) or read_text(self, **how))
    return read


def test_a_step_of_training_reads_no_file(open_window, monkeypatch):
    window = open_window("xor")
    press(window, "One update")
    read, read_text = [], Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, *a, **k: read.append(self) or read_text(self, *a, **k)
    )
    press(window, "One update")
    assert window.document.state.iteration == 2
    assert read == []


def test_a_theme_that_was_shown_before_reads_no_icon_again(qapp, open_window, monkeypatch):
    window = open_window("xor")
    try:
        for theme in ("Dark", "Light"):
            offered(window, theme).trigger()
        read = files_read(monkeypatch)
        offered(window, "Dark").trigger()
        assert ".svg" not in {path.suffix for path in read}
    finally:
        apply_theme(qapp, "light")
