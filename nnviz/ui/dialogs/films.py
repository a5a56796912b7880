"""Films of the walk (one training iteration, step by step) and of a training run.

A watched run is the training of a user's script; its film shows the losses that the script reported.
This module imports pyqtgraph, which takes 150 ms, so nnviz imports the module only to make a film.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from nnviz.core.numbers import as_text
from nnviz.core.replay import Past, Replay, state_at_start
from nnviz.core.state import State
from nnviz.core.train import train
from nnviz.core.trainer import Trainer
from nnviz.document.moment import Moment
from nnviz.document.player import MOVE_S, film_frames
from nnviz.document.walk import PHASES, Walk, WalkProgress
from nnviz.files import film
from nnviz.files.errors import Progress
from nnviz.files.film import FilmFrame, Pixels
from nnviz.picture.columns import growth
from nnviz.picture.palette import Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture
from nnviz.picture.svg import HEIGHT, MARGIN, legend, legend_shapes
from nnviz.ui.diagram.canvas import DiagramPainter, PaintOptions, PictureMaker
from nnviz.ui.diagram.paint import paint_shapes
from nnviz.ui.dialogs.pictures import Look
from nnviz.ui.kit.theme import application, apply_theme, pixel_font
from nnviz.ui.panels.history_canvas import RunPainter
from nnviz.ui.panels.history_readout import run_texts

FOOT_PX, GAP = 13.0, 18.0
"""FOOT_PX: font size of the footer. GAP: space between the footer's texts. In pixels at scale 1."""


What: TypeAlias = Literal["walk", "training"]


@dataclass(frozen=True)
class Subject:
    """The subject of a film: the walk (one iteration, step by step) or the training run of a State.

    The diagram shows the row with the index `row`. `by_layer`: the walk goes layer by layer, not node by
    node. `slopes`: the diagram shows slopes during training. `past` holds the recorded States of the run; the
    film of a script's run shows only these States. `pictures`: nodes contain small pictures. `all_weights`: a
    network with many edges shows all its weights, not only the strongest ones.
    """

    kind: What
    state: State
    row: int = 0
    slopes: bool = False
    by_layer: bool = False
    past: Past | None = None
    pictures: bool = False
    all_weights: bool = False


class FootText(NamedTuple):
    """A text of the footer, and its colour. If `widest` is not "", the footer has room for this text."""

    text: str
    colour: str
    widest: str = ""


class ImageFilm(ABC):
    """A film of one size and theme. Subclasses prepare the frames one after another, and paint each frame.

    `moment` is the Moment of the frame. `t` is the fraction of the walk's step in progress.
    """

    count: int
    """Number of frames."""
    moment: Moment
    t = 0.0
    largest: float | None = None
    """The absolute value of the weight that gets the widest edge, or None for the largest weight."""

    def __init__(
        self, subject: Subject, look: Look, fps: int, progress: Progress, share: float = 1.0
    ) -> None:
        """Give the diagram a `share` of the height above the footer."""
        self._subject, self._look, self.fps = subject, look, fps
        self._progress, self._share_done = progress, 0.0
        self.width, self.height = look.width, look.height
        columns = len(subject.state.network.sizes)
        self.scale = growth(View(look.width, share * look.height), columns)
        self.foot = HEIGHT * self.scale
        height = max(round(share * (look.height - self.foot)), 1)
        view = View(look.width, height, bare=True, pictures=subject.pictures)
        self.above = view._replace(all_weights=subject.all_weights)
        """The view of the diagram."""
        self._painter, self._maker = DiagramPainter(), PictureMaker()

    @abstractmethod
    def moments(self) -> Iterator[float]:
        """Prepare the film's frames one after another. Yield the duration of each frame, in seconds."""

    @abstractmethod
    def paint(self, painter: QPainter, palette: Palette) -> None:
        """Paint the frame that `moments` has prepared."""

    def frames(self) -> Iterator[FilmFrame]:
        """Yield every frame with its duration."""
        for number, seconds in enumerate(self.moments()):
            self._share_done = number / self.count
            yield FilmFrame(self._paint_pixels(), seconds)

    def report_progress(self) -> None:
        """Report the progress, and let the user cancel the film."""
        self._progress(self._share_done)

    def _paint_pixels(self) -> Pixels:
        self.report_progress()
        image = QImage(QSize(self.width, self.height), QImage.Format.Format_ARGB32_Premultiplied)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self._look.room, QColor(self._look.palette.canvas))
            self.paint(painter, self._look.palette)
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(self.height, image.bytesPerLine())
        return rows[:, : 3 * self.width].reshape(self.height, self.width, 3).copy()

    @property
    def picture(self) -> Picture:
        """The picture of the diagram. The object stays the same while only the fraction `t` grows."""
        return self._maker.picture(self.moment, self.above, self.largest)

    def paint_diagram(self, painter: QPainter, palette: Palette) -> None:
        """Paint the diagram of `moment` above the footer."""
        options = PaintOptions((), None, moving=False, palette=palette)
        self._painter.walk.t = self.t
        self._painter.paint(painter, self.moment, self.picture, self.picture, options)

    def paint_foot(self, painter: QPainter, words: Iterable[FootText], *, slopes: bool) -> None:
        """Paint the texts `words` in the footer, and the diagram's legend if the footer has room for it.

        With `slopes=True`, the legend also explains the boxes of slopes.
        """
        middle, size = self.height - self.foot / 2, FOOT_PX * self.scale
        font, x = pixel_font(size, QFont.Weight.DemiBold), MARGIN
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for text, colour, widest in words:
            painter.setPen(QColor(colour))
            place = QRectF(x, middle - size, self.width - x, 2 * size)
            elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(place.width(), 0.0))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)
            x += metrics.horizontalAdvance(widest or text) + GAP * self.scale
        samples = legend(self.width - MARGIN, middle, slopes=slopes, scale=self.scale)
        if min(sample.box.rect.x for sample in samples) > x + GAP * self.scale:
            paint_shapes(painter, legend_shapes(samples, self._look.palette))


