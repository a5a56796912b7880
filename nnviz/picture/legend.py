"""What colours and shapes of a diagram mean, and the sheet on which both stand. Knows nothing of Qt."""

from __future__ import annotations

from typing import NamedTuple

from nnviz.core.address import Address
from nnviz.picture.columns import growth
from nnviz.picture.layout import lay_out
from nnviz.picture.parts import Label, Rect, Style, View
from nnviz.picture.picture import Picture, make_picture
from nnviz.picture.text import text_width

HEIGHT = 36.0
"""Of the room that a sheet has for its legend."""
SIZE, BOX_SIZE = 12.0, 11.0
"""Font sizes of the words, and of a sign in a sample's box."""
BOX, LINE = Rect(0.0, 0.0, 22.0, 15.0), Rect(0.0, 0.0, 38.0, 3.0)
"""A sample's box, and the piece of an edge behind that of a weight."""
BESIDE, APART, MARGIN = 6.0, 18.0, 20.0
"""From a sample to its words, to the next sample, and from the last words to the border."""
ENTRIES: tuple[tuple[Style, float, str, str], ...] = (
    ("pill", 1.0, "+", "weight > 0"),
    ("pill", -1.0, "\N{MINUS SIGN}", "weight < 0"),
    ("slope", 1.0, "±", "slope of the loss"),
)
"""Style, value and text of each sample's box, and its words."""
NOWHERE = Address("heading", -1)


class Sample(NamedTuple):
    """A number's box as on the diagram, with its edge behind it if it is a weight's, and what it means."""

    box: Label
    edge: Rect | None
    words: Label


class Sheet(NamedTuple):
    """A picture of the whole network with its legend below, both in their places."""

    width: float
    height: float
    picture: Picture
    legend: tuple[Sample, ...]


def legend(right: float, middle: float, *, slopes: bool = True, scale: float = 1.0) -> tuple[Sample, ...]:
    """Return the legend that ends at `right`, its middle at `middle`; without `slopes`, of weights alone."""
    samples: list[Sample] = []
    for style, value, text, words in reversed(ENTRIES if slopes else ENTRIES[:2]):
        width = text_width(words, SIZE * scale)
        place = Rect(right - width, middle - SIZE * scale * 0.65, width, SIZE * scale * 1.3)
        piece = LINE if style == "pill" else BOX
        left = place.x - (BESIDE + piece.width) * scale
        room = Rect(left, middle, piece.width * scale, 0.0)
        box = room.middle(BOX.width * scale, BOX.height * scale)
        samples.append(
            Sample(
                Label(NOWHERE, text, box, style, BOX_SIZE * scale, value),
                room.middle(LINE.width * scale, LINE.height * scale) if style == "pill" else None,
                Label(NOWHERE, words, place, "note", SIZE * scale, align="left"),
            )
        )
        right = left - APART * scale
    return tuple(reversed(samples))


def sheet(picture: Picture, width: float, height: float) -> Sheet:
    """Return the numbers of a picture on a sheet of this size, however far it is zoomed in."""
    content = picture.content
    network, slopes = content.network, content.slopes is not None
    scale = growth(View(width, height), len(network.sizes))
    room = View(width, max(height - HEIGHT * scale, 1.0), pictures=picture.layout.view.pictures)
    whole = make_picture(
        content, lay_out(network, room, slopes=slopes), shows=picture.shows, largest=picture.scale
    )
    middle = height - HEIGHT * scale / 2
    return Sheet(width, height, whole, legend(width - MARGIN, middle, slopes=slopes, scale=scale))
