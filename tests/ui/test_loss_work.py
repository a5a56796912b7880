"""Work for the loss panels: in slices, shown as it goes, dropped when asked anew, and then still."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, QTimer

from nnviz.document import idle as loss_work
from nnviz.document.idle import AT_ONCE, LossWork

ENDLESS = 1_000_000


@pytest.fixture
def slow(monkeypatch):
    """Return a step of work after which the slice is over, by a clock of its own."""
    now = [0.0]
    monkeypatch.setattr(loss_work, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def step():
        now[0] += 2 * AT_ONCE

    return step


def ticking(work):
    return [timer for timer in work.findChildren(QTimer) if timer.isActive()]


class Recorder:
    """Makes works that are numbered, and keeps what was shown."""

    def __init__(self, steps, step=lambda: None):
        self.parent = QObject()
        self.steps, self.step = steps, step
        self.begun, self.done, self.shown, self.dropped = 0, [], [], []
        self.work = LossWork(self.parent, self._make, self._show)

    def _make(self):
        self.begun += 1
        number = self.begun
        try:
            for _ in range(self.steps):
                self.step()
                yield
            self.done.append(number)
        finally:
            if number not in self.done:
                self.dropped.append(number)

    def _show(self):
        self.shown.append(list(self.done))
        return bool(self.done)


def test_short_work_is_done_and_shown_in_one_slice(qtbot):
    record = Recorder(steps=5)
    record.work.ask()
    assert record.work.busy
    qtbot.waitUntil(lambda: not record.work.busy)
    assert record.shown == [[1]]
    assert ticking(record.work) == []


def test_long_work_is_shown_after_each_slice_and_ends(qtbot, slow):
    record = Recorder(4, slow)
    record.work.ask()
    qtbot.waitUntil(lambda: not record.work.busy)
    assert record.done == [1]
    assert len(record.shown) == 5  # each step, and that there are no more
    assert ticking(record.work) == []


def test_asking_again_drops_what_is_under_way(qtbot, slow):
    record = Recorder(ENDLESS, slow)
    record.work.ask()
    qtbot.waitUntil(lambda: len(record.shown) >= 2)
    record.steps = 3
    record.work.ask()
    assert record.dropped == [1]
    qtbot.waitUntil(lambda: not record.work.busy)
    assert record.done == [2]


def test_many_askings_in_a_row_begin_once(qtbot):
    record = Recorder(steps=1)
    for _ in range(50):
        record.work.ask()
    qtbot.waitUntil(lambda: not record.work.busy)
    assert record.begun == 1


def test_stopping_leaves_nothing_that_ticks(qtbot, slow):
    record = Recorder(ENDLESS, slow)
    record.work.ask()
    qtbot.waitUntil(lambda: len(record.shown) >= 1)
    record.work.stop()
    assert not record.work.busy
    assert record.dropped == [1]
    assert ticking(record.work) == []