def film_of(subject: Subject, look: Look, fps: int, progress: Progress) -> ImageFilm:
    """Return a film that reports its progress to `progress`. Raises ValueError if the film would be empty."""
    kind = WalkFilm if subject.kind == "walk" else TrainingFilm
    return kind(subject, look, fps, progress)


def render(subject: Subject, look: Look, fps: int, out: Path) -> None:
    """Write a film to `out`, without a display. Raises FileError, and ValueError for an empty film."""
    apply_theme(application(), look.theme)
    film.write(film_of(subject, look, fps, lambda _: None), out)


SECONDS, LAST_S = 10.0, 4.0
"""In seconds. SECONDS: duration of a training film before its last frame. LAST_S: duration of this frame."""
FIRST = 1 / 8
"""Share of a training film's time that passes before the first update. Later updates follow faster."""
CURVE = 0.36
"""The loss curve's share of the height."""


def frame_counts(iterations: Sequence[int], moments: int) -> list[tuple[int, int]]:
    """Choose the iterations that a film of `moments` frames shows. Return (iteration, frame count) pairs."""
    power = max(math.log(len(iterations)) / -math.log(FIRST), 1.0)
    at = np.floor(len(iterations) * (np.arange(moments) / moments) ** power + 1e-9)
    shown_at, counts = np.unique(at.astype(int), return_counts=True)
    return [(iterations[k], count) for k, count in zip(shown_at.tolist(), counts.tolist(), strict=True)]


