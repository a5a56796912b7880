"""The readout of the loss history: the values at an iteration."""

from __future__ import annotations

from typing import NamedTuple

from nnviz.core.history import History
from nnviz.core.numbers import as_text, percent_text
from nnviz.core.state import Run

SCRIPTS = "loss"
"""Title of a loss that a script of the user reported."""


class Readout(NamedTuple):
    """A measured quantity in a readout: title, history, and whether the values are shown in percent."""

    title: str
    history: History
    is_share: bool

    def text_at(self, iteration: int) -> str:
        """Return the title with the value at an iteration, as "MSE 0.5" or "accuracy 97.5 %".

        The text is "" if the quantity was not measured at this iteration.
        """
        point = self.history.at(iteration)
        if point is None or point[0] != iteration:
            return ""
        return f"{self.title} {percent_text(point[1]) if self.is_share else as_text(point[1])}"


class ShownRun(NamedTuple):
    """A kept run in a plot: its id, its name, and the history of the measure that the plot shows.

    If the run stands for several seeds, the history is that of their mean, and `band` has the histories of
    the smallest and of the largest value. `unit` is the number of iterations of 1 on the x axis.
    """

    id: int
    name: str
    history: History
    band: tuple[History, ...] = ()
    unit: float = 1.0


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
