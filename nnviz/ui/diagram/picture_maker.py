"""Makes the diagram's Picture of the document, and keeps its layout while that holds. Knows no events."""

from __future__ import annotations

from nnviz.core.means import Means
from nnviz.core.network import Network
from nnviz.core.slopes import MeanSlopes
from nnviz.document.derived import Derived
from nnviz.document.selection import Selection
from nnviz.document.walk.player import Player
from nnviz.picture.content import Content
from nnviz.picture.layout import Layout, lay_out
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, make_picture


class PictureMaker:
    """Makes the picture of the selected row, with the walk's progress and the slopes that are wanted."""

    def __init__(self, derived: Derived, selection: Selection, player: Player) -> None:
        self._derived, self._selection, self._player = derived, selection, player
        self._layout: Layout | None = None
        self._layout_of: tuple[object, ...] = ()

    def picture(self, view: View, largest: float | None) -> Picture:
        """Return what is to be seen; `largest` holds the edges' widths, as during a run."""
        state, progress = self._derived.state, self._player.progress
        with_slopes = self._selection.slopes_shown or progress.shows_slopes
        slopes, of = self._slopes() if with_slopes else (None, "")
        badges = self._derived.badges if largest is None else {}
        content = Content(state, self._selection.row, self._derived.trace, slopes, of, badges)
        layout = self._laid_out(state.network, view, with_slopes)
        shows = progress.shows if progress.active else None
        return make_picture(content, layout, shows=shows, largest=largest)

    def _laid_out(self, network: Network, view: View, with_slopes: bool) -> Layout:
        layers = tuple((layer.nodes, layer.activation, layer.biases is None) for layer in network.layers)
        key = (network.inputs, layers, view, with_slopes)
        if self._layout is None or key != self._layout_of:
            self._layout = lay_out(network, view, slopes=with_slopes)
            self._layout_of = key
        return self._layout

    def _slopes(self) -> tuple[MeanSlopes | None, str]:
        """Return the slopes of the row, of all rows or of the next update's rows, and which these are."""
        derived = self._derived
        if not derived.state.trainable:
            return None, "no targets: no slopes"
        if self._player.progress.mean_over_rows:
            return self._mean(derived.means_of_update)
        if self._selection.mean_over_rows:
            return self._mean(derived.means)
        return derived.slopes, f"slopes of row {self._selection.row + 1}"

    def _mean(self, means: Means | None) -> tuple[MeanSlopes | None, str]:
        if means is None:
            return None, f"slopes: averaging {len(self._derived.state.data):,} rows …"
        of = "all rows" if means.rows is None else f"a batch of {means.count}"
        return means.slopes, f"slopes: mean of {of}"
