"""nnviz's own file, version 1: JSON text to a State and back, every fault told with its place."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training, Weights, WeightSet
from nnviz.files import json_text
from nnviz.files.errors import FileError, refused_by_core
from nnviz.files.version1 import (
    DataPart,
    File,
    LayerPart,
    Matrix,
    NetworkPart,
    TrainingPart,
    WeightSetPart,
    WeightsPart,
    refused_by_msgspec,
)


def sniff(data: bytes) -> bool:
    """Tell whether a file of these bytes says that it is nnviz's own."""
    return re.search(rb'"format"\s*:\s*"nnviz"', data) is not None


def read(data: bytes) -> State:
    """Return the State that the bytes of a file hold. Raises FileError."""
    return state_from(json_text.parsed(json_text.decoded(data)))


def write(state: State) -> bytes:
    """Return `state` as the bytes of a file; its run is left out.

    Raises FileError for what could not be read back, such as a number that is not finite.
    """
    raw = msgspec.to_builtins(_file(state))
    state_from(raw)
    return (json_text.laid_out(raw) + "\n").encode()


def state_from(raw: Any) -> State:
    """Return the State that parsed JSON describes. Raises FileError."""
    _check_head(raw)
    try:
        file = msgspec.convert(raw, File)
    except msgspec.ValidationError as error:
        raise refused_by_msgspec(error) from None
    _check_text(file.name, "name")
    _check_text(file.notes, "notes")
    network = _network(file.network)
    return State(
        network,
        Dataset.empty(network) if file.data is None else _dataset(file.data, network),
        Training() if file.training is None else _training(file.training),
        tuple(_weight_set(part, network, f"weight_sets[{i}]") for i, part in enumerate(file.weight_sets)),
        file.name,
        file.notes,
    )


# Reading


def _check_head(raw: Any) -> None:
    if not isinstance(raw, dict) or raw.get("format") != "nnviz":
        raise FileError('expected "nnviz": this is not an nnviz file', "format")
    version = raw.get("version")
    if type(version) is not int or version != 1:
        said = f"{version!r:.40}" if "version" in raw else "nothing"
        advice = "a newer nnviz may open it"
        raise FileError(f"this nnviz opens version 1, and the file says {said}; {advice}", "version")


def _network(part: NetworkPart) -> Network:
    if not part.inputs:
        raise FileError("expected at least one name", "network.inputs")
    inputs = _names(part.inputs, "network.inputs")
    layers: list[Layer] = []
    for k in range(len(part.layers)):
        layers.append(_layer(part, k, len(layers[-1]) if layers else len(inputs)))
    try:
        return Network(inputs, tuple(layers))
    except ValueError as error:
        raise refused_by_core(error, "network") from None


def _layer(part: NetworkPart, k: int, width: int) -> Layer:
    layer, place = part.layers[k], f"network.layers[{k}]"
    count = len(layer.weights)
    if count == 0:
        raise FileError("expected at least one row", f"{place}.weights")
    names = (
        default_nodes(k, len(part.layers), count)
        if layer.nodes is None
        else _names(layer.nodes, f"{place}.nodes")
    )
    _check_count(count, len(names), "row", "node", f"{place}.weights")
    weights = _matrix(layer.weights, width, "node before it" if k else "input", f"{place}.weights")
    biases = _biases(layer.biases, count, f"{place}.biases")
    try:
        return Layer(names, layer.activation, weights, biases)
    except ValueError as error:
        raise refused_by_core(error, place) from None


def _dataset(part: DataPart, network: Network) -> Dataset:
    inputs = _matrix(part.inputs, len(network.inputs), "input", "data.inputs")
    if part.targets is None:
        return Dataset(inputs)
    _check_count(len(part.targets), len(inputs), "row", "row of inputs", "data.targets")
    return Dataset(inputs, _matrix(part.targets, len(network.outputs), "output", "data.targets"))


def _training(part: TrainingPart) -> Training:
    try:
        return Training(**msgspec.structs.asdict(part))
    except ValueError as error:
        raise refused_by_core(error, "training") from None


def _weight_set(part: WeightSetPart, network: Network, place: str) -> WeightSet:
    _check_name(part.name, f"{place}.name")
    _check_count(len(part.layers), len(network.layers), "layer", "layer of the network", f"{place}.layers")
    layers = []
    for k, (kept, layer) in enumerate(zip(part.layers, network.layers, strict=True)):
        here = f"{place}.layers[{k}]"
        _check_count(len(kept.weights), len(layer), "row", "node", f"{here}.weights")
        weights = _matrix(kept.weights, layer.weights.shape[1], "weight of the node", f"{here}.weights")
        if (kept.biases is None) != (layer.biases is None):
            there = "none" if layer.biases is None else "some"
            raise FileError(f"the layer of the network has {there}", f"{here}.biases")
        layers.append(Weights(weights, _biases(kept.biases, len(layer), f"{here}.biases")))
    return WeightSet(part.name, tuple(layers))


# What is checked of what was read; each raises a FileError that names the place


def _check_text(value: str, place: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FileError("half of a surrogate pair is not a character", place) from None


def _check_name(value: str, place: str) -> None:
    _check_text(value, place)
    if not value.strip():
        raise FileError("a name needs at least one character", place)


def _names(values: list[str], place: str) -> tuple[str, ...]:
    for i, value in enumerate(values):
        _check_name(value, f"{place}[{i}]")
    return tuple(values)


def _numbers(values: ArrayLike, place: str) -> Array:
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        found = "NaN" if np.isnan(array[tuple(index)]) else "one that is too large"
        where = "".join(f"[{i}]" for i in index)
        raise FileError(f"expected a finite number, found {found}", place + where)
    return array


def _check_count(count: int, expected: int, unit: str, why: str, place: str) -> None:
    """Check that there are as many as there have to be: `expected` units, one for each `why`."""
    if count != expected:
        units = unit if expected == 1 else f"{unit}s"
        raise FileError(f"expected {expected} {units}, one for each {why}, found {count}", place)


def _matrix(rows: Matrix, width: int, why: str, place: str) -> Array:
    """Return rows of `width` finite numbers each as an array of shape (rows, width)."""
    for j, row in enumerate(rows):
        _check_count(len(row), width, "number", why, f"{place}[{j}]")
    return _numbers(np.array(rows, dtype=np.float64).reshape(len(rows), width), place)


def _biases(values: list[float] | None, nodes: int, place: str) -> Array | None:
    if values is None:
        return None
    _check_count(len(values), nodes, "number", "node", place)
    return _numbers(values, place)


# Writing


def _file(state: State) -> File:
    return File(
        format="nnviz",
        version=1,
        name=state.name,
        notes=state.notes,
        network=NetworkPart(
            list(state.network.inputs),
            [
                LayerPart(
                    nodes=list(layer.nodes),
                    activation=layer.activation,
                    weights=layer.weights.tolist(),
                    biases=_list(layer.biases),
                )
                for layer in state.network.layers
            ],
        ),
        data=_data(state.data),
        training=TrainingPart(
            float(state.training.learning_rate),
            state.training.updates,
            state.training.batch_size,
            state.training.optimizer,
            state.training.seed,
        ),
        weight_sets=[
            WeightSetPart(kept.name, [WeightsPart(w.weights.tolist(), _list(w.biases)) for w in kept.layers])
            for kept in state.weight_sets
        ],
    )


def _list(array: Array | None) -> Any:
    return None if array is None else array.tolist()


def _data(data: Dataset) -> DataPart | None:
    if len(data) == 0 and data.targets is None:
        return None
    return DataPart(data.inputs.tolist(), _list(data.targets))
