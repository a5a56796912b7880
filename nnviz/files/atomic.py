"""Safe reading and writing of files: size limits, atomic replacement, locks.

Reading never waits for another process: pipes, devices and sockets are refused. An attempt to
take a lock that another process holds raises BlockingIOError. Any other OSError means that the folder does
not support locks.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path

from nnviz.core.numbers import FILE, shortened
from nnviz.files.errors import FileError, Progress, reading_error, wait_for, writing_error

STANDARD_INPUT = "standard input"
LARGEST_BYTES = FILE.limit * 2**20
LARGEST = f"nnviz opens files up to {FILE.limit} MB"
CHUNK_BYTES = 2**20

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_STREAM = re.compile("/dev/std|/dev/fd/|/proc/[^/]+/fd/")


def is_stream(path: Path) -> bool:
    """Return whether `path` names an open stream, such as /dev/stdin or /dev/stdout."""
    return _STREAM.match(path.as_posix()) is not None


def read_bytes(path: Path, progress: Progress | None = None) -> bytes:
    """Return all bytes of a file, or of a stream such as /dev/stdin. Raises FileError."""
    with _reading_errors(path):
        if is_stream(path):
            handle = os.open(path, _FLAGS)
            return wait_for(lambda: _all_of(handle, path), progress)
        _check_kind(path, os.stat(path).st_mode)  # before opening, to which a device may react
        with open(os.open(path, _FLAGS | _NO_WAIT), "rb") as file:
            status = os.fstat(file.fileno())
            _check_kind(path, status.st_mode)
            _check_size(path, status.st_size)
            data = file.read(LARGEST_BYTES + 1)
    _check_size(path, len(data))
    return data


def read_standard_input(progress: Progress | None = None) -> bytes:
    """Return all bytes of standard input. Raises FileError if standard input is empty or cannot be read."""
    name = Path(STANDARD_INPUT)
    if sys.stdin is None:
        raise FileError(f"{name} is closed")
    with _reading_errors(name):
        handle = sys.stdin.fileno()
        data = wait_for(lambda: _all_of(handle, name), progress)
    if not data:
        raise FileError(f"{name} is empty")
    return data


@contextmanager
def _reading_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise reading_error(path, error) from error
    except ValueError:  # from Python, for a NUL
        raise FileError(f"{shortened(ascii(str(path)))} is not a valid file name") from None
    except MemoryError:
        raise FileError(f"{path} is too large for this computer's memory") from None


def _check_kind(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise FileError(f"{path} is {'a folder' if stat.S_ISDIR(mode) else 'a pipe or a device'}, not a file")


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST_BYTES:
        raise FileError(f"{path} has {math.ceil(size / 2**20)} MB; {LARGEST}")


def _all_of(handle: int, path: Path) -> bytes:
    parts, size = [], 0
    while part := os.read(handle, CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > LARGEST_BYTES:
            raise FileError(f"{path} has more than {FILE.limit} MB; {LARGEST}")
    return b"".join(parts)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows turns \n into \r\n without it
_TEMPORARY = re.compile(r"\.nnviz-[0-9a-f]{12}\.tmp")

_unfinished: set[Path] = set()

Data = bytes | memoryview
LastLook = Callable[[Path], object]
Fill = Callable[[FileIO, Path], object]
"""Function that writes a file's content. Arguments: the open file, and its path (for ffmpeg)."""


def write(
    path: str | os.PathLike[str], *data: Data, private: bool = False, last_look: LastLook | None = None
) -> None:
    """Write the parts `data` to `path`. Readers see the old or the new file, never a mixture.

    An existing file keeps its mode, and its owner and group if the system allows that. The target of a
    symbolic link is replaced, not the link. Only the owner can read a `private` file. `last_look(path)` is
    called right before the file is replaced; if `last_look` raises, the save stops. After any failure, even a
    full disk, the old file is unchanged and no temporary file is left. Raises FileError.
    """
    write_with(path, partial(write_all, parts=data), private=private, last_look=last_look)


def write_with(
    path: str | os.PathLike[str], fill: Fill, *, private: bool = False, last_look: LastLook | None = None
) -> None:
    """Let `fill` write the content of the file `path`, as safely as `write`, even if `fill` raises.

    The other arguments are those of `write`.
    """
    path = Path(path)
    with _writing_errors(path):
        if _stays(path, _status(path)):
            _append(path, fill)  # a pipe or a device cannot be replaced, and a folder raises here
            return
        target = Path(os.path.realpath(path))
        _replace(target, fill, None if private else target, private, last_look)


def write_sibling(path: Path, suffix: str, data: bytes) -> None:
    """Write `data` to the file whose name is the name of `path` plus `suffix`.

    The file gets the mode and the owner of `path`. A symbolic link with this name is replaced, not followed.
    Raises FileError.
    """
    copy = path.with_name(path.name + suffix)
    with _writing_errors(copy):
        _replace(copy, partial(write_all, parts=(data,)), path, private=True)


