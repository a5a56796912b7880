"""Kept runs: which runs a State keeps, in which settings they differ, and how a person returns to one.

A kept run is the State at the run's last iteration. So each of its iterations can be computed again, as those
of the current run, and returning to the run also restores its network, rows and settings.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from nnviz.core.history import History, ceiling
from nnviz.core.network import same_shapes
from nnviz.core.numbers import KEPT_NUMBERS, KEPT_RUNS, NUMBERS, SEGMENTS, exact_text, full_text
from nnviz.core.replay import leads_to
from nnviz.core.schedules import CONSTANT
from nnviz.core.slopes import QUICK_NS, forward_ns
from nnviz.core.state import MOST_UPDATES, Run, RunLabel, State, Training, run_of

SEGMENT_NUMBERS = 100
"""A change of settings counts as this many numbers: objects of a file take more memory than numbers."""

# Keeping


def keep(state: State, last: State) -> State:
    """Return `state` with the run of `last`, the State at the end of this run, as its latest kept run.

    A run without updates, the training of a user's script, and a run that is too large are not kept. A kept
    run that the new one repeats is removed, unless a person has named, noted or pinned the kept run. Beyond
    the limits, the oldest runs that are not pinned are removed.
    """
    run = last.run
    if run is None or run.watched or not 1 <= run.iteration <= MOST_UPDATES or len(run.history) < 2:
        return state
    run = run.with_curves(lambda history, _: history.brief())
    kept = State(last.network, last.data, training_of(last), run=run, columns=last.columns)
    if not is_savable(kept) or numbers_of([kept], kept) > KEPT_NUMBERS.limit:
        return state
    others = [each for each in state.runs if not _repeats(kept, each)]
    return replace(state, runs=within_limits([*others, kept], state))


def add_runs(state: State, ends: Iterable[State], parent: int | None) -> State:
    """Return `state` with further kept runs, given as the States at their ends, after the run `parent`."""
    for end in ends:
        label = replace(state.next_label, parent=parent)
        state = keep(state, replace(end, run=replace(run_of(end), label=label)))
    return state


def keep_ended(old: State, new: State, last: State | None) -> State:
    """Return `new`, an edit of `old`, with the run of `last` as a kept run if the edit has ended this run."""
    if last is None or last.run is None or not leads_to(old, last):
        return new
    return new if leads_to(new, last) or leads_to(last, new) else _keep_once(new, last)


def begin(state: State, last: State | None) -> State:
    """Return `state`, ready for its next update, which continues its run or begins a new run.

    With the settings of its run, the update continues or repeats the run. With other settings, a new run
    begins, and the old one is kept. `last` is the State at the end of the run of `state`. A run of a user's
    script does not continue.
    """
    if state.is_watched:
        return replace(state, run=None)
    if last is None or last.run is None or not leads_to(state, last):
        return state
    following = [segment for segment in last.run.segments if segment.after <= state.iteration]
    if not following or following[-1].training == state.training.update_settings:
        return _as_current(state)
    return replace(_keep_once(state, last), run=None)


def _keep_once(state: State, last: State) -> State:
    """Return `state` with the run of `last` as a kept run; `state` itself if it has this run."""
    return state if _kept_run(state, run_of(last).label.id) else keep(state, last)


def _kept_run(state: State, run: int) -> State | None:
    """Return the kept run with the id `run`, or None."""
    return next((each for each in state.runs if run_of(each).label.id == run), None)


def _as_current(state: State) -> State:
    """Return `state` with its run once: without the same kept run, or with a new id if that one is longer.

    After undo of a later run, a run can be both the current one and a kept one.
    """
    same = _kept_run(state, state.run.label.id) if state.run else None
    if state.run is None or same is None:
        return state
    if same.iteration <= state.iteration:
        return replace(state, runs=tuple(each for each in state.runs if each is not same))
    label = replace(state.next_label, parent=state.run.label.parent)
    return replace(state, run=replace(state.run, label=label))


def all_runs(state: State, end: State) -> list[State]:
    """Return the kept runs of `state` and its current run, which ends in `end`; each run comes once."""
    if end.run is None or not end.iteration:
        return [*state.runs]
    same = _kept_run(state, end.run.label.id)
    if same is not None and same.iteration > end.iteration:
        return [*state.runs]
    return [*(each for each in state.runs if each is not same), end]


def with_whole_run(state: State, last: State) -> State:
    """Return `state` as a file keeps it: if it is an earlier iteration of a run, with the whole run, too.

    `last` is the State at the end of the run. The updates up to the iteration of `state` are then a run of
    their own.
    """
    if state.is_watched:
        return state
    if last.run and state.iteration < last.iteration and leads_to(state, last):
        state = _keep_once(state, last)
    return _as_current(state) if state.iteration else replace(state, run=None)


def _repeats(new: State, kept: State) -> bool:
    """Return whether the run of `new` has all updates of a kept run without name, note and pin."""
    run, other = run_of(new), run_of(kept)
    return (
        other.label == RunLabel(other.label.id, other.label.parent)
        and not other.curve_only
        and other.iteration <= run.iteration
        and other.engine == run.engine
        and other.segments == tuple(each for each in run.segments if each.after < other.iteration)
        and other.start.computes_as(run.start)
        and kept.data == new.data
    )


def is_savable(state: State) -> bool:
    """Return whether a file can hold the run of `state`."""
    run = run_of(state)
    sets = 2 + len(state.weight_sets) + len(run.memory)
    numbers = state.data.numbers + state.network.parameters * sets
    few = len(run.segments) <= SEGMENTS.limit and run.iteration <= MOST_UPDATES
    return few and numbers <= NUMBERS.limit


def within_limits(runs: Sequence[State], state: State) -> tuple[State, ...]:
    """Return `runs` within the limits: without the oldest ones that are not pinned, then the oldest ones."""
    left = list(runs)
    while len(left) > KEPT_RUNS.limit or numbers_of(left, state) > KEPT_NUMBERS.limit:
        del left[next((k for k, each in enumerate(left) if not run_of(each).label.pinned), 0)]
    return tuple(left)


def is_full(state: State) -> bool:
    """Return whether a further run like the latest one would remove a kept run of `state`."""
    further = [*state.runs, *state.runs[-1:]]
    return len(within_limits(further, state)) < len(further)


def numbers_of(runs: Sequence[State], state: State) -> int:
    """Return how many numbers a file of `state` has for its kept runs: weights, points, and rows.

    The rows of a run count only if they differ from those of the next run, since a file holds equal rows
    once. Those of the last run count only if they differ from the rows of `state`.
    """
    count, after = 0, state
    for each in reversed(runs):
        run = run_of(each)
        histories = (run.history, *(curve.history for curve in run.beside))
        count += 2 * each.network.parameters + run.memory.size + 2 * sum(map(len, histories))
        count += SEGMENT_NUMBERS * len(run.segments)
        count += 0 if same_rows(each, after) else each.data.numbers
        after = each
    return count


# One run of a State


def training_of(state: State) -> Training:
    """Return the settings of the last update of a State's run; the settings may have changed since.

    The settings that only affect where a run ends are those of `state`.
    """
    segments, own = run_of(state).segments, state.training
    if not segments:
        return own
    return replace(
        segments[-1].training, updates=own.updates, until=own.until, patience=own.patience, keep=own.keep
    )


def iterations_of(unit: str, state: State) -> float | None:
    """Return how many iterations of a State's run are one "iteration", "epoch" or "second".

    The result is None for seconds that are not known. A run takes the same time for each iteration.
    """
    rows = state.trained_rows
    if unit == "epoch":
        return training_of(state).updates_per_epoch(rows) if state.run and rows else 1.0
    if unit == "second":
        return state.iteration / state.run.seconds if state.run and state.run.seconds else None
    return 1.0


def run_called(state: State, run: int) -> State:
    """Return the kept run with the id `run`. Raises ValueError if there is no such run."""
    if kept := _kept_run(state, run):
        return kept
    raise ValueError(f"there is no run with the id {run}")


def delete_run(state: State, run: int) -> State:
    """Return `state` without a kept run. Raises ValueError if there is no such run."""
    kept = run_called(state, run)
    baseline = None if state.baseline == run else state.baseline
    return replace(state, runs=tuple(each for each in state.runs if each is not kept), baseline=baseline)


def delete_runs(state: State) -> State:
    """Return `state` without kept runs."""
    return replace(state, runs=(), baseline=None)


def set_baseline(state: State, run: int | None) -> State:
    """Return `state` with another run that the others are compared with, or with none."""
    return replace(state, baseline=run)


def label_run(state: State, run: int, changes: dict[str, Any]) -> State:
    """Return `state` with changes of a run's label; `run` is the id of the current run or a kept run.

    Raises ValueError if there is no such run or if a change is invalid.
    """
    if state.run and state.run.label.id == run:
        return replace(state, run=replace(state.run, label=replace(state.run.label, **changes)))
    kept = run_called(state, run)
    changed = replace(kept, run=replace(run_of(kept), label=replace(run_of(kept).label, **changes)))
    return replace(state, runs=tuple(changed if each is kept else each for each in state.runs))


def return_to(state: State, run: int, last: State | None, at_start: bool = False) -> State:
    """Return `state` with network, rows and settings of a kept run, and with this run as the current one.

    With `at_start`, the weights are those before the first update, and the run stays among the kept ones.
    The run of `last`, if it leads there, is kept. Weight sets that do not fit the network are left out.
    Raises ValueError if there is no such run, or if only its curve is known.
    """
    kept = run_called(state, run)
    if run_of(kept).curve_only:
        raise ValueError("an older version of nnviz kept only the curve of this run, not its weights")
    state = replace(state, runs=tuple(each for each in state.runs if each is not kept))
    if last is not None and last.run is not None and leads_to(state, last):
        state = _keep_once(state, last)
    network, current = kept.network, kept.run
    if at_start:  # another object, which leads to no run yet
        network, current = replace(run_of(kept).start), None
    return replace(
        state,
        network=network,
        data=kept.data,
        columns=kept.columns,
        training=kept.training,
        run=current,
        runs=(*state.runs, kept) if at_start else state.runs,
        weight_sets=tuple(each for each in state.weight_sets if same_shapes(each.layers, network.layers)),
    )


# All runs beside each other


NONE, ALL = "none", "all"
"""Texts of a setting that a run does not have, and of a batch with all rows."""


class RunSetting(NamedTuple):
    """A setting that tells runs apart: `title` heads a column, and `phrase` is its part of a run's name.

    `text` gets the State at the end of a run and the settings of its last update. The name of a run does not
    have the `usual` value of a setting.
    """

    title: str
    phrase: str
    text: Callable[[State, Training], str]
    usual: str = ""


def _exact(value: float) -> str:
    return exact_text(value) or full_text(value)


def _rates(state: State, own: Training) -> str:
    rates = [segment.training.learning_rate for segment in run_of(state).segments]
    return " → ".join(dict.fromkeys(map(_exact, rates or [own.learning_rate])))


def _activations(state: State, _: Training) -> str:
    return ", ".join(dict.fromkeys(layer.activation for layer in state.network.layers[:-1])) or NONE


def _number(name: str) -> Callable[[State, Training], str]:
    return lambda _, own: _exact(getattr(own, name))


SETTINGS = {
    "learning_rate": RunSetting("Rate", "rate {}", _rates),
    "optimizer": RunSetting("Optimizer", "{}", lambda _, own: own.optimizer.replace("_", " ")),
    "batch_size": RunSetting("Batch", "batch {}", lambda _, own: str(own.batch_size or ALL), ALL),
    "hidden": RunSetting("Network", "{}", lambda state, _: state.network.in_words),
    "activation": RunSetting("Activation", "{}", _activations),
    "loss": RunSetting("Loss", "{}", lambda state, _: state.measure.title),
    "validation": RunSetting("Validation", "validation {}", _number("validation"), "0"),
    "l1": RunSetting("L1", "L1 {}", _number("l1"), "0"),
    "l2": RunSetting("L2", "L2 {}", _number("l2"), "0"),
    "schedule": RunSetting("Schedule", "{}", lambda _, own: own.schedule_name, CONSTANT),
    "frozen": RunSetting("Frozen", "frozen: {}", lambda _, own: ", ".join(own.frozen) or NONE, NONE),
    "seed": RunSetting("Seed", "seed {}", lambda _, own: str(own.seed)),
    "start": RunSetting("Start", "start {}", lambda *_: "", "1"),
    "rows": RunSetting("Rows", "rows {}", lambda *_: "", "1"),
}
"""The settings that tell runs apart, in the order of a name. A table of runs numbers starts and rows."""


@dataclass(frozen=True)
class NamedRun:
    """A run beside other runs: the State at its end, its name, and its settings as texts by key.

    If the run stands for several runs, which differ only in their seed and start, `seeds` holds them all, and
    `place` is its number among such runs, from 1, else 0. If a weight set is listed beside the runs,
    `weight_set` is its index.
    """

    state: State
    name: str
    settings: dict[str, str]
    seeds: tuple[NamedRun, ...] = ()
    place: int = 0
    weight_set: int | None = None
    means: dict[str, tuple[History, ...]] = field(default_factory=dict, compare=False, repr=False)
    """The curves of several seeds by name, which are computed once."""

    @property
    def pen(self) -> int:
        """The number that gives the run's line its colour and pattern."""
        return self.place or self.id

    @property
    def ids(self) -> set[int]:
        """The ids of the run and of all runs for which it stands."""
        return {self.id, *(each.id for each in self.seeds)}

    @property
    def run(self) -> Run:
        """The run."""
        return run_of(self.state)

    @property
    def id(self) -> int:
        """The number of the run."""
        return self.run.label.id

    @property
    def last(self) -> float:
        """The last loss of the run."""
        return self.run.history.last[1]

    @property
    def best(self) -> float:
        """The smallest loss of the run."""
        return float(self.run.history.points[:, 1].min())

    @property
    def outcome(self) -> str:
        """How the run ended: "diverged", "stopped early", "paused" before all updates were made, or "done".

        For a weight set, the text is "weights". A run that was cut at its best weights has "best weights".

        As in the plot, a loss that is a million times the first loss counts as diverged, too.
        """
        if self.weight_set is not None:
            return "weights"
        if self.run.diverged or ceiling(self.run.history.points[:, 1]) < math.inf:
            return "diverged"
        if self.run.stopped:
            return "stopped early"
        if self.run.iteration >= self.state.training.updates:
            return "done"
        return "best weights" if self.state.training.keep else "paused"

    def curves(self, name: str) -> tuple[History, ...]:
        """Return the curve `name` of the run, or () if the run lacks this curve; "" is the loss.

        For several seeds, return the curve of the mean, that of the smallest and that of the largest value. A
        run that has ended counts with its last value.
        """
        if name not in self.means:
            found = [each.run.curve(name) if name else each.run.history for each in self.seeds or (self,)]
            curves = [curve for curve in found if curve]
            if not self.seeds:
                return tuple(curves)
            self.means[name] = _means(curves) if len(curves) == len(found) else ()
        return self.means[name]

    @property
    def facts(self) -> dict[str, Any]:
        """The run in values by name, as `nnviz runs` prints them."""
        return {
            "id": self.id,
            "parent": self.run.label.parent,
            "name": self.name,
            "training": training_of(self.state),
            "iterations": self.run.iteration,
            "first": float(self.run.history.points[0, 1]),
            "last": self.last,
            "best": self.best,
            "validation": self.run.last_of("validation"),
            "accuracy": self.run.last_of("accuracy"),
            "state": self.outcome,
        }


