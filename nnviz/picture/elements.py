"""SVG as text: a document, words, a rectangle, an image. Knows nothing of networks, and nothing of Qt."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable
from xml.sax.saxutils import escape

import numpy as np

from nnviz.picture.parts import Rect
from nnviz.picture.style import DASHES, Box, Pixels

PIXELATED = ' style="image-rendering: pixelated"'
"""Said of an image, it keeps its pixels apart."""
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def document(width: float, height: float, title: str, ground: str, parts: Iterable[str]) -> str:
    """Return a document of this size that shows `parts`, on a ground of this colour unless that is ""."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        'style="font-variant-numeric:tabular-nums">',
        f"<title>{escaped(title)}</title>",
        *([f'<rect width="{width:g}" height="{height:g}" fill="{ground}"/>'] if ground else []),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return `text` without what XML cannot hold, escaped."""
    kept = (c if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF else " " for c in text)
    return escape("".join(kept))


def words(
    x: float,
    middle: float,
    text: str,
    size: float,
    colour: str,
    anchor: str = "start",
    weight: int = 400,
    more: str = "",
) -> str:
    """Return a text whose digits have their middle at `middle`; `anchor` is "start", "middle" or "end"."""
    # Not every renderer knows dominant-baseline; digits and capitals are about .72 of the size tall.
    return (
        f'<text x="{x:.1f}" y="{middle + 0.36 * size:.1f}" font-size="{size:.4g}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}"{more}>{escaped(text)}</text>'
    )


def rectangle(rect: Rect, box: Box, more: str = "") -> str:
    """Return `rect` drawn as `box`."""
    line = f' stroke="{box.line}" stroke-width="{box.width}"' if box.line else ""
    if box.dashed:
        line += ' stroke-dasharray="{:g} {:g}"'.format(*DASHES)
    return (
        f'<rect x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" '
        f'rx="{box.radius:.1f}" fill="{box.fill or "none"}"{line}{more}/>'
    )


def image(rect: Rect, pixels: Pixels, more: str = "") -> str:
    """Return RGBA `pixels`, shape (rows, columns, 4), stretched over `rect`."""
    return (
        f'<image x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" '
        f'preserveAspectRatio="none"{more} href="{_png_uri(pixels)}"/>'
    )


def _png_uri(pixels: Pixels) -> str:
    """Return RGBA `pixels`, shape (rows, columns, 4), as a data URI."""
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + 4 * columns), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(rows, 4 * columns)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
