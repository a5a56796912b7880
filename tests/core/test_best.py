"""The State of the least validation loss is found again, bit for bit, wherever the training began."""

from dataclasses import replace

import numpy as np
import pytest

from nnviz.core.training import best, carry_out, train
from nnviz.core.training.best import Best
from tests.core.test_overfitting import RUNS, started

NAMES = {run["name"]: run for run in RUNS}
FULL, BATCHES = "circles: a small valley, then a long rise", "moons: the same in mini-batches, which wobble"


def followed(state):
    """Return where the training of `state` ends, and the State of the least validation loss."""
    finder = Best(state)
    end = carry_out(state, follow=finder.follow).state
    return end, finder.of(end)


def assert_same(found, expected):
    assert found.network == expected.network
    assert found.run.memory.tolist() == expected.run.memory.tolist()
    assert found.run.segments == expected.run.segments
    np.testing.assert_array_equal(found.run.points, expected.run.points)


@pytest.mark.parametrize("pace", [0.0, 1e9], ids=["a State after each update", "none but the first"])
@pytest.mark.parametrize("name", [FULL, BATCHES])
@pytest.mark.parametrize("earlier", [0, 42, 210], ids=["from the start", "gone on with", "gone on behind it"])
def test_the_best_state_is_that_of_a_run_that_ended_there(name, pace, earlier, monkeypatch):
    monkeypatch.setattr(best, "WORK_PER_STATE", pace)
    start = started(NAMES[name])
    updates = replace(start.training, updates=300)
    state = replace(train(start, updates=earlier).state if earlier else start, training=updates)
    end, found = followed(state)
    curve = end.run.curve("validation").points
    least = int(curve[curve[:, 1].argmin(), 0])
    assert 0 < found.iteration == least < end.iteration
    assert found.training == end.training
    assert_same(found, train(start, updates=least).state)


def test_where_the_last_is_the_best_it_is_kept():
    end, found = followed(started(NAMES["wages: both losses fall"]))
    assert found is end


def test_where_nothing_was_better_than_the_start_it_is_kept():
    state = started(NAMES["spiral: few rows, validation never falls"])
    _, found = followed(state)
    assert (found.iteration, len(found.run.history)) == (0, 1)
    assert found.network == state.network
