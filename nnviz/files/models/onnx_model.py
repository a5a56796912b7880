"""ONNX models as nnviz reads and writes them, and what overwriting a model loses.

Names are JSON in the model's metadata; title and notes are the names of the graph and the doc string. Floats
have 32 bits, for which every runtime has all operators. Operators are those of 2020, so SiLU and GELU, which
ONNX added later, are written out as PyTorch does.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.network import Layer
from nnviz.core.numbers import SHOWN, quoted, shortened
from nnviz.core.state import State
from nnviz.files import json_text
from nnviz.files.errors import FileError
from nnviz.files.models import dense, onnx_chain, onnx_graph
from nnviz.files.models.dense import narrowed, separate_scaling
from nnviz.files.models.onnx_chain import Chain, ChainStep, Layout
from nnviz.files.models.onnx_graph import FLOATS, MOST_DIMS, Graph, operator_of, refused
from nnviz.files.source import Source

if TYPE_CHECKING:
    import onnx


PRODUCER = "nnviz"
KEY = "nnviz.names"
"""Of the metadata: `{"inputs": ["accounts", "children"], "nodes": [["node_0", "node_1"], ["output"]]}`."""
UNTITLED = "network"
"""A graph needs a name."""


class _Names(msgspec.Struct):
    inputs: list[str]
    nodes: list[list[str]]


class ModelWords(NamedTuple):
    """Names, title and notes; `nodes` holds the names of each layer's nodes."""

    inputs: tuple[str, ...] = ()
    nodes: tuple[tuple[str, ...], ...] = ()
    name: str = ""
    notes: str = ""


def read_names(model: onnx.ModelProto) -> ModelWords:
    """Return what nnviz has written into a model, and nothing where another program has written it."""
    if model.producer_name != PRODUCER:
        return ModelWords()
    title = "" if model.graph.name == UNTITLED else model.graph.name
    return ModelWords(*_names(model), title, model.doc_string)


def write_names(model: onnx.ModelProto, state: State) -> None:
    """Put names, title and notes of `state` into a model."""
    network = state.network
    names = {"inputs": network.inputs, "nodes": [layer.nodes for layer in network.layers]}
    model.metadata_props.add(key=KEY, value=json.dumps(names, ensure_ascii=False))
    model.producer_name = PRODUCER
    model.graph.name = state.name or UNTITLED
    model.doc_string = state.notes


def _names(model: onnx.ModelProto) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return the names of inputs and nodes, or none where somebody has changed them to what are no names."""
    text = next((own.value for own in model.metadata_props if own.key == KEY), "{}")
    try:
        raw = msgspec.convert(json_text.parsed(text), _Names)
    except (FileError, msgspec.ValidationError):
        return (), ()
    return tuple(raw.inputs), tuple(map(tuple, raw.nodes))


def state_of(source: Source) -> State:
    """Return the State in the bytes of an ONNX model. Raises FileError."""
    model = onnx_graph.parsed(source.data)
    graph = Graph(model)
    output, told = _output(graph)
    steps = _steps(graph, output)
    chain = _start(graph, steps)
    with np.errstate(all="ignore"):  # what is not finite is refused when layers are made
        for step in steps:
            step.take(chain)
    chain.finish()
    words = read_names(model)
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


def _steps(graph: Graph, name: str) -> list[ChainStep]:
    """Return the steps from the graph's input to the value of a name."""
    steps: list[ChainStep] = []
    while name != graph.input.name:
        node = graph.maker(name)
        if node is None:
            raise FileError("it does not depend on the input", quoted(name))
        if name != node.output[0]:
            raise refused(node, "only the first of its outputs is read")
        if len(steps) == graph.nodes:
            raise refused(node, "it depends on itself")
        steps.append(onnx_chain.step_of(graph, node))
        name = steps[-1].before
        if name == graph.input.name and node.op_type != "Cast" and not _is_real(graph.input):
            raise refused(node, "it computes with other than real numbers")
    return steps[::-1]


def _start(graph: Graph, steps: list[ChainStep]) -> Chain:
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


OPSET, IR_VERSION = 13, 7


