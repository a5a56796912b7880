"""Asks where a program is to be saved, and saves it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from nnviz.core.names import file_named
from nnviz.files.code.program import Program
from nnviz.files.code.saving import beside, save
from nnviz.files.errors import FileError
from nnviz.ui.widgets.ask_where import ask_where
from nnviz.ui.widgets.dialogs import tell

KINDS = {"Python program": (".py",)}


def ask_save(window: QWidget, program: Program, suggestion: Path) -> str:
    """Ask where to save a program, and save it; return what became of that, or "" where it is cancelled."""
    path = ask_where(window, "Save the program", suggestion, KINDS)
    if path is None:
        return ""
    try:
        if path.suffix != ".py":  # as numbers beside it would be called, it would be one file
            raise FileError(f"{file_named(path)} was not saved: the name of a program ends in .py")
        more = save(program, path)
    except FileError as error:
        tell(window, str(error))
        return str(error)
    written = [path, beside(path)] if program.beside else [path]
    return "; ".join(filter(None, (f"Saved {' and '.join(map(file_named, written))}", more)))
