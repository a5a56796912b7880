"""The plot of the loss over one weight, and the panel that plots the loss over two weights.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.edits import set_value
from nnviz.core.function import Span
from nnviz.core.landscape import (
    Grid,
    LossLine,
    LossMap,
    LossPoint,
    is_full_gradient_descent,
    line_is_valid,
    loss_line,
    loss_map,
    same_except,
)
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, full, full_text, moved_by_steps, shorten_names
from nnviz.core.state import State
from nnviz.document.idle import APART_MS, COMPUTING, FRAME_MS, REDRAWN_LATER, Slicer
from nnviz.document.job import NEEDS_ROWS, NO_TRAINING_ROWS
from nnviz.document.moment import Moment, is_new
from nnviz.explain.mean import all_rows_phrase
from nnviz.picture.scales import Tone, blended_pixels, log_ticks, loss_tones, round_ticks
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours
from nnviz.ui.plot.card import CaptionedPlot, PlotPanel, are_same, coloured
from nnviz.ui.plot.plot import CurveItem, DotItem, drawable_ranges, faint
from nnviz.ui.plot.points import SHORT, MapPlot, MarksItem, contours


def axis_name(network: Network, weight: Address) -> str:
    """Return the title of a weight's axis, such as "w (accounts → node_0)", or "b (node_0)" for a bias."""
    name = network.name_of(weight._replace(kind="node") if weight.kind == "bias" else weight)
    return f"{weight.symbol} ({name})"


class LossPlane(MapPlot):
    """A plot of the loss over weights. The accessible name is the loss's title and `title_ending`."""

    title_ending: str
    _measure = ""

    def show_measure(self, title: str) -> None:
        """Set the title of the loss, such as "MSE"."""
        self._measure = title
        self.setAccessibleName(f"{title} {self.title_ending}")

    def in_words(self, weights: tuple[float, ...], loss: float) -> str:
        """Return a readout with the weights and the loss, each on a line of its own."""
        names = shorten_names(self._names, SHORT)
        lines = [f"{name} = {as_text(value)}" for name, value in zip(names, weights, strict=False)]
        return "\n".join((*lines, f"{self._measure} {as_text(loss) if math.isfinite(loss) else 'too large'}"))


