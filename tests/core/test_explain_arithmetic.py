import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.activations import activation
from nnviz.core.explanation.arithmetic import ascii_text, elided, write
from nnviz.core.expressions import Negative, Number, Product, Quotient, Square, Sum
from nnviz.core.rules import EXP
from tests.core.oracle import SCALAR
from tests.core.written import closes, evaluated

RELU = activation("relu").written
floats = st.floats(-1e6, 1e6).filter(lambda v: v == 0 or abs(v) > 1e-6)


def n(value):
    return Number(value)


def test_whole_numbers_are_written_in_full_with_an_equals_sign():
    z = write(Sum(Product(n(3), n(2)), Product(n(5), n(4))), 26.0)
    assert z.text == "3·2 + 5·4 = 26"
    assert z.exact


def test_a_minus_inside_stands_in_parentheses_and_at_the_start_alone():
    assert write(Product(n(-3), n(-2)), 6.0).text == "−3·(−2) = 6"
    assert write(Square(n(-8)), 64.0).text == "(−8)² = 64"
    assert write(Sum(n(3), n(-5)), -2.0).text == "3 − 5 = −2"
    assert write(Sum(n(52), Negative(n(60))), -8.0).text == "52 − 60 = −8"
    assert write(Sum(n(2), Negative(Product(n(0.01), n(-28)))), 2.28).text == "2 − 0.01·(−28) = 2.28"


def test_sums_and_products_nest_with_the_parentheses_they_need():
    mean = Quotient(Sum(n(14), n(28), n(-42)), n(4))
    assert write(mean, 0.0).text == "(14 + 28 − 42)/4 = 0"
    assert write(Product(n(2), Sum(n(-1), n(3))), 4.0).text == "2·(−1 + 3) = 4"
    assert write(Sum(n(1), Negative(Sum(n(2), n(3)))), -4.0).text == "1 − (2 + 3) = −4"
    assert write(RELU(n(-13)), 0.0).text == "relu(−13) = 0"


def test_a_rounded_number_is_marked():
    third = write(Quotient(n(1), n(3)), 1 / 3)
    assert third.text == "1/3 ≈ 0.333333"
    assert not third.exact
    assert write(n(1 / 3), 1 / 3).text == "≈ 0.333333"
    assert write(n(0.25), 0.25).text == "0.25"


def test_decimal_arithmetic_that_is_exact_as_written_has_an_equals_sign():
    assert write(Sum(n(0.1), n(0.2)), 0.1 + 0.2).text == "0.1 + 0.2 = 0.3"


def test_what_float64_cannot_hold_makes_no_line_a_rounded_one():
    w = 3.6 + 0.0288 + 4e-16
    assert w != 3.6288
    assert write(Sum(n(w), Negative(n(0))), w).text == "3.6288 − 0 = 3.6288"
    assert write(n(w), w).text == "3.6288"


def test_a_rounded_number_has_no_needless_zeros():
    assert write(n(-0.76029000123), -0.76029000123).text == "≈ −0.76029"


def test_a_zero_that_is_exact_has_an_equals_sign_although_its_operands_are_rounded():
    assert write(RELU(n(-0.24175123456)), 0.0).text == "relu(−0.241751) = 0"
    assert write(Product(n(0), n(5.621234567891e152), n(2)), 0.0).text == "0·5.62123e152·2 = 0"
    assert write(Sum(n(1 / 3), Negative(n(1 / 3))), 0.0).text == "0.333333 − 0.333333 = 0"
    assert write(Square(n(1.23456789e-200)), 0.0).text == "(1.23457e−200)² ≈ 0"


def test_a_sum_of_one_number_is_said_once():
    assert write(Sum(n(0)), 0.0).text == "0"
    assert write(Sum(n(1 / 3)), 1 / 3).text == "≈ 0.333333"


def test_operands_get_more_digits_until_the_line_closes():
    a, b = 1.0000004, 0.99999951
    line = write(Sum(n(a / 3), Negative(n(b / 3))), a / 3 - b / 3)
    assert closes(line.text)
    assert len(line.text.split(" − ")[0]) > len("0.333333")


def test_terms_that_cancel_beyond_float64_are_still_true_as_written():
    line = write(Sum(n(0.1), n(0.2), n(-0.3)), 0.0)
    assert closes(line.text)
    assert line.value == 0.1 + 0.2 - 0.3


def test_a_long_sum_shows_the_largest_terms_and_the_sum_of_the_others():
    sizes = [1.0, 9.0, 2.0, -8.0, 3.0, 4.0]
    line = write(elided([n(s) for s in sizes], 2, "z"), sum(sizes))
    assert line.text == "9 − 8 + 10 [4 more] = 11"
    assert [piece.unfolds for piece in line.pieces if piece.unfolds] == ["z"]


@given(st.lists(st.tuples(floats, floats), min_size=1, max_size=30))
def test_any_sum_of_products_closes_as_it_is_written(pairs):
    value = math.fsum(a * b for a, b in pairs)
    line = write(Sum(*(Product(n(a), n(b)) for a, b in pairs)), value)
    assert closes(line.text)
    assert math.isclose(line.value, value, abs_tol=1e-12 * sum(abs(a * b) for a, b in pairs))


@given(
    floats,
    st.floats(-30, 30),
    st.sampled_from(["e^", *(each for each in SCALAR if each != "identity")]),
)
def test_any_function_closes_and_is_exact_only_where_it_is(w, z, name):
    value = math.exp(z) if name == "e^" else SCALAR[name](z)
    function = EXP if name == "e^" else activation(name).written
    line = write(Product(n(w), function(n(z))), w * value)
    assert closes(line.text)
    before, sign, result = evaluated(line.text)
    assert sign == "≈" or before == pytest.approx(result, rel=1e-14, abs=0)


def test_copies_are_ascii():
    assert ascii_text("√(4)·(−8)² ≈ 2.5") == "sqrt(4)*(-8)^2 ~= 2.5"
    assert ascii_text("∂MSE/∂z = Σ w·δ").startswith("dMSE/dz = sum of w*")
