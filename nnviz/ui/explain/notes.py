"""The notes of what is open, read or written."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker
from PySide6.QtWidgets import QStackedWidget

from nnviz.core.edits import set_notes
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.ui.explain.page import NotesPage
from nnviz.ui.widgets.card import Card, quiet_button
from nnviz.ui.widgets.drops import TextField

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
