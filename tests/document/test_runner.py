"""Runs and steps of the training, against closed forms and an uncut training, in frames and in a thread."""

import math
import weakref
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from nnviz.core import edits, engines
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Network
from nnviz.core.optimizers import GradientDescent
from nnviz.core.runs import add_runs
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.document import job
from nnviz.document.document import Document
from nnviz.document.job import NO_ROWS, NO_TARGETS, Limits, updates_per_second
from nnviz.document.training import Runner
from tests.core.oracle import make_network, make_state, set_weight
from tests.core.test_stopping import noisy

pytestmark = pytest.mark.usefixtures("qapp")
WAYS = {"in frames": {}, "from frames to a thread": {"long_unit_s": 0.0}}
LONG = 1_000_000
"""Updates of a run that does not end within a test."""


def slopes_exercise(learning_rate=0.01, updates=20):
    """No hidden layer, input [1, 2, 3], target 0: every update takes the error times 1 − 28·learning rate."""
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return State(network, data, Training(learning_rate=learning_rate, updates=updates))


def mse_after(k, learning_rate=0.01):
    return 49 * (1 - 28 * learning_rate) ** (2 * k)


@pytest.fixture
def document():
    return Document(slopes_exercise())


@pytest.fixture
def make_runner(document):
    """Return a function that makes a Runner at full speed, with other limits where they are given."""
    made = []

    def make(**limits):
        runner = Runner(document, Limits(**limits))
        runner.speed = 1.0
        made.append(runner)
        return runner

    yield make
    for runner in made:
        runner.pause()


@pytest.fixture
def runner(make_runner):
    return make_runner()


@pytest.fixture
def slow_runner(make_runner, monkeypatch):
    """Return a Runner whose first update comes at once, and the second after a quarter of an hour."""
    monkeypatch.setattr(job, "SLOWEST_PER_S", 0.001)
    runner = make_runner()
    runner.speed = 0.0
    return runner


def finish(qtbot, runner):
    with qtbot.waitSignal(runner.run_ended) as ended:
        runner.run()
    return ended.args[0]


def until(qtbot, document, iteration):
    qtbot.waitUntil(lambda: document.state.iteration >= iteration)


@pytest.mark.parametrize("way", WAYS)
def test_runs_steps_and_back_end_with_the_numbers_of_an_uncut_training(qtbot, document, make_runner, way):
    runner = make_runner(**WAYS[way])
    network = make_network([2, 3, 1], ["tanh", "identity"], [True, True], 3)
    batches = make_state(network, 7, learning_rate=0.05, updates=30, batch_size=3, optimizer="adam")
    rates = (0.01, 1000), (0.08, 2000), (0.01, 20)
    for start in (batches, *(slopes_exercise(*of) for of in rates)):
        document.start(start)
        expected = train(start).state
        finish(qtbot, runner)
        assert document.state.iteration == expected.iteration
        assert document.state.network == expected.network
        np.testing.assert_array_equal(document.state.run.history.points, expected.run.history.points)
    points, trained = document.state.run.history.points, document.state.network
    np.testing.assert_allclose(points, [(k, mse_after(k)) for k in range(21)], rtol=1e-9)
    runner.step()
    qtbot.waitUntil(lambda: not runner.running)
    assert (document.state.iteration, document.undo_text()) == (21, "One update")
    runner.back()
    qtbot.waitUntil(lambda: document.state.iteration == 20)
    assert document.state.network == trained


def test_a_step_is_one_update_and_one_measurement(document, runner, monkeypatch):
    """The forward pass of the update gives the MSE at its start."""
    passes, tanh = [], ACTIVATIONS["tanh"]

    def counted(way):
        def kernel(z, *others):
            passes.append((way, len(z)))
            getattr(tanh, way)(z, *others)

        return kernel

    own = replace(
        tanh, name="counted", forward=counted("forward"), backward=counted("backward"), compiled=None
    )
    monkeypatch.setitem(ACTIVATIONS, "counted", own)
    network, x = make_network([1, 1, 1], ["counted", "identity"], [False, False]), [[k / 7] for k in range(7)]
    for batch_size, batches in ((None, (7, 7, 7)), (3, (3, 3, 1))):
        document.start(State(network, Dataset(x, x), Training(0.01, batch_size=batch_size)))
        for step, rows in enumerate(batches):
            passes.clear()
            runner.step()
            start = [("forward", 7)] if batch_size and not step else []  # the MSE of all rows at iteration 0
            assert passes == [*start, ("forward", rows), ("backward", rows), ("forward", 7)]


