"""Starts the window and tells of what nothing in it has caught, or takes a picture of it without a display.

The window is shown before NumPy and the panels are imported, which take longer than the first frame may.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QLoggingCategory, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.ui.widgets.theme import application, apply_theme
from nnviz.ui.window.garbage import Garbage
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.settings import Settings

if TYPE_CHECKING:
    from nnviz.ui.window.session import Kept
    from nnviz.ui.window.workspace import Workspace

SETTLE_MS = 250
"""How long a window lives before its picture is taken: its diagram is sharp once nothing moves."""


def open_window(file: str | Path | None) -> int:
    """Open the window on `file`, or on the last session's, and run until it is closed.

    Raises FileError where `file` cannot be read; the window is gone by then.
    """
    gc.disable()  # until the window is filled: what a start makes is no garbage
    settings = Settings()
    os.environ.setdefault("QT_SCALE_FACTOR", str(settings.size / 100))  # Qt takes it only before it starts
    app = application()
    apply_theme(app, settings.theme)
    window = MainWindow(settings)
    opened = _Opened(window, settings, file)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # before the program ends, when order is lost
    window.painted.connect(opened.fill, Qt.ConnectionType.SingleShotConnection)
    window.show()
    code = app.exec()
    opened.close()
    return code


class _Opened:
    """What comes into a window after its first frame; `close` raises what went wrong with it."""

    def __init__(self, window: MainWindow, settings: Settings, file: str | Path | None) -> None:
        self._window, self._settings, self._file = window, settings, file
        self._workspace: Workspace | None = None
        self._kept: Kept | None = None
        self._fault: Exception | None = None

    def fill(self) -> None:
        from nnviz.document.recovery import data_folder
        from nnviz.ui.window import session

        if not self._window.isVisible():
            return  # closed at once
        try:
            self._workspace = session.begin(self._window, self._settings, self._file)
        except Exception as error:  # raised again outside Qt, which would only print it
            self._fault = error
            self._window.close()
        else:
            self._kept = session.Kept(self._workspace, data_folder())
            tell_unexpected(self._window, self._workspace.status.say)
        finally:
            gc.freeze()  # what the window is made of stays as long as it does
            Garbage(self._window)

    def close(self) -> None:
        sys.excepthook = sys.__excepthook__
        if self._kept:
            self._kept.close()
        if self._fault:
            raise self._fault


def tell_unexpected(window: QWidget, say: Callable[[str], None]) -> None:
    """From now on tell of uncaught exceptions in `window`; `say` tells the status line."""
    sys.excepthook = _Teller(window, say).tell


class _Teller(QObject):
    """Tells of an exception in one sentence, once for each place that raises it."""

    def __init__(self, window: QWidget, say: Callable[[str], None]) -> None:
        super().__init__(window)
        self._window, self._say = window, say
        self._told: set[str] = set()
        self._open = False

    def tell(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Print the traceback as ever, and tell of it, unless that has been done: painting comes again."""
        sys.__excepthook__(kind, error, trace)
        place = "".join(traceback.format_tb(trace)[-1:])
        if not issubclass(kind, Exception) or place in self._told:
            return
        self._told.add(place)
        what = "".join(traceback.format_exception_only(kind, error)).strip().replace("\n", " ")
        self._say(f"An error inside nnviz: {what}")
        if not self._open:
            self._open = True
            details = "".join(traceback.format_exception(kind, error, trace))
            # Not now: the exception may come from the middle of painting.
            QTimer.singleShot(0, self, lambda: self._show(what, details))

    def _show(self, what: str, details: str) -> None:
        said = f"An error inside nnviz: {what}"
        box = QMessageBox(QMessageBox.Icon.Warning, "nnviz", said, parent=self._window)
        box.setInformativeText("What you did last may not have happened. The network is open as before.")
        copy = box.addButton("Copy &details", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        box.exec()
        self._open = False
        if box.clickedButton() is copy:
            QGuiApplication.clipboard().setText(details)
            self._say("Copied the details of the error")


def screenshot(
    file: str | Path, out: str | Path, size: tuple[int, int] | None = None, theme: str | None = None
) -> None:
    """Write a picture of the whole window on `file` as PNG. Needs no display. Raises FileError."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # the platform without a display has no size hints
    QLoggingCategory.setFilterRules("default.warning=false")
    app = application()
    apply_theme(app, theme or "light")
    from nnviz.files import atomic
    from nnviz.ui.widgets.images import png
    from nnviz.ui.window.session import begin

    settings = Settings(remembers=False)
    window = MainWindow(settings)
    workspace = begin(window, settings, file)
    window.resize(*(size or (1280, 800)))
    window.show()
    workspace.plots.load()
    settling = QEventLoop()  # of its own: the end of the application's would close the window before
    QTimer.singleShot(SETTLE_MS, settling.quit)
    settling.exec()
    atomic.write(out, png(window.grab().toImage()))
    window.close()
