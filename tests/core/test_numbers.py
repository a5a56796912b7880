"""Numbers as people read and type them."""

import math
import re

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
        (1e6, "1e6"),
        (-1234567, "−1.235e6"),
        (1.72, "1.72"),
        (1.71996, "1.720"),
        (0.1 + 0.2, "0.3"),
        (0.3 + 1e-13, "0.3000"),
        (0.00028999, "0.0002900"),
        (-0.99996, "−1.000"),
        (1234.4, "1234"),
        (999_999.5, "1.000e6"),
        (3.14159265, "3.142"),
        (-0.00123456, "−0.001235"),
        (9.62711e-05, "9.627e−5"),
        (1e-300, "1e−300"),
        (math.inf, "inf"),
        (-math.inf, "−inf"),
        (math.nan, "nan"),
    ],
)
def test_four_digits_are_shown_and_integers_in_full(value, text):
    assert shown(value) == text


def test_panels_show_eight_digits():
    assert shown(1 / 3, 8) == "0.33333333"
    assert shown(-1.7200000004, 8) == "−1.7200000"


@given(finite, st.integers(3, 8))
def test_a_rounded_number_shows_all_its_digits_and_an_exact_one_no_zeros(value, digits):
    text = shown(value, digits).replace("−", "-")
    figures = re.sub(r"e.*|[-.]", "", text).lstrip("0")
    if float(text) != pytest.approx(value, rel=1e-14, abs=0):
        assert len(figures) == digits
    elif "." in text:
        assert not re.search(r"0(e|$)", text)


@given(st.floats(-1e300, 1e300))
def test_shown_is_within_half_a_digit(value):
    assert float(shown(value).replace("−", "-")) == pytest.approx(value, rel=5.1e-4)


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
