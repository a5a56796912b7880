"""Evaluation of parts of an ONNX graph for rows of numbers, in float64.

The onnx library's reference evaluator computes most operators. It runs only operators in this module, whose
results are not much larger than their inputs, and the size of each result is checked before the evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import ACTIVATIONS, Array, named_in
from nnviz.core.numbers import NODES, NUMBERS, one_line, quoted, shortened
from nnviz.files.errors import FileError, errors_as
from nnviz.files.models.dense import check_limit
from nnviz.files.models.onnx_graph import (
    FLOATS,
    MOST_DIMS,
    SUPPORTED,
    Graph,
    array_of,
    is_real,
    node_error,
    node_place,
    operator_of,
)

if TYPE_CHECKING:
    import onnx

Values: TypeAlias = dict[str, NDArray[Any]]

BY_OPERATOR = {name: own for name, own in named_in("onnx").items() if not own.linear}
"""nnviz's activations by the name of their ONNX operator."""
PLAIN = {
    *("Identity", "Cast", "Dropout", "ai.onnx.ml.ZipMap", "Constant", "Shape", "Gather", "Slice"),
    *("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Concat"),
}
"""Operators that move numbers and do not change them."""
FACTORS = {"Mul", "Div", "Neg"}
"""Operators that scale numbers and do not shift them."""
PRODUCTS = {"Gemm", "MatMul", "Conv"}
"""Operators that make a dense layer."""
AFFINE = PLAIN | FACTORS | PRODUCTS | {"Add", "Sub", "BatchNormalization", "ai.onnx.ml.Scaler"}
AFFINE |= {"GlobalAveragePool", "ReduceMean"}
"""Operators that are affine if only some of their inputs depend on the graph's input."""
_PARTS = {
    *("Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Greater", "Less", "PRelu", "Clip"),
    *("Abs", "Erf", "Exp", "Log", "Reciprocal", "Sqrt"),
}
"""Operators of single numbers that may be parts of an activation; the shapes of their inputs broadcast."""
OPERATORS = AFFINE | _PARTS | set(BY_OPERATOR)

OLDEST = 7
"""Version of ONNX's operators that stands for all earlier ones: since then numbers broadcast as in NumPy."""
_OUTDATED = ("consumed_inputs", "broadcast", "is_test", "spatial")
"""Attributes of early operators that do not change the result."""
_MOST_NUMBERS = 4 * NUMBERS.limit
"""Largest total size of the constants that nodes compute, and of the weights of products."""
BATCH, FEW = 16, 2
"""Number of rows that are evaluated at once, and that are checked at the end."""


def _version(node: onnx.NodeProto, opset: int) -> int:
    """Return the version of ONNX's operators for a node: `opset`, or the newest one if only this one fits.

    Raises FileError for a node with an unknown operator, or with inputs or attributes that ONNX forbids.
    """
    from onnx import IR_VERSION, checker, defs

    if operator_of(node) not in OPERATORS:
        raise node_error(node, f"{SUPPORTED} ({', '.join(BY_OPERATOR)})")
    context, why = checker.C.CheckerContext(), ""
    newest = defs.onnx_opset_version()
    context.ir_version = IR_VERSION
    for version in (min(max(OLDEST, opset), newest), newest):
        context.opset_imports = {"": version, "ai.onnx.ml": 1}
        try:
            checker.check_node(node, context)
            return version
        except checker.ValidationError as error:
            why = why or str(error).partition("\n")[0]
    raise node_error(node, f"ONNX does not allow this node: {shortened(one_line(why), 120)}")


def _reference(node: onnx.NodeProto, opset: int) -> Callable[..., Any]:
    """Return the function with which the onnx library computes a node."""
    from onnx import GraphProto, helper
    from onnx.reference import ReferenceEvaluator

    graph = GraphProto(node=[node], output=[helper.make_empty_tensor_value_info("")])
    with errors_as("the onnx package cannot compute this node", node_place(node)):
        # For invalid attributes the library raises any exception.
        operators = ReferenceEvaluator(graph, {"": opset, "ai.onnx.ml": 1}).rt_nodes_
    run: Callable[..., Any] = operators[0].run
    return run


