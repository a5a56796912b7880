"""The question which activations the layers of a file have that does not say it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QFrame, QLabel, QScrollArea, QWidget

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import column_title
from nnviz.core.numbers import counted
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.dialogs import column_of, heading, primary

MOST = 30
"""Of more layers, the hidden ones are asked about together."""
SEEN = 8
"""So many layers are seen at once; the others are scrolled to."""


class AskActivations(QDialog):
    """Offers a choice for each layer; `answer` is what is chosen.

    `sizes` are the network's, inputs first, and `proposal` names an activation for each layer.
    """

    def __init__(self, window: QWidget, name: str, sizes: Sequence[int], proposal: Sequence[str]) -> None:
        super().__init__(window)
        self.setWindowTitle("nnviz")
        self.setMinimumWidth(380)
        each = len(proposal) <= MOST
        hidden = map(_offering, proposal[:-1]) if each else [_offering(proposal[0])] * (len(proposal) - 1)
        self._choices = [*hidden, _offering(proposal[-1])]
        told = QLabel(
            f"The file holds the weights of a network with {counted(sizes[0], 'input')}, not its "
            "activations. They can be changed later, under the headings."
        )
        told.setWordWrap(True)
        told.setObjectName("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        primary(buttons.addButton("&Open", QDialogButtonBox.ButtonRole.AcceptRole))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = column_of(self)
        for part in (heading(f"Which activations does {name} have?"), told, self._layers(sizes), buttons):
            column.addWidget(part)

    @property
    def answer(self) -> tuple[str, ...]:
        """An activation for each layer."""
        return tuple(choice.currentText() for choice in self._choices)

    def _layers(self, sizes: Sequence[int]) -> QWidget:
        """Return a row for each layer, and one for all hidden ones where there are several."""
        rows, count = QWidget(), len(self._choices)
        form = QFormLayout(rows)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        if count > MOST:
            form.addRow(f"&All {count - 1} hidden layers", self._choices[0])
        elif count > 2:
            every = _offering(self._choices[0].currentText())
            every.currentTextChanged.connect(self._choose)
            form.addRow("&All hidden layers", every)
        for k in range(count - 1 if count > MOST else 0, count):
            title = f"{column_title(k + 1, count)}, {counted(sizes[k + 1], 'node')}"
            self._choices[k].setAccessibleName(title)
            form.addRow(title, self._choices[k])
        if form.rowCount() <= SEEN + 1:
            return rows
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(rows)
        area.setMinimumHeight(SEEN * form.sizeHint().height() // form.rowCount())
        return area

    def _choose(self, name: str) -> None:
        for choice in self._choices[:-1]:
            choice.setCurrentText(name)


def _offering(proposed: str) -> Choice:
    choice = Choice()
    choice.addItems(list(dict.fromkeys((*ACTIVATIONS, proposed))))
    choice.setCurrentText(proposed)
    return choice
