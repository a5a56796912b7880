"""Texts and numbers without a font: never wider than reckoned, and numbers rounded to four digits or more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnviz.core.names import shorten_distinctly
from nnviz.core.numbers import shown
from nnviz.picture.text import elide, fitted, plain, text_width
from tests.picture.diagrams import is_exact, is_true, number

TEXTS = (
    *("−0.1234", "z −12.35", "b 0.5", "HIDDEN LAYER 1", "relu passes 0"),
    *("error −8", "node_0_1", "tanh · biases", "7e−3"),
)


@pytest.mark.parametrize("family", ["Inter", "DejaVu Sans"])
@pytest.mark.usefixtures("qapp")
def test_no_font_needs_more(family):
    from PySide6.QtGui import QFont, QFontDatabase, QFontMetricsF

    if family not in QFontDatabase.families():
        pytest.skip(f"{family} is not installed")
    font = QFont(family)
    font.setPixelSize(100)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    for bold in (False, True):
        font.setWeight(QFont.Weight.Bold if bold else QFont.Weight.Normal)
        for text in TEXTS:
            needed = QFontMetricsF(font).horizontalAdvance(text)
            assert needed <= text_width(text, 100, bold) <= 1.35 * needed


def test_texts_are_shortened_to_their_room_and_keep_a_number_at_their_end():
    assert text_width("漢字", 10) >= 20
    assert text_width("e\u0301", 10) == text_width("e", 10)
    short = elide("a rather long name", 12, 60)
    assert short.endswith("…")
    assert "a rather long name".startswith(short[:-1])
    assert text_width(short, 12) <= 60
    assert elide("measurement_12", 10, 60).endswith("…_12")
    assert elide("node_0", 10, 100) == "node_0"
    assert elide("node_0", 10, 5) == ""
    assert plain("a\nb\x00c\u2028d") == "a b c d"
    assert plain("größe 漢") == "größe 漢"


def test_names_without_room_for_a_letter_are_not_told_apart():
    assert shorten_distinctly(["abc", "abd"], lambda text: text == "…", lambda _name: "…") == ["…", "…"]


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.floats(-20, 20) | st.integers(-(10**7), 10**7)


@given(NUMBERS, st.sampled_from([11.5, 13.5]), st.floats(10, 110), st.booleans(), st.sampled_from(["", "b "]))
def test_a_written_number_is_true_and_fits(value, size, width, bold, prefix):
    value = float(value)
    assert is_true(shown(value), value)
    assert is_exact(shown(value), value) or number(shown(value))[1] >= 4
    found = fitted(value, size, width, bold=bold, prefix=prefix, smallest=0.85 * size)
    if found is not None:
        text, own, needed = found
        assert text.startswith(prefix)
        assert is_true(text.removeprefix(prefix), value)
        assert needed == text_width(text, own, bold) <= width
        assert own in (size, pytest.approx(0.925 * size), 0.85 * size)


def test_less_room_writes_a_number_shorter_then_smaller_and_then_hides_it():
    for value, text in (
        (2.0, "2"),
        (-0.1, "−0.1"),
        (-0.10004, "−0.10004"),
        (-0.1000456789, "−0.1000"),
        (12.3456, "12.3456"),
        (-0.00123456789, "−0.001235"),
        (-123456.0, "−123456"),
        (999_999.5678, "1.000e6"),
        (1e-5, "1e−5"),
        (0.0, "0"),
    ):
        found = [fitted(value, 10.0, width, bold=True, smallest=10.0) for width in range(100, 0, -1)]
        hidden = found.index(None)
        assert {own[0] for own in found[:hidden]} == {text}
        assert not any(found[hidden:])
    large = text_width("−0.1234", 13.5, bold=True)
    for share, size in ((1, 13.5), (0.95, 12.5), (0.9, 11.5)):
        assert fitted(-0.1234, 13.5, share * large, bold=True, smallest=11.5)[:2] == ("−0.1234", size)
    assert fitted(-0.1234, 13.5, 0.8 * large, bold=True, smallest=11.5) is None
