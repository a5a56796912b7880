"""Films of the walk and of a training.

The loss of a watched run is the loss that the script reported. Imports pyqtgraph, which takes 150 ms, so it
is imported when a film is made.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QMarginsF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen

from nnviz.core.numbers import shown
from nnviz.core.replay import Past, Replay, beginning
from nnviz.core.state import State
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.player import MOVE_S, Narrator, Reel
from nnviz.document.walk import PHASES, Walk, Walking
from nnviz.files import film
from nnviz.files.errors import Progress
from nnviz.files.film import FilmFrame, Pixels
from nnviz.picture.columns import growth
from nnviz.picture.palette import Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture
from nnviz.picture.svg import HEIGHT, MARGIN, legend
from nnviz.ui.diagram.canvas import CORNER_PX, DiagramPainter, PaintOptions, Showing
from nnviz.ui.diagram.paint import paint_legend
from nnviz.ui.dialogs.pictures import Look
from nnviz.ui.kit.theme import application, apply_theme, pixel_font
from nnviz.ui.panels.history_canvas import HistoryCanvas
from nnviz.ui.panels.history_readout import whose

FOOT_PX, APART = 13.0, 18.0
"""Font size of what the foot says in a small room, and between two things that it says."""


class FootWord(NamedTuple):
    """What the foot says, its colour, and the widest that it becomes if it is another one then."""

    text: str
    colour: str
    widest: str = ""


class ImageFilm(ABC):
    """A film in a look. A subclass says which moments there are, and paints the one that it is at."""

    count: int
    """How many frames there are."""

    def __init__(self, look: Look, fps: int, progress: Progress, columns: int, share: float = 1.0) -> None:
        """Give the diagram, of so many columns, its share of the height above the foot."""
        self._look, self.fps = look, fps
        self._progress, self._done = progress, 0.0
        self.width, self.height = look.width, look.height
        self.scale = growth(View(look.width, share * look.height), columns)
        self.foot = HEIGHT * self.scale
        height = max(round(share * (look.height - self.foot)), 1)
        self.above = View(look.width, height, bare=True, pictures=look.pictures)
        """The room of the diagram."""

    @abstractmethod
    def moments(self, *, few: bool = False) -> Iterator[float]:
        """Go on, and yield at each moment how long it is seen; `few`: at some, with all colours."""

    @abstractmethod
    def paint(self, painter: QPainter, palette: Palette) -> None:
        """Paint the present moment."""

    def frames(self) -> Iterator[FilmFrame]:
        """Yield every frame."""
        for number, seconds in enumerate(self.moments()):
            self._done = number / self.count
            yield FilmFrame(self._painted(), seconds)

    def samples(self) -> Iterator[Pixels]:
        """Yield some frames that have all colours."""
        for _ in self.moments(few=True):
            yield self._painted()

    def alive(self) -> None:
        """Tell the progress how far it is."""
        self._progress(self._done)

    def _painted(self) -> Pixels:
        self.alive()
        image = QImage(QSize(self.width, self.height), QImage.Format.Format_ARGB32_Premultiplied)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self._look.room, QColor(self._look.palette.canvas))
            self.paint(painter, self._look.palette)
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(self.height, image.bytesPerLine())
        return rows[:, : 3 * self.width].reshape(self.height, self.width, 3).copy()

    def paint_foot(self, painter: QPainter, words: Iterable[FootWord], *, slopes: bool) -> None:
        """Paint words, and the legend where there is room for it beside the widest that they become."""
        middle, size = self.height - self.foot / 2, FOOT_PX * self.scale
        font, x = pixel_font(size, QFont.Weight.DemiBold), MARGIN
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for text, colour, widest in words:
            painter.setPen(QColor(colour))
            place = QRectF(x, middle - size, self.width - x, 2 * size)
            whole = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(place.width(), 0.0))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, whole)
            x += metrics.horizontalAdvance(widest or text) + APART * self.scale
        samples = legend(self.width - MARGIN, middle, slopes=slopes, scale=self.scale)
        if min(sample.box.rect.x for sample in samples) > x + APART * self.scale:
            paint_legend(painter, samples, self._look.palette)


What: TypeAlias = Literal["walk", "training"]


@dataclass(frozen=True)
class Subject:
    """What is filmed: a walk, perhaps by whole layers, or a training, perhaps with slopes; of one row.

    `past` is what is known of the run; of one that was watched nothing else can be shown. `pictures`: with
    small pictures in the nodes.
    """

    what: What
    state: State
    row: int = 0
    slopes: bool = False
    by_layer: bool = False
    past: Past | None = None
    pictures: bool = False


def film_of(subject: Subject, look: Look, fps: int, progress: Progress) -> ImageFilm:
    """Return a film; `progress` is told how far it is. Raises ValueError where there is nothing to show."""
    look = replace(look, pictures=subject.pictures)
    if subject.what == "walk":
        return WalkFilm(subject.state, look, fps, progress, subject.row, by_layer=subject.by_layer)

    row, slopes, past = subject.row, subject.slopes, subject.past
    return TrainingFilm(subject.state, look, fps, progress, row, slopes=slopes, past=past)


def render(subject: Subject, look: Look, fps: int, out: Path) -> None:
    """Write a film. Needs no display. Raises FileError, and ValueError where there is nothing to show."""
    apply_theme(application(), look.theme)
    film.write(film_of(subject, look, fps, lambda _: None), out)


class FilmScene:
    """A diagram in a view, of one row, with the walk that `walking` moves; `largest` as that of a picture."""

    def __init__(
        self,
        state: State,
        row: int,
        walking: Walking,
        view: View,
        *,
        slopes: bool = False,
        largest: float | None = None,
    ) -> None:
        self._view, self._walking, self._largest = view, walking, largest
        self._document = Document(state)
        selection = Selection(self._document)
        selection.row, selection.slopes_shown = row, slopes
        derived = Derived(self._document, selection, quick_ns=math.inf)
        self._narrator = Narrator(walking, derived, self._document)
        self._layers = DiagramPainter(walking, self._narrator)
        self._showing = Showing(derived, selection, walking.progress)
        self._picture: Picture | None = None
        self._picture_of: tuple[object, ...] = ()

    @property
    def said(self) -> str:
        """What is said of the step in progress, or done last."""
        return self._narrator.text

    @property
    def picture(self) -> Picture:
        """What is shown at present, the same as long as nothing but what moves is different."""
        progress = self._walking.progress
        key = (self._document.state.network, progress.active, progress.position, progress.goal)
        if self._picture is None or key != self._picture_of:
            self._picture, self._picture_of = self._showing.picture(self._view, self._largest), key
        return self._picture

    def show(self, state: State) -> None:
        """Show another State, of the same shape."""
        self._document.push(state, "", merge=self)  # as one change: the States between are not kept

    def paint(self, painter: QPainter, palette: Palette) -> None:
        """Paint the diagram as it is now."""
        options = PaintOptions((), None, moving=False, palette=palette, ratio=1.0)
        whole = QRectF(0.0, 0.0, self._view.width, self._view.height)
        self._layers.paint(painter, self.picture, options, whole)


SECONDS, LAST_S = 10.0, 4.0
"""How long the updates take, however many they are, and how long the end of the run stands."""
FIRST = 1 / 8
"""The first update comes after this part of the time; those after it faster and faster."""
CURVE, INSIDE_PX = 0.36, 10.0
"""The part of the height that the curve has, and what is free around it in its card, in a small room."""
FEW_UPDATES = 8
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
        self.scene = FilmScene(start, self._row, reel, self.above, slopes=self._slopes, largest=largest)
        at = self._way(start)
        seen = self._seen[:: len(self._seen) // FEW_UPDATES + 1] if few else self._seen
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

    def words(self, palette: Palette) -> Iterator[FootWord]:
        """Yield how far the run is, and the loss there, or the script's loss where it told one."""
        end = shown(self._end.iteration)
        now = f"iteration {shown(self._state.iteration)} of {end}"
        yield FootWord(now, palette.muted, f"iteration {end} of {end}")
        called, told = whose(self._end.curve_title), self._told
        there = f"{called} {shown(told[1])}" if told and told[0] == self._state.iteration else ""
        yield FootWord(there, palette.ink, f"{called} 0.0001234")


