"""Files of Keras' that are made to do harm: each is refused in a sentence, opens nothing and leaves nothing.

Named are those that have done it to others; the rest is what HDF5, zip and JSON can do.
"""

import base64
import io
import json
import marshal
import os
import struct
import subprocess
import sys
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from nnviz.files.errors import FileError
from nnviz.files.models.hdf5 import process, reading, tree
from nnviz.files.registry import load
from tests.models.keras_files import (
    BIASES,
    KERNELS,
    MODEL,
    OLD_WEIGHTS,
    counted_weights,
    dense,
    keras_zip,
    old_h5,
    sequential,
)
from tests.models.keras_files import (
    hdf5 as made,
)

SECONDS, MEGABYTES = 5.0, 500
SECRET = 4711.0
KERNEL = "model_weights/dense_1/dense_1/kernel:0"
GOOD = old_h5(MODEL, OLD_WEIGHTS)
COUNTED = counted_weights(["layers/dense", "layers/dense_1"])


def processor_s():
    """Return what this process and those that it has waited for have taken of a processor."""
    return sum(os.times()[:4])


def refused(data, folder, name="model.h5"):
    """Return the sentence with which a file is refused, which stands in a folder of its own."""
    path = folder / name
    path.write_bytes(data)
    before, began = sorted(os.listdir(folder)), processor_s()
    with pytest.raises(FileError) as caught:
        load(path)
    assert processor_s() - began < SECONDS
    assert sorted(os.listdir(folder)) == before
    said = str(caught.value)
    assert said
    assert "\n" not in said
    assert len(said) < 1300
    assert str(SECRET) not in said
    return said


def with_kernel(change):
    """Return a good file whose first kernel has been taken out, and put back by `change(file, group)`."""
    memory = io.BytesIO(GOOD)
    with h5py.File(memory, "r+") as file:
        del file[KERNEL]
        change(file, file["model_weights/dense_1/dense_1"])
    return memory.getvalue()


# Programs in a configuration


def lambda_layer():
    """Return a Lambda layer as Keras writes one: its program is marshalled."""
    code = compile("open('harmed', 'w')", "attack", "exec")
    program = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": program, "defaults": None, "closure": None}}
    old = {
        "name": "lambda",
        "function": [program, None, None],
        "function_type": "lambda",
        "module": "__main__",
    }
    return [
        {"class_name": "Lambda", "config": old},
        {
            "module": "keras.layers",
            "class_name": "Lambda",
            "registered_name": None,
            "config": {"name": "lambda", "function": function, "arguments": {}},
        },
    ]


def calling(module, kind, *arguments, registered=None):
    """Return what CVE-2025-1550 puts where a layer should be: a function of any module, and its arguments."""
    node = {"args": list(arguments), "kwargs": {}}
    return {
        "module": module,
        "class_name": kind,
        "registered_name": registered,
        "config": {"name": "odd"},
        "name": "odd",
        "inbound_nodes": [node],
    }


