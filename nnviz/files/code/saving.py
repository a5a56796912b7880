"""A program as a file, with the file of numbers beside it where there is one. Knows no style."""

from __future__ import annotations

import zipfile
from pathlib import Path

from nnviz.files import atomic
from nnviz.files.code.program import MARK, Program
from nnviz.files.errors import FileError


def beside(path: Path) -> Path:
    """Return where the program at `path` looks for its numbers."""
    return path.with_suffix(".npz")


def save(program: Program, path: Path) -> str:
    """Write a program, its numbers first: each the whole new file, or the old one stays.

    Returns what else has changed, such as the file's owner, or "". Raises FileError, also where the file of
    the numbers' name is one that no program has written.
    """
    if program.beside:
        _check_own(beside(path), path)
        atomic.check(path)
        atomic.write(beside(path), program.npz)
    return atomic.write(path, program.text.encode())


def _check_own(numbers: Path, path: Path) -> None:
    """Raise FileError where `numbers`, a name that nobody has typed, is a file of somebody else."""
    if not numbers.exists():
        return
    try:
        with zipfile.ZipFile(numbers) as archive:
            own = archive.comment == MARK
    except (OSError, zipfile.BadZipFile):
        own = False
    if not own:
        raise FileError(
            f"{path} was not saved: its numbers would take the place of {numbers.name}, which is another "
            "file; choose another name"
        )
