"""Over-fitting is named where validation has risen for good while the loss falls; rows split and shuffled."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nnviz.core import edits
from nnviz.core.coach import overfitting_since
from nnviz.core.edits import standardise
from nnviz.core.generators import KINDS
from nnviz.core.history import History
from nnviz.core.network import Network
from nnviz.core.runs import add_runs
from nnviz.core.state import Curve, Dataset, Run, Segment, State, Training
from nnviz.core.train import train
from nnviz.files import registry
from nnviz.files.examples import example
from nnviz.files.source import Source
from nnviz.system import resources
from tests.core.oracle import make_network

RUNS = json.loads((Path(__file__).parent / "over_fitting_runs.json").read_text())
"""Runs by name, since when each over-fits (null where it does not), and the verdict that it deserves.

The others say how the run is made; `settled` updates and the runs with other `rates` come before it.
"""


def started(run):
    """Return the State that a run of RUNS begins with."""
    source = run["data"]
    if source in KINDS:
        state = KINDS[source].state(run["rows"], run["noise"], run.get("seed", 0))
    else:
        path = resources() / "data" / source if source.endswith(".csv") else example(source).path
        state = registry.read(Source(path.read_bytes(), path))
        data = state.data
        state = edits.set_rows(state, data.inputs[: run.get("rows")], data.targets[: run.get("rows")])
    if run.get("shuffled"):
        state = edits.shuffle_rows(state)
    if run.get("standardised"):
        state = standardise(state, range(len(state.network.inputs)))
    if hidden := run.get("hidden"):
        state = replace(state, network=with_hidden(state.network, hidden, run.get("activation", "tanh")))
    layers = [
        replace(
            layer,
            weights=layer.weights * run.get("weights_times", 1),
            biases=np.full(len(layer), run["bias"]) if "bias" in run and k + 1 < depth else layer.biases,
        )
        for depth in [len(state.network.layers)]
        for k, layer in enumerate(state.network.layers)
    ]
    data = Dataset(state.data.inputs * run.get("inputs_times", 1), state.data.targets)
    state = replace(state, network=replace(state.network, layers=tuple(layers)), data=data, run=None)
    if settled := run.get("settled"):
        state = replace(train(state, updates=settled).state, run=None)
    state = replace(state, training=replace(state.training, **run["training"]), run=None)
    return add_runs(state, (train(state, learning_rate=rate).end for rate in run.get("rates", ())), None)


def with_hidden(network, hidden, activation):
    """Return a network of the same inputs and outputs with other hidden layers, random from seed 0."""
    out, sizes = network.layers[-1], [len(network.inputs), *hidden, len(network.outputs)]
    made = make_network(sizes, [*[activation] * len(hidden), out.activation], [True] * len(sizes))
    last = replace(made.layers[-1], nodes=out.nodes)
    return Network(network.inputs, (*made.layers[:-1], last)).randomised(0)


def with_curves(state, made):
    return replace(state, run=state.run.with_curves(lambda history, _: made(history)))


def extremes(points, span):
    """Return a curve of the lowest and the highest of each `span` points, and the last."""
    kept = {len(points) - 1}
    for start in range(0, len(points), span):
        losses = points[start : start + span, 1]
        kept |= {start + int(losses.argmin()), start + int(losses.argmax())}
    return History().extended(points[sorted(kept)])


@pytest.mark.parametrize("run", RUNS, ids=[run["name"] for run in RUNS])
def test_over_fitting_is_named_in_the_runs_that_deserve_it(run):
    """Since the least validation loss, which may be another one where sums are rounded otherwise."""
    state = train(started(run)).state
    found, validation = overfitting_since(state), state.run.curve("validation")
    if validation is None:
        assert (run["since"], found) == (None, None)
        return
    points = validation.points
    assert found == (run["since"] and pytest.approx(run["since"], rel=0.05))
    assert found in (None, points[points[:, 1].argmin(), 0])
    for span in (4, 16) if len(points) > 500 else ():  # the curve is thinned
        few = with_curves(state, lambda history, span=span: extremes(history.points, span))
        assert overfitting_since(few) == found
    if "one dip among swings" in run["name"]:  # at no time of the run a lucky dip is over-fitting
        for end in range(2, 202):
            begun = with_curves(state, lambda history, end=end: History().extended(history.points[:end]))
            assert overfitting_since(begun) is None


def curve(losses, every=1):
    return History().extended(np.column_stack((np.arange(len(losses)) * every, losses)))


def measured(trained, validation, rows=10, batch_size=None):
    """Return a State with a number of rows, half of them for validation, and a run with two curves."""
    state = some(rows)
    training = replace(state.training, validation=0.5, batch_size=batch_size)
    memory, end = np.zeros((0, 1)), trained.last[0]
    beside = () if validation is None else (Curve("validation", validation),)
    segments = (Segment(0, replace(training, updates=1)),)
    run = Run(state.network, end, trained, "gradient_descent", memory, segments, beside=beside)
    return replace(state, training=training, run=run)


FALLS = curve(np.linspace(9, 1, 101))
VALLEY = (*np.linspace(9, 5, 41), *np.linspace(5.05, 8, 60))


def test_a_curve_that_has_risen_since_its_least_is_over_fitting_since_then():
    assert overfitting_since(measured(FALLS, curve(VALLEY))) == 40
    assert overfitting_since(measured(FALLS, curve([*VALLEY[:90], 0.1, *VALLEY[91:]]))) == 40  # a lucky dip
    five = curve(np.linspace(9, 1, 101), every=5)  # epochs of 5 updates
    assert overfitting_since(measured(five, curve(VALLEY, every=5), batch_size=1)) == 200
    huge = curve([1e200, *np.linspace(9, 1, 100)])
    assert overfitting_since(measured(huge, curve(VALLEY))) == 40


NOT_RISEN = [
    np.linspace(9, 5, 101),  # it falls
    [*np.linspace(9, 5, 41), *np.linspace(5.01, 5.4, 60)],  # by less than 10 %
    [*np.linspace(9, 5, 90), *np.linspace(5.1, 8, 11)],  # for too short a time to say
    [*np.linspace(9, 5, 60), *[5.01] * 31, *np.linspace(5.1, 8, 10)],  # after a plateau
    [*VALLEY[:71], *np.linspace(6.5, 5.1, 30)],  # it comes down again
    [*VALLEY[:41], *np.linspace(5.2, 10, 30), *np.linspace(9.9, 6.3, 30)],  # it is on its way down
    [*np.linspace(9, 8, 41), 3, *np.linspace(8, 8.5, 59)],  # one dip among losses that were never less
    [9, 3, *[5, 3.01] * 49, 5],  # it wobbles about what it was
    np.linspace(5, 9, 101),  # it has never fallen
    [5, 4.9, *np.linspace(5.1, 9, 99)],  # but once
    [9, *[0] * 41, *[1e-9] * 59],  # rounding noise
    [np.nan] * 101,
    [np.inf] * 101,
    [1e300 * loss for loss in (9, 8.9) * 50] + [0],
    [-4, *[-5] * 100],  # below 0, too
    [9],
    [*[np.inf] * 90, *VALLEY[90:]],  # it is finite late alone
    [1e200, *VALLEY[1:]],  # less than a pixel of what it once was
]


def test_a_curve_that_has_not_risen_is_no_over_fitting():
    assert [
        losses for losses in NOT_RISEN if overfitting_since(measured(FALLS, curve(losses))) is not None
    ] == []


def test_without_a_falling_loss_or_enough_validation_rows_there_is_no_over_fitting():
    rising, flat = measured(curve(VALLEY), curve(VALLEY)), measured(curve([5] * 101), curve(VALLEY))
    without, empty = measured(FALLS, None), measured(FALLS, History())
    few = some(10), measured(FALLS, curve(VALLEY), rows=8)
    assert [overfitting_since(state) for state in (rising, flat, without, empty, *few)] == [None] * 6


def some(rows, seed=0):
    network = Network.from_weights({"output": [1.0]})
    numbers = np.arange(rows, dtype=float).reshape(-1, 1)
    return State(network, Dataset(numbers, 10 * numbers), Training(seed=seed))


def test_every_split_is_reached_by_the_share_that_a_person_would_type():
    for rows in (1, 2, 3, 7, 10, 49, 150, 1000):
        for row in range(1, rows + 1, max(1, rows // 200)):
            split = edits.validate_from(some(rows), row)
            assert split.trained_rows == row
            assert len(repr(split.training.validation)) <= 2 + len(str(rows)) + 1
    shares = {(150, 105): 0.3, (150, 120): 0.2, (10, 9): 0.1, (4, 3): 0.2, (4, 4): 0.0}
    found = {of: edits.validate_from(some(of[0]), of[1]).training.validation for of in shares}
    assert found == shares
    assert int(500_000 * (1 - edits.validation_from(333_333, 500_000))) == 333_333


def test_shuffled_rows_are_in_the_order_of_the_seed_with_their_targets():
    shuffled = edits.shuffle_rows(some(50, seed=7))
    order = np.random.default_rng([7, 2]).permutation(50)
    assert shuffled.data.inputs[:, 0].tolist() == order.tolist()
    assert shuffled.data.targets[:, 0].tolist() == (10 * order).tolist()
    bare = edits.set_rows(some(5), some(5).data.inputs, None)
    assert sorted(edits.shuffle_rows(bare).data.inputs[:, 0]) == [0, 1, 2, 3, 4]