CONFIGS = {
    "CVE-2024-3660, a Lambda of Keras 2": sequential(*MODEL["config"]["layers"], lambda_layer()[0]),
    "CVE-2025-9905, a Lambda of Keras 3": sequential(*MODEL["config"]["layers"], lambda_layer()[1]),
    "CVE-2025-1550, a function as a layer": sequential(
        *MODEL["config"]["layers"], calling("os", "system", "touch harmed")
    ),
    "CVE-2025-1550, a function as a model": {
        "module": "subprocess",
        "class_name": "run",
        "config": ["touch", "harmed"],
        "registered_name": None,
    },
    "CVE-2025-1550, a function as an activation": sequential(
        dense(
            "odd",
            3,
            {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "exec"},
        )
    ),
    "CVE-2025-9906, a function of Keras' that unlocks it": sequential(
        calling("keras.config", "enable_unsafe_deserialization"), *MODEL["config"]["layers"]
    ),
    "a layer of somebody else's, called Dense": sequential({**dense("odd", 3), "module": "stranger.layers"}),
    "a layer of the script that wrote the file, called Dense": sequential(
        {**dense("odd", 3), "module": None, "registered_name": "Dense"}
    ),
    "a class that somebody has registered": sequential(
        {**dense("odd", 3), "registered_name": "stranger>Dense"}
    ),
    "a file of words that a layer reads": sequential(
        {
            "module": "keras.layers",
            "class_name": "StringLookup",
            "registered_name": None,
            "config": {"name": "odd", "vocabulary": "/etc/passwd"},
        },
        *MODEL["config"]["layers"],
    ),
    "a layer of TensorFlow's own": sequential(
        {"class_name": "TensorFlowOpLayer", "config": {"name": "odd", "node_def": "x"}}
    ),
    "another model from the net": sequential(
        {
            "class_name": "TFSMLayer",
            "module": "keras.layers",
            "config": {"name": "odd", "filepath": "http://127.0.0.1/"},
        }
    ),
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("kind", [".h5", ".keras", ".json"])
def test_a_program_in_a_configuration_is_refused_and_not_run(name, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.weights.h5").write_bytes(COUNTED)
    data = {
        ".h5": lambda: old_h5(CONFIGS[name], OLD_WEIGHTS),
        ".keras": lambda: keras_zip(CONFIGS[name], COUNTED),
        ".json": lambda: json.dumps(CONFIGS[name]).encode(),
    }[kind]()
    said = refused(data, tmp_path, f"model{kind}")
    assert "harmed" not in os.listdir(tmp_path)
    assert kind == ".json" or any(word in said for word in ("odd", "lambda", "run")), said


def test_a_lambda_is_called_what_it_is(tmp_path):
    said = refused(old_h5(CONFIGS["CVE-2024-3660, a Lambda of Keras 2"], OLD_WEIGHTS), tmp_path)
    assert said == "lambda: it is a Lambda layer, which is a program, and nnviz runs no program of a file"


@pytest.mark.parametrize(
    "opening", ['{"class_name": "Sequential", "config": ' * 9, '{"a": ' * 50_000, "[" * 100_000]
)
def test_deep_nesting_is_refused(opening, tmp_path):
    text = opening.encode()
    assert refused(made({}, {"/": {"model_config": text}}), tmp_path)
    assert refused(b'{"class_name": "Sequential", "config": ' + text, tmp_path, "model.json")


def test_models_within_models_end_somewhere(tmp_path):
    model = MODEL
    for _ in range(12):
        model = sequential(model)
    assert "nested too deeply" in refused(old_h5(model, OLD_WEIGHTS), tmp_path)


def test_a_million_layers_are_refused(tmp_path):
    layers = [{"class_name": "Dropout", "config": {}}] * 60_000
    assert "layers" in refused(old_h5(sequential(*layers), OLD_WEIGHTS), tmp_path)


def test_an_input_of_very_many_axes_is_refused(tmp_path):
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, *[2**60] * 30_000]}}
    flat = {"class_name": "Flatten", "config": {"name": "flat"}}
    (tmp_path / "model.weights.h5").write_bytes(COUNTED)
    model = sequential(first, flat, *MODEL["config"]["layers"])
    said = refused(json.dumps(model).encode(), tmp_path, "model.json")
    assert said == "in: expected at most 32 axes of a row, found 30,000"


def test_an_architecture_that_unfolds_is_refused_before_it_is_unpacked(tmp_path):
    data = zipped(("config.json", b" " * (2**25 + 1)), ("model.weights.h5", COUNTED))
    said = refused(data, tmp_path, "model.keras")
    assert said == "config.json: expected at most 33,554,432 bytes, found 33,554,433"


