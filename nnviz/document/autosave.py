"""Autosave: copies of unsaved work, and recovery after a crash.

A copy of unsaved work has the name `ID.copy`, where ID is random. The process that writes the copy locks the
empty file `ID.lock`. If no process has locked `ID.lock`, the copy can be recovered.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import weakref
from datetime import datetime
from operator import attrgetter
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QStandardPaths, QTimer, Signal

from nnviz.core.numbers import counted, file_label
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.files import atomic, snapshot
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import FileError, reading_error
from nnviz.files.on_disk import BACKUP_SUFFIX, ReadNotes
from nnviz.files.registry import is_native, is_saved_at, losses_on_overwrite, losses_on_save
from nnviz.files.snapshot import About, Copy

DAMAGED = ".damaged"
"""File name suffix of copies of unsaved work that nnviz cannot read."""

LATEST_S = 2.0**34
"""Latest time of a file, in seconds since 1970 (year 2514). A later time is replaced by this time."""


class WorkCopy:
    """A copy of unsaved work, which this window locks. At program end, the lock is released.

    ========= ================================================================================
    `about`   description: the document's title, contents and file, when the copy was written
    `written` local time at which the copy was written
    ========= ================================================================================

    The method `load` sets these attributes. Until then, the copy may not exist.
    """

    about: About
    written: datetime

    def __init__(self, path: Path) -> None:
        """Lock the copy at `path`. Raises OSError."""
        self.path = path
        self._lock = atomic.LockHeld(path.with_suffix(".lock"))

    @classmethod
    def new(cls, folder: Path) -> WorkCopy:
        """Lock and return a new copy in `folder`. Only the user can read `folder`.

        Raises OSError if `folder` or the lock cannot be created.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
        return cls(folder / f"{os.urandom(8).hex()}.copy")

    def load(self) -> State:
        """Return the State in the copy. Raises FileError if the copy is missing, damaged or too large."""
        copy = Copy(read_bytes(self.path))
        self.about, self.written = copy.about, datetime.fromtimestamp(_mtime_s(self.path))
        return copy.state()

    def release(self) -> None:
        """Release the lock and keep the copy, so that any window can offer the copy again."""
        self._lock.release()

    def discard(self) -> None:
        """Delete the copy and then the lock."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        self._lock.discard()


def claim_leftovers(folder: Path) -> tuple[list[WorkCopy], str]:
    """Lock the copies in `folder` whose programs have ended; return (copies, sentence).

    The latest copy comes first. A copy that nnviz cannot read is renamed
    if possible. The sentence reports the unreadable copies, or is "" if every copy can be read.
    """
    leftovers, faults = [], []
    for path in _files_in(folder, ".copy"):
        try:
            work = WorkCopy(path)
        except BlockingIOError:  # another program uses it
            continue
        except OSError as error:  # unknown whether another program uses it
            faults.append((reading_error(path.with_suffix(".lock"), error), path))
            continue
        try:
            work.load()
            leftovers.append(work)
        except FileError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # its program has just deleted it
                work.discard()
            else:
                faults.append((error, _set_aside_copy(work, error)))
    atomic.delete_leftovers(folder)  # partial copies
    locks = _files_in(folder, ".lock")
    atomic.delete_stale(path for path in locks if not os.path.exists(path.with_suffix(".copy")))
    return sorted(leftovers, key=attrgetter("written"), reverse=True), _faults_sentence(faults)


def _set_aside_copy(work: WorkCopy, error: FileError) -> Path:
    """Rename a damaged copy and return its path. A copy that cannot be opened or renamed keeps its name."""
    damaged = work.path.with_suffix(DAMAGED)
    try:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__
        os.replace(work.path, damaged)
    except OSError:
        work.release()
        return work.path
    work.discard()
    return damaged


def _faults_sentence(faults: list[tuple[FileError, Path]]) -> str:
    """Return a sentence with reason and path on the copies that cannot be recovered, or "" without faults."""
    if not faults:
        return ""
    error, copy = faults[0]
    where = f"{file_label(copy)} in {copy.parent}"
    if len(faults) == 1:
        return f"A copy of unsaved work cannot be recovered: {error}; the copy is kept as {where}"
    return f"{len(faults)} copies of unsaved work cannot be recovered. The first copy is {where}: {error}"


def _files_in(folder: Path, suffix: str) -> list[Path]:
    """Return the files in a folder that have this suffix, or [] if the folder cannot be read."""
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(suffix)]
    except OSError:
        return []


def _mtime_s(path: Path) -> float:
    """Return the time of the last write in seconds, or the current time if the file is gone."""
    try:
        return min(max(0.0, os.stat(path).st_mtime), LATEST_S)
    except OSError:
        return time.time()


DELAY_MS = 2000
"""Least time from the first unsaved change to a copy, and between two copies, in milliseconds."""
LONGER = 4
"""Delay of a copy after a failure, as a multiple of DELAY_MS: 8 seconds."""


def data_folder() -> Path:
    """Return the path of the folder for nnviz's own data of this user. The folder may not exist yet."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))


