"""A film as a GIF that begins again at its end: one palette for all of it, and of a frame what has changed.

Pillow packs the pixels. Which, and in which colours, is found here, so that text stays crisp, a colour
of the theme is exactly that, and no frame is kept, as Pillow would do. It is imported when it is needed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from nnviz.files.motion.film import Film, Patch, Pixels, patch, timed

COLOURS = 255
"""The most that there are; the last index says that a pixel is what it was."""
PER_SECOND, LEAST = 100, 2
"""A GIF counts in hundredths of a second; many programs take less than two for ten."""
STAYS = 1
"""How to dispose of a frame: the next one is painted over it."""


def encoded(film: Film) -> Iterator[bytes]:
    """Yield the parts of the file, a frame at a time."""
    colours, before = Colours(film.samples()), None
    yield b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0xF7, 0, 0)
    yield colours.table
    yield b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # again and again
    for pixels, time in timed(film.frames(), PER_SECOND, LEAST):
        yield _packed(patch(pixels, before), colours, time)
        before = pixels
    yield b";"


def _packed(part: Patch, colours: Colours, time: int) -> bytes:
    """Return the part of a frame that has changed as it stands in the file, the smaller of two."""
    whole = colours.of(part.pixels)
    ways = (whole, np.where(part.same, np.uint8(COLOURS), whole))
    return min((_block(way, part, time) for way in ways), key=len)


def _block(indices: NDArray[np.uint8], part: Patch, time: int) -> bytes:
    from PIL import GifImagePlugin, Image

    image = Image.fromarray(indices)
    data = GifImagePlugin.getdata(
        image, (part.x, part.y), duration=10 * time, disposal=STAYS, transparency=COLOURS
    )
    return b"".join(data)


class Colours:
    """The colours of a film, chosen from pictures of it, and which of them is nearest to another."""

    def __init__(self, samples: Iterable[Pixels]) -> None:
        self.colours = _chosen(*_counted(samples))
        self._nearest = np.full(2**24, -1, np.int16)

    @property
    def table(self) -> bytes:
        """The colours as they stand in the file."""
        return self.colours.astype(np.uint8).tobytes().ljust(3 * (COLOURS + 1), b"\0")

    def of(self, pixels: Pixels) -> NDArray[np.uint8]:
        """Return the index of the nearest colour of every pixel, shape (height, width)."""
        codes = _codes(pixels)
        found = self._nearest[codes]
        if (found < 0).any():
            new = np.unique(codes[found < 0])
            for part in np.array_split(new, len(new) // 2**12 + 1):
                away = ((_colours(part)[:, None] - self.colours) ** 2).sum(axis=2)
                self._nearest[part] = away.argmin(axis=1)
            found = self._nearest[codes]
        return found.astype(np.uint8)


def _codes(pixels: Pixels) -> NDArray[np.int32]:
    red, green, blue = (pixels[..., k].astype(np.int32) for k in range(3))
    return red << 16 | green << 8 | blue


def _colours(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.stack((codes >> 16, codes >> 8 & 255, codes & 255), axis=-1)


def _counted(samples: Iterable[Pixels]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the colours of some pictures and in how many pixels each is."""
    codes, counts = np.empty(0, np.int32), np.empty(0, np.int64)
    for pixels in samples:
        own, times = np.unique(_codes(pixels), return_counts=True)
        codes, places = np.unique(np.concatenate((codes, own)), return_inverse=True)
        counts = np.bincount(places, np.concatenate((counts, times))).astype(np.int64)
    return _colours(codes), counts


def _chosen(colours: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the colours of the palette: one after the other that which would be missed most.

    That is the one with the most pixels, by their root, times its squared distance from those chosen.
    """
    weight, away = np.sqrt(counts), np.full(len(colours), np.inf)
    chosen = [int(weight.argmax())]
    while len(chosen) < min(COLOURS, len(colours)):
        away = np.minimum(away, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int((weight * away).argmax()))
    return colours[chosen]
