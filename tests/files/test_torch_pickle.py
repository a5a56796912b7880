"""Hostile PyTorch files: nothing in a pickle is looked up or run, and nothing takes much memory or time."""

import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from nnviz.files.errors import FileError
from nnviz.files.models import torch_pickle
from nnviz.files.registry import read
from nnviz.files.source import Source
from tests.files.helpers import refusals, refused
from tests.readers import heard
from tests.torch_files import (
    EMPTY_TUPLE,
    MAGIC,
    MARK,
    NONE,
    REBUILD,
    Storages,
    archive,
    call,
    dictionary,
    examples,
    linear,
    listed,
    module,
    name,
    normalisation,
    number,
    old_file,
    state_dict,
    storage,
    tensor,
    text,
    together,
    zipped,
)

SECONDS, MEGABYTES = 2.0, 200
COMMAND = text(f'{sys.executable} -c \'open("harmed", "w")\'')
SYSTEM = name("os", "system")


def opened(data):
    """Read a file in this process, without the sandbox; nothing is run, and that soon."""
    began = time.process_time()
    with heard() as deeds:
        try:
            return torch_pickle.read(data)
        finally:
            harmless = {"object.__getattr__", "sys._getframe", "array.__new__"}
            assert not {event for event, _ in deeds if event not in harmless}
            assert time.process_time() - began < SECONDS


def in_weights(value):
    """Return a file in which a value is the weights of a layer."""
    return archive(dictionary({"0.weight": value}), {"0": bytes(24)})


def beside_weights(value):
    """Return a file in which a value stands before the weights, and is taken from the stack again."""
    own = Storages()
    return archive(value + b"0" + state_dict(own), own.data)


RUN = {
    "a call": call(SYSTEM, COMMAND),
    "a call by names on the stack": text("os") + text("system") + b"\x93" + together(COMMAND) + b"R",
    "NEWOBJ": SYSTEM + together(COMMAND) + b"\x81",
    "NEWOBJ_EX": SYSTEM + together(COMMAND) + b"}\x92",
    "exec": call(name("builtins", "exec"), COMMAND),
    "eval of Python 2": call(name("__builtin__", "eval"), COMMAND),
    "getattr": call(call(name("builtins", "getattr"), name("builtins", "os"), text("system")), COMMAND),
    "an import": call(name("importlib", "import_module"), text("antigravity")),
    "a name of a name": call(name("os", "path.os.system"), COMMAND),
    "a state": SYSTEM + EMPTY_TUPLE + b"\x81" + dictionary({"__setstate__": SYSTEM}) + COMMAND + b"b",
    "a state of a name": SYSTEM + COMMAND + b"b",
    "a partial": call(call(name("functools", "partial"), SYSTEM), COMMAND),
    "a pickle in a pickle": call(name("pickle", "loads"), text("cos\nsystem\n")),
    "torch's own loader": call(name("torch.storage", "_load_from_bytes"), text("cos\nsystem\n")),
    "a type of tensor": call(name("torch._tensor", "_rebuild_from_type_v2"), SYSTEM, SYSTEM, COMMAND, NONE),
}
"""Values that run a command, or bring in a module, where they are unpickled."""


@pytest.mark.parametrize("case", RUN)
def test_nothing_in_a_pickle_is_run(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError):
        opened(archive(RUN[case]))
    with pytest.raises(FileError):
        opened(in_weights(RUN[case]))
    own = Storages()
    value = state_dict(own)
    with pytest.raises(FileError):
        opened(old_file(RUN[case], own.data, keys=listed()))
    _, expected = opened(archive(value, own.data))
    _, arrays = opened(beside_weights(RUN[case]))
    assert arrays.keys() == expected.keys()
    assert os.listdir(tmp_path) == []


