"""NumPy archives, `.npz`, and the zip and `.npy` files within them.

Everything that an honest archive never has is refused: encryption, links, paths that lead out, duplicate or
overlapping entries, more or larger entries than a model needs, wrong sizes. The arrays beside a program that
nnviz wrote are read too: they hold the rows as `inputs` and `targets`.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import stat
import struct
import zlib
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.numbers import counted, quoted
from nnviz.core.state import Dataset, State
from nnviz.files.atomic import LARGEST_BYTES
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.source import Source

MOST_ENTRIES = 4_000
"""More than twice as many as the weights and biases of the most layers."""
MOST_TIMES = 1_040
"""No honest entry is packed tighter: deflate cannot."""

_END, _ENTRY, _LOCAL = struct.Struct("<4s4H2LH"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_ENCRYPTED = 0x2041  # bits 0, 6 and 13
_UTF_8 = 0x800
_STORED, _DEFLATED = 0, 8
_UNIX = 3
_LEADS_OUT = re.compile(r"[/\\].*|.*\\.*|(?:.*/)?\.{1,2}(?:/.*)?|[A-Za-z]:.*|.*\x00.*|", re.DOTALL)


class _Entry(NamedTuple):
    name: str
    method: int
    crc: int
    packed: int
    size: int
    start: int
    """Of its local header."""
    begin: int
    """Of its bytes."""

    @property
    def end(self) -> int:
        return self.begin + self.packed


class Archive:
    """The entries of a zip by name, in its order. Raises FileError for one that is not as it should be."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        entries = _entries(data)
        self._entries = {entry.name: entry for entry in entries}
        if len(self._entries) < len(entries):
            raise FileError("an entry of the archive stands twice in it")
        for before, entry in itertools.pairwise(sorted(entries, key=lambda entry: entry.start)):
            if before.end > entry.start:
                raise FileError("entries of the archive share bytes", entry.name)
        if sum(entry.size for entry in entries) > LARGEST_BYTES:
            raise FileError(f"unpacked, the archive would have more than {LARGEST_BYTES // 2**20} MB")

    @property
    def names(self) -> list[str]:
        """The names of the entries; a folder's end in a slash."""
        return list(self._entries)

    def read(self, name: str, most: int = LARGEST_BYTES) -> bytes:
        """Return an entry's bytes, no more than `most`.

        Raises FileError where it is not there, larger, or not what the archive says.
        """
        if name not in self._entries:
            raise FileError(f"the archive has no {quoted(name)}")
        entry = self._entries[name]
        if entry.size > most:
            raise FileError(f"expected at most {most:,} bytes, found {entry.size:,}", name)
        packed = memoryview(self._data)[entry.begin : entry.end]
        found = bytes(packed) if entry.method == _STORED else _inflated(packed, entry)
        if len(found) != entry.size or zlib.crc32(found) != entry.crc:
            raise FileError("it is damaged: it is not what the archive says of it", name)
        return found


def _inflated(packed: memoryview, entry: _Entry) -> bytes:
    """Return no more than one byte more than the entry declares."""
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = inflating.decompress(packed, entry.size + 1)
    except zlib.error:
        raise FileError("it is damaged: it cannot be unpacked", entry.name) from None
    if not inflating.eof or inflating.unused_data:
        raise FileError("it is damaged: it is longer or shorter than the archive says", entry.name)
    return found


def _entries(data: bytes) -> list[_Entry]:
    found = data.rfind(b"PK\x05\x06", max(0, len(data) - _END.size - 2**16))
    if found < 0 or len(data) - found < _END.size:
        raise FileError("this is not a whole zip archive")
    _, disk, first, here, count, length, start, comment = _END.unpack_from(data, found)
    if (disk, first, here) != (0, 0, count) or start + length != found:
        raise FileError("this is not one plain zip archive")
    if found + _END.size + comment != len(data):
        raise FileError("something stands behind the end of the zip archive")
    if count > MOST_ENTRIES:
        raise FileError(f"expected at most {MOST_ENTRIES:,} entries in the archive, found {count:,}")
    entries, at = [], start
    for _ in range(count):
        entry, at = _entry(data, at, found, start)
        entries.append(entry)
    if at != found:
        raise FileError("the list of the archive's entries is not as long as it says")
    return entries


