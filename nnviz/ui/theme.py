"""The look of the window: a palette's colours as Qt's palette and style sheet, fonts and figures."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from nnviz.picture.palette import PALETTES, Palette

THEMES = ("system", *PALETTES)
"""What a person can choose."""

_in_use = PALETTES["light"]


def ui_font(pixels: float, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
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


def apply_theme(app: QApplication, name: str) -> None:
    """Give the application a theme of THEMES."""
    global _in_use
    palette = _in_use = PALETTES[_system_theme() if name == "system" else name]
    if "Inter" in QFontDatabase.families():
        app.setFont(QFont("Inter"))
    app.setStyle("Fusion")
    app.setFont(ui_font(13))
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(_style_sheet(palette))


def _system_theme() -> str:
    """Return the theme that the system asks for."""
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


def _style_sheet(p: Palette) -> str:
    return f"""
QMainWindow, QDialog {{ background: {p.window}; }}
QToolTip {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.line}; padding: 4px 6px; }}
QMenuBar {{ background: {p.surface}; color: {p.ink}; padding: 2px 8px; }}
QMenuBar::item {{ padding: 4px 8px; border-radius: 6px; background: transparent; }}
QMenuBar::item:selected {{ background: {p.selection}; }}
QMenu {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.line}; padding: 4px; }}
QMenu::item {{ padding: 6px 24px 6px 12px; border-radius: 6px; }}
QMenu::item:selected {{ background: {p.selection}; color: {p.ink}; }}
QMenu::item:disabled {{ color: {p.zero}; }}
QMenu::separator {{ height: 1px; background: {p.line}; margin: 4px 8px; }}
QToolBar {{ background: {p.surface}; border: 0; border-bottom: 1px solid {p.line}; spacing: 4px;
    padding: 4px 10px; }}
QToolBar QToolButton {{ border: 0; border-radius: 8px; padding: 6px; background: transparent;
    color: {p.ink}; }}
QToolBar QToolButton:hover {{ background: {p.selection}; }}
QToolBar QToolButton:checked {{ background: {p.selection}; }}
QToolBar QToolButton:focus {{ border: 2px solid {p.accent}; padding: 4px; }}
QToolBar QToolButton#qt_toolbar_ext_button {{ padding: 0; }}
QToolBar QToolButton#primary {{ background: {p.accent}; padding: 8px; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolBar::separator {{ width: 1px; background: {p.line}; margin: 6px 6px; }}
QStatusBar {{ background: {p.surface}; border-top: 1px solid {p.line}; color: {p.muted}; }}
QStatusBar::item {{ border: 0; }}
QFrame#card {{ background: {p.surface}; border: 1px solid {p.line}; border-radius: 10px; }}
QLabel {{ background: transparent; }}
QLabel#title {{ color: {p.muted}; }}
QLabel#readout {{ color: {p.ink}; background: {p.surface}; border: 1px solid {p.line}; border-radius: 6px;
    padding: 3px 7px; }}
QLabel#muted {{ color: {p.muted}; }}
QLabel#error {{ color: {p.error}; }}
QPushButton {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.line};
    border-radius: 8px; padding: 6px 12px; }}
QPushButton:hover {{ border-color: {p.node_border}; background: {p.canvas}; }}
QPushButton:pressed {{ background: {p.selection}; }}
QPushButton:focus {{ border: 2px solid {p.accent}; padding: 5px 11px; }}
QPushButton:disabled {{ color: {p.zero}; }}
QPushButton#primary {{ background: {p.accent}; color: {p.on_accent}; border-color: {p.accent}; }}
QPushButton#primary:focus {{ border: 2px solid {p.ink}; }}
QPushButton#primary:disabled {{ background: {p.zero}; border-color: {p.zero}; }}
QPushButton#small {{ padding: 3px 10px; border-radius: 6px; }}
QPushButton#small:focus {{ padding: 2px 9px; }}
QFrame#segments {{ background: {p.window}; border: 1px solid {p.line}; border-radius: 9px; }}
QPushButton#segment {{ border: 1px solid transparent; background: transparent; color: {p.muted};
    padding: 4px 10px; border-radius: 6px; }}
