"""Weights and matrices as parts of nnviz's own file: to arrays and back, every fault told with its place."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted
from nnviz.core.run import Training
from nnviz.core.state import Weights
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.json_text import Row
from nnviz.files.version1 import Matrix, TrainingPart, WeightsPart


def all_weights(parts: list[WeightsPart], network: Network, place: str) -> tuple[Weights, ...]:
    """Return weights and biases for every layer of `network`. Raises FileError where a shape does not fit."""
    check_count(len(parts), len(network.layers), "layer", "layer of the network", place)
    pairs = zip(parts, network.layers, strict=True)
    return tuple(_weights(own, layer, f"{place}[{k}]") for k, (own, layer) in enumerate(pairs))


def _weights(part: WeightsPart, layer: Layer, place: str) -> Weights:
    check_count(len(part.weights), len(layer), "row", "node", f"{place}.weights")
    weights = matrix(part.weights, layer.weights.shape[1], "weight of the node", f"{place}.weights")
    if (part.biases is None) != (layer.biases is None):
        there = "none" if layer.biases is None else "some"
        raise FileError(f"the layer of the network has {there}", f"{place}.biases")
    with told_by_core(place):
        return Weights(weights, biases_of(part.biases, len(layer), f"{place}.biases"))


def check_count(count: int, expected: int, unit: str, why: str, place: str) -> None:
    """Check that there are as many as there have to be: `expected` units, one for each `why`."""
    if count != expected:
        raise FileError(f"expected {counted(expected, unit)}, one for each {why}, found {count}", place)


def matrix(given: Matrix, width: int, why: str, place: str) -> Array:
    """Return rows of `width` numbers each as an array of shape (rows, width)."""
    for j, row in enumerate(given):
        check_count(len(row), width, "number", why, f"{place}[{j}]")
    return np.array([row.numbers for row in given]).reshape(len(given), width)


def biases_of(values: list[float] | None, nodes: int, place: str) -> Array | None:
    """Return the biases of so many nodes as an array of shape (nodes,), or None where there are none."""
    if values is None:
        return None
    check_count(len(values), nodes, "number", "node", place)
    return np.array(values)


def weights_parts(layers: Sequence[Layer | Weights]) -> list[WeightsPart]:
    """Return the weights and biases of layers as they are written."""
    return [WeightsPart(rows(layer.weights), numbers(layer.biases)) for layer in layers]


def rows(values: Array) -> Matrix:
    """Return a matrix as it is written."""
    return [Row(row) for row in values]


def numbers(array: Array | None) -> list[float] | None:
    """Return biases as they are written."""
    return None if array is None else array.tolist()


def training_of(part: TrainingPart, place: str = "training") -> Training:
    """Return the settings of a run. Raises FileError where one of them cannot be."""
    with told_by_core(place):
        return Training(**msgspec.structs.asdict(part))


def training_part(training: Training) -> TrainingPart:
    """Return the settings of a run as they are written."""
    return TrainingPart(
        float(training.learning_rate),
        training.updates,
        training.batch_size,
        training.optimizer,
        training.seed,
        training.loss,
        training.validation,
    )
