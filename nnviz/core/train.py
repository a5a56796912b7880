"""`nnviz.train`: train a State in one call, and keep the best weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

from nnviz.core.activations import Array
from nnviz.core.edits import set_training
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import counted, loss_in_words, shown
from nnviz.core.replay import Replay, beginning, put_into
from nnviz.core.state import State
from nnviz.core.trainer import Trainer

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


@dataclass(frozen=True)
class Result(AsSvg):
    """What a training came to: the State after it, and its history, shape (points, 2 or 3).

    Its columns are iteration, loss and, where rows are kept for it, the loss over those of validation.
    In a notebook it shows itself as the curve of its history.
    """

    state: State
    history: Array
    diverged: bool = False

    def __repr__(self) -> str:
        return f"<Result: {self.in_words}>"

    @property
    def in_words(self) -> str:
        """How it went: "MSE 64 → 0.25 after 20 updates"; it names the loss in use."""
        (_, first), (last, loss) = self.history[[0, -1], :2].tolist()
        end = f" → {shown(loss)} after {counted(int(last), 'update')}"
        diverged = ", where it diverged" if self.diverged else ""
        return f"{loss_in_words(self.state.measure.title, first)}{end}{diverged}"


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
) -> Result:
    """Train `state` by its own settings, or by those given here, and return the result.

    A State that has a run goes on with it, and the history begins where that began. Raises ValueError
    without rows or targets, or where a setting cannot be.
    """
    given: dict[str, Any] = {
        "updates": updates,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "seed": seed,
        "loss": loss,
        "validation": validation,
    }
    return carry_out(with_settings(state, given))


def with_settings(state: State, given: Mapping[str, Any]) -> State:
    """Return `state` with the settings that are given, those that are not None. Raises ValueError."""
    changes = {name: value for name, value in given.items() if value is not None}
    return set_training(state, replace(state.training, **changes))


def carry_out(
    state: State,
    is_stopped: Callable[[], bool] = lambda: False,
    follow: Callable[[Trainer], object] | None = None,
) -> Result:
    """Train `state` by its settings, asking before each unit of work whether to stop; return the result.

    A training that is stopped ends as if no more updates had been asked for. `follow` gets the Trainer after
    each unit. Raises ValueError as `train` does.
    """
    trainer = Trainer(state)
    units = trainer.work(state.training.updates)
    while not is_stopped() and next(units, trainer) is None:
        if follow:
            follow(trainer)
    for _ in trainer.end():
        pass
    after = trainer.state()
    assert after.run is not None
    return Result(after, after.run.points, trainer.diverged)
