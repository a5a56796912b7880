"""Messages about a training, sent through a pipe from the training script to the window.

A message is a letter, the length of its body, and the body. The body of `S`, the first message, is the State
at the start. The body of `F` is a frame. The body of `E`, the last message, is a sentence on how the training
ended, or "". This module is independent of processes and windows.
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
"""Largest number of points of the loss curve that wait for the window. A longer curve is thinned."""

_HEAD = struct.Struct("<cQ")
_COUNTS = struct.Struct("<QQ")
_LONGEST = 8 * NUMBERS.limit + 16 * POINTS + 2**20
_GARBLED = "the script sent data that this version of nnviz cannot read"


@dataclass(frozen=True)
class Frame:
    """The weights of a network after update `iteration`, and the latest losses.

    `values` are all weights and biases, shape (parameters,), in the order of `trainer.as_layers`.
    `points` are the losses that the script reported since the previous frame, shape (points, 2): iteration,
    loss. Losses and weights may be infinite or NaN.
    """

    iteration: int
    points: Array
    values: Array


class Mailbox:
    """Holds the newest frame until it is taken, and the loss points of older frames that nobody has taken.

    One thread puts frames in and another takes them; neither waits for the other.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._points = History(POINTS)
        self.ending: str | None = None
        """A sentence on how the training ended, or "". None while the training goes on."""

    def put(self, frame: Frame) -> None:
        """Put a frame in. An older frame that nobody has taken is dropped, but its loss points are kept."""
        with self._changed:
            self._frame, self._points = frame, self._points.extended(frame.points)
            self._changed.notify_all()

    def end(self, ending: str) -> None:
        """Store `ending`, the sentence on how the training ended. A second call has no effect."""
        with self._changed:
            if self.ending is None:
                self.ending = ending
                self._changed.notify_all()

    def take(self) -> Frame | None:
        """Return the newest frame and remove it; return None if there is no new frame."""
        with self._changed:
            frame, points = self._frame, self._points
            self._frame, self._points = None, History(POINTS)
        return frame and Frame(frame.iteration, points.points, frame.values)


def start_message(state: State) -> Iterator[bytes | memoryview]:
    """Yield the bytes of the first message: the State at the start of the training."""
    about = snapshot.About(state.name, "", None, b"")
    parts = snapshot.with_digest(snapshot.copy_parts(state, about))
    yield _HEAD.pack(b"S", sum(len(part) for part in parts))
    yield from parts


def frame_message(frame: Frame) -> bytes:
    """Return the bytes of a frame's message."""
    counts = _COUNTS.pack(frame.iteration, len(frame.points))
    body = b"".join((counts, frame.points.tobytes(), frame.values.tobytes()))
    return _HEAD.pack(b"F", len(body)) + body


def end_message(ending: str) -> bytes:
    """Return the bytes of the last message, a sentence on how the training ended."""
    body = ending.encode(errors="replace")
    return _HEAD.pack(b"E", len(body)) + body


def read_start(stream: BinaryIO) -> State:
    """Return the State in the first message. Raises FileError."""
    kind, body = _message(stream)
    if kind != b"S":
        raise FileError(_GARBLED)
    return snapshot.Copy(body).state()


def read_next(stream: BinaryIO, parameters: int) -> Frame | str | None:
    """Return the content of the next message: a frame, or the sentence on how the training ended.

    Return None at the stream's end. `parameters` is the number of weights and biases of the network.
    Raises FileError.
    """
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
    """Return letter and body of the next message; both are b"" at the stream's end."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return b"", b""
    kind, length = _HEAD.unpack(head)
    if length > _LONGEST:
        raise FileError(_GARBLED)
    body = stream.read(length)
    return (kind, body) if len(body) == length else (b"", b"")
