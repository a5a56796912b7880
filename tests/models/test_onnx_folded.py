"""ONNX models in which something is folded into a dense layer: opened by nnviz, run by onnxruntime."""

import numpy as np
import pytest
import torch
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases
from torch import nn

from nnviz.core.activations import activation
from nnviz.files.errors import FileError
from nnviz.files.models import onnx_chain
from tests.models.helpers import close, exported, opened
from tests.models.onnx_files import bytes_of, check_same, graph_of, model_of, numbers, run

pytestmark = pytest.mark.usefixtures("onnx_is_read_here")
FLAT = {"input_names": ["x"], "dynamic_axes": {"x": {0: "rows"}}}
EXPORTS = {
    "any number of rows": FLAT,
    "a fixed number of rows": {},
    "nothing folded": {**FLAT, "do_constant_folding": False, "opset_version": 11},
}


def normal(kind, width):
    """Return a batch normalisation with random numbers."""
    own = kind(width)
    own.running_mean.normal_()
    own.running_var.uniform_(0.5, 2)
    nn.init.normal_(own.weight)
    nn.init.normal_(own.bias)
    return own


class Skipping(nn.Module):
    """Adds what goes into a layer to what comes out."""

    def __init__(self):
        super().__init__()
        self.layer, self.end = nn.Linear(3, 3), nn.Linear(3, 2)

    def forward(self, x):
        return self.end(torch.relu(x + self.layer(x)))


class ChannelsLast(nn.Module):
    """Has the channels of a picture behind its rows and columns."""

    def __init__(self):
        super().__init__()
        self.end = nn.Linear(12, 2)

    def forward(self, x):
        return self.end(x.permute(0, 2, 3, 1).reshape(x.shape[0], -1))


class Sized(nn.Module):
    """Asks for the number of rows at the start, and needs it behind an activation."""

    def __init__(self):
        super().__init__()
        self.seen, self.end = nn.Conv2d(1, 2, 3), nn.Linear(32, 3)

    def forward(self, x):
        rows = x.size(0)
        return self.end(torch.relu(self.seen(x)).view(rows, -1))


def modules():
    """Return modules by name, with the shape of a row and the number of layers."""
    norm, norm_2 = (
        (lambda width: normal(nn.BatchNorm1d, width)),
        (lambda width: normal(nn.BatchNorm2d, width)),
    )
    picture = (nn.Flatten(), nn.Linear(48, 3))
    return {
        "normalised before an activation": (
            nn.Sequential(nn.Linear(3, 4), norm(4), nn.ReLU(), nn.Linear(4, 2)), (3,), 2
        ),
        "normalised behind an activation": (
            nn.Sequential(nn.Linear(3, 4), nn.Tanh(), norm(4), nn.Dropout(), nn.Linear(4, 2)), (3,), 2
        ),
        "normalised at both ends": (nn.Sequential(norm(3), nn.Linear(3, 2), norm(2)), (3,), 1),
        "a convolution": (nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), *picture), (1, 6, 6), 2),
        "a convolution of two channels": (
            nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, padding=2, dilation=2, groups=1), *picture),
            (2, 8, 8),
            2,
        ),
        "a normalised convolution": (
            nn.Sequential(nn.Conv2d(1, 3, 3, bias=False), norm_2(3), nn.GELU(), *picture), (1, 6, 6), 2
        ),
        "a convolution along one axis": (
            nn.Sequential(nn.Conv1d(2, 3, 3), nn.SiLU(), nn.Flatten(), nn.Linear(18, 4)), (2, 8), 2
        ),
        "averages": (
            nn.Sequential(
                nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 4)
            ),
            (1, 6, 6),
            2,
        ),
        "a layer over the last of two axes": (
            nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(20, 2)), (5, 3), 2
        ),
        "a sum of two paths": (Skipping(), (3,), 2),
        "channels last": (ChannelsLast(), (3, 2, 2), 1),
        "a size that is known before": (Sized(), (1, 6, 6), 2),
    }  # fmt: skip