WIDEST = "Hidden layer 2: slopes of the weights"
"""About the most that is said of a layer."""
FEW_STEPS = 3
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
        self._moves = max(round(MOVE_S * fps), FEW_STEPS)
        self.count = sum(1 for _ in self._reel().play(self._moves, str))

    def _reel(self) -> Reel:
        walk = Walk(self._state.network.sizes, self._phases, len(self._state.data))
        return Reel(walk, by_layer=self._by_layer)

    def moments(self, *, few: bool = False) -> Iterator[float]:  # noqa: D102
        self._now = self._reel()
        self.scene = scene = FilmScene(self._state, self._row, self._now, self.above)
        for seconds in self._now.play(FEW_STEPS if few else self._moves, lambda: scene.said):
            if not self._now.progress.active:
                scene.show(self._after)
            yield seconds

    def paint(self, painter: QPainter, palette: Palette) -> None:  # noqa: D102
        self.scene.paint(painter, palette)
        self.paint_foot(painter, self.words(palette), slopes="backward" in self._phases)

    def words(self, palette: Palette) -> Iterator[FootWord]:
        """Yield the phases, and at the end what the update has done."""
        progress, (before, after) = self._now.progress, self._ends
        if progress.active or before is None or after is None:
            for number, phase in enumerate(self._phases, 1):
                now = progress.active and phase == progress.phase
                yield FootWord(f"{number} {phase.capitalize()}", palette.accent if now else palette.muted)
            if progress.whole_layers:  # beside the diagram one node is spoken of, no layer
                yield FootWord(self.scene.said if len(progress.told) > 1 else "", palette.ink, WIDEST)
        else:
            yield FootWord("After one update", palette.muted)
            yield FootWord(f"{self._state.measure.title} {shown(before)} → {shown(after)}", palette.ink)
