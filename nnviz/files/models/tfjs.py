"""TensorFlow.js layers models: a `model.json`, and files with the raw weights in the same folder."""

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
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.json_text import decode_text, parse
from nnviz.files.models import dense, keras, keras_chain
from nnviz.files.models.keras_chain import json_list, json_object
from nnviz.files.source import Codec, Source

_MANIFEST = "weightsManifest"
_MOST_FILES, _MOST_WEIGHTS = 1_000, 4_000
_KINDS = {"float32": "<f4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}
"""Types of numbers in a file, with their NumPy types."""
_QUANTIZED = ("float16", "uint8", "uint16")
_MOST_AXES = 4


def sniff(data: bytes) -> bool:
    """Return whether data contains a list of weights in the form that TensorFlow.js writes."""
    return re.search(rb'"weightsManifest"\s*:', data) is not None


def read(source: Source) -> State:
    """Return the State of a layers model. Raises FileError."""
    raw = json_object(parse(decode_text(source.data), source.progress), "the model")
    topology = json_object(raw.get("modelTopology"), "modelTopology")
    if "node" in topology or raw.get("format") == "graph-model":
        raise FileError("the file is a graph model; nnviz opens only layers models of TensorFlow.js")
    parts = keras_chain.model_layers(topology.get("model_config", topology))
    arrays = _arrays(raw.get(_MANIFEST), source)
    names = keras_chain.group_by_layer(arrays)
    by_id = {id(part): [arrays[name] for name in names.get(part.name, ())] for part in parts}
    chain = keras_chain.chain_of(parts, by_id)
    source.notes.extend(keras_chain.training_notes(parts) + chain.notes)
    return keras.state_of(chain.layers, topology.get("training_config"), source)


def _arrays(manifest: object, source: Source) -> dict[str, NDArray[np.float32]]:
    """Return all weights by name, from all files. Raises FileError."""
    arrays: dict[str, NDArray[np.float32]] = {}
    count = 0
    for k, group in enumerate(json_list(manifest, _MANIFEST)):
        place = f"{_MANIFEST}[{k}]"
        entry = json_object(group, place)
        data, at = _data(json_list(entry.get("paths"), f"{place}.paths"), source), 0
        parts = json_list(entry.get("weights"), f"{place}.weights")
        if len(parts) > _MOST_WEIGHTS:
            raise FileError(f"expected at most {_MOST_WEIGHTS:,} weights, found {len(parts):,}", place)
        for part in parts:
            weight = _weight(json_object(part, place))
            count += weight.numbers
            with as_file_errors():
                NUMBERS.check(count, place)
            end = at + weight.numbers * weight.kind.itemsize
            if weight.name in arrays:
                raise FileError("this name appears twice", weight.name)
            if end > len(data):
                raise FileError("the weight files are too short for this weight", weight.name)
            arrays[weight.name], at = weight.unpacked(data[at:end]), end
    return arrays


def _data(paths: list[Any], source: Source) -> bytes:
    """Return the bytes of the files that hold a group of weights."""
    if len(paths) > _MOST_FILES:
        raise FileError(f"nnviz opens at most {_MOST_FILES:,} weight files, but the model has {len(paths):,}")
    parts, size = [], 0
    for name in paths:
        if not isinstance(name, str):
            raise FileError(f"expected the name of a file, found {quoted(name)}")
        parts.append(source.read_sibling(name.removeprefix("./")))  # a browser's download begins with ./
        size += len(parts[-1])
        if size > LARGEST_BYTES:
            raise FileError(f"the weight files are larger than {LARGEST_BYTES // 2**20} MB")
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
        """Return the 32-bit floats that TensorFlow.js computes from the stored bytes."""
        found = np.frombuffer(data, self.kind).reshape(self.shape)
        if self.kind.kind == "f":
            return found.astype(np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            return (found * self.scale + self.least).astype(np.float32)


def _weight(entry: Mapping[str, Any]) -> _Weight:
    name, shape, packed = entry.get("name"), entry.get("shape"), entry.get("quantization")
    if not isinstance(name, str) or not isinstance(shape, list):
        raise FileError("expected a name and a shape for each weight", _MANIFEST)
    if len(shape) > _MOST_AXES or not all(type(side) is int and 0 <= side <= NUMBERS.limit for side in shape):
        raise FileError(f"expected the shape of weights, found {quoted(shape)}", name)
    quantization = {} if packed is None else json_object(packed, name)
    kind = quantization.get("dtype", entry.get("dtype"))
    if entry.get("dtype") != "float32" or kind not in (_QUANTIZED if quantization else ("float32",)):
        raise FileError(f"nnviz does not open weights of the type {quoted(kind)}", name)
    scale, least = quantization.get("scale", 1.0), quantization.get("min", 0.0)
    for number in (scale, least):
        if not dense.is_number(number):
            raise FileError(f"expected a number, found {quoted(number)}", f"{name}.quantization")
    return _Weight(name, tuple(shape), np.dtype(_KINDS[kind]), float(scale), float(least))


TFJS = Codec(sniff, read)
