"""The log: a file of bounded size for faults and for Qt's own messages. Knows nothing of windows."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LOG_BYTES = 256 * 1024
"""When the log is as large as this, it becomes the older one, in the place of that before it."""


class Log(RotatingFileHandler):
    """Keeps what is written to it with its time, for its person alone; where it cannot, nothing happens."""

    def __init__(self, path: Path, most_bytes: int = LOG_BYTES) -> None:
        super().__init__(
            path, maxBytes=most_bytes, backupCount=1, encoding="utf-8", errors="backslashreplace", delay=True
        )
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def write(self, text: str) -> None:
        """Write an entry."""
        self.handle(logging.makeLogRecord({"msg": text}))

    def _open(self) -> Any:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "a", encoding=self.encoding, errors=self.errors, opener=_for_its_person)

    def handleError(self, record: logging.LogRecord) -> None:
        """Do without the entry: there is nothing that it could be told to."""


def _for_its_person(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)  # a pipe that nobody reads would wait
