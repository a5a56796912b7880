"""ONNX models as others write them are read, and those that nnviz writes are run, with one prediction."""

import itertools
import random

import ml_dtypes
import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from torch import nn

from nnviz.core.activations import activation
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.files.errors import FileError
from nnviz.files.registry import losses_on_save
from tests.core.oracle import NAMES, make_network, networks, parameters, with_parameters
from tests.graphs import other_graphs
from tests.models.helpers import MODULES, by_torch, close, exported, opened, state_of
from tests.models.onnx_files import ONNX, bytes_of, check_same, checked, graph_of, model_of, numbers, run
from tests.robust.messages import retold
from tests.robust.mutations import MUTATIONS

pytestmark = pytest.mark.usefixtures("onnx_is_read_here")
FLOAT, DOUBLE, INT64 = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64
W, B = {"w": numbers(3, 2)}, {"b": numbers(2)}


def layer_by_gemm(k, sizes, seed, before, after):
    chance = np.random.default_rng([seed, k])
    alpha, beta = chance.choice([0.5, 1.0, 2.0], 2).tolist()
    transposed = int(chance.integers(2))
    w = numbers(*(sizes[::-1] if transposed else sizes), seed=seed + k)
    b = numbers(*[(sizes[1],), (1, sizes[1]), (1,)][chance.integers(3)], seed=seed)
    inputs = [before, f"w{k}"] + ([f"b{k}"] if chance.integers(4) else [])
    how = {"alpha": alpha, "beta": beta, "transB": transposed}
    return [("Gemm", inputs, after, how)], {f"w{k}": w, f"b{k}": b}


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
        named, value = activation(name).notation.onnx, f"a{k}"
        how = named.settings
        nodes += [*own, (named.name, [f"z{k}"], value, how)]
        tensors |= numbers_of
    state, _ = check_same(bytes_of(nodes, tensors, sizes[0], 24, output=value), sizes[0])
    assert state.network.sizes == tuple(sizes)
    assert [own.activation for own in state.network.layers] == list(names[: len(sizes) - 1])


SCALED = {
    "centred": [("Sub", ["x", "c"], "u"), ("Div", ["u", "d"], "v")],
    "divided": [("Div", ["x", "d"], "u"), ("Add", ["c", "u"], "v")],
    "turned around": [("Mul", ["c", "x"], "u"), ("Sub", ["d", "u"], "v")],
    "scaled": [("Mul", ["x", "c"], "v")],
    "cast": [
        ("Cast", ["x"], "u", {"to": DOUBLE}),
        ("Cast", ["u"], "f", {"to": FLOAT}),
        ("Identity", ["f"], "i"),
        ("Sub", ["i", "one"], "v"),
    ],
}
"""How numbers may scale the inputs x to the values v."""


def chains():
    """Return models by name that nnviz and onnxruntime have to open alike; all take 3 numbers."""
    softplus = [
        ("Gemm", ["x", "w"], "z"),
        ("Softplus", ["z"], "s"),
        ("Greater", ["z", "twenty"], "g"),
        ("Where", ["g", "z", "s"], "y"),
    ]
    constants = [
        ("Constant", [], "w", {"value": helper.make_tensor("w", FLOAT, [3, 2], W["w"].ravel())}),
        ("Constant", [], "twice", {"value_float": 2.0}),
        ("Constant", [], "shift", {"value_floats": [1.0, 2.0]}),
        ("MatMul", ["x", "w"], "m"),
        ("Add", ["b", "m"], "z"),
        ("Mul", ["twice", "z"], "scaled"),
        ("Sub", ["scaled", "shift"], "y"),
    ]
    graph = graph_of(constants, B, 3)
    graph.input.append(helper.make_tensor_value_info("b", FLOAT, [2]))
    between = [
        ("Gemm", ["x", "w"], "p"),
        ("Tanh", ["p"], "q"),
        ("Add", ["q", "b"], "r"),
        ("Mul", ["r", "b"], "s"),
        ("Gemm", ["s", "v", "more"], "y"),
    ]
    passed_on = [
        ("Transpose", ["w"], "t"),
        ("Identity", ["t"], "i"),
        ("MatMul", ["x", "i"], "m"),
        ("Tanh", ["m"], "a"),
        ("Gemm", ["a", "i"], "y", {"transB": 1}),
    ]
    scaler = [
        ("Scaler", ["x"], "u", {"offset": [1.0, 2.0, 3.0], "scale": [0.5, 2.0, 4.0]}),
        ("Cast", ["u"], "v", {"to": FLOAT}),
        ("MatMul", ["v", "w"], "m"),
        ("Add", ["m", "b"], "z"),
        ("Reshape", ["z", "shape"], "y"),
    ]
    one_target = {"w": numbers(3, 1), "b": numbers(1, 1), "shape": np.int64([-1, 1])}
    found = {
        "a softplus that passes large numbers on": bytes_of(
            softplus, {"w": 30 * numbers(3, 2), "twenty": np.float32(20)}, 3
        ),
        "constants as nodes and initializers as inputs": model_of(graph).SerializeToString(),
        "numbers between layers": bytes_of(
            between, {**W, **B, "v": numbers(2, 2), "more": numbers(2, seed=9)}, 3
        ),
        "weights that nodes pass on": bytes_of(passed_on, {"w": numbers(2, 3)}, 3),
        "a scaler of scikit-learn": bytes_of(scaler, one_target, 3),
    }
    for (how, before), shape in itertools.product(SCALED.items(), ((3,), (1, 3), (1,))):
        tensors = {**W, **B, "c": numbers(*shape), "d": 2 + np.abs(numbers(*shape)), "one": np.float32(1)}
        nodes = [*before, ("MatMul", ["v", "w"], "m"), ("Add", ["m", "b"], "y")]
        found[f"inputs {how} by {shape}"] = bytes_of(nodes, tensors, 3)
    return found


