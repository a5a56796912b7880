"""What is read out of the picture of the function, and what a point in it does."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF

from nnviz.core.activations import Array
from nnviz.core.numbers import full, nudged, shown
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.selection import Selection
from nnviz.ui.function import rows, words
from nnviz.ui.function.axes import Axes
from nnviz.ui.function.plane import FunctionPlane
from nnviz.ui.function.view import FunctionView


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
        along = words.inputs(state, self._axes, state.data.inputs[row], full)
        return f"{name}: {', '.join([*along, *words.outputs(state, self._axes, trace.prediction[0], full)])}"

    def _read(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point to read out near another one: its inputs, and what the network predicts there."""
        if not self._plane.takes_point():
            return None
        if self._axes.across is None:
            return self._read_pair(at)
        inputs = self._inputs_at(self._plane.rounded(at))
        prediction = self._state.network.predict(inputs)[0]
        lines = words.inputs(self._state, self._axes, inputs, shown)
        lines += words.outputs(self._state, self._axes, prediction, shown)
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
        return int(rows.drawn(self._state)[nearest]), QPointF(*points[nearest].tolist())

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
