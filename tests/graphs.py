"""ONNX models as PyTorch, scikit-learn and others write them: what is mutated besides what nnviz writes."""

import numpy as np

W, B = np.float32([[2, 4], [4, -5], [0.5, 1]]), np.float32([1, -2])

PYTORCH = [
    ("Flatten", ["x"], "flat"),
    ("Gemm", ["flat", "w", "b"], "z", {"alpha": 1.0, "beta": 1.0, "transB": 0}),
    ("Div", ["z", "root"], "scaled"),
    ("Erf", ["scaled"], "erf"),
    ("Add", ["erf", "one"], "raised"),
    ("Mul", ["z", "raised"], "doubled"),
    ("Mul", ["doubled", "half"], "gelu"),
    ("MatMul", ["gelu", "v"], "m"),
    ("Sigmoid", ["m"], "gate"),
    ("Mul", ["m", "gate"], "silu"),
    ("Dropout", ["silu"], "kept"),
    ("Gemm", ["kept", "v"], "last", {"transB": 1}),
    ("Abs", ["last"], "size"),
    ("Add", ["size", "one"], "more"),
    ("Div", ["last", "more"], "softsign"),
    ("Gemm", ["softsign", "v"], "end"),
    ("Softplus", ["end"], "softplus"),
    ("Greater", ["end", "twenty"], "large"),
    ("Where", ["large", "end", "softplus"], "y"),
]
SKLEARN = [
    ("Constant", [], "bias", {"value_floats": [1.0, -2.0]}),
    ("Scaler", ["x"], "u", {"offset": [1.0, 2.0, 0.5], "scale": [0.5, 2.0, 4.0]}),
    ("Cast", ["u"], "cast", {"to": 1}),
    ("MatMul", ["cast", "w0"], "m"),
    ("Add", ["bias", "m"], "z"),
    ("LeakyRelu", ["z"], "a", {"alpha": 0.2}),
    ("Gemm", ["a", "w1"], "s"),
    ("Sigmoid", ["s"], "p"),
    ("Sub", ["one", "p"], "n"),
    ("Concat", ["n", "p"], "both", {"axis": 1}),
    ("ZipMap", ["both"], "y", {"classlabels_int64s": [0, 1]}),
]
COLUMNS = [
    ("Mul", ["x", "half"], "u"),
    ("Sub", ["u", "one"], "moved"),
    ("Transpose", ["w"], "t", {"perm": [1, 0]}),
    ("MatMul", ["t", "moved"], "m"),
    ("Add", ["m", "c"], "z"),
    ("Elu", ["z"], "a", {"alpha": 0.5}),
    ("Transpose", ["a"], "rows"),
    ("Reshape", ["rows", "shape"], "same"),
    ("Gemm", ["same", "v"], "last"),
    ("Softmax", ["last"], "y", {"axis": -1}),
]


def other_graphs() -> list[bytes]:
    """Return small models that between them have every kind of operator and number that nnviz reads."""
    from onnx import TensorProto, helper, numpy_helper

    numbers = {
        "root": np.sqrt(2),
        "one": 1,
        "half": 0.5,
        "twenty": 20,
        "b": B,
        "c": B.reshape(2, 1),
        "v": W[:2],
    }
    tensors = {name: np.asarray(own, "f4") for name, own in numbers.items()}
    tensors["c"] = B.reshape(2, 1)
    tensors |= {"w": W, "w0": W.astype("f2"), "w1": W[:2, :1].astype("f8"), "shape": np.int64([-1, 2])}
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    found = []
    for nodes, shape in ((PYTORCH, ["rows", 3, 1]), (SKLEARN, ["rows", 3]), (COLUMNS, [3, "rows"])):
        used = {name for _, inputs, *_ in nodes for name in inputs}
        graph = helper.make_graph(
            [_node(helper, *node) for node in nodes],
            "graph",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(own, name) for name, own in tensors.items() if name in used],
        )
        found.append(helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString())
    return found


def _node(helper, operator, inputs, output, said=None):
    domain = "ai.onnx.ml" if operator in ("Scaler", "ZipMap") else ""
    return helper.make_node(operator, inputs, [output], output, domain=domain, **(said or {}))
