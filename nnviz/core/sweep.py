"""Sweeps: a State trained with every combination of settings, each from the same start.

Networks that train in compiled loops train in threads, because these loops release Python's lock. A run has
the same result alone and beside others.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from operator import mul
from typing import Any, NamedTuple, TypedDict, Unpack

from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.address import default_nodes
from nnviz.core.history import ceiling
from nnviz.core.network import Network
from nnviz.core.numbers import KEPT_POINTS, NODES, NUMBERS, parse_whole
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State, Training, number_of, run_of
from nnviz.core.train import Result, results_of
from nnviz.core.workers import Threads, open_workers

KEPT_CURVE = 2 * KEPT_POINTS.limit
"""Largest number of points of a curve during a sweep. A longer curve keeps its extremes."""
HIDDEN = "relu"
"""Activation of new hidden layers if the network has no hidden layer."""


class Swept(TypedDict, total=False):
    """The settings that a sweep varies, each a list of values; a setting that is missing keeps its value.

    `hidden` lists the numbers of nodes of the hidden layers, such as [(10, 10), (100, 100)]; () is a network
    without hidden layers. `activation` is that of all hidden layers.
    """

    learning_rate: Iterable[float]
    optimizer: Iterable[str]
    batch_size: Iterable[int | None]
    hidden: Iterable[Sequence[int]]
    activation: Iterable[str]
    l1: Iterable[float]
    l2: Iterable[float]


def _optimizer(text: str) -> str:
    return Training(optimizer=text.replace(" ", "_")).optimizer


def _batch(text: str) -> int | None:
    return None if text in ("all", "all rows") else parse_whole(text, least=1)


def _hidden(text: str) -> tuple[int, ...]:
    return () if text == "none" else tuple(parse_whole(size, least=1) for size in text.split("-"))


class SweptValues(NamedTuple):
    """How a person writes the values of a setting that a sweep varies: what to write, and how to read one."""

    meaning: str
    read: Callable[[str], Any]

    def values(self, text: str) -> list[Any]:
        """Return the values in a text, which have commas between them. Raises ValueError."""
        return [self.read(part.strip()) for part in text.split(",")]


READERS = {
    "learning_rate": SweptValues("each above 0", partial(number_of, "learning_rate")),
    "optimizer": SweptValues(", ".join(OPTIMIZERS), _optimizer),
    "batch_size": SweptValues("numbers of rows, or all", _batch),
    "hidden": SweptValues("nodes of the hidden layers, such as 10-10,100-100, or none", _hidden),
    "activation": SweptValues(
        f"of all hidden layers: {', '.join(ACTIVATIONS)}", lambda text: activation(text).name
    ),
    "l1": SweptValues("penalties A·Σ|w|", partial(number_of, "l1")),
    "l2": SweptValues("penalties A·Σw²", partial(number_of, "l2")),
}
"""The readers of the settings in `Swept`."""
SETTINGS = (*READERS, "seed")
"""The settings of a run of a sweep, in the order in which they vary: the last one first."""


@dataclass(frozen=True)
class SweepRun:
    """One run of a sweep: its settings and its results.

    `loss` and `validation` are the losses of the data alone after `updates` updates, and `accuracy` is the
    share of training rows with a correct prediction. A result is None if the run does not measure it. `state`
    has the trained weights, and `end` is the State after the last update; they differ if the run keeps the
    best weights.
    """

    learning_rate: float
    optimizer: str
    batch_size: int | None
    hidden: str
    activation: str
    l1: float
    l2: float
    seed: int
    updates: int
    loss: float
    validation: float | None
    accuracy: float | None
    diverged: bool
    state: State = field(repr=False, compare=False)
    end: State = field(repr=False, compare=False)


class Trial(NamedTuple):
    """A run that a sweep has to make: the State that is trained, and its settings by name."""

    state: State
    settings: dict[str, Any]

    def run(self, result: Result) -> SweepRun:
        """Return the run with its results."""
        state, run = result.state, run_of(result.state)
        return SweepRun(
            **self.settings,
            updates=run.iteration,
            loss=run.history.last[1],
            validation=run.last_of("validation"),
            accuracy=run.last_of("accuracy"),
            diverged=result.diverged or ceiling(run.history.points[:, 1]) < math.inf,
            state=state,
            end=result.end,
        )


def sweep(
    state: State,
    *,
    seeds: int | None = None,
    updates: int | None = None,
    jobs: int | None = None,
    backend: str = "threads",
    scheduler: str | None = None,
    **swept: Unpack[Swept],
) -> list[SweepRun]:
    """Train `state` with every combination of settings, and return the runs in the order of the combinations.

    Each keyword argument lists values of a setting, such as `learning_rate=[0.001, 0.01]`. Without `seeds`,
    every combination starts from the weights of `state`; another `hidden` starts from random weights of the
    State's seed. With `seeds`, every combination is trained from the random weights of the seeds 0 to
    `seeds - 1`, which are also the seeds for the order of the rows.

    The `backend` "threads" trains in `jobs` threads, by default as many as there are processors; networks
    that NumPy trains take turns. "processes" trains in processes, and "dask" on the Dask cluster whose
    scheduler has the address `scheduler`. A run whose worker is killed is repeated up to 3 times.

    Raises ValueError for an invalid setting, or if a run cannot begin, and WorkerError if the workers fail.
    """
    trials = combinations(state, swept, seeds, updates)
    with closing(open_workers(backend, jobs, scheduler)) as workers:
        return [run for _, run in sorted(carry_out_trials(trials, workers))]


def combinations(
    state: State, swept: Mapping[str, Any], seeds: int | None = None, updates: int | None = None
) -> list[Trial]:
    """Return the runs of a sweep: the first setting changes slowest, the seed fastest.

    Raises ValueError for an invalid setting, and TypeError for an unknown name of a setting.
    """
    if unknown := sorted(swept.keys() - READERS.keys()):
        raise TypeError(f"unknown setting {unknown[0]!r}: use {', '.join(READERS)}")
    if seeds is not None and seeds < 1:
        raise ValueError("seeds: expected a whole number of 1 or more")
    begun = replace(state, run=None, runs=(), baseline=None, weight_sets=())
    if updates is not None:
        begun = replace(begun, training=replace(begun.training, updates=updates))
    values = {name: list(swept[name]) for name in READERS if name in swept}
    if seeds is not None:
        values["seed"] = list(range(seeds))
    return [_trial(begun, dict(zip(values, chosen, strict=True))) for chosen in product(*values.values())]


def _trial(state: State, given: dict[str, Any]) -> Trial:
    """Return the run of `state` with the given settings. Raises ValueError for an invalid setting."""
    if "hidden" in given or "activation" in given:
        state = _with_hidden(state, given.pop("hidden", None), given.pop("activation", None))
    training, network = replace(state.training, **given), state.network
    if "seed" in given:
        network = network.randomised(training.seed)
    state = edits.set_training(replace(state, network=network), training)
    hidden = network.layers[:-1]
    sizes = "-".join(str(len(layer)) for layer in hidden)
    names = ",".join(dict.fromkeys(layer.activation for layer in hidden))
    settings = vars(training) | {"hidden": sizes, "activation": names}
    return Trial(state, {name: settings[name] for name in SETTINGS})


def _with_hidden(state: State, sizes: Sequence[int] | None, name: str | None) -> State:
    """Return `state` with other numbers of hidden nodes or another activation, where these are not None.

    Another number of nodes means random weights of the State's seed.
    """
    network = state.network
    old, output = network.layers[:-1], network.layers[-1]
    name = activation(name).name if name is not None else None
    if sizes is None or tuple(sizes) == tuple(map(len, old)):
        hidden = [replace(layer, activation=name or layer.activation) for layer in old]
        return edits.with_network(state, Network(network.inputs, (*hidden, output)))
    if any(size < 1 for size in sizes):
        raise ValueError("hidden: every hidden layer needs at least one node")
    widths = [len(network.inputs), *sizes, len(output)]
    NODES.check(sum(widths), "hidden")
    NUMBERS.check(sum(map(mul, widths, widths[1:])), "hidden")
    usual = name or (old[0].activation if old else HIDDEN)
    layers = [(default_nodes(k, len(sizes) + 1, size), usual) for k, size in enumerate(sizes)]
    layers.append((output.nodes, output.activation))
    changed = Network.random(network.inputs, layers, state.training.seed)
    if all(layer.biases is None for layer in network.layers):
        changed = replace(changed, layers=tuple(replace(layer, biases=None) for layer in changed.layers))
    training = edits.training_after(state, changed)
    return replace(state, network=changed, training=training)


def carry_out_trials(
    trials: Sequence[Trial], workers: Threads | None = None
) -> Generator[tuple[int, SweepRun]]:
    """Make the runs of a sweep, and yield each with its place in `trials`, in the order in which they end.

    By default, the runs are made in threads. When `workers.stop` is set or the iterator is closed, nothing
    goes on. Raises ValueError if a run cannot begin, and WorkerError.
    """
    try:
        for place, result in results_of([trial.state for trial in trials], workers, KEPT_CURVE):
            yield place, trials[place].run(result)
    except ValueError as error:
        raise ValueError(re.sub(r"^states\[\d+\]: ", "", str(error))) from None  # the place in the list
