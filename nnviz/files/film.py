"""Films as animated PNG, GIF or MP4.

A program without support for animation shows the first frame. Pillow compresses the pixels of a GIF, and
ffmpeg writes an MP4. This module writes the frames of an animated PNG and of a GIF one at a time, because
Pillow keeps all frames of a film in memory. The PNG format: https://www.w3.org/TR/png-3/
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
from nnviz.files.errors import FileError, missing_package_error, wait_for

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

    def report_progress(self) -> None:
        """Report progress. Writers call this method repeatedly. Raises CancelledError if a person cancels."""


class Patch(NamedTuple):
    """The rectangle in which a frame differs from the previous frame, with the upper left corner `x`, `y`."""

    x: int
    y: int
    pixels: Pixels
    changed: NDArray[np.bool_]
    """Mask of the changed pixels, shape (height, width)."""


def patch(pixels: Pixels, previous: Pixels | None) -> Patch:
    """Return the rectangle in which `pixels` and `previous` differ, or one pixel if both are equal.

    If `previous` is None, the rectangle is the whole frame.
    """
    changed = np.ones(pixels.shape[:2], np.bool_) if previous is None else (pixels != previous).any(axis=2)
    if not changed.any():
        changed[0, 0] = True  # a frame needs at least one pixel
    rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Patch(int(columns[0]), int(rows[0]), pixels[part], changed[part])


def patches(film: Film, per_second: int, least: int) -> Iterator[tuple[Patch, int]]:
    """Yield the changed part of each frame, and the frame's duration as `rounded_durations` counts it."""
    previous = None
    for pixels, time in rounded_durations(film.frames(), per_second, least):
        yield patch(pixels, previous), time
        previous = pixels


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
STAYS, OVER = 0, 1
"""Codes in an APNG. STAYS: earlier frames stay visible. OVER: a frame is painted over earlier frames."""
MILLISECONDS = 1000
"""Time units per second in an APNG."""


def apng_bytes(film: Film) -> Iterator[bytes]:
    """Yield the parts of an animated PNG, one frame at a time."""
    header = struct.pack(">IIBBBBB", film.width, film.height, EIGHT_BITS, RGBA, 0, 0, 0)
    yield b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"acTL", struct.pack(">II", film.count, 0))
    number = count()
    for part, time in patches(film, MILLISECONDS, 0):
        height, width = part.changed.shape
        first = next(number)
        place = struct.pack(">IIIII", first, width, height, part.x, part.y)
        yield _chunk(b"fcTL", place + struct.pack(">HHBB", time, MILLISECONDS, STAYS, OVER))
        data = _deflated(part)
        yield _chunk(b"fdAT", struct.pack(">I", next(number)) + data) if first else _chunk(b"IDAT", data)
    yield _chunk(b"IEND", b"")


def _deflated(part: Patch) -> bytes:
    """Return the compressed pixels of a PNG, unchanged ones transparent, with no filter on any row.

    Flat and crisp pictures are smallest without filters.
    """
    height, width = part.changed.shape
    pixels = np.dstack((part.pixels, np.full((height, width), 255, np.uint8)))
    pixels[~part.changed] = 0
    return zlib.compress(np.pad(pixels.reshape(height, -1), ((0, 0), (1, 0))).tobytes(), LEVEL)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


COLOURS = 127
"""Largest number of colours in a frame of a GIF. The next index of the frame's palette means: unchanged.

More colours make a file larger, and the difference is not visible.
"""
FLAT_COLOURS, EXACT = 32, 1e6
"""FLAT_COLOURS: number of colours of a film's first picture, the most frequent ones, that a GIF keeps exact.
EXACT: weight of these colours in the choice of a palette. Without it, the background would get stains.
"""
PER_SECOND, LEAST = 100, 2
"""PER_SECOND: a GIF's time units per second. LEAST: shortest duration of a GIF's frame, in time units."""


def gif_bytes(film: Film) -> Iterator[bytes]:
    """Yield the parts of a GIF, one frame at a time. Each frame has its own palette."""
    yield b"GIF89a" + struct.pack("<HHBBB", film.width, film.height, 0x70, 0, 0)
    yield b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # repeat the film forever
    flat = None
    for part, time in patches(film, PER_SECOND, LEAST):
        if flat is None:
            codes, counts = np.unique(_codes(part.pixels), return_counts=True)
            flat = codes[counts.argsort()[-FLAT_COLOURS:]]
        yield _gif_frame(part, time, flat)
    yield b";"


def _codes(pixels: Pixels) -> NDArray[np.int32]:
    """Return each pixel's colour as one number."""
    return pixels.astype(np.int32) @ np.array([2**16, 2**8, 1], np.int32)


def _gif_frame(part: Patch, time: int, flat: NDArray[np.int32]) -> bytes:
    """Return the changed pixels of a frame as bytes of a GIF; unchanged pixels are transparent."""
    from PIL import GifImagePlugin, Image

    palette, nearest = reduce_colours(part.pixels[part.changed], flat)
    unchanged = len(palette)
    indices = np.full(part.changed.shape, unchanged, np.uint8)
    indices[part.changed] = nearest
    image = Image.fromarray(indices)
    image.putpalette(palette.tobytes() + bytes(3))
    options = {"disposal": 1, "transparency": unchanged, "include_color_table": True}  # 1: the frame stays
    return b"".join(GifImagePlugin.getdata(image, (part.x, part.y), duration=10 * time, **options))


def reduce_colours(pixels: Pixels, flat: NDArray[np.int32]) -> tuple[Pixels, NDArray[np.uint8]]:
    """Return a palette of up to COLOURS colours, shape (colours, 3), and the index of each pixel's colour.

    `pixels` has the shape (pixels, 3). Each colour of the palette is one that the previous ones approximate
    worst, by √(pixel count) · (distance)², so that text stays crisp. The colours `flat`, as numbers of
    `_codes`, come first, so that they stay exact.
    """
    codes, places, counts = np.unique(_codes(pixels), return_inverse=True, return_counts=True)
    colours = np.stack((codes >> 16, codes >> 8 & 255, codes & 255), axis=-1)
    distance, nearest = np.full(len(colours), 2**20), np.zeros(len(colours), np.uint8)
    weight, chosen = np.sqrt(counts) * np.where(np.isin(codes, flat), EXACT, 1.0), list[int]()
    while len(chosen) < min(COLOURS, len(colours)):
        worst = int((weight * distance).argmax())
        new = ((colours - colours[worst]) ** 2).sum(axis=1)
        nearest[new < distance] = len(chosen)
        distance = np.minimum(distance, new)
        chosen.append(worst)
    return colours[chosen].astype(np.uint8), nearest[places]


QUALITY = "18"
"""Quality (crf) of x264: lines and letters stay crisp, and the file is small."""


def ffmpeg_path() -> str | None:
    """Return the absolute path of ffmpeg, on the PATH or in the package imageio-ffmpeg, or None.

    An ffmpeg in the current folder is ignored.
    """
    path = shutil.which("ffmpeg")
    if path and os.path.isabs(path):
        return path
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):  # RuntimeError: the package has no ffmpeg for this computer
        return None


def write_mp4(film: Film, path: Path) -> None:
    """Write the film to `path` with ffmpeg, an odd width or height plus 1.

    Raises FileError, and OSError for a full disk.
    """
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
    width, height = (side + side % 2 for side in (film.width, film.height))  # H.264 needs even numbers
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
    wait_for(work.wait, lambda _: film.report_progress())


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
        return missing_package_error("An MP4", "ffmpeg", "video")
    return None


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