def test_the_pace_goes_from_one_update_a_second_over_three_seconds_a_run_to_no_limit():
    for updates in (5, 20, 100_000):
        paces = [updates_per_second(updates, speed / 10) for speed in range(11)]
        assert (paces[0], paces[5], paces[10]) == pytest.approx((1.0, updates / 3, math.inf))
        assert paces == sorted(paces)


def test_each_run_goes_on_from_the_last_and_is_one_undo_entry(qtbot, document, runner, approved):
    start, seen, said = document.state, [], []
    runner.progressed.connect(lambda done, of: seen.append((done, of)))
    runner.message.connect(said.append)
    runner.speed = 0.9  # several frames, so several pushes
    said.append(finish(qtbot, runner))
    assert (seen[0], seen[-1], sorted(seen)) == ((0, 20), (20, 20), seen)
    runner.speed = 1.0
    finish(qtbot, runner)
    assert document.state.run.history.last == (40, pytest.approx(mse_after(40)))
    assert document.undo_text() == "Run of 20 updates"
    document.undo()
    assert document.state.iteration == 20
    document.undo()
    assert document.state is start
    document.redo()
    runner.restart()
    assert (document.state.network, document.state.iteration) == (start.network, 0)
    for seed in (1, 2):
        runner.new_random_weights()
        assert (document.state.training.seed, document.undo_text()) == (seed, "New random weights")
        assert document.state.network == start.network.randomised(seed)
    approved("said of a run, a restart and new random weights", "\n".join(said))


def test_a_paused_run_makes_the_updates_that_are_left(qtbot, document, slow_runner, approved):
    def active():
        return [timer for timer in runner.findChildren(QTimer) if timer.isActive()]

    runner = slow_runner
    assert not active()
    runner.run()
    until(qtbot, document, 1)
    assert document.state.iteration == 1
    runner.run()
    assert (document.state.iteration, document.undo_text()) == (1, "Run of 1 update"), "it runs already"
    assert active()
    with qtbot.waitSignal(runner.run_ended) as paused:
        runner.pause()
    approved("a pause after one update", paused.args[0])
    assert (runner.updates_left, active()) == (19, [])
    runner.step()
    assert (document.state.iteration, runner.updates_left, active()) == (2, 18, [])
    runner.run()
    with qtbot.waitSignal(runner.run_ended):
        runner.speed = 1.0
    assert document.state.iteration == 20
    finish(qtbot, runner)
    assert document.state.iteration == 40


def test_a_new_learning_rate_does_not_end_a_run(qtbot, document, slow_runner):
    start = document.state
    slow_runner.run()
    until(qtbot, document, 1)
    slow_runner.set_training(replace(document.state.training, learning_rate=0.02))
    assert slow_runner.running
    with qtbot.waitSignal(slow_runner.run_ended):
        slow_runner.speed = 1.0
    assert (document.state.iteration, document.state.training.learning_rate) == (20, 0.02)
    expected = mse_after(1) * (1 - 28 * 0.02) ** (2 * 19)
    assert document.state.run.history.last[1] == pytest.approx(expected, rel=1e-9)
    document.undo()
    assert document.state is start


def test_a_step_that_is_stopped_as_it_begins_makes_no_update(document, runner):
    start = document.state
    document.changed.connect(runner.pause)
    runner.step()
    assert (document.state, runner.running) == (start, False)


@pytest.mark.parametrize("change", ["another optimizer", "undo", "an edit"])
def test_any_other_change_ends_a_run(qtbot, document, slow_runner, change):
    start = document.state
    slow_runner.run()
    until(qtbot, document, 1)
    after = start if change == "undo" else set_weight(document.state, 0, 0, 0, 9.0)
    with qtbot.waitSignal(slow_runner.run_ended):
        if change == "undo":
            document.undo()
        elif change == "an edit":
            document.push(after, "Edit")
        else:
            slow_runner.set_training(replace(document.state.training, optimizer="adam"))
    assert (slow_runner.running, slow_runner.updates_left) == (False, 0)
    if change == "another optimizer":
        assert (document.undo_text(), document.state.iteration) == ("Change optimizer", 1)
        return
    state = document.state
    assert (state.network, state.run) == (after.network, after.run)
    slow_runner.back()
    assert document.state is state


