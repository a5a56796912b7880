"""Evaluation of parts of an ONNX graph for rows of numbers, in float64.

The onnx library's reference evaluator computes most operators. It runs only operators in this module, whose
results are not much larger than their inputs, and the size of each result is checked before the evaluation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import ACTIVATIONS, Array
from nnviz.core.numbers import NODES, NUMBERS, counted, one_line, quoted, shortened
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.models.onnx_graph import (
    FLOATS,
    MOST_DIMS,
    SUPPORTED,
    Graph,
    array_of,
    is_real,
    node_error,
    operator_of,
)

if TYPE_CHECKING:
    import onnx

Values: TypeAlias = dict[str, NDArray[Any]]

BY_OPERATOR = {each.notation.onnx.name: each for each in ACTIVATIONS.values() if not each.linear}
"""nnviz's activations by the name of their ONNX operator."""
PLAIN = frozenset(
    {
        *("Identity", "Cast", "Dropout", "ai.onnx.ml.ZipMap", "Constant", "Shape", "Gather", "Slice"),
        *("Flatten", "Reshape", "Squeeze", "Unsqueeze", "Transpose", "Concat"),
    }
)
"""Operators that move numbers and do not change them."""
FACTORS = frozenset({"Mul", "Div", "Neg"})
"""Operators that scale numbers and do not shift them."""
PRODUCTS = frozenset({"Gemm", "MatMul", "Conv"})
"""Operators that make a dense layer."""
AFFINE = PLAIN | FACTORS | PRODUCTS | {"Add", "Sub", "BatchNormalization", "ai.onnx.ml.Scaler"}
AFFINE |= {"GlobalAveragePool", "ReduceMean"}
"""Operators that are affine if only some of their inputs depend on the graph's input."""
_BROADCASTS = frozenset(
    {"Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Where", "Greater", "Less", "PRelu", "Clip"}
)
_PARTS = _BROADCASTS | {"Abs", "Erf", "Exp", "Log", "Reciprocal", "Sqrt"}
"""Operators that may be parts of an activation."""
OPERATORS = AFFINE | _PARTS | set(BY_OPERATOR)

OLDEST = 7
"""Version of ONNX's operators that stands for all earlier ones: since then numbers broadcast as in NumPy."""
_OUTDATED = ("consumed_inputs", "broadcast", "is_test", "spatial")
"""Attributes of early operators that do not change the result."""
_MOST_NUMBERS = 4 * NUMBERS.limit
"""Largest total size of all constants that nodes compute."""
_CHUNK = 2**18
"""Largest number of numbers in a value, if rows can be evaluated one after the other."""


def _version(node: onnx.NodeProto, opset: int) -> int:
    """Return the version of ONNX's operators for a node: `opset`, or the newest one if only this one fits.

    Raises FileError for a node with an unknown operator, or with inputs or attributes that ONNX forbids.
    """
    from onnx import defs

    if operator_of(node) not in OPERATORS:
        raise node_error(node, f"{SUPPORTED} ({', '.join(BY_OPERATOR)})")
    newest = defs.onnx_opset_version()
    opset = min(max(OLDEST, opset), newest)
    why = _misfit(node, opset)
    if why and _misfit(node, newest):
        raise node_error(node, why)
    return newest if why else opset


def _misfit(node: onnx.NodeProto, opset: int) -> str:
    """Return why a node is not valid in a version of ONNX, or ""."""
    from onnx import defs

    try:
        schema = defs.get_schema(node.op_type, opset if node.domain == "" else 1, node.domain)
    except defs.SchemaError:
        return f"version {opset} of ONNX has no operator {node.op_type}"
    names = node.input
    if not schema.min_input <= len(names) <= schema.max_input or not all(names[: schema.min_input]):
        return f"{node.op_type} cannot have {counted(len(names), 'input')}"
    kinds = {name: str(each.type).rpartition(".")[2] for name, each in schema.attributes.items()}
    for each in node.attribute:
        is_large = max(len(each.ints), len(each.floats), abs(each.i)) > NODES.limit
        if kinds.get(each.name) != each.AttributeType.Name(each.type) or is_large:
            return f"nnviz does not support the attribute {quoted(each.name)}"
    return ""


