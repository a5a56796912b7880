"""The question where to save, and in which of several kinds of file."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtWidgets import QWidget

from nnviz.ui.widgets.file_dialog import FileDialog


def ask_where(
    window: QWidget, title: str, suggestion: Path, kinds: Mapping[str, Sequence[str]]
) -> Path | None:
    """Return the path that is chosen, or None. `kinds`: what a file may be called → its suffixes.

    The kind of the suggestion is chosen at first. A name without a suffix gets that of the chosen kind before
    the dialog asks whether a file that is there may be replaced.
    """
    suffixes = {filter_of(kind, ends): ends[0] for kind, ends in kinds.items()}
    dialog = FileDialog(window, title, str(suggestion.parent), ";;".join(suffixes))
    dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffixes[chosen]))
    own = [filter_of(kind, ends) for kind, ends in kinds.items() if suggestion.suffix.lower() in ends]
    dialog.selectNameFilter((own or list(suffixes))[0])
    dialog.setDefaultSuffix(suffixes[dialog.selectedNameFilter()])
    dialog.selectFile(suggestion.name)
    return dialog.ask()


def filter_of(what: str, ends: Sequence[str]) -> str:
    """Return how a file dialog is told to show files of these suffixes alone."""
    return f"{what} ({' '.join(f'*{end}' for end in ends)})"


def file_name(title: str) -> str:
    """Return a title as the name of a file: "bank-transactions"."""
    words = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return "-".join(words).lower()


def unused(path: Path) -> Path:
    """Return a path, or where it is taken the next one with a number behind its name, of no file yet."""
    numbers = itertools.count(2)
    free = path
    while os.path.lexists(free):
        free = path.with_stem(f"{path.stem}-{next(numbers)}")
    return free
