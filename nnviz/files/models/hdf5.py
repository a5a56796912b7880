"""Reader of HDF5 weights, which runs in the sandbox, and writer of HDF5 files.

An HDF5 file can refer to other files and can unpack to a huge size. The reader raises FileError for
everything that a normal file of weights does not have: soft or external links, objects with two names,
datasets in other files. It reads only the attributes in `TEXTS` and datasets of real numbers. It unpacks
chunks itself, because HDF5 ignores the declared size and searches for plug-ins. For a damaged file h5py may
raise any exception.
"""

from __future__ import annotations

import io
import itertools
import math
import re
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5s, h5t, h5z
from numpy.typing import NDArray

from nnviz.core.numbers import NUMBERS
from nnviz.files.errors import FileError, errors_as

MOST_OBJECTS = 20_000
"""Largest number of groups and datasets in a file; a layer with optimizer state needs about six of them."""
DEEPEST = 24
LONGEST_PATH = 1_000
MOST_TEXTS = 20_000
"""Largest number of texts in all attributes of a file together."""
MOST_LETTERS = 2**25
TEXTS = re.compile(r"model_config|training_config|keras_version|(?:layer|weight)_names\d{0,4}")
SKIPPED_GROUPS = re.compile(r"(?:optimizer|optimizer_weights|metrics)(?:/.*)?")
"""Groups whose numbers are not part of the network; the reader checks only the links in these groups."""

_BFLOAT16 = np.dtype("V2")
"""The type in which Keras writes bfloat16 numbers, as HDF5 has no bfloat16."""
_CLASSES = {h5o.TYPE_GROUP: h5g.GroupID, h5o.TYPE_DATASET: h5d.DatasetID}


