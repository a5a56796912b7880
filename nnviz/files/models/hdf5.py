"""What an HDF5 file holds, for the process that reads it: all links are looked at before a number is read.

HDF5 can lead out of a file in many ways, and let a small one unfold into a large one. What an honest file of
weights never has is refused here: links other than plain ones, objects with two names, datasets whose numbers
stand elsewhere or nowhere. Of attributes those of `TEXTS` are read, of datasets those of real numbers. Raises
RefusedError; of a file that is damaged h5py raises what it likes.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import h5py
import numpy as np
from h5py import h5a, h5d, h5f, h5g, h5o, h5s, h5t
from numpy.typing import NDArray

from nnviz.files.models.hdf5.chunks import RefusedError, check_chunks, read_chunks

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
