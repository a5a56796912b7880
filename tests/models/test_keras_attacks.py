"""Files of Keras' that are made to do harm: each is refused in a sentence, opens nothing and leaves nothing.

Named are those that have done it to others; the rest is what HDF5, zip and JSON can do.
"""

import base64
import io
import json
import marshal
import os
import subprocess
import sys
import zipfile
import zlib

import h5py
import numpy as np
import pytest

from nnviz.files.errors import FileError
from nnviz.files.models import hdf5, sandbox
from nnviz.files.registry import load
from tests.files.helpers import names, refusals, refused
from tests.models import keras_files
from tests.models.keras_files import (
    BIASES,
    KERNELS,
    MODEL,
    OLD_WEIGHTS,
    counted_weights,
    dense,
    keras_zip,
    layer,
    of_keras_3,
    old_h5,
    sequential,
)

SECONDS, MEGABYTES = 5.0, 500
SECRET = 4711.0
KERNEL = "model_weights/dense_1/dense_1/kernel:0"
GOOD = old_h5(MODEL, OLD_WEIGHTS)
COUNTED = counted_weights(["layers/dense", "layers/dense_1"])


def processor_s():
    """Return what this process and those that it has waited for have taken of a processor."""
    return sum(os.times()[:4])


def load_attack(data, folder, name="model.h5"):
    """Load a file in a folder; if it is refused, check the time, the files of the folder and the sentence."""
    path = folder / name
    path.write_bytes(data)
    before, began = names(folder), processor_s()
    try:
        load(path)
    except FileError as error:
        said = str(error)
    else:
        return
    assert processor_s() - began < SECONDS
    assert names(folder) == before
    assert 0 < len(said) < 1300
    assert str(SECRET) not in said
    raise FileError(said)


def with_kernel(change, *arguments):
    """Return a good file whose first kernel has been taken out, and put back by `change(file, group, …)`."""
    memory = io.BytesIO(GOOD)
    with h5py.File(memory, "r+") as file:
        del file[KERNEL]
        change(file, file["model_weights/dense_1/dense_1"], *arguments)
    return memory.getvalue()


# Programs in a configuration


def lambda_layers():
    """Return a Lambda layer as Keras 2 and Keras 3 write one: its program is marshalled."""
    code = compile("open('harmed', 'w')", "attack", "exec")
    program = base64.b64encode(marshal.dumps(code)).decode()
    function = {"class_name": "__lambda__", "config": {"code": program, "defaults": None, "closure": None}}
    old = {"function": [program, None, None], "function_type": "lambda", "module": "__main__"}
    new = layer("Lambda", "lambda", function=function, arguments={})
    return layer("Lambda", "lambda", **old), of_keras_3(new)


def calling(module, kind, *arguments):
    """Return what CVE-2025-1550 puts where a layer should be: a function of any module, and its arguments."""
    node = {"args": list(arguments), "kwargs": {}}
    return {**of_keras_3(layer(kind), module), "name": "odd", "inbound_nodes": [node]}


LAYERS = MODEL["config"]["layers"]
LAMBDA_2, LAMBDA_3 = lambda_layers()
EXEC = {"module": "builtins", "class_name": "function", "config": "exec", "registered_name": "exec"}
RUN = {"module": "subprocess", "class_name": "run", "config": ["touch", "harmed"], "registered_name": None}
UNLOCKING = calling("keras.config", "enable_unsafe_deserialization")
ODD = dense("odd", 3)
CONFIGS = {
    "CVE-2024-3660, a Lambda of Keras 2": sequential(*LAYERS, LAMBDA_2),
    "CVE-2025-9905, a Lambda of Keras 3": sequential(*LAYERS, LAMBDA_3),
    "CVE-2025-1550, a function as a layer": sequential(*LAYERS, calling("os", "system", "touch harmed")),
    "CVE-2025-1550, a function as a model": RUN,
    "CVE-2025-1550, a function as an activation": sequential(dense("odd", 3, EXEC)),
    "CVE-2025-9906, a function of Keras' that unlocks it": sequential(UNLOCKING, *LAYERS),
    "a layer of somebody else's, called Dense": sequential({**ODD, "module": "stranger.layers"}),
    "a layer of the script that wrote the file, called Dense": sequential(of_keras_3(ODD, None, "Dense")),
    "a class that somebody has registered": sequential({**ODD, "registered_name": "stranger>Dense"}),
    "a file of words that a layer reads": sequential(
        of_keras_3(layer("StringLookup", vocabulary="/etc/passwd")), *LAYERS
    ),
    "a layer of TensorFlow's own": sequential(layer("TensorFlowOpLayer", node_def="x")),
    "another model from the net": sequential(of_keras_3(layer("TFSMLayer", filepath="http://127.0.0.1/"))),
}


