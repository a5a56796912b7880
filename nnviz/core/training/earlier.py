"""The earlier runs of a State: which is kept when another takes its place. Knows nothing of windows."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from nnviz.core.limits import EARLIER_RUNS
from nnviz.core.network import Network
from nnviz.core.numbers import counted, shown
from nnviz.core.run import MOST_UPDATES, Architecture, EarlierRun, Run, Training
from nnviz.core.state import State, WeightSet
from nnviz.core.training.past import segments_until


def with_earlier(state: State, last: State | None) -> State:
    """Return `state`, which is to be trained, with the run of `last` among the earlier ones, the latest 8.

    `last` is the end of the last run. It is kept where the next update of `state` is another than that of its
    run: not where the run goes on, or is made again. No curve is kept twice. One that was watched ends here,
    and its curve, of another loss, is not kept.
    """
    if state.run and state.run.watched:
        return replace(state, run=None)
    run = last.run if last and not (last.run and last.run.watched) else None
    if last is None or run is None or not 1 <= run.iteration <= MOST_UPDATES or len(run.history) < 2:
        return state
    if _makes_the_same(state, last, run):
        return state
    training = replace(run.segments[-1].training, updates=last.training.updates)
    kept = EarlierRun("run", training, run.iteration, run.history.line, Architecture.of(run.start))
    others = [each for each in state.runs if not _alike(each, kept)][1 - EARLIER_RUNS.most :]
    name = _name(training, run.iteration, {each.name for each in others})
    return replace(state, runs=(*others, replace(kept, name=name)))


def forget_runs(state: State) -> State:
    """Return `state` without its earlier runs."""
    return replace(state, runs=())


def _makes_the_same(state: State, last: State, run: Run) -> bool:
    """Tell whether the next update of `state` is one of `run`, or the one that follows it."""
    start, iteration = state.run.start if state.run else state.network, state.iteration
    if not _same_weights(start, run.start) or state.data != last.data:
        return False
    if (state.run.segments if state.run else ()) != segments_until(run, iteration):
        return False
    following = (segment for segment in reversed(run.segments) if segment.after <= iteration)
    return iteration >= run.iteration or next(following).training == replace(state.training, updates=1)


def _same_weights(one: Network, other: Network) -> bool:
    """Tell whether two networks compute the same, whatever their nodes are called."""
    return one is other or (
        [layer.activation for layer in one.layers] == [layer.activation for layer in other.layers]
        and WeightSet.of("w", one) == WeightSet.of("w", other)
    )


def _alike(one: EarlierRun, other: EarlierRun) -> bool:
    """Tell whether two runs have the same curve under the same settings."""
    return replace(one, name=other.name, network=other.network) == other


def _name(training: Training, iterations: int, taken: set[str]) -> str:
    """Say by what a run differs from others; one that is called alike gets a number."""
    parts = [f"learning rate {shown(training.learning_rate)}", training.optimizer.replace("_", " ")]
    if training.batch_size is not None:
        parts.append(f"batch {training.batch_size}")
    if training.seed:
        parts.append(f"seed {training.seed}")
    parts.append(counted(iterations, "update"))
    name = " · ".join(parts)
    numbered = (f"{name} ({k})" for k in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)
