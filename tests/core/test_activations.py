"""Each activation against its definition, far out as well, without a warning."""

import math
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.expressions import InexactError, Number
from nnviz.core.kernels import normal
from nnviz.core.network import Layer
from tests.core.oracle import KINKED, NAMES, SCALAR, activate

every = [activation(name) for name in NAMES]
elementwise = [each for each in every if each.elementwise]


def test_every_activation_has_a_definition_to_be_compared_with():
    design = "identity relu leaky_relu elu selu silu gelu softsign sigmoid tanh softplus softmax"
    assert set(ACTIVATIONS) == {name.partition("(")[0] for name in NAMES} >= set(design.split())


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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("relu", 0.0),
        ("leaky_relu", 0.01),
        ("leaky_relu(0.2)", 0.2),
        ("elu", 1.0),
        ("elu(0.5)", 0.5),
        ("selu", 1.7580993408473766),
    ],
)
def test_the_slope_at_a_kink_is_that_of_the_left_side(name, expected):
    assert activation(name).slope(np.zeros((1, 1)))[0, 0] == expected


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
def test_kinks_and_flat_parts_are_where_the_slope_says(function):
    """The slope jumps at the kinks alone, and is 0 on the flat parts alone."""
    h = 1e-7
    left, right = (function.slope(np.array([[kink]]))[0, 0] for kink in (-h, h))
    assert function.kinks == ((0.0,) if function.name in KINKED else ())
    assert (abs(left - right) > 0.01) == bool(function.kinks)
    z = np.linspace(-30, 30, 6001)
    flat = np.zeros(z.shape, dtype=bool)
    for low, high in function.flat:
        flat |= (low <= z) & (z <= high)
    slopes = function.slope(z[None])[0]
    assert not slopes[flat].any()
    assert slopes[~flat & (np.abs(z) < 5)].all()


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
def test_where_it_is_saturated_its_slope_is_small_and_stays_so(function):
    limit = 0.02 if function.name == "tanh" else 0.01
    for low, high in function.saturated:
        edge = high if math.isinf(low) else low
        away = -1.0 if math.isinf(low) else 1.0
        beyond = edge + away * np.linspace(1e-9, 50, 1000)
        assert (np.abs(function.slope(beyond[None])) < limit).all()
        assert (np.abs(function.slope(np.array([[edge - 0.15 * away]]))) > 0.9 * limit).all()


def test_softmax_has_no_elementwise_slope():
    with pytest.raises(TypeError, match="softmax has no elementwise slope"):
        ACTIVATIONS["softmax"].slope(np.zeros((1, 2)))


@pytest.mark.parametrize("function", every, ids=lambda a: a.name)
@pytest.mark.parametrize("far", [-1e308, -1e300, -800.0, -700.0, -1e-300, 1e-300, 700.0, 800.0, 1e300, 1e308])
def test_far_out_values_stay_finite_and_warn_of_nothing(function, far):
    z = np.array([[far, 0.0]])
    a = function(z)
    slope = np.empty_like(z)
    function.backward(z, a, np.ones_like(z), slope)()
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("function", every, ids=lambda a: a.name)
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
    for function in every:
        with np.errstate(invalid="ignore"):
            a = function(np.array([[math.nan, 1.0]]))
        assert math.isnan(a[0, 0])


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
@given(z=st.floats(-700, 700))
def test_the_written_slope_is_the_slope(function, z):
    """What Explain writes, evaluated in float64, against what is computed."""
    z_, a = (Number(float(v)) for v in (z, function(np.array([[z]]))[0, 0]))
    written = function.slope_rule.at({"z": z_, "a": a}).computed()
    assert written == pytest.approx(function.slope(np.array([[z]]))[0, 0], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("function", elementwise, ids=lambda a: a.name)
@given(z=st.fractions(-20, 20, max_denominator=64))
def test_where_a_value_is_a_fraction_it_is_that(function, z):
    exact = function.exact(z)
    if exact is not None:
        assert float(exact) == pytest.approx(SCALAR[function.name](float(z)), rel=1e-12, abs=1e-15)
    there = np.array([[float(z)]])
    numbers = {"z": Number(float(z)), "a": Number(float(function(there)[0, 0]))}
    try:
        slope = function.slope_rule.at(numbers).evaluate(lambda number: Fraction(number.value))
    except InexactError:
        return
    assert float(slope) == pytest.approx(function.slope(there)[0, 0], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(
    ("name", "z", "expected"),
    [
        # selu's constants are those of the paper, PyTorch and Keras; the others were computed with 50 digits
        ("selu", 1.0, 1.0507009873554804934193349852946),
        ("selu", -1e308, -1.7580993408473768599402175208123),
        ("selu", -1.0, -1.1113307378125627618),
        ("elu", -1.0, -0.6321205588285576784),
        ("silu", 1.0, 0.73105857863000487926),
        ("silu", -30.0, -2.8072868906517896862e-12),
        ("gelu", 1.0, 0.84134474606854294859),
        ("gelu", -1.0, -0.15865525393145705141),
        ("gelu", -10.0, -7.6198530241605260660e-23),
        ("softsign", -3.0, -0.75),
    ],
)
def test_known_values_to_the_last_digits(name, z, expected):
    assert ACTIVATIONS[name](np.array([[z]]))[0, 0] == pytest.approx(expected, rel=2e-15, abs=0)


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        (-37.0, 5.7255712225245768227e-300),
        (-16.75, 2.8313142815440512382e-63),
        (-5.0, 2.8665157187919391167e-7),
        (-0.1, 0.46017216272297101633),
        (0.0, 0.5),
        (2.0, 0.97724986805182079280),
    ],
)
def test_the_normal_distribution_is_right_to_the_last_digits_far_out_too(z, expected):
    assert normal(np.array(z)) == pytest.approx(expected, rel=1.5e-15, abs=0)


