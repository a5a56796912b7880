"""The run is saved with the file: its curve is there again, every iteration too, and Run goes on exactly."""

import json
import re
from dataclasses import fields, replace

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.limits import EARLIER_POINTS, EARLIER_RUNS, NUMBERS, POINTS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.earlier import with_earlier
from nnviz.core.training.past import Past, Replay
from nnviz.core.training.trainer import Trainer
from nnviz.files import native, runs, snapshot
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import left_out, load, save
from nnviz.files.source import Source
from tests.core import oracle


def untrained(optimizer="gradient_descent", batch_size=None, biases=True):
    network = oracle.make_network([2, 3, 1], ["tanh", "identity"], [biases, False], scale=0.5)
    return oracle.make_state(network, 10, learning_rate=0.05, optimizer=optimizer, batch_size=batch_size)


def bits(state):
    run = state.run
    numbers = [
        array.tobytes()
        for layer in state.network.layers
        for array in (layer.weights, layer.biases)
        if array is not None
    ]
    return [*numbers, run.iteration, run.memory.tobytes()]


def again(state):
    """Return what is read of the file that `state` is written to."""
    return native.read(Source(native.write(state)))


def at(state, iteration):
    """Return the State of its run after so many updates, made again from what the State knows."""
    past = Past(state)
    replay = Replay(past.nearest(iteration), state)
    for _ in replay.work(iteration - replay.iteration):
        pass
    return replay.state()


@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_next_updates_after_reopening_are_those_that_would_have_come(optimizer, batch_size):
    before = train(untrained(optimizer, batch_size), updates=17).state
    after = again(before)
    assert bits(after) == bits(before)
    assert bits(train(after, updates=1).state) == bits(train(before, updates=1).state)
    assert bits(train(after, updates=25).state) == bits(train(before, updates=25).state)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_iteration_can_be_gone_back_to(optimizer):
    start = untrained(optimizer)
    after = again(train(start, updates=12).state)
    for k in (11, 5, 1):
        assert bits(at(after, k)) == bits(train(start, updates=k).state)
    assert Past(after).nearest(0).network == start.network


def test_settings_that_changed_on_the_way_are_those_of_the_way_back():
    start = untrained()
    on_the_way = train(start, updates=4).state
    after = again(train(on_the_way, updates=5, learning_rate=0.02, optimizer="adam").state)
    assert bits(at(after, 4)) == bits(on_the_way)
    assert bits(at(after, 6)) == bits(
        train(on_the_way, updates=2, learning_rate=0.02, optimizer="adam").state
    )


def test_the_curve_is_there_again_to_the_last_bit():
    before = train(untrained(), updates=50).state
    assert again(before).run.history.points.tolist() == before.run.history.points.tolist()
    assert not again(before).run.history.is_thinned


def test_of_a_long_curve_the_extremes_and_the_ends_are_kept():
    before = train(untrained(batch_size=7), updates=40_000).state
    whole, kept = before.run.history.points, again(before).run.history.points
    assert len(kept) <= POINTS.most < len(whole)
    assert {kept[0, 1], kept[-1, 1]} == {whole[0, 1], whole[-1, 1]}
    assert (kept[:, 1].min(), kept[:, 1].max()) == (whole[:, 1].min(), whole[:, 1].max())
    assert again(before).run.history.is_thinned
    assert native.write(again(before)) == native.write(before)


def test_the_history_of_a_file_is_thinned_like_any_other_when_it_grows():
    after = again(train(untrained(), updates=50).state)
    trainer = Trainer(after, history_limit=100)
    for _ in trainer.work(400):
        pass
    assert len(trainer.state().run.history) <= 100


def test_back_in_a_long_run_that_was_opened_again_its_curve_is_that_of_a_shorter_run():
    start = untrained()
    after = again(train(start, updates=20_000).state)
    assert len(after.run.history) < 20_001
    early = at(after, 300)
    assert early.run.history.points.tolist() == train(start, updates=300).history.tolist()


def test_a_saved_run_reads_like_this():
    state = State(Network.from_weights({"output": [2]}), Dataset([[1]], [[0]]), Training(0.25, 5))
    text = native.write(train(state).state).decode()
    assert text[text.index('  "run"') :] == (
        """  "run": {
    "iteration": 5,
    "segments": [
      {
        "after": 0,
        "learning_rate": 0.25,
        "batch_size": null,
        "optimizer": "gradient_descent",
        "seed": 0
      }
    ],
    "start": [
      {
        "weights": [
          [2]
        ],
        "biases": null
      }
    ],
    "history": [
      [0, 4], [1, 1], [2, 0.25], [3, 0.0625],
      [4, 0.015625], [5, 0.00390625]
    ]
  }
}
"""
    )


