"""Copies of unsaved work in a folder: whose they are, and those of programs that have ended. Imports no Qt.

A copy, `ID.copy`, belongs to who holds the lock on `ID.lock`; what nobody holds is a leftover.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from datetime import datetime
from pathlib import Path

from nnviz.core.state import State
from nnviz.files import atomic, lock
from nnviz.files.errors import FileError, reading_failed
from nnviz.files.snapshot import Copy

DAMAGED = ".damaged"
"""What the name of a copy that cannot be read ends in."""
MOST_DAMAGED = 5
"""So many of them are kept for inspection, the latest."""


class Claim:
    """The right to a copy, whether it is there or not; the system takes it back when the program ends."""

    def __init__(self, copy: Path, *, new: bool = False) -> None:
        """Claim a copy, `new` or there already. Raises OSError."""
        self.copy = copy
        self._held = lock.Held(copy.with_suffix(".lock"), new=new)

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
        """Read the copy. Raises OSError where it is gone, and FileError for a damaged one."""
        self.title, self.holds, self.original, self.digest = Copy(claim.copy.read_bytes()).about
        self._claim = claim
        self.written = datetime.fromtimestamp(os.stat(claim.copy).st_mtime)

    def load(self) -> State:
        """Return the unsaved State. Raises FileError."""
        try:
            return Copy(self._claim.copy.read_bytes()).state()
        except OSError as error:
            raise reading_failed(self._claim.copy, error) from error

    def discard(self) -> None:
        """Delete the copy."""
        self._claim.discard()

    def release(self) -> None:
        """Leave it to be offered again, by this program or another."""
        self._claim.release()


def claimed(folder: Path) -> tuple[list[Leftover], str]:
    """Claim the copies in `folder` whose programs no longer run, the latest first, and clear up.

    A damaged one is put aside for inspection, which is told in a sentence; else that is "".
    """
    found, said = [], ""
    for copy in _files(folder, ".copy"):
        try:
            claim = Claim(copy)
        except OSError:  # somebody has it, or nobody can tell
            continue
        try:
            found.append(Leftover(claim))
        except FileNotFoundError:  # who had it has just deleted it
            claim.discard()
        except OSError:
            claim.release()
        except FileError as error:
            said = _put_aside(claim, error)
    _clear_up(folder)
    return sorted(found, key=lambda leftover: leftover.written, reverse=True), said


def _put_aside(claim: Claim, error: FileError) -> str:
    damaged = claim.copy.with_suffix(DAMAGED)
    with contextlib.suppress(OSError):
        os.replace(claim.copy, damaged)
    claim.discard()
    return f"A copy of unsaved work cannot be recovered: {error}; it is kept in {damaged.parent}"


def _clear_up(folder: Path) -> None:
    """Delete what is of no use to anybody any more: half copies, locks without a copy, old damaged copies."""
    atomic.sweep(folder)
    lock.sweep(path for path in _files(folder, ".lock") if not os.path.exists(path.with_suffix(".copy")))
    for damaged in sorted(_files(folder, DAMAGED), key=_written_s)[:-MOST_DAMAGED]:
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
        return os.stat(path).st_mtime
    except OSError:
        return time.time()
