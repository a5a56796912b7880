"""The plots over the iterations of the current run: the selected numbers, and histograms of a layer.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPen

from nnviz.core.activations import Array
from nnviz.core.address import column_title
from nnviz.core.function import Span
from nnviz.core.histogram import Histogram, aligned, histogram, joined
from nnviz.core.history import ceiling, in_columns
from nnviz.core.metrics import traces_in_blocks
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, counted, full_text, shortened
from nnviz.core.results import Results, means_in_blocks
from nnviz.core.slopes import BLOCK_NS, Work
from nnviz.core.state import Run, State
from nnviz.document.idle import APART_MS, COMPUTING, FRAME_MS, REDRAWN_LATER, Slicer
from nnviz.document.job import missing_for_training
from nnviz.document.moment import Moment
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours, px, run_pen, ui_font
from nnviz.ui.panels.history_canvas import RING_PX, key_entry
from nnviz.ui.panels.history_readout import readouts
from nnviz.ui.panels.loss import axis_name
from nnviz.ui.plot.card import CaptionedPlot
from nnviz.ui.plot.plot import CurveItem, QuietAxis, add_margins, faint
from nnviz.ui.plot.points import STALE, MarksItem, ReadPlot

FILLED, RIDGES = 50, 10
"""FILLED: number of iterations whose networks the plots ask for. RIDGES: usual number of histograms."""


class RunView(CaptionedPlot):
    """A plot of results for the known networks of the current run; without a run, for the displayed network.

    While the weights do not change, networks between the known ones are computed by training again.
    """

    caption_lines = 2
    plane: ReadPlot

    def __init__(self, desk: Desk, plane: ReadPlot) -> None:
        super().__init__(desk, plane)
        self._past, self._now = desk.document.past, desk.document.now
        self._found: dict[int, tuple[Network, Any]] = {}
        """By iteration: a network, and its result."""
        self._subject: tuple[object, ...] = ()
        self._is_drawn = False
        self.work = Slicer(self, self._compute, self._show)

    def subject(self, now: Moment) -> tuple[object, ...]:
        """Return what the results belong to, besides the networks."""
        return now.address, now.second, id(now.state.data), id(now.state.training)

    def missing(self, now: Moment) -> str:
        """Return a sentence that says what the plot needs, or ""."""
        return ""

    def chosen(self, known: list[int]) -> Sequence[int]:
        """Return those of the known iterations that the plot shows, besides the displayed one."""
        return known

    @abstractmethod
    def measure(self, network: Network) -> Work[Any]:
        """Compute the result for a network, and yield after each unit of work."""

    @abstractmethod
    def draw(self, results: dict[int, Any]) -> tuple[str, str]:
        """Draw the results by iteration, in order. Return the accessible name and the caption."""

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Plot the known networks of the run, or show a sentence that says what is missing."""
        if new.address is None:
            return  # the panel is about to hide the plot
        if (subject := self.subject(new)) != self._subject:
            self._subject, self._found = subject, {}
            self.work.stop()
        self._now, self._address, self._is_drawn = new, new.address, False
        if missing := self.missing(new):
            self.work.stop()
            self.pages.show_sentence(missing)
        else:
            self.work.restart(APART_MS if new.is_moving else FRAME_MS)

    def rest(self) -> None:  # noqa: D102
        self.work.stop()

    def _networks(self) -> dict[int, Network]:
        state = self._now.state
        known = self._past.known() | {state.iteration: state.network}
        self._found = {at: each for at, each in self._found.items() if known.get(at) is each[0]}
        return {at: known[at] for at in sorted({state.iteration, *self.chosen(sorted(known))})}

    def _compute(self) -> Iterator[None]:
        yield from self._measure_known()
        if not self._now.is_moving:
            yield from self._past.fill(FILLED)
            yield from self._measure_known()

    def _measure_known(self) -> Iterator[None]:
        networks, present = self._networks(), self._now.state.iteration
        for at in (present, *networks):
            if at not in self._found:
                self._found[at] = networks[at], (yield from self.measure(networks[at]))
                self._is_drawn = False
                yield

    def _show(self) -> bool:
        """Draw what is newly known. Return whether the result of the displayed network is known."""
        if self._is_drawn:
            return True
        results = {at: self._found[at][1] for at in self._networks() if at in self._found}
        self._is_drawn = self._now.state.iteration in results
        self.plane.box.setOpacity(1.0 if self._is_drawn else STALE)
        if self._is_drawn:
            self.pages.plot_visible = True
            name, text = self.draw(results)
            self.caption.setText(escape(text))
            self.plane.setAccessibleName(name)
            self.plane.setAccessibleDescription(text)
        else:
            self.caption.setText(REDRAWN_LATER)
            if not self._found:
                self.pages.show_sentence(COMPUTING)
        return self._is_drawn


