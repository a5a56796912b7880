"""How far a long reading has come, and that a person has stopped it. Knows nothing of formats and windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from nnviz.files.errors import FileError

Progress: TypeAlias = Callable[[float], None]
"""Told, now and then, which part is read, from 0 to 1; what it raises ends the reading."""

STEP = 2**18
"""Letters between two such words: some milliseconds of reading."""


class CancelledError(FileError):
    """A person has stopped the reading."""

    def __init__(self) -> None:
        super().__init__("you have stopped it")