def read(data: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the fields of `keras_chain.Hdf5` and the arrays in an HDF5 file. Raises FileError."""
    file = h5f.open_file_image(data)
    groups, datasets = _find_objects(h5g.open(file, b"/"))
    kinds = {path: _kind(dataset, path) for path, dataset in datasets.items()}
    real = {path: dataset for path, dataset in datasets.items() if not kinds[path]}
    count = sum(_count(dataset, path) for path, dataset in real.items())
    if count > NUMBERS.limit:
        raise FileError(f"expected at most {NUMBERS.limit:,} numbers, found {count:,}")
    reader = _AttributeReader()
    attributes = {path: texts for path, group in groups.items() if (texts := reader.texts(group, path))}
    arrays = {path: _read(dataset, path) for path, dataset in real.items()}
    unread = {path: kind for path, kind in kinds.items() if kind}
    return {"attributes": attributes, "unread": unread}, arrays


def _find_objects(root: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the groups and the datasets by path. Raises FileError for links other than plain ones."""
    groups: dict[str, Any] = {"": root}
    datasets: dict[str, Any] = {}
    seen = {h5o.get_info(root).addr}
    pending = [""]
    while pending:
        parent = pending.pop()
        for name in groups[parent]:
            path = _path(parent, name)
            if len(seen) > MOST_OBJECTS:
                raise FileError(f"the file contains more than {MOST_OBJECTS:,} groups and datasets")
            if path in groups or path in datasets:
                raise FileError("this name appears twice", path)
            opened = _open(groups[parent], name, path, seen)
            if isinstance(opened, h5g.GroupID):
                groups[path] = opened
                pending.append(path)
            elif not SKIPPED_GROUPS.fullmatch(path):
                datasets[path] = opened
    return groups, datasets


def _path(parent: str, name: bytes) -> str:
    """Return the path of a member; in 2023 Keras on Windows wrote paths with backslashes."""
    path = f"{parent}/{name.decode('utf-8', 'replace')}".lstrip("/").replace("\\", "/")
    if path.count("/") >= DEEPEST or len(path) > LONGEST_PATH:
        raise FileError("the groups are nested too deeply", path)
    return path


def _open(group: Any, name: bytes, path: str, seen: set[int]) -> Any:
    """Return the group or dataset at a plain link, and add its address to `seen`. Raises FileError."""
    if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
        raise FileError("this is a link, which nnviz does not follow", path)
    info = h5o.get_info(group, name)
    if info.addr in seen:
        raise FileError("this object appears twice in the file, or contains itself", path)
    seen.add(info.addr)
    found = h5o.open(group, name)
    if not isinstance(found, _CLASSES.get(info.type, ())):
        raise FileError("this is neither a group nor a dataset", path)
    return found


def _kind(dataset: Any, path: str) -> str:
    """Return the number type of a dataset, or "" for real numbers. Raises FileError for other contents."""
    declared = dataset.get_type()
    if declared.committed():
        raise FileError("nnviz cannot read this dataset: its type is stored elsewhere in the file", path)
    kind = declared.get_class()
    if kind == h5t.OPAQUE and declared.dtype == _BFLOAT16:
        return ""
    if kind == h5t.INTEGER:
        return str(declared.dtype)
    if kind != h5t.FLOAT or declared.get_size() not in (2, 4, 8) or declared.dtype.kind != "f":
        raise FileError("this dataset contains neither real nor whole numbers", path)
    return ""


def _count(dataset: Any, path: str) -> int:
    """Return how many numbers a dataset has. Raises FileError if they are not in this file."""
    created = dataset.get_create_plist()
    layout = created.get_layout()
    if layout not in (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED) or created.get_external_count():
        raise FileError("the numbers of this dataset are in other datasets or in another file", path)
    space = dataset.get_space()
    if space.get_simple_extent_type() == h5s.NULL:
        return 0
    count: int = math.prod(space.get_simple_extent_dims())
    size = dataset.get_type().get_size()
    if layout == h5d.CHUNKED:
        check_chunks(dataset, created, path)
    elif created.get_nfilters() or dataset.get_storage_size() != count * size:
        raise FileError(f"this dataset declares {count:,} numbers, but the file does not contain them", path)
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


class _AttributeReader:
    """Reader of attributes that counts how many more texts and letters a file may have."""

    def __init__(self) -> None:
        self._texts, self._letters = MOST_TEXTS, MOST_LETTERS

    def texts(self, group: Any, path: str) -> dict[str, str | list[str]]:
        """Return the attributes of a group by name; each value is a text or a list of texts."""
        names = []
        h5a.iterate(group, lambda name, *_: names.append(name))
        decoded = {name: name.decode("utf-8", "replace") for name in names}
        return {
            text: self._value(group, name, f"{path}@{text}")
            for name, text in decoded.items()
            if TEXTS.fullmatch(text)
        }

    def _value(self, group: Any, name: bytes, place: str) -> str | list[str]:
        attribute = h5a.open(group, name)
        space, declared = attribute.get_space(), attribute.get_type()
        shape = () if space.get_simple_extent_type() == h5s.NULL else space.get_simple_extent_dims()
        count = math.prod(shape)
        self._texts -= count
        if len(shape) > 1 or self._texts < 0:
            raise FileError("expected a string or a short list of strings", place)
        if not count:
            return []
        if declared.get_class() != h5t.STRING or declared.committed():
            raise FileError("expected strings", place)
        fixed_size = 0 if declared.is_variable_str() else declared.get_size()
        self._spend(count * fixed_size, place)
        found = np.zeros(shape, attribute.dtype)
        attribute.read(found)
        raw = [text if isinstance(text, bytes) else str(text).encode() for text in found.reshape(-1)]
        self._spend(0 if fixed_size else sum(map(len, raw)), place)
        with errors_as("the text is not UTF-8", place, UnicodeDecodeError):
            texts = [text.decode() for text in raw]
        return texts if shape else texts[0]

    def _spend(self, letters: int, place: str) -> None:
        self._letters -= letters
        if self._letters < 0:
            raise FileError("the strings in the attributes are too long", place)


MOST_CHUNKS = 20_000
LARGEST_CHUNK = 2**26
"""Largest size of a chunk, in bytes."""
_CHECKSUM_BYTES = 4


def check_chunks(dataset: Any, created: Any, path: str) -> None:
    """Raise FileError if chunks are missing, too many, too large or compressed in an unknown way."""
    chunk = created.get_chunk()
    shape = dataset.get_space().get_simple_extent_dims()
    expected = math.prod(-(-side // step) for side, step in zip(shape, chunk, strict=True))
    size = math.prod(chunk) * dataset.get_type().get_size()
    if expected > MOST_CHUNKS or size > LARGEST_CHUNK or dataset.get_num_chunks() != expected:
        raise FileError("the chunks of this dataset are incomplete, too large or too many", path)
    for k in range(created.get_nfilters()):
        if created.get_filter(k)[0] not in _DECODERS:
            raise FileError("this dataset is compressed in a way that nnviz cannot read", path)


def read_chunks(dataset: Any, path: str) -> NDArray[Any]:
    """Return the numbers of a dataset that `check_chunks` has accepted. Raises FileError."""
    created = dataset.get_create_plist()
    filters = [created.get_filter(k)[0] for k in range(created.get_nfilters())]
    chunk, kind = created.get_chunk(), dataset.dtype
    array = np.zeros(dataset.shape, kind)
    size = math.prod(chunk) * kind.itemsize
    starts = (range(0, side, step) for side, step in zip(array.shape, chunk, strict=True))
    for start in itertools.product(*starts):
        skipped_filters, data = dataset.read_direct_chunk(start)
        for k, filter_id in reversed(list(enumerate(filters))):
            if not skipped_filters >> k & 1:
                data = _DECODERS[filter_id](data, size, kind.itemsize)
        if len(data) != size:
            raise FileError("a chunk of this dataset has the wrong size", path)
        target = array[tuple(slice(at, at + step) for at, step in zip(start, chunk, strict=True))]
        target[...] = np.frombuffer(data, kind).reshape(chunk)[tuple(map(slice, target.shape))]
    return array


def _inflate(data: bytes, size: int, _width: int) -> bytes:
    return zlib.decompressobj().decompress(data, size + _CHECKSUM_BYTES + 1)


def _unshuffle(data: bytes, _size: int, width: int) -> bytes:
    end = len(data) // width * width
    return np.frombuffer(data[:end], np.uint8).reshape(width, -1).T.tobytes() + data[end:]


_DECODERS: dict[int, Callable[[bytes, int, int], bytes]] = {
    h5z.FILTER_DEFLATE: _inflate,
    h5z.FILTER_SHUFFLE: _unshuffle,
    h5z.FILTER_FLETCHER32: lambda data, _size, _width: data[:-_CHECKSUM_BYTES],
}
"""Function that undoes each filter, from the data, the chunk's size and the bytes of a number."""


def write(datasets: dict[str, Any], attributes: dict[str, dict[str, Any]]) -> bytes:
    """Return the bytes of an HDF5 file with these datasets and attributes.

    `datasets` maps paths to arrays; `attributes` maps the path of a group to its attributes by name. Texts
    are stored as bytes, because Keras 2 needs bytes.
    """
    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        for path, array in datasets.items():
            file[path] = array
        for path, texts in attributes.items():
            group = file.require_group(path or "/")
            for name, value in texts.items():
                group.attrs[name] = value.encode() if isinstance(value, str) else np.array(value, dtype="S")
    return memory.getvalue()


def warm_up() -> None:
    """Read a small file with all features, so that the libraries load everything that `read` needs."""
    with h5py.File("in memory", "w", driver="core", backing_store=False) as file:
        file.attrs["model_config"], file.attrs["layer_names"] = "{}", np.array([b"dense"])
        kernel = np.ones((2, 2), np.float32)
        file.create_dataset("dense/kernel", data=kernel, compression="gzip", shuffle=True)
        file.create_dataset("dense/bias", data=np.ones(2, np.int32))
        file.flush()
        read(file.id.get_file_image())
