"""A dataset that stands in an HDF5 file in chunks, which may be packed: unpacked to no more than declared.

HDF5's own unpacking goes on until a chunk ends, whatever its size was said to be, and looks for plug-ins
where it does not know how one is packed.
"""

from __future__ import annotations

import itertools
import math
import zlib
from typing import Any

import numpy as np
from h5py import h5z
from numpy.typing import NDArray

MOST_CHUNKS = 20_000
LARGEST_CHUNK = 2**26
"""Bytes."""
_CHECKSUM = 4


class RefusedError(ValueError):
    """What a file must not hold, in a sentence; `place` says where."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


def check_chunks(dataset: Any, created: Any, path: str) -> None:
    """Check that all chunks are there, not too many and not too large, and packed in a known way."""
    chunk = created.get_chunk()
    shape = dataset.get_space().get_simple_extent_dims()
    expected = math.prod(-(-side // step) for side, step in zip(shape, chunk, strict=True))
    size = math.prod(chunk) * dataset.get_type().get_size()
    if expected > MOST_CHUNKS or size > LARGEST_CHUNK or dataset.get_num_chunks() != expected:
        raise RefusedError("it stands in too many or too large chunks, or they are not all there", path)
    for k in range(created.get_nfilters()):
        if created.get_filter(k)[0] not in _UNDONE:
            raise RefusedError("it is packed in a way that nnviz does not unpack", path)


def read_chunks(dataset: Any, path: str) -> NDArray[Any]:
    """Return the numbers of a dataset that `check_chunks` has let pass."""
    created = dataset.get_create_plist()
    filters = [created.get_filter(k)[0] for k in range(created.get_nfilters())]
    chunk, kind = created.get_chunk(), dataset.dtype
    array = np.zeros(dataset.shape, kind)
    size = math.prod(chunk) * kind.itemsize
    for start in itertools.product(
        *(range(0, side, step) for side, step in zip(array.shape, chunk, strict=True))
    ):
        left_out, data = dataset.read_direct_chunk(start)
        for k, which in reversed(list(enumerate(filters))):
            if not left_out >> k & 1:
                data = _UNDONE[which](data, size, kind.itemsize)
        if len(data) != size:
            raise RefusedError("a chunk of it is not as large as it should be", path)
        target = array[tuple(slice(at, at + step) for at, step in zip(start, chunk, strict=True))]
        target[...] = np.frombuffer(data, kind).reshape(chunk)[tuple(map(slice, target.shape))]
    return array


def _inflated(data: bytes, size: int, _width: int) -> bytes:
    inflating = zlib.decompressobj()
    return inflating.decompress(data, size + _CHECKSUM + 1)


def _unshuffled(data: bytes, _size: int, width: int) -> bytes:
    whole = len(data) // width * width
    return np.frombuffer(data[:whole], np.uint8).reshape(width, -1).T.tobytes() + data[whole:]


def _without_checksum(data: bytes, _size: int, _width: int) -> bytes:
    return data[:-_CHECKSUM]


_UNDONE = {
    h5z.FILTER_DEFLATE: _inflated,
    h5z.FILTER_SHUFFLE: _unshuffled,
    h5z.FILTER_FLETCHER32: _without_checksum,
}
"""How what a filter has done is undone, with the chunk's size and the bytes of a number."""
