"""A stand-in for the window that watches a training, read by the test."""

import os
import threading

from nnviz.files import frames


class Window:
    """Stands in for the window's process: a pipe that the test reads."""

    def __init__(self):
        reads, writes = os.pipe()
        self.stdin, self._stream = os.fdopen(writes, "wb"), os.fdopen(reads, "rb")
        self._ended = threading.Event()

    def wait(self):
        self._ended.wait(60)
        return 0

    def read(self):
        """Return the State at the start, every frame, and how it ended, once it has ended."""
        state, got = frames.read_start(self._stream), []
        while isinstance(message := frames.read_on(self._stream, state.network.parameters), frames.Frame):
            got.append(message)
        self.close()
        return state, got, message

    def close(self):
        self._ended.set()
        self._stream.close()
