"""The list of what a search has found: name, a word about it, value. Knows nothing of the search."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from nnviz.core.numbers import shown, shown_in_full
from nnviz.core.search import Match
from nnviz.ui.widgets.theme import colours

ROW_PX = 28
ROWS_SEEN = 9
"""Rows that are seen at once; the others are scrolled to."""


class MatchList(QTableWidget):
    """Shows matches, of which one is current. It takes no focus: the field beside it moves the current one.

    ================== ====================================
    `chosen`           a match was clicked
    `current_changed`  another match is current, or none is
    ================== ====================================
    """

    chosen = Signal()
    current_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.matches: Sequence[Match] = ()
        self.setAccessibleName("Matches")
        self.setToolTip("Click to select it on the diagram")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(ROW_PX)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.hide()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.cellClicked.connect(lambda *_: self.chosen.emit())
        self.currentCellChanged.connect(self._current_changed)

    @property
    def current(self) -> Match | None:
        """The match that Enter would choose."""
        row = self.currentRow()
        return self.matches[row] if 0 <= row < len(self.matches) else None

    def show_matches(self, matches: Sequence[Match], current: int = 0) -> None:
        """Show `matches`; `current` counts from 0."""
        self.matches = matches
        self.blockSignals(True)
        self.setRowCount(len(matches))
        for row, match in enumerate(matches):
            for column, item in enumerate(_items(match)):
                self.setItem(row, column, item)
        self.resizeColumnToContents(1)  # once: the header's own mode would measure at every item
        self.resizeColumnToContents(2)
        self.setCurrentCell(min(current, len(matches) - 1), 0)
        self.blockSignals(False)
        self.setFixedHeight(ROW_PX * min(len(matches), ROWS_SEEN))
        self.current_changed.emit()

    def step(self, rows: int) -> None:
        """Make the match current that is `rows` below."""
        if self.matches:
            self.setCurrentCell(min(max(self.currentRow() + rows, 0), len(self.matches) - 1), 0)

    def _current_changed(self, row: int, _column: int, before: int, _before_column: int) -> None:
        if row != before:
            self.current_changed.emit()


def _items(match: Match) -> list[QTableWidgetItem]:
    value = "" if match.value is None else shown(match.value, 8)
    items = [QTableWidgetItem(text) for text in (match.title, match.note, value)]
    items[0].setToolTip(f"<span>{escape(match.title)}</span>")
    items[1].setForeground(QColor(colours().muted))
    items[2].setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    if match.value is not None:
        items[2].setToolTip(shown_in_full(match.value))
    return items
