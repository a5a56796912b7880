"""One table holds what can be asked of the window: menus, toolbar, help and the sheet of keys follow it.

And the menu Network: a new network by its dialog, weight sets, an activation made up by an author.
"""

import re
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt, qWarning
from PySide6.QtGui import QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QMenu,
    QPushButton,
    QTabBar,
    QToolBar,
    QToolButton,
)

from nnviz import __version__
from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.files.errors import install_command
from nnviz.files.examples import GROUPS, example, examples
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.dialogs.help import HelpWindow, sheet
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.kit.menus import MenuEntry, add_in_groups
from nnviz.ui.kit.settings import RECENT
from nnviz.ui.kit.theme import apply_theme, colours
from nnviz.ui.window.app import SETTLE_MS, screenshot
from nnviz.ui.window.commands import offer_actions, table
from nnviz.ui.window.window import MainWindow
from nnviz.ui.window.workspace import PANELS, Workspace
from tests.core import made_up
from tests.ui import hands
from tests.ui.hands import address_named, choose_entry, press, set_number, shown, write
from tests.ui.runs import colours_of
from tests.ui.sees import entry, explained, help_page, help_text, labels, menus, offered, status, written

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
Key = Qt.Key


def test_a_new_action_is_one_entry(qtbot, settings):
    workspace = Workspace(MainWindow(settings), Document(load(example("relu").path)), settings, PANELS)
    done = []
    words = {"keys": "Ctrl+J", "tip": "Shuffle the rows", "icon": "panels", "toolbar": True}
    added = MenuEntry("shuffle", "Shu&ffle…", lambda: done.append("shuffled"), **words)
    known = table(workspace)
    edit = next(menu for menu in known if menu.title == "&Edit")
    longer = replace(edit, sections=(*edit.sections, (added,)))
    with_it = tuple(longer if menu is edit else menu for menu in known)
    offer_actions(workspace, with_it)
    workspace.main_window.show()
    qtbot.waitUntil(lambda: workspace.history.curve is not None)
    action = offered(workspace, "Shuffle…")
    assert action.toolTip() == "Shuffle the rows (Ctrl+J)"
    button = workspace.main_window.findChild(QToolBar).widgetForAction(action)
    assert not button.icon().isNull()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    QTest.keyClick(workspace.diagram, Key.Key_J, CTRL)
    assert done == ["shuffled", "shuffled"]
    assert ("Ctrl+J", "Shuffle the rows") in dict(sheet(with_it))["Everywhere"]
    workspace.main_window.hide()
    workspace.main_window.deleteLater()


def letters_twice(window):
    """Yield the letters of menus that stand for two entries."""
    bar = window.menuBar()
    known = [bar, *(own for action in bar.actions() for own in menus(action.menu()))]
    for menu in {*known, *window.findChildren(QMenu)}:
        if menu is not bar and ":" in menu.title():
            continue  # activations, gone along by their first letter
        shown = [own for own in menu.actions() if own.isVisible() and not own.isSeparator()]
        letters = Counter(QKeySequence.mnemonic(action.text()).toString() for action in shown)
        yield from ((menu, letter) for letter, count in letters.items() if letter and count > 1)


def is_in_reach(menu):
    """Return whether a menu does not belong to a button of a column that is gone."""
    return not isinstance(menu.parent(), QToolButton) or menu.parent().isVisible()


def test_no_menu_has_more_than_14_entries(open_window, settings, tmp_path):
    for k in range(RECENT + 2):
        (tmp_path / f"{k}.json").touch()
        settings.remember_open(tmp_path / f"{k}.json")
    window, iris = open_window("iris"), load(example("iris").path)
    unusual = edits.set_activation(iris, 0, "elu(0.5)")
    deep, many_sets = iris, unusual
    for _ in range(20):
        deep = edits.add_layer(deep, 1)
    for k in range(100):
        many_sets = edits.keep_set(many_sets, f"set & {k}")
    for state in (iris, unusual, deep, many_sets):
        window.document.start(state)
        for address in (None, Address("node", 0, 0), Address("input", -1, 0)):
            window.document.select(address)
            window.data.table.customContextMenuRequested.emit(QPoint(2, 2))
            can_open = (menu for menu in window.main_window.findChildren(QMenu) if is_in_reach(menu))
            known = {own for menu in can_open for own in menus(menu)}
            QApplication.activePopupWidget().close()
            counts = {
                menu.title(): sum(own.isVisible() and not own.isSeparator() for own in menu.actions())
                for menu in known
            }
            assert [title for title, count in counts.items() if count > 14] == []
            assert {"Open &recent", "&View", "Course", "Other activations"} <= set(counts)