class Recovery(QObject):
    """Keeps a copy of a document in `folder` while the document has unsaved changes.

    A thread writes the copy, so the window never waits for the disk. If a copy cannot be written, the signal
    `failed` carries a sentence. `failed` is emitted again only if a copy was written in between.
    """

    failed = Signal(str)
    _writing_ended = Signal(object, str)  # from the thread: the arguments of `_record`

    def __init__(self, document: Document, folder: Path, *, delay_ms: int = DELAY_MS) -> None:
        super().__init__()
        self._document, self._folder, self._delay_ms = document, folder, delay_ms
        self._copy: WorkCopy | None = None
        self._copied: weakref.ref[State] | None = None  # weak, so that a run's history can be freed
        self._thread: threading.Thread | None = None
        self._failing = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._write)
        self._writing_ended.connect(self._record)
        document.changed.connect(self._follow)
        document.undo_changed.connect(self._follow)
        self._follow()

    @property
    def busy(self) -> bool:
        """Whether the document has unsaved changes that are not yet in the copy."""
        return self._document.modified and not (self._copied and self._copied() is self._document.state)

    def recover(self, leftover: WorkCopy) -> None:
        """Open the unsaved work in `leftover`, which becomes the copy of this document.

        If FileError is raised, the document and the leftover stay unchanged.
        """
        state, path = leftover.load(), leftover.about.original
        as_read = ReadNotes(is_saved=path is None or is_saved_at(path))
        self._finish()
        self._document.recover(state, path, leftover.about.digest, as_read)
        self._timer.stop()
        self._copy, self._copied = leftover, weakref.ref(state)

    def leave(self) -> None:
        """Copy all unsaved changes for the next start, because the program ends without asking to save."""
        self._finish()
        if self.busy:
            self._write()
            self._finish()
        self._timer.stop()
        self._document.changed.disconnect(self._follow)
        self._document.undo_changed.disconnect(self._follow)
        if self._copy:
            self._copy.release()

    def close(self) -> None:
        """Delete the copy, because the document is about to be closed."""
        self._finish()
        self._forget()

    def _follow(self) -> None:
        if not self._document.modified:
            self._forget()
        elif self.busy and not self._timer.isActive():
            self._timer.start(self._delay_ms * (LONGER if self._failing else 1))

    def _forget(self) -> None:
        """Delete the copy; if it is still being written, `_record` calls this again."""
        self._timer.stop()
        self._copied = None
        if self._thread is not None:
            return
        if self._copy:
            self._copy.discard()
        self._copy = None

    def _write(self) -> None:
        self._timer.stop()
        if self._thread is not None:
            return  # `_record` checks again when the thread ends
        state = self._document.state
        try:
            self._copy = self._copy or WorkCopy.new(self._folder)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            self._record(state, f"{self._folder} cannot be used: {why}")
            return
        parts = snapshot.copy_parts(self._document.whole_state, _about(self._document))
        work = state, self._copy.path, parts
        self._thread = threading.Thread(target=self._work, args=work, daemon=True)
        self._thread.start()

    def _work(self, state: State, copy: Path, parts: snapshot.Parts) -> None:
        why = ""
        try:
            atomic.write(copy, *snapshot.with_digest(parts), private=True)
        except Exception as error:  # after any failure, the next copy must be tried
            why = str(error) or type(error).__name__
        self._writing_ended.emit(state, why)

    def _finish(self) -> None:
        """Wait until the thread has written the copy."""
        if self._thread is not None:
            self._thread.join()
            QCoreApplication.sendPostedEvents(self)

    def _record(self, state: State, why: str) -> None:
        """Record that `state` was copied, or report `why` copying failed."""
        if self._thread is not None:
            self._thread.join()  # the thread is done, but holds the State until it ends
        self._thread, has_reported, self._failing = None, self._failing, bool(why)
        if not why:
            self._copied = weakref.ref(state)
        elif not has_reported:
            self.failed.emit(f"Autosave failed, so a crash would lose the unsaved changes: {why}")
        self._follow()


def state_summary(state: State) -> str:
    """Return a description of a State as text: "2-2-1 network, 4 rows, iteration 20"."""
    shape = state.network.in_words
    run = f", iteration {state.iteration}" if state.iteration else ""
    return f"{shape} network, {counted(len(state.data), 'row')}{run}"


def _about(document: Document) -> About:
    file = document.file
    path, digest = (file.path.absolute(), file.digest) if file else (None, b"")
    return About(document.title, state_summary(document.state), path, digest)


def loss_on_save(document: Document, path: Path) -> str:
    """Return sentences on the content that saving as `path` would lose, or "" if nothing would be lost.

    If `path` is the document's own file in nnviz's format, content that the last save already lost is not
    reported again. Raises FileError for an unknown suffix.
    """
    lost = losses_on_save(document.state, path)
    if path == document.path and document.saved and is_native(path):
        lost = lost if lost != losses_on_save(document.saved, path) else ""
    return ". ".join(filter(None, (lost, _replaced(path))))


def _replaced(path: Path) -> str:
    try:
        lost = losses_on_overwrite(path)
    except FileError:
        return ""  # the file does not exist, or the save reports the fault
    return f"{lost}; the previous version stays as {file_label(path)}{BACKUP_SUFFIX}" if lost else ""
