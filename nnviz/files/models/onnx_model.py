"""The State in an ONNX model: its graph is followed from the output to the input, then built from there."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnviz.core.names import quoted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.models import dense
from nnviz.files.models.onnx import names, operators, wire
from nnviz.files.models.onnx.chain import Chain, Layout, Step
from nnviz.files.models.onnx.graph import Graph, refused
from nnviz.files.models.onnx.tensors import FLOATS, MOST_DIMS
from nnviz.files.source import Source

if TYPE_CHECKING:
    import onnx


def state_of(source: Source) -> State:
    """Return the State in the bytes of an ONNX model. Raises FileError."""
    model = wire.parsed(source.data)
    graph = Graph(model)
    output, told = _output(graph)
    steps = _steps(graph, output)
    chain = _start(graph, steps)
    with np.errstate(all="ignore"):  # what is not finite is refused when layers are made
        for step in steps:
            step.take(chain)
    chain.finish()
    words = names.read(model)
    nodes = words.nodes if len(words.nodes) == len(chain.layers) else ((),) * len(chain.layers)
    layers = [replace(layer, nodes=names) for layer, names in zip(chain.layers, nodes, strict=True)]
    state = dense.state_of(layers, inputs=words.inputs, name=words.name, notes=words.notes, source=source)
    source.told.extend(told + chain.told)
    return state


def _output(graph: Graph) -> tuple[str, list[str]]:
    """Return the one output of real numbers, and what is told of the others."""
    real = [output for output in graph.outputs if _is_real(output)]
    if len(real) != 1:
        names = ", ".join(quoted(output.name) for output in graph.outputs[:5])
        hint = "" if real else "; a label alone is not enough: export the numbers that it is taken from"
        raise FileError(
            f"expected one output of real numbers, found {len(real)} among {names or 'none'}{hint}"
        )
    others = [output.name for output in graph.outputs if output is not real[0]]
    return real[0].name, [f"the output {quoted(name)} is left out" for name in others[:5]]


def _is_real(value: onnx.ValueInfoProto) -> bool:
    """Tell whether a value may be of real numbers: a label is a whole number or a text."""
    own = value.type
    return not own.HasField("tensor_type") or own.tensor_type.elem_type in (0, *FLOATS.values())


def _steps(graph: Graph, name: str) -> list[Step]:
    """Return the steps from the graph's input to the value of a name."""
    steps: list[Step] = []
    while name != graph.input.name:
        node = graph.maker(name)
        if node is None:
            raise FileError("it does not depend on the input", quoted(name))
        if name != node.output[0]:
            raise refused(node, "only the first of its outputs is read")
        if len(steps) == graph.nodes:
            raise refused(node, "it depends on itself")
        steps.append(operators.step_of(graph, node))
        name = steps[-1].before
        if name == graph.input.name and node.op_type != "Cast" and not _is_real(graph.input):
            raise refused(node, "it computes with other than real numbers")
    return steps[::-1]


def _start(graph: Graph, steps: list[Step]) -> Chain:
    """Return a chain without layers, for the input of a graph."""
    dims = _dims(graph.input)
    if len(dims) == 1:
        return Chain("vector", dims[0])
    first = next((k for k, step in enumerate(steps) if step.needs), 0)
    others: dict[Layout, Layout] = {"rows": "columns", "columns": "rows"}
    layout = (steps[first].needs if steps else None) or "rows"
    if sum(step.swaps for step in steps[:first]) % 2:
        layout = others[layout]
    if not dims:
        return Chain(layout, None)
    rows, *each = dims if layout == "rows" else dims[::-1]
    width = None if None in each else math.prod(size for size in each if size is not None)
    return Chain(layout, width, rows=rows, dims=each if len(each) > 1 else ())


def _dims(value: onnx.ValueInfoProto) -> list[int | None]:
    """Return the sizes that a value says it has; None for one that may be any."""
    sizes = value.type.tensor_type.shape.dim
    if len(sizes) > MOST_DIMS:  # before they are multiplied
        raise FileError(f"expected at most {MOST_DIMS} dimensions, found {len(sizes):,}", quoted(value.name))
    return [size.dim_value if size.dim_value > 0 else None for size in sizes]
