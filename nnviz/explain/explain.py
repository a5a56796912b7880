"""Explanations: a value, slope or update, computed line by line with the current numbers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnviz.core.activations import Activation, Array
from nnviz.core.address import Address, column_title
from nnviz.core.expressions import Number
from nnviz.core.landscape import moved
from nnviz.core.losses import Loss
from nnviz.core.network import Network, Trace
from nnviz.core.numbers import listed, shown
from nnviz.core.results import (
    FATES,
    Computed,
    Fate,
    Flags,
    Health,
    SlopeSize,
    fates,
    in_words,
    slope_sizes,
    zero_reason,
)
from nnviz.core.slopes import BLOCK_NS, Slopes, forward_ns, row_blocks
from nnviz.core.state import State
from nnviz.explain.lines import Explanation, Line, LineSection, Note, Scene, write
from nnviz.explain.mean import (
    all_rows,
    is_noise,
    loss_line,
    mean_line,
    noise_note,
    update_heading,
    update_lines,
)
from nnviz.explain.node import (
    backward_lines,
    chain_lines,
    forward_lines,
    input_lines,
    loss_lines,
    row_loss_line,
    slope_line,
)

SCRIPTS_UPDATE = "The script makes it, by a rule and a learning rate that it does not tell."
NO_ERROR = "No targets, so no error and no slope: type a target in the data table."
NO_SLOPE = "No targets, so no slope: type a target in the data table."
NO_TARGET = "A free row has no target, so it has no error and no slope."
OWN_UPDATE = "If nnviz goes on, by the settings in Training, not by the script's:"


@np.errstate(all="ignore")  # what is too large for a number is written as infinite
def explain(
    state: State,
    address: Address | None,
    computed: Computed,
    *,
    mean: bool = False,
    check: Check | None = None,
    unfolded: frozenset[str] = frozenset(),
    held: bool = False,
) -> Explanation:
    """Explain the number at `address`, or the loss where that is None.

    `mean`: slopes are the means over all rows, not those of one. `check` is the measured slope, where it is
    known; `unfolded` names the lines whose long sums are written out in full. `held`: a script trains.
    """
    return _Explainer(state, address, computed, is_mean(state, mean), check, unfolded, held).explanation()


def is_mean(state: State, mean: bool) -> bool:
    """Tell whether the mean over all rows is another thing than the one row there is."""
    return mean and len(state.data) > 1 and state.trained_rows > 0


@dataclass
class _Explainer:
    state: State
    address: Address | None
    computed: Computed
    mean: bool
    check: Check | None
    unfolded: frozenset[str]
    held: bool

    @property
    def row_heading(self) -> str:
        if self.computed.free:
            return "Free row"
        aside = ", kept for validation" if self.computed.row >= self.state.trained_rows else ""
        return f"Row {self.computed.row + 1} of {len(self.state.data):,}{aside}"

    @cached_property
    def scene(self) -> Scene | None:
        computed = self.computed
        if computed.trace is None:
            return None
        state, targets = self.state, computed.targets(self.state)
        return Scene(state.network, state.measure, computed.trace, computed.slopes, targets, self.unfolded)

    def explanation(self) -> Explanation:
        address = self.address
        if address is None:
            sections = [*self._loss_sections(), *layers_health(self.state, self.computed)]
            return Explanation(self.state.measure.title, tuple(sections))
        if self.scene is None:
            sections = [
                LineSection(
                    "",
                    (Note("", "There are no rows: add one in the data table, or type an input."),),
                )
            ]
        elif address.layer < 0:
            row = None if self.computed.free else self.computed.row
            rows = input_lines(self.scene, address.node, row)
            sections = [LineSection(self.row_heading, tuple(rows))]
        elif address.kind == "node":
            own = node_health(self.state, address, self.computed)
            sections = [*self._node_sections(self.scene, address), *own]
        else:
            sections = self._weight_sections(self.scene, address)
        return Explanation(self.state.network.name_of(address), tuple(sections))

    def _loss_sections(self) -> list[LineSection]:
        if self.scene is None or not self.state.trainable:
            return []
        sections = [LineSection("", (loss_line(self.state, self.computed.whole),))]
        if len(self.state.data) > 1 and not self.computed.free:
            sections.append(LineSection(self.row_heading, (row_loss_line(self.scene),)))
        return sections

    def _node_sections(self, scene: Scene, address: Address) -> list[LineSection]:
        rows: list[Line | Note] = list(forward_lines(scene, address.layer, address.node))
        last = len(self.state.network.layers) - 1
        if scene.targets is None:
            rows.append(Note("", NO_TARGET if self.computed.free else NO_ERROR))
            return [LineSection(self.row_heading, tuple(rows))]
        output = address.layer == last
        if output:
            rows += loss_lines(scene, address.node)
        rows += backward_lines(scene, address.layer, address.node)
        sections = [LineSection(self.row_heading, tuple(rows))]
        if self.mean:
            sections.append(
                LineSection(self._mean_heading(), (mean_line(self.state, self.computed.whole, address),))
            )
        if output and len(self.state.data) > 1:
            sections.append(LineSection(self._loss_heading(), (loss_line(self.state, self.computed.whole),)))
        return sections

    def _weight_sections(self, scene: Scene, address: Address) -> list[LineSection]:
        w = Number(self.state.network.value_of(address), address)
        first = LineSection("", (Line(address.symbol, "", write(w, w.value)),))
        if scene.targets is None or scene.slopes is None:
            note = Note("", NO_TARGET if self.computed.free else NO_SLOPE)
            return [first, LineSection(self.row_heading, (note,))]
        line = slope_line(scene, address)
        chain = chain_lines(scene, address)
        if self.mean:
            whole = self.computed.whole
            means = [mean_line(self.state, whole, address), *self._why(address), *self._checked(address)]
            if is_noise(whole, address):
                means.insert(1, noise_note(self.state))
            sections = [
                LineSection(self._mean_heading(), tuple(means)),
                LineSection(f"{self.row_heading}, one term of the mean", (line, *chain)),
            ]
        else:
            rows = [line, *chain, *self._why(address), *self._checked(address)]
            sections = [LineSection(self.row_heading, tuple(rows))]
        return [first, *sections, self._update_section(address, line)]

    def _loss_heading(self) -> str:
        return all_rows(self.state).removeprefix("the ").capitalize() if self.state.validated else "All rows"

    def _mean_heading(self) -> str:
        return f"Mean over {all_rows(self.state)}"

    def _slope(self, address: Address) -> float | None:
        """Return the slope that is shown: the row's, or the mean."""
        if self.mean:
            return None if self.computed.whole is None else self.computed.whole.slopes.of(address)
        assert self.scene is not None
        return slope_line(self.scene, address).value

    def _why(self, address: Address) -> list[Line | Note]:
        """Return why the slope is exactly 0, where it is."""
        if self._slope(address) != 0.0 or self.computed.slopes is None:
            return []
        slopes = self.computed.whole.slopes if self.mean and self.computed.whole else self.computed.slopes
        reason = zero_reason(self.state.network, slopes, address) if isinstance(slopes, Slopes) else ""
        return [Note("0 because", reason or "the rows' own slopes are 0 or cancel out")]

    def _checked(self, address: Address) -> list[Line | Note]:
        slope = self._slope(address)
        if self.check is None or slope is None:
            return [Note("check", "measuring …")]
        name = address.symbol
        measured = Number(self.check.measured, slope=True)
        loss = self.state.measure.symbol
        formula = f"({loss}({name}+h) − {loss}({name}−h)) / 2h, h = {shown(self.check.step)}"
        agrees = self.check.agrees(slope)
        line = Line("check", formula, write(measured, measured.value), ticked=agrees)
        return [line] if agrees else [line, Note("differs", f"{self.check.reason(slope)}.")]

    def _update_section(self, address: Address, row_line: Line) -> LineSection:
        if self.held:
            return LineSection("Next update", (Note("", SCRIPTS_UPDATE),))
        means = self.computed.update
        count = self.state.trained_rows
        if means is None:
            return LineSection("Next update", (Note("", f"computing the mean over {count:,} rows …"),))
        slope = means.slopes.of(address)
        lines: list[Line | Note] = [Note("", OWN_UPDATE)] if self.state.is_watched else []
        if len(self.state.data) > 1 and not (self.mean and means.rows is None):
            lines.append(mean_line(self.state, means, address))
            if is_noise(means, address):
                lines.append(noise_note(self.state))
            elif slope != row_line.value:
                lines.append(Note("", "The update takes this mean, not the row's slope."))
        lines += update_lines(self.state, address, slope)
        return LineSection(update_heading(self.state, means), tuple(lines))


