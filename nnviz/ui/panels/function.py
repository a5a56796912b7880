"""The function panel, which plots the prediction over one or two inputs.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import partial
from html import escape

import numpy as np
from PySide6.QtCore import QPointF, Qt

from nnviz.core.activations import Array
from nnviz.core.edits import TARGETS_ADDED, add_row, put_cells, remove_rows
from nnviz.core.function import (
    COARSEST,
    MARGIN,
    WIDE_MARGIN,
    FunctionValues,
    Section,
    Span,
    hidden_shares,
    point_ns,
    refined_pictures,
    section,
)
from nnviz.core.metrics import decides_yes_or_no, is_one_of_many, output_range
from nnviz.core.network import Network, pixel_side
from nnviz.core.numbers import as_text, counted, full, moved_by_steps, shorten_names, shortened
from nnviz.core.slopes import Work, forward_ns, row_blocks, run_work
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, Slicer
from nnviz.document.moment import Moment, is_new
from nnviz.picture.scales import Tone, class_pixels, number_pixels, output_tones
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import ComboBox, named, wrapped_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import PLOT_DOWN, colours
from nnviz.ui.panels.function_pad import DRAW_TIP, KEEP_TIP, Pad
from nnviz.ui.panels.function_plane import (
    DIGITS,
    MOST,
    POINT_KEYS,
    PREDICTION,
    REMOVE,
    SAMPLES,
    TARGET,
    TIP,
    Axes,
    FunctionPlane,
    Rows,
    are_toned,
    can_place_points,
    class_lines,
    class_names,
    class_shape,
    curve_colours,
    drawn_rows,
    has_pairs,
    hidden_distances,
    level_line,
    marked_rows,
    new_targets,
    shown_columns,
    target_at,
)
from nnviz.ui.plot.card import Caption, PlotPage, PlotPanel, are_same, coloured
from nnviz.ui.plot.plot import is_on
from nnviz.ui.plot.points import SHORT

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


def caption_lines(moment: Moment, axes: Axes, is_current: bool) -> Iterator[str]:
    """Yield the sentences of the caption: what the plot holds fixed, its line, its marks, and its points.

    If `is_current` is false, the caption says that nnviz is still computing.
    """
    state = moment.state
    if axes.horizontal is None:
        yield "Line: prediction = target."
    elif len(state.columns.entered) > len(axes.along):
        if moment.what_if_row is not None:
            yield "Other inputs are as in the what-if row; fainter rows differ more."
        elif len(state.data):
            yield f"Other inputs are as in row {moment.row + 1:,}; fainter rows differ more."
        else:
            yield "Other inputs are 0, since the data has no rows."
    if axes.vertical is not None:
        if axes.output is None:
            yield "Line: the border between two classes."
        elif decides_yes_or_no(state):
            name = shortened(state.network.outputs[axes.output], SHORT)
            yield f"Line: {name} = {as_text(state.measure.threshold)}."
    if state.validated:
        is_dotted = axes.vertical is not None and are_toned(state, axes)
        yield "Marks with a dot: validation rows." if is_dotted else "Hollow marks: validation rows."
    if len(state.data) > MOST:
        yield f"The plot shows {MOST:,} of {counted(len(state.data), 'row')}."
    if moment.what_if_row is not None:
        yield "Filled point: the what-if row (inputs to try out, not stored)."
    if not is_current:
        yield COMPUTING


def key(state: State, axes: Axes, chosen: int | None = None) -> dict[str, str]:
    """Return the key (legend): for each output, its name, and HTML with a sample of its colour and the name.

    Return {} if one output is chosen, or if the network has more than MOST_NAMED outputs. If `chosen` is not
    None, return the classes that new points can have, as links; the class with this index is highlighted.
    """
    names = shorten_names(state.network.outputs if chosen is None else class_names(state, axes), SHORT)
    if chosen is None and (axes.output is not None or len(names) > MOST_NAMED):
        return {}
    style, entries = f"color: {colours().ink}; text-decoration: none", dict[str, str]()
    for k, (name, colour) in enumerate(zip(names, curve_colours(list(range(len(names)))), strict=True)):
        sample = "━" if axes.vertical is None else SAMPLES[class_shape(k)]
        entries[name] = f"{coloured(colour, sample)}&nbsp;{escape(name).replace(' ', '&nbsp;')}"
        if chosen is not None:
            mark = f"; background-color: {colours().selection}; font-weight: 600" * (k == chosen)
            entries[name] = f"<a href='{k}' style='{style}{mark}'>&nbsp;{entries[name]}&nbsp;</a>"
    return entries


FIRST_NS = 1e6
"""Time limit, in ns, for computing the coarsest picture in every frame of a run or a drag."""
BESIDE = 0.08
"""Space above and below the curves, as a share of the curves' height."""
ROOMY = 0.5
"""The range of the vertical axis does not change while the values fill at least this share of the range."""
PLOT_PX = 140
"""Minimum height of the plot, in pixels at 100 %."""
TOOL_PX = 26
"""Width of the button that edits points, in pixels at 100 %: a low window has no room for more."""
WIDE = 2.4
"""Least width / height of the panel for a caption beside the plot."""
SPACING_PX, SPREAD_PX = 16.0, 7.0
"""Pixels. SPACING_PX: distance along a drag between two new points. SPREAD_PX: their standard deviation."""
SCALE_TIP = "Give both axes the same scale, so that circles look like circles"
SAME_SCALE = "function: same scale"
"""Settings key: whether both axes of a map have the same scale."""
LARGEST_RATIO = 10.0
"""Largest ratio between the ranges of two axes that can have the same scale."""
ALL = "all"
"""Entry of the list of outputs that plots all outputs as curves, or the largest output on a map."""
EDIT = "Add and move rows as points (other inputs as in the selected row), or draw inputs that are pixels"
NUMBER_TIP = "Type the target of the points that you add"
NEW_POINTS, NUMBERS = "New points: ", "Target of new points"
HEIGHTS = "New points: the height is the target"
HALVES = "New points: the target is 1 from the height 0.5 on, below 0"
POINTS_TIP = "Click adds a point, a drag adds many or moves one, 0–9: class, Delete removes it, Escape ends"
FREE = "The what-if row is not stored: Enter adds it to the data, Escape discards it"
LEFT = "The diagram now shows row {:,} of the data instead of the what-if row"


