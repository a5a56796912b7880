"""The theme: style sheet, fonts and sizes.

Code gives lengths in pixels at 100 %. Painting code scales them with `theme.px` and `theme.ui_font`.
"""

from __future__ import annotations

import builtins
import locale
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from string import Template
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from PySide6.QtCore import (
    QEvent,
    QMargins,
    QMessageLogContext,
    QObject,
    QSize,
    Qt,
    QtMsgType,
    qInstallMessageHandler,
    qWarning,
)
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette, QPen
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

AnyWidget = TypeVar("AnyWidget", bound=QWidget)

OWN_SIZE = "own size"
"""Name of a Qt property. nnviz does not scale a widget with this property: the widget sets its own size."""
NO_LIMIT = 16_777_215
"""Maximum width and height, in pixels, of a widget for which no maximum is set: Qt's QWIDGETSIZE_MAX."""

RUN_PATTERNS = (
    *(Qt.PenStyle.DashDotDotLine, Qt.PenStyle.DashLine),
    *(Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine),
)
"""Patterns of the curves of kept runs. Only the current run has a solid line."""

PLOT_DOWN = 0.25
"""Least height of the plot in front, as a share of the window's height."""


class Sizes(QObject):
    """Scales all widgets of the application, including those created later."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app, self._factor = app, 1.0
        self._measured: WeakKeyDictionary[QWidget, tuple[float, tuple[Length, ...]]] = WeakKeyDictionary()
        """The point size of a widget's own font, or 0, and the widget's lengths, both at 100 %."""

    def use(self, factor: float) -> None:
        """Scale all widgets to `factor` times their size at 100 %."""
        before, self._factor = self._factor, factor
        self._app.removeEventFilter(self)
        for widget in filter(_is_ours, self._app.allWidgets()):
            widget.ensurePolished()  # this may reset the font
            self._measure(widget, before)
        if factor != 1.0:
            self._app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scale a widget before it is first shown, and after the style has reset the widget's font."""
        styled = event.type() in (QEvent.Type.Polish, QEvent.Type.StyleChange)
        if styled and isinstance(watched, QWidget) and _is_ours(watched):
            self._measure(watched, self._factor)
        return False

    def _measure(self, widget: QWidget, made_at: float) -> None:
        """Find a widget's lengths at its first call, and scale them; its font was set at scale `made_at`."""
        if widget not in self._measured:
            lengths = (*_lengths(widget), *_layout_lengths(widget.layout()))
            has_font = widget.testAttribute(Qt.WidgetAttribute.WA_SetFont)  # it inherits no font
            self._measured[widget] = widget.font().pointSizeF() / made_at if has_font else 0.0, lengths
        points, lengths = self._measured[widget]
        if points:
            font = widget.font()
            font.setPointSizeF(points * self._factor)
            widget.setFont(font)
        for length in lengths:
            length.scale(widget, self._factor)


class Length(NamedTuple):
    """A length that a widget or a `part` of it has at 100 %, and the name of the method that sets it."""

    setter: str
    value: int | QSize | QMargins
    part: QObject | None = None

    def scale(self, widget: QWidget, factor: float) -> None:
        """Set the length to `factor` times its value at 100 %."""
        owner = widget if self.part is None else self.part
        if isValid(owner):
            value = self.value * factor
            getattr(owner, self.setter)(round(value) if isinstance(value, float) else value)


def _is_ours(widget: QWidget) -> bool:
    return bool(createdByPython(widget)) and not widget.property(OWN_SIZE)


def _lengths(widget: QWidget) -> Iterator[Length]:
    """Yield the lengths of a widget that were set in pixels, and not by its layout."""
    layout = widget.layout()
    free = layout is None or layout.sizeConstraint() == QLayout.SizeConstraint.SetDefaultConstraint
    if free and not (widget.isWindow() and widget.isVisible()):
        for end, size in (("Maximum", widget.maximumSize()), ("Minimum", widget.minimumSize())):
            limits = {f"set{end}Width": size.width(), f"set{end}Height": size.height()}
            yield from (Length(name, pixels) for name, pixels in limits.items() if 0 < pixels < NO_LIMIT)
    if isinstance(widget, QToolBar | QAbstractButton):
        yield Length("setIconSize", widget.iconSize())
    if isinstance(widget, QLabel):
        yield Length("setContentsMargins", widget.contentsMargins())
    if isinstance(widget, QTableView):
        rows = widget.verticalHeader()
        yield Length("setDefaultSectionSize", rows.defaultSectionSize(), rows)


def _layout_lengths(layout: QObject | None) -> Iterator[Length]:
    """Yield the margins and spacings of a layout and of the layouts inside it."""
    if not isinstance(layout, QBoxLayout | QGridLayout):
        return
    yield Length("setContentsMargins", layout.contentsMargins(), layout)
    if isinstance(layout, QGridLayout):
        yield Length("setHorizontalSpacing", layout.horizontalSpacing(), layout)
        yield Length("setVerticalSpacing", layout.verticalSpacing(), layout)
    else:
        yield Length("setSpacing", layout.spacing(), layout)
    for within in layout.children():  # not its items, which Qt deletes without notice
        yield from _layout_lengths(within)


_in_use = PALETTES["light"]
_factor = 1.0


def themes() -> tuple[str, ...]:
    """Return the names of the themes to choose from: "system" and the names of the palettes."""
    return ("system", *PALETTES)


