"""The walk through one update as a film: what the diagram of a window shows, and which phase that is."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtGui import QPainter

from nnviz.core.numbers import shown
from nnviz.core.state import State
from nnviz.core.training import train
from nnviz.document.walk.reel import MOVE_S, Reel
from nnviz.document.walk.walk import PHASES, Walk
from nnviz.files.progress import Progress
from nnviz.picture.palette import Palette
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.film import ImageFilm, Word
from nnviz.ui.pictures.scene import Scene

WIDEST = "Hidden layer 2: slopes of the weights"
"""About the most that is said of a layer."""
FEW = 3
"""So many moments of a step have all its colours."""


class WalkFilm(ImageFilm):
    """The walk of one row; without targets it ends after the pass forward. Raises ValueError without rows."""

    def __init__(
        self, state: State, look: Look, fps: int, progress: Progress, row: int = 0, *, by_layer: bool = False
    ) -> None:
        super().__init__(look, fps, progress, len(state.network.sizes))
        if not len(state.data):
            raise ValueError("data: there is no row to walk")
        self._state, self._row, self._by_layer = state, row, by_layer
        self._phases = PHASES if state.trainable else PHASES[:1]
        self._after = train(state, updates=1).state if state.trainable else state
        made = self._after.iteration > state.iteration  # it is not where a loss would be beyond all bounds
        self._ends = (state.loss(), self._after.loss()) if made else (None, None)
        self._moves = max(round(MOVE_S * fps), FEW)
        self.count = sum(1 for _ in self._reel().play(self._moves, str))

    def _reel(self) -> Reel:
        walk = Walk(self._state.network.sizes, self._phases, len(self._state.data))
        return Reel(walk, by_layer=self._by_layer)

    def moments(self, *, few: bool = False) -> Iterator[float]:  # noqa: D102
        self._now = self._reel()
        self.scene = scene = Scene(self._state, self._row, self._now, self.above)
        for seconds in self._now.play(FEW if few else self._moves, lambda: scene.said):
            if not self._now.progress.active:
                scene.show(self._after)
            yield seconds

    def paint(self, painter: QPainter, palette: Palette) -> None:  # noqa: D102
        self.scene.paint(painter, palette)
        self.paint_foot(painter, self.words(palette), slopes="backward" in self._phases)

    def words(self, palette: Palette) -> Iterator[Word]:
        """Yield the phases, and at the end what the update has done."""
        progress, (before, after) = self._now.progress, self._ends
        if progress.active or before is None or after is None:
            for number, phase in enumerate(self._phases, 1):
                now = progress.active and phase == progress.phase
                yield Word(f"{number} {phase.capitalize()}", palette.accent if now else palette.muted)
            if progress.whole_layers:  # beside the diagram one node is spoken of, no layer
                yield Word(self.scene.said if len(progress.told) > 1 else "", palette.ink, WIDEST)
        else:
            yield Word("After one update", palette.muted)
            yield Word(f"{self._state.measure.title} {shown(before)} → {shown(after)}", palette.ink)
