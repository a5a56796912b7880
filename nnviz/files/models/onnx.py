"""ONNX models of dense layers, `.onnx`. The onnx library is imported when a file is opened or saved.

The names of inputs and nodes are JSON in the model's metadata. The title is the name of the graph, and the
notes are the doc string. Floats have 32 bits, because every runtime has all operators for this type. nnviz
writes only operators that ONNX had in 2020. ONNX added SiLU and GELU later, so nnviz writes each of them as
several operators, as PyTorch does.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.network import Layer
from nnviz.core.numbers import quoted, shortened
from nnviz.core.state import Dataset, State
from nnviz.files import json_text
from nnviz.files.errors import FileError
from nnviz.files.models import dense, onnx_chain, onnx_graph
from nnviz.files.models.dense import separate_scaling, to_float32
from nnviz.files.models.onnx_chain import Chain, ChainStep, Layout
from nnviz.files.models.onnx_graph import FLOATS, MOST_DIMS, Graph, node_error, operator_of
from nnviz.files.source import Codec, Source, lost_parts

if TYPE_CHECKING:
    import onnx


PRODUCER = "nnviz"
KEY = "nnviz.names"
"""Metadata key under which the names of inputs and nodes are stored as JSON.

An example: `{"inputs": ["accounts", "children"], "nodes": [["node_0", "node_1"], ["output"]]}`.
"""
UNTITLED = "network"
"""Name of the graph if the network has no title, because ONNX requires a name."""


class _Names(msgspec.Struct):
    inputs: list[str] = []
    nodes: list[list[str]] = []


def _write_words(model: onnx.ModelProto, state: State) -> None:
    """Write the names, title and notes of `state` into a model."""
    network = state.network
    names = {"inputs": network.inputs, "nodes": [layer.nodes for layer in network.layers]}
    model.metadata_props.add(key=KEY, value=json.dumps(names, ensure_ascii=False))
    model.producer_name = PRODUCER
    model.graph.name = state.name or UNTITLED
    model.doc_string = state.notes


def _names(model: onnx.ModelProto) -> _Names:
    """Return the names of inputs and nodes in a model that nnviz wrote; no names if they are invalid."""
    text = next((each.value for each in model.metadata_props if each.key == KEY), "{}")
    try:
        return msgspec.convert(json_text.parse(text), _Names)
    except (FileError, msgspec.ValidationError):
        return _Names()


def read(source: Source) -> State:
    """Return the State in the bytes of an ONNX model. Raises FileError."""
    model = onnx_graph.parse_model(source.data)
    graph = Graph(model)
    output, notes = _output(graph)
    steps = _steps(graph, output)
    chain = _empty_chain(graph, steps)
    with np.errstate(all="ignore"):  # the layers refuse numbers that are not finite
        for step in steps:
            chain.take(step)
    chain.finish()
    is_own = model.producer_name == PRODUCER
    names = _names(model) if is_own else _Names()
    nodes = names.nodes if len(names.nodes) == len(chain.layers) else [[]] * len(chain.layers)
    layers = [replace(layer, nodes=own) for layer, own in zip(chain.layers, nodes, strict=True)]
    title = model.graph.name if is_own and model.graph.name != UNTITLED else ""
    notes_of_user = model.doc_string if is_own else ""
    state = dense.state_of(layers, inputs=names.inputs, name=title, notes=notes_of_user, source=source)
    source.notes.extend(notes + chain.notes)
    return state


def _output(graph: Graph) -> tuple[str, list[str]]:
    """Return the name of the only output of real numbers, and a note on each other output."""
    real = [output for output in graph.outputs if _is_real(output)]
    if len(real) != 1:
        names = ", ".join(quoted(output.name) for output in graph.outputs[:5]) or "none"
        if real:
            raise FileError(f"expected one output of real numbers, found {len(real)} (outputs: {names})")
        raise FileError(
            f"no output has real numbers (outputs: {names}): export scores or probabilities, not labels"
        )
    others = [output.name for output in graph.outputs if output is not real[0]]
    return real[0].name, [f"the output {quoted(name)} was left out" for name in others[:5]]


def _is_real(value: onnx.ValueInfoProto) -> bool:
    """Return whether a value may have real numbers; a label is an integer or a text."""
    kind = value.type
    return not kind.HasField("tensor_type") or kind.tensor_type.elem_type in (0, *FLOATS.values())


def _steps(graph: Graph, name: str) -> list[ChainStep]:
    """Return the steps from the graph's input to the value with a name."""
    steps: list[ChainStep] = []
    while name != graph.input.name:
        node = graph.maker(name)
        if node is None:
            raise FileError("this value does not depend on the input", quoted(name))
        if name != node.output[0]:
            raise node_error(node, "nnviz reads only the first output of a node")
        if len(steps) == graph.nodes:
            raise node_error(node, "this node depends on itself")
        steps.append(onnx_chain.step_of(graph, node))
        name = steps[-1].input_name
        if name == graph.input.name and node.op_type != "Cast" and not _is_real(graph.input):
            raise node_error(node, "this node computes with integers or texts, not with real numbers")
    return steps[::-1]


