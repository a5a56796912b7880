"""The theme: style sheet, fonts and sizes.

Code gives lengths in pixels at 100 %. What is painted asks `theme.px` and `theme.ui_font`.
"""

from __future__ import annotations

import builtins
import locale
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from string import Template
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from PySide6.QtCore import (
    QEvent,
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    qInstallMessageHandler,
    qWarning,
)
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
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

from nnviz.picture.palette import PALETTES, Palette
from nnviz.system import DisplayError, resources

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


_in_use = PALETTES["light"]
_factor = 1.0


def themes() -> tuple[str, ...]:
    """Return what a person can choose: every palette, or the one that fits the system."""
    return ("system", *PALETTES)


def application() -> QApplication:
    """Return the application, made if there is none. Raises DisplayError where there is no screen."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        # PySide reads the source of every module imported after it, for a feature that nothing here uses
        builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
        app = _made()
        app.setApplicationName("nnviz")
        app.setOrganizationName("nnviz")
        app.setApplicationDisplayName("nnviz")
        app.setDesktopFileName("nnviz")
    if hasattr(locale, "LC_MESSAGES"):  # which Qt has set to the user's language; Windows has none
        locale.setlocale(locale.LC_MESSAGES, "C")  # the system's words stand within English sentences
    if locale.setlocale(locale.LC_CTYPE)[:2] in ("tr", "az"):  # whose capital i has a dot,
        with suppress(locale.Error):  # so that PySide would not find setInterval for `interval`
            locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    return app


def _made() -> QApplication:
    """Make the application; where Qt would abort, end the process with one sentence."""
    heard: list[str] = []

    def hear(kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        heard.append(message)
        if kind == QtMsgType.QtFatalMsg:
            with suppress(AttributeError, OSError):  # there may be no terminal
                sys.stderr.write(f"{DisplayError.of_settings()}\n")
                sys.stderr.flush()
            os._exit(1)  # an exception would not come through Qt

    before: Any = qInstallMessageHandler(hear)
    app = QApplication(sys.argv[:1])
    qInstallMessageHandler(before)
    for message in heard:
        qWarning(message)
    if app.primaryScreen() is None:
        raise DisplayError.of_settings()
    return app


def px(pixels: float) -> int:
    """Return so many pixels at 100 % as they are at the size in use."""
    return round(pixels * _factor)


def factor() -> float:
    """Return how many times as large as at 100 % everything is drawn."""
    return _factor


def ui_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's font, so many pixels high at 100 %."""
    return pixel_font(pixels * _factor, weight)


def code_font(pixels: float) -> QFont:
    """Return the system's font for programs, so many pixels high at 100 %."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(ui_font(pixels).pointSizeF())
    return font


def pixel_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's font with tabular figures. Whole and half pixels come out as asked."""
    font = QFont(QApplication.font())
    screen = QGuiApplication.primaryScreen()
    font.setPointSizeF(pixels * 72.0 / (screen.logicalDotsPerInchY() if screen else 96.0))
    font.setWeight(weight)
    if hasattr(font, "setFeature"):  # Qt 6.7; an older one shows the font's own figures
        font.setFeature(QFont.Tag("tnum"), 1)
    return font


def colours() -> Palette:
    """Return the colours in use; painted widgets ask in paintEvent, and again after a PaletteChange."""
    return _in_use


def theme_in_use() -> str:
    """Return which of the palettes these are."""
    return next(name for name, palette in PALETTES.items() if palette is _in_use)


@contextmanager
def in_colours(palette: Palette) -> Iterator[None]:
    """Have `colours` return others, as long as a picture in them is painted."""
    global _in_use
    before, _in_use = _in_use, palette
    try:
        yield
    finally:
        _in_use = before


def apply_theme(app: QApplication, name: str) -> None:
    """Give the application a theme of `themes()`."""
    global _in_use
    palette = _in_use = PALETTES[_system_theme() if name == "system" else name]
    if "Inter" in QFontDatabase.families():
        app.setFont(QFont("Inter"))
    app.setStyle("Fusion")
    app.setFont(ui_font(13))
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(_style_sheet(palette))


def draw_at(app: QApplication, percent: int) -> bool:
    """Draw everything in this size from now on, and tell whether it is another one.

    Whoever has reckoned with fonts is told as of another font.
    """
    global _factor
    if percent / 100 == _factor:
        return False
    _factor = percent / 100

    sizes = app.findChild(Sizes) or Sizes(app)
    app.setFont(ui_font(13))
    app.setStyleSheet(_style_sheet(_in_use))
    sizes.use(_factor)
    return True


def _system_theme() -> str:
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    return "dark" if dark else "light"


def _qt_palette(p: Palette) -> QPalette:
    roles = {
        QPalette.ColorRole.Window: p.window,
        QPalette.ColorRole.WindowText: p.ink,
        QPalette.ColorRole.Base: p.surface,
        QPalette.ColorRole.AlternateBase: p.canvas,
        QPalette.ColorRole.Text: p.ink,
        QPalette.ColorRole.Button: p.surface,
        QPalette.ColorRole.ButtonText: p.ink,
        QPalette.ColorRole.ToolTipBase: p.surface,
        QPalette.ColorRole.ToolTipText: p.ink,
        QPalette.ColorRole.PlaceholderText: p.muted,
        QPalette.ColorRole.Highlight: p.accent,
        QPalette.ColorRole.HighlightedText: p.on_accent,
        QPalette.ColorRole.Link: p.accent,
        QPalette.ColorRole.Accent: p.accent,
        QPalette.ColorRole.Mid: p.line,
        QPalette.ColorRole.Light: p.surface,
        QPalette.ColorRole.Dark: p.node_border,
    }
    palette = QPalette()
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(p.zero))
    return palette


def _style_sheet(palette: Palette) -> str:
    """Return Qt's style sheet; $surface and the like in it are the palette's roles, $icons a folder."""
    text = (resources() / "style.qss").read_text(encoding="utf-8")
    if _factor != 1.0:
        text = re.sub(r"(\d+)px", lambda found: f"{max(px(int(found[1])), min(int(found[1]), 1))}px", text)
    return Template(text).substitute(vars(palette), icons=(resources() / "icons").as_posix())
