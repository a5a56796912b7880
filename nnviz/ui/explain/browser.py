"""An explanation as rich text, and the widget that shows it: its numbers are links that light up.

Names come from files and are escaped; what is copied is ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import cast

from PySide6.QtCore import QEvent, QMimeData, QUrl, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextBrowser, QTextEdit

from nnviz.core.address import Address, Kind
from nnviz.core.explanation.arithmetic import Explanation, Line, Note, Section, ascii_text
from nnviz.core.expressions import Piece
from nnviz.picture.palette import Palette
from nnviz.ui.widgets.drops import leave_drops
from nnviz.ui.widgets.theme import colours, ui_font

BREAK, JOINER, NO_BREAK = "\u200b", "\u2060", "\u00a0"
"""Say where a line may break and where not; taken out again of what is copied."""
SIGN = re.compile(f"[ {NO_BREAK}]([+−=≈])[ {NO_BREAK}]")
"""Between two terms."""
INDENT, INDENT_PX = 2, 12
"""How far the second line of an item stands in, in digits and in pixels."""


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
        self._room = 0
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

    @property
    def room(self) -> int:
        """How many digits a line has."""
        digit = QFontMetricsF(self.document().defaultFont()).horizontalAdvance("0")
        return int(self.viewport().width() / digit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell where a line has another length."""
        super().resizeEvent(event)
        if self.room != self._room:
            self._room = self.room
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


def html(explanation: Explanation, palette: Palette, hint: str, unfolded: frozenset[str], room: int) -> str:
    """Return the explanation as rich text: labels and formulas muted, arithmetic below them, slopes purple.

    `hint` comes first, if there is one; `room` is how many digits a line has.
    """
    first = f'<p style="color:{palette.muted}; margin:0 0 6px 0">{escape(hint)}</p>' if hint else ""
    page = _Page(palette, unfolded, room)
    return first + "".join(page.section(section) for section in explanation.sections)


@dataclass(frozen=True)
class _Page:
    palette: Palette
    unfolded: frozenset[str]
    room: int

    def section(self, section: Section) -> str:
        style = f"color:{self.palette.muted}; font-size:12px; font-weight:600; margin:5px 0 0 0"
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
        text = "" if line.arithmetic.startswith("≈") else f"={NO_BREAK}"
        text += self._pieces(line.written.pieces)
        if line.name in self.unfolded:
            text += f" {_link(f'fold/{line.name}', _joined('show fewer'), p.accent)}"
        if line.ticked is not None:
            colour, tick = (p.accent, "✓ agrees") if line.ticked else (p.error, "✗ differs")
            text += f" {self._coloured(colour, _joined(tick))}"
        long = len(line.label) + len(formula) + len(line.arithmetic) + 3 > self.room
        said = _joined(escape(line.label)) + self._coloured(p.muted, self._pieces((Piece(formula),)))
        return f"{said}{'<br>' if formula and long else ' '}{text}"

    def _pieces(self, pieces: Sequence[Piece]) -> str:
        """Return written arithmetic that breaks before + − = ≈, and at a · of what has no room on a line."""
        terms = SIGN.split("".join(piece.text for piece in pieces))
        longest = max(map(len, terms))
        return "".join(self._piece(piece, longest > self.room - INDENT) for piece in pieces)

    def _piece(self, piece: Piece, long: bool) -> str:
        text = escape(SIGN.sub(lambda sign: f" {sign[1]}{NO_BREAK}", _joined(piece.text)))
        text = text.replace("/", "/" + JOINER)
        if long:
            text = text.replace("·" + NO_BREAK, "· ").replace("·", "·" + BREAK)
        if piece.unfolds:
            return _link(f"unfold/{piece.unfolds}", text, self.palette.accent)
        colour = self.palette.slope if piece.slope else self.palette.ink
        if piece.address is not None:
            return _link(link_of(piece.address), text, colour)
        return self._coloured(colour, text) if piece.slope else text

    def _coloured(self, colour: str, text: str) -> str:
        return f'<span style="color:{colour}">{text}</span>'


def _joined(text: str) -> str:
    return text.replace(", ", ",\n").replace(" ", NO_BREAK).replace("\n", " ")


def _link(target: str, text: str, colour: str) -> str:
    return f'<a href="{escape(target, quote=True)}" style="color:{colour}; text-decoration:none">{text}</a>'
