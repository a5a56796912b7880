"""The Explain panel.

Names come from files and are escaped; copied text is ASCII.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias, cast

from PySide6.QtCore import QEvent, QMimeData, Qt, QUrl, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QGuiApplication,
    QHideEvent,
    QResizeEvent,
    QShowEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QTextBrowser, QTextEdit

from nnviz.core.address import Address, Kind
from nnviz.core.expressions import Piece
from nnviz.core.slopes import forward_ns
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import APART_MS, QUIET_MS, Slicer, Throttle
from nnviz.explain.explain import MEASURED, Check, checking, explain, is_mean
from nnviz.explain.lines import Explanation, Line, LineSection, Note, ascii_text
from nnviz.picture.palette import Palette
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import leave_drops
from nnviz.ui.kit.theme import colours, px, ui_font

BREAK, JOINER, NO_BREAK = "\u200b", "\u2060", "\u00a0"
"""Say where a line may break and where not; taken out again of what is copied."""
SIGN = re.compile(" [+−=≈] ")
"""Between two terms."""
INDENT_PX = 12
"""How far the second line of an item stands in."""
Fits: TypeAlias = Callable[[str], bool]


class ExplainBrowser(QTextBrowser):
    """Selectable rich text. `link_hovered` carries a link under the mouse or the focus, "" where none is."""

    link_hovered = Signal(str)
    link_clicked = Signal(str)
    room_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Explanation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        leave_drops(self)
        self.setUndoRedoEnabled(False)
        self.document().setDefaultFont(ui_font(13))
        self.document().setDocumentMargin(0)
        self._html = ""
        self._lit = ""
        self.highlighted.connect(self._hovered)
        self.anchorClicked.connect(lambda url: self.link_clicked.emit(url.toString()))

    def show_html(self, html: str, keep_place: bool) -> None:
        """Show `html`; the place that is scrolled to is kept where it is about the same thing."""
        if html == self._html:
            return
        self._html = html
        bar = self.verticalScrollBar()
        place = bar.value() if keep_place else 0
        self.setHtml(html)
        bar.setValue(place)
        self._light(self._lit)

    def fits(self, text: str) -> bool:
        """Tell whether `text` has room on a line, behind its indent."""
        needed = QFontMetricsF(self.document().defaultFont()).horizontalAdvance(text)
        return needed <= self.viewport().width() - INDENT_PX

    def changeEvent(self, event: QEvent) -> None:
        """Take over another size, in which lines break elsewhere."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.document().setDefaultFont(ui_font(13))
            self.room_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell where a line has another length."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.room_changed.emit()

    def _hovered(self, url: QUrl) -> None:
        self._light(url.toString())
        self.link_hovered.emit(self._lit)

    def _light(self, link: str) -> None:
        """Mark every place of the text that leads where `link` does."""
        self._lit = link
        marks = []
        block = self.document().begin()
        while link and block.isValid():
            places = block.begin()
            while not places.atEnd():
                fragment = places.fragment()
                if fragment.charFormat().anchorHref() == link:
                    marks.append(self._mark(fragment.position(), fragment.length()))
                places += 1
            block = block.next()
        self.setExtraSelections(marks)

    def _mark(self, start: int, length: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self.document())
        cursor.setPosition(start)
        cursor.setPosition(start + length, QTextCursor.MoveMode.KeepAnchor)
        style = QTextCharFormat()
        style.setBackground(QColor(colours().selection))
        mark.cursor, mark.format = cursor, style
        return mark

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        super().leaveEvent(event)
        if self._lit:
            self._hovered(QUrl())

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text in ASCII.

        In Qt's own object: the clipboard deletes it after Python has ended, which one made in Python would
        not survive.
        """
        data = super().createMimeDataFromSelection()
        plain = data.text().replace(BREAK, "").replace(JOINER, "").replace(NO_BREAK, " ")
        text = ascii_text(plain)
        for kind in data.formats():
            data.removeFormat(kind)
        data.setText(text)
        return data


def link_of(address: Address) -> str:
    """Return the link that leads to an address."""
    return "/".join(["at", address.kind, str(address.layer), str(address.node), str(address.source)])


def address_of_link(link: str) -> Address | None:
    """Return the address that a link leads to, or None for another link."""
    head, *rest = link.split("/")
    if head != "at":
        return None
    kind, layer, node, source = rest
    return Address(cast(Kind, kind), int(layer), int(node), int(source))


def html(explanation: Explanation, palette: Palette, hint: str, unfolded: frozenset[str], fits: Fits) -> str:
    """Return the explanation as rich text: labels and formulas muted, arithmetic below them, slopes purple.

    `hint` comes first, if there is one; `fits` tells whether a text has room on a line.
    """
    first = f'<p style="color:{palette.muted}; margin:0 0 6px 0">{escape(hint)}</p>' if hint else ""
    page = _Page(palette, unfolded, fits)
    return first + "".join(page.section(section) for section in explanation.sections)


@dataclass(frozen=True)
class _Page:
    palette: Palette
    unfolded: frozenset[str]
    fits: Fits

    def section(self, section: LineSection) -> str:
        style = f"color:{self.palette.muted}; font-size:{px(12)}px; font-weight:600; margin:5px 0 0 0"
        heading = f'<p style="{style}">{escape(section.heading)}</p>' if section.heading else ""
        return heading + "".join(self._row(row) for row in section.rows)

    def _row(self, row: Line | Note) -> str:
        if isinstance(row, Line):
            text = self._line(row)
        else:
            text = self._coloured(self.palette.muted, escape(f"{row.label} {row.text}".strip()))
        return f'<p style="margin:1px 0 0 {INDENT_PX}px; text-indent:-{INDENT_PX}px">{text}</p>'

    def _line(self, line: Line) -> str:
        """Return `label = formula`, and `= arithmetic` behind it or, where that is long, below."""
        p, formula = self.palette, f" = {line.formula}" if line.formula else ""
        text = self._pieces(line.written.pieces, "" if line.arithmetic.startswith("≈") else "= ")
        if line.name in self.unfolded:
            text += f" {_link(f'fold/{line.name}', _joined('show fewer'), p.accent)}"
        if line.ticked is not None:
            colour, tick = (p.accent, "✓ agrees") if line.ticked else (p.error, "✗ differs")
            text += f" {self._coloured(colour, _joined(tick))}"
        breaks = breaks_of(line.label + formula, self.fits)
        label = self._piece(Piece(line.label), 0, breaks)
        said = self._coloured(p.muted, self._piece(Piece(formula), len(line.label), breaks))
        return f"{label}{said}{' ' if self.fits(line.text) or not formula else '<br>'}{text}"

    def _pieces(self, pieces: Sequence[Piece], sign: str) -> str:
        """Return a sign and written arithmetic whose lines break where they may."""
        pieces = [Piece(sign), *pieces]
        texts = [piece.text for piece in pieces]
        breaks = breaks_of("".join(texts), self.fits)
        starts = itertools.accumulate(map(len, texts), initial=0)
        return "".join(
            self._piece(piece, start, breaks) for piece, start in zip(pieces, starts, strict=False)
        )

    def _piece(self, piece: Piece, start: int, breaks: set[int]) -> str:
        signs = (_sign(sign, start + k in breaks) for k, sign in enumerate(piece.text))
        text = escape("".join(signs)).replace("−(", f"−{JOINER}(")
        if piece.unfolds:
            return _link(f"unfold/{piece.unfolds}", text, self.palette.accent)
        colour = self.palette.slope if piece.slope else self.palette.ink
        if piece.address is not None:
            return _link(link_of(piece.address), text, colour)
        return self._coloured(colour, text) if piece.slope else text

    def _coloured(self, colour: str, text: str) -> str:
        return f'<span style="color:{colour}">{text}</span>'


def breaks_of(text: str, fits: Fits) -> set[int]:
    """Return where lines of arithmetic may break: at the space before a sign, or behind a ·.

    Between terms outside all parentheses; within a term only where it has no room on a line: there between
    terms in parentheses, and where it has none, at a ·.
    """
    depths = list(itertools.accumulate((sign == "(") - (sign == ")") for sign in text))
    signs = [(match.start(), depths[match.start()]) for match in SIGN.finditer(text)]
    breaks = {match.start() + 1 for match in re.finditer(", ", text)}

    def split(start: int, end: int, depth: int) -> None:
        within = [(at, own) for at, own in signs if start < at < end and own >= depth]
        here = [at for at, own in within if own == depth]
        breaks.update(here)
        for first, last in itertools.pairwise((start, *here, end)):
            if fits(text[first:last].strip()):
                continue
            if any(first < at < last for at, own in within if own > depth):
                split(first, last, depth + 1)
            else:
                breaks.update(first + match.end() - 1 for match in re.finditer("· ?", text[first:last]))

    split(0, len(text), 0)
    return breaks


def _sign(sign: str, breaks: bool) -> str:
    """Return a sign with what says whether a line may break behind it, or in its place."""
    if sign == "·":
        return sign + BREAK if breaks else sign
    if sign == " ":
        return sign if breaks else NO_BREAK
    return sign + JOINER if sign == "/" else sign


def _joined(text: str) -> str:
    return text.replace(" ", NO_BREAK)


def _link(target: str, text: str, colour: str) -> str:
    return f'<a href="{escape(target, quote=True)}" style="color:{colour}; text-decoration:none">{text}</a>'


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
        return address if address and self._document.state.network.has(address) else None

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
