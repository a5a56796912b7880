"""The notes panel: shows the notes of a file and edits them as Markdown.

Notes may come from other people's files, so links and pictures are restricted.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
)
from PySide6.QtWidgets import QStackedWidget, QTextBrowser

from nnviz.core.edits import set_notes
from nnviz.document.moment import Moment
from nnviz.ui.kit.card import Panel, quiet_button
from nnviz.ui.kit.controls import TextField, ignore_drops, named
from nnviz.ui.kit.desk import TEXT_MS, Desk

MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
MOST_MARKDOWN = 10_000
"""Notes with more characters are shown as plain text, because Qt lays out long Markdown lists slowly."""
PICTURE = "\ufffc"
"""The character that stands for a picture in a QTextDocument."""
OPENED_SCHEMES = ("http", "https", "mailto")


class NotesPage(QTextBrowser):
    """Shows notes. The status line says that a clicked link was opened, or why it was refused."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(openLinks=False)
        self._desk, self._notes = desk, ""
        ignore_drops(self)
        self.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.setAccessibleName("Notes")
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(self._open)
        self.highlighted.connect(lambda url: self.setToolTip(_ascii(url)))

    def changeEvent(self, event: QEvent) -> None:
        """Render the notes again after a font change: Qt sets the font size of code only when it renders."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._notes:
            self._render()

    def show_notes(self, notes: str) -> None:
        """Show notes, as Markdown unless they are very long."""
        if notes != self._notes:
            self._notes = notes
            self._render()

    def _render(self) -> None:
        notes, children = self._notes, Qt.FindChildOption.FindDirectChildrenOnly
        for shown in self.findChildren(QTextDocument, options=children):
            shown.deleteLater()
        document = QTextDocument(self)  # without a parent, PySide never frees the document
        document.setUndoRedoEnabled(False)
        document.setDefaultFont(self.font())
        document.setDocumentMargin(0)
        if len(notes) > MOST_MARKDOWN:
            document.setPlainText(notes)
        else:
            document.setMarkdown(notes, MARKDOWN)
            _name_pictures(document)
        self.setDocument(document)

    def _open(self, url: QUrl) -> None:
        link = _ascii(url)
        if url.scheme() not in OPENED_SCHEMES:
            message = f"{link} was not opened: nnviz opens only web and e-mail links"
        elif QDesktopServices.openUrl(url):
            message = f"Opened {link}"
        else:
            message = f"{link} was not opened: no program for this link was found"
        self._desk.message.emit(message)

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out the text again, to remove a scroll bar that was needed only while the page was hidden."""
        super().showEvent(event)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)


def _name_pictures(document: QTextDocument) -> None:
    """Replace every picture by its alternative text, before the layout would load the picture."""
    cursor = QTextCursor(document)
    while not (cursor := document.find(PICTURE, cursor)).isNull():
        alternative = cursor.charFormat().property(QTextFormat.Property.ImageAltText.value)
        italic = QTextCharFormat()
        italic.setFontItalic(True)
        cursor.insertText(alternative or "picture", italic)


def _ascii(url: QUrl) -> str:
    """Return a link in ASCII, so that no character in it looks like another one."""
    return bytes(url.toEncoded().data()).decode("ascii")


EMPTY = "*No notes yet:* press **Edit** to write what to try and what to look for. The file stores the notes."


class Notes(Panel):
    """The panel that shows the document's notes and edits them.

    Each typed character goes into the document at once, so that Save and autosave include the text. All text
    typed between the buttons Edit and Done is one undo entry. Editing the notes does not stop a run.
    """

    moving_ms = TEXT_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Notes")
        self._writing = object()
        self._known = ""
        """The notes that were last put into the field, or stored in the document from it."""
        self._shown: dict[str, str] = {}
        """Maps the text of the field to the notes put into the field: some characters get lost."""
        self.page = NotesPage(desk)
        self.field = named(TextField(), "Notes as Markdown")
        self.field.setPlaceholderText("Markdown")
        self._pages = QStackedWidget()
        self._pages.addWidget(self.page)
        self._pages.addWidget(self.field)
        self.body.addWidget(self._pages, 1)
        self.body.setContentsMargins(8, 0, 8, 10)
        self._edit = quiet_button("Edit", "Edit the notes as Markdown")
        self._edit.setAccessibleName("")  # so that a screen reader reads the text, Edit or Done
        self.field.textChanged.connect(self._store)
        self._edit.clicked.connect(self._toggle)
        self.buttons.addWidget(self._edit)

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the notes. Replace an open field's text only if others have changed the notes."""
        notes = new.state.notes
        if not self.is_editing:
            self.page.show_notes(notes or EMPTY)
        elif notes != self._known:  # the document has changed, not by this field
            self._put(notes)

    @property
    def is_editing(self) -> bool:
        """Whether the notes are open for editing."""
        return self._pages.currentWidget() is self.field

    def end_editing(self) -> None:
        """End editing and show the formatted notes of the document."""
        if self.is_editing:
            self._pages.setCurrentWidget(self.page)
            self._edit.setText("Edit")
            self.show_moment(None, self._document.now)

    def _toggle(self) -> None:
        if not self.is_editing:
            self._writing = object()
            self._pages.setCurrentWidget(self.field)
            self._put(self._document.state.notes)
            self.field.setFocus()
            self._edit.setText("Done")
        elif self._store():
            self.end_editing()

    def _store(self) -> bool:
        """Store the typed notes in the document. Return whether the document has them."""
        notes, edit = self._typed, self._document.edit_below_run
        is_new = notes != self._document.state.notes
        if is_new and not edit("Edit the notes", set_notes, notes, merge=self._writing):
            return False
        self._known = self._document.state.notes
        return True

    def _put(self, notes: str) -> None:
        with QSignalBlocker(self.field):
            self.field.setPlainText(notes)
        self._known = notes
        self._shown = {self.field.toPlainText(): notes}  # the field drops some characters of a file

    @property
    def _typed(self) -> str:
        text = self.field.toPlainText()
        return self._shown.get(text, text.strip())
