"""An activation as a curve: the numbers are the activation's own, and the stretch shows bend and rows."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.core.activation_curve import LARGEST, USUAL, Bend, steady, stretch_of
from nnviz.core.activations import ACTIVATIONS, activation

ELEMENTWISE = [name for name, each in ACTIVATIONS.items() if each.elementwise]
NAMES = [*ELEMENTWISE, "leaky_relu(0.2)", "elu(0.5)"]


@pytest.mark.parametrize("name", NAMES)
def test_the_curve_is_the_activation_and_its_slope_to_the_last_bit(name):
    function = activation(name)
    curve = Bend(function).curve((-5.0, 5.0))
    there = np.isfinite(curve.slope)
    np.testing.assert_array_equal(curve.a, function(curve.z))
    np.testing.assert_array_equal(curve.slope[there], function.slope(curve.z[there]))
    assert np.count_nonzero(~there) == len(function.kinks)
    assert (np.diff(curve.z) >= 0).all()
    assert (curve.z[0], curve.z[-1]) == (-5.0, 5.0)


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_that_of_the_curve(name):
    for z in (-3.3, -0.7, 0.4, 2.9):
        reading = Bend(activation(name)).at(z)
        above, below = (Bend(activation(name)).at(z + h).a for h in (1e-6, -1e-6))
        assert reading.slope == pytest.approx((above - below) / 2e-6, abs=1e-6)


@pytest.mark.parametrize(("name", "left"), [("relu", 0.0), ("leaky_relu(0.2)", 0.2), ("elu(0.5)", 0.5)])
def test_at_a_kink_the_slope_is_that_of_the_left_and_no_line_joins_the_jump(name, left):
    curve = Bend(activation(name)).curve((-4.0, 4.0))
    ((at, behind),) = curve.kinks
    assert (at.z, at.slope, behind.slope) == (0.0, left, 1.0)
    assert 0.0 < behind.z < 1e-300
    gap = int(np.flatnonzero(np.isnan(curve.slope))[0])
    assert curve.slope[[gap - 1, gap + 1]].tolist() == [left, 1.0]
    assert curve.z[gap - 1] == 0.0


def test_a_smooth_curve_has_no_kink_in_it_and_none_stands_outside():
    assert Bend(activation("tanh")).curve((-4.0, 4.0)).kinks == ()
    assert Bend(activation("relu")).curve((1.0, 4.0)).kinks == ()


@given(st.lists(st.floats(-30, 30), min_size=2, max_size=12), st.data())
@settings(max_examples=50, deadline=None)
def test_of_softmax_the_own_z_varies_and_the_others_are_held(z, data):
    node = data.draw(st.integers(0, len(z) - 1))
    bend = Bend(ACTIVATIONS["softmax"], np.array(z), node)
    curve = bend.curve((-10.0, 10.0))
    others = [value for k, value in enumerate(z) if k != node]
    for own, a, slope in zip(curve.z[::40], curve.a[::40], curve.slope[::40], strict=True):
        expected = 1 / (1 + sum(math.exp(other - own) for other in others))
        assert a == pytest.approx(expected, rel=1e-9)
        assert slope == pytest.approx(expected * (1 - expected), rel=1e-6, abs=1e-15)
    held = ACTIVATIONS["softmax"](np.array([z]))[0, node]
    assert bend.at(z[node]).a == pytest.approx(held, rel=1e-12)


# --- the stretch


def test_the_stretch_shows_the_bend_the_rows_and_the_one_that_is_looked_at():
    assert stretch_of(np.array([]), math.nan) == (-USUAL, USUAL)
    assert stretch_of(np.array([0.1, 0.2]), 0.1) == (-USUAL, USUAL)
    assert stretch_of(np.array([1.0, 26.0]), 26.0) == (-USUAL, 26.0)
    assert stretch_of(np.array([1.0]), -50.0) == (-50.0, USUAL)


def test_a_row_far_out_does_not_widen_it_unless_it_is_looked_at():
    z = np.array([*np.linspace(-3, 9, 49), 1e6])
    assert stretch_of(z, 0.0) == (-USUAL, 9.0)
    assert stretch_of(z, 1e6) == (-USUAL, 1e6)


@pytest.mark.parametrize("own", [math.inf, -math.inf, math.nan, 1e300, 1.7e308, -1.7e308])
def test_no_number_is_too_large_for_it(own):
    low, high = steady(None, stretch_of(np.array([own, 1.0, math.nan]), own))
    assert -2 * LARGEST < low < high < 2 * LARGEST
    for name in NAMES:
        curve = Bend(activation(name)).curve((low, high))
        assert np.isfinite(curve.z).all()
        bottom, top = curve.heights(curve.a)
        assert math.isfinite(bottom)
        assert bottom < top
        assert math.isfinite(curve.times)


def test_it_stays_while_it_shows_all_and_is_not_much_too_wide():
    first = steady(None, (-4.0, 10.0))
    assert first[0] < -4.0
    assert first[1] > 10.0
    assert steady(first, (-4.0, 10.5)) is first
    assert steady(first, (-4.0, 4.0)) is first
    assert steady(first, (-4.0, 20.0))[1] > 20.0
    assert steady((-4.5, 100.0), (-4.0, 10.0)) == first


# --- the scale of the slopes


@pytest.mark.parametrize(("high", "times"), [(4.0, 1.0), (26.0, 20.0), (60.0, 50.0), (300.0, 200.0)])
def test_a_slope_beside_a_large_a_is_drawn_on_a_scale_of_its_own(high, times):
    assert Bend(activation("relu")).curve((-4.0, high)).times == times


def test_a_sigmoid_and_its_slope_share_a_scale():
    curve = Bend(activation("sigmoid")).curve((-4.0, 4.0))
    assert curve.times == 1.0
    assert curve.slope.max() == 0.25
    assert curve.heights(np.array([])) == pytest.approx((-0.06 * curve.a.max(), 1.06 * curve.a.max()))
