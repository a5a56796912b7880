"""Works on a Job in short slices between two frames. Knows no document and no widgets."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.document.training.job import Job

FRAME = 1 / 60
SPARE = 0.0007
"""Seconds left free before a frame is due, so that it is not late."""
LEAST = 0.006
"""Seconds of work a frame where painting takes all of it."""
SHARE = 2.0
"""A frame lasts at least so many times as long as showing a State does: long, for a large network."""


class Drive(QObject):
    """Lets a Job go on while the window lives.

    ============ ========================================================================
    `frame_due`  what was done by now should be shown; once a frame, and when it is over
    `over`       the job has ended by itself, and all of it was shown
    ============ ========================================================================
    """

    frame_due = Signal()
    over = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.job: Job | None = None
        self._due_at = 0.0
        self._worked = False
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)

    def start(self, job: Job) -> None:
        """Begin with `job`."""
        self.job = job
        self._due_at = time.perf_counter() + FRAME
        self._worked = False
        self.go_on()

    def go_on(self) -> None:
        """Ask the job again what is due: its pace is another one."""
        self._timer.start(0)

    def stop(self) -> None:
        """Leave the job where it is."""
        self._timer.stop()
        self.job = None

    def work_for(self, seconds: float) -> None:
        """Work at once, before the window goes on."""
        self._work_until(time.perf_counter() + seconds)

    def _tick(self) -> None:
        """Show what was done where a frame is due, else work until shortly before; painting is in between."""
        now = time.perf_counter()
        if self._worked and now >= self._due_at - SPARE:
            self._worked = False
            self.frame_due.emit()
            took = time.perf_counter() - now
            self._due_at = max(self._due_at + FRAME, now + FRAME / 2, now + SHARE * took)
            self._wait()
        else:
            self._work_until(max(self._due_at - SPARE, now + LEAST))

    def _work_until(self, until: float) -> None:
        job = self.job
        if job is None:
            return
        job.advance(until)
        self._worked = True
        if job.over:
            self.frame_due.emit()
        self._wait()

    def _wait(self) -> None:
        """Wait for the next slice, frame or update; there may be none any more."""
        job = self.job
        if job is None:  # showing it has led somebody to change the document
            return
        if job.over:
            self.over.emit()
            return
        due = self._due_at - SPARE if self._worked else job.next_due()
        wait = due - time.perf_counter()
        self._timer.start(max(0, int(wait * 1000)))
