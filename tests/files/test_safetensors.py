"""Networks as tensors of a PyTorch state_dict: what is read, in which order, and every attack refused."""

import json
import struct

import numpy as np
import pytest

from nnviz.files.errors import FileError, UnansweredError
from nnviz.files.models import safetensors
from nnviz.files.registry import load
from nnviz.files.source import Source

KINDS = {"<f8": "F64", "<f4": "F32", "<f2": "F16", "<i8": "I64", "<u2": "BF16"}


def framed(head, body=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + body


def saved(tensors, **metadata):
    head, body = {"__metadata__": metadata} if metadata else {}, b""
    for name, values in tensors.items():
        array = np.asarray(values, getattr(values, "dtype", "<f4"))
        offsets = [len(body), len(body) + array.nbytes]
        head[name] = {"dtype": KINDS[array.dtype.str], "shape": array.shape, "data_offsets": offsets}
        body += array.tobytes()
    return framed(head, body)


def network(data, activations=None):
    return safetensors.read(Source(data, activations=activations)).network


def refused(data, activations=None):
    with pytest.raises(FileError) as caught:
        network(data, activations)
    return str(caught.value)


def ones(nodes, inputs):
    return np.ones((nodes, inputs), "<f4")


def test_a_state_dict_opens_with_the_activations_that_a_person_gives():
    data = saved({"fc1.bias": [1, 2], "fc1.weight": [[2, 4], [4, -5]], "fc2.weight": [[2, 7]]})
    opened = network(data, ("tanh", "sigmoid"))
    assert [layer.activation for layer in opened.layers] == ["tanh", "sigmoid"]
    assert opened.layers[0].weights.tolist() == [[2, 4], [4, -5]]
    assert opened.layers[0].biases.tolist() == [1, 2]
    assert opened.layers[1].biases is None
    assert opened.inputs == ("input_0", "input_1")


def test_activations_are_asked_for_with_a_proposal():
    with pytest.raises(UnansweredError, match=r"activations=\['relu', 'identity'\]") as caught:
        network(saved({"0.weight": ones(3, 2), "2.weight": ones(1, 3)}))
    assert (caught.value.sizes, caught.value.proposal) == ((2, 3, 1), ("relu", "identity"))


@pytest.mark.parametrize(
    ("shapes", "order"),
    [
        ({"weight": (1, 2)}, [2, 1]),
        ({"net.10.weight": (1, 3), "net.2.weight": (3, 4), "net.0.weight": (4, 2)}, [2, 4, 3, 1]),
        ({"module.fc2.weight": (1, 3), "module.fc1.weight": (3, 2)}, [2, 3, 1]),
        ({"decoder.weight": (2, 3), "encoder.weight": (3, 4), "head.weight": (1, 2)}, [4, 3, 2, 1]),
        (
            {"fc1.weight": (5, 2), "fc2.weight": (5, 5), "fc3.weight": (5, 5), "out.weight": (1, 5)},
            [2, 5, 5, 5, 1],
        ),
        ({"²1.weight": (1, 3), "²0.weight": (3, 2)}, [2, 3, 1]),
        (
            {"blocks.1.b.weight": (5, 5), "blocks.1.a.weight": (5, 4), "blocks.0.a.weight": (4, 3)},
            [3, 4, 5, 5],
        ),
    ],
)
def test_layers_stand_in_the_order_of_their_numbers_and_shapes(shapes, order):
    opened = network(saved({name: ones(*shape) for name, shape in shapes.items()}), ("relu",) * len(shapes))
    assert list(opened.sizes) == order


def test_two_layers_may_share_a_tensor_as_pytorch_saves_them():
    data = saved(
        {"0.weight": [[1, 2], [3, 4]], "0.bias": [5, 6], "2.bias": [7, 8]}, **{"2.weight": "0.weight"}
    )
    first, second = network(data, ("relu", "relu")).layers
    assert second.weights.tolist() == first.weights.tolist() == [[1, 2], [3, 4]]
    assert second.biases.tolist() == [7, 8]


def test_layers_of_one_shape_stand_in_the_order_in_which_their_names_count():
    tensors = {f"fc{k}.weight": np.full((2, 2), k, "<f4") for k in (10, 9, 1)}
    opened = network(saved(tensors), ("relu",) * 3)
    assert [layer.weights[0, 0] for layer in opened.layers] == [1, 9, 10]


@pytest.mark.parametrize("kind", ["<f8", "<f4", "<f2"])
def test_floats_of_every_size_open(kind):
    opened = network(saved({"weight": np.array([[0.1, -3]], kind)}), ("relu",))
    assert opened.layers[0].weights.tolist() == np.array([[0.1, -3]], kind).tolist()


def test_bfloat16_is_the_upper_half_of_a_float32():
    halves = (np.array([[1.5, -3.0]], "<f4").view("<u4") >> 16).astype("<u2")
    assert network(saved({"weight": halves}), ("relu",)).layers[0].weights.tolist() == [[1.5, -3.0]]


def head(**changes):
    return {"weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4], **changes}}


FAR = {"a.weight": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]}}
REFUSED = {
    "expected a header of up to 1,048,576 bytes, found one of 18,446,744,073,709,551,615": b"\xff" * 8 + b"{",
    "expected a header of up to 1,048,576 bytes, found one of 1,048,577": framed(b" " * 1_048_577),
    "the file is cut off: it has 9 bytes, its header needs 508": struct.pack("<Q", 500) + b"{",
    "line 1, column 2: the JSON is broken here": framed(b"{{}"),
    "line 1: this is not UTF-8 text": framed(b'{"\xff":1}'),
    "the JSON is nested too deeply": framed(b'{"a":' * 50_000),
    "the key 'weight' stands twice": framed(b'{"weight": 1, "weight": 2}'),
    "the file holds no dense layer": framed({}),
    "weight: unknown key 'more'": framed(head(more=1)),
    "weight.shape[0]: expected a whole number, found a decimal number": framed(head(shape=[1.5, 1])),
    "expected a header in braces": framed(b"[1, 2]"),
    "the file is cut off: it has 81 bytes, its tensors need 85": framed(
        head(shape=[1, 2], data_offsets=[0, 8]), bytes(4)
    ),
    "1: it is a normalisation, which is no dense layer; in Python make it part of the one before": saved(
        {"0.weight": ones(1, 1), "1.weight": [1.0], "1.num_batches_tracked": np.array(1, "<i8")}
    ),
    "weight: expected its bytes from 0 on, within 4, found -4 to 0": framed(
        head(data_offsets=[-4, 0]), bytes(4)
    ),
    "weight: expected its bytes from 0 on, within 8, found 4 to 8": framed(
        head(data_offsets=[4, 8]), bytes(8)
    ),
    "weight: expected its bytes from 4 on, within 4, found 0 to 4": framed({**FAR, **head()}, bytes(4)),
    "4 bytes behind the last tensor belong to none": framed(head(), bytes(8)),
    "weight: 4 bytes are not what a tensor of its shape [100000000, 100000000] takes": framed(
        head(shape=[10**8, 10**8]), bytes(4)
    ),
    "'weight' of shape [9, 9, 9, 9, ": framed(head(shape=[9] * 100_000), bytes(4)),
    "'foo' of shape [] is neither the weight, a matrix, nor": saved({"foo": np.array(1, "<f4")}),
    "weight: 4 bytes are not what a tensor of its shape [-1, -1] takes": framed(
        head(shape=[-1, -1]), bytes(4)
    ),
    "fc.weight: expected one of F64, F32, F16, BF16, found 'I64'": saved(
        {"fc.weight": np.eye(2, dtype="<i8")}
    ),
    "'step' of shape [1] is neither the weight, a matrix, nor": saved({"step": np.array([1], "<i8")}),
    "'bn.mean' of shape [2] is neither the weight, a matrix, nor the bias, a row, of a dense layer": (
        saved({"bn.mean": [1, 2]})
    ),
    "'conv.weight' of shape [1, 1, 3, 3] is neither the weight, a matrix": saved(
        {"conv.weight": np.ones((1, 1, 3, 3), "<f4")}
    ),
    "there is no weight to the bias 'fc.bias'": saved({"fc.bias": [1]}),
    "fc2: expected 3 inputs, one for each node of the layer before, found 4": saved(
        {"fc1.weight": ones(3, 2), "fc2.weight": ones(1, 4)}
    ),
    "which of 'a' and 'b' comes first cannot be told from names and shapes": saved(
        {"a.weight": ones(2, 2), "b.weight": ones(2, 2)}
    ),
    "fc.weights[0][1]: expected a finite number, found NaN": saved(
        {"fc.weight": [[1, float("nan")]]}, **{"nnviz.activations": "relu"}
    ),
    "fc.weights[0][0]: expected a finite number, found NaN": saved(
        {"fc.weight": np.array([[0x7F800001]], "<u4").view("<f4")}, **{"nnviz.activations": "relu"}
    ),
    "expected 1 activation, one for each layer, found 2": saved(
        {"fc.weight": [[1]]}, **{"nnviz.activations": "relu,relu"}
    ),
    "fc.activation: no activation is called 'cube'": saved(
        {"fc.weight": [[1]]}, **{"nnviz.activations": "cube"}
    ),
    "expected at most 500 layers, found 501": saved({f"{k}.weight": ones(1, 1) for k in range(501)}),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_is_no_network_or_an_attack_is_refused(sentence):
    assert refused(REFUSED[sentence]).startswith(sentence)


def test_other_metadata_is_passed_over():
    data = saved({"weight": [[1]]}, format="pt", anything="else")
    assert network(data, ("relu",)).sizes == (1, 1)


@pytest.mark.parametrize("length", [640, 896, 1152, 1408])
def test_a_length_that_begins_as_a_pickle_does_is_none(tmp_path, length):
    text = json.dumps(head()).encode().ljust(length)
    (tmp_path / "a.safetensors").write_bytes(framed(text, bytes(4)))
    assert load(tmp_path / "a.safetensors", activations=["relu"]).network.sizes == (1, 1)
