"""File of an open document, with checks for changes by other programs and a backup of the previous version.

This module is independent of file formats.
"""

from __future__ import annotations

import os
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from nnviz.files import atomic
from nnviz.files.atomic import is_stream, read_bytes
from nnviz.files.errors import FileError
from nnviz.files.source import Activations

BACKUP_SUFFIX = "~"
"""Suffix of the file with the previous version."""
LOOKS = 5
"""If other programs change the file this many times during one save, the save fails."""
_NO_FILE, _UNKNOWN = b"", b"?"
"""_NO_FILE: digest for a missing file. _UNKNOWN: digest for a file that cannot be read."""

_Stamp = tuple[int, ...] | None
_NEVER: _Stamp = ()


Versions = set[tuple[str, bytes]]
"""Versions of files, each with the file's real path and the digest of its bytes."""


class News(Enum):
    """Change of a file on the disk since the last check."""

    NONE = auto()
    CHANGED = auto()
    GONE = auto()


class ChangedError(FileError):
    """Error for a file that another program has changed since nnviz last opened or saved the file."""


class ReadNotes(NamedTuple):
    """What nnviz remembers after reading a file."""

    notes: str = ""
    """Sentences on how the network in the window differs from the file."""
    activations: Activations = None
    """Activations that the user has given for a file without activations; None if not given."""
    is_saved: bool = True
    """Whether a save under the same name keeps the file's format."""


class OpenFile:
    """The file at `path`; `digest` is the digest of the bytes that nnviz last read from or wrote to the file.

    `written` has a (real path, digest) pair for every version that this session has written. If a save
    replaces any other version, nnviz keeps that version as `name.json~`. `as_read` says how the
    network differs from the file, and which activations the user gave.
    """

    def __init__(
        self, path: Path, written: Versions, digest: bytes = _UNKNOWN, as_read: ReadNotes | None = None
    ) -> None:
        self.as_read = as_read or ReadNotes()
        self.path, self.digest, self._written = path, digest, written
        self._last_stamp = _NEVER

    def news(self) -> News:
        """Return how the file has changed since the last call."""
        stamp = _stamp(self.path)
        if stamp == self._last_stamp or is_stream(self.path):
            return News.NONE
        self._last_stamp = stamp
        if stamp is None:
            return News.NONE if self.digest == _NO_FILE else News.GONE
        return News.NONE if _read(self.path)[0] == self.digest else News.CHANGED

    def accept(self) -> None:
        """Accept the present version of the file, so that a save may replace it."""
        self._last_stamp = _stamp(self.path)
        self.digest, _ = _read(self.path)

    def write(self, data: bytes, *, overwrite: bool = False) -> str:
        """Save `data`. Return a sentence if the previous version could not be kept, else "".

        Raises ChangedError if another program has changed the file. With `overwrite=True`, raises the error
        only if a program keeps changing the file. Raises FileError for other failures. After an error, the
        old file is unchanged.
        """
        new, place, problem = digest_of(data), os.path.realpath(self.path), ""
        before = _NO_FILE

        def last_look(target: Path) -> None:
            nonlocal before, problem
            for _ in range(LOOKS):  # a backup takes time, in which another version may appear
                now, content = _read(target)
                if now not in (_NO_FILE, self.digest) and not overwrite:
                    raise ChangedError(
                        f"{self.path} was changed by another program or window since it was opened"
                    )
                if now in (_NO_FILE, new, before) or (place, now) in self._written:
                    before = now
                    return
                before, problem = now, _back_up(target, content)
            raise ChangedError(f"{self.path} was not saved: another program keeps changing it")

        atomic.write(self.path, data, last_look=last_look)
        self._last_stamp, self.digest = _NEVER, new
        if before != new:
            self._written.add((place, new))
        return problem


def digest_of(data: bytes) -> bytes:
    """Return the digest of a file's bytes."""
    import hashlib  # imported late: its library takes 4 MB

    return hashlib.blake2b(data, digest_size=16).digest()


def _read(path: Path) -> tuple[bytes, bytes | FileError]:
    """Return the digest of the present file, and its bytes or the error of reading it."""
    try:
        data = read_bytes(path)
    except FileError as error:  # it is missing, unreadable, too large, or not a file
        return (_NO_FILE if isinstance(error.__cause__, FileNotFoundError) else _UNKNOWN), error
    return digest_of(data), data


def _back_up(target: Path, content: bytes | FileError) -> str:
    """Save the previous version beside the file; return why that failed, or ""."""
    try:
        if isinstance(content, FileError):
            raise content
        atomic.write_sibling(target, BACKUP_SUFFIX, content)
    except FileError as error:
        return f"no copy of the previous version was saved: {error}"
    return ""


def _stamp(path: Path) -> _Stamp:
    """Return device, inode, size and time of the file without reading it, or None if it is missing."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
