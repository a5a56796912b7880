"""Which run is kept when another takes its place, what it is called, and how much of its curve it keeps."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.history import History
from nnviz.core.limits import EARLIER_POINTS, EARLIER_RUNS
from nnviz.core.training import train
from nnviz.core.training.earlier import forget_runs, with_earlier
from nnviz.core.training.past import beginning
from tests.core import oracle


def start(**training):
    network = oracle.make_network([2, 3, 1], ["tanh", "identity"], [True, True], 5)
    return oracle.make_state(network, 8, 7, **{"learning_rate": 0.05, **training})


def names(state):
    return [run.name for run in state.runs]


def other_rate(state, rate=0.01):
    return edits.set_training(state, replace(state.training, learning_rate=rate))


NAME = "learning rate 0.05 · gradient descent · 12 updates"


def test_the_run_before_is_kept_with_its_settings_and_its_curve():
    run = train(start(), updates=12).state
    (kept,) = with_earlier(other_rate(beginning(run)), run).runs
    assert (kept.name, kept.iterations) == (NAME, 12)
    assert kept.training == run.training
    assert kept.history.tolist() == run.run.history.points.tolist()
    assert (kept.network.in_words, kept.called()) == ("2-3-1", f"{NAME} · 2-3-1")
    assert kept.fits(run.network)
    assert not kept.fits(structure.add_node(run, 1).network)


@pytest.mark.parametrize(
    "change",
    [
        lambda run: edits.randomise(run, 3),
        lambda run: edits.set_weight(run, 0, 0, 0, 0.5),
        lambda run: edits.set_weight(beginning(run), 0, 0, 0, 0.5),
        lambda run: edits.set_activation(beginning(run), 0, "relu"),
        lambda run: edits.set_target(run, 0, 0, 5.0),
    ],
)
def test_so_it_is_after_an_edit_that_ends_it(change):
    run = train(start(), updates=12).state
    assert names(with_earlier(change(run), run)) == [NAME]


def test_a_run_that_goes_on_or_is_made_again_is_not_kept():
    run = train(start(), updates=12).state
    again = edits.with_network(run, replace(run.run.start))
    for state in (run, beginning(run), other_rate(run), again, edits.rename(beginning(run), 0, 0, "x")):
        assert with_earlier(state, run) is state
    assert with_earlier(start(), None).runs == ()


def test_from_the_middle_of_a_run_another_one_can_branch_off():
    run = train(start(), updates=12).state
    middle = train(start(), updates=5).state
    middle = replace(middle, data=run.data, run=replace(middle.run, start=run.run.start))
    assert with_earlier(middle, run) is middle
    assert names(with_earlier(other_rate(middle), run)) == [NAME]


def test_what_is_called_alike_gets_a_number_and_what_is_the_same_is_kept_once():
    state = start()
    for weight in (0.1, 0.2, 0.3, 0.2):
        begun = edits.set_weight(replace(start(), runs=state.runs), 0, 0, 0, weight)
        run = train(begun, updates=12).state
        state = with_earlier(edits.set_weight(run, 0, 0, 0, -1.0), run)
    assert names(state) == [NAME, f"{NAME} (3)", f"{NAME} (2)"]
    starts = [kept.history[0, 1] for kept in state.runs]
    mses = [edits.set_weight(start(), 0, 0, 0, weight).loss() for weight in (0.1, 0.3, 0.2)]
    assert starts == pytest.approx(mses, rel=1e-12)


def test_the_name_says_what_is_not_usual():
    run = train(start(batch_size=3, seed=4, optimizer="adam"), updates=1).state
    (kept,) = with_earlier(edits.randomise(run, 5), run).runs
    assert kept.name == "learning rate 0.05 · adam · batch 3 · seed 4 · 1 update"


def test_the_latest_are_kept():
    state = start()
    for updates in range(1, 12):
        run = train(edits.with_network(state, state.network), updates=updates).state
        state = with_earlier(edits.set_weight(run, 0, 0, 0, 0.5), run)
    assert [run.iterations for run in state.runs] == list(range(12 - EARLIER_RUNS.most, 12))
    assert forget_runs(state).runs == ()


def test_a_run_without_a_curve_is_not_kept():
    run = train(start(), updates=12).state
    short = replace(run, run=replace(run.run, history=run.run.history.end()))
    state = edits.randomise(run, 3)
    assert with_earlier(state, short) is state


@pytest.mark.parametrize("length", [2, 501, 16_384, 16_385, 131_072, 300_001])
def test_of_a_long_curve_no_extreme_and_no_end_is_lost(length):
    mses = np.random.default_rng(length).random(length) + 0.5
    points = np.column_stack((np.arange(length), mses))
    brief = History().extended(points).line
    assert min(length, 4096) <= len(brief) <= EARLIER_POINTS.most
    assert (np.diff(brief[:, 0]) > 0).all()
    assert brief[[0, -1]].tolist() == points[[0, -1]].tolist()
    assert (brief[:, 1].min(), brief[:, 1].max()) == (mses.min(), mses.max())


def test_training_takes_the_earlier_runs_along():
    run = train(start(), updates=12).state
    state = with_earlier(edits.randomise(run, 3), run)
    assert train(state, updates=3).state.runs == state.runs
