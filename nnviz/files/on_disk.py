"""A file as one session knows it: whether another program has changed it, and the version before.

Knows nothing of formats.
"""

from __future__ import annotations

import hashlib
import os
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple

from nnviz.files import atomic
from nnviz.files.atomic import is_stream, read_bytes
from nnviz.files.errors import FileError
from nnviz.files.source import Activations

KEPT = "~"
"""What the name of the version before ends in."""
LOOKS = 5
"""So many versions of another program are kept, one in the place of the other; then a save gives up."""
_NOTHING, _UNKNOWN = b"", b"?"
"""The digests of no file, and of what could not be read."""

_Stamp = tuple[int, ...] | None
_NEVER: _Stamp = ()


class News(Enum):
    """What has become of a file since it was looked at last."""

    NONE = auto()
    CHANGED = auto()
    GONE = auto()


class ChangedError(FileError):
    """The file is not what it was when it was opened or saved last."""


class AsRead(NamedTuple):
    """How a file was read."""

    told: str = ""
    """What is shown and does not stand there so."""
    answer: Activations = None
    """What a person has said of it."""
    is_saved: bool = True
    """Whether it is of a format that is saved under such a name; else a save there would change its kind."""


class OnDisk:
    """The file at `path`, of which this session knows the bytes with that `digest`.

    `written` holds what this session has written, and where: what is not among it is kept as the version
    before, `name.json~`, when it is replaced. `as_read` says how it was read.
    """

    def __init__(
        self,
        path: Path,
        written: set[tuple[str, bytes]],
        digest: bytes = _UNKNOWN,
        as_read: AsRead | None = None,
    ) -> None:
        self.as_read = as_read or AsRead()
        self.path, self.digest, self._written = path, digest, written
        self._looked = _NEVER

    def news(self) -> News:
        """Say what has become of it; each news once. The first look reads it, the others cost a stat."""
        stamp = _stamp(self.path)
        if stamp == self._looked or is_stream(self.path):
            return News.NONE
        self._looked = stamp
        if stamp is None:
            return News.NONE if self.digest == _NOTHING else News.GONE
        return News.NONE if _now(self.path)[0] == self.digest else News.CHANGED

    def accept(self) -> None:
        """Take what there is now for known: it may be written over."""
        self._looked = _stamp(self.path)
        self.digest, _ = _now(self.path)

    def write(self, data: bytes, *, over: bool = False) -> str:
        """Save `data`, `over` what another program has written too; return what else there is to know, or "".

        Raises ChangedError without `over`, and FileError: then the old file stays as it was.
        """
        new, place, kept = digest_of(data), os.path.realpath(self.path), ""
        before = _NOTHING

        def last_look(target: Path) -> None:
            nonlocal before, kept
            for _ in range(LOOKS):  # to keep a version takes long enough for another one to come
                now, found = _now(target)
                if now not in (_NOTHING, self.digest) and not over:
                    raise ChangedError(
                        f"{self.path} was changed by another program or window since it was opened"
                    )
                if now in (_NOTHING, new, before) or (place, now) in self._written:
                    before = now
                    return
                before, kept = now, _keep(target, found)
            raise ChangedError(f"{self.path} is changed by another program again and again")

        changed = atomic.write(self.path, data, last_look=last_look)
        self._looked, self.digest = _NEVER, new
        if before != new:
            self._written.add((place, new))
        return "; ".join(filter(None, (kept, changed)))


def digest_of(data: bytes) -> bytes:
    """Return the digest of a file's bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _now(path: Path) -> tuple[bytes, bytes | FileError]:
    """Return the digest of what there is now, and the bytes themselves or why nobody can tell them."""
    try:
        data = read_bytes(path)
    except FileError as error:  # nobody may read it, it is too large, or no file at all
        return (_NOTHING if isinstance(error.__cause__, FileNotFoundError) else _UNKNOWN), error
    return digest_of(data), data


def _keep(target: Path, found: bytes | FileError) -> str:
    """Keep the version before; return why that could not be, or ""."""
    try:
        if isinstance(found, FileError):
            raise found
        atomic.write_beside(target, KEPT, found)
    except FileError as error:
        return f"the version before is not kept: {error}"
    return ""


def _stamp(path: Path) -> _Stamp:
    """Return what a stat tells of the present file, without a look into it; None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