def test_very_many_entries_come_into_submenus_of_submenus(qapp):
    menu, names, added = QMenu(), [f"layer {k}" for k in range(300)], []
    add_in_groups(menu, names, lambda to, k: added.append((to.title(), k)))
    titles = [own.title() for own in menus(menu)]
    assert titles[1:3] == ["layer 0 … layer 143", "layer 0 … layer 11"]
    assert "layer 288 … layer 299" in titles
    assert max(len(own.actions()) for own in menus(menu)) == 12
    assert [k for _, k in added] == [*range(300)]
    assert added[150] == ("layer 144 … layer 155", 150)


def test_each_example_is_in_the_menu_of_its_group(open_window):
    window = open_window("relu")
    menu = offered(window, "Examples").menu()
    listed = {own.title(): [each.text().partition("\t")[0] for each in own.actions()] for own in menus(menu)}
    for group in GROUPS:
        assert listed[group] == [each.title for each in examples() if each.group == group]
    assert [len(listed[group]) for group in GROUPS] == [10, 6, 2]


def test_shortcuts_and_letters_stand_for_one_thing_and_the_sheet_names_them(open_window, settings):
    window = open_window("xor")
    known = table(window)
    entries = [entry for menu in known for entry in menu.entries()]
    shortcuts = Counter(keys.toString() for entry in entries for keys in entry.shortcuts)
    assert {keys for keys, count in shortcuts.items() if count > 1} == set()
    assert [*letters_twice(window.main_window)] == []
    told = dict(row for _, rows in sheet(known) for row in rows)
    assert {"Ctrl+N", "Ctrl+O", "Ctrl+S", "Ctrl+Shift+S", "Ctrl+F", "Ctrl+C", "Ctrl+Shift+Z, Ctrl+Y"} <= set(
        told
    )
    assert "Home" in dict(dict(sheet(known))["On the diagram, with the keyboard"])
    text = help_page(window, "Keys and mouse")
    missing = [own for own in entries if own.shortcut_texts and own.description[1:] not in text]
    assert missing == [own for own in entries for keys in own.shortcut_texts if keys not in text] == []
    tips = [button.toolTip() for button in window.main_window.findChildren(QPushButton)]
    named = {keys for tip in tips for keys in re.findall(r"\(((?:Shift\+|Ctrl\+)?F\d+)\)", tip)}
    assert {"F5", "F10", "Shift+F10"} <= named <= set(shortcuts)


def test_undo_and_redo_say_what_they_did_and_have_their_keys(open_window):
    window = open_window("relu")
    assert not offered(window, "Undo").isEnabled()
    window.structure.add_node(1)
    added, taken_back = window.document.state, window.document.undo_text()
    choose_entry(window, "Undo")
    assert status(window) == f"Undone: {taken_back}"
    choose_entry(window, "Redo")
    assert status(window) == f"Redone: {taken_back}"
    for key, modifier in ((Key.Key_Y, CTRL), (Key.Key_Z, CTRL | SHIFT)):
        QTest.keyClick(window.diagram, Key.Key_Z, CTRL)
        assert window.document.state is not added
        QTest.keyClick(window.diagram, key, modifier)
        assert window.document.state is added
    window.document.push(edits.rename(window.document.state, 1, 0, "A&B_c"), "Rename node_0 to A&B_c")
    assert offered(window, "Undo").text() == "&Undo Rename node_0 to A&&B_c"


def test_a_theme_is_one_palette_also_on_the_command_line_and_read_once(
    open_window, settings, monkeypatch, tmp_path
):
    night = replace(PALETTES["dark"], surface="#101418", canvas="#101418")
    monkeypatch.setitem(PALETTES, "night", night)
    window = open_window("relu")
    choose_entry(window, "Night")
    assert (colours().surface, settings.theme) == ("#101418", "night")
    assert window.data.grab().toImage().pixelColor(window.data.width() // 2, 6).name() == "#101418"
    assert main(["render", "relu", "-o", str(tmp_path / "night.svg"), "--theme", "night"]) == 0
    assert "#101418" in (tmp_path / "night.svg").read_text(encoding="utf-8")
    # a step of training and a theme that was shown before read no file again
    press(window, "One update")
    choose_entry(window, "Light")
    read, read_text = [], Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda self, **how: read.append(self) or read_text(self, **how))
    press(window, "One update")
    assert (window.document.state.iteration, read) == (2, [])
    choose_entry(window, "Night")
    assert ".svg" not in {path.suffix for path in read}


