"""A film as an animated PNG that begins again at its end: every colour, and of a frame what has changed.

A program that shows no motion shows the first frame. The format: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import count

import numpy as np

from nnviz.files.motion.film import Film, Patch, patch

LEVEL = 7
"""How hard zlib tries; more takes much longer for little."""
EIGHT_BITS, RGBA = 8, 6
STAYS, OVER = 0, 1
"""A frame lies on those before it, where it is not transparent."""
LONGEST_MS = 65_535


def encoded(film: Film) -> Iterator[bytes]:
    """Yield the parts of the file, a frame at a time."""
    header = struct.pack(">IIBBBBB", film.width, film.height, EIGHT_BITS, RGBA, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"acTL", struct.pack(">II", film.count, 0))
    number, before = count(), None
    for pixels, seconds in film.frames():
        part = patch(pixels, before)
        height, width, _ = part.pixels.shape
        time = min(round(1000 * seconds), LONGEST_MS)
        place = struct.pack(">IIII", width, height, part.x, part.y)
        shown = struct.pack(">HHBB", time, 1000, STAYS, OVER)
        yield _chunk(b"fcTL", struct.pack(">I", next(number)) + place + shown)
        data = _deflated(part)
        if before is None:
            yield _chunk(b"IDAT", data)
        else:
            yield _chunk(b"fdAT", struct.pack(">I", next(number)) + data)
        before = pixels
    yield _chunk(b"IEND", b"")


def _deflated(part: Patch) -> bytes:
    """Return pixels as a PNG has them, those transparent that do not differ, and no row told by another.

    What is flat and crisp is smallest so.
    """
    height, width = part.same.shape
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[~part.same, :3], pixels[~part.same, 3] = part.pixels[~part.same], 255
    rows = np.zeros((height, 1 + 4 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    return zlib.compress(rows.tobytes(), LEVEL)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
