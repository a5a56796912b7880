"""What is said of a run: how long it will take, and what came of it."""

from __future__ import annotations

import math
from decimal import Decimal

from nnviz.core.numbers import counted, shown
from nnviz.core.overfitting import risen_since
from nnviz.core.state import State
from nnviz.document.training.job import updates_per_second

UNITS_S = (("s", 1, 100), ("min", 60, 6000), ("h", 3600, 360_000), ("d", 86_400, 63_115_200))
"""Units of time: (name, its seconds, the time in seconds below which it is used). Days go up to two years."""
NO_ROWS = "There are no rows to train on: add one in the data table, or load some from a CSV file."
NO_TARGETS = "There are no targets to train on: type them in the data table."
ALL_KEPT = "All rows are kept for validation: make its share smaller, or add rows."


def in_words(updates: int, speed: float) -> str:
    """Say how long a run takes, in a few letters: "0.3 s", "55 min", "12 d", "years", or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 9.5:  # rounds to one digit
        return f"{seconds:.1g} s"
    for unit, unit_s, below_s in UNITS_S:
        if seconds < below_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return "years"


def missing(state: State) -> str:
    """Return the sentence that says what is missing before there is anything to train, and what to do."""
    if not len(state.data):
        return NO_ROWS
    if state.data.targets is None:
        return NO_TARGETS
    return "" if state.trainable else ALL_KEPT


def refusal(error: ValueError) -> str:
    """Return the sentence that says why there is nothing to train."""
    place, _, _ = str(error).partition(": ")
    told = {"data": NO_ROWS, "data.targets": NO_TARGETS, "validation": ALL_KEPT}.get(place)
    return told or f"{str(error)[0].upper()}{str(error)[1:]}."


def paused(done: int, updates: int) -> str:
    """Say how far a run has come that goes no further for now."""
    return f"Paused after {done:,} of {counted(updates, 'update')}"


def outcome(
    label: str, before: State, after: State, diverged: bool, error: ValueError | None
) -> tuple[str, bool]:
    """Say what came of the updates from `before` to `after`, and tell whether it is a warning.

    `label` says what was done: `20 updates`; `error` is why it could not go on.
    """
    if error:
        return refusal(error), True
    if diverged:
        return _divergence(before, after), True
    start, end, loss = _loss_of(before, after), _loss_of(after, after), after.measure
    change = f"{shown(start)} → {shown(end)}"
    if end > start:
        rate = shown(tenth(after.training.learning_rate))
        return f"{label}: the {loss.word} rose, {change}; try a learning rate of {rate} or less.", True
    risen = risen_since(after)
    since = "" if risen is None else f"; validation has risen since iteration {risen}: over-fitting"
    return f"{label}: {loss.title} {change}{since}", False


def _loss_of(state: State, after: State) -> float:
    """Return the loss at the end of the history of `state`, or else at the start of that of `after`."""
    if state.run and state.run.history:
        return state.run.history.last[1]
    assert after.run is not None
    return float(after.run.history.points[0, 1])


def tenth(rate: float) -> float:
    """Return a tenth of a learning rate, in decimal: of 0.7 it is 0.07, not 0.06999999999999999."""
    return float(Decimal(repr(rate)) / 10)


def _divergence(before: State, after: State) -> str:
    rate = after.training.learning_rate
    first = after.iteration == before.iteration
    where = f"at iteration {after.iteration + 1}" if first else f"after iteration {after.iteration}"
    what = f"with learning rate {shown(rate)} the steps overshoot, beyond any number"
    return f"Diverged {where}: {what}. Try a tenth, {shown(tenth(rate))}."
