"""`nnviz.train`: train a State in one call, and find the weights with the smallest validation loss."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from nnviz.core import schedules
from nnviz.core.activations import Array
from nnviz.core.edits import set_training
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import as_text, counted, loss_text
from nnviz.core.replay import Past, Replay, with_past
from nnviz.core.state import State
from nnviz.core.trainer import Trainer

EVERY = 100
"""Number of updates between two copies of the State."""


class Best:
    """Finds the State with the smallest validation loss in a training that starts at `state`.

    During the training, `follow` stores States. At the end, `state` starts at the last stored State before
    the iteration with the smallest validation loss, and repeats only the updates from there.
    """

    def __init__(self, state: State) -> None:
        self._past = Past(state)
        self._next = 0

    def follow(self, trainer: Trainer) -> None:
        """Store the State of `trainer` after every `EVERY` updates.

        Call this method after each unit of work in the training.
        """
        if trainer.iteration >= self._next:
            self._past.follow(trainer.state())
            self._next = trainer.iteration + EVERY

    def state(self, end: State) -> State:
        """Return the State with the smallest validation loss in a training with the last State `end`."""
        curve = end.run.curve("validation") if end.run else None
        if curve is None or not len(curve):
            return end
        iteration = int(curve.points[curve.points[:, 1].argmin(), 0])
        if iteration == end.iteration:
            return end
        self._past.follow(end)
        known = self._past.nearest(iteration)
        replay = Replay(known, end)
        for _ in replay.work(iteration - known.iteration):
            pass
        return with_past(end, replay.state())


@dataclass(frozen=True)
class Result(AsSvg):
    """The result of a training.

    `state` is the trained State. `history` is an array with the columns iteration, loss and, with validation
    rows, validation loss; its shape is (points, 2) or (points, 3). `diverged` says whether a number became
    infinite or NaN. A notebook shows the loss curve.
    """

    state: State
    history: Array
    diverged: bool = False

    def __repr__(self) -> str:
        return f"<Result: {self.in_words}>"

    @property
    def in_words(self) -> str:
        """The first and the last loss as text: "MSE 64 → 0.25 after 20 updates"."""
        (_, first), (last, loss) = self.history[[0, -1], :2].tolist()
        start, updates = loss_text(self.state.measure.title, first), counted(int(last), "update")
        text = f"{start} → {as_text(loss)} after {updates}"
        return f"{text}; then the run diverged" if self.diverged else text


def train(
    state: State,
    *,
    updates: int | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    optimizer: str | None = None,
    seed: int | None = None,
    loss: str | None = None,
    validation: float | None = None,
    schedule: str | None = None,
    l1: float | None = None,
    l2: float | None = None,
) -> Result:
    """Train `state`, and return the result.

    Each keyword argument that is not None, such as `updates=100` or `schedule="step(100, 0.5)"`, replaces a
    setting in `state.training`. If the State has a run, the training continues this run, and the history
    includes the run's earlier updates. Raises ValueError for an invalid setting, or if the State has no
    training rows or no targets.
    """
    settings = {name: value for name, value in locals().items() if name != "state"}
    return carry_out(with_settings(state, settings))


def with_settings(state: State, given: Mapping[str, Any]) -> State:
    """Return `state` with the settings in `given` that are not None; a schedule is given by its name.

    Raises ValueError for an invalid setting.
    """
    changes = {name: value for name, value in given.items() if value is not None}
    if "schedule" in changes:
        changes["schedule"] = schedules.schedule(changes["schedule"])
    return set_training(state, replace(state.training, **changes))


def carry_out(
    state: State,
    is_stopped: Callable[[], bool] = lambda: False,
    follow: Callable[[Trainer], object] | None = None,
) -> Result:
    """Train `state` with the settings in `state.training`, and return the result.

    `is_stopped` is called before each unit of work. If `is_stopped` returns True, the training stops.
    `follow` is called with the Trainer after each unit of work. Raises ValueError if the State has no
    training rows or no targets, or if the first loss is infinite or NaN.
    """
    trainer = Trainer(state, at_once=math.inf)
    units = trainer.work(state.training.updates)
    while not is_stopped() and next(units, trainer) is None:
        if follow:
            follow(trainer)
    trainer.end()
    after = trainer.state()
    assert after.run is not None
    return Result(after, after.run.points, trainer.diverged)
