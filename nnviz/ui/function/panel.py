"""The panel "Function": what the network computes over its inputs, live, and a point to try numbers out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QLabel

from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import FRAME_MS, Slicer, Throttle
from nnviz.document.selection import Selection
from nnviz.ui.function import words
from nnviz.ui.function.axes_choice import AxesChoice
from nnviz.ui.function.key import Key
from nnviz.ui.function.plane import FunctionPlane
from nnviz.ui.function.pointing import Pointing
from nnviz.ui.function.view import FunctionView
from nnviz.ui.plots.plot_card import PlotCard
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.hold import hold
from nnviz.ui.widgets.stack import Stack
from nnviz.ui.widgets.theme import colours, px, ui_font

WIDE_PX, SIDE_PX, PLOT_SHARE, SIDE_SHARE = 400, 176, 3, 2
"""From this width on, plot and choices share it like this, the choices with so much at least."""
PLOT_PX = 140
"""So high the plot is at 100 %, at least."""
SHARE = 5
"""Of the time of a run or a drag, drawing takes no more than one part in so many."""
KEEP, LEAVE = "Keep as a row", "Leave it"
KEEPS = "Add the free row to the data (Enter in the picture)"
LEAVES = "Look at the row of the data again (Escape in the picture)"
FREE = "Free row: nothing is stored. Enter keeps it as a row, Escape leaves it"
LEFT = "The free row is left: row {:,} is on the diagram"


class FunctionPanel(PlotCard):
    """Shows the function beside what can be chosen. `said` carries a sentence for the status line."""

    said = Signal(str)
    content_px = 72

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        super().__init__("Function", "the function", "-function")
        self._document, self._selection = document, selection
        self.plane = FunctionPlane(colours())
        self.view = FunctionView(self.plane, selection, derived)
        self._frames = Throttle(self, self._show_coarse, share=SHARE)
        self.work = Slicer(self, lambda: self.view.find(document.in_motion), self._show)
        self.pointing = Pointing(self.view, selection, derived)
        self._make_side()
        self._page = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._page.setSpacing(12)
        self._page.addWidget(self.plane, PLOT_SHARE)
        self._page.addWidget(self.side)
        self.body.addLayout(self._page, 1)
        self.plane.setMinimumHeight(px(PLOT_PX))
        self._connect()
        self._seen, self._is_free = document.state, False
        self.axes.refresh(self._seen)
        self.view.choose(self.axes.axes)

    def _make_side(self) -> None:
        """Make what stands beside the plot, and the free row's buttons over it."""
        self.axes = AxesChoice()
        self.caption = QLabel()
        self.caption.setObjectName("muted")
        self.caption.setWordWrap(True)
        self.caption.setFont(ui_font(11.5))
        self.caption.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.keep, self.leave = quiet_button(KEEP, KEEPS, KEEP), quiet_button(LEAVE, LEAVES, LEAVE)
        self.keep.clicked.connect(self._keep)
        self.leave.clicked.connect(self._selection.leave_free)
        for button in (self.keep, self.leave):
            self.add_button(button)
        self.key = Key()
        self.side = Stack(self.key, self.axes, self.caption)

    def _connect(self) -> None:
        document, selection, plane = self._document, self._selection, self.plane
        self.axes.changed.connect(self._choose)
        plane.point_moved.connect(self.pointing.put)
        plane.point_nudged.connect(self.pointing.nudge)
        plane.kept.connect(self._keep)
        plane.left.connect(selection.leave_free)
        plane.resized.connect(self._begin)
        document.state_changed.connect(self._follow)
        document.motion_changed.connect(self._begin)
        selection.row_changed.connect(self._begin)
        selection.row_changed.connect(self._tell_of_free)

    @property
    def plot(self) -> FunctionPlane | None:  # noqa: D102
        return self.plane if self.plane.plotItem.isVisible() else None

    # --- when it is drawn

    def _choose(self) -> None:
        self.view.choose(self.axes.axes)
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network is new.network and old.data is new.data and old.training is new.training:
            return
        self._begin()

    def _look_again(self) -> None:
        """Offer what the network has now: that the free row is left may be told first.

        Where choices come or go, the plot gets another size and this is called again before it ends.
        """
        old, new = self._seen, self._document.state
        if (old.network.inputs, old.network.outputs) != (new.network.inputs, new.network.outputs) or (
            old.data is not new.data or old.network.layers[-1].activation != new.network.layers[-1].activation
        ):
            self.axes.refresh(new)
            if self.axes.axes != self.view.axes or old.network.sizes != new.network.sizes:
                self.view.choose(self.axes.axes)
        self._seen = new

    def _begin(self) -> None:
        """Ask for what is to be drawn, if it is another picture, or else draw where the point is now."""
        self._look_again()
        self._offer()
        if not self.isVisible():
            return
        if self.view.settled(self._document.in_motion):
            self._show()
            return
        if self.view.quick and not self.view.found:
            self._frames.changed()
        if not (self._document.in_motion and self.view.quick):
            self.work.ask(FRAME_MS)

    def _show_coarse(self) -> None:
        """Find and show the first picture at once, as part of the frame that shows the State."""
        if self.isVisible():
            for _ in self.view.find(moving=True):
                pass
            self._show()

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        present, caption = self.view.draw()
        if caption != self.caption.text():
            self.caption.setText(caption)
        self.key.show_samples(words.key(self._document.state, self.view.axes, colours()))
        self.plane.setAccessibleDescription(self.pointing.described())
        return present

    def _offer(self) -> None:
        """Offer to keep the free row, if there is one."""
        free = self._selection.free is not None
        hold(self.keep, self._document.held, KEEPS)
        for button in (self.keep, self.leave):
            button.setVisible(free)

    # --- what a person does

    def _tell_of_free(self) -> None:
        """Say that there is a free row, or none any more."""
        is_free = self._selection.free is not None
        if is_free != self._is_free:
            self._is_free = is_free
            self.said.emit(FREE if is_free else LEFT.format(self._selection.row + 1))

    def _keep(self) -> None:
        if said := self._selection.keep_free():
            self.said.emit(said)

    # --- events

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._begin()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self._frames.stop()
        self.work.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the choices where the plot is left the better room."""
        super().resizeEvent(event)
        is_wide = self.width() >= px(WIDE_PX)
        directions = QBoxLayout.Direction
        self.side.setMinimumWidth(px(SIDE_PX) if is_wide else 0)
        self._page.setStretchFactor(self.side, SIDE_SHARE if is_wide else 0)
        self._page.setDirection(directions.LeftToRight if is_wide else directions.TopToBottom)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.plane.setMinimumHeight(px(PLOT_PX))
        self.plane.set_palette(colours())
        if self.isVisible():
            self._show()
