"""The panel that draws the loss over one weight or two: when it computes, and how its point moves weights."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QLabel, QWidget

from nnviz.core.address import Address
from nnviz.core.edits import set_value
from nnviz.core.numbers import nudged
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS, FRAME_MS, Slicer
from nnviz.document.selection import Selection
from nnviz.document.training.outcome import ALL_KEPT
from nnviz.ui.loss.plane import LossPlane
from nnviz.ui.loss.view import LossView
from nnviz.ui.loss.weight_choice import LossChoice
from nnviz.ui.plots.history_plot import NEEDS_ROWS
from nnviz.ui.plots.pages import Caption, Pages
from nnviz.ui.plots.plot_card import PlotCard
from nnviz.ui.widgets.theme import colours

WIDE, PLOT_SHARE, CAPTION_SHARE = 1.6, 5, 3
"""Where a page is so many times as wide as high, plot and caption share its width like this."""
MATTERS = ("network", "data", "training", "run")
"""The parts of a State that a plot may depend on."""


class LossPanel(PlotCard):
    """Shows a view of the loss over the selected weights, or says what is missing.

    `choice` stands above it, where the weights can be chosen from lists, too.
    """

    def __init__(
        self,
        view: LossView,
        document: Document,
        selection: Selection,
        derived: Derived,
        choice: LossChoice | None = None,
    ) -> None:
        super().__init__(view.title, view.what, view.ending)
        self.view, self.plane, self._document, self._selection = view, view.plane, document, selection
        self._gestures = itertools.count()
        self._end_gesture()
        self.work = Slicer(self, lambda: view.find(document.state, derived.known_slopes), self._show)
        self.pages, self.caption = Pages(self), Caption(view.caption_lines, view.tip)
        self.pages.addWidget(Page(self.plane, self.caption))
        self.choice = choice
        if choice:
            self.body.insertWidget(0, choice)
            choice.refresh()  # now: it would have been a window of its own
            self.add_button(choice.button)
        self.plane.point_moved.connect(self._set)
        self.plane.point_nudged.connect(self._nudge)
        self.plane.gesture_ended.connect(self._end_gesture)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self._choose)
        self._choose()

    @property
    def plot(self) -> LossPlane | None:  # noqa: D102
        return self.plane if self.pages.show_plot and self.plane.plotItem.isVisible() else None

    # --- when it is drawn

    def _choose(self) -> None:
        """Begin anew with the selected weights."""
        network, chosen = self._document.state.network, self._selection.weights[: self.view.wanted]
        self._end_gesture()
        there = (weight for weight in chosen if weight and weight.within(network))
        self.view.choose(tuple(dict.fromkeys(there)))
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network.sizes != new.network.sizes or not all(
            weight.within(new.network) for weight in self.view.weights
        ):
            self._choose()
        elif any(getattr(old, what) is not getattr(new, what) for what in MATTERS):
            self._begin()

    def _begin(self) -> None:
        """Ask for what is to be drawn, or say what is missing."""
        state = self._document.state
        self.plane.show_measure(state.measure.title)
        self.setAccessibleName(self.plane.accessibleName())
        missing = "" if len(self.view.weights) == self.view.wanted else self.view.hint(state)
        if not state.trainable:
            none = not len(state.data) or state.data.targets is None
            missing = NEEDS_ROWS.format(loss=state.measure.word) if none else ALL_KEPT
        if missing:
            self.work.stop()
            self.pages.say(missing)
        elif self.isVisible():
            self.work.ask(APART_MS if state.run else FRAME_MS)

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        self.pages.show_plot = True
        present, caption = self.view.draw(self._document.state)
        self.caption.setText(caption)
        return present

    # --- what moves the weights

    def _nudge(self, right: int, up: int, size: str) -> None:
        steps = (right + up,) if self.view.wanted == 1 else (right, up)
        network = self._document.state.network
        weights = zip(self.view.weights, steps, strict=True)
        self._set(*(nudged(weight.value(network), step, size) for weight, step in weights))

    def _set(self, *values: float) -> None:
        """Give the weights other values; what is set in one gesture is one undo entry."""
        pairs = list(zip(self.view.weights, values, strict=False))  # a curve's point has no second weight
        names = " and ".join(weight.name(self._document.state.network) for weight in self.view.weights)
        self._document.edit(f"Set {names}", _with_values, pairs, merge=(id(self), self._gesture))

    def _end_gesture(self) -> None:
        self._gesture = next(self._gestures)

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self.work.stop()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.plane.set_palette(colours())
        if self.pages.show_plot:
            self._show()


class Page(QWidget):
    """A plot with its caption below, or beside it where there is more room across."""

    def __init__(self, plane: LossPlane, caption: QLabel) -> None:
        super().__init__()
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(plane, PLOT_SHARE)
        self._box.addWidget(caption)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the caption where the plot is left the better room."""
        super().resizeEvent(event)
        is_wide = self.width() >= WIDE * self.height()
        directions = QBoxLayout.Direction
        self._box.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)
        self._box.setStretch(1, CAPTION_SHARE if is_wide else 0)
        self._box.setSpacing(12 if is_wide else 4)


def _with_values(state: State, values: Iterable[tuple[Address, float]]) -> State:
    for weight, value in values:
        state = set_value(state, weight, value)
    return state
