"""Damaged files: every format of the registry reads them as a State, or refuses them in a sentence.

Nothing else comes out, and soon. A format that is added is tried by itself: from what it writes, and from the
files in resources that it recognises.
"""

import json
import os
import random
import re
import subprocess
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import replace
from functools import cache
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from nnviz.cli.main import main
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import parse_number
from nnviz.core.replay import state_at_start
from nnviz.core.runs import begin
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.core.train import train
from nnviz.files import native
from nnviz.files.errors import FileError, MissingActivationsError, UnsuitableFormatError
from nnviz.files.models import sandbox, torch_pickle
from nnviz.files.source import Source
from nnviz.files.table.reading import decode
from nnviz.files.table.reading import read as read_table
from nnviz.system import resources
from tests.formats import BESIDE, HERE, SAVED, SEEDS, SLOWER
from tests.readers import heard, read_here
from tests.robust.mutations import NAUGHTY, mutated

SECONDS = 2.0
"""Of the processor, for one file of some kilobytes."""
MEGABYTES = 150
"""More than before, for a file of some kilobytes."""
MAC = sys.platform == "darwin"  # which counts bytes where others count kilobytes
LARGE_BYTES = 4_000
SHIPPED = sorted(resources().rglob("*"))
SEED = 9
TOKENS = ("1", "-2", ".5", "1e3", "1/2", "0,5", "nan", "NA", "-", "null", "x")

_MISSING = """
- -- ? . * na NA n/a N/A #N/A <NA> null Null NULL nil \\N none None NONE nan NaN NAN inf -inf Infinity
#NUM! #DIV/0!
"""
MISSING = {"", *_MISSING.split()}
"""What programs write for a number that is missing: a first row of nothing else names no columns."""

COURSE = [
    b'{"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}',
    b"weights = {'node_0': np.array([2, 4]), 'node_1': np.array([ 4, -5]), 'output': np.array([2, 7])}\n",
    b"import numpy as np\n# the course's\nweights = {'node_0_0': [3, 5], 'node_0_1': [-1, 2], "
    b"'node_1_0': np.array([1.0, np.float64(-2.5)]), 'node_1_1': [0, 1], 'output': [2., 7e-3]}\n",
    b"{'output': [1, 2, 3]}",
    b"import numpy as np\n\ninput_data = np.array([3, 5])  # a row\ntarget_actual = 3\n"
    b"weights_0 = {'node_0': [2, 1],\n             'node_1': [1, 2],\n             'output': [1, 1]}\n"
    b"def relu(x):\n    return max(0, x)\n\nweights_1: dict = {'node_0': [0, 1], 'node_1': np.array([0, 0]), "
    b"'output': [1, 0]}\nprint(relu(input_data))\n",
    b"x = [[1], [2.5]]\ny = [[1], [2]]\nw = {'output': [-1]}\nfor row in x:\n    print(row)\n",
]
TABLES = [
    b"accounts,children,target\n3,5,60\n1,-1,0\n",
    b'"x 1";"x;2"\n1,5;2\n1/2;-3e-4\n',
    b'x1\tname\tx2\n1\tAnn\t2\n\n3\t"Bo""b"\t4\n',
    b"1,2\r\n3,4\r\n \xe2\x88\x925 , .5\r\n",
    b"NA,null\n1,2\n?,-\n",
    b"a\n" + b"\n".join(b"%d" % i for i in range(1200)) + b"\n",
    b"a,b\n" + b"1.25,-3\n" * 600 + b'"4",5\n' + b"6,7\n" * 600,
]


def full_state():
    """Return a State of everything that a file may hold: biases, targets, weight sets, notes."""
    layers = (
        Layer(("first", "«two»"), "leaky_relu(0.2)", [[0.1, -0.0], [1e-300, 1e300]], [0.5, -1.0]),
        Layer(("out 1", "out 2"), "softmax", [[1.0, 2.0], [3.0, 4.5]]),
    )
    network = Network(("a", "b"), layers)
    data = Dataset([[1.5, -2.0], [3.0, 5e-324]], [[0.0, 1.0], [1.0, 0.0]])
    training = Training(0.05, 30, 2, "adam", 7)
    sets = (WeightSet.of("before", network), WeightSet.of("after", network))
    return State(network, data, training, sets, "Everything", "# Notes\n\n*with* Markdown")


