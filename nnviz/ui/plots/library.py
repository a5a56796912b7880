"""Brings the plot library in once the window stands."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
from PySide6.QtCore import QObject, Signal

from nnviz.document.idle import Slicer
from nnviz.ui.plots.history_plot import HistoryPlot


class PlotLibrary(QObject):
    """Has `plot` draw with the plot library, which takes longer to import than the window's first frame may.

    `load_soon` brings it in while the window answers, `load` at once. Not in a thread: PySide makes its types
    when they are first asked for, and two threads that ask at a time end the process. `loaded`: it is there.
    """

    loaded = Signal()

    def __init__(self, parent: QObject, plot: HistoryPlot) -> None:
        super().__init__(parent)
        self._plot = plot
        self._work = Slicer(self, _types, self._load_with_types)

    def load_soon(self) -> None:
        """Make PySide's types a few at a time, which is most of the import, and load then."""
        self._work.ask()

    def _load_with_types(self) -> bool:
        if not self._work.busy:
            self.load()
        return not self._work.busy

    def load(self) -> None:
        """Draw with the plot library from now on."""
        self._plot.load()
        self.loaded.emit()


def _types() -> Iterator[None]:
    """Make every type that pyqtgraph asks PySide for, one at a time."""
    for module in (QtCore, QtGui, QtWidgets, QtSvg):
        for name in dir(module):
            getattr(module, name)
            yield
