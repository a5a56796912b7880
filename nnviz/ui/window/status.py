"""The status bar, and the message about an ended run."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction, QColor, QHideEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from nnviz.core.numbers import counted
from nnviz.document.document import Document
from nnviz.document.moment import Moment
from nnviz.picture.svg import legend, legend_shapes
from nnviz.ui.diagram.paint import paint_shapes
from nnviz.ui.kit.card import push_button
from nnviz.ui.kit.controls import ElidedLabel, announce, styled_label
from nnviz.ui.kit.theme import colours, size_factor, ui_font

HEIGHT_PX, LEGEND_PX, MARGIN_PX = 28, 22, 8
"""HEIGHT_PX: height of the status bar. LEGEND_PX: height of the legend. MARGIN_PX: legend's side margins."""
HIGHLIGHT_MS = 500
"""Milliseconds for which a repeated message is highlighted."""


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
            paint_shapes(painter, legend_shapes(self._samples, colours()))


class Sentence(ElidedLabel):
    """The message in the status bar. A message that is shown twice in a row is highlighted for a moment."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(ui_font(12))
        self.setContentsMargins(10, 0, 10, 0)
        self._highlight = QTimer(self, singleShot=True, interval=HIGHLIGHT_MS)
        self._highlight.timeout.connect(self.update)

    def show_message(self, text: str) -> None:
        """Show a message, and announce it to screen readers."""
        if text and text == self.text():
            self._highlight.start()
        else:
            self._highlight.stop()
        self.setText(text)
        self.update()
        announce(self, text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self._highlight.isActive():
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), QColor(colours().selection))
        super().paintEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._highlight.stop()


class StatusLine(QStatusBar):
    """The status bar: a message at the left; the legend, the seed and the save state at the right.

    A button next to the message can offer an action until another message is shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT_PX)
        self._message = Sentence()
        self._button = push_button("", "")
        self._button.setObjectName("inline")
        self._button.setFont(ui_font(12))
        self._button.clicked.connect(self._run_action)
        self._action: Callable[[], object] = lambda: None
        self._facts = styled_label("")
        self._facts.setFont(ui_font(12))
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._message, 1)
        self.addWidget(self._button)
        self._button.hide()
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def show_message(self, text: str) -> None:
        """Show a message. Hide the button of an offered action unless `text` begins with the old message."""
        if not text.startswith(self.text):
            self.withdraw()
        self._message.show_message(text)

    def offer(self, text: str, action: Callable[[], object], tip: str) -> None:
        """Show a button with `text` next to the message; a click on the button calls `action`."""
        self._action = action
        self._button.setText(text)
        self._button.setToolTip(tip)
        self._button.show()
        announce(self._button, text.replace("&", ""))

    def withdraw(self) -> None:
        """Hide the button of the offered action."""
        self._button.hide()

    def _run_action(self) -> None:
        self.withdraw()
        self._action()

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
