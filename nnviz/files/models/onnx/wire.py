"""The bytes of an ONNX file to a model; they are measured first, for protobuf itself knows no limits.

Of an empty part, two bytes in the file, protobuf makes some 150: so parts are counted before any is made.
Knows nothing of what stands in a model.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from nnviz.core.limits import NUMBERS, Limit
from nnviz.files.errors import FileError, told_by_core

if TYPE_CHECKING:
    import onnx

PARTS = Limit("parts", 200_000)
"""Fields of protobuf: a dense layer has some 50."""
DEPTH = Limit("parts within parts", 32)
INTEGERS = Limit("bytes of whole numbers", 3 * NUMBERS.most)
"""A number takes 8 bytes in memory and as few as 1 here; a weight of 16 bits may stand as up to 3."""

_VARINT, _EIGHT, _SIZED, _FOUR = 0, 1, 2, 5
"""How protobuf lays a value out."""
_DOUBLE, _FLOAT, _TEXT, _MESSAGE, _BYTES = 1, 2, 9, 11, 12
"""Of which type protobuf says that a field is."""


def parsed(data: bytes) -> onnx.ModelProto:
    """Return the model that the bytes hold. Raises FileError."""
    from onnx import ModelProto

    with told_by_core():
        _Measure(data).message(0, len(data), ModelProto.DESCRIPTOR, 1)
    try:
        model: onnx.ModelProto = ModelProto.FromString(data)
        return model
    except Exception:  # of protobuf, which has several
        raise _broken() from None


def _broken() -> FileError:
    return FileError("this is not an ONNX model, or not the whole of one")


class _Measure:
    """Walks through the parts of a message. Raises ValueError for too many, FileError for broken bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._parts = 0
        self._integers = 0

    def message(self, at: int, end: int, kind: Any, depth: int) -> None:
        """Measure the message of a `kind` from byte `at` to `end`."""
        DEPTH.check(depth)
        fields = _fields(kind)
        while at < end:
            self._parts += 1
            PARTS.check(self._parts)
            key, at = self._varint(at, end)
            layout, (field, part) = key & 7, fields.get(key >> 3, (_BYTES, None))
            start, at = self._value(at, end, layout)
            if layout != _SIZED:
                continue
            if field == _MESSAGE:
                self.message(start, at, part, depth + 1)
            elif field == _TEXT:
                self._check_text(start, at)
            elif field not in (_BYTES, _FLOAT, _DOUBLE):
                self._integers += at - start
                INTEGERS.check(self._integers)

    def _value(self, at: int, end: int, layout: int) -> tuple[int, int]:
        """Return where the value that begins `at` a byte has its content, and where it ends."""
        if layout == _VARINT:
            return at, self._varint(at, end)[1]
        size = {_EIGHT: 8, _FOUR: 4}.get(layout)
        if layout == _SIZED:
            size, at = self._varint(at, end)
        if size is None or size > end - at:
            raise _broken()
        return at, at + size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return the whole number, seven bits a byte, that begins `at` a byte, and where it ends."""
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                break
            byte = self._data[at]
            at += 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value, at
        raise _broken()

    def _check_text(self, start: int, end: int) -> None:
        try:
            self._data[start:end].decode()
        except UnicodeDecodeError:
            raise _broken() from None


@cache
def _fields(kind: Any) -> dict[int, tuple[int, Any]]:
    """Return for each number of a field its type and, of a message, which."""
    return {field.number: (field.type, field.message_type) for field in kind.fields}
