"""The desk: what the parts of a window share, and the frames in which they show the document."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal

from nnviz.core.address import Address
from nnviz.document.document import Document
from nnviz.document.moment import Moment
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.ui.kit.settings import Settings

EVERY_FRAME_MS, FRAME_MS, TEXT_MS = 0.0, 17.0, 100.0
"""Milliseconds. Values of `moving_ms`: EVERY_FRAME_MS for a picture, TEXT_MS for texts. FRAME_MS: a frame."""
SHARE = 15
"""During a run or a drag, a slow view takes at most 1/SHARE of the time."""


LEAST_MS = 12.0
"""Least milliseconds between two frames."""
SHOW = QEvent.Type(QEvent.registerEventType())
"""Type of the event that asks `Frames` to show the document."""


class ShowsMoments(Protocol):
    """A part of the window that shows the document: the diagram or a panel.

    During a run or a drag, the view shows a Moment at most once in `moving_ms` milliseconds.
    """

    moving_ms: float

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the Moment `new` in place of `old`, the one shown last. If `old` is None, show everything."""


class Frames(QObject):
    """Shows the document's Moment in all visible views, at most once a frame.

    Several changes of the document between two frames are shown together. At rest, no timer runs.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._shown: dict[ShowsMoments, Moment | None] = {}
        self._due_ms: dict[ShowsMoments, float] = {}
        """Times at which a view may be shown again during a run or a drag."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.show_due)
        self._shown_ms = 0.0
        self._is_posted = False
        document.changed.connect(lambda *_: self._show_soon())

    def add(self, view: ShowsMoments) -> None:
        """Show the document in a view that became visible, now and after each change."""
        self._shown[view] = None
        self._show(view)

    def remove(self, view: ShowsMoments) -> None:
        """Stop showing the document in a view that is no longer visible."""
        self._shown.pop(view, None)
        self._due_ms.pop(view, None)

    def _show_soon(self) -> None:
        """Show the document after the current event, before Qt paints, but at most once a frame."""
        wait_ms = self._shown_ms + LEAST_MS - _now_ms()
        if wait_ms > 0:
            self._timer.start(round(wait_ms))
        elif not self._is_posted:
            self._is_posted = True
            QCoreApplication.postEvent(self, QEvent(SHOW))  # a timer would come only after the painting

    def event(self, event: QEvent) -> bool:
        """Show the document."""
        if event.type() != SHOW:
            return super().event(event)
        self._is_posted = False
        self.show_due()
        return True

    def show_again(self, view: ShowsMoments) -> None:
        """Show everything in a view again, for example in another theme, if the view is visible."""
        if view in self._shown:
            self._shown[view] = None
            self._show_soon()

    def show_pending(self) -> None:
        """Show the current Moment in all visible views now, instead of in the next frame."""
        try:
            while pending := self._pending():
                self._show(pending[0])
        finally:
            self._set_timer()

    def show_due(self) -> None:
        """Show the current Moment in the views whose time has come; set a timer for the other views.

        First come the views of every frame. When Qt has painted them, all others follow. During a run or a
        drag, only one other view has its turn: the one that has waited longest.
        """
        pending, is_moving = self._pending(), self._document.in_motion
        first = [view for view in pending if view.moving_ms == EVERY_FRAME_MS]
        if not (first or is_moving):
            self.show_pending()
            return
        due = [view for view in sorted(pending, key=self._due)[:1] if self._due(view) <= _now_ms()]
        try:
            for view in first or due:
                self._show(view)
        finally:
            self._set_timer(0.0 if first else FRAME_MS)

    def _pending(self) -> list[ShowsMoments]:
        return [view for view, shown in self._shown.items() if shown is not self._document.now]

    def _due(self, view: ShowsMoments) -> float:
        return self._due_ms.get(view, 0.0)

    def _set_timer(self, least_ms: float = 0.0) -> None:
        """Set the timer for the views that must still be shown, or stop the timer."""
        if pending := self._pending():  # also if a view has failed
            wait_ms = min(map(self._due, pending)) - _now_ms() if self._document.in_motion else 0.0
            self._timer.start(round(max(wait_ms, least_ms)))
        else:
            self._timer.stop()

    def _show(self, view: ShowsMoments) -> None:
        self._shown_ms = start = _now_ms()
        old = self._shown[view]
        self._shown[view] = self._document.now
        view.show_moment(old, self._document.now)
        self._due_ms[view] = start + max(view.moving_ms, SHARE * (_now_ms() - start))


class Desk(QObject):
    """What the parts of a window share: the document, its training and its walk, settings and messages.

    ======================= ==========================================================================
    `message`               a sentence for the status line
    `explanation_requested` a person asked for the explanation of the selected number
    `address_hovered`       the address that the mouse points at in a panel, or None
    `picture_requested`     (panel, copied) a person asked to copy or to export the picture of a panel
    `rows_requested`        (indices, description) a person asked to list only these rows, in ascending order
    `all_rows_requested`    a person asked to list all rows again
    `plots_allowed`         the plot library is imported, which is slow, so panels may make plots now
    ======================= ==========================================================================

    `suggestion(end)` returns a suggested path of a new file whose name ends in `end`.
    """

    message = Signal(str)
    explanation_requested = Signal()
    address_hovered = Signal(object)
    picture_requested = Signal(object, bool)
    rows_requested = Signal(object, str)
    all_rows_requested = Signal()
    plots_allowed = Signal()

    def __init__(
        self,
        document: Document,
        settings: Settings | None = None,
        suggestion: Callable[[str], Path] = lambda end: Path(f"network{end}"),
    ) -> None:
        super().__init__()
        self.document, self.suggestion = document, suggestion
        self.has_plots = False
        self.settings = settings or Settings(remembers=False)
        self.runner = Runner(document)
        self.player = Player(document, self.runner)
        self.frames = Frames(document)
        for source in (self.runner, self.player):
            source.message.connect(self.message)
            source.setParent(self)
        document.refused.connect(self.message)

    def explain(self, address: Address) -> None:
        """Select an address, and request the explanation of the number at this address."""
        self.document.select(address)
        self.explanation_requested.emit()

    def allow_plots(self) -> None:
        """Let panels make plots from now on."""
        self.has_plots = True
        self.plots_allowed.emit()


def _now_ms() -> float:
    return time.monotonic() * 1000
