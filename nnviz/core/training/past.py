"""What a run was at any of its iterations, computed again bit for bit.

Training depends on nothing but the State that it starts from, so an earlier iteration is the way there from
a State that is known, leg by leg. Knows nothing of windows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nnviz.core.history import History
from nnviz.core.state import Leg, Run, State, WeightSet
from nnviz.core.training.trainer import Trainer

MOST, BYTES = 256, 32 * 2**20
"""States that are kept on the way, and how much memory their weights may take."""


class Past:
    """The States of the present run that are known.

    ============ =============================================================================
    `follow`     take in the State that is shown now
    `end`        the furthest State of its run that there was; the State itself where that is all
    `nearest`    the last known State at or before an iteration
    ============ =============================================================================

    A State that training leads from to `end` leaves `end` what it was: who has gone back can go on again.
    """

    def __init__(self, state: State) -> None:
        self.end = state
        self._kept: list[State] = []

    def follow(self, state: State) -> None:
        """Take in the State that is shown now."""
        if not leads_to(state, self.end):
            if not leads_to(self.end, state):
                self._kept = [own for own in self._kept if leads_to(own, state)]
            self.end = state
        if state.run is not None:
            self._keep(state)

    def nearest(self, iteration: int) -> State:
        """Return the last known State at or before `iteration`, which is at most that of `end`."""
        if iteration == self.end.iteration:
            return self.end
        at = bisect_right(self._kept, iteration, key=_iteration)
        return self._kept[at - 1] if at else beginning(self.end)

    def _keep(self, state: State) -> None:
        assert state.run is not None
        at = bisect_right(self._kept, state.iteration, key=_iteration)
        if at and self._kept[at - 1].iteration == state.iteration:
            return
        self._kept.insert(at, state)
        size = sum(layer.weights.nbytes for layer in state.network.layers) + state.run.memory.nbytes
        if len(self._kept) > min(MOST, BYTES // size):
            del self._kept[-2::-2]


def _iteration(state: State) -> int:
    return state.iteration


def leads_to(state: State, later: State) -> bool:
    """Tell whether training led from `state` to `later`, or both are the same."""
    run, end = state.run, later.run
    if state.data is not later.data:
        return False
    if end is None:
        return run is None and state.network is later.network
    if run is None:
        return state.network is end.start
    return (
        run.start is end.start and run.iteration <= end.iteration and run.legs == _up_to(end, run.iteration)
    )


def _up_to(run: Run, iteration: int) -> tuple[Leg, ...]:
    return tuple(leg for leg in run.legs if leg.after < iteration)


def beginning(state: State) -> State:
    """Return the State at iteration 0 of the run of `state`, which has one."""
    run = state.run
    assert run is not None
    first = History().extended(run.history.points[:1])
    start = Run(run.start, 0, first, run.optimizer, np.zeros_like(run.memory), ())
    return replace(state, network=run.start, run=start)


def put_into(state: State, past: State) -> State:
    """Return `state` with the weights and the run of `past`, another iteration of the same run.

    Settings, and names that were changed since, stay what they are now.
    """
    network = past.network
    if [*network.all_names()] != [*state.network.all_names()]:
        network = WeightSet.of("", network).into(state.network)
    return replace(state, network=network, run=past.run)


class Replay:
    """Goes from a known State on to `iteration` of the run of `end`, at the face of a Trainer."""

    diverged = False

    def __init__(self, known: State, end: State, iteration: int) -> None:
        assert end.run is not None
        self._known, self._legs, self._last = known, _up_to(end.run, iteration), iteration
        self.iteration = known.iteration
        self.learning_rate = known.training.learning_rate  # what is set here changes nothing

    def work(self) -> Iterator[None]:
        """Make the updates, yielding after each unit of work."""
        ends = (*(leg.after for leg in self._legs[1:]), self._last)
        for leg, end in zip(self._legs, ends, strict=True):
            if self.iteration < end:
                trainer = Trainer(replace(self._known, training=leg.training))
                for _ in trainer.work(end - self.iteration):
                    self.iteration = trainer.iteration
                    yield
                self._known = trainer.state()

    def state(self) -> State:
        """Return the State that was reached; the work must be done."""
        return self._known