def test_numbers_beside_the_layers_are_worked_in_and_it_is_said(approved):
    states, said = {}, []
    for name, data in chains().items():
        states[name], told = check_same(data, 3, name)
        said.append(f"{name}: {'; '.join(told)}")
    approved("numbers that are worked in", "\n".join(said))
    softplus = states["a softplus that passes large numbers on"]
    assert softplus.network.layers[0].activation == "softplus"


@pytest.mark.parametrize("opset", [9, 13, 17, 20])
@pytest.mark.parametrize("own", MODULES, ids=repr)
def test_what_pytorch_exports_predicts_the_same(own, opset):
    torch.manual_seed(0)
    parts = (nn.Linear(3, 4), own, nn.Linear(4, 4, bias=False), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(-1))
    net, x = nn.Sequential(*parts), torch.randn(5, 3)
    state, told = opened(exported(net, x, opset_version=opset))
    close(state.network.predict(x.numpy()), by_torch(net, x))
    assert state.network.layers[1].biases is None
    assert told == []


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
    state, told = opened(exported(net, x, **said))
    close(state.network.predict(x.numpy().reshape(4, 6)), by_torch(net, x).reshape(4, -1))
    assert told == ["the 1 × 2 × 3 numbers of each row are now a single list of inputs"]


def test_dropout_that_leaves_out_nodes_at_random_is_refused():
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5), nn.Tanh())
    mode = torch.onnx.TrainingMode.TRAINING
    data = exported(net, torch.randn(2, 3), training=mode, do_constant_folding=False)
    with pytest.raises(FileError, match=r"Dropout.*: this node drops values at random"):
        opened(data)


def test_one_row_may_stand_as_a_vector():
    net, x = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(-1)), torch.randn(3)
    state, _ = opened(exported(net, x))
    close(state.network.predict(x.numpy())[0], by_torch(net, x))


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("raw", [True, False])
def test_every_kind_of_float_is_read_from_raw_data_and_from_its_field(dtype, raw):
    kind = getattr(TensorProto, {"float32": "FLOAT", "float64": "DOUBLE"}.get(dtype, dtype.upper()))
    w = W["w"].astype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
    tensor = helper.make_tensor("w", kind, [3, 2], w.tobytes() if raw else w.astype("f8").ravel(), raw=raw)
    state, _ = opened(bytes_of([("MatMul", ["x", "w"], "y")], {"w": tensor}, 3, kind=kind))
    assert np.array_equal(state.network.layers[0].weights, w.astype("f8").T)


def test_doubles_predict_what_onnxruntime_does_with_doubles():
    tensors = {"w": numbers(2, 3, dtype="f8"), "b": numbers(2, dtype="f8")}
    nodes = [("Gemm", ["x", "w", "b"], "z", {"transB": 1}), ("Tanh", ["z"], "y")]
    check_same(bytes_of(nodes, tensors, 3, kind=DOUBLE), 3, dtype=np.float64, within=1e-14)


