"""An ONNX graph as a chain of dense layers.

The graph is followed from its output back to its input, and the chain is built in the other direction: so an
operator returns a step, which is applied later. Numbers added or multiplied outside a dense layer are folded
into its weights and biases. The last nodes of scikit-learn's classifiers, which return dictionaries of
probabilities, are understood.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array, activation
from nnviz.core.numbers import NUMBERS, counted, full
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.models.onnx_graph import (
    MOST_DIMS,
    READS,
    Constant,
    Graph,
    attributes,
    check_real,
    check_swaps,
    floats,
    inputs_of,
    node_place,
    operator_of,
    refused,
)

if TYPE_CHECKING:
    import onnx


MOST_FACTORS = 16
"""Of a product, constants among them: a GELU has five."""
LARGE = 16.0
"""From there on ln(1 + e^z) is z, to the digits of a float of 32 bits."""
CLOSE = 1e-3
"""How far 1/√2 may be off, relatively: as a float of 16 bits it is by 0.0003."""


def product(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return the activation that a Mul ends, and the value that it is of; or None.

    SiLU is x·sigmoid(x), and GELU ½·x·(1 + erf(x/√2)), its factors in any order.
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
        if _is_normal(graph, last, x) and math.isclose(number, 0.5, rel_tol=CLOSE):
            return "gelu", x
    return None


def quotient(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return softsign, x/(1 + |x|), and x where a Div ends it; or None."""
    if len(node.input) != 2:
        return None
    x, below = node.input
    last = graph.maker(below)
    absolute = None if last is None else _plus_one(graph, last)
    found = absolute is not None and absolute.op_type == "Abs" and list(absolute.input) == [x]
    return ("softsign", x) if found else None


def choice(graph: Graph, node: onnx.NodeProto) -> tuple[str, str] | None:
    """Return softplus, and z, where a Where takes ln(1 + e^z), and z itself where that is large; or None."""
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


def _is_normal(graph: Graph, node: onnx.NodeProto, x: str) -> bool:
    """Tell whether a node makes 1 + erf(x/√2)."""
    erf = _plus_one(graph, node)
    last = graph.maker(erf.input[0]) if erf is not None and erf.op_type == "Erf" and erf.input else None
    if last is None:
        return False
    number, factors = _factors(graph, last)
    return factors == [x] and math.isclose(number, math.sqrt(0.5), rel_tol=CLOSE)


def _plus_one(graph: Graph, node: onnx.NodeProto) -> onnx.NodeProto | None:
    """Return the node to whose output an Add adds 1, or None."""
    if node.op_type != "Add" or len(node.input) != 2:
        return None
    for one, other in (node.input, node.input[::-1]):
        if graph.number(one) == 1:
            return graph.maker(other)
    return None


def _factors(graph: Graph, node: onnx.NodeProto) -> tuple[float, list[str]]:
    """Return a product as its number and the names of its other factors; of a long one of some as a whole."""
    number, pending = 1.0, [node.output[0]]
    found: list[str] = []
    for _ in range(MOST_FACTORS):
        if not pending:
            break
        name = pending.pop()
        own, constant = graph.maker(name), graph.number(name)
        if constant is not None:
            number *= constant
        elif own is not None and own.op_type == "Mul" and len(own.input) == 2:
            pending += own.input
        elif own is not None and (below := _divisor(graph, own)):
            number /= below
            pending.append(own.input[0])
        else:
            found.append(name)
    return number, found + pending


def _divisor(graph: Graph, node: onnx.NodeProto) -> float | None:
    return graph.number(node.input[1]) if node.op_type == "Div" and len(node.input) == 2 else None


SHAPE_OF_ROWS = ("Unsqueeze", "Gather", "Shape")
"""From end to beginning how PyTorch writes the number of rows, x.size(0), as a part of a shape."""


