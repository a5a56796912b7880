"""Starts the window, or takes a picture of it without a display."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from PySide6.QtCore import QLoggingCategory, QTimer
from PySide6.QtWidgets import QApplication

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.recovery import Leftover, Recovery, leftovers, recovery_folder
from nnviz.files import native
from nnviz.files.errors import FileError
from nnviz.files.examples import paths
from nnviz.files.registry import load
from nnviz.ui.theme import apply_theme, system_theme
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.recover import offer
from nnviz.ui.window.settings import Settings


def application() -> QApplication:
    """Return the application, made if there is none."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
        app.setApplicationName("nnviz")
        app.setOrganizationName("nnviz")
        app.setApplicationDisplayName("nnviz")
        app.setDesktopFileName("nnviz")
    return app


def open_window(file: str | Path | None) -> int:
    """Open the window on `file`, or on the last session's, and run until it is closed.

    Raises FileError where `file` cannot be read.
    """
    app, settings = application(), Settings()
    theme = settings.text("theme", "system")
    apply_theme(app, system_theme() if theme not in ("light", "dark") else theme)
    window = make_window(file, settings)
    folder = recovery_folder()
    recovery = Recovery(window.document, folder)
    recovery.failed.connect(window.status.say)
    window.show()
    QTimer.singleShot(0, lambda: _offer(window, recovery, leftovers(folder)))
    code = app.exec()
    recovery.close()
    return code


def _offer(window: MainWindow, recovery: Recovery, left: list[Leftover]) -> None:
    if said := offer(window, recovery, left):
        window.status.say(said)


def make_window(file: str | Path | None, settings: Settings) -> MainWindow:
    """Return the window on `file`, or on the last session's file, or on the first example.

    "-" is a network on standard input. An example opens as a new document, to be saved elsewhere.
    Raises FileError where `file` cannot be read.
    """
    if file == "-":
        return _window(native.read(sys.stdin.buffer.read()), None, settings)
    shipped = paths()
    path = Path(file) if file else settings.last
    said = ""
    try:
        state = load(path) if path else load(shipped[0])
    except FileError as error:
        if file:
            raise
        path, state, said = None, load(shipped[0]), str(error)
    window = _window(state, path if path not in shipped else None, settings)
    if said:
        window.status.say(said)
    return window


def _window(state: State, path: Path | None, settings: Settings) -> MainWindow:
    document = Document(state)
    document.path = path
    if path:
        settings.opened(path)
    window = MainWindow(document, settings)
    window.status.say(f"{document.title}: click a number to change it, Space plays the values forward")
    return window


def screenshot(
    file: str | Path, out: str | Path, size: tuple[int, int] | None = None, theme: str | None = None
) -> None:
    """Write a picture of the whole window on `file` as PNG. Needs no display. Raises FileError."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    QLoggingCategory.setFilterRules(
        "default.warning=false"
    )  # the platform without a display has no size hints
    app = application()
    apply_theme(app, theme or "light")
    from nnviz.ui.render import write_image

    window = make_window(file, Settings(remembers=False))
    window.resize(*(size or (1280, 800)))
    window.show()
    window.load_plots()
    app.processEvents()
    write_image(window.grab().toImage(), out)
    window.close()
