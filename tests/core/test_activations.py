"""Each activation against its definition, far out as well, without a warning."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS
from tests.core.oracle import SCALAR, activate

elementwise = [a for a in ACTIVATIONS.values() if a.elementwise]


def test_the_registry_holds_the_seven_of_the_design():
    assert set(ACTIVATIONS) == {"identity", "relu", "leaky_relu", "sigmoid", "tanh", "softplus", "softmax"}


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
@given(z=st.floats(-30, 30))
def test_an_elementwise_activation_is_its_formula(function, z):
    assert function(np.array([[z]]))[0, 0] == pytest.approx(SCALAR[function.name](z), rel=1e-12, abs=1e-14)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=5))
def test_softmax_is_its_formula_row_by_row(z):
    rows = np.array([z, z[::-1]])
    found = ACTIVATIONS["softmax"](rows)
    assert found[0] == pytest.approx(activate("softmax", z))
    assert found.sum(axis=1) == pytest.approx([1, 1])


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
def test_a_slope_is_the_limit_of_differences(function):
    z = np.array([[-3.0, -0.7, 0.4, 2.0]])
    h = 1e-6
    assert function.slope(z) == pytest.approx(
        (function(z + h) - function(z - h)) / (2 * h), rel=1e-8, abs=1e-9
    )


@pytest.mark.parametrize(("name", "expected"), [("relu", 0.0), ("leaky_relu", 0.01)])
def test_the_slope_at_a_kink_is_that_of_the_left_side(name, expected):
    assert ACTIVATIONS[name].slope(np.zeros((1, 1)))[0, 0] == expected


def test_softmax_has_no_elementwise_slope():
    with pytest.raises(TypeError, match="softmax has no elementwise slope"):
        ACTIVATIONS["softmax"].slope(np.zeros((1, 2)))


@pytest.mark.parametrize("function", ACTIVATIONS.values(), ids=lambda a: a.name)
@pytest.mark.parametrize("far", [-1e300, -800.0, 800.0, 1e300])
def test_far_out_values_stay_finite_and_warn_of_nothing(function, far):
    z = np.array([[far, 0.0]])
    a = function(z)
    slope = np.empty_like(z)
    function.backward(z, a, np.ones_like(z), slope)()
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("function", ACTIVATIONS.values(), ids=lambda a: a.name)
def test_backward_is_the_jacobian_times_the_slope(function):
    z = np.array([[0.3, -1.2, 2.0]])
    slope_a = np.array([[1.0, -2.0, 0.5]])
    found = np.empty_like(z)
    function.backward(z, function(z), slope_a, found)()
    h = 1e-6
    for j in range(3):
        moved = np.zeros_like(z)
        moved[0, j] = h
        difference = (function(z + moved) - function(z - moved)) / (2 * h)
        assert found[0, j] == pytest.approx((difference * slope_a).sum(), abs=1e-8)


def test_a_not_a_number_is_never_hidden():
    for function in ACTIVATIONS.values():
        with np.errstate(invalid="ignore"):
            a = function(np.array([[math.nan, 1.0]]))
        assert math.isnan(a[0, 0])
