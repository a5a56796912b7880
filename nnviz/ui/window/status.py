"""The status bar, and the message about an ended run."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from nnviz.core.numbers import counted
from nnviz.document.document import Document
from nnviz.document.moment import Moment
from nnviz.picture.svg import legend
from nnviz.ui.diagram.paint import paint_legend
from nnviz.ui.kit.controls import ElidedLabel, announce, styled_label
from nnviz.ui.kit.theme import colours, size_factor, ui_font

HEIGHT_PX, LEGEND_PX, MARGIN_PX = 28, 22, 8
"""HEIGHT_PX: height of the status bar. LEGEND_PX: height of the legend. MARGIN_PX: legend's side margins."""


class Legend(QWidget):
    """The legend, which explains the colours and shapes of the diagram."""

    def __init__(self) -> None:
        super().__init__()
        edge = legend(0.0, 0.0)[0].edge
        assert edge is not None
        right = ceil(-edge.x) + MARGIN_PX
        self._samples = legend(right, LEGEND_PX / 2)
        self.setFixedSize(right + MARGIN_PX, LEGEND_PX)
        words = [sample.meaning.text for sample in self._samples]
        self.setAccessibleName(f"Legend: {', '.join(words)}")
        self.setToolTip("Round boxes on the edges show weights, and angular boxes show slopes (gradients)")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(size_factor(), size_factor())
            paint_legend(painter, self._samples, colours())


class StatusLine(QStatusBar):
    """The status bar: a message at the left; the legend, the seed and the save state at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT_PX)
        self._message = ElidedLabel()
        self._message.setFont(ui_font(12))
        self._message.setContentsMargins(10, 0, 10, 0)
        self._facts = styled_label("")
        self._facts.setFont(ui_font(12))
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._message, 1)
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def show_message(self, text: str) -> None:
        """Show a message, and announce it to screen readers."""
        self._message.setText(text)
        announce(self._message, text)

    @property
    def text(self) -> str:
        """The message that the status bar shows now."""
        return self._message.text()

    def show_facts(self, seed: int, saved: str) -> None:
        """Show the seed of the random weights, and `saved`, which says whether the document is saved."""
        self._facts.setText(f"seed {seed} · float64 · {saved}")


class EndedRun(QObject):
    """Reports in the status bar that an edit has ended the training run.

    The report is added to the message about the edit. During a long edit, such as a drag, the report is added
    to each new message. The report names the shortcut of the action `undo`, which restores the run.
    """

    def __init__(self, document: Document, status: StatusLine, undo: QAction) -> None:
        super().__init__(status)
        self._document, self._status, self._undo = document, status, undo
        self._message, self._before = "", ""
        self._soon = QTimer(self, singleShot=True, interval=0)  # after the message about the edit
        self._soon.timeout.connect(self._report)
        document.changed.connect(self._follow)

    def _follow(self, old: Moment, new: Moment) -> None:
        """Report after the message about an edit that has ended a run, or remove an old report."""
        if old.state is not new.state and (self._message or self._document.ended_run):
            if not self._soon.isActive():
                self._before = self._status.text
            self._soon.start()

    def _report(self) -> None:
        before, text, made = self._message, self._status.text, self._document.ended_run
        key = self._undo.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        ended = f"The edit ended the run of {counted(made, 'update')}: {key} restores it"
        self._message = ended if made else ""
        edit = self._document.undo_text()
        edit = f"{edit[:1].upper()}{edit[1:]}" if text in ("", self._before) else text
        if made and self._message not in text:
            self._status.show_message(f"{edit}. {self._message}")
        elif before and not made and text.endswith(before):
            self._status.show_message(edit)  # one Undo no longer restores the run
