"""The plot of the activation of a node, with the z values of the rows.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.function import ActivationCurve, Bend, Reading, Span, steady_stretch, stretch_of
from nnviz.core.numbers import as_text, counted, full_text
from nnviz.document.moment import Moment
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours
from nnviz.ui.plot.card import CaptionedPlot, coloured
from nnviz.ui.plot.plot import CurveItem, QuietAxis
from nnviz.ui.plot.points import MarksItem, ReadPlot

MANY = 2000
"""Number of rows up to which each row has a point. For more rows, it is the number of steps of z."""
POINT_PX = 5.0
"""Diameter of the point of a row, in pixels."""
STEPS_ACROSS = 100
"""Number of steps of an arrow key from one side of the plot to the other."""


class ActivationPlot(ReadPlot):
    """The plot of a node's activation over z: the output a (left axis) and the slope f′(z) (right axis)."""

    tip = "Move the mouse over the curve, or press Left or Right, to read z, a and the slope"

    def __init__(self) -> None:
        super().__init__(grid=True)
        self.setAccessibleName("Activation of the selected node")
        self.slope_axis = QuietAxis("right", colour="slope")
        self.add_axis(self.slope_axis)
        self.curve, self.slopes = (CurveItem(connect="finite") for _ in range(2))
        self._zero = CurveItem()
        self.rows = MarksItem(POINT_PX)
        self.add(1, self._zero, self.slopes, self.curve, self.rows)
        self.restyle()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        palette = colours()
        self._zero.setPen(self.pen(palette.line, 1))
        self.curve.setPen(self.pen(palette.ink))
        self.slopes.setPen(self.pen(palette.slope, 1.5))
        self.rows.setBrush(palette.accent)

    def show_curve(self, bend: Bend, curve: ActivationCurve, names: tuple[str, str], a: Array) -> None:
        """Draw the curve of a node's activation function, `bend`, through the points in `curve`.

        `names` are the names of the node and of the function. `a` holds the node's outputs for all rows,
        shape (rows,). For softmax, the points of rows can lie off the curve, since an output also depends on
        the z of other nodes.
        """
        self._bend, self.slope_axis.times = bend, curve.times
        self.slope_axis.picture = None
        self.name_axes(f"z of {names[0]}", names[1])
        self.slope_axis.set_text("slope")
        low, high = curve.heights(a if bend.layer is not None else a[:0])
        self.set_view((float(curve.z[0]), float(curve.z[-1])), (low, high))
        self.curve.setData(curve.z, np.where(np.isfinite(curve.a), curve.a, np.nan))
        self.slopes.setData(curve.z, curve.times * curve.slope)
        self._zero.setData([0.0, 0.0], self.view()[1])

    def show_rows(self, z: Array, a: Array) -> int:
        """Draw a point for each row; z and a have shape (rows,). Return how many rows are outside the plot.

        If more than `MANY` points are inside the plot, draw one for each of `MANY` steps of z.
        """
        (left, right), (bottom, top) = self.view()
        is_inside = (z >= left) & (z <= right) & (a >= bottom) & (a <= top)
        inside = np.column_stack((z, a))[is_inside]
        points = inside
        if len(inside) > MANY:
            steps = ((inside[:, 0] - left) / (right - left) * MANY).astype(np.intp)
            points = inside[np.unique(steps, return_index=True)[1]]
        self.rows.setData(*points.T)
        return len(z) - len(inside)

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point of the curve above or below `at`, and its readout."""
        z, a, slope = self._bend.point(self.round_point(at).x())
        height = a if math.isfinite(a) else self.view()[1][1]
        return QPointF(z, height), f"z {as_text(z)}\na {as_text(a)}\nslope {as_text(slope)}"

    def place_after(self, start: QPointF, right: int, up: int) -> QPointF | None:
        """Return the place of the z to read next; the keys Up and Down read no other."""
        (left, end), (bottom, _) = self.view()
        z = start.x() + right * (end - left) / STEPS_ACROSS
        return QPointF(min(max(z, left), end), bottom) if right else None


NO_ROWS = "{} uses z of every node in the layer, so the plot needs a row of data: add a row"
BETWEEN = " &nbsp;·&nbsp; "
"""Separator between two parts of the caption."""
NOTHING: tuple[Array, Array] = np.empty(0), np.empty(0)
NOWHERE = math.nan, math.nan, math.nan
"""Place of the point and its slope if there is no row: the plot shows neither point nor tangent."""


class ActivationView(CaptionedPlot):
    """The activation of the selected node, which is not an input."""

    phrase, ending = "the activation of a node", "-activation"
    tip = "Shows z and a of the node for the row on the diagram, and the slope of the tangent to the curve"
    caption_lines = 2

    plane: ActivationPlot

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, ActivationPlot())
        self._node: Address | None = None
        self._stretch: Span | None = None
        self._curve_of: tuple[object, ...] = ()

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Draw the activation of the node, or show a sentence that says what is missing."""
        node, trace = new.address, new.trace
        if node is None or node.layer < 0:
            return  # the panel is about to hide the plot
        layer = new.state.network.layers[node.layer]
        if not layer.function.elementwise and trace is None:
            self.pages.show_sentence(NO_ROWS.format(layer.activation))
            self._curve_of = ()
            return
        self.pages.plot_visible = True
        if node != self._node:
            self._node, self._stretch = node, None
        is_joint = trace is not None and not layer.function.elementwise
        bend = Bend(layer.function, trace.z[node.layer][0] if trace and is_joint else None, node.node)
        reading = None
        if trace:
            z, a = (float(values[node.layer][0, node.node]) for values in (trace.z, trace.a))
            reading = bend.point(z)._replace(a=a)
        self._show(new, node, bend, reading)

    def _show(self, now: Moment, node: Address, bend: Bend, reading: Reading | None) -> None:
        z, a = now.node_values(node.layer, node.node) or NOTHING
        wanted, before = stretch_of(z, reading.z if reading else np.nan), self._stretch
        if before and not len(z):  # rows not computed yet may need the whole stretch
            wanted = min(before[0], wanted[0]), max(before[1], wanted[1])
        self._stretch = steady_stretch(before, wanted)
        name = now.state.network.name_of(node)
        sources = (bend.function, self._stretch, name)
        if bend.layer is not None or sources != self._curve_of:
            self.plane.show_curve(bend, bend.curve(self._stretch), (name, bend.function.call), a)
            self._curve_of = sources
        texts = partial(_texts, now, bend, reading, z, self.plane.show_rows(z, a))
        self.plane.show_present(*(reading or NOWHERE))
        self.caption.setText(BETWEEN.join(texts(is_caption=True)))
        text = "; ".join(texts(is_caption=False))
        self.plane.setAccessibleDescription(f"{name}, {bend.function.call}: {text}")


