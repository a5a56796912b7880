"""ONNX files as graphs of nodes and tensors.

The reader counts protobuf messages before parsing: an empty message of 2 bytes in the file needs about 150
bytes in memory. The reader refuses functions, subgraphs and tensors in other files.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, NODES, NUMBERS, Limit, counted, quoted, shortened
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.models import dense

if TYPE_CHECKING:
    import onnx


PARTS = Limit("parts", 200_000)
"""Largest number of protobuf fields in a model; a dense layer has about 50."""
DEPTH = Limit("levels of nested parts", 32)
INTEGERS = Limit("bytes of whole numbers", 3 * NUMBERS.limit)
"""Largest total size of the integers in a file, in bytes.

In the file, an integer needs at least 1 byte, and a 16-bit weight up to 3. In memory, each needs 8 bytes.
"""

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
"""Protobuf's codes for the encodings of values (wire types)."""
_VARINT_BYTES = re.compile(rb"[\x80-\xff]{0,9}[\x00-\x7f]")  # at most ten bytes
_DOUBLE, _FLOAT, _TEXT, _MESSAGE, _BYTES = 1, 2, 9, 11, 12
"""Protobuf's codes for the types of fields."""


def parse_model(data: bytes) -> onnx.ModelProto:
    """Return the model in the bytes of a file. Raises FileError."""
    from onnx import ModelProto

    with as_file_errors():
        _Measure(data).message(0, len(data), ModelProto.DESCRIPTOR, 1)
    try:
        model: onnx.ModelProto = ModelProto.FromString(data)
        return model
    except Exception:  # protobuf has several
        raise _broken() from None


def _broken() -> FileError:
    return FileError("this file is not an ONNX model, or the file is incomplete")


class _Measure:
    """Counts the parts of a message. Raises ValueError for too many parts, FileError for broken bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = 0
        self._integers = 0

    def message(self, at: int, end: int, kind: Any, depth: int) -> None:
        """Count the parts of a message of type `kind` from byte `at` to `end`."""
        DEPTH.check(depth)
        fields = _fields(kind)
        while at < end:
            self._parts += 1
            PARTS.check(self._parts)
            key, at = self._varint(at, end)
            layout, (field, part) = key & 7, fields.get(key >> 3, (_BYTES, None))
            start, at = self._value(at, end, layout)
            if layout != _SIZED:
                continue
            if field == _MESSAGE:
                self.message(start, at, part, depth + 1)
            elif field == _TEXT:
                self._check_text(start, at)
            elif field not in (_BYTES, _FLOAT, _DOUBLE):
                self._integers += at - start
                INTEGERS.check(self._integers)

    def _value(self, at: int, end: int, layout: int) -> tuple[int, int]:
        """Return the start and the end of the content of the value that begins at byte `at`."""
        if layout == _VARINT:
            return at, self._varint(at, end)[1]
        size = {_EIGHT: 8, _FOUR: 4}.get(layout)
        if layout == _SIZED:
            size, at = self._varint(at, end)
        if size is None or size > end - at:
            raise _broken()
        return at, at + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the integer, seven bits per byte, that begins at byte `at`, and its end."""
        found = _VARINT_BYTES.match(self._data, at, end)
        if found is None:
            raise _broken()
        return sum((byte & 127) << 7 * k for k, byte in enumerate(found[0])), found.end()

    def _check_text(self, start: int, end: int) -> None:
        try:
            self._data[start:end].decode()
        except UnicodeDecodeError:
            raise _broken() from None


@cache
def _fields(kind: Any) -> dict[int, tuple[int, Any]]:
    """Return the type of each field, and its message type if it is a message, by field number."""
    return {field.number: (field.type, field.message_type) for field in kind.fields}


KINDS = {
    "FLOAT": ("<f4", "float_data"),
    "DOUBLE": ("<f8", "double_data"),
    "FLOAT16": ("<u2", "int32_data"),
    "BFLOAT16": ("<u2", "int32_data"),
    "BOOL": ("?", "int32_data"),
    "INT32": ("<i4", "int32_data"),
    "INT64": ("<i8", "int64_data"),
}
"""For each ONNX type: the NumPy type of a tensor's `raw_data`, and the field that may replace `raw_data`.

16-bit floats are read as unsigned integers with the same bits.
"""
FLOATS = {"FLOAT": 1, "FLOAT16": 10, "DOUBLE": 11, "BFLOAT16": 16}
"""Types of real numbers, and ONNX's code for each type."""
MOST_DIMS = 8


def check_internal(tensor: onnx.TensorProto) -> None:
    """Raise FileError for a tensor whose numbers are in another file."""
    if tensor.data_location or tensor.external_data:
        raise FileError(
            "the numbers are in another file, which nnviz does not open; PyTorch exports a single file with "
            "external_data=False",
            tensor_place(tensor),
        )