def test_a_picture_of_the_window_is_without_first_steps_and_leaves_qts_warnings_heard(
    qtlog, tmp_path, monkeypatch
):
    guides = []
    monkeypatch.setattr("nnviz.ui.window.first_steps.Guide.__init__", lambda *_: guides.append("guide"))
    screenshot(example("relu").path, tmp_path / "relu.png")
    assert guides == []
    qWarning("Qt does not like this")
    assert [record.message.strip() for record in qtlog.records] == ["Qt does not like this"]


def test_a_picture_of_the_window_shows_it_at_rest_also_after_a_slow_first_frame(qapp, tmp_path, monkeypatch):
    fast, slow, delays = tmp_path / "fast.png", tmp_path / "slow.png", [SETTLE_MS / 1e3]
    screenshot(example("wages").path, fast)  # its edges are rough at first
    paint = MainWindow.paintEvent

    def paint_late(window, event):
        time.sleep(delays.pop() if delays else 0.0)
        paint(window, event)

    monkeypatch.setattr(MainWindow, "paintEvent", paint_late)
    screenshot(example("wages").path, slow)
    assert slow.read_bytes() == fast.read_bytes()


# --- menus of activations


def activation_menu(window):
    """Return the list of activations under the heading of the hidden layer, filled."""
    window.diagram.grab()
    buttons = window.main_window.findChildren(QToolButton)
    named = "Activation of the hidden layer"
    menu = next(own.menu() for own in buttons if own.accessibleName().startswith(named))
    menu.aboutToShow.emit()
    return menu


def network_menu(window):
    """Return the menu Network, filled."""
    menu = offered(window, "Network").menu()
    menu.aboutToShow.emit()
    return menu


def opened(menu):
    menu.popup(QPoint(50, 50))
    return menu


def used(window):
    return window.document.state.network.layers[0].activation


def chosen(menu):
    return menu.activeAction().text().partition(":")[0]


def test_arrows_go_to_an_activation_and_enter_chooses_it(open_window):
    window = open_window("relu")
    for menu_of in (
        activation_menu,
        lambda window: entry(network_menu(window), f"Hidden layer: {used(window)}").menu(),
    ):
        menu = opened(menu_of(window))
        before, last = "tanh", "softmax"
        menu.setActiveAction(next(own for own in menu.actions() if own.text().startswith(f"{last}:")))
        QTest.keyClick(menu, Key.Key_Up)
        assert (chosen(menu), used(window)) == (before, "relu")
        QTest.keyClick(menu, Key.Key_Return)
        assert (menu.isVisible(), used(window)) == (False, before)
        choose_entry(window, "Undo")


# --- help: one window beside the other, whose pages say what their owners say


def test_the_help_says_what_registries_say_and_the_network_can_be_edited(open_window):
    window = open_window("relu")
    text = help_page(window, "Formulas")
    assert "2 · x · error" in text
    text = help_page(window, "Files")
    assert text.count(install_command("models")) == 1
    assert f"nnviz {__version__}" in help_page(window, "About nnviz")
    assert QApplication.activeModalWidget() is None
    set_number(window, address_named(window, "output", "node_0"), "3")
    assert shown(window, "value", "output") == "78"


def test_a_page_that_is_asked_for_again_comes_in_the_one_window_in_the_themes_ink(open_window, qapp):
    window = open_window("relu")
    for title in ("Formulas", "Files", "Formulas"):
        choose_entry(window, title)
    (one,) = window.main_window.findChildren(HelpWindow)
    assert "gradient_descent" in help_text(window)
    for theme, palette in PALETTES.items():
        if theme != "light":  # as it is at first
            apply_theme(qapp, theme)
        seen = colours_of(one.grab().toImage().copy(20, 60, 280, 200))
        assert {palette.ink.upper(), palette.surface.upper()} <= seen, theme
    bar = one.findChild(QTabBar)
    bar.setFocus()
    QTest.keyClick(bar, Key.Key_Right)
    assert "autosaved work" in help_text(window)
    QTest.keyClick(bar, Key.Key_Escape)
    assert not one.isVisible()


# --- a new network


@pytest.fixture
def dialog(qtbot):
    dialog = NewNetwork()
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def fill(field, text):
    """Paste a text over that of a field."""
    field.selectAll()
    QTest.keyClick(field, Key.Key_Delete)
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(field, Key.Key_V, CTRL)


