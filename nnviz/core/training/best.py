"""The State of a run at which the validation loss was least, found again without keeping every State."""

from __future__ import annotations

from time import perf_counter

from nnviz.core.state import State
from nnviz.core.training.past import Replay, beginning, put_into
from nnviz.core.training.trainer import Trainer

WORK_PER_STATE = 20
"""Copying the State of a large network is slow, so train this many times longer between two copies."""


class Best:
    """Finds the State of the least validation loss in a training that begins at `state`.

    It keeps two States, one of them before the least loss so far, and repeats only the updates in between.
    """

    def __init__(self, state: State) -> None:
        self._before = self._latest = state
        self._due_s = 0.0

    def follow(self, trainer: Trainer) -> None:
        """Keep a State if enough time has passed; call this after each unit of work."""
        began_s = perf_counter()
        if began_s < self._due_s:
            return
        state = trainer.state()
        if (least_validation(state) or 0) >= self._latest.iteration:
            self._before = self._latest
        self._latest = state
        now_s = perf_counter()
        self._due_s = now_s + WORK_PER_STATE * (now_s - began_s)

    def of(self, end: State) -> State:
        """Return `end` as if its run had ended at the least validation loss."""
        iteration = least_validation(end)
        if iteration is None or iteration == end.iteration:
            return end
        known = next(
            (each for each in (self._latest, self._before) if each.run and each.iteration <= iteration),
            beginning(end),
        )
        replay = Replay(known, end)
        if known.iteration < iteration:
            for _ in replay.work(iteration - known.iteration):
                pass
        return put_into(end, replay.state())


def least_validation(state: State) -> int | None:
    """Return the first iteration of the least validation loss in the run of `state`; None without any."""
    curve = state.run.curve("validation") if state.run else None
    if curve is None or not len(curve):
        return None
    points = curve.points
    return int(points[points[:, 1].argmin(), 0])
