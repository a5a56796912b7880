"""Windows that have the same file open know of each other. Knows nothing of Qt.

Each holds an empty file of its own, named after the path that it has open; one that nobody holds is of a
program that has ended.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from nnviz.files import lock


class Presence:
    """Says to other windows which file is open here, and knows how many of them have it open too.

    Where `folder` cannot be written or has no locks, nobody knows of anybody.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ""
        self._held: lock.Held | None = None

    def move_to(self, path: Path | None) -> None:
        """Say that `path`, or nothing that has a file, is open here from now on."""
        self.leave()
        if path is None:
            return
        self._key = key_of(path)
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = lock.Held(self._folder / f"{self._key}-{secrets.token_hex(6)}", new=True)

    def others(self) -> int:
        """Return how many other windows have the same file open; clear up after those that have ended."""
        with contextlib.suppress(OSError):
            own = self._held.path.name if self._held else ""
            files = [self._folder / name for name in os.listdir(self._folder) if name != own]
            lock.sweep(files)
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
        return lock.is_held(file)
    return False
