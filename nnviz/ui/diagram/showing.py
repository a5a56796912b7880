"""What the diagram shows at present: the picture of the selected row, as far as the walk has come."""

from __future__ import annotations

from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.results import Means
from nnviz.core.slopes import MeanSlopes
from nnviz.document.derived import Derived
from nnviz.document.selection import Selection
from nnviz.document.walk.walk import Progress
from nnviz.picture.content import Content
from nnviz.picture.layout import Layout, lay_out
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, make_picture
from nnviz.picture.small import of_functions


class Showing:
    """Makes pictures, with the slopes that are wanted; `layout` is kept as long as it holds."""

    def __init__(self, derived: Derived, selection: Selection, progress: Progress) -> None:
        self._derived, self._selection, self._progress = derived, selection, progress
        self.layout: Layout | None = None
        self._layout_of: tuple[object, ...] = ()

    def picture(self, view: View, largest: float | None = None) -> Picture:
        """Return what is shown in a view; `largest` holds the weight that is drawn widest, as in a run."""
        derived, progress = self._derived, self._progress
        with_slopes = self._selection.slopes_shown or progress.shows_slopes
        slopes, slopes_of = self._slopes() if with_slopes else (None, "")
        wanted = view.pictures and of_functions(derived.state.network)
        marks = derived.marks(moving=largest is not None)
        content = Content(
            derived.looked_at,
            derived.row,
            derived.trace,
            slopes,
            slopes_of,
            *marks,
            free=self._selection.free is not None,
            functions=derived.node_functions if wanted else None,
        )
        layout = self._laid_out(derived.state.network, view, with_slopes)
        return make_picture(
            content, layout, shows=progress.shows if progress.active else None, largest=largest
        )

    def _laid_out(self, network: Network, view: View, with_slopes: bool) -> Layout:
        layers = tuple((layer.nodes, layer.activation, layer.biases is None) for layer in network.layers)
        key = (network.inputs, layers, view, with_slopes)
        if self.layout is None or key != self._layout_of:
            self.layout, self._layout_of = lay_out(network, view, slopes=with_slopes), key
        return self.layout

    def _slopes(self) -> tuple[MeanSlopes | None, str]:
        """Return the slopes of the row, of all rows or of the next update's rows, and which these are."""
        derived = self._derived
        if not derived.state.trainable:
            return None, "no slopes: type a target"
        if self._progress.mean_over_rows:
            return self._mean(derived.means_of_update)
        if self._selection.mean_over_rows:
            return self._mean(derived.means)
        if self._selection.free is not None:
            return None, "no slopes: a free row has no target"
        return derived.slopes, f"slopes of row {derived.row + 1}"

    def _mean(self, means: Means | None) -> tuple[MeanSlopes | None, str]:
        state = self._derived.state
        if means is None:
            return None, f"slopes: averaging {counted(state.trained_rows, 'row')} …"
        rows = "the rows trained on" if state.validated else "all rows"
        of = rows if means.rows is None else f"a batch of {means.count:,}"
        return means.slopes, f"slopes: mean of {of}"
