"""The Moment: everything that the window shows at one time, as one value."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.edits import has_same_inputs, worth_standardising
from nnviz.core.function import NodeFunctions
from nnviz.core.metrics import DecidedClasses, Measured, classes_in_blocks, large_errors, measure_blocks
from nnviz.core.network import Network, OtherNetwork, Trace, moved
from nnviz.core.results import (
    NOTHING_HIDDEN,
    Compute,
    Computed,
    Health,
    Hiding,
    Marks,
    Means,
    Results,
    fates,
    health_in_blocks,
    input_in_blocks,
    means_in_blocks,
    next_batch,
    node_in_blocks,
)
from nnviz.core.slopes import LIGHT_NS, PASSES_PER_UPDATE, QUICK_NS, MeanSlopes, Slopes, T, run_work
from nnviz.core.state import Dataset, State, agree_except
from nnviz.document.idle import Idle
from nnviz.document.walk import NO_TEXT, NO_WALK, StepText, WalkProgress, layer_text, phase_prompt, step_text

CURVE_NAMES = "validation", "accuracy", "validation accuracy"
"""Names of a run's curves except the training loss, in the order of the fields of the class `Measured`."""


class Known(NamedTuple):
    """Results that Moments of one State share, so that each result is computed only once.

    ============= ==============================================================================
    `results`     results on the rows of the data
    `row_results` results on the data that contains the row on the diagram: the data or one row
    `of_inputs`   results that depend only on the inputs, not on the network and the targets
    ============= ==============================================================================
    """

    results: Results
    row_results: Results
    of_inputs: Results


