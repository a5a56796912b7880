"""The one writer of files: the whole new file, or the old one as it was. Knows nothing of formats."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import FileIO
from pathlib import Path

from nnviz.files import lock
from nnviz.files.errors import FileError, writing_failed
from nnviz.files.opening import is_stream

_BINARY = getattr(os, "O_BINARY", 0)  # Windows turns \n into \r\n without it
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
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
    with _told(path):
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
    with _told(beside):
        _replace(beside, partial(write_all, parts=(data,)), path, private=True)


def write_both(path: Path, data: Data, beside: Path, data_beside: Data) -> str:
    """Put `data` into `path`, and `data_beside` into `beside`: both files are replaced, or neither.

    If the process is killed in between, no file is at `path`, and the old one has a name that ends in .old:
    the old file never stands beside new data. Otherwise like `write`.
    """
    with _told(path):
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
    with _told(path):
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
        lock.sweep(folder / name for name in os.listdir(folder) if _TEMPORARY.fullmatch(name))


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
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
        handle = lock.take_folder(target.parent)
    except BlockingIOError:
        raise FileError(f"{target} was not saved: another program has locked {target.parent}") from None
    except OSError:
        handle = -1
    try:
        yield
    finally:
        lock.let_go(handle)


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
                lock.take(handle)
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