QPushButton#segment:hover {{ color: {p.ink}; }}
QPushButton#segment:checked {{ background: {p.surface}; color: {p.ink}; border-color: {p.line};
    font-weight: 600; }}
QPushButton#segment:focus {{ border: 1px solid {p.accent}; }}
QPushButton#tab {{ border: 0; border-radius: 6px; background: transparent; color: {p.muted};
    padding: 3px 7px; font-size: 12px; }}
QPushButton#tab:hover {{ color: {p.ink}; }}
QPushButton#tab:checked {{ color: {p.ink}; background: {p.selection}; font-weight: 600; }}
QPushButton#tab:focus {{ border: 2px solid {p.accent}; padding: 1px 5px; }}
QPushButton#quiet, QToolButton#quiet {{ border: 0; background: transparent; color: {p.muted};
    padding: 4px 8px; border-radius: 6px; }}
QPushButton#quiet:hover, QToolButton#quiet:hover {{ color: {p.ink}; background: {p.selection}; }}
QPushButton#quiet:checked {{ color: {p.ink}; background: {p.selection}; }}
QPushButton#quiet:focus, QToolButton#quiet:focus {{ border: 2px solid {p.accent}; padding: 2px 6px; }}
QLineEdit, QComboBox {{ background: {p.canvas}; color: {p.ink}; border: 1px solid {p.line};
    border-radius: 8px; padding: 5px 9px; selection-background-color: {p.accent};
    selection-color: {p.on_accent}; }}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {p.accent}; padding: 4px 8px; }}
QLineEdit[refused="true"] {{ border: 2px solid {p.error}; padding: 4px 8px; }}
QComboBox::drop-down {{ border: 0; width: 20px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QLineEdit, QComboBox QLineEdit:focus {{ background: transparent; border: 0; padding: 0; }}
QComboBox QLineEdit[refused="true"] {{ border: 0; color: {p.error}; }}
QComboBox QAbstractItemView {{ background: {p.surface}; color: {p.ink}; border: 1px solid {p.line};
    selection-background-color: {p.selection}; selection-color: {p.ink}; outline: 0; }}
QCheckBox::indicator {{ width: 15px; height: 15px; border: 1px solid {p.node_border}; border-radius: 4px;
    background: {p.canvas}; }}
QCheckBox::indicator:checked {{ background: {p.accent}; border: 1px solid {p.accent}; }}
QCheckBox::indicator:focus {{ border: 2px solid {p.accent}; width: 13px; height: 13px; }}
QCheckBox::indicator:checked:focus {{ border-color: {p.ink}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QCheckBox {{ color: {p.ink}; spacing: 8px; background: transparent; }}
QTableView {{ background: {p.surface}; color: {p.ink}; border: 0; gridline-color: {p.line};
    selection-background-color: {p.selection}; selection-color: {p.ink}; outline: 0; }}
QTableView::item {{ padding: 0 8px; border: 0; border-bottom: 1px solid {p.line}; }}
QTableView::item:selected {{ background: {p.selection}; color: {p.ink}; }}
QTableView::item:focus {{ border: 2px solid {p.accent}; }}
QTableView QLineEdit, QTableView QLineEdit:focus {{ background: {p.surface}; border: 2px solid {p.accent};
    border-radius: 4px; padding: 0 8px; }}
QHeaderView {{ background: {p.surface}; }}
QHeaderView::section {{ background: {p.surface}; color: {p.muted}; border: 0;
    border-bottom: 1px solid {p.line}; padding: 4px 8px; }}
QTextBrowser, QPlainTextEdit {{ background: {p.surface}; color: {p.ink}; border: 0;
    selection-background-color: {p.accent}; selection-color: {p.on_accent}; }}
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {p.zero}; border-radius: 3px; min-height: 24px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
QSlider::groove:horizontal {{ height: 3px; background: {p.line}; border-radius: 1px; }}
QSlider::sub-page:horizontal {{ background: {p.accent}; border-radius: 1px; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -6px 0; border-radius: 7px;
    background: {p.surface}; border: 2px solid {p.accent}; }}
QSlider:focus {{ border: 1px solid {p.accent}; border-radius: 6px; }}
QSplitter::handle {{ background: transparent; }}
"""
