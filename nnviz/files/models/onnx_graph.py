"""ONNX files as graphs of nodes and tensors, without functions, subgraphs and tensors in other files."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import LAYERS, NUMBERS, Limit, quoted, shortened
from nnviz.files.errors import FileError, errors_as
from nnviz.files.models.dense import check_limit

if TYPE_CHECKING:
    import onnx


FLOATS = {"FLOAT": 1, "FLOAT16": 10, "DOUBLE": 11, "BFLOAT16": 16}
"""Types of real numbers, and ONNX's code for each type."""
_KINDS = (*FLOATS, "BOOL", "INT32", "INT64")
MOST_DIMS = 8


def parse_model(data: bytes) -> onnx.ModelProto:
    """Return the model in the bytes of a file. Raises FileError."""
    from onnx import ModelProto

    with errors_as("this file is not an ONNX model, or the file is incomplete"):  # protobuf has several
        model: onnx.ModelProto = ModelProto.FromString(data)
        return model


def is_real(value: onnx.ValueInfoProto) -> bool:
    """Return whether a value may have real numbers; a label is an integer or a text."""
    kind = value.type
    return not kind.HasField("tensor_type") or kind.tensor_type.elem_type in (0, *FLOATS.values())


def check_internal(tensor: onnx.TensorProto) -> None:
    """Raise FileError for a tensor whose numbers are in another file."""
    if tensor.data_location or tensor.external_data:
        raise FileError(
            "the numbers are in another file, which nnviz does not open; PyTorch exports a single file with "
            "external_data=False",
            _tensor_place(tensor),
        )


def _tensor_place(tensor: onnx.TensorProto) -> str:
    return tensor.name or "a tensor without a name"


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return the numbers of a tensor, floats as float64. Raises FileError."""
    from onnx.numpy_helper import to_array

    place, shape = _tensor_place(tensor), list(tensor.dims[: MOST_DIMS + 1])
    if len(shape) > MOST_DIMS or any(size < 0 for size in shape):
        raise FileError("the shape of this tensor is invalid", place)
    count = math.prod(size for size in shape if size)  # NumPy refuses a large size beside a 0
    check_limit(NUMBERS, count, place)
    kinds = tensor.DataType
    kind = kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else "UNDEFINED"
    if kind not in _KINDS:
        raise FileError(f"expected real numbers, found {kind}", place)
    with errors_as(f"expected numbers for the shape {shape}, found more or fewer", place, ValueError):
        array = to_array(tensor)
    return array.astype(np.float64) if kind in FLOATS else array


OPERATIONS = Limit("nodes", 20 * LAYERS.limit)
"""Largest number of nodes of a graph. A dense layer needs at most ten nodes, so there is room for more."""

_ONNX = ("", "ai.onnx")
_DOMAINS = (*_ONNX, "ai.onnx.ml")


class Graph:
    """The graph of a model. Raises FileError for contents that a chain of layers never has.

    ========= ==================================================================================
    `opset`   the version of ONNX's operators
    `input`   the only input
    `outputs` the outputs
    `nodes`   the nodes in the file's order, in which ONNX requires each value before its use
    `tensors` the constants by name, not yet read
    ========= ==================================================================================
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        check_limit(OPERATIONS, len(graph.node))
        if odd := [*model.functions, *(each.values for each in graph.sparse_initializer)]:
            raise FileError("nnviz reads no functions of a model and no sparse tensors", quoted(odd[0].name))
        self.opset = next((each.version for each in model.opset_import if each.domain in _ONNX), 1)
        self.tensors = {tensor.name: tensor for tensor in graph.initializer}
        self.nodes = list(graph.node)
        self.outputs = list(graph.output)
        for tensor in graph.initializer:
            check_internal(tensor)
        for node in self.nodes:
            _check_plain(node)
        inputs = [each for each in graph.input if each.name not in self.tensors]
        if len(inputs) != 1:
            names = ", ".join(quoted(each.name) for each in inputs[:5])
            raise FileError(f"expected one input, found {names or 'none'}")
        self.input = inputs[0]
        made = [name for node in self.nodes for name in node.output if name]
        constants = (tensor.name for tensor in graph.initializer)
        (name, count), *_ = Counter([self.input.name, *constants, *made]).most_common(1)
        if count > 1:
            raise FileError("two values have this name", quoted(name))

    def output(self) -> tuple[str, list[str]]:
        """Return the name of the only output of real numbers, and a note on each other output."""
        real = [output for output in self.outputs if is_real(output)]
        if len(real) != 1:
            names = ", ".join(quoted(output.name) for output in self.outputs[:5]) or "none"
            raise FileError(
                f"expected one output of real numbers, such as probabilities, found {len(real)} "
                f"(outputs: {names})"
            )
        others = [output.name for output in self.outputs if output is not real[0]]
        return real[0].name, [f"the output {quoted(name)} was left out" for name in others[:5]]

    def nodes_before(self, name: str) -> list[onnx.NodeProto]:
        """Return the nodes on which the value `name` depends, in the file's order."""
        needed, nodes = {name}, []
        for node in reversed(self.nodes):
            if not needed.isdisjoint(filter(None, node.output)):
                needed.update(node.input)
                nodes.append(node)
        if self.input.name not in needed:
            raise FileError("this value does not depend on the input", quoted(name))
        constants = [node for node in nodes if not node.input]  # some files have them after their use
        return constants + [node for node in reversed(nodes) if node.input]


def _check_plain(node: onnx.NodeProto) -> None:
    """Raise FileError for a node with operators of its own, with a graph or with numbers in another file."""
    has_graph = any(each.graphs or each.HasField("g") for each in node.attribute)
    if node.domain not in _DOMAINS or has_graph:  # even an Identity may do something else in another domain
        raise node_error(node)
    for attribute in node.attribute:
        if attribute.HasField("t"):
            check_internal(attribute.t)


def node_place(node: onnx.NodeProto) -> str:
    """Return the name and operator of a node: "conv1 (Conv)". An output's name replaces a missing name."""
    name = node.name or next(filter(None, node.output), "a node")
    return f"{shortened(name)} ({shortened(operator_of(node))})"


def operator_of(node: onnx.NodeProto) -> str:
    """Return a node's operator, prefixed with its domain unless the domain is ONNX's own."""
    return node.op_type if node.domain in _ONNX else f"{node.domain}.{node.op_type}"


SUPPORTED = "nnviz opens only chains of dense layers (Gemm, MatMul with Add, a small Conv) and activations"


def node_error(node: onnx.NodeProto, why: str = SUPPORTED) -> FileError:
    """Return the error for a node that nnviz does not read."""
    return FileError(why, node_place(node))
