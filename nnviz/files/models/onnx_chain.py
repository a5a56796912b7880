"""ONNX graphs as chains of dense layers, found by evaluation.

Between two activations a network is affine. For this reason no operator needs algebra of its own: the reader
evaluates a part of the graph for a few rows, and so finds what the part computes: a scale and a shift of each
number, weights and biases, or an activation. A Gemm or MatMul node keeps the file's own numbers. At the end,
the chain and the graph must agree on random rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec
import numpy as np

from nnviz.core.activations import ACTIVATIONS, Activation, Array, activation
from nnviz.core.numbers import NUMBERS, counted, full, quoted
from nnviz.files.errors import FileError, errors_as
from nnviz.files.models import dense
from nnviz.files.models.dense import Affine, Chain, Dense
from nnviz.files.models.onnx_graph import SUPPORTED, Graph, node_error, node_place, operator_of, parse_model
from nnviz.files.models.onnx_run import (
    AFFINE,
    BY_OPERATOR,
    FACTORS,
    PLAIN,
    PRODUCTS,
    Evaluator,
    InputLayout,
    random_rows,
)

if TYPE_CHECKING:
    import onnx

HUGE = 2.0**300
"""A number next to which biases vanish: HUGE · W + b is HUGE · W, and a power of two keeps all digits."""
PROBES = 2
"""Random rows on which an affine function is checked."""
EXACT = 1e-9
"""Relative tolerance for affine functions."""
GRID = np.array([512, *np.linspace(-40, 40, 34), *np.linspace(-6, 6, 61)])
GRID = np.array([-512.0, *np.random.default_rng(0).permutation(GRID)])
"""Values of z at which activations are compared; e^512 is still a float64."""
LEAST_VALUES = 12
"""Number of values of GRID for each node of a wide layer; the nodes have different values."""
CLOSE, CLOSE_16_BITS = 1e-6, 1e-4
"""Relative and absolute tolerance for activations; √2 as a 16-bit float has the relative error 0.0001."""
SAME = 1e-3
"""Tolerance for predictions, relative to the largest one."""
LONGEST = 6
"""Largest number of blocks that together compute an activation; ln(1 + e^z) has three."""
STEP = 2**18
"""Largest number of numbers in the rows that are evaluated at once."""
JOIN = f"this node joins two values that depend on the input; {SUPPORTED}"


class OnnxModel(msgspec.Struct):
    """What the process that reads a model tells nnviz.

    `layers` has the activation and the place of each layer, and `notes` has sentences for the user.
    """

    layers: list[tuple[str, str]]
    notes: list[str]


def read(data: bytes) -> tuple[OnnxModel, dict[str, Array]]:
    """Return a model and its arrays "weights 0", "biases 0", "weights 1", …. Raises FileError."""
    with errors_as("a text in this file is not UTF-8", kind=UnicodeDecodeError):
        graph = Graph(parse_model(data))  # protobuf decodes a text when it is first needed
        output, notes = graph.output()
        chain = chain_of(graph, output)
    arrays: dict[str, Array] = {}
    for k, layer in enumerate(chain.layers):
        arrays |= zip((f"weights {k}", f"biases {k}"), layer.arrays, strict=False)
    layers = [(layer.activation, layer.place) for layer in chain.layers]
    return OnnxModel(layers, notes + chain.notes), arrays


def warm_up() -> None:
    """Read a small model, so that the libraries load everything."""
    from onnx import TensorProto, helper

    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1]) for name in ("x", "y")]
    tensor = helper.make_tensor("w", TensorProto.FLOAT, [1, 1], [1.0])
    nodes = [
        helper.make_node("Scaler", ["x"], ["u"], domain="ai.onnx.ml", offset=[0.0], scale=[2.0]),
        helper.make_node("Gemm", ["u", "w"], ["z"]),
        helper.make_node("Relu", ["z"], ["y"]),
    ]
    graph = helper.make_graph(nodes, "warm up", ends[:1], ends[1:], [tensor])
    read(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString())


class Block(NamedTuple):
    """Nodes that depend on earlier ones only through one value: from `first` to before `last`.

    `input` is the name of this value. A "product" is affine and makes a dense layer.
    """

    first: int
    last: int
    input: str
    kind: Literal["affine", "product", "other"]


class Reader:
    """Builds the chain of a graph, in one layout of its input."""

    def __init__(self, run: Evaluator, layout: InputLayout) -> None:
        run.start(layout)
        self._run, self._layout = run, layout
        self._chain = Chain([])
        self._has_both = False
        """Whether the output has the probabilities 1 − p and p for the network's output p."""
        self._group: list[Block] = []
        """The affine blocks since the last activation; at most one of them is a product."""

    def read(self) -> Chain:
        """Return the chain of dense layers. Raises FileError for a graph that is no such chain."""
        if len(self._layout.sides) > 1:
            sides = " × ".join(map(str, self._layout.sides))
            self._chain.notes.append(f"the {sides} numbers of each row are now a single list of inputs")
        self._chain.notes += [
            f"{node_place(node)} was left out, as it acts only in training"
            for node in self._run.nodes
            if node.op_type == "Dropout"
        ]
        blocks = list(self._blocks())
        while blocks:
            block = blocks[0]
            if block.kind == "other":
                self._finish_layer()
                count, name = self._activation(blocks)
                self._chain.activation(name, self._place(block))
                del blocks[:count]
                continue
            if block.kind == "product" and any(each.kind == "product" for each in self._group):
                self._finish_layer()
            self._group.append(blocks.pop(0))
        self._finish_output()
        self._check(self._chain.finish())
        return self._chain

    def _blocks(self) -> Iterator[Block]:
        """Yield the smallest blocks in order."""
        run = self._run
        last_uses: dict[str, int] = {run.output: len(run.nodes)}
        for k, node in enumerate(run.nodes):
            last_uses |= {name: k for name in node.input if name in run.data and node.output[0] in run.data}
        first, name, reach = 0, run.input, last_uses.get(run.input, 0)
        for k, node in enumerate(run.nodes):
            output = node.output[0]
            if output not in run.data:
                continue
            if reach <= k:
                yield Block(first, k + 1, name, self._kind(first, k + 1))
                first, name = k + 1, output
            reach = max(reach, last_uses.get(output, 0))

    def _kind(self, first: int, last: int) -> Literal["affine", "product", "other"]:
        nodes = [node for node in self._run.nodes[first:last] if node.output[0] in self._run.data]
        if not all(_is_affine(node, [name in self._run.data for name in node.input]) for node in nodes):
            return "other"
        return "product" if any(node.op_type in PRODUCTS for node in nodes) else "affine"

    def _place(self, block: Block) -> str:
        return node_place(self._run.nodes[block.last - 1])

    def _through(self, block: Block, rows: Array) -> Array:
        return self._run.through(block.first, block.last, block.input, rows)

    def _widths(self, block: Block) -> tuple[int, int]:
        """Return how many numbers of a row go into a block, and how many come out."""
        output = self._run.nodes[block.last - 1].output[0]
        return self._run.width(block.input), self._run.width(output)

    def _named(self, *blocks: Block) -> list[str]:
        """Return the places of the nodes that change numbers."""
        nodes = (node for block in blocks for node in self._run.nodes[block.first : block.last])
        return [node_place(node) for node in nodes if operator_of(node) not in PLAIN]

    # Activations

    def _activation(self, blocks: Sequence[Block]) -> tuple[int, str]:
        """Return how many of the first blocks compute an activation, and its name."""
        for count in range(1, 1 + min(LONGEST, len(blocks))):
            block = _joined(blocks[:count])
            if blocks[count - 1].kind == "product":
                break
            if name := self._name_of_activation(block):
                return count, name
        node = self._run.nodes[blocks[0].last - 1]
        if blocks[0].last - blocks[0].first > 1 or operator_of(node) in AFFINE:
            raise node_error(node, JOIN)
        known = ", ".join(BY_OPERATOR)
        raise node_error(node, f"nnviz does not have this activation with its settings; it has {known}")

    def _name_of_activation(self, block: Block) -> str:
        """Return the name of the activation that a block computes, or ""."""
        width, other = self._widths(block)
        if width != other:
            return ""
        count = max(LEAST_VALUES, -(-len(GRID) // max(1, width)))
        z = np.resize(GRID, (width, count)).T
        found = self._through(block, z)
        close = CLOSE_16_BITS if self._run.has_16_bits else CLOSE
        with np.errstate(all="ignore"):
            every = chain(self._by_operator(block), _candidates(found[0, 0]))
            return next((own.name for own in every if np.allclose(own(z), found, close, close)), "")

    def _by_operator(self, block: Block) -> Iterator[Activation]:
        """Yield the activation of the last operator in a block, with the operator's own parameter."""
        own = BY_OPERATOR.get(operator_of(self._run.nodes[block.last - 1]))
        attributes = self._run.operators[block.last - 1].attributes
        value = attributes.get(own.notation.onnx.parameter) if own else None
        if own and not isinstance(value, float):
            yield own
        elif own and isinstance(value, float):
            with suppress(ValueError):
                yield _with_parameter(own, value)

    # Dense layers

    def _finish_layer(self) -> None:
        """Add the affine blocks since the last activation to the chain."""
        group, self._group = self._group, []
        at = next((k for k, block in enumerate(group) if block.kind == "product"), None)
        if at is None:
            if named := self._named(*group):
                self._chain.affine(Affine(), named)
            return
        product, before, after = group[at], group[:at], group[at + 1 :]
        layer = self._layer(product)
        first, rest = (self._affine(_joined(part)) if part else Affine() for part in (before, after))
        if layer is None or first is None or rest is None:
            self._chain.dense(self._folded_layer(_joined(group), product))
            return
        if named := self._named(*before):
            self._chain.affine(first, named)
        self._chain.dense(layer)
        if named := self._named(*after):
            has_biases = layer.biases is not None or self._run.nodes[after[0].last - 1].op_type != "Add"
            self._chain.affine(rest, named if has_biases else named[1:])

    def _affine(self, block: Block) -> Affine | None:
        """Return the scale and shift of each number in a block, or None if the block does more."""
        inputs, outputs = self._widths(block)
        if inputs != outputs:
            return None
        rows = np.random.default_rng(1).normal(size=(PROBES, inputs))
        zero, huge, *found = self._through(block, np.stack([0 * rows[0], 0 * rows[0] + HUGE, *rows]))
        nodes = self._run.nodes[block.first : block.last]
        has_shift = any(operator_of(node) not in PLAIN | FACTORS for node in nodes)
        with np.errstate(all="ignore"):  # the network refuses numbers that are not finite
            scale = (huge - zero) / HUGE
            error = np.abs(found - (rows * scale + zero)) - EXACT * (np.abs(rows * scale) + np.abs(zero))
        return None if (error > 0).any() else Affine(scale, zero if has_shift else None)

    def _layer(self, block: Block) -> Dense | None:
        """Return the layer of a Gemm or MatMul node with the file's own numbers; None for another block."""
        node = self._run.nodes[block.first]
        if block.last - block.first > 1 or node.op_type == "Conv":
            return None
        attributes = self._run.operators[block.first].attributes
        left, right, added = ([self._run.constants.get(name) for name in node.input] + [None])[:3]
        weights, key = (right, "transB") if left is None else (left, "transA")
        if weights is None or weights.ndim < 2 or math.prod(weights.shape[:-2]) != 1:
            return None
        weights = weights.reshape(weights.shape[-2:]) * attributes.get("alpha", 1.0)
        if bool(attributes.get(key)) == (left is not None):
            weights = weights.T
        if weights.shape != self._widths(block)[::-1]:
            return None
        if added is not None and added.size in (1, len(weights)):
            added = np.broadcast_to(added.reshape(-1) * attributes.get("beta", 1.0), len(weights))
        elif len(node.input) > 2:
            return None
        return Dense(weights, added, "identity", node_place(node))

    def _folded_layer(self, block: Block, product: Block) -> Dense:
        """Return a dense layer that computes the same as a block."""
        inputs, outputs = self._widths(block)
        place = self._place(product)
        dense.check_limit(NUMBERS, inputs * outputs, place)
        zero, weights = self._through(block, np.zeros((1, inputs))), np.empty((outputs, inputs))
        step = max(1, STEP // inputs)
        with np.errstate(all="ignore"):
            for at in range(0, inputs, step):
                rows = HUGE * np.eye(min(step, inputs - at), inputs, at)
                weights[:, at : at + step] = ((self._through(block, rows) - zero) / HUGE).T
        sizes = f"{counted(inputs, 'input')} and {counted(outputs, 'node')}"
        self._chain.notes.append(f"{place} is shown as a dense layer with {sizes}")
        self._chain.tell_folded([name for name in self._named(block) if name != place], place)
        return Dense(weights, zero[0] if zero.any() else None, "identity", place)

    # The end

    def _finish_output(self) -> None:
        """Add the last blocks to the chain."""
        if not self._group or any(block.kind == "product" for block in self._group):
            self._finish_layer()
            return
        block = _joined(self._group)
        if self._widths(block) == (1, 2):
            found = self._through(block, np.array([[0.0], [0.25]]))
            self._has_both = np.array_equal(found, np.array([[1, 0], [0.75, 0.25]]))
        affine = self._affine(block)
        if self._has_both:
            self._chain.notes.append(
                "the output is the second of the model's two probabilities; the first is 1 minus the second"
            )
        elif affine is None or (affine.scale != 1).any() or np.any(affine.shift):
            self._chain.affine(Affine(), self._named(block)[:1] or [self._place(block)])

    def _check(self, layers: Sequence[Dense]) -> None:
        """Raise FileError unless the layers predict for random rows what the graph computes."""
        run = self._run
        a = random_rows(self._layout, self._layout.checked)
        expected = run.run(0, len(run.nodes), {run.input: self._layout.pack(a)})[run.output]
        with np.errstate(all="ignore"):
            for layer in layers:
                z = a @ layer.weights.T + (0.0 if layer.biases is None else layer.biases)
                a = activation(layer.activation)(np.ascontiguousarray(z))
            a = np.hstack([1 - a, a]) if self._has_both else a
            limit = SAME * np.abs(expected).max()
            both = (each.ravel() for each in (a, a.T) if a.size == expected.size)
            is_same = any(np.allclose(each, expected.ravel(), SAME, limit) for each in both)
        if np.isfinite(a).all() and np.isfinite(expected).all() and not is_same:
            raise FileError("nnviz cannot see what this model computes: its rows depend on each other")
        if self._layout.axis == 0 and a.shape[1] > 1 and expected.shape == (a.size, 1):
            numbers, place = counted(a.shape[1], "number"), node_place(run.nodes[-1])
            self._chain.notes.append(
                f"{place} was left out: it would put the {numbers} of a row into separate rows"
            )


def chain_of(graph: Graph, output: str) -> Chain:
    """Return the chain that computes an output of a graph, in the first layout of the input that fits.

    Raises FileError.
    """
    run, errors = Evaluator(graph, output), []
    for layout in run.layouts():
        try:
            return Reader(run, layout).read()
        except FileError as error:
            errors.append(error)
    raise errors[0] if errors else FileError("the shape of this input is unknown", quoted(run.input))


def _joined(blocks: Sequence[Block]) -> Block:
    """Return blocks that follow each other as one block."""
    return blocks[0]._replace(last=blocks[-1].last)


def _is_affine(node: onnx.NodeProto, is_data: Sequence[bool]) -> bool:
    """Return whether a node is affine in the inputs that depend on the graph's input (`is_data`)."""
    if operator_of(node) not in AFFINE:
        return False
    if node.op_type in ("Mul", "MatMul", "Gemm"):
        return not all(is_data[:2])
    return node.op_type in ("Add", "Sub", "Concat") or not any(is_data[1:])


def _candidates(least: float) -> Iterator[Activation]:
    """Yield the activations that may have the value `least` at the first number of GRID."""
    for own in ACTIVATIONS.values():
        if own.parameter is None and not own.linear:
            yield own
        elif own.parameter is not None:
            example = own.parameter.example
            known = own.parameter.make(example)(GRID[:1, None]).item()  # often proportional to the parameter
            with suppress(ValueError, ZeroDivisionError):  # the parameter may be out of range
                yield _with_parameter(own, least / known * example)


def _with_parameter(own: Activation, value: float) -> Activation:
    """Return an activation with another parameter. Raises ValueError for an invalid one."""
    return activation(f"{own.base}({full(dense.shortest_decimal(value))})")
