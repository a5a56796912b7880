"""The notes of a file: read as Markdown, edited as text, never a way to fetch anything."""

import os
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QColor, QDesktopServices, QImage, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import choose_entry, write
from tests.ui.sees import status


def press(window, text):
    button = next(own for own in window.board.docks["Notes"].findChildren(QPushButton) if own.text() == text)
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


def test_notes_are_in_the_document_while_they_are_written(open_window, tmp_path):
    window = open_window("forward")
    before, path = window.document.state.notes, tmp_path / "a.json"
    window.document.save(path)
    press(window, "Edit")
    assert not window.document.modified
    window.notes.field.selectAll()
    write(window.notes.field, "Look here")
    assert window.main_window.isWindowModified()
    choose_entry(window, "Save")
    assert load(path).notes == "Look here"
    assert not window.main_window.isWindowModified()
    write(window.notes.field, ", and there")
    assert window.notes.field.toPlainText() == "Look here, and there"
    assert window.document.state.notes == "Look here, and there"
    choose_entry(window, "Undo")
    assert window.notes.field.toPlainText() == "Look here"
    choose_entry(window, "Undo")
    assert window.document.state.notes == before
    press(window, "Done")
    assert "Look here" not in window.notes.page.toPlainText()


def test_what_is_written_in_one_go_is_one_undo_entry(open_window):
    window = open_window("forward")
    before = window.document.state.notes
    for text in ("Try", "Look"):
        press(window, "Edit")
        window.notes.field.selectAll()
        write(window.notes.field, text)
        press(window, "Done")
    choose_entry(window, "Undo")
    assert window.notes.page.toPlainText() == "Try"
    choose_entry(window, "Undo")
    assert window.document.state.notes == before


def test_a_run_goes_on_while_notes_are_written_and_both_are_undone_by_themselves(
    open_window, qtbot, tmp_path
):
    window = open_window("forward")
    window.files.open_example("twenty-updates")
    before, path = window.document.state.notes, tmp_path / "a.json"
    press(window, "Edit")
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 1)
    window.notes.field.selectAll()
    for letter in "Look":
        write(window.notes.field, letter)
        at = window.document.state.iteration
        qtbot.waitUntil(lambda at=at: window.document.state.iteration > at)
    assert window.runner.running
    press(window, "Done")
    window.runner.speed = 1.0
    qtbot.waitUntil(lambda: not window.runner.running)
    assert (window.document.state.iteration, window.notes.page.toPlainText()) == (20, "Look")
    window.document.save(path)
    assert (load(path).iteration, load(path).notes) == (20, "Look")
    choose_entry(window, "Undo")
    assert (window.document.state.iteration, window.document.state.notes) == (0, "Look")
    choose_entry(window, "Undo")
    assert (window.document.state.iteration, window.document.state.notes) == (0, before)
    for _ in range(2):
        choose_entry(window, "Redo")
    assert window.document.state == load(path)
    assert not window.main_window.isWindowModified()


def test_a_run_that_is_paused_goes_on_where_it_was_after_notes_were_written(open_window, qtbot):
    window = open_window("twenty-updates")
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 1)
    window.runner.pause()
    left = window.runner.left
    press(window, "Edit")
    write(window.notes.field, "x")
    press(window, "Done")
    assert 0 < window.runner.left == left


def test_the_field_s_own_undo_counts_too(open_window):
    window = open_window("forward")
    before = window.document.state.notes
    press(window, "Edit")
    write(window.notes.field, "x")
    assert window.document.state.notes != before
    window.notes.field.undo()
    assert window.document.state.notes == before


@pytest.mark.parametrize("notes", ["Text\n\n", "a\u00a0b", " x"])
def test_to_open_notes_as_text_changes_nothing(open_window, notes):
    window = open_window(replace(load(example("forward").path), notes=notes))
    press(window, "Edit")
    press(window, "Done")
    assert window.document.state.notes == notes
    assert not window.document.modified


def test_another_file_is_read_not_written(open_window):
    window = open_window("forward")
    press(window, "Edit")
    window.files.open_example("relu")
    assert window.notes.page.isVisible()
    assert "relu" in window.notes.page.toPlainText()


def formats(page, line):
    """Return the stretches of a line: text, font size, whether it is bold and italic."""
    block = page.document().findBlockByNumber(line)
    places, found = block.begin(), []
    while not places.atEnd():
        fragment = places.fragment()
        font = fragment.charFormat().font()
        found.append((fragment.text(), font.pointSizeF(), font.bold(), font.italic()))
        places += 1
    return found


@pytest.mark.parametrize("marks", ["#", "##", "####"])
def test_a_heading_has_one_size_whatever_is_bold_or_italic_in_it(open_window, marks):
    notes = f"text\n\n{marks} One **bold** and *slanted* `code` ![picture](x.png) heading\n\n# Plain"
    window = open_window(replace(load(example("forward").path), notes=notes))
    (_, text, *_), *_ = formats(window.notes.page, 0)
    heading = formats(window.notes.page, 1)
    assert "".join(stretch for stretch, *_ in heading) == "One bold and slanted code picture heading"
    assert len({size for _, size, *_ in heading}) == 1
    assert all(bold for _, _, bold, _ in heading)
    largest = formats(window.notes.page, 2)[0][1]
    assert text <= heading[0][1] <= largest
    assert largest > text


@pytest.mark.parametrize("percent", [100, 150])
def test_code_in_notes_is_as_large_as_the_text_around_it_at_every_size(open_window, percent):
    window = open_window(replace(load(example("forward").path), notes="The `weights` are given."))
    choose_entry(window, f"{percent} %")
    (_, text, *_), (code, size, *_), *_ = formats(window.notes.page, 0)
    assert code == "weights"
    assert size == pytest.approx(text, rel=0.05)  # Qt takes whole points


