"""`.safetensors` files, with names as in a PyTorch `state_dict` of Linear layers: `0.weight`, `fc1.bias`.

A JSON header gives the place of each tensor in the bytes after the header; the reader checks every bound. The
format has no place for activations. nnviz writes the activations into the metadata, which other programs
ignore. If a file has no activations, nnviz asks the user for them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, NUMBERS, quoted
from nnviz.core.state import State
from nnviz.files import json_text
from nnviz.files.errors import FileError
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense, sort_layers
from nnviz.files.source import Codec, Source
from nnviz.files.version1 import convert

_LENGTH = 8
_HEADER_BYTES = 2**20
_METADATA, _ACTIVATIONS = "__metadata__", "nnviz.activations"
_AXES = {".weight": 2, ".bias": 1}
_OF_NORMALISATION = ("running_mean", "running_var", "num_batches_tracked")
_KINDS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}

_Offset = Annotated[int, Meta(ge=0)]


class _Tensor(msgspec.Struct, forbid_unknown_fields=True):
    """Type, shape and place of a tensor, in bytes after the header."""

    dtype: str
    shape: list[int]
    data_offsets: tuple[_Offset, _Offset]


def sniff(data: bytes) -> bool:
    """Return whether data begins with the length of a JSON header."""
    return data[_LENGTH : _LENGTH + 1] == b"{" and int.from_bytes(data[:_LENGTH], "little") < len(data)


def read(source: Source) -> State:
    """Return the State in a file of tensors. Raises FileError."""
    tensors, metadata, begin = _header(source.data)
    end = max((each.data_offsets[1] for each in tensors.values()), default=0)
    _check_size(source.data, begin + end)
    check_tensors({name: each.shape for name, each in tensors.items()})
    count = sum(abs(math.prod(each.shape)) for each in tensors.values())  # tensors may share bytes
    dense.check_limit(NUMBERS, count)
    bodies = memoryview(source.data)[begin:]
    arrays = {name: _array(bodies[slice(*each.data_offsets)], each, name) for name, each in tensors.items()}
    for name, same in metadata.items():  # PyTorch lists here the layers that share a tensor
        if same in arrays and name.endswith(tuple(_AXES)):
            arrays.setdefault(name, arrays[same])
    layers = sort_layers(layers_of(arrays))
    sizes = dense.sizes_of(layers)
    stored = metadata.get(_ACTIVATIONS)
    names = stored.split(",") if stored else source.given_activations(sizes)
    return dense.state_of(dense.with_activations(layers, names), source=source)


def _header(data: bytes) -> tuple[dict[str, _Tensor], dict[str, str], int]:
    """Return the tensors by name, the metadata, and the offset of the first tensor."""
    length = int.from_bytes(data[:_LENGTH], "little")
    if length > _HEADER_BYTES:
        raise FileError(f"expected a header of at most {_HEADER_BYTES:,} bytes, found {length:,}")
    _check_size(data, _LENGTH + length)
    head = json_text.parse(json_text.decode_text(data[_LENGTH : _LENGTH + length]))
    if not isinstance(head, dict):
        raise FileError("expected a JSON object as the header")
    metadata = convert(head.pop(_METADATA, {}), dict[str, str], _METADATA)
    tensors = {name: convert(raw, _Tensor, name) for name, raw in head.items()}
    return tensors, metadata, _LENGTH + length


def _check_size(data: bytes, size: int) -> None:
    if len(data) < size:
        raise FileError(f"the file is cut off: it needs {size:,} bytes and has {len(data):,}")


def check_tensors(shapes: Mapping[str, Sequence[int]]) -> None:
    """Raise FileError for the first tensor of a state_dict that is no weight and no bias of a dense layer.

    `shapes` maps the name of each tensor to its shape. For a BatchNorm layer the error says what to do.
    """
    for name in shapes:
        layer, _, last = name.rpartition(".")
        if last in _OF_NORMALISATION:
            raise FileError(
                "nnviz opens only dense layers; in Python, merge this normalisation into the previous layer: "
                "torch.nn.utils.fuse_linear_bn_eval(linear.eval(), norm.eval())",
                layer,
            )
    for name, shape in shapes.items():
        axes = next((count for end, count in _AXES.items() if f".{name}".endswith(end)), None)
        if len(shape) != axes:
            raise FileError(
                f"{quoted(name)} of shape {[*shape]} is neither the weight (a matrix) nor the bias (a row) "
                "of a dense layer"
            )


def _array(data: memoryview, tensor: _Tensor, name: str) -> NDArray[Any]:
    if tensor.dtype not in _KINDS:
        raise FileError(f"expected one of {', '.join(_KINDS)}, found {quoted(tensor.dtype)}", name)
    kind = np.dtype(_KINDS[tensor.dtype])
    if min(tensor.shape) < 0 or math.prod(tensor.shape) * kind.itemsize != len(data):
        raise FileError(f"the {len(data):,} bytes of this tensor do not fit its shape {tensor.shape}", name)
    array = np.frombuffer(data, kind)
    if tensor.dtype == "BF16":
        array = dense.from_bfloat16(array)
    return array.reshape(tensor.shape)


def layers_of(arrays: Mapping[str, NDArray[Any]]) -> list[Dense]:
    """Return a layer for each weight of a state_dict, with the bias of the same name.

    Raises FileError for a bias without a weight, and for too many layers.
    """
    rest = dict(arrays)
    weights = [name for name in arrays if name.endswith("weight")]
    dense.check_limit(LAYERS, len(weights))
    layers = []
    for name in weights:
        bias = rest.pop(f"{name.removesuffix('weight')}bias", None)
        layers.append(Dense(rest.pop(name), bias, "", name.removesuffix("weight").rstrip(".")))
    if rest:
        raise FileError(f"the bias {quoted(next(iter(rest)))} has no weight")
    return layers


def write(state: State) -> bytes:
    """Return the bytes of a file with the weights and biases of `state`. Raises FileError.

    The tensors have the names of PyTorch's Sequential with Linear layers and activations.
    """
    tensors: dict[str, NDArray[Any]] = {}
    index = 0
    for layer in dense.fold_scaling(state).layers:
        tensors |= zip((f"{index}.weight", f"{index}.bias"), layer.arrays, strict=False)
        index += 1 if layer.function.linear else 2  # the activation is a separate module
    activations = ",".join(layer.activation for layer in state.network.layers)
    head: dict[str, Any] = {_METADATA: {"format": "pt", _ACTIVATIONS: activations}}
    at = 0
    for name, array in tensors.items():
        head[name] = {"dtype": "F64", "shape": array.shape, "data_offsets": (at, at + array.nbytes)}
        at += array.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % _LENGTH)  # aligns the numbers
    bodies = (array.astype("<f8").tobytes() for array in tensors.values())
    return b"".join([len(text).to_bytes(_LENGTH, "little"), text, *bodies])


UNREAD = "the names of tensors and the metadata"
SAFETENSORS = Codec(sniff, read, write, dense.left_out, dense.standardised_rows, UNREAD)
