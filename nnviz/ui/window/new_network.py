"""The dialog for a new network: how many inputs, hidden nodes and outputs, which activation."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.naming import default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State

LARGEST = 5000


class NewNetwork(QDialog):
    """Asks for sizes; `state()` is the network at its random start with one row of zeros."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("New network")
        self.inputs, self.outputs = QSpinBox(), QSpinBox()
        for box, value in ((self.inputs, 2), (self.outputs, 1)):
            box.setRange(1, LARGEST)
            box.setMinimumHeight(30)
            box.setValue(value)
        self.hidden = QLineEdit("2")
        self.hidden.setToolTip("Nodes of each hidden layer, such as 4 or 8 8; empty for none")
        self.hidden.textChanged.connect(self._check)
        self.activation = QComboBox()
        self.activation.addItems(list(ACTIVATIONS))
        self.activation.setCurrentText("relu")
        self.biases = QCheckBox("Biases")
        self._wrong = QLabel()
        self._wrong.setObjectName("error")
        form = QFormLayout()
        form.addRow("&Inputs", self.inputs)
        form.addRow("&Hidden layers", self.hidden)
        form.addRow("&Activation", self.activation)
        form.addRow("&Outputs", self.outputs)
        form.addRow("", self.biases)
        buttons = QDialogButtonBox.StandardButton
        self._box = QDialogButtonBox(buttons.Ok | buttons.Cancel)
        self._box.accepted.connect(self.accept)
        self._box.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 16)
        column.setSpacing(12)
        column.addLayout(form)
        column.addWidget(self._wrong)
        column.addWidget(self._box)
        self._check()

    def state(self) -> State:
        """Return the new State."""
        sizes = [*self._hidden(), self.outputs.value()]
        layers, fan_in = [], self.inputs.value()
        for k, count in enumerate(sizes):
            last = k == len(sizes) - 1
            activation = "identity" if last else self.activation.currentText()
            biases = np.zeros(count) if self.biases.isChecked() else None
            names = default_nodes(k, len(sizes), count)
            layers.append(Layer(names, activation, np.zeros((count, fan_in)), biases))
            fan_in = count
        network = Network(default_inputs(self.inputs.value()), tuple(layers)).randomised(0)
        rows = Dataset(np.zeros((1, self.inputs.value())), np.zeros((1, self.outputs.value())))
        return State(network, rows)

    def _hidden(self) -> list[int]:
        words = self.hidden.text().replace(",", " ").split()
        counts = [int(word) for word in words if word.isascii() and word.isdigit()]
        if len(counts) != len(words) or not all(1 <= count <= LARGEST for count in counts):
            raise ValueError(f"Hidden layers: whole numbers from 1 to {LARGEST}, such as 8 8")
        return counts

    def _check(self) -> None:
        try:
            self._hidden()
            wrong = ""
        except ValueError as error:
            wrong = str(error)
        self._wrong.setText(wrong)
        self._wrong.setVisible(bool(wrong))
        self._box.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not wrong)
