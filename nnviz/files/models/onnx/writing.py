"""A State as an ONNX model: for each layer a Gemm and its activation, before them Sub and Div of the scaling.

Its floats have 32 bits, for which every runtime has all operators; and its operators are those of 2020, so
that SiLU and GELU, which ONNX has had for less long, are written out as PyTorch does.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.network import Layer
from nnviz.core.state import State
from nnviz.files.models.float32 import narrowed
from nnviz.files.models.onnx import names
from nnviz.files.models.scaling import separate

if TYPE_CHECKING:
    import onnx

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

    (scaling, network), graph, value = separate(state), _Written(), "input"
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
    made = helper.make_graph(graph.nodes, names.UNTITLED, ends[:1], ends[1:], graph.tensors)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    names.write(model, state)
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
