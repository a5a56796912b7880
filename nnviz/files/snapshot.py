"""Fast copies of a State as bytes, for autosave and for messages between processes.

A copy includes the run, whose loss curve is thinned as in a file. The parts of a copy are: a first line, the
header's length, the header as JSON, the bytes of the arrays, and a digest of these parts, to detect damage.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.columns import Column
from nnviz.core.history import History
from nnviz.core.network import Layer, Network
from nnviz.core.schedules import SCHEDULES
from nnviz.core.state import Curve, Dataset, Run, RunLabel, Segment, State, Training, Weights, WeightSet
from nnviz.files import native
from nnviz.files.errors import FileError

_FIRST = b"nnviz copy 1\n"
_LENGTH, _DIGEST = 8, 16
"""_LENGTH: size of the field with the header's length. _DIGEST: size of the digest. Both are in bytes."""
_PLAIN = (
    *(State, Network, Layer, Dataset, Column, Training, WeightSet, Weights),
    *(Run, Curve, Segment, RunLabel),
    *SCHEDULES.values(),
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
    tree = _tree(native.without_unsavable_runs(state), arrays)
    head = json.dumps({"about": about.as_json(), "state": tree}).encode()
    numbers = (np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays)
    return [_FIRST, len(head).to_bytes(_LENGTH, "little"), head, *numbers]


def with_digest(parts: Parts) -> Parts:
    """Return `parts` with their digest as the last part; other threads run while large arrays are hashed."""
    import hashlib  # imported late: its library takes 4 MB

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
        self._arrays: list[Array] = []

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
            if tree["at"] == len(self._arrays):
                self._arrays.append(self._array(tree["shape"]))
            return self._arrays[tree["at"]]
        fields = {name: self._value(part) for name, part in tree.items() if name != "kind"}
        return _KINDS[tree["kind"]](**fields)

    def _array(self, shape: list[int]) -> Array:
        start, count = self._next, math.prod(shape)
        self._next = start + 8 * count
        return np.frombuffer(self._data, np.float64, count, start).reshape(shape)


def _tree(value: Any, arrays: list[Array]) -> Any:
    """Return `value` as JSON with shapes in place of arrays; append each array once to `arrays`."""
    if isinstance(value, np.ndarray):
        at = next((k for k, each in enumerate(arrays) if each is value), len(arrays))
        arrays += [value] if at == len(arrays) else []
        return {"shape": value.shape, "at": at}
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
