"""ONNX files that are broken or hold no chain of dense layers: one sentence each, with the place."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from nnviz.files.errors import FileError
from nnviz.files.registry import read
from nnviz.files.source import Source
from tests.models.onnx_files import bytes_of, graph_of, model_of, nested, numbers

W = {"w": numbers(3, 2)}
GEMM_OF_F = ("Gemm", ["x", "f"], "y")
GEMM, TO_Z = [("Gemm", ["x", "w"], "y")], [("Gemm", ["x", "w"], "z")]


def with_tensor(**said):
    """Return a model whose weights are a tensor of these fields."""
    own = TensorProto(name="w", data_type=said.pop("data_type", TensorProto.FLOAT), **said)
    return bytes_of(GEMM, {"w": own}, 3)


def if_of(graph):
    return helper.make_node("If", ["c"], ["y"], "if", then_branch=graph, else_branch=graph)


def of_nodes(*nodes, graph=None):
    made = graph or graph_of([], W, 3)
    made.node.extend(nodes)
    return model_of(made).SerializeToString()


def with_functions():
    relu = helper.make_function("", "Relu", ["x"], ["y"], [helper.make_node("Exp", ["x"], ["y"])], [])
    graph = graph_of([("Gemm", ["x", "w"], "z"), ("Relu", ["z"], "y")], W, 3)
    return model_of(graph, functions=[relu]).SerializeToString()


def twice():
    graph = graph_of(GEMM, W, 3)
    graph.initializer.append(graph.initializer[0])
    return model_of(graph).SerializeToString()


def changed(change):
    graph = graph_of(GEMM, W, 3)
    change(graph)
    return model_of(graph).SerializeToString()


def whole(graph):
    del graph.node[:]
    graph.node.extend(
        [
            helper.make_node("Div", ["x", "two"], ["h"], name="div_0"),
            helper.make_node("Cast", ["h"], ["f"], to=TensorProto.FLOAT),
            helper.make_node("Gemm", ["f", "w"], ["y"]),
        ]
    )
    graph.initializer.append(helper.make_tensor("two", TensorProto.INT64, [], [2]))
    graph.input[0].type.tensor_type.elem_type = TensorProto.INT64


def on_w(*nodes):
    return bytes_of([*TO_Z, *nodes], {**W, "c": numbers(2)}, 3)


MUCH = 2**40
REFUSED = {
    # sizes
    "a claim of more than fits": (with_tensor(dims=[MUCH, MUCH]), "w: expected at most 4,000,000 weights"),
    "a claim beyond 64 bits": (with_tensor(dims=[2**62] * 3), "w: expected at most 4,000,000 weights"),
    "a claim of nothing": (with_tensor(dims=[0, 2**62]), "gemm_0 (Gemm): expected weights of two dimensions"),
    "less than nothing": (with_tensor(dims=[-3, -2]), "w: its sizes are none that a tensor can have"),
    "many dimensions": (with_tensor(dims=[1] * 10_000), "w: its sizes are none that a tensor can have"),
    "too few numbers": (with_tensor(dims=[3, 2], float_data=[1.0] * 5), "expected 6 numbers, as its sizes"),
    "too many bytes": (with_tensor(dims=[3, 2], raw_data=bytes(28)), "expected 6 numbers, as its sizes say"),
    "half a number": (with_tensor(dims=[3, 2], raw_data=bytes(23)), "as its sizes say, found 5.75"),
    "no numbers": (with_tensor(dims=[3, 2]), "w: expected 6 numbers, as its sizes say, found 0"),
    "texts": (
        with_tensor(dims=[3, 2], data_type=TensorProto.STRING, string_data=[b"a"] * 6),
        "w: expected real numbers, found STRING",
    ),
    "an unknown kind": (with_tensor(dims=[3, 2], data_type=99), "w: expected real numbers, found UNDEFINED"),
    "numbers that are none": (
        with_tensor(dims=[3, 2], float_data=[float("nan")] * 6),
        "gemm_0 (Gemm).weights[0][0]: expected a finite number, found NaN",
    ),
    "an input of another width": (
        bytes_of(GEMM, W, 10**15),
        "gemm_0 (Gemm): expected 1,000,000,000,000,000 numbers for each row, found 3",
    ),
    "an input of many dimensions": (
        bytes_of([("Flatten", ["x"], "f"), ("Gemm", ["f", "w"], "y")], W, 3, dims=[2**62] * 50_000),
        "'x': expected at most 8 dimensions, found 50,001",
    ),
    "layers that do not meet": (
        bytes_of([("Gemm", ["x", "w"], "z"), ("Gemm", ["z", "w"], "y")], W, 3),
        "gemm_1 (Gemm): expected 2 numbers for each row, found 3",
    ),
    "whole numbers that are divided": (
        changed(whole),
        "div_0 (Div): it computes with other than real numbers",
    ),
    "weights that are rounded": (
        bytes_of([("Cast", ["w"], "i", {"to": 6}), ("Cast", ["i"], "f", {"to": 1}), GEMM_OF_F], W, 3),
        "cast_0 (Cast): it makes other than real numbers",
    ),
    # graphs
    "a condition": (of_nodes(if_of(graph_of([], {}, 3))), "if (If): nnviz opens a chain of dense layers"),
    "a loop": (
        of_nodes(helper.make_node("Loop", ["", "", "x"], ["y"], "loop", body=graph_of([], {}, 3))),
        "loop (Loop): nnviz opens a chain",
    ),
    "a few graphs within graphs": (nested(5), "a node (): nnviz opens a chain of dense layers"),
    "many graphs within graphs": (nested(2000), "expected at most 32 parts within parts, found 33"),
    "functions that change operators": (with_functions(), "'Relu': functions of its own are not read"),
    "somebody's own operator": (
        of_nodes(helper.make_node("Gemm", ["x", "w"], ["y"], "g", domain="evil")),
        "g (evil.Gemm): nnviz opens a chain",
    ),
    "somebody's own operator by a known name, for a constant": (
        of_nodes(
            helper.make_node("Identity", ["w"], ["v"], "i", domain="evil"),
            helper.make_node("Gemm", ["x", "v"], ["y"]),
        ),
        "i (evil.Identity): nnviz opens a chain",
    ),
    "somebody's own operator by a known name, in a gate": (
        of_nodes(
            helper.make_node("Gemm", ["x", "w"], ["z"]),
            helper.make_node("Sigmoid", ["z"], ["gate"], "s", domain="evil"),
            helper.make_node("Mul", ["z", "gate"], ["y"]),
        ),
        "s (evil.Sigmoid): nnviz opens a chain",
    ),
    "a value that depends on itself": (
        bytes_of([("Relu", ["b"], "a"), ("Relu", ["a"], "b"), ("Gemm", ["b", "w"], "y")], W, 3),
        "relu_1 (Relu): it depends on itself",
    ),
    "a constant that depends on itself": (
        bytes_of([("Identity", ["v"], "u"), ("Identity", ["u"], "v"), ("Gemm", ["x", "v"], "y")], W, 3),
        "gemm_2 (Gemm): it joins two values",
    ),
    "two values of one name": (twice(), "'w': two values have this name"),
    "a constant for a prediction": (bytes_of(GEMM, W, 3, output="w"), "'w': it does not depend on the input"),
    "a prediction that nothing makes": (bytes_of(GEMM, W, 3, output="q"), "'q': it does not depend on the i"),
    "no output": (
        changed(lambda own: own.ClearField("output")),
        "expected one output of real numbers, found",
    ),
    "a label alone": (
        changed(lambda own: setattr(own.output[0].type.tensor_type, "elem_type", TensorProto.INT64)),
        "found 0 among 'y'; a label alone is not enough: export the numbers that it is taken from",
    ),
    "two inputs": (
        changed(lambda own: own.input.append(helper.make_tensor_value_info("v", 1, [2]))),
        "expected one input, found 2: 'x', 'v'",
    ),
    "no input": (changed(lambda own: own.ClearField("input")), "expected one input, found 0"),
    "no graph": (b"\x08\x07\x12\x01a", "expected one input, found 0"),
    "no layer": (bytes_of([("Identity", ["x"], "y")], {}, 3), "the file holds no dense layer"),
    "sparse weights": (
        changed(lambda own: own.sparse_initializer.add().values.MergeFrom(TensorProto(name="s"))),
        "'s': sparse tensors are not read",
    ),
    # what is no chain of dense layers
    "a convolution": (bytes_of([("Conv", ["x", "w"], "y")], W, 3), "conv_0 (Conv): nnviz opens a chain of d"),
    "a name that would turn the sentence around": (
        of_nodes(helper.make_node("Conv", ["x", "w"], ["y"], "\u202ea\n\u2066b")),
        r"\u202ea\n\u2066b (Conv): nnviz opens a chain of d",
    ),
    "a branch": (
        on_w(("Relu", ["z"], "a"), ("Add", ["a", "z"], "y")),
        "add_2 (Add): it joins two",
    ),
    "a gate": (on_w(("Tanh", ["z"], "a"), ("Mul", ["a", "z"], "y")), "mul_2 (Mul): it joins two"),
    "attention": (on_w(("MatMul", ["z", "z"], "y")), "matmul_1 (MatMul): it joins two values that depend on"),
    "a log of a softmax": (
        on_w(("LogSoftmax", ["z"], "y")),
        "logsoftmax_1 (LogSoftmax): nnviz opens a chain of dense layers: Gemm, or MatMul and Add, and "
        "activations (Relu, LeakyRelu, Elu, Selu, Swish, Gelu, Sigmoid, Tanh, Softsign, Softplus, Softmax)",
    ),
    "weights in whole numbers": (
        bytes_of([("DequantizeLinear", ["w", "c"], "f"), GEMM_OF_F], {**W, "c": numbers(1)}, 3),
        "dequantizelinear_0 (DequantizeLinear): nnviz opens a chain",
    ),
    "a normalisation": (
        on_w(("BatchNormalization", ["z", "c", "c", "c", "c"], "y")),
        "batchnormalization_1 (BatchNormalization): nnviz opens a chain",
    ),
    "a softmax over rows": (
        on_w(("Softmax", ["z"], "y", {"axis": 0})),
        "softmax_1 (Softmax): it goes",
    ),
    "a GELU by tanh": (
        on_w(("Gelu", ["z"], "y", {"approximate": "tanh"})),
        "with approximate tanh it",
    ),
    "another SELU": (on_w(("Selu", ["z"], "y", {"alpha": 2.0})), "selu_1 (Selu): with alpha 2.0 it is none"),
    "a leak that is none": (
        on_w(("LeakyRelu", ["z"], "y", {"alpha": float("nan")})),
        "leakyrelu_1 (LeakyRelu): leaky_relu takes in brackets",
    ),
    "an unknown attribute": (
        on_w(("Relu", ["z"], "y", {"at": 1})),
        "relu_1 (Relu): its attribute 'at'",
    ),
    "an attribute of another type": (
        on_w(("LeakyRelu", ["z"], "y", {"alpha": "much"})),
        "leakyrelu_1 (LeakyRelu): its attribute 'alpha' is not read",
    ),
    "two activations": (
        on_w(("Relu", ["z"], "a"), ("Tanh", ["a"], "y")),
        "tanh_2 (Tanh): an activation",
    ),
    "a division by the input": (on_w(("Div", ["c", "z"], "y")), "div_1 (Div): it divides by a value"),
    "a division by nothing": (
        bytes_of(
            [("Gemm", ["x", "w"], "z"), ("Div", ["z", "zero"], "y")], {**W, "zero": np.zeros(1, "f4")}, 3
        ),
        "gemm_0 (Gemm).weights[0][0]: expected a finite number",
    ),
    "an operator without inputs": (
        bytes_of([("Gemm", [], "y")], {}, 3),
        "gemm_0 (Gemm): Gemm does not",
    ),
    "a product of one": (bytes_of([("Mul", ["x"], "y")], {}, 3), "mul_0 (Mul): Mul does not take 1 input"),
    "a reshape that joins rows": (
        on_w(("Reshape", ["z", "s"], "y"), ("Constant", [], "s", {"value_ints": [-1, 4]})),
        "reshape_1 (Reshape): expected 2 numbers for each row, found 4",
    ),
    # bytes
    "half a file": (bytes_of(GEMM, W, 3)[:-9], "this is not an ONNX model, or not the whole of one"),
    "a text that is none": (b"\x08\x07\x12\x01\xff", "this is not an ONNX model, or not the whole of one"),
    "a group": (b"\x08\x07\x1b\x1c", "this is not an ONNX model, or not the whole of one"),
    "a number without end": (b"\x08" + b"\xff" * 50, "this is not an ONNX model, or not the whole of one"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_each_is_refused_in_one_sentence_with_its_place(name):
    data, sentence = REFUSED[name]
    source = Source(data, Path("model.onnx"))
    with pytest.raises(FileError) as refused:
        read(source)
    told = str(refused.value)
    assert sentence in told
    assert "\n" not in told
    assert source.told == []
