"""What is dropped: files open wherever they are dropped, so only the window takes them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractScrollArea, QPlainTextEdit


def dropped_file(data: QMimeData) -> Path | None:
    """Return the first file of this machine that is dragged, or None."""
    local = (url.toLocalFile() for url in data.urls() if url.isLocalFile())
    return next((Path(file) for file in local if file), None)


def take_file(event: QDropEvent) -> Path | None:
    """Take the file that is dragged, or dropped, and return it: a copy, for its own place keeps it."""
    path = dropped_file(event.mimeData())
    if path and event.possibleActions() & Qt.DropAction.CopyAction:
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        return path
    return None


def leave_drops(area: QAbstractScrollArea) -> None:
    """Leave what is dropped on a scroll area to the window behind it."""
    area.setAcceptDrops(False)
    area.viewport().setAcceptDrops(False)


class TextField(QPlainTextEdit):
    """Takes text that is dropped or pasted; files, whose names are a text too, it leaves to the window."""

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: D102
        return not source.hasUrls() and super().canInsertFromMimeData(source)
