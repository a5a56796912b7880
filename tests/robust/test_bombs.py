"""Files that are made to take memory and time: each is refused, or opens, within bounds.

A person who opens such a file gets a sentence, and the window lives on.
"""

import io
import json
import sys
import zipfile

import numpy as np
import pytest

from nnviz.core.numbers import LITERAL, NODES, ROWS
from nnviz.files.atomic import LARGEST_BYTES
from nnviz.files.json_text import LISTS, OBJECTS, VALUES
from tests.processes import Forks

MEGABYTES, SECONDS = 1000, 30.0
"""The limit for the largest file on one slow core; most take a tenth."""

HEAD = '{"format": "nnviz", "version": 1, "network": {"inputs": ["a"], "layers": [{"activation": "relu", '


def network(weights, more=""):
    return f'{HEAD}"weights": {weights}}}]}}{more}}}'


def rows(count, width):
    """Return rows of full precision, as a file of nnviz's own has them."""
    line = ",".join(map(repr, (np.random.default_rng(0).normal(size=width) * 1e-200).tolist()))
    return ",".join([f"[{line}]"] * count)


def data(count, width):
    inputs = json.dumps([f"x{i}" for i in range(width)])
    return (
        network("[[" + ",".join(["1"] * width) + "]]").replace('["a"]', inputs)[:-1]
        + f', "data": {{"inputs": [{rows(count, width)}]}}}}'
    )


SEGMENT = '{"after": 0, "learning_rate": 0.1, "batch_size": null, "optimizer": "adam", "seed": 0},'


def run(more):
    """Return a network with a run, of whose keys `more` holds the last."""
    keys = {"iteration": "3", "segments": f"[{SEGMENT[:-1]}]", "start": '[{"weights": [[1]]}]'}
    kept = "".join(f'"{key}": {value}, ' for key, value in keys.items() if f'"{key}"' not in more)
    return network("[[1]]", f', "data": {{"inputs": [[1]], "targets": [[1]]}}, "run": {{{kept}{more}}}')


def letters(size):
    """Return the number of letters of Python that fit into a number of bytes, with some room around them."""
    return min(size, LITERAL.limit) - 100


def repeated(text, times, around="{}"):
    """Return a text many times, with commas between; `around` puts it into a file of nnviz's own."""
    return network(around.format(",".join([text] * times)))


def counted(text, times):
    """Return a text many times, with its number in the place of {}."""
    return ",".join(map(text.format, range(times)))