TOLERANCE = 1e-4
"""How far the measured slope may be from the computed one, relative to it."""
MEASURED = 3
"""Passes forward that a row takes: at w − h, w + h and w."""


@dataclass(frozen=True)
class Check:
    """A slope as it is measured.

    ============ ================================================================================
    `measured`   (loss(w + h) − loss(w − h)) / 2h
    `step`       h = 1e-5·max(1, |w|)
    `noise`      how far float64 rounding may move `measured`: both losses are rounded, and their
                 difference is divided by 2h
    `kink`       where some z passes a kink within ± h, which node and row; else ""
    ============ ================================================================================
    """

    measured: float
    step: float
    noise: float
    kink: str

    def agrees(self, slope: float) -> bool:
        """Tell whether it is `slope`, within 1e-4 relative and the rounding noise."""
        largest = max(abs(slope), abs(self.measured))
        return abs(self.measured - slope) <= TOLERANCE * largest + self.noise

    def reason(self, slope: float) -> str:
        """Return why it differs from `slope`, or "" where it agrees."""
        if self.agrees(slope):
            return ""
        return self.kink or "the loss bends too much within w ± h to be measured so"


def checking(
    state: State,
    address: Address,
    row: int | None,
    block_ns: float = BLOCK_NS,
    known: Trace | None = None,
) -> Iterator[Check | None]:
    """Measure the slope of a weight or bias, of one row's loss or (None) of that over all rows.

    `known` is what the one row computed, where that is known. Yields None after each block of rows, and the
    Check at last.
    """
    assert state.data.targets is not None
    first, count = (0, state.trained_rows) if row is None else (row, 1)
    measure, parts = state.measure, state.measure.parts(len(state.network.outputs))
    x = state.data.inputs[first : first + count]
    y = state.data.targets[first : first + count]
    w = state.network.value_of(address)
    step = 1e-5 * max(1.0, abs(w))
    totals, noise, kink = np.zeros(2), 0.0, ""
    for block in row_blocks(count, MEASURED * forward_ns(state.network), block_ns):
        trace, targets = known or state.network.forward(x[block]), y[block]
        both = [moved(state.network, trace, address, offset) for offset in ((w - step) - w, (w + step) - w)]
        with np.errstate(all="ignore"):
            totals += [measure.of_rows(each.z[-1], each.prediction, targets).sum() for each in both]
            noise += float(_sizes(measure, both[0], targets).sum()) / parts
        kink = kink or _kink(state.network, trace, both, first + block.start)
        yield None
    below, above = (float(total) / count for total in totals)
    rounding = 4 * float(np.finfo(float).eps) * noise / count / step
    yield Check((above - below) / (2 * step), step, rounding, kink)


