"""The coach: what is wrong with a run that has ended, with evidence, and what to try as the next run.

Each fault is one entry of FAULTS: a function from the course of a run to a verdict. A fault that needs slopes
or the health of nodes is looked for only if the loss has grown or has hardly fallen, so the coach costs
almost nothing after a good run.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import partial
from inspect import getdoc
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple, TypeAlias

import numpy as np

from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.address import column_title
from nnviz.core.history import NOISE, History
from nnviz.core.losses import MSE
from nnviz.core.numbers import as_text, counted, percent_text
from nnviz.core.replay import state_at_start
from nnviz.core.results import health_in_blocks, means_in_blocks
from nnviz.core.runs import all_runs, same_rows, training_of
from nnviz.core.slopes import Work
from nnviz.core.state import State, run_of
from nnviz.core.train import with_settings
from nnviz.core.trainer import Trainer


class Remedy(NamedTuple):
    """What the next run has, such as "learning rate 0.07", and the reason why this helps.

    `change` returns the start of the next run; its argument is the State at the start of the judged run.
    """

    name: str
    reason: str
    change: Callable[[State], State]


class Verdict(NamedTuple):
    """A fault of a run: its name, the evidence as a sentence, the rule, and the remedy or None."""

    fault: str
    sentence: str
    rule: str
    remedy: Remedy | None


class Course:
    """The course of a run that ended in the State `end`: how the loss went.

    ========== ===============================================================================
    `end`      the State at the end, with the settings of the run
    `start`    the State at the start, with these settings
    `first`    the first loss
    `last`     the last finite loss
    `fall`     the share of the first loss by which the loss fell
    `diverged` whether a number became infinite or NaN
    `grows`    whether the run diverged, or the loss ended higher than it began
    `stalls`   whether the loss in the last third is on average as high as in the third before
    `epochs`   number of whole epochs
    ========== ===============================================================================
    """

    @np.errstate(all="ignore")
    def __init__(self, end: State) -> None:
        self.end = end = replace(end, training=training_of(end))
        self.start = replace(state_at_start(end), run=None)
        run, points = run_of(end), _finite(run_of(end).history)
        self.first, self.last = points[[0, -1], 1].tolist()
        edges = np.linspace(0.0, points[-1, 0], 4)
        thirds = _means(points, edges).tolist() if len(points) > 2 else (self.first, self.last, self.last)
        _, before, late = thirds
        self.fall = (self.first - self.last) / abs(self.first or 1.0)
        self.diverged = run.diverged
        self.grows = run.diverged or min(late, self.last) > self.first
        self.epochs = end.iteration // end.training.updates_per_epoch(end.trained_rows)
        self.stalls = self.epochs >= EPOCHS and late > NOISE and late >= before - FALL * abs(before)


Found: TypeAlias = Work[tuple[str, Remedy | None] | None]
"""Computes the evidence of a fault as a sentence, and the remedy or None; or None without this fault.

