"""Windows that have the same file open know of each other. Knows nothing of Qt.

Each holds a lock on an empty file of its own, named after the path that it has open; a file that nobody locks
is of a program that has ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from pathlib import Path

from nnviz.files import lock

OLD_S = 60.0
"""A file that is younger may be about to be locked."""


class Presence:
    """Says to other windows which file is open here, and knows how many of them have it open too.

    Where `folder` cannot be written, nobody knows of anybody.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._handle = -1

    def move_to(self, path: Path | None) -> None:
        """Say that `path`, or nothing that has a file, is open here from now on."""
        self.leave()
        if path is None:
            return
        self._name = f"{_key(path)}-{secrets.token_hex(6)}"
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._handle = os.open(self._folder / self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            lock.take(self._handle)

    def others(self) -> int:
        """Return how many other windows have the same file open; clear up after those that have ended."""
        count = 0
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name != self._name and _is_held(entry):
                    count += entry.name.startswith(f"{self._name.partition('-')[0]}-")
        return count

    def leave(self) -> None:
        """Say that nothing is open here any more."""
        if self._handle >= 0:
            lock.let_go(self._handle)
            with contextlib.suppress(OSError):
                os.unlink(self._folder / self._name)
        self._handle, self._name = -1, ""


def _key(path: Path) -> str:
    return hashlib.blake2b(os.fsencode(os.path.realpath(path)), digest_size=12).hexdigest()


def _is_held(entry: os.DirEntry[str]) -> bool:
    """Tell whether a window holds the file, and delete it where none has for long."""
    try:
        handle = os.open(entry.path, os.O_RDWR)
    except OSError:  # it has just gone
        return False
    try:
        lock.take(handle)
    except OSError:
        return True
    finally:
        lock.let_go(handle)
    with contextlib.suppress(OSError):
        if time.time() - entry.stat().st_mtime > OLD_S:
            os.unlink(entry.path)
    return False
