"""A Moment computes each value once, slow values in slices while the window is idle."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from PySide6.QtCore import QObject, QTimer

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.metrics import Measured
from nnviz.core.network import Network
from nnviz.core.results import health
from nnviz.core.slopes import Slopes, slopes
from nnviz.core.state import Dataset
from nnviz.core.train import train
from nnviz.document.document import Document
from nnviz.document.idle import FIRST_S, Idle, Slicer
from nnviz.document.moment import Moment
from tests.core.oracle import make_network, make_state, set_weight

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


def document_of(state, **times):
    return Document(state, idle=Idle(**times))


def test_numbers_of_row_and_data_are_right_take_one_pass_and_are_kept(state, passes):
    document = document_of(state)
    document.select_row(7)
    now = document.now
    means, odd = now.means, now.marks.badges
    found = now.trace, now.slopes, now.prediction(3), now.error(7), now.measured.loss
    assert now.means_of_update is means
    document.push(replace(state, name="n", training=replace(state.training, learning_rate=1.0)), "settings")
    assert document.now is not now
    assert document.now.means is means
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
    document.push(set_weight(document.state, 0, 0, 0, 9.0), "a weight")
    assert document.now.means is not means
    document.push(edits.set_value(document.state, Address("target", 0, 0), 9.0, 0), "a target")
    assert document.now.measured.loss == document.state.loss()
    assert passes == [100, 100, 100]  # the last is the test's


def test_with_many_rows_the_selected_row_is_computed_alone_and_the_rest_while_idle(qtbot, state, passes):
    document = document_of(state, **SLOW)
    assert None not in (document.now.trace, document.now.slopes)
    assert passes == [1]
    alone = state.network.predict(state.data.inputs[40])[0]
    np.testing.assert_allclose(document.now.prediction(40), alone, rtol=1e-12)

    def values():
        return document.now.means, document.now.measured.loss, document.now.health

    with qtbot.waitSignal(document.changed):
        assert values() == (None, None, None)
    qtbot.waitUntil(lambda: None not in values())
    assert max(passes) == 32
    assert document.now.measured.loss == pytest.approx(state.loss(), rel=1e-12)
    assert not isinstance(document.now.means.slopes, Slopes)


def test_nothing_long_goes_on_for_an_old_state_or_at_rest(qtbot, state, passes):
    def timers():
        return [timer for timer in document.idle.findChildren(QTimer) if timer.isActive()]

    document = document_of(state, **SLOW)
    push = partial(document.push, set_weight(state, 0, 0, 0, 9.0), "a weight")
    assert document.now.means is None
    for stop in (push, document.idle.drop):
        assert document.now.slopes
        document.select_row(document.now.row + 1)
        passes.clear()
        assert document.now.means is None
        assert timers()
        stop()
        assert timers() == passes == []
    with qtbot.waitSignal(document.changed):
        document.select_row(5)
    qtbot.waitUntil(lambda: document.now.means is not None)


def test_values_that_a_run_puts_off_are_found_when_the_run_is_over(qtbot, state):
    document = document_of(state, quick_ns=0.0)
    document.set_in_motion(True)
    assert document.now.node_values(0, 0) is None
    assert not [timer for timer in document.idle.findChildren(QTimer) if timer.isActive()]
    document.set_in_motion(False)
    qtbot.waitUntil(lambda: document.now.node_values(0, 0) is not None)


def test_during_a_drag_the_offer_to_standardise_waits_for_the_end(state):
    document = document_of(state)
    before = document.now.scales
    document.set_in_motion(True)
    document.edit("an input", edits.set_value, Address("input", -1, 0), 1e9)
    assert document.now.scales == before == ""
    document.set_in_motion(False)
    assert "standard deviation" in document.now.scales


def test_batches_give_the_slopes_of_the_next_update_and_a_run_the_last_measured_loss(state, passes):
    batches = replace(state, training=replace(state.training, batch_size=8))
    update = document_of(batches, quick_ns=1e3).now.means_of_update
    assert (update.count, passes) == (8, [8])
    same_slopes(update.slopes, state, list(update.rows))

    trained = train(batches, updates=30).state
    measured = Measured(trained.run.history.points[-1, 1], None, None, None)
    document = document_of(replace(trained, run=replace(trained.run, iteration=33)), **SLOW)
    document.set_in_motion(True)
    assert document.now.last_measured == (measured, 30)
    document.set_in_motion(False)
    assert document.now.last_measured == (Measured(), 33)
    document.push(trained, "the measured state")
    assert document.now.last_measured == (measured, 30)


def test_without_rows_or_targets_there_is_nothing(state):
    for data in (Dataset(state.data.inputs), Dataset.empty(state.network)):
        now = document_of(replace(state, data=data)).now
        assert (now.slopes, now.measured.loss, now.means, now.means_of_update) == (None,) * 4
        assert (now.trace is None) == (len(data) == 0)


def test_without_a_window_every_value_is_computed_at_once(state):
    now = Moment.of(state, row=3, slopes_shown=True)
    assert None not in (now.means, now.health, now.measured.loss, now.node_values(0, 1))
    same_slopes(now.then(row=4).slopes, state, [4])
    assert now.then(row=400).row == 99


def test_a_what_if_row_is_computed_alone_and_ends_with_other_data(state):
    document = document_of(state)
    document.show_what_if_row([1.0, 2.0, 3.0])
    now = document.now
    np.testing.assert_allclose(now.trace.prediction, state.network.predict([[1.0, 2.0, 3.0]]), rtol=1e-12)
    assert (now.slopes, now.row_index, len(now.row_state.data)) == (None, 0, 1)
    document.push(set_weight(state, 0, 0, 0, 9.0), "a weight")
    assert document.now.what_if_row is now.what_if_row
    np.testing.assert_allclose(
        document.now.trace.prediction, document.state.network.predict([[1.0, 2.0, 3.0]]), rtol=1e-12
    )
    document.push(edits.set_value(document.state, Address("target", 0, 0), 9.0, 0), "a target")
    assert document.now.what_if_row is None


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
