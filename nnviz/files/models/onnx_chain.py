"""An ONNX graph as a chain of dense layers.

The reader follows the graph from its output back to its input, but builds the chain from the input. For this
reason the function for an operator returns a step, which is applied later. Numbers added or multiplied
outside a dense layer become part of the weights and biases of a layer. The reader also knows the last nodes
of scikit-learn's classifiers, which return dictionaries of probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array, activation
from nnviz.core.numbers import NUMBERS, counted, full
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.models.onnx_graph import (
    MOST_DIMS,
    SUPPORTED,
    Constant,
    Graph,
    attributes,
    check_real,
    check_swaps,
    inputs_of,
    node_error,
    node_place,
    operator_of,
    tensor_of,
)

if TYPE_CHECKING:
    import onnx


MOST_FACTORS = 16
"""Largest number of factors in a product, including constants; a GELU has five."""
LARGE = 16.0
"""For z of at least this value, ln(1 + e^z) equals z as a 32-bit float."""
CLOSE = 1e-3
"""Relative tolerance for constants; 1/√2 as a 16-bit float has the error 0.0003."""


def product(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return (activation, input name) if a Mul node is the last node of an activation, else None.

    SiLU is x·sigmoid(x), and GELU is ½·x·(1 + erf(x/√2)), with the factors in any order.
    """
    number, factors = _factors(graph, node)
    if len(factors) != 2:
        return None
    for x, gate in (factors, factors[::-1]):
        last = graph.maker(gate)
        if last is None:
            continue
        if last.op_type == "Sigmoid" and list(last.input) == [x] and number == 1:
            return "silu", x
        if _is_normal_cdf(graph, last, x) and math.isclose(number, 0.5, rel_tol=CLOSE):
            return "gelu", x
    return None


