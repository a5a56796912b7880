"""A line of text that says so where it has no room for all of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip

from nnviz.core.names import shorten_distinctly
from nnviz.ui.widgets.theme import ui_font


def shorten_to_width(names: Sequence[str], font: QFont, room: float) -> tuple[str, ...]:
    """Return names of at most `room` pixels in a font, shortened so that no two of them look alike."""
    return _shorten(tuple(names), font, room)


@lru_cache(maxsize=32)  # every painting asks for the same, and 100 long names take 7 ms
def _shorten(names: tuple[str, ...], font: QFont, room: float) -> tuple[str, ...]:
    metrics, middle = QFontMetricsF(font), Qt.TextElideMode.ElideMiddle
    return tuple(
        shorten_distinctly(
            names,
            lambda text: metrics.horizontalAdvance(text) <= room,
            lambda name: metrics.elidedText(name, middle, room),
        )
    )


class Elided(QLabel):
    """Takes the width that is there; a longer text ends in "…", and the tooltip has all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def is_whole(self) -> bool:
        """Whether all of the text is in sight."""
        return self.fontMetrics().horizontalAdvance(self.text()) <= self.contentsRect().width()

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        with QPainter(self) as painter:
            side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            self.style().drawItemText(
                painter, room, side, self.palette(), self.isEnabled(), text, self.foregroundRole()
            )

    def event(self, event: QEvent) -> bool:
        """Tell the whole text in a tooltip, if there is no other."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and not self.is_whole:
            QToolTip.showText(event.globalPos(), self.text(), self)
            return True
        return super().event(event)


def muted_line() -> Elided:
    """Return one for a panel's quiet words."""
    line = Elided()
    line.setObjectName("muted")
    line.setFont(ui_font(12))
    return line
