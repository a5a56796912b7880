"""Autosave: copies of unsaved work, recovery after a crash, and runs kept for a file.

Every running nnviz holds a lock on an empty file named after the path that it has open. A copy `ID.copy`
belongs to the process that holds the lock on `ID.lock`; a copy without a lock was left by a process that
ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
import weakref
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QStandardPaths, QTimer, Signal

from nnviz.core.numbers import counted, file_named
from nnviz.core.replay import is_trained, leads_to, makes_again
from nnviz.core.state import Architecture, State
from nnviz.document.document import Document
from nnviz.files import atomic, snapshot
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import FileError, reading_failed
from nnviz.files.on_disk import KEPT, AsRead, OnDisk
from nnviz.files.registry import is_native, is_saved_at, left_out, replaced
from nnviz.files.runs import savable
from nnviz.files.snapshot import About, Copy


class Presence:
    """Says to other windows which file is open here, and knows how many of them have it open too.

    Where `folder` cannot be written or has no locks, nobody knows of anybody.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ""
        self._held: atomic.LockHeld | None = None

    def move_to(self, path: Path | None) -> None:
        """Say that `path`, or nothing that has a file, is open here from now on."""
        self.leave()
        if path is None:
            return
        self._key = key_of(path)
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = atomic.LockHeld(self._folder / f"{self._key}-{secrets.token_hex(6)}", new=True)

    def others(self) -> int:
        """Return how many other windows have the same file open; clear up after those that have ended."""
        with contextlib.suppress(OSError):
            own = self._held.path.name if self._held else ""
            files = [self._folder / name for name in os.listdir(self._folder) if name != own]
            atomic.delete_stale(files)
            return sum(_is_held(file) for file in files if file.name.startswith(f"{self._key}-"))
        return 0

    def leave(self) -> None:
        """Say that nothing is open here any more."""
        if self._held:
            self._held.discard()
        self._held, self._key = None, ""


def key_of(path: Path) -> str:
    """Return what a file is known by, whichever way leads to it."""
    return hashlib.blake2b(os.fsencode(os.path.realpath(path)), digest_size=12).hexdigest()


def _is_held(file: Path) -> bool:
    with contextlib.suppress(OSError):
        return atomic.is_locked(file)
    return False


MOST, MOST_BYTES = 20, 256 * 2**20
"""So many files' runs are kept, of so many bytes together: the latest."""


class KeptRuns:
    """Runs in `folder`, one a file; without a folder none is kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def keep(self, document: Document) -> bool:
        """Tell whether `document` can be left without loss, since only training has changed it.

        An example's run by its own settings can be made again; that of a file is kept, where that can be.
        One that goes on from here is kept already: it stays.
        """
        saved, state, file = document.saved, document.state, document.file
        if saved is None or not is_trained(saved, state):
            return False
        if file is None:
            again = state.iteration == saved.iteration or makes_again(saved, state)
            return again and state.training == saved.training
        if self._folder is None or state.iteration <= saved.iteration or savable(state) is not state:
            return False
        kept = self._kept(file, saved)
        if kept and leads_to(state, kept) and all(run in kept.runs for run in state.runs):
            return True
        about = About(document.title, holds(state), file.path.absolute(), file.digest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = self._copy(self._folder, file.path)
            atomic.write(copy, *snapshot.sealed(snapshot.parts(state, about)), private=True)
        except (OSError, FileError):
            return False
        _sweep(self._folder, copy)
        return True

    def offer(self, document: Document) -> str:
        """Let redo take up what is kept for the file that was just opened; return a sentence on it, or ""."""
        file, opened = document.file, document.state
        later = self._kept(file, opened) if file else None
        if later is None:
            return ""
        made = counted(later.iteration - opened.iteration, "update")
        document.offer(later, f"Run of {made}")
        return f"a run of {made} from before is kept, and Redo takes it up"

    def _kept(self, file: OnDisk, opened: State) -> State | None:
        """Return what is kept of `file`, which holds `opened`, as what training has made of it."""
        if self._folder is None:
            return None
        try:
            copy = Copy(read_bytes(self._copy(self._folder, file.path)))
            return _after(opened, copy.state()) if copy.about.digest == file.digest else None
        except FileError:
            return None

    @staticmethod
    def _copy(folder: Path, path: Path) -> Path:
        return folder / f"{key_of(path)}.run"


def _after(opened: State, kept: State) -> State | None:
    """Return `kept` as what training has made of `opened`; None where it was something else."""
    run = kept.run
    start = opened.run.start if opened.run else opened.network
    if run is None or run.start.layers != start.layers or kept.data != opened.data:
        return None
    later = replace(kept, data=opened.data, run=replace(run, start=start))
    return later if later.iteration > opened.iteration and is_trained(opened, later) else None


def _sweep(folder: Path, latest: Path) -> None:
    """Delete the oldest that are too many or too large; the latest stays."""
    atomic.sweep(folder)
    held = 0
    with contextlib.suppress(OSError):
        copies = sorted(folder.glob("*.run"), key=lambda path: path.lstat().st_mtime, reverse=True)
        for count, path in enumerate(copies, 1):
            held += path.lstat().st_size
            if path != latest and (count > MOST or held > MOST_BYTES):
                with contextlib.suppress(OSError):  # of a folder that is called so
                    os.unlink(path)


DAMAGED = ".damaged"
"""What the name of a copy that cannot be read ends in."""
MOST_DAMAGED = 5
"""So many of them are kept for inspection, the latest."""

LATEST_S = 2.0**34
"""Of the times that a file can have, those after the year 2514 are no dates everywhere."""


class Claim:
    """The right to a copy, whether it is there or not; the system takes it back when the program ends."""

    def __init__(self, copy: Path, *, new: bool = False) -> None:
        """Claim a copy, `new` or there already. Raises OSError."""
        self.copy = copy
        self._held = atomic.LockHeld(copy.with_suffix(".lock"), new=new)

    @classmethod
    def new(cls, folder: Path) -> Claim:
        """Return the right to a copy of one's own, in a folder for its owner alone. Raises OSError."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)
        return cls(folder / f"{secrets.token_hex(8)}.copy", new=True)

    def release(self) -> None:
        """Leave the copy to others."""
        self._held.release()

    def discard(self) -> None:
        """Delete the copy, and then the lock."""
        with contextlib.suppress(OSError):
            os.unlink(self.copy)
        self._held.discard()


