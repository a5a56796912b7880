"""Whatever the keyboard reaches says what it is to a screen reader, and nothing else says the same."""

from collections import Counter

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QProgressDialog, QTabBar, QToolButton, QWidget

from nnviz.core import edits
from nnviz.ui.help.help_window import HelpWindow
from tests.ui.hands import choose_entry
from tests.ui.sees import help_page
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


def called(widget):
    """Return what a screen reader calls it; of a combo box Qt gives its value there, and its name besides."""
    if name := widget.accessibleName():
        return name
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def role(widget):
    """Return what kind of thing a screen reader says it is: a tab is called as its panel is."""
    return QAccessible.queryAccessibleInterface(widget).role()


def unclear(root):
    """Return what in `root` has no name, a name without a letter, or that of another of its kind."""
    names = [((called(own), role(own)), own) for own in reached(root)]
    count = Counter(told for told, _ in names)
    return [
        (told, own)
        for told, own in names
        if count[told] > 1 or not any(letter.isalpha() for letter in told[0])
    ]


def test_everything_in_the_window_has_a_name_of_its_own_whatever_tab_is_in_front(open_window):
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


@pytest.mark.parametrize("box", {**BOXES, **DIALOGS})
def test_everything_in_a_dialog_has_a_name_of_its_own(open_window, answer, tmp_path, box):
    window, found = open_window("relu"), []
    kind, opens = {**BOXES, **DIALOGS}[box]

    def look(dialog):
        found.append((len(reached(dialog)), unclear(dialog), dialog.windowTitle()))
        (dialog.cancel if kind is QProgressDialog else dialog.reject)()

    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")
    answer(kind, look)
    opens(window, tmp_path)
    for count, names, title in found:
        assert count > 0
        assert names == []
        assert title


def test_everything_in_the_help_has_a_name_of_its_own(open_window):
    window = open_window("relu")
    help_page(window, "Formulas")
    (one,) = window.main_window.findChildren(HelpWindow)
    assert len(reached(one)) == 3
    assert unclear(one) == []
