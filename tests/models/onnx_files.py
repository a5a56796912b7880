"""ONNX models for tests: built node by node, opened by nnviz, run by onnxruntime."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from nnviz.files.registry import FORMATS
from tests.models.helpers import close, opened

ONNX = next(form for form in FORMATS if form.name == "ONNX model")


def numbers(*shape, seed=0, dtype="f4"):
    """Return random numbers between −1 and 1."""
    return np.random.default_rng([seed, *shape]).uniform(-1, 1, shape).astype(dtype)


def graph_of(nodes, tensors, inputs, kind=TensorProto.FLOAT, dims=("rows",), output="y"):
    """Return a graph of nodes (operator, inputs, output, attributes), from x of `inputs` to `output`."""
    made = []
    for k, (operator, names, out, *settings) in enumerate(nodes):
        domain = "ai.onnx.ml" if operator in ("Scaler", "ZipMap") else ""
        node = helper.make_node(
            operator, names, [out], f"{operator.lower()}_{k}", domain=domain, **dict(*settings)
        )
        made.append(node)
    return helper.make_graph(
        made,
        "test",
        [helper.make_tensor_value_info("x", kind, [*dims, *([inputs] if inputs else [])])],
        [helper.make_tensor_value_info(output, kind, None)],
        [
            own if isinstance(own, TensorProto) else numpy_helper.from_array(own, name)
            for name, own in tensors.items()
        ],
    )


def model_of(graph, opset=17, **more):
    """Return the model of a graph."""
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **more)


def bytes_of(nodes, tensors, inputs, opset=17, **more):
    """Return the bytes of a model of nodes."""
    return model_of(graph_of(nodes, tensors, inputs, **more), opset).SerializeToString()


def run(data, x, output=0):
    """Return what onnxruntime predicts."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[output]


def check_same(data, inputs, name="", dtype=np.float32, within=1e-6):
    """Assert that both predict the same for random rows; return the State and nnviz's messages.

    The model's sums are rounded to multiples of their largest terms: where these cancel each other, the
    prediction differs by more than its own last digits.
    """
    state, told = opened(data)
    x = np.random.default_rng(1).normal(size=(5, inputs)).astype(dtype)
    trace = state.network.forward(x)
    largest = max(1, *(np.abs(z).max() for z in trace.z))
    close(trace.prediction, run(data, x), within, atol=within * largest, err_msg=name)
    return state, told


def checked(data):
    """Return a model after ONNX's own checker has looked at it."""
    model = onnx.load_model_from_string(data)
    onnx.checker.check_model(model, full_check=True)
    return model


def nested(levels):
    """Return the bytes of a model with a number of graphs within graphs."""
    data = b""
    for _ in range(levels):  # node { attribute { g { … } } }
        for number in (6, 5, 1):
            data = field(number, data)
    return b"\x08\x08" + field(7, data)


def varint(number):
    """Return a whole number as protobuf writes it: seven bits a byte."""
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, data):
    """Return a part as protobuf writes it."""
    return varint(number << 3 | 2) + varint(len(data)) + data
