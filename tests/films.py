"""A film of plain colours, and how others read the files: a PNG's chunks, ffmpeg's frames."""

import struct
import subprocess
import zlib

import numpy as np

from nnviz.files.film import FilmFrame


class Squares:
    """A square that goes across a ground, `count` frames; `stop` is raised before frame number `stop_at`."""

    def __init__(self, width=40, height=24, fps=10, count=6, seconds=0.1, step=4, stop=None, stop_at=None):
        self.width, self.height, self.fps, self.count = width, height, fps, count
        self._seconds, self._step, self._stop, self._stop_at = seconds, step, stop, stop_at

    def frames(self):
        for k in range(self.count):
            if k == self._stop_at:
                raise self._stop
            yield FilmFrame(self.pixels(k), self._seconds)

    def report_progress(self):
        pass

    def pixels(self, k):
        pixels = np.full((self.height, self.width, 3), (251, 251, 252), np.uint8)
        pixels[4:12, self._step * k : self._step * k + 8] = (122, 61, 192)
        return pixels


def frames_of_apng(data):
    """Return (pixels of the whole frame, milliseconds) of every frame, and how many there should be."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, chunks = 8, []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length) == (zlib.crc32(kind + body),)
        chunks.append((kind, body))
        at += 12 + length
    assert [chunks[0][0], chunks[1][0], chunks[-1][0]] == [b"IHDR", b"acTL", b"IEND"]
    width, height = struct.unpack_from(">II", chunks[0][1])
    told, times_over = struct.unpack(">II", chunks[1][1])
    assert times_over == 0
    shown, frames, numbers = np.zeros((height, width, 3), np.uint8), [], []
    for kind, body in chunks[2:-1]:
        if kind == b"fcTL":
            number, w, h, x, y, time, per, disposal, blend = struct.unpack(">IIIIIHHBB", body)
            assert (per, disposal, blend) == (1000, 0, 1)
            numbers.append(number)
            continue
        if kind == b"fdAT":
            numbers.append(struct.unpack_from(">I", body)[0])
            body = body[4:]
        rows = np.frombuffer(zlib.decompress(body), np.uint8).reshape(h, 1 + 4 * w)
        assert not rows[:, 0].any()
        pixels = rows[:, 1:].reshape(h, w, 4)
        shown[y : y + h, x : x + w] = np.where(
            pixels[..., 3:] == 255, pixels[..., :3], shown[y : y + h, x : x + w]
        )
        frames.append((shown.copy(), time))
    assert numbers == [*range(len(numbers))]
    return frames, told


def frames_of_video(path, width, height):
    """Return the pixels of every frame as ffmpeg reads them, shape (frames, height, width, 3)."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)
