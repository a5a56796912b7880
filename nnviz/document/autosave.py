"""Unsaved work survives a crash: a copy in a folder while the document is modified. Imports no widgets."""

from __future__ import annotations

import threading
import time
import weakref
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QStandardPaths, QTimer, Signal

from nnviz.core.numbers import counted
from nnviz.core.run import Architecture
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.leftovers import Claim, Leftover
from nnviz.files import atomic, snapshot
from nnviz.files.on_disk import AsRead
from nnviz.files.registry import is_saved_at

DELAY_MS = 2000
"""How long after the first unsaved change the copy is written; at most one copy in that time."""
LATEST = 4
"""So many times as long may it be where writing takes long, or has failed: 8 seconds."""
SHARE = 20
"""Of this many times, one is spent on writing."""


def data_folder() -> Path:
    """Return the folder for what nnviz keeps for this person on this machine; it need not be there yet."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))


class Recovery(QObject):
    """Keeps a copy of a document in `folder` while it is modified, and none while it is not.

    The copy is taken between two events, which costs next to nothing, and written in a thread that holds up
    nobody: all it does is to wait for the disk. `failed` says in a sentence that the copy cannot be written:
    once, until one is written.
    """

    failed = Signal(str)
    _ended = Signal(object, object, str)  # from the thread, as `_written` takes it

    def __init__(self, document: Document, folder: Path, *, delay_ms: int = DELAY_MS) -> None:
        super().__init__()
        self._document, self._folder, self._delay_ms = document, folder, delay_ms
        self._claim: Claim | None = None
        self._recovered: Leftover | None = None
        self._kept: weakref.ref[State] | None = None  # held, it would keep a run's history in memory
        self._thread: threading.Thread | None = None
        self._began_s = self._took_s = 0.0
        self._failing = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._write)
        self._ended.connect(self._written)
        document.state_changed.connect(self._follow)
        document.undo_changed.connect(self._follow)
        self._follow()

    @property
    def busy(self) -> bool:
        """Whether there is something to keep that is not kept yet."""
        return self._document.modified and not (self._kept and self._kept() is self._document.state)

    def recover(self, leftover: Leftover) -> None:
        """Open `leftover` as unsaved changes to its file; it is deleted once there is a copy of its own.

        Raises FileError, and then the document and the leftover stay as they were.
        """
        state, path = leftover.load(), leftover.original
        as_read = AsRead(is_saved=path is None or is_saved_at(path))
        self._document.recover(state, path, leftover.digest, as_read)
        self._recovered = leftover
        self._write()

    def leave(self) -> None:
        """Keep all that is unsaved for the next start: the program ends, and nobody can be asked."""
        self._finish()
        if self.busy:
            self._write()
            self._finish()
        self._timer.stop()
        self._document.state_changed.disconnect(self._follow)
        self._document.undo_changed.disconnect(self._follow)
        for held in (self._claim, self._recovered):
            if held:
                held.release()

    def close(self) -> None:
        """Delete the copy; the document may be closed."""
        self._finish()
        self._timer.stop()
        self._forget()

    def _follow(self) -> None:
        if not self._document.modified:
            self._timer.stop()
            self._forget()
        elif self.busy and not self._timer.isActive():
            self._timer.start(self._pause_ms())

    def _pause_ms(self) -> int:
        longest = LATEST * self._delay_ms
        if self._failing:
            return longest
        return max(self._delay_ms, min(longest, int(1000 * SHARE * self._took_s)))

    def _forget(self) -> None:
        """Delete the copy; one that is just being written is seen to when it is there."""
        self._kept = None
        if self._thread is not None:
            return
        for held in (self._claim, self._recovered):
            if held:
                held.discard()
        self._claim = self._recovered = None

    def _write(self) -> None:
        self._timer.stop()
        if self._thread is not None:
            return  # a look is taken when it ends
        state, before, self._began_s = self._document.state, self._recovered, time.monotonic()
        try:
            self._claim = self._claim or Claim.new(self._folder)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._written(state, before, f"{self._folder} cannot be used: {why}")
            return
        work = (state, before, self._claim.copy, snapshot.parts(state, self._about()))
        self._thread = threading.Thread(target=self._work, args=work, daemon=True)
        self._thread.start()

    def _about(self) -> snapshot.About:
        state, file = self._document.state, self._document.file
        path, digest = (file.path.absolute(), file.digest) if file else (None, b"")
        return snapshot.About(self._document.title, holds(state), path, digest)

    def _work(self, state: State, before: Leftover | None, copy: Path, parts: snapshot.Parts) -> None:
        why = ""
        try:
            atomic.write(copy, *snapshot.sealed(parts), private=True)
        except Exception as error:  # whatever it is, the next copy must be tried
            why = str(error) or type(error).__name__
        self._ended.emit(state, before, why)

    def _finish(self) -> None:
        """Wait for what is being written."""
        if self._thread is not None:
            self._thread.join()
            QCoreApplication.sendPostedEvents(self)

    def _written(self, state: State, before: Leftover | None, why: str) -> None:
        """Take in that a copy of `state`, in the place of the leftover `before`, is there, or `why` not."""
        if self._thread is not None:
            self._thread.join()  # has nothing left to do, but holds the State until the thread ends
        self._thread, said_before = None, self._failing
        self._took_s, self._failing = time.monotonic() - self._began_s, bool(why)
        if not why:
            self._kept = weakref.ref(state)
            if before is not None:
                before.discard()
                self._recovered = None
        elif not said_before:
            self.failed.emit(f"nnviz cannot keep a copy of unsaved changes for the case of a crash: {why}")
        self._follow()


def holds(state: State) -> str:
    """Return what a copy of a State holds, in words: "2-2-1 network, 4 rows, iteration 20"."""
    shape = Architecture.of(state.network).in_words
    run = f", iteration {state.iteration}" if state.iteration else ""
    return f"{shape} network, {counted(len(state.data), 'row')}{run}"
