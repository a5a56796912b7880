"""Sweeps: every combination from the same start, with the bits of single runs, in threads."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

import nnviz
from nnviz.core import edits
from nnviz.core.engines import engine_of
from nnviz.core.network import Layer, Network
from nnviz.core.state import NUMPY, Dataset, State, Training
from nnviz.core.sweep import KEPT_CURVE, SETTINGS, carry_out_trials, combinations, sweep
from nnviz.core.train import train
from nnviz.core.workers import Threads
from tests.core.oracle import make_network, make_state
from tests.core.refusals import refusals
from tests.core.test_training import numbers, start


def slow(rows=80, updates=60):
    """Return a State that NumPy trains, and not the compiled loops."""
    rng = np.random.default_rng(0)
    network = make_network([20, 150, 150, 1], ["relu", "relu", "identity"], [True] * 3)
    data = Dataset(rng.normal(size=(rows, 20)), rng.normal(size=(rows, 1)))
    state = State(network, data, Training(0.001, updates, validation=0.2))
    assert engine_of(state) == NUMPY
    return state


def small(rows=60):
    """Return a State that NumPy trains, with products that BLAS computes in one thread."""
    rng = np.random.default_rng(0)
    network = make_network([20, 20, 1], ["relu", "identity"], [True] * 2)
    data = Dataset(rng.normal(size=(20 * rows, 20)), rng.normal(size=(20 * rows, 1)))
    state = State(network, data, Training(0.001, 30, batch_size=64))
    assert engine_of(state) == NUMPY
    return state


def test_every_combination_is_trained_from_the_same_start_and_to_the_same_bits():
    state = start(9, validation=0.3, batch_size=2)
    rates, optimizers, penalties = (0.05, 0.01), ("adam", "momentum"), (0.0, 0.1)
    found = sweep(state, learning_rate=rates, optimizer=optimizers, l2=penalties, updates=13)
    for run, (rate, optimizer, l2) in zip(found, product(rates, optimizers, penalties), strict=True):
        alone = train(state, learning_rate=rate, optimizer=optimizer, l2=l2, updates=13).state
        assert numbers(run.state) == numbers(alone)
        assert run.state.run.points.tolist() == alone.run.points.tolist()
        assert (run.learning_rate, run.optimizer, run.l2) == (rate, optimizer, l2)
        assert (run.batch_size, run.hidden, run.activation, run.seed) == (2, "4", "tanh", 0)
        assert (run.updates, run.diverged, run.accuracy) == (13, False, None)
        assert (run.loss, run.validation) == (alone.run.history.last[1], alone.run.last_of("validation"))


def test_seeds_are_random_weights_and_the_order_of_the_rows():
    state = start(9, batch_size=2)
    for run in sweep(state, seeds=3, updates=5, batch_size=[2, None]):
        begun = edits.randomise(state, run.seed)
        alone = train(begun, updates=5, batch_size=run.batch_size or 9).state
        assert run.state.network == alone.network
    assert [run.seed for run in sweep(state, seeds=3, updates=1)] == [0, 1, 2]


def test_other_hidden_layers_are_random_with_the_files_seed_and_its_own_keep_their_weights():
    state = replace(start(6), training=replace(start(6).training, seed=7))
    same, wide, deep, none = sweep(state, hidden=[(4,), (9,), (3, 2), ()], updates=2)
    assert same.state.run.start == state.network
    assert [run.hidden for run in (same, wide, deep, none)] == ["4", "9", "3-2", ""]
    assert [run.state.network.sizes for run in (wide, deep, none)] == [(2, 9, 1), (2, 3, 2, 1), (2, 1)]
    for run in (wide, deep, none):
        network = run.state.run.start
        assert network == network.randomised(7)
        assert network.layers[-1].nodes == state.network.layers[-1].nodes
        assert {layer.activation for layer in network.layers[:-1]} <= {"tanh"}
        assert all(layer.biases is not None for layer in network.layers)
    other, both = sweep(state, hidden=[(4,), (5,)], activation=["relu"], updates=2)
    assert other.state.run.start.layers[0].weights.tolist() == state.network.layers[0].weights.tolist()
    assert (other.activation, both.activation, both.hidden) == ("relu", "relu", "5")
    without = State(Network.from_weights({"output": [1.0, 2.0]}), Dataset([[1, 2]], [[3]]), Training(0.01, 1))
    (added,) = sweep(without, hidden=[(3,)])
    assert [layer.biases for layer in added.state.network.layers] == [None, None]
    assert added.activation == "relu"


def test_the_first_setting_changes_slowest_and_the_state_keeps_what_is_not_swept():
    state = start(6, l1=0.25)
    trials = combinations(state, {"l2": [0, 1], "learning_rate": [2, 1]}, 2, 4)
    told = [tuple(trial.settings[name] for name in ("learning_rate", "l2", "seed")) for trial in trials]
    assert told == [*product((2, 1), (0, 1), (0, 1))]
    assert {trial.settings["l1"] for trial in trials} == {0.25}
    assert {trial.state.training.updates for trial in trials} == {4}
    assert list(trials[0].settings) == list(SETTINGS)
    done = train(state, updates=3).state
    assert combinations(done, {})[0].state.run is None
    assert combinations(done, {})[0].state.network is done.network


def test_a_sweep_that_cannot_be_is_refused(approved):
    state = start(6)
    cases = {
        "a rate": lambda: sweep(state, learning_rate=[0.1, 0.0]),
        "an optimizer": lambda: sweep(state, optimizer=["sgd"]),
        "an activation": lambda: sweep(state, activation=["step"]),
        "no node": lambda: sweep(state, hidden=[(3, 0)]),
        "no seed": lambda: sweep(state, seeds=0),
        "no row": lambda: sweep(replace(state, data=Dataset.empty(state.network))),
    }
    approved("sweeps that cannot be", refusals(cases))
    with pytest.raises(TypeError, match="unknown setting 'rate': use learning_rate, "):
        sweep(state, rate=[0.1])


def test_diverged_runs_and_accuracies_are_reported():
    network = Network(("x",), (Layer(("y",), "identity", [[0.5]], [0.0]),))
    state = State(network, Dataset([[1], [2], [-1]], [[1], [1], [0]]), Training(0.1, 2000))
    good, bad = sweep(state, learning_rate=[0.1, 2.0])
    assert (good.accuracy, good.diverged, good.updates) == (1.0, False, 2000)
    assert bad.diverged
    assert bad.updates < 2000
    assert np.isfinite(bad.loss)


def test_runs_come_as_they_end_and_closing_leaves_nothing_running():
    trials = combinations(start(9), {"learning_rate": [0.01, 0.02], "hidden": [(2,), (3,), (4,)]}, 5, 2000)
    runs = carry_out_trials(trials, Threads(2))
    place, run = next(runs)
    assert run.learning_rate == trials[place].settings["learning_rate"]
    runs.close()
    assert list(runs) == []
    again = dict(carry_out_trials(trials, Threads(1)))
    assert sorted(again) == [*range(len(trials))]


def test_large_networks_are_trained_one_after_the_other_with_the_same_bits():
    trials = combinations(slow(), {"learning_rate": [0.001, 0.002, 0.003]}, None, 20)
    for place, run in carry_out_trials(trials):
        assert numbers(run.state) == numbers(train(trials[place].state).state)


def test_the_api_has_it():
    state = make_state(make_network([2, 2, 1], ["tanh", "identity"], [True, True]), 4)
    assert [run.learning_rate for run in nnviz.sweep(state, learning_rate=[0.1, 0.2], updates=1)] == [
        0.1,
        0.2,
    ]


def test_very_many_hidden_nodes_are_refused_before_they_are_made():
    state = start(6)
    for sizes in ((10**9,), (9000, 9000), (3, 10**18)):
        with pytest.raises(ValueError, match="hidden: "):
            combinations(state, {"hidden": [sizes]})


def test_a_sweep_of_very_many_updates_keeps_curves_of_limited_length():
    state = start(6, learning_rate=1e-3)
    (run,) = sweep(state, learning_rate=[1e-3], updates=50_000)
    whole = train(state, updates=50_000).history
    points = run.end.run.history.points
    assert len(points) <= KEPT_CURVE
    assert points[-1].tolist() == whole[-1].tolist()
    assert points[:, 1].min() == whole[:, 1].min()