def _empty_chain(graph: Graph, steps: list[ChainStep]) -> Chain:
    """Return an empty chain for the input of a graph."""
    dims = _dims(graph.input)
    if len(dims) == 1:
        return Chain("vector", dims[0])
    first = next((k for k, step in enumerate(steps) if step.layout), 0)
    swapped: dict[Layout, Layout] = {"rows": "columns", "columns": "rows"}
    layout = (steps[first].layout if steps else None) or "rows"
    if sum(step.swaps for step in steps[:first]) % 2:
        layout = swapped[layout]
    if not dims:
        return Chain(layout, None)
    rows, *each = dims if layout == "rows" else dims[::-1]
    width = None if None in each else math.prod(size for size in each if size is not None)
    return Chain(layout, width, rows=rows, dims=each if len(each) > 1 else ())


def _dims(value: onnx.ValueInfoProto) -> list[int | None]:
    """Return the declared sizes of a value, None for each size that may vary."""
    sizes = value.type.tensor_type.shape.dim
    if len(sizes) > MOST_DIMS:  # checked before multiplying
        raise FileError(f"expected at most {MOST_DIMS} dimensions, found {len(sizes):,}", quoted(value.name))
    return [size.dim_value if size.dim_value > 0 else None for size in sizes]


OPSET, IR_VERSION = 13, 7


class _GraphWriter:
    """The nodes and tensors of a new graph; a value has the name of its node or tensor."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def node(self, name: str, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node, and return the name of its output."""
        from onnx.helper import make_node

        self.nodes.append(make_node(operator, list(inputs), [name], name, **attributes))
        return name

    def tensor(self, name: str, values: NDArray[np.float32]) -> str:
        """Add a tensor, and return its name."""
        from onnx.numpy_helper import from_array

        self.tensors.append(from_array(values, name))
        return name


def model_of(state: State) -> onnx.ModelProto:
    """Return the model of a network. Raises FileError for a number that is too large."""
    from onnx import TensorProto, helper

    (scaling, network), graph, value = separate_scaling(state), _GraphWriter(), "input"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", size])
        for name, size in (("input", len(network.inputs)), ("output", len(network.outputs)))
    ]
    if scaling is not None:
        mean, deviation = (
            graph.tensor(name, to_float32(array, f"the {name} of an input"))
            for name, array in scaling._asdict().items()
        )
        centred = graph.node("centred", "Sub", value, mean)
        value = graph.node("standardised", "Div", centred, deviation)
    for k, layer in enumerate(network.layers):
        name = "output" if layer is network.layers[-1] else f"a_{k}"
        value = _write(graph, layer, k, value, name)
    proto = helper.make_graph(graph.nodes, UNTITLED, ends[:1], ends[1:], graph.tensors)
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    _write_words(model, state)
    return model


