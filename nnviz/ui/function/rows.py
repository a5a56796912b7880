"""Which rows are marked in the picture of the function, where and how. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.core.accuracy import THRESHOLD
from nnviz.core.activations import Array
from nnviz.core.decision import bounds, decides
from nnviz.core.state import State
from nnviz.picture.palette import Palette
from nnviz.picture.shades import class_colour, of_numbers, shades
from nnviz.picture.tone import Tone
from nnviz.ui.function.axes import Axes

SHAPES = ("circle", "square", "triangle")
"""What a mark can be; a class has a shape of its own for who sees no colours, as far as there are some."""
MOST = 1500
"""Of more rows these many are drawn, evenly spread over the table."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows to be marked.

    ========= ============================================================================
    `points`  where they stand, shape (rows, 2)
    `colours` one for each row, as #RRGGBB
    `shapes`  one for each row, a place in `SHAPES`
    `hollow`  which are not trained on, shape (rows,)
    `toned`   whether a colour may be that of the picture under it: what is hollow has a dot then
    ========= ============================================================================
    """

    points: Array
    colours: Sequence[str]
    shapes: Sequence[int]
    hollow: NDArray[np.bool_]
    toned: bool = False

    @classmethod
    def none(cls) -> Rows:
        """Return no rows."""
        return cls(np.empty((0, 2)), (), (), np.empty(0, dtype=bool))


def drawn(state: State) -> NDArray[np.intp]:
    """Return which rows are drawn, from 0."""
    count = len(state.data)
    return np.linspace(0, count - 1, min(count, MOST)).round().astype(np.intp)


def on_map(state: State, axes: Axes, palette: Palette) -> Rows:
    """Return the rows over two inputs, each in the colour of its target."""
    some, (colours, shapes) = drawn(state), _by_target(state, axes.output, palette)
    points = state.data.inputs[some][:, axes.along]
    return Rows(points, colours, shapes, held_out(state, some), are_toned(state, axes))


def are_toned(state: State, axes: Axes) -> bool:
    """Tell whether rows on a map have the colours of its numbers, or one, and not those of classes."""
    return state.data.targets is None or (axes.output is not None and not decides(state))


def on_curves(state: State, axes: Axes, outputs: Iterable[int], palette: Palette) -> Rows:
    """Return the targets of some outputs over one input; none without targets."""
    assert axes.across is not None
    some, targets = drawn(state), state.data.targets
    if targets is None or not len(some):
        return Rows.none()
    x, each = state.data.inputs[some, axes.across], list(outputs)
    points = [np.column_stack([x, targets[some, output]]) for output in each]
    called = [palette.positive] if len(each) == 1 else curve_colours(each, palette)
    colours = [colour for colour in called for _ in some]
    hollow = np.tile(held_out(state, some), len(each))
    return Rows(np.concatenate(points), colours, [0] * len(colours), hollow)


def on_pairs(state: State, output: int, predictions: Array, palette: Palette) -> Rows:
    """Return the predictions of the drawn rows, shape (rows, outputs), over their targets."""
    assert state.data.targets is not None
    some = drawn(state)
    points = np.column_stack([state.data.targets[some, output], predictions[:, output]])
    return Rows(points, [palette.positive] * len(some), [0] * len(some), held_out(state, some))


def curve_colours(outputs: list[int], palette: Palette) -> list[str]:
    """Return the colours of curves: the accent for one, for several those of classes."""
    if len(outputs) == 1:
        return [palette.accent]
    return [class_colour(palette, output) for output in outputs]


def held_out(state: State, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell of each of some rows whether it is not trained on: those from the first validation row on."""
    return rows >= state.trained_rows


def _by_target(state: State, output: int | None, palette: Palette) -> tuple[list[str], list[int]]:
    """Return the colour and the shape of each drawn row, by its targets."""
    some, targets = drawn(state), state.data.targets
    if targets is None:
        return [palette.muted] * len(some), [0] * len(some)
    if output is None:
        classes = targets[some].argmax(axis=1).tolist()
        return [class_colour(palette, k) for k in classes], [class_shape(k) for k in classes]
    values = targets[some, output]
    if decides(state):
        classes = (values >= THRESHOLD).astype(int).tolist()
        return [(palette.negative, palette.positive)[k] for k in classes], [class_shape(k) for k in classes]
    tone = Tone(*bounds(state, output, values), logarithmic=False)
    colours = of_numbers(values, tone, shades(palette, False))[..., :3].tolist()
    return ["#{:02X}{:02X}{:02X}".format(*colour) for colour in colours], [0] * len(some)


def class_shape(k: int) -> int:
    """Return the shape of a class: squares first, then circles and triangles; of further ones circles."""
    return (1, 0, 2)[k] if k < len(SHAPES) else 0
