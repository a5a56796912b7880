"""Reads a file for a window: with progress, and with the question what the file does not say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtWidgets import QWidget

from nnviz.core.names import file_named
from nnviz.files.errors import UnansweredError
from nnviz.files.progress import CancelledError, Progress
from nnviz.files.source import Activations
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.ask_activations import AskActivations
from nnviz.ui.window.settings import Settings

_T = TypeVar("_T")


def read_asking(
    window: QWidget,
    settings: Settings,
    path: Path,
    read: Callable[[Progress, Activations], _T],
    given: Activations = None,
    *,
    asks: bool = True,
) -> _T:
    """Return what `read` gives, with the activations that a person has `given` or is asked for.

    What was answered for that file before is not asked again, unless it has other layers by now. Raises
    FileError, and CancelledError where the person stops it.
    """
    if given:
        settings.answered(path, given)
    try:
        return _reading(window, path, read, given)
    except UnansweredError as error:
        if not asks:
            raise
        missing = error
    answer = settings.answer(path)
    if answer is None or len(answer) != len(missing.proposal):
        dialog = AskActivations(window, file_named(path), missing.sizes, missing.proposal)
        answer = dialog.answer if dialog.exec() else None
        dialog.deleteLater()
    if answer is None:
        raise CancelledError
    found = _reading(window, path, read, answer)
    settings.answered(path, answer)
    return found


def _reading(
    window: QWidget, path: Path, read: Callable[[Progress, Activations], _T], answer: Activations
) -> _T:
    with Waiting(window, f"Reading {file_named(path)}") as reading:
        return read(reading, answer)
