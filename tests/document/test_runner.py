import math
import weakref
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.core.network import Layer, Network
from nnviz.core.optimizers import GradientDescent
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.core.training.past import is_trained
from nnviz.document.document import Document
from nnviz.document.training.job import Limits, updates_per_second
from nnviz.document.training.outcome import NO_ROWS, NO_TARGETS
from nnviz.document.training.runner import Runner

pytestmark = pytest.mark.usefixtures("qapp")


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
def long_runner(make_runner):
    """A Runner for which every unit of work is too long for a frame, so that a thread goes on with it."""
    return make_runner(long_unit_s=0.0)


def finish(qtbot, runner):
    with qtbot.waitSignal(runner.run_ended) as ended:
        runner.run()
    return ended.args[0]


def until(qtbot, document, iteration):
    qtbot.waitUntil(lambda: document.state.iteration >= iteration)


def test_a_step_makes_the_update_of_the_ninth_exercise(document, runner):
    runner.step()
    assert document.state.network.predict([[1, 2, 3]]).item() == pytest.approx(5.04, abs=1e-12)
    assert document.state.iteration == 1


@pytest.fixture
def counted(monkeypatch):
    """Return the passes over the one layer of activation `counted`: the way, and the rows."""
    passes, tanh = [], ACTIVATIONS["tanh"]

    def forward(z, a):
        call = tanh.forward(z, a)
        return lambda: passes.append(("forward", len(z))) or call()

    def backward(z, a, slope_a, slope_z):
        call = tanh.backward(z, a, slope_a, slope_z)
        return lambda: passes.append(("backward", len(z))) or call()

    counted = replace(tanh, name="counted", forward=forward, backward=backward)
    monkeypatch.setitem(ACTIVATIONS, "counted", counted)
    return passes


def of_counted_layer(rows, **training):
    network = Network(
        ("x",),
        (
            Layer(("node_0",), "counted", np.ones((1, 1)), None),
            Layer(("output",), "identity", np.ones((1, 1)), None),
        ),
    )
    x = np.linspace(-1, 1, rows).reshape(-1, 1)
    return State(network, Dataset(x, x), Training(0.01, **training))


def test_a_step_is_one_update_and_one_measurement(document, runner, counted):
    """The way forward of the update is where the MSE at its start comes from."""
    document.start(of_counted_layer(7))
    for _ in range(3):
        counted.clear()
        runner.step()
        assert counted == [("forward", 7), ("backward", 7), ("forward", 7)]


def test_a_step_of_a_batch_is_one_update_and_one_measurement(document, runner, counted):
    document.start(of_counted_layer(7, batch_size=3))
    runner.step()
    start, *step = counted
    assert start == ("forward", 7)  # the MSE at iteration 0, that of all rows
    assert step == [("forward", 3), ("backward", 3), ("forward", 7)]
    counted.clear()
    runner.step()
    assert counted == [("forward", 3), ("backward", 3), ("forward", 7)]


def test_a_run_makes_the_history_of_the_tenth_exercise(qtbot, document, runner):
    finish(qtbot, runner)
    points = document.state.run.history.points
    assert points[:, 0].tolist() == list(range(21))
    np.testing.assert_allclose(points[:, 1], [mse_after(k) for k in range(21)], rtol=1e-9)


def test_a_run_ends_with_the_numbers_of_an_uncut_training(qtbot, runner, document):
    document.start(edits.randomise(mini_batches(), 3))
    expected = train(document.state).state
    finish(qtbot, runner)
    assert document.state.network == expected.network
    np.testing.assert_array_equal(document.state.run.history.points, expected.run.history.points)


def mini_batches():
    rng = np.random.default_rng(0)
    network = Network(
        ("x0", "x1"),
        (
            Layer(("node_0", "node_1", "node_2"), "tanh", np.zeros((3, 2)), np.zeros(3)),
            Layer(("output",), "identity", np.zeros((1, 3)), np.zeros(1)),
        ),
    )
    data = Dataset(rng.normal(size=(7, 2)), rng.normal(size=(7, 1)))
    return State(network, data, Training(0.05, updates=30, batch_size=3, optimizer="adam"))


def test_a_run_is_one_undo_entry(qtbot, document, runner):
    start = document.state
    runner.speed = 0.9  # several frames, so several pushes
    finish(qtbot, runner)
    assert document.undo_text() == "Run of 20 updates"
    document.undo()
    assert document.state is start


