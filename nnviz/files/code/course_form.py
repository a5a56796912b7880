"""The two forms of a program in the course's words have this in common: what is called how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from nnviz.core.state import State
from nnviz.files.code import measure
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

    def __init__(self, state: State) -> None:
        network = self.network = state.network
        self.loss = state.measure
        self.loss_slope = measure.slope(state) if state.trainable else ""
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

    @property
    def final_inputs(self) -> str:
        """What the inputs of the last layer's nodes are called, after `forward` and `gathered`."""
        return self.values(self.last) if self.network.layers[-1].function.linear else self.inputs(self.last)

    def gathered(self) -> Iterator[Line]:
        """Put them together, where `forward` has them one by one."""
        return iter(())

    def slope_from(self, k: int) -> bool:
        """Tell whether the loss gives the slopes at the inputs of a layer's nodes, not at their outputs."""
        return k == self.last and self.loss.short is not None

    def losses_slope(self, index: str = "") -> str:
        """Return the slope that the loss begins with: of all outputs, or of one by its index, such as [0]."""
        text = measure.put(self.loss_slope, prediction=self.prediction, y="target", error=f"error{index}")
        if index and measure.uses(self.loss_slope, "y"):
            text = f"({text}){index}"
        return measure.divided(text, "error.size") if self.loss.averaged and not self.single else text

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
