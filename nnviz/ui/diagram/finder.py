"""The search field over the diagram, which finds nodes and edges by name, and makes them visible."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QLineEdit, QVBoxLayout

from nnviz.core.network import Network
from nnviz.core.numbers import as_text, full_text
from nnviz.core.search import LIMIT, Match, find
from nnviz.document.moment import Moment, is_new
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.kit.controls import fill_box, named, wrapped_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.dialogs import ListTable, show_text
from nnviz.ui.kit.theme import OWN_SIZE, colours, px

WIDTH_PX = 364
ROW_PX = 28
VISIBLE_ROWS = 9
"""Number of matches that are visible without scrolling."""
MARGIN_PX = 10
INTERVAL_MS = 250.0
"""Time between two searches while the State keeps changing, in milliseconds."""
NO_MATCH = "No match. Type a part of a name, or -> between two names to find edges."
TIP = "Type a part of a name, or -> between two names to find edges"


class MatchList(ListTable):
    """The list of search results: the name and value of each, and a note such as the activation.

    Keys in the search field move the current row.
    """

    def __init__(self) -> None:
        super().__init__("Matches", ("Name", "Note", "Value"))
        self.matches: Sequence[Match] = ()
        self.setObjectName("matches")
        self.setToolTip("Click a match to select it on the diagram")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        self.setProperty(OWN_SIZE, True)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setMinimumSectionSize(px(ROW_PX))
        rows.setDefaultSectionSize(px(ROW_PX))
        for each in (rows, header):
            each.hide()
            each.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    @property
    def current(self) -> Match | None:
        """The match in the current row, or None if the list is empty. Enter selects this match."""
        row = self.currentRow()
        return self.matches[row] if 0 <= row < len(self.matches) else None

    def show_matches(self, matches: Sequence[Match], current: int = 0) -> None:
        """Show `matches`, and make the row with the index `current` the current row."""
        self.matches = matches
        self.setRowCount(len(matches))
        for row, match in enumerate(matches):
            texts = ("", "") if match.value is None else (as_text(match.value), full_text(match.value))
            self.show_cell(row, 0, match.title, match.title)
            self.show_cell(row, 1, match.note, "").setForeground(QColor(colours().muted))
            value = self.show_cell(row, 2, *texts)
            value.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.resizeColumnToContents(1)  # the header's ResizeToContents would measure after each item
        self.resizeColumnToContents(2)
        self.setCurrentCell(min(current, len(matches) - 1), 0)
        self.setFixedHeight(px(ROW_PX) * min(len(matches), VISIBLE_ROWS))


class Finder(QFrame):
    """A search field with its matches at the diagram's upper right, hidden until `open` is called.

    Up and Down change the current match, which the diagram highlights. Enter or a click selects a match,
    and Escape hides the field.
    """

    moving_ms = INTERVAL_MS

    def __init__(self, diagram: Diagram, desk: Desk) -> None:
        super().__init__(diagram)
        self.setObjectName("card")
        self.setAccessibleName("Find")
        self._diagram, self._document, self._frames = diagram, desk.document, desk.frames
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.field = QLineEdit(placeholderText="Find a node or an edge", clearButtonEnabled=True)
        named(self.field, "Find a node or an edge", TIP).setAcceptDrops(False)
        self.list = MatchList()
        self.hint = wrapped_label()
        fill_box(QVBoxLayout(self), 6, self.field, self.list, self.hint, margins=(8, 8, 8, 8))
        self.field.installEventFilter(self)
        self._diagram.installEventFilter(self)
        self.field.textChanged.connect(lambda _: self._search())
        self.list.cellClicked.connect(lambda *_: self._choose())
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._highlight())
        self.hide()

    def open(self) -> None:
        """Show and focus the field, with the previous text selected."""
        self.show()
        self.raise_()
        self._frames.add(self)
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def close_field(self) -> None:
        """Hide the field, and move the focus to the diagram."""
        self.hide()
        self._diagram.setFocus(Qt.FocusReason.OtherFocusReason)

    # --- search

    def _search(self, keep: Match | None = None) -> None:
        text, now = self.field.text(), self._document.now
        matches = find(now.row_state, text, LIMIT, now.row_index)
        if now.hiding.on:
            matches = list(map(_without_result, matches))
        current = next((k for k, match in enumerate(matches) if keep and match.address == keep.address), 0)
        self.list.show_matches(matches, current)
        self._highlight()
        self.list.setVisible(bool(matches))
        show_text(self.hint, _hint(text, matches, now.state.network))
        self._place()

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Search again if the State, the row or what is hidden has changed."""
        if is_new(old, new, "state", "row", "what_if_row", "hiding"):
            self._search(keep=self.list.current)

    def _highlight(self) -> None:
        match = self.list.current if self.isVisible() else None
        self._diagram.hover(match.address if match else None)

    def _choose(self) -> None:
        if match := self.list.current:
            self._diagram.reveal(match.address)
            self._uncover(self._diagram.picture.place(match.address))

    def _uncover(self, place: Rect | None) -> None:
        """Move the diagram to the left if the field covers `place`."""
        if place and place.meets(Rect(self.x(), self.y(), self.width(), self.height())):
            shift = self.x() - MARGIN_PX - place.right
            if place.x + shift > 0:
                self._diagram.show_view(self._diagram.view.moved(shift, 0.0))

    def _place(self) -> None:
        self.setFixedWidth(min(px(WIDTH_PX), self._diagram.width() - 2 * MARGIN_PX))
        self.adjustSize()
        self.move(self._diagram.width() - self.width() - MARGIN_PX, MARGIN_PX)

    # --- events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Use keys of the search field to move in the list. Move the finder when the diagram is resized."""
        if watched is self._diagram and event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.list.keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose()
        elif key == Qt.Key.Key_Escape:
            self.close_field()
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Stop unhandled keys, so that the diagram does not receive them."""
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Suppress the diagram's tooltips, and follow a change of theme."""
        if event.type() == QEvent.Type.ToolTip:
            event.accept()
            return True
        if event.type() == QEvent.Type.PaletteChange:
            self._frames.show_again(self)
        return super().event(event)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop searching and highlighting."""
        super().hideEvent(event)
        if not event.spontaneous():  # not when the window is minimised
            self._frames.remove(self)
            self._diagram.hover(None)


def _without_result(match: Match) -> Match:
    """Return a match without the value that the network computes, such as a of a node."""
    is_result = match.address.kind == "node" and match.address.layer >= 0
    return match._replace(value=None) if is_result else match


def _hint(text: str, matches: list[Match], network: Network) -> str:
    """Return the hint under the field: examples of searches, or why matches are missing, or ""."""
    if len(matches) == LIMIT:
        return f"These are the first {LIMIT} matches. Type more to narrow the search."
    if matches:
        return ""
    if text.strip():
        return NO_MATCH
    source, node = network.inputs[0], network.layers[0].nodes[0]
    return f"Try {node}  ·  {source} -> {node}"
