"""What holds of the models of what is open, whatever was done to it: each a function that fails where not.

The models are `document`, `runner` and `player`: of a window, or of a document alone.
"""

import numpy as np

from nnviz.core.history import History
from nnviz.core.results import health
from nnviz.core.slopes import slopes, slopes_from
from tests.ui.sees import OF_THE_MACHINE

CLOSE = 1e-9
"""How far two ways to the same number may differ: the order in which terms are added up is not the same."""
FEW = 1000
"""Products of a weight and a row: of more not all is known at once, nor is all said."""


def every_number_is_finite(models):
    state = models.document.state
    assert all(np.isfinite(array).all() for array in arrays(state))
    assert 0.0 < state.training.learning_rate < np.inf


def names_are_unique(models):
    state = models.document.state
    for names in ([*state.network.all_names()], [kept.name for kept in state.weight_sets]):
        assert len(set(names)) == len(names)
        assert all(name.strip() for name in names)


def shapes_fit(models):
    state = models.document.state
    rows = len(state.data)
    assert state.data.inputs.shape == (rows, len(state.network.inputs))
    if state.data.targets is not None:
        assert state.data.targets.shape == (rows, len(state.network.outputs))
    for kept in state.weight_sets:
        assert kept.into(state.network).sizes == state.network.sizes


def the_selection_is_of_the_state(models):
    now = models.document.now
    state = now.state
    assert 0 <= now.row < max(len(state.data), 1)
    for address in (now.address, now.second):
        assert address is None or state.network.has(address)
    assert now.address is not None or now.second is None


def the_walk_is_of_the_network(models):
    progress, sizes = models.player.progress, models.document.state.network.sizes
    if progress.active:
        nodes = {(step.layer, step.node) for step in progress.walk.steps if step.phase == "forward"}
        assert nodes == {(k, j) for k, size in enumerate(sizes[1:]) for j in range(size)}
        assert 0 <= progress.position <= progress.goal <= len(progress.walk)


def what_is_derived_follows_from_the_state(models):
    now = models.document.now
    state, row = now.state, now.row
    network, data = state.network, state.data
    if not len(data):
        assert now.trace is None
        return
    trace = network.forward(data.inputs)
    few = len(data) * len(network.all_weights()) <= FEW
    odd = now.marks.badges
    assert odd == health(network, trace, state.measure).badges() or (odd == {} and not few)
    what_if = now.what_if_row
    here = trace.rows(slice(row, row + 1)) if what_if is None else network.forward(what_if[None])
    same((now.trace.inputs, *now.trace.z, *now.trace.a), (here.inputs, *here.z, *here.a))
    same([now.prediction(k) for k in range(len(data))], trace.prediction)
    if data.targets is None:
        assert (now.measured.loss, now.slopes, now.means) == (None, None, None)
        return
    if now.measured.loss is None or now.means is None:
        assert not few  # they will be known
        return
    trained, loss = slice(state.trained_rows), state.training.loss
    whole = slopes(network, data.inputs[trained], data.targets[trained], loss)
    same([now.measured.loss, now.means.slopes.loss], [state.loss(), state.loss()])
    same_slopes(now.means.slopes, whole)
    if what_if is None:
        same_slopes(now.slopes, slopes_from(network, here, data.targets[row : row + 1], state.measure))


def the_history_leads_to_the_state(models):
    state = models.document.state
    if state.run is None or not len(state.run.history):
        assert state.iteration == 0
        return
    iterations, mses = state.run.history.points.T
    assert iterations[0] == 0
    assert (np.diff(iterations) > 0).all()
    assert (mses >= 0.0).all()
    assert iterations[-1] <= state.iteration <= models.runner.travel.end
    assert all(segment.after < state.iteration for segment in state.run.segments)
    if iterations[-1] == state.iteration:
        largest = max(
            np.abs(state.network.predict(state.data.inputs)).max(), np.abs(state.data.targets).max()
        )
        assert np.isclose(mses[-1], state.loss(), CLOSE, 1e-12 * float(min(largest, 1e150)) ** 2)


TRUTHS = (
    every_number_is_finite,
    names_are_unique,
    shapes_fit,
    the_selection_is_of_the_state,
    the_walk_is_of_the_network,
    what_is_derived_follows_from_the_state,
    the_history_leads_to_the_state,
)
"""What holds after each action."""


def arrays(value):
    """Yield every array of a State, or of a part of it."""
    value = value.points if isinstance(value, History) else value  # its buffer grows on
    if isinstance(value, np.ndarray):
        yield value
        return
    parts = getattr(value, "__dict__", None) or (value if isinstance(value, tuple) else ())
    for part in parts.values() if isinstance(parts, dict) else parts:
        yield from arrays(part)


def same(some, others):
    """Check that numbers are the same; NaN and infinity are themselves."""
    for one, other in zip(some, others, strict=True):
        finite = np.abs(np.where(np.isfinite(other), other, 0.0))
        np.testing.assert_allclose(one, other, CLOSE, 1e-12 * float(np.max(finite, initial=0.0)))


def same_slopes(some, others):
    same([some.loss], [others.loss])
    for one, other in zip(some.layers, others.layers, strict=True):
        same([one.weights, one.nodes], [other.weights, other.nodes])


def logged(path):
    """Return the faults in the program's log."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    told = "".join(line for line in lines if not any(own in line for own in OF_THE_MACHINE))
    return [told] * bool(told.strip())
