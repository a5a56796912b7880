"""Results are computed once per state, in slices while the window is idle, and shown when seen."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer

from nnviz.core import edits
from nnviz.core.metrics import Measured
from nnviz.core.network import Network
from nnviz.core.results import health
from nnviz.core.slopes import Slopes, slopes
from nnviz.core.state import Dataset
from nnviz.core.train import train
from nnviz.document.derived import NOT_MEASURED, Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import FIRST_S, MotionThrottle, Slicer, Throttle
from tests.core.oracle import make_network, make_state

pytestmark = pytest.mark.usefixtures("qapp")
SLOW = {"quick_ns": 0.0, "block_ns": 1.0, "quiet_ms": 0.0}
"""Nothing that takes all rows is quick, and it is computed 32 rows at a time."""


@pytest.fixture
def state():
    return make_state(make_network((3, 4, 2), ("relu", "identity"), (True, False)), 100)


@pytest.fixture
def passes(monkeypatch):
    """Return a list of how many rows each pass forward took."""
    taken, forward = [], Network.forward
    monkeypatch.setattr(Network, "forward", lambda network, x: taken.append(len(x)) or forward(network, x))
    return taken


def same_slopes(found, state, rows=slice(None)):
    expected = slopes(state.network, state.data.inputs[rows], state.data.targets[rows])
    for one, other in zip(found.layers, expected.layers, strict=True):
        np.testing.assert_allclose(one.weights, other.weights, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(one.nodes, other.nodes, rtol=1e-9, atol=1e-12)


def derived_from(state, **times):
    document = Document(state)
    selection = Selection(document)
    return document, selection, Derived(document, selection, **times)


def test_numbers_of_row_and_data_are_right_take_one_pass_and_are_kept(state, passes):
    document, selection, derived = derived_from(state)
    selection.row = 7
    found = derived.trace, derived.slopes, derived.prediction(3), derived.error(7), derived.loss
    means, odd = derived.means, derived.marks().badges
    assert derived.means_of_update is means
    document.push(replace(state, name="n", training=replace(state.training, learning_rate=1.0)), "settings")
    assert derived.means is means
    assert passes == [100]
    trace, own, prediction, error, mse = found
    x, y = state.data.inputs, state.data.targets
    np.testing.assert_allclose(trace.prediction, state.network.predict(x[7]), rtol=1e-12)
    np.testing.assert_allclose(prediction, state.network.predict(x[3])[0], rtol=1e-12)
    np.testing.assert_allclose(error, trace.prediction[0] - y[7], rtol=1e-12)
    assert mse == state.loss() == means.slopes.loss
    assert odd == health(state.network, state.network.forward(x)).badges()
    same_slopes(own, state, [7])
    same_slopes(means.slopes, state)
    passes.clear()
    document.push(edits.set_weight(document.state, 0, 0, 0, 9.0), "a weight")
    assert derived.means is not means
    document.push(edits.set_target(document.state, 0, 0, 9.0), "a target")
    assert derived.loss == document.state.loss()
    assert passes == [100, 100, 100]  # the last is the test's


def test_with_many_rows_the_selected_row_is_computed_alone_and_the_rest_while_idle(qtbot, state, passes):
    _, _, derived = derived_from(state, **SLOW)
    assert None not in (derived.trace, derived.slopes)
    assert passes == [1]
    alone = state.network.predict(state.data.inputs[40])[0]
    np.testing.assert_allclose(derived.prediction(40), alone, rtol=1e-12)
    with qtbot.waitSignal(derived.computed):
        assert (derived.loss, derived.means, derived.health) == (None, None, None)
    qtbot.waitUntil(lambda: None not in (derived.means, derived.loss, derived.health))
    assert max(passes) == 32
    assert derived.loss == pytest.approx(state.loss(), rel=1e-12)
    assert not isinstance(derived.means.slopes, Slopes)


def test_nothing_long_goes_on_for_an_old_state_or_at_rest(qtbot, state, passes):
    def timers():
        return [timer for timer in derived.findChildren(QTimer) if timer.isActive()]

    document, _, derived = derived_from(state, **SLOW)
    push = partial(document.push, edits.set_weight(state, 0, 0, 0, 9.0), "a weight")
    for stop in (push, derived.cancel_pending):
        assert derived.means is None
        assert timers()
        stop()
        assert timers() == passes == []
    with qtbot.waitSignal(derived.computed):
        assert derived.means is None


def test_what_a_run_puts_off_can_be_asked_for_once_it_is_over(qtbot, state):
    document, _, derived = derived_from(state, quick_ns=0.0)
    document.set_in_motion(True)
    assert derived.node_values(0, 0) is None
    with qtbot.waitSignal(derived.computed):
        document.set_in_motion(False)
    derived.node_values(0, 0)
    qtbot.waitUntil(lambda: derived.node_values(0, 0) is not None)


def test_batches_give_the_slopes_of_the_next_update_and_a_run_the_last_measured_loss(state, passes):
    batches = replace(state, training=replace(state.training, batch_size=8))
    _, _, derived = derived_from(batches, quick_ns=1e3)
    update = derived.means_of_update
    assert (update.count, passes) == (8, [8])
    same_slopes(update.slopes, state, list(update.rows))

    trained = train(batches, updates=30).state
    measured = Measured(trained.run.history.points[-1, 1], None, None, None)
    document, _, derived = derived_from(replace(trained, run=replace(trained.run, iteration=33)), **SLOW)
    document.set_in_motion(True)
    assert derived.last_measured == (measured, 30)
    document.set_in_motion(False)
    assert derived.last_measured == (NOT_MEASURED, 33)
    document.push(trained, "the measured state")
    assert derived.last_measured == (measured, 30)


def test_without_rows_or_targets_there_is_nothing(state):
    for data in (Dataset(state.data.inputs), Dataset.empty(state.network)):
        _, _, derived = derived_from(replace(state, data=data))
        assert (derived.slopes, derived.loss, derived.means, derived.means_of_update) == (None,) * 4
        assert (derived.trace is None) == (len(data) == 0)


ENDLESS = 1_000_000


class Recorder:
    """Makes numbered works of `steps` steps, each a slice if `slow`, and keeps the shown numbers."""

    def __init__(self, steps, slow=False, **times):
        self.parent, self.now = QObject(), 0.0
        self.steps, self.step_s = steps, 2 * FIRST_S if slow else 0.0
        self.begun, self.done, self.shown, self.dropped = 0, [], [], []
        self.work = Slicer(self.parent, self._make, self._show, clock=lambda: self.now, **times)

    def _make(self):
        self.begun += 1
        number = self.begun
        try:
            for _ in range(self.steps):
                self.now += self.step_s
                yield
            self.done.append(number)
        finally:
            if number not in self.done:
                self.dropped.append(number)

    def _show(self):
        self.shown.append(list(self.done))
        return bool(self.done)

    @property
    def timers(self):
        return [timer for timer in self.work.findChildren(QTimer) if timer.isActive()]


def test_short_work_is_asked_for_many_times_done_once_and_shown_in_one_slice(qtbot):
    record = Recorder(steps=5)
    for _ in range(50):
        record.work.restart()
    assert record.work.busy
    qtbot.waitUntil(lambda: not record.work.busy)
    assert (record.begun, record.shown, record.timers) == (1, [[1]], [])


def test_long_work_is_shown_after_each_slice_and_dropped_when_it_is_stopped(qtbot):
    record = Recorder(4, slow=True)
    record.work.restart()
    qtbot.waitUntil(lambda: not record.work.busy)
    assert (record.done, len(record.shown)) == ([1], 5)  # each step, and that there are no more
    assert record.timers == []
    record.steps = ENDLESS
    record.work.restart()
    qtbot.waitUntil(lambda: len(record.shown) >= 7)
    record.work.stop()
    assert (record.work.busy, record.dropped, record.timers) == (False, [2], [])


def test_work_asked_for_again_drops_what_is_under_way_and_waits_until_it_is_quiet(qtbot):
    record = Recorder(ENDLESS, slow=True, quiet_ms=600_000.0)
    record.work.restart()
    qtbot.waitUntil(lambda: len(record.shown) >= 2)
    for _ in range(4):
        record.work.restart()
    assert (record.begun, record.dropped) == (1, [1])
    (waiting,) = record.timers
    assert waiting.interval() == 600_000
    record.steps = 3
    waiting.setInterval(0)  # now it is quiet
    qtbot.waitUntil(lambda: record.begun == 2 and not record.work.busy)
    assert record.done == [2]


@pytest.fixture
def clock(monkeypatch):
    """Return the time that throttles see, in a list, in milliseconds."""
    now = [1000.0]
    monkeypatch.setattr("nnviz.document.idle._now_ms", lambda: now[0])
    return now


def test_a_view_shows_every_change_at_rest_and_some_in_motion_but_always_the_last(state, clock):
    document, states, shown = Document(state), [replace(state, name=f"state {k}") for k in range(49)], []
    throttle = MotionThrottle(document, lambda: shown.append(document.state), document, phase=0.0)
    document.state_changed.connect(lambda *_: throttle.changed())
    for moving, seen in ((False, states), (True, [*states[8::9], states[-1]])):
        document.set_in_motion(moving)
        for each in states:
            clock[0] += 5
            document.push(each, "a change")
        document.set_in_motion(False)
        assert shown == seen
        shown.clear()


def test_an_early_change_is_shown_a_little_later_and_once(qtbot, clock):
    parent, shown = QObject(), []
    throttle = Throttle(parent, lambda: shown.append(1), apart_ms=60.0)
    for _ in range(5):
        throttle.changed()
    assert (shown, throttle.is_pending) == ([1], True)
    qtbot.waitUntil(lambda: not throttle.is_pending)
    assert shown == [1, 1]
    for _ in range(5):
        throttle.show_soon()
    assert shown == [1, 1]
    qtbot.waitUntil(lambda: len(shown) > 2)
    assert (shown, throttle.is_pending) == ([1, 1, 1], False)


def test_a_view_that_takes_long_shows_seldom(clock):
    shown, parent = [], QObject()

    def slow():
        shown.append(clock[0])
        clock[0] += 20

    throttle = Throttle(parent, slow, share=10.0)
    for _ in range(30):
        throttle.changed()
        clock[0] += 10
    assert (shown, throttle.is_pending) == ([1000.0, 1200.0], True)
    throttle.stop()
    assert not throttle.is_pending
