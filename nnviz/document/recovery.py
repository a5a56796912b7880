"""Unsaved work survives a crash: a copy in a folder, kept while the document is modified. Imports no widgets.

A copy is two files: `ID.json`, the State in nnviz's own format, and `ID.from`, which holds the path of the
file that it belongs to. The window that writes them holds a lock on `ID.from`, which the system lets go of
when the program ends, however it ends: a copy that nobody locks is a leftover. (A process number would say
less: in a container the next program may get the same one.)
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from PySide6.QtCore import QCoreApplication, QObject, QStandardPaths, QTimer, Signal

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.files import atomic, native
from nnviz.files.registry import load

DELAY_MS = 2000
"""How long after the first unsaved change the copy is written; at most one copy in that time."""


def recovery_folder() -> Path:
    """Return the folder for this person's copies; it need not be there yet."""
    data = QStandardPaths.StandardLocation.AppLocalDataLocation
    return Path(QStandardPaths.writableLocation(data)) / "recovery"


@dataclass(frozen=True)
class Leftover:
    """The copy of unsaved work that a program left when it ended.

    `original` is the file that it belongs to, or None; `written` is when the copy was made, local time.
    """

    copy: Path
    original: Path | None
    written: datetime

    def load(self) -> State:
        """Return the unsaved State. Raises FileError."""
        return load(self.copy)

    def discard(self) -> None:
        """Delete the copy."""
        _delete(self.copy)


def leftovers(folder: Path) -> list[Leftover]:
    """Return the copies in `folder` whose programs no longer run, the latest first; [] without a folder."""
    left = [_leftover(copy) for copy in folder.glob("*.json")]
    return sorted(filter(None, left), key=lambda leftover: leftover.written, reverse=True)


class Recovery(QObject):
    """Keeps a copy of a document in `folder` while it is modified, and none while it is not.

    Writing is done in a thread, for a large State takes longer than a frame. `failed` says in a sentence that
    the copy cannot be written: once, until one is written.
    """

    failed = Signal(str)
    _ended = Signal(object, str)  # the State, and why it could not be written or ""; comes from the thread

    def __init__(self, document: Document, folder: Path, *, delay_ms: int = DELAY_MS) -> None:
        super().__init__()
        self._document, self._folder = document, folder
        self._copy: Path | None = None
        self._copied: Path | None = None
        self._lock: BinaryIO | None = None
        self._tried: State | None = None
        self._kept: State | None = None
        self._thread: threading.Thread | None = None
        self._said = False
        self._timer = QTimer(self, singleShot=True, interval=delay_ms)
        self._timer.timeout.connect(self._write)
        self._ended.connect(self._written)
        document.state_changed.connect(self._follow)
        document.undo_changed.connect(self._follow)
        self._follow()

    def recover(self, leftover: Leftover) -> None:
        """Open `leftover` as unsaved changes to its file, with a copy of its own, and delete it.

        Raises FileError, and then the document and the leftover stay as they were.
        """
        self._document.start(leftover.load(), leftover.original)
        self._document.mark_unsaved()
        self._finish()
        self._write()
        self._finish()
        if self._kept is self._document.state:
            leftover.discard()

    def close(self) -> None:
        """Delete the copy; the document may be closed."""
        self._finish()
        self._timer.stop()
        self._forget()

    def _follow(self) -> None:
        if not self._document.modified:
            self._timer.stop()
            self._forget()
        elif self._document.state is not self._tried and not self._timer.isActive():
            self._timer.start()

    def _forget(self) -> None:
        """Delete the copy; one that is just being written is seen to when it is there."""
        self._tried = self._kept = None
        if self._copy is None or self._thread is not None:
            return
        assert self._lock is not None
        self._lock.close()
        _delete(self._copy)
        self._copy = self._lock = None

    def _write(self) -> None:
        self._timer.stop()
        if self._thread is not None:
            return  # a look is taken when it ends
        state = self._tried = self._document.state
        try:
            copy = self._claimed()
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._written(state, f"{self._folder} cannot be written: {why}")
            return
        self._thread = threading.Thread(target=self._work, args=(state, copy), daemon=True)
        self._thread.start()

    def _claimed(self) -> Path:
        """Return the copy's path, and see to it that it is this window's alone. Raises OSError."""
        if self._copy is not None and self._copied != self._document.path:
            self._forget()  # another file's work must not be recovered into this one
        if self._copy is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            copy = self._folder / f"{secrets.token_hex(8)}.json"
            lock = _beside(copy).open("xb")
            try:
                _take(lock)
                lock.write(os.fsencode(self._document.path.absolute()) if self._document.path else b"")
                lock.flush()
            except OSError:
                lock.close()
                _delete(copy)
                raise
            self._copy, self._lock, self._copied = copy, lock, self._document.path
        return self._copy

    def _work(self, state: State, copy: Path) -> None:
        why = ""
        try:
            atomic.write(copy, native.write(state))
        except Exception as error:  # whatever it is, the next copy must be tried
            why = str(error) or type(error).__name__
        self._ended.emit(state, why)

    def _finish(self) -> None:
        """Wait for what is being written."""
        if self._thread is not None:
            self._thread.join()
            QCoreApplication.sendPostedEvents(self)

    def _written(self, state: State, why: str) -> None:
        self._thread = None
        if not why:
            self._kept, self._said = state, False
        elif not self._said:
            self._said = True
            self.failed.emit(f"nnviz cannot keep a copy of unsaved changes for the case of a crash: {why}")
        self._follow()


def _leftover(copy: Path) -> Leftover | None:
    """Return the copy as a leftover, or None where its window is still there, or where it has just gone."""
    original = b""
    try:
        written = datetime.fromtimestamp(copy.stat().st_mtime)
        with contextlib.suppress(FileNotFoundError), _beside(copy).open("rb") as lock:
            _take(lock)
            original = lock.read()
    except OSError:
        return None
    return Leftover(copy, Path(os.fsdecode(original)) if original else None, written)


def _beside(copy: Path) -> Path:
    return copy.with_suffix(".from")


def _delete(copy: Path) -> None:
    for path in (copy, _beside(copy)):
        with contextlib.suppress(OSError):
            path.unlink()


if sys.platform == "win32":
    import msvcrt

    def _take(file: BinaryIO) -> None:
        """Lock `file` until it is closed, by a byte far behind its end. Raises OSError if somebody has it."""
        file.seek(2**30)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)

else:
    import fcntl

    def _take(file: BinaryIO) -> None:
        """Lock `file` until it is closed. Raises OSError if somebody has it."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
