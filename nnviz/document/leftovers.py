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

from nnviz.core.names import file_named
from nnviz.core.state import State
from nnviz.files import atomic, lock
from nnviz.files.errors import FileError, reading_failed
from nnviz.files.opening import read_bytes
from nnviz.files.snapshot import Copy

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
    lock.sweep(path for path in _files(folder, ".lock") if not os.path.exists(path.with_suffix(".copy")))
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
