"""HDF5 files, read in a process of their own: one that is hostile or damaged harms nothing but that.

What comes back from there is looked at as well, for it may have been taken over.
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
from nnviz.files.errors import FileError, Progress, waited

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SECONDS = 20.0
"""How long the process may take, where nothing else ends it."""
MOST_BYTES = 2**26 + 8 * NUMBERS.most
"""Of its reply."""

_START = """
from nnviz.files.models.hdf5_process import main
main()
"""
_ALONE = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "HDF5_PLUGIN_PRELOAD": "::"}
"""Threads that nobody needs take memory; a file cannot ask for plug-ins."""
_BROKEN_OFF = "reading its HDF5 broke off: it is damaged, or made to take too much memory or time"


class Hdf5(msgspec.Struct, frozen=True):
    """What an HDF5 file holds, by path, such as `layers/dense/vars/0`; the root's is empty.

    `attributes` of a group are texts, or lists of them, by name; `arrays` are of float64; `others` says what
    datasets hold that are not of real numbers.
    """

    attributes: dict[str, dict[str, str | list[str]]]
    others: dict[str, str]
    arrays: dict[str, Any] = {}

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return a list of texts that is an attribute of the group at `path`: in parts, where it is long."""
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
        """Return a text that is an attribute of the group at `path`, or ""."""
        found = self.attributes.get(path, {}).get(name, "")
        return found if isinstance(found, str) else ""


class _Reply(msgspec.Struct):
    attributes: dict[str, dict[str, str | list[str]]] = {}
    others: dict[str, str] = {}
    shapes: dict[str, list[int]] = {}
    refused: str = ""
    place: str = ""


def sniff(data: bytes) -> bool:
    """Tell whether bytes are an HDF5 file."""
    return data.startswith(SIGNATURE)


def read(data: bytes, progress: Progress | None = None) -> Hdf5:
    """Return what an HDF5 file holds of texts and real numbers. Raises FileError."""
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
    reply = _asked(data, progress)
    begin = reply.find(b"\n") + 1
    try:
        head = msgspec.json.decode(reply[:begin], type=_Reply)
        if head.refused:
            raise FileError(head.refused, head.place)
        return Hdf5(head.attributes, head.others, _arrays(head.shapes, reply[begin:]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise FileError(_BROKEN_OFF) from None


def _arrays(shapes: dict[str, list[int]], data: bytes) -> dict[str, Array]:
    """Return arrays of the given shapes, in their order. Raises ValueError where they are not there."""
    numbers, arrays, at = np.frombuffer(data, "<f8"), {}, 0
    for path, shape in shapes.items():
        if min(shape, default=0) < 0:
            raise ValueError(path)
        end = at + math.prod(shape)
        arrays[path] = numbers[at:end].reshape(shape)
        at = end
    if at != numbers.size:
        raise ValueError(at)
    return arrays


def _asked(data: bytes, progress: Progress | None) -> bytes:
    """Return what a process replies to the bytes of a file; nothing where it has ended otherwise.

    Raises FileError where none can be started.
    """
    try:
        process = _started()
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise FileError(f"a process to read its HDF5 in could not be started: {why}") from error
    timer = threading.Timer(SECONDS, process.kill)
    timer.start()
    try:
        reply = waited(lambda: _reply(process, data), progress)
    except BaseException:
        process.kill()
        raise
    finally:
        process.wait()
        timer.cancel()
    return b"" if process.returncode else reply


def _started() -> subprocess.Popen[bytes]:
    """Start Python without what a person's environment and folder would bring along."""
    return subprocess.Popen(
        system.command(_START, str(NUMBERS.most)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_ALONE},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _reply(process: subprocess.Popen[bytes], data: bytes) -> bytes:
    """Hand over the file, which is read whole before the reply begins, and return the reply."""
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError), process.stdin as pipe:  # which breaks where the process has ended
        pipe.write(data)
    with process.stdout as pipe:
        return pipe.read(MOST_BYTES)
