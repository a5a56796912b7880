"""What both loss panels have in common: a plot that comes later, work while idle, a point to be moved."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.document.document import Document
from nnviz.ui.loss.weight import name_of
from nnviz.ui.loss.work import APART, FRAME, LossWork
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours, ui_font
from nnviz.ui.widgets.card import Card

if TYPE_CHECKING:
    from nnviz.ui.loss.plane import LossPlane

NO_MSE = "The MSE needs rows with targets: add some to the data"


class LossCard(Card):
    """A panel that draws the MSE over some weights, or says why it cannot.

    ============== =====================================================================
    `_choose`      begins with what is selected
    `_why_not`     returns what to do before there is something to draw, or ""
    `_compute`     finds what to draw, a unit of work at a time
    `_show`        draws what is known; tells whether it is of the present State
    `_nudge`       moves weights by so many steps (right, up) of a size
    ============== =====================================================================
    """

    def __init__(
        self, heading: str, document: Document, selection: Selection, parent: QWidget | None
    ) -> None:
        super().__init__(heading, parent)
        self._document, self._selection = document, selection
        self._plane: LossPlane | None = None
        self._gestures = itertools.count()
        self._end_gesture()
        self.work = LossWork(self, self._compute, self._show)
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.caption = QLabel()
        self.caption.setObjectName("muted")
        self.caption.setWordWrap(True)
        self.caption.setFont(ui_font(11.5))
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.caption)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(page)

    def _choose(self) -> None:
        raise NotImplementedError

    def _why_not(self, state: State) -> str:
        raise NotImplementedError

    def _compute(self) -> Iterator[None]:
        raise NotImplementedError

    def _show(self) -> bool:
        raise NotImplementedError

    def _nudge(self, right: int, up: int, size: str) -> None:
        raise NotImplementedError

    def _take(self, plane: LossPlane) -> None:
        """Put the plot above the caption."""
        self._plane = plane
        plane.point_nudged.connect(self._nudge)
        plane.gesture_ended.connect(self._end_gesture)
        self._column.insertWidget(0, plane, 1)
        self._choose()

    def _begin(self) -> None:
        """Ask for what is missing, or say why there is nothing to draw."""
        state = self._document.state
        why_not = self._why_not(state)
        self.empty.setText(why_not)
        if why_not or self._plane is None:
            self.work.stop()
            self._pages.setCurrentIndex(0)
        elif self.isVisible():
            self.work.ask(APART if state.run else FRAME)

    def _set(self, *values: tuple[Weight, float]) -> None:
        """Give weights other values; what is set in one gesture is one undo entry."""
        state = before = self._document.state
        for weight, value in values:
            if value != weight.value(state.network):
                state = weight.set(state, value)
        if state is not before:
            names = " and ".join(name_of(state.network, weight) for weight, _ in values)
            self._document.push(state, f"Set {names}", (id(self), self._gesture))

    def _end_gesture(self) -> None:
        self._gesture = next(self._gestures)

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
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_plane") and self._plane:
            self._plane.set_palette(colours())
            if self._pages.currentIndex() == 1:
                self._show()
