"""The plot of the function panel: curves or a colour map, with marks for the rows, and points by hand.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QKeyEvent, QMouseEvent, QPen

from nnviz.core.activations import Array
from nnviz.core.function import FunctionValues, Section, Span, hidden_shares
from nnviz.core.metrics import THRESHOLD, decides_yes_or_no, is_one_of_many, output_range
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.document.moment import Moment
from nnviz.picture.scales import Pixels, Tone, class_colour, number_pixels, output_tones, round_ticks
from nnviz.ui.kit.controls import has_ctrl, named
from nnviz.ui.kit.theme import colours
from nnviz.ui.plot.plot import CurveItem, DotItem, drawable_ranges, faint
from nnviz.ui.plot.points import MapPlot, MarksItem, contours

MOST_TOGETHER = 10
"""Largest number of outputs that one plot shows as curves."""
MOST_SEARCHED = 1000
"""Largest number of rows, from the first row on, in which nnviz looks for inputs that vary."""
TARGET, PREDICTION = "target", "prediction"
"""Title of an axis that shows the targets, and of an axis that shows the prediction."""


@dataclass(frozen=True)
class Axes:
    """The quantities on the axes of the plot, and the plotted output.

    ============ ==========================================================================================
    `horizontal` index of the input on the horizontal axis, or None if this axis shows the targets
    `vertical`   index of the input on the vertical axis, or None if this axis shows the prediction
    `output`     index of the plotted output; None plots all outputs as curves, or the largest output on a map
    ============ ==========================================================================================

    A plot over two inputs is a map, which shows the prediction as colours. Computed inputs have no axis: they
    follow the other inputs.
    """

    horizontal: int | None
    vertical: int | None
    output: int | None = None

    @property
    def along(self) -> tuple[int, ...]:
        """The indices of the inputs on the axes."""
        return tuple(place for place in (self.horizontal, self.vertical) if place is not None)

    def outputs(self, state: State) -> list[int]:
        """Return the indices of the plotted outputs."""
        return list(range(len(state.network.outputs))) if self.output is None else [self.output]

    @classmethod
    def first(cls, state: State) -> Axes:
        """Return the default axes: the first inputs whose values differ between rows."""
        inputs = state.data.inputs[:MOST_SEARCHED]
        varied = (inputs != inputs[:1]).any(axis=0)
        places = sorted(state.columns.entered, key=lambda place: not varied[place])
        return cls(places[0], places[1] if len(places) > 1 else None).restrict(state)

    def restrict(self, state: State) -> Axes:
        """Return these axes, with a default for each quantity that the State does not have."""
        places, outputs = state.columns.entered, len(state.network.outputs)
        across, up = self.horizontal, self.vertical
        if across not in places and not (across is None and has_pairs(state)):
            across = places[0]
        if across is None or up == across or up not in places:
            up = None
        output = self.output if self.output in range(outputs) else None
        curves = across is not None and up is None
        together = outputs <= MOST_TOGETHER if curves else is_one_of_many(state.network)
        if outputs == 1 or (output is None and not together):
            output = 0
        return replace(self, horizontal=across, vertical=up, output=output)


def has_pairs(state: State) -> bool:
    """Return whether predictions can be plotted over targets: the data has targets that are not classes."""
    has_targets = state.data.targets is not None and len(state.data) > 0
    return has_targets and not is_one_of_many(state.network)


MOST_CLASSES = 10
"""Largest number of classes of which a person can place points: the keys 0 to 9 choose the class."""


def can_place_points(state: State, axes: Axes) -> bool:
    """Return whether a place in the plot and a choice of the target say all that a new row needs."""
    is_class, few = is_one_of_many(state.network), len(state.network.outputs) <= MOST_CLASSES
    return axes.horizontal is not None and (few if is_class else axes.output is not None)


def class_names(state: State, axes: Axes) -> tuple[str, ...]:
    """Return the names of the classes that a new point can have, or () if it gets a number as target."""
    if is_one_of_many(state.network):
        return state.network.outputs
    return ("0", "1") if axes.vertical is not None and decides_yes_or_no(state) else ()


def target_at(state: State, height: float) -> float:
    """Return the target that a height in a plot over one input means: if outputs decide, class 0 or 1."""
    return float(height >= THRESHOLD) if decides_yes_or_no(state) else height


def shown_columns(state: State, axes: Axes) -> list[int]:
    """Return the columns of the data table, first inputs, then targets, that moving a point changes."""
    has_target = state.data.targets is not None and axes.vertical is None and axes.output is not None
    if not has_target or is_one_of_many(state.network):
        return list(axes.along)
    return [*axes.along, len(state.network.inputs) + (axes.output or 0)]


def new_targets(now: Moment, axes: Axes, height: float, chosen: float) -> Array:
    """Return the targets of a new point, shape (outputs,).

    `height` is its place on the vertical axis, `chosen` the index of the chosen class, or the chosen number.
    Outputs that are not in the plot get the targets of the selected row.
    """
    old, outputs = now.state.data.targets, len(now.state.network.outputs)
    targets: Array = np.zeros(outputs) if old is None or not len(old) else old[now.row].copy()
    if is_one_of_many(now.state.network):
        targets[:] = np.eye(outputs)[int(chosen)]
    else:
        targets[axes.output] = target_at(now.state, height) if axes.vertical is None else chosen
    return targets


MOST_POINTS = 20_000
"""Largest number of grid points from which the line between two classes is computed.

