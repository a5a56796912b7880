"""The card at the lower right: the MSE over updates, over one weight, over two; and a weight matrix."""

from __future__ import annotations

from importlib import import_module
from threading import Thread

from PySide6.QtCore import QTimer

from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.plots.mse_plot import MsePlot
from nnviz.ui.widgets.card import Card, CardTabs, Tab

LOOK_MS = 10


class PlotCards(CardTabs):
    """Four cards, of which all but the first are made when they are first shown.

    The plot library takes longer to import than the window's first frame may: `load_soon` brings it in while
    the window answers, `load` at once.
    """

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
        self._library = Thread(target=import_module, args=("pyqtgraph",))
        self._await = QTimer(self, interval=LOOK_MS)
        self._await.timeout.connect(self._look)

    def load_soon(self) -> None:
        """Import the plot library in a thread, and load then."""
        self._library.start()
        self._await.start()

    def _look(self) -> None:
        if not self._library.is_alive():
            self._await.stop()
            self.load()

    def load(self) -> None:
        """Draw with the plot library from now on."""
        self.mse.load()

    def _over_one_weight(self) -> Card:
        from nnviz.ui.loss.curve import LossCurve

        return LossCurve(self._document, self._selection, self._derived)

    def _over_two_weights(self) -> Card:
        from nnviz.ui.loss.surface import LossSurface

        return LossSurface(self._document, self._selection, self._derived, self._past)

    def _matrix(self) -> Card:
        from nnviz.ui.plots.weight_matrix import WeightMatrix

        return WeightMatrix(self._document, self._selection)
