"""The kinds of file that a film can be written to, what each needs, and the one way to write it."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from nnviz.files import atomic
from nnviz.files.errors import FileError, not_installed
from nnviz.files.motion import apng, gif, mp4
from nnviz.files.motion.film import Film

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
    if suffix == ".mp4" and mp4.program() is None:
        return FileError("An MP4 needs ffmpeg, which is not on the PATH; a name in .apng needs nothing")
    return None


def of_size(path: Path, width: int, height: int) -> str:
    """Return what is to be said of the size of a film as `path` is called; "" where it is what is wished."""
    made = mp4.even(width, height)
    if path.suffix.lower() != ".mp4" or made == (width, height):
        return ""
    return f"{made[0]} × {made[1]}: an MP4 has even sizes"


def write(film: Film, path: Path) -> None:
    """Write a film into the kind of file that `path` is called; on any failure all is as it was.

    Raises FileError, also where a person has stopped it.
    """
    check(path)
    if path.suffix.lower() == ".mp4":
        atomic.write_by(path, lambda _file, beside: mp4.write(film, beside))
    else:
        encoded = gif.encoded if path.suffix.lower() == ".gif" else apng.encoded
        atomic.write_by(path, partial(atomic.write_all, parts=encoded(film)))
