"""`nnviz.train`: train a State in one call, and find the weights with the smallest validation loss."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from operator import itemgetter
from threading import Lock
from typing import Any, TypedDict, Unpack, overload

from nnviz.core import schedules
from nnviz.core.activations import Array
from nnviz.core.edits import set_training
from nnviz.core.engines import LANES, engine_of
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import as_text, counted, loss_text
from nnviz.core.replay import Past, Replay, with_past
from nnviz.core.state import COMPILED, NUMPY, Dataset, EngineName, State, run_of
from nnviz.core.trainer import FEWEST, Trainer, work_together
from nnviz.core.workers import Threads

EVERY = 100
"""Number of updates between two copies of the State."""


class Best:
    """Finds the State with the smallest validation loss in a training, if the training keeps the best State.

    Without validation rows, the training loss counts. During the training, `follow` stores States. At the
    end, `result` starts at the last stored State before the iteration with the smallest loss, and repeats
    only the updates from there.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer, self._next = trainer, 0
        self._past = Past(trainer.given) if trainer.given.training.keep else None

    def follow(self) -> None:
        """Store the State after every `EVERY` updates.

        Call this method after each unit of work in the training.
        """
        if self._past and self._trainer.iteration >= self._next:
            self._past.follow(self._trainer.state())
            self._next = self._trainer.iteration + EVERY

    def result(self) -> Result:
        """End the training, and return its result."""
        self._trainer.end()
        end = self._trainer.state()
        iteration = run_of(end).best_iteration if self._past else end.iteration
        if self._past is None or iteration == end.iteration:
            return Result(end, end)
        self._past.follow(end)
        known = self._past.nearest(iteration)
        replay = Replay(known, end)
        for _ in replay.work(iteration - known.iteration):
            pass
        return Result(with_past(end, replay.state()), end)


@dataclass(frozen=True)
class Result(AsSvg):
    """The result of a training.

    `state` is the trained State, and `end` the State after the last update. They differ if `state.training`
    keeps the best weights. A notebook shows the loss curve.
    """

    state: State
    end: State = field(repr=False)

    def __repr__(self) -> str:
        return f"<Result: {self.in_words}>"

    @property
    def history(self) -> Array:
        """The losses of the whole run, shape (points, 2) or, with validation rows, (points, 3).

        The columns are the iteration, the loss and the validation loss.
        """
        return run_of(self.end).points

    @property
    def diverged(self) -> bool:
        """Whether a number became infinite or NaN."""
        return run_of(self.end).diverged

    @property
    def in_words(self) -> str:
        """The first and the last loss as text: "MSE 64 → 0.25 after 20 updates"."""
        (_, first), (last, loss) = self.history[[0, -1], :2].tolist()
        start, updates = loss_text(self.state.measure.title, first), counted(int(last), "update")
        text = f"{start} → {as_text(loss)} after {updates}"
        ending = "then the run diverged" if self.diverged else self.end.stop_reason
        return f"{text}; {ending}" if ending else text


class TrainingSettings(TypedDict, total=False):
    """Settings of a training: see `Training`. A schedule is given by its name; None changes nothing."""

    updates: int | None
    learning_rate: float | None
    batch_size: int | None
    optimizer: str | None
    seed: int | None
    loss: str | None
    validation: float | None
    schedule: str | None
    l1: float | None
    l2: float | None
    until: float | None
    patience: int | None
    keep: str | None


@overload
def train(state: State, **settings: Unpack[TrainingSettings]) -> Result: ...
@overload
def train(state: Sequence[State], **settings: Unpack[TrainingSettings]) -> list[Result]: ...
def train(state: State | Sequence[State], **settings: Unpack[TrainingSettings]) -> Result | list[Result]:
    """Train `state`, and return the result; for several States, return a list of results.

    Each keyword argument that is not None, such as `updates=100` or `schedule="step(100, 0.5)"`, replaces a
    setting in `state.training`. If the State has a run, the training continues this run, and the history
    includes the run's earlier updates. Several States train on all processors, and small networks of one
    shape on the same rows beside each other; the results are those of single States, to the bit.

    Raises ValueError for an invalid setting, or if a State has no training rows or no targets.
    """
    if isinstance(state, State):
        return carry_out(with_settings(state, settings))
    return carry_out_all([with_settings(each, settings) for each in state])


def with_settings(state: State, given: Mapping[str, Any]) -> State:
    """Return `state` with the settings in `given` that are not None; a schedule is given by its name.

    For `until` and `patience`, 0 is no such rule.

    Raises ValueError for an invalid setting, and TypeError for an unknown name of a setting.
    """
    names = TrainingSettings.__annotations__
    if unknown := sorted(given.keys() - names.keys()):
        raise TypeError(f"unknown setting {unknown[0]!r}: use {', '.join(names)}")
    changes = {name: value for name, value in given.items() if value is not None}
    changes |= {name: None for name in ("until", "patience") if changes.get(name) == 0}
    if "schedule" in changes:
        changes["schedule"] = schedules.schedule(changes["schedule"])
    return set_training(state, replace(state.training, **changes))


