"""A training on its way through a pipe, from the script that makes it to the window that shows it.

A message is a letter, the length of what follows, and that: `S` the State at the start, once and first, `F` a
frame, `E` a sentence on how it ended, or "", last. Knows nothing of processes and windows.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import BUCKETS, History
from nnviz.core.numbers import NUMBERS
from nnviz.core.state import State
from nnviz.files import snapshot
from nnviz.files.errors import FileError

POINTS = 8 * BUCKETS
"""So many points of the curve wait at most; of more, those of buckets."""

_HEAD = struct.Struct("<cQ")
_COUNTS = struct.Struct("<QQ")
_LONGEST = 8 * NUMBERS.most + 16 * POINTS + 2**20
_GARBLED = "what came from the script is no training that this nnviz knows"


@dataclass(frozen=True)
class Frame:
    """What a training had come to: `values` has shape (parameters,), as `as_layers` takes them.

    `points` holds the script's own loss since the frame before, shape (points, 2): iteration, loss, which may
    be infinite or NaN, as the weights may.
    """

    iteration: int
    points: Array
    values: Array


class Mailbox:
    """Holds the newest frame until it is taken; the curve's points of those that nobody took are joined.

    Put in and taken from in different threads; nobody ever waits to put something in.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._points = History(POINTS)
        self.ending: str | None = None
        """How the training ended, as a sentence, or ""; None while it goes on."""

    def put(self, frame: Frame) -> None:
        """Put a frame in, in the place of one that still waits."""
        with self._changed:
            self._frame, self._points = frame, self._points.extended(frame.points)

    def end(self, ending: str) -> None:
        """Say that no frame will follow, and why; what was said first stays."""
        with self._changed:
            if self.ending is None:
                self.ending = ending
                self._changed.notify_all()

    def take(self) -> Frame | None:
        """Return the newest frame, once; None where there is no new one."""
        with self._changed:
            frame, points = self._frame, self._points
            self._frame, self._points = None, History(POINTS)
        return frame and Frame(frame.iteration, points.points, frame.values)


def begun(state: State) -> Iterator[bytes | memoryview]:
    """Yield the bytes that say what is trained, and from which weights on."""
    about = snapshot.About(state.name, "", None, b"")
    parts = snapshot.sealed(snapshot.parts(state, about))
    yield _HEAD.pack(b"S", sum(len(part) for part in parts))
    yield from parts


def gone_on(frame: Frame) -> bytes:
    """Return the bytes of a frame."""
    counts = _COUNTS.pack(frame.iteration, len(frame.points))
    body = b"".join((counts, frame.points.tobytes(), frame.values.tobytes()))
    return _HEAD.pack(b"F", len(body)) + body


def ended(ending: str) -> bytes:
    """Return the bytes that say how it ended."""
    told = ending.encode(errors="replace")
    return _HEAD.pack(b"E", len(told)) + told


def read_start(stream: BinaryIO) -> State:
    """Return what is trained, which is the first message. Raises FileError."""
    kind, body = _message(stream)
    if kind != b"S":
        raise FileError(_GARBLED)
    return snapshot.Copy(body).state()


def read_on(stream: BinaryIO, parameters: int) -> Frame | str | None:
    """Return the next frame, how the training ended, or None where the stream does. Raises FileError."""
    kind, body = _message(stream)
    if kind == b"F" and len(body) >= _COUNTS.size:
        iteration, points = _COUNTS.unpack_from(body)
        if len(body) == _COUNTS.size + 8 * (2 * points + parameters):
            numbers = np.frombuffer(body, np.float64, offset=_COUNTS.size)
            return Frame(iteration, numbers[: 2 * points].reshape(-1, 2), numbers[2 * points :])
    elif kind == b"E":
        return body.decode(errors="replace")
    elif not kind:
        return None
    raise FileError(_GARBLED)


def _message(stream: BinaryIO) -> tuple[bytes, bytes]:
    """Return the next message's letter, b"" at the end, and its body."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return b"", b""
    kind, length = _HEAD.unpack(head)
    if length > _LONGEST:
        raise FileError(_GARBLED)
    body = stream.read(length)
    return (kind, body) if len(body) == length else (b"", b"")
