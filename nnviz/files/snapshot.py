"""A State as bytes that cost next to nothing to make, for copies of our own: arrays as they lie in memory.

The run is kept too, its curve in few points as in a file. The bytes are a first line, the length of the
head, the head as JSON, the arrays, and a digest of all that, which tells a damaged copy.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import History
from nnviz.core.network import Layer, Network
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
from nnviz.files import runs
from nnviz.files.errors import FileError

_FIRST = b"nnviz copy 1\n"
_LENGTH, _DIGEST = 8, 16
"""Bytes of the head's length and of the digest."""
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
    """What is told about a copy: its title, what it holds in words, its file, and that file's digest."""

    title: str
    holds: str
    original: Path | None
    digest: bytes

    def as_json(self) -> dict[str, str]:
        """Return it as JSON can hold it."""
        path, digest = str(self.original or ""), self.digest.hex()
        return {"title": self.title, "holds": self.holds, "path": path, "digest": digest}

    @classmethod
    def of_json(cls, told: Any) -> About:
        """Return what `as_json` has made. Raises KeyError, TypeError or ValueError for anything else."""
        original, digest = Path(told["path"]) if told["path"] else None, bytes.fromhex(told["digest"])
        return cls(str(told["title"]), str(told["holds"]), original, digest)


def parts(state: State, about: About) -> Parts:
    """Return `state`, and what is told `about` it, as bytes to be sealed and written one after the other."""
    arrays: list[Array] = []
    tree = _tree(runs.savable(state), arrays)
    head = json.dumps({"about": about.as_json(), "state": tree}).encode()
    numbers = (np.ascontiguousarray(array).reshape(-1).view(np.uint8).data for array in arrays)
    return [_FIRST, len(head).to_bytes(_LENGTH, "little"), head, *numbers]


def sealed(made: Parts) -> Parts:
    """Return `made` with its digest at the end; other threads go on while it is taken of large arrays."""
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for part in made:
        digest.update(part)
    return [*made, digest.digest()]


@contextmanager
def _of_this_version() -> Iterator[None]:
    try:
        yield
    except (MemoryError, OverflowError, RecursionError):  # of what no nnviz writes
        raise FileError("it is damaged") from None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise FileError(f"it is of another version of nnviz ({error})") from None


class Copy:
    """A copy that was read: `about` it, and its State. Raises FileError where it is damaged, or not ours."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(_FIRST) or sealed([memoryview(data)[:-_DIGEST]])[-1] != data[-_DIGEST:]:
            raise FileError("it is damaged")
        begin = len(_FIRST) + _LENGTH
        self._data, self._next = data, begin + int.from_bytes(data[len(_FIRST) : begin], "little")
        with _of_this_version():
            head = json.loads(data[begin : self._next])
            self.about, self._tree = About.of_json(head["about"]), head["state"]

    def state(self) -> State:
        """Return the State, once. Raises FileError where another nnviz wrote what this one does not know."""
        with _of_this_version():
            state = self._value(self._tree)
            if not isinstance(state, State):
                raise TypeError(f"a {type(state).__name__}")
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
        begin, count = self._next, math.prod(shape)
        self._next = begin + 8 * count
        return np.frombuffer(self._data, np.float64, count, begin).reshape(shape)


def _tree(value: Any, arrays: list[Array]) -> Any:
    """Return `value` as JSON can hold it; its arrays are put into `arrays`, and their shapes stay."""
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
