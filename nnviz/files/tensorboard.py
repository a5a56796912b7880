"""Curves of runs as event files of TensorBoard, without TensorBoard itself.

A file is a sequence of records: the length of an event, its checksum, the event, and its checksum. An event
is a small protocol buffer with a time, an iteration, and a named value. The sources are TensorFlow's
`record_writer.h` and `event.proto`.
"""

from __future__ import annotations

import os
import re
import struct
import time
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.runs import RunTable
from nnviz.files import atomic
from nnviz.files.errors import FileError

POLYNOMIAL, MASK = 0x82F63B78, 0xA282EAD8
"""POLYNOMIAL: Castagnoli's, in reversed order of bits. MASK: what TensorFlow adds to a checksum."""


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


TABLE = _table()


def masked_crc32c(blocks: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the masked checksum of each row of `blocks`, shape (blocks, bytes)."""
    checksums = np.full(len(blocks), 0xFFFFFFFF, dtype=np.uint32)
    for column in blocks.T:
        checksums = TABLE[(checksums ^ column) & 0xFF] ^ (checksums >> 8)
    checksums ^= np.uint32(0xFFFFFFFF)
    masked = ((checksums >> 15) | (checksums << 17)).astype(np.uint32) + np.uint32(MASK)
    return masked.astype(np.uint32)


def _records(events: list[bytes]) -> bytes:
    """Return events as records. Successive events of equal length take one pass over their bytes."""
    parts = []
    for size, group in groupby(events, len):
        joined = np.frombuffer(b"".join(group), np.uint8).reshape(-1, size)
        length = np.frombuffer(struct.pack("<Q", size), np.uint8)
        head = np.append(length, masked_crc32c(length[None]).view(np.uint8))
        heads = np.tile(head, (len(joined), 1))
        parts.append(np.hstack((heads, joined, masked_crc32c(joined)[:, None].view(np.uint8))).tobytes())
    return b"".join(parts)


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))


def _field(number: int, content: bytes) -> bytes:
    """Return a field of a protocol buffer whose content is text or a message."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def event_file(curves: dict[str, Array], at: float) -> bytes:
    """Return an event file with the points (iteration, value) of each curve by tag; `at` is the time."""
    when = b"\x09" + struct.pack("<d", at)
    events = [when + _field(3, b"brain.Event:2")]
    for tag, points in curves.items():
        name = _field(1, tag.encode()) + b"\x15"
        with np.errstate(over="ignore"):
            values = points[:, 1].astype(np.float32)
        for iteration, value in zip(points[:, 0].tolist(), values, strict=True):
            summary = _field(5, _field(1, name + value.tobytes()))
            events.append(when + b"\x10" + _varint(int(iteration)) + summary)
    return _records(events)


def write(table: RunTable, folder: Path) -> list[Path]:
    """Write the curves of each run into a folder of its own in `folder`, and return the paths of the files.

    Raises FileError if a file cannot be written.
    """
    paths, now = [], time.time()
    for named in table.runs:
        curves = {"loss": named.run.history.line}
        curves |= {curve.name.replace(" ", "_"): curve.history.line for curve in named.run.beside}
        own = re.sub(r"[^\w.()+-]+", "_", f"{named.id}_{named.name}").strip("_")
        own = own.encode()[:100].decode(errors="ignore")  # file systems limit names to 255 bytes
        path = folder / own / f"events.out.tfevents.{int(now)}.nnviz"
        try:
            os.makedirs(path.parent, exist_ok=True)
        except OSError as error:
            raise FileError(f"{path.parent}: {error.strerror or error}") from None
        atomic.write(path, event_file(curves, now))
        paths.append(path)
    return paths
