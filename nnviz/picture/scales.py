"""The scales of a plot: colours for values, round numbers on an axis, and curves cut off at the axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.numbers import tidy
from nnviz.picture.palette import Palette, rgb

WIDE_RATIO = 12.0
"""The scale is logarithmic if the highest loss is more than this many times the lowest loss."""
SMALLEST_LOSS = 1e-290
"""Losses below this number count as 0, because differences between such losses have no digits left."""
DECADES = 4.0
"""A logarithmic scale covers at most this many powers of ten below the highest loss."""
LEAST_SHARE = 1e-10
"""Least difference between the highest and the lowest loss of a scale, as a share of the highest loss."""
TONES = 256
"""Number of tones of a scale."""
STEPS = np.linspace(0.0, 1.0, TONES)
"""The places of the tones on a scale, from 0 to 1."""


@dataclass(frozen=True)
class Tone:
    """A colour scale: lowest and highest loss, and whether the scale is logarithmic."""

    low: float
    high: float
    logarithmic: bool

    @classmethod
    def scale_for(cls, loss: Array) -> Tone:
        """Return the scale for these losses; losses that are infinite or NaN do not count."""
        finite = loss[np.isfinite(loss)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
        if max(high, -low) < SMALLEST_LOSS:
            return cls(0.0, 1.0, False)
        if low >= 0.0 and high > WIDE_RATIO * low:
            return cls(max(low, high * 10.0**-DECADES), high, True)
        if high - low < LEAST_SHARE * abs(high):
            high = low + (abs(low) or 1.0)
        if high == math.inf:  # one loss, too large to be doubled
            return cls(low / 2.0, low, False)
        return cls(low, high, False)

    def share(self, loss: Array) -> Array:
        """Return the places of losses on the scale, from 0 to 1; NaN for a loss that is infinite or NaN."""
        with np.errstate(all="ignore"):
            if self.logarithmic:
                low, high = math.log(self.low), math.log(self.high)
                share = (np.log(np.maximum(loss, self.low)) - low) / (high - low)
            else:
                share = (loss - self.low) / (self.high - self.low)
        return np.where(np.isfinite(loss), np.clip(share, 0.0, 1.0), np.nan)


def loss_tones(palette: Palette) -> NDArray[np.uint8]:
    """Return the theme's colours for low to high losses, shape (TONES, 3)."""
    return tones_between((palette.accent, palette.selection, palette.canvas), (0.0, 0.8, 1.0))


def tones_between(colours: Sequence[str], places: Sequence[float], steps: Array = STEPS) -> NDArray[np.uint8]:
    """Return the tones at `steps` of a colour scale with `colours` at `places`, shape (steps, 3)."""
    parts = np.array([rgb(colour) for colour in colours]).T
    mixed = np.column_stack([np.interp(steps, places, part) for part in parts])
    tones: NDArray[np.uint8] = np.rint(mixed).astype(np.uint8)
    return tones