def _means(curves: Sequence[History]) -> tuple[History, ...]:
    """Return the curves of the mean, the smallest and the largest value of several curves."""
    points = [curve.points for curve in curves]
    shared = reduce(np.union1d, (each[:, 0] for each in points))
    values = [np.interp(shared, *each.T) for each in points]
    statistics = (statistic(values, axis=0) for statistic in (np.mean, np.min, np.max))
    return tuple(History().extended(np.column_stack((shared, each))) for each in statistics)


class RunTable(NamedTuple):
    """Runs beside each other, oldest first, and the keys of the settings in which they differ."""

    runs: list[NamedRun]
    differing: list[str]

    def with_state(self, end: State) -> RunTable:
        """Return the table after further updates of one of its runs. `end` is the State at the new end."""
        runs = [replace(each, state=end) if each.id == run_of(end).label.id else each for each in self.runs]
        return RunTable(runs, self.differing)

    def with_seeds_together(self, growing: int | None) -> RunTable:
        """Return the table with one run for all that differ only in seed and start: the best one.

        The best run has the smallest last validation loss or, without validation rows, the smallest last
        loss. The run with the id `growing`, which is in progress, stays alone.
        """
        alike: defaultdict[Hashable, list[NamedRun]] = defaultdict(list)
        for each in self.runs:
            settings = (text for key, text in each.settings.items() if key not in SEEDED)
            alike[*settings, each.id == growing, each.run.curve_only].append(each)
        keys, runs = [key for key in self.differing if key not in SEEDED], []
        for place, seeds in enumerate(alike.values(), 1):
            best = min(seeds, key=lambda each: each.run.monitored_curve.last[1])
            if len(seeds) > 1:
                name = " · ".join(filter(None, (_name(best.settings, keys), f"{len(seeds)} seeds")))
                best = replace(best, name=name, seeds=tuple(seeds))
            runs.append(replace(best, place=place))
        return RunTable(runs, keys)