def _reference(node: onnx.NodeProto, opset: int) -> Callable[..., Any]:
    """Return the function with which the onnx library computes a node."""
    from onnx import GraphProto, helper
    from onnx.reference import ReferenceEvaluator

    graph = GraphProto(node=[node], output=[helper.make_empty_tensor_value_info("")])
    try:
        operators = ReferenceEvaluator(graph, {"": opset, "ai.onnx.ml": 1}).rt_nodes_
    except Exception:  # for invalid attributes the library raises any exception
        raise node_error(node, "the onnx package cannot compute this node") from None
    run: Callable[..., Any] = operators[0].run
    return run


class Operator:
    """An operator of a node, as a function of arrays. `size` is about the size of its last result."""

    def __init__(self, node: onnx.NodeProto, opset: int, known: dict[bytes, Callable[..., Any]]) -> None:
        """Check the node. Raises FileError. `known` collects the functions of the onnx library."""
        from onnx import helper

        self.size, self.node = 0, type(node)(op_type=node.op_type, name=node.name, input=node.input)
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
            self.size = _size_of_result(self, [np.shape(each) for each in inputs if each is not None])
            if self.size > NUMBERS.limit:
                raise node_error(
                    self.node, f"this node needs about {self.size:,} numbers, too many for nnviz"
                )
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
    if name in _BROADCASTS:
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
        dilated = math.prod(kernel) * max(attributes.get("dilations", [1])) ** len(kernel)
        around = 2 * max([*attributes.get("pads", [0]), *kernel])
        places = math.prod(side + around for side in sides)
        return int(
            max(rows * places * max(channels * math.prod(kernel), filters), filters * channels * dilated)
        )
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


def _same(_operator: Operator, x: NDArray[Any], *_: Any) -> NDArray[Any]:
    return x


def _constant(operator: Operator) -> NDArray[Any]:
    (value,) = operator.attributes.values()
    return array_of(value) if hasattr(value, "raw_data") else np.array(value)


_OWN: dict[str, Callable[..., NDArray[Any]]] = {
    "Identity": _same,
    "ai.onnx.ml.ZipMap": _same,
    "Cast": _cast,
    "Constant": _constant,
    "Dropout": _without_training,
    "Gelu": _gelu,
    "BatchNormalization": _without_training,
}
"""Operators that nnviz computes itself: the onnx library copies, rounds, trains or is slow."""


class Layout(NamedTuple):
    """The shape of a value that depends on the input, and how rows of numbers stand in it.

    ======= ===========================================================================================
    `shape` the shape for one row; for all rows of a batch if `axis` is None
    `axis`  the axis along which rows follow each other, or None if the model has a fixed batch
    `width` the number of numbers of a row
    ======= ===========================================================================================
    """

    shape: tuple[int, ...]
    axis: int | None
    width: int

    def pack(self, rows: Array) -> Array:
        """Return rows, shape (rows, width), as a value."""
        if self.axis is None:
            return rows.reshape(self.shape)
        first, *others = np.moveaxis(np.empty(self.shape), self.axis, 0).shape
        return np.moveaxis(rows.reshape(len(rows) * first, *others), 0, self.axis)

    def unpack(self, value: Array, rows: int) -> Array:
        """Return a value as rows, shape (rows, width)."""
        if self.axis is not None:
            value = np.moveaxis(value, self.axis, 0)
        return value.reshape(rows, self.width)