class LossView(CaptionedPlot):
    """The loss over the selected weights, which the mouse and keys move; or a sentence on what is missing.

    `wanted` is the number of weights that the plot needs: 1 or 2.
    """

    wanted: int
    wide = 1.6

    plane: LossPlane
    _result: object = None
    """The last computed loss over the weights, possibly for an earlier State."""
    _drawn: tuple[object, ...] = ()
    """The part of the result that the plane shows, and the palette of the plane."""

    def __init__(self, desk: Desk, plane: LossPlane) -> None:
        super().__init__(desk, plane)
        self._now = self._document.now
        self.weights: tuple[Address, ...] = ()
        self._sizes: tuple[int, ...] = ()
        self._gesture = object()
        self.work = Slicer(self, lambda: self.compute(self._now), self._show)
        plane.point_moved.connect(self._set)
        plane.point_nudged.connect(self._nudge)
        plane.gesture_ended.connect(self._end_gesture)

    def hint(self, state: State) -> str:
        """Return a message that says how to choose the missing weights, or "" if the panel hides the plot."""
        return ""

    @abstractmethod
    def compute(self, now: Moment) -> Iterator[None]:
        """Compute the loss over the weights, and yield after each unit of work."""

    @abstractmethod
    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed loss. Return whether this loss belongs to `state`, and the caption in HTML."""

    # --- updating

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Plot the loss over the selected weights, or show a sentence that says what is missing."""
        self._now, sizes, weights = new, new.state.network.sizes, self._weights_of(new)
        is_chosen = (weights, sizes) != (self.weights, self._sizes)
        if is_chosen:
            self.weights, self._sizes = weights, sizes
            self._result, self._drawn = None, ()
            self._end_gesture()
            self.work.stop()
        if is_chosen or is_new(old, new, "state.network", "state.data", "state.training", "state.run"):
            self._begin(new.state)
        if old is None and self._result is not None and self.pages.plot_visible:
            self._show()  # at once, since the theme may be another

    def rest(self) -> None:  # noqa: D102
        self.work.stop()

    def _weights_of(self, now: Moment) -> tuple[Address, ...]:
        """Return the selected weights that the plot is over; some may be missing."""
        return tuple(dict.fromkeys(weight for weight in now.weights[: self.wanted] if weight))

    def _begin(self, state: State) -> None:
        """Start to compute the plot, or show a sentence that says what is missing."""
        self.plane.show_measure(state.trained_title)
        is_chosen = len(self.weights) == self.wanted
        missing = "" if is_chosen else self.hint(state)
        if not state.trainable:
            no_targets = not len(state.data) or state.data.targets is None
            missing = NEEDS_ROWS.format(loss=state.measure.phrase) if no_targets else NO_TRAINING_ROWS
        if missing or not is_chosen:
            self.work.stop()
            self.pages.show_sentence(missing)
        else:
            self.work.restart(APART_MS if state.run else FRAME_MS)

    def _show(self) -> bool:
        """Show the result, or why nothing is drawn. Return whether it is of the present State."""
        self.pages.plot_visible = True
        is_current, caption = self.draw(self._now.state)
        self.caption.setText(caption)
        if not self._drawn:
            self.pages.show_sentence(caption)
        return is_current

    def has_changed(self, drawn: object) -> bool:
        """Return whether the plane shows something else than `drawn`, and remember what it shows now."""
        before, self._drawn = self._drawn, (drawn, colours())
        return not are_same(before, self._drawn)

    # --- changing the weights

    def _nudge(self, right: int, up: int, size: str) -> None:
        steps = (right + up,) if self.wanted == 1 else (right, up)
        network = self._document.state.network
        weights = zip(self._weights_of(self._document.now), steps, strict=False)
        self._set(*(moved_by_steps(network.value_of(weight), step, size) for weight, step in weights))

    def _set(self, *values: float) -> None:
        """Set the values of the weights; the changes of one gesture are one undo entry."""
        weights = self._weights_of(self._document.now)
        pairs = list(zip(weights, values, strict=False))  # a curve's point has no second weight
        names = " and ".join(self._document.state.network.name_of(weight) for weight in weights)
        self._document.edit(f"Set {names}", _with_values, pairs, merge=self._gesture)

    def _end_gesture(self) -> None:
        self._gesture = object()


def _with_values(state: State, values: Iterable[tuple[Address, float]]) -> State:
    for weight, value in values:
        state = set_value(state, weight, value)
    return state


HEAD = 9
"""Length of the arrow's head, in pixels."""


