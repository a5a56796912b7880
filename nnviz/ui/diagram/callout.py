"""What stands beside the node of the step in progress: its sum as it grows, then what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nnviz.core.address import Address
from nnviz.core.explanation.lines import Line
from nnviz.core.explanation.node import backward_lines, forward_lines, loss_lines
from nnviz.core.explanation.scene import Scene
from nnviz.core.explanation.update import update_lines
from nnviz.core.numbers import shown
from nnviz.core.slopes import Slopes
from nnviz.document.walk.walk import Step
from nnviz.picture.numbers import Numbers
from nnviz.picture.text import elide, plain

ARRIVED, SUMMED = 0.4, 0.75
"""The parts of a step's time after which the terms have arrived, and have been added up."""
MOST = 7
"""Lines at most; an update of more weights says how many more there are."""
SIZE, NAME = 13.5, 110.0
"""Font size, and the width that a name may take: about as much as in its node."""


def callout(numbers: Numbers, step: Step) -> Callable[[float], list[str]]:
    """Return what gives the lines for `step` at a time from 0 to 1; the work is done once, for all times."""
    if numbers.trace is None:
        return lambda _: []
    if step.phase == "update":
        update = _update(numbers, step)
        return lambda _: update
    targets = numbers.state.data.targets
    slopes = numbers.slopes
    own = slopes if isinstance(slopes, Slopes) and len(slopes.trace.inputs) == 1 else None
    scene = Scene(
        numbers.network,
        numbers.trace,
        own,
        None if targets is None else targets[numbers.row],
    )
    if step.phase == "forward":
        return partial(_growing, forward_lines(scene, step.layer, step.node))
    if step.phase == "loss":
        return partial(_growing, loss_lines(scene, step.node))
    if own is not None:
        return partial(_growing, backward_lines(scene, step.layer, step.node))
    if slopes is None:  # not known yet
        return lambda _: []
    mean = float(slopes.layers[step.layer].nodes[step.node])
    return lambda t: [f"∂MSE/∂z, mean of all rows: {shown(mean)}"] if t >= ARRIVED else []


def told(line: Line) -> str:
    """Return a line with its label: `z = 3·2 + 5·4 = 26`."""
    return (
        f"{line.label} {line.arithmetic}"
        if line.arithmetic[0] == "≈"
        else f"{line.label} = {line.arithmetic}"
    )


def _growing(lines: list[Line], t: float) -> list[str]:
    """Return the first line term by term while the pulses arrive, then the others one by one."""
    if t < SUMMED and lines:
        pieces = lines[0].written.pieces
        shown_pieces = int(len(pieces) * max(t - ARRIVED, 0.0) / (SUMMED - ARRIVED))
        if shown_pieces == 0:
            return []
        return [f"{lines[0].label} = " + "".join(piece.text for piece in pieces[:shown_pieces])]
    count = 1 + int((len(lines) - 1) * (t - SUMMED) / (1.0 - SUMMED) + 0.999)
    return [told(line) for line in lines[:count]]


def _update(numbers: Numbers, step: Step) -> list[str]:
    if numbers.slopes is None:
        return []
    own = numbers.slopes.layers[step.layer]
    layer = numbers.network.layers[step.layer]
    sources = numbers.network.names(step.layer)
    lines = []
    for source, name in enumerate(sources[:MOST]):
        address = Address("weight", step.layer, step.node, source)
        found = update_lines(numbers.state, address, float(own.weights[step.node, source]))
        lines.append(f"{elide(plain(name), SIZE, NAME, bold=True)}: {told(found[-1])}")
    if len(sources) > MOST:
        lines.append(f"… and {len(sources) - MOST} more weights")
    if layer.biases is not None:
        address = Address("bias", step.layer, step.node)
        lines.append(told(update_lines(numbers.state, address, float(own.nodes[step.node]))[-1]))
    return lines