# --- numbers

FEW, LINE_PX = 30, 34
"""FEW: up to this number, each known iteration has a mark. LINE_PX: room for a line in the key, in pixels."""


class NumbersPlane(ReadPlot):
    """The plot of one or two numbers over the iterations of a run, with the loss on the axis at the right."""

    tip = "Move the mouse over the plot, or press Left or Right, to read the known iterations"

    def __init__(self) -> None:
        super().__init__(grid=True, whole="bottom")
        self.loss_axis = QuietAxis("right", colour="accent")
        self.add_axis(self.loss_axis)
        self.present_line, self.loss = CurveItem(), CurveItem(connect="finite")
        self.lines = [CurveItem(connect="finite") for _ in range(2)]
        self.marks = [MarksItem(5), MarksItem(5)]
        self.add(1, self.present_line, self.loss, *self.lines, *self.marks)
        self.restyle()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.present_line.setPen(self.pen(colours().muted, 1, Qt.PenStyle.DotLine))
        self.loss.setPen(self.pen(colours().accent, 1.5))
        self._pens = QPen(QColor(colours().ink)), run_pen(1, 2)
        for line, mark, pen in zip(self.lines, self.marks, self._pens, strict=True):
            line.setPen(self.pen(pen.color(), 2, pen.style()))
            mark.setBrush(pen.color())

    def show_numbers(self, known: Array, names: list[str], present: int, run: Run, measure: str) -> None:
        """Draw numbers with these names, and the loss of the run, whose title is `measure`.

        `known` has the columns iteration and numbers. `present` is the index of the displayed iteration.
        """
        self._known, self._readout = known, readouts(run, measure)[0]
        self._short = [shortened(name) for name in names]
        room = (self.width() - self.left.width() - self.loss_axis.width()) / len(names) - px(LINE_PX)
        metrics, middle = QFontMetrics(ui_font(11)), Qt.TextElideMode.ElideMiddle
        texts = [metrics.elidedText(name, middle, int(room)) for name in names]
        keys = map(key_entry, self._pens, texts)
        self.show_title("&nbsp;&nbsp; ".join(keys) if len(names) > 1 else "")
        self.name_axes("iterations", "" if len(names) > 1 else names[0])
        self.loss_axis.set_text(measure)
        low, high = _span(known[:, 1:])
        rings = RING_PX / max(self.box.width(), 1.0), RING_PX / max(self.box.height(), 1.0)
        across = add_margins(0.0, max(1.0, *known[-1:, 0]), 0.025, 0.025, rings[0])
        self.set_view(across, add_margins(low, high, 0.06, 0.1, rings[1]))
        points = in_columns(run.history.points, self.pixel()[0], run.history.bucket)
        least, most = _span(np.minimum(points[:, 1], ceiling(points[:, 1])))
        self.loss_axis.times = (high - low) / (most - least)
        self.loss_axis.shift = low - least * self.loss_axis.times
        self.loss_axis.picture = None
        heights = points[:, 1] * self.loss_axis.times + self.loss_axis.shift
        self.loss.setData(points[:, 0], self.clip_heights(heights))
        for k, (line, mark) in enumerate(zip(self.lines, self.marks, strict=True), start=1):
            points = known[:, [0, min(k, len(names))]][: len(known) if k <= len(names) else 0]
            line.setData(*points.T)
            mark.setData(*points[: len(points) if len(points) <= FEW else 0].T)
        self.present_line.setData(known[[present, present], 0], self.view()[1])
        self.show_present(*known[present, :2])

    def _index(self, x: float) -> int:
        return int(np.abs(self._known[:, 0] - x).argmin())

    def place_after(self, start: QPointF, right: int, up: int) -> QPointF | None:
        """Return the place of the next known iteration; the keys Up and Down read no other."""
        k = min(max(self._index(start.x()) + right, 0), len(self._known) - 1)
        return QPointF(self._known[k, 0], start.y()) if right else None

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the number that is nearest to `at` at a known iteration, and all numbers there."""
        iteration, *values = self._known[self._index(at.x())].tolist()
        lines = [f"{name} {as_text(value)}" for name, value in zip(self._short, values, strict=True)]
        lines += filter(None, [self._readout.text_at(int(iteration))])
        height = min(values, key=lambda value: abs(value - at.y()))
        return QPointF(iteration, height), "\n".join((f"iteration {as_text(iteration)}", *lines))


def _span(values: Array) -> Span:
    """Return the lowest and the highest finite value, or a range around them if they are equal."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    room = 0.0 if low < high else abs(low) / 10 or 1.0
    return low - room, high + room


PRESS_RUN = "Press Run or One update to plot {} over the iterations of the run"
NO_ROWS = "The outputs of nodes need a row of data: add a row"


