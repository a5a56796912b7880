"""What is done to all rows at once: they are mixed, standardised, or some kept for validation."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal

from nnviz.core import edits
from nnviz.core.numbers import counted, shown
from nnviz.core.standardise import can_be_standardised, standardise, told
from nnviz.document.document import Document


class AllRows(QObject):
    """Each is one undo entry; `said` carries the sentence that tells it, or why nothing was done."""

    said = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document

    def validate_from(self, row: int, merge: Hashable | None = None) -> None:
        """Keep the rows from `row` on for validation; those with the same `merge` are one undo entry."""
        if self._document.edit("Change validation", edits.validate_from, row, merge=merge):
            state = self._document.state
            kept = counted(len(state.data) - state.trained_rows, "row")
            share = shown(100 * state.training.validation)
            self.said.emit(f"{kept} kept for validation ({share} %), {state.trained_rows:,} to train on")

    def standardise(self) -> None:
        """Give every input of numbers mean 0 and deviation 1 over the rows trained on."""
        state = self._document.state
        inputs, said = can_be_standardised(state), told(state)
        if not inputs or self._document.edit("Standardise the inputs", standardise, inputs):
            self.said.emit(f"{said[0].upper()}{said[1:]}")

    def shuffle(self) -> None:
        """Mix the rows by the seed of the settings."""
        rows = len(self._document.state.data)
        if rows < 2:
            self.said.emit("There are not two rows to shuffle")
        elif self._document.edit("Shuffle rows", edits.shuffle_rows):
            self.said.emit(f"Shuffled {rows:,} rows by seed {self._document.state.training.seed}")