More points would not visibly move the line.
"""


def level_line(picture: FunctionValues, output: int, level: float) -> Array:
    """Return the line where an output equals `level`, shape (points, 2): x, y. NaN separates its parts."""
    across, up, prediction = _thinned(picture)
    return contours(across, up, prediction[..., output], [level])


def class_lines(picture: FunctionValues) -> Array:
    """Return the lines between classes, shape (points, 2): x, y. NaN separates two lines."""
    across, up, shares = _thinned(picture)
    winner = shares.argmax(axis=-1)
    second, largest = np.moveaxis(np.partition(shares, -2, axis=-1)[..., -2:], -1, 0)
    lines = [np.empty((0, 2))]
    for k in np.unique(winner)[:-1].tolist():  # the other lines already bound the last class
        margin = np.where(winner == k, largest - second, shares[..., k] - largest)
        lines.append(contours(across, up, margin, [0.0]))
    return np.concatenate(lines)


def _thinned(picture: FunctionValues) -> tuple[Array, ...]:
    """Return x, y and the predictions, shape (y, x, outputs), at about MOST_POINTS points of a map."""
    step = max(1, int(np.sqrt(picture.prediction[..., 0].size / MOST_POINTS)))
    return *(values[::step] for values in picture.values), picture.prediction[::step, ::step]


SYMBOLS, SAMPLES, WIDTHS = ("o", "s", "t1"), "●■▲", np.array([1.0, 0.9, 1.1])
"""Shapes of marks, named as in pyqtgraph and as characters, and the widths at which they look equally large.

The first classes also differ in shape, for people who cannot distinguish the colours.
"""
MOST, LATEST = 1500, 100
"""Largest number of plotted rows, evenly spread over the table.

