"""Handler of unexpected errors: shows each error once and logs it, and leaves the document open for saving.

The module uses no panel of the window, since a panel may have caused the error. It imports dialogs only
when it shows an error, so that the window opens fast.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.core.numbers import shortened

if TYPE_CHECKING:
    from nnviz.ui.window.log import Log


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
    """Remove the exception of `normalize_exceptions` from the `__context__` chain of `error`."""
    while error is not None:
        if isinstance(error.__context__, _HandledError):
            error.__context__ = None
        error = error.__context__


LOG_NAME = "nnviz.log"
"""File name of the log in the user's data folder."""
MOST_SENTENCE, MOST_DETAILS = 200, 20_000
"""Largest lengths in characters. MOST_SENTENCE: error message. MOST_DETAILS: copied and logged details."""
MOST_KINDS = 1000
"""Largest number of different errors that are reported; all further errors are ignored."""
COUNTED = frozenset(10**k for k in range(1, 10))
"""The log gets an entry when the same error has occurred this many times: 10, 100, 1000 and so on."""


class Unexpected(QObject):
    """Reports unexpected errors in a dialog and by calling `say`, once for each line of code that raises.

    `watch` starts the reports, and `restore_hooks` ends them. An exception may come from any thread or from
    a paint event, so the dialog opens only when the event loop runs again.
    """

    _raised = Signal(str, str)  # message, details

    def __init__(self, window: QWidget, say: Callable[[str], None], log: Path) -> None:
        super().__init__()
        self._window, self._report, self._log_file = window, say, log
        self._log: Log | None = None
        self._times: Counter[object] = Counter()
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
        if self._log:
            self._log.close()

    def handle(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print, log and show the first exception from each line of code.

        For later exceptions from the same line, log only how many there were.
        """
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        forget_handled(error)
        last = traceback.extract_tb(trace, limit=-1)
        place = (kind, *((frame.filename, frame.lineno) for frame in last))
        message = "".join(traceback.format_exception_only(kind, error)).strip().replace("\n", " ")
        sentence = f"An error inside nnviz: {shortened(message, MOST_SENTENCE)}"
        if self._is_new(place, sentence):
            details = shortened("".join(traceback.format_exception(kind, error, trace)), MOST_DETAILS)
            self._print_and_log(details)
            self._raised.emit(sentence, details)

    def _catch_elsewhere(self, args: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        self.handle(args.exc_type, args.exc_value, args.exc_traceback)

    def _log_qt_message(self, _kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        if self._is_new(message, message):
            self._print_and_log(shortened(f"Qt: {message}\n", MOST_DETAILS))

    def _is_new(self, key: object, sentence: str) -> bool:
        if len(self._times) == MOST_KINDS and key not in self._times:
            return False
        self._times[key] += 1
        if self._times[key] in COUNTED:
            self._write(f"{sentence}: {self._times[key]:,} times so far")
        return self._times[key] == 1

    def _print_and_log(self, details: str) -> None:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # without a terminal
            sys.stderr.write(details)
        self._write(details)

    def _write(self, text: str) -> None:
        if self._log is None:
            from nnviz.ui.window.log import Log  # a slow import, which most starts do not need

            self._log = Log(self._log_file)
        self._log.write(text)

    # --- dialog

    def _show(self, sentence: str, details: str) -> None:
        from nnviz.ui.kit.dialogs import make_primary, message_box

        self._report(sentence)
        if self._open:
            return
        self._open = True
        box = message_box(
            self._window,
            sentence,
            "Your last action may have failed. The network is still open, and you can save it.\n\n"
            f"The details are also in {self._log_file}",
        )
        copy = box.addButton("Copy &details", QMessageBox.ButtonRole.ActionRole)
        box.setDefaultButton(make_primary(box.addButton(QMessageBox.StandardButton.Close)))
        box.exec()
        self._open = False
        if box.clickedButton() is copy:
            QGuiApplication.clipboard().setText(details)
            self._report("Copied the details of the error")
        box.deleteLater()
