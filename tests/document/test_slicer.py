"""Work in slices: shown as it goes, dropped when asked anew, and then still."""

from PySide6.QtCore import QObject, QTimer

from nnviz.document.idle import FIRST_S, Slicer

ENDLESS = 1_000_000


class Clock:
    """Stands still but for a slow step of work, after which the slice is over."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def slow_step(self):
        self.now += 2 * FIRST_S


def ticking(work):
    return [timer for timer in work.findChildren(QTimer) if timer.isActive()]


class Recorder:
    """Makes works that are numbered, and keeps what was shown."""

    def __init__(self, steps, slow=False, **times):
        self.parent = QObject()
        clock = Clock()
        self.steps, self.step = steps, clock.slow_step if slow else lambda: None
        self.begun, self.done, self.shown, self.dropped = 0, [], [], []
        self.work = Slicer(self.parent, self._make, self._show, clock=clock, **times)

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


def test_long_work_is_shown_after_each_slice_and_ends(qtbot):
    record = Recorder(4, slow=True)
    record.work.ask()
    qtbot.waitUntil(lambda: not record.work.busy)
    assert record.done == [1]
    assert len(record.shown) == 5  # each step, and that there are no more
    assert ticking(record.work) == []


def test_asking_again_drops_what_is_under_way(qtbot):
    record = Recorder(ENDLESS, slow=True)
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


def test_stopping_leaves_nothing_that_ticks(qtbot):
    record = Recorder(ENDLESS, slow=True)
    record.work.ask()
    qtbot.waitUntil(lambda: len(record.shown) >= 1)
    record.work.stop()
    assert not record.work.busy
    assert record.dropped == [1]
    assert ticking(record.work) == []


def test_long_work_that_is_asked_for_again_begins_when_it_is_quiet(qtbot):
    record = Recorder(ENDLESS, slow=True, quiet_ms=120.0)
    record.work.ask()
    qtbot.waitUntil(lambda: bool(record.shown))
    asked = []
    for _ in range(4):
        record.work.ask()
        asked.append(record.begun)
        qtbot.wait(20)
    assert asked == [1, 1, 1, 1]
    qtbot.waitUntil(lambda: record.begun == 2)
    record.work.stop()
