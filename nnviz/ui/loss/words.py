"""What the panels of the MSE over weights write at and under their plots. Knows no widgets."""

from __future__ import annotations

import math

from nnviz.core.address import Address
from nnviz.core.loss.line import LossLine, is_plain
from nnviz.core.network import Network
from nnviz.core.numbers import full, mse_in_words, shown
from nnviz.core.state import State
from nnviz.picture.palette import Palette

DIGITS = 8


def axis_name(network: Network, weight: Address) -> str:
    """Return "w (accounts → node_0)", or "b (node_0)" for a bias."""
    name = network.layers[weight.layer].nodes[weight.node] if weight.kind == "bias" else weight.name(network)
    return f"{weight.symbol} ({name})"


def over_rows(state: State) -> str:
    """Return "over all 4 rows" or "over 1 row"."""
    rows = len(state.data)
    return "over 1 row" if rows == 1 else f"over all {rows:,} rows"


def line_in_html(line: LossLine, palette: Palette) -> str:
    """Return three lines of rich text: MSE and slope; the next step; the MSE if this weight alone moves."""
    mse, slope = line.point
    here = _coloured(palette.muted, f"{mse_in_words(mse)} · ")
    slope_here = _coloured(palette.slope, f"slope {shown(slope, DIGITS)}")
    step = f"{_coloured(palette.accent, f'{_step(line)}:')} {_move(line)}"
    return "<br>".join((here + slope_here, step, _landing(line, palette)))


def line_in_full(line: LossLine) -> str:
    """Return the same with all digits, for a screen reader."""
    mse, slope = line.point
    said = f"MSE {full(mse)} at {line.weight.symbol} = {full(line.w)}, slope {full(slope)}"
    if line.landing:
        end, there = (full(value) for value in line.landing)
        said += f", {_step(line).lower()} to {end}, where the MSE is {there} if this weight alone moves"
    return said


def _step(line: LossLine) -> str:
    return "Next step" if is_plain(line.state) else "Gradient descent step"


def _move(line: LossLine) -> str:
    """Return "w 2 → 1.984"."""
    w = f"{line.weight.symbol} {shown(line.w, DIGITS)}"
    if line.landing is None:
        return f"{w} goes too far for a number"
    end, _ = line.landing
    if end == line.w:
        return f"{w} stays{', the slope is 0' if line.point.slope == 0.0 else ''}"
    low, high = line.stretch
    return f"{w} → {shown(end, DIGITS)}{'' if low <= end <= high else ' (off the plot)'}"


def _landing(line: LossLine, palette: Palette) -> str:
    """Return what the MSE would be; the step moves the other weights too, but this plot does not."""
    if line.landing is None or line.landing[0] == line.w:
        return ""
    mse = line.landing[1]
    there = mse_in_words(mse)
    if not mse <= line.point.mse:
        there = _coloured(palette.error, f"{there}, higher" if math.isfinite(mse) else there)
    return f"If this weight alone moves there: {there}"


def _coloured(colour: str, text: str) -> str:
    return f"<span style='color:{colour}'>{text}</span>"
