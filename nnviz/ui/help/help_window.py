"""The window of the help: its pages, one at a time, to be read beside the network."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTabBar, QTextBrowser, QWidget

from nnviz.ui.help.page import Page, Rows
from nnviz.ui.widgets.dialogs import column_of
from nnviz.ui.widgets.theme import factor

SIZE_PX = QSize(680, 680)


class HelpWindow(QDialog):
    """Shows `pages`. The window that it belongs to stays usable meanwhile."""

    def __init__(self, pages: tuple[Page, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self.setWindowTitle("nnviz help")
        self.resize((SIZE_PX * factor()).boundedTo(self.screen().availableSize() * 0.9))
        self._bar = QTabBar()
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideNone)
        self._bar.setUsesScrollButtons(False)  # there is room for all
        self._bar.setAccessibleName("Pages of the help")
        self._text = QTextBrowser()
        self._text.setFrameShape(QTextBrowser.Shape.NoFrame)
        self._text.setOpenLinks(False)
        self._text.document().setDocumentMargin(12)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        box.rejected.connect(self.reject)
        column = column_of(self)
        column.addWidget(self._bar)
        column.addWidget(self._text, 1)
        column.addWidget(box)
        for page in pages:
            self._bar.addTab(page.title)
        self._bar.currentChanged.connect(self._turn)
        self._turn(0)

    def open_at(self, title: str) -> None:
        """Open at the page of a title, with the keyboard in its text."""
        self._bar.setCurrentIndex([page.title for page in self._pages].index(title))
        self.show()
        self.raise_()
        self.activateWindow()
        self._text.setFocus()

    def _turn(self, index: int) -> None:
        page = self._pages[index]
        self._text.setAccessibleName(page.title)
        self._text.setHtml("".join(_html(heading, rows) for heading, rows in page.sections()))


def _html(heading: str, rows: Rows) -> str:
    cells = "".join(
        f"<tr><td width='34%'><b>{escape(term)}</b></td><td>{escape(means)}</td></tr>" for term, means in rows
    )
    return f"<h4>{escape(heading)}</h4><table width='100%' cellpadding='3'>{cells}</table>"
