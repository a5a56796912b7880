"""The numbers of an ONNX tensor as an array: its size is looked at before anything is allocated.

Numbers that stand in another file are refused, and no other file is opened. Knows nothing of graphs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.limits import NUMBERS
from nnviz.core.numbers import counted
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import float32

if TYPE_CHECKING:
    import onnx

KINDS = {
    "FLOAT": ("<f4", "float_data"),
    "DOUBLE": ("<f8", "double_data"),
    "FLOAT16": ("<u2", "int32_data"),
    "BFLOAT16": ("<u2", "int32_data"),
    "BOOL": ("?", "int32_data"),
    "INT32": ("<i4", "int32_data"),
    "INT64": ("<i8", "int64_data"),
}
"""How the numbers lie in `raw_data`, and where else they may stand; floats of 16 bits as their bits."""
FLOATS = {"FLOAT": 1, "FLOAT16": 10, "DOUBLE": 11, "BFLOAT16": 16}
"""The kinds of real numbers, and how ONNX counts them."""
MOST_DIMS = 8


def check_own(tensor: onnx.TensorProto) -> None:
    """Raise FileError for a tensor whose numbers stand in another file."""
    if tensor.data_location or tensor.external_data:
        raise FileError(
            "its numbers stand in another file, which nnviz does not open; PyTorch exports one file with "
            "external_data=False",
            place_of(tensor),
        )


def place_of(tensor: onnx.TensorProto) -> str:
    """Return what a tensor is called in a sentence."""
    return tensor.name or "a tensor without a name"


def shape_of(tensor: onnx.TensorProto) -> tuple[int, ...]:
    """Return the shape that a tensor says it has. Raises FileError for none, and for one too large."""
    shape = tuple(tensor.dims[: MOST_DIMS + 1])
    if len(shape) > MOST_DIMS or any(size < 0 for size in shape):
        raise FileError("its sizes are none that a tensor can have", place_of(tensor))
    with told_by_core(place_of(tensor)):
        NUMBERS.check(math.prod(shape))
    return shape


def kind_of(tensor: onnx.TensorProto) -> str:
    """Return what the numbers of a tensor are, as ONNX calls it: FLOAT."""
    kinds = tensor.DataType
    return kinds.Name(tensor.data_type) if tensor.data_type in kinds.values() else "UNDEFINED"


def array_of(tensor: onnx.TensorProto) -> NDArray[Any]:
    """Return the numbers of a tensor, floats as float64. Raises FileError where that fails."""
    shape, kind = shape_of(tensor), kind_of(tensor)
    check_own(tensor)
    if kind not in KINDS:
        raise FileError(f"expected real numbers, found {kind}", place_of(tensor))
    layout, field = KINDS[kind]
    raw = tensor.raw_data
    found = len(raw) / np.dtype(layout).itemsize if raw else len(getattr(tensor, field))
    if found != math.prod(shape):
        expected = counted(math.prod(shape), "number")
        raise FileError(f"expected {expected}, as its sizes say, found {found:g}", place_of(tensor))
    numbers = np.frombuffer(raw, layout) if raw else np.array(getattr(tensor, field)).astype(layout)
    return _floats(numbers, kind).reshape(shape)


def _floats(numbers: NDArray[Any], kind: str) -> NDArray[Any]:
    if kind == "FLOAT16":
        numbers = numbers.view("<f2")
    elif kind == "BFLOAT16":
        numbers = float32.of_upper_halves(numbers)
    return numbers.astype(np.float64) if kind in FLOATS else numbers
