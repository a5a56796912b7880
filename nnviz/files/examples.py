"""The examples that ship with nnviz, in order: their files, names and titles."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from nnviz.files.errors import FileError
from nnviz.system import resources


@dataclass(frozen=True)
class Example:
    """An example: its `name` on the command line, `title`, one-line description (`line`), and file `path`.

    `group` is the title of its submenu in the menu Examples.
    """

    name: str
    title: str
    line: str
    path: Path
    group: str


GROUPS = {"Course": 1, "Networks to train": 12, "Larger networks": 18}
"""The groups of examples in order: the number with which the file name of the first example begins."""


@cache
def examples() -> tuple[Example, ...]:
    """Return all examples in order: `03-many-rows.json` is the third, with the name `many-rows`."""
    return tuple(_example(path) for path in paths())


@cache
def paths() -> tuple[Path, ...]:
    """Return the files of all examples in order, without reading them."""
    return tuple(sorted((resources() / "examples").glob("*.json")))


def _example(path: Path) -> Example:
    raw = json.loads(path.read_text(encoding="utf-8"))
    number, _, name = path.stem.partition("-")
    group = [title for title, first in GROUPS.items() if first <= int(number)][-1]
    return Example(name, raw["name"], raw["notes"].partition("\n")[0], path, group)


def example(name: str) -> Example | None:
    """Return the example with this name, or None."""
    return next((each for each in examples() if each.name == name), None)


def file_of(file: str) -> Path:
    """Return the path that `file` stands for: a file, or the example with this name. Raises FileError."""
    path = Path(file)
    if os.path.isfile(path):  # does not raise if the folder is unreadable
        return path
    if match := example(file):
        return match.path
    if path.suffix or path.name != file or os.path.exists(path):
        return path  # reading the file raises a FileError
    raise FileError(f"there is no file and no example called {file}; `nnviz examples` lists the examples")
