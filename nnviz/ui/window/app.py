"""The application: its start, the first frame, and its end.

The window is shown before NumPy and the panels are imported, which takes longer than the first frame may.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractEventDispatcher,
    QEvent,
    QEventLoop,
    QLoggingCategory,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QProgressDialog
from shiboken6 import isValid

from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme, draw_at
from nnviz.ui.window.unexpected import with_whole_exceptions
from nnviz.ui.window.window import MainWindow

if TYPE_CHECKING:
    from nnviz.files.source import Activations
    from nnviz.ui.window.session import Kept
    from nnviz.ui.window.unexpected import Unexpected
    from nnviz.ui.window.workspace import Workspace


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ending(QObject):
    """Emits `asked` with the number of each such signal, from now on until it is told to `rest`.

    Python runs a handler only between two of its own instructions, and Qt waits without any: so the signal
    writes its number into a socket, which wakes Qt up. What the program ignored, it goes on ignoring.
    """

    asked = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._told, self._tells = socket.socketpair()
        for end in (self._told, self._tells):
            end.setblocking(False)
        QSocketNotifier(self._told.fileno(), QSocketNotifier.Type.Read, self).activated.connect(self._read)
        self._wakeup_before = signal.set_wakeup_fd(self._tells.fileno(), warn_on_full_buffer=False)
        self._before = {
            each: signal.signal(each, _go_on) for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN
        }

    def rest(self) -> None:
        """Let signals do what they did before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._told.close()
        self._tells.close()

    def _read(self) -> None:
        for number in self._told.recv(64):
            if number in self._before:
                self.asked.emit(number)


def _go_on(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: without a handler in Python the socket is not written to."""


class Garbage(QObject):
    """Collects while it is there, as often as Python would, before the thread of its parent waits for events.

    Python itself collects in the middle of painting, and in whichever thread makes objects: a widget or a
    timer that ends in another thread than its own, or while it is in use, ends the process.
    """

    def __init__(self, parent: QObject) -> None:
        gc.disable()
        super().__init__(parent)
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._collect)

    def _collect(self) -> None:
        """Collect the oldest generation that is due, and with it the younger ones."""
        due = zip(gc.get_count(), gc.get_threshold(), strict=True)
        generations = [k for k, (count, threshold) in enumerate(due) if 0 < threshold < count]
        if generations:
            gc.collect(generations[-1])


SETTLE_MS = 250
"""How long a window lives before its picture is taken: its diagram is sharp once nothing moves."""

FIRST_STEPS = "first steps"
"""What the action is called that shows them, and what is remembered: whether they are still to be shown."""


def open_window(file: str | Path | None, activations: Activations = None) -> int:
    """Open the window on `file`, or on the last session's, and run until it is closed.

    `activations` are those of a file that does not say them. Raises FileError where `file` cannot be read;
    the window is gone by then.
    """
    gc.disable()  # until the window is filled: what a start makes is no garbage
    settings = Settings()
    app = application()
    apply_theme(app, settings.theme)
    opened = Opened(settings, file, activations=activations)
    code = with_whole_exceptions(app.exec)
    opened.close()
    return opened.code or code


class Opened:
    """A window that is on the screen at once, and what comes into it after its first frame.

    Its log and its copies of unsaved work are in `data`, or where this person's are. `workspace` is None
    until it is filled; `code` is what the program ends with where a signal ends it.
    """

    def __init__(
        self,
        settings: Settings,
        file: str | Path | None,
        data: Path | None = None,
        activations: Activations = None,
    ) -> None:
        self._settings, self._file, self._data, self._activations = settings, file, data, activations
        self.workspace: Workspace | None = None
        self.code = 0
        self._kept: Kept | None = None
        self._unexpected: Unexpected | None = None
        self._ending: Ending | None = None
        self._fault: Exception | None = None
        app = application()
        draw_at(app, settings.size_within(app.primaryScreen().availableSize()))  # also what is asked first
        self._window = MainWindow(settings)
        self._window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # before the end, when order is lost
        self._window.painted.connect(self._fill, Qt.ConnectionType.SingleShotConnection)
        self._window.show()

    def _fill(self) -> None:
        from nnviz.document.autosave import data_folder
        from nnviz.ui.window import session
        from nnviz.ui.window.unexpected import LOG_NAME, Unexpected

        if not self._window.isVisible():
            return  # closed at once
        try:
            self.workspace = session.begin(self._window, self._settings, self._file, self._activations)
        except Exception as error:  # raised again outside Qt, which would only print it
            self._fault = error
            self._window.close()
        else:
            self._window.fit_screen()  # its frame is known by now
            self._offer_first_steps()
            say, data = self.workspace.status.say, self._data or data_folder()
            self._unexpected = Unexpected(self._window, say, data / LOG_NAME)
            self._unexpected.watch()
            self._kept = session.Kept(self.workspace, data)
            self._ending = Ending(self._window)
            self._ending.asked.connect(self._end)
            self.workspace.library.loaded.connect(lambda: gc.freeze())  # as much again
        finally:
            gc.freeze()  # what the window is made of stays as long as it does
            Garbage(self._window)

    def _offer_first_steps(self) -> None:
        """Show the first steps at the first start without a file, when the panels are on the screen."""
        if self._file is None and self._settings.flag(FIRST_STEPS):
            self._settings.remember(FIRST_STEPS, False)
            action = self._window.findChild(QAction, FIRST_STEPS)
            assert action is not None
            self._window.painted.connect(action.trigger, Qt.ConnectionType.SingleShotConnection)

    def _end(self, number: int) -> None:
        """Close the window without a question: what is unsaved is kept for the next start."""
        if self.workspace and self._kept:
            self.code = 128 + number
            self.workspace.runner.pause()
            self._kept.leave()
            self._kept = None
            self.workspace.files.asks = False
            for reading in self._window.findChildren(QProgressDialog):
                reading.cancel()  # which is within an event, and would not see the loop's end
            QApplication.exit(self.code)

    def close(self) -> None:
        """End the window and what looked after it. Raises why it could not be filled."""
        if isValid(self._window):  # a signal has ended the loop, and with it whatever was asked
            self._window.close()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        if self._ending:
            self._ending.rest()
        if self._unexpected:
            self._unexpected.rest()
        if self._kept:
            self._kept.close()
        if self._fault:
            raise self._fault


def screenshot(
    file: str | Path,
    out: str | Path,
    size: tuple[int, int] | None = None,
    theme: str | None = None,
    activations: Activations = None,
) -> None:
    """Write a picture of the whole window on `file` as PNG. Needs no display. Raises FileError."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = application()
    apply_theme(app, theme or "light")
    from nnviz.files import atomic
    from nnviz.ui.kit.images import png
    from nnviz.ui.window.session import begin

    settings = Settings(remembers=False)
    window = MainWindow(settings)
    workspace = begin(window, settings, file, activations, asks=False)
    window.resize(*(size or (1280, 800)))
    QLoggingCategory.setFilterRules("default.warning=false")  # a platform without a display has no size hints
    window.show()
    workspace.library.load()
    settling = QEventLoop()  # of its own: the end of the application's would close the window before
    QTimer.singleShot(SETTLE_MS, settling.quit)
    settling.exec()
    QLoggingCategory.setFilterRules("")
    atomic.write(out, png(window.grab().toImage()))
    window.close()