def _entry(data: bytes, at: int, end: int, start: int) -> tuple[_Entry, int]:
    """Return the entry that is listed `at`, and where the next one is; its bytes stand before `start`."""
    if at + _ENTRY.size > end:
        raise FileError("the list of the archive's entries is cut off")
    sign, by, _, flags, method, _, _, *numbers = _ENTRY.unpack_from(data, at)
    crc, packed, size, called, extra, comment, disk, _, outer, local = numbers
    behind = at + _ENTRY.size + called
    raw = data[at + _ENTRY.size : behind]
    name = raw.decode("utf-8" if flags & _UTF_8 else "cp437", "replace")
    if sign != b"PK\x01\x02" or disk or behind + extra + comment > end:
        raise FileError("the list of the archive's entries is damaged")
    if _LEADS_OUT.fullmatch(name):
        raise FileError(f"{quoted(name)} is no plain name of an entry of an archive")
    if by >> 8 == _UNIX and stat.S_IFMT(outer >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise FileError("the archive holds a link or a device", name)
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise FileError("it is encrypted, or packed in a way that nnviz does not unpack", name)
    if size > packed * MOST_TIMES:
        raise FileError(f"it says that {packed:,} bytes unpack to {size:,}, which cannot be", name)
    begin = _begin(data, local, start, raw)
    if begin + packed > start:
        raise FileError("its bytes reach beyond the archive's entries", name)
    return _Entry(name, method, crc, packed, size, local, begin), behind + extra + comment


def _begin(data: bytes, local: int, start: int, raw: bytes) -> int:
    """Return where an entry's bytes begin, whose own header has to bear its listed name."""
    if local + _LOCAL.size <= start:
        sign, *_, called, extra = _LOCAL.unpack_from(data, local)
        begin = local + _LOCAL.size
        if sign == b"PK\x03\x04" and data[begin : begin + called] == raw:
            return int(begin + called + extra)
    raise FileError("an entry of the archive is not where its list says")


_HEADER_BYTES = 1024
_ITEM = re.compile(r"'(descr|fortran_order|shape)':('[^'\\]{1,20}'|True|False|\([\d,L]{0,100}\)),?", re.ASCII)
_TYPE = re.compile(r"'([<>|=]?(?:[iu][1248]|f[248]|[US][1-9]\d{0,3}))'", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


class _Header(NamedTuple):
    kind: np.dtype[Any]
    is_fortran: bool
    shape: tuple[int, ...]
    size: int
    """Of the header itself, in bytes."""


def read_npy(data: bytes, place: str) -> NDArray[Any]:
    """Return the array of numbers or texts in the bytes of a file, a view on them.

    Raises FileError, which begins with the `place`, for anything else.
    """
    header = _header(data, place)
    expected, found = math.prod(header.shape) * header.kind.itemsize, len(data) - header.size
    if expected != found:
        raise FileError(f"its shape {header.shape} takes {expected:,} bytes, found {found:,}", place)
    array = np.frombuffer(data, header.kind, offset=header.size)
    return array.reshape(header.shape, order="F" if header.is_fortran else "C")


def texts(array: NDArray[Any]) -> list[str]:
    """Return the texts of an array of one dimension. Raises UnicodeDecodeError for what is none.

    NumPy itself does not look at what it takes for letters, and raises a SystemError.
    """
    order = "be" if array.dtype.newbyteorder("<") != array.dtype else "le"
    encoding = "ascii" if array.dtype.kind == "S" else f"utf-32-{order}"
    return [each.tobytes().decode(encoding).rstrip("\0") for each in array.view(f"V{array.dtype.itemsize}")]


def _header(data: bytes, place: str) -> _Header:
    if data[:6] != b"\x93NUMPY" or len(data) < 12 or data[6] not in (1, 2, 3):
        raise FileError("this is not an array of NumPy's", place)
    begin = 10 if data[6] == 1 else 12
    end = begin + int.from_bytes(data[8:begin], "little")
    if end > len(data) or end - begin > _HEADER_BYTES:
        raise FileError("its header is longer than that of an array of numbers", place)
    text = "".join(data[begin:end].decode("latin-1").split())
    if "'|O'" in text or "'O'" in text:
        raise FileError("it holds Python objects, which are never loaded: save numbers, or dtype=str", place)
    pairs = _ITEM.findall(text)
    items = dict(pairs)
    kind = _TYPE.fullmatch(items.get("descr", ""))
    if _ITEM.sub("", text) != "{}" or len(items) != 3 or len(pairs) != 3 or not kind:
        raise FileError("expected an array of real numbers, of up to 64 bits each", place)
    shape = tuple(map(int, _NUMBER.findall(items["shape"])))
    if len(shape) > 2:
        raise FileError(f"expected a matrix or a row, found an array of {len(shape)} dimensions", place)
    return _Header(np.dtype(kind[1]), items["fortran_order"] == "True", shape, end)


_MEMBER = re.compile(r"(?:[Wb](?:0|[1-9]\d{0,3})|activations|inputs|targets)\.npy", re.ASCII)


def sniff(data: bytes) -> bool:
    """Tell whether a zip begins with an array."""
    return re.match(rb"PK\x03\x04.{26}[^\x00]{0,200}?\.npy", data[:400], re.DOTALL) is not None


def read(source: Source) -> State:
    """Return the State in an archive of arrays. Raises FileError."""
    archive = Archive(source.data)
    for name in archive.names:
        if not _MEMBER.fullmatch(name):
            raise FileError(f"expected the arrays W0, b0, W1, b1, … and activations, found {quoted(name)}")
    arrays = {name.removesuffix(".npy"): read_npy(archive.read(name), name) for name in archive.names}
    said, inputs, targets = (arrays.pop(name, None) for name in ("activations", "inputs", "targets"))
    count = sum(name.startswith("W") for name in arrays)
    layers = [_layer(arrays, k) for k in range(count)]
    if arrays:
        raise FileError(f"there is no W for {next(iter(arrays))}, or one between is missing")
    sizes = dense.sizes_of(layers)
    names = source.answered(sizes) if said is None else _activations(said, count)
    state = dense.state_of(dense.with_activations(layers, names), source=source)
    if inputs is None and targets is None:
        return state
    if inputs is None:
        raise FileError("there are no inputs to the targets")
    with told_by_core():
        return replace(state, data=Dataset(inputs, targets))


def _layer(arrays: dict[str, NDArray[Any]], k: int) -> Dense:
    if f"W{k}" not in arrays:
        raise FileError(f"the array W{k} is missing")
    weights, biases = arrays.pop(f"W{k}"), arrays.pop(f"b{k}", None)
    if biases is not None and biases.shape == weights.shape[1:] != weights.shape[:1]:
        raise FileError(f"expected a row for each node, found a column for each: save W{k}.T", f"W{k}")
    return Dense(weights, biases, "")


def _activations(said: NDArray[Any], count: int) -> tuple[str, ...]:
    if said.dtype.kind not in "US" or said.shape != (count,):
        wish = f"expected {counted(count, 'text')}, one for each layer"
        raise FileError(f"{wish}, found {said.dtype} of shape {said.shape}", "activations")
    try:
        return tuple(texts(said))
    except UnicodeDecodeError:
        raise FileError("expected texts", "activations") from None


def write(state: State) -> bytes:
    """Return the weights, biases and activations of `state` as an archive of arrays. Raises FileError."""
    arrays: dict[str, Any] = {}
    for k, layer in enumerate(dense.fold_scaling(state).layers):
        arrays[f"W{k}"] = layer.weights
        if layer.biases is not None:
            arrays[f"b{k}"] = layer.biases
    arrays["activations"] = np.array([layer.activation for layer in state.network.layers])
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def left_out(state: State) -> list[str]:
    """Return what of `state` an archive does not keep."""
    return dense.left_out(state)


raw_rows = dense.standardised_rows