def _sizes(measure: Loss, trace: Trace, targets: Array) -> Array:
    """Return how large what adds up to each term is, of which rounding moves the loss by a share."""
    z, a = trace.z[-1], trace.prediction
    slopes = np.empty_like(a)
    measure.slopes(z, a, targets, slopes)()
    moved_by = np.abs(slopes) * measure.factor
    sizes = (moved_by + np.abs(targets)) * np.abs(z) if measure.short else moved_by * (abs(a) + abs(targets))
    return np.asarray(np.abs(measure.terms(z, a, targets)) + sizes)


def _kink(network: Network, here: Trace, both: list[Trace], first_row: int) -> str:
    """Name a node whose z passes a kink of its activation on either side, and the row, or return ""."""
    for k, layer in enumerate(network.layers):
        for kink in layer.function.kinks:
            passed = np.any([(each.z[k] > kink) != (here.z[k] > kink) for each in both], axis=0)
            if passed.any():
                row, node = np.argwhere(passed)[0]
                how = f"passes {shown(kink)}" if kink else "changes its sign"
                return (
                    f"the z of {layer.nodes[node]} {how} within w ± h in row {first_row + row + 1}, "
                    f"where {layer.activation} has a kink"
                )
    return ""


FEW_NAMES = 6
"""Of more nodes than this only the first are named."""
DEAD = (
    "Try new random weights, a smaller learning rate, or leaky_relu, which lets a slope through below 0, too."
)
SATURATED = (
    "Try smaller weights, such as new random ones, or inputs that are standardised: mean 0, deviation 1."
)
REMEDIES: dict[Fate, str] = {
    "vanish": "Try relu or its kin with new random weights, which are by He then, or fewer layers.",
    "explode": "Try smaller weights, or inputs that are standardised: mean 0, deviation 1.",
    "are 0": "Mostly the nodes onward are dead or the weights to them 0: try new random weights.",
}
"""What can be done about the slopes of a layer."""


