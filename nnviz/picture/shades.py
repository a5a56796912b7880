"""The colours of the picture of a function: a tone for each number, or a hue for each class.

Knows nothing of Qt.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.tone import TONES, Tone, tinted, tones_between

FAINTEST, STRONGEST = 0.12, 0.62
"""How much of a class's colour is seen where its share is the least that can win, and where it is 1."""
Pixels = NDArray[np.uint8]


@lru_cache
def shades(palette: Palette, decides: bool) -> Pixels:
    """Return the tones of an output from low to high, shape (TONES, 3); with two hues where it `decides`."""
    if decides:
        low, high = (_faint(palette, colour) for colour in (palette.negative, palette.positive))
        return tones_between((low, palette.surface, high), (0.0, 0.5, 1.0))
    return tones_between((palette.canvas, palette.positive), (0.0, 1.0))


def class_colour(palette: Palette, index: int) -> str:
    """Return the colour of a class, from 0."""
    return palette.classes[index % len(palette.classes)]


def of_numbers(values: Array, tone: Tone, tones: Pixels) -> Pixels:
    """Return a pixel for each number, RGBA in one more axis; NaN is a gap, as infinite ones are."""
    return tinted(tone.share(values), tones)


def of_classes(shares: Array, palette: Palette) -> Pixels:
    """Return a pixel for each point, RGBA in place of its shares: the winner's hue, by its share."""
    count = shares.shape[-1]
    winner = shares.argmax(axis=-1)
    largest = shares.max(axis=-1)
    gap = ~np.isfinite(largest)
    level = np.clip((np.where(gap, 0.0, largest) - 1 / count) / (1 - 1 / count), 0.0, 1.0)
    picture = np.full((*winner.shape, 4), 255, dtype=np.uint8)
    picture[..., :3] = _table(palette, count)[winner, np.rint(level * (TONES - 1)).astype(np.intp)]
    picture[gap, 3] = 0
    return picture


@lru_cache
def _table(palette: Palette, count: int) -> Pixels:
    """Return the colour of each class at each level of its share, shape (classes, TONES, 3)."""
    part = np.linspace(FAINTEST, STRONGEST, TONES)
    rows = [_mixed(palette.surface, class_colour(palette, k), part) for k in range(count)]
    return np.stack(rows)


def _faint(palette: Palette, colour: str) -> str:
    """Return the colour as it is where a class is sure."""
    red, green, blue = _mixed(palette.surface, colour, np.array([STRONGEST]))[0].tolist()
    return f"#{red:02X}{green:02X}{blue:02X}"


def _mixed(ground: str, colour: str, part: Array) -> Pixels:
    """Return `colour` on a ground, by parts of it from 0 to 1, shape (parts, 3)."""
    below, above = (np.array(rgb(each), dtype=np.float64) for each in (ground, colour))
    return np.rint(below + part[:, None] * (above - below)).astype(np.uint8)