def test_the_first_attacks_are_attacks(tmp_path):
    """Python itself runs the command in each of the first opcodes."""
    program = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    for value in (RUN["a call"], RUN["a call by names on the stack"], OPCODES["INST"], OPCODES["OBJ"]):
        data = b"\x80\x04" + value + b"."
        subprocess.run([sys.executable, "-c", program], input=data, cwd=tmp_path, check=True)
        assert (tmp_path / "harmed").exists()
        (tmp_path / "harmed").unlink()


FOUR = storage("0", 6)
OPCODES = {
    "INST": MARK + COMMAND + b"ios\nsystem\n",
    "OBJ": MARK + SYSTEM + COMMAND + b"o",
    "EXT1": b"\x82\x01",
    "EXT2": b"\x83\x01\x00",
    "EXT4": b"\x84\x01\x00\x00\x00",
    "a persistent name as text": b"Pos.system\n",
    "an empty persistent name": EMPTY_TUPLE + b"Q",
    "a call as persistent name": call(SYSTEM, COMMAND) + b"Q",
    "another persistent name": together(text("file"), SYSTEM, text("0"), NONE, number(6)) + b"Q",
    "a storage without a class": together(text("storage"), NONE, text("0"), NONE, number(6)) + b"Q",
    "a storage of half a number": together(text("storage"), SYSTEM, text("0"), NONE, NONE) + b"Q",
    "a storage with no text as name": together(text("storage"), SYSTEM, b"K\x01", NONE, b"K\x01") + b"Q",
    "a storage of two sizes": together(FOUR, storage("0", 7)),
    "a storage of two types": together(FOUR, storage("0", 6, "IntStorage")),
    "a view of a storage": together(text("storage"), SYSTEM, text("0"), NONE, b"K\x06", together(b"K\x01"))
    + b"Q",
    "a buffer": b"\x97",
    "an unknown opcode": b"\xff",
    "no such memo": b"h\x07",
    "nothing on the stack": b"R",
    "no mark": b"t",
    "a tensor of nothing": call(REBUILD),
    "a parameter of nothing": name("torch._utils", "_rebuild_parameter") + EMPTY_TUPLE + b"R",
    "texts cut off": b"X\xff\xff\xff\xff",
    "a length below 0": b"T\xff\xff\xff\xff",
    "a giant length": b"\x8d" + b"\xff" * 8,
    "a giant whole number": b"\x8b\xff\xff\xff\x7f",
    "a number of many digits": b"I" + b"9" * 10_000 + b"\n",
    "no whole number": b"Ix\n",
    "half a pair": b"}(K\x01u",
    "names that are no texts": listed() + listed() + b"\x93",
    "the end of an empty stack": b".",
}
SHAPES = {
    "a size below 0": tensor(FOUR, (-1, 3), (3, 1)),
    "a stride below 0": tensor(FOUR, (2, 3), (-3, 1)),
    "an offset below 0": tensor(FOUR, (2, 3), (3, 1), -1),
    "an offset beyond the end": tensor(FOUR, (2, 3), (3, 1), 1),
    "a huge offset": tensor(FOUR, (2, 3), (3, 1), 2**62),
    "an offset beyond the end of nothing": tensor(FOUR, (0, 3), (3, 1), 2**39),
    "a huge stride": tensor(FOUR, (2, 3), (2**62, 1)),
    "a stride beyond the end": tensor(FOUR, (2, 3), (4, 1)),
    "strides that overflow": tensor(FOUR, (2**32, 2**32), (2**32, 2**32)),
    "a huge size": tensor(FOUR, (2**62, 3), (0, 0)),
    "many numbers out of one": tensor(FOUR, (4_000, 1_001), (0, 0)),
    "sizes that overflow": tensor(FOUR, (2**33, 2**33), (0, 0)),
    "a giant size": tensor(FOUR, (2**2000, 3), (3, 1)),
    "more strides than sizes": tensor(FOUR, (2, 3), (3, 1, 1)),
    "many dimensions": tensor(FOUR, (1,) * 1000, (1,) * 1000),
    "a size that is True": call(
        REBUILD, FOUR, number(0), together(b"\x88", number(3)), together(number(3), number(1))
    ),
    "a size that is a text": call(
        REBUILD, FOUR, number(0), together(text("2"), number(3)), together(number(3), number(1))
    ),
    "a list of sizes": call(
        REBUILD, FOUR, number(0), listed(number(2), number(3)), together(number(3), number(1))
    ),
    "no storage": call(
        REBUILD, SYSTEM, number(0), together(number(2), number(3)), together(number(3), number(1))
    ),
    "a storage that is missing": tensor(storage("1", 6), (2, 3), (3, 1)),
    "a storage out of the archive": tensor(storage("../../secret", 6), (2, 3), (3, 1)),
    "a storage of more numbers": tensor(storage("0", 7), (2, 3), (3, 1)),
    "a storage of fewer numbers": tensor(storage("0", 5), (1, 3), (3, 1)),
    "a storage of a giant size": tensor(storage("0", 2**40), (2, 3), (3, 1)),
    "a storage of whole numbers": tensor(storage("0", 3, "LongStorage"), (1, 3), (3, 1)),
    "a storage of an unknown type": tensor(storage("0", 6, "TextStorage"), (2, 3), (3, 1)),
}