@pytest.mark.parametrize("kind", [".h5", ".keras", ".json"])
def test_a_program_in_a_configuration_is_refused_and_not_run(kind, tmp_path, monkeypatch, approved):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.weights.h5").write_bytes(COUNTED)
    write = {
        ".h5": lambda config: old_h5(config, OLD_WEIGHTS),
        ".keras": lambda config: keras_zip(config, COUNTED),
        ".json": lambda config: json.dumps(config).encode(),
    }[kind]
    told = refusals(CONFIGS, lambda config: load_attack(write(config), tmp_path, f"model{kind}"))
    approved("programs in a configuration", told)


def of_many_weights():
    """Return a file of 500 layers in a model, whose weights have 19,200 names."""
    inner = sequential(*(dense(f"d{k}", 1) for k in range(500)))
    inner["config"]["name"] = "inner"
    memory = io.BytesIO(old_h5(sequential(inner), {"inner": {"d0/kernel:0": KERNELS[0]}}))
    with h5py.File(memory, "r+") as file:
        group = file["model_weights/inner"]
        del group.attrs["weight_names"]
        for k in range(4):
            group.attrs[f"weight_names{k}"] = np.array([f"x{k}_{i}/b".encode() for i in range(4_800)])
    return memory.getvalue()


def test_a_configuration_without_an_end_is_refused(tmp_path, approved):
    (tmp_path / "model.weights.h5").write_bytes(COUNTED)
    opening = '{"class_name": "Sequential", "config": '
    deep = {"models": opening * 9, "objects": '{"a": ' * 50_000, "lists": "[" * 100_000}
    within = MODEL
    for _ in range(12):
        within = sequential(within)
    first = layer("InputLayer", "in", batch_shape=[None, *[2**60] * 30_000])
    of_axes = sequential(first, layer("Flatten", "flat"), *LAYERS)
    blank = zipped(("config.json", b" " * (2**25 + 1)), ("model.weights.h5", COUNTED))
    dropout = sequential(*[{"class_name": "Dropout", "config": {}}] * 60_000)
    cases = {
        **{f"deep {name}": keras_files.hdf5({}, {"/": {"model_config": deep[name]}}) for name in deep},
        **{f"deep {name}, .json": (opening + text).encode() for name, text in deep.items()},
        "models within models": old_h5(within, OLD_WEIGHTS),
        "many layers": old_h5(dropout, OLD_WEIGHTS),
        "many layers and names of weights": of_many_weights(),
        "many axes, .json": json.dumps(of_axes).encode(),
        "many blanks, .keras": blank,
    }
    ends = {name: name.rpartition(", ")[2] if ", ." in name else ".h5" for name in cases}
    told = refusals(
        {name: name for name in cases}, lambda name: load_attack(cases[name], tmp_path, f"model{ends[name]}")
    )
    approved("configurations without an end", told)


# HDF5 that leads out of the file


@pytest.fixture
def secret(tmp_path):
    """Return the path of an HDF5 file with an attacker's target."""
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
    every = h5py.h5s.UNLIMITED
    layout = h5py.VirtualLayout((2, 3), "f4", maxshape=(None, 3))
    source = h5py.VirtualSource(path, "kernel:0", (2, 3), maxshape=(None, 3))
    layout[:every, :] = source[:every, :]
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
    "CVE-2026-1669, external storage": external,
    "CVE-2026-1669, a link to another file": linked,
    "a link to another file for all weights": all_weights_linked,
    "a virtual dataset": virtual,
    "a virtual dataset without end": virtual_without_end,
    "a soft link": softly,
    "a soft link over a link": softly_over_a_link,
}


def test_hdf5_that_leads_out_of_its_file_is_refused(tmp_path, secret, approved):
    cases = {name: with_kernel(change, secret) for name, change in OUT.items()}
    approved("HDF5 that leads out", refusals(cases, lambda data: load_attack(data, tmp_path)))
    zips = {name: keras_zip(MODEL, data) for name, data in cases.items()}
    told = refusals(zips, lambda data: load_attack(data, tmp_path, "model.keras"))
    approved("HDF5 that leads out", told)


UNGUARDED = f"""
import h5py, sys
from nnviz.files.models import hdf5, sandbox
data = open(sys.argv[2], "rb").read()
if sys.argv[1] == "limited":
    hdf5.warm_up()
    sandbox.limit()
try:
    print(h5py.File(h5py.h5f.open_file_image(data))[{KERNEL!r}][0, 0])
except (OSError, KeyError):
    print("refused")
"""


