"""The coach names what is wrong with a run, in runs that deserve it and in no others; its remedies help."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import nnviz
from nnviz.core.coach import FAULTS, judge
from nnviz.core.generators import KINDS
from nnviz.core.network import Network
from nnviz.core.numbers import as_text
from nnviz.core.replay import state_at_start
from nnviz.core.slopes import run_work
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import examples
from nnviz.files.registry import load
from tests.core.test_overfitting import RUNS, started


def verdict(state):
    return run_work(judge(state))


def named(name):
    return next(run for run in RUNS if run["name"] == name)


def after_remedy(end):
    """Return the end of the run that the coach proposes after the run that ended in `end`."""
    return train(replace(verdict(end).remedy.change(state_at_start(end)), run=None)).end


def outcomes(end):
    """Return the last loss and the last validation loss."""
    return end.run.history.last[1], end.run.last_of("validation")


@pytest.mark.parametrize("run", RUNS, ids=[run["name"] for run in RUNS])
def test_each_verdict_is_given_to_the_runs_that_deserve_it_and_helps_them(run, tmp_path):
    end = train(started(run)).end
    found = verdict(end)
    assert (found and found.fault) == run["verdict"]
    nnviz.save(end, tmp_path / "run.json")
    opened = verdict(load(tmp_path / "run.json"))
    assert (opened and opened[:3]) == (found and found[:3])
    if found and found.remedy:
        before, after = outcomes(end), outcomes(after_remedy(end))
        place = 1 if found.fault == "overfitting" else 0
        harmed = "moons: few noisy rows, large network"  # L2 mends 14 of the 15 overfitted runs
        assert (after[place] < before[place] or end.run.diverged) == (run["name"] != harmed)
        assert np.isfinite(after[0])


def test_every_fault_has_two_runs_or_more():
    deserved = Counter(run["verdict"] for run in RUNS)
    assert {fault.__name__ for fault in FAULTS} == deserved.keys() - {None}
    assert min(deserved.values()) >= 2


@pytest.mark.parametrize("own", examples(), ids=lambda own: own.name)
def test_no_example_trained_with_its_own_settings_gets_a_verdict(own):
    state = load(own.path)
    if state.trainable:
        assert verdict(train(replace(state, run=None)).end) is None


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_no_made_data_trained_with_their_own_settings_get_a_verdict(kind):
    assert [verdict(train(kind.state(kind.rows, kind.noise, seed)).end) for seed in range(3)] == [None] * 3


X, Y = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 1.5]]), np.array([[1.0], [2.0], [4.0]])


def line(rate, updates):
    """Return the end of a run of two weights without a hidden layer, whose slopes are known."""
    network = Network.from_weights({"output": [0.5, -0.5]})
    return train(State(network, Dataset(X, Y), Training(learning_rate=rate, updates=updates))).end


def by_hand(rate, updates):
    """Return the losses and slopes of `line`, by the formulas of the course."""
    w, losses, slopes = np.array([0.5, -0.5]), [], []
    for _ in range(updates + 1):
        error = X @ w - Y[:, 0]
        losses.append(np.mean(error**2))
        slopes.append(2 * X.T @ error / len(X))
        w = w - rate * slopes[-1]
    return losses, slopes


def test_the_evidence_of_a_diverging_run_can_be_counted_by_hand():
    losses, slopes = by_hand(0.33, 30)
    turns = sum(one @ other < 0 for one, other in pairwise(slopes[:11]))
    assert 2 <= turns <= 10
    assert losses[-1] > losses[0]
    found = verdict(line(0.33, 30))
    first, last = map(as_text, (losses[0], losses[-1]))
    assert found.sentence == (
        f"learning rate 0.33 is too large: the MSE rose from {first} to {last}, and {turns} of the first "
        "10 updates turned the slopes round"
    )
    assert found.remedy.name == "learning rate 0.033"
    assert found.rule.startswith("The loss grew without bound.")
    assert "2 or more of the\nfirst 10 updates" in found.rule


def test_the_evidence_of_a_slow_run_can_be_computed_by_hand():
    losses, slopes = by_hand(1e-5, 50)
    fall = 1 - losses[-1] / losses[0]
    assert 1e-4 < fall < 0.01
    cosine = slopes[0] @ slopes[-1] / np.linalg.norm(slopes[0]) / np.linalg.norm(slopes[-1])
    found = verdict(line(1e-5, 50))
    assert found.sentence == (
        f"learning rate 1e−5 is too small: in 50 epochs the MSE fell by only {100 * fall:.2f} %, "
        f"while the slopes kept their direction (cosine {as_text(cosine)})"
    )
    power = int(np.ceil(np.log10(0.1 / fall)))
    assert found.remedy.name == f"learning rate {as_text(float(f'1e{power - 5}'))}"
    assert verdict(line(1e-5, 9)) is None, "nine epochs say little"
    assert "less than 1 %" in found.rule


def valley(steep_error, rate, steep=1.0):
    """Return the end of a run in a valley: across, an update changes the error by 1 − rate · steep²."""
    data = Dataset([[steep, 0.0], [0.0, 0.02]], [[steep_error], [10.0]])
    network = Network.from_weights({"output": [0.0, 0.0]})
    return train(State(network, data, Training(learning_rate=rate, updates=500))).end


def test_a_run_is_not_too_slow_if_its_slopes_turn_or_a_larger_rate_would_diverge():
    assert verdict(valley(0.0, 0.0015)).fault == "too_slow"
    across = valley(0.55, 0.015)  # first down the wall of the valley, then along
    assert 0.0 < 1 - across.run.history.last[1] / across.run.history.points[0, 1] < 0.01
    assert train(replace(across, run=None), learning_rate=1.5).state.loss() < across.loss()
    assert verdict(across) is None
    assert verdict(valley(1e-3, 0.015)).remedy.name == "learning rate 1.5", "|1 − 1.5| < 1"
    walls = valley(1e-3, 0.015, steep=3.0)  # a rate of 1.5 would climb them: |1 − 1.5 · 9| > 1
    assert verdict(walls).fault == "unlike_scales"


def test_dead_nodes_are_no_fault_while_the_loss_is_0_or_falls():
    run = named("spiral: dead from the start")
    dead = started(run | {"training": {"loss": "mse", "updates": 50}})
    right = replace(dead, data=Dataset(dead.data.inputs, np.full((100, 1), 0.5)))
    assert verdict(train(right).end) is None
    wrong = replace(dead, data=Dataset(dead.data.inputs, np.full((100, 1), 0.5) + dead.data.targets / 4))
    assert verdict(train(wrong, updates=300).end).fault == "stuck"
    falling = train(wrong, updates=12, optimizer="gradient_descent", learning_rate=0.3).end
    losses = falling.run.history.points[:, 1]
    assert np.mean(losses[8:]) < 0.99 * np.mean(losses[4:9])
    assert verdict(falling) is None, "the output still learns"


def test_runs_with_another_loss_or_other_rows_do_not_count_as_looked_at():
    end = train(started(named("moons: the best of ten runs by validation"))).end
    first, *others = end.runs
    of_mse = replace(first, training=replace(first.training, loss="mse"))
    elsewhere = replace(first, data=Dataset(first.data.inputs + 1, first.data.targets))
    assert verdict(end).fault == "chosen_by_validation"
    assert [verdict(replace(end, runs=(each, *others))) for each in (of_mse, elsewhere)] == [None, None]


def test_nodes_that_new_weights_would_not_wake_get_standardised_inputs():
    names = {name: verdict(train(started(named(name))).end).remedy.name for name in NAMES}
    assert names == NAMES


NAMES = {
    "spiral: dead from the start": "new random weights",
    "curve: a large step kills all nodes": "learning rate 0.5",
    "curve: large inputs saturate tanh": "standardised inputs",
}


def test_the_sentence_on_validation_names_the_runs_and_the_rows():
    found = verdict(train(started(named("wages: the best of eleven runs by validation"))).end)
    assert "of 11 runs on the same 120 rows" in found.sentence
    assert found.remedy is None


def test_a_script_gets_no_remedy_and_no_verdict_on_settings_that_nnviz_does_not_know():
    diverged, overfitted = (
        train(started(named(name))).end
        for name in ("one weight: each update goes too far", "circles: a small valley, then a long rise")
    )
    watched = [replace(each, run=replace(each.run, watched=True)) for each in (diverged, overfitted)]
    assert verdict(watched[0]) is None
    assert (verdict(watched[1]).fault, verdict(watched[1]).remedy) == ("overfitting", None)


def test_without_a_run_or_targets_there_is_no_verdict():
    state = line(0.33, 30)
    assert verdict(replace(state, run=None)) is None
    assert verdict(state_at_start(state)) is None
