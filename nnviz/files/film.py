"""Films as animated PNG, GIF or MP4.

A program without support for animation shows the first frame. Pillow compresses the pixels of a GIF. This
module chooses the changed area and the colours, so that text stays crisp, theme colours stay exact, and only
one frame at a time is in memory. The PNG format: https://www.w3.org/TR/png-3/
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
from nnviz.files.errors import FileError, missing_package_error

Pixels: TypeAlias = NDArray[np.uint8]
"""A picture: red, green and blue from 0 to 255, shape (height, width, 3)."""
SIZE_PX, FPS = (960, 600), 15
"""SIZE_PX: default width and height of a film. FPS: default frames per second of an animation."""
LEAST_PX, MOST_PX, MOST_FPS = 50, 3840, 50
"""LEAST_PX, MOST_PX: limits of width and height in pixels. MOST_FPS: largest number of frames per second."""


class FilmFrame(NamedTuple):
    """A picture and its duration in seconds."""

    pixels: Pixels
    seconds: float


class Film(Protocol):
    """Source of a film's frames. Each call of `frames` yields the same frames from the start."""

    width: int
    height: int
    fps: int
    count: int
    """Number of frames."""

    def frames(self) -> Iterator[FilmFrame]:
        """Yield every frame, one at a time."""

    def samples(self) -> Iterator[Pixels]:
        """Yield a few pictures that together have all colours of the film."""

    def report_progress(self) -> None:
        """Report progress. Writers call this method repeatedly. Raises CancelledError if a person cancels."""


class Patch(NamedTuple):
    """The rectangle in which a frame differs from the previous frame, with the upper left corner `x`, `y`."""

    x: int
    y: int
    pixels: Pixels
    same: NDArray[np.bool_]
    """Mask of the unchanged pixels, shape (height, width)."""


def patch(pixels: Pixels, previous: Pixels | None) -> Patch:
    """Return the rectangle in which `pixels` and `previous` differ, or one pixel if both are equal.

    If `previous` is None, the rectangle is the whole frame.
    """
    if previous is None:
        return Patch(0, 0, pixels, np.zeros(pixels.shape[:2], np.bool_))
    differs = (pixels != previous).any(axis=2)
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return Patch(0, 0, pixels[:1, :1], ~differs[:1, :1])
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Patch(int(columns[0]), int(rows[0]), pixels[part], ~differs[part])


def rounded_durations(
    frames: Iterable[FilmFrame], per_second: int, least: int
) -> Iterator[tuple[Pixels, int]]:
    """Yield the pixels of each frame, and the frame's duration in units of 1 / `per_second` seconds.

    A frame has at least `least` units. Rounding errors of the durations do not add up.
    """
    exact = total = 0.0
    for pixels, seconds in frames:
        exact += seconds
        time = max(round(exact * per_second - total), least)
        total += time
        yield pixels, time


LEVEL = 7
"""Compression level of zlib; a higher level takes much longer and saves little."""
EIGHT_BITS, RGBA = 8, 6
APNG_STAYS, OVER = 0, 1
"""Codes in an APNG. APNG_STAYS: earlier frames stay visible. OVER: a frame is painted over earlier frames."""
LONGEST_MS = 65_535


def apng_bytes(film: Film) -> Iterator[bytes]:
    """Yield the parts of an animated PNG, one frame at a time."""
    header = struct.pack(">IIBBBBB", film.width, film.height, EIGHT_BITS, RGBA, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"acTL", struct.pack(">II", film.count, 0))
    number, before = count(), None
    for pixels, seconds in film.frames():
        part = patch(pixels, before)
        height, width, _ = part.pixels.shape
        time = min(round(1000 * seconds), LONGEST_MS)
        place = struct.pack(">IIII", width, height, part.x, part.y)
        delay = struct.pack(">HHBB", time, 1000, APNG_STAYS, OVER)
        yield _chunk(b"fcTL", struct.pack(">I", next(number)) + place + delay)
        data = _deflated(part)
        if before is None:
            yield _chunk(b"IDAT", data)
        else:
            yield _chunk(b"fdAT", struct.pack(">I", next(number)) + data)
        before = pixels
    yield _chunk(b"IEND", b"")


