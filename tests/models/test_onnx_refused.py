"""ONNX files that are broken, hold no chain of dense layers or are made to do harm: one sentence each."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from nnviz.files.models import onnx_chain, sandbox
from nnviz.files.registry import read
from nnviz.files.source import Source
from tests.files.helpers import names, refusals
from tests.models.onnx_files import bytes_of, field, graph_of, model_of, nested, numbers

W, C = {"w": numbers(3, 2)}, numbers(2)
GEMM, TO_Z = [("Gemm", ["x", "w"], "y")], [("Gemm", ["x", "w"], "z")]


def with_tensor(**fields):
    """Return a model whose weights are a tensor of these fields."""
    own = TensorProto(name="w", data_type=fields.pop("data_type", TensorProto.FLOAT), **fields)
    return bytes_of(GEMM, {"w": own}, 3)


def of_nodes(*nodes):
    graph = graph_of([], W, 3)
    graph.node.extend(nodes)
    return model_of(graph).SerializeToString()


def changed(change):
    graph = graph_of(GEMM, W, 3)
    change(graph)
    return model_of(graph).SerializeToString()


def with_functions():
    relu = helper.make_function("", "Relu", ["x"], ["y"], [helper.make_node("Exp", ["x"], ["y"])], [])
    graph = graph_of([*TO_Z, ("Relu", ["z"], "y")], W, 3)
    return model_of(graph, functions=[relu]).SerializeToString()


def whole_numbers():
    nodes = [("Div", ["x", "two"], "h"), ("Cast", ["h"], "f", {"to": TensorProto.FLOAT})]
    graph = graph_of([*nodes, ("Gemm", ["f", "w"], "y")], {**W, "two": np.int64(2)}, 3)
    graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    return model_of(graph).SerializeToString()


def on_w(*nodes, of=C):
    """Return a model of nodes behind the layer z, in which the constant c may stand."""
    return bytes_of([*TO_Z, *nodes], {**W, "c": of}, 3)


def of_sizes():
    much = 2**40
    flat = [("Flatten", ["x"], "f"), ("Gemm", ["f", "w"], "y")]
    rounded = [("Cast", ["w"], "i", {"to": 6}), ("Cast", ["i"], "f", {"to": 1}), ("Gemm", ["x", "f"], "y")]
    texts = {"data_type": TensorProto.STRING, "string_data": [b"a"] * 6}
    return {
        "a claim of more than fits": with_tensor(dims=[much, much]),
        "a claim beyond 64 bits": with_tensor(dims=[2**62] * 3),
        "a claim of nothing": with_tensor(dims=[0, 2**62]),
        "less than nothing": with_tensor(dims=[-3, -2]),
        "many dimensions": with_tensor(dims=[1] * 10_000),
        "too few numbers": with_tensor(dims=[3, 2], float_data=[1.0] * 5),
        "too many bytes": with_tensor(dims=[3, 2], raw_data=bytes(28)),
        "half a number": with_tensor(dims=[3, 2], raw_data=bytes(23)),
        "no numbers": with_tensor(dims=[3, 2]),
        "texts": with_tensor(dims=[3, 2], **texts),
        "an unknown kind": with_tensor(dims=[3, 2], data_type=99),
        "numbers that are none": with_tensor(dims=[3, 2], float_data=[float("nan")] * 6),
        "an input of another width": bytes_of(GEMM, W, 10**15),
        "an input of many dimensions": bytes_of(flat, W, 3, dims=[2**62] * 50_000),
        "layers that do not meet": bytes_of([*TO_Z, ("Gemm", ["z", "w"], "y")], W, 3),
        "whole numbers that are divided": whole_numbers(),
        "weights that are rounded": bytes_of(rounded, W, 3),
    }


def of_graphs():
    condition = {"then_branch": graph_of([], {}, 3), "else_branch": graph_of([], {}, 3)}
    loop = helper.make_node("Loop", ["", "", "x"], ["y"], "loop", body=graph_of([], {}, 3))
    evil_constant = helper.make_node("Identity", ["w"], ["v"], "i", domain="evil")
    evil_gate = helper.make_node("Sigmoid", ["z"], ["gate"], "s", domain="evil")
    itself = [("Relu", ["b"], "a"), ("Relu", ["a"], "b"), ("Gemm", ["b", "w"], "y")]
    constant = [("Identity", ["v"], "u"), ("Identity", ["u"], "v"), ("Gemm", ["x", "v"], "y")]
    label = TensorProto.INT64
    return {
        "a condition": of_nodes(helper.make_node("If", ["c"], ["y"], "if", **condition)),
        "a loop": of_nodes(loop),
        "a few graphs within graphs": nested(5),
        "many graphs within graphs": nested(2000),
        "functions that change operators": with_functions(),
        "somebody's own operator": of_nodes(helper.make_node("Gemm", ["x", "w"], ["y"], "g", domain="evil")),
        "somebody's own operator by a known name, for a constant": of_nodes(
            evil_constant, helper.make_node("Gemm", ["x", "v"], ["y"])
        ),
        "somebody's own operator by a known name, in a gate": of_nodes(
            helper.make_node("Gemm", ["x", "w"], ["z"]),
            evil_gate,
            helper.make_node("Mul", ["z", "gate"], ["y"]),
        ),
        "a value that depends on itself": bytes_of(itself, W, 3),
        "a constant that depends on itself": bytes_of(constant, W, 3),
        "two values of one name": changed(lambda own: own.initializer.append(own.initializer[0])),
        "a constant for a prediction": bytes_of(GEMM, W, 3, output="w"),
        "a prediction that nothing makes": bytes_of(GEMM, W, 3, output="q"),
        "no output": changed(lambda own: own.ClearField("output")),
        "a label alone": changed(lambda own: setattr(own.output[0].type.tensor_type, "elem_type", label)),
        "two inputs": changed(lambda own: own.input.append(helper.make_tensor_value_info("v", 1, [2]))),
        "no input": changed(lambda own: own.ClearField("input")),
        "no graph": b"\x08\x07\x12\x01a",
        "no layer": bytes_of([("Identity", ["x"], "y")], {}, 3),
        "sparse weights": changed(
            lambda own: own.sparse_initializer.add().values.MergeFrom(TensorProto(name="s"))
        ),
    }


def of_operators():
    batch = [("BatchNormalization", ["z", "c", "c", "c", "c"], "y")]
    reshape = [("Reshape", ["z", "s"], "y"), ("Constant", [], "s", {"value_ints": [-1, 4]})]
    dequantize = [("DequantizeLinear", ["w", "c"], "f"), ("Gemm", ["x", "f"], "y")]
    softplus = [("Softplus", ["z"], "s"), ("Greater", ["z", "c"], "g"), ("Where", ["g", "z", "s"], "y")]
    return {
        "a convolution": bytes_of([("Conv", ["x", "w"], "y")], W, 3),
        "a name that would turn the sentence around": of_nodes(
            helper.make_node("Conv", ["x", "w"], ["y"], "\u202ea\n\u2066b")
        ),
        "a branch": on_w(("Relu", ["z"], "a"), ("Add", ["a", "z"], "y")),
        "a gate": on_w(("Tanh", ["z"], "a"), ("Mul", ["a", "z"], "y")),
        "attention": on_w(("MatMul", ["z", "z"], "y")),
        "a log of a softmax": on_w(("LogSoftmax", ["z"], "y")),
        "weights in whole numbers": bytes_of(dequantize, {**W, "c": numbers(1)}, 3),
        "a normalisation": on_w(*batch),
        "a softmax over rows": on_w(("Softmax", ["z"], "y", {"axis": 0})),
        "a GELU by tanh": on_w(("Gelu", ["z"], "y", {"approximate": "tanh"})),
        "another SELU": on_w(("Selu", ["z"], "y", {"alpha": 2.0})),
        "a leak that is none": on_w(("LeakyRelu", ["z"], "y", {"alpha": float("nan")})),
        "a softplus that passes small numbers on": on_w(*softplus, of=np.float32(2)),
        "an unknown attribute": on_w(("Relu", ["z"], "y", {"at": 1})),
        "an attribute of another type": on_w(("LeakyRelu", ["z"], "y", {"alpha": "much"})),
        "two activations": on_w(("Relu", ["z"], "a"), ("Tanh", ["a"], "y")),
        "numbers behind the last layer": on_w(("Tanh", ["z"], "a"), ("Add", ["a", "c"], "y")),
        "a division by the input": on_w(("Div", ["c", "z"], "y")),
        "a division by nothing": on_w(("Div", ["z", "c"], "y"), of=np.zeros(1, "f4")),
        "an operator without inputs": bytes_of([("Gemm", [], "y")], {}, 3),
        "a product of one": bytes_of([("Mul", ["x"], "y")], {}, 3),
        "a reshape that joins rows": on_w(*reshape),
    }


def of_bytes():
    return {
        "half a file": bytes_of(GEMM, W, 3)[:-9],
        "a text that is none": b"\x08\x07\x12\x01\xff",
        "a group": b"\x08\x07\x1b\x1c",
        "a number without end": b"\x08" + b"\xff" * 50,
    }


def read_silently(data):
    source = Source(data, Path("model.onnx"))
    try:
        read(source)
    finally:
        assert source.notes == []


def test_what_is_no_chain_of_dense_layers_is_refused_in_one_sentence_with_its_place(approved):
    cases = {**of_sizes(), **of_graphs(), **of_operators(), **of_bytes()}
    approved("refused ONNX models", refusals(cases, read_silently))


# Numbers that stand in other files


def external(location, **more):
    fields = {"data_location": TensorProto.EXTERNAL, "dims": [3, 2], **more}
    own = TensorProto(name="w", data_type=TensorProto.FLOAT, **fields)
    for key, value in {"location": location, "offset": "0", "length": "24"}.items():
        own.external_data.add(key=key, value=value)
    return own


ABOVE = "../../../../../../etc/passwd"
EXTERNAL = {
    "above": {"w": external(ABOVE)},
    "absolute": {"w": external("/etc/passwd")},
    "a parent in the middle": {"w": external("a/../../etc/passwd")},
    "beside": {"w": external("weights.bin")},
    "nothing": {"w": external("")},
    "said to be inside": {"w": external("../w", data_location=0)},
    "of a tensor that is not used": {**W, "v": external("../w")},
    "with numbers as well": {"w": external("../w", float_data=[0.0] * 6)},
}
opened_files = []
sys.addaudithook(lambda event, args: opened_files.append(args) if event == "open" else None)


def test_numbers_in_other_files_are_refused_and_no_file_is_opened(tmp_path, monkeypatch, approved):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    cases = {name: bytes_of(GEMM, tensors, 3) for name, tensors in EXTERNAL.items()}
    cases["in a constant"] = bytes_of([("Constant", [], "w", {"value": external(ABOVE)}), *GEMM], {}, 3)
    onnx_chain.warm_up()  # what is imported has been
    opened_files.clear()
    told = refusals(cases, onnx_chain.read)
    assert opened_files == []
    assert names(tmp_path) == ["weights.bin"]
    approved("numbers in other files", told)


# What takes time or memory

BIG = 20_000_000


def large_layer():
    return TensorProto(name="w", data_type=1, dims=[2000, 2000], raw_data=bytes(16_000_000))


def shared_weights():
    """Return 500 layers of 4,000,000 weights each, in 16 MB."""
    nodes = [("Gemm", [f"v{k}" if k else "x", "w"], f"v{k + 1}") for k in range(500)]
    return bytes_of(nodes, {"w": large_layer()}, 2000, output="v500")


def doubled():
    """Return a product of 2³⁰⁰ factors."""
    nodes = [("Gemm", ["x", "w"], "v0")] + [("Mul", [f"v{k}"] * 2, f"v{k + 1}") for k in range(300)]
    return bytes_of(nodes, W, 3, output="v300")


def scaled(count):
    """Return 9000 products of a large layer's output and `count` numbers; the last one is refused."""
    nodes = [("Gemm", ["x", "w"], "v0")] + [("Mul", [f"v{k}", "c"], f"v{k + 1}") for k in range(9000)]
    nodes += [("Relu", ["v9000"], "a"), ("Tanh", ["a"], "y")]
    return bytes_of(nodes, {"w": large_layer(), "c": numbers(count)}, 2000)