def test_back_leaves_an_edit_alone(document, runner):
    runner.step()
    document.push(edits.set_weight(document.state, 0, 0, 0, 1.5), "Edit")
    edited = document.state
    runner.back()
    assert document.state is edited


def test_a_run_goes_on_with_the_run_before(qtbot, document, runner):
    finish(qtbot, runner)
    finish(qtbot, runner)
    assert document.state.iteration == 40
    assert document.state.run.history.last == (40, pytest.approx(mse_after(40)))


def test_run_after_pause_makes_the_updates_that_are_left(qtbot, document, runner):
    runner.speed = 0.6
    runner.run()
    until(qtbot, document, 3)
    runner.pause()
    paused_at = document.state.iteration
    assert paused_at < 20
    assert runner.left == 20 - paused_at
    runner.step()
    runner.speed = 1.0
    finish(qtbot, runner)
    assert document.state.iteration == 20
    finish(qtbot, runner)
    assert document.state.iteration == 40


def test_restart_returns_to_the_weights_at_iteration_0(qtbot, document, runner):
    start = document.state.network
    finish(qtbot, runner)
    with qtbot.waitSignal(runner.said) as said:
        runner.restart()
    assert document.state.network is start
    assert document.state.iteration == 0
    assert said.args == ["Iteration 0 of 20: MSE 49"]


def test_new_random_weights_take_the_next_seed(qtbot, document, runner):
    with qtbot.waitSignal(runner.said) as said:
        runner.new_random_weights()
    assert said.args == ["Random weights of seed 1"]
    assert document.state.training.seed == 1
    assert document.state.network == slopes_exercise().network.randomised(1)
    runner.new_random_weights()
    assert document.state.training.seed == 2


def test_a_run_that_diverges_stops_at_finite_weights_and_says_what_to_try(qtbot, document, runner):
    document.start(slopes_exercise(learning_rate=1.0, updates=2000))
    with qtbot.waitSignal(runner.warned):
        sentence = finish(qtbot, runner)
    state = document.state
    assert all(np.isfinite(layer.weights).all() for layer in state.network.layers)
    # The error grows by the factor −27, so its square leaves float64 at update k: 49·27^(2k) > 1.8e308.
    last = math.floor(math.log(np.finfo(float).max / 49) / math.log(27**2))
    assert state.iteration == last
    assert sentence.startswith(f"Diverged after iteration {last}:")
    assert sentence.endswith("Try a tenth, 0.1.")


def test_a_run_that_diverges_at_its_first_update_changes_nothing(qtbot, document, runner):
    document.start(slopes_exercise(learning_rate=1e200))
    start = document.state
    sentence = finish(qtbot, runner)
    assert sentence.startswith("Diverged at iteration 1:")
    assert document.state is start


def test_a_run_in_which_the_mse_rises_advises_a_smaller_learning_rate(qtbot, document, runner):
    document.start(slopes_exercise(learning_rate=0.08, updates=2))
    with qtbot.waitSignal(runner.warned) as warned:
        finish(qtbot, runner)
    # 1 − 28·0.08 = −1.24, and 49·1.24⁴ = 115.8
    assert warned.args == ["2 updates: the MSE rose, 49 → 115.8; try a learning rate of 0.008 or less."]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (Dataset(np.empty((0, 3))), NO_ROWS),
        (Dataset(np.array([[1.0, 2.0, 3.0]])), NO_TARGETS),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(qtbot, document, runner, data, sentence):
    document.start(replace(document.state, data=data))
    for act in (runner.run, runner.step):
        with qtbot.waitSignal(runner.warned) as warned:
            act()
        assert warned.args == [sentence]
        assert not runner.running


def test_a_new_learning_rate_holds_from_the_next_update_on_and_does_not_end_the_run(qtbot, document, runner):
    runner.speed = 0.6
    start = document.state
    runner.run()
    until(qtbot, document, 2)
    runner.set_training(replace(document.state.training, learning_rate=0.02))
    changed_at = document.state.iteration
    assert runner.running
    with qtbot.waitSignal(runner.run_ended):
        runner.speed = 1.0
    assert document.state.iteration == 20
    assert document.state.training.learning_rate == 0.02
    expected = mse_after(changed_at) * (1 - 28 * 0.02) ** (2 * (20 - changed_at))
    assert document.state.run.history.last[1] == pytest.approx(expected, rel=1e-9)
    document.undo()
    assert document.state is start


