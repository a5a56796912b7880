"""The readout of the loss history: values at an iteration, and the start of overfitting."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnviz.core.history import History
from nnviz.core.metrics import EPOCHS, RISE, ROWS
from nnviz.core.numbers import as_text, percent_text
from nnviz.core.state import Run
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import fill_box, wrapped_label

SCRIPTS = "loss"
"""Title of a loss that a script of the user reported."""


class Readout(NamedTuple):
    """A measured quantity in a readout: title, history, and whether the values are shown in percent."""

    title: str
    history: History
    is_share: bool

    def text_at(self, iteration: int) -> str:
        """Return the text for an iteration, or "" if the quantity was not measured at that iteration."""
        point = self.history.at(iteration)
        return self.text(point[1]) if point and point[0] == iteration else ""

    def text(self, value: float) -> str:
        """Return the title with a value, as "MSE 0.5" or "accuracy 97.5 %"."""
        return f"{self.title} {percent_text(value) if self.is_share else as_text(value)}"


def measure_title(measure: str) -> str:
    """Return the title of the vertical axis: `measure`, or "script's loss" if a script reported the loss."""
    return f"script's {measure}" if measure == SCRIPTS else measure


def run_texts(
    title: str, point: tuple[int, float | None] | None, iteration: int, end: int | None
) -> tuple[str, str]:
    """Return the texts "iteration 3 of 20" and "MSE 0.5"; without `end`, the first is "iteration 3".

    `title` names the loss, and `point` is an iteration with its loss. The second text is "" if the loss at
    `iteration` is unknown.
    """
    of_end = "" if end is None else f" of {as_text(end)}"
    value = point[1] if point and point[0] == iteration else None
    loss = "" if value is None else f"{measure_title(title)} {as_text(value)}"
    return f"iteration {as_text(iteration)}{of_end}", loss


def readouts(run: Run, measure: str) -> tuple[Readout, ...]:
    """Return the readouts of a run: first the loss, with the title `measure`, then the run's other curves."""
    is_split = run.curve("validation accuracy") is not None
    titles = {"accuracy": "training accuracy"} if is_split else {}
    others = (
        Readout(titles.get(curve.name, curve.name), curve.history, "accuracy" in curve.name)
        for curve in run.beside
    )
    return Readout(measure, run.history, False), *others


RULE = (
    "nnviz reports overfitting under four conditions. Before the last third of the run, the validation loss\n"
    f"stays below some level for {EPOCHS} epochs or longer. In the last third, the validation loss stays\n"
    f"above this level and ends at least {100 * RISE:.0f} % higher. Meanwhile, the training loss falls.\n"
    f"There are at least {ROWS} validation rows. nnviz compares averages, so short dips do not count."
)
GO_TIP = "Go to the iteration with the lowest validation loss, marked on the curve"


class Overfitting(QWidget):
    """The message that the network overfits. The widget is hidden if the network does not overfit.

    A click on the button `go` asks the panel to show the iteration since which the validation loss has risen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sentence = wrapped_label(name="", pixels=11.5)
        self.sentence.setToolTip(RULE)
        self.sentence.setAccessibleDescription(RULE.replace("\n", " "))
        self.go = quiet_button("Go there", GO_TIP)
        row = QHBoxLayout(self)
        fill_box(row, 8, self.sentence, self.go)
        row.setStretch(0, 1)
        self.hide()

    def show_start(self, since: int | None, loss: str) -> None:
        """Show since which iteration the validation loss has risen. If `since` is None, hide the message.

        `loss` is the name of the training loss, such as "MSE".
        """
        self.sentence.setText(
            f"The validation loss has risen since iteration {since} while the {loss} still falls: overfitting"
        )
        self.setVisible(since is not None)
