"""The words of the panel "Function": what stands on its axes, in its read-out and in its caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nnviz.core.accuracy import THRESHOLD, is_one_of_many
from nnviz.core.activations import Array
from nnviz.core.decision import decides
from nnviz.core.names import shorten_names, shortened
from nnviz.core.network import Network
from nnviz.core.numbers import counted, shown
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING
from nnviz.document.selection import Selection
from nnviz.picture.palette import Palette
from nnviz.ui.function.axes import PREDICTION, TARGET, Axes
from nnviz.ui.function.key import Sample
from nnviz.ui.function.rows import MOST, are_toned, class_shape, curve_colours

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


def inputs(state: State, axes: Axes, row: Array, written: Callable[[float], str]) -> list[str]:
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


def caption(state: State, axes: Axes, selection: Selection, found: bool) -> str:
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


def key(state: State, axes: Axes, palette: Palette) -> list[Sample]:
    """Return which colour is which output, where there are several."""
    names = shorten_names(state.network.outputs, SHORT)
    if axes.output is not None or len(names) > MOST_NAMED:
        return []
    colours = curve_colours(list(range(len(names))), palette)
    shapes = [class_shape(k) if axes.up is not None else None for k in range(len(names))]
    return [Sample(*each) for each in zip(names, colours, shapes, strict=True)]


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
