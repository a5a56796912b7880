"""Reader of HDF5 files in a separate process, so that a hostile or damaged file harms only that process.

The reply of the process is checked too, because a hostile file may control the process.
"""

from __future__ import annotations

import math
import os
import subprocess
import threading
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import msgspec
import numpy as np

from nnviz import system
from nnviz.core.activations import Array
from nnviz.core.numbers import NUMBERS
from nnviz.files.errors import FileError, Progress, wait_for

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SECONDS = 20.0
"""Time limit of the process that reads a file, in seconds."""
MOST_BYTES = 2**26 + 8 * NUMBERS.limit
"""Largest size of the reply of the process that reads a file, in bytes."""

_START = """
from nnviz.files.models.hdf5 import main
main()
"""
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
"""Unused threads need memory; without plug-ins a file cannot load code."""
_FAILED = "reading the HDF5 data failed: the file is damaged, or it needs too much memory or time"


class Hdf5(msgspec.Struct, frozen=True):
    """The contents of an HDF5 file by path, such as `layers/dense/vars/0`; the path of the root is empty.

    `attributes` maps the path of a group to a dictionary: name of the attribute → a text or a list of texts.
    `arrays` maps the path of a dataset to a float64 array of its real numbers. `unread` maps the path of a
    dataset of integers to the type of the integers, such as "int8".
    """

    attributes: dict[str, dict[str, str | list[str]]]
    unread: dict[str, str]
    arrays: dict[str, Any] = {}

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return the texts in an attribute of the group at `path`, or None if the attribute is missing.

        Keras divides a long list among several attributes, such as name0 and name1. This method joins the
        parts.
        """
        found = self.attributes.get(path, {})
        if name in found:
            parts = [found[name]]
        else:
            parts = [found[f"{name}{k}"] for k in range(len(found)) if f"{name}{k}" in found]
        return (
            [text for part in parts for text in ([part] if isinstance(part, str) else part)]
            if parts
            else None
        )

    def text(self, path: str, name: str) -> str:
        """Return the text in an attribute of the group at `path`, or "" if the attribute is missing."""
        found = self.attributes.get(path, {}).get(name, "")
        return found if isinstance(found, str) else ""


class _Reply(msgspec.Struct):
    attributes: dict[str, dict[str, str | list[str]]] = {}
    unread: dict[str, str] = {}
    shapes: dict[str, list[int]] = {}
    refused: str = ""
    place: str = ""


def sniff(data: bytes) -> bool:
    """Return whether `data` starts like an HDF5 file."""
    return data.startswith(SIGNATURE)


def read(data: bytes, progress: Progress | None = None) -> Hdf5:
    """Return the texts and real numbers in an HDF5 file. Raises FileError."""
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
    head, _, numbers = _request(data, progress).partition(b"\n")
    try:
        found = msgspec.json.decode(head, type=_Reply)
        arrays = _arrays(found.shapes, numbers)
    except Exception:  # a hostile file may control the process, and a hostile reply can raise any exception
        raise FileError(_FAILED) from None
    if found.refused:
        raise FileError(found.refused, found.place)
    return Hdf5(found.attributes, found.unread, arrays)


def _arrays(shapes: dict[str, list[int]], data: bytes) -> dict[str, Array]:
    """Return arrays of the given shapes, in their order. Raises ValueError if the data has another size."""
    sizes = [math.prod(shape) for shape in shapes.values()]
    *parts, rest = np.split(np.frombuffer(data, "<f8"), np.cumsum(sizes, dtype=int))
    if rest.size:
        raise ValueError(rest.size)
    return {path: part.reshape(shape) for (path, shape), part in zip(shapes.items(), parts, strict=True)}


def _request(data: bytes, progress: Progress | None) -> bytes:
    """Return the reply of a new process to the bytes of a file, or b"" if the process failed.

    Raises FileError if the process cannot be started.
    """
    try:
        process = _start_process()
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise FileError(f"the process that reads HDF5 data could not be started: {reason}") from error
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        reply = wait_for(lambda: _reply(process, data), progress)
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
        timer.cancel()
    return b"" if process.returncode else reply


def _start_process() -> subprocess.Popen[bytes]:
    """Start Python in isolated mode, without modules from the person's folders."""
    return subprocess.Popen(
        system.command(_START, str(NUMBERS.limit)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ENVIRONMENT},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _reply(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Send the file and return the reply; the process reads the whole file before it replies."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError), process.stdin as pipe:  # the pipe breaks if the process ends early
        pipe.write(data)
    with process.stdout as pipe:
        return pipe.read(MOST_BYTES)
