"""The question which activations the layers of a file have that does not say it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QFrame, QLabel, QScrollArea, QWidget

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import column_title
from nnviz.core.numbers import counted
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.dialogs import column_of, heading, primary

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
        self._choices = [_offering(proposed) for proposed in proposal]
        told = QLabel(
            "The file holds weights, not activations. They can be changed later, under the headings."
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
        if count > 2:
            every = _offering(self._choices[0].currentText())
            every.currentTextChanged.connect(self._choose)
            form.addRow("&All hidden layers", every)
        for k, choice in enumerate(self._choices):
            title = f"{column_title(k + 1, count)}, {counted(sizes[k + 1], 'node')}"
            choice.setAccessibleName(title)
            form.addRow(title, choice)
        if count <= SEEN:
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
