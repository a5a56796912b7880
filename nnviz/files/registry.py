"""The one registry of formats: which module reads and writes which file. Knows nothing of what they hold.

A format works on bytes; finding it and replacing it safely is done here, once for all.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nnviz.core.names import file_named
from nnviz.core.state import State
from nnviz.files import atomic, course, native
from nnviz.files.errors import FileError
from nnviz.files.opening import LARGEST, LARGEST_BYTES, read_bytes
from nnviz.files.progress import Progress


@dataclass(frozen=True)
class Format:
    """A file format.

    ========== ============================================================================
    `name`     what file dialogs call it
    `suffixes` lower case, with the dot
    `sniff`    tells from its bytes whether a file is of this format
    `read`     bytes, and whom to tell how far it is → State; raises FileError
    `write`    State → bytes; raises FileError
    `left_out` what of a State `write` does not keep, in words
    `assumed`  what of a State that was read the format does not say, in words
    `replaced` what of a file's bytes is lost where `write` puts others in their place, in words
    ========== ============================================================================
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    read: Callable[[bytes, Progress | None], State]
    write: Callable[[State], bytes]
    left_out: Callable[[State], list[str]] = lambda _state: []
    assumed: Callable[[State], str] = lambda _state: ""
    replaced: Callable[[bytes], list[str]] = lambda _data: []


FORMATS = (
    Format("nnviz network", (".json",), native.sniff, native.read, native.write, native.left_out),
    Format(
        "weights dictionary",
        (".py", ".txt", ".json"),
        course.sniff,
        course.read,
        course.write,
        course.left_out,
        course.assumed,
        course.replaced,
    ),
)
"""Every format. Where several share a suffix, reading sniffs and saving takes the first."""


def load(path: str | os.PathLike[str], progress: Progress | None = None) -> State:
    """Return the State that a file holds, in any known format. Raises FileError."""
    path = Path(path)
    return decoded(read_bytes(path, progress), path, progress)


def decoded(data: bytes, path: Path, progress: Progress | None = None) -> State:
    """Return the State in the bytes of `path`, whose suffix, if any, names the format. Raises FileError."""
    try:
        return _format_of(path, data).read(data, progress)
    except MemoryError:
        raise FileError(f"{path} is too large for this computer's memory") from None


def assumed(state: State, data: bytes, path: Path) -> str:
    """Return what of the State that was read from `data` does not stand there, in words, or ""."""
    return _format_of(path, data).assumed(state)


def save(state: State, path: str | os.PathLike[str]) -> str:
    """Save `state` in the format of the path's suffix: the whole file, or the old one stays.

    Returns what else has changed, such as the file's owner, or "". What the format does not keep is told by
    `left_out`. Raises FileError.
    """
    return atomic.write(path, encoded(state, path))


def encoded(state: State, path: str | os.PathLike[str]) -> bytes:
    """Return the bytes that `path` would hold. Raises FileError for what its format cannot hold."""
    form = format_for(path)
    try:
        data = form.write(state)
    except FileError as error:
        raise type(error)(f"{path} was not saved: {error}") from error
    if len(data) > LARGEST_BYTES:
        raise FileError(f"{path} was not saved: it would have {len(data) / 2**20:.0f} MB; {LARGEST}")
    return data


def left_out(state: State, path: str | os.PathLike[str]) -> str:
    """Return a sentence on what of `state` is not kept in a file of the path's suffix, or "".

    Raises FileError for an unknown suffix.
    """
    parts = format_for(path).left_out(state)
    if not parts:
        return ""
    said = f"{file_named(Path(path))} leaves out {_listed(parts)}"
    return said if is_native(path) else f"{said}; a file that ends in .json keeps them"


def replaced(path: Path) -> str:
    """Return a sentence on what of the text at `path` a save there would not keep, or "".

    Raises FileError where it cannot be read, and for an unknown suffix.
    """
    parts = [] if is_native(path) else format_for(path).replaced(read_bytes(path))
    return f"{file_named(path)} loses {_listed(parts)}" if parts else ""


def _listed(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if parts[1:] else parts)


def is_native(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file of that name is saved as nnviz's own."""
    return Path(path).suffix.lower() in FORMATS[0].suffixes


def format_for(path: str | os.PathLike[str]) -> Format:
    """Return the format in which `path` is saved. Raises FileError for an unknown suffix."""
    suffix = Path(path).suffix.lower()
    for each in FORMATS:
        if suffix in each.suffixes:
            return each
    raise FileError(f"{path} was not saved: its name needs to end in {' or '.join(suffixes())}")


def suffixes() -> tuple[str, ...]:
    """Return every suffix that a file can be saved with."""
    return tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))


def kinds() -> dict[str, tuple[str, ...]]:
    """Return the name of every format with the suffixes that save in it."""
    return {
        each.name: tuple(suffix for suffix in each.suffixes if format_for(f"file{suffix}") is each)
        for each in FORMATS
    }


def _format_of(path: Path, data: bytes) -> Format:
    suffix = path.suffix.lower()
    likely = [each for each in FORMATS if suffix in each.suffixes]
    for each in likely or FORMATS:
        if each.sniff(data):
            return each
    if likely:
        return likely[0]
    raise FileError(f"{path} is not in a format that nnviz knows")
