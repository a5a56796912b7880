"""An ONNX graph by names: which node makes a value, which values are constants, and what a node says.

Functions, graphs within graphs and numbers in other files are refused here. Knows nothing of dense layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import NDArray

from nnviz.core.limits import LAYERS, NODES, Limit
from nnviz.core.names import SHOWN, quoted, shortened
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models.onnx import tensors

if TYPE_CHECKING:
    import onnx

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
        shape = tensors.shape_of(self.tensor)
        return shape[::-1] if self.transposed else shape

    def array(self) -> NDArray[Any]:
        """Return its numbers, floats as float64. Raises FileError."""
        values = tensors.array_of(self.tensor)
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
            tensors.check_own(tensor)
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
                tensors.check_own(attribute.t)
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
    if attributes(node, to=0, saturate=1, round_mode="up")["to"] not in tensors.FLOATS.values():
        raise refused(node, "it makes other than real numbers")


def place_of(node: onnx.NodeProto) -> str:
    """Return a node by its name, or that of what it makes, with its operator: "conv1 (Conv)"."""
    name = node.name or next(filter(None, node.output), "a node")
    return f"{shortened(name, SHOWN)} ({shortened(operator_of(node), SHOWN)})"


def operator_of(node: onnx.NodeProto) -> str:
    """Return the operator of a node, with its domain where that is not ONNX's."""
    return node.op_type if node.domain in _OF_ONNX else f"{node.domain}.{node.op_type}"


def refused(node: onnx.NodeProto, why: str = READS) -> FileError:
    """Return the error for a node."""
    return FileError(why, place_of(node))


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