def tensor_place(tensor: onnx.TensorProto) -> str:
    """Return the name of a tensor for an error message."""
    return tensor.name or "a tensor without a name"


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return the numbers of a tensor, floats as float64. Raises FileError."""
    place, shape = tensor_place(tensor), tuple(tensor.dims[: MOST_DIMS + 1])
    if len(shape) > MOST_DIMS or any(size < 0 for size in shape):
        raise FileError("the shape of this tensor is invalid", place)
    with as_file_errors(place):
        NUMBERS.check(math.prod(size for size in shape if size))  # NumPy refuses a large size beside a 0
    kinds = tensor.DataType
    kind = kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else "UNDEFINED"
    if kind not in KINDS:
        raise FileError(f"expected real numbers, found {kind}", place)
    layout, field = KINDS[kind]
    raw = tensor.raw_data
    found = len(raw) / np.dtype(layout).itemsize if raw else len(getattr(tensor, field))
    if found != math.prod(shape):
        expected = counted(math.prod(shape), "number")
        raise FileError(f"expected {expected} for this shape, found {found:g}", place)
    numbers = np.frombuffer(raw, layout) if raw else np.array(getattr(tensor, field)).astype(layout)
    if kind == "FLOAT16":
        numbers = numbers.view("<f2")
    elif kind == "BFLOAT16":
        numbers = dense.from_bfloat16(numbers)
    return (numbers.astype(np.float64) if kind in FLOATS else numbers).reshape(shape)


OPERATIONS = Limit("nodes", 20 * LAYERS.limit)
"""Largest number of nodes of a graph. A dense layer needs at most ten nodes, so there is room for more."""
LONGEST_DETOUR = 8
"""Fewer nodes than this may stand between a constant and the node that uses the constant."""

SUPPORTED = "nnviz opens only chains of dense layers (Gemm, or MatMul with Add) and activations"
_ONNX = ("", "ai.onnx")
_DOMAINS = (*_ONNX, "ai.onnx.ml")
_OUTDATED = ("consumed_inputs", "broadcast")
"""Attributes of early operators that do not change the result."""


class Graph:
    """The graph of a model. Raises FileError for contents that a chain of layers never has."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        with as_file_errors():
            OPERATIONS.check(len(graph.node))
        if model.functions:
            raise FileError("nnviz cannot read models that define functions", quoted(model.functions[0].name))
        if graph.sparse_initializer:
            name = quoted(graph.sparse_initializer[0].values.name)
            raise FileError("nnviz does not read sparse tensors", name)
        self.opset = next((each.version for each in model.opset_import if each.domain in _ONNX), 1)
        self.nodes = len(graph.node)
        self._tensors: dict[str, onnx.TensorProto | NDArray[Any]] = {}
        self._numbers = 0
        self._makers: dict[str, onnx.NodeProto] = {}
        for tensor in graph.initializer:
            check_internal(tensor)
            self._check_new(tensor.name)
            self._tensors[tensor.name] = tensor
        for node in graph.node:
            self._add(node)
        self.outputs = list(graph.output)
        inputs = [each for each in graph.input if each.name not in self._tensors]
        if len(inputs) != 1:
            names = ", ".join(quoted(each.name) for each in inputs[:5])
            raise FileError(f"expected one input, found {names or 'none'}")
        self.input = inputs[0]
        self._check_new(self.input.name)

    def _check_new(self, name: str) -> None:
        if name in self._tensors or name in self._makers:
            raise FileError("two values have this name", quoted(name))

    def _add(self, node: onnx.NodeProto) -> None:
        if node.domain not in _DOMAINS:  # even an Identity may do something else in another domain
            raise node_error(node)
        for attribute in node.attribute:
            if attribute.graphs or attribute.HasField("g"):
                raise node_error(node)
            if attribute.HasField("t"):
                check_internal(attribute.t)
        for name in filter(None, node.output):
            self._check_new(name)
            if node.op_type == "Constant":
                self._tensors[name] = _constant_of(node)
            else:
                self._makers[name] = node

    def maker(self, name: str) -> onnx.NodeProto | None:
        """Return the node that computes the value `name`, or None if no node computes it."""
        return self._makers.get(name)

    def constant(self, name: str) -> NDArray[Any] | None:
        """Return the constant `name`, or None for a value that depends on the graph's input.

        Floats are float64. Raises FileError for an invalid constant, or too many numbers in all constants.
        """
        transposed = False
        for _ in range(LONGEST_DETOUR):
            if name in self._tensors:
                array = self._array(name)
                return array.T if transposed else array
            node = self.maker(name)
            if node is None or node.op_type not in ("Identity", "Cast", "Transpose") or not node.input:
                return None
            if node.op_type == "Transpose":
                check_swaps(node)
                transposed = not transposed
            elif node.op_type == "Cast":
                check_real(node)
            name = node.input[0]
        return None

    def _array(self, name: str) -> NDArray[Any]:
        found = self._tensors[name]
        if isinstance(found, np.ndarray):
            return found
        array = self._tensors[name] = array_of(found)
        self._numbers += array.size
        with as_file_errors(name):
            NUMBERS.check(self._numbers)
        return array

    def number(self, name: str) -> float | None:
        """Return the number in the constant `name`, or None if `name` is not a constant with one number."""
        node = self.maker(name)
        if node is not None and node.op_type == "Unsqueeze" and node.input:
            name = node.input[0]
        constant = self.constant(name)
        return None if constant is None or constant.size != 1 else float(constant.item())


