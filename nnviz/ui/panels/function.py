"""What the panel "Function" draws: a map over two inputs, curves over one, or predictions over targets.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from nnviz.core.accuracy import THRESHOLD
from nnviz.core.activations import Array
from nnviz.core.cost import forward_ns, row_blocks
from nnviz.core.decision import bounds, decides
from nnviz.core.function import COARSEST, Picture, Section, Span, point_ns, refined, section
from nnviz.core.run import Training
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.selection import Selection
from nnviz.picture.palette import Palette
from nnviz.picture.shades import of_classes, of_numbers, shades
from nnviz.picture.tone import Tone
from nnviz.ui.function import rows, words
from nnviz.ui.function.axes import Axes
from nnviz.ui.function.lines import class_lines, level_line
from nnviz.ui.function.plane import FunctionPlane
from nnviz.ui.function.rows import Rows
from nnviz.ui.widgets.theme import colours

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
        self._picture: Picture | None = None
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
            return len(rows.drawn(self.state)) * forward_ns(self.state.network) <= FIRST_NS
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
        network, inputs = self.state.network, self.state.data.inputs[rows.drawn(self.state)]
        parts = []
        for block in row_blocks(len(inputs), forward_ns(network)):
            parts.append(network.predict(inputs[block]))
            yield
        self._predictions = np.concatenate(parts)

    # --- what is drawn

    def draw(self) -> tuple[bool, str]:
        """Draw what is known. Return whether it is of the present State, and a caption."""
        network, axes, known = self.state.network, self.axes, self._picture
        across, up = words.axis_names(network, axes)
        self.plane.name_axes(across, up)
        if axes.across is None:
            self._draw_pairs()
        elif known is not None:
            (self._draw_map if axes.up is not None else self._draw_curves)(known)
        self.plane.stale(not self.found)
        self._draw_row()
        caption = words.caption(self.state, axes, self._selection, self.found)
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

    def _draw_map(self, picture: Picture) -> None:
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
        self._mark(palette, lambda: rows.on_map(self.state, self.axes, palette))

    def _draw_curves(self, picture: Picture) -> None:
        palette, outputs = colours(), self.outputs
        if not self._news(picture, palette):
            return
        targets = self.state.data.targets
        seen = [picture.prediction[:, outputs], *([] if targets is None else [targets[:, outputs]])]
        self._up = _height(np.concatenate([each.ravel() for each in seen]), self._up)
        self.plane.show_curves(picture, outputs, rows.curve_colours(outputs, palette), self._up)
        self._mark(palette, lambda: rows.on_curves(self.state, self.axes, outputs, palette))

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
        self._mark(palette, lambda: rows.on_pairs(self.state, output, predictions, palette), predictions)

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
