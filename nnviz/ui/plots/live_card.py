"""A card whose plot follows the document while it is in sight, at once or, in a run, now and then."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtGui import QHideEvent, QShowEvent

from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.ui.plots.pages import Pages
from nnviz.ui.plots.plot_card import PlotCard

SHARE = 15
"""Of a run's time drawing takes no more than one part in so many."""


class LiveCard(PlotCard):
    """Calls `draw` for what has changed; what hides it meanwhile, it catches up with."""

    def __init__(self, heading: str, what: str, ending: str, document: Document, phase: float) -> None:
        """`phase`, from 0 to 1, is when its turn comes in a run: not all cards draw in one frame."""
        super().__init__(heading, what, ending)
        self.pages = Pages(self)
        self._changes = MotionThrottle(self, self.draw, document, phase=phase, share=SHARE)
        document.state_changed.connect(self.follow)

    @abstractmethod
    def draw(self) -> None:
        """Draw what there is now, or say what is missing."""

    def follow(self, *_: object) -> None:
        """Draw anew, if it is in sight."""
        if self.isVisible():
            self._changes.changed()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._changes.changed()

    def hideEvent(self, event: QHideEvent) -> None:
        """Draw nothing more."""
        super().hideEvent(event)
        self._changes.stop()
