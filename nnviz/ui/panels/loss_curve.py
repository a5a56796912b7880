"""What the panel "1 weight" shows: the curve over the selected weight or bias, and the next step on it.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnviz.core.activations import Array
from nnviz.core.explanation.mean import all_rows
from nnviz.core.loss.line import LossLine, is_of, is_plain, loss_line
from nnviz.core.loss.moved_weights import same_but
from nnviz.core.numbers import full, loss_in_words, shown
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, LATER
from nnviz.picture.palette import Palette
from nnviz.ui.loss.curve_plane import LossCurvePlane
from nnviz.ui.loss.view import LossView, axis_name
from nnviz.ui.plots.pages import coloured
from nnviz.ui.widgets.theme import colours

CHOOSE = "Click a weight or a bias on the diagram: the {} along it is drawn here"
TOO_LARGE = "At these weights the {} is too large to be drawn"


class LossCurve(LossView):
    """Draws the loss over the rows along the selected weight; dragging the point changes the weight."""

    title, what, ending = "1 weight", "the loss over one weight", "-1-weight"
    tip = "The slope over the rows, and the next step of this weight alone: the others stay"
    wanted, caption_lines = 1, 3

    plane: LossCurvePlane
    _known: LossLine | None
    _drawn: Array | None

    def __init__(self) -> None:
        super().__init__(LossCurvePlane(colours()))

    def hint(self, state: State) -> str:  # noqa: D102
        return CHOOSE.format(state.measure.word)

    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the line, coarse and then fine."""
        for step in loss_line(state, self.weights[0], self._known, slopes):
            self._known = step or self._known
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the line, which may be that of another State."""
        line = self._known
        self.plane.name_axes(axis_name(state.network, *self.weights), state.measure.title)
        if line is None:
            return False, self._draw_nothing(COMPUTING)
        if not is_of(line, state):
            return False, self._draw_old(line, state)
        if not line.drawable:
            return True, self._draw_nothing(TOO_LARGE.format(state.measure.word))
        if self._drawn is not line.values:
            self.plane.show_curve(line.values, line.loss, *line.heights())
            self._drawn = line.values
        self.plane.stale(False)
        self.plane.show_point(line.w, line.point.loss, line.point.slope, line.landing)
        self.plane.setAccessibleDescription(line_in_full(line))
        return True, line_in_html(line, colours())

    def _draw_nothing(self, caption: str) -> str:
        self.plane.show_nothing()
        self._drawn = None
        return caption

    def _draw_old(self, line: LossLine, state: State) -> str:
        """Show what still holds of a line while the one of `state` is being computed."""
        same = same_but(line.state, state, line.weight)
        self.plane.stale(not same)
        w = line.weight.value(state.network)
        self.plane.show_point(w, line.at(w) if same else math.nan, math.nan, None)
        return COMPUTING if same else LATER


def line_in_html(line: LossLine, palette: Palette) -> str:
    """Return three lines of rich text: loss and slope; the next step; the loss if this weight alone moves."""
    loss, slope = line.point
    here = coloured(
        palette.muted, f"{loss_in_words(line.state.measure.title, loss)} over {all_rows(line.state)} · "
    )
    slope_here = coloured(palette.slope, f"slope {shown(slope)}")
    step = f"{coloured(palette.accent, f'{_step(line)}:')} {_move(line)}"
    return "<br>".join((here + slope_here, step, _landing(line, palette)))


def line_in_full(line: LossLine) -> str:
    """Return the same with all digits, for a screen reader."""
    loss, slope = line.point
    measure = line.state.measure
    said = f"{measure.title} {full(loss)} at {line.weight.symbol} = {full(line.w)}, slope {full(slope)}"
    if line.landing:
        end, there = (full(value) for value in line.landing)
        said += f", {_step(line).lower()} to {end}, "
        said += f"where the {measure.word} is {there} if this weight alone moves"
    return said


def _step(line: LossLine) -> str:
    """Call the step what it is: that of a script is another one, and told by nobody."""
    own = is_plain(line.state) and not line.state.is_watched
    return "Next step" if own else "Gradient descent step"


def _move(line: LossLine) -> str:
    """Return "w 2 → 1.984"."""
    w = f"{line.weight.symbol} {shown(line.w)}"
    if line.landing is None:
        return f"{w} goes too far for a number"
    end, _ = line.landing
    if end == line.w:
        return f"{w} stays{', the slope is 0' if line.point.slope == 0.0 else ''}"
    low, high = line.stretch
    return f"{w} → {shown(end)}{_which_way(line.w, end)}{'' if low <= end <= high else ' (off the plot)'}"


def _landing(line: LossLine, palette: Palette) -> str:
    """Return what the loss would be; the step moves the other weights too, but this plot does not."""
    if line.landing is None or line.landing[0] == line.w:
        return ""
    loss = line.landing[1]
    here, there = line.point.loss, loss_in_words(line.state.measure.title, loss)
    way = _which_way(here, loss)
    if loss <= here:
        there += way
    else:
        there = coloured(palette.error, there + (way or ", higher") if math.isfinite(loss) else there)
    return f"If this weight alone moves there: {there}"


def _which_way(start: float, end: float) -> str:
    """Return which way a number goes that is written as before, in words; "" where it reads otherwise."""
    if start == end or shown(start) != shown(end):
        return ""
    return ", a little higher" if end > start else ", a little lower"
