"""How numbers of a history are told in words. Knows nothing of Qt."""

from __future__ import annotations

from typing import NamedTuple

from nnviz.core.history import History
from nnviz.core.numbers import shown
from nnviz.core.run import Run

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
