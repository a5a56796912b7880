"""The panel that draws the activation of the selected node, with the z of all rows on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from nnviz.core.activation_curve import Bend, Reading, Stretch, steady, stretch_of
from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Trace
from nnviz.core.numbers import counted, shown, shown_in_full
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.activation.plot import ActivationPlot
from nnviz.ui.plots.live_card import LiveCard
from nnviz.ui.plots.pages import Caption, coloured
from nnviz.ui.widgets.theme import colours, px

CHOOSE = "Click a node on the diagram: its activation is drawn here"
INPUT = "An input has no activation: its value is given. Click a node behind it"
NO_ROWS = "There are no rows: add one in the data table, as {} takes the z of all nodes of its layer"
TIP = "What the node makes of the row's z; its slope is that of the tangent"
LINES = 2
"""The caption has room for so many, so that the plot keeps its height."""
PLOT_PX = 110
"""So high the plot is at 100 %, at least."""
HELD = "the others are held as in this row, and the slope is a·(1 − a)"
BETWEEN = " &nbsp;·&nbsp; "
"""Between two things that the caption says."""
NOTHING: tuple[Array, Array] = np.empty(0), np.empty(0)


class ActivationPanel(LiveCard):
    """Draws a and its slope over z of the selected node, or of the one that the selected edge leads to."""

    content_px = 72

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        super().__init__("Activation", "the activation of a node", "-activation", document, phase=2 / 3)
        self._selection, self._derived = selection, derived
        self._node: Address | None = None
        self._stretch: Stretch | None = None
        self._curve_of: tuple[object, ...] = ()
        self.plane = ActivationPlot(colours())
        self.setAccessibleName(self.plane.accessibleName())
        self.plane.setMinimumHeight(px(PLOT_PX))
        self.caption = Caption(LINES, TIP)
        self.pages.put(self.plane, self.caption)
        for changed in (selection.address_changed, selection.row_changed, derived.computed):
            changed.connect(self.follow)
        self.draw()

    @property
    def plot(self) -> ActivationPlot | None:  # noqa: D102
        return self.plane if self.pages.show_plot else None

    # --- what it shows

    def draw(self) -> None:
        """Draw the activation of the node, or say what is missing."""
        state, address, trace = self._derived.state, self._selection.address, self._derived.trace
        layer = state.network.layers[address.layer] if address and address.layer >= 0 else None
        missing = "" if layer else CHOOSE if address is None else INPUT
        if layer and not layer.function.elementwise and trace is None:
            missing = NO_ROWS.format(layer.activation)
        if missing or address is None or layer is None:
            self.pages.say(missing)
            self.plane.show_nothing()
            self._curve_of = ()
            return
        self.pages.show_plot = True
        node = Address("node", address.layer, address.node)
        if node != self._node:
            self._node, self._stretch = node, None
        joint = trace is not None and not layer.function.elementwise
        bend = Bend(layer.function, trace.z[node.layer][0] if trace and joint else None, node.node)
        self._show(node, bend, _reading(bend, node, trace))

    def _show(self, node: Address, bend: Bend, reading: Reading | None) -> None:
        z, a = self._derived.of_node(node.layer, node.node) or NOTHING
        wanted, known = stretch_of(z, reading.z if reading else np.nan), self._stretch
        if known and not len(z):  # rows that are not known at present may need all of it
            wanted = min(known[0], wanted[0]), max(known[1], wanted[1])
        self._stretch = steady(known, wanted)
        name = node.name(self._derived.state.network)
        drawn = (bend.function, self._stretch, name)
        if bend.layer is not None or drawn != self._curve_of:
            self.plane.show_curve(bend, bend.curve(self._stretch), (name, bend.function.call), a)
            self._curve_of = drawn
        beyond = self.plane.show_rows(z, a)
        self.plane.show_reading(reading)
        self.caption.setText(
            BETWEEN.join(self._told(bend, reading, z, beyond, shown, partial(coloured, colours().slope)))
        )
        said = "; ".join(self._told(bend, reading, z, beyond, shown_in_full, str))
        self.plane.setAccessibleDescription(f"{name}, {bend.function.call}: {said}")

    def _told(
        self,
        bend: Bend,
        reading: Reading | None,
        z: Array,
        beyond: int,
        number: Callable[[float], str],
        slopes: Callable[[str], str],
    ) -> Iterator[str]:
        """Yield what the plot shows: the row, all rows, and of what else the curve depends."""
        rows = len(self._derived.state.data)
        row = "Free row" if self._selection.free is not None else f"Row {self._selection.row + 1:,}"
        if reading is None:
            yield "There are no rows: the curve alone is drawn"
        else:
            at_kink = ", that left of the kink" if reading.z in bend.function.kinks else ""
            slope = slopes(f"slope {number(reading.slope)}")
            yield f"{row}: z {number(reading.z)} → a {number(reading.a)}, {slope}{at_kink}"
        if len(z):
            low, high = number(float(z.min())), number(float(z.max()))
            outside = f", {counted(beyond, 'row')} beyond the plot" if beyond else ""
            yield f"{'All ' if rows > 1 else ''}{counted(rows, 'row')}: z from {low} to {high}{outside}"
        elif rows:
            yield f"The points of {counted(rows, 'row')} come when the weights rest"
        if bend.layer is not None:
            yield f"{bend.function.name} takes all z of its layer: {HELD}"

    def restyle(self) -> None:  # noqa: D102
        self.plane.setMinimumHeight(px(PLOT_PX))
        self.plane.set_palette(colours())
        super().restyle()


def _reading(bend: Bend, node: Address, trace: Trace | None) -> Reading | None:
    """Return what the node makes of the row on the diagram; None where there is none."""
    if trace is None:
        return None
    z, a = (float(values[node.layer][0, node.node]) for values in (trace.z, trace.a))
    return Reading(z, a, bend.at(z).slope)
