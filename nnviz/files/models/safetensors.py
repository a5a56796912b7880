"""`.safetensors`, named as a PyTorch `state_dict` of Linear layers: `0.weight`, `0.bias`, `fc1.weight`.

A header of JSON says where each tensor stands in the bytes behind it; it is short enough to be read here, and
every bound is looked at. Such a file does not say its activations: nnviz writes them into the metadata, which
others pass over, and asks for those of other people's files.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, quoted
from nnviz.core.state import State
from nnviz.files import json_text
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense, in_order
from nnviz.files.source import Source
from nnviz.files.version1 import refused_by_msgspec

_LENGTH = 8
_HEADER_BYTES = 2**20
_METADATA, _ACTIVATIONS = "__metadata__", "nnviz.activations"
_AXES = {".weight": 2, ".bias": 1}
_OF_NORMALISATION = ("running_mean", "running_var", "num_batches_tracked")
_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}

_T = TypeVar("_T")


class _Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """Where a tensor stands, in bytes behind the header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def sniff(data: bytes) -> bool:
    """Tell whether bytes begin with the length of a header in braces."""
    return data[_LENGTH : _LENGTH + 1] == b"{" and int.from_bytes(data[:_LENGTH], "little") < len(data)


def read(source: Source) -> State:
    """Return the State in a file of tensors. Raises FileError."""
    tensors, metadata, begin = _header(source.data)
    end = max((each.data_offsets[1] for each in tensors.values()), default=0)
    _check_whole(source.data, begin + end, "tensors need")
    _refuse_normalisation(tensors)
    bodies = memoryview(source.data)[begin:]
    _check_places(tensors, len(bodies))
    arrays = {name: _array(bodies[slice(*each.data_offsets)], each, name) for name, each in tensors.items()}
    for name, same in metadata.items():  # by which PyTorch says that two layers share one tensor
        if same in arrays and name.endswith(tuple(_AXES)):
            arrays.setdefault(name, arrays[same])
    layers = in_order(_layers(arrays))
    sizes = dense.sizes_of(layers)
    said = metadata.get(_ACTIVATIONS)
    names = said.split(",") if said else source.answered(sizes)
    return dense.state_of(dense.with_activations(layers, names), source=source)


def _header(data: bytes) -> tuple[dict[str, _Tensor], dict[str, str], int]:
    """Return the tensors by name, the metadata, and where the tensors' bytes begin."""
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > _HEADER_BYTES:
        raise FileError(f"expected a header of up to {_HEADER_BYTES:,} bytes, found one of {length:,}")
    _check_whole(data, _LENGTH + length, "header needs")
    head = json_text.parsed(json_text.decoded(data[_LENGTH : _LENGTH + length]))
    if not isinstance(head, dict):
        raise FileError("expected a header in braces")
    metadata = _converted(head.pop(_METADATA, {}), dict[str, str], _METADATA)
    tensors = {name: _converted(raw, _Tensor, name) for name, raw in head.items()}
    return tensors, metadata, _LENGTH + length


def _check_whole(data: bytes, size: int, need: str) -> None:
    if len(data) < size:
        raise FileError(f"the file is cut off: it has {len(data):,} bytes, its {need} {size:,}")


def _refuse_normalisation(names: Iterable[str]) -> None:
    """Raise FileError, with the way round, where a name is one of those that PyTorch's BatchNorm has."""
    for name in names:
        layer, _, last = name.rpartition(".")
        if last in _OF_NORMALISATION:
            raise FileError(
                "it is a normalisation, which is no dense layer; in Python make it part of the one before: "
                "torch.nn.utils.fuse_linear_bn_eval(linear.eval(), norm.eval())",
                layer,
            )


def _converted(raw: Any, kind: type[_T], place: str) -> _T:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise refused_by_msgspec(error).within(place) from None


def _check_places(tensors: dict[str, _Tensor], size: int) -> None:
    """Check that the tensors follow one another without a gap or an overlap, up to the end."""
    at = 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].data_offsets):
        begin, end = tensor.data_offsets
        if begin != at or not begin <= end <= size:
            raise FileError(
                f"expected its bytes from {at:,} on, within {size:,}, found {begin:,} to {end:,}", name
            )
        at = end
    if at != size:
        raise FileError(f"{size - at:,} bytes behind the last tensor belong to none")


def _array(data: memoryview, tensor: _Tensor, name: str) -> NDArray[Any]:
    axes = next((count for end, count in _AXES.items() if f".{name}".endswith(end)), None)
    if len(tensor.shape) != axes:  # before its sizes are multiplied, of which there may be thousands
        raise FileError(
            f"{quoted(name)} of shape {tensor.shape} is neither the weight, a matrix, nor the bias, a row, "
            "of a dense layer"
        )
    if tensor.dtype not in _KINDS:
        raise FileError(f"expected one of {', '.join(_KINDS)}, found {quoted(tensor.dtype)}", name)
    kind = np.dtype(_KINDS[tensor.dtype])
    if min(tensor.shape) < 0 or math.prod(tensor.shape) * kind.itemsize != len(data):
        raise FileError(f"{len(data):,} bytes are not what a tensor of its shape {tensor.shape} takes", name)
    array = np.frombuffer(data, kind)
    if tensor.dtype == "BF16":
        array = dense.of_upper_halves(array)
    return array.reshape(tensor.shape)


def _layers(arrays: dict[str, NDArray[Any]]) -> list[Dense]:
    """Return a layer for each name that a weight has, with the bias of that name."""
    weights = [name for name in arrays if name.endswith("weight")]
    with told_by_core():
        LAYERS.check(len(weights))
    layers = []
    for name in weights:
        bias = arrays.pop(f"{name.removesuffix('weight')}bias", None)
        layers.append(Dense(arrays.pop(name), bias, "", name.removesuffix("weight").rstrip(".")))
    if arrays:
        raise FileError(f"there is no weight to the bias {quoted(next(iter(arrays)))}")
    return layers


def write(state: State) -> bytes:
    """Return the weights and biases of `state`, named as in a Sequential of Linear layers and activations.

    Raises FileError.
    """
    tensors: dict[str, NDArray[Any]] = {}
    index = 0
    for layer in dense.fold_scaling(state).layers:
        tensors[f"{index}.weight"] = layer.weights
        if layer.biases is not None:
            tensors[f"{index}.bias"] = layer.biases
        index += 1 if layer.function.linear else 2  # the activation, a module of its own
    activations = ",".join(layer.activation for layer in state.network.layers)
    head: dict[str, Any] = {_METADATA: {"format": "pt", _ACTIVATIONS: activations}}
    at = 0
    for name, array in tensors.items():
        head[name] = {"dtype": "F64", "shape": array.shape, "data_offsets": (at, at + array.nbytes)}
        at += array.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % _LENGTH)  # so that the numbers are aligned
    bodies = (array.astype("<f8").tobytes() for array in tensors.values())
    return b"".join([len(text).to_bytes(_LENGTH, "little"), text, *bodies])


def left_out(state: State) -> list[str]:
    """Return what of `state` a file does not keep."""
    return dense.left_out(state)


raw_rows = dense.standardised_rows


def replaced(data: bytes) -> list[str]:
    """Return what of a file is lost where one of nnviz's takes its place: a program may ask for its names."""
    _, metadata, _ = _header(data)
    parts = {
        "the names of its tensors": _ACTIVATIONS not in metadata,
        "its metadata": not metadata.keys() <= {"format", _ACTIVATIONS},
    }
    return [part for part, is_lost in parts.items() if is_lost]
