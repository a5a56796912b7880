"""A run as a film: the diagram after more and more updates, and under it the curve of the loss as it falls.

Of a run that was watched it is the loss that the script told.

Imports pyqtgraph, which costs 150 ms, so it is imported when a film is wanted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from PySide6.QtCore import QMarginsF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnviz.core.numbers import shown
from nnviz.core.state import State
from nnviz.core.training.past import Past, Replay, beginning
from nnviz.core.training.trainer import Trainer
from nnviz.document.walk.reel import Reel
from nnviz.document.walk.walk import Walk
from nnviz.files.progress import Progress
from nnviz.picture.legend import MARGIN
from nnviz.picture.palette import Palette
from nnviz.ui.diagram.layers import CORNER_PX
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.film import ImageFilm, Word
from nnviz.ui.pictures.scene import Scene
from nnviz.ui.plots.history_canvas import HistoryCanvas
from nnviz.ui.plots.told import whose

SECONDS, LAST_S = 10.0, 4.0
"""How long the updates take, however many they are, and how long the end of the run stands."""
FIRST = 1 / 8
"""The first update comes after this part of the time; those after it faster and faster."""
CURVE, INSIDE_PX = 0.36, 10.0
"""The part of the height that the curve has, and what is free around it in its card, in a small room."""
FEW = 8
"""In so many moments all colours are seen."""


def spread(iterations: Sequence[int], moments: int) -> list[tuple[int, int]]:
    """Return those of the iterations before the end that are seen, each with how many moments it stands."""
    power = max(math.log(len(iterations)) / -math.log(FIRST), 1.0)
    at = np.floor(len(iterations) * (np.arange(moments) / moments) ** power + 1e-9)
    seen, counts = np.unique(at.astype(int), return_counts=True)
    return [(iterations[each], count) for each, count in zip(seen.tolist(), counts.tolist(), strict=True)]


class TrainingFilm(ImageFilm):
    """The run of a State from its start, or else the one that its settings make, with one row on the diagram.

    Of a run that was watched, whose updates cannot be made again, it shows what is in its `past`.
    Raises ValueError where there is nothing to train on, and where no update can be made.
    """

    def __init__(
        self,
        state: State,
        look: Look,
        fps: int,
        progress: Progress,
        row: int = 0,
        *,
        slopes: bool = False,
        past: Past | None = None,
    ) -> None:
        super().__init__(look, fps, progress, len(state.network.sizes), share=1.0 - CURVE)
        self._past = past
        self._end = state if state.iteration else self._trained(state)
        run = self._end.run
        if run is None or not run.iteration:
            raise ValueError("training: not one update can be made; make the learning rate smaller")
        self._run = run
        self._row, self._slopes = row, slopes
        self._seen = spread(self._known(), round(SECONDS * fps))
        self.count = len(self._seen) + 1
        above, below = self.above.height, self.height - self.foot - self.above.height
        self._card = QRectF(MARGIN, above, self.width - 2 * MARGIN, below)
        self._curve = self._whole_curve()

    def _known(self) -> Sequence[int]:
        """Return the iterations before the end that can be shown."""
        if not self._run.watched:
            return range(self._run.iteration)
        assert self._past is not None
        return self._past.known(self._run.iteration)

    def _trained(self, state: State) -> State:
        trainer = Trainer(state)
        for _ in trainer.work(state.training.updates):
            self.alive()
        return trainer.state()

    def _whole_curve(self) -> HistoryCanvas:
        """Return the curve with axes for the whole run, which stay."""
        curve, free = HistoryCanvas(self._look.palette), INSIDE_PX * self.scale
        self._inside = self._card.marginsRemoved(QMarginsF(free, free, free, free))
        curve.density = self.scale
        curve.resize((self._inside.size() / self.scale).toSize())
        curve.set_measure(self._end.curve_title)
        curve.show_history(self._run.history, aside=self._run.curve("validation"))
        curve.settle()
        curve.show_view(curve.view())
        return curve

    def moments(self, *, few: bool = False) -> Iterator[float]:  # noqa: D102
        start = beginning(self._end)
        networks = (start.network, self._end.network)
        largest = max(float(abs(layer.weights).max()) for each in networks for layer in each.layers)
        reel = Reel(Walk(start.network.sizes))
        self.scene = Scene(start, self._row, reel, self.above, slopes=self._slopes, largest=largest)
        at = self._way(start)
        seen = self._seen[:: len(self._seen) // FEW + 1] if few else self._seen
        for iteration, count in seen:
            self._show(at(iteration))
            yield count / self.fps
        self._show(self._end)
        yield LAST_S

    def _way(self, start: State) -> Callable[[int], State]:
        """Return what gives the State at an iteration, each time a later one."""
        if self._run.watched:
            assert self._past is not None
            return self._past.nearest
        replay = Replay(start, self._end)

        def at(iteration: int) -> State:
            if iteration > replay.iteration:
                for _ in replay.work(iteration - replay.iteration):
                    self.alive()
            return replay.state()

        return at

    def _show(self, state: State) -> None:
        assert state.run is not None
        self._state, history = state, state.run.history
        self._told = history.at(state.iteration)
        if not self._run.watched:  # a script tells its own loss
            self._told = state.iteration, state.loss() or 0.0
        self.scene.show(state)
        self._curve.show_history(history, self._told, state.run.curve("validation"))

    def paint(self, painter: QPainter, palette: Palette) -> None:  # noqa: D102
        self.scene.paint(painter, palette)
        painter.setPen(QPen(QColor(palette.line), 1.0))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(self._card, CORNER_PX, CORNER_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush)  # else pyqtgraph fills the plot with it, over its lines
        self._curve.scene().render(painter, self._inside, QRectF(self._curve.rect()))
        self.paint_foot(painter, self.words(palette), slopes=self._slopes)

    def words(self, palette: Palette) -> Iterator[Word]:
        """Yield how far the run is, and the loss there, or the script's loss where it told one."""
        end = shown(self._end.iteration)
        now = f"iteration {shown(self._state.iteration)} of {end}"
        yield Word(now, palette.muted, f"iteration {end} of {end}")
        called, told = whose(self._end.curve_title), self._told
        there = f"{called} {shown(told[1])}" if told and told[0] == self._state.iteration else ""
        yield Word(there, palette.ink, f"{called} 0.0001234")
