"""What a screen reader is told: a name for all that the keyboard reaches, and what it would not find."""

from collections import Counter
from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QProgressDialog, QTabBar, QToolButton, QWidget

from nnviz.core import edits
from nnviz.core.run import Training
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.widgets.announce import announce
from tests.ui.hands import address_named, choose_entry, press, set_number
from tests.ui.sees import help_page, status
from tests.ui.test_dialogs import DIALOGS
from tests.ui.test_plain_text import BOXES


def reached(root):
    """Return the widgets within `root` that Tab reaches."""
    return [
        own
        for own in root.findChildren(QWidget)
        if own.focusPolicy() & Qt.FocusPolicy.TabFocus
        and own.isVisible()
        and own.focusProxy() is None  # the field within a choice
        and not (isinstance(own, QToolButton) and isinstance(own.parent(), QTabBar))  # Qt's own arrows
    ]


def unclear(root):
    """Return what in `root` has no name, a name without a letter, or that of another of its kind."""
    names = []
    for own in reached(root):
        interface = QAccessible.queryAccessibleInterface(own)
        name = own.accessibleName() or interface.text(QAccessible.Text.Name)
        names.append(((name, interface.role()), own))  # a tab is called as its panel is
    count = Counter(told for told, _ in names)
    return [
        (told, own)
        for told, own in names
        if count[told] > 1 or not any(letter.isalpha() for letter in told[0])
    ]


def test_everything_in_the_window_and_its_help_has_a_name_of_its_own(open_window):
    window = open_window("xor")
    choose_entry(window, "First steps")
    choose_entry(window, "Find…")
    bars = [bar for bar in window.main_window.findChildren(QTabBar) if bar.count() > 1]
    assert bars
    for bar in bars:
        for tab in range(bar.count()):
            bar.setCurrentIndex(tab)
            QApplication.processEvents()
            assert len(reached(window.main_window)) > 20
            assert unclear(window.main_window) == []
    help_page(window, "Formulas")
    (one,) = window.main_window.findChildren(HelpWindow)
    assert len(reached(one)) == 3
    assert unclear(one) == []


def test_everything_in_every_dialog_has_a_name_of_its_own(open_window, answer, tmp_path):
    window, found = open_window("relu"), []
    for k, (box, (kind, opens)) in enumerate({**BOXES, **DIALOGS}.items()):

        def look(dialog, box=box, kind=kind):
            found.append((box, bool(reached(dialog)), unclear(dialog), bool(dialog.windowTitle())))
            (dialog.cancel if kind is QProgressDialog else dialog.reject)()

        window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0 + k), "a weight")
        answer(kind, look)
        (tmp_path / str(k)).mkdir()
        opens(window, tmp_path / str(k))
    assert {box for box, *_ in found} == {*BOXES, *DIALOGS}
    assert [each for each in found if each[1:] != (True, [], True)] == []


def test_a_screen_reader_hears_sentences_on_behalf_of_their_widget_and_present_numbers(
    open_window, heard, qtbot
):
    window, looks = open_window("relu"), []
    announce(window.diagram, "")
    assert heard == []
    announce(window.diagram, "node_0: z = 26")
    assert heard == [(window.diagram, "node_0: z = 26")]
    heard.clear()
    for _ in range(2):
        choose_entry(window, "Copy picture")
        looks.append(window.status.grab().toImage())
    assert [text for _, text in heard] == [status(window)] * 2
    assert status(window).startswith("Copied the diagram as a picture")
    once, again = looks
    assert again != once  # it lights up for a moment
    qtbot.waitUntil(lambda: window.status.grab().toImage() == once)
    weight = address_named(window, "node_0", "accounts")
    set_number(window, weight, "9.25")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 9.25")
    choose_entry(window, "Undo")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 2")


def test_a_warning_about_a_run_is_announced_once(open_window, heard, qtbot):
    window = open_window(replace(load(example("relu").path), training=Training(learning_rate=100)))
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    assert "the MSE rose" in status(window)
    assert [text for _, text in heard].count(status(window)) == 1
