"""The open document: its State, undo and redo, file and title."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.network import Layer
from nnviz.core.numbers import file_named
from nnviz.core.state import State, Weights
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import Progress
from nnviz.files.on_disk import AsRead, News, OnDisk, digest_of
from nnviz.files.registry import encoded, is_saved, read
from nnviz.files.source import Activations, Source


@dataclass
class Change:
    """The one undo command: replace the State by another.

    Not a QUndoCommand: a QUndoStack can be bounded by a count alone, and what undo holds has to be bounded by
    its size: a thousand States of a network of a million weights are 8 GB.
    """

    old: State
    new: State
    text: str
    merge: Hashable | None
    bytes_held: int = 0

    def __post_init__(self) -> None:
        self.weigh()

    def weigh(self) -> None:
        """Take the size of what only going back from `new` to `old` would need."""
        shared = {id(array) for array in _arrays(self.new)}
        self.bytes_held = sum(array.nbytes for array in _arrays(self.old) if id(array) not in shared)


def affordable(changes: list[Change], most: int, most_bytes: float) -> int:
    """Return how many of the latest changes may be kept, at most; the very last always is."""
    held = 0
    for count, change in enumerate(reversed(changes[-most:])):
        held += change.bytes_held
        if count and held > most_bytes:
            return count
    return min(len(changes), most)


def _arrays(state: State) -> Iterator[Array]:
    """Yield every array of `state`."""
    layers: list[Layer | Weights] = [*state.network.layers]
    layers += (weights for kept in state.weight_sets for weights in kept.layers)
    if state.run is not None:
        layers += state.run.start.layers
        yield state.run.memory
        for history in (state.run.history, *(curve.history for curve in state.run.beside)):
            yield from history.stores
    yield from (earlier.history for earlier in state.runs)
    for layer in layers:
        yield layer.weights
        if layer.biases is not None:
            yield layer.biases
    yield state.data.inputs
    if state.data.targets is not None:
        yield state.data.targets


UNDO_BYTES = 256 * 2**20
"""How much memory the States that only undo needs may hold."""

UNDO_STEPS = 1000
"""How many changes can be undone at most."""


class Document(QObject):
    """The one State that is open. Only `push`, `undo`, `redo`, `start` and what calls them replace it.

    ================= =====================================================================
    `state_changed`   (old, new) State, after every change
    `settled`         all have been told of the State
    `refused`         why an edit cannot be made, as one sentence
    `file_changed`    the path is another one, or another document is open
    `undo_changed`    what can be undone, redone or needs saving is different now
    `motion_changed`  `in_motion` is different now: whether a run makes many States a second
    ================= =====================================================================
    """

    state_changed = Signal(object, object)
    settled = Signal()
    refused = Signal(str)
    file_changed = Signal()
    undo_changed = Signal()
    motion_changed = Signal()

    def __init__(
        self,
        state: State,
        *,
        example: bool = False,
        undo_bytes: float = UNDO_BYTES,
        undo_steps: int = UNDO_STEPS,
    ) -> None:
        super().__init__()
        self._undo_bytes, self._undo_steps = undo_bytes, undo_steps
        self._state = state
        self.saved = state if example else None
        """What the file or the example holds; None for what is in no file."""
        self._written: set[tuple[str, bytes]] = set()
        self.file: OnDisk | None = None
        self._example = example
        self.in_motion = False
        self.held = ""  # why only who has set it can change anything for now, as one sentence
        self._changes: list[Change] = []
        self._index = 0  # how many of the changes are done, not undone
        self._clean: int | None = 0  # the index at which the State is the file's

    @property
    def state(self) -> State:
        """The State as it is now."""
        return self._state

    @property
    def path(self) -> Path | None:
        """The file that the State was opened from or saved to."""
        return self.file.path if self.file else None

    @property
    def modified(self) -> bool:
        """Whether there is anything to save."""
        return self._index != self._clean

    @property
    def kept(self) -> str:
        """Where the State can be had again, in a word: "saved", "example", or "not saved"."""
        if self.modified or not (self.path or self._example):
            return "not saved"
        return "saved" if self.path else "example"

    @property
    def title(self) -> str:
        """What the document is called: its own name, or its file's."""
        return self._state.name or (file_named(self.path.with_suffix("")) if self.path else "Untitled")

    def edit(
        self, text: str, edit: Callable[..., State], *where: object, merge: Hashable | None = None
    ) -> bool:
        """Push what `edit` makes of the State and of `where`, or say why it cannot; tell whether it could.

        What a person asks for goes this way: what a State cannot hold, it refuses with ValueError.
        """
        if not self.may_change():
            return False
        try:
            state = edit(self._state, *where)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        self.push(state, text, merge)
        return True

    def may_change(self) -> bool:
        """Tell whether anything can be changed, and where it is held say why not."""
        if self.held:
            self.refused.emit(self.held)
        return not self.held

    def edit_beneath(self, text: str, edit: Callable[..., State], what: object, merge: Hashable) -> bool:
        """Edit what a run leaves as it is: where one is under way, undo has the edit before the run.

        Else the States of the run would be cut into as many changes as there are letters in a note.
        """
        last = self._changes[self._index - 1] if self._index and self.in_motion and self.modified else None
        if last is None or last.merge in (None, merge):
            return self.edit(text, edit, what, merge=merge)
        try:
            old, new = edit(last.old, what), edit(last.new, what)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        before = self._changes[self._index - 2] if self._index > 1 else None
        if before and before.merge == merge and self._clean != self._index - 1:
            before.new = old
        else:
            self._changes.insert(self._index - 1, Change(last.old, old, text, merge))
            self._index += 1
        last.old, last.new = old, new
        self._show(new)
        self.undo_changed.emit()
        return True

    def push(self, state: State, text: str, merge: Hashable | None = None) -> None:
        """Replace the State; undo calls it `text`.

        Pushes in a row with the same `merge` are one undo entry, called as the last of them: a drag, a run
        of key presses, a run. What was saved on the way stays an entry of its own.
        """
        if state is self._state:
            return
        last = self._changes[self._index - 1] if self._index else None
        if last and merge is not None and last.merge == merge and self.modified:
            last.new, last.text = state, text
            self._show(state)
            return
        self._keep(Change(self._state, state, text, merge))
        self._show(state)
        self.undo_changed.emit()

    def seal(self) -> None:
        """End the merging: the next push is an undo entry of its own."""
        if self._index:
            self._changes[self._index - 1].merge = None

    def set_in_motion(self, moving: bool) -> None:
        """Say that many States will follow, of which slow views may leave some out, or that all have come."""
        if moving != self.in_motion:
            self.in_motion = moving
            self.motion_changed.emit()
            self.undo_changed.emit()  # what was merged may be called otherwise by now

    def undo_text(self) -> str:
        """Return what undo would take back, or "" where there is nothing."""
        return self._changes[self._index - 1].text if self._index else ""

    def redo_text(self) -> str:
        """Return what redo would do again, or "" where there is nothing."""
        return self._changes[self._index].text if self._index < len(self._changes) else ""

    def last_done(self) -> str:
        """Return what was done or undone last, as a sentence without an end, or "" where it is not known."""
        undone = self._clean is not None and self._index < self._clean
        text = self.redo_text() if undone else self.undo_text()
        return f"{'Undone' if undone else 'Done'} last: {text[:1].upper()}{text[1:]}" if text else ""

    def undo(self) -> bool:
        """Take the last change back; tell whether there was one, and it could be."""
        return self._index > 0 and self._go(self._index - 1, self._changes[self._index - 1].old)

    def redo(self) -> bool:
        """Do the last change again that was undone; tell whether there was one, and it could be."""
        return self._index < len(self._changes) and self._go(self._index + 1, self._changes[self._index].new)

    def open(self, path: Path, progress: Progress | None = None) -> None:
        """Open a file. Raises FileError, and then everything stays as it was."""
        self.start(*self.read(path, progress))

    def offer(self, state: State, text: str) -> None:
        """Let redo replace by `state` what was opened just now, as if that had been undone."""
        assert not self._changes
        self._changes.append(Change(self._state, state, text, None))
        self.undo_changed.emit()

    def start(self, state: State, file: OnDisk | None = None, *, example: bool = False) -> None:
        """Open `state`, which a file holds, or an example, or nothing yet, with nothing to undo."""
        self._changes.clear()
        self._index = self._clean = 0
        self.file, self._example = file, example
        self.saved = state if file or example else None
        self._show(state)
        self.file_changed.emit()
        self.undo_changed.emit()

    def save(self, path: Path | None = None, *, over: bool = False, part: bool = False) -> str:
        """Save to `path`, or where it came from, `over` what another program has written there meanwhile.

        Where the file holds a `part`, nothing counts as saved. Returns what else there is to know, or "".
        Raises ChangedError without `over`, and FileError: then the old file stays as it was.
        """
        before, target = self.file, path or self.path
        assert target is not None
        file = before if before and target == before.path else OnDisk(target, self._written)
        said = file.write(encoded(self._state, target), over=over or file is not before)
        if part:
            if file is before:  # which does not hold any more what it held
                self.mark_unsaved()
            return said
        changed, self.saved, self._clean = self.modified, self._state, self._index
        if changed:
            self.undo_changed.emit()
        if file is not before:
            self.file = file
            self.file_changed.emit()
        return said

    def news(self) -> News:
        """Say what has become of the file, each news once; where there is any, the State is in no file."""
        news = self.file.news() if self.file else News.NONE
        if news is not News.NONE:
            self.mark_unsaved()
        return news

    def take_theirs(self) -> None:
        """Replace the State by what another program has saved; undo brings it back. Raises FileError."""
        assert self.path is not None
        state, self.file = self.read(self.path, activations=self.file.as_read.answer if self.file else None)
        self.push(state, f"Take {file_named(self.file.path)} as it is now")
        self.saved, self._clean = state, self._index
        self.undo_changed.emit()

    def keep_mine(self) -> None:
        """Let the next save replace what another program has saved."""
        if self.file:
            self.file.accept()

    def recover(self, state: State, path: Path | None, digest: bytes, as_read: AsRead | None = None) -> None:
        """Open unsaved changes to `path`, whose bytes had that digest when they were made."""
        self.start(state, OnDisk(path, self._written, digest, as_read) if path else None)
        self.mark_unsaved()

    def mark_unsaved(self) -> None:
        """Say that the State is not what any file holds."""
        self.saved = self._clean = None
        self.undo_changed.emit()

    def read(
        self, path: Path, progress: Progress | None = None, activations: Activations = None
    ) -> tuple[State, OnDisk]:
        """Return what a file holds, and the file as it was read, to `start` with. Raises FileError."""
        data = read_bytes(path, progress)
        source = Source(data, path, progress, activations)
        state = read(source)
        as_read = AsRead(
            "; ".join(source.assumed + source.defaults + source.told), activations, is_saved(source)
        )
        return state, OnDisk(path, self._written, digest_of(data), as_read)

    def _show(self, state: State) -> None:
        old, self._state = self._state, state
        self.state_changed.emit(old, state)
        self.settled.emit()

    def _go(self, index: int, state: State) -> bool:
        if not self.may_change():
            return False
        self._index = index
        self.seal()
        self._show(state)
        self.undo_changed.emit()
        return True

    def _keep(self, change: Change) -> None:
        """Add a change in place of what could be redone, and forget the oldest that are too much."""
        del self._changes[self._index :]
        if self._changes:
            self._changes[-1].weigh()  # what was merged into it may have left less to share
        self._changes.append(change)
        forgotten = len(self._changes) - affordable(self._changes, self._undo_steps, self._undo_bytes)
        del self._changes[:forgotten]
        if self._clean is not None:
            is_there = forgotten <= self._clean <= self._index
            self._clean = self._clean - forgotten if is_there else None
        self._index = len(self._changes)
