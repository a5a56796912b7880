"""The status bar, and the message about an ended run."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction, QColor, QHideEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QPushButton, QStatusBar, QWidget

from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.picture.svg import legend
from nnviz.ui.diagram.paint import paint_legend
from nnviz.ui.kit.controls import Elided, announce
from nnviz.ui.kit.theme import colours, factor, ui_font

HEIGHT_PX, LEGEND_PX, AROUND_PX = 28, 22, 8
"""Heights of the line and of the legend, and the room on both sides of that."""
LIT_MS = 500
"""So long a sentence is lit that was said before."""


class Legend(QWidget):
    """What the diagram's colours and shapes mean, drawn as they are there."""

    def __init__(self) -> None:
        super().__init__()
        edge = legend(0.0, 0.0)[0].edge
        assert edge is not None
        right = ceil(-edge.x) + AROUND_PX
        self._samples = legend(right, LEGEND_PX / 2)
        self.setFixedSize(right + AROUND_PX, LEGEND_PX)
        words = [sample.words.text for sample in self._samples]
        self.setAccessibleName(f"Legend: {', '.join(words)}")
        self.setToolTip("A weight stands in a round box on its edge, a slope in an angular one")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(factor(), factor())
            paint_legend(painter, self._samples, colours())


class Sentence(Elided):
    """What just happened; the same once more lights up, for without that nothing would be seen of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(ui_font(12))
        self.setContentsMargins(10, 0, 10, 0)
        self._lit = QTimer(self, singleShot=True, interval=LIT_MS)
        self._lit.timeout.connect(self.update)

    def say(self, text: str) -> None:
        """Say it, to screen readers too."""
        if text and text == self.text():
            self._lit.start()
        else:
            self._lit.stop()
        self.setText(text)
        self.update()
        announce(self, text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self._lit.isActive():
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), QColor(colours().selection))
        super().paintEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._lit.stop()


class StatusLine(QStatusBar):
    """Says one thing at a time; the legend and the document's state stand at the right.

    Beside what is said a button can take it back, until something else is said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT_PX)
        self._said = Sentence()
        self._back = QPushButton()
        self._back.setObjectName("inline")
        self._back.setFont(ui_font(12))
        self._back.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
        self._back.clicked.connect(self._take_back)
        self._offered: Callable[[], object] | None = None
        self._facts = QLabel()
        self._facts.setFont(ui_font(12))
        self._facts.setObjectName("muted")
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._said, 1)
        self.addWidget(self._back)
        self._back.hide()
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def say(self, text: str) -> None:
        """Say what just happened; where that only adds to what was said, this can still be taken back."""
        if not text.startswith(self.text):
            self.withdraw()
        self._said.say(text)

    def offer(self, text: str, does: Callable[[], object], tip: str) -> None:
        """Offer to take back what is said, by a button that says `text`."""
        self._offered = does
        self._back.setText(text)
        self._back.setToolTip(tip)
        self._back.show()
        announce(self._back, text.replace("&", ""))

    def withdraw(self) -> None:
        """Offer nothing any more."""
        self._offered = None
        self._back.hide()

    def _take_back(self) -> None:
        does = self._offered
        self.withdraw()
        if does:
            does()

    @property
    def text(self) -> str:
        """What is said at present."""
        return self._said.text()

    def show_facts(self, seed: int, kept: str) -> None:
        """Show the seed of the random start, and whether everything is saved, in a word."""
        self._facts.setText(f"seed {seed} · float64 · {kept}")


class EndedRun(QObject):
    """Adds to the status line what became of the run, behind what is said of the edit itself.

    As long as the edit goes on, a drag or a run of key presses, it says so again. `undo` knows the key.
    """

    def __init__(self, document: Document, status: StatusLine, undo: QAction) -> None:
        super().__init__(status)
        self._document, self._status, self._undo = document, status, undo
        self._ended, self._before = "", ""
        self._is_new = False
        self._soon = QTimer(self, singleShot=True, interval=0)  # once the edit has been told
        self._soon.timeout.connect(self._tell)
        document.state_changed.connect(self._follow)
        document.undo_changed.connect(self._entry_began)

    def _follow(self, old: State, new: State) -> None:
        """Take note of a run that is no longer there; one that was undone or closed has not ended."""
        edited = bool(self._document.undo_text()) and not self._document.redo_text()
        if edited and old.iteration and new.run is None:
            key = self._undo.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            self._ended = f"the run of {counted(old.iteration, 'update')} ended; {key} brings it back"
            self._before, self._is_new = self._status.text, True
        if self._ended:
            self._soon.start()

    def _entry_began(self) -> None:
        if not self._is_new:
            if self._ended and self._status.text.endswith(self._ended):
                self._status.say(self._edit)  # one key does not bring it back any more
            self._ended = ""
        self._is_new = False

    @property
    def _edit(self) -> str:
        """What can be undone."""
        text = self._document.undo_text()
        return f"{text[:1].upper()}{text[1:]}"

    def _tell(self) -> None:
        said = self._status.text
        if self._ended and self._ended not in said:
            told = self._edit if said in ("", self._before) else said
            self._status.say(f"{told}; {self._ended}")
