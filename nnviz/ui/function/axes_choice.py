"""What stands on the axes of the picture of the function, chosen from lists of inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from nnviz.core.state import State
from nnviz.ui.function.axes import PREDICTION, TARGET, Axes, has_pairs
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.theme import px, ui_font

TWO_PX = 290
"""From this width on two choices stand side by side."""


class AxesChoice(QWidget):
    """Lists what can stand across, up and in the picture. `changed`: something else is chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.axes = Axes(0, None)
        self._state: State | None = None
        self._listed: object = None
        self._labels: dict[Choice, QLabel] = {}
        self._pairs = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self.across = self._row("Across", "What is drawn from left to right", self._choose_across)
        self.up = self._row("Up", "What is drawn upwards", self._choose_up)
        self.output = self._row("Output", "Which output is drawn", self._choose_output)
        self._lay_out(1)

    def _row(self, name: str, tip: str, choose: Callable[[int], None]) -> Choice:
        label, choice = QLabel(name), Choice()
        label.setObjectName("muted")
        label.setFont(ui_font(11.5))
        label.setBuddy(choice)
        choice.setAccessibleName(name)
        choice.setToolTip(tip)
        choice.setMinimumContentsLength(3)
        choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.activated.connect(choose)
        self._labels[choice] = label
        return choice

    def _lay_out(self, pairs: int) -> None:
        """Put so many choices side by side."""
        if pairs != self._pairs:
            self._pairs = pairs
            for k, (choice, label) in enumerate(self._labels.items()):
                row, column = divmod(k, pairs)
                self._grid.addWidget(label, row, 2 * column)
                self._grid.addWidget(choice, row, 2 * column + 1)
            for column in (1, 3):
                self._grid.setColumnStretch(column, 1 if column < 2 * pairs else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put two side by side where both have room so."""
        super().resizeEvent(event)
        self._lay_out(2 if self.width() >= px(TWO_PX) else 1)

    def refresh(self, state: State) -> None:
        """List what this State has, and keep what is chosen as far as it has that; else begin anew."""
        before, self._state = self._state, state
        if before is None or before.network.sizes[0] != state.network.sizes[0]:
            self.axes = Axes.first(state)
        self.axes = self.axes.fitted(state)
        self._show()

    def _show(self) -> None:
        state, axes = self._state, self.axes
        assert state is not None
        network, pairs = state.network, has_pairs(state)
        together = replace(axes, output=None).fitted(state).output is None
        every = "all" if axes.up is None else "largest"
        listed = (network.inputs, network.outputs, pairs, together, every)
        if listed != self._listed:
            self._listed = listed
            inputs, outputs = network.inputs, network.outputs
            self._fill(self.across, [*inputs, *[TARGET] * pairs])
            self._fill(self.up, [PREDICTION, *inputs] if len(inputs) > 1 else [])
            self._fill(self.output, [*[every] * together, *outputs] if len(outputs) > 1 else [])
        self.across.setCurrentIndex(len(network.inputs) if axes.across is None else axes.across)
        self.up.setCurrentIndex(0 if axes.up is None else axes.up + 1)
        self.output.setCurrentIndex(0 if axes.output is None else axes.output + together)
        self.setVisible(any(choice.count() > 1 for choice in (self.across, self.up, self.output)))

    def _fill(self, choice: Choice, texts: list[str]) -> None:
        """Offer these, if there is anything to choose."""
        choice.clear()
        choice.addItems(texts)
        for widget in (choice, self._labels[choice]):
            widget.setVisible(len(texts) > 1)

    # --- what a person chooses

    def _choose_across(self, index: int) -> None:
        assert self._state is not None
        before = self.axes
        across = index if index < len(self._state.network.inputs) else None
        up = before.across if across is not None and across == before.up else before.up
        self._take(replace(before, across=across, up=up))

    def _choose_up(self, index: int) -> None:
        before, up = self.axes, index - 1 if index else None
        across = before.across
        if up is not None and up == across:
            across = before.up if before.up is not None else (1 if up == 0 else 0)
        elif up is not None and across is None:
            across = 1 if up == 0 else 0
        self._take(replace(before, across=across, up=up))

    def _choose_output(self, index: int) -> None:
        assert self._state is not None
        outputs = len(self._state.network.outputs)
        first = self.output.count() - outputs
        self._take(replace(self.axes, output=index - first if index >= first else None))

    def _take(self, axes: Axes) -> None:
        assert self._state is not None
        self.axes = axes.fitted(self._state)
        self._show()
        self.changed.emit()
