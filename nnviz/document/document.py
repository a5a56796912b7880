"""What is open: one State, its undo stack, and the file it came from. Knows nothing of widgets."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from nnviz.core.state import State
from nnviz.files.registry import load, save

UNDO_BYTES = 256 * 2**20
"""How much memory the States that only undo needs may hold."""


class Document(QObject):
    """The one State that is open. Nothing changes it but `push`, `undo`, `redo` and `open`.

    ================= =====================================================================
    `state_changed`   (old, new) State, after every change
    `file_changed`    the path is another one, or another document is open
    `undo_changed`    what can be undone, redone or needs saving is different now
    ================= =====================================================================
    """

    state_changed = Signal(object, object)
    file_changed = Signal()
    undo_changed = Signal()

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self.path: Path | None = None
        self._stack = QUndoStack(self)
        self._commands: list[_Replace] = []
        self._stack.indexChanged.connect(self.undo_changed)
        self._stack.cleanChanged.connect(self.undo_changed)

    @property
    def state(self) -> State:
        """The State as it is now."""
        return self._state

    @property
    def modified(self) -> bool:
        """Whether there is anything to save."""
        return not self._stack.isClean()

    @property
    def title(self) -> str:
        """What the document is called: its own name, or its file's."""
        return self._state.name or (self.path.stem if self.path else "Untitled")

    def push(self, state: State, text: str, merge: Hashable | None = None) -> None:
        """Replace the State; undo calls it `text`.

        Pushes in a row with the same `merge` are one undo entry: a drag, a run of key presses, a run.
        """
        if state is self._state:
            return
        command = _Replace(self, self._state, state, text, merge)
        index = self._stack.index()
        self._commands[index:] = [command]
        self._stack.push(command)
        if self._stack.index() == index:
            self._commands.pop()  # merged into the one before
        else:
            self._forget_oldest()

    def seal(self) -> None:
        """End the merging: the next push is an undo entry of its own."""
        if self._commands:
            self._commands[-1].merge = None

    def undo_text(self) -> str:
        """Return what undo would take back, or "" where there is nothing."""
        index = self._stack.index()
        return self._commands[index - 1].name if index and not self._commands[index - 1].isObsolete() else ""

    def redo_text(self) -> str:
        """Return what redo would do again, or "" where there is nothing."""
        return self._commands[self._stack.index()].name if self._stack.canRedo() else ""

    def undo(self) -> None:
        """Take the last change back."""
        if self.undo_text():
            self._stack.undo()

    def redo(self) -> None:
        """Do the last change again that was undone."""
        self._stack.redo()

    def open(self, path: Path) -> None:
        """Open a file. Raises FileError, and then everything stays as it was."""
        self.start(load(path), path)

    def start(self, state: State, path: Path | None = None) -> None:
        """Open `state`, saved in `path` or nowhere yet, with nothing to undo."""
        self._stack.clear()
        self._commands.clear()
        self.path = path
        self.show(state)
        self.file_changed.emit()

    def save(self, path: Path | None = None) -> None:
        """Save to `path`, or where it came from. Raises FileError, and then the old file stays as it was."""
        target = path or self.path
        assert target is not None
        save(self._state, target)
        self._stack.setClean()
        if target != self.path:
            self.path = target
            self.file_changed.emit()

    def mark_unsaved(self) -> None:
        """Say that the State is not what any file holds, as after a recovery."""
        self._stack.resetClean()

    def show(self, state: State) -> None:
        """Make `state` the present one, for the undo command."""
        old, self._state = self._state, state
        self.state_changed.emit(old, state)

    def _forget_oldest(self) -> None:
        held = 0
        for command in reversed(self._commands):
            if command.isObsolete():
                return
            held += command.bytes_held()
            if held > UNDO_BYTES and command is not self._commands[-1]:
                command.forget(self._state)


class _Replace(QUndoCommand):
    """Replace the State by another: the one undo command."""

    def __init__(self, document: Document, old: State, new: State, text: str, merge: Hashable | None) -> None:
        super().__init__(text)
        self.name = text
        self.document = document
        self.old, self.new = old, new
        self.merge = merge

    def redo(self) -> None:
        self.document.show(self.new)

    def undo(self) -> None:
        self.document.show(self.old)

    def id(self) -> int:
        return 1

    def mergeWith(self, other: QUndoCommand) -> bool:  # noqa: N802
        assert isinstance(other, _Replace)
        if self.merge is None or self.merge != other.merge:
            return False
        self.new = other.new
        return True

    def bytes_held(self) -> int:
        """Return the size of what only undoing this would need."""
        shared = {id(layer) for layer in self.new.network.layers}
        size = sum(layer.weights.nbytes for layer in self.old.network.layers if id(layer) not in shared)
        if self.old.data is not self.new.data:
            size += self.old.data.inputs.nbytes
        if self.old.run is not None and self.old.run is not self.new.run:
            size += self.old.run.memory.nbytes
        return size

    def forget(self, present: State) -> None:
        """Let the States go; undo ends here."""
        self.setObsolete(True)
        self.old = self.new = present