def test_a_run_that_diverges_or_rises_says_what_to_try(qtbot, document, runner, approved):
    warned, sentences = [], []
    runner.warned.connect(warned.append)
    # The error grows by the factor −27, so its square leaves float64 at update k: 49·27^(2k) > 1.8e308.
    last = math.floor(math.log(np.finfo(float).max / 49) / math.log(27**2))
    # 1 − 28·0.08 = −1.24, and 49·1.24⁴ = 115.8
    for learning_rate, updates, iterations in ((1.0, 2000, last), (1e200, 20, 0), (0.08, 2, 2)):
        document.start(slopes_exercise(learning_rate, updates))
        start = document.state
        sentences.append(f"learning rate {learning_rate:g}: {finish(qtbot, runner)}")
        assert sentences[-1].endswith(warned[-1])
        assert document.state.iteration == iterations
        assert np.isfinite(document.state.network.layers[0].weights).all()
        assert document.state.run.diverged == (iterations != updates)
        assert (document.state.network == start.network) == (not iterations)
    assert len(warned) == 3
    approved("runs that diverge after a while, at once, and rise", "\n".join(sentences))


@pytest.mark.parametrize("way", WAYS)
def test_without_rows_or_targets_a_run_and_a_step_say_what_is_missing(qtbot, document, make_runner, way):
    runner = make_runner(**WAYS[way])
    for data, sentence in ((Dataset(np.empty((0, 3))), NO_ROWS), (Dataset([[1.0, 2.0, 3.0]]), NO_TARGETS)):
        document.start(replace(document.state, data=data))
        for act in (runner.run, runner.step):
            with qtbot.waitSignal(runner.warned) as warned:
                act()
            assert warned.args == [sentence]
            qtbot.waitUntil(lambda: not runner.running)


def test_long_work_takes_a_new_learning_rate_pauses_and_goes_on(qtbot, monkeypatch, document, make_runner):
    monkeypatch.setattr(engines, "kernel", None)  # in compiled loops, the work would not be long
    runner = make_runner(**WAYS["from frames to a thread"])
    document.start(slopes_exercise(1e-6, LONG))
    runner.run()
    until(qtbot, document, 50)
    runner.set_training(replace(document.state.training, learning_rate=2e-6))
    changed_at = document.state.iteration
    assert runner.running
    until(qtbot, document, changed_at + 50)
    runner.pause()
    done, points = document.state.iteration, document.state.run.history.points
    assert runner.updates_left == LONG - done
    for ((one, first), (two, second)), rate in ((points[:2], 1e-6), (points[-2:], 2e-6)):
        assert second / first == pytest.approx((1 - 28 * rate) ** (2 * (two - one)), rel=1e-9)
    runner.run()
    until(qtbot, document, done + 50)
    runner.pause()
    assert document.state.training.learning_rate == 2e-6


def test_pause_shows_what_long_work_has_made_meanwhile(qtbot, monkeypatch, document, make_runner):
    runner = make_runner(long_unit_s=0.0, work_per_state=1e9)  # after its first State it hands out no other
    monkeypatch.setattr(engines, "kernel", None)
    document.start(slopes_exercise(1e-6, LONG))
    made, update = [], GradientDescent.update
    monkeypatch.setattr(GradientDescent, "update", lambda self, k: made.append(k) or update(self, k))
    runner.run()
    until(qtbot, document, 1)
    shown = document.state.iteration
    qtbot.waitUntil(lambda: made[-1] > shown + 1000)
    with qtbot.waitSignal(runner.run_ended) as ended:
        runner.toggle()
        assert runner.running
    done = document.state.iteration
    assert done > shown + 1000
    assert ended.args == [f"Paused after {done:,} of 1,000,000 updates"]
    assert runner.updates_left == LONG - done
    assert document.state.run.history.last == (done, pytest.approx(mse_after(done, 1e-6), rel=1e-6))


