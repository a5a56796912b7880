"""How large every widget is drawn: what was given in pixels when it was made, at another size.

Code gives measures in pixels at 100 %, once. What is painted asks `theme.px` and `theme.ui_font`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias
from weakref import WeakKeyDictionary

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QBoxLayout,
    QGridLayout,
    QLabel,
    QLayout,
    QTableView,
    QToolBar,
    QWidget,
)
from shiboken6 import createdByPython, isValid

OWN_SIZE = "own size"
"""The property of a widget that reckons with the size in use itself."""
Measure: TypeAlias = Callable[[QWidget, float], object]
"""Sets something that was given in pixels, so many times as large."""
NO_LIMIT = 16_777_215
"""What Qt takes for no limit of a widget's size."""


class Sizes(QObject):
    """Draws widgets so many times as large as they were made, also those that are made later."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app, self._factor = app, 1.0
        self._measured: WeakKeyDictionary[QWidget, list[Measure]] = WeakKeyDictionary()

    def use(self, factor: float) -> None:
        """Draw everything `factor` times as large as at 100 %."""
        before, self._factor = self._factor, factor
        self._app.removeEventFilter(self)
        for widget in filter(_is_ours, self._app.allWidgets()):
            widget.ensurePolished()  # which takes a font back that was set before
            self._measure(widget, before)
        if factor != 1.0:
            self._app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Set a widget's measures before it is first shown, and where the style has set its font back."""
        styled = event.type() in (QEvent.Type.Polish, QEvent.Type.StyleChange)
        if styled and isinstance(watched, QWidget) and _is_ours(watched):
            self._measure(watched, self._factor)
        return False

    def _measure(self, widget: QWidget, made_at: float) -> None:
        """Take the measures of a widget, unless they are known, and set them; its font is of its making."""
        if widget not in self._measured:
            measures = (*_of_font(widget, made_at), *_measures(widget), *_of_layout(widget.layout()))
            self._measured[widget] = list(measures)
        for measure in self._measured[widget]:
            measure(widget, self._factor)


def _is_ours(widget: QWidget) -> bool:
    return bool(createdByPython(widget)) and not widget.property(OWN_SIZE)


def _measures(widget: QWidget) -> Iterator[Measure]:
    """Yield what of a widget was given in pixels, and not by its layout."""
    least, most, layout = widget.minimumSize(), widget.maximumSize(), widget.layout()
    free = layout is None or layout.sizeConstraint() == QLayout.SizeConstraint.SetDefaultConstraint
    if free and not (widget.isWindow() and widget.isVisible()):
        if most.width() < NO_LIMIT:
            yield lambda own, factor: own.setMaximumWidth(round(most.width() * factor))
        if most.height() < NO_LIMIT:
            yield lambda own, factor: own.setMaximumHeight(round(most.height() * factor))
        if least.width() > 0:
            yield lambda own, factor: own.setMinimumWidth(round(least.width() * factor))
        if least.height() > 0:
            yield lambda own, factor: own.setMinimumHeight(round(least.height() * factor))
    if isinstance(widget, QToolBar | QAbstractButton):
        icon = widget.iconSize()
        yield lambda own, factor: own.setIconSize(icon * factor)  # type: ignore[attr-defined]
    if isinstance(widget, QLabel):
        around = widget.contentsMargins()
        yield lambda own, factor: own.setContentsMargins(around * factor)
    if isinstance(widget, QTableView):
        row = widget.verticalHeader().defaultSectionSize()
        yield lambda own, factor: _set_rows(own, round(row * factor))


def _of_font(widget: QWidget, made_at: float) -> Iterator[Measure]:
    """Yield the size of a font that the widget does not take over from what it stands in."""
    if widget.testAttribute(Qt.WidgetAttribute.WA_SetFont):
        points = widget.font().pointSizeF() / made_at
        yield lambda own, factor: _set_points(own, points * factor)


def _set_points(widget: QWidget, points: float) -> None:
    font = widget.font()
    font.setPointSizeF(points)
    widget.setFont(font)


def _set_rows(table: QWidget, height: int) -> None:
    assert isinstance(table, QTableView)
    table.verticalHeader().setDefaultSectionSize(height)


def _of_layout(layout: QObject | None) -> Iterator[Measure]:
    """Yield how to set the margins and spacings of a layout, as long as it is there, and of those within."""
    if not isinstance(layout, QBoxLayout | QGridLayout):
        return
    around, apart = layout.contentsMargins(), layout.spacing()
    down = layout.verticalSpacing() if isinstance(layout, QGridLayout) else apart
    across = layout.horizontalSpacing() if isinstance(layout, QGridLayout) else apart

    def lay_out(_: QWidget, factor: float) -> None:
        if not isValid(layout):
            return
        layout.setContentsMargins(around * factor)
        if isinstance(layout, QGridLayout):
            layout.setHorizontalSpacing(round(across * factor))
            layout.setVerticalSpacing(round(down * factor))
        else:
            layout.setSpacing(round(apart * factor))

    yield lay_out
    for within in layout.children():  # not its items: Qt deletes them untold
        yield from _of_layout(within)
