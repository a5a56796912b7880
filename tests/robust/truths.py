"""What holds of what is open, whatever was done to it: each a function of a Stage that fails where not.

Knows nothing of widgets.
"""

import numpy as np

from nnviz.core.address import all_weights
from nnviz.core.health import health
from nnviz.core.slopes import slopes, slopes_from
from tests.robust.actions import numbers_of

CLOSE = 1e-9
"""How far two ways to the same number may differ: the order in which terms are added up is not the same."""
FEW = 1000
"""Products of a weight and a row: of more not all is known at once, nor is all said."""


def every_number_is_finite(stage):
    state = stage.document.state
    assert all(np.isfinite(array).all() for array in arrays(state))
    assert 0.0 < state.training.learning_rate < np.inf


def names_are_unique(stage):
    state = stage.document.state
    for names in ([*state.network.all_names()], [kept.name for kept in state.weight_sets]):
        assert len(set(names)) == len(names)
        assert all(name.strip() for name in names)


def shapes_fit(stage):
    state = stage.document.state
    rows = len(state.data)
    assert state.data.inputs.shape == (rows, len(state.network.inputs))
    if state.data.targets is not None:
        assert state.data.targets.shape == (rows, len(state.network.outputs))
    for kept in state.weight_sets:
        assert kept.into(state.network).sizes == state.network.sizes


def the_selection_is_of_the_state(stage):
    state, selection = stage.document.state, stage.selection
    assert 0 <= selection.row < max(len(state.data), 1)
    for address in (selection.address, selection.second):
        assert address is None or address.within(state.network)
    assert selection.address is not None or selection.second is None


def the_walk_is_of_the_network(stage):
    progress, sizes = stage.player.progress, stage.document.state.network.sizes
    if progress.active:
        nodes = {(step.layer, step.node) for step in progress.walk.steps if step.phase == "forward"}
        assert nodes == {(k, j) for k, size in enumerate(sizes[1:]) for j in range(size)}
        assert 0 <= progress.position <= progress.goal <= len(progress.walk)


def what_is_derived_follows_from_the_state(stage):
    derived, state, row = stage.derived, stage.document.state, stage.selection.row
    network, data = state.network, state.data
    assert derived.state is state
    if not len(data):
        assert derived.trace is None
        return
    trace = network.forward(data.inputs)
    few = len(data) * len(all_weights(network)) <= FEW
    odd = derived.marks().badges
    assert odd == health(network, trace, state.measure).badges() or (odd == {} and not few)
    here = trace.rows(slice(row, row + 1))
    same((derived.trace.inputs, *derived.trace.z, *derived.trace.a), (here.inputs, *here.z, *here.a))
    same([derived.prediction(k) for k in range(len(data))], trace.prediction)
    if data.targets is None:
        assert (derived.loss, derived.slopes, derived.means) == (None, None, None)
        return
    if derived.loss is None or derived.means is None:
        assert not few  # they will be known
        return
    trained, loss = slice(state.trained_rows), state.training.loss
    whole = slopes(network, data.inputs[trained], data.targets[trained], loss)
    same([derived.loss, derived.means.slopes.loss], [state.loss(), state.loss()])
    same_slopes(derived.means.slopes, whole)
    same_slopes(derived.slopes, slopes_from(network, here, data.targets[row : row + 1], state.measure))


def the_history_leads_to_the_state(stage):
    state = stage.document.state
    if state.run is None or not len(state.run.history):
        assert state.iteration == 0
        return
    iterations, mses = state.run.history.points.T
    assert iterations[0] == 0
    assert (np.diff(iterations) > 0).all()
    assert (mses >= 0.0).all()
    assert iterations[-1] <= state.iteration <= stage.runner.travel.end
    assert all(segment.after < state.iteration for segment in state.run.segments)
    if iterations[-1] == state.iteration:
        largest = max(
            np.abs(state.network.predict(state.data.inputs)).max(), np.abs(state.data.targets).max()
        )
        assert np.isclose(mses[-1], state.loss(), CLOSE, 1e-12 * float(min(largest, 1e150)) ** 2)


def undo_leads_to_the_first_state(stage):
    document = stage.document
    assert document.undo_text() or document.state is stage.first


def no_state_that_was_shown_has_changed(stage):
    assert all(numbers_of(state) == numbers for state, numbers in stage.seen.values())


def an_iteration_is_the_same_whenever_it_is_shown(stage):
    for shown in stage.iterations.values():
        assert len({numbers for _, numbers in shown}) == 1


TRUTHS = (
    every_number_is_finite,
    names_are_unique,
    shapes_fit,
    the_selection_is_of_the_state,
    the_walk_is_of_the_network,
    what_is_derived_follows_from_the_state,
    the_history_leads_to_the_state,
    undo_leads_to_the_first_state,
    an_iteration_is_the_same_whenever_it_is_shown,
)
"""What holds after each action."""
AT_THE_END = (no_state_that_was_shown_has_changed,)
"""What takes longer to see."""


def arrays(state):
    """Yield every array of a State, those of its weight sets and its run too."""
    layers = [*state.network.layers, *(layer for kept in state.weight_sets for layer in kept.layers)]
    yield state.data.inputs
    if state.data.targets is not None:
        yield state.data.targets
    if state.run is not None:
        layers += state.run.start.layers
        yield from (state.run.memory, state.run.history.points)
    yield from (earlier.history for earlier in state.runs)
    for layer in layers:
        yield layer.weights
        if layer.biases is not None:
            yield layer.biases


def same(some, others):
    """Check that numbers are the same; NaN and infinity are themselves."""
    for one, other in zip(some, others, strict=True):
        finite = np.abs(np.where(np.isfinite(other), other, 0.0))
        np.testing.assert_allclose(one, other, CLOSE, 1e-12 * float(np.max(finite, initial=0.0)))


def same_slopes(some, others):
    same([some.loss], [others.loss])
    for one, other in zip(some.layers, others.layers, strict=True):
        same([one.weights, one.nodes], [other.weights, other.nodes])