def test_many_layers_and_many_names_of_weights_are_told_apart_soon(tmp_path):
    inner = sequential(*(dense(f"d{k}", 1) for k in range(500)))
    inner["config"]["name"] = "inner"
    memory = io.BytesIO(old_h5(sequential(inner), {"inner": {"d0/kernel:0": KERNELS[0]}}))
    with h5py.File(memory, "r+") as file:
        group = file["model_weights/inner"]
        del group.attrs["weight_names"]
        for k in range(4):
            group.attrs[f"weight_names{k}"] = np.array([f"x{k}_{i}/b".encode() for i in range(4_800)])
    assert refused(memory.getvalue(), tmp_path) == "d0: expected a kernel and biases, found 0 arrays"


# HDF5 that leads out of the file


@pytest.fixture
def secret(tmp_path):
    """Return the path of a file that has what an attacker wants, as HDF5."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["kernel:0"] = np.full((2, 3), SECRET, np.float32)
        file["model_weights/kernel:0"] = np.full((2, 3), SECRET, np.float32)
        file.attrs["model_config"] = str(SECRET)
    return path


def virtual(file, group, path):
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource(path, "kernel:0", (2, 3))
    group.create_virtual_dataset("kernel:0", layout)


def virtual_without_end(file, group, path):
    layout = h5py.VirtualLayout((2, 3), "f4", maxshape=(None, 3))
    layout[: h5py.h5s.UNLIMITED, :] = h5py.VirtualSource(path, "kernel:0", (2, 3), maxshape=(None, 3))[
        : h5py.h5s.UNLIMITED, :
    ]
    group.create_virtual_dataset("kernel:0", layout)


def external(file, group, path):
    group.create_dataset("kernel:0", (2, 3), "f4", external=[(str(path), 0, 24)])


def linked(file, group, path):
    group["kernel:0"] = h5py.ExternalLink(str(path), "kernel:0")


def all_weights_linked(file, group, path):
    del file["model_weights"]
    file["model_weights"] = h5py.ExternalLink(str(path), "model_weights")


def softly(file, group, path):
    file["elsewhere"] = KERNELS[0]
    group["kernel:0"] = h5py.SoftLink("/elsewhere")


def softly_over_a_link(file, group, path):
    file["out"] = h5py.ExternalLink(str(path), "/")
    group["kernel:0"] = h5py.SoftLink("/out/kernel:0")


OUT = {
    "CVE-2026-1669, external storage": (external, "its numbers stand in another file (external storage)"),
    "CVE-2026-1669, a link to another file": (linked, "it is a link to another file"),
    "a link to another file for all weights": (all_weights_linked, "it is a link to another file"),
    "a virtual dataset": (virtual, "(a virtual dataset)"),
    "a virtual dataset without end": (virtual_without_end, "(a virtual dataset)"),
    "a soft link": (softly, "it is a soft link"),
    "a soft link over a link": (softly_over_a_link, "it is a"),
}


@pytest.mark.parametrize("name", OUT)
def test_hdf5_that_leads_out_of_its_file_is_refused(name, tmp_path, secret):
    change, words = OUT[name]
    data = with_kernel(lambda file, group: change(file, group, secret))
    assert words in refused(data, tmp_path)
    assert words in refused(keras_zip(MODEL, data), tmp_path, "model.keras")


@pytest.mark.parametrize("name", OUT)
def test_the_process_could_not_open_another_file_if_it_tried(name, tmp_path, secret):
    """The same without any of nnviz's looks: with the limits alone nothing of the secret comes in."""
    pytest.importorskip("resource")
    change, _ = OUT[name]
    path = tmp_path / "model.h5"
    path.write_bytes(with_kernel(lambda file, group: change(file, group, secret)))
    program = f"""
import h5py, sys
from nnviz.files.models.hdf5 import process as process
data = open({str(path)!r}, "rb").read()
if sys.argv[1] == "limited":
    process._warm_up()
    process._limit()
try:
    print(h5py.File(h5py.h5f.open_file_image(data))[{KERNEL!r}][0, 0])
except (OSError, KeyError):
    print("refused")
"""
    said = {
        how: subprocess.run(
            [sys.executable, "-c", program, how], capture_output=True, text=True
        ).stdout.strip()
        for how in ("limited", "free")
    }
    assert str(SECRET) not in said["limited"]
    if name in ("CVE-2026-1669, a link to another file", "a virtual dataset"):
        assert said["free"] == str(SECRET)  # so it is an attack