LATEST: number of the last training rows that are always plotted.
"""


FAINTEST, FADE = 0.3, 2.0
"""The opacity of a mark is 1 − FADE · distance of its row in the hidden inputs, but at least FAINTEST."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The marks of the plotted rows; without arguments, no marks.

    ========= ===============================================================================
    `points`  places of the marks in the plot, shape (marks, 2): x, y
    `colours` the colour of each mark, as #RRGGBB
    `shapes`  the shape of each mark, as an index into `SYMBOLS`
    `hollow`  whether each mark belongs to a validation row, shape (marks,)
    `toned`   whether marks can have the same colour as the map; then a hollow mark has a dot
    `opacity` opacity of each mark, from `FAINTEST` to 1, shape (marks,)
    `hidden`  number of inputs that are not on the axes and in which rows differ from the shown plane
    ========= ===============================================================================
    """

    points: Array = field(default_factory=lambda: np.empty((0, 2)))
    colours: Sequence[str] = ()
    shapes: Sequence[int] = ()
    hollow: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=bool))
    toned: bool = False
    opacity: Array = field(default_factory=lambda: np.empty(0))
    hidden: int = 0


def drawn_rows(state: State) -> NDArray[np.intp]:
    """Return the indices of the rows that are plotted, shape (plotted rows,): all rows, or `MOST` of them.

    The last training rows, which a person may just have added, are among them.
    """
    rows, last = np.arange(len(state.data)), state.trained_rows
    if len(rows) <= MOST:
        return rows
    latest = rows[max(last - LATEST, 0) : last]
    others = np.delete(rows, latest)
    even = np.linspace(0, len(others) - 1, MOST - len(latest)).round().astype(np.intp)
    return np.sort(np.concatenate([others[even], latest]))


def marked_rows(state: State, axes: Axes, predictions: Array | None, where: Section) -> Rows:
    """Return the marks of the plotted rows, in a plot over the line or plane `where`.

    On a map, a mark has the inputs of its row, in the colour of the target. Over one input, marks show the
    targets, if there are any. Over targets, marks show the `predictions` for the plotted rows, shape
    (plotted rows, outputs). Over inputs, marks fade with the distance of their rows in the other inputs.
    """
    some, data = drawn_rows(state), state.data
    if not len(some) or (axes.vertical is None and data.targets is None):
        return Rows()
    hollow, opacity, hidden = some >= state.trained_rows, np.ones(len(some)), 0
    if axes.horizontal is not None:
        shares = hidden_shares(data, some, where)
        opacity = np.maximum(FAINTEST, 1.0 - FADE * hidden_distances(shares))
        hidden = int(np.count_nonzero(shares.any(axis=0)))
    if axes.vertical is not None:
        points, toned = data.inputs[some][:, axes.along], are_toned(state, axes)
        return Rows(points, *_by_target(state, axes.output), hollow, toned, opacity, hidden)
    assert data.targets is not None
    plotted, heights = axes.outputs(state), data.targets[some] if predictions is None else predictions
    x = data.targets[some, plotted[0]] if axes.horizontal is None else data.inputs[some, axes.horizontal]
    points = np.concatenate([np.column_stack([x, heights[:, output]]) for output in plotted])
    by_output = [colours().positive] if len(plotted) == 1 else curve_colours(plotted)
    marks = [colour for colour in by_output for _ in some]
    hollow, opacity = np.tile(hollow, len(plotted)), np.tile(opacity, len(plotted))
    return Rows(points, marks, [0] * len(marks), hollow, False, opacity, hidden)


def hidden_distances(shares: Array) -> Array:
    """Return each row's distance from the shown line or plane, shape (rows,): the mean of its `shares`.

    `shares` are the distances in each hidden input, shape (rows, hidden inputs).
    """
    distances: Array = shares.sum(axis=1) / max(1, shares.shape[1])
    return distances


def are_toned(state: State, axes: Axes) -> bool:
    """Return whether no mark on a map has the colour of a class.

    Then the colours show numbers, or all marks are grey because the rows have no targets.
    """
    return state.data.targets is None or (axes.output is not None and not decides_yes_or_no(state))


def curve_colours(outputs: list[int]) -> list[str]:
    """Return the colours of curves: the accent colour for one curve, class colours for several."""
    if len(outputs) == 1:
        return [colours().accent]
    return [class_colour(colours(), output) for output in outputs]


def _by_target(state: State, output: int | None) -> tuple[list[str], list[int]]:
    """Return the colour and the shape of each plotted row, according to its targets."""
    some, targets, palette = drawn_rows(state), state.data.targets, colours()
    if targets is None:
        return [palette.muted] * len(some), [0] * len(some)
    values = targets[some, output or 0]
    if output is None or decides_yes_or_no(state):
        classes = targets[some].argmax(axis=1) if output is None else (values >= THRESHOLD).astype(int)
        return [class_colour(palette, k) for k in classes], [class_shape(k) for k in classes]
    tone = Tone(*output_range(state, output, values), logarithmic=False)
    pixels = number_pixels(values, tone, output_tones(palette, False))[..., :3].tolist()
    return ["#{:02X}{:02X}{:02X}".format(*pixel) for pixel in pixels], [0] * len(some)


def class_shape(k: int) -> int:
    """Return an index in SYMBOLS: class 0 is a square, 1 a circle, 2 a triangle, any other class a circle."""
    return (1, 0, 2)[k] if k < len(SYMBOLS) else 0


SIZES = ((60, 8.0), (250, 6.0), (MOST, 4.0))
"""Pairs (number of rows, size in pixels): up to this number of rows, each mark has this width."""
RIM = 0.8
"""Width of the line around a mark, in pixels."""


@lru_cache(maxsize=2 * MOST)
def _brush(colour: str, opacity: float) -> QBrush:
    return QBrush(faint(colour, opacity))


class RowMarks(MarksItem):
    """Draws the marks of `rows`. A mark consists of up to three shapes, one above the other."""

    rows = Rows()

    def show_rows(self, rows: Rows, rim: str, ground: str) -> None:
        """Replace the rows. `rim` is the colour around a mark, `ground` the colour inside a hollow mark."""
        self.rows, inside = rows, rim if rows.toned else ground
        size = next((size for most, size in SIZES if len(rows.points) <= most), SIZES[-1][1])
        hollow = 1.25 * size + 2 * RIM, 1.25 * size, 0.75 * size
        sizes = np.where(rows.hollow[:, None], hollow, (size + RIM, size - RIM, 0.0))
        layers = [
            (_brush(rim, opacity**2), _brush(colour, opacity), _brush(inside, opacity))
            for colour, opacity in zip(rows.colours, rows.opacity.round(1).tolist(), strict=True)
        ]
        marks, layer = np.nonzero((sizes > 0.0) & np.isfinite(rows.points).all(axis=1, keepdims=True))
        upwards = np.argsort(rows.opacity[marks], kind="stable")  # near rows are above distant ones
        marks, layer = marks[upwards], layer[upwards]
        shapes = np.array(rows.shapes, dtype=np.intp)[marks]
        self.setData(
            *rows.points[marks].T,
            size=sizes[marks, layer] * WIDTHS[shapes],
            symbol=np.array(SYMBOLS)[shapes],
            brush=np.array(layers, dtype=object).reshape(-1, 3)[marks, layer],
        )


LEVELS = 5
"""Approximate number of labels on the colour scale."""
RING, POINT = 15, 11
"""Diameters in pixels. RING: ring around the mark of the row that the diagram shows.

