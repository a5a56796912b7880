"""The explanation of a node, a weight, a bias or the loss, with the present numbers. Knows nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Explanation, Line, Note, Section, write
from nnviz.core.explanation.check import Check
from nnviz.core.explanation.health import layers_health, node_health
from nnviz.core.explanation.mean import (
    all_rows,
    is_noise,
    loss_line,
    mean_line,
    noise_note,
    update_heading,
    update_lines,
)
from nnviz.core.explanation.node import (
    backward_lines,
    forward_lines,
    input_lines,
    loss_lines,
    row_loss_line,
)
from nnviz.core.explanation.scene import Scene
from nnviz.core.explanation.weight import chain_lines, slope_line
from nnviz.core.expressions import Number
from nnviz.core.numbers import shown
from nnviz.core.oddities import zero_reason
from nnviz.core.results import Computed
from nnviz.core.slopes import Slopes
from nnviz.core.state import State

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
                Section(
                    "",
                    (Note("", "There are no rows: add one in the data table, or type an input."),),
                )
            ]
        elif address.layer < 0:
            row = None if self.computed.free else self.computed.row
            rows = input_lines(self.scene, address.node, row)
            sections = [Section(self.row_heading, tuple(rows))]
        elif address.kind == "node":
            own = node_health(self.state, address, self.computed)
            sections = [*self._node_sections(self.scene, address), *own]
        else:
            sections = self._weight_sections(self.scene, address)
        return Explanation(address.name(self.state.network), tuple(sections))

    def _loss_sections(self) -> list[Section]:
        if self.scene is None or not self.state.trainable:
            return []
        sections = [Section("", (loss_line(self.state, self.computed.whole),))]
        if len(self.state.data) > 1 and not self.computed.free:
            sections.append(Section(self.row_heading, (row_loss_line(self.scene),)))
        return sections

    def _node_sections(self, scene: Scene, address: Address) -> list[Section]:
        rows: list[Line | Note] = list(forward_lines(scene, address.layer, address.node))
        last = len(self.state.network.layers) - 1
        if scene.targets is None:
            rows.append(Note("", NO_TARGET if self.computed.free else NO_ERROR))
            return [Section(self.row_heading, tuple(rows))]
        output = address.layer == last
        if output:
            rows += loss_lines(scene, address.node)
        rows += backward_lines(scene, address.layer, address.node)
        sections = [Section(self.row_heading, tuple(rows))]
        if self.mean:
            sections.append(
                Section(self._mean_heading(), (mean_line(self.state, self.computed.whole, address),))
            )
        if output and len(self.state.data) > 1:
            sections.append(Section(self._loss_heading(), (loss_line(self.state, self.computed.whole),)))
        return sections

    def _weight_sections(self, scene: Scene, address: Address) -> list[Section]:
        w = Number(address.value(self.state.network), address)
        first = Section("", (Line(address.symbol, "", write(w, w.value)),))
        if scene.targets is None or scene.slopes is None:
            note = Note("", NO_TARGET if self.computed.free else NO_SLOPE)
            return [first, Section(self.row_heading, (note,))]
        line = slope_line(scene, address)
        chain = chain_lines(scene, address)
        if self.mean:
            whole = self.computed.whole
            means = [mean_line(self.state, whole, address), *self._why(address), *self._checked(address)]
            if is_noise(whole, address):
                means.insert(1, noise_note(self.state))
            sections = [
                Section(self._mean_heading(), tuple(means)),
                Section(f"{self.row_heading}, one term of the mean", (line, *chain)),
            ]
        else:
            rows = [line, *chain, *self._why(address), *self._checked(address)]
            sections = [Section(self.row_heading, tuple(rows))]
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

    def _update_section(self, address: Address, row_line: Line) -> Section:
        if self.held:
            return Section("Next update", (Note("", SCRIPTS_UPDATE),))
        means = self.computed.update
        count = self.state.trained_rows
        if means is None:
            return Section("Next update", (Note("", f"computing the mean over {count:,} rows …"),))
        slope = means.slopes.of(address)
        lines: list[Line | Note] = [Note("", OWN_UPDATE)] if self.state.is_watched else []
        if len(self.state.data) > 1 and not (self.mean and means.rows is None):
            lines.append(mean_line(self.state, means, address))
            if is_noise(means, address):
                lines.append(noise_note(self.state))
            elif slope != row_line.value:
                lines.append(Note("", "The update takes this mean, not the row's slope."))
        lines += update_lines(self.state, address, slope)
        return Section(update_heading(self.state, means), tuple(lines))
