"""The history of a training as a curve with axes, as SVG, and how a curve is cut. Knows nothing of Qt."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.history import bucket_length, ceiling, in_columns, leaves_at
from nnviz.picture.elements import document, words
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Rect
from nnviz.picture.text import text_width
from nnviz.picture.ticks import round_values, texts_of

Area: TypeAlias = list[list[float]]
"""[[x from, to], [y from, to]], as a plot tells its view."""
Joined: TypeAlias = NDArray[np.bool_]

SIZE = 640.0, 320.0
TITLE, TEXT = 13.0, 11.5
"""Font sizes."""
MARGIN, HEAD, RIGHT, FOOT = 20.0, 52.0, 32.0, 46.0
"""Free at the left, over the plot, at its right and under it."""
APART, SAMPLE = 8.0, 18.0
"""Between the plot and its numbers, and the length of a line in the key."""
TICKS = 5
"""About so many on each axis."""


def curve_svg(history: Array, title: str, palette: Palette, measure: str = "MSE") -> str:
    """Return a history, shape (points, 2 or 3), as an SVG document; of a long one its extremes.

    The columns are iteration, loss, which is called `measure`, and the loss over the rows of validation,
    which is NaN where it is not known.
    """
    last = float(history[-1, 0]) or 1.0
    curves = [_in_columns(history[:, :2], last)]
    if history.shape[1] > 2:
        known = history[~np.isnan(history[:, 2])]
        curves += [_in_columns(known[:, ::2], last)] if len(known) else []
    low = min(0.0, *(float(points[:, 1].min()) for points in curves))
    high = max(0.0, *(min(float(points[:, 1].max()), ceiling(points[:, 1])) for points in curves))
    span = high - low or 1.0
    across, up = round_values(0.0, last, TICKS, least=1.0), round_values(low, low + span, TICKS)
    texts = texts_of(up)
    left = MARGIN + max(text_width(text, TEXT) for text in texts) + APART
    plot = Rect(left, HEAD, SIZE[0] - RIGHT - left, SIZE[1] - HEAD - FOOT)
    parts = [words(MARGIN, 20.0, title, TITLE, palette.ink, weight=600)]
    parts.append(words(left, 40.0, measure, TEXT, palette.muted))
    if len(curves) > 1:
        parts += _key(plot, palette)
    parts.append(words(plot.right, SIZE[1] - 12.0, "iterations", TEXT, palette.muted, "end"))
    for value, text in zip(up, texts, strict=True):
        y = plot.bottom - (value - low) / span * plot.height
        parts.append(_line(plot.x, y, plot.right, y, palette))
        parts.append(words(plot.x - APART, y, text, TEXT, palette.muted, "end"))
    for value, text in zip(across, texts_of(across), strict=True):
        x = plot.x + value / last * plot.width
        parts.append(_line(x, plot.bottom, x, plot.bottom + 4.0, palette))
        parts.append(words(x, plot.bottom + 14.0, text, TEXT, palette.muted, "middle"))
    for points, colour in zip(curves, _colours(palette), strict=False):
        leaves = leaves_at(points, high)
        ends = points if leaves is None else np.vstack((points, (leaves[1], high)))
        shares = (np.minimum(ends, (math.inf, high + span)) - (0.0, low)) / (last, -span)
        places = shares * (plot.width, plot.height) + (plot.x, plot.bottom)
        parts.append(_curve(places, colour) if leaves is None else _cut_curve(places, colour, plot))
    return document(*SIZE, title, palette.canvas, parts)


def _in_columns(points: Array, last: float) -> Array:
    return in_columns(points, last / SIZE[0], bucket_length(int(last)))


def _colours(palette: Palette) -> tuple[str, str]:
    """Return the colour of the rows that are trained on, and that of validation."""
    return palette.accent, palette.validation


def _key(plot: Rect, palette: Palette) -> list[str]:
    """Return which curve is which, at the right over the plot."""
    parts, right = [], plot.right
    for text, colour in reversed(tuple(zip(("training", "validation"), _colours(palette), strict=True))):
        parts.append(words(right, 40.0, text, TEXT, palette.muted, "end"))
        left = right - text_width(text, TEXT) - APART
        ends = f'x1="{left - SAMPLE:.1f}" y1="40" x2="{left:.1f}" y2="40"'
        parts.append(f'<line {ends} stroke="{colour}" stroke-width="2"/>')
        right = left - SAMPLE - 2 * APART
    return parts


def _line(x0: float, y0: float, x1: float, y1: float, palette: Palette) -> str:
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{palette.line}"/>'


def _curve(places: Array, colour: str) -> str:
    """Return a line through `places`, and a dot at its end."""
    through = " ".join(f"{x:.1f},{y:.1f}" for x, y in places.tolist())
    x, y = places[-1]
    return (
        f'<polyline points="{through}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    )


def _cut_curve(places: Array, colour: str, plot: Rect) -> str:
    """Return what is in the plot of a line through all places but the last, and an arrow at the last one."""
    points, joined = cut(places[:-1], [[plot.x, plot.right], [plot.y, plot.bottom]])
    begins = np.insert(~joined, 0, True)[:-1]
    steps = zip(begins, points.tolist(), strict=True)
    through = "".join(f"{'M' if begins else 'L'}{x:.1f},{y:.1f}" for begins, (x, y) in steps)
    x, y = places[-1]
    corners = f"{x:.1f},{y:.1f} {x - 5:.1f},{y + 10:.1f} {x + 5:.1f},{y + 10:.1f}"
    return (
        f'<path d="{through}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<polygon points="{corners}" fill="{colour}"/>'
    )


def cut(curve: Array, area: Area) -> tuple[Array, Joined]:
    """Return the parts of a curve in an area, shape (points, 2), and whether each point joins the next."""
    starts, ends, bounds = curve[:-1], curve[1:], np.array(area).T[:, None]
    with np.errstate(all="ignore"):  # along an axis on which it stands still, a part begins at ±∞ and ends so
        ways = ends - starts
        shares = (bounds - starts) / ways
        first = np.fmin(*shares).max(axis=1).clip(0.0)[:, None]
        last = np.fmax(*shares).min(axis=1).clip(max=1.0)[:, None]
        begins = np.where(first == 0.0, starts, starts + first * ways)
        stops = np.where(last == 1.0, ends, starts + last * ways)
    within = (first <= last)[:, 0]
    goes_on = np.append(within[1:] & (first[1:, 0] == 0.0), False) & (last[:, 0] == 1.0)
    comes_from = np.append(False, (goes_on & within)[:-1])
    chosen = np.column_stack((within & ~comes_from, within)).ravel()
    joined = np.column_stack((np.ones_like(goes_on), goes_on)).ravel()
    return np.stack((begins, stops), axis=1).reshape(-1, 2)[chosen], joined[chosen]
