"""The dialog for a new network: its inputs, hidden nodes, outputs, activations and loss."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from nnviz.core.activations import ACTIVATIONS, activation, default_activations
from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.generators import KINDS
from nnviz.core.losses import LOSSES, fitting_outputs, usual_loss
from nnviz.core.network import Network
from nnviz.core.numbers import LAYERS, NODES, NUMBERS
from nnviz.core.state import Dataset, State, Training
from nnviz.ui.kit.controls import ComboBox, styled_label, wrapped_label
from nnviz.ui.kit.dialogs import Dialog, form, heading

MAX_COUNT = 5000
"""Largest number of inputs, of outputs, or of nodes in one hidden layer."""


class NewNetwork(Dialog):
    """Asks for the sizes of a network. `state()` returns a State with random weights and a row of zeros."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, "New network", "&Create", width=340)
        self.hidden = QLineEdit("2", placeholderText="no hidden layer")
        self.inputs, self.outputs = QLineEdit("2"), QLineEdit("1")
        for field in (self.inputs, self.hidden, self.outputs):
            field.textChanged.connect(self._show_refusal)
        self.inputs.selectAll()  # the first field has the focus; Qt selects the others on Tab
        hidden, output = default_activations(2)
        self.activation, self.output = ComboBox(ACTIVATIONS, hidden), ComboBox(ACTIVATIONS, output)
        self.loss = ComboBox()
        self.output.currentTextChanged.connect(self._offer_losses)
        self._offer_losses(output)
        self.biases = QCheckBox("Biases")
        self._add_fields()

    def _add_fields(self) -> None:
        example = "For example 4, or 8 8 for two layers. Leave the field empty for no hidden layer."
        fields = form(
            ("&Inputs", self.inputs),
            ("Nodes per &hidden layer", self.hidden),
            ("&Activation", self.activation),
            ("&Outputs", self.outputs),
            ("Outputs’ acti&vation", self.output),
            ("&Loss", self.loss),
        )
        fields.insertRow(2, styled_label(example))
        fields.addRow("", self.biases)
        start = "The network starts with random weights, and one row of zeros without a target. "
        points = "File → New from points starts with a plane for points of two classes instead."
        self._lay_out(heading("New network"), wrapped_label(start + points), fields)

    def _offer_losses(self, output: str) -> None:
        """Offer the losses that fit the output's activation. Keep the selected one, but not for softmax.

        For softmax, select the usual loss, since softmax learns slowly with another one.
        """
        chosen = usual_loss(output) if activation(output).answers == "which one" else self.loss.currentData()
        self.loss.clear()
        for name, forms in LOSSES.items():
            if not (needed := fitting_outputs(name)) or output in needed:
                self.loss.addItem(forms[0].title, name)
        self.loss.setCurrentIndex(max(self.loss.findData(chosen), 0))

    def state(self) -> State:
        """Return the new State. Raises ValueError with a message for the user if a field is invalid."""
        inputs, *sizes = self._sizes()
        names = (default_nodes(k, len(sizes), count) for k, count in enumerate(sizes))
        hidden = [self.activation.currentText()] * (len(sizes) - 1)
        parts = zip(names, [*hidden, self.output.currentText()], strict=True)
        network = Network.random(default_inputs(inputs), parts, 0)
        if not self.biases.isChecked():
            layers = tuple(replace(layer, biases=None) for layer in network.layers)
            network = replace(network, layers=layers)
        return State(network, Dataset(np.zeros((1, inputs))), Training(loss=self.loss.currentData()))

    def _sizes(self) -> list[int]:
        inputs = _counts(self.inputs.text(), f"Inputs: type a whole number from 1 to {MAX_COUNT}.")
        outputs = _counts(self.outputs.text(), f"Outputs: type a whole number from 1 to {MAX_COUNT}.")
        refusal = f"Nodes per hidden layer: type whole numbers from 1 to {MAX_COUNT}, for example 8 8."
        sizes = [*inputs, *_counts(self.hidden.text(), refusal, many=True), *outputs]
        LAYERS.check(len(sizes) - 1)
        NODES.check(sum(sizes))
        NUMBERS.check(sum((before + 1) * size for before, size in pairwise(sizes)) + sizes[0] + sizes[-1])
        return sizes

    def _check(self) -> None:
        self._sizes()


def empty_plane() -> State:
    """Return a State without rows: two inputs, a small hidden layer and an output for two classes."""
    kind = replace(KINDS["circles"], hidden=(4,))
    network = kind.network()
    return State(network, Dataset.empty(network), replace(kind.training, validation=0.0))


def _counts(text: str, refusal: str, many: bool = False) -> list[int]:
    """Return one or `many` numbers, each from 1 to MAX_COUNT. Raises ValueError(refusal)."""
    words = text.replace(",", " ").split()
    counts = [int(word) for word in words if re.fullmatch(r"\d{1,9}", word, re.ASCII)]
    in_range = len(counts) == len(words) and all(1 <= count <= MAX_COUNT for count in counts)
    if not in_range or not (many or len(counts) == 1):
        raise ValueError(refusal)
    return counts