def _texts(
    now: Moment, bend: Bend, reading: Reading | None, z: Array, beyond: int, *, is_caption: bool
) -> Iterator[str]:
    """Yield the parts of the caption: the row, all rows, and other z on which the curve depends.

    `z` are those of all rows, `beyond` is the number of rows outside the plot. The text for screen readers
    (`is_caption=False`) has all digits, and no colour.
    """
    number = as_text if is_caption else full_text
    rows = len(now.state.data)
    row = f"Row {now.row + 1:,}" if now.what_if_row is None else "What-if row"
    if reading is None:
        yield "Without rows, the plot shows only the curve"
    else:
        slope = f"slope {number(reading.slope)}"
        slope = coloured(colours().slope, slope) if is_caption else slope
        text = f"{row}: z {number(reading.z)} → a {number(reading.a)}, {slope}"
        yield f"{text} (left of the kink)" if reading.z in bend.function.kinks else text
    if len(z):
        low, high = number(float(z.min())), number(float(z.max()))
        which = f"All {counted(rows, 'row')}" if rows > 1 else counted(rows, "row")
        text = f"{which}: z from {low} to {high}"
        yield f"{text}, {counted(beyond, 'row')} outside the plot" if beyond else text
    elif rows:
        yield f"The points of {counted(rows, 'row')} appear when the weights stop changing"
    if bend.function.joint is not None:
        name, slope = bend.function.name, bend.function.joint.own
        yield f"For {name}, the plot varies only this node's z, so the slope is {slope}"
