"""An array as a `.npy` file holds it. Its header is taken apart, never evaluated; no object is loaded."""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.files.errors import FileError

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


def read(data: bytes, place: str) -> NDArray[Any]:
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