@dataclass(frozen=True, eq=False)
class Moment:
    """The State, the selection and the walk at one time, and the values that follow from them.

    ================ =================================================================================
    `state`          the State of the document
    `row`            index of the selected row of the data; stays while a person tries out other inputs
    `what_if_row`    the inputs that a person tries out, shape (inputs,), or None: a row of the data
    `address`        the selected node, layer, weight or bias, or None
    `second`         the second selected weight, chosen with Ctrl or Shift, or None
    `slopes_shown`   whether the diagram shows slopes
    `mean_over_rows` whether these slopes are the mean over all rows, not the slopes of one row
    `walk`           progress of the walk (one training iteration, step by step)
    `is_moving`      whether a run or a drag makes many States a second
    `lock_reason`    reason why edits are locked, as one sentence, or ""
    `hiding`         which results are hidden; another State or row hides the revealed results again
    `hidden_runs`    ids of the runs whose curves are hidden
    `other`          another network, which is shown beside the network if their shapes are the same, or None
    `listed_runs`    States at the ends of runs of a sweep in progress, which are not kept yet
    `seeds_together` whether kept runs that differ only in seed and start are shown as one
    ================ =================================================================================

    `row`, `what_if_row` and the addresses always fit the State. A value that takes long to compute is None
    until `idle` has found the value while the window is idle. Then the document gets a new Moment. If
    `idle` is None, every value is computed at once.
    """

    state: State
    row: int = 0
    what_if_row: Array | None = None
    address: Address | None = None
    second: Address | None = None
    slopes_shown: bool = False
    mean_over_rows: bool = False
    walk: WalkProgress = NO_WALK
    is_moving: bool = False
    lock_reason: str = ""
    hiding: Hiding = NOTHING_HIDDEN
    hidden_runs: frozenset[int] = frozenset()
    listed_runs: tuple[State, ...] = ()
    seeds_together: bool = False
    other: OtherNetwork | None = None
    idle: Idle | None = None
    known: Known = field(kw_only=True, repr=False)

    @classmethod
    def of(cls, state: State, **fields: Any) -> Moment:
        """Return a Moment of a State without earlier results. `fields` are further fields of the Moment."""
        results = Results(state)
        return cls(state, known=Known(results, results, Results(state))).then(**fields)

    def then(self, **changes: Any) -> Moment:
        """Return the Moment after `changes` of its fields.

        The addresses move with their nodes when other nodes are added or removed. Addresses that do not exist
        in the State are left out. The what-if row ends if the data, columns or number of inputs change.
        """
        old, state = self.state, changes.get("state", self.state)
        if state is not old:
            changes = {**self._moved_to(state), **changes}
        new = replace(self, **changes)
        chosen = [each for each in (new.address, new.second) if each and state.network.has(each)]
        address, second = [*chosen, None, None][:2]
        row = max(0, min(new.row, len(state.data) - 1))
        is_other = row != self.row or is_new(self, new, "state", "what_if_row")
        hiding = Hiding(new.hiding.on) if is_other and new.hiding.revealed else new.hiding
        known = new._known_after(self)
        return replace(new, address=address, second=second, row=row, hiding=hiding, known=known)

    def _moved_to(self, state: State) -> dict[str, Any]:
        """Return the fields that change with the State."""
        old = self.state
        changes: dict[str, Any] = {}
        shape = [(each.columns, each.network.sizes[0]) for each in (old, state)]
        if old.data is not state.data or shape[0] != shape[1]:
            changes["what_if_row"] = None
        if old.network.sizes != state.network.sizes:
            for name in ("address", "second"):
                changes[name] = moved(getattr(self, name), old.network, state.network)
        return changes

    def _known_after(self, before: Moment) -> Known:
        """Return the results of the Moment `before` that are valid for this Moment, and new empty ones."""
        results, row_results, of_inputs = before.known
        state, same = self.state, results.holds_for(self.state)
        results = results if same else Results(state)
        if self.what_if_row is None:
            row_results = results
        elif not same or self.what_if_row is not before.what_if_row:
            row_results = Results(replace(state, data=Dataset(self.what_if_row[None]), run=None))
        same_inputs = self.is_moving or has_same_inputs(of_inputs.state, state)  # new ones after a drag
        return Known(results, row_results, of_inputs if same_inputs else Results(state))

    def goes_on_from(self, old: Moment) -> bool:
        """Return whether only the weights and the run differ from those of another Moment, as in a run."""
        same_choices = agree_except(self, old, "state", "idle", "known")
        return same_choices and agree_except(self.state, old.state, "network", "run")

    # --- the selection

    @property
    def weights(self) -> tuple[Address | None, Address | None]:
        """The selected weights or biases: the first and the second address. A missing address is None."""
        first, second = self.address, self.second
        return first if first and first.is_number else None, second if second and second.is_number else None

    @property
    def row_state(self) -> State:
        """The State or, while the person tries out inputs, a State with only these inputs and no targets."""
        return self.state if self.what_if_row is None else self.known.row_results.state

    @property
    def row_index(self) -> int:
        """The index of the row on the diagram in the data of `row_state`."""
        return self.row if self.what_if_row is None else 0

    # --- another network beside the network

    @cached_property
    def compared(self) -> OtherNetwork | None:
        """The other network if its weights and biases have the same shapes, else None."""
        return self.other if self.other and self.state.network.fits(self.other.network) else None

    @cached_property
    def differences(self) -> Network | None:
        """The network with the differences to the other one, if the edges show them, else None."""
        is_shown = self.compared and self.compared.shows_differences
        return self.state.network.minus(self.compared.network) if self.compared and is_shown else None

    # --- one row

    @cached_property
    def trace(self) -> Trace | None:
        """The trace (every z and a) of the row on the diagram, or None if there are no rows."""
        if self.row_index >= len(self.row_state.data):
            return None
        return self.known.row_results.trace_of(self.row_index, self._together)

    @cached_property
    def slopes(self) -> Slopes | None:
        """The slopes of the row on the diagram, or None if there is no row or the row has no targets."""
        data, row = self.row_state.data, self.row_index
        has_targets = row < len(data) and data.targets is not None
        return self.known.row_results.slopes_of(row, self._together) if has_targets else None

    @property
    def row_numbers(self) -> Computed:
        """The index, trace (every z and a) and slopes of the row on the diagram; no means over rows."""
        return Computed(self.row_index, self.trace, self.slopes, is_what_if=self.what_if_row is not None)

    def prediction(self, row: int) -> Array:
        """Return the prediction for a row of the data, shape (outputs,)."""
        results, together = self.known.results, self._together
        if row != self.row:
            return results.prediction(row, together)
        prediction: Array = results.trace_of(row, together).prediction[0]
        return prediction

    def row_loss(self, row: int) -> float | None:
        """Return the loss of a row of the data, or None if the data has no targets."""
        return self.known.results.loss(row, self._together) if self._has_targets else None

    def error(self, row: int, prediction: Array | None = None) -> Array | None:
        """Return prediction − target of a data row, shape (outputs,), or None if the data has no targets.

        By default, the prediction is that of the network.
        """
        targets = self.state.data.targets
        if targets is None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            error: Array = (self.prediction(row) if prediction is None else prediction) - targets[row]
        return error

    def large_errors(self, rows: Sequence[int]) -> NDArray[np.bool_] | None:
        """Return whether each output's error is large in these rows of the data, shape (rows, outputs).

        The result is None if there are no rows or the data has no targets.
        """
        targets = self.state.data.targets
        if targets is None or not rows:
            return None
        predictions = np.array([self.prediction(row) for row in rows]).reshape(-1, targets.shape[1])
        return large_errors(self.state, predictions, targets[rows])

    # --- all inputs

    @cached_property
    def node_functions(self) -> NodeFunctions:
        """Each node's outputs on a grid over one or two inputs; the grid is coarser during a run or drag."""
        most_ns = LIGHT_NS if self.is_moving else min(self._quick_ns, QUICK_NS)
        return self.known.results.node_functions(most_ns)

    # --- all rows

    @cached_property
    def health(self) -> Health | None:
        """The health of the nodes (dead or saturated) on all rows.

        The health is None if the data has no rows, and until the health is computed.
        """
        return self._found("health", self._quick, health_in_blocks) if len(self.state.data) else None

    def node_values(self, layer: int, node: int) -> tuple[Array, Array] | None:
        """Return z and a of a node on all rows, shape (rows,) each.

        The result is None if the data has no rows, and until the values are computed.
        """
        if not len(self.state.data):
            return None
        compute = partial(node_in_blocks, layer, node)
        return self._found((layer, node), self._together, compute, while_moving=False)

    @cached_property
    def row_classes(self) -> DecidedClasses | None:
        """The classes of all rows: by the targets, and by the predictions.

        The classes are None if the data has no rows or no targets, and until they are computed.
        """
        if not self._has_targets:
            return None
        return self._found("classes", self._together, classes_in_blocks, while_moving=False)

    @cached_property
    def marks(self) -> Marks:
        """The known marks of dead or saturated nodes, and of vanishing or exploding slopes.

        If the weights change in every frame and the marks are slow to compute, the result is empty.
        """
        if self.is_moving and PASSES_PER_UPDATE * self.known.results.all_ns > LIGHT_NS:
            return Marks()
        health, slopes = self.health, self.known_slopes
        return Marks(health.badges() if health else {}, fates(slopes) if slopes else ())

    @cached_property
    def scales(self) -> str:
        """The sentence that recommends to standardise the inputs, or "" if that is not needed."""
        found = self.known.of_inputs.found
        if "scales" not in found:
            found["scales"] = worth_standardising(self.state)
        return str(found["scales"])

    @cached_property
    def measured(self) -> Measured:
        """The losses and accuracies.

        All values are None if the data has no rows or no targets, and until they are computed.
        """
        known = self._found("measured", self._quick, measure_blocks) if self._has_targets else None
        return known or Measured()

    @property
    def last_measured(self) -> tuple[Measured, int]:
        """The losses and accuracies to show, and the iteration at which they were measured.

        If computing these values is slow, the last points of the run's curves are used.
        """
        state, run = self.state, self.state.run
        if run and len(run.history) and not run.watched and not self._together:
            iteration, loss = run.history.last
            if self.is_moving or iteration == state.iteration:
                return Measured(loss, *map(run.last_of, CURVE_NAMES)), iteration
        return self.measured, state.iteration

    @cached_property
    def means(self) -> Means | None:
        """The mean loss over all training rows, and the slopes of this loss.

        The means are None if there are no training rows or no targets, and until the means are computed.
        """
        return self._means_over(None)

    @cached_property
    def means_of_update(self) -> Means | None:
        """The mean loss and slopes over the rows of the next update: all training rows, or one batch.

        These means are None if there are no training rows or no targets, and until they are computed.
        """
        return self._means_over(next_batch(self.state))

    @property
    def known_slopes(self) -> MeanSlopes | None:
        """The mean slopes over all training rows, or None if they are slow to compute and not yet known."""
        means = self.means if self._quick else self.known.results.found.get(("means", None))
        return means.slopes if means else None

    @cached_property
    def explanation_input(self) -> Computed:
        """The results that an explanation uses: all results that are computed already or quick to compute."""
        health = self.health if self._quick else self.known.results.found.get("health")
        found = replace(self.row_numbers, means=self.means, update=self.means_of_update, health=health)
        if not self.address or self.address.layer >= 0 or not self.state.trained_rows:
            return found
        compute = partial(input_in_blocks, self.address.node)
        return replace(found, by_input=self._found(("input", self.address.node), self._quick, compute))

    # --- the walk

    def walk_text(self, short: Callable[[str], str] = str) -> StepText:
        """Return the text of the step in progress or, if no step is in progress, of the last step.

        `short` shortens node names.
        """
        if short not in self._walk_texts:
            self._walk_texts[short] = self._make_walk_text(short)
        return self._walk_texts[short]

    @cached_property
    def _walk_texts(self) -> dict[Callable[[str], str], StepText]:
        return {}

    def _make_walk_text(self, short: Callable[[str], str]) -> StepText:
        if self.walk.is_waiting:
            return phase_prompt(self.walk.phase)
        steps = self.walk.described_steps
        if len(steps) != 1:
            return NO_TEXT
        step = steps[0]
        whole = self.means if step.deed == "losses" else None
        update = self.means_of_update if step.phase == "update" else None
        text = step_text(self.state, replace(self.row_numbers, means=whole, update=update), step, short)
        return text.blank() if self.hiding.hides(self.walk) else text

    @property
    def walk_line(self) -> str:
        """The text of the step in progress or, if none is in progress, of the last step, on one line."""
        steps = self.walk.described_steps
        if len(steps) > 1:
            return layer_text(steps[0], self.state.network)
        return self.walk_text().text if steps else ""

    # --- when it is computed

    @property
    def _has_targets(self) -> bool:
        return self.state.data.targets is not None and len(self.state.data) > 0

    @property
    def _quick_ns(self) -> float:
        return self.idle.quick_ns if self.idle else np.inf

    @property
    def _quick(self) -> bool:
        """Whether a forward pass over all rows is quick enough to be made at once."""
        return self.known.results.all_ns <= self._quick_ns

    @property
    def _together(self) -> bool:
        """Whether a forward pass over all rows is quick enough even if only one row is needed."""
        most = min(LIGHT_NS, self._quick_ns) if self.is_moving else self._quick_ns
        return self.known.results.all_ns <= most

    def _means_over(self, rows: tuple[int, ...] | None) -> Means | None:
        if not self.state.trainable:
            return None
        count = self.state.trained_rows if rows is None else len(rows)
        is_quick = count / len(self.state.data) * self.known.results.all_ns <= self._quick_ns
        return self._found(("means", rows), is_quick, partial(means_in_blocks, rows))

    def _found(
        self, what: Hashable, is_quick: bool, compute: Compute[T], while_moving: bool = True
    ) -> T | None:
        """Return the result `what`, or None if it is not yet known.

        Compute the result at once if quick, else while idle; with `while_moving` also during a run or drag.
        """
        results = self.known.results
        if what not in results.found and is_quick:
            known = results.trace if self._quick else None
            run_work(results.find(what, compute, math.inf, known))
        elif what not in results.found and self.idle and (while_moving or not self.is_moving):
            self.idle.find(what, partial(results.find, what, compute))
        return results.found.get(what)


def is_new(old: Moment | None, new: Moment, *names: str) -> bool:
    """Return whether one of the named parts, such as "state.network", differs between two Moments.

    Parts are compared by identity. If `old` is None, every part is new.
    """
    parts = map(attrgetter, names)
    return old is None or any(part(old) is not part(new) for part in parts)