def blended_pixels(share: Array, tones: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return a grid of numbers from 0 to 1 as a smooth RGBA image in `tones`, shape (size, size, 4)."""
    for axis in (0, 1):
        share = _interpolate(share, size, axis)
    return share_pixels(share, tones)


def share_pixels(share: Array, tones: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return numbers from 0 to 1 as RGBA pixels, in an additional last axis. NaN becomes transparent."""
    gap = np.isnan(share)
    return _with_gaps(tones[np.rint(np.where(gap, 0.0, share) * (TONES - 1)).astype(np.intp)], gap)


def _with_gaps(colours: Pixels, gap: NDArray[np.bool_]) -> Pixels:
    """Return RGB colours as RGBA pixels, which are transparent where `gap` is true."""
    return np.concatenate((colours, np.where(gap, 0, 255)[..., None].astype(np.uint8)), axis=-1)


def _interpolate(values: Array, size: int, axis: int) -> Array:
    place = np.linspace(0.0, values.shape[axis] - 1.0, size)
    before = np.minimum(place.astype(int), values.shape[axis] - 2)
    part = (place - before).reshape((-1, 1) if axis == 0 else (1, -1))
    result: Array = values.take(before, axis) * (1 - part) + values.take(before + 1, axis) * part
    return result


LEAST_OPACITY, MOST_OPACITY = 0.12, 0.62
"""Opacity of the likeliest class's colour, for equal probabilities of all classes, and for probability 1."""
Pixels = NDArray[np.uint8]
"""Colours, with RGB or RGBA in the last axis."""


@lru_cache
def output_tones(palette: Palette, decides: bool) -> Pixels:
    """Return the colours for low to high values of an output, shape (TONES, 3).

    If the output `decides` between two classes, the colours have two hues, else one hue.
    """
    if decides:
        low, high = (_faint(palette, colour) for colour in (palette.negative, palette.positive))
        return tones_between((low, palette.surface, high), (0.0, 0.5, 1.0))
    return tones_between((palette.canvas, palette.positive), (0.0, 1.0))


def class_colour(palette: Palette, index: int) -> str:
    """Return the colour of the class with this index."""
    return palette.classes[index % len(palette.classes)]


def number_pixels(values: Array, tone: Tone, tones: Pixels) -> Pixels:
    """Return numbers as RGBA pixels, in an additional last axis; infinite or NaN numbers are transparent."""
    return share_pixels(tone.share(values), tones)


def class_pixels(shares: Array, palette: Palette) -> Pixels:
    """Return one RGBA pixel for each point. The last axis of `shares` has the share of each class.

    The pixel has the hue of the class with the largest share. The larger the share, the stronger the colour.
    """
    count = shares.shape[-1]
    winner = shares.argmax(axis=-1)
    largest = shares.max(axis=-1)
    gap = ~np.isfinite(largest)
    level = np.clip((np.where(gap, 0.0, largest) - 1 / count) / (1 - 1 / count), 0.0, 1.0)
    return _with_gaps(_table(palette, count)[winner, np.rint(level * (TONES - 1)).astype(np.intp)], gap)


@lru_cache
def _table(palette: Palette, count: int) -> Pixels:
    """Return the colour of each class at each level of its share, shape (classes, TONES, 3)."""
    part = np.linspace(LEAST_OPACITY, MOST_OPACITY, TONES)
    pairs = [(palette.surface, class_colour(palette, k)) for k in range(count)]
    return np.stack([tones_between(pair, (0.0, 1.0), part) for pair in pairs])


def _faint(palette: Palette, colour: str) -> str:
    """Return a colour at the strength of a class with share 1."""
    tones = tones_between((palette.surface, colour), (0.0, 1.0), np.array([MOST_OPACITY]))
    return f"#{tones.tobytes().hex()}"


def round_step(least: float) -> float:
    """Return the smallest number ≥ `least` that is 1, 2 or 5 times a power of ten; `least` must be > 0."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def round_ticks(low: float, high: float, count: int, least: float = 0.0) -> list[float]:
    """Return about `count` multiples of a round step between `low` and `high`, at least two if possible.

    The step is at least `least`.
    """
    for finer in (1, 2, 4):
        step = max(round_step((high - low) / (count * finer)), least)
        if len(values := multiples(low, high, step)) > 1:
            break
    return values


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks of a logarithmic axis, as exponents of 10 between `low` and `high`.

    The ticks are powers of ten or, if fewer than three fit, other round numbers.
    """
    step = max(1, math.ceil((high - low) / count))
    powers = multiples(low, high, float(step))
    if len(powers) >= 3:
        return powers
    finer = [k + math.log10(m) for k in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    finer = [exponent for exponent in finer if low <= exponent <= high]
    if len(finer) >= 2:
        return finer
    bottom, top = 10.0**low, 10.0**high
    between = round_ticks(bottom, top, count)
    return [float(exponent) for exponent in np.log10([value for value in between if value > 0.0])]


def tick_texts(values: list[float]) -> list[str]:
    """Return the texts of increasing `values`, with enough digits to distinguish neighbours."""
    digits = 6
    for one, next_one in itertools.pairwise(values):
        largest = max(abs(one), abs(next_one))
        digits = max(digits, math.ceil(math.log10(largest / (next_one - one))) + 1)
    return [tidy(f"{value:.{min(digits, 15)}g}") for value in values]


def clip_curve(curve: Array, area: list[list[float]]) -> tuple[Array, NDArray[np.bool_]]:
    """Return the points of a curve clipped to an area, shape (points, 2).

    `area` is [[lowest x, highest x], [lowest y, highest y]], as the ranges of a plot's view are.
    Also return, for each point, whether the curve goes on to the next point, shape (points,).
    """
    starts, ends, bounds = curve[:-1], curve[1:], np.array(area).T[:, None]
    with np.errstate(all="ignore"):  # a coordinate that does not change divides by 0: its shares are ±∞
        ways = ends - starts
        shares = (bounds - starts) / ways
        first = np.fmin(*shares).max(axis=1).clip(0.0)[:, None]
        last = np.fmax(*shares).min(axis=1).clip(max=1.0)[:, None]
        begins = np.where(first == 0.0, starts, starts + first * ways)
        stops = np.where(last == 1.0, ends, starts + last * ways)
    within = (first <= last)[:, 0]
    goes_on = np.append(within[1:] & (first[1:, 0] == 0.0), False) & (last[:, 0] == 1.0)
    comes_from = np.append(False, (goes_on & within)[:-1])
    used = np.column_stack((within & ~comes_from, within)).ravel()
    joined = np.column_stack((np.ones_like(goes_on), goes_on)).ravel()
    return np.stack((begins, stops), axis=1).reshape(-1, 2)[used], joined[used]