@pytest.mark.parametrize("how", EXPORTS)
@pytest.mark.parametrize("name", modules())
def test_what_is_affine_between_two_activations_becomes_one_layer(name, how, approved):
    torch.manual_seed(0)
    module, shape, count = modules()[name]
    x = torch.randn(5, *shape)
    data = exported(module, x, **EXPORTS[how])
    state, told = opened(data)
    close(state.network.predict(x.numpy().reshape(5, -1)), run(data, x.numpy()).reshape(5, -1))
    assert len(state.network.layers) == count
    assert any("became part of" in each or "is shown as a dense layer" in each for each in told) or name in (
        "a size that is known before",
    )
    if how == "any number of rows":
        approved(f"folded | {name}", "\n".join(told))


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 1, 3), (1, 3), (3,), (1, 1, 1, 1)])
def test_numbers_with_further_dimensions_of_1_are_added_and_multiplied(shape):
    nodes = [("Mul", ["x", "c"], "u"), ("Reshape", ["u", "s"], "v"), ("Gemm", ["v", "w"], "y")]
    graph = graph_of(nodes, {}, 3)
    tensors = {"c": numbers(*shape), "w": numbers(3, 2), "s": np.int64([-1, 3])}
    graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in tensors.items())
    state, _ = check_same(model_of(graph).SerializeToString(), 3)
    np.testing.assert_allclose(
        state.network.layers[0].weights, (tensors["c"].reshape(-1)[:, None] * tensors["w"]).T, rtol=1e-7
    )


def test_weights_with_further_dimensions_of_1_keep_their_numbers():
    tensors = {"w": numbers(1, 1, 3, 2), "b": numbers(1, 1, 1, 2)}
    nodes = [("MatMul", ["x", "w"], "m"), ("Add", ["m", "b"], "z"), ("Reshape", ["z", "t"], "y")]
    data = bytes_of(nodes, {**tensors, "t": np.int64([-1, 2])}, 3)
    state, told = check_same(data, 3)
    assert np.array_equal(state.network.layers[0].weights, tensors["w"][0, 0].T)
    assert np.array_equal(state.network.layers[0].biases, tensors["b"].ravel())
    assert told == []


def test_a_scaling_keeps_all_digits_beside_large_means():
    mean, deviation, w = np.float64([1e9, -3e12, 5]), np.float64([1e-3, 7, 1e5]), numbers(3, 2, dtype="f8")
    nodes = [("Sub", ["x", "m"], "u"), ("Div", ["u", "d"], "v"), ("MatMul", ["v", "w"], "y")]
    data = bytes_of(nodes, {"m": mean, "d": deviation, "w": w}, 3, kind=TensorProto.DOUBLE)
    layer = opened(data)[0].network.layers[0]
    np.testing.assert_allclose(layer.weights, (w / deviation[:, None]).T, rtol=1e-15)
    np.testing.assert_allclose(layer.biases, -(mean / deviation) @ w, rtol=1e-14)


def test_a_large_weight_that_is_transposed_leaves_room_for_others():
    nodes = [("Transpose", ["w"], "t"), ("MatMul", ["x", "t"], "m"), ("Add", ["m", "b"], "y")]
    w = numbers(1300, 2000)
    layer = opened(bytes_of(nodes, {"w": w, "b": numbers(1300)}, 2000))[0].network.layers[0]
    assert np.array_equal(layer.weights, w)


def test_biases_of_zero_stay_biases():
    nodes = [("MatMul", ["x", "w"], "m"), ("Add", ["m", "b"], "y")]
    layer = opened(bytes_of(nodes, {"w": numbers(3, 2), "b": np.zeros(2, "f4")}, 3))[0].network.layers[0]
    assert layer.biases.tolist() == [0, 0]


WRITTEN_OUT = {
    "relu": [("Max", ["z", "zero"], "y")],
    "relu with a limit": [("Clip", ["z", "zero"], "y")],
    "leaky_relu(0.125)": [("Mul", ["z", "eighth"], "s"), ("Max", ["z", "s"], "y")],
    "leaky_relu(0.125) by slopes": [("PRelu", ["z", "eighth"], "y")],
    "softplus": [("Exp", ["z"], "e"), ("Add", ["e", "one"], "p"), ("Log", ["p"], "y")],
    "silu": [("Sigmoid", ["z"], "s"), ("Mul", ["s", "z"], "y")],
    "softsign": [("Abs", ["z"], "a"), ("Add", ["a", "one"], "p"), ("Div", ["z", "p"], "y")],
}  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN_OUT)
def test_an_activation_is_known_by_what_it_computes(name):
    numbers_of = {"zero": 0, "one": 1, "eighth": 0.125}
    used = {each for _, names, *_ in WRITTEN_OUT[name] for each in names}
    tensors = {each: np.float32(value) for each, value in numbers_of.items() if each in used}
    for width in (1, 3, 200):
        w = {"w": numbers(3, width), **tensors}
        state, told = check_same(bytes_of([("Gemm", ["x", "w"], "z"), *WRITTEN_OUT[name]], w, 3), 3)
        assert state.network.layers[0].activation == activation(name.partition(" ")[0]).name
        assert told == []