MOST = VALUES.limit - 9
BOMBS = {
    "at the limit of numbers": lambda size: data(min(size // 240, 390_000), 10),
    "at the limit of rows": lambda size: data(min(size // 25, ROWS.limit), 1),
    "at the limit of nodes": lambda size: network(f"[{rows(min(size // 30, NODES.limit - 1), 1)}]"),
    "open lists": lambda size: "[" * size,
    "closed lists": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "open objects": lambda size: '{"a":' * (size // 5),
    "empty lists": lambda size: repeated("[]", size // 3, "[{}]"),
    "short rows": lambda size: repeated("[1]", size // 4, "[{}]"),
    "as many lists as may be": lambda _size: repeated("[1]", LISTS.limit - 9, "[{}]"),
    "as many objects as may be": lambda _size: repeated('{"":0}', OBJECTS.limit - 9, "[{}]"),
    "as many values as may be": lambda _size: repeated("0.5", MOST, "[[{}]]"),
    "as many texts as may be": lambda _size: network("[" + counted('"{:07}"', MOST) + "]"),
    "as many keys as may be": lambda _size: "{" + counted('"{}":0', MOST) + "}",
    "a long curve": lambda size: run(f'"history": [{"[0, 1]," * (size // 8)}[0, 1]]'),
    "many settings": lambda size: run(f'"segments": [{SEGMENT * (size // len(SEGMENT))}{SEGMENT[:-1]}]'),
    "a run without end": lambda _size: run(f'"iteration": {2**53}'),
    "one long row": lambda size: repeated("0", size // 2, "[[{}]]"),
    "a long list at the top": lambda size: '{"output": [' + "1.5," * (size // 4) + "1]}",
    "objects": lambda size: repeated('{"":0}', size // 7, "[{}]"),
    "many keys": lambda size: "{" + counted('"{}":0', size // 13) + "}",
    "texts": lambda size: repeated('"\\ue000"', size // 9, "[{}]"),
    "an emoji in long notes": lambda size: network("[[1]]", f', "notes": "{"x" * (size - 300)}😀"'),
    "a long name": lambda size: network("[[1]]").replace('"a"', json.dumps("a" * (size - 300))),
    "a long activation": lambda size: network("[[1]]").replace("relu", "relu(" + "1" * (size - 300)),
    "a long key": lambda size: '{"format": "nnviz", "version": 1, "' + "k" * (size - 100) + '": 1}',
    "a long number": lambda size: network(f"[[{'1' * (size - 300)}]]"),
    "a long fraction": lambda size: network(f"[[0.{'1' * (size - 300)}]]"),
    "blanks": lambda size: " \n" * (size // 2),
    "blanks in a number's place": lambda size: network("[[" + " " * (size - 300) + "]]"),
    "quotes that do not end": lambda size: network("[[1]]").replace('"a"', '"' + "\\\\" * (size // 2 - 150)),
    "brackets and quotes": lambda size: '["' * (size // 2),
    "a literal": lambda size: "{'output': [" + "1," * (min(size, LITERAL.limit) // 2 - 10) + "]}",
    "a long literal": lambda size: "{'output': [" + "1," * (size // 2) + "]}",
    "a literal of minus": lambda size: "{'output': [" + "-" * min(size, LITERAL.limit - 20) + "1]}",
    "a literal of calls": lambda size: "{'output': " + "f(" * (min(size, LITERAL.limit) // 2 - 20) + "}",
    "code of many assignments": lambda size: "{'output': [1]}\n" + "a = [1]\n" * (letters(size) // 8),
    "code of one long list": lambda size: "x = [" + "1," * (letters(size) // 2) + "]\nw = 1",
    "code of deep brackets": lambda size: "w = {'output': " + "[" * letters(size) + "\na = 1",
    "nothing but zeros": lambda size: "\0" * size,
}


def arrays(**given):
    file = io.BytesIO()
    np.savez_compressed(file, activations=["relu"], **given)
    return file.getvalue()


def entries(count, data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(count):
            archive.writestr(f"W{i}.npy", data)
    return file.getvalue()


def tensors(head, size):
    return len(head).to_bytes(8, "little") + head + bytes(size - len(head) - 8)


TENSORS = "{" + counted('"{}":{{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}', 18_000) + "}"
PACKED = {
    "at the limit of numbers.npz": lambda _size: arrays(W0=np.zeros((1, 4_000_000))),
    "a matrix of nodes.npz": lambda _size: arrays(W0=np.zeros((4_999, 800))),
    "more than may be unpacked.npz": lambda size: arrays(W0=np.zeros((1, size // 8))),
    "as much as may be unpacked.npz": lambda size: arrays(W0=np.zeros((1, size // 8 - 1000), "u1")),
    "as many entries as may be.npz": lambda _size: entries(4000, bytes(30_000)),
    "many more entries.npz": lambda _size: entries(60_000, b""),
    "nothing but entries.npz": lambda size: (b"PK\x01\x02" + bytes(42)) * (size // 46),
    "a long comment.npz": lambda size: b"PK\x03\x04" + b"PK\x05\x06" * (size // 4 - 8),
    "a long header.safetensors": lambda size: tensors(b'{"":' * 2**18, size),
    "as many tensors as may be.safetensors": lambda size: tensors(TENSORS.encode(), size),
    "a header as long as the file.safetensors": lambda size: tensors(b"{" + b" " * (size - 100), size),
}


CHECK = """
import re, sys, time
from pathlib import Path
from nnviz.cli.main import main
code = main(["check", sys.argv[1]])
used = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(code, int(used) // 1024, time.process_time())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has taken")
def test_files_that_are_made_to_burst_take_bounded_memory_and_time(tmp_path, amount):
    """With --ci, try one in fourteen of them; each takes some seconds."""
    if not (apart := amount(quick=0, ci=14, night=1)):
        pytest.skip("takes a minute")
    with Forks() as run:
        for name, made in [*BOMBS.items(), *PACKED.items()][::apart]:
            in_python = "literal" in name or "code" in name
            file = tmp_path / (name if name in PACKED else "bomb.py" if in_python else "bomb.json")
            data = made(LARGEST_BYTES - 1000)
            file.write_bytes(data if name in PACKED else data.encode())
            assert file.stat().st_size <= LARGEST_BYTES
            _, out, said = run(CHECK, file)
            file.unlink()
            code, megabytes, seconds = out.splitlines()[-1].split()
            assert (code, said.count("\n")) in (("0", 0), ("1", 1)), (name, said[:1000])
            assert len(said) < 1000, name
            assert int(megabytes) < MEGABYTES, name
            assert float(seconds) < SECONDS, name
