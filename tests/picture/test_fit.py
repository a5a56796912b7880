"""Every number on a diagram is exact, or rounded to four significant digits."""

import itertools
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.state import Dataset, State
from nnviz.picture.parts import View
from nnviz.picture.text import fitted, text_width
from tests.picture.diagrams import drawn, state

PREFIXES = {"bias": "b ", "z": "z ", "target": "target ", "error": "error "}


def number(text):
    """Return the number that a text writes, and how many significant digits it has."""
    plain = text.replace("−", "-")
    digits = re.sub(r"e.*|[-.]", "", plain).lstrip("0")
    return Decimal(plain), len(digits)


def exact(text, value):
    """Tell whether a text is the number, but for what float64 cannot hold."""
    return float(number(text)[0]) == pytest.approx(value, rel=1.001e-15, abs=0)


def true(text, value):
    """Tell whether a text is the exact number, or a correct rounding with four digits or more."""
    read, digits = number(text)
    if exact(text, value):
        return True
    last = Decimal(1).scaleb(read.as_tuple().exponent)
    return digits >= 4 and abs(read - Decimal(value)) <= last / 2


def untrue(picture):
    """Return the numbers of a picture that are not true, or whose prefix is missing."""
    found = []
    for label in picture.labels:
        if label.value is None:
            continue
        prefix = PREFIXES.get(label.address.kind, "")
        if not (label.text.startswith(prefix) and true(label.text.removeprefix(prefix), label.value)):
            found.append((label.address, label.text, label.value))
    return found


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 20) | st.integers(-(10**7), 10**7)


@given(numbers, st.sampled_from([11.5, 13.5]), st.floats(10, 110), st.booleans(), st.sampled_from(["", "b "]))
def test_a_number_that_is_written_is_true_and_fits(value, size, width, bold, prefix):
    found = fitted(float(value), size, width, bold=bold, prefix=prefix, smallest=0.85 * size)
    if found is not None:
        text, own, needed = found
        assert text.startswith(prefix)
        assert true(text.removeprefix(prefix), float(value))
        assert needed == text_width(text, own, bold) <= width
        assert own in (size, pytest.approx(0.925 * size), 0.85 * size)


@given(numbers)
def test_a_number_has_four_digits_where_there_is_room(value):
    text = shown(float(value))
    assert true(text, float(value))
    assert exact(text, float(value)) or number(text)[1] >= 4


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        (2.0, ["2"]),
        (-0.1, ["−0.1"]),
        (-0.10004, ["−0.10004"]),
        (-0.1000456789, ["−0.1000"]),
        (12.3456, ["12.3456"]),
        (-0.00123456789, ["−0.001235"]),
        (-123456.0, ["−123456"]),
        (999_999.5678, ["1.000e6"]),
        (1e-5, ["1e−5"]),
        (0.0, ["0"]),
    ],
)
def test_less_room_hides_a_number_and_never_writes_it_otherwise(value, texts):
    found = []
    for tenths in range(1000, 0, -1):
        own = fitted(value, 10.0, tenths / 10, bold=True, smallest=10.0)
        if own is None:
            break
        if own[0] not in found:
            found.append(own[0])
    assert found == texts


def test_a_smaller_font_comes_before_hiding():
    large = text_width("−0.1234", 13.5, bold=True)
    assert fitted(-0.1234, 13.5, large, bold=True, smallest=11.5)[:2] == ("−0.1234", 13.5)
    assert fitted(-0.1234, 13.5, 0.95 * large, bold=True, smallest=11.5)[:2] == ("−0.1234", 12.5)
    assert fitted(-0.1234, 13.5, 0.9 * large, bold=True, smallest=11.5)[:2] == ("−0.1234", 11.5)
    assert fitted(-0.1234, 13.5, 0.8 * large, bold=True, smallest=11.5) is None


VIEWS = [View(900, 500), View(520, 300), View(330, 240), View(700, 440), View(1500, 800, 3, -900, -600)]


@pytest.mark.parametrize("sizes", [(2, 3, 1), (1, 8, 1), (2, 8, 8, 8, 1), (9, 100, 100, 1), (5, 6, 4, 3)])
@pytest.mark.parametrize("view", VIEWS, ids=str)
@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
def test_every_number_of_a_diagram_is_true(sizes, view, with_slopes):
    for activation in ("relu", "tanh"):
        picture = drawn(state(sizes, activation=activation), view, with_slopes=with_slopes)
        assert untrue(picture) == []


PI = 0.314159265359


def network(sizes, value):
    layers = [
        Layer(tuple(f"node_{k}_{j}" for j in range(b)), "tanh", [[value] * a] * b, [value] * b)
        for k, (a, b) in enumerate(itertools.pairwise(sizes))
    ]
    inputs = tuple(f"x_{j}" for j in range(sizes[0]))
    return State(Network(inputs, tuple(layers)), Dataset([[0.5] * sizes[0]], [[0.25] * sizes[-1]]))


@pytest.mark.parametrize(
    ("value", "with_slopes"),
    [(-PI, False), (-0.01 * PI, False), (-1e-5 * PI, False), (-PI, True)],
)
@pytest.mark.parametrize("sizes", [(2, 3, 1), (1, 8, 1)], ids=str)
def test_small_networks_show_every_weight_whatever_its_size(value, with_slopes, sizes):
    picture = drawn(network(sizes, value), with_slopes=with_slopes)
    found = sum(label.address.kind == "weight" for label in picture.labels)
    assert found == sum(weights.size for weights in picture.weights)


@pytest.mark.parametrize("with_slopes", [False, True], ids=["forward", "slopes"])
@pytest.mark.parametrize("view", [View(900, 500), View(560, 400)], ids=str)
def test_a_bias_keeps_its_b(with_slopes, view):
    picture = drawn(network((2, 3, 1), -PI), view, with_slopes=with_slopes)
    for layer in (1, 2):
        assert picture.text(Address("bias", layer - 1, 0)) == "b −0.3142"


def test_a_hidden_bias_is_told_with_its_node():
    picture = drawn(network((2, 20, 1), -1.23456e-250), with_slopes=True)
    assert picture.label(Address("bias", 0, 0)) is None
    assert "bias −1.23456e−250" in picture.describe(Address("node", 0, 0))
