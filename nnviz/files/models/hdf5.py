"""Reader of HDF5 weights, for the process in `hdf5_process`.

An HDF5 file can refer to other files and can unpack to a huge size. Everything that an honest file of weights
never has is refused with RefusedError: soft or external links, objects with two names, datasets stored
elsewhere. Only the attributes named in `TEXTS` and datasets of real numbers are read. Chunks are unpacked
here, because HDF5 itself ignores the declared size and searches for plug-ins. For a damaged file h5py may
raise anything.
"""

from __future__ import annotations

import itertools
import math
import re
import zlib
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5s, h5t, h5z
from numpy.typing import NDArray

MOST_OBJECTS = 20_000
"""Groups and datasets; a network of the most layers has some six for each, with its optimizer's memory."""
DEEPEST = 24
LONGEST_PATH = 1_000
MOST_TEXTS = 20_000
"""Of attributes, all together."""
MOST_LETTERS = 2**25
TEXTS = re.compile(r"model_config|training_config|keras_version|(?:layer|weight)_names\d{0,4}")
PASSED_OVER = re.compile(r"(?:optimizer|optimizer_weights|metrics)(?:/.*)?")
"""Groups whose numbers are not those of the network: their links are looked at, and nothing is read."""

_BFLOAT16 = np.dtype("V2")
"""The upper half of a float of 32 bits, as Keras writes it: HDF5 has no such type."""
_OPENED = {h5o.TYPE_GROUP: h5g.GroupID, h5o.TYPE_DATASET: h5d.DatasetID}


class Tree(NamedTuple):
    """What was read, by path, such as `layers/dense/vars/0`; the root's is empty.

    `attributes` of a group are texts, or lists of them, by name; `others` says what datasets hold that are
    not of real numbers.
    """

    attributes: dict[str, dict[str, str | list[str]]]
    arrays: dict[str, NDArray[Any]]
    others: dict[str, str]


def read(data: bytes, most_numbers: int) -> Tree:
    """Return what an HDF5 file holds, of at most so many numbers."""
    file = h5f.open_file_image(data)
    groups, datasets = _walked(h5g.open(file, b"/"))
    kinds = {path: _kind(dataset, path) for path, dataset in datasets.items()}
    real = {path: dataset for path, dataset in datasets.items() if not kinds[path]}
    count = sum(_declared(dataset, path) for path, dataset in real.items())
    if count > most_numbers:
        raise RefusedError(f"expected at most {most_numbers:,} numbers, found {count:,}")
    left = _Left()
    attributes = {path: found for path, group in groups.items() if (found := left.texts(group, path))}
    arrays = {path: _read(dataset, path) for path, dataset in real.items()}
    return Tree(attributes, arrays, {path: kind for path, kind in kinds.items() if kind})


