"""The desk: what the parts of a window share, and the frames in which they show the document."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from PySide6.QtWidgets import QMenu

from nnviz.core.address import Address
from nnviz.core.network import OtherNetwork
from nnviz.document.document import Document
from nnviz.document.moment import Moment
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.ui.kit.settings import Settings

EVERY_FRAME_MS, TEXT_MS = 0.0, 100.0
"""Values of `moving_ms` in milliseconds: EVERY_FRAME_MS for a picture, TEXT_MS for texts."""
PAUSE_MS = 40.0
"""During a run or a drag, views have their turn without a new frame only after this many milliseconds."""
BUSY_MS = 1.0
"""During a run or a drag, no other view has its turn in a frame after this many milliseconds."""
SHARE = 15
"""During a run or a drag, a slow view takes at most 1/SHARE of the time."""
LEAST_MS = 12.0
"""Least milliseconds between two frames on average. After a longer time, two frames may follow each other."""
SHOW = QEvent.Type(QEvent.registerEventType())
"""Type of the event that asks `Frames` to show the document."""
AFTER_PAINTING = -10
"""Priority of this event below that of Qt's painting, which is −1."""


class ShowsMoments(Protocol):
    """A part of the window that shows the document: the diagram or a panel.

    During a run or a drag, the view shows a Moment at most once in `moving_ms` milliseconds. If that is
    TEXT_MS, weights and run of the Moment may then be older than those of the document; nothing else is.
    """

    moving_ms: float

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the Moment `new` in place of `old`, the one shown last. If `old` is None, show everything."""


class Frames(QObject):
    """Shows the document's Moment in all visible views, at most once a frame.

    Several changes of the document between two frames are shown together. During a run or a drag, all views
    of texts show the same Moment, so that their numbers agree. At rest, no timer runs.
    """

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self._document = document
        self._shown: dict[ShowsMoments, Moment | None] = {}
        self._due_ms: dict[ShowsMoments, float] = {}
        """Times at which a view may be shown again during a run or a drag."""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.show_due)
        self._next_ms = 0.0
        """Time of the next frame if all frames are LEAST_MS apart."""
        self._is_posted = False
        self._read_next()
        document.changed.connect(self._changed)

    def add(self, view: ShowsMoments) -> None:
        """Show the document in a view that became visible, now and after each change."""
        self._shown[view] = None
        self._show(view)

    def remove(self, view: ShowsMoments) -> None:
        """Stop showing the document in a view that is no longer visible."""
        self._shown.pop(view, None)
        self._due_ms.pop(view, None)

    def _changed(self, old: Moment, new: Moment) -> None:
        if not new.goes_on_from(old):  # the choice of a row, a setting or a note is read at once
            self._read_next()
        self._show_soon()

    def _show_soon(self) -> None:
        """Show the document after the current event, before Qt paints, but at most once a frame."""
        wait_ms = self._next_ms - LEAST_MS - _now_ms()
        if wait_ms > 0:
            self._timer.start(round(wait_ms))
        elif not self._is_posted:
            self._is_posted = True
            QCoreApplication.postEvent(self, QEvent(SHOW))  # a timer would come only after the painting

    def customEvent(self, _event: QEvent) -> None:
        """Show the document."""
        self._is_posted = False
        self.show_due()

    def show_again(self, view: ShowsMoments) -> None:
        """Show everything in a view again, for example in another theme, if the view is visible."""
        if view in self._shown:
            self._shown[view] = None
            self._show_soon()

    def show_pending(self) -> None:
        """Show the current Moment in all visible views now, instead of in the next frame.

        A view that asks for `show_again` while it is shown has its turn in the next frame.
        """
        self._begin_frame()
        self._read_next()
        try:
            for view in self._pending():
                if view in self._shown:  # the view may be hidden by now
                    self._show(view)
        finally:
            self._set_timer()

    def show_due(self) -> None:
        """Show the current Moment in the views whose time has come; set a timer for the other views.

        First come the views of every frame. When Qt has painted them, all others follow. During a run or a
        drag, the others take turns, a few in each frame: first the one that has waited longest.
        """
        if self._document.now.is_moving and self._all_have_read():
            self._read_next()
        pending, start = self._pending(), _now_ms()
        first = [view for view in pending if view.moving_ms == EVERY_FRAME_MS]
        if not (first or self._document.now.is_moving):
            self.show_pending()
            return
        due = (view for view in sorted(pending, key=self._due) if self._due(view) <= start)
        if first:
            self._begin_frame()
        try:
            for view in first or due:
                if view in self._shown and (first or _now_ms() < start + BUSY_MS):
                    self._show(view)
        finally:
            if first:  # a timer could come before the painting
                QCoreApplication.postEvent(self, QEvent(SHOW), AFTER_PAINTING)
            else:
                self._set_timer(PAUSE_MS)

    def _begin_frame(self) -> None:
        now_ms = _now_ms()
        begins_ms = min(max(self._next_ms, now_ms), now_ms + LEAST_MS)
        self._next_ms = begins_ms + LEAST_MS

    # --- the Moment that is read

    def _read_next(self) -> None:
        """Let the views of texts show the current Moment."""
        self._read, self._read_ms = self._document.now, _now_ms()

    def _all_have_read(self) -> bool:
        """Return whether all views of texts, except slow ones, have shown their Moment for long enough."""
        now_ms, texts = _now_ms(), [view for view in self._shown if view.moving_ms == TEXT_MS]
        have_read = all(self._shown[view] is self._read or self._due(view) > now_ms for view in texts)
        return have_read and now_ms >= self._read_ms + TEXT_MS

    def _moment(self, view: ShowsMoments) -> Moment:
        """Return the Moment that a view has to show. In a run, texts have weights of up to TEXT_MS before."""
        is_read = self._document.now.is_moving and view.moving_ms == TEXT_MS
        return self._read if is_read else self._document.now

    # --- when it is shown

    def _pending(self) -> list[ShowsMoments]:
        return [view for view, shown in self._shown.items() if shown is not self._moment(view)]

    def _due(self, view: ShowsMoments) -> float:
        return self._due_ms.get(view, 0.0)

    def _set_timer(self, least_ms: float = 0.0) -> None:
        """Set the timer for the views that must still be shown, or stop the timer."""
        is_moving, pending = self._document.now.is_moving, self._pending()  # also a view that has failed
        times = list(map(self._due, pending)) if is_moving else [0.0 for _ in pending]
        if is_moving and self._read is not self._document.now:
            times.append(self._read_ms + TEXT_MS)
        if times:
            self._timer.start(round(max(min(times) - _now_ms(), least_ms)))
        else:
            self._timer.stop()

    def _show(self, view: ShowsMoments) -> None:
        start = _now_ms()
        old, self._shown[view] = self._shown[view], self._moment(view)
        view.show_moment(old, self._moment(view))
        apart_ms = 0.0 if view.moving_ms == TEXT_MS else view.moving_ms
        if view in self._shown:  # the view may be hidden by now
            self._due_ms[view] = start + max(apart_ms, SHARE * (_now_ms() - start))


class Desk(QObject):
    """What the parts of a window share: the document, its training and its walk, settings and messages.

    ======================= ==========================================================================
    `message`               a sentence for the status line
    `explanation_requested` a person asked for the explanation of the selected number
    `address_hovered`       the address that the mouse points at in a panel, or None
    `picture_requested`     (panel, copied) a person asked to copy or to export the picture of a panel
    `rows_requested`        (indices, description) a person asked to list only these rows, in ascending order
    `all_rows_requested`    a person asked to list all rows again
    `runs_requested`        a person asked for the list of all runs
    `settings_requested`    a person asked for the field of the learning rate
    `sweep_progressed`      how far the runs of a sweep are, as text; "" at the end
    `sweep_stopped`         a person asked to stop the runs of a sweep
    `column_requested`      a person asked for a new computed input, or to change the one at this index
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
    runs_requested = Signal()
    settings_requested = Signal()
    sweep_progressed = Signal(str)
    sweep_stopped = Signal()
    column_requested = Signal(object)
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

    def compare_with(self, other: OtherNetwork | None) -> None:
        """Show another network beside the network, or none, and say so."""
        self.document.compare_with(other)
        sentence = "No other network is beside the network now"
        if other:
            sentence = f"Beside the network: {other.name}. The menu of the panel Runs ends this"
        self.message.emit(sentence)

    def add_compare_entries(self, menu: QMenu) -> None:
        """Add the commands for the other network beside the network to a menu, if there is one."""
        if other := self.document.now.compared:
            differences = menu.addAction("Differences on the edges")
            differences.setCheckable(True)
            differences.setChecked(other.shows_differences)
            differences.toggled.connect(lambda on: self.compare_with(other._replace(shows_differences=on)))
            menu.addAction("Nothing beside the network", lambda: self.compare_with(None))

    def allow_plots(self) -> None:
        """Let panels make plots from now on."""
        self.has_plots = True
        self.plots_allowed.emit()


def _now_ms() -> float:
    return time.monotonic() * 1000
