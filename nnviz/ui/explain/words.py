"""The card beside the data: the explanation and the notes, and which of them is in front."""

from __future__ import annotations

from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.explain.notes import Notes
from nnviz.ui.explain.panel import ExplainPanel
from nnviz.ui.widgets.tabs import CardTabs, Tab

EXPLAIN, NOTES = range(2)


class Words(CardTabs):
    """Explanation and notes.

    A file's notes are in front when it is opened; whoever points at a node or an edge sees it explained.
    Editing a number leaves the notes in front, which may be telling what to edit, and so does writing them.
    """

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        self.explain = ExplainPanel(document, selection, derived)
        self.notes = Notes(document)
        super().__init__(
            (
                Tab("explain", "Where the selected number comes from", lambda: self.explain),
                Tab("notes", "What to try here and what to look for", lambda: self.notes),
            )
        )
        self._document = document
        selection.explanation_requested.connect(self._explain)
        self.begin()

    def begin(self) -> None:
        """Show what a document begins with: its notes where it has any."""
        self.show_card(NOTES if self._document.state.notes else EXPLAIN)

    def _explain(self) -> None:
        if not self.notes.being_written:
            self.show_card(EXPLAIN)