# HDF5 that unfolds


def huge(file, group, path=None):
    group.create_dataset("kernel:0", (10**6, 10**6, 10**6), "f4")


def huge_in_chunks(file, group):
    group.create_dataset("kernel:0", (10**9, 10**9), "f4", chunks=(1000, 1000))


def large_chunks(file, group):
    group.create_dataset("kernel:0", (2, 3), "f4", chunks=(2**14, 2**14), maxshape=(None, None))


def many_chunks(file, group):
    group.create_dataset("kernel:0", (300, 300), "f4", chunks=(1, 1))


def zeros_that_are_not_there(file, group):
    group.create_dataset("kernel:0", (1000, 1000), "f4", chunks=(1000, 1000))


def packed_bomb(file, group):
    """A chunk that says it has 24 bytes and unpacks to a gigabyte: HDF5 itself would unpack it all."""
    kernel = group.create_dataset("kernel:0", (2, 3), "f4", chunks=(2, 3), compression="gzip")
    packing = zlib.compressobj(9)
    head = packing.compress(bytes(2**20)) + packing.flush(zlib.Z_FULL_FLUSH)
    again = packing.compress(bytes(2**20)) + packing.flush(zlib.Z_FULL_FLUSH)
    kernel.id.write_direct_chunk((0, 0), head + again * 1023 + packing.flush())


def packed_strangely(file, group):
    group.create_dataset("kernel:0", data=KERNELS[0], chunks=(2, 3), compression="lzf")


def packed_by_a_plugin(file, group):
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((2, 3))
    created.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((2, 3))
    h5py.h5d.create(group.id, b"kernel:0", h5py.h5t.NATIVE_FLOAT, space, created)


def references(file, group):
    group["kernel:0"] = np.array([file["model_weights"].ref], dtype=h5py.ref_dtype)


def regions(file, group):
    file["a"] = KERNELS[0]
    group.create_dataset("kernel:0", (1,), h5py.regionref_dtype)[0] = file["a"].regionref[0]


def texts(file, group):
    group["kernel:0"] = ["a", "b"]


def lists(file, group):
    group.create_dataset("kernel:0", (2,), h5py.vlen_dtype(np.float32))


def compound(file, group):
    group["kernel:0"] = np.zeros(2, [("a", "f4"), ("b", "f8")])


def typed_elsewhere(file, group):
    file["type"] = np.dtype("f4")
    group.create_dataset("kernel:0", data=KERNELS[0], dtype=file["type"])


def a_type_alone(file, group):
    group["kernel:0"] = np.dtype("f4")


def a_loop(file, group):
    group["kernel:0"] = file["model_weights"]


def itself(file, group):
    group["kernel:0"] = group


def two_names(file, group):
    group["kernel:0"] = KERNELS[0]
    file["again"] = group["kernel:0"]


def many_groups(file, group):
    for k in range(tree.MOST_OBJECTS):
        group.create_group(f"g{k}")


def deep(file, group):
    group.create_group("/".join("a" * 500))


def many_texts(file, group):
    for k in range(30):
        group.attrs[f"weight_names{k}"] = np.full(7000, b"a" * 8)


def a_long_text(file, group):
    file.attrs["keras_version"] = "x" * (tree.MOST_LETTERS + 1)


def texts_in_a_square(file, group):
    group.attrs["weight_names"] = np.full((2, 2), b"a")


def numbers_for_texts(file, group):
    group.attrs["weight_names"] = np.arange(3)


def half_a_letter(file, group):
    group.attrs.create("weight_names", np.array([b"\xff\xfe"]))