def _deflated(part: Patch) -> bytes:
    """Return the compressed pixels of a PNG, unchanged ones transparent, with no filter on any row.

    Flat and crisp pictures are smallest without filters.
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
"""Largest number of colours in a GIF; palette index 255 is not a colour but marks unchanged pixels."""
PER_SECOND, LEAST = 100, 2
"""PER_SECOND: a GIF's time units per second. LEAST: shortest duration of a GIF's frame, in time units."""
GIF_STAYS = 1
"""Disposal method of a GIF's frame: the frame stays, and the next frame is painted over this frame."""


def gif_bytes(film: Film) -> Iterator[bytes]:
    """Yield the parts of a GIF, one frame at a time."""
    colours, before = Colours(film.samples()), None
    yield b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0xF7, 0, 0)
    yield colours.table
    yield b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # repeat the film forever
    for pixels, time in rounded_durations(film.frames(), PER_SECOND, LEAST):
        yield _smaller_block(patch(pixels, before), colours, time)
        before = pixels
    yield b";"


def _smaller_block(part: Patch, colours: Colours, time: int) -> bytes:
    """Return the changed part of a frame as bytes of the file: all pixels, or unchanged ones transparent."""
    opaque = colours.indices(part.pixels)
    ways = (opaque, np.where(part.same, np.uint8(COLOURS), opaque))
    return min((_block(way, part, time) for way in ways), key=len)


def _block(indices: NDArray[np.uint8], part: Patch, time: int) -> bytes:
    from PIL import GifImagePlugin, Image

    image = Image.fromarray(indices)
    data = GifImagePlugin.getdata(
        image, (part.x, part.y), duration=10 * time, disposal=GIF_STAYS, transparency=COLOURS
    )
    return b"".join(data)


