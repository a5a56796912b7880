"""Which colour a label is written and bordered in. Knows nothing of Qt."""

from __future__ import annotations

from nnviz.picture.palette import Palette
from nnviz.picture.picture import Label


def ink(label: Label, palette: Palette) -> str:
    """Return the colour of a label's text. An error of exactly 0 is no error."""
    if label.style == "slope":
        return palette.slope
    if label.style == "node_slope":
        return palette.on_slope
    if label.style == "error":
        return palette.error if label.value else palette.ink
    if label.role == "output":
        return palette.on_output
    return palette.ink if label.style in {"pill", "value"} else palette.muted


def border(label: Label, palette: Palette) -> str:
    """Return the colour around a pill: its number's sign."""
    if not label.value:
        return palette.zero
    return palette.positive if label.value > 0 else palette.negative
