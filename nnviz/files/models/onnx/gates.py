"""SiLU, GELU, softsign and softplus where a graph has them written out, as PyTorch exports them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnviz.files.models.onnx.graph import Graph

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