def _walked(root: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the groups and the datasets by path, none of them reached over anything but plain links."""
    groups: dict[str, Any] = {"": root}
    datasets: dict[str, Any] = {}
    seen = {h5o.get_info(root).addr}
    ahead = [""]
    while ahead:
        around = ahead.pop()
        for name in groups[around]:
            path = _path(around, name)
            if len(seen) > MOST_OBJECTS:
                raise RefusedError(f"it holds more than {MOST_OBJECTS:,} groups and datasets")
            if path in groups or path in datasets:
                raise RefusedError("this name stands twice", path)
            found = _opened(groups[around], name, path, seen)
            if isinstance(found, h5g.GroupID):
                groups[path] = found
                ahead.append(path)
            elif not PASSED_OVER.fullmatch(path):
                datasets[path] = found
    return groups, datasets


def _path(around: str, name: bytes) -> str:
    """Return the path of a member; Keras of 2023 on Windows wrote its paths with backslashes."""
    path = f"{around}/{name.decode('utf-8', 'replace')}".lstrip("/").replace("\\", "/")
    if path.count("/") >= DEEPEST or len(path) > LONGEST_PATH:
        raise RefusedError("its groups are nested too deeply", path)
    return path


def _opened(group: Any, name: bytes, path: str, seen: set[int]) -> Any:
    """Return a group or a dataset that a plain link leads to, for the first time."""
    kind = group.links.get_info(name).type
    if kind != h5py.h5l.TYPE_HARD:
        what = {h5py.h5l.TYPE_SOFT: "a soft link", h5py.h5l.TYPE_EXTERNAL: "a link to another file"}
        raise RefusedError(
            f"it is {what.get(kind, 'a link of an unknown kind')}, which no file of weights needs", path
        )
    info = h5o.get_info(group, name)
    if info.addr in seen:
        raise RefusedError("it is the same as another one, or leads back to where it stands", path)
    seen.add(info.addr)
    found = h5o.open(group, name)
    if not isinstance(found, _OPENED.get(info.type, ())):
        raise RefusedError("it is neither a group nor a dataset", path)
    return found


def _kind(dataset: Any, path: str) -> str:
    """Return what a dataset holds where that are not real numbers, in a word, or ""."""
    declared = dataset.get_type()
    if declared.committed():
        raise RefusedError("its type stands elsewhere in the file", path)
    kind = declared.get_class()
    if kind == h5t.OPAQUE and declared.dtype == _BFLOAT16:
        return ""
    if kind == h5t.INTEGER:
        return str(declared.dtype)
    if kind != h5t.FLOAT or declared.get_size() not in (2, 4, 8) or declared.dtype.kind != "f":
        raise RefusedError("it holds neither real numbers nor whole ones", path)
    return ""


def _declared(dataset: Any, path: str) -> int:
    """Return how many numbers a dataset has, all of which stand in this file."""
    created = dataset.get_create_plist()
    layout = created.get_layout()
    if layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED):
        raise RefusedError("it is put together from other datasets (a virtual dataset)", path)
    if created.get_external_count():
        raise RefusedError("its numbers stand in another file (external storage)", path)
    space = dataset.get_space()
    if space.get_simple_extent_type() == h5s.NULL:
        return 0
    count: int = math.prod(space.get_simple_extent_dims())
    size = dataset.get_type().get_size()
    if layout == h5d.CHUNKED:
        check_chunks(dataset, created, path)
    elif created.get_nfilters() or dataset.get_storage_size() != count * size:
        raise RefusedError(f"it says that it has {count:,} numbers, and they are not there", path)
    return count


def _read(dataset: Any, path: str) -> NDArray[Any]:
    if dataset.get_create_plist().get_layout() == h5d.CHUNKED:
        array = read_chunks(dataset, path)
    else:
        array = np.zeros(dataset.shape or (), dataset.dtype)
        if array.size:
            dataset.read(h5s.ALL, h5s.ALL, array)
    if array.dtype == _BFLOAT16:
        array = (array.view("<u2").astype("<u4") << 16).view("<f4")
    return array


class _Left:
    """How many texts and letters attributes may still have."""

    def __init__(self) -> None:
        self._texts, self._letters = MOST_TEXTS, MOST_LETTERS

    def texts(self, group: Any, path: str) -> dict[str, str | list[str]]:
        """Return the texts, or lists of them, that are attributes of a group."""
        names = []
        h5a.iterate(group, lambda name, *_: names.append(name))
        known = {name: name.decode("utf-8", "replace") for name in names}
        return {
            text: self._value(group, name, f"{path}@{text}")
            for name, text in known.items()
            if TEXTS.fullmatch(text)
        }

    def _value(self, group: Any, name: bytes, place: str) -> str | list[str]:
        attribute = h5a.open(group, name)
        space, declared = attribute.get_space(), attribute.get_type()
        shape = () if space.get_simple_extent_type() == h5s.NULL else space.get_simple_extent_dims()
        count = math.prod(shape)
        self._texts -= count
        if len(shape) > 1 or self._texts < 0:
            raise RefusedError("expected a text or some of them", place)
        if not count:
            return []
        if declared.get_class() != h5t.STRING or declared.committed():
            raise RefusedError("expected texts", place)
        fixed = 0 if declared.is_variable_str() else declared.get_size()
        self._spend(count * fixed, place)
        found = _read_texts(attribute, shape)
        self._spend(0 if fixed else sum(map(len, found)), place)
        texts = [_decoded(text, place) for text in found]
        return texts if shape else texts[0]

    def _spend(self, letters: int, place: str) -> None:
        self._letters -= letters
        if self._letters < 0:
            raise RefusedError("its texts are too long", place)


def _read_texts(attribute: Any, shape: tuple[int, ...]) -> list[bytes]:
    found = np.zeros(shape, attribute.dtype)
    attribute.read(found)
    return [bytes(text) if isinstance(text, bytes) else str(text).encode() for text in found.reshape(-1)]


def _decoded(text: bytes, place: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise RefusedError("its text is not UTF-8", place) from None


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