class Operator:
    """An operator of a node, as a function of arrays."""

    def __init__(self, node: onnx.NodeProto, opset: int, known: dict[bytes, Callable[..., Any]]) -> None:
        """Check the node. Raises FileError. `known` collects the functions of the onnx library."""
        from onnx import helper

        self.node = type(node)(op_type=node.op_type, name=node.name, input=node.input)
        self.node.domain = "" if node.domain == "ai.onnx" else node.domain
        self.node.attribute.extend(each for each in node.attribute if each.name not in _OUTDATED)
        self.node.output.extend(node.output[:1])
        opset = _version(self.node, opset)
        self.attributes = {each.name: helper.get_attribute_value(each) for each in self.node.attribute}
        self._own = _OWN.get(operator_of(node))
        if self._own is None:
            parts = (self.node.op_type.encode(), *(each.SerializeToString() for each in self.node.attribute))
            key = b" ".join(parts)
            self._run = known[key] = known.get(key) or _reference(self.node, opset)

    def __call__(self, *inputs: NDArray[Any] | None) -> NDArray[Any]:
        """Return the first output, floats as float64. Raises FileError."""
        try:
            size = _size_of_result(self, [np.shape(each) for each in inputs if each is not None])
            if size > NUMBERS.limit:
                raise node_error(self.node, f"this node needs about {size:,} numbers, too many for nnviz")
            with np.errstate(all="ignore"):
                found: Any = self._own(self, *inputs) if self._own else self._run(*inputs)[0]
                return np.asarray(found, np.float64 if np.asarray(found).dtype.kind == "f" else None)
        except (FileError, MemoryError):
            raise
        except Exception:  # NumPy and onnx have several
            shapes = " and ".join(str(list(np.shape(each))) for each in inputs if each is not None)
            raise node_error(self.node, f"this node cannot take values of the shape {shapes}") from None


def _size_of_result(operator: Operator, shapes: Sequence[tuple[int, ...]]) -> int:
    """Return at least the number of numbers that an operator needs; 0 if this is not more than its inputs."""
    name, attributes = operator.node.op_type, operator.attributes
    if name in _PARTS:
        return math.prod(np.broadcast_shapes(*shapes))
    if name in ("MatMul", "Gemm"):
        left, right = ((1, *shapes[0])[-2:], (*shapes[1], 1)[:2] if len(shapes[1]) < 2 else shapes[1])
        rows = left[-1] if attributes.get("transA") else left[-2]
        columns = right[-2] if attributes.get("transB") else right[-1]
        return math.prod(np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2])) * rows * columns
    if name == "Gather":
        return math.prod(map(math.prod, shapes))
    if name == "Conv":
        (rows, channels, *sides), (filters, _, *kernel) = shapes[:2]
        kernel = attributes.get("kernel_shape", kernel)
        dilated = math.prod(kernel) * max(attributes.get("dilations", [1])) ** len(kernel)
        places = math.prod(side + 2 * max([*attributes.get("pads", [0]), *kernel]) for side in sides)
        results = rows * places * max(channels * math.prod(kernel), filters)
        return int(max(results, filters * channels * dilated))
    return 0


def _cast(operator: Operator, x: NDArray[Any]) -> NDArray[Any]:
    """Return x: all floats are float64 here, and whole numbers that stay whole do not change."""
    if operator.attributes.get("to") in FLOATS.values():
        return x.astype(np.float64)
    if x.dtype.kind == "f":
        raise node_error(operator.node, "this node converts to a type other than real numbers")
    return x


def _without_training(operator: Operator, x: NDArray[Any], *others: Any) -> NDArray[Any]:
    """Return what a node computes after training: dropout keeps x, and batch normalisation is affine."""
    is_dropout = operator.node.op_type == "Dropout"
    if operator.attributes.get("training_mode") or (is_dropout and len(others) == 2 and others[1]):
        why = "drops values at random" if is_dropout else "normalises with the rows of a batch"
        raise node_error(operator.node, f"this node {why}: export the model after model.eval()")
    if is_dropout:
        return x
    shape = (-1, *(1,) * (x.ndim - 2))
    factor, shift, mean, variance = (each.reshape(shape) for each in others)
    deviation = np.sqrt(variance + operator.attributes.get("epsilon", 1e-5))
    return np.asarray(factor * (x - mean) / deviation + shift)


