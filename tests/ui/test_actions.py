"""One table holds what can be asked of the window: menus, toolbar, help and the sheet of keys follow it."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, qWarning
from PySide6.QtGui import QColor, QImage, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QTabBar, QToolBar, QToolButton

from nnviz import __version__
from nnviz.cli.main import main
from nnviz.core import edits, limits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.limits import Limit
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.document.document import Document
from nnviz.files.errors import install_line
from nnviz.files.examples import example
from nnviz.files.registry import FORMATS, load
from nnviz.picture.palette import PALETTES
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.widgets.theme import apply_theme, colours
from nnviz.ui.window.actions import offer_actions, table
from nnviz.ui.window.app import screenshot
from nnviz.ui.window.help import sheet
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.menus import Entry
from nnviz.ui.window.workspace import Workspace
from tests.ui.hands import address_named, choose_entry, entry, press, set_number, shown, write
from tests.ui.sees import help_page, help_text, offered, status

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def as_before(qapp):
    yield
    apply_theme(qapp, "light")


def entries(table):
    return [entry for menu in table for entry in menu.entries()]


def test_a_new_action_is_one_entry(qtbot, settings):
    workspace = Workspace(MainWindow(settings), Document(load(example("relu").path)), settings)
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
    QTest.keyClick(workspace.diagram, Qt.Key.Key_J, CTRL)
    assert done == ["shuffled", "shuffled"]
    assert ("Ctrl+J", "shuffle the rows") in dict(sheet(with_it))["Everywhere"]
    workspace.main_window.hide()
    workspace.main_window.deleteLater()


def menus(menu):
    """Return a menu, filled as when it opens, and all within it."""
    if isinstance(menu, QMenu):
        menu.aboutToShow.emit()
    within = (action.menu() for action in menu.actions() if action.menu())
    return [menu, *(own for each in within for own in menus(each))]


def letters_twice(bar, every):
    """Yield the letters of menus that stand for two entries."""
    for menu in {*menus(bar), *every}:
        title = "" if menu is bar else menu.title()
        if ":" in title:
            continue  # activations, gone along by their first letter
        letters = Counter(
            QKeySequence.mnemonic(action.text()).toString()
            for action in menu.actions()
            if action.isVisible() and not action.isSeparator()
        )
        yield from ((title, letter) for letter, count in letters.items() if letter and count > 1)


def test_shortcuts_and_letters_stand_for_one_thing_and_the_sheet_names_them(open_window, settings):
    window = open_window("xor")
    known = table(window, settings)
    shortcuts = Counter(keys.toString() for entry in entries(known) for keys in entry.shortcuts)
    assert {keys for keys, count in shortcuts.items() if count > 1} == set()
    bar = window.main_window.menuBar()
    assert [*letters_twice(bar, window.main_window.findChildren(QMenu))] == []
    told = dict(row for _, rows in sheet(known) for row in rows)
    assert {"Ctrl+N", "Ctrl+O", "Ctrl+S", "Ctrl+F", "Ctrl+C", "Ctrl+Shift+Z, Ctrl+Y"} <= set(told)
    assert "Home" in dict(dict(sheet(known))["On the diagram, with the keyboard"])
    text = help_page(window, "Keys and mouse")
    for each in entries(known):
        for keys in each.keys_told:
            assert keys in text
            assert each.words[1:] in text
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    named = {keys for tip in tips for keys in re.findall(r"\(((?:Shift\+|Ctrl\+)?F\d+)\)", tip)}
    assert {"F5", "F10", "Shift+F10"} <= named <= set(shortcuts)


def test_undo_and_redo_say_what_they_did_and_have_their_keys(open_window):
    window = open_window("relu")
    assert not offered(window, "Undo").isEnabled()
    window.structure.add_node(1)
    added, taken_back = window.document.state, window.document.undo_text()
    offered(window, "Undo").trigger()
    assert status(window) == f"Undone: {taken_back}"
    offered(window, "Redo").trigger()
    assert status(window) == f"Done again: {taken_back}"
    for key, modifier in ((Qt.Key.Key_Y, CTRL), (Qt.Key.Key_Z, CTRL | SHIFT)):
        QTest.keyClick(window.diagram, Qt.Key.Key_Z, CTRL)
        assert window.document.state is not added
        QTest.keyClick(window.diagram, key, modifier)
        assert window.document.state is added
    window.document.push(edits.rename(window.document.state, 1, 0, "A&B_c"), "Rename node_0 to A&B_c")
    assert offered(window, "Undo").text() == "&Undo Rename node_0 to A&&B_c"


def test_a_theme_is_one_palette_also_on_the_command_line_and_read_once(
    as_before, open_window, settings, monkeypatch, tmp_path
):
    night = replace(PALETTES["dark"], surface="#101418", canvas="#101418")
    monkeypatch.setitem(PALETTES, "night", night)
    window = open_window("relu")
    offered(window, "Night").trigger()
    assert colours().surface == "#101418"
    assert settings.theme == "night"
    assert window.data.grab().toImage().pixelColor(window.data.width() // 2, 6).name() == "#101418"
    assert main(["render", "relu", "-o", str(tmp_path / "night.svg"), "--theme", "night"]) == 0
    assert "#101418" in (tmp_path / "night.svg").read_text(encoding="utf-8")
    # a step of training and a theme that was shown before read no file again
    press(window, "One update")
    offered(window, "Light").trigger()
    read, read_text = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **how: read.append(self) or read_text(self, **how))
    press(window, "One update")
    assert window.document.state.iteration == 2
    assert read == []
    offered(window, "Night").trigger()
    assert ".svg" not in {path.suffix for path in read}


def test_a_picture_of_the_window_is_without_first_steps_and_leaves_qts_warnings_heard(
    qtlog, tmp_path, monkeypatch
):
    guides = []
    monkeypatch.setattr("nnviz.ui.guide.guide.Guide.__init__", lambda *_: guides.append("guide"))
    screenshot(example("relu").path, tmp_path / "relu.png")
    assert guides == []
    qWarning("Qt does not like this")
    assert [record.message.strip() for record in qtlog.records] == ["Qt does not like this"]


# --- menus of names: what is typed goes to a name, and nothing is chosen before Enter


@pytest.fixture
def slow(qapp):
    """What is typed belongs together, however long a key press takes; returns a function that rests."""
    before = QApplication.keyboardInputInterval()
    QApplication.setKeyboardInputInterval(60_000)

    def rest(menu, letter):
        QApplication.setKeyboardInputInterval(0)
        write(menu, letter)
        QApplication.setKeyboardInputInterval(60_000)

    yield rest
    QApplication.setKeyboardInputInterval(before)


def opened(menu):
    menu.popup(QPoint(50, 50))
    return menu


def on_the_diagram(window):
    """Open the list of activations under the heading of the hidden layer."""
    window.diagram.grab()
    buttons = window.main_window.findChildren(QToolButton)
    named = "Activation of the hidden layer"
    return opened(next(own.menu() for own in buttons if own.accessibleName().startswith(named)))


def in_the_network_menu(window):
    """Open the list of activations of the hidden layer in the menu Network."""
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    return opened(entry(network, f"Hidden layer: {used(window)}").menu())


def used(window):
    return window.document.state.network.layers[0].activation


def chosen(menu):
    return menu.activeAction().text().partition(":")[0]


def test_letters_and_arrows_go_to_an_activation_and_enter_chooses_it(open_window, slow):
    window = open_window("relu")
    for opens in (on_the_diagram, in_the_network_menu):
        for typed, wanted in (
            ("sig", "sigmoid"),
            ("softm", "softmax"),
            ("i", "identity"),
            ("g", "gelu"),
            ("SOFTP", "softplus"),
            ("leaky_relu w", "leaky_relu with another slope left of 0 …"),
            ("sigx", "sigmoid"),
        ):
            menu = opens(window)
            slow(menu, typed[0])
            write(menu, typed[1:])
            assert menu.isVisible()
            assert (typed, chosen(menu)) == (typed, wanted)
            QTest.keyClick(menu, Qt.Key.Key_Escape)
            assert not menu.isVisible()
            assert used(window) == "relu"
        menu = opens(window)
        slow(menu, "s")
        write(menu, "ig")
        QTest.keyClick(menu, Qt.Key.Key_Return)
        assert used(window) == "sigmoid"
        assert not menu.isVisible()
        choose_entry(window, "Undo")
        assert used(window) == "relu"
    window.document.edit("Slope", edits.set_activation, 0, "leaky_relu(0.2)")
    menu = on_the_diagram(window)
    for each in ACTIVATIONS:
        slow(menu, each[0])  # a rest, and a new name
        write(menu, f"{each[1:]}:")
        assert chosen(menu) == each
    slow(menu, "l")
    write(menu, "eaky_relu(")
    assert chosen(menu) == "leaky_relu(0.2)"
    slow(menu, "s")
    seen = [chosen(menu)]
    for _ in range(6):
        write(menu, "s")
        seen.append(chosen(menu))
    begin = [each for each in ACTIVATIONS if each.startswith("s")]
    at = begin.index(seen[0])
    assert seen == (begin + begin + begin)[at : at + 7]
    slow(menu, "g")  # after a rest a new name begins
    assert chosen(menu) == "gelu"
    slow(menu, "t")
    write(menu, "anh")
    QTest.keyClick(menu, Qt.Key.Key_Up)
    before = list(ACTIVATIONS)[list(ACTIVATIONS).index("tanh") - 1]
    assert chosen(menu) == before
    QTest.keyClick(menu, Qt.Key.Key_Return)
    assert used(window) == before


def test_a_letter_goes_to_a_weight_set_whose_name_begins_with_it(open_window, slow):
    window = open_window("two-weight-sets")
    window.document.edit("Keep", edits.keep_set, "kept & mine")
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    menu = opened(entry(network, "Weight sets").menu())
    write(menu, "kept &")
    assert menu.activeAction().text().startswith("kept && mine")
    assert window.document.undo_text() == "Keep"
    menu.close()


# --- help: one window beside the other, whose pages say what their owners say


def test_the_help_says_what_registries_and_limits_say_and_the_network_can_be_edited(open_window):
    window = open_window("relu")
    text = help_page(window, "Formulas")
    for each in ACTIVATIONS.values():
        assert f"f(z) = {each.formula}" in text
    for each in OPTIMIZERS.values():
        assert each.name in text
        assert all(rule.text in text for _, rule in each.rule)
    assert "2 · x · error" in text
    text = help_page(window, "Files")
    for each in FORMATS:
        assert each.name in text
        assert all(suffix in text for suffix in each.suffixes)
    for limit in vars(limits).values():
        if isinstance(limit, Limit):
            assert f"{limit.what}\nat most {limit.most:,} {limit.things}" in text
    for word in ("Literal", "Segments", "Nesting", "Lines"):
        assert f"\n{word}\n" not in text, "a plain phrase says what is limited"
    assert ".svg" in text
    assert text.count(install_line("models")) == 1
    assert f"nnviz {__version__}" in help_page(window, "About nnviz")
    assert QApplication.activeModalWidget() is None
    set_number(window, address_named(window, "output", "node_0"), "3")
    assert shown(window, "value", "output") == "78"


def test_a_page_that_is_asked_for_again_comes_in_the_one_window_in_the_themes_ink(
    as_before, open_window, qapp
):
    window = open_window("relu")
    for title in ("Formulas", "Files", "Formulas"):
        choose_entry(window, title)
    (one,) = window.main_window.findChildren(HelpWindow)
    assert "gradient_descent" in help_text(window)
    for theme, palette in PALETTES.items():
        if theme != "light":  # as it is at first
            apply_theme(qapp, theme)
        image = one.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        pixels = np.array(image.constBits()).view(np.uint32).reshape(image.height(), -1)
        seen = {QColor(each).name().upper() for each in np.unique(pixels[60:260, 20:300]).tolist()}
        assert {palette.ink.upper(), palette.surface.upper()} <= seen, theme
    bar = one.findChild(QTabBar)
    bar.setFocus()
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert "4,000,000" in help_text(window)
    QTest.keyClick(bar, Qt.Key.Key_Escape)
    assert not one.isVisible()