def check_swaps(node: onnx.NodeProto) -> None:
    """Raise FileError unless a Transpose node swaps rows and columns."""
    if attributes(node, perm=[1, 0])["perm"] != [1, 0]:
        raise node_error(node, "nnviz reads only transposes of two dimensions")


def check_real(node: onnx.NodeProto) -> None:
    """Raise FileError unless a Cast node converts to real numbers; a Cast to integers would round."""
    if attributes(node, to=0, saturate=1, round_mode="up")["to"] not in FLOATS.values():
        raise node_error(node, "this node converts to a type other than real numbers")


def node_place(node: onnx.NodeProto) -> str:
    """Return the name and operator of a node: "conv1 (Conv)". An output's name replaces a missing name."""
    name = node.name or next(filter(None, node.output), "a node")
    return f"{shortened(name)} ({shortened(operator_of(node))})"


def operator_of(node: onnx.NodeProto) -> str:
    """Return a node's operator, prefixed with its domain unless the domain is ONNX's own."""
    return node.op_type if node.domain in _ONNX else f"{node.domain}.{node.op_type}"


def node_error(node: onnx.NodeProto, why: str = SUPPORTED) -> FileError:
    """Return the error for a node that nnviz does not read."""
    return FileError(why, node_place(node))


def inputs_of(node: onnx.NodeProto, least: int, most: int | None = None) -> list[str]:
    """Return the names of a node's inputs, with "" for each missing input up to `most`.

    By default, `most` equals `least`. Raises FileError unless the node has `least` to `most` inputs.
    """
    most = least if most is None else most
    names = list(node.input)
    if not least <= len(names) <= most or not all(names[:least]):
        raise node_error(node, f"{node.op_type} cannot have {counted(len(names), 'input')}")
    return names + [""] * (most - len(names))


def attributes(node: onnx.NodeProto, **defaults: float | str | list[int] | list[float]) -> dict[str, Any]:
    """Return the attributes of a node by name; each keyword argument is the default of an attribute.

    Raises FileError for an attribute that has no default, or whose type is not the type of its default.
    """
    values: dict[str, Any] = dict(defaults)
    for each in node.attribute:
        if each.name in _OUTDATED:
            continue
        value = _value(each)
        if each.name not in defaults or type(value) is not type(defaults[each.name]):
            raise node_error(node, f"nnviz does not support the attribute {quoted(each.name)}")
        values[each.name] = value
    return values


def _value(attribute: onnx.AttributeProto) -> Any:
    if attribute.type == attribute.STRING:
        return attribute.s.decode(errors="replace")
    if attribute.type in (attribute.INTS, attribute.FLOATS):
        numbers = attribute.ints if attribute.type == attribute.INTS else attribute.floats
        return list(numbers) if len(numbers) <= NODES.limit else None
    return {attribute.FLOAT: attribute.f, attribute.INT: attribute.i}.get(attribute.type)


_CONSTANTS = {"value_float": float, "value_floats": float, "value_int": int, "value_ints": int}
"""Type of the numbers in each attribute of a Constant node, except `value`."""


def _constant_of(node: onnx.NodeProto) -> onnx.TensorProto | NDArray[Any]:
    """Return the tensor or the numbers in a Constant node, from any of its attributes."""
    from onnx import AttributeProto

    attribute = node.attribute[0] if len(node.attribute) == 1 else AttributeProto()
    if attribute.name == "value" and attribute.HasField("t"):
        return attribute.t
    value = _value(attribute)
    numbers = value if isinstance(value, list) else [value]
    kind = _CONSTANTS.get(attribute.name)
    if kind is None or not all(type(number) is kind for number in numbers):
        raise node_error(node, "this constant is not a tensor of numbers")
    return np.array(numbers)
