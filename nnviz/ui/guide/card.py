"""The card of a step, the ring around what it speaks of, and the line from one to the other.

Know nothing of steps.
"""

from __future__ import annotations

from PySide6.QtCore import QLine, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.theme import colours, ui_font

LETTERS = 46
"""About so many stand on a line of a card."""
RING_PX = 6
"""How far the ring is from what it goes round, its own width among that."""
DOT_PX = 6
"""Half of the room for the dot where the line ends."""


class StepCard(QFrame):
    """Says a few sentences. The buttons leave the keyboard where it is; Tab reaches them."""

    next_asked, back_asked, skip_asked = Signal(), Signal(), Signal()

    def __init__(self, window: QWidget, name: str) -> None:
        super().__init__(window)
        self.setObjectName("guide")
        self.setAccessibleName(name)
        self._count, self._title, self._text = QLabel(self), QLabel(self), QLabel(self)
        self._count.setObjectName("muted")
        self._title.setFont(ui_font(14, QFont.Weight.DemiBold))
        self._text.setWordWrap(True)
        self._skip = quiet_button("Skip", f"End the {name.lower()}; Help brings them back (Esc)")
        self._back = _button("Back", "Go back to the step before")
        self._next = _button("Next", "Go on to the next step")
        for button, asked in (
            (self._skip, self.skip_asked),
            (self._back, self.back_asked),
            (self._next, self.next_asked),
        ):
            button.clicked.connect(asked.emit)
        self._lay_out()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._skip)
        row.addWidget(self._count)
        row.addStretch(1)
        row.addWidget(self._back)
        row.addWidget(self._next)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 10, 14, 10)
        column.setSpacing(4)
        column.addWidget(self._title)
        column.addWidget(self._text)
        column.addSpacing(4)
        column.addLayout(row)

    def follow(self, widget: QWidget) -> None:
        """Let Tab lead from a widget to the buttons."""
        for before, after in (
            (widget, self._next),
            (self._next, self._back),
            (self._back, self._skip),
        ):
            QWidget.setTabOrder(before, after)

    def show_step(self, number: int, count: int, title: str, text: str, *, done: bool) -> None:
        """Show a step, of so many; once it is `done`, the button that goes on is the one to press."""
        self._count.setText(f"{number} of {count}" + (" ✓" if done else ""))
        self._title.setText(title)
        self._text.setText(text)
        self._back.setEnabled(number > 1)
        self._next.setText("Finish" if number == count else "Next")
        self._next.setObjectName("primary" if done else "")
        self._next.style().polish(self._next)
        width = LETTERS * self.fontMetrics().averageCharWidth()
        self.setFixedSize(width, self.heightForWidth(width))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape skips all of it."""
        if event.key() == Qt.Key.Key_Escape:
            self.skip_asked.emit()
        else:
            super().keyPressEvent(event)


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


class Ring(QWidget):
    """A ring around what is spoken of; the mouse does not meet it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a line with a soft halo."""
        halo = QColor(colours().accent)
        halo.setAlphaF(0.25)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((halo, 6.0), (QColor(colours().accent), 2.0)):
                painter.setPen(QPen(colour, width))
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), 10, 10)


class Pointer(QWidget):
    """A line with a dot at its end; the mouse does not meet it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._line = QLine()

    def lead(self, line: QLine) -> None:
        """Lead along a line of the window."""
        around = QRect(line.p1(), line.p2()).normalized().adjusted(-DOT_PX, -DOT_PX, DOT_PX, DOT_PX)
        self.setGeometry(around)
        self._line = line.translated(-around.topLeft())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the line as the callout of a walk does."""
        colour = QColor(colours().accent)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colour, 2.0))
            painter.drawLine(self._line)
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(self._line.p2()), DOT_PX - 2.0, DOT_PX - 2.0)