def zip64(change):
    """Return a valid archive with a ZIP64 record, in which `change` gets the two parts and the end."""
    own = Storages()
    data = archive(state_dict(own), own.data)
    end = len(data) - 22
    count, size, offset = struct.unpack_from("<HLL", data, end + 10)
    record = bytearray(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset))
    locator = bytearray(struct.pack("<4sLQL", b"PK\6\7", 0, offset + size, 1))
    parts = [data[:end], record, locator, bytearray(data[end:])]
    change(*parts[1:])
    return b"".join(map(bytes, parts))


def put(part, at, kind, value):
    return lambda *parts: struct.pack_into(kind, parts[part], at, value)


TWICE = {"model/data.pkl": b"\x80\x02}.", "other/data.pkl": b"\x80\x02}."}
ARCHIVES = {
    "no pickle": lambda: zipped({"model/version": b"3"}),
    "two pickles": lambda: zipped(TWICE),
    "a pickle in a folder": lambda: zipped({"a/b/data.pkl": b"\x80\x02}."}),
    "compressed": lambda: zipped({"model/data.pkl": b"\x80\x02}."}, how=8),
    "a name twice": lambda: zipped({"model/data.pkl": b"\x80\x02}.", "model/data.plk": b"."}).replace(
        b".plk", b".pkl"
    ),
    "a path that leads out": lambda: zipped({"model/data.pkl": b"\x80\x02}.", "../data/0": b""}),
    "TorchScript": lambda: archive(dictionary({}), **{"constants.pkl": b"\x80\x02)."}),
    "code": lambda: archive(dictionary({}), **{"code/__torch__.py": b"import os"}),
    "a ZIP64 record of another size": lambda: zip64(put(0, 40, "<Q", 1)),
    "a ZIP64 record on another disk": lambda: zip64(put(1, 4, "<L", 1)),
    "a ZIP64 record without a locator": lambda: zip64(lambda _record, locator, _end: locator.clear()),
    "a large pickle": lambda: archive(text("x" * (torch_pickle.MOST_BYTES + 1))),
}
OWN = Storages()
VALUE = state_dict(OWN)
OLD = {
    "only the beginning": lambda: MAGIC,
    "half of it": lambda: old_file(VALUE, OWN.data)[:-30],
    "no list of storages": lambda: old_file(VALUE, OWN.data, keys=NONE),
    "the name of no storage": lambda: old_file(VALUE, OWN.data, keys=listed(text("no"))),
    "a number as name of a storage": lambda: old_file(VALUE, OWN.data, keys=listed(b"K\x00")),
    "a storage of an unknown type": lambda: old_file(
        tensor(storage("0", 1, "Own"), (1,), (1,)), {"0": bytes(4)}
    ),
    "a giant storage": lambda: old_file(tensor(storage("0", 2**2000), (1,), (1,)), {"0": bytes(4)}),
}


