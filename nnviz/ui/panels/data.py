"""The data panel: the table of rows, its filter, pasting, and the commands for rows.

If a pasted text cannot be used, the message is one sentence that says where the mistake is.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QStyledItemDelegate,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.edits import can_be_standardised, standardise, standardising_note
from nnviz.core.metrics import large_error_reason
from nnviz.core.numbers import counted, shortened
from nnviz.core.state import State
from nnviz.document.moment import Moment, is_new
from nnviz.files.errors import AmbiguousCellError, FileError, as_file_errors
from nnviz.ui.kit.card import HOW_TO_SHOW, Panel, push_button, quiet_button
from nnviz.ui.kit.controls import ElidedLabel, named, set_lock_reason, wrapped_label
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.dialogs import show_text
from nnviz.ui.panels.data_table import DataTable, TableColumn, columns, is_edit_of_one_row
from nnviz.ui.panels.data_view import LEAST_HEIGHT_PX, TableView

if TYPE_CHECKING:
    from nnviz.files.table.reading import Table


NO_ROWS = "No rows yet. Add a row, paste rows with Ctrl+V, load a CSV file or make rows."


class EmptyRows(QWidget):
    """The page of the data panel for a document without rows: a hint and two buttons."""

    def __init__(self) -> None:
        super().__init__()
        sentence = wrapped_label(NO_ROWS)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.load = push_button("Load rows from CSV…", "Load the rows of a CSV file")
        tip = "Make rows with a formula, for example circles, moons or a spiral"
        self.make = push_button("Make rows…", tip)
        column, buttons = QVBoxLayout(self), QHBoxLayout()
        column.addStretch(1)  # an alignment of the layout would cut a long sentence
        column.addWidget(sentence)
        column.addLayout(buttons)  # add the layout while it is empty, or Python keeps owning its items
        column.addStretch(1)
        buttons.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        for button in (self.load, self.make):
            buttons.addWidget(button)


FILTER_TIP = (
    "The table lists only these rows. Training or editing a number does not change the list. "
    "Adding, removing or moving rows, or changing several rows at once, lists all rows again."
)


class FilterBar(QWidget):
    """The bar above a filtered table: a sentence about the listed rows, and a button that lists all rows."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = named(ElidedLabel(), tip=FILTER_TIP)
        self.button = quiet_button("Show all", "List all rows again (Escape in the table)", "Show all")
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 9, 0)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()


def paste_cells(state: State, table: Table, row: int, column: int) -> tuple[State, str]:
    """Return the state with the numbers of `table` pasted, the first number into the cell (`row`, `column`).

    Return also a message for the status bar.
    Raises FileError if the table has other cells than numbers, or does not fit. The message names the line.
    """
    all_columns = columns(state)
    if all_columns[column].formula:
        raise FileError(state.columns.read_only(all_columns[column].place))
    indices = _indices_from(all_columns, column, table.width)
    with as_file_errors():
        new = edits.put_cells(state, row, indices, table.rows)
    notes = [f"Pasted {counted(len(table.rows), 'row')} of {counted(len(indices), 'number')}"]
    if len(new.data) > len(state.data):
        added = counted(len(new.data) - len(state.data), "new row")
        zero = new.data.targets is not None and max(indices) < len(state.network.inputs)
        notes.append(f"nnviz set the targets of {added} to 0" if zero else f"added {added}")
    if state.data.targets is None and new.data.targets is not None and len(state.data):
        notes.append(edits.TARGETS_ADDED)
    if any(all_columns[i].scale for i in indices):
        notes.append("nnviz treats the numbers as standardised; for raw numbers, choose Paste as a table")
    return new, "; ".join(notes)


def _indices_from(all_columns: list[TableColumn], column: int, width: int) -> list[int]:
    """Return the indices of `width` editable columns from `column` on. Raises FileError if too few."""
    room = [i for i, each in enumerate(all_columns) if each.editable and i >= column]
    if width > len(room):
        first, space = shortened(all_columns[column].header), counted(len(room), "column")
        raise FileError(f"the text has {width} columns, but only {space} can be filled from {first} on")
    return room[:width]


def load_rows(state: State, table: Table) -> tuple[State, str] | None:
    """Return the state with the rows of `table` as its data; None if the columns have other names.

    Return also a message for the status bar.
    Raises FileError if the table does not fit.
    """
    from nnviz.files.table.columns import inputs_of, order_note, place_columns, targets_of

    where = place_columns(table, state)
    if where.foreign and not any(column.values for column in state.columns):
        return None
    with as_file_errors():
        new = edits.set_rows(state, inputs_of(table, where, state), targets_of(table, where, state))
    note = f"{counted(len(table), 'row')} {'with' if where.targets else 'without'} targets"
    if where.foreign:  # a column fills several nodes
        note = f"{note}; {order_note(where.foreign, state)}"
    return new, note