def choose_by_keys(choice, text):
    """Go to an entry of a list with the arrow keys."""
    choice.setFocus()
    down = choice.findText(text) > choice.currentIndex()
    while choice.currentText() != text:
        QTest.keyClick(choice, Key.Key_Down if down else Key.Key_Up)


def test_sizes_activation_and_biases_are_taken(dialog, qtbot, approved):
    def sizes_and_activations():
        network = dialog.state().network
        return network.sizes, [layer.activation for layer in network.layers]

    assert sizes_and_activations() == ((2, 2, 1), ["relu", "identity"])
    approved("a new network", "\n".join(labels(dialog)))
    qtbot.waitUntil(lambda: dialog.focusWidget() is dialog.inputs)
    QTest.keyClicks(dialog.focusWidget(), "3")
    QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
    QTest.keyClicks(dialog.focusWidget(), "5")
    assert (dialog.inputs.text(), dialog.hidden.text()) == ("3", "5")
    fill(dialog.hidden, "8, 4")
    fill(dialog.outputs, "2")
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "tanh")
    QTest.mouseClick(dialog.biases, Qt.MouseButton.LeftButton, pos=QPoint(10, dialog.biases.height() // 2))
    assert sizes_and_activations() == ((3, 8, 4, 2), ["tanh", "tanh", "identity"])
    assert all(layer.biases is not None for layer in dialog.state().network.layers)
    fill(dialog.hidden, "")
    assert dialog.state().network.sizes == (3, 2)


def test_a_size_that_cannot_be_is_refused_until_it_is_mended(dialog, approved):
    create = next(own for own in dialog.findChildren(QPushButton) if own.text() == "&Create")
    before, said = labels(dialog), []
    for name, text in (
        *(("inputs", text) for text in ("0", "", "2 3")),
        ("outputs", "5001"),
        *(("hidden", text) for text in ("8 x", "1 " * 500, "5000 5000", "4000 4000", "1" * 5000)),
    ):
        fill(field := getattr(dialog, name), text)
        (wrong,) = (own for own in labels(dialog) if own not in before)
        said.append(f"{name} {text[:10]}: {wrong}")
        create.click()
        assert dialog.isVisible(), text
        fill(field, "7")
        assert labels(dialog) == before, text
        fill(field, "2")
    approved("sizes that cannot be", "\n".join(said))


def test_a_button_with_the_focus_has_one_frame(dialog):
    button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel)

    def inside():
        return button.grab(button.rect().adjusted(4, 4, -4, -4)).toImage()

    before = inside()
    dialog.biases.setFocus()
    while not button.hasFocus():
        QTest.keyClick(dialog.focusWidget(), Key.Key_Tab)
    assert inside() == before


def test_a_loss_that_fits_the_outputs_comes_with_their_activation(dialog):
    every, both = ["MSE", "Huber loss"], ["MSE", "Cross-entropy", "Huber loss"]
    for output, chosen, losses, loss in (
        ("identity", None, [*every, "Hinge loss"], "mse"),
        ("softsign", None, every, "mse"),
        ("softmax", None, both, "cross_entropy"),
        ("silu", None, every, "mse"),
        ("sigmoid", None, both, "mse"),
        ("sigmoid", "Cross-entropy", both, "cross_entropy"),
        ("sigmoid", "MSE", both, "mse"),
        ("softmax", None, both, "cross_entropy"),
        ("tanh", None, every, "mse"),
        ("sigmoid", None, both, "mse"),
    ):
        choose_by_keys(dialog.output, output)
        if chosen:
            choose_by_keys(dialog.loss, chosen)
        state, offers = dialog.state(), [dialog.loss.itemText(k) for k in range(dialog.loss.count())]
        assert (state.network.layers[-1].activation, offers, state.training.loss) == (output, losses, loss)


# --- an activation with a parameter


def call_it(*names, told=None):
    """Return what to do with the question for a name: type names until one is taken, or all are refused."""

    def into(dialog):
        field = dialog.findChild(QLineEdit)
        for name in names:
            field.selectAll()
            write(field, name)
            QTest.keyClick(field, Key.Key_Return)
            if dialog.isVisible():
                told.extend(labels(dialog)[-1:])
        if dialog.isVisible():
            QTest.keyClick(field, Key.Key_Escape)

    return into


def choose_activation(window, text):
    entry(activation_menu(window), text).trigger()


def test_a_menu_of_activations_may_outlast_its_layer(open_window):
    window = open_window("two-hidden-layers")
    window.diagram.grab()
    buttons = window.main_window.findChildren(QToolButton)
    (menu,) = (
        each.menu() for each in buttons if each.accessibleName().startswith("Activation of the prediction")
    )
    menu.aboutToShow.emit()
    window.document.push(edits.remove_layer(window.document.state, 0), "another program's version")
    before = window.document.state
    next(each for each in menu.actions() if each.text().startswith("tanh:")).trigger()
    assert window.document.state is before


def checked(window):
    actions = activation_menu(window).actions()
    return [action.text().replace("&", "") for action in actions if action.isChecked()]


def test_the_parameter_of_an_activation_is_typed_kept_and_forgotten(open_window, answer, tmp_path, approved):
    window, told = open_window("relu"), []
    before = window.document.state
    answer(QDialog, call_it("-1", told=told))
    choose_activation(window, "elu with another factor of e^z − 1 …")
    assert window.document.state is before
    approved("a parameter that cannot be", "\n".join(told))

    def type_a_half(dialog):
        assert dialog.findChild(QLineEdit).text() == "0.2"
        call_it("1/2")(dialog)

    answer(QDialog, type_a_half)
    choose_activation(window, "leaky_relu with another slope for negative z …")
    assert shown(window, "value", "node_1") == "−6.5"
    assert written(window, Address("subheading", 0)) == "leaky_relu(0.5)"
    assert checked(window) == ["leaky_relu(0.5):  max(0.5·z, z)"]
    window.document.save(tmp_path / "a.json")
    assert load(tmp_path / "a.json").network.layers[0].activation == "leaky_relu(0.5)"
    choose_activation(window, "relu:  max(0, z)")
    assert entry(activation_menu(window), "leaky_relu(0.5):  max(0.5·z, z)") is None


@pytest.fixture
def registered(monkeypatch):
    made_up.register(monkeypatch)


def test_a_made_up_activation_and_optimizer_are_chosen_walked_trained_and_kept(
    registered, open_window, qtbot, tmp_path, amount
):
    window = open_window(made_up.state("tanh"))
    choose_activation(window, "hinge:  max(−1, z)")
    combos = window.main_window.findChildren(QComboBox)
    combo = next(own for own in combos if own.accessibleName() == "Optimizer")
    combo.setFocus()
    QTest.keyClicks(combo, "calm")
    assert window.document.state == made_up.state(optimizer="calm")
    assert checked(window) == ["hinge:  max(−1, z)"]
    assert {"hinge · biases", "saturated"} <= {label.text for label in window.diagram.picture.labels}
    assert (shown(window, "z", "node_2"), shown(window, "value", "node_2")) == ("z −4.5", "−1")
    window.desk.frames.show_pending()
    assert window.training.run_buttons.step.toolTip().endswith(made_up.Calm.formula)
    for way in ("Undo", "Undo", "Redo", "Redo"):
        choose_entry(window, way)
        assert checked(window) == [f"{used(window)}:  {ACTIVATIONS[used(window)].formula}"]
    assert window.document.state == made_up.state(optimizer="calm")

    set_number(window, Address("bias", 0, 0), "0,5")
    assert shown(window, "value", "node_0") == "−1"
    hands.click(window, address_named(window, "node_0"))
    qtbot.waitUntil(lambda: "hinge(−1) = −1" in explained(window))
    assert "1 if z > −1 else 0" in explained(window)
    window.document.select(Address("weight", 0, 0, 0))
    qtbot.waitUntil(lambda: "within w ± h, the loss has a kink" in explained(window))
    assert "0.75·b̄ + 0.25·slope" in explained(window)

    choose_entry(window, "Undo")
    before = window.document.state
    hands.click(window, address_named(window, "node_0"))
    window.player.speed = 1.0
    every = len(window.player.progress.walk)
    for _ in range(amount(quick=6, ci=every, night=every)):
        QTest.keyClick(window.diagram, Key.Key_Period)
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    while window.document.state is before:
        window.player.to_end()  # of each phase
        qtbot.waitUntil(lambda: not window.player.progress.moving)
    assert window.document.state.network == train(before, updates=1).state.network
    assert window.document.state.run.optimizer == "calm"

    window.document.start(before)
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
        window.training.speed.setValue(100)
    assert window.document.state.network == train(before).state.network
    window.document.save(tmp_path / "a.json")
    window.document.start(*window.document.read(tmp_path / "a.json"))
    assert load(tmp_path / "a.json") == window.document.state
    assert used(window) == "hinge"


def test_a_new_network_can_have_a_made_up_activation(registered, dialog):
    dialog.activation.setFocus()
    QTest.keyClicks(dialog.activation, "hinge")
    assert dialog.state().network.layers[0].function is made_up.HINGE