class LossCurvePlane(LossPlane):
    """The plot of the loss over one weight."""

    title_ending = "along the selected weight"

    def __init__(self) -> None:
        super().__init__(grid=True)
        self.setToolTip("Click or drag to set the weight; arrow keys change it by 0.1 (Shift: 1, Alt: 0.01)")
        self._landing: tuple[float, float] | None = None
        self.of_data = CurveItem()
        self._step, self._drop = CurveItem(), CurveItem()
        self._head = pg.ArrowItem(headLen=HEAD, tipAngle=50, baseAngle=10, pen=None)
        self._end = DotItem(7)
        self.add(2, self.of_data, self._drop, self._step, self._head, self._end)
        self._head.hide()
        self.restyle()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        palette = colours()
        self.line.setPen(self.pen(palette.muted))
        self.of_data.setPen(self.pen(palette.muted, 1, Qt.PenStyle.DashLine))
        self._step.setPen(self.pen(palette.accent))
        self._drop.setPen(self.pen(palette.accent, 1, Qt.PenStyle.DotLine))
        self._head.setStyle(brush=palette.accent)
        self._end.set_colours(palette.accent)

    def show_curve(self, values: Array, loss: Array, up: Span, of_data: Array | None = None) -> None:
        """Draw `loss` over the weight's `values`. `up` is the range of the loss axis.

        If `of_data` is not None, draw this loss of the data alone as a dashed curve.
        """
        self.set_view((float(values[0]), float(values[-1])), up)
        hidden = np.full(len(values), np.nan)
        for curve, heights in (self.line, loss), (self.of_data, hidden if of_data is None else of_data):
            curve.setData(values, self.clip_heights(np.where(np.isfinite(heights), heights, np.nan)))
        self.place_marks()

    def show_point(self, w: float, loss: float, slope: float, landing: tuple[float, float] | None) -> None:
        """Draw the point of the current weight, its tangent, and an arrow for the next step.

        If `slope` is NaN, no tangent is drawn. `landing` holds the weight and the loss after the step. If
        `landing` is None, no arrow is drawn.
        """
        self._landing = landing
        self.show_present(w, loss, slope)
        self._place_step()

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the curve's point whose x is nearest to `at`, and its readout."""
        points = self.line.points
        w, loss = points[np.abs(points[:, 0] - at.x()).argmin()].tolist()
        height = loss if math.isfinite(loss) else self.view()[1][1]
        return QPointF(w, height), self.in_words((w,), loss)

    def place_marks(self) -> None:
        """Draw the tangent and the arrow, whose lengths in pixels do not change."""
        super().place_marks()
        self._place_step()

    def _place_step(self) -> None:
        """Draw the step along w to its end, or to the plot's edge, and a line from its end to the curve."""
        for line in (self._step, self._drop):
            line.setData([], [])
        for mark in (self._head, self._end):
            mark.hide()
        if self._point is None or self._landing is None:
            return
        (low, high), _ = self.view()
        x, y = self._point.x(), self._point.y()
        end, loss = self._landing
        is_inside = low <= end <= high
        end = min(max(end, low), high)
        if abs(end - x) > 2 * HEAD * self.pixel()[0]:
            self._head.setStyle(angle=180 if end > x else 0)
            self._head.setPos(end, y)
            self._head.show()
        self._step.setData([x, end], [y, y])
        if is_inside and math.isfinite(loss):
            height = float(self.clip_heights(np.array(loss)))
            self._drop.setData([end, end], [y, height])
            self.place_dot(self._end, end, height)


TOO_LARGE_LOSS = "The {} at the current weights is too large to plot."