POINT: point of the what-if row (inputs that the user tries out, not in the data).
"""
TIP = (
    "Click or drag to show a what-if row (not stored) on the diagram. Arrow keys move the row's point by 0.1 "
    "(Shift: by 1, Alt: by 0.01). Enter adds the row to the data; Escape discards the row"
)


DIGITS, REMOVE = range(Qt.Key.Key_0, Qt.Key.Key_9 + 1), (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
POINT_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Insert, Qt.Key.Key_Escape, *REMOVE, *DIGITS)
"""Keys that add or remove a point, choose its class, or end the editing of points."""


class FunctionPlane(MapPlot):
    """The plot of a function: a map, curves, or predictions over targets, with marks for rows.

    The what-if row has inputs that the user tries out and that are not in the data.

    ================= ==================================================================
    `keep_requested`  emitted when the person adds the what-if row to the data
    `leave_requested` emitted when the person discards the what-if row
    `key_pressed`     emitted with one of `own_keys`
    `own_keys`        keys that the plot uses in place of the window while the person edits
                      points, else ()
    `press`           called with a pressed point of the plot while the person edits points;
                      returns how far the grabbed point is from the mouse, or None to end the
                      drag. Else None
    ================= ==================================================================
    """

    keep_requested = Signal()
    leave_requested = Signal()
    key_pressed = Signal(object)
    own_keys: tuple[int, ...] = ()
    press: Callable[[QPointF], QPointF | None] | None = None

    def __init__(self, read: Callable[[QPointF], tuple[QPointF, str] | None] = lambda _: None) -> None:
        """Make the plot; `read` returns the place and text of the readout near a point, or None."""
        self._shows_what_if, self._read = False, read
        super().__init__(grid=True, point=RING)
        named(self, "Plot of the function", TIP)
        self.picture: FunctionValues | None = None
        self._error = CurveItem(connect="finite")
        self.curves = [CurveItem(connect="finite") for _ in range(MOST_TOGETHER)]
        self.faded += self.curves
        self.marks = RowMarks(0.0)  # each mark has a size of its own
        self.note, self.hint = "", ""
        self._ring = DotItem(RING)
        self.add(2, *self.curves, self._error, self.marks, self._ring)
        self.restyle()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.show_title(self.hint or self.note)
        palette = colours()
        self.line.setPen(self.pen(palette.ink))
        self._error.setPen(self.pen(palette.error, 1.5))
        self._ring.setPen(QPen(QColor(palette.surface), 5))
        self._ring.setBrush(Qt.BrushStyle.NoBrush)

    # --- drawing

    @property
    def pixels(self) -> tuple[int, int]:
        """The width and height of the plot in pixels of the screen."""
        box, ratio = self.box, self.density or self.devicePixelRatioF()
        return max(2, math.ceil(box.width() * ratio)), max(2, math.ceil(box.height() * ratio))

    def show_map(
        self, picture: FunctionValues, pixels: Pixels, line: Array, tone: Tone | None, tones: Pixels
    ) -> None:
        """Draw a function of two inputs: a colour map, and the line where the decision changes.

        `pixels` are the colours of the map, `line` the points of the line, shape (points, 2): x, y.
        `tone` is the range of the colour scale, or None if each hue is a class. `tones` holds the colours of
        the scale, from low to high.
        """
        self._begin(picture)
        self.show_image(pixels, *drawable_ranges(*picture.section.spans))
        self.line.setData(line[:, 0], line[:, 1])
        if tone:
            self.bar.show_scale(tone, round_ticks(tone.low, tone.high, LEVELS), tones)
        else:
            self.bar.show_nothing()
        self.set_view(*picture.section.spans)

    def show_curves(self, picture: FunctionValues, outputs: list[int], up: Span) -> None:
        """Draw `outputs` as functions of one input; `up` is the range of the vertical axis."""
        self._begin(picture)
        self.hide_image()
        self.set_view(picture.section.spans[0], up)
        for curve, output, colour in zip(self.curves, outputs, curve_colours(outputs), strict=False):
            heights = picture.prediction[:, output]
            curve.setPen(self.pen(colour))
            finite = np.where(np.isfinite(heights), heights, np.nan)
            curve.setData(picture.values[0], self.clip_heights(finite))

    def show_diagonal(self, across: Span, up: Span) -> None:
        """Draw the line "prediction = target". The axes show the ranges `across` and `up`."""
        self._begin(None)
        self.hide_image()
        self.set_view(across, up)
        low, high = min(across[0], up[0]), max(across[1], up[1])
        self.line.setData([low, high], [low, high])

    def show_rows(self, rows: Rows) -> None:
        """Draw a mark for each of `rows`, and no other marks."""
        palette = colours()
        self.marks.show_rows(rows, palette.ink if rows.toned else palette.muted, palette.surface)
        self.note = f"Faint rows differ in {counted(rows.hidden, 'hidden input')}" if rows.hidden else ""
        self.show_title(self.hint or self.note)

    def show_row(self, x: float, y: float, *, free: bool, target: float = math.nan) -> None:
        """Draw a row at (x, y) as a ring, or as a point for the what-if row (`free=True`).

        Draw a vertical line from this point to y = `target`, unless `target` is NaN.
        """
        if free != self._shows_what_if:
            self._shows_what_if, size = free, POINT if free else RING
            self.colour_point()
            self._present.setRect(-size / 2, -size / 2, size, size)
        valid = math.isfinite(x) and math.isfinite(y) and math.isfinite(target)
        ends = self.clip_heights(np.array([y, target]))
        self._error.setData(*(([x, x], ends) if valid else ([], [])))
        self.place_dot(self._ring, math.nan if free else x, y)
        self.show_present(x, y)

    def _begin(self, picture: FunctionValues | None) -> None:
        self.picture = picture
        for curve in (self.line, *self.curves):
            if len(curve.points):
                curve.setData([], [])

    # --- mouse and keys

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:  # noqa: D102
        return self._read(at)

    def can_move_point(self) -> bool:
        """Return True: a click in the plot always shows a what-if row, or selects a row."""
        return True

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab or add a point of the data while the person edits points, else move the what-if row."""
        if self.press is None or event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
        elif self.is_inside(event.position()):
            self.gesture_ended.emit()
            self._hold = self.press(self.point_at(event.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Add the what-if row to the data on Enter, discard it on Escape, and move it with arrow keys.

        The what-if row has inputs that the user tries out and that are not in the data. While the person
        edits points, the keys add, move and remove points.
        """
        if event.key() in self.own_keys and not has_ctrl(event):
            self.key_pressed.emit(event.key())
        elif self._shows_what_if and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.keep_requested.emit()
        elif self._shows_what_if and event.key() == Qt.Key.Key_Escape:
            self.leave_requested.emit()
        else:
            super().keyPressEvent(event)

    def colour_point(self) -> None:  # noqa: D102
        super().colour_point()
        if self._shows_what_if:
            rim = colours().ink if self.hasFocus() else colours().surface
            self._present.set_colours(colours().accent, QPen(QColor(rim), 2))
        else:
            self._present.setBrush(Qt.BrushStyle.NoBrush)
