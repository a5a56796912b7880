"""NumPy archives, `.npz`, and the zip and `.npy` files within them.

The reader refuses encryption, links, paths to other folders, duplicate entries, wrong sizes, and more or
larger entries than a model needs. The reader unpacks nothing to the disk. The reader also opens the arrays
that belong to a program written by nnviz, with the rows as `inputs` and `targets`.
"""

from __future__ import annotations

import io
import math
import re
import stat
import zipfile
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from nnviz.core.numbers import NUMBERS, counted, quoted
from nnviz.core.state import Dataset, State
from nnviz.files.atomic import LARGEST_BYTES
from nnviz.files.errors import FileError, as_file_errors, errors_as
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.source import Codec, Source

MOST_ENTRIES = 4_000
"""Largest number of entries in an archive: over twice the number of arrays of the largest network."""
_LIST_SIGN = b"PK\x01\x02"
"""The first bytes of an entry in the archive's list."""
_ENCRYPTED = 0x2041  # bits 0, 6 and 13
_UNIX = 3
_UNSAFE_NAME = re.compile(r"[/\\].*|.*\\.*|(?:.*/)?\.{1,2}(?:/.*)?|[A-Za-z]:.*|.*\x00.*|", re.DOTALL)


class Archive:
    """The entries of a zip archive by name, in the archive's order. Raises FileError for a faulty archive."""

    def __init__(self, data: bytes) -> None:
        if (count := data.count(_LIST_SIGN)) > MOST_ENTRIES:  # before they are read
            raise FileError(f"expected at most {MOST_ENTRIES:,} entries in the archive, found {count:,}")
        with errors_as("the zip archive is incomplete, or its list of entries is damaged"):
            self._archive = zipfile.ZipFile(io.BytesIO(data))  # raises several exceptions
        entries = self._archive.infolist()
        self._entries = {entry.filename: entry for entry in entries}
        self.names = list(self._entries)
        """Names of the entries; the name of a folder ends in a slash."""
        self.is_packed = any(entry.compress_type != zipfile.ZIP_STORED for entry in entries)
        """Whether an entry is compressed."""
        if len(self._entries) < len(entries):
            raise FileError("the archive contains an entry twice")
        for entry in entries:
            _check_entry(entry)
        packed_bytes = sum(entry.compress_size for entry in entries)
        if packed_bytes > len(data):  # each would be unpacked again and again
            raise FileError("the entries of the archive overlap")
        if sum(entry.file_size for entry in entries) > LARGEST_BYTES:
            raise FileError(f"the archive would unpack to more than {LARGEST_BYTES // 2**20} MB")

    def read(self, name: str, most: int = LARGEST_BYTES) -> bytes:
        """Return the bytes of an entry.

        Raises FileError if the entry is missing, damaged or larger than `most` bytes.
        """
        if name not in self._entries:
            raise FileError(f"the archive has no file {quoted(name)}")
        entry = self._entries[name]
        if entry.file_size > most:
            raise FileError(f"expected at most {most:,} bytes, found {entry.file_size:,}", name)
        message = "this entry is damaged: its place, size, checksum or packed content is wrong"
        with errors_as(message, name), self._archive.open(entry) as file:  # compares header and list
            content = file.read(entry.file_size + 1)  # compares the checksum at the end
        if len(content) != entry.file_size:
            raise FileError(message, name)
        return content


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Raise FileError for an entry with an unsafe name or of another kind than a plain file or folder."""
    name = entry.orig_filename
    if _UNSAFE_NAME.fullmatch(name):
        raise FileError(f"the archive contains the unsafe file name {quoted(name)}")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.create_system == _UNIX and kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FileError("this entry is a link or a device", name)
    is_readable = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if entry.flag_bits & _ENCRYPTED or not is_readable:
        raise FileError("this entry is encrypted, or compressed in a way that nnviz cannot read", name)


_HEADER_BYTES = 1024
_TEXT_BYTES = 40_000
"""Largest size of a text in an array, in bytes."""


def read_npy(data: bytes, place: str) -> NDArray[Any]:
    """Return the array of numbers or texts in a `.npy` file, as a view of its bytes.

    Raises FileError, with `place` in the message, for any other contents.
    """
    file = io.BytesIO(data)
    with errors_as("this is not a NumPy array of numbers", place):  # NumPy raises several exceptions
        is_first = npy.read_magic(file) == (1, 0)
        read_header = npy.read_array_header_1_0 if is_first else npy.read_array_header_2_0
        shape, is_fortran, kind = read_header(file, max_header_size=_HEADER_BYTES)
    if kind.hasobject:
        raise FileError("nnviz never loads Python objects: save an array of numbers, or dtype=str", place)
    if kind.kind not in "fiuUS" or not 0 < kind.itemsize <= (8 if kind.kind in "fiu" else _TEXT_BYTES):
        raise FileError("expected an array of real numbers with at most 64 bits each", place)
    if len(shape) > 2 or not all(type(size) is int and 0 <= size <= NUMBERS.limit for size in shape):
        most = f"at most 2 dimensions, each of at most {NUMBERS.limit:,}"
        raise FileError(f"expected {most}, found an array of the shape {shape}", place)
    expected, found = math.prod(shape) * kind.itemsize, len(data) - file.tell()
    if expected != found:
        raise FileError(f"the shape {shape} needs {expected:,} bytes, found {found:,}", place)
    numbers = np.frombuffer(data, kind, offset=file.tell())
    return numbers.reshape(shape, order="F" if is_fortran else "C")


_MEMBER = re.compile(r"(?:[Wb](?:0|[1-9]\d{0,3})|activations|inputs|targets)\.npy", re.ASCII)


def sniff(data: bytes) -> bool:
    """Return whether data is a zip archive that begins with an array."""
    return re.match(rb"PK\x03\x04.{26}[^\x00]{0,200}?\.npy", data[:400], re.DOTALL) is not None


def read(source: Source) -> State:
    """Return the State in an archive of arrays. Raises FileError."""
    archive = Archive(source.data)
    for name in archive.names:
        if not _MEMBER.fullmatch(name):
            raise FileError(f"expected the arrays W0, b0, W1, b1, … and activations, found {quoted(name)}")
    arrays = {name.removesuffix(".npy"): read_npy(archive.read(name), name) for name in archive.names}
    stored, inputs, targets = (arrays.pop(name, None) for name in ("activations", "inputs", "targets"))
    count = sum(name.startswith("W") for name in arrays)
    layers = [_layer(arrays, k) for k in range(count)]
    if arrays:
        raise FileError(f"{next(iter(arrays))} cannot be used: one of the arrays W0, W1, … is missing")
    sizes = dense.sizes_of(layers)
    names = source.given_activations(sizes) if stored is None else _activations(stored, count)
    state = dense.state_of(dense.with_activations(layers, names), source=source)
    if inputs is None and targets is None:
        return state
    if inputs is None:
        raise FileError("the archive has targets but no inputs")
    with as_file_errors():
        return replace(state, data=Dataset(inputs, targets))


def _layer(arrays: dict[str, NDArray[Any]], k: int) -> Dense:
    if f"W{k}" not in arrays:
        raise FileError(f"the array W{k} is missing")
    weights, biases = arrays.pop(f"W{k}"), arrays.pop(f"b{k}", None)
    if biases is not None and biases.shape == weights.shape[1:] != weights.shape[:1]:
        raise FileError(f"each node must be a row of W{k}, but here it is a column: save W{k}.T", f"W{k}")
    return Dense(weights, biases, "")


def _activations(array: NDArray[Any], count: int) -> tuple[str, ...]:
    if array.dtype.kind not in "US" or array.shape != (count,):
        message = f"expected {counted(count, 'text')}, one for each layer, found {array.dtype} {array.shape}"
        raise FileError(message, "activations")
    with errors_as("expected texts", "activations"):  # NumPy has several exceptions for invalid letters
        return tuple(array.astype(str).tolist())


def write(state: State) -> bytes:
    """Return the weights, biases and activations of `state` as an archive of arrays. Raises FileError."""
    activations = np.array([layer.activation for layer in state.network.layers])
    arrays: dict[str, Any] = {**dense.fold_scaling(state).named_arrays, "activations": activations}
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


NPZ = Codec(sniff, read, write, dense.left_out, dense.standardised_rows)
