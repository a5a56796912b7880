"""The explain panel: where the number of the selected node or edge comes from, live."""

from __future__ import annotations

import time
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from nnviz.core.address import Address
from nnviz.core.explanation.explain import explain, is_mean
from nnviz.core.explanation.inquiry import Known, inquire
from nnviz.core.explanation.lines import Explanation
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.explain.browser import ExplainBrowser
from nnviz.ui.explain.text import address_of_link, html
from nnviz.ui.widgets.card import Card, quiet_button
from nnviz.ui.widgets.theme import colours

HINT = "Click a node or an edge to see where its numbers come from."
APART = 0.1
"""Seconds between two explanations while the State keeps changing, at least."""
SHARE = 15
"""Of a run's time, explaining takes no more than one part in so many."""
AFTER = 40
"""Milliseconds more until the last State is explained; a run shows its next one before."""
QUIET = 250
"""Milliseconds without a change before what takes all of many rows is computed."""
AT_ONCE = 0.02
"""Seconds that may be spent before the first text is shown."""
SLICE = 0.006
"""Seconds that are spent at a time on what takes longer, and on each State of a run."""


class ExplainPanel(Card):
    """Explains what is selected, or the MSE. `address_hovered` carries what is under the mouse, or None."""

    address_hovered = Signal(object)

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__("Explain", parent)
        self._document, self._selection = document, selection
        self._address: Address | None = None
        self._unfolded: frozenset[str] = frozenset()
        self._steps: Iterator[Known] = iter(())
        self._known: Known | None = None
        self._known_of = document.state
        self._told = Explanation("", ())
        self._shown_at = 0.0
        self._apart = APART
        self._budget = AT_ONCE
        self._due, self._slices = QTimer(self), QTimer(self)
        self._due.setSingleShot(True)
        self._due.timeout.connect(self._refresh)
        self._slices.setSingleShot(True)
        self._slices.timeout.connect(self._go_on)
        self._text = ExplainBrowser()
        self.body.addWidget(self._text, 1)
        self._copy = quiet_button("Copy", "Copy the explanation as plain text")
        self.buttons.addWidget(self._copy)
        self._connect()

    def _connect(self) -> None:
        self._document.state_changed.connect(self._state_changed)
        self._selection.address_changed.connect(self._look)
        self._selection.row_changed.connect(self._look)
        self._selection.slopes_changed.connect(self._look)
        self._text.link_hovered.connect(self._link_hovered)
        self._text.link_clicked.connect(self._link_clicked)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._told.text()))

    def _look(self) -> None:
        """Explain anew before the event loop goes round again."""
        if self.isVisible():
            self._budget = AT_ONCE
            self._due.start(0)

    def _state_changed(self) -> None:
        """Explain at once, as part of the frame that shows the State, but not at every frame of a run."""
        self._slices.stop()
        if not self.isVisible():
            return
        left = self._shown_at + self._apart - time.monotonic()
        if left <= 0:
            self._refresh()
        elif not self._due.isActive():
            self._due.start(int(left * 1000) + AFTER)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self._due.stop()
        self._slices.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._look()

    def _refresh(self) -> None:
        begun = time.monotonic()
        self._due.stop()
        state, address = self._document.state, self._selection.address
        same = address == self._address
        if not same:
            self._address, self._unfolded = address, frozenset()
        before = self._known.figures if self._known and self._known_of is state else None
        mean = is_mean(state, self._selection.mean_over_rows)
        self._known_of = state
        self._steps = inquire(state, self._present(), self._selection.row, mean, before)
        self._known = next(self._steps)
        self._advance(self._budget)
        self._budget = SLICE
        self._show(keep_place=same)
        self._shown_at = time.monotonic()
        self._apart = max(APART, SHARE * (self._shown_at - begun))
        if self._known.whole:
            self._slices.stop()
        else:
            self._slices.start(QUIET)

    def _present(self) -> Address | None:
        """Return the address that is explained; None where none is selected, or its bias is gone."""
        address = self._address
        return address if address and address.within(self._known_of.network) else None

    def _advance(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        for known in self._steps:
            self._known = known
            if time.monotonic() > end:
                break

    def _go_on(self) -> None:
        self._advance(SLICE)
        if self._known and self._known.whole:
            self._show(keep_place=True)
        else:
            self._slices.start(0)

    def _show(self, keep_place: bool) -> None:
        assert self._known is not None
        self._told = explain(
            self._known_of,
            self._present(),
            self._known.figures,
            mean=self._selection.mean_over_rows,
            check=self._known.check,
            unfolded=self._unfolded,
        )
        hint = "" if self._present() else HINT
        self._text.show_html(html(self._told, colours(), hint, self._unfolded), keep_place)

    def _link_hovered(self, link: str) -> None:
        self.address_hovered.emit(address_of_link(link))

    def _link_clicked(self, link: str) -> None:
        address = address_of_link(link)
        if address is not None:
            self.address_hovered.emit(None)
            self._selection.select(address)
            return
        action, _, line = link.partition("/")
        self._unfolded = self._unfolded | {line} if action == "unfold" else self._unfolded - {line}
        self._show(keep_place=True)