COLUMNS = {
    "softmax": [("MatMul", ["w", "x"], "m"), ("Add", ["m", "b"], "z"), ("Softmax", ["z"], "y", {"axis": 0})],
    "transA, weights first": [("Gemm", ["v", "x", "b"], "y", {"transA": 1})],
    "transposed": [("Transpose", ["x"], "t"), ("MatMul", ["t", "v"], "m"), ("Transpose", ["m"], "y")],
    "transA": [("Gemm", ["x", "v", "c"], "t", {"transA": 1}), ("Transpose", ["t"], "y", {"perm": [1, 0]})],
    "two layers": [("Gemm", ["w", "x"], "a"), ("Relu", ["a"], "z"), ("MatMul", ["w2", "z"], "y")],
}


@pytest.mark.parametrize("way", COLUMNS)
def test_rows_may_stand_as_columns(way):
    shapes = {"w": (2, 3), "v": (3, 2), "w2": (4, 2), "b": (2, 1), "c": (1, 2)}
    used = {name for _, names, *_ in COLUMNS[way] for name in names}
    tensors = {name: numbers(*shape) for name, shape in shapes.items() if name in used}
    data = bytes_of(COLUMNS[way], tensors, 0, dims=(3, "rows"))
    x = numbers(5, 3)
    close(opened(data)[0].network.predict(x), run(data, x.T).T)


def test_whole_numbers_may_come_in_where_they_become_real_ones_first():
    graph = graph_of([("Cast", ["x"], "f", {"to": FLOAT}), ("Gemm", ["f", "w"], "y")], W, 3)
    graph.input[0].type.tensor_type.elem_type = INT64
    data, x = model_of(graph).SerializeToString(), np.int64([[1, 2, -3], [0, 4, 5]])
    close(opened(data)[0].network.predict(x), run(data, x))


def test_without_shapes_and_names_a_model_opens_as_well():
    graph = graph_of([("MatMul", ["x", "w"], "y")], W, 3)
    graph.input[0].ClearField("type")
    graph.output[0].ClearField("type")
    graph.node[0].ClearField("name")
    state, _ = opened(model_of(graph).SerializeToString())
    assert state.network.inputs == ("input_0", "input_1", "input_2")
    assert state.network.outputs == ("output_0", "output_1")
    assert len(state.data) == 0


def test_of_very_much_that_is_told_a_little_is_without_control_characters():
    nodes = [("Gemm", ["x", "w"], "v0"), *(("Dropout", [f"v{k}"], f"v{k + 1}") for k in range(2_000))]
    graph = graph_of(nodes, W, 3, output="v2000")
    graph.node[1].name = "\x1b[2J\n"
    _, told = opened(model_of(graph).SerializeToString())
    assert told[0] == r"\x1b[2J\n (Dropout) was left out, as it acts only in training"
    assert told[5:] == ["further messages on this file that nnviz does not show: 1,995"]


# scikit-learn's converter


def classifier(nodes, width, output):
    """Return a model of 3 inputs whose output is a label, and beside it a value of the nodes behind z."""
    nodes = [
        ("MatMul", ["x", "w"], "m"),
        ("Add", ["m", "b"], "z"),
        *nodes,
        ("ArgMax", ["p"], "best", {"axis": 1}),
        ("Cast", ["best"], "label", {"to": INT64}),
    ]
    tensors = {"w": numbers(3, width), "b": numbers(width), "one": np.float32([1])}
    graph = graph_of(nodes, tensors, 3, kind=FLOAT, output="label")
    graph.output[0].type.tensor_type.elem_type = INT64
    graph.output.append(output)
    return model_of(graph).SerializeToString()


