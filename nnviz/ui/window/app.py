"""The app: the window at the start, the handlers for signals, and the handler for unexpected errors.

The window is shown before NumPy and the panels are imported, since these imports are slow. The handler for
unexpected errors uses no panel, since a panel may have caused the error.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import (
    QAbstractEventDispatcher,
    QEvent,
    QEventLoop,
    QLoggingCategory,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    Qt,
    QTimer,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget
from shiboken6 import isValid

from nnviz.core.numbers import shortened
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme, set_size_percent
from nnviz.ui.window.window import MainWindow

if TYPE_CHECKING:
    from nnviz.document.autosave import Recovery
    from nnviz.files.source import Activations
    from nnviz.ui.window.session import FileToOpen
    from nnviz.ui.window.workspace import Workspace


Result = TypeVar("Result")


class _HandledError(Exception):
    """An exception that `normalize_exceptions` raises, and handles during its whole call."""


def normalize_exceptions(run: Callable[[], Result]) -> Result:
    """Call `run` and return its result. Normalize every new exception as soon as it is raised.

    To normalize an exception is to make its exception object. Before Python 3.12, an exception from C code is
    normalized only when it is caught. PySide (6.8 to 6.11) ends the process if such an exception leaves a
    method that Qt calls within a call from Python. While Python handles another exception, it normalizes each
    new exception at once. So this function handles an exception of its own while it calls `run`. As a side
    effect, a bare `raise` and `sys.exc_info()` in a slot find this exception if the slot handles none.
    Python 3.12 and newer always normalize at once, so `run` is called directly.
    """
    if sys.version_info >= (3, 12):
        return run()
    try:
        raise _HandledError
    except _HandledError:
        return run()


def forget_handled(error: BaseException | None) -> None:
    """Remove each error that `normalize_exceptions` has handled from the `__context__` chain of `error`."""
    while error is not None:
        if isinstance(error.__context__, _HandledError):
            error.__context__ = None
        error = error.__context__


LOG_NAME, LOG_BYTES = "nnviz.log", 256 * 1024
"""LOG_NAME: file name of the log in the user's data folder. LOG_BYTES: largest size of the log in bytes.

A full log becomes the backup, and replaces the former backup.
"""
MOST_SENTENCE, MOST_DETAILS = 200, 20_000
"""Largest lengths in characters. MOST_SENTENCE: error message. MOST_DETAILS: copied and logged details."""
MOST_KINDS = 1000
"""Largest number of different errors that are reported; all further errors are ignored."""


def append_to_log(path: Path, text: str) -> None:
    """Append an entry with the current time to a log that only its owner can read.

    An error is ignored: it cannot be reported anywhere. Python's own RotatingFileHandler is slow to import.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_file() and path.stat().st_size + len(text) > LOG_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        with open(path, "a", encoding="utf-8", errors="backslashreplace", opener=_open_private) as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)  # a pipe without a reader would block


