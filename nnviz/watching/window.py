"""The way from a training to its window: a process, and a pipe that the script never waits for. No Qt.

The script writes a frame itself where the pipe has room, which costs it less than to wake a thread. Where it
has none, a thread waits for the window, and of the frames that come meanwhile the newest goes on.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable

from nnviz._show import window_process
from nnviz._streams import TRAINING
from nnviz.core.state import State
from nnviz.files import frames
from nnviz.files.frames import Frame

if sys.platform != "win32":
    import fcntl

PATIENCE_S = 5.0
"""So long the script's end waits for a window that takes nothing, from when it took nothing any more."""
PIPE_BYTES = 2**20
"""What a pipe is made to hold where it can be asked to."""
LEFT = "the window that watched has ended; the training goes on without it"


class Link(frames.Mailbox):
    """Starts a window on `state` and hands on what is put in, as fast as the window takes it.

    Where the window is gone, or in a child that was forked, it has ended. `finish` is called before the
    script's own end: it puts in what is still missing.
    """

    def __init__(self, state: State, finish: weakref.WeakMethod[Callable[[], None]]) -> None:
        super().__init__()
        self._finish = finish
        self._process = window_process(TRAINING)
        assert self._process.stdin is not None
        self._pipe = self._process.stdin.fileno()
        self._waits = _waits(self._pipe)
        self._thread_writes = True  # else the script may
        self._rest: memoryview = memoryview(b"")  # of a frame that the script has begun
        self._writing_since: float | None = None
        self._handed_over = threading.Event()
        threading.Thread(target=self._run, args=(state,), name="nnviz watch", daemon=True).start()
        _links.append(self)

    def put(self, frame: Frame) -> None:
        """Hand a frame over, or have it wait for the window in the place of the one before."""
        super().put(frame)
        with self._changed:
            if self._thread_writes or self.ending is not None:
                return
            if not self._waits and not _ends_scripts() and (newest := self.take()):
                self._rest = memoryview(frames.gone_on(newest))
                with contextlib.suppress(OSError):  # it is full, or gone, which the thread finds out
                    self._rest = self._rest[os.write(self._pipe, self._rest) :]
            if self._frame is not None or self._rest:
                self._thread_writes = True
                self._changed.notify_all()

    def _run(self, state: State) -> None:
        if hasattr(signal, "pthread_sigmask"):  # of a script that would end where a pipe is closed
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGPIPE})
        gone = False
        try:
            self._hand_over(state)
        except OSError:
            gone = True
            self.end(LEFT)
        self._handed_over.set()
        if self._process.wait() and gone:  # who closes it knows
            print(f"nnviz: {LEFT}\n", end="", file=sys.stderr)  # in one piece, for the script may end now

    def _hand_over(self, state: State) -> None:
        assert self._process.stdin is not None
        with self._process.stdin:
            for part in frames.begun(state):
                self._write(part)
            while self._has_work():
                self._write(self._rest)
                self._rest = memoryview(b"")
                if frame := self.take():
                    self._write(frames.gone_on(frame))
            self._write(frames.ended(self.ending or ""))

    def _has_work(self) -> bool:
        """Leave the writing to the script until there is something to wait for; False at the end."""
        with self._changed:
            if self._frame is None and self.ending is None:
                self._thread_writes = False
                self._changed.wait_for(lambda: self._thread_writes or self.ending is not None)
            self._thread_writes = True
            return self._frame is not None or len(self._rest) > 0

    def _write(self, data: bytes | memoryview) -> None:
        """Write all of it, and wait where the pipe is full."""
        rest = memoryview(data)
        while rest:
            self._writing_since = time.monotonic()
            if not self._waits:
                room = select.poll()
                room.register(self._pipe, select.POLLOUT)
                room.poll()
            with contextlib.suppress(BlockingIOError):
                rest = rest[os.write(self._pipe, rest) :]
        self._writing_since = None

    def leave(self) -> None:
        """Hand over what is left before the script's process ends, but wait for no window that hangs."""
        if finish := self._finish():
            finish()
        self.end("")
        while not (self._handed_over.wait(0.02) or self._hangs()):
            pass

    def _hangs(self) -> bool:
        since = self._writing_since
        return since is not None and time.monotonic() - since > PATIENCE_S

    def forget(self) -> None:
        """Be no link any more, in a child that was forked: the pipe is its parent's."""
        self._changed = threading.Condition()  # the parent's may be held
        self.end(LEFT)
        self._handed_over.set()
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._pipe, inheritable=False)
            os.close(nowhere)


def _waits(pipe: int) -> bool:
    """Have writing to a pipe return where it is full; tell whether it waits all the same, as on Windows."""
    if sys.platform == "win32":
        return True
    os.set_blocking(pipe, False)
    with contextlib.suppress(OSError, AttributeError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return False


def _ends_scripts() -> bool:
    """Tell whether the script would end where it writes to a pipe that is closed."""
    return signal.getsignal(signal.SIGPIPE) == signal.SIG_DFL


_links: list[Link] = []
"""All that there were, which hold next to nothing once they have ended."""


def _leave_all() -> None:
    for link in _links:
        link.leave()


def _forget_all() -> None:
    for link in _links:
        link.forget()


atexit.register(_leave_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
