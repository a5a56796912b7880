"""A film as MP4, by ffmpeg, which is given the frames through a pipe and writes the file."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np

from nnviz.files.errors import FileError
from nnviz.files.motion.film import Film, timed

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


def write(film: Film, path: Path) -> None:
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