def quotient(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return ("softsign", name of x) if a Div node computes x/(1 + |x|), else None."""
    if len(node.input) != 2:
        return None
    x, below = node.input
    last = graph.maker(below)
    absolute = None if last is None else _plus_one(graph, last)
    is_softsign = absolute is not None and absolute.op_type == "Abs" and list(absolute.input) == [x]
    return ("softsign", x) if is_softsign else None


def choice(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return ("softplus", name of z) if a Where node is the last node of a softplus, else None.

    The node selects z where z is large, and ln(1 + e^z) elsewhere.
    """
    if len(node.input) != 3:
        return None
    above, z, below = node.input
    softplus, greater = graph.maker(below), graph.maker(above)
    if softplus is None or softplus.op_type != "Softplus" or list(softplus.input) != [z]:
        return None
    if greater is None or greater.op_type != "Greater" or list(greater.input[:1]) != [z]:
        return None
    limit = graph.number(greater.input[-1])
    return ("softplus", z) if limit is not None and limit >= LARGE else None


def _is_normal_cdf(graph: Graph, node: onnx.NodeProto, x: str) -> bool:
    """Return whether a node computes 1 + erf(x/√2)."""
    erf = _plus_one(graph, node)
    last = graph.maker(erf.input[0]) if erf is not None and erf.op_type == "Erf" and erf.input else None
    if last is None:
        return False
    number, factors = _factors(graph, last)
    return factors == [x] and math.isclose(number, math.sqrt(0.5), rel_tol=CLOSE)


def _plus_one(graph: Graph, node: onnx.NodeProto) -> onnx.NodeProto | None:
    """Return the node whose output an Add node increases by 1, or None."""
    if node.op_type != "Add" or len(node.input) != 2:
        return None
    for one, other in (node.input, node.input[::-1]):
        if graph.number(one) == 1:
            return graph.maker(other)
    return None


def _factors(graph: Graph, node: onnx.NodeProto) -> tuple[float, list[str]]:
    """Return the constant of a product and the names of its other factors; long products keep inner ones."""
    number, pending = 1.0, [node.output[0]]
    factors: list[str] = []
    for _ in range(MOST_FACTORS):
        if not pending:
            break
        name = pending.pop()
        maker, constant = graph.maker(name), graph.number(name)
        if constant is not None:
            number *= constant
        elif maker is not None and maker.op_type == "Mul" and len(maker.input) == 2:
            pending += maker.input
        elif maker is not None and (divisor := _divisor(graph, maker)):
            number /= divisor
            pending.append(maker.input[0])
        else:
            factors.append(name)
    return number, factors + pending


def _divisor(graph: Graph, node: onnx.NodeProto) -> float | None:
    return graph.number(node.input[1]) if node.op_type == "Div" and len(node.input) == 2 else None


SHAPE_OF_ROWS = ("Unsqueeze", "Gather", "Shape")
"""Operators, from last to first, with which PyTorch computes x.size(0), the number of rows."""


def _identity(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return ChainStep(inputs_of(node, 1)[0])


def _cast(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    check_real(node)
    return ChainStep(inputs_of(node, 1)[0])


def _dropout(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    input_name, _, training = inputs_of(node, 1, 3)
    attributes(node, ratio=0.5, seed=0, is_test=1)
    if training and graph.number(training) != 0:
        raise node_error(node, "this node drops values at random: export the model after model.eval()")
    note = f"{node_place(node)} was left out, as it acts only in training"
    return ChainStep(input_name, lambda chain: chain.notes.append(note))


def _transpose(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    check_swaps(node)
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.transpose(node_place(node)), swaps=True)


def _flatten(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    axis = attributes(node, axis=1)["axis"]
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.flatten(node_place(node), axis))


def _reshape(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    input_name, shape = inputs_of(node, 2)
    attributes(node, allowzero=0)
    sizes = _sizes(graph, node, shape)
    return ChainStep(input_name, lambda chain: chain.reshape(node_place(node), sizes))


def _sizes(graph: Graph, node: onnx.NodeProto, name: str) -> list[int]:
    """Return the shape for a Reshape node; 0 means that the number of rows stays."""
    constant, joined = graph.constant(name), graph.maker(name)
    if constant is not None and math.prod(constant.shape) <= MOST_DIMS:
        return [int(size) for size in constant.array().reshape(-1)]
    if joined is not None and joined.op_type == "Concat" and len(joined.input) == 2:
        rows, rest = joined.input
        size = graph.number(rest)
        if size is not None and _is_rows(graph, rows, node.input[0]):
            return [0, int(size)]
    raise node_error(node, f"nnviz cannot read the output shape of this node; {SUPPORTED}")


def _is_rows(graph: Graph, name: str, of: str) -> bool:
    for operator in SHAPE_OF_ROWS:
        node = graph.maker(name)
        if node is None or node.op_type != operator or not node.input:
            return False
        if operator == "Gather" and (len(node.input) != 2 or graph.number(node.input[1]) != 0):
            return False
        name = node.input[0]
    return name == of


def _squeeze(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return the step that removes the axis of a prediction with one column."""
    input_name, constant = inputs_of(node, 1, 2)
    axes = [graph.number(constant)] if constant else attributes(node, axes=[])["axes"]
    if not axes:
        return ChainStep(input_name, lambda chain: chain.end())
    if axes not in ([1], [-1]):
        raise node_error(node)
    return ChainStep(input_name, lambda chain: chain.end_with_one(node_place(node)))


def _concat(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return the step in which scikit-learn turns a probability p into 1 − p and p."""
    inverse, input_name = inputs_of(node, 2)
    minus = graph.maker(inverse)
    if (
        minus is None
        or minus.op_type != "Sub"
        or minus.input[1:] != [input_name]
        or graph.number(minus.input[0]) != 1
    ):
        raise node_error(node)
    if attributes(node, axis=0)["axis"] not in (1, -1):
        raise node_error(node)
    note = "the output is the second of the model's two probabilities; the first is 1 minus the second"
    return ChainStep(input_name, lambda chain: chain.end_with_one(node_place(node), note))


def _zip_map(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.end())


SHAPE_OPERATORS: dict[str, Callable[[Graph, onnx.NodeProto], ChainStep]] = {
    "Identity": _identity,
    "Cast": _cast,
    "Dropout": _dropout,
    "Transpose": _transpose,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Concat": _concat,
    "ai.onnx.ml.ZipMap": _zip_map,
}


JOIN = f"this node joins two values that depend on the input; {SUPPORTED}"


# Dense layers


def _gemm(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    *factors, added = inputs_of(node, 2, 3)
    values = attributes(node, alpha=1.0, beta=1.0, transA=0, transB=0)
    step = _dense(graph, node, factors, (bool(values["transA"]), bool(values["transB"])), values["alpha"])
    if not added:
        return step
    biases = graph.constant(added)
    if biases is None:
        raise node_error(node, JOIN)

    def take(chain: Chain) -> None:
        step.take(chain)
        chain.affine(node_place(node), None, chain.vector(node_place(node), biases) * values["beta"])

    return step._replace(take=take)


def _matmul(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    attributes(node)
    return _dense(graph, node, inputs_of(node, 2))


def _dense(
    graph: Graph,
    node: onnx.NodeProto,
    factors: list[str],
    transposed: tuple[bool, bool] = (False, False),
    alpha: float = 1.0,
) -> ChainStep:
    """Return the step that computes x·Wᵀ, or W·xᵀ if the constant is the first factor."""
    constant, input_name, is_first = _split_constant(graph, node, factors)
    weights = constant if transposed[0 if is_first else 1] == (not is_first) else constant.transpose
    layout: Layout = "columns" if transposed[1 if is_first else 0] != is_first else "rows"
    result: Layout = "columns" if is_first else "rows"
    place = node_place(node)
    return ChainStep(input_name, lambda chain: chain.dense(place, weights, layout, result, alpha), layout)


def _split_constant(graph: Graph, node: onnx.NodeProto, names: list[str]) -> tuple[Constant, str, bool]:
    """Return the constant of two inputs, the name of the other input, and whether the constant is first."""
    left, right = (graph.constant(name) for name in names)
    if left is not None and right is None:
        return left, names[1], True
    if right is not None and left is None:
        return right, names[0], False
    makers = filter(None, map(graph.maker, names))
    unknown = next((maker for maker in makers if operator_of(maker) not in OPERATORS), None)
    raise node_error(node, JOIN if left is None else SUPPORTED) if unknown is None else _unknown(unknown)


# Numbers added and multiplied


def _affine(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    attributes(node)
    constant, input_name, is_first = _split_constant(graph, node, inputs_of(node, 2))
    if is_first and node.op_type == "Div":
        raise node_error(node, f"this node divides by a value that depends on the input; {SUPPORTED}")

    def take(chain: Chain) -> None:
        numbers = chain.vector(node_place(node), constant)
        minus = -np.ones(1)
        scale, shift = {
            "Add": (None, numbers),
            "Sub": (minus, numbers) if is_first else (None, -numbers),
            "Mul": (numbers, None),
            "Div": (1 / numbers, None),
        }[node.op_type]
        chain.affine(node_place(node), scale, shift)

    return ChainStep(input_name, take)


def _mul(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return _activation_step(node, product(graph, node)) or _affine(graph, node)


def _div(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return _activation_step(node, quotient(graph, node)) or _affine(graph, node)


def _where(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    step = _activation_step(node, choice(graph, node))
    if step is None:
        raise node_error(node, JOIN)
    return step


def _activation_step(node: onnx.NodeProto, found: tuple[str, str] | None) -> ChainStep | None:
    """Return the step of an activation that several operators compute, or None."""
    if found is None:
        return None
    name, input_name = found
    return ChainStep(input_name, lambda chain: chain.activation(node_place(node), name))


def _scaler(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    (input_name,) = inputs_of(node, 1)
    values = attributes(node, offset=[0.0], scale=[1.0])

    def take(chain: Chain) -> None:
        arrays = (Constant(tensor_of(value)) for value in values.values())
        offset, scale = (chain.vector(node_place(node), array) for array in arrays)
        chain.affine(node_place(node), scale, -offset * scale)

    return ChainStep(input_name, take)


# Activations

_FIXED: dict[str, dict[str, Any]] = {
    "Selu": {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    "Gelu": {"approximate": "none"},
    "Swish": {"alpha": 1.0},
}
"""Attributes with the only value that nnviz supports."""

BY_OPERATOR = {each.notation.onnx.name: each for each in ACTIVATIONS.values() if not each.linear}


def _activation(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    (input_name,) = inputs_of(node, 1)
    base, axis = BY_OPERATOR[node.op_type], None
    name = base.name
    if base.parameter is not None:
        name = _with_parameter(node, name, base.notation.onnx.parameter, base.notation.onnx.value)
    elif not base.elementwise:
        axis = attributes(node, axis=-1 if graph.opset >= 13 else 1)["axis"]
    else:
        defaults = _FIXED.get(node.op_type, {})
        for key, value in attributes(node, **defaults).items():
            is_close = isinstance(value, float) and math.isclose(value, defaults[key], rel_tol=1e-4)
            if value != defaults[key] and not is_close:
                raise node_error(node, f"nnviz does not have this activation with {key} {value}")
    return ChainStep(input_name, lambda chain: chain.activation(node_place(node), name, axis))


def _with_parameter(node: onnx.NodeProto, name: str, parameter: str, default: float) -> str:
    value = attributes(node, **{parameter: default})[parameter]
    try:
        return activation(f"{name}({full(dense.shortest_decimal(value))})").name
    except ValueError as error:
        raise node_error(node, str(error)) from None


OPERATORS: dict[str, Callable[[Graph, onnx.NodeProto], ChainStep]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _affine,
    "Sub": _affine,
    "Div": _div,
    "Mul": _mul,
    "Where": _where,
    "ai.onnx.ml.Scaler": _scaler,
    **dict.fromkeys(BY_OPERATOR, _activation),
    **SHAPE_OPERATORS,
}
"""For each operator, the function that turns a node with this operator into a step of the chain.

The name of an operator outside ONNX's own domain begins with its domain, as in `ai.onnx.ml.Scaler`.
"""


def step_of(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return a node as a step of the chain. Raises FileError if nnviz does not support its operator."""
    operator = OPERATORS.get(operator_of(node))
    if operator is None:
        raise _unknown(node)
    return operator(graph, node)


def _unknown(node: onnx.NodeProto) -> FileError:
    return node_error(node, f"{SUPPORTED} ({', '.join(BY_OPERATOR)})")


Layout: TypeAlias = Literal["rows", "columns", "vector", "result"]
"""Shapes of values: "rows" (rows, nodes), "columns" (nodes, rows), "vector" (nodes,), "result" any shape."""

AXES: dict[Layout, tuple[int, ...]] = {"rows": (1, -1), "columns": (0, -2), "vector": (0, -1), "result": ()}
"""For each Layout (shape of values), the index of the axis of the nodes, from the start and from the end."""


class Affine(NamedTuple):
    """The function `scale`·x + `shift`. If `scale` or `shift` is None, the value is 1 or 0."""

    scale: Array | None = None
    shift: Array | None = None

    def followed_by(self, other: Affine) -> Affine:
        """Return the function that applies this function first and then `other`."""
        scale, shift = other
        if scale is None:
            moved = self.shift
            scale = self.scale
        else:
            moved = None if self.shift is None else self.shift * scale
            scale = scale if self.scale is None else self.scale * scale
        return Affine(scale, moved if shift is None else shift if moved is None else moved + shift)


@dataclass
class Chain:
    """The layers of a graph, built node by node.

    Methods take the `place` of a node and raise FileError if the node does not fit. The network, not this
    class, refuses numbers that are not finite.

    ========= =========================================================================
    `layout`  the axes of the current values
    `width`   the number of nodes or inputs in the current values, or None if unknown
    `layers`  the layers; the last one may still get biases and an activation
    `notes`   sentences on the differences between the file and the network
    `rows`    the only number of rows that the model accepts, or None
    `dims`    the shape of a row before it is flattened, with None for an unknown size
    ========= =========================================================================
    """

    layout: Layout
    width: int | None
    layers: list[Dense] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: int | None = None
    dims: Sequence[int | None] = ()
    _open: bool = False
    _affine: Affine = field(default_factory=lambda: Affine())
    _affine_nodes: list[str] = field(default_factory=list)
    """The nodes of `_affine`, which becomes part of the next layer."""
    _has_biases: bool = False
    """Whether the last layer has its biases; a note reports each later addition."""
    _output_affine: Affine = field(default_factory=lambda: Affine())
    """A function of the last layer's output; the many weights are multiplied only once, at the end."""
    _output_nodes: list[str] = field(default_factory=list)
    """The nodes of `_output_affine` that a note reports."""
    _numbers: int = 0

    def dense(self, place: str, weights: Constant, layout: Layout, result: Layout, factor: float) -> None:
        """Begin a layer with the weights `weights` · `factor`, shape (nodes, inputs).

        `layout` is the layout of the layer's input values, `result` is the layout of its output values.
        """
        shape = weights.shape
        if len(shape) != 2 or 0 in shape:
            raise FileError(f"expected weights with two dimensions, found the shape {list(shape)}", place)
        if self.dims:
            raise FileError(f"expected rows with one dimension, found {len(self.dims)} dimensions", place)
        if self.layout == "vector":
            layout = result = "vector"
        if self.layout != layout:
            raise FileError("this node does not multiply rows of values by weights", place)
        self.check_width(place, shape[1])
        self._numbers += math.prod(shape)
        with as_file_errors(place):
            NUMBERS.check(self._numbers)  # checked before reading, as many layers may share a tensor
        self._close()
        self.layers.append(self._with_affine(Dense(weights.array() * factor, None, "identity", place)))
        self._open, self._has_biases, self.layout, self.width = True, False, result, shape[0]

    def _with_affine(self, layer: Dense) -> Dense:
        """Return a layer that computes W·(scale·x + shift), with the scale and shift of `_affine`."""
        if not self._affine_nodes:
            return layer
        self.notes.append(_merge_note(self._affine_nodes, layer.place))
        (scale, shift), weights = self._affine, layer.weights
        biases = None if shift is None else weights @ np.broadcast_to(shift, weights.shape[1])
        self._affine, self._affine_nodes = Affine(), []
        return replace(layer, weights=weights if scale is None else weights * scale, biases=biases)

    def affine(self, place: str, scale: Array | None, shift: Array | None) -> None:
        """Multiply the values by `scale`, then add `shift`; each is an array from `Chain.vector`, or None."""
        affine = Affine(scale, shift)
        if not self._open:
            self._affine = self._affine.followed_by(affine)
            self._affine_nodes.append(place)
            return
        if scale is not None or self._has_biases:
            self._output_nodes.append(place)
        self._has_biases = True
        self._output_affine = self._output_affine.followed_by(affine)

    def _close(self) -> None:
        """Apply `_output_affine` to the last layer, if the layer is still open."""
        if not self._open:
            return
        layer = self.layers[-1]
        if self._output_nodes:
            self.notes.append(_merge_note(self._output_nodes, layer.place))
        scale, _ = self._output_affine
        weights = layer.weights if scale is None else layer.weights * scale[:, None]
        biases = Affine(None, layer.biases).followed_by(self._output_affine).shift
        if biases is not None:
            biases = np.broadcast_to(biases, len(weights))
        self.layers[-1] = replace(layer, weights=weights, biases=biases)
        self._open, self._output_affine, self._output_nodes = False, Affine(), []

    def activation(self, place: str, name: str, axis: int | None = None) -> None:
        """Set the activation of the last layer; `axis` is the axis of a softmax, else None."""
        if not self._open:
            raise FileError("an activation needs a dense layer right before it", place)
        if axis is not None and axis not in AXES[self.layout]:
            raise FileError(f"this activation uses axis {axis}, not the axis of the outputs of a row", place)
        self._close()
        self.layers[-1] = replace(self.layers[-1], activation=name)

    def transpose(self, place: str) -> None:
        """Swap the rows and columns of the current values."""
        if self.layout not in ("rows", "columns"):
            raise FileError("the values have no rows and columns to swap", place)
        self.layout = "columns" if self.layout == "rows" else "rows"

    def flatten(self, place: str, axis: int) -> None:
        """Flatten each row: join its dimensions from `axis` on."""
        if self.layout != "rows" or axis not in (1, -max(1, len(self.dims))):
            raise FileError("this node joins the numbers of several rows", place)
        if self.dims:
            shape = " × ".join("?" if size is None else str(size) for size in self.dims)
            self.notes.append(f"the {shape} numbers of each row are now a single list of inputs")
            self.dims = ()

    def reshape(self, place: str, sizes: Sequence[int]) -> None:
        """Flatten each row; `sizes` is the new shape of the values.

        In `sizes`, -1 stands for the remaining size, and 0 for an unchanged size.
        """
        if list(sizes) == [-1]:
            self.end_with_one(place)
            return
        if list(sizes) == [-1, 1] and self.layers and self.width != 1:  # scikit-learn, several targets
            count = counted(self.width or 0, "number")
            self.notes.append(f"{place} was left out: it would put the {count} of a row into separate rows")
            self.end()
            return
        rows, width = sizes if len(sizes) == 2 else (0, -2)
        if width > 0:
            self.check_width(place, width)
        elif not (width == 0 and not self.dims) and not (width == -1 and rows in (0, self.rows)):
            raise FileError(f"expected an output row for each input row, found {list(sizes)}", place)
        self.flatten(place, 1)

    def end(self) -> None:
        """End the chain: the current values are the prediction, and no other layer can come after them."""
        self._close()
        self.layout = "result"

    def end_with_one(self, place: str, note: str = "") -> None:
        """End the chain with one number in each row, and add `note`. Raises FileError for wider rows."""
        self.check_width(place, 1)
        self.notes += [note] if note else []
        self.end()

    def finish(self) -> None:
        """Finish the last layer. Raises FileError if a scale or shift has no layer after it."""
        self._close()
        if self._affine_nodes:
            raise FileError("expected a dense layer after this node", self._affine_nodes[0])

    def vector(self, place: str, constant: Constant) -> Array:
        """Return a constant as an array: shape (nodes,), or shape (1,) if one number applies to all nodes."""
        shape = constant.shape
        size = math.prod(shape)
        if size != 1 or len(shape) > 2:
            fitting: dict[Layout, list[tuple[int, ...]]]
            fitting = {"rows": [(size,), (1, size)], "columns": [(size, 1)], "vector": [(size,)]}
            if shape not in fitting.get(self.layout, []):
                raise FileError(f"expected one number for each node, found the shape {list(shape)}", place)
            self.check_width(place, size)
        values: Array = constant.array().astype(np.float64).reshape(-1)
        return values

    def check_width(self, place: str, found: int) -> None:
        """Set the width (the number of nodes or inputs) to `found`.

        Raises FileError if the width is already known and differs from `found`.
        """
        if self.width is not None and found != self.width:
            raise FileError(f"expected {counted(self.width, 'number')} for each row, found {found}", place)
        self.width = found


def _merge_note(places: list[str], layer: str) -> str:
    nodes = ", ".join([*places[:3], *(["…"] if places[3:] else [])])
    return f"{nodes} became part of the weights and biases of {layer}"


class ChainStep(NamedTuple):
    """A node of a graph as a step: `take` applies the node to a chain.

    `input_name` is the name of the node's input value. `layout` is the layout that this value must have, and
    `swaps` is true if the node swaps rows and columns.
    """

    input_name: str
    take: Callable[[Chain], None] = lambda _chain: None
    layout: Layout | None = None
    swaps: bool = False