class NumbersView(RunView):
    """The selected weights or biases, or a of the selected node, over the iterations beside the loss.

    The number of a node is that of the row on the diagram.
    """

    phrase, ending = "the numbers over the iterations", "-iterations"
    tip = "At the known iterations, every number is exact; between two of them, the line is straight"

    plane: NumbersPlane

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, NumbersPlane())

    def subject(self, now: Moment) -> tuple[object, ...]:  # noqa: D102
        return *super().subject(now), now.row, id(now.what_if_row)

    def missing(self, now: Moment) -> str:  # noqa: D102
        self._addresses = [each for each in (now.weights if now.weights[0] else (now.address,)) if each]
        if now.trace is None and not now.weights[0]:
            return NO_ROWS
        row = f"row {now.row + 1:,}" if now.what_if_row is None else "what-if row"
        network = now.state.network
        self._names = [
            axis_name(network, each) if each.is_number else f"a ({network.name_of(each)}, {row})"
            for each in self._addresses
        ]
        return "" if self._past.end.iteration else PRESS_RUN.format(" and ".join(self._names))

    def measure(self, network: Network) -> Work[list[float]]:
        """Compute the numbers of a network."""
        yield from ()
        now, row = self._now, self._now.row_index
        if now.weights[0]:
            return [network.value_of(each) for each in self._addresses]
        trace = network.forward(now.row_state.data.inputs[row : row + 1])
        return [float(trace.a[each.layer][0, each.node]) for each in self._addresses]

    def draw(self, results: dict[int, Any]) -> tuple[str, str]:
        """Draw the numbers and the loss."""
        end, at, names = self._past.end, self._now.state.iteration, self._names
        assert end.run is not None
        known = np.array([(at, *values) for at, values in results.items()])
        self.plane.show_numbers(known, names, [*results].index(at), end.run, end.curve_title)
        values = ", ".join(f"{name} {full_text(x)}" for name, x in zip(names, results[at], strict=True))
        text = f"Iteration {at:,} of {end.iteration:,}: {values}; known at {counted(len(known), 'iteration')}"
        return f"{' and '.join(names)} over the iterations", text


# --- histograms

RISE = 3.0
"""Height of the fullest bin, as a multiple of the usual distance between two histograms."""