class LossCurve(LossView):
    """The mean loss over the rows as a function of the selected weight. Dragging sets the weight."""

    phrase, ending = "the loss over one weight", "-1-weight"
    tip = "Shows the mean loss, its slope, and the loss after a step that moves only the selected weight"
    wanted, caption_lines = 1, 3

    plane: LossCurvePlane
    _result: LossLine | None

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, LossCurvePlane())

    def compute(self, now: Moment) -> Iterator[None]:
        """Compute the curve, first coarse and then fine."""
        for step in loss_line(now.state, self.weights[0], self._result, now.known_slopes):
            self._result = step or self._result
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed curve. Return whether the curve belongs to `state`, and the caption in HTML."""
        line, name, title = self._result, axis_name(state.network, *self.weights), state.measure.title
        key = f" · dashed: {state.measure.phrase}" if line and line.of_data is not None else ""
        self.plane.name_axes(name + key, "training loss" if state.training.penalty else title)
        if line is None:
            return False, COMPUTING
        if not line_is_valid(line, state):
            return False, self._draw_old(line, state)
        if not line.drawable:
            self._drawn = ()
            return True, TOO_LARGE_LOSS.format(state.measure.phrase)
        if self.has_changed(line.values):
            self.plane.show_curve(line.values, line.loss, line.heights(), line.of_data)
        self.plane.set_stale(False)
        self.plane.show_point(line.w, line.point.loss, line.point.slope, line.landing)
        self.plane.setAccessibleDescription("; ".join(line_texts(line, full_text, lambda _, text: text)))
        return True, "<br>".join(line_texts(line, as_text, coloured_role))

    def _draw_old(self, line: LossLine, state: State) -> str:
        """Draw the curve of an earlier State while the curve of `state` is computed."""
        same = same_except(line.state, state, line.weight)
        self.plane.set_stale(not same)
        w = state.network.value_of(line.weight)
        self.plane.show_point(w, line.loss_at(w) if same else math.nan, math.nan, None)
        return COMPUTING if same else REDRAWN_LATER


def line_texts(
    line: LossLine, number: Callable[[float], str], paint: Callable[[str, str], str]
) -> Iterator[str]:
    """Yield the parts of the caption: the loss and slope, the next step, and the loss after this step.

    The loss after the step assumes that only this weight moves. `number` writes a number, and `paint` gives a
    text the colour of a role of the palette.
    """
    loss, slope, state = line.point.loss, line.point.slope, line.state
    here = f"{_loss_words(state, line.point, number)} · "
    yield paint("muted", here) + paint("slope", f"slope {number(slope)}")
    # the next step of a script or another optimizer is not known
    is_next = is_full_gradient_descent(state) and not state.is_watched
    yield f"{paint('accent', 'Next step:' if is_next else 'Gradient descent step:')} {_move(line, number)}"
    if line.landing is None or line.landing[0] == line.w:
        return
    after = line.landing[1]
    there = _in_words(state.trained_title, after, number)
    way = _which_way(loss, after) or (", higher" if loss < after < math.inf else "")
    yield f"If only this weight moves: {paint('muted' if after <= loss else 'error', there + way)}"


def _loss_words(state: State, point: LossPoint, number: Callable[[float], str]) -> str:
    """Return the present loss of the data and the penalty as text."""
    loss = _in_words(state.measure.title, point.of_data, number)
    penalty = f" + {_in_words('penalty', point.penalty, number)}" if state.training.penalty else ""
    return f"{loss}{penalty} over {all_rows_phrase(state)}"


def _in_words(title: str, loss: float, number: Callable[[float], str]) -> str:
    return f"{title} {number(loss) if math.isfinite(loss) else 'infinite or NaN'}"


def coloured_role(role: str, text: str) -> str:
    """Return HTML that shows `text` in the colour of a role of the palette."""
    return coloured(getattr(colours(), role), text)


def _move(line: LossLine, number: Callable[[float], str]) -> str:
    """Return the change of the weight in the step, as "w 2 → 1.984"."""
    w = f"{line.weight.symbol} {number(line.w)}"
    if line.landing is None:
        return f"{w} would become infinite or NaN"
    end, _ = line.landing
    if end == line.w:
        frozen = ": frozen" if line.state.freezing(line.weight) else ""
        return f"{w} does not change{frozen or ': the slope is 0' * (line.point.slope == 0.0)}"
    low, high = line.stretch
    return f"{w} → {number(end)}{_which_way(line.w, end)}{'' if low <= end <= high else ' (off the plot)'}"


def _which_way(start: float, end: float) -> str:
    """Return the direction of a change too small to change the written number, or ""."""
    if start == end or as_text(start) != as_text(end):
        return ""
    return ", a little higher" if end > start else ", a little lower"


SIZE = 193
"""Width and height of the colour map, in pixels."""
LEVELS = 8
"""Approximate number of contours."""
FEW = 60
"""If a path has at most this number of points, each point has a mark, else only the start of the path."""


class LossSurfacePlane(LossPlane):
    """The plot of the loss over two weights; `grid` holds the losses."""

    title_ending = "over two weights"

    def __init__(self) -> None:
        super().__init__(grid=False)
        self.setToolTip("Click or drag to set both weights; arrow keys move one by 0.1 (Shift: 1, Alt: 0.01)")
        self.grid: Grid | None = None
        self._halo, self.path = (CurveItem() for _ in range(2))
        self._start = MarksItem(4)
        self.add(2, self._halo, self.path, self._start)
        self.restyle()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        palette = colours()
        self.line.setPen(self.pen(faint(palette.ink, 0.32), 1))
        self._halo.setPen(self.pen(faint(palette.surface, 0.8), 5))
        self.path.setPen(self.pen(palette.ink))
        self._start.setBrush(palette.ink)

    def show_grid(self, grid: Grid) -> None:
        """Draw the loss on a grid; losses that are not finite are gaps."""
        self.grid = grid
        tone = Tone.scale_for(grid.loss)
        levels = levels_of(tone)
        share, tones = tone.share(grid.loss), loss_tones(colours())
        ends = ((float(values[0]), float(values[-1])) for values in (grid.values1, grid.values2))
        (left, right), (bottom, top) = drawable_ranges(*ends)
        # the centres of the outer pixels are on the edge of the grid
        across, up = (right - left) / (SIZE - 1), (top - bottom) / (SIZE - 1)
        pixels = blended_pixels(share.T, tones, SIZE)
        self.show_image(pixels, (left - across / 2, right + across / 2), (bottom - up / 2, top + up / 2))
        # computed on the colour scale, the contours are even
        shares = tone.share(np.array(levels)).tolist()
        self.line.setData(*contours(grid.values1, grid.values2, share.T, shares).T)
        self.bar.show_scale(tone, levels, tones)
        self.set_view((left, right), (bottom, top))

    def show_path(self, path: Array) -> None:
        """Draw the path of a run, shape (points, 2): the values of the two weights."""
        for line in (self._halo, self.path):
            line.setData(path[:, 0], path[:, 1])
        marks = path if len(path) <= FEW else path[:1]
        self._start.setData(marks[:, 0], marks[:, 1], size=[6, *[4] * len(marks)][: len(marks)])

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the grid point that is nearest to `at`, and its readout."""
        grid = self.grid
        assert grid is not None
        i, j = (int(np.abs(v - c).argmin()) for v, c in ((grid.values1, at.x()), (grid.values2, at.y())))
        x, y, loss = float(grid.values1[i]), float(grid.values2[j]), float(grid.loss[i, j])
        return QPointF(x, y), self.in_words((x, y), loss)