def node_health(state: State, address: Address, computed: Computed) -> list[LineSection]:
    """Return what all rows say of a node: nothing of one row alone, and where nothing can be odd about it."""
    rows, network = len(state.data), state.network
    if rows < 2 or address.kind != "node" or address.layer < 0:
        return []
    function, notes = network.layers[address.layer].function, list[Line | Note]()
    past = address.layer == len(network.layers) - 1 and state.measure.short
    if (function.flat or function.saturated) and not past:
        known = computed.health
        notes += _stuck(function, known, address) if known else [Note("", "counting rows …")]
    if computed.whole:
        sizes, slopes = slope_sizes(computed.whole.slopes), fates(computed.whole.slopes)
        notes += _faded(slopes[address.layer], sizes[address.layer], sizes[-1])
    return [LineSection(f"On all {rows:,} rows", tuple(notes))] if notes else []


def _stuck(function: Activation, known: Health, address: Address) -> Iterator[Note]:
    layer, node = known.layers[address.layer], address.node
    zero, rows = int(layer.zero[node]), known.rows
    count = zero + int(layer.still[node])
    where = in_words((*function.flat, *function.saturated))
    moves = "hardly moves, and hardly any" if function.saturated else "stays the same, and no"
    does = "passes 0, and no" if zero == count and not function.saturated else moves
    there = f"there {function.name} {does} slope comes back through it"
    yield Note("", f"{where} on {count:,} of {rows:,} rows ({percent(count, rows)}): {there}.")
    badge = known.badges().get((address.layer, node), "")
    if badge:
        much = "nothing" if badge.startswith("dead") else "next to nothing"
        yield Note("", f"It is {badge}, and so its weights learn {much}.")
        yield Note("", DEAD if "dead" in badge else SATURATED)


def _faded(fate: Fate, size: SlopeSize, last: SlopeSize) -> Iterator[Note]:
    """Yield what becomes of the slopes of a node's layer, with their sizes."""
    if fate:
        of_weights, at_z = (f"{shown(own)} against {shown(its)}" for own, its in zip(size, last, strict=True))
        yield Note("", f"The slopes of its layer {fate}, {FATES[fate]}: of w {of_weights}, at z {at_z}.")
        yield Note("", REMEDIES[fate])


def layers_health(state: State, computed: Computed) -> list[LineSection]:
    """Return how large the slopes of every layer are, and which nodes are odd on all rows."""
    network, whole = state.network, computed.whole
    if whole is None or len(state.data) < 2 or len(network.layers) < 2:
        return []
    rows: list[Line | Note] = [Note("", "√(Σ slope² / count) of a layer's mean slopes, of w and at z:")]
    slopes = fates(whole.slopes)
    for k, size in enumerate(slope_sizes(whole.slopes)):
        title = column_title(k + 1, len(network.layers))
        for of, value in zip(("w", "z"), size, strict=True):
            rows.append(Line(f"{title}, {of}", "", write(Number(value, slope=True), value)))
        if slopes[k]:
            rows.append(Note("", f"They {slopes[k]}, {FATES[slopes[k]]}. {REMEDIES[slopes[k]]}"))
    sections = [LineSection(f"Size of the slopes over {all_rows(state)}", tuple(rows))]
    if computed.health:
        odd = {"Dead": computed.health.dead, "Saturated": computed.health.saturated}
        named = tuple(Note(f"{word}:", names) for word, of in odd.items() if (names := _names(network, of)))
        sections += [LineSection("Nodes on all rows", named)] if named else []
    return sections


def _names(network: Network, odd: tuple[Flags, ...]) -> str:
    names = [
        layer.nodes[node]
        for layer, nodes in zip(network.layers, odd, strict=True)
        for node in np.flatnonzero(nodes).tolist()
    ]
    return listed(names, FEW_NAMES) if names else ""


def percent(count: int, of: int) -> str:
    """Return a share as whole per cent, 0 and 100 only where it is none or all."""
    share = round(100 * count / of)
    if count < of and share == 100:
        return "over 99 %"
    return "under 1 %" if count and share == 0 else f"{share} %"
