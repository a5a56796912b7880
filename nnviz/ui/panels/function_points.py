"""Points placed by hand: the targets that they get, and the row of the panel that chooses these targets.

A point is a row of the data. The module imports pyqtgraph, so it is imported only after the first frame.
"""

from __future__ import annotations

from html import escape

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnviz.core.activations import Array
from nnviz.core.metrics import THRESHOLD, decides_yes_or_no, is_one_of_many
from nnviz.core.numbers import shorten_names
from nnviz.core.state import State
from nnviz.document.moment import Moment
from nnviz.picture.scales import class_colour
from nnviz.ui.kit.controls import fill_box
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.function_plane import SAMPLES, Axes, class_shape
from nnviz.ui.plot.card import Caption, coloured
from nnviz.ui.plot.points import SHORT

MOST_CLASSES = 10
"""Largest number of classes of which a person can place points: the keys 0 to 9 choose the class."""
SPACING_PX, SPREAD_PX = 16.0, 7.0
"""Pixels. SPACING_PX: distance along a drag between two new points. SPREAD_PX: their standard deviation."""
FIELD_PX = 80
"""Width of the field for the target, in pixels at interface size 100 %."""


def can_place_points(state: State, axes: Axes) -> bool:
    """Return whether a place in the plot and a choice of the target say all that a new row needs."""
    if is_one_of_many(state.network):
        return axes.horizontal is not None and len(state.network.outputs) <= MOST_CLASSES
    return axes.horizontal is not None and axes.output is not None


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


def sprinkled(last: Array, to: Array, pixel: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return points around the way from `last` to `to`, shape (points, 2), and where the next way begins.

    All points are places in the plot; `pixel` is the width and the height of a pixel.
    """
    way = (to - last) / pixel
    length = float(np.hypot(*way))
    count = int(length / SPACING_PX)
    steps = way / max(length, SPACING_PX) * SPACING_PX
    around = np.arange(1, count + 1)[:, None] * steps + rng.normal(0.0, SPREAD_PX, (count, 2))
    return last + around * pixel, last + count * steps * pixel


class TargetChoice(QWidget):
    """The row above the plot that chooses the target of new points: a class, or a number.

    ========== =================================================
    `names`    names of the classes, or () if targets are numbers
    `chosen`   index of the chosen class
    `changed`  emitted when the person has chosen another class
    ========== =================================================
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()
        self.chosen = 0
        self.classes = Caption(0, "Choose the class of new points; the keys 0 to 9 do so, too")
        self.classes.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.classes.linkActivated.connect(lambda link: self.choose(int(link)))
        self.number = NumberField()
        self.number.show_value(1.0)
        self.number.setFixedWidth(FIELD_PX)
        self.number.setAccessibleName("Target of new points")
        fill_box(box := QHBoxLayout(self), 8, self.classes, self.number)
        box.setStretch(0, 1)

    @property
    def phrase(self) -> str:
        """The chosen target within a sentence: "a point of class 0"."""
        return f"a point of class {self.names[self.chosen]}" if self.names else "a point"

    def choose(self, k: int) -> None:
        """Choose the class with the index `k`, if there is such a class."""
        if k < len(self.names):
            self.chosen = k
            self.changed.emit()

    def show_for(self, state: State, axes: Axes) -> None:
        """Show the classes, or a field for a number, or that the height of a point is its target."""
        self.names, palette = class_names(state, axes), colours()
        self.chosen = min(self.chosen, max(len(self.names) - 1, 0))
        self.number.setVisible(not self.names and axes.vertical is not None)
        entries = []
        for k, name in enumerate(shorten_names(self.names, SHORT)):
            sample = coloured(class_colour(palette, k), SAMPLES[class_shape(k)])
            chosen = f"background-color: {palette.selection}; font-weight: 600" * (k == self.chosen)
            style = f"color: {palette.ink}; text-decoration: none; {chosen}"
            text = f"&nbsp;{sample}&nbsp;{escape(name).replace(' ', '&nbsp;')}&nbsp;"
            entries.append(f"<a href='{k}' style='{style}'>{text}</a>")
        over_one = "New points: the height is the target"
        numbers = "Target of new points" if axes.vertical is not None else over_one
        self.classes.setText(f"New points: {' '.join(entries)}" if entries else numbers)
        self.classes.setAccessibleName(f"New points: {self.phrase}" if entries else numbers)

    def targets(self, now: Moment, axes: Axes, places: Array) -> Array:
        """Return the targets of new points at `places` in the plot, shape (points, outputs).

        Outputs that are not in the plot get the targets of the selected row.
        """
        old, outputs = now.state.data.targets, len(now.state.network.outputs)
        row = np.zeros(outputs) if old is None or not len(old) else old[now.row]
        targets = np.tile(row, (len(places), 1))
        if is_one_of_many(now.state.network):
            targets[:] = np.eye(outputs)[self.chosen]
        elif axes.vertical is None:
            targets[:, axes.output] = [target_at(now.state, float(y)) for y in places[:, 1]]
        else:
            targets[:, axes.output] = self.chosen if self.names else self.number.value
        return targets
