"""What each ONNX operator does to a chain of dense layers, and which value it starts from.

A graph is followed from its output back to its input, and the chain is built the other way round: so an
operator returns a step, which is taken later.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.numbers import full
from nnviz.files.errors import FileError
from nnviz.files.models import float32
from nnviz.files.models.onnx import gates, shapes
from nnviz.files.models.onnx.chain import Chain, Layout, Step
from nnviz.files.models.onnx.graph import (
    READS,
    Constant,
    Graph,
    attributes,
    floats,
    inputs_of,
    operator_of,
    place_of,
    refused,
)

if TYPE_CHECKING:
    import onnx

JOINS = f"it joins two values that depend on the input, and {READS}"


# Dense layers


def _gemm(graph: Graph, node: onnx.NodeProto) -> Step:
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
        chain.affine(place_of(node), None, chain.vector(place_of(node), biases) * said["beta"])

    return step._replace(take=take)


def _matmul(graph: Graph, node: onnx.NodeProto) -> Step:
    attributes(node)
    return _dense(graph, node, inputs_of(node, 2))


def _dense(
    graph: Graph,
    node: onnx.NodeProto,
    factors: list[str],
    transposed: tuple[bool, bool] = (False, False),
    alpha: float = 1.0,
) -> Step:
    """Return x·Wᵀ, or W·xᵀ where the constant stands first."""
    constant, before, first = _sides(graph, node, factors)
    weights = constant if transposed[0 if first else 1] == (not first) else constant.turned
    along = transposed[1 if first else 0] != first
    needs: Layout = "columns" if along else "rows"
    gives: Layout = "columns" if first else "rows"
    return Step(before, lambda chain: chain.dense(place_of(node), weights, needs, gives, alpha), needs)


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


def _affine(graph: Graph, node: onnx.NodeProto) -> Step:
    attributes(node)
    constant, before, first = _sides(graph, node, inputs_of(node, 2))
    if first and node.op_type == "Div":
        raise refused(node, f"it divides by a value that depends on the input, and {READS}")

    def take(chain: Chain) -> None:
        numbers = chain.vector(place_of(node), constant)
        minus = -np.ones(1)
        scale, shift = {
            "Add": (None, numbers),
            "Sub": (minus, numbers) if first else (None, -numbers),
            "Mul": (numbers, None),
            "Div": (1 / numbers, None),
        }[node.op_type]
        chain.affine(place_of(node), scale, shift)

    return Step(before, take)


def _mul(graph: Graph, node: onnx.NodeProto) -> Step:
    return _written_out(node, gates.product(graph, node)) or _affine(graph, node)


def _div(graph: Graph, node: onnx.NodeProto) -> Step:
    return _written_out(node, gates.quotient(graph, node)) or _affine(graph, node)


def _where(graph: Graph, node: onnx.NodeProto) -> Step:
    step = _written_out(node, gates.choice(graph, node))
    if step is None:
        raise refused(node, JOINS)
    return step


def _written_out(node: onnx.NodeProto, found: tuple[str, str] | None) -> Step | None:
    """Return the step of an activation that was found at the end of several operators."""
    if found is None:
        return None
    name, before = found
    return Step(before, lambda chain: chain.activation(place_of(node), name))


def _scaler(_graph: Graph, node: onnx.NodeProto) -> Step:
    (before,) = inputs_of(node, 1)
    said = attributes(node, offset=[0.0], scale=[1.0])

    def take(chain: Chain) -> None:
        offset, scale = (chain.vector(place_of(node), Constant(floats(own))) for own in said.values())
        chain.affine(place_of(node), scale, -offset * scale)

    return Step(before, take)


# Activations

_FIXED: dict[str, dict[str, Any]] = {
    "Selu": {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    "Gelu": {"approximate": "none"},
    "Swish": {"alpha": 1.0},
}
"""Attributes of which one value alone is an activation that nnviz has."""

BY_OPERATOR = {own.elsewhere.onnx.name: own for own in ACTIVATIONS.values() if not own.linear}


def _activation(graph: Graph, node: onnx.NodeProto) -> Step:
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
    return Step(before, lambda chain: chain.activation(place_of(node), name, axis))


def _with_parameter(node: onnx.NodeProto, name: str, parameter: str, usual: float) -> str:
    value = attributes(node, **{parameter: usual})[parameter]
    try:
        return activation(f"{name}({full(float32.shortest(value))})").name
    except ValueError as error:
        raise refused(node, str(error)) from None


OPERATORS: dict[str, Callable[[Graph, onnx.NodeProto], Step]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _affine,
    "Sub": _affine,
    "Div": _div,
    "Mul": _mul,
    "Where": _where,
    "ai.onnx.ml.Scaler": _scaler,
    **dict.fromkeys(BY_OPERATOR, _activation),
    **shapes.OPERATORS,
}
"""Every operator that is read, those of other domains with their domain."""


def step_of(graph: Graph, node: onnx.NodeProto) -> Step:
    """Return what a node does. Raises FileError for what no dense layer does."""
    operator = OPERATORS.get(operator_of(node))
    if operator is None:
        raise _unknown(node)
    return operator(graph, node)


def _unknown(node: onnx.NodeProto) -> FileError:
    return refused(node, f"{READS} ({', '.join(BY_OPERATOR)})")
