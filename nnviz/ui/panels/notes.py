"""The notes of a file, as Markdown to read and to edit.

Notes come from other people's files, so links and images are restricted.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QUrl, Signal
from PySide6.QtGui import (
    QDesktopServices,
    QFont,
    QShowEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QStackedWidget, QTextBrowser

from nnviz.core.edits import set_notes
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import TextField, leave_drops

MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
MOST_MARKDOWN = 10_000
"""Letters that are read as Markdown: Qt's time grows with the square of a list. More are plain text."""
PICTURE = "\ufffc"
"""The letter in whose place a QTextDocument shows a picture."""
OPENED = ("http", "https", "mailto")


class NotesPage(QTextBrowser):
    """Shows notes. `said` tells what was opened, or why nothing was."""

    said = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._shown: QTextDocument | None = None
        self._notes = ""
        self.setOpenLinks(False)
        leave_drops(self)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setAccessibleName("Notes")
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(self._open)
        self.highlighted.connect(lambda url: self.setToolTip(_written(url)))

    def changeEvent(self, event: QEvent) -> None:
        """Take over another size: Qt reads Markdown's code in the size of that moment, for good."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._notes:
            self.show_notes(self._notes)

    def show_notes(self, notes: str) -> None:
        """Show notes, as Markdown unless they are very long."""
        self._notes = notes
        document = QTextDocument(self)  # PySide never lets one go that has no parent
        document.setUndoRedoEnabled(False)
        document.setDefaultFont(self.font())
        document.setDocumentMargin(0)
        if len(notes) > MOST_MARKDOWN:
            document.setPlainText(notes)
        else:
            document.setMarkdown(notes, MARKDOWN)
            _name_pictures(document)
            _size_headings(document)
        self.setDocument(document)
        if self._shown:
            self._shown.deleteLater()
        self._shown = document

    def _open(self, url: QUrl) -> None:
        if url.scheme() not in OPENED:
            self.said.emit(f"Only links to the web are opened, not {_written(url)}")
        elif QDesktopServices.openUrl(url):
            self.said.emit(f"Opened {_written(url)}")
        else:
            self.said.emit(f"Found no program that opens {_written(url)}")

    def showEvent(self, event: QShowEvent) -> None:
        """Try the whole width again: Qt keeps a scroll bar that another size needed before it was shown."""
        super().showEvent(event)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)


def _name_pictures(document: QTextDocument) -> None:
    """Put its alternative text in the place of every picture, before anything is laid out and so fetched."""
    cursor = QTextCursor(document)
    while not (cursor := document.find(PICTURE, cursor)).isNull():
        alternative = cursor.charFormat().property(QTextFormat.Property.ImageAltText.value)
        told = QTextCharFormat()
        told.setFontItalic(True)
        cursor.insertText(alternative or "picture", told)


def _size_headings(document: QTextDocument) -> None:
    """Give a heading one size: Qt leaves out what is bold or italic in it, and what comes after that."""
    block = document.begin()
    while block.isValid():
        if level := block.blockFormat().headingLevel():
            heading = QTextCharFormat()
            heading.setProperty(QTextFormat.Property.FontSizeAdjustment.value, max(3 - level, 0))
            heading.setFontWeight(QFont.Weight.Bold)
            cursor = QTextCursor(block)
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
            cursor.mergeCharFormat(heading)
            above = QTextBlockFormat()
            above.setTopMargin(8.0 if block.position() else 0.0)
            cursor.mergeBlockFormat(above)
        block = block.next()


def _written(url: QUrl) -> str:
    """Return a link letter by letter, in ASCII: nothing in it looks like something else."""
    return bytes(url.toEncoded().data()).decode("ascii")


EMPTY = (
    "*No notes yet:* press **Edit** to write what to try and what to look for. They are saved in the file."
)


class Notes(Card):
    """Shows the document's notes and lets a person change them.

    What is written is in the document at once: it is saved, and kept for the case of a crash, with the rest.
    All that is written in one go is one undo entry. A run goes on meanwhile.
    """

    def __init__(self, document: Document) -> None:
        super().__init__("Notes")
        self._document = document
        self._writing = object()
        self._given: dict[str, str] = {}
        """The notes that were put into the field, by the text that it has made of them."""
        self.page = NotesPage()
        self.field = TextField()
        self.field.setAccessibleName("Notes as Markdown")
        self.field.setPlaceholderText("Markdown")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.field)
        self.body.addWidget(self._pages, 1)
        self.body.setContentsMargins(8, 0, 8, 10)
        self._edit = quiet_button("Edit", "Edit the notes as Markdown")
        self._edit.setAccessibleName("")  # it is called what it says: Edit, then Done
        self.field.textChanged.connect(self._take)
        self._edit.clicked.connect(self._toggle)
        self.buttons.addWidget(self._edit)
        document.state_changed.connect(self._follow)
        self._show()

    @property
    def being_written(self) -> bool:
        """Whether the notes are open as text."""
        return self._pages.currentWidget() is self.field

    def end_writing(self) -> None:
        """Show the notes of the document as they are read."""
        if self.being_written:
            self._pages.setCurrentWidget(self.page)
            self._edit.setText("Edit")
            self._show()

    def _toggle(self) -> None:
        if not self.being_written:
            self._writing = object()
            self._pages.setCurrentWidget(self.field)
            self._put(self._document.state.notes)
            self.field.setFocus()
            self._edit.setText("Done")
        elif self._take():
            self.end_writing()

    def _take(self) -> bool:
        """Put what is written into the document; tell whether it is there."""
        notes, document = self._written, self._document
        return notes == document.state.notes or document.edit_beneath(
            "Edit the notes", set_notes, notes, merge=self._writing
        )

    def _follow(self, old: State, new: State) -> None:
        if old.notes != new.notes:
            self._show()

    def _put(self, notes: str) -> None:
        with QSignalBlocker(self.field):
            self.field.setPlainText(notes)
        self._given = {self.field.toPlainText(): notes}  # the text may lack signs that a file can hold

    @property
    def _written(self) -> str:
        text = self.field.toPlainText()
        return self._given.get(text, text.strip())

    def _show(self) -> None:
        notes = self._document.state.notes
        if not self.being_written:
            self.page.show_notes(notes or EMPTY)
        elif self._written != notes:  # not what has just been written
            self._put(notes)
