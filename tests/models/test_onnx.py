"""ONNX models as other programs write them are read, and predict what onnxruntime predicts."""

import io
import itertools
import warnings

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from torch import nn

from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.files.errors import FileError
from tests.models.onnx_files import bytes_of, check_same, graph_of, model_of, numbers, opened, run

NAMES = (*ACTIVATIONS, "leaky_relu(0.2)", "elu(0.5)")
VERSIONS = {"gelu": 20, "silu": 24}
"""The operators of ONNX since 2023."""


def operator(name, z, a):
    named = activation(name).elsewhere.onnx
    return named.name, [z], a, {named.parameter: named.value} if named.parameter else {}


def layer_by_gemm(k, sizes, seed, before, after):
    chance = np.random.default_rng([seed, k])
    said = dict(zip(("alpha", "beta"), chance.choice([0.5, 1.0, 2.0], 2), strict=True))
    transposed = int(chance.integers(2))
    w = numbers(*(sizes[::-1] if transposed else sizes), seed=seed + k)
    b = numbers(*[(sizes[1],), (1, sizes[1]), (1,)][chance.integers(3)], seed=seed)
    inputs = [before, f"w{k}"] + ([f"b{k}"] if chance.integers(4) else [])
    said = {key: float(value) for key, value in said.items()} | {"transB": transposed}
    return [("Gemm", inputs, after, said)], {f"w{k}": w, f"b{k}": b}


def layer_by_matmul(k, sizes, seed, before, after):
    w, b = numbers(*sizes, seed=seed + k), numbers(sizes[1], seed=seed)
    order = [f"b{k}", f"m{k}"] if (seed + k) % 2 else [f"m{k}", f"b{k}"]
    nodes = [("MatMul", [before, f"w{k}"], f"m{k}"), ("Add", order, after)]
    return nodes, {f"w{k}": w, f"b{k}": b}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=5),
    st.lists(st.sampled_from(NAMES), min_size=4, max_size=4),
    st.sampled_from([layer_by_gemm, layer_by_matmul]),
    st.integers(0, 999),
)
def test_chains_of_random_shapes_and_activations_predict_the_same(sizes, names, layer, seed):
    nodes, tensors, value = [], {}, "x"
    for k, (pair, name) in enumerate(zip(itertools.pairwise(sizes), names, strict=False)):
        own, numbers_of = layer(k, pair, seed, value, f"z{k}")
        nodes += own
        tensors |= numbers_of
        value = f"a{k}"
        nodes.append(operator(name, f"z{k}", value))
    data = bytes_of(nodes, tensors, sizes[0], 24, output=value)
    state = check_same(data, sizes[0])
    assert state.network.sizes == tuple(sizes)
    assert [own.activation for own in state.network.layers] == list(names[: len(sizes) - 1])


MODULES = [
    nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.5), nn.SELU(), nn.SiLU(), nn.GELU(), nn.Sigmoid(), nn.Tanh(),
    nn.Softsign(), nn.Softplus(), nn.Identity(), nn.Dropout(0.3),
]  # fmt: skip


def exported(module, x, **said):
    """Return what PyTorch writes of a module."""
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the older one
        torch.onnx.export(module.eval(), (x,), file, dynamo=False, **said)
    return file.getvalue()


@pytest.mark.parametrize("opset", [9, 13, 17, 20])
@pytest.mark.parametrize("own", MODULES, ids=repr)
def test_what_pytorch_exports_predicts_the_same(own, opset):
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(3, 4), own, nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(-1)
    )
    x = torch.randn(5, 3)
    state, told = opened(exported(net, x, opset_version=opset))
    np.testing.assert_allclose(state.network.predict(x.numpy()), net(x).detach().numpy(), atol=1e-6)
    assert state.network.layers[1].biases is None
    assert told == []


def test_a_softplus_that_passes_large_numbers_on_is_one():
    nodes = [
        ("Gemm", ["x", "w"], "z"), ("Softplus", ["z"], "s"), ("Greater", ["z", "twenty"], "g"),
        ("Where", ["g", "z", "s"], "y"),
    ]  # fmt: skip
    state = check_same(bytes_of(nodes, {"w": 30 * numbers(3, 2), "twenty": np.float32(20)}, 3), 3)
    assert state.network.layers[0].activation == "softplus"
    with pytest.raises(FileError, match=r"^where_3 \(Where\): it joins two values"):
        opened(bytes_of(nodes, {"w": numbers(3, 2), "twenty": np.float32(2)}, 3))


