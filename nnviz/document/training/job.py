"""One run, step or way back: what goes, how far it has come and how fast it may go. Knows no document."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from functools import partial

from nnviz.core import edits
from nnviz.core.state import State, Training
from nnviz.core.training.trainer import Trainer
from nnviz.document.training.background import Background, Going, MakeReady

HEAVY = 0.012
"""Seconds of a unit of work that is too long for a frame."""
MANY_WEIGHTS = 1_000_000
"""With more weights even to make a Trainer takes longer than a frame."""


class Job:
    """Makes `updates` updates of `state`, in slices, or in a thread where a slice is too long.

    By a Trainer, or by what `make_ready` makes.

    ============ ===================================================================================
    `advance`    makes the updates that the pace asks for by now, up to a time
    `take`       returns the State as it is now, or None where it is the one that was taken before
    `over`       all updates are made, it has diverged, it could not go on, or was wound up
    `error`      why it could not go on, or None
    `before`     the State that it began with
    ============ ===================================================================================

    Raises ValueError where `state` cannot be trained.
    """

    def __init__(self, state: State, updates: int, make_ready: MakeReady | None = None) -> None:
        self.updates = updates
        self.before = state
        self.training = state.training
        self.over = self.diverged = False
        self.error: ValueError | None = None
        self._background: Background | None = None
        self._first = self._reached = state.iteration
        make_ready = make_ready or partial(_train, state, updates)
        if sum(layer.weights.size for layer in state.network.layers) > MANY_WEIGHTS:
            self._go_into_background(make_ready, self._first)
        else:
            self._trainer, self._work = make_ready()
        self._taken = state.training, state.iteration
        self._slow_units = 0
        self.set_pace(math.inf)

    @property
    def in_background(self) -> bool:
        """Whether a unit of its work is too long for a frame, so that a thread does it."""
        return self._background is not None

    @property
    def cut_short(self) -> bool:
        """Whether it is over without any other reason than that it was wound up."""
        return self.over and self.done < self.updates and not self.diverged and self.error is None

    @property
    def done(self) -> int:
        """How many updates are made."""
        return self._reached - self._first

    def set_pace(self, pace: float) -> None:
        """Go on at `pace` updates a second, the next one at once."""
        self._pace = pace
        self._since, self._from = time.perf_counter(), self.done + 1

    def set_training(self, training: Training) -> None:
        """Go on with the learning rate of `training`, which is what the State says from now on."""
        self.training = training
        if self._background:
            self._background.learning_rate = training.learning_rate
        else:
            self._trainer.learning_rate = training.learning_rate

    def next_due(self) -> float:
        """Return the time at which the pace asks for the next update."""
        return self._since + (self.done + 1 - self._from) / self._pace

    def advance(self, until: float) -> None:
        """Make the updates that the pace asks for by now, but stop when it is `until`."""
        asked = self._first + self._asked(time.perf_counter())
        if self._background:
            self._background.asked = asked
            self.over, self.error = self._background.ended, self._background.error
            return
        try:
            self._slice(until, asked)
        except ValueError as error:
            self.error, self.over = error, True

    def take(self) -> State | None:
        """Return the State as it is now, or None where it is the one that was taken before."""
        found = self._background.take() if self._background else self._state_here()
        if found is None:
            return None
        state, self.diverged = found
        self._reached = state.iteration
        self.over = self.over or self.diverged
        if self._taken == (self.training, self._reached):
            return None
        self._taken = self.training, self._reached
        return edits.set_training(state, self.training)

    def wind_up(self) -> None:
        """Let a thread end after the unit that is under way; it is over when its State can be taken."""
        if self._background:
            self._background.wind_up()

    def stop(self) -> None:
        """Let a thread end; a unit that takes too long is not waited for."""
        if self._background:
            self._background.stop()

    def _asked(self, now: float) -> int:
        if now >= self._since + self.updates / self._pace:
            return self.updates
        return min(self.updates, int(self._from + self._pace * (now - self._since)))

    def _slice(self, until: float, asked: int) -> None:
        clock, trainer, work = time.perf_counter, self._trainer, self._work
        last = self._first + self.updates
        now = clock()
        while now < until and (trainer.iteration < asked or trainer.iteration >= last):
            before = now
            if next(work, self) is self or trainer.diverged:
                self.over = True
                break
            now = clock()
            if now - before > HEAVY:
                self._slow_units += 1
                until = now
        self._reached, self.diverged = trainer.iteration, trainer.diverged
        if self._slow_units > 1 and not self.over:
            self._go_into_background(lambda: (trainer, work), asked)

    def _go_into_background(self, make_ready: MakeReady, asked: int) -> None:
        last = self._first + self.updates
        self._background = Background(make_ready, self.training.learning_rate, asked, last)
        self._background.start()

    def _state_here(self) -> tuple[State, bool] | None:
        if self._taken == (self.training, self._trainer.iteration):
            return None
        state = self._trainer.state()  # this can find that it has diverged
        return state, self._trainer.diverged


def _train(state: State, updates: int) -> tuple[Going, Iterator[None]]:
    trainer = Trainer(state)
    return trainer, trainer.work(updates)


SPREAD = 3.0
"""Seconds over which a run spreads at the middle speed, whatever its number of updates."""

SLOWEST = 1.0
"""Updates a second at speed 0."""

RANGE = 100.0
"""How many times faster than the middle speed a run is shortly before "as fast as possible"."""


def updates_per_second(updates: int, speed: float) -> float:
    """Return the pace of a run: slowest at speed 0, 3 seconds a run at 0.5, infinite at 1."""
    middle = updates / SPREAD
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * RANGE ** (2.0 * speed - 1.0))
    slowest = min(SLOWEST, middle)
    return float(slowest * (middle / slowest) ** (2.0 * speed))


def in_words(updates: int, speed: float) -> str:
    """Say how long a run takes, in a few letters: "0.3 s", "3 s", "55 min", or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 10:
        return f"{seconds:.1g} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:,.0f} min"
