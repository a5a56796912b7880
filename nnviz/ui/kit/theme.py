"""The look of the window: a palette's colours as Qt's palette and style sheet, fonts and figures."""

from __future__ import annotations

import builtins
import locale
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from string import Template
from typing import Any

from PySide6.QtCore import QMessageLogContext, Qt, QtMsgType, qInstallMessageHandler, qWarning
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from nnviz._resources import resources
from nnviz._system import DisplayError
from nnviz.picture.palette import PALETTES, Palette

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
    from nnviz.ui.widgets.sizes import (
        Sizes,  # where another size than 100 % was never wanted it is not needed
    )

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
