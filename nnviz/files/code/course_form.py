"""The two forms of a program in the course's words have this in common: what is called how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from nnviz.core.network import Network
from nnviz.files.code.program import Line
from nnviz.files.code.words import of_nodes, of_outputs


class Form(ABC):
    """How the values and slopes of a network's nodes are written.

    ============== ====================================================================
    `single`       the prediction is a number and not an array of them
    `prediction`   what it is called
    `dictionaries` weights, and biases where some layer has them
    `parameters`   both as a function is given them
    ============== ====================================================================
    """

    single = False

    def __init__(self, network: Network) -> None:
        self.network = network
        self.biased = any(layer.biases is not None for layer in network.layers)
        self.dictionaries = ("weights", "biases") if self.biased else ("weights",)
        self.parameters = ", ".join(self.dictionaries)
        self.last = len(network.layers) - 1
        self.outputs = of_outputs(network)
        self.all_nodes = of_nodes(network, *range(len(network.layers)))

    @property
    def prediction(self) -> str:
        """What the prediction is called."""
        return "model_output" if self.single else "model_outputs"

    def hidden(self, k: int) -> str:
        """Return what a hidden layer is called: hidden_layer, hidden_0 of several."""
        return "hidden_layer" if self.last == 1 else f"hidden_{k}"

    def values(self, k: int) -> str:
        """Return what the values of a layer are called; those of layer −1 are the inputs."""
        if k < 0:
            return "input_data"
        return self.prediction if k == self.last else f"{self.hidden(k)}_outputs"

    def inputs(self, k: int) -> str:
        """Return what the inputs of a layer's nodes, its z, are called where they are an array."""
        return self.values(k).replace("outputs", "inputs")

    @abstractmethod
    def nodes(self, k: int) -> str:
        """Return what the list of a layer's names is called."""

    @abstractmethod
    def layers(self) -> Iterator[Line]:
        """Write these lists, where they are needed."""

    @abstractmethod
    def forward(self) -> Iterator[Line]:
        """Write what computes the prediction."""

    @abstractmethod
    def backward(self) -> Iterator[Line]:
        """Write what computes the nodes' slopes from `error`."""

    @abstractmethod
    def slopes(self) -> Iterator[Line]:
        """Write what returns the slopes of the weights, and of the biases."""