UNFOLDS = {
    "CVE-2026-0897, a huge shape": (huge, "and they are not there"),
    "a huge shape in chunks": (huge_in_chunks, "too many or too large chunks"),
    "huge chunks": (large_chunks, "too many or too large chunks"),
    "many chunks": (many_chunks, "too many or too large chunks"),
    "numbers that are not there": (zeros_that_are_not_there, "not all there"),
    "a packed bomb": (packed_bomb, "not as large as it should be"),
    "a packing of h5py's": (packed_strangely, "packed in a way"),
    "a packing by a plug-in": (packed_by_a_plugin, "kernel:0"),
    "references": (references, "neither real numbers"),
    "references to regions": (regions, "neither real numbers"),
    "texts": (texts, "neither real numbers"),
    "lists": (lists, "neither real numbers"),
    "a compound": (compound, "neither real numbers"),
    "a type that stands elsewhere": (typed_elsewhere, "neither a group nor a dataset"),
    "a type alone": (a_type_alone, "neither a group nor a dataset"),
    "a loop of hard links": (a_loop, "the same as another one, or leads back"),
    "a group in itself": (itself, "the same as another one, or leads back"),
    "a dataset of two names": (two_names, "the same as another one, or leads back"),
    "many groups": (many_groups, "it holds more than 20,000 groups"),
    "deep groups": (deep, "nested too deeply"),
    "attributes in many parts": (many_texts, "expected a text or some of them"),
    "a long text": (a_long_text, "texts are too long"),
    "texts in a square": (texts_in_a_square, "expected a text or some of them"),
    "numbers for texts": (numbers_for_texts, "expected texts"),
    "what is no text": (half_a_letter, "not UTF-8"),
}


@pytest.mark.parametrize("name", UNFOLDS)
def test_hdf5_that_unfolds_is_refused(name, tmp_path):
    change, words = UNFOLDS[name]
    data = with_kernel(change)
    assert words in refused(data, tmp_path)


MEASURED = """
import re, sys
from nnviz.files.models.hdf5 import process
head, _ = process.answer(sys.stdin.buffer.read(), 4_000_000)
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], head["refused"])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has taken")
@pytest.mark.parametrize(
    "name", ["CVE-2026-0897, a huge shape", "a packed bomb", "huge chunks", "a long text"]
)
def test_what_unfolds_takes_little_memory(name):
    data = with_kernel(UNFOLDS[name][0])
    ended = subprocess.run([sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True)
    assert int(ended.stdout.split()[0]) // 1024 < MEGABYTES


def test_more_numbers_than_nnviz_opens_are_refused_before_they_are_read(tmp_path):
    many = made({f"layers/dense_{k}/vars/0": np.zeros((1000, 1000), np.float32) for k in range(5)})
    assert "at most 4,000,000 numbers" in refused(keras_zip(MODEL, many), tmp_path, "model.keras")


# Zip


def zipped(*entries, how=zipfile.ZIP_DEFLATED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return memory.getvalue()


CONFIG = json.dumps(MODEL).encode()


def overlapping():
    """Return an archive whose weights are said to stand where its configuration stands."""
    data = zipped(("config.json", CONFIG), ("model.weights.h5", COUNTED), how=zipfile.ZIP_STORED)
    second = data.rindex(b"PK\x01\x02")
    return data[: second + 42] + struct.pack("<L", 0) + data[second + 46 :]


def nested():
    """Return an archive that has another one in its weights' place, and that one a third."""
    inner = zipped(("config.json", CONFIG), ("model.weights.h5", b"PK\x03\x04"))
    return zipped(("config.json", CONFIG), ("model.weights.h5", inner))