@pytest.mark.parametrize("name", OUT)
def test_the_process_could_not_open_another_file_if_it_tried(name, tmp_path, secret):
    """The same without any of nnviz's looks: with the limits alone nothing of the secret comes in."""
    pytest.importorskip("resource")
    path = tmp_path / "model.h5"
    path.write_bytes(with_kernel(OUT[name], secret))

    def printed(how):
        command = [sys.executable, "-c", UNGUARDED, how, str(path)]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()

    assert str(SECRET) not in printed("limited")
    if name in ("CVE-2026-1669, a link to another file", "a virtual dataset"):
        assert printed("free") == str(SECRET)  # so it is an attack


# HDF5 that unfolds


def packed_bomb(file, group):
    """A chunk that says it has 24 bytes and unpacks to a gigabyte: HDF5 itself would unpack it all."""
    kernel = group.create_dataset("kernel:0", (2, 3), "f4", chunks=(2, 3), compression="gzip")
    packing = zlib.compressobj(9)
    head = packing.compress(bytes(2**20)) + packing.flush(zlib.Z_FULL_FLUSH)
    again = packing.compress(bytes(2**20)) + packing.flush(zlib.Z_FULL_FLUSH)
    kernel.id.write_direct_chunk((0, 0), head + again * 1023 + packing.flush())


def packed_by_a_plugin(file, group):
    created = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    created.set_chunk((2, 3))
    created.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
    space = h5py.h5s.create_simple((2, 3))
    h5py.h5d.create(group.id, b"kernel:0", h5py.h5t.NATIVE_FLOAT, space, created)


def regions(file, group):
    file["a"] = KERNELS[0]
    group.create_dataset("kernel:0", (1,), h5py.regionref_dtype)[0] = file["a"].regionref[0]


def typed_elsewhere(file, group):
    file["type"] = np.dtype("f4")
    group.create_dataset("kernel:0", data=KERNELS[0], dtype=file["type"])


def two_names(file, group):
    group["kernel:0"] = KERNELS[0]
    file["again"] = group["kernel:0"]


def many_groups(file, group):
    for k in range(hdf5.MOST_OBJECTS):
        group.create_group(f"g{k}")


def many_texts(file, group):
    for k in range(30):
        group.attrs[f"weight_names{k}"] = np.full(7000, b"a" * 8)


def kernel(shape, kind="f4", **more):
    """Return a function that puts a dataset of a shape in the kernel's place."""
    return lambda _file, group: group.create_dataset("kernel:0", shape, kind, **more)


def holding(make):
    """Return a function that puts what `make(file, group)` returns in the kernel's place."""
    return lambda file, group: group.__setitem__("kernel:0", make(file, group))


def attribute(name, value):
    """Return a function that gives the kernel's group an attribute."""
    return lambda _file, group: group.attrs.__setitem__(name, value)


UNFOLDS = {
    "CVE-2026-0897, a huge shape": kernel((10**6, 10**6, 10**6)),
    "a huge shape in chunks": kernel((10**9, 10**9), chunks=(1000, 1000)),
    "huge chunks": kernel((2, 3), chunks=(2**14, 2**14), maxshape=(None, None)),
    "many chunks": kernel((300, 300), chunks=(1, 1)),
    "numbers that are not there": kernel((1000, 1000), chunks=(1000, 1000)),
    "a packed bomb": packed_bomb,
    "a packing of h5py's": kernel((2, 3), data=KERNELS[0], chunks=(2, 3), compression="lzf"),
    "references": holding(lambda file, _: np.array([file["model_weights"].ref], dtype=h5py.ref_dtype)),
    "references to regions": regions,
    "texts": holding(lambda _file, _group: ["a", "b"]),
    "lists": kernel((2,), h5py.vlen_dtype(np.float32)),
    "a compound": holding(lambda _file, _group: np.zeros(2, [("a", "f4"), ("b", "f8")])),
    "a type that stands elsewhere": typed_elsewhere,
    "a type alone": holding(lambda _file, _group: np.dtype("f4")),
    "a loop of hard links": holding(lambda file, _: file["model_weights"]),
    "a group in itself": holding(lambda _, group: group),
    "a dataset of two names": two_names,
    "many groups": many_groups,
    "deep groups": lambda _, group: group.create_group("/".join("a" * 500)),
    "attributes in many parts": many_texts,
    "a long text": lambda file, _: file.attrs.create("keras_version", "x" * (hdf5.MOST_LETTERS + 1)),
    "texts in a square": attribute("weight_names", np.full((2, 2), b"a")),
    "numbers for texts": attribute("weight_names", np.arange(3)),
    "a text that is not UTF-8": attribute("weight_names", np.array([b"\xff\xfe"])),
}


def test_hdf5_that_unfolds_is_refused(tmp_path, approved):
    told = refusals(UNFOLDS, lambda change: load_attack(with_kernel(change), tmp_path))
    approved("HDF5 that unfolds", told)
    assert "kernel:0" in refused(load_attack, with_kernel(packed_by_a_plugin), tmp_path)
    thousands = {f"layers/dense_{k}/vars/0": np.zeros((1000, 1000), np.float32) for k in range(5)}
    archive = keras_zip(MODEL, keras_files.hdf5(thousands))
    said = refused(load_attack, archive, tmp_path, "model.keras")
    approved("more numbers than nnviz opens", said)


