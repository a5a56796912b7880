"""Tones of the loss surface: in the order of the MSE, evenly graded, with round contours."""

import numpy as np
import pytest

from nnviz.picture.palette import PALETTES
from nnviz.picture.ticks import texts_of
from nnviz.picture.tone import TONES, Tone, pixels, ramp
from nnviz.ui.loss.surface_plane import levels_of


def luminance(rgb):
    share = np.asarray(rgb) / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


def rgb_of(colour):
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]


@pytest.mark.parametrize("theme", PALETTES)
def test_the_ramp_goes_steadily_from_the_accent_to_the_canvas(theme):
    tones = ramp(PALETTES[theme])
    assert tones.shape == (TONES, 3)
    assert tones[0] == pytest.approx(rgb_of(PALETTES[theme].accent), abs=1)
    assert tones[-1] == pytest.approx(rgb_of(PALETTES[theme].canvas), abs=1)
    steps = np.diff(luminance(tones))
    assert (np.sign(steps[np.abs(steps) > 1e-3]) == (-1 if theme == "dark" else 1)).all()


def test_a_wide_range_is_logarithmic_and_a_narrow_one_is_not():
    assert Tone.of(np.array([0.01, 5.0, 100.0])) == Tone(0.01, 100.0, True)
    assert Tone.of(np.array([3.0, 5.0])) == Tone(3.0, 5.0, False)
    assert Tone.of(np.array([-3.0, 50.0])) == Tone(-3.0, 50.0, False)
    assert Tone.of(np.array([-5.0, -3.0])) == Tone(-5.0, -3.0, False)
    assert Tone(1.0, 100.0, True).share(np.array([1.0, 10.0, 100.0])) == pytest.approx([0, 0.5, 1])
    assert Tone(2.0, 4.0, False).share(np.array([2.0, 2.5, 4.0])) == pytest.approx([0, 0.25, 1])


def test_an_mse_of_0_has_a_place_on_a_logarithmic_scale():
    tone = Tone.of(np.array([0.0, 1.0, 1000.0]))
    assert tone.logarithmic
    assert tone.share(np.array([0.0, 1000.0])) == pytest.approx([0, 1])


@pytest.mark.parametrize("mse", [[0.0], [2.0, 2.0], [np.nan, np.inf], [0.0, 1.0], [1e-300, 1e300]])
def test_any_range_has_a_scale(mse):
    tone = Tone.of(np.array(mse))
    assert tone.low < tone.high
    share = tone.share(np.array(mse))
    assert (np.isnan(share) == ~np.isfinite(mse)).all()


def test_what_is_not_finite_is_transparent():
    grid = np.full((9, 9), 0.5)
    grid[4, 4] = np.nan
    picture = pixels(grid, ramp(PALETTES["light"]), 33)
    assert picture[16, 16, 3] == 0
    assert picture[0, 0, 3] == 255
    assert picture[32, 32, 3] == 255


def test_between_the_points_of_a_grid_the_tones_are_blended():
    grid = np.array([[0.0, 0.0], [1.0, 1.0]])
    tones = ramp(PALETTES["light"])
    picture = pixels(grid, tones, 3)
    assert picture[0, 0, :3].tolist() == tones[0].tolist()
    assert picture[1, 2, :3] == pytest.approx(tones[TONES // 2], abs=2)
    assert picture[2, 0, :3].tolist() == tones[-1].tolist()


@pytest.mark.parametrize(
    ("tone", "levels"),
    [
        (Tone(0.0, 8.0, False), [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (Tone(0.5, 60.0, True), [0.5, 1, 2, 5, 10, 20, 50]),
        (Tone(0.001, 9000.0, True), [0.001, 0.01, 0.1, 1, 10, 100, 1000]),
    ],
)
def test_contours_stand_at_round_numbers(tone, levels):
    assert levels_of(tone) == pytest.approx(levels)


@pytest.mark.parametrize("width", [1e-3, 1e-9, 1e-12])
def test_contours_beside_each_other_have_different_numbers(width):
    texts = texts_of(levels_of(Tone(1.0, 1.0 + width, False)))
    assert len(set(texts)) == len(texts) > 2


@pytest.mark.parametrize("mse", [0.0, 1.0, 1.6e308])
def test_one_mse_alone_has_a_tone_and_contours(mse):
    tone = Tone.of(np.array([mse, np.inf]))
    assert np.isfinite(tone.share(np.array([mse]))).all()
    assert np.isfinite(levels_of(tone)).all()
