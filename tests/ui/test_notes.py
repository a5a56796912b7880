"""The notes of a file: read as Markdown, edited as text, never a way to fetch anything; and the exercises."""

import os
import re
import time
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QTextEdit

from nnviz.core.address import Address
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.ui.kit.theme import set_size_percent
from nnviz.ui.panels.notes import Notes
from tests.ui.bare import Bare
from tests.ui.hands import address_named, bring, choose_entry, press, set_number, shown, write
from tests.ui.sees import figure, status, written


def press_here(notes, text):
    """Press the panel's own button that says `text`."""
    (button,) = (own for own in notes.window().findChildren(QPushButton) if own.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def write_anew(notes, text):
    notes.field.selectAll()
    write(notes.field, text)


def text_of(notes):
    return notes.page.toPlainText()


class Noted(Bare):
    """The panel on screen, with its document."""

    def __init__(self, qtbot, state):
        super().__init__(qtbot, state)
        self._notes = self.show(Notes(self.desk), (364, 300))
        self.desk.frames.add(self._notes)

    @property
    def notes(self):
        """The panel, as it is in the next frame."""
        self.desk.frames.show_pending()
        return self._notes


@pytest.fixture
def panel(bare):
    """Return a function that opens the panel on notes, those of `forward` unless they are given."""

    def open_it(notes=None):
        state = load(example("forward").path)
        return bare(state if notes is None else replace(state, notes=notes), kind=Noted)

    return open_it


# --- read and written


def test_opening_a_file_ends_the_editing_of_notes(open_window):
    window = open_window("forward")
    assert window.notes.isVisible()
    assert "-39" in text_of(window.notes).replace("−", "-")
    press(window, "Edit")
    window.files.open_example("relu")
    assert window.notes.page.isVisible()
    assert "relu" in text_of(window.notes)


def test_notes_typed_in_one_go_are_one_undo_entry(panel):
    own = panel()
    before, notes = own.document.state.notes, own.notes
    for text in ("Try *this*", "Look"):
        press_here(notes, "Edit")
        write_anew(notes, text)
        press_here(notes, "Done")
        assert own.document.state.notes == text
    own.document.undo()
    assert text_of(own.notes) == "Try this"
    own.document.undo()
    assert own.document.state.notes == before
    press_here(notes, "Edit")
    write(notes.field, "x")
    assert own.document.state.notes != before
    notes.field.undo()
    assert own.document.state.notes == before


def test_opening_notes_for_editing_changes_nothing(panel):
    for notes in (
        *("Text\n\n", "a\u00a0b", " x"),
        "![what](file:///dev/zero) and <img src='file:///dev/zero'>",
    ):
        own = panel(notes)
        press_here(own.notes, "Edit")
        assert own.notes.field.toPlainText() == notes.replace("\u00a0", " ")
        press_here(own.notes, "Done")
        assert own.document.state.notes == notes
        assert not own.document.modified


def test_text_that_was_refused_and_the_caret_stay_while_other_things_change(panel):
    own = panel()
    press_here(own.notes, "Edit")
    write_anew(own.notes, "Look")
    field = own.notes.field
    field.moveCursor(QTextCursor.MoveOperation.PreviousWord)
    write(field, "1")
    own.document.lock("A script trains the network.")
    write(field, "2")
    for change in (
        lambda: own.document.select(Address("node", 0, 0)),
        lambda: own.desk.frames.show_again(own.notes),
        lambda: own.document.show_slopes(True),
    ):
        change()
        assert (own.notes.field.toPlainText(), field.textCursor().position()) == ("12Look", 2)
    assert own.document.state.notes == "1Look"
    own.document.lock("")
    own.document.undo()
    assert own.notes.field.toPlainText() == own.document.state.notes != "1Look"


def test_notes_stay_where_they_were_scrolled_to_until_there_are_others(panel):
    own = panel("a line\n\n" * 99)
    bar = own.notes.page.verticalScrollBar()
    bar.setValue(50)
    own.desk.frames.show_again(own.notes)
    own.document.select(Address("node", 0, 0))
    assert (own.notes.page.verticalScrollBar().value(), bar.value()) == (50, 50)
    own.document.push(replace(own.document.state, notes="another line\n\n" * 99), "notes")
    assert own.notes.page.verticalScrollBar().value() == 0


# --- how it looks


def fragments(page, line=None):
    """Yield the stretches of text of one format, of a line or of all lines."""
    text = page.document()
    blocks = [text.findBlockByNumber(k) for k in (range(text.blockCount()) if line is None else [line])]
    for block in blocks:
        places = block.begin()
        while not places.atEnd():
            yield places.fragment()
            places += 1


def formats(page, line):
    """Return the stretches of a line: text, font size, whether it is bold and italic."""
    fonts = [(part.text(), part.charFormat().font()) for part in fragments(page, line)]
    return [(text, font.pointSizeF(), font.bold(), font.italic()) for text, font in fonts]


def test_headings_are_large_and_pictures_show_their_text(panel):
    page = panel("text\n\n# Plain").notes.page
    (_, text, *_), (_, heading, is_bold, _) = (formats(page, line)[0] for line in (0, 1))
    assert heading > text
    assert is_bold
    page = panel("See ![what it shows](x.png) here").notes.page
    told = [(text, italic) for text, _, _, italic in formats(page, 0)]
    assert told == [("See ", False), ("what it shows", True), (" here", False)]
    page = panel("# A heading\n\nTwo lines\n\nof text").notes.page
    text = page.document().clone()
    text.setTextWidth(page.width())
    assert text.size().height() <= page.height()
    assert page.verticalScrollBar().maximum() == 0


def test_code_in_notes_has_the_font_size_of_the_text(panel, qapp):
    page = panel("The `weights` are given.").notes.page
    for percent in (100, 150):
        set_size_percent(qapp, percent)
        (_, text, *_), (code, size, *_), *_ = formats(page, 0)
        assert code == "weights"
        assert size == pytest.approx(text, rel=0.05)  # Qt takes whole points


WIDE = "".join("|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|b" * 2000)
LONG = (
    "word " * 20_000,
    "- x\n" * 25_000,
    "|a|\n|-|\n" + "|1|\n" * 24_000,
    "![a](b)" * 14_000,
    WIDE,
    ">" * 9999,
)


def test_long_notes_are_shown_in_less_than_a_second(panel, amount):
    own = panel()
    for notes in amount(quick=LONG[2::2], ci=LONG, night=LONG):
        began = time.process_time()
        own.document.push(replace(own.document.state, notes=notes), "long notes")
        own.notes.grab()
        assert time.process_time() - began < 1.0, notes[:9]


# --- what they name

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


def test_notes_load_no_pictures_or_files(panel, tmp_path):
    """The notes name a pipe without a writer: to open it would hang the test."""
    own, fifo = panel(), tmp_path / "fifo"
    os.mkfifo(fifo)
    for address in ("file://{}", "{}", "FILE://localhost{}"):
        for k, notes in enumerate(HIDES + HTML):
            named = notes.format(*[address.format(fifo)] * 2)
            own.document.start(replace(own.document.state, notes=f"{named}\n\nText {k}"))
            own.notes.grab()
            seen = text_of(own.notes)
            assert seen.endswith(f"Text {k}")
            if notes in HIDES:
                assert "what it shows" in seen
                assert "\ufffc" not in seen
                assert str(fifo) not in seen


def hrefs(page):
    """Return every link of a page, and where each begins, in the page's pixels."""
    found = {}
    for part in fragments(page):
        if href := part.charFormat().anchorHref():
            cursor = QTextCursor(page.document())
            cursor.setPosition(part.position() + 1)
            found[href] = page.cursorRect(cursor).center()
    return found


SCHEMES = ("http", "https", "mailto", "file", "ftp", "javascript")


class Browser(QObject):
    """Stands for the program that opens links, by mail or as a file, too."""

    def __init__(self):
        super().__init__()
        self.opened = []

    @Slot(QUrl)
    def open(self, url):
        self.opened.append(url.toString())


@pytest.fixture
def browser():
    browser = Browser()
    for scheme in SCHEMES:
        QDesktopServices.setUrlHandler(scheme, browser, "open")
    yield browser
    for scheme in SCHEMES:
        QDesktopServices.unsetUrlHandler(scheme)


def test_a_click_opens_only_web_and_mail_links(panel, browser, approved):
    web = ["https://example.org/a?b=c", "http://example.org", "mailto:a@example.org"]
    others = ["file:///etc/passwd", "/etc/passwd", "ftp://example.org", "javascript:1", "qrc:/x"]
    told = []
    for href in web + others:
        own = panel(f"[the bank]({href})")
        page, ((found, at),) = own.notes.page, hrefs(own.notes.page).items()
        assert found == href
        QTest.mouseMove(page.viewport(), at)
        assert browser.opened == []
        QTest.mouseClick(page.viewport(), Qt.MouseButton.LeftButton, pos=at)
        told.append(status(own))
        assert browser.opened == [href] * (href in web)
        assert text_of(own.notes) == "the bank"
        browser.opened.clear()
    approved("a click on a link", "\n".join(told))


# --- the exercises of a first course, done in the window with mouse and keys


def values(window, *names):
    return [shown(window, "value", name) for name in names]


def test_the_notes_of_the_first_exercises_can_be_followed(afresh):
    window = afresh("forward")
    buttons = {own.text() for own in window.main_window.findChildren(QPushButton)}
    pattern = r"\b[Pp]ress ([A-Z]\w*(?: update| back| random weights)?)"
    asked = {found for each in examples() for found in re.findall(pattern, load(each.path).notes)}
    assert asked - buttons == {"Play", "Enter"}  # on the toolbar, and a key
    assert len(asked) > 2
    assert values(window, "node_0", "node_1", "output") == ["26", "−13", "−39"]
    window.files.open_example("relu")
    assert values(window, "node_1", "output") == ["0", "52"]
    assert (shown(window, "z", "node_1"), shown(window, "badge", "node_1")) == ("z −13", "relu passes 0")
    window.files.open_example("many-rows")
    seen = values(window, "output")
    for _ in range(3):
        next(own for own in window.main_window.actions() if own.text() == "Next row").trigger()
        seen += values(window, "output")
    assert seen == ["52", "63", "0", "148"]
    window.files.open_example("two-hidden-layers")
    names = ("node_0_0", "node_0_1", "node_1_0", "node_1_1", "output")
    assert values(window, *names) == ["26", "0", "0", "26", "182"]


def test_tuning_by_hand_brings_the_error_to_0_and_slopes_are_those_by_hand(afresh):
    window = afresh("tuning-by-hand")
    first, second = window.document.state.network.inputs
    assert shown(window, "error", "output") == "error 6"
    for node, source, text in (
        ("node_0", first, "0"),
        ("node_0", second, "1"),
        ("node_1", first, "0"),
        ("node_1", second, "0"),
        ("output", "node_1", "0"),
    ):
        set_number(window, address_named(window, node, source), text)
    assert values(window, "output") == ["3"]
    assert shown(window, "error", "output") == "error 0"
    assert figure(window, "MSE").text == "0"
    window.files.asks = False
    window.files.open_example("two-weight-sets")
    set_number(window, address_named(window, "node_1", second), "1,5")
    set_number(window, address_named(window, "output", "node_1"), "3/2")
    assert figure(window, "MSE").text == "49.890625"
    window.files.open_example("calculating-slopes")
    assert shown(window, "error", "output") == "error 7"
    choose_entry(window, "Show slopes")
    assert [written(window, Address("slope", 0, 0, k)) for k in range(3)] == ["14", "28", "42"]


# --- written while the window does other things


def test_notes_are_in_the_document_while_they_are_written(afresh, tmp_path):
    window = afresh("forward")
    before, path, notes = window.document.state.notes, tmp_path / "a.json", window.notes
    window.document.save(path)
    press(window, "Edit")
    assert not window.document.modified
    write_anew(notes, "Look here")
    assert window.main_window.isWindowModified()
    choose_entry(window, "Save")
    assert load(path).notes == "Look here"
    assert not window.main_window.isWindowModified()
    write(notes.field, ", and there")
    assert notes.field.toPlainText() == window.document.state.notes == "Look here, and there"
    for expected in ("Look here", before):
        choose_entry(window, "Undo")
        assert window.document.state.notes == notes.field.toPlainText() == expected
    press(window, "Done")
    assert "Look here" not in text_of(notes)


def test_no_letter_is_lost_or_moved_when_notes_are_typed_slowly_in_a_run(afresh, qtbot):
    window = afresh("xor")
    bring(window, "Notes")
    press(window, "Edit")
    field = window.notes.findChild(QPlainTextEdit) or window.notes.findChild(QTextEdit)
    field.selectAll()
    window.runner.set_training(replace(window.document.state.training, updates=10**9))
    window.runner.speed = 0.6
    window.runner.run()
    frames = []

    class Picture:
        moving_ms = 0.0

        def show_moment(self, *_):
            frames.append(field.toPlainText())

    picture = Picture()
    window.desk.frames.add(picture)
    typed = "The loss falls, but slowly."
    for letter in typed:
        QTest.keyClicks(field, letter)
        frames.clear()
        qtbot.waitUntil(lambda: len(frames) > 1)  # some 25 letters a second
        assert typed.startswith(field.toPlainText())
    window.desk.frames.remove(picture)
    window.runner.pause()
    assert field.toPlainText() == window.document.state.notes == typed


def test_a_run_goes_on_while_notes_are_written_and_both_are_undone_by_themselves(afresh, qtbot, tmp_path):
    window = afresh("forward")
    window.files.open_example("twenty-updates")
    before, path, document = window.document.state.notes, tmp_path / "a.json", window.document
    window.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 1)
    window.runner.pause()
    left = window.runner.updates_left
    press(window, "Edit")
    write(window.notes.field, "x")
    press(window, "Done")
    assert 0 < window.runner.updates_left == left, "a run that is paused goes on where it was"
    while document.undo_text():
        document.undo()
    press(window, "Edit")
    window.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 1)
    window.notes.field.selectAll()
    for letter in "Lo":
        write(window.notes.field, letter)
        at = document.state.iteration
        qtbot.waitUntil(lambda at=at: document.state.iteration > at)
    assert window.runner.running
    press(window, "Done")
    window.runner.speed = 1.0
    qtbot.waitUntil(lambda: not window.runner.running)
    assert (document.state.iteration, text_of(window.notes)) == (20, "Lo")
    document.save(path)
    assert (load(path).iteration, load(path).notes) == (20, "Lo")
    for expected in ((0, "Lo"), (0, before)):
        choose_entry(window, "Undo")
        assert (document.state.iteration, document.state.notes) == expected
    for _ in range(2):
        choose_entry(window, "Redo")
    assert document.state == load(path)
    assert not window.main_window.isWindowModified()
