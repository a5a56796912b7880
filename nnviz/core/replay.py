"""Earlier iterations of a run, which are computed again.

Training depends only on the State from which the training starts. So an earlier iteration is computed again
by training from a stored State, one segment (updates with constant settings) after the other.
"""

from __future__ import annotations

import math
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from operator import attrgetter

import numpy as np

from nnviz.core.network import Network
from nnviz.core.numbers import POINTS
from nnviz.core.slopes import BLOCK_NS, PASSES_PER_UPDATE, forward_ns
from nnviz.core.state import Run, Segment, State, Training, run_of, with_weights
from nnviz.core.trainer import Trainer

STORED_STATES, KEPT_BYTES = 250, 64 * 2**20
"""Limits for the stored States of a run. STORED_STATES: number of States. KEPT_BYTES: size in bytes."""
FILL_NS = 20e9
"""Longest estimated time in which `Past.fill` trains again, in nanoseconds. Small networks take far less."""


class Past:
    """Stored States of the current run, from which earlier iterations can be computed again.

    ================== =======================================================================
    `begin`            forgets all stored States, and follows the run of a given State
    `follow`           stores the State that is displayed now
    `end`              the State with the most iterations of the current run
    `shown`            the most recently displayed State of the last run, or None
    `last`             the final State of the last run, even after an edit; None before a run
    `nearest`          returns the last stored State up to an iteration
    `known`            returns the known networks of the current run by iteration
    `fill`             computes and stores States of the current run between the stored ones
    `networks`         returns the stored networks of the last run, up to `shown`
    ================== =======================================================================

    Without a run, `end` is the displayed State. If all updates of the last run were undone, `shown` is None.
    If `follow` gets an earlier iteration of the run, `end` does not change. So a person who went back to an
    earlier iteration can go forward again, even after an edit that was undone. Only weak references to the
    last States of older runs are kept.
    """

    def __init__(self, state: State) -> None:
        self.begin(state)

    def begin(self, state: State) -> None:
        """Forget all stored States, and follow the run of `state`."""
        self.end = state
        self.shown: State | None = None
        self.last: State | None = None
        self._ends: list[weakref.ref[State]] = []  # ends of every run and of its branches
        self._stored: list[State] = []  # with the last point of each history, so that no buffer is kept alive
        self._end_at(state)
        self.follow(state)

    def follow(self, state: State) -> None:
        """Store the displayed State. New data remove the stored States of the last run; an edit does not."""
        if self.shown is not None and state.data is not self.shown.data:
            self._stored, self.shown = [], None
        if not leads_to(state, self.end):
            self._end_at(state)
        if state.run and self.end.run and state.run.label != self.end.run.label:  # a person has named the run
            self.end = self.last = replace(self.end, run=replace(self.end.run, label=state.run.label))
        elif state.iteration == self.end.iteration and (
            state.is_watched or _points(state) > _points(self.end)
        ):
            self.end = self.last = state  # the script, or the end of an epoch, has added losses
            self._ends[-1] = weakref.ref(state)
        if self._stored and self.end.run is not None and not leads_to(self._stored[-1], self.end):
            self._stored = [each for each in self._stored if leads_to(each, self.end)]
        if state.run is not None:
            self._store(state)
            self.shown = state
        elif self.shown is not None and state.network is run_of(self.shown).start:
            self.shown = None

    def _end_at(self, state: State) -> None:
        """Set `end` to the State with the most iterations that training from `state` leads to."""
        ends = [end for each in self._ends if (end := each()) is not None]
        later = [end for end in ends if leads_to(state, end)]
        self.end = max(later, key=attrgetter("iteration"), default=state)
        if self.end.run is not None:
            self.last = self.end
            ends = [end for end in ends if not leads_to(end, self.end)] + [self.end]
        self._ends = [weakref.ref(end) for end in ends]

    def nearest(self, iteration: int) -> State:
        """Return the latest stored State at or before `iteration`, which must not exceed the run's end."""
        if iteration == self.end.iteration:
            return self.end
        at = bisect_right(self._stored, iteration, key=attrgetter("iteration"))
        return _with_history_of(self.end, self._stored[at - 1]) if at else state_at_start(self.end)

    def known(self) -> dict[int, Network]:
        """Return the known networks of the current run by iteration, or an empty dictionary without a run."""
        return self._networks_until(self.end) if self.end.run else {}

    def networks(self) -> list[Network]:
        """Return the stored networks of the last run, from iteration 0 to the last displayed iteration."""
        return [*self._networks_until(self.shown).values()] if self.shown else []

    def _networks_until(self, last: State) -> dict[int, Network]:
        between = {
            each.iteration: each.network for each in self._stored if 0 < each.iteration < last.iteration
        }
        return {0: run_of(last).start, **between, last.iteration: last.network}

    def fill(self, count: int) -> Iterator[None]:
        """Store States of the current run at about `count` evenly spaced iterations, also of an opened file.

        Yield after each unit of work. If that would take long, or a script has trained the network, store
        nothing. A run whose States are large gets fewer States.
        """
        end, count = self.end, min(count, _most_stored(self.end) // 2)
        update_ns = PASSES_PER_UPDATE * forward_ns(end.network, end.training.batch_size or end.trained_rows)
        if end.run is None or end.is_watched or update_ns * end.iteration > FILL_NS:
            return
        for iteration in sorted({k * end.iteration // count for k in range(1, count)}):
            nearest = self.nearest(iteration)
            if (iteration - nearest.iteration) * 2 * count > end.iteration:
                replay = Replay(nearest, end, POINTS.limit, max(1, BLOCK_NS // update_ns))
                yield from replay.work(iteration - nearest.iteration)
                if self.end is not end:
                    return
                self._store(replay.state())

    def _store(self, state: State) -> None:
        at = bisect_right(self._stored, state.iteration, key=attrgetter("iteration"))
        if at and self._stored[at - 1].iteration == state.iteration:
            return
        short = run_of(state).with_curves(lambda history, _: history.end())
        self._stored.insert(at, replace(state, run=short))
        if len(self._stored) > _most_stored(state):
            del self._stored[-2::-2]


def _most_stored(state: State) -> int:
    """Return the largest number of stored States of the run of `state`."""
    memory = state.run.memory.nbytes if state.run else 0
    size = sum(layer.weights.nbytes for layer in state.network.layers) + memory
    return min(STORED_STATES, KEPT_BYTES // size)


def _points(state: State) -> int:
    return len(state.run.history) if state.run else 0


def _with_history_of(end: State, earlier: State) -> State:
    """Return `earlier` with all points of the history of `end` up to it."""
    return replace(earlier, run=run_of(end).until(run_of(earlier)))


def leads_to(state: State, later: State) -> bool:
    """Return whether training led from `state` to `later`, or both States are the same iteration of a run."""
    run, end = state.run, later.run
    if state.data is not later.data:
        return False
    if end is None:
        return run is None and state.network is later.network
    if run is None:
        return state.network is end.start
    return (
        run.start is end.start
        and run.label.id == end.label.id
        and run.iteration <= end.iteration
        and run.segments == segments_until(end, run.iteration)
    )


def can_repeat(state: State, end: State) -> bool:
    """Return whether training `state` with its own settings leads to `end`, so that `end` can be repeated."""
    if end.is_watched or not leads_to(state, end):  # then the run may belong to a network of another shape
        return False
    names = [*state.network.all_names()] == [*end.network.all_names()]
    if not names or replace(end, network=state.network) != state:
        return False
    own = state.training.update_settings
    settings = _settings(end.run, end.iteration) if end.run else []
    return all(training == own for training, last in settings if last > state.iteration)


def _settings(run: Run, until: int) -> list[tuple[Training, int]]:
    """Return the settings of a run's first `until` updates, each with the iteration up to which they hold."""
    segments = segments_until(run, until)
    ends = (*(segment.after for segment in segments[1:]), until)
    return [(segment.training, end) for segment, end in zip(segments, ends, strict=False)]


def segments_until(run: Run, iteration: int) -> tuple[Segment, ...]:
    """Return the segments (updates with constant settings) that contain a run's first `iteration` updates."""
    return tuple(segment for segment in run.segments if segment.after < iteration)


def state_at_start(state: State) -> State:
    """Return the State at iteration 0 of the run of `state`, which must have a run."""
    run = run_of(state)
    start = replace(
        run,
        iteration=0,
        memory=np.zeros_like(run.memory),
        segments=(),
        diverged=False,
        stopped="",
        seconds=0.0,
    )
    start = start.with_curves(lambda history, _: history.beginning())
    return replace(state, network=run.start, run=start)


def with_past(state: State, past: State) -> State:
    """Return `state` with the weights and the run of `past`.

    `past` is another iteration of the same run. The result keeps the settings and the names of `state`, also
    the name of the run.
    """
    network, run = past.network, past.run
    if [*network.all_names()] != [*state.network.all_names()]:
        network = with_weights(state.network, network.layers)
    if run and state.run and run.label != state.run.label:
        run = replace(run, label=state.run.label)
    return replace(state, network=network, run=run)


class Replay:
    """Repeats updates of an earlier run. A Replay can do a Trainer's work, but it never ends early.

    A Replay starts from the stored State `known`, and repeats updates of the run of `end`. If the history of
    `end` is thinned (points were removed), the resulting State still has every point of the repeated updates.
    """

    diverged = is_over = False

    def __init__(
        self, known: State, end: State, history_limit: float = math.inf, at_once: float = math.inf
    ) -> None:
        self.at_once = at_once
        self._known, self._end, self._run, self._limit = known, end, run_of(end), history_limit
        self.iteration = known.iteration
        self.learning_rate = known.training.learning_rate  # as in Trainer; setting it has no effect

    def work(self, updates: int) -> Iterator[None]:
        """Repeat `updates` updates, and yield after each unit of work."""
        for training, end in _settings(self._run, self.iteration + updates):
            if self.iteration < end:
                trainer = Trainer(replace(self._known, training=training), self._limit, self.at_once)
                for _ in trainer.work(end - self.iteration):
                    self.iteration = trainer.iteration
                    yield
                    trainer.at_once = self.at_once
                self._known = trainer.state()

    def state(self) -> State:
        """Return the resulting State. `work` must be finished."""
        if self._run.history.is_thinned:
            return self._known
        return _with_history_of(self._end, self._known)