def _identity(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return ChainStep(inputs_of(node, 1)[0])


def _cast(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    check_real(node)
    return ChainStep(inputs_of(node, 1)[0])


def _dropout(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    before, _, training = inputs_of(node, 1, 3)
    attributes(node, ratio=0.5, seed=0, is_test=1)
    if training and graph.number(training) != 0:
        raise refused(node, "it leaves out nodes at random, as in training: export the model for use")
    told = f"{node_place(node)}, which acts in training alone, is left out"
    return ChainStep(before, lambda chain: chain.told.append(told))


def _transpose(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    check_swaps(node)
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.transpose(node_place(node)), swaps=True)


def _flatten(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    axis = attributes(node, axis=1)["axis"]
    return ChainStep(inputs_of(node, 1)[0], lambda chain: chain.flatten(node_place(node), axis))


def _reshape(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    before, shape = inputs_of(node, 2)
    attributes(node, allowzero=0)
    sizes = _sizes(graph, node, shape)
    return ChainStep(before, lambda chain: chain.reshape(node_place(node), sizes))


def _sizes(graph: Graph, node: onnx.NodeProto, name: str) -> list[int]:
    """Return the shape that a Reshape is given; the number of rows as 0, by which ONNX means: as before."""
    constant, joined = graph.constant(name), graph.maker(name)
    if constant is not None and math.prod(constant.shape) <= MOST_DIMS:
        return [int(size) for size in constant.array().reshape(-1)]
    if joined is not None and joined.op_type == "Concat" and len(joined.input) == 2:
        rows, rest = joined.input
        size = graph.number(rest)
        if size is not None and _is_rows(graph, rows, node.input[0]):
            return [0, int(size)]
    raise refused(node, f"its shape is not read, and {READS}")


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
    """Return the step that drops the one column of a prediction, or whatever has one."""
    before, given = inputs_of(node, 1, 2)
    axes = [graph.number(given)] if given else attributes(node, axes=[])["axes"]
    if not axes:
        return ChainStep(before, lambda chain: chain.end())
    if axes not in ([1], [-1]):
        raise refused(node)
    return ChainStep(before, lambda chain: chain.end_with_one(node_place(node)))


def _concat(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return what scikit-learn does to the probability p of two classes, which becomes 1 − p and p."""
    inverse, before = inputs_of(node, 2)
    minus = graph.maker(inverse)
    if (
        minus is None
        or minus.op_type != "Sub"
        or minus.input[1:] != [before]
        or graph.number(minus.input[0]) != 1
    ):
        raise refused(node)
    if attributes(node, axis=0)["axis"] not in (1, -1):
        raise refused(node)
    told = "of the two probabilities that it makes, the second is kept: the first is 1 − it"
    return ChainStep(before, lambda chain: chain.end_with_one(node_place(node), told))


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


JOINS = f"it joins two values that depend on the input, and {READS}"


# Dense layers


def _gemm(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    *factors, added = inputs_of(node, 2, 3)
    said = attributes(node, alpha=1.0, beta=1.0, transA=0, transB=0)
    step = _dense(graph, node, factors, (bool(said["transA"]), bool(said["transB"])), said["alpha"])
    if not added:
        return step
    biases = graph.constant(added)
    if biases is None:
        raise refused(node, JOINS)

    def take(chain: Chain) -> None:
        step.take(chain)
        chain.affine(node_place(node), None, chain.vector(node_place(node), biases) * said["beta"])

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
    """Return x·Wᵀ, or W·xᵀ where the constant stands first."""
    constant, before, first = _sides(graph, node, factors)
    weights = constant if transposed[0 if first else 1] == (not first) else constant.turned
    along = transposed[1 if first else 0] != first
    needs: Layout = "columns" if along else "rows"
    gives: Layout = "columns" if first else "rows"
    return ChainStep(before, lambda chain: chain.dense(node_place(node), weights, needs, gives, alpha), needs)


def _sides(graph: Graph, node: onnx.NodeProto, names: list[str]) -> tuple[Constant, str, bool]:
    """Return of two inputs the constant, the name of the other, and whether the constant stands first."""
    left, right = (graph.constant(name) for name in names)
    if left is not None and right is None:
        return left, names[1], True
    if right is not None and left is None:
        return right, names[0], False
    makers = filter(None, map(graph.maker, names))
    strange = next((maker for maker in makers if operator_of(maker) not in OPERATORS), None)
    raise refused(node, JOINS if left is None else READS) if strange is None else _unknown(strange)


# Numbers added and multiplied


def _affine(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    attributes(node)
    constant, before, first = _sides(graph, node, inputs_of(node, 2))
    if first and node.op_type == "Div":
        raise refused(node, f"it divides by a value that depends on the input, and {READS}")

    def take(chain: Chain) -> None:
        numbers = chain.vector(node_place(node), constant)
        minus = -np.ones(1)
        scale, shift = {
            "Add": (None, numbers),
            "Sub": (minus, numbers) if first else (None, -numbers),
            "Mul": (numbers, None),
            "Div": (1 / numbers, None),
        }[node.op_type]
        chain.affine(node_place(node), scale, shift)

    return ChainStep(before, take)


def _mul(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return _written_out(node, product(graph, node)) or _affine(graph, node)


def _div(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    return _written_out(node, quotient(graph, node)) or _affine(graph, node)


def _where(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    step = _written_out(node, choice(graph, node))
    if step is None:
        raise refused(node, JOINS)
    return step


def _written_out(node: onnx.NodeProto, found: tuple[str, str] | None) -> ChainStep | None:
    """Return the step of an activation that was found at the end of several operators."""
    if found is None:
        return None
    name, before = found
    return ChainStep(before, lambda chain: chain.activation(node_place(node), name))


def _scaler(_graph: Graph, node: onnx.NodeProto) -> ChainStep:
    (before,) = inputs_of(node, 1)
    said = attributes(node, offset=[0.0], scale=[1.0])

    def take(chain: Chain) -> None:
        offset, scale = (chain.vector(node_place(node), Constant(floats(own))) for own in said.values())
        chain.affine(node_place(node), scale, -offset * scale)

    return ChainStep(before, take)


# Activations

_FIXED: dict[str, dict[str, Any]] = {
    "Selu": {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    "Gelu": {"approximate": "none"},
    "Swish": {"alpha": 1.0},
}
"""Attributes of which one value alone is an activation that nnviz has."""

BY_OPERATOR = {own.elsewhere.onnx.name: own for own in ACTIVATIONS.values() if not own.linear}


def _activation(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    (before,) = inputs_of(node, 1)
    own, axis = BY_OPERATOR[node.op_type], None
    name = own.name
    if own.parameter is not None:
        name = _with_parameter(node, name, own.elsewhere.onnx.parameter, own.elsewhere.onnx.value)
    elif not own.elementwise:
        axis = attributes(node, axis=-1 if graph.opset >= 13 else 1)["axis"]
    else:
        usual = _FIXED.get(node.op_type, {})
        for key, value in attributes(node, **usual).items():
            close = isinstance(value, float) and math.isclose(value, usual[key], rel_tol=1e-4)
            if value != usual[key] and not close:
                raise refused(node, f"with {key} {value} it is none of the activations that nnviz has")
    return ChainStep(before, lambda chain: chain.activation(node_place(node), name, axis))


def _with_parameter(node: onnx.NodeProto, name: str, parameter: str, usual: float) -> str:
    value = attributes(node, **{parameter: usual})[parameter]
    try:
        return activation(f"{name}({full(dense.shortest(value))})").name
    except ValueError as error:
        raise refused(node, str(error)) from None


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
"""Every operator that is read, those of other domains with their domain."""


def step_of(graph: Graph, node: onnx.NodeProto) -> ChainStep:
    """Return what a node does. Raises FileError for what no dense layer does."""
    operator = OPERATORS.get(operator_of(node))
    if operator is None:
        raise _unknown(node)
    return operator(graph, node)


def _unknown(node: onnx.NodeProto) -> FileError:
    return refused(node, f"{READS} ({', '.join(BY_OPERATOR)})")


Layout: TypeAlias = Literal["rows", "columns", "vector", "result"]
"""How values lie: (rows, nodes), (nodes, rows), (nodes,), or so that no other layer can follow."""

AXES: dict[Layout, tuple[int, ...]] = {"rows": (1, -1), "columns": (0, -2), "vector": (0, -1), "result": ()}
"""The axes along which the nodes of a layer lie."""


class Affine(NamedTuple):
    """What is multiplied by `scale`, and then `shift` is added; None where nothing is."""

    scale: Array | None = None
    shift: Array | None = None

    def then(self, next_one: Affine) -> Affine:
        """Return both, one after the other."""
        scale, shift = next_one
        if scale is None:
            moved = self.shift
            scale = self.scale
        else:
            moved = None if self.shift is None else self.shift * scale
            scale = scale if self.scale is None else self.scale * scale
        return Affine(scale, moved if shift is None else shift if moved is None else moved + shift)


@dataclass
class Chain:
    """The layers so far; methods take the `place` of a node, and raise FileError for what does not fit.

    ========= =======================================================================
    `layout`  how the present values lie
    `width`   of how many nodes or inputs they are, or None where that is not known yet
    `layers`  the last one may still get biases and an activation
    `told`    what is not shown as the file has it, in sentences
    `rows`    how many rows the model takes, where it takes no other number
    `dims`    the shape of a row that has yet to be flattened; None in it is not known
    ========= =======================================================================

    A number that is not finite is refused when the network is made, and not here.
    """

    layout: Layout
    width: int | None
    layers: list[Dense] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    rows: int | None = None
    dims: Sequence[int | None] = ()
    _open: bool = False
    _affine: Affine = field(default_factory=lambda: Affine())
    _waiting: list[str] = field(default_factory=list)
    """The nodes that make up `_affine`, which goes into the next layer."""
    _biased: bool = False
    """Whether the last layer has its biases, and another number that is added is told."""
    _after: Affine = field(default_factory=lambda: Affine())
    """What is done to what the last layer gives; its weights are many, so they are multiplied once."""
    _behind: list[str] = field(default_factory=list)
    """The nodes of `_after` that are told."""
    _numbers: int = 0

    def dense(self, place: str, weights: Constant, needs: Layout, gives: Layout, factor: float = 1.0) -> None:
        """Begin a layer of `weights`, shape (nodes, inputs), which `needs` one layout and `gives` another."""
        shape = weights.shape
        if len(shape) != 2 or 0 in shape:
            raise FileError(f"expected weights of two dimensions, found {list(shape)}", place)
        if self.dims:
            raise FileError(f"expected rows of inputs, found {len(self.dims)} dimensions of each row", place)
        if self.layout == "vector":
            needs = gives = "vector"
        if self.layout != needs:
            raise FileError("its weights are not on the side on which they meet rows of values", place)
        self.check_width(place, shape[1])
        self._numbers += math.prod(shape)
        with told_by_core(place):
            NUMBERS.check(self._numbers)  # before any is read: many layers may share one tensor
        self._close()
        self.layers.append(self._taking_up(Dense(weights.array() * factor, None, "identity", place)))
        self._open, self._biased, self.layout, self.width = True, False, gives, shape[0]

    def _taking_up(self, layer: Dense) -> Dense:
        """Return a layer with what waits for it: W·(scale·x + shift)."""
        if not self._waiting:
            return layer
        self.told.append(_taken(self._waiting, layer.place))
        (scale, shift), weights = self._affine, layer.weights
        biases = None if shift is None else weights @ np.broadcast_to(shift, weights.shape[1])
        self._affine, self._waiting = Affine(), []
        return replace(layer, weights=weights if scale is None else weights * scale, biases=biases)

    def affine(self, place: str, scale: Array | None, shift: Array | None) -> None:
        """Multiply what is there by `scale` and add `shift`: vectors of `vector`, or None."""
        affine = Affine(scale, shift)
        if not self._open:
            self._affine = self._affine.then(affine)
            self._waiting.append(place)
            return
        if scale is not None or self._biased:
            self._behind.append(place)
        self._biased = True
        self._after = self._after.then(affine)

    def _close(self) -> None:
        """Work into the last layer what is done to what it gives, if it may get that."""
        if not self._open:
            return
        layer = self.layers[-1]
        if self._behind:
            self.told.append(_taken(self._behind, layer.place))
        scale, _ = self._after
        weights = layer.weights if scale is None else layer.weights * scale[:, None]
        biases = Affine(None, layer.biases).then(self._after).shift
        if biases is not None:
            biases = np.broadcast_to(biases, len(weights))
        self.layers[-1] = replace(layer, weights=weights, biases=biases)
        self._open, self._after, self._behind = False, Affine(), []

    def activation(self, place: str, name: str, axis: int | None = None) -> None:
        """Give the last layer its activation; along an `axis` where its outputs depend on each other."""
        if not self._open:
            raise FileError("an activation needs a dense layer right before it", place)
        if axis is not None and axis not in AXES[self.layout]:
            raise FileError(f"it goes along axis {axis}, which is not that of the nodes", place)
        self._close()
        self.layers[-1] = replace(self.layers[-1], activation=name)

    def transpose(self, place: str) -> None:
        """Swap rows and columns."""
        if self.layout not in ("rows", "columns"):
            raise FileError("there are no rows and columns to swap", place)
        self.layout = "columns" if self.layout == "rows" else "rows"

    def flatten(self, place: str, axis: int) -> None:
        """Put the numbers of each row behind each other: those of dimension `axis` and behind it."""
        if self.layout != "rows" or axis not in (1, -max(1, len(self.dims))):
            raise FileError("it joins the numbers of several rows", place)
        if self.dims:
            shape = " × ".join("?" if size is None else str(size) for size in self.dims)
            self.told.append(f"the inputs are the {shape} numbers of a row behind each other")
            self.dims = ()

    def reshape(self, place: str, sizes: Sequence[int]) -> None:
        """Do the same where a shape says so, in which -1 is all that remains, and 0 what was there."""
        if list(sizes) == [-1]:
            self.end_with_one(place)
            return
        if list(sizes) == [-1, 1] and self.layers and self.width != 1:  # scikit-learn's, of several targets
            count = counted(self.width or 0, "number")
            self.told.append(f"{place}, which puts the {count} of each row below one another, is left out")
            self.end()
            return
        rows, width = sizes if len(sizes) == 2 else (0, -2)
        if width > 0:
            self.check_width(place, width)
        elif not (width == 0 and not self.dims) and not (width == -1 and rows in (0, self.rows)):
            raise FileError(f"it makes the shape {list(sizes)} of what should be rows", place)
        self.flatten(place, 1)

    def end(self) -> None:
        """Take what is there as the prediction, whose shape is another."""
        self._close()
        self.layout = "result"

    def end_with_one(self, place: str, told: str = "") -> None:
        """Do so where each row has one number."""
        self.check_width(place, 1)
        self.told += [told] if told else []
        self.end()

    def finish(self) -> None:
        """Raise FileError where numbers wait for a layer that does not come."""
        self._close()
        if self._waiting:
            raise FileError("no dense layer follows whose weights it could be part of", self._waiting[0])

    def vector(self, place: str, constant: Constant) -> Array:
        """Return a constant as one number for each node, shape (nodes,), or for all of them, shape (1,)."""
        shape = constant.shape
        size = math.prod(shape)
        if size != 1 or len(shape) > 2:
            fitting: dict[Layout, list[tuple[int, ...]]]
            fitting = {"rows": [(size,), (1, size)], "columns": [(size, 1)], "vector": [(size,)]}
            if shape not in fitting.get(self.layout, []):
                raise FileError(f"expected one number for each node, found a tensor of {list(shape)}", place)
            self.check_width(place, size)
        values: Array = constant.array().astype(np.float64).reshape(-1)
        return values

    def check_width(self, place: str, found: int) -> None:
        """Raise FileError where there are not so many nodes or inputs as what comes before has."""
        if self.width is not None and found != self.width:
            raise FileError(f"expected {counted(self.width, 'number')} for each row, found {found}", place)
        self.width = found


def _taken(places: list[str], layer: str) -> str:
    some = ", ".join(places[:3]) + (" and others" if places[3:] else "")
    return f"{some} became part of the weights and biases of {layer}"


class ChainStep(NamedTuple):
    """What a node of a graph does: `take` does it to a chain, to the value called `before`.

    `needs` is the layout that the value must have, and `swaps` says that the next one has the other.
    """

    before: str
    take: Callable[[Chain], None] = lambda _chain: None
    needs: Layout | None = None
    swaps: bool = False
