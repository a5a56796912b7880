"""The one writer of files: the whole new file, or the old one as it was. Knows nothing of formats."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from nnviz.files.errors import writing_failed

_BINARY = getattr(os, "O_BINARY", 0)  # Windows turns \n into \r\n without it


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Put `data` into `path`; a reader sees the old file or the new one, never a part.

    The mode of an existing file stays; of a symbolic link the target is replaced. On any failure, a full disk
    too, the old file stays as it was and nothing is left beside it. Raises FileError.
    """
    path = Path(path)
    try:
        mode = _mode(path)
        if _is_stream(path) or not (mode is None or stat.S_ISREG(mode)):
            with path.open("ab") as stream:  # a pipe or a device cannot be replaced, and a folder refuses
                stream.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data, mode)
    except OSError as error:
        raise writing_failed(path, error) from error


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _is_stream(path: Path) -> bool:
    """Tell whether `path` names what somebody holds open, such as /dev/stdout: a regular file, it may be."""
    return path.as_posix().startswith(("/dev/std", "/dev/fd/", "/proc/"))


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "permission denied")
    beside = target.with_name(f".nnviz-{os.urandom(6).hex()}.tmp")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        if mode is not None:
            beside.chmod(stat.S_IMODE(mode))
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name survive a power cut, where the system lets a folder be synced (not on Windows)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
