"""Gradient descent: from flat buffers to a run with its history, and training at one go, `nnviz.train`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from nnviz.core.activations import Array
from nnviz.core.state import State
from nnviz.core.training.trainer import Trainer


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

    A State that has a run goes on with it, and the history begins where that began. Raises ValueError
    without rows or targets, or where a setting cannot be.
    """
    given: dict[str, Any] = {
        "updates": updates,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "seed": seed,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    settings = replace(state.training, **changes)
    trainer = Trainer(replace(state, training=settings))
    for _ in trainer.work(settings.updates):
        pass
    after = trainer.state()
    assert after.run is not None
    return Result(after, after.run.history.points, trainer.diverged)
