"""FileError, its messages, and the progress of reading and writing."""

from __future__ import annotations

import errno
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from nnviz.core.numbers import one_line, shortened

LONGEST = 600
"""Largest number of characters in a message, since a message may quote very long text from a file."""


class FileError(Exception):
    """Error for a file that cannot be read or written.

    `message` is one sentence. `place` is a place in the file, such as `network.layers[1].weights[0]`, or "".
    `str` returns `place: message`, or the message alone.
    """

    def __init__(self, message: str, place: str = "") -> None:
        message, place = (one_line(shortened(text, LONGEST)) for text in (message, place))
        super().__init__(message, place)
        self.message = message
        self.place = place

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message

    def within(self, place: str) -> FileError:
        """Return this error with an outer place: `data` changes `inputs[0]` into `data.inputs[0]`."""
        return FileError(self.message, ".".join(part for part in (place, self.place) if part))


class UnsuitableFormatError(FileError):
    """Error for saving a network in a format that cannot hold the network, although another format can."""


class AmbiguousCellError(FileError):
    """Error for a table cell such as 1,234 that is ambiguous until a person chooses the decimal sign."""


class MissingActivationsError(FileError):
    """Error for a file that does not name the activations of its layers, so that a person must give them.

    `sizes` are the network's layer sizes, inputs first. `proposal` names an activation for each layer.
    """

    def __init__(self, sizes: tuple[int, ...], proposal: tuple[str, ...]) -> None:
        self.sizes, self.proposal = sizes, proposal
        super().__init__(
            "the file does not say which activations its layers have; give one for each layer: "
            f"--activations {','.join(proposal)}, or in Python activations={list(proposal)}"
        )


def missing_package_error(what: str, module: str, extra: str) -> FileError:
    """Return the error that says that `what`, such as "A GIF", needs `module`, which is not installed."""
    command = install_command(extra)
    return FileError(f"{what} needs {module}, which is not installed; install it with: {command}")


def install_command(extra: str) -> str:
    """Return the command that installs the packages of an optional extra into the Python that runs nnviz.

    The command names the packages, not the extra, so that it works even if nnviz is not on a package index.
    """
    import shlex  # these imports are slow
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
def as_file_errors(place: str = "") -> Iterator[None]:
    """Turn a ValueError from nnviz.core into a FileError, with `place` before the place in the ValueError."""
    try:
        yield
    except ValueError as error:
        inner, colon, message = str(error).partition(": ")
        raise (FileError(message, inner) if colon else FileError(inner)).within(place) from None


@contextmanager
def errors_as(message: str, place: str = "", kind: type[Exception] = Exception) -> Iterator[None]:
    """Turn an exception of this `kind`, by default any, into a FileError with this message and place."""
    try:
        yield
    except kind:
        raise FileError(message, place) from None


_READING = dict.fromkeys((errno.ENOENT, errno.ENOTDIR), "there is no file {name}")
_WRITING = {
    errno.ENOENT: "{name} was not saved: there is no folder {folder}",
    errno.ENOTDIR: "{name} was not saved: {folder} is not a folder",
    errno.EISDIR: "{name} was not saved: a folder has this name",
    errno.EACCES: "{name} was not saved: permission denied in {folder}",
    errno.EPERM: "{name} was not saved: permission denied in {folder}",
    errno.ENOSPC: "{name} was not saved: the disk is full",
    errno.ENXIO: "{name} was not saved: no program reads from this pipe",
}


def reading_error(path: Path, error: OSError) -> FileError:
    """Return the FileError for a system error while reading `path`."""
    return _file_error(_READING.get(error.errno or 0, "{name} cannot be read: {why}"), path, error)


def writing_error(path: Path, error: OSError) -> FileError:
    """Return the FileError for a system error while writing `path`."""
    return _file_error(_WRITING.get(error.errno or 0, "{name} was not saved: {why}"), path, error)


def _file_error(sentence: str, path: Path, error: OSError) -> FileError:
    why = (error.strerror or type(error).__name__).lower()
    return FileError(sentence.format(name=path, folder=path.parent, why=why))


Progress: TypeAlias = Callable[[float], None]
"""Callback that gets the finished part of the work, from 0 to 1. The work stops if the callback raises."""

STEP = 2**18
"""Number of characters between two progress reports; reading this many takes some milliseconds."""

LOOK_S = 0.02
"""Seconds between two progress reports while nnviz waits for data, so that a person can cancel."""

_Result = TypeVar("_Result")


class CancelledError(FileError):
    """Error that ends work which a person has cancelled."""

    def __init__(self) -> None:
        super().__init__("you cancelled the operation")


def wait_for(work: Callable[[], _Result], progress: Progress | None) -> _Result:
    """Return the result of `work`, which waits for data and cannot report its progress.

    If `progress` is given, `work` runs in a thread. A window then stays responsive, and a person can cancel.
    """
    if progress is None:
        return work()
    from concurrent.futures import Future, wait  # imported late, since the window must appear fast

    result: Future[_Result] = Future()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()  # a waiting read cannot be stopped
    while not wait([result], LOOK_S).done:
        progress(0.0)
    return result.result()
