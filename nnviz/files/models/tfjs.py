"""TensorFlow.js layers models: a `model.json`, and files with the raw weights in the same folder."""

from __future__ import annotations

import math
import re
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from nnviz.core.numbers import NUMBERS
from nnviz.core.state import State
from nnviz.files.atomic import LARGEST_BYTES
from nnviz.files.errors import FileError
from nnviz.files.json_text import decode_text, parse
from nnviz.files.models import keras, keras_chain
from nnviz.files.models.dense import LARGEST, check_limit
from nnviz.files.models.keras_chain import json_object
from nnviz.files.source import Codec, Source
from nnviz.files.version1 import convert

_KINDS = {"float32": "<f4", "float16": "<f2", "uint8": "u1", "uint16": "<u2"}
"""Types of numbers in a file, with their NumPy types."""
_Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
_Shape = Annotated[list[Annotated[int, Meta(ge=0, le=NUMBERS.limit)]], Meta(max_length=4)]


class _Quantization(msgspec.Struct):
    """How float32 numbers are packed: unpacked = packed · `scale` + `min`, except for float16."""

    dtype: Literal["float16", "uint8", "uint16"]
    scale: _Number = 1.0
    min: _Number = 0.0


class _Weight(msgspec.Struct):
    name: str
    shape: _Shape
    dtype: Literal["float32"]
    quantization: _Quantization | None = None


class _Group(msgspec.Struct):
    """The names of files that hold, one after the other, the numbers of `weights`."""

    paths: Annotated[list[str], Meta(max_length=1_000)]
    weights: Annotated[list[_Weight], Meta(max_length=4_000)]


class _Weights(msgspec.Struct):
    weightsManifest: list[_Group]  # noqa: N815


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
    arrays = _arrays(raw, source)
    names = keras_chain.group_by_layer(arrays)
    by_id = {id(part): [arrays[name] for name in names.get(part.name, ())] for part in parts}
    chain = keras_chain.chain_of(parts, by_id)
    return keras.state_of(parts, chain, topology.get("training_config"), source)


def _arrays(raw: object, source: Source) -> dict[str, NDArray[np.float32]]:
    """Return all weights by name, from all files. Raises FileError."""
    arrays: dict[str, NDArray[np.float32]] = {}
    count = 0
    for group in convert(raw, _Weights).weightsManifest:
        data, at = _data(group.paths, source), 0
        for weight in group.weights:
            numbers = math.prod(weight.shape)
            count += numbers
            check_limit(NUMBERS, count, weight.name)
            if weight.name in arrays:
                raise FileError("this name appears twice", weight.name)
            packing = weight.quantization
            kind = np.dtype(_KINDS[packing.dtype if packing else weight.dtype])
            end = at + numbers * kind.itemsize
            if end > len(data):
                raise FileError("the weight files are too short for this weight", weight.name)
            found, at = np.frombuffer(data[at:end], kind).reshape(weight.shape), end
            with np.errstate(over="ignore", invalid="ignore"):
                if packing and kind.kind == "u":
                    found = found * packing.scale + packing.min
                arrays[weight.name] = found.astype(np.float32)
    return arrays


def _data(paths: list[str], source: Source) -> bytes:
    """Return the bytes of the files that hold a group of weights."""
    data = bytearray()
    for name in paths:
        data += source.read_sibling(name.removeprefix("./"))  # a browser's download begins with ./
        if len(data) > LARGEST_BYTES:
            raise FileError(f"the weight files are larger than {LARGEST_BYTES // 2**20} MB")
    return bytes(data)


TFJS = Codec(sniff, read)
