"""Earlier iterations of a run, computed again, and the runs kept for comparison.

Training depends only on the State that it starts from. An earlier iteration is found by training again from a
known State, segment by segment.
"""

from __future__ import annotations

import math
import weakref
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from operator import attrgetter

import numpy as np

from nnviz.core.network import Network
from nnviz.core.numbers import EARLIER_RUNS, counted, shown
from nnviz.core.state import (
    MOST_UPDATES,
    Architecture,
    EarlierRun,
    Run,
    Segment,
    State,
    Training,
    WeightSet,
    with_weights,
)
from nnviz.core.trainer import Trainer

KEPT_STATES, KEPT_BYTES = 250, 64 * 2**20
"""States that are kept on the way, and how much memory their weights may take."""


class Past:
    """The States of the present run that are known.

    ============ =============================================================================
    `begin`      know of one State alone
    `follow`     take in the State that is shown now
    `end`        the furthest State of its run that there was; the State itself where that is all
    `last`       the end of the last run, which an edit leaves what it was; None before there was one
    `nearest`    the last known State at or before an iteration
    `known`      the iterations before another one of which the States are known
    `way`        the networks that are known between the run's start and what is shown of it
    ============ =============================================================================

    A State that training leads from to `end` leaves `end` what it was: who has gone back can go on again. So
    can who comes back from a change, such as an edit that is undone: the end of the last run is held, and
    those of others are known as long as somebody else, such as undo, holds them.
    """

    def __init__(self, state: State) -> None:
        self.begin(state)

    def begin(self, state: State) -> None:
        """Know of `state` alone: it has come from somewhere else."""
        self.end = state
        self.shown: State | None = None
        """The State that was last shown of the last run; None where all of it was undone."""
        self.last: State | None = None
        self._ends: list[weakref.ref[State]] = []  # of every run, and of its branches
        self._kept: list[State] = []  # of each history the end alone: many buffers would be held else
        self._end_at(state)
        self.follow(state)

    def follow(self, state: State) -> None:
        """Take in the State that is shown now. After an edit of weights the last run stays known."""
        if self.shown is not None and state.data is not self.shown.data:
            self._kept, self.shown = [], None
        if not leads_to(state, self.end):
            self._end_at(state)
        elif state.run and state.run.watched and state.iteration == self.end.iteration:
            self.end = self.last = state  # of which more losses are told than the last time
            self._ends[-1] = weakref.ref(state)
        if self._kept and self.end.run is not None and not leads_to(self._kept[-1], self.end):
            self._kept = [kept for kept in self._kept if leads_to(kept, self.end)]
        if state.run is not None:
            self._keep(state)
            self.shown = state
        elif self.shown is not None and state.network is _start(self.shown):
            self.shown = None

    def _end_at(self, state: State) -> None:
        """Take for the end the furthest State known that training leads to from `state`, which may be it."""
        ends = [end for each in self._ends if (end := each()) is not None]
        self.end = max(
            (end for end in ends if leads_to(state, end)), key=attrgetter("iteration"), default=state
        )
        if self.end.run is not None:
            self.last = self.end
            ends = [end for end in ends if not leads_to(end, self.end)] + [self.end]
        self._ends = [weakref.ref(end) for end in ends]

    def nearest(self, iteration: int) -> State:
        """Return the last known State at or before `iteration`, which is at most that of `end`."""
        if iteration == self.end.iteration:
            return self.end
        at = bisect_right(self._kept, iteration, key=attrgetter("iteration"))
        return _with_history_of(self.end, self._kept[at - 1]) if at else beginning(self.end)

    def known(self, until: int) -> list[int]:
        """Return the iterations of the present run before `until` whose States are known, from 0 on."""
        return [0, *(kept.iteration for kept in self._between(until))]

    def way(self) -> list[Network]:
        """Return the networks that are known from the start of the last run to the State `shown`."""
        if self.shown is None:
            return []
        until = self.shown.iteration
        between = [kept.network for kept in self._between(until)]
        return [_start(self.shown), *between, *([self.shown.network] if until else [])]

    def _between(self, until: int) -> list[State]:
        return [kept for kept in self._kept if 0 < kept.iteration < until]

    def _keep(self, state: State) -> None:
        assert state.run is not None
        at = bisect_right(self._kept, state.iteration, key=attrgetter("iteration"))
        if at and self._kept[at - 1].iteration == state.iteration:
            return
        self._kept.insert(at, replace(state, run=state.run.with_curves(lambda history, _: history.end())))
        size = sum(layer.weights.nbytes for layer in state.network.layers) + state.run.memory.nbytes
        if len(self._kept) > min(KEPT_STATES, KEPT_BYTES // size):
            del self._kept[-2::-2]


def _with_history_of(end: State, earlier: State) -> State:
    """Return `earlier` with that part of the history of `end` that led to it."""
    assert end.run is not None
    assert earlier.run is not None
    return replace(earlier, run=end.run.until(earlier.run))


def _start(state: State) -> Network:
    assert state.run is not None
    return state.run.start


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
        run.start is end.start
        and run.iteration <= end.iteration
        and run.segments == segments_until(end, run.iteration)
    )


def is_trained(state: State, later: State) -> bool:
    """Tell whether nothing but training, and its settings, has made `later` of `state`."""
    if not leads_to(state, later):  # else the run may be that of a network of another shape
        return False
    names = [*state.network.all_names()] == [*later.network.all_names()]
    return names and replace(later, network=state.network, training=state.training) == state


