"""ONNX models of dense layers, `.onnx`. The onnx library is imported when a file is saved.

Floats have 32 bits, because every runtime has all operators for this type. nnviz
writes only operators that ONNX had in 2020. ONNX added SiLU and GELU later, so nnviz writes each of them as
several operators, as PyTorch does.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.network import Layer
from nnviz.core.state import State
from nnviz.files.models import dense, onnx_chain, sandbox
from nnviz.files.models.dense import Dense, separate_scaling, to_float32
from nnviz.files.source import Codec, Source

if TYPE_CHECKING:
    import onnx


def read(source: Source) -> State:
    """Return the State in the bytes of an ONNX model. Raises FileError."""
    home = onnx_chain.__name__
    model, arrays = sandbox.call(home, source.data, onnx_chain.OnnxModel, "ONNX data", source.progress)
    layers = [
        Dense(arrays[f"weights {k}"], arrays.get(f"biases {k}"), activation, place)
        for k, (activation, place) in enumerate(model.layers)
    ]
    state = dense.state_of(layers, source=source)
    source.notes.extend(model.notes)
    return state


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
    proto = helper.make_graph(graph.nodes, "network", ends[:1], ends[1:], graph.tensors)
    return helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


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
    return graph.node(output_name, operator.name, z, **operator.settings)


def _write_gelu(graph: _GraphWriter, k: int, z: str, output_name: str) -> str:
    """Write ½·z·(1 + erf(z/√2)); return `output_name`."""
    root, one, half = (
        graph.tensor(f"{name}_{k}", np.array(value, "<f4"))
        for name, value in (("root", math.sqrt(2)), ("one", 1), ("half", 0.5))
    )
    erf = graph.node(f"erf_{k}", "Erf", graph.node(f"scaled_{k}", "Div", z, root))
    doubled = graph.node(f"doubled_{k}", "Mul", z, graph.node(f"raised_{k}", "Add", erf, one))
    return graph.node(output_name, "Mul", doubled, half)


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
    return dense.left_out(state) + dense.lost_digits(state)


RAW_ROWS = partial(dense.standardised_rows, part="nodes Sub and Div")
"""Function for a sentence on how the model in a file standardises raw rows."""

ONNX = Codec(sniff, read, write, left_out, RAW_ROWS, "the names of nodes and tensors, and the metadata")
