"""ONNX operators that change nothing, or nothing but the shape: what each does to a chain of dense layers.

Among them are the last nodes of scikit-learn's classifiers, which make dictionaries of probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from nnviz.files.models.onnx.chain import Step
from nnviz.files.models.onnx.graph import (
    READS,
    Graph,
    attributes,
    check_real,
    check_swaps,
    inputs_of,
    place_of,
    refused,
)
from nnviz.files.models.onnx.tensors import MOST_DIMS

if TYPE_CHECKING:
    import onnx

SHAPE_OF_ROWS = ("Unsqueeze", "Gather", "Shape")
"""From end to beginning how PyTorch writes the number of rows, x.size(0), as a part of a shape."""


def _identity(_graph: Graph, node: onnx.NodeProto) -> Step:
    return Step(inputs_of(node, 1)[0])


def _cast(_graph: Graph, node: onnx.NodeProto) -> Step:
    check_real(node)
    return Step(inputs_of(node, 1)[0])


def _dropout(graph: Graph, node: onnx.NodeProto) -> Step:
    before, _, training = inputs_of(node, 1, 3)
    attributes(node, ratio=0.5, seed=0, is_test=1)
    if training and graph.number(training) != 0:
        raise refused(node, "it leaves out nodes at random, as in training: export the model for use")
    told = f"{place_of(node)}, which acts in training alone, is left out"
    return Step(before, lambda chain: chain.told.append(told))


def _transpose(_graph: Graph, node: onnx.NodeProto) -> Step:
    check_swaps(node)
    return Step(inputs_of(node, 1)[0], lambda chain: chain.transpose(place_of(node)), swaps=True)


def _flatten(_graph: Graph, node: onnx.NodeProto) -> Step:
    axis = attributes(node, axis=1)["axis"]
    return Step(inputs_of(node, 1)[0], lambda chain: chain.flatten(place_of(node), axis))


def _reshape(graph: Graph, node: onnx.NodeProto) -> Step:
    before, shape = inputs_of(node, 2)
    attributes(node, allowzero=0)
    sizes = _sizes(graph, node, shape)
    return Step(before, lambda chain: chain.reshape(place_of(node), sizes))


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


def _squeeze(graph: Graph, node: onnx.NodeProto) -> Step:
    """Return the step that drops the one column of a prediction, or whatever has one."""
    before, given = inputs_of(node, 1, 2)
    axes = [graph.number(given)] if given else attributes(node, axes=[])["axes"]
    if not axes:
        return Step(before, lambda chain: chain.end())
    if axes not in ([1], [-1]):
        raise refused(node)
    return Step(before, lambda chain: chain.end_with_one(place_of(node)))


def _concat(graph: Graph, node: onnx.NodeProto) -> Step:
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
    return Step(before, lambda chain: chain.end_with_one(place_of(node), told))


def _zip_map(_graph: Graph, node: onnx.NodeProto) -> Step:
    return Step(inputs_of(node, 1)[0], lambda chain: chain.end())


OPERATORS: dict[str, Callable[[Graph, onnx.NodeProto], Step]] = {
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
