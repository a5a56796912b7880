"""Reading of binary files in a separate process, so that a hostile or damaged file harms only that process.

`call` starts the process. The process imports the module that reads the format, sets limits of memory and
time, and reads the file from standard input. After that it cannot open any other file. The reply is one line
of JSON, and then the numbers as float64. `call` checks the reply, because a hostile file may control the
process.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz import system
from nnviz.core.numbers import NUMBERS
from nnviz.files.errors import FileError, Progress, errors_as, wait_for

SECONDS = 20.0
"""Time limit of the process that reads a file, in seconds."""
PROCESSOR_SECONDS = 5
"""Limit of processor time, in seconds; the slowest valid file needs a third of this time."""
MEMORY = 2**30
"""Memory limit of the process that reads a file, in bytes."""
MOST_BYTES = 2**26 + 8 * NUMBERS.limit
"""Largest size of the reply of the process that reads a file, in bytes."""

_START = """
from nnviz.files.models.sandbox import serve
serve()
"""
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
"""Unused threads need memory; without plug-ins a file cannot load code."""

Reader: TypeAlias = Callable[[bytes], tuple[Any, dict[str, NDArray[Any]]]]
"""Function from the bytes of a file to (value that JSON can hold, arrays of real numbers by name)."""

_T = TypeVar("_T")


class _Head(msgspec.Struct):
    """The JSON of a reply: the reader's value and the shapes of its arrays, or the reason of a refusal."""

    value: msgspec.Raw = msgspec.Raw(b"null")
    shapes: dict[str, list[int]] = {}
    refused: str = ""
    place: str = ""
    missing: str = ""
    """Name of a Python package that the reader needs and that is not installed."""


def call(
    module: str, data: bytes, kind: type[_T], what: str, progress: Progress | None = None
) -> tuple[_T, dict[str, NDArray[np.float64]]]:
    """Return the value, checked to be of a `kind`, and the arrays that a module reads in the bytes of a file.

    The module has two functions: `read`, a Reader, and `warm_up`, which makes `read` load all libraries.
    `what` is the format in messages, such as "HDF5 data". Raises FileError, also if `read` raises one. Raises
    ModuleNotFoundError if the module needs a package that is not installed.
    """
    head, _, numbers = _request(module, data, what, progress).partition(b"\n")
    message = f"reading the {what} failed: the file is damaged, or it needs too much memory or time"
    # a hostile file may control the process, and a hostile reply raise any exception
    with errors_as(message):
        found = msgspec.json.decode(head, type=_Head)
        is_read = not found.refused and not found.missing
        value = msgspec.json.decode(found.value, type=kind) if is_read else None
        arrays = _arrays(found.shapes, numbers)
    if found.missing:
        raise ModuleNotFoundError(f"No module named {found.missing!r}", name=found.missing)
    if value is None:
        raise FileError(found.refused, found.place)
    return value, arrays


def _arrays(shapes: dict[str, list[int]], data: bytes) -> dict[str, NDArray[np.float64]]:
    """Return arrays of the given shapes, in their order. Raises ValueError if the data has another size."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    *parts, rest = np.split(np.frombuffer(data, "<f8"), np.cumsum(sizes, dtype=int))
    if rest.size:
        raise ValueError(rest.size)
    return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _request(module: str, data: bytes, what: str, progress: Progress | None) -> bytes:
    """Return the reply of a new process to the bytes of a file, or b"" if the process failed.

    Raises FileError if the process cannot be started.
    """
    try:
        process = subprocess.Popen(  # in isolated mode, without modules from the person's folders
            system.command(_START, module, what),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_ENVIRONMENT},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise FileError(f"the process that reads {what} could not be started: {reason}") from error
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        reply = wait_for(lambda: _communicate(process, data), progress)
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
        timer.cancel()
    return b"" if process.returncode else reply


def _communicate(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Send the file and return the reply; the process reads the whole file before it replies."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError), process.stdin as pipe:  # the pipe breaks if the process ends early
        pipe.write(data)
    with process.stdout as pipe:
        return pipe.read(MOST_BYTES)


def serve() -> None:
    """Read the file from standard input with the module from the command line; write the reply and exit."""
    module, what = sys.argv[1:]
    data = sys.stdin.buffer.read()
    try:
        reader = import_module(module)
        reader.warm_up()
    except ModuleNotFoundError as error:
        written = _encode(_Head(missing=str(error.name)), {})
    else:
        limit()
        written = reply(reader.read, data, what)
    sys.stdout.buffer.write(written)
    sys.stdout.buffer.flush()
    os._exit(0)  # closing a damaged HDF5 file can crash


def reply(read: Reader, data: bytes, what: str) -> bytes:
    """Return what `read` finds in the bytes of a file, or why the file is refused, as a reply to `call`."""
    try:
        value, arrays = read(data)
        shapes = {name: [*array.shape] for name, array in arrays.items()}
        return _encode(_Head(msgspec.Raw(msgspec.json.encode(value)), shapes), arrays)
    except FileError as error:
        return _encode(_Head(refused=error.message, place=error.place), {})
    except MemoryError:
        return _encode(_Head(refused=f"the {what} in this file needs too much memory"), {})
    except Exception:  # libraries raise any exception for a damaged file
        return _encode(_Head(refused=f"the {what} in this file is damaged"), {})


def _encode(head: _Head, arrays: dict[str, NDArray[Any]]) -> bytes:
    with np.errstate(invalid="ignore"):  # some processors report NaN in a conversion
        numbers = [array.astype("<f8").tobytes() for array in arrays.values()]
    return b"".join([msgspec.json.encode(head), b"\n", *numbers])


def limit() -> None:
    """Limit memory, time and files of this process, except on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, PROCESSOR_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    )
    for which, most in limits:
        with suppress(ValueError, OSError):  # macOS has no limit for memory
            resource.setrlimit(which, (most, most))
