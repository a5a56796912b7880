"""Where the numbers of dense layers stand in an HDF5 file of Keras': the old layout, and that of Keras 3.

The old one (Keras 1 and 2, and `.h5` of Keras 3) lists its layers, and the weights of each, in order. That of
Keras 3 and of `.keras` names a group after the class of its layer and counts: `layers/dense_1/vars/0`; Keras
2.13 says `_layer_checkpoint_dependencies`, counts in twos, and on Windows writes backslashes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.names import quoted
from nnviz.core.numbers import counted
from nnviz.files.errors import FileError
from nnviz.files.models.dense import Dense
from nnviz.files.models.hdf5.reading import Hdf5
from nnviz.files.models.keras.layers import Chain, Scaling, Step, Stored

_OLDEST = re.compile(r"_[Wb](?::.*)?$", re.DOTALL)
"""What Keras 1 puts behind a layer's name."""
_OF_SCALING = 2
"""Arrays of a Normalization: its mean and its variance; a count of rows stands behind them."""
_LAYERS = ("layers", "_layer_checkpoint_dependencies")


def dense_layers(chain: Chain, file: Hdf5, told: list[str]) -> list[Dense]:
    """Return the layers of a chain with the numbers in a file; `told` is told what became of them.

    Raises FileError where they are not there or do not fit.
    """
    old = next((root for root in ("", "model_weights") if file.texts(root, "layer_names") is not None), None)
    found = _Counted(file).of(chain.stored) if old is None else _of_listed(chain.stored, file, old)
    return with_numbers(chain, found, told)


def with_numbers(chain: Chain, found: Mapping[int, Sequence[NDArray[Any]]], told: list[str]) -> list[Dense]:
    """Return the layers of a chain with the kernel and biases of each step, by its id. Raises FileError."""
    layers = [_dense(step, found[id(step)]) for step in chain.steps]
    first = layers[0]
    if chain.inputs not in (None, first.weights.shape[1]):
        wish = f"expected weights for the model's {chain.inputs} inputs"
        raise FileError(f"{wish}, found those for {first.weights.shape[1]}", first.place)
    for scaling in reversed(chain.scalings):
        layers[0] = _scaled(layers[0], scaling, found)
    if layers[0] is not first:
        told.append("the scaling of the inputs is worked into the weights of the first layer")
    return layers


def _scaled(layer: Dense, scaling: Scaling, found: Mapping[int, Sequence[NDArray[Any]]]) -> Dense:
    """Return a layer that computes of x what `layer` computes of scale·x + offset. Raises FileError."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale, offset = scaling.scale, scaling.offset
        if scale is None or offset is None:
            mean, variance = (
                np.atleast_1d(array).astype(np.float64) for array in found[id(scaling)][:_OF_SCALING]
            )
            try:
                scale, offset = scaling.by(mean, variance)
            except FileError as error:
                raise error.within(scaling.name) from None
        inputs = layer.weights.shape[1]
        if len(scale) not in (1, inputs):
            raise FileError(f"expected {counted(inputs, 'number')}, found {len(scale)}", scaling.name)
        weights = layer.weights.astype(np.float64)
        biases = (weights * offset).sum(axis=1) + (0.0 if layer.biases is None else layer.biases)
        has_biases = layer.biases is not None or offset.any()
        return replace(layer, weights=weights * scale, biases=biases if has_biases else None)


def _dense(step: Step, arrays: Sequence[NDArray[Any]]) -> Dense:
    """Return a layer of a kernel, shape (inputs, nodes), and biases, if it has any. Raises FileError."""
    expected = 1 + step.has_biases
    if len(arrays) != expected:
        wish = "a kernel and biases" if step.has_biases else "a kernel alone"
        raise FileError(f"expected {wish}, found {counted(len(arrays), 'array')}", step.name)
    kernel = arrays[0]
    if kernel.ndim != 2 or kernel.shape[1] != step.nodes:
        raise FileError(f"expected a kernel of shape (inputs, {step.nodes}), found {kernel.shape}", step.name)
    biases = arrays[1] if step.has_biases else None
    if biases is not None and biases.shape != (step.nodes,):
        wish = f"expected {counted(step.nodes, 'number')}, one for each node"
        raise FileError(f"{wish}, found those of shape {biases.shape}", step.name)
    return Dense(np.ascontiguousarray(kernel.T), biases, step.activation, step.name)


def by_layer(weights: Iterable[str]) -> dict[str, list[str]]:
    """Return names such as `dense_1/kernel:0`, `model/dense/bias`, `dense_1_W:0` by their layers' names."""
    found: dict[str, list[str]] = {}
    for weight in weights:
        before, slash, last = weight.rpartition("/")
        layer = before.rpartition("/")[2] if slash else _OLDEST.sub("", last)
        found.setdefault(layer, []).append(weight)
    return found


