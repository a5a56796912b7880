"""An explanation as rich text, and the widget that shows it: its numbers are links that light up.

Names come from files and are escaped; what is copied is ASCII.
"""

from __future__ import annotations

from html import escape
from typing import cast

from PySide6.QtCore import QEvent, QMimeData, QUrl, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextBrowser, QTextEdit

from nnviz.core.address import Address, Kind
from nnviz.core.explanation.arithmetic import Explanation, Line, Note, Section, ascii_text
from nnviz.core.expressions import Piece
from nnviz.picture.palette import Palette
from nnviz.ui.widgets.drops import leave_drops
from nnviz.ui.widgets.theme import colours, ui_font

BREAK = "\u200b"
"""Lets a long product wrap; taken out again of what is copied."""
NO_BREAK = "\u00a0"
ROOM = 34
"""Characters that a formula and its arithmetic may have to stand on one line."""


class ExplainBrowser(QTextBrowser):
    """Selectable rich text. `link_hovered` carries a link under the mouse or the focus, "" where none is."""

    link_hovered = Signal(str)
    link_clicked = Signal(str)

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
        text = ascii_text(data.text().replace(BREAK, "").replace(NO_BREAK, " "))
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


def html(explanation: Explanation, palette: Palette, hint: str, unfolded: frozenset[str]) -> str:
    """Return the explanation as rich text: labels left and muted, arithmetic right, slopes purple.

    `hint` stands in the place of the title, if there is one.
    """
    title = f'<p style="font-weight:600; margin:0 0 2px 0">{escape(explanation.title)}</p>'
    if hint:
        title = f'<p style="color:{palette.muted}; margin:0 0 8px 0">{escape(hint)}</p>'
    return title + "".join(_section(section, palette, unfolded) for section in explanation.sections)


def _section(section: Section, p: Palette, unfolded: frozenset[str]) -> str:
    heading = ""
    if section.heading:
        style = f"color:{p.muted}; font-size:12px; font-weight:600; margin:8px 0 2px 0"
        heading = f'<p style="{style}">{escape(section.heading)}</p>'
    rows = "".join(_row(row, p, unfolded) for row in section.rows)
    style = "" if heading else ' style="margin-top:4px"'
    return f'{heading}<table width="100%" cellspacing="0" cellpadding="0"{style}>{rows}</table>'


def _row(row: Line | Note, p: Palette, unfolded: frozenset[str]) -> str:
    if isinstance(row, Note) and not row.label:
        return f'<tr><td colspan="2" style="color:{p.muted}; padding:3px 0">{escape(row.text)}</td></tr>'
    text = _arithmetic(row, p, unfolded) if isinstance(row, Line) else escape(row.text)
    label = f'<td width="92" style="color:{p.muted}; padding:3px 8px 3px 0">{escape(row.label)}</td>'
    return f'<tr>{label}<td style="padding:3px 0">{text}</td></tr>'


def _arithmetic(line: Line, p: Palette, unfolded: frozenset[str]) -> str:
    text = "".join(_piece(piece, p) for piece in line.written.pieces)
    if line.name in unfolded:
        text += f" {_link(f'fold/{line.name}', 'show fewer', p.accent)}"
    if line.ticked is not None:
        colour, sign = (p.accent, "✓ agrees") if line.ticked else (p.error, "✗ differs")
        text += f' <span style="color:{colour}">{sign}</span>'
    if not line.formula:
        return text
    joint = "" if line.arithmetic.startswith("≈") else "= "
    apart = "<br>" if len(line.formula) + len(line.arithmetic) > ROOM else " "
    formula = escape(line.formula).replace("·", "·" + BREAK)
    return f'<span style="color:{p.muted}; font-size:12px">{formula}</span>{apart}{joint}{text}'


def _piece(piece: Piece, p: Palette) -> str:
    text = escape(piece.text).replace("·", "·" + BREAK)
    for sign in ("=", "≈"):  # the result stays beside its sign
        text = text.replace(f"{sign} ", f"{sign}{NO_BREAK}")
    colour = p.slope if piece.slope else p.ink
    if piece.unfolds:
        return _link(f"unfold/{piece.unfolds}", text, p.accent)
    if piece.address is not None:
        return _link(link_of(piece.address), text, colour)
    return f'<span style="color:{colour}">{text}</span>' if piece.slope else text


def _link(target: str, text: str, colour: str) -> str:
    return f'<a href="{escape(target, quote=True)}" style="color:{colour}; text-decoration:none">{text}</a>'