def trained_state():
    """Return a State with a run of two segments, the optimizer's memory and a curve, and a kept run."""
    network = Network(
        ("a", "b"), (Layer(("n",), "tanh", [[0.5, -0.25]], [0.125]), Layer(("out",), "identity", [[2.0]]))
    )
    data = Dataset([[1.0, 2.0], [3.0, -1.0], [0.5, 0.0]], [[1.0], [0.0], [2.0]])
    earlier = train(State(network, data, Training(0.5, 3))).state
    state = replace(state_at_start(earlier), training=Training(0.05, 9, 2, "momentum", 7))
    state = train(begin(state, earlier)).state
    return train(state, updates=4, optimizer="adam").state


def plain_state():
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    return State(network, Dataset.empty(network))


@cache
def seeds_of(form):
    """Return files of a format: those that ship, those that it writes, and those that people write."""
    files = [path.read_bytes() for path in SHIPPED if path.is_file() and path.suffix != ".md"]
    found = [data for data in [*files, *COURSE] if form.codec.sniff(data)] + SEEDS.get(form.home, list)()
    for state in (full_state(), trained_state(), plain_state()) if form.saved else ():
        try:
            found.append(form.write(state))
        except FileError:
            continue
    return found


def told(error, seed):
    sentence = str(error)
    assert sentence.strip(), seed
    assert "\n" not in sentence, f"{seed}: {sentence!r}"
    assert len(sentence) < 1300, f"{seed}: {len(sentence)} letters"
    assert not re.search(r"Error\b|Traceback|object at 0x|sys\.", sentence), f"{seed}: {sentence}"


def quickly(read, data, seed):
    """Return what `read` gives, or None where it refuses; nothing else is raised, and it takes no time."""
    began = time.process_time()
    try:
        return read(data)
    except FileError as error:
        told(error, seed)
        return None
    except BaseException as error:
        error.add_note(f"seed {seed}: {data[:2000]!r}")
        raise
    finally:
        assert time.process_time() - began < SECONDS, f"seed {seed}: {len(data)} bytes"


def one_of(seeds, chance):
    """Return one of the files; a large one now and then."""
    large = chance.random() < 0.03
    return chance.choice([data for data in seeds if (len(data) > LARGE_BYTES) == large] or seeds)


READING = """
import json, os, sys
from importlib import import_module
from nnviz.files.models import sandbox
given, back, readers = sys.stdin.buffer, sys.stdout.buffer, {}
while head := given.readline():
    module, what, size = json.loads(head)
    data = given.read(size)
    if module not in readers:
        readers[module] = import_module(module)
        readers[module].warm_up()
    out, end = os.pipe()
    if not os.fork():
        try:
            sandbox.limit()
            with os.fdopen(end, "wb") as pipe:
                pipe.write(sandbox.reply(readers[module].read, data, what))
            os._exit(0)
        finally:
            os._exit(1)
    os.close(end)
    with os.fdopen(out, "rb") as pipe:
        reply = pipe.read()
    failed = os.wait()[1]
    reply = b"" if failed else reply
    back.write(len(reply).to_bytes(8, "little") + reply)
    back.flush()
"""


@pytest.fixture(autouse=True, scope="module")
def files_are_read_by_forks():
    """Read files in forks of one process, if there are any, with the limits: none ends another one."""
    if not hasattr(os, "fork"):
        yield
        return

    def reply_to(module, data, what, _progress):
        given.write(json.dumps([module, what, len(data)]).encode() + b"\n" + data)
        given.flush()
        return replies.read(int.from_bytes(replies.read(8), "little"))

    command = [sys.executable, "-c", READING]
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **piped) as process, pytest.MonkeyPatch.context() as patch:
        given, replies = process.stdin, process.stdout
        patch.setattr(sandbox, "_request", reply_to)
        yield
        given.close()


@pytest.fixture(autouse=True, scope="module")
def pytorch_files_are_read_here():
    with read_here(torch_pickle):
        yield


@pytest.fixture(autouse=True)
def takes_little_memory():
    """Fail a test that has needed more than a file of some kilobytes may, however many there were."""
    resource = pytest.importorskip("resource")  # not on Windows
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // (1024**2 if MAC else 1024)
    assert grown < MEGABYTES, f"{grown} MB"


_FORBIDDEN = {"socket.connect", "pickle.find_class", "os.system", "exec"}
_PYTHON = (os.devnull, "<unknown>", "<string>", sysconfig.get_path("stdlib"))
"""What Python itself looks for: the text of a program that is wrong, and a module that is imported late."""