def test_another_setting_pauses_the_run(qtbot, document, runner):
    runner.speed = 0.5
    runner.run()
    until(qtbot, document, 1)
    runner.set_training(replace(document.state.training, optimizer="adam"))
    assert not runner.running
    assert document.undo_text() == "Change optimizer"
    assert document.state.iteration >= 1


def test_undo_during_a_run_pauses_it_and_takes_the_whole_run_back(qtbot, document, runner):
    start = document.state
    runner.speed = 0.5
    runner.run()
    until(qtbot, document, 2)
    with qtbot.waitSignal(runner.run_ended):
        document.undo()
    assert document.state is start
    assert not runner.running
    assert runner.left == 0


def test_an_edit_during_a_run_pauses_it_and_holds(qtbot, document, runner):
    runner.speed = 0.5
    runner.run()
    until(qtbot, document, 2)
    edited = edits.set_weight(document.state, 0, 0, 0, 9.0)
    document.push(edited, "Edit")
    assert not runner.running
    assert document.state is edited


def test_nothing_runs_while_idle(runner):
    def active():
        return [timer for timer in runner.findChildren(QTimer) if timer.isActive()]

    assert not active()
    runner.speed = 0.5
    runner.run()
    assert active()
    runner.pause()
    assert not active()
    runner.step()
    assert not active()


def test_a_slow_run_makes_and_shows_its_first_update_at_once(qtbot, document, make_runner):
    runner = make_runner(slowest_per_s=0.001)  # the second would come after a quarter of an hour
    runner.speed = 0.0
    runner.run()
    until(qtbot, document, 1)
    assert document.state.iteration == 1
    with qtbot.waitSignal(runner.run_ended):
        runner.speed = 1.0
    assert document.state.iteration == 20


@pytest.mark.parametrize("updates", [5, 20, 100_000])
def test_the_pace_goes_from_one_update_a_second_over_three_seconds_a_run_to_no_limit(updates):
    paces = [updates_per_second(updates, speed / 10) for speed in range(11)]
    assert paces[0] == pytest.approx(1.0)
    assert paces[5] == pytest.approx(updates / 3)
    assert paces[10] == math.inf
    assert paces == sorted(paces)


def test_progress_counts_up_to_all_updates(qtbot, runner):
    seen = []
    runner.progressed.connect(lambda done, of: seen.append((done, of)))
    finish(qtbot, runner)
    assert seen[0] == (0, 20)
    assert seen[-1] == (20, 20)
    assert seen == sorted(seen)


@pytest.mark.parametrize("learning_rate", [0.01, 0.08])
def test_work_that_is_too_long_for_a_frame_ends_with_the_same_numbers(
    qtbot, document, long_runner, learning_rate
):
    document.start(slopes_exercise(learning_rate, updates=3000))
    expected = train(document.state).state
    finish(qtbot, long_runner)
    assert document.state.iteration == expected.iteration
    assert document.state.network == expected.network


def test_many_weights_are_trained_in_a_thread_from_the_start_with_the_same_numbers(
    qtbot, document, make_runner
):
    runner = make_runner(long_trainer_ns=0)
    expected = train(document.state).state
    finish(qtbot, runner)
    assert document.state.network == expected.network
    runner.step()
    until(qtbot, document, 21)
    qtbot.waitUntil(lambda: not runner.running)
    assert document.undo_text() == "One update"
    runner.back()
    qtbot.waitUntil(lambda: document.state.iteration == 20)
    assert document.state.network == expected.network


def test_what_cannot_be_trained_in_a_thread_is_told_too(qtbot, document, make_runner):
    document.start(replace(document.state, data=Dataset(np.empty((0, 3)))))
    runner = make_runner(long_trainer_ns=0)
    with qtbot.waitSignal(runner.warned) as warned, qtbot.waitSignal(runner.run_ended):
        runner.run()
    assert warned.args == [NO_ROWS]
    assert not runner.running


def test_long_work_pauses_and_goes_on(qtbot, document, long_runner):
    document.start(slopes_exercise(0.0001, updates=100_000))
    long_runner.run()
    until(qtbot, document, 50)
    long_runner.pause()
    done = document.state.iteration
    assert long_runner.left == 100_000 - done
    assert document.state.run.history.last[1] == pytest.approx(mse_after(done, 0.0001), rel=1e-6)
    long_runner.set_training(replace(document.state.training, learning_rate=0.0002))
    long_runner.run()
    until(qtbot, document, done + 50)
    long_runner.pause()
    assert document.state.training.learning_rate == 0.0002


