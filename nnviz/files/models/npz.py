"""`.npz`: arrays `W0 b0 W1 b1 …`, W of shape (nodes, inputs), and `activations`, a text for each layer.

The numbers beside a program that nnviz has written are read too: they have the rows, `inputs` and `targets`.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.names import quoted
from nnviz.core.numbers import counted
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense, npy, scaling
from nnviz.files.models.dense import Dense
from nnviz.files.models.zip_parts import Archive
from nnviz.files.source import Source

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
    arrays = {name.removesuffix(".npy"): npy.read(archive.read(name), name) for name in archive.names}
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
        return tuple(npy.texts(said))
    except UnicodeDecodeError:
        raise FileError("expected texts", "activations") from None


def write(state: State) -> bytes:
    """Return the weights, biases and activations of `state` as an archive of arrays. Raises FileError."""
    arrays: dict[str, Any] = {}
    for k, layer in enumerate(scaling.fold(state).layers):
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


raw_rows = scaling.describe
