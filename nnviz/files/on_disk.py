"""A file as one session knows it: whether another program has changed it, and the version before.

Knows nothing of formats.
"""

from __future__ import annotations

import hashlib
import os
from enum import Enum, auto
from pathlib import Path

from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.opening import is_stream, read_bytes

KEPT = "~"
"""What the name of the version before ends in."""
_NOTHING, _UNKNOWN = b"", b"?"
"""The digests of no file, and of what could not be read."""

_Stamp = tuple[int, ...] | None


class News(Enum):
    """What has become of a file since it was looked at last."""

    NONE = auto()
    CHANGED = auto()
    GONE = auto()


class ChangedError(FileError):
    """The file is not what it was when it was opened or saved last."""


class OnDisk:
    """The file at `path`: made before it is read, it `remembers` what was read.

    `written` holds the digests of what this session has written: what is not among them is kept as the
    version before, `name.json~`, when it is replaced.
    """

    def __init__(self, path: Path, written: set[bytes]) -> None:
        self.path, self._written = path, written
        self._looked = _stamp(path)
        self.digest = _UNKNOWN

    def remember(self, digest: bytes | None = None) -> None:
        """Take for known what there was when this was made, or what `digest` says."""
        if digest is not None:
            self.digest, self._looked = digest, (0,)  # so that the next look is more than a stat
        elif _stamp(self.path) == self._looked:
            self.digest = _digest_now(self.path)

    def news(self) -> News:
        """Say what has become of it; each news once. Costs no more than a stat while nobody touches it."""
        stamp, before = _stamp(self.path), self._looked
        if stamp == before:
            return News.NONE
        self._looked = stamp
        if stamp is None:
            return News.NONE if self.digest == _NOTHING else News.GONE
        return News.NONE if _digest_now(self.path) == self.digest else News.CHANGED

    def accept(self) -> None:
        """Take what there is now for known: it may be written over."""
        self._looked = _stamp(self.path)
        self.digest = _digest_now(self.path)

    def write(self, data: bytes, *, over: bool = False) -> str:
        """Save `data`, `over` what another program has written too; return what else there is to know, or "".

        Raises ChangedError without `over`, and FileError: then the old file stays as it was.
        """
        new, said = digest_of(data), []

        def last_look(target: Path) -> None:
            now = _digest_now(target)
            if now not in (_NOTHING, self.digest) and not over:
                raise ChangedError(f"{self.path} was changed by another program since it was opened")
            if now not in (_NOTHING, new, *self._written):
                said.append(_keep(target))

        said.append(atomic.write(self.path, data, last_look=last_look))
        self._looked, self.digest = _stamp(self.path), new
        self._written.add(new)
        return "; ".join(filter(None, said))


def digest_of(data: bytes) -> bytes:
    """Return the digest of a file's bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _digest_now(path: Path) -> bytes:
    try:
        os.stat(path)
        return _UNKNOWN if is_stream(path) else digest_of(read_bytes(path))
    except FileNotFoundError:
        return _NOTHING
    except (OSError, FileError):  # nobody may read it, it is too large, or no file at all
        return _UNKNOWN


def _keep(target: Path) -> str:
    """Keep the version before; return why that could not be, or ""."""
    try:
        atomic.write_beside(target, KEPT, read_bytes(target))
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
