"""What is too large for a number is infinite or NaN and told so, without a warning, whatever computes it."""

import math
import sys

import numpy as np
import pytest

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import Address, all_weights
from nnviz.core.explanation.check import checking
from nnviz.core.explanation.explain import explain
from nnviz.core.loss.line import loss_line
from nnviz.core.loss.map import loss_map
from nnviz.core.loss.span import LARGEST, size_of
from nnviz.core.network import Layer, Network
from nnviz.core.results import Computed, Results
from nnviz.core.state import Dataset, State
from nnviz.core.training import train

NUMBERS = (sys.float_info.max, 1e308, 1e300, 1e155, 1e-155, 1e-320, 5e-324, -0.0)


def filled(number, activation="identity"):
    """Return a State of 2-2-1 nodes and 2 rows whose every number is ± `number`."""
    hidden = Layer(("a", "b"), activation, [[number, -number], [-number, number]], [number, -number])
    network = Network(("x", "y"), (hidden, Layer(("out",), "identity", [[number, -number]], [-number])))
    return State(network, Dataset([[number, -number], [-number, number]], [[number], [-number]]))


def computed(state, row=0):
    results = Results(state)
    results.average(None, True)
    trace, slopes = results.trace_of(row, True), results.slopes_of(row, True)
    return Computed(row, trace, slopes, results.means[None], results.means[None])


@pytest.fixture(
    params=[(number, name) for number in NUMBERS for name in ("identity", "relu", "tanh")], ids=str
)
def state(request):
    return filled(*request.param)


def test_every_number_is_explained(state):
    known = computed(state)
    parts = [None, *all_weights(state.network), *(Address("node", k, 0) for k in (-1, 0, 1))]
    for part in parts:
        for mean in (False, True):
            assert explain(state, part, known, mean=mean).text()


def test_every_slope_is_measured(state):
    for weight in all_weights(state.network):
        for row in (None, 0):
            *_, check = checking(state, weight, row)
            assert isinstance(check.measured, float)
            assert isinstance(check.reason(0.0), str)


def test_the_line_and_the_map_stay_within_what_can_be_drawn(state):
    weights = all_weights(state.network)
    for weight in weights:
        *_, line = loss_line(state, weight, None)
        assert all(abs(end) <= LARGEST for end in line.stretch)
        assert all(map(math.isfinite, line.heights()))
    *_, found = loss_map(state, weights[0], weights[-1], np.empty((0, 2)), None)
    assert all(abs(end) <= LARGEST for stretch in found.stretches for end in stretch)


def test_how_large_weights_are_is_found_where_their_squares_are_too_large():
    state = filled(1e200)
    assert size_of(state, Address("weight", 0, 0, 0)) == pytest.approx(1e200)
    assert size_of(filled(1e-320), Address("weight", 0, 0, 0)) == 1.0


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_training_ends_with_finite_numbers_or_does_not_begin(number, name):
    try:
        result = train(filled(number, name), updates=3, learning_rate=1e300)
    except ValueError as error:
        assert "too large" in str(error)  # noqa: PT017
        return
    assert all(np.isfinite(layer.weights).all() for layer in result.state.network.layers)
    assert np.isfinite(result.history).all()
