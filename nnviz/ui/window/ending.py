"""Tells the window that the program has to end: Ctrl+C in its terminal, a shutdown, a lost terminal."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal

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
