"""The text of an explanation: its numbers are links that light up, and copies are ASCII."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QUrl, Signal
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextBrowser, QTextEdit

from nnviz.core.explanation.arithmetic import ascii_text
from nnviz.ui.explain.text import BREAK, NO_BREAK
from nnviz.ui.widgets.theme import colours, ui_font


class ExplainBrowser(QTextBrowser):
    """Selectable rich text. `link_hovered` carries a link under the mouse or the focus, "" where none is."""

    link_hovered = Signal(str)
    link_clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Explanation")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
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
