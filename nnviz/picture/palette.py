"""The colours of both themes by role. This module does not use Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one theme as #RRGGBB. Only slopes have the colour `slope`."""

    window: str
    surface: str
    canvas: str
    line: str
    node_border: str
    ink: str
    muted: str
    positive: str
    negative: str
    zero: str
    slope: str
    accent: str
    validation: str
    """Colour of the loss curve over the validation rows."""
    error: str
    input_node: str
    hidden_node: str
    output_node: str
    on_output: str
    on_accent: str
    on_slope: str
    selection: str
    """Faint accent colour: background of a selected row, and halo around a selected edge."""
    keyword: str
    string: str
    number: str
    """Colour of numbers in a program. `keyword` and `string` are the colours of keywords and strings."""
    walk: str
    walked: str
    """Background of the code for the animation's current step. `walk`: colour of the bar beside this code."""
    classes: tuple[str, ...]
    """Colours of the classes, repeated if there are more classes than colours."""


PALETTES: dict[str, Palette] = {
    "light": Palette(
        window="#F3F4F6",
        surface="#FFFFFF",
        canvas="#FBFBFC",
        line="#DFE3E8",
        node_border="#B9C2CD",
        ink="#1A1F27",
        muted="#5A6472",
        positive="#0877BD",
        negative="#F08A1D",
        zero="#C3C8CF",
        slope="#7A3DC0",
        accent="#0B7A6F",
        validation="#C96A00",
        error="#B3261E",
        input_node="#DCEBF7",
        hidden_node="#FFFFFF",
        output_node="#0F4C81",
        on_output="#FFFFFF",
        on_accent="#FFFFFF",
        on_slope="#FFFFFF",
        selection="#E2F2F0",
        keyword="#0F4C81",
        string="#1B6B3A",
        number="#8A4408",
        walk="#B7860B",
        walked="#FFF3C9",
        classes=(
            "#F08A1D",
            "#0877BD",
            "#3B8F3E",
            "#9C2F4B",
            "#4FB8C9",
            "#C4A20A",
            "#E8647C",
            "#6B7A1F",
            "#5A6472",
            "#8B5A2B",
        ),
    ),
    "dark": Palette(
        window="#12151A",
        surface="#1B1F26",
        canvas="#161A20",
        line="#2C333D",
        node_border="#47525F",
        ink="#E9ECF1",
        muted="#9BA6B5",
        positive="#4AA8E8",
        negative="#F3A04A",
        zero="#4A535F",
        slope="#B993F5",
        accent="#3BBFAD",
        validation="#F3A04A",
        error="#FF8A80",
        input_node="#263D52",
        hidden_node="#20252D",
        output_node="#1F5F97",
        on_output="#FFFFFF",
        on_accent="#0C1512",
        on_slope="#161A20",
        selection="#18332F",
        keyword="#7CC0F0",
        string="#8FCFA0",
        number="#F3B06A",
        walk="#E0B84A",
        walked="#3A3217",
        classes=(
            "#F3A04A",
            "#4AA8E8",
            "#69BE6C",
            "#D06A86",
            "#7AD3DF",
            "#E3C94B",
            "#F29AAB",
            "#AEBB55",
            "#9BA6B5",
            "#C29163",
        ),
    ),
}
"""The palette of each theme, by name."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of #RRGGBB, each from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