def needs_dialog(table: Table) -> bool:
    """Return whether a table has column names, or several rows and a column of texts."""
    has_texts = any(np.isnan(table.numbers(column)).all() for column in range(table.width))
    return table.names is not None or (has_texts and len(table) > 1)


COLUMN_TIP = "Add an input that a formula computes from the columns, such as x² or x·y"


class DataPanel(Panel):
    """The panel with the document's rows. The diagram shows the selected row.

    `table_paste_requested` carries the text of a table that the user wants to paste. The window connects the
    buttons of the page `empty`.
    """

    table_paste_requested = Signal(str)
    moving_ms = TEXT_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Data")
        self.model = DataTable(desk)
        self.table = TableView(self.model, desk)
        self._cells = self.table.cells
        self.empty = EmptyRows()
        self._refusal = wrapped_label(name="error")
        self._refusal.setContentsMargins(13, 0, 13, 0)
        self._refusal.hide()
        self.filter = FilterBar()
        self.body.addWidget(self.filter)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.empty, 1)
        self.body.addWidget(self._refusal)
        self.body.setContentsMargins(1, 2, 1, 8)  # the table reaches the card's edges
        self._add = quiet_button("Add", "Add a row of zeros below the selected row")
        self._remove = quiet_button("Remove", "Remove the selected rows (Ctrl+Delete)")
        self._column = quiet_button("Add column…", COLUMN_TIP)
        for button in (self._add, self._remove, self._column):
            self.buttons.addWidget(button)
        changing = self._add, self._remove, self._column, self.empty.load, self.empty.make
        self._tips = {button: button.toolTip() for button in changing}
        self._connect()
        self._show_shape()

    def _connect(self) -> None:
        self.model.modelReset.connect(self._show_shape)
        self.table.split.dragged.connect(self.validate_from)
        self.model.dataChanged.connect(self._refusal.hide)
        self._cells.editing_begun.connect(self._refusal.hide)
        self._cells.refused.connect(self._show_refusal)
        self._cells.accepted.connect(self._go_to_next_cell)
        self._cells.closeEditor.connect(self._edit_ended)
        self.table.selectionModel().currentRowChanged.connect(self._row_chosen)
        self._add.clicked.connect(self._add_row)
        self._column.clicked.connect(lambda: self._desk.column_requested.emit(None))
        for removal_wished in (self.table.remove_requested, self._remove.clicked):
            removal_wished.connect(self._remove_rows)
        self.table.clear_requested.connect(self._clear_cells)
        self.table.paste_requested.connect(self._paste)
        for all_wished in (self.table.all_rows_requested, self.filter.button.clicked):
            all_wished.connect(self.show_all)
        for area in (self.table, self.table.horizontalHeader()):
            area.customContextMenuRequested.connect(partial(self._open_menu, area))

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the rows of a Moment, the split, the selected row and the reason why edits are locked."""
        self.model.show_moment(new)
        if old is None:
            self.table.fit_columns()  # in another theme or interface size
            self.table.viewport().update()
        if is_new(old, new, "state.data", "state.training"):
            self._show_split()
        self._show_row()  # always, since a click has changed the current row of the table before
        if is_new(old, new, "lock_reason"):
            self._show_lock_reason()
        if old and old.is_moving and not new.is_moving:
            self.table.fit_later()  # in the run, columns only became wider

    # --- commands for all rows; each is one undo entry

    def validate_from(self, row: int, merge: Hashable | None = None) -> None:
        """Use the rows from index `row` on for validation.

        Successive calls with the same `merge` are one undo entry.
        """
        self._document.edit("Change validation", edits.validate_from, row, merge=merge)

    def standardise(self) -> None:
        """Scale every numeric input to mean 0 and standard deviation 1 over the training rows."""
        state = self._document.state
        inputs, note = can_be_standardised(state), standardising_note(state)
        if not inputs or self._document.edit("Standardise the inputs", standardise, inputs):
            self._desk.message.emit(f"{note[0].upper()}{note[1:]}")

    def shuffle(self) -> None:
        """Shuffle the rows with the seed of the training settings."""
        rows = len(self._document.state.data)
        if rows < 2:
            self._desk.message.emit("Nothing was shuffled: the data needs at least two rows")
        elif self._document.edit("Shuffle rows", edits.shuffle_rows):
            self._desk.message.emit(f"Shuffled {rows:,} rows with seed {self._document.state.training.seed}")

    # --- the rows that are listed

    def rest(self) -> None:
        """Stop work in progress, since the panel is hidden now."""
        self.table.fit_soon.stop()

    def show_only(self, rows: NDArray[np.intp], what: str) -> None:
        """List only `rows`, indices in ascending order, and select the first of these rows.

        `what` describes the rows, for the bar above the table. The table lists all rows again as soon as rows
        are added or removed, or several rows change at once.
        """
        self._desk.frames.show_pending()
        self.filter.sentence.setText(f"{counted(len(rows), 'row')}: {what}")
        self._document.select_row(int(rows[0]))
        self.model.list_rows(rows)

    def show_wrong(self) -> None:
        """List only the rows with a large error, or say why this is not possible."""
        now = self._document.now
        large = None if now.hiding.on else now.large_errors(range(len(now.state.data)))
        if now.hiding.on:
            self._desk.message.emit(HOW_TO_SHOW)
        elif large is None:
            self._desk.message.emit("No row has an error: rows with targets are needed")
        elif not large.any():
            self._desk.message.emit("No row has a large error")
        else:
            reasons = {large_error_reason(now.state, int(k)) for k in np.flatnonzero(large.any(axis=0))}
            why = reasons.pop() if len(reasons) == 1 else "large errors"
            if large.any(axis=1).all():
                self._desk.message.emit(f"All rows: {why}")
            self._desk.rows_requested.emit(np.flatnonzero(large.any(axis=1)), f"{why} (when listed)")

    def show_all(self) -> None:
        """List all rows again."""
        self._desk.frames.show_pending()  # a document that has just been opened ends editing
        if self.model.filtered:
            if self.isAncestorOf(self.window().focusWidget()):
                self.table.setFocus()  # ends editing and accepts the typed text
            self._refusal.hide()
            self.model.list_rows(None)
            self.table.updateGeometries()  # without this call, Qt cannot scroll to the row yet
            self.table.scrollTo(self.table.currentIndex())

    def _show_shape(self) -> None:
        listed, rows = self.model.rowCount(), len(self.model.state.data)
        total = counted(rows, "row").upper()
        self.heading.setText(f"DATA · {listed:,} OF {total}" if self.model.filtered else f"DATA · {total}")
        self.filter.setVisible(self.model.filtered)
        bar = self.filter.sizeHint().height() + self.body.spacing() if self.model.filtered else 0
        self.table.setMinimumHeight(LEAST_HEIGHT_PX - bar)  # so that the window does not grow
        self.table.setVisible(rows > 0)
        self.empty.setVisible(rows == 0)
        self._column.setVisible(rows > 1)  # at the first start, with one row, there are few controls
        self._show_lock_reason()
        self._show_row()
        self._show_split()

    def _show_split(self) -> None:
        """Show the line above the validation rows, unless the table is filtered or has no targets."""
        state = self.model.state
        rows = len(state.data) if state.data.targets is not None and not self.model.filtered else 0
        self.table.split.show_split(self.model.split_line if rows else 0, rows, state.training.validation)
        self.table.viewport().update()

    def _show_lock_reason(self) -> None:
        """Disable the buttons while a script trains with the rows."""
        for button, tip in self._tips.items():
            can = button is not self._remove or self.model.rowCount() > 0
            set_lock_reason(button, self._document.now.lock_reason, tip, can=can)

    def _show_row(self) -> None:
        now = self._document.now
        line = self.model.line_of(now.row) if now.what_if_row is None else None
        current = self.table.currentIndex()
        if line is None:
            self.table.selectionModel().clear()  # so that a click on the same row selects it again
        elif current.row() != line:
            self._go_to(line, max(0, current.column()))

    def _go_to(self, line: int, column: int) -> None:
        self.table.setCurrentIndex(self.model.index(line, column))

    def _row_chosen(self, current: QModelIndex) -> None:
        if current.isValid():
            self._document.select_row(self.model.row_of(current.row()))

    def _show_refusal(self, sentence: str) -> None:
        show_text(self._refusal, sentence)
        self._desk.message.emit(sentence)

    def _edit_ended(self, _editor: QWidget, hint: QStyledItemDelegate.EndEditHint) -> None:
        if hint == QStyledItemDelegate.EndEditHint.RevertModelCache:
            self._refusal.hide()
            self._desk.message.emit("")

    def _open_menu(self, area: QAbstractItemView, at: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("&Copy", self.table.copy)
        menu.addAction("&Paste", self._paste)
        clipboard, paste_table = QGuiApplication.clipboard(), self.table_paste_requested
        menu.addAction("Paste as a &table…", lambda: paste_table.emit(clipboard.text()))
        menu.addSeparator()
        menu.addAction("&Add row", self._add_row)
        menu.addAction("&Remove row", self._remove_rows)
        menu.addAction("&Only wrong rows", self.show_wrong)
        menu.addSeparator()
        column = self.model.columns[max(self.table.columnAt(at.x()), 0)]
        if column.formula:
            name = column.header.replace("&", "&&")
            change = partial(self._desk.column_requested.emit, column.place)
            menu.addAction(f"Change the &formula of {name}…", change)
        menu.popup(area.viewport().mapToGlobal(at))

    def _paste(self) -> None:
        from nnviz.files.table.reading import parse

        if not self._document.may_change():
            return
        self._desk.frames.show_pending()
        current = self.table.currentIndex()
        row = self.model.row_of(current.row()) if current.isValid() else self._document.now.row
        column, text = max(0, current.column()), QGuiApplication.clipboard().text()
        try:
            table = parse(text)
            if needs_dialog(table):
                self.table_paste_requested.emit(text)
                return
            self._desk.runner.pause()
            pasted, summary = paste_cells(self._document.state, table, row, column)
            if self.model.filtered and not is_edit_of_one_row(self._document.state.data, pasted.data):
                raise FileError("the table lists only some rows. Paste one row, or list all rows with Escape")
        except AmbiguousCellError:
            self.table_paste_requested.emit(text)
        except FileError as error:
            self._show_refusal(f"Nothing was pasted: {error}")
        else:
            self._refusal.hide()
            self._document.push(pasted, "Paste")
            self._desk.frames.show_pending()
            self._go_to(self.model.line_of(row) or 0, column)
            self._desk.message.emit(summary)

    def _go_to_next_cell(self, row: int, column: int, key: int) -> None:
        self._desk.frames.show_pending()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            place = (min(row + 1, self.model.rowCount() - 1), column)
        else:
            place = self._next_editable(row, column, -1 if key == Qt.Key.Key_Backtab else 1)
            if place == (row, column) and key == Qt.Key.Key_Tab and not self.model.filtered:
                self._document.select_row(row)
                self._add_row()
                place = (row + 1, 0)
        self.table.setFocus()
        self._go_to(*place)
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self.table.edit(self.table.currentIndex())

    def _next_editable(self, row: int, column: int, step: int) -> tuple[int, int]:
        editable = [i for i, column in enumerate(self.model.columns) if column.editable]
        rows, at = divmod(editable.index(column) + step, len(editable))
        exists = 0 <= row + rows < self.model.rowCount()
        return (row + rows, editable[at]) if exists else (row, column)

    def _add_row(self) -> None:
        self.table.setFocus()  # ends editing and accepts the typed text
        after = self._document.now.row if len(self._document.state.data) else None
        if self._document.edit("Add a row", edits.add_row, after):
            self._document.select_row(0 if after is None else after + 1)
            self._desk.frames.show_pending()
            self._refusal.hide()
            row, empty = self._document.now.row + 1, self._document.state.data.targets is None
            self._desk.message.emit(f"Added row {row} of zeros{' without targets' if empty else ''}")

    @property
    def _rows(self) -> list[int]:
        """The selected rows."""
        self._desk.frames.show_pending()
        return sorted(self.model.row_of(index.row()) for index in self.table.selectionModel().selectedRows())

    def _clear_cells(self) -> None:
        """Clear the current column in the selected rows, or say why its cells cannot be empty."""
        rows, current = self._rows, self.table.currentIndex()
        if not rows or not current.isValid():
            return
        column, say = self.model.columns[current.column()], self._desk.message.emit
        which = f"row {rows[0] + 1}" if len(rows) == 1 else counted(len(rows), "row")
        cells = f"{column.header} of {which}"
        if column.kind != "target":
            reason = self._document.state.columns.read_only(column.place) if column.formula else ""
            say(reason or f"{cells} cannot be empty; Ctrl+Delete removes {which}")
        elif self._document.edit(cells, edits.clear_targets, rows):
            say(f"{cells} is empty now")

    def _remove_rows(self) -> None:
        self.table.setFocus()
        rows = self._rows
        text = "Remove a row" if len(rows) == 1 else f"Remove {counted(len(rows), 'row')}"
        if rows and self._document.edit(text, edits.remove_rows, rows):
            self._document.select_row(rows[0])
            self._refusal.hide()
            self._desk.message.emit(f"Removed {counted(len(rows), 'row')}")
