"""pytest-qt's bot with deadlines for a busy machine; a test that passes never waits for them."""

import inspect

from PySide6.QtCore import QDeadlineTimer, QEventLoop, QTimer
from pytestqt.qtbot import QtBot

DEADLINE_MS = 120_000


class PatientBot(QtBot):
    def waitUntil(self, callback, *, timeout=DEADLINE_MS):  # noqa: N802
        """Wait until the callback returns True or None, asking every millisecond (pytest-qt: every ten)."""
        deadline, error, loop = QDeadlineTimer(timeout), None, QEventLoop()
        while True:
            try:
                result = callback()
                if result is None or result:
                    return
            except AssertionError as raised:
                error = raised
            if deadline.hasExpired():
                raise TimeoutError(f"{timeout / 1000} s were not enough for: {_words(callback)}") from error
            QTimer.singleShot(1, loop.quit)
            loop.exec()

    def waitSignal(self, signal, *, timeout=DEADLINE_MS, **words):  # noqa: N802
        return super().waitSignal(signal, timeout=timeout, **words)

    def waitExposed(self, widget, *, timeout=DEADLINE_MS):  # noqa: N802
        return super().waitExposed(widget, timeout=timeout)

    def waitActive(self, widget, *, timeout=DEADLINE_MS):  # noqa: N802
        return super().waitActive(widget, timeout=timeout)


def _words(callback):
    """Return a callback's source; one of Qt's, such as `button.isVisible`, has none."""
    try:
        return inspect.getsource(callback).strip()
    except TypeError:
        return repr(callback)
