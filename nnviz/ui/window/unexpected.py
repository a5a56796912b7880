"""Errors that nobody expected: shown once, logged, and the work stays open to be saved.

Uses no part of the window's content, since that may have failed.
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

from PySide6.QtCore import (
    QMessageLogContext,
    QObject,
    Qt,
    QtMsgType,
    Signal,
    qInstallMessageHandler,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.core.numbers import shortened
from nnviz.ui.kit.dialogs import message_box, primary

if TYPE_CHECKING:
    from nnviz.ui.window.log import Log


Result = TypeVar("Result")


class _HandledError(Exception):
    """What is being handled all the time."""


def with_whole_exceptions(run: Callable[[], Result]) -> Result:
    """Call `run`, with every exception in it whole from the start.

    Python before 3.12 leaves one that C code raises half made until somebody looks at it, and PySide (6.8 to
    6.11) ends the process at a half made one that comes out of a method that Qt has called within a call from
    Python. While an exception is handled Python makes every further one whole, as later versions always do;
    there, this does nothing. It has its price: a bare `raise`, or `sys.exc_info()`, where a slot handles
    nothing meets the exception that is always handled.
    """
    if sys.version_info >= (3, 12):
        return run()
    try:
        raise _HandledError
    except _HandledError:
        return run()


def forget_handled(error: BaseException | None) -> None:
    """Take the one that is always handled from what an exception says to have come while."""
    while error is not None:
        if isinstance(error.__context__, _HandledError):
            error.__context__ = None
        error = error.__context__


LOG_NAME = "nnviz.log"
"""What the log is called in this person's data folder."""
MOST_SENTENCE, MOST_DETAILS = 200, 20_000
"""Letters of what is shown, and of what is copied and logged, of one exception."""
MOST_KINDS = 1000
"""How many different ones are told apart; others are left out."""
COUNTED = frozenset(10**k for k in range(1, 10))
"""How often the same has happened when the log says so."""


class Unexpected(QObject):
    """Tells in one sentence and a box, once for each place that raises; `say` tells the status line.

    `watch` begins with it and `rest` ends it. An exception may come from any thread, and from the middle of
    painting: the box waits for the event loop.
    """

    _came = Signal(str, str)  # the sentence, the details

    def __init__(self, window: QWidget, say: Callable[[str], None], log: Path) -> None:
        super().__init__()
        self._window, self._say, self._log_file = window, say, log
        self._log: Log | None = None
        self._times: Counter[object] = Counter()
        self._open = False
        self._came.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def watch(self) -> None:
        """Take uncaught exceptions of all kinds, and Qt's messages, from now on."""
        self._before = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self.caught
        threading.excepthook = sys.unraisablehook = self._caught_elsewhere
        self._heard_before: Any = qInstallMessageHandler(self._heard)

    def rest(self) -> None:
        """Leave them to whom they were left before."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(self._heard_before)
        if self._log:
            self._log.close()

    def caught(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Print, log and tell the first exception of each place; of others only the number is logged."""
        if not issubclass(kind, Exception):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        forget_handled(error)
        last = traceback.extract_tb(trace, limit=-1)
        place = (kind, *((frame.filename, frame.lineno) for frame in last))
        said = "".join(traceback.format_exception_only(kind, error)).strip().replace("\n", " ")
        sentence = f"An error inside nnviz: {shortened(said, MOST_SENTENCE)}"
        if self._is_new(place, sentence):
            details = shortened("".join(traceback.format_exception(kind, error, trace)), MOST_DETAILS)
            self._keep(details)
            self._came.emit(sentence, details)

    def _caught_elsewhere(self, args: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        self.caught(args.exc_type, args.exc_value, args.exc_traceback)

    def _heard(self, _kind: QtMsgType, _where: QMessageLogContext, message: str) -> None:
        if self._is_new(message, message):
            self._keep(shortened(f"Qt: {message}\n", MOST_DETAILS))

    def _is_new(self, what: object, sentence: str) -> bool:
        if len(self._times) == MOST_KINDS and what not in self._times:
            return False
        self._times[what] += 1
        if self._times[what] in COUNTED:
            self._write(f"{sentence}: {self._times[what]:,} times by now")
        return self._times[what] == 1

    def _keep(self, details: str) -> None:
        with contextlib.suppress(AttributeError, OSError, ValueError):  # there may be no terminal
            sys.stderr.write(details)
        self._write(details)

    def _write(self, text: str) -> None:
        if self._log is None:
            from nnviz.ui.window.log import Log  # takes time that a start without faults does not need

            self._log = Log(self._log_file)
        self._log.write(text)

    # --- what is seen

    def _tell(self, sentence: str, details: str) -> None:
        self._say(sentence)
        if self._open:
            return
        self._open = True
        box = message_box(
            self._window,
            sentence,
            "What you did last may not have happened. The network is open as before and can be saved.\n\n"
            f"The details are also in {self._log_file}",
        )
        copy = box.addButton("Copy &details", QMessageBox.ButtonRole.ActionRole)
        box.setDefaultButton(primary(box.addButton(QMessageBox.StandardButton.Close)))
        box.exec()
        self._open = False
        if box.clickedButton() is copy:
            QGuiApplication.clipboard().setText(details)
            self._say("Copied the details of the error")
        box.deleteLater()
