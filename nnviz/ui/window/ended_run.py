"""Says that an edit ended the run, whose curve goes with it, and how to have it back."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence

from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.ui.window.status_line import StatusLine


class EndedRun(QObject):
    """Adds to the status line what became of the run, behind what is said of the edit itself.

    As long as the edit goes on, a drag or a run of key presses, it says so again. `undo` knows the key.
    """

    def __init__(self, document: Document, status: StatusLine, undo: QAction) -> None:
        super().__init__(status)
        self._document, self._status, self._undo = document, status, undo
        self._ended, self._before = "", ""
        self._is_new = False
        self._soon = QTimer(self, singleShot=True, interval=0)  # once the edit has been told
        self._soon.timeout.connect(self._tell)
        document.state_changed.connect(self._follow)
        document.undo_changed.connect(self._entry_began)

    def _follow(self, old: State, new: State) -> None:
        """Take note of a run that is no longer there; one that was undone or closed has not ended."""
        edited = bool(self._document.undo_text()) and not self._document.redo_text()
        if edited and old.iteration and new.run is None:
            key = self._undo.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            self._ended = f"the run of {counted(old.iteration, 'update')} ended; {key} brings it back"
            self._before, self._is_new = self._status.text, True
        if self._ended:
            self._soon.start()

    def _entry_began(self) -> None:
        if not self._is_new:
            if self._ended and self._status.text.endswith(self._ended):
                self._status.say(self._edit)  # one key does not bring it back any more
            self._ended = ""
        self._is_new = False

    @property
    def _edit(self) -> str:
        """What can be undone."""
        text = self._document.undo_text()
        return f"{text[:1].upper()}{text[1:]}"

    def _tell(self) -> None:
        said = self._status.text
        if self._ended and self._ended not in said:
            told = self._edit if said in ("", self._before) else said
            self._status.say(f"{told}; {self._ended}")