def test_a_classifier_is_opened_with_its_probabilities_and_without_its_labels():
    probabilities, x = helper.make_tensor_value_info("p", FLOAT, None), numbers(5, 3)
    data = classifier([("Softmax", ["z"], "p")], 3, probabilities)
    state, told = opened(data)
    close(state.network.predict(x), run(data, x, 1))
    assert told == ["the output 'label' was left out"]
    of_two = [
        ("Sigmoid", ["z"], "s"),
        ("Sub", ["one", "s"], "n"),
        ("Concat", ["n", "s"], "p", {"axis": 1}),
        ("ZipMap", ["p"], "zipped", {"classlabels_int64s": [0, 1]}),
    ]
    one = helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, None))
    data = classifier(of_two, 1, helper.make_value_info("zipped", helper.make_sequence_type_proto(one)))
    state, told = opened(data)
    close(state.network.predict(x), [[row[1]] for row in run(data, x, 1)])
    assert told[1:] == [
        "the output is the second of the model's two probabilities; the first is 1 minus the second"
    ]


def test_the_numbers_of_several_targets_are_opened_though_they_stand_below_one_another():
    nodes = [("Gemm", ["x", "w", "b"], "z"), ("Reshape", ["z", "shape"], "y")]
    data = bytes_of(nodes, {**W, **B, "shape": np.int64([-1, 1])}, 3)
    state, (told,) = opened(data)
    x = numbers(5, 3)
    close(state.network.predict(x).reshape(-1, 1), run(data, x))
    assert told == "reshape_1 (Reshape) was left out: it would put the 2 numbers of a row into separate rows"


# What nnviz writes


def check_written(network):
    """Check that onnxruntime and a network predict the same, and that nnviz reads the network back."""
    rounded = with_parameters(network, np.float32(parameters(network)) / 2)
    data = ONNX.write(state_of(rounded))
    checked(data)
    x = numbers(5, len(network.inputs))
    close(run(data, x), rounded.predict(x))
    again, _ = opened(data)
    assert again == state_of(rounded, training=again.training)
    assert ONNX.write(again) == data


@settings(max_examples=40, deadline=None)
@given(networks())
def test_onnxruntime_predicts_what_nnviz_does(network):
    check_written(network)


def test_every_activation_is_written_and_comes_back():
    for name in NAMES:
        check_written(make_network((2, 3, 2), (name, name), (True, False)))


def test_what_a_model_leaves_out_is_said(approved):
    network = Network(("x",), (Layer(("y",), "identity", [[0.1]]),))
    rows = State(network, Dataset([[1.0]], [[2.0]]), Training(learning_rate=0.5))
    approved("what an ONNX model leaves out", losses_on_save(rows, "bank.onnx"))


# Models that are changed anywhere

ROWS, CLOSE_16_BITS = 5, 2e-3
KINDS = {"tensor(float)": "f4", "tensor(double)": "f8", "tensor(float16)": "f2"}


def plainly(data, donor, chance):
    return chance.choice(MUTATIONS)(data, donor, chance) or b" "


def outputs(data, x):
    """Return what onnxruntime makes of rows, in a shape that the model takes; or nothing."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception:  # of its own kinds
        return []
    (asked,) = (own for own in session.get_inputs() if own.type in KINDS)
    for shaped in (x, x.T, x[:, :, None], x[0]):
        try:
            return session.run(None, {asked.name: shaped.astype(KINDS[asked.type])})
        except Exception:
            continue
    return []


def is_close(found, expected):
    """Return whether an output is a prediction: in rows or in columns, of one row or with the other class."""
    if isinstance(found, list):
        found = [list(own.values()) for own in found]
    found = np.asarray(found, dtype="f8")
    wide = found.reshape(len(found), -1) if found.ndim else found.reshape(1, 1)
    return any(
        np.allclose(way, own, CLOSE_16_BITS, CLOSE_16_BITS, equal_nan=True)
        for own in (expected, expected[:1])
        for way in (wide, wide.T, wide[:, 1:])
        if way.shape == own.shape
    )


def test_a_changed_model_that_opens_predicts_what_onnxruntime_predicts():
    written = ONNX.write(state_of(make_network((3, 2, 1), ("tanh", "elu"), (True, False))))
    seeds, compared = [*other_graphs(), written], 0
    for number in range(500):
        chance = random.Random(f"onnx:{number}")
        data = chance.choice(seeds)
        for _ in range(chance.choice((1, 1, 2, 3))):
            data = retold(data, chance.choice(seeds), chance, plainly)
        try:
            network = opened(data)[0].network
        except FileError:
            continue
        x = np.random.default_rng(number).normal(size=(ROWS, len(network.inputs)))
        expected = network.predict(x)
        if found := outputs(data, x):
            compared += 1
            assert any(is_close(own, expected) for own in found), number
    assert compared > 50
