"""Locks on files, which the system lets go of when the program ends, however it ends.

Knows nothing of what they guard. (A process number would say less: in a container the next program may get
the same one.) Where somebody has the lock, that is a BlockingIOError; any other OSError says that none can be
had there.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Iterable
from pathlib import Path

OLD_S = 60.0
"""So long after its last byte, a file that nobody has locked is a killed program's."""
WAIT_S = 3.0
"""How long a save waits for another one into the same folder."""
_MOMENT_S = 1.0
"""How long a new file is waited for, at which somebody else may just look."""
_LOOK_S = 0.002

if sys.platform == "win32":
    import hashlib
    import msvcrt
    import tempfile

    def _lock(handle: int, _shared: bool) -> None:  # Windows has no such, and looks may meet
        os.lseek(handle, 2**30, os.SEEK_SET)  # a byte far behind the end: those before can still be read
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from None
        finally:
            os.lseek(handle, 0, os.SEEK_SET)

    def _open_folder(folder: Path) -> int:
        """Open what stands for a folder, which Windows cannot open: a file in the one for temporary files."""
        name = hashlib.blake2b(os.fsencode(os.path.normcase(folder)), digest_size=12).hexdigest()
        return os.open(Path(tempfile.gettempdir()) / f"nnviz-{name}.lock", os.O_RDWR | os.O_CREAT)

else:
    import fcntl

    def _lock(handle: int, shared: bool) -> None:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)

    def _open_folder(folder: Path) -> int:
        return os.open(folder, os.O_RDONLY)


def take(handle: int, *, shared: bool = False, wait_s: float = 0.0) -> None:
    """Lock an open file until it is closed, `shared` with others who ask for no more. Raises OSError."""
    ends = time.monotonic() + wait_s
    while True:
        try:
            return _lock(handle, shared)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise
        time.sleep(_LOOK_S)


def let_go(handle: int) -> None:
    """Close an open file, and so give its lock back; one that cannot be closed is no longer open either."""
    with contextlib.suppress(OSError):
        os.close(handle)


class Held:
    """A file that this program holds, with nothing in it, until it is released; `new`, or there already."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Lock the file. Raises OSError."""
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_EXCL if new else 0), 0o600)
        try:
            take(self._handle, wait_s=_MOMENT_S if new else 0.0)
        except OSError:
            self.discard() if new else self.release()
            raise

    def release(self) -> None:
        """Leave the file to others."""
        if self._handle >= 0:
            let_go(self._handle)
        self._handle = -1

    def discard(self) -> None:
        """Delete the file, which Windows does only when it is closed."""
        self.release()
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def is_held(path: Path) -> bool:
    """Tell whether a program holds a file; two may look at once. Raises OSError where nobody can tell."""
    handle = os.open(path, os.O_RDWR)
    try:
        take(handle, shared=True)
    except BlockingIOError:
        return True
    finally:
        let_go(handle)
    return False


def sweep(paths: Iterable[Path]) -> None:
    """Delete those files that killed programs have left: old, and held by nobody."""
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.lstat(path)
            old = stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > OLD_S
            if old and not is_held(path):
                os.unlink(path)


def take_folder(folder: Path) -> int:
    """Return a folder as a locked handle, to be let go; wait a little for who has it. Raises OSError."""
    handle = _open_folder(folder)
    try:
        take(handle, wait_s=WAIT_S)
    except OSError:
        let_go(handle)
        raise
    return handle
