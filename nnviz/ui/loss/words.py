"""What the loss panels write under their plots. Knows no widgets."""

from __future__ import annotations

import math

from nnviz.core.numbers import full, shown
from nnviz.core.state import State
from nnviz.picture.palette import Palette
from nnviz.ui.loss.line import LossLine, is_plain

DIGITS = 6


def over_rows(state: State) -> str:
    """Return "over all 4 rows", "over 1 row"."""
    rows = len(state.data)
    return "over 1 row" if rows == 1 else f"over all {rows:,} rows"


def mse_in_words(mse: float) -> str:
    """Return "MSE 74.25"."""
    return f"MSE {shown(mse, DIGITS) if math.isfinite(mse) else 'too large for a number'}"


def line_in_html(line: LossLine, palette: Palette) -> str:
    """Return MSE and slope, and on a second line where the next step lands, as rich text."""
    mse, slope = line.point
    here = f"{mse_in_words(mse)} {over_rows(line.state)} · "
    return (
        _coloured(palette.muted, here)
        + _coloured(palette.slope, f"slope {shown(slope, DIGITS)}")
        + "<br>"
        + _coloured(palette.accent, f"{_step(line)}: ")
        + _landing(line, palette)
    )


def line_in_full(line: LossLine) -> str:
    """Return the same with all digits, for a screen reader."""
    mse, slope = line.point
    said = f"MSE {full(mse)} at {_symbol(line)} = {full(line.w)}, slope {full(slope)}"
    if line.landing:
        said += f", {_step(line).lower()} to {full(line.landing[0])} with MSE {full(line.landing[1])}"
    return said


def _step(line: LossLine) -> str:
    return "Next step" if is_plain(line.state) else "Gradient descent step"


def _symbol(line: LossLine) -> str:
    return "b" if line.weight.source < 0 else "w"


def _landing(line: LossLine, palette: Palette) -> str:
    if line.landing is None:
        return "too far for a number"
    end, mse = line.landing
    if end == line.w:
        return f"{_symbol(line)} stays{', the slope is 0' if line.point.slope == 0.0 else ''}"
    low, high = line.stretch
    aside = "" if low <= end <= high else " (off the plot)"
    there = mse_in_words(mse)
    if not mse <= line.point.mse:
        there = _coloured(palette.error, f"{there}, higher" if math.isfinite(mse) else there)
    return f"{_symbol(line)} {shown(end, DIGITS)}{aside}, {there}"


def _coloured(colour: str, text: str) -> str:
    return f"<span style='color:{colour}'>{text}</span>"
