"""All weights and biases of a network in one flat vector, so that an update is one subtraction.

Knows nothing of data. Layer by layer and node by node; a node's bias stands behind its weights.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Layer, Network


class Parameters:
    """What training changes, in place.

    ================= ========================================================================
    `all`             shape (1 + memories, parameters): the values, then the optimizer's memory
    `values`          the first row of it
    `memory`          the other rows, zeros at first
    `matrices`        the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`          ∂MSE/∂value of each
    `slope_matrices`  the same layer by layer
    ================= ========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        shapes = _shapes(network)
        count = sum(nodes * inputs for nodes, inputs in shapes)
        self.all = np.zeros((1 + memories, count))
        self.values, self.memory = self.all[0], self.all[1:]
        self.slopes = np.full(count, 0.0)  # touched now: the first product need not wait for the pages
        self.matrices = _matrices(self.values, shapes)
        self.slope_matrices = _matrices(self.slopes, shapes)
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            matrix[:, : layer.weights.shape[1]] = layer.weights
            if layer.biases is not None:
                matrix[:, -1] = layer.biases

    def into(self, network: Network) -> Network:
        """Return `network` with copies of these values."""
        layers = []
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            weights = matrix[:, : layer.weights.shape[1]]
            biases = None if layer.biases is None else matrix[:, -1]
            layers.append(Layer(layer.nodes, layer.activation, weights, biases))
        return replace(network, layers=tuple(layers))


def place(network: Network, address: Address) -> int:
    """Return the place of a weight or bias in the flat vector."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def _shapes(network: Network) -> list[tuple[int, int]]:
    """Return (nodes, inputs of the layer [+ 1 for b]), layer by layer."""
    return [(len(layer), layer.weights.shape[1] + (layer.biases is not None)) for layer in network.layers]


def _matrices(vector: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([nodes * inputs for nodes, inputs in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]