def test_slopes_that_differ_from_node_to_node_are_refused():
    nodes = [("Gemm", ["x", "w"], "z"), ("PRelu", ["z", "c"], "y")]
    with pytest.raises(FileError, match=r"prelu_1 \(PRelu\): nnviz does not have this activation"):
        opened(bytes_of(nodes, {"w": numbers(3, 2), "c": np.float32([0.25, 0.5])}, 3))


def test_a_refusal_names_the_first_node_in_the_order_of_the_data(approved):
    class Pooled(nn.Module):
        def __init__(self, *parts):
            super().__init__()
            self.parts = nn.Sequential(*parts)

        def forward(self, x):
            return self.parts(x).transpose(0, 1).squeeze()

    shapes = {
        "pooling": ((1, 8, 8), [nn.Conv2d(1, 3, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 2)]),
        "a normalisation by the row": ((4,), [nn.LayerNorm(4), nn.Linear(4, 1)]),
        "a gate": ((4,), [nn.Linear(4, 4), nn.GLU(), nn.Linear(2, 2)]),
        "an activation of its own": ((4,), [nn.Linear(4, 4), nn.Hardswish(), nn.Hardsigmoid()]),
        "two activations": ((4,), [nn.Linear(4, 4), nn.Tanh(), nn.ReLU()]),
        "a convolution of far too many numbers": ((1, 64, 64), [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten()]),
    }
    told = []
    for name, (shape, parts) in shapes.items():
        with pytest.raises(FileError) as caught:
            opened(exported(Pooled(*parts), torch.randn(2, *shape), **FLAT))
        told.append(f"{name}: {caught.value}")
    approved("the first node that has no place", "\n".join(told))


def test_rows_that_depend_on_each_other_are_refused():
    w = {"w": numbers(3, 2), "v": numbers(2, 1), "axes": np.int64([0])}
    mean = [("Gemm", ["x", "w"], "z"), ("ReduceMean", ["z", "axes"], "m"), ("Sub", ["z", "m"], "y")]
    softmax = [("Gemm", ["x", "w"], "a"), ("Gemm", ["a", "v"], "z"), ("Softmax", ["z"], "y", {"axis": 0})]
    for nodes, opset in ((mean, 18), (softmax, 17)):
        used = {each for _, names, *_ in nodes for each in names}
        with pytest.raises(FileError):
            opened(bytes_of(nodes, {name: array for name, array in w.items() if name in used}, 3, opset))


def is_same(layers, x, expected):
    """Yield whether layers predict the same, for rows and for columns of inputs and of predictions."""
    inputs = layers[0][1].shape[1]
    for rows in (x.reshape(-1, inputs), x.reshape(inputs, -1).T):
        a = rows
        for name, weights, biases in layers:
            a = activation(name)(np.ascontiguousarray(a @ weights.T + biases))
        yield from (np.allclose(each.ravel(), expected, 1e-3, 1e-3) for each in (a, a.T))


@pytest.mark.filterwarnings("ignore")
def test_of_the_nodes_that_onnx_tests_each_opens_right_or_is_refused():
    """ONNX tests each of its operators with small models and their outputs."""
    names = set()
    for case in collect_testcases(None):
        (values, (expected, *_)), *_ = case.data_sets
        graph = case.model.graph
        for each, array in zip(graph.input[1:], values[1:], strict=False):
            if isinstance(array, np.ndarray) and array.dtype.kind in "fiu":
                graph.initializer.append(numpy_helper.from_array(array, each.name))
        try:
            model, arrays = onnx_chain.read(case.model.SerializeToString())
        except FileError:
            continue
        layers = [
            (name, arrays[f"weights {k}"], arrays.get(f"biases {k}", 0.0))
            for k, (name, _) in enumerate(model.layers)
        ]
        assert any(is_same(layers, np.asarray(values[0], float), np.ravel(expected))), case.name
        names.add(graph.node[0].op_type)
    assert names >= {"Gemm", "MatMul", "Conv"}
