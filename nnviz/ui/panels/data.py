"""The data panel: rows and targets, a filter, pasting, and row commands.

Every refusal is one sentence that names the place.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.edits import can_be_standardised, standardise, standardising_note
from nnviz.core.numbers import SHOWN, counted, listed, quoted, shortened, shown
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.files.errors import FileError, UndecidedError, told_by_core
from nnviz.files.table.columns import in_their_order, inputs_of, placed, targets_of
from nnviz.files.table.reading import Table, parse
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import Elided, hold
from nnviz.ui.kit.dialogs import lettered, message_box, primary
from nnviz.ui.panels.data_table import DataTable, TableColumn, columns, is_an_edit
from nnviz.ui.panels.data_view import LEAST_HEIGHT_PX, TableView


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
        inputs, said = can_be_standardised(state), standardising_note(state)
        if not inputs or self._document.edit("Standardise the inputs", standardise, inputs):
            self.said.emit(f"{said[0].upper()}{said[1:]}")

    def shuffle(self) -> None:
        """Mix the rows by the seed of the settings."""
        rows = len(self._document.state.data)
        if rows < 2:
            self.said.emit("There are not two rows to shuffle")
        elif self._document.edit("Shuffle rows", edits.shuffle_rows):
            self.said.emit(f"Shuffled {rows:,} rows by seed {self._document.state.training.seed}")


class EmptyRows(QWidget):
    """Says what to do, and has buttons for it."""

    def __init__(self) -> None:
        super().__init__()
        sentence = QLabel("No rows yet: add one, paste some with Ctrl+V, load or make them.")
        sentence.setObjectName("muted")
        sentence.setWordWrap(True)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.load = QPushButton("Load rows from CSV…")
        self.make = QPushButton("Make rows…")
        column, beside = QVBoxLayout(self), QHBoxLayout()
        column.addStretch(1)
        column.addWidget(sentence)
        column.addLayout(beside)  # while it is empty: Python would else hold its items
        column.addStretch(1)
        beside.addStretch(1)
        for button in (self.load, self.make):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            beside.addWidget(button)
        beside.addStretch(1)


TIP = (
    "Only these rows are listed, as they were when they were chosen: training and edits of a number leave "
    "the list as it is. It ends when rows are added, removed or moved, or several change at once."
)
ALL, SHOWS_ALL = "Show all", "List all rows again (Escape in the table)"


class FilterBar(QWidget):
    """A sentence and a button; whoever lists the rows shows and hides it."""

    def __init__(self) -> None:
        super().__init__()
        self._sentence = Elided()
        self._sentence.setToolTip(TIP)
        self.button = quiet_button(ALL, SHOWS_ALL, ALL)
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 9, 0)
        row.addWidget(self._sentence, 1)
        row.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def say(self, sentence: str) -> None:
        """Say which rows are listed."""
        self._sentence.setText(sentence)


def with_names(window: QWidget, taken: Taken) -> Taken | None:
    """Return what is taken, its nodes called as the columns where a person wants it; None to leave all.

    Nothing is asked where the columns have no names of their own, or none that the nodes can have.
    """
    if not taken.foreign:
        return taken
    network = taken.state.network
    kept = taken._replace(said=f"{taken.said}; {in_their_order(taken.foreign, taken.state)}")
    try:
        renamed = edits.rename_columns(taken.state, taken.foreign)
    except ValueError:
        return kept
    names = [*network.inputs, *network.outputs]
    called, own = listed(list(taken.foreign.values())), listed([names[i] for i in taken.foreign])
    question = f"The columns are called {called}, the nodes {own}. Rename the nodes?"
    more = "They are taken in this order either way; Undo takes all back."
    box = message_box(window, question, more)
    rename = box.addButton("&Rename the nodes", QMessageBox.ButtonRole.AcceptRole)
    keep = box.addButton("&Keep the names", QMessageBox.ButtonRole.DestructiveRole)
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setDefaultButton(primary(rename))
    box.exec()
    if box.clickedButton() is rename:
        return Taken(renamed, f"{taken.said}; the nodes are called {called}", {})
    return kept if box.clickedButton() is keep else None


class Taken(NamedTuple):
    """A State with other rows, what was done, and the names of columns that no node bears, by their place."""

    state: State
    said: str
    foreign: dict[int, str]


def pasted(state: State, text: str, row: int, column: int) -> Taken:
    """Return the State with the numbers of `text` from a cell on. Raises FileError."""
    shown = columns(state)
    table = parse(_without_computed(text, shown, column, state.data.targets is None))
    known = None if table.names is None else _places(table.names, shown, state)
    places = known or _room(shown, column, table.width)
    with told_by_core():
        new = edits.put_cells(state, row, places, table.rows)
    said = f"Pasted {counted(len(table.rows), 'row')} of {counted(len(places), 'number')}"
    if added := len(new.data) - len(state.data):
        zero = new.data.targets is not None and max(places) < len(state.network.inputs)
        said += f"; {counted(added, 'row')} added{', with targets of 0' if zero else ''}"
    if state.data.targets is None and new.data.targets is not None and len(state.data):
        said += "; the targets of the other rows are 0"
    if any(shown[i].scale for i in places):
        said += "; they are taken as standardised: Paste as a table takes raw ones"
    names = () if known or table.names is None else table.names
    return Taken(new, said, dict(zip(places, names, strict=False)))


def _room(shown: list[TableColumn], column: int, width: int) -> list[int]:
    """Return the places of `width` columns from `column` on. Raises FileError where there are fewer."""
    room = [i for i, each in enumerate(shown) if each.editable and i >= column]
    if width > len(room):
        where = f"from {shortened(shown[column].header, SHOWN)} on the table takes"
        raise FileError(f"{where} {counted(len(room), 'column')}, found {width}")
    return room[:width]


def _without_computed(text: str, shown: list[TableColumn], column: int, untargeted: bool) -> str:
    """Leave out predictions and errors of whole rows that were copied from a table like this one."""
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    if column or '"' in text or not lines or any(len(line) != len(shown) for line in lines):
        return text
    kept = [each.editable for each in shown]
    if untargeted:
        kept = [
            use and not (each.kind == "target" and all(not line[i].strip() for line in lines))
            for i, (each, use) in enumerate(zip(shown, kept, strict=True))
        ]
    return "\n".join("\t".join(cell for cell, use in zip(line, kept, strict=True) if use) for line in lines)


def _places(names: tuple[str, ...], shown: list[TableColumn], state: State) -> list[int] | None:
    """Return the places of columns by their names, or None where none is known. Raises FileError for some."""
    places = [_place(name, shown, state) for name in names]
    if all(place is None for place in places):
        return None
    known = []
    for name, place in zip(names, places, strict=True):
        if place is None:
            raise FileError(f"no input or target is called {quoted(name)}", "line 1")
        known.append(place)
    if len(set(known)) < len(known):
        raise FileError("two columns have the same name", "line 1")
    return known


def _place(name: str, shown: list[TableColumn], state: State) -> int | None:
    headers = [each.header for each in shown if each.editable]
    names = [*state.network.inputs, *state.network.outputs]
    for known in (headers, names):
        if name in known:
            return known.index(name)
    for known in (headers, names):
        alike = [i for i, other in enumerate(known) if other.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
    return None


def loaded(state: State, table: Table) -> Taken:
    """Return the State with the raw rows of `table` in the place of its own. Raises FileError."""
    where = placed(table, state)
    with told_by_core():
        new = edits.set_rows(state, inputs_of(table, where, state), targets_of(table, where, state))
    said = f"{counted(len(table), 'row')} {'with' if where.targets else 'without'} targets"
    if where.foreign and any(column.values for column in state.columns):  # no column is a node
        return Taken(new, f"{said}; {in_their_order(where.foreign, state)}", {})
    return Taken(new, said, where.foreign)


def is_table(text: str) -> bool:
    """Tell whether a text is a table of its own, not numbers for cells: with names, or a column of texts."""
    try:
        table = parse(text)
    except FileError:
        return False
    has_texts = any(np.isnan(table.numbers(column)).all() for column in range(table.width))
    return len(table) > 1 and (table.names is not None or has_texts)


ADDS, REMOVES = "Add a row of zeros below the selected one", "Remove the selected rows (Ctrl+Delete)"
LOADS = "Take the rows of a CSV file"
MAKES = "Make rows by a formula: circles, moons, a spiral and others"
SOME_LISTED = "Only some rows are listed: paste one at a time, or list all again (Escape)"
NO_ROW = -1
"""What the table highlights while a row is looked at that is not in it."""


class DataPanel(Card):
    """The document's rows; the selected one is the one on the diagram.

    `said` carries a sentence for the status line; `load_wished`: rows of a CSV file are wanted;
    `table_wished`: those of a text, which it carries;
    `make_wished`: rows made by a formula;
    `about_to_ask`: whatever changes the document by itself must wait.
    """

    said = Signal(str)
    about_to_ask = Signal()
    load_wished = Signal()
    table_wished = Signal(str)
    make_wished = Signal()

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        super().__init__("Data")
        self._document, self._selection = document, selection
        self.model = DataTable(document, derived)
        self.all_rows = AllRows(document)
        self.table = TableView(self.model)
        self._cells = self.table.cells
        self._empty = EmptyRows()
        self._fresh: State | None = None
        self._refusal = QLabel()
        self._refusal.setObjectName("error")
        self._refusal.setWordWrap(True)
        self._refusal.setContentsMargins(13, 0, 13, 0)
        self._refusal.hide()
        self.filter = FilterBar()
        self.body.addWidget(self.filter)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self._empty, 1)
        self.body.addWidget(self._refusal)
        self.reach_the_edges()
        self._add_buttons()
        self._drags = itertools.count()
        self._drag = 0
        self._connect()
        self._show_shape()

    def _add_buttons(self) -> None:
        self._add, self._remove = quiet_button("Add row", ADDS), quiet_button("Remove row", REMOVES)
        for button, action in ((self._add, self._add_row), (self._remove, self._remove_rows)):
            button.clicked.connect(action)
            self.buttons.addWidget(button)

    def _connect(self) -> None:
        self._selection.row_changed.connect(self._show_row)
        self.model.modelReset.connect(self._show_shape)
        self._document.motion_changed.connect(self._follow_hold)
        for source in (self.model, self.all_rows):
            source.said.connect(self.said)
        self.model.split.connect(self._show_split)
        self.table.split.taken.connect(self._begin_drag)
        self.table.split.wished.connect(self._keep_from)
        self.model.dataChanged.connect(self._forget_refusal)
        self._cells.begun.connect(self._forget_refusal)
        self._cells.refused.connect(self._refuse)
        self._cells.accepted.connect(self._move_on)
        self._cells.closeEditor.connect(self._edit_ended)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self.table.remove_wished.connect(self._remove_rows)
        self.table.clear_wished.connect(self._clear_cells)
        self.table.paste_wished.connect(self._paste)
        for all_wished in (self.table.all_wished, self.filter.button.clicked):
            all_wished.connect(self.show_all)
        self.table.menu_wished.connect(self._open_menu)
        self._empty.load.clicked.connect(self.load_wished)
        self._empty.make.clicked.connect(self.make_wished)

    def changeEvent(self, event: QEvent) -> None:
        """Take over another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_cells"):
            self._cells.size_changed()

    def show_only(self, rows: NDArray[np.intp], what: str) -> None:
        """List these rows alone, given in order, until they come, go or change together; select the first."""
        self.filter.say(f"{counted(len(rows), 'row')}: {what}")
        self.model.list_rows(rows)
        self._selection.row = int(rows[0])
        self._show_row(self._selection.row)

    def show_all(self) -> None:
        """List all rows again."""
        if self.model.filtered:
            focus = self.window().focusWidget()
            if focus and self.isAncestorOf(focus):
                self.table.setFocus()  # accepts what is being typed
            self._forget_refusal()
            self.model.list_rows(None)
            self.table.updateGeometries()  # before, Qt knows of no row to scroll to
            self.table.scrollTo(self.table.currentIndex())

    def _show_shape(self) -> None:
        listed, rows = self.model.rowCount(), len(self._document.state.data)
        among = f"{listed:,} OF " if self.model.filtered else ""
        self.heading.setText(f"DATA · {among}{counted(rows, 'row').upper()}")
        self.filter.setVisible(self.model.filtered)
        bar = self.filter.sizeHint().height() + self.body.spacing() if self.model.filtered else 0
        self.table.setMinimumHeight(LEAST_HEIGHT_PX - bar)  # so that no window grows
        self.table.setVisible(rows > 0)
        self._empty.setVisible(rows == 0)
        self._follow_hold()
        self._show_row(self._selection.row)
        self._show_split()

    def _show_split(self) -> None:
        """Show which rows are kept for validation, where all are listed; without targets none can be."""
        state = self._document.state
        rows = len(state.data) if state.data.targets is not None and not self.model.filtered else 0
        self.table.split.show_split(self.model.kept_from if rows else 0, rows, state.training.validation)
        self.table.viewport().update()

    def _begin_drag(self) -> None:
        self._drag = next(self._drags)

    def _keep_from(self, row: int) -> None:
        """Keep the rows from `row` on for validation, as the line is dragged."""
        self.all_rows.validate_from(row, ("split", id(self), self._drag))

    def _follow_hold(self) -> None:
        """Offer no change of the rows while a script trains with them."""
        held = self._document.held
        hold(self._add, held, ADDS)
        hold(self._remove, held, REMOVES, can=self.model.rowCount() > 0)
        hold(self._empty.load, held, LOADS)
        hold(self._empty.make, held, MAKES)

    def _show_row(self, row: int) -> None:
        free = self._selection.free is not None
        line = None if free else self.model.line_of(row)
        self._cells.shown_row = NO_ROW if line is None else line
        current = self.table.currentIndex()
        if line is None:
            self.table.selectionModel().clear()  # so that a click on the same row chooses it again
        elif current.row() != line:
            self._go_to(line, max(0, current.column()))
        self.table.viewport().update()

    def _go_to(self, line: int, column: int) -> None:
        # By the table itself, a Ctrl that is held would add the row to the selection, or take it out.
        self.table.selectionModel().setCurrentIndex(
            self.model.index(line, column),
            QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows,
        )

    def _row_chosen(self, current: QModelIndex) -> None:
        if current.isValid():
            self._selection.row = self.model.row_of(current.row())

    def _refuse(self, sentence: str) -> None:
        self._refusal.setText(sentence)
        self._refusal.setVisible(bool(sentence))
        self.said.emit(sentence)

    def _forget_refusal(self) -> None:
        self._refusal.setVisible(False)

    def _edit_ended(self, _editor: QWidget, hint: QStyledItemDelegate.EndEditHint) -> None:
        if hint == QStyledItemDelegate.EndEditHint.RevertModelCache:
            self._forget_refusal()
            self.said.emit("")
            if self._document.state is self._fresh:  # a row that Tab added and nobody wants
                self._document.undo()

    def _open_menu(self, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Copy", self.table.copy)
        menu.addAction("&Paste", self._paste)
        menu.addAction("Paste as a &table…", self._paste_table)
        menu.addSeparator()
        menu.addAction("&Add row", self._add_row)
        menu.addAction("&Remove row", self._remove_rows)
        row, rows = self._selection.row, len(self._document.state.data)
        has_targets = self._document.state.data.targets is not None
        menu.addAction("Remove the targets &of all rows", self._remove_targets).setEnabled(has_targets)
        menu.addSeparator()
        keep = menu.addAction("&Keep from here on for validation", lambda: self.all_rows.validate_from(row))
        keep.setEnabled(has_targets and 0 < row < rows)
        every = menu.addAction("&Train on all rows", lambda: self.all_rows.validate_from(rows))
        every.setEnabled(self._document.state.validated)
        menu.addAction("&Shuffle rows", self.all_rows.shuffle)
        menu.addAction("Standard&ise inputs", self.all_rows.standardise)
        menu.addSeparator()
        menu.addAction("&Load rows from CSV…", self.load_wished.emit)
        menu.addAction("&Make rows…", self.make_wished.emit)
        menu.popup(at)

    def _paste_table(self) -> None:
        self.table_wished.emit(QGuiApplication.clipboard().text())

    def _paste(self) -> None:
        if not self._document.may_change():
            return
        current = self.table.currentIndex()
        row = self.model.row_of(current.row()) if current.isValid() else self._selection.row
        column, text = max(0, current.column()), QGuiApplication.clipboard().text()
        self.about_to_ask.emit()
        try:
            taken = pasted(self._document.state, text, row, column)
        except FileError as error:
            if isinstance(error, UndecidedError) or is_table(text):
                self.table_wished.emit(text)
            else:
                self._refuse(f"Nothing was pasted: {error}")
            return
        if self.model.filtered and not is_an_edit(self._document.state.data, taken.state.data):
            self._refuse(SOME_LISTED)
            return
        self._forget_refusal()
        if named := with_names(self.window(), taken):
            self._document.push(named.state, "Paste")
            self._go_to(self.model.line_of(row) or 0, column)
            self.said.emit(named.said)

    def _move_on(self, row: int, column: int, key: int) -> None:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            place = (min(row + 1, self.model.rowCount() - 1), column)
        else:
            place = self._next_editable(row, column, -1 if key == Qt.Key.Key_Backtab else 1)
            if place == (row, column) and key == Qt.Key.Key_Tab and not self.model.filtered:
                self._selection.row = row
                self._add_row()
                self._fresh, place = self._document.state, (row + 1, 0)
        index = self.model.index(*place)
        self.table.setFocus()
        self.table.setCurrentIndex(index)
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self.table.edit(index)

    def _next_editable(self, row: int, column: int, step: int) -> tuple[int, int]:
        editable = [i for i, column in enumerate(self.model.columns) if column.editable]
        at = editable.index(column) + step
        row = row + at // len(editable)
        if not 0 <= row < self.model.rowCount():
            return row - at // len(editable), column
        return row, editable[at % len(editable)]

    def _add_row(self) -> None:
        self.table.setFocus()  # accepts what is being typed
        after = self._selection.row if self.model.rowCount() else None
        if not self._document.edit("Add a row", edits.add_row, after):
            return
        self._selection.row = 0 if after is None else after + 1
        self._forget_refusal()
        targets = "no targets yet" if self._document.state.data.targets is None else "its targets too"
        self.said.emit(f"Added row {self._selection.row + 1}: zeros, {targets}")

    @property
    def _rows(self) -> list[int]:
        """The selected rows, in order."""
        lines = {index.row() for index in self.table.selectionModel().selectedRows()}
        return sorted(map(self.model.row_of, lines))

    def _clear_cells(self) -> None:
        """Empty the selected rows' cells of the current column, or say why they cannot be empty."""
        current, rows = self.table.currentIndex(), self._rows
        if not rows or not current.isValid():
            return
        column = self.model.columns[current.column()]
        which = f"row {rows[0] + 1}" if len(rows) == 1 else counted(len(rows), "row")
        what = f"{column.header} of {which}"
        removes = f"Ctrl+Delete removes the {'row' if len(rows) == 1 else 'rows'}"
        if column.kind == "input":
            self.said.emit(f"{what} cannot be empty: type a number; {removes}")
        elif column.kind != "target":
            self.said.emit(f"{what} is computed and cannot be emptied; {removes}")
        elif why := self.model.refusal_to_clear(rows):
            self.said.emit(f"{what}: {why}; {removes}")
        elif self._document.edit(what, edits.clear_targets, rows):
            self.said.emit(f"{what} is empty now")

    def _remove_targets(self) -> None:
        self.table.setFocus()  # accepts what is being typed
        if self._document.edit("remove the targets", edits.remove_targets):
            self.said.emit(f"Removed the targets of {counted(len(self._document.state.data), 'row')}")

    def _remove_rows(self) -> None:
        self.table.setFocus()
        rows = self._rows
        if not rows:
            return
        text = "remove a row" if len(rows) == 1 else f"remove {counted(len(rows), 'row')}"
        if not self._document.edit(text, edits.remove_rows, rows):
            return
        self._selection.row = rows[0]
        self._forget_refusal()
        self.said.emit(f"Removed {counted(len(rows), 'row')}")
        self._show_shape()