def makes_again(state: State, end: State) -> bool:
    """Tell whether training `state` by its present settings makes the updates that led from it to `end`."""
    assert end.run is not None
    if end.run.watched:
        return False
    segments = end.run.segments
    ends = (*(segment.after for segment in segments[1:]), end.iteration)
    later = (own for own, last in zip(segments, ends, strict=True) if last > state.iteration)
    return all(own.training == replace(state.training, updates=1) for own in later)


def segments_until(run: Run, iteration: int) -> tuple[Segment, ...]:
    """Return how the first `iteration` updates of a run were made."""
    return tuple(segment for segment in run.segments if segment.after < iteration)


def beginning(state: State) -> State:
    """Return the State at iteration 0 of the run of `state`, which has one."""
    run = state.run
    assert run is not None
    start = replace(run, iteration=0, memory=np.zeros_like(run.memory), segments=())
    start = start.with_curves(lambda history, _: history.beginning())
    return replace(state, network=run.start, run=start)


def put_into(state: State, past: State) -> State:
    """Return `state` with the weights and the run of `past`, another iteration of the same run.

    Settings, and names that were changed since, stay what they are now.
    """
    network = past.network
    if [*network.all_names()] != [*state.network.all_names()]:
        network = with_weights(state.network, network.layers)
    return replace(state, network=network, run=past.run)


class Replay:
    """Makes the updates of the run of `end` again, from a State of it that is known; used like a Trainer.

    If the history of `end` is thinned, the State that is reached has every point of the repeated updates.
    """

    diverged = False

    def __init__(self, known: State, end: State, history_limit: float = math.inf) -> None:
        assert end.run is not None
        self._known, self._end, self._run, self._limit = known, end, end.run, history_limit
        self.iteration = known.iteration
        self.learning_rate = known.training.learning_rate  # what is set here changes nothing

    def work(self, updates: int) -> Iterator[None]:
        """Make so many updates, yielding after each unit of work."""
        last = self.iteration + updates
        segments = segments_until(self._run, last)
        ends = (*(segment.after for segment in segments[1:]), last)
        for segment, end in zip(segments, ends, strict=True):
            if self.iteration < end:
                trainer = Trainer(replace(self._known, training=segment.training), self._limit)
                for _ in trainer.work(end - self.iteration):
                    self.iteration = trainer.iteration
                    yield
                self._known = trainer.state()

    def state(self) -> State:
        """Return the State that was reached; the work must be done."""
        if self._run.history.is_thinned:
            return self._known
        return _with_history_of(self._end, self._known)


def with_earlier(state: State, last: State | None) -> State:
    """Return `state`, which is to be trained, with the run of `last` among the earlier ones, the latest 8.

    `last` is the end of the last run. It is kept where the next update of `state` is another than that of its
    run: not where the run goes on, or is made again. No curve is kept twice. One that was watched ends here,
    and its curve, of another loss, is not kept.
    """
    if state.run and state.run.watched:
        return replace(state, run=None)
    run = last.run if last and not (last.run and last.run.watched) else None
    if last is None or run is None or not 1 <= run.iteration <= MOST_UPDATES or len(run.history) < 2:
        return state
    if _makes_the_same(state, last, run):
        return state
    training = replace(run.segments[-1].training, updates=last.training.updates)
    kept = EarlierRun("run", training, run.iteration, run.history.line, Architecture.of(run.start))
    others = [each for each in state.runs if not _alike(each, kept)][1 - EARLIER_RUNS.most :]
    name = _name(training, run.iteration, {each.name for each in others})
    return replace(state, runs=(*others, replace(kept, name=name)))


def forget_runs(state: State) -> State:
    """Return `state` without its earlier runs."""
    return replace(state, runs=())


def _makes_the_same(state: State, last: State, run: Run) -> bool:
    """Tell whether the next update of `state` is one of `run`, or the one that follows it."""
    start, iteration = state.run.start if state.run else state.network, state.iteration
    if not _same_weights(start, run.start) or state.data != last.data:
        return False
    if (state.run.segments if state.run else ()) != segments_until(run, iteration):
        return False
    following = (segment for segment in reversed(run.segments) if segment.after <= iteration)
    return iteration >= run.iteration or next(following).training == replace(state.training, updates=1)


def _same_weights(one: Network, other: Network) -> bool:
    """Tell whether two networks compute the same, whatever their nodes are called."""
    return one is other or (
        [layer.activation for layer in one.layers] == [layer.activation for layer in other.layers]
        and WeightSet.of("w", one) == WeightSet.of("w", other)
    )


def _alike(one: EarlierRun, other: EarlierRun) -> bool:
    """Tell whether two runs have the same curve under the same settings."""
    return replace(one, name=other.name, network=other.network) == other


def _name(training: Training, iterations: int, taken: set[str]) -> str:
    """Say by what a run differs from others; one that is called alike gets a number."""
    parts = [f"learning rate {shown(training.learning_rate)}", training.optimizer.replace("_", " ")]
    if training.batch_size is not None:
        parts.append(f"batch {training.batch_size}")
    if training.seed:
        parts.append(f"seed {training.seed}")
    parts.append(counted(iterations, "update"))
    name = " · ".join(parts)
    numbered = (f"{name} ({k})" for k in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)