def many_tensors():
    """Return tensors of 16 bits that are added one after the other, in 100 MB."""
    halves = {"data_type": 10, "dims": [10**6], "raw_data": bytes(2 * 10**6)}
    tensors = {f"b{k}": TensorProto(name=f"b{k}", **halves) for k in range(50)}
    nodes = [("Add", [f"v{k}" if k else "x", f"b{k}"], f"v{k + 1}") for k in range(50)]
    return bytes_of(nodes, tensors, 10**6, output="v50")


def of_constants(operator, *shapes):
    """Return a layer with weights that a node computes from a few constants."""
    tensors = {f"c{k}": numbers(*shape) for k, shape in enumerate(shapes)}
    return bytes_of([(operator, [*tensors], "w"), ("Gemm", ["x", "w"], "y")], tensors, 3)


def on_inputs(operator, *shapes):
    """Return a node that computes many numbers from 9000 inputs and a few constants."""
    tensors = {f"c{k}": numbers(*shape) for k, shape in enumerate(shapes)}
    return bytes_of([(operator, [*tensors, "x"], "y")], tensors, 9000, dims=("rows", 1))


def conv(**settings):
    """Return a convolution of 28 × 28 pixels."""
    nodes = [("Conv", ["x", "w"], "y", settings)]
    return bytes_of(nodes, {"w": numbers(4, 1, 2, 2)}, 28, dims=("rows", 1, 28))


