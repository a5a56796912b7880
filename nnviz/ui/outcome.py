"""What came of a run, as one sentence. Knows nothing of Qt."""

from __future__ import annotations

from nnviz.core.numbers import shown
from nnviz.core.state import State


def counted(updates: int) -> str:
    """Say how many updates."""
    return "1 update" if updates == 1 else f"{updates} updates"


def refusal(error: ValueError) -> str:
    """Return the sentence that says why there is nothing to train."""
    place, colon, what = str(error).partition(": ")
    sentence = what if colon and place.startswith("data") else str(error)
    return f"{sentence[0].upper()}{sentence[1:]}."


def outcome(label: str, before: State, after: State) -> tuple[str, bool]:
    """Say how the MSE changed from `before` to `after`, and tell whether it rose.

    `label` says what was done: `20 updates`.
    """
    assert after.run is not None
    history = after.run.history
    known = before.run.history if before.run else None
    start = known.last[1] if known else float(history.points[0, 1])
    end = history.last[1]
    change = f"{shown(start)} → {shown(end)}"
    if end > start:
        return f"{label}: the MSE rose, {change}; try a learning rate below {_rate(after)}.", True
    return f"{label}: MSE {change}", False


def divergence(before: State, after: State) -> str:
    """Say that a run diverged, where it stands now and what to try."""
    if after.iteration == before.iteration:
        where, now = f"at iteration {after.iteration + 1}", "The weights stay as they were;"
    else:
        where, now = f"after iteration {after.iteration}", "The weights are the last finite ones; go Back and"
    return (
        f"Diverged {where}: the MSE grew beyond any number. {now} try a learning rate below {_rate(after)}."
    )


def _rate(state: State) -> str:
    return shown(state.training.learning_rate)
