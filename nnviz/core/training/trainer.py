"""Training: a Trainer drives the descent a unit of work at a time, keeps the history, and stops in time."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator
from contextvars import copy_context
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import History
from nnviz.core.state import Leg, Run, State
from nnviz.core.training.descent import UNIT, Descent

CHECK_EVERY = 256
"""Updates of a small network between two looks for numbers that are not finite."""


@dataclass(frozen=True)
class Result:
    """What a training came to: the State after it, and its history, shape (points, 2): iteration, MSE."""

    state: State
    history: Array
    diverged: bool = False


def train(
    state: State,
    *,
    updates: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    seed: int | None = None,
) -> Result:
    """Train `state` by its own settings, or by those given here, and return the result.

    Raises ValueError without rows or targets, or where a setting cannot be.
    """
    own = state.training
    settings = replace(
        own,
        updates=own.updates if updates is None else updates,
        learning_rate=own.learning_rate if learning_rate is None else learning_rate,
        batch_size=own.batch_size if batch_size is None else batch_size,
        optimizer=own.optimizer if optimizer is None else optimizer,
        seed=own.seed if seed is None else seed,
    )
    trainer = Trainer(replace(state, training=settings))
    _finish(trainer.work(settings.updates))
    after = trainer.state()
    assert after.run is not None
    return Result(after, after.run.history.points, trainer.diverged)


class Trainer:
    """Trains a State's network on its data, a unit of work at a time.

    ========================== ============================================================
    `work(n)`                  up to `n` more updates; yields after each unit of work: an
                               update, or a block of rows of a long one
    `learning_rate`            may be set between units; holds from the next update on
    `iteration`                updates done in this run
    `mse`                      over all rows, at the last point of the history; NaN until
                               the first pass over long data is through
    `diverged`                 some number ceased to be finite; the last finite are kept
    `state()`                  the State as it is now, with its run
    `multiply_adds_per_unit`   how many a unit of work takes, at most
    ========================== ============================================================

    A State that has a run goes on with it: iteration, epochs, row order and optimizer memory. However the
    work is split, the numbers are the same to the last bit; only a stop within an epoch leaves a point more
    in the history. Raises ValueError where the State has no rows or no targets, or its MSE is not finite
    (for long data, `work` raises that).
    """

    def __init__(self, state: State) -> None:
        if len(state.data) == 0:
            raise ValueError("data: there are no rows to train on")
        if state.data.targets is None:
            raise ValueError("data.targets: there are no targets to train on")
        # NumPy 2 keeps what to do about overflow in a context variable: in a context of its own the work is
        # silent for 30 ns a unit, where `np.errstate` costs 700.
        self._quiet = copy_context()
        self._quiet.run(np.seterr, over="ignore", invalid="ignore")
        self._state = state
        self._descent = Descent(state)
        self.multiply_adds_per_unit = self._descent.multiply_adds
        self._check_every = 1
        if self._descent.whole:
            self._check_every = min(CHECK_EVERY, 1 + UNIT // self.multiply_adds_per_unit)
        self.diverged = False
        self._take_up(state)
        if self._descent.one_block:
            self._quiet.run(_finish, self._measure_start())

    def _take_up(self, state: State) -> None:
        name, memory = state.training.optimizer, self._descent.parameters.memory
        self._run = state.run or Run(state.network, 0, History(), name, memory, ())
        if self._run.optimizer == name:
            memory[:] = self._run.memory
        self.iteration, self._history = self._run.iteration, self._run.history
        self._legs = self._run.legs
        self._begin_leg()
        self.mse = self._history.last[1] if len(self._history) else math.nan
        self._mses: list[float] = []
        self._kept = np.empty_like(self._descent.parameters.all)
        self._keep()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._descent.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value != self.learning_rate:
            self._quiet.run(self._secure)  # what may have to be repeated was made at the old rate
            self._descent.learning_rate = value
            if not self._descent.long:  # a long update may be half done
                self._begin_leg()

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, yielding after each unit of work; stops where it diverges."""
        last = self.iteration + updates
        units = self._whole_updates(last) if self._descent.whole else self._updates(last)
        run = self._quiet.run
        while run(next, units, self) is None:
            yield

    def state(self) -> State:
        """Return the State as it is now. Within an epoch its history ends at the epoch's start."""
        self._quiet.run(self._secure)
        parameters = self._descent.parameters
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._history,
            optimizer=self._state.training.optimizer,
            memory=parameters.memory.copy(),
            legs=self._legs_made(),
        )
        return replace(self._state, network=parameters.into(self._state.network), run=self._run)

    def _begin_leg(self) -> None:
        """Note how the next update is made."""
        legs = self._legs_made()
        settings = replace(self._state.training, learning_rate=self.learning_rate, updates=1)
        if not legs or legs[-1].training != settings:
            legs = (*legs, Leg(self.iteration, settings))
        self._legs = legs

    def _legs_made(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self._legs if leg.after < self.iteration)

    def _whole_updates(self, last: int) -> Iterator[None]:
        update = self._descent.update_whole
        _finish(self._descent.measure())
        while self.iteration < last and not self.diverged:
            self.mse = mse = update(self.iteration)
            self.iteration += 1
            self._mses.append(mse)
            if not math.isfinite(mse):
                self._fall_back()
            elif self.iteration >= self._due or self.iteration == last:
                self._secure()
            yield

    def _updates(self, last: int) -> Iterator[None]:
        descent = self._descent
        long, update, per_epoch = descent.long, descent.update, descent.per_epoch
        yield from self._measure_start()
        while self.iteration < last and not self.diverged:
            if long:
                self._begin_leg()
                yield from descent.long_update(self.iteration)
            else:
                update(self.iteration)
            self.iteration += 1
            if self.iteration % per_epoch == 0 or self.iteration == last:
                yield from self._record()
            yield

    def _measure_start(self) -> Iterator[None]:
        """Record a point that is due here: the first one, or one whose pass was left in the middle."""
        history = self._history
        if self.iteration % self._descent.per_epoch or (len(history) and history.last[0] == self.iteration):
            return
        yield from self._record()
        if not len(self._history):
            raise ValueError("the MSE is too large for a number: make the weights or the data smaller")

    def _record(self) -> Iterator[None]:
        mse = yield from self._descent.measure()
        if math.isfinite(mse) and self._finite():
            self.mse = mse
            self._mses.append(mse)
            self._keep()
        else:
            self._fall_back()

    # A finite MSE does not tell that all numbers are: a relu hides an infinite weight, and adam's memory can
    # overflow alone. To look at all numbers costs as much as a small update, so it is done now and then; what
    # was found finite is kept, and where some number is not, the updates since are repeated one by one.

    def _finite(self) -> bool:
        return bool(np.isfinite(self._descent.parameters.all).all())

    def _secure(self) -> None:
        if self.iteration == self._kept_point[0]:
            return
        if not self._finite():
            self._fall_back()
        elif self._descent.whole:
            self._keep()

    def _keep(self) -> None:
        """Keep all numbers, which are finite, to fall back to, and hand the new points to the history."""
        self._kept[:] = self._descent.parameters.all
        self._kept_point = self.iteration, self.mse
        self._due = self.iteration + self._check_every
        if self._mses:
            iterations = range(self.iteration + 1 - len(self._mses), self.iteration + 1)
            points = np.array((iterations, self._mses)).T
            self._history = self._history.extended(points)
            self._mses.clear()

    def _return(self) -> None:
        self._descent.parameters.all[:] = self._kept
        self.iteration, self.mse = self._kept_point
        self._mses.clear()

    def _fall_back(self) -> None:
        """Return to the last point of the history at which every number was finite."""
        failed = self.iteration
        self._return()
        if self._check_every > 1:
            self._check_every, self._due = 1, self.iteration
            _finish(self._whole_updates(failed))
        self.diverged = True


def _finish(units: Iterator[None] | Generator[None, None, object]) -> None:
    for _ in units:
        pass