def read(form, data, folder):
    """Read a file of a format, in a folder if such files have others beside them; give its activations."""
    source = Source(data, folder / "model") if form.home in BESIDE else Source(data)
    try:
        return form.read(source)
    except MissingActivationsError as error:
        return form.read(replace(source, activations=error.proposal))


def is_right(state, form, seed):
    """Check that a network computes, and that it can be saved, as nnviz's own and in its format, and read."""
    network = state.network
    largest = max(np.abs(layer.weights).max() for layer in network.layers)
    if largest < 10 and len(network.layers) < 10:
        assert np.isfinite(network.predict(np.ones(len(network.inputs)))).all(), seed
    written = native.write(state)
    assert native.read(Source(written)) == state, seed
    assert native.write(native.read(Source(written))) == written, seed  # its runs too
    if form.saved and not form.codec.left_out(state):
        with suppress(UnsuitableFormatError):
            assert form.read(Source(form.write(state))) == state, seed


@pytest.mark.parametrize("form", HERE, ids=lambda form: form.name)
def test_a_mutated_file_is_a_right_network_or_a_sentence_and_opens_no_other(form, amount, tmp_path):
    seeds, beside = seeds_of(form), BESIDE.get(form.home, {})
    for name, data in beside.items():
        (tmp_path / name).write_bytes(data)
    donors = [data for other in HERE for data in seeds_of(other)] + TABLES
    assert seeds, f"{form.name} writes neither of the States, and nothing that ships is of it"
    tried, opened = amount(quick=120, ci=1_000, night=1_000_000) // SLOWER.get(form.home, 1), 0
    read(form, seeds[0], tmp_path)  # which imports what it takes
    for number in range(tried):
        seed = f"{form.name}:{SEED}:{number}"
        chance = random.Random(seed)
        data = mutated(one_of(seeds, chance), one_of(donors, chance), chance)
        with heard() as deeds:
            quickly(form.codec.sniff, data, seed)
            state = quickly(lambda data: read(form, data, tmp_path), data, seed)
        assert _FORBIDDEN.isdisjoint(event for event, _ in deeds), seed
        paths = [str(path) for _, path in deeds if isinstance(path, str | os.PathLike)]
        assert {Path(path) for path in paths if not path.startswith(_PYTHON)} <= {
            tmp_path / name for name in beside
        }, seed
        if state is not None:
            opened += 1
            is_right(state, form, seed)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(beside)
    print(f"{form.name}: {tried:,} tried, {tried - opened:,} refused")
    assert 0 < opened < tried