def _gelu(operator: Operator, x: NDArray[Any]) -> NDArray[Any]:
    if operator.attributes.get("approximate", b"none") != b"none":
        raise node_error(operator.node, "this gelu uses the tanh approximation; nnviz's gelu uses erf")
    return ACTIVATIONS["gelu"](x)


def _constant(operator: Operator) -> NDArray[Any]:
    (value,) = operator.attributes.values()
    return array_of(value) if hasattr(value, "raw_data") else np.array(value)


_OWN: dict[str, Callable[..., NDArray[Any]]] = {
    **dict.fromkeys(("Identity", "ai.onnx.ml.ZipMap"), lambda _operator, x, *_: x),
    "Cast": _cast,
    "Constant": _constant,
    **dict.fromkeys(("Dropout", "BatchNormalization"), _without_training),
    "Gelu": _gelu,
}
"""Operators that nnviz computes itself: the onnx library copies, rounds, trains or is slow."""


class InputLayout(NamedTuple):
    """How rows of numbers stand in the input of a model.

    ========= ==========================================================
    `axis`    the axis along which rows follow each other; None for one row
    `sides`   the shape of a row
    `batch`   the number of rows that are evaluated at once
    `checked` the number of rows of the model, or a few if it may vary
    ========= ==========================================================
    """

    axis: int | None
    sides: tuple[int, ...]
    batch: int = 1
    checked: int = 1

    def pack(self, rows: Array) -> Array:
        """Return rows, shape (rows, inputs), as the input of the model."""
        value = rows.reshape(len(rows), *self.sides)
        return value[0] if self.axis is None else np.moveaxis(value, 0, self.axis)


