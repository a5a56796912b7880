"""Where a run stops early, against a search in the curve of a run that does not stop."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

import nnviz
from nnviz.core import edits, engines
from nnviz.core.replay import Replay, state_at_start
from nnviz.core.state import Training
from nnviz.core.sweep import sweep
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from tests.core.refusals import refusals
from tests.core.test_training import numbers, start

LONG = 400
WAYS = {"all at once": 10**6, "one by one": 1, "three by three": 3}


def noisy(**settings):
    """Return a State whose losses rise and fall in a run, with 10 rows."""
    settings = {"learning_rate": 0.05, "updates": LONG, "optimizer": "rmsprop", "validation": 0.3} | settings
    return start(10, **settings)


def epochs_of(run, per_epoch):
    """Return the points of a run at the ends of its epochs, without iteration 0."""
    return [point for point in run.points.tolist() if point[0] and point[0] % per_epoch == 0]


def first_without_progress(points, patience, column):
    """Return the iteration at which Keras's EarlyStopping would stop: its counter of epochs, written out."""
    best, wait = float("inf"), 0
    for point in points:
        wait = 0 if point[column] < best else wait + 1
        best = min(best, point[column])
        if wait >= patience:
            return int(point[0])
    return None


@pytest.mark.crossed(
    batch=(None, 3), validation=(0.3, 0.0), patience=(1, 2, 5), way=tuple(WAYS), compiled=(True, False)
)
def test_patience_ends_a_run_where_keras_would(batch, validation, patience, way, compiled, monkeypatch):
    if not compiled:
        monkeypatch.setattr(engines, "kernel", None)
    state = noisy(batch_size=batch, validation=validation)
    per_epoch = state.training.updates_per_epoch(state.trained_rows)
    whole = train(state).state
    expected = first_without_progress(epochs_of(whole.run, per_epoch), patience, 2 if validation else 1)
    assert expected is not None, "the losses of the run have to rise somewhere"
    trainer = Trainer(edits.set_training(state, replace(state.training, patience=patience)))
    trainer.at_once = WAYS[way]
    for _ in trainer.work(LONG):
        pass
    assert (trainer.iteration, trainer.stopped, trainer.diverged) == (expected, f"patience {patience}", False)
    stopped, alone = trainer.state(), train(state, updates=expected).state
    assert numbers(stopped) == numbers(alone)
    np.testing.assert_array_equal(stopped.run.points, alone.run.points)
    assert stopped.run.segments == alone.run.segments


@pytest.mark.crossed(batch=(None, 3), way=tuple(WAYS))
def test_a_run_ends_at_the_first_epoch_whose_loss_is_low_enough(batch, way):
    state = noisy(batch_size=batch, learning_rate=0.01)
    per_epoch = state.training.updates_per_epoch(state.trained_rows)
    points = epochs_of(train(state).state.run, per_epoch)
    until = points[len(points) // 3][1]
    expected = next(int(point[0]) for point in points if point[1] <= until)
    trainer = Trainer(edits.set_training(state, replace(state.training, until=until)))
    trainer.at_once = WAYS[way]
    for _ in trainer.work(LONG):
        pass
    assert (trainer.iteration, trainer.stopped) == (expected, f"until {until!r}")
    assert numbers(trainer.state()) == numbers(train(state, updates=expected).state)


def test_a_pause_within_an_epoch_does_not_change_where_a_run_stops():
    state = noisy(batch_size=3, patience=2)
    end = train(state).state
    assert end.run.stopped == "patience 2"
    paused = state
    for updates in (1, 4, 2, LONG):
        paused = train(paused, updates=updates).state
    assert paused.iteration == end.iteration
    assert numbers(paused) == numbers(end)


def test_the_loss_before_the_first_update_does_not_count():
    state = noisy()
    for batch, first in (None, 1), (3, 3):
        until = 10.0 * float(train(state, updates=1).history[0, 1])
        result = train(state, until=until, batch_size=batch)
        assert (result.end.iteration, result.end.run.stopped) == (first, f"until {until!r}")


def test_a_run_that_stops_before_it_would_diverge_has_not_diverged():
    state = start(8, learning_rate=1e3, updates=LONG)
    assert train(state).diverged
    result = train(state, patience=1)
    assert (result.diverged, result.end.run.stopped) == (False, "patience 1")
    assert "no smaller MSE for 1 epoch" in repr(result)


def test_the_best_weights_are_those_of_the_smallest_monitored_loss():
    for validation, column, seed in (0.3, 2, 2), (0.3, 2, 12), (0.0, 1, 0):
        state = edits.randomise(noisy(validation=validation, patience=4), seed)
        result = train(state, keep="best")
        best = int(result.history[result.history[:, column].argmin(), 0])
        assert 0 < best == result.state.iteration < result.end.iteration
        assert result.state.network == train(state, patience=LONG, updates=best).state.network
        assert numbers(result.end) == numbers(train(state).state)


def test_networks_that_train_together_stop_each_for_itself():
    state = noisy(patience=4, keep="best")
    found = sweep(state, seeds=12)
    assert len({run.end.iteration for run in found}) > 3
    for run in found:
        alone = train(edits.randomise(state, run.seed))
        assert numbers(run.end) == numbers(alone.end)
        assert run.state.network == alone.state.network
        assert run.updates == alone.state.iteration


def test_a_stopped_run_is_repeated_beyond_its_stop_and_goes_on_as_the_same_run():
    state = noisy(patience=1)
    end = train(state).state
    further = train(end, updates=1).state
    assert further.iteration == end.iteration + 1
    replay = Replay(state_at_start(further), further)
    for _ in replay.work(further.iteration):
        pass
    assert numbers(replay.state()) == numbers(further)


def test_rules_are_saved_and_refused_in_plain_words(tmp_path, approved):
    state = edits.set_training(noisy(), replace(noisy().training, until=0.01, patience=2, keep="best"))
    end = train(state).end
    nnviz.save(end, tmp_path / "run.json")
    again = nnviz.load(tmp_path / "run.json")
    assert again.training == end.training
    assert (again.run.stopped, again.stop_reason) == ("patience 2", "no smaller validation loss for 2 epochs")
    later = edits.set_training(again, replace(again.training, patience=50))
    assert later.stop_reason == again.stop_reason, "another setting does not change why the run ended"
    bad = [
        {"until": True},
        {"until": 10**400},
        {"patience": True},
        {"until": 0.0},
        {"until": float("nan")},
        {"patience": 0},
        {"patience": 1.5},
        {"keep": "worst"},
    ]
    approved("rules", refusals({str(own): partial(Training, **own) for own in bad}))
    assert state.stop_reason == ""
