"""The sentence under a plot that names over-fitting, and the way to where it began."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from nnviz.core.overfitting import EPOCHS, RISE, ROWS
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.theme import ui_font

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
