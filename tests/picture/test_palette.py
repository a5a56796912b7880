"""Every theme can be read: text has a contrast of 4.5 to 1 with what it stands on."""

import re

import pytest

from nnviz._resources import resources
from nnviz.picture.palette import PALETTES, rgb

GROUNDS = ("window", "surface", "canvas")
PAIRS = [
    *(("ink", ground) for ground in (*GROUNDS, "selection", "input_node", "hidden_node")),
    *(("muted", ground) for ground in ("surface", "canvas")),
    *(("slope", ground) for ground in ("surface", "canvas")),
    *(("error", ground) for ground in ("surface", "canvas")),
    *(
        (word, ground)
        for word in ("ink", "muted", "keyword", "string", "number")
        for ground in ("surface", "selection", "walked")
    ),
    ("on_output", "output_node"),
    ("on_accent", "accent"),
    ("on_slope", "slope"),
]


def luminance(colour):
    """Return a colour's relative luminance as WCAG 2 defines it, from 0 to 1."""
    channels = [value / 255 for value in rgb(colour)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(share * value for share, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(theme, text, ground):
    palette = PALETTES[theme]
    assert contrast(getattr(palette, text), getattr(palette, ground)) >= 4.5


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize("name", ["tick", "submenu"])
def test_ticks_and_arrows_of_one_colour_stand_out_in_every_theme(theme, name):
    svg = (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    (colour,) = re.findall(r"#\w{6}", svg)
    for ground in ("surface", "canvas", "selection"):
        assert contrast(colour, getattr(PALETTES[theme], ground)) >= 3


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)