class Unexpected(QObject):
    """Reports unexpected errors in a dialog and by calling `say`, once for each line of code that raises.

    `watch` starts the reports, and `restore_hooks` ends them. An exception may come from any thread or from
    a paint event, so the dialog opens only when the event loop runs again.
    """

    _raised = Signal(str, str)  # message, details

    def __init__(self, window: QWidget, say: Callable[[str], None], log: Path) -> None:
        super().__init__()
        self._window, self._report, self._log_file = window, say, log
        self._known: set[object] = set()
        self._open = False
        self._raised.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def watch(self) -> None:
        """Start to report uncaught exceptions and to log Qt's messages."""
        self._hooks_before = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self.handle
        threading.excepthook = sys.unraisablehook = self._catch_elsewhere
        self._handler_before: Any = qInstallMessageHandler(self._log_qt_message)

    def restore_hooks(self) -> None:
        """Restore the exception hooks and the message handler that were set before `watch`."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks_before
        qInstallMessageHandler(self._handler_before)

    def handle(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print, log and show the first exception from each line of code."""
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        forget_handled(error)
        place = (kind, *((frame.filename, frame.lineno) for frame in traceback.extract_tb(trace, limit=-1)))
        message = "".join(traceback.format_exception_only(kind, error)).strip().replace("\n", " ")
        if self._is_new(place):
            details = shortened("".join(traceback.format_exception(kind, error, trace)), MOST_DETAILS)
            self._print_and_log(details)
            self._raised.emit(f"An error inside nnviz: {shortened(message, MOST_SENTENCE)}", details)

    def _catch_elsewhere(self, args: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        self.handle(args.exc_type, args.exc_value, args.exc_traceback)

    def _log_qt_message(self, _kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        if self._is_new(message):
            self._print_and_log(shortened(f"Qt: {message}\n", MOST_DETAILS))

    def _is_new(self, key: object) -> bool:
        is_new = key not in self._known and len(self._known) < MOST_KINDS
        if is_new:
            self._known.add(key)
        return is_new

    def _print_and_log(self, details: str) -> None:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # without a terminal
            sys.stderr.write(details)
        append_to_log(self._log_file, details)

    # --- dialog

    def _show(self, sentence: str, details: str) -> None:
        from nnviz.ui.kit.dialogs import BUTTON, ROLE, ask

        self._report(sentence)
        if self._open:
            return
        self._open = True
        copy = "Copy &details", ROLE.ActionRole
        more = (
            "Your last action may have failed. The network is still open, and you can save it.\n\n"
            f"The log file has the details: {self._log_file}"
        )
        answer = ask(self._window, sentence, more, [BUTTON.Close, copy])
        self._open = False
        if answer == copy:
            QGuiApplication.clipboard().setText(details)
            self._report("Copied the details of the error")


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Ending(QObject):
    """Emits `signalled` with the signal number when the process gets one of SIGNALS.

    Python runs a signal handler only between two Python instructions, but runs no instruction while Qt waits
    for events. So each signal writes its number to a socket, which wakes Qt up. Signals that the process
    ignored before stay ignored. `restore_handlers` restores the former handlers.
    """

    signalled = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        import socket

        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self).activated.connect(self._read)
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        handled = [each for each in SIGNALS if signal.getsignal(each) != signal.SIG_IGN]
        self._handlers_before = {each: signal.signal(each, _ignore) for each in handled}

    def restore_handlers(self) -> None:
        """Restore the signal handlers that were set before this object."""
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reader.close()
        self._writer.close()

    def _read(self) -> None:
        for number in self._reader.recv(64):
            if number in self._handlers_before:
                self.signalled.emit(number)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing; without a Python handler, the signal would not write to the socket."""


class Garbage(QObject):
    """Runs Python's garbage collector as often as Python would, but only when Qt waits for events.

    Python itself may collect garbage while Qt paints, and in any thread that makes objects. The process
    crashes if Python deletes a widget or a timer in the wrong thread, or while the object is in use.
    """

    def __init__(self, parent: QObject) -> None:
        gc.disable()
        super().__init__(parent)
        QAbstractEventDispatcher.instance().aboutToBlock.connect(self._collect)

    def _collect(self) -> None:
        """Collect the oldest generation of objects that is due, and all younger generations."""
        due = zip(gc.get_count(), gc.get_threshold(), strict=True)
        generations = [k for k, (count, threshold) in enumerate(due) if 0 < threshold < count]
        if generations:
            gc.collect(generations[-1])


SETTLE_MS = 250
"""Milliseconds from the first frame to the screenshot: the panels need time to come to rest."""

FIRST_STEPS = "first steps"
"""Name of the action that shows a guide for newcomers; settings key: show the guide at the next start."""


def open_window(file: FileToOpen, activations: Activations = None) -> int:
    """Open the window on `file`, or on the last session's file, and return the exit code after it closes.

    `activations` are the activation functions for a file that does not contain them. If `file` cannot be
    read, the window closes and a FileError is raised.
    """
    settings = Settings()
    app = application()
    apply_theme(app, settings.theme)
    opened = Opened(settings, file, activations=activations)
    code = normalize_exceptions(app.exec)
    opened.close()
    return opened.code or code


class Opened:
    """A window that appears empty at once, and gets its panels and document after the first frame.

    `data` is the folder for the log and for copies of unsaved work, by default the user's data folder.
    `workspace` is None until the panels are made. `code` is the exit code if a signal ends the program.
    """

    def __init__(
        self, settings: Settings, file: FileToOpen, data: Path | None = None, activations: Activations = None
    ) -> None:
        self._settings, self._file, self._data, self._activations = settings, file, data, activations
        self.workspace: Workspace | None = None
        self.code = 0
        self._recovery: Recovery | None = None
        self._at_end = contextlib.ExitStack()
        """The calls that restore what the window has changed in the process."""
        self._fault: Exception | None = None
        app = application()
        screen = app.primaryScreen().availableSize()
        set_size_percent(app, settings.size_within(screen, screen))  # also for a first dialog
        self._window = MainWindow(settings)
        self._window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # at exit, the order is random
        self._window.painted.connect(self._fill, Qt.ConnectionType.SingleShotConnection)
        self._window.show()

    def _fill(self) -> None:
        from nnviz.document.autosave import data_folder
        from nnviz.ui.window import session

        if not self._window.isVisible():
            return  # the person closed the window at once
        try:
            self.workspace = session.begin(self._window, self._settings, self._file, self._activations)
        except Exception as error:  # Qt would only print it; close() raises it again
            self._fault = error
            self._window.close()
        else:
            self._window.fit_screen()  # only now is the size of its frame known
            self._offer_first_steps()
            say, data = self.workspace.status.show_message, self._data or data_folder()
            unexpected = Unexpected(self._window, say, data / LOG_NAME)
            unexpected.watch()
            self._at_end.callback(unexpected.restore_hooks)
            self._recovery = session.protect_work(self.workspace, data)
            ending = Ending(self._window)
            ending.signalled.connect(self._end)
            self._at_end.callback(ending.restore_handlers)
            self.workspace.desk.plots_allowed.connect(lambda: gc.freeze())  # the library adds as many objects
        finally:
            gc.freeze()  # the objects of the window live as long as the window
            Garbage(self._window)

    def _offer_first_steps(self) -> None:
        """Show the first steps at the first start without a file, after the panels are visible."""
        if self._file is None and self._settings.get(FIRST_STEPS, True):
            self._settings.remember(FIRST_STEPS, False)
            action = self._window.findChild(QAction, FIRST_STEPS)
            assert action is not None
            self._window.painted.connect(action.trigger, Qt.ConnectionType.SingleShotConnection)

    def _end(self, number: int) -> None:
        """End the program without a question, and keep unsaved changes for the next start."""
        if self.workspace and self._recovery:
            self.code = 128 + number
            self.workspace.runner.pause()
            self._recovery.leave()
            self._recovery = None
            self.workspace.files.asks = False
            for reading in self._window.findChildren(QProgressDialog):
                reading.cancel()  # its own event loop would continue after the exit
            QApplication.exit(self.code)

    def close(self) -> None:
        """Close the window and restore the signal handlers. Raise the error if making the panels failed."""
        if isValid(self._window):  # a signal has ended the event loop and all dialogs
            self._window.close()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self._at_end.close()
        if self._recovery:
            self._recovery.close()
        if self._fault:
            raise self._fault


def screenshot(
    file: str | Path,
    out: str | Path,
    size: tuple[int, int] | None = None,
    theme: str | None = None,
    activations: Activations = None,
) -> None:
    """Open `file` in a window, and write a screenshot of the window to the PNG file `out`.

    `size` is the size of the window in pixels, by default 1280 × 800. The screenshot needs no display.
    Raises FileError if `file` cannot be read or `out` cannot be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    apply_theme(application(), theme or "light")
    from nnviz.files import atomic
    from nnviz.ui.kit.images import png
    from nnviz.ui.window.session import begin

    settings = Settings(remembers=False)
    window = MainWindow(settings)
    workspace = begin(window, settings, file, activations, asks=False)
    window.resize(*(size or (1280, 800)))
    QLoggingCategory.setFilterRules("default.warning=false")  # without a display, Qt warns about size hints
    settling = QEventLoop()  # ending the application's loop would close the window too early
    window.painted.connect(lambda: QTimer.singleShot(SETTLE_MS, settling.quit))
    window.show()
    workspace.history.load()
    settling.exec()
    QLoggingCategory.setFilterRules("")
    atomic.write(out, png(window.grab().toImage()))
    window.close()