def hostile():
    """Return the hostile files by name, made when they are needed."""
    made = {f"opcodes: {own}": lambda own=own: archive(OPCODES[own]) for own in OPCODES}
    made |= {f"a tensor: {own}": lambda own=own: in_weights(SHAPES[own]) for own in SHAPES}
    return (
        made
        | {f"an archive: {own}": ARCHIVES[own] for own in ARCHIVES}
        | {f"old: {own}": OLD[own] for own in OLD}
    )


def test_a_hostile_file_is_refused_in_a_sentence(approved):
    approved("hostile PyTorch files", refusals(hostile(), lambda make: opened(make())))


def test_a_consistent_zip64_record_is_accepted():
    assert len(opened(zip64(lambda *_: None))[1]) == 4


def nested_modules(depth, letters=1):
    value = linear(Storages(), 1, 1)
    for _ in range(depth):
        value = module("Sequential", {"a" * letters: value})
    return value


def doubled_modules():
    """Return a model in which each module has the one before it twice: 2⁴⁰ Linear layers."""
    value = linear(Storages(), 1, 1) + b"r\x00\x00\x01\x00"
    for k in range(40):
        memo = (65536 + k).to_bytes(4, "little")
        parts = {"a": b"j" + memo, "b": b"j" + memo}
        value += b"0" + module("Sequential", parts) + b"r" + (65537 + k).to_bytes(4, "little")
    return value


def itself(kind, others=""):
    """Return a module of a class that is its own part, beside others of four letters that are missing."""
    made = name("torch.nn", kind) + EMPTY_TUPLE + b"\x81q\x00"
    parts = {others[k : k + 4]: NONE for k in range(0, len(others), 4)}
    parts |= {"module": b"h\x00", "other": b"h\x00"}
    return made + dictionary({"_modules": dictionary(parts)}) + b"b"


