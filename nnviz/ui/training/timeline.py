"""The iterations of a run as a line: how far it is, and by a drag or a key any of them."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QWheelEvent
from PySide6.QtWidgets import QProxyStyle, QSlider, QStyle, QStyleHintReturn, QStyleOption, QWidget

HANDLE_PX = 16
POSITIONS = 2**30
"""Positions that Qt can count; where there are more iterations, a position stands for several."""

TIP = "The iterations of the run: drag to see one again, left and right go by one"


class _GoesToTheMouse(QProxyStyle):
    """Lets a click on a slider go to where the mouse is, where Qt would go a page."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        data: QStyleHintReturn | None = None,
    ) -> int:
        if hint == QStyle.StyleHint.SH_Slider_AbsoluteSetButtons:
            return Qt.MouseButton.LeftButton.value
        return super().styleHint(hint, option, widget, data)


class Timeline(QSlider):
    """Shows which iteration of a run is shown; hidden while there is but one.

    =========== ===================================================================
    `wanted`    the iteration that was dragged or clicked to, or reached by a key
    `entered`   the keyboard has come to it
    =========== ===================================================================
    """

    wanted = Signal(object)
    entered = Signal()

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._end, self._unit = 0, 1
        self._handle_at = 0
        self._style = _GoesToTheMouse("Fusion")
        self.setStyle(self._style)
        self.setAccessibleName("Iteration of the run")
        self.setToolTip(TIP)
        self.setFixedHeight(HANDLE_PX)
        self.hide()
        self.valueChanged.connect(self._want)

    def show_iteration(self, iteration: int, end: int) -> None:
        """Show where one is in a run that goes to `end`."""
        with QSignalBlocker(self):  # what is shown is not wanted
            if end != self._end:
                self._end, self._unit = end, 1 + end // POSITIONS
                self.setRange(0, end // self._unit)
                self.setPageStep(max(1, end // self._unit // 10))
            self.setValue(iteration // self._unit)
        self.setAccessibleDescription(f"{iteration} of {end}")
        self.setVisible(end > 0)

    def _want(self, position: int) -> None:
        self.wanted.emit(self._end if position == self.maximum() else position * self._unit)

    def sliderChange(self, change: QSlider.SliderChange) -> None:
        """Paint anew only where the handle moves by a pixel: a long run has many updates to one."""
        room = self.width() - HANDLE_PX
        at = QStyle.sliderPositionFromValue(0, self.maximum(), self.sliderPosition(), room)
        if change != QSlider.SliderChange.SliderValueChange or at != self._handle_at:
            self._handle_at = at
            super().sliderChange(change)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        self.entered.emit()
        super().focusInEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to who scrolls past."""
        event.ignore()