def write_pair(path: Path, data: Data, second: Path, second_data: Data) -> None:
    """Write `data` to `path` and `second_data` to `second`: both files are replaced, or neither.

    If the process is killed while it replaces the files, there is no file at `path`: the old file then has a
    name that ends in .old. So a file at `path` always matches the file at `second`. In all other
    respects, this function works like `write`.
    """
    with _writing_errors(path):
        if _stays(path, _status(path)):
            check_writable(path)
            write(second, second_data)
            write(path, data)
            return
        target, other = (Path(os.path.realpath(each)) for each in (path, second))
        fill, fill_other = (partial(write_all, parts=(each,)) for each in (data, second_data))
        with (
            _ready(target, fill, target) as (file, new),
            _ready(other, fill_other, other) as (file_other, new_other),
        ):
            file.close()  # Windows moves only closed files
            file_other.close()
            _exchange({target: new, other: new_other})
    for folder in {target.parent, other.parent}:
        _sync_folder(folder)
        delete_leftovers(folder)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Raise FileError if `path` cannot be written; the check leaves no file."""
    path = Path(path)
    with _writing_errors(path):
        status = _status(path)
        if status and stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _stays(path, status):
            with _temporary(Path(os.path.realpath(path)), private=True):
                pass


def delete_unfinished() -> None:
    """Delete the unfinished temporary files of this process, which is about to end."""
    for path in tuple(_unfinished):
        _try_to_delete(path)


def _try_to_delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def delete_leftovers(folder: Path) -> None:
    """Delete temporary files left behind in `folder` by programs that were killed."""
    with contextlib.suppress(OSError):
        delete_stale(folder / name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name))


@contextlib.contextmanager
def _writing_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into a FileError."""
    try:
        yield
    except OSError as error:
        raise writing_error(path, error) from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except ValueError:  # a NUL, or half of a surrogate pair
        raise FileError(f"{str(path)!r} was not saved: it is not a valid file name") from None


def _stays(path: Path, status: os.stat_result | None) -> bool:
    """Return whether `path` cannot be replaced: it is a stream, or not a regular file."""
    return is_stream(path) or not (status is None or stat.S_ISREG(status.st_mode))


def _append(path: Path, fill: Fill) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY | _NO_WAIT)  # a pipe may have no reader
    with open(handle, "wb", buffering=0) as stream:
        if _NO_WAIT:
            os.set_blocking(handle, True)
        fill(stream, path)


def _replace(
    target: Path, fill: Fill, source: Path | None, private: bool, last_look: LastLook | None = None
) -> None:
    with _ready(target, fill, source, private) as (file, temporary):
        if last_look:
            last_look(target)
        file.close()  # Windows moves only closed files
        os.replace(temporary, target)
    _sync_folder(target.parent)
    delete_leftovers(target.parent)


@contextlib.contextmanager
def _ready(
    target: Path, fill: Fill, source: Path | None, private: bool = False
) -> Iterator[tuple[FileIO, Path]]:
    """Yield a complete new file in the folder of `target`, with the mode of `source`, and the new path."""
    old = _status(source) if source else None
    with _temporary(target, private=private or old is not None) as (file, temporary):
        fill(file, temporary)
        os.fsync(file.fileno())
        if old:
            _copy_mode(old, temporary)
        yield file, temporary


def _exchange(new: dict[Path, Path]) -> None:
    """Replace each target with its new file, the first target last, or leave all targets unchanged."""
    old: dict[Path, Path | None] = {}
    try:
        for target in new:
            old[target] = _rename_to_old(target)
        for target in reversed(new):
            os.replace(new[target], target)
    except BaseException:
        while old:
            target, path = old.popitem()  # the first target last: it stays renamed if another one fails
            os.replace(path, target) if path else target.unlink(missing_ok=True)
        raise
    for path in filter(None, old.values()):
        _try_to_delete(path)


def _rename_to_old(target: Path) -> Path | None:
    """Rename a file to a name that ends in .old; return the new path, or None if it is missing."""
    path = target.with_name(f"{target.name}.{os.urandom(3).hex()}.old")
    try:
        os.rename(target, path)
    except FileNotFoundError:
        return None
    return path


@contextlib.contextmanager
def _temporary(target: Path, *, private: bool) -> Iterator[tuple[FileIO, Path]]:
    """Yield a new open, locked file in the folder of `target`; delete it at the end unless it was moved."""
    if os.path.isfile(target) and not os.access(target, os.W_OK):
        raise FileError(f"{target} was not saved: the file is read-only")
    path = target.with_name(f".nnviz-{os.urandom(6).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    _unfinished.add(path)
    try:
        handle = os.open(path, flags, 0o600 if private else 0o666)
        with open(handle, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):  # some file systems do not support locks
                _lock(handle)
            yield file, path
    finally:
        _try_to_delete(path)
        _unfinished.discard(path)


def write_all(file: FileIO, _path: Path, parts: Iterable[Data]) -> None:
    """Write all parts to an open file."""
    for part in parts:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(file.fileno(), rest) :]


def _copy_mode(old: os.stat_result, path: Path) -> None:
    """Give a new file the owner, the group and the mode of an old one, as far as the system allows that.

    If the group must change, the new group gets no rights.
    """
    mode = stat.S_IMODE(old.st_mode) & 0o777
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(path, old.st_uid, -1)
        try:
            os.chown(path, -1, old.st_gid)
        except OSError:
            mode &= ~stat.S_IRWXG
    with contextlib.suppress(OSError):
        os.chmod(path, mode)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, if the system can sync a folder (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


OLD_S = 60.0
"""Age, in seconds, from which an unlocked temporary file counts as left behind by a killed program."""

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        os.lseek(handle, 2**30, os.SEEK_SET)  # far beyond the end, so that the file's bytes can still be read
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK)) from None
        finally:
            os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockHeld:
    """Empty file that this program locks until `release` is called."""

    def __init__(self, path: Path) -> None:
        """Lock the file, and create it if it does not exist. Raises OSError."""
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._handle)
        except OSError:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock and keep the file."""
        if self._handle >= 0:
            with contextlib.suppress(OSError):  # the file is closed even then
                os.close(self._handle)
        self._handle = -1

    def discard(self) -> None:
        """Release the lock and then delete the file; Windows does not delete locked files."""
        self.release()
        _try_to_delete(self.path)


def delete_stale(paths: Iterable[Path]) -> None:
    """Delete unlocked files older than `OLD_S` seconds: programs that were killed have left them behind."""
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.lstat(path)
            if stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > OLD_S:
                LockHeld(path).discard()
