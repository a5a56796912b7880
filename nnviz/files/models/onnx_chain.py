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
    Graph,
    attributes,
    check_real,
    check_swaps,
    inputs_of,
    node_error,
    node_place,
    operator_of,
)

if TYPE_CHECKING:
    import onnx


MOST_FACTORS = 16
"""Largest number of factors in a product, including constants; a GELU has five."""
LARGE = 16.0
"""For z of at least this value, ln(1 + e^z) equals z as a 32-bit float."""
CLOSE = 1e-3
"""Relative tolerance for constants; 1/√2 as a 16-bit float has the error 0.0003."""


def compound(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return (activation, input name) if a node is the last of several that compute an activation.

    Softsign is x/(1 + |x|). Softplus, if it has several nodes, is z where z is large, else ln(1 + e^z).
    """
    match node.op_type, *node.input:
        case "Mul", _, _:
            return _gate(graph, node.output[0])
        case "Div", x, below if _inputs(graph, _one_less(graph, below), "Abs") == [x]:
            return "softsign", x
        case "Where", above, z, below if _inputs(graph, below, "Softplus") == [z]:
            compared, *limit = _inputs(graph, above, "Greater") or [""]
            is_large = any((graph.number(name) or 0.0) >= LARGE for name in limit)
            return ("softplus", z) if compared == z and is_large else None
    return None


def _gate(graph: Graph, name: str) -> tuple[str, str] | None:
    """Return (activation, input name) if a product is SiLU or GELU, else None.

    SiLU is x·sigmoid(x), and GELU is ½·x·(1 + erf(x/√2)), with the factors in any order.
    """
    number, factors = _factors(graph, name)
    if len(factors) != 2:
        return None
    for x, gate in (factors, factors[::-1]):
        if number == 1 and _inputs(graph, gate, "Sigmoid") == [x]:
            return "silu", x
        for scaled in _inputs(graph, _one_less(graph, gate), "Erf"):
            root, rest = _factors(graph, scaled)
            if rest == [x] and np.allclose([number, root], [0.5, math.sqrt(0.5)], rtol=CLOSE):
                return "gelu", x
    return None


def _inputs(graph: Graph, name: str, operator: str) -> list[str]:
    """Return the inputs of the node that computes a value, or [] if the node has another operator."""
    node = graph.maker(name)
    return list(node.input) if node is not None and node.op_type == operator else []


def _one_less(graph: Graph, name: str) -> str:
    """Return the name of x if a value is 1 + x, else ""."""
    terms = _inputs(graph, name, "Add")
    numbers = [graph.number(term) for term in terms]
    return terms[1 - numbers.index(1)] if len(terms) == 2 and 1 in numbers else ""


def _factors(graph: Graph, name: str) -> tuple[float, list[str]]:
    """Return the constant of a product and the names of its other factors; long products keep inner ones."""
    number, pending = 1.0, [name]
    factors: list[str] = []
    for _ in range(MOST_FACTORS):
        if not pending:
            break
        name = pending.pop()
        product, quotient = (_inputs(graph, name, operator) for operator in ("Mul", "Div"))
        if (constant := graph.number(name)) is not None:
            number *= constant
        elif len(product) == 2:
            pending += product
        elif len(quotient) == 2 and (divisor := graph.number(quotient[1])):
            number /= divisor
            pending.append(quotient[0])
        else:
            factors.append(name)
    return number, factors + pending


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
    return ChainStep(inputs_of(node, 1)[0], Chain.transpose, swaps=True)


def _flatten(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    axis = attributes(node, axis=1)["axis"]
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.flatten(axis))


def _reshape(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    input_name, shape = inputs_of(node, 2)
    attributes(node, allowzero=0)
    sizes = _sizes(graph, node, shape)
    return ChainStep(input_name, lambda chain: chain.reshape(sizes))


def _sizes(graph: Graph, node: onnx.NodeProto, name: str) -> list[int]:
    """Return the shape for a Reshape node; 0 means that the number of rows stays."""
    constant, joined = graph.constant(name), _inputs(graph, name, "Concat")
    if constant is not None and constant.size <= MOST_DIMS:
        return [int(size) for size in constant.reshape(-1)]
    if len(joined) == 2:
        size = graph.number(joined[1])
        if size is not None and _is_rows(graph, joined[0], node.input[0]):
            return [0, int(size)]
    raise node_error(node, f"nnviz cannot read the output shape of this node; {SUPPORTED}")


def _is_rows(graph: Graph, name: str, of: str) -> bool:
    for operator in SHAPE_OF_ROWS:
        name, *others = _inputs(graph, name, operator) or [""]
        if operator == "Gather" and [graph.number(other) for other in others] != [0]:
            return False
    return name == of


def _squeeze(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return the step that removes the axis of a prediction with one column."""
    input_name, constant = inputs_of(node, 1, 2)
    axes = [graph.number(constant)] if constant else attributes(node, axes=[])["axes"]
    if not axes:
        return ChainStep(input_name, Chain.end)
    if axes not in ([1], [-1]):
        raise node_error(node)
    return ChainStep(input_name, Chain.end_with_one)


def _concat(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return the step in which scikit-learn turns a probability p into 1 − p and p."""
    inverse, input_name = inputs_of(node, 2)
    one, *subtracted = _inputs(graph, inverse, "Sub") or [""]
    is_inverse = subtracted == [input_name] and graph.number(one) == 1
    if not is_inverse or attributes(node, axis=0)["axis"] not in (1, -1):
        raise node_error(node)
    note = "the output is the second of the model's two probabilities; the first is 1 minus the second"
    return ChainStep(input_name, lambda chain: chain.end_with_one(note))


def _zip_map(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return ChainStep(inputs_of(node, 1)[0], Chain.end)


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
        chain.affine(Affine(shift=chain.vector(biases) * values["beta"]))

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
    weights = constant if transposed[0 if is_first else 1] == (not is_first) else constant.T
    layout: Layout = "columns" if transposed[1 if is_first else 0] != is_first else "rows"
    result: Layout = "columns" if is_first else "rows"
    return ChainStep(input_name, lambda chain: chain.dense(weights, layout, result, alpha), layout)


def _split_constant(graph: Graph, node: onnx.NodeProto, names: list[str]) -> tuple[Array, str, bool]:
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
        numbers = chain.vector(constant)
        affine = {
            "Add": Affine(shift=numbers),
            "Sub": Affine(-np.ones(1), numbers) if is_first else Affine(shift=-numbers),
            "Mul": Affine(numbers),
            "Div": Affine(1 / numbers),
        }
        chain.affine(affine[node.op_type])

    return ChainStep(input_name, take)


def _compound(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return the step of an activation that several nodes compute, else of a constant."""
    if found := compound(graph, node):
        name, input_name = found
        return ChainStep(input_name, lambda chain: chain.activation(name))
    if node.op_type == "Where":
        raise node_error(node, JOIN)
    return _affine(graph, node)


def _scaler(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    (input_name,) = inputs_of(node, 1)
    values = attributes(node, offset=[0.0], scale=[1.0])

    def take(chain: Chain) -> None:
        offset, scale = (chain.vector(np.array(value)) for value in values.values())
        chain.affine(Affine(scale, -offset * scale))

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
    return ChainStep(input_name, lambda chain: chain.activation(name, axis))


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
    "Div": _compound,
    "Mul": _compound,
    "Where": _compound,
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
    return operator(graph, node)._replace(place=node_place(node))


def _unknown(node: onnx.NodeProto) -> FileError:
    return node_error(node, f"{SUPPORTED} ({', '.join(BY_OPERATOR)})")


Layout: TypeAlias = Literal["rows", "columns", "vector", "result"]
"""Shapes of values: "rows" (rows, nodes), "columns" (nodes, rows), "vector" (nodes,), "result" any shape."""

AXES: dict[Layout, tuple[int, ...]] = {"rows": (1, -1), "columns": (0, -2), "vector": (0, -1), "result": ()}
"""For each Layout (shape of values), the index of the axis of the nodes, from the start and from the end."""


class Affine(NamedTuple):
    """The function `scale`·x + `shift`, each of shape (nodes,) or (1,); None as `shift` adds nothing."""

    scale: Array = np.ones(1)
    shift: Array | None = None

    def followed_by(self, other: Affine) -> Affine:
        """Return the function that applies this function first and then `other`."""
        shift = None if self.shift is None else self.shift * other.scale
        if other.shift is not None:
            shift = other.shift if shift is None else shift + other.shift
        return Affine(self.scale * other.scale, shift)


@dataclass
class Chain:
    """The layers of a graph, built node by node.

    Methods raise a FileError without a place if the node does not fit. The network, not this class, refuses
    numbers that are not finite.

    ========= =========================================================================
    `layout`  the axes of the current values
    `width`   the number of nodes or inputs in the current values, or None if unknown
    `layers`  the layers; the last one may still get biases and an activation
    `notes`   sentences on the differences between the file and the network
    `rows`    the only number of rows that the model accepts, or None
    `dims`    the shape of a row before it is flattened, with None for an unknown size
    `place`   the name of the node that is being added
    ========= =========================================================================
    """

    layout: Layout
    width: int | None
    layers: list[Dense] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rows: int | None = None
    dims: Sequence[int | None] = ()
    place: str = ""
    _open: bool = False
    _affine: Affine = field(default_factory=Affine)
    _affine_nodes: list[str] = field(default_factory=list)
    """The nodes of `_affine`, which becomes part of the next layer."""
    _has_biases: bool = False
    """Whether the last layer has its biases; a note reports each later addition."""
    _output_affine: Affine = field(default_factory=Affine)
    """A function of the last layer's output; the many weights are multiplied only once, at the end."""
    _output_nodes: list[str] = field(default_factory=list)
    """The nodes of `_output_affine` that a note reports."""
    _numbers: int = 0

    def take(self, step: ChainStep) -> None:
        """Add the next node. Raises FileError if the node does not fit."""
        self.place = step.place
        try:
            step.take(self)
        except FileError as error:
            raise error.within(self.place) from None

    def dense(self, weights: Array, layout: Layout, result: Layout, factor: float) -> None:
        """Begin a layer with the weights `weights` · `factor`, shape (nodes, inputs).

        `layout` is the layout of the layer's input values, `result` is the layout of its output values.
        """
        shape = weights.shape
        if len(shape) != 2 or 0 in shape:
            raise FileError(f"expected weights with two dimensions, found the shape {list(shape)}")
        if self.dims:
            raise FileError(f"expected rows with one dimension, found {len(self.dims)} dimensions")
        if self.layout == "vector":
            layout = result = "vector"
        if self.layout != layout:
            raise FileError("this node does not multiply rows of values by weights")
        self.check_width(shape[1])
        self._numbers += weights.size
        with as_file_errors():
            NUMBERS.check(self._numbers)  # checked before multiplying, as many layers may share a tensor
        self._close()
        self.layers.append(self._with_affine(Dense(weights * factor, None, "identity", self.place)))
        self._open, self._has_biases, self.layout, self.width = True, False, result, shape[0]

    def _with_affine(self, layer: Dense) -> Dense:
        """Return a layer that computes W·(scale·x + shift), with the scale and shift of `_affine`."""
        if not self._affine_nodes:
            return layer
        self.notes.append(_merge_note(self._affine_nodes, layer.place))
        (scale, shift), weights = self._affine, layer.weights
        biases = None if shift is None else weights @ np.broadcast_to(shift, weights.shape[1])
        self._affine, self._affine_nodes = Affine(), []
        return replace(layer, weights=weights * scale, biases=biases)

    def affine(self, affine: Affine) -> None:
        """Apply a function to the values; its arrays are from `Chain.vector`."""
        if not self._open:
            self._affine = self._affine.followed_by(affine)
            self._affine_nodes.append(self.place)
            return
        if affine.shift is None or (affine.scale != 1).any() or self._has_biases:
            self._output_nodes.append(self.place)
        self._has_biases = True
        self._output_affine = self._output_affine.followed_by(affine)

    def _close(self) -> None:
        """Apply `_output_affine` to the last layer, if the layer is still open."""
        if not self._open:
            return
        layer = self.layers[-1]
        if self._output_nodes:
            self.notes.append(_merge_note(self._output_nodes, layer.place))
        weights = layer.weights * self._output_affine.scale[:, None]
        biases = Affine(shift=layer.biases).followed_by(self._output_affine).shift
        if biases is not None:
            biases = np.broadcast_to(biases, len(weights))
        self.layers[-1] = replace(layer, weights=weights, biases=biases)
        self._open, self._output_affine, self._output_nodes = False, Affine(), []

    def activation(self, name: str, axis: int | None = None) -> None:
        """Set the activation of the last layer; `axis` is the axis of a softmax, else None."""
        if not self._open:
            raise FileError("an activation needs a dense layer right before it")
        if axis is not None and axis not in AXES[self.layout]:
            raise FileError(f"this activation uses axis {axis}, not the axis of the outputs of a row")
        self._close()
        self.layers[-1] = replace(self.layers[-1], activation=name)

    def transpose(self) -> None:
        """Swap the rows and columns of the current values."""
        if self.layout not in ("rows", "columns"):
            raise FileError("the values have no rows and columns to swap")
        self.layout = "columns" if self.layout == "rows" else "rows"

    def flatten(self, axis: int) -> None:
        """Flatten each row: join its dimensions from `axis` on."""
        if self.layout != "rows" or axis not in (1, -max(1, len(self.dims))):
            raise FileError("this node joins the numbers of several rows")
        if self.dims:
            shape = " × ".join("?" if size is None else str(size) for size in self.dims)
            self.notes.append(f"the {shape} numbers of each row are now a single list of inputs")
            self.dims = ()

    def reshape(self, sizes: Sequence[int]) -> None:
        """Flatten each row; `sizes` is the new shape of the values.

        In `sizes`, -1 stands for the remaining size, and 0 for an unchanged size.
        """
        if list(sizes) == [-1]:
            self.end_with_one()
            return
        if list(sizes) == [-1, 1] and self.layers and self.width != 1:  # scikit-learn, several targets
            count = counted(self.width or 0, "number")
            self.notes.append(
                f"{self.place} was left out: it would put the {count} of a row into separate rows"
            )
            self.end()
            return
        rows, width = sizes if len(sizes) == 2 else (0, -2)
        if width > 0:
            self.check_width(width)
        elif not (width == 0 and not self.dims) and not (width == -1 and rows in (0, self.rows)):
            raise FileError(f"expected an output row for each input row, found {list(sizes)}")
        self.flatten(1)

    def end(self) -> None:
        """End the chain: the current values are the prediction, and no other layer can come after them."""
        self._close()
        self.layout = "result"

    def end_with_one(self, note: str = "") -> None:
        """End the chain with one number in each row, and add `note`. Raises FileError for wider rows."""
        self.check_width(1)
        self.notes += [note] if note else []
        self.end()

    def finish(self) -> None:
        """Finish the last layer. Raises FileError if a scale or shift has no layer after it."""
        self._close()
        if self._affine_nodes:
            raise FileError("expected a dense layer after this node", self._affine_nodes[0])

    def vector(self, constant: Array) -> Array:
        """Return a constant as an array: shape (nodes,), or shape (1,) if one number applies to all nodes."""
        shape = constant.shape
        size = constant.size
        if size != 1 or len(shape) > 2:
            fitting: dict[Layout, list[tuple[int, ...]]]
            fitting = {"rows": [(size,), (1, size)], "columns": [(size, 1)], "vector": [(size,)]}
            if shape not in fitting.get(self.layout, []):
                raise FileError(f"expected one number for each node, found the shape {list(shape)}")
            self.check_width(size)
        return constant.astype(np.float64).reshape(-1)

    def check_width(self, found: int) -> None:
        """Set the width (the number of nodes or inputs) to `found`.

        Raises FileError if the width is already known and differs from `found`.
        """
        if self.width is not None and found != self.width:
            raise FileError(f"expected {counted(self.width, 'number')} for each row, found {found}")
        self.width = found


def _merge_note(places: list[str], layer: str) -> str:
    nodes = ", ".join([*places[:3], *(["…"] if places[3:] else [])])
    return f"{nodes} became part of the weights and biases of {layer}"


class ChainStep(NamedTuple):
    """A node of a graph as a step: `take` applies the node to a chain. `place` is the name of the node.

    `input_name` is the name of the node's input value. `layout` is the layout that this value must have, and
    `swaps` is true if the node swaps rows and columns.
    """

    input_name: str
    take: Callable[[Chain], None] = lambda _chain: None
    layout: Layout | None = None
    swaps: bool = False
    place: str = ""