def rows_of(text, separator):
    """Return the rows of cells; a blank line is none. It shares nothing with nnviz's reader and Python's."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    found, row, at = [], [], 0
    while at < len(text):
        while separator != "\t" and text[at] == " ":
            at += 1
        if text[at] == '"':
            cell, at = _quoted(text, at + 1)
        else:
            end = min(end for sign in (separator, "\n") if (end := text.find(sign, at)) >= 0)
            cell, at = text[at:end], end
        row.append(cell)
        if text[at] == "\n":
            if len(row) > 1 or row[0].strip():
                found.append(row)
            row = []
        else:
            assert text[at] == separator, "a stray quote"
        at += 1
    return found


def _quoted(text, at):
    cell = ""
    while True:
        end = text.find('"', at)
        assert end >= 0, "a quote that does not end"
        cell += text[at:end]
        if text[end + 1] != '"':
            return cell, end + 1
        cell, at = cell + '"', end + 2


def number_in(cell, decimal):
    """Return the number in a cell, negative zero too, or None."""
    if decimal is None and re.fullmatch(r"[-+]?[1-9][0-9]{0,2}[.,][0-9]{3}", cell):
        return None
    if decimal == ",":
        if re.fullmatch(r"[-+]?[1-9][0-9]{0,2}([.][0-9]{3})+(,[0-9]*)?", cell):
            return None
        cell = cell.replace(",", ".") if cell.count(",") == 1 else cell
    try:
        plain = re.fullmatch(r"[-+]?[.0-9]+(e[-+]?[0-9]{1,3})?", cell, re.IGNORECASE)
        return float(cell) if plain and isfinite(float(cell)) else parse_number(cell, quotients=False)
    except ValueError:
        return None


def agrees(table, text, seed):
    """Compare a table with the result of the other reader: each number, bit for bit, and each name."""
    rows = rows_of(text, table.layout.delimiter)
    assert all(len(row) == table.width or "".join(row[table.width :]).strip() == "" for row in rows), seed
    if table.names is not None:
        assert [cell.strip() for cell in rows.pop(0)][: table.width] == list(table.names), seed
        assert not MISSING.issuperset(table.names), seed
    for column in range(table.width):
        found = [number_in(row[column].strip(), table.layout.decimal) for row in rows]
        try:
            numbers = table.columns_at([column])[:, 0].tolist()
        except FileError as error:
            told(error, seed)
            assert None in found, seed
        else:
            assert numbers == found, seed
            assert np.signbit(numbers).tolist() == np.signbit(found).tolist(), seed


def test_a_mutated_table_is_what_another_reader_finds_or_a_sentence(amount):
    tried, opened = amount(quick=150, ci=3_000, night=1_000_000), 0
    for number in range(tried):
        seed = f"csv:{SEED}:{number}"
        chance = random.Random(seed)
        data = mutated(one_of(TABLES, chance), one_of(TABLES, chance), chance)
        table = quickly(read_table, data, seed)
        if table is not None:
            opened += 1
            agrees(table, decode(data)[0], seed)
    print(f"csv: {tried:,} tried, {tried - opened:,} refused")
    assert 0 < opened < tried


def test_a_table_of_chance_is_read_as_by_another_reader(amount):
    signs = ['"', '"', ",", ",", ";", "\t", "\n", "\n", "\r\n", " ", *TOKENS]
    for number in range(amount(quick=300, ci=5_000, night=1_000_000)):
        seed = f"table:{SEED}:{number}"
        chance = random.Random(seed)
        text = "".join(chance.choices(signs, k=chance.randint(1, 14)))
        table = quickly(read_table, text.encode(), seed)
        if table is not None:
            agrees(table, text, seed)


COMMANDS = (
    ("check", "FILE"),
    ("predict", "FILE"),
    ("predict", "FILE", "--json", "--row", "1,2"),
    ("predict", "relu", "--data", "FILE"),
    ("slopes", "FILE", "--json"),
    ("train", "FILE", "--updates", "3", "-o", "OUT.json"),
    ("convert", "FILE", "OUT.py"),
    ("convert", "FILE", "OUT.json"),
    ("render", "FILE", "-o", "OUT.svg"),
)


def test_no_command_meets_a_mutated_file_with_more_than_a_sentence(amount, tmp_path, capsys):
    seeds = [data for form in HERE for data in seeds_of(form)] + TABLES
    suffixes = (*{suffix for form in HERE for suffix in form.suffixes}, ".csv", "")
    tried, refused = amount(quick=20, ci=500, night=50_000), 0
    for number in range(tried):
        seed = f"command:{SEED}:{number}"
        chance = random.Random(seed)
        command = chance.choice(COMMANDS)
        file = tmp_path / f"file{chance.choice(suffixes)}"
        tables = "--data" in command and chance.random() < 0.8
        data = mutated(one_of(TABLES if tables else seeds, chance), one_of(seeds, chance), chance)
        file.write_bytes(data)
        words = [word.replace("FILE", str(file)).replace("OUT", str(tmp_path / "out")) for word in command]
        try:
            code = main(words)
        except BaseException as error:
            error.add_note(f"seed {seed}: {command} {data[:2000]!r}")
            raise
        said = capsys.readouterr().err
        refused += code
        assert code in (0, 1), f"{seed}: {said}"
        *taken, fault = said.splitlines() or [""]
        assert all(line.startswith(f"{file}: ") for line in taken), f"{seed}: {said}"
        assert code == 0 or 1 < len(fault) < 1500, f"{seed}: {said}"
        file.unlink()
    print(f"commands: {tried:,} tried, {refused:,} refused")


def test_every_naughty_name_goes_through_the_formats_or_is_refused(amount):
    """Through every one with --ci, else each name through one of them in turn."""
    plain, refused = plain_state(), 0
    for number, name in enumerate(NAUGHTY):
        try:
            network = Network(("a", name), plain.network.layers)
            sets = (WeightSet.of(name, network),)
            state = State(network, Dataset.empty(network), weight_sets=sets, name=name)
        except ValueError as error:
            told(error, repr(name))
            refused += 1
            continue
        for k in range(amount(quick=1, ci=len(SAVED), night=len(SAVED))):
            form = SAVED[(number + k) % len(SAVED)]
            try:
                data = form.write(state)
            except FileError as error:
                told(error, repr(name))
                continue
            again = form.read(Source(data))
            assert form.codec.left_out(state) or again == state, (form.name, name)
    assert 0 < refused < len(NAUGHTY) / 4
