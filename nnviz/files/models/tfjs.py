"""TensorFlow.js' layers model: a `model.json`, and weights as they lie in memory, in files beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import NUMBERS, quoted
from nnviz.core.state import State
from nnviz.files.atomic import LARGEST_BYTES
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.json_text import decoded, parsed
from nnviz.files.models import dense, keras_chain, keras_compiled
from nnviz.files.models.keras_chain import mapping
from nnviz.files.source import Source

_MANIFEST = "weightsManifest"
_MOST_FILES, _MOST_WEIGHTS = 1_000, 4_000
_KINDS = {"float32": "<f4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}
"""Types of numbers that stand in a file, and NumPy's names of them."""
_PACKED = ("float16", "uint8", "uint16")
_MOST_AXES = 4


def sniff(data: bytes) -> bool:
    """Tell whether a text names its weights as TensorFlow.js does."""
    return re.search(rb'"weightsManifest"\s*:', data) is not None


def read(source: Source) -> State:
    """Return the State of a layers model. Raises FileError."""
    raw = mapping(parsed(decoded(source.data), source.progress), "the model")
    topology = mapping(raw.get("modelTopology"), "modelTopology")
    if "node" in topology or raw.get("format") == "graph-model":
        raise FileError("it is a graph of operations; nnviz opens TensorFlow.js' layers models")
    chain = keras_chain.chain_of(keras_chain.parts(topology.get("model_config", topology)), source.told)
    arrays = _arrays(raw.get(_MANIFEST), source)
    owned = keras_chain.by_layer(arrays)
    found = {id(step): [arrays[name] for name in owned.get(step.name, ())] for step in chain.stored}
    made = keras_chain.with_numbers(chain, found, source.told)
    return keras_compiled.state_of(made, topology.get("training_config"), source)


def _arrays(manifest: object, source: Source) -> dict[str, NDArray[np.float32]]:
    """Return all weights by name."""
    arrays: dict[str, NDArray[np.float32]] = {}
    count = 0
    for k, group in enumerate(_listed(manifest, _MANIFEST)):
        place = f"{_MANIFEST}[{k}]"
        given = mapping(group, place)
        data, at = _data(_listed(given.get("paths"), f"{place}.paths"), source), 0
        parts = _listed(given.get("weights"), f"{place}.weights")
        if len(parts) > _MOST_WEIGHTS:
            raise FileError(f"expected at most {_MOST_WEIGHTS:,}, found {len(parts):,}", f"{place}.weights")
        for part in parts:
            weight = _weight(mapping(part, place))
            count += weight.numbers
            with told_by_core():
                NUMBERS.check(count, place)
            end = at + weight.numbers * weight.kind.itemsize
            if weight.name in arrays or end > len(data):
                fault = (
                    "this name stands twice" if weight.name in arrays else "its files are too short for it"
                )
                raise FileError(fault, weight.name)
            arrays[weight.name], at = weight.unpacked(data[at:end]), end
    return arrays


def _data(paths: list[Any], source: Source) -> bytes:
    """Return the bytes of the files that hold a group of weights."""
    if len(paths) > _MOST_FILES:
        raise FileError(f"expected at most {_MOST_FILES:,} files of weights, found {len(paths):,}")
    parts, size = [], 0
    for name in paths:
        if not isinstance(name, str):
            raise FileError(f"expected the name of a file, found {quoted(name)}")
        parts.append(source.beside(name))
        size += len(parts[-1])
        if size > LARGEST_BYTES:
            raise FileError(f"the files of its weights have more than {LARGEST_BYTES // 2**20} MB")
    return b"".join(parts)


class _Weight(NamedTuple):
    name: str
    shape: tuple[int, ...]
    kind: np.dtype[Any]
    scale: float
    least: float

    @property
    def numbers(self) -> int:
        return math.prod(self.shape)

    def unpacked(self, data: bytes) -> NDArray[np.float32]:
        """Return the numbers, which TensorFlow.js computes from what stands there and holds in 32 bits."""
        found = np.frombuffer(data, self.kind).reshape(self.shape)
        if self.kind.kind == "f":
            return found.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            return (found * self.scale + self.least).astype(np.float32)


def _weight(given: Mapping[str, Any]) -> _Weight:
    name, shape, packed = given.get("name"), given.get("shape"), given.get("quantization")
    if not isinstance(name, str) or not isinstance(shape, list):
        raise FileError("expected a name and a shape", _MANIFEST)
    if len(shape) > _MOST_AXES or not all(type(side) is int and 0 <= side <= NUMBERS.most for side in shape):
        raise FileError(f"{quoted(shape)} is no shape of weights", name)
    how = {} if packed is None else mapping(packed, name)
    kind = how.get("dtype", given.get("dtype"))
    if given.get("dtype") != "float32" or kind not in (_PACKED if how else ("float32",)):
        raise FileError(f"its numbers are of the type {quoted(kind)}, which nnviz does not open", name)
    scale, least = how.get("scale", 1.0), how.get("min", 0.0)
    for number in (scale, least):
        if not dense.is_number(number):
            raise FileError(f"expected a number, found {quoted(number)}", f"{name}.quantization")
    return _Weight(name, tuple(shape), np.dtype(_KINDS[kind]), float(scale), float(least))


def _listed(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise FileError(f"expected a list, found {quoted(value)}", place)
    return value