@given(st.floats(-6, 6))
def test_the_normal_distribution_is_the_c_librarys(z):
    assert normal(np.array(z)) == pytest.approx(math.erfc(-z / math.sqrt(2)) / 2, rel=2e-14, abs=0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("leaky_relu(0.2)", "leaky_relu(0.2)"),
        ("leaky_relu( .20 )", "leaky_relu(0.2)"),
        ("leaky_relu(0.01)", "leaky_relu"),
        ("elu(1.0)", "elu"),
        ("elu(2.0)", "elu(2)"),
        ("elu(1e-5)", "elu(1e-05)"),
    ],
)
def test_a_parameter_stands_in_brackets_unless_it_is_the_usual(text, name):
    layer = Layer(("n",), text, [[1.0]])
    assert layer.activation == layer.function.name == name
    assert activation(name) is layer.function


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("relu(0.2)", "activation: relu takes no parameter in brackets"),
        ("selu()", "activation: selu takes no parameter in brackets"),
        ("swish", "activation: no activation is called 'swish'; known are identity, relu"),
        ("relu ", "activation: no activation is called 'relu '; known are"),
        *(
            (
                f"leaky_relu({text}",
                "activation: leaky_relu takes in brackets its slope left of 0, a number between 0 and 1, "
                "such as leaky_relu(0.2)",
            )
            for text in ("", ")", "1)", "-0.1)", "nan)", "inf)", "x)", "0.2", "0.2))", "1e-400)")
        ),
        *(
            (
                f"elu({text})",
                "activation: elu takes in brackets its depth left of 0, a number above 0, such as elu(0.5)",
            )
            for text in ("0", "-1", "1e999", "1,000", "")
        ),
    ],
)
def test_a_bad_name_or_parameter_is_refused_in_a_sentence(text, sentence):
    with pytest.raises(ValueError, match="^" + re.escape(sentence)):
        Layer(("n",), text, [[1.0]])


@pytest.mark.parametrize("function", every, ids=lambda a: a.name)
def test_what_numpy_is_told_of_an_activation_computes_the_same(function):
    z = np.array([[-3.0, -0.5, 0.25, 2.0], [4.0, 1.0, -1.5, -30.0]])
    slope_a = np.array([[1.0, -2.0, 0.5, 3.0], [-1.0, 0.25, 2.0, 1.0]])
    a, slope_z = function(z), np.empty_like(z)
    function.backward(z, a, slope_a, slope_z)()
    names = {"np": np, "math": math, "z": z, "a": a, "slope_a": slope_a}
    assert eval(function.elsewhere.numpy, names) == pytest.approx(a, rel=1e-13, abs=1e-15)
    assert eval(function.elsewhere.numpy_slope, names) == pytest.approx(slope_z, rel=1e-12, abs=1e-14)
