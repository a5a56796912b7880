"""ONNX files as graphs of nodes and tensors.

An empty message of two bytes becomes about 150 bytes in protobuf, so messages are counted before they are
parsed. Functions, subgraphs and tensors stored in other files are refused.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, NODES, NUMBERS, SHOWN, Limit, counted, quoted, shortened
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense

if TYPE_CHECKING:
    import onnx


PARTS = Limit("parts", 200_000)
"""Fields of protobuf: a dense layer has some 50."""
DEPTH = Limit("parts within parts", 32)
INTEGERS = Limit("bytes of whole numbers", 3 * NUMBERS.most)
"""A number takes 8 bytes in memory and as few as 1 here; a weight of 16 bits may stand as up to 3."""

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
"""How protobuf lays a value out."""
_DOUBLE, _FLOAT, _TEXT, _MESSAGE, _BYTES = 1, 2, 9, 11, 12
"""Of which type protobuf says that a field is."""


def parsed(data: bytes) -> onnx.ModelProto:
    """Return the model that the bytes hold. Raises FileError."""
    from onnx import ModelProto

    with told_by_core():
        _Measure(data).message(0, len(data), ModelProto.DESCRIPTOR, 1)
    try:
        model: onnx.ModelProto = ModelProto.FromString(data)
        return model
    except Exception:  # of protobuf, which has several
        raise _broken() from None


def _broken() -> FileError:
    return FileError("this is not an ONNX model, or not the whole of one")


class _Measure:
    """Walks through the parts of a message. Raises ValueError for too many, FileError for broken bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = 0
        self._integers = 0

    def message(self, at: int, end: int, kind: Any, depth: int) -> None:
        """Measure the message of a `kind` from byte `at` to `end`."""
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
        """Return where the value that begins `at` a byte has its content, and where it ends."""
        if layout == _VARINT:
            return at, self._varint(at, end)[1]
        size = {_EIGHT: 8, _FOUR: 4}.get(layout)
        if layout == _SIZED:
            size, at = self._varint(at, end)
        if size is None or size > end - at:
            raise _broken()
        return at, at + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the whole number, seven bits a byte, that begins `at` a byte, and where it ends."""
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                break
            byte = self._data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
        raise _broken()

    def _check_text(self, start: int, end: int) -> None:
        try:
            self._data[start:end].decode()
        except UnicodeDecodeError:
            raise _broken() from None


@cache
def _fields(kind: Any) -> dict[int, tuple[int, Any]]:
    """Return for each number of a field its type and, of a message, which."""
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
"""How the numbers lie in `raw_data`, and where else they may stand; floats of 16 bits as their bits."""
FLOATS = {"FLOAT": 1, "FLOAT16": 10, "DOUBLE": 11, "BFLOAT16": 16}
"""The kinds of real numbers, and how ONNX counts them."""
MOST_DIMS = 8


def check_own(tensor: onnx.TensorProto) -> None:
    """Raise FileError for a tensor whose numbers stand in another file."""
    if tensor.data_location or tensor.external_data:
        raise FileError(
            "its numbers stand in another file, which nnviz does not open; PyTorch exports one file with "
            "external_data=False",
            tensor_place(tensor),
        )


def tensor_place(tensor: onnx.TensorProto) -> str:
    """Return what a tensor is called in a sentence."""
    return tensor.name or "a tensor without a name"


def shape_of(tensor: onnx.TensorProto) -> tuple[int, ...]:
    """Return the shape that a tensor says it has. Raises FileError for none, and for one too large."""
    shape = tuple(tensor.dims[: MOST_DIMS + 1])
    if len(shape) > MOST_DIMS or any(size < 0 for size in shape):
        raise FileError("its sizes are none that a tensor can have", tensor_place(tensor))
    with told_by_core(tensor_place(tensor)):
        NUMBERS.check(math.prod(shape))
    return shape


def kind_of(tensor: onnx.TensorProto) -> str:
    """Return what the numbers of a tensor are, as ONNX calls it: FLOAT."""
    kinds = tensor.DataType
    return kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else "UNDEFINED"


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return the numbers of a tensor, floats as float64. Raises FileError where that fails."""
    shape, kind = shape_of(tensor), kind_of(tensor)
    check_own(tensor)
    if kind not in KINDS:
        raise FileError(f"expected real numbers, found {kind}", tensor_place(tensor))
    layout, field = KINDS[kind]
    raw = tensor.raw_data
    found = len(raw) / np.dtype(layout).itemsize if raw else len(getattr(tensor, field))
    if found != math.prod(shape):
        expected = counted(math.prod(shape), "number")
        raise FileError(f"expected {expected}, as its sizes say, found {found:g}", tensor_place(tensor))
    numbers = np.frombuffer(raw, layout) if raw else np.array(getattr(tensor, field)).astype(layout)
    return _floats(numbers, kind).reshape(shape)


