"""The curve of a long run, with real updates: `--robust=long` makes the ten million of a night."""

import json

import numpy as np

from nnviz.core import edits
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training.earlier import with_earlier
from nnviz.core.training.trainer import Trainer
from nnviz.document.training.job import USUAL_LIMITS
from nnviz.files import native
from nnviz.files.source import Source
from tests.core import oracle
from tests.core.test_history import check_line


def trained(state, updates, limit):
    """Return the State after so many updates; the document takes one now and then, as it does each frame."""
    trainer = Trainer(state, limit)
    for unit, _ in enumerate(trainer.work(updates)):
        if unit % 5000 == 0:
            trainer.state()
    return trainer.state()


def curves(run):
    return {"": run.history, **{curve.name: curve.history for curve in run.beside}}


def test_the_line_of_a_long_run_is_true_in_the_window_and_in_the_file(amount):
    updates = amount(quick=40_000, ci=200_000, night=10_000_000)
    network = oracle.make_network([2, 2, 1], ["tanh", "sigmoid"], [True, True], scale=1.0)
    data = Dataset([[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]])
    state = State(network, data, Training(0.3, updates, validation=0.25))
    whole = trained(state, updates, float("inf")).run
    shown = trained(state, updates, USUAL_LIMITS.history_points)
    opened = native.read(Source(native.write(shown)))
    assert len(curves(whole)) == 4
    for name, curve in curves(whole).items():
        assert len(curve) == updates + 1
        for run in (shown.run, opened.run):
            check_line(curves(run)[name].line, curve.points)
    later = with_earlier(edits.randomise(shown, 3), shown)
    (earlier,) = later.runs
    check_line(earlier.history, whole.points[:, :2])
    (again,) = native.read(Source(native.write(later))).runs
    np.testing.assert_array_equal(again.history, earlier.history)
    assert len(json.loads(native.write(shown))["run"]["history"]) <= 4 * 4096
