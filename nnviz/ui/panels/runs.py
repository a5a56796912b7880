"""The panel of all runs: their settings and results beside each other, and the commands for a run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial, reduce
from typing import NamedTuple, TypeAlias, cast

import numpy as np
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QKeyEvent, QPainter, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QTableWidgetItem

from nnviz.core.edits import remove_set, use_set, uses_set
from nnviz.core.network import OtherNetwork
from nnviz.core.numbers import KEPT_RUNS, as_text, full_text, percent_text
from nnviz.core.runs import (
    SEEDED,
    SETTINGS,
    NamedRun,
    RunTable,
    delete_run,
    is_full,
    label_run,
    listed_sets,
    return_to,
    set_baseline,
    training_of,
)
from nnviz.core.state import Dataset, State, run_of
from nnviz.document.moment import Moment, is_new
from nnviz.ui.kit.card import Cover, Panel, quiet_button
from nnviz.ui.kit.controls import clear_hover_on_close, muted_label, named, open_below
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.dialogs import AskText, ListTable, show_text
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.theme import colours, px, run_pen
from nnviz.ui.plot.card import Pages

EMPTY = "Press Run: every run is listed here, and an edit or another setting begins a new run"
TIP = "Double-click or press Enter to return to the run\nPress F2 to rename it, Delete to delete it"
CURVE_ONLY = "An older version of nnviz kept only the curve of this run"
FULL = f"nnviz keeps up to {KEPT_RUNS.limit} runs, and fewer of large networks"
REMOVES_OLDEST = "A further run removes the oldest one that is not pinned"
ALL_PINNED = "A further run is not kept while all runs are pinned"
NO_VALUE = "–"
MARK_PX, LINE_PX = QSize(30, 12), 2.0
"""Size of the sample of a run's line, and the width of this line, in pixels at 100 %."""
NAME_SHARE = 0.6
"""Largest share of the table's width for the names of the runs; the tooltip has the whole name."""
LEFT, MIDDLE = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignVCenter
ID = Qt.ItemDataRole.UserRole
"""Role of an item's data that holds the id of its run."""


Switch: TypeAlias = tuple[str, bool, Callable[[], object]]
"""An entry of the menu that can be on: its text, whether it is on, and what a click does."""


class RunCell(NamedTuple):
    """The text of a cell, its tooltip, and the value by which the column is sorted."""

    text: str
    tip: str = ""
    key: float | str = ""


class Item(QTableWidgetItem):
    """A cell of the table. A column is sorted by the keys of its cells: first numbers, then texts."""

    def __init__(self, side: Qt.AlignmentFlag) -> None:
        super().__init__()
        self.setTextAlignment(MIDDLE | side)
        self.setFlags(self.flags() & ~Qt.ItemFlag.ItemIsEditable)

    def show(self, cell: RunCell) -> None:
        """Show a text, its tooltip, and sort by its key."""
        key = cell.key if cell.key != "" else cell.text
        self._key = (isinstance(key, str), key)
        if self.text() != cell.text:
            self.setText(cell.text)
        self.setToolTip(cell.tip or cell.text)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return isinstance(other, Item) and self._key < other._key


class RunColumn(NamedTuple):
    """A column of the table: its title, and the cell of a run beside the run that is the baseline."""

    title: str
    cell: Callable[[NamedRun, NamedRun | None], RunCell]
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignRight


def mean_of(value: Callable[[NamedRun], float | None], named: NamedRun | None) -> tuple[float, float] | None:
    """Return the mean of a value over the seeds of a run and its standard deviation; None if a run lacks it.

    The deviation is that of a sample (ddof = 1), and 0 for a single run.
    """
    found = [value(each) for each in named.seeds or (named,)] if named else []
    values = [each for each in found if each is not None]
    if not values or len(values) < len(found):
        return None
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _loss_cell(value: Callable[[NamedRun], float | None]) -> Callable[[NamedRun, NamedRun | None], RunCell]:
    """Return the cell of a loss, with the difference to the loss of the baseline."""

    def cell(named: NamedRun, baseline: NamedRun | None) -> RunCell:
        number, base = mean_of(value, named), mean_of(value, baseline)
        if number is None or math.isnan(number[0]):
            return RunCell(NO_VALUE, key=float("inf"))
        mean, spread = number
        text, tip = as_text(mean), full_text(mean)
        if named.seeds:
            text = f"{text} ± {as_text(spread)}"
            tip = f"mean {tip}, standard deviation {full_text(spread)} of {len(named.seeds)} seeds"
        alike = baseline is not None and baseline.state.measure.title == named.state.measure.title
        if base and baseline and alike and baseline.id != named.id:
            difference = mean - base[0]
            change = f"{'+' if difference > 0 else ''}{as_text(difference)}"
            text, tip = f"{text} ({change})", f"{tip}, {change} to the baseline"
        return RunCell(text, tip, mean)

    return cell


