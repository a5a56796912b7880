"""The page that shows notes as Markdown. Nothing that they name is opened but a link to the web, by a click.

Notes come from other people's files. Knows nothing of the document.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QUrl, Signal
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
from PySide6.QtWidgets import QTextBrowser

from nnviz.ui.widgets.drops import leave_drops

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
