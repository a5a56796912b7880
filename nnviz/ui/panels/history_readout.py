"""The readout of the loss history: values at an iteration, and the start of overfitting."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from nnviz.core.history import History
from nnviz.core.metrics import EPOCHS, RISE, ROWS
from nnviz.core.numbers import shown
from nnviz.core.state import Run
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.theme import ui_font

SCRIPTS = "loss"
"""What a loss is called that a script told."""


class Told(NamedTuple):
    """What is read out of a history: what it is called, and whether it is a share, told in percent."""

    title: str
    history: History
    is_share: bool

    def said_at(self, iteration: int) -> str:
        """Return what it says at an iteration; "" where nothing was measured then."""
        there = self.history.at(iteration)
        return self.said(there[1]) if there and there[0] == iteration else ""

    def said(self, value: float) -> str:
        """Return "MSE 0.5", "accuracy 97.5 %"."""
        return f"{self.title} {shown(100 * value)} %" if self.is_share else f"{self.title} {shown(value)}"


def whose(measure: str) -> str:
    """Return what a history is of, where that stands alone: a loss is the script's."""
    return f"script's {measure}" if measure == SCRIPTS else measure


def all_told(run: Run, measure: str) -> tuple[Told, ...]:
    """Return all that a run measured; `measure` is what its loss is called."""
    called = {"validation accuracy": "of validation"}
    beside = (
        Told(called.get(curve.name, curve.name), curve.history, "accuracy" in curve.name)
        for curve in run.beside
    )
    return Told(measure, run.history, False), *beside


RULE = (
    "Validation has risen if for the last third of the run its loss stays above a level below which\n"
    f"it had been for {EPOCHS} epochs or longer, in the end by {100 * RISE:.0f} % or more. Averages are\n"
    "compared, so dips and wobbles do not count; the training loss must have fallen since, and\n"
    f"{ROWS} rows or more be kept for validation."
)
GO_TIP = "Go to the iteration at which validation was least, as the mark on its curve does"


class Overfitting(QWidget):
    """Stands there only while there is something to say; `since` is the iteration that `go` leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.since: int | None = None
        self._loss = ""
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setFont(ui_font(11.5))
        self.sentence.setToolTip(RULE)
        self.sentence.setAccessibleDescription(RULE.replace("\n", " "))
        self.go = quiet_button("Go there", GO_TIP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.go)
        self.hide()

    def tell(self, since: int | None, loss: str) -> None:
        """Say that validation has risen since an iteration, or nothing; `loss` is what it is called."""
        if (since, loss) == (self.since, self._loss):
            return
        self.since, self._loss = since, loss
        self.sentence.setText(f"{said(since)} while the {loss} still falls: over-fitting")
        self.setVisible(since is not None)


def said(since: int | None) -> str:
    """Return what is said of validation that has risen since an iteration."""
    return f"Validation has risen since iteration {since}"