SEEDED = "seed", "start"
"""The settings that are random."""


def listed_sets(state: State) -> list[NamedRun]:
    """Return the weight sets of a State as runs without updates, with the loss of each.

    The loss is NaN if the State has no training rows or targets, or if computing the losses takes long.
    """
    is_quick, listed = forward_ns(state.network, len(state.data)) <= QUICK_NS, []
    for k, own in enumerate(state.weight_sets):
        network = own.into(state.network)
        loss = replace(state, network=network, run=None).loss() if is_quick else None
        history = History().extended(np.array([[0.0, math.nan if loss is None else loss]]))
        run = Run(network, history=history, label=RunLabel(MOST_UPDATES - k))
        kept = State(network, state.data, state.training, run=run, columns=state.columns)
        texts = {key: SETTINGS[key].text(kept, kept.training) for key in ("hidden", "activation")}
        listed.append(NamedRun(kept, own.name, dict.fromkeys(SETTINGS, "") | texts, weight_set=k))
    return listed


def run_table(states: Iterable[State]) -> RunTable:
    """Return the runs of States, each at the end of its run, named by the settings in which they differ.

    Equal weights at the start have equal numbers, counted from 1 for each architecture; so have equal rows.
    """
    ended = sorted(states, key=lambda each: run_of(each).label.id)
    starts = _numbers(ended, _same_start, by=lambda each: each.network.sizes)
    pairs = [(each, training_of(each)) for each in ended]
    columns = {key: [setting.text(*pair) for pair in pairs] for key, setting in SETTINGS.items()}
    columns |= {"start": starts, "rows": _numbers(ended, same_rows)}
    differing = [key for key, texts in columns.items() if len(set(texts)) > 1]
    seeds_name_starts = len(set(zip(columns["seed"], starts, strict=True))) == len(set(columns["seed"]))
    naming = [key for key in differing if key != "start" or not seeds_name_starts]
    settings = [{key: texts[k] for key, texts in columns.items()} for k in range(len(ended))]
    names = [_name(texts, naming) for texts in settings]
    runs = []
    for each, texts, name in zip(ended, settings, names, strict=True):
        label = run_of(each).label
        number = f"run {label.id}" if not name or names.count(name) > 1 else ""
        runs.append(NamedRun(each, label.name or " · ".join(filter(None, (name, number))), texts))
    return RunTable(runs, differing)


