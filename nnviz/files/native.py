"""nnviz's own file, version 1: JSON text to a State and back, every fault told with its place."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.names import quoted
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training, Weights, WeightSet
from nnviz.files import json_text, version1
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.json_text import Row
from nnviz.files.progress import Progress
from nnviz.files.version1 import (
    DataPart,
    File,
    LayerPart,
    Matrix,
    NetworkPart,
    TrainingPart,
    WeightSetPart,
    WeightsPart,
)


def sniff(data: bytes) -> bool:
    """Tell whether a file of these bytes says that it is nnviz's own."""
    return re.search(rb'"format"\s*:\s*"nnviz"', data) is not None


def read(data: bytes, progress: Progress | None = None) -> State:
    """Return the State that the bytes of a file hold. Raises FileError."""
    return state_from(json_text.parsed(json_text.decoded(data), progress))


def write(state: State) -> bytes:
    """Return `state` as the bytes of a file; its run is left out.

    Raises FileError for what could not be read back, such as a number that is not finite.
    """
    raw = version1.builtins(_file(state))
    state_from(raw)
    text = json_text.laid_out(raw) + "\n"
    json_text.check_counts(text)
    return text.encode()


def state_from(raw: Any) -> State:
    """Return the State that parsed JSON describes. Raises FileError."""
    _check_head(raw)
    file = version1.parsed(raw)
    network = _network(file.network)
    data = Dataset.empty(network) if file.data is None else _dataset(file.data, network)
    training = Training() if file.training is None else _training(file.training)
    sets = tuple(_weight_set(part, network, f"weight_sets[{i}]") for i, part in enumerate(file.weight_sets))
    with told_by_core():
        return State(network, data, training, sets, file.name, file.notes)


# Reading


def _check_head(raw: Any) -> None:
    if not isinstance(raw, dict) or raw.get("format") != "nnviz":
        raise FileError('expected "nnviz": this is not an nnviz file', "format")
    version = raw.get("version")
    if type(version) is not int or version != 1:
        said = quoted(version) if "version" in raw else "nothing"
        advice = "a newer nnviz may open it"
        raise FileError(f"this nnviz opens version 1, and the file says {said}; {advice}", "version")


def _network(part: NetworkPart) -> Network:
    if not part.inputs:
        raise FileError("expected at least one name", "network.inputs")
    layers: list[Layer] = []
    for k in range(len(part.layers)):
        layers.append(_layer(part, k, len(layers[-1]) if layers else len(part.inputs)))
    with told_by_core("network"):
        return Network(tuple(part.inputs), tuple(layers))


def _layer(part: NetworkPart, k: int, width: int) -> Layer:
    layer, place = part.layers[k], f"network.layers[{k}]"
    count = len(layer.weights)
    if count == 0:
        raise FileError("expected at least one row", f"{place}.weights")
    names = default_nodes(k, len(part.layers), count) if layer.nodes is None else tuple(layer.nodes)
    _check_count(count, len(names), "row", "node", f"{place}.weights")
    weights = _matrix(layer.weights, width, "node before it" if k else "input", f"{place}.weights")
    biases = _biases(layer.biases, count, f"{place}.biases")
    with told_by_core(place):
        return Layer(names, layer.activation, weights, biases)


def _dataset(part: DataPart, network: Network) -> Dataset:
    inputs = _matrix(part.inputs, len(network.inputs), "input", "data.inputs")
    targets = None
    if part.targets is not None:
        _check_count(len(part.targets), len(inputs), "row", "row of inputs", "data.targets")
        targets = _matrix(part.targets, len(network.outputs), "output", "data.targets")
    with told_by_core("data"):
        return Dataset(inputs, targets)


def _training(part: TrainingPart) -> Training:
    with told_by_core("training"):
        return Training(**msgspec.structs.asdict(part))


def _weight_set(part: WeightSetPart, network: Network, place: str) -> WeightSet:
    _check_count(len(part.layers), len(network.layers), "layer", "layer of the network", f"{place}.layers")
    pairs = zip(part.layers, network.layers, strict=True)
    kept = tuple(_weights(own, layer, f"{place}.layers[{k}]") for k, (own, layer) in enumerate(pairs))
    with told_by_core(place):
        return WeightSet(part.name, kept)


def _weights(part: WeightsPart, layer: Layer, place: str) -> Weights:
    _check_count(len(part.weights), len(layer), "row", "node", f"{place}.weights")
    weights = _matrix(part.weights, layer.weights.shape[1], "weight of the node", f"{place}.weights")
    if (part.biases is None) != (layer.biases is None):
        there = "none" if layer.biases is None else "some"
        raise FileError(f"the layer of the network has {there}", f"{place}.biases")
    with told_by_core(place):
        return Weights(weights, _biases(part.biases, len(layer), f"{place}.biases"))


# What is checked of what was read; each raises a FileError that names the place


def _check_count(count: int, expected: int, unit: str, why: str, place: str) -> None:
    """Check that there are as many as there have to be: `expected` units, one for each `why`."""
    if count != expected:
        units = unit if expected == 1 else f"{unit}s"
        raise FileError(f"expected {expected} {units}, one for each {why}, found {count}", place)


def _matrix(rows: Matrix, width: int, why: str, place: str) -> Array:
    """Return rows of `width` numbers each as an array of shape (rows, width)."""
    for j, row in enumerate(rows):
        _check_count(len(row), width, "number", why, f"{place}[{j}]")
    return np.array([row.numbers for row in rows]).reshape(len(rows), width)


def _biases(values: list[float] | None, nodes: int, place: str) -> Array | None:
    if values is None:
        return None
    _check_count(len(values), nodes, "number", "node", place)
    return np.array(values)


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
                    weights=_rows(layer.weights),
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
            WeightSetPart(kept.name, [WeightsPart(_rows(w.weights), _list(w.biases)) for w in kept.layers])
            for kept in state.weight_sets
        ],
    )


def _rows(matrix: Array) -> Matrix:
    return [Row(row) for row in matrix]


def _list(array: Array | None) -> list[float] | None:
    return None if array is None else array.tolist()


def _data(data: Dataset) -> DataPart | None:
    if len(data) == 0 and data.targets is None:
        return None
    return DataPart(_rows(data.inputs), None if data.targets is None else _rows(data.targets))
