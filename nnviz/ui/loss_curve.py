"""The panel "MSE along this weight": the curve over the selected weight or bias, and the next step on it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from nnviz.core.numbers import nudged
from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.document.document import Document
from nnviz.ui.card import Card
from nnviz.ui.loss_line import LossLine, is_of, loss_line
from nnviz.ui.loss_weight import NO_MSE, axis_name, name_of, same_but, weight_of, within
from nnviz.ui.loss_words import line_in_full, line_in_html
from nnviz.ui.loss_work import APART, COMPUTING, FRAME, LATER, LossWork
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours, ui_font

if TYPE_CHECKING:
    from nnviz.ui.loss_curve_plane import LossCurvePlane

CHOOSE = "Click a weight or a bias on the diagram: the MSE along it is drawn here"
TOO_LARGE = "At these weights the MSE is too large to be drawn"


class LossCurve(Card):
    """Draws the MSE over all rows along the selected weight; dragging the point changes the weight.

    `load` brings the plot in once the window stands: its import is slow.
    """

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__("MSE along this weight", parent)
        self._document, self._selection = document, selection
        self.plane: LossCurvePlane | None = None
        self._weight: Weight | None = None
        self._line: LossLine | None = None
        self._drawn: LossLine | None = None
        self._gestures = itertools.count()
        self._end_gesture()
        self.work = LossWork(self, self._compute, self._show)
        self._make_pages()
        document.state_changed.connect(self._follow)
        selection.part_changed.connect(self._choose)
        self._choose()

    def _make_pages(self) -> None:
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.caption = QLabel()
        self.caption.setTextFormat(Qt.TextFormat.RichText)
        self.caption.setWordWrap(True)
        self.caption.setFont(ui_font(11.5))
        self.caption.setToolTip("The slope over all rows, and the next step if the other weights stay")
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.caption)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(page)
        self.body.addLayout(self._pages)
        self.setMinimumHeight(210)

    def load(self) -> None:
        """Import pyqtgraph and build the plot."""
        from nnviz.ui.loss_curve_plane import LossCurvePlane

        self.plane = LossCurvePlane(colours())
        self.plane.point_moved.connect(lambda w, _: self._set(w))
        self.plane.point_nudged.connect(self._nudge)
        self.plane.gesture_ended.connect(self._end_gesture)
        self._column.insertWidget(0, self.plane, 1)
        self._choose()

    # --- what changes the weight

    def _nudge(self, right: int, up: int, size: str) -> None:
        if self._weight is not None:
            self._set(nudged(self._weight.value(self._document.state.network), right + up, size))

    def _set(self, w: float) -> None:
        weight, state = self._weight, self._document.state
        if weight is not None and w != weight.value(state.network):
            name = name_of(state.network, weight)
            self._document.push(weight.set(state, w), f"Set {name}", ("curve", self._gesture))

    def _end_gesture(self) -> None:
        self._gesture = next(self._gestures)

    # --- when it is drawn

    def _choose(self) -> None:
        """Begin with the selected weight, or say what to select."""
        weight, network = weight_of(self._selection.part), self._document.state.network
        self._end_gesture()
        self._weight = weight if within(network, weight) else None
        self._line = self._drawn = None
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network.sizes != new.network.sizes or not within(new.network, self._weight):
            self._choose()
        elif self._line is None or not is_of(self._line, new):
            self._begin()

    def _begin(self) -> None:
        """Ask for what is missing, or say why there is nothing to draw."""
        state = self._document.state
        self._write_heading()
        why_not = CHOOSE if self._weight is None else "" if state.trainable else NO_MSE
        self.empty.setText(why_not)
        if why_not or self.plane is None:
            self.work.stop()
            self._pages.setCurrentIndex(0)
        elif self.isVisible():
            self.work.ask(APART if state.run else FRAME)

    def _compute(self) -> Iterator[None]:
        assert self._weight is not None
        before = self._line
        for found in loss_line(self._document.state, self._weight, before):
            if found is not None:
                self._line = found
            yield

    # --- how it is drawn

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        line, weight, state = self._line, self._weight, self._document.state
        assert self.plane is not None
        assert weight is not None
        present = line is not None and is_of(line, state)
        if line is not None and present and not line.drawable:
            self.empty.setText(TOO_LARGE)
            self._pages.setCurrentIndex(0)
            return True
        self._pages.setCurrentIndex(1)
        self.plane.name_axes(axis_name(state.network, weight), "MSE")
        if line is None:
            self.caption.setText(self._muted(f"{COMPUTING}<br>"))
            self.plane.show_nothing()
        elif present:
            self._show_line(line)
        else:
            self._show_old(line, state)
        return present

    def _show_line(self, line: LossLine) -> None:
        assert self.plane is not None
        if self._drawn is None or self._drawn.values is not line.values:
            self.plane.show_curve(line.values, line.mse, *line.heights())
        self._drawn = line
        self.plane.stale(False)
        self.plane.show_point(line.w, line.point.mse, line.point.slope, line.landing)
        self._write_caption(line)

    def _show_old(self, line: LossLine, state: State) -> None:
        """Show what still holds of a line while the one of `state` is being computed."""
        assert self.plane is not None
        same = same_but(line.state, state, line.weight)
        self.plane.stale(not same)
        w = line.weight.value(state.network)
        self.plane.show_point(w, line.at(w) if same else math.nan, math.nan, None)
        # two lines, so that the plot keeps its height
        self.caption.setText(self._muted(f"{COMPUTING if same else LATER}<br>"))

    def _write_heading(self) -> None:
        kind = "bias" if self._weight is not None and self._weight.source < 0 else "weight"
        self.heading.setText(f"MSE along this {kind}".upper())

    def _write_caption(self, line: LossLine) -> None:
        assert self.plane is not None
        self.caption.setText(line_in_html(line, colours()))
        self.plane.setAccessibleDescription(line_in_full(line))

    def _muted(self, text: str) -> str:
        return f"<span style='color:{colours().muted}'>{text}</span>"

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self.work.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "plane") and self.plane:
            self.plane.set_palette(colours())
            if self._line is not None and is_of(self._line, self._document.state):
                self._write_caption(self._line)
