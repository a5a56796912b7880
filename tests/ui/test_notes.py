"""The notes of a file: read as Markdown, edited as text, never a way to fetch anything."""

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import choose_entry, write


def press(window, text):
    button = next(own for own in window.notes.findChildren(QPushButton) if own.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_an_example_opens_with_its_notes_in_sight(open_window):
    window = open_window("forward")
    assert window.notes.isVisible()
    assert "-39" in window.notes.page.toPlainText().replace("−", "-")


def test_notes_that_fit_have_no_scroll_bar(open_window):
    window = open_window("curve")
    page = window.notes.page
    text = page.document().clone()
    text.setTextWidth(page.width())
    assert text.size().height() <= page.height()  # or the test needs shorter notes
    assert page.verticalScrollBar().maximum() == 0


def test_notes_are_edited_and_undone(open_window):
    window = open_window("forward")
    press(window, "Edit")
    window.notes.field.selectAll()
    write(window.notes.field, "Try *this*")
    press(window, "Done")
    assert window.notes.page.toPlainText() == "Try this"
    assert window.document.state.notes == "Try *this*"
    choose_entry(window, "Undo")
    assert "Try this" not in window.notes.page.toPlainText()


def test_a_picture_named_in_notes_is_not_fetched(open_window, tmp_path):
    picture = tmp_path / "secret.png"
    picture.write_bytes(b"not to be read")
    state = replace(load(example("forward").path), notes=f"![](file://{picture})\n\nText")
    window = open_window(state)
    assert window.notes.page.loadResource(2, f"file://{picture}") is None
    assert "Text" in window.notes.page.toPlainText()