class Viewed(nn.Module):
    """Images are flattened by `view`, and the one column of the prediction is dropped."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(6, 1)

    def forward(self, x):
        return torch.sigmoid(self.line(x.view(x.size(0), -1))).squeeze(1)


ANY_ROWS = {"input_names": ["x"], "dynamic_axes": {"x": {0: "rows"}}}
OLDER = {**ANY_ROWS, "do_constant_folding": False}
"""As PyTorch exported by default until 2019."""


@pytest.mark.parametrize(
    "said", [{}, ANY_ROWS, *({**OLDER, "opset_version": opset} for opset in (9, 13))], ids=repr
)
@pytest.mark.parametrize("net", [nn.Sequential(nn.Flatten(), nn.Linear(6, 2), nn.Tanh()), Viewed()])
def test_images_are_flattened_and_it_is_told(net, said):
    x = torch.randn(4, 1, 2, 3)
    data = exported(net, x, **said)
    state, told = opened(data)
    assert state.network.sizes[0] == 6
    expected = net(x).detach().numpy().reshape(4, -1)
    np.testing.assert_allclose(state.network.predict(x.numpy().reshape(4, 6)), expected, atol=1e-6)
    assert told == ["the inputs are the 1 × 2 × 3 numbers of a row behind each other"]


def test_a_model_in_training_mode_is_opened_where_dropout_leaves_out_nothing_at_random():
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5), nn.Tanh())
    training = exported(
        net, torch.randn(2, 3), training=torch.onnx.TrainingMode.TRAINING, do_constant_folding=False
    )
    with pytest.raises(FileError, match=r"Dropout.*: it leaves out nodes at random"):
        opened(training)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("raw", [True, False])
def test_every_kind_of_float_is_read_from_raw_data_and_from_its_field(dtype, raw):
    kind = getattr(TensorProto, {"float32": "FLOAT", "float64": "DOUBLE"}.get(dtype, dtype.upper()))
    w = numbers(3, 2).astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    tensor = helper.make_tensor("w", kind, [3, 2], w.tobytes() if raw else w.astype("f8").ravel(), raw=raw)
    state, _ = opened(bytes_of([("MatMul", ["x", "w"], "y")], {"w": tensor}, 3, kind=kind))
    assert np.array_equal(state.network.layers[0].weights, w.astype("f8").T)


def test_doubles_predict_what_onnxruntime_does_with_doubles():
    tensors = {"w": numbers(2, 3, dtype="f8"), "b": numbers(2, dtype="f8")}
    nodes = [("Gemm", ["x", "w", "b"], "z", {"transB": 1}), ("Tanh", ["z"], "y")]
    check_same(bytes_of(nodes, tensors, 3, kind=TensorProto.DOUBLE), 3, np.float64, within=1e-14)


def test_constants_may_be_nodes_and_initializers_may_be_inputs():
    w, b = numbers(3, 2), numbers(2)
    nodes = [
        ("Constant", [], "w", {"value": helper.make_tensor("w", TensorProto.FLOAT, [3, 2], w.ravel())}),
        ("Constant", [], "twice", {"value_float": 2.0}),
        ("Constant", [], "shift", {"value_floats": [1.0, 2.0]}),
        ("MatMul", ["x", "w"], "m"),
        ("Add", ["b", "m"], "z"),
        ("Mul", ["twice", "z"], "scaled"),
        ("Sub", ["scaled", "shift"], "y"),
    ]
    graph = graph_of(nodes, {"b": b}, 3)
    graph.input.append(helper.make_tensor_value_info("b", TensorProto.FLOAT, [2]))
    data = model_of(graph).SerializeToString()
    state = check_same(data, 3)
    np.testing.assert_allclose(state.network.layers[0].biases, 2 * b - [1, 2], rtol=1e-6)
    assert opened(data)[1] == [
        "mul_5 (Mul), sub_6 (Sub) became part of the weights and biases of matmul_3 (MatMul)",
    ]


@pytest.mark.parametrize(
    "before",
    [
        [("Sub", ["x", "c"], "u"), ("Div", ["u", "d"], "v")],
        [("Div", ["x", "d"], "u"), ("Add", ["c", "u"], "v")],
        [("Mul", ["c", "x"], "u"), ("Sub", ["d", "u"], "v")],
        [("Mul", ["x", "c"], "v")],
        [("Cast", ["x"], "u", {"to": TensorProto.DOUBLE}), ("Cast", ["u"], "w", {"to": TensorProto.FLOAT}),
         ("Identity", ["w"], "i"), ("Sub", ["i", "one"], "v")],
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", [(3,), (1, 3), (1,)])
def test_numbers_that_scale_the_inputs_become_part_of_the_first_layer_and_it_is_told(before, shape):
    tensors = {"c": numbers(*shape), "d": 2 + np.abs(numbers(*shape)), "one": np.float32(1)}
    tensors |= {"w": numbers(3, 2), "b": numbers(2)}
    tensors = {name: np.asarray(own, "f4") for name, own in tensors.items()}
    if any("w" in names[0] for _, names, *_ in before):
        tensors["kernel"] = tensors.pop("w")
    kernel = "kernel" if "kernel" in tensors else "w"
    data = bytes_of([*before, ("MatMul", ["v", kernel], "m"), ("Add", ["m", "b"], "y")], tensors, 3)
    check_same(data, 3)
    told = opened(data)[1]
    assert len(told) == 1
    assert "became part of the weights and biases of matmul" in told[0]


def test_numbers_between_layers_become_part_of_the_next_layer():
    tensors = {"w": numbers(3, 2), "v": numbers(2, 2), "c": numbers(2), "b": numbers(2, seed=9)}
    nodes = [
        ("Gemm", ["x", "w"], "p"), ("Tanh", ["p"], "q"), ("Add", ["q", "c"], "r"), ("Mul", ["r", "c"], "s"),
        ("Gemm", ["s", "v", "b"], "y"),
    ]  # fmt: skip
    check_same(bytes_of(nodes, tensors, 3), 3)
    with pytest.raises(FileError, match=r"^add_2 \(Add\): no dense layer follows"):
        opened(bytes_of(nodes[:-2], tensors, 3, output="r"))


@pytest.mark.parametrize(
    ("nodes", "shapes"),
    [
        ([("MatMul", ["w", "x"], "m"), ("Add", ["m", "b"], "z"), ("Softmax", ["z"], "y", {"axis": 0})],
         {"w": (2, 3), "b": (2, 1)}),
        ([("Gemm", ["w", "x", "b"], "y", {"transA": 1})], {"w": (3, 2), "b": (2, 1)}),
        ([("Transpose", ["x"], "t"), ("MatMul", ["t", "w"], "m"), ("Transpose", ["m"], "y")], {"w": (3, 2)}),
        ([("Gemm", ["x", "w", "b"], "t", {"transA": 1}), ("Transpose", ["t"], "y", {"perm": [1, 0]})],
         {"w": (3, 2), "b": (1, 2)}),
        ([("Gemm", ["w", "x"], "a"), ("Relu", ["a"], "z"), ("MatMul", ["w2", "z"], "y")],
         {"w": (2, 3), "w2": (4, 2)}),
    ],
)  # fmt: skip
def test_rows_may_stand_as_columns(nodes, shapes):
    data = bytes_of(nodes, {name: numbers(*shape) for name, shape in shapes.items()}, 0, dims=(3, "rows"))
    x = numbers(5, 3)
    np.testing.assert_allclose(opened(data)[0].network.predict(x), run(data, x.T).T, atol=1e-6)


def test_whole_numbers_may_come_in_where_they_become_real_ones_first():
    nodes = [("Cast", ["x"], "f", {"to": TensorProto.FLOAT}), ("Gemm", ["f", "w"], "y")]
    graph = graph_of(nodes, {"w": numbers(3, 2)}, 3)
    graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    data, x = model_of(graph).SerializeToString(), np.int64([[1, 2, -3], [0, 4, 5]])
    np.testing.assert_allclose(opened(data)[0].network.predict(x), run(data, x), atol=1e-6)


def test_one_row_may_stand_as_a_vector():
    x = torch.randn(3)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(-1))
    state, _ = opened(exported(net, x))
    np.testing.assert_allclose(state.network.predict(x.numpy())[0], net(x).detach().numpy(), atol=1e-6)


def test_weights_that_are_transposed_or_passed_on_by_nodes_are_constants_too():
    nodes = [
        ("Transpose", ["w"], "t"), ("Identity", ["t"], "i"), ("MatMul", ["x", "i"], "m"),
        ("Tanh", ["m"], "a"), ("Gemm", ["a", "i"], "y", {"transB": 1}),
    ]  # fmt: skip
    check_same(bytes_of(nodes, {"w": numbers(2, 3)}, 3), 3)


def test_without_shapes_and_names_a_model_opens_as_well():
    graph = graph_of([("MatMul", ["x", "w"], "y")], {"w": numbers(3, 2)}, 3)
    graph.input[0].ClearField("type")
    graph.output[0].ClearField("type")
    graph.node[0].ClearField("name")
    state, _ = opened(model_of(graph).SerializeToString())
    assert (state.network.inputs, state.network.outputs) == (
        ("input_0", "input_1", "input_2"),
        ("output_0", "output_1"),
    )
    assert len(state.data) == 0


def test_what_is_told_has_no_control_characters_of_the_file():
    graph = graph_of([("Dropout", ["x"], "d"), ("Gemm", ["d", "w"], "y")], {"w": numbers(3, 2)}, 3)
    graph.node[0].name = "\x1b[2J\n"
    _, told = opened(model_of(graph).SerializeToString())
    assert told == [r"\x1b[2J\n (Dropout), which acts in training alone, is left out"]


def test_of_very_much_that_is_told_a_little_is():
    nodes = [("Gemm", ["x", "w"], "v0"), *(("Dropout", [f"v{k}"], f"v{k + 1}") for k in range(2_000))]
    _, told = opened(bytes_of(nodes, {"w": numbers(3, 2)}, 3, output="v2000"))
    assert told[:1] + told[5:] == [
        "dropout_1 (Dropout), which acts in training alone, is left out",
        "and 1,995 more such",
    ]