def _accuracy_cell(name: str) -> Callable[[NamedRun, NamedRun | None], RunCell]:
    def cell(named: NamedRun, _: NamedRun | None) -> RunCell:
        share = mean_of(lambda each: each.run.last_of(name), named)
        if share is None:
            return RunCell(NO_VALUE, key=-1.0)
        return RunCell(" ± ".join(map(percent_text, share[: 1 + bool(named.seeds)])), "", share[0])

    return cell


def _row_cell(now: Moment, named: NamedRun, _: NamedRun | None) -> RunCell:
    """Return the error of the selected row with the weights of a run; for several outputs, the row's loss."""
    data, network = now.state.data, named.state.network
    assert data.targets is not None
    inputs, targets = data.inputs[[now.row]], data.targets[[now.row]]
    if network.sizes[0] != inputs.shape[1] or network.sizes[-1] != targets.shape[1]:
        return RunCell(NO_VALUE, key=float("inf"))
    if targets.shape[1] == 1:
        error = float(network.predict(inputs)[0, 0] - targets[0, 0])
        return RunCell(as_text(error), f"error {full_text(error)}", error)
    training = replace(now.state.training, validation=0.0)
    row = State(network, Dataset(inputs, targets), training, columns=now.state.columns)
    loss = row.loss()
    return RunCell(NO_VALUE) if loss is None else RunCell(as_text(loss), f"loss {full_text(loss)}", loss)


def _updates_cell(named: NamedRun, _: NamedRun | None) -> RunCell:
    made = mean_of(lambda each: each.run.iteration, named)
    assert made is not None
    return RunCell(as_text(made[0]), "", made[0])


def _outcome(named: NamedRun) -> str:
    """Return how a run ended, or how many of its seeds ended in each way; "" for all updates."""
    ends = Counter(each.outcome for each in named.seeds or (named,))
    del ends["done"]
    return ", ".join(f"{count} {end}" if named.seeds else end for end, count in ends.items())


def _setting_cell(key: str, named: NamedRun, _: NamedRun | None) -> RunCell:
    text = named.settings[key]
    try:
        return RunCell(text, "", float(text))
    except ValueError:
        return RunCell(text)


def _needed(table: RunTable) -> list[str]:
    """Return the settings that need a column: those that differ. A single one is in the names already."""
    is_named = any(each.run.label.name for each in table.runs)
    return table.differing if is_named or len(table.differing) > 1 else []


def columns(table: RunTable, all_settings: bool) -> list[RunColumn]:
    """Return the columns of a table of runs: the results, and the settings that differ, or all of them."""
    measures = {each.state.measure.title for each in table.runs}
    settings = [
        RunColumn(SETTINGS[key].title, partial(_setting_cell, key), LEFT)
        for key in (SETTINGS if all_settings else _needed(table))
    ]
    loss = measures.pop() if len(measures) == 1 else "Last loss"
    results = [RunColumn(loss, _loss_cell(lambda each: each.last))]
    curves = {curve.name for each in table.runs for curve in each.run.beside}
    if "validation" in curves:
        results.append(RunColumn("Validation", _loss_cell(lambda each: each.run.last_of("validation"))))
    results.append(RunColumn("Best", _loss_cell(lambda each: each.best)))
    for name, title in (("accuracy", "Accuracy"), ("validation accuracy", "Validation accuracy")):
        if name in curves:
            results.append(RunColumn(title, _accuracy_cell(name)))
    results.append(RunColumn("Updates", _updates_cell))
    return [*results, *settings]  # the names of the runs have the settings, too