def test_a_picture_is_told_and_set_apart(open_window):
    window = open_window(replace(load(example("forward").path), notes="See ![what it shows](x.png) here"))
    told = [(text, italic) for text, _, _, italic in formats(window.notes.page, 0)]
    assert told == [("See ", False), ("what it shows", True), (" here", False)]


def hrefs(page):
    """Return every link of a page, and where each begins, in the page's pixels."""
    found, block = {}, page.document().begin()
    while block.isValid():
        places = block.begin()
        while not places.atEnd():
            part = places.fragment()
            if href := part.charFormat().anchorHref():
                cursor = QTextCursor(page.document())
                cursor.setPosition(part.position() + 1)
                found[href] = page.cursorRect(cursor).center()
            places += 1
        block = block.next()
    return found


HIDES = (
    "![what it shows]({})",
    '![what it shows]({} "title")',
    "![what it shows][r]\n\n[r]: {}",
    "[![what it shows]({})](https://example.org)",
    "| a |\n| - |\n| ![what it shows]({}) |",
    "- ![what *it* shows]({})",
)
HTML = (
    "<img src='{}'>",
    "<style>@import url('{}'); body {{background-image: url('{}')}}</style>x",
    "<div style=\"background-image: url('{}')\">x</div>",
    "<table background='{}'><tr><td>x</table>",
    "<link rel=stylesheet href='{}'><object data='{}'>x</object>",
)


@pytest.fixture
def fifo(tmp_path):
    """A pipe that nobody writes to: whoever opens it hangs, so that the test would never end."""
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


@pytest.mark.parametrize("address", ["file://{}", "{}", "FILE://localhost{}"])
def test_nothing_that_notes_name_is_opened(open_window, fifo, address):
    window, opened = open_window("relu"), load(example("forward").path)
    for k, notes in enumerate(HIDES + HTML):
        named = notes.format(*[address.format(fifo)] * 2)
        window.document.start(replace(opened, notes=f"{named}\n\nText {k}"))
        window.notes.grab()
        shown = window.notes.page.toPlainText()
        assert shown.endswith(f"Text {k}")
        if notes in HIDES:
            assert "what it shows" in shown
            assert "\ufffc" not in shown
            assert str(fifo) not in shown


def test_a_local_picture_is_not_shown(open_window, tmp_path):
    picture = QImage(60, 60, QImage.Format.Format_RGB32)
    picture.fill(QColor("magenta"))
    assert picture.save(str(tmp_path / "x.png"))
    notes = "\n\n".join(each.format(tmp_path / "x.png", tmp_path / "x.png") for each in HIDES + HTML)
    window = open_window(replace(load(example("forward").path), notes=notes))
    seen = window.notes.page.grab().toImage().scaled(60, 60)
    assert "#ff00ff" not in {seen.pixelColor(x, y).name() for x in range(60) for y in range(60)}


def test_notes_with_a_picture_are_edited_as_they_are(open_window):
    notes = "![what](file:///dev/zero) and <img src='file:///dev/zero'>"
    window = open_window(replace(load(example("forward").path), notes=notes))
    press(window, "Edit")
    assert window.notes.field.toPlainText() == notes
    press(window, "Done")
    assert window.document.state.notes == notes
    assert not window.document.modified


class Browser(QObject):
    """Stands for the program that opens links."""

    def __init__(self):
        super().__init__()
        self.opened = []

    @Slot(QUrl)
    def open(self, url):
        self.opened.append(url.toString())


@pytest.fixture
def browser():
    """What is opened in the browser, or by mail, or as a file."""
    browser, schemes = Browser(), ("http", "https", "mailto", "file", "ftp", "javascript")
    for scheme in schemes:
        QDesktopServices.setUrlHandler(scheme, browser, "open")
    yield browser
    for scheme in schemes:
        QDesktopServices.unsetUrlHandler(scheme)


@pytest.mark.parametrize("href", ["https://example.org/a?b=c", "http://example.org", "mailto:a@example.org"])
def test_a_link_to_the_web_is_opened_by_a_click(open_window, browser, href):
    window = open_window(replace(load(example("forward").path), notes=f"[the bank]({href})"))
    assert browser.opened == []
    page = window.notes.page
    QTest.mouseMove(page.viewport(), hrefs(page)[href])
    QTest.mouseClick(page.viewport(), Qt.MouseButton.LeftButton, pos=hrefs(page)[href])
    assert browser.opened == [href]
    assert status(window) == f"Opened {href}"


@pytest.mark.parametrize(
    "href", ["file:///etc/passwd", "/etc/passwd", "ftp://example.org", "javascript:1", "qrc:/x"]
)
def test_no_other_link_is_opened(open_window, browser, href):
    window = open_window(replace(load(example("forward").path), notes=f"[the bank]({href})"))
    page = window.notes.page
    QTest.mouseClick(page.viewport(), Qt.MouseButton.LeftButton, pos=hrefs(page)[href])
    assert browser.opened == []
    assert status(window) == f"Only links to the web are opened, not {href}"
    assert page.toPlainText() == "the bank"


WIDE = "".join("|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|b" * 2000)


@pytest.mark.parametrize(
    "notes",
    [
        "word " * 20_000,
        "- x\n" * 25_000,
        "|a|\n|-|\n" + "|1|\n" * 24_000,
        "![a](b)" * 14_000,
        WIDE,
        ">" * 9999,
    ],
)
def test_long_notes_keep_the_window_waiting_for_less_than_a_second(open_window, notes):
    window = open_window("forward")
    began = time.process_time()
    window.document.push(replace(window.document.state, notes=notes), "long notes")
    window.notes.grab()
    assert time.process_time() - began < 1.0
