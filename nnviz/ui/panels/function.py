"""The function panel, which plots the prediction over one or two inputs.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import escape

import numpy as np
from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QLabel, QWidget

from nnviz.core.activations import Array
from nnviz.core.function import COARSEST, FunctionValues, Section, Span, point_ns, refined_pictures, section
from nnviz.core.metrics import decides_yes_or_no, is_one_of_many, output_range
from nnviz.core.network import Network
from nnviz.core.numbers import as_text, counted, full, moved_by_steps, shorten_names, shortened
from nnviz.core.slopes import forward_ns, row_blocks
from nnviz.core.state import State, Training
from nnviz.document.idle import COMPUTING, Slicer
from nnviz.document.moment import Moment, is_new
from nnviz.picture.scales import Tone, class_pixels, number_pixels, output_tones
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import Choice, Stack, set_lock_reason, wrapped_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.panels import function_plane
from nnviz.ui.panels.function_plane import (
    MOST,
    PREDICTION,
    SAMPLES,
    TARGET,
    Axes,
    FunctionPlane,
    Rows,
    are_toned,
    class_lines,
    class_shape,
    curve_colours,
    has_pairs,
    level_line,
)
from nnviz.ui.plot.card import Caption, PlotPanel, coloured

SHORT = 22
"""Longer names of inputs and outputs are shortened to this number of characters."""
MOST_READ_OUT = 4
"""Largest number of outputs in a readout, the text with the values at the mouse."""
MOST_NAMED = 10
"""Largest number of outputs for which the panel shows the key (legend) of colours."""


def axis_names(network: Network, axes: Axes) -> tuple[str, str]:
    """Return the titles of the horizontal and the vertical axis."""
    output = PREDICTION if axes.output is None else network.outputs[axes.output]
    if axes.horizontal is None:
        return f"{TARGET} of {output}" if len(network.outputs) > 1 else TARGET, PREDICTION
    return network.inputs[axes.horizontal], output if axes.vertical is None else network.inputs[axes.vertical]


def varying_inputs(state: State, axes: Axes, row: Array, format_: Callable[[float], str]) -> list[str]:
    """Return a text "name = value" for each input on the axes; `row`, shape (inputs,), holds the values."""
    names = shorten_names(state.network.inputs, SHORT)
    return [f"{names[place]} = {format_(float(row[place]))}" for place in axes.along]


def outputs(state: State, axes: Axes, prediction: Array, format_: Callable[[float], str]) -> list[str]:
    """Return a text "name: value" for each plotted output; `prediction`, shape (outputs,), holds the values.

    If the plot shows all outputs, return at most MOST_READ_OUT texts: for the largest outputs if outputs are
    classes, else for the first outputs.
    """
    names = shorten_names(state.network.outputs, SHORT)
    if axes.output is not None:
        places = [axes.output]
    elif is_one_of_many(state.network):
        places = np.argsort(-prediction, kind="stable")[:MOST_READ_OUT].tolist()
    else:
        places = list(range(min(len(names), MOST_READ_OUT)))
    return [f"{names[k]}: {format_(float(prediction[k]))}" for k in places]


def caption_text(moment: Moment, axes: Axes, is_current: bool) -> str:
    """Return the caption of the plot, with each sentence on a line of its own.

    If `is_current` is false, the caption says that nnviz is still computing.
    """
    state = moment.state
    lines = [*_other_inputs(moment, axes), *_line(state, axes)]
    if state.validated:
        is_dotted = axes.vertical is not None and are_toned(state, axes)
        lines.append("Marks with a dot: validation rows." if is_dotted else "Hollow marks: validation rows.")
    if len(state.data) > MOST:
        lines.append(f"The plot shows {MOST:,} of {counted(len(state.data), 'row')}.")
    if moment.what_if_row is not None:
        lines.append("Filled point: the what-if row (inputs to try out, not stored).")
    if not is_current:
        lines.append(COMPUTING)
    return "\n".join(lines)


def key(state: State, axes: Axes) -> dict[str, str]:
    """Return the key (legend): for each output, its name, and HTML with a sample of its colour and the name.

    Return {} if one output is chosen, or if the network has more than MOST_NAMED outputs.
    """
    names = shorten_names(state.network.outputs, SHORT)
    if axes.output is not None or len(names) > MOST_NAMED:
        return {}
    samples = ["━" if axes.vertical is None else SAMPLES[class_shape(k)] for k in range(len(names))]
    return {
        name: f"{coloured(colour, sample)}&nbsp;{escape(name).replace(' ', '&nbsp;')}"
        for name, colour, sample in zip(names, curve_colours(list(range(len(names)))), samples, strict=True)
    }


def _line(state: State, axes: Axes) -> Iterator[str]:
    """Yield a sentence about the line in the plot, if there is a line."""
    if axes.horizontal is None:
        yield "Line: prediction = target."
    elif axes.vertical is None:
        return
    elif axes.output is None:
        yield "Line: the border between two classes."
    elif decides_yes_or_no(state):
        name, threshold = shortened(state.network.outputs[axes.output], SHORT), state.measure.threshold
        yield f"Line: {name} = {as_text(threshold)}."


def _other_inputs(moment: Moment, axes: Axes) -> Iterator[str]:
    """Yield a sentence about the values of the inputs that are not on the axes, if there are any."""
    state = moment.state
    if len(state.network.inputs) == len(axes.along) or axes.horizontal is None:
        return
    if moment.what_if_row is not None:
        yield "Every other input is as in the what-if row."
    elif len(state.data):
        yield f"Every other input is as in row {moment.row + 1:,}."
    else:
        yield "Every other input is 0, since the data has no rows."


TWO_COLUMNS_PX = 290
"""Smallest width, in pixels at 100 %, in which two combo boxes stand side by side."""


class AxesChoice(QWidget):
    """The combo boxes for the axes and the output of the plot. `changed` is emitted after a new choice."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.axes = Axes(0, None)
        self._state: State | None = None
        self._entries: object = None
        self._labels: dict[Choice, QLabel] = {}
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self.horizontal = self._row("Across", "Choose what the horizontal axis shows", self._choose_across)
        self.vertical = self._row("Up", "Choose what the vertical axis shows", self._choose_up)
        self.output = self._row("Output", "Choose the output that the plot shows", self._choose_output)
        self._lay_out(1)

    def _row(self, name: str, tip: str, choose: Callable[[int], None]) -> Choice:
        label, choice = QLabel(name), Choice(name=name, tip=tip)
        label.setObjectName("muted")
        label.setFont(ui_font(11.5))
        label.setBuddy(choice)
        choice.setMinimumContentsLength(3)
        choice.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.activated.connect(choose)
        self._labels[choice] = label
        return choice

    def _lay_out(self, columns: int) -> None:
        """Arrange the combo boxes and their labels in 1 or 2 columns."""
        if columns != self._columns:
            self._columns = columns
            for k, (choice, label) in enumerate(self._labels.items()):
                row, column = divmod(k, columns)
                self._grid.addWidget(label, row, 2 * column)
                self._grid.addWidget(choice, row, 2 * column + 1)
            for column in (1, 3):
                self._grid.setColumnStretch(column, 1 if column < 2 * columns else 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Arrange the boxes in two columns if the width allows two."""
        super().resizeEvent(event)
        self._lay_out(2 if self.width() >= px(TWO_COLUMNS_PX) else 1)

    def refresh(self, state: State) -> None:
        """List the inputs and outputs of `state`; use default axes if the chosen axes no longer fit."""
        before, self._state = self._state, state
        if before is None or before.network.sizes[0] != state.network.sizes[0]:
            self.axes = Axes.first(state)
        self.axes = self.axes.restrict(state)
        self._show()

    def _show(self) -> None:
        state, axes = self._state, self.axes
        assert state is not None
        network, pairs = state.network, has_pairs(state)
        together = replace(axes, output=None).restrict(state).output is None
        every = "all" if axes.vertical is None else "largest"
        entries = (network.inputs, network.outputs, pairs, together, every)
        if entries != self._entries:
            self._entries = entries
            inputs, outputs = network.inputs, network.outputs
            self._fill(self.horizontal, [*inputs, *[TARGET] * pairs])
            self._fill(self.vertical, [PREDICTION, *inputs] if len(inputs) > 1 else [])
            self._fill(self.output, [*[every] * together, *outputs] if len(outputs) > 1 else [])
        self.horizontal.setCurrentIndex(len(network.inputs) if axes.horizontal is None else axes.horizontal)
        self.vertical.setCurrentIndex(0 if axes.vertical is None else axes.vertical + 1)
        self.output.setCurrentIndex(0 if axes.output is None else axes.output + together)
        self.setVisible(any(choice.count() > 1 for choice in (self.horizontal, self.vertical, self.output)))

    def _fill(self, choice: Choice, texts: list[str]) -> None:
        """List texts in a combo box, and hide the box if there is only one text or none."""
        choice.clear()
        choice.addItems(texts)
        for widget in (choice, self._labels[choice]):
            widget.setVisible(len(texts) > 1)

    # --- choices

    def _choose_across(self, index: int) -> None:
        assert self._state is not None
        before = self.axes
        across = index if index < len(self._state.network.inputs) else None
        up = before.horizontal if across is not None and across == before.vertical else before.vertical
        self._take(replace(before, horizontal=across, vertical=up))

    def _choose_up(self, index: int) -> None:
        before, up = self.axes, index - 1 if index else None
        across = before.horizontal
        if up is not None and up == across:
            across = before.vertical if before.vertical is not None else (1 if up == 0 else 0)
        elif up is not None and across is None:
            across = 1 if up == 0 else 0
        self._take(replace(before, horizontal=across, vertical=up))

    def _choose_output(self, index: int) -> None:
        assert self._state is not None
        outputs = len(self._state.network.outputs)
        first = self.output.count() - outputs
        self._take(replace(self.axes, output=index - first if index >= first else None))

    def _take(self, axes: Axes) -> None:
        assert self._state is not None
        self.axes = axes.restrict(self._state)
        self._show()
        self.changed.emit()


FIRST_NS = 1e6
"""Time limit, in ns, for computing the coarsest picture in every frame of a run or a drag."""
BESIDE = 0.08
"""Space above and below the curves, as a share of the curves' height."""
ROOMY = 0.5
"""The range of the vertical axis does not change while the values fill at least this share of the range."""


class FunctionView:
    """Computes, draws and reads out predictions over the inputs on the axes, or over the targets."""

    def __init__(self, plane: FunctionPlane, moment: Moment) -> None:
        self.plane, self.axes, self.moment = plane, Axes(0, None), moment
        self._section: Section | None = None
        self._spans_of: object = None
        self._picture: FunctionValues | None = None
        self._predictions: Array | None = None
        self._computed_for: tuple[object, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._marked: tuple[object, ...] = ()
        self._y_range: Span | None = None
        self._finest_for: tuple[int, ...] = ()
        """Size, in pixels, of the plot when the finest picture was computed."""
        plane.reader = self._read

    @property
    def state(self) -> State:
        """The State whose network is plotted."""
        return self.moment.state

    def choose(self, axes: Axes) -> None:
        """Use other axes, and discard all computed results."""
        self.axes, self._y_range = axes, None
        self._picture = self._predictions = None
        self._computed_for = ()

    # --- computing

    @property
    def row_inputs(self) -> Array:
        """The inputs of the row on the diagram, shape (inputs,); zeros if the data has no rows."""
        inputs, row = self.moment.row_state.data.inputs, self.moment.row_index
        return inputs[row] if row < len(inputs) else np.zeros(len(self.state.network.inputs))

    @property
    def section(self) -> Section:
        """The line or plane of inputs over which the plot is drawn. Cached until something changes."""
        fixed, along = self.row_inputs.copy(), self.axes.along
        fixed[list(along)] = 0.0
        known = self._section
        is_same = known is not None and known.along == along and np.array_equal(known.inputs, fixed)
        if known is None or not is_same or self._spans_of is not self.state.data:
            self._section = known = section(self.state.data, along, fixed)
            self._spans_of = self.state.data
        return known

    @property
    def _inputs_of_picture(self) -> tuple[object, ...]:
        """The objects from which the picture must be computed."""
        if self.axes.horizontal is None:
            return self.state.network, self.state.data
        return self.state.network, self.section

    @property
    def is_current(self) -> bool:
        """Whether the computed picture shows the current State."""
        return _match(self._computed_for, self._inputs_of_picture)

    @property
    def quick(self) -> bool:
        """Whether the coarsest picture is fast enough for every frame of a run or a drag."""
        if self.axes.horizontal is None:
            return len(function_plane.drawn_rows(self.state)) * forward_ns(self.state.network) <= FIRST_NS
        points = math.prod(count / COARSEST for count in self.plane.pixels[: len(self.axes.along)])
        return points * point_ns(self.state.network) <= FIRST_NS

    @property
    def settled(self) -> bool:
        """Whether the picture shows the current State and is as fine as necessary.

        During a run or a drag, any picture of the current State is fine enough.
        """
        if not self.is_current or self.axes.horizontal is None or self._picture is None:
            return self.is_current
        pixels = self.plane.pixels[: len(self.axes.along)]
        return (
            self.moment.is_moving
            or self._picture.prediction.shape[:-1] == pixels[::-1]
            or self._finest_for == pixels
        )

    def compute(self, moving: bool) -> Iterator[None]:
        """Compute the picture; yield after each unit of work. If `moving`, end with the coarsest picture."""
        sources = self._inputs_of_picture
        if self.axes.horizontal is None:
            yield from self._predict_rows()
            self._computed_for = sources
            return
        pixels = self.plane.pixels[: len(self.axes.along)]
        size = self._picture.prediction.size if self._picture is not None and self.is_current else 0
        for step in refined_pictures(self.state.network, self.section, pixels, FIRST_NS):
            if step is not None and (step.prediction.size > size or len(step.values[0]) == pixels[0]):
                self._picture, self._computed_for, self._finest_for = step, sources, ()
            yield
            if moving and step is not None:
                return
        self._finest_for = pixels

    def _predict_rows(self) -> Iterator[None]:
        network, inputs = self.state.network, self.state.data.inputs[function_plane.drawn_rows(self.state)]
        parts = []
        for block in row_blocks(len(inputs), forward_ns(network)):
            parts.append(network.predict(inputs[block]))
            yield
        self._predictions = np.concatenate(parts)

    # --- drawing

    def draw(self) -> tuple[bool, str]:
        """Draw the computed picture. Return whether the picture shows the current State, and the caption."""
        network, axes, known = self.state.network, self.axes, self._picture
        across, up = axis_names(network, axes)
        self.plane.name_axes(across, up)
        if axes.horizontal is None:
            self._draw_pairs()
        elif known is not None:
            (self._draw_map if axes.vertical is not None else self._draw_curves)(known)
        self.plane.set_stale(not self.is_current)
        self._draw_row()
        return self.is_current, caption_text(self.moment, axes, self.is_current)

    @property
    def outputs(self) -> list[int]:
        """The indices of the plotted outputs."""
        count = len(self.state.network.outputs)
        return list(range(count)) if self.axes.output is None else [self.axes.output]

    def _draw_map(self, picture: FunctionValues) -> None:
        palette, output = colours(), self.axes.output
        if not self._is_new(picture):
            return
        if output is None:
            pixels, line = class_pixels(picture.prediction, palette), class_lines(picture)
            self.plane.show_map(picture, pixels, line, None, output_tones(palette, False))
        else:
            two = decides_yes_or_no(self.state)
            tones, values = output_tones(palette, two), picture.prediction[..., output]
            tone = Tone(*output_range(self.state, output, values), logarithmic=False)
            line = level_line(picture, output, self.state.measure.threshold) if two else np.empty((0, 2))
            self.plane.show_map(picture, number_pixels(values, tone, tones), line, tone, tones)
        self._mark(lambda: function_plane.on_map(self.state, self.axes))

    def _draw_curves(self, picture: FunctionValues) -> None:
        outputs = self.outputs
        if not self._is_new(picture):
            return
        targets = self.state.data.targets
        values = [picture.prediction[:, outputs], *([] if targets is None else [targets[:, outputs]])]
        self._y_range = _range(np.concatenate([each.ravel() for each in values]), self._y_range)
        self.plane.show_curves(picture, outputs, self._y_range)
        self._mark(lambda: function_plane.on_curves(self.state, self.axes, outputs))

    def _draw_pairs(self) -> None:
        output, predictions = self.axes.output, self._predictions
        data, targets = self.state.data, self.state.data.targets
        if predictions is None or not _match(self._computed_for[1:], (data,)):  # predictions of other rows
            self._drawn = self._marked = ()
            self.plane.show_rows(Rows.none())
            return
        if targets is None or output is None or not self._is_new(predictions):
            return
        across = _range(targets[:, output], None)
        self._y_range = _range(np.concatenate([predictions[:, output], targets[:, output]]), self._y_range)
        self.plane.show_diagonal(across, self._y_range)
        self._mark(lambda: function_plane.on_pairs(self.state, output, predictions), predictions)

    def _is_new(self, result: object) -> bool:
        """Return whether the plot shows something else than `result`, and store what it will show."""
        sources = result, colours(), self.axes, self.state.data, self.state.training
        if _match(self._drawn, sources):
            return False
        self._drawn = sources
        return True

    def _mark(self, make: Callable[[], Rows], predictions: object = None) -> None:
        """Mark the rows, unless they are marked already; the marks of pairs depend on `predictions`."""
        sources = colours(), self.axes, self.state.data, self.state.training, predictions
        if not _match(self._marked, sources):
            self._marked = sources
            self.plane.show_rows(make())

    def _draw_row(self) -> None:
        """Draw a ring around the row on the diagram, or a point for the what-if row."""
        moment, axes = self.moment, self.axes
        trace, row, data = moment.trace, moment.row_index, moment.row_state.data
        free = moment.what_if_row is not None
        if trace is None:
            self.plane.show_row(math.nan, math.nan, free=False)
            return
        output = 0 if axes.output is None else axes.output
        targets, prediction = data.targets, float(trace.prediction[0, output])
        target = math.nan if targets is None else float(targets[row, output])
        if axes.horizontal is None:
            self.plane.show_row(target, prediction, free=free)
            return
        x = float(data.inputs[row, axes.horizontal])
        if axes.vertical is not None:
            self.plane.show_row(x, float(data.inputs[row, axes.vertical]), free=free)
        else:
            self.plane.show_row(
                x, prediction, free=free, target=target if axes.output is not None else math.nan
            )

    # --- reading

    def described(self) -> str:
        """Return a text for screen readers: the plotted inputs and outputs of the row on the diagram."""
        moment, state = self.moment, self.moment.row_state
        if moment.trace is None:
            return ""
        name = "What-if row" if moment.what_if_row is not None else f"Row {moment.row + 1}"
        along = varying_inputs(state, self.axes, self.row_inputs, full)
        return f"{name}: {', '.join([*along, *outputs(state, self.axes, moment.trace.prediction[0], full)])}"

    def _read(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point for the readout near `at`, and the readout: its inputs and the prediction."""
        if self.axes.horizontal is None:
            return self._read_pair(at)
        inputs = self.inputs_at(self.plane.round_point(at))
        prediction = self.state.network.predict(inputs)[0]
        lines = varying_inputs(self.state, self.axes, inputs, as_text)
        lines += outputs(self.state, self.axes, prediction, as_text)
        if self.axes.vertical is not None:
            height = float(inputs[self.axes.vertical])
        else:
            height = float(prediction[0 if self.axes.output is None else self.axes.output])
        place = QPointF(inputs[self.axes.horizontal], height if math.isfinite(height) else at.y())
        return place, "\n".join(lines)

    def _read_pair(self, at: QPointF) -> tuple[QPointF, str] | None:
        row, place = self.nearest(at)
        targets, output = self.state.data.targets, self.axes.output
        if row is None or targets is None or output is None:
            return None
        target, prediction = float(targets[row, output]), float(self.moment.prediction(row)[output])
        return place, f"row {row + 1:,}\ntarget {as_text(target)}\nprediction {as_text(prediction)}"

    def inputs_at(self, at: QPointF) -> Array:
        """Return the inputs at a point of the plot, shape (inputs,)."""
        inputs = self.row_inputs.copy()
        for place, value in zip(self.axes.along, (at.x(), at.y()), strict=False):
            inputs[place] = value
        return inputs

    def nearest(self, at: QPointF) -> tuple[int | None, QPointF]:
        """Return the plotted row whose mark is nearest to a point, and the place of the mark."""
        points = self.plane.marks.rows.points
        if not len(points):
            return None, at
        offsets = (points - (at.x(), at.y())) / self.plane.pixel()
        nearest = int(np.nan_to_num(np.hypot(*offsets.T), nan=math.inf).argmin())
        return int(function_plane.drawn_rows(self.state)[nearest]), QPointF(*points[nearest].tolist())


def _match(first: tuple[object, ...], second: tuple[object, ...]) -> bool:
    """Return whether two tuples hold the same objects; axes and settings are compared by value."""
    return len(first) == len(second) and all(
        one is other or (isinstance(one, Axes | Training | str | int) and one == other)
        for one, other in zip(first, second, strict=True)
    )


def _range(values: Array, before: Span | None) -> Span:
    """Return an axis range that shows all finite values: the range `before` if it fits well enough."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return before or (-1.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    if before is not None and before[0] <= low and high <= before[1]:
        least = ROOMY * (before[1] - before[0])
        if high - low >= least or low == high:
            return before
    room = BESIDE * (high - low) if high > low else max(1.0, abs(low))
    return low - room, high + room


WIDE_PX, SIDE_PX, PLOT_SHARE, SIDE_SHARE = 400, 176, 3, 2
"""WIDE_PX: panel width for boxes beside the plot. SIDE_PX: least width of the boxes. The widths of plot and
boxes have the ratio PLOT_SHARE : SIDE_SHARE."""
PLOT_PX = 140
"""Minimum height of the plot, in pixels at 100 %."""
KEEP, LEAVE = "Keep as a row", "Discard"
KEEPS = "Add the what-if row to the data (Enter in the plot)"
LEAVES = "Discard the what-if row and show a row of the data again (Escape in the plot)"
FREE = "The what-if row is not stored: Enter adds it to the data, Escape discards it"
LEFT = "The diagram now shows row {:,} of the data instead of the what-if row"


class FunctionPanel(PlotPanel):
    """The function panel: the plot and its combo boxes."""

    content_px = 72

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Function", "the function", "-function")
        self.plane = FunctionPlane()
        self.view = FunctionView(self.plane, desk.document.now)
        self.work = Slicer(self, lambda: self.view.compute(self.view.moment.is_moving), self._show)
        self._make_side()
        self._page = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._page.setSpacing(12)
        self._page.addWidget(self.plane, PLOT_SHARE)
        self._page.addWidget(self.side)
        self.body.addLayout(self._page, 1)
        self.plane.setMinimumHeight(PLOT_PX)
        self._connect()
        self.axes.refresh(self.view.state)
        self.view.choose(self.axes.axes)

    def _make_side(self) -> None:
        """Make the widgets next to the plot, and the buttons of the what-if row above the plot."""
        self.axes = AxesChoice()
        self.key, self.caption = Caption(0, ""), wrapped_label(pixels=11.5)
        self.keep, self.leave = quiet_button(KEEP, KEEPS, KEEP), quiet_button(LEAVE, LEAVES, LEAVE)
        for button in (self.keep, self.leave):
            self.add_button(button)
        self.side = Stack(self.key, self.axes, self.caption)

    def _connect(self) -> None:
        plane = self.plane
        self.axes.changed.connect(self._choose)
        plane.point_moved.connect(self._put)
        plane.point_nudged.connect(self._nudge)
        for keep in (plane.keep_requested, self.keep.clicked):
            keep.connect(self._keep)
        for leave in (plane.leave_requested, self.leave.clicked):
            leave.connect(self._leave)
        plane.resized.connect(self._fill_plane)

    @property
    def plot(self) -> FunctionPlane | None:  # noqa: D102
        return self.plane if self.plane.centralWidget.isVisible() else None

    # --- updating

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Compute the picture if it is not up to date, at once if that is quick; draw it and the point."""
        before, self.view.moment = self.view.state, new
        set_lock_reason(self.keep, new.lock_reason, KEEPS)
        for button in (self.keep, self.leave):
            button.setVisible(new.what_if_row is not None)
        self._report_what_if(old, new)
        sources = "network", "data", "training"
        if not is_new(old, new, *(f"state.{name}" for name in sources), "row", "what_if_row", "is_moving"):
            return
        self._refresh_axes(before, new.state)
        if self.view.quick and not self.view.is_current:
            for _ in self.view.compute(moving=True):
                pass
        if self.view.is_current or old is None:
            self._show()
        if not self.view.settled and not (new.is_moving and self.view.quick):
            self.work.restart()

    def rest(self) -> None:  # noqa: D102
        self.work.stop()

    def _choose(self) -> None:
        self.view.choose(self.axes.axes)
        self.work.stop()
        self.show_now()

    def _refresh_axes(self, old: State, new: State) -> None:
        """Update the combo boxes if the inputs, outputs or rows have changed."""
        if (old.network.inputs, old.network.outputs) != (new.network.inputs, new.network.outputs) or (
            old.data is not new.data or old.network.layers[-1].activation != new.network.layers[-1].activation
        ):
            self.axes.refresh(new)
            if self.axes.axes != self.view.axes or old.network.sizes != new.network.sizes:
                self.view.choose(self.axes.axes)

    def _show(self) -> bool:
        """Show the computed picture. Return whether it is of the present State."""
        is_current, caption = self.view.draw()
        self.caption.setText(caption)
        entries = key(self.view.state, self.view.axes)
        self.key.setText(" &nbsp; ".join(entries.values()))
        self.key.setAccessibleName(f"Colours: {', '.join(entries)}")
        self.key.setVisible(bool(entries))
        self.plane.setAccessibleDescription(self.view.described())
        return is_current

    # --- what-if row

    def _report_what_if(self, old: Moment | None, new: Moment) -> None:
        """Report in the status bar that a what-if row has appeared, or that a person has discarded it."""
        is_what_if = new.what_if_row is not None
        if old and not is_new(old, new, "state.data") and is_what_if != (old.what_if_row is not None):
            self._desk.message.emit(FREE if is_what_if else LEFT.format(new.row + 1))

    def _put(self, x: float, y: float) -> None:
        """Set the what-if row (inputs that the user tries out) to the inputs at a point of the plot.

        In a plot over targets, select the nearest row of the data instead.
        """
        if self.view.axes.horizontal is not None:
            self._document.show_what_if_row(self.view.inputs_at(QPointF(x, y)))
        elif (row := self.view.nearest(QPointF(x, y))[0]) is not None:
            self._document.select_row(row)

    def _nudge(self, right: int, up: int, size: str) -> None:
        """Move the what-if row (inputs that the user tries out) by steps of `size`, for example "0.1".

        In a plot over targets, select another row of the data instead.
        """
        axes, now = self.view.axes, self._document.now
        if axes.horizontal is None:
            self._document.select_row(now.row + right - up)
            return
        inputs = now.row_state.data.inputs[now.row_index].copy()
        steps = (right, up) if axes.vertical is not None else (right + up,)
        for place, step in zip(axes.along, steps, strict=True):
            inputs[place] = moved_by_steps(float(inputs[place]), step, size)
        self._document.show_what_if_row(inputs)
        self._desk.frames.show_pending()  # so that Enter, in the same frame, keeps this row

    def _keep(self) -> None:
        if message := self._document.insert_what_if_row():
            self._desk.message.emit(message)

    def _leave(self) -> None:
        self._document.select_row(self._document.now.row)

    # --- size and theme

    def _fill_plane(self) -> None:
        """Compute a picture of the new size in the next frame."""
        self._desk.frames.show_again(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the combo boxes beside the plot if the panel is wide, else below the plot."""
        super().resizeEvent(event)
        is_wide = self.width() >= px(WIDE_PX)
        directions = QBoxLayout.Direction
        self.side.setMinimumWidth(px(SIDE_PX) if is_wide else 0)
        self._page.setStretchFactor(self.side, SIDE_SHARE if is_wide else 0)
        self._page.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)
