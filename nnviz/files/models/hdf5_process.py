"""Process that reads an HDF5 file apart from the window, so that a hostile file can harm only this process.

The process reads the file from standard input. It writes a header, one line of JSON, to standard output, and
then the numbers as float64. After the process has loaded its libraries, it cannot open any file.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

import h5py
import numpy as np

from nnviz.files.models import hdf5
from nnviz.files.models.hdf5 import RefusedError

MEMORY = 2**30
"""Memory limit of the process that reads a file, in bytes."""
SECONDS = 5
"""Limit of processor time, in seconds; the slowest valid file needs a third of this time."""
DAMAGED = "the HDF5 data in this file is damaged"


def main() -> None:
    """Read a file from standard input and write the reply to standard output."""
    _warm_up()
    _limit()
    sys.stdout.buffer.write(reply(sys.stdin.buffer.read(), int(sys.argv[1])))
    sys.stdout.buffer.flush()
    os._exit(0)  # closing a damaged file can crash HDF5


def reply(data: bytes, most_numbers: int) -> bytes:
    """Return the header from `answer` as one line of JSON, followed by the bytes of the arrays."""
    head, parts = answer(data, most_numbers)
    written = json.dumps(head).encode()
    return b"".join([written, b"\n", *parts])


def answer(data: bytes, most_numbers: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return (header, bytes of each array), or (header with the reason, []) if nnviz refuses the file."""
    try:
        found = hdf5.read(data, most_numbers)
    except RefusedError as error:
        return {"refused": str(error), "place": error.place}, []
    except MemoryError:
        return {"refused": "the HDF5 data in this file needs too much memory", "place": ""}, []
    except Exception:  # for a damaged file h5py raises any exception
        return {"refused": DAMAGED, "place": ""}, []
    shapes = {path: array.shape for path, array in found.arrays.items()}
    head = {"attributes": found.attributes, "shapes": shapes, "others": found.unread}
    return head, [array.astype("<f8").tobytes() for array in found.arrays.values()]


def _warm_up() -> None:
    """Read a small file with all features, so that the libraries load everything before `_limit`."""
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        file.attrs["model_config"], file.attrs["layer_names"] = "{}", np.array([b"dense"])
        file.create_dataset(
            "dense/kernel", data=np.ones((2, 2), np.float32), compression="gzip", shuffle=True
        )
        file.create_dataset("dense/bias", data=np.ones(2, np.int32))
        file.flush()
        data = file.id.get_file_image()
    head, _ = answer(data, 4)
    assert "shapes" in head, head


def _limit() -> None:
    """Limit memory, time and files of this process, except on Windows."""
    try:
        import resource
    except ModuleNotFoundError:
        return
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    )
    for which, most in limits:
        with suppress(ValueError, OSError):  # macOS has no limit for memory
            resource.setrlimit(which, (most, most))
