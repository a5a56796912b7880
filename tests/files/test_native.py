"""nnviz's own file reads back to the last bit, and a bad one is refused with the place of the fault."""

import copy
import itertools
import json
import struct
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core import edits, runs
from nnviz.core.address import Address
from nnviz.core.columns import Column, Columns
from nnviz.core.history import History
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import KEPT_RUNS, NUMBERS, POINTS
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.replay import Past, Replay, state_at_start
from nnviz.core.runs import keep, label_run, return_to, set_baseline
from nnviz.core.state import Dataset, Segment, State, Training, Weights, WeightSet
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from nnviz.files import json_text, native, registry, snapshot
from nnviz.files.errors import STEP, CancelledError, FileError
from nnviz.files.examples import example
from nnviz.files.registry import load, losses_on_save, save
from nnviz.files.source import Source
from tests.core import oracle
from tests.files.helpers import cases_of, refusals, refused

floats = st.floats(allow_nan=False, allow_infinity=False, width=64)
letters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
node_names = st.text(letters, min_size=1, max_size=8).filter(str.strip)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
COURSE = {"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]}


def read(data):
    """Return the State in the text of a file."""
    return registry.read(Source(data if isinstance(data, bytes) else data.encode(), Path("bad.json")))


def again(state):
    """Return the State in the file of a State."""
    return native.read(Source(native.write(state)))


def one_weight(value):
    return State(Network(("x",), (Layer(("y",), "identity", [[value]]),)), Dataset([[1.0]]))


def with_columns():
    network = Network(["age", "colour=rot", "colour=blau"], [Layer(["output"], "identity", [[1, 2, 3]])])
    columns = (
        Column("age", ("age",), mean=0.1 + 0.2, deviation=5e-324),
        Column("colour", ("colour=rot", "colour=blau"), ("rot", 'bl"au\n')),
    )
    return State(network, Dataset.empty(network), columns=Columns(columns))


def untrained(optimizer="gradient_descent", batch_size=None):
    network = oracle.make_network([2, 3, 1], ["tanh", "identity"], [True, False], scale=0.5)
    return oracle.make_state(network, 10, learning_rate=0.05, optimizer=optimizer, batch_size=batch_size)


def with_two_kept(long=50):
    """Return a State with a run and two earlier ones, of that many and of 9 updates."""
    state = untrained("adam", 3)
    for updates in (long, 9):
        run = train(edits.randomise(state, updates), updates=updates).state
        state = keep(edits.randomise(run, 5), run)
    return train(state, updates=4).state


@st.composite
def states(draw):
    sizes = draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    taken = iter(draw(st.lists(node_names, min_size=sum(sizes), max_size=sum(sizes), unique=True)))
    rows = draw(st.integers(0, 3))

    def matrix(height, width):
        return np.array([[draw(floats) for _ in range(width)] for _ in range(height)]).reshape(height, width)

    inputs = tuple(next(taken) for _ in range(sizes[0]))
    layers = []
    for before, count in itertools.pairwise(sizes):
        biases = draw(st.none() | st.lists(floats, min_size=count, max_size=count))
        activation = draw(st.sampled_from(["identity", "relu", "tanh", "softmax"]))
        nodes = tuple(next(taken) for _ in range(count))
        layers.append(Layer(nodes, activation, matrix(count, before), biases))
    training = Training(
        learning_rate=draw(st.floats(min_value=5e-324, max_value=1e300)),
        updates=draw(st.integers(1, 10**12)),
        batch_size=draw(st.none() | st.integers(1, 1000)),
        optimizer=draw(st.sampled_from(["gradient_descent", "momentum", "adam"])),
        seed=draw(st.integers(0, 2**63 - 1)),
    )
    weights = tuple(Weights(-layer.weights, layer.biases) for layer in layers)
    sets = tuple(WeightSet(name, weights) for name in draw(st.lists(node_names, max_size=2)))
    data = Dataset(matrix(rows, sizes[0]), matrix(rows, sizes[-1]) if draw(st.booleans()) else None)
    network = Network(inputs, tuple(layers))
    return State(network, data, training, sets, draw(st.text(letters, max_size=30)), draw(texts))


@given(states(), floats)
def test_a_saved_state_is_read_back(state, number):
    assert again(state) == state
    back = again(one_weight(number)).network.layers[0].weights[0, 0]
    assert struct.pack("<d", back) == struct.pack("<d", number)


SHORT = {
    **{-0.0: "-0.0", 2.0: "2", -13.0: "-13", 0.1: "0.1", 5e-324: "5e-324"},
    **{1.7976931348623157e308: "1.7976931348623157e308", 2.0**53 + 2: "9007199254740994.0", 1e22: "1e22"},
}


def test_a_saved_file_is_pleasant_to_read(approved):
    rows = Dataset([[3, 5]], [[60]])
    state = State(Network.from_weights(COURSE), rows, Training(), (), "Bank · 1", "Two\n")
    text = native.write(state).decode()
    approved("a saved file", text)
    assert not any(key in text for key in ("run", "columns"))
    other = native.write(replace(state, network=Network.from_weights({**COURSE, "node_1": [4, 1]}))).decode()
    lines = zip(text.split("\n"), other.split("\n"), strict=True)
    assert [(a.strip(), b.strip()) for a, b in lines if a != b] == [("[4, -5]", "[4, 1]")]
    for value, written in SHORT.items():
        text_of_one = native.write(one_weight(value)).decode()
        assert f'"weights": [\n          [{written}]\n        ]' in text_of_one
        assert repr(read(text_of_one).network.layers[0].weights.tolist()) == repr([[value]])
    assert read(b"\xef\xbb\xbf" + text.encode()) == state  # a byte order mark
    assert read(json.dumps(dict(reversed(json.loads(text).items())))) == state
    elu = State(Network.from_weights({"output": [2]}, output="elu(0.5)"), Dataset([[3]]))
    assert json.loads(native.write(elu))["network"]["layers"][0]["activation"] == "elu(0.5)"


def test_what_may_be_left_out_gets_its_default():
    weights = {"relu": [[1], [2]], "tanh": [[1, 2]], "identity": [[1]]}
    layers = [{"activation": name, "weights": rows} for name, rows in weights.items()]
    raw = {"format": "nnviz", "version": 1, "network": {"inputs": ["a"], "layers": layers}}
    state = read(json.dumps(raw))
    nodes = [("node_0_0", "node_0_1"), ("node_1_0",), ("output",)]
    assert [(layer.nodes, layer.biases) for layer in state.network.layers] == [(own, None) for own in nodes]
    assert (state.name, state.notes, state.training, state.weight_sets) == ("", "", Training(), ())
    assert (state.data.inputs.shape, state.data.targets) == ((0, 1), None)


def test_columns_come_back_to_the_last_bit(tmp_path):
    state = with_columns()
    save(state, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == state
    assert load(tmp_path / "a.json").columns == state.columns
    raw = json.loads((tmp_path / "a.json").read_text())
    assert raw["columns"][0] == {"name": "age", "nodes": ["age"], "mean": 0.1 + 0.2, "deviation": 5e-324}
    assert "the classes of the columns" in losses_on_save(state, "a.npz")
    assert "the classes of the columns" not in losses_on_save(state, "a.json")


def test_what_could_not_be_read_back_is_not_saved(tmp_path, approved):
    file = tmp_path / "old.json"
    save(one_weight(7.0), file)
    other = WeightSet.of("other", Network.from_weights({"output": [1, 2]}))
    said = refused(save, replace(one_weight(1.0), weight_sets=(other,)), file)
    approved("a weight set of another network is not saved", said)
    assert load(file) == one_weight(7.0)


GOOD = json.loads("""{"format": "nnviz", "version": 1, "name": "Bank", "notes": "n",
"network": {"inputs": ["accounts", "children"], "layers": [
    {"nodes": ["node_0", "node_1"], "activation": "relu", "weights": [[2, 4], [4, -5]], "biases": [0.5, 1]},
    {"nodes": ["output"], "activation": "identity", "weights": [[2, 7]], "biases": null}]},
"data": {"inputs": [[3, 5], [1, 2]], "targets": [[60], [50]]},
"training": {"learning_rate": 0.01, "updates": 20, "optimizer": "adam"},
"weight_sets": [
    {"name": "a", "layers": [{"weights": [[1, 1], [1, 1]], "biases": [0, 0]}, {"weights": [[1, 1]]}]}]}""")
# Paths into what a file holds, and the values that are put there.
BAD = r"""
nam: "x" ¦ zzz: "x" ¦ a\ud800: "x" ¦ format: without | "keras"
¦ version: without | 2 | true | 1.0 | [[1, 2]] ¦ name: 3 | null | "\ud800" ¦ notes: "ok \udfff"
¦ network: without | [] | null ¦ network weights: 1
¦ network inputs: without | [] | ["a", "a"] | ["a", 1] | ["a", " "] | ["a", "\udead"] | ["a"]
¦ network layers: [] | 3 ¦ network layers 0: [] ¦ network layers 0 weight: []
¦ network layers 0 activation: without | 1 | "swish" | "tanh(2)" | "leaky_relu(2)"
¦ network layers 0 weights: without | [] | [1, 2] | null | [[1, 1]] ¦ network layers 0 weights 1: [4]
¦ network layers 0 weights 1 0: true | "4" | null | NaN | Infinity
¦ network layers 0 biases: [1] | 1 | [1, NaN] ¦ network layers 0 nodes: ["a"] | ["a", "a"]
¦ network layers 1 nodes: ["accounts"] | [""] ¦ network layers 1 weights 0: [4, 1, 2]
¦ network layers 1 weights 0 1: -Infinity ¦ data: [] ¦ data rows: 1 ¦ data inputs: without
¦ data inputs 1: [1] ¦ data inputs 1 1: NaN | false ¦ data targets: [[1]] ¦ data targets 0: [1, 2] | 60
¦ data targets 0 0: Infinity ¦ training rate: 1 ¦ training learning_rate: 0 | NaN | "fast"
¦ training updates: 0 | 2.5 | true ¦ training batch_size: 0 | "all" ¦ training optimizer: "sgd"
¦ training seed: -1 | 9223372036854775808 ¦ weight_sets: {} ¦ weight_sets 0 name: ""
¦ weight_sets 0 nodes: [] ¦ weight_sets 0 layers: [] ¦ weight_sets 0 layers 0 weights: [[1, 1]]
¦ weight_sets 0 layers 0 weights 1 1: Infinity ¦ weight_sets 0 layers 0 biases: null
¦ weight_sets 0 layers 1 weights: [[1]] ¦ weight_sets 0 layers 1 biases: [1]
"""
LONG = {"version": {"many digits": "1" * 99}, "network layers 0 weights 0 1": {"a large number": 10**309}}
BAD_RUN = r"""
data: without ¦ run iteration: -1 | "6" | 6.5 ¦ run segments: [] ¦ run segments 0 after: 2
¦ run segments 0 learning_rate: 0 ¦ run start 1: without ¦ run start 0 weights 1: [0.5]
¦ run start 0 biases: null ¦ run optimizer_memory 0 name: "m" ¦ run history: [] ¦ run history 0: without
¦ run history 1 0: 0 | 0.5 ¦ run history 1 1: Infinity ¦ run history 2: [2, 1, 1] ¦ run history 2 1: -1
¦ run history 6 0: 7 ¦ run validation: [[0, -1]] | [[9, 1]]
"""
LONG_RUN = {
    "run segments": {"one behind the end": lambda own: [*own, {**own[0], "after": 6}]},
    "run optimizer_memory": {"twice": lambda memory: memory * 2},
    "run history": {"too many points": [[k, 1] for k in range(POINTS.limit + 1)]},
}
BAD_KEPT = r"""
runs 0 name: "two\u000alines" ¦ runs 0 id: 0 | 2 ¦ runs 0 end 0: {} ¦ runs 0 segments: [{"after": 1}]
¦ runs 0 training learning_rate: 0 ¦ runs 0 training optimizer: 1
¦ runs 0 iterations: 9007199254740993 ¦ runs 0 network inputs: [] ¦ runs 0 network layers: []
¦ runs 0 network layers 1 nodes: [] ¦ runs 0 history: [[0, 1]] ¦ runs 1 iterations: "9" | without
¦ runs 1 weights: [] ¦ runs 1 network layers 0 weights: [[1]]
¦ runs 1 history: [[0, 1], [3.5, 1]] | [[0, 1], [0, 1]] | [[0, 1], [1, -1]] | [[0], [0, 1]]
"""
SAME = {"name": "a", "training": {}, "iterations": 1, "history": [[0, 1], [1, 1]]}
LONG_KEPT = {
    "runs": {
        "an id twice": lambda runs: [*runs, {**SAME, "id": 1}],
        "too many": lambda runs: runs + [SAME] * (KEPT_RUNS.limit - 1),
    },
    "runs 0 history": {"too many points": [[k, 1] for k in range(POINTS.limit + 1)]},
}
BAD_COLUMNS = r"""
columns: [{"nodes": ["age"]}] | [{"name": "a", "nodes": []}] | [{"name": "a", "nodes": ["gone"]}]
¦ columns: [{"name": "a", "nodes": ["age"], "values": ["x", "y"]}]
¦ columns: [{"name": "a", "nodes": ["age"], "deviation": 0}] | [{"name": "a", "nodes": ["age"], "value": []}]
¦ columns: [{"name": "a", "nodes": ["age", "output"], "values": ["x", "y"]}]
"""


def changes(text, long):
    """Return (name, path, value) for every change in a text of JSON values and in a dictionary."""
    for case in text.split("¦"):
        path, values = (part.strip() for part in case.split(": ", 1))
        for value in cases_of(values, "|"):
            new = value if value == "without" else json.loads(value)
            yield f"{path} = {value}", json.loads(f'"{path}"'), new
    for path, named in long.items():
        yield from ((f"{path} = {name}", path, value) for name, value in named.items())


def changed(raw, path, value):
    """Return a copy of a file's data with one value changed, added or taken out."""
    here = raw = copy.deepcopy(raw)
    *way, last = (int(step) if step.isdigit() else step for step in path.split(" "))
    for step in way:
        here = here[step]
    if value == "without":
        del here[last]
    else:
        here[last] = value(here[last]) if callable(value) else value
    return raw


FAULTS = {
    "the network, its data and settings": (lambda: read(json.dumps(GOOD)), BAD, LONG),
    "the run": (lambda: train(untrained("momentum"), updates=6).state, BAD_RUN, LONG_RUN),
    "kept runs": (with_two_kept, BAD_KEPT, LONG_KEPT),
    "columns": (with_columns, BAD_COLUMNS, {}),
}


@pytest.mark.parametrize("which", FAULTS)
def test_a_changed_file_is_refused_with_its_place(which, approved):
    state, text, long = FAULTS[which]
    raw = json.loads(native.write(state()))
    cases = {name: json.dumps(changed(raw, path, value)) for name, path, value in changes(text, long)}
    approved(f"changed | {which}", refusals(cases, read))


START = '{"format": "nnviz", "version": 1, "network": '
NETWORK = START + '{"inputs": ["a"], "layers": [{"activation": "relu", "weights": [[%s]]}]}}'
TEXTS = r"""
{ ¦ {"format": "nnviz ¦ {"format": "nn\tviz"} ¦ {"format":\n "nnviz" 1} ¦ {"format": "nnviz"} x ¦ [1, 2]
¦ null ¦ NaN ¦ {"format": "nnviz", "a": 1, "b": {"c": 1, "c": 2}} ¦ {"format": "nnviz", "format": "nnviz"}
¦ {"format": "nnviz", "version": 1, "network": {"inputs": ["\ud800"], "layers": []}}
"""
LONG_TEXTS = (
    *("", " \n\t", "\ufeff", b'{\n"name": "\xff"}', '{"format": "nnviz"}'.encode("utf-16"), "[" * 100_000),
    *(START + '{"a":' * 100_000, NETWORK % "1e999", NETWORK % ("-" + "9" * 5000)),
    (NETWORK % 1)[:-1] + f', "training": {{"seed": {"9" * 401}}}}}',
)


def test_broken_text_is_refused_with_its_line(approved):
    approved("broken text", refusals((*cases_of(TEXTS), *LONG_TEXTS), read))


# The run of a file.


def bits(state):
    weights = [layer.weights.tobytes() for layer in state.network.layers]
    biases = [layer.biases is None or layer.biases.tobytes() for layer in state.network.layers]
    return [*weights, *biases, state.run.iteration, state.run.memory.tobytes()]


def at(state, iteration):
    """Train a State again from the start of its run; return the State after a number of updates."""
    past = Past(state)
    replay = Replay(past.nearest(iteration), state)
    for _ in replay.work(iteration - replay.iteration):
        pass
    return replay.state()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_goes_on_and_back_after_reopening_as_it_would_have(optimizer):
    for batch_size in (None, 3):
        start = untrained(optimizer, batch_size)
        before = train(start, updates=17).state
        after = again(before)
        assert bits(after) == bits(before)
        for updates in (1, 25):
            assert bits(train(after, updates=updates).state) == bits(train(before, updates=updates).state)
        for k in (16, 5, 1):
            assert bits(at(after, k)) == bits(train(start, updates=k).state)
        assert Past(after).nearest(0).network == start.network
        assert after.run.history.points.tolist() == before.run.history.points.tolist()
        assert not after.run.history.is_thinned


def test_settings_that_changed_on_the_way_are_those_of_the_way_back():
    on_the_way = train(untrained(), updates=4).state
    other = {"learning_rate": 0.02, "optimizer": "adam"}
    after = again(train(on_the_way, updates=5, **other).state)
    assert bits(at(after, 4)) == bits(on_the_way)
    assert bits(at(after, 6)) == bits(train(on_the_way, updates=2, **other).state)


def test_of_a_long_curve_the_extremes_and_the_ends_are_kept():
    start = untrained()
    before = train(start, updates=17_000).state
    after = again(before)
    whole, kept = before.run.history.points, after.run.history.points
    assert len(kept) <= POINTS.limit < len(whole)
    assert kept[[0, -1], 1].tolist() == whole[[0, -1], 1].tolist()
    assert (kept[:, 1].min(), kept[:, 1].max()) == (whole[:, 1].min(), whole[:, 1].max())
    assert after.run.history.is_thinned
    assert native.write(after) == native.write(before)
    assert at(after, 300).run.history.points.tolist() == train(start, updates=300).history.tolist()
    trainer = Trainer(again(train(start, updates=50).state), history_limit=100)
    for _ in trainer.work(400):
        pass
    assert len(trainer.state().run.history) <= 100  # it is thinned like any other when it grows


def test_a_run_is_written_if_there_is_one(approved):
    state = State(Network.from_weights({"output": [2]}), Dataset([[1]], [[0]]), Training(0.25, 5))
    text = native.write(train(state).state).decode()
    text = text.replace(',\n    "engine": "compiled"', "")  # where a compiler was
    approved("a saved run", text[text.index('  "run"') :])
    assert '"runs"' not in text
    for without in (untrained(), Past(train(untrained(), updates=3).state).nearest(0)):
        assert b'"run"' not in native.write(without)
    assert again(untrained()).run is None
    assert all(load(example(name).path).run is None for name in ("xor", "twenty-updates"))


@pytest.mark.parametrize("batch_size", [None, 3])
def test_an_edit_in_the_text_of_a_file_ends_the_run(batch_size):
    before = train(untrained(batch_size=batch_size), updates=6).state
    raw = json.loads(native.write(before))
    for path, value in (
        ("network layers 0 weights 0 0", 0.75),
        ("data targets 2", [7]),
        ("data", lambda data: {name: [*rows, rows[0]] for name, rows in data.items()}),
    ):
        after = read(json.dumps(changed(raw, path, value)))
        assert after.run is None, path
        assert after != before


@pytest.mark.parametrize("updates", [1, 50, 2000])
def test_a_run_of_another_computer_whose_last_digits_differ_stays(updates):
    raw = json.loads(native.write(train(untrained(), updates=updates).state))
    for layer in raw["network"]["layers"]:
        weights = np.array(layer["weights"])
        weights[:, ::2] *= 1 + 2e-16
        weights[:, 1::2] *= 1 - 2e-16
        layer["weights"] = weights.tolist()
    raw["run"]["history"][-1][1] *= 1 + 1e-13
    assert read(json.dumps(raw)).run is not None


def test_a_segment_holds_every_setting_that_an_update_depends_on():
    """A setting of training that is added belongs into the segments of a file too, unless it ends the run."""
    one_run = {"updates", "loss", "validation", "until", "patience", "keep"}
    assert set(native.SETTINGS) == {field.name for field in fields(Training)} - one_run


def test_validation_and_accuracy_of_a_run_come_back():
    start = oracle.classes("sigmoid", 1, 4, loss="cross_entropy", validation=0.5, learning_rate=0.001)
    state = train(start, updates=5).state
    after = again(state)
    assert after.training == state.training
    names = ["validation", "accuracy", "validation accuracy"]
    assert [curve.name for curve in after.run.beside] == names
    for name in names:
        assert after.run.curve(name).points.tolist() == state.run.curve(name).points.tolist()
    assert train(after, updates=3).history.tolist() == train(state, updates=3).history.tolist()


def test_a_saved_loss_and_accuracy_are_those_that_its_targets_allow():
    """Without classes there is no accuracy; where targets are no shares, cross-entropy may be below 0."""
    network = oracle.make_network([2, 1], ["sigmoid"], [True])
    start = State(network, Dataset([[1, 2], [2, 1]], [[5], [3]]), Training(loss="cross_entropy"))
    first = train(start, updates=5).state
    raw = native.write(first).replace(b'"history":', b'"accuracy": [[0, 1], [5, 1]],\n    "history":', 1)
    assert read(raw).run.beside == ()
    assert first.run.history.last[1] < 0
    state = keep(replace(first, network=network, run=None, training=Training(0.1, 5)), first)
    assert again(first).run.history.points.tolist() == first.run.history.points.tolist()
    assert again(state).runs == state.runs != ()


def test_a_run_that_is_too_large_is_left_out_and_nnviz_says_so(monkeypatch, approved):
    for module in (native, runs):
        monkeypatch.setattr(module, "NUMBERS", replace(NUMBERS, limit=4_000))
    rows = np.zeros((38, 99))  # with their targets 3,800 numbers
    network = Network.from_weights({"output": np.full(99, 0.1)})
    state = State(network, Dataset(rows, rows[:, :1]))
    plain, large = (train(state, updates=1, optimizer=each).state for each in ("gradient_descent", "adam"))
    assert (again(plain), again(large)) == (plain, large)
    assert (again(plain).run is None, again(large).run is None) == (False, True)
    assert losses_on_save(plain, "x.json") == ""
    approved("a run that is too large", losses_on_save(large, "x.json"))


def check_same_run(found, expected):
    """Compare all that a kept run has, and an iteration that is computed again."""
    assert found == expected
    assert found.columns == expected.columns
    for name in ("label", "iteration", "segments", "optimizer", "engine", "diverged", "curve_only", "start"):
        assert getattr(found.run, name) == getattr(expected.run, name)
    assert found.run.memory.tolist() == expected.run.memory.tolist()
    assert found.run.history.points.tolist() == expected.run.history.points.tolist()
    curves = [
        [(each.name, each.history.points.tolist()) for each in own.run.beside] for own in (found, expected)
    ]
    assert curves[0] == curves[1]
    replays = [Replay(state_at_start(each), each) for each in (found, expected)]
    for replay in replays:
        for _ in replay.work(each_half := expected.iteration // 2):
            pass
        assert replay.state().iteration == each_half
    assert replays[0].state().network == replays[1].state().network


def test_kept_runs_come_back_to_the_last_bit():
    before = with_two_kept(1200)
    before = label_run(before, 1, {"name": "long", "note": "two\nlines", "pinned": True})
    before = set_baseline(before, 2)
    after = again(before)
    copied = b"".join(snapshot.with_digest(snapshot.copy_parts(before, snapshot.About("", "", None, b""))))
    assert native.write(after) == native.write(before)
    for state in (after, snapshot.Copy(copied).state()):
        assert (len(state.runs), state.baseline) == (2, 2)
        for found, expected in zip(state.runs, before.runs, strict=True):
            check_same_run(found, expected)
    assert train(after, updates=3).state.network == train(before, updates=3).state.network
    back = return_to(after, 1, after)
    assert train(back, updates=3).state.network == train(before.runs[0], updates=3).state.network
    assert "the kept runs" in losses_on_save(before, "x.py")


def test_kept_runs_have_their_own_rows_only_where_these_differ():
    state = with_two_kept(20)
    last = train(state, updates=3).state
    state = keep(edits.set_value(last, Address("target", 0, 0), 0.75, 0), last)
    network, wider = state.network, edits.add_node(state, 1)
    state = keep(wider, train(wider, updates=2).state)
    raw = json.loads(native.write(state))
    assert [("data" in run, len(run["network"]["layers"][0]["nodes"])) for run in raw["runs"]] == [
        (False, 3),
        (False, 3),
        (True, 3),
        (False, 4),
    ]
    after = again(state)
    assert network.sizes != after.network.sizes
    assert after.runs[0].data is after.runs[2].data
    assert after.runs[3].data is after.data
    for found, expected in zip(after.runs, state.runs, strict=True):
        check_same_run(found, expected)


def test_a_kept_run_whose_rows_were_edited_in_the_file_has_only_its_curve():
    raw = json.loads(native.write(replace(with_two_kept(20), run=None)))
    raw["data"]["targets"][0][0] += 1.0
    state = read(json.dumps(raw))
    assert [kept.run.curve_only for kept in state.runs] == [True, True]
    with pytest.raises(ValueError, match="only the curve"):
        return_to(state, 1, None)


def test_runs_of_older_files_are_read_without_weights():
    state = replace(with_two_kept(50), run=None)
    raw = json.loads(native.write(state))
    first, second = raw["runs"]
    layers = [{key: layer[key] for key in ("nodes", "activation")} for layer in first["network"]["layers"]]
    network = {"inputs": first["network"]["inputs"], "layers": layers}
    keys = "training", "iterations", "history"
    raw["runs"] = [
        {"name": "learning rate 0.05", "network": network} | {key: first[key] for key in keys},
        {"name": "another"} | {key: second[key] for key in keys},  # as the first versions wrote a run
    ]
    older = read(json.dumps(raw))
    assert [kept.run.label.id for kept in older.runs] == [1, 2]
    assert [kept.run.label.name for kept in older.runs] == ["learning rate 0.05", "another"]
    for found, expected in zip(older.runs, state.runs, strict=True):
        assert found.run.curve_only
        assert found.network.sizes == expected.network.sizes
        assert (found.training, found.iteration) == (expected.training, expected.iteration)
        assert found.run.history.points.tolist() == expected.run.history.points.tolist()
    written = json.loads(native.write(older))
    assert all("weights" not in layer for run in written["runs"] for layer in run["network"]["layers"])
    assert [kept.run.curve_only for kept in again(older).runs] == [True, True]
    assert native.write(again(older)) == native.write(older)


def test_many_long_runs_make_a_file_of_few_megabytes(amount):
    points = np.column_stack((np.arange(100_001.0), np.random.default_rng(0).random(100_001) + 0.5))
    first = train(untrained(), updates=2).state
    long = replace(first.run, iteration=100_000, history=History().extended(points))
    state = first
    for number in range(1, 51):
        label = replace(long.label, id=number)
        segment = Segment(0, replace(first.training, seed=number, updates=1))
        state = keep(state, replace(first, run=replace(long, label=label, segments=(segment,))))
    assert len(state.runs) == 50
    assert len(native.write(replace(state, run=None))) < 12 * 2**20


# JSON as text.

LETTERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | LETTERS
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(LETTERS, inner, max_size=4),
    max_leaves=20,
)


def plain(value):
    """Return the data that was read, with its Rows as lists."""
    if isinstance(value, json_text.Row):
        return value.numbers.tolist()
    if isinstance(value, list):
        return list(map(plain, value))
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(TREES, st.sampled_from([None, 0, 3]), st.booleans())
def test_json_is_read_as_python_reads_it(tree, indent, ascii_only):
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    assert plain(json_text.parse(text)) == json.loads(text)


@given(st.text(st.sampled_from('[]{}:,"\\ 0123-.eEtrufalsn\n'), max_size=12))
def test_json_that_python_refuses_is_refused_at_the_same_place(text):
    with suppress(FileError):
        assert plain(json_text.parse(text)) == json.loads(text)
        return
    with pytest.raises(json.JSONDecodeError) as python:
        json.loads(text)
    with pytest.raises(FileError) as caught:
        json_text.parse(text)
    wrong = python.value
    assert caught.value.place == (f"line {wrong.lineno}, column {wrong.colno}" if text.strip() else "")


@given(st.recursive(floats, lambda inner: st.lists(inner, max_size=5)))
def test_written_json_is_read_bit_for_bit(tree):
    back = plain(json_text.parse(json_text.to_text(tree)))
    assert repr(back).replace(".0", "") == repr(tree).replace(".0", "")


def test_every_float_is_written_in_few_digits_and_read_bit_for_bit(amount):
    rng, count = np.random.default_rng(0), amount(quick=2_000, ci=20_000, night=200_000)
    any_bits = rng.integers(0, 2**64, count, dtype=np.uint64).view(np.float64)
    scaled = rng.normal(size=count) * 10.0 ** rng.integers(-9, 18, count)
    odd = "5e-324 1e-5 9.99e-6 0.000012 10.000012 1e15 1e16 9007199254740992 -0.0 0.30000000000000004"
    odd = np.array([*odd.split(), "1.7976931348623157e308"], float)
    for value in np.concatenate((any_bits[np.isfinite(any_bits)], scaled, odd, -odd)).tolist():
        text = json_text.to_text([value])
        assert float(text[1:-1]) == value
        assert len(text) <= len(repr(value)) + len("[0.0000]")
        assert ".0]" not in text or abs(value) >= 1e15 or text == "[-0.0]"
        assert np.array(json.loads(text), float).tobytes() == np.array([value]).tobytes()
    row = json_text.to_text([json_text.Row(np.array([2, -0.0, 0, 10.00005, 1e-5, 1e15, -3, 1.5e-5]))])
    assert row == "[\n  [2, -0.0, 0, 10.00005, 0.00001, 1000000000000000.0, -3, 0.000015]\n]"


def test_a_list_of_numbers_within_a_list_is_a_row_and_texts_are_no_numbers():
    found = json_text.parse('{"w": [[1, 2.5], [], ["a", 2.0], [true], [1e999]], "b": [1, 2]}')
    kinds = [type(each).__name__ for each in found["w"]]
    assert kinds == ["Row", "Row", "list", "list", "list"]
    assert found["b"] == [1, 2]
    assert json_text.to_text(["1.0, 2.0]", "[3.0]"]) == '["1.0, 2.0]", "[3.0]"]'


def test_json_has_limits_of_depth_and_keys(approved, monkeypatch):
    assert json_text.KEYS.limit == 1_740_000
    monkeypatch.setattr(json_text, "KEYS", replace(json_text.KEYS, limit=1_100))
    text = json.dumps("\N{GRINNING FACE}" * 100_000)  # each as twelve letters
    assert len(json_text.parse(f"[{text}, 1]")[0]) == 100_000
    assert json_text.parse("[" * 32 + "1" + "]" * 32) is not None
    assert json_text.parse(json.dumps({"a": ":" * 1_097, "b": {}})) is not None
    keys = ",".join(f'"{k}":0' for k in range(110))
    cases = {"depth": "[" * 33 + "1" + "]" * 33, "keys": f"[{','.join(['{' + keys + '}'] * 11)}]"}
    approved("JSON beyond the limits", refusals(cases, json_text.parse))


def test_reading_json_reports_progress_and_can_be_stopped():
    text, told = json.dumps([[0.5] * 100] * 2000), []
    json_text.parse(text, told.append)
    assert told == sorted(told)
    assert len(told) == len(text) // STEP
    assert 0.0 < told[0] < told[-1] < 1.0
    with pytest.raises(CancelledError):
        json_text.parse(text, Mock(side_effect=CancelledError))
