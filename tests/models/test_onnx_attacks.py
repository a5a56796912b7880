"""ONNX files that are made to do harm: none opens another file, and none takes much time or memory."""

import subprocess
import sys

import pytest
from onnx import TensorProto

from nnviz.files.errors import FileError
from nnviz.files.registry import read
from nnviz.files.source import Source
from tests.models.onnx_files import bytes_of, field, graph_of, nested, numbers

W = {"w": numbers(3, 2)}
GEMM = [("Gemm", ["x", "w"], "y")]


def external(location, **more):
    said = {"data_location": TensorProto.EXTERNAL, "dims": [3, 2], **more}
    own = TensorProto(name="w", data_type=TensorProto.FLOAT, **said)
    for key, value in {"location": location, "offset": "0", "length": "24"}.items():
        own.external_data.add(key=key, value=value)
    return own


def in_a_constant(tensor):
    return bytes_of([("Constant", [], "w", {"value": tensor}), *GEMM], {}, 3)


OUTSIDE = {
    "above": "../../../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "a parent in the middle": "a/../../etc/passwd",
    "beside": "weights.bin",
    "nothing": "",
}
EXTERNAL = {
    **{name: bytes_of(GEMM, {"w": external(place)}, 3) for name, place in OUTSIDE.items()},
    "in a constant": in_a_constant(external(OUTSIDE["above"])),
    "said to be inside": bytes_of(GEMM, {"w": external("../w", data_location=0)}, 3),
    "of a tensor that is not used": bytes_of(GEMM, {**W, "v": external("../w")}, 3),
    "with numbers as well": bytes_of(GEMM, {"w": external("../w", float_data=[0.0] * 6)}, 3),
}

opened = []
sys.addaudithook(lambda event, args: opened.append(args) if event == "open" else None)


@pytest.mark.parametrize("name", EXTERNAL)
def test_numbers_in_other_files_are_refused_and_no_file_is_opened(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(24))
    read(Source(bytes_of(GEMM, W, 3)))  # what is imported has been
    opened.clear()
    with pytest.raises(FileError, match="stand in another file, which nnviz does not open"):
        read(Source(EXTERNAL[name]))
    assert opened == []
    assert [path.name for path in tmp_path.iterdir()] == ["weights.bin"]


BIG = 20_000_000


def shared_weights():
    """Return 500 layers of 4,000,000 weights each, in 16 MB."""
    own = TensorProto(name="w", data_type=1, dims=[2000, 2000], raw_data=bytes(16_000_000))
    nodes = [("Gemm", [f"v{k}" if k else "x", "w"], f"v{k + 1}") for k in range(500)]
    return bytes_of(nodes, {"w": own}, 2000, output="v500")


def doubled():
    """Return a product of 2³⁰⁰ factors."""
    nodes = [("Gemm", ["x", "w"], "v0")] + [("Mul", [f"v{k}"] * 2, f"v{k + 1}") for k in range(300)]
    return bytes_of(nodes, W, 3, output="v300")


def scaled(count):
    """Return 9000 products of what a large layer gives and `count` numbers; the end is refused."""
    own = TensorProto(name="w", data_type=1, dims=[2000, 2000], raw_data=bytes(16_000_000))
    nodes = [("Gemm", ["x", "w"], "v0")] + [("Mul", [f"v{k}", "c"], f"v{k + 1}") for k in range(9000)]
    nodes += [("Relu", ["v9000"], "a"), ("Tanh", ["a"], "y")]
    return bytes_of(nodes, {"w": own, "c": numbers(count)}, 2000)


def many_tensors():
    """Return tensors of 16 bits that are added one after the other, in 100 MB."""
    own = [
        TensorProto(name=f"b{k}", data_type=10, dims=[10**6], raw_data=bytes(2 * 10**6)) for k in range(50)
    ]
    nodes = [("Add", [f"v{k}" if k else "x", f"b{k}"], f"v{k + 1}") for k in range(50)]
    return bytes_of(nodes, {tensor.name: tensor for tensor in own}, 10**6, output="v50")


def numbers_of(operator, name, number, one=bytes(4)):
    """Return a node with an attribute of as many numbers as fit."""
    kind = {7: b"\xa0\x01\x06", 8: b"\xa0\x01\x07"}[number]
    attribute = field(1, name.encode()) + kind + field(number, one * 11_000_000)
    said = field(1, b"y") + field(2, b"z") + field(4, operator.encode()) + field(5, attribute)
    return field(7, TO_Z + field(1, said))


TO_Y, TO_Z = (graph_of([("Gemm", ["x", "w"], "y")], {}, 3, output=own).SerializeToString() for own in "yz")
BOMBS = {
    "empty nodes": lambda: field(7, b"\x0a\x00" * BIG),
    "empty tensors": lambda: field(7, b"\x2a\x00" * BIG),
    "empty texts": lambda: b"\x08\x07" + b"\x12\x00" * BIG,
    "empty metadata": lambda: b"\x72\x00" * BIG,
    "empty versions": lambda: b"\x42\x00" * BIG,
    "small sizes": lambda: field(7, field(5, field(1, b"\x01" * BIG))),
    "small numbers": lambda: field(7, field(5, field(7, b"\x01" * BIG))),
    "many sizes": lambda: field(7, TO_Y + field(5, field(8, b"w") + field(1, b"\x01" * 11_000_000))),
    "a constant of many numbers": lambda: numbers_of("Constant", "value_floats", 7),
    "an operator of many numbers": lambda: numbers_of("Relu", "scale", 7),
    "an operator of many whole numbers": lambda: numbers_of("Relu", "scale", 8, b"\x01"),
    "unknown fields": lambda: b"\xf8\x07\x01" * BIG,
    "nothing but depth": lambda: nested(30_000),
    "weights that many layers share": shared_weights,
    "a product of products": doubled,
    "products one after the other": lambda: scaled(2000),
    "products with one number": lambda: scaled(1),
    "many large tensors": many_tensors,
    "a long text": lambda: field(2, b"a" * BIG),
}
MEGABYTES, SECONDS = 300, 5.0

PROGRAM = r"""
import re, sys, time
from pathlib import Path
import onnx
from nnviz.files.errors import FileError
from nnviz.files.models.onnx import reading
from nnviz.files.registry import read
from nnviz.files.source import Source

def most():
    status = Path("/proc/self/status")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) if status.exists() else 0

data = sys.stdin.buffer.read()
before, began = most(), time.process_time()
try:
    read(Source(data, Path("model.onnx")))
except FileError as error:
    print(error)
print(time.process_time() - began, (most() - before) / 1024)
"""
"""Linux tells of this process alone how much memory it has had; elsewhere the time alone is looked at."""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_takes_time_or_memory(name):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=BOMBS[name](), capture_output=True, check=True
    )
    sentence, used = done.stdout.decode().splitlines()
    seconds, megabytes = map(float, used.split())
    print(name, sentence, seconds, megabytes)
    assert sentence
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