def _floats(numbers: NDArray[Any], kind: str) -> NDArray[Any]:
    if kind == "FLOAT16":
        numbers = numbers.view("<f2")
    elif kind == "BFLOAT16":
        numbers = dense.of_upper_halves(numbers)
    return numbers.astype(np.float64) if kind in FLOATS else numbers


OPERATIONS = Limit("nodes", 20 * LAYERS.most)
"""Of a graph: a dense layer with a GELU that is written out has ten, constants among them."""
LONGEST_DETOUR = 8
"""So many nodes at most lie between a constant and its use."""

READS = "nnviz opens a chain of dense layers: Gemm, or MatMul and Add, and activations"
_OF_ONNX = ("", "ai.onnx")
_DOMAINS = (*_OF_ONNX, "ai.onnx.ml")
_OUTDATED = ("consumed_inputs", "broadcast")
"""Attributes of the first operators that say nothing of what is computed."""


class Constant(NamedTuple):
    """A tensor that does not depend on the input, as it stands or transposed."""

    tensor: onnx.TensorProto
    transposed: bool = False

    @property
    def turned(self) -> Constant:
        """It, transposed."""
        return self._replace(transposed=not self.transposed)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape; nothing is allocated. Raises FileError."""
        shape = shape_of(self.tensor)
        return shape[::-1] if self.transposed else shape

    def array(self) -> NDArray[Any]:
        """Return its numbers, floats as float64. Raises FileError."""
        values = array_of(self.tensor)
        return values.T if self.transposed else values


class Graph:
    """The graph of a model. Raises FileError for what no chain of layers has."""

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        with told_by_core():
            OPERATIONS.check(len(graph.node))
        if model.functions:
            raise FileError("functions of its own are not read", quoted(model.functions[0].name))
        if graph.sparse_initializer:
            raise FileError("sparse tensors are not read", quoted(graph.sparse_initializer[0].values.name))
        self.opset = next((own.version for own in model.opset_import if own.domain in _OF_ONNX), 1)
        self.nodes = len(graph.node)
        self._tensors: dict[str, onnx.TensorProto] = {}
        self._makers: dict[str, onnx.NodeProto] = {}
        for tensor in graph.initializer:
            check_own(tensor)
            self._define(tensor.name, tensor)
        for node in graph.node:
            self._add(node)
        self.outputs = list(graph.output)
        self.input = self._only([each for each in graph.input if each.name not in self._tensors])
        self._check_new(self.input.name)

    def _define(self, name: str, tensor: onnx.TensorProto) -> None:
        self._check_new(name)
        self._tensors[name] = tensor

    def _check_new(self, name: str) -> None:
        if name in self._tensors or name in self._makers:
            raise FileError("two values have this name", quoted(name))

    def _add(self, node: onnx.NodeProto) -> None:
        if node.domain not in _DOMAINS:  # what an Identity of somebody's own does, nobody knows
            raise refused(node)
        for attribute in node.attribute:
            if attribute.graphs or attribute.HasField("g"):
                raise refused(node)
            if attribute.HasField("t"):
                check_own(attribute.t)
        for name in filter(None, node.output):
            self._check_new(name)
            if node.op_type == "Constant":
                self._tensors[name] = _tensor_of(node)
            else:
                self._makers[name] = node

    def _only(self, inputs: list[onnx.ValueInfoProto]) -> onnx.ValueInfoProto:
        if len(inputs) != 1:
            names = ", ".join(quoted(each.name) for each in inputs[:5])
            raise FileError(f"expected one input, found {len(inputs)}{names and ': '}{names}")
        return inputs[0]

    def maker(self, name: str) -> onnx.NodeProto | None:
        """Return the node that makes a value from the graph's input, or None."""
        return self._makers.get(name)

    def constant(self, name: str) -> Constant | None:
        """Return the tensor of a name, or None for a value that depends on the graph's input."""
        transposed = False
        for _ in range(LONGEST_DETOUR):
            if name in self._tensors:
                return Constant(self._tensors[name], transposed)
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

    def number(self, name: str) -> float | None:
        """Return the one number of a constant that has one, whatever axes it is given, or None."""
        node = self.maker(name)
        if node is not None and node.op_type == "Unsqueeze" and node.input:
            name = node.input[0]
        constant = self.constant(name)
        if constant is None or any(size != 1 for size in constant.shape):
            return None
        return float(constant.array().item())