ZIPS = {
    "a zip bomb": lambda: zipped(("config.json", bytes(2**27 + 1)), ("model.weights.h5", COUNTED)),
    "a zip bomb of weights": lambda: zipped(
        ("config.json", CONFIG), ("model.weights.h5", reading.SIGNATURE + bytes(2**27))
    ),
    "overlapping entries": overlapping,
    "an archive in an archive": nested,
    "a path that leads out": lambda: zipped(("config.json", CONFIG), ("../model.weights.h5", COUNTED)),
    "no weights": lambda: zipped(("config.json", CONFIG)),
    "a folder in the weights' place": lambda: zipped(("config.json", CONFIG), ("model.weights.h5/", b"")),
    "weights in parts": lambda: zipped(("config.json", CONFIG), ("model.weights.json", b"{}")),
    "weights as arrays of NumPy's": lambda: zipped(("config.json", CONFIG), ("model.weights.npz", b"PK")),
    "a pickle in the weights' place": lambda: zipped(
        ("config.json", CONFIG), ("model.weights.h5", b"\x80\x04.")
    ),
    "no JSON": lambda: zipped(("config.json", b"x"), ("model.weights.h5", COUNTED)),
    "another JSON": lambda: zipped(("config.json", b"[1]"), ("model.weights.h5", COUNTED)),
    "half of it": lambda: zipped(("config.json", CONFIG), ("model.weights.h5", COUNTED[: len(COUNTED) // 2])),
}


@pytest.mark.parametrize("name", ZIPS)
def test_an_archive_that_is_not_what_it_should_be_is_refused(name, tmp_path):
    assert refused(ZIPS[name](), tmp_path, "model.keras")


# The process


def test_a_process_that_ends_badly_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_START", "import os; os.abort()")
    assert refused(GOOD, tmp_path).startswith("reading its HDF5 broke off")


def test_a_process_that_cannot_be_started_is_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nobody"))
    assert refused(GOOD, tmp_path).startswith("a process to read its HDF5 in could not be started")


@pytest.mark.parametrize("reply", ["b''", "b'x' * 100", "bytes(8)", "b'\\x02' + bytes(7) + b'{}' + bytes(8)"])
def test_a_process_that_replies_nonsense_is_a_sentence(reply, tmp_path, monkeypatch):
    monkeypatch.setattr(
        reading, "_START", f"import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write({reply})"
    )
    assert refused(GOOD, tmp_path).startswith("reading its HDF5 broke off")


def test_a_heap_that_never_ends_is_ended(tmp_path):
    """A gap of no length in the heap of an HDF5 file: the library goes round and round in it."""
    heap = at = GOOD.index(b"GCOL")
    at += 16
    while number := int.from_bytes(GOOD[at : at + 2], "little"):
        at += 16 + -(-int.from_bytes(GOOD[at + 8 : at + 16], "little") // 8) * 8
    assert not number
    assert at < heap + 4096
    (tmp_path / "model.h5").write_bytes(GOOD[: at + 8] + bytes(8) + GOOD[at + 16 :])
    began = processor_s()
    with pytest.raises(FileError, match="reading its HDF5 broke off"):
        load(tmp_path / "model.h5")
    assert processor_s() - began < process.SECONDS + SECONDS


def test_a_process_that_does_not_end_is_ended(tmp_path, monkeypatch):
    late = "import time; time.sleep(60)" + reading._START  # which would give all of the file then
    monkeypatch.setattr(reading, "_START", late)
    monkeypatch.setattr(reading, "SECONDS", 0.5)
    assert refused(GOOD, tmp_path).startswith("reading its HDF5 broke off")


def test_a_person_can_stop_the_reading(tmp_path, monkeypatch):
    to_its_end = tmp_path / "to its end"
    late = f"import pathlib, time; time.sleep(60); pathlib.Path({str(to_its_end)!r}).touch()"
    monkeypatch.setattr(reading, "_START", late)
    monkeypatch.setattr(reading, "SECONDS", 600.0)
    (tmp_path / "model.h5").write_bytes(GOOD)
    parts = []

    def progress(part):
        parts.append(part)
        if len(parts) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load(tmp_path / "model.h5", progress)
    assert not to_its_end.exists()


def test_the_same_file_opens_with_somebody_who_wants_to_know_how_far_it_is(tmp_path):
    (tmp_path / "model.h5").write_bytes(GOOD)
    found = load(tmp_path / "model.h5", lambda _part: None).network
    np.testing.assert_array_equal(found.layers[1].biases, BIASES[1])
