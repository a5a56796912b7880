"""FileError, its messages, and the progress of reading and writing."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from nnviz.core.numbers import on_one_line, shortened

LONGEST = 600
"""Letters of a sentence; what stands in it comes from a file, which may hold anything."""


class FileError(Exception):
    """A file that cannot be read or written.

    `place` says where in the file, such as `network.layers[1].weights[0]`, or is empty; `message` is one
    sentence. As text: `place: message`, or the message alone.
    """

    def __init__(self, message: str, place: str = "") -> None:
        message, place = (on_one_line(shortened(text, LONGEST)) for text in (message, place))
        super().__init__(message, place)
        self.message = message
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def within(self, place: str) -> FileError:
        """Return this error with `place` put in front of its own: `data` and `inputs[0]`."""
        return FileError(self.message, ".".join(part for part in (place, self.place) if part))


class UnfitError(FileError):
    """A format that cannot hold this network, where another one can."""


class UndecidedError(FileError):
    """A table with a cell that is ambiguous until a person chooses the decimal sign."""


class UnansweredError(FileError):
    """A file that lacks what a person has to say: which activation each of its layers has.

    `sizes` are the network's, inputs first; `proposal` names an activation for each layer, and `given` is how
    a person would give that: in Python, or as `on_the_command_line`.
    """

    def __init__(self, sizes: tuple[int, ...], proposal: tuple[str, ...], given: str = "") -> None:
        self.sizes, self.proposal = sizes, proposal
        super().__init__(
            "the file does not say which activations its layers have; "
            f"give one for each layer, such as {given or f'activations={list(proposal)}'}"
        )

    def on_the_command_line(self, option: str) -> UnansweredError:
        """Return this error with the words of the command line."""
        return UnansweredError(self.sizes, self.proposal, f"{option} {','.join(self.proposal)}")


def not_installed(what: str, module: str, extra: str) -> FileError:
    """Return the sentence for `what` needs a `module` that a person has not installed."""
    return FileError(f"{what} needs {module}, which is not installed: {install_line(extra)}")


def install_line(extra: str) -> str:
    """Return the line that installs what an optional extra needs, into the Python that runs nnviz.

    It names the packages themselves, so that it works from any shell and where nnviz is on no index.
    """
    import shlex  # all of these take long
    import subprocess
    from importlib import metadata

    try:
        needed = metadata.requires("nnviz-desktop") or []
    except metadata.PackageNotFoundError:
        needed = []
    own = re.compile(rf"""extra == ['"]{extra}['"]""")
    names = [re.split(r"[^\w.-]", each)[0] for each in needed if own.search(each)]
    command = [sys.executable, "-m", "pip", "install", *(names or [f"nnviz-desktop[{extra}]"])]
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


@contextmanager
def told_by_core(place: str = "") -> Iterator[None]:
    """Raise as a FileError what the core refuses with a ValueError, its own place behind `place`."""
    try:
        yield
    except ValueError as error:
        inner, colon, message = str(error).partition(": ")
        raise (FileError(message, inner) if colon else FileError(inner)).within(place) from None


_READING = {
    errno.ENOENT: "there is no file {name}",
    errno.ENOTDIR: "there is no file {name}",
    errno.EISDIR: "{name} is a folder, not a file",
    errno.EACCES: "{name} cannot be read: permission denied",
    errno.EPERM: "{name} cannot be read: permission denied",
    errno.ENAMETOOLONG: "{name} cannot be read: its name is too long",
}
_WRITING = {
    errno.ENOENT: "{name} was not saved: there is no folder {folder}",
    errno.ENOTDIR: "{name} was not saved: {folder} is not a folder",
    errno.EISDIR: "{name} was not saved: it is a folder",
    errno.EACCES: "{name} was not saved: permission denied in {folder}",
    errno.EPERM: "{name} was not saved: permission denied in {folder}",
    errno.EROFS: "{name} was not saved: {folder} is read-only",
    errno.ENOSPC: "{name} was not saved: the disk is full",
    errno.EDQUOT: "{name} was not saved: your share of the disk is full",
    errno.ENAMETOOLONG: "{name} was not saved: its name is too long",
    errno.ENXIO: "{name} was not saved: nobody reads it",
}


def reading_failed(path: Path, error: OSError) -> FileError:
    """Return the sentence for an `error` met while reading `path`."""
    return _told(_READING.get(error.errno or 0, "{name} cannot be read: {why}"), path, error)


def writing_failed(path: Path, error: OSError) -> FileError:
    """Return the sentence for an `error` met while writing `path`."""
    return _told(_WRITING.get(error.errno or 0, "{name} was not saved: {why}"), path, error)


def _told(sentence: str, path: Path, error: OSError) -> FileError:
    why = (error.strerror or type(error).__name__).lower()
    return FileError(sentence.format(name=path, folder=path.parent, why=why))


Progress: TypeAlias = Callable[[float], None]
"""Told, now and then, which part is read, from 0 to 1; what it raises ends the reading."""

STEP = 2**18
"""Letters between two such words: some milliseconds of reading."""

LOOK_S = 0.02
"""Between two looks, while something is waited for, at what a person does."""

_Found = TypeVar("_Found")


class CancelledError(FileError):
    """A person has stopped the reading."""

    def __init__(self) -> None:
        super().__init__("you have stopped it")


def waited(work: Callable[[], _Found], progress: Progress | None) -> _Found:
    """Return what `work` returns, which waits for something; nobody knows how far it is.

    With `progress` it runs in a thread, so that a window stays alive and can end the wait.
    """
    if progress is None:
        return work()
    found: Future[_Found] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:
            found.set_exception(error)

    threading.Thread(target=run, daemon=True).start()  # nobody can end it while nothing comes
    while not wait([found], LOOK_S).done:
        progress(0.0)
    return found.result()
