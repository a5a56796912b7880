"""What is measured after an update: the loss, and beside it that of validation and the accuracies.

Knows nothing of how updates are made.
"""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.accuracy import classifies
from nnviz.core.cost import Work
from nnviz.core.state import State
from nnviz.core.training.batches import Batches
from nnviz.core.training.passes import Pass


class Points:
    """Measures a State's network by the passes of its `batches`.

    =============== =====================================================================
    `beside`        the names of what is measured beside the loss
    `at_once`       each is measured in one pass
    `of`            all of them, of the sum of the loss's terms; the pass that gave it stands
    `in_blocks`     the same, yielding between passes; it makes all of them
    =============== =====================================================================
    """

    def __init__(self, state: State, batches: Batches) -> None:
        self._batches, self._classifies = batches, classifies(state.network, state.data)
        self._rows, self._aside = state.trained_rows, len(state.data) - state.trained_rows
        self._parts = state.measure.parts(len(state.network.outputs))
        self._terms = self._rows * self._parts
        self.at_once = batches.whole is not None and (batches.aside is not None or not self._aside)
        self.beside: tuple[str, ...] = ("validation",) if self._aside else ()
        if self._classifies:
            self.beside += ("accuracy", "validation accuracy") if self._aside else ("accuracy",)

    def of(self, total: float) -> tuple[float, ...]:
        """Return what is measured now: the loss, then what `beside` names."""
        if not self.beside:
            return (total / self._terms,)
        whole, aside = self._batches.whole, self._batches.aside
        assert whole is not None
        hits = self._hits(whole)
        if aside is None:
            return self._measured(total, hits)
        return self._measured(total, hits, aside.measured(), self._hits(aside))

    def in_blocks(self) -> Work[tuple[float, ...]]:
        """Measure the same block by block, and yield between them."""
        trained = yield from self._over(self._batches.every_row())
        aside = yield from self._over(self._batches.every_row_aside())
        return self._measured(*trained, *aside)

    def _over(self, passes: Iterator[Pass]) -> Work[tuple[float, int]]:
        """Return the sum of the loss's terms and how many rows are right."""
        total, hits = 0.0, 0
        for k, block in enumerate(passes):
            if k:
                yield
            total += block.measured()
            hits += self._hits(block)
        return total, hits

    def _hits(self, block: Pass) -> int:
        return block.counting()() if self._classifies else 0

    def _measured(
        self, total: float, hits: int, total_aside: float = 0.0, hits_aside: int = 0
    ) -> tuple[float, ...]:
        values: tuple[float, ...] = (total / self._terms,)
        if self._aside:
            values += (total_aside / (self._aside * self._parts),)
        if self._classifies:
            values += (hits / self._rows,)
            values += (hits_aside / self._aside,) if self._aside else ()
        return values
