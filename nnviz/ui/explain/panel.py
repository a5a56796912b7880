"""The explain panel: where the number of the selected node or edge comes from, live."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QGuiApplication, QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy

from nnviz.core.address import Address
from nnviz.core.cost import forward_ns
from nnviz.core.explanation.arithmetic import Explanation
from nnviz.core.explanation.check import MEASURED, Check, checking
from nnviz.core.explanation.explain import explain, is_mean
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS, QUIET_MS, Slicer, Throttle
from nnviz.document.selection import Selection
from nnviz.ui.explain.browser import ExplainBrowser, address_of_link, html
from nnviz.ui.widgets.card import Card, quiet_button
from nnviz.ui.widgets.theme import colours, ui_font

HINT = "Click a node or an edge to see where its numbers come from."
SHARE = 15
"""Of a run's time, explaining takes no more than one part in so many."""
QUICK_NS = 6e6
"""A measured slope that takes no longer is there with the first text."""


class ExplainPanel(Card):
    """Explains what is selected, or the loss. `address_hovered` carries what is under the mouse, or None."""

    address_hovered = Signal(object)

    def __init__(
        self,
        document: Document,
        selection: Selection,
        derived: Derived,
        *,
        quick_ns: float = QUICK_NS,
        quiet_ms: float = QUIET_MS,
    ) -> None:
        super().__init__("Explain")
        self._document, self._selection, self._derived = document, selection, derived
        self._quick_ns = quick_ns
        self._address: Address | None = None
        self._unfolded: frozenset[str] = frozenset()
        self._told = Explanation("", ())
        self._check: Check | None = None
        self._check_of: tuple[Address | None, int | None] | None = None
        """Whose slope is measured, and of which row; None where the network or the data are others now."""
        self._checking = Slicer(self, self._measure, self._show_check, quiet_ms=quiet_ms)
        self._changes = Throttle(self, self._refresh, APART_MS, share=SHARE)
        self._subject = _Subject()
        row = cast(QHBoxLayout, self.head.layout())
        row.insertWidget(1, self._subject, 1)
        row.setStretch(2, 0)
        self._text = ExplainBrowser()
        self.body.setContentsMargins(8, 0, 8, 6)
        self.body.addWidget(self._text, 1)
        self._copy = quiet_button("Copy", "Copy the explanation as plain text")
        self.buttons.addWidget(self._copy)
        self._connect()

    def _connect(self) -> None:
        self._document.state_changed.connect(self._state_changed)
        self._document.motion_changed.connect(self._look)
        self._selection.address_changed.connect(self._look)
        self._selection.row_changed.connect(self._look)
        self._selection.slopes_changed.connect(self._look)
        self._derived.computed.connect(self._look)
        self._text.link_hovered.connect(lambda link: self.address_hovered.emit(address_of_link(link)))
        self._text.room_changed.connect(self._look)
        self._text.link_clicked.connect(self._link_clicked)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._told.text()))

    # --- when it explains

    def _look(self) -> None:
        """Explain anew before the event loop goes round again."""
        if self.isVisible():
            self._changes.soon()

    def _state_changed(self, old: State, new: State) -> None:
        """Explain at once, as part of the frame that shows the State, but not at every frame of a run."""
        if old.network is not new.network or old.data is not new.data:
            self._checking.drop()
            self._check_of = None
        if self.isVisible():
            self._changes.changed(self._document.held)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop computing."""
        super().hideEvent(event)
        self._changes.stop()
        self._checking.stop()

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours, or another size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._look()

    def _refresh(self) -> None:
        address = self._selection.address
        same = address == self._address
        if not same:
            self._address, self._unfolded = address, frozenset()
        self._begin_check()
        self._show(keep_place=same)

    # --- the measured slope

    @property
    def _row_measured(self) -> int | None:
        """The row whose slope is explained; None for the mean over all rows."""
        mean = is_mean(self._document.state, self._selection.mean_over_rows)
        return None if mean else self._selection.row

    def _begin_check(self) -> None:
        """Measure the slope that is explained, unless that is done: at once where it is quick."""
        state, address, row = self._document.state, self._present(), self._row_measured
        if self._check_of == (address, row) and (self._check or self._checking.busy):
            return
        self._check, self._check_of = None, (address, row)
        self._checking.drop()
        if address is None or address.kind == "node" or self._derived.slopes is None:
            return
        if MEASURED * forward_ns(state.network, len(state.data) if row is None else 1) > self._quick_ns:
            self._checking.ask()
            return
        for _ in self._measure():
            pass

    def _measure(self) -> Iterator[None]:
        address = self._present()
        assert address is not None
        row = self._row_measured
        known = None if row is None else self._derived.trace
        for check in checking(self._document.state, address, row, known=known):
            self._check = check
            yield

    def _show_check(self) -> bool:
        if self._check is not None:
            self._show(keep_place=True)
        return self._check is not None

    # --- what it shows

    def _present(self) -> Address | None:
        """Return the address that is explained; None where none is selected, or its bias is gone."""
        address = self._address
        return address if address and address.within(self._document.state.network) else None

    def _show(self, keep_place: bool) -> None:
        self._told = explain(
            self._document.state,
            self._present(),
            self._derived.for_explanation,
            mean=self._selection.mean_over_rows,
            check=self._check,
            unfolded=self._unfolded,
            held=bool(self._document.held),
        )
        hint = "" if self._present() else HINT
        self._subject.show_text(self._told.title)
        self._text.show_html(html(self._told, colours(), hint, self._unfolded, self._text.fits), keep_place)

    def _link_clicked(self, link: str) -> None:
        address = address_of_link(link)
        if address is not None:
            self.address_hovered.emit(None)
            self._selection.select(address)
            return
        action, _, line = link.partition("/")
        self._unfolded = self._unfolded | {line} if action == "unfold" else self._unfolded - {line}
        self._refresh()


class _Subject(QLabel):
    """What is explained, shortened in its middle where it has no room; the tooltip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self._text = ""
        self.setFont(ui_font(13, QFont.Weight.DemiBold))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def show_text(self, text: str) -> None:
        self._text = text
        self._fit()

    def _fit(self) -> None:
        elided = QFontMetrics(self.font()).elidedText(self._text, Qt.TextElideMode.ElideMiddle, self.width())
        self.setText(elided)
        self.setToolTip(self._text if elided != self._text else "")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