def _write(graph: _GraphWriter, layer: Layer, k: int, input_name: str, output_name: str) -> str:
    """Write layer `k`, which computes the value `output_name` from `input_name`; return `output_name`."""
    function = layer.function
    inputs = [input_name, graph.tensor(f"W_{k}", to_float32(layer.weights, f"layers[{k}].weights"))]
    if layer.biases is not None:
        inputs.append(graph.tensor(f"b_{k}", to_float32(layer.biases, f"layers[{k}].biases")))
    z = graph.node(output_name if function.linear else f"z_{k}", "Gemm", *inputs, transB=1)
    if function.linear:
        return z
    if function.base == "silu":
        return graph.node(output_name, "Mul", z, graph.node(f"sigmoid_{k}", "Sigmoid", z))
    if function.base == "gelu":
        return _write_gelu(graph, k, z, output_name)
    operator = function.notation.onnx
    dense.check_has("ONNX", function.name, operator)
    attributes = {operator.parameter: operator.value} if operator.parameter else {}
    return graph.node(output_name, operator.name, z, **attributes)


def _write_gelu(graph: _GraphWriter, k: int, z: str, output_name: str) -> str:
    """Write ½·z·(1 + erf(z/√2)); return `output_name`."""
    root, one, half = (
        graph.tensor(f"{name}_{k}", np.array(value, "<f4"))
        for name, value in (("root", math.sqrt(2)), ("one", 1), ("half", 0.5))
    )
    erf = graph.node(f"erf_{k}", "Erf", graph.node(f"scaled_{k}", "Div", z, root))
    doubled = graph.node(f"doubled_{k}", "Mul", z, graph.node(f"raised_{k}", "Add", erf, one))
    return graph.node(output_name, "Mul", doubled, half)


_MOST_NAMES = 5
"""Operators that a message names."""


def replaced(data: bytes) -> list[str]:
    """Return the names of the parts of a model that are lost if nnviz overwrites it.

    Raises FileError if nnviz cannot open the model, or cannot save it again.
    """
    model = onnx_graph.parse_model(data)
    rewritten = model_of(read(Source(data)))
    operators = list(_operators(model) - _operators(rewritten))
    named = ", ".join(shortened(each) for each in operators[:_MOST_NAMES])
    parts = {
        "its producer": _producer(model) != _producer(rewritten),
        "its name": model.graph.name != rewritten.graph.name,
        "its notes and metadata": _texts(model) != _texts(rewritten),
        f"its operators ({named}{', …' if operators[_MOST_NAMES:] else ''})": bool(operators),
        "the names of its inputs, outputs and tensors": _value_names(model) != _value_names(rewritten),
        "the type and the shape of its input": _input(model) != _input(rewritten),
    }
    return [part for part, is_lost in parts.items() if is_lost]


def _operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(operator_of(node) for node in model.graph.node)


def _producer(model: onnx.ModelProto) -> tuple[object, ...]:
    return model.producer_name, model.producer_version, model.domain, model.model_version


def _texts(model: onnx.ModelProto) -> tuple[object, ...]:
    metadata = {each.key: each.value for each in model.metadata_props if each.key != KEY}
    return model.doc_string, model.graph.doc_string, metadata


def _value_names(model: onnx.ModelProto) -> set[str]:
    graph = model.graph
    return {each.name for parts in (graph.input, graph.output, graph.initializer) for each in parts}


def _input(model: onnx.ModelProto) -> tuple[int, list[int]]:
    tensor = Graph(model).input.type.tensor_type
    return tensor.elem_type, [size.dim_value for size in tensor.shape.dim]


_FIRST_BYTES = re.compile(rb"\x08[\x01-\x40](?:[\x12\x1a\x22\x32\x3a\x42]|\x28)", re.DOTALL)
"""The version of a model, a small number, and the start of the next field."""


def sniff(data: bytes) -> bool:
    """Return whether data begins like an ONNX model."""
    return _FIRST_BYTES.match(data) is not None


def write(state: State) -> bytes:
    """Return `state` as an ONNX model. Raises FileError for a weight that is too large."""
    data: bytes = model_of(state).SerializeToString(deterministic=True)
    return data


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that an ONNX model does not keep."""
    network = state.network
    training = dense.training_for(network)
    reread = State(network, Dataset.empty(network), training, name=state.name, notes=state.notes)
    return lost_parts(state, reread) + dense.lost_digits(state)


def raw_rows(state: State, name: str) -> str:
    """Return a sentence on how the model in the file `name` standardises raw rows; "" if it does not."""
    return dense.standardised_rows(state, name, "nodes Sub and Div")


ONNX = Codec(sniff, read, write, left_out, raw_rows, replaced)
