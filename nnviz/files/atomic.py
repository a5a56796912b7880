"""Safe reading and writing of files: size limits, atomic replacement, locks.

Reading never waits for another process: pipes, devices and sockets are refused. A lock held by another
process raises BlockingIOError; any other OSError means that the folder supports no locks.
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

from nnviz.core.numbers import FILE, SHOWN, shortened
from nnviz.files.errors import FileError, Progress, reading_failed, waited, writing_failed

STANDARD_INPUT = "standard input"
LARGEST_BYTES = FILE.most * 2**20
LARGEST = f"nnviz opens files up to {FILE.most} MB"
CHUNK_BYTES = 2**20

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_STREAM = re.compile("/dev/std|/dev/fd/|/proc/[^/]+/fd/")


def is_stream(path: Path) -> bool:
    """Tell whether `path` names what somebody holds open, such as /dev/stdin or /dev/stdout."""
    return _STREAM.match(path.as_posix()) is not None


def read_bytes(path: Path, progress: Progress | None = None) -> bytes:
    """Return all bytes of a file, or of a stream such as /dev/stdin. Raises FileError."""
    with _reading_errors(path):
        if is_stream(path):
            handle = os.open(path, _FLAGS)
            return waited(lambda: _all_of(handle, path), progress)
        _check_kind(path, os.stat(path).st_mode)  # before it is opened, which a device may take for an order
        with open(os.open(path, _FLAGS | _NO_WAIT), "rb") as file:
            status = os.fstat(file.fileno())
            _check_kind(path, status.st_mode)
            _check_size(path, status.st_size)
            data = file.read(LARGEST_BYTES + 1)
    _check_size(path, len(data))
    return data


def read_standard_input(progress: Progress | None = None) -> bytes:
    """Return what comes through standard input up to its end. Raises FileError."""
    name = Path(STANDARD_INPUT)
    if sys.stdin is None:
        raise FileError(f"{name} is closed")
    with _reading_errors(name):
        handle = sys.stdin.fileno()
        data = waited(lambda: _all_of(handle, name), progress)
    if not data:
        raise FileError(f"nothing came through {name}")
    return data


@contextmanager
def _reading_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise reading_failed(path, error) from error
    except ValueError:  # of Python, for a NUL
        raise FileError(f"{shortened(ascii(str(path)), SHOWN)} cannot be the name of a file") from None
    except MemoryError:
        raise FileError(f"{path} is too large for this computer's memory") from None


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = ((stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"))
    what = next((kind for is_one, kind in kinds if is_one(mode)), "device")
    raise FileError(f"{path} is a {what}, not a file")


def _check_size(path: Path, size: int) -> None:
    if size > LARGEST_BYTES:
        raise FileError(f"{path} has {math.ceil(size / 2**20)} MB; {LARGEST}")


def _all_of(handle: int, path: Path) -> bytes:
    parts, size = [], 0
    while part := os.read(handle, CHUNK_BYTES):
        parts.append(part)
        size += len(part)
        if size > LARGEST_BYTES:
            raise FileError(f"{path} does not end within the {FILE.most} MB that nnviz reads")
    return b"".join(parts)


_BINARY = getattr(os, "O_BINARY", 0)  # Windows turns \n into \r\n without it
_TEMPORARY = re.compile(r"\.nnviz-[0-9a-f]{12}\.tmp")

_ACL = "system.posix_acl_access"
_unfinished: set[Path] = set()

Data = bytes | memoryview
LastLook = Callable[[Path], object]
Fill = Callable[[FileIO, Path], object]
"""Puts what is to be written into an open file, which other programs find at the path."""


def write(
    path: str | os.PathLike[str],
    *data: Data,
    private: bool = False,
    last_look: LastLook | None = None,
) -> str:
    """Put `data`, part after part, into `path`; a reader sees the old file or the new one, never a part.

    Mode, owner, group and attributes of an existing file stay as far as they may; of a link the target is
    replaced. A `private` file is for its owner alone. `last_look` gets the path that is replaced right before
    it is, while no other nnviz replaces anything in that folder, and may raise. Returns, for who asked for no
    more than a save, what else it has changed, or "". On any failure, a full disk too, the old file stays as
    it was and nothing is left beside it. Raises FileError.
    """
    return write_by(path, partial(write_all, parts=data), private=private, last_look=last_look)


def write_by(
    path: str | os.PathLike[str],
    fill: Fill,
    *,
    private: bool = False,
    last_look: LastLook | None = None,
) -> str:
    """Have `fill` write what comes bit by bit, and put it into `path` as `write` does; it may raise."""
    path = Path(path)
    with _writing_errors(path):
        status = _status(path)
        if _stays(path, status):
            _append(path, fill)  # a pipe or a device cannot be replaced, and a folder refuses
            return ""
        target = Path(os.path.realpath(path))
        return _replace(target, fill, None if private else target, private, last_look)


def write_beside(path: Path, suffix: str, data: bytes) -> None:
    """Put `data` into a file called as `path` and `suffix`, with its mode and owner. Raises FileError.

    A symbolic link of that name is replaced, not followed.
    """
    beside = path.with_name(path.name + suffix)
    with _writing_errors(beside):
        _replace(beside, partial(write_all, parts=(data,)), path, private=True)


def write_both(path: Path, data: Data, beside: Path, data_beside: Data) -> str:
    """Put `data` into `path`, and `data_beside` into `beside`: both files are replaced, or neither.

    If the process is killed in between, no file is at `path`, and the old one has a name that ends in .old:
    the old file never stands beside new data. Otherwise like `write`.
    """
    with _writing_errors(path):
        if _stays(path, _status(path)):
            check(path)
            write(beside, data_beside)
            return write(path, data)
        target, other = (Path(os.path.realpath(each)) for each in (path, beside))
        fill, fill_other = (partial(write_all, parts=(each,)) for each in (data, data_beside))
        with (
            _ready(target, fill, target) as (file, new, changed),
            _ready(other, fill_other, other) as (file_other, new_other, _),
            _alone(target),
        ):
            file.close()  # before, for Windows
            file_other.close()
            _exchange({target: new, other: new_other})
    for folder in {target.parent, other.parent}:
        _sync_folder(folder)
        sweep(folder)
    return changed


def check(path: str | os.PathLike[str]) -> None:
    """Raise FileError where `path` cannot be written; nothing is left behind."""
    path = Path(path)
    with _writing_errors(path):
        status = _status(path)
        if status and stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not _stays(path, status):
            with _temporary(Path(os.path.realpath(path)), private=True):
                pass


def abandon() -> None:
    """Delete what is half written: the program ends in the middle of it."""
    for path in tuple(_unfinished):
        with contextlib.suppress(OSError):
            os.unlink(path)


def sweep(folder: Path) -> None:
    """Delete what killed programs have left of files half written."""
    with contextlib.suppress(OSError):
        delete_stale(folder / name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name))


@contextlib.contextmanager
def _writing_errors(path: Path) -> Iterator[None]:
    """Turn what the system says into a sentence."""
    try:
        yield
    except OSError as error:
        raise writing_failed(path, error) from error


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None
    except ValueError:  # a NUL, or half of a surrogate pair
        raise FileError(f"{str(path)!r} was not saved: no file can have such a name") from None


def _stays(path: Path, status: os.stat_result | None) -> bool:
    """Tell whether `path` cannot be replaced: it is no file, or a stream, which may be a file."""
    return is_stream(path) or not (status is None or stat.S_ISREG(status.st_mode))


def _append(path: Path, fill: Fill) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY | _NO_WAIT)  # perhaps nobody ever reads
    with open(handle, "wb", buffering=0) as stream:
        if _NO_WAIT:
            os.set_blocking(handle, True)
        fill(stream, path)


def _replace(
    target: Path,
    fill: Fill,
    source: Path | None,
    private: bool,
    last_look: LastLook | None = None,
) -> str:
    with (
        _ready(target, fill, source, private) as (file, temporary, changed),
        contextlib.nullcontext() if private else _alone(target),
    ):
        if last_look:
            last_look(target)
        file.close()  # before, for Windows
        os.replace(temporary, target)
    _sync_folder(target.parent)
    sweep(target.parent)
    return changed


@contextlib.contextmanager
def _ready(
    target: Path, fill: Fill, source: Path | None, private: bool = False
) -> Iterator[tuple[FileIO, Path, str]]:
    """Yield a complete new file in the folder of `target`, its path, and what `_take_after` changed."""
    like = _status(source) if source else None
    with _temporary(target, private=private or like is not None) as (file, temporary):
        fill(file, temporary)
        os.fsync(file.fileno())
        yield file, temporary, _take_after(source, like, file.fileno(), temporary) if source and like else ""


def _exchange(new: dict[Path, Path]) -> None:
    """Replace each target by its new file, the first target last, or leave all as they were."""
    old: dict[Path, Path | None] = {}
    try:
        for target in new:
            old[target] = _take_away(target)
        for target in reversed(new):
            os.replace(new[target], target)
    except BaseException:
        while old:
            target, away = old.popitem()  # the first last: if another one fails, it stays away
            os.replace(away, target) if away else target.unlink(missing_ok=True)
        raise
    for away in filter(None, old.values()):
        with contextlib.suppress(OSError):
            os.unlink(away)


def _take_away(target: Path) -> Path | None:
    """Rename a file for a while and return its new path, or None if there is no file."""
    away = target.with_name(f"{target.name}.{os.urandom(3).hex()}.old")
    try:
        os.rename(target, away)
    except FileNotFoundError:
        return None
    return away


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """Keep every other nnviz from replacing files beside `target`, where the system has such locks."""
    try:
        handle = lock_folder(target.parent)
    except BlockingIOError:
        raise FileError(f"{target} was not saved: another program has locked {target.parent}") from None
    except OSError:
        handle = -1
    try:
        yield
    finally:
        release_lock(handle)


@contextlib.contextmanager
def _temporary(target: Path, *, private: bool) -> Iterator[tuple[FileIO, Path]]:
    """Yield a new file beside `target`, open and locked; at the end it is gone, unless it was moved."""
    if os.path.isfile(target) and not os.access(target, os.W_OK):
        raise FileError(f"{target} was not saved: the file is read-only")
    path = target.with_name(f".nnviz-{os.urandom(6).hex()}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    _unfinished.add(path)
    try:
        handle = os.open(path, flags, 0o600 if private else 0o666)
        with open(handle, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):  # some file systems have no locks
                take_lock(handle)
            yield file, path
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        _unfinished.discard(path)


def write_all(file: FileIO, _path: Path, parts: Iterable[Data]) -> None:
    """Write part after part into an open file."""
    for part in parts:
        left = memoryview(part)
        while left:
            left = left[os.write(file.fileno(), left) :]


def _take_after(source: Path, like: os.stat_result, handle: int, path: Path) -> str:
    """Give a new file what `source` has besides its bytes, as far as that may be given; return what differs.

    Another group may do no more with it than everybody.
    """
    own, mode, differs = os.fstat(handle), stat.S_IMODE(like.st_mode), []
    if own.st_uid != like.st_uid and not _done(lambda: os.chown(path, like.st_uid, -1)):
        differs.append("it belongs to you now")
        mode &= 0o777
    if own.st_gid != like.st_gid and not _done(lambda: os.chown(path, -1, like.st_gid)):
        mode = mode & ~0o070 | (mode & 0o007) << 3
    if not _take_attributes(source, handle, acl=mode == stat.S_IMODE(like.st_mode)):
        differs.append("its extended attributes are not kept")
    if mode != stat.S_IMODE(own.st_mode) and not _done(lambda: os.chmod(path, mode)):
        differs.append("its permissions are not what they were")
    if like.st_nlink > 1:
        differs.append("its other names (hard links) keep the version before")
    return " and ".join(differs)


def _take_attributes(source: Path, handle: int, *, acl: bool) -> bool:
    """Give a new file the attributes that a person gave another, and who may do what where `acl`: on Linux.

    Other attributes are the system's own. Tells whether none is missing.
    """
    if sys.platform != "linux":
        return True
    names: list[str] = []
    with contextlib.suppress(OSError):  # some file systems have none
        names = [name for name in os.listxattr(source) if name == _ACL or name.startswith("user.")]
    if not acl and _ACL in names:
        return False
    try:
        for name in names:
            os.setxattr(handle, name, os.getxattr(source, name))
    except OSError:
        return False
    return True


def _done(deed: Callable[[], object]) -> bool:
    try:
        deed()
    except OSError:
        return False
    return True


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system lets a folder be synced (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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


def take_lock(handle: int, *, shared: bool = False, wait_s: float = 0.0) -> None:
    """Lock an open file until it is closed, `shared` with others who ask for no more. Raises OSError."""
    ends = time.monotonic() + wait_s
    while True:
        try:
            return _lock(handle, shared)
        except BlockingIOError:
            if time.monotonic() >= ends:
                raise
        time.sleep(_LOOK_S)


def release_lock(handle: int) -> None:
    """Close an open file, and so give its lock back; one that cannot be closed is no longer open either."""
    with contextlib.suppress(OSError):
        os.close(handle)


class LockHeld:
    """A file that this program holds, with nothing in it, until it is released; `new`, or there already."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Lock the file. Raises OSError."""
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | (os.O_EXCL if new else 0), 0o600)
        try:
            take_lock(self._handle, wait_s=_MOMENT_S if new else 0.0)
        except OSError:
            self.discard() if new else self.release()
            raise

    def release(self) -> None:
        """Leave the file to others."""
        if self._handle >= 0:
            release_lock(self._handle)
        self._handle = -1

    def discard(self) -> None:
        """Delete the file, which Windows does only when it is closed."""
        self.release()
        with contextlib.suppress(OSError):
            os.unlink(self.path)


def is_locked(path: Path) -> bool:
    """Tell whether a program holds a file; two may look at once. Raises OSError where nobody can tell."""
    handle = os.open(path, os.O_RDWR)
    try:
        take_lock(handle, shared=True)
    except BlockingIOError:
        return True
    finally:
        release_lock(handle)
    return False


def delete_stale(paths: Iterable[Path]) -> None:
    """Delete those files that killed programs have left: old, and held by nobody."""
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.lstat(path)
            old = stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime > OLD_S
            if old and not is_locked(path):
                os.unlink(path)


def lock_folder(folder: Path) -> int:
    """Return a folder as a locked handle, to be let go; wait a little for who has it. Raises OSError."""
    handle = _open_folder(folder)
    try:
        take_lock(handle, wait_s=WAIT_S)
    except OSError:
        release_lock(handle)
        raise
    return handle
