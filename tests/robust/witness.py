"""Who watches a window at work: what nobody caught, what Qt warns of, and silence, each with its place."""

import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QTimer, QtMsgType, qInstallMessageHandler

from tests.ui.sees import OF_THE_MACHINE

SILENT_S = 1.0
"""How long the window's thread may take to answer, while it has a processor to run on."""
BEAT_MS, LOOK_S = 20, 0.1


class Witness:
    """Notes what must not be in `faults`, as a context.

    It stands before those who listen in the program, who hear all the same: `listen` says when they come.
    """

    def __init__(self):
        self.faults = []
        self._main = threading.main_thread().ident
        self._timer = QTimer(interval=BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._hooks = sys.excepthook, sys.unraisablehook, threading.excepthook
        self._handler = qInstallMessageHandler(None)
        qInstallMessageHandler(self._handler)
        self.listen()
        self._beat()
        self._timer.start()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._timer.stop()
        self._thread.join()
        sys.excepthook, sys.unraisablehook, threading.excepthook = self._hooks
        qInstallMessageHandler(self._handler)

    def listen(self):
        """Stand before those who listen now."""
        caught, unraisable, in_thread = sys.excepthook, sys.unraisablehook, threading.excepthook
        heard = qInstallMessageHandler(None)

        def raised(error, tell, *told):
            self.faults.append("".join(traceback.format_exception(error)))
            tell(*told)

        def said(kind, where, text):
            if kind != QtMsgType.QtDebugMsg and not text.startswith(OF_THE_MACHINE):
                stack = "".join(traceback.format_stack(limit=8)[:-1])
                self.faults.append(f"Qt says: {text}\n{stack}")
                if heard:
                    heard(kind, where, text)

        sys.excepthook = lambda kind, error, trace: raised(error, caught, kind, error, trace)
        sys.unraisablehook = lambda told: raised(told.exc_value, unraisable, told)
        threading.excepthook = lambda told: raised(told.exc_value, in_thread, told)
        qInstallMessageHandler(said)

    def _beat(self):
        self._at = time.monotonic(), without_processor_s()

    def _look(self):
        while not self._over.wait(LOOK_S):
            at, without = self._at
            silent = time.monotonic() - at - (without_processor_s() - without)
            if silent > SILENT_S:
                stack = "".join(traceback.format_stack(sys._current_frames()[self._main]))
                self.faults.append(f"silent for {silent:.1f} s\n{stack}")
                self._beat()


def without_processor_s():
    """Return how long the main thread could have run so far, and others did; 0 where nobody counts it."""
    with suppress(OSError):
        return int(Path("/proc/self/schedstat").read_text().split()[1]) * 1e-9
    return 0.0


def logged(path):
    """Return what the program itself has told of faults, in its log."""
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    told = "".join(line for line in lines if not any(own in line for own in OF_THE_MACHINE))
    return [told] * bool(told.strip())
