"""Help is one window beside the other, whose pages say what their owners say: registries, limits, actions."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTabBar

from nnviz.core import limits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.limits import Limit
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.files.errors import install_line
from nnviz.files.registry import FORMATS
from nnviz.picture.palette import PALETTES
from nnviz.ui.help.help_window import HelpWindow
from nnviz.ui.widgets.theme import apply_theme
from tests.ui.hands import address_named, choose_entry, set_number, shown
from tests.ui.sees import help_page, help_text


def test_formulas_come_from_the_entries(open_window):
    text = help_page(open_window("relu"), "Formulas")
    for each in ACTIVATIONS.values():
        assert f"f(z) = {each.formula}" in text
    for each in OPTIMIZERS.values():
        assert each.name in text
        assert all(rule.text in text for _, rule in each.rule)
    assert "2 · x · error" in text


def test_files_names_every_format_and_every_limit(open_window):
    text = help_page(open_window("relu"), "Files")
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


def test_about_says_which_version_it_is(open_window):
    from nnviz import __version__

    assert f"nnviz {__version__}" in help_page(open_window("relu"), "About nnviz")


def test_the_network_can_be_edited_while_the_help_is_open(open_window):
    window = open_window("relu")
    help_page(window, "Formulas")
    assert QApplication.activeModalWidget() is None
    set_number(window, address_named(window, "output", "node_0"), "3")
    assert shown(window, "value", "output") == "78"


def test_a_page_that_is_asked_for_again_comes_in_the_window_that_is_open(open_window):
    window = open_window("relu")
    for title in ("Formulas", "Files", "Formulas"):
        choose_entry(window, title)
    (one,) = window.main_window.findChildren(HelpWindow)
    assert "gradient_descent" in help_text(window)
    bar = one.findChild(QTabBar)
    bar.setFocus()
    QTest.keyClick(bar, Qt.Key.Key_Right)
    assert "4,000,000" in help_text(window)
    QTest.keyClick(bar, Qt.Key.Key_Escape)
    assert not one.isVisible()


@pytest.mark.parametrize("theme", PALETTES)
def test_the_text_is_in_the_theme_s_ink(qapp, open_window, theme):
    window = open_window("relu")
    help_page(window, "Formulas")
    try:
        apply_theme(qapp, theme)
        (one,) = window.main_window.findChildren(HelpWindow)
        image = one.grab().toImage()
        seen = {image.pixelColor(x, y).name().upper() for x in range(20, 300) for y in range(60, 260)}
        assert {PALETTES[theme].ink.upper(), PALETTES[theme].surface.upper()} <= seen
    finally:
        apply_theme(qapp, "light")