def application() -> QApplication:
    """Return the application; create it if needed. Raises DisplayError if there is no screen."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        # PySide's import hook reads the source of every module, for a feature that nnviz does not use
        builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
        app = _create()
        app.setApplicationName("nnviz")
        app.setOrganizationName("nnviz")
        app.setApplicationDisplayName("nnviz")
        app.setDesktopFileName("nnviz")
    if hasattr(locale, "LC_MESSAGES"):  # Qt sets it to the user's language; Windows has none
        locale.setlocale(locale.LC_MESSAGES, "C")  # for English messages of the system
    if locale.setlocale(locale.LC_CTYPE)[:2] in ("tr", "az"):  # their capital i has a dot,
        with suppress(locale.Error):  # so PySide would not find setInterval for `interval`
            locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    return app


def _create() -> QApplication:
    """Create the application. If Qt would abort, print one message and end the process."""
    messages: list[str] = []

    def record(kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        messages.append(message)
        if kind == QtMsgType.QtFatalMsg:
            with suppress(AttributeError, OSError):  # there may be no terminal
                sys.stderr.write(f"{DisplayError.of_settings()}\n")
                sys.stderr.flush()
            os._exit(1)  # an exception does not pass through Qt

    before: Any = qInstallMessageHandler(record)
    app = QApplication([*sys.argv[:1], "-style", "Fusion"])
    qInstallMessageHandler(before)
    for message in messages:
        qWarning(message)
    if app.primaryScreen() is None:
        raise DisplayError.of_settings()
    return app


def px(pixels: float) -> int:
    """Return a length in pixels at the current size, rounded; `pixels` is the length at 100 %."""
    return round(pixels * _factor)


def size_factor() -> float:
    """Return the current size as a factor: 1.0 at 100 %, 1.5 at 150 %."""
    return _factor


def ui_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's font at the current size; `pixels` is the font's height at 100 %."""
    return pixel_font(pixels * _factor, weight)


def code_font(pixels: float) -> QFont:
    """Return the system's fixed-width font at the current size; `pixels` is the font's height at 100 %."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPointSizeF(ui_font(pixels).pointSizeF())
    return font


def pixel_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the window's font with digits of equal width; its height, `pixels`, may be a fraction."""
    font = QFont(QApplication.font())
    screen = QGuiApplication.primaryScreen()
    font.setPointSizeF(pixels * 72.0 / (screen.logicalDotsPerInchY() if screen else 96.0))
    font.setWeight(weight)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def colours() -> Palette:
    """Return the colours of the theme. Widgets call this in paintEvent, and again after a PaletteChange."""
    return _in_use


def run_pen(run: int, width: float) -> QPen:
    """Return the pen for the curve of the kept run with this id: a colour and a pattern of dashes.

    Five colours and four patterns have no common factor, so 20 successive runs have different pens.
    """
    palette = colours().runs
    pen = QPen(QColor(palette[run % len(palette)]), width, RUN_PATTERNS[run % len(RUN_PATTERNS)])
    pen.setCosmetic(True)
    return pen


def theme_in_use() -> str:
    """Return the name of the palette in use, such as "dark"."""
    return next(name for name, palette in PALETTES.items() if palette is _in_use)


@contextmanager
def use_palette(palette: Palette) -> Iterator[None]:
    """Use `palette` inside a `with` block, to paint a picture in the colours of this palette."""
    global _in_use
    before, _in_use = _in_use, palette
    try:
        yield
    finally:
        _in_use = before


def apply_theme(app: QApplication, name: str) -> None:
    """Apply a theme, one of `themes()`, to the application."""
    global _in_use
    if name == "system":
        dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
        name = "dark" if dark else "light"
    palette = _in_use = PALETTES[name]
    if "Inter" in QFontDatabase.families():
        app.setFont(QFont("Inter"))
    app.setFont(ui_font(13))
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(_style_sheet(palette))


def set_size_percent(app: QApplication, percent: int) -> bool:
    """Scale the application to `percent` % of its normal size. Return whether the size has changed.

    Widgets get a FontChange event, so that they can measure their text again.
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


def _qt_palette(p: Palette) -> QPalette:
    role = QPalette.ColorRole
    texts = (role.Text, role.ButtonText, role.WindowText)
    colours_of_roles = (
        (p.window, (role.Window,)),
        (p.ink, (*texts, role.ToolTipText)),
        (p.surface, (role.Base, role.Button, role.ToolTipBase, role.Light)),
        (p.canvas, (role.AlternateBase,)),
        (p.muted, (role.PlaceholderText,)),
        (p.accent, (role.Highlight, role.Link, role.Accent)),
        (p.on_accent, (role.HighlightedText,)),
        (p.line, (role.Mid,)),
        (p.node_border, (role.Dark,)),
    )
    palette = QPalette()
    for colour, roles in colours_of_roles:
        for each in roles:
            palette.setColor(each, QColor(colour))
    for each in texts:
        palette.setColor(QPalette.ColorGroup.Disabled, each, QColor(p.zero))
    return palette


def _style_sheet(palette: Palette) -> str:
    """Return Qt's style sheet, with $surface and other roles of the palette and $icons filled in."""
    text = (resources() / "style.qss").read_text(encoding="utf-8")
    if _factor != 1.0:
        text = re.sub(r"(\d+)px", lambda match: f"{max(px(int(match[1])), min(int(match[1]), 1))}px", text)
    return Template(text).substitute(vars(palette), icons=(resources() / "icons").as_posix())


def styled(widget: AnyWidget, name: str, pixels: float | None = None) -> AnyWidget:
    """Set a new widget's name in the style sheet and, with `pixels`, its font size. Return the widget."""
    widget.setObjectName(name)
    if pixels is not None:
        widget.setFont(ui_font(pixels))
    return widget


def apply_style(widget: QWidget) -> None:
    """Apply the style sheet again, after a name or a property of a widget has changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