def levels_of(tone: Tone) -> list[float]:
    """Return about `LEVELS` round losses in the range of `tone`, at which the contours are drawn."""
    if not tone.logarithmic:
        return round_ticks(tone.low, tone.high, LEVELS)
    return [10.0**power for power in log_ticks(math.log10(tone.low), math.log10(tone.high), LEVELS)]


CHOOSE_WEIGHTS = "Click a weight on the diagram and Ctrl+click a second weight to plot the {} over both."
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram to plot the {} over both."
TOO_LARGE_WEIGHTS = "These weights are too large to plot."
PROJECTED = ", projected onto both weights"


class LossSurface(LossView):
    """The mean loss over the rows as a function of two weights. Dragging the point sets both weights.

    A line shows the path of the last run, from the run's start to the network shown last. Undone updates
    are not part of the line until they are redone. Edits of weights do not change the line; with other data
    or another structure, the plot has no line.
    """

    phrase, ending = "the loss over two weights", "-loss-surface"
    tip = "The colour of each point shows the loss at its two weights; all other weights stay as they are"
    wanted, caption_lines = 2, 2

    plane: LossSurfacePlane
    _result: LossMap | None

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, LossSurfacePlane())
        self._past = desk.document.past

    def hint(self, state: State) -> str:  # noqa: D102
        return (CHOOSE_SECOND if self.weights else CHOOSE_WEIGHTS).format(state.measure.phrase)

    def compute(self, now: Moment) -> Iterator[None]:
        """Compute the map, first coarse and then finer."""
        first, second = self.weights
        path = self._over_weights(self._path(now.state.network))
        for step in loss_map(now.state, first, second, path, self._result, now.known_slopes):
            self._result = step or self._result
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed map and the path. Return whether the loss belongs to `state`, and the caption."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self.weights))
        result = self._result
        if result is None or not result.drawable:
            self._drawn = ()
        else:
            if self.has_changed(result.grid):
                self.plane.show_grid(result.grid)
            self.plane.set_stale(not same_except(result.state, state, *self.weights))
        point = result.point if result is not None and same_except(result.state, state) else None
        path = self._path(state.network)
        x, y = (state.network.value_of(weight) for weight in self.weights)
        self.plane.show_path(self._over_weights(path))
        self.plane.show_present(x, y)
        caption = " ".join(filter(None, (self._loss_text(state, point), self._path_text(path))))
        first, second = (state.network.name_of(weight) for weight in self.weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return point is not None, caption

    def _loss_text(self, state: State, point: LossPoint | None) -> str:
        """Return a sentence with the present loss, or the message that it is being computed."""
        if self._result is not None and not self._result.drawable:
            return TOO_LARGE_WEIGHTS
        if point is not None:
            return f"{_loss_words(state, point, as_text)}."
        stale = self._result is not None and not same_except(self._result.state, state, *self.weights)
        return REDRAWN_LATER if stale else COMPUTING

    # --- the path of the last run

    def _path(self, network: Network) -> list[Network]:
        """Return the stored networks of the last run in order; empty if the structure has changed."""
        last = self._past.shown
        fits = last is not None and _structure(last.network) == _structure(network)
        path = self._past.networks() if fits else []
        return path if len(path) > 1 else []

    def _over_weights(self, path: list[Network]) -> Array:
        """Return the values of the two weights along a path, shape (points, 2)."""
        first, second = self.weights
        return np.array([(each.value_of(first), each.value_of(second)) for each in path]).reshape(-1, 2)

    def _path_text(self, path: list[Network]) -> str:
        """Return a sentence about the line of the path, or "" without a path."""
        if not path:
            return ""
        return f"Line: the path of the last run{PROJECTED if path[0].parameters > self.wanted else ''}."


MOST_LISTED = 150
"""Largest number of weights and biases of a network for which combo boxes list them."""


class LossSurfacePanel(PlotPanel):
    """The panel with the loss over two weights. Two combo boxes list the weights of a small network."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Loss surface", LossSurface.phrase, LossSurface.ending)
        self.view = LossSurface(desk)
        self.body.addWidget(self.view)
        self._weights: list[Address] = []
        self.first = self.add_box("First weight", "Choose the weight on the horizontal axis")
        self.second = self.add_box("Second weight", "Choose the weight on the vertical axis")
        for box in (self.first, self.second):
            box.setPlaceholderText(f"{box.accessibleName()}…")
            box.activated.connect(self._choose)

    @property
    def plot(self) -> QWidget | None:  # noqa: D102
        return self.view.plot

    def show_moment(self, old: Moment | None, new: Moment) -> None:  # noqa: D102
        self.view.show_moment(old, new)
        self.setAccessibleName(self.view.plane.accessibleName())
        network = new.state.network
        self._weights = network.all_weights() if network.parameters <= MOST_LISTED else []
        names = [network.name_of(weight) for weight in self._weights]
        for box, weight in zip((self.first, self.second), new.weights, strict=True):
            box.show_items(names, self._weights.index(weight) if weight in self._weights else -1)
            box.setVisible(bool(names))

    def _choose(self) -> None:
        indices = [box.currentIndex() for box in (self.first, self.second)]
        self._document.select(*dict.fromkeys(self._weights[k] for k in indices if k >= 0))

    def rest(self) -> None:  # noqa: D102
        self.view.rest()


def _structure(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
