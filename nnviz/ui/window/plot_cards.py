"""The card at the lower right: the MSE over updates, over one weight, over two; and a weight matrix."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
from PySide6.QtCore import Signal

from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import Slicer
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.plots.mse_plot import MsePlot
from nnviz.ui.widgets.card import Card, CardTabs, Tab


class PlotCards(CardTabs):
    """Four cards, of which all but the first are made when they are first shown.

    The plot library takes longer to import than the window's first frame may: `load_soon` brings it in while
    the window answers, `load` at once. Not in a thread: PySide makes its types when they are first asked for,
    and two threads that ask at a time end the process. `loaded` says that it is there.
    """

    loaded = Signal()

    def __init__(self, document: Document, selection: Selection, derived: Derived, runner: Runner) -> None:
        self._document, self._selection, self._derived = document, selection, derived
        self.mse = MsePlot(document, runner)
        self._past = runner.travel.past
        super().__init__(
            (
                Tab("MSE", "The MSE after every update", lambda: self.mse),
                Tab("1 weight", "The MSE along the selected weight", self._over_one_weight),
                Tab("2 weights", "The MSE over two weights", self._over_two_weights),
                Tab("matrix", "A layer's weights as an image", self._matrix),
            )
        )
        self._library = Slicer(self, _types, self._load_with_types)

    def load_soon(self) -> None:
        """Make PySide's types a few at a time, which is most of the import, and load then."""
        self._library.ask()

    def _load_with_types(self) -> bool:
        if not self._library.busy:
            self.load()
        return not self._library.busy

    def load(self) -> None:
        """Draw with the plot library from now on."""
        self.mse.load()
        self.loaded.emit()

    def _over_one_weight(self) -> Card:
        from nnviz.ui.loss.curve import LossCurve

        return LossCurve(self._document, self._selection, self._derived)

    def _over_two_weights(self) -> Card:
        from nnviz.ui.loss.surface import LossSurface

        return LossSurface(self._document, self._selection, self._derived, self._past)

    def _matrix(self) -> Card:
        from nnviz.ui.plots.weight_matrix import WeightMatrix

        return WeightMatrix(self._document, self._selection)


def _types() -> Iterator[None]:
    """Make every type that pyqtgraph asks PySide for, one at a time."""
    for module in (QtCore, QtGui, QtWidgets, QtSvg):
        for name in dir(module):
            getattr(module, name)
            yield
