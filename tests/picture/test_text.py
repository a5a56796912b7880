"""Widths without a font: never less than what the fonts need."""

import pytest

from nnviz.picture.text import elide, plain, text_width

TEXTS = [
    "−0.1234",
    "z −12.35",
    "b 0.5",
    "HIDDEN LAYER 1",
    "relu passes 0",
    "error −8",
    "node_0_1",
    "tanh · biases",
    "7e−3",
]


@pytest.mark.parametrize("family", ["Inter", "DejaVu Sans"])
@pytest.mark.parametrize("bold", [False, True])
@pytest.mark.usefixtures("qapp")
def test_no_font_needs_more(family, bold):
    from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

    if family not in QFontDatabase.families():
        pytest.skip(f"{family} is not installed")
    font = QFont(family)
    font.setPixelSize(100)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
    for text in TEXTS:
        needed = QFontMetricsF(font).horizontalAdvance(text)
        assert needed <= text_width(text, 100, bold) <= 1.35 * needed


def test_wide_scripts_take_a_whole_em():
    assert text_width("漢字", 10) >= 20
    assert text_width("e\u0301", 10) == text_width("e", 10)


def test_long_texts_end_with_an_ellipsis_and_fit():
    short = elide("a rather long name", 12, 60)
    assert short.endswith("…")
    assert "a rather long name".startswith(short[:-1])
    assert text_width(short, 12) <= 60


def test_a_number_at_the_end_is_kept():
    assert elide("measurement_12", 10, 60).endswith("…_12")


def test_texts_that_fit_stay_and_what_has_no_room_is_nothing():
    assert elide("node_0", 10, 100) == "node_0"
    assert elide("node_0", 10, 5) == ""


def test_what_is_no_character_becomes_a_space():
    assert plain("a\nb\x00c\u2028d") == "a b c d"
    assert plain("größe 漢") == "größe 漢"
