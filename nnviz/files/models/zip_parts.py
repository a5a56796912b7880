"""A zip archive that may be hostile: every entry is looked at before one is unpacked, into memory alone.

What an honest archive of a model never has is refused: encryption, links, paths that lead out, entries that
stand twice or share bytes, more or larger ones than it needs, sizes that are not those it declares.
"""

from __future__ import annotations

import itertools
import re
import stat
import struct
import zlib
from typing import NamedTuple

from nnviz.core.names import quoted
from nnviz.files.errors import FileError
from nnviz.files.opening import LARGEST_BYTES

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
