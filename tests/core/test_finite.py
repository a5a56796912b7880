"""No State holds a number that is not finite: what makes one is refused in a sentence, or ends before it."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from nnviz.core import edits, structure
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import nudged, nudged_digit
from nnviz.core.state import Dataset, State, Weights, WeightSet

LARGEST = sys.float_info.max
NOT_FINITE = [float("inf"), float("-inf"), float("nan")]


def huge(value=1e308):
    """Return a State of 2-2-1 nodes whose weights and biases are all ± `value`."""
    hidden = Layer(("a", "b"), "identity", [[value, -value], [-value, value]], [value, value])
    output = Layer(("out",), "identity", [[value, -value]], [value])
    network = Network(("x", "y"), (hidden, output))
    return State(network, Dataset([[1.0, 2.0]], [[0.0]]), weight_sets=(WeightSet.of("huge", network),))


@pytest.mark.parametrize("number", NOT_FINITE)
@pytest.mark.parametrize(
    ("place", "make"),
    [
        ("weights", lambda number: Layer(("out",), "relu", [[1.0, number]])),
        ("biases", lambda number: Layer(("out",), "relu", [[1.0]], [number])),
        ("weights", lambda number: Weights([[number]])),
        ("inputs", lambda number: Dataset([[number, 1.0]])),
        ("targets", lambda number: Dataset([[1.0]], [[number]])),
    ],
)
def test_what_a_state_is_made_of_holds_finite_numbers_alone(place, make, number):
    found = "NaN" if number != number else "one that is too large"
    with pytest.raises(ValueError, match=rf"^{place}(\[\d\])+: expected a finite number, found {found}$"):
        make(number)


def test_a_whole_number_of_400_digits_is_too_large():
    with pytest.raises(ValueError, match="weights: expected finite numbers, found one that is too large"):
        Layer(("out",), "relu", [[10**400]])


@pytest.mark.parametrize("number", NOT_FINITE)
@pytest.mark.parametrize(
    "edit",
    [
        lambda s, number: edits.set_weight(s, 0, 0, 0, number),
        lambda s, number: edits.set_bias(s, 0, 0, number),
        lambda s, number: edits.set_input(s, 0, 0, number),
        lambda s, number: edits.set_target(s, 0, 0, number),
        lambda s, number: edits.put_cells(s, 0, [0], np.array([[number]])),
        lambda s, number: edits.set_training(s, replace(s.training, learning_rate=number)),
    ],
)
def test_every_edit_refuses_what_is_not_finite(edit, number):
    with pytest.raises(ValueError, match=r"finite|above 0"):
        edit(huge(), number)


def test_a_hidden_layer_whose_product_is_too_large_stays():
    with pytest.raises(ValueError, match=r"the hidden layer stays: the product .* is too large for a number"):
        structure.remove_layer(huge(), 0)
    only_biases = replace(huge(1.0), weight_sets=())
    for layer in (0, 1):
        only_biases = edits.set_bias(only_biases, layer, 0, LARGEST)
    with pytest.raises(ValueError, match="too large"):
        structure.remove_layer(only_biases, 0)


@pytest.mark.parametrize("value", [LARGEST, -LARGEST, 1e308, 5e-324, 0.0])
@pytest.mark.parametrize("steps", [1e308, 1.0, -1.0, -1e308])
def test_a_nudge_ends_at_the_largest_number(value, steps):
    assert abs(nudged(value, steps, "10")) <= LARGEST


def test_a_rate_that_is_nudged_stays_above_0_and_finite():
    assert nudged_digit(LARGEST, 1, 0) == LARGEST
    assert nudged_digit(5e-324, -1, 0) == 5e-324
    assert nudged_digit(5e-324, -1, 1) == 5e-324