class _Written:
    """The nodes and tensors of a graph, in which a value is called as what makes it."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def node(self, name: str, operator: str, *inputs: str, **said: Any) -> str:
        """Add a node, and return the name of what it makes."""
        from onnx.helper import make_node

        self.nodes.append(make_node(operator, list(inputs), [name], name, **said))
        return name

    def tensor(self, name: str, values: NDArray[np.float32]) -> str:
        """Add a tensor, and return its name."""
        from onnx.numpy_helper import from_array

        self.tensors.append(from_array(values, name))
        return name


def model_of(state: State) -> onnx.ModelProto:
    """Return the model of a network. Raises FileError for a number that is too large."""
    from onnx import TensorProto, helper

    (scaling, network), graph, value = separate_scaling(state), _Written(), "input"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
        for name, size in (("input", len(network.inputs)), ("output", len(network.outputs)))
    ]
    if scaling is not None:
        mean, deviation = (
            graph.tensor(name, narrowed(array, f"the {name} of an input"))
            for name, array in scaling._asdict().items()
        )
        centred = graph.node("centred", "Sub", value, mean)
        value = graph.node("standardised", "Div", centred, deviation)
    for k, layer in enumerate(network.layers):
        name = "output" if layer is network.layers[-1] else f"a_{k}"
        value = _write(graph, layer, k, value, name)
    made = helper.make_graph(graph.nodes, UNTITLED, ends[:1], ends[1:], graph.tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    write_names(model, state)
    return model


def _write(graph: _Written, layer: Layer, k: int, before: str, after: str) -> str:
    """Write layer `k`, which makes the value `after` of the one before."""
    own = layer.function
    inputs = [before, graph.tensor(f"W_{k}", narrowed(layer.weights, f"layers[{k}].weights"))]
    if layer.biases is not None:
        inputs.append(graph.tensor(f"b_{k}", narrowed(layer.biases, f"layers[{k}].biases")))
    z = graph.node(after if own.linear else f"z_{k}", "Gemm", *inputs, transB=1)
    if own.linear:
        return z
    if own.base == "silu":
        return graph.node(after, "Mul", z, graph.node(f"sigmoid_{k}", "Sigmoid", z))
    if own.base == "gelu":
        return _write_gelu(graph, k, z, after)
    named = own.elsewhere.onnx
    return graph.node(after, named.name, z, **({named.parameter: named.value} if named.parameter else {}))


def _write_gelu(graph: _Written, k: int, z: str, after: str) -> str:
    """Write ½·z·(1 + erf(z/√2))."""
    root, one, half = (
        graph.tensor(f"{name}_{k}", np.array(value, "<f4"))
        for name, value in (("root", math.sqrt(2)), ("one", 1), ("half", 0.5))
    )
    erf = graph.node(f"erf_{k}", "Erf", graph.node(f"scaled_{k}", "Div", z, root))
    doubled = graph.node(f"doubled_{k}", "Mul", z, graph.node(f"raised_{k}", "Add", erf, one))
    return graph.node(after, "Mul", doubled, half)


_MOST = 5
"""So many operators are told by their names."""


def replaced_parts(data: bytes) -> list[str]:
    """Return what of a model is lost. Raises FileError where nnviz cannot read it or write it again."""
    model = onnx_graph.parsed(data)
    again = model_of(state_of(Source(data)))
    operators = list(_operators(model) - _operators(again))
    named = ", ".join(shortened(each, SHOWN) for each in operators[:_MOST])
    parts = {
        "its producer": _producer(model) != _producer(again),
        "its name": model.graph.name != again.graph.name,
        "its notes and metadata": _texts(model) != _texts(again),
        f"its operators ({named}{', …' if operators[_MOST:] else ''})": bool(operators),
        "the names of its inputs, outputs and tensors": _value_names(model) != _value_names(again),
        "the type and the sizes of its input": _input(model) != _input(again),
    }
    return [part for part, is_lost in parts.items() if is_lost]


def _operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(operator_of(node) for node in model.graph.node)


def _producer(model: onnx.ModelProto) -> tuple[object, ...]:
    return model.producer_name, model.producer_version, model.domain, model.model_version


def _texts(model: onnx.ModelProto) -> tuple[object, ...]:
    metadata = {own.key: own.value for own in model.metadata_props if own.key != KEY}
    return model.doc_string, model.graph.doc_string, metadata


def _value_names(model: onnx.ModelProto) -> set[str]:
    graph = model.graph
    return {own.name for parts in (graph.input, graph.output, graph.initializer) for own in parts}


def _input(model: onnx.ModelProto) -> tuple[int, list[int]]:
    tensor = Graph(model).input.type.tensor_type
    return tensor.elem_type, [size.dim_value for size in tensor.shape.dim]
