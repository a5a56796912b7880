"""Puts the walk into words, once a step: for those who look at the diagram and those who listen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import is_

from PySide6.QtCore import QObject, Signal

from nnviz.core.results import FEW_ROWS
from nnviz.document.derived import Derived
from nnviz.document.walk.walk import Step, Walking
from nnviz.document.walk.words import NOTHING, Words, invitation, of_layer, words


class Narrator(QObject):
    """Knows what is to be said at present. `said` carries it whenever it is something else, on one line."""

    said = Signal(str)

    def __init__(self, player: Walking, derived: Derived, parent: QObject) -> None:
        super().__init__(parent)
        self._player, self._derived = player, derived
        self._last = ""
        self._known: dict[Callable[[str], str], tuple[tuple[object, ...], Words]] = {}
        """What was said last with names made short so, and of what: a frame asks for it again."""

    def words(self, short: Callable[[str], str] = str) -> Words:
        """Return what is said of the step in progress, or done last; `short` makes a name fit."""
        progress = self._player.progress
        if progress.waits:
            return invitation(progress.phase)
        steps = progress.told
        return self._of(steps[0], short) if len(steps) == 1 else NOTHING

    def _of(self, step: Step, short: Callable[[str], str]) -> Words:
        derived = self._derived
        few = len(derived.state.data) <= FEW_ROWS
        whole = derived.means if step.deed == "losses" and few else None
        update = derived.means_of_update if step.phase == "update" else None
        computed = replace(derived.of_row, whole=whole, update=update)
        loss = derived.loss if step.deed == "losses" else None
        of = (derived.state, step, computed.trace, computed.slopes, whole, update, loss)
        known, said = self._known.get(short, ((), NOTHING))
        if len(known) != len(of) or not all(map(is_, known, of)):  # to compare their arrays would cost more
            said = words(derived.state, computed, step, loss, short)
            self._known[short] = of, said
        return said

    @property
    def text(self) -> str:
        """What is said on one line, also of a whole layer."""
        steps = self._player.progress.told
        network = self._derived.state.network
        return of_layer(steps[0], network) if len(steps) > 1 else self.words().text if steps else ""

    def tell(self) -> None:
        """Say what is done now, if it is something else."""
        text = self.text
        if text != self._last:
            self._last = text
            self.said.emit(text)