def carry_out(state: State, is_stopped: Callable[[], bool] = lambda: False) -> Result:
    """Train `state` with the settings in `state.training`, and return the result.

    `is_stopped` is called before each unit of work. If `is_stopped` returns True, the training stops.
    Raises ValueError if the State has no training rows or no targets, or if the first loss is infinite or
    NaN.
    """
    trainer = Trainer(state, at_once=math.inf)
    best, units = Best(trainer), trainer.work(state.training.updates)
    while not is_stopped() and next(units, trainer) is None:
        best.follow()
    return best.result()


def carry_out_all(states: Sequence[State]) -> list[Result]:
    """Train several States with the settings in their `training`, and return the results.

    Raises ValueError as `carry_out` does. The message starts with the place of the State.
    """
    return [result for _, result in sorted(results_of(states), key=itemgetter(0))]


def results_of(
    states: Sequence[State], workers: Threads | None = None, most: float = math.inf
) -> Iterator[tuple[int, Result]]:
    """Train States by `workers`, and yield the place and the result of each in the order of their ends.

    By default, there are as many threads as processors. A history keeps at most `most` points. When
    `workers.stop` is set or the iterator is closed, the workers end after their unit of work. Raises
    ValueError as `carry_out_all` does, and WorkerError.
    """
    alike: defaultdict[Hashable, list[tuple[int, State]]] = defaultdict(list)
    for i, state in enumerate(states):
        alike[_kind(state)].append((i, state))
    workers, groups = workers or Threads(), []
    for kind, members in alike.items():
        count = -(-len(members) // LANES)
        if kind == NUMPY or len(members) < max(FEWEST, 1 + workers.count):
            count = len(members)
        groups += [members[k::count] for k in range(count)]
    with ThreadPoolExecutor(workers.count) as pool:
        try:
            for future in as_completed([pool.submit(_train_by, workers, each, most) for each in groups]):
                yield from ((i, Result(state, end)) for i, state, end in future.result())
        finally:
            workers.stop.set()  # after an error or Ctrl+C


def _train_by(workers: Threads, members: list[Any], most: float) -> list[tuple[int, State, State]]:
    """Train a group of States by a worker. Rows are sent to a worker once, and are not sent back."""
    first = members[0][1]
    sent = _on_rows(members, Dataset.empty(first.network))
    return _on_rows(workers.call(_train_group, first.data, sent, most, engine_of(first)) or [], first.data)


def _on_rows(members: list[Any], data: Dataset) -> list[Any]:
    """Return places, each with its States, with other rows in the States."""
    return [(i, *(_with_rows(state, data) for state in states)) for i, *states in members]


def _with_rows(state: State, data: Dataset) -> State:
    """Return `state` with other rows that fit; `replace` would take long to check and to fill them."""
    copied = copy(state)
    object.__setattr__(copied, "data", data)
    return copied


@contextmanager
def _naming(i: int) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"states[{i}]: {error}") from None


def _kind(state: State) -> Hashable:
    """Return a value that is equal for States that can train in one group; see `work_together`."""
    training = state.training
    if engine_of(state) == NUMPY:
        return NUMPY
    rows = [each.tobytes() for each in (state.data.inputs, state.data.targets) if each is not None]
    layers = tuple((len(each), each.biases is None, each.activation) for each in state.network.layers)
    shared = replace(
        training.update_settings, learning_rate=1.0, seed=0, l1=0.0, l2=0.0, frozen=(), schedule=None
    )
    return *rows, training.updates, state.iteration, layers, shared, bool(training.penalty)


_NUMPY_LOCK = Lock()
"""Lets only one network at a time train with NumPy: the others would wait for Python's lock in every call."""


def _train_group(
    data: Dataset,
    members: list[tuple[int, State]],
    most: float,
    engine: EngineName,
    is_stopped: Callable[[], bool],
) -> list[tuple[int, State, State]]:
    """Train States, each with its place, on the rows in `data`; return their results without rows.

    A history keeps at most `most` points. If `is_stopped` returns True, return no results. Raises ValueError
    if the engine here is another one.
    """
    trainers = []
    for i, state in _on_rows(members, data):
        if is_stopped():
            return []
        with _naming(i):
            trainers.append(Trainer(state, most, at_once=math.inf))
    updates, place = trainers[0].given.training.updates, members[0][0]
    if trainers[0].engine.name != engine:
        raise ValueError("a worker does not have the engine of this computer; install the same nnviz there")
    bests = [Best(trainer) for trainer in trainers]
    with nullcontext() if engine == COMPILED else _NUMPY_LOCK, _naming(place):
        for _ in work_together(trainers, updates):
            if is_stopped():
                return []
            for best in bests:
                best.follow()
    results = [best.result() for best in bests]
    made = [(i, each.state, each.end) for (i, _), each in zip(members, results, strict=True)]
    return _on_rows(made, Dataset.empty(trainers[0].given.network))
