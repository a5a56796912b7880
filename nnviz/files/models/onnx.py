"""ONNX models of dense layers, `.onnx`. The onnx library is imported when a file is opened or saved."""

from __future__ import annotations

import re

from nnviz.core.state import Dataset, State
from nnviz.files.models import dense
from nnviz.files.source import Source, lost_parts

_START = re.compile(rb"\x08[\x01-\x40](?:[\x12\x1a\x22\x32\x3a\x42]|\x28)", re.DOTALL)
"""The version of a model, a small number, and the start of the next field."""


def sniff(data: bytes) -> bool:
    """Return whether data begins like an ONNX model."""
    return _START.match(data) is not None


def read(source: Source) -> State:
    """Return the State in an ONNX model. Raises FileError."""
    from nnviz.files.models import onnx_model

    return onnx_model.state_of(source)


def write(state: State) -> bytes:
    """Return `state` as an ONNX model. Raises FileError for a weight that is too large."""
    from nnviz.files.models import onnx_model

    data: bytes = onnx_model.model_of(state).SerializeToString(deterministic=True)
    return data


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that an ONNX model does not keep."""
    network = state.network
    training = dense.training_for(network)
    reread = State(network, Dataset.empty(network), training, name=state.name, notes=state.notes)
    return lost_parts(state, reread) + dense.lost_digits(state)


def raw_rows(state: State, name: str) -> str:
    """Return a sentence on how the model in the file `name` standardises raw rows; "" if it does not."""
    return dense.standardised_rows(state, name, "nodes Sub and Div")


def replaced(data: bytes) -> list[str]:
    """Return the names of the parts of a model that are lost if nnviz overwrites it. Raises FileError."""
    from nnviz.files.models import onnx_model

    return onnx_model.lost_parts(data)
