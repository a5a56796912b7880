"""How a picture is looked at while it is painted. Knows no painter."""

from __future__ import annotations

from typing import NamedTuple

from nnviz.picture.palette import Palette
from nnviz.picture.picture import Part


class Look(NamedTuple):
    """What is selected and lit, how finely, in which colours.

    ============ ==================================================================
    `selected`   the parts with the accent around them
    `lit`        the part whose edges light up, or None
    `moving`     whether the weights are changing, so that edges need not be sharp
    `ratio`      device pixels for each pixel of the picture
    ============ ==================================================================
    """

    selected: tuple[Part, ...]
    lit: Part | None
    moving: bool
    palette: Palette
    ratio: float