class Colours:
    """The palette of a film, chosen from sample pictures."""

    def __init__(self, samples: Iterable[Pixels]) -> None:
        self.colours = _palette(*_colour_counts(samples))
        self._nearest = np.full(2**24, -1, np.int16)

    @property
    def table(self) -> bytes:
        """The palette as bytes of a GIF file."""
        return self.colours.astype(np.uint8).tobytes().ljust(3 * (COLOURS + 1), b"\0")

    def indices(self, pixels: Pixels) -> NDArray[np.uint8]:
        """Return the palette index of the colour nearest to each pixel, shape (height, width)."""
        codes = _codes(pixels)
        indices = self._nearest[codes]
        if (indices < 0).any():
            new = np.unique(codes[indices < 0])
            for part in np.array_split(new, len(new) // 2**12 + 1):
                distance = ((_colours(part)[:, None] - self.colours) ** 2).sum(axis=2)
                self._nearest[part] = distance.argmin(axis=1)
            indices = self._nearest[codes]
        return indices.astype(np.uint8)


def _codes(pixels: Pixels) -> NDArray[np.int32]:
    red, green, blue = (pixels[..., k].astype(np.int32) for k in range(3))
    return red << 16 | green << 8 | blue


def _colours(codes: NDArray[np.int32]) -> NDArray[np.int32]:
    return np.stack((codes >> 16, codes >> 8 & 255, codes & 255), axis=-1)


def _colour_counts(samples: Iterable[Pixels]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the colours of some pictures, shape (colours, 3), and the pixel count of each colour."""
    codes, counts = np.empty(0, np.int32), np.empty(0, np.int64)
    for pixels in samples:
        own, times = np.unique(_codes(pixels), return_counts=True)
        codes, places = np.unique(np.concatenate((codes, own)), return_inverse=True)
        counts = np.bincount(places, np.concatenate((counts, times))).astype(np.int64)
    return _colours(codes), counts


def _palette(colours: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return up to COLOURS colours, shape (colours, 3), each the worst approximated by the previous ones.

    The measure is √(pixel count) · (distance from the chosen colours)².
    """
    weight, distance = np.sqrt(counts), np.full(len(colours), np.inf)
    chosen = [int(weight.argmax())]
    while len(chosen) < min(COLOURS, len(colours)):
        distance = np.minimum(distance, ((colours - colours[chosen[-1]]) ** 2).sum(axis=1))
        chosen.append(int((weight * distance).argmax()))
    return colours[chosen]


QUALITY = "18"
"""Quality (crf) of x264: lines and letters stay crisp, and the file is small."""
LOOK_S = 0.05
"""Seconds between two progress reports while ffmpeg finishes, so that a person can cancel."""


def ffmpeg_path() -> str | None:
    """Return the absolute path of ffmpeg, or None. An ffmpeg in the current folder is ignored."""
    path = shutil.which("ffmpeg")
    return path if path and os.path.isabs(path) else None


def even_size(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the video, rounded up to even numbers, which H.264 needs."""
    return width + width % 2, height + height % 2


def write_mp4(film: Film, path: Path) -> None:
    """Write the film to `path` with ffmpeg. Raises FileError, and OSError for a full disk."""
    ffmpeg = ffmpeg_path()
    assert ffmpeg is not None
    with tempfile.TemporaryFile() as log:
        command = [ffmpeg, *_arguments(film), str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log) as work:
            try:
                _send_frames(film, work)
            except BaseException:
                work.kill()
                raise
        if work.returncode:
            log.seek(0)
            text = log.read().decode(errors="replace").strip()
            if os.strerror(errno.ENOSPC) in text:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            reason = text.splitlines()[-1] if text else "no reason given"
            raise FileError(f"ffmpeg could not write the film: {reason}")


def _arguments(film: Film) -> list[str]:
    """Return ffmpeg's options for a video from raw frames that any player can play while the file loads."""
    width, height = even_size(film.width, film.height)
    frames = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{film.fps}"]
    colours = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    shape = ["-vf", "scale=out_color_matrix=bt709,format=yuv420p", *colours]
    kind = ["-c:v", "libx264", "-crf", QUALITY, "-movflags", "+faststart", "-f", "mp4"]
    return ["-v", "error", "-y", *frames, "-i", "pipe:0", *shape, *kind]


def _send_frames(film: Film, work: subprocess.Popen[bytes]) -> None:
    """Send ffmpeg every frame, repeated for its duration, and wait until ffmpeg ends."""
    assert work.stdin is not None
    with suppress(BrokenPipeError):  # ffmpeg has ended, and its log says why
        for pixels, times in rounded_durations(film.frames(), film.fps, 0):
            height, width, _ = pixels.shape
            data = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge").data
            for _ in range(times):
                work.stdin.write(data)
    with suppress(BrokenPipeError):
        work.stdin.close()
    while work.poll() is None:
        film.report_progress()
        with suppress(subprocess.TimeoutExpired):
            work.wait(LOOK_S)


KINDS = {"GIF animation": (".gif",), "Animated PNG": (".apng", ".png"), "MP4 video": (".mp4",)}
"""Map from each kind of film file to the suffixes of this kind."""
SUFFIXES = tuple(suffix for kind in KINDS.values() for suffix in kind)


def check(path: Path) -> None:
    """Raise FileError if `path` does not have the suffix of a film, or if a required program is missing."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise FileError(f"{path} was not written: its name must end in {', '.join(SUFFIXES)}")
    if error := _missing_program(suffix):
        raise error


def available_kinds() -> dict[str, tuple[str, ...]]:
    """Return KINDS, sorted: the kinds of films that this computer can write come first."""
    return dict(sorted(KINDS.items(), key=lambda kind: _missing_program(kind[1][0]) is not None))


def _missing_program(suffix: str) -> FileError | None:
    """Return an error that names the missing program for films with this suffix, or None."""
    if suffix == ".gif" and find_spec("PIL") is None:
        return missing_package_error("A GIF", "Pillow", "motion")
    if suffix == ".mp4" and ffmpeg_path() is None:
        return FileError("An MP4 needs ffmpeg, which is not on the PATH; install ffmpeg or save as .apng")
    return None


def size_note(path: Path, width: int, height: int) -> str:
    """Return a note on the film's size if the format cannot have this width and height, else ""."""
    size = even_size(width, height)
    if path.suffix.lower() != ".mp4" or size == (width, height):
        return ""
    return f"the film has {size[0]} × {size[1]} pixels, because an MP4 needs an even width and height"


def write(film: Film, path: Path) -> None:
    """Write a film in the format of the path's suffix. After an error, an old file at `path` is unchanged.

    Raises FileError, and CancelledError if a person cancels.
    """
    check(path)
    if path.suffix.lower() == ".mp4":
        atomic.write_with(path, lambda _file, beside: write_mp4(film, beside))
    else:
        encoded = gif_bytes if path.suffix.lower() == ".gif" else apng_bytes
        atomic.write_with(path, partial(atomic.write_all, parts=encoded(film)))