def _of_listed(steps: Sequence[Stored], file: Hdf5, root: str) -> dict[int, list[Array]]:
    """Return the numbers of each step by its id, in the old layout: in order, as Keras itself takes them."""
    held = [list(group) for _, group in groupby(steps, lambda step: step.around[:1] or id(step))]
    names = file.texts(root, "layer_names") or []
    weights = {name: file.texts(_path(root, name), "weight_names") or [] for name in names}
    filled = [name for name in names if weights[name]]
    if len(filled) != len(held):
        raise FileError(f"expected weights of {counted(len(held), 'layer')}, found those of {len(filled)}")
    found: dict[int, list[Array]] = {}
    for name, group in zip(filled, held, strict=True):
        paths = {weight: _path(root, name, weight) for weight in weights[name]}
        owned = by_layer(paths)
        for step in group:
            own = owned.get(step.name, ()) if step.around else paths
            arrays = list(own) if isinstance(step, Step) else list(own)[:_OF_SCALING]
            found[id(step)] = [_array(file, paths[weight], step.name) for weight in arrays]
    return found


class _Counted:
    """The layout of Keras 3."""

    def __init__(self, file: Hdf5) -> None:
        self._file = file
        self._members: dict[str, dict[str, None]] = {}
        for path in (*file.arrays, *file.others):
            for slash in re.finditer("/", path):
                around, _, name = path[: slash.start()].rpartition("/")
                self._members.setdefault(around, {})[name] = None

    def of(self, steps: Sequence[Stored], root: str = "", depth: int = 0) -> dict[int, list[Array]]:
        """Return the numbers of each step by its id; `root` is the group of the model that holds them."""
        layers = next((each for each in _LAYERS if each in self._members.get(root, {})), _LAYERS[0])
        around = _path(root, layers)
        found: dict[int, list[Array]] = {}
        for kind in dict.fromkeys(step.kind for step in steps):
            here = [step for step in steps if step.kind == kind and len(step.around) == depth]
            places = self._groups(around, kind, len(here))
            found |= {id(step): self._arrays(step, path) for step, path in zip(here, places, strict=True)}
        inner = groupby(steps, lambda step: step.around[depth : depth + 1])
        held = [(holder[0].kind, list(group)) for holder, group in inner if holder]
        for kind in dict.fromkeys(kind for kind, _ in held):
            own = [group for other, group in held if other == kind]
            for group, path in zip(own, self._groups(around, kind, len(own)), strict=True):
                found |= self.of(group, path, depth + 1)
        return found

    def _groups(self, around: str, kind: str, count: int) -> list[str]:
        """Return the groups of so many layers of a class as they count: `dense`, `dense_1`, or with gaps."""
        if not count:
            return []
        pattern = re.compile(kind.lower() + r"(?:_(\d{1,6}))?")
        counted_as = {
            name: int(match[1] or 0)
            for name in self._members.get(around, {})
            if (match := pattern.fullmatch(name))
        }
        if len(counted_as) != count:
            wish = f"expected weights of {counted(count, 'layer')} of the class {kind}"
            raise FileError(f"{wish}, found those of {len(counted_as)}", around)
        return [_path(around, name) for name in sorted(counted_as, key=lambda name: counted_as[name])]

    def _arrays(self, step: Stored, path: str) -> list[Array]:
        count = 1 + step.has_biases if isinstance(step, Step) else _OF_SCALING
        return [_array(self._file, f"{path}/vars/{k}", step.name) for k in range(count)]


def _array(file: Hdf5, path: str, place: str) -> Array:
    if path in file.others:
        raise FileError(f"its numbers are {file.others[path]}; nnviz opens real ones, not quantised", place)
    if path not in file.arrays:
        raise FileError(f"there is no {quoted(path)} in the HDF5", place)
    array: Array = file.arrays[path]
    return array


def _path(*parts: str) -> str:
    return "/".join(part for part in parts if part)
