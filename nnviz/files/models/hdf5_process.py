"""The process in which an HDF5 file is read, apart from the window: what the file does to HDF5 happens here.

The file comes through standard input, from the first byte to its end. The reply on standard output
is a line of JSON, the head, followed by the numbers as they lie in memory. As soon as the libraries are
loaded, no further file can be opened.
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
SECONDS = 5
"""Of a processor; what takes longest takes a third of that."""
DAMAGED = "the HDF5 of this file is damaged"


def main() -> None:
    """Read one file, which may have so many numbers as the first argument says."""
    _warm_up()
    _limit()
    sys.stdout.buffer.write(reply(sys.stdin.buffer.read(), int(sys.argv[1])))
    sys.stdout.buffer.flush()
    os._exit(0)  # HDF5 closes what it has open in a damaged file at its own risk


def reply(data: bytes, most_numbers: int) -> bytes:
    """Return what goes back for the bytes of a file, of at most so many numbers."""
    head, parts = answer(data, most_numbers)
    written = json.dumps(head).encode()
    return b"".join([written, b"\n", *parts])


def answer(data: bytes, most_numbers: int) -> tuple[dict[str, Any], list[bytes]]:
    """Return the head and the numbers of a file, or a head that says why it is refused."""
    try:
        found = hdf5.read(data, most_numbers)
    except RefusedError as error:
        return {"refused": str(error), "place": error.place}, []
    except MemoryError:
        return {"refused": "the HDF5 of this file takes too much memory", "place": ""}, []
    except Exception:  # h5py raises whatever comes, of a file that is damaged
        return {"refused": DAMAGED, "place": ""}, []
    shapes = {path: array.shape for path, array in found.arrays.items()}
    head = {"attributes": found.attributes, "shapes": shapes, "others": found.others}
    return head, [array.astype("<f8").tobytes() for array in found.arrays.values()]


def _warm_up() -> None:
    """Read a file of all kinds: what the libraries load when they are first used is loaded now, or never."""
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
    """Take from this process what it does not need, where the system can: not on Windows."""
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
        with suppress(ValueError, OSError):  # macOS takes no limit of memory
            resource.setrlimit(which, (most, most))
