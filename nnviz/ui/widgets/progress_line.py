"""How far a run is, as a thin line. A QProgressBar repaints the whole window at every value, at once."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from nnviz.ui.theme import colours

HEIGHT = 4


class ProgressLine(QWidget):
    """A line that fills from the left; it keeps its room while it is hidden."""

    def __init__(self) -> None:
        super().__init__()
        self._part = 0.0
        self.setFixedHeight(HEIGHT)
        self.setAccessibleName("Progress of the run")
        keeps = self.sizePolicy()
        keeps.setRetainSizeWhenHidden(True)
        self.setSizePolicy(keeps)
        self.hide()

    def show_progress(self, done: int, of: int) -> None:
        """Show that `done` of so many updates are made."""
        self.setAccessibleDescription(f"{done} of {of} updates")
        before, self._part = self._part, done / of
        if round(self.width() * before) != round(self.width() * self._part):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, part in ((colours().line, 1.0), (colours().accent, self._part)):
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(0, 0, self.width() * part, HEIGHT), 2, 2)
