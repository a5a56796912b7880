"""The log: a file of limited size for errors and for Qt's messages. This module imports no Qt."""

from __future__ import annotations

import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

LOG_BYTES = 256 * 1024
"""Largest size of the log in bytes. A full log becomes the backup, and replaces the former backup."""


class Log(RotatingFileHandler):
    """A log file, readable only by its owner, with the time of each entry. Write errors are ignored."""

    def __init__(self, path: Path, most_bytes: int = LOG_BYTES) -> None:
        super().__init__(
            path, maxBytes=most_bytes, backupCount=1, encoding="utf-8", errors="backslashreplace", delay=True
        )
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def write(self, text: str) -> None:
        """Append an entry with the current time to the log."""
        self.handle(logging.makeLogRecord({"msg": text}))

    def _open(self) -> Any:
        path = Path(self.baseFilename)
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "a", encoding=self.encoding, errors=self.errors, opener=_open_private)

    def handleError(self, record: logging.LogRecord) -> None:
        """Drop the entry: an error while writing the log cannot be reported anywhere."""


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o600)  # a pipe without a reader would block