Yields after each block of rows or unit of training, and at least once."""


# Overfitting

EPOCHS = 10
"""A low loss counts only if it lasts for this many epochs and curve points: shorter dips are chance."""
ROWS = 5
"""Smallest number of validation rows to judge overfitting: the loss over fewer rows varies too much."""
RISE, FALL = 0.1, 0.01
"""Overfitting: the validation loss rose by the share RISE or more, the training loss fell by FALL or more."""
VISIBLE = 1e-3
"""Smallest rise of the validation loss that counts, divided by the first loss: about a pixel of the plot."""
PARTS = 4
"""Number of equal parts into which the last third of a run is divided; the loss is averaged in each part."""
RISEN = "the validation loss has risen since iteration {}"
"""A phrase about overfitting, with a place for the iteration."""


@np.errstate(all="ignore")
def overfitting_since(state: State) -> int | None:
    """Return the iteration since which the run of `state` overfits, or None if the run does not overfit.

    The result is the iteration of the smallest validation loss before the last third of the run. The last
    third is compared with an earlier reference period of EPOCHS or more epochs: the period whose highest
    validation loss is the lowest. This highest loss is the level. The last third is divided into PARTS parts,
    and the losses are averaged in each part. A run overfits if three conditions hold:

    - In each part, the validation loss exceeds the level by at least half of the share RISE.
    - In the last part, the excess is at least the share RISE, and at least half of the largest excess.
    - In the last part, the training loss is below that of the reference period, by at least the share FALL.

    With fewer than ROWS validation rows, the result is None. Thinning of the curves hardly changes the
    result.
    """
    run = state.run
    validation = run.curve("validation") if run else None
    if run is None or validation is None or len(state.data) - state.trained_rows < ROWS:
        return None
    points = _finite(validation)
    per_epoch = max((each.training.updates_per_epoch(state.trained_rows) for each in run.segments), default=1)
    shortest = EPOCHS * per_epoch
    if len(points) <= EPOCHS or points[-1, 0] <= shortest:
        return None
    end, first = points[-1, 0], points[0, 1]
    late = np.linspace(end - max(end / 3, shortest), end, PARTS + 1)
    early = points[points[:, 0] <= late[0]]  # a lucky dip in the last third hides no rise
    iteration = early[early[:, 1].argmin(), 0] if len(early) else 0
    if not points[0, 0] < iteration:
        return None
    level, stretch = _kept_below(points, shortest, late[0])
    if not level < first:
        return None
    rises = _means(points, late) - level
    enough = max(RISE * abs(level), VISIBLE * abs(first))
    if not (rises.min() >= enough / 2 and rises[-1] >= max(enough, rises.max() / 2)):
        return None
    trained = _finite(run.history)
    (before,), after = _means(trained, stretch), _means(trained, late)[-1]
    return int(iteration) if after <= before - FALL * abs(before) else None


def _finite(history: History) -> Array:
    """Return the points of a curve whose losses are finite, shape (points, 2)."""
    points = history.points
    finite = np.isfinite(points[:, 1])
    return points if finite.all() else points[finite]


def _kept_below(points: Array, shortest: float, end: float) -> tuple[float, Array]:
    """Return the lowest level that a curve stays below for a whole stretch before `end`, and this stretch.

    A stretch has the length `shortest` or a quarter of the iterations before it, and at least EPOCHS points.
    It is returned as (first iteration, last iteration). If there is none, the level is infinite.
    """
    x, y = points.T
    grown = 2 * shortest * 1.05 ** np.arange(max(0.0, np.log(end / shortest) / np.log(1.05)))
    starts = np.concatenate((np.arange(0.0, 2 * shortest, shortest / EPOCHS), grown))
    begins = np.searchsorted(x, starts)
    ends = np.searchsorted(x, starts + np.maximum(shortest, starts / 4), side="right")
    ends = np.maximum(ends, begins + EPOCHS)
    within = ends <= np.searchsorted(x, end, side="right")
    if not within.any():
        return np.inf, np.empty(0)
    between = np.column_stack((begins, ends))[within]
    highest = np.maximum.reduceat(y, between.ravel())[::2]
    begin, after = between[highest.argmin()]
    return float(highest.min()), x[[begin, after - 1]]


def _means(points: Array, edges: Array) -> Array:
    """Return the means of a curve between neighbouring `edges`, with straight lines between its points."""
    before, after = np.searchsorted(points[:, 0], edges[[0, -1]])
    x, y = points[max(before - 1, 0) : after + 1].T
    areas = np.concatenate(([0.0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)))
    at = np.clip(np.searchsorted(x, edges, side="right") - 1, 0, len(x) - 2)
    beyond = edges - x[at]
    slopes = (y[at + 1] - y[at]) / (x[at + 1] - x[at])
    means: Array = np.diff(areas[at] + beyond * (y[at] + slopes * beyond / 2)) / np.diff(edges)
    return means


# The other faults

TRIED = 10
"""Number of updates that the coach computes again, or tries with another learning rate."""
AGREE = 0.9
"""Slopes agree in direction if the cosine of the angle between them is above this."""
EXPECTED, MOST_POWER = 0.1, 9
"""A run is too slow if a learning rate larger by a power of ten, at most MOST_POWER, should lower the loss by
the share EXPECTED. A loss whose slopes hardly change falls in proportion to the learning rate."""
TURNS = 2
"""Smallest number of the first updates that turn the slopes round in a run that diverges."""
HIGH = 0.9
"""A loss is high above this share of the loss of a constant prediction."""
LOOKS = 10
"""Number of runs from which a choice by the same validation rows is partly luck."""
FIRST_L2 = 1e-4
"""The factor L2 that nnviz proposes first. On noisy made rows that were overfitted (spirals, circles, moons),
it lowered the validation loss of 26 of 29 runs; from 3e-4 on, some runs on spirals no longer learn."""


def scaled(rate: float, power: int) -> float:
    """Return a learning rate times a power of ten, in decimal: 0.07 for 0.7, not 0.06999999999999999."""
    return float(Decimal(repr(rate)).scaleb(power))


def _with_rate(start: State, power: int, reason: str) -> Remedy:
    """Return the remedy that the learning rate is multiplied by a power of ten."""
    given = {"learning_rate": scaled(start.training.learning_rate, power)}
    return Remedy(_rate_of(with_settings(start, given)), reason, partial(with_settings, given=given))


def _with_smaller_rate(start: State) -> Remedy:
    return _with_rate(start, -1, "Each update moves the weights by a tenth as much")


def _rate_of(state: State) -> str:
    return f"learning rate {as_text(state.training.learning_rate)}"


def _standardised(start: State) -> State:
    return edits.standardise(start, range(len(start.network.inputs)))


def _randomised(start: State) -> State:
    return edits.randomise(start, start.training.next_seed)


NEW_WEIGHTS = Remedy("new random weights", "Other weights can start where nodes have slopes", _randomised)
STANDARDISED = Remedy("standardised inputs", "Then one learning rate suits all inputs", _standardised)


def _slopes(state: State) -> Work[Array]:
    """Compute the mean slopes of all weights and biases, shape (parameters,)."""
    means = yield from means_in_blocks(None, state)
    pairs = zip(means.slopes.layers, state.network.layers, strict=True)
    parts = [np.append(own.weights, own.nodes if of.biases is not None else ()) for own, of in pairs]
    return np.concatenate(parts)


@np.errstate(all="ignore")
def _cosine(one: Array, other: Array) -> float:
    """Return the cosine of the angle between two vectors; NaN if one of them is 0 or not finite."""
    one, other = one / np.abs(one).max(), other / np.abs(other).max()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def _first_states(start: State) -> Work[list[State]]:
    """Compute `start` and the States after the first updates from there, at most TRIED."""
    trainer, states = Trainer(start), [start]
    for _ in trainer.work(TRIED):
        if trainer.iteration == len(states):  # else a part of an update
            states.append(trainer.state())
        yield
    return states


def too_slow(course: Course) -> Found:
    """Find a learning rate that is too small.

    In {EPOCHS} or more epochs, the loss fell by less than {FALL:.0%}, and the slopes kept their direction:
    the cosine between the slopes at the start and at the end is above {AGREE}.
    {TRIED} updates with the larger learning rate, tried from the same start, lower the loss.
    """
    start, end, fall = course.start, course.end, course.fall
    if course.epochs < EPOCHS or not EXPECTED / 10**MOST_POWER < fall < FALL:
        return None
    cosine = _cosine((yield from _slopes(start)), (yield from _slopes(end)))
    power = math.ceil(math.log10(EXPECTED / fall))
    remedy = _with_rate(start, power, "Where the slopes hardly change, larger steps get further")
    *_, tried = (yield from _first_states(remedy.change(start))) if cosine > AGREE else [start]
    if not (yield from means_in_blocks(None, tried)).slopes.loss < course.first:
        return None
    sentence = (
        f"{_rate_of(end)} is too small: in {counted(course.epochs, 'epoch')} the {end.measure.phrase} fell "
        f"by only {percent_text(fall)}, while the slopes kept their direction (cosine {as_text(cosine)})"
    )
    return sentence, remedy


def unlike_scales(course: Course) -> Found:
    """Find inputs of unlike scales.

    The standard deviations of two inputs differ more than {edits.FACTOR}-fold. The loss grew, or after
    {EPOCHS} or more epochs it is above {HIGH:.0%} of the loss of a constant prediction
    (for MSE the variance of the targets, otherwise the first loss).
    """
    yield
    end, constant = course.end, course.first
    if end.measure is MSE and end.data.targets is not None:
        constant = float(end.data.targets[: end.trained_rows].var(axis=0).mean())
    is_high = course.grows or (course.epochs >= EPOCHS and course.last > HIGH * constant)
    if not is_high or not (advice := edits.worth_standardising(end)):
        return None
    scales = advice.removeprefix(f"{edits.SCALES_DIFFER}: ").rpartition(";")[0]
    change = "grew without bound" if course.diverged else f"ended at {as_text(course.last)}"
    return f"inputs of unlike scales: {scales}, and the {end.measure.phrase} {change}", STANDARDISED


def diverging(course: Course) -> Found:
    """Find a learning rate that is too large.

    The loss grew without bound. Or the loss ended above the first loss, and {TURNS} or more of the
    first {TRIED} updates turned the slopes round: the cosine between the slopes before and after is below 0.
    """
    end, slopes = course.end, list[Array]()
    for each in (yield from _first_states(course.start)) if course.grows else ():
        slopes.append((yield from _slopes(each)))
    turns = sum(_cosine(before, after) < 0.0 for before, after in pairwise(slopes))
    if not course.diverged and turns < TURNS:
        return None
    change = "without bound" if course.diverged else f"to {as_text(course.last)}"
    change = f"the {end.measure.phrase} rose from {as_text(course.first)} {change}"
    turned = f", and {turns} of the first {counted(len(slopes) - 1, 'update')} turned the slopes round"
    return f"{_rate_of(end)} is too large: {change}{turned if turns else ''}", _with_smaller_rate(end)


def _stuck_layers(state: State) -> Work[dict[int, str]]:
    """Compute the layers with only dead or saturated nodes, each with the word for its nodes."""
    badges, layers = (yield from health_in_blocks(state)).badges(), enumerate(state.network.layers)
    words = {k: [badges.get((k, i), "").partition(" ")[0] for i in range(len(layer))] for k, layer in layers}
    return {k: " or ".join(sorted(set(found))) for k, found in words.items() if all(found)}


def stuck(course: Course) -> Found:
    """Find a layer that does not learn.

    The loss no longer falls, and a layer has only nodes that are dead (output and slope 0)
    or saturated (slope almost 0) on all rows.
    """
    end, start, remedy = course.end, course.start, None
    if not course.stalls or not (layers := (yield from _stuck_layers(end))):
        return None
    began = yield from _stuck_layers(start)
    for each in (NEW_WEIGHTS, STANDARDISED) if began else (_with_smaller_rate(start),):
        if remedy is None and not (yield from _stuck_layers(each.change(start))):
            remedy = each
    k, word = next(iter(layers.items()))
    place, when = column_title(k + 1, len(end.network.layers)), "as" if k in began else "unlike"
    rows = f"on all {counted(len(end.data), 'row')}, {when} at the start"
    sentence = (
        f"{place}: every node is {word} {rows}, and the {end.measure.phrase} stays at {as_text(course.last)}"
    )
    return sentence, remedy


def overfitting(course: Course) -> Found:
    """Find overfitting.

    nnviz reports overfitting under four conditions. Before the last third of the run, the validation loss
    stays below some level for {EPOCHS} epochs or longer. In the last third, the validation loss stays
    above this level and ends at least {RISE:.0%} higher. Meanwhile, the training loss falls.
    There are at least {ROWS} validation rows. nnviz compares averages, so short dips do not count.
    """
    yield
    end, since = course.end, overfitting_since(course.end)
    if since is None:
        return None
    l2 = float(Decimal(repr(end.training.l2)) * 3) or FIRST_L2
    sentence = f"{RISEN.format(since)} while the {end.measure.phrase} still falls: overfitting"
    reason = f"The penalty {as_text(l2)}·Σw² for large weights (regularisation) reduces overfitting"
    return sentence, Remedy(f"L2 {as_text(l2)}", reason, partial(with_settings, given={"l2": l2}))


def chosen_by_validation(course: Course) -> Found:
    """Find a run that is the best of many by its validation loss.

    {LOOKS} or more runs were measured on the same validation rows, and this run is the best of them.
    """
    yield
    end, key = course.end, attrgetter("training.loss", "trained_rows")
    same = [run_of(each) for each in all_runs(end, end) if key(each) == key(end) and same_rows(each, end)]
    losses = [loss for run in same if (loss := run.last_of("validation")) is not None]
    if len(losses) < LOOKS or run_of(end).last_of("validation") != min(losses):
        return None
    rows = counted(len(end.data) - end.trained_rows, "row")
    sentence = (
        f"the validation loss is the lowest of {len(losses)} runs on the same {rows}, which is partly luck: "
        "choose this run, then judge it on rows that no run was measured on"
    )
    return sentence, None


FAULTS = too_slow, unlike_scales, diverging, stuck, overfitting, chosen_by_validation
"""The entries, the most important one first. The second part of a docstring is the rule on the screen."""


def judge(end: State) -> Work[Verdict | None]:
    """Return the first verdict on the run that ended in `end`, or None, and yield after each step.

    The training of a user's script is judged only by its curves, and gets no remedy.
    """
    if end.run is None or not end.trainable or not len(_finite(end.run.history)):
        return None
    course = Course(end)
    with suppress(ValueError):  # in a file, the start of a run can have an infinite loss
        for find in (overfitting,) if end.is_watched else FAULTS:
            if found := (yield from find(course)):
                sentence, remedy = found
                rule = (getdoc(find) or "").partition("\n\n")[2].format_map(globals()).replace("%", " %")
                return Verdict(find.__name__, sentence, rule, None if end.is_watched else remedy)
    return None
