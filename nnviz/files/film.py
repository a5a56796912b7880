"""Films as animated PNG, GIF or MP4.

A program that shows no animation shows the first frame. Pillow compresses the pixels of a GIF; the changed
area and the colours are chosen here, so that text stays crisp, theme colours stay exact, and no frame is kept
in memory. The PNG format: https://www.w3.org/TR/png-3/
"""

from __future__ import annotations

import errno
import os
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.files import atomic
from nnviz.files.errors import FileError, not_installed

Pixels: TypeAlias = NDArray[np.uint8]
"""Red, green and blue, shape (height, width, 3)."""
SIZE_PX, FPS = (960, 600), 15
"""Width and height of a film, and its frames a second where something moves, if nothing else is wished."""
LEAST_PX, MOST_PX, MOST_FPS = 50, 3840, 50
"""A GIF cannot have more frames a second that all programs show as fast; a frame is in memory some times."""


class FilmFrame(NamedTuple):
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

    def frames(self) -> Iterator[FilmFrame]:
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


def timed(frames: Iterable[FilmFrame], per_second: int, least: int) -> Iterator[tuple[Pixels, int]]:
    """Yield the pixels of each frame with its time in whole parts of a second, so that no error adds up."""
    passed = told = 0.0
    for pixels, seconds in frames:
        passed += seconds
        time = max(round(passed * per_second - told), least)
        told += time
        yield pixels, time


LEVEL = 7
"""How hard zlib tries; more takes much longer for little."""
EIGHT_BITS, RGBA = 8, 6
APNG_STAYS, OVER = 0, 1
"""A frame lies on those before it, where it is not transparent."""
LONGEST_MS = 65_535


def apng_bytes(film: Film) -> Iterator[bytes]:
    """Yield the parts of the file, a frame at a time."""
    header = struct.pack(">IIBBBBB", film.width, film.height, EIGHT_BITS, RGBA, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"acTL", struct.pack(">II", film.count, 0))
    number, before = count(), None
    for pixels, seconds in film.frames():
        part = patch(pixels, before)
        height, width, _ = part.pixels.shape
        time = min(round(1000 * seconds), LONGEST_MS)
        place = struct.pack(">IIII", width, height, part.x, part.y)
        shown = struct.pack(">HHBB", time, 1000, APNG_STAYS, OVER)
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


COLOURS = 255
"""The most that there are; the last index says that a pixel is what it was."""
PER_SECOND, LEAST = 100, 2
"""A GIF counts in hundredths of a second; many programs take less than two for ten."""
GIF_STAYS = 1
"""How to dispose of a frame: the next one is painted over it."""


def gif_bytes(film: Film) -> Iterator[bytes]:
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
        image, (part.x, part.y), duration=10 * time, disposal=GIF_STAYS, transparency=COLOURS
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


QUALITY = "18"
"""x264's crf: lines and letters are as they were, and the file is small."""
LOOK_S = 0.05
"""Between two looks at what a person does, while ffmpeg ends its work."""


def program() -> str | None:
    """Return where ffmpeg is, or None; the current folder, where Windows looks first, does not count."""
    found = shutil.which("ffmpeg")
    return found if found and os.path.isabs(found) else None


def even(width: int, height: int) -> tuple[int, int]:
    """Return the size of the video where that of the frames is another one: the kind wants even numbers."""
    return width + width % 2, height + height % 2


def write_mp4(film: Film, path: Path) -> None:
    """Have ffmpeg write the film to `path`. Raises FileError, and OSError for a full disk."""
    ffmpeg = program()
    assert ffmpeg is not None
    with tempfile.TemporaryFile() as said:
        command = [ffmpeg, *_arguments(film), str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said) as work:
            try:
                _give(film, work)
            except BaseException:
                work.kill()
                raise
        if work.returncode:
            said.seek(0)
            _raise(said.read().decode(errors="replace").strip())


def _arguments(film: Film) -> list[str]:
    """Return how the frames come and how they are written: for every player, and to be played as it comes."""
    width, height = even(film.width, film.height)
    comes = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{film.fps}"]
    colours = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    shape = ["-vf", "scale=out_color_matrix=bt709,format=yuv420p", *colours]
    kind = ["-c:v", "libx264", "-crf", QUALITY, "-movflags", "+faststart", "-f", "mp4"]
    return ["-v", "error", "-y", *comes, "-i", "pipe:0", *shape, *kind]


def _give(film: Film, work: subprocess.Popen[bytes]) -> None:
    """Give ffmpeg every frame as often as it is seen, and wait for it."""
    assert work.stdin is not None
    with suppress(BrokenPipeError):  # it has ended, and says why
        for pixels, times in timed(film.frames(), film.fps, 0):
            height, width, _ = pixels.shape
            data = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").data
            for _ in range(times):
                work.stdin.write(data)
    with suppress(BrokenPipeError):
        work.stdin.close()
    while work.poll() is None:
        film.alive()
        with suppress(subprocess.TimeoutExpired):
            work.wait(LOOK_S)


def _raise(said: str) -> None:
    if os.strerror(errno.ENOSPC) in said:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    raise FileError(f"ffmpeg could not write the film: {said.splitlines()[-1] if said else 'it ended early'}")


KINDS = {"GIF animation": (".gif",), "Animated PNG": (".apng", ".png"), "MP4 video": (".mp4",)}
"""What a film can be written to, with its suffixes."""
SUFFIXES = tuple(suffix for kind in KINDS.values() for suffix in kind)


def check(path: Path) -> None:
    """Raise FileError where a film cannot be written as `path` is called: what it needs is missing."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{path} was not written: its name needs to end in {', '.join(SUFFIXES)}")
    if lack := _lack(suffix):
        raise lack


def offered() -> dict[str, tuple[str, ...]]:
    """Return the kinds, first those that can be written here."""
    return dict(sorted(KINDS.items(), key=lambda kind: _lack(kind[1][0]) is not None))


def _lack(suffix: str) -> FileError | None:
    """Return what is missing here for films that are called so."""
    if suffix == ".gif" and find_spec("PIL") is None:
        return not_installed("A GIF", "Pillow", "motion")
    if suffix == ".mp4" and program() is None:
        return FileError("An MP4 needs ffmpeg, which is not on the PATH; a name in .apng needs nothing")
    return None


def of_size(path: Path, width: int, height: int) -> str:
    """Return what is to be said of the size of a film as `path` is called; "" where it is what is wished."""
    made = even(width, height)
    if path.suffix.lower() != ".mp4" or made == (width, height):
        return ""
    return f"{made[0]} × {made[1]}: an MP4 has even sizes"


def write(film: Film, path: Path) -> None:
    """Write a film into the kind of file that `path` is called; on any failure all is as it was.

    Raises FileError, also where a person has stopped it.
    """
    check(path)
    if path.suffix.lower() == ".mp4":
        atomic.write_by(path, lambda _file, beside: write_mp4(film, beside))
    else:
        encoded = gif_bytes if path.suffix.lower() == ".gif" else apng_bytes
        atomic.write_by(path, partial(atomic.write_all, parts=encoded(film)))