class RunList(ListTable):
    """The table of runs, one run in each line. The first column has the line of the run and its name.

    ========= ===============================================
    `opened`  a person asked to return to the selected run
    `removed` a person asked to delete the selected run
    ========= ===============================================
    """

    opened = Signal()
    removed = Signal()

    def __init__(self) -> None:
        super().__init__("Runs", [])
        self.setObjectName("runs")
        self.verticalHeader().hide()
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setIconSize(MARK_PX * (px(100) / 100))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names often differ at their ends
        header = self.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorClearable(True)
        self.cellDoubleClicked.connect(lambda *_: self.opened.emit())

    def limit_names(self) -> None:
        """Leave room beside the names for the results."""
        self.resizeColumnToContents(0)
        self.setColumnWidth(0, min(self.columnWidth(0), int(NAME_SHARE * self.viewport().width())))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.limit_names()

    def run_at(self, line: int) -> int | None:
        """Return the id of the run in a line, or None."""
        item = self.item(line, 0)
        return item.data(ID) if item else None

    def line_of(self, run: int | None) -> int:
        """Return the line of a run, or −1."""
        return next((k for k in range(self.rowCount()) if self.run_at(k) == run), -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return to the selected run, rename it or delete it; the window has all other letters."""
        if self.state() == QAbstractItemView.State.EditingState:
            event.accept()  # Enter has accepted a name
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        elif event.text().isprintable() and event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)


class RunsPanel(Panel):
    """The panel with a line for every run: the current run and the kept runs."""

    moving_ms = TEXT_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Runs")
        self.covers = (Cover(self, desk.document),)
        self.table = RunList()
        self.pages = Pages(self)
        self.pages.addWidget(self.table)
        self.limit = named(muted_label(), tip=FULL)
        self.limit.setContentsMargins(12, 0, 12, 0)
        self.body.addWidget(self.limit)
        self.body.setContentsMargins(1, 2, 1, 8)  # the table reaches the card's edges
        tip = "Show the settings that are equal in all runs, too"
        self.all_settings = quiet_button("All settings", tip, checkable=True)
        self.all_settings.toggled.connect(self.show_now)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.more = quiet_button("", "Commands for the selected run", "Menu: Runs")
        self.more.clicked.connect(lambda: open_below(self.more, self.menu))
        clear_hover_on_close(self.more, self.menu)
        self.stop = quiet_button("", "Stop the runs of the comparison, and keep those that have ended")
        self.stop.hide()
        self.stop.clicked.connect(desk.sweep_stopped)
        desk.sweep_progressed.connect(self._show_progress)
        tip = "Show runs that differ only in their seed as one run"
        self.seeds = quiet_button("Mean of seeds", tip, checkable=True)
        self.seeds.toggled.connect(desk.document.show_seeds_together)
        for button in (self.stop, self.seeds, self.all_settings, self.more):
            self.buttons.addWidget(button)
        self._table, self._columns = RunTable([], []), list[RunColumn]()
        self._sets, self._sets_of = list[NamedRun](), cast("tuple[object, ...]", ())
        self._shown: tuple[object, ...] = ()
        self.table.itemChanged.connect(self._renamed)
        self.table.opened.connect(self.return_to_end)
        self.table.removed.connect(self.delete)
        self.table.customContextMenuRequested.connect(
            lambda place: self.menu.popup(self.table.viewport().mapToGlobal(place))
        )

    # --- what it shows

    def _show_progress(self, text: str) -> None:
        self.stop.setText(f"Stop ({text})")
        self.stop.setVisible(bool(text))

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the runs of a Moment. In a run, only the line of the current run changes."""
        if not is_new(old, new, "state", "row", "hidden_runs", "listed_runs", "is_moving", "seeds_together"):
            return
        if old is None:
            self.more.setIcon(icon("more", colours().muted, 16))
        if is_new(old, new, "state.runs"):
            all_pinned = all(run_of(each).label.pinned for each in new.state.runs)
            effect = ALL_PINNED if all_pinned else REMOVES_OLDEST
            show_text(self.limit, effect if is_full(new.state) else "")
        table = self._document.run_table()
        self._table = RunTable([*table.runs, *self._weight_sets(new.state)], table.differing)
        if not self._table.runs:
            self.seeds.hide()
            self.pages.show_sentence(EMPTY)
            return
        self.pages.plot_visible = True
        self.seeds.setVisible(new.seeds_together or any(key in table.differing for key in SEEDED))
        named = RunColumn("Run", self._name_cell, LEFT), RunColumn("State", self._state_cell, LEFT)
        self._columns = [*named, *columns(self._table, self.all_settings.isChecked())]
        if self._sets and new.state.trainable:
            what = "Error" if new.state.network.sizes[-1] == 1 else "Loss"
            self._columns.insert(3, RunColumn(f"{what}, row {new.row + 1}", partial(_row_cell, new)))
        lines = [(each.name, each.run.label) for each in self._table.runs]
        titles = [each.title for each in self._columns]
        in_use = [uses_set(new.state, place) for place in range(len(self._sets))]
        shown = lines, titles, new.hidden_runs, new.state.baseline, self._sets, in_use, self._current
        if old is None or shown != self._shown:
            self._fill()
        else:
            self._show_current()
        self._shown = shown

    def _weight_sets(self, state: State) -> list[NamedRun]:
        """Return the weight sets with their losses, which are computed again only after a change."""
        activations = tuple(layer.activation for layer in state.network.layers)
        key = state.weight_sets, state.data, state.training, activations
        if key != self._sets_of:
            self._sets_of, self._sets = key, listed_sets(state)
        return self._sets

    @property
    def _current(self) -> int | None:
        run = self._document.past.end.run
        return run.label.id if run else None

    @property
    def _baseline(self) -> NamedRun | None:
        chosen = self._document.state.baseline
        return next((each for each in self._table.runs if chosen in each.ids), None)

    def _fill(self) -> None:
        """Write all lines again, in the order that the person has chosen; keep the selected run."""
        table, chosen = self.table, self.table.run_at(self.table.currentRow())
        if self._current is not None and self._shown and self._shown[-1] != self._current:
            chosen = self._current  # a new run has begun
        with self._writing():
            table.clearContents()
            table.setColumnCount(len(self._columns))
            table.setRowCount(len(self._table.runs))
            for k, column in enumerate(self._columns):
                heading = QTableWidgetItem(column.title)
                heading.setTextAlignment(MIDDLE | column.side)
                table.setHorizontalHeaderItem(k, heading)
                for line in range(table.rowCount()):
                    table.setItem(line, k, Item(column.side))
            for line, named in enumerate(self._table.runs):
                self._show_line(line, named)
            header = table.horizontalHeader()
            if header.sortIndicatorSection() >= len(self._columns):
                header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        table.resizeColumnsToContents()
        table.limit_names()
        self._hide_empty_states()
        with self._writing():
            line = table.line_of(self._table.runs[-1].id if chosen is None else chosen)
            table.setCurrentCell(max(line, 0), max(table.currentColumn(), 0))
            table.scrollTo(table.currentIndex())

    def _show_current(self) -> None:
        """Show the results of the current run, which is in progress."""
        line = self.table.line_of(self._current)
        if line >= 0:
            with self._writing():
                self._show_line(line, next(each for each in self._table.runs if each.id == self._current))
            self._hide_empty_states()
            for column in range(1, self.table.columnCount()):
                if self.table.sizeHintForColumn(column) > self.table.columnWidth(column):
                    self.table.resizeColumnToContents(column)

    def _hide_empty_states(self) -> None:
        """Hide the column of the states if every cell is empty."""
        cells = (self.table.item(line, 1) for line in range(self.table.rowCount()))
        self.table.setColumnHidden(1, not any(cell and cell.text() for cell in cells))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Let the lines stay in their places, and take no change for a new name."""
        self.table.setSortingEnabled(False)
        with QSignalBlocker(self.table):
            yield
        self.table.setSortingEnabled(True)

    def _name_cell(self, named: NamedRun, _: NamedRun | None) -> RunCell:
        tips = named.name, named.run.label.note, CURVE_ONLY * named.run.curve_only, TIP
        return RunCell(named.name, "\n".join(filter(None, tips)), named.id)

    def _state_cell(self, named: NamedRun, baseline: NamedRun | None) -> RunCell:
        label = named.run.label
        marks = {
            "in use": named.weight_set is not None and uses_set(self._document.state, named.weight_set),
            "note": bool(label.note),
            "pinned": label.pinned,
            "baseline": baseline is named,
            "hidden": named.id in self._document.now.hidden_runs,
        }
        outcome = "" if self._current in named.ids and self._desk.runner.running else _outcome(named)
        return RunCell(" · ".join(filter(None, (outcome, *(mark for mark, is_on in marks.items() if is_on)))))

    def _show_line(self, line: int, named: NamedRun) -> None:
        """Show a run in a line of the table."""
        is_current, baseline = self._current in named.ids, self._baseline
        items = [cast("Item", self.table.item(line, k)) for k in range(len(self._columns))]
        for item, column in zip(items, self._columns, strict=True):
            item.show(column.cell(named, baseline))
        first = items[0]
        if first.data(ID) != named.id:
            first.setData(ID, named.id)
            if named.weight_set is None and not named.seeds:
                first.setFlags(first.flags() | Qt.ItemFlag.ItemIsEditable)
            font = QFont(self.table.font())
            font.setBold(is_current)
            first.setFont(font)
            has_curve = named.weight_set is None and named.id not in self._document.now.hidden_runs
            first.setIcon(self._mark(named.pen, is_current) if has_curve else QIcon())

    def _mark(self, run: int, is_current: bool) -> QIcon:
        """Return a sample of a run's line."""
        pen = QPen(QColor(colours().accent), LINE_PX) if is_current else run_pen(run, LINE_PX)
        size, ratio = self.table.iconSize(), self.devicePixelRatioF()
        picture = QPixmap(size * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        with QPainter(picture) as painter:
            painter.setPen(pen)
            painter.drawLine(0, size.height() // 2, size.width(), size.height() // 2)
        return QIcon(picture)

    # --- commands for the selected run

    @property
    def chosen(self) -> NamedRun | None:
        """The selected run, or None."""
        chosen = self.table.run_at(self.table.currentRow())
        return next((each for each in self._table.runs if each.id == chosen), None)

    def _fill_menu(self) -> None:
        """Fill the menu with the commands for the selected run."""
        self.menu.clear()
        named = self.chosen
        if named is None:
            self.menu.addAction("Select a run first").setEnabled(False)
            return
        if named.weight_set is not None:
            self.menu.addAction("Use these weights\tEnter", self.return_to_end)
            self._add_switches(self._compare_entries(named))
            self.menu.addAction("Remove\tDel", self.delete)
            return
        label, kept = named.run.label, named.id != self._current
        known = not (named.run.curve_only or named.run.watched)
        for text, action in (
            ("Return to its end\tEnter", self.return_to_end),
            ("Return to its start", self.return_to_start),
            ("Repeat", self.repeat),
            ("Same start, other settings", self.vary),
        ):
            self.menu.addAction(text, action).setEnabled(known)
        self.menu.addSeparator()
        self.menu.addAction("Rename\tF2", self._edit_name).setEnabled(not named.seeds)
        self.menu.addAction("Note…", self._ask_note)
        hidden, show = self._document.now.hidden_runs, self._document.hide_runs
        switches: tuple[Switch, ...] = (
            ("Pin", label.pinned, partial(self._label, "Pin", pinned=not label.pinned)),
            ("Baseline", self._baseline is named, partial(self._set_baseline, named)),
            *self._compare_entries(named),
            ("Hide its curve", named.id in hidden, partial(show, hidden ^ {named.id})),
        )
        self._add_switches(switches)
        self.menu.addAction("Delete\tDel", self.delete).setEnabled(kept)

    def _add_switches(self, switches: Iterable[Switch]) -> None:
        for text, is_on, act in switches:
            entry = self.menu.addAction(text, act)
            entry.setCheckable(True)
            entry.setChecked(is_on)
        named = self.chosen
        if named and not self._document.state.network.fits(named.state.network):
            self.menu.addAction("Beside the network: the shapes differ").setEnabled(False)
        self._desk.add_compare_entries(self.menu)
        self.menu.addSeparator()

    def _compare_entries(self, named: NamedRun) -> Iterator[Switch]:
        """Yield entries that show a weight set, or the end or the start of a run, beside the network."""
        shown, document = self._document.now.compared, self._document
        places = {"end": named.state.network, "start": named.run.start}
        if named.id == self._current or named.weight_set is not None:
            del places["end"]
        for place, network in places.items():
            if document.state.network.fits(network) and not named.run.curve_only:
                is_on, text, name = shown is not None and shown.network is network, "", named.name
                if named.weight_set is None:
                    text, name = f": its {place}", f"the {place} of {name}"
                other = None if is_on else OtherNetwork(name, network)
                yield f"Beside the network{text}", is_on, partial(self._desk.compare_with, other)

    def return_to_end(self) -> None:
        """Show the selected run at its last iteration, and make it the current run."""
        named, runner = self.chosen, self._desk.runner
        if named and named.weight_set is not None:
            runner.pause()
            if self._document.edit(f"Use {named.name}", use_set, named.weight_set):
                self._desk.message.emit(f"The network now uses the weight set {named.name}")
        elif named and named.id == self._current:
            runner.scrub_to(named.run.iteration)
        elif named:
            self._return(named, at_start=False)

    def return_to_start(self) -> None:
        """Show the network before the first update of the selected run, with its rows and settings."""
        named = self.chosen
        if named and named.id == self._current:
            self._desk.runner.restart()
        elif named:
            self._return(named, at_start=True)

    def repeat(self) -> None:
        """Return to the start of the selected run, and run again with its last settings."""
        named, runner = self.chosen, self._desk.runner
        self.return_to_start()
        if named:
            updates = max(named.run.iteration, named.state.training.updates)
            runner.set_training(replace(training_of(named.state), updates=updates))
            runner.give_up()
            runner.run()

    def vary(self) -> None:
        """Return to the start of the selected run, and let the person choose other settings."""
        self.return_to_start()
        self._desk.settings_requested.emit()

    def _return(self, named: NamedRun, *, at_start: bool) -> None:
        self._desk.runner.pause()
        place = "start" if at_start else "end"
        last = self._document.past.last
        if self._document.edit(f"Return to the {place} of {named.name}", return_to, named.id, last, at_start):
            self._desk.message.emit(f"The {place} of the run {named.name}; Undo goes back")

    def delete(self) -> None:
        """Delete the selected run, unless it is the current one."""
        named = self.chosen
        if named and named.weight_set is not None:
            if self._document.edit(f"Remove {named.name}", remove_set, named.weight_set):
                self._desk.message.emit(f"Removed the weight set {named.name}: the network keeps its weights")
        elif named and named.id == self._current:
            self._desk.message.emit("The current run cannot be deleted: return to another run first")
        elif named:
            self._desk.runner.pause()
            if self._document.edit(f"Delete the run {named.name}", partial(reduce, delete_run, named.ids)):
                self._document.hide_runs(self._document.now.hidden_runs - named.ids)
                self._desk.message.emit(f"Deleted the run {named.name}; Undo brings it back")

    def _label(self, text: str, **changes: object) -> None:
        named = self.chosen
        if named:
            self._desk.runner.pause()
            self._document.edit(f"{text} the run {named.name}", label_run, named.id, changes)

    def _edit_name(self) -> None:
        self.table.edit(self.table.currentIndex().siblingAtColumn(0))

    def _renamed(self, item: QTableWidgetItem) -> None:
        """Give the run the typed name; without a name, its settings name it again."""
        named = self.chosen
        if item.column() != 0 or named is None:
            return
        name = item.text().strip()
        if name != named.name:
            self._label("Rename", name=name)
        self._fill()

    def _ask_note(self) -> None:
        named = self.chosen
        if named:
            title, old = f"Note on {named.name}", named.run.label.note
            note = AskText(self.window(), title, "&Note", old, "&Keep", lambda _: None).ask()
            if note is not None:
                self._label("Note on", note=note)

    def _set_baseline(self, named: NamedRun) -> None:
        """Compare the other runs with this run, or with no run if it is the baseline."""
        self._desk.runner.pause()
        chosen = None if self._baseline is named else named.id
        self._document.edit(f"Compare with {named.name}" if chosen else "No baseline", set_baseline, chosen)
