"""The open document: its State, undo and redo, file and title."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.edits import add_row
from nnviz.core.formula import CellError
from nnviz.core.network import Layer, OtherNetwork, frozen
from nnviz.core.numbers import file_label
from nnviz.core.replay import Past, can_repeat
from nnviz.core.results import Hiding
from nnviz.core.runs import RunTable, add_runs, all_runs, keep_ended, run_table, with_whole_run
from nnviz.core.state import Shown, State, Weights
from nnviz.document.idle import Idle
from nnviz.document.moment import Moment
from nnviz.document.walk import WalkProgress
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import Progress
from nnviz.files.on_disk import News, OpenFile, ReadNotes, digest_of
from nnviz.files.registry import encode, is_saved, read
from nnviz.files.source import Activations, Source


@dataclass
class UndoEntry:
    """A State that undo or redo can show, and the name of the change that led to this State.

    nnviz uses no QUndoStack, because a QUndoStack limits only the number of entries. A thousand States of a
    network with a million weights take 8 GB, so undo also needs a limit in bytes.
    """

    state: State
    text: str = ""
    merge: Hashable | None = None
    bytes_held: int = 0

    def weigh(self, following: State) -> None:
        """Set `bytes_held` to the total size, in bytes, of the arrays that are not in the next State."""
        shared = {id(array) for array in _arrays(following)}
        self.bytes_held = sum(array.nbytes for array in _arrays(self.state) if id(array) not in shared)


def _arrays(state: State) -> Iterator[Array]:
    """Yield every array in `state`."""
    layers: list[Layer | Weights] = [*state.network.layers]
    layers += (weights for weight_set in state.weight_sets for weights in weight_set.layers)
    if state.run is not None:
        layers += state.run.start.layers
        yield state.run.memory
        for history in (state.run.history, *(curve.history for curve in state.run.beside)):
            yield from history.stores
    for kept in state.runs:
        yield from _arrays(kept)
    for part in (*layers, state.data):
        yield from part.arrays


class Document(QObject):
    """The open State and all that the window shows of it, with undo, redo and the State's file.

    =============== =====================================================================================
    `changed`       the Moment was replaced; the arguments are the old and the new Moment
    `refused`       an edit was refused; the argument is the reason as one sentence
    `file_changed`  the path changed, or another document was opened
    `undo_changed`  `modified`, the next undo or the next redo changed
    =============== =====================================================================================

    Only methods of this class replace the Moment `now`. If a slot of `changed` replaces the Moment again, the
    signal is emitted again after every slot has received the first change. `idle` computes slow values.
    `past` knows the iterations of the current run.
    """

    changed = Signal(object, object)
    refused = Signal(str)
    file_changed = Signal()
    undo_changed = Signal()
    undo_bytes = 256.0 * 2**20
    """Limit in bytes for the total size of arrays that only undo entries use."""
    undo_steps = 1000
    """Limit for the number of changes that can be undone."""

    def __init__(self, state: State, *, example: bool = False, idle: Idle | None = None) -> None:
        super().__init__()
        self.idle = idle or Idle(self)
        self.idle.found.connect(lambda: self._show())
        self._now = self._emitted = Moment.of(state, idle=self.idle)
        self.past = Past(state)
        self._named: tuple[object, ...] = (None,)
        self._run_table = RunTable([], [])
        self._emitting = False
        self.view: Shown | None = None
        """What a saved file shows when it is opened."""
        self.saved: State | None = state
        """The State without unsaved changes: of the file, the example or the new document.

        None if the file has changed.
        """
        self._own_writes: set[tuple[str, bytes]] = set()
        self.file: OpenFile | None = None
        self._example = example
        self._entries, self._index = [UndoEntry(state)], 0  # the entry at the index has the current State

    # --- what the window shows

    @property
    def now(self) -> Moment:
        """The current Moment."""
        return self._now

    @property
    def state(self) -> State:
        """The current State."""
        return self._now.state

    def lock(self, reason: str) -> None:
        """Lock edits for `reason`, which is a sentence, or allow edits if `reason` is ""."""
        self._show(lock_reason=reason)

    def select(self, address: Address | None, second: Address | None = None) -> None:
        """Select `address` and `second`; None means no selection. Missing addresses are left out."""
        if (address, second) != (self._now.address, self._now.second):
            self._show(address=address, second=second)

    def select_row(self, row: int) -> None:
        """Select a row of the data, the nearest if there is no such row, and close the what-if row."""
        if row != self._now.row or self._now.what_if_row is not None:
            self._show(row=row, what_if_row=None)

    def show_what_if_row(self, inputs: ArrayLike | None) -> None:
        """Show a what-if row (not in the data) on the diagram, or end it if `inputs` is None.

        The array `inputs` has the shape (inputs,). Computed inputs are computed. If a formula has no finite
        value, emit `refused` with the reason.
        """
        try:
            row = None if inputs is None else self.state.columns.fill(np.array([inputs]))[0]
        except CellError as error:
            self.refused.emit(str(error))
        else:
            self._show(what_if_row=None if row is None else frozen(row, "inputs"))

    def insert_what_if_row(self, targets: Array | None = None) -> str:
        """Insert the what-if row (inputs that the person tries out) into the data; select the new row.

        The new row comes after the data row that was shown before the what-if row. Its targets are `targets`,
        shape (outputs,), or 0. Return a sentence about the new row, or "" if the edit was refused.
        """
        free, data = self._now.what_if_row, self.state.data
        after = self._now.row if len(data) else None
        if free is None or not self.edit("Add the what-if row to the data", add_row, after, free, targets):
            return ""
        self.select_row(0 if after is None else after + 1)
        text = "missing" if data.targets is None else "0"
        text = text if targets is None else "those of its class"
        return f"The what-if row is now row {self._now.row + 1} of the data; its targets are {text}"

    def show_slopes(self, shown: bool, mean_over_rows: bool | None = None) -> None:
        """Show or hide the slopes.

        If `mean_over_rows` is true, the mean slopes over all rows are shown. If `mean_over_rows` is false,
        the slopes of the selected row are shown. If `mean_over_rows` is None, the current choice stays.
        """
        mean = self._now.mean_over_rows if mean_over_rows is None else mean_over_rows
        if (shown, mean) != (self._now.slopes_shown, self._now.mean_over_rows):
            self._show(slopes_shown=shown, mean_over_rows=mean)

    def hide_runs(self, runs: frozenset[int]) -> None:
        """Hide the curves of the runs with these ids, and show those of all other runs."""
        self._show(hidden_runs=runs)

    def compare_with(self, other: OtherNetwork | None) -> None:
        """Show another network beside the network, or none."""
        self._show(other=other)

    def list_runs(self, ends: tuple[State, ...]) -> None:
        """List the runs of a sweep in progress, given as the States at their ends, with the kept runs."""
        self._show(listed_runs=ends)

    def show_seeds_together(self, on: bool) -> None:
        """Show kept runs that differ only in seed and start as one run, or each alone."""
        self._show(seeds_together=on)

    def run_table(self) -> RunTable:
        """Return the kept runs and the current run, each at its end, named by the settings that differ.

        In a run, only the State of the current run is new, so names are not looked for again.
        """
        now, end, run = self._now, self.past.end, self.past.end.run
        current = run and (run.start, run.segments, run.label, end.training, end.data)
        growing = run.label.id if run and now.is_moving and now.seeds_together else None
        named = self.state.runs, current, end.iteration > 0, now.seeds_together, growing, now.listed_runs
        if named[0] is not self._named[0] or named[1:] != self._named[1:]:
            with_listed = add_runs(self.state, now.listed_runs, self.state.newest_run_id)
            self._named, self._run_table = named, run_table(all_runs(with_listed, end))
            if now.seeds_together:
                self._run_table = self._run_table.with_seeds_together(growing)
        elif current and not any(each.state is end for each in self._run_table.runs):
            self._run_table = self._run_table.with_state(end)
        return self._run_table

    def hide_results(self, on: bool) -> None:
        """Hide all results, or show them again."""
        self._show(hiding=Hiding(on))

    def reveal(self, place: Hashable) -> None:
        """Show the hidden result at a place until the State or the row changes."""
        self._show(hiding=Hiding(True, self._now.hiding.revealed | {place}))

    def show_walk(self, progress: WalkProgress) -> None:
        """Show other progress of the walk (one training iteration, step by step)."""
        self._show(walk=progress)

    def set_in_motion(self, moving: bool) -> None:
        """Set whether a run or a drag makes many States a second, so that slow views may skip some States."""
        if moving != self._now.is_moving:
            self._show(is_moving=moving)
            self.undo_changed.emit()  # the name of a merged entry may have changed

    def _show(self, **changes: Any) -> None:
        """Replace the Moment by the Moment after `changes`, and emit `changed`."""
        before, self._now = self._now, self._now.then(**changes)
        if self.state is not before.state:
            self.past.follow(self.state)
        if before.known.results is not self._now.known.results:
            self.idle.drop()
        if self._emitting:
            return
        self._emitting = True
        try:
            while (old := self._emitted) is not (new := self._now):
                self._emitted = new
                self.changed.emit(old, new)
        finally:
            self._emitting = False

    # --- the file and undo

    @property
    def path(self) -> Path | None:
        """The path of the file that the State was opened from or saved to, or None."""
        return self.file.path if self.file else None

    @property
    def modified(self) -> bool:
        """Whether the document has unsaved changes."""
        return self.state is not self.saved

    @property
    def can_be_repeated(self) -> bool:
        """Whether the document is an example that only a run has changed, with the example's settings."""
        example = self.saved if self._example and not self.file else None
        return example is not None and can_repeat(example, self.state)

    @property
    def save_status(self) -> str:
        """Where the State is stored: "saved", "example", or "not saved"."""
        if self.modified or not (self.path or self._example):
            return "not saved"
        return "saved" if self.path else "example"

    @property
    def title(self) -> str:
        """The title: the State's name, the file's name if the State has no name, or "Untitled"."""
        return self.state.name or (file_label(self.path.with_suffix("")) if self.path else "Untitled")

    def edit(
        self, text: str, edit: Callable[..., State], *where: object, merge: Hashable | None = None
    ) -> bool:
        """Replace the State with the result of `edit`, add an undo entry named `text`, and return True.

        `edit` gets the State and any further positional arguments. If edits are locked, or `edit` raises
        ValueError, emit `refused` with the reason and return False. Successive edits with the same keyword
        argument `merge` form one undo entry.
        """
        if not self.may_change():
            return False
        try:
            state = edit(self.state, *where)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        self.push(state, text, merge)
        return True

    def may_change(self) -> bool:
        """Return whether edits are allowed; if edits are locked, emit `refused` with the reason."""
        if reason := self._now.lock_reason:
            self.refused.emit(reason)
        return not reason

    def edit_below_run(self, text: str, edit: Callable[..., State], what: object, merge: Hashable) -> bool:
        """Edit a part that training does not change, such as the notes; return whether the edit was possible.

        The edited State is `edit(state, what)`. During a run, the undo entry of the edit is put before the
        entry of the run. Otherwise every typed letter would split the run into two undo entries. Successive
        edits with the same `merge` form one undo entry.
        """
        last = self._entries[self._index]
        if not self._now.is_moving or not self.modified or last.merge in (None, merge):
            return self.edit(text, edit, what, merge=merge)
        before = self._entries[self._index - 1]
        try:
            old, new = edit(before.state, what), edit(last.state, what)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        if self._index > 1 and before.merge == merge and before.state is not self.saved:
            before.state = old
        else:
            before.weigh(old)
            self._entries.insert(self._index, UndoEntry(old, text, merge))
            self._index += 1
        last.state = new
        self._show_entry()
        return True

    def push(self, state: State, text: str, merge: Hashable | None = None, *, keeps_run: bool = True) -> None:
        """Replace the State and add an undo entry named `text`.

        If `state` ends the current run, the run is kept. With `keeps_run=False` it is not: another version of
        the file, the training of a script, and each place of a drag of rows end no run of the person.

        Redo entries, and the oldest entries beyond the limits, are deleted. Successive pushes with the same
        `merge` form one undo entry, named by the last `text`: for example a drag, a series of key presses, or
        a run. A save between two pushes ends the entry.
        """
        if state is self.state:
            return
        if keeps_run:
            state = keep_ended(self.state, state, self.past.last)
        last = self._entries[self._index]
        if merge is not None and last.merge == merge and self.modified:
            last.state, last.text = state, text
            self._show(state=state)
            return
        self._entries[self._index + 1 :] = [UndoEntry(state, text, merge)]
        for before, after in pairwise(self._entries[-3:]):
            before.weigh(after.state)  # of the last two: merging may have changed which arrays they share
        self._forget_old()
        self._index = len(self._entries) - 1
        self._show_entry()

    def _forget_old(self) -> None:
        """Delete the oldest undo entries beyond the limits. The last change can always be undone."""
        bytes_held = 0
        for changes, entry in enumerate(reversed(self._entries[:-1]), 1):
            bytes_held += entry.bytes_held
            if changes > 1 and (changes > self.undo_steps or bytes_held > self.undo_bytes):
                del self._entries[:-changes]
                break

    def amend(self, state: State) -> None:
        """Replace the State without an undo entry of its own: undo of the next entry returns to `state`."""
        self._entries[self._index].state = state
        self._show_entry()

    @property
    def whole_state(self) -> State:
        """The State as a file keeps it: with the whole run, if an earlier iteration is shown."""
        return with_whole_run(self.state, self.past.end)

    def seal(self) -> None:
        """End the current undo entry: the next push starts a new entry, even with the same `merge`."""
        self._entries[self._index].merge = None

    def undo_text(self) -> str:
        """Return the name of the change that `undo` would undo, or "" if no change can be undone."""
        return self._entries[self._index].text if self._index else ""

    def redo_text(self) -> str:
        """Return the name of the change that `redo` would redo, or "" if no change can be redone."""
        following = self._entries[self._index + 1 :]
        return following[0].text if following else ""

    @property
    def ended_run(self) -> int:
        """Number of updates of the run that the last edit has ended, and that Undo restores; else 0."""
        is_edited = self._index and not self.redo_text() and self.state.run is None
        return self._entries[self._index - 1].state.iteration if is_edited else 0

    def last_done(self) -> str:
        """Return "Last change: …" or "Last undo: …" with the change's name, or "" if there is no change."""
        undone = any(each.state is self.saved for each in self._entries[self._index + 1 :])
        text = self.redo_text() if undone else self.undo_text()
        return f"Last {'undo' if undone else 'change'}: {text[:1].upper()}{text[1:]}" if text else ""

    def undo(self) -> bool:
        """Undo the last change. Return False if there is no change to undo, or if edits are locked."""
        return self._index > 0 and self._go(self._index - 1)

    def redo(self) -> bool:
        """Redo the last undone change. Return False if there is no change to redo, or if edits are locked."""
        return self._index < len(self._entries) - 1 and self._go(self._index + 1)

    def start(self, state: State, file: OpenFile | None = None, *, example: bool = False) -> None:
        """Open `state`, and clear undo and redo. `file` is the file that holds `state`, or None.

        With `example=True`, `state` is an example of nnviz, and counts as saved without a file.
        """
        self._entries, self._index, self.saved = [UndoEntry(state)], 0, state
        self.file, self._example = file, example
        self.past.begin(state)  # undo cannot return to the runs before
        self._show(state=state, hidden_runs=frozenset(), other=None, listed_runs=())
        self.file_changed.emit()
        self.undo_changed.emit()

    def save(self, path: Path | None = None, *, overwrite: bool = False, part: bool = False) -> str:
        """Save to `path` (None: the document's file); return sentences on side effects of the save, or "".

        If another program has changed the file, ChangedError is raised, except with `overwrite=True`. With
        `part=True`, the file gets only a part of the State, and the document stays unsaved. If FileError is
        raised, the old file stays unchanged.
        """
        before, target = self.file, path or self.path
        assert target is not None
        file = before if before and target == before.path else OpenFile(target, self._own_writes)
        data = encode(replace(self.whole_state, view=self.view), target)
        remark = file.write(data, overwrite=overwrite or file is not before)
        if part:
            if file is before:  # the file no longer holds the whole State
                self.mark_unsaved()
            return remark
        changed = self.modified
        self.saved = self.state
        if changed:
            self.undo_changed.emit()
        if file is not before:
            self.file = file
            self.file_changed.emit()
        return remark

    def file_news(self) -> News:
        """Return what another program has done to the file since the last call.

        If the file was changed or deleted, mark the State as unsaved.
        """
        news = self.file.news() if self.file else News.NONE
        if news is not News.NONE:
            self.mark_unsaved()
        return news

    def load_other_version(self) -> None:
        """Load the file as another program saved it; undo restores the old State. Raises FileError."""
        assert self.file is not None
        state, self.file = self.read(self.file.path, activations=self.file.as_read.activations)
        self.push(state, f"Reload {file_label(self.file.path)}", keeps_run=False)
        self.saved = state
        self.undo_changed.emit()

    def keep_own_version(self) -> None:
        """Let the next save replace the version of the file that another program saved."""
        if self.file:
            self.file.accept()

    def recover(
        self, state: State, path: Path | None, digest: bytes, as_read: ReadNotes | None = None
    ) -> None:
        """Open `state` as unsaved changes to the file `path`, or to no file if `path` is None.

        `digest` is the digest of the file before the changes. `as_read` says how the file was read: with
        which activations, and how the State differs from the file.
        """
        self.start(state, OpenFile(path, self._own_writes, digest, as_read) if path else None)
        self.mark_unsaved()

    def mark_unsaved(self) -> None:
        """Mark the State as different from every file."""
        self.saved = None
        self.undo_changed.emit()

    def read(
        self, path: Path, progress: Progress | None = None, activations: Activations = None
    ) -> tuple[State, OpenFile]:
        """Read the file `path`; return its State and an OpenFile, the arguments of `start`. Raises FileError.

        `activations` are the activation functions for a file that does not contain them.
        """
        data = read_bytes(path, progress)
        source = Source(data, path, progress, activations)
        state = read(source)
        remarks = "; ".join(source.assumptions + source.defaults + source.notes)
        as_read = ReadNotes(remarks, activations, is_saved(source))
        return state, OpenFile(path, self._own_writes, digest_of(data), as_read)

    def _go(self, index: int) -> bool:
        if not self.may_change():
            return False
        self._index = index
        self.seal()
        self._show_entry()
        return True

    def _show_entry(self) -> None:
        """Show the State of the undo entry at the index."""
        self._show(state=self._entries[self._index].state)
        self.undo_changed.emit()
