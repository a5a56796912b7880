"""Archives that are made to do harm: each is refused in a sentence, and unpacks no more than it may."""

import io
import struct
import warnings
import zipfile

import pytest

from nnviz.files.errors import FileError
from nnviz.files.models.zip_parts import MOST_ENTRIES, Archive
from nnviz.files.opening import LARGEST_BYTES


def packed(*entries, how=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name that stands twice
        for name, data in entries:
            archive.writestr(name, data)
    return file.getvalue()


def changed(data, where, at, new):
    """Return an archive with bytes changed in its last list entry ("PK12") or local header ("PK34")."""
    start = data.rindex(b"PK\x01\x02" if where == "list" else b"PK\x03\x04")
    return data[: start + at] + new + data[start + at + len(new) :]


def link():
    info = zipfile.ZipInfo("a")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    return packed((info, "/etc/passwd"))


def within():
    """Return an archive whose entry b stands among the bytes of its entry a."""
    inner = packed(("b", b"abc"), how=zipfile.ZIP_STORED)
    data = packed(("a", inner), ("b", b"abc"), how=zipfile.ZIP_STORED)
    return changed(data, "list", 42, number(data.index(inner)))


def number(value):
    return struct.pack("<L", value)


ONE = packed(("a", b"abc" * 100))
STORED = packed(("a", b"abc"), how=zipfile.ZIP_STORED)
ZEROS = packed(("a", bytes(10_000_000)))

ATTACKS = {
    "this is not a whole zip archive": b"PK\x03\x04" + bytes(100),
    "this is not one plain zip archive": b"junk" + ONE,
    "something stands behind the end of the zip archive": ONE + b"junk",
    "an entry of the archive stands twice in it": packed(("a", "1"), ("a", "2")),
    "b: entries of the archive share bytes": within(),
    "'../a' is no plain name of an entry of an archive": packed(("../a", "1")),
    "'/a' is no plain name of an entry of an archive": packed(("/a", "1")),
    "'b/../../a' is no plain name of an entry of an archive": packed(("b/../../a", "1")),
    "'C:a' is no plain name of an entry of an archive": packed(("C:a", "1")),
    "'b\\\\a' is no plain name of an entry of an archive": packed(("b\\a", "1")),
    "a: the archive holds a link or a device": link(),
    "a: it is encrypted": changed(ONE, "list", 8, b"\x01"),
    "a: it is encrypted, or packed in a way that nnviz does not unpack": packed(
        ("a", "1"), how=zipfile.ZIP_LZMA
    ),
    f"expected at most {MOST_ENTRIES:,} entries": packed(*((f"{i}", "") for i in range(MOST_ENTRIES + 1))),
    "unpacked, the archive would have more than 128 MB": packed(
        *((f"{i}", bytes(LARGEST_BYTES // 4)) for i in range(5))
    ),
    "a: it says that": changed(ONE, "list", 24, number(2**32 - 1)),
    "a: it is damaged: it is longer or shorter than the archive says": changed(
        ZEROS, "list", 24, number(100)
    ),
    "a: it is damaged: it is not what the archive says of it": changed(STORED, "list", 16, number(1)),
    "a: it is damaged: it cannot be unpacked": changed(ONE, "local", 31, b"\xff\xff\xff"),
    "a: its bytes reach beyond": changed(ONE, "list", 20, number(10_000)),
    "an entry of the archive is not where": changed(ONE, "list", 42, number(5)),
    "an entry of the archive is not where its list says": changed(ONE, "local", 30, b"b"),
}


def unpacked(data):
    archive = Archive(data)
    return [archive.read(name) for name in archive.names]


@pytest.mark.parametrize("sentence", ATTACKS)
def test_an_archive_that_is_an_attack_is_refused(sentence):
    with pytest.raises(FileError) as caught:
        unpacked(ATTACKS[sentence])
    assert str(caught.value).startswith(sentence)


def test_the_entries_of_an_honest_archive_are_read_in_their_order():
    data = packed(("z/a", b"abc" * 100), ("b", b""), ("é", bytes(100_000)))
    archive = Archive(data)
    assert archive.names == ["z/a", "b", "é"]
    assert unpacked(data) == [b"abc" * 100, b"", bytes(100_000)]
    with pytest.raises(FileError, match="the archive has no 'c'"):
        archive.read("c")


def test_entries_that_were_written_to_a_pipe_are_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"abc" * 100)
        with archive.open("b", "w", force_zip64=True) as entry:
            entry.write(b"x" * 1000)
    assert unpacked(pipe.data) == [b"abc" * 100, b"x" * 1000]