MEASURED = """
import re, sys
from nnviz.files.models import hdf5, sandbox
reply = sandbox.reply(hdf5.read, sys.stdin.buffer.read(), "HDF5 data")
print(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1], reply)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has taken")
@pytest.mark.parametrize(
    "name", ["CVE-2026-0897, a huge shape", "a packed bomb", "huge chunks", "a long text"]
)
def test_what_unfolds_takes_little_memory(name):
    data = with_kernel(UNFOLDS[name])
    ended = subprocess.run([sys.executable, "-c", MEASURED], input=data, capture_output=True, check=True)
    assert int(ended.stdout.split()[0]) // 1024 < MEGABYTES


# Zip


def zipped(*entries, how=zipfile.ZIP_DEFLATED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", how) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return memory.getvalue()


def with_weights(data, name="model.weights.h5"):
    return zipped(("config.json", CONFIG), (name, data))


CONFIG = json.dumps(MODEL).encode()
WEIGHTS = ("model.weights.h5", COUNTED)
ZIPS = {
    "a zip bomb": lambda: zipped(("config.json", bytes(2**27 + 1)), WEIGHTS),
    "a zip bomb of weights": lambda: with_weights(GOOD[:8] + bytes(2**27)),
    "an archive in an archive, and a third in that": lambda: with_weights(with_weights(b"PK\x03\x04")),
    "a path that leads out": lambda: with_weights(COUNTED, "../model.weights.h5"),
    "no weights": lambda: zipped(("config.json", CONFIG)),
    "a folder in the weights' place": lambda: with_weights(b"", "model.weights.h5/"),
    "weights in parts": lambda: with_weights(b"{}", "model.weights.json"),
    "weights as arrays of NumPy's": lambda: with_weights(b"PK", "model.weights.npz"),
    "a pickle in the weights' place": lambda: with_weights(b"\x80\x04."),
    "no JSON": lambda: zipped(("config.json", b"x"), WEIGHTS),
    "another JSON": lambda: zipped(("config.json", b"[1]"), WEIGHTS),
    "half of it": lambda: with_weights(COUNTED[: len(COUNTED) // 2]),
}


def test_an_archive_that_is_not_what_it_should_be_is_refused(tmp_path, approved):
    told = refusals(ZIPS, lambda make: load_attack(make(), tmp_path, "model.keras"))
    approved("bad archives", told)


# The process


def test_a_process_that_fails_is_a_sentence(tmp_path, monkeypatch):
    reply = "import sys; sys.stdin.buffer.read(); sys.stdout.buffer.write"
    late = "import time; time.sleep(60)" + sandbox._START  # which would give all of the file then
    programs = {
        "it breaks off": "import os; os.abort()",
        "no reply": f"{reply}(b'')",
        "a reply of texts": f"{reply}(b'x' * 100)",
        "a reply without a head": f"{reply}(bytes(8))",
        "a reply of another length": f"{reply}(b'\\x02' + bytes(7) + b'{{}}' + bytes(8))",
        "it does not end": late,
    }

    def load_by(program):
        with monkeypatch.context() as patch:
            patch.setattr(sandbox, "_START", program)
            patch.setattr(sandbox, "SECONDS", 0.5 if program is late else sandbox.SECONDS)
            load_attack(GOOD, tmp_path)

    told = refusals(programs, load_by)
    assert told.count(": reading the HDF5 data failed") == len(programs)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nobody"))
    assert refused(load_attack, GOOD, tmp_path).startswith("the process that reads HDF5 data could not be st")


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
    with pytest.raises(FileError, match="reading the HDF5 data failed"):
        load(tmp_path / "model.h5")
    assert processor_s() - began < sandbox.PROCESSOR_SECONDS + SECONDS


def test_a_person_sees_how_far_the_reading_is_and_can_stop_it(tmp_path, monkeypatch):
    to_its_end, parts = tmp_path / "to its end", []
    (tmp_path / "model.h5").write_bytes(GOOD)
    found = load(tmp_path / "model.h5", parts.append).network
    np.testing.assert_array_equal(found.layers[1].biases, BIASES[1])
    late = f"import pathlib, time; time.sleep(60); pathlib.Path({str(to_its_end)!r}).touch()"
    monkeypatch.setattr(sandbox, "_START", late)
    monkeypatch.setattr(sandbox, "SECONDS", 600.0)
    parts.clear()

    def progress(part):
        parts.append(part)
        if len(parts) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        load(tmp_path / "model.h5", progress)
    assert not to_its_end.exists()