class Evaluator:
    """The nodes between the input of a graph and one of its outputs. Raises FileError for an unknown node.

    ============= =============================================================================
    `nodes`       the nodes that depend on the input or on the number of rows, in order
    `data`        the names of the values that depend on the input
    `operators`   the operator of each node
    `constants`   the constants by name; floats are float64
    `has_16_bits` whether a constant has floats of 16 bits
    ============= =============================================================================
    """

    def __init__(self, graph: Graph, output: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.data, self.constants = {graph.input.name}, Values()
        self.input, self.output, self.has_16_bits = graph.input.name, output, False
        self._graph = graph
        self.operators: list[Operator] = []
        self._known: dict[bytes, Callable[..., Any]] = {}
        self._sizes: set[str] = set()
        self._numbers = self._computed = 0
        for node in graph.nodes_before(output):
            self._add(node)
        if output not in self.data:
            raise FileError("this value does not depend on the input", quoted(output))
        self._sized = [k for k, node in enumerate(self.nodes) if node.output[0] in self._sizes]
        self._rows, self._shapes = 1, dict[str, tuple[int, ...]]()

    def _add(self, node: onnx.NodeProto) -> None:
        operator = Operator(node, self._graph.opset, self._known)
        for name in node.input:
            self._read_constant(name)
            if name and not any(name in known for known in (self.data, self._sizes, self.constants)):
                raise node_error(node, f"no earlier node computes the value {quoted(name)}")
        name, has_data = node.output[0], not self.data.isdisjoint(node.input)
        if not has_data and self._sizes.isdisjoint(node.input):
            self.constants[name] = operator(*map(self.constants.get, node.input))
            self._count(name)
            return
        if self.input in node.input and node.op_type != "Cast" and not is_real(self._graph.input):
            raise node_error(node, "this node computes with integers or texts, not with real numbers")
        if node.op_type in PRODUCTS:  # many layers may share a tensor
            self._count(*node.input)
        (self.data if has_data and node.op_type != "Shape" else self._sizes).add(name)
        self.nodes.append(node)
        self.operators.append(operator)

    def _read_constant(self, name: str) -> None:
        tensor = self._graph.tensors.get(name)
        if name not in self.constants and tensor is not None:
            self.constants[name] = array_of(tensor)
            self.has_16_bits |= tensor.data_type in (FLOATS["FLOAT16"], FLOATS["BFLOAT16"])
            self._numbers += self.constants[name].size
            check_limit(NUMBERS, self._numbers, name)

    def _count(self, *names: str) -> None:
        """Count the numbers of the constants among these values. Raises FileError for too many numbers."""
        self._computed += sum(self.constants[name].size for name in names if name in self.constants)
        if self._computed > _MOST_NUMBERS:
            raise FileError(f"the constants of this model have over {_MOST_NUMBERS:,} numbers")

    def width(self, name: str) -> int:
        """Return the number of numbers that a value has for each row."""
        return math.prod(self._shapes[name]) // self._rows

    def start(self, layout: InputLayout) -> None:
        """Evaluate the graph for a batch, and keep the shapes of all values."""
        self._rows, self._shapes = layout.batch, {}
        values = self.run(0, len(self.nodes), {self.input: layout.pack(random_rows(layout, layout.batch))})
        self._shapes = {name: values[name].shape for name in self.data if name in values}
        for name, found in self._shapes.items():
            if not math.prod(found) or math.prod(found) % layout.batch:
                raise FileError("this value does not have a row for each row of the input", quoted(name))

    def run(self, first: int, last: int, values: Values) -> Values:
        """Add the outputs of the nodes from `first` to before `last` to `values`."""
        for k in (*(k for k in self._sized if k < first), *range(first, last)):
            inputs = (self._value(name, values) for name in self.nodes[k].input)
            values[self.nodes[k].output[0]] = self.operators[k](*inputs)
        return values

    def _value(self, name: str, values: Values) -> NDArray[Any] | None:
        """Return a value; zeros stand for a value of which only the shape is needed."""
        if name in self.data and name not in values:
            return np.broadcast_to(0.0, self._shapes[name])
        return values[name] if name in values else self.constants.get(name)

    def through(self, first: int, last: int, name: str, rows: Array) -> Array:
        """Return what the nodes from `first` to before `last` compute from the value `name` of some rows.

        `rows` has shape (rows, width); so has the result, which is the output of the last node.
        """
        end, count, found = self.nodes[last - 1].output[0], self._rows, []
        padded = np.concatenate([rows, np.zeros((-len(rows) % count, rows.shape[1]))])
        for at in range(0, len(rows), count):
            batch = padded[at : at + count].reshape(self._shapes[name])
            found.append(self.run(first, last, {name: batch})[end].reshape(count, -1))
        return np.concatenate(found)[: len(rows)]

    def layouts(self) -> Iterator[InputLayout]:
        """Yield the layouts that the input may have; the model declares them, or its first weights show them.

        Many rows are evaluated at once if they stay next to each other in all values, else row by row.
        """
        dims = _dims(self._graph.input) or [None, None]
        axes: tuple[int | None, ...] = (None,) if len(dims) == 1 else (0,)
        if len(dims) == 2:
            axes = (1, 0) if dims[1] is None and dims[0] else (0, 1)  # the number of rows usually varies
        for axis in axes:
            rows = None if axis is None else dims[axis]
            for sides in self._sides([size for k, size in enumerate(dims) if k != axis]):
                check_limit(NODES, math.prod(sides), quoted(self.input))
                if rows is not None and rows * math.prod(sides) > NUMBERS.limit:
                    rows = None
                for batch in dict.fromkeys((BATCH, rows or 1, 1) if axis == 0 else (1,)):
                    yield InputLayout(axis, sides, batch, 1 if axis is None else rows or FEW)

    def _sides(self, dims: Sequence[int | None]) -> Iterator[tuple[int, ...]]:
        """Yield shapes that a row may have, with the number of inputs of the first weights."""
        known = math.prod(size for size in dims if size)
        products = (node for node in self.nodes if node.op_type in PRODUCTS)
        names = [name for node in islice(products, 1) for name in node.input]
        weights = next((self.constants[name] for name in names if name in self.constants), None)
        widths = (known,) if None not in dims else () if weights is None else weights.shape[-2:]
        for width in widths if dims.count(None) <= 1 else ():
            if width % known == 0:
                yield tuple(size or width // known for size in dims)


def random_rows(layout: InputLayout, count: int) -> Array:
    """Return random rows of inputs, shape (count, inputs)."""
    return np.random.default_rng(0).normal(size=(count, math.prod(layout.sides)))


def _dims(value: onnx.ValueInfoProto) -> list[int | None]:
    """Return the declared sizes of a value, None for each size that may vary."""
    sizes = value.type.tensor_type.shape.dim
    if len(sizes) > MOST_DIMS:  # checked before multiplying
        raise FileError(f"expected at most {MOST_DIMS} dimensions, found {len(sizes):,}", quoted(value.name))
    return [size.dim_value if size.dim_value > 0 else None for size in sizes]
