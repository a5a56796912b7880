"""The contract of every entry, in the window: offered where one chooses, and written in the help."""

from itertools import chain

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QToolBar, QToolButton

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.losses import LOSSES
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import SCHEDULES
from nnviz.files.code import STYLES
from nnviz.files.registry import FORMATS
from nnviz.picture.palette import PALETTES
from nnviz.ui.window.commands import table
from nnviz.ui.window.workspace import PANELS
from tests.core import made_up
from tests.ui.hands import bring
from tests.ui.sees import help_page, menus, offered, panel_entry


@pytest.fixture
def window(monkeypatch, open_window):
    """Return a window in which the entries that are made up for the tests are registered too."""
    made_up.register(monkeypatch)
    return open_window("xor")


def said(menu):
    return [action.text().replace("&", "") for action in menu.actions()]


def boxes(window):
    """Return the texts in the list of each combo box, by the name that a screen reader says."""
    found = window.main_window.findChildren(QComboBox)
    return {box.accessibleName(): [box.itemText(k) for k in range(box.count())] for box in found}


def test_every_entry_is_offered_where_one_chooses(window):
    window.diagram.grab()
    heads = [button for button in window.main_window.findChildren(QToolButton) if button.menu()]
    lists = [own.menu() for own in heads if own.accessibleName().startswith("Activation")]
    assert len(lists) == 2
    for offers in ([*chain.from_iterable(map(said, menus(menu)))] for menu in lists):
        assert [own.name for own in ACTIVATIONS.values() if f"{own.name}:  {own.formula}" not in offers] == []
    bring(window, "Code")
    offers = boxes(window)
    assert set(offers["Loss"]) >= {forms[0].title for forms in LOSSES.values()}
    assert set(offers["Optimizer"]) == {name.replace("_", " ") for name in OPTIMIZERS}
    assert set(offers["Schedule"]) == {"constant", *(f"{kind} …" for kind in SCHEDULES)}
    assert offers["Style of the program"] == [style.title for style in STYLES.values()]
    assert {name.capitalize() for name in PALETTES} < set(said(offered(window, "Theme").menu()))


def test_every_entry_is_written_in_the_help(window):
    text = help_page(window, "Formulas")
    told = [f"f(z) = {own.formula}" for own in ACTIVATIONS.values()]
    told += [form.term.text for forms in LOSSES.values() for form in forms]
    told += [text for own in OPTIMIZERS.values() for text in (own.name, *(rule.text for _, rule in own.rule))]
    told += [f"schedule {kind}" for kind in SCHEDULES]
    assert [own for own in told if own not in text] == []
    text = help_page(window, "Files")
    assert [own for form in FORMATS for own in (form.name, *form.suffixes) if own not in text] == []


def test_every_command_and_panel_is_in_a_menu_or_on_the_toolbar_and_says_what_it_does(window):
    tops = [action.menu() for action in window.main_window.menuBar().actions()]
    listed = {action for top in tops for menu in menus(top) for action in menu.actions()}
    listed.update(window.main_window.findChild(QToolBar).actions())
    for own in (own for menu in table(window) for own in menu.entries()):
        action = window.main_window.findChild(QAction, own.name)
        assert action in listed, own.name
        assert action.toolTip(), own.name
    for panel in PANELS:
        assert panel_entry(window, panel.name).toolTip().startswith(panel.tip)