def check_swaps(node: onnx.NodeProto) -> None:
    """Raise FileError for a Transpose that does more than to swap rows and columns."""
    if attributes(node, perm=[1, 0])["perm"] != [1, 0]:
        raise refused(node, "more than two dimensions are not read")


def check_real(node: onnx.NodeProto) -> None:
    """Raise FileError for a Cast to other than real numbers, which rounds."""
    if attributes(node, to=0, saturate=1, round_mode="up")["to"] not in FLOATS.values():
        raise refused(node, "it makes other than real numbers")


def node_place(node: onnx.NodeProto) -> str:
    """Return a node by its name, or that of what it makes, with its operator: "conv1 (Conv)"."""
    name = node.name or next(filter(None, node.output), "a node")
    return f"{shortened(name, SHOWN)} ({shortened(operator_of(node), SHOWN)})"


def operator_of(node: onnx.NodeProto) -> str:
    """Return the operator of a node, with its domain where that is not ONNX's."""
    return node.op_type if node.domain in _OF_ONNX else f"{node.domain}.{node.op_type}"


def refused(node: onnx.NodeProto, why: str = READS) -> FileError:
    """Return the error for a node."""
    return FileError(why, node_place(node))


def inputs_of(node: onnx.NodeProto, least: int, most: int | None = None) -> list[str]:
    """Return the names of what a node takes: `most`, those that are left out as ''. Raises FileError."""
    most = least if most is None else most
    names = list(node.input)
    if not least <= len(names) <= most or not all(names[:least]):
        raise refused(node, f"{node.op_type} does not take {len(names)} inputs")
    return names + [""] * (most - len(names))


def attributes(node: onnx.NodeProto, **usual: float | int | str | list[int] | list[float]) -> dict[str, Any]:
    """Return what a node says by attributes, and the `usual` values of the others.

    Raises FileError for an attribute that is not among them, and for a value of another type.
    """
    found: dict[str, Any] = dict(usual)
    for own in node.attribute:
        if own.name in _OUTDATED:
            continue
        value = _value(own)
        if own.name not in usual or type(value) is not type(usual[own.name]):
            raise refused(node, f"its attribute {quoted(own.name)} is not read")
        found[own.name] = value
    return found


def _value(own: onnx.AttributeProto) -> Any:
    if own.type == own.STRING:
        return own.s.decode(errors="replace")
    if own.type in (own.INTS, own.FLOATS):
        numbers = own.ints if own.type == own.INTS else own.floats
        return list(numbers) if len(numbers) <= NODES.most else None
    return {own.FLOAT: own.f, own.INT: own.i}.get(own.type)


def _tensor_of(node: onnx.NodeProto) -> onnx.TensorProto:
    """Return the tensor that a Constant holds in one of its notations."""
    from onnx import AttributeProto, TensorProto

    own = node.attribute[0] if len(node.attribute) == 1 else AttributeProto()
    if own.name == "value" and own.HasField("t"):
        return own.t
    value = _value(own)
    numbers = value if isinstance(value, list) else [value]
    if own.name in ("value_float", "value_floats") and all(type(number) is float for number in numbers):
        return floats(numbers)
    if own.name in ("value_int", "value_ints") and all(type(number) is int for number in numbers):
        return TensorProto(dims=[len(numbers)], data_type=TensorProto.INT64, int64_data=numbers)
    raise refused(node, "a constant that is no tensor of numbers is not read")


def floats(numbers: list[float]) -> onnx.TensorProto:
    """Return numbers as a tensor of one dimension."""
    from onnx import TensorProto

    return TensorProto(dims=[len(numbers)], data_type=TensorProto.FLOAT, float_data=numbers)