def _name(texts: dict[str, str], keys: Sequence[str]) -> str:
    """Return a name from the settings `keys`, without usual values if there are others."""
    unusual = [key for key in keys if texts[key] != SETTINGS[key].usual] or keys
    return " · ".join(SETTINGS[key].phrase.format(texts[key]) for key in unusual)


def _numbers(
    states: Sequence[State],
    same: Callable[[State, State], bool],
    by: Callable[[State], Hashable] = lambda _: None,
) -> list[str]:
    """Return a number for each State, counted from 1, so that equal States have equal numbers.

    States with different values of `by` are counted apart.
    """
    known: defaultdict[Hashable, list[State]] = defaultdict(list)
    numbers = []
    for state in states:
        before = known[by(state)]
        number = next((k for k, each in enumerate(before) if same(state, each)), len(before))
        if number == len(before):
            before.append(state)
        numbers.append(str(number + 1))
    return numbers


def _same_start(one: State, other: State) -> bool:
    first, second = run_of(one), run_of(other)
    if first.curve_only or second.curve_only:
        return False
    pairs = zip(first.start.layers, second.start.layers, strict=True)
    return first.start is second.start or all(
        all(map(np.array_equal, own.arrays, its.arrays)) for own, its in pairs
    )


def same_rows(one: State, other: State) -> bool:
    """Return whether two States have equal rows."""
    return one.data is other.data or one.data == other.data