class HistogramPlane(ReadPlot):
    """The plot of histograms with common bins, each at its iteration on the left axis, the first on top.

    A single histogram has an axis with counts.
    """

    tip = "Move the mouse over the plot, or press an arrow key, to read the count of a bin"

    def __init__(self, letter: str, role: str) -> None:
        """Make a plot for numbers that are written as `letter`, in a colour of the palette."""
        super().__init__(grid=False, whole="left")
        self._letter, self._role = letter, role
        self.outlines: list[CurveItem] = []
        self.restyle()

    def show_histograms(self, parts: dict[int, Histogram], present: int) -> None:
        """Draw histograms by iteration, and fill the one of iteration `present`."""
        self._parts, self._iterations = [*parts.values()], [*parts]
        most, edges = np.array([part.counts.max() for part in self._parts]), self._parts[0].edges
        first, last = self._iterations[0], self._iterations[-1]
        apart = (RIDGES - 1) / max(last - first, 1)
        self._rise = RISE / max(most.max(), 1) if first < last else 1.0
        self._bases = apart * (last - np.array(self._iterations))
        self.left.times, self.left.shift = (-apart, apart * last) if first < last else (1.0, 0.0)
        self.left.picture, top = None, float((self._bases + self._rise * most).max())
        across = add_margins(float(edges[0]), float(edges[-1]), 0.02, 0.02, 0.0)
        self.set_view(across, (-0.02 * top, 1.04 * top))
        for outline in self.outlines[len(parts) :]:
            outline.hide()
        for k, (at, part) in enumerate(parts.items()):
            if k == len(self.outlines):
                self.outlines.append(CurveItem())
                self.add(1, self.outlines[k])
            base, colour = float(self._bases[k]), getattr(colours(), self._role if at == present else "muted")
            brush = faint(colour, 0.5) if at == present else faint(colours().surface, 0.85)
            heights = base + self._rise * np.concatenate(([0], np.repeat(part.counts, 2), [0]))
            pen, x = self.pen(colour, 1), np.repeat(edges, 2)
            self.outlines[k].setData(x, heights, fillLevel=base, brush=brush, pen=pen)
            self.outlines[k].show()

    def _bin(self, at: QPointF, right: int = 0, up: int = 0) -> tuple[int, int]:
        """Return the indices of a histogram and of a bin: those at a place, or a step from there."""
        edges = self._parts[0].edges
        k = int((self._bases > at.y()).sum()) - up
        i = int(edges.searchsorted(at.x(), side="right")) - 1 + right
        return min(max(k, 0), len(self._parts) - 1), min(max(i, 0), len(edges) - 2)

    def place_after(self, start: QPointF, right: int, up: int) -> QPointF | None:
        """Return the place of the next bin, or of the same bin of the next histogram."""
        k, i = self._bin(start, right, up)
        return QPointF(float(self._parts[k].edges[i : i + 2].mean()), float(self._bases[k]))

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the top of the bin at a place, and its edges and count."""
        k, i = self._bin(at)
        part, iteration = self._parts[k], self._iterations[k]
        (low, high), count = part.edges[i : i + 2].tolist(), int(part.counts[i])
        text = f"{as_text(low)} ≤ {self._letter} < {as_text(high)}\ncount {count:,} of {part.counts.sum():,}"
        top = float(self._bases[k] + self._rise * count)
        return QPointF((low + high) / 2, top), f"iteration {iteration:,}\n{text}"


class HistogramView(RunView):
    """Histograms of numbers of the selected layer at iterations of the run.

    `things` names the numbers, `letter` is their sign in formulas, and `role` their colour in the palette.
    """

    tip = "A bin holds the numbers from its left edge up to its right edge, without the right edge itself"
    things: str
    letter: str
    role = "accent"

    plane: HistogramPlane

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, HistogramPlane(self.letter, self.role))

    @abstractmethod
    def values(self, state: State, layer: int) -> Iterator[Array]:
        """Yield the numbers of the layer in arrays; an empty array after other units of work."""

    def chosen(self, known: list[int]) -> Sequence[int]:
        """Return about RIDGES iterations at about equal distances."""
        wanted = np.linspace(0, known[-1], RIDGES)[:, None]
        return [known[k] for k in np.abs(np.array(known) - wanted).argmin(axis=1)]

    def measure(self, network: Network) -> Work[Histogram]:
        """Count the numbers of a network block by block."""
        state, parts = replace(self._now.state, network=network, run=None), list[Histogram]()
        for k, values in enumerate(self.values(state, self._address.layer)):
            if k:
                yield
            parts = [joined([*parts, histogram(values)])] if values.size else parts
        return parts[0]

    def draw(self, results: dict[int, Any]) -> tuple[str, str]:
        """Draw the histograms with common bins."""
        at, network, layer = self._now.state.iteration, self._now.state.network, self._address.layer
        parts = dict(zip(results, aligned([*results.values()]), strict=True))
        self.plane.show_histograms(parts, at)
        name = f"{self.things}: {column_title(layer + 1, len(network.layers))}"
        self.plane.name_axes(name, "iteration" if len(parts) > 1 else "count")
        part = parts[at]
        low, high, width = map(as_text, (*part.edges[[0, -1]].tolist(), 2.0**part.exponent))
        bins = f"{counted(len(part.counts), 'bin')} of width {width} from {low} to {high}"
        left_out = f"; {part.left_out:,} infinite or NaN left out" if part.left_out else ""
        return name, f"Iteration {at:,}: {counted(int(part.counts.sum()), 'number')} in {bins}{left_out}"


CHUNK = 50_000
"""Number of weights that are counted at once, which takes about 2 ms."""


class WeightHistogram(HistogramView):
    """Histograms of the weights of a layer, without its biases."""

    phrase, ending, things, letter = "the histogram of the weights", "-weights", "Weights", "w"

    def values(self, state: State, layer: int) -> Iterator[Array]:  # noqa: D102
        return _in_chunks(state.network.layers[layer].weights)


def _in_chunks(values: Array) -> Iterator[Array]:
    return (values.ravel()[start : start + CHUNK] for start in range(0, values.size, CHUNK))


class SlopeHistogram(HistogramView):
    """Histograms of the mean slopes of a layer's weights over all training rows."""

    phrase, ending, things, letter = "the histogram of the slopes", "-slopes", "Mean slopes", "slope"
    role = "slope"

    def missing(self, now: Moment) -> str:  # noqa: D102
        return missing_for_training(now.state)

    def values(self, state: State, layer: int) -> Iterator[Array]:  # noqa: D102
        results = Results(state)
        for _ in results.find("means", partial(means_in_blocks, None), BLOCK_NS):
            yield np.empty(0)
        yield from _in_chunks(results.found["means"].slopes.layers[layer].weights)


class ActivationHistogram(HistogramView):
    """Histograms of the outputs a of a layer's nodes over all rows."""

    phrase, ending, things, letter = "the histogram of the activations", "-activations", "Activations", "a"

    def missing(self, now: Moment) -> str:  # noqa: D102
        return "" if len(now.state.data) else NO_ROWS

    def values(self, state: State, layer: int) -> Iterator[Array]:  # noqa: D102
        return (trace.a[layer] for _, trace in traces_in_blocks(state.network, state.data.inputs))