class TrainingFilm(ImageFilm):
    """A film of a training run, with the diagram of one row. A State without a run is trained first.

    The film of a script's run shows only the States in `past`, because nnviz cannot repeat this run.
    Raises ValueError if there are no rows to train on, or if no update is possible.
    """

    def __init__(self, subject: Subject, look: Look, fps: int, progress: Progress) -> None:
        super().__init__(subject, look, fps, progress, share=1.0 - CURVE)
        self._end = subject.state
        if not self._end.iteration:
            self._end = self._work(Trainer(self._end, at_once=math.inf), self._end.training.updates)
        run = self._end.run
        if run is None or not run.iteration:
            raise ValueError("training: no update is possible; lower the learning rate")
        self._run, self._past = run, subject.past if run.watched else None
        iterations: Sequence[int] = range(run.iteration)
        if self._past:
            iterations = [at for at in self._past.known() if at < run.iteration]
        self._frames = frame_counts(iterations, round(SECONDS * fps))
        self.count = len(self._frames) + 1
        above, below = self.above.height, self.height - self.foot - self.above.height
        card = QRectF(MARGIN, above, self.width - 2 * MARGIN, below)
        self._run_painter = RunPainter()
        self._run_painter.use(card, self.scale)
        curve = self._run_painter.curve
        curve.set_measure(self._end.curve_title)
        curve.show_history(self._run.history, validation=self._run.curve("validation"))
        curve.settle()
        curve.show_view(curve.view())  # keeps the axes of the whole run

    def _work(self, trainer: Trainer | Replay, updates: int) -> State:
        for _ in trainer.work(updates):
            self.report_progress()
        return trainer.state()

    def moments(self) -> Iterator[float]:  # noqa: D102
        start, subject = state_at_start(self._end), self._subject
        now = partial(Moment.of, row=subject.row, slopes_shown=subject.slopes)
        self.moment = now(self._end)
        _ = self.picture  # the strongest weights at the end have numbers in the whole film
        networks = (start.network, self._end.network)
        self.largest = max(float(abs(layer.weights).max()) for each in networks for layer in each.layers)
        self.moment = now(start)
        at = self._states(start)
        for iteration, count in self._frames:
            self._show(at(iteration))
            yield count / self.fps
        self._show(self._end)
        yield LAST_S

    def _states(self, start: State) -> Callable[[int], State]:
        """Return a function from an iteration to its State, to be called with ascending iterations."""
        if self._past:
            return self._past.nearest
        replay = Replay(start, self._end)
        return lambda iteration: self._work(replay, iteration - replay.iteration)

    def _show(self, state: State) -> None:
        assert state.run is not None
        history = state.run.history
        self._point = history.at(state.iteration)
        if not self._run.watched:  # a script reports its own loss
            self._point = state.iteration, state.loss() or 0.0
        self.moment = self.moment.then(state=state)
        self._run_painter.curve.show_history(history, self._point, state.run.curve("validation"))

    def paint(self, painter: QPainter, palette: Palette) -> None:  # noqa: D102
        self.paint_diagram(painter, palette)
        self._run_painter.paint(painter, palette)
        self.paint_foot(painter, self.words(palette), slopes=self._subject.slopes)

    def words(self, palette: Palette) -> Iterator[FootText]:
        """Yield the footer's texts: the iteration and its loss, or "" if this loss was not measured."""
        title, end = self._end.curve_title, self._end.iteration
        iteration, loss = run_texts(title, self._point, self.moment.state.iteration, end)
        widest = run_texts(title, (end, 0.0001234), end, end)
        yield FootText(iteration, palette.muted, widest[0])
        yield FootText(loss, palette.ink, widest[1])


WIDEST = "Hidden layer 2: slopes of the weights"
"""A text about as long as the longest caption of a step. The footer leaves room for this text."""
LEAST_MOVES = 3
"""Smallest number of frames in which a film of one update animates a step."""


class WalkFilm(ImageFilm):
    """A film of one update, step by step, for one row.

    If there are no targets, the film shows only the forward pass. Raises ValueError if there are no rows.
    """

    def __init__(self, subject: Subject, look: Look, fps: int, progress: Progress) -> None:
        super().__init__(subject, look, fps, progress)
        state = subject.state
        if not len(state.data):
            raise ValueError("data: a film of one update needs at least one row")
        self._state = state
        self._phases = PHASES if state.trainable else PHASES[:1]
        self._updated = train(state, updates=1).state if state.trainable else state
        updated = self._updated.iteration > state.iteration  # no update is made if the loss would be infinite
        self._losses = (state.loss(), self._updated.loss()) if updated else (None, None)
        self._moves = max(round(MOVE_S * fps), LEAST_MOVES)
        walk = Walk(state.network.sizes, self._phases, len(state.data))
        self._start = Moment.of(state, row=subject.row, walk=WalkProgress(walk, by_layer=subject.by_layer))
        self.count = sum(1 for _ in film_frames(self._start.walk, self._moves, lambda _: ""))

    def moments(self) -> Iterator[float]:  # noqa: D102
        self.moment = self._start

        def show(progress: WalkProgress) -> str:
            if progress is not self.moment.walk:
                self.moment = self.moment.then(walk=progress)
            return self.moment.walk_line

        for progress, t, seconds in film_frames(self._start.walk, self._moves, show):
            show(progress)
            self.t = t
            if not progress.active:
                self.moment = self.moment.then(state=self._updated)
            yield seconds

    def paint(self, painter: QPainter, palette: Palette) -> None:  # noqa: D102
        self.paint_diagram(painter, palette)
        self.paint_foot(painter, self.words(palette), slopes="backward" in self._phases)

    def words(self, palette: Palette) -> Iterator[FootText]:
        """Yield the footer's texts: the phases or, at the end, the loss before and after the update."""
        progress, (before, after) = self.moment.walk, self._losses
        if progress.active or before is None or after is None:
            for number, phase in enumerate(self._phases, 1):
                current = progress.active and phase == progress.phase
                yield FootText(f"{number} {phase.capitalize()}", palette.accent if current else palette.muted)
            if progress.whole_layers:  # the callout on the diagram describes only single nodes
                caption = self.moment.walk_line if len(progress.described_steps) > 1 else ""
                yield FootText(caption, palette.ink, WIDEST)
        else:
            yield FootText("After one update", palette.muted)
            yield FootText(f"{self._state.measure.title} {as_text(before)} → {as_text(after)}", palette.ink)
