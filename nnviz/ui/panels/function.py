"""The function panel: the prediction over one or two inputs.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QLabel, QWidget

from nnviz.core.activations import Array
from nnviz.core.function import COARSEST, FunctionValues, Section, Span, point_ns, refined, section
from nnviz.core.metrics import THRESHOLD, bounds, decides, is_one_of_many
from nnviz.core.network import Network
from nnviz.core.numbers import counted, full, nudged, shorten_names, shortened, shown
from nnviz.core.slopes import forward_ns, row_blocks
from nnviz.core.state import State, Training
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, FRAME_MS, Slicer, Throttle
from nnviz.picture.palette import Palette
from nnviz.picture.shades import Tone, of_classes, of_numbers, shades
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import Choice, Stack, hold
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.panels import function_plane
from nnviz.ui.panels.function_plane import (
    MOST,
    PREDICTION,
    TARGET,
    Axes,
    FunctionPlane,
    Key,
    KeySample,
    Rows,
    are_toned,
    class_lines,
    class_shape,
    curve_colours,
    has_pairs,
    level_line,
)
from nnviz.ui.plot.card import PlotCard

SHORT = 22
"""Letters of a name."""
MOST_TOLD = 4
"""Of more outputs the largest are read out."""
MOST_NAMED = 10
"""Of more outputs none has a name beside its colour."""


def axis_names(network: Network, axes: Axes) -> tuple[str, str]:
    """Return what stands below the picture and at its left."""
    output = PREDICTION if axes.output is None else network.outputs[axes.output]
    if axes.across is None:
        return f"{TARGET} of {output}" if len(network.outputs) > 1 else TARGET, PREDICTION
    return network.inputs[axes.across], output if axes.up is None else network.inputs[axes.up]


def varying_inputs(state: State, axes: Axes, row: Array, written: Callable[[float], str]) -> list[str]:
    """Return the inputs that vary, with their values in a row, shape (inputs,)."""
    names = shorten_names(state.network.inputs, SHORT)
    return [f"{names[place]} = {written(float(row[place]))}" for place in axes.along]


def outputs(state: State, axes: Axes, prediction: Array, written: Callable[[float], str]) -> list[str]:
    """Return the output that is drawn, or of all the first ones, of classes the largest ones."""
    names = shorten_names(state.network.outputs, SHORT)
    if axes.output is not None:
        told = [axes.output]
    elif is_one_of_many(state.network):
        told = np.argsort(-prediction, kind="stable")[:MOST_TOLD].tolist()
    else:
        told = list(range(min(len(names), MOST_TOLD)))
    return [f"{names[k]}: {written(float(prediction[k]))}" for k in told]


def caption_text(state: State, axes: Axes, selection: Selection, found: bool) -> str:
    """Return what the picture means, a sentence on each line."""
    lines = [*_held(state, axes, selection), *_line(state, axes)]
    if state.validated:
        dotted = axes.up is not None and are_toned(state, axes)
        lines.append(f"{'With a dot' if dotted else 'Hollow'}: rows for validation.")
    if len(state.data) > MOST:
        lines.append(f"{MOST:,} of {counted(len(state.data), 'row')} are drawn.")
    if selection.free is not None:
        lines.append("Filled point: the free row, not stored.")
    if not found:
        lines.append(COMPUTING)
    return "\n".join(lines)


def key(state: State, axes: Axes, palette: Palette) -> list[KeySample]:
    """Return which colour is which output, where there are several."""
    names = shorten_names(state.network.outputs, SHORT)
    if axes.output is not None or len(names) > MOST_NAMED:
        return []
    colours = curve_colours(list(range(len(names))), palette)
    shapes = [class_shape(k) if axes.up is not None else None for k in range(len(names))]
    return [KeySample(*each) for each in zip(names, colours, shapes, strict=True)]


def _line(state: State, axes: Axes) -> Iterator[str]:
    """Yield what the line is, where there is one."""
    if axes.across is None:
        yield "Line: the prediction is the target."
    elif axes.up is None:
        return
    elif axes.output is None:
        yield "Line: the largest output changes."
    elif decides(state):
        yield f"Line: {shortened(state.network.outputs[axes.output], SHORT)} = {shown(THRESHOLD)}."


def _held(state: State, axes: Axes, selection: Selection) -> Iterator[str]:
    """Yield at which values the other inputs are held, where there are some."""
    others = len(state.network.inputs) - len(axes.along)
    if not others or axes.across is None:
        return
    which = "Other input" if others == 1 else f"Other {others:,} inputs"
    if selection.free is not None:
        yield f"{which}: as in the free row."
    elif len(state.data):
        yield f"{which}: as in row {selection.row + 1:,}."
    else:
        yield f"{which}: 0, for there is no row."


class Pointing:
    """Reads the view's plane out, and tries out what is pointed at."""

    def __init__(self, view: FunctionView, selection: Selection, derived: Derived) -> None:
        self._view, self._selection, self._derived = view, selection, derived
        self._plane: FunctionPlane = view.plane
        self._plane.reader = self._read

    @property
    def _axes(self) -> Axes:
        return self._view.axes

    @property
    def _state(self) -> State:
        return self._derived.state

    def described(self) -> str:
        """Return where the row on the diagram is, and what is predicted for it."""
        (state, row), trace = self._selection.looked_at, self._derived.trace
        if trace is None:
            return ""
        name = "Free row" if self._selection.free is not None else f"Row {row + 1}"
        along = varying_inputs(state, self._axes, state.data.inputs[row], full)
        return f"{name}: {', '.join([*along, *outputs(state, self._axes, trace.prediction[0], full)])}"

    def _read(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point to read out near another one: its inputs, and what the network predicts there."""
        if not self._plane.takes_point():
            return None
        if self._axes.across is None:
            return self._read_pair(at)
        inputs = self._inputs_at(self._plane.rounded(at))
        prediction = self._state.network.predict(inputs)[0]
        lines = varying_inputs(self._state, self._axes, inputs, shown)
        lines += outputs(self._state, self._axes, prediction, shown)
        if self._axes.up is not None:
            return QPointF(inputs[self._axes.across], inputs[self._axes.up]), "\n".join(lines)
        height = float(prediction[0 if self._axes.output is None else self._axes.output])
        return QPointF(inputs[self._axes.across], height if math.isfinite(height) else at.y()), "\n".join(
            lines
        )

    def _read_pair(self, at: QPointF) -> tuple[QPointF, str] | None:
        row, place = self._nearest(at)
        targets, output = self._state.data.targets, self._axes.output
        if row is None or targets is None or output is None:
            return None
        target, prediction = float(targets[row, output]), float(self._derived.prediction(row)[output])
        return place, f"row {row + 1:,}\ntarget {shown(target)}\nprediction {shown(prediction)}"

    def _inputs_at(self, at: QPointF) -> Array:
        """Return the inputs at a point of the picture, shape (inputs,)."""
        inputs = self._view.held.copy()
        for place, value in zip(self._axes.along, (at.x(), at.y()), strict=False):
            inputs[place] = value
        return inputs

    def _nearest(self, at: QPointF) -> tuple[int | None, QPointF]:
        """Return the drawn row whose mark is nearest to a point, and where that is."""
        points = self._plane.marks.rows.points
        if not len(points):
            return None, at
        away = (points - (at.x(), at.y())) / self._plane.pixel()
        nearest = int(np.nan_to_num(np.hypot(*away.T), nan=math.inf).argmin())
        return int(function_plane.drawn_rows(self._state)[nearest]), QPointF(*points[nearest].tolist())

    def put(self, x: float, y: float) -> None:
        """Try the inputs at a point out; of predictions over targets, look at the row that is nearest."""
        if self._axes.across is not None:
            self._selection.try_out(self._inputs_at(QPointF(x, y)))
        elif (row := self._nearest(QPointF(x, y))[0]) is not None:
            self._selection.row = row

    def nudge(self, right: int, up: int, size: str) -> None:
        """Move the point by so many steps, or look at the next row or the one before."""
        axes = self._axes
        if axes.across is None:
            self._selection.row += right - up
            return
        inputs = self._view.held.copy()
        steps = (right, up) if axes.up is not None else (right + up,)
        for place, step in zip(axes.along, steps, strict=True):
            inputs[place] = nudged(float(inputs[place]), step, size)
        self._selection.try_out(inputs)


TWO_PX = 290
"""From this width on two choices stand side by side."""


class AxesChoice(QWidget):
    """Lists what can stand across, up and in the picture. `changed`: something else is chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.axes = Axes(0, None)
        self._state: State | None = None
        self._listed: object = None
        self._labels: dict[Choice, QLabel] = {}
        self._pairs = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self.across = self._row("Across", "What is drawn from left to right", self._choose_across)
        self.up = self._row("Up", "What is drawn upwards", self._choose_up)
        self.output = self._row("Output", "Which output is drawn", self._choose_output)
        self._lay_out(1)

    def _row(self, name: str, tip: str, choose: Callable[[int], None]) -> Choice:
        label, choice = QLabel(name), Choice()
        label.setObjectName("muted")
        label.setFont(ui_font(11.5))
        label.setBuddy(choice)
        choice.setAccessibleName(name)
        choice.setToolTip(tip)
        choice.setMinimumContentsLength(3)
        choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.activated.connect(choose)
        self._labels[choice] = label
        return choice

    def _lay_out(self, pairs: int) -> None:
        """Put so many choices side by side."""
        if pairs != self._pairs:
            self._pairs = pairs
            for k, (choice, label) in enumerate(self._labels.items()):
                row, column = divmod(k, pairs)
                self._grid.addWidget(label, row, 2 * column)
                self._grid.addWidget(choice, row, 2 * column + 1)
            for column in (1, 3):
                self._grid.setColumnStretch(column, 1 if column < 2 * pairs else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put two side by side where both have room so."""
        super().resizeEvent(event)
        self._lay_out(2 if self.width() >= px(TWO_PX) else 1)

    def refresh(self, state: State) -> None:
        """List what this State has, and keep what is chosen as far as it has that; else begin anew."""
        before, self._state = self._state, state
        if before is None or before.network.sizes[0] != state.network.sizes[0]:
            self.axes = Axes.first(state)
        self.axes = self.axes.fitted(state)
        self._show()

    def _show(self) -> None:
        state, axes = self._state, self.axes
        assert state is not None
        network, pairs = state.network, has_pairs(state)
        together = replace(axes, output=None).fitted(state).output is None
        every = "all" if axes.up is None else "largest"
        listed = (network.inputs, network.outputs, pairs, together, every)
        if listed != self._listed:
            self._listed = listed
            inputs, outputs = network.inputs, network.outputs
            self._fill(self.across, [*inputs, *[TARGET] * pairs])
            self._fill(self.up, [PREDICTION, *inputs] if len(inputs) > 1 else [])
            self._fill(self.output, [*[every] * together, *outputs] if len(outputs) > 1 else [])
        self.across.setCurrentIndex(len(network.inputs) if axes.across is None else axes.across)
        self.up.setCurrentIndex(0 if axes.up is None else axes.up + 1)
        self.output.setCurrentIndex(0 if axes.output is None else axes.output + together)
        self.setVisible(any(choice.count() > 1 for choice in (self.across, self.up, self.output)))

    def _fill(self, choice: Choice, texts: list[str]) -> None:
        """Offer these, if there is anything to choose."""
        choice.clear()
        choice.addItems(texts)
        for widget in (choice, self._labels[choice]):
            widget.setVisible(len(texts) > 1)

    # --- what a person chooses

    def _choose_across(self, index: int) -> None:
        assert self._state is not None
        before = self.axes
        across = index if index < len(self._state.network.inputs) else None
        up = before.across if across is not None and across == before.up else before.up
        self._take(replace(before, across=across, up=up))

    def _choose_up(self, index: int) -> None:
        before, up = self.axes, index - 1 if index else None
        across = before.across
        if up is not None and up == across:
            across = before.up if before.up is not None else (1 if up == 0 else 0)
        elif up is not None and across is None:
            across = 1 if up == 0 else 0
        self._take(replace(before, across=across, up=up))

    def _choose_output(self, index: int) -> None:
        assert self._state is not None
        outputs = len(self._state.network.outputs)
        first = self.output.count() - outputs
        self._take(replace(self.axes, output=index - first if index >= first else None))

    def _take(self, axes: Axes) -> None:
        assert self._state is not None
        self.axes = axes.fitted(self._state)
        self._show()
        self.changed.emit()


FIRST_NS = 1e6
"""What the first picture takes, so that it is there in every frame of a run or a drag."""
BESIDE = 0.08
"""Room above and below what is seen of curves, as a share of its height."""
ROOMY = 0.5
"""A height is kept as long as all is in it, and takes no less than this share of it."""


class FunctionView:
    """Draws what the network computes, as `axes` choose it."""

    def __init__(self, plane: FunctionPlane, selection: Selection, derived: Derived) -> None:
        self.plane, self.axes = plane, Axes(0, None)
        self._selection, self._derived = selection, derived
        self._where: Section | None = None
        self._spans_of: object = None
        self._picture: FunctionValues | None = None
        self._predictions: Array | None = None
        self._found_for: tuple[object, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._marked: tuple[object, ...] = ()
        self._up: Span | None = None
        self._ended: tuple[int, ...] = ()
        """For how many pixels it was found as fine as it may be."""
        self._decides_of: tuple[object, ...] = ()
        self._decides = False

    @property
    def state(self) -> State:
        """The State that is drawn."""
        return self._derived.state

    def choose(self, axes: Axes) -> None:
        """Begin anew with these axes."""
        self.axes, self._up = axes, None
        self._picture = self._predictions = None
        self._found_for = ()

    # --- what is found

    @property
    def held(self) -> Array:
        """The inputs of the row on the diagram, shape (inputs,); 0 where there is no row."""
        state, row = self._selection.looked_at
        return state.data.inputs[row] if row < len(state.data) else np.zeros(len(state.network.inputs))

    @property
    def where(self) -> Section:
        """The line or plane that is drawn, the same one as long as nothing of it is different."""
        held, along = self.held.copy(), self.axes.along
        held[list(along)] = 0.0
        known = self._where
        same = known is not None and known.along == along and np.array_equal(known.held, held)
        if known is None or not same or self._spans_of is not self.state.data:
            self._where = known = section(self.state.data, along, held)
            self._spans_of = self.state.data
        return known

    @property
    def _wanted(self) -> tuple[object, ...]:
        """What a picture must be of."""
        if self.axes.across is None:
            return self.state.network, self.state.data
        return self.state.network, self.where

    @property
    def found(self) -> bool:
        """Whether what is known is of the present State."""
        return _are(self._found_for, self._wanted)

    @property
    def quick(self) -> bool:
        """Whether the coarsest picture may be found in every frame of a run or a drag."""
        if self.axes.across is None:
            return len(function_plane.drawn_rows(self.state)) * forward_ns(self.state.network) <= FIRST_NS
        points = math.prod(count / COARSEST for count in self.plane.pixels[: len(self.axes.along)])
        return points * point_ns(self.state.network) <= FIRST_NS

    def settled(self, moving: bool) -> bool:
        """Tell whether what is known is of the present State, and as fine as it is to be."""
        if not self.found or self.axes.across is None or self._picture is None:
            return self.found
        pixels = self.plane.pixels[: len(self.axes.along)]
        return moving or self._picture.prediction.shape[:-1] == pixels[::-1] or self._ended == pixels

    def find(self, moving: bool) -> Iterator[None]:
        """Find what is to be drawn, a unit of work at a time; where all is `moving`, only coarse."""
        wanted = self._wanted
        if self.axes.across is None:
            yield from self._predict_rows()
            self._found_for = wanted
            return
        pixels = self.plane.pixels[: len(self.axes.along)]
        finer_than = self._picture.prediction.size if self._picture is not None and self.found else 0
        for step in refined(self.state.network, self.where, pixels, FIRST_NS):
            if step is not None and (step.prediction.size > finer_than or len(step.values[0]) == pixels[0]):
                self._picture, self._found_for, self._ended = step, wanted, ()
            yield
            if moving and step is not None:
                return
        self._ended = pixels

    def _predict_rows(self) -> Iterator[None]:
        network, inputs = self.state.network, self.state.data.inputs[function_plane.drawn_rows(self.state)]
        parts = []
        for block in row_blocks(len(inputs), forward_ns(network)):
            parts.append(network.predict(inputs[block]))
            yield
        self._predictions = np.concatenate(parts)

    # --- what is drawn

    def draw(self) -> tuple[bool, str]:
        """Draw what is known. Return whether it is of the present State, and a caption."""
        network, axes, known = self.state.network, self.axes, self._picture
        across, up = axis_names(network, axes)
        self.plane.name_axes(across, up)
        if axes.across is None:
            self._draw_pairs()
        elif known is not None:
            (self._draw_map if axes.up is not None else self._draw_curves)(known)
        self.plane.stale(not self.found)
        self._draw_row()
        caption = caption_text(self.state, axes, self._selection, self.found)
        return self.found, caption

    @property
    def outputs(self) -> list[int]:
        """The outputs that are drawn."""
        count = len(self.state.network.outputs)
        return list(range(count)) if self.axes.output is None else [self.axes.output]

    @property
    def decides(self) -> bool:
        """Whether each output means one of two classes."""
        key = self.state.data, self.state.network.layers[-1].activation
        if not _are(self._decides_of, key):
            self._decides_of, self._decides = key, decides(self.state)
        return self._decides

    def _draw_map(self, picture: FunctionValues) -> None:
        palette, output = colours(), self.axes.output
        if not self._news(picture, palette):
            return
        if output is None:
            pixels, line = of_classes(picture.prediction, palette), class_lines(picture)
            self.plane.show_map(picture, pixels, line, None, shades(palette, False))
        else:
            two = self.decides
            tones, values = shades(palette, two), picture.prediction[..., output]
            tone = Tone(*bounds(self.state, output, values), logarithmic=False)
            line = level_line(picture, output, THRESHOLD) if two else np.empty((0, 2))
            self.plane.show_map(picture, of_numbers(values, tone, tones), line, tone, tones)
        self._mark(palette, lambda: function_plane.on_map(self.state, self.axes, palette))

    def _draw_curves(self, picture: FunctionValues) -> None:
        palette, outputs = colours(), self.outputs
        if not self._news(picture, palette):
            return
        targets = self.state.data.targets
        seen = [picture.prediction[:, outputs], *([] if targets is None else [targets[:, outputs]])]
        self._up = _height(np.concatenate([each.ravel() for each in seen]), self._up)
        self.plane.show_curves(picture, outputs, function_plane.curve_colours(outputs, palette), self._up)
        self._mark(palette, lambda: function_plane.on_curves(self.state, self.axes, outputs, palette))

    def _draw_pairs(self) -> None:
        palette, output, predictions = colours(), self.axes.output, self._predictions
        data, targets = self.state.data, self.state.data.targets
        if predictions is None or not _are(self._found_for[1:], (data,)):  # they are of other rows
            self._drawn = self._marked = ()
            self.plane.show_rows(Rows.none())
            return
        if targets is None or output is None or not self._news(predictions, palette):
            return
        across = _height(targets[:, output], None)
        self._up = _height(np.concatenate([predictions[:, output], targets[:, output]]), self._up)
        self.plane.show_diagonal(across, self._up)
        self._mark(
            palette, lambda: function_plane.on_pairs(self.state, output, predictions, palette), predictions
        )

    def _news(self, found: object, palette: object) -> bool:
        """Tell whether something else is to be drawn than what is."""
        drawn = found, palette, self.axes, self.state.data, self.state.training
        if _are(self._drawn, drawn):
            return False
        self._drawn = drawn
        return True

    def _mark(self, palette: Palette, make: Callable[[], Rows], moving: object = None) -> None:
        """Mark the rows, unless they are marked so; `moving` is what they move with."""
        marked = palette, self.axes, self.state.data, self.state.training, moving
        if not _are(self._marked, marked):
            self._marked = marked
            self.plane.show_rows(make())

    def _draw_row(self) -> None:
        """Ring the row on the diagram, or put the free row there."""
        (state, row), axes = self._selection.looked_at, self.axes
        free, trace = self._selection.free is not None, self._derived.trace
        if trace is None or row >= len(state.data):
            self.plane.show_row(math.nan, math.nan, free=False)
            return
        output = 0 if axes.output is None else axes.output
        targets, prediction = state.data.targets, float(trace.prediction[0, output])
        target = math.nan if targets is None else float(targets[row, output])
        if axes.across is None:
            self.plane.show_row(target, prediction, free=free)
            return
        x = float(state.data.inputs[row, axes.across])
        if axes.up is not None:
            self.plane.show_row(x, float(state.data.inputs[row, axes.up]), free=free)
        else:
            self.plane.show_row(
                x, prediction, free=free, target=target if axes.output is not None else math.nan
            )


def _are(known: tuple[object, ...], wanted: tuple[object, ...]) -> bool:
    """Tell whether these are the very same things; axes and settings are compared by value."""
    return len(known) == len(wanted) and all(
        one is other or (isinstance(one, Axes | Training | str | int) and one == other)
        for one, other in zip(known, wanted, strict=True)
    )


def _height(values: Array, before: Span | None) -> Span:
    """Return from where to where a plot goes that shows all finite values; as `before` where that will do."""
    known = values[np.isfinite(values)]
    if not known.size:
        return before or (-1.0, 1.0)
    low, high = float(known.min()), float(known.max())
    if before is not None and before[0] <= low and high <= before[1]:
        least = ROOMY * (before[1] - before[0])
        if high - low >= least or low == high:
            return before
    room = BESIDE * (high - low) if high > low else max(1.0, abs(low))
    return low - room, high + room


WIDE_PX, SIDE_PX, PLOT_SHARE, SIDE_SHARE = 400, 176, 3, 2
"""From this width on, plot and choices share it like this, the choices with so much at least."""
PLOT_PX = 140
"""So high the plot is at 100 %, at least."""
SHARE = 5
"""Of the time of a run or a drag, drawing takes no more than one part in so many."""
KEEP, LEAVE = "Keep as a row", "Leave it"
KEEPS = "Add the free row to the data (Enter in the picture)"
LEAVES = "Look at the row of the data again (Escape in the picture)"
FREE = "Free row: nothing is stored. Enter keeps it as a row, Escape leaves it"
LEFT = "The free row is left: row {:,} is on the diagram"


class FunctionPanel(PlotCard):
    """Shows the function beside what can be chosen. `said` carries a sentence for the status line."""

    said = Signal(str)
    content_px = 72

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        super().__init__("Function", "the function", "-function")
        self._document, self._selection = document, selection
        self.plane = FunctionPlane(colours())
        self.view = FunctionView(self.plane, selection, derived)
        self._frames = Throttle(self, self._show_coarse, share=SHARE)
        self.work = Slicer(self, lambda: self.view.find(document.in_motion), self._show)
        self.pointing = Pointing(self.view, selection, derived)
        self._make_side()
        self._page = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._page.setSpacing(12)
        self._page.addWidget(self.plane, PLOT_SHARE)
        self._page.addWidget(self.side)
        self.body.addLayout(self._page, 1)
        self.plane.setMinimumHeight(px(PLOT_PX))
        self._connect()
        self._seen, self._is_free = document.state, False
        self.axes.refresh(self._seen)
        self.view.choose(self.axes.axes)

    def _make_side(self) -> None:
        """Make what stands beside the plot, and the free row's buttons over it."""
        self.axes = AxesChoice()
        self.caption = QLabel()
        self.caption.setObjectName("muted")
        self.caption.setWordWrap(True)
        self.caption.setFont(ui_font(11.5))
        self.caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.keep, self.leave = quiet_button(KEEP, KEEPS, KEEP), quiet_button(LEAVE, LEAVES, LEAVE)
        self.keep.clicked.connect(self._keep)
        self.leave.clicked.connect(self._selection.leave_free)
        for button in (self.keep, self.leave):
            self.add_button(button)
        self.key = Key()
        self.side = Stack(self.key, self.axes, self.caption)

    def _connect(self) -> None:
        document, selection, plane = self._document, self._selection, self.plane
        self.axes.changed.connect(self._choose)
        plane.point_moved.connect(self.pointing.put)
        plane.point_nudged.connect(self.pointing.nudge)
        plane.kept.connect(self._keep)
        plane.left.connect(selection.leave_free)
        plane.resized.connect(self._begin)
        document.state_changed.connect(self._follow)
        document.motion_changed.connect(self._begin)
        selection.row_changed.connect(self._begin)
        selection.row_changed.connect(self._tell_of_free)

    @property
    def plot(self) -> FunctionPlane | None:  # noqa: D102
        return self.plane if self.plane.plotItem.isVisible() else None

    # --- when it is drawn

    def _choose(self) -> None:
        self.view.choose(self.axes.axes)
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network is new.network and old.data is new.data and old.training is new.training:
            return
        self._begin()

    def _look_again(self) -> None:
        """Offer what the network has now: that the free row is left may be told first.

        Where choices come or go, the plot gets another size and this is called again before it ends.
        """
        old, new = self._seen, self._document.state
        if (old.network.inputs, old.network.outputs) != (new.network.inputs, new.network.outputs) or (
            old.data is not new.data or old.network.layers[-1].activation != new.network.layers[-1].activation
        ):
            self.axes.refresh(new)
            if self.axes.axes != self.view.axes or old.network.sizes != new.network.sizes:
                self.view.choose(self.axes.axes)
        self._seen = new

    def _begin(self) -> None:
        """Ask for what is to be drawn, if it is another picture, or else draw where the point is now."""
        self._look_again()
        self._offer()
        if not self.isVisible():
            return
        if self.view.settled(self._document.in_motion):
            self._show()
            return
        if self.view.quick and not self.view.found:
            self._frames.changed()
        if not (self._document.in_motion and self.view.quick):
            self.work.ask(FRAME_MS)

    def _show_coarse(self) -> None:
        """Find and show the first picture at once, as part of the frame that shows the State."""
        if self.isVisible():
            for _ in self.view.find(moving=True):
                pass
            self._show()

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        present, caption = self.view.draw()
        if caption != self.caption.text():
            self.caption.setText(caption)
        self.key.show_samples(key(self._document.state, self.view.axes, colours()))
        self.plane.setAccessibleDescription(self.pointing.described())
        return present

    def _offer(self) -> None:
        """Offer to keep the free row, if there is one."""
        free = self._selection.free is not None
        hold(self.keep, self._document.held, KEEPS)
        for button in (self.keep, self.leave):
            button.setVisible(free)

    # --- what a person does

    def _tell_of_free(self) -> None:
        """Say that there is a free row, or none any more."""
        is_free = self._selection.free is not None
        if is_free != self._is_free:
            self._is_free = is_free
            self.said.emit(FREE if is_free else LEFT.format(self._selection.row + 1))

    def _keep(self) -> None:
        if said := self._selection.keep_free():
            self.said.emit(said)

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self._frames.stop()
        self.work.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the choices where the plot is left the better room."""
        super().resizeEvent(event)
        is_wide = self.width() >= px(WIDE_PX)
        directions = QBoxLayout.Direction
        self.side.setMinimumWidth(px(SIDE_PX) if is_wide else 0)
        self._page.setStretchFactor(self.side, SIDE_SHARE if is_wide else 0)
        self._page.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.plane.setMinimumHeight(px(PLOT_PX))
        self.plane.set_palette(colours())
        if self.isVisible():
            self._show()
