"""What a save would lose, of what is open and of the file that is there, in words. Knows no widgets."""

from __future__ import annotations

from pathlib import Path

from nnviz.core.names import file_named
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.on_disk import KEPT
from nnviz.files.registry import is_native, left_out, replaced


def lost_by_saving(document: Document, path: Path) -> str:
    """Return what a save at `path` would lose, or "". Raises FileError for an unknown suffix.

    What nnviz's own file leaves out and left out before, when it was saved there last, is not told again.
    """
    lost = left_out(document.state, path)
    if path == document.path and document.saved and is_native(path):
        lost = lost if lost != left_out(document.saved, path) else ""
    return ". ".join(filter(None, (lost, _replaced(path))))


def _replaced(path: Path) -> str:
    try:
        lost = replaced(path)
    except FileError:
        return ""  # there is none, or the save says what is wrong with it
    return f"{lost}; the version before stays as {file_named(path)}{KEPT}" if lost else ""