def test_without_a_run_the_file_is_what_it_was_before():
    assert b'"run"' not in native.write(untrained())
    assert again(untrained()).run is None
    assert all(load(example(name).path).run is None for name in ("xor", "twenty-updates"))


def test_at_iteration_0_there_is_no_run_to_save():
    first = Past(train(untrained(), updates=3).state).nearest(0)
    assert b'"run"' not in native.write(first)


def put(*way):
    """Return what puts the last of `way` at the place in a run that the others lead to."""

    def into(run):
        *before, last, value = way
        for key in before:
            run = run[key]
        run[last] = value

    return into


SETTINGS = {"after": 0, "learning_rate": 0.01, "batch_size": None, "optimizer": "momentum", "seed": 0}
WHOLE_UP_TO_6 = "expected an iteration, a whole number up to 6"
REFUSED = {
    "iteration: expected a whole number from 1 to 9007199254740992": put("iteration", -1),
    "iteration: expected a whole number, found a text": put("iteration", "6"),
    "iteration: expected a whole number, found a decimal number": put("iteration", 6.5),
    "segments: expected at least one": put("segments", []),
    "segments[0].after: expected 0, found 2": put("segments", 0, "after", 2),
    "segments[1].after: expected a whole number above 0 and below 6, found 6": put(
        "segments", [SETTINGS, {**SETTINGS, "after": 6}]
    ),
    "segments[0].learning_rate: expected a number above 0": put("segments", 0, "learning_rate", 0),
    "start: expected 2 layers, one for each layer of the network, found 1": lambda run: run["start"].pop(),
    "start[0].weights[1]: expected 2 numbers, one for each weight of the node, found 1": put(
        "start", 0, "weights", 1, [0.5]
    ),
    "start[0].biases: the layer of the network has some": put("start", 0, "biases", None),
    "optimizer_memory[0].name: expected 'v', found 'm'": put("optimizer_memory", 0, "name", "m"),
    "optimizer_memory: the optimizer remembers v; found 2": lambda run: run["optimizer_memory"].append(
        run["optimizer_memory"][0]
    ),
    "history[1][0]: expected a later iteration than that of the point before, found 0": (
        put("history", 1, 0, 0)
    ),
    f"history[1][0]: {WHOLE_UP_TO_6}, found 0.5": put("history", 1, 0, 0.5),
    "history: expected at least one point": put("history", []),
    "history[0][0]: expected 0, the start of the run, found 1": lambda run: run["history"].pop(0),
    "history[2][1]: expected a loss, a number from 0 on, found -1": put("history", 2, 1, -1),
    f"history[6][0]: {WHOLE_UP_TO_6}, found 7": put("history", 6, 0, 7),
    "history[2]: expected 2 numbers, one for each iteration and its loss, found 3": put(
        "history", 2, [2, 1, 1]
    ),
    "history: expected at most 16,384 points of a run's curve in a file, found 16,385": put(
        "history", [[k, 1] for k in range(POINTS.most + 1)]
    ),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_nonsense_is_refused_with_its_place(sentence):
    raw = json.loads(native.write(train(untrained("momentum"), updates=6).state))
    REFUSED[sentence](raw["run"])
    with pytest.raises(FileError) as caught:
        native.read(Source(json.dumps(raw).encode()))
    assert str(caught.value) == f"run.{sentence}"


@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize(
    "edited",
    [
        lambda raw: raw["network"]["layers"][0]["weights"][0].__setitem__(0, 0.75),
        lambda raw: raw["data"]["targets"][2].__setitem__(0, 7),
        lambda raw: [rows.append(rows[0]) for rows in raw["data"].values()],
    ],
    ids=["weight", "target", "row"],
)
def test_an_edit_in_the_text_of_a_file_ends_the_run_as_one_in_the_window_does(edited, batch_size):
    before = train(untrained(batch_size=batch_size), updates=6).state
    raw = json.loads(native.write(before))
    edited(raw)
    after = native.read(Source(json.dumps(raw).encode()))
    assert after.run is None
    assert after != before


@pytest.mark.parametrize("updates", [1, 50, 2000])
def test_a_run_of_another_computer_whose_last_digits_differ_stays(updates):
    raw = json.loads(native.write(train(untrained(), updates=updates).state))
    for layer in raw["network"]["layers"]:
        layer["weights"] = [
            [w * (1 + 2e-16 * (-1) ** i) for i, w in enumerate(row)] for row in layer["weights"]
        ]
    raw["run"]["history"][-1][1] *= 1 + 1e-13
    assert native.read(Source(json.dumps(raw).encode())).run is not None


def test_a_run_without_rows_is_refused():
    raw = json.loads(native.write(train(untrained(), updates=6).state))
    del raw["data"]
    with pytest.raises(FileError) as caught:
        native.read(Source(json.dumps(raw).encode()))
    assert str(caught.value) == "run: there are no rows with targets that it could have been made with"


def test_a_segment_holds_every_setting_that_an_update_depends_on():
    """A setting of training that is added belongs into the segments of a file too, unless it ends the run."""
    one_run = {"updates", "loss", "validation"}
    assert set(runs.SETTINGS) == {field.name for field in fields(Training)} - one_run


def test_what_was_measured_beside_the_loss_is_there_again():
    start = State(
        Network.from_weights({"node_0": [2, 4], "output": [2]}, output="sigmoid"),
        Dataset([[3, 5], [1, -1], [-2, 1], [0, 2]], [[1], [0], [1], [0]]),
        Training(loss="cross_entropy", validation=0.5, learning_rate=0.001),
    )
    state = train(start, updates=5).state
    again = native.read(Source(native.write(state)))
    assert again.training == state.training
    names = ["validation", "accuracy", "validation accuracy"]
    assert [curve.name for curve in again.run.beside] == names
    for name in names:
        assert again.run.curve(name).points.tolist() == state.run.curve(name).points.tolist()
    assert train(again, updates=3).history.tolist() == train(state, updates=3).history.tolist()


def test_an_accuracy_of_targets_that_are_no_classes_is_left_out():
    network = Network.from_weights({"output": [2, 1]}, output="sigmoid")
    state = train(State(network, Dataset([[3, 5], [1, -1]], [[60], [50]])), updates=2).state
    raw = native.write(state).replace(b'"history":', b'"accuracy": [[0, 1], [2, 1]],\n    "history":', 1)
    assert native.read(Source(raw)).run.beside == ()


def test_a_cross_entropy_may_be_below_0_where_targets_are_no_shares():
    network = oracle.make_network([2, 1], ["sigmoid"], [True])
    start = State(network, Dataset([[1, 2], [2, 1]], [[5], [3]]), Training(loss="cross_entropy"))
    first = train(start, updates=5).state
    assert first.run.history.last[1] < 0
    state = with_earlier(replace(first, network=network, run=None, training=Training(0.1, 5)), first)
    assert again(first).run.history.points.tolist() == first.run.history.points.tolist()
    assert again(state).runs == state.runs != ()


@pytest.mark.parametrize(
    ("point", "told"),
    [
        ("[0, -1]", r"run\.validation\[0\]\[1\]: expected a validation loss, a number from 0 on, found -1"),
        ("[9, 1]", r"run\.validation\[0\]\[0\]: expected an iteration, a whole number up to 2, found 9"),
    ],
)
def test_nonsense_beside_the_loss_is_refused_with_its_place(point, told):
    state = train(untrained(), updates=2).state
    raw = native.write(state).replace(b'"history":', f'"validation": [{point}],\n    "history":'.encode(), 1)
    with pytest.raises(FileError, match=told):
        native.read(Source(raw))


def test_an_infinite_mse_is_refused():
    raw = native.write(train(untrained(), updates=2).state)
    with pytest.raises(FileError, match=r"run\.history\[1\]\[1\]: expected a finite number"):
        native.read(Source(re.sub(rb"\[1, [^]]+\]", b"[1, 1e999]", raw)))


def test_a_run_that_is_too_large_is_left_out_and_that_is_told(tmp_path, monkeypatch):
    most = 40_000
    monkeypatch.setattr(runs, "NUMBERS", replace(NUMBERS, most=most))
    rows = np.zeros((most // 1000 - 2, 999))
    network = Network(
        tuple(f"x{i}" for i in range(999)), (Layer(("y",), "identity", np.full((1, 999), 0.1)),)
    )
    state = State(network, Dataset(rows, rows[:, :1]))
    plain, large = (train(state, updates=1, optimizer=each).state for each in ("gradient_descent", "adam"))
    for each, left in (
        (plain, ""),
        (large, "x.json leaves out its run, which is too large for a file"),
    ):
        save(each, tmp_path / "x.json")
        assert load(tmp_path / "x.json") == each
        assert (load(tmp_path / "x.json").run is None) == bool(left)
        assert left_out(each, tmp_path / "x.json") == left


def with_two_earlier():
    """Return a State with a run and two earlier ones, one of them long."""
    state = untrained("adam", 3)
    for updates in (1200, 9):
        run = train(edits.randomise(state, updates), updates=updates).state
        state = with_earlier(edits.randomise(run, 5), run)
    return train(state, updates=4).state


def test_the_earlier_runs_are_there_again_to_the_last_bit():
    before = with_two_earlier()
    after = again(before)
    assert len(after.runs) == 2
    assert after.runs == before.runs
    assert native.write(after) == native.write(before)
    copy = b"".join(snapshot.sealed(snapshot.parts(before, snapshot.About("", "", None, b""))))
    assert snapshot.Copy(copy).state().runs == before.runs


def test_an_earlier_run_is_written_with_the_architecture_of_its_network():
    raw = json.loads(native.write(with_two_earlier()))
    layers = [
        {"nodes": layer["nodes"], "activation": layer["activation"]} for layer in raw["network"]["layers"]
    ]
    assert raw["runs"][0]["network"] == {"inputs": raw["network"]["inputs"], "layers": layers}


def test_an_older_file_without_the_networks_of_earlier_runs_is_read_and_written():
    raw = json.loads(native.write(with_two_earlier()))
    for run in raw["runs"]:
        del run["network"]
    older = native.read(Source(json.dumps(raw).encode()))
    assert all(run.network is None and run.fits(older.network) for run in older.runs)
    assert json.loads(native.write(older)) == raw


def test_the_file_of_a_network_without_earlier_runs_has_no_such_key():
    assert b'"runs"' not in native.write(train(untrained(), updates=3).state)


def test_a_dictionary_of_weights_says_that_it_leaves_them_out(tmp_path):
    assert "the earlier runs" in left_out(with_two_earlier(), tmp_path / "x.py")


SAME = {"name": "a", "training": {}, "iterations": 1, "history": [[0, 1], [1, 1]]}
EARLIER_REFUSED = {
    "[0].name: a name needs at least one character": put(0, "name", ""),
    "[0].training.learning_rate: expected a number above 0": put(0, "training", "learning_rate", 0),
    "[0].training.optimizer: expected a text, found a whole number": put(0, "training", "optimizer", 1),
    "[1].iterations: expected a whole number, found a text": put(1, "iterations", "9"),
    "[0].iterations: expected a whole number from 1 to 9007199254740992": put(0, "iterations", 2**53 + 1),
    "[1].history[4][0]: expected an iteration, a whole number up to 9, found 3.5": put(
        1, "history", [[0, 1], [1, 1], [2, 1], [3, 1], [3.5, 1]]
    ),
    "[1].history[1][0]: expected a later iteration than that of the point before, found 0": put(
        1, "history", [[0, 1], [0, 1]]
    ),
    "[1].history[1][1]: expected a loss, a number from 0 on, found -1": put(1, "history", [[0, 1], [1, -1]]),
    "[1].history[0]: expected 2 numbers, one for each iteration and its loss, found 1": put(
        1, "history", [[0], [0, 1]]
    ),
    "[0].history: expected at least two points, found 1": put(0, "history", [[0, 1]]),
    "[0].history: expected at most 16,384 points of an earlier run's curve, found 16,385": put(
        0, "history", [[k, 1] for k in range(EARLIER_POINTS.most + 1)]
    ),
    "[0].network.inputs: a network needs at least one": put(0, "network", "inputs", []),
    "[0].network.layers: a network needs at least one": put(0, "network", "layers", []),
    "[0].network.layers[1].nodes: a layer needs at least one": put(0, "network", "layers", 1, "nodes", []),
    "[1].network.layers[0]: unknown key 'weights'": put(1, "network", "layers", 0, "weights", [[1]]),
    "[1]: the key 'iterations' is missing": lambda runs: runs[1].pop("iterations"),
    "[1]: unknown key 'weights'": put(1, "weights", []),
    "[3].name: the name 'a' stands twice": lambda runs: runs.extend([SAME, SAME]),
    ": expected at most 8 earlier runs, the latest, found 9": lambda runs: runs.extend(
        [SAME] * (EARLIER_RUNS.most - 1)
    ),
}


@pytest.mark.parametrize("sentence", EARLIER_REFUSED)
def test_nonsense_of_earlier_runs_is_refused_with_its_place(sentence):
    raw = json.loads(native.write(with_two_earlier()))
    EARLIER_REFUSED[sentence](raw["runs"])
    with pytest.raises(FileError) as caught:
        native.read(Source(json.dumps(raw).encode()))
    assert str(caught.value) == f"runs{sentence}"
