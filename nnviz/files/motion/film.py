"""What a film is to those who write it: frames of one size, one after the other, each with its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]
"""Red, green and blue, shape (height, width, 3)."""
SIZE_PX, FPS = (960, 600), 15
"""Width and height of a film, and its frames a second where something moves, if nothing else is wished."""
LEAST_PX, MOST_PX, MOST_FPS = 50, 3840, 50
"""A GIF cannot have more frames a second that all programs show as fast; a frame is in memory some times."""


class Frame(NamedTuple):
    """A picture, and for how many seconds it is seen."""

    pixels: Pixels
    seconds: float


class Film(Protocol):
    """What can be asked for its frames, again and again, and gives the same ones each time."""

    width: int
    height: int
    fps: int
    count: int
    """How many frames there are."""

    def frames(self) -> Iterator[Frame]:
        """Yield every frame; none is kept."""

    def samples(self) -> Iterator[Pixels]:
        """Yield a few pictures that have all the film's colours."""

    def alive(self) -> None:
        """Tell how far it is: called again and again while something takes long. May raise CancelledError."""


class Patch(NamedTuple):
    """The part of a frame in which it differs from the one before, and where its upper left corner is."""

    x: int
    y: int
    pixels: Pixels
    same: NDArray[np.bool_]
    """Which of its pixels do not differ, shape (height, width)."""


def patch(pixels: Pixels, before: Pixels | None) -> Patch:
    """Return where a frame differs from the one before; one pixel where it does not."""
    if before is None:
        return Patch(0, 0, pixels, np.zeros(pixels.shape[:2], np.bool_))
    differs = (pixels != before).any(axis=2)
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Patch(0, 0, pixels[:1, :1], ~differs[:1, :1])
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Patch(int(columns[0]), int(rows[0]), pixels[part], ~differs[part])


def timed(frames: Iterable[Frame], per_second: int, least: int) -> Iterator[tuple[Pixels, int]]:
    """Yield the pixels of each frame with its time in whole parts of a second, so that no error adds up."""
    passed = told = 0.0
    for pixels, seconds in frames:
        passed += seconds
        time = max(round(passed * per_second - told), least)
        told += time
        yield pixels, time
