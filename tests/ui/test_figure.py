"""A figure shows its number in full where that fits, else rounded, and its tooltip in full."""

import pytest

from nnviz.core.numbers import MINUS
from nnviz.ui.training.figures import Figure


@pytest.fixture
def figure(qtbot):
    figure = Figure("MSE", "Mean of error²")
    qtbot.addWidget(figure)
    figure.resize(116, 50)  # as in the panel
    figure.show()
    yield figure
    figure.hide()


@pytest.mark.parametrize(
    ("value", "text"),
    [(49.890625, "49.890625"), (-49.890625, f"{MINUS}49.890625"), (0.0625, "0.0625"), (123456, "123456")],
)
def test_a_number_of_up_to_8_digits_is_shown_in_full(figure, value, text):
    figure.show_number(value)
    assert figure.text == text


@pytest.mark.parametrize("value", [0.22609975812345, 49.890625123, -1234.56789012, 1 / 3, 1e-9 / 3, 2e20 / 3])
@pytest.mark.parametrize("width", [60, 90, 116, 200])
def test_a_rounded_number_is_right_to_its_last_digit_and_the_tooltip_has_it_in_full(figure, value, width):
    figure.resize(width, 50)
    figure.show_number(value)
    shown = figure.text.replace(MINUS, "-")
    digits = len(shown.partition("e")[0].lstrip("-0.").replace(".", ""))
    assert float(shown) == float(f"{value:.{digits}g}")
    assert 4 <= digits <= 8
    assert figure.toolTip() == f"Mean of error²\nIn full: {value!r}"


def test_a_number_is_rather_smaller_than_rounded_to_few_digits(figure):
    figure.show_number(-0.03443978123)
    assert figure.text == f"{MINUS}0.0344398"


def test_more_room_shows_more_digits(figure):
    figure.show_number(0.123456789)
    counts = []
    for width in (70, 90, 116, 200):
        figure.resize(width, 50)
        counts.append(len(figure.text))
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == len("0.12345679")
