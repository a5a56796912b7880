"""The bytes of a file, or of a stream that a person names as one. Knows nothing of formats.

Never more than FILE, and nothing that would wait for somebody to write: a pipe, a device, a socket.
"""

from __future__ import annotations

import math
import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nnviz.core.limits import FILE
from nnviz.core.names import SHOWN, shortened
from nnviz.files.errors import FileError, reading_failed
from nnviz.files.progress import Progress, waited

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
    with _told(path):
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
    with _told(name):
        handle = sys.stdin.fileno()
        data = waited(lambda: _all_of(handle, name), progress)
    if not data:
        raise FileError(f"nothing came through {name}")
    return data


@contextmanager
def _told(path: Path) -> Iterator[None]:
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