def numbers_of(operator, name, number, one=bytes(4)):
    """Return a node with an attribute of as many numbers as fit."""
    kind = {7: b"\xa0\x01\x06", 8: b"\xa0\x01\x07"}[number]
    attribute = field(1, name.encode()) + kind + field(number, one * 11_000_000)
    node = field(1, b"y") + field(2, b"z") + field(4, operator.encode()) + field(5, attribute)
    return field(7, to("z") + field(1, node))


def to(output):
    return graph_of(GEMM, {}, 3, output=output).SerializeToString()


OF_PARTS = {
    "empty nodes": lambda: field(7, b"\x0a\x00" * BIG),
    "empty tensors": lambda: field(7, b"\x2a\x00" * BIG),
    "empty texts": lambda: b"\x08\x07" + b"\x12\x00" * BIG,
    "empty metadata": lambda: b"\x72\x00" * BIG,
    "empty versions": lambda: b"\x42\x00" * BIG,
    "small sizes": lambda: field(7, field(5, field(1, b"\x01" * BIG))),
    "small numbers": lambda: field(7, field(5, field(7, b"\x01" * BIG))),
    "many sizes": lambda: field(7, to("y") + field(5, field(8, b"w") + field(1, b"\x01" * 11_000_000))),
    "a constant of many numbers": lambda: numbers_of("Constant", "value_floats", 7),
    "an operator of many numbers": lambda: numbers_of("Relu", "scale", 7),
    "an operator of many whole numbers": lambda: numbers_of("Relu", "scale", 8, b"\x01"),
    "unknown fields": lambda: b"\xf8\x07\x01" * BIG,
    "nothing but depth": lambda: nested(30_000),
}
"""Files of many small parts, for which the memory of the process that reads them is the limit."""
BOMBS = {
    **OF_PARTS,
    "weights that many layers share": shared_weights,
    "a product of products": doubled,
    "products one after the other": lambda: scaled(2000),
    "products with one number": lambda: scaled(1),
    "many large tensors": many_tensors,
    "a product of a column and a row": lambda: of_constants("MatMul", (10**6, 1), (1, 10**6)),
    "a product of a row and a column": lambda: of_constants("Gemm", (10**6, 1), (1, 10**6)),
    "a sum of a column and a row": lambda: of_constants("Add", (10**6, 1), (1, 10**6)),
    "a sum of the inputs and a column": lambda: on_inputs("Add", (10**6, 1)),
    "a choice between many": lambda: on_inputs("Where", (10**6, 1), (1, 1)),
    "a product with a column": lambda: on_inputs("MatMul", (10**6, 1)),
    "a convolution with wide edges": lambda: conv(pads=[9000] * 4),
    "a convolution with wide gaps": lambda: conv(dilations=[9000, 9000]),
    "a convolution with far too many places": lambda: conv(pads=[500] * 4),
    "a long text": lambda: field(2, b"a" * BIG),
}
MEGABYTES, SECONDS = 400, 5.0

PROGRAM = r"""
import re, sys, time
from pathlib import Path
from nnviz.files.errors import FileError
from nnviz.files.models import onnx_chain, sandbox

status = Path("/proc/self/status")
status = status.open() if status.exists() else None

def most():
    if status is None:
        return 0
    status.seek(0)
    return int(re.search(r"VmHWM:\s+(\d+)", status.read())[1])

data = sys.stdin.buffer.read()
onnx_chain.warm_up()
sandbox.limit()
before, began = most(), time.process_time()
try:
    onnx_chain.read(data)
except FileError as error:
    print(error)
print(time.process_time() - began, (most() - before) / 1024)
"""
"""What the process that reads a model does.

Linux tells of this process alone how much memory it has had; elsewhere the time alone is looked at.
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_takes_time_or_memory(name):
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, input=BOMBS[name](), capture_output=True, check=True)
    sentence, used = done.stdout.decode().splitlines()
    seconds, megabytes = map(float, used.split())
    assert sentence
    assert seconds < SECONDS
    assert megabytes < (sandbox.MEMORY / 2**20 if name in OF_PARTS else MEGABYTES)
