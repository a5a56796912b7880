"""What the notes of the examples ask for is called so in the window."""

import re

from PySide6.QtWidgets import QPushButton

from nnviz.files.examples import examples
from nnviz.files.registry import load


def test_what_the_notes_say_to_press_is_a_button_of_the_window(open_window):
    window = open_window("xor")
    buttons = {own.text() for own in window.main_window.findChildren(QPushButton)}
    asked = {
        (each.name, found)
        for each in examples()
        for found in re.findall(
            r"\b[Pp]ress ([A-Z]\w*(?: update| back| random weights)?)", load(each.path).notes
        )
    }
    assert asked
    assert {what for _, what in asked} - buttons == {"Play", "Enter"}  # on the toolbar, and a key