def test_a_long_history_is_thinned_and_every_iteration_stays_in_reach(qtbot, document, make_runner):
    runner = make_runner(history_points=100)
    document.push(replace(document.state, training=Training(learning_rate=1e-5, updates=2000)), "settings")
    finish(qtbot, runner)
    assert len(document.state.run.history) <= 100
    assert runner.travel.history.is_thinned
    with qtbot.waitSignal(runner.travel.rested):
        runner.scrub_to(1234)
    assert document.state.network == train(slopes_exercise(1e-5, 1234)).state.network
    assert runner.travel.present == (1234, document.state.loss())


def test_a_job_that_is_still_to_be_deleted_does_not_hold_its_runner(document):
    runner = Runner(document)
    document.push(train(document.state).state, "Run")
    runner.scrub_to(7)
    assert document.state.iteration == 7
    travel = weakref.ref(runner.travel)
    del runner
    assert travel() is None


def test_the_first_update_of_another_run_keeps_the_run_before(qtbot, document, runner):
    def names():
        return [(kept.training.learning_rate, kept.iteration) for kept in document.state.runs]

    def edit():
        document.edit("Change weight", set_weight, 0, 0, 0, 0.5)

    earlier = [(0.01, 20)]
    for rate in (0.01, 1e300):  # the same run again, and one that makes no update
        finish(qtbot, runner)
        runner.restart()
        runner.set_training(replace(document.state.training, learning_rate=rate))
    finish(qtbot, runner)
    assert (document.state.iteration, names()) == (0, earlier)
    runner.set_training(replace(document.state.training, learning_rate=0.02))
    finish(qtbot, runner)
    assert names() == earlier
    for back in (document.undo, document.redo):
        back()
        assert names() == earlier
    for change in (edit, runner.new_random_weights):
        document.start(train(slopes_exercise()).state)
        change()
        assert names() == earlier
        runner.step()
        assert names() == earlier


@pytest.mark.parametrize("way", WAYS)
def test_the_last_loss_of_a_long_update_is_in_the_window_too(qtbot, document, make_runner, way, monkeypatch):
    """A State at the last iteration may be shown before its loss is measured, in blocks of rows."""
    monkeypatch.setattr("nnviz.core.slopes.BLOCK_NS", 1.0)
    monkeypatch.setattr(engines, "kernel", None)
    runner = make_runner(**WAYS[way])
    network = make_network([2, 40, 1], ["tanh", "identity"], [True, True], 3)
    start = make_state(network, 3000, learning_rate=0.3, updates=60, batch_size=300, keep="best", patience=2)
    document.start(start)
    expected = train(start)
    finish(qtbot, runner)
    qtbot.waitUntil(lambda: document.state.iteration == expected.state.iteration)
    np.testing.assert_array_equal(document.past.end.run.points, expected.history)
    assert document.past.end.run.stopped == expected.end.run.stopped


def test_a_change_of_the_kept_runs_leaves_a_paused_run_and_a_jump_alone(qtbot, document, runner):
    document.start(slopes_exercise(updates=500))
    other = train(slopes_exercise(learning_rate=0.001)).state
    runner.step()
    runner.speed = 0.0
    runner.run()
    until(qtbot, document, 2)
    runner.pause()
    left = runner.updates_left
    assert left > 0
    document.edit("Add", add_runs, [other], None)
    assert runner.updates_left == left


@pytest.mark.parametrize("way", WAYS)
def test_a_run_that_stops_early_is_over_and_a_further_run_goes_on_after_its_last_update(
    qtbot, document, make_runner, way
):
    runner = make_runner(**WAYS[way])
    start = edits.randomise(noisy(patience=2, keep="best", validation=0.0), 5)
    document.start(start)
    expected = train(start)
    told = finish(qtbot, runner)
    qtbot.waitUntil(lambda: document.state.iteration == expected.state.iteration)
    assert told.endswith(", stopped early: no smaller MSE for 2 epochs")
    assert document.state.network == expected.state.network
    assert document.past.end.iteration == expected.end.iteration
    assert runner.updates_left == 0
    further = train(expected.end)
    finish(qtbot, runner)
    qtbot.waitUntil(lambda: document.state.iteration == further.state.iteration)
    assert document.past.end.iteration == further.end.iteration > expected.end.iteration, "goes on at the end"
    np.testing.assert_array_equal(document.past.end.run.points, further.history)