class Evaluator:
    """The nodes between the input of a graph and one of its outputs. Raises FileError for an unknown node.

    ========= =================================================================================
    `nodes`   the nodes that depend on the input or on the number of rows, in order
    `data`    the names of the values that depend on the input
    `layouts` the layout of each of these values
    `batch`   the fixed number of rows of the model, or None
    `outputs` the value of the output for `rows`, random rows of inputs; both have shape (rows, width)
    ========= =================================================================================
    """

    def __init__(self, graph: Graph, output: str) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.data = {graph.input.name}
        self.has_16_bits = False
        self.input = graph.input.name
        self._graph = graph
        self._operators: list[Operator] = []
        self._known: dict[bytes, Callable[..., Any]] = {}
        self._constants: Values = {}
        self._sizes: set[str] = set()
        self._numbers = self._weights = 0
        for node in graph.nodes_before(output):
            self._add(node)
        if output not in self.data:
            raise FileError("this value does not depend on the input", quoted(output))
        self._sized = [k for k, node in enumerate(self.nodes) if node.output[0] in self._sizes]
        self.batch: int | None = None
        self.layouts: dict[str, Layout] = {}
        self._find_layouts(output)

    def _add(self, node: onnx.NodeProto) -> None:
        operator = Operator(node, self._graph.opset, self._known)
        for name in filter(None, node.input):
            if name not in self.data and name not in self._sizes and self.constant(name) is None:
                raise node_error(node, f"no earlier node computes the value {quoted(name)}")
        name, is_data = node.output[0], [each in self.data for each in node.input]
        if not any(is_data) and self._sizes.isdisjoint(node.input):
            self._constants[name] = operator(*map(self.constant, node.input))
            self._numbers += self._constants[name].size
            if self._numbers > _MOST_NUMBERS:
                raise node_error(node, f"the constants of this model have over {_MOST_NUMBERS:,} numbers")
            return
        if self.input in node.input and node.op_type != "Cast" and not is_real(self._graph.input):
            raise node_error(node, "this node computes with integers or texts, not with real numbers")
        if node.op_type in PRODUCTS:
            self._weights += sum(self._constants[each].size for each in node.input if each in self._constants)
            with as_file_errors():
                NUMBERS.check(self._weights)
        (self._sizes if node.op_type == "Shape" or not any(is_data) else self.data).add(name)
        self.nodes.append(node)
        self._operators.append(operator)

    def constant(self, name: str) -> NDArray[Any] | None:
        """Return the constant `name`, floats as float64, or None for any other value."""
        tensor = self._graph.tensors.get(name)
        if name not in self._constants and tensor is not None:
            self._constants[name] = array = array_of(tensor)
            self.has_16_bits |= tensor.data_type in (FLOATS["FLOAT16"], FLOATS["BFLOAT16"])
            self._numbers += array.size
            with as_file_errors(name):
                NUMBERS.check(self._numbers)
        return self._constants.get(name)

    def attributes(self, k: int) -> dict[str, Any]:
        """Return the attributes of node `k` by name."""
        return self._operators[k].attributes

    def settings(self, k: int) -> list[str]:
        """Return the attributes of node `k` as texts, such as "alpha 0.5"."""
        attributes = self._operators[k].attributes
        texts = {
            name: value.decode(errors="replace")
            for name, value in attributes.items()
            if isinstance(value, bytes)
        }
        return [shortened(one_line(f"{name} {value}")) for name, value in {**attributes, **texts}.items()]

    def _find_layouts(self, output: str) -> None:
        """Evaluate the whole graph for a few rows, in the first layout of the input that fits."""
        first_error = None
        for layout, counts in _input_layouts(self._graph.input, self._widths()):
            self.layouts = {self.input: layout}
            try:
                runs = [self._first_run(layout, count) for count in counts]
                self.batch = None if len(counts) > 1 else counts[0]
                self.layouts = dict(self._compared(runs, counts))
                break
            except FileError as error:
                first_error = first_error or error
        else:
            raise first_error or FileError("the shape of this input is unknown", quoted(self.input))
        self._costs = [operator.size // counts[-1] for operator in self._operators]
        self.rows = self.layouts[self.input].unpack(runs[-1][self.input], counts[-1])
        self.outputs = self.layouts[output].unpack(runs[-1][output], counts[-1])

    def _first_run(self, layout: Layout, count: int) -> Values:
        rows = np.random.default_rng(0).normal(size=(count, layout.width))
        return self._run(0, len(self.nodes), {self.input: layout.pack(rows)}, count)

    def _compared(self, runs: list[Values], counts: tuple[int, ...]) -> Iterator[tuple[str, Layout]]:
        """Yield the layout of each value; the axis of the rows is where the shapes of two runs differ."""
        for name in runs[0].keys() & self.data:
            shapes = [run[name].shape for run in runs]
            size = math.prod(shapes[0])
            if self.batch is not None:
                yield name, Layout(shapes[0], None, size // self.batch)
                continue
            axes = [k for k, (one, other) in enumerate(zip(*shapes, strict=False)) if one != other]
            per_row = [
                divmod(shape[k], count) for shape, count in zip(shapes, counts, strict=True) for k in axes
            ]
            if len(axes) != 1 or len(set(per_row)) != 1 or per_row[0][1]:
                raise FileError("nnviz cannot see how the rows stand in this value", quoted(name))
            shape = (*shapes[0][: axes[0]], per_row[0][0], *shapes[0][axes[0] + 1 :])
            yield name, Layout(shape, axes[0], math.prod(shape))

    def _widths(self) -> list[int]:
        """Return the sizes of the first weights, one of which may be the number of inputs."""
        for node in self.nodes:
            if node.op_type in PRODUCTS:
                constants = [self._constants[name] for name in node.input if name in self._constants]
                return list(constants[0].shape[-2:]) if constants else []
        return []

    def _run(self, first: int, last: int, values: Values, rows: int) -> Values:
        """Add the outputs of the nodes from `first` to before `last` to `values` of some rows."""
        for k in (*(k for k in self._sized if k < first), *range(first, last)):
            node = self.nodes[k]
            values[node.output[0]] = self._operators[k](
                *(self._value(name, values, rows) for name in node.input)
            )
        return values

    def _value(self, name: str, values: Values, rows: int) -> NDArray[Any] | None:
        """Return a value; zeros stand for a value of which only the shape is needed."""
        if name in self.data and name not in values:
            layout = self.layouts[name]
            return layout.pack(np.broadcast_to(0.0, (rows, layout.width)))
        return values[name] if name in values else self._constants.get(name)

    def through(self, first: int, last: int, name: str, rows: Array) -> Array:
        """Return what the nodes from `first` to before `last` compute from the value `name` of some rows.

        `rows` has shape (rows, width); so has the result, which is the output of the last node.
        """
        start, end = self.layouts[name], self.layouts[self.nodes[last - 1].output[0]]
        step = self.batch or max(1, _CHUNK // max(start.width, end.width, *self._costs[first:last]))
        found = np.empty((len(rows), end.width))
        for at in range(0, len(rows), step):
            chunk = rows[at : at + step]
            count = self.batch or len(chunk)
            padded = np.concatenate([chunk, np.zeros((count - len(chunk), start.width))])
            values = self._run(first, last, {name: start.pack(padded)}, count)
            found[at : at + step] = end.unpack(values[self.nodes[last - 1].output[0]], count)[: len(chunk)]
        return found


def _input_layouts(
    value: onnx.ValueInfoProto, widths: Sequence[int]
) -> Iterator[tuple[Layout, tuple[int, ...]]]:
    """Yield layouts that the input may have, each with the numbers of rows to try.

    A size of 0 stands for the rows. `widths` are possible numbers of inputs where the model declares none.
    """
    dims = dims_of(value) or [None, None]
    axes: Sequence[int | None] = (0,)
    if len(dims) == 2:
        axes = (1, 0) if dims[1] is None and dims[0] else (0, 1)  # the number of rows usually varies
    elif len(dims) == 1:
        axes = (None,)
    shapes = [(axis, shape) for axis in axes for shape in _shapes_of_row(dims, axis, widths)]
    for _, shape in shapes:
        with as_file_errors(quoted(value.name)):
            NODES.check(math.prod(shape))
    for axis, shape in shapes:
        if axis is not None:
            yield Layout(shape, axis, math.prod(shape)), (2, 3)
    for axis, shape in shapes:
        batch = 1 if axis is None else dims[axis or 0]
        if axis != 1 and batch and batch * math.prod(shape) <= NUMBERS.limit:
            yield Layout(shape if axis is None else (batch, *shape[1:]), None, math.prod(shape)), (batch,)


def _shapes_of_row(
    dims: Sequence[int | None], axis: int | None, widths: Sequence[int]
) -> Iterator[tuple[int, ...]]:
    """Yield the possible shapes of one row, with 1 at the `axis` of the rows."""
    sizes = [1 if k == axis else size for k, size in enumerate(dims)]
    known = math.prod(size for size in sizes if size)
    if None not in sizes:
        yield tuple(size or 1 for size in sizes)
    elif sizes.count(None) == 1:
        yield from (tuple(size or width // known for size in sizes) for width in widths if width % known == 0)


def dims_of(value: onnx.ValueInfoProto) -> list[int | None]:
    """Return the declared sizes of a value, None for each size that may vary."""
    sizes = value.type.tensor_type.shape.dim
    if len(sizes) > MOST_DIMS:  # checked before multiplying
        raise FileError(f"expected at most {MOST_DIMS} dimensions, found {len(sizes):,}", quoted(value.name))
    return [size.dim_value if size.dim_value > 0 else None for size in sizes]
