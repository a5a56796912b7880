"""Explanations of a value, a slope or an update, line by line with the current numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnviz.core.activations import Activation, Array
from nnviz.core.address import Address, column_title
from nnviz.core.expressions import Number
from nnviz.core.landscape import shifted_trace
from nnviz.core.losses import Loss
from nnviz.core.network import Trace
from nnviz.core.numbers import as_text, list_text, shortened
from nnviz.core.results import (
    FATE_SENTENCES,
    Computed,
    Fate,
    Health,
    Means,
    fates,
    intervals_text,
    zero_reason,
)
from nnviz.core.slopes import BLOCK_NS, Slopes, forward_ns, row_blocks
from nnviz.core.state import State
from nnviz.explain.lines import Explanation, Line, LineSection, Note, Scene, write
from nnviz.explain.mean import (
    all_rows_phrase,
    input_mean_lines,
    loss_lines_over_rows,
    mean_line,
    update_heading,
    update_lines,
)
from nnviz.explain.node import (
    FEW_OUTPUTS,
    backward_lines,
    chain_lines,
    forward_lines,
    input_lines,
    input_slope_lines,
    layer_lines,
    layer_note,
    loss_lines,
    row_loss_line,
    slope_line,
)

SCRIPTS_UPDATE = "The script makes the next update, with an optimizer and a learning rate unknown to nnviz."
NO_ROWS = "There are no rows: add a row in the data table or type an input."
NO_ERROR = "The row has no target, so it has no error and no slope: type a target in the data table."
NO_TARGET = "A what-if row (inputs that are not in the data) has no target, so it has no error and no slope."
STANDARDISED = "The input is standardised: slope by the raw value = slope / {} (the standard deviation)."
COMPUTED = "nnviz computes the value from the raw numbers of the row: {}."
OF_DATA = "The chain rule gives the first term, the slope of the data's loss."
FEEDS = "{0} follows this input; these slopes hold {0} constant."
OWN_UPDATE = "If nnviz continues the training, nnviz uses its own settings, not those of the script:"


@np.errstate(all="ignore")  # an overflow is written as infinite
def explain(
    state: State,
    address: Address | None,
    computed: Computed,
    *,
    mean: bool = False,
    check: Check | None = None,
    watched: bool = False,
) -> Explanation:
    """Return the explanation of the number or layer at `address`, or of the loss if `address` is None.

    If `mean`, the slopes are means over all training rows. `check` is the measured slope, or None while the
    slope is being measured. `watched` says whether a script is training the network.
    """
    return _Explainer(state, address, computed, is_mean(state, mean), check, watched).explanation()


def is_mean(state: State, mean: bool) -> bool:
    """Return whether slopes are explained as means over all training rows, not for one row.

    `mean` is the user's choice. The result is False if the data has one row or no training rows.
    """
    return mean and len(state.data) > 1 and state.trained_rows > 0


@dataclass
class _Explainer:
    state: State
    address: Address | None
    computed: Computed
    mean: bool
    check: Check | None
    watched: bool

    @property
    def row_heading(self) -> str:
        if self.computed.is_what_if:
            return "What-if row"
        row, rows, trained = self.computed.row + 1, len(self.state.data), self.state.trained_rows
        return f"Row {row} of {rows:,} (validation row)" if row > trained else f"Row {row} of {rows:,}"

    @cached_property
    def scene(self) -> Scene | None:
        return Scene.of(self.state, self.computed)

    def explanation(self) -> Explanation:
        address = self.address
        if address is None:
            sections = [*self._loss_sections(), *layers_health(self.state, self.computed)]
            return Explanation(self.state.measure.title, tuple(sections))
        if address.kind == "layer":
            sections = self._layer_sections(address.layer)
        elif self.scene is None:
            sections = [LineSection("", (Note("", NO_ROWS),))]
        elif address.layer < 0:
            sections = self._input_sections(self.scene, address)
        elif address.kind == "node":
            sections = self._node_sections(self.scene, address)
            sections += node_health(self.state, address, self.computed)
        else:
            sections = self._weight_sections(self.scene, address)
        return Explanation(self.state.network.name_of(address), tuple(sections))

    def _loss_sections(self) -> list[LineSection]:
        if self.scene is None or not self.state.trainable:
            return []
        sections = [LineSection("", tuple(loss_lines_over_rows(self.state, self.computed.means)))]
        if len(self.state.data) > 1 and not self.computed.is_what_if:
            sections.append(LineSection(self.row_heading, (row_loss_line(self.scene),)))
        return sections

    def _input_sections(self, scene: Scene, address: Address) -> list[LineSection]:
        state, node, row = self.state, address.node, None if self.computed.is_what_if else self.computed.row
        value, *notes = input_lines(scene, node, row)
        slopes = dict(input_slope_lines(scene, node))
        lines = [value, *slopes.values()]
        lines += self._check_notes(address, slopes[-1].value) if -1 in slopes else []
        if (others := len(state.network.outputs) - FEW_OUTPUTS) > 0:
            lines.append(Note("", f"Explain omits the other {others:,} outputs, which have smaller values."))
        for column in state.columns:
            if state.network.inputs[node] in column.nodes and column.deviation != 1.0:
                lines.append(Note("", STANDARDISED.format(as_text(column.deviation))))
        for place, column in state.columns.computed.items():
            if place == node:
                lines.append(Note("", COMPUTED.format(column.formula)))
            elif node in state.columns.used_by(column):
                lines.append(Note("", FEEDS.format(shortened(column.name))))
        sections = [LineSection(self.row_heading, (*lines, *notes))]
        if len(state.data) > 1 and state.trained_rows:
            means = self.computed.by_input
            rows = [Note("", "computing …")] if means is None else input_mean_lines(state, means, slopes)
            sections.append(LineSection(f"Mean over {all_rows_phrase(state)}", tuple(rows)))
        return sections

    def _node_sections(self, scene: Scene, address: Address) -> list[LineSection]:
        rows: list[Line | Note] = list(forward_lines(scene, address.layer, address.node))
        if scene.targets is None:
            rows.append(Note("", NO_TARGET if self.computed.is_what_if else NO_ERROR))
            return [LineSection(self.row_heading, tuple(rows))]
        output = address.layer == len(self.state.network.layers) - 1
        if output:
            rows += loss_lines(scene, address.node)
        rows += backward_lines(scene, address.layer, address.node)
        sections = [LineSection(self.row_heading, tuple(rows))]
        if self.mean:
            mean = mean_line(self.state, self.computed.means, address)
            sections.append(LineSection(self._mean_heading(), (mean,)))
        if output and len(self.state.data) > 1:
            phrase = all_rows_phrase(self.state) if self.state.validated else "all rows"
            heading = phrase.removeprefix("the ").capitalize()
            lines = loss_lines_over_rows(self.state, self.computed.means)
            sections.append(LineSection(heading, tuple(lines)))
        return sections

    def _layer_sections(self, layer: int) -> list[LineSection]:
        sections = [LineSection("", (layer_note(self.state, layer),))]
        if self.scene:
            sections.append(LineSection(self.row_heading, tuple(layer_lines(self.scene, layer))))
        if self.computed.means:
            sections.append(_size_section(self.state, self.computed.means, [(layer, "")]))
        return sections

    def _weight_sections(self, scene: Scene, address: Address) -> list[LineSection]:
        w = Number(self.state.network.value_of(address), address)
        first = LineSection("", (Line(address.symbol, "", write(w, w.value)),))
        if scene.targets is None or scene.slopes is None:
            note = Note("", NO_TARGET if self.computed.is_what_if else NO_ERROR)
            return [first, LineSection(self.row_heading, (note,))]
        row_line = slope_line(scene, address)
        lines: list[Line | Note] = [row_line, *chain_lines(scene, address)]
        if self._is_penalised(address):
            lines.insert(1, Note("", OF_DATA))
        slope: float | None = row_line.value
        if self.mean:
            slope = self.computed.means.slopes.slope(address) if self.computed.means else None
        notes = [*self._zero_notes(address, slope), *self._check_notes(address, slope)]
        if self.mean:
            means = [mean_line(self.state, self.computed.means, address), *notes]
            term = f"{self.row_heading} gives one term of the mean slope"
            sections = [LineSection(self._mean_heading(), tuple(means)), LineSection(term, tuple(lines))]
        else:
            sections = [LineSection(self.row_heading, (*lines, *notes))]
        return [first, *sections, self._update_section(address, row_line)]

    def _mean_heading(self) -> str:
        return f"Mean slope over {all_rows_phrase(self.state)}"

    def _zero_notes(self, address: Address, slope: float | None) -> list[Line | Note]:
        """Return a note on why `slope`, or the part of the data, is exactly 0, if it is."""
        slopes = self.computed.means.slopes if self.mean and self.computed.means else self.computed.slopes
        reason = zero_reason(self.state.network, slopes, address) if isinstance(slopes, Slopes) else ""
        is_penalised = self._is_penalised(address)
        if is_penalised and reason:
            return [Note("why data is 0", reason)]
        parts = "data and penalty" if is_penalised else "all rows"
        note = Note("why 0", reason or f"The slopes of {parts} are 0, or they cancel out.")
        return [note] if slope == 0.0 else []

    def _is_penalised(self, address: Address) -> bool:
        return bool(self.state.training.penalty) and address.kind == "weight"

    def _check_notes(self, address: Address, slope: float | None) -> list[Line | Note]:
        if self.check is None or slope is None:
            return [Note("check", "measuring …")]
        name = address.symbol
        measured = Number(self.check.measured, slope=True)
        loss, step = self.state.measure.symbol, f"h = {as_text(self.check.step)}"
        if self._is_penalised(address):
            loss, step = "L", f"{step}, L = {loss} + penalty"
        formula = f"({loss}({name}+h) − {loss}({name}−h)) / 2h, {step}"
        agrees = self.check.agrees(slope)
        line = Line("check", formula, write(measured, measured.value), check_agrees=agrees)
        return [line] if agrees else [line, Note("differs", INEXACT.format(name))]

    def _update_section(self, address: Address, row_line: Line) -> LineSection:
        if self.watched:
            return LineSection("Next update", (Note("", SCRIPTS_UPDATE),))
        means = self.computed.update
        count = self.state.trained_rows
        if means is None:
            return LineSection("Next update", (Note("", f"computing the mean slope over {count:,} rows …"),))
        slope = means.slopes.slope(address)
        lines: list[Line | Note] = [Note("", OWN_UPDATE)] if self.state.is_watched else []
        if len(self.state.data) > 1 and not (self.mean and means.rows is None):
            lines.append(mean_line(self.state, means, address))
            if slope != row_line.value:
                lines.append(Note("", "The update uses this mean slope, not the row's slope."))
        if part := self.state.freezing(address):
            of_part = "" if part == address else f" with {self.state.network.name_of(part)}"
            lines.append(Note("", f"Frozen{of_part}: the update does not change this number."))
        lines += update_lines(self.state, address, slope)
        return LineSection(update_heading(self.state, means), tuple(lines))


TOLERANCE = 1e-4
"""Largest relative difference at which a measured slope still agrees with the computed slope."""
INEXACT = "The measured slope is inexact: within {} ± h, the loss has a kink or bends strongly."
PASSES_PER_ROW = 3
"""Number of forward passes per row to measure a slope: with w − h, w + h and w."""


@dataclass(frozen=True)
class Check:
    """A slope that was measured by a central difference, to check the computed slope.

    ============ ================================================================================
    `measured`   the measured slope, (loss(w + h) − loss(w − h)) / 2h
    `step`       the step h = 1e-5·max(1, |w|)
    `noise`      largest possible rounding error of `measured` in float64
    ============ ================================================================================
    """

    measured: float
    step: float
    noise: float

    def agrees(self, slope: float) -> bool:
        """Return whether `slope` agrees with the measured slope, up to a relative 1e-4 and rounding error."""
        largest = max(abs(slope), abs(self.measured))
        return abs(self.measured - slope) <= TOLERANCE * largest + self.noise


def measure_slope(
    state: State, address: Address, row: int | None, block_ns: float = BLOCK_NS, known: Trace | None = None
) -> Iterator[Check | None]:
    """Measure ∂loss/∂w of the weight, bias or input at `address` by a central difference.

    The loss is the loss of the row with index `row` or, if `row` is None, the mean over all training rows,
    and the penalty of the weight.
    `known` is the forward pass of this single row, or None. A block of rows takes about `block_ns`
    nanoseconds. Yields None after each block, and the Check at the end.
    """
    assert state.data.targets is not None
    first, count = (0, state.trained_rows) if row is None else (row, 1)
    measure, parts = state.measure, state.measure.parts(len(state.network.outputs))
    x = state.data.inputs[first : first + count]
    y = state.data.targets[first : first + count]
    w = float(np.abs(x[:, address.node]).max()) if address.layer < 0 else state.network.value_of(address)
    step = 1e-5 * max(1.0, abs(w))
    is_penalised = state.training.penalty and address.kind == "weight"
    penalties = state.training.penalty.of(np.array([w - step, w + step])) if is_penalised else np.zeros(2)
    totals, noise = np.zeros(2), 0.0
    for block in row_blocks(count, PASSES_PER_ROW * forward_ns(state.network), block_ns):
        trace, targets = known or state.network.forward(x[block]), y[block]
        offsets = (w - step) - w, (w + step) - w
        both = [shifted_trace(state.network, trace, address, offset) for offset in offsets]
        with np.errstate(all="ignore"):
            totals += [measure.of_rows(each.z[-1], each.prediction, targets).sum() for each in both]
            noise += float(_sizes(measure, both[0], targets).sum()) / parts
        yield None
    below, above = (float(total) for total in totals / count + penalties)
    rounding = 4 * float(np.finfo(float).eps) * (noise / count + float(penalties.max())) / step
    yield Check((above - below) / (2 * step), step, rounding)


def _sizes(measure: Loss, trace: Trace, targets: Array) -> Array:
    """Return the sum of magnitudes in each term of the loss; rounding error is proportional to it."""
    z, a = trace.z[-1], trace.prediction
    slopes = np.empty_like(a)
    measure.slopes(z, a, targets, slopes)
    moved_by = np.abs(slopes) * measure.factor
    sizes = (moved_by + np.abs(targets)) * np.abs(z) if measure.short else moved_by * (abs(a) + abs(targets))
    return np.asarray(np.abs(measure.terms(z, a, targets)) + sizes)


FEW_NAMES = 6
"""Largest number of nodes that a list names; a longer list only counts the other nodes."""
DEAD = "Try new random weights, a smaller learning rate, or leaky_relu, whose slope is not 0 for negative z."
SATURATED = "Try smaller or new random weights, or standardised inputs (mean 0, standard deviation 1)."
REMEDIES: dict[Fate, str] = {
    "vanish": "Try relu or a variant of relu with new random weights (He initialization), or fewer layers.",
    "explode": "Try smaller weights or standardised inputs (mean 0, standard deviation 1).",
    "are 0": "Usually the next layer's nodes are dead or their weights are 0: try new random weights.",
}
"""What to try if the slopes of a layer vanish, explode or are 0."""


def node_health(state: State, address: Address, computed: Computed) -> list[LineSection]:
    """Return a list with one block of text, which says on how many rows a node is dead or saturated.

    The text also says whether the slopes of the node's layer vanish, explode or are 0. The list is empty
    if the data has only one row or if there is nothing to say.
    """
    rows, network = len(state.data), state.network
    if rows < 2:
        return []
    function, notes = network.layers[address.layer].function, list[Line | Note]()
    past = address.layer == len(network.layers) - 1 and state.measure.short
    if (function.flat or function.saturated) and not past:
        health = computed.health
        notes += _flat_notes(function, health, address) if health else [Note("", "counting rows …")]
    if computed.means:
        fate = fates(computed.means.slopes)[address.layer]
        notes += [Note("", f"{FATE_SENTENCES[fate]} {REMEDIES[fate]}")] if fate else []
    return [LineSection(f"On all {rows:,} rows", tuple(notes))] if notes else []


def _flat_notes(function: Activation, health: Health, address: Address) -> Iterator[Note]:
    layer, node = health.layers[address.layer], address.node
    count, rows = int(layer.zero[node]) + int(layer.still[node]), health.rows
    where = intervals_text((*function.flat, *function.saturated))
    slope = "close to 0" if function.saturated else "0"
    yield Note("", f"The slope of {function.name} is {slope} on {count:,} of {rows:,} rows, where {where}.")
    badge = health.badges().get((address.layer, node), "")
    if badge:
        nothing = "nothing" if badge.startswith("dead") else "almost nothing"
        yield Note("", f"The node is {badge}, so its weights learn {nothing}.")
        yield Note("", DEAD if "dead" in badge else SATURATED)


def _size_section(state: State, means: Means, layers: Sequence[tuple[int, str]]) -> LineSection:
    """Return a block with the sizes of the slopes of `layers`, each a layer's index and the label's start."""
    rows: list[Line | Note] = [Note("", "Size of a layer's mean slopes = √(Σ slope² / number of slopes):")]
    problems = fates(means.slopes)
    for layer, start in layers:
        for of, value in zip(("w", "z"), means.slopes.layers[layer].sizes, strict=True):
            rows.append(Line(f"{start}{of}", "", write(Number(value, slope=True), value)))
        if fate := problems[layer]:
            rows.append(Note("", f"{FATE_SENTENCES[fate]} {REMEDIES[fate]}"))
    return LineSection(f"Size of the mean slopes over {all_rows_phrase(state)}", tuple(rows))


def layers_health(state: State, computed: Computed) -> list[LineSection]:
    """Return blocks of text on the size of each layer's slopes, and on dead or saturated nodes."""
    network, whole = state.network, computed.means
    count = len(network.layers)
    if whole is None or len(state.data) < 2 or count < 2:
        return []
    layers = [(layer, f"{column_title(layer + 1, count)}, ") for layer in range(count)]
    sections = [_size_section(state, whole, layers)]
    if computed.health:
        badges, named = computed.health.badges(), list[Line | Note]()
        for word in ("dead", "saturated"):
            names = [network.layers[k].nodes[j] for (k, j), text in badges.items() if text.startswith(word)]
            named += [Note(f"{word.capitalize()}:", list_text(names, FEW_NAMES))] if names else []
        sections += [LineSection("Dead or saturated on all rows", tuple(named))] if named else []
    return sections
