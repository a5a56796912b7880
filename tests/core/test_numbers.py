"""Numbers as people read and type them."""

import math
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.numbers import full, nudged, nudged_digit, parsed, shown

finite = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (52, "52"),
        (-13.0, "−13"),
        (999999, "999999"),
        (1e6, "1000000"),
        (-1234567, "−1234567"),
        (123456789, "1.235e8"),
        (1e9, "1e9"),
        (1.72, "1.72"),
        (49.890625, "49.890625"),
        (-0.00123456, "−0.00123456"),
        (9.8118e-3, "0.0098118"),
        (1.719963214, "1.720"),
        (0.1 + 0.2, "0.3"),
        (0.3 + 1e-13, "0.3000"),
        (0.000361890001, "0.0003619"),
        (-0.9999612345, "−1.000"),
        (1234.456789, "1234"),
        (999_999.5678, "1.000e6"),
        (9.6271134567e-05, "9.627e−5"),
        (1e-300, "1e−300"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "NaN"),
    ],
)
def test_a_number_is_exact_with_up_to_eight_digits_else_it_has_four(value, text):
    assert shown(value) == text


@given(finite | st.floats(-100, 100) | st.decimals(-100, 100, places=5).map(float))
def test_shown_is_exact_or_within_half_a_unit_of_its_fourth_digit(value):
    text = shown(value).replace("−", "-")
    read, figures = Decimal(text), re.sub(r"e.*|[-.]", "", text).lstrip("0")
    assert len(figures) <= 8
    if abs(float(text) - value) > 1e-15 * abs(value):
        assert len(figures) == 4
        assert abs(read - Decimal(value)) <= Decimal(1).scaleb(read.as_tuple().exponent) / 2
    elif "." in text:
        assert not re.search(r"0(e|$)", text)


@given(finite)
def test_a_number_that_needs_no_more_than_eight_digits_has_them(value):
    few = float(f"{value:.7e}")
    if math.isfinite(few):
        assert float(shown(few).replace("−", "-")) == few


@given(finite)
def test_full_reads_back_as_the_same_float_and_so_do_commas_and_true_minuses(value):
    assert float(full(value)) == value
    assert parsed(full(value)) == value
    assert parsed(full(value).replace("-", "−")) == value


def test_full_writes_whole_numbers_without_a_point():
    assert full(-39.0) == "-39"
    assert full(0.1) == "0.1"
    assert full(-0.0) == "0"
    assert "\N{MINUS SIGN}" not in full(-0.5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5),
        ("0,5", 0.5),
        (" ,5 ", 0.5),
        ("5.", 5),
        ("+3", 3),
        ("-3", -3),
        ("−3", -3),
        ("1/2", 0.5),
        ("−1/4", -0.25),
        ("1,5 / 0,5", 3),
        ("2/3", 2 / 3),
        ("1e-3", 0.001),
        ("1E2", 100),
        ("0.1", 0.1),
        ("1000", 1000),
        ("0.125", 0.125),
        ("0,125", 0.125),
        ("1.000", 1.0),
    ],
)
def test_typed_numbers_are_read(text, value):
    assert parsed(text) == value


def test_a_quotient_is_no_number_where_none_is_typed():
    assert parsed(" -0,5 ", quotients=False) == -0.5
    with pytest.raises(ValueError, match=r"^'1/2' is not a number$"):
        parsed("1/2", quotients=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "type a number"),
        ("  ", "type a number"),
        ("abc", "'abc' is not a number"),
        ("1_000", "is not a number"),
        ("٣", "is not a number"),
        ("1..2", "is not a number"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        ("1/2/3", "is not a number"),
        ("1/", "is not a number"),
        ("1,000", "two ways: write it without a thousands separator"),
        ("1,000,000", "two ways"),
        ("1.000.000", "two ways"),
        ("12,345.6", "two ways"),
        ("1/0", "a number cannot be divided by 0"),
        ("1e999", "1e999 is too large for a number"),
        ("1e9999/3", "too large for a number"),
    ],
)
def test_what_is_no_number_is_refused_with_the_reason(text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parsed(text)


@pytest.mark.parametrize(
    ("value", "steps", "size", "expected"),
    [
        (0.2, 1, "0.1", 0.3),
        (0.3, -3, "0.1", 0.0),
        (2.0, 1, "1", 3.0),
        (1.1, 1, "0.01", 1.11),
        (-0.1, 1, "0.1", 0.0),
        (1 / 3, 1, "0.1", float("0.4333333333333333")),
    ],
)
def test_a_nudge_counts_in_decimal(value, steps, size, expected):
    assert nudged(value, steps, size) == expected


@given(st.integers(-1000, 1000), st.integers(-50, 50))
def test_nudging_there_and_back_is_nothing(tenths, steps):
    value = tenths / 10
    assert nudged(nudged(value, steps), -steps) == value


@pytest.mark.parametrize(
    ("value", "steps", "digit", "result"),
    [
        (0.08, 3, 1, 0.2),
        (0.02, -2, 1, 0.009),
        (0.015, -1, 1, 0.014),
        (0.015, 1, 1, 0.025),
        (0.01, -1, 2, 0.0099),
        (0.0099, 1, 2, 0.01),
        (0.01, 1, 2, 0.011),
        (0.025, 2, 0, 2.5),
        (3.0, -1, 0, 0.3),
    ],
)
def test_a_number_above_0_is_nudged_in_its_first_or_second_digit(value, steps, digit, result):
    assert nudged_digit(value, steps, digit) == result
