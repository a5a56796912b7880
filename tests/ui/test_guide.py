"""README and guide: their menu entries and keys exist, and the first exercise gives its numbers."""

import re
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.hands import address_named, choose_entry, shown, write
from tests.ui.sees import figure, help_page, menus, written

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = README + "".join(path.read_text("utf-8") for path in sorted((ROOT / "resources/docs").glob("*.md")))


def entries(menu):
    """Return the plain texts of a menu's entries and of the menus below it."""
    actions = [action for each in menus(menu) for action in each.actions()]
    return {action.text().replace("&", "").partition("\t")[0] for action in actions}


def test_every_menu_path_of_the_documentation_leads_to_an_entry(afresh):
    bar = afresh("relu").main_window.menuBar()
    offered = {action.text().replace("&", ""): entries(action.menu()) for action in bar.actions()}
    paths = [(menu, " ".join(rest.split())) for menu, rest in re.findall(r"\*(\w+) →\s+([^*]+)\*", PAGES)]
    wrong = [
        (menu, title)
        for menu, title in paths
        for part in title.split(" → ")
        if menu in offered and not {part, part + "…"} & offered[menu] and menu != "Security"
    ]
    assert wrong == []
    named = {"File", "Edit", "Network", "Train", "View", "Examples", "Help", "Security"}
    assert {menu for menu, _ in paths} == named


def test_every_key_of_the_documentation_is_in_the_help(afresh):
    sheet = help_page(afresh("relu"), "Keys and mouse")
    keys = set(re.findall(r"\b(?:Ctrl\+(?:Shift\+)?\w+|Shift\+F\d+|F\d+)\b", PAGES))
    assert len(keys) > 10
    assert [key for key in sorted(keys) if key not in sheet] == []


def test_the_first_exercise_gives_its_numbers(afresh):
    window = afresh("one-update")
    steps = re.findall(r"^\d\. (.+(?:\n   .+)*)", README, re.MULTILINE)

    def sees(step, *numbers):
        text = " ".join(steps[step - 1].split())
        assert [number for number in numbers if number not in text] == []

    def error():
        return shown(window, "error", "output").removeprefix("error ")

    def weights(kind="weight"):
        addresses = [address_named(window, "output", f"input_{k}") for k in range(3)]
        return [written(window, address._replace(kind=kind)) for address in addresses]

    def set_rate(text):
        field = window.training.fields.learning_rate
        field.setFocus()
        field.selectAll()
        write(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    sees(1, "is " + error())

    for _ in range(3):
        QTest.keyClick(window.diagram, Qt.Key.Key_Space)
        choose_entry(window, "Finish the phase")
    sees(2, *weights("slope"))
    QTest.keyClick(window.diagram, Qt.Key.Key_Escape)

    choose_entry(window, "One update")
    sees(3, *weights(), error(), figure(window, "MSE").text)

    choose_entry(window, "Undo")
    set_rate("0.05")
    choose_entry(window, "One update")
    sees(4, error())

    choose_entry(window, "Undo")
    sees(5, "1/28")
    set_rate("1/28")
    choose_entry(window, "One update")
    assert error() == "0"
