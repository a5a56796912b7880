"""All weights and biases of a network as one flat vector, which training changes in place.

The order is layer by layer, node by node; the bias of a node comes after the weights. So an update is one
subtraction.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import State, Weights


class Parameters:
    """The weights, biases, slopes and optimizer memory that training changes in place.

    ================ =========================================================================
    `vectors`        the values, then the optimizer's memory, shape (1 + memories, parameters)
    `values`         the first row of `vectors`: all weights and biases
    `memory`         the other rows of `vectors`, which start as zeros
    `matrices`       the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`         ∂loss/∂value of each value, shape (parameters,)
    `slope_matrices` the slopes layer by layer, in the shapes of `matrices`
    `weights`        (slopes, weights) of each layer without biases, shape (nodes, inputs of the layer)
    ================ =========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        self.vectors = np.zeros((1 + memories, network.parameters))
        self.values, self.memory = self.vectors[0], self.vectors[1:]
        self.slopes = np.full_like(self.values, 0.0)  # writes the pages now, not in the first product
        self.matrices, self.slope_matrices = (_matrices(each, network) for each in (self.values, self.slopes))
        self.values[:] = as_vector((layer.weights, layer.biases) for layer in network.layers)
        both = zip(self.slope_matrices, self.matrices, network.sizes, strict=False)
        self.weights = [(slopes[:, :inputs], values[:, :inputs]) for slopes, values, inputs in both]


def parameter_index(network: Network, address: Address) -> int:
    """Return the index of a weight or bias in the flat vector of all weights and biases."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def frozen_mask(state: State) -> Array:
    """Return a flat vector, shape (parameters,): 1 for each frozen weight or bias, else 0."""
    is_frozen = np.zeros(state.network.parameters)
    matrices = _matrices(is_frozen, state.network)
    for part in state.frozen:
        row = slice(None) if part.kind == "layer" else part.node
        column = {"weight": part.source, "bias": -1}.get(part.kind, slice(None))
        matrices[part.layer][row, column] = 1.0
    return is_frozen


def learned_numbers(state: State) -> list[int]:
    """Return the number of weights and biases in each layer that are not frozen."""
    return [int((mask == 0.0).sum()) for mask in _matrices(frozen_mask(state), state.network)]


def frozen_layers(state: State) -> tuple[int, ...]:
    """Return the indices of the layers in which all weights and biases are frozen."""
    counts = learned_numbers(state) if state.frozen else []
    return tuple(k for k, count in enumerate(counts) if count == 0)


def as_layers(vector: Array, network: Network) -> tuple[Weights, ...]:
    """Return the weights and biases of each layer from a flat vector, shape (parameters,)."""
    pairs = zip(_matrices(vector, network), network.layers, strict=True)
    return tuple(
        Weights(matrix[:, : layer.weights.shape[1]], None if layer.biases is None else matrix[:, -1])
        for matrix, layer in pairs
    )


def as_vector(layers: Iterable[tuple[Array, Array | None]]) -> Array:
    """Return the weights and biases of all layers as a flat vector, shape (parameters,).

    `layers` holds (weights, biases or None) for each layer. `as_layers` is the inverse function.
    """
    matrices = (weights if biases is None else np.c_[weights, biases] for weights, biases in layers)
    return np.concatenate([matrix.ravel() for matrix in matrices])


def _shapes(network: Network) -> list[tuple[int, int]]:
    """Return (nodes, inputs of the layer [+ 1 for b]), layer by layer."""
    return [(len(layer), layer.weights.shape[1] + (layer.biases is not None)) for layer in network.layers]


def _matrices(vector: Array, network: Network) -> list[Array]:
    """Return views of a flat vector, layer by layer, shape (nodes, inputs of the layer [+ 1 for b])."""
    shapes = _shapes(network)
    ends = np.cumsum([nodes * inputs for nodes, inputs in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]