class Leftover:
    """The copy of unsaved work that a program left when it ended, claimed: nobody else is offered it.

    ========== ========================================================================
    `title`    what the document was called
    `holds`    what it holds, in words
    `original` the file that it belongs to, or None
    `digest`   of that file's bytes, as they were
    `written`  when the copy was made, local time
    ========== ========================================================================
    """

    def __init__(self, claim: Claim) -> None:
        """Read the copy. Raises FileError for one that is gone, damaged, or no file of a sane size."""
        copy = Copy(read_bytes(claim.copy))
        copy.state()
        self.title, self.holds, self.original, self.digest = copy.about
        self._claim = claim
        self.written = datetime.fromtimestamp(_written_s(claim.copy))

    def load(self) -> State:
        """Return the unsaved State. Raises FileError."""
        return Copy(read_bytes(self._claim.copy)).state()

    def discard(self) -> None:
        """Delete the copy."""
        self._claim.discard()

    def release(self) -> None:
        """Leave it to be offered again, by this program or another."""
        self._claim.release()


def claimed(folder: Path) -> tuple[list[Leftover], str]:
    """Claim the copies in `folder` whose programs no longer run, the latest first, and clear up.

    What cannot be read is put aside for inspection, or stays. Return a sentence on that as well, or "".
    """
    found, faults = [], []
    for copy in _files(folder, ".copy"):
        try:
            claim = Claim(copy)
        except BlockingIOError:  # somebody has it
            continue
        except OSError as error:  # nobody can tell
            faults.append((reading_failed(copy.with_suffix(".lock"), error), copy))
            continue
        try:
            found.append(Leftover(claim))
        except FileError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # who had it has just deleted it
                claim.discard()
            else:
                faults.append((error, _put_aside(claim, error)))
    _clear_up(folder, {kept for _, kept in faults})
    return sorted(found, key=lambda leftover: leftover.written, reverse=True), _told(faults)


def _put_aside(claim: Claim, error: FileError) -> Path:
    """Rename a damaged copy, if that can be; return where it is. One that cannot be read may be whole."""
    damaged = claim.copy.with_suffix(DAMAGED)
    try:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__
        os.replace(claim.copy, damaged)
    except OSError:
        claim.release()
        return claim.copy
    claim.discard()
    return damaged


def _told(faults: list[tuple[FileError, Path]]) -> str:
    """Return a sentence on copies that cannot be recovered, each with why and where it is; "" for none."""
    if not faults:
        return ""
    (error, kept), *others = faults
    more = f", and so {'is another' if len(others) == 1 else f'are {len(others)} others'}" if others else ""
    return (
        f"A copy of unsaved work cannot be recovered: {error}; "
        f"it is kept as {file_named(kept)} in {kept.parent}{more}"
    )


def _clear_up(folder: Path, kept: set[Path]) -> None:
    """Delete half copies, locks without a copy, and older damaged copies than those in `kept`."""
    atomic.sweep(folder)
    atomic.delete_stale(
        path for path in _files(folder, ".lock") if not os.path.exists(path.with_suffix(".copy"))
    )
    old_first = sorted(_files(folder, DAMAGED), key=lambda path: (path in kept, _written_s(path)))
    for damaged in old_first[: -max(MOST_DAMAGED, len(kept))]:
        with contextlib.suppress(OSError):
            os.unlink(damaged)


def _files(folder: Path, suffix: str) -> list[Path]:
    """Return the files of a folder that end so; none where it cannot be looked into."""
    try:
        return [folder / name for name in os.listdir(folder) if name.endswith(suffix)]
    except OSError:
        return []


def _written_s(path: Path) -> float:
    """Return when a file was written, now for one that has just gone."""
    try:
        return min(max(0.0, os.stat(path).st_mtime), LATEST_S)
    except OSError:
        return time.time()


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


def lost_by_saving(document: Document, path: Path) -> str:
    """Return what a save at `path` would lose, or "". Raises FileError for an unknown suffix.

    What nnviz's own file leaves out and left out before, when it was saved there last, is not told again.
    """
    lost = left_out(document.state, path)
    if path == document.path and document.saved and is_native(path):
        lost = lost if lost != left_out(document.saved, path) else ""
    return ". ".join(filter(None, (lost, _replaced(path))))


def _replaced(path: Path) -> str:
    try:
        lost = replaced(path)
    except FileError:
        return ""  # there is none, or the save says what is wrong with it
    return f"{lost}; the version before stays as {file_named(path)}{KEPT}" if lost else ""
