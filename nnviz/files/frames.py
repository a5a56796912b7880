"""A State as bytes: copies for recovery, and the messages from a script's training to the window.

A copy includes the run, whose loss curve is thinned as in a file. The parts of a copy are: a first line, the
header's length, the header as JSON, the bytes of the arrays, and a digest of these parts, to detect damage.

A message is a letter, the length of its body, and the body. The body of `S`, the first message, is the State
at the start. The body of `F` is a frame. The body of `E`, the last message, is a sentence on how the training
ended, or "". This module is independent of processes and windows.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import BUCKETS, History
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import NUMBERS
from nnviz.core.state import (
    Architecture,
    Column,
    Curve,
    Dataset,
    EarlierRun,
    Run,
    Segment,
    State,
    Training,
    Weights,
    WeightSet,
)
from nnviz.files import native
from nnviz.files.errors import FileError

_FIRST = b"nnviz copy 1\n"
_LENGTH, _DIGEST = 8, 16
"""_LENGTH: size of the field with the header's length. _DIGEST: size of the digest. Both are in bytes."""
_PLAIN = (
    *(State, Network, Layer, Dataset, Column, Training, WeightSet, Weights),
    *(Run, Curve, Segment, EarlierRun, Architecture),
)
_KINDS: dict[str, Callable[..., Any]] = {
    **{kind.__name__: kind for kind in _PLAIN},
    "History": lambda is_thinned, points: History(is_thinned=is_thinned).extended(points),
}

Parts = list[bytes | memoryview]


class About(NamedTuple):
    """Description of a State's copy: title, content in words, and path and digest of the original file."""

    title: str
    content: str
    original: Path | None
    digest: bytes

    def as_json(self) -> dict[str, str]:
        """Return the description as a JSON object."""
        path, digest = str(self.original or ""), self.digest.hex()
        return {"title": self.title, "holds": self.content, "path": path, "digest": digest}

    @classmethod
    def of_json(cls, raw: Any) -> About:
        """Return the description from the JSON of `as_json`. Raises KeyError, TypeError or ValueError."""
        original, digest = Path(raw["path"]) if raw["path"] else None, bytes.fromhex(raw["digest"])
        return cls(str(raw["title"]), str(raw["holds"]), original, digest)


def copy_parts(state: State, about: About) -> Parts:
    """Return `state` and its description as a list of bytes-like objects, for `with_digest`."""
    arrays: list[Array] = []
    tree = _tree(native.without_unsavable_run(state), arrays)
    head = json.dumps({"about": about.as_json(), "state": tree}).encode()
    numbers = (np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays)
    return [_FIRST, len(head).to_bytes(_LENGTH, "little"), head, *numbers]


def with_digest(parts: Parts) -> Parts:
    """Return `parts` with their digest as the last part; other threads run while large arrays are hashed."""
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for part in parts:
        digest.update(part)
    return [*parts, digest.digest()]


@contextmanager
def _copy_errors() -> Iterator[None]:
    try:
        yield
    except (MemoryError, OverflowError, RecursionError):  # no version of nnviz writes such data
        raise FileError("the data is damaged") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FileError(f"another version of nnviz has written the data ({error})") from None


class Copy:
    """Reader of the description and the State in a copy. Raises FileError if the data is damaged."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(_FIRST) or with_digest([memoryview(data)[:-_DIGEST]])[-1] != data[-_DIGEST:]:
            raise FileError("the data is damaged")
        start = len(_FIRST) + _LENGTH
        self._data, self._next = data, start + int.from_bytes(data[len(_FIRST) : start], "little")
        with _copy_errors():
            head = json.loads(data[start : self._next])
            self.about, self._tree = About.of_json(head["about"]), head["state"]

    def state(self) -> State:
        """Return the State; call this once. Raises FileError if another version of nnviz wrote the copy."""
        with _copy_errors():
            state = self._value(self._tree)
            if not isinstance(state, State):
                raise TypeError(f"found {type(state).__name__}")
        return state

    def _value(self, tree: Any) -> Any:
        if isinstance(tree, list):
            return tuple(self._value(part) for part in tree)
        if not isinstance(tree, dict):
            return tree
        if "shape" in tree:
            return self._array(tree["shape"])
        fields = {name: self._value(part) for name, part in tree.items() if name != "kind"}
        return _KINDS[tree["kind"]](**fields)

    def _array(self, shape: list[int]) -> Array:
        start, count = self._next, math.prod(shape)
        self._next = start + 8 * count
        return np.frombuffer(self._data, np.float64, count, start).reshape(shape)


def _tree(value: Any, arrays: list[Array]) -> Any:
    """Return `value` as JSON with shapes in place of arrays; append the arrays to `arrays`."""
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"shape": value.shape}
    if isinstance(value, History):
        line = value.line
        is_thinned = value.is_thinned or len(line) < len(value)
        return {"kind": "History", "is_thinned": is_thinned, "points": _tree(line, arrays)}
    if isinstance(value, Segment):
        return {"kind": "Segment", **{name: _tree(part, arrays) for name, part in value._asdict().items()}}
    if isinstance(value, tuple):
        return [_tree(part, arrays) for part in value]
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        return {"kind": type(value).__name__, **{name: _tree(getattr(value, name), arrays) for name in names}}
    return value


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
    about = About(state.name, "", None, b"")
    parts = with_digest(copy_parts(state, about))
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
    return Copy(body).state()


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
