"""The colours of both themes by role. This module does not use Qt."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one theme as #RRGGBB, by default of the light theme. Only slopes have `slope`."""

    window: str = "#F3F4F6"
    surface: str = "#FFFFFF"
    canvas: str = "#FBFBFC"
    line: str = "#DFE3E8"
    node_border: str = "#B9C2CD"
    ink: str = "#1A1F27"
    muted: str = "#5A6472"
    positive: str = "#0877BD"
    negative: str = "#F08A1D"
    zero: str = "#C3C8CF"
    slope: str = "#7A3DC0"
    accent: str = "#0B7A6F"
    validation: str = "#C96A00"
    """Colour of the loss curve over the validation rows."""
    error: str = "#B3261E"
    input_node: str = "#DCEBF7"
    hidden_node: str = "#FFFFFF"
    output_node: str = "#0F4C81"
    on_output: str = "#FFFFFF"
    on_accent: str = "#FFFFFF"
    on_slope: str = "#FFFFFF"
    selection: str = "#E2F2F0"
    """Faint accent colour: background of a selected row, and halo around a selected edge."""
    keyword: str = "#0F4C81"
    string: str = "#1B6B3A"
    number: str = "#8A4408"
    """Colour of numbers in a program. `keyword` and `string` are the colours of keywords and strings."""
    walk: str = "#B7860B"
    walked: str = "#FFF3C9"
    """Background of the code for the animation's current step. `walk`: colour of the bar beside this code."""
    classes: tuple[str, ...] = (
        *("#F08A1D", "#0877BD", "#3B8F3E", "#9C2F4B", "#4FB8C9"),
        *("#C4A20A", "#E8647C", "#6B7A1F", "#5A6472", "#8B5A2B"),
    )
    """Colours of the classes, repeated if there are more classes than colours."""
    runs: tuple[str, ...] = ("#2563EB", "#B91C1C", "#1A1F27", "#15803D", "#0F4C81")
    """Colours of the curves of kept runs. Eyes that do not see red or green tell them apart, too."""


PALETTES: dict[str, Palette] = {
    "light": Palette(),
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
        on_accent="#0C1512",
        on_slope="#161A20",
        selection="#18332F",
        keyword="#7CC0F0",
        string="#8FCFA0",
        number="#F3B06A",
        walk="#E0B84A",
        walked="#3A3217",
        classes=(
            *("#F3A04A", "#4AA8E8", "#69BE6C", "#D06A86", "#7AD3DF"),
            *("#E3C94B", "#F29AAB", "#AEBB55", "#9BA6B5", "#C29163"),
        ),
        runs=("#93C5FD", "#FB7185", "#D9F99D", "#3B82F6", "#FDE047"),
    ),
}
"""The palette of each theme, by name."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of #RRGGBB, each from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
