"""What scikit-learn's converter to ONNX writes is read: labels beside probabilities, and scalers."""

import numpy as np
from onnx import TensorProto, helper

from tests.models.onnx_files import check_same, graph_of, model_of, numbers, opened, run


def ends(*nodes):
    return [("MatMul", ["x", "w"], "m"), ("Add", ["m", "b"], "z"), *nodes]


LABELS = (
    ("ArgMax", ["p"], "best", {"axis": 1}),
    ("Cast", ["best"], "label", {"to": TensorProto.INT64}),
)


def classifier(nodes, width, outputs):
    graph = graph_of(
        ends(*nodes, *LABELS), {"w": numbers(3, width), "b": numbers(width), "one": np.float32([1])}, 3
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("label", TensorProto.INT64, None))
    graph.output.extend(outputs)
    for node in graph.node:
        if node.op_type in ("ZipMap", "Scaler"):
            node.domain = "ai.onnx.ml"
    return model_of(graph, 17, opsets=[helper.make_opsetid("ai.onnx.ml", 1)]).SerializeToString()


def test_the_probabilities_of_a_classifier_are_opened_and_its_labels_left_out():
    probabilities = helper.make_tensor_value_info("p", TensorProto.FLOAT, None)
    data = classifier([("Softmax", ["z"], "p")], 3, [probabilities])
    state, told = opened(data)
    x = numbers(5, 3)
    np.testing.assert_allclose(state.network.predict(x), run(data, x, 1), atol=1e-6)
    assert told == ["the output 'label' is left out"]


def test_of_two_classes_the_second_probability_is_opened():
    nodes = [
        ("Sigmoid", ["z"], "s"), ("Sub", ["one", "s"], "n"), ("Concat", ["n", "s"], "p", {"axis": 1}),
        ("ZipMap", ["p"], "zipped", {"classlabels_int64s": [0, 1]}),
    ]  # fmt: skip
    kind = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None))
    )
    data = classifier(nodes, 1, [helper.make_value_info("zipped", kind)])
    state, told = opened(data)
    x = numbers(5, 3)
    expected = [[row[1]] for row in run(data, x, 1)]
    np.testing.assert_allclose(state.network.predict(x), expected, atol=1e-6)
    assert told[1:] == ["of the two probabilities that it makes, the second is kept: the first is 1 − it"]


def test_the_numbers_of_several_targets_are_opened_though_they_stand_below_one_another():
    tensors = {"w": numbers(3, 2), "b": numbers(2), "shape": np.int64([-1, 1])}
    data = model_of(graph_of(ends(("Reshape", ["z", "shape"], "y")), tensors, 3), 17).SerializeToString()
    state, told = opened(data)
    x = numbers(5, 3)
    np.testing.assert_allclose(state.network.predict(x).reshape(-1, 1), run(data, x), atol=1e-6)
    assert told == [
        "reshape_2 (Reshape), which puts the 2 numbers of each row below one another, is left out"
    ]


def test_a_scaler_of_scikit_learn_becomes_part_of_the_first_layer():
    nodes = [
        ("Scaler", ["x"], "u", {"offset": [1.0, 2.0, 3.0], "scale": [0.5, 2.0, 4.0]}),
        ("Cast", ["u"], "v", {"to": TensorProto.FLOAT}), ("MatMul", ["v", "w"], "m"),
        ("Add", ["m", "b"], "z"), ("Reshape", ["z", "shape"], "y"),
    ]  # fmt: skip
    tensors = {"w": numbers(3, 1), "b": numbers(1, 1), "shape": np.int64([-1, 1])}
    graph = graph_of(nodes, tensors, 3)
    graph.node[0].domain = "ai.onnx.ml"
    data = model_of(graph, 17, opsets=[helper.make_opsetid("ai.onnx.ml", 1)]).SerializeToString()
    check_same(data, 3)
    assert opened(data)[1] == [
        "scaler_0 (ai.onnx.ml.Scaler) became part of the weights and biases of matmul_2 (MatMul)"
    ]