class FunctionPanel(PlotPanel):
    """The function panel: the prediction over the inputs on the axes, or over the targets.

    Combo boxes choose the quantities on the axes, `axes`, and the output. A picture is the computed
    prediction over the inputs on the axes.
    """

    content_px = 72

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Function", "the function", "-function")
        self._now = desk.document.now
        self._choices: dict[ComboBox, list[int | None]] = {}
        """What each item of a box stands for: an input or an output, or None for the targets and the like."""
        self._known_section: Section | None = None
        self._section_key: object = None
        self._picture: FunctionValues | None = None
        self._predictions: Array | None = None
        self._computed_for: tuple[object, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._marked: tuple[object, ...] = ()
        self._y_range: Span | None = None
        self._finest_for: tuple[int, ...] = ()
        """Size, in pixels, of the plot when the finest picture was computed."""
        self._class = 0
        self._grabbed: int | None = None
        """The row of the point that the mouse drags, in `_grabbed_in`, the data after the last move."""
        self._grabbed_in = self.state.data
        self._brush, self._stroke, self._rng = np.zeros(2), object(), np.random.default_rng()
        self.plane = FunctionPlane(self._read)
        self.plane.setMinimumHeight(PLOT_PX)
        self.work = Slicer(self, lambda: self._compute(self._now.is_moving), self._show)
        self.key, self.caption = Caption(0, ""), wrapped_label(pixels=11.5)
        self.number, self.pad = named(NumberField(), NUMBERS, NUMBER_TIP), Pad()
        self.number.show_value(1.0)
        self.page = PlotPage(self.plane, self.caption, WIDE, PLOT_DOWN)
        for part in (self.key, self.number, self.page, self.pad):
            self.body.addWidget(part, int(part in (self.page, self.pad)))
            part.setHidden(part in (self.number, self.pad))
        self._add_controls()
        self._use_axes(Axes.first(self.state))
        self._connect(self.plane)

    def _add_controls(self) -> None:
        self.across = self.add_box("Across", "Choose what the horizontal axis shows")
        self.up = self.add_box("Up", "Choose what the vertical axis shows")
        self.output = self.add_box("Output", "Choose the output that the plot shows")
        for box in (self.across, self.up, self.output):
            box.activated.connect(self._choose)
        self.same_scale = self.add_button(quiet_button("1:1", SCALE_TIP, checkable=True))
        self.same_scale.setChecked(self._desk.settings.get(SAME_SCALE, False))
        self.same_scale.toggled.connect(partial(self._desk.settings.remember, SAME_SCALE))
        self.same_scale.toggled.connect(self._show_scale)
        self.tool = self.add_button(quiet_button("", EDIT, checkable=True))
        self.tool.toggled.connect(self._use_tool)
        self.tool.setFixedWidth(TOOL_PX)
        self.wide = self.menu.addAction("&Wide range, three times that of the rows")
        self.wide.setCheckable(True)
        self.wide.toggled.connect(self._show_anew)

    def _connect(self, plane: FunctionPlane) -> None:
        plane.point_moved.connect(self._put)
        plane.point_nudged.connect(self._nudge)
        plane.keep_requested.connect(self._keep)
        plane.leave_requested.connect(lambda: self._document.select_row(self._document.now.row))
        plane.box.sigResized.connect(lambda: self._desk.frames.show_again(self))
        plane.gesture_ended.connect(self._end_stroke)
        plane.key_pressed.connect(self._use_key)
        self.key.linkActivated.connect(lambda link: self._choose_class(int(link)))
        self.pad.drawn.connect(self._document.show_what_if_row)
        self.pad.kept.connect(self._keep)
        self.pad.left.connect(lambda: self.tool.setChecked(False))

    @property
    def plot(self) -> FunctionPlane | None:  # noqa: D102
        return self.plane if self._drawn and not self._draws else None

    @property
    def _draws(self) -> bool:
        """Whether the pad is shown, on which the person draws a what-if row."""
        return self.tool.isChecked() and pixel_side(self.state.network) is not None

    @property
    def state(self) -> State:
        """The State whose network is plotted."""
        return self._now.state

    # --- updating

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Compute the picture if it is not up to date, at once if that is quick; draw it and the point."""
        before, self._now = self.state, new
        if old is None:
            self.tool.setIcon(icon("pencil", colours().muted, 16))
        self._report_what_if(old, new)
        sources = "network", "data", "training", "columns"
        if not is_new(old, new, *(f"state.{name}" for name in sources), "row", "what_if_row", "is_moving"):
            return
        self._refresh_axes(before, new.state)
        if self._draws:
            self.pad.show_moment(old, new)
            return
        if self._is_quick and not self.is_current:
            run_work(self._compute(moving=True))
        if self.is_current or old is None:
            self._show()
        # in a run or a drag, any picture of the current State is fine enough
        is_fine = self.axes.horizontal is None or new.is_moving or self._finest_for == self._pixels
        if not (self.is_current and is_fine) and not (new.is_moving and self._is_quick):
            self.work.restart()

    def rest(self) -> None:  # noqa: D102
        self.work.stop()

    def begin_document(self) -> None:
        """Begin without the tool, and with the range of the rows."""
        self.tool.setChecked(False)
        self.wide.setChecked(False)

    def _choose(self) -> None:
        """Use the axes that the person has chosen. Only one axis can show an input."""
        before = self.axes
        across, up, output = (choices[box.currentIndex()] for box, choices in self._choices.items())
        if up is not None and across in (None, up):
            if across != before.horizontal:
                up = before.horizontal
            else:
                others = [place for place in self.state.columns.entered if place != up]
                across = others[0] if before.vertical is None else before.vertical
        self._use_axes(Axes(across, up, output))
        self._show_anew()

    def _show_anew(self) -> None:
        """Compute the picture of other axes or of a wider range."""
        self._known_section = None
        self._discard_results()
        self.work.stop()
        self.show_now()

    def _show_scale(self) -> None:
        """Offer the same scale on both axes of a map, unless an axis would be too short."""
        lengths = [high - low for low, high in self._section.spans]
        can = len(lengths) == 2 and max(lengths) <= LARGEST_RATIO * min(lengths)
        self.same_scale.setVisible(can)
        self.plane.box.setAspectLocked(can and self.same_scale.isChecked())

    def _refresh_axes(self, old: State, new: State) -> None:
        """Use default axes if the inputs have changed, and list the inputs and outputs again."""
        one, other = old.network, new.network
        names = [(each.inputs, each.outputs, each.layers[-1].activation) for each in (one, other)]
        if names[0] != names[1] or old.data is not new.data:
            axes = self.axes
            self._use_axes(axes if one.sizes[0] == other.sizes[0] else Axes.first(new))
            if axes != self.axes or one.sizes != other.sizes:
                self._discard_results()

    def _use_axes(self, axes: Axes) -> None:
        """Use axes, or those that the State has instead, and show them in the combo boxes."""
        state = self.state
        self.axes = axes = axes.restrict(state)
        places, inputs, outputs = state.columns.entered, state.network.inputs, state.network.outputs
        second = places if len(places) > 1 else ()  # a single input has no second axis
        together = replace(axes, output=None).restrict(state).output is None
        for box, names, other, choices, chosen in (
            (self.across, inputs, TARGET, [*places, *[None] * has_pairs(state)], axes.horizontal),
            (self.up, inputs, PREDICTION, [None, *second], axes.vertical),
            (self.output, outputs, ALL, [*[None] * together, *range(len(outputs))], axes.output),
        ):
            self._choices[box] = choices
            box.show_items([other if k is None else names[k] for k in choices], choices.index(chosen))
            box.setVisible(len(choices) > 1 and not self._draws)
        can_use = pixel_side(state.network) is not None or can_place_points(state, axes)
        self.tool.setVisible(can_use)
        self.tool.setChecked(can_use and self.tool.isChecked())

    def _discard_results(self) -> None:
        self._y_range = self._picture = self._predictions = None
        self._computed_for = ()

    # --- computing

    @property
    def _row_inputs(self) -> Array:
        """The inputs of the row on the diagram, shape (inputs,); zeros if the data has no rows."""
        inputs, row = self._now.row_state.data.inputs, self._now.row_index
        return inputs[row] if row < len(inputs) else np.zeros(len(self.state.network.inputs))

    @property
    def _section(self) -> Section:
        """The line or plane of inputs over which the plot is drawn. Cached until something changes."""
        fixed, along, state = self._row_inputs.copy(), self.axes.along, self.state
        fixed[[*along, *state.columns.computed]] = 0.0
        margin = WIDE_MARGIN if self.wide.isChecked() else MARGIN
        key = state.data, state.columns, along, fixed.tobytes(), margin
        if self._known_section is None or key != self._section_key:
            known = self._known_section if self.tool.isChecked() else None  # so that the plot does not move
            self._known_section, self._section_key = section(state, along, fixed, known, margin), key
        return self._known_section

    @property
    def _sources(self) -> tuple[object, ...]:
        """The objects from which the predictions must be computed."""
        return self.state.network, self.state.data if self.axes.horizontal is None else self._section

    @property
    def is_current(self) -> bool:
        """Whether the computed predictions are those of the current State."""
        return are_same(self._computed_for, self._sources)

    @property
    def _pixels(self) -> tuple[int, ...]:
        return self.plane.pixels[: len(self.axes.along)]

    @property
    def _is_quick(self) -> bool:
        """Whether the coarsest picture is fast enough for every frame of a run or a drag."""
        network = self.state.network
        if self.axes.horizontal is None:
            return len(drawn_rows(self.state)) * forward_ns(network) <= FIRST_NS
        return math.prod(count / COARSEST for count in self._pixels) * point_ns(network) <= FIRST_NS

    def _compute(self, moving: bool) -> Work[None]:
        """Compute the picture; yield after each unit of work. If `moving`, end with the coarsest picture."""
        network, sources, pixels = self.state.network, self._sources, self._pixels
        if self.axes.horizontal is None:
            inputs, parts = self.state.data.inputs[drawn_rows(self.state)], list[Array]()
            for block in row_blocks(len(inputs), forward_ns(network)):
                parts.append(network.predict(inputs[block]))
                yield
            self._predictions, self._computed_for = np.concatenate(parts), sources
            return
        size = self._picture.prediction.size if self._picture is not None and self.is_current else 0
        for step in refined_pictures(network, self._section, pixels, FIRST_NS):
            if step is not None and (step.prediction.size > size or len(step.values[0]) == pixels[0]):
                self._picture, self._computed_for = step, sources
                self._finest_for = pixels if len(step.values[0]) == pixels[0] else ()
            yield
            if moving and step is not None:
                return
        self._finest_for = pixels

    # --- drawing

    def _show(self) -> bool:
        """Show the computed picture. Return whether it is of the present State."""
        axes, is_current = self.axes, self.is_current
        self.plane.name_axes(*axis_names(self.state.network, axes))
        self._show_scale()
        if axes.horizontal is None:
            self._draw_pairs()
        elif self._picture is not None and self._is_new(self._picture):
            self._draw_picture(self._picture)
        self.plane.set_stale(not is_current)
        self._draw_row()
        self.caption.setText("\n".join(caption_lines(self._now, axes, is_current)))
        self._show_key()
        texts = self._described(), self.plane.note
        self.plane.setAccessibleDescription(". ".join(filter(None, texts)))
        return is_current

    def _draw_picture(self, picture: FunctionValues) -> None:
        if self.axes.vertical is not None:
            self._draw_map(picture)
        else:
            outputs, targets = self.axes.outputs(self.state), self.state.data.targets
            values = [picture.prediction[:, outputs], *([] if targets is None else [targets[:, outputs]])]
            self._y_range = _range(np.concatenate([each.ravel() for each in values]), self._y_range)
            self.plane.show_curves(picture, outputs, self._y_range)
        self._mark_rows(None)

    def _draw_map(self, picture: FunctionValues) -> None:
        palette, output = colours(), self.axes.output
        if output is None:
            pixels, line = class_pixels(picture.prediction, palette), class_lines(picture)
            self.plane.show_map(picture, pixels, line, None, output_tones(palette, False))
            return
        two = decides_yes_or_no(self.state)
        tones, values = output_tones(palette, two), picture.prediction[..., output]
        tone = Tone(*output_range(self.state, output, values), logarithmic=False)
        line = level_line(picture, output, self.state.measure.threshold) if two else np.empty((0, 2))
        self.plane.show_map(picture, number_pixels(values, tone, tones), line, tone, tones)

    def _draw_pairs(self) -> None:
        output, predictions = self.axes.output, self._predictions
        data, targets = self.state.data, self.state.data.targets
        if predictions is None or self._computed_for[1:] != (data,):  # predictions of other rows
            self._drawn = self._marked = ()
            self.plane.show_rows(Rows())
            return
        if targets is None or output is None or not self._is_new(predictions):
            return
        across = _range(targets[:, output], None)
        self._y_range = _range(np.concatenate([predictions[:, output], targets[:, output]]), self._y_range)
        self.plane.show_diagonal(across, self._y_range)
        self._mark_rows(predictions)

    def _is_new(self, result: object) -> bool:
        """Return whether the plot shows something else than `result`, and store what it will show."""
        before = self._drawn
        self._drawn = result, colours(), self.axes, self.state.data, self.state.training
        return not are_same(before, self._drawn)

    def _mark_rows(self, predictions: Array | None) -> None:
        """Mark the rows, unless they are marked already; the marks of pairs depend on `predictions`."""
        before, self._marked = self._marked, (predictions, self._section, *self._drawn[1:])
        if not are_same(before, self._marked):
            self.plane.show_rows(marked_rows(self.state, self.axes, predictions, self._section))

    def _draw_row(self) -> None:
        """Draw a ring around the row on the diagram, or a point for the what-if row."""
        now, (across, up, output) = self._now, (self.axes.horizontal, self.axes.vertical, self.axes.output)
        row, data, free = now.row_index, now.row_state.data, now.what_if_row is not None
        if now.trace is None:
            self.plane.show_row(math.nan, math.nan, free=False)
            return
        target = math.nan if data.targets is None else float(data.targets[row, output or 0])
        x = target if across is None else float(data.inputs[row, across])
        y = float(now.trace.prediction[0, output or 0] if up is None else data.inputs[row, up])
        has_error = across is not None and up is None and output is not None
        self.plane.show_row(x, y, free=free, target=target if has_error else math.nan)

    # --- reading

    def _values_texts(self, inputs: Array, prediction: Array, number: Callable[[float], str]) -> list[str]:
        """Return a text "name = value" for each input on the axes, and "name: value" for each plotted output.

        `inputs`, shape (inputs,), and `prediction`, shape (outputs,), hold the values; `number` writes a
        number. If the plot shows all outputs, return at most MOST_READ_OUT of them: the largest outputs if
        outputs are classes, else the first outputs.
        """
        axes, network = self.axes, self.state.network
        places = axes.outputs(self.state)
        if axes.output is None and is_one_of_many(network):
            places = np.argsort(-prediction, kind="stable").tolist()
        names, titles = (shorten_names(each, SHORT) for each in (network.inputs, network.outputs))
        texts = [f"{names[place]} = {number(float(inputs[place]))}" for place in axes.along]
        return [*texts, *(f"{titles[k]}: {number(float(prediction[k]))}" for k in places[:MOST_READ_OUT])]

    def _row_text(self, row: int) -> str:
        """Return the readout of a row of the data: its values, and how its hidden inputs differ."""
        state, where, inputs = self.state, self._section, self.state.data.inputs[row]
        names = shorten_names(state.network.inputs, SHORT)
        shares = hidden_shares(state.data, np.array([row]), where)
        distance = as_text(100.0 * float(hidden_distances(shares)[0]))
        lines = [f"row {row + 1:,}", *self._values_texts(inputs, self._now.prediction(row), as_text)]
        lines.append(f"hidden inputs differ by {distance} % of their range")
        for k in np.argsort(-shares[0], kind="stable")[:MOST_READ_OUT]:
            place = where.hidden[k]
            here, shown = as_text(inputs[place]), as_text(where.inputs[place])
            lines.append(f"{names[place]} = {here}, in the plot {shown}")
        if (more := shares.shape[1] - MOST_READ_OUT) > 0:
            lines.append(f"… and {more:,} more")
        return "\n".join(lines)

    def _described(self) -> str:
        """Return a text for screen readers: the plotted inputs and outputs of the row on the diagram."""
        now = self._now
        if now.trace is None:
            return ""
        name = "What-if row" if now.what_if_row is not None else f"Row {now.row + 1}"
        texts = self._values_texts(self._row_inputs, now.trace.prediction[0], full)
        return f"{name}: {', '.join(texts)}"

    def _read(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point for the readout near `at`, and the readout: its inputs and the prediction."""
        axes = self.axes
        if axes.horizontal is None:
            return self._read_pair(at)
        if self._section.hidden and not self.plane.press:
            row, place = self._row_at(at)
            if row is not None:
                return place, self._row_text(row)
        inputs = self._inputs_at(self.plane.round_point(at))
        prediction = self.state.network.predict(inputs)[0]
        height = float(prediction[axes.output or 0] if axes.vertical is None else inputs[axes.vertical])
        place = QPointF(inputs[axes.horizontal], height if math.isfinite(height) else at.y())
        return place, "\n".join(self._values_texts(inputs, prediction, as_text))

    def _read_pair(self, at: QPointF) -> tuple[QPointF, str] | None:
        row, place = self._nearest(at)
        targets, output = self.state.data.targets, self.axes.output
        if row is None or targets is None or output is None:
            return None
        target, prediction = float(targets[row, output]), float(self._now.prediction(row)[output])
        return place, f"row {row + 1:,}\ntarget {as_text(target)}\nprediction {as_text(prediction)}"

    def _row_at(self, at: QPointF) -> tuple[int | None, QPointF]:
        """Return the row with a mark under the mouse, which is at the plot point `at`, and its place."""
        row, place = self._nearest(at)
        marks = (self.plane.place_of(point.x(), point.y()) for point in (at, place))
        return (row if is_on(*marks) else None), place

    def _inputs_at(self, at: QPointF) -> Array:
        """Return the inputs at a point of the plot, shape (inputs,)."""
        inputs = self._row_inputs.copy()
        for place, value in zip(self.axes.along, (at.x(), at.y()), strict=False):
            inputs[place] = value
        for place, values in self.state.columns.compute(lambda i: inputs[[i]]):
            inputs[place] = values[0]
        return inputs

    def _nearest(self, at: QPointF) -> tuple[int | None, QPointF]:
        """Return the plotted row whose mark is nearest to a point, and the place of the mark."""
        rows = self.plane.marks.rows
        points = rows.points
        if not len(points):
            return None, at
        offsets = (points - (at.x(), at.y())) / self.plane.pixel()
        nearest = int(np.lexsort((-rows.opacity, np.hypot(*offsets.T)))[0])  # of several marks, the topmost
        some = drawn_rows(self.state)
        return int(some[nearest % len(some)]), QPointF(*points[nearest].tolist())

    # --- what-if row

    def _report_what_if(self, old: Moment | None, new: Moment) -> None:
        """Report in the status bar that a what-if row has appeared, or that a person has discarded it."""
        is_what_if = new.what_if_row is not None
        if old and not is_new(old, new, "state.data") and is_what_if != (old.what_if_row is not None):
            free = KEEP_TIP if self._draws and is_one_of_many(new.state.network) else FREE
            self._desk.message.emit(free if is_what_if else LEFT.format(new.row + 1))

    def _put(self, x: float, y: float) -> None:
        """Set the what-if row (inputs that the user tries out) to the inputs at a point of the plot.

        In a plot over targets, select the nearest row of the data instead.
        """
        if self.plane.press:
            self._drag_to(x, y)
        elif self.plot is None:
            return
        elif self.axes.horizontal is not None:
            self._document.show_what_if_row(self._inputs_at(QPointF(x, y)))
        elif (row := self._nearest(QPointF(x, y))[0]) is not None:
            self._document.select_row(row)

    def _nudge(self, right: int, up: int, size: str) -> None:
        """Move the what-if row (inputs that the user tries out) by steps of `size`, for example "0.1".

        In a plot over targets, select another row of the data instead.
        """
        axes, now = self.axes, self._document.now
        if axes.horizontal is None:
            self._document.select_row(now.row + right - up)
            return
        data, row, is_point = now.row_state.data, now.row_index, self.plane.press is not None
        if not len(data):
            return
        columns = shown_columns(now.state, axes) if is_point else [*axes.along]
        here, steps = np.hstack(data.arrays)[row, columns], (right, up) if len(columns) > 1 else (right + up,)
        moved = [moved_by_steps(float(value), step, size) for value, step in zip(here, steps, strict=True)]
        if is_point:
            self._move_point(now.row, moved, (self._stroke, now.row))
            self._desk.runner.end_edit()
            return
        inputs = data.inputs[row].copy()
        inputs[columns] = moved
        self._document.show_what_if_row(inputs)
        self._desk.frames.show_pending()  # so that Enter, in the same frame, keeps this row

    def _keep(self, k: int | None = None) -> None:
        """Add the what-if row to the data; its target is the class with index `k`, or 0 if `k` is None.

        A drawing needs a class if the outputs are classes.
        """
        classes = self.state.network.outputs if is_one_of_many(self.state.network) else ()
        if k is None and classes and self._draws:
            self._desk.message.emit(KEEP_TIP)
            return
        if k is not None and k >= len(classes):
            return
        targets = None if k is None else np.eye(len(classes))[k]
        if message := self._document.insert_what_if_row(targets):
            self._desk.message.emit(message)

    # --- points by hand, and the pad

    def _use_tool(self, on: bool) -> None:
        """Show the pad for inputs that are pixels, else let mouse and keys edit points; or end both."""
        draws = self._draws
        self._section_key = None
        self.plane.press, self.plane.own_keys = (self._press, POINT_KEYS) if on and not draws else (None, ())
        self.plane.setToolTip(POINTS_TIP if self.plane.press else TIP)
        self.pad.setVisible(draws)
        self.page.setVisible(not draws)
        for part in (self.key, self.number, self.same_scale):
            part.hide()
        self._document.show_what_if_row(None)
        if on:
            self._desk.message.emit(DRAW_TIP if draws else POINTS_TIP)
            (self.pad if draws else self.plane).setFocus()
        self._discard_results()
        self._use_axes(self.axes)
        self.work.stop()  # else a picture in progress would show its key above the pad
        self.show_now()

    def _show_key(self) -> None:
        """Show the key (legend) of colours or, while the person edits points, the choice of their targets."""
        on, names = self.plane.press is not None, class_names(self.state, self.axes)
        self._class = min(self._class, max(len(names) - 1, 0))
        entries = key(self.state, self.axes, self._class if on else None)
        heights = HALVES if decides_yes_or_no(self.state) else HEIGHTS
        start = (NEW_POINTS if names else NUMBERS if self.axes.vertical is not None else heights) * on
        chosen = f"class {names[self._class]}" if names else ""
        self.key.setText(start + " &nbsp; ".join(entries.values()))
        self.key.setAccessibleName(f"{start}{chosen}" if on else f"Colours: {', '.join(entries)}")
        self.key.setVisible(on or bool(entries))
        self.number.setVisible(start == NUMBERS)
        is_empty = on and not len(self.state.data)
        hint = f"Click to add a point of {chosen}" if chosen else "Click to add a point"
        if not (on and self._now.is_moving):  # else the plot would grow under the mouse
            self.plane.hint = hint if is_empty else ""
        self.plane.show_title(self.plane.hint or self.plane.note)

    def _choose_class(self, k: int) -> None:
        """Choose the class of new points, if there is a class with the index `k`."""
        if k < len(class_names(self.state, self.axes)):
            self._class = k
            self._show_key()

    def _end_stroke(self) -> None:
        """Let the next change of points be an undo entry of its own."""
        self._stroke = object()
        self._desk.runner.end_edit()

    def _press(self, at: QPointF) -> QPointF | None:
        """Grab the point under the mouse, or add a point; return how far the grabbed point is from `at`.

        Return None if edits are locked.
        """
        if not self._document.may_change():
            return None
        self._document.set_in_motion(True)
        self._grabbed, place = self._row_at(at)
        self._grabbed_in = self._document.state.data
        if self._grabbed is not None:
            self._document.select_row(self._grabbed)
            return place - at
        self._brush = np.array(at.toTuple())
        self._add_points(self._brush)
        return QPointF()

    def _drag_to(self, x: float, y: float) -> None:
        """Move the grabbed point, or sprinkle points around the way to the mouse.

        If anything else has changed the rows, such as Delete or Undo, the grabbed point stays where it is.
        """
        if self._grabbed is not None:
            if self._grabbed_in is self._document.state.data:
                self._move_point(self._grabbed, [x, y], self._stroke)
                self._grabbed_in = self._document.state.data
            return
        pixel = np.array(self.plane.pixel())
        way = ([x, y] - self._brush) / pixel
        if count := int(np.hypot(*way) / SPACING_PX):
            steps = np.arange(1, count + 1)[:, None] * way * SPACING_PX / np.hypot(*way)
            places = self._brush + (steps + self._rng.normal(0.0, SPREAD_PX, steps.shape)) * pixel
            self._brush = self._brush + steps[-1] * pixel
            self._add_points(*places)

    def _add_points(self, *places: Array) -> None:
        """Add rows at places in the plot, each of shape (2,), as the last training rows; select the last."""
        now, axes, count = self._document.now, self.axes, len(places)
        points = [self.plane.round_point(QPointF(*place.tolist())) for place in places]
        chosen = self._class if class_names(now.state, axes) else self.number.value
        last = max(now.state.training.trained_rows(len(now.state.data) + count), count) - count - 1
        inputs = [self._inputs_at(at) for at in points]
        targets = [new_targets(now, axes, at.y(), chosen) for at in points]
        edit_rows, data = self._desk.runner.edit_rows, now.state.data
        if edit_rows("Add points", add_row, last, inputs, targets, merge=self._stroke):
            self._document.select_row(last + count)
            if len(data) and data.targets is None:
                self._desk.message.emit(TARGETS_ADDED)

    def _move_point(self, row: int, values: list[float], merge: Hashable) -> None:
        """Move a point to the `values` on the axes: two inputs, or an input and the target.

        Successive moves with the same `merge` are one undo entry.
        """
        columns = shown_columns(self._document.state, self.axes)
        if self.axes.vertical is None:
            values[1:] = [target_at(self._document.state, value) for value in values[1:]]
        cells = np.array([values[: len(columns)]])
        self._desk.runner.edit_rows("Move a point", put_cells, row, columns, cells, merge=merge)

    def _use_key(self, key: int) -> None:
        """Do what one of POINT_KEYS does while the person edits points."""
        self._stroke, runner = object(), self._desk.runner
        if key == Qt.Key.Key_Escape:
            self.tool.setChecked(False)
        elif key in DIGITS:
            self._choose_class(DIGITS.index(key))
        elif key not in REMOVE:
            self._add_points(np.mean(self.plane.view(), axis=1))
        elif len(self._document.state.data):
            row, runs = self._document.now.row, runner.running
            if runner.edit_rows("Remove a point", remove_rows, [row], merge=self._stroke) and not runs:
                self._desk.message.emit(f"Removed row {row + 1}")
        self._end_stroke()


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