def test_what_was_made_in_long_work_is_shown_when_pause_is_pressed(qtbot, monkeypatch, document, make_runner):
    runner = make_runner(long_unit_s=0.0, work_per_state=1e9)  # after its first State it hands out no other
    document.start(slopes_exercise(1e-6, updates=1_000_000))
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
    assert runner.left == 1_000_000 - done
    assert document.state.run.history.last == (done, pytest.approx(mse_after(done, 1e-6), rel=1e-6))


def test_a_new_learning_rate_holds_in_long_work_too(qtbot, document, long_runner):
    document.start(slopes_exercise(0.0001, updates=1500))
    long_runner.speed = 0.7  # about half a second
    long_runner.run()
    until(qtbot, document, 50)
    with qtbot.waitSignal(long_runner.run_ended):
        long_runner.set_training(replace(document.state.training, learning_rate=0.0002))
    mse = document.state.run.history.points[:, 1]
    assert mse[1] / mse[0] == pytest.approx((1 - 28 * 0.0001) ** 2)
    assert mse[-1] / mse[-2] == pytest.approx((1 - 28 * 0.0002) ** 2)


def test_a_long_history_is_thinned_and_every_iteration_stays_in_reach(qtbot, document, make_runner):
    runner = make_runner(history_points=100)
    document.push(replace(document.state, training=Training(learning_rate=1e-5, updates=2000)), "settings")
    with qtbot.waitSignal(runner.run_ended):
        runner.run()
    assert len(document.state.run.history) <= 100
    assert runner.travel.history.is_thinned
    with qtbot.waitSignal(runner.travel.rested):
        runner.scrub_to(1234)
    assert document.state.network == train(slopes_exercise(1e-5, 1234)).state.network
    iteration, mse = runner.travel.present
    assert iteration == 1234
    assert mse == document.state.loss()


def test_a_runner_that_nobody_wants_any_more_is_not_held_by_the_job_that_is_still_to_be_deleted(document):
    runner = Runner(document)
    document.push(train(document.state).state, "Run")
    runner.scrub_to(7)
    assert document.state.iteration == 7
    travel = weakref.ref(runner.travel)
    del runner
    assert travel() is None


def names(document):
    return [run.name for run in document.state.runs]


EARLIER = "learning rate 0.01 · gradient descent · 20 updates"


@pytest.mark.parametrize("change", ["learning rate", "weight", "random"])
def test_the_run_before_is_kept_with_the_first_update_of_another_one(qtbot, document, runner, change):
    finish(qtbot, runner)
    runner.restart()
    if change == "learning rate":
        runner.set_training(replace(document.state.training, learning_rate=0.02))
    elif change == "weight":
        document.edit("Change weight", edits.set_weight, 0, 0, 0, 0.5)
    else:
        runner.new_random_weights(3)
    assert names(document) == []
    runner.step()
    qtbot.waitUntil(lambda: not runner.running)
    assert names(document) == [EARLIER]
    finish(qtbot, runner)
    assert names(document) == [EARLIER]
    document.undo()
    document.undo()
    assert names(document) == []
    document.redo()
    assert names(document) == [EARLIER]


def test_the_same_run_made_again_is_none_to_compare(qtbot, document, runner):
    finish(qtbot, runner)
    runner.restart()
    finish(qtbot, runner)
    finish(qtbot, runner)
    assert names(document) == []


def test_a_run_that_was_opened_is_kept_too(qtbot, document, runner):
    document.start(train(document.state).state)
    document.edit("Change weight", edits.set_weight, 0, 0, 0, 0.5)
    finish(qtbot, runner)
    assert names(document) == [EARLIER]


def test_what_ends_before_its_first_update_takes_no_place(qtbot, document, runner):
    finish(qtbot, runner)
    runner.restart()
    runner.set_training(replace(document.state.training, learning_rate=1e300))
    finish(qtbot, runner)
    assert document.state.iteration == 0
    assert names(document) == []


def test_earlier_runs_are_no_work_that_would_be_lost(qtbot, document, runner):
    opened = document.state
    finish(qtbot, runner)
    runner.restart()
    runner.set_training(replace(document.state.training, learning_rate=0.02))
    finish(qtbot, runner)
    assert names(document) == [EARLIER]
    assert is_trained(opened, document.state)