BOMBS = {
    "lists that double": lambda: b"]q\x00" + b"0](h\x00h\x00eq\x00" * 40_000,
    "dictionaries that double": lambda: b"}q\x00" + b"0}(K\x01h\x00K\x02h\x00uq\x00" * 30_000,
    "one text often": lambda: text("x" * 10**6) + b"q\x00(" + b"h\x00" * 280_000 + b"l",
    "deep lists": lambda: b"]" * 140_000 + b"a" * 139_999,
    "deep tuples": lambda: EMPTY_TUPLE + b"\x85" * 280_000,
    "deep dictionaries": lambda: b"}K\x01" * 90_000 + b"}" + b"s" * 90_000,
    "deep calls": lambda: SYSTEM * 60_000 + EMPTY_TUPLE + b"R\x85" * 60_000,
    "deep states": lambda: (SYSTEM + EMPTY_TUPLE + b"R") * 70_000 + b"b" * 69_999,
    "a list in itself": lambda: b"]q\x00h\x00a",
    "marks": lambda: b"(" * 140_000 + b"t" * 140_000,
    "too many opcodes": lambda: b"N0" * 160_000,
    "deep modules": lambda: nested_modules(400),
    "modules with long names": lambda: nested_modules(20, 60),
    "modules that double": doubled_modules,
    "a module in itself": lambda: itself("Sequential"),
    "a wrapper of itself": lambda: itself("DataParallel"),
    "a module of one's own in itself": lambda: itself("Own"),
    "a module in itself among many": lambda: itself("Own", "".join(f"{k:04}" for k in range(9_000))),
    "a long name of a class": lambda: itself("Own" * 10**6),
    "a long name of a module": lambda: nested_modules(2, 10**6),
    "a long setting": lambda: module("GELU", approximate=text("x" * 10**7)),
    "whole numbers with one hash": lambda: (
        b"}(" + b"".join(number((2**61 - 1) * k) + b"N" for k in range(1, 60_000)) + b"u"
    ),
    "a giant key": lambda: b"}" + b"\x8b" + (2**20).to_bytes(4, "little") + b"\x01" * 2**20 + b"Ns",
    "a giant setting": lambda: module(
        "Sequential", eps=b"\x8b" + (2**20).to_bytes(4, "little") + b"\x01" * 2**20
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_takes_little_memory_and_time(case):
    resource = pytest.importorskip("resource")
    data, said = archive(BOMBS[case]()), ""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        opened(data)
    except FileError as error:
        said = str(error)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown // (2**20 if sys.platform == "darwin" else 2**10) < MEGABYTES
    assert ("more than 300,000 opcodes" in said) == (case == "too many opcodes")
    assert len(said) < 800


def test_the_sandbox_tells_what_is_wrong_with_a_file():
    def told(data, own="a.pt"):
        return refused(read, Source(data, Path(own)))

    assert told(b"abc") == "torch.save has not written this file"
    assert told(archive(RUN["a call"])) == "expected a model or a state_dict, found 'os.system'"
    assert told(archive(doubled_modules())) == "the model has too many modules"
    assert told(archive(VALUE, OWN.data), "a.bin").startswith("the file does not say which activations its")


WRONG = {
    "another number of means": {"running_mean": [1, 2, 3]},
    "one variance": {"running_var": 1},
    "a matrix": {key: [[1, 2]] for key in ("running_mean", "running_var", "weight", "bias")},
    "for other nodes": {key: [1, 2, 3] for key in ("running_mean", "running_var", "weight", "bias")},
    "a variance below 0": {"running_var": [-1, 1]},
}


def with_normalisation(**arrays):
    own = Storages()
    parts = {"0": linear(own, 2, 2), "1": normalisation(own, **arrays)}
    return archive(module("Sequential", parts), own.data)


def with_layer(weights, biases):
    own = Storages()
    arrays = {"weight": own.tensor(np.array(weights, "<f4")), "bias": own.tensor(np.array(biases, "<f4"))}
    parts = {"0": module("Linear", (), arrays), "1": normalisation(own)}
    return archive(module("Sequential", parts), own.data)


def test_arrays_of_wrong_shapes_are_refused(approved):
    files = {f"a normalisation: {case}": with_normalisation(**WRONG[case]) for case in WRONG}
    files["a number as weights"] = with_layer(1, [1, 2])
    files["other biases"] = with_layer([[1, 2], [3, 4]], [1, 2, 3])
    files["no weights"] = archive(module("Linear"))
    approved(
        "PyTorch files with wrong shapes", refusals(files, lambda data: read(Source(data, Path("a.pt"))))
    )


def test_every_kind_of_file_predicts_from_its_numbers():
    """The same numbers in archives of three types and in an old file; the others have activations."""
    for data in examples()[:5]:
        network = read(Source(data, Path("a.pt"), activations=("relu", "identity"))).network
        assert network.layers[0].weights.tolist() == [[1.5, -2], [0, 3], [4, 5]]
        assert network.layers[1].biases.tolist() == [7]
    found = [read(Source(data)).network for data in examples()[5:]]
    assert found.pop().layers[0].biases.tolist() == pytest.approx([-1, -1.25], abs=1e-4)
    assert [[layer.activation for layer in each.layers] for each in found] == [
        ["leaky_relu(0.2)", "identity"],
        ["tanh"],
    ]
    assert np.array_equal(found[1].layers[0].weights, np.linspace(-1, 1, 4, dtype="<f4").reshape(2, 2))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".pkl", ""])
def test_the_bytes_of_a_file_decide_whether_it_is_from_pytorch(suffix, tmp_path):
    path = tmp_path / f"model{suffix}"
    own = Storages()
    for data in (examples()[5], old_file(linear(own, 2, 2), own.data)):
        path.write_bytes(data)
        assert read(Source(path.read_bytes(), path)).network.layers
