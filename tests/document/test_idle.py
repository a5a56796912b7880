"""Work in slices while the window is idle, and views that show no more often than anybody sees."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, QTimer

from nnviz.document.idle import FIRST_S, MotionThrottle, Slicer, Throttle

pytestmark = pytest.mark.usefixtures("qapp")
ENDLESS = 1_000_000


class Recorder:
    """Makes numbered works of `steps` steps, each a slice if `slow`, and keeps what was shown."""

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
        record.work.ask()
    assert record.work.busy
    qtbot.waitUntil(lambda: not record.work.busy)
    assert (record.begun, record.shown, record.timers) == (1, [[1]], [])


def test_long_work_is_shown_after_each_slice_and_dropped_when_it_is_stopped(qtbot):
    record = Recorder(4, slow=True)
    record.work.ask()
    qtbot.waitUntil(lambda: not record.work.busy)
    assert (record.done, len(record.shown)) == ([1], 5)  # each step, and that there are no more
    assert record.timers == []
    record.steps = ENDLESS
    record.work.ask()
    qtbot.waitUntil(lambda: len(record.shown) >= 7)
    record.work.stop()
    assert (record.work.busy, record.dropped, record.timers) == (False, [2], [])


def test_work_asked_for_again_drops_what_is_under_way_and_waits_until_it_is_quiet(qtbot):
    record = Recorder(ENDLESS, slow=True, quiet_ms=600_000.0)
    record.work.ask()
    qtbot.waitUntil(lambda: len(record.shown) >= 2)
    for _ in range(4):
        record.work.ask()
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


def test_a_view_shows_every_change_at_rest_and_some_in_motion_but_always_the_last(document, state, clock):
    states, shown = [replace(state(0), name=f"state {k}") for k in range(49)], []
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
    assert (shown, throttle.waiting) == ([1], True)
    qtbot.waitUntil(lambda: not throttle.waiting)
    assert shown == [1, 1]
    for _ in range(5):
        throttle.soon()
    assert shown == [1, 1]
    qtbot.waitUntil(lambda: len(shown) > 2)
    assert (shown, throttle.waiting) == ([1, 1, 1], False)


def test_a_view_that_takes_long_shows_seldom(clock):
    shown, parent = [], QObject()

    def slow():
        shown.append(clock[0])
        clock[0] += 20

    throttle = Throttle(parent, slow, share=10.0)
    for _ in range(30):
        throttle.changed()
        clock[0] += 10
    assert (shown, throttle.waiting) == ([1000.0, 1200.0], True)
    throttle.stop()
    assert not throttle.waiting
